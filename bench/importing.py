"""An import beside the plainest way to get a CSV into a database: new, unchanged, ten rows changed; time, memory, readers."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import generate, queries, report, world
from bench.queries import Asked
from bench.report import Times
from directory import needs
from directory.config import shipped_folder
from directory.crisis import CrisisBook
from directory.db import Database
from directory.geocoding import Gazetteer
from directory.needs import Vocabulary
from directory.search import Searcher

CHANGED = 10
PLAIN = "sqlite-utils insert --csv, no checks"
_LISTS = (
    "service_area", "formats", "languages", "payment", "audiences", "approaches", "urgent_care", "accessibility", "excludes",
)  # fmt: skip
_SAME = (
    "kind", "name", "organization", "description", "phone", "address_1", "city", "region", "postal_code", "country",
    "latitude", "longitude", "hours", "timezone", "minimum_age", "maximum_age", "last_checked", "checked_by",
)  # fmt: skip
COLUMNS = ("id", "url", "needs", "integrated", *_LISTS, *_SAME)


@dataclass(frozen=True, slots=True)
class Run:
    """What one command took: seconds by the clock and of processors, and the most memory it held, in megabytes."""

    name: str
    seconds: float
    processor_seconds: float
    megabytes: float


def run(*, size: int, seed: int) -> int:
    """Measure the import of ``size`` rows; print and write the table. Returns 0."""
    data = shipped_folder("data")
    vocabulary, gazetteer = needs.load(data), Gazetteer(data / "places")
    places = world.load(data)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file, other, third = (folder / each / "listings.csv" for each in ("first", "changed", "all_changed"))
        for path in (file, other, third):
            path.parent.mkdir()
        rows = generate.rows(places, vocabulary, gazetteer, size, seed)
        found = [dict(zip(generate.COLUMNS, row, strict=True)) for row in rows]
        _write(file, found, vocabulary)
        for each in found[:: max(1, size // CHANGED)][:CHANGED]:
            each["description"] = f"{each['description'] or ''} Changed."
        _write(other, found, vocabulary)
        for each in found:
            each["description"] = f"{each['description'] or ''} Once more."
        _write(third, found, vocabulary)
        del found
        for path in (file, other, third):
            path.with_suffix(".toml").write_text(_TOML, encoding="utf-8")
        url = f"sqlite:///{folder / 'import.sqlite3'}"
        plain = ["sqlite-utils", "insert", str(folder / "plain.sqlite3"), "listings", str(file), "--csv"]
        ours = ["directory", "import"]
        runs = [_run(PLAIN, plain, url), _run("import, every row new", [*ours, str(file)], url)]
        searcher = Searcher(Database(url), vocabulary, gazetteer, CrisisBook.load(data, vocabulary, gazetteer))
        asked = queries.mixes(places, vocabulary, seed, 50)["plain"]
        idle = _reading(searcher, asked, None)
        runs.append(_run("import again, unchanged", [*ours, str(file)], url))
        runs.append(_run(f"import again, {CHANGED} rows changed", [*ours, str(other)], url))
        busy = _reading(searcher, asked, [*ours, str(third)])
    said = [f"# An import of {size:,} rows, SQLite", report.machine(), "", _table(runs), ""]
    slower = f"p50 {busy.p50 / idle.p50:.2f} and p99 {busy.p99 / idle.p99:.2f} times those of an idle directory"
    said.append(f"Searches while all rows change: {slower}.")
    print("\n".join(said))
    report.write(f"import-{size}", "\n".join(said), [Times(each.name, (each.seconds * 1000,)) for each in runs])
    return 0


def _write(path: Path, rows: Sequence[dict[str, Any]], vocabulary: Vocabulary) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(_cells(row, vocabulary) for row in rows)


def _cells(row: dict[str, Any], vocabulary: Vocabulary) -> Iterator[str]:
    yield f"bench-{row['id']}"
    yield f"https://example.org/{row['id']}"
    yield ";".join(vocabulary.keys(row["stated"]))
    yield "yes" if row["integrated"] else ""
    for name in _LISTS:
        yield ";".join(json.loads(row[name] or "[]"))
    for name in _SAME:
        is_abroad = name == "phone" and row["country"] not in {"US", "CA"}
        yield "" if row[name] is None or is_abroad else str(row[name])


def _run(name: str, command: Sequence[str], url: str) -> Run:
    """Run a program of this environment and return what it took."""
    begun = time.perf_counter()
    process = _started(command, url)
    said, _ = process.communicate()
    taken = time.perf_counter() - begun
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}")
    processor, kilobytes = said.split()
    return Run(name, taken, float(processor), int(kilobytes) / 1024)


def _started(command: Sequence[str], url: str) -> subprocess.Popen[bytes]:
    """Start a program below a small one, which tells what it took: a child of this one would count our memory as its own."""
    program = Path(sys.executable).with_name(command[0])
    settings = {**os.environ, "DIRECTORY_DATABASE_URL": url}
    small = [sys.executable, "-c", _WATCHED, str(program), *command[1:]]
    return subprocess.Popen(small, env=settings, stdout=subprocess.PIPE)


def _reading(searcher: Searcher, asked: Sequence[Asked], command: Sequence[str] | None) -> Times:
    """Return how long searches took, again and again while a command runs, or three rounds of them."""
    process = _started(command, searcher.database.url.render_as_string()) if command else None
    taken: list[float] = []
    rounds = 0
    while (process.poll() is None) if process else rounds < 4:
        for each in asked:
            begun = time.perf_counter()
            searcher.search(each.query)
            if rounds or process:
                taken.append((time.perf_counter() - begun) * 1000)
        rounds += 1
    return Times("busy" if command else "idle", tuple(taken))


def _table(runs: Sequence[Run]) -> str:
    base = runs[0].seconds
    lines = [f"| | seconds | of processor | / {PLAIN} | peak memory |", "|---|---|---|---|---|"]
    for each in runs:
        seconds = f"{each.seconds:.1f} | {each.processor_seconds:.1f} | {each.seconds / base:.1f}"
        lines.append(f"| {each.name} | {seconds} | {each.megabytes:.0f} MB |")
    return "\n".join(lines)


_WATCHED = """
import resource, subprocess, sys
status = subprocess.call(sys.argv[1:], stdout=subprocess.DEVNULL)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(used.ru_utime + used.ru_stime, used.ru_maxrss)
sys.exit(status)
"""
_TOML = """\
name = "Generated listings"
publisher = "Example publisher"
terms = "CC0"
url = "https://example.org/"
retrieved = 2026-11-17
mode = "full"
minimum_rows = 1
"""
