"""Geocoders on the network, through geopy: asked only at an import whose maintainer named one, never by a search.

Nominatim's usage policy: an application names itself and a contact, asks once a second at most, and keeps the answers.
Photon asks for fairness without a figure; the Census Bureau states no limit. All three are asked alike.
"""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlencode

from geopy.adapters import AdapterHTTPError, BaseSyncAdapter
from geopy.exc import GeocoderParseError, GeocoderUnavailable, GeopyError
from geopy.extra.rate_limiter import RateLimiter
from geopy.geocoders import Nominatim, Photon
from geopy.geocoders.base import DEFAULT_SENTINEL, Geocoder
from geopy.location import Location

from directory import fetching
from directory.errors import BadQuery, BadSetting
from directory.fetching import Limits
from directory.public_addresses import NotFetched
from directory.records import Listing, Point

PAUSE_SECONDS = 1.0
LIMITS = Limits(size=1_000_000, deadline_seconds=5.0)
CREDITS = {
    "nominatim": "Nominatim, data © OpenStreetMap contributors (ODbL)",
    "photon": "Photon by Komoot, data © OpenStreetMap contributors (ODbL)",
    "census": "U.S. Census Bureau geocoder (public domain)",
}
_BOX = re.compile(r"\b(?:p\.? ?o\.? ?box|post office box|box \d|apartado|postfach)\b", re.IGNORECASE)
_HOUSE = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Address:
    """A street address as it is asked for."""

    street: str
    city: str | None
    region: str | None
    postal_code: str | None
    country: str

    @property
    def line(self) -> str:
        """Return the address in one line: "1 Example Street, Chicago, IL 60601, US"."""
        region = " ".join(filter(None, (self.region, self.postal_code)))
        return ", ".join(filter(None, (self.street, self.city, region, self.country)))


def address_of(listing: Listing) -> Address | None:
    """Return the address to ask for, None for a listing that must not or need not be asked for.

    A confidential place is never sent anywhere. What its source placed needs no asking; a post-office box or a street
    without a number has no position of its own.
    """
    street = listing.address_1
    if listing.confidential_location or listing.point is not None or listing.country is None or street is None:
        return None
    if _HOUSE.search(street) is None or _BOX.search(street) or not (listing.city or listing.postal_code):
        return None
    return Address(street, listing.city, listing.region, listing.postal_code, listing.country)


class NetworkGeocoder:
    """One of the geocoders, asked at most once every ``pause_seconds``. ``contact`` is where its operator can reach us.

    Raises:
        BadQuery: no geocoder has that name. BadSetting: there is no contact.
    """

    def __init__(
        self,
        name: str,
        contact: str,
        *,
        domain: str | None = None,
        limits: Limits = LIMITS,
        pause_seconds: float = PAUSE_SECONDS,
    ) -> None:
        if name not in CREDITS:
            raise BadQuery(f"'{name}' is no geocoder; write {', '.join(CREDITS)}", field="geocoder")
        if not contact.strip():
            raise BadSetting(
                "DIRECTORY_GEOCODER_CONTACT is empty; write an e-mail address or a page, so that the geocoder's operator can "
                "reach you",
                field="geocoder_contact",
            )
        self.name = name
        made = {"nominatim": Nominatim, "photon": Photon, "census": Census}[name]
        options: dict[str, Any] = {"domain": domain} if domain is not None else {}
        geocoder = made(
            user_agent=f"support-directory ({' '.join(contact.split())})",
            adapter_factory=partial(_Door, limits=limits),
            **options,
        )
        self._ask = RateLimiter(
            geocoder.geocode, min_delay_seconds=pause_seconds, max_retries=0, swallow_exceptions=False
        )

    def find(self, address: Address) -> Point | None:
        """Return where a house stands, None when the geocoder knows no such house: a street's or town's middle is no answer.

        Raises:
            NotFetched: the geocoder did not answer, or not in a way we can read.
        """
        query, options = _QUESTIONS[self.name](address)
        if query is None:
            return None
        try:
            with warnings.catch_warnings(action="ignore"):  # geopy warns of a latitude of 95 before it refuses it
                found = self._ask(query, **options)
        except GeopyError as error:
            raise NotFetched(
                f"the geocoder {self.name} does not answer: {str(error)[:200] or type(error).__name__}"
            ) from error
        except (
            ValueError,
            KeyError,
            TypeError,
            AttributeError,
            IndexError,
        ) as error:  # geopy trusts the shape it expects
            raise NotFetched(f"the geocoder {self.name} does not answer: in no way we can read") from error
        if found is None or not _is_house(_house_of(self.name, found.raw), address):
            return None
        return Point(round(found.latitude, 6), round(found.longitude, 6))


class Census(Geocoder):  # type: ignore[misc]
    """The geocoder of the U.S. Census Bureau: addresses of the United States. https://geocoding.geo.census.gov/"""

    def __init__(
        self,
        *,
        scheme: str | None = None,
        timeout: object = DEFAULT_SENTINEL,
        domain: str = "geocoding.geo.census.gov",
        user_agent: str | None = None,
        adapter_factory: Callable[..., BaseSyncAdapter] | None = None,
    ) -> None:
        super().__init__(scheme=scheme, timeout=timeout, user_agent=user_agent, adapter_factory=adapter_factory)
        self.api = f"{self.scheme}://{domain.strip('/')}/geocoder/locations/onelineaddress"

    def geocode(
        self, query: str, *, exactly_one: bool = True, timeout: object = DEFAULT_SENTINEL
    ) -> Location | list[Location] | None:
        """Return the address as geopy's geocoders do: a location, a list of them, or None."""
        asked = {"address": query, "benchmark": "Public_AR_Current", "format": "json"}
        url = f"{self.api}?{urlencode(asked)}"
        return self._call_geocoder(url, partial(self._parse, exactly_one=exactly_one), timeout=timeout)

    def _parse(self, told: Any, exactly_one: bool) -> Location | list[Location] | None:
        try:
            found = [
                Location(each["matchedAddress"], (each["coordinates"]["y"], each["coordinates"]["x"]), each)
                for each in told["result"]["addressMatches"]
            ]
        except (KeyError, TypeError, ValueError) as error:
            raise GeocoderParseError("the answer is none of the Census Bureau's") from error
        if not found:
            return None
        return found[0] if exactly_one else found


class _Door(BaseSyncAdapter):  # type: ignore[misc]
    """Geopy's door to the network: https, public addresses, 5 seconds and 1 MB, as every fetch of ours."""

    def __init__(self, *, proxies: object, ssl_context: object, limits: Limits) -> None:
        super().__init__(proxies=proxies, ssl_context=ssl_context)
        self._limits = limits

    def get_text(self, url: str, *, timeout: object, headers: Mapping[str, str]) -> str:
        del timeout
        try:
            answer = fetching.read(url, headers, self._limits)
        except NotFetched as error:
            raise GeocoderUnavailable(error.message) from error
        if answer.status != 200:
            lower = {name.lower(): value for name, value in answer.headers.items()}
            raise AdapterHTTPError(f"status {answer.status}", status_code=answer.status, headers=lower, text="")
        return answer.body.decode("utf-8", "replace")

    def get_json(self, url: str, *, timeout: object, headers: Mapping[str, str]) -> Any:
        try:
            return json.loads(self.get_text(url, timeout=timeout, headers=headers))
        except (ValueError, RecursionError) as error:
            raise GeocoderParseError("the answer is no JSON") from error


def _ask_nominatim(address: Address) -> tuple[dict[str, str] | None, dict[str, Any]]:
    parts = {
        "street": address.street, "city": address.city, "state": address.region, "postalcode": address.postal_code,
    }  # fmt: skip
    wanted = {name: value for name, value in parts.items() if value}
    return wanted, {"addressdetails": True, "country_codes": address.country.lower()}


def _ask_photon(address: Address) -> tuple[str | None, dict[str, Any]]:
    return address.line, {}


def _ask_census(address: Address) -> tuple[str | None, dict[str, Any]]:
    return (address.line.removesuffix(", US") if address.country == "US" else None), {}


_QUESTIONS: Mapping[str, Callable[[Address], tuple[Any, dict[str, Any]]]] = {
    "nominatim": _ask_nominatim,
    "photon": _ask_photon,
    "census": _ask_census,
}


def _house_of(name: str, raw: Any) -> str:
    """Return the house number an answer is of, "" when it is of something larger."""
    match name, raw:
        case "nominatim", {"address": {"house_number": str(number)}}:
            return number
        case "photon", {"properties": {"housenumber": str(number)}}:
            return number
        case "census", {"matchedAddress": str(line)}:
            return line.partition(",")[0]
    return ""


def _is_house(number: str, address: Address) -> bool:
    found, asked = _HOUSE.search(number), _HOUSE.search(address.street)
    return found is not None and asked is not None and found[0] == asked[0]
