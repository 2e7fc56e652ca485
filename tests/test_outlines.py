"""The outlines under the map: made from TopoJSON so that neighbours still touch, and small enough for a phone."""

import gzip
import json
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT / "scripts"))

import build_outlines  # noqa: E402

# Two squares side by side, ten degrees each; arc 0 is the border between them. Beside them an islet, and a hole.
TOPOLOGY: dict[str, Any] = {
    "transform": {"scale": [0.1, 0.1], "translate": [-10.0, 0.0]},
    "arcs": [
        [[100, 0], [0, 50], [0, 50]],
        [[100, 100], [-100, 0], [0, -100], [100, 0]],
        [[100, 0], [100, 0], [0, 100], [-100, 0]],
        [[300, 300], [1, 0], [0, 1], [-1, 0], [0, -1]],
    ],
    "objects": {
        "countries": {
            "geometries": [
                {"type": "MultiPolygon", "id": "001", "arcs": [[[0, 1]], [[3]]]},
                {"type": "Polygon", "id": "002", "arcs": [[2, -1]]},
                {"type": "Polygon", "id": "010", "arcs": [[3]]},
            ]
        }
    },
}
SHEET = build_outlines.Sheet("test.json", "countries", "Example", 10, 1, 5, 1)


def areas(made: dict[str, Any]) -> dict[str, list[list[list[tuple[float, float]]]]]:
    """Read the file as the map does."""
    lines = []
    for x, y, *steps in made["arcs"]:
        line = [(x, y)]
        for east, north in zip(steps[::2], steps[1::2], strict=True):
            line.append((line[-1][0] + east, line[-1][1] + north))
        lines.append([(x / made["scale"], y / made["scale"]) for x, y in line])
    return {
        code: [[build_outlines.joined(ring, lines) for ring in polygon] for polygon in polygons]
        for code, polygons in made["areas"]
    }


def test_borders_are_written_once_points_on_a_line_left_out_and_islets_too() -> None:
    made = build_outlines.outlines(SHEET, TOPOLOGY)
    assert made["arcs"][0] == [0, 0, 0, 100], "the middle of a straight border says nothing"
    assert areas(made) == {
        "001": [[[(0, 0), (0, 10), (-10, 10), (-10, 0), (0, 0)]]],
        "002": [[[(0, 0), (10, 0), (10, 10), (0, 10), (0, 0)]]],
    }, "neighbours share their border, the islet and Antarctica are gone"


def test_an_area_keeps_its_largest_polygon_however_small() -> None:
    alone = {**TOPOLOGY, "objects": {"countries": {"geometries": [{"type": "Polygon", "id": "798", "arcs": [[3]]}]}}}
    (tuvalu,) = areas(build_outlines.outlines(SHEET, alone)).values()
    assert len(tuvalu) == 1


@pytest.fixture(scope="module")
def shipped() -> dict[str, dict[str, Any]]:
    return {name: json.loads((build_outlines.FOLDER / name).read_text("utf-8")) for name in ("world.json", "us.json")}


def test_the_shipped_outlines_hold_countries_and_states_and_weigh_at_most_90_kb(shipped: dict[str, Any]) -> None:
    world, states = (dict(made["areas"]) for made in shipped.values())
    assert {"840", "124", "484", "826", "724", "020"} <= world.keys() and "010" not in world
    assert set(build_outlines.STATES.values()) == states.keys()
    weights = [len(gzip.compress((build_outlines.FOLDER / name).read_bytes(), 6)) for name in shipped]
    assert sum(weights) <= 90 * 1024
    assert [made["credit"].split(" (")[0] for made in shipped.values()] == [
        "Natural Earth 1:50m",
        "U.S. Census Bureau 2017",
    ]


def test_a_state_lies_where_it_is(shipped: dict[str, Any]) -> None:
    colorado = [point for polygon in areas(shipped["us.json"])["CO"] for ring in polygon for point in ring]
    west, east = min(x for x, _ in colorado), max(x for x, _ in colorado)
    south, north = min(y for _, y in colorado), max(y for _, y in colorado)
    assert (west, south, east, north) == pytest.approx((-109.06, 36.99, -102.04, 41.0), abs=0.02)
    for polygons in areas(shipped["us.json"]).values():
        for polygon in polygons:
            assert all(ring[0] == ring[-1] for ring in polygon), "every ring is closed"
