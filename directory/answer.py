"""One search on one connection: near you, wider, closer, by phone or online, and what to lift."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from sqlalchemy import Connection, select

from directory import density, geo, nearby, pool, remote, stored, tiers
from directory.density import Known
from directory.geocoding import Gazetteer
from directory.matches import Lift, Match, Relaxation, Results, matched
from directory.models import Resource
from directory.nearby import Inside, Spot
from directory.needs import Vocabulary
from directory.query import Cursor, Key, Query
from directory.records import Place, Point
from directory.tiers import REACHES_ALL, Cover
from directory.wording import _, language

ENOUGH = 5
CLOSER_KM = 16.0
WIDER_SHOWN = 10
SCAN = 200
LIFTED_MOST = 100
ALL_WISHES = "all"
COUNTRYWIDE = frozenset({"country", "region"})


class Found(NamedTuple):
    """A resource in the index: its tier, where, and the widening it was found by."""

    tier: int
    spot: Spot
    relaxed: str | None = None


@dataclass(slots=True)
class Answer:
    """One search on one connection. ``known`` is what an earlier search knew of the index."""

    connection: Connection
    vocabulary: Vocabulary
    gazetteer: Gazetteer
    results: Results
    query: Query
    known: Known | None = None
    relaxed: list[Relaxation] = field(default_factory=list)

    def complete(self) -> Results:
        """Fill the nearby and remote groups."""
        self.known = density.load(self.connection, self.known)
        if self.query.words and not self.has_words():
            note = _("nothing here has the words “{words}”: shown without them", words=self.query.words)
            self.relaxed.append(Relaxation("words", self.query.words, note))
            self.query = replace(self.query, words="")
        place = self.results.place
        if self.results.place_not_found:
            note = _("we could not find a place called “{place}”: shown without a place", place=self.query.near)
            self.relaxed.append(Relaxation("near", self.query.near, note))
        found, following, closer = self._nearby(place, self.known)
        shown = self._matches([*found, *closer], place)
        matches, beside = shown[: len(shown) - len(closer)], shown[len(shown) - len(closer) :]
        groups = remote.Remote(self.connection, self.vocabulary, self.gazetteer, self.query)
        others = (
            ()
            if self.query.after
            else tuple(groups.found(self.results.country, place, {each.spot.id for each in found}))
        )
        lifts: tuple[Lift, ...] = ()
        if not self.query.after and not matches:
            lifts = tuple(self._lifts(place, self.known))
        return replace(
            self.results, query=self.query, nearby=tuple(matches), remote=others, closer=beside[0] if beside else None,
            relaxed=tuple(self.relaxed), lifts=lifts, next_page=following,
        )  # fmt: skip

    def _nearby(self, place: Place | None, known: Known) -> tuple[list[Found], Cursor | None, list[Found]]:
        """Return one page of places, where the next begins, and what is closer but covers less."""
        if place is None or place.point is None:
            return [], None, []
        wish = tiers.wishes(self.query, self.vocabulary, place.country)
        few = pool.load(self.connection, place.point, wish)
        finder = nearby.Nearby(self.connection, known, place.point, wish, few)
        if place.precision in COUNTRYWIDE:
            return (*self._across(finder, place), [])
        found, following = self._near(finder, place)
        return found, following, self._closer(finder, found)

    def has_words(self) -> bool:
        """Return whether any resource has the words that are left of ``q``."""
        condition = tiers.has_words(self.query.words, self.connection.dialect.name)
        return self.connection.execute(select(Resource.id).where(condition).limit(1)).first() is not None

    def _matches(self, found: Sequence[Found], place: Place | None) -> list[Match]:
        """Read what was found, and return it as matches in the same order."""
        rows = stored.resources(self.connection, [each.spot.id for each in found])
        openings = stored.Openings(self.connection, self.query.at)
        matches = []
        for tier, spot, relaxed in found:
            kilometres = None
            row = rows[spot.id]
            if place is not None and place.point is not None and place.precision not in COUNTRYWIDE:
                kilometres = geo.arc_km(spot.chord_squared, place.point.latitude)
                if kilometres > 1000:
                    kilometres = geo.distance_km(place.point, Point(row["latitude"], row["longitude"]))
            matches.append(
                matched(
                    self.vocabulary, row, self.query, opened=openings.state(row), tier=tier,
                    chord_squared=spot.chord_squared, distance_km=kilometres, relaxed=relaxed,
                )
            )  # fmt: skip
        return matches

    def _near(self, finder: nearby.Nearby, place: Place) -> tuple[list[Found], Cursor | None]:
        """Collect one page: what lies within the radius and, when few of that reach all needs, wider answers that do.

        The first page keeps up to half of its room for wider answers, so that nothing that is near pushes them out of
        sight, nor they what is near; on later pages they follow when all that is near was shown.
        """
        limit, after = self.query.limit, self.query.after
        within: list[Found] = []
        most = max(limit + 1, ENOUGH)  # enough to tell whether there is more, and whether few reach all needs
        if after is None or after.within is not None:
            start = after.within if after is not None else None
            for tier, covers in tiers.tiers(finder.wish, self.vocabulary):
                if (start is None or tier >= start.tier) and len(within) < most:
                    key = start if start is not None and start.tier == tier else None
                    wanted = most - len(within)
                    within.extend(self._tier(finder, tier, covers, self.query.radius_km, wanted, after=key))
        few = after.few if after is not None else sum(each.tier <= REACHES_ALL for each in within) < ENOUGH
        last = after.wider if after is not None else None
        wider: list[Found] = []
        shown = within[:limit]
        if few and after is None:
            wider = self._wider(finder, place, min(WIDER_SHOWN, limit), enough=ENOUGH)
            shown = within[: max(limit - len(wider), limit - limit // 2)]
        elif few and len(within) <= limit:
            wider = self._wider(finder, place, limit - len(shown), after=last)
        wider = wider[: limit - len(shown)]
        rings = _rings(self.query.radius_km, place)
        for name in dict.fromkeys(each.relaxed for each in wider if each.relaxed):
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
    ) -> list[Found]:
        """Find what reaches all needs beyond the radius, ring after ring: 80 km, 160 km, the region, the country.

        Stops after the ring in which ``enough`` are found.
        """
        found: list[Found] = []
        for number, ring in enumerate(_rings(self.query.radius_km, place), start=1):
            if (after is not None and number < after.ring) or (enough is not None and len(found) >= enough):
                continue
            for tier, covers in tiers.tiers(finder.wish, self.vocabulary):
                key = after if after is not None and after.ring == number else None
                if tier > REACHES_ALL or len(found) >= limit or (key is not None and tier < key.tier):
                    continue
                rows = self._tier(
                    finder,
                    tier,
                    covers,
                    ring.outer_km,
                    limit - len(found),
                    beyond_km=ring.inner_km,
                    after=key if key is not None and key.tier == tier else None,
                    inside=ring.inside,
                    relaxed=ring.name,
                )
                found.extend(rows)
        return found

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
        self, finder: nearby.Nearby, tier: int, covers: Sequence[Cover], radius_km: float, limit: int,
        *, after: Key | None = None, beyond_km: float | None = None, inside: Inside | None = None, relaxed: str | None = None,
    ) -> list[Found]:  # fmt: skip
        """Return at most ``limit`` of a tier; with open-now asked, read on until so many are open."""
        found: list[Found] = []
        end = Spot(after.chord_squared, after.resource_id) if after else None
        batch = limit if not self.query.open_now else SCAN
        openings = stored.Openings(self.connection, self.query.at)
        while len(found) < limit:
            spots = finder.tier(covers, radius_km, batch, beyond_km=beyond_km, after=end, inside=inside)
            wanted = openings.open_among([spot.id for spot in spots]) if self.query.open_now else None
            found.extend(Found(tier, spot, relaxed) for spot in spots if wanted is None or spot.id in wanted)
            if len(spots) < batch:
                break
            end = spots[-1]
        return found[:limit]

    def _closer(self, finder: nearby.Nearby, found: Sequence[Found]) -> list[Found]:
        """Return the nearest of a lower tier when it is more than 16 km closer than the first one found; else nothing."""
        if not found or self.query.after is not None:
            return []
        first = found[0]
        radius = geo.arc_km(first.spot.chord_squared, finder.point.latitude) - CLOSER_KM
        best: list[Found] = []
        for tier, covers in tiers.tiers(finder.wish, self.vocabulary):
            if tier > first.tier and radius > 0:
                best.extend(self._tier(finder, tier, covers, radius, 1))
        return sorted(best, key=lambda each: each.spot)[:1]

    def _across(self, finder: nearby.Nearby, place: Place) -> tuple[list[Found], Cursor | None]:
        """Collect one page of what a whole region or country has, by tier, when no nearer place was named."""
        limit, start = self.query.limit, self.query.after.within if self.query.after is not None else None
        inside = Inside(place.country, place.region) if place.precision == "region" and place.region else None
        found: list[Found] = []
        for tier, covers in tiers.tiers(finder.wish, self.vocabulary):
            if (start is not None and tier < start.tier) or len(found) > limit:
                continue
            key = start if start is not None and start.tier == tier else None
            wanted = limit - len(found) + 1
            found.extend(self._tier(finder, tier, covers, nearby.EVERYWHERE_KM, wanted, after=key, inside=inside))
        following = Cursor(_key(found[limit - 1], ())) if len(found) > limit else None
        return found[:limit], following

    def _lifts(self, place: Place | None, known: Known) -> list[Lift]:
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
            count = len(trial._nearby(place, known)[0])
            shown = "nothing either" if not count else f"{count} places" if count < LIFTED_MOST else "many places"
            what = "any of these" if parameter == ALL_WISHES else f"{parameter} = {', '.join(values)}"
            found.append(Lift(parameter, values, count, f"without {what}: {shown}"))
        return found


@dataclass(frozen=True, slots=True)
class _Ring:
    """One widening: its name, where it begins and ends in kilometres, and the area it stays in."""

    name: str
    inner_km: float
    outer_km: float
    inside: Inside | None = None


def _rings(radius_km: float, place: Place) -> list[_Ring]:
    """Return the rings beyond a radius, none overlapping another: 80 km, 160 km, the rest of the region, of the country."""
    rings: list[_Ring] = []
    inner = radius_km
    for outer in nearby.WIDER_KM:
        if outer > inner:
            rings.append(_Ring(f"{outer:g}", inner, outer))
            inner = outer
    elsewhere = None
    if place.region:
        rings.append(_Ring("region", inner, nearby.EVERYWHERE_KM, Inside(place.country, place.region)))
        elsewhere = Inside(place.country, place.region, outside=True)
    return [*rings, _Ring("country", inner, nearby.EVERYWHERE_KM, elsewhere)]


def _key(found: Found, rings: Sequence[_Ring]) -> Key:
    names = [ring.name for ring in rings]
    ring = names.index(found.relaxed) + 1 if found.relaxed in names else 0
    return Key(ring, found.tier, *found.spot)
