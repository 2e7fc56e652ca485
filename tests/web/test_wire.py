"""What a browser fetches from the real server, how much it weighs, and what of a visit is left in the server's log."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from browsing import SMALL, watched
from playwright.sync_api import Browser, Response
from test_server import Served

pytest_plugins = ["sites", "browsers"]

FIRST_ANSWER, WHOLE_PAGE = 14 * 1024, 60 * 1024
SEARCHES = {
    "home": "",
    "two needs": "/find?near=60601&need=depression&need=anxiety",
    "both at once": "/find?near=Bronx, NY&need=depression&need=alcohol&age=30",
    "kratom": "/find?near=Boise, ID&need=anxiety&need=kratom",
    "self-harm": "/find?near=60601&need=self_harm",
    "another country": "/find?near=London&need=grief",
}
OTHERS = {
    "resource": "/resources/1", "crisis": "/crisis", "guides": "/topics", "guide": "/topics/kratom", "about": "/about",
}  # fmt: skip


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    server = Served(tmp_path_factory.mktemp("wire"))
    yield server
    server.stop()


@pytest.mark.parametrize("language", ["", "/es"], ids=["en", "es"])
@pytest.mark.parametrize("path", [*SEARCHES.values(), *OTHERS.values()], ids=[*SEARCHES, *OTHERS])
def test_a_page_is_light_enough_for_a_slow_line(path: str, language: str, served: Served, browser: Browser) -> None:
    answers: list[Response] = []
    with watched(browser, f"http://127.0.0.1:{served.port}", viewport=SMALL) as page:
        page.on("response", lambda answer: answers.append(answer))  # noqa: PLW0108 - a builtin cannot be a handler
        page.goto(f"{language}{path}" or "/", wait_until="networkidle")
        sizes = {each.url: each.request.sizes() for each in answers}
        kinds = {each.url: each.request.resource_type for each in answers}
    first = {url: size["responseBodySize"] for url, size in sizes.items() if kinds[url] in {"document", "stylesheet"}}
    assert len(first) == 2
    if path in SEARCHES.values():
        assert sum(first.values()) <= FIRST_ANSWER, first
    assert sum(size["responseBodySize"] + size["responseHeadersSize"] for size in sizes.values()) <= WHOLE_PAGE


@pytest.mark.parametrize("language", ["", "/es"], ids=["en", "es"])
@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
def test_a_visit_leaves_no_word_of_it_in_the_log(
    script: bool, language: str, served: Served, browser: Browser, tmp_path: Path
) -> None:
    with watched(
        browser, f"http://127.0.0.1:{served.port}", java_script_enabled=script, user_agent="markeragent"
    ) as page:
        page.goto(language or "/")
        for near, words in (
            ("Markerville", "markerword"),
            ("Springfield", "markerword"),
            ("60601", "markerword panic"),
        ):
            if page.locator("details:not([open]) #near").count():
                page.locator("summary", has_not=page.locator("#narrow")).filter(visible=True).last.click()
            page.locator("#near").fill(near)
            page.locator("#q").fill(words)
            with page.expect_navigation():
                page.keyboard.press("Enter")
        page.locator("a[href*='markerword']").click()
        page.locator("section[aria-labelledby=nearby] h3 a").first.click()
        page.go_back()
        page.goto(f"{language}/find?near=Markerville&need=markerneed")
        page.goto(f"{language}/markerpath?q=markerword")
    log = served.log.read_text()
    assert re.search(r"POST /find 200|POST /es/find 200|POST /<\w+>/find 200|POST /find 303", log), log
    assert re.findall(r"marker\w*|60601|springfield|panic|127\.0\.0\.1 ", log.split("/\n", 1)[1], re.IGNORECASE) == []
