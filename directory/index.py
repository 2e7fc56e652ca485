"""resource -> place_token / area_token / text: the search index, rebuilt in whole or for some resources."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import groupby
from typing import Any, cast
from zlib import crc32

from sqlalchemy import Connection, Row, Table, Text, case, delete, func, insert, select, text

from directory import engines, gathering, geo
from directory.id_list import IdList
from directory.index_tables import AreaToken, PlaceDensity, PlaceExtent, PlaceToken, Schedule, TokenCount
from directory.models import Meta, Resource
from directory.needs import folded
from directory.records import Kind, Point, Status
from directory.schedules import Numbering, good_until

# Token numbers: one for every located or area-serving resource, then one per need, facet value and language bit.
ANY = 0
NEED, FACET, LANGUAGE = 1, 64, 128
WORLD = "world"
_BATCH = 500
SHOWN = (str(Status.ACTIVE), str(Status.TEMPORARILY_CLOSED))
# The date of a source counts only where nobody re-checked; lists take longer to read than all the rest.
_TIMED = (
    Resource.kind, Resource.status, Resource.hours, Resource.hours_note, Resource.timezone, Resource.country,
    Resource.region, Resource.last_checked, case((Resource.last_checked.is_(None), Resource.sources)).label("sources"),
)  # fmt: skip
_LOCATED = (
    Resource.id, Resource.latitude, Resource.longitude, Resource.stated, Resource.reach, Resource.facet_bits,
    Resource.language_bits, *_TIMED,
)  # fmt: skip
_INDEXED = (*_LOCATED, Resource.service_area, Resource.audiences, Resource.phone, Resource.sms)
_SAID = (Resource.name, Resource.organization, Resource.city, Resource.eligibility, Resource.description)
_READ_AT_ONCE = 5_000
_STREAMED = {"yield_per": _READ_AT_ONCE}
# The cells in which places are counted: 2 bands high, a tenth of a degree wide.
CELL_BANDS, CELL_STEPS = 2, 1000
_COUNT_CELLS = f"""
    INSERT INTO place_density ("row", "column", resources)
    SELECT band / {CELL_BANDS}, (lon + {180 * geo.LONGITUDE_STEPS}) / {CELL_STEPS}, count(*) FROM place_token
    WHERE token = {ANY} GROUP BY 1, 2
"""
_MEASURE_EXTENTS = f"""
    INSERT INTO place_extent (area, first_band, last_band, west, east, resources)
    SELECT area, min(band), max(band), min(lon), max(lon), count(*) FROM place_token WHERE token = {ANY} GROUP BY area
"""
_PLACES, _AREAS = cast(Table, PlaceToken.__table__), cast(Table, AreaToken.__table__)
_EXTENT = (PlaceExtent.area, PlaceExtent.first_band, PlaceExtent.last_band, PlaceExtent.west, PlaceExtent.east)


@lru_cache(maxsize=4096)
def area_number(country: str | None, region: str | None) -> int:
    """Return the number by which the index knows a region: its country's letters, then 32 bits of its own."""
    own = crc32(region.encode()) if region else 0
    return _country_number(country) << 32 | own


def country_numbers(country: str) -> tuple[int, int]:
    """Return the first and the last number of a country's regions; 0 region is what names none."""
    first = _country_number(country) << 32
    return first, first | 0xFFFF_FFFF


def country_of(area: int) -> str:
    """Return the country that the number of a region is of, "" when it is of none."""
    own = area >> 32
    return chr(own >> 8) + chr(own & 0xFF) if own else ""


def _country_number(country: str | None) -> int:
    return 0 if not country else ord(country[0]) << 8 | ord(country[1])


def tokens(reach: int, facets: int, languages: int) -> Iterator[int]:
    """Return every token a resource holds beside ANY."""
    for first, word in ((NEED, reach), (FACET, facets), (LANGUAGE, languages)):
        left = word
        while left:
            lowest = left & -left
            yield first + lowest.bit_length() - 1
            left ^= lowest


def rebuild(connection: Connection) -> int:
    """Rebuild the whole index, decide anew which tokens are posted, count places; return the number of resources indexed.

    A token is posted when fewer than a quarter of the resources hold it; ANY always is.
    """
    with engines.caching_little(connection):
        return _rebuild(connection)


def _rebuild(connection: Connection) -> int:
    for table in (PlaceToken, AreaToken, TokenCount, PlaceDensity, PlaceExtent, Schedule):
        connection.execute(delete(table))
    connection.execute(text("DELETE FROM resource_text"))
    counts: Counter[int] = Counter()
    offered = (Resource.reach, Resource.facet_bits, Resource.language_bits)
    alike = select(*offered, func.count()).where(Resource.status.in_(SHOWN)).group_by(*offered)
    for reach, facets, languages, resources in connection.execute(alike, execution_options=_STREAMED):
        for token in (ANY, *tokens(reach, facets, languages)):
            counts[token] += resources
    posted = {token: count for token, count in counts.items() if token == ANY or count * 4 < counts[ANY]}
    posted.setdefault(ANY, 0)
    connection.execute(insert(TokenCount), [{"token": token, "resources": count} for token, count in posted.items()])
    with gathering.without_other_indexes(connection, _PLACES):
        _add_all_places(connection, posted.keys())
    connection.execute(text(_COUNT_CELLS))
    connection.execute(text(_MEASURE_EXTENTS))
    everybody = select(Resource.id, *_SAID).where(Resource.status.in_(SHOWN)).order_by(Resource.id)
    for some in connection.execute(everybody, execution_options=_STREAMED).partitions():
        _add_words(connection, some)
    serving = select(Resource.id).where(Resource.service_area.cast(Text) != "[]").order_by(Resource.id)
    ids = IdList(connection.execute(serving, execution_options=_STREAMED).scalars())
    _add(connection, ids, posted.keys(), places_too=False)
    return counts[ANY]


def update(connection: Connection, resource_ids: IdList) -> None:
    """Bring the index up to date for some resources, deleted ones among them.

    The posted tokens stay as they are, so that no posting is ever half there; when the directory has doubled since they
    were chosen, everything is rebuilt.
    """
    posted = dict(connection.execute(select(TokenCount.token, TokenCount.resources)).all())
    if _has_doubled(connection, posted.get(ANY, 0)):
        rebuild(connection)
        return
    for batch in resource_ids.batches(_BATCH):
        for table in (PlaceToken, AreaToken):
            connection.execute(delete(table).where(table.resource_id.in_(batch)))
        forget = f"DELETE FROM resource_text WHERE {_text_key(connection)} = ?"
        engines.many(connection, forget, [(each,) for each in batch])
    _add(connection, resource_ids, posted.keys())
    for batch in resource_ids.batches(_BATCH):
        said = select(Resource.id, *_SAID).where(Resource.id.in_(batch), Resource.status.in_(SHOWN))
        _add_words(connection, connection.execute(said).all())


def _has_doubled(connection: Connection, before: int) -> bool:
    """Return whether more than twice as many resources are shown as ``before``; they are counted only if there may be."""
    next_id = connection.execute(select(Meta.value).where(Meta.key == "next_resource_id")).scalar_one()
    if next_id - 1 <= 2 * before:
        return False
    shown = select(func.count()).select_from(Resource).where(Resource.status.in_(SHOWN))
    return connection.execute(shown).scalar_one() > 2 * before


def _add_all_places(connection: Connection, posted: Iterable[int]) -> None:
    """Write the rows of every place in the order of the table: ANY from the resources, then the other tokens out of ANY."""
    where = (Resource.status.in_(SHOWN), Resource.latitude.is_not(None))
    statement = select(*_LOCATED).where(*where).order_by(Resource.latitude)
    found = connection.execute(statement, execution_options=_STREAMED)
    numbering = Numbering.load(connection)
    ready: list[tuple[int, ...]] = []
    for _band, rows in groupby(found, key=lambda row: geo.band(row.latitude)):
        ready.extend(sorted((ANY, *_place(row, numbering)) for row in rows))
        if len(ready) >= _READ_AT_ONCE:
            engines.insert(connection, _PLACES.name, _PLACES.columns.keys(), ready)
            ready = []
    engines.insert(connection, _PLACES.name, _PLACES.columns.keys(), ready)
    numbering.store(connection)
    others = ", ".join(column.name for column in PlaceToken.__table__.columns if column.name != "token")
    for token in sorted(set(posted) - {ANY}):
        first = next(first for first in (LANGUAGE, FACET, NEED) if token >= first)
        word = {LANGUAGE: "languages", FACET: "facets", NEED: "reach"}[first]
        connection.execute(
            text(
                f"INSERT INTO place_token (token, {others}) SELECT {token}, {others} FROM place_token "
                f"WHERE token = {ANY} AND {word} & {1 << token - first} <> 0 ORDER BY band, lon, resource_id"
            )
        )


def _place(row: Any, numbering: Numbering) -> tuple[int, ...]:
    """Return where a resource stands and what it offers, in the order of the table's columns after ``token``."""
    point = Point(row.latitude, row.longitude)
    return (
        geo.band(point.latitude), geo.longitude_step(point.longitude), row.id, row.stated, row.reach, row.facet_bits,
        row.language_bits, *geo.earth_centred(point), area_number(row.country, row.region),
        numbering.number(row._mapping), good_until(row._mapping),
    )  # fmt: skip


def _add(connection: Connection, ids: IdList, posted: Iterable[int], *, places_too: bool = True) -> None:
    """Write the rows of the areas that some resources serve and, unless they are written, of the places they stand at."""
    posted = set(posted)
    numbering = Numbering.load(connection)
    extents = _Extents.load(connection)
    for batch in ids.batches(_BATCH):
        found = connection.execute(select(*_INDEXED).where(Resource.id.in_(batch), Resource.status.in_(SHOWN))).all()
        places: list[tuple[Any, ...]] = []
        areas: list[tuple[Any, ...]] = []
        for row in found:
            located = places_too and row.latitude is not None
            if not located and not row.service_area:
                continue
            held = [ANY, *(token for token in tokens(row.reach, row.facet_bits, row.language_bits) if token in posted)]
            if located:
                place = _place(row, numbering)
                places.extend((token, *place) for token in held)
                extents.widen(area_number(row.country, row.region), place[0], place[1])
            if row.service_area:
                offers = _offers(row, numbering)
                for area in dict.fromkeys(row.service_area):
                    areas.extend((token, area, _rank(row, area), row.id, *offers) for token in held)
        engines.insert(connection, _PLACES.name, _PLACES.columns.keys(), sorted(places))
        engines.insert(connection, _AREAS.name, _AREAS.columns.keys(), sorted(areas))
    numbering.store(connection)
    extents.store(connection)


def _add_words(connection: Connection, said: Iterable[Sequence[Any]]) -> None:
    """Write the words that some resources are found by; each is given as its id and what it says."""
    rows = [(each[0], folded(" ".join(part for part in each[1:] if part))) for each in said]
    engines.insert(connection, "resource_text", (_text_key(connection), "words"), rows)


def _offers(row: Any, numbering: Numbering) -> tuple[int, ...]:
    """Return what a resource offers to the areas it serves, in the order of the table's columns after ``resource_id``."""
    door = (0, 0, 0) if row.latitude is None else geo.earth_centred(Point(row.latitude, row.longitude))
    return (
        row.stated, row.reach, row.facet_bits, row.language_bits, numbering.number(row._mapping), good_until(row._mapping),
        *door, area_number(row.country, row.region),
    )  # fmt: skip


@dataclass(slots=True)
class _Extents:
    """The extents of all regions, widened by new places; what is gone leaves them as wide as they were."""

    known: dict[int, tuple[int, int, int, int]]
    _changed: set[int] = field(default_factory=set)

    @classmethod
    def load(cls, connection: Connection) -> _Extents:
        return cls({row[0]: (row[1], row[2], row[3], row[4]) for row in connection.execute(select(*_EXTENT))})

    def widen(self, area: int, band: int, lon: int) -> None:
        first, last, west, east = self.known.get(area, (band, band, lon, lon))
        wide = (min(first, band), max(last, band), min(west, lon), max(east, lon))
        if self.known.get(area) != wide:
            self.known[area] = wide
            self._changed.add(area)

    def store(self, connection: Connection) -> None:
        """Write what has changed; how many resources a region holds stays as it was counted."""
        if not self._changed:
            return
        counted = select(PlaceExtent.area, PlaceExtent.resources).where(PlaceExtent.area.in_(self._changed))
        before = dict(connection.execute(counted).all())
        connection.execute(delete(PlaceExtent).where(PlaceExtent.area.in_(self._changed)))
        names = [column.name for column in PlaceExtent.__table__.columns]
        rows = [(area, *self.known[area], before.get(area, 0)) for area in sorted(self._changed)]
        connection.execute(insert(PlaceExtent), [dict(zip(names, row, strict=True)) for row in rows])


def _text_key(connection: Connection) -> str:
    """Return the column by which the texts of resources are found."""
    return "rowid" if connection.dialect.name == "sqlite" else "resource_id"


def _rank(row: Row[Any], area: str) -> int:
    """Return the order within an area: the nearest area first, then for everyone, then somebody answers, then checked."""
    nearness = 3 if area == WORLD else 2 - area.count("-")
    children_only = bool(row.audiences) and set(row.audiences) <= {"children", "adolescents"}
    for_some = bool(row.audiences) and row.kind == Kind.CRISIS_LINE
    voiceless = row.phone is None and row.sms is None
    return nearness * 1000 + children_only * 100 + for_some * 10 + voiceless * 4 + (row.last_checked is None) * 2


def search_words(rest: str, dialect: str) -> str:
    """Return what the free-text index is asked for some words: all of them, each as a prefix, each quoted."""
    words = folded(rest).split()[:10]
    if dialect == "sqlite":
        return " ".join(f'"{word}"*' for word in words)
    return " & ".join(f"'{word}':*" for word in words)


def words_statement(dialect: str, mark: str = "?") -> str:
    """Return the statement that finds the resources having the words bound at ``mark``."""
    if dialect == "sqlite":
        return f"SELECT rowid AS worded FROM resource_text WHERE resource_text MATCH {mark}"
    return f"SELECT resource_id AS worded FROM resource_text WHERE to_tsvector('simple', words) @@ to_tsquery('simple', {mark})"
