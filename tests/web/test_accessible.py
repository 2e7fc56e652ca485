"""Every page and state, in both languages, against axe-core: small and large, light and dark, everything unfolded."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browsing import LARGE, NOON, SMALL, TWO_AT_NIGHT, fits, hold_clock, unfold, watched
from playwright.sync_api import Browser, Page
from states import ANSWERS, DEGRADED, SENT, STATES

pytest_plugins = ["sites", "browsers"]

# axe-core 4.14.1 as published on npm, MPL-2.0.
AXE = (Path(__file__).parent / "axe" / "axe.min.js").read_text(encoding="utf-8")
OPTIONS = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]},
    "rules": {"color-contrast-enhanced": {"enabled": True}, "target-size": {"enabled": True}},
    "resultTypes": ["violations"],
}
# What a finger has to hit; links inside a sentence are as high as their line (WCAG 2.2, 2.5.8).
TARGETS = (
    ".btn, summary, select, input:not([type=checkbox], [type=radio], [type=hidden]), .choices label, "
    ".top a, .where a, .links a, .countries a, h3 a"
)
TOO_LOW = """(wanted) => [...document.querySelectorAll(wanted)].filter(each => each.checkVisibility())
    .map(each => [each.textContent.trim(), each.getBoundingClientRect().height]).filter(each => each[1] < 43.9)"""


@pytest.fixture(scope="module")
def opened(browser: Browser, shipped_address: str) -> Iterator[Page]:
    """One page for all: each state is loaded once and then shown in every form."""
    with watched(browser, shipped_address) as page:
        yield page


@pytest.mark.parametrize("language", ["", "/es"], ids=["en", "es"])
@pytest.mark.parametrize("state", [*STATES, *DEGRADED])
def test_axe_finds_nothing(
    state: str,
    language: str,
    opened: Page,
    paths: dict[str, str],
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hold_clock(monkeypatch, TWO_AT_NIGHT if "night" in state else NOON)
    if state in DEGRADED:
        with watched(opened.context.browser, request.getfixturevalue("degraded_address")) as page:
            show(page, state, language + paths[state])
            assert found(page) == {}
    else:
        show(opened, state, language + paths[state])
        assert found(opened) == {}


def show(page: Page, state: str, path: str) -> None:
    """Bring a page into a state."""
    answer = page.goto(path.removesuffix("/") or "/")
    if state in SENT:
        with page.expect_navigation() as sent:
            page.locator("main form button.main").click()
        answer = sent.value
    assert answer is not None and answer.status == ANSWERS.get(state, 200)


def found(page: Page) -> dict[str, list[Any]]:
    """Return what is wrong with a page, by how it was shown."""
    page.evaluate(AXE)
    wrong: dict[str, list[Any]] = {}
    for folded in (True, False):
        if not folded:
            unfold(page)
        for size in (SMALL, LARGE):
            page.set_viewport_size(size)
            complaints = [] if fits(page) else ["wider than the window"]
            complaints += page.evaluate(TOO_LOW, TARGETS)
            # At the end of the page the bar of the exit covers nothing that axe would then call too small.
            page.evaluate("scrollTo(0, document.scrollingElement.scrollHeight)")
            for scheme in () if folded else ("light", "dark"):
                page.emulate_media(color_scheme=scheme)
                complaints += page.evaluate(AXE_RUN, OPTIONS)
            if complaints:
                wrong[f"{size['width']} px, {'folded' if folded else 'unfolded'}"] = complaints
    return wrong


AXE_RUN = """async (options) => (await axe.run(document, options)).violations.flatMap(
    rule => rule.nodes.map(node => [rule.id, node.html.slice(0, 200), node.failureSummary]))"""


def test_axe_sees_what_is_wrong_here_too(opened: Page) -> None:
    opened.goto("/about")
    opened.evaluate("document.querySelector('main').insertAdjacentHTML('beforeend', '<input><h4>too deep</h4>')")
    opened.evaluate("document.querySelector('h1').style.color = 'dimgray'")
    opened.evaluate(AXE)
    assert {"label", "color-contrast-enhanced"} <= {rule for rule, *_ in opened.evaluate(AXE_RUN, OPTIONS)}
