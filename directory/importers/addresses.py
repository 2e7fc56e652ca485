"""An address as people write it on one line, and a country by one of its names. What is not certain stays unsplit."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache

from directory import clean_places
from directory.geocoding import TERRITORIES, Gazetteer
from directory.importers.cells import Fault
from directory.importers.positions import repaired_zip
from directory.needs import folded
from directory.records import Point

_MORE_NAMES = {
    "usa": "US", "u s a": "US", "us": "US", "u s": "US", "united states of america": "US", "the united states": "US",
    "uk": "GB", "u k": "GB", "great britain": "GB", "england": "GB", "scotland": "GB", "wales": "GB",
    "northern ireland": "GB", "republic of ireland": "IE", "holland": "NL", "the netherlands": "NL", "mexico": "MX",
    "espana": "ES", "deutschland": "DE", "sverige": "SE", "czech republic": "CZ", "turkey": "TR",
}  # fmt: skip
_ZIP = re.compile(r"(?:(?P<region>[A-Za-z][A-Za-z. ]+) )?(?P<postal>[0-9]{5}(?:-[0-9]{4})?)")
_CANADIAN = re.compile(r"(?:(?P<region>[A-Za-z][A-Za-z. ]+) )?(?P<postal>[A-Z][0-9][A-Z] ?[0-9][A-Z][0-9])")
_BRITISH = re.compile(r"(?P<city>.+?) (?P<postal>[A-Z]{1,2}[0-9][A-Z0-9]? ?[0-9][A-Z]{2})")
_AUSTRALIAN = re.compile(r"(?P<city>.+?) (?P<region>ACT|NSW|NT|QLD|SA|TAS|VIC|WA) (?P<postal>[0-9]{4})")
_CODE_FIRST = re.compile(r"(?P<postal>(?:[A-Z]{1,2}-)?[0-9]{4,6}|[0-9]{3} [0-9]{2}) (?P<city>[^0-9]+)")


@dataclass(frozen=True, slots=True)
class Address:
    """The parts of an address, "" where it says nothing; ``country`` is ISO 3166-1 alpha-2."""

    street: str = ""
    city: str = ""
    region: str = ""
    postal_code: str = ""
    country: str = ""


def split(line: str, gazetteer: Gazetteer, country: str = "") -> Address | None:
    """Return the parts of "2218 1st Ave S, Minneapolis, MN 55404, USA", None when they cannot be told apart.

    ``country`` is that of an address that names none. The street may have several parts; an address of a town alone has
    none.
    """
    parts = [" ".join(part.split()) for part in line.split(",") if part.strip()]
    named = country_code(parts[-1], gazetteer) if len(parts) > 1 else ""
    territory = named if named in TERRITORIES else ""
    if named and not (country == "US" and _state(parts[-1])):  # Georgia is a state, too
        parts.pop()
        country = "US" if territory else named
    if not parts:
        return None
    if country in {"US", ""} and (found := _american(parts, territory)):
        return found
    if country == "CA":
        return _with_code(parts, _CANADIAN, country)
    if country in {"GB", "AU"}:
        return _with_code(parts, _BRITISH if country == "GB" else _AUSTRALIAN, country)
    return _with_code(parts, _CODE_FIRST, country) if country not in {"US", ""} else None


def in_country(address: Address, coordinates: tuple[str, str], fixed: str, gazetteer: Gazetteer) -> Address:
    """Return an address with its country: the one it names, else as its state and ZIP show, ``fixed``, or its position."""
    if address.country:
        return address
    if is_american(address.region, address.postal_code):
        return replace(address, country="US")
    return replace(address, country=fixed or country_at(*coordinates, gazetteer))


def mended(address: Address, column: str, gazetteer: Gazetteer) -> tuple[Address, tuple[Fault, ...], tuple[Fault, ...]]:
    """Return an address whose ZIP is whole, with the repair made and the warning: what holds no digit is no postal code."""
    code = address.postal_code
    if code and not any(letter.isdigit() for letter in code):
        return replace(address, postal_code=""), (), ((column, code, "is not a postal code; left out"),)
    whole = repaired_zip(code, address.region, gazetteer) if address.country == "US" else None
    if whole is None:
        return address, (), ()
    reason = f"lost its leading zero; read as {whole}, which lies in {address.region}"
    return replace(address, postal_code=whole), ((column, code, reason),), ()


@lru_cache(maxsize=4096)
def country_code(name: str, gazetteer: Gazetteer) -> str:
    """Return the two letters of a country by its English name, a usual short form or its own letters; else ""."""
    plain = folded(name)
    return _MORE_NAMES.get(plain) or _names(gazetteer).get(plain, "")


def is_american(region: str, postal_code: str) -> bool:
    """Return whether a region and a postal code can only be those of the United States."""
    return _state(region) != "" and re.fullmatch(r"[0-9]{5}(?:-[0-9]{4})?", postal_code.strip()) is not None


def country_at(latitude: str, longitude: str, gazetteer: Gazetteer) -> str:
    """Return the country that coordinates lie in, "" when that is not known."""
    try:
        point = Point(clean_places.latitude(latitude), clean_places.longitude(longitude))
    except ValueError:
        return ""
    if point.latitude == 0 and point.longitude == 0:
        return ""
    country, _ = gazetteer.area_at(point)
    return "US" if country in TERRITORIES else country or ""


@lru_cache(maxsize=4)
def _names(gazetteer: Gazetteer) -> dict[str, str]:
    return {folded(name): code for code, name in gazetteer.countries().items()}


def _american(parts: list[str], territory: str) -> Address | None:
    found = _ZIP.fullmatch(parts[-1])
    region = _state(found["region"] or territory if found else parts[-1])
    if found is None and not region and territory:
        return Address(", ".join(parts[:-1]), parts[-1], territory, "", "US")
    if not region or (found is None and len(parts) < 2):
        return None
    *street, city = parts[:-1] or [""]
    return Address(", ".join(street), city, region, found["postal"] if found else "", "US")


def _state(name: str) -> str:
    try:
        return clean_places.region(name, "US")
    except ValueError:
        return ""


def _with_code(parts: list[str], pattern: re.Pattern[str], country: str) -> Address | None:
    found = pattern.fullmatch(parts[-1])
    if found is None:
        is_town = len(parts) == 1 and not any(letter.isdigit() for letter in parts[0])
        return Address(city=parts[0], country=country) if is_town else None
    named = found.groupdict()
    street = parts[:-1]
    city = named.get("city") or (street.pop() if street else "")
    return Address(", ".join(street), city, named.get("region") or "", named["postal"], country)
