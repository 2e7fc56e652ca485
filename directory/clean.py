"""One dirty cell -> one clean value, or a ValueError that finishes the sentence "'2108' ...". Nothing is guessed."""

from __future__ import annotations

import ipaddress
import re
import unicodedata
import zoneinfo
from datetime import date
from functools import lru_cache
from importlib import resources
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import phonenumbers

from directory import geo
from directory.needs import folded
from directory.records import Point

URL_LIMIT = 1000
_DEFAULT_PORTS = {"http": 80, "https": 443}
EARLIEST = date(1990, 1, 1)
# What a spreadsheet would run as a formula (OWASP, CSV Injection), with the full-width forms of the same signs.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_INVISIBLE = re.compile("[\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")
# Control characters but for tab and line ends, halves of characters, and what decoders write for what they lost.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffd-\uffff]")
_DAMAGED = re.compile(r"[0-9]+(?:[.,][0-9]+)?[eE]\+?[0-9]+")
# Prose is looked through for unsafe words this far; the longest prose a listing holds is shorter.
_PROSE_LIMIT = 10_000
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
_REGIONS = {"US": _US_REGIONS, "CA": _CA_REGIONS, "AU": _AU_REGIONS}
# Listed as regions of the US: their mail, their 988 and their 911 are its own.
_TERRITORIES = frozenset({"PR", "GU", "VI", "AS", "MP"})
# Tags of two letters go first (RFC 5646, 2.2.1); ASL is the language of Asilulu, on an island of Indonesia.
_SHORTER_TAGS = {
    "eng": "en",
    "spa": "es",
    "fra": "fr",
    "fre": "fr",
    "deu": "de",
    "zho": "zh",
    "vie": "vi",
    "asl": "ase",
}
# Countries whose postal codes have five digits and may begin with 0 (UPU, Postal addressing systems).
_FIVE_DIGITS = frozenset({"DE", "ES", "FR", "IT", "MX"})
# Letters the standards for host names disagree on: the reader's browser would open another site than we name.
_DISPUTED = re.compile("[ßẞς]")
_POSTAL_CODES = {
    "CA": re.compile(r"[ABCEGHJ-NPRSTVXY]\d[ABCEGHJ-NPRSTV-Z] ?\d[ABCEGHJ-NPRSTV-Z]\d", re.ASCII),
    "GB": re.compile(r"[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}", re.ASCII),
}
# Words that mean the same in an address or a name, written alike before two listings are compared.
_SAME = {
    "street": "st", "saint": "st", "avenue": "ave", "av": "ave", "road": "rd", "boulevard": "blvd", "drive": "dr",
    "doctor": "dr", "lane": "ln", "highway": "hwy", "parkway": "pkwy", "suite": "ste", "floor": "fl", "court": "ct",
    "place": "pl", "square": "sq", "north": "n", "south": "s", "east": "e", "west": "w", "northeast": "ne",
    "northwest": "nw", "southeast": "se", "southwest": "sw", "centre": "center", "ctr": "center", "and": "", "the": "",
    "apartment": "apt", "building": "bldg", "circle": "cir", "fort": "ft", "mount": "mt", "room": "rm", "terrace": "ter",
    "trail": "trl", "turnpike": "tpke",
}  # fmt: skip
# Safe messaging (Reporting on Suicide: Recommendations): say "died by suicide"; name no method.
_UNSAFE = (
    (r"\bcommit(?:s|ted|ting)?\s+suicide\b", "says 'committed suicide'; say 'died by suicide'"),
    (
        r"\b(?:successful|completed|failed|unsuccessful)\s+suicides?\b",
        "calls a suicide successful or failed; say 'died by suicide' or 'suicide attempt'",
    ),
    (
        r"\b(?:hang(?:ed|ing|s)?|hung|shot|shoot(?:ing|s)?|drown(?:ed|ing|s)?)\s+(?:him|her|them|my|your)sel(?:f|ves)\b"
        r"|\b(?:slit(?:ting)?|cut(?:ting)?)\s+(?:his|her|their|my|your)\s+wrists?\b"
        r"|\bjump(?:ed|ing|s)?\s+(?:off|from)\s+(?:a|the)\s+(?:bridge|building|roof)\b",
        "names a method of suicide; leave it out",
    ),
)
_UNSAFE_PATTERNS = tuple((re.compile(pattern, re.IGNORECASE), reason) for pattern, reason in _UNSAFE)


def text(cell: str, limit: int) -> str:
    """Return one line of text: NFC, blanks collapsed, invisible and direction-changing characters taken out."""
    return _bounded(" ".join(_visible(cell, limit).split()), limit)


def paragraph(cell: str, limit: int) -> str:
    """Return text that may have several lines; inside a line as ``text``."""
    lines = [
        " ".join(line.split()) for line in _visible(cell, limit).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    ]
    return _bounded(re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip(), limit)


def url(cell: str) -> str:
    """Return an address of a public web page, its host in lower case and as punycode (RFC 3490).

    Raises:
        ValueError: another scheme than http or https, a user name or a password, a host on a private network, ...
    """
    if len(cell) > URL_LIMIT:
        raise ValueError(f"is longer than {URL_LIMIT} characters")
    bare = cell.strip(" ")
    if bare.startswith("//"):
        raise ValueError(f"has no scheme; write https:{bare}")
    if _CONTROL.search(bare) or _INVISIBLE.search(bare) or "\\" in bare or any(c.isspace() for c in bare):
        raise ValueError("has a blank, a backslash or an invisible character in it")
    try:
        parts = urlsplit(bare)
        port = parts.port
    except ValueError:
        raise ValueError("is not a web address") from None
    if parts.scheme not in {"http", "https"}:
        raise ValueError("is not a web address; it must begin with https:// or http://")
    if "@" in parts.netloc:
        raise ValueError("has a user name in it; a web address to show must not")
    host = _public_host((parts.hostname or "").rstrip("."))
    path = quote(parts.path, safe="/%:@!$&'()*+,;=~-._")
    return urlunsplit(
        (
            parts.scheme,
            host if port in (None, _DEFAULT_PORTS[parts.scheme]) else f"{host}:{port}",
            path,
            quote(parts.query, safe="/%:@!$&'()*+,;=~-._?"),
            quote(parts.fragment, safe="/%:@!$&'()*+,;=~-._?"),
        )
    )


@lru_cache(maxsize=4096)
def safe_url(address: str | None) -> str | None:
    """Return an address that may stand in a link, or None: the same rule again where a page is made."""
    if not address:
        return None
    try:
        return url(address)
    except ValueError:
        return None


def is_lookalike(address: str) -> bool:
    """Return whether the host of a cleaned address holds letters of other alphabets (punycode)."""
    return any(label.startswith("xn--") for label in (urlsplit(address).hostname or "").split("."))


def email(cell: str) -> str:
    """Return an e-mail address, its domain in lower case."""
    bare = cell.strip()
    if len(bare) > 254 or re.fullmatch(r"[A-Za-z0-9._+'-]{1,64}@[A-Za-z0-9.-]+", bare) is None or ".." in bare:
        raise ValueError("is not an e-mail address")
    name, domain = bare.rsplit("@", 1)
    try:
        return f"{name}@{_public_host(domain)}"
    except ValueError:
        raise ValueError("is not an e-mail address on a public site") from None


def yes_no(cell: str) -> bool:
    """Return True for yes, False for no."""
    word = cell.strip().lower() if len(cell) < 20 else ""
    if word not in {"yes", "no"}:
        raise ValueError("is not yes or no")
    return word == "yes"


def age(cell: str) -> int:
    """Return an age in whole years, 0 to 120."""
    if re.fullmatch(r"[0-9]{1,3}", cell.strip()) is None or int(cell) > 120:
        raise ValueError("is not an age in whole years from 0 to 120")
    return int(cell)


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
    if _DAMAGED.fullmatch(bare):
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


def language(cell: str) -> str:
    """Return a language as a BCP 47 tag (RFC 5646): ``en``, ``zh-Hant``, ``es-419``."""
    bare = cell.strip()
    if bare.lower() in _SHORTER_TAGS:
        raise ValueError(f"is not the tag of that language; write {_SHORTER_TAGS[bare.lower()]}")
    if re.fullmatch(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}", bare) is None:
        raise ValueError("is not a language; write its BCP 47 tag, such as en or es")
    first, *rest = bare.lower().split("-")
    shapes = {2: str.upper, 4: str.title}
    return "-".join([first, *(shapes.get(len(part), str.lower)(part) for part in rest)])


def timezone(cell: str) -> str:
    """Return an IANA time zone. EST or Etc/GMT+5 are fixed offsets, wrong half the year where clocks change."""
    name = cell.strip()
    if name not in _zones():
        raise ValueError("is not a time zone; write one such as America/Chicago")
    if name != "UTC" and ("/" not in name or name.startswith("Etc/")):
        raise ValueError("is not the time zone of a place; write one such as America/Chicago")
    return name


def iso_date(cell: str, today: date) -> date:
    """Return a date written YYYY-MM-DD, from 1990 to ``today``."""
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", cell.strip()) is None:
        raise ValueError("is not a date; write it as 2026-08-31")
    try:
        found = date.fromisoformat(cell.strip())
    except ValueError:
        raise ValueError("is not a day of the calendar") from None
    if found > today:
        raise ValueError("is in the future")
    if found < EARLIEST:
        raise ValueError(f"is before {EARLIEST.isoformat()}")
    return found


def identifier(cell: str) -> str:
    """Return a typed identifier ("npi:1234567893"); an NPI's check digit must be right (45 CFR 162.406, Luhn with 80840)."""
    found = re.fullmatch(r"([A-Za-z][A-Za-z0-9_-]{1,19}):([A-Za-z0-9._/-]{1,80})", cell.strip())
    if found is None:
        raise ValueError("has no type; write one such as npi:1234567893")
    kind, value = found[1].lower(), found[2]
    if kind == "npi" and not _is_npi(value):
        raise ValueError("is not an NPI: its ten digits and check digit do not agree")
    return f"{kind}:{value}"


def slug(cell: str) -> str:
    """Return an id: letters, digits and . _ : / - , up to 200 characters."""
    bare = cell.strip()
    if _DAMAGED.fullmatch(bare):
        raise ValueError("is an id a spreadsheet damaged; write all its digits")
    if len(bare) > 200 or re.fullmatch(r"[^\W_][\w.:/-]*", bare) is None:
        raise ValueError("is not an id; use letters, digits and . _ : / - , at most 200 of them")
    return bare


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
    return code


def quoted(cell: str) -> str:
    """Return a cell that no spreadsheet runs: a ' before what begins like a formula. ``unquoted`` takes it off again."""
    return "'" + cell if cell.lstrip("'").startswith(FORMULA_STARTS) else cell


def unquoted(cell: str) -> str:
    """Return a cell as it was before ``quoted``."""
    return cell[1:] if cell.startswith("'") and cell.lstrip("'").startswith(FORMULA_STARTS) else cell


def match_key(value: str) -> str:
    """Return a name, street or code as two listings are compared by: folded, with words that mean the same written alike."""
    return " ".join(word for word in (_SAME.get(each, each) for each in folded(value).split()) if word)


def safe_messaging_warning(value: str) -> str | None:
    """Return what is unsafe to say about suicide in a text, or None."""
    return next((reason for pattern, reason in _UNSAFE_PATTERNS if pattern.search(value[:_PROSE_LIMIT])), None)


def _visible(cell: str, limit: int) -> str:
    if len(cell) > 10 * limit + 1000:
        raise ValueError(f"is longer than {limit} characters")
    clean = _INVISIBLE.sub("", unicodedata.normalize("NFC", cell))
    if found := _CONTROL.search(clean):
        what = "control" if found[0] < "\ud800" else "broken"
        raise ValueError(f"has a {what} character in it (U+{ord(found[0]):04X})")
    return clean


def _bounded(value: str, limit: int) -> str:
    if len(value) > limit:
        raise ValueError(f"is longer than {limit} characters")
    if not value:
        raise ValueError("has no visible characters")
    return value


def _public_host(host: str) -> str:
    if _DISPUTED.search(host):
        raise ValueError("has a host name two standards read differently; write it as punycode (xn--...)")
    try:
        host = host.encode("idna").decode("ascii").lower()
    except UnicodeError:
        raise ValueError("has a host name nobody can look up") from None
    if _is_machine(host):
        raise ValueError("is the bare address of a machine, not of a public site")
    labels = host.split(".")
    local = labels[-1] in {"localhost", "local", "internal", "lan", "home", "arpa", "test", "invalid"}
    if len(labels) < 2 or local or not labels[-1].strip("0123456789") or labels[-1].startswith("0x"):
        raise ValueError("is not on a public site")
    if len(host) > 253 or not all(re.fullmatch(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?", label) for label in labels):
        raise ValueError("has a host name nobody can look up")
    return host


def _is_machine(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _degrees(cell: str, limit: int, what: str) -> float:
    bare = cell.strip()
    if len(bare) > 30 or re.fullmatch(r"[+-]?[0-9]{1,3}(?:\.[0-9]+)?", bare) is None:
        raise ValueError(f"is not {what} in decimal degrees")
    number = float(bare)
    if not -limit <= number <= limit:
        raise ValueError(f"is not {what}: it must lie between -{limit} and {limit}")
    return number


def _is_npi(value: str) -> bool:
    if re.fullmatch(r"[0-9]{10}", value) is None:
        return False
    digits = [int(c) for c in "80840" + value]
    doubled = [d if place % 2 == 0 else d * 2 - 9 * (d > 4) for place, d in enumerate(reversed(digits))]
    return sum(doubled) % 10 == 0


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
