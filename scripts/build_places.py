"""Build the gazetteer of data/places from GeoNames' tables (CC BY 4.0).

    python scripts/build_places.py FOLDER [--places data/places]

FOLDER holds either GeoNames' own files (cities5000.txt and allCountries.txt of the postal codes, with admin1CodesASCII.txt
where it is at hand) or the CSV extracts us_postal_codes.csv, world_postal_codes.csv, world_cities.csv. Which of them is
seen from the file names. Kept by hand in data/places and read here too: countries.csv, regions.csv, aliases.csv,
zip_fixes.csv. The same input gives the same bytes. Every ZIP moved or made "about" is listed in repaired.csv.
"""

from __future__ import annotations

import argparse
import csv
import math
import re
import statistics
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import marisa_trie

from directory.gazetteer_files import ABOUT, LISTED, STRONG, Area, band, haversine_km, steps
from directory.gazetteer_text import POSTAL_FORMS, fold

TERRITORIES = ("PR", "GU", "VI", "AS", "MP")
MILITARY = re.compile(r"09|340|96[2-6]")
CODED_REGIONS = ("US", "CA", "AU", "GB", "BR")  # whose region codes people write: "Boise, ID", "Perth WA", "Curitiba, PR"
NOT_A_TOWN = re.compile(r"\(|GmbH|\bAG\b|\d|Apo\b|APO\b|FPO|DPO")
SMALL_PLACES_OF = ("US", "AU", "GB", "IE", "KE", "NZ", "ZA")  # villages of more countries would cost 2 MB
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


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("--places", type=Path, default=Path(__file__).resolve().parent.parent / "data" / "places")
    given = arguments.parse_args()
    print(f"built {build(given.folder, given.places):,} bytes in {given.places}")


def build(folder: Path, places: Path) -> int:
    """Build all files into ``places`` and return their size together."""
    regions = Regions(places, folder)
    cities = sorted(read_cities(folder, regions), key=lambda c: (-c.population, c.country, c.region, c.name, c.latitude, c.longitude))
    near = Near(cities)
    codes = list(read_codes(folder, regions))
    codes, repaired = repair_zips(codes, near, read_rows(places / "zip_fixes.csv"))
    write_rows(places / "repaired.csv", ("zip", "place", "region", "moved_km", "precision", "how"), repaired)
    codes = place_by_prefix([with_town(with_region(code, near), near) for code in codes])
    codes += zip_areas(codes)
    cities += small_places(codes, cities, near)
    size = write(places, cities, codes, regions, near)
    print(f"{len(cities):,} cities, {len(codes):,} postal codes, {len(repaired)} ZIPs repaired")
    return size


# Reading ----------------------------------------------------------------------------------------------------------------


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
    original = folder / "cities5000.txt"
    if original.exists():
        for row in read_tabs(original):
            yield City(row[1], tuple(row[3].split(",")), *regions.place(row[8], row[10]), float(row[4]), float(row[5]), int(row[14]), row[17])
        return
    for each in read_rows(folder / "world_cities.csv"):
        yield City(
            each["name"], tuple(each["alternate_names"].split("|")), *regions.place(each["country_code"], each["admin1_code"]),
            float(each["latitude"]), float(each["longitude"]), int(each["population"] or 0), each["timezone"],
        )  # fmt: skip


def read_codes(folder: Path, regions: Regions) -> Iterator[Code]:
    original = folder / "allCountries.txt"
    if original.exists():
        yield from average(
            us_zip(row[1], row[2], row[3], row[0], row[9], row[10], row[11], regions)
            if row[0] in ("US", *TERRITORIES)
            else Code(row[0], row[1], row[2], regions.of_name.get((row[0], fold(row[3])), ""), float(row[9]), float(row[10]), row[11])
            for row in read_tabs(original)
            if row[0] in POSTAL_FORMS or row[0] in TERRITORIES
        )
        return
    zips = (
        us_zip(r["zip"], r["city"], r["state"], r["country_code"], r["latitude"], r["longitude"], r["accuracy"], regions)
        for r in read_rows(folder / "us_postal_codes.csv")
    )
    yield from average(zips)
    for r in read_rows(folder / "world_postal_codes.csv"):
        region = regions.of_name.get((r["country_code"], fold(r["region"])), "")
        yield Code(r["country_code"], r["postal_code"], r["first_place"], region, float(r["latitude"]), float(r["longitude"]), "")


def us_zip(code: str, city: str, state: str, country: str, latitude: str, longitude: str, accuracy: str, regions: Regions) -> Code | None:
    """Return a ZIP; None for military posts and rows without a state, which point anywhere."""
    if MILITARY.match(code):
        return None
    at = (float(latitude), float(longitude), accuracy)
    if country in TERRITORIES:
        return Code("US", code, city, country, *at)
    if state == "Marshall Islands":
        return Code("MH", code, city, "", *at)
    region = regions.of_name.get(("US", fold(state)))
    return Code("US", code, city, region, *at) if region else None


def average(rows: Iterable[Code | None]) -> Iterator[Code]:
    """Yield one code for all rows of it: the middle of its places, called after the first."""
    same: dict[tuple[str, str], list[Code]] = defaultdict(list)
    for row in rows:
        if row is not None:
            same[row.country, row.code.upper()].append(row)
    for (_, code), several in same.items():
        latitude, longitude = middle([each.position for each in several])
        yield several[0]._replace(code=code, latitude=latitude, longitude=longitude)


# Correcting -------------------------------------------------------------------------------------------------------------


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
        return [city for cell in cells for city in cell if haversine_km(*at, city.latitude, city.longitude) <= radius_km]

    def timezone(self, at: Position, country: str, region: str) -> str:
        city = self.nearest(at, country, region)
        return city.timezone if city else ""


def repair_zips(codes: list[Code], near: Near, fixes: list[dict[str, str]]) -> tuple[list[Code], list[tuple[object, ...]]]:
    """Return the codes with known faults put right, and the list of what was done.

    A point shared by several named places, or one GeoNames calls an estimate, is often only the middle of a county. Such a
    ZIP is moved to the other ZIPs of its city in the state, else to the city itself, when these lie 20 to 65 km away; a
    shared point without either stays, as "about".
    """
    by_hand = {row["zip"]: row for row in fixes}
    known = {code.code for code in codes if code.country in ("US", "MH")}
    names_at: dict[Position, set[str]] = defaultdict(set)
    for code in codes:
        if code.country == "US":
            names_at[code.position].add(fold(code.place))
    weak = {code.code for code in codes if code.country == "US" and (code.accuracy in ("0", "1") or len(names_at[code.position]) > 3)}
    firm: dict[tuple[str, str], list[Code]] = defaultdict(list)
    for code in codes:
        if code.country == "US" and code.code not in weak and len(names_at[code.position]) == 1:
            firm[code.region, fold(code.place)].append(code)
    fixed, done = [], []
    for code in codes + [Code("US", z, "", "", 0.0, 0.0, "") for z in sorted(set(by_hand) - known)]:
        if code.country not in ("US", "MH"):
            fixed.append(code)
            continue
        now, how = code, ""
        if code.code in by_hand:
            row = by_hand[code.code]
            now = Code(row["country"], code.code, row["place"], row["region"], float(row["latitude"]), float(row["longitude"]), "", row["precision"] == "postal_area")
            how = "by hand: " + row["why"]
        elif code.code in weak:
            same = [each for each in firm[code.region, fold(code.place)] if each.code[:3] == code.code[:3]] or firm[code.region, fold(code.place)]
            towns = [(c.latitude, c.longitude) for c in near.named[code.country, code.region, fold(code.place)]]
            where = middle([each.position for each in same]) if same else towns[0] if towns else None
            moved = haversine_km(*code.position, *where) if where else 0.0
            if where and 20 < moved < 65:
                now, how = code._replace(latitude=where[0], longitude=where[1], about=True), "to the other ZIPs of the city" if same else "to the city"
            elif len(names_at[code.position]) > 3 and moved > 5 and where and moved < 65:
                now, how = code._replace(latitude=where[0], longitude=where[1], about=True), "to the other ZIPs of the city" if same else "to the city"
            elif len(names_at[code.position]) > 1 and not where:
                now, how = code._replace(about=True), "kept: the point is shared by several places"
        fixed.append(now)
        if how:
            moved = 0 if code.code not in known else round(haversine_km(*code.position, *now.position))
            done.append((code.code, now.place, now.region, moved, "postal_area" if now.about else "postal_code", how))
    return fixed, sorted(done)


def with_region(code: Code, near: Near) -> Code:
    """Return a foreign code with the region of the nearest city where its own is not known."""
    if code.region or code.country == "US":
        return code
    city = near.nearest(code.position, code.country)
    return code._replace(region=city.region if city else "")


def with_town(code: Code, near: Near) -> Code:
    """Return a foreign code called after its city where the table has a building, a quarter or a list of them."""
    if code.country == "US" or any(
        haversine_km(*code.position, c.latitude, c.longitude) < 25 for c in near.named[code.country, code.region, fold(code.place)]
    ):
        return code
    around = [c for c in near.around(code.position, 10) if c.country == code.country]
    biggest = max(around, key=lambda c: (c.population, c.name), default=None)
    if biggest and (biggest.population >= 100_000 or code.country == "CA"):
        return code._replace(place=biggest.name)
    return code._replace(place=re.sub(r".*\((.*)\)", r"\1", code.place)) if code.country == "CA" else code


def place_by_prefix(codes: list[Code]) -> list[Code]:
    """Return the codes, those of other countries that lie far from all their neighbours in number moved to them as "about"."""
    groups: dict[tuple[str, str], list[Code]] = defaultdict(list)
    for code in codes:
        groups[code.country, code.code[:2] if len(code.code) < 5 else code.code[:3]].append(code)
    result = []
    for code in codes:
        group = groups[code.country, code.code[:2] if len(code.code) < 5 else code.code[:3]]
        if code.country not in ("US", "CA") and len(group) >= 4:
            centre = middle([each.position for each in group])
            away = sorted(haversine_km(*centre, *each.position) for each in group)
            usual, off = away[len(away) * 3 // 4], haversine_km(*centre, *code.position)
            if off > 60 and off > 4 * max(usual, 10):
                code = code._replace(latitude=centre[0], longitude=centre[1], about=True)
        result.append(code)
    return result


def zip_areas(codes: list[Code]) -> list[Code]:
    """Return one "about" code for the first three digits of US ZIPs, for the ZIPs nobody lists."""
    groups: dict[str, list[Code]] = defaultdict(list)
    for code in codes:
        if code.country == "US" and not code.about:
            groups[code.code[:3]].append(code)
    areas = []
    for prefix, group in sorted(groups.items()):
        region = Counter(code.region for code in group).most_common(1)[0][0]
        inside = [code for code in group if code.region == region]
        place, times = Counter(code.place for code in inside).most_common(1)[0]
        latitude, longitude = middle([code.position for code in inside])
        areas.append(Code("US", prefix, place if times * 2 > len(inside) else "", region, latitude, longitude, "", about=True))
    return areas


def small_places(codes: list[Code], cities: list[City], near: Near) -> list[City]:
    """Return the places of the postal tables that are no city of the table, each at the middle of its codes."""
    groups: dict[tuple[str, str, str], list[Code]] = defaultdict(list)
    for code in codes:
        if code.country in SMALL_PLACES_OF and not code.about and code.place and not NOT_A_TOWN.search(code.place):
            groups[code.country, code.region, fold(code.place)].append(code)
    zones: dict[tuple[str, str], set[str]] = defaultdict(set)
    for city in cities:
        zones[city.country, city.region].add(city.timezone)
    found = []
    for (country, region, name), group in sorted(groups.items()):
        at = middle([code.position for code in group])
        group = [code for code in group if haversine_km(*at, *code.position) < 40] or group[:1]
        at = middle([code.position for code in group])
        if any(haversine_km(*at, c.latitude, c.longitude) < 25 for c in near.named[country, region, name]):
            continue
        zone = zones[country, region]
        timezone = next(iter(zone)) if len(zone) == 1 else near.timezone(at, country, region)
        found.append(City(group[0].place, (), country, region, round(at[0], 4), round(at[1], 4), 0, timezone))
    return found


# Writing ----------------------------------------------------------------------------------------------------------------


def write(places: Path, cities: list[City], codes: list[Code], regions: Regions, near: Near) -> int:
    """Write the packed files and return the size of the folder."""
    cities = sorted(cities, key=lambda c: (*cell(c.latitude, c.longitude), steps(c.latitude), c.name, -c.population))
    areas = Areas(regions)
    labels = {city.name for city in cities} | {code.place for code in codes}
    wholes = whole_areas(cities, areas, counted_elsewhere(near))
    labels |= {name for _, name, *_ in wholes}
    trie = marisa_trie.Trie(sorted(labels), num_tries=8)
    (places / "labels.marisa").write_bytes(trie.tobytes())
    label = {name: trie[name] for name in labels}

    records = [
        pack(label[c.name], c.latitude, c.longitude) + c.population.to_bytes(4, "little") + areas.number(c.country, c.region, c.timezone)
        for c in cities
    ]
    (places / "cities.bin").write_bytes(b"".join(records))
    (places / "regions.bin").write_bytes(
        b"".join(pack(label[name], *at) + people.to_bytes(4, "little") + number for number, name, at, people in wholes)
    )
    numbers = {number: len(cities) + n for n, (number, *_) in enumerate(wholes)}
    write_names(places, names_of(cities, areas, numbers, regions, read_rows(places / "aliases.csv")))
    write_codes(places, codes, label, areas, near)
    write_rows(places / "areas.csv", Area._fields, areas.rows)
    return sum(path.stat().st_size for path in places.iterdir())


class Areas:
    """Numbers the (country, region, time zone) combinations in use."""

    def __init__(self, regions: Regions) -> None:
        self.regions = regions
        self.rows: list[Area] = []
        self.known: dict[tuple[str, str, str], int] = {}

    def number(self, country: str, region: str, timezone: str, about: bool = False) -> bytes:
        key = (country, region, timezone)
        if key not in self.known:
            self.known[key] = len(self.rows)
            self.rows.append(Area(country, region, self.regions.names.get((country, region), region), timezone))
        return (self.known[key] | (ABOUT if about else 0)).to_bytes(2, "little")


def whole_areas(cities: list[City], areas: Areas, counted: set[City]) -> list[tuple[bytes, str, Position, int]]:
    """Return (area, name, centre, people) of every country and region: the middle of its people, not of its land."""
    members: dict[tuple[str, str], list[City]] = defaultdict(list)
    for city in cities:
        members[city.country, ""].append(city)
        if city.region:
            members[city.country, city.region].append(city)
    found = []
    for (country, region), inside in sorted(members.items()):
        row = areas.regions.countries.get(country)
        name = areas.regions.names.get((country, region)) if region else row and row["name"]
        if name:
            weights = [(c.population or 1) for c in inside]
            x, y, z = (sum(w * v for w, v in zip(weights, vs, strict=True)) for vs in zip(*(vector(c) for c in inside), strict=True))
            at = math.degrees(math.atan2(z, math.hypot(x, y))), math.degrees(math.atan2(y, x))
            zones = Counter[str]()
            for city in inside:
                zones[city.timezone] += city.population or 1
            number = areas.number(country, region, min(zones, key=lambda zone: (-zones[zone], zone)))
            if any(number == each[0] for each in found):
                raise SystemExit(f"two areas of one number: {country} {region}")
            summed = sum(c.population for c in inside if c not in counted)
            found.append((number, name, at, areas.regions.people.get((country, region), summed)))
    return found


def counted_elsewhere(near: Near) -> set[City]:
    """Return the cities within 20 km of one three times as big: its boroughs and quarters, whose people it counts too."""
    found = set()
    for (row, column), cities in near.cells.items():
        around = [c for r in (row - 1, row, row + 1) for o in (column - 1, column, column + 1) for c in near.cells.get((r, o), ())]
        around = [c for c in around if c.population > 30_000]
        for city in cities:
            big = (c for c in around if c.country == city.country and c.population >= 3 * city.population > 0)
            if any(haversine_km(city.latitude, city.longitude, c.latitude, c.longitude) < 20 for c in big):
                found.add(city)
    return found


def names_of(
    cities: list[City], areas: Areas, numbers: dict[bytes, int], regions: Regions, aliases: list[dict[str, str]]
) -> dict[str, dict[int, bool]]:
    """Return for every folded name the records it may mean, and whether it is the record's own name."""
    names: dict[str, dict[int, bool]] = defaultdict(dict)
    inside: dict[tuple[str, str, str], list[int]] = defaultdict(list)
    for number, city in enumerate(cities):
        own = fold(city.name)
        inside[city.country, city.region, own].append(number)
        for key in {fold(name) for name in city.others if worth_keeping(name)} - {own, ""}:
            names[key].setdefault(number, False)
        names[own][number] = True
    for row in aliases:
        targets = inside[row["country"], row["region"], fold(row["target"])] or [
            n for n, c in enumerate(cities) if (c.country, fold(c.name)) == (row["country"], fold(row["target"]))
        ]
        if not targets:
            raise SystemExit(f"aliases.csv: there is no {row['target']} in {row['region'] or row['country']} for {row['name']}")
        names[fold(row["name"])][max(targets, key=lambda n: cities[n].population)] = True
    whole = {(area.country, area.region): numbers[n.to_bytes(2, "little")] for n, area in enumerate(areas.rows) if n.to_bytes(2, "little") in numbers}
    for country, region, name in regions.spoken():
        if (country, region) in whole and fold(name):
            names[fold(name)][whole[country, region]] = True
    return names


def worth_keeping(name: str) -> bool:
    """Tell whether people would type this other name: no airport code, no machine transliteration ("shkagw"), no novel."""
    return bool(name) and not name.islower() and not re.fullmatch(r"[A-Z]{1,3}", name) and len(name) <= 50


def write_names(places: Path, names: dict[str, dict[int, bool]]) -> None:
    names.pop("", None)
    trie = marisa_trie.Trie(sorted(names), num_tries=8)
    (places / "names.marisa").write_bytes(trie.tobytes())
    single: list[int] = [0] * len(trie)
    lists: list[int] = []
    for key in sorted(names):
        entries = [number | (STRONG if strong else 0) for number, strong in sorted(names[key].items())]
        if len(entries) == 1:
            single[trie[key]] = entries[0]
        else:
            single[trie[key]] = LISTED | (len(trie) + len(lists))
            lists += [len(entries), *entries]
    (places / "names.bin").write_bytes(b"".join(n.to_bytes(3, "little") for n in single + lists))


def write_codes(places: Path, codes: list[Code], label: dict[str, int], areas: Areas, near: Near) -> None:
    ordered = sorted(codes, key=lambda c: (*cell(*c.position), steps(c.latitude), c.country, c.code))
    keys = [code.country + code.code.replace(" ", "") for code in ordered]
    keys = ["US" + k[2:] if c.country in ("MH", "PW", "FM") else k for k, c in zip(keys, ordered, strict=True)]
    zones = single_zones(near)
    (places / "codes.bin").write_bytes(b"".join(
        pack(label[c.place], *c.position)
        + areas.number(c.country, c.region, zones.get((c.country, c.region)) or near.timezone(c.position, c.country, c.region), c.about)
        for c in ordered
    ))  # fmt: skip
    trie = marisa_trie.Trie(sorted(keys), num_tries=8)
    (places / "codes.marisa").write_bytes(trie.tobytes())
    order = [0] * len(trie)
    for number, key in enumerate(keys):
        order[trie[key]] = number
    (places / "codes.idx").write_bytes(b"".join(n.to_bytes(3, "little") for n in order))


def single_zones(near: Near) -> dict[tuple[str, str], str]:
    """Return the time zone of each region that has only one."""
    zones: dict[tuple[str, str], set[str]] = defaultdict(set)
    for cities in near.cells.values():
        for city in cities:
            zones[city.country, city.region].add(city.timezone)
    return {area: next(iter(several)) for area, several in zones.items() if len(several) == 1}


def pack(label: int, latitude: float, longitude: float) -> bytes:
    return label.to_bytes(3, "little") + b"".join(steps(degrees).to_bytes(3, "little", signed=True) for degrees in (latitude, longitude))


def cell(latitude: float, longitude: float) -> tuple[int, int]:
    return band(steps(latitude)), steps(longitude)


def vector(city: City) -> tuple[float, float, float]:
    a, b = math.radians(city.latitude), math.radians(city.longitude)
    return math.cos(a) * math.cos(b), math.cos(a) * math.sin(b), math.sin(a)


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


if __name__ == "__main__":
    sys.exit(main())
