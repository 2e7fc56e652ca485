"""What ``directory check`` finds in lists of any format that an import would let in."""

import csv
from datetime import date
from pathlib import Path

import pytest

from directory.check import Checker
from directory.config import shipped_folder
from directory.errors import UnreadableFile
from directory.geocoding import Gazetteer
from directory.needs import Vocabulary

DATA = shipped_folder("data")
SHARED = Path(__file__).parent.parent.parent / "shared" / "data"
TODAY = date(2026, 11, 22)
LINE = {
    "id": "one", "kind": "crisis_line", "name": "Example Line", "needs": "mental_health", "phone": "202-555-0142", "sms": "",
    "sms_keyword": "", "country": "US", "service_area": "US", "hours": "", "hours_note": "", "description": "",
    "organization": "", "url": "", "city": "", "timezone": "",
}  # fmt: skip


@pytest.fixture(scope="module")
def checker(vocabulary: Vocabulary, gazetteer: Gazetteer) -> Checker:
    return Checker.load(DATA, vocabulary, gazetteer, TODAY)


def sheet(path: Path, *rows: dict[str, str]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, LINE)
        writer.writeheader()
        writer.writerows({**LINE, "id": f"row-{number}", **row} for number, row in enumerate(rows))
    return path


def said(checker: Checker, tmp_path: Path, *rows: dict[str, str]) -> list[str]:
    """What is found in a list of lines, less the warning of the number kept for fiction."""
    found = map(str, checker.check(sheet(tmp_path / "list.csv", *rows)))
    return [each.removeprefix("list.csv ") for each in found if not each.endswith("kept for fiction")]


def test_nothing_is_found_in_the_shipped_data(checker: Checker) -> None:
    assert checker.look_over(DATA) == (4, [])


def test_numbers_kept_for_fiction_are_found(checker: Checker, tmp_path: Path) -> None:
    found = list(checker.check(sheet(tmp_path / "list.csv", {})))
    assert [str(each) for each in found] == [
        "list.csv row 2, column 'phone': '202-555-0142' is a number kept for fiction"
    ]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"phone": "1-800-273-8255"}, "row 2, column 'phone': '+18002738255' is superseded; write 988"),
        (
            {"phone": "+1988", "country": "US"},
            "row 2, column 'phone': '+1988' is the short code 988 dressed as an international number; write 988",
        ),
        (
            {"phone": "+44116123", "country": "GB", "service_area": "GB"},
            "row 2, column 'phone': '+44116123' is the short code 116123 dressed as an international number; write 116123",
        ),
        (
            {"phone": "1-800-950-6264", "hours": "24/7"},
            "row 2, column 'hours': '24/7' contradicts our line 'NAMI HelpLine' (crisis_lines.csv), which says "
            "Mo-Fr 10:00-22:00; ask the operator",
        ),
        (
            {"phone": "988", "hours": "Mo-Fr 09:00-17:00", "timezone": "America/Chicago"},
            "row 2, column 'hours': 'Mo-Fr 09:00-17:00' contradicts our line '988 Suicide & Crisis Lifeline' (crisis_lines.csv), "
            "which says 24/7; ask the operator",
        ),
        (
            {"phone": "119", "country": "ID", "service_area": "ID"},
            "row 2, column 'phone': '119' lacks extension 8, which our line 'SEJIWA (119 extension 8)' (crisis_lines.csv) needs "
            "after it",
        ),
        (
            {"phone": "113", "country": "PE", "service_area": "PE"},
            "row 2, column 'phone': '113' lacks press 5, which our line 'Línea 113 (MINSA)' (crisis_lines.csv) needs after it",
        ),
        (
            {"phone": "", "sms": "741741"},
            "row 2, column 'sms_keyword': '' is empty; our line 'Crisis Text Line' (crisis_lines.csv) is texted with HOME",
        ),
        (
            {"phone": "135", "country": "AR", "service_area": "AR"},
            "row 2, column 'service_area': 'AR' contradicts our line 'Centro de Asistencia al Suicida (135, Buenos Aires)' "
            "(crisis_lines.csv), which serves AR-C only",
        ),
        (
            {"name": "Example Helpline of Chicago"},
            "row 2, column 'service_area': 'US' is the whole country, and its name speaks of Chicago; say which region or county "
            "it serves",
        ),
        (
            {"name": "Erie County Example Line"},
            "row 2, column 'service_area': 'US' is the whole country, and its name speaks of Erie County; say which region or "
            "county it serves",
        ),
        (
            {"name": "Example Line", "organization": "New York State Example Board"},
            "row 2, column 'service_area': 'US' is the whole country, and its name speaks of New York State; say which region or "
            "county it serves",
        ),
        (
            {"name": "Example Line Scotland", "phone": "0800 028 1111", "country": "GB", "service_area": "GB"},
            "row 2, column 'service_area': 'GB' is the whole country, and its name speaks of Scotland; say which region or "
            "county it serves",
        ),
        (
            {"name": "Example Line", "service_area": "", "city": "Chicago"},
            "row 2, column 'service_area': '' is empty; say which country or region the line serves",
        ),
        (
            {"phone": "1-866-277-3553"},
            "row 2, column 'phone': '+18662773553' stands in crisis_lines.csv under CA; a number belongs to one country",
        ),
        (
            {"description": "For people whose friend committed suicide."},
            "row 2, column 'description': 'For people whose friend committed suicide.' ",
        ),
    ],
)  # fmt: skip
def test_what_only_a_curator_can_mend_is_named(
    row: dict[str, str], message: str, checker: Checker, tmp_path: Path
) -> None:
    found = said(checker, tmp_path, row)
    assert len(found) == 1
    assert found[0] == message or (message.endswith("' ") and found[0].startswith(message))


@pytest.mark.parametrize(
    "row",
    [
        {"name": "Example Line of Chicago", "service_area": "US-IL"},
        {"name": "Example Line of Chicago", "service_area": "US-IL-031"},
        {"name": "Mobile Crisis Line for Hope in Spanish"},
        {"name": "Veterans Line of the United States"},
        {"name": "Línea de la Vida México", "country": "MX", "service_area": "MX", "phone": "800 911 2000"},
        {"name": "Reading Line for Independence"},
        {"phone": "988", "hours": "24/7"},
        {"phone": "988"},
        {"phone": "988 press 1", "hours": "24/7"},
        {"phone": "", "sms": "741741", "sms_keyword": "HELLO"},
        {"phone": "1-800-950-6264", "hours": "Mo-Fr 10:00-22:00", "timezone": "America/New_York"},
        {"phone": "1-800-950-6264", "hours": "Mo-Fr 09:00-22:00", "timezone": "America/New_York"},
        {"name": "Befrienders Kuala Lumpur", "country": "MY", "service_area": "MY", "phone": "03-7627 2929"},
    ],
)
def test_what_is_right_is_not_named(row: dict[str, str], checker: Checker, tmp_path: Path) -> None:
    assert said(checker, tmp_path, row) == []


def test_a_number_under_two_countries_is_found_unless_many_countries_share_it(checker: Checker, tmp_path: Path) -> None:
    shared = [{"phone": "116 123", "country": code, "service_area": code} for code in ("DE", "GB")]
    assert said(checker, tmp_path, *shared) == []
    free = [{"phone": "1-888-475-1234", "country": code, "service_area": code} for code in ("US", "CA")]
    assert said(checker, tmp_path, *free) == [
        "row 3, column 'phone': '+18884751234' stands in row 2 under US too; a number belongs to one country"
    ]


def test_only_lines_are_held_against_our_lines(checker: Checker, tmp_path: Path) -> None:
    row = {"kind": "support_group", "name": "Group of Chicago", "phone": "1-800-662-4357", "hours": "Mo 10:00-11:00"}
    assert said(checker, tmp_path, {**row, "timezone": "America/Chicago"}) == []


def test_a_folder_is_looked_over_source_by_source_whatever_its_formats(checker: Checker, tmp_path: Path) -> None:
    sheet(tmp_path / "lines.csv", {"phone": "988", "hours": "Mo-Fr 09:00-17:00", "timezone": "America/Chicago"})
    (tmp_path / "lines.toml").write_text('publisher = "Example"\nminimum_rows = 5\n')
    (tmp_path / "broken.csv").write_bytes(b"<!doctype html>")
    (tmp_path / "broken.toml").write_text('publisher = "Example"\n')
    (tmp_path / "lonely.toml").write_text('publisher = "Example"\n')
    (tmp_path / "aside.csv").write_text("anything\n")
    looked_at, found = checker.look_over(tmp_path)
    messages = [str(each) for each in found]
    assert looked_at == 3
    assert messages[0].startswith("broken.toml row 1: broken.csv")
    assert messages[1].startswith("lines.csv row 2, column 'hours':")
    assert messages[2] == "lines.csv row 1: only 1 usable rows, and its .toml expects at least 5"
    assert messages[3].startswith("lonely.toml row 1: there is no file beside lonely.toml")
    with pytest.raises(UnreadableFile, match="there is no file or folder"):
        checker.look_over(tmp_path / "nowhere")
    (empty := tmp_path / "empty").mkdir()
    with pytest.raises(UnreadableFile, match="holds no sources"):
        checker.look_over(empty)


@pytest.mark.parametrize("name", ["findtreatment_api_response.json", "samhsa_mental_health_locator_2021.csv"])
def test_files_of_publishers_are_looked_over_in_their_own_format(name: str, checker: Checker) -> None:
    if not (SHARED / name).is_file():
        pytest.skip("the publishers' files are not beside the repository")
    looked_at, found = checker.look_over(SHARED / name)
    assert looked_at == 1
    assert all(problem.source == name for problem in found)
