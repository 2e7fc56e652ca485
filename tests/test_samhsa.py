"""SAMHSA's directories and locator: every facility comes in once, and says what its row says and no more."""

import csv
import io
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path

import factories
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from directory import needs
from directory.config import shipped_folder
from directory.errors import UnreadableFile
from directory.geocoding import Gazetteer
from directory.importers import facility, formats, mappings, samhsa, samhsa_locator
from directory.importers.drafts import Context, Reading
from directory.importers.sources import Options, Source, beside
from directory.needs import Vocabulary
from directory.records import Listing, Phone, Row

DATA = shipped_folder("data")
SHARED = Path(__file__).parent.parent.parent / "shared" / "data"
MENTAL = SHARED / "samhsa_mental_health_directory_2022.xlsx"
SUBSTANCE = SHARED / "samhsa_substance_use_directory_2022.xlsx"
LOCATOR = SHARED / "samhsa_mental_health_locator_2021.csv"
COLUMNS = "name1 name2 street1 street2 city state zip phone intake1 intake2 intake1a intake2a service_code_info".split()
KNOWN = {
    row["code"]: row["name"]
    for row in csv.DictReader((DATA / "mappings" / "samhsa.csv").read_text(encoding="utf-8").splitlines())
}
FACILITY = {
    "name1": "Example Center", "street1": "1 Example Street", "city": "Chicago", "state": "IL", "zip": "60601",
    "phone": "312-555-0142", "service_code_info": "SA MH * OP",
}  # fmt: skip
LINE = {
    "": "1", "name1": "Example Center", "name2": "", "street1": "1 Example Street", "city": "Chicago", "state": "IL",
    "zip": "60601", "zip4": "NA", "county": "Cook", "phone": "312-555-0142", "intake1": "", "website": "http://",
    "latitude": "41.8858", "longitude": "-87.6181", "type_facility": "MH",
}  # fmt: skip


@pytest.fixture(scope="module")
def context(vocabulary: Vocabulary, gazetteer: Gazetteer) -> Context:
    return Context(vocabulary, gazetteer, DATA, factories.TODAY)


def shared(path: Path) -> Path:
    if not path.exists():
        pytest.skip(f"the published files are not beside the project ({path.name})")
    return path


def workbook(
    folder: Path, *rows: Mapping[str, object], codes: Mapping[str, str] = KNOWN, name: str = "directory_2022.xlsx"
) -> Path:
    made = Workbook()
    made.properties.created = datetime(2023, 5, 6)
    made.active.append(COLUMNS)
    for row in rows:
        made.active.append([row.get(column) for column in COLUMNS])
    sheet = made.create_sheet("Service Code Reference")
    sheet.append(["category_code", "category_name", "service_code", "service_name", "service_description"])
    for code, words in codes.items():
        sheet.append(["X", "Any", code, f"{words} ", "Depression and anxiety"])
    made.save(folder / name)
    return folder / name


def locator(folder: Path, *rows: Mapping[str, str], name: str = "locator_2021.csv") -> Path:
    file = io.StringIO()
    writer = csv.DictWriter(file, list(LINE))
    writer.writeheader()
    writer.writerows(rows)
    (folder / name).write_text(file.getvalue(), encoding="utf-8", errors="replace", newline="")
    return folder / name


def opened(path: Path, context: Context, source: Source | None = None) -> tuple[Reading, list[Row]]:
    found = formats.recognised(path)
    assert [each.read for each in found] in ([samhsa.read], [samhsa_locator.read])
    reading = found[0].read(path, source or beside(path), context, Options())
    return reading, list(reading.rows)


def only(path: Path, context: Context) -> Row:
    _, (row,) = opened(path, context)
    return row


def listing(folder: Path, context: Context, codes: str, *, substance: bool = False, **changes: object) -> Listing:
    known = {code: name for code, name in KNOWN.items() if code != "MH"} if substance else KNOWN
    path = workbook(folder, {**FACILITY, "service_code_info": codes, **changes}, codes=known)
    found = only(path, context).listing
    assert found is not None
    return found


def test_a_facility_is_one_row_of_cleaned_facts(tmp_path: Path, context: Context) -> None:
    path = workbook(
        tmp_path,
        {
            **FACILITY,
            "name2": "North  Clinic",
            "phone": "312-555-0142 x115",
            "intake1": "312-555-0142 x115",
            "intake2": "312-555-0143",
            "service_code_info": "SA MH SUMH * OP * CMHC * CBT TELE IDD * WI * MD SS * CO GL TRMA * ADLT SNR * SP AH",
        },
    )
    reading, (row,) = opened(path, context)
    assert row.problems == ()
    assert row.listing == factories.listing(
        facility.made_id({**FACILITY, "name2": "North Clinic", "phone": "312-555-0142 x115"}),
        name="Example Center - North Clinic",
        organization="Example Center",
        description="Community mental health center. Treats mental illness and substance use together. You can walk in with a "
        "mental health emergency. Has help for trauma and LGBTQ people. To start, you can also call (312) 555-0143.",
        needs=("mental_health", "substance_use", "trauma"),
        phone=Phone("+13125550142", "115"),
        address_1="1 Example Street",
        point=None,
        formats=("in_person", "video"),
        languages=("en", "es"),
        payment=("sliding_scale", "medicaid"),
        audiences=("adults", "older_adults", "lgbtq"),
        minimum_age=18,
        maximum_age=None,
        approaches=("cbt",),
        integrated=True,
        urgent_care=("walk_in",),
        accessibility=("sign_language",),
        source_url="https://www.samhsa.gov/data/report/national-directory-of-mental-health-treatment-facilities",
        last_checked=date(2022, 1, 1),
        checked_by="SAMHSA, 2022 directory",
    )
    assert reading.took_for == "SAMHSA's national directory of mental health treatment facilities"
    assert reading.notes == ("read the sheet 'Sheet', one of 2", "of 2022, so last checked on 2022-01-01")


@pytest.mark.parametrize(
    "codes, kind, stated",
    [
        ("MH * OP", "therapist", ["mental_health"]),
        ("SA MH * OP", "therapist", ["mental_health", "substance_use"]),
        ("MH * HI * IPSY", "treatment_program", ["mental_health"]),
        ("MH * HI * SHP", "treatment_program", ["mental_health"]),
        ("MH * OP RES * RTCC", "treatment_program", ["mental_health"]),
        ("MH * OP * IDD * CO", "therapist", ["mental_health", "substance_use"]),
        ("MH * OP * CO", "therapist", ["mental_health", "substance_use"]),
        ("MH * RES", "treatment_program", ["mental_health"]),
        ("MH * OP * SMI SED PTSD PED PEFP DV SPS TCC", "therapist",
         ["mental_health", "eating_disorders", "psychosis", "trauma", "domestic_violence", "suicidal_thoughts", "nicotine"]),
        ("PVTN", "treatment_program", ["mental_health"]),
    ],
)  # fmt: skip
def test_the_mental_health_directory_says_kind_and_needs(
    tmp_path: Path, context: Context, codes: str, kind: str, stated: list[str]
) -> None:
    found = listing(tmp_path, context, codes)
    assert (str(found.kind), list(found.needs)) == (kind, stated)


@pytest.mark.parametrize(
    "codes, stated, eligibility",
    [
        ("SA * OP", ["substance_use"], None),
        ("HH", ["substance_use"], None),
        ("SA * OP * ODTX CDTX BDTX PMAT * TGD", ["substance_use", "gambling", "alcohol", "opioids", "stimulants", "sedatives"],
         None),
        ("SA * OP * TRMA DV XA SPS", ["substance_use"], None),
        ("SA SUMH * OP * CO * MHS", ["substance_use", "mental_health"], None),
        ("SA * OP * CO", ["substance_use", "mental_health"], None),
        ("SA SUMH * OP * MHS", ["substance_use"], None),
        ("SA * OP * CO * OUDO", ["opioids"], "For people who use opioids only."),
        ("SA * OP * NAUT * OTP BUM * OUDO", ["opioids"], "For people who use opioids only."),
        ("SA * OP * PMAT NOOP * AUDO", ["alcohol"], "For people with an alcohol problem only."),
        ("SA * OP * AUDO OUDO", ["opioids", "alcohol"], "For people who use opioids or have an alcohol problem only."),
        ("SA * OP * NAUT * AUDO", [], "What it says about whom it treats does not agree. Ask first."),
        ("SA * OP * NAUT * NMOA * CDTX", ["substance_use", "stimulants"], "Does not treat alcohol problems."),
        ("SA * OP * NMAUT * NOOP * OTP", ["substance_use"], "Does not treat opioid problems."),
        ("SA * OP * NAUT * NOOP", ["substance_use"], "Does not treat alcohol or opioid problems. Ask what it treats."),
        ("SA * OP * DU DUO * ADTX", [], "Only for people with a court case for driving after drinking or drug use."),
    ],
)  # fmt: skip
def test_the_substance_use_directory_claims_no_need_it_excludes(
    tmp_path: Path, context: Context, codes: str, stated: list[str], eligibility: str | None
) -> None:
    found = listing(tmp_path, context, codes, substance=True)
    assert (str(found.kind), list(found.needs), found.eligibility) == ("treatment_program", stated, eligibility)


@pytest.mark.parametrize(
    ("codes", "excludes"),
    [
        ("SA * OP", ()),
        ("SA * OP * NAUT * NOOP * ADTX", ("alcohol", "opioids")),
        ("SA * OP * NAUT * OTP", ("alcohol",)),
        ("SA * OP * NAUT * OUDO", ()),
    ],
)
def test_what_a_programme_does_not_treat_is_excluded(
    tmp_path: Path, context: Context, codes: str, excludes: tuple[str, ...]
) -> None:
    found = listing(tmp_path, context, codes, substance=True)
    assert (found.excludes, set(found.needs) & set(found.excludes)) == (excludes, set())


def test_what_serves_only_opioid_use_does_not_reach_alcohol(
    tmp_path: Path, context: Context, vocabulary: Vocabulary
) -> None:
    reach = vocabulary.reach(listing(tmp_path, context, "SA * OP * OUDO", substance=True).needs)
    assert vocabulary.keys(reach) == ("substance_use", "opioids")


def test_groups_beside_substance_use_are_told_in_the_description(tmp_path: Path, context: Context) -> None:
    found = listing(tmp_path, context, "SA DT * RES OP * TRMA DVFP XA TGD * AD", substance=True)
    assert found.description == (
        "Live-in and outpatient program for substance use. Offers detox. Has help for trauma, people hurt by a partner, "
        "people hurt by sexual abuse and gambling."
    )


@pytest.mark.parametrize(
    "codes, substance, audiences, ages",
    [
        ("MH * OP * CHLD", False, ["children", "adolescents"], (0, 17)),
        ("MH * OP * YAD ADLT", False, ["young_adults", "adults"], (18, 64)),
        ("MH * OP * CHLD SNR * TAY SE", False, ["children", "adolescents", "older_adults"], (0, None)),
        ("SA * OP * CHLD ADLT * AD", True, [], (None, None)),
        ("SA * OP * AD SE MN * FEM MALE * VET ADM", True,
         ["adolescents", "older_adults", "adults", "men", "veterans"], (None, None)),
        ("SA * OP * FEM", True, ["women"], (None, None)),
    ],
)  # fmt: skip
def test_ages_are_believed_of_the_mental_health_directory_only(
    tmp_path: Path, context: Context, codes: str, substance: bool, audiences: list[str], ages: tuple[int, int]
) -> None:
    found = listing(tmp_path, context, codes, substance=substance)
    assert (list(found.audiences), (found.minimum_age, found.maximum_age)) == (audiences, ages)


def test_a_code_we_do_not_know_is_counted_by_its_name(tmp_path: Path, context: Context) -> None:
    codes = {**KNOWN, "TRMA": "Horse riding", "NEW": "New service"}
    rows = [{**FACILITY, "phone": f"312-555-014{n}", "service_code_info": f"MH * OP * TRMA NEW ODD {extra}"}
            for n, extra in enumerate(("", "PTSD"))]  # fmt: skip
    reading, found = opened(workbook(tmp_path, *rows, codes=codes), context)
    assert reading.tally.unmapped == {
        "TRMA (Horse riding)": 2, "NEW (New service)": 2, "ODD (not on the sheet of service codes)": 2
    }  # fmt: skip
    assert [row.listing.needs for row in found if row.listing] == [("mental_health",), ("mental_health", "trauma")]


def test_a_withheld_street_makes_the_place_confidential(tmp_path: Path, context: Context) -> None:
    row = only(workbook(tmp_path, {**FACILITY, "street1": "- - -"}), context)
    assert row.listing is not None
    assert row.listing.confidential_location
    assert (row.listing.address_1, row.listing.postal_code, row.listing.city) == (None, None, "Chicago")
    assert row.warnings[:-1] == ()


@pytest.mark.parametrize(
    "numbers, phone, said",
    [
        ({"phone": "649-906-5322", "intake1": "999-999-9999", "intake2": "312-555-0143 x7"}, Phone("+13125550143", "7"),
         ["column 'intake1': '999-999-9999' is not a number", "column 'phone': '649-906-5322' is not a number"]),
        ({"phone": None, "intake1": "312-555-0143"}, Phone("+13125550143"), []),
        ({"intake1a": "312-555-HELP"}, Phone("+13125550142"), []),
    ],
)  # fmt: skip
def test_a_number_nobody_can_dial_gives_way_to_an_intake_number(
    tmp_path: Path, context: Context, numbers: dict[str, str], phone: Phone, said: Sequence[str]
) -> None:
    row = only(workbook(tmp_path, {**FACILITY, **numbers}), context)
    assert row.listing is not None
    assert row.listing.phone == phone
    told = [str(warning) for warning in row.warnings if "kept for fiction" not in warning.reason]
    assert len(told) == len(said)
    assert all(words in each for words, each in zip(said, told, strict=True))


def test_a_facility_nobody_can_call_is_refused_in_its_own_columns(tmp_path: Path, context: Context) -> None:
    row = only(workbook(tmp_path, {**FACILITY, "phone": "649-906-5322"}), context)
    assert [str(problem) for problem in row.problems] == [
        "directory_2022.xlsx row 2, column 'phone': '649-906-5322' is not a number people in US can dial; check its digits"
    ]
    assert row.cells == {**dict.fromkeys(COLUMNS, ""), **FACILITY, "phone": "649-906-5322"}


@pytest.mark.parametrize(
    "state, code, country, region, phone",
    [
        ("PR", "00926", "US", "PR", "787-763-7575"), ("GU", "96913", "US", "GU", "671-647-1901"),
        ("FM", "96943", "FM", None, "691-350-2115"), ("PW", "96940", "PW", None, "680-488-4573"),
    ],
)  # fmt: skip
def test_territories_are_regions_and_the_free_states_countries(
    tmp_path: Path, context: Context, state: str, code: str, country: str, region: str | None, phone: str
) -> None:
    found = listing(tmp_path, context, "MH * OP", state=state, zip=code, phone=phone)
    assert (found.country, found.region, found.postal_code) == (country, region, code)
    assert found.phone is not None
    assert found.languages == (() if state == "PR" else ("en",))


@pytest.mark.parametrize(
    "state, written, repaired",
    [
        ("CT", 6708, "06708"),
        ("PR", "926", "00926"),
        ("CT", "67082509", "06708"),
        ("IL", "6708", None),
        ("CT", "670", None),
    ],
)
def test_a_lost_zero_is_mended_only_where_the_state_agrees(
    tmp_path: Path, context: Context, state: str, written: object, repaired: str | None
) -> None:
    row = only(workbook(tmp_path, {**FACILITY, "state": state, "zip": written}), context)
    if repaired is None:
        assert row.listing is None
        assert "looks like a ZIP that lost its leading zero" in str(row.problems[0])
        return
    assert row.listing is not None
    assert row.listing.postal_code == repaired
    assert [str(repair) for repair in row.repairs] == [
        f"directory_2022.xlsx row 2, column 'zip': '{written}' lost its leading zero; "
        f"read as {repaired}, which lies in {state}"
    ]


def test_two_rows_of_one_facility_are_a_duplicate(tmp_path: Path, context: Context) -> None:
    other = {**FACILITY, "name2": "Second programme"}
    _, rows = opened(workbook(tmp_path, FACILITY, {**FACILITY, "name1": "EXAMPLE  Center"}, other), context)
    assert [(row.listing is not None, row.duplicate) for row in rows] == [(True, False), (False, True), (True, False)]


@pytest.mark.parametrize(
    "name, retrieved, expected",
    [
        ("directory_2022.xlsx", None, date(2022, 1, 1)),
        ("directory.xlsx", None, date(2023, 1, 1)),
        ("directory.xlsx", date(2021, 6, 1), date(2021, 1, 1)),
        ("directory_2030.xlsx", date(2026, 6, 1), date(2023, 1, 1)),
    ],
)
def test_the_year_is_the_oldest_that_anything_names(
    tmp_path: Path, context: Context, name: str, retrieved: date | None, expected: date
) -> None:
    source = factories.source(retrieved=retrieved, url=None)
    _, (row,) = opened(workbook(tmp_path, FACILITY, name=name), context, source)
    assert row.listing is not None
    assert (row.listing.last_checked, row.listing.checked_by) == (expected, f"SAMHSA, {expected.year} directory")


def test_nothing_that_names_a_year_leaves_the_day_unknown(tmp_path: Path, context: Context) -> None:
    reading, (row,) = opened(locator(tmp_path, LINE, name="locator.csv"), context)
    assert row.listing is not None
    assert (row.listing.last_checked, row.listing.checked_by) == (None, None)
    assert reading.notes[0] == "nothing tells its year: its facilities come in without the day they were last checked"


def test_an_unknown_column_refuses_the_workbook_unless_it_is_ignored(tmp_path: Path, context: Context) -> None:
    made = Workbook()
    made.active.append([*COLUMNS, "Fax"])
    made.active.append([FACILITY.get(column) for column in COLUMNS] + ["1"])
    sheet = made.create_sheet("Codes")
    sheet.append(["category_code", "service_code", "service_name"])
    sheet.append(["TC", "MH", "Mental health treatment"])
    made.save(tmp_path / "more.xlsx")
    with pytest.raises(UnreadableFile, match=r"more\.xlsx: unknown column 'Fax'; add what is to be left out"):
        opened(tmp_path / "more.xlsx", context)
    _, rows = opened(tmp_path / "more.xlsx", context, factories.source(ignore=("fax",)))
    assert rows[0].listing is not None


def test_the_locator_reads_na_as_empty_and_leaves_bad_sites_out(tmp_path: Path, context: Context) -> None:
    lines = [LINE, {**LINE, "phone": "312-555-0143 x115", "website": "http://www://example.net", "name2": "NA"}]
    reading, (first, second) = opened(locator(tmp_path, *lines), context)
    assert first.listing is not None
    assert second.listing is not None
    assert (first.listing.url, first.listing.needs, str(first.listing.kind)) == (
        None, ("mental_health",), "treatment_program",
    )  # fmt: skip
    assert first.listing.point == factories.CHICAGO
    assert (second.listing.name, second.listing.phone) == ("Example Center", Phone("+13125550143", "115"))
    assert [warning.column for warning in second.warnings if "fiction" not in warning.reason] == ["website"]
    assert reading.notes == (
        "of 2021, so last checked on 2021-01-01", "left out: the last four digits of ZIP+4 codes, counties",
    )  # fmt: skip


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cells=st.dictionaries(st.sampled_from(sorted(LINE)), st.text(max_size=30)))
def test_no_cells_raise_anything_but_our_own(tmp_path: Path, context: Context, cells: dict[str, str]) -> None:
    try:
        reading = samhsa_locator.read(locator(tmp_path, {**LINE, **cells}), factories.source(), context, Options())
        rows = list(reading.rows)
    except UnreadableFile:
        return
    assert all(row.listing is not None or row.problems for row in rows)


def test_no_code_states_what_samhsa_never_says() -> None:
    said = {
        meaning.value
        for held in mappings.load(DATA, "samhsa", needs.load(DATA)).values()
        for meaning in held
        if meaning.column == "needs"
    }
    assert not said & {"depression", "anxiety", "cannabis", "kratom"}


@pytest.mark.parametrize(
    "path, rows, duplicates", [(MENTAL, 9_037, 0), (SUBSTANCE, 12_176, 4)], ids=["mental health", "substance use"]
)
def test_the_directories_come_in_whole(path: Path, rows: int, duplicates: int, context: Context) -> None:
    reading, found = opened(shared(path), context)
    listings = [row.listing for row in found if row.listing is not None]
    refused = [row for row in found if row.listing is None and not row.duplicate]
    assert len(found) == rows
    assert sum(row.duplicate for row in found) == duplicates
    assert len(refused) <= rows * 0.005
    assert all(row.problems for row in refused)
    assert len(listings) + duplicates + len(refused) == rows
    assert not reading.tally.unmapped
    assert not {need for each in listings for need in each.needs} & {"depression", "anxiety", "cannabis", "kratom"}
    assert {each.last_checked for each in listings} == {date(2022, 1, 1)}
    assert reading.bytes_read == reading.bytes_total


def test_every_code_of_the_directories_is_in_the_mapping(vocabulary: Vocabulary) -> None:
    known = mappings.load(DATA, "samhsa", vocabulary)
    for path in (MENTAL, SUBSTANCE):
        book = samhsa.workbook.open_sheets(shared(path))
        codes = {record.cells[2].strip() for record in book.table(book.sheets[1]).rows}
        assert codes <= known.keys()


def test_every_damaged_zip_of_the_locator_is_mended_and_no_double_comes_in_twice(context: Context) -> None:
    _, rows = opened(shared(LOCATOR), context)
    listings = [row.listing for row in rows if row.listing is not None]
    with LOCATOR.open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    repaired = {row.number for row in rows if any(each.column == "zip" for each in row.repairs)}
    refused = {row.number for row in rows if any(each.column == "zip" for each in row.problems)}
    damaged = {number for number, line in enumerate(lines, start=2) if len(line["zip"]) < 5}
    assert (len(rows), len(damaged)) == (11_375, 1_124)
    assert repaired | refused == damaged
    assert Counter(row.duplicate for row in rows)[True] == 342
    assert len(listings) >= 11_375 - 342 - 57
    extended = {row.number for row in rows if row.listing and row.listing.phone and row.listing.phone.extension}
    written = {number for number, line in enumerate(lines, start=2) if " x" in line["phone"]}
    assert extended >= written - {row.number for row in rows if row.listing is None}
