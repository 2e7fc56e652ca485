"""Rows whose keys come in no order: gathered first, then written in the order of their table's key.

A tree of keys that is larger than what the database keeps of it in memory is read and written again for almost every row
that comes in no order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

from sqlalchemy import Connection, Table, text

from directory import engines


def gather(connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
    """Keep rows, in the order of the table's columns, until ``settle`` writes them."""
    _make_room(connection, table)
    engines.insert(connection, _room(table), table.columns.keys(), rows)


def settle(connection: Connection, table: Table) -> None:
    """Write what was gathered; where that is more than the table has, its other indexes are made anew, as that is faster."""
    _make_room(connection, table)
    names = ", ".join(table.columns.keys())
    key = ", ".join(column.name for column in table.primary_key)
    moved = f"INSERT INTO {table.name} ({names}) SELECT {names} FROM {_room(table)} ORDER BY {key}"
    with without_other_indexes(connection, table) if _is_mostly_new(connection, table) else nullcontext():
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


def _is_mostly_new(connection: Connection, table: Table) -> bool:
    """Return whether more was gathered than a table has; of a large table no more is counted than was gathered."""
    gathered = connection.execute(text(f"SELECT count(*) FROM {_room(table)}")).scalar_one()
    counted = text(f"SELECT count(*) FROM (SELECT 1 FROM {table.name} LIMIT :most) AS found")
    return bool(connection.execute(counted, {"most": gathered}).scalar_one() < gathered)


def _make_room(connection: Connection, table: Table) -> None:
    names = ", ".join(table.columns.keys())
    alike = f"SELECT {names} FROM {table.name} LIMIT 0"
    connection.execute(text(f"CREATE TEMPORARY TABLE IF NOT EXISTS {_room(table)} AS {alike}"))


def _room(table: Table) -> str:
    return f"gathered_{table.name}"
