"""Many sources in one pass, and those that are due from the web: one summary, and no failing source blocks another."""

import csv
import json
import socket
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import func, select

from directory import rounds
from directory.cli import directory as commands
from directory.cli import round_words, words
from directory.config import shipped_folder
from directory.errors import BadQuery, UnreadableFile
from directory.fetching import Limits
from directory.ingest import Directory
from directory.intake import AS_USUAL, Wish
from directory.models import Fetch, Listing, Source
from directory.rounds import Outcome, Summary
from tests.https_server import Server, running

DATA = shipped_folder("data")
TODAY = date(2026, 11, 22)
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
HEADER = ("id", "kind", "name", "needs", "phone", "address_1", "city", "region", "postal_code", "country")
TOML = 'publisher = "Example publisher"\nterms = "CC0"\nretrieved = 2026-10-01\nminimum_rows = 2\n'


def sheet(name: str, rows: int = 3, first: int = 0, phone: str = "202-555-0142") -> str:
    lines = [",".join(HEADER)]
    for number in range(first, first + rows):
        place = f"{number + 1} {name} Street,Chicago,IL,60601,US"
        lines.append(f"{name}-{number},therapist,Example {name} {number},anxiety,{phone},{place}")
    return "\n".join(lines) + "\n"


def put(folder: Path, name: str, text: str | None = None, toml: str = TOML) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.toml").write_text(toml, encoding="utf-8")
    path = folder / f"{name}.csv"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    return path


def outcomes(summary: Summary) -> dict[str, str]:
    return {turn.name: str(turn.outcome) for turn in summary.turns}


def messages(summary: Summary) -> dict[str, str]:
    return {turn.name: turn.error.message for turn in summary.turns if turn.error is not None}


def held(directory: Directory) -> dict[str, int]:
    with directory.database.reading() as connection:
        query = select(Source.key, func.count()).join(Listing, Listing.source_id == Source.id).group_by(Source.key)
        return dict(map(tuple, connection.execute(query)))


def test_of_twelve_sources_one_broken_and_one_truncated_ten_come_in_and_nothing_goes(
    directory: Directory, tmp_path: Path
) -> None:
    folder = tmp_path / "lists"
    names = [f"list{number:02}" for number in range(12)]
    for name in names:
        put(folder, name, sheet(name, 10))
    first = rounds.take_in_all(directory, folder, DATA, TODAY)
    assert (first.code, first.counts) == (0, {Outcome.IMPORTED: 12})
    (folder / "list03.csv").write_bytes(b"<!doctype html><title>Sign in</title>\x00\xff")
    (folder / "list07.csv").write_text(sheet("list07", 4))
    for name in names:
        if name not in {"list03", "list07"}:
            (folder / f"{name}.csv").write_text(sheet(name, 11))
    second = rounds.take_in_all(directory, folder, DATA, TODAY)
    assert (second.code, second.counts) == (1, {Outcome.IMPORTED: 10, Outcome.FAILED: 2})
    assert [turn.name for turn in second.turns if turn.outcome is Outcome.FAILED] == ["list03", "list07"]
    assert messages(second)["list07"] == (
        "list07: 6 of 10 listings are missing from this file, more than a fifth; nothing was changed. If that is right, "
        "import it again with --allow-removals"
    )
    assert {turn.report.added for turn in second.turns if turn.report is not None} == {1}
    assert held(directory) == {name: 10 if name in {"list03", "list07"} else 11 for name in names}
    lines = list(round_words.summary_lines(second))
    assert lines[-2:] == [
        "12 sources: 10 imported, 2 failed",
        "110 rows in all: 10 added, 0 changed, 100 unchanged, 0 missing, 0 removed, 0 refused, 0 duplicates",
    ]
    assert lines[0] == "list00: 11 rows; 1 added, 10 unchanged"
    third = rounds.take_in_all(directory, folder, DATA, TODAY, Wish(allow_removals=True))
    assert third.counts[Outcome.FAILED] == 1
    assert held(directory)["list07"] == 4


def test_a_file_with_fewer_rows_than_its_minimum_changes_nothing(directory: Directory, tmp_path: Path) -> None:
    put(tmp_path / "lists", "good", sheet("good"))
    put(tmp_path / "lists", "short", sheet("short", 1))
    summary = rounds.take_in_all(directory, tmp_path / "lists", DATA, TODAY)
    assert summary.code == 1
    assert "only 1 usable rows, and its .toml expects at least 2" in messages(summary)["short"]
    assert held(directory) == {"good": 3}


def test_a_refused_row_makes_the_exit_code_one(directory: Directory, tmp_path: Path) -> None:
    put(tmp_path / "lists", "good", sheet("good"))
    put(tmp_path / "lists", "mixed", sheet("mixed") + sheet("bad", 1, phone="ring us").splitlines()[1] + "\n")
    summary = rounds.take_in_all(directory, tmp_path / "lists", DATA, TODAY)
    assert (summary.code, summary.counts) == (1, {Outcome.IMPORTED: 2})
    assert "  refused: mixed.csv row 5, column 'phone': 'ring us' is not a phone number" in list(
        round_words.summary_lines(summary)
    )


def test_every_way_to_fail_is_told_and_blocks_nobody(directory: Directory, tmp_path: Path) -> None:
    folder = tmp_path / "lists"
    put(folder, "good", sheet("good"))
    put(folder, "lonely")
    put(folder, "no-toml", sheet("no-toml"), toml="publisher = ")
    put(folder, "odd-key", sheet("odd-key"), toml='licens = "CC0"\n')
    put(folder, "two", sheet("two"))
    (folder / "two.json").write_text("[]")
    put(folder, "same", sheet("same"), toml=TOML + 'source = "good"\n')
    put(folder, "empty", "")
    (folder / "aside.csv").write_text(sheet("aside"))
    summary = rounds.take_in_all(directory, folder, DATA, TODAY)
    assert outcomes(summary) == {
        "good": "imported", "lonely": "failed", "no-toml": "failed", "odd-key": "failed", "two": "failed",
        "same": "failed", "empty": "failed",
    }  # fmt: skip
    told = messages(summary)
    assert told["lonely"].startswith(
        "there is no file beside lonely.toml; put one there that is called lonely and ends in"
    )
    assert told["no-toml"].startswith("no-toml.toml is not TOML")
    assert "unknown key 'licens'" in told["odd-key"]
    assert told["two"] == "beside two.toml there are two.csv, two.json; keep the one it speaks of"
    assert told["same"] == "same.toml and good.toml speak of one source, 'good'; join their files"
    assert (summary.code, summary.aside) == (1, ("aside.csv",))
    assert held(directory) == {"good": 3}


def test_when_nothing_could_be_done_the_exit_code_is_two(directory: Directory, tmp_path: Path) -> None:
    put(tmp_path / "lists", "lonely")
    assert rounds.take_in_all(directory, tmp_path / "lists", DATA, TODAY).code == 2
    (tmp_path / "empty").mkdir()
    with pytest.raises(
        UnreadableFile, match=r"holds no sources; a source is a file with a \.toml of the same name beside"
    ):
        rounds.take_in_all(directory, tmp_path / "empty", DATA, TODAY)
    with pytest.raises(UnreadableFile, match="there is no folder"):
        rounds.take_in_all(directory, tmp_path / "nowhere", DATA, TODAY)


def test_a_dry_run_changes_nothing(directory: Directory, tmp_path: Path) -> None:
    put(tmp_path / "lists", "good", sheet("good"))
    summary = rounds.take_in_all(directory, tmp_path / "lists", DATA, TODAY, Wish(dry_run=True))
    assert next(round_words.summary_lines(summary)) == "good: 3 rows; would be 3 added"
    assert held(directory) == {}


def test_the_shipped_data_comes_in_and_its_tables_are_no_listings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIRECTORY_DATABASE_URL", f"sqlite:///{tmp_path / 'd.sqlite3'}")
    result = CliRunner().invoke(commands, ["import", "--all", str(DATA)])
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    assert "emergency_numbers: a table of numbers, not listings; nothing to import" in lines
    assert "6 sources: 4 imported, 2 not listings" in lines
    told = json.loads(CliRunner().invoke(commands, ["import", "--all", str(DATA), "--json"]).output)
    assert told["counts"] == {"imported": 4, "failed": 0, "unchanged": 0, "not_due": 0, "not_listings": 2}
    assert {each["report"]["added"] for each in told["sources"] if "report" in each} == {0}
    both = CliRunner().invoke(commands, ["import", "--all", str(DATA), "x.csv"])
    assert both.exit_code == 2
    none = CliRunner().invoke(commands, ["import", "--all", str(tmp_path / "nowhere")])
    assert (none.exit_code, "there is no folder" in none.output) == (2, True)


# From the web


@pytest.fixture(scope="module")
def listening(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("server")) as server:
        yield server


@pytest.fixture
def server(listening: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    """A server that the resolver knows as publisher.example."""
    listening.answers.clear()
    listening.asked.clear()
    real = socket.getaddrinfo

    def look_up(host: str, *arguments: object, **options: object) -> object:
        return real("127.0.0.1" if host == "publisher.example" else host, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return listening


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "lists"


Refresh = Callable[..., Summary]


@pytest.fixture
def refresh(directory: Directory, server: Server, folder: Path) -> Refresh:
    limits = Limits(step_seconds=1, deadline_seconds=2, allowed_addresses={"127.0.0.1"}, authorities=server.certificate)

    def run(*names: str, days: float = 0, wish: Wish = AS_USUAL) -> Summary:
        return rounds.refresh(directory, folder, DATA, NOW + timedelta(days=days), names, wish, limits)

    return run


def from_web(server: Server, name: str, **more: object) -> str:
    lines = "".join(f"{key} = {value}\n" for key, value in more.items())
    return TOML + f'download = "{server.url(f"/{name}.csv", host="publisher.example")}"\n' + lines


def test_what_is_due_is_fetched_kept_beside_its_toml_and_imported(
    refresh: Refresh, server: Server, folder: Path, directory: Directory
) -> None:
    put(folder, "feed", toml=from_web(server, "feed", every_days=7))
    put(folder, "by_hand", sheet("by_hand"))
    server.serve("/feed.csv", sheet("feed").encode(), ETag='"1"')
    first = refresh()
    assert outcomes(first) == {"feed": "imported"}
    assert list(round_words.summary_lines(first)) == [
        f"feed: fetched {len(sheet('feed'))} bytes; 3 rows; 3 added",
        "1 source: 1 imported",
        "3 rows in all: 3 added, 0 changed, 0 unchanged, 0 missing, 0 removed, 0 refused, 0 duplicates",
    ]
    assert sorted(path.name for path in folder.iterdir()) == ["by_hand.csv", "by_hand.toml", "feed.csv", "feed.toml"]
    assert (folder / "feed.csv").read_text() == sheet("feed")
    assert held(directory) == {"feed": 3}
    with directory.database.reading() as connection:
        assert connection.execute(select(Source.retrieved)).scalar_one() == TODAY

    early = refresh(days=6.9)
    assert (outcomes(early), early.turns[0].due) == ({"feed": "not_due"}, date(2026, 11, 29))
    assert list(round_words.summary_lines(early))[-1] == "1 source: 1 not due yet"
    assert outcomes(refresh(days=7)) == {"feed": "unchanged"}
    assert outcomes(refresh(days=13.9)) == {"feed": "not_due"}
    assert outcomes(refresh("feed", days=13.9)) == {"feed": "unchanged"}  # named: at once
    server.serve("/feed.csv", sheet("feed", 4).encode(), ETag='"2"')
    assert refresh(days=21).turns[0].report.added == 1  # type: ignore[union-attr]
    assert server.asked[-1][1]["If-None-Match"] == '"1"'
    assert len(server.asked) == 4


def test_a_new_address_or_a_missing_file_is_fetched_whatever_the_tag(
    refresh: Refresh, server: Server, folder: Path
) -> None:
    path = put(folder, "feed", toml=from_web(server, "feed"))
    for name in ("feed", "moved"):
        server.serve(f"/{name}.csv", sheet("feed").encode(), ETag='"1"')
    refresh()
    path.unlink()
    assert outcomes(refresh()) == {"feed": "imported"}
    put(folder, "feed", toml=from_web(server, "moved"))
    assert outcomes(refresh()) == {"feed": "imported"}
    assert all("If-None-Match" not in headers for _, headers in server.asked)


def test_a_failing_fetch_leaves_the_old_file_and_the_next_source_goes_on(
    refresh: Refresh, server: Server, folder: Path, directory: Directory
) -> None:
    for name in ("alpha", "gone", "omega", "private"):
        put(folder, name, sheet(name), toml=from_web(server, name))
    put(folder, "private", sheet("private"), toml=TOML + 'download = "https://publisher.example:1/x"\n')
    for name in ("alpha", "omega"):
        server.serve(f"/{name}.csv", sheet(name).encode())
    server.redirect("/gone.csv", "https://169.254.169.254/latest/meta-data/")
    summary = refresh()
    assert outcomes(summary) == {"alpha": "imported", "gone": "failed", "omega": "imported", "private": "failed"}
    assert messages(summary)["gone"].endswith("169.254.169.254, which is not an address of the public internet")
    assert summary.code == 1
    assert (folder / "gone.csv").read_text() == sheet("gone")
    assert held(directory) == {"alpha": 3, "omega": 3}
    with directory.database.reading() as connection:
        assert set(connection.execute(select(Fetch.source)).scalars()) == {"alpha", "omega"}
    assert [path for path in folder.iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize(
    "body", [b"<!doctype html><title>Sign in</title>", b"", sheet("feed", 1).encode(), sheet("feed", 30, 50).encode()]
)
def test_a_fetched_file_that_must_not_come_in_leaves_the_old_one_in_place(
    body: bytes, refresh: Refresh, server: Server, folder: Path, directory: Directory
) -> None:
    put(folder, "feed", toml=from_web(server, "feed"))
    server.serve("/feed.csv", sheet("feed", 10).encode(), ETag='"1"')
    refresh()
    server.serve("/feed.csv", body, ETag='"2"')
    for _ in range(2):  # the tag of what was refused is not kept: it is not taken for unchanged
        summary = refresh()
        assert (outcomes(summary), summary.code) == ({"feed": "failed"}, 2)
        assert messages(summary)["feed"].endswith(
            "(the new file is feed.csv.refused; the old one is still in its place)"
        )
        assert (folder / "feed.csv").read_text() == sheet("feed", 10)
        assert (folder / "feed.csv.refused").read_bytes() == body
        assert held(directory) == {"feed": 10}
    server.serve("/feed.csv", sheet("feed", 11).encode(), ETag='"3"')
    assert outcomes(refresh()) == {"feed": "imported"}
    assert sorted(path.name for path in folder.iterdir()) == ["feed.csv", "feed.toml"]


def test_removals_are_allowed_by_word_here_too(
    refresh: Refresh, server: Server, folder: Path, directory: Directory
) -> None:
    put(folder, "feed", toml=from_web(server, "feed"))
    server.serve("/feed.csv", sheet("feed", 10).encode())
    refresh()
    server.serve("/feed.csv", sheet("feed", 3).encode())
    assert refresh().code == 2
    assert refresh(wish=Wish(allow_removals=True)).code == 0
    assert held(directory) == {"feed": 3}


def test_an_address_without_an_ending_is_named_by_what_it_sends(refresh: Refresh, server: Server, folder: Path) -> None:
    toml = TOML + f'download = "{server.url("/api", host="publisher.example")}"\n'
    put(folder, "feed", toml=toml)
    server.serve("/api", sheet("feed").encode(), **{"Content-Type": "application/json"})
    refresh()
    assert sorted(path.name for path in folder.iterdir()) == ["feed.json", "feed.toml"]


def test_only_sources_of_the_folder_with_an_address_can_be_named(
    refresh: Refresh, server: Server, folder: Path
) -> None:
    put(folder, "feed", toml=from_web(server, "feed"))
    put(folder, "by_hand", sheet("by_hand"))
    with pytest.raises(BadQuery) as error:
        refresh("nothing")
    assert error.value.message == f"there is no source nothing in {folder}; there are by_hand, feed"
    summary = refresh("by_hand")
    assert messages(summary) == {"by_hand": 'by_hand.toml names no address; write download = "https://..."'}
    assert server.asked == []


def test_a_round_over_fetched_files_keeps_the_day_they_were_fetched(
    refresh: Refresh, server: Server, folder: Path, directory: Directory
) -> None:
    put(folder, "feed", toml=from_web(server, "feed"))
    server.serve("/feed.csv", sheet("feed").encode())
    refresh()
    again = rounds.take_in_all(directory, folder, DATA, TODAY)
    assert again.turns[0].report.unchanged == 3  # type: ignore[union-attr]
    with directory.database.reading() as connection:
        assert connection.execute(select(Source.retrieved)).scalar_one() == TODAY


def test_the_command_fetches_nothing_from_private_addresses_and_nothing_by_default(
    server: Server, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIRECTORY_DATABASE_URL", f"sqlite:///{tmp_path / 'd.sqlite3'}")
    put(folder, "feed", sheet("feed"), toml=from_web(server, "feed"))
    result = CliRunner().invoke(commands, ["import", "--all", str(folder)])
    assert (result.exit_code, server.asked) == (0, [])
    result = CliRunner().invoke(commands, ["refresh", str(folder)])
    assert result.exit_code == 2
    assert "is refused: publisher.example is 127.0.0.1, which is not an address of the public internet" in result.output
    assert server.asked == []
    told = json.loads(CliRunner().invoke(commands, ["refresh", str(folder), "feed", "--json"]).output)
    assert told["sources"][0]["error"]["code"] == "not-fetched"
    result = CliRunner().invoke(commands, ["refresh", str(DATA)])
    assert (result.exit_code, result.output) == (0, "0 sources: nothing to fetch\n")
    assert CliRunner().invoke(commands, ["refresh", str(tmp_path / "nowhere")]).exit_code == 2


def test_a_summary_as_json_is_whole(directory: Directory, tmp_path: Path) -> None:
    put(tmp_path / "lists", "good", sheet("good"))
    put(tmp_path / "lists", "lonely")
    told = round_words.summary_json(rounds.take_in_all(directory, tmp_path / "lists", DATA, TODAY), words.report_json)
    assert told["counts"]["failed"] == 1
    assert [each["source"] for each in told["sources"]] == ["good", "lonely"]
    assert told["sources"][1]["error"]["code"] == "unreadable-file"
    assert json.loads(json.dumps(told)) == told


def test_a_sheet_of_this_test_is_a_sheet() -> None:
    assert len(list(csv.reader(sheet("x").splitlines()))) == 4
