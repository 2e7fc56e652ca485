"""Build the gazetteer of data/places from GeoNames' tables (CC BY 4.0).

    python scripts/build_places.py FOLDER [--places data/places]

FOLDER holds either GeoNames' own files (cities5000.txt and allCountries.txt of the postal codes, with
admin1CodesASCII.txt where it is at hand) or the CSV extracts us_postal_codes.csv, world_postal_codes.csv,
world_cities.csv. Which of them is seen from the file names. Kept by hand in data/places and read here too:
countries.csv, regions.csv, aliases.csv, zip_fixes.csv; and, where it is there, us_residents_by_zip.csv.gz. The same
input gives the same bytes. Every ZIP moved or made "about" is listed in repaired.csv.
"""

from __future__ import annotations

import argparse
import math
import re
import sys
from collections import Counter, defaultdict
from pathlib import Path

import marisa_trie
from places_repair import near_its_town, place_by_prefix, repair_zips, small_places, with_region, with_town, zip_areas
from places_tables import (
    City,
    Code,
    Near,
    Position,
    Regions,
    read_cities,
    read_codes,
    read_residents,
    read_rows,
    write_rows,
)

from directory.gazetteer_files import ABOUT, LISTED, STRONG, Area, band, haversine_km, steps
from directory.gazetteer_text import fold


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("--places", type=Path, default=Path(__file__).resolve().parent.parent / "data" / "places")
    given = arguments.parse_args()
    print(f"built {build(given.folder, given.places):,} bytes in {given.places}")


def build(folder: Path, places: Path) -> int:
    """Build all files into ``places`` and return their size together."""
    regions = Regions(places, folder)
    cities = sorted(
        read_cities(folder, regions), key=lambda c: (-c.population, c.country, c.region, c.name, c.latitude)
    )
    near = Near(cities)
    codes = list(read_codes(folder, regions))
    residents, census = read_residents(places / "us_residents_by_zip.csv.gz")
    codes, repaired = repair_zips(codes, near, read_rows(places / "zip_fixes.csv"), census)
    write_rows(places / "repaired.csv", ("zip", "place", "region", "moved_km", "precision", "how"), repaired)
    codes = place_by_prefix([with_town(near_its_town(with_region(code, near), near), near) for code in codes])
    cities += small_places(codes, cities, near, residents)
    codes += zip_areas(codes)
    size = write(places, cities, codes, regions, near)
    print(f"{len(cities):,} cities, {len(codes):,} postal codes, {len(repaired)} ZIPs repaired")
    return size


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
        pack(label[c.name], c.latitude, c.longitude)
        + c.population.to_bytes(4, "little")
        + areas.number(c.country, c.region, c.timezone)
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
            at = centre_of_people(inside)
            zones = Counter[str]()
            for city in inside:
                zones[city.timezone] += city.population or 1
            number = areas.number(country, region, min(zones, key=lambda zone: (-zones[zone], zone)))
            if any(number == each[0] for each in found):
                raise SystemExit(f"two areas of one number: {country} {region}")
            summed = sum(c.population for c in inside if c not in counted)
            found.append((number, name, at, areas.regions.people.get((country, region), summed)))
    return found


def centre_of_people(cities: list[City]) -> Position:
    vectors = [[(city.population or 1) * axis for axis in vector(city)] for city in cities]
    x, y, z = (sum(axis) for axis in zip(*vectors, strict=True))
    return math.degrees(math.atan2(z, math.hypot(x, y))), math.degrees(math.atan2(y, x))


def counted_elsewhere(near: Near) -> set[City]:
    """Return the cities within 20 km of one three times as big: its boroughs and quarters, whose people it counts too."""
    found = set()
    for (row, column), cities in near.cells.items():
        cells = [(r, c) for r in (row - 1, row, row + 1) for c in (column - 1, column, column + 1)]
        around = [city for cell in cells for city in near.cells.get(cell, ()) if city.population > 30_000]
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
            raise SystemExit(
                f"aliases.csv: there is no {row['target']} in {row['region'] or row['country']} for {row['name']}"
            )
        names[fold(row["name"])][max(targets, key=lambda n: cities[n].population)] = True
    packed = [(area, n.to_bytes(2, "little")) for n, area in enumerate(areas.rows)]
    whole = {(area.country, area.region): numbers[number] for area, number in packed if number in numbers}
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
    records = []
    for c in ordered:
        zone = zones.get((c.country, c.region)) or near.timezone(c.position, c.country, c.region)
        records.append(pack(label[c.place], *c.position) + areas.number(c.country, c.region, zone, c.about))
    (places / "codes.bin").write_bytes(b"".join(records))
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


def pack(label: int, *degrees: float) -> bytes:
    return label.to_bytes(3, "little") + b"".join(steps(each).to_bytes(3, "little", signed=True) for each in degrees)


def cell(latitude: float, longitude: float) -> tuple[int, int]:
    return band(steps(latitude)), steps(longitude)


def vector(city: City) -> tuple[float, float, float]:
    a, b = math.radians(city.latitude), math.radians(city.longitude)
    return math.cos(a) * math.cos(b), math.cos(a) * math.sin(b), math.sin(a)


if __name__ == "__main__":
    sys.exit(main())
