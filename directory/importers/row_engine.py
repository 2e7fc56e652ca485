"""The engine under every format: a publisher's record, as text in the columns of our own CSV, becomes a row.

A format turns its records into drafts; only here a cell is cleaned, a rule is held and a row is refused. So a number
nobody can dial, a street of a confidential place or a date in the future is met alike, whoever published it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from hashlib import blake2b
from itertools import islice
from types import MappingProxyType
from typing import Any, NamedTuple

from directory import clean, clean_places, merge_keys
from directory.geocoding import Gazetteer
from directory.importers import hours_text, positions, processes, rules
from directory.importers.cells import Column, Fault, Setting, read_cells
from directory.importers.delimited import listed
from directory.importers.drafts import Context, Draft, Known, Tally
from directory.importers.rules import Seen
from directory.needs import Vocabulary
from directory.records import Listing, Point, Problem, Row

VALUE_LIMIT = 200
# So many rows are looked up at once among those that are known.
AT_ONCE = 250
# So many are read by one process before others are asked to help: that costs more than they would save.
MANY = 2_000
NOTHING: Mapping[str, str] = MappingProxyType({})
# What a list says of a cell of a confidential place instead of its reason, which might tell the place.
WITHHELD_REASONS = {
    "problems": "cannot be used",
    "warnings": "is doubtful, and used all the same where it can be; look at it in the file",
    "repairs": "was damaged and is mended",
}
# A publisher's clinic is not lost for a web address nobody can use: these are left out, with a warning.
OPTIONAL = frozenset(
    """
    sms sms_keyword chat_url url email latitude longitude formats languages hours timezone payment audiences minimum_age
    maximum_age approaches urgent_care accessibility identifiers source_url
    """.split()
)


class _Given(NamedTuple):
    """A draft to be read: its id, the hash of the row as it was read last, and the row in which its id stands already."""

    draft: Draft
    external_id: str | None
    raw_hash: str | None
    first: int | None


@dataclass(slots=True)
class Engine:
    """Turns the drafts of one file into rows. ``columns`` says how each of our columns is read.

    ``optional`` are the columns of ours that are left out with a warning when they cannot be read. ``gazetteer`` is None
    when positions are not to be held against the address.
    """

    file: str
    columns: Mapping[str, Column]
    vocabulary: Vocabulary
    today: date
    optional: frozenset[str] = frozenset()
    gazetteer: Gazetteer | None = None
    tally: Tally = field(default_factory=Tally)
    known: Known | None = None
    processes: Callable[[], int] = int
    seen: Seen = field(default_factory=Seen)
    _read_by: blake2b | None = None

    @classmethod
    def of(
        cls, file: str, columns: Mapping[str, Column], context: Context, optional: frozenset[str], tally: Tally
    ) -> Engine:
        """Return the engine for a publisher's file, read against a context."""
        return cls(
            file, columns, context.vocabulary, context.today, optional, context.gazetteer, tally, context.known,
            context.processes,
        )  # fmt: skip

    def rows(self, drafts: Iterable[Draft]) -> Iterator[Row]:
        """Yield a row for every draft. When many have to be read, other processes help, and listings come as ``Row.stored``."""
        batches = self._batches(iter(drafts))
        count = alone = 0
        for batch in batches:
            rows = [self._row(each) for each in batch]
            yield from rows
            before, alone = alone, alone + sum(not row.is_unchanged for row in rows)
            if before < MANY <= alone and (count := self.processes()):
                break
        for stored, tally in processes.in_order(self._stored, batches, count) if count else ():
            self.tally.hours_read += tally.hours_read
            self.tally.hours_unread.update(tally.hours_unread)
            yield from stored

    def _batches(self, drafts: Iterator[Draft]) -> Iterator[list[_Given]]:
        """Yield drafts with what is known of their ids, some at a time where earlier readings are looked up."""
        while batch := list(islice(drafts, AT_ONCE if self.known is not None else 1)):
            ids = [_external_id(each.cells.get("id", "").strip()) for each in batch]
            before = self.known.hashes([each for each in ids if each]) if self.known is not None else NOTHING
            yield [self._given(draft, id_, before) for draft, id_ in zip(batch, ids, strict=True)]

    def _given(self, draft: Draft, external_id: str | None, before: Mapping[str, str]) -> _Given:
        if external_id is None:
            return _Given(draft, None, None, None)
        first = self.seen.before(external_id, draft.number) if draft.whole else None
        return _Given(draft, external_id, before.get(external_id), first)

    def _stored(self, batch: list[_Given]) -> tuple[list[Row], Tally]:
        """Return rows with their listings as they are stored, and what was counted while they were read."""
        counted, self.tally = self.tally, Tally()
        rows = [self._row(each) for each in batch]
        found, self.tally = self.tally, counted
        stored = [
            row if row.listing is None else replace(row, listing=None, stored=merge_keys.stored(row.listing))
            for row in rows
        ]
        return stored, found

    def _row(self, given: _Given) -> Row:
        """Return a draft as a listing, or as everything that is wrong with it; what says what it said before is not read."""
        draft = given.draft
        cells = {name: cell for name, raw in draft.cells.items() if (cell := raw.strip())}
        raw_hash = self._raw_hash(draft, cells)
        if raw_hash is not None and given.raw_hash == raw_hash and given.first is None:
            return Row(draft.number, given.external_id, None, raw_hash=raw_hash, is_unchanged=True)
        return self._read(given, cells, raw_hash)

    def _raw_hash(self, draft: Draft, cells: Mapping[str, str]) -> str | None:
        """Return a hash of what a row says and of all it is read by; None where something has to be said of it each time.

        Nothing is derived from a confidential row: its street could be guessed from a hash.
        """
        has_faults = draft.problems or draft.warnings or draft.repairs or draft.unread or not draft.whole
        if self.known is None or has_faults or "hours_text" in cells or "confidential_location" in cells:
            return None
        if self._read_by is None:
            parts = (self.file.rpartition(".")[2], *sorted(self.optional), str(self.gazetteer is not None))
            self._read_by = blake2b(self.known.rules + "".join(f"{part}\0" for part in parts).encode(), digest_size=16)
        hashed = self._read_by.copy()
        hashed.update(
            "\0".join(word for cell in sorted(cells.items()) for word in cell).encode("utf-8", "surrogatepass")
        )
        return hashed.hexdigest()

    def _read(self, given: _Given, cells: dict[str, str], raw_hash: str | None) -> Row:
        draft, external_id, before = given.draft, given.external_id, given.first
        if not draft.whole:
            return self._refused(draft, external_id, draft.problems, ())
        hidden: tuple[str, ...] = ()
        doubts: list[Fault] = []
        if rules.is_confidential(cells.get("confidential_location", "")):
            hidden = rules.secrets(cells)
            if dropped := [name for name in rules.HIDDEN if cells.pop(name, None)]:
                reason = f"leaves out {listed(dropped)}; take them out of the file too"
                doubts.append(("confidential_location", cells["confidential_location"], reason))
        self._read_hours(cells, is_hidden=bool(hidden))
        values, found = read_cells(self.columns, cells, self._setting(cells), draft.unread)
        found = list(self._without_optional(cells, values, found, doubts))
        if before is not None:
            found.append(("id", external_id or "", f"stands already in row {before}{draft.differs}"))
        found.extend((column, rules.WITHHELD, reason) for column, reason in rules.telling(cells, hidden))
        # An impossible position costs a publisher's clinic its position, not its row: ``positions.doubt`` says why.
        is_doubted = self.gazetteer is not None and {"latitude", "longitude"} <= values.keys()
        spared = "latitude" if is_doubted and "latitude" in self.optional else ""
        found.extend(
            (column, cells.get(column or "", ""), reason)
            for column, reason in rules.problems(cells, values)
            if column != spared
        )
        doubts.extend((column, cells.get(column or "", ""), reason) for column, reason in rules.warnings(cells, values))
        found = [*draft.problems, *_of_publisher(found, draft.origins)]
        if found:
            return self._refused(draft, external_id, found, hidden, duplicate=before is not None)
        listing = _listing(values)
        if self.gazetteer is not None and (doubt := positions.doubt(listing, self.gazetteer)):
            listing = replace(listing, point=None)
            doubts.append(("latitude", f"{cells['latitude']}, {cells['longitude']}", doubt))
        doubts = [*draft.warnings, *_of_publisher(doubts, draft.origins)]
        return Row(
            draft.number,
            external_id,
            listing,
            (),
            self._problems(draft, doubts, hidden, "warnings"),
            repairs=self._problems(draft, draft.repairs, hidden, "repairs"),
            raw_hash=None if doubts else raw_hash,
        )

    def _refused(
        self,
        draft: Draft,
        external_id: str | None,
        found: Sequence[Fault],
        hidden: tuple[str, ...],
        *,
        duplicate: bool = False,
    ) -> Row:
        own = {} if hidden else draft.own
        return Row(
            draft.number, external_id, None, self._problems(draft, found, hidden), duplicate=duplicate, cells=own
        )

    def _read_hours(self, cells: dict[str, str], *, is_hidden: bool) -> None:
        words = cells.pop("hours_text", "")
        if not words:
            return
        hours = hours_text.opening_hours(words)
        if hours is None:
            self.tally.hours_unread[rules.WITHHELD if is_hidden else words[:VALUE_LIMIT]] += 1
            cells["hours_note"] = "; ".join(filter(None, (cells.get("hours_note"), words)))
        else:
            self.tally.hours_read += 1
            cells["hours"] = hours

    def _without_optional(
        self, cells: dict[str, str], values: dict[str, Any], found: Sequence[Fault], doubts: list[Fault]
    ) -> Iterator[Fault]:
        """Yield the faults that refuse; optional cells at fault are taken out and become doubts."""
        for column, value, reason in found:
            if column not in self.optional:
                yield column, value, reason
                continue
            doubts.append((column, value, f"{reason}; left out"))
            if column in {"latitude", "longitude"}:
                for each in ("latitude", "longitude"):
                    cells.pop(each, None)
                    values.pop(each, None)
            elif not self.columns[column].many:
                cells.pop(column, None)

    def _setting(self, cells: Mapping[str, str]) -> Setting:
        try:
            country = clean_places.country(cells.get("country", ""))
        except ValueError:
            country = ""
        return Setting(country, self.vocabulary, self.today)

    def _problems(
        self, draft: Draft, found: Sequence[Fault], hidden: tuple[str, ...], kind: str = "problems"
    ) -> tuple[Problem, ...]:
        made = []
        for column, value, reason in found:
            if rules.tells(value, hidden) or rules.tells(reason, hidden):
                withheld = WITHHELD_REASONS[kind] + draft.where
                made.append(Problem(self.file, draft.number, column, rules.WITHHELD, withheld))
                continue
            cut = value if len(value) <= VALUE_LIMIT else value[: VALUE_LIMIT - 1] + "…"
            made.append(Problem(self.file, draft.number, column, cut, reason + draft.where))
        return tuple(made)


def _of_publisher(found: Iterable[Fault], origins: Mapping[str, str]) -> Iterator[Fault]:
    for column, value, reason in found:
        yield (origins.get(column, column) if column is not None else None), value, reason


def _external_id(cell: str) -> str | None:
    try:
        return clean.slug(cell)
    except ValueError:
        return None


def _listing(values: dict[str, Any]) -> Listing:
    stated = {
        name: value
        for name, value in values.items()
        if value is not None and name not in {"id", "latitude", "longitude"}
    }
    if "latitude" in values:
        stated["point"] = Point(values["latitude"], values["longitude"])
    return Listing(external_id=values["id"], **{"country": None, **stated})
