"""A primary and its streaming hot standby, both real: the primary is killed, the standby takes over, the site goes on."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner, Result
from factories import line, rows, source
from flask.testing import FlaskClient
from postgresql import Server

from directory import feedback
from directory.cli import directory as commands
from directory.config import Config
from directory.crisis import CrisisBook
from directory.db import Database
from directory.errors import DirectoryError
from directory.ingest import Directory
from directory.query import Query
from directory.search import Searcher
from directory.web import site as web_site
from directory.web.app import create_app

HEADER = "id,kind,name,needs,phone,address_1,city,region,postal_code,country\n"


@dataclass
class Pair:
    """Two servers, the settings of a site that uses both, and what runs on them."""

    primary: Server
    standby: Server
    config: Config
    searcher: Searcher
    client: FlaskClient

    def find(self) -> list[str]:
        """Search as every page does."""
        found = self.searcher.search(Query(near="60601", needs=("depression",), at=datetime.now(UTC)))
        return sorted(match.resource["name"] for match in found.nearby)

    def run(self, *words: str) -> Result:
        environment = {"DIRECTORY_DATABASE_URL": self.config.database_url, "DIRECTORY_READ_URL": self.config.read_url}
        return CliRunner().invoke(commands, words, env=environment)

    def bring_in(self, file: str) -> None:
        result = self.run("import", file)
        assert (result.exit_code, result.stderr) == (0, ""), result.stdout

    def report(self) -> int:
        return self.client.post("/resources/1/wrong", data={"reason": "moved"}).status_code

    def reach(self) -> tuple[bool, bool]:
        answer = self.client.get("/api/healthz").json
        assert answer is not None
        return answer["reading"], answer["writing"]


@pytest.fixture
def pair(
    postgresql_programs: Path, vocabulary, gazetteer, crisis_book: CrisisBook, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Pair]:
    monkeypatch.setattr(web_site, "REACH_SECONDS", 0.0)
    opened: list[Database] = []
    make = Database.__init__

    def make_and_remember(self: Database, *words: str) -> None:
        make(self, *words)
        opened.append(self)

    monkeypatch.setattr(Database, "__init__", make_and_remember)  # a command leaves closing to the end of its process
    primary, standby = Server(), Server()
    try:
        primary.initialise()
        primary.start()
        standby.follow(primary)
        standby.start()
        hosts = f"127.0.0.1:{primary.port},127.0.0.1:{standby.port}"
        config = Config(
            database_url=f"postgresql://postgres@{hosts}/postgres?target_session_attrs=read-write",
            read_url=f"postgresql://postgres@{hosts}/postgres?target_session_attrs=prefer-standby",
        )
        searcher = Searcher(Database(config.database_url, config.read_url), vocabulary, gazetteer, crisis_book)
        yield Pair(primary, standby, config, searcher, create_app(config, searcher).test_client())
    finally:
        for each in opened:
            each.dispose()
        standby.remove()
        primary.remove()


def sheet(path: Path, *ids: str) -> str:
    row = "{0},therapist,Practice {0},depression,202-555-0142,{0} Example Street,Chicago,IL,60601,US\n"
    path.write_text(HEADER + "".join(row.format(each) for each in ids), encoding="utf-8")
    return str(path)


def soon(what: Callable[[], object], wanted: object, seconds: float = 10) -> None:
    """Wait until something is as it should be: a standby is a moment behind."""
    until = time.monotonic() + seconds
    while (found := what()) != wanted:
        assert time.monotonic() < until, found
        time.sleep(0.05)


def test_the_primary_is_killed_and_searches_go_on_the_standby_is_promoted_and_imports_go_on(
    pair: Pair, vocabulary, gazetteer, tmp_path: Path
) -> None:
    file = tmp_path / "list.csv"
    opened = Directory(Database(pair.config.database_url), vocabulary, gazetteer)
    opened.ingest(source("lines"), rows(line("one")))
    pair.bring_in(sheet(file, "1", "2"))
    soon(pair.find, ["Practice 1", "Practice 2"])
    assert "Example Line one" in pair.client.get("/crisis/US").text
    assert pair.report() == 303
    soon(lambda: len(feedback.reports(pair.searcher.database)), 1)  # what a primary has not sent is lost with it
    assert pair.reach() == (True, True)
    with pair.searcher.database.reading() as connection:
        assert connection.exec_driver_sql("SELECT pg_is_in_recovery()").scalar_one(), (
            "it is not the standby that is read"
        )

    seen: list[list[str]] = []
    faults: list[DirectoryError] = []
    ended = threading.Event()

    def keep_searching() -> None:
        while not ended.is_set():
            try:
                seen.append(pair.find())
            except DirectoryError as error:
                faults.append(error)

    seeker = threading.Thread(target=keep_searching)
    seeker.start()
    try:
        pair.primary.stop()
        before = len(seen)
        assert_it_is_read(pair)
        assert_it_takes_no_changes(pair, file)
        pair.standby.promote()
        assert pair.reach() == (True, True)
        pair.bring_in(sheet(file, "1", "2", "3"))
        assert pair.report() == 303
        soon(pair.find, ["Practice 1", "Practice 2", "Practice 3"])
    finally:
        ended.set()
        seeker.join()
    assert faults == []
    assert len(seen) > before
    old, new = ["Practice 1", "Practice 2"], ["Practice 1", "Practice 2", "Practice 3"]
    assert seen[0] == old
    assert all(each in (old, new) for each in seen)
    assert pair.run("reports", "--json").stdout.count('"times": 2') == 1


def assert_it_is_read(pair: Pair) -> None:
    assert pair.find() == ["Practice 1", "Practice 2"]
    assert "Example Line one" in pair.client.get("/crisis/US").text
    assert pair.client.get("/resources/2").status_code == 200
    assert "Practice 1" in pair.run("search", "60601", "--need", "depression").stdout


def assert_it_takes_no_changes(pair: Pair, file: Path) -> None:
    assert pair.reach() == (True, False)
    told = pair.client.post("/resources/1/wrong", data={"reason": "moved", "words": "to Elm Street"})
    assert told.status_code == 503
    assert "We could not keep this. Please send it again in a few minutes." in told.text
    assert "to Elm Street" in told.text
    for words in (["import", sheet(file, "1", "2", "3")], ["reindex"], ["correct", "2", "phone=202-555-0143"]):
        result = pair.run(*words)
        assert result.exit_code == 2, words
        assert result.stderr.startswith("directory: no changes can be made now: "), words
        assert result.stderr.endswith(
            ". Searches go on where DIRECTORY_READ_URL answers; try again when the primary is back, or a standby is promoted "
            "(docs/deployment.md)\n"
        ), words


def test_a_standby_named_as_the_primary_says_so(pair: Pair, tmp_path: Path) -> None:
    file = sheet(tmp_path / "list.csv", "1")
    pair.bring_in(file)
    soon(pair.find, ["Practice 1"])
    result = CliRunner().invoke(commands, ["import", sheet(tmp_path / "list.csv", "1", "2")], env={
        "DIRECTORY_DATABASE_URL": pair.standby.url,
    })  # fmt: skip
    assert result.exit_code == 2
    assert (
        "takes no changes, as a standby does; name the primary in DIRECTORY_DATABASE_URL, or promote" in result.stderr
    )


def test_a_site_starts_while_the_primary_is_gone(pair: Pair, tmp_path: Path) -> None:
    pair.bring_in(sheet(tmp_path / "list.csv", "1"))
    soon(pair.find, ["Practice 1"])
    pair.primary.stop()
    result = pair.run("stats")  # it begins as 'serve' does
    assert (result.exit_code, result.stderr) == (0, "")


def test_a_replica_that_is_behind_lets_nothing_be_loaded_into_a_filled_primary(pair: Pair, tmp_path: Path) -> None:
    with psycopg.connect(pair.standby.url, autocommit=True) as connection:
        connection.execute("SELECT pg_wal_replay_pause()")
    pair.bring_in(sheet(tmp_path / "list.csv", "1"))
    result = pair.run("reports")
    assert (result.exit_code, result.stderr, "loaded" in result.output) == (0, "", False)


def test_the_standby_is_killed_and_the_primary_answers(pair: Pair, tmp_path: Path) -> None:
    pair.bring_in(sheet(tmp_path / "list.csv", "1"))
    soon(pair.find, ["Practice 1"])
    pair.standby.stop()
    assert pair.find() == ["Practice 1"]
    assert pair.reach() == (True, True)
