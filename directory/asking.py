"""A statement on the search index in the making, the same on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from directory import engines, geo, index
from directory.needs import folded
from directory.records import Point
from directory.tiers import Test

# A database prepares few statements when IN lists have few lengths.
BAND_LISTS = (2, 4, 8, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384)

Value = int | str


class Asking:
    """A statement on one table in the making: conditions with ``?`` where values go, and the values in that order."""

    def __init__(self, connection: Connection, table: str) -> None:
        self.connection = connection
        self.table = table
        self.dialect = connection.dialect.name
        self.values: list[Value] = []
        self._conditions: list[str] = []

    def add(self, condition: str, *values: Value) -> None:
        """Add a condition."""
        self._conditions.append(condition)
        self.values.extend(values)

    def window(self, window: geo.Window) -> None:
        """Add the bands and longitudes that the index has."""
        first, last = window.first_band, window.last_band
        if first > last or not window.longitudes:
            self.add("1 = 0")
            return
        length = next((size for size in BAND_LISTS if size > last - first), None)
        if length is None:
            self.add("band BETWEEN ? AND ?", first, last)
        else:
            bands = [*range(first, last + 1), *[last] * (length - (last - first) - 1)]
            self.add(_BANDS[length], *bands)
        spans = " OR ".join(["lon BETWEEN ? AND ?"] * len(window.longitudes))
        self.add(f"({spans})", *(edge for span in window.longitudes for edge in span))

    def test(self, test: Test) -> None:
        """Add a test of a row's bits."""
        self.add(test.sql, *test.values)

    def either(self, ways: Sequence[Sequence[Test]]) -> None:
        """Add the condition that all tests of one of some ways are passed."""
        if not any(ways):
            return
        each = [" AND ".join(test.sql for test in tests) for tests in ways]
        said = each[0] if len(each) == 1 else f"({' OR '.join(each)})"
        self.add(said, *(value for tests in ways for test in tests for value in test.values))

    def words(self, words: str, are_common: bool) -> None:
        """Add the condition that a resource's text has words: looked up in the text of each, or in the index of words."""
        if not are_common:
            found = index.search_words(words, self.dialect)
            self.add(f"resource_id IN ({index.words_statement(self.dialect)})", found)
            return
        key = "resource_text.rowid" if self.dialect == "sqlite" else "resource_text.resource_id"
        for word in folded(words).split():
            has = f"EXISTS (SELECT 1 FROM resource_text WHERE {key} = {self.table}.resource_id AND ' ' || words LIKE ?)"
            self.add(has, f"% {word}%")

    def age(self, age: int) -> None:
        """Add the condition that a resource takes people of an age in years."""
        self.add(
            f"EXISTS (SELECT 1 FROM resource WHERE resource.id = {self.table}.resource_id "
            "AND (minimum_age IS NULL OR minimum_age <= ?) AND (maximum_age IS NULL OR maximum_age >= ?))",
            age,
            age,
        )

    @property
    def where(self) -> str:
        """Return all conditions."""
        return " AND ".join(self._conditions)

    def rows(
        self, before: str, after: str = "", *, first: Sequence[Value] = (), last: Sequence[Value] = ()
    ) -> list[Any]:
        """Ask ``before WHERE conditions after`` and return all rows; ``first`` and ``last`` are their values."""
        statement = f"{before} WHERE {self.where} {after}"
        return engines.rows(self.connection, statement, [*first, *self.values, *last])


def chord(point: Point) -> tuple[str, list[Value]]:
    """Return the squared chord in square metres from a point, of 64 bits on both databases, and its values."""
    return _CHORD, [metres for metres in geo.earth_centred(point) for _ in "ab"]


_CHORD = " + ".join(f"({axis} - CAST(? AS BIGINT)) * ({axis} - CAST(? AS BIGINT))" for axis in "xyz")
_BANDS = {length: f"band IN ({', '.join('?' * length)})" for length in BAND_LISTS}
