"""Real databases for every test: SQLite files, and a PostgreSQL server of our own where its programs are installed."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

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
def postgresql_server() -> Iterator[str]:
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    found = [folder for folder in programs if (folder / "initdb").exists()]
    if not found:
        missing("PostgreSQL")
    folder = Path(tempfile.mkdtemp(prefix="pg"))  # short: the path of a Unix socket is at most 107 bytes
    data = folder / "data"
    prefix: list[str] = []
    if os.geteuid() == 0:  # the server refuses to run as root
        prefix = ["runuser", "-u", "postgres", "--"]
        shutil.chown(folder, "postgres")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]

    def program(name: str, *arguments: str) -> None:
        subprocess.run([*prefix, str(found[-1] / name), *arguments], check=True, capture_output=True, cwd="/")

    program("initdb", "-D", str(data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
    program("pg_ctl", "-D", str(data), "-o", options, "-l", str(folder / "log"), "-w", "start")
    yield f"postgresql://postgres@127.0.0.1:{port}/postgres"
    program("pg_ctl", "-D", str(data), "-m", "immediate", "stop")
    shutil.rmtree(folder)


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
