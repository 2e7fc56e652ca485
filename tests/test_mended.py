"""Refused rows of workbooks and JSON come back as a CSV that a maintainer mends and imports again."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from openpyxl import Workbook

from directory.cli import directory as commands

FACILITY = {
    "frid": "abc", "name1": "Example Clinic", "name2": "", "street1": "12 Example Street", "street2": "",
    "city": "Chicago", "state": "IL", "zip": "60601", "phone": "ring us", "typeFacility": "SA",
    "services": [
        {"f1": "Type of Care", "f2": "TC", "f3": "Substance use treatment"},
        {"f1": "Service Setting", "f2": "SET", "f3": "Outpatient; Regular outpatient treatment"},
    ],
}  # fmt: skip
MEETING = {
    "name": "Example Group", "slug": "example-group", "day": "1", "time": "18:00", "end_time": "19:00",
    "types": ["O", "X"], "formatted_address": "12 Example Street, Chicago, IL 60601, USA", "latitude": "95",
    "longitude": "-87.6",
}  # fmt: skip
GATHERING = {
    "id_bigint": "7", "weekday_tinyint": "2", "venue_type": "1", "start_time": "18:00:00", "duration_time": "01:00:00",
    "formats": "O,WC", "meeting_name": "Example Group", "location_street": "12 Example Street",
    "location_municipality": "Chicago", "location_province": "IL", "location_postal_code_1": "60601",
    "location_nation": "USA", "latitude": "41.88", "longitude": "-87.62",
}  # fmt: skip


def workbook(path: Path) -> Path:
    made = Workbook()
    sheet = made.active
    header = (
        "name1 name2 street1 street2 city state zip phone intake1 intake2 intake1a intake2a service_code_info".split()
    )
    sheet.append(header)
    row = [
        "Example Clinic",
        "",
        "12 Example Street",
        "",
        "Chicago",
        "IL",
        "60601",
        "ring us",
        *[""] * 4,
        "MH * OP * NAUT",
    ]
    sheet.append(row)
    codes = made.create_sheet("codes")
    codes.append(["category_code", "category_name", "service_code", "service_name", "service_description"])
    for code, name in (("MH", "Mental health treatment"), ("OP", "Outpatient")):
        codes.append(["TC", "Type of Care", code, name, ""])
    made.save(path)
    return path


def saved(path: Path, value: object) -> Path:
    path.write_text(json.dumps(value), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("make", "mended"),
    [
        (lambda folder: workbook(folder / "samhsa_2022.xlsx"), {"phone": "312-555-0142"}),
        (lambda folder: saved(folder / "found.json", {"page": 1, "rows": [FACILITY]}), {"phone": "312-555-0142"}),
        (lambda folder: saved(folder / "meetings.json", [MEETING | {"name": ""}]), {"name": "Example Group"}),
        (
            lambda folder: saved(folder / "list.json", [GATHERING | {"meeting_name": ""}]),
            {"meeting_name": "Example Group"},
        ),
    ],
    ids=["SAMHSA workbook", "FindTreatment JSON", "Meeting Guide JSON", "BMLT JSON"],
)
def test_a_mended_row_comes_in_with_all_that_it_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Callable[[Path], Path], mended: dict[str, str]
) -> None:
    monkeypatch.setenv("DIRECTORY_DATABASE_URL", f"sqlite:///{tmp_path / 'd.sqlite3'}")
    path, out = make(tmp_path), tmp_path / "refused.csv"
    assert run(path, "--refused", out)["refused"] == 1
    (row,) = csv.DictReader(out.read_text(encoding="utf-8").splitlines())
    with out.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, row)
        writer.writeheader()
        writer.writerow(row | mended)
    report = run(out)
    assert (report["source"], report["added"], report["refused"]) == (path.stem, 1, 0)
    assert (report["unmapped"], report["problems"]) == ({}, [])


def run(*arguments: object) -> Any:
    result = CliRunner().invoke(commands, ["import", "--json", *map(str, arguments)])
    assert result.exit_code in {0, 1}, result.output
    return json.loads(result.stdout)
