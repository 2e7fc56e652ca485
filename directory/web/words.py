"""What a page says of a resource, in plain words: open or not, how old, how far, what it costs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

from babel.dates import format_date

from directory import geo, matches
from directory.geocoding import Gazetteer
from directory.matches import Match
from directory.needs import Vocabulary
from directory.records import OpenState
from directory.wording import _, language, named, translated

# Where people read "5 pm" rather than "17:00" (Unicode CLDR, preferred hour cycle h12).
_TWELVE_HOURS = frozenset(
    {"US", "CA", "AU", "NZ", "IN", "PH", "PK", "BD", "LK", "MY", "EG", "SA", "CO", "JM", "BS", "TT"}
)
_DAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
_A_MONDAY = date(2024, 1, 1)


def opening(match: Match) -> str:
    """Return whether it is open, with the next change in its own zone: "Open now, until 5 pm (CST)"."""
    row, state, until = match.resource, match.open.state, match.open.until
    first = "" if match.stale else ": " + _first(row)  # old facts say "call first" already
    if row["status"] == "temporarily_closed":
        return _("Closed for some time") + first
    if state is OpenState.OPEN:
        note = f". {translated(row['hours_note'])}" if row["hours_note"] else ""
        if row["hours"] == "24/7":
            return _("Open day and night") + note
        return _("Open now, until {moment}", moment=_moment(until, match)) if until else _("Open now")
    if state is OpenState.CLOSED:
        return _("Closed now, opens {moment}", moment=_moment(until, match)) if until else _("Closed now")
    if state is OpenState.CALL_FIRST and row["hours_note"]:
        said = _("Hours may differ") + first if row["hours"] else _("Hours vary")
        return f"{said}. {translated(row['hours_note'])}"
    return (_("Hours may differ") if state is OpenState.CALL_FIRST else _("Hours not known")) + first


def _first(row: Mapping[str, Any]) -> str:
    if row["phone"]:
        return _("call first")
    return _("see the website") if row["url"] and not (row["sms"] or row["chat_url"]) else _("ask first")


def checked(match: Match) -> tuple[str, str]:
    """Return a word for how old the facts are (``fresh``, ``unchecked``, ``stale``), and the sentence about it."""
    row = match.resource
    dated = matches.facts_date(row)
    if match.stale and dated is not None:
        if row["phone"]:
            return "stale", _("{year} data, call first", year=dated.year)
        return "stale", _("{year} data, check first", year=dated.year)
    if row["last_checked"] is None:
        return "unchecked", _("Not re-checked") if dated is not None else _("Not re-checked, age not known")
    checked_on = day(row["last_checked"])
    if row["checked_by"]:
        return "fresh", _("Checked {day} by {name}", day=checked_on, name=translated(row["checked_by"]))
    return "fresh", _("Checked {day}", day=checked_on)


def day(value: date | str | None) -> str:
    """Return a date as people read it: "12 Aug 2026".

    The first day of a year is shown as the year alone: it stands for sources that give no more.
    """
    if value is None:
        return _("date not known")
    if isinstance(value, str) and len(value) == len("2024"):
        return value
    found = date.fromisoformat(value) if isinstance(value, str) else value
    return f"{found.year}" if (found.month, found.day) == (1, 1) else _in_words(found, "d MMM y", language())


def written(text: str) -> str:
    """Return a date of a source as exactly as it says: "2022", "2024-07" as "Jul 2024", "2025-07-29" as "29 Jul 2025"."""
    parts = [int(part) for part in text.split("-")]
    form = ("y", "MMM y", "d MMM y")[len(parts) - 1]
    year, month, day_of_month = (*parts, 1, 1)[:3]
    return _in_words(date(year, month, day_of_month), form, language())


def cost(match: Match, vocabulary: Vocabulary) -> tuple[str, str]:
    """Return how to pay, and the year it was reported when that is too long ago to rely on ("" otherwise)."""
    dated = matches.facts_date(match.resource) if match.stale else None
    year = str(dated.year) if dated else ""
    return names(vocabulary, "payment", match.resource["payment"]), year


def names(vocabulary: Vocabulary, facet: str, keys: Iterable[str]) -> str:
    """Return the names of facet values as a list; a value without a name stays as it is."""
    return _names(vocabulary, facet, tuple(keys), language())


@lru_cache(maxsize=5_000)
def _names(vocabulary: Vocabulary, facet: str, keys: tuple[str, ...], _spoken: str) -> str:
    known = vocabulary.facets[facet]
    return "; ".join(named(known[key].names) if key in known else key for key in keys)


def distance(match: Match, country: str) -> str:
    """Return how far it is: "2.0 mi", "about 4 mi, centre of 36310"."""
    if match.distance_km is None:
        return ""
    words = geo.distance_words(match.distance_km, country, approximate=match.distance_is_approximate)
    if match.distance_is_approximate and match.resource["position_name"]:
        return _("{distance}, centre of {place}", distance=words, place=match.resource["position_name"])
    return words


def address(row: Mapping[str, Any], *, full: bool = False) -> str:
    """Return where it is, for a confidential location the city alone."""
    if row["latitude"] is None and not row["address_1"]:
        return ""
    city = " ".join(part for part in (row["region"], row["postal_code"] if full else None) if part)
    if row["confidential_location"]:
        city = ", ".join(part for part in (row["city"], row["region"]) if part)
        return _("{city} (the address is kept private)", city=city)
    return ", ".join(part for part in (row["address_1"], row["address_2"], row["city"], city) if part)


def hours(text: str) -> str:
    """Return OSM opening hours as people read them: "Mon-Fri 9:00-17:00"."""
    if text == "24/7":
        return _("Day and night, every day")
    words = re.sub(r"\b(Mo|Tu|We|Th|Fr|Sa|Su)\b", lambda found: _weekday(_DAYS.index(found[1])), text)
    words = re.sub(r"\bPH\b", _("public holidays"), words)
    words = re.sub(r"\b0(\d:\d\d)", r"\1", words).replace(" off", " " + _("closed")).replace("unknown", _("ask"))
    return words.replace(";", "; ").replace("  ", " ").replace("-", "–")


def zone(name: str) -> str:
    """Return a zone as people read it: "Chicago time"."""
    return _("{city} time", city=name.rsplit("/", 1)[-1].replace("_", " "))


def area(code: str, gazetteer: Gazetteer, country_name: Callable[[str], str]) -> str:
    """Return an area served in words: ``US-IL`` is "Illinois", ``US-IL-031`` "Cook County, IL", ``world`` "the whole world"."""
    if code == "world":
        return _("the whole world")
    return gazetteer.area_name(code, language()) if "-" in code else country_name(code)


def sentence(text: str) -> str:
    """Return a reason as a sentence begins."""
    return text[:1].upper() + text[1:]


def _moment(until: datetime, match: Match) -> str:
    days = match.open.days_ahead
    name = "" if days == 0 else _("tomorrow") + " " if days == 1 else _weekday(until.weekday()) + " "
    clock = _twelve_hours(until) if match.resource["country"] in _TWELVE_HOURS else f"{until:%H:%M}"
    zone_name = until.tzname() or ""
    if not zone_name.isalpha():
        offset = until.utcoffset() or timedelta()
        minutes = int(offset.total_seconds() // 60)
        zone_name = f"UTC{minutes // 60:+d}" + (f":{minutes % 60:02d}" if minutes % 60 else "")
    return f"{name}{clock} ({zone_name})"


def _twelve_hours(moment: datetime) -> str:
    if (moment.hour, moment.minute) in {(0, 0), (12, 0)}:
        return _("noon") if moment.hour else _("midnight")
    hour = f"{moment.hour % 12 or 12}" + (f":{moment:%M}" if moment.minute else "")
    return _("{hour} am", hour=hour) if moment.hour < len("twelve hours") else _("{hour} pm", hour=hour)


def _weekday(number: int) -> str:
    """Return the short name of a weekday, Monday being 0."""
    return _in_words(_A_MONDAY + timedelta(days=number), "ccc", language())


@lru_cache(maxsize=2_000)
def _in_words(day: date, form: str, tag: str) -> str:
    """Return a date in a form of Unicode CLDR, in the language of a tag."""
    return format_date(day, form, tag)
