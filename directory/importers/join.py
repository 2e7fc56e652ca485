"""Files joined to a table: agencies and sites beside services. Their rows wait in a temporary database on the disk."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from directory.errors import UnreadableFile
from directory.importers.cells import Fault
from directory.importers.delimited import Record, listed
from directory.importers.joined_files import Joined
from directory.importers.tables import Table
from directory.importers.textfile import name_of
from directory.records import shown

_BATCH = 1000
_REMEMBERED = 1000
_CREATE = "CREATE TABLE joined (file, key, number, cells, fault, PRIMARY KEY (file, key)) WITHOUT ROWID"
# The same key on a second row that says something else: neither can be used.
_ADD = (
    "INSERT INTO joined VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET fault = CASE WHEN cells = excluded.cells "
    "THEN fault ELSE 'stands in the rows ' || number || ' and ' || excluded.number END"
)
_FIND = "SELECT cells, fault FROM joined WHERE file = ? AND key = ?"
_Find = Callable[[str], tuple[Mapping[str, str], str]]


@dataclass(frozen=True, slots=True)
class Found:
    """What the joined files say of a row: cells by the prefixed names, and what could not be found."""

    cells: Mapping[str, str]
    faults: tuple[Fault, ...] = ()


@dataclass(slots=True)
class JoinedFiles:
    """The joined files of an import. ``columns`` are all their columns, prefixed; ``keys`` those that only join."""

    columns: tuple[str, ...] = ()
    keys: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()
    _find: list[tuple[str, str, _Find]] = field(default_factory=list)

    def of(self, cells: Mapping[str, str]) -> Found:
        """Return what stands in the joined files for a row; one file after another, so that a site may name its agency."""
        joined: dict[str, str] = {}
        faults: list[Fault] = []
        for name, on, find in self._find:
            key = (cells.get(on) or joined.get(on, "")).strip()
            if not key:
                continue
            values, fault = find(key)
            joined.update(values)
            if fault:
                faults.append((on, key, f"{fault} of {name}"))
        return Found(joined, tuple(faults))


def open_files(
    files: Sequence[Joined], header: Sequence[str], open_one: Callable[[Joined], tuple[str, Table]]
) -> JoinedFiles:
    """Return the joined files, read once into a temporary database that ends with the import.

    ``header`` is that of the main table; ``open_one`` opens a file to join and says its name.

    Raises:
        UnreadableFile: a file that cannot be read; one without the column that joins, or where no table has it.
    """
    found = JoinedFiles()
    if not files:
        return found
    # The empty name is a database on the disk that is gone when it is closed (https://sqlite.org/inmemorydb.html).
    connection = sqlite3.connect("", check_same_thread=False)
    connection.execute(_CREATE)
    known = list(header)
    for place, each in enumerate(files):
        name, table = open_one(each)
        on, to = column_of(each.on, known), column_of(each.to, table.header)
        if on is None:
            raise UnreadableFile(
                f"{name} is joined on {shown(each.on)}, which no table before it has; its columns are {listed(known)}"
            )
        if to is None:
            raise UnreadableFile(
                f"{name} has no column {shown(each.to)} to join on; its columns are {listed(table.header)}. "
                'Name the right one with to = "..."'
            )
        columns = tuple(f"{each.prefix}{column}" if column else "" for column in table.header)
        with _words(name):
            _store(connection, place, table, table.header.index(to))
        found._find.append((name, on, _finder(connection, name, place, columns)))
        found.columns = (*found.columns, *(column for column in columns if column))
        found.keys |= {f"{each.prefix}{to}"}
        found.notes = (*found.notes, *(f"{name}: {note}" for note in table.notes))
        known.extend(columns)
    return found


def column_of(name: str, names: Iterable[str]) -> str | None:
    """Return a column as its table spells it, by its name in whatever case; None where there is none."""
    wanted = name.casefold()
    return next((each for each in names if each.casefold() == wanted), None)


def beside(path: Path, file: str) -> Path:
    """Return a file beside another.

    Raises:
        UnreadableFile: there is none.
    """
    found = path.parent / file
    if not found.is_file():
        raise UnreadableFile(f"{name_of(path)} is joined with {shown(file)}, which is not beside it; put it there")
    return found


def _store(connection: sqlite3.Connection, place: int, table: Table, to: int) -> None:
    batch: list[tuple[int, str, int, str, str]] = []
    for stored in _stored(place, table.rows, len(table.header), to):
        batch.append(stored)
        if len(batch) == _BATCH:
            connection.executemany(_ADD, batch)
            batch.clear()
    connection.executemany(_ADD, batch)


def _stored(place: int, records: Iterator[Record], width: int, to: int) -> Iterator[tuple[int, str, int, str, str]]:
    for record in records:
        if len(record.cells) <= to or not (key := record.cells[to].strip()):
            continue
        fault = f"stands in row {record.number} (which cannot be read)" if record.faults else ""
        cells = () if record.faults else record.cells[:width]
        yield place, _storable(key), record.number, json.dumps(cells), fault


def _finder(connection: sqlite3.Connection, name: str, place: int, columns: Sequence[str]) -> _Find:
    @lru_cache(maxsize=_REMEMBERED)
    def find(key: str) -> tuple[Mapping[str, str], str]:
        with _words(name):
            row = connection.execute(_FIND, (place, _storable(key))).fetchone()
        if row is None:
            return {}, "stands in no row"
        if row[1]:
            return {}, row[1]
        return dict(zip(columns, json.loads(row[0]), strict=False)), ""

    return find


def _storable(key: str) -> str:
    """Return a key as it is compared: in whatever case, halves of characters replaced."""
    return key.casefold().encode("utf-8", "replace").decode()


@contextmanager
def _words(name: str) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise UnreadableFile(f"{name} cannot be joined: the temporary file for it failed ({error})") from None
