"""Whether a source's coordinates lie where its address says; and a ZIP that a spreadsheet robbed of its leading zeros."""

from __future__ import annotations

import re

from directory.gazetteer_files import haversine_km
from directory.geocoding import Gazetteer
from directory.records import Listing, Point

# A suburb's clinic may stand across the state line, and a ZIP's centre lies some way from its edge.
NEAR_KM = 30.0
# No postal code is that large: so far from its centre a position is another one's, even in the right state.
FAR_KM = 250.0
_LOST_ZEROS = re.compile(r"(?P<five>[0-9]{3,4})(?:\.0|-[0-9]{4})?|(?P<nine>[0-9]{7,8})(?:\.0)?")


def doubt(listing: Listing, gazetteer: Gazetteer) -> str | None:
    """Return why the position of a listing cannot be its address's, or None when nothing speaks against it.

    It is believed within 30 km of the centre of the postal code or city that the address names, else in the region the
    address names (up to 250 km from that postal code), else, when it names no region we know, in its country. The reason
    finishes the sentence "'41.9, -87.6' ...".
    """
    point = listing.point
    if point is None or listing.country is None:
        return None
    if point.latitude == 0 and point.longitude == 0:
        return "lie in the sea, where a position is missing; placed by its address instead"
    address = _Address(listing, gazetteer)
    reason = address.refuses(point)
    if reason is None:
        return None
    if abs(point.longitude) <= 90 and address.refuses(Point(point.longitude, point.latitude)) is None:
        reason += " (swapped? The other way round they do)"
    elif address.refuses(Point(point.latitude, -point.longitude)) is None:
        reason += " (with the sign of the longitude turned they do)"
    return f"{reason}; placed by its address instead"


def repaired_zip(zip_text: str, state: str, gazetteer: Gazetteer) -> str | None:
    """Return the five digits of a US ZIP that lost its leading zeros ("2108" in "MA" is "02108"), None unless it is certain.

    Certain: three or four digits are left (seven or eight of a ZIP+4) and the ZIP, or where nobody lists it the area of
    its first three digits, lies in ``state`` (a code or a name). A whole ZIP needs no repair: None.
    """
    found = _LOST_ZEROS.fullmatch(zip_text.strip())
    region = gazetteer.region_code("US", state) if found is not None else None
    if found is None or region is None:
        return None
    whole = found["five"].zfill(5) if found["five"] else found["nine"].zfill(9)[:5]
    place = gazetteer.position("US", None, None, whole)
    return whole if place is not None and place.point is not None and place.region == region else None


class _Address:
    """Where the words of an address lie."""

    def __init__(self, listing: Listing, gazetteer: Gazetteer) -> None:
        self._gazetteer = gazetteer
        self._country = listing.country or ""
        place = gazetteer.position(self._country, listing.region, listing.city, listing.postal_code)
        self._centre = place if place is not None and place.point is not None else None
        self._region = place.region if place is not None else None
        if listing.region is not None:
            self._region = gazetteer.region_code(self._country, listing.region)

    def refuses(self, point: Point) -> str | None:
        """Return where a point lies instead of where the address does, None when it may be the address's."""
        away = self._away_km(point)
        if away is not None and away <= NEAR_KM:
            return None
        country, region = self._gazetteer.area_at(point)
        if country == self._country and (self._region is None or region == self._region):
            if away is None or self._centre is None or away <= FAR_KM or self._centre.precision != "postal_code":
                return None
            return f"lie {away:,.0f} km from the centre of {self._centre.name}"
        # No centre to measure from: a town of the right region close by will do.
        near = self._gazetteer.has_town_within
        if self._centre is None and self._region is not None and near(point, self._country, self._region, NEAR_KM):
            return None
        return f"lie in {self._name(country, region)}, not in {self._name(self._country, self._region)}"

    def _away_km(self, point: Point) -> float | None:
        if self._centre is None or self._centre.point is None:
            return None
        centre = self._centre.point
        return haversine_km(centre.latitude, centre.longitude, point.latitude, point.longitude)

    def _name(self, country: str | None, region: str | None) -> str:
        """Return an area's name: the region of the address's own country alone, else the country."""
        if country is None:
            return "the open sea"
        if region is not None and country == self._country and self._region is not None:
            return self._gazetteer.region_name(country, region)
        name = self._gazetteer.country_name(country)
        return f"the {name}" if name.startswith("United ") else name
