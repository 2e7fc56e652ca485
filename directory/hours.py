"""When a place is open: OSM ``opening_hours`` in, one of four honest answers out.

What the library misreads is refused here before it is asked: docs/decisions/hours.md has the list.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from opening_hours import OpeningHours, State, validate
from opening_hours import UnknownCountryError as UnknownCountry  # type: ignore[attr-defined] # missing in its stub

from directory.hours_grammar import ALWAYS, EVERY_DAY, UNREADABLE, Expression, Rule, read
from directory.records import OpenState

__all__ = ["Open", "calendar_country", "open_state", "parse"]

HORIZON = timedelta(days=7)
# Their holidays are not those of the country they are filed under; the calendar knows Puerto Rico by its own code.
_TERRITORIES = frozenset({"PR", "GU", "VI", "AS", "MP"})
_CONSTANT_YEARS = 3


@dataclass(frozen=True, slots=True)
class Open:
    """Whether a place is open, and until when that holds.

    ``until`` is in the place's own zone; None when nothing changes within 7 days, or when we are not sure it does.
    ``days_ahead`` counts the midnights there are before it, in that zone: 0 is today.
    """

    state: OpenState
    until: datetime | None = None
    days_ahead: int = 0


def parse(text: str) -> str:
    """Return opening hours in normal form: ``mo-fr 9:00–17:00`` becomes ``Mo-Fr 09:00-17:00``.

    The form is OSM's ``opening_hours``, only the part of it that opening-hours-py is known to read as people do:
    months and dates, weekdays (also ``Th[4]``), ``PH``, times, ``off``, ``unknown``, comments, ``|| "on call"``.

    Raises:
        ValueError: "is not opening hours we can read; ...", or what exactly is wrong; finishes "'ring us' ...".
            Source of the grammar: https://wiki.openstreetmap.org/wiki/Key:opening_hours/specification
    """
    expression = read(text)
    _check_order(expression.rules)
    expression = _keep_nights_whole(expression)
    if not validate(_asked(expression)):
        raise ValueError(UNREADABLE)
    return str(expression)


def open_state(
    hours: str | None,
    timezone: str | None,
    country: str | None,
    region: str | None,
    at: datetime,
    *,
    hours_note: str | None,
    trusted: bool = True,
) -> Open:
    """Return whether a place is open at an instant, in its own zone.

    Only the literal ``24/7`` is open without a zone. Anything we cannot be sure of is ``call_first``: a comment, a note
    in free words beside hours that are not ``24/7``, no zone, facts past their limit (``trusted`` is False), a public
    holiday the hours do not speak of, hours that speak of holidays where we have no calendar. No hours is ``unknown``.
    ``at`` carries its zone; ``country`` is ISO 3166-1 alpha-2 and ``region`` the part of ISO 3166-2 after it.
    """
    if at.tzinfo is None:
        raise ValueError("the instant asked about has no zone")
    # Nothing opens or closes between two minutes.
    return _open_state(
        hours,
        timezone,
        calendar_country(country, region),
        at.replace(second=0, microsecond=0),
        bool(hours_note),
        trusted,
    )


@lru_cache(maxsize=8192)
def _open_state(
    hours: str | None, timezone: str | None, country: str | None, at: datetime, has_note: bool, trusted: bool
) -> Open:
    if not hours:
        return Open(OpenState.CALL_FIRST if has_note else OpenState.UNKNOWN)
    if hours == ALWAYS and trusted:
        return Open(OpenState.OPEN)
    expression, zone = _expression(hours), _zone(timezone)
    if not trusted or has_note or expression is None or expression.always or zone is None:
        return Open(OpenState.CALL_FIRST)
    local = at.astimezone(zone).replace(tzinfo=None, fold=0)
    calendar = _calendar(country, local.year)
    state, changes, following = _next(expression, calendar, local)
    state = _allowing_for_holidays(state, expression, calendar, local.date())
    if state not in (OpenState.OPEN, OpenState.CLOSED) or changes is None:
        return Open(state)
    is_sure = following is _allowing_for_holidays(following, expression, calendar, changes.date())
    return Open(state, _instant(changes, zone, at), (changes.date() - local.date()).days) if is_sure else Open(state)


def _next(
    expression: Expression, calendar: str | None, local: datetime
) -> tuple[OpenState, datetime | None, OpenState]:
    """The answer at a local time, when it next differs, and what it is then."""
    # The library is given naive times: zones are ours, so that both passes through an hour put back agree.
    intervals = _evaluator(_asked(expression), calendar).intervals(local, local + HORIZON)
    first: OpenState | None = None
    for start, _, state, comment in intervals:
        answer = _answer(state, comment, expression.fallback)
        if first is None:
            first = answer
        elif answer is not first:
            return first, start, answer
    first = first or OpenState.CALL_FIRST
    return first, None, first


def _answer(state: State, comment: str, fallback: str) -> OpenState:
    if comment or state == State.UNKNOWN:
        return OpenState.CALL_FIRST
    if state == State.OPEN:
        return OpenState.OPEN
    return OpenState.CALL_FIRST if fallback else OpenState.CLOSED


def _allowing_for_holidays(state: OpenState, expression: Expression, calendar: str | None, day: date) -> OpenState:
    if expression.speaks_of_holidays:
        if calendar is not None and not _may_be_holiday(calendar, day):
            return state
        certain = state is OpenState.CLOSED and expression.only_closes_on_holidays
        return state if certain else OpenState.CALL_FIRST
    if (
        state is OpenState.OPEN
        and calendar is not None
        and (_is_listed(calendar, day) or _may_be_holiday(calendar, day))
    ):
        return OpenState.CALL_FIRST
    return state


def _may_be_holiday(calendar: str, day: date) -> bool:
    """Whether a day the calendar does not list may be a holiday all the same.

    Its data names the day off, not the holiday (July 3rd 2026 for the 4th, a Saturday), and leaves out what only some
    regions keep (New Year's Day in the UK, Columbus Day in the US: 5 U.S.C. 6103).
    """
    if _is_listed(calendar, day):
        return False
    if (day.month, day.day) == (1, 1):
        return True
    if calendar == "US" and day.month == 10 and day.weekday() == 0 and 8 <= day.day <= 14:
        return True
    return day.weekday() >= 5 and _is_kept_every_year(calendar, day)


@lru_cache(maxsize=4096)
def _is_kept_every_year(calendar: str, day: date) -> bool:
    years = (day.year + step for step in (-3, -2, -1, 1, 2, 3))
    same_days = [day.replace(year=year) for year in years if (day.month, day.day) != (2, 29)]
    return sum(_is_listed(calendar, other) for other in same_days) >= _CONSTANT_YEARS


@lru_cache(maxsize=16384)
def _is_listed(calendar: str, day: date) -> bool:
    return _evaluator("PH", calendar).is_open(datetime(day.year, day.month, day.day, 12))


def calendar_country(country: str | None, region: str | None) -> str | None:
    """Return the country by whose holidays a place goes (ISO 3166-1): a territory of the United States has its own."""
    return region if country == "US" and region in _TERRITORIES else country


@lru_cache(maxsize=1024)
def _calendar(country: str | None, year: int) -> str | None:
    """The country, if the library has its holidays for the years round this one."""
    if country is None:
        return None
    try:
        holidays = _evaluator("PH", country)
    except UnknownCountry:
        return None
    edges = (datetime(year - 1, 1, 1), datetime(year + 2, 1, 1))
    known = {start.year for start, _, state, _ in holidays.intervals(*edges) if state == State.OPEN}
    return country if known >= {year - 1, year, year + 1} else None


@lru_cache(maxsize=4096)
def _evaluator(hours: str, calendar: str | None) -> OpeningHours:
    return OpeningHours(hours, country=calendar)


@lru_cache(maxsize=4096)
def _asked(expression: Expression) -> str:
    """What the library is asked: all but the fallback, which it ignores."""
    return str(replace(expression, fallback=""))


@lru_cache(maxsize=4096)
def _expression(hours: str) -> Expression | None:
    try:
        return read(parse(hours))
    except ValueError:
        return None


@lru_cache(maxsize=1024)
def _zone(name: str | None) -> ZoneInfo | None:
    if not name:
        return None
    try:
        return ZoneInfo(name)
    except (ValueError, KeyError, OSError):
        return None  # a name with no zone behind it, a path, a folder of the database


def _instant(local: datetime, zone: ZoneInfo, after: datetime) -> datetime:
    """The instant of a local time: the first after ``after`` where an hour is put back, the end of the gap where one is lost."""
    instant = local.replace(tzinfo=zone)
    if instant.timestamp() <= after.timestamp():
        return local.replace(tzinfo=zone, fold=1)
    before, later = instant.utcoffset(), local.replace(tzinfo=zone, fold=1).utcoffset()
    if before is None or later is None or later <= before:
        return instant
    moment = datetime.fromtimestamp(instant.timestamp(), zone)
    while (earlier := datetime.fromtimestamp(moment.timestamp() - 60, zone)).utcoffset() == later:
        moment = earlier
    return moment


def _check_order(rules: tuple[Rule, ...]) -> None:
    """Refuse a rule that a later one hides: a rule replaces all that those before it said of its days."""
    for place, rule in enumerate(rules):
        reach = EVERY_DAY if rule.holidays else rule.days
        for later in rules[place + 1 :]:
            if not later.replaces:
                continue
            if rule.is_exception and later.weekly_days & reach:
                raise ValueError(f"puts '{rule}' before '{later}', which cancels it; write exceptions last")
            if rule.selectors == later.selectors or rule.days <= later.weekly_days:
                raise ValueError(f"has '{later}' cancel '{rule}'; write all times of a day in one rule")


def _keep_nights_whole(expression: Expression) -> Expression:
    """Return the same hours so written that the library does not cut a night at midnight.

    It drops what a later rule's day had left over from the day before. Joined by commas, rules for different days
    keep it; where a day is closed or an exception, nobody can say what the night before it meant.
    """
    rules = expression.rules
    if len(rules) == 1 or not any(rule.runs_past_midnight for rule in rules):
        return expression
    opening = [rule for rule in rules if not _is_idle(rule, rules)]
    plain = all(rule.is_weekly for rule in opening)
    disjoint = sum(len(rule.days) for rule in opening) == len(frozenset[int]().union(*(rule.days for rule in opening)))
    if not plain or not disjoint:
        raise ValueError(
            "runs past midnight and has exceptions, which cannot be read with certainty; write the exceptions in hours_note"
        )
    return expression.joined(opening)


def _is_idle(rule: Rule, rules: tuple[Rule, ...]) -> bool:
    """Whether it closes days that no other rule opens."""
    if not rule.is_off or rule.weekly_days != rule.days or rule.nth or rule.holidays:
        return False
    return not any(rule.days & (EVERY_DAY if other.holidays else other.days) for other in rules if other is not rule)
