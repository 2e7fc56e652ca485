"""Opening hours that are simply a week's meetings, taken apart; what is more than that is left to words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from directory.hours_grammar import EVERY_DAY, Expression, Rule, read

_DAYS = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")
_DAY = f"(?:{'|'.join(_DAYS)})"
# As importers.meeting_words writes meetings whose end nobody stated: "Mondays and Tuesdays 18:00, Sundays 20:00".
_TOLD = re.compile(
    rf"(?P<days>Every day|{_DAY}(?:(?:, | and ){_DAY})*) (?P<start>[0-2]\d:[0-5]\d)(?:-(?P<end>[0-2]\d:[0-5]\d))?"
)
_ZONELESS = " (time zone not stated)"
# A meeting is no longer, nor is one that is held by phone or online on five days; a longer span is when somebody answers.
_LONGEST_MINUTES, _LONGEST_DAILY_MINUTES = 4 * 60, 90
_DAILY = 5
_DOOR = ("address_1", "city", "latitude")


@dataclass(frozen=True, slots=True)
class Meeting:
    """The same times on some weekdays (0 is Monday); minutes after midnight, an end past 1440 is the next day's.

    ``end`` is None where nobody states it.
    """

    weekdays: tuple[int, ...]
    start: int
    end: int | None

    @property
    def clock(self) -> tuple[str, str | None]:
        """Return start and end as HH:MM."""
        return _clock(self.start), None if self.end is None else _clock(self.end)


@dataclass(frozen=True, slots=True)
class Week:
    """The meetings of every week. ``not_on_holidays``: they are left out on public holidays."""

    meetings: tuple[Meeting, ...]
    not_on_holidays: bool


def is_answered(resource: Mapping[str, Any]) -> bool:
    """Return whether a group's hours are when its office or helpline answers: nobody meets then.

    So they are when it is day and night, or any span is longer than four hours; and of a group without a door, when one
    span of more than an hour and a half is the same on five days or more.
    """
    expression = _expression(resource["hours"])
    if expression is None:
        return False
    spans = [span for rule in expression.rules for span in rule.spans]
    if expression.always or any(_length(span) > _LONGEST_MINUTES for span in spans):
        return True
    if any(resource[name] is not None for name in _DOOR):
        return False
    days = _days(expression)
    return any(
        _length(span) > _LONGEST_DAILY_MINUTES and sum(span in each for each in days.values()) >= _DAILY
        for span in set(spans)
    )


def meetings(resource: Mapping[str, Any]) -> Week | None:
    """Return the meetings of a group that are the same every week; None when its hours are anything else."""
    return None if is_answered(resource) else week(resource["hours"])


def week(hours: str | None) -> Week | None:
    """Return opening hours that are the same every week as meetings, in order of day; None when they say anything else.

    Months, dates, the third Thursday, comments, "or by appointment" and day-and-night are something else. Whether
    somebody meets then, ``meetings`` tells.
    """
    expression = _expression(hours)
    if expression is None or expression.always or expression.fallback:
        return None
    if not all(_is_simple(rule) for rule in expression.rules):
        return None
    days = _days(expression)
    times = sorted({span for spans in days.values() for span in spans})
    found = [Meeting(tuple(day for day in sorted(days) if span in days[day]), *span) for span in times]
    if not found:
        return None
    found.sort(key=lambda each: (each.weekdays[0], each.start))
    return Week(tuple(found), any(rule.holidays and rule.is_off for rule in expression.rules))


def told(note: str | None) -> tuple[Meeting, ...]:
    """Return the meetings that a note on hours begins with, as our readers of meetings write those without an end."""
    if not note:
        return ()
    first = note.partition("; ")[0].removeprefix("Also ").removesuffix(_ZONELESS)
    found: list[Meeting] = []
    place = 0
    while (match := _TOLD.match(first, place)) is not None:
        days = _DAYS if match["days"] == "Every day" else tuple(each for each in _DAYS if each in match["days"])
        start, end = (_minutes(match[name]) for name in ("start", "end"))
        found.append(Meeting(tuple(_DAYS.index(day) for day in days), start or 0, end))
        if match.end() == len(first):
            return tuple(found)
        if first[match.end() : match.end() + 2] != ", ":
            return ()
        place = match.end() + 2
    return ()


def _expression(hours: str | None) -> Expression | None:
    if not hours:
        return None
    try:
        return read(hours)
    except ValueError:
        return None


def _length(span: tuple[int, int]) -> int:
    return span[1] - span[0]


def _minutes(clock: str | None) -> int | None:
    return None if clock is None else int(clock[:2]) * 60 + int(clock[3:])


def _days(expression: Expression) -> dict[int, set[tuple[int, int]]]:
    days: dict[int, set[tuple[int, int]]] = {day: set() for day in EVERY_DAY}
    for rule in expression.rules:
        for day in rule.weekdays if rule.holidays else rule.weekly_days:
            if rule.replaces:
                days[day] = set()
            days[day] |= set(rule.spans)
    return days


def _is_simple(rule: Rule) -> bool:
    if rule.dates or rule.nth or rule.comment or rule.modifier not in {"", "off"}:
        return False
    if rule.is_off:
        return not rule.spans
    return bool(rule.spans) and (not rule.holidays or rule.weekdays == EVERY_DAY)


def _clock(minutes: int) -> str:
    return f"{minutes % 1440 // 60:02d}:{minutes % 60:02d}"
