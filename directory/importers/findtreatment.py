"""FindTreatment.gov's API -> facilities: one answer of it, a list of its answers, or a list of its rows (JSON).

A service is known by its group and its label (``f2`` and ``f3``). Labels drift from year to year ("Persons with ...",
"Clients with ..."), so they are compared in plain words: data/mappings/findtreatment.csv. The API never says when
anything was checked, so neither do we. One site may be a row for mental health and a row for substance use.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from directory.importers import facility, jsonfile, mappings, mended, own, samhsa_words
from directory.importers.drafts import Context, Draft, Reading, Tally
from directory.importers.fixed import with_values
from directory.importers.mended import MendedRecords
from directory.importers.row_engine import OPTIONAL, Engine
from directory.importers.samhsa_needs import MENTAL_HEALTH, SUBSTANCE_USE, Facts, Meanings, facts, kind_of
from directory.importers.sources import Options, Source
from directory.importers.textfile import name_of, reading
from directory.needs import folded

URL = "https://findtreatment.gov/"
COLUMNS = (
    "frid", "name1", "name2", "street1", "street2", "city", "state", "zip", "phone", "intake1", "intake2", "hotline1",
    "hotline2", "website", "latitude", "longitude", "typeFacility", "services",
)  # fmt: skip
# Where the row stood in the answer, and how far it is from the place the answer was asked for.
_LEFT_OUT = frozenset({"_irow", "miles", "type_facility"})
_TYPES = {"MH": frozenset({"MH"}), "SA": frozenset({"SA"}), "OTP": frozenset({"OUDO"})}
_DRIFT = {"persons": "people", "clients": "people", "patients": "people", "abuse": "use", "offered": ""}
_PAGE = re.compile(rb'"(page|totalPages|recordCount)"\s*:\s*(\d{1,9})')
# The service codes (data/mappings/samhsa.csv) of labels that say something only with one another.
_ROLES = {
    "TC/mental health treatment": "MH", "TC/substance use treatment": "SA", "AS/mental health services": "MHS",
    "TC/treatment for co occurring substance use plus either serious mental health illness in adults serious emotional "
    "disturbance in children": "SUMH",
    "TC/transitional housing halfway house or sober home": "HH",
    "SG/people with co occurring mental and substance use disorders": "CO",
    "TAP/integrated dual disorders treatment": "IDD",
    "TAP/integrated mental and substance use disorder treatment": "IDD",
    "SET/outpatient": "OP", "SET/regular outpatient treatment": "OP", "SET/intensive outpatient treatment": "OIT",
    "SET/outpatient day treatment or partial hospitalization": "ODT",
    "SET/partial hospitalization day treatment": "PHDT", "SET/hospital inpatient": "HI",
    "SET/hospital inpatient 24 hour hospital inpatient": "HI", "SET/residential": "RES",
    "SET/residential 24 hour residential": "RES", "SET/short term residential": "RES", "SET/long term residential": "RES",
    "FT/community mental health center": "CMHC", "FT/certified community behavioral health clinic": "CBHC",
    "FT/multi setting mental health facility": "MSMH", "FT/outpatient mental health facility": "OMH",
    "FT/other residential treatment facility": "ORES", "FT/partial hospitalization day treatment": "PH",
    "FT/psychiatric hospital": "PSY", "FT/psychiatric hospital or psychiatric unit of a general hospital": "PSY",
    "FT/residential treatment center for adults": "RTCA", "FT/residential treatment center for children": "RTCC",
    "FT/separate inpatient psychiatric unit of a general hospital": "IPSY", "FT/state hospital": "SHP",
    "FT/veterans affairs medical center or other va healthcare facility": "VAHC",
    "FOP/u s department of veterans affairs": "VAMC",
    "EXCL/all people in opioid treatment program": "OUDO", "EXCL/methadone and buprenorphine people only": "OUDO",
    "EXCL/opioid use disorder people only": "OUDO", "EXCL/alcohol use disorder people only": "AUDO",
    "EXCL/alcohol people only": "AUDO", "EXCL/serves only dui dwi people": "DUO",
    "OT/does not treat opioid addiction": "NOOP", "OT/does not treat opioid use disorders": "NOOP",
    "OT/do not use medication for opioid addiction": "NMOA", "OT/does not use mat for opioid use disorders": "NMOA",
    "AUT/does not treat alcohol use disorder": "NAUT",
    "AUT/does not use medication assisted treatment for alcohol use disorder": "NMAUT",
    "GN/female": "FEM", "GN/male": "MALE", "SG/adult men": "MN", "SG/adult women": "WN", "SG/adolescents": "AD",
    "SG/transitional age young adults": "TAY", "SG/young adults": "TAY", "SG/seniors or older adults": "SE",
    "AGE/children adolescents": "CHLD",
}  # fmt: skip


def recognises(path: Path) -> bool:
    """Return whether a file is an answer of the API, or several; never raises."""
    record = jsonfile.head(path).first_record
    rows = record.get("rows")
    if isinstance(rows, list) and rows and isinstance(rows[0], dict):
        record = rows[0]
    return "frid" in record and bool(record.keys() & {"typeFacility", "type_facility"})


def read(path: Path, source: Source, context: Context, options: Options) -> Reading:
    """Return the facilities of an answer, a row each.

    Raises:
        UnreadableFile: as ``jsonfile.records``.
        BadData: data/mappings/findtreatment.csv cannot be read.
    """
    is_answer = bool(jsonfile.head(path).top_keys)
    records = (
        MendedRecords(path, {"services": _services}, options.size_limit, options.encoding)
        if mended.is_mended(path)
        else jsonfile.records(path, prefix="rows.item" if is_answer else jsonfile.LIST, size_limit=options.size_limit)
    )
    meanings = mappings.load(context.data_folder, "findtreatment", context.vocabulary)
    tally = Tally()
    columns = own.FORMAT.columns
    engine = Engine.of(name_of(path), columns, context, OPTIONAL, tally)
    drafts = _Drafts(meanings, source.url or URL, context, tally)
    notes = ("it says of no facility when it was last checked", *(_pages(path) if is_answer else ()))
    found = (with_values(each, source.values) for each in drafts.of(records))
    return Reading(engine.rows(found), "FindTreatment.gov's JSON", COLUMNS, notes, tally, records)


@lru_cache(maxsize=4096)
def label_key(label: str) -> str:
    """Return a label in plain words: what stands in brackets is left out, and words that drift are written alike."""
    words = folded(re.sub(r"\([^()]*\)", " ", label)).split()
    return " ".join(word for each in words if (word := _DRIFT.get(each, each)))


def _pages(path: Path) -> tuple[str, ...]:
    with reading(path), path.open("rb") as file:
        told = {name.decode(): int(number) for name, number in _PAGE.findall(file.read(4096))}
    if told.get("totalPages", 1) < 2 or "page" not in told:
        return ()
    whole = f", {told['recordCount']:,} facilities in all" if "recordCount" in told else ""
    return (f'page {told["page"]} of {told["totalPages"]:,}{whole}: write mode = "partial" into its .toml',)


@dataclass(slots=True)
class _Drafts:
    """The rows of the API as drafts."""

    meanings: Meanings
    url: str
    context: Context
    tally: Tally

    def of(self, records: Iterator[tuple[int, dict[str, Any]]]) -> Iterator[Draft]:
        """Yield a draft a row; an answer within a list of answers gives its rows."""
        number = 0
        for _, record in records:
            rows = record.get("rows")
            for row in rows if isinstance(rows, list) and "frid" not in record else [record]:
                number += 1
                yield self._draft(number, row)

    def _draft(self, number: int, row: Any) -> Draft:
        if isinstance(row, jsonfile.Broken) or not isinstance(row, dict):
            reason = row.reason if isinstance(row, jsonfile.Broken) else "is no object with fields"
            own_cells = {name: _cell(row[name]) for name in COLUMNS if name in row} if isinstance(row, dict) else {}
            return Draft(number, {}, own=own_cells, problems=[(None, "", reason)], whole=False)
        said = {name: _cell(row.get(name)) for name in COLUMNS}
        kind = said["typeFacility"] = said["typeFacility"] or _cell(row.get("type_facility"))
        for name in row.keys() - set(COLUMNS) - _LEFT_OUT:
            if _cell(row[name]):
                self.tally.unmapped[f"field {name}"] += 1
        codes = self._codes(row.get("services")) | _TYPES.get(kind.upper(), frozenset()) | {f"TYPE/{kind.casefold()}"}
        if kind and f"TYPE/{kind.casefold()}" not in self.meanings:
            self.tally.unmapped[f"typeFacility {kind}"] += 1
        made = facility.draft(number, said, self.context.gazetteer)
        made.own = said
        made.origins = {**facility.ORIGINS, "identifiers": "frid"}
        made.cells |= self._say(codes, kind.upper(), said["state"], made.cells["description"])
        if said["frid"]:
            made.cells |= {"id": f"{said['frid']}-{kind.casefold()}".strip("-"), "identifiers": f"frid:{said['frid']}"}
        return made

    def _codes(self, services: Any) -> frozenset[str]:
        """Return the labels of a row that we know, with the service codes they stand for; the others are counted."""
        found: set[str] = set()
        for service in services if isinstance(services, list) else ():
            if not isinstance(service, dict):
                continue
            group = _cell(service.get("f2")).upper()
            for label in filter(None, (each.strip() for each in _cell(service.get("f3")).split(";"))):
                code = f"{group}/{label_key(label)}"
                if code in self.meanings:
                    found |= {code, _ROLES.get(code, code)}
                else:
                    self.tally.unmapped[f"{group} ({label[:200]})"] += 1
        return frozenset(found)

    def _say(self, codes: frozenset[str], kind: str, state: str, numbers: str) -> Mapping[str, str]:
        directory = MENTAL_HEALTH if kind == "MH" or (kind != "SA" and "MH" in codes) else SUBSTANCE_USE
        found = facts(codes, directory, state, self.meanings)
        what = samhsa_words.describe(codes, directory, found)
        if not codes & {"MH", "SA", "OUDO"}:
            found, what = _silent(found, kind)
        return {
            **found.cells(),
            "kind": kind_of(codes, directory),
            "description": f"{what} {numbers}",
            "source_url": self.url,
        }


def _silent(found: Facts, kind: str) -> tuple[Facts, str]:
    """Return what is left of a facility that says neither mental health nor substance use."""
    what = "Health center" if kind == "HRSA" else "Health facility"
    return replace(found, needs=[]), f"{what}. Ask if they help with mental health, or with alcohol and drug use."


def _services(cell: str) -> list[dict[str, str]]:
    """Return the services that ``_cell`` wrote into one cell."""
    found = (each.partition(": ") for each in cell.split(" | "))
    return [{"f2": group, "f3": labels} for group, _, labels in found]


def _cell(value: Any) -> str:
    if isinstance(value, str):
        return " ".join(value.split())
    if isinstance(value, list):
        return " | ".join(filter(None, (_cell(each) for each in value)))
    if isinstance(value, dict):
        return ": ".join(_cell(value[name]) for name in ("f2", "f3") if name in value)
    return ""
