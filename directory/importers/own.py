"""Our own CSV: one row a listing, the columns of docs/formats.md. Every problem of a row is told; none of it comes in."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

from directory import clean, clean_places, hours, phones
from directory.errors import UnreadableFile
from directory.geocoding import Gazetteer
from directory.importers import rules, tables
from directory.importers.cells import (
    Column,
    Format,
    choice,
    facet,
    local,
    nearest,
    need,
    paragraph,
    plain,
    text,
)  # fmt: skip
from directory.importers.delimited import Record, listed
from directory.importers.drafts import Draft, Known, Reading
from directory.importers.fixed import with_values
from directory.importers.row_engine import Engine
from directory.importers.tables import Table
from directory.importers.textfile import name_of
from directory.needs import Vocabulary
from directory.records import Kind, Status

FORMAT = Format(
    name="listings",
    columns={
        "id": plain(clean.slug, required=True),
        "kind": choice(Kind, "a kind", required=True),
        "also_kinds": facet("kind", "a kind"),
        "name": text(300, required=True),
        "organization": text(300),
        "description": paragraph(4000),
        "needs": Column(need, many=True),
        "excludes": Column(need, many=True),
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


NOTHING: Mapping[str, str] = MappingProxyType({})


def read(
    path: Path,
    vocabulary: Vocabulary,
    *,
    today: date,
    encoding: str | None = None,
    size_limit: int | None = None,
    ignore: Collection[str] = (),
    values: Mapping[str, str] = NOTHING,
    sheet: str | None = None,
    gazetteer: Gazetteer | None = None,
    known: Known | None = None,
    processes: Callable[[], int] = int,
) -> Reading:
    """Return the rows of a CSV or workbook in our own format, each a listing or the problems that refuse it.

    ``today`` is the newest date a row may have been checked on. The columns in ``ignore`` are left out on purpose;
    ``values`` are true of every row. ``sheet`` is that of a workbook, the first one unless it is named. With a
    ``gazetteer`` coordinates that do not lie where their address does are left out, with a warning.
    A street and coordinates whose row says ``confidential_location`` are dropped here: they stand in no listing, no
    problem and no warning.

    Raises:
        UnreadableFile: what ``tables.open_table`` refuses; a required column that is missing, an unknown column.
    """
    required = [name for name, column in FORMAT.columns.items() if column.required and name not in values]
    opened = tables.open_table(path, sheet=sheet, encoding=encoding, size_limit=size_limit, required=required)
    names, notes = _columns(name_of(path), opened, ignore)
    engine = Engine(
        name_of(path), FORMAT.columns, vocabulary, today, gazetteer=gazetteer, known=known, processes=processes
    )
    drafts = (with_values(_draft(record, names, opened.header), values) for record in opened.rows)
    return Reading(engine.rows(drafts), "our own CSV", opened.header, (*opened.notes, *notes), engine.tally, opened)


def _columns(file: str, opened: Table, ignore: Collection[str]) -> tuple[tuple[str | None, ...], list[str]]:
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


def _draft(record: Record, columns: Sequence[str | None], header: Sequence[str]) -> Draft:
    """Return a record as a draft; what is wrong with the row as a row stands in its problems."""
    cells = {
        name: clean.unquoted(raw) for name, raw in zip(columns, record.cells, strict=False) if name is not None
    }  # fmt: skip
    several = record.last_line != record.first_line
    draft = Draft(
        record.number,
        cells,
        own=dict(zip(header, record.cells, strict=False)),
        whole=record.whole,
        where=f" (lines {record.first_line}–{record.last_line})" if several else "",
    )
    if record.whole:
        draft.unread = {fault.column.casefold(): fault.reason for fault in record.faults if fault.column is not None}
        draft.problems.extend(
            (None, "", f"has text in column {place + 1}, which has no name in the header")
            for place, name in enumerate(header)
            if not name and record.cells[place].strip()
        )
    else:
        if not _is_seen_open(cells, columns, record):
            draft.own = {}  # nobody can tell any more whose street this is
        draft.problems.extend(
            ((fault.column or "").casefold() or None, fault.value, fault.reason) for fault in record.faults
        )
    return draft


def _is_seen_open(cells: Mapping[str, str], columns: Sequence[str | None], record: Record) -> bool:
    """Return whether a row that is out of shape still says clearly that its place is no secret."""
    if "confidential_location" not in columns:
        return True
    in_shape = len(record.cells) <= len(columns) and "confidential_location" in cells
    return in_shape and not rules.is_confidential(cells["confidential_location"])
