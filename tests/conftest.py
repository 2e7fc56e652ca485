"""Real databases for every test: SQLite files, and a PostgreSQL server of our own where its programs are installed."""

import os
from collections.abc import Iterator
from pathlib import Path

import postgresql
import psycopg
import pytest
from postgresql import Server

from directory import needs
from directory.config import shipped_folder
from directory.crisis import CrisisBook
from directory.db import Database
from directory.geocoding import Gazetteer
from directory.ingest import Directory
from directory.needs import Vocabulary
from directory.search import Searcher

DATA = shipped_folder("data")


def missing(what: str) -> None:
    """Skip for want of a program; in CI that is a failure."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what} is not installed, and CI must have it")
    pytest.skip(f"{what} is not installed")


@pytest.fixture(scope="session")
def vocabulary() -> Vocabulary:
    return needs.load(DATA)


@pytest.fixture(scope="session")
def gazetteer() -> Gazetteer:
    return Gazetteer(DATA / "places")


@pytest.fixture(scope="session")
def crisis_book(vocabulary: Vocabulary, gazetteer: Gazetteer) -> CrisisBook:
    return CrisisBook.load(DATA, vocabulary, gazetteer)


@pytest.fixture(scope="session")
def postgresql_programs() -> Path:
    found = postgresql.programs()
    if found is None:
        missing("PostgreSQL")
    assert found is not None
    return found


@pytest.fixture(scope="session")
def postgresql_server(postgresql_programs: Path) -> Iterator[str]:
    server = Server()
    server.initialise()
    server.start()
    yield server.url
    server.remove()


@pytest.fixture
def postgresql_url(postgresql_server: str) -> str:
    """An empty PostgreSQL database."""
    with psycopg.connect(postgresql_server, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
    return postgresql_server


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty database, once of each kind."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'directory.sqlite3'}"
    else:
        url = request.getfixturevalue("postgresql_url")
    opened = Database(url)
    yield opened
    opened.dispose()


@pytest.fixture
def directory(database: Database, vocabulary: Vocabulary, gazetteer: Gazetteer) -> Directory:
    return Directory(database, vocabulary, gazetteer)


@pytest.fixture
def searcher(directory: Directory, crisis_book: CrisisBook) -> Searcher:
    return Searcher(directory.database, directory.vocabulary, directory.gazetteer, crisis_book)
