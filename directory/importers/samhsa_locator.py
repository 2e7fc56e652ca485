"""The CSV of SAMHSA's treatment locator: facilities with coordinates and no service codes.

A copy that went through a spreadsheet: ZIPs without their leading zeros (mended where the state agrees), the letters NA
for an empty cell, a first column without a name that only counts the rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from directory.errors import UnreadableFile
from directory.importers import delimited, facility, mappings, own, samhsa_words
from directory.importers.delimited import Record, listed
from directory.importers.drafts import Context, Draft, Reading, Tally
from directory.importers.fixed import with_values
from directory.importers.row_engine import OPTIONAL, Engine
from directory.importers.samhsa_needs import MENTAL_HEALTH, SUBSTANCE_USE, Meanings, facts, kind_of
from directory.importers.sources import Options, Source
from directory.importers.textfile import name_of

URL = "https://findtreatment.gov/"
_REQUIRED = ("name1", "street1", "city", "state", "zip", "phone", "latitude", "longitude", "type_facility")
# The four digits of a ZIP+4 and the county say nothing the address does not; the prompt is always "Intakes".
_LEFT_OUT = frozenset({"", "zip4", "county", "intake_prompt"})
_COLUMNS = frozenset({*_REQUIRED, "name2", "street2", "website", *facility.INTAKES, *facility.HOTLINES, *_LEFT_OUT})
_DIRECTORIES = {"MH": MENTAL_HEALTH, "SA": SUBSTANCE_USE}
_EMPTY = "NA"


def recognises(path: Path) -> bool:
    """Return whether a file begins with the header of the locator's CSV; never raises."""
    return {name.casefold() for name in delimited.glance(path)} >= set(_REQUIRED)


def read(path: Path, source: Source, context: Context, options: Options) -> Reading:
    """Return the facilities of the locator's CSV, a row each.

    Raises:
        UnreadableFile: as ``delimited.open_rows``; an unknown column.
        BadData: data/mappings/samhsa.csv cannot be read.
    """
    opened = delimited.open_rows(path, encoding=options.encoding, size_limit=options.size_limit, required=_REQUIRED)
    name = name_of(path)
    ignored = {each.strip().casefold() for each in source.ignore}
    unknown = [each for each in opened.header if each.casefold() not in _COLUMNS | ignored]
    if unknown:
        raise UnreadableFile(
            f"{name}: unknown column{'s' if len(unknown) > 1 else ''} {listed(unknown)}; "
            "add what is to be left out to the ignore list of the .toml beside the file"
        )
    meanings = mappings.load(context.data_folder, "samhsa", context.vocabulary)
    year = facility.year(path, source, context.today)
    tally = Tally()
    engine = Engine.of(name, own.FORMAT.columns, context, OPTIONAL, tally)
    drafts = _drafts(opened, source, context, meanings, year, tally)
    notes = (*opened.notes, facility.note(year), "left out: the last four digits of ZIP+4 codes, counties")
    found = (with_values(each, source.values) for each in drafts)
    return Reading(engine.rows(found), "the CSV of SAMHSA's locator", opened.header, notes, tally, opened)


def _drafts(
    opened: delimited.Reading, source: Source, context: Context, meanings: Meanings, year: int | None, tally: Tally
) -> Iterator[Draft]:
    for record in opened.rows:
        own_cells = dict(zip(opened.header, record.cells, strict=False))
        faults = [(fault.column, fault.value, fault.reason) for fault in record.faults]
        if not record.whole:
            yield Draft(record.number, {}, own=own_cells, problems=faults, whole=False)
            continue
        made = _draft(record, opened.header, context, meanings, tally)
        made.own = own_cells
        made.problems.extend(faults)
        made.cells |= {"source_url": source.url or URL, **facility.checked(year, "locator")}
        yield made


def _draft(record: Record, header: tuple[str, ...], context: Context, meanings: Meanings, tally: Tally) -> Draft:
    cells = (" ".join(cell.split()) for cell in record.cells)
    said = {name.casefold(): "" if cell == _EMPTY else cell for name, cell in zip(header, cells, strict=True)}
    made = facility.draft(record.number, said, context.gazetteer)
    kind = said["type_facility"]
    directory = _DIRECTORIES.get(kind)
    if directory is None:
        tally.unmapped[f"type_facility {kind}"] += 1
        made.cells["kind"] = "treatment_program"
        return made
    codes = frozenset({kind})
    found = facts(codes, directory, said["state"], meanings)
    made.cells |= {
        **found.cells(),
        "kind": kind_of(codes, directory),
        "description": f"{samhsa_words.describe(codes, directory, found)} {made.cells['description']}",
    }
    return made
