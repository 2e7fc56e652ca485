"""Hours as publishers write them in English -> OSM opening_hours, or nothing: hours are never guessed.

A text is read only when every word of it is understood and it can mean one thing. "Mon-Fri 9am-5pm" is read; "6-8pm"
(from six in the morning or in the evening?), a zone beside the times, "by appointment" and any other word stay words.
"""

from __future__ import annotations

import re
from functools import lru_cache

from directory import hours
from directory.importers.clock_text import DAY
from directory.importers.hours_words import ALWAYS, DAYS, NAMES, Unclear, Week, week_of

LIMIT = 500


def opening_hours(words: str) -> str | None:
    """Return the hours that ``words`` certainly mean as OSM opening_hours, or None when they stay words."""
    if len(words) > LIMIT:
        return None
    return _read(words)


def weekday_in(words: str) -> str | None:
    """Return the one weekday that the name of a column holds ("Hours (Mon)"), or None."""
    found = {DAYS[word] for word in re.findall("[a-z]+", words.lower()) if len(word) > 2 and word in DAYS}
    return NAMES[found.pop()] if len(found) == 1 else None


@lru_cache(maxsize=4096)
def _read(words: str) -> str | None:
    own = _as_osm(words)
    if own is not None:
        return own
    try:
        return hours.parse(_written(week_of(words)))
    except (Unclear, ValueError):
        return None


def _as_osm(words: str) -> str | None:
    """Return what is OSM opening_hours already; "9:00-5:00" would be read as a night there, and is an office's day."""
    try:
        found = hours.parse(words.strip())
    except ValueError:
        return None
    if found == "24/7":
        return found
    names_days = re.match(r"(?:Mo|Tu|We|Th|Fr|Sa|Su|PH|Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\b", found)
    half_days = [start for start, end in re.findall(r"(\d\d:\d\d)-(\d\d:\d\d)", found) if end <= start < "13:00"]
    return found if names_days and not half_days else None


def _written(week: Week) -> str:
    days = {day: spans for day, spans in week.days.items() if day not in week.closed}
    if not days:
        raise Unclear
    if len(days) == 7 and set(days.values()) == {ALWAYS} and not week.holidays_off:
        return "24/7"
    rules = []
    for spans in dict.fromkeys(days[day] for day in sorted(days)):
        names = ",".join(NAMES[day] for day in sorted(days) if days[day] == spans)
        rules.append(f"{names} {','.join(f'{_clock(start)}-{_clock(end)}' for start, end in spans)}")
    return "; ".join([*rules, *(["PH off"] if week.holidays_off else [])])


def _clock(minutes: int) -> str:
    minutes -= DAY if minutes > DAY else 0
    return f"{minutes // 60:02}:{minutes % 60:02}"
