"""The offline gazetteer: typed places to positions, behind geopy's interface. No request ever leaves the machine."""

from __future__ import annotations

import csv
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from geopy.adapters import BaseSyncAdapter
from geopy.exc import GeocoderQueryError, GeocoderUnavailable
from geopy.geocoders.base import DEFAULT_SENTINEL, Geocoder
from geopy.location import Location
from geopy.point import Point as GeopyPoint

from directory.errors import BadData, BadQuery
from directory.gazetteer_counties import Counties
from directory.gazetteer_files import Area, Files, Named
from directory.gazetteer_places import Namer, choose
from directory.gazetteer_postal import PostalCodes, is_military, military_place
from directory.gazetteer_reading import Reader
from directory.gazetteer_text import fold, postal_keys, tidy
from directory.records import Place, Point
from directory.wording import _

LONGEST_QUERY = 200
CODES_KM = 100.0
# A list of a whole country names some ten thousand towns and postal codes, again and again.
POSITIONS_KEPT = 20_000
# Written as regions of the United States: "San Juan, PR" is a US address.
TERRITORIES = frozenset({"PR", "GU", "VI", "AS", "MP"})
WITHIN_A_COUNTY = frozenset({"postal_code", "city", "coordinates"})


@dataclass(frozen=True, slots=True)
class Found:
    """What a typed place means: one ``place``, or several ``candidates`` to choose from, or neither.

    Candidates are the biggest first, at most 8. With neither, nothing is known by that name.
    """

    place: Place | None
    candidates: tuple[Place, ...] = ()


class Gazetteer(Geocoder):  # type: ignore[misc]
    """Finds places in the files of ``folder`` (data/places), which it maps read-only and never writes.

    Raises:
        BadData: a file of the folder is missing or does not belong to the others.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(adapter_factory=_NoNetwork)
        self._files = Files(folder)
        self._countries = _countries(folder / "countries.csv")
        self._namer = Namer(self._files, self.country_name)
        self._codes = PostalCodes(self._files, self._namer)
        self._reader = Reader(self._files, self._namer, self._codes)
        self._regions = self._files.region_names
        self.counties = Counties(folder)
        self._positions = lru_cache(maxsize=POSITIONS_KEPT)(self._position)

    def find(self, text: str, default_country: str = "US") -> Found:
        """Find the place ``text`` means for somebody in ``default_country`` (ISO 3166-1 alpha-2).

        A ZIP or postcode, a city with or without its state and country, a region, a country, "latitude, longitude", or an
        address that ends in one of these. The biggest place of a name is taken only with ten times the people of the next;
        else ``place`` is None. A military post is a place without a point.

        Raises:
            BadQuery: ``text`` is longer than 200 characters; ``field`` is "near".
        """
        if len(text) > LONGEST_QUERY:
            said = _(
                "a place has at most {most} characters; this one has {length}", most=LONGEST_QUERY, length=len(text)
            )
            raise BadQuery(said, field="near")
        place, candidates = self._reader.read(text, default_country)
        return Found(place, candidates)

    def geocode(
        self, query: str, *, exactly_one: bool = True, timeout: object = DEFAULT_SENTINEL, default_country: str = "US"
    ) -> Location | list[Location] | None:
        """Return what ``find`` finds as geopy locations: one, or with ``exactly_one=False`` all candidates; None for none.

        ``Location.raw`` holds the fields of the ``Place``. An ambiguous name is None with ``exactly_one``, never a guess;
        so is a military post, which has no point. ``timeout`` is taken for the interface's sake: nothing here waits.

        Raises:
            GeocoderQueryError: ``query`` is longer than 200 characters.
        """
        del timeout
        try:
            found = self.find(query, default_country)
        except BadQuery as error:
            raise GeocoderQueryError(error.message) from error
        places = [found.place] if found.place else [] if exactly_one else list(found.candidates)
        locations = [_location(place) for place in places if place.point is not None]
        if not locations:
            return None
        return locations[0] if exactly_one else locations

    def reverse(
        self, query: object, *, exactly_one: bool = True, timeout: object = DEFAULT_SENTINEL
    ) -> Location | list[Location] | None:
        """Return the known place nearest to a point in any form geopy takes, None when none lies within 500 km.

        Raises:
            ValueError: not a point, as geopy's own geocoders do.
        """
        del timeout
        point = query if isinstance(query, GeopyPoint) else GeopyPoint(query)
        place = self._namer.near(point.latitude, point.longitude)
        if place is None:
            return None
        return _location(place) if exactly_one else [_location(place)]

    def position(self, country: str, region: str | None, city: str | None, postal_code: str | None) -> Place | None:
        """Return where an address lies: its postal code, else its city, else the area of its ZIP; None rather than a guess.

        ``region`` may be a code or a name. A code of another region than the one given is not believed; a city is taken
        only where one of that name stands out. A military ZIP is a place without a point.
        """
        return self._positions(country, region, city, postal_code)

    def _position(self, country: str, region: str | None, city: str | None, postal_code: str | None) -> Place | None:
        if country in TERRITORIES:
            country, region = "US", country
        wanted = self.region_code(country, region) if region else None
        if region and wanted is None:
            return None
        key = postal_keys(tidy(postal_code or "")).get(country)
        if key and country == "US" and is_military(key):
            return military_place(key)
        code = self._codes.one(country, key) if key else None
        agrees = code is not None and (wanted is None or code.place.region in (None, wanted))
        if code is not None and code.exact and agrees:
            return code.place
        town = self._city(country, wanted, city) if city else None
        if town is not None:
            return town
        return code.place if code is not None and agrees else None

    def _city(self, country: str, region: str | None, city: str) -> Place | None:
        def lies_there(each: Named) -> bool:
            area = each.record.area
            return each.record.kind == "city" and area.country == country and region in (None, area.region)

        chosen, _ = choose(each for each in self._files.named(fold(city)) if lies_there(each))
        return self._namer.place(chosen.record) if chosen else None

    def area_at(self, point: Point) -> tuple[str | None, str | None]:
        """Return the country and the region (None where not known) of the known place nearest to a point.

        (None, None) when no place is known within 500 km.
        """
        city = self._files.nearest_city(point.latitude, point.longitude)
        code = self._files.nearest_code(point.latitude, point.longitude, min(city[0], CODES_KM) if city else CODES_KM)
        found = code or city
        return (found[1].area.country, found[1].area.region or None) if found else (None, None)

    def has_town_within(self, point: Point, country: str, region: str, radius_km: float) -> bool:
        """Tell whether a city of a region lies within ``radius_km`` of a point."""
        area = Area(country, region, "", "")
        return self._files.towns_within(point.latitude, point.longitude, radius_km, area) is not None

    def county(self, place: Place) -> str | None:
        """Return the county of the United States a place lies in ("US-IL-031"), by its centre.

        None for what is larger than a county or roughly known: a region, a country, the area of a ZIP nobody lists.
        """
        if place.country != "US" or place.point is None or place.precision not in WITHIN_A_COUNTY:
            return None
        return self.counties.at(place.point, place.region)

    def area_name(self, code: str, language: str = "en") -> str:
        """Return the name of an area served by its code: "Cook County, IL", "Illinois", "United States"; else the code."""
        country, _, region = code.partition("-")
        if not region:
            return self.country_name(country, language)
        return self.counties.name(code) or self.region_name(country, region)

    def countries(self) -> dict[str, str]:
        """Return the English name of every country of ISO 3166-1, and Kosovo, by its two-letter code."""
        return {code: names["en"] for code, names in self._countries.items()}

    def country_name(self, code: str, language: str = "en") -> str:
        """Return the name of a country in English or Spanish ("es"); the code itself when nobody has it."""
        names = self._countries.get(code, {})
        return names.get(language) or names.get("en") or code

    def region_name(self, country: str, region: str) -> str:
        """Return the name of a region by its code ("US", "IL" is Illinois); the code itself when it is not known."""
        return self._regions.get((country, region), region)

    def region_code(self, country: str, text: str) -> str | None:
        """Return the region ``text`` names, by code or name, as ``Place.region`` writes it: "Illinois", "Ill.", "il" are "IL"."""
        written = tidy(text)
        if (country, written.upper()) in self._regions:
            return written.upper()
        if (country, written) in self._regions:
            return written
        for each in self._files.named(fold(written)):
            if each.record.kind == "region" and each.record.area.country == country:
                return each.record.area.region
        return None


class _NoNetwork(BaseSyncAdapter):  # type: ignore[misc]
    """Geopy's door to the network, walled up."""

    def get_json(self, url: str, *, timeout: object, headers: object) -> Any:
        raise GeocoderUnavailable(f"the gazetteer is offline: no request for {url} with {timeout} and {headers}")

    get_text = get_json


def _location(place: Place) -> Location:
    point = place.point or Point(0.0, 0.0)
    return Location(place.name, (point.latitude, point.longitude, 0.0), asdict(place))


def _countries(path: Path) -> dict[str, dict[str, str]]:
    try:
        with path.open(encoding="utf-8", newline="") as lines:
            return {row["code"]: {"en": row["name"], "es": row["name_es"]} for row in csv.DictReader(lines)}
    except (OSError, KeyError, ValueError) as error:
        raise BadData(f"{path} cannot be read ({error})", field="places") from error
