"""BMLT: NA's meetings, a listing for each group; virtual ones have no pin, and nobody pretends to know how old they are."""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import factories
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from directory.config import shipped_folder
from directory.errors import DirectoryError
from directory.geocoding import Gazetteer
from directory.importers import bmlt
from directory.importers.drafts import Context, Reading
from directory.importers.sources import Options
from directory.ingest import Directory
from directory.matches import opening
from directory.needs import Vocabulary
from directory.query import build
from directory.records import Listing, OpenState, Phone, Point, Row, Status
from directory.search import Searcher

DATA = shipped_folder("data")
SHARED = Path(__file__).parent.parent.parent / "shared" / "data"
MEETINGS = SHARED / "bmlt_na_new_york.json"
MEETING = {
    "id_bigint": "2", "worldid_mixed": "G001", "service_body_bigint": "1", "weekday_tinyint": "7", "venue_type": "1",
    "start_time": "14:00:00", "duration_time": "01:30:00", "time_zone": "", "formats": "O,St", "lang_enum": "en",
    "longitude": "-73.8814955949783", "latitude": "40.8806192784682", "meeting_name": "Nothing Macho",
    "location_text": "Example Hospital", "location_info": "@210th St", "location_street": "3424 Kossuth Ave.",
    "location_city_subsection": "Bronx", "location_neighborhood": "Norwood", "location_municipality": "New York",
    "location_sub_province": "Bronx", "location_province": "NY", "location_postal_code_1": "10467",
    "location_nation": "USA", "comments": "", "train_lines": "", "bus_lines": "", "phone_meeting_number": "",
    "virtual_meeting_link": "", "virtual_meeting_additional_info": "",
}  # fmt: skip
VIRTUAL = {"venue_type": "2", "virtual_meeting_link": "https://example.org/join", "time_zone": "America/New_York"}


@pytest.fixture(scope="module")
def context(vocabulary: Vocabulary, gazetteer: Gazetteer) -> Context:
    return Context(vocabulary, gazetteer, DATA, factories.TODAY)


@pytest.fixture
def read(context: Context, tmp_path: Path):
    def reading(*records: object, content: object = None, **source: Any) -> tuple[list[Row], Reading]:
        path = tmp_path / "meetings.json"
        path.write_text(json.dumps(records if content is None else content), encoding="utf-8")
        opened = bmlt.read(path, factories.source(**source), context, Options())
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
    return {**MEETING, **changes}


def added_up(rows: list[Row], opened: Reading) -> Mapping[str, int]:
    return {
        "added": sum(row.listing is not None for row in rows),
        "refused": sum(row.listing is None and not row.duplicate for row in rows),
        "duplicates": sum(row.duplicate for row in rows),
        "combined": opened.tally.combined,
        "left out": opened.tally.left_out.total(),
    }


def test_a_meeting_is_a_support_group_for_substance_use_in_general(one) -> None:
    found = one(meeting())
    assert found == Listing(
        external_id=found.external_id,
        kind="support_group",
        name="Nothing Macho",
        organization="Narcotics Anonymous",
        country="US",
        description="@210th St\nStep.",
        needs=("substance_use",),
        url="https://example.org/",
        address_1="3424 Kossuth Ave.",
        address_2="Example Hospital",
        city="Bronx",
        region="NY",
        postal_code="10467",
        point=Point(40.8806192784682, -73.8814955949783),
        formats=("in_person",),
        languages=("en",),
        hours="Sa 14:00-15:30",
        approaches=("peer_support", "twelve_step"),
        eligibility="Open: family, friends and others may come too.",
    )


def test_a_group_that_meets_on_several_days_is_one_listing(read) -> None:
    rows, opened = read(
        meeting(),
        meeting(id_bigint="3", weekday_tinyint="1", location_street="3424 Kossuth Avenue", location_municipality=""),
        meeting(id_bigint="4", weekday_tinyint="2", start_time="23:00:00"),
    )
    assert [row.listing.hours for row in rows if row.listing] == ["Mo 23:00-00:30, Sa,Su 14:00-15:30"]
    assert added_up(rows, opened) == {"added": 1, "refused": 0, "duplicates": 0, "combined": 2, "left out": 0}


def test_rooms_that_differ_by_day_are_told_by_day(one) -> None:
    found = one(meeting(formats=""), meeting(id_bigint="3", weekday_tinyint="2", formats="", location_text="Basement"))
    assert found.address_2 is None
    assert found.description == "@210th St\nMondays 14:00-15:30: Basement.\nSaturdays 14:00-15:30: Example Hospital."


@pytest.mark.parametrize(
    "change",
    [
        {"meeting_name": "Something Macho"},
        {"location_street": "1 Kossuth Ave."},
        {"location_postal_code_1": "10468"},
        {"location_postal_code_1": "", "location_city_subsection": "Queens"},
        VIRTUAL,
    ],
)
def test_groups_of_another_name_place_or_way_in_stay_apart(read, change: dict[str, Any]) -> None:
    rows, opened = read(meeting(), meeting(id_bigint="3", weekday_tinyint="2", **change))
    assert added_up(rows, opened) == {"added": 2, "refused": 0, "duplicates": 0, "combined": 0, "left out": 0}


def test_codes_become_facets_that_all_meetings_agree_on(one) -> None:
    found = one(meeting(formats="W,WC,ES,C,JT"), meeting(id_bigint="3", weekday_tinyint="2", formats="W,WC,GL,YP,C,JT"))
    assert (found.audiences, found.accessibility, found.languages) == (("women",), ("wheelchair",), ())
    assert found.eligibility == "Closed: only for people who want help with this themselves."
    assert found.description == (
        "@210th St\nMondays 14:00-15:30: Gay/Lesbian/Transgender, Young People, Just for Today.\n"
        "Saturdays 14:00-15:30: Espanol, Just for Today."
    )


@pytest.mark.parametrize(
    "changes, languages",
    [
        ({}, ("en",)),
        ({"lang_enum": "es"}, ("es",)),
        ({"formats": "ES"}, ("es",)),
        ({"formats": "L/R"}, ("lt", "ru")),
        ({"formats": "SL"}, ("ase",)),
        ({"comments": "Russian language spoken"}, ()),
        ({"meeting_name": "Grupo Spanish"}, ()),
        ({"lang_enum": ""}, ()),
    ],
)
def test_a_language_is_what_the_codes_say_else_the_record_unless_its_words_disagree(
    one, changes: dict[str, Any], languages: tuple[str, ...]
) -> None:
    assert one(meeting(**changes)).languages == languages


def test_a_virtual_meeting_has_no_pin_and_no_street(one) -> None:
    found = one(meeting(**VIRTUAL, virtual_meeting_additional_info="Passcode 1234", formats="VM"))
    assert (found.point, found.address_1, found.address_2, found.city, found.postal_code) == (None,) * 5
    assert (found.formats, found.service_area, found.url) == (("video",), ("US",), "https://example.org/join")
    assert (found.hours, found.timezone) == ("Sa 14:00-15:30", "America/New_York")
    assert found.description == "A group of Bronx, NY that meets online.\nPasscode 1234"


@pytest.mark.parametrize(
    "changes, formats, status, pinned",
    [
        ({"venue_type": "3", "virtual_meeting_link": "https://example.org/join"}, ("in_person", "video"), Status.ACTIVE, True),
        ({"venue_type": "2", "phone_meeting_number": "312-555-0142"}, ("phone",), Status.ACTIVE, False),
        ({"venue_type": "1", "virtual_meeting_link": "https://example.org/join"}, ("in_person",), Status.ACTIVE, True),
        ({"formats": "TC"}, ("in_person",), Status.TEMPORARILY_CLOSED, True),
        ({"venue_type": "2", "formats": "TC", "virtual_meeting_link": "https://example.org/join"},
         ("video",), Status.ACTIVE, False),
        ({"venue_type": "", "formats": "WEB"}, ("in_person", "video"), Status.ACTIVE, True),
    ],
)  # fmt: skip
def test_how_a_group_is_attended(
    one, changes: dict[str, Any], formats: tuple[str, ...], status: Status, pinned: bool
) -> None:
    found = one(meeting(**changes))
    assert (found.formats, found.status, found.point is not None) == (formats, status, pinned)


def test_a_number_to_join_by_is_dialled(one) -> None:
    assert one(meeting(**VIRTUAL, phone_meeting_number="312-555-0142")).phone == Phone("+13125550142")


@pytest.mark.parametrize(
    "changes, hours, note",
    [
        ({"duration_time": "00:00:00"}, None, "Saturdays 14:00"),
        ({"duration_time": ""}, None, "Saturdays 14:00"),
        ({"weekday_tinyint": "", "start_time": ""}, None, "Ask when it meets"),
        ({"comments": "3rd Friday of the month 9:30 PM"}, "Sa 14:00-15:30", "3rd Friday of the month 9:30 PM"),
        ({"comments": "Ring bell"}, "Sa 14:00-15:30", None),
        ({"meeting_name": "Steps (Closed on 3rd Saturday every month)"}, "Sa 14:00-15:30",
         "Steps (Closed on 3rd Saturday every month)"),
    ],
)  # fmt: skip
def test_hours_are_as_sure_as_what_is_said(one, changes: dict[str, Any], hours: str | None, note: str | None) -> None:
    found = one(meeting(**changes))
    assert (found.hours, found.hours_note) == (hours, note)


@pytest.mark.parametrize(
    "changes, column, value, reason",
    [
        ({"weekday_tinyint": "8"}, "weekday_tinyint", "8", "is not a day; write 1 for Sunday to 7 for Saturday"),
        ({"weekday_tinyint": "0"}, "weekday_tinyint", "0", "is not a day; write 1 for Sunday to 7 for Saturday"),
        ({"start_time": "24:00:00"}, "start_time", "24:00:00", "is not a time of the day; write 18:30"),
        ({"meeting_name": ""}, "meeting_name", "", "is empty"),
        ({"location_province": "XX"}, "location_province", "XX", "is not a state or province of US"),
        ({"location_street": "", "location_text": ""}, None, "", "gives no way to be reached"),
    ],
)
def test_a_bad_record_is_refused_and_says_why(
    read, changes: dict[str, Any], column: str | None, value: str, reason: str
) -> None:
    rows, opened = read(meeting(**changes), meeting(id_bigint="9", meeting_name="Another"), url=None)
    problems = [problem for row in rows for problem in row.problems]
    assert [(problem.column, problem.value) for problem in problems] == [(column, value)]
    assert problems[0].reason.startswith(reason)
    assert added_up(rows, opened) == {"added": 1, "refused": 1, "duplicates": 0, "combined": 0, "left out": 0}


def test_the_same_record_twice_is_a_duplicate_and_an_unpublished_one_is_left_out(read) -> None:
    rows, opened = read(meeting(published="1"), meeting(), meeting(id_bigint="5", published="0"))
    assert added_up(rows, opened) == {"added": 1, "refused": 0, "duplicates": 1, "combined": 0, "left out": 1}
    assert opened.tally.left_out == {"not published": 1}


def test_the_list_may_lie_beside_its_formats(read) -> None:
    rows, _ = read(content={"meetings": [meeting()], "formats": [{"key_string": "O"}]})
    assert [row.listing.name for row in rows if row.listing] == ["Nothing Macho"]


@pytest.mark.parametrize("nation", ["", "US", "USA", "U.S.A", "United States", "United States of America"])
def test_a_nation_has_many_names(one, nation: str) -> None:
    assert one(meeting(location_nation=nation)).country == "US"


def test_where_nothing_names_the_country_the_position_does(one) -> None:
    found = one(meeting(location_nation="", location_province="", location_postal_code_1=""))
    assert (found.country, found.region) == ("US", None)


def test_what_holds_no_digit_is_no_postal_code(read) -> None:
    rows, _ = read(meeting(location_postal_code_1="NY"))
    assert rows[0].listing is not None and rows[0].listing.postal_code is None
    assert [str(problem) for problem in rows[0].warnings] == [
        "meetings.json row 1, column 'location_postal_code_1': 'NY' is not a postal code; left out"
    ]


def test_labels_a_server_writes_before_a_value_are_taken_off(one) -> None:
    assert "#@" not in (one(meeting(bus_lines="Bus Lines#@-@#Bus B60")).description or "")
    assert "Bus B60" in (one(meeting(bus_lines="Bus Lines#@-@#Bus B60")).description or "")


def test_personal_contacts_stand_nowhere(read) -> None:
    marker = "Vince"
    personal = {"email_contact": f"{marker}@example.org", "contact_name_1": marker, "contact_phone_1": "312-555-0142",
                "comments": f"Ring twice. Call {marker} at 312-555-0142"}  # fmt: skip
    rows, opened = read(meeting(**personal), meeting(id_bigint="5", weekday_tinyint="9", **personal))
    assert marker not in repr(rows) and "555" not in repr(rows) and "email_contact" not in opened.columns


def test_who_says_nothing_of_the_age_is_told_so(read) -> None:
    assert read(meeting(), retrieved=None)[1].notes == (
        "nothing says how old these meetings are: write retrieved = 2026-08-31 into the .toml beside the file",
    )
    assert read(meeting())[1].notes == ()


def test_codes_nobody_knows_are_counted(read) -> None:
    assert read(meeting(formats="O,QQ"))[1].tally.unmapped == {"QQ (no meaning known)": 1}


def test_a_list_is_known_by_its_content(tmp_path: Path) -> None:
    path = tmp_path / "unnamed"
    for content, expected in [
        (json.dumps([MEETING]), True),
        (json.dumps({"meetings": [MEETING]}), True),
        (json.dumps([{"meeting_name": "x"}]), False),
        ("id_bigint,meeting_name,weekday_tinyint,start_time\n", False),
        ("", False),
    ]:
        path.write_text(content)
        assert bmlt.recognises(path) is expected


@pytest.fixture
def new_york(context: Context) -> tuple[list[Row], Reading]:
    if not MEETINGS.exists():
        pytest.skip("the published files are not beside the project")
    opened = bmlt.read(MEETINGS, factories.source(retrieved=None), context, Options())
    return list(opened.rows), opened


def test_the_published_list_adds_up(new_york: tuple[list[Row], Reading]) -> None:
    rows, opened = new_york
    counts = added_up(rows, opened)
    assert sum(counts.values()) == 1513
    assert counts == {"added": 1287, "refused": 0, "duplicates": 0, "combined": 226, "left out": 0}
    assert opened.tally.unmapped == {}
    assert all(row.listing.point and row.listing.hours for row in rows if row.listing)


@pytest.mark.parametrize("retrieved, age", [(None, ""), (date(2018, 6, 1), "2018")])
def test_groups_of_the_bronx_are_found_and_never_said_to_be_open(
    directory: Directory, searcher: Searcher, new_york: tuple[list[Row], Reading], retrieved: date | None, age: str
) -> None:
    directory.ingest(factories.source(retrieved=retrieved), new_york[0])
    found = searcher.search(
        build(directory.vocabulary, near="Bronx, NY", need=("substance_use",), kind=("support_group",))
    )
    assert len(found.nearby) >= 10
    for match in found.nearby:
        assert match.resource["kind"] == "support_group"
        assert match.reason == "covers 1 of 1: drug or alcohol use"
        assert match.resource["sources"][0]["date"] == (f"{age}-06-01" if age else None)
        for hour in range(24):
            at = datetime(2026, 11, 21, hour, tzinfo=UTC)
            assert opening(match.resource, at).state is not OpenState.OPEN


_VALUES = st.one_of(
    st.text(max_size=20), st.integers(), st.none(), st.booleans(), st.just(["a", 1]), st.just("\ud800\0"),
    st.sampled_from(["1", "2", "3", "18:30:00", "O,W,TC,VM", "https://example.org/", "312-555-0142", "91"]),
)  # fmt: skip


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    records=st.lists(st.dictionaries(st.sampled_from([*MEETING, "published"]), _VALUES), max_size=4),
    whole=st.booleans(),
)
def test_no_records_raise_anything_but_our_own_errors_and_all_are_counted(
    context: Context, tmp_path: Path, records: list[dict[str, Any]], whole: bool
) -> None:
    path = tmp_path / "meetings.json"
    path.write_text(json.dumps([{**MEETING, **record} if whole else record for record in records]))
    try:
        opened = bmlt.read(path, factories.source(), context, Options())
        rows = list(opened.rows)
    except DirectoryError:
        return
    assert sum(added_up(rows, opened).values()) == len(records)
