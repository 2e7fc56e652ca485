"""The main job in real Chromium: with and without script, small and large, light and dark."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from conftest import missing
from playwright.sync_api import Browser, Page, sync_playwright
from test_server import Served

FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update "
    "--disable-sync --disable-dev-shm-usage"
).split()


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    served = Served(tmp_path_factory.mktemp("browser"))
    yield f"http://127.0.0.1:{served.port}"
    served.stop()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        missing("Chromium")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture(
    params=[(320, "light", True), (320, "dark", False), (1280, "light", False), (1280, "dark", True)],
    ids=lambda p: f"{p[0]}px-{p[1]}-{'script' if p[2] else 'no-script'}",
)
def page(request: pytest.FixtureRequest, browser: Browser, address: str) -> Iterator[Page]:
    """A page that asks no other host, is told no cookie and breaks no content policy."""
    width, scheme, script = request.param
    context = browser.new_context(
        viewport={"width": width, "height": 568 if width == 320 else 900},
        color_scheme=scheme,
        java_script_enabled=script,
        base_url=address,
    )
    opened = context.new_page()
    hosts: set[str] = set()
    complaints: list[str] = []
    opened.on("request", lambda asked: hosts.add(urlsplit(asked.url).netloc))
    opened.on(
        "console", lambda message: complaints.append(message.text) if "Content Security" in message.text else None
    )
    yield opened
    assert hosts <= {urlsplit(address).netloc}
    assert complaints == []
    assert context.cookies() == []
    context.close()


def fits(page: Page) -> bool:
    """Tell whether nothing stands out to the side."""
    box = page.locator("body").bounding_box()
    return box is not None and box["width"] <= page.viewport_size["width"]


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
