"""Near you: the search index asked ring by ring and tier by tier, the same statement on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    and_,
    bindparam,
    cast,
    literal_column,
    or_,
    select,
    text,
)

from directory import geo, index
from directory.matches import MENTAL, SUBSTANCE, family
from directory.models import PlaceToken, Resource
from directory.needs import Vocabulary
from directory.query import Query
from directory.records import Point

FIRST_RADIUS_KM = 10.0
# A token held by so few resources is read in one ring: growing would cost more statements than it saves rows.
FEW_RESOURCES = 5000
GROWTH = 2.5
WIDER_KM = (80.0, 160.0)
BAND_LIST_LIMIT = 64
SUBSET_LIMIT = 4
# Half the way round the earth: a ring of this radius holds everything.
EVERYWHERE_KM = 20_100.0

Condition = ColumnElement[bool]


@dataclass(frozen=True, slots=True)
class Wishes:
    """What every match must satisfy, as bits and as conditions on the joined resource."""

    needs: int
    need_count: int
    asks_both: bool
    facets: tuple[int, ...]
    languages: int
    conditions: tuple[Condition, ...]
    tokens: tuple[int, ...]


def wishes(query: Query, vocabulary: Vocabulary, country: str | None, dialect: str) -> Wishes:
    """Return a query's hard wishes. Only needs may be covered in part; nothing else is ever relaxed."""
    facets: list[int] = []
    tokens: list[int] = []
    languages = 0
    for facet, keys in query.facets.items():
        bits = vocabulary.facet_bits(facet, keys)
        first = index.FACET
        if facet == "language":
            languages, first = bits, index.LANGUAGE
        else:
            facets.append(bits)
        if len(keys) == 1:
            tokens.append(first + vocabulary.facets[facet][keys[0]].bit)
    conditions: list[Condition] = []
    if country is not None:
        conditions.append(Resource.country == country)
    if query.age is not None:
        facets.append(vocabulary.ages(query.age, query.age))
        conditions.append(or_(Resource.minimum_age.is_(None), Resource.minimum_age <= query.age))
        conditions.append(or_(Resource.maximum_age.is_(None), Resource.maximum_age >= query.age))
    if query.open_now:  # without hours nothing is known to be open
        conditions.append(Resource.hours.is_not(None))
    if query.words:
        conditions.append(has_words(query.words, dialect))
    families = {family(vocabulary, need) for need in query.needs}
    return Wishes(
        needs=vocabulary.bits(query.needs),
        need_count=len(query.needs),
        asks_both={MENTAL, SUBSTANCE} <= families,
        facets=tuple(facets),
        languages=languages,
        conditions=tuple(conditions),
        tokens=tuple(tokens),
    )


def has_words(words: str, dialect: str) -> Condition:
    """Return the condition that a resource's text has all these words, each as a prefix."""
    if dialect == "sqlite":
        found = text("SELECT rowid FROM resource_text WHERE resource_text MATCH :words")
    else:
        found = text(
            "SELECT resource_id FROM resource_text WHERE to_tsvector('simple', words) @@ to_tsquery('simple', :words)"
        )
    bound = found.bindparams(words=index.search_words(words, dialect)).columns(literal_column("rowid", BigInteger))
    return Resource.id.in_(bound)


def tiers(wish: Wishes, table: Any, vocabulary: Vocabulary) -> Iterator[tuple[int, list[tuple[int, Condition]]]]:
    """Yield each tier, best first, with its condition(s) as (mask of needs covered, condition); no row is in two tiers.

    Up to four needs there is one condition for each subset still covered, so that each can drive on its own rarest
    token; beyond, one count of bits.
    """
    if not wish.needs:
        yield 2, [(0, literal_column("1") == 1)]
        return
    all_needs = _word(wish.needs)
    reaches_all = table.reach.op("&")(all_needs) == all_needs
    states_all = table.stated.op("&")(all_needs) == all_needs
    integrated = table.facets.op("&")(_word(vocabulary.facet_bits("integrated", ["integrated"]))) != 0
    plain: tuple[Condition, ...] = ()
    if wish.asks_both:
        yield 1, [(wish.needs, and_(reaches_all, integrated))]
        plain = (~integrated,)
    yield 2, [(wish.needs, and_(states_all, *plain))]
    yield 3, [(wish.needs, and_(reaches_all, ~states_all, *plain))]
    bits = [bit for bit in range(63) if wish.needs >> bit & 1]
    for missing in range(1, wish.need_count):
        covered = wish.need_count - missing
        if wish.need_count <= SUBSET_LIMIT:
            masks = [sum(1 << bit for bit in subset) for subset in combinations(bits, covered)]
            yield 3 + missing, [(mask, table.reach.op("&")(all_needs) == _word(mask)) for mask in masks]
        else:
            count = sum(
                (table.reach.op(">>")(bit).op("&")(1) for bit in bits[1:]), table.reach.op(">>")(bits[0]).op("&")(1)
            )
            yield 3 + missing, [(0, count == covered)]


@dataclass(frozen=True, slots=True)
class Nearby:
    """The index around one point, for one set of wishes."""

    connection: Connection
    vocabulary: Vocabulary
    point: Point
    wish: Wishes
    posted: dict[int, int]

    def tier(
        self, conditions: Sequence[tuple[int, Condition]], radius_km: float, limit: int,
        *, beyond_km: float | None = None, after: tuple[int, int] | None = None, extra: Sequence[Condition] = (),
    ) -> list[dict[str, Any]]:  # fmt: skip
        """Return at most ``limit`` resources of one tier, nearest first, then by id.

        Only those within ``radius_km``, beyond ``beyond_km``, and after the (squared chord, id) of a page's end.
        The ring starts small and grows, so that a crowded city reads little of the index.
        """
        found: list[dict[str, Any]] = []
        for mask, condition in conditions:
            token = self._token(mask)
            few = self.posted.get(token, 0) <= FEW_RESOURCES
            radius = radius_km if few else min(radius_km, max(FIRST_RADIUS_KM, (beyond_km or 0) * 1.2))
            while True:
                rows = self._ring(token, condition, radius, limit, beyond_km, after, extra)
                if len(rows) >= limit or radius >= radius_km:
                    break
                radius = min(radius * GROWTH, radius_km)
            found.extend(rows)
        found.sort(key=lambda row: (row["chord_squared"], row["id"]))
        return found[:limit]

    def facets_within(self, radius_km: float, most: int) -> list[tuple[int, int]]:
        """Return facets and languages of at most ``most`` resources within a radius that reach all needs, in no order.

        The index alone is read.
        """
        needs = _word(self.wish.needs)
        statement = (
            select(PlaceToken.facets, PlaceToken.languages)
            .where(PlaceToken.token == self._token(self.wish.needs), PlaceToken.reach.op("&")(needs) == needs)
            .where(*self._within(radius_km, _chord()))
            .limit(most)
        )
        return [(row.facets, row.languages) for row in self.connection.execute(statement, self._position())]

    def _token(self, mask: int) -> int:
        """Return the rarest token that every row of a tier must hold."""
        needs = [index.NEED + bit for bit in range(63) if mask >> bit & 1]
        return rarest([*needs, *self.wish.tokens], self.posted)

    def _ring(
        self, token: int, condition: Condition, radius_km: float, limit: int, beyond_km: float | None,
        after: tuple[int, int] | None, extra: Sequence[Condition],
    ) -> list[dict[str, Any]]:  # fmt: skip
        chord = _chord()
        statement: Select[Any] = (
            select(chord.label("chord_squared"), *Resource.__table__.columns)
            .join(Resource, Resource.id == PlaceToken.resource_id)
            .where(
                PlaceToken.token == token,
                condition,
                *facet_conditions(self.wish, PlaceToken),
                *self.wish.conditions,
                *extra,
            )
            .order_by("chord_squared", Resource.id)
            .limit(limit)
        )
        statement = statement.where(*self._within(radius_km, chord))
        if beyond_km is not None:
            statement = statement.where(chord > geo.chord_squared(beyond_km, self.point.latitude))
        if after is not None:
            statement = statement.where(or_(chord > after[0], and_(chord == after[0], Resource.id > after[1])))
        found = self.connection.execute(statement, self._position())
        return [dict(row) for row in found.mappings()]

    def _within(self, radius_km: float, chord: ColumnElement[int]) -> list[Condition]:
        """Return the conditions that a row lies within a radius: bands and longitudes the index has, then the exact chord."""
        if radius_km >= EVERYWHERE_KM:
            return []
        area = geo.window(self.point, radius_km)
        bands = range(area.first_band, area.last_band + 1)
        in_bands = (
            PlaceToken.band.in_(_padded(bands))
            if len(bands) <= BAND_LIST_LIMIT
            else PlaceToken.band.between(area.first_band, area.last_band)
        )
        longitudes = or_(*(PlaceToken.lon.between(west, east) for west, east in area.longitudes))
        return [in_bands, longitudes, chord <= geo.chord_squared(radius_km, self.point.latitude)]

    def _position(self) -> dict[str, int]:
        return dict(zip("xyz", geo.earth_centred(self.point), strict=True))


def facet_conditions(wish: Wishes, table: Any) -> list[Condition]:
    """Return the conditions that a row has one value of each facet asked for, and one of the languages."""
    found = [table.facets.op("&")(_word(bits)) != 0 for bits in wish.facets]
    if wish.languages:
        found.append(table.languages.op("&")(_word(wish.languages)) != 0)
    return found


def rarest(tokens: Sequence[int], posted: dict[int, int]) -> int:
    """Return the token to drive on: of those demanded and posted, the one fewest resources hold; else ANY."""
    held = [token for token in tokens if token in posted]
    return min(held, key=lambda token: (posted[token], token), default=index.ANY)


def _padded(bands: Sequence[int]) -> list[int]:
    """Pad an IN list to one of a few lengths, so that PostgreSQL prepares few statements."""
    length = next(size for size in (2, 4, 8, 16, 24, 32, 48, 64) if size >= len(bands))
    return [*bands, *[bands[-1]] * (length - len(bands))]


def _big(name: str) -> ColumnElement[int]:
    return cast(bindparam(name, type_=BigInteger), BigInteger)


def _word(value: int) -> ColumnElement[int]:
    return bindparam(None, value, type_=BigInteger, unique=True)


def _chord() -> ColumnElement[int]:
    """Return the squared chord in metres from the position bound as x, y, z."""
    return _square(PlaceToken.x - _big("x")) + _square(PlaceToken.y - _big("y")) + _square(PlaceToken.z - _big("z"))


def _square(difference: ColumnElement[int]) -> ColumnElement[int]:
    return difference * difference
