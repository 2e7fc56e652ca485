"""What a format makes of a publisher's file, for the engine: drafts of its records, and what is counted on the way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Protocol

from directory.geocoding import Gazetteer
from directory.importers.cells import Fault
from directory.needs import Vocabulary
from directory.records import Row

WORDS_LIMIT = 10_000
OTHERS = "(others)"


class Known(Protocol):
    """Rows that were read before, so that one that has not changed need not be cleaned again."""

    @property
    def rules(self) -> bytes:
        """Return a hash of all that a row is read by: our code, our words, the places."""

    def hashes(self, external_ids: Sequence[str]) -> Mapping[str, str]:
        """Return what ``Row.raw_hash`` was when these ids were read last, of those that came in with nothing to say."""


@dataclass(frozen=True, slots=True)
class Context:
    """What files are read against: our words, the places, the data folder (for ``mappings``), the day of the import (UTC).

    ``known`` are the rows of the source as they were read before; ``processes`` tells how many others may help to read.
    """

    vocabulary: Vocabulary
    gazetteer: Gazetteer
    data_folder: Path
    today: date
    known: Known | None = None
    processes: Callable[[], int] = int


@dataclass(slots=True)
class Draft:
    """One record of a publisher, as text by the columns of our own CSV; lists are separated by ";".

    ``number`` is the row a spreadsheet shows, or the place in an array from 1. ``cells`` may also hold ``hours_text``:
    hours in the publisher's words, which become ``hours``, else ``hours_note``. ``origins`` names the publisher's column
    of ours, for messages. ``own`` are the publisher's columns as they were. The lists of faults (publisher's column,
    value, reason) say what the format itself found. ``unread`` holds why a cell cannot even be looked at. ``whole`` is
    False when the row could not be read as a row. ``differs`` says in what a draft is not the earlier one with its id.
    """

    number: int
    cells: dict[str, str]
    origins: Mapping[str, str] = field(default_factory=dict)
    own: Mapping[str, str] = field(default_factory=dict)
    problems: list[Fault] = field(default_factory=list)
    warnings: list[Fault] = field(default_factory=list)
    repairs: list[Fault] = field(default_factory=list)
    unread: Mapping[str, str] = field(default_factory=dict)
    whole: bool = True
    where: str = ""
    differs: str = ""


class Words(Counter[str]):
    """How often words were met: the first 10,000 different ones by themselves, so that memory does not grow with a file."""

    def __setitem__(self, word: str, count: int) -> None:
        if word not in self and len(self) >= WORDS_LIMIT:
            word, count = OTHERS, self[OTHERS] + count
        super().__setitem__(word, count)


@dataclass(slots=True)
class Tally:
    """What is counted while a file is read, beside its rows.

    ``combined``: records that joined another row (a group's other weekdays). ``left_out``: records that are none of
    ours, by the reason. ``unmapped``: words of the publisher's vocabulary that became nothing, with how often.
    ``hours_read`` and ``hours_unread``: hours in words that became opening hours, and those that stayed words.
    """

    combined: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    unmapped: Counter[str] = field(default_factory=Words)
    hours_read: int = 0
    hours_unread: Counter[str] = field(default_factory=Words)


class Progress(Protocol):
    """How far a file has been read, in bytes."""

    @property
    def bytes_total(self) -> int:
        """Return the size of the file."""

    @property
    def bytes_read(self) -> int:
        """Return how many of ``bytes_total`` the rows have used so far."""


@dataclass(slots=True)
class Reading:
    """A file being read: an iterator over its rows to be used once, and what was assumed.

    ``took_for`` says what the file was taken for. ``columns`` are the publisher's own, in order, for the CSV of refused
    rows. ``tally`` is complete when the rows are used up.
    """

    rows: Iterator[Row] = field(repr=False)
    took_for: str
    columns: tuple[str, ...]
    notes: tuple[str, ...] = ()
    tally: Tally = field(default_factory=Tally)
    source: Progress | None = field(default=None, repr=False)

    @property
    def bytes_total(self) -> int:
        """Return the size of the file, 0 if unknown."""
        return self.source.bytes_total if self.source else 0

    @property
    def bytes_read(self) -> int:
        """Return how many of ``bytes_total`` the rows have used so far."""
        return self.source.bytes_read if self.source else 0
