"""Empty files to fill in: what `directory template` prints is imported again when one row is filled in."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from directory.cli import directory as commands
from directory.cli import templates
from directory.importers import own, sources
from directory.records import Kind

Run = Callable[..., Result]
FILLED = {
    Kind.CRISIS_LINE: {"phone": "988", "service_area": "US", "hours": "24/7", "needs": "suicidal_thoughts"},
    Kind.THERAPIST: {"phone": "202-555-0142", "address_1": "1 Example Street", "city": "Chicago", "region": "IL"},
    Kind.SUPPORT_GROUP: {"url": "https://example.org/", "city": "Chicago", "region": "IL", "hours": "We 19:00-20:00"},
    Kind.TREATMENT_PROGRAM: {"phone": "202-555-0142", "city": "Chicago", "region": "IL", "integrated": "yes"},
}


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command line on a database of its own."""
    monkeypatch.setenv("DIRECTORY_DATABASE_URL", f"sqlite:///{tmp_path / 'directory.sqlite3'}")
    return lambda *words: CliRunner().invoke(commands, [str(word) for word in words])


@pytest.mark.parametrize("kind", Kind)
def test_a_template_with_one_row_filled_in_is_imported(run: Run, tmp_path: Path, kind: Kind) -> None:
    (header,) = csv.reader(run("template", kind).output.splitlines())
    row = {"id": "a", "name": "Example", "country": "US", **FILLED[kind]}
    assert row.keys() <= set(header)
    with (tmp_path / "list.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, header)
        writer.writeheader()
        writer.writerow(row)
    (tmp_path / "list.toml").write_text(run("template", kind, "--toml").output, encoding="utf-8")
    result = run("import", tmp_path / "list.csv", "--json")
    report = json.loads(result.stdout)
    assert (report["added"], report["problems"]) == (1, [])
    assert sources.beside(tmp_path / "list.csv").values == {"kind": kind}


@pytest.mark.parametrize("kind", Kind)
def test_a_template_has_every_column_once_and_those_of_its_kind_first(run: Run, kind: Kind) -> None:
    (header,) = csv.reader(run("template", kind).output.splitlines())
    assert sorted(header) == sorted(own.FORMAT.columns)
    assert tuple(header[: len(templates.COLUMNS[kind])]) == templates.COLUMNS[kind]


def test_a_kind_nobody_knows_is_one_sentence(run: Run) -> None:
    result = run("template", "shelter")
    assert result.exit_code == 2
    assert "'shelter' is not one of" in result.output
