"""A statement on the search index in the making, the same on SQLite and PostgreSQL but for the form of its marks."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from directory import geo, index
from directory.records import Point
from directory.tiers import Test

# PostgreSQL prepares few statements when IN lists have few lengths.
BAND_LISTS = (2, 4, 8, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384)

Value = int | str
# More values than any statement binds.
_NAMES = tuple(f"p{number}" for number in range(1000))


class Asking:
    """A statement in the making: conditions, and what is bound in them by name."""

    def __init__(self, dialect: str) -> None:
        self.dialect = dialect
        self.values: dict[str, Value] = {}
        self._conditions: list[str] = []
        self._form = ":{}" if dialect == "sqlite" else "%({})s"
        self._marks = _marks(self._form)

    def mark(self, value: Value) -> str:
        """Bind a value and return where it goes."""
        place = len(self.values)
        self.values[_NAMES[place]] = value
        return self._marks[place]

    def add(self, condition: str) -> None:
        """Add a condition."""
        self._conditions.append(condition)

    def where(self) -> str:
        """Return all conditions."""
        return " AND ".join(self._conditions)

    def chord(self, point: Point) -> str:
        """Return the squared chord in square metres from a point, of 64 bits on both databases."""
        squares = []
        for axis, metres in zip("xyz", geo.earth_centred(point), strict=True):
            self.values[axis] = metres
            away = f"({axis} - CAST({self._form.format(axis)} AS BIGINT))"
            squares.append(f"{away} * {away}")
        return " + ".join(squares)

    def window(self, window: geo.Window) -> None:
        """Add the bands and longitudes that the index has."""
        bands = range(window.first_band, window.last_band + 1)
        length = next((size for size in BAND_LISTS if size >= len(bands)), None)
        if length is None:
            self.add(f"band BETWEEN {self.mark(bands[0])} AND {self.mark(bands[-1])}")
        else:
            padded = [*bands, *[bands[-1]] * (length - len(bands))]
            self.among("band", padded)
        spans = [f"lon BETWEEN {self.mark(west)} AND {self.mark(east)}" for west, east in window.longitudes]
        self.add(spans[0] if len(spans) == 1 else f"({' OR '.join(spans)})")

    def test(self, test: Test) -> None:
        """Add a test of a row's bits."""
        marks = [self.mark(value) for value in test.values()]
        self.add(test.sql(*marks))

    def among(self, column: str, values: Sequence[Value]) -> None:
        """Add the condition that a column has one of some values."""
        first = len(self.values)
        last = first + len(values)
        self.values.update(zip(_NAMES[first:last], values, strict=True))
        self.add(f"{column} IN ({', '.join(self._marks[first:last])})")

    def words(self, words: str) -> None:
        """Add the condition that a resource's text has words."""
        bound = self.mark(index.search_words(words, self.dialect))
        self.add(f"resource_id IN ({index.words_statement(self.dialect, bound)})")

    def age(self, age: int) -> None:
        """Add the condition that a resource takes people of an age in years."""
        years = self.mark(age)
        self.add(
            "EXISTS (SELECT 1 FROM resource WHERE resource.id = resource_id "
            f"AND (minimum_age IS NULL OR minimum_age <= {years}) AND (maximum_age IS NULL OR maximum_age >= {years}))"
        )


@lru_cache(maxsize=2)
def _marks(form: str) -> tuple[str, ...]:
    return tuple(map(form.format, _NAMES))
