"""Is every answer the right one: pages of ``search`` held against the oracle."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from bench.oracle import Oracle, Row
from bench.queries import Asked
from directory.matches import Match, Results
from directory.records import Place
from directory.search import Searcher

TOLERANCE_M = 3.0
# Beyond these many metres the index orders by the straight line through the earth, which parts from the way over ground.
NEAR_M, FAR_M = 200_000, 1_000_000
FAR_TOLERANCE_M, FARTHEST_SHARE = 25.0, 0.003


@dataclass(frozen=True, slots=True)
class Difference:
    """One way in which an answer is not the right one."""

    asked: Asked
    said: str

    def __str__(self) -> str:
        return f"{self.asked.mix}: {self.said}: {self.asked.query}"


def differences(searcher: Searcher, oracle: Oracle, asked: Iterable[Asked]) -> Iterator[Difference]:
    """Yield what is wrong with the answers to these searches: place, tier, order and distance of each, page by page."""
    for each in asked:
        pages = read(searcher, each)
        place = pages[0].place
        if place is None or place.point is None:
            continue
        for said in _faults(oracle, each, pages, place):
            yield Difference(each, said)


def read(searcher: Searcher, asked: Asked) -> list[Results]:
    """Return the pages of a search, as many as it reads."""
    pages = [searcher.search(asked.query)]
    while len(pages) < asked.pages and (following := pages[-1].next_page) is not None:
        pages.append(searcher.search(replace(asked.query, after=following)))
    return pages


def _faults(oracle: Oracle, asked: Asked, pages: Sequence[Results], place: Place) -> Iterator[str]:
    expected = oracle.answer(asked.query, place)
    yield from _unlike(oracle, place, pages[0].nearby, expected.first_page(asked.query.limit), "first page")
    closer = [pages[0].closer] if pages[0].closer is not None else []
    yield from _unlike(oracle, place, closer, expected.closer, "closer")
    if len(pages) > 1:
        shown = [match for page in pages for match in page.nearby]
        within = [match for match in shown if match.relaxed is None]
        wider = [match for match in shown if match.relaxed is not None]
        yield from _unlike(oracle, place, within, expected.within[: len(within)], "pages")
        yield from _unlike(oracle, place, wider, expected.wider[: len(wider)], "wider pages")


def _unlike(oracle: Oracle, place: Place, got: Sequence[Match], want: Sequence[Row], what: str) -> Iterator[str]:
    if len(got) != len(want):
        yield f"{what}: {len(got)} instead of {len(want)}"
        return
    ids = [int(match.resource["id"]) for match in got]
    if len(set(ids)) != len(ids):
        yield f"{what}: the same one twice"
    away = oracle.metres_to(place, ids)
    for number, (match, one, right) in enumerate(zip(got, ids, want, strict=True), start=1):
        here, told = away[one], (match.distance_km or 0.0) * 1000
        if (match.tier, match.relaxed) != (right.tier, right.relaxed):
            yield f"{what}, {number}: tier {match.tier} {match.relaxed} instead of {right.tier} {right.relaxed}"
        elif abs(here - right.metres) > tolerance(right.metres):
            yield f"{what}, {number}: at {here:.1f} m instead of {right.metres:.1f} m"
        elif abs(told - here) > (TOLERANCE_M if here <= NEAR_M else FAR_TOLERANCE_M):
            yield f"{what}, {number}: told {told:.1f} m instead of {here:.1f} m"


def tolerance(metres: float) -> float:
    """Return by how many metres two resources may lie apart that stand in each other's place."""
    if metres <= NEAR_M:
        return TOLERANCE_M
    return FAR_TOLERANCE_M if metres <= FAR_M else metres * FARTHEST_SHARE
