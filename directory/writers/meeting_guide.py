"""Meeting Guide JSON (code4recovery/spec): support groups, an entry for each day and time a group meets."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO

from directory.clean import safe_url
from directory.importers import mappings
from directory.needs import Vocabulary, folded
from directory.records import Kind, Status
from directory.writers import words
from directory.writers.weekly import is_answered, meetings, told

NAME_LIMIT, SLUG_LIMIT = 255, 64
CLOSED_FOR_NOW, ONLINE = "TC", "ONL"
_MAPPING = "meeting_guide"
_MADE_UP = ":"
"""In a code of the table that the format does not have (``fellowship:``)."""

Types = Mapping[tuple[str, str], str]
"""Our column and value -> the format's code."""


def types(data_folder: Path, vocabulary: Vocabulary) -> Types:
    """Return the codes that say exactly one thing of ours, from ``data/mappings/meeting_guide.csv`` read backwards."""
    if not (data_folder / "mappings" / f"{_MAPPING}.csv").is_file():
        return {}
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for code, meanings in mappings.load(data_folder, _MAPPING, vocabulary).items():
        if len(meanings) == 1 and _MADE_UP not in code:
            found[meanings[0].column, meanings[0].value].append(code)
    return {meaning: codes[0] for meaning, codes in found.items() if len(codes) == 1}


@dataclass(frozen=True, slots=True)
class Written:
    """How many entries were written, and how many support groups have none: their hours are when somebody answers."""

    entries: int
    left_out: int


def write(resources: Iterable[Mapping[str, Any]], stream: TextIO, known: Types, at: datetime) -> Written:
    """Write the entries of every support group among the resources while they come."""
    left_out = 0

    def found() -> Iterator[dict[str, Any]]:
        nonlocal left_out
        for each in resources:
            held = list(entries(each, known, at))
            left_out += each["kind"] == Kind.SUPPORT_GROUP and not held
            yield from held

    return Written(words.write_list(found(), stream), left_out)


def entries(resource: Mapping[str, Any], known: Types, at: datetime) -> Iterator[dict[str, Any]]:
    """Yield a support group as the format's entries: one a day and time; one without either when it has no such week.

    ``slug`` is unique by the resource's id. No person's name, number or address is given. Anything but a support group
    yields nothing, nor does one whose hours are when somebody answers (``weekly.is_answered``): a line is no meeting.
    """
    if resource["kind"] != Kind.SUPPORT_GROUP:
        return
    shared = _shared(resource, known, at)
    found = meetings(resource)
    held = (*(found.meetings if found else ()), *told(resource["hours_note"]))
    if not held:
        if is_answered(resource):
            return
        yield {"name": shared.pop("name"), "slug": _slug(resource, ""), **shared, **_hours_in_words(resource, shared)}
        return
    for meeting in held:
        start, end = meeting.clock
        for weekday in meeting.weekdays:
            day = (weekday + 1) % 7  # the format's week begins on Sunday, 0
            slug = _slug(resource, f"-{day}-{start.replace(':', '')}{_again(held, meeting, weekday)}")
            when = {"day": day, "time": start, **({"end_time": end} if end else {})}
            yield {"name": shared["name"], "slug": slug, **when, **shared}


def _shared(resource: Mapping[str, Any], known: Types, at: datetime) -> dict[str, Any]:
    checked = resource["last_checked"]
    site, chat = safe_url(resource["url"]), safe_url(resource["chat_url"])
    online = "video" in resource["formats"]
    values = {
        "name": resource["name"][:NAME_LIMIT],
        "timezone": resource["timezone"],
        "location": None if words.hidden(resource) else resource["address_2"],
        "formatted_address": words.address(resource, second_line=False),
        "latitude": resource["latitude"],
        "longitude": resource["longitude"],
        "approximate": None if resource["latitude"] is None else "yes" if words.is_approximate(resource) else "no",
        "types": _types(resource, known),
        "notes": "\n".join(_notes(resource, at)),
        "group": resource["organization"],
        "conference_url": (chat or site) if online else None,
        "conference_phone": resource["phone"] if "phone" in resource["formats"] else None,
        "url": site,
        "entity": resource["organization"],
        "entity_phone": resource["phone"] if resource["organization"] else None,
        # When somebody confirmed it, never when a list was fetched: readers take it for a check.
        "updated": f"{checked.isoformat()} 00:00:00" if checked else None,
    }
    return {name: value for name, value in values.items() if value not in (None, "")}


def _types(resource: Mapping[str, Any], known: Types) -> list[str]:
    columns = ("audiences", "accessibility", "approaches", "languages", "formats")
    found = [known[column, value] for column in columns for value in resource[column] if (column, value) in known]
    if "video" in resource["formats"]:
        found.append(ONLINE)
    if resource["status"] == Status.TEMPORARILY_CLOSED:
        found.append(CLOSED_FOR_NOW)
    return sorted(set(found))


def _notes(resource: Mapping[str, Any], at: datetime) -> list[str]:
    lines = [
        resource["description"] or "",
        resource["eligibility"] or "",
        resource["hours_note"] or "",
        words.PRIVATE if words.hidden(resource) else "",
        words.age(resource, at),
        f"Source: {words.source_names(resource)}",
    ]
    return [line for line in lines if line]


def _hours_in_words(resource: Mapping[str, Any], shared: Mapping[str, Any]) -> dict[str, str]:
    return {"notes": f"Hours: {resource['hours']}\n{shared['notes']}"} if resource["hours"] else {}


def _again(meetings: Iterable[Any], meeting: Any, weekday: int) -> str:
    """Return a letter for the second of two meetings that begin at once on one day and end apart."""
    same = [each for each in meetings if weekday in each.weekdays and each.start == meeting.start]
    place = same.index(meeting)
    return "" if place == 0 else f"-{place + 1}"


def _slug(resource: Mapping[str, Any], when: str) -> str:
    tail = f"-{resource['id']}{when}"
    words_of = "-".join(folded(resource["name"]).encode("ascii", "ignore").decode().split())
    return (words_of[: SLUG_LIMIT - len(tail)].strip("-") or "meeting"[: SLUG_LIMIT - len(tail)]) + tail
