"""The same searches among few and many resources: how p50 and p99 grow, on SQLite and on PostgreSQL."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from bench import contest, generate, queries, report, servers, timing, world
from bench.report import Times
from directory import needs
from directory.config import shipped_folder
from directory.crisis import CrisisBook
from directory.db import Database
from directory.geocoding import Gazetteer
from directory.search import Searcher


def run(*, sizes: Sequence[int], count: int, seed: int, urls: Sequence[str] | None) -> int:
    """Measure plain searches among both sizes on both databases; print and write the ratios. Returns 0.

    With ``urls`` only on these two, which were generated before with these sizes and this seed.
    """
    said = ["# How the time of a search grows", report.machine(), ""]
    said.append(f"{count} plain searches, each the median of {timing.ROUNDS} rounds after one that warms up.")
    drawn: list[Times] = []
    for name in ("SQLite", "PostgreSQL"):
        if urls and urls[0].startswith("sqlite") != (name == "SQLite"):
            continue
        found = [_measured(name, size, count, seed, urls[at] if urls else None) for at, size in enumerate(sizes)]
        few, many = found
        if few is None or many is None:
            said.append(f"{name} is missing on this machine: not measured.")
            continue
        for less, more in zip(few, many, strict=True):
            said.extend(["", report.table([less, more], less)])
            drawn.extend([less, more])
    print("\n".join(said))
    report.write("growth" if not urls else f"growth-{Database(urls[0]).url.get_backend_name()}", "\n".join(said), drawn)
    return 0


def _measured(name: str, size: int, count: int, seed: int, url: str | None) -> list[Times] | None:
    """Return the times of the index alone, and of whole searches."""
    data = shipped_folder("data")
    vocabulary, gazetteer = needs.load(data), Gazetteer(data / "places")
    book = CrisisBook.load(data, vocabulary, gazetteer)
    asked = queries.mixes(world.load(data), vocabulary, seed, count)["plain"]
    with _chosen(name, url) as chosen:
        if chosen is None:
            return None
        database = Database(chosen)
        if not database.exists():
            generate.fill(database, vocabulary, gazetteer, data, size, seed)
        searcher = Searcher(database, vocabulary, gazetteer, book)
        asks = {
            f"{name}, {size:,}: the index": contest.index_asks(searcher, asked),
            f"{name}, {size:,}: search(), whole": [partial(searcher.search, each.query) for each in asked],
        }
        found = timing.rounds(asks)
        database.dispose()
        return found


@contextmanager
def _chosen(name: str, url: str | None) -> Iterator[str | None]:
    """Give the URL of a database: the one named, a file, or that of a server of our own; None where there is none."""
    if url is not None:
        yield url
    elif name == "SQLite":
        with tempfile.TemporaryDirectory() as folder:
            yield f"sqlite:///{Path(folder) / 'growth.sqlite3'}"
    else:
        with servers.postgresql() as server:
            yield server
