"""Spreadsheets (.xlsx) -> named sheets of rows of text, in a stream, after the zip's directory was looked at.

A workbook is a zip of XML: what is a bomb, holds further archives or names a path outside itself is refused from the
zip's directory, before anything is unpacked. openpyxl reads a sheet row by row, with the parser of defusedxml, which
refuses entities (https://docs.python.org/3/library/xml.html#xml-vulnerabilities).
"""

from __future__ import annotations

import re
import warnings
import weakref
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time
from itertools import chain, islice
from pathlib import Path
from typing import Any, BinaryIO

from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException
from openpyxl import load_workbook

from directory.errors import DirectoryError, UnreadableFile
from directory.importers.delimited import CELL_LIMIT, Fault, Record, listed
from directory.importers.textfile import name_of, reading, size_of
from directory.importers.workbook_zip import refuse_unsafe
from directory.records import shown

# Excel's own limit of rows (https://support.microsoft.com, "Excel specifications and limits"); columns are ours.
ROW_LIMIT = 1_048_576
COLUMN_LIMIT = 1_000
_BATCH = 500
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")
_WRITTEN = "{http://purl.org/dc/terms/}"


@dataclass(slots=True)
class Table:
    """A sheet whose first row with text names its columns; to be used once, like ``delimited.Reading``.

    A record's ``number`` is the row a spreadsheet shows.
    """

    header: tuple[str, ...]
    header_row: int
    notes: tuple[str, ...]
    rows: Iterator[Record] = field(repr=False)
    workbook: Workbook = field(repr=False)

    @property
    def bytes_total(self) -> int:
        """Return the size of the file."""
        return self.workbook.bytes_total

    @property
    def bytes_read(self) -> int:
        """Return about how many of ``bytes_total`` the rows have used so far."""
        return self.workbook.bytes_read


class Workbook:
    """An opened workbook: its sheets by name, in order, and the days its properties name (None where they do not)."""

    def __init__(self, path: Path, file: BinaryIO, size: int) -> None:
        self.name = name_of(path)
        self.bytes_total = size
        self.bytes_read = 0
        weakref.finalize(self, file.close)
        with _words(self.name), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.created, self.modified = _days(file)
            self._book: Any = load_workbook(file, read_only=True, data_only=True, keep_links=False)
        self.sheets: tuple[str, ...] = tuple(sheet.title for sheet in self._book.worksheets)
        if not self.sheets:
            raise UnreadableFile(f"{self.name} has no sheet with cells")

    def rows(self, sheet: str) -> Iterator[tuple[int, tuple[str, ...]]]:
        """Yield the rows of a sheet that hold text, each with its number, as text; empty cells at the end are left away.

        Numbers are as a person reads them: 6708 and not 6708.0, with the zeros a format of zeros shows.

        Raises:
            UnreadableFile: the workbook has no such sheet; while the rows are read: what cannot be read as one.
        """
        if sheet not in self.sheets:
            raise UnreadableFile(f"{self.name} has no sheet {shown(sheet)}; its sheets are {listed(self.sheets)}")
        found = self._book.worksheets[self.sheets.index(sheet)]
        return self._rows(found)

    def table(self, sheet: str | None = None, header_row: int = 1) -> Table:
        """Return a sheet, the first one unless it is named, as a header and records; rows above ``header_row`` are skipped.

        Raises:
            UnreadableFile: as ``rows``; the sheet is empty, or a name stands twice in its header.
        """
        sheet = self.sheets[0] if sheet is None else sheet
        rows = (each for each in self.rows(sheet) if each[0] >= header_row)
        first = next(rows, None)
        if first is None:
            raise UnreadableFile(f"The file is empty: {self.name} has no text in its sheet {shown(sheet)}")
        number, cells = first
        bare = [_INVISIBLE.sub("", cell) for cell in cells]
        notes = ["invisible characters were removed from the header"] if bare != list(cells) else []
        if len(self.sheets) > 1:
            notes.insert(0, f"read the sheet {shown(sheet)}, one of {len(self.sheets)}")
        header = tuple(" ".join(cell.split()) for cell in bare)
        places: dict[str, int] = {}
        for place, each in enumerate(header, start=1):
            if each and places.setdefault(each.casefold(), place) != place:
                raise UnreadableFile(
                    f"{self.name}: the column {shown(each)} stands twice in the header, "
                    f"as columns {places[each.casefold()]} and {place}"
                )
        return Table(header, number, tuple(notes), _records(rows, header), self)

    def _rows(self, sheet: Any) -> Iterator[tuple[int, tuple[str, ...]]]:
        with _words(self.name):
            expected = min(sheet.max_row or ROW_LIMIT, ROW_LIMIT)
            sheet.reset_dimensions()
            cells = sheet.iter_rows(max_row=ROW_LIMIT)
        number = 0
        while batch := self._batch(cells):
            for each in batch:
                number += 1
                if len(each) > COLUMN_LIMIT:
                    raise UnreadableFile(
                        f"{self.name} row {number} has {len(each):,} columns; {COLUMN_LIMIT:,} at most"
                    )
                texts = [_text(cell) for cell in each]
                while texts and not texts[-1].strip():
                    texts.pop()
                if texts:
                    yield number, tuple(texts)
            self.bytes_read = max(self.bytes_read, self.bytes_total * min(number, expected) // max(expected, 1))
        self.bytes_read = self.bytes_total

    def _batch(self, cells: Iterator[Sequence[Any]]) -> list[Sequence[Any]]:
        # openpyxl warns of what it leaves out of a workbook (charts, validation): nothing we read.
        with _words(self.name), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return list(islice(cells, _BATCH))


def is_workbook(path: Path) -> bool:
    """Return whether a file is a zip that holds a workbook; never raises."""
    try:
        with reading(path), path.open("rb") as file:
            if file.read(4) != b"PK\x03\x04":
                return False
            refuse_unsafe(path.name, file, path.stat().st_size)
        return True
    except Exception:
        return False


def open_sheets(path: Path, size_limit: int | None = None) -> Workbook:
    """Return the workbook in a file.

    Raises:
        UnreadableFile: no such file, larger than ``size_limit`` bytes, empty, no .xlsx workbook, one with a password, a
            zip bomb, more than 10,000 entries, an archive within, a path outside, XML with entities, damaged.
    """
    name = name_of(path)
    size = size_of(path, "workbook", size_limit)
    with reading(path):
        file = path.open("rb")
    try:
        _refuse_other_types(name, file.read(4096))
        with _words(name):
            refuse_unsafe(name, file, size)
        return Workbook(path, file, size)
    except DirectoryError:
        file.close()
        raise


@contextmanager
def _words(name: str) -> Iterator[None]:
    """Turn whatever a broken workbook makes the libraries raise into words; openpyxl promises no kind of exception."""
    try:
        yield
    except DirectoryError:
        raise
    except NotImplementedError:
        raise UnreadableFile(f"{name} is packed in a way we do not read; save it again as .xlsx") from None
    except Exception as error:
        if _speaks_of_entities(error):
            raise UnreadableFile(f"{name} declares XML entities or a document type, as no workbook does") from None
        kind = type(error).__name__
        raise UnreadableFile(f"{name} cannot be read as a workbook ({kind}); save it again as .xlsx") from None


def _speaks_of_entities(error: BaseException | None) -> bool:
    while error is not None:  # openpyxl wraps some errors in its own
        if isinstance(error, DefusedXmlException):
            return True
        error = error.__cause__ or error.__context__
    return False


def _refuse_other_types(name: str, head: bytes) -> None:
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise UnreadableFile(
            f"{name}: this is an old workbook (.xls), or one with a password; open it and save it as .xlsx without one"
        )
    if head.startswith(b"PK\x05\x06"):
        raise UnreadableFile(f"{name}: this is an empty zip file, not a workbook")
    if head.startswith(b"PK\x03\x04"):
        return
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith(b"<") and b"html" in start:
        raise UnreadableFile(f"{name}: this is a web page, not a workbook; perhaps the download asked for a login")
    raise UnreadableFile(f"{name}: this is not a workbook (.xlsx)")


def _days(file: BinaryIO) -> tuple[date | None, date | None]:
    """Return when a workbook was created and last changed, as its properties say (ECMA-376 part 2, core properties).

    openpyxl would say "now" where they say nothing.
    """
    with zipfile.ZipFile(file) as archive:
        if "docProps/core.xml" not in archive.namelist():
            return None, None
        root = ElementTree.fromstring(archive.read("docProps/core.xml"))
    return _day(root.findtext(f"{_WRITTEN}created")), _day(root.findtext(f"{_WRITTEN}modified"))


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat((text or "").strip()[:10])
    except ValueError:
        return None


def _text(cell: Any) -> str:
    """Return a cell as a person reads it; the first branches are the commonest."""
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return _number(value, cell.number_format)
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ")
    return str(value)


def _number(value: float, shown_as: str) -> str:
    if isinstance(value, float):
        if not value.is_integer() or abs(value) >= 1e15:
            return repr(value)
        value = int(value)
    return str(value).zfill(len(shown_as)) if re.fullmatch("0{2,20}", shown_as or "") else str(value)


def _records(rows: Iterator[tuple[int, tuple[str, ...]]], header: Sequence[str]) -> Iterator[Record]:
    width = len(header)
    for number, cells in rows:
        if len(cells) > width:
            words = f"has {len(cells)} cells, the header has {width}"
            yield Record(number, number, number, cells, (Fault(None, "", words),), whole=False)
            continue
        filled = tuple(chain(cells, [""] * (width - len(cells))))
        yield Record(number, number, number, filled, tuple(_faults(filled, header)))


def _faults(cells: Sequence[str], header: Sequence[str]) -> Iterator[Fault]:
    for column, cell in zip(header, cells, strict=True):
        if len(cell) > CELL_LIMIT:
            yield Fault(column, cell, f"is too long ({len(cell):,} characters; {CELL_LIMIT:,} at most)")
