""" "Something here is wrong": anybody can say so, and nothing about who did is kept, logged or shown."""

from __future__ import annotations

import io
import os
import shutil
import sqlite3
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from browsing import FLAGS
from checked import Checked, Own, Page, check, site_on, words
from conftest import missing
from factories import listing, rows, source
from playwright.sync_api import sync_playwright
from test_privacy import everything_logged
from test_server import Served

from directory import feedback
from directory.config import Config
from directory.crisis import CrisisBook
from directory.db import Database
from directory.feedback import Reason
from directory.geocoding import Gazetteer
from directory.ingest import Directory
from directory.needs import Vocabulary
from directory.search import Searcher
from directory.web import create_app

pytest_plugins = ["sites"]
__all__ = ["everything_logged"]

FORM = "/resources/1/wrong"


@pytest.fixture
def filled(own: Own) -> Own:
    own.directory.ingest(source(), rows(listing("one"), listing("two")))
    return own


def send(own: Own, path: str = FORM, **sent: Any) -> Page:
    return check(own.pages.client.post(path, data=sent, follow_redirects=True))


def kept(own: Own) -> list[tuple[str, str, int]]:
    return [(str(each.reason), each.words, each.times) for each in feedback.reports(own.directory.database)]


def test_a_resource_leads_to_a_form_without_script_or_account(filled: Own) -> None:
    page = filled.pages.get("/resources/1")
    (link,) = [each for each in page.all("a") if each.get("href") == FORM]
    assert words(link) == "Something here is wrong"
    page = filled.pages.get(FORM)
    assert page.response.headers["X-Robots-Tag"] == "noindex, nofollow"
    form = page.one("form")
    assert (form.get("method"), form.get("action")) == ("post", FORM)
    assert {each.get("value") for each in page.all("input", type="radio")} == {str(each) for each in Reason}
    assert not any(each.get("checked") is not None for each in page.all("input")), "nothing is chosen for anybody"
    assert page.one("textarea").get("maxlength") == "1000"
    assert "Do not write your name or anything about you" in page.main
    assert "Example Practice one" in page.main


def test_a_report_is_thanked_and_kept(filled: Own) -> None:
    answer = filled.pages.client.post(FORM, data={"reason": "moved", "words": "On Elm Street now", "website": ""})
    assert (answer.status_code, answer.location) == (303, f"{FORM}/thanks")
    page = filled.pages.get(answer.location)
    assert "Somebody checks it. Until then the page stays as it is." in page.main
    assert "/resources/1" in page.links
    assert kept(filled) == [("moved", "On Elm Street now", 1)]


def test_a_reason_is_enough_and_the_same_again_is_counted(filled: Own) -> None:
    for _ in range(3):
        assert "Thank you" in send(filled, reason="disconnected").main
    assert kept(filled) == [("disconnected", "", 3)]


@pytest.mark.parametrize(
    ("sent", "field", "message"),
    [
        ({"words": "kept words"}, "reason", "What is wrong? Choose one."),
        ({"reason": "rude", "words": "kept words"}, "reason", "What is wrong? Choose one."),
        (
            {"reason": "moved", "words": "kept words" + "x" * 1000},
            "words",
            "Can you say more? Write at most 1,000 characters. You wrote 1,010.",
        ),
        (
            {"reason": "moved", "words": "kept words", "website": "https://spam.example"},
            "website",
            "Leave this empty. Take out what is in it.",
        ),
        ({"words": "kept words", "who": "me"}, None, "there is no parameter 'who'"),
    ],
)
def test_what_is_missing_is_said_at_its_field_and_nothing_typed_is_lost(
    filled: Own, sent: dict, field: str | None, message: str
) -> None:
    page = send(filled, **sent)
    assert page.status == 400
    (summary,) = [each for each in page.classed("error") if each.get("role") == "alert"]
    assert message in words(summary)
    if field is not None:
        assert [each.get("href") for each in summary.iter("a")] == [f"#{field}"]
        assert f"{field}-error" in {each.get("id") for each in page.classed("wrong")}
        assert words(page.one("textarea")).startswith("kept words")
        chosen = {each.get("value") for each in page.all("input", type="radio") if each.get("checked") is not None}
        assert chosen == {sent.get("reason")} & set(Reason)
    assert kept(filled) == []


@pytest.mark.parametrize(
    ("data", "content_type", "status"),
    [
        ({"reason": "moved", "words": "x" * 60_000}, "application/x-www-form-urlencoded", 413),
        ({"reason": "moved", "words": (io.BytesIO(b"x"), "f")}, "multipart/form-data", 400),
        ({"reason": "moved"}, "multipart/form-data", 303),
        ("{}", "application/json", 400),
        (b"reason=moved&words=\xff", "application/x-www-form-urlencoded", 400),
        ("reason=moved&reason=other", "application/x-www-form-urlencoded", 400),
        ("reason=moved&words=%00%0Ba%1B", "application/x-www-form-urlencoded", 303),
    ],
)
def test_the_form_is_read_within_its_limits(filled: Own, data: Any, content_type: str, status: int) -> None:
    answer = filled.pages.client.post(FORM, data=data, content_type=content_type)
    assert answer.status_code == status
    assert [each[1] for each in kept(filled)] == ([] if status >= 400 else ["a" if b"%0B" in _bytes(data) else ""])


def _bytes(data: Any) -> bytes:
    return data.encode() if isinstance(data, str) else b""


def test_hostile_words_stay_words(filled: Own) -> None:
    hostile = "</textarea><script>alert(1)</script> {{7*7}}"
    page = send(filled, words=hostile)
    assert words(page.one("textarea")) == hostile
    assert all(script.get("src") for script in page.all("script")), "none but our own files"


def test_a_full_day_asks_to_come_again_and_loses_nothing(filled: Own, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feedback, "MOST_A_DAY", 1)
    assert send(filled, reason="moved").status == 200
    page = send(filled, "/resources/2/wrong", reason="other", words="kept words")
    assert page.status == 503
    assert page.response.headers["Retry-After"]
    assert "We got very many reports today. Please send it again tomorrow." in page.main
    assert words(page.one("textarea")) == "kept words"
    assert send(filled, reason="moved", words="counted").status == 200
    assert kept(filled) == [("moved", "", 2)]


def test_the_words_are_on_no_page_and_change_none(filled: Own) -> None:
    pages = [
        "/resources/1",
        "/find?near=60601",
        "/api/resources/1",
        "/api/search?near=60601",
        "/about",
        "/resources/1.vcf",
    ]
    before = [filled.pages.client.get(path).text for path in pages]
    for reason in Reason:
        send(filled, reason=str(reason), words="They moved to 12 Marker Lane")
    assert [filled.pages.client.get(path).text for path in pages] == before
    for path in (FORM, f"{FORM}/thanks"):
        assert "Marker Lane" not in filled.pages.get(path).response.text


def test_a_marker_word_stands_in_the_reports_alone_and_in_no_log(filled: Own, everything_logged: io.StringIO) -> None:
    headers = {"User-Agent": "markeragent", "Referer": "https://markerhost.example/"}
    options = {"headers": headers, "environ_overrides": {"REMOTE_ADDR": "203.0.113.77"}}
    markers = ("markerword", "markeragent", "markerhost", "203.0.113.77", "markerreason", "markerfield")
    client = filled.pages.client
    for sent, status in (
        ({"reason": "other", "words": "a markerword"}, 303),
        ({"reason": "markerreason", "words": "a markerword"}, 400),
        ({"reason": "other", "words": "markerword" * 101}, 400),
        ({"reason": "other", "markerfield": "markerword"}, 400),
    ):
        assert client.post(FORM, data=sent, **options).status_code == status
    with sqlite3.connect(filled.path) as connection:
        connection.execute(
            "CREATE TRIGGER broken BEFORE INSERT ON wrong_report BEGIN SELECT RAISE(ABORT, 'markerword'); END"
        )
    assert client.post(FORM, data={"reason": "moved", "words": "a markerword"}, **options).status_code == 503
    text = everything_logged.getvalue()
    assert "POST /resources/<resource_id>/wrong 303" in text
    assert "DatabaseUnavailable at db.py" in text
    for marker in markers:
        assert marker not in text
    with sqlite3.connect(filled.path) as connection:
        connection.execute("DROP TRIGGER broken")
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        holding = {
            name
            for name in names
            for row in connection.execute(f"SELECT * FROM {name}")
            if any(marker in str(row) for marker in markers)
        }
    assert holding == {"wrong_report"}
    assert kept(filled) == [("other", "a markerword", 1)]


def test_a_resource_merged_away_takes_reports_under_its_new_id(filled: Own) -> None:
    filled.directory.merge("1", "2", source().retrieved)
    moved = filled.pages.client.get("/es/resources/2/wrong")
    assert (moved.status_code, moved.location) == (301, "/es/resources/1/wrong")
    answer = filled.pages.client.post("/resources/2/wrong", data={"reason": "moved"})
    assert (answer.status_code, answer.location) == (303, f"{FORM}/thanks")
    assert [each.resource for each in feedback.reports(filled.directory.database)] == [1]
    for path, method in (
        ("/resources/99/wrong", "GET"),
        ("/resources/99/wrong", "POST"),
        ("/resources/99/wrong/thanks", "GET"),
    ):
        assert check(filled.pages.client.open(path, method=method)).status == 404


def test_form_error_and_thanks_keep_the_language_of_the_address(filled: Own) -> None:
    page = filled.pages.get("/es/resources/1/wrong")
    assert page.one("form").get("action") == "/es/resources/1/wrong"
    answer = filled.pages.client.post("/es/resources/1/wrong", data={"reason": "moved"})
    assert answer.location == "/es/resources/1/wrong/thanks"
    for shown in (page, send(filled, "/es/resources/1/wrong"), filled.pages.get(answer.location)):
        assert all(href.startswith(("/es", "/en")) for href in shown.links if href.startswith("/"))


def test_the_strip_is_of_the_country_of_the_resource(own: Own) -> None:
    own.directory.ingest(
        source(), rows(listing("uk", country="GB", region=None, city="London", postal_code="SW1A 1AA"))
    )
    for path in (FORM, f"{FORM}/thanks"):
        assert "United Kingdom" in words(own.pages.get(path).one("aside"))


def asked_later(own: Own) -> Page:
    page = send(own, reason="other", words="kept words")
    assert page.status == 503
    assert page.response.headers["Retry-After"] == "30"
    assert "We could not keep this. Please send it again in a few minutes." in page.main
    assert "Call 988" in words(page.one("aside"))
    assert words(page.one("textarea")) == "kept words"
    for word in ("sqlite", "locked", "import", "readonly", "read-only"):
        assert word not in page.response.text.lower()
    return page


def test_while_an_import_writes_a_report_is_asked_for_later_and_pages_answer(
    filled: Own, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feedback, "_PATIENCE_MS", 200)
    with filled.directory.database.writing():
        asked_later(filled)
        assert filled.pages.get("/resources/1").status == 200
    assert kept(filled) == []
    assert send(filled, reason="other").status == 200


def test_a_short_write_of_another_is_waited_for(filled: Own) -> None:
    held, done = threading.Event(), threading.Event()

    def write() -> None:
        with filled.directory.database.writing():
            held.set()
            done.wait(0.5)

    other = threading.Thread(target=write)
    other.start()
    held.wait(5)
    assert send(filled, reason="other").status == 200
    other.join()
    assert kept(filled) == [("other", "", 1)]


@contextmanager
def as_nobody() -> Iterator[None]:
    """Leave the rights of root, for whom nothing is read-only."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_database_that_cannot_be_written_asks_for_later(
    vocabulary: Vocabulary, gazetteer: Gazetteer, crisis_book: CrisisBook
) -> None:
    folder = Path(tempfile.mkdtemp())  # the folders of pytest are closed to others
    try:
        path = folder / "own.sqlite3"
        opened = Directory(Database(f"sqlite:///{path}"), vocabulary, gazetteer)
        opened.ingest(source(), rows(listing("one")))
        opened.database.dispose()
        with sqlite3.connect(path) as connection:
            connection.execute("PRAGMA journal_mode = DELETE")
        connection.close()
        path.chmod(0o444)
        folder.chmod(0o555)
        own = Own(path, opened, Checked(site_on(path, vocabulary, gazetteer, crisis_book).test_client()))
        with as_nobody():
            asked_later(own)
            assert own.pages.get("/resources/1").status == 200
    finally:
        folder.chmod(0o700)
        shutil.rmtree(folder)


def test_a_postgresql_that_cannot_be_written_asks_for_later(
    postgresql_url: str, vocabulary: Vocabulary, gazetteer: Gazetteer, crisis_book: CrisisBook
) -> None:
    opened = Directory(Database(postgresql_url), vocabulary, gazetteer)
    opened.ingest(source(), rows(listing("one")))
    for url, works in (
        (f"{postgresql_url}?options=-c%20default_transaction_read_only%3Don", False), (postgresql_url, True),
    ):  # fmt: skip
        config = Config(database_url=url)
        searcher = Searcher(Database(url), vocabulary, gazetteer, crisis_book)
        own = Own(Path(), opened, Checked(create_app(config, searcher).test_client()))
        if works:
            assert "Thank you" in send(own, reason="other").main
        else:
            asked_later(own)
        searcher.database.dispose()
    assert kept(own) == [("other", "", 1)]
    opened.database.dispose()


def test_a_database_that_was_replaced_takes_the_next_report(filled: Own, tmp_path: Path) -> None:
    assert send(filled, reason="moved").status == 200
    filled.directory.database.sweep()
    filled.directory.database.dispose()
    shutil.copy(filled.path, tmp_path / "copy")
    for leftover in filled.path.parent.glob("own.sqlite3-*"):
        leftover.unlink()
    (tmp_path / "copy").rename(filled.path)
    assert send(filled, reason="other").status == 200
    filled.directory.database.dispose()
    assert [each[0] for each in kept(filled)] == ["moved", "other"]


def test_a_report_for_a_database_that_is_gone_makes_none(filled: Own) -> None:
    assert send(filled, reason="moved").status == 200
    filled.directory.database.dispose()
    filled.path.unlink()
    page = send(filled, reason="other")
    assert page.status == 503
    assert "988" in page.main
    assert not filled.path.exists()


@pytest.mark.parametrize(("width", "scheme", "script"), [(320, "dark", False), (1280, "light", True)])
def test_somebody_without_script_reports_a_dead_number(tmp_path: Path, width: int, scheme: str, script: bool) -> None:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        missing("Chromium")
    served = Served(tmp_path)
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
            context = browser.new_context(
                viewport={"width": width, "height": 568}, color_scheme=scheme, java_script_enabled=script,
                base_url=f"http://127.0.0.1:{served.port}",
            )  # fmt: skip
            page = context.new_page()
            page.goto("/resources/1")
            page.get_by_role("link", name="Something here is wrong").click()
            page.get_by_role("button", name="Send").click()
            assert page.title().startswith("Error: ")
            page.get_by_role("link", name="What is wrong? Choose one.").click()
            page.keyboard.press("Space")
            assert page.get_by_label("The number does not work").is_checked()
            page.get_by_label("Can you say more?").fill("It rings out")
            for each in page.locator(".choices label").all():
                label = each.bounding_box()
                assert label is not None and label["height"] >= 44
            body = page.locator("body").bounding_box()
            assert body is not None and body["width"] <= width
            page.screenshot(path=tmp_path / "wrong.png", full_page=True)
            page.get_by_role("button", name="Send").click()
            assert page.locator("h1").inner_text() == "Thank you"
            assert page.locator("a[href='tel:988']").first.is_visible()
            page.get_by_role("link", name="Back to").click()
            assert page.url.endswith("/resources/1")
            assert context.cookies() == []
            browser.close()
        (report,) = feedback.reports(Database(f"sqlite:///{served.database}"))
        assert (report.reason, report.words) == (Reason.DISCONNECTED, "It rings out")
    finally:
        served.stop()
    assert "rings" not in served.log.read_text()
