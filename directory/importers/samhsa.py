"""SAMHSA's national directories of treatment facilities, as published: an .xlsx of facilities and of service codes.

Every facility is a row. Its codes are read by their names on the workbook's own second sheet (the descriptions there
contain mistakes and are never shown), through data/mappings/samhsa.csv; what that table does not know is counted.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import chain, islice
from pathlib import Path

from directory.clean import match_key
from directory.errors import UnreadableFile
from directory.importers import delimited, facility, mappings, own, samhsa_words, workbook
from directory.importers.delimited import Record, listed
from directory.importers.drafts import Context, Draft, Reading, Tally
from directory.importers.fixed import with_values
from directory.importers.row_engine import OPTIONAL, Engine
from directory.importers.samhsa_needs import MENTAL_HEALTH, SUBSTANCE_USE, Meanings, facts, kind_of
from directory.importers.sources import Options, Source
from directory.importers.textfile import name_of
from directory.importers.workbook import Table, Workbook

CODES = "service_code_info"
PUBLICATIONS = {
    MENTAL_HEALTH: "https://www.samhsa.gov/data/report/national-directory-of-mental-health-treatment-facilities",
    SUBSTANCE_USE: "https://www.samhsa.gov/data/report/national-directory-of-drug-and-alcohol-abuse-treatment-facilities",
}
_REQUIRED = frozenset({"name1", "street1", "city", "state", "zip", CODES})
_COLUMNS = _REQUIRED | {"name2", "street2", "phone", *facility.INTAKES, "website", "latitude", "longitude"}
_CODE_COLUMNS = frozenset({"category_code", "service_code", "service_name"})
_TITLES = {MENTAL_HEALTH: "mental health", SUBSTANCE_USE: "substance use"}


@dataclass(frozen=True, slots=True)
class _Codes:
    """The workbook's own service codes by name, and what those we know mean."""

    names: Mapping[str, str]
    known: frozenset[str]
    meanings: Meanings

    def read(self, cell: str, tally: Tally) -> frozenset[str]:
        """Return the codes of a cell that we know; the others are counted."""
        codes = frozenset(cell.replace("*", " ").split())
        for code in codes - self.known:
            tally.unmapped[f"{code} ({self.names.get(code, 'not on the sheet of service codes')})"] += 1
        return codes & self.known


def recognises(path: Path) -> bool:
    """Return whether a file is one of SAMHSA's directories; never raises."""
    if not workbook.is_workbook(path):
        return False
    try:
        _sheets(workbook.open_sheets(path))
    except UnreadableFile:
        return False
    return True


def read(path: Path, source: Source, context: Context, options: Options) -> Reading:
    """Return the facilities of a directory, a row each.

    Raises:
        UnreadableFile: as ``workbook.open_sheets``; no sheet of facilities or of service codes, an unknown column.
        BadData: data/mappings/samhsa.csv cannot be read.
    """
    name = name_of(path)
    table, listed_codes, days = _opened(path, options)
    _refuse_unknown(name, table, source)
    codes = _known(listed_codes, context)
    year = facility.year(path, source, context.today, days)
    tally = Tally()
    engine = Engine.of(name, own.FORMAT.columns, context, OPTIONAL, tally)
    rows, directory = _directory(table, listed_codes)
    drafts = _Drafts(rows, table.header, directory, codes, year, source, context, tally)
    took_for = f"SAMHSA's national directory of {_TITLES[directory]} treatment facilities"
    found = (with_values(each, source.values) for each in drafts)
    return Reading(engine.rows(found), took_for, table.header, (*table.notes, facility.note(year)), tally, table)


def _opened(
    path: Path, options: Options
) -> tuple[Table | delimited.Reading, Mapping[str, str] | None, tuple[date | None, ...]]:
    """Return the table of facilities, the names of the service codes, and the days the file tells of itself.

    Refused rows come back as a CSV, without the sheet of codes: there a code is what data/mappings/samhsa.csv calls so.
    """
    if not workbook.is_workbook(path):
        required = sorted(_REQUIRED)
        return (
            delimited.open_rows(path, encoding=options.encoding, size_limit=options.size_limit, required=required),
            None,
            (),
        )
    book = workbook.open_sheets(path, options.size_limit)
    return *_sheets(book), (book.created, book.modified)


def _sheets(book: Workbook) -> tuple[Table, dict[str, str]]:
    """Return the table of facilities, and the names of the service codes."""
    found: Table | None = None
    codes: dict[str, str] = {}
    for name in book.sheets:
        try:
            table = book.table(name)
        except UnreadableFile:
            continue
        header = {each.casefold() for each in table.header}
        if found is None and header >= _REQUIRED:
            found = table
        elif not codes and header >= _CODE_COLUMNS:
            codes = dict(_code_names(table))
    if found is None or not codes:
        what = "facilities" if found is None else "service codes"
        raise UnreadableFile(f"{book.name} has no sheet of {what}, as SAMHSA's directories have")
    return found, codes


def _directory(
    table: Table | delimited.Reading, listed_codes: Mapping[str, str] | None
) -> tuple[Iterator[Record], str]:
    """Return the records, and which of the two directories they are of: by its codes, else by those of its first row."""
    if listed_codes is not None:
        return table.rows, MENTAL_HEALTH if "MH" in listed_codes else SUBSTANCE_USE
    first = list(islice(table.rows, 1))
    place = [each.casefold() for each in table.header].index(CODES)
    codes = first[0].cells[place].split() if first and len(first[0].cells) > place else []
    return chain(first, table.rows), MENTAL_HEALTH if "MH" in codes else SUBSTANCE_USE


def _code_names(table: Table) -> Iterator[tuple[str, str]]:
    code, name = (_place(table, column) for column in ("service_code", "service_name"))
    for record in table.rows:
        if max(code, name) < len(record.cells) and (found := record.cells[code].strip()):
            yield found, " ".join(record.cells[name].split())


def _place(table: Table, column: str) -> int:
    return [each.casefold() for each in table.header].index(column)


def _refuse_unknown(name: str, table: Table | delimited.Reading, source: Source) -> None:
    ignored = {each.strip().casefold() for each in source.ignore}
    unknown = [each for each in table.header if each and each.casefold() not in _COLUMNS | ignored]
    if unknown:
        raise UnreadableFile(
            f"{name}: unknown column{'s' if len(unknown) > 1 else ''} {listed(unknown)}; "
            "add what is to be left out to the ignore list of the .toml beside the file"
        )


def _known(names: Mapping[str, str] | None, context: Context) -> _Codes:
    """Return the codes whose name is the one we know them by: a code that is given another meaning is unknown."""
    meanings = mappings.load(context.data_folder, "samhsa", context.vocabulary)
    if names is None:
        return _Codes({}, frozenset(meanings), meanings)
    ours = _our_names(context.data_folder)
    known = frozenset(code for code, name in names.items() if match_key(name) in ours.get(code, ()))
    return _Codes(names, known, {code: held for code, held in meanings.items() if code in known})


def _our_names(folder: Path) -> Mapping[str, set[str]]:
    """Return the names a code is known by; ``mappings.load`` has held the file to be readable."""
    names: dict[str, set[str]] = defaultdict(set)
    with (folder / "mappings" / "samhsa.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            names[row["code"]].add(match_key(row["name"]))
    return names


@dataclass(slots=True)
class _Drafts:
    """The rows of a directory as drafts."""

    rows: Iterator[Record]
    header: tuple[str, ...]
    directory: str
    codes: _Codes
    year: int | None
    source: Source
    context: Context
    tally: Tally
    codes_of: dict[str, str] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Draft]:
        return (self._draft(record) for record in self.rows)

    def _draft(self, record: Record) -> Draft:
        cells = [" ".join(cell.split()) for cell in record.cells]
        own_cells = dict(zip(self.header, cells, strict=False))
        if not record.whole:
            problems = [(fault.column, fault.value, fault.reason) for fault in record.faults]
            return Draft(record.number, {}, own=own_cells, problems=problems, whole=False)
        said = dict.fromkeys(_REQUIRED, "") | {name.casefold(): cell for name, cell in own_cells.items()}
        made = facility.draft(record.number, said, self.context.gazetteer)
        made.own = own_cells
        made.problems.extend((fault.column, fault.value, fault.reason) for fault in record.faults)
        self._say(made, said)
        made.differs = _difference(self.codes_of.setdefault(made.cells["id"], said[CODES]), said[CODES])
        return made

    def _say(self, made: Draft, said: Mapping[str, str]) -> None:
        codes = self.codes.read(said[CODES], self.tally)
        found = facts(codes, self.directory, said["state"], self.codes.meanings)
        description = f"{samhsa_words.describe(codes, self.directory, found)} {made.cells['description']}"
        made.cells |= {
            **found.cells(),
            "kind": kind_of(codes, self.directory),
            "description": description,
            "source_url": self.source.url or PUBLICATIONS[self.directory],
            **facility.checked(self.year, "directory"),
        }
        if not found.needs:
            made.warnings.append((CODES, said[CODES], f"leaves no need to search by ({' '.join(found.eligibility)})"))
        elif not codes & {"MH", "SA", "SUMH", "DT", "HH"}:
            reason = f"names no type of care; it stands in the {_TITLES[self.directory]} directory, so that in general"
            made.warnings.append((CODES, said[CODES], reason))


def _difference(before: str, now: str) -> str:
    """Return in what the codes of two rows of one facility differ, "" when they are the same."""
    there, here = (frozenset(cell.replace("*", " ").split()) for cell in (before, now))
    told = [
        f"{' '.join(sorted(only))} only {where}"
        for only, where in ((there - here, "there"), (here - there, "here"))
        if only
    ]
    return f"; its codes differ: {', '.join(told)}" if told else ""
