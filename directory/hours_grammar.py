"""The part of OSM's ``opening_hours`` we read, as values: an expression is rules, a rule is days and times."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from itertools import groupby

ALWAYS = "24/7"
LIMIT = 255  # OSM's own limit for a value: https://wiki.openstreetmap.org/wiki/Map_features
UNREADABLE = "is not opening hours we can read; put free words in hours_note"

WEEKDAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
EVERY_DAY = frozenset(range(7))
MONTHS = {
    "Jan": 31, "Feb": 29, "Mar": 31, "Apr": 30, "May": 31, "Jun": 30,
    "Jul": 31, "Aug": 31, "Sep": 30, "Oct": 31, "Nov": 30, "Dec": 31,
}  # fmt: skip
DAY = 24 * 60

_TOKEN = re.compile(r'"[^"]*"|\|\||24/7|\d{1,2}:\d{2}|[A-Za-z]+|\d+|[-,;\[\]:+/]', re.ASCII)
_TIME = re.compile(r"\d{1,2}:\d{2}", re.ASCII)
_ALIKE = str.maketrans(
    {**dict.fromkeys("‐‑‒–—−", "-"), **dict.fromkeys("“”„", '"'), **dict.fromkeys("\t\n\r\u00a0\u202f", " ")}
)
_NOT_READ = {"week", "easter", "sunrise", "sunset", "dawn", "dusk", "sh"}


@dataclass(frozen=True, slots=True)
class Rule:
    """Some days and what holds on them. ``spans`` are minutes after midnight; an end past 1440 is the next day's."""

    dates: str = ""
    weekdays: frozenset[int] = frozenset()
    nth: tuple[str, ...] = ()
    holidays: bool = False
    spans: tuple[tuple[int, int], ...] = ()
    modifier: str = ""
    comment: str = ""
    additive: bool = False

    @property
    def names_no_day(self) -> bool:
        return not (self.weekdays or self.nth or self.holidays)

    @property
    def days(self) -> frozenset[int]:
        """The weekdays it speaks of, some weeks at least."""
        if self.names_no_day:
            return EVERY_DAY
        return self.weekdays | {WEEKDAYS.index(entry[:2]) for entry in self.nth}

    @property
    def weekly_days(self) -> frozenset[int]:
        """The weekdays it speaks of in every week of the year."""
        if self.dates:
            return frozenset()
        return EVERY_DAY if self.names_no_day else self.weekdays

    @property
    def selectors(self) -> tuple[str, frozenset[int], tuple[str, ...], bool]:
        return self.dates, self.days, self.nth, self.holidays

    @property
    def is_off(self) -> bool:
        return self.modifier == "off"

    @property
    def replaces(self) -> bool:
        """Whether nothing is left of what earlier rules said of its days."""
        return not self.additive and not (self.is_off and self.spans)

    @property
    def is_exception(self) -> bool:
        return bool(self.is_off or self.dates or self.nth or (self.holidays and not self.weekdays))

    @property
    def is_weekly(self) -> bool:
        return not (self.is_off or self.dates or self.nth or self.holidays)

    @property
    def runs_past_midnight(self) -> bool:
        return any(end > DAY for _, end in self.spans)

    def __str__(self) -> str:
        # After a comma, times with no day would be read as more times of the rule before.
        weekdays = EVERY_DAY if self.additive and self.names_no_day and not self.dates else self.weekdays
        days = [_weekdays(weekdays)] if weekdays else []
        selector = ",".join([*days, *self.nth, *(["PH"] if self.holidays else [])])
        spans = ",".join(f"{_clock(start)}-{_clock(end if end <= DAY else end - DAY)}" for start, end in self.spans)
        modifier = "" if self.comment and not self.is_off else self.modifier
        comment = f'"{self.comment}"' if self.comment else ""
        return " ".join(part for part in (self.dates, selector, spans, modifier, comment) if part)


@dataclass(frozen=True, slots=True)
class Expression:
    """``rules`` in order; ``fallback`` says what holds where they are closed; ``always`` is a text that starts 24/7."""

    rules: tuple[Rule, ...] = ()
    fallback: str = ""
    always: str = ""

    @property
    def speaks_of_holidays(self) -> bool:
        return any(rule.holidays for rule in self.rules)

    @property
    def only_closes_on_holidays(self) -> bool:
        return all(rule.is_off for rule in self.rules if rule.holidays)

    def joined(self, rules: list[Rule]) -> Expression:
        """Return it with these rules, each added to those before it instead of replacing them."""
        return replace(self, rules=tuple(replace(rule, additive=place > 0) for place, rule in enumerate(rules)))

    def __str__(self) -> str:
        text = self.always
        for place, rule in enumerate(self.rules):
            text += ("" if place == 0 else ", " if rule.additive else "; ") + str(rule)
        return text + (f" || {self.fallback}" if self.fallback else "")


def read(text: str) -> Expression:
    """Return what the text says.

    Raises:
        ValueError: what is wrong with it, finishing the sentence "'ring us' ...".
    """
    if len(text) > LIMIT:
        raise ValueError(f"is longer than {LIMIT} characters")
    text = text.translate(_ALIKE)
    if _TOKEN.sub("", text).strip(" "):
        raise ValueError(UNREADABLE)
    tokens = _TOKEN.findall(text)
    for token in tokens:
        if token.lower() in _NOT_READ:
            raise ValueError(f"uses '{token}', which we do not read; put free words in hours_note")
    return _Reader(tokens).expression()


@dataclass(slots=True)
class _Reader:
    tokens: list[str]
    place: int = field(default=0)

    def peek(self, ahead: int = 0) -> str:
        return self.tokens[self.place + ahead] if self.place + ahead < len(self.tokens) else ""

    def take(self) -> str:
        token = self.peek()
        self.place += 1
        return token

    def taken(self, token: str) -> bool:
        if self.peek() != token:
            return False
        self.place += 1
        return True

    def expect(self, token: str) -> None:
        if not self.taken(token):
            raise ValueError(UNREADABLE)

    def expression(self) -> Expression:
        if self.peek() == ALWAYS:
            return self.always()
        rules = [self.rule(additive=False)]
        while self.peek() in (";", ","):
            additive = self.take() == ","
            if not self.peek() and not additive:
                break
            rules.append(self.rule(additive=additive))
        fallback = self.fallback()
        if self.peek() or not any(_opens(rule) for rule in rules):
            raise ValueError(UNREADABLE if self.peek() else "is never open; give the listing a status instead")
        return Expression(rules=tuple(rules), fallback=fallback)

    def always(self) -> Expression:
        self.take()
        self.taken("open")
        comment = self.comment()
        if self.peek():
            raise ValueError("adds to 24/7, which stands alone; write Mo-Su 00:00-24:00 and the exceptions")
        return Expression(always=f'{ALWAYS} "{comment}"' if comment else ALWAYS)

    def fallback(self) -> str:
        if not self.taken("||"):
            return ""
        unknown = self.taken("unknown")
        comment = self.comment()
        if not unknown and not comment:
            raise ValueError(UNREADABLE)
        return f'"{comment}"' if comment else "unknown"

    def rule(self, *, additive: bool) -> Rule:
        if self.peek() == ALWAYS:
            raise ValueError("adds to 24/7, which stands alone; write Mo-Su 00:00-24:00 and the exceptions")
        rule = Rule(dates=self.dates())
        self.taken(":")
        rule = self.on_days(rule)
        if rule.dates and rule.nth and (rule.weekdays or rule.holidays or len(rule.nth) > 1 or "-" in rule.dates):
            raise ValueError(UNREADABLE)
        if not rule.names_no_day:
            self.taken(":")
        rule = replace(rule, spans=self.spans(), modifier=self.modifier(), comment=self.comment())
        if rule == Rule() or (self.peek() and self.peek() not in (";", ",", "||")):
            raise ValueError(self.refusal())
        if not (rule.spans or rule.modifier or rule.comment):
            raise ValueError("names days without times; write them, or 00:00-24:00 for the whole day")
        if rule.modifier == "open" and not rule.spans and not rule.comment:
            raise ValueError("names days without times; write them, or 00:00-24:00 for the whole day")
        modifier = "" if rule.modifier == "open" else rule.modifier
        # "Mo-Fr 09:00-17:00, PH off": off takes away either way, and after a semicolon nobody misreads it.
        return replace(rule, modifier=modifier, additive=additive and modifier != "off")

    def refusal(self) -> str:
        if self.peek() == "+":
            return "has no closing time; write when it closes, or put it in hours_note"
        return UNREADABLE

    def dates(self) -> str:
        found: list[str] = []
        while self.peek().capitalize() in MONTHS:
            found.append(self.date_range())
            if self.peek() != "," or self.peek(1).capitalize() not in MONTHS:
                break
            self.take()
        return ",".join(found)

    def date_range(self) -> str:
        month, day = self.month_day()
        if not self.taken("-"):
            return f"{month} {day}" if day else month
        if day and self.peek().isdigit():
            last = self.day_of(month)
            if last <= day:
                raise ValueError(f"has dates in the wrong order: {month} {day}-{last}")
            return f"{month} {day}-{last}"
        until, last = self.month_day()
        if bool(day) != bool(last) or (month == until and last <= day):
            raise ValueError(UNREADABLE)
        return f"{month} {day}-{until} {last}" if day else f"{month}-{until}"

    def month_day(self) -> tuple[str, int]:
        month = self.take().capitalize()
        if month not in MONTHS:
            raise ValueError(UNREADABLE)
        return month, self.day_of(month) if self.peek().isdigit() else 0

    def day_of(self, month: str) -> int:
        day = int(self.take()[:4])
        if not 1 <= day <= MONTHS[month]:
            raise ValueError(f"has a date that does not exist: {month} {day}")
        return day

    def on_days(self, rule: Rule) -> Rule:
        weekdays: set[int] = set()
        nth: list[str] = []
        holidays = False
        while self.peek().capitalize() in WEEKDAYS or self.peek().upper() == "PH":
            if self.peek().upper() == "PH":
                self.take()
                holidays = True
            elif self.peek(1) == "[":
                nth += self.nth_days()
            else:
                weekdays |= self.day_range()
            following = self.peek(1)
            if self.peek() != "," or not (following.capitalize() in WEEKDAYS or following.upper() == "PH"):
                break
            self.take()
        return replace(rule, weekdays=frozenset(weekdays), nth=tuple(dict.fromkeys(nth)), holidays=holidays)

    def day_range(self) -> set[int]:
        first = WEEKDAYS.index(self.take().capitalize())
        if not self.taken("-"):
            return {first}
        last = self.take().capitalize()
        if last not in WEEKDAYS or self.peek() == "[":
            raise ValueError(UNREADABLE)
        return {(first + step) % 7 for step in range((WEEKDAYS.index(last) - first) % 7 + 1)}

    def nth_days(self) -> list[str]:
        day = self.take().capitalize()
        self.expect("[")
        found = []
        while True:
            sign = self.take() if self.peek() == "-" else ""
            number = self.take()
            if number not in ("1", "2", "3", "4", "5"):
                raise ValueError(UNREADABLE)
            found.append(f"{day}[{sign}{number}]")
            if not self.taken(","):
                break
        self.expect("]")
        return found

    def spans(self) -> tuple[tuple[int, int], ...]:
        found: list[tuple[int, int]] = []
        while _TIME.fullmatch(self.peek()):
            found.append(self.span())
            if self.peek() != "," or not _TIME.fullmatch(self.peek(1)):
                break
            self.take()
        return tuple(sorted(found))

    def span(self) -> tuple[int, int]:
        start = self.minutes(24 * 60 - 1)
        if not self.taken("-"):
            raise ValueError(self.refusal())
        if not _TIME.fullmatch(self.peek()):
            raise ValueError(UNREADABLE)
        end = self.minutes(48 * 60)
        if self.peek() in ("+", "/"):
            raise ValueError(self.refusal())
        if end % DAY == start and end != DAY:
            raise ValueError(f"opens and closes at {_clock(start)}; for the whole day write 00:00-24:00")
        if end < start:
            end += DAY
        if end - start > DAY:
            raise ValueError(f"stays open longer than a day: {_clock(start)}-{_clock(end)}")
        return start, end

    def minutes(self, most: int) -> int:
        token = self.take()
        hour, minute = map(int, token.split(":"))
        if minute > 59 or hour * 60 + minute > most:
            raise ValueError(f"has a time that does not exist: {token}")
        return hour * 60 + minute

    def modifier(self) -> str:
        word = self.peek().lower()
        if word not in ("open", "off", "closed", "unknown"):
            return ""
        self.take()
        return "off" if word == "closed" else word

    def comment(self) -> str:
        if not self.peek().startswith('"'):
            return ""
        comment = " ".join(self.take()[1:-1].split())
        if not comment or "||" in comment:
            raise ValueError(UNREADABLE)
        return comment


def _opens(rule: Rule) -> bool:
    return not rule.is_off


def _weekdays(days: frozenset[int]) -> str:
    runs = [list(run) for _, run in groupby(sorted(days), key=lambda day: day - sorted(days).index(day))]
    return ",".join(
        WEEKDAYS[run[0]] if len(run) == 1 else f"{WEEKDAYS[run[0]]}{',' if len(run) == 2 else '-'}{WEEKDAYS[run[-1]]}"
        for run in runs
    )


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
