"""What has to be re-checked: facts somebody checked that are past their limit, and facts nobody ever checked. Two states."""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import IO, Any

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from directory import clean, index, phones
from directory.db import Database
from directory.matches import LIMITS
from directory.models import Resource
from directory.records import Kind, Phone

CALL_LIST = (
    "id", "kind", "name", "city", "region", "country", "phone", "last_checked", "checked_by", "source", "reason",
    "result", "new_phone", "note", "confirmed_by", "confirmed_on",
)  # fmt: skip
_BATCH = 500


class State(StrEnum):
    """Why something is on the list."""

    PAST_LIMIT = "past_limit"
    NEVER_CHECKED = "never_checked"


@dataclass(frozen=True, slots=True)
class Due:
    """A resource to re-check. ``reason`` says why in words; ``source`` is the newest one's name."""

    id: int
    kind: str
    name: str
    city: str | None
    region: str | None
    country: str | None
    phone: str
    last_checked: date | None
    checked_by: str | None
    source: str
    reason: str


@dataclass(frozen=True, slots=True)
class Stale:
    """What is to be re-checked on a day, read from one open connection. ``kinds``: only these, all when empty."""

    connection: Connection
    on: date
    kinds: Collection[Kind] = ()

    def counts(self, state: State) -> dict[str, int]:
        """Return how many there are, by kind."""
        query = select(Resource.kind, func.count()).where(*self._conditions(state))
        found = self.connection.execute(query.group_by(Resource.kind).order_by(Resource.kind))
        return {row[0]: row[1] for row in found}

    def rows(self, state: State, limit: int | None = None) -> Iterator[Due]:
        """Yield what is in a state, row by row: by kind, the oldest check first, then by id."""
        query = (
            select(
                Resource.id, Resource.kind, Resource.name, Resource.city, Resource.region, Resource.country, Resource.phone,
                Resource.phone_extension, Resource.phone_press, Resource.last_checked, Resource.checked_by, Resource.sources,
            )
            .where(*self._conditions(state))
            .order_by(Resource.kind, Resource.last_checked, Resource.id)
            .limit(limit)
            .execution_options(yield_per=_BATCH)
        )  # fmt: skip
        for row in self.connection.execute(query).mappings():
            yield self._due(dict(row))

    def _conditions(self, state: State) -> list[ColumnElement[bool]]:
        found: list[ColumnElement[bool]] = [Resource.status.in_(index.SHOWN)]
        if self.kinds:
            found.append(Resource.kind.in_([str(kind) for kind in self.kinds]))
        if state is State.NEVER_CHECKED:
            return [*found, Resource.last_checked.is_(None)]
        past = [
            and_(Resource.kind == str(kind), Resource.last_checked < self.on - limit) for kind, limit in LIMITS.items()
        ]
        return [*found, or_(*past)]

    def _due(self, row: dict[str, Any]) -> Due:
        number = row["phone"]
        phone = Phone(number, row["phone_extension"], row["phone_press"]) if number else None
        newest = row["sources"][0] if row["sources"] else {"name": "", "date": None}
        checked = row["last_checked"]
        if checked is not None:
            days = (self.on - checked).days
            reason = f"checked {days} days ago; the limit is {LIMITS[Kind(row['kind'])].days}"
        else:
            reason = f"never checked; its source is of {newest['date']}" if newest["date"] else "never checked"
        return Due(
            row["id"],
            row["kind"],
            row["name"],
            row["city"],
            row["region"],
            row["country"],
            phones.display(phone, row["country"] or "") if phone else "",
            checked,
            row["checked_by"],
            str(newest["name"] or ""),
            reason,
        )


@contextmanager
def looked_up(database: Database, on: date, kinds: Collection[Kind] = ()) -> Iterator[Stale]:
    """Open the directory to see what is to be re-checked on a day.

    Raises:
        DatabaseUnavailable: as ``Database.reading``.
    """
    with database.reading() as connection:
        yield Stale(connection, on, kinds)


def write_call_list(rows: Iterable[Due], file: IO[str]) -> int:
    """Write a call list as CSV, its last five columns empty for the caller; return the number of rows."""
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow(CALL_LIST)
    written = 0
    for due in rows:
        written += 1
        checked = due.last_checked.isoformat() if due.last_checked else ""
        told = (due.name, due.city, due.region, due.country, due.phone, checked, due.checked_by, due.source, due.reason)
        writer.writerow([due.id, due.kind, *(clean.quoted(cell or "") for cell in told), "", "", "", "", ""])
    return written
