"""What scripts add, in real Chromium: leaving fast, a rough location, kept crisis lines, results that come back."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from signal import SIGKILL
from socket import SHUT_RDWR, socket
from threading import Thread
from typing import Any
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
from browsing import FLAGS
from checked import site_on
from conftest import missing
from flask import Flask
from playwright.sync_api import BrowserContext, Page, Playwright, sync_playwright
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from directory.config import Config
from directory.crisis import CrisisBook
from directory.errors import BadSetting
from directory.geocoding import Gazetteer
from directory.needs import Vocabulary
from directory.web.site import STATIC

pytest_plugins = ["sites"]


class Serving:
    """The site on a port of its own, which can be stopped and begun again; what it was asked."""

    def __init__(self, site: Flask, elsewhere: str) -> None:
        self.asked: list[str] = []
        self.elsewhere = elsewhere
        self._site = site
        self.server: BaseWSGIServer | None = None
        self.port = 0
        self._connections: list[socket] = []
        self.start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        connections = self._connections = []

        class Handler(WSGIRequestHandler):
            def setup(self) -> None:
                connections.append(self.request)
                super().setup()

        self.server = make_server("127.0.0.1", self.port, self._note, threaded=True, request_handler=Handler)
        self.port = self.server.server_port
        self._thread = Thread(target=self.server.serve_forever)
        self._thread.start()

    def stop(self) -> None:
        if self.server is not None:
            self.server.shutdown()
            self._thread.join()
            self.server.server_close()
            self.server = None
            # A browser opens connections ahead of what it will ask.
            for connection in self._connections:
                with suppress(OSError):
                    connection.shutdown(SHUT_RDWR)

    def _note(self, environ: dict[str, Any], start_response: Any) -> Any:
        self.asked.append(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}")
        return self._site(environ, start_response)


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as opened:
        yield opened


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[str]:
    """A page about the weather, of another origin. Routing it in the browser would switch off the browser's cache."""
    weather = Flask("weather")
    weather.add_url_rule("/", view_func=lambda: "<!doctype html><title>Weather</title><h1>Sunny</h1>")
    served = Serving(weather, "")
    yield f"{served.address.replace('127.0.0.1', 'localhost')}/"
    served.stop()


@pytest.fixture
def serving(
    elsewhere: str, shipped_database: Path, vocabulary: Vocabulary, gazetteer: Gazetteer, crisis_book: CrisisBook
) -> Iterator[Serving]:
    served = Serving(site_on(shipped_database, vocabulary, gazetteer, crisis_book, exit_url=elsewhere), elsewhere)
    yield served
    served.stop()


Open = Callable[..., BrowserContext]


@pytest.fixture
def opened(playwright: Playwright, serving: Serving, tmp_path: Path) -> Iterator[Open]:
    """Open a browser with a profile of its own, as somebody's phone has; it breaks no content policy and has no cookie."""
    with _closing() as (contexts, wrong):

        def open_(*, goes_back_fast: bool = False, **options: Any) -> BrowserContext:
            program = shutil.which("chromium") or shutil.which("chromium-browser")
            if program is None:
                missing("Chromium")
            context = playwright.chromium.launch_persistent_context(
                tmp_path / "profile",
                executable_path=program,
                args=[*FLAGS, *options.pop("more", ())],
                ignore_default_args=["--disable-back-forward-cache"] if goes_back_fast else None,
                base_url=serving.address,
                viewport={"width": 320, "height": 568},
                **options,
            )
            contexts.append(context)
            context.set_default_timeout(8000)
            context.on("console", lambda said: wrong.append(said.text) if "Content Security" in said.text else None)
            context.on("weberror", lambda error: wrong.append(str(error.error)))
            if options.get("java_script_enabled", True):
                context.expose_function("told", lambda text: wrong.append(f"content policy: {text}"))
                context.add_init_script(
                    "addEventListener('securitypolicyviolation', e => told(e.effectiveDirective + ' ' + e.blockedURI))"
                )
            return context

        yield open_


@contextmanager
def _closing() -> Iterator[tuple[list[BrowserContext], list[str]]]:
    contexts: list[BrowserContext] = []
    wrong: list[str] = []
    try:
        yield contexts, wrong
        assert [context.cookies() for context in contexts] == [[]] * len(contexts)
    finally:
        for context in contexts:
            context.close()
    assert wrong == []


def first(context: BrowserContext) -> Page:
    return context.pages[0]


def search(page: Page, address: str = "") -> None:
    page.goto(f"{address}/")
    page.get_by_label("Where are you?").fill("60601")
    page.get_by_label("What are you going through?").fill("grief")
    page.get_by_role("button", name="Find help").click()
    page.get_by_role("heading", level=1, name="Help we found").wait_for()


def heading(page: Page) -> str:
    return page.locator("h1").inner_text()


# Leaving


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
@pytest.mark.parametrize("path", ["/", "/crisis/GB", "/safety", "/nothing-here"])
def test_a_click_leaves_from_every_page(opened: Open, serving: Serving, path: str, script: bool) -> None:
    page = first(opened(java_script_enabled=script))
    page.goto(path)
    link = page.locator(".leave").get_by_role("link", name="Leave this site")
    box = link.bounding_box()
    assert box is not None and box["y"] + box["height"] <= 568 and box["height"] >= 44
    link.click()
    assert page.url == serving.elsewhere
    assert heading(page) == "Sunny"


def test_it_is_the_second_thing_a_keyboard_reaches(opened: Open, serving: Serving) -> None:
    page = first(opened())
    page.goto("/")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Leave this site"
    page.wait_for_timeout(300)
    assert page.locator(".skip:focus").bounding_box()["x"] >= 0
    page.keyboard.press("Enter")
    page.wait_for_url(serving.elsewhere)


def test_shift_three_times_leaves_and_capital_letters_do_not(opened: Open, serving: Serving) -> None:
    page = first(opened())
    page.goto("/")
    page.get_by_label("What are you going through?").focus()
    for letter in "ABCD":
        page.keyboard.press(f"Shift+{letter}")
    page.keyboard.press("Shift")
    page.keyboard.press("Shift")
    page.keyboard.press("a")
    page.keyboard.press("Shift")
    assert heading(page) == "Find help near you"
    page.keyboard.press("Shift")
    page.keyboard.press("Shift")
    page.wait_for_url(serving.elsewhere)


@pytest.mark.parametrize("text", ["100%", "200%"])
def test_it_hides_nothing_that_has_the_focus_and_is_not_printed(opened: Open, text: str) -> None:
    page = first(opened())
    page.goto("/")
    page.evaluate(f"document.documentElement.style.fontSize = '{text}'")
    hidden = """() => {
      const bar = document.querySelector('.leave div').getBoundingClientRect();
      const focused = document.activeElement, box = focused.getBoundingClientRect();
      const isFree = box.top >= bar.bottom || box.bottom <= bar.top + 1;
      return isFree || focused === document.body || focused.closest('.leave') ? '' : focused.outerHTML;
    }"""
    for _ in range(40):
        page.keyboard.press("Tab")
        assert page.evaluate(hidden) == ""
    assert page.evaluate("document.scrollingElement.scrollWidth") <= 320
    page.emulate_media(media="print")
    assert not page.locator(".leave").is_visible()


def test_the_page_is_blank_at_once(opened: Open) -> None:
    page = first(opened())
    page.goto("/crisis")
    seen = "() => { document.querySelector('.leave .btn').click(); return [document.title, document.body.checkVisibility()]; }"
    assert page.evaluate(seen) == ["localhost", False]


@pytest.mark.parametrize("fast", [True, False], ids=["page kept alive", "page loaded again"])
def test_back_leads_away_again_and_the_search_is_gone(opened: Open, serving: Serving, fast: bool) -> None:
    page = first(opened(goes_back_fast=fast))
    search(page)
    page.goto("/about")
    page.locator(".leave .btn").click()
    page.wait_for_url(serving.elsewhere)
    back(page)
    assert page.evaluate("location.href") == serving.elsewhere
    page.goto("/about")
    assert page.evaluate("Object.keys(sessionStorage)") == ["left"]
    assert heading(page) == "About this directory"
    assert serving.asked.count("POST /find") == 1


def test_the_operator_may_switch_it_off(
    playwright: Playwright,
    shipped_database: Path,
    vocabulary: Vocabulary,
    gazetteer: Gazetteer,
    crisis_book: CrisisBook,
) -> None:
    client = site_on(shipped_database, vocabulary, gazetteer, crisis_book, exit_url="").test_client()
    assert "Leave this site" not in client.get("/").text
    assert "Leave this site" not in client.get("/safety").text


def back(page: Page) -> None:
    """Go back; Playwright does not notice a page that the browser kept alive."""
    page.evaluate("setTimeout(() => history.back())")
    page.wait_for_timeout(900)


# Where somebody is


def test_a_location_is_made_rough_before_it_is_filled_in(opened: Open) -> None:
    page = first(opened(geolocation={"latitude": 41.87811, "longitude": -87.62979}, permissions=["geolocation"]))
    page.goto("/")
    field = page.get_by_label("Where are you?")
    page.wait_for_timeout(300)
    assert field.input_value() == "", "only on tap"
    page.get_by_role("button", name="Use my location").click()
    page.get_by_text("about where you are").wait_for()
    assert field.input_value() == "41.88, -87.63"
    page.get_by_role("button", name="Find help").click()
    assert "Chicago" in page.locator("main").inner_text()


def test_a_location_denied_leaves_the_form_as_it_was(opened: Open) -> None:
    page = first(opened(permissions=[]))
    page.goto("/")
    page.get_by_label("Where are you?").fill("Boise, ID")
    page.get_by_role("button", name="Use my location").click()
    page.get_by_role("status").get_by_text("You can type a place").wait_for()
    page.get_by_role("button", name="Find help").click()
    assert "Boise" in page.locator("main").inner_text()


def test_without_script_no_button_promises_what_needs_one(opened: Open) -> None:
    page = first(opened(java_script_enabled=False))
    page.goto("/")
    assert not page.get_by_role("button", name="Use my location").is_visible()
    page.goto("/crisis")
    assert not page.locator("[data-keep]").is_visible()


# Crisis lines kept on the device


def said(page: Page, words: str) -> None:
    """Wait until the page says so below the buttons."""
    page.locator("[data-keep] output:not(:empty)", has_text=words).wait_for()


WORKERS = "navigator.serviceWorker.getRegistrations().then(all => all.length)"


def test_kept_lines_answer_when_the_server_is_stopped(opened: Open, serving: Serving) -> None:
    page = first(opened())
    search(page)
    page.goto("/crisis/US")
    assert page.evaluate(WORKERS) == 0, "never unasked"
    page.get_by_role("button", name="Keep these numbers on this device").click()
    said(page, "Kept.")
    assert page.evaluate(WORKERS) == 1
    serving.stop()
    for path in ("/crisis/US", "/", "/resources/1", "/es/crisis", "/find?near=60601"):
        page.goto(path)
        assert heading(page) == "Crisis lines: United States", path
        assert page.locator("main a[href='tel:988']").first.is_visible()
        assert page.get_by_text("This is the copy you kept").is_visible()
        assert page.evaluate("document.styleSheets[0].cssRules.length") > 50


def test_a_kept_copy_can_be_removed(opened: Open, serving: Serving) -> None:
    page = first(opened())
    page.goto("/es/crisis/US")
    page.locator("[data-keep] button").first.click()
    said(page, "")
    page.goto("/crisis")
    page.get_by_role("button", name="Remove the copy").click()
    said(page, "Removed.")
    assert page.evaluate(WORKERS) == 0
    assert page.evaluate("caches.keys()") == []
    serving.stop()
    with pytest.raises(Exception, match="ERR_CONNECTION_REFUSED"):
        page.goto("/crisis/US")


def test_nothing_is_kept_when_the_numbers_could_not_be_read(opened: Open, serving: Serving) -> None:
    page = first(opened())
    page.goto("/crisis")
    serving.stop()
    page.get_by_role("button", name="Keep these numbers on this device").click()
    said(page, "That did not work.")
    assert page.evaluate(WORKERS) == 0
    assert page.evaluate("caches.keys()") == []


# Results that come back


def test_a_refresh_asks_again_without_a_question_of_the_browser(opened: Open, serving: Serving) -> None:
    page = first(opened())
    search(page)
    assert urlsplit(page.url).query == ""
    page.wait_for_load_state("networkidle")
    serving.asked.clear()
    page.evaluate("location.reload()")
    page.wait_for_timeout(1500)
    assert heading(page) == "Help we found"
    assert "60601 Chicago, IL" in page.locator("main").inner_text()
    asked = [each for each in serving.asked if "static" not in each]
    assert asked == ["GET /find", "POST /find"], "the browser itself sends no form again"
    assert page.evaluate("history.length") == 3


@pytest.mark.parametrize("offline", [False, True], ids=["online", "offline"])
@pytest.mark.parametrize("fast", [True, False], ids=["page kept alive", "page loaded again"])
def test_back_shows_the_answer_as_it_was_left(opened: Open, serving: Serving, fast: bool, offline: bool) -> None:
    context = opened(goes_back_fast=fast)
    page = first(context)
    search(page)
    page.locator("#narrow summary").click()
    page.locator("#remote").scroll_into_view_if_needed()
    before = page.evaluate("scrollY")
    assert before > 500
    page.wait_for_timeout(300)
    page.locator("#remote ~ .cards h3 a").first.evaluate("each => each.click()")
    page.wait_for_url("**/resources/*")
    context.set_offline(offline)
    back(page)
    assert heading(page) == "Help we found"
    assert page.locator("#narrow").get_attribute("open") is not None
    assert page.evaluate("scrollY") == pytest.approx(before, abs=2)
    assert serving.asked.count("POST /find") == 1


def test_a_refresh_with_the_server_stopped_shows_the_answer_where_lines_are_kept(
    opened: Open, serving: Serving
) -> None:
    page = first(opened())
    page.goto("/crisis/US")
    page.get_by_role("button", name="Keep these numbers on this device").click()
    said(page, "Kept.")
    search(page)
    serving.stop()
    page.reload()
    page.wait_for_timeout(1000)
    assert heading(page) == "Help we found"


def test_a_search_that_was_refused_comes_back_too(opened: Open) -> None:
    page = first(opened())
    page.goto("/")
    page.locator(".more > summary").click()
    page.get_by_label("Age of the person").fill("old")
    page.get_by_label("Where are you?").fill("60601")
    page.get_by_role("button", name="Find help").click()
    page.wait_for_url("**/find")
    page.goto("/about")
    back(page)
    assert "There is a problem" in page.locator("main").inner_text()
    assert page.get_by_label("Where are you?").input_value() == "60601"


def test_without_script_back_shows_the_answer_also_offline(opened: Open, serving: Serving) -> None:
    context = opened(java_script_enabled=False)
    page = first(context)
    search(page)
    for offline in (False, True):
        page.goto("/about") if not offline else page.get_by_role("link", name="Crisis lines").first.click()
        context.set_offline(offline)
        page.go_back()
        assert heading(page) == "Help we found"
    assert serving.asked.count("POST /find") == 1


@pytest.mark.parametrize("stopped", [False, True], ids=["online", "server stopped"])
def test_a_tab_restored_after_the_browser_was_killed_shows_the_answer(
    playwright: Playwright, serving: Serving, tmp_path: Path, stopped: bool
) -> None:
    with running(tmp_path) as process:
        page = first(playwright.chromium.connect_over_cdp(debugged(tmp_path)).contexts[0])
        search(page, serving.address)
        page.wait_for_timeout(6000)  # the browser writes its session down every few seconds
        os.killpg(process.pid, SIGKILL)
        process.wait()
    # After a crash it would ask first whether to restore.
    (tmp_path / "Default" / "Preferences").write_text('{"profile": {"exit_type": "Normal"}}')
    (tmp_path / "DevToolsActivePort").unlink()
    if stopped:
        serving.stop()
    with running(tmp_path, "--restore-last-session"):
        listed = f"{debugged(tmp_path)}/json/list"
        titles: list[str] = []
        for _ in range(100):
            with urlopen(listed, timeout=5) as answer:
                titles = [each["title"] for each in json.load(answer) if each["url"].endswith("/find")]
            if titles == ["Help we found - Support directory"]:
                break
            time.sleep(0.1)
        assert titles == ["Help we found - Support directory"]
    assert serving.asked.count("POST /find") == 1


@contextmanager
def running(profile: Path, *more: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a browser as people have it, not as Playwright starts it: that one restores nothing."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        missing("Chromium")
    ours = ["--headless=new", f"--user-data-dir={profile}", "--remote-debugging-port=0", *more]
    process = subprocess.Popen([program, *FLAGS, *ours], stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, SIGKILL)
        process.wait()


def debugged(profile: Path) -> str:
    """Where a browser that runs is spoken to."""
    told = profile / "DevToolsActivePort"
    for _ in range(100):
        if told.exists() and told.read_text():
            break
        time.sleep(0.1)
    return f"http://127.0.0.1:{told.read_text().split()[0]}"


def test_scripts_are_small() -> None:
    files = list(STATIC.glob("*.js"))
    assert sum(len(gzip.compress(file.read_bytes())) for file in files) <= 6 * 1024
    assert all(len(file.read_text(encoding="utf-8").splitlines()) <= 150 for file in files)


@pytest.mark.parametrize("address", ["javascript:alert(1)", "weather.gov", "https://"])
def test_what_is_no_web_address_is_refused_as_the_page_to_leave_to(address: str) -> None:
    with pytest.raises(BadSetting, match="write a web address"):
        Config.from_environment({"DIRECTORY_EXIT_URL": address})
