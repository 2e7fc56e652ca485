"""What the directory holds as HSDS 3.0: valid by the official schemas, and usable beyond what those can check."""

import csv
import io
import json
import zipfile
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import jsonschema_rs
import pytest
from sqlalchemy import select

from directory import phones
from directory.db import Database
from directory.errors import BadQuery
from directory.geocoding import Gazetteer
from directory.hsds import full, ids, schedules, tabular
from directory.hsds.tables import TABLES, package
from directory.hsds.words import Words
from directory.importers import sources
from directory.ingest import Directory
from directory.intake import take_in
from directory.models import Resource
from directory.needs import Vocabulary
from directory.records import Kind, Phone, Status
from tests import factories
from tests.conftest import DATA

SCHEMAS = Path(__file__).resolve().parent.parent.parent / "shared" / "data" / "hsds_3_0" / "schema"
Row = dict[str, Any]
Shipped = tuple[list[Row], list[dict[str, Any]]]


@cache
def schema(name: str) -> dict[str, Any]:
    if not SCHEMAS.is_dir():
        pytest.skip(f"the official HSDS schemas are not there ({SCHEMAS})")
    found: dict[str, Any] = json.loads((SCHEMAS / f"{name}.json").read_text(encoding="utf-8"))
    return found


@cache
def validator(name: str) -> Any:
    return jsonschema_rs.Draft202012Validator(schema(name), validate_formats=True)


@cache
def table_rules(name: str) -> dict[str, Any]:
    """The official schema of a table: its columns, not what JSON nests in them."""
    (rules,) = [each["items"] for each in schema("tabular")["properties"].values() if each["items"]["name"] == name]
    columns = {key: value for key, value in rules["properties"].items() if value["type"] != "array"}
    return {**rules, "properties": columns, "required": [*rules["required"], *rules.get("tabular_required", ())]}


@cache
def table_validator(name: str) -> Any:
    return jsonschema_rs.Draft202012Validator(table_rules(name), validate_formats=True)


def errors(document: Any, by: Any) -> list[str]:
    return [f"{each.instance_path} {each.message}" for each in by.iter_errors(document)]


def resources(database: Database) -> list[Row]:
    with database.reading() as connection:
        return [dict(row) for row in connection.execute(select(*Resource.__table__.columns)).mappings()]


@pytest.fixture(scope="module")
def words(vocabulary: Vocabulary, gazetteer: Gazetteer) -> Words:
    return Words.of(vocabulary, gazetteer)


@pytest.fixture(scope="module")
def shipped(
    vocabulary: Vocabulary, gazetteer: Gazetteer, words: Words, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shipped]:
    """Every resource of the shipped data, and its full service."""
    database = Database(f"sqlite:///{tmp_path_factory.mktemp('shipped') / 'directory.sqlite3'}")
    directory = Directory(database, vocabulary, gazetteer)
    for name in ("crisis_lines", "support_groups", "therapists", "treatment_programs"):
        path = DATA / f"{name}.csv"
        take_in(directory, path, sources.beside(path), DATA, factories.TODAY)
    rows = resources(database)
    yield rows, [full.service(row, words) for row in rows]
    database.dispose()


@pytest.fixture(scope="module")
def tables(shipped: Shipped, words: Words, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, str]]]:
    """The tables of the whole directory's package, read back from its zip."""
    target = tmp_path_factory.mktemp("package") / "directory.zip"
    assert tabular.write(shipped[0], target, words) == len(shipped[0])
    with zipfile.ZipFile(target) as archive:
        return {
            name: list(csv.DictReader(io.StringIO(archive.read(table.path).decode("utf-8"))))
            for name, table in TABLES.items()
        }


@pytest.fixture
def one(directory: Directory, words: Words) -> Callable[..., dict[str, Any]]:
    """Give the full service of a listing."""

    def make(external_id: str = "one", **changes: Any) -> dict[str, Any]:
        directory.ingest(factories.source(), factories.rows(factories.listing(external_id, **changes)))
        (row,) = resources(directory.database)
        return full.service(row, words)

    return make


def test_every_service_of_the_directory_is_valid_by_the_official_schema(shipped: Shipped) -> None:
    wrong = [(each["name"], fault) for each in shipped[1] for fault in errors(each, validator("service"))]
    assert wrong == []
    assert all(each["organization"]["name"] for each in shipped[1])


def test_every_number_of_the_directory_can_be_dialled(shipped: Shipped) -> None:
    undialable = []
    for row, service in zip(*shipped, strict=True):
        for phone in service.get("phones", ()):
            try:
                assert phones.dialable(phone["number"], row["country"]).number == phone["number"]
            except ValueError as error:
                undialable.append((phone["number"], str(error)))
    assert undialable == []


def test_only_what_a_source_placed_has_coordinates_and_all_of_them_are_on_the_globe(shipped: Shipped) -> None:
    placed = 0
    for row, service in zip(*shipped, strict=True):
        for at_location in service.get("service_at_locations", ()):
            location = at_location["location"]
            assert ("latitude" in location) == (row["precision"] == "source") == ("longitude" in location)
            if "latitude" in location:
                placed += 1
                assert -90 <= location["latitude"] <= 90
                assert -180 <= location["longitude"] <= 180
    assert placed > 100


def test_organizations_and_services_at_locations_are_valid(shipped: Shipped, words: Words) -> None:
    here = [row for row in shipped[0] if ids.has_location(row)][:100]
    for row in here:
        assert errors(full.organization([row], words), validator("organization")) == []
        assert errors(full.organization([row], words, full_service=True), validator("organization")) == []
        assert errors(full.service_at_location(row, words), validator("service_at_location")) == []


def test_every_row_of_the_tables_is_valid_by_the_official_schema(tables: dict[str, list[dict[str, str]]]) -> None:
    wrong: list[tuple[str, str, str]] = []
    for name, rows in tables.items():
        rules = table_rules(name)
        assert TABLES[name].path == rules["path"]
        assert set(TABLES[name].columns) <= set(rules["properties"])
        assert set(rules["required"]) <= set(TABLES[name].required)
        for row in rows:
            wrong.extend((name, row["id"], fault) for fault in errors(_typed(row, rules), table_validator(name)))
    assert wrong == []


def test_no_key_of_the_tables_dangles_and_no_id_stands_twice(tables: dict[str, list[dict[str, str]]]) -> None:
    known = {name: {row["id"] for row in rows} for name, rows in tables.items()}
    assert {name: len(rows) for name, rows in tables.items()} == {name: len(each) for name, each in known.items()}
    dangling = [
        (name, column, row[column])
        for name, rows in tables.items()
        for column, other in TABLES[name].keys.items()
        for row in rows
        if row[column] and row[column] not in known[other]
    ]
    assert dangling == []
    assert all(UUID(each).version == 5 for rows in known.values() for each in rows)


def test_the_tables_say_what_the_json_says(shipped: Shipped, tables: dict[str, list[dict[str, str]]]) -> None:
    assert [row["id"] for row in tables["service"]] == [each["id"] for each in shipped[1]]
    assert len(tables["phone"]) == sum(len(each.get("phones", ())) for each in shipped[1])
    assert len(tables["attribute"]) == sum(len(each["attributes"]) for each in shipped[1])


def test_the_description_of_the_package_names_every_column() -> None:
    described = {each["path"]: [field["name"] for field in each["schema"]["fields"]] for each in package()["resources"]}
    assert described == {table.path: list(table.columns) for table in TABLES.values()}


def test_taxonomies_and_terms_hold_together(words: Words) -> None:
    assert all(errors(each, table_validator("taxonomy")) == [] for each in full.taxonomies(words))
    terms = {each["id"]: each for each in full.taxonomy_terms(words)}
    assert all(errors(each, table_validator("taxonomy_term")) == [] for each in terms.values())
    depression = terms[ids.term("need", "depression")]
    assert (depression["code"], depression["name"]) == ("depression", "Depression")
    assert terms[depression["parent_id"]]["code"] == "mental_health"


def test_the_json_array_is_the_services_one_after_the_other(shipped: Shipped, words: Words) -> None:
    stream = io.StringIO()
    assert full.write(iter(shipped[0][:20]), stream, words) == 20
    assert json.loads(stream.getvalue()) == shipped[1][:20]
    empty = io.StringIO()
    assert full.write([], empty, words) == 0
    assert json.loads(empty.getvalue()) == []


def test_ids_are_those_of_our_own_and_always_the_same() -> None:
    assert ids.service(7) == ids.service(7) != ids.service(8)
    assert ids.service(7) != ids.location(7)
    row = {"id": 7, "organization": "Example Help", "country": "US"}
    assert ids.organization(row) == ids.organization({**row, "id": 8})
    assert ids.organization(row) != ids.organization({**row, "country": "CA"})
    alone = {**row, "organization": None}
    assert ids.organization(alone) != ids.organization({**alone, "id": 8})


def test_a_confidential_place_has_neither_street_nor_position(one: Callable[..., dict[str, Any]]) -> None:
    service = one(confidential_location=True, address_1=None, postal_code=None, point=None)
    (at_location,) = service["service_at_locations"]
    assert at_location["location"] == {
        "id": at_location["location"]["id"],
        "location_type": "physical",
        "name": "Chicago, IL, United States",
        "description": "The address is confidential. Get in touch first.",
    }
    assert "60601" not in json.dumps(service)


def test_the_centre_of_a_postal_code_does_not_travel_as_a_position(one: Callable[..., dict[str, Any]]) -> None:
    location = one(point=None)["service_at_locations"][0]["location"]
    assert "latitude" not in location
    assert location["addresses"][0]["postal_code"] == "60601"


def test_what_has_no_door_has_no_location(directory: Directory, words: Words) -> None:
    directory.ingest(factories.source(), factories.rows(factories.line()))
    (row,) = resources(directory.database)
    service = full.service(row, words)
    assert "service_at_locations" not in service
    assert [(each["name"], each["extent"]) for each in service["service_areas"]] == [("United States", "US")]
    assert [entity for entity, _ in ids.of(row)] == ["service", "organization"]


def test_an_address_that_is_not_whole_is_told_but_not_made_up(one: Callable[..., dict[str, Any]]) -> None:
    service = one(postal_code=None, address_2="Room 5")
    location = service["service_at_locations"][0]["location"]
    assert "addresses" not in location
    assert location["description"].endswith("Example Street, Room 5, Chicago, IL")


def test_a_region_nobody_stated_is_filled_in_and_said_to_be(one: Callable[..., dict[str, Any]]) -> None:
    service = one(region=None)
    assert service["service_at_locations"][0]["location"]["addresses"][0]["state_province"] == "Illinois"
    assert ("derived", "state_province") in details(service)


def test_phones_say_what_to_do_once_the_call_is_answered(one: Callable[..., dict[str, Any]]) -> None:
    service = one(phone=Phone("+12025550142", "0115", "2"), sms="+12025550143", sms_keyword="HOME")
    voice, text = service["phones"]
    assert {**voice, "id": ""} == {
        "id": "",
        "number": "+12025550142",
        "extension": 115,
        "type": "voice",
        "description": "Extension 0115. Then press 2.",
    }
    assert (text["number"], text["type"], text["description"]) == ("+12025550143", "text", "Text HOME to this number.")
    assert service["service_at_locations"][0]["phones"] == service["phones"]


def test_a_need_says_how_it_is_known(one: Callable[..., dict[str, Any]]) -> None:
    service = one(needs=("mental_health", "alcohol", "gambling"))
    assert [(each["taxonomy_term"]["code"], each["value"]) for each in service["attributes"][:3]] == [
        ("mental_health", "general"),
        ("alcohol", "stated"),
        ("gambling", "stated"),
    ]


@pytest.mark.parametrize(
    ("changes", "status", "alert"),
    [
        ({}, "active", None),
        ({"status": Status.TEMPORARILY_CLOSED}, "temporarily closed", "Closed for now."),
        ({"status": Status.CLOSED}, "defunct", "No longer there."),
        (
            {"status": Status.REPLACED, "replaced_by": "Example New"},
            "defunct",
            "No longer there. Replaced by: Example New.",
        ),
        ({"accepting_new": False}, "active", "Takes no new people."),
    ],
)
def test_status_and_alert(
    one: Callable[..., dict[str, Any]], changes: dict[str, Any], status: str, alert: str | None
) -> None:
    service = one(**changes)
    assert (service["status"], service.get("alert")) == (status, alert)


def test_when_and_by_whom_it_was_checked(one: Callable[..., dict[str, Any]]) -> None:
    service = one(last_checked=date(2026, 9, 1), checked_by="Example checker")
    assert service["assured_date"] == "2026-09-01"
    assert "assurer_email" not in service
    assert ("checked_by", "Example checker") in details(service)


def test_no_organization_is_made_up(one: Callable[..., dict[str, Any]]) -> None:
    service = one()
    assert service["organization"]["name"] == service["name"]
    assert service["organization"]["description"].startswith("No organization is stated")


@pytest.mark.parametrize(
    ("hours", "expected"),
    [
        ("24/7", [("WEEKLY", "MO,TU,WE,TH,FR,SA,SU", "00:00", "23:59")]),
        ("Mo-Fr 09:00-17:00", [("WEEKLY", "MO,TU,WE,TH,FR", "09:00", "17:00")]),
        ("Mo-Fr 09:00-17:00; PH off", [("WEEKLY", "MO,TU,WE,TH,FR", "09:00", "17:00")]),
        ("Mo 09:00-12:00,13:00-17:00", [("WEEKLY", "MO", "09:00", "12:00"), ("WEEKLY", "MO", "13:00", "17:00")]),
        ("Mo-Fr 09:00-17:00; We 09:00-12:00", [
            ("WEEKLY", "MO,TU,TH,FR", "09:00", "17:00"), ("WEEKLY", "WE", "09:00", "12:00"),
        ]),
        ("Fr 22:00-02:00", [("WEEKLY", "FR", "22:00", "02:00")]),
        ("Th[1,3] 19:00-20:00", [("MONTHLY", "1TH,3TH", "19:00", "20:00")]),
        ("Su[-1] 10:00-11:00", [("MONTHLY", "-1SU", "10:00", "11:00")]),
        ("Jan-Mar: Mo 09:00-17:00", []),
        ('Mo-Fr 09:00-17:00 || "on call"', []),
        ('Mo 09:00-17:00 "by appointment"', []),
    ],
)  # fmt: skip
def test_schedules_say_what_they_can(hours: str, expected: list[tuple[str, str, str, str]]) -> None:
    written = schedules.written(hours)
    assert [(each["freq"], each["byday"], each["opens_at"], each["closes_at"]) for each in written] == expected


@pytest.mark.parametrize(
    "hours", ["24/7", "Mo-Fr 09:00-17:00", "Mo 09:00-12:00,13:00-17:00", "Fr 22:00-02:00", "Th[1],Th[3] 19:00-20:00"]
)
def test_schedules_are_read_back_as_the_same_hours(hours: str) -> None:
    assert schedules.opening_hours(schedules.written(hours)) == hours


def test_every_schedule_holds_the_hours_exactly_and_names_the_zone(one: Callable[..., dict[str, Any]]) -> None:
    service = one(hours="Mo-Fr 09:00-17:00; PH off", timezone="America/Chicago", hours_note="Ring the bell")
    (schedule,) = service["schedules"]
    assert schedule["notes"] == "OSM opening_hours: Mo-Fr 09:00-17:00; PH off\nLocal time in America/Chicago."
    assert schedules.exact(schedule["notes"]) == "Mo-Fr 09:00-17:00; PH off"
    assert schedule["description"] == "Ring the bell"
    assert "timezone" not in schedule


def test_what_a_spreadsheet_would_run_is_quoted_and_numbers_are_not(
    directory: Directory, words: Words, tmp_path: Path
) -> None:
    lure = factories.listing(name='=HYPERLINK("https://example.org")', description="+1+1", point=factories.CHICAGO)
    directory.ingest(factories.source(), factories.rows(lure))
    tabular.write(resources(directory.database), tmp_path / "package", words)
    (service,) = _read(tmp_path / "package" / "services.csv")
    assert (service["name"], service["description"]) == ('\'=HYPERLINK("https://example.org")', "'+1+1")
    assert _read(tmp_path / "package" / "phones.csv")[0]["number"] == "+12025550142"
    assert _read(tmp_path / "package" / "locations.csv")[0]["longitude"] == "-87.6181"


def test_a_package_does_not_take_the_name_of_one_file(tmp_path: Path, words: Words) -> None:
    with pytest.raises(
        BadQuery, match=r"is many files, and all\.csv is the name of one; name a folder, or a file ending in .zip"
    ):
        tabular.write([], tmp_path / "all.csv", words)
    assert not list(tmp_path.iterdir())


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path: Path, words: Words) -> None:
    (tmp_path / "letter.txt").write_text("mine")
    with pytest.raises(BadQuery, match="holds other files; name a new folder"):
        tabular.write([], tmp_path, words)
    assert [each.name for each in tmp_path.iterdir()] == ["letter.txt"]


def test_a_zip_is_replaced_only_by_a_whole_one(tmp_path: Path, words: Words) -> None:
    def failing() -> Iterator[Row]:
        raise RuntimeError
        yield {}

    target = tmp_path / "directory.zip"
    tabular.write([], target, words)
    before = target.read_bytes()
    with pytest.raises(RuntimeError):
        tabular.write(failing(), target, words)
    assert target.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["directory.zip"]
    with pytest.raises(BadQuery, match="cannot be written"):
        tabular.write([], tmp_path / "nowhere" / "directory.zip", words)


def test_a_merged_resource_is_one_service_with_the_kinds_of_its_programmes(directory: Directory, words: Words) -> None:
    same = {"name": "Example Clinic", "address_1": "5 Example Street"}
    directory.ingest(
        factories.source(),
        factories.rows(
            factories.listing("one", kind=Kind.THERAPIST, **same),
            factories.listing("two", kind=Kind.TREATMENT_PROGRAM, **same),
        ),
    )
    (row,) = resources(directory.database)
    kinds = [
        (each["taxonomy_term"]["code"], each.get("value"))
        for each in full.service(row, words)["attributes"]
        if each["link_type"] == "kind"
    ]
    assert kinds == [("treatment_program", None), ("therapist", "also")]


def details(service: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        (each["taxonomy_term"]["code"], each["value"])
        for each in service["attributes"]
        if each["link_type"] == "detail"
    ]


def _typed(row: dict[str, str], rules: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row of text in the types of the schema; an empty cell says nothing."""
    return {
        name: float(cell) if rules["properties"][name]["type"] == "number" else cell
        for name, cell in row.items()
        if cell
    }


def _read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
