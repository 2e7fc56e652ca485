"""Near you: the search index asked ring by ring and tier by tier, the same statement on SQLite and PostgreSQL.

Only the index is read: what is found are tiers, distances and ids.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from sqlalchemy import Connection

from directory import geo, index, tiers
from directory.asking import Asking, Value, chord
from directory.density import Extent, Known
from directory.pool import Pool
from directory.records import Point
from directory.schedules import Minute
from directory.tiers import INTEGRATED, REACHES_ALL, Cover, Test, Tiers, Wishes

# A token held by so few resources is read in one ring: growing would cost more statements than it saves rows.
FEW_RESOURCES = 5000
# A ring in which so few places stand is asked for all tiers at once: more rows cost more than more statements do.
THIN = 1500
# A circle that held too few grows as much as the rest is likely to need, and so much when it held none.
GROWTH_MARGIN, GROWTH_LEAST, GROWTH_OF_NONE = 1.5, 1.4, 4.0
# A circle nearly as wide as the whole ring is drawn as wide.
NEARLY_ALL = 1.15
# A wider ring reads its bands all around the earth, so there is one of those at most.
WIDEST_KM = 1000.0
# What states a need is rarer than what reaches it.
STATED_SHARE = 0.5
# Of those whose hours may be trusted, so many are open at most hours; of the resources, so many have words that many have.
OPEN_SHARE, WORDED_SHARE = 0.2, 0.02
# With open now asked, so many times more are read than wanted, and so many times more again when too few of them are open.
OPEN_BATCH, OPEN_GROWTH = 3, 4
WIDER_KM = (80.0, 160.0)
# Half the way round the earth: a ring of this radius holds everything.
EVERYWHERE_KM = 20_100.0
_NOWHERE = Extent(geo.Window(0, -1, ()), 0)


class Spot(NamedTuple):
    """Where a resource was found: its tier, its squared chord in square metres, and its id. Spots sort as they are shown."""

    tier: int
    chord_squared: int
    id: int


@dataclass(frozen=True, slots=True)
class Inside:
    """An area to stay in: a country's region, or what is outside of it in the country."""

    country: str
    region: str
    outside: bool = False


@dataclass(frozen=True, slots=True)
class Ring:
    """What lies beyond ``inner_km`` (None: from the point on) and within ``outer_km``, inside of an area when one is given.

    ``name`` is what it is called when a search was widened to it.
    """

    outer_km: float
    inner_km: float | None = None
    inside: Inside | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Nearby:
    """The index around one point, for one set of wishes and their tiers, best first.

    ``minute`` is the one in which places have to be open, if at all.
    """

    connection: Connection
    known: Known
    point: Point
    wish: Wishes
    tiers: Tiers
    minute: Minute | None = None
    pool: Pool | None = None

    def best(self, ring: Ring, limit: int, after: Spot | None = None) -> list[Spot]:
        """Return at most ``limit`` resources: those that reach all needs, then those that reach most, each nearest first."""
        if self.pool is None and self._is_thin(ring):
            return self._open(self._token(self._any), self._ways, ring, limit, after)
        found = self.reaching(ring, limit, after)
        return [*found, *self._covering(ring, limit - len(found), after)]

    def reaching(self, ring: Ring, limit: int, after: Spot | None = None) -> list[Spot]:
        """Return at most ``limit`` resources that reach all needs: by tier, nearest first, then by id.

        The first circle drawn is as wide as the places around are sparse, and grows while it holds too few of the best
        tier, so that a crowded city reads little of the index; the last one asks for all tiers at once.
        """
        first = 0 if after is None else after.tier
        wanted = [(tier, covers[0]) for tier, covers in self.tiers if first <= tier <= REACHES_ALL]
        # What is integrated is rare and mostly found by that; the other tiers are mostly all there is.
        apart = int(len({self._token(cover) for _, cover in wanted}) > 1 and wanted[0][0] == INTEGRATED)
        found = self._grown(wanted[:apart], ring, limit, after)
        return [*found, *self._grown(wanted[apart:], ring, limit - len(found), after)]

    def _covering(self, ring: Ring, limit: int, after: Spot | None) -> list[Spot]:
        found: list[Spot] = []
        for tier, covers in self.tiers:
            if tier <= REACHES_ALL or (after is not None and tier < after.tier) or len(found) >= limit:
                continue
            end = after if after is not None and after.tier == tier else None
            rows = [spot for cover in covers for spot in self._grown([(tier, cover)], ring, limit - len(found), end)]
            found.extend(sorted(rows)[: limit - len(found)])
        return found

    def nearest_below(self, tier: int, radius_km: float) -> Spot | None:
        """Return the nearest resource of a lower tier than ``tier`` within a radius, None when there is none."""
        lower = [way for way in self._ways if way[0] > tier]
        if not lower:
            return None
        if self.pool is not None:
            found = [spot for way in lower for spot in self._pooled(self.pool, [way], Ring(radius_km), 1, None)]
            return min(found, key=lambda spot: spot[1:], default=None)
        token = self._token(self._any)
        radius = self._first_radius(token, self._any, Ring(radius_km), 1, None)
        while True:
            radius = min(radius, radius_km)
            below = self._below(token, tier, Ring(radius))
            if below is not None or radius >= radius_km:
                return below
            radius *= GROWTH_OF_NONE

    def _below(self, token: int, tier: int, ring: Ring) -> Spot | None:
        """Return the nearest of a ring that is of a lower tier than ``tier``, open if it has to be."""
        batch = 1 if self.minute is None else OPEN_BATCH
        while True:
            rows = self._ring(token, self._ways, ring, batch, None, below=tier)
            for row in rows:
                if self.minute is None or self.minute.is_open(row[3], row[4]):
                    return Spot(*row[:3])
            if len(rows) < batch:
                return None
            batch *= OPEN_GROWTH

    def facets_within(self, radius_km: float, most: int, reaches: Sequence[Test]) -> list[tuple[int, int]]:
        """Return facets and languages of at most ``most`` resources within a radius that pass some tests, in no order."""
        ask = Asking(self.connection, "place_token")
        self._where(ask, self._token(Cover(self.wish.needs, ())), reaches, Ring(radius_km))
        square, metres = chord(self.point)
        ask.add(f"{square} <= ?", *metres, geo.chord_squared(radius_km, self.point.latitude))
        return ask.rows("SELECT facets, languages FROM place_token", "LIMIT ?", last=[most])

    def _grown(
        self, wanted: Sequence[tuple[int, Cover]], ring: Ring, limit: int, after: Spot | None = None
    ) -> list[Spot]:
        """Return the first of some tiers, which all demand the same needs: circle after circle."""
        if not wanted or limit <= 0:
            return []
        if self.pool is not None:
            return self._pooled(self.pool, wanted, ring, limit, after)
        best, cover = wanted[0]
        token = self._token(cover)
        radius = self._first_radius(token, cover, ring, limit, after if after and after.tier == best else None)
        inner = ring.inner_km or 0.0
        while radius < ring.outer_km:
            rows = self._open(token, wanted[:1], replace(ring, outer_km=radius), limit, after)
            if len(rows) >= limit:
                return rows
            growth = (GROWTH_MARGIN * limit / len(rows)) ** 0.5 if rows else GROWTH_OF_NONE
            radius = ((radius**2 - inner**2) * max(growth, GROWTH_LEAST) ** 2 + inner**2) ** 0.5
            radius = self._drawn(ring, radius)
        return self._open(token, wanted, ring, limit, after)

    @property
    def _ways(self) -> list[tuple[int, Cover]]:
        """Every way to be in a tier, best first."""
        return [(tier, cover) for tier, covers in self.tiers for cover in covers]

    @property
    def _any(self) -> Cover:
        """What every row of every tier holds: of one need that need, of several nothing."""
        return Cover(self.wish.needs if self.wish.need_count == 1 else 0, ())

    def _is_thin(self, ring: Ring) -> bool:
        """Return whether a ring holds so few places that all of its tiers are asked for at once."""
        token = self._token(self._any)
        held: float = self.known.posted.get(token, 0)
        if held > THIN and ring.outer_km < EVERYWHERE_KM:
            held = self.known.places_in(geo.window(self.point, ring.outer_km)) * self.known.share(token)
        return held <= THIN

    def _token(self, cover: Cover) -> int:
        """Return the rarest token that every row of a tier must hold."""
        return self.known.rarest([*cover.tokens, *self.wish.tokens])

    def _first_radius(self, token: int, cover: Cover, ring: Ring, limit: int, after: Spot | None) -> float:
        """Return how wide the first circle is drawn, so that it likely holds what is wanted."""
        held = self.known.posted.get(token, 0)
        if extent := self._extent(ring):
            held = min(held, extent.resources)
        if held <= FEW_RESOURCES:
            return ring.outer_km
        share = OPEN_SHARE if self.minute else 1.0
        for bit in range(cover.mask.bit_length()):
            if cover.mask >> bit & 1:
                share *= self.known.share(index.NEED + bit)
        for demanded in self.wish.tokens:
            share *= self.known.share(demanded)
        if any(test.column == "stated" for test in cover.tests):
            share *= STATED_SHARE
        if self.wish.words:
            share *= WORDED_SHARE
        inner = max(ring.inner_km or 0.0, geo.arc_km(after.chord_squared, self.point.latitude) if after else 0.0)
        radius = (self.known.radius_km(self.point, limit / max(share, 1e-9)) ** 2 + inner**2) ** 0.5
        return self._drawn(ring, radius)

    def _drawn(self, ring: Ring, radius: float) -> float:
        """Return the radius to draw a circle with: that of the whole ring where it would read nearly as much as that."""
        if radius > WIDEST_KM or radius * NEARLY_ALL >= ring.outer_km:
            return ring.outer_km
        extent = self._extent(ring)
        if extent is not None and geo.window(self.point, radius).within(extent.window) == extent.window:
            return ring.outer_km
        return radius

    def _extent(self, ring: Ring) -> Extent | None:
        """Return what is known of the region or country that a ring stays in; None for a ring that its radius bounds."""
        inside = ring.inside
        if inside is not None and not inside.outside:
            return self.known.extents.get(index.area_number(inside.country, inside.region), _NOWHERE)
        if ring.outer_km < EVERYWHERE_KM or self.wish.country is None:
            return None
        return self.known.countries.get(self.wish.country, _NOWHERE)

    def _open(
        self, token: int, wanted: Sequence[tuple[int, Cover]], ring: Ring, limit: int, after: Spot | None
    ) -> list[Spot]:
        """Return the first of a ring; with open now asked, read on until so many are open."""
        if self.minute is None:
            return [Spot(row[0], row[1], row[2]) for row in self._ring(token, wanted, ring, limit, after)]
        found: list[Spot] = []
        batch = max(limit, 10) * OPEN_BATCH
        while True:
            rows = self._ring(token, wanted, ring, batch, after)
            found.extend(Spot(*row[:3]) for row in rows if self.minute.is_open(row[3], row[4]))
            if len(rows) < batch or len(found) >= limit:
                return found[:limit]
            after = Spot(*rows[-1][:3])
            batch *= OPEN_GROWTH

    def _ring(
        self, token: int, wanted: Sequence[tuple[int, Cover]], ring: Ring, limit: int, after: Spot | None,
        *, below: int | None = None,
    ) -> list[tuple[int, ...]]:  # fmt: skip
        """Ask for tier, chord, id, schedule and how long the hours hold, in the order of what is shown.

        With ``below`` a tier, only for what is in a lower one, nearest first.
        """
        ask = Asking(self.connection, "place_token")
        tier, values, tests = tiers.tier_of(wanted, self.wish.needs)
        self._where(ask, token, tests, ring)
        square, metres = chord(self.point)
        edges: list[str] = []
        ends: list[Value] = []
        if ring.outer_km < EVERYWHERE_KM:
            edges.append("chord <= ?")
            ends.append(geo.chord_squared(ring.outer_km, self.point.latitude))
        if ring.inner_km is not None:
            edges.append("chord > ?")
            ends.append(geo.chord_squared(ring.inner_km, self.point.latitude))
        if after is not None:
            edges.append("(tier > ? OR (tier = ? AND (chord > ? OR (chord = ? AND id > ?))))")
            ends.extend((after.tier, after.tier, after.chord_squared, after.chord_squared, after.id))
        if below is not None:
            edges.append("tier > ?")
            ends.append(below)
        order = "tier, chord, id" if below is None else "chord, id"
        return ask.rows(
            f"SELECT tier, chord, id, schedule, good_until FROM (SELECT {tier} AS tier, {square} AS chord, "
            "resource_id AS id, schedule, good_until FROM place_token",
            f") AS ring {'WHERE' if edges else ''} {' AND '.join(edges)} ORDER BY {order} LIMIT ?",
            first=[*values, *metres],
            last=[*ends, limit],
        )

    def _pooled(
        self, few: Pool, wanted: Sequence[tuple[int, Cover]], ring: Ring, limit: int, after: Spot | None
    ) -> list[Spot]:
        outer = geo.chord_squared(ring.outer_km, self.point.latitude) if ring.outer_km < EVERYWHERE_KM else 1 << 62
        inner = -1 if ring.inner_km is None else geo.chord_squared(ring.inner_km, self.point.latitude)
        areas = None if self.wish.country is None else index.country_numbers(self.wish.country)
        own = None if ring.inside is None else index.area_number(ring.inside.country, ring.inside.region)
        outside = own if ring.inside is not None and ring.inside.outside else None
        if own is not None and outside is None:
            areas = (own, own)
        found: list[Spot] = []
        for tier, cover in wanted:
            end = (-1, -1) if after is None or after.tier < tier else after[1:]
            spots = few.nearest(cover.tests, inner, outer, end, areas, outside, limit)
            found.extend(Spot(tier, *each) for each in spots)
        return found[:limit]

    def _where(self, ask: Asking, token: int, tests: Iterable[Test], ring: Ring) -> None:
        """Ask for what the index holds: token, bands and longitudes, then the bits, then what only the resource knows."""
        ask.add("token = ?", token)
        inside = ring.inside
        window = geo.window(self.point, ring.outer_km) if ring.outer_km < EVERYWHERE_KM else None
        extent = self._extent(ring)
        if extent is not None:
            window = extent.window if window is None else window.within(extent.window)
        if window is not None:
            ask.window(window)
        for test in (*tests, *self.wish.facets):
            ask.test(test)
        if inside is not None:
            ask.add(f"area {'<>' if inside.outside else '='} ?", index.area_number(inside.country, inside.region))
        if self.wish.country is not None and (inside is None or inside.outside):
            ask.add("area BETWEEN ? AND ?", *index.country_numbers(self.wish.country))
        if self.minute is not None:
            ask.add("schedule <> 0 AND good_until >= ?", self.minute.day)
        if self.wish.age is not None:
            ask.age(self.wish.age)
        if self.wish.words:
            ask.words(self.wish.words, self.wish.words_are_common and ring.outer_km < EVERYWHERE_KM)
