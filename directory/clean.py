"""One dirty cell -> one clean value, or a ValueError that finishes the sentence "'2108' ...". Nothing is guessed."""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from datetime import date
from functools import lru_cache
from urllib.parse import quote, urlsplit, urlunsplit

from directory.needs import folded

URL_LIMIT = 1000
_DEFAULT_PORTS = {"http": 80, "https": 443}
EARLIEST = date(1990, 1, 1)
# What a spreadsheet would run as a formula (OWASP, CSV Injection), with the full-width forms of the same signs.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_BLANK = re.compile(r"\s")
_INVISIBLE = re.compile("[\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")
# Control characters but for tab and line ends, halves of characters, and what decoders write for what they lost.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffd-\uffff]")
DAMAGED = re.compile(r"[0-9]+(?:[.,][0-9]+)?[eE]\+?[0-9]+")
# Prose is looked through for unsafe words this far; the longest prose a listing holds is shorter.
_PROSE_LIMIT = 10_000
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
# Letters the standards for host names disagree on: the reader's browser would open another site than we name.
_DISPUTED = re.compile("[ßẞς]")
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
    if _CONTROL.search(bare) or _INVISIBLE.search(bare) or "\\" in bare or _BLANK.search(bare):
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
    if DAMAGED.fullmatch(bare):
        raise ValueError("is an id a spreadsheet damaged; write all its digits")
    if len(bare) > 200 or re.fullmatch(r"[^\W_][\w.:/-]*", bare) is None:
        raise ValueError("is not an id; use letters, digits and . _ : / - , at most 200 of them")
    return bare


def quoted(cell: str) -> str:
    """Return a cell that no spreadsheet runs: a ' before what begins like a formula. ``unquoted`` takes it off again."""
    return "'" + cell if cell.lstrip("'").startswith(FORMULA_STARTS) else cell


def unquoted(cell: str) -> str:
    """Return a cell as it was before ``quoted``."""
    return cell[1:] if cell.startswith("'") and cell.lstrip("'").startswith(FORMULA_STARTS) else cell


@lru_cache(maxsize=4096)
def match_key(value: str) -> str:
    """Return a name, street or code as two listings are compared by: folded, with words that mean the same written alike."""
    return " ".join(word for word in (_SAME.get(each, each) for each in folded(value).split()) if word)


def safe_messaging_warning(value: str) -> str | None:
    """Return what is unsafe to say about suicide in a text, or None."""
    return next((reason for pattern, reason in _UNSAFE_PATTERNS if pattern.search(value[:_PROSE_LIMIT])), None)


def _visible(cell: str, limit: int) -> str:
    if len(cell) > 10 * limit + 1000:
        raise ValueError(f"is longer than {limit} characters")
    if cell.isascii() and cell.isprintable():
        return cell
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


@lru_cache(maxsize=20_000)
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


def _is_npi(value: str) -> bool:
    if re.fullmatch(r"[0-9]{10}", value) is None:
        return False
    digits = [int(c) for c in "80840" + value]
    doubled = [d if place % 2 == 0 else d * 2 - 9 * (d > 4) for place, d in enumerate(reversed(digits))]
    return sum(doubled) % 10 == 0
