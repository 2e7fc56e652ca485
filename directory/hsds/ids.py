"""The ids of a resource in HSDS: version 5 UUIDs (RFC 9562) of our own ids, so that they are the same in every export."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import sha1
from typing import Any
from uuid import UUID

# Chosen once, at random. Another one would give every entity of every export a new id.
NAMESPACE = UUID("5b0c8f3e-6a1d-4c57-9a52-0d7c1f6be0a4")
_NAMESPACE = NAMESPACE.bytes

ORGANIZATION = "organization"
SERVICE = "service"
LOCATION = "location"
SERVICE_AT_LOCATION = "service_at_location"

_DOOR = ("address_1", "postal_code", "city")


def service(resource_id: int) -> str:
    """Return the id of a resource's service."""
    return _id(SERVICE, str(resource_id))


def location(resource_id: int) -> str:
    """Return the id of a resource's location."""
    return _id(LOCATION, str(resource_id))


def service_at_location(resource_id: int) -> str:
    """Return the id of a resource's service at its location."""
    return _id(SERVICE_AT_LOCATION, str(resource_id))


def organization(resource: Mapping[str, Any]) -> str:
    """Return the id of the organization of a resource: one for each name and country, else one of the resource's own."""
    name = resource["organization"]
    if name is None:
        return _id(ORGANIZATION, "of", str(resource["id"]))
    return named_organization(name, resource["country"])


def named_organization(name: str, country: str | None) -> str:
    """Return the id of an organization by its name as stated and its country."""
    return _id(ORGANIZATION, country or "", name)


def taxonomy(name: str) -> str:
    """Return the id of one of our taxonomies: ``need``, ``audience``, ``detail``."""
    return _id("taxonomy", name)


def term(taxonomy_name: str, key: str) -> str:
    """Return the id of a term of one of our taxonomies."""
    return _id("taxonomy_term", taxonomy_name, key)


def part(resource_id: int, *names: str) -> str:
    """Return the id of a part of a resource: its phone, a schedule, an attribute."""
    return _id("part", str(resource_id), *names)


def of(resource: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield each entity a resource can be asked for by, with its id; a service at location only if it has a location."""
    yield SERVICE, service(resource["id"])
    yield ORGANIZATION, organization(resource)
    if has_location(resource):
        yield SERVICE_AT_LOCATION, service_at_location(resource["id"])


def has_location(resource: Mapping[str, Any]) -> bool:
    """Return whether people can go to a resource: it has a street, postal code, city or position."""
    return resource["latitude"] is not None or any(resource[name] for name in _DOOR)


def _id(*names: str) -> str:
    """Return the UUID of some names in the namespace, as ``uuid.uuid5`` would in three times the time (RFC 9562, 5.5)."""
    digits = sha1(_NAMESPACE + "\x1f".join(names).encode(), usedforsecurity=False).hexdigest()
    variant = "89ab"[int(digits[16], 16) & 3]
    return f"{digits[:8]}-{digits[8:12]}-5{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:32]}"
