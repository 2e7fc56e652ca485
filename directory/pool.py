"""The few places that have the words of a search, read from the index once: every ring and tier is then drawn in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import nsmallest
from typing import NamedTuple

from sqlalchemy import Connection

from directory import index
from directory.asking import Asking
from directory.records import Point
from directory.tiers import Test, Wishes

# So many are read at once; where more have the words, rings find them as fast.
MOST = 20_000


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


def load(connection: Connection, point: Point, wish: Wishes) -> Pool | None:
    """Return the places that have the words of a search and its facets; None when it has no words, or they are many."""
    if not wish.words:
        return None
    ask = Asking(connection.dialect.name)
    found = index.words_statement(ask.dialect, ask.mark(index.search_words(wish.words, ask.dialect)))
    counted = f"SELECT count(*) FROM ({found} LIMIT {ask.mark(MOST + 1)}) AS found"
    if connection.exec_driver_sql(counted, ask.values).scalar_one() > MOST:
        return None
    ask = Asking(connection.dialect.name)
    chord = ask.chord(point)
    found = index.words_statement(ask.dialect, ask.mark(index.search_words(wish.words, ask.dialect)))
    ask.add(f"token = {ask.mark(index.ANY)}")
    for test in wish.facets:
        ask.test(test)
    if wish.age is not None:
        ask.age(wish.age)
    statement = (
        f"SELECT {chord}, resource_id, stated, reach, facets, area FROM ({found}) AS found CROSS JOIN place_token "
        f"WHERE resource_id = worded AND {ask.where()}"
    )
    return Pool([Pooled(*row) for row in connection.exec_driver_sql(statement, ask.values)])
