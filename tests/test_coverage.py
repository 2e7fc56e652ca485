"""directory.coverage: whom a set of places reaches."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from directory import geo
from directory.coverage import RADIUS_KM, Coverage, Residents, coverage, us_residents
from directory.errors import BadData
from directory.records import Point

DATA = Path(__file__).parent.parent / "data"
CHICAGO = Point(41.8781, -87.6298)
EVANSTON = Residents("60201", Point(42.0546, -87.6943), 40_000)
MILWAUKEE = Residents("53202", Point(43.0506, -87.8967), 25_000)


def test_residents_within_the_radius_count_and_those_beyond_do_not():
    assert coverage([CHICAGO], [EVANSTON, MILWAUKEE]) == Coverage(65_000, 40_000, RADIUS_KM)
    assert coverage([CHICAGO], [EVANSTON, MILWAUKEE]).share == 40 / 65
    assert coverage([CHICAGO], [EVANSTON, MILWAUKEE], radius_km=150) == Coverage(65_000, 65_000, 150)


def test_two_places_nearby_count_their_residents_once():
    assert coverage([CHICAGO, CHICAGO, Point(42.0, -87.7)], [EVANSTON]) == Coverage(40_000, 40_000, RADIUS_KM)


def test_no_places_reach_nobody():
    assert coverage([], [EVANSTON]) == Coverage(40_000, 0, RADIUS_KM)
    assert coverage([], []).share == 0.0


def test_the_edge_is_decided_by_the_geodesic():
    distance = geo.distance_km(CHICAGO, EVANSTON.point)
    assert coverage([CHICAGO], [EVANSTON], radius_km=distance).residents_within == 40_000
    assert coverage([CHICAGO], [EVANSTON], radius_km=distance - 0.001).residents_within == 0


anywhere = st.builds(Point, st.floats(-90, 90), st.floats(-180, 180))
close_together = st.builds(
    Point, st.floats(89, 90) | st.floats(-0.5, 0.5), st.floats(179.4, 180) | st.floats(-180, -179)
)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(anywhere | close_together, max_size=8),
    st.lists(anywhere | close_together, max_size=8),
    st.sampled_from([1.0, RADIUS_KM, 160.0, 1000.0]),
)
def test_equals_a_geodesic_to_every_place_poles_and_180_degrees_included(places, homes, radius_km):
    residents = [Residents(str(number), point, 1 << number) for number, point in enumerate(homes)]
    expected = sum(
        each.count for each in residents if any(geo.distance_km(each.point, place) <= radius_km for place in places)
    )
    assert coverage(places, residents, radius_km).residents_within == expected


def test_the_shipped_residents_are_those_the_census_bureau_counted():
    residents = us_residents(DATA)
    assert sum(each.count for each in residents) == 334_365_877
    assert len({each.zip_code for each in residents}) == len(residents) == 33_187
    assert {each.zip_code: each.count for each in residents}["60601"] == 16_398


def test_one_place_in_eight_zips_is_near_nearly_everybody():
    residents = us_residents(DATA)
    reached = coverage([each.point for each in residents[::8]], residents)
    assert 0.9 < reached.share < 1


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "cannot be read"),
        (b"not gzip", "cannot be read"),
        (
            gzip.compress(b"zip,residents,latitude,longitude\n00601,16834,95.0,-66.75\n", mtime=0),
            "latitude 95.0 is not between",
        ),
        (gzip.compress(b"zip,residents,latitude,longitude\n00601,16834\n", mtime=0), "cannot be read"),
        (gzip.compress(b"code,people\n00601,16834\n", mtime=0), "cannot be read"),
        (gzip.compress(b"zip,residents,latitude,longitude\n", mtime=0), "holds no ZIP code"),
        (gzip.compress(b"zip,residents,latitude,longitude\n" * 50, mtime=0)[:40], "cannot be read"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_missing_or_damaged_file_is_named(tmp_path, content, words):
    (tmp_path / "places").mkdir()
    if content is not None:
        (tmp_path / "places" / "us_residents_by_zip.csv.gz").write_bytes(content)
    with pytest.raises(BadData, match=r"places/us_residents_by_zip\.csv\.gz") as refused:
        us_residents(tmp_path)
    assert words in refused.value.message
