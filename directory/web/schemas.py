"""What the API answers, as pydantic models; openapi.json is made from them. No model has a place for a hidden address."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from directory import matches, records
from directory.clean import safe_url
from directory.needs import Vocabulary

Strings = list[str]


class Model(BaseModel):
    """A value that is complete and has nothing else in it."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Place(Model):
    """A place that was understood."""

    name: str
    country: str = Field(description="ISO 3166-1 alpha-2")
    region: str | None = Field(description="ISO 3166-2, the part after the country")
    latitude: float | None = Field(
        description="WGS 84 degrees; null for a place without a position, such as a military post"
    )
    longitude: float | None
    precision: str = Field(description="postal_code, postal_area, city, region, country or coordinates")


class Open(Model):
    """Whether it is open now."""

    state: Literal["open", "closed", "call_first", "unknown"]
    until: dt.datetime | None = Field(description="When that changes, in the zone of the resource")


class Source(Model):
    """Who says so, and of which day."""

    name: str
    date: str | None = Field(description="ISO 8601, as much as is known: 2026-08-12, 2024")
    url: str | None


class Match(Model):
    """A resource as the answer to a search."""

    id: int | None = Field(description="null for an emergency number and for lines read from files")
    name: str
    kind: Literal["emergency_number", "crisis_line", "therapist", "support_group", "treatment_program"]
    organization: str | None
    description: str | None
    country: str | None = Field(description="ISO 3166-1 alpha-2; null for the whole world")
    city: str | None
    region: str | None
    service_area: Strings = Field(description="US, US-IL or world, for what has no door")
    tier: int = Field(
        description="1 integrated and reaching all needs, 2 states all, 3 reaches all, 4 all but one, ..."
    )
    distance_km: float | None
    distance_is_approximate: bool = Field(description="true: measured to the centre of position_name")
    position_name: str | None
    confidential_location: bool = Field(description="true: only the city is known here, and nothing else is stored")
    relaxed: str | None = Field(description="what had to be widened to reach it: 80, 160 (km), region, country")
    needs_asked: Strings
    needs_stated: Strings
    needs_reached: Strings = Field(description="stated, or reached through general care")
    reason: str
    open: Open
    phone: str | None = Field(description="E.164, or a short code as dialled in its country; null for a text line")
    phone_extension: str | None
    phone_press: str | None = Field(description="what to press once the call is answered")
    sms: str | None
    sms_keyword: str | None = Field(description="the word to send")
    chat_url: str | None
    url: str | None
    formats: Strings
    languages: Strings
    payment: Strings = Field(description="as reported on the day of the source when stale")
    audiences: Strings
    urgent_care: Strings
    integrated: bool
    status: str
    last_checked: dt.date | None = Field(description="null: nobody re-checked")
    checked_by: str | None
    stale: bool = Field(description="past the limit of its kind: call first")
    sources: list[Source]


class Relaxed(Model):
    """Something that was widened so that the answer is not empty."""

    what: str
    value: str
    message: str


class Lift(Model):
    """A hard wish without which there would be more to show."""

    parameter: str
    values: Strings
    matches: int
    message: str


class Groups(Model):
    """The three groups, best first."""

    crisis: list[Match] = Field(min_length=1)
    nearby: list[Match]
    remote: list[Match]


class SearchAnswer(Model):
    """The answer to a search."""

    place: Place | None = Field(description="null: none was named, or it was not found, or see candidates")
    candidates: list[Place]
    needs: Strings = Field(description="the needs understood, free words included")
    relaxed: list[Relaxed]
    lifts: list[Lift]
    groups: Groups
    closer: Match | None = Field(description="nearer than the first match by 16 km and more, but covers less")
    next: str | None = Field(description="send it as 'after' for the next page of nearby")


class Program(Model):
    """What one of the merged listings says by itself."""

    kind: str
    name: str
    description: str | None
    phone: str | None
    phone_extension: str | None
    phone_press: str | None
    address_2: str | None
    last_checked: dt.date | None
    needs: Strings
    payment: Strings
    languages: Strings
    audiences: Strings
    approaches: Strings
    minimum_age: int | None
    maximum_age: int | None
    integrated: bool


class Resource(Model):
    """Everything known about one resource."""

    id: int
    name: str
    kind: str
    organization: str | None
    description: str | None
    needs_stated: Strings
    needs_general: Strings = Field(description="reached through general care: ask")
    phone: str | None
    phone_extension: str | None
    phone_press: str | None
    sms: str | None
    sms_keyword: str | None
    chat_url: str | None
    url: str | None
    email: str | None
    address_1: str | None
    address_2: str | None
    city: str | None
    region: str | None
    postal_code: str | None
    country: str | None
    latitude: float | None = Field(description="null when the location is confidential")
    longitude: float | None
    precision: str | None
    position_name: str | None
    confidential_location: bool
    service_area: Strings
    formats: Strings
    languages: Strings
    hours: str | None = Field(description="OpenStreetMap opening_hours")
    hours_note: str | None
    timezone: str | None
    open: Open
    payment: Strings
    audiences: Strings
    minimum_age: int | None
    maximum_age: int | None
    approaches: Strings
    integrated: bool
    urgent_care: Strings
    accepting_new: bool | None
    eligibility: str | None
    accessibility: Strings
    status: str
    replaced_by: str | None
    last_checked: dt.date | None
    checked_by: str | None
    stale: bool
    sources: list[Source]
    programs: list[Program]


class ErrorDetail(Model):
    """What went wrong, and what to do about it."""

    code: str
    message: str
    field: str | None = Field(description="the parameter at fault")


class ErrorAnswer(Model):
    """Every answer with a status of 400 and more."""

    error: ErrorDetail
    crisis: list[Match] = Field(min_length=1, description="numbers to call now, whatever went wrong")


class Health(Model):
    """The answer of /healthz and /readyz."""

    status: Literal["ok", "ready"]


class Reach(Model):
    """The answer of /api/healthz."""

    reading: bool = Field(description="whether the directory can be read, so that searches are answered")
    writing: bool = Field(description="whether changes can be made: imports, corrections, reports of visitors")


def search_answer(results: matches.Results) -> SearchAnswer:
    """Return what the API answers to a search."""
    return SearchAnswer(
        place=_place(results.place) if results.place else None,
        candidates=[_place(each) for each in results.candidates],
        needs=list(results.query.needs),
        relaxed=[Relaxed(what=r.what, value=r.value, message=r.message) for r in results.relaxed],
        lifts=[
            Lift(parameter=lift.parameter, values=list(lift.values), matches=lift.matches, message=lift.message)
            for lift in results.lifts
        ],
        groups=Groups(
            crisis=[match(each) for each in results.crisis],
            nearby=[match(each) for each in results.nearby],
            remote=[match(each) for each in results.remote],
        ),
        closer=match(results.closer) if results.closer else None,
        next=results.next_page.text() if results.next_page else None,
    )


def match(found: matches.Match) -> Match:
    """Return one match as the API shows it."""
    row = found.resource
    return Match(
        **{name: row[name] for name in _SAME},
        **_links(row),
        sources=_sources(row),
        tier=found.tier,
        distance_km=None if found.distance_km is None else round(found.distance_km, 3),
        distance_is_approximate=found.distance_is_approximate,
        relaxed=found.relaxed,
        needs_asked=list(found.needs_asked),
        needs_stated=list(found.needs_stated),
        needs_reached=list(found.needs_reached),
        reason=found.reason,
        open=Open(state=found.open.state.value, until=found.open.until),
        stale=found.stale,
    )


def resource(row: Mapping[str, Any], vocabulary: Vocabulary, at: dt.datetime) -> Resource:
    """Return everything the API tells about one resource. A confidential one has no street and no coordinates."""
    hidden = bool(row["confidential_location"])
    state = matches.opening(row, at)
    names = set(Resource.model_fields) & set(row) - set(_LINKS) - {"sources", "programs"}
    values = {name: row[name] for name in names}
    if hidden:
        values |= dict.fromkeys(("address_1", "address_2", "postal_code", "latitude", "longitude"))
    return Resource(
        **values,
        **_links(row),
        needs_stated=list(vocabulary.keys(row["stated"])),
        needs_general=list(vocabulary.keys(row["reach"] & ~row["stated"])),
        open=Open(state=state.state.value, until=state.until),
        stale=matches.is_stale(row, at),
        sources=_sources(row),
        programs=[_program(each) for each in row["programs"]],
    )


_LINKS = ("chat_url", "url")
_SAME = (
    "id", "name", "kind", "organization", "description", "country", "city", "region", "service_area", "position_name",
    "confidential_location", "phone", "phone_extension", "phone_press", "sms", "sms_keyword", "formats", "languages",
    "payment", "audiences", "urgent_care", "integrated", "status", "last_checked", "checked_by",
)  # fmt: skip


def _links(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: safe_url(row[name]) for name in _LINKS}


def _sources(row: Mapping[str, Any]) -> list[Source]:
    return [Source(name=each["name"], date=each["date"], url=safe_url(each["url"])) for each in row["sources"]]


def _program(values: Mapping[str, Any]) -> Program:
    return Program(**{**values, **values["phone"]})


def _place(place: records.Place) -> Place:
    point = place.point
    return Place(
        name=place.name,
        country=place.country,
        region=place.region,
        latitude=point.latitude if point else None,
        longitude=point.longitude if point else None,
        precision=place.precision,
    )
