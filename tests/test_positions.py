"""A source's coordinates are believed only where its address lies; a ZIP is mended only where it is certain."""

import csv
import time
from pathlib import Path

import pytest

from directory.geocoding import Gazetteer
from directory.importers import positions
from directory.records import Point
from tests import factories

LOCATOR = Path(__file__).parent.parent.parent / "shared" / "data" / "samhsa_mental_health_locator_2021.csv"


@pytest.mark.parametrize(
    ("point", "address", "reason"),
    [
        (Point(41.88, -87.63), {}, None),
        (Point(41.75, -87.9), {}, None),  # a suburb of the city the address names
        (Point(41.67, -87.51), {}, None),  # Hammond, Indiana: across the line, 26 km from 60601
        (Point(40.69, -89.59), {}, None),  # Peoria: the state is right
        (
            Point(43.04, -87.91),
            {},
            "lie in Wisconsin, not in Illinois; placed by its address instead",
        ),
        (
            Point(-87.6181, 41.8858),
            {},
            "lie in the open sea, not in Illinois (swapped? The other way round they do); placed by its address instead",
        ),
        (
            Point(41.8858, 87.6181),
            {},
            "lie in China, not in Illinois (with the sign of the longitude turned they do); placed by its address instead",
        ),
        (Point(0.0, 0.0), {}, "lie in the sea, where a position is missing; placed by its address instead"),
        (Point(48.85, 2.35), {}, "lie in France, not in Illinois; placed by its address instead"),
        (Point(41.88, -87.63), {"region": None, "postal_code": None, "city": None}, None),
        (
            Point(48.85, 2.35),
            {"region": None, "postal_code": None, "city": None},
            "lie in France, not in the United States; placed by its address instead",
        ),
        (
            Point(31.76, -106.48),
            {"region": "TX", "city": "Houston", "postal_code": "77002"},
            "lie 1,085 km from the centre of 77002 Houston, TX; placed by its address instead",
        ),
        (Point(31.76, -106.48), {"region": "TX", "city": "El Paso", "postal_code": "79901"}, None),
        (Point(18.2, -66.5), {"region": "PR", "city": "Utuado", "postal_code": "00641"}, None),
        (Point(61.2, -149.9), {"region": "AK", "city": "Anchorage", "postal_code": "99506"}, None),
        (Point(42.93, -78.88), {"country": "CA", "region": "ON", "city": "Fort Erie", "postal_code": "L2A"}, None),
        (
            Point(45.5, -73.57),
            {"country": "CA", "region": "ON", "city": "Toronto", "postal_code": None},
            "lie in Quebec, not in Ontario; placed by its address instead",
        ),
        (Point(52.52, 13.4), {"country": "DE", "region": None, "city": None, "postal_code": "10115"}, None),
        (None, {}, None),
    ],
)
def test_a_position_is_believed_where_its_address_lies(
    point: Point | None, address: dict[str, str | None], reason: str | None, gazetteer: Gazetteer
) -> None:
    assert positions.doubt(factories.listing(point=point, **address), gazetteer) == reason


def test_near_the_state_line_the_centre_of_the_address_decides(gazetteer: Gazetteer) -> None:
    # Kansas City, KS and MO; East St. Louis; Texarkana: the nearest town is often the one across the line.
    for region, city, code, point in (
        ("KS", "Kansas City", "66101", Point(39.09, -94.585)),
        ("IL", "East Saint Louis", "62201", Point(38.627, -90.198)),
        ("TX", "Texarkana", "75501", Point(33.43, -94.03)),
        ("NJ", "Hoboken", "07030", Point(40.745, -74.005)),
    ):
        where = factories.listing(region=region, city=city, postal_code=code, point=point)
        assert positions.doubt(where, gazetteer) is None


@pytest.mark.parametrize(
    ("text", "state", "whole"),
    [
        ("2108", "MA", "02108"),
        ("2108", "Massachusetts", "02108"),
        ("2108.0", "MA", "02108"),
        ("2108-1234", "MA", "02108"),
        ("21081234", "MA", "02108"),
        ("901", "PR", "00901"),
        ("802", "VI", "00802"),
        ("501", "NY", "00501"),
        ("2108", "NY", None),  # 02108 lies in Massachusetts
        ("6060", "IL", None),  # the last digit is lost, not the first
        ("2108", "", None),
        ("2108", "Atlantis", None),
        ("02108", "MA", None),
        ("60601", "IL", None),
        ("21", "MA", None),
        ("", "MA", None),
        ("2E+03", "MA", None),
        ("²108", "MA", None),
        ("9012", "AE", None),
        ("0000", "NY", None),
    ],
)
def test_a_zip_is_mended_only_when_the_state_agrees(
    text: str, state: str, whole: str | None, gazetteer: Gazetteer
) -> None:
    assert positions.repaired_zip(text, state, gazetteer) == whole


@pytest.mark.skipif(not LOCATOR.is_file(), reason="the SAMHSA locator of 2021 is not beside the repository")
def test_the_locator_of_2021_is_placed_and_all_its_damaged_zips_are_mended(gazetteer: Gazetteer) -> None:
    with LOCATOR.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    mended = {
        row["zip"]: positions.repaired_zip(row["zip"], row["state"], gazetteer) for row in rows if len(row["zip"]) < 5
    }
    assert None not in mended.values()
    listings = [
        factories.listing(
            city=row["city"],
            region=row["state"],
            postal_code=mended.get(row["zip"], row["zip"]),
            point=Point(float(row["latitude"]), float(row["longitude"])),
        )
        for row in rows
    ]
    began = time.perf_counter()
    doubts = {each.city: reason for each in listings if (reason := positions.doubt(each, gazetteer))}
    assert (time.perf_counter() - began) / len(rows) < 0.001
    assert doubts["Hartford"] == "lie in Connecticut, not in Vermont; placed by its address instead"
    assert len(doubts) < 5
