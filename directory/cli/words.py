"""What the command line says: reports and answers as lines of words, or as what becomes JSON. Nothing is printed here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from directory import geo, matches, phones
from directory.records import OpenState, Phone, Problem
from directory.staging import Report

SHOWN_PROBLEMS = 50


def report_json(report: Report) -> dict[str, Any]:
    """Return a report as ``import --json`` prints it."""
    names = (
        "source",
        "rows",
        "added",
        "changed",
        "unchanged",
        "missing",
        "removed",
        "refused",
        "duplicates",
        "merged",
        "dry_run",
    )
    return {
        **{name: getattr(report, name) for name in names},
        "problems": [problem_json(problem) for problem in report.problems],
        "warnings": [problem_json(problem) for problem in report.warnings],
        "notes": report.notes,
        **({"diff": report.diff} if report.dry_run else {}),
    }


def problem_json(problem: Problem) -> dict[str, Any]:
    """Return a problem as JSON has it."""
    return {"row": problem.row, "column": problem.column, "value": problem.value, "reason": problem.reason}


def report_lines(report: Report) -> Iterator[str]:
    """Yield what an import did, line by line; every problem up to a screenful."""
    names = ("added", "changed", "unchanged", "missing", "removed", "refused", "duplicates")
    counts = ", ".join(f"{getattr(report, name)} {name}" for name in names)
    yield f"{report.source}: {report.rows} rows; {'would be ' if report.dry_run else ''}{counts}"
    for note in report.notes:
        yield f"  note: {note}"
    for change in report.diff[:SHOWN_PROBLEMS]:
        fields = "; ".join(f"{name}: {_short(old)} -> {_short(new)}" for name, (old, new) in change["fields"].items())
        yield f"  {change['change']} {change['id']}{': ' + fields if fields else ''}"
    for title, listed in (("refused", report.problems), ("warning", report.warnings)):
        for problem in listed[:SHOWN_PROBLEMS]:
            yield f"  {title}: {problem}"
        if len(listed) > SHOWN_PROBLEMS:
            yield f"  ... and {len(listed) - SHOWN_PROBLEMS} more; --json prints all"


def _short(value: Any) -> str:
    text = "nothing" if value is None else str(value)
    return text if len(text) <= 60 else text[:59] + "…"


def results_lines(results: matches.Results) -> Iterator[str]:
    """Yield the answer to a search, group by group."""
    if results.place is not None:
        yield f"Near {results.place.name}"
    elif results.candidates:
        yield f"There are several places called '{results.query.near}'; which one?"
        for place in results.candidates:
            yield f"  {place.name}"
    elif results.place_not_found:
        yield (
            f"We could not find a place called '{results.query.near}'. Try a ZIP or postcode, or a city with its state."
        )
    for title, group in (
        ("Talk to someone now", results.crisis), ("Near you", results.nearby), ("By phone or online", results.remote),
    ):  # fmt: skip
        if group:
            yield f"\n{title}"
        beyond = None
        for match in group:
            if match.relaxed != beyond:
                beyond = match.relaxed
                message = next((each.message for each in results.relaxed if each.value == beyond), "")
                yield f"  -- {message}"
            yield from _match_lines(match, results.country)
    if results.closer is not None:
        yield "\nCloser, but covers less"
        yield from _match_lines(results.closer, results.country)
    for relaxation in results.relaxed:
        yield f"\nNote: {relaxation.message}"
    for lift in results.lifts:
        yield f"Note: {lift.message}"


def _match_lines(match: matches.Match, country: str) -> Iterator[str]:
    resource = match.resource
    distance = ""
    if match.distance_km is not None:
        distance = geo.distance_words(match.distance_km, country, approximate=match.distance_is_approximate)
        if match.distance_is_approximate and resource["position_name"]:
            distance += f", centre of {resource['position_name']}"
        distance = f" ({distance})"
    yield f"  {resource['name']}{distance}"
    yield f"      {match.reason}"
    ways = []
    if resource["phone"]:
        phone = Phone(resource["phone"], resource["phone_extension"], resource["phone_press"])
        ways.append(f"call {phones.display(phone, resource['country'] or country)}")
    if resource["sms"]:
        ways.append(f"text {resource['sms_keyword'] + ' to ' if resource['sms_keyword'] else ''}{resource['sms']}")
    ways.extend(f"{word} {resource[name]}" for word, name in (("chat", "chat_url"), ("see", "url")) if resource[name])
    state = {
        OpenState.OPEN: "open now", OpenState.CLOSED: "closed now", OpenState.CALL_FIRST: "call first", OpenState.UNKNOWN: "",
    }[match.open.state]  # fmt: skip
    yield "      " + "; ".join([*ways, *([state] if state else []), checked_words(match)])


def checked_words(match: matches.Match) -> str:
    """Return in words how old the facts are."""
    resource = match.resource
    dated = matches.facts_date(resource)
    if match.stale and dated is not None:
        return f"{dated.year} data, call first"
    if resource["last_checked"] is not None:
        return f"checked {resource['last_checked'].isoformat()}"
    return "not re-checked"
