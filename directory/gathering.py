"""Rows whose keys come in no order: gathered first, then written in the order of their table's key.

A tree of keys that is larger than what the database keeps of it in memory is read and written again for almost every row
that comes in no order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Table, text

from directory import engines


def gather(connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
    """Keep rows, in the order of the table's columns, until ``settle`` writes them."""
    _make_room(connection, table)
    engines.insert(connection, _room(table), table.columns.keys(), rows)


def settle(connection: Connection, table: Table, *, is_mostly_new: bool) -> None:
    """Write what was gathered; where that is most of the table, its other indexes are made anew, as that is faster."""
    _make_room(connection, table)
    names = ", ".join(table.columns.keys())
    key = ", ".join(column.name for column in table.primary_key)
    moved = f"INSERT INTO {table.name} ({names}) SELECT {names} FROM {_room(table)} ORDER BY {key}"
    if is_mostly_new:
        with without_other_indexes(connection, table):
            connection.execute(text(moved))
    else:
        connection.execute(text(moved))
    connection.execute(text(f"DELETE FROM {_room(table)}"))


@contextmanager
def without_other_indexes(connection: Connection, table: Table) -> Iterator[None]:
    """On SQLite do without all indexes but the key while a table is filled: its readers have the old directory meanwhile."""
    if connection.dialect.name != "sqlite":  # PostgreSQL's readers would wait
        yield
        return
    for each in table.indexes:
        each.drop(connection)
    yield
    for each in table.indexes:
        each.create(connection)


def _make_room(connection: Connection, table: Table) -> None:
    names = ", ".join(table.columns.keys())
    alike = f"SELECT {names} FROM {table.name} LIMIT 0"
    connection.execute(text(f"CREATE TEMPORARY TABLE IF NOT EXISTS {_room(table)} AS {alike}"))


def _room(table: Table) -> str:
    return f"gathered_{table.name}"
