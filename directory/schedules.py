"""Opening hours as the index knows them: a number for each schedule, the last day its facts hold, who is open at a minute."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, insert, select

from directory import hours
from directory.index_tables import Schedule
from directory.matches import LIMITS, facts_date
from directory.records import Kind, OpenState, Status

NONE = 0
"""The number of those who say no hours: nobody knows that they are open."""


class Kept(NamedTuple):
    """What decides whether a place is open, beside how old its facts are."""

    hours: str
    timezone: str | None
    country: str | None
    has_note: bool


def load(connection: Connection) -> dict[int, Kept]:
    """Return every schedule by its number."""
    columns = (Schedule.id, Schedule.hours, Schedule.timezone, Schedule.country, Schedule.has_note)
    return {row[0]: Kept(row[1], row[2], row[3], row[4]) for row in connection.execute(select(*columns))}


@dataclass(slots=True)
class Numbering:
    """The numbers of all schedules, and new ones for those not met before."""

    _numbers: dict[Kept, int]
    _new: dict[Kept, int] = field(default_factory=dict)

    @classmethod
    def load(cls, connection: Connection) -> Numbering:
        """Return the numbers that the database has."""
        return cls({kept: number for number, kept in load(connection).items()})

    def number(self, row: Mapping[str, Any]) -> int:
        """Return the number of a resource's schedule, ``NONE`` without hours."""
        if not row["hours"]:
            return NONE
        country = hours.calendar_country(row["country"], row["region"])
        kept = Kept(row["hours"], row["timezone"], country, bool(row["hours_note"]))
        known = self._numbers.get(kept)
        if known is None:
            known = self._numbers[kept] = self._new[kept] = len(self._numbers) + 1
        return known

    def store(self, connection: Connection) -> None:
        """Write the new numbers."""
        if self._new:
            rows = [{"id": number, **kept._asdict()} for kept, number in self._new.items()]
            connection.execute(insert(Schedule), rows)
            self._new.clear()


def good_until(row: Mapping[str, Any]) -> int:
    """Return the last day on which a resource's hours may be trusted, as ``date.toordinal``; 0 for no day at all."""
    dated = facts_date(row)
    if dated is None or row["status"] != str(Status.ACTIVE):
        return 0
    return (dated + LIMITS[Kind(row["kind"])]).toordinal()


@dataclass(frozen=True, slots=True)
class Minute:
    """Who is open in one minute. Each schedule is worked out once, however many keep it."""

    at: datetime
    kept: Mapping[int, Kept]
    _open: dict[int, bool] = field(default_factory=dict)

    def is_open(self, number: int, good_until: int) -> bool:
        """Return whether who keeps a schedule, with facts that hold until a day, is known to be open."""
        if number == NONE or good_until < self.day:
            return False
        known = self._open.get(number)
        if known is None:
            hours_text, timezone, country, has_note = self.kept[number]
            note = "some" if has_note else None
            found = hours.open_state(hours_text, timezone, country, None, self.at, hours_note=note)
            known = self._open[number] = found.state is OpenState.OPEN
        return known

    @property
    def day(self) -> int:
        """Return the day, as ``date.toordinal``."""
        return self.at.date().toordinal()


@dataclass(slots=True)
class Schedules:
    """Every schedule by its number, and the minute that was asked about last."""

    kept: Mapping[int, Kept]
    _minute: Minute | None = None

    def minute(self, at: datetime) -> Minute:
        """Return the minute of an instant."""
        start = at.replace(second=0, microsecond=0)
        if self._minute is None or self._minute.at != start:
            self._minute = Minute(start, self.kept)
        return self._minute
