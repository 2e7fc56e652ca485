"""The benchmarks' command line: ``./run bench NAME``."""

from __future__ import annotations

import argparse
import sys

from bench import contest, growth, importing, page, smoke


def main(words: list[str]) -> int:
    """Run one benchmark and return its exit status."""
    parser = argparse.ArgumentParser(prog="./run bench", description=__doc__)
    names = parser.add_subparsers(dest="name", required=True)
    small = names.add_parser("smoke", help="every answer against brute force, every plan by its index; no times")
    small.add_argument("--size", type=int, default=100_000, help="resources (100000)")
    small.add_argument("--queries", type=int, default=20, help="searches of each mix (20)")
    wide = names.add_parser("search", help="the search beside its peers: p50 and p99 as ratios")
    wide.add_argument("--size", type=int, default=100_000, help="resources (100000)")
    wide.add_argument("--queries", type=int, default=200, help="searches of each mix (200)")
    wide.add_argument("--postgresql", action="store_true", help="on PostgreSQL instead of SQLite")
    wide.add_argument("--database", help="the URL of a directory generated before, or to generate")
    long = names.add_parser("growth", help="the same searches among 1 and 10 million: how p50 and p99 grow")
    long.add_argument("--sizes", type=int, nargs=2, default=[1_000_000, 10_000_000])
    long.add_argument("--databases", nargs=2, help="the URLs of two directories generated before, of these sizes")
    long.add_argument("--queries", type=int, default=200, help="searches of each mix (200)")
    shown = names.add_parser("page", help="the page of results beside a bare Flask hello under the same server")
    shown.add_argument("--size", type=int, default=100_000, help="resources (100000)")
    shown.add_argument("--queries", type=int, default=300, help="distinct searches of each round (300)")
    shown.add_argument("--database", help="the URL of a directory generated before, or to generate")
    brought = names.add_parser("import", help="an import beside the plainest way to get a CSV into a database")
    brought.add_argument("--size", type=int, default=20_000, help="rows (20000)")
    brought.add_argument("--rounds", type=int, default=3, help="how often each import is measured (3)")
    brought.add_argument("--postgresql", action="store_true", help="on PostgreSQL instead of SQLite")
    for each in (small, wide, long, shown, brought):
        each.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(words)
    if given.name == "search":
        return contest.run(
            size=given.size, count=given.queries, seed=given.seed, url=given.database, postgresql=given.postgresql
        )
    if given.name == "growth":
        return growth.run(sizes=given.sizes, count=given.queries, seed=given.seed, urls=given.databases)
    if given.name == "page":
        return page.run(size=given.size, count=given.queries, seed=given.seed, url=given.database)
    if given.name == "import":
        return importing.run(size=given.size, rounds=given.rounds, seed=given.seed, postgresql=given.postgresql)
    return smoke.run(size=given.size, count=given.queries, seed=given.seed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
