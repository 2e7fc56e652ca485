"""What is true of a source is data beside its file: ``crisis_lines.toml`` beside ``crisis_lines.csv``."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from directory import clean
from directory.errors import UnreadableFile
from directory.importers import column_map
from directory.importers.column_map import ColumnMap
from directory.importers.textfile import name_of, reading
from directory.records import shown

NOT_STATED = "not stated"
MODES = ("full", "partial")
KEY_LIMIT = 100
_SIZE_LIMIT = 1_000_000


@dataclass(frozen=True, slots=True)
class Source:
    """A publisher's file: who, on what terms, retrieved when.

    ``key`` is what a maintainer types (``directory undo therapists``). ``mode`` is ``full`` (what the file no longer has
    is missing) or ``partial`` (never missing). ``ignore`` names columns of the file that are left out on purpose.
    ``format`` names the file's format, ``download`` is where the file is fetched from, at most every ``every_days``.
    ``values`` are true of every row, by our columns: needs are added to a row's own, anything else stands where the row
    says nothing. ``column_map`` says how a table of the publisher's own becomes our columns.
    """

    key: str
    publisher: str = NOT_STATED
    name: str = ""
    terms: str = NOT_STATED
    url: str | None = None
    retrieved: date | None = None
    mode: str = "full"
    minimum_rows: int = 0
    note: str | None = None
    ignore: tuple[str, ...] = ()
    format: str | None = None
    download: str | None = None
    every_days: int | None = None
    encoding: str | None = None
    sheet: str | None = None
    header_row: int | None = None
    individuals: bool = False
    values: Mapping[str, str] = field(default_factory=dict)
    column_map: ColumnMap | None = None


@dataclass(frozen=True, slots=True)
class Options:
    """How a maintainer asked for a file to be read. ``individuals``: also single persons of a registry (NPPES)."""

    encoding: str | None = None
    size_limit: int | None = None
    individuals: bool = False


def beside(path: Path, key: str | None = None) -> Source:
    """Return what the .toml beside ``path`` says of its source; without one, its key and "not stated".

    The source's key is ``key``, else what the .toml calls ``source``, else the file's stem. A source without a name is
    called by its key.

    Raises:
        UnreadableFile: a .toml that is not TOML, an unknown key, a value of the wrong type, a stem that cannot be a key.
    """
    toml = Path(f"{path.with_suffix('')}.toml") if path.name else path
    values = _values(toml) if toml.is_file() else {}
    named = str(values.pop("source", path.stem))
    key = _key(named if key is None else key)
    return Source(key, **{"name": key, **values})


def toml_of(path: Path) -> str:
    """Return the name of the .toml beside ``path``, for messages."""
    return name_of(Path(f"{path.with_suffix('')}.toml")) if path.name else name_of(path)


def _key(key: str) -> str:
    key = key.strip()
    if not (0 < len(key) <= KEY_LIMIT and key.isprintable() and not key.startswith("-")):
        raise UnreadableFile(
            f"{shown(key)} cannot name a source: write 1 to {KEY_LIMIT} visible characters, the first not a hyphen, "
            "with --source",
            field="source",
        )
    return key


def _values(path: Path) -> dict[str, Any]:
    values = _read(path)
    tables = {name: values.pop(name) for name in column_map.KEYS if name in values}
    fixed = values.pop("values", {})
    for name, value in values.items():
        if name not in KEYS:
            near = get_close_matches(name, KEYS, n=1)
            hint = f"did you mean '{near[0]}'?" if near else f"the keys are {', '.join(KEYS)}"
            raise UnreadableFile(f"{name_of(path)}: unknown key {shown(name)}; {hint}")
        try:
            values[name] = KEYS[name](value)
        except ValueError as error:
            raise UnreadableFile(f"{name_of(path)}: {name} = {shown(_spelt(value))} {error}") from None
    try:
        values["values"] = {**_checked(values), **_fixed(fixed)}
        if tables:
            values["column_map"] = column_map.column_map(tables, values["values"], values.get("ignore", ()))
    except ValueError as error:
        raise UnreadableFile(f"{name_of(path)}: {error}") from None
    return values


def _checked(values: dict[str, Any]) -> Mapping[str, str]:
    """Return what the day the publisher checked the whole file says of every row."""
    day = values.pop("checked", None)
    if day is None:
        return {}
    if "publisher" not in values:
        raise ValueError("checked names a day, and publisher is missing: say who checked")
    return {"last_checked": day.isoformat(), "checked_by": values["publisher"]}


def _read(path: Path) -> dict[str, Any]:
    name = name_of(path)
    with reading(path), path.open("rb") as file:
        data = file.read(_SIZE_LIMIT + 1)
    if len(data) > _SIZE_LIMIT:
        raise UnreadableFile(f"{name} is too large (more than {_SIZE_LIMIT:,} bytes)")
    try:
        return tomllib.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise UnreadableFile(f"{name}: the byte at offset {error.start} is not UTF-8; save it as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise UnreadableFile(f"{name} is not TOML: {str(error)[:1].lower()}{str(error)[1:]}") from None
    except (RecursionError, ValueError):
        raise UnreadableFile(f"{name} is not TOML we can read") from None


def _spelt(value: object) -> str:
    try:
        return str(value)
    except ValueError:  # a hexadecimal number longer than Python writes in decimals
        return "..."


def _words(limit: int) -> Callable[[object], str]:
    def read(value: object) -> str:
        if not isinstance(value, str):
            raise ValueError('is not text; write it in quotes: "..."')
        text = clean.paragraph(value, limit)
        if not text:
            raise ValueError("is empty; leave the line away")
        return text

    return read


def _url(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError('is not text; write it in quotes: "https://..."')
    return clean.url(value)


def _day(value: object) -> date:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(_spelt(value))
    except ValueError:
        raise ValueError("is not a date; write 2026-08-31") from None


def _mode(value: object) -> str:
    if value not in MODES:
        raise ValueError('is not a mode; write "full" or "partial"')
    return str(value)


def _count(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**31:
        raise ValueError("is not a number of rows; write a whole number, 0 or more")
    return value


def _names(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise ValueError('is not a list of column names; write ["fax", "editor notes"]')
    return tuple(value)


def _download(value: object) -> str:
    address = _url(value)
    if not address.startswith("https://"):
        raise ValueError("is not safe to fetch; it must begin with https://")
    return address


def _days(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= 3660:
        raise ValueError("is not a number of days; write a whole number, 1 or more")
    return value


def _row_number(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= 1000:
        raise ValueError("is not the number of a row; write the row that names the columns, such as 3")
    return value


def _true_or_false(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("is not true or false; write it without quotes")
    return value


def _fixed(value: object) -> Mapping[str, str]:
    if not isinstance(value, Mapping):
        raise ValueError('values is not a table; write [values] and under it kind = "support_group"')
    found = {}
    for name, each in value.items():
        try:
            column_map.our_column(name)
        except ValueError as error:
            raise ValueError(f"values.{name} {error}") from None
        try:
            found[name] = column_map.written(each)
        except ValueError:
            raise ValueError(f"values.{name} is not text; write it in quotes") from None
    return {name: each for name, each in found.items() if each}


KEYS: Mapping[str, Callable[[object], object]] = {
    "source": _words(KEY_LIMIT),
    "publisher": _words(300),
    "name": _words(300),
    "terms": _words(2000),
    "url": _url,
    "retrieved": _day,
    "mode": _mode,
    "minimum_rows": _count,
    "note": _words(4000),
    "ignore": _names,
    "format": _words(KEY_LIMIT),
    "download": _download,
    "every_days": _days,
    "encoding": _words(KEY_LIMIT),
    "sheet": _words(KEY_LIMIT),
    "header_row": _row_number,
    "individuals": _true_or_false,
    "checked": _day,
    "values": _fixed,
    **column_map.KEYS,
}
