"""NPPES: what a registry of millions says of mental-health and substance-use care, and nothing it does not say."""

import csv
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import factories
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from directory.config import shipped_folder
from directory.errors import DirectoryError, UnreadableFile
from directory.geocoding import Gazetteer
from directory.importers import capitals, nppes
from directory.importers.drafts import Context, Reading
from directory.importers.sources import Options
from directory.needs import Vocabulary
from directory.records import Listing, Phone, Row

DATA = shipped_folder("data")
SHARED = Path(__file__).parent.parent.parent / "shared" / "data"
SAMPLE = SHARED / "nppes_sample.csv"
CODES = tuple(f"{nppes.TAXONOMY}{number}" for number in range(1, 16))
CLINIC = {
    nppes.NPI: "1234567893", nppes.ENTITY: "2", nppes.LEGAL: "EXAMPLE RECOVERY CENTER, LLC",
    nppes.STREET: "1 NW MAIN ST", nppes.SECOND: "STE 2B", nppes.CITY: "CHICAGO", nppes.STATE: "IL",
    nppes.ZIP: "606011234", nppes.COUNTRY: "US", nppes.PHONE: "3125550142", nppes.UPDATED: "07/08/2021",
    CODES[0]: "261QR0405X",
}  # fmt: skip
PERSON = {
    nppes.NPI: "1234567893", nppes.ENTITY: "1", nppes.LAST: "O'BRIEN-MCCOY", nppes.FIRST: "JOSEPHINE",
    nppes.CREDENTIAL: "LCSW", nppes.LEGAL: "", CODES[0]: "1041C0700X",
}  # fmt: skip
NO_PROOF = nppes.NO_PROOF


@pytest.fixture(scope="module")
def context(vocabulary: Vocabulary, gazetteer: Gazetteer) -> Context:
    return Context(vocabulary, gazetteer, DATA, factories.TODAY)


def written(folder: Path, *rows: Mapping[str, str]) -> Path:
    path = folder / "npidata.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [*nppes.COLUMNS, "Is Sole Proprietor"], restval="", quoting=csv.QUOTE_ALL)
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.fixture
def read(context: Context, tmp_path: Path):
    def reading(*rows: Mapping[str, str], individuals: bool = False, **source: Any) -> tuple[list[Row], Reading]:
        opened = nppes.read(
            written(tmp_path, *rows), factories.source(**source), context, Options(individuals=individuals)
        )
        return list(opened.rows), opened

    return reading


@pytest.fixture
def one(read):
    def listing(row: Mapping[str, str], **options: Any) -> Listing:
        rows, _ = read(row, **options)
        assert len(rows) == 1 and rows[0].listing is not None, [
            str(problem) for row in rows for problem in row.problems
        ]
        return rows[0].listing

    return listing


def test_a_clinic_says_what_the_registry_says_of_it(one) -> None:
    assert one(CLINIC) == Listing(
        external_id="1234567893",
        kind="treatment_program",
        name="Example Recovery Center, LLC",
        country="US",
        description=f"Listed as: Clinic, Rehabilitation, Substance Use Disorder. {NO_PROOF}",
        needs=("substance_use",),
        phone=Phone("+13125550142"),
        address_1="1 NW Main St",
        address_2="Ste 2B",
        city="Chicago",
        region="IL",
        postal_code="60601",
        formats=("in_person",),
        identifiers=("npi:1234567893",),
        source_url="https://npiregistry.cms.hhs.gov/provider-view/1234567893",
        last_checked=date(2021, 7, 8),
        checked_by="the provider itself, in NPPES",
    )


def test_a_person_comes_in_only_on_request(read, one) -> None:
    rows, opened = read({**CLINIC, **PERSON})
    assert (rows, opened.tally.left_out) == ([], {"individual; --individuals takes them in": 1})
    found = one({**CLINIC, **PERSON}, individuals=True)
    assert (found.name, found.kind, found.needs) == ("Josephine O'Brien-McCoy, LCSW", "therapist", ())
    assert found.description == f"Listed as: Social Worker, Clinical. {NO_PROOF}"


@pytest.mark.parametrize(
    "codes, kind, needs",
    [
        (["101Y00000X"], "therapist", ()),
        (["101YX9999X"], "therapist", ()),
        (["101YA0400X"], "therapist", ("substance_use",)),
        (["103TC0700X"], "therapist", ()),
        (["103TA0400X"], "therapist", ("substance_use",)),
        (["2084P0800X"], "therapist", ()),
        (["2084P0800X", "2084P0802X"], "therapist", ("substance_use",)),
        (["363LP0808X"], "therapist", ()),
        (["251S00000X"], "treatment_program", ()),
        (["1041C0700X", "261QM0801X"], "treatment_program", ()),
        (["261QM2800X"], "treatment_program", ("substance_use",)),
        (["324500000X"], "treatment_program", ("substance_use",)),
        (["207Q00000X", "207QA0401X"], "therapist", ("substance_use",)),
    ],
)
def test_needs_come_from_codes_of_addiction_alone(one, codes: list[str], kind: str, needs: tuple[str, ...]) -> None:
    found = one({**CLINIC, **dict(zip(CODES, [*codes, *[""] * (15 - len(codes))], strict=True))})
    assert (found.kind, found.needs) == (kind, needs)


def test_a_code_in_the_fifteenth_column_counts(one) -> None:
    assert one({**CLINIC, CODES[0]: "207Q00000X", CODES[14]: "101YA0400X"}).needs == ("substance_use",)


def test_an_age_counts_when_every_code_says_it(one) -> None:
    assert one({**CLINIC, CODES[0]: "261QM0855X"}).audiences == ("children", "adolescents")
    assert one({**CLINIC, CODES[0]: "261QM0855X", CODES[1]: "261QM0801X"}).audiences == ()


def test_what_is_left_out_is_counted_by_its_reason(read) -> None:
    rows, opened = read(
        CLINIC,
        {**CLINIC, nppes.DEACTIVATED: "01/02/2020"},
        {**CLINIC, nppes.NPI: "1003000126", nppes.DEACTIVATED: "01/02/2020", nppes.REACTIVATED: "03/04/2020"},
        {**CLINIC, CODES[0]: "207Q00000X"},
        {**CLINIC, CODES[0]: "106S00000X"},
        {**CLINIC, CODES[0]: ""},
        {**CLINIC, **PERSON},
        {**CLINIC, nppes.ENTITY: ""},
    )
    assert [row.external_id for row in rows if row.listing] == ["1234567893", "1003000126"]
    assert opened.tally.left_out == {
        "deactivated": 1,
        "no mental-health or substance-use taxonomy": 2,
        "a behavioral-health taxonomy that is none of therapy or treatment (behavior technicians, analysts)": 1,
        "individual; --individuals takes them in": 1,
        "neither a person nor an organization": 1,
    }


def test_codes_of_other_care_are_counted(read) -> None:
    _, opened = read({**CLINIC, CODES[1]: "207Q00000X", CODES[2]: "nonsense"})
    assert opened.tally.unmapped == {
        "207Q00000X (not of mental health or substance use)": 1,
        "no taxonomy code (not of mental health or substance use)": 1,
    }


def test_columns_we_do_not_show_are_not_read(read) -> None:
    _, opened = read(CLINIC)
    assert opened.notes == ("1 of its columns say nothing we show, and are not read",)
    assert opened.columns == nppes.COLUMNS


@pytest.mark.parametrize(
    "changes, column, value, reason",
    [
        ({nppes.NPI: "1234567890"}, nppes.NPI, "1234567890",
         "is not an NPI: its ten digits and check digit do not agree"),
        ({nppes.PHONE: "0000000000"}, nppes.PHONE, "0000000000",
         "is not a number anybody can dial"),
        ({nppes.LEGAL: ""}, nppes.LEGAL, "", "is empty"),
        ({nppes.STATE: "ZZ"}, nppes.STATE, "ZZ", "is not a state or province of US"),
    ],
)  # fmt: skip
def test_a_bad_row_is_refused_and_says_why(read, changes: dict[str, str], column: str, value: str, reason: str) -> None:
    rows, _ = read({**CLINIC, **changes})
    assert [(each.row, each.column, each.value, each.reason) for each in rows[0].problems] == [
        (2, column, value, reason)
    ]
    assert rows[0].cells[nppes.CITY] == "CHICAGO"


def test_the_same_npi_twice_is_a_duplicate(read) -> None:
    rows, _ = read(CLINIC, CLINIC)
    assert [row.duplicate for row in rows] == [False, True]


@pytest.mark.parametrize(
    "changes, expected",
    [
        ({nppes.UPDATED: "07/08/2021", nppes.CERTIFIED: "09/10/2025"}, date(2025, 9, 10)),
        ({nppes.UPDATED: "07/08/2021", nppes.CERTIFIED: ""}, date(2021, 7, 8)),
        ({nppes.UPDATED: ""}, None),
        ({nppes.UPDATED: "2021-07-08"}, None),
        ({nppes.UPDATED: "01/01/2031"}, None),
    ],
)
def test_its_date_is_the_last_on_which_the_provider_spoke(one, changes: dict[str, str], expected: date | None) -> None:
    assert one({**CLINIC, **changes}).last_checked == expected


def test_a_name_it_does_business_under_comes_first(one) -> None:
    found = one({**CLINIC, nppes.OTHER: "NEW DAY CLINIC", nppes.OTHER_KIND: "3"})
    assert (found.name, found.organization) == ("New Day Clinic", "Example Recovery Center, LLC")
    assert one({**CLINIC, nppes.OTHER: "OLD NAME", nppes.OTHER_KIND: "4"}).name == "Example Recovery Center, LLC"


def test_a_zip_that_lost_its_zero_is_mended_where_the_state_agrees(read) -> None:
    rows, _ = read({**CLINIC, nppes.CITY: "BOSTON", nppes.STATE: "MA", nppes.ZIP: "21081234"})
    assert rows[0].listing is not None and rows[0].listing.postal_code == "02108"
    assert [repair.column for repair in rows[0].repairs] == [nppes.ZIP]


def test_a_territory_is_a_region_of_the_country(one) -> None:
    found = one({**CLINIC, nppes.CITY: "SAN JUAN", nppes.STATE: "PR", nppes.COUNTRY: "PR", nppes.ZIP: "009011234"})
    assert (found.country, found.region, found.postal_code) == ("US", "PR", "00901")


@pytest.mark.parametrize(
    "shouted, said",
    [
        ("ABC COUNSELING OF OHIO, LLC", "ABC Counseling of Ohio, LLC"),
        ("MCDONALD & SONS PSYCHOLOGICAL SERVICES, P.C.", "McDonald & Sons Psychological Services, P.C."),
        ("THE NEW DAY CENTER INC", "The New Day Center Inc"),
        ("WOMEN'S WAY", "Women's Way"),
        ("eMind Health LLC", "eMind Health LLC"),
    ],
)
def test_names_are_no_longer_shouted(shouted: str, said: str) -> None:
    assert capitals.of_organization(shouted) == said


def test_streets_are_no_longer_shouted() -> None:
    assert capitals.of_place("18302 NW 42ND ST APT 5G") == "18302 NW 42nd St Apt 5G"
    assert capitals.of_place("PO BOX 12") == "PO Box 12"
    assert capitals.of_person("DE LA CRUZ") == "De La Cruz"


def test_the_registry_is_known_by_its_columns(tmp_path: Path) -> None:
    assert nppes.recognises(written(tmp_path, CLINIC))
    other = tmp_path / "other.csv"
    for content in ("NPI,name\n1,2\n", "", "[]"):
        other.write_text(content)
        assert not nppes.recognises(other)
    assert not nppes.recognises(tmp_path / "missing.csv")


def test_a_file_without_its_columns_is_refused(context: Context, tmp_path: Path) -> None:
    path = tmp_path / "npidata.csv"
    path.write_text("NPI,Entity Type Code\n1,2\n")
    with pytest.raises(UnreadableFile, match="has no column 'Healthcare Provider Taxonomy Code_1'"):
        nppes.read(path, factories.source(), context, Options())


@pytest.mark.parametrize("individuals, added, refused", [(False, 0, 0), (True, 51, 1)])
def test_the_published_sample_adds_up(context: Context, individuals: bool, added: int, refused: int) -> None:
    if not SAMPLE.exists():
        pytest.skip("the published files are not beside the project")
    opened = nppes.read(SAMPLE, factories.source(), context, Options(individuals=individuals))
    rows = list(opened.rows)
    assert sum(row.listing is not None for row in rows) == added
    assert sum(row.listing is None for row in rows) == refused
    assert len(rows) + opened.tally.left_out.total() == 200
    # 69 are of behavioral health: 52 are taken in as therapists, 17 assist, analyse behavior or work for a school.
    assert opened.tally.left_out[nppes.IS_NOT_OURS] == 131
    assert opened.tally.left_out[nppes.IS_RELATED] == 17


def test_memory_does_not_grow_with_the_file(context: Context, tmp_path: Path) -> None:
    columns = [nppes.NPI, nppes.ENTITY, nppes.LEGAL, nppes.CITY, nppes.STATE, CODES[0]]
    path = tmp_path / "npidata.csv"
    with path.open("w") as file:
        file.write(",".join(columns) + "\n")
        for number in range(150_000):
            code = "101Y00000X" if number % 1000 == 0 else "207Q00000X"
            file.write(f"1{number:09},2,EXAMPLE {number},CHICAGO,IL,{code}\n")
    opened = nppes.read(path, factories.source(), context, Options())
    resident = [_resident_megabytes() for _ in opened.rows]
    assert len(resident) == 150
    assert opened.tally.left_out == {nppes.IS_NOT_OURS: 149_850}
    assert max(resident[10:]) - resident[10] < 10


def _resident_megabytes() -> float:
    statm = Path("/proc/self/statm")
    if not statm.exists():
        pytest.skip("only Linux tells how much memory is in use without slowing the reader down")
    return int(statm.read_text().split()[1]) * 4096 / 1e6


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    row=st.dictionaries(st.sampled_from([*CLINIC, nppes.OTHER, nppes.DEACTIVATED]), st.text(max_size=30), max_size=6),
    tail=st.binary(max_size=60),
)
def test_no_bytes_raise_anything_but_our_own_errors(
    context: Context, tmp_path: Path, row: dict[str, str], tail: bytes
) -> None:
    changed = {name: cell.encode("utf-8", "replace").decode() for name, cell in row.items()}
    path = written(tmp_path, CLINIC, {**CLINIC, **changed})
    with path.open("ab") as file:
        file.write(tail)
    assert nppes.recognises(path)
    try:
        list(nppes.read(path, factories.source(), context, Options(individuals=True)).rows)
    except DirectoryError as error:
        assert "npidata.csv" in error.message
