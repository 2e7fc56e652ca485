"""What the meetings of one group say together: their times as opening hours, and their codes as facets or as words.

What a person depends on (women only, wheelchair, language) counts when all meetings of the group agree; what they do not
agree on is told meeting by meeting. A meeting that says no end has no opening hours: its times stay words.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from directory import hours
from directory.importers import mappings
from directory.needs import Vocabulary

DAY = 24 * 60
_DAYS = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")
_SHORT = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
_TIME = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::[0-9]{2}(?:\.[0-9]+)?)?")
_PROSE_LIMIT, _NOTE_LIMIT = 4000, 1000
_FORMATS = {"in_person": "in person", "video": "by video", "phone": "by phone"}
# How a meeting is attended is said by its formats and its door.
_NOT_FACETS = frozenset({"formats", "status"})
# The same in the name of a group, where "First Things First" and "Sunday 2:30" say nothing of the kind.
_QUALIFYING_NAME = re.compile(
    r"\b(?:[1-5](?:st|nd|rd|th)|first|second|third|fourth|fifth|last|every other)\s+(?:mon|tue|wed|thu|fri|sat|sun)|\bmonth|"
    r"\bholidays?\b|\bsummer only\b",
    re.IGNORECASE,
)
# Words of a note that may say that the group does not meet each week at these times.
_QUALIFYING = re.compile(
    r"holiday|\bonly\b|\bexcept|\bclosed? |\bcloses\b|\bweeks?\b|\bmonth|\b[1-5](?:st|nd|rd|th)\b|\bfirst\b|\bsecond\b|"
    r"\bthird\b|\bfourth\b|\bfifth\b|\blast\b|\bevery other\b|\balternat|\bjan(?:uary)?\b|\bfeb|\bmar(?:ch)?\b|\bapr|"
    r"\bmay \d|\bjune?\b|\bjuly?\b|\baug|\bsept|\boct|\bnov|\bdec\b|\bdecember|\bsummer\b|\bwinter\b|\bseason|\d:\d\d|"
    r"\bhours?\b|\bminutes\b|\btime\b|\bstarts?\b|\buntil\b|\bcancel|\bsuspend|\bno meeting|\bnot meet|\bcall\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Meeting:
    """A weekly meeting. ``days`` count from 0, Monday; times are minutes after midnight, None where not stated.

    An end past 1440 is the next day's. ``language`` holds when no code names another; ``note`` is in the publisher's words.
    ``formats`` says how it is attended, ``room`` and ``details`` where at its address and how to get in; its door may be
    closed for the time being.
    """

    days: tuple[int, ...]
    start: int | None
    end: int | None
    codes: tuple[str, ...] = ()
    language: str = ""
    note: str = ""
    formats: str = ""
    room: str = ""
    details: str = ""
    is_closed: bool = False

    @property
    def times(self) -> tuple[tuple[int, ...], int | None, int | None]:
        """Return when it meets."""
        return self.days, self.start, self.end


@dataclass(slots=True)
class Codes:
    """The codes of a vocabulary: what they mean in our terms, and their names. ``doubted`` ones mean nothing here."""

    meanings: Mapping[str, Sequence[mappings.Meaning]]
    names: Mapping[str, str]
    doubted: set[str] = field(default_factory=set)

    def knows(self, code: str) -> bool:
        """Return whether we know what a code means, be it nothing a listing holds."""
        return code in self.meanings and code not in self.doubted

    def name(self, code: str) -> str:
        """Return the name of a code, "" where unknown."""
        return self.names.get(code, "")

    def terms(self, meeting: Meeting) -> set[tuple[str, str]]:
        """Return our columns and values that a meeting's codes say."""
        found = {term for code in meeting.codes for term in self.terms_of(code)}
        if meeting.language and not any(column == "languages" for column, _ in found):
            found.add(("languages", meeting.language))
        return found

    def terms_of(self, code: str) -> Iterator[tuple[str, str]]:
        """Yield what one code says."""
        if self.knows(code):
            for meaning in self.meanings[code]:
                yield meaning.column, meaning.value


def load(folder: Path, name: str, vocabulary: Vocabulary) -> Codes:
    """Return the codes of ``folder/mappings/<name>.csv``.

    Raises:
        BadData: as ``mappings.load``.
    """
    return Codes(mappings.load(folder, name, vocabulary), names_of(folder, name))


def names_of(folder: Path, name: str) -> dict[str, str]:
    """Return the name of each code of ``folder/mappings/<name>.csv``, which ``mappings.load`` has held to be readable."""
    with (folder / "mappings" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return {row["code"]: row["name"] for row in csv.DictReader(file)}


def minutes(text: str) -> int | None:
    """Return a time ("18:30", "18:30:00") in minutes after midnight, None for no time.

    Raises:
        ValueError: "is not a time of the day; write 18:30".
    """
    if not text.strip():
        return None
    found = _TIME.fullmatch(text.strip())
    if found is None or int(found[1]) > 23 or int(found[2]) > 59:
        raise ValueError("is not a time of the day; write 18:30")
    return int(found[1]) * 60 + int(found[2])


def cells(meetings: Sequence[Meeting], codes: Codes, *, has_zone: bool) -> dict[str, str]:
    """Return what the meetings of a group say: ``hours``, ``hours_note``, ``description`` and the facets they agree on."""
    ordered = sorted(meetings, key=lambda each: (each.days, each.start or 0, each.end or 0))
    terms = [codes.terms(each) for each in ordered]
    agreed = set.intersection(*terms)
    if sum(column == "eligibility" for column, _ in agreed) > 1:  # open and closed at once: told by its codes' names
        agreed = {term for term in agreed if term[0] != "eligibility"}
    found: dict[str, str] = {}
    for column in sorted({column for column, _ in agreed} - _NOT_FACETS):
        values = sorted(value for name, value in agreed if name == column)
        found[column] = ";".join(values)
    described = [(each, _own_words(each, ordered, codes, agreed)) for each in ordered]
    notes = [(each, each.note) for each in ordered]
    details = _told([(each, each.details) for each in ordered])
    prose = [*details, *_told(notes, lambda note: not qualifies(note)), *(f"{line}." for line in _told(described))]
    held = [each for each in ordered if not each.is_closed]
    found["status"] = "" if held else "temporarily_closed"
    found["formats"] = ";".join(dict.fromkeys(each.formats for each in ordered))
    opening, note = _times(held or ordered, has_zone=has_zone)
    found["hours"] = opening
    found["hours_note"] = _cut("; ".join(filter(None, (note, *_told(notes, qualifies)))), _NOTE_LIMIT)
    found["description"] = _cut("\n".join(prose), _PROSE_LIMIT)
    return {name: cell for name, cell in found.items() if cell}


def qualifies(note: str) -> bool:
    """Return whether a note may say that the group does not meet at its times each week."""
    return _QUALIFYING.search(note) is not None


def qualifies_in_name(name: str) -> bool:
    """Return whether a group's name says that it does not meet each week."""
    return _QUALIFYING_NAME.search(name) is not None


def _own_words(meeting: Meeting, others: Sequence[Meeting], codes: Codes, agreed: set[tuple[str, str]]) -> str:
    """Return what a meeting says that no facet of the group tells: names of its codes, and what is not so at the others."""
    names = []
    if any(each.is_closed != meeting.is_closed for each in others) and meeting.is_closed:
        names.append("temporarily closed")
    if any(each.formats != meeting.formats for each in others):
        names.append(" and ".join(_FORMATS[each] for each in meeting.formats.split(";") if each in _FORMATS))
    if any(each.room != meeting.room for each in others):
        names.append(meeting.room)
    for code in meeting.codes:
        said = [term for term in codes.terms_of(code) if term[0] not in _NOT_FACETS]
        is_told = said and set(said) <= agreed
        is_attendance = not said and any(True for _ in codes.terms_of(code))
        if codes.knows(code) and not is_told and not is_attendance:
            names.append(codes.name(code))
    return ", ".join(dict.fromkeys(filter(None, names)))


def _told(pairs: Sequence[tuple[Meeting, str]], wanted: Callable[[str], bool] = bool) -> Iterator[str]:
    """Yield each text once, after the meetings that it is of unless it is of all."""
    by_text: dict[str, list[Meeting]] = {}
    for meeting, text in pairs:
        if text and wanted(text):
            by_text.setdefault(text, []).append(meeting)
    for text, meetings in by_text.items():
        yield text if len(meetings) == len(pairs) else f"{when(meetings)}: {text}"


def when(meetings: Iterable[Meeting]) -> str:
    """Return when meetings are, in words: "Mondays and Wednesdays 18:00, Tuesdays 19:00-20:00"."""
    days: dict[str, list[int]] = {}
    for each in meetings:
        at = "" if each.start is None else _clock(each.start)
        at += "" if each.end is None or each.start is None else f"-{_clock(each.end)}"
        days.setdefault(at, []).extend(each.days)
    return ", ".join(f"{_named(held)} {at}".strip() for at, held in days.items()) or "No day stated"


def _named(days: Iterable[int]) -> str:
    *first, last = [_DAYS[day] for day in sorted(set(days))] or ["no day stated"]
    if len(first) == 6:
        return "Every day"
    return f"{', '.join(first)} and {last}" if first else last


def _times(meetings: Sequence[Meeting], *, has_zone: bool) -> tuple[str, str]:
    """Return opening hours of the meetings that state an end, and the times of the others in words."""
    timed = [each for each in meetings if has_zone and each.days and each.start is not None and each.end is not None]
    opening = _opening_hours(timed)
    others = [each for each in meetings if not opening or each not in timed]
    if not others:
        return opening, ""
    if all(not each.days and each.start is None for each in others):
        return opening, "Ask when it meets"
    words = when(others)
    if not has_zone:
        words += " (time zone not stated)"
    return opening, f"Also {words}" if opening else words


def _opening_hours(meetings: Sequence[Meeting]) -> str:
    spans: dict[int, set[tuple[int, int]]] = {}
    for each in meetings:
        for day in each.days:
            spans.setdefault(day, set()).add((each.start or 0, each.end or 0))
    by_spans: dict[tuple[tuple[int, int], ...], list[int]] = {}
    for day in sorted(spans):
        by_spans.setdefault(tuple(sorted(spans[day])), []).append(day)
    rules = [
        f"{','.join(_SHORT[day] for day in days)} {','.join(f'{_clock(start)}-{_clock(end)}' for start, end in held)}"
        for held, days in by_spans.items()
    ]
    try:
        return hours.parse("; ".join(rules)) if rules else ""
    except ValueError:
        return ""


def _clock(at: int) -> str:
    return f"{at % DAY // 60:02}:{at % 60:02}" if at != DAY else "24:00"


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"
