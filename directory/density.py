"""What a search knows of the index before it asks: posted tokens, how many places stand round a point, regions, schedules."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from sqlalchemy import Connection, select

from directory import engines, schedules
from directory.geo import BAND_DEGREES, LONGITUDE_STEPS, Window, band, longitude_step
from directory.index import ANY, CELL_BANDS, CELL_STEPS, country_of
from directory.index_tables import PlaceDensity, PlaceExtent, TokenCount
from directory.records import Point
from directory.schedules import Schedules

# A coarse cell is so many cells wide and high.
COARSE = 5
CELL_DEGREES = CELL_BANDS * BAND_DEGREES
COLUMNS = 360 * LONGITUDE_STEPS // CELL_STEPS
KM_PER_DEGREE = 111.2
# A token that is not posted is held by more than a quarter of the resources.
COMMON_SHARE = 0.35
# A ring is drawn a little wide: a second statement costs more than the rows it reads in vain.
MARGIN = 1.3

Cells = Mapping[tuple[int, int], int]


@dataclass(frozen=True, slots=True)
class Extent:
    """The part of the index that holds all places of a region, and how many those are about."""

    window: Window
    resources: int

    def joined(self, other: Extent) -> Extent:
        """Return what holds both."""
        ((west, east),), ((other_west, other_east),) = self.window.longitudes, other.window.longitudes
        window = Window(
            min(self.window.first_band, other.window.first_band),
            max(self.window.last_band, other.window.last_band),
            ((min(west, other_west), max(east, other_east)),),
        )
        return Extent(window, self.resources + other.resources)


@dataclass(frozen=True)
class Known:
    """The index of one version of the data. ``cells`` and ``coarse`` count places by row and column of a grid.

    ``extents`` go by ``index.area_number``; ``areas_served`` are those that help from afar names.
    """

    version: int
    posted: Mapping[int, int]
    cells: Cells
    coarse: Cells
    extents: Mapping[int, Extent]
    countries: Mapping[str, Extent]
    areas_served: frozenset[str]
    schedules: Schedules

    @cached_property
    def regions_of_counties(self) -> frozenset[str]:
        """Return the regions of which a county is served by something ("US-IL")."""
        return frozenset(area.rpartition("-")[0] for area in self.areas_served if area.count("-") > 1)

    def share(self, token: int) -> float:
        """Return which part of the resources holds a token, as far as is known."""
        if token == ANY:
            return 1.0
        held = self.posted.get(token)
        return COMMON_SHARE if held is None else held / max(1, self.posted.get(ANY, 0))

    def rarest(self, tokens: Iterable[int]) -> int:
        """Return the token to drive on: of those demanded and posted, the one fewest resources hold; else ANY."""
        held = [token for token in tokens if token in self.posted]
        return min(held, key=lambda token: (self.posted[token], token), default=ANY)

    def places_in(self, window: Window) -> int:
        """Return how many places stand in a window at most, counted by the coarse cells."""
        high, wide = CELL_BANDS * COARSE, CELL_STEPS * COARSE
        rows = range(window.first_band // high, window.last_band // high + 1)
        edge = 180 * LONGITUDE_STEPS
        columns = {
            column
            for west, east in window.longitudes
            for column in range((west + edge) // wide, (east + edge) // wide + 1)
        }
        return sum(self.coarse.get((row, column), 0) for row in rows for column in columns)

    def radius_km(self, point: Point, wanted: float) -> float:
        """Return the radius round a point in which about ``wanted`` places stand, in kilometres; infinite where few do."""
        for cells, size in ((self.cells, CELL_DEGREES), (self.coarse, CELL_DEGREES * COARSE)):
            count, square_km = _around(cells, size, point)
            if count >= wanted:
                return math.sqrt(MARGIN * wanted * square_km / (math.pi * count))
        return math.inf if not count else math.sqrt(MARGIN * wanted * square_km / (math.pi * count))


def load(connection: Connection, before: Known | None = None) -> Known:
    """Return what is known of the index now; ``before`` when nothing has changed since."""
    version = data_version(connection)
    if before is not None and before.version == version:
        return before
    posted = dict(connection.execute(select(TokenCount.token, TokenCount.resources)).all())
    cells: dict[tuple[int, int], int] = {}
    coarse: dict[tuple[int, int], int] = {}
    for row, column, count in connection.execute(select(PlaceDensity.row, PlaceDensity.column, PlaceDensity.resources)):
        cells[row, column] = count
        wide = row // COARSE, column // COARSE
        coarse[wide] = coarse.get(wide, 0) + count
    extents = {
        area: Extent(Window(first, last, ((west, east),)), count)
        for area, first, last, west, east, count in connection.execute(select(*PlaceExtent.__table__.columns))
    }
    countries: dict[str, Extent] = {}
    for area, extent in extents.items():
        country = country_of(area)
        countries[country] = extent if country not in countries else countries[country].joined(extent)
    served = frozenset(area for (area,) in engines.rows(connection, _AREAS_SERVED))
    return Known(version, posted, cells, coarse, extents, countries, served, Schedules(schedules.load(connection)))


def data_version(connection: Connection) -> int:
    """Return the version of the data: it grows with every change."""
    ((version,),) = engines.rows(connection, _VERSION)
    return int(version)


_VERSION = "SELECT value FROM meta WHERE key = 'data_version'"
# Each area once, from one to the next: there are few of them in a long index.
_AREAS_SERVED = f"""
    WITH RECURSIVE served (area) AS (
        SELECT min(area) FROM area_token WHERE token = {ANY}
        UNION ALL
        SELECT (SELECT min(area) FROM area_token WHERE token = {ANY} AND area_token.area > served.area)
        FROM served WHERE served.area IS NOT NULL
    ) SELECT area FROM served WHERE area IS NOT NULL
"""


def _around(cells: Cells, size: float, point: Point) -> tuple[int, float]:
    """Return how many places stand in the cell of a point and the eight around it, and their area in square kilometres."""
    scale = COARSE if size > CELL_DEGREES else 1
    row = band(point.latitude) // CELL_BANDS // scale
    column = (longitude_step(point.longitude) + 180 * LONGITUDE_STEPS) // CELL_STEPS // scale
    columns = COLUMNS // scale
    count = sum(cells.get((row + up, (column + east) % columns), 0) for up in (-1, 0, 1) for east in (-1, 0, 1))
    side = 3 * size * KM_PER_DEGREE
    return count, side * side * max(0.05, math.cos(math.radians(point.latitude)))
