"""What has to be re-checked: past its limit or never checked, in one order, under a clock that stands still."""

import csv
import json
import os
import tracemalloc
from collections.abc import Callable
from datetime import date, timedelta
from io import StringIO
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from directory import staleness
from directory.cli import directory as commands
from directory.db import Database
from directory.geocoding import Gazetteer
from directory.ingest import Directory
from directory.needs import Vocabulary
from directory.records import Kind, Phone, Status
from directory.staleness import State
from tests import factories

ON = date(2026, 11, 22)
Command = Callable[..., Result]


def rows_of(directory: Directory, state: State, *kinds: Kind, on: date = ON) -> list[str]:
    with staleness.looked_up(directory.database, on, kinds) as found:
        return [due.name for due in found.rows(state)]


@pytest.mark.parametrize(
    ("kind", "days"),
    [(Kind.CRISIS_LINE, 180), (Kind.SUPPORT_GROUP, 365), (Kind.THERAPIST, 730), (Kind.TREATMENT_PROGRAM, 730)],
)
def test_facts_go_stale_the_day_after_their_limit(kind: Kind, days: int, directory: Directory) -> None:
    at_limit, past = ON - timedelta(days=days), ON - timedelta(days=days + 1)
    directory.ingest(
        factories.source(),
        factories.rows(
            factories.listing("good", kind=kind, last_checked=at_limit, service_area=("US",)),
            factories.listing("past", kind=kind, last_checked=past, service_area=("US",)),
            factories.listing("never", kind=kind, last_checked=None, checked_by=None, service_area=("US",)),
        ),
    )
    assert rows_of(directory, State.PAST_LIMIT) == ["Example Practice past"]
    assert rows_of(directory, State.NEVER_CHECKED) == ["Example Practice never"]
    assert rows_of(directory, State.PAST_LIMIT, on=ON - timedelta(days=1)) == []


def test_the_order_is_kind_then_oldest_then_id(directory: Directory) -> None:
    directory.ingest(
        factories.source(),
        factories.rows(
            factories.listing("t-new", last_checked=date(2024, 1, 1)),
            factories.listing("t-old", last_checked=date(2023, 1, 1)),
            factories.listing("t-old-too", last_checked=date(2023, 1, 1)),
            factories.listing("group", kind=Kind.SUPPORT_GROUP, last_checked=date(2025, 1, 1)),
            factories.line("line", last_checked=date(2026, 1, 1)),
            factories.line("closed", last_checked=date(2020, 1, 1), status=Status.CLOSED),
            factories.line("paused", last_checked=date(2026, 2, 1), status=Status.TEMPORARILY_CLOSED),
        ),
    )
    lines = ["Example Line line", "Example Line paused"]
    rest = [f"Example Practice {name}" for name in ("group", "t-old", "t-old-too", "t-new")]
    assert rows_of(directory, State.PAST_LIMIT) == [*lines, *rest]
    assert rows_of(directory, State.PAST_LIMIT, Kind.CRISIS_LINE) == lines
    with staleness.looked_up(directory.database, ON, [Kind.CRISIS_LINE, Kind.SUPPORT_GROUP]) as found:
        assert found.counts(State.PAST_LIMIT) == {"crisis_line": 2, "support_group": 1}
        assert found.counts(State.NEVER_CHECKED) == {}


def test_a_call_list_has_what_a_caller_needs_and_room_for_what_she_hears(directory: Directory) -> None:
    directory.ingest(
        factories.source(retrieved=date(2022, 3, 1)),
        factories.rows(
            factories.listing(
                "one", name="=Rosy House", phone=Phone("+12025550142", "115"), last_checked=date(2023, 1, 1)
            ),
            factories.listing(
                "hidden", name="Shelter", confidential_location=True, last_checked=None, checked_by=None,
                address_1=None, postal_code=None, point=None,
            ),
        ),
    )  # fmt: skip
    file = StringIO(newline="")
    with staleness.looked_up(directory.database, ON) as found:
        assert staleness.write_call_list((due for state in State for due in found.rows(state)), file) == 2
    assert file.getvalue().splitlines()[0] == (
        "id,kind,name,city,region,country,phone,last_checked,checked_by,source,reason,result,new_phone,note,confirmed_by,"
        "confirmed_on"
    )
    first, second = csv.DictReader(StringIO(file.getvalue()))
    assert first == {
        "id": first["id"], "kind": "therapist", "name": "'=Rosy House", "city": "Chicago", "region": "IL", "country": "US",
        "phone": "(202) 555-0142 ext. 115", "last_checked": "2023-01-01", "checked_by": "Example checker",
        "source": "Example source example", "reason": "checked 1421 days ago; the limit is 730",
        "result": "", "new_phone": "", "note": "", "confirmed_by": "", "confirmed_on": "",
    }  # fmt: skip
    assert (second["name"], second["last_checked"], second["reason"]) == (
        "Shelter", "", "never checked; its source is of 2022-03-01",
    )  # fmt: skip
    assert "Example Street" not in file.getvalue()


def test_a_long_list_is_never_in_memory_at_once(directory: Directory) -> None:
    numbers = range(3_000)
    directory.ingest(
        factories.source(),
        factories.rows(*(factories.listing(f"{number}", last_checked=date(2020, 1, 1)) for number in numbers)),
    )
    with staleness.looked_up(directory.database, ON) as found, Path(os.devnull).open("w", encoding="utf-8") as file:
        tracemalloc.start()
        assert staleness.write_call_list(found.rows(State.PAST_LIMIT), file) == len(numbers)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 3_000_000


@pytest.fixture
def command(tmp_path: Path, vocabulary: Vocabulary, gazetteer: Gazetteer, monkeypatch: pytest.MonkeyPatch) -> Command:
    """The command line over a small directory."""
    url = f"sqlite:///{tmp_path / 'd.sqlite3'}"
    made = Directory(Database(url), vocabulary, gazetteer)
    made.ingest(
        factories.source(),
        factories.rows(
            factories.line("line", last_checked=date(2026, 5, 26), phone=Phone("988")),
            factories.line("never", last_checked=None, checked_by=None, phone=Phone("+12025550143")),
            factories.listing("old", last_checked=date(2024, 11, 1)),
        ),
    )
    made.database.dispose()
    monkeypatch.setenv("DIRECTORY_DATABASE_URL", url)
    monkeypatch.chdir(tmp_path)
    return lambda *words: CliRunner().invoke(commands, ["stale", *words])


def test_the_command_ends_with_one_only_for_lines_that_were_checked_and_went_stale(command: Command) -> None:
    fresh = command("--on", "2026-11-22")
    assert (fresh.exit_code, fresh.stdout) == (
        0,
        "Past its limit: checked once, and too long ago: 1 (1 therapist)\n"
        "  3 therapist: Example Practice old (Chicago, IL, US); (202) 555-0142; checked 751 days ago; the limit is 730\n"
        "Never checked by anybody: 1 (1 crisis_line)\n"
        "  2 crisis_line: Example Line never (US); (202) 555-0143; never checked; its source is of 2026-10-01\n",
    )
    stale = command("--on", "2026-11-23")
    assert stale.exit_code == 1
    assert "  1 crisis_line: Example Line line (US); 988; checked 181 days ago; the limit is 180\n" in stale.stdout
    assert command("--on", "2026-11-23", "--kind", "therapist").exit_code == 0
    assert command("--on", "2027-11-23", "--json").stdout == command("--on", "2027-11-23", "--json").stdout


def test_the_command_prints_json_and_writes_the_call_list(command: Command, tmp_path: Path) -> None:
    told = json.loads(command("--on", "2026-11-23", "--json").stdout)
    assert [(told["on"], [due["id"] for due in told["past_limit"]], [due["id"] for due in told["never_checked"]])] == [
        ("2026-11-23", [1, 3], [2])
    ]
    assert told["past_limit"][0]["last_checked"] == "2026-05-26"
    written = command("--on", "2026-11-23", "--csv", "calls.csv")
    assert (written.exit_code, written.stdout) == (
        1,
        "calls.csv: 3 to call; fill in result, and read it back with: directory confirm --csv calls.csv\n",
    )
    with (tmp_path / "calls.csv").open(encoding="utf-8-sig", newline="") as file:
        assert [row["id"] for row in csv.DictReader(file)] == ["1", "3", "2"]
    assert command("--on", "2026-11-23", "--csv", "-").stdout.splitlines()[0].startswith("id,kind,name")
    refused = command("--csv", "no/such/calls.csv")
    assert (refused.exit_code, refused.stderr) == (
        2,
        "directory: no/such/calls.csv cannot be written: No such file or directory\n",
    )
    assert "'yesterday' is not a date; write 2026-08-31" in command("--on", "yesterday").stderr
