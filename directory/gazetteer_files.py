"""The compact files of data/places: how they are packed, and reading them in place. Nothing is written, little is loaded.

Positions are two signed 24-bit steps of 180/2^23 degree (about 2.4 m). Records are sorted by one-degree band of latitude,
then longitude, so what is nearest is found by bisection. Names and codes are marisa tries whose key ids index the lists.
"""

from __future__ import annotations

import csv
import math
import mmap
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import marisa_trie  # type: ignore[import-not-found]

from directory.errors import BadData
from directory.gazetteer_text import fold

CITY_BYTES = 15  # label 3, latitude 3, longitude 3, population 4, area 2
CODE_BYTES = 11  # label 3, latitude 3, longitude 3, area 2
STRONG = 1 << 22  # the place's own name, not one of its other names
LISTED = 1 << 23  # not an entry but where a list of entries stands: a count, then the entries
ABOUT = 1 << 15  # in the area of a code: its position is only that of the area around
STEP = 180 / (1 << 23)
FARTHEST_KM = 500.0
PLANE_KM = 20.0
FILES = (
    "names.marisa",
    "names.bin",
    "labels.marisa",
    "cities.bin",
    "regions.bin",
    "codes.marisa",
    "codes.bin",
    "codes.idx",
    "areas.csv",
)

Packed = mmap.mmap | bytes


class Area(NamedTuple):
    """Where a record lies: ``region`` is the ISO 3166-2 part (its name where that is not known) or "" for all the country."""

    country: str
    region: str
    region_name: str
    timezone: str


class Record(NamedTuple):
    """One city, region, country or postal code. ``kind`` is one of those words, or "about" for the area of a code."""

    kind: str
    label: str
    latitude: float
    longitude: float
    population: int
    area: Area


class Named(NamedTuple):
    """A record found by name; ``strong`` when the name is its own, ``short`` when it is a part of it ("Rio")."""

    id: int
    strong: bool
    short: bool
    record: Record


class Files:
    """Everything in the places folder, opened read-only. Safe to share between threads.

    Raises:
        BadData: a file is missing or cut short.
    """

    def __init__(self, folder: Path) -> None:
        missing = [name for name in FILES if not (folder / name).is_file()]
        if missing:
            raise BadData(f"{folder} lacks {', '.join(missing)}; run scripts/build_places.py", field="places")
        try:
            self._names, self._labels, self._codes = (
                _trie(folder / f"{name}.marisa") for name in ("names", "labels", "codes")
            )
            self._postings, self._cities, self._regions, self._code_records, self._code_order = (
                _mapped(folder / name) for name in ("names.bin", "cities.bin", "regions.bin", "codes.bin", "codes.idx")
            )
            with (folder / "areas.csv").open(encoding="utf-8", newline="") as lines:
                self.areas = [Area(*row) for row in csv.reader(lines)][1:]
            self.region_names = {area[:2]: area.region_name for area in self.areas if area.region}
        except (OSError, ValueError, TypeError, RuntimeError) as error:
            raise BadData(
                f"{folder} does not hold the places ({error}); run scripts/build_places.py", field="places"
            ) from error
        self._city_count = len(self._cities) // CITY_BYTES
        self._cities_by_position = _ByPosition(self._cities, CITY_BYTES)
        self._codes_by_position = _ByPosition(self._code_records, CODE_BYTES)
        if (
            len(self._postings) < 3 * len(self._names)
            or len(self._code_order) != 3 * len(self._codes)
            or not self._city_count
        ):
            raise BadData(f"the files of {folder} do not belong together; run scripts/build_places.py", field="places")

    def named(self, key: str) -> list[Named]:
        """Return the cities, regions and countries of this folded name, without order."""
        number = self._names.get(key) if key else None
        if number is None:
            return []
        entry = _unsigned(self._postings, 3 * number)
        if not entry & LISTED:
            return [self._entry(entry, key)]
        start = 3 * (entry & (LISTED - 1))
        count = _unsigned(self._postings, start)
        return [self._entry(_unsigned(self._postings, start + 3 * n), key) for n in range(1, count + 1)]

    def has_name(self, key: str) -> bool:
        """Tell whether anything has this folded name."""
        return key in self._names

    def _entry(self, entry: int, key: str) -> Named:
        number, strong = entry & (STRONG - 1), bool(entry & STRONG)
        record = self.record(number)
        return Named(number, strong, strong or key in fold(record.label), record)

    def record(self, number: int) -> Record:
        """Return a city, region or country by its number."""
        city = number < self._city_count
        place = number if city else number - self._city_count
        packed = (self._cities if city else self._regions)[CITY_BYTES * place : CITY_BYTES * (place + 1)]
        area = self.areas[int.from_bytes(packed[13:15], "little")]
        return Record(
            "city" if city else "region" if area.region else "country",
            self._labels.restore_key(_unsigned(packed, 0)),
            _degrees(packed, 3),
            _degrees(packed, 6),
            int.from_bytes(packed[9:13], "little"),
            area,
        )

    def code(self, country: str, key: str) -> Record | None:
        """Return the postal code ``key`` (as the tables hold it) of ``country``, or None."""
        number = self._codes.get(country + key)
        return None if number is None else self._code(_unsigned(self._code_order, 3 * number))

    def _code(self, number: int) -> Record:
        packed = self._code_records[CODE_BYTES * number : CODE_BYTES * (number + 1)]
        area = int.from_bytes(packed[9:11], "little")
        return Record(
            "about" if area & ABOUT else "code",
            self._labels.restore_key(_unsigned(packed, 0)),
            _degrees(packed, 3),
            _degrees(packed, 6),
            0,
            self.areas[area & (ABOUT - 1)],
        )

    def nearest_code(self, latitude: float, longitude: float, within_km: float) -> tuple[float, Record] | None:
        """Return the nearest postal code and its distance in kilometres, None when there is none within ``within_km``."""
        found = min(self._codes_by_position.around(latitude, longitude, within_km), default=None)
        return None if found is None else (found[0], self._code(found[1]))

    def nearest_city(self, latitude: float, longitude: float) -> tuple[float, Record] | None:
        """Return the nearest city and its distance in kilometres, None when there is none within 500 km."""
        found = min(self._cities_by_position.around(latitude, longitude, FARTHEST_KM), default=None)
        return None if found is None else (found[0], self.record(found[1]))

    def towns_within(
        self, latitude: float, longitude: float, radius_km: float, area: Area
    ) -> tuple[Record, Record] | None:
        """Return the nearest and the biggest city of the area's country and region within ``radius_km``, None without one."""
        data = self._cities
        found = []
        for distance, number in self._cities_by_position.within(latitude, longitude, radius_km):
            start = CITY_BYTES * number
            if self.areas[int.from_bytes(data[start + 13 : start + 15], "little")][:2] == area[:2]:
                found.append((distance, -int.from_bytes(data[start + 9 : start + 13], "little"), number))
        if not found:
            return None
        return self.record(min(found)[2]), self.record(min((people, number) for _, people, number in found)[1])


def steps(degrees: float) -> int:
    """Return ``degrees`` in the steps of the files."""
    return min(max(round(degrees / STEP), -(1 << 23)), (1 << 23) - 1)


def band(latitude_steps: int) -> int:
    """Return the one-degree band of a packed latitude, 0 at the south pole."""
    return math.floor(latitude_steps * STEP) + 90


def haversine_km(a: float, b: float, c: float, d: float) -> float:
    """Return the distance on a sphere between (a, b) and (c, d), in kilometres: half a percent off at most, quick."""
    p, q = math.radians(a), math.radians(c)
    h = math.sin((q - p) / 2) ** 2 + math.cos(p) * math.cos(q) * math.sin(math.radians(d - b) / 2) ** 2
    return 12742.0 * math.asin(min(1.0, math.sqrt(h)))


class _ByPosition:
    """Records of one size in the order of their one-degree band and longitude."""

    def __init__(self, data: mmap.mmap, size: int) -> None:
        self._data, self._size = data, size
        self._count = len(data) // size

    @cached_property
    def _starts(self) -> list[int]:
        """The number of the first record of each band, and of what follows the last."""
        records = range(self._count)
        return [bisect_left(records, row, key=self._band) for row in range(182)]

    def _band(self, number: int) -> int:
        return band(_signed(self._data, self._size * number + 3))

    def _east(self, number: int) -> int:
        return _signed(self._data, self._size * number + 6)

    def around(self, latitude: float, longitude: float, most_km: float) -> Iterator[tuple[float, int]]:
        """Yield (distance, number) of records in growing circles until one circle holds some, up to ``most_km``."""
        radius = min(2.0, most_km)
        while True:
            inside = list(self.within(latitude, longitude, radius))
            if inside or radius >= most_km:
                yield from inside
                return
            radius = min(radius * 4, most_km)

    def within(self, latitude: float, longitude: float, radius_km: float) -> Iterator[tuple[float, int]]:
        """Yield (distance, number) of the records within a radius."""
        high = radius_km / 111.0
        cosine = math.cos(math.radians(min(89.9, abs(latitude) + high)))
        wide = min(180.0, high / cosine)
        west, right_edge = longitude - wide, longitude + wide
        spans = [(west, right_edge)]
        if wide >= 180:
            spans = [(-180.0, 180.0)]
        elif west < -180:
            spans = [(west + 360, 180.0), (-180.0, right_edge)]
        elif right_edge > 180:
            spans = [(west, 180.0), (-180.0, right_edge - 360)]
        south, north = steps(max(-90.0, latitude - high)), steps(min(90.0, latitude + high))
        middle, centre, upwards = steps(latitude), steps(longitude), STEP * 111.195
        across = upwards * math.cos(math.radians(latitude))
        data, size, records = self._data, self._size, range(self._count)
        for row in range(band(south), band(north) + 1):
            start, end = self._starts[row], self._starts[row + 1]
            for left, right in spans:
                first = bisect_left(records, steps(left), start, end, key=self._east)
                last = bisect_right(records, steps(right), first, end, key=self._east)
                for place in range(size * first + 3, size * last + 3, size):
                    up = int.from_bytes(data[place : place + 3], "little", signed=True)
                    if south <= up <= north:
                        east = int.from_bytes(data[place + 3 : place + 6], "little", signed=True)
                        if radius_km < PLANE_KM:  # on a plane: a tenth of the time, as good at this distance
                            distance = math.hypot((east - centre) * across, (up - middle) * upwards)
                        else:
                            distance = haversine_km(latitude, longitude, up * STEP, east * STEP)
                        if distance <= radius_km:
                            yield distance, place // size


def _trie(path: Path) -> marisa_trie.Trie:
    return marisa_trie.Trie().mmap(str(path))


def _mapped(path: Path) -> mmap.mmap:
    with path.open("rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def _unsigned(data: Packed, start: int) -> int:
    return int.from_bytes(data[start : start + 3], "little")


def _signed(data: Packed, start: int) -> int:
    return int.from_bytes(data[start : start + 3], "little", signed=True)


def _degrees(data: Packed, start: int) -> float:
    return round(_signed(data, start) * STEP, 5)
