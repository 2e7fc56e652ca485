"""Resources by their ids, as found in the index: whole for what is shown, a few columns for what has to be open."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, case, select

from directory.hours import Open
from directory.matches import is_stale, opening
from directory.models import Resource
from directory.records import OpenState

_WHOLE = select(*Resource.__table__.columns).where(Resource.id.in_(bindparam("ids", expanding=True)))
# The date of a source counts only where nobody re-checked; lists take longer to read than all the rest.
DATED_SOURCES = case((Resource.last_checked.is_(None), Resource.sources)).label("sources")
_TIMED = select(
    Resource.id, Resource.kind, Resource.status, Resource.hours, Resource.hours_note, Resource.timezone, Resource.country,
    Resource.region, Resource.last_checked, DATED_SOURCES,
).where(Resource.id.in_(bindparam("ids", expanding=True)), Resource.hours.is_not(None))  # fmt: skip


def resources(connection: Connection, ids: Collection[int]) -> dict[int, dict[str, Any]]:
    """Return the columns of these resources by id, without those that are gone."""
    if not ids:
        return {}
    found = connection.execute(_WHOLE, {"ids": padded(ids)}).mappings()
    return {row["id"]: dict(row) for row in found}


@dataclass(slots=True)
class Openings:
    """Which resources are open at one instant. Each schedule is worked out once, however many keep it."""

    connection: Connection
    at: datetime
    _known: dict[tuple[Any, ...], Open] = field(default_factory=dict)

    def open_among(self, ids: Sequence[int]) -> set[int]:
        """Return those of these resources that are known to be open."""
        if not ids:
            return set()
        rows = self.connection.execute(_TIMED, {"ids": padded(ids)}).mappings()
        return {row["id"] for row in map(dict, rows) if self.state(row).state is OpenState.OPEN}

    def state(self, row: Mapping[str, Any]) -> Open:
        """Return whether a resource is open, from the columns that tell."""
        stale = is_stale(row, self.at)
        dated = row["last_checked"] is not None or any(each["date"] for each in row["sources"])
        key = (
            row["hours"], row["timezone"], row["country"], row["region"], row["hours_note"], row["status"], stale, dated
        )  # fmt: skip
        if key not in self._known:
            self._known[key] = opening(row, self.at)
        return self._known[key]


def padded(ids: Collection[int]) -> list[int]:
    """Return the ids with the last one repeated up to one of a few lengths, so that few statements are prepared."""
    given = list(ids)
    length = 2
    while length < len(given):
        length *= 2
    return [*given, *[given[-1]] * (length - len(given))]
