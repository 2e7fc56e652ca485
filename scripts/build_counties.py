"""Write data/places/us_counties.csv and us_counties.npz: the counties of the United States, their names and outlines.

    npm pack us-atlas@3.0.1 && tar xzf us-atlas-3.0.1.tgz
    python scripts/build_counties.py package/counties-10m.json

The npm package us-atlas carries the Census Bureau's cartographic county boundaries of 2017, simplified for a scale of
1 : 10 000 000, as TopoJSON: borders are arcs of whole steps, shared by the counties on both sides. Here the arcs are
joined to rings, still in whole steps, so that they are loaded without a loop in Python. The package names a county
without its kind; the kinds below are the Census Bureau's (legal/statistical area descriptions, 2017).
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

PLACES = Path(__file__).parent.parent / "data" / "places"
EXPECTED = 3231
STATES = {
    "01": "AL", "02": "AK", "04": "AZ", "05": "AR", "06": "CA", "08": "CO", "09": "CT", "10": "DE", "11": "DC",
    "12": "FL", "13": "GA", "15": "HI", "16": "ID", "17": "IL", "18": "IN", "19": "IA", "20": "KS", "21": "KY",
    "22": "LA", "23": "ME", "24": "MD", "25": "MA", "26": "MI", "27": "MN", "28": "MS", "29": "MO", "30": "MT",
    "31": "NE", "32": "NV", "33": "NH", "34": "NJ", "35": "NM", "36": "NY", "37": "NC", "38": "ND", "39": "OH",
    "40": "OK", "41": "OR", "42": "PA", "44": "RI", "45": "SC", "46": "SD", "47": "TN", "48": "TX", "49": "UT",
    "50": "VT", "51": "VA", "53": "WA", "54": "WV", "55": "WI", "56": "WY", "60": "AS", "66": "GU", "69": "MP",
    "72": "PR", "78": "VI",
}  # fmt: skip
KINDS = {"22": "Parish", "60": "District", "69": "Municipality", "72": "Municipio"}
NO_KIND = frozenset({"11001", "32510", "66010", "69085", "78010", "78020", "78030"})
ALASKA = {
    "Census Area": "016 050 070 105 158 180 198 240 261 290",
    "City and Borough": "110 220 275 282",
    "Municipality": "020 230",
}
FIRST_INDEPENDENT_CITY = 510
LEAST_POINTS = 4

Ring = list[tuple[int, int]]


def main(source: Path) -> None:
    """Read the TopoJSON file and write the two files."""
    topology = json.loads(source.read_text(encoding="utf-8"))
    counties = sorted(topology["objects"]["counties"]["geometries"], key=lambda each: str(each["id"]))
    if len(counties) != EXPECTED:
        raise SystemExit(f"the file holds {len(counties):,} counties, the edition of 2017 {EXPECTED:,}")
    with (PLACES / "us_counties.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["code", "name"])
        writer.writerows((code(each["id"]), full_name(each["id"], each["properties"]["name"])) for each in counties)
    arcs = [list(absolute(arc)) for arc in topology["arcs"]]
    rings: list[Ring] = []
    polygon_of_ring: list[int] = []
    county_of_polygon: list[int] = []
    for number, county in enumerate(counties):
        for polygon in outlines(county, arcs):
            rings.extend(polygon)
            polygon_of_ring.extend([len(county_of_polygon)] * len(polygon))
            county_of_polygon.append(number)
    firsts, steps = np.array([ring[0] for ring in rings]), [np.diff(np.array(ring), axis=0) for ring in rings]
    np.savez_compressed(
        PLACES / "us_counties.npz",
        scale=np.array(topology["transform"]["scale"]),
        origin=np.array(topology["transform"]["translate"]),
        firsts=firsts.astype(np.int32),
        steps=np.concatenate(steps).astype(np.int16),
        points=np.array([len(ring) for ring in rings], dtype=np.int32),
        polygon_of_ring=np.array(polygon_of_ring, dtype=np.int32),
        county_of_polygon=np.array(county_of_polygon, dtype=np.int32),
    )
    sizes = ", ".join(f"{(PLACES / name).stat().st_size:,} bytes" for name in ("us_counties.csv", "us_counties.npz"))
    print(f"{len(counties):,} counties, {len(rings):,} rings, {sum(map(len, rings)):,} points; {sizes}")


def code(fips: str) -> str:
    """Return a county's code as an area served: 17031 is US-IL-031."""
    return f"US-{STATES[fips[:2]]}-{fips[2:]}"


def full_name(fips: str, name: str) -> str:
    """Return a county's name with its kind: Cook County, Orleans Parish, Baltimore city."""
    if fips in NO_KIND:
        return name
    if fips[:2] == "02":
        kind = next((kind for kind, codes in ALASKA.items() if fips[2:] in codes.split()), "Borough")
    elif int(fips[2:]) >= FIRST_INDEPENDENT_CITY and fips[:2] in {"24", "29", "51"}:
        kind = "city"
    else:
        kind = KINDS.get(fips[:2], "County")
    return f"{name} {kind}"


def absolute(arc: list[list[int]]) -> Iterator[tuple[int, int]]:
    """Yield the points of an arc, each of which is written as the step from the one before."""
    x = y = 0
    for east, north in arc:
        x, y = x + east, y + north
        yield x, y


def polygons(county: dict[str, Any]) -> list[list[list[int]]]:
    """Return the polygons of a county, each a list of rings, each a list of arc numbers."""
    return [county["arcs"]] if county["type"] == "Polygon" else list(county["arcs"])


def outlines(county: dict[str, Any], arcs: list[Ring]) -> list[list[Ring]]:
    """Return the polygons of a county as rings of points, less what simplification left as a line or a point.

    Falls Church, two kilometres across, is nothing but a line: it gets the box around it.
    """
    drawn = [[joined(ring, arcs) for ring in polygon] for polygon in polygons(county)]
    kept = [
        [outer, *(h for h in holes if len(h) >= LEAST_POINTS)] for outer, *holes in drawn if len(outer) >= LEAST_POINTS
    ]
    if kept:
        return kept
    x, y = zip(*drawn[0][0], strict=True)
    return [[[(min(x), min(y)), (max(x), min(y)), (max(x), max(y)), (min(x), max(y)), (min(x), min(y))]]]


def joined(ring: list[int], arcs: list[Ring]) -> Ring:
    """Return the points of a ring; arc ~n is arc n walked backwards, and each arc begins where the one before ends."""
    points: Ring = []
    for number in ring:
        arc = arcs[number] if number >= 0 else arcs[~number][::-1]
        points.extend(arc[1:] if points else arc)
    return points


if __name__ == "__main__":
    main(Path(sys.argv[1]))
