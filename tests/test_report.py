"""What an import tells: every counter and list, as lines, as JSON, as a page; and the refused rows, to mend and import again."""

import csv
import json
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import html5lib
import pytest
from click.testing import CliRunner, Result

from directory import intake, refused, report_page, told
from directory.cli import directory as commands
from directory.cli import words
from directory.importers import sources
from directory.records import Problem, Row
from directory.staging import Report
from tests import factories
from tests.test_cli import sheet

Run = Callable[..., Result]


def problem(
    row: int = 2, column: str | None = "phone", value: str = "ring us", reason: str = "is not a phone number"
) -> Problem:
    return Problem("list.csv", row, column, value, reason)


def report(**changes: Any) -> Report:
    values: dict[str, Any] = {
        "took_for": "a list of meetings", "rows": 60, "added": 40, "changed": 1, "unchanged": 2, "missing": 3, "removed": 4,
        "refused": 5, "duplicates": 6, "combined": 7, "merged": 8, "left_out": Counter({"not a meeting": 9}),
        "problems": [problem(each) for each in range(2, 32)], "warnings": [problem(3, None, "", "is odd")],
        "duplicate_rows": [problem(32, "id", "a", "stands already in row 2")],
        "repairs": [problem(each, "zip", "2108", "lost its leading zero; read as 02108") for each in range(2, 40)],
        "unmapped": Counter({"XY (Something)": 11}), "hours_read": 90, "hours_unread": Counter({"by chance": 10}),
        "kept_apart": Counter({"different names": 12}), "conflicts": ["resource 1, phone: the source changed it"],
        "placed": Counter({"source": 30, "postal_code": 10, "none": 2}), "notes": ["read as tab-separated"],
    }  # fmt: skip
    return Report("meetings", **{**values, **changes})


def test_the_lines_name_every_counter_and_list() -> None:
    lines = list(words.report_lines(report()))
    assert lines[0] == (
        "meetings: 60 rows; 40 added, 1 changed, 2 unchanged, 3 missing, 4 removed, 5 refused, 6 duplicates"
    )
    said = "\n".join(lines)
    for part in (
        "taken for: a list of meetings",
        "note: read as tab-separated",
        "joined another row: 7",
        "left out: 9 (not a meeting)",
        "on the map: 40 of 42 listings (30 where the source says, 10 by postal code, 2 nowhere: no place of that name)",
        "hours: 90 of 100 read (90.0%)",
        "kept as words: 'by chance' (10 times)",
        "merged: 8 listings share a resource with another one",
        "at one address, and not merged: 12 pairs",
        "12 different names",
        "unmapped: 'XY (Something)' (11 times)",
        "conflict: resource 1, phone: the source changed it",
        "repaired: 38 in all",
        "38 times zip: lost its leading zero; read as 02108",
        "repaired: list.csv row 2, column 'zip': '2108' lost its leading zero; read as 02108",
        "refused: list.csv row 21, column 'phone': 'ring us' is not a phone number",
        "... and 10 more; --json or --report FILE has them all",
        "duplicate: list.csv row 32, column 'id': 'a' stands already in row 2",
        "warning: list.csv row 3: is odd",
    ):
        assert part in said
    assert len(lines) < 70


def test_a_report_without_anything_to_say_is_one_line() -> None:
    assert list(words.report_lines(Report("x", rows=2, added=2))) == [
        "x: 2 rows; 2 added, 0 changed, 0 unchanged, 0 missing, 0 removed, 0 refused, 0 duplicates"
    ]


def test_json_has_all_of_it() -> None:
    found = json.loads(json.dumps(words.report_json(report())))
    lists = ("problems", "duplicate_rows", "warnings", "repairs")
    assert {name: len(found.pop(name)) for name in lists} == {
        "problems": 30, "duplicate_rows": 1, "warnings": 1, "repairs": 38,
    }  # fmt: skip
    assert found == {
        "source": "meetings", "took_for": "a list of meetings", "rows": 60, "added": 40, "changed": 1, "unchanged": 2,
        "missing": 3, "removed": 4, "refused": 5, "duplicates": 6, "combined": 7, "merged": 8, "dry_run": False,
        "left_out": {"not a meeting": 9}, "placed": {"source": 30, "postal_code": 10, "none": 2}, "on_the_map": 40,
        "hours_read": 90, "hours_unread": {"by chance": 10}, "hours_rate": 0.9, "unmapped": {"XY (Something)": 11},
        "kept_apart": {"different names": 12}, "conflicts": ["resource 1, phone: the source changed it"],
        "notes": ["read as tab-separated"],
    }  # fmt: skip


def test_several_imports_are_summed() -> None:
    lines = list(words.summary_lines([report(), report(merged=0)], failed=1))
    assert lines[0].startswith("3 files, 1 of them not imported: 120 rows; 80 added, 2 changed")
    assert "  on the map: 80 of 84 listings (95.24%)" in lines
    assert "  at one address, and not merged: 24 pairs" in lines
    assert sum("share a resource" in line for line in lines) == 1


# The page


def page(*reports: Report, failed: list[tuple[str, str]] | None = None) -> str:
    return "".join(report_page.page(reports, failed or [], factories.TODAY))


def test_the_page_needs_nothing_else_and_is_html() -> None:
    text = page(report(), report(dry_run=True, diff=[{"id": "a", "change": "changed", "fields": {"name": [None, "b"]}}]),
                failed=[("broken", "broken.csv: The file is empty")])  # fmt: skip
    assert text.startswith("<!doctype html>")
    html5lib.HTMLParser(strict=True).parse(text)
    assert not re.findall(r"(?:src|href|action|url\()\s*=?", text)
    assert "<script" not in text
    assert "prefers-color-scheme: dark" in text and "@media print" in text
    assert text.count("<h1>") == 1 and '<html lang="en">' in text
    for part in (
        "broken.csv: The file is empty",
        "A trial: nothing was changed.",
        "name: nothing → b",
        "by chance",
        "90.0%",
    ):
        assert part in text


HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{7*7}}",
    "{% raw %}",
    "&lt;b&gt;",
    "</td></table>",
]


@pytest.mark.parametrize("value", HOSTILE)
def test_whatever_a_file_says_is_text_on_the_page(value: str) -> None:
    text = page(
        report(
            took_for=value, notes=[value], conflicts=[value], problems=[problem(2, value, value, value)],
            duplicate_rows=[problem(2, value, value, value)],
            warnings=[problem(2, value, value, value)], repairs=[problem(2, value, value, value)],
            unmapped=Counter({value: 1}), hours_unread=Counter({value: 1}), left_out=Counter({value: 1}),
            kept_apart=Counter({value: 1}), diff=[{"id": value, "change": value, "fields": {value: [value, value]}}],
        ),
        failed=[(value, value)],
    )  # fmt: skip
    tree = html5lib.parse(text, namespaceHTMLElements=False)
    assert not tree.findall(".//script") and not tree.findall(".//img")
    assert "".join(tree.itertext()).count(value) >= 20


# The refused rows


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("DIRECTORY_DATABASE_URL", f"sqlite:///{tmp_path / 'directory.sqlite3'}")
    return lambda *command: CliRunner().invoke(commands, [str(word) for word in command])


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_refused_rows_are_mended_and_imported_again(run: Run, tmp_path: Path) -> None:
    path = sheet(
        tmp_path / "list.csv",
        {"id": "a"}, {"id": "b", "phone": "ring us", "name": "'=1+1"}, {"id": "c", "needs": "gloom"}, {"id": "a"},
    )  # fmt: skip
    (tmp_path / "list.toml").write_text('publisher = "P"\nretrieved = 2026-10-01\nminimum_rows = 1\n', encoding="utf-8")
    out = tmp_path / "refused.csv"
    assert run("import", path, "--refused", out).exit_code == 1
    found = rows_of(out)
    assert [row["id"] for row in found] == ["b", "c"]
    assert found[0]["problem"] == "row 3: column 'phone': 'ring us' is not a phone number"
    assert found[0]["name"] == "'=1+1"
    for row in found:
        row |= {"phone": "202-555-0142", "needs": "anxiety"}
    with out.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, found[0])
        writer.writeheader()
        writer.writerows(found)
    again = run("import", out, "--json")
    report = json.loads(again.stdout)
    assert (again.exit_code, report["source"], report["added"], report["missing"]) == (0, "list", 2, 0)
    assert report["notes"] == []
    source = sources.beside(out)
    assert (source.key, source.mode, source.publisher, source.minimum_rows) == ("list", "partial", "P", 0)


def test_a_row_that_is_still_wrong_is_refused_again_with_one_problem_column(run: Run, tmp_path: Path) -> None:
    first, second = tmp_path / "first.csv", tmp_path / "second.csv"
    run("import", sheet(tmp_path / "list.csv", {"id": "a", "phone": "ring us"}), "--refused", first)
    run("import", first, "--refused", second)
    assert rows_of(second) == rows_of(first)


def test_a_confidential_row_leaves_its_id_and_the_problem(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "shelters.csv"
    path.write_text(
        "id,kind,name,phone,address_1,city,region,postal_code,country,confidential_location\n"
        "s,treatment_program,Example,ring us,12 Hidden Marker Lane,Chicago,IL,60609,US,yes\n",
        encoding="utf-8",
    )
    out = tmp_path / "refused.csv"
    run("import", path, "--refused", out, "--report", tmp_path / "report.html")
    (row,) = rows_of(out)
    assert row["id"] == "s" and "is not a phone number" in row["problem"]
    for file in (out, out.with_suffix(".toml"), tmp_path / "report.html"):
        assert "Marker" not in file.read_text(encoding="utf-8")
        assert "60609" not in file.read_text(encoding="utf-8")


def test_what_a_maintainer_hid_leaves_its_id_alone() -> None:
    with refused.keeping(["id", "address_1"]) as store:
        store.add(Row(2, "a", None, (problem(),), cells={"id": "a", "address_1": "12 Hidden Lane"}), hidden=True)
        assert "Hidden" not in "".join(_lines(store))


def _lines(store: refused.Refusals) -> list[str]:
    store._store.seek(0)
    return list(store._store)


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("=1+1", "'=1+1"),
        ("'=1+1", "'=1+1"),
        ("-87.6", "-87.6"),
        ("+1 202", "'+1 202"),
        ("@x", "'@x"),
        ("plain", "plain"),
    ],
)
def test_no_refused_cell_is_run_by_a_spreadsheet(tmp_path: Path, cell: str, written: str) -> None:
    with refused.keeping(["x"]) as store:
        store.add(Row(2, "a", None, (problem(),), cells={"x": cell}))
        store.write(tmp_path / "out.csv")
    assert rows_of(tmp_path / "out.csv")[0]["x"] == written


def test_several_files_have_a_folder_for_their_refused_rows(run: Run, tmp_path: Path) -> None:
    paths = [sheet(tmp_path / f"{name}.csv", {"id": "a", "phone": "ring us"}) for name in ("one", "two")]
    result = run("import", *paths, "--refused", tmp_path / "refused", "--report", tmp_path / "report.html")
    assert result.exit_code == 1
    assert sorted(path.name for path in (tmp_path / "refused").iterdir()) == [
        "one.csv",
        "one.toml",
        "two.csv",
        "two.toml",
    ]
    assert "2 files: 2 rows; 0 added" in result.stdout
    assert "<h2>All together</h2>" in (tmp_path / "report.html").read_text(encoding="utf-8")
    assert run("import", *paths, "--refused", paths[0]).exit_code == 2


def test_a_column_map_goes_with_its_refused_rows(run: Run, tmp_path: Path) -> None:
    (tmp_path / "clinics.csv").write_text("Nr,Agency,Call\n1,Example,ring us\n2,Other,202-555-0142\n", encoding="utf-8")
    (tmp_path / "clinics.toml").write_text(
        'mode = "full"\nminimum_rows = 1\n[values]\nkind = "therapist"\ncountry = "US"\nservice_area = "US"\n'
        '[columns]\nNr = "id"\nAgency = "name"\nCall = "phone"\n',
        encoding="utf-8",
    )
    out = tmp_path / "refused.csv"
    assert json.loads(run("import", tmp_path / "clinics.csv", "--refused", out, "--json").stdout)["added"] == 1
    out.write_text(
        out.read_text(encoding="utf-8").replace("1,Example,ring us", "1,Example,202-555-0143"), encoding="utf-8"
    )
    report = json.loads(run("import", out, "--json").stdout)
    assert (report["source"], report["added"], report["missing"], report["refused"]) == ("clinics", 1, 0, 0)


def test_an_import_that_fails_writes_no_refused_rows(run: Run, tmp_path: Path) -> None:
    path = sheet(tmp_path / "list.csv", {"id": "a", "phone": "ring us"})
    (tmp_path / "list.toml").write_text("minimum_rows = 9\n", encoding="utf-8")
    assert run("import", path, "--refused", tmp_path / "refused.csv").exit_code == 2
    assert not (tmp_path / "refused.csv").exists()


def test_a_flood_of_problems_is_cut_and_said_to_be(monkeypatch: pytest.MonkeyPatch, run: Run, tmp_path: Path) -> None:
    monkeypatch.setattr(intake, "KEPT", 10)
    path = sheet(tmp_path / "list.csv", *({"id": f"n{each}", "phone": "ring us"} for each in range(25)))
    report = json.loads(run("import", path, "--refused", tmp_path / "out.csv", "--json").stdout)
    assert (report["refused"], len(report["problems"])) == (25, 10)
    assert "25 problems in all; the first 10 are told" in report["notes"]
    assert len(rows_of(tmp_path / "out.csv")) == 25


def test_more_than_a_fifth_missing_says_what_to_do(run: Run, tmp_path: Path) -> None:
    run("import", sheet(tmp_path / "list.csv", *({"id": f"n{each}"} for each in range(20))))
    result = run("import", sheet(tmp_path / "list.csv", *({"id": f"n{each}"} for each in range(15))))
    assert result.exit_code == 2
    assert result.stderr.strip() == (
        "directory: list: 5 of 20 listings are missing from this file, more than a fifth; nothing was changed. "
        "If that is right, import it again with --allow-removals"
    )


def test_the_share_of_hours_is_none_where_nobody_gave_any() -> None:
    assert told.hours_rate(Report("x")) is None


def test_import_wants_files_or_a_folder(run: Run, tmp_path: Path) -> None:
    assert run("import").exit_code == 2
    assert run("import", tmp_path / "a.csv", "--all", tmp_path).exit_code == 2


def test_a_folder_is_imported_in_one_pass(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "lists"
    folder.mkdir()
    for name in ("one", "two"):
        sheet(folder / f"{name}.csv", {"id": "a"})
        (folder / f"{name}.toml").write_text('publisher = "P"\n', encoding="utf-8")
    result = run("import", "--all", folder, "--report", tmp_path / "report.html")
    assert result.exit_code == 0
    assert "2 rows in all: 2 added" in result.stdout
    assert (tmp_path / "report.html").exists()


def test_duplicates_are_told_apart_from_what_was_refused(run: Run, tmp_path: Path) -> None:
    rows = ({"id": "a"}, {"id": "a"}, {"id": "b", "phone": "ring us"})
    result = run("import", sheet(tmp_path / "list.csv", *rows), "--report", tmp_path / "report.html")
    assert result.exit_code == 1
    said = [line.strip() for line in result.stdout.splitlines() if line.strip().startswith(("refused", "duplicate"))]
    assert said == [
        "refused: list.csv row 4, column 'phone': 'ring us' is not a phone number",
        "duplicate: list.csv row 3, column 'id': 'a' stands already in row 2",
    ]
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert text.index("<summary>Refused <span>1<") < text.index("<summary>Duplicates <span>1<")


def test_one_listing_that_shares_a_resource_is_one_listing() -> None:
    assert "  merged: 1 listing shares a resource with another one" in words.report_lines(report(merged=1))
    (line,) = [each for each in words.summary_lines([report(merged=1)], failed=0) if "shares" in each]
    assert line == "  merged: 1 listing of or with meetings shares a resource with another one"
