"""One resource as the objects of HSDS 3.0, each with its own fields only: ``full`` puts them together.

What is not known is left out. Decisions behind the fields stand in docs/decisions/hsds.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any

from directory.hsds import ids, schedules
from directory.hsds.words import ALSO, DETAIL, GENERAL, NEED, STATED, Words
from directory.records import Precision, Status

Row = Mapping[str, Any]
Object = dict[str, Any]

STATUSES = {
    Status.ACTIVE: "active",
    Status.TEMPORARILY_CLOSED: "temporarily closed",
    Status.CLOSED: "defunct",
    Status.REPLACED: "defunct",
}
_ADDRESS = ("address_1", "address_2", "city", "region", "postal_code", "country")
_DETAILS = (
    "hours_note", "timezone", "phone_extension", "phone_press", "sms_keyword", "chat_url", "replaced_by", "checked_by",
)  # fmt: skip
# The columns of a resource that hold values of a facet, and the taxonomy of each.
FACETS = {
    "formats": "format",
    "payment": "payment",
    "audiences": "audience",
    "approaches": "approach",
    "urgent_care": "urgent_care",
    "accessibility": "accessibility",
}


def organization(resource: Row) -> Object:
    """Return the organization of a resource; where none is stated, one that only carries the resource's name."""
    name = resource["organization"]
    if name is None:
        described = "No organization is stated for this service; the name is the service's own."
    else:
        described = "Named as the provider of the services listed under it; nothing else is known of it."
    return {"id": ids.organization(resource), "name": name or resource["name"], "description": described}


def service(resource: Row, words: Words) -> Object:
    """Return a service without anything nested in it."""
    checked: date | None = resource["last_checked"]
    changed: datetime | None = resource.get("modified_at")
    return _known(
        {
            "id": ids.service(resource["id"]),
            "name": resource["name"],
            "description": resource["description"],
            "url": resource["url"],
            "email": resource["email"],
            "status": STATUSES[Status(resource["status"])],
            "fees_description": "; ".join(words.name("payment", key) for key in resource["payment"]),
            "eligibility_description": resource["eligibility"],
            "minimum_age": resource["minimum_age"],
            "maximum_age": resource["maximum_age"],
            "assured_date": checked.isoformat() if checked else None,
            "alert": _alert(resource),
            "last_modified": None if changed is None else _instant(changed),
        }
    )


def phones(resource: Row) -> list[Object]:
    """Return the number to call and the number to text."""
    found = []
    if resource["phone"]:
        extension, press = resource["phone_extension"], resource["phone_press"]
        said = [f"Extension {extension}." if extension else "", f"Then press {press}." if press else ""]
        found.append(
            {
                "id": ids.part(resource["id"], "phone"),
                "number": resource["phone"],
                "extension": int(extension) if extension else None,
                "type": "voice",
                "description": " ".join(filter(None, said)),
            }
        )
    if resource["sms"]:
        keyword = resource["sms_keyword"]
        found.append(
            {
                "id": ids.part(resource["id"], "sms"),
                "number": resource["sms"],
                "type": "text",
                "description": f"Text {keyword} to this number." if keyword else "Text this number.",
            }
        )
    return [_known(each) for each in found]


def timetable(resource: Row) -> list[Object]:
    """Return the schedules: those our hours can be written as, else one with the hours in words only."""
    hours, note, zone = resource["hours"], resource["hours_note"], resource["timezone"]
    if not hours:
        return [{"id": ids.part(resource["id"], "schedule", "0"), "description": note}] if note else []
    said = _known({"description": note, "notes": schedules.notes(hours, zone)})
    found = schedules.written(hours) or [{}]
    return [
        {"id": ids.part(resource["id"], "schedule", str(place)), **each, **said} for place, each in enumerate(found)
    ]


def service_areas(resource: Row, words: Words) -> list[Object]:
    """Return the areas served, each with its code as the extent."""
    return [
        {
            "id": ids.part(resource["id"], "area", code),
            "name": words.area(code),
            "extent": code,
            "extent_type": "text",
        }
        for code in resource["service_area"]
    ]


def languages(resource: Row, words: Words) -> list[Object]:
    """Return the languages help is given in."""
    return [
        {"id": ids.part(resource["id"], "language", tag), "name": words.language(tag), "code": tag}
        for tag in resource["languages"]
    ]


def cost_options(resource: Row, words: Words) -> list[Object]:
    """Return the ways of paying; only what is free has an amount."""
    return [
        {
            "id": ids.part(resource["id"], "cost", key),
            "option": words.name("payment", key),
            **({"amount": 0} if key == "free" else {}),
        }
        for key in resource["payment"]
    ]


def location(resource: Row, words: Words) -> Object | None:
    """Return where a resource is, with its address and accessibility; None for what has no door.

    Coordinates are given only where a source gave them: the centre of a postal code is no position of a door.
    A confidential location has neither street nor position.
    """
    if not ids.has_location(resource):
        return None
    own = ids.location(resource["id"])
    found = _known(
        {
            "id": own,
            "location_type": "physical",
            "name": _place_name(resource, words) or resource["name"],
            "description": _whereabouts(resource, words),
        }
    )
    if resource["precision"] == Precision.SOURCE and not resource["confidential_location"]:
        found |= {"latitude": resource["latitude"], "longitude": resource["longitude"]}
    if address := address_of(resource, words):
        found["addresses"] = [address]
    if resource["accessibility"]:
        found["accessibility"] = [
            {
                "id": ids.part(resource["id"], "accessibility", key),
                "description": words.name("accessibility", key),
            }
            for key in resource["accessibility"]
        ]
    return found


def address_of(resource: Row, words: Words) -> Object | None:
    """Return a resource's address, None where a field that HSDS requires is not known.

    A region nobody stated is filled in from the postal code or the city; the detail ``derived`` says so.
    """
    region = resource["region"] or _region_of(resource, words)
    if resource["confidential_location"] or not region:
        return None
    if not all(resource[name] for name in ("address_1", "city", "postal_code", "country")):
        return None
    return _known(
        {
            "id": ids.part(resource["id"], "address"),
            "address_1": resource["address_1"],
            "address_2": resource["address_2"],
            "city": resource["city"],
            "state_province": region,
            "postal_code": resource["postal_code"],
            "country": resource["country"],
            "address_type": "physical",
        }
    )


def attributes(resource: Row, words: Words) -> list[Object]:
    """Return what a resource is sorted by, each with its taxonomy term, and the details HSDS has no field for."""
    return [
        _known(
            {
                "id": ids.part(resource["id"], "attribute", taxonomy, key, value or ""),
                "link_type": taxonomy,
                "link_entity": "service",
                "value": value,
                "taxonomy_term": words.terms[taxonomy, key],
            }
        )
        for taxonomy, key, value in _attributes(resource, words)
    ]


def _attributes(resource: Row, words: Words) -> Iterator[tuple[str, str, str | None]]:
    """Yield taxonomy, term and value of each attribute, in a fixed order and none twice."""
    for key in words.vocabulary.keys(resource["stated"]):
        yield NEED, key, GENERAL if words.vocabulary.children(key) else STATED
    yield "kind", resource["kind"], None
    for key, each in words.vocabulary.facets["kind"].items():
        if key != resource["kind"] and resource["facet_bits"] >> each.bit & 1:
            yield "kind", key, ALSO
    if resource["integrated"]:
        yield "integrated", "integrated", None
    for column, facet in FACETS.items():
        for key in dict.fromkeys(resource[column]):
            yield facet, key, None
    for key, value in dict.fromkeys(_details(resource, words)):
        yield DETAIL, key, value


def _details(resource: Row, words: Words) -> Iterator[tuple[str, str]]:
    address = address_of(resource, words)
    said = {name: resource[name] for name in _DETAILS if resource[name]}
    if address is None:
        said |= {name: resource[name] for name in _ADDRESS if resource[name]}
    elif not resource["region"]:
        said["derived"] = "state_province"
    if resource["hours"]:
        said["opening_hours"] = resource["hours"]
    if resource["confidential_location"]:
        said["confidential_location"] = "yes"
    if resource["accepting_new"] is not None:
        said["accepting_new"] = "yes" if resource["accepting_new"] else "no"
    if resource["status"] != Status.ACTIVE:
        said["status"] = str(resource["status"])
    yield from said.items()
    for each in resource["excludes"]:
        yield "excludes", each
    for each in resource["identifiers"]:
        yield "identifier", each
    for source in resource["sources"]:
        yield "source", ", ".join(filter(None, (source["name"], source["date"], source["url"])))
        if source["url"]:
            yield "source_url", source["url"]


def _alert(resource: Row) -> str | None:
    said = []
    if resource["status"] == Status.TEMPORARILY_CLOSED:
        said.append("Closed for now.")
    elif resource["status"] != Status.ACTIVE:
        said.append("No longer there.")
    if resource["replaced_by"]:
        said.append(f"Replaced by: {resource['replaced_by']}.")
    if resource["accepting_new"] is False:
        said.append("Takes no new people.")
    return " ".join(said) or None


def _place_name(resource: Row, words: Words) -> str:
    country = resource["country"]
    parts = [resource["city"], resource["region"], words.gazetteer.country_name(country) if country else None]
    return ", ".join(part for part in parts if part)


def _whereabouts(resource: Row, words: Words) -> str | None:
    """Return what is said of a place that has no address in HSDS."""
    if resource["confidential_location"]:
        return "The address is confidential. Get in touch first."
    if address_of(resource, words) is not None:
        return None
    known = [resource[name] for name in ("address_1", "address_2", "city", "region", "postal_code")]
    return ", ".join(part for part in known if part) or None


def _region_of(resource: Row, words: Words) -> str | None:
    if not resource["country"]:
        return None
    place = words.gazetteer.position(resource["country"], None, resource["city"], resource["postal_code"])
    if place is None or place.region is None:
        return None
    return words.gazetteer.region_name(place.country, place.region)


def _instant(moment: datetime) -> str:
    """Return an instant (UTC, whether it says so or not) as RFC 3339 writes it."""
    aware = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return aware.isoformat(timespec="microseconds").replace("+00:00", "Z")


def _known(values: Object) -> Object:
    """Return what is known: neither None nor empty."""
    return {name: value for name, value in values.items() if value is not None and value != ""}
