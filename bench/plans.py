"""How the database goes about a search: every statement asked for its plan, none may read a table through."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection

from bench.queries import Asked
from directory import engines
from directory.search import Searcher

# Read through by their nature: some dozens of rows, and what comes out of a sub-query or the index of words.
SMALL = (
    "token_count",
    "meta",
    "resource_text",
    "CONSTANT",
    "anon_",
    "found",
    "(subquery",
    "nearest",
    "SUBQUERY",
    "place_density",
)
LONGEST = 300
COVERED = {
    "sqlite": "SEARCH place_token USING PRIMARY KEY (token=? AND band",
    "postgresql": "pk_place_token",
}


def complaints(searcher: Searcher, asked: Sequence[Asked]) -> Iterator[str]:
    """Yield each plan of these searches' statements that reads a whole table, or the places without their index."""
    seen: dict[str, Any] = {}
    with _watched(seen):
        for each in asked:
            searcher.search(each.query)
    with searcher.database.reading() as connection:
        dialect = connection.dialect.name
        for statement, values in seen.items():
            lines = _plan(connection, dialect, statement, values)
            for line in lines:
                if _reads_through(line) and not any(name in line for name in SMALL):
                    yield f"{line.strip()} in: {statement[:LONGEST]}"
            # With words the database may well start from the few resources that have them.
            ringed = "place_token" in statement and "band" in statement and "resource_text" not in statement
            if ringed and not any(COVERED[dialect] in line for line in lines):
                yield f"the places are not found by their index: {' / '.join(lines)} in: {statement[:LONGEST]}"


def _reads_through(line: str) -> bool:
    return line.strip().startswith("SCAN") or "Seq Scan" in line


def _plan(connection: Connection, dialect: str, statement: str, values: Any) -> list[str]:
    word = "EXPLAIN QUERY PLAN" if dialect == "sqlite" else "EXPLAIN"
    return [str(row[-1]) for row in engines.rows(connection, f"{word} {statement}", values)]


@contextmanager
def _watched(seen: dict[str, Any]) -> Iterator[None]:
    """Note each statement on the index with the values of its first time."""
    ask = engines.rows

    def noted(connection: Connection, statement: str, values: Sequence[Any] = ()) -> list[Any]:
        seen.setdefault(statement, values)
        return ask(connection, statement, values)

    engines.rows = noted
    try:
        yield
    finally:
        engines.rows = ask
