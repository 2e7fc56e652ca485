"""What a row of our own format must say as a whole, beyond its single cells; and what a confidential row must not say."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping
from hashlib import blake2b
from typing import Any
from urllib.parse import unquote

from directory import clean, clean_places, phones
from directory.records import Kind, Phone, Status

# A practice and a programme can be one place; a line or a group is nothing else besides.
_SITE_KINDS = frozenset({Kind.THERAPIST, Kind.TREATMENT_PROGRAM})
Finding = tuple[str | None, str]
"""The column at fault (None: the row) and the reason, which finishes the sentence "'value' ..."."""

ALWAYS = "24/7"
WITHHELD = "(withheld)"
HIDDEN = ("address_1", "address_2", "postal_code", "latitude", "longitude")
_DOOR = ("address_1", "city", "postal_code", "latitude", "longitude")
NEED_COUNTRY = ("phone", "sms", "address_1", "city", "region", "postal_code", "latitude", "longitude")
_WAYS = ("phone", "sms", "chat_url", "url", "email", "address_1")
_PROSE = ("name", "organization", "description", "hours_note", "eligibility")
_URLS = ("chat_url", "url", "source_url")


def problems(given: Mapping[str, str], values: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield what refuses the row. ``given`` holds the cells with text in them, ``values`` those that could be read."""
    if "country" not in given and (in_need := [name for name in NEED_COUNTRY if name in given]):
        yield "country", f"is empty; {' and '.join(in_need[:2])} cannot be read without it"
    for one, other in (("latitude", "longitude"), ("longitude", "latitude")):
        if one in given and other not in given:
            yield other, f"is empty although {one} is given"
    if "latitude" in values and "longitude" in values and values.get("country"):
        try:
            clean_places.point(values["latitude"], values["longitude"], values["country"])
        except ValueError as error:
            yield "latitude", str(error)
    yield from _contradictions(values)
    yield from _emergency_number(values)
    if "sms_keyword" in given and "sms" not in given:
        yield "sms_keyword", "is a word to send, but there is no number in sms to send it to"
    has_door = any(name in given for name in _DOOR)
    if values.get("hours", ALWAYS) != ALWAYS and "timezone" not in given and not has_door:
        yield "timezone", "is empty; hours other than 24/7 need the zone they are in, such as America/Chicago"
    if values.get("status") == Status.REPLACED and "replaced_by" not in given:
        yield "replaced_by", "is empty although status is replaced"
    if values.get("status") in {Status.CLOSED, Status.REPLACED}:
        return
    if not any(name in given for name in _WAYS):
        yield None, "gives no way to be reached: no phone, sms, chat_url, url, email or address_1"
    if not has_door and "service_area" not in given:
        yield (
            "service_area",
            "is empty and there is no address or city; say where it serves, such as US, US-IL or world",
        )


def _contradictions(values: Mapping[str, Any]) -> Iterator[Finding]:
    kinds = {values.get("kind"), *values.get("also_kinds", ())} - {None}
    if len(kinds) > 1 and not kinds <= _SITE_KINDS:
        yield (
            "also_kinds",
            "is not what another kind can be too; only a therapist and a treatment_program are one place",
        )
    if both := [need for need in values.get("excludes", ()) if need in values.get("needs", ())]:
        yield "excludes", f"names {both[0]}, which stands in needs too"
    low, high = values.get("minimum_age"), values.get("maximum_age")
    if low is not None and high is not None and low > high:
        yield "minimum_age", f"is above maximum_age {high}"


def _emergency_number(values: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield that a practice, a group or a programme claims the emergency number for its own."""
    phone = values.get("phone")
    if (
        phone
        and values.get("kind") != Kind.CRISIS_LINE
        and phones.is_emergency(phone.number, values.get("country") or "")
    ):
        yield "phone", "is the emergency number, which stands on every page by itself; write the number of the place"


def warnings(given: Mapping[str, str], values: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield what is doubtful but comes in."""
    for name in _PROSE:
        if name in values and (doubt := clean.safe_messaging_warning(values[name])):
            yield name, doubt
    phone, sms = values.get("phone"), values.get("sms")
    for name, number in (("phone", phone), ("sms", Phone(sms) if sms else None)):
        if number is not None and phones.is_fictional(number):
            yield name, "is a number kept for fiction"
    if phone and values.get("kind") != Kind.CRISIS_LINE and not phone.number.startswith(("+", "116")):
        yield "phone", "is a short code, which hardly any place has for itself; make sure that it rings there"
    for name in _URLS:
        if name in values and clean.is_lookalike(values[name]):
            yield name, "has letters of other alphabets in its host; make sure it is the site you mean"
    if "replaced_by" in given and values.get("status") != Status.REPLACED:
        yield "replaced_by", "is given although status is not replaced"
    if "checked_by" in given and "last_checked" not in given:
        yield "checked_by", "checked it, but last_checked is empty"


def is_confidential(cell: str) -> bool:
    """Return whether a row's ``confidential_location`` may mean yes: anything but an empty cell or a clear no."""
    if not cell.strip():
        return False
    try:
        return clean.yes_no(cell) is not False
    except ValueError:
        return True


def secrets(cells: Mapping[str, str]) -> tuple[str, ...]:
    """Return the street and the coordinates (to 3 decimals) of a row as they might be repeated in another of its cells."""
    street = clean.match_key(cells.get("address_1", ""))
    found = [street] if len(street) > 5 and any(letter.isdigit() for letter in street) else []
    for name in ("latitude", "longitude"):
        degrees, _, decimals = clean.match_key(cells.get(name, "")).partition(" ")
        if len(decimals) > 1:
            found.append(f"{degrees} {decimals[:3]}")
    return tuple(found)


def tells(text: str, hidden: tuple[str, ...]) -> bool:
    """Return whether a text holds one of the ``secrets``, in whatever spelling, punctuation or URL quoting."""
    if not hidden:
        return False
    bare = clean.match_key(unquote(text))
    return any(each in bare for each in hidden)


def telling(cells: Mapping[str, str], hidden: tuple[str, ...]) -> Iterator[Finding]:
    """Yield the columns that repeat one of the ``secrets``; digits of a number to call are no coordinates."""
    if not hidden:
        return
    for name, cell in cells.items():
        if name not in {"phone", "sms"} and tells(cell, hidden):
            yield name, "tells the street or the coordinates of a confidential location; take them out"


class Seen:
    """The ids of a file with the rows they stand in, 16 bytes an id, so that a million rows do not fill the memory.

    An id is known by 64 bits of its hash: among a million ids two share them once in 37 million files.
    """

    def __init__(self) -> None:
        self._count = 0
        self._hashes = array("Q", bytes(8 * 1024))
        self._rows = array("Q", bytes(8 * 1024))

    def before(self, external_id: str, row: int) -> int | None:
        """Return the row this id stands in already, or None after remembering ``row`` for it."""
        digest = int.from_bytes(blake2b(external_id.encode("utf-8", "replace"), digest_size=8).digest()) or 1
        slot = self._slot(digest)
        if self._hashes[slot]:
            return self._rows[slot]
        self._hashes[slot], self._rows[slot] = digest, row
        self._count += 1
        if self._count * 3 > len(self._hashes) * 2:
            self._grow()
        return None

    def _slot(self, digest: int) -> int:
        """Return the slot of a hash, or the empty one where it belongs (open addressing)."""
        last = len(self._hashes) - 1
        slot = digest & last
        while self._hashes[slot] not in {0, digest}:
            slot = slot + 1 & last
        return slot

    def _grow(self) -> None:
        hashes, rows = self._hashes, self._rows
        self._hashes, self._rows = (array("Q", bytes(16 * len(hashes))) for _ in range(2))
        for digest, row in zip(hashes, rows, strict=True):
            if digest:
                slot = self._slot(digest)
                self._hashes[slot], self._rows[slot] = digest, row
