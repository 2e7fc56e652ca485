"""What to export: the whole directory, one source, or all that answers a query."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, or_, select, true

from directory import index, tiers
from directory.errors import BadQuery, NotFound
from directory.index_tables import AreaToken, PlaceToken
from directory.matches import opening
from directory.models import Listing, Resource, Source
from directory.needs import Vocabulary
from directory.query import Query
from directory.records import Kind, OpenState
from directory.search import Searcher

REMOTE_LIMIT = 1000
_BATCH = 500
STREAMED = {"stream_results": True, "yield_per": _BATCH}
"""Execution options of a query whose rows are read one batch at a time."""
_PAGE = 100


@dataclass(frozen=True, slots=True)
class Chosen:
    """What is exported. ``ids`` are resources in the order of a search (None: all); ``source`` the key of one source.

    ``notes`` say what the search left out.
    """

    ids: tuple[int, ...] | None = None
    source: str | None = None
    notes: tuple[str, ...] = ()


EVERYTHING = Chosen()


def chosen(searcher: Searcher, query: Query, source: str | None = None, most: int | None = None) -> Chosen:
    """Return what answers a query in full: it reaches all needs asked, within the radius of the place or by phone or online.

    Nothing is widened, no page ends it; crisis lines of the place are among it unless other kinds are asked. Without a
    place every resource that satisfies the rest is chosen. ``most`` limits each group.

    Raises:
        BadQuery: nobody knows the place, or several have its name; ``field`` is "near".
        NotFound: there is no such source.
    """
    if source is not None:
        with searcher.database.reading() as connection:
            _refuse_unknown(connection, source)
    if query.near:
        return _near(searcher, query, source, most)
    asks = query.needs or query.words or query.facets or query.age is not None or query.open_now or most is not None
    if not asks:
        return Chosen(source=source)
    with searcher.database.reading() as connection:
        return Chosen(tuple(islice(_everywhere(connection, searcher.vocabulary, query), most)), source)


def one(searcher: Searcher, resource_id: int, source: str | None = None) -> Chosen:
    """Return one resource, also by an id it had before it was merged.

    Raises:
        NotFound: there is no such resource, or no such source.
    """
    if source is not None:
        with searcher.database.reading() as connection:
            _refuse_unknown(connection, source)
    found = searcher.resource(resource_id)
    return Chosen((found if isinstance(found, int) else resource_id,), source)


def rows(connection: Connection, what: Chosen, *, active: bool = False) -> Iterator[Mapping[str, Any]]:
    """Yield the rows of the chosen resources; with ``active`` only of what is not closed or replaced."""
    columns = Resource.__table__.columns
    conditions: list[ColumnElement[bool]] = [Resource.status.in_(index.SHOWN)] if active else []
    if what.source is not None:
        listed = select(Listing.resource_id).join(Source, Source.id == Listing.source_id)
        conditions.append(Resource.id.in_(listed.where(Source.key == what.source)))
    if what.ids is not None:
        for batch in batches(what.ids):
            here = select(*columns).where(Resource.id.in_(batch), *conditions)
            found = {row["id"]: dict(row) for row in connection.execute(here).mappings()}
            yield from (found[each] for each in batch if each in found)
        return
    query = select(*columns).where(*conditions).order_by(Resource.id)
    for row in connection.execute(query, execution_options=STREAMED).mappings():
        yield dict(row)


def batches(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    """Yield ids in lists that one statement can bind."""
    for start in range(0, len(ids), _BATCH):
        yield ids[start : start + _BATCH]


def _near(searcher: Searcher, query: Query, source: str | None, most: int | None) -> Chosen:
    remote_limit = min(most or REMOTE_LIMIT, REMOTE_LIMIT)
    results = searcher.search(replace(query, limit=remote_limit))
    if results.place is None:
        raise BadQuery(_which_place(query.near, [each.name for each in results.candidates]), field="near")
    kinds = query.facets.get("kind", ())
    lines = results.crisis if not kinds or Kind.CRISIS_LINE in kinds else ()
    ids = [match.resource["id"] for match in lines]
    nearby_ids, left_out = _nearby(searcher, query, most)
    ids.extend(nearby_ids)
    remote = [match for match in results.remote if match.tier <= tiers.REACHES_ALL]
    ids.extend(match.resource["id"] for match in remote)
    notes = []
    if most is None and len(results.remote) == REMOTE_LIMIT:
        notes.append(f"of what helps by phone or online only the first {REMOTE_LIMIT:,} were written")
    if left_out or len(remote) < len(results.remote):
        notes.append("what covers only some of the needs asked, or lies beyond the radius, was left out (--radius-km)")
    return Chosen(tuple(dict.fromkeys(each for each in ids if each)), source, tuple(notes))


def _nearby(searcher: Searcher, query: Query, most: int | None) -> tuple[list[int], bool]:
    """Return the ids of what is near, best first, and whether a search would show more: less fitting, or further away."""
    found: list[int] = []
    page = replace(query, limit=_PAGE)
    while True:
        results = searcher.search(page)
        matches = [each for each in results.nearby if each.relaxed is None and each.tier <= tiers.REACHES_ALL]
        found.extend(match.resource["id"] for match in matches)
        following = results.next_page
        if most is not None and len(found) >= most:
            return found[:most], False
        if following is None or following.within is None or len(matches) < len(results.nearby):
            return found, len(matches) < len(results.nearby) or following is not None
        page = replace(query, limit=_PAGE, after=following)


def _everywhere(connection: Connection, vocabulary: Vocabulary, query: Query) -> Iterator[int]:
    """Yield the ids of all resources that satisfy a query without a place."""
    wish = tiers.wishes(query, vocabulary, None)
    covers = [cover for tier, found in tiers.tiers(wish, vocabulary) if tier <= tiers.REACHES_ALL for cover in found]
    found: set[int] = set()
    for table in (PlaceToken, AreaToken):
        reaches = or_(*(and_(true(), *cover.on(table)) for cover in covers))
        facets = [test.on(table) for test in wish.facets]
        here = (table.token == index.ANY, reaches, *facets, *wish.conditions(connection.dialect.name))
        statement = select(table.resource_id).join(Resource, Resource.id == table.resource_id).where(*here)
        found.update(connection.execute(statement.distinct()).scalars())
    if not query.open_now:
        yield from sorted(found)
        return
    for row in rows(connection, Chosen(tuple(sorted(found)))):
        if opening(row, query.at).state is OpenState.OPEN:
            yield row["id"]


def _which_place(near: str, candidates: Sequence[str]) -> str:
    if not candidates:
        return f"We could not find a place called '{near}'. Try a ZIP or postcode, or a city with its state."
    return f"There are several places called '{near}': {'; '.join(candidates[:8])}. Say which one."


def _refuse_unknown(connection: Connection, source: str) -> None:
    known = connection.execute(select(Source.key).order_by(Source.key)).scalars().all()
    if source not in known:
        raise NotFound(f"there is no source '{source}'; the sources are: {', '.join(known) or 'none'}", field="source")
