"""One search on one connection: near you, wider, closer, by phone or online, and what to lift."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from sqlalchemy import Connection

from directory import geo, nearby, pool, remote, stored, tiers
from directory.density import Known
from directory.geocoding import Gazetteer
from directory.matches import Lift, Match, Relaxation, Results, matched
from directory.nearby import Inside, Nearby, Ring, Spot
from directory.needs import Vocabulary
from directory.query import Cursor, Key, Query
from directory.records import Place, Point
from directory.tiers import REACHES_ALL, Tiers, Wishes
from directory.wording import _, language

ENOUGH = 5
CLOSER_KM = 16.0
WIDER_SHOWN = 10
LIFTED_MOST = 100
ALL_WISHES = "all"
COUNTRYWIDE = frozenset({"country", "region"})


class Found(NamedTuple):
    """A resource in the index: its tier and where, and the widening it was found by."""

    spot: Spot
    relaxed: str | None = None


@dataclass(slots=True)
class Answer:
    """One search on one connection. ``known`` is what is known of the index, ``served`` the areas the place lies in."""

    connection: Connection
    vocabulary: Vocabulary
    gazetteer: Gazetteer
    results: Results
    query: Query
    known: Known
    served: Sequence[str]
    relaxed: list[Relaxation] = field(default_factory=list)
    _words_are_common: bool = False
    _tiers: Tiers = ()

    def complete(self) -> Results:
        """Fill the nearby and remote groups."""
        self._tiers = tuple(tiers.tiers(self._wishes(None), self.vocabulary))
        if self.query.words:
            self._look_for_words()
        place = self.results.place
        if self.results.place_not_found:
            note = _("we could not find a place called “{place}”: shown without a place", place=self.query.near)
            self.relaxed.append(Relaxation("near", self.query.near, note))
        found, following, closer = self._nearby(place)
        shown = self._matches([*found, *closer], place)
        matches, beside = shown[: len(shown) - len(closer)], shown[len(shown) - len(closer) :]
        others: tuple[Match, ...] = ()
        if not self.query.after:
            wish = self._wishes(None)
            groups = remote.Remote(self.connection, self.known, self.vocabulary, self.query, wish, self._tiers)
            others = tuple(groups.found(self.served, place, {each.spot.id for each in found}))
        lifts: tuple[Lift, ...] = ()
        if not self.query.after and not matches:
            lifts = tuple(self._lifts(place))
        return replace(
            self.results, query=self.query, nearby=tuple(matches), remote=others, closer=beside[0] if beside else None,
            relaxed=tuple(self.relaxed), lifts=lifts, next_page=following,
        )  # fmt: skip

    def _look_for_words(self) -> None:
        """Do without the words that are left of ``q`` when no resource has them."""
        held = pool.worded(self.connection, self.query.words)
        self._words_are_common = held > pool.MOST
        if not held:
            note = _("nothing here has the words “{words}”: shown without them", words=self.query.words)
            self.relaxed.append(Relaxation("words", self.query.words, note))
            self.query = replace(self.query, words="")

    def _wishes(self, country: str | None) -> Wishes:
        wish = tiers.wishes(self.query, self.vocabulary, country)
        return replace(wish, words_are_common=True) if self._words_are_common else wish

    def _nearby(self, place: Place | None) -> tuple[list[Found], Cursor | None, list[Found]]:
        """Return one page of places, where the next begins, and what is closer but covers less."""
        if place is None or place.point is None:
            return [], None, []
        wish = self._wishes(place.country)
        minute = self.known.schedules.minute(self.query.at) if self.query.open_now else None
        few = pool.load(self.connection, place.point, wish, minute)
        finder = Nearby(self.connection, self.known, place.point, wish, self._tiers, minute, few)
        if place.precision in COUNTRYWIDE:
            return (*self._across(finder, place), [])
        found, following = self._near(finder, place)
        return found, following, self._closer(finder, found)

    def _matches(self, found: Sequence[Found], place: Place | None) -> list[Match]:
        """Read what was found, and return it as matches in the same order."""
        rows = stored.resources(self.connection, [each.spot.id for each in found])
        matches = []
        for spot, relaxed in found:
            kilometres = None
            row = rows[spot.id]
            if place is not None and place.point is not None and place.precision not in COUNTRYWIDE:
                kilometres = geo.arc_km(spot.chord_squared, place.point.latitude)
                if kilometres > 1000:
                    kilometres = geo.distance_km(place.point, Point(row["latitude"], row["longitude"]))
            matches.append(
                matched(
                    self.vocabulary, row, self.query, tier=spot.tier, chord_squared=spot.chord_squared,
                    distance_km=kilometres, relaxed=relaxed,
                )
            )  # fmt: skip
        return matches

    def _near(self, finder: Nearby, place: Place) -> tuple[list[Found], Cursor | None]:
        """Collect one page: what lies within the radius and, when few of that reach all needs, wider answers that do.

        The first page keeps up to half of its room for wider answers, so that nothing that is near pushes them out of
        sight, nor they what is near; on later pages they follow when all that is near was shown.
        """
        limit, after = self.query.limit, self.query.after
        within: list[Found] = []
        most = max(limit + 1, ENOUGH)  # enough to tell whether there is more, and whether few reach all needs
        if after is None or after.within is not None:
            start = _spot(after.within) if after is not None and after.within is not None else None
            within = [Found(spot) for spot in finder.best(Ring(self.query.radius_km), most, start)]
        few = after.few if after is not None else sum(each.spot.tier <= REACHES_ALL for each in within) < ENOUGH
        last = after.wider if after is not None else None
        wider: list[Found] = []
        is_more = False
        shown = within[:limit]
        if few and after is None:
            wider, is_more = self._wider(finder, place, min(WIDER_SHOWN, limit), enough=ENOUGH)
            shown = within[: max(limit - len(wider), limit - limit // 2)]
        elif few and len(within) <= limit:
            wider, is_more = self._wider(finder, place, limit - len(shown), after=last)
        is_more = is_more or len(wider) > limit - len(shown)
        wider = wider[: limit - len(shown)]
        rings = _rings(self.query.radius_km, place)
        for name in dict.fromkeys(each.relaxed for each in wider if each.relaxed):
            self.relaxed.append(self._widened(name, place))
        if wider:
            last = _key(wider[-1], rings)
        if len(within) > len(shown):
            return [*shown, *wider], Cursor(_key(shown[-1], rings), last, few)
        return [*shown, *wider], Cursor(None, last, few) if is_more else None

    def _wider(
        self, finder: Nearby, place: Place, limit: int, *, after: Key | None = None, enough: int | None = None
    ) -> tuple[list[Found], bool]:
        """Find what reaches all needs beyond the radius, ring after ring: 80 km, 160 km, the region, the country.

        Stops after the ring in which ``enough`` are found. Tells, too, whether there is more than what was found.
        """
        found: list[Found] = []
        for number, ring in enumerate(_rings(self.query.radius_km, place), start=1):
            if after is not None and number < after.ring:
                continue
            start = _spot(after) if after is not None and after.ring == number else None
            wanted = 0 if enough is not None and len(found) >= enough else limit - len(found)
            spots = finder.reaching(ring, wanted + 1, start)
            found.extend(Found(spot, ring.name) for spot in spots[:wanted])
            if len(spots) > wanted:
                return found, True
        return found, False

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

    def _closer(self, finder: Nearby, found: Sequence[Found]) -> list[Found]:
        """Return the nearest of a lower tier when it is more than 16 km closer than the first one found; else nothing."""
        if not found or self.query.after is not None:
            return []
        first = found[0].spot
        radius = geo.arc_km(first.chord_squared, finder.point.latitude) - CLOSER_KM
        spot = finder.nearest_below(first.tier, radius) if radius > 0 else None
        return [Found(spot)] if spot is not None else []

    def _across(self, finder: Nearby, place: Place) -> tuple[list[Found], Cursor | None]:
        """Collect one page of what a whole region or country has, by tier, when no nearer place was named."""
        limit, start = self.query.limit, self.query.after.within if self.query.after is not None else None
        inside = Inside(place.country, place.region) if place.precision == "region" and place.region else None
        everywhere = Ring(nearby.EVERYWHERE_KM, inside=inside)
        found = [Found(spot) for spot in finder.best(everywhere, limit + 1, _spot(start) if start else None)]
        following = Cursor(_key(found[limit - 1], ())) if len(found) > limit else None
        return found[:limit], following

    def _lifts(self, place: Place | None) -> list[Lift]:
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
            trial = replace(self, query=without, relaxed=[])
            count = len(trial._nearby(place)[0])
            shown = "nothing either" if not count else f"{count} places" if count < LIFTED_MOST else "many places"
            what = "any of these" if parameter == ALL_WISHES else f"{parameter} = {', '.join(values)}"
            found.append(Lift(parameter, values, count, f"without {what}: {shown}"))
        return found


def _rings(radius_km: float, place: Place) -> list[Ring]:
    """Return the rings beyond a radius, none overlapping another: 80 km, 160 km, the rest of the region, of the country."""
    rings: list[Ring] = []
    inner = radius_km
    for outer in nearby.WIDER_KM:
        if outer > inner:
            rings.append(Ring(outer, inner, name=f"{outer:g}"))
            inner = outer
    elsewhere = None
    if place.region:
        rings.append(Ring(nearby.EVERYWHERE_KM, inner, Inside(place.country, place.region), "region"))
        elsewhere = Inside(place.country, place.region, outside=True)
    return [*rings, Ring(nearby.EVERYWHERE_KM, inner, elsewhere, "country")]


def _spot(key: Key) -> Spot:
    return Spot(*key[1:])


def _key(found: Found, rings: Sequence[Ring]) -> Key:
    names = [ring.name for ring in rings]
    ring = names.index(found.relaxed) + 1 if found.relaxed in names else 0
    return Key(ring, *found.spot)
