"""What to export: the whole directory, one source, or what answers a query; read in a stream, and written as it is read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO

from sqlalchemy import Connection, func, select

from directory import corrections, merge, naming
from directory.choosing import STREAMED, Chosen, batches, rows
from directory.hsds import full, tabular
from directory.hsds.words import Words
from directory.models import Listing as StoredListing
from directory.models import Resource, Source
from directory.records import Listing, loads, without_door
from directory.sameness import Sourced
from directory.search import Searcher
from directory.writers import geojson, listings, meeting_guide
from directory.writers.listings import Provenance

_BATCH = 500


def sources(connection: Connection, what: Chosen) -> list[Provenance]:
    """Return the sources whose listings are exported, by key."""
    columns = (
        Source.key,
        Source.name,
        Source.publisher,
        Source.terms,
        Source.url,
        Source.retrieved,
        Source.mode,
        Source.note,
    )
    if what.source is not None:
        return [Provenance(*row) for row in connection.execute(select(*columns).where(Source.key == what.source))]
    if what.ids is None:
        held = set(connection.execute(select(StoredListing.source_id).distinct()).scalars())
    else:
        held = set()
        for batch in batches(what.ids):
            here = select(StoredListing.source_id).where(StoredListing.resource_id.in_(batch)).distinct()
            held |= set(connection.execute(here).scalars())
    query = select(*columns).where(Source.id.in_(held)).order_by(Source.key)
    return [Provenance(*row) for row in connection.execute(query)]


def listed(connection: Connection, what: Chosen) -> Iterator[Listing]:
    """Yield the listings of what is chosen as the directory shows them: corrected, and no door of a confidential place.

    An id that several sources use becomes ``source.id``. Listings flagged missing are among them: they are shown still.
    """
    touched, renamed = _touched(connection), _renamed(connection, what)
    for row in _stored(connection, what):
        listing = loads(row.record)
        if row.resource_id in touched:
            listing = _as_shown(listing, touched[row.resource_id])
        name = renamed.get((row.source_id, listing.external_id))
        yield replace(listing, external_id=name) if name else listing


def write_listings(searcher: Searcher, what: Chosen, stream: TextIO) -> int:
    """Write our own CSV and return how many rows."""
    with searcher.database.reading() as connection:
        return listings.write(listed(connection, what), stream)


def write_geojson(searcher: Searcher, what: Chosen, stream: TextIO) -> int:
    """Write GeoJSON of what is not closed and return how many features."""
    with searcher.database.reading() as connection:
        return geojson.write(rows(connection, what, active=True), stream, searcher.vocabulary)


def write_meetings(
    searcher: Searcher, what: Chosen, stream: TextIO, data_folder: Path, at: datetime
) -> meeting_guide.Written:
    """Write Meeting Guide JSON of the support groups that are not closed."""
    known = meeting_guide.types(data_folder, searcher.vocabulary)
    with searcher.database.reading() as connection:
        return meeting_guide.write(rows(connection, what, active=True), stream, known, at)


def write_hsds(searcher: Searcher, what: Chosen, stream: TextIO) -> int:
    """Write HSDS JSON, an array of full services, and return how many."""
    with searcher.database.reading() as connection:
        return full.write(rows(connection, what), stream, Words.of(searcher.vocabulary, searcher.gazetteer))


def write_hsds_tables(searcher: Searcher, what: Chosen, target: Path) -> int:
    """Write an HSDS tabular package into a folder, or a zip by its name, and return how many services.

    Raises:
        BadQuery: as ``tabular.write``.
    """
    with searcher.database.reading() as connection:
        return tabular.write(rows(connection, what), target, Words.of(searcher.vocabulary, searcher.gazetteer))


def _stored(connection: Connection, what: Chosen) -> Iterator[Any]:
    query = select(StoredListing.id, StoredListing.record, StoredListing.resource_id, StoredListing.source_id)
    if what.source is not None:
        query = query.where(
            StoredListing.source_id == select(Source.id).where(Source.key == what.source).scalar_subquery()
        )
    if what.ids is None:
        yield from connection.execute(query.order_by(StoredListing.id), execution_options=STREAMED)
        return
    for batch in batches(what.ids):
        place = {resource_id: number for number, resource_id in enumerate(batch)}
        rows = connection.execute(query.where(StoredListing.resource_id.in_(batch))).all()
        yield from sorted(rows, key=lambda row: (place[row.resource_id], row.id))


@dataclass(frozen=True, slots=True)
class _Touched:
    """A resource whose listings are not shown as their sources have them: what is corrected, and the listing that hides it.

    That is the confidential one; where another resource's hides it, its own with nothing but city and region.
    """

    corrected: merge.Corrected
    hidden: Listing | None


def _touched(connection: Connection) -> dict[int, _Touched]:
    """Return the resources with corrections, and those that a confidential listing hides."""
    held = corrections.load(connection)
    groups: set[int] = set()
    for ref in held:
        here = select(StoredListing.resource_id).join(Source, Source.id == StoredListing.source_id)
        query = here.where(Source.key == ref.source, StoredListing.external_id == ref.external_id)
        groups.update(each for each in connection.execute(query).scalars() if each is not None)
    hidden = select(Resource.id).where(Resource.confidential_location.is_(True))
    confidential = set(connection.execute(hidden).scalars())
    groups |= confidential
    found: dict[int, _Touched] = {}
    for batch in batches(sorted(groups)):
        ids = connection.execute(select(StoredListing.id).where(StoredListing.resource_id.in_(batch))).scalars().all()
        members: dict[int, list[Sourced]] = defaultdict(list)
        for each in naming.sourced(connection, ids):
            members[each.resource_id or 0].append(each)
        for resource_id, group in members.items():
            hiding = next((each.listing for each in group if each.listing.confidential_location), None)
            if hiding is None and resource_id in confidential:
                hiding = merge.hidden(group)[0].listing
            found[resource_id] = _Touched(corrections.of(group, held), hiding)
    return found


def _as_shown(listing: Listing, touched: _Touched) -> Listing:
    """Return a listing with what was corrected and confirmed, and beside a confidential one without what may tell its door."""
    hiding = touched.hidden
    if hiding is not None and not listing.confidential_location:
        words: dict[str, Any] = {name: getattr(hiding, name) for name in ("name", "country", *merge.WORDS)}
        area, phone = listing.service_area or hiding.service_area, listing.phone or hiding.phone
        listing = replace(without_door(listing), **words, service_area=area, phone=phone)
    return _as_checked(merge.as_corrected(listing, touched.corrected.values), touched.corrected.check)


def _as_checked(listing: Listing, check: merge.Check | None) -> Listing:
    phone = listing.phone
    dialled = (phone.number, phone.extension, phone.press) if phone else (None, None, None)
    if check is None or check.contact[:3] != dialled or listing.sms not in {None, check.contact[3]}:
        return listing
    known = listing.last_checked
    if known is not None and known > (check.on or check.made_on):
        return listing
    return replace(listing, last_checked=check.on, checked_by=check.by if check.on else None)


def _renamed(connection: Connection, what: Chosen) -> dict[tuple[int, str], str]:
    """Return the names of ids that several sources use, by source; none when one source alone is exported."""
    if what.source is not None or len(sources(connection, what)) < 2:
        return {}
    several = select(StoredListing.external_id).group_by(StoredListing.external_id).having(func.count() > 1)
    held = dict(connection.execute(select(Source.key, Source.id)).all())
    doubled = select(Source.key, StoredListing.external_id).join(Source, Source.id == StoredListing.source_id)
    ids = connection.execute(
        doubled.where(StoredListing.external_id.in_(several)).order_by(Source.key, StoredListing.id)
    )
    names = listings.taken_apart([(row.key, row.external_id) for row in ids])
    return {(held[key], external_id): name for (key, external_id), name in names.items()}
