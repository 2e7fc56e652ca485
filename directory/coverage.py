"""How many US residents live near a set of places, by ZIP code."""

from __future__ import annotations

import csv
import gzip
import zlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from directory import geo
from directory.errors import BadData
from directory.records import Point

RADIUS_KM = 25 * geo.KILOMETRES_PER_MILE
RESIDENTS_FILE = Path("places") / "us_residents_by_zip.csv.gz"
# Arcs are taken from chords between whole metres, on a sphere that fits the place (geo.arc_km): quick, and off by less
# than this at any radius up to 1 000 km. Nearer to the edge, only the geodesic decides.
_EDGE_KM = 0.02
_EDGE_SHARE = 0.001

Cube = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Residents:
    """The people of one ZIP code area, all taken to live at its ``point``."""

    zip_code: str
    point: Point
    count: int


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many residents have a place within ``radius_km`` (geodesic kilometres, from the point of their ZIP code)."""

    residents_total: int
    residents_within: int
    radius_km: float

    @property
    def share(self) -> float:
        """The part of all residents who are within, from 0 to 1."""
        return self.residents_within / self.residents_total if self.residents_total else 0.0


def us_residents(folder: Path) -> tuple[Residents, ...]:
    """Return the residents of every US ZIP code area, from the data folder's ``places/us_residents_by_zip.csv.gz``.

    Census Bureau, American Community Survey 2018-2022: the states, the District of Columbia and Puerto Rico.

    Raises:
        BadData: the file is missing or damaged.
    """
    path = folder / RESIDENTS_FILE
    try:
        with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
            found = tuple(
                Residents(row["zip"], Point(float(row["latitude"]), float(row["longitude"])), int(row["residents"]))
                for row in csv.DictReader(file)
            )
    except (OSError, EOFError, zlib.error, KeyError, TypeError, ValueError, csv.Error) as error:
        raise BadData(f"{RESIDENTS_FILE.as_posix()} cannot be read: {error}") from None
    if not found:
        raise BadData(f"{RESIDENTS_FILE.as_posix()} holds no ZIP code")
    return found


def coverage(points: Iterable[Point], residents: Sequence[Residents], radius_km: float = RADIUS_KM) -> Coverage:
    """Return how many of the residents have one of the points within ``radius_km``.

    Distances are geodesic on WGS 84; only near the edge does that take geopy (about 0.2 ms a pair).
    """
    # Cubes as wide as the radius: a chord is never longer than its arc, so what is within lies in a cube or beside it.
    width = max(1.0, radius_km * 1000 + 1)
    cubes: dict[Cube, list[tuple[Cube, Point]]] = defaultdict(list)
    for point in set(points):
        position = geo.earth_centred(point)
        cubes[_cube(position, width)].append((position, point))
    within = sum(each.count for each in residents if _reached(each.point, cubes, width, radius_km))
    return Coverage(sum(each.count for each in residents), within, radius_km)


def _reached(point: Point, cubes: dict[Cube, list[tuple[Cube, Point]]], width: float, radius_km: float) -> bool:
    position = geo.earth_centred(point)
    x, y, z = _cube(position, width)
    margin = _EDGE_KM + radius_km * _EDGE_SHARE
    edge = []
    for dx, dy, dz in product((0, -1, 1), repeat=3):
        for other_position, other in cubes.get((x + dx, y + dy, z + dz), ()):
            arc = geo.arc_km(_squared(position, other_position), point.latitude)
            if arc < radius_km - margin:
                return True
            if arc <= radius_km + margin:
                edge.append(other)
    return any(geo.distance_km(point, other) <= radius_km for other in edge)


def _cube(position: Cube, width: float) -> Cube:
    x, y, z = position
    return int(x // width), int(y // width), int(z // width)


def _squared(a: Cube, b: Cube) -> int:
    return (a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2 + (a[2] - b[2]) ** 2
