"""One valid value of each kind, with what a test cares about changed. Numbers are 555-01xx, sites example.org."""

from datetime import date
from typing import Any
from zlib import crc32

from directory.importers.sources import Source
from directory.records import Kind, Listing, Phone, Place, Point, Row

CHICAGO = Point(41.8858, -87.6181)
TODAY = date(2026, 11, 22)


def listing(external_id: str = "one", **changes: Any) -> Listing:
    values: dict[str, Any] = {
        "external_id": external_id,
        "kind": Kind.THERAPIST,
        "name": f"Example Practice {external_id}",
        "country": "US",
        "needs": ("depression", "anxiety"),
        "phone": Phone("+12025550142"),
        "address_1": f"{crc32(external_id.encode()) % 900 + 1} Example Street",
        "city": "Chicago",
        "region": "IL",
        "postal_code": "60601",
        "point": CHICAGO,
        "formats": ("in_person",),
        "languages": ("en",),
        "last_checked": date(2026, 9, 1),
        "checked_by": "Example checker",
    }
    values.update(changes)
    return Listing(**values)


def line(external_id: str = "line", **changes: Any) -> Listing:
    values: dict[str, Any] = {
        "kind": Kind.CRISIS_LINE,
        "name": f"Example Line {external_id}",
        "needs": ("suicidal_thoughts",),
        "phone": Phone("988"),
        "address_1": None,
        "city": None,
        "region": None,
        "postal_code": None,
        "point": None,
        "formats": ("phone",),
        "service_area": ("US",),
        "hours": "24/7",
        "last_checked": date(2026, 9, 1),
    }
    values.update(changes)
    return listing(external_id, **values)


def rows(*listings: Listing) -> list[Row]:
    return [Row(number, each.external_id, each) for number, each in enumerate(listings, start=2)]


def source(key: str = "example", **changes: Any) -> Source:
    values: dict[str, Any] = {
        "key": key,
        "name": f"Example source {key}",
        "publisher": "Example publisher",
        "terms": "CC0",
        "url": "https://example.org/",
        "retrieved": date(2026, 10, 1),
        "mode": "full",
        "minimum_rows": 0,
        "note": None,
    }
    values.update(changes)
    return Source(**values)


def place(point: Point = CHICAGO, **changes: Any) -> Place:
    values: dict[str, Any] = {
        "name": "Chicago, IL",
        "country": "US",
        "region": "IL",
        "point": point,
        "precision": "city",
        "population": 2_700_000,
        "timezone": "America/Chicago",
    }
    values.update(changes)
    return Place(**values)
