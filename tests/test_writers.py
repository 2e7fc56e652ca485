"""What is written is what was held: each format, read back by a reader that knows nothing of the writer."""

import csv
import io
import json
import re
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import icalendar as library
import pytest
import vobject
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from directory import clean, merge, needs, phones
from directory.config import shipped_folder
from directory.geocoding import Gazetteer
from directory.importers import formats, own
from directory.importers.drafts import Context
from directory.needs import Vocabulary
from directory.records import Kind, Listing, Phone, Point, Status, dumps
from directory.sameness import Sourced
from directory.writers import geojson, icalendar, listings, meeting_guide, vcard
from directory.writers.weekly import Meeting, is_answered, meetings, told, week
from tests import factories

DATA = shipped_folder("data")
NOW = datetime(2026, 11, 22, 18, 0, tzinfo=UTC)
TODAY = NOW.date()


@pytest.fixture
def resource(vocabulary: Vocabulary, gazetteer: Gazetteer) -> Any:
    """A function from a listing to the row of the resource it makes."""

    def make(listing: Listing, source_date: date | None = date(2026, 10, 1)) -> dict[str, Any]:
        row = merge.resource([Sourced(1, listing, "Example list", source_date, None, "s")], vocabulary, gazetteer)
        return {"id": 7, **row, "modified_at": datetime(2026, 11, 1)}

    return make


def group(**changes: Any) -> Listing:
    values = {
        "kind": Kind.SUPPORT_GROUP,
        "name": "Example Group",
        "hours": "Mo,We 18:00-19:30",
        "url": "https://example.org/g",
    }
    return factories.listing("group", **{**values, **changes})


# Our own CSV


def lines_of(limit: int) -> st.SearchStrategy[str]:
    starts = st.sampled_from(["", "=", "+", "-", "@", "'", "''=", "＝", ";", '"', ",", "a'b"])
    words = st.text(st.characters(exclude_categories=["Cc", "Cs", "Cn", "Co"]), max_size=limit // 4)
    return st.builds(str.__add__, starts, words).map(lambda text: cleaned(clean.text, text, limit)).filter(bool)


def cleaned(cleaner: Any, text: str, limit: int) -> str:
    try:
        return str(cleaner(text, limit))
    except ValueError:
        return ""


def paragraphs(limit: int) -> st.SearchStrategy[str]:
    joined = st.lists(lines_of(limit // 8), min_size=1, max_size=4).map("\n".join)
    return joined.map(lambda text: cleaned(clean.paragraph, text, limit)).filter(bool)


def lists_of(words: list[str]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(words), unique=True, max_size=4).map(tuple)


def shipped(name: str) -> list[Listing]:
    return [row.listing for row in own.read(DATA / name, VOCABULARY, today=TODAY).rows if row.listing is not None]


VOCABULARY = needs.load(DATA)
DIALLED = [(each.phone, each.country) for each in shipped("crisis_lines.csv") if each.phone and each.country]
FACETS = {name: list(values) for name, values in VOCABULARY.facets.items()}


@st.composite
def stated(draw: st.DrawFn) -> Listing:
    phone, country = draw(st.sampled_from(DIALLED))
    maybe = lambda strategy: draw(st.none() | strategy)  # noqa: E731
    confidential = draw(st.booleans())
    point = (
        None
        if confidential
        else maybe(st.builds(Point, st.sampled_from([41.8858, 41.0, 41.000001]), st.just(-87.6181)))
    )
    if country != "US":
        point = None
    kind = draw(st.sampled_from(list(Kind)))
    if phones.is_emergency(phone.number, country):
        kind = Kind.CRISIS_LINE
    sites = [Kind.THERAPIST, Kind.TREATMENT_PROGRAM]
    also_kinds = tuple(str(each) for each in sites if each != kind) if kind in sites and draw(st.booleans()) else ()
    ids = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,40}", fullmatch=True)
    extension, press = (st.from_regex(f"[0-9]{{1,{most}}}", fullmatch=True) for most in (8, 3))
    return Listing(
        external_id=draw(ids.filter(lambda found: not clean.DAMAGED.fullmatch(found))),
        kind=kind,
        also_kinds=also_kinds,
        name=draw(lines_of(300)),
        country=country,
        organization=maybe(lines_of(300)),
        description=maybe(paragraphs(4000)),
        needs=draw(lists_of(list(VOCABULARY.needs)[:20])),
        excludes=draw(lists_of(list(VOCABULARY.needs)[20:])),
        phone=replace(phone, extension=maybe(extension), press=maybe(press)),
        sms=maybe(st.just(phone.number)),
        chat_url=maybe(st.just("https://example.org/chat?a=1;b,c")),
        email=maybe(st.just("info@example.org")),
        address_1=None if confidential else maybe(lines_of(300)),
        city=maybe(lines_of(200)),
        point=point,
        confidential_location=confidential,
        service_area=draw(st.sampled_from([(country,), (country, "world"), ("US-IL", "US-IL-031")])),
        formats=draw(lists_of(FACETS["format"])),
        languages=draw(lists_of(["en", "es", "zh-Hant", "es-419", "ase"])),
        hours=maybe(st.sampled_from(["24/7", "Mo-Fr 09:00-17:00; PH off", 'Mo "call, please; =1"'])),
        hours_note=maybe(paragraphs(1000)),
        timezone="America/Chicago",
        payment=draw(lists_of(FACETS["payment"])),
        audiences=draw(lists_of(FACETS["audience"])),
        minimum_age=maybe(st.integers(0, 40)),
        maximum_age=maybe(st.integers(41, 120)),
        approaches=draw(lists_of(FACETS["approach"])),
        integrated=draw(st.booleans()),
        urgent_care=draw(lists_of(FACETS["urgent_care"])),
        accepting_new=maybe(st.booleans()),
        eligibility=maybe(paragraphs(1000)),
        accessibility=draw(lists_of(FACETS["accessibility"])),
        status=draw(st.sampled_from([Status.ACTIVE, Status.TEMPORARILY_CLOSED, Status.CLOSED])),
        replaced_by=maybe(lines_of(300)),
        identifiers=draw(lists_of(["npi:1234567893", "frid:a/b-c_1", "ein:12-3456789"])),
        source_url=maybe(st.just("https://example.org/list#=1")),
        last_checked=maybe(st.dates(clean.EARLIEST, TODAY)),
        checked_by=maybe(lines_of(300)),
    )  # fmt: skip


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
@given(stated())
def test_any_listing_comes_back_from_its_row(tmp_path: Path, listing: Listing) -> None:
    path = tmp_path / "one.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        assert listings.write([listing], stream) == 1
    (row,) = own.read(path, VOCABULARY, today=TODAY).rows
    assert row.problems == ()
    assert row.listing is not None
    assert dumps(row.listing) == dumps(listing)


@given(st.floats(-90, 90, allow_nan=False), st.floats(-180, 180, allow_nan=False))
def test_every_position_is_written_to_its_last_digit(latitude: float, longitude: float) -> None:
    cells = dict(zip(listings.COLUMNS, listings.row(factories.listing(point=Point(latitude, longitude))), strict=True))
    for name, value in (("latitude", latitude), ("longitude", longitude)):
        assert float(clean.unquoted(cells[name])) == value
        assert "e" not in cells[name]


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(stated())
def test_no_cell_begins_as_a_formula_does(listing: Listing) -> None:
    assert not [cell for cell in listings.row(listing) if cell.startswith(("=", "+", "-", "@", "\t", "\r", "＝"))]


def test_numbers_are_written_as_people_dial_them() -> None:
    def phone_cell(listing: Listing) -> str:
        return listings.row(listing)[listings.COLUMNS.index("phone")]

    assert phone_cell(factories.listing(phone=Phone("+12025550142", "115", "2"))) == "202-555-0142 ext 115 press 2"
    assert phone_cell(factories.line(phone=Phone("988"))) == "988"
    assert phone_cell(factories.line(phone=Phone("116123"), country="GB")) == "116 123"


def test_ids_that_several_sources_use_get_names_of_their_own() -> None:
    taken = listings.taken_apart([("a b", "1"), ("c", "1"), ("c", "a-b.1"), ("d", "a-b.1")])
    assert taken == {("a b", "1"): "a-b.1.2", ("c", "1"): "c.1", ("c", "a-b.1"): "c.a-b.1", ("d", "a-b.1"): "d.a-b.1"}


# Weekly meetings


@pytest.mark.parametrize(
    ("hours", "meetings", "not_on_holidays"),
    [
        ("Mo,We 18:00-19:30", [((0, 2), "18:00", "19:30")], False),
        ("Sa 23:00-01:00", [((5,), "23:00", "01:00")], False),
        ("Mo-Fr 10:00-11:00; We off", [((0, 1, 3, 4), "10:00", "11:00")], False),
        ("Mo 10:00-11:00,18:00-19:00; PH off", [((0,), "10:00", "11:00"), ((0,), "18:00", "19:00")], True),
        ("18:00-19:00", [((0, 1, 2, 3, 4, 5, 6), "18:00", "19:00")], False),
        ("Mo 10:00-11:00; Mo 12:00-13:00", [((0,), "12:00", "13:00")], False),
        ("Mo 10:00-11:00, Mo 12:00-13:00", [((0,), "10:00", "11:00"), ((0,), "12:00", "13:00")], False),
    ],
)
def test_hours_that_are_a_week_of_meetings(hours: str, meetings: list[Any], not_on_holidays: bool) -> None:
    found = week(hours)
    assert found is not None
    assert [(each.weekdays, *each.clock) for each in found.meetings] == meetings
    assert found.not_on_holidays is not_on_holidays


@pytest.mark.parametrize(
    "hours",
    [
        None, "24/7", "Th[4] 18:00-19:00", "Mo 10:00-11:00 \"call\"", "Jan-Mar Mo 10:00-11:00", "Mo 10:00-11:00 || unknown",
        "Mo unknown", "PH 10:00-11:00", "never",
    ],
)  # fmt: skip
def test_hours_that_are_more_than_a_week_are_left_to_words(hours: str | None) -> None:
    assert week(hours) is None


@pytest.mark.parametrize(
    ("hours", "with_a_door", "without"),
    [
        ("24/7", True, True),
        ("Mo-Fr 10:00-22:00", True, True),
        ("Mo 18:00-19:00; Tu 09:00-17:00", True, True),
        ("Mo-Su 10:00-16:00,19:00-22:00", True, True),
        ("Jan-Mar: Mo-Fr 09:00-17:00", True, True),
        ("Mo-Fr 22:00-06:00", True, True),
        ("Mo-Fr 09:00-12:00", False, True),
        ("Mo-Th 09:00-12:00; Sa 09:00-12:00", False, True),
        ("Mo-Th 09:00-12:00", False, False),
        ("Mo-Su 19:00-20:30", False, False),
        ("Sa 09:00-13:00", False, False),
        ("Th[4] 18:00-19:00", False, False),
        ("no hours at all", False, False),
        (None, False, False),
    ],
)
def test_hours_of_an_office_or_a_helpline_are_no_meetings(
    resource: Any, hours: str | None, with_a_door: bool, without: bool
) -> None:
    somewhere = resource(group()) | {"hours": hours}
    nowhere = somewhere | {"address_1": None, "city": None, "latitude": None}
    assert (is_answered(somewhere), is_answered(nowhere)) == (with_a_door, without)
    assert meetings(somewhere) == (None if with_a_door else week(hours))
    assert meetings(nowhere) == (None if without else week(hours))


@pytest.mark.parametrize(
    ("note", "meetings"),
    [
        ("Mondays 06:30", [((0,), "06:30", None)]),
        ("Mondays, Tuesdays and Sundays 07:00; No meetings on holidays", [((0, 1, 6), "07:00", None)]),
        (
            "Also Tuesdays 18:30, Every day 20:00-21:00",
            [((1,), "18:30", None), ((0, 1, 2, 3, 4, 5, 6), "20:00", "21:00")],
        ),
        ("Mondays 06:30 (time zone not stated)", [((0,), "06:30", None)]),
        ("Mondays 06:30 in the hall", []),
        ("First Mondays 06:30", []),
        ("Ask when it meets", []),
        (None, []),
    ],
)
def test_meetings_whose_end_nobody_stated_are_found_in_the_note(note: str | None, meetings: list[Any]) -> None:
    assert [(each.weekdays, *each.clock) for each in told(note)] == meetings


# Meeting Guide


def test_a_meeting_without_an_end_keeps_its_day_and_time(resource: Any) -> None:
    (found,) = meeting_guide.entries(resource(group(hours=None, hours_note="Mondays 06:30")), {}, NOW)
    assert (found["day"], found["time"]) == (1, "06:30")
    assert "end_time" not in found


def test_a_group_is_an_entry_for_each_day_and_time(resource: Any) -> None:
    found = list(meeting_guide.entries(resource(group()), {}, NOW))
    assert [(each["day"], each["time"], each["end_time"], each["slug"]) for each in found] == [
        (1, "18:00", "19:30", "example-group-7-1-1800"),
        (3, "18:00", "19:30", "example-group-7-3-1800"),
    ]
    assert found[0] | {"day": 0, "slug": "", "notes": ""} == {
        "name": "Example Group", "slug": "", "day": 0, "time": "18:00", "end_time": "19:30", "timezone": "America/Chicago",
        "formatted_address": found[0]["formatted_address"], "latitude": 41.8858, "longitude": -87.6181, "approximate": "no",
        "types": [], "notes": "", "url": "https://example.org/g", "updated": "2026-09-01 00:00:00",
    }  # fmt: skip
    assert re.fullmatch(r"\d+ Example Street, Chicago, IL 60601, US", found[0]["formatted_address"])


def test_a_group_without_a_week_is_by_appointment(resource: Any) -> None:
    (found,) = meeting_guide.entries(resource(group(hours=None, hours_note="Ask when we meet")), {}, NOW)
    assert {"day", "time", "end_time"} & found.keys() == set()
    assert "Ask when we meet" in found["notes"]


def test_a_group_whose_hours_are_those_of_a_helpline_is_left_out_and_counted(resource: Any) -> None:
    stream = io.StringIO()
    groups = [group(hours="24/7"), group(hours="Mo-Fr 10:00-22:00"), group(), group(hours=None), factories.listing()]
    written = meeting_guide.write(map(resource, groups), stream, {}, NOW)
    assert written == meeting_guide.Written(entries=3, left_out=2)
    assert len(json.loads(stream.getvalue())) == 3


def test_a_group_that_names_its_meetings_is_not_left_out_for_its_office_hours(resource: Any) -> None:
    row = resource(group(hours="Mo-Fr 09:00-17:00", hours_note="Mondays 18:30"))
    assert [(each["day"], each["time"]) for each in meeting_guide.entries(row, {}, NOW)] == [(1, "18:30")]


def test_no_group_of_the_shipped_list_has_meetings_made_of_hours_when_somebody_answers() -> None:
    groups = [each for each in shipped("support_groups.csv") if each.kind == Kind.SUPPORT_GROUP and each.hours]
    assert {each.hours for each in groups} <= {"24/7"}


def test_only_support_groups_are_meetings(resource: Any) -> None:
    assert list(meeting_guide.entries(resource(factories.listing()), {}, NOW)) == []


def test_what_nobody_checked_has_no_date_that_a_reader_takes_for_a_check(resource: Any) -> None:
    unchecked = resource(group(last_checked=None, checked_by=None))
    assert all("updated" not in each for each in meeting_guide.entries(unchecked, {}, NOW))


def test_slugs_are_unique_and_short_whatever_the_name(resource: Any) -> None:
    row = resource(group(name="Ünïcode & Co. " * 20, hours="Mo-Su 06:00-07:00,12:00-13:00,12:00-14:00"))
    slugs = [each["slug"] for each in meeting_guide.entries(row, {}, NOW)]
    assert len(set(slugs)) == len(slugs) == 21
    assert all(re.fullmatch(r"[a-z0-9-]{1,64}", slug) for slug in slugs)


def test_types_are_the_codes_that_say_one_thing(resource: Any, vocabulary: Vocabulary) -> None:
    known = meeting_guide.types(DATA, vocabulary)
    assert not [code for code in known.values() if ":" in code]
    row = resource(
        group(formats=("in_person", "video"), status=Status.TEMPORARILY_CLOSED, accessibility=("wheelchair",))
    )
    (found, *_) = meeting_guide.entries(row, {("accessibility", "wheelchair"): "X"}, NOW)
    assert found["types"] == ["ONL", "TC", "X"]


def test_our_own_reader_takes_the_meetings_for_the_same_group(
    resource: Any, vocabulary: Vocabulary, gazetteer: Gazetteer, tmp_path: Path
) -> None:
    path = tmp_path / "meetings.json"
    with path.open("w", encoding="utf-8") as stream:
        written = meeting_guide.write([resource(group())], stream, meeting_guide.types(DATA, vocabulary), NOW)
    assert written.entries == 2
    source = factories.source(values={"needs": "depression"})
    reading = formats.open_file(path, source, Context(vocabulary, gazetteer, DATA, TODAY), formats.Options())
    (row,) = reading.rows
    assert row.problems == ()
    assert row.listing is not None
    assert (row.listing.name, row.listing.hours, row.listing.city, row.listing.point) == (
        "Example Group", "Mo,We 18:00-19:30", "Chicago", factories.CHICAGO,
    )  # fmt: skip
    assert row.listing.last_checked == date(2026, 9, 1)


# GeoJSON


def test_a_collection_is_geojson(resource: Any, vocabulary: Vocabulary) -> None:
    stream = io.StringIO()
    doorless = resource(factories.line())
    assert geojson.write([resource(factories.listing()), doorless], stream, vocabulary) == 2
    found = json.loads(stream.getvalue())
    assert found["type"] == "FeatureCollection"
    placed, nowhere = found["features"]
    assert placed["geometry"] == {"type": "Point", "coordinates": [-87.6181, 41.8858]}
    assert placed["properties"]["needs"] == ["depression", "anxiety"]
    assert (placed["properties"]["precision"], placed["properties"]["approximate"]) == ("source", False)
    assert nowhere["geometry"] is None
    assert nowhere["properties"]["phone"] == "988"


def test_an_empty_collection_is_geojson_too(vocabulary: Vocabulary) -> None:
    stream = io.StringIO()
    assert geojson.write([], stream, vocabulary) == 0
    assert json.loads(stream.getvalue()) == {"type": "FeatureCollection", "features": []}


def test_a_rough_position_says_so(resource: Any, vocabulary: Vocabulary) -> None:
    said = geojson.feature(resource(factories.listing(point=None)), vocabulary)["properties"]
    assert (said["precision"], said["approximate"], said["position_name"]) == ("postal_code", True, "60601 Chicago, IL")


# Address book and calendar


def test_a_contact_is_read_by_another_program(resource: Any) -> None:
    words = "One; two, three\\ four\nünd fünf " * 12
    row = resource(
        factories.listing(
            name="Grüße; Ltd, \\n", description=clean.paragraph(words, 4000), phone=Phone("+12025550142", "115")
        )
    )
    text = vcard.card(row, NOW)
    found = vobject.readOne(text)
    assert found.fn.value == "Grüße; Ltd, \\n"
    assert found.tel.value == "+12025550142,,115"
    assert clean.paragraph(words, 4000) in found.note.value
    assert found.note.value.startswith("Checked 2026-09-01 by Example checker.")
    assert found.adr.value.city == "Chicago"
    assert text.startswith("BEGIN:VCARD\r\nVERSION:3.0\r\n")
    assert all(len(line) <= 75 for line in text.encode().split(b"\r\n"))


def test_a_contact_says_how_to_text_also_where_one_number_takes_both(resource: Any) -> None:
    row = resource(factories.line(phone=Phone("988"), sms="988"))
    assert "Text 988" in vobject.readOne(vcard.card(row, NOW)).note.value.splitlines()


def test_a_value_from_a_file_adds_no_line_of_its_own(resource: Any) -> None:
    row = resource(factories.listing(description="a\nTEL:+12025550199", eligibility="b\r\nEND:VCARD"))
    lines = vcard.card(row, NOW).split("\r\n")
    assert [line for line in lines if line.startswith(("TEL", "END"))] == ["TEL;TYPE=WORK:+12025550142", "END:VCARD"]


def test_old_facts_are_said_to_be_old(resource: Any) -> None:
    row = resource(factories.listing(last_checked=date(2022, 1, 1)))
    assert vobject.readOne(vcard.card(row, NOW)).note.value.startswith("2022 data, call first.")


def test_a_week_becomes_events_in_the_zone_of_the_group(resource: Any) -> None:
    text = icalendar.events(resource(group(hours="Mo,We 18:00-19:30; Sa 23:00-01:00; PH off")), NOW)
    assert text is not None
    calendar = library.Calendar.from_ical(text)
    assert [str(each["TZID"]) for each in calendar.walk("VTIMEZONE")] == ["America/Chicago"]
    first, second = calendar.walk("VEVENT")
    chicago = ZoneInfo("America/Chicago")
    assert first["DTSTART"].dt == datetime(2026, 11, 23, 18, 0, tzinfo=chicago)
    assert first["RRULE"] == {"FREQ": ["WEEKLY"], "BYDAY": ["MO", "WE"]}
    assert second["DTEND"].dt == datetime(2026, 11, 29, 1, 0, tzinfo=chicago)
    assert "Checked 2026-09-01 by Example checker." in first["DESCRIPTION"]
    assert "Not on public holidays." in first["DESCRIPTION"]
    assert first["UID"] != second["UID"]


@pytest.mark.parametrize(
    "changes",
    [
        {"hours": None}, {"hours": "24/7"}, {"hours": "Th[4] 18:00-19:00"}, {"hours": "Mo-Fr 10:00-22:00"},
        {"kind": Kind.THERAPIST},
        {"status": Status.TEMPORARILY_CLOSED}, {"status": Status.CLOSED},
    ],
)  # fmt: skip
def test_what_has_no_sure_week_has_no_calendar(resource: Any, changes: dict[str, Any]) -> None:
    assert icalendar.events(resource(group(**changes)), NOW) is None


def test_a_hidden_place_is_told_by_no_writer(resource: Any, vocabulary: Vocabulary) -> None:
    row = resource(group(confidential_location=True, address_1=None, postal_code=None, point=None))
    row |= {
        "address_1": "12 Hidden Marker Lane",
        "address_2": "Hidden Marker",
        "postal_code": "60609",
    }  # as if it were known
    said = [
        vcard.card(row, NOW), icalendar.events(row, NOW) or "", json.dumps(geojson.feature(row, vocabulary)),
        json.dumps(list(meeting_guide.entries(row, {}, NOW))),
    ]  # fmt: skip
    assert not [text for text in said if "Hidden" in text or "60609" in text]
    assert all("Chicago" in text for text in said)
    assert geojson.feature(row, vocabulary)["properties"]["approximate"] is True
    assert "GEO" not in said[0]


def test_meetings_are_minutes_of_a_week() -> None:
    assert Meeting((0,), 1380, 1500).clock == ("23:00", "01:00")


def test_a_csv_has_the_columns_of_the_reference() -> None:
    stream = io.StringIO()
    listings.write([], stream)
    assert next(csv.reader([stream.getvalue()])) == list(own.FORMAT.columns)
