"""FindTreatment.gov's JSON: labels that drift mean the same, one site stays one, and no day is invented."""

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import factories
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from directory.config import shipped_folder
from directory.errors import UnreadableFile
from directory.geocoding import Gazetteer
from directory.importers import findtreatment, formats, mappings
from directory.importers.drafts import Context, Reading
from directory.importers.sources import Options, beside
from directory.needs import Vocabulary
from directory.records import Listing, Row

DATA = shipped_folder("data")
ANSWER = Path(__file__).parent.parent.parent / "shared" / "data" / "findtreatment_api_response.json"
ROW: dict[str, Any] = {
    "_irow": 1, "frid": "a" * 64, "name1": "Example Center", "name2": "", "street1": "1 Example Street", "street2": "",
    "city": "Chicago", "state": "IL", "zip": "60601", "phone": "312-555-0142", "intake1": None, "hotline1": None,
    "website": "http://www.example.org", "latitude": "41.8858", "longitude": "-87.6181", "miles": 0.24,
    "typeFacility": "SA", "services": None,
}  # fmt: skip


@pytest.fixture(scope="module")
def context(vocabulary: Vocabulary, gazetteer: Gazetteer) -> Context:
    return Context(vocabulary, gazetteer, DATA, factories.TODAY)


def services(**groups: str) -> list[dict[str, str]]:
    return [{"f1": "Any label", "f2": group, "f3": labels} for group, labels in groups.items()]


def opened(folder: Path, content: object, context: Context) -> tuple[Reading, list[Row]]:
    path = folder / "answer.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    assert findtreatment.recognises(path)
    reading = findtreatment.read(path, beside(path), context, Options())
    return reading, list(reading.rows)


def listing(folder: Path, context: Context, **changes: Any) -> Listing:
    _, (row,) = opened(folder, {"rows": [{**ROW, **changes}]}, context)
    assert row.listing is not None, row.problems
    return row.listing


@pytest.mark.parametrize(
    "content, numbers",
    [
        ({"page": 1, "totalPages": 1, "recordCount": 2, "rows": [ROW, {**ROW, "frid": "b"}]}, [1, 2]),
        ([ROW, {**ROW, "frid": "b"}], [1, 2]),
        (
            [{"page": 1, "rows": [ROW, {**ROW, "frid": "b"}]}, {"page": 2, "rows": [{**ROW, "frid": "c"}, 7]}],
            [1, 2, 3, 4],
        ),
    ],
    ids=["an answer", "rows", "answers"],
)
def test_an_answer_its_rows_and_several_answers_are_read(
    tmp_path: Path, context: Context, content: object, numbers: list[int]
) -> None:
    reading, rows = opened(tmp_path, content, context)
    assert [row.number for row in rows] == numbers
    assert [row.problems[0].reason for row in rows if row.listing is None] == ["is no object with fields"][
        : len(numbers) - 3
    ]
    assert reading.notes == ("it says of no facility when it was last checked",)


def test_one_page_of_many_says_so(tmp_path: Path, context: Context) -> None:
    reading, _ = opened(tmp_path, {"page": 1, "totalPages": 765, "recordCount": 22949, "rows": [ROW]}, context)
    assert reading.notes[1:] == ('page 1 of 765, 22,949 facilities in all: write mode = "partial" into its .toml',)


def test_labels_that_drifted_mean_the_same(tmp_path: Path, context: Context) -> None:
    old = services(
        SG="Persons with co-occurring mental and substance use disorders; Persons who have experienced trauma",
        PAY="Military insurance (e.g., TRICARE)",
        EDU="Individual counseling offered",
        SET="Computerized treatment/telemedicine; Outpatient",
        OL="Spanish",
    )
    new = services(
        SG="Clients with co-occurring mental and substance use disorders; Clients who have experienced trauma",
        PAY="Federal military insurance (e.g., TRICARE)",
        ECS="Individual counseling",
        TAP="Telemedicine/telehealth therapy",
        SET="Outpatient",
        SL="Spanish",
    )
    assert listing(tmp_path, context, services=old) == listing(tmp_path, context, services=new)


@pytest.mark.parametrize(
    "changes, kind, stated",
    [
        ({"services": None}, "treatment_program", ["substance_use"]),
        ({"typeFacility": None, "type_facility": "SA"}, "treatment_program", ["substance_use"]),
        ({"typeFacility": "MH"}, "treatment_program", ["mental_health"]),
        ({"typeFacility": "MH", "services": services(SET="Outpatient")}, "therapist", ["mental_health"]),
        ({"typeFacility": "OTP"}, "treatment_program", ["opioids"]),
        ({"typeFacility": "HRSA"}, "treatment_program", []),
        ({"typeFacility": "HRSA", "services": services(TC="Mental health treatment")}, "treatment_program",
         ["mental_health"]),
        ({"services": services(EXCL="Methadone and buprenorphine clients only")}, "treatment_program", ["opioids"]),
        ({"services": services(OT="Does not treat opioid addiction", TOBAC="Nicotine replacement therapy")},
         "treatment_program", ["substance_use", "nicotine"]),
        ({"typeFacility": "MH", "services": services(TC="Substance use treatment", TAP="Trauma therapy")},
         "treatment_program", ["mental_health", "substance_use", "trauma"]),
        ({"services": services(TAP="Trauma-related counseling")}, "treatment_program", ["substance_use"]),
    ],
)  # fmt: skip
def test_a_row_says_its_kind_and_needs(
    tmp_path: Path, context: Context, changes: Mapping[str, Any], kind: str, stated: list[str]
) -> None:
    found = listing(tmp_path, context, **changes)
    assert (str(found.kind), list(found.needs)) == (kind, stated)


def test_a_facility_keeps_its_number_its_hotline_and_no_invented_day(tmp_path: Path, context: Context) -> None:
    found = listing(tmp_path, context, hotline1="312-555-0143", intake1="312-555-0144 x2")
    assert found.description == (
        "Program for substance use. To start, you can also call (312) 555-0144 ext. 2. Hotline: (312) 555-0143."
    )
    assert (found.external_id, found.identifiers) == (f"{'a' * 64}-sa", (f"frid:{'a' * 64}",))
    assert (found.last_checked, found.checked_by, found.point) == (None, None, factories.CHICAGO)
    assert (found.url, found.source_url) == ("http://www.example.org", "https://findtreatment.gov/")


def test_a_site_of_both_kinds_is_two_rows_with_one_number(tmp_path: Path, context: Context) -> None:
    _, rows = opened(tmp_path, {"rows": [ROW, {**ROW, "typeFacility": "MH"}, ROW]}, context)
    assert [row.external_id for row in rows if row.listing] == [f"{'a' * 64}-sa", f"{'a' * 64}-mh"]
    assert [row.duplicate for row in rows] == [False, False, True]


def test_labels_fields_and_kinds_we_do_not_know_are_counted(tmp_path: Path, context: Context) -> None:
    row = {
        **ROW,
        "typeFacility": "ZZ",
        "fax": "312-555-0149",
        "services": services(SG="Left-handed people; Veterans", QQ="x"),
    }
    reading, (found,) = opened(tmp_path, {"rows": [row]}, context)
    assert reading.tally.unmapped == {
        "SG (Left-handed people)": 1, "QQ (x)": 1, "typeFacility ZZ": 1, "field fax": 1
    }  # fmt: skip
    assert found.listing is not None
    assert (found.listing.needs, found.listing.audiences) == ((), ("veterans",))
    assert (
        found.listing.description
        == "Health facility. Ask if they help with mental health, or with alcohol and drug use."
    )


@pytest.mark.parametrize(
    "changes", [{"services": "all"}, {"services": [None, 7, {"f2": None, "f3": ["a"]}]}, {"name1": None}, {"state": 7}]
)
def test_odd_values_refuse_at_most_their_row(tmp_path: Path, context: Context, changes: Mapping[str, Any]) -> None:
    _, rows = opened(tmp_path, {"rows": [{**ROW, **changes}, {**ROW, "frid": "b"}]}, context)
    assert rows[1].listing is not None


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["f1", "f2", "f3", "rows"]), inner),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(row=st.dictionaries(st.sampled_from([*ROW, "rows"]), ANYTHING), listed=st.booleans())
def test_no_values_raise_anything_but_our_own(
    tmp_path: Path, context: Context, row: dict[str, Any], listed: bool
) -> None:
    path = tmp_path / "odd.json"
    path.write_text(json.dumps([{**ROW, **row}] if listed else {"rows": [{**ROW, **row}]}), encoding="utf-8")
    assert findtreatment.recognises(path) in {True, False}
    try:
        rows = list(findtreatment.read(path, beside(path), context, Options()).rows)
    except UnreadableFile:
        return
    assert all(each.listing is not None or each.problems for each in rows)


def test_labels_that_decide_together_stand_in_the_mapping(vocabulary: Vocabulary) -> None:
    known = mappings.load(DATA, "findtreatment", vocabulary)
    assert findtreatment._ROLES.keys() <= known.keys()
    with (DATA / "mappings" / "findtreatment.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            group, _, label = row["code"].partition("/")
            assert group == "TYPE" or label == findtreatment.label_key(row["name"]), row


def test_the_published_answer_comes_in_whole(context: Context) -> None:
    if not ANSWER.exists():
        pytest.skip(f"the published files are not beside the project ({ANSWER.name})")
    assert [each.read for each in formats.recognised(ANSWER)] in ([findtreatment.read], [])
    reading = findtreatment.read(ANSWER, beside(ANSWER), context, Options())
    rows = list(reading.rows)
    assert len(rows) == 30
    assert all(row.listing is not None and row.listing.identifiers for row in rows)
    assert not reading.tally.unmapped
    assert not any({"depression", "anxiety"} & set(row.listing.needs) for row in rows if row.listing)
    assert all(row.listing.last_checked is None for row in rows if row.listing)
