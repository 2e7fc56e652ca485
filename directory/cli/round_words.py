"""What the command line says of a round over many sources: lines of words, or what becomes JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from directory.records import shown
from directory.rounds import Outcome, Summary, Turn
from directory.staging import Report

SHOWN_PROBLEMS = 5
_COUNTS = ("added", "changed", "unchanged", "missing", "removed", "refused", "duplicates")
_SUMMED = {
    Outcome.IMPORTED: "imported",
    Outcome.UNCHANGED: "unchanged on the web",
    Outcome.NOT_DUE: "not due yet",
    Outcome.FAILED: "failed",
    Outcome.NOT_LISTINGS: "not listings",
}


def summary_json(summary: Summary, report_json: Callable[[Report], dict[str, Any]]) -> dict[str, Any]:
    """Return a round as JSON; ``report_json`` says how a single import's report is written."""
    return {
        "counts": {str(outcome): summary.counts[outcome] for outcome in Outcome},
        "sources": [_turn_json(turn, report_json) for turn in summary.turns],
        "without_toml": list(summary.aside),
    }


def summary_lines(summary: Summary) -> Iterator[str]:
    """Yield a round line by line: the sources by name, what to look at first among their problems, and the sum."""
    for turn in summary.turns:
        yield from _turn_lines(turn)
    if summary.aside:
        yield f"without a .toml, so not looked at: {', '.join(summary.aside)}"
    counts = [f"{summary.counts[outcome]} {word}" for outcome, word in _SUMMED.items() if summary.counts[outcome]]
    reports = [turn.report for turn in summary.turns if turn.report is not None]
    rows = sum(report.rows for report in reports)
    totals = ", ".join(f"{sum(getattr(report, name) for report in reports)} {name}" for name in _COUNTS)
    sources = f"{len(summary.turns)} source{'' if len(summary.turns) == 1 else 's'}"
    yield f"{sources}: {', '.join(counts) or 'nothing to fetch'}"
    if reports:
        yield f"{rows} rows in all: {totals}"


def _turn_json(turn: Turn, report_json: Callable[[Report], dict[str, Any]]) -> dict[str, Any]:
    told: dict[str, Any] = {"source": turn.name, "outcome": str(turn.outcome)}
    if turn.report is not None:
        told["report"] = report_json(turn.report)
    if turn.error is not None:
        told["error"] = {"code": turn.error.code, "message": turn.error.message, "field": turn.error.field}
    if turn.fetched_bytes is not None:
        told["fetched_bytes"] = turn.fetched_bytes
    if turn.due is not None:
        told["due"] = turn.due.isoformat()
    return told


def _turn_lines(turn: Turn) -> Iterator[str]:
    name = turn.name if turn.name.isprintable() else shown(turn.name)
    match turn.outcome:
        case Outcome.FAILED:
            yield f"{name}: FAILED: {turn.error.message if turn.error else ''}"
        case Outcome.UNCHANGED:
            yield f"{name}: unchanged since it was last fetched"
        case Outcome.NOT_DUE:
            yield f"{name}: fetched lately; due on {turn.due}"
        case Outcome.NOT_LISTINGS:
            yield f"{name}: a table of numbers, not listings; nothing to import"
    if turn.report is None:
        return
    report = turn.report
    fetched = f"fetched {turn.fetched_bytes:,} bytes; " if turn.fetched_bytes is not None else ""
    would = "would be " if report.dry_run else ""
    counts = ", ".join(f"{number} {each}" for each in _COUNTS if (number := getattr(report, each)))
    yield f"{name}: {fetched}{report.rows} rows; {would}{counts or 'nothing'}"
    for title, listed in (("refused", report.problems), ("duplicate", report.duplicate_rows)):
        for problem in listed[:SHOWN_PROBLEMS]:
            yield f"  {title}: {problem}"
        if len(listed) > SHOWN_PROBLEMS:
            yield f"  ... and {len(listed) - SHOWN_PROBLEMS} more; import this source alone to see them all"
