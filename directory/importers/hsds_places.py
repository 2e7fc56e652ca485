"""The country, address and service areas of an HSDS service, as the cells of our columns."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from directory import clean_places
from directory.geocoding import Gazetteer
from directory.importers import positions
from directory.importers.drafts import Draft, Tally
from directory.importers.hsds_terms import Said, objects, text
from directory.needs import folded

ADDRESS = ("address_1", "address_2", "city", "region", "postal_code", "country")
_WORLD = frozenset({"world", "worldwide", "global", "international"})
_NATION = frozenset({"national", "nationwide", "countrywide"})
_STATE = frozenset({"state", "statewide"})
_OTHER_NAMES = {"usa": "US", "united states of america": "US", "us": "US", "uk": "GB", "great britain": "GB"}
# Territories that have a country code of their own, and that we list as regions of the US.
_TERRITORIES = frozenset({"PR", "GU", "VI", "AS", "MP"})
# What publishers write where a street is nobody's business.
_WITHHELD = frozenset(
    {"confidential", "undisclosed", "withheld", "address confidential", "confidential address", "confidential location"}
)

Object = Mapping[str, Any]


def address(draft: Draft, location: Object, said: Said, gazetteer: Gazetteer) -> None:
    """Fill in the cells of the address and position of a location; an address to visit goes before one to write to."""
    chosen = _chosen(objects(location.get("addresses")))
    cells = {
        "address_1": text(chosen.get("address_1")),
        "address_2": text(chosen.get("address_2")),
        "city": text(chosen.get("city")),
        "region": text(chosen.get("state_province")),
        "postal_code": text(chosen.get("postal_code")),
        "country": country(text(chosen.get("country")), gazetteer),
    }
    if "state_province" in said.details.get("derived", ()):
        cells["region"] = ""
    cells |= {name: said.detail(name) for name in ADDRESS if said.detail(name)}
    if cells["country"] in _TERRITORIES:
        cells |= {"country": "US", "region": cells["country"]}
    if folded(cells["address_1"]) in _WITHHELD:
        cells |= {"address_1": "", "address_2": "", "confidential_location": "yes"}
    if cells["country"] == "US" and (code := positions.repaired_zip(cells["postal_code"], cells["region"], gazetteer)):
        draft.repairs.append(("postal_code", cells["postal_code"], f"lost its leading zeros; read as {code}"))
        cells["postal_code"] = code
    if text(location.get("location_type")).lower() != "virtual":
        cells |= {name: degrees(text(location.get(name))) for name in ("latitude", "longitude")}
    draft.cells.update(cells)


def country(name: str, gazetteer: Gazetteer) -> str:
    """Return a country's code by its code or its English name; what is neither stays as it is."""
    if len(name) == 2:
        return "GB" if name.upper() == "UK" else name.upper()
    return _countries(gazetteer).get(folded(name), name)


def areas(found: Sequence[Object], home: str, region: str, gazetteer: Gazetteer) -> tuple[list[str], list[str]]:
    """Return the codes of service areas, and the names of those nobody can be sure of.

    ``home`` and ``region`` are those of the service's address: "statewide" is of that state.
    """
    codes, unknown = [], []
    for each in found:
        name, extent = text(each.get("name")), text(each.get("extent"))
        code = _code(extent) or _named(name, home, region, gazetteer)
        if code:
            codes.append(code)
        elif name or text(each.get("description")):
            unknown.append(name or text(each.get("description")))
    return list(dict.fromkeys(codes)), list(dict.fromkeys(unknown))


def degrees(number: str) -> str:
    """Return a number without an exponent (1E-7 is 0.0000001); what is no number stays as it is."""
    if "e" not in number.lower() or len(number) > 40:
        return number
    try:
        value = Decimal(number)
    except InvalidOperation:
        return number
    return format(value, "f") if abs(value) < 1000 and value.as_tuple().exponent in range(-40, 1) else number


def _chosen(addresses: Sequence[Object]) -> Object:
    order = {"physical": 0, "": 1, "postal": 2}
    known = [each for each in addresses if text(each.get("address_type")).lower() in order]
    return min(known, key=lambda each: order[text(each.get("address_type")).lower()], default={})


def _named(name: str, home: str, region: str, gazetteer: Gazetteer) -> str:
    bare = folded(name)
    words = dict.fromkeys(_WORLD, "world") | dict.fromkeys(_NATION, home) | dict.fromkeys(_STATE, f"{home}-{region}")
    if code := words.get(bare) or _countries(gazetteer).get(bare):
        return _code(code)
    if code := gazetteer.counties.code(re.sub(r",\s*(?:USA?|United States)\s*$", "", name)):
        return code
    first, _, land = name.rpartition(",")
    land_code = _countries(gazetteer).get(folded(land), "") if first else ""
    for where, what in ((land_code, first), (home or "US", name)):
        if where and what and (found := gazetteer.region_code(where, what[:200])):
            return _code(f"{where}-{found}")
    return ""


def _code(written: str) -> str:
    if not re.fullmatch(r"world|[A-Z]{2}(?:-[A-Z0-9]{1,3}){0,2}", written):
        return ""
    try:
        return clean_places.service_area(written)
    except ValueError:
        return ""


@lru_cache(maxsize=4)
def _countries(gazetteer: Gazetteer) -> Mapping[str, str]:
    return {folded(name): code for code, name in gazetteer.countries().items()} | _OTHER_NAMES


def tell_unknown(areas_unknown: Sequence[str], tally: Tally) -> None:
    """Count the areas that have no code of ours."""
    for name in areas_unknown:
        tally.unmapped[f"service area: {name[:100]}"] += 1
