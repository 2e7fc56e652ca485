"""Real Chromium, and the site as it meets it: every page of a watched context is held to the privacy rules."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from threading import Thread
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pytest
from conftest import missing
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request
from werkzeug.serving import WSGIRequestHandler, make_server

from directory.web import words
from directory.web.site import Site

FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update "
    "--disable-sync --disable-dev-shm-usage"
).split()
SMALL, LARGE = {"width": 320, "height": 568}, {"width": 1280, "height": 800}
TWO_AT_NIGHT = datetime(2026, 11, 24, 2, tzinfo=ZoneInfo("America/Chicago"))
NOON = datetime(2026, 11, 24, 12, tzinfo=ZoneInfo("America/Chicago"))
TELLS_VIOLATIONS = "addEventListener('securitypolicyviolation', e => told(e.effectiveDirective + ' ' + e.blockedURI))"


def chromium() -> str:
    """Return the browser's program; without one the test is skipped, in CI it fails."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        missing("Chromium")
    return found


@contextmanager
def serving(site: Flask) -> Iterator[str]:
    """Serve an application from this process, where a test can hold its clock; yields its address."""
    server = make_server("127.0.0.1", 0, site, threaded=True, request_handler=_Quiet)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass
class Seen:
    """What a browser did besides showing pages; ``wrong`` is what it must never do."""

    host: str
    requests: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def request(self, asked: Request) -> None:
        parts = urlsplit(asked.url)
        self.requests.append(asked.url)
        if parts.netloc != self.host and parts.scheme not in {"data", "blob"}:
            self.wrong.append(f"asked another host: {asked.url}")

    def failed(self, asked: Request) -> None:
        # A download, and a page left before it was whole, are aborted by the browser itself.
        if asked.failure != "net::ERR_ABORTED":
            self.wrong.append(f"failed: {asked.url} {asked.failure}")

    def console(self, message: ConsoleMessage) -> None:
        # An error page is an answer, though the console calls it an error.
        if message.type in {"error", "warning"} and "Failed to load resource" not in message.text:
            self.wrong.append(f"console: {message.text}")


@contextmanager
def watched(browser: Browser, address: str, **options: Any) -> Iterator[Page]:
    """Open a page; at the end it has asked no other host, keeps no cookie and broke no content policy."""
    context = browser.new_context(base_url=address, **{"viewport": LARGE, **options})
    try:
        seen = watch(context, address)
        context.set_default_timeout(10_000)
        yield context.new_page()
        assert seen.wrong == []
        assert seen.requests
        assert context.cookies() == []
    finally:
        context.close()


def watch(context: BrowserContext, address: str) -> Seen:
    """Note from now on what a context asks for, what fails, and what its pages complain of."""
    seen = Seen(urlsplit(address).netloc)
    context.on("request", seen.request)
    context.on("requestfailed", seen.failed)
    context.on("console", seen.console)
    context.on("weberror", lambda error: seen.wrong.append(f"script: {error.error}"))
    context.expose_function("told", lambda text: seen.wrong.append(f"content policy: {text}"))
    context.add_init_script(TELLS_VIOLATIONS)
    return seen


def hold_clock(monkeypatch: pytest.MonkeyPatch, at: datetime) -> None:
    """Let it be ``at`` for every page made in this process."""

    class Held(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return at.astimezone(tz)

    monkeypatch.setattr(Site, "now", lambda _: at)
    monkeypatch.setattr(words, "datetime", Held)


def fits(page: Page) -> bool:
    """Tell whether nothing stands out to the side, once the page is there."""
    page.wait_for_load_state("domcontentloaded")
    wide, room = page.evaluate("[document.scrollingElement.scrollWidth, document.scrollingElement.clientWidth]")
    return bool(wide <= room)


def unfold(page: Page) -> None:
    """Open everything that folds."""
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")


class _Quiet(WSGIRequestHandler):
    """Writes no lines of its own: they would hold addresses."""

    def log(self, type: str, message: str, *args: Any) -> None:
        pass
