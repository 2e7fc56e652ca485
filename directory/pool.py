"""The few places that have the words of a search, read from the index once: every ring and tier is then drawn in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import nsmallest
from typing import NamedTuple

from sqlalchemy import Connection

from directory import engines, index
from directory.asking import Asking, chord
from directory.records import Point
from directory.schedules import Minute
from directory.tiers import Test, Wishes

# So many are read at once; where more have the words, rings find them as fast.
MOST = 5_000


class Pooled(NamedTuple):
    """One place of the pool: squared chord in square metres, id, what it offers, and where it is."""

    chord_squared: int
    id: int
    stated: int
    reach: int
    facets: int
    area: int


@dataclass(frozen=True, slots=True)
class Pool:
    """All places that satisfy everything but the needs of one search."""

    places: Sequence[Pooled]

    def nearest(
        self, tests: Sequence[Test], first: int, last: int, end: tuple[int, int],
        areas: tuple[int, int] | None, outside: int | None, limit: int,
    ) -> list[tuple[int, int]]:  # fmt: skip
        """Return (squared chord, id) of the nearest that pass the tests, beyond ``first`` and up to ``last``, after ``end``.

        ``areas``: the first and last number of those to stay in; ``outside``: the one to stay out of.
        """
        found = (
            each[:2]
            for each in self.places
            if first < each.chord_squared <= last
            and each[:2] > end
            and (areas is None or areas[0] <= each.area <= areas[1])
            and each.area != outside
            and all(test.holds(getattr(each, test.column)) for test in tests)
        )
        return nsmallest(limit, found)


def worded(connection: Connection, words: str) -> int:
    """Return how many resources have all these words, counted no further than one more than ``MOST``."""
    dialect = connection.dialect.name
    counted = f"SELECT count(*) FROM ({index.words_statement(dialect)} LIMIT ?) AS found"
    (row,) = engines.rows(connection, counted, [index.search_words(words, dialect), MOST + 1])
    return int(row[0])


def load(connection: Connection, point: Point, wish: Wishes, minute: Minute | None) -> Pool | None:
    """Return the places that have the words of a search, its facets, and are open if they must be; None where many do."""
    if not wish.words or wish.words_are_common:
        return None
    ask = Asking(connection, "place_token")
    square, metres = chord(point)
    ask.add("place_token.resource_id = worded AND token = ?", index.ANY)
    for test in wish.facets:
        ask.test(test)
    if wish.age is not None:
        ask.age(wish.age)
    found = ask.rows(
        f"SELECT {square}, resource_id, stated, reach, facets, area, schedule, good_until "
        f"FROM ({index.words_statement(ask.dialect)}) AS found CROSS JOIN place_token",
        first=[*metres, index.search_words(wish.words, ask.dialect)],
    )
    return Pool([Pooled(*row[:6]) for row in found if minute is None or minute.is_open(row[6], row[7])])
