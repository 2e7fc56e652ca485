"""The site on the shipped data, or on a database of a test's own."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from checked import Checked, Own, site_on
from flask import Flask

from directory.cli.importing import SHIPPED, import_file
from directory.config import shipped_folder
from directory.crisis import CrisisBook
from directory.db import Database
from directory.geocoding import Gazetteer
from directory.ingest import Directory
from directory.needs import Vocabulary


@pytest.fixture(scope="session")
def shipped_database(tmp_path_factory: pytest.TempPathFactory, vocabulary: Vocabulary, gazetteer: Gazetteer) -> Path:
    """The shipped data, loaded once for all test processes: the first makes it, the others wait."""
    own_folder = tmp_path_factory.getbasetemp()
    folder = (own_folder.parent if "PYTEST_XDIST_WORKER" in os.environ else own_folder) / "shipped"
    path = folder / "directory.sqlite3"
    try:
        folder.mkdir()
    except FileExistsError:
        for _ in range(1200):
            if path.exists():
                return path
            time.sleep(0.1)
        pytest.fail("another test process did not load the shipped data")
    unfinished = folder / "unfinished.sqlite3"
    opened = Directory(Database(f"sqlite:///{unfinished}"), vocabulary, gazetteer)
    for name in SHIPPED:
        import_file(opened, shipped_folder("data") / f"{name}.csv", None, shipped_folder("data"))
    opened.database.dispose()
    unfinished.rename(path)
    return path


@pytest.fixture(scope="session")
def shipped_site(
    shipped_database: Path, vocabulary: Vocabulary, gazetteer: Gazetteer, crisis_book: CrisisBook
) -> Flask:
    return site_on(shipped_database, vocabulary, gazetteer, crisis_book)


@pytest.fixture
def shipped(shipped_site: Flask) -> Checked:
    """Pages on the shipped data."""
    return Checked(shipped_site.test_client())


@pytest.fixture
def own(tmp_path: Path, vocabulary: Vocabulary, gazetteer: Gazetteer, crisis_book: CrisisBook) -> Iterator[Own]:
    """A site of a test's own, empty at first."""
    path = tmp_path / "own.sqlite3"
    opened = Directory(Database(f"sqlite:///{path}"), vocabulary, gazetteer)
    opened.database.create()
    yield Own(path, opened, Checked(site_on(path, vocabulary, gazetteer, crisis_book).test_client()))
    opened.database.dispose()
