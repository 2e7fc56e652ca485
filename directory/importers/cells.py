"""How one cell of a format is read: its column, what it is read against, and what is said when it cannot be."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from enum import StrEnum
from functools import lru_cache
from typing import Any

from directory import clean
from directory.needs import Vocabulary

LIST_LIMIT = 100


@dataclass(frozen=True, slots=True)
class Setting:
    """What a cell is read against: the country of its row ("" unknown), the words we know, the day of the import (UTC)."""

    country: str
    vocabulary: Vocabulary
    today: date


Cleaner = Callable[[str, Setting], Any]
Fault = tuple[str | None, str, str]
"""Column, value, reason: a problem that does not know its file and row yet. Column None: the row as a whole."""


@dataclass(frozen=True, slots=True)
class Column:
    """How one column is read. ``many``: the cell is a list separated by ";". ``local``: cannot be read without a country."""

    read: Cleaner
    required: bool = False
    many: bool = False
    local: bool = False


@dataclass(frozen=True, slots=True)
class Format:
    """A format is a table: its columns by the names in the header. What is in neither it nor an ignore list is refused."""

    name: str
    columns: Mapping[str, Column]


def plain(cleaner: Callable[[str], Any], *, required: bool = False, many: bool = False) -> Column:
    """Return a column whose cells are read by themselves."""
    return Column(lambda cell, _: cleaner(cell), required, many)


def text(limit: int, *, required: bool = False) -> Column:
    """Return a column of one line of text, of at most ``limit`` characters."""
    return Column(lambda cell, _: clean.text(cell, limit), required)


def paragraph(limit: int) -> Column:
    """Return a column of text with line breaks."""
    return Column(lambda cell, _: clean.paragraph(cell, limit))


def local(cleaner: Callable[[str, str], Any]) -> Column:
    """Return a column whose cells mean nothing without the row's country."""
    return Column(lambda cell, setting: cleaner(cell, setting.country), local=True)


def choice(words: type[StrEnum], what: str, *, required: bool = False) -> Column:
    """Return a column that takes one word of a fixed list."""
    return Column(lambda cell, _: words(_known(cell, tuple(words), what)), required)


def facet(name: str, what: str) -> Column:
    """Return a column that takes a list of the values of one facet."""
    return Column(lambda cell, setting: _known(cell, setting.vocabulary.facets[name], what), many=True)


def need(cell: str, setting: Setting) -> str:
    """Return a need by its key; other words for it are only suggested.

    Raises:
        ValueError: "is not a need we know; did you mean 'anxiety'?".
    """
    word = cell.lower()
    if word in setting.vocabulary.needs:
        return word
    meant = setting.vocabulary.resolve(cell[:100]).needs
    hint = f"; did you mean '{meant[0]}'?" if len(meant) == 1 else suggestion(word, setting.vocabulary.needs)
    raise ValueError(f"is not a need we know{hint}")


def read_cells(
    columns: Mapping[str, Column], cells: Mapping[str, str], setting: Setting, at_fault: Mapping[str, str]
) -> tuple[dict[str, Any], list[Fault]]:
    """Return what could be read of a row's cells by column, and what could not, with the reasons.

    ``cells`` holds those with text in them; ``at_fault`` the reasons why some cannot even be looked at.
    """
    values: dict[str, Any] = {}
    found: list[Fault] = []
    for name, column in columns.items():
        cell = cells.get(name)
        if cell is None:
            if column.required:
                found.append((name, "", "is empty"))
        elif name in at_fault:
            found.append((name, cell, at_fault[name]))
        elif column.local and not setting.country:
            continue  # the missing country is a problem already
        elif column.many:
            values[name], faults = _parts(cell, column.read, setting)
            found.extend((name, part, reason) for part, reason in faults)
        else:
            try:
                values[name] = column.read(cell, setting)
            except ValueError as error:
                found.append((name, cell, str(error)))
    return values, found


def suggestion(word: str, words: Collection[str]) -> str:
    """Return what to add to "is not a word we know": the nearest word, or all of a short list."""
    near = nearest(word, words)
    if near is not None:
        return f"; did you mean '{near}'?"
    return f"; write {', '.join(words)}" if len(words) <= 12 else "; docs/formats.md lists them all"


def nearest(word: str, words: Collection[str]) -> str | None:
    """Return the word somebody probably meant, or None when none is near."""
    return next(iter(get_close_matches(word, words, n=1)), None) if len(word) <= 60 else None


def _known(cell: str, words: Collection[str], what: str) -> str:
    word = cell.lower()
    if word not in words:
        raise ValueError(f"is not {what} we know{suggestion(word, words)}")
    return word


@lru_cache(maxsize=20_000)
def _parts(cell: str, read: Cleaner, setting: Setting) -> tuple[tuple[Any, ...], tuple[tuple[str, str], ...]]:
    """Return the parts of a list that can be read, each once; and those that cannot, with the reasons. Many rows say the same."""
    parts = dict.fromkeys(part for each in cell.split(";") if (part := each.strip()))
    if len(parts) > LIST_LIMIT:
        return (), ((cell, f"has {len(parts):,} parts; {LIST_LIMIT} at most"),)
    given: dict[Any, None] = {}
    faults: list[tuple[str, str]] = []
    for part in parts:
        try:
            given[read(part, setting)] = None
        except ValueError as error:
            faults.append((part, str(error)))
    return tuple(given), tuple(faults)
