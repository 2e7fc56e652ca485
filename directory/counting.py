"""How many places near somebody have each filter: what a filter would leave, counted before it is chosen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from directory import density, nearby, tiers
from directory.answer import COUNTRYWIDE
from directory.density import Known
from directory.matches import Results
from directory.needs import Vocabulary

# A page in the middle of a metropolis counts no further; it then says "at least".
MOST = 1000


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
    for facet, values in vocabulary.facets.items():
        others = [(name == "language", bits) for name, bits in chosen.items() if name != facet]
        held: Counter[int] = Counter()
        for facets, languages in rows:
            if all((languages if spoken else facets) & bits for spoken, bits in others):
                held[languages if facet == "language" else facets] += 1
        for key, value in values.items():
            found[facet, key] = sum(number for word, number in held.items() if word >> value.bit & 1)
    return Counts(found, is_least=len(rows) > MOST)
