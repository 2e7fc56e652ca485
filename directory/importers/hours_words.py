"""The words of hours in English, and how they stand together: days, times, "closed", "except holidays"."""

from __future__ import annotations

import re
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from itertools import pairwise

from directory.importers.clock_text import DAY, Clock, certain

EVERY_DAY = frozenset(range(7))
_WORKING_DAYS = frozenset(range(5))
NAMES = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
DAYS = {
    "m": 0, "mo": 0, "mon": 0, "monday": 0, "mondays": 0, "tu": 1, "tue": 1, "tues": 1, "tuesday": 1, "tuesdays": 1,
    "w": 2, "we": 2, "wed": 2, "weds": 2, "wednesday": 2, "wednesdays": 2, "th": 3, "thu": 3, "thur": 3, "thurs": 3,
    "thursday": 3, "thursdays": 3, "f": 4, "fr": 4, "fri": 4, "friday": 4, "fridays": 4, "sa": 5, "sat": 5,
    "saturday": 5, "saturdays": 5, "su": 6, "sun": 6, "sunday": 6, "sundays": 6,
}  # fmt: skip
_SETS = {
    "daily": EVERY_DAY, "everyday": EVERY_DAY, "weekday": _WORKING_DAYS,
    "weekdays": _WORKING_DAYS, "weekend": frozenset({5, 6}), "weekends": frozenset({5, 6}),
}  # fmt: skip
# One spelling for what is said in several words; the longer ones first.
_SAME = (
    ("hours of operation", " "), ("office hours", " "), ("business hours", " "), ("local time", " "), ("o'clock", " "),
    ("a. m.", "am"), ("p. m.", "pm"), ("a.m.", "am"), ("p.m.", "pm"), ("a.m", "am"), ("p.m", "pm"),
    ("12:00 noon", "noon"), ("12 noon", "noon"), ("12:00 midnight", "midnight"), ("12 midnight", "midnight"),
    ("seven days", "7 days"), ("days/week", "days a week"), ("days per week", "days a week"),
    ("every day of the week", "everyday"), ("7 days a week", "everyday"), ("7 days", "everyday"),
    ("every day", "everyday"), ("each day", "everyday"), ("all days", "everyday"), ("all week", "everyday"),
    ("365 days a year", "everyday"), ("365 days per year", "everyday"), ("year round", "everyday"),
    ("24/7/365", "24/7"), ("24x7", "24/7"), ("24-7", "24/7"), ("around the clock", "24/7"),
    ("twenty-four hours", "24 hours"), ("24-hour", "24 hours"), ("24 hrs", "24 hours"), ("24hrs", "24 hours"),
    ("24 hour", "24 hours"), ("24 hourss", "24 hours"),
    ("24 hours/day", "allday"), ("24 hours a day", "allday"), ("24 hours per day", "allday"), ("24 hours", "allday"),
    ("all day", "allday"), ("except for", "except"), ("except on", "except"), ("excluding", "except"),
    ("federal holidays", "holidays"), ("public holidays", "holidays"), ("legal holidays", "holidays"),
    ("all holidays", "holidays"),
)  # fmt: skip
_ALIKE = str.maketrans(
    {**dict.fromkeys("‐‑‒–—−~", "-"), **dict.fromkeys("|\n\r•·", ";"), **dict.fromkeys("()\t\xa0\u202f\u2009", " ")}
)
_TOKEN = re.compile(r"24/7|[a-z]+|[0-9]+|[^\sa-z0-9]")
_FILLERS = frozenset({"open", "hours", "from", "on"})
_TO = frozenset({"-", "to", "thru", "through", "until", "till", "til"})
_AND = frozenset({",", "/", "&", "and"})
_STOPS = _AND | {";", "."}
_MERIDIEMS = {"am": "am", "a": "am", "pm": "pm", "p": "pm"}

Spans = tuple[tuple[int, int], ...]
"""Stretches of a day in minutes after midnight; an end past 1440 is the next day's."""
ALWAYS: Spans = ((0, DAY),)


class Unclear(Exception):
    """The words are not understood, or mean more than one thing."""


@dataclass(slots=True)
class Week:
    """What holds on each day. ``broad`` are days named in a range or a set, of which some may be said to be closed."""

    days: dict[int, Spans] = field(default_factory=dict)
    broad: set[int] = field(default_factory=set)
    closed: set[int] = field(default_factory=set)
    holidays_off: bool = False

    def open(self, days: frozenset[int], spans: Spans) -> None:
        if not days or days & self.days.keys():
            raise Unclear
        self.days.update(dict.fromkeys(days, spans))
        if len(days) > 2:
            self.broad |= days

    def close(self, days: frozenset[int]) -> None:
        if days & self.days.keys():
            raise Unclear
        self.closed |= days


def week_of(words: str) -> Week:
    """Return the week that words mean.

    Raises:
        Unclear: a word is not understood, or they may mean more than one thing.
    """
    return _Reader(_tokens(words)).week()


def _tokens(words: str) -> list[str]:
    text = " ".join(words.lower().translate(_ALIKE).split(" "))
    text = " ".join(text.split())
    for said, same in _SAME:
        text = text.replace(said, same)
    return [token for token in _TOKEN.findall(text) if token not in _FILLERS]


class _Reader:
    """Reads the tokens from left to right; what does not fit is unclear."""

    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens
        self.place = 0
        # One hour past noon by the 24-hour clock, and nowhere am or pm: all times are of that clock.
        self.by_24 = not {"am", "pm", "a", "p"} & set(tokens) and any(map(self.is_late_hour, range(len(tokens))))

    def is_late_hour(self, place: int) -> bool:
        token = self.tokens[place]
        is_minutes = place > 1 and self.tokens[place - 1] in {":", "."} and self.tokens[place - 2].isdigit()
        return token.isdigit() and len(token) < 3 and not is_minutes and 13 <= int(token) <= 24

    def week(self) -> Week:
        week = Week()
        self.skip({":", "-"})
        days_first = self.at_days() or self.peek() in {"closed", "holidays"}
        while self.peek():
            if self.take_holidays():
                week.holidays_off = True
            elif self.peek() in {"closed", "except"}:
                self.place += 1
                week.closed |= self.days()
                week.holidays_off |= self.take_also("holidays")
            elif self.take_always():
                week.open(EVERY_DAY, ALWAYS)
            elif days_first:
                self.days_then_times(week)
            else:
                self.times_then_days(week)
            self.skip(_STOPS)
        if any(day in week.days and day not in week.broad for day in week.closed):
            raise Unclear
        return week

    def take_always(self) -> bool:
        """Take "24/7", also when it is said once more: "24/7, every day", "24 hours a day, 365 days a year"."""
        if not self.take_if("24/7"):
            return False
        while self.peek() in {"everyday", "daily", ",", "-"}:
            self.place += 1
        return True

    def days_then_times(self, week: Week) -> None:
        days = self.days()
        if self.take_if("except"):
            days -= self.days()
        if self.peek() in {":", "-", ","}:
            self.place += 1
        if self.take_if("closed"):
            week.close(days)
        else:
            week.open(days, self.spans(self.times(), days))

    def times_then_days(self, week: Week) -> None:
        times = self.times()
        self.take_if(",")
        all_day_every_day = times == [None] and not self.at_days()
        days = EVERY_DAY if all_day_every_day else self.days()
        week.open(days, self.spans(times, days))

    def take_holidays(self) -> bool:
        """Take "closed holidays", "holidays: closed" or "except holidays"."""
        ahead = [token for token in self.tokens[self.place : self.place + 3] if token not in {":", "-"}][:2]
        if ahead not in (["closed", "holidays"], ["holidays", "closed"], ["except", "holidays"]):
            return False
        self.skip({"closed", "holidays", "except", ":", "-"})
        return True

    def take_also(self, token: str) -> bool:
        here = self.place
        self.skip(_AND)
        if self.take_if(token):
            return True
        self.place = here
        return False

    def days(self) -> frozenset[int]:
        found = self.day_item()
        while True:
            here = self.place
            self.skip(_AND)
            if self.place == here or not self.at_days():
                self.place = here
                return found
            more = self.day_item()
            if more & found:
                raise Unclear
            found |= more

    def day_item(self) -> frozenset[int]:
        word = self.take()
        if word in _SETS:
            return _SETS[word]
        first = self.day(word)
        if self.peek() not in _TO or not self.at_days(1):
            return frozenset({first})
        self.place += 1
        until = self.take()
        if "t" in {word, until}:  # "T-Th" are two days to some and three to others
            raise Unclear
        last = self.day(until)
        return frozenset((first + step) % 7 for step in range((last - first) % 7 + 1))

    def day(self, word: str) -> int:
        self.take_if(".")
        if word == "t" and "th" in self.tokens:
            return 1
        if word not in DAYS:
            raise Unclear
        return DAYS[word]

    def at_days(self, ahead: int = 0) -> bool:
        word = self.peek(ahead)
        return word in DAYS or word in _SETS or (word == "t" and "th" in self.tokens)

    def times(self) -> list[tuple[Clock, Clock] | None]:
        """Return stretches of a day as written, None for the whole day."""
        found = [self.stretch()]
        while True:
            here = self.place
            self.skip(_AND)
            if self.place == here or not self.at_time():
                self.place = here
                return found
            found.append(self.stretch())

    def stretch(self) -> tuple[Clock, Clock] | None:
        if self.take_if("allday"):
            return None
        start = self.clock()
        if self.take() not in _TO:
            raise Unclear
        return start, self.clock()

    def spans(self, times: list[tuple[Clock, Clock] | None], days: frozenset[int]) -> Spans:
        found = []
        for pair in times:
            span = (0, DAY) if pair is None else certain(*pair, by_24=self.by_24, working_days=days <= _WORKING_DAYS)
            if span is None:
                raise Unclear
            found.append(span)
        found.sort()
        if any(later[0] < earlier[1] for earlier, later in pairwise(found)):
            raise Unclear
        if len(found) > 1 and found[-1][1] > DAY + found[0][0]:
            raise Unclear
        return tuple(found)

    def at_time(self) -> bool:
        return self.peek().isdigit() or self.peek() in {"noon", "midnight"}

    def clock(self) -> Clock:
        word = self.take()
        if word in {"noon", "midnight"}:
            return Clock(12, 0, "pm" if word == "noon" else "am")
        if not word.isdigit() or len(word) > 4:
            raise Unclear
        hour, minute = int(word), 0
        if len(word) > 2:
            hour, minute = divmod(int(word), 100)
        elif self.peek() in {":", "."} and self.peek(1).isdigit():
            minute = int(self.peek(1)) if len(self.peek(1)) == 2 else 60
            self.place += 2
        meridiem = _MERIDIEMS.get(self.peek(), "")
        if meridiem:
            self.place += 1
            self.take_if(".")
        elif len(word) == 3:
            raise Unclear
        return Clock(hour, minute, meridiem, military=len(word) == 4 and not meridiem)

    def skip(self, tokens: AbstractSet[str]) -> None:
        while self.peek() in tokens:
            self.place += 1

    def peek(self, ahead: int = 0) -> str:
        return self.tokens[self.place + ahead] if self.place + ahead < len(self.tokens) else ""

    def take(self) -> str:
        token = self.peek()
        self.place += 1
        return token

    def take_if(self, token: str) -> bool:
        if self.peek() != token:
            return False
        self.place += 1
        return True
