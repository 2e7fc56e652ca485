"""The counties of the United States: their names, and which one a position lies in (data/places/us_counties.*)."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

from directory.clean_places import region as state_of
from directory.errors import BadData
from directory.gazetteer_text import fold
from directory.records import Point

# The outlines are simplified: on the coast and at a border a position may lie just outside its own county.
OUTSIDE_DEGREES = 0.2


class Counties:
    """The counties in the files of ``folder`` (data/places); names and outlines are each read when first asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def at(self, point: Point, state: str | None = None) -> str | None:
        """Return the code of the county a position lies in ("US-IL-031"), None when it lies in none.

        At most 0.2 degrees outside every outline, the nearest county counts. With ``state`` ("IL") only its counties do.

        Raises:
            BadData: a file is missing or damaged.
        """
        return self._outlines.at(point, state)

    def name(self, code: str) -> str | None:
        """Return the name of a county by its code: "Cook County, IL"; None when there is no such county."""
        name = self._names.get(code)
        return f"{name}, {code[3:5]}" if name is not None else None

    def code(self, text: str) -> str | None:
        """Return the code of the county that ``text`` names: "Cook County, IL", "cook, Illinois", "City of Baltimore, MD".

        None when there is none of that name, and when a city and a county share it ("Baltimore, MD").
        """
        name, comma, state = text[:200].rpartition(",")
        if not comma:
            name, _, state = text[:200].strip().rpartition(" ")
        try:
            letters = state_of(state, "US")
        except ValueError:
            return None
        return self._codes.get((letters, fold(name)))

    @cached_property
    def _names(self) -> dict[str, str]:
        try:
            with (self._folder / "us_counties.csv").open(encoding="utf-8", newline="") as lines:
                return {row["code"]: row["name"] for row in csv.DictReader(lines)}
        except (OSError, KeyError, ValueError) as error:
            raise _damaged(self._folder, error) from error

    @cached_property
    def _codes(self) -> dict[tuple[str, str], str | None]:
        """The codes by state and folded name, with and without the kind; None where two counties share one."""
        codes: dict[tuple[str, str], str | None] = {}
        for code, full in self._names.items():
            for key in {fold(spelling) for spelling in _spellings(full)}:
                known = codes.setdefault((code[3:5], key), code)
                if known != code:
                    codes[code[3:5], key] = None
        for code, full in self._names.items():
            codes[code[3:5], fold(full)] = code
        return codes

    @cached_property
    def _outlines(self) -> _Outlines:
        return _Outlines.read(self._folder, list(self._names))


def _spellings(full: str) -> list[str]:
    for kind in (" City and Borough", " Census Area", " County", " Parish", " Borough", " Municipality", " Municipio"):
        if full.endswith(kind):
            bare = full.removesuffix(kind)
            return [full, bare, *([f"{bare} County"] if kind == " Parish" else [])]
    if full.endswith(" city"):
        bare = full.removesuffix(" city")
        return [full, bare, f"City of {bare}"]
    return [full]


@dataclass(frozen=True, slots=True)
class _Outlines:
    """Every polygon of every county in a tree of boxes."""

    shapely: Any
    tree: Any
    codes: list[str]

    @classmethod
    def read(cls, folder: Path, names: list[str]) -> _Outlines:
        # A tenth of a second and some 30 MB that only a search with a place in the United States needs.
        import numpy as np  # noqa: PLC0415
        import shapely  # type: ignore[import-untyped]  # noqa: PLC0415

        try:
            with (folder / "us_counties.npz").open("rb") as file, np.load(file, allow_pickle=False) as stored:
                packed = {name: stored[name] for name in stored.files}
            points = packed["points"]
            ends = np.cumsum(points)
            steps = np.zeros((int(ends[-1]), 2), dtype=np.int64)
            first = ends - points
            inner = np.ones(len(steps), dtype=bool)
            inner[first] = False
            steps[inner] = packed["steps"]
            steps[first] = packed["firsts"]
            whole = np.cumsum(steps, axis=0)
            # A sum over all rings at once: take away what the rings before have added up to.
            whole -= np.repeat(np.vstack([[[0, 0]], whole[ends[:-1] - 1]]), points, axis=0)
            degrees = whole * packed["scale"] + packed["origin"]
            rings = shapely.linearrings(degrees, indices=np.repeat(np.arange(len(points)), points))
            polygons = shapely.polygons(rings, indices=packed["polygon_of_ring"])
            codes = [names[number] for number in packed["county_of_polygon"]]
        except (OSError, KeyError, ValueError, IndexError, EOFError, BadZipFile, shapely.errors.ShapelyError) as error:
            raise _damaged(folder, error) from error
        return cls(shapely, shapely.STRtree(polygons), codes)

    def at(self, point: Point, state: str | None) -> str | None:
        here = self.shapely.Point(point.longitude, point.latitude)
        inside = self._of(self.tree.query(here, predicate="intersects"), state)
        if inside:
            # The outlines of a small independent city and of the county around it may overlap.
            return self.codes[min(inside, key=lambda number: self.tree.geometries[number].area)]
        around = self._of(self.tree.query(here.buffer(OUTSIDE_DEGREES)), state)
        nearest = min(((here.distance(self.tree.geometries[n]), self.codes[n]) for n in around), default=None)
        return nearest[1] if nearest is not None and nearest[0] <= OUTSIDE_DEGREES else None

    def _of(self, numbers: Any, state: str | None) -> list[int]:
        return [int(n) for n in numbers if state is None or self.codes[n][3:5] == state]


def _damaged(folder: Path, error: Exception) -> BadData:
    return BadData(
        f"{folder} does not hold the counties ({error}); get data/places again, or run scripts/build_counties.py",
        field="places",
    )
