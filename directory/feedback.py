"""What visitors say is wrong with a resource: kept for maintainers until it is closed, with nothing about who said it.

It changes no rank and no label; a maintainer checks it and corrects or confirms. What stays is limited without knowing who
asks: once a limit is reached, a report is only counted on one like it.
"""

from __future__ import annotations

import csv
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import IO

from sqlalchemy import ColumnElement, Connection, Table, delete, func, insert, inspect, select, update

from directory import clean
from directory.db import Database
from directory.errors import BadQuery, NotFound
from directory.models import Listing, Resource, ResourceAlias, Source, WrongReport
from directory.wording import _

LONGEST_WORDS = 1_000
MOST_ALIKE = 5
MOST_A_DAY = 500
KEPT_CLOSED = timedelta(days=365)
LONGEST_NOTE = 300
COLUMNS = ("id", "resource", "name", "state", "listings", "reason", "words", "day", "times", "closed_on", "note")
# Whoever reports waits for a page; an import may hold the database for longer.
_PATIENCE_MS = 1_000
_BATCH = 500
# Control characters, halves of characters, places where there is none; and what decoders write for what they lost.
_UNTYPED = frozenset({"Cc", "Cs", "Cn"})
_LOST = "\N{REPLACEMENT CHARACTER}"
_WRONG_REPORT: Table = WrongReport.__table__  # type: ignore[assignment]


class Reason(StrEnum):
    """What is wrong."""

    DISCONNECTED = "disconnected"
    MOVED = "moved"
    NOT_ACCEPTING = "not_accepting"
    WRONG_HOURS = "wrong_hours"
    OTHER = "other"


class State(StrEnum):
    """What became of the resource since: still under its id, merged into another one, or taken out."""

    LISTED = "listed"
    MERGED = "merged"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Wrong:
    """What somebody says: a reason, and words or none."""

    reason: Reason
    words: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """A report as a maintainer sees it.

    ``resource`` is the id it has now, ``listings`` are SOURCE:ID of each of its listings, ``times`` is how often it was said.
    """

    id: int
    resource: int
    name: str
    state: State
    listings: tuple[str, ...]
    reason: Reason
    words: str
    day: date
    times: int
    closed_on: date | None
    note: str | None


def read(reason: str, words: str) -> Wrong:
    """Return what somebody chose and typed, the words in NFC, blanks collapsed, nothing invisible in them.

    Raises:
        BadQuery: no reason, or none of ours; more than 1,000 characters. The message goes on from the field's label.
    """
    if reason not in set(Reason):
        raise BadQuery(_("Choose one."), field="reason")
    plain = "".join(_typed(words.replace("\r\n", "\n"))).strip()
    if len(plain) > LONGEST_WORDS:
        said = _(
            "Write at most {most} characters. You wrote {number}.", most=f"{LONGEST_WORDS:,}", number=f"{len(plain):,}"
        )
        raise BadQuery(said, field="words")
    try:
        return Wrong(Reason(reason), clean.paragraph(plain, 3 * LONGEST_WORDS))  # NFC makes up to 3 of 1 (UAX #15)
    except ValueError:  # nothing visible
        return Wrong(Reason(reason))


def _typed(words: str) -> Iterator[str]:
    for letter in words:
        if letter in "\n\t" or not (letter == _LOST or unicodedata.category(letter) in _UNTYPED):
            yield letter


def keep(database: Database, resource_id: int, said: Wrong, on: date) -> bool:
    """Keep a report of a day, or count it on one like it; return False when neither could be done, for the day is full.

    The same said again on the same day is counted. Of one reason for one resource at most 5 open reports are kept, and 500
    reports a day in all; what comes beyond is counted on the newest open one of that resource and reason.

    Raises:
        DatabaseUnavailable: it cannot be written now.
    """
    with database.writing(_PATIENCE_MS) as connection:
        _WRONG_REPORT.create(connection, checkfirst=True)  # a directory made by an earlier version has none
        alike = (
            WrongReport.closed_on.is_(None),
            WrongReport.resource_id == resource_id,
            WrongReport.reason == str(said.reason),
        )
        known = _newest(connection, *alike, WrongReport.day == on, WrongReport.words == said.words)
        if known is None and _has_room(connection, on, *alike):
            row = {"resource_id": resource_id, "reason": str(said.reason), "words": said.words, "day": on, "times": 1}
            connection.execute(insert(WrongReport), [row])
            return True
        known = known or _newest(connection, *alike)
        if known is None:
            return False
        counted = update(WrongReport).where(WrongReport.id == known).values(times=WrongReport.times + 1)
        connection.execute(counted)
        return True


def _newest(connection: Connection, *conditions: ColumnElement[bool]) -> int | None:
    return connection.execute(select(func.max(WrongReport.id)).where(*conditions)).scalar_one()


def _has_room(connection: Connection, on: date, *alike: ColumnElement[bool]) -> bool:
    return _number(connection, *alike) < MOST_ALIKE and _number(connection, WrongReport.day == on) < MOST_A_DAY


def _number(connection: Connection, *conditions: ColumnElement[bool]) -> int:
    return connection.execute(select(func.count()).select_from(WrongReport).where(*conditions)).scalar_one()


def reports(database: Database, *, closed: bool = False) -> list[Report]:
    """Return the open reports, or the closed ones, by resource, the oldest of each first.

    Raises:
        DatabaseUnavailable: the database is gone, damaged, or of another version.
    """
    columns = (*_WRONG_REPORT.columns, ResourceAlias.resource_id.label("now"))
    merged = ResourceAlias.old_id == WrongReport.resource_id
    state = WrongReport.closed_on.is_not(None) if closed else WrongReport.closed_on.is_(None)
    with database.reading() as connection:
        if not inspect(connection).has_table(_WRONG_REPORT.name):
            return []  # made by an earlier version, and nobody has reported anything
        query = select(*columns).select_from(WrongReport).join(ResourceAlias, merged, isouter=True).where(state)
        rows = connection.execute(query).mappings().all()
        ids = {row["now"] or row["resource_id"] for row in rows}
        names, refs = _names(connection, ids), _refs(connection, ids)
    found = []
    for row in rows:
        now = row["now"] or row["resource_id"]
        became = State.GONE if now not in names else State.MERGED if row["now"] else State.LISTED
        found.append(
            Report(
                row["id"], now, names.get(now, ""), became, tuple(refs.get(now, ())), Reason(row["reason"]), row["words"],
                row["day"], row["times"], row["closed_on"], row["note"],
            )
        )  # fmt: skip
    return sorted(found, key=lambda each: (each.resource, each.day, each.id))


def _names(connection: Connection, ids: Iterable[int]) -> dict[int, str]:
    found: dict[int, str] = {}
    for batch in _batches(ids):
        rows = connection.execute(select(Resource.id, Resource.name).where(Resource.id.in_(batch)))
        found.update({row.id: row.name for row in rows})
    return found


def _refs(connection: Connection, ids: Iterable[int]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for batch in _batches(ids):
        query = (
            select(Listing.resource_id, Source.key, Listing.external_id)
            .join(Source, Source.id == Listing.source_id)
            .where(Listing.resource_id.in_(batch))
            .order_by(Listing.id)
        )
        for row in connection.execute(query):
            found.setdefault(row.resource_id, []).append(f"{row.key}:{row.external_id}")
    return found


def _batches(ids: Iterable[int]) -> Iterator[list[int]]:
    ordered = sorted(ids)
    for start in range(0, len(ordered), _BATCH):
        yield ordered[start : start + _BATCH]


def close(database: Database, ids: Sequence[int], note: str, on: date) -> int:
    """Close open reports, all or none; return how many.

    Their words go at once, the rest stays with the day and the note for a year: what was closed longer ago than that goes too.

    Raises:
        NotFound: one of them is not open.
        BadQuery: the note is empty or longer than 300 characters.
    """
    try:
        said = clean.text(note, LONGEST_NOTE)
    except ValueError as error:
        raise BadQuery(f"--note {error}", field="note") from None
    wanted = sorted(set(ids))
    database.create()
    with database.writing() as connection:
        is_open = WrongReport.closed_on.is_(None)
        for batch in _batches(wanted):
            known = connection.execute(select(WrongReport.id).where(WrongReport.id.in_(batch), is_open)).scalars()
            if missing := set(batch) - set(known):
                listed = ", ".join(str(each) for each in sorted(missing))
                raise NotFound(f"no open report has the id {listed}; nothing was closed", field="ids")
            values = {"closed_on": on, "note": said, "words": ""}
            connection.execute(update(WrongReport).where(WrongReport.id.in_(batch)).values(values))
        connection.execute(delete(WrongReport).where(WrongReport.closed_on < on - KEPT_CLOSED))
    database.sweep()
    return len(wanted)


def as_json(report: Report) -> dict[str, object]:
    """Return a report as it is printed for programs."""
    closed = report.closed_on.isoformat() if report.closed_on else None
    found = {name: getattr(report, name) for name in COLUMNS}
    return {**found, "day": report.day.isoformat(), "closed_on": closed}


def write_csv(found: Iterable[Report], file: IO[str]) -> int:
    """Write reports as CSV, no cell of which a spreadsheet runs; return the number of rows."""
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    written = 0
    for report in found:
        row = {**as_json(report), "listings": "; ".join(report.listings)}
        cells = ("" if row[name] is None else str(row[name]) for name in COLUMNS)
        writer.writerow([clean.quoted(cell) for cell in cells])
        written += 1
    return written
