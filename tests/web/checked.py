"""A client that looks over every page it fetches: what must hold for each is asserted here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import html5lib
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from directory.config import Config
from directory.crisis import CrisisBook
from directory.db import Database
from directory.geocoding import Gazetteer
from directory.ingest import Directory
from directory.needs import Vocabulary
from directory.search import Searcher
from directory.web import create_app
from directory.web.languages import NAMES

LOADS = ("src", "srcset", "poster", "data", "background")


@dataclass
class Page:
    """A page that passed the checks below."""

    response: TestResponse
    tree: Element

    @property
    def status(self) -> int:
        return self.response.status_code

    @property
    def text(self) -> str:
        """Every word on the page, blanks made single."""
        return " ".join("".join(self.tree.itertext()).split())

    @property
    def main(self) -> str:
        return words(self.one("main"))

    def all(self, tag: str, **attributes: str) -> list[Element]:
        wanted = {name.rstrip("_"): value for name, value in attributes.items()}
        return [each for each in self.tree.iter(tag) if all(each.get(n) == v for n, v in wanted.items())]

    def one(self, tag: str, **attributes: str) -> Element:
        (found,) = self.all(tag, **attributes)
        return found

    def classed(self, name: str) -> list[Element]:
        return [
            each for each in self.tree.iter() if isinstance(each.tag, str) and name in (each.get("class") or "").split()
        ]

    @property
    def links(self) -> list[str]:
        return [each.get("href", "") for each in self.all("a")]

    def cards(self) -> list[str]:
        return [words(each) for each in self.classed("card")]

    def form(self, label: str) -> dict[str, list[str]]:
        """What the form sends whose button reads ``label``."""
        (form,) = [f for f in self.all("form") if any(words(b) == label for b in f.iter("button"))]
        assert (form.get("method"), form.get("action")) == ("post", "/find")
        sent: dict[str, list[str]] = {}
        for each in form.iter("input"):
            sent.setdefault(each.get("name", ""), []).append(each.get("value", ""))
        return sent


def words(element: Element) -> str:
    return " ".join("".join(element.itertext()).split())


class Checked:
    """Fetches pages; each is looked over before a test sees it."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def get(self, path: str, **options: Any) -> Page:
        return check(self.client.get(path, **options))

    def find(self, **asked: Any) -> Page:
        """Send the search form."""
        return check(self.client.post("/find", data=asked))


def check(response: TestResponse) -> Page:
    """Assert what holds for every page, and return it parsed by the rules of HTML."""
    assert response.mimetype == "text/html", response.get_data(as_text=True)[:200]
    parser = html5lib.HTMLParser(tree=html5lib.getTreeBuilder("etree"), strict=True, namespaceHTMLElements=False)
    tree = parser.parse(response.get_data(as_text=True))
    page = Page(response, tree)
    elements = [each for each in tree.iter() if isinstance(each.tag, str)]

    prefix = next((f"/{tag}" for tag in NAMES if re.match(rf"/{tag}(/|$)", response.request.path)), "")
    assert page.one("html").get("lang") == (prefix.removeprefix("/") or "en")
    heading, title = words(page.one("h1")), words(page.one("title"))
    assert heading and heading in title
    assert title.startswith("Error: ") or response.status_code < 400
    ids = [each.get("id") for each in elements if each.get("id")]
    assert len(ids) == len(set(ids))
    for each in elements:
        for reference in ("aria-describedby", "aria-labelledby", "for"):
            assert set((each.get(reference) or "").split()) <= set(ids)

    body = list(page.one("body"))
    assert (body[0].tag, body[0].get("href")) == ("a", "#main") and "main" in ids
    leaving = [each for each in page.all("a") if each.get("data-exit") is not None]
    if leaving:
        [copy] = body.pop(1)
        assert leaving == [copy, leaving[-1]] and copy.get("class") == "skip", "one to jump to, one in sight"
        assert {each.get("rel") for each in leaving} == {"nofollow noreferrer"}
        assert f"{prefix}/safety" in page.links
    assert (body[1].tag, body[1].get("class")) == ("aside", "strip"), "the crisis strip comes first"
    strip = [link.get("href", "") for link in body[1].iter("a")]
    assert any(link.startswith(("tel:", "https://")) for link in strip)
    assert {f"{prefix}/crisis#countries"} <= set(strip), "the language of the address is kept"

    for each in elements:
        assert each.tag not in {"style", "iframe"}
        if each.tag == "script" and each.get("type") == "application/ld+json":
            assert each.get("src") is None, "data runs nothing"
        elif each.tag == "script":
            holds_up_nothing = "defer" in each.attrib or each.get("type") == "module"
            assert holds_up_nothing and not each.text, "nothing inline, nothing that holds up the page"
            assert each.get("src", "").startswith("/static/")
        for name, value in each.attrib.items():
            assert name != "style" and not name.startswith("on")
            assert name not in LOADS or value.startswith("/"), "nothing is loaded from another host"
        if each.tag == "link":
            is_named = each.get("rel") in {"canonical", "alternate"}
            assert is_named or each.get("href", "").startswith("/"), "a browser loads nothing for these"
        if each.tag == "a":
            _check_link(each, ids)
        if each.tag == "form":
            action = re.sub(r"/(find|resources/\d+/wrong)$", "", each.get("action") or "")
            assert action.removeprefix("/") in {"", *NAMES}
        if each.tag in {"input", "select", "textarea"} and each.get("type") != "hidden":
            assert each.get("id") in {label.get("for") for label in page.all("label") if label.get("for")} or any(
                each in list(label.iter()) for label in page.all("label")
            ), "every field has a label"
    check_headers(response)
    return page


def check_headers(response: TestResponse) -> None:
    """Assert the privacy headers of any answer."""
    headers = response.headers
    assert "Set-Cookie" not in headers
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cross-Origin-Opener-Policy"] == headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["Permissions-Policy"].startswith("geolocation=(self)")


def _check_link(link: Element, ids: list[str | None]) -> None:
    href = link.get("href", "")
    assert words(link), "a link says where it goes"
    assert href.startswith(("/", "#", "https://", "http://", "tel:", "sms:", "mailto:")), href
    if href.startswith("#"):
        assert href[1:] in ids
    if href.startswith("tel:"):
        assert re.fullmatch(r"tel:(\+\d{7,15}|\*?\d{2,11})(;ext=\d+)?(,,\d+)?", href), href
    if href.startswith("sms:"):
        assert re.fullmatch(r"sms:(\+\d{7,15}|\d{3,8})(\?&body=\w+)?", href), href
    assert "+1988" not in href


@dataclass
class Own:
    """A database of a test's own, what writes to it, and the pages made from it."""

    path: Path
    directory: Directory
    pages: Checked


def site_on(
    path: Path, vocabulary: Vocabulary, gazetteer: Gazetteer, crisis_book: CrisisBook, **settings: Any
) -> Flask:
    config = Config(database_url=f"sqlite:///{path}", **settings)
    return create_app(
        config, Searcher(Database(config.database_url), vocabulary, gazetteer, crisis_book, config.country)
    )
