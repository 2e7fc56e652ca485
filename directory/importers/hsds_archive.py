"""Where the tables of an HSDS package lie: a folder, a zip or a datapackage.json, as files to read, table by table.

What is a bomb, holds too many files or names a path outside itself is refused from the zip's directory, before anything
is unpacked; only tables are unpacked, into a temporary folder.
"""

from __future__ import annotations

import json
import re
import shutil
import struct
import tempfile
import weakref
import zipfile
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from directory.errors import DirectoryError, UnreadableFile
from directory.importers.textfile import name_of, reading
from directory.records import shown

PACKAGE = "datapackage.json"
ENTRY_LIMIT = 10_000
_TOTAL_LIMIT = 4_000_000_000
_RATIO_LIMIT = 200
_FLOOR = 20_000_000
_DIRECTORY_LIMIT = 4_000_000
_PACKAGE_LIMIT = 10_000_000
_ARCHIVES = frozenset(".zip .gz .tgz .bz2 .xz .7z .rar .tar .jar .xlsx .ods".split())

# Table by file name and by the name datapackage.json may give it; both singular and plural are met.
FILES: Mapping[str, str] = {
    "organizations": "organization",
    "programs": "program",
    "services": "service",
    "attributes": "attribute",
    "service_at_location": "service_at_location",
    "service_at_locations": "service_at_location",
    "services_at_location": "service_at_location",
    "locations": "location",
    "phones": "phone",
    "contacts": "contact",
    "addresses": "address",
    "schedules": "schedule",
    "funding": "funding",
    "service_areas": "service_area",
    "required_documents": "required_document",
    "languages": "language",
    "accessibility": "accessibility",
    "taxonomy_terms": "taxonomy_term",
    "taxonomies": "taxonomy",
    "metadata": "metadata",
    "meta_table_descriptions": "meta_table_description",
    "cost_options": "cost_option",
    "organization_identifiers": "organization_identifier",
}
_TABLES = frozenset(FILES.values())


@dataclass(slots=True)
class Located:
    """The files of a package by table; ``others`` are files that are no table, ``bytes_total`` the size of the tables.

    Files of a zip lie in a temporary folder that goes when this goes.
    """

    tables: Mapping[str, Path]
    others: Sequence[str] = ()
    notes: Sequence[str] = ()
    folder: object = field(default=None, repr=False)


def is_package(path: Path) -> bool:
    """Return whether a path holds an HSDS package; cheap, never raises."""
    try:
        if path.is_dir():
            return (path / "services.csv").is_file() or _names_services(path / PACKAGE)
        if path.name == PACKAGE or path.suffix.lower() == ".json":
            return _names_services(path) or (path.name == PACKAGE and (path.parent / "services.csv").is_file())
        with path.open("rb") as file:
            if file.read(4) != b"PK\x03\x04":
                return False
            _refuse_directory(path.name, file, path.stat().st_size)
            with zipfile.ZipFile(file) as archive:
                return any(PurePosixPath(name).name.lower() == "services.csv" for name in archive.namelist())
    except Exception:
        return False


def locate(path: Path, size_limit: int | None = None) -> Located:
    """Return where the tables of a package are.

    Raises:
        UnreadableFile: there is no such package; it has no table of services; a zip bomb, more than 10,000 files in it,
            a path outside, a password, a damaged zip; tables of more than ``size_limit`` bytes.
    """
    name = name_of(path)
    with reading(path):
        path.stat()
        if path.is_dir():
            found = _in_folder(path)
        elif path.suffix.lower() == ".json":
            found = _in_folder(path.parent)
        else:
            found = _in_zip(path, name, size_limit)
    if "service" not in found.tables:
        raise UnreadableFile(f"{name} has no table of services (services.csv), as an HSDS package has")
    with reading(path):
        size = sum(each.stat().st_size for each in found.tables.values())
    if size_limit is not None and size > size_limit:
        raise UnreadableFile(f"{name} is too large ({size:,} bytes of tables; {size_limit:,} at most)")
    return found


def _in_folder(folder: Path) -> Located:
    tables: dict[str, Path] = {}
    others = []
    notes = []
    stated, doubt = _stated(folder / PACKAGE)
    if doubt:
        notes.append(doubt)
    for name, table in stated.items():
        target = folder / name
        if target.is_file():
            tables[table] = target
        else:
            notes.append(f"{PACKAGE} names {shown(name)}, which is not there")
    for each in sorted(folder.iterdir()):
        table = FILES.get(each.stem.lower(), "") if each.suffix.lower() == ".csv" else ""
        if table and table not in tables:
            tables[table] = each
        elif each not in tables.values() and each.name != PACKAGE and each.suffix.lower() == ".csv":
            others.append(each.name)
    return Located(tables, others, notes)


def _stated(path: Path) -> tuple[dict[str, str], str]:
    """Return table by file as datapackage.json says, and what is wrong with it: then the tables go by their names."""
    if not path.is_file():
        return {}, ""
    with path.open("rb") as file:
        text = file.read(_PACKAGE_LIMIT + 1)
    try:
        if len(text) > _PACKAGE_LIMIT:
            raise ValueError
        resources = json.loads(text.decode("utf-8-sig"))["resources"]
        pairs = [(str(each["path"]), str(each.get("name", ""))) for each in resources]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return {}, f"{PACKAGE} is no description of a package; its tables are known by their file names"
    found: dict[str, str] = {}
    for file_name, name in pairs:
        table = name if name in _TABLES else FILES.get(name) or FILES.get(PurePosixPath(file_name).stem.lower())
        if _is_outside(file_name):
            raise UnreadableFile(f"{PACKAGE} names a file outside its folder ({shown(file_name)})")
        if table and table not in found.values():
            found[file_name] = table
    return found, ""


def _is_outside(name: str) -> bool:
    path = PurePosixPath(name)
    return ".." in path.parts or path.is_absolute() or re.search(r"[\\:\0]", name) is not None


def _names_services(path: Path) -> bool:
    """Return whether a file is a datapackage.json with a table of services."""
    if not path.is_file() or path.stat().st_size > _PACKAGE_LIMIT:
        return False
    data = path.read_bytes()
    if not data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{") or b'"resources"' not in data:
        return False
    return "service" in _stated(path)[0].values()


def _in_zip(path: Path, name: str, size_limit: int | None) -> Located:
    try:
        with path.open("rb") as file:
            if file.read(4) != b"PK\x03\x04":
                raise UnreadableFile(f"{name} is neither a folder, a zip nor a datapackage.json")
            _refuse_directory(name, file, path.stat().st_size)
            with zipfile.ZipFile(file) as archive:
                entries = archive.infolist()
                _refuse_entries(name, entries, path.stat().st_size, size_limit)
                return _unpacked(archive, entries)
    except DirectoryError:
        raise
    except (zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, ValueError, KeyError) as error:
        raise UnreadableFile(f"{name} is a damaged zip ({type(error).__name__}); download it again") from None


def _unpacked(archive: zipfile.ZipFile, entries: Iterable[zipfile.ZipInfo]) -> Located:
    """Unpack the tables beside services.csv, flat, into a temporary folder."""
    files = [each for each in entries if not each.is_dir()]
    services = [each for each in files if PurePosixPath(each.filename).name.lower() == "services.csv"]
    inside = PurePosixPath(services[0].filename).parent if services else PurePosixPath()
    folder = Path(tempfile.mkdtemp(prefix="hsds-"))
    holder = _Folder()
    weakref.finalize(holder, shutil.rmtree, folder, ignore_errors=True)
    wanted = set()
    for each in files:
        path = PurePosixPath(each.filename)
        if path.parent == inside and (path.name == PACKAGE or path.suffix.lower() == ".csv"):
            wanted.add(each.filename)
            with archive.open(each) as source, (folder / path.name).open("wb") as target:
                shutil.copyfileobj(source, target, 1 << 20)
    found = _in_folder(folder)
    found.others = [*found.others, *sorted(each.filename for each in files if each.filename not in wanted)]
    found.folder = holder
    return found


class _Folder:
    """Stands for a temporary folder."""


def _refuse_directory(name: str, file: BinaryIO, size: int) -> None:
    """Refuse a zip whose directory is too long to be listed (APPNOTE.TXT 4.3.16, end of central directory record)."""
    length = min(size, 22 + 65_535 + 20)
    file.seek(size - length)
    tail = file.read(length)
    end = tail.rfind(b"PK\x05\x06")
    if end < 0 or len(tail) - end < 22:
        raise UnreadableFile(f"{name} is cut off, or no zip at all; download it again")
    entries, directory = struct.unpack_from("<HL", tail, end + 10)
    if tail.rfind(b"PK\x06\x07", max(0, end - 20), end) >= 0 or entries > ENTRY_LIMIT or directory > _DIRECTORY_LIMIT:
        raise UnreadableFile(f"{name} holds more than {ENTRY_LIMIT:,} files, as no HSDS package does")
    file.seek(0)


def _refuse_entries(name: str, entries: Sequence[zipfile.ZipInfo], size: int, size_limit: int | None) -> None:
    if len(entries) > ENTRY_LIMIT:
        raise UnreadableFile(f"{name} holds more than {ENTRY_LIMIT:,} files, as no HSDS package does")
    if len({each.filename.lower() for each in entries}) < len(entries):
        raise UnreadableFile(f"{name} holds two files of one name, as no HSDS package does")
    for each in entries:
        if _is_outside(each.filename) or _is_outside(each.orig_filename):
            raise UnreadableFile(f"{name} names a file outside itself ({shown(each.orig_filename)})")
        if PurePosixPath(each.filename).suffix.lower() in _ARCHIVES:
            raise UnreadableFile(f"{name} holds another archive ({shown(each.filename)}), as no HSDS package does")
        if each.flag_bits & 1:
            raise UnreadableFile(f"{name} has a password; save it without one")
        if each.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
            raise UnreadableFile(f"{name} is packed in a way we do not read; pack it again as a plain zip")
    total = sum(each.file_size for each in entries)
    if total > min(_TOTAL_LIMIT, size_limit or _TOTAL_LIMIT) or total > max(_FLOOR, _RATIO_LIMIT * size):
        raise UnreadableFile(
            f"{name} unpacks to {total:,} bytes, more than a package of its size may; nothing was unpacked"
        )
