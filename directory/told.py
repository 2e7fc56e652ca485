"""An import's report in figures and sentences, the same for text, JSON and page. Nothing is printed here."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from directory.records import Precision, Problem
from directory.staging import Report

COUNTS = ("added", "changed", "unchanged", "missing", "removed", "refused", "duplicates")
ON_THE_MAP = tuple(str(each) for each in Precision)
PLACES = {
    "source": "where the source says",
    "address": "by the address, as a geocoder knows it",
    "postal_code": "by postal code",
    "city": "in the middle of the city",
    "region": "in the middle of the region",
    "no door": "no door to walk through",
    "none": "nowhere: no place of that name",
}


def as_json(report: Report) -> dict[str, Any]:
    """Return a report as ``import --json`` prints it: everything that is known of an import."""
    names = ("source", "took_for", "rows", *COUNTS, "combined", "merged", "dry_run")
    return {
        **{name: getattr(report, name) for name in names},
        "left_out": dict(report.left_out),
        "placed": dict(report.placed),
        "on_the_map": on_the_map(report),
        "hours_read": report.hours_read,
        "hours_unread": dict(report.hours_unread.most_common()),
        "hours_rate": hours_rate(report),
        "unmapped": dict(report.unmapped.most_common()),
        "kept_apart": dict(report.kept_apart.most_common()),
        "conflicts": report.conflicts,
        "repairs": [problem_json(problem) for problem in report.repairs],
        "problems": [problem_json(problem) for problem in report.problems],
        "duplicate_rows": [problem_json(problem) for problem in report.duplicate_rows],
        "warnings": [problem_json(problem) for problem in report.warnings],
        "notes": report.notes,
        **({"diff": report.diff} if report.dry_run else {}),
    }


def problem_json(problem: Problem) -> dict[str, Any]:
    """Return a problem as JSON has it."""
    return {"row": problem.row, "column": problem.column, "value": problem.value, "reason": problem.reason}


def counted(report: Report) -> str:
    """Return the counters in a line: "2 added, 0 changed, ..."."""
    return ", ".join(f"{getattr(report, name)} {name}" for name in COUNTS)


def on_the_map(report: Report) -> int:
    """Return how many listings of the source lie somewhere on the map."""
    return sum(report.placed[name] for name in ON_THE_MAP)


def places(report: Report) -> list[tuple[str, int]]:
    """Return how the positions of the source's listings are known, in words, with how many."""
    return [(PLACES.get(name, name), count) for name, count in report.placed.most_common() if count]


def hours_rate(report: Report) -> float | None:
    """Return the share of hours in words that became opening hours, 0 to 1; None when there were none."""
    total = report.hours_read + report.hours_unread.total()
    return round(report.hours_read / total, 4) if total else None


def kinds_of(problems: Iterable[Problem]) -> list[tuple[str, int]]:
    """Return what was found by column and reason, most frequent first, with how often: the summary of a long list."""
    found: Counter[str] = Counter()
    for each in problems:
        reason = re.sub(r"already in row \d+", "already in an earlier row", each.reason.partition(" (lines ")[0])
        reason = reason.partition(" differ: ")[0] + (" differ" if " differ: " in reason else "")
        found[f"{each.column or 'row'}: {reason}"] += 1
    return found.most_common()


def summed(reports: Sequence[Report]) -> dict[str, int]:
    """Return the counters of several imports together."""
    return {name: sum(getattr(report, name) for report in reports) for name in ("rows", *COUNTS, "combined")}


def apart(reports: Iterable[Report]) -> Counter[str]:
    """Return how many pairs at one address did not merge, by reason, of several imports: each pair is in the later one."""
    return sum((report.kept_apart for report in reports), Counter())
