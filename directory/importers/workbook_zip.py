"""What the zip of a workbook may hold: told from its directory, before anything is unpacked."""

from __future__ import annotations

import re
import struct
import zipfile
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import BinaryIO

from directory.errors import UnreadableFile
from directory.records import shown

ENTRY_LIMIT = 10_000
_TOTAL_LIMIT = 2_000_000_000
_STRINGS_LIMIT = 200_000_000
_PART_LIMIT = 50_000_000
# Sheets shrink 5 to 50 times; a bomb 1,000 times. Below the floor nothing can hurt.
_RATIO_LIMIT = 200
_FLOOR = 20_000_000
_DIRECTORY_LIMIT = 4_000_000
_ARCHIVES = frozenset(".zip .gz .tgz .bz2 .xz .7z .rar .tar .jar .xlsx .xlsm .xlsb .docx .pptx .ods .odt .epub".split())
_OTHERS = {
    "xl/workbook.bin": "a binary workbook (.xlsb)",
    "word/document.xml": "a Word document",
    "ppt/presentation.xml": "a presentation",
    "mimetype": "an OpenDocument file (.ods)",
}


def refuse_unsafe(name: str, file: BinaryIO, size: int) -> None:
    """Refuse a zip that is no workbook, or would hurt whoever unpacks it.

    Raises:
        UnreadableFile: cut off, more than 10,000 entries, a name twice, a path outside, an archive within, a password, a
            packing we do not read, more to unpack than a workbook of its size holds, no workbook.
        zipfile.BadZipFile, OSError, ValueError: a directory that cannot be read.
    """
    _refuse_directory(name, file, size)
    with zipfile.ZipFile(file) as archive:
        _refuse_entries(name, archive.infolist(), size)


def _refuse_directory(name: str, file: BinaryIO, size: int) -> None:
    """Refuse a zip whose directory is too long to be listed (APPNOTE.TXT 4.3.16, end of central directory record)."""
    length = min(size, 22 + 65_535 + 20)
    file.seek(size - length)
    tail = file.read(length)
    end = len(tail) - 22 if tail[-22:-18] == b"PK\x05\x06" and tail[-2:] == b"\0\0" else tail.rfind(b"PK\x05\x06")
    if end < 0 or len(tail) - end < 22:
        raise UnreadableFile(f"{name} is cut off, or no zip at all; download it again")
    entries, directory = struct.unpack_from("<HL", tail, end + 10)
    if tail.rfind(b"PK\x06\x07", max(0, end - 20), end) >= 0 or entries > ENTRY_LIMIT or directory > _DIRECTORY_LIMIT:
        raise UnreadableFile(f"{name} holds more than {ENTRY_LIMIT:,} files, as no workbook does")


def _refuse_entries(name: str, entries: Sequence[zipfile.ZipInfo], size: int) -> None:
    if len(entries) > ENTRY_LIMIT:
        raise UnreadableFile(f"{name} holds more than {ENTRY_LIMIT:,} files, as no workbook does")
    names = {each.filename for each in entries}
    if len(names) < len(entries):
        raise UnreadableFile(f"{name} holds two files of one name, as no workbook does")
    for each in entries:
        path = PurePosixPath(each.filename)
        if ".." in path.parts or path.is_absolute() or re.search(r"[\\:\0]", each.orig_filename):
            raise UnreadableFile(f"{name} names a file outside itself ({shown(each.orig_filename)})")
        if path.suffix.lower() in _ARCHIVES and "embeddings" not in path.parts:
            raise UnreadableFile(f"{name} holds another archive ({shown(each.filename)}), as no workbook does")
        if each.flag_bits & 1:
            raise UnreadableFile(f"{name} has a password; save it without one")
        if each.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
            raise UnreadableFile(f"{name} is packed in a way we do not read; save it again as .xlsx")
        if each.file_size > _limit(path):
            raise UnreadableFile(_too_much(name, each.file_size))
    total = sum(each.file_size for each in entries)
    if total > _TOTAL_LIMIT or total > max(_FLOOR, _RATIO_LIMIT * size):
        raise UnreadableFile(_too_much(name, total))
    if "xl/workbook.xml" not in names:
        what = next((words for part, words in _OTHERS.items() if part in names), "a zip file")
        raise UnreadableFile(f"{name}: this is {what}, not a workbook (.xlsx)")


def _limit(part: PurePosixPath) -> int:
    if part.match("xl/worksheets/*.xml") or part.suffix.lower() not in {".xml", ".rels"}:
        return _TOTAL_LIMIT
    return _STRINGS_LIMIT if part.name == "sharedStrings.xml" else _PART_LIMIT


def _too_much(name: str, size: int) -> str:
    return f"{name} unpacks to {size:,} bytes, far more than a workbook of its size holds; nothing was unpacked"
