"""The page of results beside a bare Flask hello under the same server: answers a second, and how long they take under load."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from urllib.parse import urlencode

from bench import generate, load, queries, report, world
from bench.load import Load
from bench.queries import Asked
from bench.report import Times
from directory import needs
from directory.config import shipped_folder
from directory.db import Database
from directory.geocoding import Gazetteer
from directory.query import Query

ROUNDS = 3
HELLO = "a bare Flask hello"
CARDS = 25
HELLOS = 4000
# A search that many make: a city and a need.
POPULAR = urlencode({"near": "Chicago, IL", "need": "anxiety", "limit": str(CARDS)})


def run(*, size: int, count: int, seed: int, url: str | None) -> int:
    """Measure ``count`` distinct searches a round as pages and as JSON, and a popular one; write the table. Returns 0."""
    data = shipped_folder("data")
    vocabulary, gazetteer = needs.load(data), Gazetteer(data / "places")
    with tempfile.TemporaryDirectory() as folder:
        database = Database(url or f"sqlite:///{Path(folder) / 'page.sqlite3'}")
        if not database.exists():
            generate.fill(database, vocabulary, gazetteer, data, size, seed)
        database.dispose()
        asked = queries.mixes(world.load(data), vocabulary, seed, count * (ROUNDS + 1))["plain"]
        found = _measured(database.url.render_as_string(hide_password=False), asked, count)
    times = [
        Times(name, tuple(sorted(each.milliseconds for each in [*loads])[len(loads) // 2]))
        for name, loads in found.items()
    ]
    said = [f"# A page of results among {size:,} resources", report.machine()]
    said.append(
        f"One process, two threads, {load.CONNECTIONS} connections, {count} distinct searches a round, {CARDS} cards at most in "
        f"each group; the median of {ROUNDS} rounds after one that warms up."
    )
    said.extend(["", _table(found), "", report.table(times, times[0])])
    print("\n".join(said))
    report.write(f"page-{size}", "\n".join(said), times)
    return 0


def _measured(url: str, asked: Sequence[Asked], count: int) -> dict[str, list[Load]]:
    settings = {"DIRECTORY_DATABASE_URL": url}
    pages, answers = [], []
    for each in asked:
        words = urlencode(_words(each.query))
        pages.append(load.post("/find", words))
        answers.append(load.get(f"/api/search?{words}"))
    found: dict[str, list[Load]] = {}
    with load.serving("bench.hello:app", {}) as hello, load.serving("directory.web.wsgi:app", settings) as ours:
        for number in range(ROUNDS + 1):
            here = slice(number * count, (number + 1) * count)
            contestants = {
                HELLO: (hello, [load.get("/")] * HELLOS),
                "page of results, every search another": (ours, pages[here]),
                "JSON, every search another": (ours, answers[here]),
                "page of results, a popular search": (ours, [load.post("/find", POPULAR)] * HELLOS),
            }
            for name, (port, requests) in contestants.items():
                came = load.drive(port, requests)
                if number:
                    found.setdefault(name, []).append(came)
    return found


def _words(query: Query) -> list[tuple[str, str]]:
    """Return a search as a browser sends it."""
    facets = [(name, value) for name, values in query.facets.items() for value in values]
    wanted = [("need", need) for need in query.needs]
    return [("near", query.near), *wanted, *facets, ("radius_km", f"{query.radius_km:g}"), ("limit", str(CARDS))]


def _table(found: dict[str, list[Load]]) -> str:
    rates = {name: median(each.per_second for each in loads) for name, loads in found.items()}
    lines = ["| | answers a second | of hello's |", "|---|---|---|"]
    lines += [f"| {name} | {rate:,.0f} | {rate / rates[HELLO]:.1%} |" for name, rate in rates.items()]
    return "\n".join(lines)
