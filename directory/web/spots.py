"""Where a place is drawn on a map: as a pin where it is known by its door, else as an area."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from directory import geo
from directory.matches import EXACT
from directory.records import Place, Point, Precision

# How far from the centre of its area a place may well be, in km: an order of size, not a border.
AROUND_KM = {Precision.POSTAL_CODE: 3, Precision.CITY: 8, Precision.REGION: 100}


@dataclass(frozen=True, slots=True)
class Spot:
    """A place on the map: ``at`` is "latitude,longitude"; ``around_km`` is 0 for a door, else the size of its area."""

    at: str
    around_km: int = 0


@dataclass(frozen=True, slots=True)
class Drawn:
    """A map beside a page: the place searched, or the one place the page is about; ``unit`` is "mi" or "km"."""

    spot: Spot | None
    unit: str


def spot(row: Mapping[str, Any]) -> Spot | None:
    """Return where a resource is drawn; None when it has no position or its address is private and not made rough."""
    if row["latitude"] is None or row["longitude"] is None:
        return None
    point = Point(row["latitude"], row["longitude"])
    if row["precision"] not in EXACT:
        return Spot(_written(point, 2), AROUND_KM.get(row["precision"], AROUND_KM[Precision.CITY]))
    return None if row["confidential_location"] else Spot(_written(point, 4))


def of_search(place: Place | None, country: str) -> Drawn:
    """Return the map of a search; a whole country has no middle worth drawing."""
    point = place.point if place is not None and place.precision != "country" else None
    return Drawn(Spot(_written(point, 4)) if point is not None else None, _unit(country))


def of_resource(row: Mapping[str, Any], country: str) -> Drawn:
    """Return the map of one resource."""
    return Drawn(spot(row), _unit(country))


def _unit(country: str) -> str:
    return "mi" if geo.uses_miles(country) else "km"


def _written(point: Point, digits: int) -> str:
    return f"{round(point.latitude, digits)},{round(point.longitude, digits)}"
