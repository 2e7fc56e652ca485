"""How pages look and travel: weight, colours, caching, compression."""

import gzip
import re
from pathlib import Path

import pytest
from checked import Checked, check_headers, site_on

from directory.crisis import CrisisBook
from directory.geocoding import Gazetteer
from directory.needs import Vocabulary
from directory.web.site import STATIC

pytest_plugins = ["sites"]


def test_behind_https_browsers_are_told_to_stay_there(
    shipped_database: Path, vocabulary: Vocabulary, gazetteer: Gazetteer, crisis_book: CrisisBook
) -> None:
    client = site_on(shipped_database, vocabulary, gazetteer, crisis_book, https=True).test_client()
    assert client.get("/").headers["Strict-Transport-Security"].startswith("max-age=31536000")


def test_robots_stay_out_of_results(shipped: Checked) -> None:
    answer = shipped.client.get("/robots.txt")
    assert "Disallow: /find" in answer.text
    assert "Disallow: /crisis" not in answer.text


def test_static_files_are_kept_for_ever_by_their_version_and_pages_are_not(shipped: Checked) -> None:
    page = shipped.get("/")
    assert page.response.headers["Cache-Control"] == "private, no-cache"
    (sheet,) = [each.get("href", "") for each in page.all("link", rel="stylesheet")]
    answer = shipped.client.get(sheet, buffered=True)
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    check_headers(answer)
    assert shipped.client.get("/static/site.css?v=other", buffered=True).headers["Cache-Control"] == "no-cache"
    assert (
        shipped.client.get(sheet, headers={"If-None-Match": answer.headers["ETag"]}, buffered=True).status_code == 304
    )


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"near": "60601", "need": ["depression", "anxiety"]},
        {"near": "Boise, ID", "need": ["anxiety", "kratom"]},
        {"near": "60601", "need": "suicidal_thoughts"},
        {"near": "London"},
    ],
)
def test_the_first_answer_weighs_at_most_14_kb(shipped: Checked, asked: dict) -> None:
    compressed = {"Accept-Encoding": "gzip"}
    path, method = ("/find", "POST") if asked else ("/", "GET")
    page = shipped.client.open(path, method=method, data=asked or None, headers=compressed)
    sheet = shipped.client.get("/static/site.css", headers=compressed)
    assert page.headers["Content-Encoding"] == sheet.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in page.headers["Vary"]
    assert b"<h1>" in gzip.decompress(page.data)
    assert len(page.data) + len(sheet.data) <= 14 * 1024


def test_colours_keep_a_contrast_of_seven_to_one_in_light_and_dark() -> None:
    sheet = (STATIC / "site.css").read_text(encoding="utf-8")
    assert len(sheet) <= 12_800
    light, dark = (
        dict(re.findall(r"--([\w-]+): (#\w+)", block)) for block in re.findall(r":root \{(.*?)\}", sheet, re.S)
    )
    pairs = [
        ("ink", "page"),
        ("ink", "card"),
        ("ink", "tint"),
        ("soft", "page"),
        ("soft", "card"),
        ("soft", "tint"),
        ("link", "page"),
        ("link", "card"),
        ("link", "tint"),
        ("on-main", "main"),
        ("on-strip", "strip"),
        ("strip-soft", "strip"),
        ("on-red", "red"),
        ("red", "page"),
        ("red", "card"),
        ("on-warn", "warn"),
        ("on-good", "good"),
    ]
    for colours in (light, {**light, **dark}):
        assert {
            pair: contrast(colours[pair[0]], colours[pair[1]])
            for pair in pairs
            if contrast(colours[pair[0]], colours[pair[1]]) < 7
        } == {}
        assert contrast(colours["edge"], colours["card"]) >= 3
    assert contrast("#0f3640", "#ffffff") >= 7 and contrast("#6d0a18", "#ffd9db") >= 7


def contrast(one: str, other: str) -> float:
    """WCAG 2.2, contrast ratio."""

    def luminance(colour: str) -> float:
        digits = colour[1:] if len(colour) == 7 else "".join(c * 2 for c in colour[1:])
        parts = [int(digits[n : n + 2], 16) / 255 for n in (0, 2, 4)]
        red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)
