"""Where a group meets and how to join it, in the columns of our own CSV: at a door, by video, by telephone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from directory.importers.addresses import Address

CONTACT = re.compile(
    r"(?<![0-9])(?:\+?1[-. ]?)?(?:\([0-9]{3}\) ?|[0-9]{3}[-. ])[0-9]{3}[-. ][0-9]{4}(?![0-9])"
    r"|\+[1-9][0-9]{0,2}[ .-][0-9][0-9 .()-]{5,14}[0-9]|(?<![0-9])[0-9]{10}(?![0-9])"
    r"|[^\s@<>,;:]{1,64}@[^\s@<>,;:]{1,190}\.[A-Za-z]{2,24}"
)
# A point behind one capital letter ends an initial, not a sentence.
_SENTENCE = re.compile(r"(?<=[.!?])(?<!\b[A-Z]\.)\s+|\n+")
_DIALLED = re.compile(r"[,;#*]")


@dataclass(frozen=True, slots=True)
class Venue:
    """Where a group meets and how it is joined, as its publisher says; "" where it says nothing.

    ``is_vague``: the position is rough. ``pages`` are where to read on, ``phone`` is a number of the publisher.
    """

    address: Address
    name: str = ""
    latitude: str = ""
    longitude: str = ""
    is_vague: bool = False
    conference_url: str = ""
    conference_phone: str = ""
    pages: tuple[str, ...] = ()
    phone: str = ""

    @property
    def has_place(self) -> bool:
        """Return whether there is somewhere to go."""
        return bool(self.address.street or self.name or (self.latitude and not self.is_vague))


def cells(venue: Venue, *, is_online: bool, is_closed: bool) -> dict[str, str]:
    """Return the cells of a venue: what is only online has no pin, no street and no town.

    ``is_closed``: its door is closed for the time being; a group that can be joined online then meets there alone.
    """
    is_online = is_online or bool(venue.conference_url or venue.conference_phone)
    has_door = bool(venue.address.street or venue.name)
    is_there = not is_closed and venue.has_place and not (is_online and (venue.is_vague or not has_door))
    by_video = is_online and (bool(venue.conference_url) or not venue.conference_phone)
    country = venue.address.country
    number = _number(venue) or venue.phone
    names = (("in_person", is_there or not is_online), ("video", by_video), ("phone", bool(venue.conference_phone)))
    found = {
        "formats": ";".join(name for name, holds in names if holds),
        "url": next(filter(None, (venue.conference_url if is_online else "", *venue.pages)), ""),
        "phone": number if country else "",
        "country": country,
    }
    lines = list(_dial_in(venue))
    if is_there or not is_online:
        found |= _door(venue)
        if is_closed:
            found["status"] = "temporarily_closed"
    else:
        found["service_area"] = country or "world"
        town = ", ".join(filter(None, (venue.address.city, venue.address.region)))
        lines[:0] = [f"A group of {town} that meets online."] if town else []
    return {**found, "description": "\n".join(lines)}


def impersonal(text: str) -> str:
    """Return a note without the sentences that hold a telephone number or an e-mail address: they are somebody's own."""
    if CONTACT.search(text) is None:
        return text
    return " ".join(part for part in _SENTENCE.split(text) if CONTACT.search(part) is None).strip()


def elsewhere(address: Address) -> Address:
    """Return the address of a group that only meets online: its town and country, to be named in words."""
    return replace(address, street="", postal_code="")


def _door(venue: Venue) -> dict[str, str]:
    address = venue.address
    found = {
        "address_1": address.street or venue.name,
        "address_2": venue.name if address.street else "",
        "city": address.city,
        "region": address.region,
        "postal_code": address.postal_code,
    }
    if venue.is_vague or not (venue.latitude and venue.longitude):
        return found
    return {**found, "latitude": venue.latitude, "longitude": venue.longitude}


def _number(venue: Venue) -> str:
    return next(iter(_DIALLED.split(venue.conference_phone)), "")


def _dial_in(venue: Venue) -> Iterator[str]:
    """Yield what to enter once a call is answered, and the number itself where its country is not known."""
    number, *codes = [part.strip() for part in _DIALLED.split(venue.conference_phone) if part.strip()] or [""]
    if codes or (number and not venue.address.country):
        yield f"To join by phone, call {number}{''.join(f', then enter {code}#' for code in codes)}."
