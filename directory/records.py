"""Canonical values, frozen and checked when made. No input or output here."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import date
from enum import StrEnum
from hashlib import blake2b
from operator import attrgetter
from typing import Any


class Kind(StrEnum):
    """What a listing is."""

    CRISIS_LINE = "crisis_line"
    THERAPIST = "therapist"
    SUPPORT_GROUP = "support_group"
    TREATMENT_PROGRAM = "treatment_program"


class Status(StrEnum):
    """Whether a listing still takes people."""

    ACTIVE = "active"
    TEMPORARILY_CLOSED = "temporarily_closed"
    CLOSED = "closed"
    REPLACED = "replaced"


class Precision(StrEnum):
    """How a position is known, best first."""

    SOURCE = "source"
    ADDRESS = "address"
    POSTAL_CODE = "postal_code"
    CITY = "city"
    REGION = "region"


@dataclass(frozen=True, slots=True)
class Point:
    """A WGS 84 position, in decimal degrees: latitude -90..90, longitude -180..180."""

    latitude: float
    longitude: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.latitude) and -90 <= self.latitude <= 90):
            raise ValueError(f"latitude {self.latitude} is not between -90 and 90")
        if not (math.isfinite(self.longitude) and -180 <= self.longitude <= 180):
            raise ValueError(f"longitude {self.longitude} is not between -180 and 180")


@dataclass(frozen=True, slots=True)
class Phone:
    """A number people can dial.

    ``number`` is E.164 (``+18006624357``) or a bare short code as dialled in its country (``988``, ``116123``, ``*4141``).
    ``extension`` and ``press`` are digits to give once the call is answered: an extension, or a choice in a menu.
    """

    number: str
    extension: str | None = None
    press: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """A place somebody named. ``country`` is ISO 3166-1 alpha-2, ``region`` the ISO 3166-2 part after the country.

    ``precision`` is ``postal_code``, ``postal_area`` (the first characters only: say "about"), ``city``, ``country``
    or ``coordinates``. ``point`` is None for what has no position of its own (military post). ``population`` is 0
    where unknown.
    """

    name: str
    country: str
    region: str | None
    point: Point | None
    precision: str
    population: int = 0
    timezone: str | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """What one source says about one service at one place: a cleaned row.

    Lists are tuples in the order of the source. ``needs`` holds stated needs; a parent among them (``mental_health``,
    ``substance_use``) says the source speaks of that care in general. ``excludes`` are needs the source says it does not
    treat, although it speaks of their parent in general. ``also_kinds`` are what it is besides (a practice with a programme).
    ``None`` and ``()`` mean the source is silent. ``geocoded_by`` names the network geocoder that found ``point`` from the
    address, where the source has none.
    """

    external_id: str
    kind: Kind
    name: str
    country: str | None
    also_kinds: tuple[str, ...] = ()
    organization: str | None = None
    description: str | None = None
    needs: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()
    phone: Phone | None = None
    sms: str | None = None
    sms_keyword: str | None = None
    chat_url: str | None = None
    url: str | None = None
    email: str | None = None
    address_1: str | None = None
    address_2: str | None = None
    city: str | None = None
    region: str | None = None
    postal_code: str | None = None
    point: Point | None = None
    confidential_location: bool = False
    service_area: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    hours: str | None = None
    hours_note: str | None = None
    timezone: str | None = None
    payment: tuple[str, ...] = ()
    audiences: tuple[str, ...] = ()
    minimum_age: int | None = None
    maximum_age: int | None = None
    approaches: tuple[str, ...] = ()
    integrated: bool = False
    urgent_care: tuple[str, ...] = ()
    accepting_new: bool | None = None
    eligibility: str | None = None
    accessibility: tuple[str, ...] = ()
    status: Status = Status.ACTIVE
    replaced_by: str | None = None
    identifiers: tuple[str, ...] = ()
    source_url: str | None = None
    last_checked: date | None = None
    checked_by: str | None = None
    geocoded_by: str | None = None


# By name, so that the JSON of a listing has its keys in one order.
_STATED = tuple(sorted((each.name, each.default) for each in fields(Listing)))
_all_of = attrgetter(*(name for name, _ in _STATED))
_TUPLES = frozenset(name for name, default in _STATED if default == ())
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def dumps(listing: Listing) -> str:
    """Return a listing as one line of JSON, the same text for the same facts: keys sorted, what is not stated left out."""
    stated = zip(_STATED, _all_of(listing), strict=True)
    values: dict[str, Any] = {name: value for (name, default), value in stated if value != default}
    if (phone := listing.phone) is not None:
        values["phone"] = [phone.number, phone.extension, phone.press]
    if (point := listing.point) is not None:
        values["point"] = [point.latitude, point.longitude]
    if (checked := listing.last_checked) is not None:
        values["last_checked"] = checked.isoformat()
    return _ENCODER.encode(values)


def hashed(listing: Listing) -> dict[str, str]:
    """Return a listing as it is stored: its ``record``, and the ``content_hash`` that tells whether it changed."""
    record = dumps(listing)
    return {"record": record, "content_hash": blake2b(record.encode(), digest_size=16).hexdigest()}


def loads(text: str) -> Listing:
    """Return the listing that ``dumps`` wrote."""
    values: dict[str, Any] = json.loads(text)
    for name in _TUPLES & values.keys():
        values[name] = tuple(values[name])
    values["kind"] = Kind(values["kind"])
    if "phone" in values:
        values["phone"] = Phone(*values["phone"])
    if "point" in values:
        values["point"] = Point(*values["point"])
    if "status" in values:
        values["status"] = Status(values["status"])
    if "last_checked" in values:
        values["last_checked"] = date.fromisoformat(values["last_checked"])
    return Listing(**values)


def without_door(listing: Listing) -> Listing:
    """Return a listing as confidential: without street, postal code and position."""
    return replace(
        listing,
        confidential_location=True,
        address_1=None,
        address_2=None,
        postal_code=None,
        point=None,
        geocoded_by=None,
    )


@dataclass(frozen=True, slots=True)
class Problem:
    """One reason why one cell of one row was refused (or, in a list of warnings, is doubtful).

    ``row`` is the line a spreadsheet shows, the header being row 1; ``reason`` finishes the sentence "'value' ...".
    ``column`` is None when the row as a whole is at fault.
    """

    source: str
    row: int
    column: str | None
    value: str
    reason: str

    def __str__(self) -> str:
        where = f"{self.source} row {self.row}"
        if self.column is None:
            return f"{where}: {self.reason}"
        return f"{where}, column '{self.column}': {shown(self.value)} {self.reason}"


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a file: a listing, or the problems that refused it. ``external_id`` is known even for most refused rows.

    ``duplicate``: refused because its id stands earlier in the file. ``repairs`` are cells that were certainly damaged
    and certainly mended. ``cells`` are those of the row in the publisher's own columns, kept only for what is refused.
    ``raw_hash`` tells next time whether the row has changed; None: it has to be read again anyway. ``is_unchanged``: it
    says what it said before, was not read again and has no ``listing``. ``stored`` stands for
    the ``listing`` as it is stored (``merge_keys.stored``) where another process read it.
    """

    number: int
    external_id: str | None
    listing: Listing | None
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
    duplicate: bool = False
    repairs: tuple[Problem, ...] = ()
    cells: Mapping[str, str] = field(default_factory=dict)
    raw_hash: str | None = None
    is_unchanged: bool = False
    stored: Mapping[str, str] | None = None

    @property
    def is_refused(self) -> bool:
        """Return whether the row brings no listing, and its id none that was read before."""
        return self.listing is None and self.stored is None and not self.is_unchanged


class OpenState(StrEnum):
    """The four answers to "is it open now"."""

    OPEN = "open"
    CLOSED = "closed"
    CALL_FIRST = "call_first"
    UNKNOWN = "unknown"


def shown(value: str, limit: int = 60) -> str:
    """Return a cell's value as a message quotes it: in single quotes, control characters escaped, cut to ``limit``."""
    cut = value if len(value) <= limit else value[: limit - 1] + "…"
    return "'" + "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in cut) + "'"
