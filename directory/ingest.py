"""Listings in: stage, compare, merge and index in one switching transaction; undo; reindex. Only here data is written.

Rows are read into a temporary table first. Readers see the old directory until the one transaction that compares,
stores, merges and indexes commits; a process killed at any moment leaves the old directory or the new one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from sqlalchemy import Connection, delete, func, insert, select, text, update

from directory import index, resources, staging
from directory.db import Database
from directory.errors import ImportRefused, NotFound
from directory.geocoding import Gazetteer
from directory.importers.sources import Source as SourceFile
from directory.models import ImportRun, Listing, ListingChange, ListingMove, MergeKey, ResourceAlias, Source
from directory.needs import Vocabulary
from directory.records import Row, dumps, loads, without_door
from directory.staging import Report

REMOVAL_SHARE = 0.20
REMOVAL_ROWS = 5
_BATCH = 500


class _RollBack(Exception):
    """Ends a dry run's transaction without a trace."""


@dataclass(frozen=True, slots=True)
class Directory:
    """A database with the vocabulary and the gazetteer that give its rows their meaning."""

    database: Database
    vocabulary: Vocabulary
    gazetteer: Gazetteer

    def ingest(
        self,
        source: SourceFile,
        rows: Iterable[Row],
        *,
        dry_run: bool = False,
        allow_removals: bool = False,
        after_row: Callable[[], None] = lambda: None,
    ) -> Report:
        """Bring the listings of one source to what ``rows`` say, and return the report.

        A refused row whose id is known keeps its old listing. Listings the file no longer has are flagged missing and
        go with the next import that does not have them either, at once with ``allow_removals``, never when the
        source's mode is ``partial``.

        Raises:
            ImportRefused: fewer rows than the source's minimum, or more than a fifth of its listings (and at least
                five) missing without ``allow_removals``.
            UnreadableFile: raised by ``rows`` while they are read; nothing was changed.
            DatabaseUnavailable: the database cannot be written.
        """
        report = Report(source.key, dry_run=dry_run)
        self.database.create()
        try:
            with self.database.staging() as connection:
                connection.execute(text(staging.STAGING))
                connection.execute(text("DELETE FROM staging"))
                kept = staging.stage(connection, rows, report, after_row)
                connection.commit()
                with self.database.switching(connection):
                    if report.rows:
                        _refuse_too_few(source, report)
                        self._switch(connection, source, report, kept, allow_removals)
                    if dry_run:
                        raise _RollBack
        except _RollBack:
            pass
        return report

    def undo(self, key: str) -> Report:
        """Take back the newest run of a source that is not undone yet, and return what that changed.

        Raises:
            NotFound: there is no such source, or all its runs are undone.
        """
        with self.database.writing() as connection:
            source_id = connection.execute(select(Source.id).where(Source.key == key)).scalar_one_or_none()
            if source_id is None:
                known = ", ".join(connection.execute(select(Source.key).order_by(Source.key)).scalars()) or "none"
                raise NotFound(f"there is no source '{key}'; the sources are: {known}", field="source")
            run = connection.execute(
                select(func.max(ImportRun.id)).where(ImportRun.source_id == source_id, ImportRun.undone.is_(False))
            ).scalar_one_or_none()
            if run is None:
                raise NotFound(f"every import of '{key}' is undone already", field="source")
            report = Report(key)
            touched = _take_back(connection, source_id, run, report) | _put_source_back(connection, source_id, run)
            connection.execute(update(ImportRun).where(ImportRun.id == run).values(undone=True))
            resources.refresh(connection, touched, self.vocabulary, self.gazetteer)
        return report

    def reindex(self) -> int:
        """Rebuild every resource and the search index from the listings; return the number of resources indexed."""
        self.database.create()
        with self.database.writing() as connection:
            connection.execute(delete(MergeKey))
            ids = connection.execute(select(Listing.id).order_by(Listing.id)).scalars().all()
            for start in range(0, len(ids), _BATCH):
                resources.store_keys(connection, ids[start : start + _BATCH])
            resources.refresh(connection, set(ids), self.vocabulary, self.gazetteer, index_too=False)
            return index.rebuild(connection)

    def _switch(
        self, connection: Connection, source: SourceFile, report: Report, kept: set[str], allow_removals: bool
    ) -> None:
        source_id, before = _store_source(connection, source)
        values = {"source": source_id}
        old = connection.execute(
            select(Listing.external_id, Listing.missing_since_run_id).where(
                Listing.source_id == source_id, text("external_id NOT IN (SELECT external_id FROM staging)")
            )
        ).all()
        missing = [row for row in old if row.external_id not in kept] if source.mode == "full" else []
        held = connection.execute(
            select(func.count()).select_from(Listing).where(Listing.source_id == source_id)
        ).scalar_one()
        report.missing = len(missing)
        if len(missing) >= REMOVAL_ROWS and len(missing) > held * REMOVAL_SHARE and not allow_removals:
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
        _forget_streets(connection, source_id)
        gone = [row.external_id for row in missing if allow_removals or row.missing_since_run_id is not None]
        newly = [row.external_id for row in missing if not allow_removals and row.missing_since_run_id is None]
        report.diff = list(staging.diff(connection, source_id, gone, newly)) if report.dry_run else []
        flagged = _flag_missing(connection, source_id, run, gone, newly)
        report.removed = len(gone)
        report.unchanged = connection.execute(text(staging.UNCHANGED), values).scalar_one()
        returned = connection.execute(text(staging.RETURNED), values).scalar_one()
        changed_ids = connection.execute(text(staging.CHANGED), values).scalars().all()
        report.changed = len(changed_ids)
        connection.execute(text(staging.UPDATE), values)
        connection.execute(text(staging.NO_LONGER_MISSING), values)
        newest = connection.execute(select(func.coalesce(func.max(Listing.id), 0))).scalar_one()
        report.added = connection.execute(text(staging.ADD), values).rowcount
        added_ids = connection.execute(
            select(Listing.id).where(Listing.source_id == source_id, Listing.id > newest)
        ).scalars().all()  # fmt: skip
        touched = {*changed_ids, *added_ids, *flagged}
        if before is not None:
            touched |= set(connection.execute(select(Listing.id).where(Listing.source_id == source_id)).scalars())
        if not (touched or report.removed or returned or newly):
            connection.execute(delete(ImportRun).where(ImportRun.id == run))
            return
        for start in range(0, len(own := sorted({*changed_ids, *added_ids})), _BATCH):
            resources.store_keys(connection, own[start : start + _BATCH])
        refreshed = resources.refresh(connection, touched, self.vocabulary, self.gazetteer)
        report.merged = refreshed.merged
        if refreshed.moved:
            moves = [{"import_run_id": run, "listing_id": k, "resource_id": v} for k, v in refreshed.moved.items()]
            connection.execute(insert(ListingMove), moves)
        done = {"counts": report.counts, "source_before": json.dumps(before) if before is not None else None}
        connection.execute(update(ImportRun).where(ImportRun.id == run).values(**done))


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


def _put_source_back(connection: Connection, source_id: int, run: int) -> set[int]:
    """Put back the source's name and date from before a run, and every listing the run moved; return the touched listings."""
    touched: set[int] = set()
    text_before = connection.execute(select(ImportRun.source_before).where(ImportRun.id == run)).scalar_one()
    if text_before is not None:
        before = json.loads(text_before)
        retrieved = date.fromisoformat(before["retrieved"]) if before["retrieved"] else None
        connection.execute(
            update(Source).where(Source.id == source_id).values(name=before["name"], retrieved=retrieved)
        )
        touched |= set(connection.execute(select(Listing.id).where(Listing.source_id == source_id)).scalars())
    moves = connection.execute(
        select(ListingMove.listing_id, ListingMove.resource_id).where(ListingMove.import_run_id == run)
    ).all()
    for move in moves:
        now = connection.execute(select(Listing.resource_id).where(Listing.id == move.listing_id)).scalar_one_or_none()
        if now is None:
            continue
        touched |= {move.listing_id, -now}
        connection.execute(update(Listing).where(Listing.id == move.listing_id).values(resource_id=move.resource_id))
        connection.execute(delete(ResourceAlias).where(ResourceAlias.old_id == move.resource_id))
    connection.execute(delete(ListingMove).where(ListingMove.import_run_id == run))
    return touched


def _forget_streets(connection: Connection, source_id: int) -> None:
    """Take the street out of what is remembered of listings that are confidential from now on, in every run."""
    hidden = connection.execute(
        select(ListingChange.import_run_id, ListingChange.external_id, ListingChange.record)
        .join(ImportRun, ImportRun.id == ListingChange.import_run_id)
        .where(
            ImportRun.source_id == source_id,
            ListingChange.record.is_not(None),
            text("listing_change.external_id IN (SELECT external_id FROM staging WHERE record LIKE :confidential)"),
        ),
        {"confidential": '%"confidential_location":true%'},
    ).all()
    for row in hidden:
        connection.execute(
            update(ListingChange)
            .where(ListingChange.import_run_id == row.import_run_id, ListingChange.external_id == row.external_id)
            .values(record=dumps(without_door(loads(row.record))))
        )


def _flag_missing(
    connection: Connection, source_id: int, run: int, gone: Sequence[str], newly: Sequence[str]
) -> set[int]:
    """Remember, then delete or flag the missing listings; return the (negative) resource ids of deleted ones."""
    emptied: set[int] = set()
    remember = text(staging.REMEMBER_ONE)
    for external_id in [*gone, *newly]:
        connection.execute(remember, {"run": run, "source": source_id, "id": external_id})
    for start in range(0, len(gone), _BATCH):
        these = (Listing.source_id == source_id, Listing.external_id.in_(gone[start : start + _BATCH]))
        ids = connection.execute(select(Listing.id, Listing.resource_id).where(*these)).all()
        emptied |= {-row.resource_id for row in ids if row.resource_id is not None}
        connection.execute(delete(MergeKey).where(MergeKey.listing_id.in_([row.id for row in ids])))
        connection.execute(delete(Listing).where(*these))
    for start in range(0, len(newly), _BATCH):
        connection.execute(
            update(Listing)
            .where(Listing.source_id == source_id, Listing.external_id.in_(newly[start : start + _BATCH]))
            .values(missing_since_run_id=run)
        )
    return emptied


def _take_back(connection: Connection, source_id: int, run: int, report: Report) -> set[int]:
    """Put every listing a run changed back to what it was; return the touched listing ids and emptied resource ids."""
    touched: set[int] = set()
    changes = connection.execute(select(ListingChange).where(ListingChange.import_run_id == run)).all()
    for change in changes:
        here = (Listing.source_id == source_id, Listing.external_id == change.external_id)
        now = connection.execute(select(Listing.id, Listing.resource_id).where(*here)).one_or_none()
        if change.resource_id is not None:
            connection.execute(delete(ResourceAlias).where(ResourceAlias.old_id == change.resource_id))
        if now is not None and now.resource_id is not None:
            touched.add(-now.resource_id)
        if change.record is None:
            if now is not None:
                connection.execute(delete(MergeKey).where(MergeKey.listing_id == now.id))
                connection.execute(delete(Listing).where(Listing.id == now.id))
                report.removed += 1
            continue
        values = {
            "content_hash": change.content_hash,
            "record": change.record,
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
            touched.add(change.listing_id)
            report.added += 1
        else:
            values["resource_id"] = change.resource_id
            connection.execute(update(Listing).where(Listing.id == now.id).values(**values))
            touched.add(now.id)
            report.changed += 1
    for start in range(0, len(own := sorted(each for each in touched if each > 0)), _BATCH):
        resources.store_keys(connection, own[start : start + _BATCH])
    connection.execute(delete(ListingChange).where(ListingChange.import_run_id == run))
    return touched
