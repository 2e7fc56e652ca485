"""Postal codes: which countries a written code may belong to, military posts, and ZIPs nobody lists."""

from __future__ import annotations

import re
from typing import NamedTuple

from directory.gazetteer_files import Files, Record
from directory.gazetteer_places import Namer
from directory.gazetteer_text import AREA_ONLY, postal_keys
from directory.records import Place

NO_ZIPS = frozenset({"00000", "99999"})
# APO, FPO and DPO addresses: 09x (AE), 340 (AA), 962-966 (AP). The tables' points for them are anywhere.
_MILITARY_ZIP = re.compile(r"(?:09\d|340|96[2-6])\d\d")
_MILITARY_WORDS = re.compile(
    r"\b(?:APO|FPO|DPO)\b(?:[\s,]+A[AEP]\b)?(?:[\s,]+(\d{5})\b)?|\bA[AEP][\s,]+((?:09\d|340|96[2-6])\d\d)\b",
    re.IGNORECASE,
)


class Candidate(NamedTuple):
    """One reading of a code. ``exact`` is False for the area around a ZIP that is not listed.

    ``form`` is the country in whose shape it is written, ``country`` the one it lies in: Palau has US ZIPs.
    """

    form: str
    country: str
    place: Place
    record: Record
    exact: bool


class PostalCodes:
    """Looks codes up in the files."""

    def __init__(self, files: Files, namer: Namer) -> None:
        self._files = files
        self._namer = namer

    def readings(self, written: str) -> list[Candidate]:
        """Return what ``written`` may be, one per country at most; military ZIPs are not among them."""
        found: list[Candidate] = []
        if written in NO_ZIPS:
            return found
        for country, key in postal_keys(written).items():
            candidate = self.one(country, key)
            if candidate is not None:
                found.append(candidate)
        return found

    def one(self, country: str, key: str) -> Candidate | None:
        """Return the code with this key in one country, the area around it for a ZIP that is not listed, or None."""
        if country == "US" and (key in NO_ZIPS or is_military(key)):
            return None
        record = self._files.code(country, key)
        exact = record is not None
        if record is None and country == "US":
            # 969 is Guam and, 2 000 km and more away, three countries of their own: no area to fall back to.
            record = self._files.code("US", key[:3]) if not key.startswith("969") else None
        if record is None:
            return None
        shown = f"{key[:3]} {key[3:]}" if country in ("SE", "IN") else key
        place = self._namer.code(shown, record, not exact or country in AREA_ONLY)
        return Candidate(country, record.area.country, place, record, exact)


def is_military(zip_code: str) -> bool:
    """Tell whether a five-digit ZIP belongs to a military or diplomatic post abroad."""
    return _MILITARY_ZIP.fullmatch(zip_code) is not None


def military_place(zip_code: str | None) -> Place:
    """Return a military post: a place of the United States without a point, so it gets the national lines."""
    return Place(f"military post {zip_code}" if zip_code else "military post", "US", None, None, "postal_code")


def military_post(text: str) -> Place | None:
    """Return the military post that ``text`` speaks of ("PSC 3 Box 100, APO AE 09012"), or None."""
    found = _MILITARY_WORDS.search(text)
    if found is None:
        return None
    zip_code = found[1] or found[2]
    return military_place(zip_code) if zip_code is None or is_military(zip_code) else None
