"""JSON -> numbered records, in a stream: memory holds one record, never the file.

What the whole file breaks (no JSON, cut off, bytes that are not UTF-8) is an exception; what one record breaks is a
``Broken`` record, and the others are read. Numbers stay text, so that 2108 and 41.10 are what the publisher wrote.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from json import JSONDecodeError, JSONDecoder
from pathlib import Path
from typing import Any

from directory.errors import DirectoryError, UnreadableFile
from directory.importers.delimited import CELL_LIMIT
from directory.importers.jsontext import JsonText, size_of
from directory.importers.textfile import name_of, reading
from directory.records import shown

LIST = "item"
"""The prefix of a file that is one list; ``rows.item`` is the list under the key ``rows``."""

DEPTH_LIMIT = 40
_HEAD_LIMIT = 1 << 20
_BEFORE = b"\xef\xbb\xbf\xff\xfe\0 \t\r\n"
_NO_TEXT = re.compile("[\0\ud800-\udfff]")


class Broken(dict[str, Any]):
    """A record that cannot be used, with what could be read of it; ``reason`` says why, as a problem of its row."""

    def __init__(self, reason: str, values: Mapping[str, Any]) -> None:
        super().__init__(values)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Head:
    """How a JSON file begins, to tell what it is.

    ``top_keys``: of an object, the keys up to its first record; of a list, none. ``first_record``: the first object of
    the list, or of the first list of objects in the object; empty when there is none near the start.
    """

    top_keys: tuple[str, ...] = ()
    first_record: Mapping[str, Any] = field(default_factory=dict)


class Records:
    """The records of a file with their places, from 1: an iterator to be used once, and how far it has come."""

    def __init__(self, path: Path, prefix: str, size_limit: int | None) -> None:
        self.bytes_total = size_of(path, size_limit)
        self._path = path
        self._text: JsonText | None = None
        self._rows = self._read(prefix.split(".")[:-1])

    @property
    def bytes_read(self) -> int:
        """Return how many of ``bytes_total`` have been read."""
        return 0 if self._text is None else self._text.bytes_read

    def __iter__(self) -> Iterator[tuple[int, dict[str, Any]]]:
        return self._rows

    def __next__(self) -> tuple[int, dict[str, Any]]:
        return next(self._rows)

    def _read(self, keys: list[str]) -> Generator[tuple[int, dict[str, Any]]]:
        with reading(self._path), self._path.open("rb") as file:
            self._text = JsonText(name_of(self._path), file)
            for place, element in enumerate(_elements(self._text, keys, keys), start=1):
                self._text.after = f" after record {place}"
                yield place, element
            self._text.expect_end()


def records(path: Path, *, prefix: str = LIST, size_limit: int | None = None) -> Records:
    """Return the records of the list that ``prefix`` names, each with its place in it, from 1.

    Strings are as they were, numbers are text, lists and objects are nested. A record is ``Broken`` that is no object,
    says a key twice, is nested deeper than 40 levels, or holds a text of more than 20,000 characters, with a NUL or with
    half a character in it.

    Raises:
        UnreadableFile: no such file, larger than ``size_limit`` bytes, empty; while it is read: a web page, no JSON,
            bytes that are not UTF-8, cut off, a record of more than 8 MB, no such list in it.
            Source of the rules: RFC 8259 (UTF-8; what names that stand twice mean is open).
    """
    return Records(path, prefix, size_limit)


def head(path: Path) -> Head:
    """Return how a file begins; an empty head when it is no JSON. Reads at most 1 MB and raises nothing."""
    keys: list[str] = []
    record: Mapping[str, Any] = {}
    with suppress(DirectoryError):
        record = _begun(path, keys, _HEAD_LIMIT)
    return Head(tuple(keys), record)


def is_meant(head: bytes) -> bool:
    """Return whether the first bytes of a file are those of JSON, in whatever encoding."""
    return head.lstrip(_BEFORE).startswith((b"{", b"[")) and not head.startswith(b"{\\rtf")


def refuse_unreadable(path: Path) -> None:
    """Refuse a file that is no JSON in UTF-8 up to its first record.

    Raises:
        UnreadableFile: as ``records``.
    """
    _begun(path, [], None)


def _begun(path: Path, keys: list[str], limit: int | None) -> Mapping[str, Any]:
    """Return the first record of a file, with the keys before it in ``keys``."""
    size_of(path, None)
    with reading(path), path.open("rb") as file:
        return _first_record(JsonText(name_of(path), file, limit), keys)


def _first_record(text: JsonText, keys: list[str]) -> Mapping[str, Any]:
    if text.peek() == "[":
        return _first_object(text)
    for key in _keys(text):
        keys.append(key)
        if text.peek() == "[":
            found = _first_object(text)
            if found:
                return found
        else:
            text.value(_Builder().decoder)
    return {}


def _first_object(text: JsonText) -> Mapping[str, Any]:
    """Return the first object of a list, which is else read to its end."""
    return next((found for found in _list(text, lambda: _record(text)) if found), {})


def _elements(text: JsonText, keys: list[str], all_keys: list[str]) -> Iterator[dict[str, Any]]:
    """Yield the elements of the list under ``keys``, one key for each level of objects."""
    missing = f"{text.name} holds no list of records" + (f" called {shown('.'.join(all_keys))}" if all_keys else "")
    if not keys:
        if text.peek() != "[":
            raise UnreadableFile(missing)
        yield from _list(text, lambda: _record(text))
        return
    if text.peek() != "{":
        raise UnreadableFile(missing)
    is_found = False
    for key in _keys(text):
        if key != keys[0]:
            text.value(_Builder().decoder)
        elif is_found:
            raise UnreadableFile(f"{text.name} has the list {shown(key)} twice; leave one of them")
        else:
            is_found = True
            yield from _elements(text, keys[1:], all_keys)
    if not is_found:
        raise UnreadableFile(missing)


def _keys(text: JsonText) -> Iterator[str]:
    """Yield the keys of an object; the value of each is to be read before the next."""
    text.take("{")
    if text.peek() == "}":
        text.take("}")
        return
    while True:
        text.take('"', stay=True)
        yield text.value(_Builder().decoder, then=":")
        if text.take(",}") == "}":
            return


def _list(text: JsonText, read: Callable[[], dict[str, Any]]) -> Iterator[dict[str, Any]]:
    text.take("[")
    if text.peek() == "]":
        text.take("]")
        return
    while True:
        yield read()
        if text.take(",]") == "]":
            return


def _record(text: JsonText) -> dict[str, Any]:
    builder = _Builder()
    value = text.value(builder.decoder, begin=builder.forget)
    if not isinstance(value, dict):
        return Broken("is no object with fields, as the records of this list are", {})
    if _is_deeper(value, DEPTH_LIMIT):
        return Broken(f"is nested too deep (more than {DEPTH_LIMIT} levels)", {})
    return Broken(builder.fault, value) if builder.fault else value


class _Builder:
    """Decodes one value; ``fault`` is then the first reason why it cannot be used as a record."""

    def __init__(self) -> None:
        self.fault = ""
        # strict=False: a control character inside a text is a matter of its row.
        self.decoder = JSONDecoder(
            object_pairs_hook=self._object, parse_int=str, parse_float=str, parse_constant=_refuse, strict=False
        )

    def forget(self) -> None:
        """Begin anew: only part of the value was there."""
        self.fault = ""

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in pairs:
            if key in found:
                self.fault = self.fault or f"has the field {shown(key)} twice"
            else:
                found[self._text(key, key)] = self._value(key, value)
        return found

    def _value(self, key: str, value: Any) -> Any:
        if isinstance(value, str):
            return self._text(key, value)
        if isinstance(value, list):
            return [self._value(key, each) for each in value]
        return value

    def _text(self, key: str, value: str) -> str:
        if len(value) > CELL_LIMIT:
            self.fault = self.fault or (
                f"is too long in {shown(key)} ({len(value):,} characters; {CELL_LIMIT:,} at most)"
            )
            value = value[:CELL_LIMIT]
        if _NO_TEXT.search(value):
            what = "a NUL character" if "\0" in value else "half a character"
            self.fault = self.fault or f"has {what} in {shown(key)}"
            return _NO_TEXT.sub("\ufffd", value)
        return value


def _refuse(constant: str) -> None:
    raise JSONDecodeError(f"{constant} is no JSON", constant, 0)


def _is_deeper(value: Any, levels: int) -> bool:
    if isinstance(value, dict):
        return not levels or any(_is_deeper(each, levels - 1) for each in value.values())
    if isinstance(value, list):
        return not levels or any(_is_deeper(each, levels - 1) for each in value)
    return False
