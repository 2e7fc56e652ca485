"""A source brought to what is staged: its listings compared, kept, flagged or taken out, its resources built anew."""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, text, update

from directory import corrections, decisions, outcome, resources, staging, withholding
from directory.errors import ImportRefused
from directory.geocoding import Gazetteer
from directory.id_list import IdList
from directory.importers.sources import Source as SourceFile
from directory.models import ImportRun, Listing, ListingMove, MergeKey, Source
from directory.needs import Vocabulary
from directory.staging import Report

REMOVAL_SHARE = 0.20
REMOVAL_ROWS = 5
_BATCH = 500
_STREAMED = {"yield_per": 20_000}


def switch(
    connection: Connection,
    source: SourceFile,
    report: Report,
    kept: set[str],
    vocabulary: Vocabulary,
    gazetteer: Gazetteer,
    *,
    allow_removals: bool = False,
) -> None:
    """Bring a source's listings to the staged rows and write what that did into the report.

    ``kept`` are the ids of refused rows, whose old listings stay.

    Raises:
        ImportRefused: as ``Directory.ingest``.
    """
    _refuse_too_few(source, report)
    source_id = _switch(connection, source, report, kept, vocabulary, gazetteer, allow_removals)
    report.merged = outcome.merged(connection, source_id)
    report.placed = outcome.placed(connection, source_id)
    report.conflicts = list(corrections.conflicts(connection, source.key, source_id))
    report.notes.extend(_undecided(connection, source_id))


def _switch(
    connection: Connection,
    source: SourceFile,
    report: Report,
    kept: set[str],
    vocabulary: Vocabulary,
    gazetteer: Gazetteer,
    allow_removals: bool,
) -> int:
    source_id, before = _store_source(connection, source)
    values = {"source": source_id}
    if connection.execute(text(staging.OVERTAKEN), values).scalar_one():
        raise ImportRefused(
            f"{source.key}: its listings were changed while the file was read; nothing was changed. Import it again"
        )
    missing = _missing(connection, source_id, kept) if source.mode == "full" else []
    report.missing = len(missing)
    if (
        len(missing) >= REMOVAL_ROWS
        and len(missing) > (held := _held(connection, source_id)) * REMOVAL_SHARE
        and not allow_removals
    ):
        raise ImportRefused(
            f"{source.key}: {len(missing)} of {held} listings are missing from this file, more than a fifth; nothing was "
            "changed. If that is right, import it again with --allow-removals"
        )
    started = {
        "source_id": source_id,
        "finished_at": datetime.now(UTC).replace(tzinfo=None),
        "counts": {},
        "undone": False,
    }
    run = connection.execute(insert(ImportRun).values(**started).returning(ImportRun.id)).scalar_one()
    connection.execute(text(staging.REMEMBER), {**values, "run": run})
    corrections.forget_confidential(connection, source.key, source_id)
    report.hidden = staging.forget_streets(connection, source_id)
    gone = [row.external_id for row in missing if allow_removals or row.missing_since_run_id is not None]
    newly = [row.external_id for row in missing if not allow_removals and row.missing_since_run_id is None]
    report.diff = list(staging.diff(connection, source_id, gone, newly)) if report.dry_run else []
    emptied = _flag_missing(connection, source_id, run, gone, newly)
    report.removed = len(gone)
    report.unchanged = connection.execute(text(staging.UNCHANGED), values).scalar_one()
    returned = connection.execute(text(staging.RETURNED), values).scalar_one()
    own = array("q", connection.execute(text(staging.CHANGED), values, execution_options=_STREAMED).scalars())
    report.changed = len(own)
    connection.execute(text(staging.UPDATE), values)
    connection.execute(text(staging.READ_ANEW), values)
    connection.execute(text(staging.NO_LONGER_MISSING), values)
    newest = connection.execute(select(func.coalesce(func.max(Listing.id), 0))).scalar_one()
    report.added = connection.execute(text(staging.ADD), values).rowcount
    of_source = select(Listing.id).where(Listing.source_id == source_id).order_by(Listing.id)
    if report.added:
        own.extend(connection.execute(of_source.where(Listing.id > newest), execution_options=_STREAMED).scalars())
    brought = touched = IdList(own)
    if before is not None:
        touched = IdList(connection.execute(of_source, execution_options=_STREAMED).scalars())
    if not (touched or emptied or report.removed or returned or newly):
        connection.execute(delete(ImportRun).where(ImportRun.id == run))
        return source_id
    resources.store_staged_keys(connection, source_id, brought)
    moved = resources.refresh(connection, touched, vocabulary, gazetteer, emptied=emptied)
    if moved:
        moves = [{"import_run_id": run, "listing_id": k, "resource_id": v} for k, v in moved.items()]
        connection.execute(insert(ListingMove), moves)
    report.kept_apart = outcome.kept_apart(connection, brought)
    done = {"counts": report.counts, "source_before": json.dumps(before) if before is not None else None}
    connection.execute(update(ImportRun).where(ImportRun.id == run).values(**done))
    return source_id


def _missing(connection: Connection, source_id: int, kept: set[str]) -> list[Any]:
    """Return the id and ``missing_since_run_id`` of the listings of a source that its file does not have."""
    old = select(Listing.external_id, Listing.missing_since_run_id).where(
        Listing.source_id == source_id, text("external_id NOT IN (SELECT external_id FROM staging)")
    )
    return [row for row in connection.execute(old) if row.external_id not in kept]


def _held(connection: Connection, source_id: int) -> int:
    held = select(func.count()).select_from(Listing).where(Listing.source_id == source_id)
    return connection.execute(held).scalar_one()


def _undecided(connection: Connection, source_id: int) -> Iterator[str]:
    """Say which open listings are shown without their street, because they may be a place that another one hides."""
    for shown, hidden in withholding.undecided(connection, source_id, decisions.load(connection)):
        yield (
            f"{shown.ref} has the name and number of {hidden.ref}, which is confidential: its street is withheld until you "
            f"decide: directory merge {shown.ref} {hidden.ref} if it is that place, with --not-same if it is another"
        )


def _refuse_too_few(source: SourceFile, report: Report) -> None:
    good = report.rows - report.refused - report.duplicates
    if good < source.minimum_rows:
        raise ImportRefused(
            f"{source.key}: only {good} usable rows, and its .toml expects at least {source.minimum_rows}; nothing was changed. "
            "Is the file cut short? If not, lower minimum_rows"
        )


def _store_source(connection: Connection, source: SourceFile) -> tuple[int, dict[str, str | None] | None]:
    """Store what is true of a source; return its id, and its former name and date when pages must show new ones."""
    values = {
        "name": source.name, "publisher": source.publisher, "terms": source.terms, "url": source.url,
        "retrieved": source.retrieved, "mode": source.mode, "note": source.note,
    }  # fmt: skip
    columns = (Source.id, Source.name, Source.retrieved)
    found = connection.execute(select(*columns).where(Source.key == source.key)).one_or_none()
    if found is None:
        new = insert(Source).values(key=source.key, **values).returning(Source.id)
        return connection.execute(new).scalar_one(), None
    connection.execute(update(Source).where(Source.id == found.id).values(**values))
    if (found.name, found.retrieved) == (source.name, source.retrieved):
        return found.id, None
    return found.id, {"name": found.name, "retrieved": found.retrieved.isoformat() if found.retrieved else None}


def _flag_missing(
    connection: Connection, source_id: int, run: int, gone: Sequence[str], newly: Sequence[str]
) -> set[int]:
    """Remember, then delete or flag the missing listings; return the resources that deleted ones belonged to."""
    emptied: set[int] = set()
    remember = text(staging.REMEMBER_ONE)
    for external_id in [*gone, *newly]:
        connection.execute(remember, {"run": run, "source": source_id, "id": external_id})
    for start in range(0, len(gone), _BATCH):
        these = (Listing.source_id == source_id, Listing.external_id.in_(gone[start : start + _BATCH]))
        ids = connection.execute(select(Listing.id, Listing.resource_id).where(*these)).all()
        emptied |= {row.resource_id for row in ids if row.resource_id is not None}
        connection.execute(delete(MergeKey).where(MergeKey.listing_id.in_([row.id for row in ids])))
        connection.execute(delete(Listing).where(*these))
    for start in range(0, len(newly), _BATCH):
        connection.execute(
            update(Listing)
            .where(Listing.source_id == source_id, Listing.external_id.in_(newly[start : start + _BATCH]))
            .values(missing_since_run_id=run)
        )
    return emptied
