"""Resources as they stand in their table: read by the ids found in the index, and written."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any

from sqlalchemy import JSON, Connection, Dialect

from directory import engines
from directory.models import Resource

_COLUMNS = tuple(Resource.__table__.columns)
_SHORT = 80
_NAMES = tuple(column.name for column in _COLUMNS)
_in_order = itemgetter(*_NAMES)
_WHOLE = f"SELECT {', '.join(_NAMES)} FROM resource WHERE id"


def resources(connection: Connection, ids: Collection[int]) -> dict[int, dict[str, Any]]:
    """Return the columns of these resources by id, without those that are gone. Lists in them are not to be changed."""
    if not ids:
        return {}
    wanted = padded(ids)
    readers = _readers(connection.dialect)
    found: dict[int, dict[str, Any]] = {}
    for row in engines.rows(connection, f"{_WHOLE} IN ({', '.join('?' * len(wanted))})", wanted):
        columns = dict(zip(_NAMES, row, strict=True))
        for name, read in readers:
            columns[name] = read(columns[name])
        found[columns["id"]] = columns
    return found


def write(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert resources, each with all of its columns."""
    writers = _writers(connection.dialect)
    found: list[tuple[Any, ...]] = []
    for row in rows:
        columns = list(_in_order(row))
        for place, write in writers:
            columns[place] = write(columns[place])
        found.append(tuple(columns))
    engines.insert(connection, Resource.__tablename__, _NAMES, found)


def padded(ids: Collection[int]) -> list[int]:
    """Return the ids with the last one repeated up to one of a few lengths, so that few statements are prepared."""
    given = list(ids)
    length = 2
    while length < len(given):
        length *= 2
    return [*given, *[given[-1]] * (length - len(given))]


@lru_cache(maxsize=2)
def _readers(dialect: Dialect) -> tuple[tuple[str, Callable[[Any], Any]], ...]:
    """Return the columns whose values the driver does not give as they are meant, each with what reads them."""
    if dialect.name != "sqlite":
        return ()
    found: list[tuple[str, Callable[[Any], Any] | None]] = []
    for column in _COLUMNS:
        kind = column.type.dialect_impl(dialect)
        found.append((column.name, _list if isinstance(kind, JSON) else kind.result_processor(dialect, None)))
    return tuple((name, read) for name, read in found if read is not None)


@lru_cache(maxsize=2)
def _writers(dialect: Dialect) -> tuple[tuple[int, Callable[[Any], Any]], ...]:
    """Return the places of the columns whose values the driver does not take as they are, each with what makes them so."""
    found: list[tuple[int, Callable[[Any], Any] | None]] = []
    for place, column in enumerate(_COLUMNS):
        kind = column.type.dialect_impl(dialect)
        found.append((place, _list_text if isinstance(kind, JSON) else kind.bind_processor(dialect)))
    return tuple((place, write) for place, write in found if write is not None)


def _list_text(values: Sequence[Any]) -> str:
    """Return a list as JSON; many resources have the same words in one."""
    try:
        return _words_text(tuple(values))
    except TypeError:  # not of words
        return json.dumps(values)


@lru_cache(maxsize=8192)
def _words_text(words: tuple[str, ...]) -> str:
    return json.dumps(words)


def _list(text: str) -> Any:
    """Return a list kept as JSON, not to be changed: many resources have the same short one, and share it."""
    return _short(text) if len(text) <= _SHORT else json.loads(text)


@lru_cache(maxsize=8192)
def _short(text: str) -> Any:
    return json.loads(text)
