"""What visitors say is wrong: kept within limits, with nothing about who said it, until a maintainer closes it."""

import csv
import json
from collections.abc import Callable
from datetime import date, timedelta
from io import StringIO
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from factories import listing, rows, source
from sqlalchemy import text

from directory import feedback
from directory.cli import directory as commands
from directory.db import Database
from directory.errors import BadQuery, DatabaseUnavailable, NotFound
from directory.feedback import Reason, Report, State, Wrong
from directory.geocoding import Gazetteer
from directory.ingest import Directory
from directory.models import WrongReport
from directory.needs import Vocabulary

ON = date(2026, 11, 22)
MOVED = Wrong(Reason.MOVED, "They are on Elm Street now")
Command = Callable[..., Result]


@pytest.fixture
def loaded(directory: Directory) -> Directory:
    directory.ingest(source(), rows(listing("one"), listing("two")))
    return directory


def test_a_report_is_kept_with_its_day_and_nothing_about_who_made_it(loaded: Directory) -> None:
    assert feedback.keep(loaded.database, 1, MOVED, ON)
    assert feedback.reports(loaded.database) == [
        Report(
            1, 1, "Example Practice one", State.LISTED, ("example:one",), Reason.MOVED, MOVED.words, ON, 1, None, None
        )
    ]
    assert {column.name for column in WrongReport.__table__.columns} == {
        "id", "resource_id", "reason", "words", "day", "times", "closed_on", "note",
    }  # fmt: skip


def test_the_same_said_again_on_the_same_day_is_counted(loaded: Directory) -> None:
    for said, on in ((MOVED, ON), (MOVED, ON), (Wrong(Reason.MOVED), ON), (MOVED, ON + timedelta(days=1))):
        assert feedback.keep(loaded.database, 1, said, on)
    found = feedback.reports(loaded.database)
    assert [(each.words, each.day, each.times) for each in found] == [
        (MOVED.words, ON, 2), ("", ON, 1), (MOVED.words, ON + timedelta(days=1), 1),
    ]  # fmt: skip


def test_beyond_the_limit_of_a_resource_a_report_is_counted_without_its_words(loaded: Directory) -> None:
    for number in range(20):
        assert feedback.keep(loaded.database, 1, Wrong(Reason.MOVED, f"words {number}"), ON)
    assert feedback.keep(loaded.database, 1, Wrong(Reason.OTHER), ON), "another reason has room"
    assert feedback.keep(loaded.database, 2, MOVED, ON), "another resource has room"
    found = feedback.reports(loaded.database)
    assert [(each.words, each.times) for each in found if each.resource == 1 and each.reason == Reason.MOVED] == [
        *((f"words {number}", 1) for number in range(4)),
        ("words 4", 16),
    ]
    feedback.close(loaded.database, [found[0].id], "called", ON)
    assert feedback.keep(loaded.database, 1, Wrong(Reason.MOVED, "new"), ON), "closing makes room"
    assert "new" in [each.words for each in feedback.reports(loaded.database)]


def test_beyond_the_limit_of_a_day_only_what_is_known_is_counted(
    loaded: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feedback, "MOST_A_DAY", 2)
    said = [Wrong(Reason.MOVED), Wrong(Reason.OTHER), Wrong(Reason.MOVED, "more"), Wrong(Reason.WRONG_HOURS)]
    assert [feedback.keep(loaded.database, 1, each, ON) for each in said] == [True, True, True, False]
    assert [(each.reason, each.times) for each in feedback.reports(loaded.database)] == [
        (Reason.MOVED, 2), (Reason.OTHER, 1),
    ]  # fmt: skip
    assert feedback.keep(loaded.database, 1, said[-1], ON + timedelta(days=1))


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  It rings\r\nand  rings ", "It rings\nand rings"),
        ("a\x00b\x0bc\x1b[31m\u202e", "abc[31m"),
        ("\N{REPLACEMENT CHARACTER}\ufffe", ""),
        ("\u200b \n", ""),
        ("e\u0301", "é"),
        ("x" * 1000, "x" * 1000),
        ("a\r\n" * 500, "\n".join("a" * 500)),
        ("\u0344" * 1000, "\u0308\u0301" * 1000),
        ("😀'; DROP TABLE resource; --", "😀'; DROP TABLE resource; --"),
    ],
)
def test_words_are_cleaned_before_they_are_kept(typed: str, kept: str, loaded: Directory) -> None:
    assert feedback.keep(loaded.database, 1, feedback.read("other", typed), ON)
    assert [each.words for each in feedback.reports(loaded.database)] == [kept]


@pytest.mark.parametrize(
    ("reason", "words", "field", "message"),
    [
        ("", "", "reason", "Choose one."),
        ("rude", "", "reason", "Choose one."),
        ("moved", "x" * 1001, "words", "Write at most 1,000 characters. You wrote 1,001."),
    ],
)
def test_what_cannot_be_kept_is_said(reason: str, words: str, field: str, message: str) -> None:
    with pytest.raises(BadQuery) as caught:
        feedback.read(reason, words)
    assert (caught.value.field, caught.value.message) == (field, message)


def test_closing_forgets_the_words_and_after_a_year_the_rest(loaded: Directory) -> None:
    feedback.keep(loaded.database, 1, Wrong(Reason.OTHER, "Marker Lane"), ON)
    feedback.keep(loaded.database, 1, MOVED, ON)
    assert feedback.close(loaded.database, [1], "called: right as it is", ON) == 1
    assert [each.id for each in feedback.reports(loaded.database)] == [2]
    (closed,) = feedback.reports(loaded.database, closed=True)
    assert (closed.words, closed.closed_on, closed.note) == ("", ON, "called: right as it is")
    if loaded.database.path is not None:
        for file in loaded.database.path.parent.glob("directory.sqlite3*"):
            assert b"Marker Lane" not in file.read_bytes(), file
    assert feedback.close(loaded.database, [2], "mended", ON + timedelta(days=366)) == 1
    assert [each.id for each in feedback.reports(loaded.database, closed=True)] == [2]
    feedback.keep(loaded.database, 1, MOVED, ON)
    assert [each.id for each in feedback.reports(loaded.database)] == [3], "an id is never given twice"


def test_closing_takes_all_or_none(loaded: Directory) -> None:
    feedback.keep(loaded.database, 1, MOVED, ON)
    with pytest.raises(NotFound, match="no open report has the id 8, 9; nothing was closed"):
        feedback.close(loaded.database, [1, 9, 8], "called", ON)
    with pytest.raises(BadQuery, match="--note has no visible characters"):
        feedback.close(loaded.database, [1], " ", ON)
    assert len(feedback.reports(loaded.database)) == 1


def test_reports_follow_a_resource_that_was_merged_and_outlive_one_that_is_gone(loaded: Directory) -> None:
    for resource in (1, 2):
        feedback.keep(loaded.database, resource, MOVED, ON)
    loaded.merge("1", "2", ON)
    found = feedback.reports(loaded.database)
    assert [(each.resource, each.state, each.listings) for each in found] == [
        (1, State.LISTED, ("example:one", "example:two")), (1, State.MERGED, ("example:one", "example:two")),
    ]  # fmt: skip
    loaded.undo("example")
    found = feedback.reports(loaded.database)
    assert {(each.state, each.name, each.listings) for each in found} == {(State.GONE, "", ())}
    assert feedback.close(loaded.database, [each.id for each in found], "gone", ON) == 2


def test_a_directory_made_before_there_were_reports_takes_them(loaded: Directory) -> None:
    with loaded.database.writing() as connection:
        connection.execute(text("DROP TABLE wrong_report"))
    assert feedback.reports(loaded.database) == []
    assert feedback.keep(loaded.database, 1, MOVED, ON)
    assert len(feedback.reports(loaded.database)) == 1


def test_a_report_changes_nothing_of_the_directory(loaded: Directory) -> None:
    tables = ("resource", "place_token", "area_token", "token_count", "meta", "listing", "correction")

    def content() -> list[list[str]]:
        with loaded.database.reading() as connection:
            return [sorted(map(str, connection.execute(text(f"SELECT * FROM {name}")).all())) for name in tables]

    before = content()
    for reason in Reason:
        feedback.keep(loaded.database, 1, Wrong(reason), ON)
    feedback.close(loaded.database, [1, 2, 3], "called", ON)
    assert content() == before


def test_a_report_waits_a_moment_for_an_import_and_not_longer(
    loaded: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feedback, "_PATIENCE_MS", 200)
    other = Database(loaded.database.url.render_as_string(hide_password=False))
    with other.writing(), pytest.raises(DatabaseUnavailable):
        feedback.keep(loaded.database, 1, MOVED, ON)
    other.dispose()
    assert feedback.reports(loaded.database) == []
    assert feedback.keep(loaded.database, 1, MOVED, ON)


@pytest.fixture
def run(tmp_path: Path, vocabulary: Vocabulary, gazetteer: Gazetteer, monkeypatch: pytest.MonkeyPatch) -> Command:
    """The command line on a directory with two reports."""
    url = f"sqlite:///{tmp_path / 'directory.sqlite3'}"
    loaded = Directory(Database(url), vocabulary, gazetteer)
    loaded.ingest(source(), rows(listing("one")))
    feedback.keep(loaded.database, 1, Wrong(Reason.DISCONNECTED, "=cmd\nIt rings out"), ON)
    feedback.keep(loaded.database, 1, Wrong(Reason.DISCONNECTED, "=cmd\nIt rings out"), ON)
    feedback.keep(loaded.database, 77, Wrong(Reason.NOT_ACCEPTING), ON)
    loaded.database.dispose()
    monkeypatch.setenv("DIRECTORY_DATABASE_URL", url)
    return lambda *words: CliRunner().invoke(commands, [str(word) for word in words])


def test_the_command_lists_what_is_open(run: Command) -> None:
    assert run("reports").output.splitlines() == [
        "1  the number does not work, 2026-11-22, 2 times",
        "    resource 1: Example Practice one (example:one)",
        "    | =cmd",
        "    | It rings out",
        "2  takes no new people, 2026-11-22",
        "    resource 77: gone",
        "2 open reports",
    ]
    first, second = json.loads(run("reports", "--json").output)
    assert first == {
        "id": 1, "resource": 1, "name": "Example Practice one", "state": "listed", "listings": ["example:one"],
        "reason": "disconnected", "words": "=cmd\nIt rings out", "day": "2026-11-22", "times": 2, "closed_on": None,
        "note": None,
    }  # fmt: skip
    assert (second["state"], second["name"], second["listings"]) == ("gone", "", [])


def test_a_spreadsheet_runs_nothing_of_it(run: Command, tmp_path: Path) -> None:
    done = run("reports", "--csv", tmp_path / "reports.csv")
    assert (done.exit_code, done.output) == (0, f"{tmp_path / 'reports.csv'}: 2 reports\n")
    written = (tmp_path / "reports.csv").read_bytes().decode("utf-8-sig")
    first, second = csv.DictReader(StringIO(written, newline=""))
    assert (first["words"], first["listings"], second["state"]) == ("'=cmd\nIt rings out", "example:one", "gone")
    assert run("reports", "--csv", "-").output.startswith("id,resource,name,state,")


def test_the_command_closes_reports_with_a_note(run: Command) -> None:
    done = run("reports", "--close", 1, 2, "--note", "called; number corrected")
    assert (done.exit_code, done.output) == (0, "2 reports closed\n")
    assert run("reports").output == "0 open reports\n"
    closed = run("reports", "--closed").output
    assert "called; number corrected" in closed and "2 closed reports" in closed and "rings" not in closed
    again = run("reports", "--close", 1, "--note", "x")
    assert again.exit_code == 2
    assert "no open report has the id 1; nothing was closed" in again.output


@pytest.mark.parametrize(
    "words",
    [["--close", 1], ["--close", "--note", "x"], [1], ["--note", "x"], ["--close", 1, "--note", "x", "--closed"]],
)
def test_half_a_command_is_refused(run: Command, words: list) -> None:
    assert run("reports", *words).exit_code == 2
    assert "2 open reports" in run("reports").output
