"""Meeting Guide: a group is one listing with one schedule, and promises only what all its meetings are."""

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import factories
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from directory.config import shipped_folder
from directory.errors import DirectoryError
from directory.geocoding import Gazetteer
from directory.importers import addresses, mappings, meeting_guide
from directory.importers.addresses import Address
from directory.importers.drafts import Context, Reading
from directory.importers.sources import Options
from directory.needs import Vocabulary
from directory.records import Listing, Phone, Point, Row, Status

DATA = shipped_folder("data")
SHARED = Path(__file__).parent.parent.parent / "shared" / "data"
FEED = SHARED / "meeting_guide_aa_minneapolis_2018.json"
TYPES = SHARED / "meeting_guide_types.json"
MEETING: dict[str, Any] = {
    "name": "Sunrise Group",
    "slug": "sunrise-group",
    "day": "1",
    "time": "18:00",
    "end_time": "19:00",
    "types": ["O", "D"],
    "location": "Example Church",
    "formatted_address": "1 Main St, Minneapolis, MN 55404, USA",
    "latitude": "44.9600773",
    "longitude": "-93.2769577",
    "updated": "2018-03-01 12:00:00",
    "url": "https://example.org/meetings/sunrise",
}


@pytest.fixture(scope="module")
def context(vocabulary: Vocabulary, gazetteer: Gazetteer) -> Context:
    return Context(vocabulary, gazetteer, DATA, factories.TODAY)


@pytest.fixture
def read(context: Context, tmp_path: Path):
    def reading(*records: object, **source: Any) -> tuple[list[Row], Reading]:
        path = tmp_path / "feed.json"
        path.write_text(json.dumps(records), encoding="utf-8")
        opened = meeting_guide.read(path, factories.source(**source), context, Options())
        return list(opened.rows), opened

    return reading


@pytest.fixture
def one(read):
    def listing(*records: object, **source: Any) -> Listing:
        rows, _ = read(*records, **source)
        assert len(rows) == 1 and rows[0].listing is not None, [
            str(problem) for row in rows for problem in row.problems
        ]
        return rows[0].listing

    return listing


def meeting(**changes: Any) -> dict[str, Any]:
    return {name: value for name, value in {**MEETING, **changes}.items() if value is not None}


def added_up(rows: list[Row], opened: Reading) -> Mapping[str, int]:
    return {
        "added": sum(row.listing is not None for row in rows),
        "refused": sum(row.listing is None and not row.duplicate for row in rows),
        "duplicates": sum(row.duplicate for row in rows),
        "combined": opened.tally.combined,
    }


def test_a_meeting_is_a_support_group_with_its_place_and_its_own_date(one) -> None:
    assert one(meeting()) == Listing(
        external_id=one(meeting()).external_id,
        kind="support_group",
        name="Sunrise Group",
        country="US",
        description="Discussion.",
        needs=("substance_use",),
        url="https://example.org/meetings/sunrise",
        address_1="1 Main St",
        address_2="Example Church",
        city="Minneapolis",
        region="MN",
        postal_code="55404",
        point=Point(44.9600773, -93.2769577),
        formats=("in_person",),
        hours="Mo 18:00-19:00",
        approaches=("peer_support",),
        eligibility="Open: family, friends and others may come too.",
        source_url="https://example.org/meetings/sunrise",
        last_checked=date(2018, 3, 1),
        checked_by="Example publisher",
    )


def test_a_group_that_meets_on_several_days_is_one_listing_with_one_schedule(read) -> None:
    rows, opened = read(
        meeting(),
        meeting(slug="b", day=3),
        meeting(slug="c", day=["6", 0], time="10:00", end_time="11:00"),
        meeting(slug="d", name="Another Group"),
    )
    assert [row.listing.hours for row in rows if row.listing] == [
        "Mo,We 18:00-19:00; Sa,Su 10:00-11:00",
        "Mo 18:00-19:00",
    ]
    assert added_up(rows, opened) == {"added": 2, "refused": 0, "duplicates": 0, "combined": 2}


def test_the_id_of_a_group_stays_when_a_day_is_added_before_the_others(one) -> None:
    assert one(meeting()).external_id == one(meeting(slug="new", day="0", updated=None), meeting()).external_id


@pytest.mark.parametrize(
    "change",
    [
        {"name": "Sunset Group"},
        {"formatted_address": "2 Main St, Minneapolis, MN 55404, USA"},
        {"formatted_address": "1 Main St, Minneapolis, MN 55405, USA"},
        {"formatted_address": "", "location": "Another Church"},
        {"latitude": None, "longitude": None, "location": None, "formatted_address": "Minneapolis, MN, USA",
         "conference_url": "https://example.org/join", "types": ["ONL"]},
    ],
)  # fmt: skip
def test_groups_of_another_name_place_or_way_in_stay_apart(read, change: dict[str, Any]) -> None:
    rows, opened = read(meeting(), meeting(slug="b", day="2", **change))
    assert added_up(rows, opened) == {"added": 2, "refused": 0, "duplicates": 0, "combined": 0}


def test_the_same_street_written_otherwise_is_the_same_group(one) -> None:
    found = one(meeting(), meeting(slug="b", day="2", formatted_address="1 Main Street, Minneapolis, MN 55404, USA"))
    assert found.hours == "Mo,Tu 18:00-19:00"


def test_facets_count_only_when_all_meetings_agree_and_the_rest_is_told(one) -> None:
    found = one(
        meeting(types=["W", "X", "C", "D"]),
        meeting(slug="b", day="2", types=["X", "C", "S"], notes="Use the side door"),
    )
    assert (found.audiences, found.languages, found.accessibility) == ((), (), ("wheelchair",))
    assert found.eligibility == "Closed: only for people who want help with this themselves."
    assert found.description == (
        "Tuesdays 18:00-19:00: Use the side door\nMondays 18:00-19:00: Women, Discussion.\nTuesdays 18:00-19:00: Spanish."
    )


def test_open_on_one_day_and_closed_on_another_is_told_by_day(one) -> None:
    found = one(meeting(types=["O"]), meeting(slug="b", day="4", types=["C"]))
    assert found.eligibility is None
    assert found.description == "Mondays 18:00-19:00: Open.\nThursdays 18:00-19:00: Closed."


def test_codes_become_facets(one) -> None:
    found = one(meeting(types=["W", "LGBTQ", "Y", "SEN", "N", "S", "POL", "ASL", "X", "DD"]))
    assert found.audiences == ("indigenous_people", "lgbtq", "older_adults", "women", "young_adults")
    assert found.languages == ("ase", "es", "pl")
    assert found.accessibility == ("sign_language", "wheelchair")
    assert (found.needs, found.integrated) == (("substance_use", "mental_health"), False)


def test_no_end_is_made_up(one) -> None:
    found = one(meeting(end_time=""), meeting(slug="b", day="2", end_time=None))
    assert (found.hours, found.hours_note) == (None, "Mondays and Tuesdays 18:00")


def test_where_only_some_meetings_state_an_end_the_others_are_told_beside(one) -> None:
    found = one(meeting(), meeting(slug="b", day="2", end_time=""))
    assert (found.hours, found.hours_note) == ("Mo 18:00-19:00", "Also Tuesdays 18:00")


@pytest.mark.parametrize(
    "changes, hours, note",
    [
        ({"time": "23:30", "end_time": "00:30"}, "Mo 23:30-00:30", None),
        ({"time": "18:00", "end_time": "18:00"}, None, "Mondays 18:00-18:00"),
        ({"day": None, "time": None, "end_time": None}, None, "Ask when it meets"),
        ({"day": "", "time": ""}, None, "Ask when it meets"),
        ({"time": None}, None, "Mondays"),
        ({"notes": "No meetings on holidays"}, "Mo 18:00-19:00", "No meetings on holidays"),
        ({"name": "Speaker Night (1st Monday only)"}, "Mo 18:00-19:00", "Speaker Night (1st Monday only)"),
        ({"name": "First Things First"}, "Mo 18:00-19:00", None),
    ],
)
def test_hours_are_as_sure_as_what_is_said(one, changes: dict[str, Any], hours: str | None, note: str | None) -> None:
    found = one(meeting(**changes))
    assert (found.hours, found.hours_note) == (hours, note)


@pytest.mark.parametrize(
    "changes, column, value, reason",
    [
        ({"day": "7"}, "day", "7", "is not a day; write 0 for Sunday to 6 for Saturday"),
        ({"day": ["1", "Tuesday"]}, "day", "Tuesday", "is not a day; write 0 for Sunday to 6 for Saturday"),
        ({"time": "25:00"}, "time", "25:00", "is not a time of the day; write 18:30"),
        ({"end_time": "7 pm"}, "end_time", "7 pm", "is not a time of the day; write 18:30"),
        ({"name": " "}, "name", "", "is empty"),
    ],
)
def test_a_bad_record_is_refused_and_says_why(
    read, changes: dict[str, Any], column: str, value: str, reason: str
) -> None:
    rows, opened = read(meeting(**changes), meeting(slug="b", day="2"))
    (problem,) = rows[0].problems
    assert (problem.row, problem.column, problem.value, problem.reason) == (1, column, value, reason)
    assert rows[0].cells["slug"] == "sunrise-group"
    assert added_up(rows, opened) == {"added": 1, "refused": 1, "duplicates": 0, "combined": 0}


def test_a_refused_record_is_known_by_its_group(read, one) -> None:
    rows, _ = read(meeting(time="25:00"))
    assert rows[0].external_id == one(meeting()).external_id


def test_what_is_no_object_is_refused_by_itself(read) -> None:
    rows, opened = read(meeting(), 3, ["x"])
    assert [str(problem) for row in rows for problem in row.problems] == [
        "feed.json row 2: is no object with fields, as the records of this list are",
        "feed.json row 3: is no object with fields, as the records of this list are",
    ]
    assert added_up(rows, opened) == {"added": 1, "refused": 2, "duplicates": 0, "combined": 0}


def test_the_same_record_twice_is_a_duplicate(read) -> None:
    rows, opened = read(meeting(), meeting(slug="b", day="2"), meeting())
    assert added_up(rows, opened) == {"added": 1, "refused": 0, "duplicates": 1, "combined": 1}
    assert [str(problem) for problem in rows[1].problems] == [
        f"feed.json row 3, column 'slug': '{rows[0].external_id}' stands already in row 1"
    ]


def test_an_online_group_has_no_pin_and_no_street(one) -> None:
    found = one(
        meeting(
            types=["ONL", "D"], approximate="yes", formatted_address="Minneapolis, MN, USA", location="",
            conference_url="https://example.org/join", conference_url_notes="Meeting ID 123 456",
            timezone="America/Chicago",
        )
    )  # fmt: skip
    assert (found.point, found.address_1, found.city, found.postal_code) == (None, None, None, None)
    assert (found.formats, found.service_area, found.url) == (("video",), ("US",), "https://example.org/join")
    assert (found.hours, found.timezone) == ("Mo 18:00-19:00", "America/Chicago")
    assert found.description == "A group of Minneapolis, MN that meets online.\nMeeting ID 123 456\nDiscussion."


def test_an_online_group_without_a_street_has_no_pin_even_when_nobody_calls_it_approximate(one) -> None:
    found = one(
        meeting(formatted_address="Minneapolis, MN, USA", location="", conference_url="https://example.org/join")
    )
    assert (found.point, found.city, found.formats) == (None, None, ("video",))


def test_hours_without_a_place_and_a_zone_stay_words(one) -> None:
    found = one(meeting(types=["TC"], conference_url="https://example.org/join"))
    assert (found.hours, found.hours_note) == (None, "Mondays 18:00-19:00 (time zone not stated)")


@pytest.mark.parametrize(
    "changes, formats, status, pinned",
    [
        ({}, ("in_person",), Status.ACTIVE, True),
        ({"conference_url": "https://example.org/join"}, ("in_person", "video"), Status.ACTIVE, True),
        ({"conference_url": "https://example.org/join", "types": ["TC"]}, ("video",), Status.ACTIVE, False),
        ({"conference_phone": "+1-312-555-0142", "types": ["TC"]}, ("phone",), Status.ACTIVE, False),
        ({"types": ["TC"]}, ("in_person",), Status.TEMPORARILY_CLOSED, True),
        ({"approximate": "yes"}, ("in_person",), Status.ACTIVE, False),
    ],
)
def test_how_a_group_is_attended(
    one, changes: dict[str, Any], formats: tuple[str, ...], status: Status, pinned: bool
) -> None:
    found = one(meeting(**changes))
    assert (found.formats, found.status, found.point is not None) == (formats, status, pinned)


def test_meetings_of_one_group_that_are_attended_otherwise_say_so_by_day(one) -> None:
    found = one(
        meeting(types=[]),
        meeting(slug="b", day="3", types=[], conference_url="https://example.org/join"),
        meeting(slug="c", day="5", types=["TC"]),
    )
    assert (found.formats, found.status, found.hours) == (("in_person", "video"), Status.ACTIVE, "Mo,We 18:00-19:00")
    assert found.description == (
        "Mondays 18:00-19:00: in person.\nWednesdays 18:00-19:00: in person and by video.\n"
        "Fridays 18:00-19:00: temporarily closed, in person."
    )


def test_a_number_to_join_by_is_dialled_and_its_codes_are_told(one) -> None:
    found = one(
        meeting(conference_phone="+13125550142,,2151234215#,,#,,12341234#", conference_phone_notes="Press star 6")
    )
    assert found.phone == Phone("+13125550142")
    assert found.description == (
        "To join by phone, call +13125550142, then enter 2151234215#, then enter 12341234#.\nPress star 6\nDiscussion."
    )


def test_a_number_of_no_known_country_stays_words(one) -> None:
    found = one(
        meeting(formatted_address="", latitude=None, longitude=None, location=None, conference_phone="+442055501422"),
    )
    assert (found.country, found.phone, found.service_area) == (None, None, ("world",))
    assert found.description == "To join by phone, call +442055501422.\nDiscussion."


def test_personal_contacts_stand_nowhere(read) -> None:
    marker = "Vince"
    personal = {
        "contact_1_name": marker, "contact_1_email": f"{marker}@example.org", "contact_1_phone": "312-555-0142",
        "feedback_emails": [f"{marker}@example.org"], "email": f"{marker}@example.org", "phone": "312-555-0142",
        "notes": f"Ring the bell. If it is locked call {marker} Q. (312) 555-0142. Side door",
        "location_notes": f"Write to {marker}@example.org",
    }  # fmt: skip
    rows, opened = read(meeting(**personal), meeting(slug="b", name="Bad", time="99:99", **personal))
    assert rows[0].problems and rows[1].listing is not None
    assert marker not in repr(rows) and "555" not in repr(rows)
    assert "contact_1_name" not in opened.columns and "slug" in opened.columns
    assert rows[1].listing.description == "Ring the bell. Side door\nDiscussion."


def test_what_a_group_helps_with_is_what_it_names(one) -> None:
    assert one(meeting(name="Nu Life AA Group")).needs == ("alcohol",)
    assert one(meeting(name="Aardvark Group")).needs == ("substance_use",)
    gambling = one(meeting(entity="Gamblers Anonymous of Example"))
    assert (gambling.needs, gambling.organization, gambling.checked_by) == (
        ("gambling",), "Gamblers Anonymous of Example", "Gamblers Anonymous of Example",
    )  # fmt: skip
    assert one(meeting(group="Al-Anon Tuesday")).needs == ("someone_elses_use",)
    assert one(meeting(), publisher="SMART Recovery").approaches == ("peer_support",)
    assert one(meeting(entity="Debtors Anonymous")).needs == ()


def test_needs_fixed_in_the_toml_stand_alone(read) -> None:
    rows, opened = read(meeting(), values={"needs": "gambling"})
    assert rows[0].listing is not None
    assert (rows[0].listing.needs, rows[0].listing.approaches) == (("gambling",), ("peer_support",))
    assert opened.notes == ()
    assert len(read(meeting())[1].notes) == 1


def test_the_oldest_date_of_a_group_counts_and_a_later_check_of_the_whole_file_more(one) -> None:
    days = [meeting(), meeting(slug="b", day="2", updated="2015-09-11 03:37:10")]
    assert one(*days).last_checked == date(2015, 9, 11)
    assert one(*days, meeting(slug="c", day="3", updated=None)).last_checked is None
    values = {"last_checked": "2026-10-01", "checked_by": "Example Intergroup"}
    assert (one(*days, values=values).last_checked, one(*days, values=values).checked_by) == (
        date(2026, 10, 1), "Example Intergroup",
    )  # fmt: skip


@pytest.mark.parametrize(
    "updated, reason",
    [
        ("last week", "is not a date; write 2026-08-31 18:30:00; left out"),
        ("2031-01-01 00:00:00", "is in the future; left out"),
    ],
)
def test_a_date_that_cannot_be_is_left_out_with_a_warning(read, updated: str, reason: str) -> None:
    rows, _ = read(meeting(updated=updated))
    assert rows[0].listing is not None and rows[0].listing.last_checked is None
    assert [(problem.column, problem.reason) for problem in rows[0].warnings] == [("updated", reason)]


def test_codes_nobody_knows_are_counted(read) -> None:
    rows, opened = read(meeting(types=["O", "MW"]), meeting(slug="b", day="2", types=["MW", "ZZ"]))
    assert opened.tally.unmapped == {"MW (no meaning known)": 2, "ZZ (no meaning known)": 1}
    assert "MW" not in str(rows[0].listing)


def test_a_language_on_too_many_meetings_of_a_feed_with_codes_of_its_own_is_none(read) -> None:
    records = [meeting(slug=str(n), name=f"Group {n}", types=["HE", "S"] if n < 3 else ["O"]) for n in range(10)]
    assert read(*records)[0][0].listing.languages == ("es", "he")
    records[9]["types"] = ["O", "MW"]
    rows, opened = read(*records)
    assert rows[0].listing.languages == ("es",)
    assert opened.tally.unmapped == {"HE (Hebrew? too often to mean that here)": 3, "MW (no meaning known)": 1}


def test_a_zip_that_lost_its_zero_is_mended_where_the_state_agrees(read) -> None:
    place = {"formatted_address": None, "address": "1 Main St", "city": "Boston", "state": "MA", "country": "USA",
             "latitude": "42.3581", "longitude": "-71.0636"}  # fmt: skip
    rows, _ = read(meeting(postal_code="2108", **place))
    assert rows[0].listing is not None and rows[0].listing.postal_code == "02108"
    assert [(repair.column, repair.value) for repair in rows[0].repairs] == [("postal_code", "2108")]


def test_a_web_address_nobody_may_open_is_left_out(read) -> None:
    rows, _ = read(meeting(types=["ONL"], conference_url="javascript:alert(1)"))
    assert rows[0].listing is not None and rows[0].listing.url is None


@pytest.mark.parametrize(
    "line, country, expected",
    [
        ("2218 1st Ave S, Minneapolis, MN 55404, USA", "", Address("2218 1st Ave S", "Minneapolis", "MN", "55404", "US")),
        ("Suite 2, 12 Main St, Boston, Massachusetts 02108", "",
         Address("Suite 2, 12 Main St", "Boston", "MA", "02108", "US")),
        ("Minneapolis, MN, USA", "", Address("", "Minneapolis", "MN", "", "US")),
        ("San Juan, 00901, Puerto Rico", "", Address("", "San Juan", "PR", "00901", "US")),
        ("Atlanta, Georgia", "US", Address("", "Atlanta", "GA", "", "US")),
        ("12 Main St, Toronto, ON M5V 2T6, Canada", "", Address("12 Main St", "Toronto", "ON", "M5V 2T6", "CA")),
        ("10 High St, London SW1A 1AA, UK", "", Address("10 High St", "London", "", "SW1A 1AA", "GB")),
        ("1 George St, Sydney NSW 2000, Australia", "", Address("1 George St", "Sydney", "NSW", "2000", "AU")),
        ("Hauptstr. 3, 10115 Berlin, Germany", "", Address("Hauptstr. 3", "Berlin", "", "10115", "DE")),
        ("Berlin, Germany", "", Address("", "Berlin", "", "", "DE")),
        ("Behind the old mill", "", None),
        ("USA", "", None),
        ("", "", None),
    ],
)  # fmt: skip
def test_an_address_on_one_line_is_split_only_where_it_is_certain(
    gazetteer: Gazetteer, line: str, country: str, expected: Address | None
) -> None:
    assert addresses.split(line, gazetteer, country) == expected


def test_an_address_that_cannot_be_split_stays_whole_with_a_warning(read) -> None:
    rows, _ = read(meeting(formatted_address="Behind the old mill"))
    assert rows[0].listing is not None
    assert (rows[0].listing.address_1, rows[0].listing.country) == ("Behind the old mill", "US")
    assert [problem.column for problem in rows[0].warnings] == ["formatted_address"]


@pytest.mark.parametrize(
    "content, expected",
    [
        (json.dumps([MEETING]), True),
        (json.dumps([{"name": "x", "slug": "y"}]), False),
        (json.dumps({"name": "x", "slug": "y", "day": 1}), False),
        ("[]", False),
        ("name,slug,day\n", False),
        ("", False),
    ],
)
def test_a_feed_is_known_by_its_content(tmp_path: Path, content: str, expected: bool) -> None:
    path = tmp_path / "unnamed"
    path.write_text(content)
    assert meeting_guide.recognises(path) is expected


def test_every_published_type_has_a_meaning(vocabulary: Vocabulary) -> None:
    if not TYPES.exists():
        pytest.skip("the published files are not beside the project")
    known = mappings.load(DATA, "meeting_guide", vocabulary)
    assert set(json.loads(TYPES.read_text(encoding="utf-8"))) <= known.keys()


def test_the_published_feed_adds_up(context: Context) -> None:
    if not FEED.exists():
        pytest.skip("the published files are not beside the project")
    opened = meeting_guide.read(FEED, factories.source(), context, Options())
    rows = list(opened.rows)
    counts = added_up(rows, opened)
    assert sum(counts.values()) == 600
    assert counts == {"added": 537, "refused": 0, "duplicates": 0, "combined": 63}
    listings = [row.listing for row in rows if row.listing]
    assert all(listing.point and listing.last_checked and listing.last_checked.year <= 2018 for listing in listings)
    assert not any("he" in listing.languages for listing in listings)
    assert {need for listing in listings for need in listing.needs} == {"substance_use", "alcohol"}


_VALUES = st.one_of(
    st.text(max_size=20), st.integers(), st.none(), st.booleans(), st.floats(allow_nan=False), st.just("\ud800\0"),
    st.lists(st.one_of(st.text(max_size=5), st.integers(), st.none(), st.just({"a": 1})), max_size=3), st.just({"a": [1]}),
    st.sampled_from(["1", "18:30", "0", "MN", "55404", "US", "yes", "1 Main St, Minneapolis, MN 55404, USA"]),
)  # fmt: skip
_RECORDS = st.lists(
    st.one_of(
        st.dictionaries(st.sampled_from([*MEETING, "timezone", "conference_phone", "approximate", "country"]), _VALUES),
        st.builds(
            lambda change: {**MEETING, **change}, st.dictionaries(st.sampled_from([*MEETING, "entity"]), _VALUES)
        ),
        _VALUES,
    ),
    max_size=4,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(records=_RECORDS)
def test_no_records_raise_anything_but_our_own_errors_and_all_are_counted(
    context: Context, tmp_path: Path, records: list[Any]
) -> None:
    path = tmp_path / "feed.json"
    path.write_text(json.dumps(records))
    try:
        opened = meeting_guide.read(path, factories.source(), context, Options())
        rows = list(opened.rows)
    except DirectoryError:
        return
    assert sum(added_up(rows, opened).values()) == len(records)
