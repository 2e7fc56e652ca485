"""Our own CSV: every row is a listing, or everything that is wrong with it."""

import csv
import io
import subprocess
import sys
import time
import tracemalloc
from datetime import date
from itertools import islice
from pathlib import Path

import pytest
from factories import TODAY
from hypothesis import given, settings
from hypothesis import strategies as st

from directory.errors import DirectoryError, UnreadableFile
from directory.importers import own, sources
from directory.importers.rules import Seen
from directory.records import Kind, Listing, Phone, Point, Problem, Row, Status, dumps

BAD = Path(__file__).parent / "bad"
HEADER = list(own.FORMAT.columns)
PRACTICE = {
    "id": "example-practice",
    "kind": "therapist",
    "name": "Example Practice",
    "needs": "depression;anxiety",
    "phone": "202-555-0142 ext 7",
    "address_1": "12 Example Street",
    "city": "Chicago",
    "region": "IL",
    "postal_code": "60601",
    "country": "US",
    "latitude": "41.8858",
    "longitude": "-87.6181",
}
LINE = {
    "id": "example-line",
    "kind": "crisis_line",
    "name": "Example Line",
    "phone": "988",
    "country": "US",
    "service_area": "US",
    "hours": "24/7",
}
WHOLE = PRACTICE | {
    "also_kinds": "treatment_program",
    "organization": "Example Clinics",
    "excludes": "opioids",
    "description": "Talks with people.\nAlso in the evening.",
    "sms": "741741",
    "sms_keyword": "HOME",
    "chat_url": "https://example.org/chat",
    "url": "https://example.org/",
    "email": "desk@example.org",
    "address_2": "Suite 5",
    "confidential_location": "no",
    "service_area": "US-IL;US-WI",
    "formats": "in_person;video",
    "languages": "en;es",
    "hours": "mo-fr 09:00-17:00",
    "hours_note": "Closed for lunch.",
    "timezone": "America/Chicago",
    "payment": "free;medicaid",
    "audiences": "veterans",
    "minimum_age": "18",
    "maximum_age": "64",
    "approaches": "cbt;emdr",
    "integrated": "yes",
    "urgent_care": "walk_in",
    "accepting_new": "no",
    "eligibility": "For people who live in Illinois.",
    "accessibility": "wheelchair",
    "status": "replaced",
    "replaced_by": "example-practice-2",
    "identifiers": "npi:1234567893",
    "source_url": "https://example.org/list",
    "last_checked": "2026-09-01",
    "checked_by": "Example checker",
}


def as_csv(*rows: dict[str, str], header: list[str] | None = None) -> str:
    written = io.StringIO()
    table = csv.DictWriter(written, header or HEADER, restval="", lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    return written.getvalue()


@pytest.fixture
def read(tmp_path, vocabulary):
    """Return a function that reads rows (or the text of a file) from list.csv."""

    def reads(*rows: dict[str, str] | str, **options) -> list[Row]:
        text = rows[0] if rows and isinstance(rows[0], str) else as_csv(*rows)
        path = tmp_path / "list.csv"
        path.write_text(text, encoding="utf-8", newline="")
        return list(own.read(path, vocabulary, today=TODAY, **options).rows)

    return reads


def told(rows: list[Row]) -> list[tuple[str | None, str, str]]:
    return [(each.column, each.value, each.reason) for row in rows for each in row.problems]


def doubted(rows: list[Row]) -> list[tuple[str | None, str, str]]:
    return [(each.column, each.value, each.reason) for row in rows for each in row.warnings]


def test_every_column_is_read(read):
    assert set(WHOLE) == set(HEADER)
    assert read(WHOLE) == [
        Row(
            2,
            "example-practice",
            Listing(
                external_id="example-practice",
                kind=Kind.THERAPIST,
                name="Example Practice",
                country="US",
                also_kinds=("treatment_program",),
                organization="Example Clinics",
                description="Talks with people.\nAlso in the evening.",
                needs=("depression", "anxiety"),
                excludes=("opioids",),
                phone=Phone("+12025550142", extension="7"),
                sms="741741",
                sms_keyword="HOME",
                chat_url="https://example.org/chat",
                url="https://example.org/",
                email="desk@example.org",
                address_1="12 Example Street",
                address_2="Suite 5",
                city="Chicago",
                region="IL",
                postal_code="60601",
                point=Point(41.8858, -87.6181),
                confidential_location=False,
                service_area=("US-IL", "US-WI"),
                formats=("in_person", "video"),
                languages=("en", "es"),
                hours="Mo-Fr 09:00-17:00",
                hours_note="Closed for lunch.",
                timezone="America/Chicago",
                payment=("free", "medicaid"),
                audiences=("veterans",),
                minimum_age=18,
                maximum_age=64,
                approaches=("cbt", "emdr"),
                integrated=True,
                urgent_care=("walk_in",),
                accepting_new=False,
                eligibility="For people who live in Illinois.",
                accessibility=("wheelchair",),
                status=Status.REPLACED,
                replaced_by="example-practice-2",
                identifiers=("npi:1234567893",),
                source_url="https://example.org/list",
                last_checked=date(2026, 9, 1),
                checked_by="Example checker",
            ),
            (),
            (Problem("list.csv", 2, "phone", "202-555-0142 ext 7", "is a number kept for fiction (lines 2–3)"),),
        )
    ]


def test_three_columns_are_enough(read):
    rows = read("ID, Kind ,NAME,url,service_area\nworld-finder,Crisis_Line,Example Finder,https://example.org/,world\n")
    assert [row.listing for row in rows] == [
        Listing(
            external_id="world-finder",
            kind=Kind.CRISIS_LINE,
            name="Example Finder",
            country=None,
            url="https://example.org/",
            service_area=("world",),
        )
    ]


@pytest.mark.parametrize(
    "changes, column, value, reason",
    [
        ({"id": ""}, "id", "", "is empty"),
        ({"kind": ""}, "kind", "", "is empty"),
        ({"kind": "therapst"}, "kind", "therapst", "is not a kind we know; did you mean 'therapist'?"),
        (
            {"kind": "office"},
            "kind",
            "office",
            "is not a kind we know; write crisis_line, therapist, support_group, treatment_program",
        ),
        ({"name": " "}, "name", "", "is empty"),
        ({"name": "x" * 301}, "name", "x" * 199 + "…", "is longer than 300 characters"),
        (
            {"name": "x" * 20_001},
            "name",
            "x" * 199 + "…",
            "is too long (20,001 characters; 20,000 at most)",
        ),
        ({"name": "a\0b"}, "name", "a\0b", "holds a NUL character"),
        ({"needs": "depression;anxeity"}, "needs", "anxeity", "is not a need we know; did you mean 'anxiety'?"),
        ({"needs": "drinking"}, "needs", "drinking", "is not a need we know; did you mean 'alcohol'?"),
        ({"needs": "qqqq"}, "needs", "qqqq", "is not a need we know; docs/formats.md lists them all"),
        (
            {"sms_keyword": "HOME"},
            "sms_keyword",
            "HOME",
            "is a word to send, but there is no number in sms to send it to",
        ),
        ({"country": ""}, "country", "", "is empty; phone and address_1 cannot be read without it"),
        ({"longitude": ""}, "longitude", "", "is empty although latitude is given"),
        ({"latitude": ""}, "latitude", "", "is empty although longitude is given"),
        (
            {"latitude": "0", "longitude": "0"},
            "latitude",
            "0",
            "is 0, 0: a place in the sea where a position is missing",
        ),
        (
            {"latitude": "-87.6181", "longitude": "41.8858"},
            "latitude",
            "-87.6181",
            "and longitude look swapped: the other way round they lie in US",
        ),
        ({"formats": "in person"}, "formats", "in person", "is not a format we know; did you mean 'in_person'?"),
        ({"payment": "medicaide"}, "payment", "medicaide", "is not a way of paying we know; did you mean 'medicaid'?"),
        ({"audiences": "vets"}, "audiences", "vets", "is not an audience we know; did you mean 'veterans'?"),
        ({"minimum_age": "18", "maximum_age": "12"}, "minimum_age", "18", "is above maximum_age 12"),
        (
            {"urgent_care": "clinic"},
            "urgent_care",
            "clinic",
            "is not a kind of urgent care we know; write walk_in, mobile_crisis, psychiatric_emergency",
        ),
        (
            {"status": "gone"},
            "status",
            "gone",
            "is not a status we know; write active, temporarily_closed, closed, replaced",
        ),
        ({"status": "replaced"}, "replaced_by", "", "is empty although status is replaced"),
        ({"last_checked": "2026-11-23"}, "last_checked", "2026-11-23", "is in the future"),
        ({"needs": ";".join(f"n{n}" for n in range(101))}, "needs", None, "has 101 parts; 100 at most"),
        (
            {"phone": "", "address_1": ""},
            None,
            "",
            "gives no way to be reached: no phone, sms, chat_url, url, email or address_1",
        ),
    ],
)
def test_a_row_that_cannot_be_used_is_refused_in_words(read, changes, column, value, reason):
    [row] = read(PRACTICE | changes)
    [problem] = row.problems
    assert (problem.column, problem.reason) == (column, reason)
    assert value is None or problem.value == value
    assert row.listing is None


@pytest.mark.parametrize(
    "column, cell",
    [
        ("id", "1.2E+05"),
        ("name", "\u200b"),
        ("phone", "ring us"),
        ("phone", "8.00663E+09"),
        ("url", "javascript:alert(1)"),
        ("url", "\tjavascript:alert(1)"),
        ("url", "data:text/html,x"),
        ("url", "//evil.example.org"),
        ("url", "ftp://example.org/"),
        ("chat_url", "https://user:pass@example.org/"),
        ("chat_url", "https://example.org\\@evil.example"),
        ("chat_url", "https://exa\nmple.org/"),
        ("source_url", "http://127.0.0.1/"),
        ("source_url", "http://169.254.169.254/"),
        ("source_url", "http://[::1]/"),
        ("email", "desk at example"),
        ("country", "USA"),
        ("region", "Ill"),
        ("postal_code", "2108"),
        ("postal_code", "2.1E+03"),
        ("latitude", "95"),
        ("longitude", "200"),
        ("latitude", "nan"),
        ("longitude", "inf"),
        ("confidential_location", "maybe"),
        ("service_area", "America"),
        ("languages", "English"),
        ("hours", "nine to five"),
        ("timezone", "CST"),
        ("minimum_age", "adult"),
        ("integrated", "both"),
        ("identifiers", "10437"),
        ("last_checked", "23/11/2025"),
    ],
)
def test_a_cell_no_cleaner_takes_refuses_its_row(read, column, cell):
    """The words are the cleaners' own, and their tests hold them."""
    [row] = read(PRACTICE | {column: cell})
    assert [(problem.column, problem.value) for problem in row.problems] == [(column, cell.strip())]
    assert row.problems[0].reason.split()[0] in {"is", "has", "looks"}
    assert row.listing is None


@pytest.mark.parametrize(
    "changes, column, value, reason",
    [
        (
            {"service_area": ""},
            "service_area",
            "",
            "is empty and there is no address or city; say where it serves, such as US, US-IL or world",
        ),
        (
            {"hours": "Mo-Fr 09:00-17:00"},
            "timezone",
            "",
            "is empty; hours other than 24/7 need the zone they are in, such as America/Chicago",
        ),
    ],
)
def test_what_has_no_door_says_where_and_in_which_zone_it_serves(read, changes, column, value, reason):
    for kind in Kind:
        assert told(read(LINE | {"kind": kind} | changes)) == [(column, value, reason)]


@pytest.mark.parametrize(
    "row",
    [
        PRACTICE | {"hours": "Mo-Fr 09:00-17:00"},
        {**LINE, "city": "Chicago", "region": "IL", "hours": "Mo-Fr 09:00-17:00", "service_area": ""},
        {**LINE, "phone": "", "service_area": "", "status": "closed"},
        {**LINE, "phone": "", "service_area": "", "status": "replaced", "replaced_by": "example-line-2"},
        {**LINE, "phone": "", "url": "https://example.org/", "country": ""},
        {**LINE, "needs": "depression; ;depression;"},
    ],
)
def test_what_is_allowed(read, row):
    [only] = read(row)
    assert only.listing is not None
    assert only.problems == ()


def test_every_problem_of_a_row_is_told_and_none_twice(read):
    rows = read(PRACTICE | {"kind": "x", "needs": "y;z", "phone": "ring us", "minimum_age": "-1", "country": "Narnia"})
    assert [(column, value) for column, value, _ in told(rows)] == [
        ("kind", "x"),
        ("needs", "y"),
        ("needs", "z"),
        ("country", "Narnia"),
        ("minimum_age", "-1"),
    ]


@pytest.mark.parametrize(
    "changes, column, value, reason",
    [
        ({"phone": "202-555-0142"}, "phone", "202-555-0142", "is a number kept for fiction"),
        ({"sms": "202-555-0142"}, "sms", "202-555-0142", "is a number kept for fiction"),
        (
            {"name": "After he committed suicide"},
            "name",
            "After he committed suicide",
            "says 'committed suicide'; say 'died by suicide'",
        ),
        (
            {"description": "For those who shot themselves"},
            "description",
            "For those who shot themselves",
            "names a method of suicide; leave it out",
        ),
        (
            {"url": "https://ехample.org/"},
            "url",
            "https://ехample.org/",
            "has letters of other alphabets in its host; make sure it is the site you mean",
        ),
        ({"replaced_by": "other"}, "replaced_by", "other", "is given although status is not replaced"),
        ({"checked_by": "Example checker"}, "checked_by", "Example checker", "checked it, but last_checked is empty"),
    ],
)
def test_what_is_doubtful_is_a_warning_and_comes_in(read, changes, column, value, reason):
    [row] = read(PRACTICE | {"phone": "800-662-4357"} | changes)
    assert doubted([row]) == [(column, value, reason)]
    assert row.listing is not None


def test_a_group_is_nothing_else_besides(read):
    [row] = read(PRACTICE | {"kind": "support_group", "also_kinds": "therapist"})
    assert [problem.reason for problem in row.problems] == [
        "is not what another kind can be too; only a therapist and a treatment_program are one place"
    ]


def test_a_place_may_not_have_the_emergency_number_and_hardly_has_a_short_code(read):
    rows = read(PRACTICE | {"phone": "911"}, PRACTICE | {"id": "other", "phone": "211"})
    assert [problem.reason for problem in rows[0].problems] == [
        "is the emergency number, which stands on every page by itself; write the number of the place"
    ]
    assert doubted(rows[1:]) == [
        ("phone", "211", "is a short code, which hardly any place has for itself; make sure that it rings there")
    ]


def test_an_id_that_stands_twice_keeps_its_first_row(read):
    rows = read(PRACTICE, LINE, PRACTICE | {"name": "Another"})
    assert [row.listing is not None for row in rows] == [True, True, False]
    assert [str(problem) for problem in rows[2].problems] == [
        "list.csv row 4, column 'id': 'example-practice' stands already in row 2"
    ]


def test_a_refused_row_still_says_whose_it_is(read):
    text = as_csv(LINE | {"kind": "x"}) + "short,row\n" + 'open,"quote\n'
    assert [row.external_id for row in read(text)] == ["example-line", "short", "open"]


def test_a_row_of_several_lines_is_found_in_an_editor_too(read):
    rows = read(PRACTICE | {"description": "one\ntwo", "phone": "ring us"}, LINE | {"phone": "ring us"})
    assert [str(problem) for row in rows for problem in row.problems] == [
        "list.csv row 2, column 'phone': 'ring us' is not a phone number (lines 2–3)",
        "list.csv row 3, column 'phone': 'ring us' is not a phone number",
    ]


@pytest.mark.parametrize(
    "written, name",
    [
        ("'=HYPERLINK(A1)", "=HYPERLINK(A1)"),
        ("'+1-800", "+1-800"),
        ("'-5", "-5"),
        ("'@x", "@x"),
        ("'\tTAB", "TAB"),
        ("'＝1+1", "＝1+1"),
        ("=1+1", "=1+1"),
        ("'tis a name", "'tis a name"),
        ("<script>{{7*7}}{% %}", "<script>{{7*7}}{% %}"),
        ("one\rtwo", "one two"),
        ("Caf\u202ee\u200b", "Cafe"),
    ],
)
def test_text_comes_in_as_text(read, written, name):
    [row] = read(PRACTICE | {"name": written})
    assert row.listing.name == name


@pytest.mark.parametrize(
    "text, words",
    [
        (
            "id,kind,name,fax\n",
            "unknown column 'fax'; rename it to one of ours (docs/formats.md), or add it to the ignore list of the .toml "
            "beside the file",
        ),
        (
            "id,kind,name,phnoe,zz\n",
            "unknown columns 'phnoe' and 'zz'; did you mean 'phone'? If not, rename it to one of ours (docs/formats.md), or "
            "add it to the ignore list of the .toml beside the file",
        ),
        (
            "id,kind,name,“phone”\n",
            "unknown column '“phone”' (with a LEFT DOUBLE QUOTATION MARK in it); did you mean 'phone'? If not, rename it to "
            "one of ours (docs/formats.md), or add it to the ignore list of the .toml beside the file",
        ),
    ],
)
def test_a_column_nobody_knows_refuses_the_file(read, text, words):
    with pytest.raises(UnreadableFile) as refused:
        read(text)
    assert refused.value.message == f"list.csv: {words}"


@pytest.mark.parametrize(
    "text, words",
    [
        (
            "us-1,crisis_line,Example Line,,secret,yes,yes\n",
            "list.csv has no columns 'id', 'kind' and 'name'; line 1, which should name the columns, begins with "
            "'us-1,crisis_line,Example Line'",
        ),
        (
            "id;kind;naem\n1;2;3\n",
            "list.csv has no column 'name'; line 1, which should name the columns, begins with 'id;kind;naem'",
        ),
    ],
)
def test_a_file_without_a_header_is_refused(read, text, words):
    with pytest.raises(UnreadableFile) as refused:
        read(text)
    assert refused.value.message == words


def test_a_column_may_be_ignored_by_name_and_that_is_said(tmp_path, vocabulary):
    path = tmp_path / "list.csv"
    path.write_text(as_csv(LINE | {"Fax": "1"}, header=[*HEADER, "Fax"]))
    reading = own.read(path, vocabulary, today=TODAY, ignore=["fax"])
    assert reading.notes == ("left out, as its .toml says: 'Fax'",)
    assert [row.listing is not None for row in reading.rows] == [True]


def test_nobody_can_ignore_that_a_place_is_confidential(read):
    [row] = read(SHELTER, ignore=["confidential_location", "region"])
    assert (row.listing.address_1, row.listing.point, row.listing.region) == (None, None, None)


def test_a_column_without_a_name_may_only_be_empty(read):
    text = "id,kind,name,url,service_area,\na,therapist,A,https://example.org/,US,\nb,therapist,B,https://example.org/,US,x\n"
    assert told(read(text)) == [(None, "", "has text in column 6, which has no name in the header")]


def test_a_header_alone_is_no_row(read):
    assert read(as_csv()) == []


SHELTER = {
    "id": "example-shelter",
    "kind": "support_group",
    "name": "Example Shelter",
    "phone": "800-662-4357",
    "address_1": "12 Hidden Lane",
    "address_2": "Back Door",
    "city": "Chicago",
    "region": "IL",
    "postal_code": "60601",
    "country": "US",
    "latitude": "41.885833",
    "longitude": "-87.618111",
    "confidential_location": "yes",
}


def test_a_confidential_street_ends_here(read):
    [row] = read(SHELTER)
    assert row.listing == Listing(
        external_id="example-shelter",
        kind=Kind.SUPPORT_GROUP,
        name="Example Shelter",
        phone=Phone("+18006624357"),
        city="Chicago",
        region="IL",
        country="US",
        confidential_location=True,
    )
    assert doubted([row]) == [
        (
            "confidential_location",
            "yes",
            "leaves out 'address_1', 'address_2', 'postal_code', 'latitude' and 'longitude'; take them out of the file too",
        )
    ]


@pytest.mark.parametrize(
    "changes, columns",
    [
        ({"description": "Come to 12 HIDDEN LN., Chicago."}, ["description"]),
        ({"url": "https://example.org/?q=12%20Hidden+Lane"}, ["url"]),
        ({"url": "https://example.org/@41.8858,-87.6181"}, ["url"]),
        ({"id": "12-hidden-lane"}, ["id"]),
        ({"url": "12 hidden lane"}, ["url", "url"]),
    ],
)
def test_a_confidential_street_told_in_another_cell_refuses_the_row(read, changes, columns):
    [row] = read(SHELTER | changes)
    assert row.listing is None
    assert [problem.column for problem in row.problems] == columns
    assert {problem.value for problem in row.problems} == {"(withheld)"}


def test_an_address_nobody_may_see_is_no_way_to_reach_a_place(read):
    assert told(read(SHELTER | {"phone": ""})) == [
        (None, "", "gives no way to be reached: no phone, sms, chat_url, url, email or address_1")
    ]


MARKS = ("12 Hidden Lane", "41.885833", "87.618111", "Hidden", "60601", "Back Door")
DIRT = st.one_of(
    st.sampled_from(
        ["yes", "no", "", "x", ";", "988", "24/7", "US", "-1", "\0", "2108", "2030-01-01", "x" * 21_000, '"']
    ),
    st.text(max_size=12),
)


@settings(max_examples=300, deadline=None)
@given(
    changes=st.dictionaries(
        st.sampled_from([name for name in HEADER if name != "confidential_location"]), DIRT, max_size=6
    ),
    said=st.sampled_from(["yes", "Yes", " yes", "ja", "true"]),
    damage=st.sampled_from(["", ",", ',"', '"', "\n", "\0"]),
    at=st.integers(0, 400),
)
def test_no_damage_leaks_a_confidential_place(tmp_path_factory, vocabulary, changes, said, damage, at):
    kept = {name: value for name, value in SHELTER.items() if name not in changes}
    text = as_csv(SHELTER | changes | {"confidential_location": said})
    start = text.index("\n") + 1
    text = text[: start + at] + damage + text[start + at :]
    path = tmp_path_factory.getbasetemp() / "shelter.csv"
    path.write_text(text, encoding="utf-8", errors="replace", newline="")
    out = []
    for row in own.read(path, vocabulary, today=TODAY).rows:
        assert (row.listing is None) == bool(row.problems)
        out += [str(each) + each.value for each in (*row.problems, *row.warnings)]
        out += [dumps(row.listing)] if row.listing else []
    assert not [mark for mark in MARKS if mark in "\n".join(out) and mark in " ".join(kept.values())]


def test_damaged_rows_are_named_one_by_one_and_the_others_come_in(vocabulary):
    with (BAD / "damaged_rows.expected.csv").open(encoding="utf-8", newline="") as file:
        expected = list(csv.DictReader(file))
    rows = list(own.read(BAD / "damaged_rows.csv", vocabulary, today=TODAY).rows)
    problems = [problem for row in rows for problem in row.problems]
    assert [(str(each.row), each.column or "", each.value) for each in problems] == [
        (each["row"], each["column"], each["value"]) for each in expected
    ]
    assert [
        str(problem)
        for problem, each in zip(problems, expected, strict=True)
        if each["reason_holds"] not in problem.reason
    ] == []
    assert [row.external_id for row in rows if row.listing] == [f"good-{number}" for number in range(1, 11)]


@pytest.mark.parametrize("column", HEADER)
@pytest.mark.parametrize(
    "cell", ["a" * 19_999 + "!", "1" * 20_000, "a@" * 10_000, "a;" * 10_000, " -" * 10_000, "(" * 20_000]
)
def test_no_cell_takes_long_to_refuse(read, column, cell):
    read(PRACTICE)  # what is loaded at first use is not counted

    def seconds() -> float:
        started = time.process_time()
        read(PRACTICE | {column: cell})
        return time.process_time() - started

    assert min(seconds() for _ in range(3)) < 0.05


@settings(max_examples=300, deadline=None)
@given(
    rows=st.lists(st.dictionaries(st.sampled_from(HEADER), DIRT), max_size=5),
    raw=st.binary(max_size=60),
    encoding=st.sampled_from([None, "cp1252", "utf-16"]),
)
def test_no_bytes_raise_anything_but_our_own_error(tmp_path_factory, vocabulary, rows, raw, encoding):
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_bytes(as_csv(*(PRACTICE | row for row in rows)).encode("utf-8", "replace") + raw)
    try:
        found = list(own.read(path, vocabulary, today=TODAY, encoding=encoding).rows)
    except DirectoryError:
        return
    assert all((row.listing is None) == bool(row.problems) for row in found)


def test_memory_does_not_grow_with_the_file(tmp_path, vocabulary):
    """Only what tells a doubled id stays: some 30 bytes a row."""
    path = tmp_path / "long.csv"
    row = "n{},support_group,Example Group {},https://example.org/{},US\n"
    text = "".join(row.format(number, number, number) for number in range(5_000))
    path.write_text("id,kind,name,url,service_area\n" + text)
    rows = own.read(path, vocabulary, today=TODAY).rows
    assert sum(1 for _ in islice(rows, 1000)) == 1000  # what is loaded and remembered at first use is not counted
    tracemalloc.start()
    assert sum(1 for _ in rows) == 4000
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()


def test_an_id_is_found_again_among_many():
    seen = Seen()
    assert [seen.before(f"id-{number}", number) for number in range(2, 5000)] == [None] * 4998
    assert [seen.before(f"id-{number}", 9999) for number in range(2, 5000)] == list(range(2, 5000))


def test_the_docs_know_every_column_word_and_key(vocabulary):
    text = (Path(__file__).resolve().parent.parent / "docs" / "formats.md").read_text(encoding="utf-8")
    facets = ("kind", "format", "payment", "audience", "approach", "urgent_care", "accessibility")
    words = [*vocabulary.needs, *(word for name in facets for word in vocabulary.facets[name]), *Status, *sources.KEYS]
    assert [word for word in [*HEADER, *words] if f"`{word}`" not in text] == []
    columns = text.split("## The source")[0]
    lines = {line.split("`")[1]: line for line in columns.splitlines() if line.startswith("| `")}
    assert [name for name in HEADER if ("**required**" in lines[name]) != own.FORMAT.columns[name].required] == []
    assert [name for name in HEADER if ("| list of " in lines[name]) != own.FORMAT.columns[name].many] == []


PLAIN = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "TZ": "Pacific/Kiritimati"}


def test_locale_and_time_zone_change_nothing(tmp_path, vocabulary):
    path = tmp_path / "list.csv"
    path.write_text(as_csv(WHOLE | {"name": "Ñandú"}, PRACTICE | {"id": "2", "name": "Ñ\0"}), encoding="utf-8")
    program = (
        "import sys; from datetime import date; from pathlib import Path; from directory import needs, records\n"
        "from directory.importers import own\n"
        "for row in own.read(Path(sys.argv[1]), needs.load(Path(sys.argv[2])), today=date(2026, 11, 22)).rows:\n"
        "    print(ascii(row))"
    )
    package = Path(__file__).resolve().parent.parent
    told = subprocess.run(
        [sys.executable, "-c", program, path, package / "data"],
        env={
            "LC_ALL": "C",
            "PYTHONUTF8": "0",
            "PYTHONCOERCECLOCALE": "0",
            "TZ": "Pacific/Kiritimati",
            "PYTHONPATH": str(package),
        },
        check=True,
        capture_output=True,
        text=True,
    )
    assert told.stdout.splitlines() == [ascii(row) for row in own.read(path, vocabulary, today=TODAY).rows]
