"""resource -> place_token / area_token / text: the search index, rebuilt in whole or for some resources."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, text

from directory import geo
from directory.models import AreaToken, PlaceToken, Resource, TokenCount
from directory.needs import folded
from directory.records import Kind, Point, Status

# Token numbers: one for every located or area-serving resource, then one per need, facet value and language bit.
ANY = 0
NEED, FACET, LANGUAGE = 1, 64, 128
WORLD = "world"
_BATCH = 500
SHOWN = (str(Status.ACTIVE), str(Status.TEMPORARILY_CLOSED))
_INDEXED = (
    Resource.id, Resource.kind, Resource.name, Resource.organization, Resource.description, Resource.city,
    Resource.eligibility, Resource.latitude, Resource.longitude, Resource.service_area, Resource.status, Resource.stated,
    Resource.reach, Resource.facet_bits, Resource.language_bits, Resource.audiences, Resource.last_checked,
    Resource.phone, Resource.sms,
)  # fmt: skip


def tokens(reach: int, facets: int, languages: int) -> Iterator[int]:
    """Return every token a resource holds beside ANY."""
    for first, word in ((NEED, reach), (FACET, facets), (LANGUAGE, languages)):
        for bit in range(word.bit_length()):
            if word >> bit & 1:
                yield first + bit


def rebuild(connection: Connection) -> int:
    """Rebuild the whole index and decide anew which tokens are posted; return the number of resources indexed.

    A token is posted when fewer than a quarter of the resources hold it; ANY always is.
    """
    for table in (PlaceToken, AreaToken, TokenCount):
        connection.execute(delete(table))
    connection.execute(text("DELETE FROM resource_text"))
    counts: Counter[int] = Counter()
    words = select(Resource.reach, Resource.facet_bits, Resource.language_bits).where(Resource.status.in_(SHOWN))
    for reach, facets, languages in connection.execute(words):
        counts[ANY] += 1
        counts.update(tokens(reach, facets, languages))
    posted = {token: count for token, count in counts.items() if token == ANY or count * 4 < counts[ANY]}
    posted.setdefault(ANY, 0)
    connection.execute(insert(TokenCount), [{"token": token, "resources": count} for token, count in posted.items()])
    ids = connection.execute(select(Resource.id).order_by(Resource.id)).scalars().all()
    return _add(connection, ids, posted.keys())


def update(connection: Connection, resource_ids: Iterable[int]) -> None:
    """Bring the index up to date for some resources, deleted ones among them.

    The posted tokens stay as they are, so that no posting is ever half there; when the directory has doubled since they
    were chosen, everything is rebuilt.
    """
    posted = dict(connection.execute(select(TokenCount.token, TokenCount.resources)).all())
    shown = select(func.count()).select_from(Resource).where(Resource.status.in_(SHOWN))
    total = connection.execute(shown).scalar_one()
    if total > 2 * posted.get(ANY, 0):
        rebuild(connection)
        return
    ids = sorted(set(resource_ids))
    for start in range(0, len(ids), _BATCH):
        batch = ids[start : start + _BATCH]
        for table in (PlaceToken, AreaToken):
            connection.execute(delete(table).where(table.resource_id.in_(batch)))
        column = "rowid" if connection.dialect.name == "sqlite" else "resource_id"
        connection.execute(
            text(f"DELETE FROM resource_text WHERE {column} = :id"),
            [{"id": each} for each in batch],
        )
    _add(connection, ids, posted.keys())


def _add(connection: Connection, ids: Iterable[int], posted: Iterable[int]) -> int:
    wanted, posted, indexed = list(ids), set(posted), 0
    column = "rowid" if connection.dialect.name == "sqlite" else "resource_id"
    add_text = text(f"INSERT INTO resource_text ({column}, words) VALUES (:id, :words)")
    for start in range(0, len(wanted), _BATCH):
        batch = wanted[start : start + _BATCH]
        found = connection.execute(select(*_INDEXED).where(Resource.id.in_(batch), Resource.status.in_(SHOWN))).all()
        places: list[dict[str, Any]] = []
        areas: list[dict[str, Any]] = []
        texts: list[dict[str, Any]] = []
        for row in found:
            words = {
                "stated": row.stated, "reach": row.reach, "facets": row.facet_bits, "languages": row.language_bits,
                "resource_id": row.id,
            }  # fmt: skip
            held = [ANY, *(token for token in tokens(row.reach, row.facet_bits, row.language_bits) if token in posted)]
            if row.latitude is not None:
                point = Point(row.latitude, row.longitude)
                x, y, z = geo.earth_centred(point)
                where = {
                    "band": geo.band(point.latitude),
                    "lon": geo.longitude_step(point.longitude),
                    "x": x,
                    "y": y,
                    "z": z,
                }
                places.extend({"token": token, **where, **words} for token in held)
            for area in dict.fromkeys(row.service_area):
                areas.extend({"token": token, "area": area, "rank": _rank(row, area), **words} for token in held)
            texts.append({"id": row.id, "words": _words(row)})
        for table, rows in ((PlaceToken, places), (AreaToken, areas)):
            if rows:
                rows.sort(key=lambda each: tuple(each[c.name] for c in table.__table__.primary_key))
                connection.execute(insert(table), rows)
        if texts:
            connection.execute(add_text, texts)
        indexed += len(found)
    return indexed


def _rank(row: Row[Any], area: str) -> int:
    """Return the order within an area: the nearest area first, then for everyone, then somebody answers, then checked."""
    nearness = 3 if area == WORLD else 2 - area.count("-")
    children_only = bool(row.audiences) and set(row.audiences) <= {"children", "adolescents"}
    for_some = bool(row.audiences) and row.kind == Kind.CRISIS_LINE
    voiceless = row.phone is None and row.sms is None
    return nearness * 1000 + children_only * 100 + for_some * 10 + voiceless * 4 + (row.last_checked is None) * 2


def _words(row: Row[Any]) -> str:
    parts = (row.name, row.organization, row.city, row.eligibility, row.description)
    return folded(" ".join(part for part in parts if part))


def search_words(rest: str, dialect: str) -> str:
    """Return what the free-text index is asked for some words: all of them, each as a prefix, each quoted."""
    words = folded(rest).split()[:10]
    if dialect == "sqlite":
        return " ".join(f'"{word}"*' for word in words)
    return " & ".join(f"'{word}':*" for word in words)
