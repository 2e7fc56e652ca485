"""Two times as people write them -> minutes of a day, where they can mean one thing only."""

from __future__ import annotations

from dataclasses import dataclass

DAY = 24 * 60
_NOON = DAY // 2
# Nobody writes a stretch this long with half its meridiems left out.
_LONG = 16 * 60
# Past midnight with both meridiems written: what is longer is a slip of the pen ("9am-5am").
_LONG_NIGHT = 18 * 60
_OFFICE_OPENS = (7 * 60, 10 * 60)
_OFFICE_CLOSES = (3 * 60, 6 * 60)


@dataclass(frozen=True, slots=True)
class Clock:
    """A time as written. ``meridiem`` is "am", "pm" or "" (not written); ``military``: four digits run on ("0900")."""

    hour: int
    minute: int
    meridiem: str = ""
    military: bool = False


def certain(start: Clock, end: Clock, *, by_24: bool, working_days: bool) -> tuple[int, int] | None:
    """Return what two times certainly mean, in minutes after midnight, or None.

    An end past 1440 is the next day's. ``by_24``: other times beside them show the 24-hour clock. Without any meridiem
    only an office's day is read, and only on working days: it opens between 7 and 10 and closes between 3 and 6.
    """
    if max(start.minute, end.minute) > 59:
        return None
    if by_24 or (start.military and end.military):
        return _by_24(start, end)
    if start.military or end.military or not (1 <= start.hour <= 12 and 1 <= end.hour <= 12):
        return None
    if not start.meridiem and not end.meridiem:
        return _office_day(start, end) if working_days else None
    spans = [
        _span(_minutes(start, first), _minutes(end, last))
        for first in _meanings(start)
        for last in _meanings(end)
    ]  # fmt: skip
    if start.meridiem and end.meridiem:
        return spans[0] if _can_be_meant(*spans[0]) else None
    likely = [each for each in spans if each[1] - each[0] < _LONG and not _ends_past_next_noon(each)]
    return likely[0] if len(likely) == 1 else None


def _can_be_meant(opens: int, closes: int) -> bool:
    """Whether two times with both meridiems are no slip: less than a day, or midnight to midnight."""
    return (opens, closes) == (0, DAY) or closes - opens < (_LONG_NIGHT if closes > DAY else DAY)


def _by_24(start: Clock, end: Clock) -> tuple[int, int] | None:
    opens, closes = start.hour * 60 + start.minute, end.hour * 60 + end.minute
    if start.meridiem or end.meridiem or opens >= DAY or closes > DAY or opens == closes:
        return None
    if closes < opens:
        return (opens, closes + DAY) if opens >= _NOON else None
    return opens, closes


def _office_day(start: Clock, end: Clock) -> tuple[int, int] | None:
    opens, closes = start.hour * 60 + start.minute, end.hour * 60 + end.minute
    if not (_OFFICE_OPENS[0] <= opens <= _OFFICE_OPENS[1] and _OFFICE_CLOSES[0] <= closes <= _OFFICE_CLOSES[1]):
        return None
    return opens, closes + _NOON


def _meanings(clock: Clock) -> tuple[str, ...]:
    return (clock.meridiem,) if clock.meridiem else ("am", "pm")


def _minutes(clock: Clock, meridiem: str) -> int:
    return clock.hour % 12 * 60 + clock.minute + (_NOON if meridiem == "pm" else 0)


def _span(opens: int, closes: int) -> tuple[int, int]:
    return opens, closes if closes > opens else closes + DAY


def _ends_past_next_noon(span: tuple[int, int]) -> bool:
    """Whether a stretch over midnight is no night: it begins before noon or ends after the next."""
    opens, closes = span
    return closes > DAY and (opens < _NOON or closes >= DAY + _NOON)
