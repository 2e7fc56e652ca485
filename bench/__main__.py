"""The benchmarks' command line: ``./run bench NAME``."""

from __future__ import annotations

import argparse
import sys

from bench import smoke


def main(words: list[str]) -> int:
    """Run one benchmark and return its exit status."""
    parser = argparse.ArgumentParser(prog="./run bench", description=__doc__)
    names = parser.add_subparsers(dest="name", required=True)
    small = names.add_parser("smoke", help="every answer against brute force, every plan by its index; no times")
    small.add_argument("--size", type=int, default=100_000, help="resources (100000)")
    small.add_argument("--queries", type=int, default=40, help="searches of each mix (40)")
    for each in (small,):
        each.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(words)
    return smoke.run(size=given.size, count=given.queries, seed=given.seed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
