"""What leaves the browser and what stays: no cookie, no other host, no word of a search in any log."""

from __future__ import annotations

import io
import logging
import re
import shutil
import traceback
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

import pytest
from browsing import FLAGS
from checked import Checked, Own, check, words
from conftest import missing
from factories import listing, rows, source
from flask import Flask
from playwright.sync_api import sync_playwright
from werkzeug.serving import make_server

from directory.search import Searcher
from directory.web import log
from directory.web.site import STATIC

pytest_plugins = ["sites"]

MARKERS = ("Markerville", "markerword", "markerneed", "43.21987", "markerfield", "markerhost", "markeragent")


def test_every_link_from_home_leads_to_a_page_that_holds_the_rules(shipped: Checked) -> None:
    """Follow every link on our own site, starting at home and at searches; the client looks over each page."""
    waiting = [
        "/",
        "/find?near=60601&need=depression&need=anxiety",
        "/find?near=Boise,+ID&need=kratom",
        "/find?near=London",
        "/find?near=Springfield",
        "/find?near=nowhere+at+all",
        "/find?near=60601&need=self_harm",
        "/find?neer=x",
        "/nothing",
    ]
    seen: set[str] = set()
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        answer = shipped.client.get(path)
        assert "Set-Cookie" not in answer.headers
        page = check(answer)
        countries = 0
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc or not parts.path:
                continue
            countries += parts.path.startswith("/crisis/")
            is_file = parts.path.endswith((".vcf", ".ics"))
            # All countries are in test_pages; /en says what the pages without a language say.
            if (
                not is_file
                and not parts.path.startswith("/en")
                and (countries <= 12 or not parts.path.startswith("/crisis/"))
            ):
                waiting.append(parts.path + (f"?{parts.query}" if parts.query else ""))
        assert len(seen) < 1000
    assert len(seen) > 60
    assert {"/", "/about", "/crisis"} <= seen


def test_a_form_is_the_only_thing_that_carries_a_search_and_it_is_sent_by_post(shipped: Checked) -> None:
    page = shipped.find(near="Markerville 60601", q="markerword")
    assert page.status == 200
    for form in page.all("form"):
        assert form.get("method") == "post"
    shared = [link for link in page.links if "Markerville" in link]
    assert len(shared) <= 1
    assert all(link.startswith("/find?") for link in shared)
    results = shipped.find(near="60601", q="markerword")
    (link,) = [each for each in results.all("a") if "markerword" in each.get("href", "")]
    assert words(link) == "Link to this search"
    assert "anyone who sees it can read them" in results.main


@pytest.fixture
def everything_logged() -> io.StringIO:
    """Every logger of the process at DEBUG, into one text."""
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    names = ["", "directory", "sqlalchemy", "sqlalchemy.engine", "sqlalchemy.pool", "werkzeug", "granian", "flask"]
    before = {name: logging.getLogger(name).level for name in names}
    for name in names:
        logging.getLogger(name).setLevel(logging.DEBUG)
    logging.getLogger().addHandler(handler)
    yield text
    logging.getLogger().removeHandler(handler)
    for name, level in before.items():
        logging.getLogger(name).setLevel(level)


def searches(site: Checked) -> None:
    asked = {"near": "Markerville, IL", "q": "markerword and depression"}
    environ = {"REMOTE_ADDR": "203.0.113.77"}
    headers = {"User-Agent": "markeragent", "Referer": "https://markerhost.example/"}
    for options in (
        {"path": "/find", "method": "POST", "data": asked},
        {"path": "/find", "query_string": asked},
        {
            "path": "/find",
            "method": "POST",
            "data": {"near": "43.21987,-87.1", "need": "depression", "q": "markerword"},
        },
        {"path": "/find", "query_string": {"need": "markerneed"}},
        {"path": "/find", "query_string": {"markerfield": "1"}},
        {"path": "/find", "method": "POST", "data": {"near": "x" * 300 + "Markerville"}},
        {
            "path": "/find",
            "method": "POST",
            "data": b"near=Markerville%ff",
            "content_type": "application/x-www-form-urlencoded",
        },
        {"path": "/api/search", "query_string": {"near": "60601", "q": "markerword"}},
        {"path": "/api/search", "query_string": {"near": "Markerville", "radius_km": "markerword"}},
        {"path": "/Markerville", "query_string": asked},
        {"path": "/crisis/Markerville"},
        {"path": "/find", "method": "MARKERFIELD", "data": asked},
    ):
        site.client.open(**options, environ_overrides=environ, headers=headers).close()


def test_no_word_of_a_search_stands_in_any_log_at_any_level(own: Own, everything_logged: io.StringIO) -> None:
    own.directory.ingest(source(), rows(listing("one")))
    everything_logged.seek(0)
    everything_logged.truncate()
    searches(own.pages)
    text = everything_logged.getvalue()
    assert "POST /find 200" in text and "GET /find 400" in text and "GET (no such page) 404" in text
    for marker in (*MARKERS, "203.0.113.77"):
        assert marker.lower() not in text.lower(), marker


def test_nor_after_a_failure_in_the_middle_of_a_search(
    own: Own, everything_logged: io.StringIO, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def fail(_: Searcher, query: object) -> None:
        raise ValueError(f"it broke on {query}")

    monkeypatch.setattr(Searcher, "search", fail)
    answer = own.pages.client.post("/find", data={"near": "Markerville", "q": "markerword"})
    page = check(answer)
    assert page.status == 500
    assert "Call 988" in page.main
    text = everything_logged.getvalue() + "".join(capfd.readouterr())
    assert re.search(r"ValueError at pages\.py:\d+ in _answer", text) or "ValueError at" in text
    for marker in (*MARKERS, "it broke on"):
        assert marker not in text + answer.text


def test_nor_when_the_database_breaks_in_the_middle_of_a_search(own: Own, everything_logged: io.StringIO) -> None:
    own.directory.ingest(source(), rows(listing("one")))
    with own.directory.database.writing() as connection:
        connection.exec_driver_sql("DROP TABLE resource_text")
        connection.exec_driver_sql("DROP TABLE place_token")
    answer = own.pages.client.post("/find", data={"near": "60601", "q": "markerword"})
    assert check(answer).status == 503
    text = everything_logged.getvalue()
    assert "DatabaseUnavailable at" in text
    assert "markerword" not in text + answer.text
    assert "resource_text" not in answer.text


def test_an_access_line_holds_method_route_status_and_duration(
    shipped: Checked, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "directory.access"):
        shipped.get("/resources/1?q=markerword")
    (line,) = [record.getMessage() for record in caplog.records if record.name == "directory.access"]
    assert re.fullmatch(r"GET /resources/<resource_id> 200 \d+ ms", line)


def test_the_logs_go_to_standard_error_with_the_time_in_utc(capsys: pytest.CaptureFixture[str]) -> None:
    logger = logging.getLogger("directory")
    before = (logger.handlers[:], logger.level, logger.propagate)
    try:
        log.to_standard_error()
        log.access("GET", "/find", 200, 0.0123)
        try:
            raise ValueError("Markerville")
        except ValueError as error:
            log.fault(error)
            assert "Markerville" in "".join(traceback.format_exception(error))
        access, fault = capsys.readouterr().err.splitlines()
    finally:
        logger.handlers[:], logger.level, logger.propagate = before
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ directory\.access GET /find 200 12 ms", access)
    assert re.fullmatch(r"\S+Z directory\.error ValueError at test_privacy\.py:\d+ in \w+", fault)


def test_no_file_of_ours_names_another_host_to_load() -> None:
    templates = Path(__file__).parents[2] / "templates"
    for file in templates.glob("*.html"):
        text = file.read_text(encoding="utf-8")
        # A script is a file of ours, or data.
        ours = re.sub(r'<script (type="module" )?src="\{\{ static\(.[\w./]+.\) \}\}"( defer)?></script>', "", text)
        assert not re.search(r"(src|srcset)=|<script(?! type=.application/ld.json)|\son\w+=|@import|url\(", ours), (
            file.name
        )
        # The report of an import is a file by itself, mailed to a publisher: it carries its own style.
        assert file.name == "report.html" or not re.search(r"<style|style=", text), file.name
    for file in STATIC.iterdir():
        if file.suffix in {".css", ".js"}:
            assert not re.search(r"@import|url\(|https?:|//\w+\.", file.read_text(encoding="utf-8")), file.name
    for file in (STATIC / "map").glob("*.[cj]s*"):
        assert file.suffix == ".json" or not re.search(r"@import|url\(|https?:", file.read_text(encoding="utf-8")), (
            file.name
        )


def test_back_shows_the_results_again_also_offline_and_sends_nothing(shipped_site: Flask) -> None:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        missing("Chromium")
    posts = []

    def counted(environ: dict[str, Any], start_response: Any) -> Any:
        posts.extend([1] if environ["REQUEST_METHOD"] == "POST" else [])
        return shipped_site(environ, start_response)

    server = make_server("127.0.0.1", 0, counted, threaded=True)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
            context = browser.new_context(base_url=f"http://127.0.0.1:{server.server_port}")
            page = context.new_page()
            page.goto("/")
            page.get_by_label("Where are you?").fill("60601")
            page.get_by_role("button", name="Find help").click()
            for offline in (False, True):
                page.locator("#remote ~ .cards h3 a").first.click()
                context.set_offline(offline)
                page.go_back()
                assert page.locator("h1").inner_text() == "Help we found"
                assert urlsplit(page.url).query == ""
            assert len(posts) == 1
            browser.close()
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
