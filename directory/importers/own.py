"""Our own CSV: one row a listing, the columns of docs/formats.md. Every problem of a row is told; none of it comes in."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from directory import clean, clean_places, hours, phones
from directory.errors import UnreadableFile
from directory.importers import delimited, rules
from directory.importers.cells import (
    Column,
    Fault,
    Format,
    Setting,
    choice,
    facet,
    local,
    nearest,
    need,
    paragraph,
    plain,
    read_cells,
    text,
)  # fmt: skip
from directory.importers.delimited import Record, listed
from directory.importers.textfile import name_of
from directory.needs import Vocabulary
from directory.records import Kind, Listing, Point, Problem, Row, Status

VALUE_LIMIT = 200

FORMAT = Format(
    name="listings",
    columns={
        "id": plain(clean.slug, required=True),
        "kind": choice(Kind, "a kind", required=True),
        "name": text(300, required=True),
        "organization": text(300),
        "description": paragraph(4000),
        "needs": Column(need, many=True),
        "phone": local(phones.dialable),
        "sms": local(phones.sms_number),
        "sms_keyword": text(60),
        "chat_url": plain(clean.url),
        "url": plain(clean.url),
        "email": plain(clean.email),
        "address_1": text(300),
        "address_2": text(300),
        "city": text(200),
        "region": local(clean_places.region),
        "postal_code": local(clean_places.postal_code),
        "country": plain(clean_places.country),
        "latitude": plain(clean_places.latitude),
        "longitude": plain(clean_places.longitude),
        "confidential_location": plain(clean.yes_no),
        "service_area": plain(clean_places.service_area, many=True),
        "formats": facet("format", "a format"),
        "languages": plain(clean.language, many=True),
        "hours": plain(lru_cache(maxsize=4096)(hours.parse)),
        "hours_note": paragraph(1000),
        "timezone": plain(clean_places.timezone),
        "payment": facet("payment", "a way of paying"),
        "audiences": facet("audience", "an audience"),
        "minimum_age": plain(clean.age),
        "maximum_age": plain(clean.age),
        "approaches": facet("approach", "an approach"),
        "integrated": plain(clean.yes_no),
        "urgent_care": facet("urgent_care", "a kind of urgent care"),
        "accepting_new": plain(clean.yes_no),
        "eligibility": paragraph(1000),
        "accessibility": facet("accessibility", "a word for accessibility"),
        "status": choice(Status, "a status"),
        "replaced_by": text(300),
        "identifiers": plain(clean.identifier, many=True),
        "source_url": plain(clean.url),
        "last_checked": Column(lambda cell, setting: clean.iso_date(cell, setting.today)),
        "checked_by": text(300),
    },
)


@dataclass(slots=True)
class Reading:
    """A file in our own format being read: an iterator over its rows to be used once, what was assumed, and how far it is."""

    rows: Iterator[Row] = field(repr=False)
    notes: tuple[str, ...]
    source: delimited.Reading = field(repr=False)

    @property
    def bytes_total(self) -> int:
        """Return the size of the file."""
        return self.source.bytes_total

    @property
    def bytes_read(self) -> int:
        """Return how many of ``bytes_total`` the rows have used so far."""
        return self.source.bytes_read


def read(
    path: Path,
    vocabulary: Vocabulary,
    *,
    today: date,
    encoding: str | None = None,
    size_limit: int | None = None,
    ignore: Collection[str] = (),
) -> Reading:
    """Return the rows of a file in our own format, each a listing or the problems that refuse it.

    ``today`` is the newest date a row may have been checked on. The columns in ``ignore`` are left out on purpose.
    A street and coordinates whose row says ``confidential_location`` are dropped here: they stand in no listing, no
    problem and no warning.

    Raises:
        UnreadableFile: what ``delimited.open_rows`` refuses; a required column that is missing, an unknown column.
    """
    required = [name for name, column in FORMAT.columns.items() if column.required]
    opened = delimited.open_rows(path, encoding=encoding, size_limit=size_limit, required=required)
    names, notes = _columns(name_of(path), opened, ignore)
    unnamed = tuple(place for place, name in enumerate(opened.header) if not name)
    reader = _Reader(name_of(path), names, vocabulary, today, unnamed)
    return Reading((reader.row(record) for record in opened.rows), (*opened.notes, *notes), opened)


def _columns(file: str, opened: delimited.Reading, ignore: Collection[str]) -> tuple[tuple[str | None, ...], list[str]]:
    """Return our name of each column in the file's order (None: nothing is read from it), and what to say of it."""
    # What is left out must never make a confidential place an open one.
    ignored = {name.strip().casefold() for name in ignore} - {"confidential_location"}
    names = [name.casefold() for name in opened.header]
    unknown = [name for name in opened.header if name and name.casefold() not in {*FORMAT.columns, *ignored}]
    if unknown:
        several = "s" if len(unknown) > 1 else ""
        odd = [letter for name in unknown for letter in name if not (letter.isascii() or letter.isalpha())]
        seen = f" (with a {unicodedata.name(odd[0], 'strange character')} in it)" if odd else ""
        near = nearest(unknown[0].casefold(), FORMAT.columns)
        hint = f"did you mean '{near}'? If not, rename it" if near else "rename it"
        raise UnreadableFile(
            f"{file}: unknown column{several} {listed(unknown)}{seen}; {hint} to one of ours (docs/formats.md), "
            "or add it to the ignore list of the .toml beside the file"
        )
    left_out = [name for name in opened.header if name.casefold() in ignored]
    notes = [f"left out, as its .toml says: {listed(left_out)}"] if left_out else []
    return tuple(name if name in FORMAT.columns and name not in ignored else None for name in names), notes


@dataclass(frozen=True, slots=True)
class _Reader:
    file: str
    columns: tuple[str | None, ...]
    vocabulary: Vocabulary
    today: date
    unnamed: tuple[int, ...]
    seen: rules.Seen = field(default_factory=rules.Seen)

    def row(self, record: Record) -> Row:
        """Return a record as a listing, or as everything that is wrong with it."""
        cells = {
            name: cell
            for name, raw in zip(self.columns, record.cells, strict=False)
            if name is not None and (cell := clean.unquoted(raw).strip())
        }
        external_id = _external_id(cells.get("id", ""))
        if not record.whole:
            found = [((fault.column or "").casefold() or None, fault.value, fault.reason) for fault in record.faults]
            return Row(record.number, external_id, None, self._problems(record, found, ()))
        hidden: tuple[str, ...] = ()
        doubts: list[Fault] = []
        if rules.is_confidential(cells.get("confidential_location", "")):
            hidden = rules.secrets(cells)
            if dropped := [name for name in rules.HIDDEN if cells.pop(name, None)]:
                reason = f"leaves out {listed(dropped)}; take them out of the file too"
                doubts.append(("confidential_location", cells["confidential_location"], reason))
        values, found = read_cells(FORMAT.columns, cells, self._setting(cells), _at_fault(record))
        found.extend(
            (None, "", f"has text in column {place + 1}, which has no name in the header")
            for place in self.unnamed
            if record.cells[place].strip()
        )
        before = None if external_id is None else self.seen.before(external_id, record.number)
        if before is not None:
            found.append(("id", external_id or "", f"stands already in row {before}"))
        found.extend((column, rules.WITHHELD, reason) for column, reason in rules.telling(cells, hidden))
        found.extend((column, cells.get(column or "", ""), reason) for column, reason in rules.problems(cells, values))
        doubts.extend((column, cells.get(column or "", ""), reason) for column, reason in rules.warnings(cells, values))
        return Row(
            record.number,
            external_id,
            None if found else _listing(values),
            self._problems(record, found, hidden),
            self._problems(record, doubts, hidden),
            before is not None,
        )

    def _setting(self, cells: Mapping[str, str]) -> Setting:
        try:
            country = clean_places.country(cells.get("country", ""))
        except ValueError:
            country = ""
        return Setting(country, self.vocabulary, self.today)

    def _problems(self, record: Record, found: Sequence[Fault], hidden: tuple[str, ...]) -> tuple[Problem, ...]:
        several = record.last_line != record.first_line
        lines = f" (lines {record.first_line}–{record.last_line})" if several else ""
        made = []
        for column, value, reason in found:
            if rules.tells(value, hidden) or rules.tells(reason, hidden):
                made.append(Problem(self.file, record.number, column, rules.WITHHELD, "cannot be used" + lines))
                continue
            cut = value if len(value) <= VALUE_LIMIT else value[: VALUE_LIMIT - 1] + "…"
            made.append(Problem(self.file, record.number, column, cut, reason + lines))
        return tuple(made)


def _at_fault(record: Record) -> dict[str, str]:
    return {fault.column.casefold(): fault.reason for fault in record.faults if fault.column is not None}


def _external_id(cell: str) -> str | None:
    try:
        return clean.slug(cell)
    except ValueError:
        return None


def _listing(values: dict[str, Any]) -> Listing:
    stated = {
        name: value
        for name, value in values.items()
        if value is not None and name not in {"id", "latitude", "longitude"}
    }
    if "latitude" in values:
        stated["point"] = Point(values["latitude"], values["longitude"])
    return Listing(external_id=values["id"], **{"country": None, **stated})
