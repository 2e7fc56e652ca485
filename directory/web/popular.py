"""Answers that are asked for again and again, kept as they were sent until the minute ends or the directory changes.

Only searches made of what everybody can name are kept: a place by its own name and choices from our lists. What somebody
puts in words of their own, a position or a street never is. Of a search only a hash stands here, with a key that this
process made up; a search that comes once in a minute leaves nothing but that. Nothing tells who asked, or when.
"""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from hashlib import blake2b

from flask import Response

from directory.matches import Results
from directory.needs import folded
from directory.web import languages, params
from directory.web.params import Asked
from directory.wording import language

MOST_ASKED, MOST_KEPT = 20_000, 500


@dataclass(frozen=True, slots=True)
class Kept:
    """The body of an answer, as it is and compressed."""

    body: bytes
    compressed: bytes

    @classmethod
    def of(cls, body: bytes) -> Kept:
        """Return a body with its compressed form."""
        return cls(body, gzip.compress(body, 6, mtime=0))


class Popular:
    """What this process keeps of one moment: a version of the directory, in one minute."""

    def __init__(self) -> None:
        self._secret = os.urandom(32)
        self._moment: Hashable = None
        self._asked: set[bytes] = set()
        self._kept: dict[bytes, Kept] = {}

    def key(self, *asked: str) -> bytes:
        """Return what a search is known by here: nobody can tell from it what was asked."""
        return blake2b("\0".join(asked).encode(), key=self._secret, digest_size=16).digest()

    def find(self, key: bytes, moment: Hashable) -> Kept | None:
        """Return the answer kept for a search, None when there is none of this moment."""
        if moment != self._moment:
            self._moment, self._asked, self._kept = moment, set(), {}
        return self._kept.get(key)

    def keep(self, key: bytes, moment: Hashable, body: bytes) -> None:
        """Keep the answer to a search that was asked before in this moment; remember one that was not."""
        if moment != self._moment:
            return
        if key in self._asked and len(self._kept) < MOST_KEPT:
            self._kept[key] = Kept.of(body)
        elif len(self._asked) < MOST_ASKED:
            self._asked.add(key)


def answer(
    popular: Popular, moment: Hashable, asked: Asked, mimetype: str, make: Callable[[], tuple[Results, str]]
) -> Response:
    """Return the answer to a search: the one kept, or one made now, with the results it shows."""
    words = (each for pair in asked.pairs() for each in pair)
    key = popular.key(mimetype, language(), languages.in_address() or "", *words)
    kept = popular.find(key, moment)
    if kept is None:
        results, text = make()
        if may_be_kept(asked, results):
            popular.keep(key, moment, text.encode())
        return Response(text, mimetype=mimetype)
    if not params.takes_compressed():
        return Response(kept.body, mimetype=mimetype)
    response = Response(kept.compressed, mimetype=mimetype)
    response.content_encoding = "gzip"
    return response


def may_be_kept(asked: Asked, results: Results) -> bool:
    """Return whether a search says nothing in somebody's own words: a place by its own name, and choices from our lists."""
    near, place = asked.one("near"), results.place
    is_named = not near or (
        place is not None and place.precision != "coordinates" and folded(place.name).startswith(folded(near))
    )
    return is_named and not asked.one("q") and not asked.one("age") and not asked.one("after")
