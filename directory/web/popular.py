"""Answers that are asked for again and again, kept as they were sent until the minute ends or the directory changes.

Only searches made of what everybody can name are kept: a place by its own name and choices from our lists. What somebody
puts in words of their own, a position or a street never is. Of a search only a hash stands here, with a key that this
process made up; a search that comes once in a minute leaves nothing but that. Nothing tells who asked, or when.
"""

from __future__ import annotations

import io
import os
import time
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from directory.errors import DatabaseUnavailable
from directory.matches import Results
from directory.needs import folded
from directory.web import log
from directory.web.params import MAY_BE_KEPT, Asked
from directory.web.site import Site

MOST_ASKED, MOST_KEPT = 20_000, 500
LARGEST_BODY = 2_000
_SEARCHES = ("/find", "/api/search")
# What an answer differs by, beside the path and what is asked.
_DIFFERS_BY = (
    "REQUEST_METHOD", "HTTP_HOST", "wsgi.url_scheme", "PATH_INFO", "QUERY_STRING", "CONTENT_TYPE",
    "HTTP_ACCEPT_LANGUAGE", "HTTP_ACCEPT_ENCODING",
)  # fmt: skip
Environ = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer as it was sent, and what the log says of it: method and route."""

    headers: list[tuple[str, str]]
    body: bytes
    logged: tuple[str, str]


class Popular:
    """A WSGI application round another one, which answers what it has kept of this minute and this directory."""

    def __init__(self, application: Any, site: Site) -> None:
        self._application = application
        self._site = site
        self._secret = os.urandom(32)
        self._moment: Hashable = None
        self._asked: set[bytes] = set()
        self._kept: dict[bytes, Kept] = {}

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        """Answer a request (PEP 3333)."""
        length = environ.get("CONTENT_LENGTH") or "0"
        if not environ["PATH_INFO"].endswith(_SEARCHES) or not length.isdecimal() or int(length) > LARGEST_BODY:
            return self._application(environ, start_response)  # type: ignore[no-any-return]
        begun = time.perf_counter()
        try:
            moment = (self._site.searcher.data_version(), self._site.now().replace(second=0, microsecond=0))
        except DatabaseUnavailable:
            return self._application(environ, start_response)  # type: ignore[no-any-return]
        if moment != self._moment:
            self._moment, self._asked, self._kept = moment, set(), {}
        body = environ["wsgi.input"].read(int(length))
        environ["wsgi.input"] = io.BytesIO(body)
        asked = "\0".join(environ.get(name, "") for name in _DIFFERS_BY).encode() + body
        key = blake2b(asked, key=self._secret, digest_size=16).digest()
        kept = self._kept.get(key)
        if kept is None:
            return self._made(environ, start_response, key, moment)
        log.access(*kept.logged, 200, time.perf_counter() - begun)
        start_response("200 OK", kept.headers)
        return [kept.body]

    def _made(self, environ: Environ, start_response: Any, key: bytes, moment: Hashable) -> Iterable[bytes]:
        """Let the application answer; keep that when the same was asked before in this moment, and it may be kept."""
        started: list[Any] = []

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            started[:] = [status, headers]
            return start_response(status, headers, *rest)

        answer: Iterable[bytes] = self._application(environ, start)
        logged = environ.get(MAY_BE_KEPT)
        if logged is None or not started or not started[0].startswith("200 ") or moment != self._moment:
            return answer
        if key not in self._asked:
            if len(self._asked) < MOST_ASKED:
                self._asked.add(key)
            return answer
        body = b"".join(answer)
        getattr(answer, "close", lambda: None)()
        if len(self._kept) < MOST_KEPT:
            self._kept[key] = Kept(list(started[1]), body, logged)
        return [body]


def may_be_kept(asked: Asked, results: Results) -> bool:
    """Return whether a search says nothing in somebody's own words: a place by its own name, and choices from our lists."""
    near, place = asked.one("near"), results.place
    is_named = not near or (
        place is not None and place.precision != "coordinates" and folded(place.name).startswith(folded(near))
    )
    return is_named and not asked.one("q") and not asked.one("age") and not asked.one("after")
