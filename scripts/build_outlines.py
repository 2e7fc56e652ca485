"""Write directory/static/map/world.json and us.json: the outlines of countries and of the United States' states.

    npm pack us-atlas@3.0.1 world-atlas@2.0.2
    python scripts/build_outlines.py WORLD-ATLAS/countries-50m.json US-ATLAS/states-10m.json

Both files are TopoJSON: borders are arcs, shared by the areas on both sides. The arcs are simplified here (Douglas and
Peucker), so that neighbours still touch, and islets too small to see are left out. What is written:

    {"credit": who made the outlines, "scale": steps in a degree,
     "arcs": [[longitude, latitude, then the step to each next point, ...], ...],
     "areas": [[code, [polygon: [ring: [arc, ...], ...], ...]], ...]}

Arc ~n is arc n walked backwards. Countries have the numbers of ISO 3166-1, states the letters of the Postal Service. The
same input gives the same bytes.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from build_counties import LEAST_POINTS, STATES, Ring, absolute, joined, polygons

FOLDER = Path(__file__).parent.parent / "directory" / "static" / "map"
# Nobody is searched for there, and its coast is a twentieth of the world's.
ANTARCTICA = "010"


@dataclass(frozen=True, slots=True)
class Sheet:
    """One file to write. ``scale`` is steps in a degree, ``tolerance`` and ``islet`` are steps and square steps."""

    name: str
    layer: str
    credit: str
    scale: int
    tolerance: float
    islet: float
    fewest: int
    codes: dict[str, str] | None = None


WORLD = Sheet(
    "world.json", "countries", "Natural Earth 1:50m (public domain), world-atlas 2.0.2 (ISC)", 50, 2.5, 60, 230
)
STATES_OF_US = Sheet(
    "us.json", "states", "U.S. Census Bureau 2017 (public domain), us-atlas 3.0.1 (ISC)", 250, 1, 20, 56, STATES
)


def main(world: Path, states: Path) -> None:
    """Read both TopoJSON files and write ours."""
    FOLDER.mkdir(exist_ok=True)
    for sheet, source in ((WORLD, world), (STATES_OF_US, states)):
        made = outlines(sheet, json.loads(source.read_text(encoding="utf-8")))
        if len(made["areas"]) < sheet.fewest:
            raise SystemExit(f"{source} gives {len(made['areas'])} areas, not {sheet.fewest}")
        text = json.dumps(made, separators=(",", ":")) + "\n"
        (FOLDER / sheet.name).write_text(text, encoding="utf-8")
        print(f"{sheet.name}: {len(made['areas'])} areas, {len(made['arcs'])} arcs, {len(text):,} bytes")


def outlines(sheet: Sheet, topology: dict[str, Any]) -> dict[str, Any]:
    """Return the areas of a topology as they are written."""
    arcs = [simplified(stepped(arc, topology["transform"], sheet.scale), sheet.tolerance) for arc in topology["arcs"]]
    areas = []
    for each in sorted(topology["objects"][sheet.layer]["geometries"], key=lambda each: str(each.get("id"))):
        code = str(each.get("id", ""))
        if code == ANTARCTICA:
            continue
        kept = seen(polygons(each), arcs, sheet.islet)
        areas.append([sheet.codes[code] if sheet.codes else code, kept])
    used = sorted({max(arc, ~arc) for _, area in areas for ring in rings(area) for arc in ring})
    renumbered = {old: new for new, old in enumerate(used)}
    for each in areas:
        each[1] = [
            [[renumbered[arc] if arc >= 0 else ~renumbered[~arc] for arc in ring] for ring in polygon]
            for polygon in each[1]
        ]
    return {
        "credit": sheet.credit,
        "scale": sheet.scale,
        "arcs": [flat(arcs[number]) for number in used],
        "areas": areas,
    }


def rings(area: list[list[list[int]]]) -> Iterable[list[int]]:
    """Return the rings of an area, one after another."""
    return (ring for polygon in area for ring in polygon)


def stepped(arc: list[list[int]], transform: dict[str, list[float]], scale: int) -> Ring:
    """Return an arc in whole steps of ours, points that fall together written once."""
    (wide, high), (west, south) = transform["scale"], transform["translate"]
    points: Ring = []
    for x, y in absolute(arc):
        point = (round((x * wide + west) * scale), round((y * high + south) * scale))
        if not points or point != points[-1]:
            points.append(point)
    return points


def simplified(points: Ring, tolerance: float) -> Ring:
    """Return an arc less the points that lie within ``tolerance`` of what is drawn without them; the ends stay."""
    kept = {0, len(points) - 1}
    waiting = [(0, len(points) - 1)]
    while waiting:
        first, last = waiting.pop()
        if last - first < 2:
            continue
        far = max(range(first + 1, last), key=lambda n: away(points[n], points[first], points[last]))
        if away(points[far], points[first], points[last]) > tolerance:
            kept.add(far)
            waiting += [(first, far), (far, last)]
    return [points[n] for n in sorted(kept)]


def away(point: tuple[int, int], one: tuple[int, int], other: tuple[int, int]) -> float:
    """Return how far a point is from the line between two others."""
    (x, y), (x1, y1), (x2, y2) = point, one, other
    length = math.dist(one, other)
    if not length:
        return math.dist(point, one)
    share = max(0.0, min(1.0, ((x - x1) * (x2 - x1) + (y - y1) * (y2 - y1)) / length**2))
    return math.dist(point, (x1 + share * (x2 - x1), y1 + share * (y2 - y1)))


def seen(area: list[list[list[int]]], arcs: list[Ring], islet: float) -> list[list[list[int]]]:
    """Return the polygons of an area that can be seen, the largest always, and no hole too small to see."""
    sized = [(size(joined(polygon[0], arcs)), polygon) for polygon in area]
    largest = max(sized, key=lambda each: each[0])[1]
    return [
        [polygon[0], *(hole for hole in polygon[1:] if len(joined(hole, arcs)) >= LEAST_POINTS)]
        for square, polygon in sized
        if square > islet or polygon is largest
    ]


def size(ring: Ring) -> float:
    """Return the square steps within a ring."""
    return abs(sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in pairwise(ring))) / 2


def flat(points: Ring) -> list[int]:
    """Return an arc as one list: the first point, then the step to each next one."""
    numbers = list(points[0])
    for (x1, y1), (x2, y2) in pairwise(points):
        numbers += [x2 - x1, y2 - y1]
    return numbers


if __name__ == "__main__":
    main(*(Path(argument) for argument in sys.argv[1:3]))
