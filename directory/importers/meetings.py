"""What both formats of meetings share: the meetings of one group become one draft with one schedule.

A group is known by its key (name, place, way to join), which holds all that tells two groups apart. The groups of a file
are held in memory, compactly, until it is read: nobody knows before which meetings follow.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from hashlib import blake2b
from typing import Any, Protocol

from directory import clean
from directory.importers import fixed, meeting_words
from directory.importers.addresses import Address
from directory.importers.cells import Fault
from directory.importers.drafts import Draft, Tally
from directory.importers.jsonfile import Broken
from directory.importers.meeting_words import Codes, Meeting
from directory.importers.sources import Source

NAME_IN_ID = 40


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a file: a meeting of a group. ``external_id`` is the publisher's; ``key`` is the group's.

    ``checked`` is the day the publisher dates the record. ``cells`` and ``own`` are the group's when it is the first.
    """

    number: int
    external_id: str
    key: tuple[str, ...]
    meeting: Meeting
    cells: dict[str, str]
    own: Mapping[str, str]
    origins: Mapping[str, str] = field(default_factory=dict)
    checked: date | None = None
    warnings: tuple[tuple[str | None, str, str], ...] = ()
    repairs: tuple[tuple[str | None, str, str], ...] = ()


@dataclass(slots=True)
class _Group:
    first: Record
    meetings: list[Meeting]
    checked: date | None
    warnings: list[tuple[str | None, str, str]]
    repairs: list[tuple[str | None, str, str]]


class Reader(Protocol):
    """What reads the records of one of the formats."""

    source: Source
    codes: Codes

    def record(self, place: int, fields: Mapping[str, Any]) -> Record | Draft:
        """Return a record as a meeting of its group, or what is wrong with it."""


class Groups:
    """The groups of a file, filled record by record."""

    def __init__(self, codes: Codes, tally: Tally) -> None:
        self.codes = codes
        self.counts: Counter[str] = Counter()
        self.records = 0
        self._tally = tally
        self._groups: dict[bytes, _Group] = {}
        self._held: dict[str, tuple[bytes, Meeting]] = {}
        self._again: list[tuple[Record, bytes]] = []

    def add(self, record: Record) -> None:
        """Take a record into its group. The same id with the same times is the same record again."""
        self.records += 1
        self.counts.update(set(record.meeting.codes))
        key = _digest(record.key)
        held = self._held.get(record.external_id) if record.external_id else None
        if held is not None and held[1].times == record.meeting.times:
            self._again.append((record, held[0]))
            return
        if record.external_id:
            self._held.setdefault(record.external_id, (key, record.meeting))
        group = self._groups.get(key)
        if group is None:
            self._groups[key] = _Group(
                record, [record.meeting], record.checked, list(record.warnings), list(record.repairs)
            )
            return
        self._tally.combined += 1
        group.meetings.append(record.meeting)
        group.checked = min(group.checked, record.checked) if group.checked and record.checked else None
        group.warnings.extend(each for each in record.warnings if each not in group.warnings)
        group.repairs.extend(each for each in record.repairs if each not in group.repairs)
        cells = group.first.cells
        for name in ("phone", "url"):
            cells[name] = cells.get(name) or record.cells.get(name, "")
        if record.meeting.room != group.meetings[0].room:
            cells.pop("address_2", None)

    def drafts(self) -> Iterator[Draft]:
        """Yield a draft for every group, then one for every record that stood in the file before."""
        for code, count in self.counts.items():
            if not self.codes.knows(code):
                name = self.codes.name(code)
                words = (
                    f"{name}? too often to mean that here" if code in self.codes.doubted else name or "no meaning known"
                )
                self._tally.unmapped[f"{code} ({words})"] += count
        for group in self._groups.values():
            yield self._draft(group)
        for record, key in self._again:
            first = self._groups[key].first
            cells = {**first.cells, "id": group_id(first)}
            yield Draft(record.number, cells, record.origins, record.own)

    def _draft(self, group: _Group) -> Draft:
        first = group.first
        cells = {**first.cells, "id": group_id(first)}
        if meeting_words.qualifies_in_name(cells["name"]):
            cells["hours_note"] = cells["name"]
        for name, cell in meeting_words.cells(group.meetings, self.codes, has_zone=has_zone(cells)).items():
            separator = "\n" if name in {"description", "eligibility", "hours_note"} else ";"
            cells[name] = separator.join(filter(None, (cells.get(name, ""), cell)))
        if group.checked is not None:
            cells["last_checked"] = group.checked.isoformat()
        else:
            cells.pop("checked_by", None)
        return Draft(first.number, cells, first.origins, first.own, warnings=group.warnings, repairs=group.repairs)


def drafts(
    records: Iterable[tuple[int, Mapping[str, Any]]],
    reader: Reader,
    tally: Tally,
    doubted: Callable[[Groups], set[str]] = lambda _: set(),
) -> Iterator[Draft]:
    """Yield the groups of a file as drafts; a record that is no meeting is one by itself.

    ``doubted`` tells the codes that cannot mean here what they mean elsewhere.
    """
    groups = Groups(reader.codes, tally)
    for place, fields in records:
        made = reader.record(place, fields)
        if isinstance(made, Draft):
            yield made
        else:
            groups.add(made)
    groups.codes = replace(groups.codes, doubted=doubted(groups))
    yield from (fixed.with_values(each, reader.source.values) for each in groups.drafts())


def of_group(
    place: int,
    fields: Mapping[str, Any],
    cells: Mapping[str, str],
    origins: Mapping[str, str],
    read: Callable[[dict[str, str], list[Fault]], Record],
) -> Record | Draft:
    """Return what ``read`` makes of a record's stripped cells, or a draft of what is wrong with it; a group has a name."""
    name = origins["name"]
    if isinstance(fields, Broken) or not cells.get(name, "").strip():
        fault = (None, "", fields.reason) if isinstance(fields, Broken) else (name, "", "is empty")
        return Draft(place, {}, origins, cells, problems=[fault], whole=False)
    faults: list[Fault] = []
    made = read({column: cell.strip() for column, cell in cells.items()}, faults)
    if faults:
        return Draft(place, {"id": group_id(made)}, origins, cells, problems=faults, whole=False)
    return made


def group_id(record: Record) -> str:
    """Return the id of a record's group: its name and a hash of its key, so that it stays when a day is added."""
    name = "-".join(clean.match_key(record.cells["name"]).split())
    plain = "".join(letter for letter in name if letter.isascii())[:NAME_IN_ID].strip("-")
    return f"{plain}-{_digest(record.key).hex()}".lstrip("-")


def has_zone(cells: Mapping[str, str]) -> bool:
    """Return whether the clock of a group is known: by its zone, or by the place it meets at."""
    return any(cells.get(name) for name in ("timezone", "address_1", "city", "postal_code", "latitude"))


def key_of(name: str, address: Address, *others: str) -> tuple[str, ...]:
    """Return words as two groups are compared by: the name with the street and postal code, as listings are merged by.

    Where these are missing, ``others`` tell the groups apart.
    """
    where: tuple[str, ...] = (address.street, address.postal_code)
    if not all(where):
        where = (address.street, address.city, address.region, *others)
    return tuple(clean.match_key(part) for part in (name, address.country, *where))


def flat(fields: Mapping[str, Any], personal: frozenset[str] = frozenset()) -> dict[str, str]:
    """Return a record's fields as text, without those that tell of a person; what is nested deeper is left out."""
    return {name: text for name, value in fields.items() if name not in personal and (text := words(value)) is not None}


def words(value: Any) -> str | None:
    """Return a value of a field as text, a list separated by "; "; None for what is no text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return "; ".join(value)
    return None


def _digest(key: tuple[str, ...]) -> bytes:
    return blake2b("\x1f".join(key).encode("utf-8", "replace"), digest_size=8).digest()
