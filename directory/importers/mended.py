"""Refused rows come back: the CSV that ``directory import --refused`` wrote of a JSON file, as the records it was made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from directory import clean
from directory.importers import delimited
from directory.importers.jsonfile import Broken

PROBLEM = "problem"
"""The column that tells such a file; nothing is read from it."""
Unfold = Mapping[str, Callable[[str], Any]]
"""By field: how its cell becomes the value the JSON had."""


class MendedRecords:
    """The rows of such a file as records with their row numbers: an iterator to be used once, and how far it has come."""

    def __init__(self, path: Path, unfold: Unfold, size_limit: int | None, encoding: str | None) -> None:
        self._table = delimited.open_rows(path, encoding=encoding, size_limit=size_limit)
        self._rows = self._read(unfold)

    @property
    def bytes_total(self) -> int:
        """Return the size of the file."""
        return self._table.bytes_total

    @property
    def bytes_read(self) -> int:
        """Return how many of ``bytes_total`` have been read."""
        return self._table.bytes_read

    def __iter__(self) -> Iterator[tuple[int, dict[str, Any]]]:
        return self._rows

    def __next__(self) -> tuple[int, dict[str, Any]]:
        return next(self._rows)

    def _read(self, unfold: Unfold) -> Iterator[tuple[int, dict[str, Any]]]:
        for record in self._table.rows:
            cells = zip(self._table.header, (clean.unquoted(cell) for cell in record.cells), strict=False)
            values = {
                name: unfold[name](cell) if name in unfold else cell for name, cell in cells if cell and name != PROBLEM
            }
            if record.faults:
                fault = record.faults[0]
                yield record.number, Broken(fault.reason, values)
            else:
                yield record.number, values


def is_mended(path: Path) -> bool:
    """Return whether a file is a CSV of refused rows; never raises."""
    return PROBLEM in delimited.glance(path)


def parts(cell: str) -> list[str]:
    """Return the parts of a list that stand in one cell, separated by ";"."""
    return [part for each in cell.split(";") if (part := each.strip())]
