"""How the HSDS API answers: one entry, one page of a list, or all of it as ndjson."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from threading import BoundedSemaphore
from typing import Any

from flask import Response

from directory import hsds_store
from directory.db import Database
from directory.errors import BadQuery, DirectoryError, NotFound
from directory.hsds_lists import Lists, Wanted
from directory.hsds_store import Reading
from directory.web import hsds_params, params

PER_PAGE = 50
MOST_MINIMAL = 100_000
# A longer ndjson answer is read and sent piece by piece, one at a time in each process.
SHORT = 1_000
_PIECE = 200

Entry = Mapping[str, Any]
Maker = Callable[[Reading, Sequence[int]], Iterable[Entry]]


class Busy(DirectoryError):
    """Another long answer is being sent."""

    status = 429
    code = "busy"


@dataclass(frozen=True, slots=True)
class Answers:
    """Answers from the database: the kept lists, and the one long answer at a time."""

    database: Database
    lists: Lists
    _long_answers: BoundedSemaphore = field(default_factory=BoundedSemaphore)

    def one(self, entity: str, text: str, make: Maker) -> Response:
        """Answer with the entry of this id.

        Raises:
            NotFound: there is none, or it is no uuid at all.
        """
        try:
            wanted = hsds_params.uuid(text, "id")
        except BadQuery:
            raise nothing(entity) from None
        with self.database.reading() as connection:
            found = hsds_store.holders(connection, entity, wanted)
            for entry in make(connection, found[:1]):
                return as_json(entry)
        raise nothing(entity)

    def listed(self, wanted: Wanted, asked: Mapping[str, Any], make: Maker) -> Response:
        """Answer with one page of a list, or with all of it as ndjson where no page is named."""
        with self.database.reading() as connection:
            found = self.lists.ids(connection, wanted)
            page = Page.of(asked, len(found))
            part = found[page.start : page.end]
            if asked.get("format") != "ndjson" or len(part) <= SHORT:
                return page.answer(asked, make(connection, part))
        return self._long(part, make)

    def _long(self, found: Sequence[int], make: Maker) -> Response:
        """Send a long list piece by piece, each from a connection of its own: a slow reader holds back no import."""
        if params.wants_no_body():
            return _ndjson("")
        if not self._long_answers.acquire(blocking=False):
            raise Busy("another long list is being sent; ask again in a moment, or for a page", field="format")
        turn = _Turn(self._long_answers)
        response = _ndjson(self._pieces(found, make, turn))
        response.call_on_close(turn.end)
        return response

    def _pieces(self, found: Sequence[int], make: Maker, turn: _Turn) -> Iterator[str]:
        for start in range(0, len(found), _PIECE):
            with self.database.reading() as connection:
                lines = _lines(make(connection, found[start : start + _PIECE]))
            yield lines
        turn.end()


@dataclass(slots=True)
class _Turn:
    """The turn of one long answer, ended once: by its last piece, or by a reader who is gone."""

    held: BoundedSemaphore
    ended: bool = False

    def end(self) -> None:
        """Let the next one begin."""
        if not self.ended:
            self.ended = True
            self.held.release()


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list."""

    number: int
    per_page: int
    total: int

    @classmethod
    def of(cls, asked: Mapping[str, Any], total: int) -> Page:
        """Return the page that was asked for. Where none is named, ndjson is one page, and so are ids alone."""
        if {"page", "per_page"} & set(asked):
            return cls(asked.get("page", 1), asked.get("per_page", PER_PAGE), total)
        if asked.get("format") == "ndjson":
            return cls(1, max(total, 1), total)
        return cls(1, MOST_MINIMAL if asked.get("minimal") else PER_PAGE, total)

    @property
    def start(self) -> int:
        """Return the place of the first entry."""
        return (self.number - 1) * self.per_page

    @property
    def end(self) -> int:
        """Return the place after the last entry."""
        return self.start + self.per_page

    def answer(self, asked: Mapping[str, Any], entries: Iterable[Entry]) -> Response:
        """Return the page with its entries, as JSON or as ndjson."""
        if asked.get("format") == "ndjson":
            return _ndjson(_lines(entries))
        contents = list(entries)
        pages = -(-self.total // self.per_page)
        return as_json(
            {
                "total_items": self.total,
                "total_pages": pages,
                "page_number": self.number,
                "size": len(contents),
                "first_page": self.number == 1,
                "last_page": self.number >= pages,
                "empty": not contents,
                "contents": contents,
            }
        )


def as_json(entry: Entry) -> Response:
    """Return an entry as JSON."""
    return Response(_dumped(entry), mimetype="application/json")


def nothing(entity: str) -> NotFound:
    """Return the error that there is no such entry."""
    return NotFound(f"there is no {entity.replace('_', ' ')} with this id", field="id")


def _ndjson(lines: str | Iterator[str]) -> Response:
    return Response(lines, mimetype="application/x-ndjson")


def _lines(entries: Iterable[Entry]) -> str:
    return "".join(_dumped(entry) + "\n" for entry in entries)


def _dumped(entry: Entry) -> str:
    return json.dumps(entry, ensure_ascii=False, separators=(",", ":"))
