"""The command line: what it prints, what it exits with, and the main job on the shipped data."""

import csv
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from directory.cli import directory as commands
from directory.config import shipped_folder

DATA = shipped_folder("data")
Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command line on a database of its own."""
    monkeypatch.setenv("DIRECTORY_DATABASE_URL", f"sqlite:///{tmp_path / 'directory.sqlite3'}")
    return lambda *words: CliRunner().invoke(commands, [str(word) for word in words])


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The command line on the shipped data."""
    folder = tmp_path_factory.mktemp("shipped")
    environment = {"DIRECTORY_DATABASE_URL": f"sqlite:///{folder / 'directory.sqlite3'}"}
    runner = CliRunner()
    return lambda *words: runner.invoke(commands, [str(word) for word in words], env=environment)


def sheet(path: Path, *rows: dict[str, str]) -> Path:
    base = {
        "id": "", "kind": "therapist", "name": "Example", "needs": "depression", "phone": "202-555-0142",
        "address_1": "1 Example Street", "city": "Chicago", "region": "IL", "postal_code": "60601", "country": "US",
    }  # fmt: skip
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, base)
        writer.writeheader()
        for row in rows:
            writer.writerow({**base, "name": f"Example {row['id']}", **row})
    return path


def test_every_command_has_a_help_page() -> None:
    for name in ["", *commands.commands]:
        result = CliRunner().invoke(commands, [*([name] if name else []), "--help"])
        assert result.exit_code == 0
        assert len(result.output.splitlines()) > 4


def test_import_prints_a_report_and_exits_by_what_happened(run: Run, tmp_path: Path) -> None:
    path = sheet(tmp_path / "list.csv", {"id": "a"}, {"id": "b", "phone": "ring us"}, {"id": "c"})
    first = run("import", path, "--json")
    report = json.loads(first.output)
    assert first.exit_code == 1
    assert {key: report[key] for key in ("added", "changed", "unchanged", "missing", "refused", "duplicates")} == {
        "added": 2, "changed": 0, "unchanged": 0, "missing": 0, "refused": 1, "duplicates": 0,
    }  # fmt: skip
    assert report["problems"] == [{"row": 3, "column": "phone", "value": "ring us", "reason": "is not a phone number"}]
    good = sheet(tmp_path / "list.csv", {"id": "a"}, {"id": "c"})
    again = run("import", good)
    assert again.exit_code == 0
    assert "0 added, 0 changed, 2 unchanged" in again.output


def test_several_files_give_a_list_and_one_bad_file_does_not_stop_the_others(run: Run, tmp_path: Path) -> None:
    empty = tmp_path / "empty.csv"
    empty.write_bytes(b"")
    result = run("import", empty, sheet(tmp_path / "good.csv", {"id": "a"}), "--json")
    assert result.exit_code == 2
    reports = json.loads(result.stdout)
    assert "The file is empty" in reports[0]["error"]["message"] or "empty" in reports[0]["error"]["message"]
    assert reports[1]["added"] == 1


def test_a_missing_file_is_one_sentence_and_exit_2(run: Run, tmp_path: Path) -> None:
    result = run("import", tmp_path / "nowhere.csv")
    assert result.exit_code == 2
    assert "Traceback" not in result.output
    assert "nowhere.csv" in result.output


def test_undo_takes_back_an_import(run: Run, tmp_path: Path) -> None:
    run("import", sheet(tmp_path / "list.csv", {"id": "a"}, {"id": "b"}))
    assert "2 taken out again" in run("undo", "list").output
    assert run("undo", "other").exit_code == 2


def test_a_misspelt_setting_is_refused(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIRECTORY_COUNTY", "CA")
    result = run("stats")
    assert result.exit_code == 2
    assert "there is no setting DIRECTORY_COUNTY; did you mean DIRECTORY_COUNTRY?" in result.output


def test_place_prints_candidates(run: Run) -> None:
    (found,) = json.loads(run("place", "60601", "--json").output)["candidates"]
    assert (found["country"], round(found["latitude"], 1), round(found["longitude"], 1)) == ("US", 41.9, -87.6)
    assert len(json.loads(run("place", "Springfield", "--json").output)["candidates"]) > 1


def test_check_finds_nothing_in_the_shipped_data(shipped: Run) -> None:
    result = shipped("check", DATA)
    assert result.output.splitlines()[-1] == "4 files looked over: nothing found"
    assert result.exit_code == 0


def test_importing_the_shipped_data_twice_changes_nothing(shipped: Run) -> None:
    for _ in range(2):
        result = shipped("import", DATA / "therapists.csv", "--json")
    report = json.loads(result.stdout)
    assert (report["added"], report["changed"], report["refused"]) == (0, 0, 0)
    assert report["unchanged"] == report["rows"] > 100


@pytest.mark.parametrize(
    ("near", "country", "emergency"),
    [
        ("Boise, ID", "US", "911"), ("Anchorage", "US", "911"), ("San Juan PR", "US", "911"), ("Jordan, MT", "US", "911"),
        ("London", "GB", "999"), ("Toronto", "CA", "911"), ("Nairobi", "KE", None), ("Nuuk", "GL", "112"),
    ],
)  # fmt: skip
def test_everywhere_something_true_and_callable_and_never_another_countrys_number(
    shipped: Run, near: str, country: str, emergency: str | None
) -> None:
    answer = json.loads(shipped("search", near, "--need", "anxiety", "--need", "kratom", "--json").stdout)
    assert answer["place"]["country"] == country
    crisis = answer["groups"]["crisis"]
    assert crisis[0]["phone"]
    assert emergency in (None, crisis[0]["phone"])
    for match in [match for group in answer["groups"].values() for match in group]:
        if match["phone"] or match["sms"]:
            assert country in {match["country"], *[area.split("-")[0] for area in match["service_area"]]}


def test_a_search_in_words_names_place_reason_and_age(shipped: Run) -> None:
    output = shipped("search", "Boise, ID", "--need", "anxiety", "--need", "kratom").output
    assert output.startswith("Near Boise, ID")
    assert re.search(r"ask about .*kratom", output)
    assert "Talk to someone now" in output and "data, call first" in output


def test_stats_prints_the_share_of_residents_near_care(shipped: Run) -> None:
    figures = json.loads(shipped("stats", "--json").stdout)
    assert float(figures["us_residents_by_zip"]["within 25 miles of care"].rstrip("%")) >= 70


def test_output_that_is_no_utf8_does_not_crash(tmp_path: Path) -> None:
    environment = {**os.environ, "LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    command = [sys.executable, "-m", "directory", "place", "São Paulo"]
    result = subprocess.run(command, env=environment, capture_output=True, cwd=Path(__file__).parent.parent, check=True)
    assert b"Paulo" in result.stdout


DAMAGES: list[tuple[str, str, str]] = [
    ("id", "", "id"),
    ("kind", "doctor", "kind"),
    ("name", "", "name"),
    ("needs", "sadness and gloom", "needs"),
    ("phone", "ring us", "phone"),
    ("phone", "8.00663E+09", "phone"),
    ("phone", "000-000-0000", "phone"),
    ("phone", "8OO-555-0142", "phone"),
    ("postal_code", "2108", "postal_code"),
    ("postal_code", "2.1E+03", "postal_code"),
    ("country", "USA!", "country"),
    ("latitude", "95", "latitude"),
    ("longitude", "nan", "longitude"),
    ("url", "javascript:alert(1)", "url"),
    ("url", "http://127.0.0.1/", "url"),
    ("email", "nobody at example", "email"),
    ("hours", "always, more or less", "hours"),
    ("last_checked", "2031-01-01", "last_checked"),
    ("minimum_age", "old", "minimum_age"),
    ("languages", "Klingon?", "languages"),
]


def test_twenty_rows_damaged_in_twenty_ways_are_each_named(run: Run, tmp_path: Path) -> None:
    with (DATA / "therapists.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))[:200]
    for number, (column, value, _) in enumerate(DAMAGES):
        rows[number * 9][column] = value
        if column in {"latitude", "longitude"}:
            rows[number * 9] |= {"latitude": "41.9", "longitude": "-87.6", column: value}
    damaged = tmp_path / "damaged.csv"
    with damaged.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    report: dict[str, Any] = json.loads(run("import", damaged, "--json").stdout)
    assert (report["added"], report["refused"]) == (180, 20)
    named = {(problem["row"], problem["column"]): problem for problem in report["problems"]}
    for number, (column, value, at_fault) in enumerate(DAMAGES):
        problem = named[number * 9 + 2, at_fault]
        assert (problem["value"] == value or column in {"id", "name"}) and problem["reason"]
