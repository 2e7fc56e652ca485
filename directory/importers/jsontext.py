"""The text of a JSON file, value by value: as much of it in memory as one value needs."""

from __future__ import annotations

import codecs
import os
import re
from collections.abc import Callable
from io import BufferedReader
from json import JSONDecodeError, JSONDecoder
from pathlib import Path
from typing import Any

from directory.errors import UnreadableFile
from directory.importers import textfile
from directory.records import shown

VALUE_LIMIT = 8_000_000
_CHUNK = 1 << 16
_WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)
_BLANKS = re.compile(r"[ \t\r\n]*")
# The longest thing the decoder reads at once, a pair of \uXXXX: a fault farther from the end is not for want of text.
_LOOK_AHEAD = 16


class JsonText:
    """A file being read as JSON. ``after`` says in messages how far it was read (" after record 7").

    With a ``limit`` the text ends after about so many bytes.

    Raises:
        UnreadableFile: any of its methods, when the file is no JSON in UTF-8, ends too early, was changed meanwhile, or
            holds a value of more than 8 MB.
    """

    def __init__(self, name: str, file: BufferedReader, limit: int | None = None) -> None:
        self.name = name
        self.after = ""
        self.bytes_read = 0
        self._file, self._limit = file, limit
        self._stamp = _stamp(file)
        self._decoder = codecs.getincrementaldecoder("utf-8")("strict")
        self._text = ""
        self._at = 0
        self._line = 1
        self._is_over = False
        self._fill()

    def peek(self) -> str:
        """Return the next character that is no blank, "" at the end."""
        while True:
            found = _BLANKS.match(self._text, self._at)
            self._at = found.end() if found else self._at
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._fill():
                return ""

    def take(self, expected: str, *, stay: bool = False) -> str:
        """Return the next character, which must be one of ``expected``; with ``stay`` it is not used up."""
        found = self.peek()
        if not found:
            raise self._cut_off()
        if found not in expected:
            raise self._no_json(f"{shown(found)} stands where {' or '.join(expected)} should", self._at)
        self._at += not stay
        return found

    def value(self, decoder: JSONDecoder, *, then: str = "", begin: Callable[[], None] = lambda: None) -> Any:
        """Return the next value and use up the character ``then`` after it. ``begin`` is called before each attempt."""
        while True:
            self.peek()
            begin()
            try:
                found, end = decoder.raw_decode(self._text, self._at)
            except JSONDecodeError as error:
                lacks_text = error.msg.startswith("Unterminated") or error.pos + _LOOK_AHEAD >= len(self._text)
                if not lacks_text:
                    raise self._no_json(error.msg, error.pos) from None
                if not self._fill():
                    raise self._failed(error) from None
                continue
            except RecursionError:
                raise UnreadableFile(f"{self.name} is nested too deep{self.after}; nothing was imported") from None
            # A number may go on where the text ends so far.
            if end < len(self._text) or not self._fill():
                break
        self._at = end
        if then:
            self.take(then)
        return found

    def expect_end(self) -> None:
        """Raise UnreadableFile if more text follows, or the file is no longer what it was."""
        if found := self.peek():
            raise self._no_json(f"{shown(found)} stands after its end", self._at)
        if _stamp(self._file) != self._stamp:
            raise UnreadableFile(f"{self.name} was changed while it was being read; nothing was imported")

    def _fill(self) -> bool:
        """Read on, as much again as is waiting; tell whether there was more."""
        waiting = len(self._text) - self._at
        if waiting > VALUE_LIMIT:
            raise UnreadableFile(f"{self.name} has a record of more than {VALUE_LIMIT:,} characters{self.after}")
        if self._is_over or (self._limit is not None and self.bytes_read >= self._limit):
            return False
        chunk = self._file.read(max(_CHUNK, waiting))
        is_first = not self.bytes_read
        if is_first:
            _refuse_other_types(self.name, chunk)
        self.bytes_read += len(chunk)
        text = self._decoded(chunk.removeprefix(codecs.BOM_UTF8) if is_first else chunk)
        if not chunk:
            self._is_over = True
            return False
        self._line += self._text.count("\n", 0, self._at)
        self._text = self._text[self._at :] + text
        self._at = 0
        return True

    def _decoded(self, chunk: bytes) -> str:
        try:
            return self._decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            before = self._text + error.object[: error.start].decode("utf-8", "replace")
            at = self.bytes_read - len(error.object) + error.start
            byte = error.object[error.start]
            raise UnreadableFile(
                f"{self.name} line {self._line + before.count(chr(10))}: byte 0x{byte:02X} (offset {at}) is not UTF-8, "
                "and JSON is UTF-8; save the file as UTF-8; nothing was imported"
            ) from None

    def _failed(self, error: JSONDecodeError) -> UnreadableFile:
        is_cut = error.msg.startswith("Unterminated") or error.pos >= len(self._text.rstrip())
        return self._cut_off() if is_cut else self._no_json(error.msg, error.pos)

    def _cut_off(self) -> UnreadableFile:
        return UnreadableFile(
            f"{self.name} ends in the middle{self.after}: the download was cut off; fetch it again; nothing was imported"
        )

    def _no_json(self, words: str, at: int) -> UnreadableFile:
        line = self._line + self._text.count("\n", 0, at)
        column = at - self._text.rfind("\n", 0, at)
        where = f"line {line}, column {column}" if line > 1 else f"line {line}"
        return UnreadableFile(f"{self.name} is not JSON{self.after}: {where}: {words}; nothing was imported")


def size_of(path: Path, size_limit: int | None) -> int:
    """Return the size of a JSON file in bytes.

    Raises:
        UnreadableFile: as ``textfile.size_of``.
    """
    return textfile.size_of(path, "JSON file", size_limit)


def _stamp(file: BufferedReader) -> tuple[int, ...]:
    seen = os.fstat(file.fileno())
    return seen.st_dev, seen.st_ino, seen.st_size, seen.st_mtime_ns


def _refuse_other_types(name: str, start: bytes) -> None:
    if not start:
        raise UnreadableFile(f"The file is empty: {name} has 0 bytes")
    if start.startswith(_WIDE):
        raise UnreadableFile(f"{name} is UTF-16 or UTF-32, and JSON is UTF-8; save it as UTF-8")
    if b"\0" in start[:4]:  # each of the first two characters is ASCII (RFC 4627, section 3)
        raise UnreadableFile(
            f"{name} is UTF-16 or UTF-32 without a byte-order mark (byte 0x00 at offset {start.index(0)}), and JSON is "
            "UTF-8; save it as UTF-8"
        )
    begin = start.removeprefix(codecs.BOM_UTF8).lstrip(b" \t\r\n")
    if not begin and len(start) < _CHUNK:
        raise UnreadableFile(f"The file is empty: {name} holds nothing but blanks")
    if begin.startswith(b"<"):
        if b"html" in begin[:4096].lower():
            raise UnreadableFile(f"{name}: this is a web page, not JSON; perhaps the download asked for a login")
        raise UnreadableFile(f"{name}: this is XML, not JSON")
    if begin and not begin.startswith((b"{", b"[")):
        raise UnreadableFile(f"{name}: this is not JSON; it begins with {shown(begin[:12].decode('latin-1'))}")
