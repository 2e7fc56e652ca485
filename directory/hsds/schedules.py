"""OSM ``opening_hours`` and HSDS schedules, either way, where one can say what the other does.

HSDS times carry no zone here: its ``timezone`` is an offset from UTC, which is wrong half the year where clocks change.
The notes of each schedule name the zone and hold the hours as they stand in OSM's syntax.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from directory import hours
from directory.hours_grammar import ALWAYS, DAY, EVERY_DAY, WEEKDAYS, Rule, read

DAYS = tuple(day.upper() for day in WEEKDAYS)
EXACT = "OSM opening_hours: "
_EXACT = re.compile(re.escape(EXACT) + r"([^\n]+)")
_TIME = re.compile(r"([01]?[0-9]|2[0-4]):([0-5][0-9])(?::00(?:\.0+)?)?([+-][0-9]{2}:?[0-9]{2})?", re.ASCII)
_NTH = re.compile(r"([+-]?[1-5])([A-Z]{2})", re.ASCII)
# A schedule that says any of these holds some of the time only, or on days that opening hours do not name.
_LIMITS = ("valid_from", "valid_to", "dtstart", "until", "count", "byweekno", "bymonthday", "byyearday")
Spans = tuple[tuple[int, int], ...]


class _Inexpressible(Exception):
    """These hours say more than schedules can."""


def written(opening_hours: str) -> list[dict[str, Any]]:
    """Return opening hours as HSDS schedules (freq, byday, opens_at, closes_at), none where they say more than those can.

    Closed holidays are no part of a schedule and stand in the notes alone. The end of a day is written 23:59.
    """
    if opening_hours == ALWAYS:
        return [_schedule("WEEKLY", DAYS, (0, DAY))]
    try:
        expression = read(opening_hours)
        if expression.always or expression.fallback:
            return []
        weekly, monthly = _by_day(expression.rules)
    except (ValueError, _Inexpressible):
        return []
    found: list[dict[str, Any]] = []
    for spans in dict.fromkeys(weekly[day] for day in sorted(weekly)):
        days = [DAYS[day] for day in sorted(weekly) if weekly[day] == spans]
        found.extend(_schedule("WEEKLY", days, span) for span in spans)
    found.extend(_schedule("MONTHLY", days, span) for days, spans in monthly for span in spans)
    return found


def notes(opening_hours: str, timezone: str | None) -> str:
    """Return what the notes of each schedule say: the hours exactly, and the zone."""
    zone = f"\nLocal time in {timezone}." if timezone else ""
    return f"{EXACT}{opening_hours}{zone}"


def exact(note: str) -> str | None:
    """Return the opening hours that ``notes`` wrote into a note, None if there are none."""
    found = _EXACT.search(note)
    return found[1].strip() if found else None


def opening_hours(schedules: Sequence[Mapping[str, str]]) -> str | None:
    """Return HSDS schedules (their fields as text) as opening hours; None unless every one of them is certain.

    Certain: weekly on named days, or monthly on named days of the month, with both times, every week and without end.
    """
    rules = []
    for each in schedules:
        rule = _rule(each)
        if rule is None:
            return None
        rules.append(rule)
    if not rules:
        return None
    weekly: dict[int, set[tuple[int, int]]] = {}
    monthly: dict[tuple[str, ...], set[tuple[int, int]]] = {}
    for days, nth, span in rules:
        if nth:
            monthly.setdefault(nth, set()).add(span)
        for day in days:
            weekly.setdefault(day, set()).add(span)
    if any(WEEKDAYS.index(each[:2]) in weekly for nth in monthly for each in nth):
        return None
    return _expression(weekly, monthly)


def _by_day(rules: Iterable[Rule]) -> tuple[dict[int, Spans], list[tuple[list[str], Spans]]]:
    """Return the spans of each weekday, and those of days of the month."""
    weekly: dict[int, Spans] = {}
    monthly: list[tuple[list[str], Spans]] = []
    monthly_days: set[int] = set()
    for rule in rules:
        if rule.is_off and not rule.spans and rule.holidays and not (rule.weekdays or rule.nth or rule.dates):
            continue
        if rule.dates or rule.holidays or rule.comment or (rule.modifier and not rule.is_off):
            raise _Inexpressible
        if rule.nth:
            if rule.is_off or rule.weekdays or (weekly.keys() | monthly_days) & rule.days:
                raise _Inexpressible
            monthly_days |= rule.days
            monthly.append(([f"{entry[3:-1]}{entry[:2].upper()}" for entry in rule.nth], rule.spans))
            continue
        if rule.days & monthly_days or (rule.is_off and rule.spans):
            raise _Inexpressible
        for day in rule.days:
            if rule.is_off:
                weekly.pop(day, None)
            else:
                weekly[day] = tuple(sorted({*weekly.get(day, ()), *rule.spans})) if rule.additive else rule.spans
    if not weekly and not monthly:
        raise _Inexpressible
    return weekly, monthly


def _schedule(freq: str, days: Iterable[str], span: tuple[int, int]) -> dict[str, Any]:
    opens, closes = span
    return {"freq": freq, "byday": ",".join(days), "opens_at": _clock(opens), "closes_at": _clock(closes)}


def _clock(minutes: int) -> str:
    if minutes == DAY:
        return "23:59"
    return f"{minutes % DAY // 60:02}:{minutes % 60:02}"


def _rule(schedule: Mapping[str, str]) -> tuple[tuple[int, ...], tuple[str, ...], tuple[int, int]] | None:
    """Return weekdays, days of the month and span of a schedule; None unless it is certain."""
    if any(schedule.get(name) for name in _LIMITS) or schedule.get("interval", "") not in {"", "1"}:
        return None
    opens, closes = _minutes(schedule.get("opens_at", "")), _minutes(schedule.get("closes_at", ""))
    if opens is None or closes is None:
        return None
    closes = DAY if closes == DAY - 1 else closes
    span = (opens % DAY, closes if closes > opens else closes + DAY)
    if not 0 < span[1] - span[0] <= DAY or (opens == closes and opens):
        return None
    days = [day.strip().upper() for day in schedule.get("byday", "").split(",") if day.strip()]
    freq = schedule.get("freq", "").upper()
    if freq == "WEEKLY" and days and set(days) <= set(DAYS):
        return tuple(DAYS.index(day) for day in days), (), span
    nth = [_NTH.fullmatch(day) for day in days]
    if freq == "MONTHLY" and nth and all(each is not None and each[2] in DAYS for each in nth):
        return (), tuple(f"{each[2].title()}[{each[1].lstrip('+')}]" for each in nth if each), span
    return None


def _minutes(text: str) -> int | None:
    found = _TIME.fullmatch(text.strip())
    if found is None:
        return None
    minutes = int(found[1]) * 60 + int(found[2])
    return minutes if minutes <= DAY else None


def _expression(
    weekly: Mapping[int, set[tuple[int, int]]], monthly: Mapping[tuple[str, ...], set[tuple[int, int]]]
) -> str | None:
    if weekly.keys() == EVERY_DAY and all(spans == {(0, DAY)} for spans in weekly.values()) and not monthly:
        return ALWAYS
    rules = [
        (",".join(WEEKDAYS[day] for day in sorted(weekly) if weekly[day] == spans), spans)
        for spans in (set(each) for each in dict.fromkeys(frozenset(weekly[day]) for day in sorted(weekly)))
    ]
    rules.extend((",".join(days), spans) for days, spans in monthly.items())
    text = "; ".join(f"{days} {','.join(_span(span) for span in sorted(spans))}" for days, spans in rules)
    try:
        return hours.parse(text)
    except ValueError:
        return None


def _span(span: tuple[int, int]) -> str:
    opens, closes = span
    closes = closes - DAY if closes > DAY else closes
    return f"{opens // 60:02}:{opens % 60:02}-{closes // 60:02}:{closes % 60:02}"
