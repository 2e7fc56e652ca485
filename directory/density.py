"""What a search knows of the index before it asks: posted tokens, how many places stand round a point, regions, schedules."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, select

from directory import schedules
from directory.geo import BAND_DEGREES, LONGITUDE_STEPS, Window, band, longitude_step
from directory.index import ANY, CELL_BANDS, CELL_STEPS
from directory.models import PlaceDensity, PlaceExtent, TokenCount
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


@dataclass(frozen=True)
class Known:
    """The index of one version of the data. ``cells`` and ``coarse`` count places by row and column of a grid."""

    version: int
    posted: Mapping[int, int]
    cells: Cells
    coarse: Cells
    extents: Mapping[int, Extent]
    schedules: Schedules

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

    def radius_km(self, point: Point, wanted: float) -> float:
        """Return the radius round a point in which about ``wanted`` places stand, in kilometres; infinite where few do."""
        for cells, size in ((self.cells, CELL_DEGREES), (self.coarse, CELL_DEGREES * COARSE)):
            count, square_km = _around(cells, size, point)
            if count >= wanted:
                return math.sqrt(MARGIN * wanted * square_km / (math.pi * count))
        return math.inf if not count else math.sqrt(MARGIN * wanted * square_km / (math.pi * count))


def load(connection: Connection, before: Known | None = None) -> Known:
    """Return what is known of the index now; ``before`` when nothing has changed since."""
    version = connection.exec_driver_sql(_VERSION).scalar_one()
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
    return Known(version, posted, cells, coarse, extents, Schedules(schedules.load(connection)))


_VERSION = "SELECT value FROM meta WHERE key = 'data_version'"


def _around(cells: Cells, size: float, point: Point) -> tuple[int, float]:
    """Return how many places stand in the cell of a point and the eight around it, and their area in square kilometres."""
    scale = COARSE if size > CELL_DEGREES else 1
    row = band(point.latitude) // CELL_BANDS // scale
    column = (longitude_step(point.longitude) + 180 * LONGITUDE_STEPS) // CELL_STEPS // scale
    columns = COLUMNS // scale
    count = sum(cells.get((row + up, (column + east) % columns), 0) for up in (-1, 0, 1) for east in (-1, 0, 1))
    side = 3 * size * KM_PER_DEGREE
    return count, side * side * max(0.05, math.cos(math.radians(point.latitude)))
