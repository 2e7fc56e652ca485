"""An import's rows in a temporary table, set against the listings of their source; and the report of what that shows."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection, select, text, update

from directory import corrections, engines, merge_keys
from directory.importers import row_engine
from directory.models import ImportRun, ListingChange
from directory.records import Problem, Row, hashed, loads

DIFF_SHOWN = 1000
WITHHELD = "(withheld)"
_BATCH = 500


@dataclass(slots=True)
class Report:
    """What an import did, or would do. Counts are records of the file, save ``missing`` and ``removed``: listings before it.

    ``combined`` records joined another row (a group's other weekdays); ``left_out`` counts records that are none of ours,
    by reason; ``problems`` refused a row, ``duplicate_rows`` say where its id stood before; ``repairs`` were certainly
    damaged and certainly mended; ``unmapped`` counts words of the publisher's vocabulary that became nothing;
    ``hours_unread`` counts hours that stayed words. ``merged`` listings share another one's resource; ``kept_apart``
    counts pairs at one address that did not merge, by reason. ``conflicts`` are local corrections whose field the source
    has changed since. ``placed`` counts the listings by how their position is known. ``hidden``: something was
    remembered of places that are confidential now, and forgotten.
    """

    source: str
    took_for: str = ""
    rows: int = 0
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    missing: int = 0
    removed: int = 0
    refused: int = 0
    duplicates: int = 0
    combined: int = 0
    merged: int = 0
    dry_run: bool = False
    hidden: bool = False
    left_out: Counter[str] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)
    duplicate_rows: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    repairs: list[Problem] = field(default_factory=list)
    unmapped: Counter[str] = field(default_factory=Counter)
    hours_read: int = 0
    hours_unread: Counter[str] = field(default_factory=Counter)
    kept_apart: Counter[str] = field(default_factory=Counter)
    conflicts: list[str] = field(default_factory=list)
    placed: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)
    diff: list[dict[str, Any]] = field(default_factory=list)

    @property
    def counts(self) -> dict[str, int]:
        """Return the counters that are not zero."""
        names = ("added", "changed", "unchanged", "missing", "removed", "refused", "duplicates")
        return {name: getattr(self, name) for name in names if getattr(self, name)}


def stage(
    connection: Connection,
    rows: Iterable[Row],
    report: Report,
    after_row: Callable[[], None],
    hidden: Collection[str] = (),
) -> set[str]:
    """Write the good rows to the staging table; return the ids of the refused ones, whose old listings stay.

    Rows with one of the ``hidden`` ids are confidential by a maintainer's word: their doors are dropped here.
    """
    kept: set[str] = set()
    batch: list[tuple[Any, ...]] = []
    for given in rows:
        row = _discreet(given) if given.external_id in hidden else given
        report.rows += 1
        report.warnings.extend(row.warnings)
        report.repairs.extend(row.repairs)
        if row.is_unchanged:
            batch.append((row.external_id, row.number, None, row.raw_hash, None, None))
        elif row.is_refused:
            if row.duplicate:
                report.duplicates += 1
                report.duplicate_rows.extend(row.problems)
            else:
                report.refused += 1
                report.problems.extend(row.problems)
            if row.external_id is not None:
                kept.add(row.external_id)
        else:
            raw_hash = None if row.external_id in hidden else row.raw_hash
            read = merge_keys.stored(row.listing) if row.listing is not None else row.stored or {}
            batch.append(
                (row.external_id, row.number, read["content_hash"], raw_hash, read["merge_keys"], read["record"])
            )
        if len(batch) == _BATCH:
            engines.insert(connection, "staging", COLUMNS, batch)
            batch.clear()
        after_row()
    engines.insert(connection, "staging", COLUMNS, batch)
    return kept


def _discreet(row: Row) -> Row:
    """Return a row without its door, and without what was said of its cells."""
    said: dict[str, Any] = {
        name: tuple(replace(each, value=WITHHELD, reason=reason) for each in getattr(row, name))
        for name, reason in row_engine.WITHHELD_REASONS.items()
    }
    listing = row.listing if row.stored is None else loads(row.stored["record"])
    return replace(row, listing=None if listing is None else corrections.hide(listing), stored=None, cells={}, **said)


def diff(connection: Connection, source_id: int, gone: Sequence[str], newly: Sequence[str]) -> Iterator[dict[str, Any]]:
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
            if new.get("confidential_location"):
                old = dict.fromkeys(old, WITHHELD)
            yield {"id": row.id, "change": "changed", "fields": {n: [old.get(n), new.get(n)] for n in names}}
    for change, ids in (("removed", gone), ("missing", newly)):
        for external_id in ids[:DIFF_SHOWN]:
            yield {"id": external_id, "change": change, "fields": {}}


def forget_streets(connection: Connection, source_id: int) -> bool:
    """Take the street out of what is remembered of listings that are confidential from now on, in every run.

    Returns whether anything was remembered of such listings.
    """
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
            .values(**hashed(corrections.hide(loads(row.record or ""))))
        )
    return bool(hidden)


# The record comes last: SQLite walks through a long one to what stands behind it.
COLUMNS = ("external_id", "position", "content_hash", "raw_hash", "merge_keys", "record")
STAGING = (
    "CREATE TEMPORARY TABLE IF NOT EXISTS staging (external_id VARCHAR(200) PRIMARY KEY, position INTEGER NOT NULL, "
    "content_hash VARCHAR(32), raw_hash VARCHAR(32), merge_keys TEXT, record TEXT)"
)
"""A row without a record is one that says what it said before."""
# CROSS JOIN: SQLite goes from what is staged to what is stored, not from a million listings to ten rows
# (https://www.sqlite.org/optoverview.html#crossjoin).
_BOTH = "staging CROSS JOIN listing"
IN_FILE = "listing.external_id IN (SELECT external_id FROM staging)"
_SAME = "listing.source_id = :source AND listing.external_id = staging.external_id"
UNCHANGED = (
    f"SELECT count(*) FROM {_BOTH} WHERE {_SAME} "
    "AND (staging.record IS NULL OR listing.content_hash = staging.content_hash)"
)
OVERTAKEN = (
    f"SELECT count(*) FROM staging LEFT JOIN listing ON {_SAME} AND listing.raw_hash = staging.raw_hash "
    "AND listing.missing_since_run_id IS NULL WHERE staging.record IS NULL AND listing.id IS NULL"
)
READ_ANEW = (
    "UPDATE listing SET raw_hash = staging.raw_hash "
    f"FROM staging WHERE {_SAME} AND {IN_FILE} AND staging.record IS NOT NULL "
    "AND coalesce(listing.raw_hash, '') <> coalesce(staging.raw_hash, '')"
)
CHANGED = (
    f"SELECT listing.id FROM {_BOTH} WHERE {_SAME} AND listing.content_hash <> staging.content_hash ORDER BY listing.id"
)
# The plus keeps SQLite from going through all listings of the source (https://www.sqlite.org/optoverview.html#uplus).
KEYS = (
    "SELECT listing.id, staging.merge_keys FROM listing JOIN staging ON staging.external_id = listing.external_id "
    "WHERE +listing.source_id = :source AND listing.id IN :ids"
)
RETURNED = f"SELECT count(*) FROM {_BOTH} WHERE {_SAME} AND listing.missing_since_run_id IS NOT NULL"
UPDATE = (
    "UPDATE listing SET content_hash = staging.content_hash, record = staging.record "
    f"FROM staging WHERE {_SAME} AND {IN_FILE} AND listing.content_hash <> staging.content_hash"
)
NO_LONGER_MISSING = (
    "UPDATE listing SET missing_since_run_id = NULL WHERE source_id = :source AND missing_since_run_id IS NOT NULL "
    "AND external_id IN (SELECT external_id FROM staging)"
)
ADD = (
    "INSERT INTO listing (source_id, external_id, content_hash, record, raw_hash) "
    "SELECT :source, external_id, content_hash, record, raw_hash FROM staging WHERE NOT EXISTS "
    "(SELECT 1 FROM listing l WHERE l.source_id = :source AND l.external_id = staging.external_id) ORDER BY staging.position"
)
REMEMBER = (
    "INSERT INTO listing_change "
    "(import_run_id, external_id, content_hash, record, listing_id, resource_id, missing_since_run_id) "
    "SELECT :run, staging.external_id, listing.content_hash, listing.record, listing.id, listing.resource_id, "
    f"listing.missing_since_run_id FROM staging LEFT JOIN listing ON {_SAME} "
    "WHERE listing.id IS NULL OR listing.content_hash <> staging.content_hash OR listing.missing_since_run_id IS NOT NULL"
)
REMEMBER_ONE = (
    "INSERT INTO listing_change "
    "(import_run_id, external_id, content_hash, record, listing_id, resource_id, missing_since_run_id) "
    "SELECT :run, external_id, content_hash, record, id, resource_id, missing_since_run_id FROM listing "
    "WHERE source_id = :source AND external_id = :id"
)
