"""One search on one connection: near you, wider, closer, by phone or online, and what to lift."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection, select

from directory import geo, index, nearby
from directory.geocoding import Gazetteer
from directory.matches import Lift, Match, Relaxation, Results, matched
from directory.models import AreaToken, PlaceToken, Resource, TokenCount
from directory.needs import Vocabulary
from directory.query import Cursor, Query
from directory.records import Kind, OpenState, Place, Point

ENOUGH = 5
CLOSER_KM = 16.0
WIDER_SHOWN = 10
REMOTE_READ = 1000
SCAN = 200
COUNTRYWIDE = frozenset({"country", "region"})


@dataclass(slots=True)
class Answer:
    """One search on one connection."""

    connection: Connection
    vocabulary: Vocabulary
    gazetteer: Gazetteer
    results: Results
    query: Query
    relaxed: list[Relaxation] = field(default_factory=list)

    def complete(self) -> Results:
        """Fill the nearby and remote groups."""
        if self.query.words and not self.has_words():
            note = f"nothing here has the words '{self.query.words}': shown without them"
            self.relaxed.append(Relaxation("words", self.query.words, note))
            self.query = replace(self.query, words="")
        place = self.results.place
        posted = self._posted()
        matches: list[Match] = []
        closer: Match | None = None
        following: Cursor | None = None
        if place is not None and place.point is not None and place.precision not in COUNTRYWIDE:
            finder = nearby.Nearby(self.connection, self.vocabulary, place.point, self._wishes(place.country), posted)
            matches, following = self._near(finder, place)
            closer = self._closer(finder, matches)
        elif place is not None and place.point is not None:
            matches = self._across(place, posted)
        remote = () if self.query.after else tuple(self._remote(place, matches))
        lifts: tuple[Lift, ...] = ()
        if not self.query.after and not matches:
            lifts = tuple(self._lifts(place, posted))
        return replace(
            self.results, query=self.query, nearby=tuple(matches), remote=remote, closer=closer, relaxed=tuple(self.relaxed),
            lifts=lifts, next_page=following,
        )  # fmt: skip

    def has_words(self) -> bool:
        """Return whether any resource has the words that are left of ``q``."""
        condition = nearby.has_words(self.query.words, self.connection.dialect.name)
        return self.connection.execute(select(Resource.id).where(condition).limit(1)).first() is not None

    def _posted(self) -> dict[int, int]:
        return dict(self.connection.execute(select(TokenCount.token, TokenCount.resources)).all())

    def _wishes(self, country: str | None) -> nearby.Wishes:
        return nearby.wishes(self.query, self.vocabulary, country, self.connection.dialect.name)

    def _near(self, finder: nearby.Nearby, place: Place) -> tuple[list[Match], Cursor | None]:
        """Collect one page within the radius, and on the first page, when few reach all needs, wider ones that do."""
        query, limit = self.query, self.query.limit
        full: list[Match] = []
        partial: list[Match] = []
        wider: list[Match] = []
        for tier, conditions in nearby.tiers(finder.wish, PlaceToken, self.vocabulary):
            if query.after is not None and tier < query.after.tier:
                continue
            if tier > 3 and not wider and query.after is None and len(full) < ENOUGH:
                wider = self._wider(finder, place, min(WIDER_SHOWN, limit - len(full)))
            group = partial if tier > 3 else full
            wanted = limit - len(full) - len(partial) - len(wider) + 1
            if wanted > 0:
                after = query.after if query.after is not None and query.after.tier == tier else None
                group.extend(self._tier(finder, tier, conditions, query.radius_km, wanted, after=after))
        if query.after is None and len(full) < ENOUGH and not wider:
            wider = self._wider(finder, place, min(WIDER_SHOWN, limit - len(full)))
        within = [*full, *partial]
        shown = within[: limit - len(wider)]
        if shown and len(within) > len(shown):
            last = shown[-1]
            return [*shown, *wider], Cursor(last.tier, last.chord_squared, int(last.resource["id"]))
        return [*shown, *wider], None

    def _wider(self, finder: nearby.Nearby, place: Place, limit: int) -> list[Match]:
        """Find what reaches all needs beyond the radius: 80 km, 160 km, the region, the country, until there is enough."""
        if limit <= 0 or not self._any_beyond(finder):
            return []
        found: list[Match] = []
        inner = self.query.radius_km
        rings: list[tuple[str, float, Sequence[nearby.Condition]]] = [
            (f"{radius:g}", radius, ()) for radius in nearby.WIDER_KM if radius > inner
        ]
        if place.region:
            rings.append(("region", nearby.EVERYWHERE_KM, (Resource.region == place.region,)))
        rings.append(("country", nearby.EVERYWHERE_KM, ()))
        for name, radius, extra in rings:
            known = {match.resource["id"] for match in found}
            for tier, conditions in nearby.tiers(finder.wish, PlaceToken, self.vocabulary):
                if tier > 3 or len(found) >= limit:
                    break
                rows = self._tier(
                    finder,
                    tier,
                    conditions,
                    radius,
                    limit - len(found) + len(known),
                    beyond_km=inner,
                    extra=extra,
                    relaxed=name,
                )
                found.extend(row for row in rows if row.resource["id"] not in known)
            found = found[:limit]
            if radius < nearby.EVERYWHERE_KM:
                inner = radius
            if any(match.relaxed == name for match in found):
                self.relaxed.append(self._widened(name, place))
            if len(found) >= min(ENOUGH, limit):
                break
        return found

    def _any_beyond(self, finder: nearby.Nearby) -> bool:
        """Return whether anything beyond the radius reaches all needs: most countries hold nothing yet."""
        for tier, conditions in nearby.tiers(finder.wish, PlaceToken, self.vocabulary):
            if tier <= 3 and finder.tier(conditions, nearby.EVERYWHERE_KM, 1, beyond_km=self.query.radius_km):
                return True
        return False

    def _widened(self, name: str, place: Place) -> Relaxation:
        gazetteer, country = self.gazetteer, place.country
        if name == "region":
            where = f"elsewhere in {gazetteer.region_name(country, place.region or '')}"
        elif name == "country":
            where = f"elsewhere in {gazetteer.country_name(country)}"
        else:
            where = f"up to {geo.distance_words(float(name), country, approximate=True).removeprefix('about ')} away"
        asked = geo.distance_words(self.query.radius_km, country, approximate=True).removeprefix("about ")
        return Relaxation("radius_km", name, f"few answers within {asked}: also shown, {where}")

    def _tier(
        self, finder: nearby.Nearby, tier: int, conditions: Sequence[tuple[int, nearby.Condition]], radius_km: float, limit: int,
        *, after: Cursor | None = None, beyond_km: float | None = None, extra: Sequence[nearby.Condition] = (),
        relaxed: str | None = None,
    ) -> list[Match]:  # fmt: skip
        """Return at most ``limit`` matches of a tier; with open-now asked, read on until so many are open."""
        found: list[Match] = []
        key = (after.chord_squared, after.resource_id) if after else None
        batch = limit if not self.query.open_now else SCAN
        read = 0
        while len(found) < limit and read < 1000:
            rows = finder.tier(conditions, radius_km, batch, beyond_km=beyond_km, after=key, extra=extra)
            read += len(rows)
            for row in rows:
                kilometres = geo.arc_km(row["chord_squared"], finder.point.latitude)
                if kilometres > 1000:
                    kilometres = geo.distance_km(finder.point, Point(row["latitude"], row["longitude"]))
                answer = matched(
                    self.vocabulary,
                    row,
                    self.query,
                    tier=tier,
                    chord_squared=row["chord_squared"],
                    distance_km=kilometres,
                    relaxed=relaxed,
                )
                if not self.query.open_now or answer.open.state is OpenState.OPEN:
                    found.append(answer)
            if len(rows) < batch:
                break
            key = (rows[-1]["chord_squared"], rows[-1]["id"])
        return found[:limit]

    def _closer(self, finder: nearby.Nearby, matches: Sequence[Match]) -> Match | None:
        """Return the nearest of a lower tier when it is more than 16 km closer than the first match."""
        if not matches or self.query.after is not None or matches[0].distance_km is None:
            return None
        first = matches[0]
        radius = (first.distance_km or 0) - CLOSER_KM
        best: Match | None = None
        for tier, conditions in nearby.tiers(finder.wish, PlaceToken, self.vocabulary):
            if tier <= first.tier or radius <= 0:
                continue
            for match in self._tier(finder, tier, conditions, radius, 1):
                if best is None or (match.chord_squared, match.resource["id"]) < (
                    best.chord_squared,
                    best.resource["id"],
                ):
                    best = match
        return best

    def _across(self, place: Place, posted: dict[int, int]) -> list[Match]:
        """Collect what a whole region or country has, by tier, when no nearer place was named."""
        point = place.point or Point(0, 0)
        finder = nearby.Nearby(self.connection, self.vocabulary, point, self._wishes(place.country), posted)
        extra = (Resource.region == place.region,) if place.precision == "region" else ()
        found: list[Match] = []
        for tier, conditions in nearby.tiers(finder.wish, PlaceToken, self.vocabulary):
            if len(found) < self.query.limit:
                rows = self._tier(
                    finder, tier, conditions, nearby.EVERYWHERE_KM, self.query.limit - len(found), extra=extra
                )
                found.extend(replace(row, distance_km=None) for row in rows)
        return found

    def _remote(self, place: Place | None, near: Sequence[Match]) -> list[Match]:
        """Collect help with no door: by tier, what is open now first, then the nearest area, then by rank and id."""
        shown = {match.resource["id"] for match in near}
        wish = self._wishes(None)
        found: list[Match] = []
        for tier, conditions in nearby.tiers(wish, AreaToken, self.vocabulary):
            group: list[tuple[int, Match]] = []
            for _, condition in conditions:
                statement = (
                    select(AreaToken.rank, *Resource.__table__.columns)
                    .join(Resource, Resource.id == AreaToken.resource_id)
                    .where(
                        AreaToken.token == index.ANY,
                        AreaToken.area.in_(areas(self.results.country, place)),
                        condition,
                        *nearby.facet_conditions(wish, AreaToken),
                        *wish.conditions,
                    )
                    .order_by(AreaToken.rank, Resource.id)
                    .limit(REMOTE_READ)
                )
                for row in map(dict, self.connection.execute(statement).mappings()):
                    if row["id"] in shown or talks_now(row) or self._has_door_here(row, place):
                        continue
                    shown.add(row["id"])
                    answer = matched(self.vocabulary, row, self.query, tier=tier)
                    if not self.query.open_now or answer.open.state is OpenState.OPEN:
                        group.append((row["rank"], answer))
            group.sort(key=lambda item: (item[1].open.state is not OpenState.OPEN, item[0], item[1].resource["id"]))
            found.extend(match for _, match in group)
            if len(found) >= self.query.limit:
                break
        return found[: self.query.limit]

    def _has_door_here(self, row: Mapping[str, Any], place: Place | None) -> bool:
        if place is None or place.point is None or row["latitude"] is None or row["country"] != place.country:
            return False
        return geo.distance_km(place.point, Point(row["latitude"], row["longitude"])) <= self.query.radius_km

    def _lifts(self, place: Place | None, posted: dict[int, int]) -> list[Lift]:
        """Name each hard wish without which there would be places to show."""
        point = place.point if place is not None else None
        if place is None or point is None:
            return []
        wanted: list[tuple[str, tuple[str, ...], Callable[[Query], Query]]] = [
            (facet, keys, lambda q, f=facet: replace(q, facets={k: v for k, v in q.facets.items() if k != f}))  # type: ignore[misc]
            for facet, keys in self.query.facets.items()
        ]
        if self.query.age is not None:
            wanted.append(("age", (str(self.query.age),), lambda q: replace(q, age=None)))
        if self.query.open_now:
            wanted.append(("open_now", ("yes",), lambda q: replace(q, open_now=False)))
        found = []
        for parameter, values, without in wanted:
            trial = Answer(self.connection, self.vocabulary, self.gazetteer, self.results, without(self.query))
            finder = nearby.Nearby(self.connection, self.vocabulary, point, trial._wishes(place.country), posted)
            count = 0
            for tier, conditions in nearby.tiers(finder.wish, PlaceToken, self.vocabulary):
                if tier <= 3:
                    count += len(
                        trial._tier(finder, tier, conditions, max(self.query.radius_km, nearby.WIDER_KM[-1]), 100)
                    )
            if count:
                kept = f"{count} places" if count < 100 else "many places"
                found.append(
                    Lift(parameter, values, count, f"without {parameter} = {', '.join(values)} there are {kept}")
                )
        return found


def areas(country: str, place: Place | None) -> list[str]:
    """Return the areas that serve somebody at a place: the region, the country, the world."""
    found = [f"{country}-{place.region}"] if place is not None and place.region else []
    return [*found, country, index.WORLD]


def talks_now(row: Any) -> bool:
    """Return whether a resource is a line to talk to somebody on now, not one that only informs and refers."""
    return row["kind"] == str(Kind.CRISIS_LINE) and (
        "information_and_referral" not in row["approaches"] or "crisis_counselling" in row["approaches"]
    )
