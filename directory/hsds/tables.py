"""The tables of an HSDS 3.0 package that we write: their files, columns, keys and types, as schema/tabular.json has them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Table:
    """A table by its file; ``required`` columns hold something in every row, ``keys`` are columns that name another table."""

    path: str
    columns: tuple[str, ...]
    required: tuple[str, ...]
    keys: Mapping[str, str]


def _table(path: str, columns: str, **keys: str) -> Table:
    """Return a table whose ``columns`` are separated by blanks, the required ones with a ! behind them."""
    names = columns.split()
    required = tuple(name[:-1] for name in names if name.endswith("!"))
    return Table(path, tuple(name.rstrip("!") for name in names), required, keys)


_OF_SERVICE = {"service_id": "service"}
_AT_PLACE = {**_OF_SERVICE, "service_at_location_id": "service_at_location"}

TABLES: Mapping[str, Table] = {
    "organization": _table("organizations.csv", "id! name! description!"),
    "service": _table(
        "services.csv",
        "id! organization_id! name! description url email status! fees_description eligibility_description minimum_age"
        " maximum_age assured_date alert last_modified",
        organization_id="organization",
    ),
    "location": _table(
        "locations.csv",
        "id! location_type! organization_id name description latitude longitude",
        organization_id="organization",
    ),
    "service_at_location": _table(
        "service_at_location.csv", "id! service_id! location_id!", **_OF_SERVICE, location_id="location"
    ),
    "address": _table(
        "addresses.csv",
        "id! location_id address_1! address_2 city! state_province! postal_code! country! address_type!",
        location_id="location",
    ),
    "phone": _table(
        "phones.csv", "id! service_id service_at_location_id number! extension type description", **_AT_PLACE
    ),
    "schedule": _table(
        "schedules.csv",
        "id! service_id service_at_location_id freq byday opens_at closes_at description notes",
        **_AT_PLACE,
    ),
    "service_area": _table("service_areas.csv", "id! service_id name extent extent_type", **_OF_SERVICE),
    "language": _table("languages.csv", "id! service_id name code", **_OF_SERVICE),
    "cost_option": _table("cost_options.csv", "id! service_id! option amount", **_OF_SERVICE),
    "accessibility": _table("accessibility.csv", "id! location_id description", location_id="location"),
    "attribute": _table(
        "attributes.csv",
        "id! link_id! taxonomy_term_id! link_type link_entity! value",
        link_id="service",
        taxonomy_term_id="taxonomy_term",
    ),
    "taxonomy": _table("taxonomies.csv", "id! name! description!"),
    "taxonomy_term": _table(
        "taxonomy_terms.csv",
        "id! code name! description! parent_id taxonomy language taxonomy_id",
        parent_id="taxonomy_term",
        taxonomy_id="taxonomy",
    ),
}
NUMBERS = frozenset({"latitude", "longitude", "minimum_age", "maximum_age", "extension", "amount"})
_FORMATS = {"url": "uri", "email": "email"}
_DATES = {"assured_date": "date", "last_modified": "datetime"}


def package() -> dict[str, Any]:
    """Return the content of datapackage.json (Frictionless Data Package 1.0), with every table, column and key."""
    return {
        "profile": "tabular-data-package",
        "name": "support-directory",
        "title": "Support directory, HSDS 3.0",
        "resources": [
            {
                "name": name,
                "path": table.path,
                "profile": "tabular-data-resource",
                "format": "csv",
                "mediatype": "text/csv",
                "encoding": "utf-8",
                "schema": {
                    "primaryKey": "id",
                    "fields": [_field(each, table) for each in table.columns],
                    "foreignKeys": [
                        {"fields": column, "reference": {"resource": other, "fields": "id"}}
                        for column, other in table.keys.items()
                    ],
                },
            }
            for name, table in TABLES.items()
        ],
    }


def _field(name: str, table: Table) -> dict[str, Any]:
    kind = "number" if name in NUMBERS else _DATES.get(name, "string")
    form = "uuid" if name == "id" or name in table.keys else _FORMATS.get(name)
    constraints = {"required": name in table.required, "unique": name == "id"}
    return {"name": name, "type": kind, **({"format": form} if form else {}), "constraints": constraints}
