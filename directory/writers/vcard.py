"""vCard 3.0 (RFC 2426) for an address book: iOS and Android both read it whole; of 4.0 each reads another part."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from icalendar import vText
from icalendar.parser import Contentline, Parameters

from directory import phones
from directory.clean import safe_url
from directory.records import Phone
from directory.writers import words

Line = tuple[str, dict[str, str], str]
"""Name, parameters, and the value as it stands in the file, its texts escaped."""


def card(resource: Mapping[str, Any], now: datetime | None = None) -> str:
    """Return a resource as a contact: its numbers dial as they stand, its note says how old the facts are.

    A confidential one has its city and no street. Lines end in CR LF and are folded at 75 bytes (RFC 6350, 3.2).
    """
    lines = _lines(resource, now or datetime.now(UTC))
    written = [
        Contentline.from_parts(name, Parameters(parameters), _Raw(value)).to_ical() for name, parameters, value in lines
    ]
    return b"\r\n".join(written).decode() + "\r\n"


class _Raw(str):
    """A value whose texts are escaped already."""

    __slots__ = ()

    def to_ical(self) -> bytes:
        return self.encode()


def _lines(resource: Mapping[str, Any], now: datetime) -> Iterator[Line]:
    yield "BEGIN", {}, "VCARD"
    yield "VERSION", {}, "3.0"
    yield "FN", {}, _text(resource["name"])
    yield "N", {}, f"{_text(resource['name'])};;;;"
    yield "ORG", {}, _text(resource["organization"] or resource["name"])
    if resource["phone"]:
        number = Phone(resource["phone"], resource["phone_extension"], resource["phone_press"])
        yield "TEL", {"TYPE": "WORK"}, _text(phones.tel_href(number).removeprefix("tel:"))
    if resource["sms"] and resource["sms"] != resource["phone"]:
        yield "TEL", {"TYPE": "CELL"}, _text(resource["sms"])
    if resource["email"]:
        yield "EMAIL", {"TYPE": "INTERNET"}, _text(resource["email"])
    for address in dict.fromkeys(filter(None, (safe_url(resource["url"]), safe_url(resource["chat_url"])))):
        yield "URL", {}, address
    if resource["city"] or resource["address_1"]:
        shown = {
            name: resource[name] or ""
            for name in ("address_2", "address_1", "city", "region", "postal_code", "country")
        }
        if words.hidden(resource):
            shown |= dict.fromkeys(("address_2", "address_1", "postal_code"), "")
        yield "ADR", {"TYPE": "WORK"}, ";".join(["", *map(_text, shown.values())])
    if resource["latitude"] is not None and not words.is_approximate(resource) and not words.hidden(resource):
        yield "GEO", {}, f"{resource['latitude']:.6f};{resource['longitude']:.6f}"
    yield "NOTE", {}, _text("\n".join(_note(resource, now)))
    yield "UID", {}, f"resource-{resource['id']}@support-directory"
    yield "END", {}, "VCARD"


def _note(resource: Mapping[str, Any], now: datetime) -> list[str]:
    keyword = f"{resource['sms_keyword']} to " if resource["sms_keyword"] else ""
    text_to = f"Text {keyword}{resource['sms']}" if resource["sms"] else ""
    lines = [
        words.status(resource),
        words.age(resource, now),
        resource["description"] or "",
        f"Hours: {resource['hours']}" if resource["hours"] else "",
        resource["hours_note"] or "",
        text_to,
        resource["eligibility"] or "",
        words.PRIVATE if words.hidden(resource) else "",
        f"Source: {words.source_names(resource)}",
    ]
    return [line for line in lines if line]


def _text(value: str) -> str:
    return vText(value).to_ical().decode()
