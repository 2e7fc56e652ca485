"""One import taken back: every listing as it was before, also those of other sources that the run moved."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import Connection, delete, insert, select, update

from directory import resources
from directory.models import ImportRun, Listing, ListingChange, ListingMove, MergeKey, ResourceAlias, Source
from directory.staging import Report


@dataclass(slots=True)
class Touched:
    """The ids of listings that were put back, and of the resources they were taken out of."""

    listings: set[int] = field(default_factory=set)
    emptied: set[int] = field(default_factory=set)


def take_back(connection: Connection, source_id: int, run: int, report: Report) -> Touched:
    """Put everything a run changed back to what it was; return what was touched."""
    touched = Touched()
    _listings(connection, source_id, run, report, touched)
    _source_and_moves(connection, source_id, run, touched)
    return touched


def _listings(connection: Connection, source_id: int, run: int, report: Report, touched: Touched) -> None:
    """Put every listing a run changed back to what it was."""
    changes = connection.execute(select(ListingChange).where(ListingChange.import_run_id == run)).all()
    for change in changes:
        here = (Listing.source_id == source_id, Listing.external_id == change.external_id)
        now = connection.execute(select(Listing.id, Listing.resource_id).where(*here)).one_or_none()
        if change.resource_id is not None:
            connection.execute(delete(ResourceAlias).where(ResourceAlias.old_id == change.resource_id))
        if now is not None and now.resource_id is not None:
            touched.emptied.add(now.resource_id)
        if change.record is None:
            if now is not None:
                connection.execute(delete(MergeKey).where(MergeKey.listing_id == now.id))
                connection.execute(delete(Listing).where(Listing.id == now.id))
                report.removed += 1
            continue
        values = {
            "content_hash": change.content_hash,
            "record": change.record,
            "raw_hash": None,
            "missing_since_run_id": change.missing_since_run_id,
        }
        if now is None:
            values |= {
                "id": change.listing_id,
                "source_id": source_id,
                "external_id": change.external_id,
                "resource_id": change.resource_id,
            }
            connection.execute(insert(Listing).values(**values))
            touched.listings.add(change.listing_id)
            report.added += 1
        else:
            values["resource_id"] = change.resource_id
            connection.execute(update(Listing).where(Listing.id == now.id).values(**values))
            touched.listings.add(now.id)
            report.changed += 1
    resources.store_keys(connection, touched.listings)
    connection.execute(delete(ListingChange).where(ListingChange.import_run_id == run))


def _source_and_moves(connection: Connection, source_id: int, run: int, touched: Touched) -> None:
    """Put back the source's name and date from before a run, and every listing the run moved."""
    text_before = connection.execute(select(ImportRun.source_before).where(ImportRun.id == run)).scalar_one()
    if text_before is not None:
        before = json.loads(text_before)
        retrieved = date.fromisoformat(before["retrieved"]) if before["retrieved"] else None
        connection.execute(
            update(Source).where(Source.id == source_id).values(name=before["name"], retrieved=retrieved)
        )
        touched.listings |= set(connection.execute(select(Listing.id).where(Listing.source_id == source_id)).scalars())
    moves = connection.execute(
        select(ListingMove.listing_id, ListingMove.resource_id).where(ListingMove.import_run_id == run)
    ).all()
    for move in moves:
        now = connection.execute(select(Listing.resource_id).where(Listing.id == move.listing_id)).scalar_one_or_none()
        if now is None:
            continue
        touched.listings.add(move.listing_id)
        touched.emptied.add(now)
        connection.execute(update(Listing).where(Listing.id == move.listing_id).values(resource_id=move.resource_id))
        connection.execute(delete(ResourceAlias).where(ResourceAlias.old_id == move.resource_id))
    connection.execute(delete(ListingMove).where(ListingMove.import_run_id == run))
