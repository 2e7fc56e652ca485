"""Delimited text -> a header and numbered rows, strictly (RFC 4180) and in a stream; nothing is guessed in silence.

No row is given before every byte of the file was decoded, so a bad byte on the last line imports nothing; memory does
not grow with the file. What was assumed (delimiter, encoding) stands in ``notes``.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from directory.errors import UnreadableFile
from directory.importers import textfile
from directory.importers.textfile import LINE_LIMIT, TextFile, name_of
from directory.records import shown

CELL_LIMIT = 20_000
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
# What an editor or a copy from a web page leaves in a header, unseen.
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")
_INSIDE = r'[^"]*+(?:""[^"]*+)*+'
_QUOTED = f'"({_INSIDE})"'
_CELL = {each: re.compile(rf'(?:{_QUOTED}|([^"{each}]*+))(?=[{each}]|\Z)') for each in DELIMITERS}
# The same cell as it stands, and the delimiter behind it; and a line that is nothing but such cells.
_ENDED_CELL = {each: re.compile(f'("{_INSIDE}"|[^"{each}]*+)[{each}]') for each in DELIMITERS}
_ENDED_CELLS = {each: re.compile(f"(?:{cell.pattern})*+") for each, cell in _ENDED_CELL.items()}


class MissingColumns(UnreadableFile):
    """A header without a column that must be there."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a row cannot be used as it stands; ``reason`` finishes the sentence "'value' ...".

    ``value`` never holds text from beyond the cell at fault: with broken quotes nobody knows whose text that is.
    """

    column: str | None
    value: str
    reason: str


@dataclass(frozen=True, slots=True)
class Record:
    """One row. ``number`` is what a spreadsheet shows beside it; the lines are what an editor shows.

    ``whole`` is False when quotes or the number of cells are wrong; ``cells`` is then what could be read from the left.
    """

    number: int
    first_line: int
    last_line: int
    cells: tuple[str, ...]
    faults: tuple[Fault, ...] = ()
    whole: bool = True


@dataclass(slots=True)
class Reading:
    """A file being read: its header, an iterator over its rows to be used once, and how far that is."""

    header: tuple[str, ...]
    header_row: int
    delimiter: str
    notes: tuple[str, ...]
    rows: Iterator[Record] = field(repr=False)
    text: TextFile = field(repr=False)

    @property
    def bytes_total(self) -> int:
        """Return the size of the file."""
        return self.text.bytes_total

    @property
    def bytes_read(self) -> int:
        """Return how many of ``bytes_total`` the rows have used so far."""
        return self.text.bytes_read


def open_rows(
    path: Path,
    *,
    encoding: str | None = None,
    size_limit: int | None = None,
    required: Sequence[str] = (),
    header_row: int | None = None,
) -> Reading:
    """Return the header and the rows of a delimited file.

    The header is the first row with text in it, or the one on the line ``header_row``. The delimiter is the one of comma,
    semicolon, TAB and bar that the header holds most of. Names in the header lose blanks round them and invisible
    characters. A row without any text is skipped, yet counted in the row numbers.

    Raises:
        UnreadableFile: what ``textfile.examine`` refuses; a header with a broken quote, a NUL, without one of
            the ``required`` names (in whatever case) or with a name standing twice.
            While the rows are read: the file was changed meanwhile.
    """
    text = textfile.examine(path, encoding=encoding, size_limit=size_limit)
    with _Lines(text.lines()) as lines:
        number, delimiter = _delimiter(lines, header_row)
        record = next(_records(lines, number, delimiter, ()), None)
    if record is None:
        raise UnreadableFile(f"{name_of(path)} has no header, only blank lines")
    notes = list(text.notes)
    if delimiter != ",":
        notes.insert(0, f"read as {DELIMITERS[delimiter]}-separated")
    header = _header(record, name_of(path), notes)
    _refuse_header(header, record, delimiter, name_of(path), required)
    return Reading(header, record.number, delimiter, tuple(notes), _rows(text, record, delimiter, header), text)


def glance(path: Path, header_row: int | None = None) -> tuple[str, ...]:
    """Return the header of a file that looks like delimited text, from its first 64 kB; else nothing. Raises nothing."""
    start = textfile.start(path)
    if not start:
        return ()
    with _Lines(line for line in re.split("\r\n|\n|\r", start)) as lines:
        number, delimiter = _delimiter(lines, header_row)
        record = next(_records(lines, number, delimiter, ()), None)
    return () if record is None or record.faults else _names(record)


class _Lines:
    """The numbered lines of a file, which can be given back. ``number`` is that of the line last taken."""

    def __init__(self, lines: Generator[str]) -> None:
        self.number = 0
        self._lines = lines
        self._waiting: deque[str] = deque()

    def __enter__(self) -> _Lines:
        return self

    def __exit__(self, *_: object) -> None:
        self._lines.close()

    def take(self) -> str | None:
        line = self._waiting.popleft() if self._waiting else next(self._lines, None)
        self.number += line is not None
        return line

    def take_closed(self, line: str) -> list[str]:
        """Return ``line`` with those after it, up to where every quote is closed; at most a character over the limit."""
        held, length, is_open = [line], len(line), line.count('"') % 2
        while is_open and length <= LINE_LIMIT and (line_after := self.take()) is not None:
            held.append(line_after)
            length += len(line_after)
            is_open ^= line_after.count('"') % 2
        if length > LINE_LIMIT and len(held) > 1:
            self.give_back([held.pop()])
        return held

    def give_back(self, lines: list[str]) -> None:
        self._waiting.extendleft(reversed(lines))
        self.number -= len(lines)


def _delimiter(lines: _Lines, header_row: int | None) -> tuple[int, str]:
    """Return the row number of the header and the delimiter it is written with."""
    number = 1
    while header_row is not None and number < header_row and lines.take() is not None:
        number += 1
    while (line := lines.take()) is not None and not line.strip():
        number += 1
    if line is None:
        return number, ","
    told = re.fullmatch("sep=([,;\t|])", line.strip(" "))  # a line that spreadsheets write and hide
    if told is not None:
        return number, told[1]
    held = lines.take_closed(line)
    lines.give_back(held)
    bare = re.sub('"[^"]*"', "", "\n".join(held))
    return number, max(DELIMITERS, key=bare.count)


def _header(record: Record, name: str, notes: list[str]) -> tuple[str, ...]:
    if record.faults:
        fault = record.faults[0]
        value = shown(fault.value) if fault.value == '"' else "a cell"
        raise UnreadableFile(f"{name} line {record.first_line}, the header: {value} {fault.reason}")
    if any(_INVISIBLE.search(cell) for cell in record.cells):
        notes.append("invisible characters were removed from the header")
    return _names(record)


def _names(record: Record) -> tuple[str, ...]:
    return tuple(" ".join(_INVISIBLE.sub("", cell).split()) for cell in record.cells)


def _refuse_header(header: tuple[str, ...], record: Record, delimiter: str, name: str, required: Sequence[str]) -> None:
    places: dict[str, int] = {}
    doubled = [(each, places[each.casefold()], place) for place, each in enumerate(header, start=1)
               if each and places.setdefault(each.casefold(), place) != place]  # fmt: skip
    missing = [each for each in required if each.casefold() not in places]
    if missing:
        # The first cells only: when there is no header, those after them may be somebody's address.
        line = shown(delimiter.join(header[:3]))
        raise MissingColumns(
            f"{name} has no column{'s' if len(missing) > 1 else ''} {listed(missing)}; "
            f"line {record.first_line}, which should name the columns, begins with {line}"
        )
    for each, before, place in doubled:
        raise UnreadableFile(
            f"{name}: the column {shown(each)} stands twice in the header, as columns {before} and {place}"
        )


def listed(names: Sequence[str]) -> str:
    """Return names as a sentence lists them: 'id', 'kind' and 'name'."""
    *first, last = [shown(name) for name in names[:10]]
    return f"{', '.join(first)} and {last}" if first else last


def _rows(text: TextFile, record: Record, delimiter: str, header: tuple[str, ...]) -> Iterator[Record]:
    with _Lines(text.lines()) as lines:
        while lines.number < record.last_line:
            lines.take()
        for each in _records(lines, record.number + 1, delimiter, header):
            if each.whole and len(each.cells) != len(header):
                plural = "" if len(each.cells) == 1 else "s"
                words = f"has {len(each.cells)} cell{plural}, the header has {len(header)}"
                yield replace(each, faults=(Fault(None, "", words),), whole=False)
            else:
                yield each


def _records(lines: _Lines, number: int, delimiter: str, header: tuple[str, ...]) -> Iterator[Record]:
    while (line := lines.take()) is not None:
        first = lines.number
        if len(line) > LINE_LIMIT:
            words = f"is too long (more than {LINE_LIMIT:,} characters)"
            yield Record(number, first, first, (), (Fault(None, "", words),), whole=False)
        elif '"' not in line:
            cells = tuple(line.split(delimiter))
            if line.strip() and any(cells):
                yield Record(number, first, first, cells, tuple(_cell_faults(line, cells, header)))
        else:
            yield _quoted(lines, number, delimiter, header, line)
        number += 1


def _quoted(lines: _Lines, number: int, delimiter: str, header: tuple[str, ...], line: str) -> Record:
    """Return the row that begins with ``line``, which has quotes in it.

    When a quote is broken the row ends with the line that quote stands on, and the lines after it are read as rows of
    their own: one missing quote refuses one row, not the rest of the file.
    """
    first = lines.number
    if _ENDED_CELLS[delimiter].fullmatch(ended := line + delimiter):  # no quote is broken or left open
        whole = _ENDED_CELL[delimiter].findall(ended)
        found = tuple(cell[1:-1].replace('""', '"') if cell[:1] == '"' else cell for cell in whole)
        return Record(number, first, first, found, tuple(_cell_faults(line, found, header)))
    held = lines.take_closed(line)
    text = "\n".join(held)
    cells: list[str] = []
    position = 0
    while (cell := _CELL[delimiter].match(text, position)) is not None:
        cells.append(cell[2] if cell[1] is None else cell[1].replace('""', '"'))
        position = cell.end() + 1
        if position > len(text):
            return Record(number, first, lines.number, tuple(cells), tuple(_cell_faults(text, cells, header)))
    after = text.count("\n", 0, position)
    lines.give_back(held[after + 1 :])
    column = header[len(cells)] if len(cells) < len(header) else None
    fault = Fault(column, '"', _broken(text, position, first + after))
    return Record(number, first, first + after, tuple(cells), (fault,), whole=False)


def _broken(text: str, position: int, line: int) -> str:
    if text[position] != '"':
        return f"stands inside a cell without quotes round it, on line {line}; quote the cell and double the quotes inside it"
    closed = re.compile(_QUOTED).match(text, position)
    if closed is None or "\n" in closed[0]:
        return f"opens on line {line} and never closes"
    return f"closes on line {line} with text after it; double the quotes inside a quoted cell"


def _cell_faults(text: str, cells: Sequence[str], header: Sequence[str]) -> Iterator[Fault]:
    if len(text) <= CELL_LIMIT and "\0" not in text:
        return
    for column, cell in zip(header or cells, cells, strict=False):
        if len(cell) > CELL_LIMIT:
            yield Fault(column, cell, f"is too long ({len(cell):,} characters; {CELL_LIMIT:,} at most)")
        elif "\0" in cell:
            yield Fault(column, cell, "holds a NUL character")
