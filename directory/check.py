"""Look over listing files without a database: what an import would refuse or warn of, and what only a curator can mend."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from pathlib import Path

from directory import folders, known_lines
from directory.errors import DirectoryError, UnreadableFile
from directory.gazetteer_text import fold
from directory.geocoding import Gazetteer
from directory.importers import formats, sources
from directory.importers.drafts import Context
from directory.importers.formats import Options
from directory.importers.rules import Finding
from directory.known_lines import KnownLines
from directory.needs import Vocabulary
from directory.records import Kind, Listing, Problem

PLAIN = Options()
_LONGEST_NAME = 4
_PLACE = re.compile(r"[^\W\d_][\w.'’-]*")
# A line "of Chicago" or "in Erie County" serves that place; "Mobile Crisis" or "Hope Line" name no place.
_BEFORE_A_CITY = frozenset({"of", "in", "for", "serving", "de", "du", "di", "of the", "van", "von"})
_CITY_PEOPLE = 20_000


@dataclass(frozen=True, slots=True)
class Checker:
    """Everything files are held against. ``known``: our crisis lines and the numbers that were replaced."""

    context: Context
    known: KnownLines = field(default_factory=KnownLines)

    @classmethod
    def load(cls, data_folder: Path, vocabulary: Vocabulary, gazetteer: Gazetteer, today: date) -> Checker:
        """Return a checker over the shipped files of ``data_folder``."""
        context = Context(vocabulary, gazetteer, data_folder, today)
        return cls(context, KnownLines.load(data_folder, vocabulary, today))

    def look_over(self, path: Path, options: Options = PLAIN) -> tuple[int, list[Problem]]:
        """Return how many files ``path`` names (itself, or the sources of a folder), and everything wrong or doubtful in them.

        Raises:
            UnreadableFile: there is nothing at ``path``, a folder without sources, or one file that cannot be read. In a
                folder that is a problem of its source, and the others are looked over all the same.
        """
        if not path.is_dir():
            if not path.exists():
                raise UnreadableFile(f"there is no file or folder {path}")
            return 1, list(self.check(path, options))
        if not any(path.glob("*.toml")) and formats.recognised(path):
            return 1, list(self.check(path, options))  # one source that is a folder, such as an HSDS package
        looked_at = 0
        found: list[Problem] = []
        for pair in folders.pairs(path):
            if not pair.is_listings:
                continue
            looked_at += 1
            try:
                found.extend(self.check(pair.path, options))
            except DirectoryError as error:
                found.append(Problem(pair.toml.name, 1, None, "", error.message))
        return looked_at, found

    def check(self, path: Path, options: Options = PLAIN) -> Iterator[Problem]:
        """Yield everything wrong or doubtful in one file of any format we read, row by row.

        Beside what an import refuses or warns of: superseded numbers, crisis lines that contradict ours or serve nowhere or
        more than their name says, one number under two countries, too few rows.

        Raises:
            UnreadableFile: the file cannot be read, or is in none of our formats.
        """
        source = sources.beside(path, None)
        reading = formats.open_file(path, source, self.context, options)
        is_ours = path.resolve() == (self.context.data_folder / known_lines.FILE).resolve()
        under: dict[str, tuple[str | None, int]] = {}
        good = 0
        for row in reading.rows:
            yield from row.problems
            yield from row.warnings
            if row.listing is None:
                continue
            good += 1
            for column, reason in self._doubts(row.listing, row.number, under, is_ours=is_ours):
                yield Problem(path.name, row.number, column, _value(row.listing, column), reason)
        if good < source.minimum_rows:
            reason = f"only {good} usable rows, and its .toml expects at least {source.minimum_rows}"
            yield Problem(path.name, 1, None, "", reason)

    def _doubts(
        self, listing: Listing, row: int, under: dict[str, tuple[str | None, int]], *, is_ours: bool
    ) -> Iterator[Finding]:
        yield from self.known.doubts(listing, is_ours=is_ours)
        if listing.kind is not Kind.CRISIS_LINE:
            return
        for column, number in known_lines.numbers(listing):
            if not known_lines.is_of_one_country(number):
                continue
            country, first = under.setdefault(number, (listing.country, row))
            if country != listing.country:
                yield column, f"stands in row {first} under {country} too; a number belongs to one country"
        if not listing.service_area:
            yield "service_area", "is empty; say which country or region the line serves"
        elif (
            listing.country in listing.service_area
            and not self.known.has_for_all(listing)  # ours were looked at one by one: a name may only tell the seat
            and (place := self._region_named(listing))
        ):
            yield (
                "service_area",
                f"is the whole country, and its name speaks of {place}; say which region or county it serves",
            )

    def _region_named(self, listing: Listing) -> str | None:
        """Return the part of its country that a line's name speaks of, or None."""
        country = listing.country or ""
        for text in filter(None, (listing.name, listing.organization)):
            words = _PLACE.findall(text)
            for size in range(_LONGEST_NAME, 0, -1):
                for start in range(len(words) - size + 1):
                    phrase = " ".join(words[start : start + size])
                    before = words[start - 1].lower() if start else ""
                    if phrase[0].isupper() and _is_part(self.context.gazetteer, country, phrase, before):
                        return phrase
        return None


def _value(listing: Listing, column: str | None) -> str:
    """Return a cell as a message shows it."""
    value = getattr(listing, column) if column else ""
    if column == "phone" and listing.phone is not None:
        return listing.phone.number
    return ";".join(value) if isinstance(value, tuple) else value or ""


@lru_cache(maxsize=20_000)
def _is_part(gazetteer: Gazetteer, country: str, phrase: str, before: str) -> bool:
    """Tell whether a phrase names a region or county of a country, or after "of" or "in" a city of some size."""
    if len(phrase) < 4 or fold(phrase) in fold(gazetteer.country_name(country)):
        return False
    if gazetteer.region_code(country, phrase) is not None:
        return True
    if phrase.endswith((" County", " Parish")):
        return country == "US"
    if before not in _BEFORE_A_CITY:
        return False
    place = gazetteer.find(phrase, country).place
    return (
        place is not None and (place.country, place.precision) == (country, "city") and place.population >= _CITY_PEOPLE
    )
