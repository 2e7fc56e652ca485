"""Look over listing files without a database: what an import would refuse or warn of, and what only a curator can mend."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from directory import phones
from directory.errors import UnreadableFile
from directory.importers import own, sources
from directory.needs import Vocabulary
from directory.records import Kind, Listing, Phone, Problem


def files(path: Path) -> list[Path]:
    """Return the listing files that ``path`` names: itself, or the CSV files with a .toml of a source beside them.

    Raises:
        UnreadableFile: there is nothing at ``path``, or a folder without such files.
    """
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise UnreadableFile(f"there is no file or folder {path}")
    found = [each for each in sorted(path.glob("*.csv")) if each.with_suffix(".toml").is_file() and is_listings(each)]
    if not found:
        raise UnreadableFile(f"{path} holds no listing files (a CSV in our own format with a .toml beside it)")
    return found


def is_listings(path: Path) -> bool:
    """Return whether a CSV's header is that of listings; the folder ``data`` also holds vocabularies."""
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        header = next(csv.reader(file), [])
    return {"id", "kind", "name"} <= set(header)


def check(path: Path, vocabulary: Vocabulary, *, today: date, superseded: dict[str, str]) -> Iterator[Problem]:
    """Yield everything wrong or doubtful in one listing file, row by row.

    Beside what an import refuses or warns of: superseded numbers, lines that serve nowhere, too few rows.
    ``superseded`` maps a number as dialled to what replaced it.
    """
    source = sources.beside(path, None)
    reading = own.read(path, vocabulary, today=today, ignore=source.ignore)
    good = 0
    for row in reading.rows:
        yield from row.problems
        yield from row.warnings
        if row.listing is not None:
            good += 1
            yield from _doubts(row.listing, source.key, row.number, superseded)
    if good < source.minimum_rows:
        reason = f"only {good} usable rows, and its .toml expects at least {source.minimum_rows}"
        yield Problem(source.key, 1, None, "", reason)


def superseded_numbers(folder: Path) -> dict[str, str]:
    """Return superseded_numbers.csv as {number as dialled: what to write instead}."""
    with (folder / "superseded_numbers.csv").open(encoding="utf-8", newline="") as file:
        return {
            row["country"] + " " + number.number: row["replaced_by"]
            for row in csv.DictReader(file)
            if (number := _dialled(row["number"], row["country"])) is not None
        }


def _dialled(text: str, country: str) -> Phone | None:
    """Read a number that may not be dialled any more: as the cleaner does, else its bare digits."""
    try:
        return phones.dialable(text, country)
    except ValueError:
        digits = "".join(c for c in text if c.isdigit() or c == "+")
        return Phone(digits) if digits else None


def _doubts(listing: Listing, source: str, row: int, superseded: dict[str, str]) -> Iterator[Problem]:
    for column, number in (("phone", listing.phone.number if listing.phone else None), ("sms", listing.sms)):
        new = superseded.get(f"{listing.country} {number}")
        if number is not None and new is not None:
            yield Problem(source, row, column, number, f"is superseded; write {new}")
    if listing.kind is Kind.CRISIS_LINE and not listing.service_area:
        yield Problem(source, row, "service_area", "", "is empty; say which country or region the line serves")
