"""From records of the files to places: how each is called, and which one a name means when several have it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from directory.gazetteer_files import Files, Named, Record, haversine_km
from directory.gazetteer_text import POSTAL_FORMS, fold
from directory.records import Place, Point

TIMES = 10  # the biggest place wins only with this many times the people of the next (design.md, "Places")
TIMES_SPREAD = 20  # a region or country against a city known by itself ("Washington"): its people are spread
KNOWN_CITY = 100_000
OWN_TOWN = 5_000  # a town of this size keeps its own name against the other names of bigger places
ONE_PLACE_KM = 20.0  # two records of one name and region this close are one place
MOST_CANDIDATES = 8
BIGGER_KM = 8.0  # a position is told from the big city this close rather than from its suburb
_IN_BRACKETS = re.compile(r"\s*\([^)]*\)")


def choose(found: Iterable[Named]) -> tuple[Named | None, list[Named]]:
    """Return the record a name means, or None, and all that bear the name, the biggest first.

    The biggest wins only with ten times the people of the next. Other names count for less. A part of a place's own name
    (Rio) counts where the place is bigger than all towns of just that name, and then leaves the choice open. Any other one
    (Hong Kong was Victoria, Dayton in Ohio was Venice) counts only where no town of 5,000 has it as its own. None counts in
    a region that has a place of just that name.
    """
    kept = _without_doubles(_without_containers(_without_nicknames(list(found))))
    if not kept:
        return None, []
    first = kept[0]
    alone = all(_outweighs(first, each) for each in kept[1:])
    nickname = not first.strong and any(each.strong and each.record.population >= OWN_TOWN for each in kept)
    return (first if alone and not nickname else None), kept


def _outweighs(first: Named, other: Named) -> bool:
    people = other.record.population
    known = first.record.kind != "city" and other.record.kind == "city" and people >= KNOWN_CITY
    return first.record.population > 0 and first.record.population >= (TIMES_SPREAD if known else TIMES) * people


def _without_nicknames(found: list[Named]) -> list[Named]:
    own = [each.record for each in found if each.strong and each.record.kind == "city"]
    biggest = max((record.population for record in own), default=-1)
    areas = {record.area[:2] for record in own}
    return [
        each
        for each in found
        if each.strong
        or (
            each.record.population > biggest
            and (each.short or biggest < OWN_TOWN)
            and each.record.area[:2] not in areas
        )
    ]


def _without_containers(found: list[Named]) -> list[Named]:
    """Leave out what is the same answer said wider or narrower.

    New York the state goes where New York the city has a tenth of its people; Mexico City, also called Mexico, goes where
    the country has the name itself.
    """
    wholes = [each for each in found if each.record.kind != "city"]
    countries = {each.record.area.country for each in wholes if each.record.kind == "country"}
    gone = {each.id for each in wholes if each.record.kind == "region" and each.record.area.country in countries}
    for whole in wholes:
        for each in found:
            if each.record.kind == "city" and _inside(each.record, whole.record):
                # Wien is Vienna's other name; the state around it holds little else.
                part = TIMES if each.strong else 2 if whole.record.kind == "region" else 0
                if each.record.population * part >= whole.record.population:
                    gone.add(whole.id)
                elif not each.strong:
                    gone.add(each.id)
    return [each for each in found if each.id not in gone]


def _inside(city: Record, whole: Record) -> bool:
    if city.area.country != whole.area.country:
        return False
    if whole.kind == "country" or city.area.region == whole.area.region:
        return True
    return apart_km(city, whole) < 60  # Buenos Aires is no part of the province around it


def _without_doubles(found: list[Named]) -> list[Named]:
    ordered = sorted(found, key=lambda each: (-each.record.population, not each.strong, each.id))
    kept: list[Named] = []
    towns: dict[tuple[str, str], list[Record]] = {}
    for each in ordered:
        if each.record.kind == "city":
            beside = towns.setdefault(each.record.area[:2], [])
            if any(apart_km(each.record, other) < ONE_PLACE_KM for other in beside):
                continue
            beside.append(each.record)
        kept.append(each)
    return kept


def apart_km(a: Record, b: Record) -> float:
    """Return about how many kilometres two records lie apart."""
    return haversine_km(a.latitude, a.longitude, b.latitude, b.longitude)


class Namer:
    """Turns records into places with a short, clear name."""

    def __init__(self, files: Files, country_name: Callable[[str], str]) -> None:
        self._files = files
        self._country_name = country_name

    def place(self, record: Record) -> Place:
        """Return a city, region or country as a place: "Chicago, IL", "London, England, United Kingdom", "Kenya"."""
        return Place(
            name=", ".join([record.label, *self._where(record)]),
            country=record.area.country,
            region=record.area.region or None,
            point=Point(record.latitude, record.longitude),
            precision=record.kind,
            population=record.population,
            timezone=record.area.timezone or None,
        )

    def code(self, written: str, record: Record, area_only: bool) -> Place:
        """Return a postal code as a place: "60601 Chicago, IL", "10115 Berlin, Germany"."""
        label = _IN_BRACKETS.sub("", record.label)
        first = f"{written} {label}".strip()
        return Place(
            name=", ".join([first, *self._where(record, label)]),
            country=record.area.country,
            region=record.area.region or None,
            point=Point(record.latitude, record.longitude),
            precision="postal_area" if area_only or record.kind == "about" else "postal_code",
            timezone=record.area.timezone or None,
        )

    def near(self, latitude: float, longitude: float) -> Place | None:
        """Return a position as a place: "near Chicago, IL"; None when no place is known within 500 km."""
        city = self._files.nearest_city(latitude, longitude)
        if city is None:
            return None
        known = city[1]
        # Near a border the postal codes lie closer than the towns, but only some countries have them.
        code = self._files.nearest_code(latitude, longitude, city[0]) if known.area.country in POSTAL_FORMS else None
        if code is not None:
            known = code[1]
        area = known.area
        towns = self._files.towns_within(latitude, longitude, BIGGER_KM, area)
        towns = towns or self._files.towns_within(latitude, longitude, city[0] + 0.1, area)
        if towns is not None:
            nearest, biggest = towns
            known = biggest if biggest.population >= TIMES * nearest.population else nearest
        return Place(
            name="near " + ", ".join([_IN_BRACKETS.sub("", known.label), *self._where(known)]),
            country=area.country,
            region=area.region or None,
            point=Point(latitude, longitude),
            precision="coordinates",
            timezone=area.timezone or None,
        )

    def _where(self, record: Record, label: str | None = None) -> list[str]:
        area = record.area
        country = self._country_name(area.country)
        if record.kind == "country":
            return []
        if record.kind == "region":
            return [country]
        if area.country == "US":
            return [area.region] if area.region else [country]
        if area.country in ("CA", "AU"):
            return [area.region, country] if area.region else [country]
        same = not area.region_name or fold(area.region_name) == fold(record.label if label is None else label)
        return [country] if same or fold(area.region_name) == fold(country) else [area.region_name, country]
