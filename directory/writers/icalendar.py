"""iCalendar (RFC 5545): the weekly meetings of one support group, in its own time zone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from icalendar import Calendar, Event, Timezone

from directory.clean import safe_url
from directory.hours_grammar import WEEKDAYS
from directory.records import Kind, Status
from directory.writers import words
from directory.writers.weekly import Meeting, Week, meetings

_PRODUCT = "-//Support directory//EN"
_ZONE_YEARS = 10


def events(resource: Mapping[str, Any], now: datetime) -> str | None:
    """Return a calendar with a weekly event for each time a support group meets; None when it has no such week.

    Only an active group whose hours are meetings (``weekly.meetings``), in a known zone. The first event is the next meeting; the
    description says how old the facts are, and on which days to ask.
    """
    if resource["kind"] != Kind.SUPPORT_GROUP or resource["status"] != Status.ACTIVE:
        return None
    found, zone = meetings(resource), _zone(resource["timezone"])
    if found is None or zone is None:
        return None
    calendar = Calendar()
    calendar.add("prodid", _PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    today = now.astimezone(zone).date()
    calendar.add_component(_timezone(zone, today))
    for number, meeting in enumerate(found.meetings, start=1):
        calendar.add_component(_event(resource, meeting, number, found, now.astimezone(zone)))
    return str(calendar.to_ical(), "utf-8")


def _event(resource: Mapping[str, Any], meeting: Meeting, number: int, found: Week, now: datetime) -> Event:
    start = _next(meeting, now)
    event = Event()
    event.add("uid", f"resource-{resource['id']}-{number}@support-directory")
    event.add("dtstamp", now.astimezone(ZoneInfo("UTC")))
    event.add("dtstart", start)
    # By the clock on the wall: two hours from 1:00 end at 3:00 also in the night an hour is lost.
    event.add(
        "dtend",
        (start.replace(tzinfo=None) + timedelta(minutes=(meeting.end or meeting.start) - meeting.start)).replace(
            tzinfo=start.tzinfo
        ),
    )
    event.add("rrule", {"freq": "weekly", "byday": [WEEKDAYS[day].upper() for day in meeting.weekdays]})
    event.add("summary", resource["name"])
    event.add("transp", "TRANSPARENT")
    if where := words.address(resource):
        event.add("location", where)
    if page := safe_url(resource["url"]):
        event.add("url", page)
    event.add("description", "\n".join(_description(resource, found, now)))
    return event


def _description(resource: Mapping[str, Any], found: Week, now: datetime) -> list[str]:
    lines = [
        words.age(resource, now),
        f"Call {words.phone(resource)}" if resource["phone"] else "",
        "Not on public holidays." if found.not_on_holidays else "",
        resource["hours_note"] or "",
        resource["eligibility"] or "",
        words.PRIVATE if words.hidden(resource) else "",
        f"Source: {words.source_names(resource)}",
    ]
    return [line for line in lines if line]


def _next(meeting: Meeting, now: datetime) -> datetime:
    """Return when a meeting next begins, in its zone."""
    clock = time(meeting.start // 60, meeting.start % 60, tzinfo=now.tzinfo)
    coming = [datetime.combine(now.date() + timedelta(days=step), clock) for step in range(8)]
    return next(each for each in coming if each.weekday() in meeting.weekdays and each > now)


def _timezone(zone: ZoneInfo, today: date) -> Timezone:
    return Timezone.from_tzid(
        zone.key, first_date=date(today.year, 1, 1), last_date=date(today.year + _ZONE_YEARS, 1, 1)
    )


def _zone(name: str | None) -> ZoneInfo | None:
    if not name:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
