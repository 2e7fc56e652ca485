"""One search on one connection: near you, wider, closer, by phone or online, and what to lift."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection, or_, select

from directory import geo, index, nearby
from directory.geocoding import Gazetteer
from directory.matches import Lift, Match, Relaxation, Results, matched
from directory.models import AreaToken, PlaceToken, Resource, TokenCount
from directory.needs import Vocabulary
from directory.query import Cursor, Key, Query
from directory.records import Kind, OpenState, Place, Point
from directory.wording import _, language

ENOUGH = 5
CLOSER_KM = 16.0
WIDER_SHOWN = 10
REMOTE_READ = 1000
SCAN = 200
LIFTED_MOST = 100
ALL_WISHES = "all"
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
            note = _("nothing here has the words “{words}”: shown without them", words=self.query.words)
            self.relaxed.append(Relaxation("words", self.query.words, note))
            self.query = replace(self.query, words="")
        place = self.results.place
        if self.results.place_not_found:
            note = _("we could not find a place called “{place}”: shown without a place", place=self.query.near)
            self.relaxed.append(Relaxation("near", self.query.near, note))
        posted = self._posted()
        matches, following, closer = self._nearby(place, posted)
        remote = () if self.query.after else tuple(self._remote(place, matches))
        lifts: tuple[Lift, ...] = ()
        if not self.query.after and not matches:
            lifts = tuple(self._lifts(place, posted))
        return replace(
            self.results, query=self.query, nearby=tuple(matches), remote=remote, closer=closer, relaxed=tuple(self.relaxed),
            lifts=lifts, next_page=following,
        )  # fmt: skip

    def _nearby(self, place: Place | None, posted: dict[int, int]) -> tuple[list[Match], Cursor | None, Match | None]:
        """Return one page of places, where the next begins, and what is closer but covers less."""
        if place is None or place.point is None:
            return [], None, None
        if place.precision in COUNTRYWIDE:
            return (*self._across(place, posted), None)
        finder = nearby.Nearby(self.connection, self.vocabulary, place.point, self._wishes(place.country), posted)
        matches, following = self._near(finder, place)
        return matches, following, self._closer(finder, matches)

    def has_words(self) -> bool:
        """Return whether any resource has the words that are left of ``q``."""
        condition = nearby.has_words(self.query.words, self.connection.dialect.name)
        return self.connection.execute(select(Resource.id).where(condition).limit(1)).first() is not None

    def _posted(self) -> dict[int, int]:
        return dict(self.connection.execute(select(TokenCount.token, TokenCount.resources)).all())

    def _wishes(self, country: str | None) -> nearby.Wishes:
        return nearby.wishes(self.query, self.vocabulary, country, self.connection.dialect.name)

    def _near(self, finder: nearby.Nearby, place: Place) -> tuple[list[Match], Cursor | None]:
        """Collect one page: what lies within the radius and, when few of that reach all needs, wider answers that do.

        The first page keeps up to half of its room for wider answers, so that nothing that is near pushes them out of
        sight, nor they what is near; on later pages they follow when all that is near was shown.
        """
        limit, after = self.query.limit, self.query.after
        within: list[Match] = []
        most = max(limit + 1, ENOUGH)  # enough to tell whether there is more, and whether few reach all needs
        if after is None or after.within is not None:
            start = after.within if after is not None else None
            for tier, conditions in nearby.tiers(finder.wish, PlaceToken, self.vocabulary):
                if (start is None or tier >= start.tier) and len(within) < most:
                    key = start if start is not None and start.tier == tier else None
                    wanted = most - len(within)
                    within.extend(self._tier(finder, tier, conditions, self.query.radius_km, wanted, after=key))
        few = after.few if after is not None else sum(match.tier <= 3 for match in within) < ENOUGH
        last = after.wider if after is not None else None
        wider: list[Match] = []
        shown = within[:limit]
        if few and after is None:
            wider = self._wider(finder, place, min(WIDER_SHOWN, limit), enough=ENOUGH)
            shown = within[: max(limit - len(wider), limit - limit // 2)]
        elif few and len(within) <= limit:
            wider = self._wider(finder, place, limit - len(shown), after=last)
        wider = wider[: limit - len(shown)]
        rings = _rings(self.query.radius_km, place)
        for name in dict.fromkeys(match.relaxed for match in wider if match.relaxed):
            self.relaxed.append(self._widened(name, place))
        if wider:
            last = _key(wider[-1], rings)
        if len(within) > len(shown):
            return [*shown, *wider], Cursor(_key(shown[-1], rings), last, few)
        if few and self._wider(finder, place, 1, after=last):
            return [*shown, *wider], Cursor(None, last, few)
        return [*shown, *wider], None

    def _wider(
        self, finder: nearby.Nearby, place: Place, limit: int, *, after: Key | None = None, enough: int | None = None
    ) -> list[Match]:
        """Find what reaches all needs beyond the radius, ring after ring: 80 km, 160 km, the region, the country.

        Stops after the ring in which ``enough`` are found.
        """
        if limit <= 0 or (after is None and not self._any_beyond(finder)):
            return []
        found: list[Match] = []
        for number, ring in enumerate(_rings(self.query.radius_km, place), start=1):
            if (after is not None and number < after.ring) or (enough is not None and len(found) >= enough):
                continue
            for tier, conditions in nearby.tiers(finder.wish, PlaceToken, self.vocabulary):
                here = after is not None and after.ring == number
                if tier > 3 or len(found) >= limit or (here and after is not None and tier < after.tier):
                    continue
                rows = self._tier(
                    finder,
                    tier,
                    conditions,
                    ring.outer_km,
                    limit - len(found),
                    beyond_km=ring.inner_km,
                    after=after if here and after is not None and after.tier == tier else None,
                    extra=ring.conditions,
                    relaxed=ring.name,
                )
                found.extend(rows)
        return found

    def _any_beyond(self, finder: nearby.Nearby) -> bool:
        """Return whether anything beyond the radius reaches all needs: most countries hold nothing yet."""
        for tier, conditions in nearby.tiers(finder.wish, PlaceToken, self.vocabulary):
            if tier <= 3 and finder.tier(conditions, nearby.EVERYWHERE_KM, 1, beyond_km=self.query.radius_km):
                return True
        return False

    def _widened(self, name: str, place: Place) -> Relaxation:
        gazetteer, country = self.gazetteer, place.country
        asked = geo.length_words(self.query.radius_km, country)
        if name in {"region", "country"}:
            area = (
                gazetteer.region_name(country, place.region or "")
                if name == "region"
                else gazetteer.country_name(country, language())
            )
            said = _("few answers within {asked}: also shown, elsewhere in {area}", asked=asked, area=area)
        else:
            farther = geo.length_words(float(name), country)
            said = _("few answers within {asked}: also shown, up to {farther} away", asked=asked, farther=farther)
        return Relaxation("radius_km", name, said)

    def _tier(
        self, finder: nearby.Nearby, tier: int, conditions: Sequence[tuple[int, nearby.Condition]], radius_km: float, limit: int,
        *, after: Key | None = None, beyond_km: float | None = None, extra: Sequence[nearby.Condition] = (),
        relaxed: str | None = None,
    ) -> list[Match]:  # fmt: skip
        """Return at most ``limit`` matches of a tier; with open-now asked, read on until so many are open."""
        found: list[Match] = []
        key = (after.chord_squared, after.resource_id) if after else None
        batch = limit if not self.query.open_now else SCAN
        while len(found) < limit:
            rows = finder.tier(conditions, radius_km, batch, beyond_km=beyond_km, after=key, extra=extra)
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

    def _across(self, place: Place, posted: dict[int, int]) -> tuple[list[Match], Cursor | None]:
        """Collect one page of what a whole region or country has, by tier, when no nearer place was named."""
        limit, start = self.query.limit, self.query.after.within if self.query.after is not None else None
        finder = nearby.Nearby(
            self.connection, self.vocabulary, place.point or Point(0, 0), self._wishes(place.country), posted
        )
        found: list[Match] = []
        for tier, conditions in nearby.tiers(finder.wish, PlaceToken, self.vocabulary):
            if (start is not None and tier < start.tier) or len(found) > limit:
                continue
            key = start if start is not None and start.tier == tier else None
            wanted, extra = limit - len(found) + 1, _inside(place)
            rows = self._tier(finder, tier, conditions, nearby.EVERYWHERE_KM, wanted, after=key, extra=extra)
            found.extend(replace(row, distance_km=None) for row in rows)
        following = Cursor(_key(found[limit - 1], ())) if len(found) > limit else None
        return found[:limit], following

    def _remote(self, place: Place | None, near: Sequence[Match]) -> list[Match]:
        """Collect help with no door: by tier, what is open now first, then the nearest area, then by rank and id."""
        shown = {match.resource["id"] for match in near}
        wish = self._wishes(None)
        found: list[Match] = []
        for tier, conditions in nearby.tiers(wish, AreaToken, self.vocabulary):
            group: list[tuple[int, Match]] = []
            for _family, condition in conditions:
                statement = (
                    select(AreaToken.rank, *Resource.__table__.columns)
                    .join(Resource, Resource.id == AreaToken.resource_id)
                    .where(
                        AreaToken.token == index.ANY,
                        AreaToken.area.in_(areas(self.results.country, place, self.gazetteer)),
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
        """Name each hard wish, and all of them together, with what a search without it would show (at most 100)."""
        if place is None or place.point is None:
            return []
        wanted: list[tuple[str, tuple[str, ...], Query]] = []
        query = replace(self.query, limit=LIFTED_MOST, after=None)
        for facet, keys in query.facets.items():
            rest = {other: values for other, values in query.facets.items() if other != facet}
            wanted.append((facet, keys, replace(query, facets=rest)))
        if query.age is not None:
            wanted.append(("age", (str(query.age),), replace(query, age=None)))
        if query.open_now:
            wanted.append(("open_now", ("yes",), replace(query, open_now=False)))
        if len(wanted) > 1:
            names = tuple(parameter for parameter, _, _ in wanted)
            wanted.append((ALL_WISHES, names, replace(query, facets={}, age=None, open_now=False)))
        found = []
        for parameter, values, without in wanted:
            trial = Answer(self.connection, self.vocabulary, self.gazetteer, self.results, without)
            count = len(trial._nearby(place, posted)[0])
            shown = "nothing either" if not count else f"{count} places" if count < LIFTED_MOST else "many places"
            what = "any of these" if parameter == ALL_WISHES else f"{parameter} = {', '.join(values)}"
            found.append(Lift(parameter, values, count, f"without {what}: {shown}"))
        return found


@dataclass(frozen=True, slots=True)
class _Ring:
    """One widening: its name, where it begins and ends in kilometres, and what holds inside it."""

    name: str
    inner_km: float
    outer_km: float
    conditions: tuple[nearby.Condition, ...] = ()


def _rings(radius_km: float, place: Place) -> list[_Ring]:
    """Return the rings beyond a radius, none overlapping another: 80 km, 160 km, the rest of the region, of the country."""
    rings: list[_Ring] = []
    inner = radius_km
    for outer in nearby.WIDER_KM:
        if outer > inner:
            rings.append(_Ring(f"{outer:g}", inner, outer))
            inner = outer
    elsewhere: tuple[nearby.Condition, ...] = ()
    if place.region:
        rings.append(_Ring("region", inner, nearby.EVERYWHERE_KM, (Resource.region == place.region,)))
        elsewhere = (or_(Resource.region.is_(None), Resource.region != place.region),)
    return [*rings, _Ring("country", inner, nearby.EVERYWHERE_KM, elsewhere)]


def _key(match: Match, rings: Sequence[_Ring]) -> Key:
    names = [ring.name for ring in rings]
    ring = names.index(match.relaxed) + 1 if match.relaxed in names else 0
    return Key(ring, match.tier, match.chord_squared, int(match.resource["id"]))


def areas(country: str, place: Place | None, gazetteer: Gazetteer) -> list[str]:
    """Return the areas that serve somebody at a place: its county (US), the region, the country, the world."""
    if place is None or not place.region:
        return [country, index.WORLD]
    county = gazetteer.county(place)
    return [*([county] if county else []), f"{country}-{place.region}", country, index.WORLD]


def talks_now(row: Any) -> bool:
    """Return whether a resource is a line to talk to somebody on now, not one that only informs and refers."""
    return row["kind"] == str(Kind.CRISIS_LINE) and (
        "information_and_referral" not in row["approaches"] or "crisis_counselling" in row["approaches"]
    )


def _inside(place: Place) -> tuple[nearby.Condition, ...]:
    """Return the condition that keeps a search for a whole region inside it."""
    return (Resource.region == place.region,) if place.precision == "region" else ()
