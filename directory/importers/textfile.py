"""Bytes -> text: what a file is, which encoding it is in, and its lines, none of them before every byte was decoded."""

from __future__ import annotations

import codecs
import io
import os
import re
import stat
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from directory.errors import UnreadableFile
from directory.records import shown

# A longer line is cut here and refused as a row: every cell of our own format at its longest fits.
LINE_LIMIT = 1_000_000
_CHUNK = 1 << 20
_HEAD = 1 << 16

_NOT_TEXT = {
    b"\x89PNG": "an image (PNG)",
    b"\xff\xd8\xff": "an image (JPEG)",
    b"GIF8": "an image (GIF)",
    b"II*\x00": "an image (TIFF)",
    b"MM\x00*": "an image (TIFF)",
    b"RIFF": "an image or a recording (RIFF)",
    b"%PDF": "a PDF",
    b"PK\x03\x04": "a zip file or a workbook (.xlsx, .ods)",
    b"PK\x05\x06": "an empty zip file",
    b"\xd0\xcf\x11\xe0": "an old workbook (.xls)",
    b"\x1f\x8b": "a gzip file",
    b"BZh": "a bzip2 file",
    b"\xfd7zXZ": "an xz file",
    b"7z\xbc\xaf": "a 7z file",
    b"SQLite format 3\x00": "a SQLite database",
    b"{\\rtf": "a word processor's file (RTF)",
}
_ENDINGS = {"json": "a JSON file", "xlsx": "a workbook", "xls": "a workbook"}
_MARKS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
# What --encoding may name; Python also has codecs that are no encodings of text files (idna, unicode_escape, rot13).
_ENCODINGS = """
    utf-8 utf-16 utf-16-le utf-16-be ascii iso8859-1 iso8859-2 iso8859-5 iso8859-7 iso8859-8 iso8859-9 iso8859-15
    cp437 cp850 cp1250 cp1251 cp1252 cp1253 cp1254 cp1255 cp1256 cp1257 cp1258 mac-roman mac-latin2 mac-cyrillic
    mac-greek koi8-r koi8-u shift_jis cp932 euc_jp gb18030 gbk big5 euc_kr cp949 cp874
"""


@dataclass(slots=True)
class TextFile:
    """A file all of whose bytes are text in ``encoding``. ``line_end`` is LF, or CR for a file of the old Mac."""

    path: Path
    encoding: str
    line_end: str
    bytes_total: int
    notes: tuple[str, ...]
    _mark: int
    _stamp: tuple[int, ...]
    _file: io.BufferedReader | None = field(default=None, repr=False)
    _is_read: bool = False

    @property
    def bytes_read(self) -> int:
        """Return how many of ``bytes_total`` have been read since ``lines`` began."""
        if self._file is None or self._file.closed:
            return self.bytes_total if self._is_read else 0
        return self._file.tell()

    def lines(self) -> Generator[str]:
        """Return the lines without their ends; one longer than ``LINE_LIMIT`` is cut to a character more than that.

        Raises:
            UnreadableFile: the file is gone, or is no longer what ``examine`` saw.
        """
        with reading(self.path), self.path.open("rb") as file:
            self._file = file
            self._refuse_changed(file)
            file.seek(self._mark)
            with io.TextIOWrapper(file, encoding=self.encoding, newline=self.line_end) as text:
                while line := text.readline(LINE_LIMIT + 1):
                    rest = line
                    while len(rest) > LINE_LIMIT and not rest.endswith(self.line_end):
                        rest = text.readline(LINE_LIMIT + 1)
                    yield line.rstrip("\r\n")
                self._refuse_changed(file)
                self._is_read = True

    def _refuse_changed(self, file: io.BufferedReader) -> None:
        if _stamp(os.fstat(file.fileno())) != self._stamp:
            raise UnreadableFile(f"{name_of(self.path)} was changed while it was being read; nothing was imported")


def examine(path: Path, *, encoding: str | None = None, size_limit: int | None = None) -> TextFile:
    """Return the file as text, after decoding the whole of it once, in a stream.

    Without ``encoding`` it must be UTF-8, or UTF-16 with a byte-order mark; another is never guessed.

    Raises:
        UnreadableFile: no such file, not a regular file, larger than ``size_limit`` bytes, empty, of another type (web
            page, image, workbook), an unknown encoding, a byte outside the encoding (with its line and column).
    """
    name = name_of(path)
    asked = None if encoding is None else _known_encoding(encoding)
    with reading(path):
        size = size_of(path, "CSV file", size_limit)
        with path.open("rb") as file:
            head = file.read(_HEAD)
            _refuse_other_types(name, head)
            mark = next((each for each in _MARKS if head.startswith(each)), b"")
            used = _choose(name, head, mark, asked)
            start = head[len(mark) :].decode(used, "replace")
            _refuse_other_text(name, start, whole=len(head) == size)
            line_end = _line_end(start)
            file.seek(len(mark))
            _refuse_bad_bytes(name, file, used, len(mark), line_end, asked=asked is not None)
            stamp = _stamp(os.fstat(file.fileno()))
    notes = [f"read as {_spelt(used)}"] if used != "utf-8" else []
    if line_end == "\r":
        notes.append("its lines end in CR alone (old Mac)")
    return TextFile(path, used, line_end, size, tuple(notes), len(mark), stamp)


def size_of(path: Path, what: str, size_limit: int | None = None) -> int:
    """Return the size in bytes of a regular file, which should be a ``what`` ("workbook").

    Raises:
        UnreadableFile: no such file, not a regular file, larger than ``size_limit`` bytes, empty.
    """
    name = name_of(path)
    with reading(path):
        seen = path.stat()
    if not stat.S_ISREG(seen.st_mode):
        kind = "a folder" if stat.S_ISDIR(seen.st_mode) else "a device, not a file"
        raise UnreadableFile(f"{name} is {kind}; name one {what}")
    if size_limit is not None and seen.st_size > size_limit:
        raise UnreadableFile(f"{name} is too large ({seen.st_size:,} bytes; {size_limit:,} at most)")
    if seen.st_size == 0:
        raise UnreadableFile(f"The file is empty: {name} has 0 bytes")
    return seen.st_size


def begins(path: Path, most: int = _HEAD) -> bytes:
    """Return the first bytes of a regular file, none of anything else. Raises nothing."""
    try:
        with reading(path):
            if stat.S_ISREG(path.stat().st_mode):
                with path.open("rb") as file:
                    return file.read(most)
    except UnreadableFile:
        pass
    return b""


def start(path: Path) -> str:
    """Return how a file of lines and cells begins (64 kB), "" of any other. What is not UTF-8 is replaced. Raises nothing."""
    head = begins(path)
    try:
        _refuse_other_types("", head)
        mark = next((each for each in _MARKS if head.startswith(each)), b"")
        text = head[len(mark) :].decode(_choose("", head, mark, None), "replace")
        _refuse_other_text("", text, whole=False)
    except UnreadableFile:
        return ""
    return text


def name_of(path: Path) -> str:
    """Return a file's name as a message shows it: control characters and broken bytes escaped."""
    return shown(path.name or str(path), limit=200)[1:-1]


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn what the operating system says into words."""
    name = name_of(path)
    try:
        yield
    except FileNotFoundError:
        raise UnreadableFile(f"there is no file {shown(str(path), limit=200)[1:-1]}") from None
    except PermissionError:
        raise UnreadableFile(f"{name} may not be read by this user; check its permissions") from None
    except OSError as error:
        raise UnreadableFile(f"{name} cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise UnreadableFile(f"{name} was changed while it was being read; nothing was imported") from None
    except ValueError:  # a NUL in the path
        raise UnreadableFile(f"'{name}' cannot be the name of a file") from None


def _stamp(seen: os.stat_result) -> tuple[int, ...]:
    return seen.st_dev, seen.st_ino, seen.st_size, seen.st_mtime_ns


def _known_encoding(encoding: str) -> str:
    try:
        known = codecs.lookup(encoding).name
    except (LookupError, ValueError):
        known = ""
    if known not in _ENCODINGS.split():
        usual = "cp1252 (Windows), mac_roman (old Mac), latin-1, utf-8 and utf-16"
        raise UnreadableFile(f"{shown(encoding)} is no encoding we know; the usual ones are {usual}", field="encoding")
    return known


def _refuse_other_types(name: str, head: bytes) -> None:
    if not head:
        raise UnreadableFile(f"The file is empty: {name} has 0 bytes")
    if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        raise UnreadableFile(f"{name} is UTF-32; save it as UTF-8")
    for start, what in _NOT_TEXT.items():
        if head.startswith(start):
            if "workbook" in what:
                raise UnreadableFile(f"{name}: this is {what}, not a CSV; open it and save it as CSV UTF-8")
            raise UnreadableFile(f"{name}: this is {what}, not {_promised(name)}")


def _refuse_other_text(name: str, text: str, *, whole: bool) -> None:
    begin = text.lstrip("\ufeff \t\r\n")
    if whole and not begin:
        raise UnreadableFile(f"The file is empty: {name} holds nothing but blanks")
    if begin.startswith("<"):
        if "html" in begin[:4096].lower():
            asked = "perhaps the download asked for a login"
            raise UnreadableFile(f"{name}: this is a web page, not {_promised(name)}; {asked}")
        raise UnreadableFile(f"{name}: this is XML, not {_promised(name)}")
    if begin.startswith(("{", "[")):
        raise UnreadableFile(
            f"{name}: this is JSON, not {'a workbook' if _promised(name) == 'a workbook' else 'a CSV'}"
        )


def _promised(name: str) -> str:
    """Return what a file's name says that it is."""
    return _ENDINGS.get(name.rpartition(".")[2].casefold(), "a CSV")


def _choose(name: str, head: bytes, mark: bytes, asked: str | None) -> str:
    """Return the encoding to read with: the mark's, the one asked for, or UTF-8."""
    if mark:
        marked = _MARKS[mark]
        if asked not in {None, marked, "utf-16" if marked.startswith("utf-16") else marked}:
            raise UnreadableFile(
                f"{name} begins with the byte-order mark of {_spelt(marked)}, which contradicts --encoding {asked}; "
                "leave --encoding away",
                field="encoding",
            )
        return marked
    if asked is not None and asked.startswith("utf-16"):
        return "utf-16-le" if asked == "utf-16" else asked
    if head.count(0) * 4 >= len(head):
        raise UnreadableFile(
            f"{name} is full of NUL bytes: it is UTF-16 without a byte-order mark, or no text at all; save it as UTF-8, "
            "or import it with --encoding utf-16-le"
        )
    return asked or "utf-8"


def _line_end(text: str) -> str:
    """Return CR if the first line ends in CR alone (its cells may hold LF all the same), else LF."""
    end = re.search("[\r\n]+", text)
    return "\r" if end is not None and "\n" not in end[0] else "\n"


def _refuse_bad_bytes(
    name: str, file: io.BufferedReader, encoding: str, offset: int, line_end: str, *, asked: bool
) -> None:
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    line, column, plain = 1, 1, True
    while True:
        chunk = file.read(_CHUNK)
        offset += len(chunk)
        try:
            text = decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            before = error.object[: error.start].decode(encoding, "replace")
            line, column = _moved(line, column, before, line_end)
            at = offset - len(error.object) + error.start
            words = f"{name} line {line}, column {column}: byte 0x{error.object[error.start]:02X} (offset {at})"
            advice = _advice(error.object[error.start], asked=asked, plain=plain and before.isascii())
            raise UnreadableFile(f"{words} is not {_spelt(encoding)}; {advice}") from None
        if not chunk:
            return
        plain = plain and text.isascii()
        line, column = _moved(line, column, text, line_end)


def _moved(line: int, column: int, text: str, line_end: str) -> tuple[int, int]:
    """Return the line and column after ``text``."""
    ends = text.count(line_end)
    return line + ends, (len(text) - text.rfind(line_end) if ends else column + len(text))


def _advice(byte: int, *, asked: bool, plain: bool) -> str:
    """Return what to do about a byte: what it would be in the two encodings that old spreadsheets write."""
    if asked:
        return "try another --encoding, or save the file as UTF-8; nothing was imported"
    readings = []
    for encoding in ("cp1252", "mac_roman"):
        letter = bytes([byte]).decode(encoding, "replace")
        means = f" (there it is {letter})" if letter.isprintable() and letter != "\ufffd" else ""
        readings.append(f"--encoding {encoding}{means}")
    first = "save the file as UTF-8" if plain else "the text before it is UTF-8: mend this one place"
    return f"{first}, or import it with {' or '.join(readings)}; nothing was imported"


def _spelt(encoding: str) -> str:
    return (
        "UTF-16"
        if encoding.startswith("utf-16")
        else "UTF-8"
        if encoding == "utf-8"
        else encoding.replace("mac-", "mac_")
    )
