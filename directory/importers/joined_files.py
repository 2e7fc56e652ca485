"""Which files are joined to a table, as its .toml says under [[join]]."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from directory.importers.cells import nearest
from directory.records import shown

_KEYS = ("file", "sheet", "on", "to", "prefix")


@dataclass(frozen=True, slots=True)
class Joined:
    """A table beside the main one (agencies, sites): its row whose ``to`` is what the row before says in ``on``.

    ``file`` is a file beside the main one, or None for a further ``sheet`` of it. Its columns are named with ``prefix``.
    """

    file: str | None
    on: str
    to: str
    prefix: str
    sheet: str | None = None


def files(value: object) -> tuple[Joined, ...]:
    """Return the files that [[join]] names.

    Raises:
        ValueError: what is wrong, as a sentence that begins with the key.
    """
    tables = value if isinstance(value, list) else [value]
    found = tuple(_file(each) for each in tables)
    prefixes = [each.prefix.casefold() for each in found]
    if len(set(prefixes)) < len(prefixes):
        raise ValueError('join has two tables with one prefix; write prefix = "..." with each')
    return found


def _file(value: object) -> Joined:
    example = '[[join]] with file = "agencies.csv" and on = "agency_id"'
    given = table(value, "join", example)
    for name, text in given.items():
        if name not in _KEYS:
            near = nearest(name, _KEYS)
            raise ValueError(
                f"join: unknown key {shown(name)}; "
                + (f"did you mean '{near}'?" if near else f"the keys are {', '.join(_KEYS)}")
            )
        if not isinstance(text, str) or not text.strip():
            raise ValueError(f"join.{name} is not text; write {example}")
    file, sheet, on = (given.get(name) for name in ("file", "sheet", "on"))
    if on is None or (file is None and sheet is None):
        raise ValueError(f"join does not say which {'column' if on is None else 'file'}; write {example}")
    if file is not None and (PurePosixPath(str(file)).name != file or "\\" in str(file) or file in {".", ".."}):
        raise ValueError(f"join.file = {shown(str(file))} is not the name of a file beside this one")
    stem = Path(str(file)).stem if file is not None else str(sheet)
    on = " ".join(str(on).split())
    prefix = str(given.get("prefix", f"{stem}."))
    to = " ".join(str(given.get("to", on.rpartition(".")[2])).split())
    return Joined(None if file is None else str(file), on, to, prefix, None if sheet is None else str(sheet))


def table(value: object, name: str, example: str) -> Mapping[str, object]:
    """Return a table of a .toml, or say what to write instead."""
    if not isinstance(value, Mapping):
        raise ValueError(f"{name} is not a table; write {example}")
    return value
