"""What the shipped files know of crisis lines, and what a list of somebody else says against it."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from directory import phones
from directory.importers import own, sources
from directory.importers.rules import ALWAYS, Finding
from directory.needs import Vocabulary
from directory.records import Kind, Listing, Phone

FILE = "crisis_lines.csv"
_HARMONISED = "116"  # the short codes 116xxx are the same in all of Europe, by decision of the European Commission


@dataclass(frozen=True, slots=True)
class KnownLines:
    """The numbers of crisis_lines.csv and of superseded_numbers.csv. ``superseded``: "US +18002738255" -> what to write."""

    superseded: Mapping[str, str] = field(default_factory=dict)
    lines: Mapping[tuple[str | None, str], Sequence[Listing]] = field(default_factory=dict)
    countries: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @classmethod
    def load(cls, folder: Path, vocabulary: Vocabulary, today: date) -> KnownLines:
        """Read both files of a data folder; a row that breaks the rules is left out here."""
        path = folder / FILE
        lines: dict[tuple[str | None, str], list[Listing]] = {}
        countries: dict[str, set[str]] = {}
        for row in own.read(path, vocabulary, today=today, ignore=sources.beside(path).ignore).rows:
            listing = row.listing
            if listing is None:
                continue
            for _, number in numbers(listing):
                lines.setdefault((listing.country, number), []).append(listing)
                countries.setdefault(number, set()).add(listing.country or "")
        return cls(superseded_numbers(folder), lines, {each: frozenset(where) for each, where in countries.items()})

    def doubts(self, listing: Listing, *, is_ours: bool = False) -> Iterator[Finding]:
        """Yield what speaks against a listing: a replaced number, and for a crisis line, other facts of ours.

        ``is_ours``: it is a row of crisis_lines.csv itself, so only the replaced numbers are looked at.
        """
        for column, number in numbers(listing):
            new = self.superseded.get(f"{listing.country} {number}")
            if new is not None:
                yield column, f"is superseded; write {new}"
        if listing.kind is not Kind.CRISIS_LINE or is_ours:
            return
        for column, number in numbers(listing):
            ours = self.lines.get((listing.country, number), ())
            if ours:
                yield from _needs_more(listing, column, ours)
                yield from _contradictions(listing, [each for each in ours if _same_line(each, listing, column)])
            elif is_of_one_country(number) and (others := sorted(self.countries.get(number, ()))):
                yield column, f"stands in {FILE} under {', '.join(others)}; a number belongs to one country"

    def has_for_all(self, listing: Listing) -> bool:
        """Return whether one of our lines on a listing's number serves its whole country."""
        ours = (each for _, number in numbers(listing) for each in self.lines.get((listing.country, number), ()))
        return any(listing.country in each.service_area for each in ours)


def numbers(listing: Listing) -> Iterator[tuple[str, str]]:
    """Yield the columns and numbers by which a listing is called and texted."""
    if listing.phone is not None:
        yield "phone", listing.phone.number
    if listing.sms is not None:
        yield "sms", listing.sms


def is_of_one_country(number: str) -> bool:
    """Return whether a number can be a line of one country only; 988 or 116 123 are given out by many."""
    return number.startswith("+") or (len(number) > 4 and not number.startswith(_HARMONISED))


def superseded_numbers(folder: Path) -> dict[str, str]:
    """Return superseded_numbers.csv as {country and number as dialled: what to write instead}."""
    with (folder / "superseded_numbers.csv").open(encoding="utf-8", newline="") as file:
        return {
            row["country"] + " " + number.number: row["replaced_by"]
            for row in csv.DictReader(file)
            if (number := _dialled(row["number"], row["country"])) is not None
        }


def _needs_more(listing: Listing, column: str, ours: Sequence[Listing]) -> Iterator[Finding]:
    """Say what our lines on this number all need once it is dialled, and this one does not give."""
    name = ours[0].name
    if column == "sms" and listing.sms_keyword is None:
        words = [each.sms_keyword for each in ours if each.sms == listing.sms]
        if words and None not in words:
            yield "sms_keyword", f"is empty; our line '{name}' ({FILE}) is texted with {words[0]}"
    elif column == "phone" and listing.phone is not None and not _more(listing.phone):
        more = [
            _more(each.phone) for each in ours if each.phone is not None and each.phone.number == listing.phone.number
        ]
        if more and all(more):
            yield "phone", f"lacks {more[0]}, which our line '{name}' ({FILE}) needs after it"


def _more(phone: Phone) -> str:
    if phone.extension:
        return f"extension {phone.extension}"
    return f"press {phone.press}" if phone.press else ""


def _same_line(ours: Listing, listing: Listing, column: str) -> bool:
    return column == "sms" or ours.phone == listing.phone


def _contradictions(listing: Listing, ours: Sequence[Listing]) -> Iterator[Finding]:
    hours = {each.hours for each in ours if each.hours is not None}
    if listing.hours is not None and hours and listing.hours not in hours and ALWAYS in {listing.hours, *hours}:
        yield "hours", f"contradicts our line '{ours[0].name}' ({FILE}), which says {min(hours)}; ask the operator"
    regions = [each.service_area for each in ours]
    if regions and all("-" in area for areas in regions for area in areas) and listing.country in listing.service_area:
        yield (
            "service_area",
            f"contradicts our line '{ours[0].name}' ({FILE}), which serves {', '.join(regions[0])} only",
        )


def _dialled(text: str, country: str) -> Phone | None:
    """Read a number that may not be dialled any more: as the cleaner does, else its bare digits."""
    try:
        return phones.dialable(text, country)
    except ValueError:
        digits = "".join(c for c in text if c.isdigit() or c == "+")
        return Phone(digits) if digits else None
