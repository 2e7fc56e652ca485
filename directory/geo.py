"""WGS 84: distance, the bands and longitudes of the search index, earth-centred metres, units. Only this module
and ``geocoding`` know geopy."""

from __future__ import annotations

import math
from dataclasses import dataclass

from geopy.distance import geodesic
from tzfpy import get_tz

from directory.records import Point
from directory.wording import _

BAND_DEGREES = 0.05
LONGITUDE_STEPS = 10_000
KILOMETRES_PER_MILE = 1.609344
# Countries whose people read distances in miles (Unicode CLDR, measurementSystem US and UK).
MILES_COUNTRIES = frozenset({"US", "GB", "LR", "MM"})
# WGS 84 (EPSG:7030): equatorial radius in metres and first eccentricity squared.
_EQUATOR_M = 6_378_137.0
_FLATTENING = 1 / 298.257223563
_ECCENTRICITY_2 = _FLATTENING * (2 - _FLATTENING)
# A band is at least this many metres high (at the equator, where a degree of latitude is shortest: 110 574 m).
_METRES_PER_DEGREE_LATITUDE = 110_574.0


@dataclass(frozen=True, slots=True)
class Window:
    """The part of the index that can hold anything within a radius: bands, and one or two spans of longitude steps."""

    first_band: int
    last_band: int
    longitudes: tuple[tuple[int, int], ...]

    def within(self, other: Window) -> Window:
        """Return what both have; it may be empty, its last band before its first, or without longitudes."""
        spans = (
            (max(west, other_west), min(east, other_east))
            for west, east in self.longitudes
            for other_west, other_east in other.longitudes
        )
        return Window(
            max(self.first_band, other.first_band),
            min(self.last_band, other.last_band),
            tuple((west, east) for west, east in spans if west <= east),
        )


def distance_km(a: Point, b: Point) -> float:
    """Return the geodesic distance in kilometres on WGS 84 (Karney's method, through geopy)."""
    return float(geodesic((a.latitude, a.longitude), (b.latitude, b.longitude)).kilometers)


def band(latitude: float) -> int:
    """Return the number of the 0.05 degree band of latitude, 0 at the south pole."""
    return math.floor((latitude + 90) / BAND_DEGREES)


def longitude_step(longitude: float) -> int:
    """Return the longitude in whole ten-thousandths of a degree, rounded down."""
    return math.floor(longitude * LONGITUDE_STEPS)


def earth_centred(point: Point) -> tuple[int, int, int]:
    """Return x, y, z in whole metres from the earth's centre (ECEF, on the ellipsoid's surface)."""
    latitude, longitude = math.radians(point.latitude), math.radians(point.longitude)
    normal = _EQUATOR_M / math.sqrt(1 - _ECCENTRICITY_2 * math.sin(latitude) ** 2)
    return (
        round(normal * math.cos(latitude) * math.cos(longitude)),
        round(normal * math.cos(latitude) * math.sin(longitude)),
        round(normal * (1 - _ECCENTRICITY_2) * math.sin(latitude)),
    )


def local_radius_m(latitude: float) -> float:
    """Return the mean radius of curvature in metres at a latitude: sqrt(M N)."""
    return _EQUATOR_M * math.sqrt(1 - _ECCENTRICITY_2) / (1 - _ECCENTRICITY_2 * math.sin(math.radians(latitude)) ** 2)


def arc_km(chord_squared: int, latitude: float) -> float:
    """Return the distance over ground in kilometres for a squared chord in square metres.

    Under 4 mm off at 80 km and under 10 m at 1 000 km, beside the half metre of the index's whole metres.
    """
    radius = local_radius_m(latitude)
    return 2 * radius * math.asin(min(1.0, math.sqrt(chord_squared) / (2 * radius))) / 1000


def chord_squared(radius_km: float, latitude: float) -> int:
    """Return the squared chord in square metres of an arc in kilometres, the inverse of ``arc_km``."""
    radius = local_radius_m(latitude)
    angle = min(radius_km * 1000 / (2 * radius), math.pi / 2)
    return math.floor((2 * radius * math.sin(angle)) ** 2)


def window(point: Point, radius_km: float) -> Window:
    """Return the bands and longitudes that hold everything within ``radius_km`` of ``point``, with a little to spare."""
    metres = radius_km * 1000 * 1.002 + 10
    degrees = metres / _METRES_PER_DEGREE_LATITUDE
    south, north = point.latitude - degrees, point.latitude + degrees
    first, last = band(max(south, -90.0)), band(min(north, 90.0))
    everywhere = ((-180 * LONGITUDE_STEPS, 180 * LONGITUDE_STEPS),)
    if south <= -90 or north >= 90:
        return Window(first, last, everywhere)
    # The widest meridian distance of a circle on a sphere: asin(sin(r) / cos(latitude)).
    ratio = math.sin(math.radians(degrees)) / math.cos(math.radians(point.latitude))
    if degrees >= 90 or ratio >= 1:
        return Window(first, last, everywhere)
    spread = math.degrees(math.asin(ratio)) * 1.01 + 0.0002
    west, east = point.longitude - spread, point.longitude + spread
    if spread >= 180:
        return Window(first, last, everywhere)
    spans: tuple[tuple[int, int], ...]
    if west < -180:
        spans = ((longitude_step(west + 360), 180 * LONGITUDE_STEPS), (-180 * LONGITUDE_STEPS, longitude_step(east)))
    elif east > 180:
        spans = ((longitude_step(west), 180 * LONGITUDE_STEPS), (-180 * LONGITUDE_STEPS, longitude_step(east - 360)))
    else:
        spans = ((longitude_step(west), longitude_step(east)),)
    return Window(first, last, spans)


def timezone_at(point: Point) -> str | None:
    """Return the IANA time zone of a position on land, by tzfpy's simplified borders; None at sea."""
    zone = get_tz(point.longitude, point.latitude)
    return None if not zone or zone.startswith("Etc/") else str(zone)


def uses_miles(country: str) -> bool:
    """Return whether people of a country (ISO 3166-1) read distances in miles."""
    return country in MILES_COUNTRIES


def distance_words(kilometres: float, country: str, *, approximate: bool = False) -> str:
    """Return a distance as people of ``country`` read it: "4.2 mi", "about 7 km", "less than 1 mi"."""
    miles = uses_miles(country)
    value, unit = (kilometres / KILOMETRES_PER_MILE, "mi") if miles else (kilometres, "km")
    if value < 1:
        return _("less than 1 {unit}", unit=unit)
    if approximate:
        return _("about {length}", length=length_words(kilometres, country))
    number = f"{value:.1f}" if value < 10 else f"{value:,.0f}"
    return f"{number} {unit}"


def length_words(kilometres: float, country: str) -> str:
    """Return a round length as people of ``country`` read it: "25 mi", "40 km"."""
    miles = uses_miles(country)
    value = kilometres / KILOMETRES_PER_MILE if miles else kilometres
    return f"{value:{',.0f' if value >= 1 else '.1g'}} {'mi' if miles else 'km'}"
