"""A smoke run: 100,000 resources on both databases, every answer equal to brute force, every plan by the index. No times."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from time import monotonic

from bench import exact, generate, plans, queries, servers, world
from bench.oracle import Oracle
from bench.queries import Asked
from directory import needs
from directory.config import shipped_folder
from directory.crisis import CrisisBook
from directory.db import Database
from directory.geocoding import Gazetteer
from directory.search import Searcher

SHOWN = 20


def run(*, size: int, count: int, seed: int) -> int:
    """Try ``count`` searches of each mix on each database; print what is wrong, return 1 when anything is, else 0."""
    data = shipped_folder("data")
    vocabulary, gazetteer = needs.load(data), Gazetteer(data / "places")
    mixes = queries.mixes(world.load(data), vocabulary, seed, count)
    asked = [each for mix in mixes.values() for each in mix]
    found: list[str] = []
    with tempfile.TemporaryDirectory() as folder, servers.postgresql() as server:
        if server is None:
            print("PostgreSQL is missing on this machine: not tried")
            if os.environ.get("CI") == "true":
                found.append("PostgreSQL is not installed, and CI must have it")
        for url in (f"sqlite:///{Path(folder) / 'smoke.sqlite3'}", server):
            if url is not None:
                database = Database(url)
                name = "SQLite" if database.is_sqlite else "PostgreSQL"
                begun = monotonic()
                generate.fill(database, vocabulary, gazetteer, data, size, seed)
                book = CrisisBook.load(data, vocabulary, gazetteer)
                searcher = Searcher(database, vocabulary, gazetteer, book)
                print(f"{name}: {size:,} resources generated and indexed in {monotonic() - begun:.0f} s", flush=True)
                found.extend(f"{name}: {each}" for each in _tried(searcher, name, asked))
                database.dispose()
    for each in found[:SHOWN]:
        print(each)
    print(f"{len(found)} faults" if found else "every answer is the right one, every plan goes by its index")
    return 1 if found else 0


def _tried(searcher: Searcher, name: str, asked: list[Asked]) -> list[str]:
    begun = monotonic()
    oracle = Oracle.read(searcher.database, searcher.vocabulary)
    found = [str(each) for each in exact.differences(searcher, oracle, asked)]
    found.extend(plans.complaints(searcher, asked))
    print(f"{name}: {len(asked)} searches held against brute force in {monotonic() - begun:.0f} s", flush=True)
    return found
