"""The words of a place as somebody typed them: folding, and the shapes of postal codes and coordinates. No data here."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterator

# Letters that do not fall apart into a base letter and an accent.
_LETTERS = str.maketrans({
    "ø": "o", "đ": "d", "ð": "d", "ł": "l", "æ": "ae", "œ": "oe", "þ": "th", "ı": "i", "ħ": "h", "ŧ": "t", "ŋ": "n",
    "ə": "e", "&": " and ",
})  # fmt: skip
_DROPPED = re.compile(r"['’‘ʻʼʿ`´.]")
_BETWEEN = re.compile(r"[\W_]+")
_SAME = {"saint": "st", "sainte": "st", "ste": "st", "sankt": "st", "fort": "ft", "mount": "mt"}

_DIRECTIONS = {"n": "north", "s": "south", "e": "east", "w": "west", "no": "north", "so": "south"}
_SHORT = {
    "bch": "beach", "bgt": "heights", "ctr": "center", "cty": "city", "fls": "falls", "grv": "grove", "hbr": "harbor",
    "hts": "heights", "hgts": "heights", "is": "island", "jct": "junction", "lk": "lake", "lks": "lakes", "mtn": "mountain",
    "pk": "park", "pt": "point", "rpds": "rapids", "spg": "spring", "spgs": "springs", "sprgs": "springs", "spr": "springs",
    "twp": "township", "vlg": "village", "vly": "valley", "gr": "grand", "nw": "new",
}  # fmt: skip
_BEFORE = frozenset(
    {"near", "in", "around", "at", "downtown", "uptown", "midtown", "central", "greater", "metro", "inner"}
)
_BEFORE_OF = frozenset({"city", "town", "village", "borough", "township", "county", "district"})
_AFTER = frozenset(
    {"city", "town", "township", "village", "borough", "area", "metro", "region", "district", "downtown"}
)
_STREET = re.compile(
    r"(st|street|str|ave?|avenue|rd|road|blvd|boulevard|dr|drive|ln|lane|ct|court|cir|circle|hwy|highway|pkwy|parkway|pl|place"
    r"|sq|square|ter|terrace|way|trl|trail|pike|apt|suite|ste|unit|floor|rue|calle|stra(ss|ß)e|via|avenida)\.?",
    re.IGNORECASE,
)
COUNTY_WORDS = frozenset({"county", "parish", "borough"})

# What a code looks like in each country of the tables. The first group (or all groups together) is what the tables hold.
POSTAL_FORMS: dict[str, re.Pattern[str]] = {
    country: re.compile(form)
    for country, form in {
        "US": r"(\d{5})(?:[- ]?\d{4})?",
        "CA": r"([A-Z]\d[A-Z])(?:[ -]?\d[A-Z]\d)?",
        "GB": r"([A-Z]{1,2}\d[A-Z\d]?)(?: ?\d[A-Z]{2})?",
        "IE": r"([A-Z]\d[\dW])(?: ?[A-Z\d]{4})?",
        "NL": r"(\d{4})(?: ?[A-Z]{2})?",
        "SE": r"(\d{3}) ?(\d{2})",
        "IN": r"(\d{3}) ?(\d{3})",
        **dict.fromkeys(("AT", "AU", "BE", "CH", "DK", "NO", "NZ", "ZA"), r"(\d{4})"),
        **dict.fromkeys(("DE", "ES", "FI", "FR", "IT", "KE"), r"(\d{5})"),
    }.items()
}
# Codes of which the tables hold only the first characters: a position of an area, not of the code itself.
AREA_ONLY = frozenset({"CA", "GB", "IE", "NL"})
_HAS_DIGIT = re.compile(r"\d")
_COUNTRY_DASH = re.compile(r"(?:[A-Z]{1,2})-(\d{4,5})")

_NUMBER = r"(?P<{0}a>[NSEW])?\s*(?P<{0}>[+-]?\d{{1,4}}(?:\.\d+)?)\s*°?\s*(?P<{0}b>[NSEW])?"
_COORDINATES = re.compile(
    r"\(?\s*" + _NUMBER.format("y") + r"(?P<between>\s*[,;/]\s*|\s+)" + _NUMBER.format("x") + r"\s*\)?", re.IGNORECASE
)


_NO_NUMBERS = re.compile(r"(?:[+-]?(?:nan|inf(?:inity)?)[\s,;]+){1,2}[+-]?(?:nan|inf(?:inity)?|[\d.]+)", re.IGNORECASE)


def tidy(text: str) -> str:
    """Return ``text`` in NFKC with control characters, NULs and runs of blanks turned into one blank each."""
    composed = unicodedata.normalize("NFKC", text)
    kept = "".join(" " if unicodedata.category(c)[0] in "CZ" and c not in "\u200c\u200d" else c for c in composed)
    return " ".join(kept.split())


def fold(text: str) -> str:
    """Return the key under which a name is found: no accents, case, punctuation or blanks; Saint is St, Fort is Ft, Mount is Mt.

    The same for names in the tables and names typed, so "Coeur d'Alene", "COEUR D ALENE" and "Cœur d’Alène" are one.
    """
    return "".join(fold_words(text))


def fold_words(text: str) -> list[str]:
    """Return the folded words of ``text``; a leading "the" is left out."""
    if text.isascii():
        plain = text.lower().replace("&", " and ")
    else:
        plain = unicodedata.normalize("NFKC", text).casefold().translate(_LETTERS)
        plain = "".join(c for c in unicodedata.normalize("NFKD", plain) if not "\u0300" <= c <= "\u036f")
        plain = unicodedata.normalize("NFC", plain)
    words = [_SAME.get(word, word) for word in _BETWEEN.split(_DROPPED.sub("", plain)) if word]
    return words[1:] if len(words) > 1 and words[0] == "the" else words


def other_spellings(text: str) -> Iterator[str]:
    """Yield keys of what ``text`` may be short or long for, likeliest first: "N Las Vegas", "Colorado Spgs", "Koeln"."""
    words = fold_words(text)
    if not words:
        return
    seen = {"".join(words)}
    for variant in _spellings(words):
        key = "".join(variant)
        if key and key not in seen:
            seen.add(key)
            yield key


def _spellings(words: list[str]) -> Iterator[list[str]]:
    first = [_DIRECTIONS.get(words[0], _SHORT.get(words[0], words[0]))] if len(words) > 1 else words[:1]
    long = first + [_SHORT.get(word, word) for word in words[1:]]
    yield long
    if len(words) > 2 and words[0] in _BEFORE_OF and words[1] == "of":
        yield long[2:]
    if len(words) > 1 and words[0] in _BEFORE:
        yield long[1:]
    if len(words) > 1 and words[-1] in _AFTER:
        yield long[:-1]
    whole = "".join(words)
    yield [whole.replace("ae", "a").replace("oe", "o").replace("ue", "u")]


def looks_like_a_street(text: str) -> bool:
    """Tell whether ``text`` has the words of a street, such as "St" or "Avenue", after its first word."""
    return any(_STREET.fullmatch(word) for word in text.split()[1:])


def coordinates(text: str) -> tuple[float, float] | None:
    """Return (latitude, longitude) of "41.88, -87.63", "41.88N 87.63W" and the like; they may be out of range.

    Two whole numbers count only with a comma, semicolon or letters between them ("60601 1234" is a ZIP+4). None when
    ``text`` is anything else.
    """
    found = _COORDINATES.fullmatch(text)
    if found is None:
        return (math.nan, math.nan) if _NO_NUMBERS.fullmatch(text) else None
    letters = [(found[axis + "a"] or found[axis + "b"] or "").upper() for axis in "yx"]
    if not found["between"].strip() and not any(letters) and not ("." in found["y"] and "." in found["x"]):
        return None
    values = [
        float(found[axis]) * (-1 if letter in ("S", "W") else 1) for axis, letter in zip("yx", letters, strict=True)
    ]
    if letters[0] in ("E", "W") and letters[1] in ("N", "S", ""):
        return values[1], values[0]
    return values[0], values[1]


def postal_keys(code: str) -> dict[str, str]:
    """Return the countries in whose shape ``code`` is written, each with the characters the tables hold for it."""
    written = code.upper()
    if not _HAS_DIGIT.search(written) or len(written) > 10:
        return {}
    dashed = _COUNTRY_DASH.fullmatch(written)
    if dashed is not None:
        written = dashed[1]
    keys = {}
    for country, form in POSTAL_FORMS.items():
        found = form.fullmatch(written)
        if found is not None:
            keys[country] = "".join(group for group in found.groups() if group)
    return keys
