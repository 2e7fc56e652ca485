"""The crisis strip: first on every page, made from the shipped files alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from directory.crisis import CrisisBook, speaks_only
from directory.matches import Match
from directory.records import OpenState
from directory.remote import talks_now
from directory.web import cards, words
from directory.wording import _, language


@dataclass(frozen=True, slots=True)
class Line:
    """One line in the strip: who it is, how to reach it, and what must be said about it."""

    name: str
    ways: tuple[cards.Way, ...]
    note: str


@dataclass(frozen=True, slots=True)
class Strip:
    """What stands on top of every page for one country."""

    country: str
    country_name: str
    emergency: cards.Way | None
    lines: tuple[Line, ...]
    finder: cards.Way | None


def of(book: CrisisBook, country: str, country_name: str, at: datetime) -> Strip:
    """Return the strip of a country: its emergency number, and one line each to call, to text and to chat with.

    Only lines for everybody and for the whole country stand here; another country's number never does. Where there is
    none, the worldwide finder is named.
    """
    found = book.matches(country, at)
    emergency, lines = (found[0], found[1:]) if country in book.numbers else (None, found)
    usable = [line for line in lines if _for_everybody(line.resource, country)]
    # What is shut at this hour only stands here when nothing else does.
    usable.sort(key=lambda line: line.open.state is OpenState.CLOSED)
    chosen: dict[int, list[cards.Way]] = {}
    for by in ("call", "text", "chat"):
        for number, line in enumerate(usable):
            way = next((way for way in cards.ways(line.resource, country) if way.by == by), None)
            if way is not None:
                chosen.setdefault(number, []).append(way)
                break
    return Strip(
        country,
        country_name,
        _emergency(emergency, country),
        tuple(Line(usable[n].resource["name"], tuple(found), _note(usable[n])) for n, found in sorted(chosen.items())),
        None if chosen else _finder(lines, country),
    )


def _for_everybody(row: Mapping[str, Any], country: str) -> bool:
    """Tell whether anybody who reads this page may call: also a line for those who speak its language."""
    stands_for_all = not row["audiences"] and not row["minimum_age"] and row["maximum_age"] is None
    is_open_to_all = not row["eligibility"] or speaks_only(row, {language()})
    return talks_now(row) and stands_for_all and is_open_to_all and country in row["service_area"]


def _emergency(match: Match | None, country: str) -> cards.Way | None:
    return cards.ways(match.resource, country)[0] if match is not None else None


def _finder(lines: Sequence[Match], country: str) -> cards.Way | None:
    for line in lines:
        for way in cards.ways(line.resource, country):
            if way.by == "site" and not line.resource["audiences"]:
                return cards.Way("site", way.href, _("{name} (web page)", name=line.resource["name"]))
    return None


def _note(line: Match) -> str:
    opening = words.opening(line)
    age, checked = words.checked(line)
    said = [opening[:1].lower() + opening[1:]] if line.open.state is not OpenState.UNKNOWN else []
    return ", ".join([*said, *([checked[:1].lower() + checked[1:]] if age != "fresh" else [])])
