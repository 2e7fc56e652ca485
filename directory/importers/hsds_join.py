"""The tables of an HSDS package joined by their keys, in a temporary file, so that memory holds a row and what hangs on it."""

from __future__ import annotations

import json
import re
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

Object = dict[str, Any]

# The tables we read, with their keys and the table each key names.
KEYS: Mapping[str, Mapping[str, str]] = {
    "organization": {},
    "service": {"organization_id": "organization"},
    "location": {"organization_id": "organization"},
    "service_at_location": {"service_id": "service", "location_id": "location"},
    "address": {"location_id": "location"},
    "phone": {
        "location_id": "location",
        "service_id": "service",
        "organization_id": "organization",
        "service_at_location_id": "service_at_location",
    },
    "schedule": {
        "service_id": "service",
        "location_id": "location",
        "service_at_location_id": "service_at_location",
    },
    "service_area": {"service_id": "service"},
    "language": {"service_id": "service", "location_id": "location"},
    "accessibility": {"location_id": "location"},
    "cost_option": {"service_id": "service"},
    "required_document": {"service_id": "service"},
    "taxonomy": {},
    "taxonomy_term": {"taxonomy_id": "taxonomy", "parent_id": "taxonomy_term"},
    "attribute": {"taxonomy_term_id": "taxonomy_term"},
}
# Tables and keys of which only the ids and keys are looked at. Persons (contacts) are not read.
CHECKED: Mapping[str, Mapping[str, str]] = {
    "organization": {"parent_organization_id": "organization"},
    "service": {"program_id": "program"},
    "phone": {"contact_id": "contact"},
    "language": {"phone_id": "phone"},
    "program": {"organization_id": "organization"},
    "contact": {
        "organization_id": "organization",
        "service_id": "service",
        "service_at_location_id": "service_at_location",
        "location_id": "location",
    },
    "funding": {"organization_id": "organization", "service_id": "service"},
    "organization_identifier": {"organization_id": "organization"},
    "metadata": {},
}
TABLES = tuple(dict.fromkeys((*KEYS, *CHECKED)))
LINKED = ("service", "service_at_location", "location", "organization")
_UUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")


class Join:
    """The rows of all tables and their links, in a file that nobody else reads."""

    def __init__(self, path: Path) -> None:
        self._at = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._term = lru_cache(maxsize=10_000)(self._read)
        self._at.executescript(
            """
            PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -32000; PRAGMA temp_store = FILE;
            CREATE TABLE item (tab TEXT, id TEXT, number INTEGER, fault TEXT, cells TEXT);
            CREATE TABLE link (item INTEGER, tab TEXT, col TEXT, parent_tab TEXT, parent_id TEXT, parent INTEGER);
            """
        )

    def close(self) -> None:
        """Let go of the file."""
        self._at.close()

    def add(self, table: str, rows: Iterable[tuple[int, Object, str]]) -> None:
        """Add rows of a table: row number, cells, and why they cannot be believed ("" when they can)."""
        self._at.execute("BEGIN")
        for number, cells, fault in rows:
            text = json.dumps(cells, ensure_ascii=False)
            made = self._at.execute(
                "INSERT INTO item VALUES (?, ?, ?, ?, ?)", (table, cells.get("id", ""), number, fault, text)
            )
            self._at.executemany("INSERT INTO link VALUES (?, ?, ?, ?, ?, NULL)", _links(table, cells, made.lastrowid))
        self._at.execute("COMMIT")

    def finish(self) -> None:
        """Resolve every key; to be called once, when all rows are there."""
        self._at.executescript(
            """
            CREATE INDEX item_id ON item (tab, id);
            UPDATE link SET parent = (SELECT min(item.rowid) FROM item
                                      WHERE item.tab = link.parent_tab AND item.id = link.parent_id)
            WHERE parent_tab IS NOT NULL;
            """
        )
        for table in TABLES:
            self._at.execute(
                "UPDATE link SET parent = (SELECT min(item.rowid) FROM item WHERE item.tab = ? AND item.id = parent_id),"
                " parent_tab = ? WHERE parent_tab IS NULL AND EXISTS"
                " (SELECT 1 FROM item WHERE item.tab = ? AND item.id = parent_id)",
                (table, table, table),
            )
        self._at.executescript("CREATE INDEX link_parent ON link (parent); CREATE INDEX link_item ON link (item);")

    def count(self, table: str) -> int:
        """Return the number of rows of a table."""
        return int(self._at.execute("SELECT count(*) FROM item WHERE tab = ?", (table,)).fetchone()[0])

    def ids(self, table: str) -> list[str]:
        """Return the ids of a small table."""
        return [each for (each,) in self._at.execute("SELECT id FROM item WHERE tab = ?", (table,))]

    def rows(self, table: str) -> Iterator[tuple[int, int, Object, str]]:
        """Yield row number, key in the join, cells and what is wrong with it, of each row, in the order of the file."""
        found = self._at.execute("SELECT number, rowid, cells, fault FROM item WHERE tab = ? ORDER BY rowid", (table,))
        for number, row_id, cells, fault in found:
            yield number, row_id, json.loads(cells), fault

    def children(self, parent: int) -> dict[str, list[tuple[int, Object]]]:
        """Return the rows that name a row, by table, in the order of the file."""
        found = self._at.execute(
            "SELECT DISTINCT item.tab, item.rowid, item.cells FROM link JOIN item ON item.rowid = link.item"
            " WHERE link.parent = ? ORDER BY item.rowid",
            (parent,),
        )
        children: dict[str, list[tuple[int, Object]]] = {}
        for table, row_id, cells in found.fetchall():
            children.setdefault(table, []).append((row_id, json.loads(cells)))
        return children

    def terms(self, attribute: int) -> list[Object]:
        """Return the taxonomy terms an attribute names."""
        found = self._at.execute(
            "SELECT parent FROM link WHERE item = ? AND tab = 'attribute' AND parent_tab = 'taxonomy_term'"
            " AND parent IS NOT NULL",
            (attribute,),
        )
        return [self._term(parent) for (parent,) in found.fetchall()]

    def parents(self, row_id: int, parent_table: str) -> Iterator[tuple[int, Object]]:
        """Yield the rows of a table that a row names."""
        found = self._at.execute(
            "SELECT item.rowid, item.cells FROM link JOIN item ON item.rowid = link.parent"
            " WHERE link.item = ? AND link.parent_tab = ? ORDER BY link.rowid",
            (row_id, parent_table),
        )
        for parent, cells in found.fetchall():
            yield parent, json.loads(cells)

    def _read(self, row_id: int) -> Object:
        (cells,) = self._at.execute("SELECT cells FROM item WHERE rowid = ?", (row_id,)).fetchone()
        found: Object = json.loads(cells)
        return found

    def missing(self, row_id: int, column: str) -> list[tuple[str, str]]:
        """Return ``column`` and key of what a row names there and nothing is called."""
        return self._at.execute(
            "SELECT col, parent_id FROM link WHERE item = ? AND col = ? AND parent IS NULL", (row_id, column)
        ).fetchall()

    def orphans(self, table: str, column: str) -> Iterator[tuple[int, str, str]]:
        """Yield row number, id and key of the rows whose ``column`` names nothing at all."""
        yield from self._at.execute(
            "SELECT item.number, item.id, coalesce(max(link.parent_id), '') FROM item"
            " LEFT JOIN link ON link.item = item.rowid AND link.col = ?"
            " WHERE item.tab = ? GROUP BY item.rowid HAVING max(link.parent) IS NULL",
            (column, table),
        )

    def dangling(self, files: Mapping[str, str]) -> Iterator[str]:
        """Yield every key that names nothing, in words; those of a table that is not in the package together."""
        found = self._at.execute(
            "SELECT link.tab, item.number, link.col, link.parent_id, link.parent_tab FROM link"
            " JOIN item ON item.rowid = link.item WHERE link.parent IS NULL ORDER BY link.rowid"
        )
        absent: Counter[str] = Counter()
        for table, number, column, key, named in found:
            if named is not None and named not in files:
                absent[f"{files[table]}, {column}: all of a table that is not there"] += 1
            else:
                yield f"{files[table]} row {number}, {column} '{key[:60]}'"
        yield from absent


def _links(table: str, cells: Object, item: int | None) -> Iterator[tuple[int | None, str, str, str | None, str]]:
    for column, parent in {**KEYS.get(table, {}), **CHECKED.get(table, {})}.items():
        for key in _keys(cells.get(column, "")):
            yield item, table, column, parent, key
    if table == "attribute":
        entity = cells.get("link_entity", "").strip().lower()
        for key in _keys(cells.get("link_id", "")):
            yield item, table, "link_id", entity if entity in LINKED else None, key
    if table == "metadata":
        for key in _keys(cells.get("resource_id", "")):
            yield item, table, "resource_id", None, key


def keys_alone(table: str, cells: Object) -> Object:
    names = {"id", "resource_id", *CHECKED[table]}
    return {name: cell for name, cell in cells.items() if name in names}


def _keys(cell: str) -> list[str]:
    """Return the keys of a cell: one, or several with a comma, semicolon or bar between, or UUIDs with anything."""
    text = cell.strip()
    found = _UUID.findall(text)
    if len(found) > 1:
        return list(dict.fromkeys(found))
    return list(dict.fromkeys(part for each in re.split(r"[,;|]", text) if (part := each.strip())))
