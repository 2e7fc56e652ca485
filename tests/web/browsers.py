"""A browser, and what it is shown: the shipped site, and the site without its database."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from browsing import FLAGS, chromium, serving
from checked import site_on
from flask import Flask
from playwright.sync_api import Browser, Playwright, sync_playwright
from states import DEGRADED, STATES

from directory.crisis import CrisisBook
from directory.geocoding import Gazetteer
from directory.needs import Vocabulary


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    opened = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def degraded_site(
    tmp_path_factory: pytest.TempPathFactory, vocabulary: Vocabulary, gazetteer: Gazetteer, crisis_book: CrisisBook
) -> Flask:
    return site_on(tmp_path_factory.mktemp("gone") / "none.sqlite3", vocabulary, gazetteer, crisis_book)


@pytest.fixture(scope="session")
def paths(shipped_database: Path) -> dict[str, str]:
    """The path of every state, on the shipped data."""
    with sqlite3.connect(shipped_database) as connection:
        therapist = connection.execute("SELECT min(id) FROM resource WHERE kind = 'therapist'").fetchone()[0]
        merged = connection.execute(
            "SELECT resource_id FROM listing GROUP BY resource_id HAVING count(*) > 1 ORDER BY 1"
        ).fetchone()[0]
    connection.close()
    return {name: path.format(therapist=therapist, merged=merged) for name, path in {**STATES, **DEGRADED}.items()}


@pytest.fixture(scope="module")
def shipped_address(shipped_site: Flask) -> Iterator[str]:
    """The site on the shipped data, served."""
    with serving(shipped_site) as address:
        yield address


@pytest.fixture(scope="module")
def degraded_address(degraded_site: Flask) -> Iterator[str]:
    """The site without its database, served."""
    with serving(degraded_site) as address:
        yield address
