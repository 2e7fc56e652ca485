"""HSDS packages and JSON in: other publishers' as they are, and our own back as the same resources."""

import csv
import json
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from directory import needs
from directory.db import Database
from directory.errors import DirectoryError, UnreadableFile
from directory.geocoding import Gazetteer
from directory.hsds import full, tabular
from directory.hsds.words import Words
from directory.importers import hsds, hsds_archive, sources
from directory.importers.drafts import Context, Reading
from directory.importers.sources import Options, Source
from directory.ingest import Directory
from directory.intake import take_in
from directory.models import Resource
from directory.needs import Vocabulary
from directory.records import Kind, Listing, Phone, Point, Row, Status
from tests import factories
from tests.conftest import DATA

EXAMPLES = Path(__file__).resolve().parent.parent.parent / "shared" / "data" / "hsds_3_0" / "examples"
TABLES = {
    "organizations": [{"id": "o1", "name": "Example Help", "description": "Helps", "website": "https://example.org"}],
    "services": [
        {
            "id": "s1", "organization_id": "o1", "name": "Example Counselling", "status": "active",
            "description": "Talking helps.", "eligibility_description": "Adults of the county",
            "minimum_age": "18", "assured_date": "2026-03-01", "fees_description": "Ask us",
        }
    ],
    "locations": [{"id": "l1", "location_type": "physical", "latitude": "41.8858", "longitude": "-87.6181"}],
    "service_at_location": [{"id": "p1", "service_id": "s1", "location_id": "l1"}],
    "addresses": [
        {
            "id": "a1", "location_id": "l1", "address_1": "1 Example Street", "city": "Chicago",
            "state_province": "IL", "postal_code": "60601", "country": "US", "address_type": "physical",
        }
    ],
    "phones": [{"id": "n1", "service_id": "s1", "number": "202-555-0142", "type": "voice"}],
}  # fmt: skip
Tables = dict[str, list[dict[str, str]]]
KIND = {"kind": "treatment_program"}


@pytest.fixture
def context(vocabulary: Vocabulary, gazetteer: Gazetteer) -> Context:
    return Context(vocabulary, gazetteer, DATA, factories.TODAY)


@pytest.fixture(scope="module")
def words(vocabulary: Vocabulary, gazetteer: Gazetteer) -> Words:
    return Words.of(vocabulary, gazetteer)


@pytest.fixture
def read(context: Context, tmp_path: Path) -> Callable[..., tuple[list[Row], Reading]]:
    """Read tables, our usual ones with those given in their place, as a package."""

    def make(values: Mapping[str, str] = KIND, **tables: Sequence[Mapping[str, str]]) -> tuple[list[Row], Reading]:
        folder = tmp_path / "package"
        write_tables(folder, {**TABLES, **{name: [dict(row) for row in rows] for name, rows in tables.items()}})
        assert hsds.recognises(folder)
        reading = hsds.read(folder, source(values), context, Options())
        return list(reading.rows), reading

    return make


@pytest.fixture
def listing(read: Callable[..., tuple[list[Row], Reading]]) -> Callable[..., Listing]:
    """Read tables that are to give one listing."""

    def make(**tables: Any) -> Listing:
        (row,), _ = read(**tables)
        assert row.problems == ()
        assert row.listing is not None
        return row.listing

    return make


def source(values: Mapping[str, str] = KIND) -> Source:
    return Source("example", publisher="Example publisher", values=values)


def write_tables(folder: Path, tables: Tables) -> None:
    folder.mkdir(exist_ok=True)
    for name, rows in tables.items():
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(dict.fromkeys(key for row in rows for key in row)) or ["id"])
            writer.writeheader()
            writer.writerows(rows)


def changed(table: str, **changes: str) -> list[dict[str, str]]:
    (row,) = TABLES[table]
    return [{**row, **changes}]


def said(rows: Sequence[Row]) -> list[str]:
    return [str(problem).partition(", ")[2] for row in rows for problem in row.problems]


def resources(database: Database) -> list[dict[str, Any]]:
    with database.reading() as connection:
        return [dict(row) for row in connection.execute(select(*Resource.__table__.columns)).mappings()]


def compared(rows: Sequence[Mapping[str, Any]], vocabulary: Vocabulary) -> list[dict[str, Any]]:
    """Return resources as far as they travel in HSDS, in an order of their own.

    They do without: ``id`` and ``modified_at``, which are each directory's own; the names and dates of ``sources``, which
    are then those of the import (the first address of theirs stays); ``programs``: a merged resource travels as one service.
    """
    found = []
    for row in rows:
        own = {name: value for name, value in row.items() if name not in {"id", "modified_at", "programs"}}
        own["sources"] = next((each["url"] for each in row["sources"] if each["url"]), None)
        found.append(own)
    return sorted(found, key=lambda row: json.dumps(row, default=str, sort_keys=True))


def ways_out(rows: list[dict[str, Any]], words: Words, folder: Path) -> Iterator[tuple[Path, Any]]:
    """Yield a file of each form of HSDS, and what reads it."""
    tabular.write(rows, folder / "package", words)
    yield folder / "package", hsds.read
    yield folder / "package" / "datapackage.json", hsds.read
    tabular.write(rows, folder / "directory.zip", words)
    yield folder / "directory.zip", hsds.read
    with (folder / "services.json").open("w", encoding="utf-8") as stream:
        full.write(rows, stream, words)
    yield folder / "services.json", hsds.read_json


def odd_listings() -> list[Listing]:
    make = factories.listing
    return [
        make("plain", description="First line\nsecond; line", organization="Example Help", source_url="https://example.org/a"),
        make("numbers", phone=Phone("+12025550142", "0115", "2"), sms="+12025550143", sms_keyword="HOME"),
        make("by ZIP".replace(" ", "-"), point=None, region=None, postal_code="36310", city=None),
        make("city-only", address_1=None, postal_code=None, point=None),
        make("hidden", confidential_location=True, address_1=None, postal_code=None, point=None),
        make("shut", status=Status.CLOSED, replaced_by="Example Other"),
        make("gone", status=Status.REPLACED, replaced_by="Example Other"),
        make("pause", status=Status.TEMPORARILY_CLOSED, accepting_new=False),
        make("hours", hours='Mo-Fr 09:00-17:00; PH off || "on call"', hours_note="Ring the bell", timezone="America/Chicago"),
        make("needs", kind=Kind.TREATMENT_PROGRAM, needs=("mental_health", "alcohol", "gambling"), integrated=True),
        make("both", kind=Kind.THERAPIST, also_kinds=("treatment_program",)),
        make("excludes", kind=Kind.TREATMENT_PROGRAM, needs=("substance_use",), excludes=("alcohol", "opioids")),
        make(
            "facets", formats=("in_person", "video"), payment=("free", "medicaid"), audiences=("veterans", "women"),
            approaches=("cbt", "detox"), urgent_care=("walk_in",), accessibility=("wheelchair", "sign_language"),
            languages=("en", "zh-Hant", "ase", "urd"), minimum_age=13, maximum_age=25, eligibility="Veterans first",
        ),
        make("named-alike", name="Example Help", organization="Example Help", identifiers=("npi:1234567893", "frid:7")),
        make("formula", name="=1+1", description="@SUM(1)", organization="+Plus"),
        make("unchecked", last_checked=None, checked_by=None, phone=None, url="https://example.org/%C3%A9?x=1"),
        make("tiny", point=Point(0.00001, 9.5), country="GA", region=None, postal_code=None, phone=None, url="https://example.org"),
        factories.line("line", service_area=("US", "US-IL", "US-IL-031", "world"), chat_url="https://example.org/chat"),
        factories.line("abroad", country="AU", phone=Phone("+61131114"), service_area=("AU",), languages=()),
        factories.line("web", country=None, phone=None, url="https://example.org", service_area=("world",), hours=None),
    ]  # fmt: skip


def test_odd_resources_come_back_as_they_went(
    directory: Directory, context: Context, words: Words, tmp_path: Path
) -> None:
    directory.ingest(factories.source(), factories.rows(*odd_listings()))
    before = resources(directory.database)
    assert len(before) == len(odd_listings())
    for place, (path, reader) in enumerate(ways_out(before, words, tmp_path)):
        database = Database(f"sqlite:///{tmp_path / f'{place}.sqlite3'}")
        again = Directory(database, context.vocabulary, context.gazetteer)
        reading = reader(path, factories.source(), context, Options())
        assert reading.took_for.endswith("of this directory")
        report = again.ingest(factories.source(), reading.rows)
        assert report.counts == {"added": len(before)}
        assert compared(resources(database), context.vocabulary) == compared(before, context.vocabulary)
        database.dispose()


def test_the_whole_directory_comes_back_as_it_went(
    vocabulary: Vocabulary, gazetteer: Gazetteer, context: Context, words: Words, tmp_path: Path
) -> None:
    database = Database(f"sqlite:///{tmp_path / 'directory.sqlite3'}")
    directory = Directory(database, vocabulary, gazetteer)
    for name in ("crisis_lines", "support_groups", "therapists", "treatment_programs"):
        path = DATA / f"{name}.csv"
        take_in(directory, path, sources.beside(path), DATA, factories.TODAY)
    before = resources(database)
    wanted = compared(before, vocabulary)
    tabular.write(before, tmp_path / "directory.zip", words)
    with (tmp_path / "services.json").open("w", encoding="utf-8") as stream:
        full.write(before, stream, words)
    for name, reader in (("directory.zip", hsds.read), ("services.json", hsds.read_json)):
        again = Database(f"sqlite:///{tmp_path / name}.sqlite3")
        reading = reader(tmp_path / name, factories.source(), context, Options())
        report = Directory(again, vocabulary, gazetteer).ingest(factories.source(), reading.rows)
        assert report.counts == {"added": len(before)}
        assert compared(resources(again), vocabulary) == wanted
        again.dispose()
    database.dispose()


def test_the_comparison_sees_a_changed_column(directory: Directory) -> None:
    directory.ingest(factories.source(), factories.rows(factories.listing()))
    (row,) = resources(directory.database)
    vocabulary = directory.vocabulary
    same = {**row, "id": 99, "programs": [{}]}
    assert compared([row], vocabulary) == compared([same], vocabulary)
    for name in sorted(set(row) - {"id", "modified_at", "programs", "sources"}):
        value = 1 - row[name] if isinstance(row[name], int) else "changed"
        other = {**row, name: value if name != "kind" else "support_group"}
        assert compared([row], vocabulary) != compared([other], vocabulary), name


def test_the_official_example_is_refused_for_what_is_wrong_with_it(context: Context) -> None:
    if not EXAMPLES.is_dir():
        pytest.skip(f"the official HSDS examples are not there ({EXAMPLES})")
    reading = hsds.read(EXAMPLES / "csv", source({}), context, Options())
    assert said(list(reading.rows)) == [
        "column 'kind': 'not stated' in HSDS, which has no field for it; write [values] and under it kind = "
        '"treatment_program" (or therapist, support_group, crisis_line) into csv.toml',
        "column 'phones.number': '+44 1234 234567 ext 100' is a number of another country (+44)",
        "column 'addresses.state_province': 'MyState' is not a state or province of US",
        "column 'addresses.postal_code': 'ABC 1234' is not a ZIP; write five digits",
        "column 'locations.latitude': '100' is not a latitude: it must lie between -90 and 90",
    ]
    (told,) = [note for note in reading.notes if "keys that name nothing" in note]
    for key in ("985e4a42-bd9f-4edc", "f28dd44b-0c4d-479f", "07ff6aee-a219-438c", "0bc248fa-dc27-4650", "cd09a387"):
        assert key in told
    assert any("contacts.csv (it names persons)" in note for note in reading.notes)


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("service_full", "services"),
        ("service_list", "services"),
        ("service_at_location_full", "services at locations"),
        ("service_at_location_list", "services at locations"),
        ("organization_full", "organizations"),
        ("organization_list", "organizations"),
    ],
)
def test_the_official_json_is_known_for_what_it_is(name: str, what: str, context: Context) -> None:
    if not EXAMPLES.is_dir():
        pytest.skip(f"the official HSDS examples are not there ({EXAMPLES})")
    path = EXAMPLES / f"{name}.json"
    assert hsds.recognises_json(path)
    assert not hsds.recognises(path)
    reading = hsds.read_json(path, source(), context, Options())
    assert reading.took_for == f"HSDS 3.0 JSON, {what}"
    rows = list(reading.rows)
    assert len(rows) + reading.tally.left_out.total() == 1
    assert all(row.listing is None for row in rows)


def test_a_service_becomes_a_listing(listing: Callable[..., Listing]) -> None:
    assert listing() == Listing(
        external_id="p1",
        kind=Kind.TREATMENT_PROGRAM,
        name="Example Counselling",
        country="US",
        organization="Example Help",
        description="Talking helps.\nFees: Ask us",
        phone=Phone("+12025550142"),
        url="https://example.org",
        address_1="1 Example Street",
        city="Chicago",
        region="IL",
        postal_code="60601",
        point=factories.CHICAGO,
        minimum_age=18,
        eligibility="Adults of the county",
        last_checked=date(2026, 3, 1),
        checked_by="Example publisher",
    )


def test_a_kind_nobody_states_is_asked_for(read: Callable[..., Any]) -> None:
    rows, reading = read(values={})
    assert said(rows) == [
        "column 'kind': 'not stated' in HSDS, which has no field for it; write [values] and under it kind = "
        '"treatment_program" (or therapist, support_group, crisis_line) into package.toml'
    ]
    assert (rows[0].cells["name"], rows[0].cells["kind"]) == ("Example Counselling", "")
    assert "name" in reading.columns


@pytest.mark.parametrize(
    ("term", "column", "value"),
    [
        ({"name": "Depression"}, "needs", ("depression",)),
        ({"name": "Mental Health"}, "needs", ("mental_health",)),
        ({"name": "Behavioral Health Services"}, "needs", ("mental_health", "substance_use")),
        ({"name": "x", "code": "substance_use"}, "needs", ("substance_use",)),
        ({"name": "Medicaid"}, "payment", ("medicaid",)),
        ({"name": "Veterans"}, "audiences", ("veterans",)),
        ({"name": "Support Groups"}, "kind", Kind.SUPPORT_GROUP),
        ({"name": "Depression Screening Tools"}, "needs", ()),
    ],
)
def test_a_term_means_no_more_than_it_says(
    term: dict[str, str], column: str, value: Any, listing: Callable[..., Listing]
) -> None:
    found = listing(
        values={} if column == "kind" else KIND,
        taxonomy_terms=[{"id": "t1", "description": "", **term}],
        attributes=[{"id": "x1", "link_id": "s1", "taxonomy_term_id": "t1", "link_entity": "service"}],
    )
    assert getattr(found, column) == value


def test_terms_nobody_can_map_are_counted(read: Callable[..., Any]) -> None:
    _, reading = read(
        taxonomy_terms=[{"id": "t1", "code": "XX-1", "name": "Fishing", "description": "d"}],
        attributes=[{"id": "x1", "link_id": "s1", "taxonomy_term_id": "t1", "link_entity": "service"}],
    )
    assert reading.tally.unmapped == {"XX-1 (Fishing)": 1}


def test_a_service_at_two_places_is_two_listings(read: Callable[..., Any]) -> None:
    rows, _ = read(
        locations=[*TABLES["locations"], {"id": "l2", "location_type": "physical"}],
        service_at_location=[*TABLES["service_at_location"], {"id": "p2", "service_id": "s1", "location_id": "l2"}],
        addresses=[*TABLES["addresses"], *changed("addresses", id="a2", location_id="l2", address_1="2 Example Road")],
        phones=[*TABLES["phones"], {"id": "n2", "service_at_location_id": "p2", "number": "202-555-0143"}],
    )
    assert [(row.external_id, row.listing.address_1, row.listing.phone.number) for row in rows] == [
        ("p1", "1 Example Street", "+12025550142"),
        ("p2", "2 Example Road", "+12025550143"),
    ]


def test_several_keys_in_one_cell_are_several_links(read: Callable[..., Any]) -> None:
    two = [*TABLES["services"], *changed("services", id="s2", name="Example Group")]
    places = [*TABLES["service_at_location"], {"id": "p2", "service_id": "s2", "location_id": "l1"}]
    for cell in ("s1,s2", "s1; s2", "s1|s2"):
        rows, reading = read(services=two, service_at_location=places, phones=changed("phones", service_id=cell))
        assert [row.listing.phone.number for row in rows] == ["+12025550142"] * 2
        assert not any("keys" in note for note in reading.notes)


def test_uuids_run_together_are_several_links(read: Callable[..., Any]) -> None:
    one, two = (str(uuid5(UUID(int=0), each)) for each in "ab")
    rows, _ = read(
        services=[*changed("services", id=one), *changed("services", id=two)],
        service_at_location=[
            {"id": "p1", "service_id": one, "location_id": "l1"},
            {"id": "p2", "service_id": two, "location_id": "l1"},
        ],
        phones=changed("phones", service_id=f"{one} {two}"),
    )
    assert [row.listing.phone.number for row in rows] == ["+12025550142"] * 2


def test_dangling_keys_are_named(read: Callable[..., Any]) -> None:
    rows, reading = read(
        services=[*changed("services", organization_id="o9"), *changed("services", id="s2")],
        service_at_location=[
            *TABLES["service_at_location"],
            {"id": "p2", "service_id": "s2", "location_id": "l9"},
            {"id": "p3", "service_id": "s9", "location_id": "l1"},
        ],
        phones=[*TABLES["phones"], {"id": "n2", "service_id": "s8", "number": "202-555-0143"}],
    )
    assert [bool(row.listing) for row in rows] == [True, False, False]
    assert [str(each).partition(", ")[2] for each in rows[0].warnings if "organization" in str(each)] == [
        "column 'services.organization_id': 'o9' names no row of its table"
    ]
    assert "column 'service_at_location.location_id': 'l9' names no location of this package" in said(rows)
    assert "column 'service_at_location.service_id': 's9' names no service of this package" in said(rows)
    assert [note for note in reading.notes if "keys" in note] == [
        "4 keys that name nothing: services.csv row 2, organization_id 'o9'; "
        "service_at_location.csv row 3, location_id 'l9'; service_at_location.csv row 4, service_id 's9'; "
        "phones.csv row 3, service_id 's8'"
    ]


def test_line_ends_in_cells_and_rows_longer_than_the_header(
    read: Callable[..., Any], context: Context, tmp_path: Path
) -> None:
    read(services=changed("services", description="Talking\nhelps."))
    phones = tmp_path / "package" / "phones.csv"
    lines = ["id,service_id,number", "n0,s1,202-555-0141,,", "n1,s1,202-555-0142,what is this"]
    phones.write_text("\n".join(lines), encoding="utf-8")
    reading = hsds.read(tmp_path / "package", source(), context, Options())
    (row,) = reading.rows
    assert row.listing is not None
    assert row.listing.description == "Talking\nhelps.\nFees: Ask us"
    assert row.listing.phone == Phone("+12025550141")
    assert "1 rows left out: phones.csv row 3 has 4 cells, the header has 3" in reading.notes


def test_a_service_whose_row_is_broken_is_refused_by_its_row(
    read: Callable[..., Any], context: Context, tmp_path: Path
) -> None:
    read()
    services = tmp_path / "package" / "services.csv"
    services.write_text("id,name,status\ns1,Example, Counselling,active\n", encoding="utf-8")
    (row,) = hsds.read(tmp_path / "package", source(), context, Options()).rows
    assert (row.number, row.listing) == (2, None)
    assert str(row.problems[0]) == "package row 2: has 4 cells, the header has 3"


def test_persons_are_dropped(read: Callable[..., Any]) -> None:
    rows, _ = read(
        contacts=[{"id": "c1", "service_id": "s1", "name": "Example Person", "email": "person@example.org"}],
        services=changed("services", assurer_email="checker@example.org"),
        phones=[*TABLES["phones"], {"id": "n2", "contact_id": "c1", "number": "202-555-0143"}],
    )
    told = repr(rows)
    assert rows[0].listing is not None
    assert "Person" not in told
    assert "person@" not in told
    assert "checker@" not in told
    assert "0143" not in told


@pytest.mark.parametrize(
    ("phones", "phone", "sms", "told"),
    [
        ([{"number": '"202-555-0142"'}], Phone("+12025550142"), None, ""),
        ([{"number": "202-555-0142", "extension": "115.0"}], Phone("+12025550142", "115"), None, ""),
        ([{"number": "202-555-0142 x7"}], Phone("+12025550142", "7"), None, ""),
        ([{"number": "202-555-0149", "type": "fax"}, {"number": "202-555-0142"}], Phone("+12025550142"), None, ""),
        ([{"number": "ring us"}, {"number": "202-555-0142"}], Phone("+12025550142"), None, "Also: ring us"),
        ([{"number": "202-555-0142", "description": "Mornings"}], Phone("+12025550142"), None, "Phone: Mornings"),
        ([{"number": "202-555-0143", "type": "text"}], None, "+12025550143", ""),
        ([{"number": "202-555-0143", "type": "textphone"}], None, None, "TTY: 202-555-0143"),
    ],
)
def test_phones(
    phones: list[dict[str, str]], phone: Phone | None, sms: str | None, told: str, listing: Callable[..., Listing]
) -> None:
    found = listing(phones=[{"id": f"n{place}", "service_id": "s1", **each} for place, each in enumerate(phones)])
    assert (found.phone, found.sms) == (phone, sms)
    assert told in (found.description or "")


def test_quotes_round_a_number_are_a_repair(read: Callable[..., Any]) -> None:
    (row,), _ = read(phones=changed("phones", number='"202-555-0142"'))
    assert [str(each).partition(", ")[2] for each in row.repairs] == [
        "column 'phones.number': '\"202-555-0142\"' has quotes round it; read as 202-555-0142"
    ]


def schedule(**fields: str) -> dict[str, str]:
    return {
        "id": "h1", "service_id": "s1", "freq": "WEEKLY", "byday": "MO,TU", "opens_at": "09:00:00",
        "closes_at": "17:00:00", **fields,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("given_", "hours", "note"),
    [
        ([schedule()], "Mo,Tu 09:00-17:00", None),
        ([schedule(opens_at="09:00-06:00", closes_at="17:00-06:00")], "Mo,Tu 09:00-17:00", None),
        ([schedule(valid_from="2020-01-01", dtstart="2020-01-01", interval="1")], "Mo,Tu 09:00-17:00", None),
        ([schedule(byday="MO,TU,WE,TH,FR,SA,SU", opens_at="00:00", closes_at="23:59")], "24/7", None),
        ([schedule(freq="MONTHLY", byday="2MO")], "Mo[2] 09:00-17:00", None),
        ([schedule(valid_to="2020-01-01")], None, None),
        ([schedule(interval="2")], None, "weekly MO,TU 09:00-17:00"),
        ([schedule(opens_at="09:00Z")], None, "weekly MO,TU 09:00-17:00"),
        ([schedule(byday="")], None, "09:00-17:00"),
        ([schedule(description="Not in August")], "Mo,Tu 09:00-17:00", "Not in August"),
        ([{"id": "h1", "service_id": "s1", "description": "Mon-Fri 9am-5pm"}],
         "Mo-Fr 09:00-17:00", None),
        ([{"id": "h1", "service_id": "s1", "description": "By appointment"}], None, "By appointment"),
    ],
)  # fmt: skip
def test_schedules_become_hours_only_when_they_are_certain(
    given_: list[dict[str, str]], hours: str | None, note: str | None, listing: Callable[..., Listing]
) -> None:
    found = listing(schedules=given_)
    if hours == "Mo-Fr 09:00-17:00":
        found = replace(found, hours=(found.hours or "").replace("Mo,Tu,We,Th,Fr", "Mo-Fr"))
    assert (found.hours, found.hours_note) == (hours, note)


def test_what_has_no_door_needs_an_area_and_keeps_hours_without_a_zone_as_words(
    listing: Callable[..., Listing],
) -> None:
    found = listing(
        values={**KIND, "country": "US"},
        service_at_location=[],
        service_areas=[{"id": "r1", "service_id": "s1", "name": "Cook County, Illinois"}],
        schedules=[schedule()],
    )
    assert (found.external_id, found.service_area) == ("s1", ("US-IL-031",))
    assert (found.hours, found.hours_note) == (None, "weekly MO,TU 09:00-17:00")


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("United States", "US"),
        ("Illinois", "US-IL"),
        ("Illinois, United States", "US-IL"),
        ("Nationwide", "US"),
        ("Worldwide", "world"),
    ],
)
def test_service_areas_by_their_names(name: str, code: str, listing: Callable[..., Listing]) -> None:
    found = listing(
        service_at_location=[{"id": "p1", "service_id": "s1", "location_id": "l1"}],
        locations=[{"id": "l1", "location_type": "virtual"}],
        addresses=changed("addresses", address_1="", city="", postal_code="", address_type="physical"),
        service_areas=[{"id": "r1", "service_id": "s1", "name": name}],
    )
    assert found.service_area == (code,)


def test_who_may_come_to_a_door_is_told_and_not_served_at_a_distance(listing: Callable[..., Listing]) -> None:
    found = listing(service_areas=[{"id": "r1", "service_id": "s1", "name": "Cook County, Illinois"}])
    assert found.service_area == ()
    assert "Serves: Cook County, Illinois" in (found.description or "")


def test_a_street_that_is_withheld_is_a_confidential_location(listing: Callable[..., Listing]) -> None:
    found = listing(addresses=changed("addresses", address_1="Confidential"))
    assert (found.confidential_location, found.address_1, found.point) == (True, None, None)


def test_a_zip_that_lost_its_zero_is_mended_and_told(read: Callable[..., Any]) -> None:
    (row,), _ = read(
        addresses=changed("addresses", city="Boston", state_province="MA", postal_code="2108"),
        locations=[{"id": "l1", "location_type": "physical"}],
    )
    assert row.listing.postal_code == "02108"
    assert [each.reason for each in row.repairs] == ["lost its leading zeros; read as 02108"]


@pytest.mark.parametrize(
    ("fields", "tag"),
    [
        ({"code": "es", "name": "Spanish"}, ("es",)),
        ({"name": "Spanish"}, ("es",)),
        ({"code": "spa", "name": "Spanish"}, ("es",)),
        ({"code": "urd", "name": "Urdu"}, ("ur",)),
        ({"name": "Klingon of old"}, ()),
    ],
)
def test_languages_by_code_or_name(
    fields: dict[str, str], tag: tuple[str, ...], listing: Callable[..., Listing]
) -> None:
    assert listing(languages=[{"id": "g1", "service_id": "s1", **fields}]).languages == tag


@pytest.mark.parametrize(
    ("written", "status"),
    [
        ("active", Status.ACTIVE),
        ("temporarily closed", Status.TEMPORARILY_CLOSED),
        ("inactive", Status.CLOSED),
        ("defunct", Status.CLOSED),
    ],
)
def test_status(written: str, status: Status, listing: Callable[..., Listing]) -> None:
    assert listing(services=changed("services", status=written)).status == status


def test_only_what_costs_nothing_is_free(listing: Callable[..., Listing]) -> None:
    option = {"id": "f1", "service_id": "s1", "option": "Adults", "amount": "0"}
    assert listing(cost_options=[option]).payment == ("free",)
    assert listing(cost_options=[option, {**option, "id": "f2", "amount": "35"}]).payment == ()


def test_a_text_too_long_is_cut_and_told(read: Callable[..., Any]) -> None:
    (row,), _ = read(services=changed("services", eligibility_description="x" * 1001))
    assert row.listing.eligibility == "x" * 999 + "…"
    assert "is longer than 1000 characters; cut" in [each.reason for each in row.warnings]


def nested() -> dict[str, Any]:
    place = {"id": "p1", "location": {**TABLES["locations"][0], "addresses": TABLES["addresses"]}}
    (service,) = TABLES["services"]
    return {
        **{name: value for name, value in service.items() if name != "organization_id"},
        "minimum_age": 18,
        "organization": TABLES["organizations"][0],
        "phones": TABLES["phones"],
        "service_at_locations": [place],
    }


@pytest.mark.parametrize("form", ["list", "page", "single", "ndjson", "organizations", "places"])
def test_every_form_of_json_says_the_same(
    form: str, context: Context, tmp_path: Path, listing: Callable[..., Listing]
) -> None:
    service = nested()
    organization = service.pop("organization")
    whole = {**service, "organization": organization}
    place = {**service["service_at_locations"][0], "service": {**whole, "service_at_locations": []}}
    texts = {
        "list": json.dumps([whole]),
        "page": json.dumps({"total_items": 1, "page_number": 1, "contents": [whole]}),
        "single": json.dumps(whole, indent=1),
        "ndjson": json.dumps(whole) + "\n",
        "organizations": json.dumps([{**organization, "services": [service]}]),
        "places": json.dumps([place]),
    }
    path = tmp_path / "services.json"
    path.write_text(texts[form], encoding="utf-8")
    assert hsds.recognises_json(path)
    (row,) = hsds.read_json(path, source(), context, Options()).rows
    assert row.listing == listing()


def test_a_broken_record_is_refused_by_its_place_and_the_others_are_read(context: Context, tmp_path: Path) -> None:
    path = tmp_path / "services.json"
    path.write_text(json.dumps([nested(), 7, {**nested(), "service_at_locations": [{"id": "p2"}]}]), encoding="utf-8")
    rows = list(hsds.read_json(path, source(), context, Options()).rows)
    assert [(row.number, row.external_id, bool(row.listing)) for row in rows] == [
        (1, "p1", True),
        (2, None, False),
        (3, "p2", False),
    ]


def test_what_is_no_hsds_is_not_taken_for_it(tmp_path: Path) -> None:
    texts = {
        "meetings.json": '[{"name": "A", "slug": "a", "day": 1}]',
        "rows.json": '{"page": 1, "rows": [{"name1": "A"}]}',
        "other.json": '[{"id": 1, "name": "A", "status": "active"}]',
        "geo.json": '{"type": "FeatureCollection", "features": []}',
        "own.csv": "id,kind,name\n",
        "empty": "",
    }
    for name, text in texts.items():
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        assert not hsds.recognises(path), name
        assert not hsds.recognises_json(path), name
    assert not hsds.recognises(tmp_path)
    assert not hsds.recognises(tmp_path / "nowhere")
    with pytest.raises(UnreadableFile, match="is no JSON of HSDS"):
        hsds.read_json(tmp_path / "geo.json", source(), _none(), Options())


def _none() -> Any:
    """The file is refused before anything is read against a context."""
    return None


def zipped(path: Path, files: Mapping[str, bytes], **how: Any) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, **how) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


SERVICES = b"id,name,status\ns1,Example,active\n"


@pytest.mark.parametrize(
    ("files", "words_said"),
    [
        ({"services.csv": SERVICES, "../phones.csv": b"id\n"}, "names a file outside itself"),
        ({"services.csv": SERVICES, "/etc/phones.csv": b"id\n"}, "names a file outside itself"),
        ({"services.csv": SERVICES, "more.zip": b"x"}, "holds another archive"),
        ({"services.csv": SERVICES + b"\n" * 100_000_000}, "unpacks to 100,000,033 bytes"),
        ({"phones.csv": b"id\n"}, "has no table of services"),
        ({"services.csv": SERVICES, "SERVICES.csv": SERVICES}, "two files of one name"),
        ({f"{number}.txt": b"" for number in range(10_001)}, "holds more than 10,000 files"),
        (
            {"services.csv": SERVICES, "datapackage.json": b'{"resources": [{"path": "../x.csv", "name": "service"}]}'},
            "names a file outside its folder",
        ),
    ],
    ids=["up", "root", "archive", "bomb", "no services", "twice", "10,001", "path"],
)
def test_a_zip_is_refused_from_its_directory(
    files: dict[str, bytes], words_said: str, tmp_path: Path, context: Context
) -> None:
    path = zipped(tmp_path / "package.zip", files)
    with pytest.raises(UnreadableFile, match=words_said):
        hsds.read(path, source(), context, Options())
    assert [each.name for each in tmp_path.iterdir()] == ["package.zip"]


def test_a_damaged_zip_is_refused(tmp_path: Path, context: Context) -> None:
    path = zipped(tmp_path / "package.zip", {"services.csv": SERVICES + bytes(range(32, 126)) * 50})
    data = path.read_bytes()
    for damaged in (data[: len(data) // 2], data[:60] + b"\xff" * 20 + data[80:], b"PK\x03\x04", data[:4] + data[40:]):
        path.write_bytes(damaged)
        with pytest.raises(UnreadableFile):
            hsds.read(path, source(), context, Options())
    with pytest.raises(UnreadableFile, match="there is no file"):
        hsds.read(tmp_path / "nowhere.zip", source(), context, Options())


def test_the_tables_may_lie_in_a_folder_of_the_zip(tmp_path: Path, context: Context) -> None:
    write_tables(tmp_path / "package", TABLES)
    files = {f"data/2026/{each.name}": each.read_bytes() for each in (tmp_path / "package").iterdir()}
    path = zipped(tmp_path / "package.zip", files)
    assert hsds.recognises(path)
    (row,) = hsds.read(path, source(), context, Options()).rows
    assert row.listing is not None


def test_a_datapackage_may_name_its_tables_otherwise(tmp_path: Path, context: Context) -> None:
    folder = tmp_path / "package"
    write_tables(folder, TABLES)
    (folder / "services.csv").rename(folder / "my_list.csv")
    resources_named = [{"name": "service", "path": "my_list.csv"}, {"name": "phone", "path": "lost.csv"}]
    (folder / "datapackage.json").write_text(json.dumps({"resources": resources_named}))
    reading = hsds.read(folder / "datapackage.json", source(), context, Options())
    assert [bool(row.listing) for row in reading.rows] == [True]
    assert "datapackage.json names 'lost.csv', which is not there" in reading.notes


@cache
def everywhere() -> Context:
    return Context(needs.load(DATA), Gazetteer(DATA / "places"), DATA, factories.TODAY)


@settings(max_examples=60, deadline=None)
@given(
    data=st.one_of(
        st.binary(max_size=300),
        st.text(max_size=300).map(lambda text: SERVICES + text.encode("utf-8", "surrogatepass")),
        st.lists(st.sampled_from(['"', ",", "\n", "s1", "id", "\0", ";", "=", "\r"]), max_size=30).map(
            lambda parts: SERVICES + "".join(parts).encode()
        ),
    )
)
def test_no_bytes_of_a_table_raise_anything_but_our_own_errors(
    data: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("bytes")
    for name in ("services.csv", "phones.csv", "attributes.csv", "datapackage.json"):
        (folder / name).write_bytes(data)
    hsds.recognises(folder)
    with suppress(DirectoryError):
        list(hsds.read(folder, source(), everywhere(), Options()).rows)
    path = folder / "package.zip"
    path.write_bytes(b"PK\x03\x04" + data)
    hsds.recognises(path)
    with pytest.raises(DirectoryError):
        hsds.read(path, source(), everywhere(), Options())


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "name", "number"]), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip
FIELDS = (
    "description organization service_at_locations phones schedules service_areas languages attributes status location"
    " minimum_age assured_date cost_options eligibility_description taxonomy_term addresses latitude"
).split()


@settings(max_examples=100, deadline=None)
@given(record=st.dictionaries(st.sampled_from(FIELDS), VALUES), single=st.booleans())
def test_no_json_raises_anything_but_our_own_errors(
    record: dict[str, Any], single: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("json") / "services.json"
    whole = {"id": "s1", "name": "Example", "organization_id": "o1", **record, "status": "active"}
    places = {"id": "p1", "location": record, "phones": [record], "attributes": [record]}
    found = [whole, {**whole, "service_at_locations": [places]}]
    path.write_text(json.dumps(found[1] if single else found), encoding="utf-8")
    assert hsds.recognises_json(path)
    with suppress(DirectoryError):
        list(hsds.read_json(path, source(), everywhere(), Options()).rows)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b'{"id": 1, "name": "x"',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"id":"\\ud800","name":"x","status":"active","organization":{}}',
    ],
)
def test_json_that_is_none_is_refused(data: bytes, context: Context, tmp_path: Path) -> None:
    path = tmp_path / "services.json"
    path.write_bytes(data)
    assert not hsds.recognises_json(path)
    with pytest.raises(UnreadableFile):
        list(hsds.read_json(path, source(), context, Options()).rows)


def test_memory_does_not_grow_with_the_package(context: Context, tmp_path: Path) -> None:
    def peak(services: int) -> int:
        folder = tmp_path / str(services)
        many: Tables = {name: [] for name in TABLES}
        for number in range(services):
            for name, (row,) in TABLES.items():
                many[name].append(
                    {key: f"{each}-{number}" if key.endswith("id") else each for key, each in row.items()}
                )
        write_tables(folder, many)
        del many
        tracemalloc.start()
        rows = hsds.read(folder, source(), context, Options()).rows
        assert sum(row.listing is not None for row in rows) == services
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    peak(100)
    assert peak(1500) < peak(200) + 2_000_000


def test_the_archive_names_every_table_of_the_standard() -> None:
    assert {"service", "attribute", "metadata"} <= set(hsds_archive.FILES.values())
