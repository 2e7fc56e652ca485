"""What SAMHSA's publications say alike of a facility: its name, address, numbers, an id made of these, and their year."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import date
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path

from directory import phones
from directory.geocoding import Gazetteer
from directory.importers.drafts import Draft
from directory.importers.sources import Source
from directory.records import Phone

KEY = ("name1", "name2", "street1", "street2", "city", "state", "zip", "phone")
"""The columns that tell one facility from another: two rows with the same are one."""
ORIGINS = {
    "name": "name1", "organization": "name1", "address_1": "street1", "address_2": "street2", "city": "city",
    "region": "state", "country": "state", "postal_code": "zip", "phone": "phone", "url": "website",
    "latitude": "latitude", "longitude": "longitude", "description": "intake1",
}  # fmt: skip
INTAKES = ("intake1", "intake2", "intake1a", "intake2a")
HOTLINES = ("hotline1", "hotline2")
# Freely associated states: in the US lists by their two letters, yet countries with numbers of their own.
_COUNTRIES = {"FM": "691", "MH": "692", "PW": "680"}
# Words after which a name goes on in the second cell: "North Shore Child and" + "Guidance Center".
_GOES_ON = re.compile(r"(\b(and|of|for|the|a|an|to|in|at|on|with)|[&/,(-])$", re.IGNORECASE)
_FIRST_YEAR = 2000


def draft(number: int, own: Mapping[str, str], gazetteer: Gazetteer) -> Draft:
    """Return the cells of a facility that every publication fills in the same way; empty columns may be missing.

    A ZIP that lost its leading zeros is mended where the code so made lies in the state. A street of hyphens is one the
    publisher withholds: the place is confidential. A number nobody can dial gives way to the first intake number
    somebody can; further numbers are told in the description.
    """
    country = own["state"] if own["state"] in _COUNTRIES else "US"
    name, organization = named(own["name1"], own.get("name2", ""))
    made = Draft(number, {}, ORIGINS, own)
    if not own["state"]:
        made.problems.append(("state", "", "is empty"))
    code = _zip(made, own, gazetteer) if country == "US" else own["zip"]
    cells = {
        "id": made_id({**own, "zip": code}),
        "name": name,
        "organization": organization,
        "city": own["city"],
        "region": own["state"] if country == "US" else "",
        "country": country,
        "formats": "in_person",
        # No publication says English; it is the rule in every state but Puerto Rico.
        "languages": "" if own["state"] == "PR" else "en",
        # An empty address of a site is written http:// in these lists.
        "url": "" if own.get("website", "").casefold() in {"http://", "https://"} else own.get("website", ""),
        "latitude": own.get("latitude", ""),
        "longitude": own.get("longitude", ""),
    }
    if re.search(r"\w", own["street1"]):
        cells |= {"address_1": own["street1"], "address_2": own.get("street2", ""), "postal_code": code}
    elif own["street1"]:
        cells["confidential_location"] = "yes"
    made.cells.update(cells)
    _add_numbers(made, own, country)
    return made


def named(first: str, second: str) -> tuple[str, str]:
    """Return the full name, and the organisation where the full name says more than it."""
    if not second or plain_key(second) in plain_key(first):
        return first, ""
    if _GOES_ON.search(first) or second[0] in "(/&" or second[0].islower():
        return f"{first} {second}", ""
    return f"{first} - {second}", first


def plain_key(text: str) -> str:
    """Return a text in lower-case words of plain letters and digits."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return " ".join(re.findall(r"[a-z0-9]+", plain.replace("'", "")))


def made_id(own: Mapping[str, str]) -> str:
    """Return the id of a facility whose publisher gives none: 64 bits of a hash of its ``KEY``, case and blanks apart."""
    words = "|".join(" ".join(own.get(column, "").casefold().split()) for column in KEY)
    return f"samhsa-{blake2b(words.encode('utf-8', 'replace'), digest_size=8).hexdigest()}"


def year(path: Path, source: Source, today: date, stated: Iterable[date | None] = ()) -> int | None:
    """Return the year a publication speaks of, None when nothing tells it.

    The oldest of the years in the file's name or its source's, the days ``stated`` in it and the day it was retrieved: a
    copy made later is not newer for that.
    """
    named_years = [int(found) for found in re.findall(r"(?<!\d)20\d\d(?!\d)", f"{path.name} {source.key}")]
    days = [day.year for day in (*stated, source.retrieved) if day is not None]
    return min((found for found in (*named_years, *days) if _FIRST_YEAR <= found <= today.year), default=None)


def checked(found: int | None, what: str) -> dict[str, str]:
    """Return ``last_checked`` and ``checked_by``: a publication says no more than its year, so the first day of it."""
    return {"last_checked": f"{found}-01-01", "checked_by": f"SAMHSA, {found} {what}"} if found else {}


def note(found: int | None) -> str:
    """Return what a report says of a publication's year."""
    if found is None:
        return "nothing tells its year: its facilities come in without the day they were last checked"
    return f"of {found}, so last checked on {found}-01-01"


def _zip(made: Draft, own: Mapping[str, str], gazetteer: Gazetteer) -> str:
    cell = own["zip"]
    bare = cell.removesuffix(".0")
    if not re.fullmatch(r"\d{3,4}|\d{7,8}", bare):
        return cell
    whole = bare.zfill(5 if len(bare) < 5 else 9)[:5]
    place = gazetteer.position("US", None, None, whole)
    if place is None or place.region is None or place.region != own["state"]:
        return cell
    made.repairs.append(("zip", cell, f"lost its leading zero; read as {whole}, which lies in {own['state']}"))
    return whole


def _add_numbers(made: Draft, own: Mapping[str, str], country: str) -> None:
    told = own.get("phone", "")
    others: dict[Phone, tuple[str, str]] = {}
    for column in INTAKES:
        if own.get(column, "") not in {"", told} and (found := _taken(made, own, column, country)):
            others.setdefault(found, (column, own[column]))
    if others:
        phone, reason = _number(told, country) if told else (None, "")
        if phone is None:
            phone, (column, taken) = next(iter(others.items()))
            if told:
                made.warnings.append(("phone", told, f"{reason}; {column} is given instead: {taken}"))
            told = taken
        others.pop(phone, None)
    made.cells["phone"] = _written(told, country)
    hotlines = [found for column in HOTLINES if own.get(column) and (found := _taken(made, own, column, country))]
    sentences = [
        f"{words} {' or '.join(phones.display(each, country) for each in numbers)}."
        for words, numbers in (("To start, you can also call", list(others)), ("Hotline:", dict.fromkeys(hotlines)))
        if numbers
    ]
    made.cells["description"] = " ".join(sentences)


def _taken(made: Draft, own: Mapping[str, str], column: str, country: str) -> Phone | None:
    phone, reason = _number(own[column], country)
    if phone is None:
        made.warnings.append((column, own[column], f"{reason}; left out"))
    return phone


@lru_cache(maxsize=4096)
def _number(cell: str, country: str) -> tuple[Phone | None, str]:
    try:
        return phones.dialable(_written(cell, country), country), ""
    except ValueError as error:
        return None, str(error)


def _written(cell: str, country: str) -> str:
    """Return a number with a plus where it begins with the code of its country, as the lists write it: 691-350-2115."""
    code = _COUNTRIES.get(country)
    return f"+{cell}" if code and cell.startswith(f"{code}-") else cell
