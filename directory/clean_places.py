"""Where something is: one dirty cell -> one clean position, code, zone or area, or a ValueError as in ``clean``."""

from __future__ import annotations

import csv
import re
import zoneinfo
from functools import lru_cache
from importlib import resources
from pathlib import Path

import phonenumbers

from directory import geo
from directory.clean import DAMAGED, text
from directory.config import shipped_folder
from directory.needs import folded
from directory.records import Point

# Countries and territories without telephone numbers of their own (ISO 3166-1).
_NO_PHONES = frozenset({"AQ", "BV", "GS", "HM", "PN", "TF", "UM"})
_US_REGIONS = {
    "alabama": "AL", "alaska": "AK", "arizona": "AZ", "arkansas": "AR", "california": "CA", "colorado": "CO",
    "connecticut": "CT", "delaware": "DE", "district of columbia": "DC", "florida": "FL", "georgia": "GA",
    "hawaii": "HI", "idaho": "ID", "illinois": "IL", "indiana": "IN", "iowa": "IA", "kansas": "KS", "kentucky": "KY",
    "louisiana": "LA", "maine": "ME", "maryland": "MD", "massachusetts": "MA", "michigan": "MI", "minnesota": "MN",
    "mississippi": "MS", "missouri": "MO", "montana": "MT", "nebraska": "NE", "nevada": "NV", "new hampshire": "NH",
    "new jersey": "NJ", "new mexico": "NM", "new york": "NY", "north carolina": "NC", "north dakota": "ND",
    "ohio": "OH", "oklahoma": "OK", "oregon": "OR", "pennsylvania": "PA", "rhode island": "RI",
    "south carolina": "SC", "south dakota": "SD", "tennessee": "TN", "texas": "TX", "utah": "UT", "vermont": "VT",
    "virginia": "VA", "washington": "WA", "west virginia": "WV", "wisconsin": "WI", "wyoming": "WY",
    "puerto rico": "PR", "guam": "GU", "us virgin islands": "VI", "virgin islands": "VI", "american samoa": "AS",
    "northern mariana islands": "MP",
}  # fmt: skip
_CA_REGIONS = {
    "alberta": "AB", "british columbia": "BC", "manitoba": "MB", "new brunswick": "NB",
    "newfoundland and labrador": "NL", "nova scotia": "NS", "northwest territories": "NT", "nunavut": "NU",
    "ontario": "ON", "prince edward island": "PE", "quebec": "QC", "saskatchewan": "SK", "yukon": "YT",
}  # fmt: skip
_AU_REGIONS = {
    "australian capital territory": "ACT", "new south wales": "NSW", "northern territory": "NT", "queensland": "QLD",
    "south australia": "SA", "tasmania": "TAS", "victoria": "VIC", "western australia": "WA",
}  # fmt: skip
_COPPER_RIVER = "write US-AK-261, Valdez-Cordova as it was before it was divided in 2019"
_PLANNING_REGION = "the planning regions of 2022 are not among them: write the counties, US-CT-001 to US-CT-015"
_NEWER_COUNTIES = {"US-AK-063": _COPPER_RIVER, "US-AK-066": _COPPER_RIVER} | {
    f"US-CT-1{digit}0": _PLANNING_REGION for digit in range(1, 10)
}
_REGIONS = {"US": _US_REGIONS, "CA": _CA_REGIONS, "AU": _AU_REGIONS}
# Listed as regions of the US: their mail, their 988 and their 911 are its own.
_TERRITORIES = frozenset({"PR", "GU", "VI", "AS", "MP"})
# Countries whose postal codes have five digits and may begin with 0 (UPU, Postal addressing systems).
_FIVE_DIGITS = frozenset({"DE", "ES", "FR", "IT", "MX"})
_POSTAL_CODES = {
    "CA": re.compile(r"[ABCEGHJ-NPRSTVXY]\d[ABCEGHJ-NPRSTV-Z] ?\d[ABCEGHJ-NPRSTV-Z]\d", re.ASCII),
    "GB": re.compile(r"[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}", re.ASCII),
}


def latitude(cell: str) -> float:
    """Return degrees north, -90 to 90."""
    return _degrees(cell, 90, "a latitude")


def longitude(cell: str) -> float:
    """Return degrees east, -180 to 180."""
    return _degrees(cell, 180, "a longitude")


def point(north: float, east: float, country: str) -> Point:
    """Return the position, unless it is certain that it is not the one meant.

    Raises:
        ValueError: 0, 0; values that lie in ``country`` only when swapped, or only with the sign of the longitude turned.
    """
    if north == 0 and east == 0:
        raise ValueError("is 0, 0: a place in the sea where a position is missing")
    given = Point(north, east)
    if country_at(given) != country:
        # Near the diagonal and near the meridians 0 and 180 a place just off the coast would pass for its own mirror.
        if abs(east) <= 90 and abs(north - east) > 2 and country_at(Point(east, north)) == country:
            raise ValueError("and longitude look swapped: the other way round they lie in " + country)
        if 5 < abs(east) < 175 and country_at(Point(north, -east)) == country:
            raise ValueError(f"and longitude do not lie in {country}; with the sign of the longitude turned they do")
    return given


@lru_cache(maxsize=1024)
def country_at(place: Point) -> str | None:
    """Return the country (ISO 3166-1) whose time zone a position lies in; None at sea and where a zone has several.

    By tzfpy's zone and the table zone.tab of the IANA time zone database; near a border the zone may be the neighbour's.
    """
    return _zone_countries().get(geo.timezone_at(place) or "")


def postal_code(cell: str, country: str) -> str:
    """Return a postal code as written in ``country``: five digits in the US, else capitals.

    Raises:
        ValueError: a ZIP a spreadsheet damaged, with what it was; a code of another shape.
    """
    bare = " ".join(cell.upper().split()) if len(cell) <= 40 else ""
    digits = bare.removesuffix(".0")
    if DAMAGED.fullmatch(bare):
        raise ValueError("is a postal code a spreadsheet damaged; write all its digits, such as 02108")
    if country == "US" or country in _TERRITORIES:
        if re.fullmatch(r"[0-9]{3,4}|[0-9]{7,8}", digits):
            whole = digits.zfill(9 if len(digits) > 5 else 5)[:5]
            raise ValueError(f"looks like a ZIP that lost its leading zero; write {whole}")
        if re.fullmatch(r"[0-9]{5}(?:[- ]?[0-9]{4})?", digits) is None or digits.startswith("00000"):
            raise ValueError("is not a ZIP; write five digits")
        return digits[:5]
    if country in _FIVE_DIGITS and re.fullmatch(r"[0-9]{4}|[0-9]{4,5}\.0", bare):
        raise ValueError(f"looks like a postal code that lost its leading zero; write {digits.zfill(5)}")
    if country in _POSTAL_CODES:
        if len(bare) > 8 or _POSTAL_CODES[country].fullmatch(bare) is None:
            raise ValueError(f"is not a postal code of {country}")
        joined = bare.replace(" ", "")
        return f"{joined[:-3]} {joined[-3:]}"
    if re.fullmatch(r"(?=.*[0-9])[A-Z0-9][A-Z0-9 -]{1,11}", bare) is None:
        raise ValueError("is not a postal code")
    return bare


def country(cell: str) -> str:
    """Return a country as ISO 3166-1 alpha-2 in capitals."""
    code = cell.strip().upper() if len(cell) < 40 else ""
    if code in _TERRITORIES:
        raise ValueError(f"is listed as a region of the US; write country US and region {code}")
    if code == "UK":
        raise ValueError("is not a country; write GB (ISO 3166-1)")
    if code not in phonenumbers.SUPPORTED_REGIONS and code not in _NO_PHONES:
        raise ValueError("is not a country; write two letters such as US (ISO 3166-1)")
    return code


def region(cell: str, country: str) -> str:
    """Return a region of the US, Canada or Australia by its letters (ISO 3166-2); elsewhere the region's name."""
    name = text(cell, 100)
    if country not in _REGIONS:
        return name
    names = _REGIONS[country]
    code = names.get(folded(name), name.upper().removeprefix(f"{country}-"))
    if code not in names.values():
        raise ValueError(f"is not a state or province of {country}")
    return code


def timezone(cell: str) -> str:
    """Return an IANA time zone. EST or Etc/GMT+5 are fixed offsets, wrong half the year where clocks change."""
    name = cell.strip()
    if name not in _zones():
        raise ValueError("is not a time zone; write one such as America/Chicago")
    if name != "UTC" and ("/" not in name or name.startswith("Etc/")):
        raise ValueError("is not the time zone of a place; write one such as America/Chicago")
    return name


def service_area(cell: str) -> str:
    """Return an area served: ``world``, a country (``US``), a region (``US-IL``) or a county (``US-IL-031``)."""
    code = cell.strip().upper() if len(cell) < 40 else ""
    if code == "WORLD":
        return "world"
    if re.fullmatch(r"US(?:-[A-Z]{2}(?:-[0-9]{3})?)?|[A-Z]{2}(?:-[A-Z0-9]{1,3})?", code) is None:
        raise ValueError("is not an area; write world, a country such as US, or a region such as US-IL (ISO 3166-2)")
    land, _, part = code.partition("-")
    country(land)
    if land in _REGIONS and part and part[:3].rstrip("-") not in _REGIONS[land].values():
        raise ValueError(f"names no state or province of {land}")
    if len(part) == len("IL-031") and code not in _counties():
        hint = _NEWER_COUNTIES.get(code, "write its FIPS code, such as US-IL-031")
        raise ValueError(f"names no county of {part[:2]}; {hint}")
    return code


def _degrees(cell: str, limit: int, what: str) -> float:
    bare = cell.strip()
    if len(bare) > 30 or re.fullmatch(r"[+-]?[0-9]{1,3}(?:\.[0-9]+)?", bare) is None:
        raise ValueError(f"is not {what} in decimal degrees")
    number = float(bare)
    if not -limit <= number <= limit:
        raise ValueError(f"is not {what}: it must lie between -{limit} and {limit}")
    return number


@lru_cache(maxsize=1)
def _counties() -> frozenset[str]:
    """The counties' codes (data/places/us_counties.toml says which edition)."""
    with (shipped_folder("data") / "places" / "us_counties.csv").open(encoding="utf-8", newline="") as lines:
        return frozenset(row["code"] for row in csv.DictReader(lines))


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())


@lru_cache(maxsize=1)
def _zone_countries() -> dict[str, str]:
    rows = (line.split("\t") for line in _zone_table().splitlines() if line and not line.startswith("#"))
    return {row[2]: row[0] for row in rows}


def _zone_table() -> str:
    """The table zone.tab, from where the zones themselves come: the system, else the package tzdata."""
    for folder in map(Path, zoneinfo.TZPATH):
        if (folder / "zone.tab").is_file():
            return (folder / "zone.tab").read_text(encoding="utf-8")
    try:
        return resources.files("tzdata").joinpath("zoneinfo", "zone.tab").read_text(encoding="utf-8")
    except (ModuleNotFoundError, FileNotFoundError):
        return ""
