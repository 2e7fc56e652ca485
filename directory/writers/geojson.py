"""GeoJSON (RFC 7946): one Feature a resource; what has no door has no geometry, and rough positions say so."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TextIO

from directory.needs import Vocabulary
from directory.writers import words

_SAID = (
    "kind", "name", "organization", "description", "phone", "phone_extension", "phone_press", "sms", "sms_keyword", "chat_url",
    "url", "email", "address_1", "address_2", "city", "region", "postal_code", "country", "service_area", "formats", "languages",
    "hours", "hours_note", "timezone", "payment", "audiences", "minimum_age", "maximum_age", "approaches", "integrated",
    "urgent_care", "accepting_new", "eligibility", "accessibility", "status", "checked_by", "sources",
)  # fmt: skip
_DOOR = ("address_1", "address_2", "postal_code")
_DECIMALS = 6  # about 0.1 m (RFC 7946, section 11.2)


def write(resources: Iterable[Mapping[str, Any]], stream: TextIO, vocabulary: Vocabulary) -> int:
    """Write a FeatureCollection while the resources come; return how many features."""
    features = (feature(each, vocabulary) for each in resources)
    return words.write_list(features, stream, '{"type": "FeatureCollection", "features": [', "]}")


def feature(resource: Mapping[str, Any], vocabulary: Vocabulary) -> dict[str, Any]:
    """Return a resource as a Feature. ``geometry`` is null where it has no position.

    ``approximate`` says that the position is the centre of ``position_name``; a confidential one has its city's, and no
    street. Names of properties are those of our API; what nobody states is left out.
    """
    point = None
    if resource["latitude"] is not None:
        point = [round(resource["longitude"], _DECIMALS), round(resource["latitude"], _DECIMALS)]
    said = {name: resource[name] for name in _SAID if not (name in _DOOR and words.hidden(resource))}
    checked = resource["last_checked"]
    stated = {
        **said,
        "needs": list(vocabulary.keys(resource["stated"])),
        "phone_display": words.phone(resource),
        "precision": resource["precision"],
        "position_name": resource["position_name"],
        "last_checked": checked.isoformat() if checked else None,
    }
    properties = {name: value for name, value in stated.items() if value not in (None, "", [])}
    properties |= {
        "approximate": words.is_approximate(resource),
        "confidential_location": words.hidden(resource),
    }
    geometry = {"type": "Point", "coordinates": point} if point else None
    return {"type": "Feature", "id": resource["id"], "geometry": geometry, "properties": properties}
