"""Listings in: stage, compare, merge and index in one switching transaction; undo; reindex. Only here data is written.

Rows are read into a temporary table first. Readers see the old directory until the one transaction that compares,
stores, merges and indexes commits; a process killed at any moment leaves the old directory or the new one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, text, update

from directory import index, resources
from directory.db import Database
from directory.errors import ImportRefused, NotFound
from directory.geocoding import Gazetteer
from directory.importers.sources import Source as SourceFile
from directory.models import ImportRun, Listing, ListingChange, MergeKey, ResourceAlias, Source
from directory.needs import Vocabulary
from directory.records import Problem, Row, dumps

REMOVAL_SHARE = 0.20
REMOVAL_ROWS = 5
DIFF_SHOWN = 1000
_BATCH = 500
# The reason by which the reader marks a row whose id stands earlier in the file.
_DUPLICATE = "stands already in row"


@dataclass(slots=True)
class Report:
    """What an import did, or would do. Counts are rows of the file, save ``missing`` and ``removed``: listings before it."""

    source: str
    rows: int = 0
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    missing: int = 0
    removed: int = 0
    refused: int = 0
    duplicates: int = 0
    merged: int = 0
    dry_run: bool = False
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    diff: list[dict[str, Any]] = field(default_factory=list)

    @property
    def counts(self) -> dict[str, int]:
        """Return the counters that are not zero."""
        names = ("added", "changed", "unchanged", "missing", "removed", "refused", "duplicates")
        return {name: getattr(self, name) for name in names if getattr(self, name)}


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
                connection.execute(text(_STAGING))
                connection.execute(text("DELETE FROM staging"))
                kept = _stage(connection, rows, report, after_row)
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
            touched = _take_back(connection, source_id, run, report)
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
        source_id = _store_source(connection, source)
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
        connection.execute(text(_REMEMBER), {**values, "run": run})
        gone = [row.external_id for row in missing if allow_removals or row.missing_since_run_id is not None]
        newly = [row.external_id for row in missing if not allow_removals and row.missing_since_run_id is None]
        report.diff = list(_diff(connection, source_id, gone, newly)) if report.dry_run else []
        flagged = _flag_missing(connection, source_id, run, gone, newly)
        report.removed = len(gone)
        report.unchanged = connection.execute(text(_UNCHANGED), values).scalar_one()
        returned = connection.execute(text(_RETURNED), values).scalar_one()
        changed_ids = connection.execute(text(_CHANGED), values).scalars().all()
        report.changed = len(changed_ids)
        connection.execute(text(_UPDATE), values)
        connection.execute(text(_NO_LONGER_MISSING), values)
        newest = connection.execute(select(func.coalesce(func.max(Listing.id), 0))).scalar_one()
        report.added = connection.execute(text(_ADD), values).rowcount
        added_ids = connection.execute(
            select(Listing.id).where(Listing.source_id == source_id, Listing.id > newest)
        ).scalars().all()  # fmt: skip
        touched = {*changed_ids, *added_ids, *flagged}
        if not (touched or report.removed or returned or newly):
            connection.execute(delete(ImportRun).where(ImportRun.id == run))
            return
        for start in range(0, len(own := sorted({*changed_ids, *added_ids})), _BATCH):
            resources.store_keys(connection, own[start : start + _BATCH])
        report.merged = resources.refresh(connection, touched, self.vocabulary, self.gazetteer)
        connection.execute(update(ImportRun).where(ImportRun.id == run).values(counts=report.counts))


def _stage(connection: Connection, rows: Iterable[Row], report: Report, after_row: Callable[[], None]) -> set[str]:
    """Write the good rows to the staging table; return the ids of the refused ones, whose old listings stay."""
    kept: set[str] = set()
    batch: list[dict[str, Any]] = []
    add = text("INSERT INTO staging VALUES (:external_id, :position, :content_hash, :record)")
    for row in rows:
        report.rows += 1
        report.warnings.extend(row.warnings)
        if row.listing is None:
            report.problems.extend(row.problems)
            if any(problem.reason.startswith(_DUPLICATE) for problem in row.problems):
                report.duplicates += 1
            else:
                report.refused += 1
            if row.external_id is not None:
                kept.add(row.external_id)
        else:
            record = dumps(row.listing)
            digest = blake2b(record.encode(), digest_size=16).hexdigest()
            batch.append(
                {
                    "external_id": row.listing.external_id,
                    "position": row.number,
                    "content_hash": digest,
                    "record": record,
                }
            )
        if len(batch) == _BATCH:
            connection.execute(add, batch)
            batch.clear()
        after_row()
    if batch:
        connection.execute(add, batch)
    return kept


def _refuse_too_few(source: SourceFile, report: Report) -> None:
    good = report.rows - report.refused - report.duplicates
    if good < source.minimum_rows:
        raise ImportRefused(
            f"{source.key}: only {good} usable rows, and its .toml expects at least {source.minimum_rows}; nothing was changed. "
            "Is the file cut short? If not, lower minimum_rows"
        )


def _store_source(connection: Connection, source: SourceFile) -> int:
    values = {
        "name": source.name, "publisher": source.publisher, "terms": source.terms, "url": source.url,
        "retrieved": source.retrieved, "mode": source.mode, "note": source.note,
    }  # fmt: skip
    found = connection.execute(select(Source.id).where(Source.key == source.key)).scalar_one_or_none()
    if found is None:
        return connection.execute(insert(Source).values(key=source.key, **values).returning(Source.id)).scalar_one()
    connection.execute(update(Source).where(Source.id == found).values(**values))
    return int(found)


def _flag_missing(
    connection: Connection, source_id: int, run: int, gone: Sequence[str], newly: Sequence[str]
) -> set[int]:
    """Remember, then delete or flag the missing listings; return the (negative) resource ids of deleted ones."""
    emptied: set[int] = set()
    remember = text(_REMEMBER_ONE)
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
            values |= {"source_id": source_id, "external_id": change.external_id, "resource_id": change.resource_id}
            new = connection.execute(insert(Listing).values(**values).returning(Listing.id)).scalar_one()
            touched.add(new)
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


def _diff(
    connection: Connection, source_id: int, gone: Sequence[str], newly: Sequence[str]
) -> Iterator[dict[str, Any]]:
    """Yield what would change, listing by listing, at most ``DIFF_SHOWN`` of them."""
    changed = text(
        "SELECT s.external_id AS id, l.record AS old, s.record AS new FROM staging s "
        "LEFT JOIN listing l ON l.external_id = s.external_id AND l.source_id = :source "
        "WHERE l.id IS NULL OR l.content_hash <> s.content_hash ORDER BY s.external_id LIMIT :limit"
    )
    for row in connection.execute(changed, {"source": source_id, "limit": DIFF_SHOWN}):
        new = json.loads(row.new)
        old = json.loads(row.old) if row.old is not None else None
        if old is None:
            yield {"id": row.id, "change": "added", "fields": {"name": [None, new["name"]]}}
        else:
            names = sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))
            yield {"id": row.id, "change": "changed", "fields": {n: [old.get(n), new.get(n)] for n in names}}
    for change, ids in (("removed", gone), ("missing", newly)):
        for external_id in ids[:DIFF_SHOWN]:
            yield {"id": external_id, "change": change, "fields": {}}


_STAGING = (
    "CREATE TEMPORARY TABLE IF NOT EXISTS staging "
    "(external_id VARCHAR(200) PRIMARY KEY, position INTEGER NOT NULL, content_hash VARCHAR(32) NOT NULL, record TEXT NOT NULL)"
)
_SAME = "listing.source_id = :source AND listing.external_id = staging.external_id"
_UNCHANGED = f"SELECT count(*) FROM staging JOIN listing ON {_SAME} WHERE listing.content_hash = staging.content_hash"
_CHANGED = f"SELECT listing.id FROM staging JOIN listing ON {_SAME} WHERE listing.content_hash <> staging.content_hash"
_RETURNED = f"SELECT count(*) FROM staging JOIN listing ON {_SAME} WHERE listing.missing_since_run_id IS NOT NULL"
_UPDATE = (
    "UPDATE listing SET content_hash = staging.content_hash, record = staging.record "
    f"FROM staging WHERE {_SAME} AND listing.content_hash <> staging.content_hash"
)
_NO_LONGER_MISSING = (
    "UPDATE listing SET missing_since_run_id = NULL WHERE source_id = :source AND missing_since_run_id IS NOT NULL "
    "AND external_id IN (SELECT external_id FROM staging)"
)
_ADD = (
    "INSERT INTO listing (source_id, external_id, content_hash, record) "
    "SELECT :source, external_id, content_hash, record FROM staging WHERE NOT EXISTS "
    "(SELECT 1 FROM listing l WHERE l.source_id = :source AND l.external_id = staging.external_id) ORDER BY staging.position"
)
_REMEMBER = (
    "INSERT INTO listing_change (import_run_id, external_id, content_hash, record, resource_id, missing_since_run_id) "
    "SELECT :run, staging.external_id, listing.content_hash, listing.record, listing.resource_id, "
    f"listing.missing_since_run_id FROM staging LEFT JOIN listing ON {_SAME} "
    "WHERE listing.id IS NULL OR listing.content_hash <> staging.content_hash OR listing.missing_since_run_id IS NOT NULL"
)
_REMEMBER_ONE = (
    "INSERT INTO listing_change (import_run_id, external_id, content_hash, record, resource_id, missing_since_run_id) "
    "SELECT :run, external_id, content_hash, record, resource_id, missing_since_run_id FROM listing "
    "WHERE source_id = :source AND external_id = :id"
)
