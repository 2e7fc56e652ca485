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
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from sqlalchemy import create_engine, text

from bench import generate, queries, report, servers, world
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
SOURCE = "listings"
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


def run(*, size: int, rounds: int, seed: int, postgresql: bool) -> int:
    """Measure the import of ``size`` rows, each kind ``rounds`` times; print and write the table of medians. Returns 0."""
    data = shipped_folder("data")
    vocabulary, gazetteer = needs.load(data), Gazetteer(data / "places")
    places = world.load(data)
    wanted = servers.postgresql() if postgresql else nullcontext(None)
    with tempfile.TemporaryDirectory() as name, wanted as server:
        if postgresql and server is None:
            print("PostgreSQL is missing on this machine")
            return 1
        folder = Path(name)
        rows = generate.rows(places, vocabulary, gazetteer, size, seed)
        files = _files(folder, [dict(zip(generate.COLUMNS, row, strict=True)) for row in rows], vocabulary)
        measured: dict[str, list[Run]] = {}
        for number in range(rounds):
            url = server or f"sqlite:///{folder / f'import-{number}.sqlite3'}"
            if number and server:
                _empty(url)
            plain = [
                "sqlite-utils",
                "insert",
                str(folder / f"plain-{number}.sqlite3"),
                "listings",
                str(files.first),
                "--csv",
            ]
            ours = ["directory", "import"]
            for each, command in (
                (PLAIN, plain),
                ("import, every row new", [*ours, str(files.first)]),
                ("import again, unchanged", [*ours, str(files.first)]),
                (f"import again, {CHANGED} rows changed", [*ours, str(files.changed)]),
                (f"a file of {CHANGED} changed rows alone", [*ours, str(files.alone), "--source", SOURCE]),
            ):
                measured.setdefault(each, []).append(_run(each, command, url))
        searcher = Searcher(Database(url), vocabulary, gazetteer, CrisisBook.load(data, vocabulary, gazetteer))
        asked = queries.mixes(places, vocabulary, seed, 50)["plain"]
        idle = _reading(searcher, asked, None)
        busy = _reading(searcher, asked, [*ours, str(files.all_changed)])
        searcher.database.dispose()
    runs = [_median(name, found) for name, found in measured.items()]
    kind = "PostgreSQL" if postgresql else "SQLite"
    said = [f"# An import of {size:,} rows, {kind}", report.machine(), f"Medians of {rounds}.", "", _table(runs), ""]
    slower = f"p50 {busy.p50 / idle.p50:.2f} and p99 {busy.p99 / idle.p99:.2f} times those of an idle directory"
    said.append(f"Searches while all rows change: {slower}.")
    print("\n".join(said))
    times = [Times(each.name, (each.seconds * 1000,)) for each in runs]
    report.write(f"import-{kind.lower()}-{size}", "\n".join(said), times)
    return 0


def _median(name: str, found: Sequence[Run]) -> Run:
    return Run(
        name,
        median(each.seconds for each in found),
        median(each.processor_seconds for each in found),
        max(each.megabytes for each in found),
    )


@dataclass(frozen=True, slots=True)
class Files:
    """The same listings as CSV: the ``first`` time; with ten ``changed``; those ten ``alone``; with all changed."""

    first: Path
    changed: Path
    alone: Path
    all_changed: Path


def _files(folder: Path, found: list[dict[str, Any]], vocabulary: Vocabulary) -> Files:
    files = Files(*(folder / each / f"{SOURCE}.csv" for each in ("first", "changed", "alone", "all_changed")))
    _write(files.first, found, vocabulary)
    some = found[:: max(1, len(found) // CHANGED)][:CHANGED]
    for each in some:
        each["description"] = f"{each['description'] or ''} Changed."
    _write(files.changed, found, vocabulary)
    for each in some:
        each["description"] = f"{each['description']} And again."
    _write(files.alone, some, vocabulary, mode="partial")
    for each in found:
        each["description"] = f"{each['description'] or ''} Once more."
    _write(files.all_changed, found, vocabulary)
    return files


def _empty(url: str) -> None:
    """Take everything out of a PostgreSQL database."""
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://", 1))
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    engine.dispose()


def _write(path: Path, rows: Sequence[dict[str, Any]], vocabulary: Vocabulary, *, mode: str = "full") -> None:
    path.parent.mkdir()
    path.with_suffix(".toml").write_text(_TOML.format(mode=mode), encoding="utf-8")
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
    if process.returncode not in (0, 1):  # 1: some rows were refused
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}")
    processor, kilobytes = said.split()
    return Run(name, taken, float(processor), float(kilobytes) / 1024)


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


# Memory is what all processes of the command hold at once, what they share counted once (Pss); elsewhere than on Linux
# that of the one that holds most.
_WATCHED = """
import resource, subprocess, sys
from pathlib import Path

def family(pid):
    yield pid
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        yield from family(int(child))

def kilobytes(pid):
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))

command = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
most = 0
while True:
    try:
        status = command.wait(0.5)
        break
    except subprocess.TimeoutExpired:
        try:
            most = max(most, sum(map(kilobytes, family(command.pid))))
        except OSError:
            pass
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(used.ru_utime + used.ru_stime, most or used.ru_maxrss)
sys.exit(status)
"""
_TOML = """\
name = "Generated listings"
publisher = "Example publisher"
terms = "CC0"
url = "https://example.org/"
retrieved = 2026-11-17
mode = "{mode}"
minimum_rows = 1
"""
