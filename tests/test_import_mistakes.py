"""Mistakes in files that used to pass, or to be told in words nobody could use."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from factories import TODAY

from directory.cli import directory as commands
from directory.config import shipped_folder
from directory.errors import UnreadableFile
from directory.importers import formats, sources
from directory.importers.drafts import Context
from directory.importers.hours_text import opening_hours
from directory.importers.sources import Options
from directory.records import Row

Rows = Callable[[Path], list[Row]]
Run = Callable[..., Result]
OWN = "id,kind,name,phone,address_1,city,region,postal_code,country,latitude,longitude\n"
MEETING = '[{"name": "Café", "slug": "a", "day": 1, "time": "19:00", "types": ["O"], "address": "1 Main Street"}]'


@pytest.fixture
def rows(vocabulary, gazetteer) -> Rows:
    context = Context(vocabulary, gazetteer, shipped_folder("data"), TODAY)

    def read(path: Path) -> list[Row]:
        return list(formats.open_file(path, sources.beside(path), context, Options()).rows)

    return read


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("DIRECTORY_DATABASE_URL", f"sqlite:///{tmp_path / 'directory.sqlite3'}")
    return lambda *command: CliRunner().invoke(commands, [str(word) for word in command])


def put(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


# Coordinates in our own CSV


def test_coordinates_in_another_state_are_left_out_with_the_reason(rows: Rows, tmp_path: Path) -> None:
    line = "a,therapist,Example,202-555-0142,12 Main Street,Chicago,IL,60601,US,30.27,-97.74\n"
    (row,) = rows(put(tmp_path, "own.csv", OWN + line))
    assert row.listing is not None and row.listing.point is None
    assert [(each.column, each.reason) for each in row.warnings if each.column == "latitude"] == [
        ("latitude", "lie in Texas, not in Illinois; placed by its address instead")
    ]


def test_coordinates_across_a_state_line_close_by_are_believed(rows: Rows, tmp_path: Path) -> None:
    line = "a,therapist,Example,202-555-0142,12 Main Street,Chicago,IL,60633,US,41.62,-87.50\n"
    (row,) = rows(put(tmp_path, "own.csv", OWN + line))
    assert row.listing is not None and row.listing.point is not None


@pytest.mark.parametrize("where", ["0,0", "-87.62,41.88", "41.88,87.62"])
def test_coordinates_that_are_certainly_damaged_still_refuse_a_row_of_our_own(
    where: str, rows: Rows, tmp_path: Path
) -> None:
    line = f"a,therapist,Example,202-555-0142,12 Main Street,Chicago,IL,60601,US,{where}\n"
    (row,) = rows(put(tmp_path, "own.csv", OWN + line))
    assert row.listing is None and row.problems[0].column == "latitude"


# Hours


@pytest.mark.parametrize("words", ["T-Th 9am-5pm", "T–Th 9-5", "T to Th 9am-5pm", "M-T 9am-5pm, Th 9am-1pm"])
def test_a_range_with_a_single_t_stays_words(words: str) -> None:
    assert opening_hours(words) is None


@pytest.mark.parametrize("words", ["T/Th 9am-5pm", "T, Th 9am-5pm", "T & Th 9am-5pm"])
def test_a_t_listed_beside_th_is_tuesday(words: str) -> None:
    assert opening_hours(words) == "Tu,Th 09:00-17:00"


# Files that are something else than their name says


@pytest.mark.parametrize(
    ("encoding", "said"),
    [
        ("utf-16", "is UTF-16 or UTF-32, and JSON is UTF-8; save it as UTF-8"),
        ("utf-16-le", "(byte 0x00 at offset 1), and JSON is UTF-8; save it as UTF-8"),
        ("utf-16-be", "(byte 0x00 at offset 0), and JSON is UTF-8; save it as UTF-8"),
        ("utf-32", "is UTF-16 or UTF-32, and JSON is UTF-8; save it as UTF-8"),
        ("cp1252", "line 1: byte 0xE9 (offset 14) is not UTF-8, and JSON is UTF-8; save the file as UTF-8"),
    ],
)
def test_json_in_another_encoding_is_told_what_to_do(encoding: str, said: str, rows: Rows, tmp_path: Path) -> None:
    path = tmp_path / "meetings.json"
    path.write_bytes(MEETING.encode(encoding))
    with pytest.raises(UnreadableFile) as refused:
        rows(path)
    assert said in refused.value.message


@pytest.mark.parametrize(
    ("name", "start", "said"),
    [
        ("a.json", "<!doctype html><html>", "this is a web page, not a JSON file; perhaps the download asked for a login"),
        ("a.xlsx", "<html>", "this is a web page, not a workbook; perhaps the download asked for a login"),
        ("a.csv", "<html>", "this is a web page, not a CSV; perhaps the download asked for a login"),
        ("a.json", "<?xml version='1.0'?><a/>", "this is XML, not a JSON file"),
        ("a.json", "{\\rtf1 }", "this is a word processor's file (RTF), not a JSON file"),
        ("a.json", '[{"name": ', "ends in the middle: the download was cut off"),
    ],
)  # fmt: skip
def test_a_file_is_held_against_what_its_name_promises(
    name: str, start: str, said: str, rows: Rows, tmp_path: Path
) -> None:
    with pytest.raises(UnreadableFile) as refused:
        rows(put(tmp_path, name, start))
    assert said in refused.value.message


# Column maps

MAP = """
[values]
kind = "therapist"
country = "US"
service_area = "US"
[columns]
Nr = "id"
Agency = "name"
Call = "phone"
"""


def test_a_column_cannot_be_mapped_and_taken_apart(rows: Rows, tmp_path: Path) -> None:
    put(tmp_path, "list.toml", MAP + 'Place = "city"\n[splits]\nPlace = "{city}, {region}"\n')
    with pytest.raises(UnreadableFile) as refused:
        rows(put(tmp_path, "list.csv", "Nr,Agency,Call,Place\n1,Example,202-555-0142,\n"))
    assert refused.value.message == (
        "list.toml: maps 'Place' under [columns], and [splits] takes it apart by a pattern; keep one of the two"
    )


def joined(folder: Path, more: str = "") -> Path:
    put(folder, "sites.csv", "site,agency,street\n1,Example,12 Main Street\n")
    text = MAP.replace("Agency", '"sites.agency"') + f'"sites.street" = "address_1"\n{more}'
    put(folder, "list.toml", text + '[[join]]\nfile = "sites.csv"\non = "site"\n')
    return folder / "list.csv"


def test_a_key_that_leads_nowhere_is_all_that_is_said_of_its_row(rows: Rows, tmp_path: Path) -> None:
    path = joined(tmp_path)
    path.write_text("Nr,site,Call\n1,1,202-555-0142\n2,9,ring us\n", encoding="utf-8")
    good, bad = rows(path)
    assert good.listing is not None and good.listing.name == "Example"
    assert [(each.column, each.value, each.reason) for each in bad.problems] == [
        ("site", "9", "stands in no row of sites.csv")
    ]
    assert (bad.external_id, bad.cells) == ("2", {"Nr": "2", "site": "9", "Call": "ring us"})


def test_a_row_whose_joined_row_may_call_it_confidential_leaves_no_cell(rows: Rows, tmp_path: Path) -> None:
    path = joined(tmp_path, 'Secret = "confidential_location"\n')
    path.write_text("Nr,site,Call,Secret\n2,9,202-555-0142,\n", encoding="utf-8")
    (bad,) = rows(path)
    assert (bad.external_id, bad.cells) == ("2", {})


# Words


def test_a_withheld_warning_does_not_say_that_its_row_was_refused(run: Run, tmp_path: Path) -> None:
    line = "a,therapist,Example,202-555-0142,12 Main Street,Chicago,IL,60601,US,,\n"
    path = put(tmp_path, "own.csv", OWN + line)
    run("import", path)
    run("correct", "own:a", "confidential_location=yes", "--by", "Ana")
    (warning,) = json.loads(run("import", path, "--json").stdout)["warnings"]
    assert warning["value"] == "(withheld)"
    assert warning["reason"] == "is doubtful, and used all the same where it can be; look at it in the file"


def test_a_place_made_confidential_is_listed_without_what_the_source_says(run: Run, tmp_path: Path) -> None:
    line = "a,therapist,Example,202-555-0142,12 Main Street,Chicago,IL,60601,US,,\n"
    run("import", put(tmp_path, "own.csv", OWN + line))
    run("correct", "own:a", "confidential_location=yes", "--by", "Ana")
    assert run("correct", "own:a", "--list").stdout.startswith("own:a  confidential_location: yes, ")
    assert json.loads(run("correct", "own:a", "--list", "--json").stdout)[0]["source_value"] is None
    dropped = run("correct", "own:a", "--drop", "confidential_location").stdout
    assert dropped.startswith("resource 1: confidential_location no longer corrected; nothing changed\n")


def test_a_call_list_names_the_new_number_as_its_country_writes_it(run: Run, tmp_path: Path) -> None:
    line = "a,therapist,Example,202-555-0142,12 Main Street,Chicago,IL,60601,US,,\n"
    run("import", put(tmp_path, "own.csv", OWN + line))
    called = run(
        "confirm", "--csv", put(tmp_path, "calls.csv", "id,result,phone\nown:a,confirmed,202-555-0199\n"), "--by", "Ana"
    )
    assert "is not the number shown any more; that is (202) 555-0142: call it" in called.stdout


# Duplicates of SAMHSA's directories


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        ("MH * OP", "MH * OP", "stands already in row 2"),
        ("MH * OP * CBT", "MH OP DBT", "stands already in row 2; its codes differ: CBT only there, DBT only here"),
        ("MH OP", "MH OP DBT", "stands already in row 2; its codes differ: DBT only here"),
    ],
)
def test_a_duplicate_facility_says_which_codes_differ(
    first: str, second: str, said: str, vocabulary, gazetteer, tmp_path: Path
) -> None:
    header = "name1,name2,street1,street2,city,state,zip,phone,service_code_info\n"
    line = "Example Center,,12 Main Street,,Chicago,IL,60601,312-555-0142,"
    path = put(tmp_path, "directory_2022.csv", f"{header}{line}{first}\n{line}{second}\n")
    context = Context(vocabulary, gazetteer, shipped_folder("data"), TODAY)
    reading = formats.open_file(path, sources.beside(path), context, Options(), "samhsa-directory")
    kept, duplicate = reading.rows
    assert kept.listing is not None and duplicate.duplicate
    assert [each.reason for each in duplicate.problems] == [said]
