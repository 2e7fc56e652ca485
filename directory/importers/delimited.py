"""Bytes -> a header and numbered rows, strictly and in a stream: RFC 4180 with the field's habits, and nothing guessed.

The whole file is decoded once before the first row is given, so a bad byte on the last line imports nothing. Then it is
read again line by line; memory does not grow with the file. What was assumed (delimiter, encoding) is said in ``notes``.
"""

from __future__ import annotations

import codecs
import io
import re
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from directory.errors import UnreadableFile
from directory.importers import opening
from directory.importers.opening import CHUNK, name_of, reading_errors

CELL_LIMIT = 20_000
# A row longer than this is refused unread: every cell of our own format at its longest fits.
ROW_LIMIT = 1_000_000
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
# What an editor or a copy from a web page leaves in a header, unseen.
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a row cannot be used as it stands; ``reason`` finishes the sentence "'value' ..."."""

    column: str | None
    value: str
    reason: str


@dataclass(frozen=True, slots=True)
class Record:
    """One row. ``number`` is what a spreadsheet shows beside it, the lines are what an editor shows.

    With a fault in the row's shape (quotes, number of cells) ``cells`` holds what could be read from the left.
    """

    number: int
    first_line: int
    last_line: int
    cells: tuple[str, ...]
    faults: tuple[Fault, ...] = ()

    @property
    def lines(self) -> str:
        """Return "line 3", or "lines 3–4" for a row with line breaks in its cells."""
        if self.first_line == self.last_line:
            return f"line {self.first_line}"
        return f"lines {self.first_line}–{self.last_line}"


@dataclass(slots=True)
class Reading:
    """A file being read: its header, an iterator over its rows to be used once, and how far it is."""

    path: Path
    header: tuple[str, ...]
    header_line: int
    delimiter: str
    notes: tuple[str, ...]
    bytes_total: int
    rows: Iterator[Record] = field(repr=False)
    position: Callable[[], int] = field(repr=False)

    @property
    def bytes_read(self) -> int:
        """Return how many of ``bytes_total`` have been read, for a progress bar."""
        return self.position()


def open_rows(path: Path, *, encoding: str | None = None, size_limit: int | None = None) -> Reading:
    """Return the header and the rows of a delimited file, after every byte of it was found to be text.

    The delimiter is the one of ``,`` ``;`` TAB ``|`` that the header holds most of. Without ``encoding`` the file is
    UTF-8, or UTF-16 with a byte-order mark. Rows without any text are skipped, yet counted in the row numbers.

    Raises:
        UnreadableFile: no such file, not a regular file, more than ``size_limit`` bytes, empty, another type (web page,
            image, workbook), a byte outside the encoding, no usable header. Also while the rows are read, when the file
            changes meanwhile.
    """
    found = opening.examine(path, encoding=encoding, size_limit=size_limit)
    lines = _Lines(found)
    notes = list(found.notes)
    try:
        header, delimiter = _header(lines, notes)
    except UnreadableFile:
        lines.close()
        raise
    header_line = lines.number
    lines.close()
    return Reading(
        path, header, header_line, delimiter, tuple(notes), found.size, _rows(lines, header, delimiter), lambda: lines.position
    )


class _Lines:
    """The lines of a file, numbered from 1, without their ends. A line can be given back; closing and going on is allowed."""

    def __init__(self, found: opening.Text) -> None:
        self.number = 0
        self.position = 0
        self.name = name_of(found.path)
        self._found = found
        self._waiting: deque[str | None] = deque()
        self._file: io.TextIOWrapper | None = None
        self._reached = 0

    def take(self) -> str | None:
        """Return the next line, "" for a blank one, and None at the end. ``too_long`` tells of a line not kept."""
        if self._waiting:
            self.number += 1
            return self._waiting.popleft()
        with reading_errors(self._found.path):
            if self._file is None:
                self._file = self._found.open(self._reached)
            line = self._file.readline(ROW_LIMIT + 1)
            if line and not line.endswith(self._found.line_end) and len(line) > ROW_LIMIT:
                while (rest := self._file.readline(CHUNK)) and not rest.endswith(self._found.line_end):
                    pass
        return line

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
