"""Read SAMHSA's 2022 directories, and what goes with them, as rows of our own CSV that may be chosen.

Only facts are taken: name, address, number, and what the service codes say (data/mappings/samhsa.csv). A position is taken from
the 2021 locator where name, street and ZIP are the same and the point lies in the state and within 30 km of the ZIP's
centre; all others are left for the import to place by ZIP.
"""

from __future__ import annotations

import csv
import hashlib
import json
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import phonenumbers

from directory import geo, needs
from directory.importers import mappings, own, samhsa_needs, samhsa_words, workbook
from directory.importers.facility import named
from directory.importers.facility import plain_key as key
from directory.importers.samhsa import PUBLICATIONS
from directory.importers.samhsa_needs import MENTAL_HEALTH, SUBSTANCE_USE, Facts, Meanings
from directory.records import Point

Cell = tuple[int, int]

# FM and PW are countries of their own.
NOT_US = frozenset({"FM", "PW"})
# SAMHSA says no more than the year, so the first day of it.
LAST_CHECKED = "2022-01-01"
COLUMNS = tuple(own.FORMAT.columns)
# What the importer has learnt since these rows were chosen; by code and column of our own CSV.
LEARNT_SINCE = frozenset({
    ("ADM", "audiences"), ("MF", "audiences"), ("DU", "audiences"), ("SHG", "approaches"), ("NU", "approaches"),
    ("OMB", "approaches"), ("SOTP", "approaches"), ("HH", "approaches"), ("HI", "approaches"), ("HIT", "approaches"),
    ("RTCA", "approaches"), ("RTCC", "approaches"), ("ORES", "approaches"), ("TRC", "needs"),
})  # fmt: skip
# Not open to all, a hospital ward, or a door that had better not be published: shelters.
CLOSED_DOORS = re.compile(
    r"\b(high school|middle school|elementary|school based|jail|correctional|prison|detention|probation|sheriff\w*|"
    r"(drug|district|treatment|accountability|alt|family) court|court (treatment|services)|inpatient|"
    r"violence|nonviolence|battered|domestic|\w*shelter|safe house|safe landing)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Candidate:
    """A row that may be chosen: our cells, where it lies, what its codes say, and its street and ZIP."""

    cells: dict[str, str]
    point: Point
    codes: frozenset[str]
    facts: Facts
    street: str


def read(shared: Path) -> list[Candidate]:
    """Return every row of the two workbooks that can be listed, each site once a kind."""
    zips = Zips(shared / "gazetteer" / "us_postal_codes.csv")
    rows = [
        (directory, row)
        for directory in (MENTAL_HEALTH, SUBSTANCE_USE)
        for row in workbook_rows(shared / f"samhsa_{directory}_directory_2022.xlsx")
        if row["state"] not in NOT_US
    ]
    zips.learn_states(row for _, row in rows)
    meanings = curated(Path(__file__).parent.parent / "data")
    positions = located(shared / "samhsa_mental_health_locator_2021.csv", zips)
    numbers = facility_numbers(shared / "findtreatment_api_response.json")
    found: dict[tuple[str, ...], Candidate] = {}
    for directory, row in rows:
        codes = frozenset(row["service_code_info"].replace("*", " ").split())
        kind = kind_of(codes, directory)
        phone = dialable(row["phone"])
        centre = zips.centre(row["zip"], row["state"])
        if kind is None or phone is None or centre is None or CLOSED_DOORS.search(f"{row['name1']} {row['name2']}"):
            continue
        position = positions.get((key(row["name1"]), key(row["street1"]), row["zip"]))
        if position is not None and geo.distance_km(position, centre) > 30:
            position = None
        facts = samhsa_needs.facts(codes, directory, row["state"], meanings)
        site = (kind, key(f"{row['name1']} {row['name2']}"), key(row["street1"]), row["zip"])
        number = numbers.get((directory, *site[1:]), "")
        cells = listing(row, directory, kind, phone, codes, facts, position, number)
        candidate = Candidate(cells, position or centre, codes, facts, "|".join(site[2:]))
        found.setdefault(site, candidate)
    return list(found.values())


def curated(data: Path) -> Meanings:
    """Return what the codes mean to the rows chosen here."""
    known = mappings.load(data, "samhsa", needs.load(data))
    return {
        code: tuple(each for each in held if (code, each.column) not in LEARNT_SINCE) for code, held in known.items()
    }


def workbook_rows(path: Path) -> Iterator[dict[str, str]]:
    """Yield the rows of a workbook's first sheet, blanks trimmed and doubled blanks made one."""
    table = workbook.open_sheets(path).table()
    for record in table.rows:
        yield {name: " ".join(cell.split()) for name, cell in zip(table.header, record.cells, strict=True)}


class Zips:
    """GeoNames' ZIP codes: where each lies and in which state."""

    def __init__(self, path: Path) -> None:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        self.points = {row["zip"]: Point(float(row["latitude"]), float(row["longitude"])) for row in rows}
        self.names = {row["zip"]: f"{row['country_code']} {row['state']}" for row in rows}
        self.states: dict[str, str] = {}
        self._cells: dict[Cell, list[str]] = defaultdict(list)
        for code, point in self.points.items():
            self._cells[cell(point)].append(code)

    def learn_states(self, rows: Iterable[dict[str, str]]) -> None:
        """Tell GeoNames' state names apart by the letters that most rows with a ZIP there carry."""
        votes: dict[str, Counter[str]] = defaultdict(Counter)
        for row in rows:
            if row["zip"] in self.names:
                votes[self.names[row["zip"]]][row["state"]] += 1
        self.states = {name: letters.most_common(1)[0][0] for name, letters in votes.items()}

    def state(self, code: str) -> str | None:
        """Return the letters of the state a ZIP code lies in."""
        return self.states.get(self.names[code])

    def centre(self, code: str, state: str) -> Point | None:
        """Return where a ZIP code lies, or None when it is unknown or lies in another state."""
        return self.points[code] if code in self.points and self.state(code) == state else None

    def state_at(self, point: Point) -> str | None:
        """Return the state of the nearest ZIP code, within about 100 km."""
        row, column = cell(point)
        near = [code for x in (-1, 0, 1) for y in (-1, 0, 1) for code in self._cells.get((row + x, column + y), ())]
        return self.state(min(near, key=lambda code: rough_km(point, self.points[code]))) if near else None


def located(path: Path, zips: Zips) -> dict[tuple[str, str, str], Point]:
    """Return the positions of the 2021 locator by name, street and ZIP, as far as it agrees with itself and the state."""
    points: dict[tuple[str, str, str], list[Point]] = defaultdict(list)
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            code = row["zip"].zfill(5)
            try:
                point = Point(round(float(row["latitude"]), 6), round(float(row["longitude"]), 6))
            except ValueError:
                continue
            if zips.state_at(point) == row["state"] and code in zips.points:
                points[key(row["name1"]), key(row["street1"]), code].append(point)
    return {site: found[0] for site, found in points.items() if all(rough_km(found[0], other) < 0.5 for other in found)}


def facility_numbers(path: Path) -> dict[tuple[str, ...], str]:
    """Return FindTreatment.gov's facility numbers by workbook, name, street and ZIP."""
    workbooks = {"MH": MENTAL_HEALTH, "SA": SUBSTANCE_USE}
    return {
        (
            workbooks[row["typeFacility"]],
            key(f"{row['name1']} {row['name2'] or ''}"),
            key(row["street1"]),
            row["zip"],
        ): f"frid:{row['frid']}"
        for row in json.loads(path.read_text(encoding="utf-8"))["rows"]
        if row.get("typeFacility") in workbooks
    }


def kind_of(codes: frozenset[str], directory: str) -> str | None:
    """Return the kind of listing a row makes, or None for what is not listed.

    Not listed: state hospitals and wards, what serves only people with a drink-driving case, and what says it does not treat
    alcohol or opioids, since a general "substance use" would claim them.
    """
    if directory == SUBSTANCE_USE:
        only = len(codes & {"OUDO", "AUDO"})
        refuses = codes & {"NAUT", "NOOP"} and not only
        contradicts = ("OUDO" in codes and "NOOP" in codes) or ("AUDO" in codes and "NAUT" in codes)
        listed = "SA" in codes and codes & {"OP", "RES"} and "DUO" not in codes and only < 2
        return "treatment_program" if listed and not refuses and not contradicts else None
    if "MH" not in codes:
        return None
    if "SHP" in codes:
        return None
    if "OP" in codes and not codes & {"RTCA", "RTCC", "ORES", "PH", "PSY", "IPSY"}:
        return "therapist"
    return "treatment_program" if codes & {"RES", "PHDT"} else None


def dialable(text: str) -> str | None:
    """Return a number as we write it ("907-562-4155 ext 143"), or None when nobody can dial it."""
    number, _, extension = text.partition(" x")
    if not re.fullmatch(r"\d{3}-\d{3}-\d{4}", number) or (extension and not extension.isdigit()):
        return None
    if re.search(r"555-01\d\d$", number) or not phonenumbers.is_valid_number(phonenumbers.parse(number, "US")):
        return None
    return f"{number} ext {extension}" if extension else number


def listing(
    row: dict[str, str], directory: str, kind: str, phone: str, codes: frozenset[str], facts: Facts,
    position: Point | None, number: str,
) -> dict[str, str]:  # fmt: skip
    """Return the cells of our own CSV."""
    name, organization = named(row["name1"], row["name2"])
    mark = hashlib.sha256("|".join((kind, key(name), key(row["street1"]), row["zip"])).encode()).hexdigest()[:6]
    slug = key(name)[:40].rsplit(" ", 1)[0] if len(key(name)) > 40 else key(name)
    return dict.fromkeys(COLUMNS, "") | {
        "id": f"us-{row['state']}-{key(row['city'])}-{slug}-{mark}".lower().replace(" ", "-"),
        "kind": kind,
        "name": name,
        "organization": organization,
        "description": samhsa_words.describe(codes, directory, facts),
        **facts.cells(),
        "phone": phone,
        "address_1": row["street1"],
        "address_2": row["street2"],
        "city": row["city"],
        "region": row["state"],
        "postal_code": row["zip"],
        "country": "US",
        "latitude": f"{position.latitude}" if position else "",
        "longitude": f"{position.longitude}" if position else "",
        "identifiers": number,
        "source_url": PUBLICATIONS[directory],
        "last_checked": LAST_CHECKED,
        "checked_by": "SAMHSA, 2022 directory",
    }


def cell(point: Point) -> Cell:
    """Return the half-degree cell a point lies in."""
    return math.floor(point.latitude * 2), math.floor(point.longitude * 2)


def rough_km(a: Point, b: Point) -> float:
    """Return the distance on a flat map: right to a percent or so within 100 km."""
    x = (a.longitude - b.longitude) * math.cos(math.radians((a.latitude + b.latitude) / 2))
    return 111.2 * math.hypot(x, a.latitude - b.latitude)
