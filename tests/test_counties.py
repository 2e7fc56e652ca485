"""Counties: their names, which one a place lies in, and lines that serve one only."""

import csv
from datetime import UTC, datetime
from pathlib import Path

import pytest

from directory import clean_places, remote
from directory.config import shipped_folder
from directory.errors import BadData
from directory.gazetteer_counties import Counties
from directory.geocoding import Gazetteer
from directory.ingest import Directory
from directory.query import Query
from directory.records import Kind, Point
from directory.search import Searcher
from tests import factories

PLACES = shipped_folder("data") / "places"
LOCATOR = Path(__file__).parent.parent.parent / "shared" / "data" / "samhsa_mental_health_locator_2021.csv"
NOW = datetime(2026, 11, 22, 18, tzinfo=UTC)


@pytest.fixture(scope="module")
def counties() -> Counties:
    return Counties(PLACES)


@pytest.mark.parametrize(
    ("point", "state", "name"),
    [
        (Point(41.88, -87.63), None, "Cook County, IL"),
        (Point(39.80, -89.65), None, "Sangamon County, IL"),
        (Point(40.71, -74.01), None, "New York County, NY"),
        (Point(29.95, -90.07), None, "Orleans Parish, LA"),
        (Point(39.29, -76.61), None, "Baltimore city, MD"),
        (Point(39.40, -76.60), None, "Baltimore County, MD"),
        (Point(38.63, -90.20), None, "St. Louis city, MO"),
        (Point(38.88, -77.17), None, "Falls Church city, VA"),
        (Point(38.90, -77.04), None, "District of Columbia, DC"),
        (Point(41.31, -72.92), None, "New Haven County, CT"),
        (Point(61.20, -149.90), None, "Anchorage Municipality, AK"),
        (Point(58.30, -134.42), None, "Juneau City and Borough, AK"),
        (Point(52.90, 172.90), None, "Aleutians West Census Area, AK"),
        (Point(21.31, -157.86), None, "Honolulu County, HI"),
        (Point(24.55, -81.80), None, "Monroe County, FL"),
        (Point(18.46, -66.11), None, "San Juan Municipio, PR"),
        (Point(13.47, 144.75), None, "Guam, GU"),
        (Point(15.19, 145.75), None, "Saipan Municipality, MP"),
        (Point(-14.28, -170.70), None, "Eastern District, AS"),
        (Point(18.34, -64.93), None, "St. Thomas, VI"),
        (Point(41.88, -87.63), "IL", "Cook County, IL"),
        (Point(41.88, -87.63), "WI", None),
        (Point(30.0, -60.0), None, None),
        (Point(51.5, -0.1), None, None),
    ],
)
def test_a_position_lies_in_its_county(counties: Counties, point: Point, state: str | None, name: str | None) -> None:
    code = counties.at(point, state)
    assert (counties.name(code) if code else None) == name


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Cook County, IL", "US-IL-031"),
        ("cook, illinois", "US-IL-031"),
        ("COOK COUNTY IL", "US-IL-031"),
        ("Saint Louis County, MO", "US-MO-189"),
        ("St. Louis city, MO", "US-MO-510"),
        ("City of St. Louis, Missouri", "US-MO-510"),
        ("St. Louis, MO", None),
        ("Dona Ana County, NM", "US-NM-013"),
        ("Orleans County, LA", "US-LA-071"),
        ("Prince George's County, MD", "US-MD-033"),
        ("Charles City County, VA", "US-VA-036"),
        ("Carson City, NV", "US-NV-510"),
        ("Juneau, AK", "US-AK-110"),
        ("Cook County", None),
        ("Cook County, XX", None),
        ("Atlantis County, IL", None),
        ("", None),
        (",", None),
    ],
)
def test_a_county_is_known_by_its_name(counties: Counties, text: str, code: str | None) -> None:
    assert counties.code(text) == code


def test_every_county_is_known_by_its_own_name_and_has_an_outline(counties: Counties) -> None:
    with (PLACES / "us_counties.csv").open(encoding="utf-8", newline="") as file:
        codes = [row["code"] for row in csv.DictReader(file)]
    assert len(codes) == len(set(codes)) == 3231
    assert [code for code in codes if counties.code(counties.name(code) or "") != code] == []
    assert {code[3:5] for code in codes} >= {"CT", "LA", "AK", "PR", "GU", "VI", "AS", "MP", "DC"}
    assert set(counties._outlines.codes) == set(codes)


def test_places_without_the_counties_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(BadData, match="does not hold the counties"):
        Counties(tmp_path).name("US-IL-031")
    (tmp_path / "us_counties.csv").write_text("code,name\nUS-IL-031,Cook County\n")
    (tmp_path / "us_counties.npz").write_bytes(b"PK\x03\x04 cut short")
    with pytest.raises(BadData, match="does not hold the counties"):
        Counties(tmp_path).at(Point(41.88, -87.63))


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("US-IL-032", "names no county of IL; write its FIPS code, such as US-IL-031"),
        ("US-IL-000", "names no county of IL; write its FIPS code, such as US-IL-031"),
        ("US-AK-063", "names no county of AK; write US-AK-261, Valdez-Cordova as it was before it was divided in 2019"),
        (
            "US-CT-110",
            "names no county of CT; the planning regions of 2022 are not among them: write the counties, US-CT-001 to US-CT-015",
        ),
        ("US-ZZ-031", "names no state or province of US"),
    ],
)
def test_a_code_that_is_no_county_is_no_service_area(cell: str, reason: str) -> None:
    with pytest.raises(ValueError) as error:
        clean_places.service_area(cell)
    assert str(error.value) == reason


@pytest.mark.parametrize("cell", ["US-IL-031", "us-il-031", "US-PR-127", "US-AK-261", "US-CT-001"])
def test_a_county_is_a_service_area(cell: str) -> None:
    assert clean_places.service_area(cell) == cell.upper()


@pytest.mark.parametrize(
    ("near", "areas"),
    [
        ("Chicago, IL", ["US-IL-031", "US-IL", "US", "world"]),
        ("60601", ["US-IL-031", "US-IL", "US", "world"]),
        ("41.88, -87.63", ["US-IL-031", "US-IL", "US", "world"]),
        ("Springfield, IL", ["US-IL-167", "US-IL", "US", "world"]),
        ("Illinois", ["US-IL", "US", "world"]),
        ("Toronto, Canada", ["CA-ON", "CA", "world"]),
        ("APO AE 09012", ["US", "world"]),
        ("", ["US", "world"]),
    ],
)
def test_a_place_is_served_by_its_county_its_region_its_country_and_the_world(
    near: str, areas: list[str], gazetteer: Gazetteer
) -> None:
    place = gazetteer.find(near).place if near else None
    assert remote.areas(place.country if place else "US", place, gazetteer) == areas


def test_what_serves_cook_county_is_found_in_chicago_and_not_in_springfield(
    directory: Directory, searcher: Searcher
) -> None:
    everywhere = {"address_1": None, "city": None, "region": None, "postal_code": None, "point": None}
    directory.ingest(
        factories.source(),
        factories.rows(
            factories.listing("cook", formats=("video",), service_area=("US-IL-031",), **everywhere),
            factories.listing("state", formats=("video",), service_area=("US-IL",), **everywhere),
            factories.line("cook-line", kind=Kind.CRISIS_LINE, service_area=("US-IL-031",)),
        ),
    )

    def shown(near: str) -> tuple[set[str], set[str]]:
        results = searcher.search(Query(near=near, at=NOW))
        return {m.resource["name"] for m in results.remote}, {m.resource["name"] for m in results.crisis}

    remote, crisis = shown("Chicago, IL")
    assert remote == {"Example Practice cook", "Example Practice state"}
    assert "Example Line cook-line" in crisis
    remote, crisis = shown("Springfield, IL")
    assert remote == {"Example Practice state"}
    assert "Example Line cook-line" not in crisis


def test_an_area_is_named_in_words(gazetteer: Gazetteer) -> None:
    codes = ("US-IL-031", "US-IL", "US", "CA-ON", "US-MD-510")
    names = ["Cook County, IL", "Illinois", "United States", "Ontario", "Baltimore city, MD"]
    assert [gazetteer.area_name(code) for code in codes] == names


@pytest.mark.skipif(not LOCATOR.is_file(), reason="the SAMHSA locator of 2021 is not beside the repository")
def test_the_county_of_a_programme_is_the_one_its_publisher_names(counties: Counties) -> None:
    with LOCATOR.open(encoding="utf-8-sig", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["county"] not in {"", "NA"}]
    same = 0
    for row in rows:
        code = counties.at(Point(float(row["latitude"]), float(row["longitude"])), row["state"])
        same += code is not None and code == counties.code(f"{row['county']}, {row['state']}")
    assert same / len(rows) > 0.95
