"""Ids of a whole source in little memory: a million in a set would be 100 megabytes."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from heapq import merge
from itertools import groupby, pairwise

# So many are sorted at once: as Python's own numbers they take five times as much memory.
_SORTED_AT_ONCE = 50_000


class IdList:
    """Ids, each once and in order, eight bytes each."""

    def __init__(self, ids: Iterable[int] = ()) -> None:
        found = array("q", ids)
        if any(one >= other for one, other in pairwise(found)):
            starts = range(0, len(found), _SORTED_AT_ONCE)
            parts = [array("q", sorted(found[start : start + _SORTED_AT_ONCE])) for start in starts]
            found = array("q", (each for each, _ in groupby(merge(*parts))))
        self._ids = found

    def __iter__(self) -> Iterator[int]:
        return iter(self._ids)

    def __len__(self) -> int:
        return len(self._ids)

    def __contains__(self, wanted: int) -> bool:
        place = bisect_left(self._ids, wanted)
        return place < len(self._ids) and self._ids[place] == wanted

    def batches(self, size: int) -> Iterator[list[int]]:
        """Yield the ids in order, at most ``size`` at once."""
        for start in range(0, len(self._ids), size):
            yield self._ids[start : start + size].tolist()
