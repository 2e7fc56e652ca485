"""Timing of questions: every contestant in turn, round after round, so that what else runs meets all of them alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from statistics import median
from time import perf_counter
from typing import Any

from bench.report import Times
from directory import answer, remote, search, stored
from directory.search import Searcher

ROUNDS = 3

Ask = Callable[[], Any]


def rounds(contestants: Mapping[str, list[Ask]], repeat: int = ROUNDS) -> list[Times]:
    """Return how long each contestant's questions took, each the median of ``repeat`` rounds after one that warms up."""
    taken: dict[str, list[list[float]]] = {name: [[] for _ in asks] for name, asks in contestants.items()}
    for number in range(repeat + 1):
        for name, asks in contestants.items():
            for place, ask in enumerate(asks):
                begun = perf_counter()
                ask()
                if number:
                    taken[name][place].append((perf_counter() - begun) * 1000)
    return [Times(name, tuple(median(each) for each in times)) for name, times in taken.items()]


class Stopwatch:
    """Adds up the time spent in some of the search's own steps."""

    def __init__(self) -> None:
        self.milliseconds = 0.0

    def wrapped(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function that does the same and is timed."""

        def timed(*words: Any, **named: Any) -> Any:
            begun = perf_counter()
            try:
                return function(*words, **named)
            finally:
                self.milliseconds += (perf_counter() - begun) * 1000

        return timed


@contextmanager
def hydration() -> Iterator[Stopwatch]:
    """Time reading resources by their ids and making matches of them, wherever a search does that."""
    watch = Stopwatch()
    owners: list[tuple[Any, str]] = [(stored, "resources"), *((each, "matched") for each in (answer, remote, search))]
    before = [getattr(owner, name) for owner, name in owners]
    for (owner, name), function in zip(owners, before, strict=True):
        setattr(owner, name, watch.wrapped(function))
    try:
        yield watch
    finally:
        for (owner, name), function in zip(owners, before, strict=True):
            setattr(owner, name, function)


def steps(searcher: Searcher) -> dict[str, tuple[Any, str]]:
    """Return the steps of a search by name, each as the object that has it and its name there."""
    return {
        "finding the place typed": (type(searcher.gazetteer), "find"),
        "its county": (type(searcher.gazetteer), "county"),
        "crisis lines": (Searcher, "_crisis"),
        "near: the index": (answer.Answer, "_nearby"),
        "near: reading and describing": (answer.Answer, "_matches"),
        "by phone or online": (remote.Remote, "found"),
    }


@contextmanager
def watched(chosen: Mapping[str, tuple[Any, str]]) -> Iterator[dict[str, Stopwatch]]:
    """Time some steps of a search."""
    watches = {name: Stopwatch() for name in chosen}
    before = {name: getattr(owner, attribute) for name, (owner, attribute) in chosen.items()}
    for name, (owner, attribute) in chosen.items():
        setattr(owner, attribute, watches[name].wrapped(before[name]))
    try:
        yield watches
    finally:
        for name, (owner, attribute) in chosen.items():
            setattr(owner, attribute, before[name])
