"""HSDS 3.0 as JSON: fully nested services, organizations and services at locations, as the standard's schemas have them.

A list holds the same objects without what is nested in lists. ``write`` streams whole directories.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TextIO

from directory.hsds import entities, ids
from directory.hsds.entities import Object, Row
from directory.hsds.words import Words

__all__ = [
    "Words",
    "organization",
    "service",
    "service_at_location",
    "taxonomies",
    "taxonomy_terms",
    "write",
]


def service(resource: Row, words: Words) -> Object:
    """Return a resource as a service with all that belongs to it (schema/service.json)."""
    found = _service(resource, words)
    found["organization"] = entities.organization(resource)
    if (at_location := _at_location(resource, words)) is not None:
        found["service_at_locations"] = [at_location]
    return found


def service_at_location(resource: Row, words: Words) -> Object:
    """Return a resource as a service at its location (schema/service_at_location.json); it has one: ``ids.has_location``."""
    found = _at_location(resource, words) or {"id": ids.service_at_location(resource["id"])}
    return {**found, "service": {**_service(resource, words), "organization": entities.organization(resource)}}


def organization(resources: Sequence[Row], words: Words, *, full_service: bool = False) -> Object:
    """Return the organization of some resources, all of the same one (schema/organization.json), with its locations.

    Its services are whole where ``full_service``, else id, name and status.
    """
    found = entities.organization(resources[0])
    if locations := [each for resource in resources if (each := entities.location(resource, words)) is not None]:
        found["locations"] = locations
    found["services"] = [
        _service(resource, words)
        if full_service
        else {name: value for name, value in entities.service(resource, words).items() if name in _MINIMAL}
        for resource in resources
    ]
    return found


def taxonomies(words: Words) -> list[Mapping[str, Any]]:
    """Return our taxonomies."""
    return list(words.taxonomies.values())


def taxonomy_terms(words: Words) -> list[Mapping[str, Any]]:
    """Return the terms of all our taxonomies."""
    return list(words.terms.values())


def write(resources: Iterable[Row], stream: TextIO, words: Words) -> int:
    """Write resources as a JSON array of full services and return how many; memory holds one of them."""
    count = 0
    for resource in resources:
        stream.write(",\n" if count else "[\n")
        stream.write(json.dumps(service(resource, words), ensure_ascii=False, separators=(",", ":")))
        count += 1
    stream.write("\n]\n" if count else "[]\n")
    return count


_MINIMAL = frozenset({"id", "name", "status"})


def _service(resource: Row, words: Words) -> Object:
    """Return a service with all that hangs on it but its organization and its location."""
    found = entities.service(resource, words)
    lists = {
        "phones": entities.phones(resource),
        "schedules": entities.timetable(resource),
        "service_areas": entities.service_areas(resource, words),
        "languages": entities.languages(resource, words),
        "cost_options": entities.cost_options(resource, words),
        "attributes": entities.attributes(resource, words),
    }
    found.update((name, values) for name, values in lists.items() if values)
    return found


def _at_location(resource: Row, words: Words) -> Object | None:
    location = entities.location(resource, words)
    if location is None:
        return None
    found: Object = {"id": ids.service_at_location(resource["id"]), "location": location}
    lists = {"phones": entities.phones(resource), "schedules": entities.timetable(resource)}
    found.update((name, values) for name, values in lists.items() if values)
    return found
