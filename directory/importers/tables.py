"""A table of a publisher: a delimited file or a sheet of a workbook, as a header and records."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

from directory.importers import delimited, textfile, workbook
from directory.importers.delimited import MissingColumns, Record, listed
from directory.importers.textfile import name_of

_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")


class Table(Protocol):
    """A header and an iterator over records, to be used once; ``delimited.Reading`` and ``workbook.Table`` are such."""

    header: tuple[str, ...]
    notes: tuple[str, ...]
    rows: Iterator[Record]

    @property
    def bytes_total(self) -> int:
        """Return the size of the file."""

    @property
    def bytes_read(self) -> int:
        """Return how many of ``bytes_total`` the rows have used so far."""


def open_table(
    path: Path,
    *,
    sheet: str | None = None,
    header_row: int | None = None,
    encoding: str | None = None,
    size_limit: int | None = None,
    required: Sequence[str] = (),
) -> Table:
    """Return the table in a file, told by its content: a sheet of a workbook (the first one), else delimited text.

    Raises:
        UnreadableFile: what ``workbook.open_sheets`` and ``delimited.open_rows`` refuse; one of the ``required`` columns
            is missing.
    """
    if not is_workbook(path):
        return delimited.open_rows(
            path, encoding=encoding, size_limit=size_limit, header_row=header_row, required=required
        )
    table = workbook.open_sheets(path, size_limit).table(sheet, header_row or 1)
    names = {each.casefold() for each in table.header}
    if missing := [each for each in required if each.casefold() not in names]:
        plural = "s" if len(missing) > 1 else ""
        raise MissingColumns(f"{name_of(path)} has no column{plural} {listed(missing)} in row {table.header_row}")
    return table


def is_workbook(path: Path) -> bool:
    """Return whether a file must be read as a workbook, or refused as a broken one; raises nothing."""
    return textfile.begins(path, 4) in _WORKBOOKS
