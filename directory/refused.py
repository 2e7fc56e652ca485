"""The rows an import refused, as a CSV in the publisher's own columns with the problem beside them: to mend and import again."""

from __future__ import annotations

import csv
import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from directory import clean, outfile
from directory.importers.sources import NOT_STATED, Source
from directory.records import Problem, Row, shown

PROBLEM = "problem"
"""The column that is added; every import ignores it."""
MARK = "# Written by directory import --refused, which replaces this file the next time."
WITHHELD = "the row is left out here, for its place is confidential: mend it in the file it came from"
# What is true of the publisher's file, and not of this one: other rows, UTF-8, its columns in row 1.
_NOT_OURS = frozenset(
    {
        "source",
        "mode",
        "minimum_rows",
        "download",
        "every_days",
        "format",
        "encoding",
        "sheet",
        "header_row",
        "retrieved",
    }
)
_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?")


class Refusals:
    """Refused rows, kept on disk while a file is read."""

    def __init__(self, store: IO[str], columns: Sequence[str]) -> None:
        self.count = 0
        self._store = store
        self._columns = dict.fromkeys(columns)

    def add(self, row: Row, *, hidden: bool = False) -> None:
        """Keep a refused row; of a ``hidden`` one, as of one that says so itself, its id alone."""
        cells = {} if hidden else dict(row.cells)
        said = "; ".join(_said(each) for each in row.problems)
        if not cells:
            cells = {"id": row.external_id or ""} if "id" in self._columns else {}
            said = WITHHELD if hidden else said
        self._columns.update(dict.fromkeys(cells))
        cells[PROBLEM] = f"row {row.number}: {said}"
        self._store.write(json.dumps(cells) + "\n")
        self.count += 1

    def write(self, path: Path) -> None:
        """Write the CSV, with a header also when nothing was refused.

        Raises:
            BadQuery: as ``outfile.whole``.
        """
        columns = [*(name for name in self._columns if name != PROBLEM), PROBLEM]
        self._store.seek(0)
        with outfile.whole(path) as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(columns)
            for line in self._store:
                cells: Mapping[str, str] = json.loads(line)
                writer.writerow([_safe(cells.get(name, "")) for name in columns])


@contextmanager
def keeping(columns: Sequence[str]) -> Iterator[Refusals]:
    """Open a store for the refused rows of a file with these columns."""
    with TemporaryFile("w+", encoding="utf-8") as store:
        yield Refusals(store, columns)


def toml(path: Path, source: Source, format_name: str) -> str | None:
    """Return what stands in the .toml beside refused rows: all that is true of the source, and mode "partial".

    ``path`` is the publisher's file. None when its .toml cannot be taken over line by line.
    """
    own = path.with_suffix(".toml") if path.name else path
    before = own.read_text(encoding="utf-8-sig") if own.is_file() else _plain(source)
    new: dict[str, object] = {"source": source.key, "mode": "partial", "format": format_name}
    if source.retrieved is not None:
        new["retrieved"] = source.retrieved
    lines, in_tables = [], False
    for line in before.splitlines():
        in_tables = in_tables or line.startswith("[")
        name = re.match(r"([A-Za-z_]+)\s*=", line)
        if in_tables or name is None or name[1] not in _NOT_OURS:
            lines.append(line)
    text = "\n".join([*(f"{name} = {_written(value)}" for name, value in new.items()), *lines]) + "\n"
    try:
        kept = {name: value for name, value in tomllib.loads(before).items() if name not in _NOT_OURS}
        return text if tomllib.loads(text) == {**kept, **new} else None
    except tomllib.TOMLDecodeError:
        return None


def _plain(source: Source) -> str:
    values = {"publisher": source.publisher, "name": source.name, "terms": source.terms, "url": source.url}
    stated = {name: value for name, value in values.items() if value and value != NOT_STATED}
    lines = [f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in stated.items()]
    return "\n".join(lines)


def _written(value: object) -> str:
    return value.isoformat() if isinstance(value, date) else json.dumps(value, ensure_ascii=False)


def _said(problem: Problem) -> str:
    if problem.column is None:
        return problem.reason
    return f"column '{problem.column}': {shown(problem.value)} {problem.reason}"


def _safe(cell: str) -> str:
    """Return a cell no spreadsheet runs. One that came quoted stays, and a number runs nothing."""
    return cell if cell.startswith("'") or _NUMBER.fullmatch(cell) else clean.quoted(cell)
