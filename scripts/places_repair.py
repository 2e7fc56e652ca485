"""Correcting GeoNames' tables: points that lie elsewhere, codes without a town, towns that are only in the postal tables."""

from __future__ import annotations

import re
from collections import Counter, defaultdict

from places_tables import City, Code, Near, Position, middle

from directory.gazetteer_files import haversine_km
from directory.gazetteer_text import fold

NOT_A_TOWN = re.compile(r"\(|(?<!Dublin )\d|Apo\b|APO\b|FPO|DPO")
MOST_PEOPLE = 4_999
SMALL_PLACES_OF = ("US", "AU", "GB", "IE", "KE", "NZ", "ZA")  # villages of more countries would cost 2 MB


def repair_zips(
    codes: list[Code], near: Near, fixes: list[dict[str, str]], census: dict[str, Position]
) -> tuple[list[Code], list[tuple[object, ...]]]:
    """Return the codes with known faults put right, and the list of what was done.

    A point that several ZIPs share is often only the middle of their city or county: it gives way to the point of the
    Census. A ZIP at a point shared by several named places, or at one GeoNames calls an estimate, is moved to the other
    ZIPs of its city in the state, or to the city itself, as "about"; a shared point without either stays, as "about".
    What lies farther away than 65 km is another place of that name.
    """
    by_hand = {row["zip"]: by_hand_code(row) for row in fixes}
    whys = {row["zip"]: row["why"] for row in fixes}
    zips = [code for code in codes if code.country in ("US", "MH")]
    points = Points([code for code in zips if code.country == "US"], census)
    fixed, done = [code for code in codes if code.country not in ("US", "MH")], []
    for code in zips:
        now, how = points.repaired(code, near)
        if code.code in by_hand:
            now, how = by_hand.pop(code.code), "by hand: " + whys[code.code]
        fixed.append(now)
        if how:
            moved = round(haversine_km(*code.position, *now.position))
            done.append((code.code, now.place, now.region, moved, precision(now), how))
    for code in by_hand.values():
        fixed.append(code)
        done.append((code.code, code.place, code.region, 0, precision(code), "by hand: " + whys[code.code]))
    return fixed, sorted(done)


def by_hand_code(row: dict[str, str]) -> Code:
    at = float(row["latitude"]), float(row["longitude"])
    return Code(row["country"], row["zip"], row["place"], row["region"], *at, "", row["precision"] == "postal_area")


def precision(code: Code) -> str:
    return "postal_area" if code.about else "postal_code"


class Points:
    """Knows which points of US ZIPs are weak: estimates, and points that several places share."""

    def __init__(self, zips: list[Code], census: dict[str, Position]) -> None:
        self.census = census
        self.names: dict[Position, set[str]] = defaultdict(set)
        for code in zips:
            self.names[code.position].add(fold(code.place))
        self.zips = Counter(code.position for code in zips)
        self.firm: dict[tuple[str, str], list[Code]] = defaultdict(list)
        for code in zips:
            if not self.weak(code) and len(self.names[code.position]) == 1:
                self.firm[code.region, fold(code.place)].append(code)

    def weak(self, code: Code) -> bool:
        return code.country == "US" and (code.accuracy in ("0", "1") or len(self.names[code.position]) > 3)

    def repaired(self, code: Code, near: Near) -> tuple[Code, str]:
        """Return a ZIP where it should lie, and how it came there: "" for one that stays as it is."""
        shared = len(self.names[code.position])
        if self.zips[code.position] > 1 and code.code in self.census:
            at = self.census[code.code]
            moved = haversine_km(*code.position, *at)
            if moved <= 5:
                return code, ""
            if moved < 65:  # in Alaska some of its points lie far from everybody
                return code._replace(latitude=at[0], longitude=at[1]), "to the point of the Census"
        if not self.weak(code):
            return code, ""
        same = self.firm[code.region, fold(code.place)]
        same = [each for each in same if each.code[:3] == code.code[:3]] or same
        towns = [(c.latitude, c.longitude) for c in near.named["US", code.region, fold(code.place)]]
        where = middle([each.position for each in same]) if same else towns[0] if towns else None
        if where is None:
            return (
                (code._replace(about=True), "kept: the point is shared by several places") if shared > 1 else (code, "")
            )
        moved = haversine_km(*code.position, *where)
        if not (34 if shared == 1 else 20 if shared < 4 else 5) < moved < 65:
            return code, ""
        how = "to the other ZIPs of the city" if same else "to the city"
        return code._replace(latitude=where[0], longitude=where[1], about=True), how


def with_region(code: Code, near: Near) -> Code:
    """Return a foreign code with the region of the nearest city where its own is not known."""
    if code.region or code.country == "US":
        return code
    city = near.nearest(code.position, code.country)
    return code._replace(region=city.region if city else "")


def near_its_town(code: Code, near: Near) -> Code:
    """Return a Canadian code moved to the town it is called after ("Prince Albert Central") when that lies 20 km off and more.

    Rural codes (a 0 in second place) are wide; they are moved only to a town that stands in brackets ("Outer Nunavut
    (Iqaluit)" lay 1,800 km from it).
    """
    town = re.search(r"\((.+)\)", code.place)
    if code.country != "CA" or (code.code[1] == "0" and town is None):
        return code
    words = re.split(r"[ (/]+", town[1] if town and code.code[1] == "0" else code.place)
    for size in range(len(words), 0, -1):
        towns = near.named["CA", code.region, fold(" ".join(words[:size]))]
        if towns:
            at = max(towns, key=lambda town: town.population)
            off = haversine_km(*code.position, at.latitude, at.longitude)
            return code._replace(latitude=at.latitude, longitude=at.longitude, about=True) if off > 20 else code
    return code


def with_town(code: Code, near: Near) -> Code:
    """Return a foreign code called after its city where the table has a building, a quarter or a list of them."""
    known = near.named[code.country, code.region, fold(code.place)]
    if code.country == "US" or any(haversine_km(*code.position, c.latitude, c.longitude) < 25 for c in known):
        return code
    around = [c for c in near.around(code.position, 20) if c.country == code.country]
    beside = [c for c in around if haversine_km(*code.position, c.latitude, c.longitude) <= 10]
    biggest = max(around, key=lambda c: (c.population, c.name), default=None)
    if biggest and biggest.population < 1_000_000:
        biggest = max(beside, key=lambda c: (c.population, c.name), default=None)
    if biggest and (biggest.population >= 100_000 or code.country == "CA"):
        return code._replace(place=biggest.name)
    return code._replace(place=re.sub(r".*\((.*)\)", r"\1", code.place)) if code.country == "CA" else code


def place_by_prefix(codes: list[Code]) -> list[Code]:
    """Return the codes, those of other countries that lie far from all their neighbours in number moved to them as "about"."""
    groups: dict[tuple[str, str], list[Position]] = defaultdict(list)
    for code in codes:
        groups[prefix(code)].append(code.position)
    return [beside_neighbours(code, groups[prefix(code)]) for code in codes]


def prefix(code: Code) -> tuple[str, str]:
    return code.country, code.code[:2] if len(code.code) < 5 else code.code[:3]


def beside_neighbours(code: Code, group: list[Position]) -> Code:
    if code.country in ("US", "CA") or len(group) < 4:
        return code
    centre = middle(group)
    away = sorted(haversine_km(*centre, *position) for position in group)
    usual, off = away[len(away) * 3 // 4], haversine_km(*centre, *code.position)
    if off > 60 and off > 4 * max(usual, 10):
        return code._replace(latitude=centre[0], longitude=centre[1], about=True)
    return code


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
        areas.append(
            Code("US", prefix, place if times * 2 > len(inside) else "", region, latitude, longitude, "", about=True)
        )
    return areas


def small_places(codes: list[Code], cities: list[City], near: Near, residents: dict[str, int]) -> list[City]:
    """Return the places of the postal tables that are no city of the table, each at the middle of its codes.

    Their people are half of those of their ZIPs (the rest live around), but fewer than the 5,000 that would have put them
    into the table.
    """
    groups: dict[tuple[str, str, str], list[Code]] = defaultdict(list)
    for code in codes:
        if code.country in SMALL_PLACES_OF and code.place and not NOT_A_TOWN.search(code.place):
            groups[code.country, code.region, fold(code.place)].append(code)
    zones: dict[tuple[str, str], set[str]] = defaultdict(set)
    for city in cities:
        zones[city.country, city.region].add(city.timezone)
    found = []
    for (country, region, name), group in sorted(groups.items()):
        at = heart([code.position for code in group if not code.about] or [code.position for code in group])
        if any(haversine_km(*at, c.latitude, c.longitude) < 25 for c in near.named[country, region, name]):
            continue
        zone = zones[country, region]
        timezone = next(iter(zone)) if len(zone) == 1 else near.timezone(at, country, region)
        people = min(MOST_PEOPLE, sum(residents.get(code.code, 0) for code in group if country == "US") // 2)
        found.append(City(group[0].place, (), country, region, round(at[0], 4), round(at[1], 4), people, timezone))
    return found


def heart(positions: list[Position]) -> Position:
    """Return the middle of what lies within 40 km of the middle."""
    at = middle(positions)
    return middle([each for each in positions if haversine_km(*at, *each) < 40] or positions[:1])
