"""NPPES, the registry of providers in the United States: its monthly CSV, or any part of it with the official columns.

Only the columns below are read, of 330; a row whose taxonomy codes are none of data/mappings/nppes.csv is left out, so is
a person unless asked for. The registry says what a provider is, not what it treats: needs come from codes of addiction
alone. Source: https://download.cms.gov/nppes/NPI_Files.html (file dissemination, code values).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path

from directory import clean
from directory.geocoding import TERRITORIES
from directory.importers import addresses, capitals, delimited, fixed, mappings, own
from directory.importers.addresses import Address
from directory.importers.cells import Fault
from directory.importers.delimited import Record
from directory.importers.drafts import Context, Draft, Reading, Tally
from directory.importers.mappings import Meaning
from directory.importers.meeting_words import names_of
from directory.importers.row_engine import OPTIONAL, Engine
from directory.importers.sources import Options, Source
from directory.importers.textfile import name_of

NPI, ENTITY, DEACTIVATED, REACTIVATED = "NPI", "Entity Type Code", "NPI Deactivation Date", "NPI Reactivation Date"
LEGAL, OTHER = "Provider Organization Name (Legal Business Name)", "Provider Other Organization Name"
OTHER_KIND = "Provider Other Organization Name Type Code"
LAST, FIRST, CREDENTIAL = "Provider Last Name (Legal Name)", "Provider First Name", "Provider Credential Text"
_PRACTICE = "Provider Business Practice Location Address"
STREET, SECOND = (
    "Provider First Line Business Practice Location Address",
    "Provider Second Line Business Practice Location Address",
)
CITY, STATE, ZIP = f"{_PRACTICE} City Name", f"{_PRACTICE} State Name", f"{_PRACTICE} Postal Code"
COUNTRY, PHONE = f"{_PRACTICE} Country Code (If outside U.S.)", f"{_PRACTICE} Telephone Number"
UPDATED, CERTIFIED = "Last Update Date", "Certification Date"
TAXONOMY = "Healthcare Provider Taxonomy Code_"
REQUIRED = (NPI, ENTITY, f"{TAXONOMY}1")
COLUMNS = (
    NPI, ENTITY, LEGAL, OTHER, OTHER_KIND, LAST, FIRST, CREDENTIAL, STREET, SECOND, CITY, STATE, ZIP, COUNTRY, PHONE,
    UPDATED, CERTIFIED, DEACTIVATED, REACTIVATED, *(f"{TAXONOMY}{number}" for number in range(1, 16)),
)  # fmt: skip
ORIGINS = {
    "id": NPI, "identifiers": NPI, "name": LEGAL, "organization": LEGAL, "address_1": STREET, "address_2": SECOND,
    "city": CITY, "region": STATE, "postal_code": ZIP, "country": COUNTRY, "phone": PHONE, "last_checked": UPDATED,
    "kind": f"{TAXONOMY}1",
}  # fmt: skip
PAGE = "https://npiregistry.cms.hhs.gov/provider-view/"
PERSON, ORGANIZATION = "1", "2"
IS_PERSON = "individual; --individuals takes them in"
IS_NOT_OURS = "no mental-health or substance-use taxonomy"
IS_RELATED = "a behavioral-health taxonomy that is none of therapy or treatment (behavior technicians, analysts)"
IS_DEACTIVATED = "deactivated"
IS_NOTHING = "neither a person nor an organization"
NO_PROOF = (
    "An entry in this registry (NPI) is no proof of a license, and does not say whether new clients are taken: ask."
)
_DOING_BUSINESS_AS = "3"
_CODE = re.compile(r"[0-9A-Z]{9}X")
_AGREED = ("audiences",)


def recognises(path: Path) -> bool:
    """Return whether a file has the registry's columns; never raises."""
    return {name.casefold() for name in REQUIRED} <= {name.casefold() for name in delimited.glance(path)}


def read(path: Path, source: Source, context: Context, options: Options) -> Reading:
    """Return the providers of mental-health and substance-use care, a row each; the others are counted in the tally.

    Raises:
        UnreadableFile: as ``delimited.open_rows``.
        BadData: data/mappings/nppes.csv cannot be read.
    """
    codes = _Codes(
        mappings.load(context.data_folder, "nppes", context.vocabulary), names_of(context.data_folder, "nppes")
    )
    opened = delimited.open_rows(path, encoding=options.encoding, size_limit=options.size_limit, required=REQUIRED)
    tally = Tally()
    engine = Engine.of(name_of(path), own.FORMAT.columns, context, OPTIONAL, tally)
    header = {name.casefold(): place for place, name in enumerate(opened.header)}
    places = {name: header[name.casefold()] for name in COLUMNS if name.casefold() in header}
    drafts = _Drafts(opened.rows, places, codes, source, context, options.individuals or source.individuals, tally)
    others = len(opened.header) - len(places)
    notes = (*opened.notes, *((f"{others} of its columns say nothing we show, and are not read",) if others else ()))
    return Reading(engine.rows(drafts), "the US registry of providers (NPPES)", tuple(places), notes, tally, opened)


@dataclass(frozen=True, slots=True)
class _Codes:
    """What the codes of the taxonomy mean; "101Y*" is every code that begins so and has no row of its own."""

    meanings: Mapping[str, Sequence[Meaning]]
    names: Mapping[str, str]

    def is_ours(self, code: str) -> bool:
        """Return whether a code is of a kind we take in."""
        key = self.known(code)
        return key is not None and bool(self.meanings[key])

    def known(self, code: str) -> str | None:
        """Return the code or the beginning under which a code is known."""
        if code in self.meanings:
            return code
        return next(
            (found for end in range(len(code) - 1, 2, -1) if (found := code[:end] + "*") in self.meanings), None
        )


@dataclass(slots=True)
class _Drafts:
    """The rows of a file as drafts; what is none of ours is counted and gone."""

    records: Iterator[Record]
    places: Mapping[str, int]
    codes: _Codes
    source: Source
    context: Context
    individuals: bool
    tally: Tally

    def __iter__(self) -> Iterator[Draft]:
        taxonomy = [self.places[name] for name in self.places if name.startswith(TAXONOMY)]
        is_ours = lru_cache(maxsize=4096)(self.codes.is_ours)
        entity = self.places[ENTITY]
        ended, begun = self.places.get(DEACTIVATED), self.places.get(REACTIVATED)
        for record in self.records:
            cells = record.cells
            if not record.whole:
                problems: list[Fault] = [(fault.column, fault.value, fault.reason) for fault in record.faults]
                yield Draft(record.number, {}, ORIGINS, self._own(cells), problems=problems, whole=False)
                continue
            if ended is not None and cells[ended].strip() and not (begun is not None and cells[begun].strip()):
                self.tally.left_out[IS_DEACTIVATED] += 1
                continue
            codes = [code for place in taxonomy if (code := cells[place].strip().upper())]
            if not any(is_ours(code) for code in codes):
                is_related = any(self.codes.known(code) for code in codes)
                self.tally.left_out[IS_RELATED if is_related else IS_NOT_OURS] += 1
                continue
            kind = cells[entity].strip()
            if kind == PERSON and not self.individuals:
                self.tally.left_out[IS_PERSON] += 1
                continue
            if kind not in {PERSON, ORGANIZATION}:
                self.tally.left_out[IS_NOTHING] += 1
                continue
            yield fixed.with_values(self._draft(record, codes), self.source.values)

    def _own(self, cells: Sequence[str]) -> dict[str, str]:
        return {name: cells[place] for name, place in self.places.items() if place < len(cells)}

    def _draft(self, record: Record, codes: Sequence[str]) -> Draft:
        own_cells = self._own(record.cells)
        text = {name: cell.strip() for name, cell in own_cells.items()}
        made = Draft(record.number, {}, ORIGINS, own_cells)
        made.problems.extend((fault.column, fault.value, fault.reason) for fault in record.faults)
        if not _is_npi(text[NPI]):
            made.problems.append((NPI, text[NPI], "is not an NPI: its ten digits and check digit do not agree"))
        country = text.get(COUNTRY, "") or "US"
        address = Address(
            capitals.of_place(text.get(STREET, "")),
            capitals.of_place(text.get(CITY, "")),
            text.get(STATE, ""),
            text.get(ZIP, ""),
            "US" if country in TERRITORIES else country,
        )
        address, repairs, junk = addresses.mended(address, ZIP, self.context.gazetteer)
        made.repairs.extend(repairs)
        made.warnings.extend(junk)
        made.cells = {
            "id": text[NPI],
            **_names(text),
            **self._facts(codes),
            "phone": text.get(PHONE, ""),
            "address_1": address.street,
            "address_2": capitals.of_place(text.get(SECOND, "")),
            "city": address.city,
            "region": address.region,
            "postal_code": address.postal_code,
            "country": address.country,
            "formats": "in_person",
            "identifiers": f"npi:{text[NPI]}",
            "source_url": f"{PAGE}{text[NPI]}",
            **self._checked(text, made),
        }
        return made

    def _facts(self, codes: Sequence[str]) -> dict[str, str]:
        """Return what the codes mean. An age group counts when every code of ours says it."""
        found: dict[str, dict[str, None]] = {}
        said: list[set[tuple[str, str]]] = []
        titles: dict[str, None] = {}
        for code in codes:
            key = self.codes.known(code)
            if key is None:
                name = code if _CODE.fullmatch(code) else "no taxonomy code"
                self.tally.unmapped[f"{name} (not of mental health or substance use)"] += 1
                continue
            if not self.codes.meanings[key]:
                continue
            titles[self.codes.names[key]] = None
            terms = {(meaning.column, meaning.value): None for meaning in self.codes.meanings[key]}
            said.append({(column, value) for column, value in terms if column in _AGREED})
            for column, value in terms:
                found.setdefault(column, {})[value] = None
        kinds = found.pop("kind", {})
        agreed = set.intersection(*said)
        for column in _AGREED:
            found[column] = {value: None for value in found.get(column, {}) if (column, value) in agreed}
        return {
            "kind": "treatment_program" if "treatment_program" in kinds else next(iter(kinds), ""),
            "description": f"Listed as: {', '.join(titles)}. {NO_PROOF}",
            **{column: ";".join(values) for column, values in found.items()},
        }

    def _checked(self, text: Mapping[str, str], made: Draft) -> dict[str, str]:
        """Return the last day on which the provider confirmed or changed its entry."""
        days: list[date] = []
        for name in (CERTIFIED, UPDATED):
            if not text.get(name):
                continue
            try:
                day = datetime.strptime(text[name], "%m/%d/%Y").date()
                days.append(clean.iso_date(day.isoformat(), self.context.today))
            except ValueError as error:
                reason = str(error) if str(error).startswith("is ") else "is not a date; write 08/31/2026"
                made.warnings.append((name, text[name], f"{reason}; left out"))
        return {"last_checked": max(days).isoformat(), "checked_by": "the provider itself, in NPPES"} if days else {}


def _names(text: Mapping[str, str]) -> dict[str, str]:
    if text[ENTITY] == PERSON:
        name = capitals.of_person(" ".join(filter(None, (text.get(FIRST, ""), text.get(LAST, "")))))
        titles = text.get(CREDENTIAL, "").strip(" ,")
        return {"name": f"{name}, {titles}" if name and titles else name}
    legal, other = (capitals.of_organization(text.get(each, "")) for each in (LEGAL, OTHER))
    if other and text.get(OTHER_KIND) == _DOING_BUSINESS_AS:
        return {"name": other, "organization": legal}
    return {"name": legal}


def _is_npi(text: str) -> bool:
    try:
        clean.identifier(f"npi:{text}")
    except ValueError:
        return False
    return True
