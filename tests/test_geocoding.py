"""The gazetteer finds what people type, asks where a name is ambiguous, and never guesses."""

import csv
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from geopy.exc import GeocoderQueryError, GeocoderUnavailable
from hypothesis import given
from hypothesis import strategies as st

from directory.errors import BadData, BadQuery
from directory.geo import distance_km
from directory.geocoding import Found, Gazetteer
from directory.records import Place, Point

ROOT = Path(__file__).resolve().parent.parent
PLACES = ROOT / "data" / "places"
CLOSE_KM = 10.0


def table() -> list[dict[str, str]]:
    with (Path(__file__).parent / "places_table.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def misses(row: dict[str, str], found: Found) -> bool:
    """Tell whether the row's place was neither found within 10 km nor, where the name is ambiguous, offered."""
    where = Point(float(row["latitude"]), float(row["longitude"]))

    def close(place: Place | None) -> bool:
        if place is None or place.point is None or place.country != row["country"]:
            return False
        return row["region"] in ("", place.region) and distance_km(place.point, where) <= CLOSE_KM

    if row["expected"] == "ambiguous":
        return found.place is not None or not any(close(each) for each in found.candidates)
    return not close(found.place)


def test_at_least_98_of_100_places_are_found_where_they_lie(gazetteer: Gazetteer) -> None:
    rows = table()
    missed = [row["text"] for row in rows if misses(row, gazetteer.find(row["text"]))]
    assert len(rows) == 100
    assert len(missed) <= 2, missed


@pytest.mark.parametrize("row", [row for row in table() if row["text"].isascii()], ids=lambda row: row["text"])
def test_case_blanks_and_control_characters_do_not_matter(gazetteer: Gazetteer, row: dict[str, str]) -> None:
    text = row["text"]
    assert not misses(row, gazetteer.find(text.upper()))
    assert not misses(row, gazetteer.find(f"\x00 \t{text.lower()} \n"))


@pytest.mark.parametrize(
    ("text", "name", "country", "region", "precision"),
    [
        ("60601", "60601 Chicago, IL", "US", "IL", "postal_code"),
        ("boise", "Boise, ID", "US", "ID", "city"),
        ("london", "London, England, United Kingdom", "GB", "ENG", "city"),
        ("toronto", "Toronto, ON, Canada", "CA", "ON", "city"),
        ("nairobi", "Nairobi, Kenya", "KE", "30", "city"),
        ("SW1A 1AA", "SW1A Westminster Abbey, England, United Kingdom", "GB", "ENG", "postal_area"),
        ("M5V 3L9", "M5V Toronto, ON, Canada", "CA", "ON", "postal_area"),
        ("10115 Berlin", "10115 Berlin, Germany", "DE", "BE", "postal_code"),
        ("41.88, -87.63", "near Chicago, IL", "US", "IL", "coordinates"),
        ("Montana", "Montana, United States", "US", "MT", "region"),
        ("Scotland", "Scotland, United Kingdom", "GB", "SCT", "region"),
        ("Puerto Rico", "Puerto Rico, United States", "US", "PR", "region"),
        ("Kenya", "Kenya", "KE", None, "country"),
        ("Deutschland", "Germany", "DE", None, "country"),
        ("USA", "United States", "US", None, "country"),
        ("UK", "United Kingdom", "GB", None, "country"),
    ],
)
def test_a_place_is_named_shortly_and_says_how_it_is_known(
    gazetteer: Gazetteer, text: str, name: str, country: str, region: str | None, precision: str
) -> None:
    place = gazetteer.find(text).place
    assert place is not None
    shown = (
        name.replace("Westminster Abbey", place.name.removeprefix("SW1A ").split(",")[0]) if "SW1A" in name else name
    )
    assert (place.name, place.country, place.region, place.precision) == (shown, country, region, precision)


def test_a_city_and_a_zip_have_a_time_zone(gazetteer: Gazetteer) -> None:
    assert [found(gazetteer, text).timezone for text in ("Boise, ID", "83702", "Sydney NSW 2000")] == [
        "America/Boise",
        "America/Boise",
        "Australia/Sydney",
    ]


@pytest.mark.parametrize(
    ("text", "offered"),
    [
        ("Springfield", ["Springfield, MO", "Springfield, MA", "Springfield, IL"]),
        ("Birmingham", ["Birmingham, England, United Kingdom", "Birmingham, AL"]),
        ("Kansas City", ["Kansas City, MO", "Kansas City, KS"]),
        ("Georgia", ["Georgia, United States", "Georgia"]),
        ("Washington", ["Washington, United States", "Washington, DC"]),
        ("LA", ["Louisiana, United States", "Los Angeles, CA"]),
        ("2108", ["02108 Boston, MA"]),
    ],
)
def test_an_ambiguous_place_asks_which_one_the_biggest_first(
    gazetteer: Gazetteer, text: str, offered: list[str]
) -> None:
    found = gazetteer.find(text)
    assert found.place is None
    assert [each.name for each in found.candidates[: len(offered)]] == offered
    assert len(found.candidates) <= 8


def test_ten_times_the_people_decide_and_nothing_less(gazetteer: Gazetteer) -> None:
    for text in ("Portland", "Cleveland", "Columbus", "Manchester", "Athens", "San Jose", "Vancouver", "Santiago"):
        found = gazetteer.find(text)
        if found.place is None:
            people = [each.population for each in found.candidates]
            assert people == sorted(people, reverse=True)
            assert people[0] < 10 * people[1]
    assert [found_name(gazetteer, text) for text in ("Dublin", "Paris", "Boston", "Miami")] == [
        "Dublin, Leinster, Ireland",
        "Paris, Île-de-France, France",
        "Boston, MA",
        "Miami, FL",
    ]


@pytest.mark.parametrize(
    "text", ["00000", "99999", "", " ", "\x00", "asdfgh", "95, 200", "91, 0", "0, 181", "nan, nan", "88888", "!?", "😀"]
)
def test_what_is_no_place_is_not_found(gazetteer: Gazetteer, text: str) -> None:
    assert gazetteer.find(text) == Found(None, ())


def test_more_than_200_characters_are_refused(gazetteer: Gazetteer) -> None:
    assert gazetteer.find("x" * 200) == Found(None, ())
    with pytest.raises(BadQuery, match="a place has at most 200 characters; this one has 1000000") as refused:
        gazetteer.find("x" * 1_000_000)
    assert refused.value.field == "near"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("09012", "military post 09012"),
        ("APO AE 09012", "military post 09012"),
        ("PSC 3 Box 100, APO AE 09012", "military post 09012"),
        ("FPO AP 96349", "military post 96349"),
        ("34034", "military post 34034"),
        ("96201-1234", "military post 96201"),
        ("APO", "military post"),
    ],
)
def test_a_military_post_has_no_point_and_gets_the_national_lines(gazetteer: Gazetteer, text: str, name: str) -> None:
    assert gazetteer.find(text) == Found(Place(name, "US", None, None, "postal_code"))


def test_a_military_number_is_a_town_in_another_country(gazetteer: Gazetteer) -> None:
    assert found_name(gazetteer, "09124 Cagliari") == "09124 Cagliari, Sardegna, Italy"
    assert gazetteer.find("09124", default_country="IT").place == gazetteer.find("09124 Cagliari").place


@pytest.mark.parametrize(
    ("zip_code", "latitude", "longitude"),
    [
        ("99505", 61.26, -149.64),  # Anchorage, not 500 km south-west
        ("99506", 61.25, -149.81),
        ("80840", 39.0, -104.86),  # Air Force Academy, not the plains
        ("66040", 38.35, -94.76),  # La Cygne, Kansas
        ("00765", 18.13, -65.44),  # the island of Vieques
        ("92143", 32.55, -117.04),  # San Ysidro, at the border
        ("99615", 57.79, -152.41),  # the town of Kodiak
        ("23233", 37.64, -77.63),  # west of Richmond, Virginia
        ("55124", 44.75, -93.2),  # Apple Valley, rightly not moved to Saint Paul
        ("14260", 43.0, -78.79),  # a university north of Buffalo
        ("92328", 36.46, -116.87),  # Death Valley is that far from its neighbours
        ("99689", 59.55, -139.73),
    ],
)
def test_known_wrong_zips_are_put_right(gazetteer: Gazetteer, zip_code: str, latitude: float, longitude: float) -> None:
    point = found(gazetteer, zip_code).point
    assert point is not None
    assert distance_km(point, Point(latitude, longitude)) < 12


def test_every_zip_that_was_moved_is_listed_with_how(gazetteer: Gazetteer) -> None:
    with (PLACES / "repaired.csv").open(encoding="utf-8", newline="") as lines:
        repaired = list(csv.DictReader(lines))
    assert {row["zip"] for row in repaired} >= {"99505", "99506", "00765", "80840", "86544"}
    assert all(row["how"] for row in repaired)
    for row in repaired:
        place = found(gazetteer, row["zip"])
        assert (place.precision, place.region or "") == (row["precision"], row["region"] or place.region or "")


@pytest.mark.parametrize(("zip_code", "region"), [("60658", "IL"), ("81075", "CO"), ("85231", "AZ"), ("99779", "AK")])
def test_an_unlisted_zip_is_about_the_area_of_its_first_three_digits(
    gazetteer: Gazetteer, zip_code: str, region: str
) -> None:
    place = found(gazetteer, zip_code)
    assert (place.precision, place.region) == ("postal_area", region)
    assert place.name.startswith(zip_code)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("99723", "99723 Barrow, AK"),
        ("96799", "96799 Pago Pago, AS"),
        ("96910", "96910 Hagatna, GU"),
        ("96950", "96950 Saipan, MP"),
        ("00802", "00802 St Thomas, VI"),
        ("00601", "00601 Adjuntas, PR"),
        ("96940", "96940 Koror, Palau"),
        ("96960", "96960 Majuro, Majuro Atoll, Marshall Islands"),
    ],
)
def test_territories_and_neighbours_with_us_zips(gazetteer: Gazetteer, text: str, name: str) -> None:
    assert found_name(gazetteer, text) == name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Boise, ID 60601", None),  # the ZIP is Chicago's
        ("Boise, ID 99999", "Boise, ID"),
        ("Boise ID 83799", "83799 Boise, ID"),
        ("10115 Main St, Boise, ID", "Boise, ID"),  # a house number
        ("1234 5th Ave, New York, NY", "New York City, NY"),
        ("PO Box 12, Jordan, MT 59337", "59337 Jordan, MT"),
        ("Apt 4, 123 Main St, Boise, ID 83702-1234, USA", "83702 Boise, ID"),
        ("123 Main St Boise ID", "Boise, ID"),
        ("1 Nowhere Rd, Nowhere, ID 83702", "83702 Boise, ID"),
        ("Flat 2, 10 High Street, Leeds, UK", "Leeds, England, United Kingdom"),
        ("Unter den Linden 1, 10117 Berlin", "10117 Berlin, Germany"),
        ("D-10115 Berlin", "10115 Berlin, Germany"),
        ("00-001 Warszawa", "Warsaw, Masovian Voivodeship, Poland"),
        ("Camden, London", "Camden Town, England, United Kingdom"),
        ("Springfield, Sangamon County, IL", "Springfield, IL"),
        ("Springfield (IL)", "Springfield, IL"),
        ("Curitiba - PR", "Curitiba, Paraná, Brazil"),
        ("near Boise, ID", "Boise, ID"),
        ("downtown Chicago", "Chicago, IL"),
        ("CHICAGO ILLINOIS UNITED STATES OF AMERICA", "Chicago, IL"),
        ("Chicago, Illinois, USA", "Chicago, IL"),
        ("New York, USA", "New York City, NY"),
        ("Quebec, QC", "Québec, QC, Canada"),
        ("Butler, MO", "Butler, MO"),  # not Kennett, once called Butler, which is bigger
        ("Charleston, W Va", "Charleston, WV"),
        ("Columbia, S.C.", "Columbia, SC"),
        ("Boston, Mass.", "Boston, MA"),
        ("Praha", "Prague, Czechia"),
        ("The Hague", "The Hague, South Holland, Netherlands"),
        ("Utqiaġvik, AK", "Barrow, AK"),
    ],
)
def test_the_words_around_a_place(gazetteer: Gazetteer, text: str, name: str | None) -> None:
    place = gazetteer.find(text).place
    assert (place.name if place else None) == name


def test_where_code_and_city_disagree_both_are_offered(gazetteer: Gazetteer) -> None:
    assert [each.name for each in gazetteer.find("Boise, ID 60601").candidates] == ["60601 Chicago, IL", "Boise, ID"]


@pytest.mark.parametrize(
    ("text", "offered"),
    [
        ("Bosie, ID", "Boise, ID"),
        ("Philadelpia", "Philadelphia, PA"),
        ("Nowhere, MT", "Montana, United States"),
        ("Leeds, West Yorkshire", "Leeds, England, United Kingdom"),
    ],
)
def test_what_is_only_alike_is_offered_never_taken(gazetteer: Gazetteer, text: str, offered: str) -> None:
    found = gazetteer.find(text)
    assert found.place is None
    assert found.candidates[0].name == offered


def test_the_default_country_reads_bare_codes_and_two_letters(gazetteer: Gazetteer) -> None:
    assert found_name(gazetteer, "10115") == "10115 New York, NY"
    assert found_name(gazetteer, "10115", "DE") == "10115 Berlin, Germany"
    assert found_name(gazetteer, "2000", "AU") == "2000 Sydney, NSW, Australia"
    assert found_name(gazetteer, "CA") == "California, United States"
    assert found_name(gazetteer, "E1W", "GB").startswith("E1W London")
    assert {each.country for each in gazetteer.find("E1W").candidates} == {"CA", "GB"}
    assert {"AU", "ZA", "BE"} <= {each.country for each in gazetteer.find("2000").candidates}


@given(st.text(max_size=200))
def test_no_text_breaks_it(text: str) -> None:
    result = GAZETTEER.find(text)
    assert len(result.candidates) <= 8
    assert result.place is None or not result.candidates


@given(
    st.lists(
        st.sampled_from(
            ["Boise", "ID", "83702", "St", "SW1A", "1AA", ",", "-", "°", "APO", "d'", "0", "東京", "(", "\x00"]
        ),
        max_size=12,
    )
)
def test_no_heap_of_words_breaks_it(words: list[str]) -> None:
    result = GAZETTEER.find(" ".join(words))
    assert result.place is None or result.place.name


@given(st.floats(-90, 90), st.floats(-180, 180))
def test_every_position_is_near_a_place_or_far_from_all(latitude: float, longitude: float) -> None:
    found = GAZETTEER.find(f"{latitude:.5f}, {longitude:.5f}").place
    assert found is None or (found.point is not None and found.name.startswith("near ") and len(found.country) == 2)


# Addresses ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (("US", "IL", "Chicago", "60601"), ("60601 Chicago, IL", "postal_code")),
        (("US", "Illinois", "Chicago", "60601-1234"), ("60601 Chicago, IL", "postal_code")),
        (("US", "ID", "Boise", None), ("Boise, ID", "city")),
        (("US", "ID", "Boise", "60601"), ("Boise, ID", "city")),  # the code is not believed: it is in another state
        (("US", "IL", "Chicago", "60658"), ("Chicago, IL", "city")),
        (("US", "IL", "Nowhere", "60658"), ("60658 Chicago, IL", "postal_area")),
        (("US", "ID", "Nowhere", "60601"), None),
        (("US", "ID", "Nowhere", None), None),
        (("US", None, "Springfield", None), None),
        (("US", "Nowhere", "Boise", "83702"), None),
        (("US", "PR", "San Juan", "00926"), ("00926 San Juan, PR", "postal_code")),
        (("PR", None, "San Juan", None), ("San Juan, PR", "city")),
        (("US", "AE", "APO", "09012"), None),
        (("US", None, "APO", "09012"), ("military post 09012", "postal_code")),
        (("GB", "England", "Leeds", "LS1 4DY"), ("LS1 Leeds, England, United Kingdom", "postal_area")),
        (("CA", "ON", "Toronto", "M5V3L9"), ("M5V Toronto, ON, Canada", "postal_area")),
        (("KE", None, "Nairobi", None), ("Nairobi, Kenya", "city")),
        (("AU", "NSW", "Sydney", "2000"), ("2000 Sydney, NSW, Australia", "postal_code")),
    ],
)
def test_an_address_is_placed_by_its_code_else_its_city_never_by_a_guess(
    gazetteer: Gazetteer,
    address: tuple[str, str | None, str | None, str | None],
    expected: tuple[str, str] | None,
) -> None:
    place = gazetteer.position(*address)
    assert (place and (place.name, place.precision)) == expected


def test_regions_and_countries_by_code_and_name(gazetteer: Gazetteer) -> None:
    assert gazetteer.region_name("US", "IL") == "Illinois"
    assert gazetteer.region_name("US", "PR") == "Puerto Rico"
    assert gazetteer.region_name("GB", "SCT") == "Scotland"
    assert gazetteer.region_name("US", "XX") == "XX"
    assert [gazetteer.region_code("US", text) for text in ("Illinois", "il", "Ill.", "Nueva York", "Ontario")] == [
        "IL",
        "IL",
        "IL",
        "NY",
        None,
    ]
    assert gazetteer.region_code("CA", "Ont.") == "ON"
    assert gazetteer.region_code("GB", "Scotland") == "SCT"
    assert gazetteer.country_name("GB") == "United Kingdom"
    assert gazetteer.country_name("US", "es") == "Estados Unidos"
    assert gazetteer.country_name("??") == "??"


def test_every_country_has_a_name_in_english_and_spanish(gazetteer: Gazetteer) -> None:
    countries = gazetteer.countries()
    assert len(countries) == 250  # 249 of ISO 3166-1, and Kosovo
    assert all(len(code) == 2 and name and gazetteer.country_name(code, "es") for code, name in countries.items())
    unknown = {"AQ", "BV", "HM", "IO", "UM"}  # nobody lives there, or no town is known
    for code, name in countries.items():
        found = gazetteer.find(name)
        assert code in unknown or any(
            each.country in (code, "US") for each in (*found.candidates, *([found.place] if found.place else []))
        ), name


# geopy -------------------------------------------------------------------------------------------------------------------


def test_it_is_a_geopy_geocoder(gazetteer: Gazetteer) -> None:
    location = gazetteer.geocode("Chicago, IL")
    assert location is not None and not isinstance(location, list)
    assert location.address == "Chicago, IL"
    assert (round(location.latitude, 1), round(location.longitude, 1)) == (41.9, -87.7)
    assert location.raw["region"] == "IL"
    several = gazetteer.geocode("Springfield", exactly_one=False)
    assert isinstance(several, list)
    assert [each.address for each in several][:2] == ["Springfield, MO", "Springfield, MA"]


@pytest.mark.parametrize("text", ["Springfield", "asdfgh", "APO AE 09012", "00000"])
def test_geocode_gives_none_rather_than_a_guess(gazetteer: Gazetteer, text: str) -> None:
    assert gazetteer.geocode(text) is None


def test_geocode_refuses_as_geopy_does(gazetteer: Gazetteer) -> None:
    assert gazetteer.geocode("asdfgh", exactly_one=False) is None
    with pytest.raises(GeocoderQueryError, match="at most 200 characters"):
        gazetteer.geocode("x" * 201)
    with pytest.raises(GeocoderUnavailable, match="offline"):
        gazetteer.adapter.get_json("https://example.org/", timeout=1, headers={})


def test_reverse_names_the_nearest_place(gazetteer: Gazetteer) -> None:
    location = gazetteer.reverse((18.4655, -66.1057))
    assert location is not None and not isinstance(location, list)
    assert (location.address, location.raw["region"]) == ("near San Juan, PR", "PR")
    several = gazetteer.reverse("-33.8688, 151.2093", exactly_one=False)
    assert isinstance(several, list) and several[0].address == "near Sydney, NSW, Australia"
    assert gazetteer.reverse((-50.0, -130.0)) is None
    with pytest.raises(ValueError, match="Failed to create Point instance"):
        gazetteer.reverse("nowhere")


# Files -------------------------------------------------------------------------------------------------------------------


def test_the_files_are_small_and_credited() -> None:
    assert sum(path.stat().st_size for path in PLACES.iterdir()) <= 10_000_000
    readme = (PLACES / "README.md").read_text(encoding="utf-8")
    assert "GeoNames" in readme
    assert "CC BY 4.0" in readme


def test_it_writes_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "places"
    shutil.copytree(PLACES, folder)
    before = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert Gazetteer(folder).find("60601").place is not None
    assert {path.name: path.stat().st_mtime_ns for path in folder.iterdir()} == before


@pytest.mark.parametrize("name", ["names.marisa", "names.bin", "cities.bin", "codes.idx", "areas.csv", "countries.csv"])
def test_a_missing_or_cut_file_is_said_by_name(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "places"
    shutil.copytree(PLACES, folder)
    (folder / name).unlink()
    with pytest.raises(BadData, match=name):
        Gazetteer(folder)
    if name.endswith((".bin", ".idx")):
        (folder / name).write_bytes(b"")
        with pytest.raises(BadData, match=r"build_places\.py"):
            Gazetteer(folder)


CITIES = [
    # id name asciiname alternates latitude longitude class code country cc2 admin1-4 population elevation dem zone date
    "1\tChicago\t\tWindy City,CHI\t41.85003\t-87.65005\tP\tPPLA2\tUS\t\tIL\t\t\t\t2664452\t\t180\tAmerica/Chicago\t2025-01-01",
    "2\tSan Juan\tSan Juan\t\t18.46633\t-66.10572\tP\tPPLC\tPR\t\t127\t\t\t\t418140\t\t8\tAmerica/Puerto_Rico\t2025-01-01",
    "3\tKöln\tKoeln\tCologne\t50.93333\t6.95\tP\tPPLA2\tDE\t\t07\t\t\t\t1024621\t\t58\tEurope/Berlin\t2025-01-01",
]
CODES = [
    # country code place admin1 code1 admin2 code2 admin3 code3 latitude longitude accuracy
    "US\t60601\tChicago\tIllinois\tIL\tCook\t031\t\t\t41.8858\t-87.6181\t4",
    "US\t60640\tChicago\tIllinois\tIL\tCook\t031\t\t\t41.9719\t-87.6624\t4",
    "US\t60499\tBedford Park\tIllinois\tIL\tCook\t031\t\t\t41.7692\t-87.7833\t4",
    "US\t09012\tAPO AE\t\t\t\t\t\t\t49.4333\t7.6\t0",
    "PR\t00926\tSan Juan\tSan Juan\t\t\t\t\t\t18.3600\t-66.0600\t4",
    "DE\t50667\tKöln\tNordrhein-Westfalen\tNW\t\t\t\t\t50.9389\t6.9549\t4",
]


def test_geonames_own_tables_and_the_extracts_build_the_same_gazetteer(tmp_path: Path) -> None:
    original, extract = tmp_path / "original", tmp_path / "extract"
    for folder in (original, extract):
        folder.mkdir()
        (tmp_path / f"places_{folder.name}").mkdir()
        for name in ("countries.csv", "regions.csv"):
            shutil.copy(PLACES / name, tmp_path / f"places_{folder.name}" / name)
        for name, header in (("aliases.csv", "name,country,region,target,why"), ("zip_fixes.csv", "zip,why")):
            (tmp_path / f"places_{folder.name}" / name).write_text(header + "\n", encoding="utf-8")
    (original / "cities5000.txt").write_text("\n".join(CITIES) + "\n", encoding="utf-8")
    (original / "allCountries.txt").write_text("\n".join(CODES) + "\n", encoding="utf-8")
    (original / "admin1CodesASCII.txt").write_text("US.IL\tIllinois\tIllinois\t4896861\n", encoding="utf-8")
    write_extract(extract)
    built = {}
    for folder in (original, extract):
        places = tmp_path / f"places_{folder.name}"
        done = subprocess.run(
            [sys.executable, str(ROOT / "scripts" / "build_places.py"), str(folder), "--places", str(places)],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=True,
        )
        assert "8 postal codes, 0 ZIPs repaired" in done.stdout  # with the areas 009, 604 and 606; no military post
        built[folder.name] = {path.name: path.read_bytes() for path in places.iterdir()}
    assert built["original"] == built["extract"]
    small = Gazetteer(tmp_path / "places_original")
    texts = ("60601", "60658", "Windy City", "Bedford Park, IL", "San Juan PR", "50667 Cologne", "09012")
    assert [found_name(small, text) for text in texts] == [
        "60601 Chicago, IL",
        "60658 Chicago, IL",
        "Chicago, IL",
        "Bedford Park, IL",
        "San Juan, PR",
        "50667 Köln, Nordrhein-Westfalen, Germany",
        "military post 09012",
    ]


def write_extract(folder: Path) -> None:
    cities = ["geonameid,name,country_code,admin1_code,latitude,longitude,population,timezone,alternate_names"]
    for line in CITIES:
        row = line.split("\t")
        cities.append(
            ",".join([row[0], row[1], row[8], row[10], row[4], row[5], row[14], row[17], row[3].replace(",", "|")])
        )
    zips = ["zip,country_code,city,state,latitude,longitude,accuracy"]
    world = ["country_code,postal_code,first_place,region,latitude,longitude,places_averaged"]
    for line in CODES:
        row = line.split("\t")
        if row[0] in ("US", "PR"):
            zips.append(",".join([row[1], row[0], row[2], row[3], row[9], row[10], row[11]]))
        else:
            world.append(",".join([row[0], row[1], row[2], row[3], row[9], row[10], "1"]))
    for name, lines in (("world_cities", cities), ("us_postal_codes", zips), ("world_postal_codes", world)):
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


GAZETTEER = Gazetteer(PLACES)


def found(gazetteer: Gazetteer, text: str, default_country: str = "US") -> Place:
    place = gazetteer.find(text, default_country).place
    assert place is not None, text
    return place


def found_name(gazetteer: Gazetteer, text: str, default_country: str = "US") -> str:
    return found(gazetteer, text, default_country).name
