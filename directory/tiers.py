"""What a query demands of a row of the search index: hard wishes, and needs tier by tier, as tests on bits.

Each test can be said in SQL by itself, for the rings of ``nearby``, and as a condition of SQLAlchemy.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, bindparam, literal_column, or_, text

from directory import index
from directory.matches import MENTAL, SUBSTANCE, family
from directory.models import Resource
from directory.needs import Vocabulary
from directory.query import Query

# Up to so many needs each subset still covered is a search of its own, which can drive on its own rarest token.
SUBSET_LIMIT = 4
INTEGRATED, REACHES_ALL = 1, 3
"""The tier of what treats both together, and the last tier that reaches all needs."""

Condition = ColumnElement[bool]


@dataclass(frozen=True, slots=True)
class Bits:
    """A test of one word of a row: its bits under ``mask`` are ``value`` (or, not ``equal``, are anything else)."""

    column: str
    mask: int
    value: int
    equal: bool = True

    @property
    def sql(self) -> str:
        """Return the test in SQL, with a mark for each of its values."""
        return f"({self.column} & ?) {'=' if self.equal else '<>'} ?"

    @property
    def values(self) -> tuple[int, ...]:
        """Return what is bound at the marks."""
        return (self.mask, self.value)

    def holds(self, word: int) -> bool:
        """Return whether a row's word passes."""
        return (word & self.mask == self.value) is self.equal

    def on(self, table: Any) -> Condition:
        """Return the test as a condition on a table."""
        bits: ColumnElement[int] = getattr(table, self.column).op("&")(_word(self.mask))
        return bits == _word(self.value) if self.equal else bits != _word(self.value)


@dataclass(frozen=True, slots=True)
class Count:
    """A test of one word of a row: so many of these bits are set."""

    column: str
    bits: tuple[int, ...]
    value: int

    @property
    def sql(self) -> str:
        """Return the test in SQL, with a mark for its value."""
        return f"{' + '.join(f'(({self.column} >> {bit}) & 1)' for bit in self.bits)} = ?"

    @property
    def values(self) -> tuple[int, ...]:
        """Return what is bound at the mark."""
        return (self.value,)

    def holds(self, word: int) -> bool:
        """Return whether a row's word passes."""
        return sum(word >> bit & 1 for bit in self.bits) == self.value

    def on(self, table: Any) -> Condition:
        """Return the test as a condition on a table."""
        word = getattr(table, self.column)
        # PostgreSQL shifts by an integer, not by a bigint.
        first, *others = (word.op(">>")(literal_column(str(bit))).op("&")(1) for bit in self.bits)
        return sum(others, first) == self.value  # type: ignore[no-any-return]


Test = Bits | Count


def reaches(mask: int) -> Bits:
    """Return the test whether all these needs are reached."""
    return Bits("reach", mask, mask)


def reaches_any(mask: int) -> Bits:
    """Return the test whether one of these needs is reached."""
    return Bits("reach", mask, 0, equal=False)


@dataclass(frozen=True, slots=True)
class Cover:
    """One way to be in a tier: needs that every row of it reaches (``mask``), and what else is tested."""

    mask: int
    tests: tuple[Test, ...]

    @property
    def tokens(self) -> list[int]:
        """Return the tokens that every row of it holds."""
        held = [index.NEED + bit for bit in _bits(self.mask)]
        for test in self.tests:
            if isinstance(test, Bits) and test.column == "facets" and not test.equal and test.value == 0:
                held.extend(index.FACET + bit for bit in _bits(test.mask) if test.mask == 1 << bit)
        return held

    def on(self, table: Any) -> list[Condition]:
        """Return the tests as conditions on a table."""
        return [test.on(table) for test in self.tests]


Tiers = Sequence[tuple[int, Sequence[Cover]]]
"""Tiers, best first, each with the ways to be in it."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What every match must satisfy: bits, and what only the resource itself knows. Only needs may be covered in part."""

    needs: int
    need_count: int
    asks_both: bool
    facets: tuple[Bits, ...]
    tokens: tuple[int, ...]
    country: str | None
    age: int | None
    open_now: bool
    words: str
    words_are_common: bool = False

    def conditions(self, dialect: str) -> list[Condition]:
        """Return what is asked of the joined resource."""
        found: list[Condition] = []
        if self.country is not None:
            found.append(Resource.country == self.country)
        if self.age is not None:
            found.append(or_(Resource.minimum_age.is_(None), Resource.minimum_age <= self.age))
            found.append(or_(Resource.maximum_age.is_(None), Resource.maximum_age >= self.age))
        if self.open_now:  # without hours nothing is known to be open
            found.append(Resource.hours.is_not(None))
        if self.words:
            found.append(has_words(self.words, dialect))
        return found


def wishes(query: Query, vocabulary: Vocabulary, country: str | None) -> Wishes:
    """Return a query's hard wishes. None of them is ever relaxed."""
    facets: list[Bits] = []
    tokens: list[int] = []
    for facet, keys in query.facets.items():
        spoken = facet == "language"
        facets.append(Bits("languages" if spoken else "facets", vocabulary.facet_bits(facet, keys), 0, equal=False))
        if len(keys) == 1:
            tokens.append((index.LANGUAGE if spoken else index.FACET) + vocabulary.facets[facet][keys[0]].bit)
    if query.age is not None:
        facets.append(Bits("facets", vocabulary.ages(query.age, query.age), 0, equal=False))
    families = {family(vocabulary, need) for need in query.needs}
    return Wishes(
        needs=vocabulary.bits(query.needs),
        need_count=len(query.needs),
        asks_both={MENTAL, SUBSTANCE} <= families,
        facets=tuple(facets),
        tokens=tuple(tokens),
        country=country,
        age=query.age,
        open_now=query.open_now,
        words=query.words,
    )


def has_words(words: str, dialect: str) -> Condition:
    """Return the condition that a resource's text has all these words, each as a prefix."""
    found = text(index.words_statement(dialect, ":words")).bindparams(words=index.search_words(words, dialect))
    return Resource.id.in_(found.columns(literal_column("worded", BigInteger)))


def tiers(wish: Wishes, vocabulary: Vocabulary) -> Iterator[tuple[int, list[Cover]]]:
    """Yield each tier, best first, with the ways to be in it; no row is in two.

    Up to four needs there is one way for each subset still covered; beyond, one count of bits.
    """
    wanted = wish.needs
    if not wanted:
        yield 2, [Cover(0, ())]
        return
    reaches_all, states_all = reaches(wanted), Bits("stated", wanted, wanted)
    not_stated = Bits("stated", wanted, wanted, equal=False)
    plain: tuple[Test, ...] = ()
    if wish.asks_both:
        integrated = vocabulary.facet_bits("integrated", ["integrated"])
        yield INTEGRATED, [Cover(wanted, (reaches_all, Bits("facets", integrated, 0, equal=False)))]
        plain = (Bits("facets", integrated, 0),)
    yield 2, [Cover(wanted, (states_all, *plain))]
    yield REACHES_ALL, [Cover(wanted, (reaches_all, not_stated, *plain))]
    bits = tuple(_bits(wanted))
    for missing in range(1, wish.need_count):
        covered = wish.need_count - missing
        if wish.need_count <= SUBSET_LIMIT:
            masks = [sum(1 << bit for bit in subset) for subset in combinations(bits, covered)]
            yield REACHES_ALL + missing, [Cover(mask, (Bits("reach", wanted, mask),)) for mask in masks]
        else:
            yield REACHES_ALL + missing, [Cover(0, (Count("reach", bits, covered),))]


def tier_of(wanted: Sequence[tuple[int, Cover]], needs: int) -> tuple[str, list[int], list[Test]]:
    """Return the tier of a row in SQL, its values, and the tests that all rows of some tiers pass.

    ``wanted`` are ways of one mask, or all ways for these ``needs``: what passes the tests is in one of them.
    """
    shared = [test for test in wanted[0][1].tests if all(test in cover.tests for _, cover in wanted)]
    if len(wanted) > 1:
        mask = wanted[0][1].mask
        shared.append(reaches(mask) if all(cover.mask == mask for _, cover in wanted) else reaches_any(needs))
    cases: list[str] = []
    values: list[int] = []
    for tier, cover in wanted[:-1]:
        tests = [test for test in cover.tests if test not in shared]
        cases.append(f"WHEN {' AND '.join(test.sql for test in tests)} THEN {tier}")
        values.extend(value for test in tests for value in test.values)
    last = str(wanted[-1][0])
    return f"CASE {' '.join(cases)} ELSE {last} END" if cases else last, values, shared


def _bits(word: int) -> Iterator[int]:
    return (bit for bit in range(word.bit_length()) if word >> bit & 1)


def _word(value: int) -> ColumnElement[int]:
    return bindparam(None, value, type_=BigInteger, unique=True)
