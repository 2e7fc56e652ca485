"""How many places near somebody have each filter: what a filter would leave, counted before it is chosen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from sqlalchemy import Connection

from directory import density, nearby, tiers
from directory.answer import COUNTRYWIDE
from directory.density import Known
from directory.matches import Results
from directory.needs import Vocabulary

# A page in the middle of a metropolis counts no further; it then says "at least".
MOST = 1000
# Bits between two that are counted.
_LANE = 16


@dataclass(frozen=True, slots=True)
class Counts:
    """Places within the radius that reach all needs, by facet and value. ``is_least``: there are more than were counted."""

    values: Mapping[tuple[str, str], int]
    is_least: bool


def counts(
    connection: Connection, vocabulary: Vocabulary, results: Results, known: Known | None = None
) -> Counts | None:
    """Return the counts for the filters of a search; None where nobody said a place, or only a whole region.

    The values of one facet are alternatives, so a facet counts as if none of its own were chosen; all others hold.
    """
    place, query = results.place, results.query
    if place is None or place.point is None or place.precision in COUNTRYWIDE:
        return None
    bare = replace(query, facets={}, age=None, open_now=False, words="")
    wish = tiers.wishes(bare, vocabulary, None)
    finder = nearby.Nearby(connection, known or density.load(connection), place.point, wish, ())
    reaches = [tiers.Bits("reach", wish.needs, wish.needs)] if wish.needs else []
    rows = finder.facets_within(query.radius_km, MOST + 1, reaches)
    chosen = {facet: vocabulary.facet_bits(facet, keys) for facet, keys in query.facets.items()}
    found: dict[tuple[str, str], int] = {}
    # Most facets are not chosen from, and have the same others.
    counted: dict[frozenset[tuple[bool, int]], tuple[list[int], list[int]]] = {}
    for facet, values in vocabulary.facets.items():
        others = [(name == "language", bits) for name, bits in chosen.items() if name != facet]
        alike = frozenset(others)
        if alike not in counted:
            counted[alike] = _bits_held(rows, others)
        held = counted[alike][1 if facet == "language" else 0]
        for key, value in values.items():
            found[facet, key] = held[value.bit]
    return Counts(found, is_least=len(rows) > MOST)


def _bits_held(rows: Sequence[tuple[int, int]], others: Sequence[tuple[bool, int]]) -> tuple[list[int], list[int]]:
    """Return how often each bit of the facets, and of the languages, is set in the rows that others leave."""
    left = [row for row in rows if all(row[spoken] & bits for spoken, bits in others)] if others else rows
    return _bits(facets for facets, _ in left), _bits(languages for _, languages in left)


def _bits(words: Iterable[int]) -> list[int]:
    """Return how many of some words of 64 bits have each bit: at most 65,535 words."""
    total = sum(map(_apart, words))
    return [total >> bit * _LANE & (1 << _LANE) - 1 for bit in range(64)]


@lru_cache(maxsize=20_000)
def _apart(word: int) -> int:
    """Return a number with the bits of a word so far apart that the sum of many holds how often each was set."""
    return int(f"{word:b}".replace("0", "0000").replace("1", "0001"), 16)
