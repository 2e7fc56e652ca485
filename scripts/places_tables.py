"""Reading GeoNames' tables: cities, postal codes, regions, and what is kept by hand beside them."""

from __future__ import annotations

import csv
import gzip
import math
import re
import statistics
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from directory.gazetteer_files import haversine_km
from directory.gazetteer_text import POSTAL_FORMS, fold

TERRITORIES = ("PR", "GU", "VI", "AS", "MP")
MILITARY = re.compile(r"09|340|96[2-6]")
CODED_REGIONS = (
    "US",
    "CA",
    "AU",
    "GB",
    "BR",
)  # whose region codes people write: "Boise, ID", "Perth WA", "Curitiba, PR"
Position = tuple[float, float]


class City(NamedTuple):
    name: str
    others: tuple[str, ...]
    country: str
    region: str
    latitude: float
    longitude: float
    population: int
    timezone: str


class Code(NamedTuple):
    country: str
    code: str
    place: str
    region: str
    latitude: float
    longitude: float
    accuracy: str
    about: bool = False

    @property
    def position(self) -> Position:
        return self.latitude, self.longitude


class Regions:
    """Countries and regions as kept by hand, and the names of regions only GeoNames' own table knows."""

    def __init__(self, places: Path, folder: Path) -> None:
        self.countries = {row["code"]: row for row in read_rows(places / "countries.csv")}
        self.rows = read_rows(places / "regions.csv")
        known = {(row["country"], row["code"]) for row in self.rows}
        for path in [folder / "admin1CodesASCII.txt"]:
            for code, name, *_ in read_tabs(path) if path.exists() else ():
                country, _, admin1 = code.partition(".")
                if (country, admin1) not in known:
                    self.rows.append({"country": country, "code": admin1, "region": name, "name": name, "aliases": ""})
        self.of_code = {(row["country"], row["code"]): row["region"] for row in self.rows}
        self.people = {(c, ""): int(row["population"]) for c, row in self.countries.items() if row["population"]}
        self.people |= {(r["country"], r["region"]): int(r["population"]) for r in self.rows if r.get("population")}
        self.names: dict[tuple[str, str], str] = {}
        self.of_name: dict[tuple[str, str], str] = {}
        for row in self.rows:
            self.names.setdefault((row["country"], row["region"]), row["name"])
            for name in filter(None, (row["name"], *row["aliases"].split(";"))):
                self.of_name.setdefault((row["country"], fold(name)), row["region"])

    def place(self, country: str, admin1: str) -> tuple[str, str]:
        """Return (country, region), a US territory as a region of the United States."""
        if country in TERRITORIES:
            return "US", country
        return country, self.of_code.get((country, admin1), "")

    def spoken(self) -> Iterator[tuple[str, str, str]]:
        """Yield (country, region, name) for every name of a country or region."""
        for code, row in self.countries.items():
            names = [row["name"], row["name_es"], code, row["code_3"], *row["aliases"].split(";")]
            country, region = ("US", code) if code in TERRITORIES else (code, "")
            yield from ((country, region, name) for name in names if name)
        for row in self.rows:
            names = [row["name"], *row["aliases"].split(";")]
            if row["country"] in CODED_REGIONS:
                names.append(row["region"])
            yield from ((row["country"], row["region"], name) for name in names if name)


def read_cities(folder: Path, regions: Regions) -> Iterator[City]:
    """Yield the cities of cities5000.txt, or of its extract."""
    if (folder / "cities5000.txt").exists():
        for row in read_tabs(folder / "cities5000.txt"):
            others, area = tuple(row[3].split(",")), regions.place(row[8], row[10])
            yield City(row[1], others, *area, float(row[4]), float(row[5]), int(row[14]), row[17])
        return
    for each in read_rows(folder / "world_cities.csv"):
        others = tuple(each["alternate_names"].split("|"))
        area = regions.place(each["country_code"], each["admin1_code"])
        at = float(each["latitude"]), float(each["longitude"])
        yield City(each["name"], others, *area, *at, int(each["population"] or 0), each["timezone"])


def read_codes(folder: Path, regions: Regions) -> Iterator[Code]:
    """Yield the postal codes of allCountries.txt, or of its two extracts; military posts are left out."""
    if (folder / "allCountries.txt").exists():
        yield from average(
            postal_code(row[0], row[1], row[2], row[3], (row[9], row[10], row[11]), regions)
            for row in read_tabs(folder / "allCountries.txt")
            if row[0] in POSTAL_FORMS or row[0] in TERRITORIES
        )
        return
    yield from average(
        postal_code(
            r["country_code"], r["zip"], r["city"], r["state"], (r["latitude"], r["longitude"], r["accuracy"]), regions
        )
        for r in read_rows(folder / "us_postal_codes.csv")
    )
    for r in read_rows(folder / "world_postal_codes.csv"):
        at = r["latitude"], r["longitude"], ""
        yield foreign_code(r["country_code"], r["postal_code"], r["first_place"], r["region"], at, regions)


def read_residents(path: Path) -> tuple[dict[str, int], dict[str, Position]]:
    """Return the residents and the point of each ZIP area of the Census; nothing where the file is not there."""
    if not path.exists():
        return {}, {}
    with gzip.open(path, "rt", encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    return (
        {row["zip"]: int(row["residents"]) for row in rows},
        {row["zip"]: (float(row["latitude"]), float(row["longitude"])) for row in rows},
    )


def postal_code(
    country: str, code: str, place: str, state: str, at: tuple[str, str, str], regions: Regions
) -> Code | None:
    """Return one row as a code; None for military posts and ZIPs without a state, which point anywhere."""
    position = float(at[0]), float(at[1]), at[2]
    if country not in ("US", *TERRITORIES):
        return foreign_code(country, code, place, state, at, regions)
    if MILITARY.match(code):
        return None
    if country in TERRITORIES:
        return Code("US", code, place, country, *position)
    if state == "Marshall Islands":
        return Code("MH", code, place, "", *position)
    region = regions.of_name.get(("US", fold(state)))
    return Code("US", code, place, region, *position) if region else None


def foreign_code(country: str, code: str, place: str, region: str, at: tuple[str, str, str], regions: Regions) -> Code:
    return Code(
        country, code, place, regions.of_name.get((country, fold(region)), ""), float(at[0]), float(at[1]), at[2]
    )


def average(rows: Iterable[Code | None]) -> Iterator[Code]:
    """Yield one code for all rows of it: the middle of its places, called after the first."""
    same: dict[tuple[str, str], list[Code]] = defaultdict(list)
    for row in rows:
        if row is not None:
            same[row.country, row.code.upper()].append(row)
    for (_, code), several in same.items():
        latitude, longitude = middle([each.position for each in several])
        yield several[0]._replace(code=code, latitude=latitude, longitude=longitude)


class Near:
    """The cities in cells of half a degree."""

    def __init__(self, cities: list[City]) -> None:
        self.cells: dict[tuple[int, int], list[City]] = defaultdict(list)
        self.named: dict[tuple[str, str, str], list[City]] = defaultdict(list)
        for city in cities:
            self.cells[self.cell(city.latitude, city.longitude)].append(city)
            for name in {fold(name) for name in (city.name, *city.others)}:
                self.named[city.country, city.region, name].append(city)

    @staticmethod
    def cell(latitude: float, longitude: float) -> tuple[int, int]:
        return math.floor(latitude * 2), math.floor(longitude * 2)

    def nearest(self, at: Position, country: str, region: str = "") -> City | None:
        """Return the nearest city of the country (and region), looking up to 12 degrees away."""
        row, column = self.cell(*at)
        for reach in (1, 2, 4, 8, 24):
            found = [
                (haversine_km(*at, city.latitude, city.longitude), city.name, city)
                for r in range(row - reach, row + reach + 1)
                for c in range(column - reach, column + reach + 1)
                for city in self.cells.get((r, c), ())
                if city.country == country and region in ("", city.region)
            ]
            if found:
                return min(found)[2]
        return self.nearest(at, country) if region else None

    def around(self, at: Position, radius_km: float) -> list[City]:
        row, column = self.cell(*at)
        cells = (self.cells.get((r, c), ()) for r in (row - 1, row, row + 1) for c in (column - 1, column, column + 1))
        return [
            city for cell in cells for city in cell if haversine_km(*at, city.latitude, city.longitude) <= radius_km
        ]

    def timezone(self, at: Position, country: str, region: str) -> str:
        city = self.nearest(at, country, region)
        return city.timezone if city else ""


def middle(positions: list[Position]) -> Position:
    """Return the medians of latitude and longitude; what lies across 180 degrees is not joined."""
    return statistics.median(p[0] for p in positions), statistics.median(p[1] for p in positions)


def read_rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def read_tabs(path: Path) -> Iterator[list[str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        for line in lines:
            yield line.rstrip("\r\n").split("\t")


def write_rows(path: Path, header: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as lines:
        writer = csv.writer(lines, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
