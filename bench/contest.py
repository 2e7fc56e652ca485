"""The search beside its peers: the same rows, the same questions, p50 and p99 as ratios within one run."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

from bench import exact, generate, peers, queries, report, servers, timing, world
from bench.peers import Peer, Question
from bench.queries import Asked
from bench.report import Times
from bench.timing import Ask
from directory import density, needs, tiers
from directory.config import shipped_folder
from directory.crisis import CrisisBook
from directory.db import Database
from directory.geocoding import Gazetteer
from directory.nearby import Nearby, Ring
from directory.query import Query
from directory.records import Place, Point
from directory.search import Searcher
from directory.tiers import Bits, Cover

SAME = "the index: reaches all, nearest 25"
WHOLE, BARE = "search(), whole", "search(), without hydration"
TREE = peers.Tree.name
# It takes seconds each time: two questions tell.
NAIVE_ASKED = 2


def run(*, size: int, count: int, seed: int, url: str | None, postgresql: bool) -> int:
    """Measure ``count`` plain searches and as many of every other mix; print and write the tables. Returns 0."""
    data = shipped_folder("data")
    vocabulary, gazetteer = needs.load(data), Gazetteer(data / "places")
    book = CrisisBook.load(data, vocabulary, gazetteer)
    mixes = queries.mixes(world.load(data), vocabulary, seed, count)
    wanted = servers.postgresql() if postgresql and url is None else nullcontext(url)
    with tempfile.TemporaryDirectory() as folder, wanted as server:
        if postgresql and server is None:
            print("PostgreSQL is missing on this machine")
            return 1
        chosen = server or f"sqlite:///{Path(folder) / 'bench.sqlite3'}"
        database = Database(chosen)
        if not database.exists():
            generate.fill(database, vocabulary, gazetteer, data, size, seed)
        searcher = Searcher(database, vocabulary, gazetteer, book)
        name = "sqlite" if database.is_sqlite else "postgresql"
        said = [
            f"# Search among {size:,} resources, {'SQLite' if database.is_sqlite else 'PostgreSQL'}",
            report.machine(),
        ]
        said.append(
            f"{count} searches of each kind, each the median of {timing.ROUNDS} rounds after one that warms up."
        )
        found, missing = _peers(searcher, size, Path(folder))
        times = _beside_peers(searcher, mixes["plain"], found, said)
        said.extend(f"Not measured: {each}." for each in missing)
        others = _mixes(searcher, mixes)
        plain = others[0]
        said.extend(["", "## The kinds of search, whole", "", report.table(others, plain)])
        said.extend(["", "## Where the time goes: plain searches", "", _steps(searcher, mixes["plain"])])
        print("\n".join(said))
        report.write(f"search-{name}-{size}", "\n".join(said), [*times, *others[1:]])
        database.dispose()
    return 0


def _peers(searcher: Searcher, size: int, folder: Path) -> tuple[list[Peer], list[str]]:
    """Return the peers that this machine has, and which are missing and why."""
    missing: list[str] = []
    held = peers.columns(searcher.database)
    found: list[Peer] = [peers.Tree(held), peers.RTree(held, folder)]
    if searcher.database.is_sqlite:
        missing.append(f"{peers.PostGis.name} (only beside PostgreSQL)")
    else:
        try:
            found.append(peers.PostGis(searcher.database, searcher.vocabulary))
        except Exception as error:
            missing.append(f"{peers.PostGis.name} ({str(error).splitlines()[0]})")
    if size <= peers.NAIVE_MOST:
        found.append(peers.Naive(searcher.database))
    else:
        missing.append(f"{peers.Naive.name} (only up to {peers.NAIVE_MOST:,} rows)")
    return found, missing


def _beside_peers(searcher: Searcher, asked: Sequence[Asked], found: Sequence[Peer], said: list[str]) -> list[Times]:
    near = _placed(searcher, asked)
    questions = [
        Question.of(query, place.point, place.country, searcher.vocabulary) for query, place in near if place.point
    ]
    own = _index(searcher, near)
    contestants: dict[str, list[Ask]] = {
        BARE: [partial(searcher.search, query) for query, _ in near],
        SAME: own,
        **{peer.name: [partial(peer.nearest, each) for each in questions] for peer in found},
    }
    naive = contestants.pop(peers.Naive.name, None)
    whole, spent = _without_hydration(contestants.pop(BARE))
    times = [whole, spent, *timing.rounds(contestants)]
    if naive is not None:
        times.extend(timing.rounds({peers.Naive.name: naive[:NAIVE_ASKED]}, repeat=1))
    tree = next(each for each in times if each.name == TREE)
    wrong = _unlike(questions, own, found)
    said.extend(["", "## All needs and facets, the nearest 25 within 50 miles", "", report.table(times, tree), ""])
    said.append(f"{len(questions)} questions; answers unlike those of the index: {wrong or 'none'}.")
    return times


def index_asks(searcher: Searcher, asked: Sequence[Asked]) -> list[Ask]:
    """Return these searches as questions to the index alone: the nearest that reach all needs."""
    return _index(searcher, _placed(searcher, asked))


def _placed(searcher: Searcher, asked: Sequence[Asked]) -> list[tuple[Query, Place]]:
    placed = [(each.query, searcher.gazetteer.find(each.query.near, "US").place) for each in asked]
    return [(query, place) for query, place in placed if place is not None and place.point is not None]


def _index(searcher: Searcher, near: Sequence[tuple[Query, Place]]) -> list[Ask]:
    """Return the peers' question put to our index: one tier, what reaches all needs, without reading a resource."""
    with searcher.database.reading() as connection:
        known = density.load(connection)

    def ask(query: Query, place: Place) -> list[int]:
        wish = tiers.wishes(query, searcher.vocabulary, place.country)
        point = place.point or Point(0, 0)
        cover = Cover(wish.needs, (Bits("reach", wish.needs, wish.needs),) if wish.needs else ())
        with searcher.database.reading() as connection:
            finder = Nearby(connection, known, point, wish, [(tiers.REACHES_ALL, [cover])])
            found = finder.reaching(Ring(query.radius_km), query.limit)
        return [spot.id for spot in found]

    return [partial(ask, query, place) for query, place in near]


def _without_hydration(asks: Sequence[Ask]) -> tuple[Times, Times]:
    """Return how long whole searches took, and how long without reading and describing what is shown."""
    whole: list[list[float]] = [[] for _ in asks]
    bare: list[list[float]] = [[] for _ in asks]
    for number in range(timing.ROUNDS + 1):
        for place, ask in enumerate(asks):
            with timing.hydration() as watch:
                begun = perf_counter()
                ask()
                taken = (perf_counter() - begun) * 1000
            if number:
                whole[place].append(taken)
                bare[place].append(taken - watch.milliseconds)
    return _medians(WHOLE, whole), _medians(BARE, bare)


def _medians(name: str, taken: list[list[float]]) -> Times:
    return Times(name, tuple(sorted(each)[len(each) // 2] for each in taken))


def _mixes(searcher: Searcher, mixes: dict[str, list[Asked]]) -> list[Times]:
    """Return how long the searches of each mix took; of several pages, the longest of them."""

    def page(query: Query) -> Ask:
        return partial(searcher.search, query)

    asks: dict[str, list[Ask]] = {}
    for name, asked in mixes.items():
        asks[name] = []
        for each in asked:
            last = exact.read(searcher, each)[-1] if each.pages > 1 else None
            asks[name].append(page(each.query if last is None else last.query))
    return timing.rounds(asks)


def _steps(searcher: Searcher, asked: Sequence[Asked]) -> str:
    """Return a table of the steps of a whole search and their share of its time."""
    steps: dict[str, tuple[Any, str]] = timing.steps(searcher)
    totals = dict.fromkeys(steps, 0.0)
    whole = 0.0
    for each in asked:
        with timing.watched(steps) as watches:
            begun = perf_counter()
            searcher.search(each.query)
            whole += (perf_counter() - begun) * 1000
        for name, watch in watches.items():
            totals[name] += watch.milliseconds
    lines = ["| step | share |", "|---|---|"]
    lines += [f"| {name} | {spent / whole:.0%} |" for name, spent in sorted(totals.items(), key=lambda item: -item[1])]
    return "\n".join(lines)


def _unlike(questions: Sequence[Question], own: Sequence[Callable[[], list[int]]], found: Sequence[Peer]) -> str:
    """Return how many answers of each peer differ from the index's in anything but the order within 3 metres."""
    counts = []
    for peer in found:
        if isinstance(peer, peers.Naive):
            continue
        number = sum(len(set(ask()) ^ set(peer.nearest(each))) > 2 for each, ask in zip(questions, own, strict=True))
        if number:
            counts.append(f"{peer.name} {number}")
    return ", ".join(counts)
