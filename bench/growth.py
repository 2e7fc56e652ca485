"""The same searches among few and many resources: how p50 and p99 grow, on SQLite and on PostgreSQL."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench import contest, generate, queries, report, servers, timing, world
from bench.report import Times
from directory import needs
from directory.config import shipped_folder
from directory.crisis import CrisisBook
from directory.db import Database
from directory.geocoding import Gazetteer
from directory.search import Searcher


def run(*, sizes: Sequence[int], count: int, seed: int) -> int:
    """Measure plain searches among both sizes on both databases; print and write the ratios. Returns 0."""
    said = ["# How the time of a search grows", report.machine(), ""]
    drawn: list[Times] = []
    for name in ("SQLite", "PostgreSQL"):
        times = [each for size in sizes if (each := _measured(name, size, count, seed)) is not None]
        if len(times) < len(sizes):
            said.append(f"{name} is missing on this machine: not measured.")
            continue
        said.extend([report.table(times, times[0]), ""])
        drawn.extend(times)
    print("\n".join(said))
    report.write("growth", "\n".join(said), drawn)
    return 0


def _measured(name: str, size: int, count: int, seed: int) -> Times | None:
    data = shipped_folder("data")
    vocabulary, gazetteer = needs.load(data), Gazetteer(data / "places")
    book = CrisisBook.load(data, vocabulary, gazetteer)
    asked = queries.mixes(world.load(data), vocabulary, seed, count)["plain"]
    with tempfile.TemporaryDirectory() as folder, servers.postgresql() as server:
        url = f"sqlite:///{Path(folder) / 'growth.sqlite3'}" if name == "SQLite" else server
        if url is None:
            return None
        database = Database(url)
        generate.fill(database, vocabulary, gazetteer, data, size, seed)
        searcher = Searcher(database, vocabulary, gazetteer, book)
        asks = contest.index_asks(searcher, asked)
        (found,) = timing.rounds({f"{name}, {size:,}": asks})
        database.dispose()
        return found
