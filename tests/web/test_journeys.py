"""What somebody in distress does, in real Chromium: small and large, light and dark, English and Spanish, script or none."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from browsing import FLAGS, LARGE, NOON, SMALL, TWO_AT_NIGHT, chromium, fits, hold_clock, watched
from playwright.sync_api import Browser, Locator, Page, Playwright
from pypdf import PdfReader

pytest_plugins = ["sites", "browsers"]

WAYS = ("a[href='tel:911']", "a.call[href^='tel:988']", "a.text[href^='sms:']", "a.chat")
VISITORS = [
    (SMALL, "light", True, ""),
    (SMALL, "dark", False, "/es"),
    (LARGE, "light", False, "/es"),
    (LARGE, "dark", True, ""),
]


@pytest.fixture(
    params=VISITORS, ids=lambda v: f"{v[0]['width']}px-{v[1]}-{'script' if v[2] else 'no-script'}-{v[3][1:] or 'en'}"
)
def page(
    request: pytest.FixtureRequest, browser: Browser, shipped_address: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Page]:
    """The home page at noon, as one of four visitors sees it."""
    hold_clock(monkeypatch, NOON)
    size, scheme, script, language = request.param
    with watched(browser, shipped_address, viewport=size, color_scheme=scheme, java_script_enabled=script) as opened:
        opened.goto(language or "/")
        yield opened
        assert fits(opened)


@pytest.mark.parametrize("text", [16, 32], ids=["text-100", "text-200"])
@pytest.mark.parametrize(
    ("size", "script", "language"), [(SMALL, True, ""), (SMALL, False, "/es"), (LARGE, True, "/es")]
)
def test_at_two_at_night_every_way_to_talk_stands_on_the_first_screen(
    text: int,
    size: Any,
    script: bool,
    language: str,
    playwright: Playwright,
    shipped_address: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hold_clock(monkeypatch, TWO_AT_NIGHT)
    browser = playwright.chromium.launch(
        executable_path=chromium(), args=[*FLAGS, f"--blink-settings=defaultFontSize={text}"]
    )
    with watched(browser, shipped_address, viewport=size, java_script_enabled=script) as page:
        for path in ("", "/find?near=60601&need=depression&need=anxiety", "/resources/1", "/crisis", "/nothing"):
            page.goto(f"{language}{path}" or "/")
            for way in WAYS:
                box = page.locator(f".strip {way}").bounding_box()
                assert box is not None and box["height"] >= 44
                assert box["x"] >= 0 and box["x"] + box["width"] <= size["width"]
                assert box["y"] + box["height"] <= size["height"], f"{path} {way}"
            assert fits(page), path
    browser.close()


def test_at_night_open_help_by_phone_comes_before_closed_doors_and_by_day_after(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    search(page, "60601", "depression and anxiety")
    for instant, order in ((TWO_AT_NIGHT, ["awake", "nearby"]), (NOON, ["nearby", "remote"])):
        hold_clock(monkeypatch, instant)
        page.go_back()
        search(page, "60601", "depression and anxiety")
        headings = page.locator("main h2").evaluate_all("all => all.map(each => each.id)")
        assert [each for each in headings if each in order] == order
        if instant is TWO_AT_NIGHT:
            for card in page.locator("section[aria-labelledby=awake] .card").all():
                assert re.search(r"Open|Abierto", card.inner_text())


def test_a_zip_code_and_two_needs_lead_to_a_number_to_call_and_one_tap_shows_it(page: Page) -> None:
    page.locator("#near").fill("60601")
    page.locator("#q").fill("depresión y ansiedad" if "/es" in page.url else "depression and anxiety")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert not urlsplit(page.url).query, "what was typed stays out of the address"
    first = near(page).locator(".card").first
    call = first.locator("a.call")
    assert (call.get_attribute("href") or "").startswith("tel:+1")
    assert re.search(r"depression, anxiety|depresión, ansiedad", first.inner_text()), "it says why it is shown"
    page.locator(".jump a").first.click()
    box = call.bounding_box()
    assert box is not None and 0 <= box["y"] <= box["y"] + box["height"] <= page.viewport_size["height"]


def test_by_keyboard_alone_the_same(page: Page) -> None:
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type("60601")
    page.keyboard.press("Tab")
    if page.get_by_role("button", name=re.compile("my location|mi ubicación")).is_visible():
        page.keyboard.press("Tab")
    page.keyboard.type("panic")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert near(page).locator(".card a.call").count() > 0


def test_a_place_that_can_be_many_is_asked_for_once(page: Page) -> None:
    search(page, "Springfield", "depression")
    assert page.locator("a[href^='tel:988']").count() > 0
    page.get_by_role("button", name="Springfield, IL").click()
    assert "Springfield, IL" in page.locator(".echo").inner_text()
    assert near(page).locator(".card").count() > 0
    assert not urlsplit(page.url).query


def test_with_nothing_near_what_is_farther_and_by_phone_follows(page: Page) -> None:
    search(page, "Jordan, MT", "anxiety")
    assert re.search(r"no places near you|ningún lugar cerca", page.locator(".lead[role=status]").inner_text())
    assert near(page).locator(".note, .card").count() > 0
    assert page.locator("section[aria-labelledby=remote] .ways a").count() > 0
    search(page, "Nuuk", "anxiety", unfold=True)
    assert "tel:988" not in page.content(), "another country's number helps nobody"
    assert page.locator(".strip a[href='tel:112']").is_visible()


def test_filters_that_leave_nothing_are_left_out_in_one_step(page: Page) -> None:
    page.locator("#near").fill("Boise, ID")
    page.locator("#q").fill("depression")
    page.locator("details.more > summary").click()
    page.locator("#language").select_option("vi")
    page.locator("details.more [name=payment][value=free]").check()
    page.locator("form.search button.main").click()
    assert near(page).locator(".card").count() == 0
    assert page.locator(".strip a.call").is_visible()
    page.get_by_role("button", name=re.compile("without all|sin todo")).click()
    assert near(page).locator(".card a.call").count() > 0
    assert page.locator("#near").input_value() == "Boise, ID"


def test_back_from_a_resource_keeps_the_search_and_the_scroll(page: Page) -> None:
    search(page, "60601", "depression")
    link = near(page).locator(".card h3 a").nth(4)
    link.scroll_into_view_if_needed()
    before = page.evaluate("scrollY")
    assert before > 0
    link.click()
    assert "/resources/" in page.url
    page.go_back()
    assert page.locator("#near").input_value() == "60601"
    assert abs(page.evaluate("scrollY") - before) <= 2
    assert near(page).locator(".card h3 a").nth(4).bounding_box()["y"] >= 0


@pytest.mark.parametrize("path", ["/find?near=60601&need=depression", "/resources/1", "/crisis", "/topics/kratom"])
@pytest.mark.parametrize("language", ["", "/es"], ids=["en", "es"])
def test_on_paper_every_number_can_be_read(path: str, language: str, browser: Browser, shipped_address: str) -> None:
    with watched(browser, shipped_address, color_scheme="dark") as page:
        page.goto(language + path)
        numbers = page.locator("main .card a.call, main p.ways a.call, .strip a.call").evaluate_all(
            "all => all.filter(each => each.checkVisibility()).map(each => each.firstChild.nextSibling?.data ?? each.textContent)"
        )
        text = "".join(each.extract_text() for each in PdfReader(io.BytesIO(page.pdf(format="Letter"))).pages)
    printed = re.sub(r"\s+", "", text)
    assert numbers
    assert [each for each in numbers if re.sub(r"\s+", "", each) not in printed] == []


def search(page: Page, near: str, needs: str, *, unfold: bool = False) -> None:
    """Type and send a search."""
    if unfold:
        page.locator("#change > summary").click()
    page.locator("#near").fill(near)
    page.locator("#q").fill(needs)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def near(page: Page) -> Locator:
    return page.locator("section[aria-labelledby=nearby]")
