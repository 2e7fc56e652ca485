"""What the command line says: reports and answers as lines of words, or as what becomes JSON. Nothing is printed here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence, Sized
from typing import Any

from directory import geo, matches, phones, told
from directory.records import Kind, OpenState, Phone, Problem, shown
from directory.staging import Report

SHOWN_PROBLEMS = 20
_EXAMPLES = 5

report_json, problem_json = told.as_json, told.problem_json


def report_lines(report: Report) -> Iterator[str]:
    """Yield what an import did, line by line: every count, and of each list a screenful."""
    would = "would be " if report.dry_run else ""
    yield f"{report.source}: {report.rows} rows; {would}{told.counted(report)}"
    if report.took_for:
        yield f"  taken for: {report.took_for}"
    for note in report.notes:
        yield f"  note: {note}"
    yield from _figures(report)
    yield from apart_lines(report.kept_apart)
    if report.unmapped:
        yield f"  words of the publisher that became nothing: {len(report.unmapped)}"
        yield from _counted("    unmapped", report.unmapped)
    for conflict in report.conflicts[:SHOWN_PROBLEMS]:
        yield f"  conflict: {conflict}"
    yield from _more(report.conflicts, SHOWN_PROBLEMS)
    for change in report.diff[:SHOWN_PROBLEMS]:
        fields = "; ".join(f"{name}: {_short(old)} -> {_short(new)}" for name, (old, new) in change["fields"].items())
        yield f"  {change['change']} {change['id']}{': ' + fields if fields else ''}"
    yield from _more(report.diff, SHOWN_PROBLEMS)
    for title, listed, most in (
        ("repaired", report.repairs, _EXAMPLES), ("refused", report.problems, SHOWN_PROBLEMS),
        ("duplicate", report.duplicate_rows, SHOWN_PROBLEMS),
        ("warning", report.warnings, SHOWN_PROBLEMS),
    ):  # fmt: skip
        yield from _problem_lines(title, listed, most)


def _figures(report: Report) -> Iterator[str]:
    if report.combined:
        yield f"  joined another row: {report.combined}"
    for reason, count in report.left_out.most_common(SHOWN_PROBLEMS):
        yield f"  left out: {count} ({reason})"
    if report.placed:
        how = ", ".join(f"{count} {name}" for name, count in told.places(report))
        yield f"  on the map: {told.on_the_map(report)} of {report.placed.total()} listings ({how})"
    if (rate := told.hours_rate(report)) is not None:
        total = report.hours_read + report.hours_unread.total()
        yield f"  hours: {report.hours_read} of {total} read ({rate:.1%}); the others stay words, and say to call first"
        yield from _counted("    kept as words", report.hours_unread)
    if report.merged:
        yield f"  merged: {_shared(report.merged)} a resource with another one"


def _shared(count: int, which: str = "") -> str:
    return f"1 listing{which} shares" if count == 1 else f"{count} listings{which} share"


def _problem_lines(title: str, listed: Sequence[Problem], most: int) -> Iterator[str]:
    """Yield a list of problems; a long one with what is most frequent in it first."""
    if len(listed) > most:
        yield f"  {title}: {len(listed)} in all"
        for reason, count in told.kinds_of(listed)[:_EXAMPLES]:
            yield f"    {count} times {_short(reason, 100)}"
    for problem in listed[:most]:
        yield f"  {title}: {problem}"
    yield from _more(listed, most)


def apart_lines(kept_apart: Counter[str]) -> Iterator[str]:
    """Yield the table of why pairs at one address are not one resource."""
    if kept_apart:
        yield f"  at one address, and not merged: {kept_apart.total()} pairs"
        for reason, count in kept_apart.most_common():
            yield f"    {count:>7} {reason}"


def summary_lines(reports: Sequence[Report], failed: int) -> Iterator[str]:
    """Yield what several imports did together."""
    sums = told.summed(reports)
    yield (
        f"{len(reports) + failed} files{f', {failed} of them not imported' if failed else ''}: {sums['rows']} rows; "
        + ", ".join(f"{sums[name]} {name}" for name in told.COUNTS)
    )
    placed = sum(told.on_the_map(each) for each in reports)
    total = sum(each.placed.total() for each in reports)
    if total:
        yield f"  on the map: {placed} of {total} listings ({placed / total:.2%})"
    for each in reports:
        if each.merged:
            yield f"  merged: {_shared(each.merged, f' of or with {each.source}')} a resource with another one"
    yield from apart_lines(told.apart(reports))


def _counted(title: str, counts: Counter[str]) -> Iterator[str]:
    for value, count in counts.most_common(SHOWN_PROBLEMS):
        yield f"{title}: {shown(value)} ({count} times)"
    yield from _more(counts, SHOWN_PROBLEMS)


def _more(listed: Sized, most: int) -> Iterator[str]:
    if len(listed) > most:
        yield f"    ... and {len(listed) - most} more; --json or --report FILE has them all"


def _short(value: Any, limit: int = 60) -> str:
    text = "nothing" if value is None else str(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"


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
    if resource["kind"] == Kind.SUPPORT_GROUP and resource["address_1"]:
        ways.append(f"go to {', '.join(filter(None, (resource['address_1'], resource['city'], resource['region'])))}")
        ways.extend(filter(None, [resource["hours"] or resource["hours_note"]]))
    first = "call first" if resource["phone"] else "ask first"
    state = {
        OpenState.OPEN: "open now", OpenState.CLOSED: "closed now", OpenState.CALL_FIRST: first, OpenState.UNKNOWN: "",
    }[match.open.state]  # fmt: skip
    age = checked_words(match)
    yield "      " + "; ".join([*ways, *([state] if state and state not in age else []), age])


def checked_words(match: matches.Match) -> str:
    """Return in words how old the facts are."""
    resource = match.resource
    dated = matches.facts_date(resource)
    if match.stale and dated is not None:
        return f"{dated.year} data, {'call' if resource['phone'] else 'ask'} first"
    if resource["last_checked"] is not None:
        return f"checked {resource['last_checked'].isoformat()}"
    return "not re-checked" if dated is not None else "not re-checked, age not known"
