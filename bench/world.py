"""Where generated resources stand and where people search: places of the project's own gazetteer, by their people."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from directory import coverage
from directory.gazetteer_files import CITY_BYTES, Files

# The share of resources outside the United States, and where.
ABROAD_SHARE = 0.12
ABROAD = frozenset({"CA", "MX", "GB", "IE", "AU", "NZ"})
# The share that stands anywhere people live, however few.
THIN_SHARE = 0.15
# City, region, country, time zone, postal code.
Label = tuple[str, str | None, str, str | None, str | None]


@dataclass(frozen=True, slots=True)
class World:
    """Places with their people. ``weights`` add up to 1;"""

    latitudes: NDArray[np.float64]
    longitudes: NDArray[np.float64]
    weights: NDArray[np.float64]
    people: NDArray[np.float64]
    labels: list[Label]


def load(data_folder: Path) -> World:
    """Return the ZIP code areas of the United States by residents, and the cities of some other countries by people."""
    files = Files(data_folder / "places")
    rows: list[tuple[float, float, float, Label]] = []
    for each in coverage.us_residents(data_folder):
        known = files.code("US", each.zip_code)
        if known is not None and each.count:
            area = known.area
            label: Label = (known.label, area.region or None, "US", area.timezone or None, each.zip_code)
            rows.append((each.point.latitude, each.point.longitude, each.count, label))
    home = len(rows)
    for number in range((data_folder / "places" / "cities.bin").stat().st_size // CITY_BYTES):
        city = files.record(number)
        if city.area.country in ABROAD and city.population:
            label = (city.label, city.area.region or None, city.area.country, city.area.timezone or None, None)
            rows.append((city.latitude, city.longitude, city.population, label))
    people = np.array([row[2] for row in rows], dtype=np.float64)
    weights = np.concatenate([_shares(people[:home], 1 - ABROAD_SHARE), _shares(people[home:], ABROAD_SHARE)])
    return World(
        np.array([row[0] for row in rows]),
        np.array([row[1] for row in rows]),
        weights / weights.sum(),
        people,
        [row[3] for row in rows],
    )


def _shares(people: NDArray[np.float64], share: float) -> NDArray[np.float64]:
    by_people: NDArray[np.float64] = people / people.sum()
    found: NDArray[np.float64] = share * ((1 - THIN_SHARE) * by_people + THIN_SHARE / len(people))
    return found
