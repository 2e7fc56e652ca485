"""The main job in real Chromium: with and without script, small and large, light and dark."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from browsing import LARGE, SMALL, fits, watched
from playwright.sync_api import Browser, Page
from test_server import Served

pytest_plugins = ["sites", "browsers"]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    served = Served(tmp_path_factory.mktemp("browser"))
    yield f"http://127.0.0.1:{served.port}"
    served.stop()


@pytest.fixture(
    params=[(SMALL, "light", True), (SMALL, "dark", False), (LARGE, "light", False), (LARGE, "dark", True)],
    ids=lambda p: f"{p[0]['width']}px-{p[1]}-{'script' if p[2] else 'no-script'}",
)
def page(request: pytest.FixtureRequest, browser: Browser, address: str) -> Iterator[Page]:
    size, scheme, script = request.param
    with watched(browser, address, viewport=size, color_scheme=scheme, java_script_enabled=script) as opened:
        yield opened


def test_a_place_and_two_needs_lead_to_a_number_to_call(page: Page, tmp_path: Path) -> None:
    page.goto("/")
    assert fits(page)
    page.get_by_label("Where are you?").fill("60601")
    page.get_by_label("What are you going through?").fill("depression and kratom")
    page.get_by_role("button", name="Find help").click()
    assert urlsplit(page.url).query == "", "what was typed must stay out of the address"
    assert "60601 Chicago, IL" in page.locator("main").inner_text()
    assert fits(page)
    first = page.locator("section", has=page.get_by_role("heading", name="Near you")).locator("a[href^='tel:']").first
    assert first.get_attribute("href").startswith("tel:+1")
    page.locator("section", has=page.get_by_role("heading", name="Near you")).locator("h3 a").first.click()
    assert "/resources/" in page.url
    assert fits(page)
    page.screenshot(path=tmp_path / "resource.png")


def test_the_emergency_number_and_the_line_are_seen_without_scrolling(page: Page) -> None:
    for path in ("/", "/crisis", "/about", "/nothing-here"):
        page.goto(path)
        for number in ("tel:911", "tel:988"):
            box = page.locator(f"a[href='{number}']").first.bounding_box()
            assert box is not None
            assert box["y"] + box["height"] <= page.viewport_size["height"]
            assert box["height"] >= 44


def test_an_ambiguous_place_asks_which_one(page: Page) -> None:
    page.goto("/")
    page.get_by_label("Where are you?").fill("Springfield")
    page.get_by_role("button", name="Find help").click()
    page.get_by_role("button", name="Springfield, IL").click()
    assert "Springfield, IL" in page.locator("main").inner_text()
    assert urlsplit(page.url).query == ""
