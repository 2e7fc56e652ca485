"""Near you: the search index asked ring by ring and tier by tier, the same statement on SQLite and PostgreSQL.

Only the index is read: what is found are tiers, distances and ids.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection

from directory import geo, index
from directory.asking import Asking
from directory.density import Known
from directory.pool import Pool
from directory.records import Point
from directory.tiers import Cover, Test, Wishes

# A token held by so few resources is read in one ring: growing would cost more statements than it saves rows.
FEW_RESOURCES = 5000
GROWTH = 2.5
# A wider ring reads its bands all around the earth, so there is one of those at most.
WIDEST_KM = 1000.0
# What states a need is rarer than what reaches it.
STATED_SHARE = 0.5
WIDER_KM = (80.0, 160.0)
# Half the way round the earth: a ring of this radius holds everything.
EVERYWHERE_KM = 20_100.0


class Spot(NamedTuple):
    """Where a resource was found: its squared chord in square metres, and its id."""

    chord_squared: int
    id: int


@dataclass(frozen=True, slots=True)
class Inside:
    """An area to stay in: a country's region, or what is outside of it in the country."""

    country: str
    region: str
    outside: bool = False


@dataclass(frozen=True, slots=True)
class Nearby:
    """The index around one point, for one set of wishes."""

    connection: Connection
    known: Known
    point: Point
    wish: Wishes
    pool: Pool | None = None

    def tier(
        self, covers: Sequence[Cover], radius_km: float, limit: int,
        *, beyond_km: float | None = None, after: Spot | None = None, inside: Inside | None = None,
    ) -> list[Spot]:  # fmt: skip
        """Return at most ``limit`` resources of one tier, nearest first, then by id.

        Only those within ``radius_km``, beyond ``beyond_km``, and after the end of a page. The first ring is as wide as
        the places around are sparse, and grows, so that a crowded city reads little of the index.
        """
        if self.pool is not None:
            return self._pooled(self.pool, covers, radius_km, limit, beyond_km, after, inside)
        found: list[Spot] = []
        for cover in covers:
            token = self._token(cover.mask)
            radius = self._first_radius(token, cover, radius_km, limit, beyond_km, after)
            while True:
                rows = self._ring(token, cover.tests, radius, limit, beyond_km, after, inside)
                if len(rows) >= limit or radius >= radius_km:
                    break
                radius = radius_km if radius * GROWTH > WIDEST_KM else min(radius * GROWTH, radius_km)
            found.extend(rows)
        if len(covers) > 1:
            found.sort()
        return found[:limit]

    def facets_within(self, radius_km: float, most: int, reaches: Sequence[Test]) -> list[tuple[int, int]]:
        """Return facets and languages of at most ``most`` resources within a radius that pass some tests, in no order."""
        ask = Asking(self.connection.dialect.name)
        self._where(ask, self._token(self.wish.needs), reaches, radius_km, None)
        chord = f"{ask.chord(self.point)} <= {ask.mark(geo.chord_squared(radius_km, self.point.latitude))}"
        statement = f"SELECT facets, languages FROM place_token WHERE {ask.where()} AND {chord} LIMIT {ask.mark(most)}"
        return [(row[0], row[1]) for row in self.connection.exec_driver_sql(statement, ask.values)]

    def _token(self, mask: int) -> int:
        """Return the rarest token that every row of a tier must hold."""
        needs = [index.NEED + bit for bit in range(mask.bit_length()) if mask >> bit & 1]
        return rarest([*needs, *self.wish.tokens], self.known)

    def _first_radius(
        self, token: int, cover: Cover, radius_km: float, limit: int, beyond_km: float | None, after: Spot | None
    ) -> float:
        """Return how wide the first ring is drawn, so that it likely holds what is wanted."""
        if self.known.posted.get(token, 0) <= FEW_RESOURCES:
            return radius_km
        share = 1.0
        for bit in range(cover.mask.bit_length()):
            if cover.mask >> bit & 1:
                share *= self.known.share(index.NEED + bit)
        for demanded in self.wish.tokens:
            share *= self.known.share(demanded)
        if any(test.column == "stated" for test in cover.tests):
            share *= STATED_SHARE
        inner = max(beyond_km or 0.0, geo.arc_km(after.chord_squared, self.point.latitude) if after else 0.0)
        radius = (self.known.radius_km(self.point, limit / max(share, 1e-9)) ** 2 + inner**2) ** 0.5
        return radius_km if radius * 1.5 >= radius_km else radius

    def _ring(
        self, token: int, tests: Sequence[Test], radius_km: float, limit: int, beyond_km: float | None,
        after: Spot | None, inside: Inside | None,
    ) -> list[Spot]:  # fmt: skip
        ask = Asking(self.connection.dialect.name)
        chord = ask.chord(self.point)
        self._where(ask, token, tests, radius_km, inside)
        edges: list[str] = []
        if radius_km < EVERYWHERE_KM:
            edges.append(f"chord <= {ask.mark(geo.chord_squared(radius_km, self.point.latitude))}")
        if beyond_km is not None:
            edges.append(f"chord > {ask.mark(geo.chord_squared(beyond_km, self.point.latitude))}")
        if after is not None:
            end = ask.mark(after.chord_squared)
            edges.append(f"(chord > {end} OR (chord = {end} AND id > {ask.mark(after.id)}))")
        statement = (
            f"SELECT chord, id FROM (SELECT {chord} AS chord, resource_id AS id FROM place_token WHERE {ask.where()})"
            f" AS ring {'WHERE' if edges else ''} {' AND '.join(edges)} ORDER BY chord, id LIMIT {ask.mark(limit)}"
        )
        return [Spot(row[0], row[1]) for row in self.connection.exec_driver_sql(statement, ask.values)]

    def _pooled(
        self, few: Pool, covers: Sequence[Cover], radius_km: float, limit: int, beyond_km: float | None,
        after: Spot | None, inside: Inside | None,
    ) -> list[Spot]:  # fmt: skip
        last = geo.chord_squared(radius_km, self.point.latitude) if radius_km < EVERYWHERE_KM else 1 << 62
        first = -1 if beyond_km is None else geo.chord_squared(beyond_km, self.point.latitude)
        areas = None if self.wish.country is None else index.country_numbers(self.wish.country)
        own = None if inside is None else index.area_number(inside.country, inside.region)
        outside = own if inside is not None and inside.outside else None
        if own is not None and outside is None:
            areas = (own, own)
        found: list[tuple[int, int]] = []
        for cover in covers:
            found.extend(few.nearest(cover.tests, first, last, after or (-1, -1), areas, outside, limit))
        return [Spot(*each) for each in sorted(found)[:limit]]

    def _where(self, ask: Asking, token: int, tests: Sequence[Test], radius_km: float, inside: Inside | None) -> None:
        """Ask for what the index holds: token, bands and longitudes, then the bits, then what only the resource knows."""
        ask.add(f"token = {ask.mark(token)}")
        if radius_km < EVERYWHERE_KM:
            ask.window(geo.window(self.point, radius_km))
        for test in (*tests, *self.wish.facets):
            ask.test(test)
        if inside is not None:
            here = ask.mark(index.area_number(inside.country, inside.region))
            ask.add(f"area {'<>' if inside.outside else '='} {here}")
        if self.wish.country is not None and (inside is None or inside.outside):
            first, last = index.country_numbers(self.wish.country)
            ask.add(f"area BETWEEN {ask.mark(first)} AND {ask.mark(last)}")
        if self.wish.words:
            ask.words(self.wish.words)
        if self.wish.age is not None:
            ask.age(self.wish.age)


def rarest(tokens: Sequence[int], known: Known) -> int:
    """Return the token to drive on: of those demanded and posted, the one fewest resources hold; else ANY."""
    held = [token for token in tokens if token in known.posted]
    return min(held, key=lambda token: (known.posted[token], token), default=index.ANY)
