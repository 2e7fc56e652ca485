"""An HSDS package of tables -> services with all that hangs on them nested, as HSDS's JSON has them, one at a time.

The tables are joined in a temporary SQLite file, so that memory holds one service, however large the package is. A key
that names no row is told; several keys in one cell, as real packages have them, are several links.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
import weakref
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from directory import clean
from directory.errors import UnreadableFile
from directory.importers import delimited, hsds_archive
from directory.importers.cells import Fault
from directory.importers.delimited import Record
from directory.importers.hsds_archive import Located
from directory.importers.hsds_join import KEYS, LINKED, TABLES, Join, Object, keys_alone
from directory.importers.textfile import name_of

_NESTED = {
    "service": {
        "phones": "phone", "schedules": "schedule", "service_areas": "service_area", "languages": "language",
        "cost_options": "cost_option", "required_documents": "required_document",
    },
    "service_at_location": {"phones": "phone", "schedules": "schedule"},
    "location": {
        "phones": "phone", "schedules": "schedule", "addresses": "address", "accessibility": "accessibility",
        "languages": "language",
    },
    "organization": {"phones": "phone"},
}  # fmt: skip
_BATCH = 2_000
_TOLD = 20


@dataclass(slots=True)
class Nested:
    """A service with all that hangs on it. ``number`` is its row; faults as in ``drafts.Draft``."""

    number: int
    service: Object
    problems: list[Fault] = field(default_factory=list)
    warnings: list[Fault] = field(default_factory=list)


class Package:
    """An opened package, to be read once.

    ``notes`` say what was left out of it and which keys name nothing. ``bytes_read`` counts the tables joined.
    """

    def __init__(self, path: Path, *, encoding: str | None = None, size_limit: int | None = None) -> None:
        located = hsds_archive.locate(path, size_limit)
        self.name = name_of(path)
        self.bytes_total = sum(each.stat().st_size for each in located.tables.values())
        self.bytes_read = 0
        self.notes: list[str] = list(located.notes)
        folder = tempfile.mkdtemp(prefix="hsds-")
        self._end = weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        self._join = Join(Path(folder) / "join.sqlite3")
        weakref.finalize(self, self._join.close)
        try:
            self._load(located, encoding)
        except sqlite3.Error as error:
            raise UnreadableFile(f"the tables of {self.name} cannot be joined: {error}") from None

    @property
    def taxonomy_ids(self) -> frozenset[str]:
        """Return the ids of the package's taxonomies."""
        return frozenset(self._join.ids("taxonomy"))

    def services(self) -> Iterator[Nested]:
        """Yield every service; then, as problems, the services at locations that name no service."""
        count = max(self._join.count("service"), 1)
        size = self.bytes_total
        for place, (number, row_id, service, fault) in enumerate(self._join.rows("service"), start=1):
            yield self._nested(number, row_id, service, fault)
            self.bytes_read = size * place // count
        for number, own_id, key in self._join.orphans("service_at_location", "service_id"):
            lost = ("service_at_location.service_id", key, "names no service of this package")
            yield Nested(number, {"id": own_id}, [lost])
        self.bytes_read = size

    def _load(self, located: Located, encoding: str | None) -> None:
        left_out = ["contacts.csv (it names persons)"] if "contact" in located.tables else []
        unread = [path.name for table, path in located.tables.items() if table not in {*KEYS, "contact"}]
        if left_out or unread or located.others:
            self.notes.append(f"left out: {', '.join([*left_out, *unread, *located.others][:_TOLD])}")
        broken: list[str] = []
        for table in TABLES:
            if table in located.tables:
                broken.extend(self._load_table(table, located.tables[table], encoding))
        self._join.finish()
        self._tell("rows left out", broken)
        self._tell("keys that name nothing", list(self._join.dangling({t: p.name for t, p in located.tables.items()})))

    def _load_table(self, table: str, path: Path, encoding: str | None) -> Iterator[str]:
        """Bring a table's rows into the join; yield what is wrong with those left out."""
        try:
            opened = delimited.open_rows(path, encoding=encoding, required=("id",) if table in LINKED else ())
        except UnreadableFile as error:
            if table == "service" or not error.message.startswith("The file is empty"):
                raise
            return
        names = tuple(name.casefold() for name in opened.header)
        self.notes.extend(f"{path.name} {note}" for note in opened.notes)
        rows = []
        for record in opened.rows:
            cells, fault = _cells(record, names)
            if fault and (table != "service" or not cells.get("id")):
                yield f"{path.name} row {record.number} {fault}"
                continue
            rows.append((record.number, cells if table in KEYS else keys_alone(table, cells), fault))
            if len(rows) >= _BATCH:
                self._join.add(table, rows)
                rows.clear()
        self._join.add(table, rows)

    def _nested(self, number: int, row_id: int, service: Object, fault: str) -> Nested:
        if fault:
            return Nested(number, service, [(None, "", fault)])
        found = Nested(number, service)
        for column, key in self._join.missing(row_id, "organization_id"):
            found.warnings.append((f"services.{column}", key, "names no row of its table"))
        children = self._fill("service", row_id, service)
        for organization_row, organization in self._join.parents(row_id, "organization"):
            self._fill("organization", organization_row, organization)
            service.setdefault("organization", organization)
        service["service_at_locations"] = [
            self._place(place_row, place) for place_row, place in children.get("service_at_location", ())
        ]
        return found

    def _place(self, row_id: int, place: Object) -> Object:
        """Return a service at location with its location, or with the key of the one that is ``lost``."""
        self._fill("service_at_location", row_id, place)
        for location_row, location in self._join.parents(row_id, "location"):
            self._fill("location", location_row, location)
            return {**place, "location": location}
        lost = self._join.missing(row_id, "location_id")
        return {**place, "lost": lost[0][1]} if lost else place

    def _fill(self, table: str, row_id: int, values: Object) -> dict[str, list[tuple[int, Object]]]:
        """Nest in a row what hangs on it; return that by table."""
        children = self._join.children(row_id)
        for name, child in _NESTED[table].items():
            values[name] = [each for _, each in children.get(child, ())]
        values["attributes"] = [
            {**attribute, "taxonomy_term": term}
            for attribute_row, attribute in children.get("attribute", ())
            for term in self._join.terms(attribute_row) or [{}]
        ]
        return children

    def _tell(self, what: str, found: list[str]) -> None:
        if found:
            more = f" and {len(found) - _TOLD:,} more" if len(found) > _TOLD else ""
            self.notes.append(f"{len(found):,} {what}: {'; '.join(found[:_TOLD])}{more}")


def _cells(record: Record, names: tuple[str, ...]) -> tuple[Object, str]:
    """Return the cells with text in them by column, and why they cannot be believed ("" when they can)."""
    cells = {
        name: clean.unquoted(cell.strip()) for name, cell in zip(names, record.cells, strict=False) if cell.strip()
    }
    if record.whole:
        faults = [fault for fault in record.faults if fault.column is not None]
        return cells, f"{faults[0].column} {faults[0].reason}" if faults else ""
    beyond = record.cells[len(names) :]
    if len(record.cells) > len(names) and not any(cell.strip() for cell in beyond):
        return cells, ""
    return cells, record.faults[0].reason if record.faults else "cannot be read"
