"""The description of our HSDS API (OpenAPI 3.1): our own words on the paths, parameters and fields of HSDS 3.0.

The names of paths, parameters and fields are those of the Human Services Data Specification 3.0 by Open Referral,
CC BY-SA 4.0 (https://docs.openreferral.org).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic.json_schema import models_json_schema

from directory.web import schemas
from directory.web.hsds_params import PARAMETERS

VERSION = "3.0"
PAGED = ("page", "per_page", "format")
_SERVICES = ("search", "taxonomy_term_id", "taxonomy_id", "organization_id", "modified_after")
# The parameters of each path, in the order of the standard.
PATHS: Mapping[str, tuple[str, ...]] = {
    "/services": (*_SERVICES, "minimal", "full", *PAGED),
    "/services/{id}": (),
    "/organizations": ("search", "full_service", "full", *PAGED),
    "/organizations/{id}": ("full_service",),
    "/service_at_locations": (*_SERVICES, "full", *PAGED, "postcode", "proximity"),
    "/service_at_locations/{id}": (),
    "/taxonomies": ("search", *PAGED),
    "/taxonomies/{id}": (),
    "/taxonomy_terms": ("search", "taxonomy_id", "top_only", "parent_id", *PAGED),
    "/taxonomy_terms/{id}": (),
}
_MODELS = {
    "services": "service",
    "organizations": "organization",
    "service_at_locations": "service_at_location",
    "taxonomies": "taxonomy",
    "taxonomy_terms": "taxonomy_term",
}
_WHAT = {
    "/services": "Services, a page at a time",
    "/services/{id}": "One service, fully nested",
    "/organizations": "Organizations, a page at a time",
    "/organizations/{id}": "One organization, fully nested, with its services",
    "/service_at_locations": "Services at their locations, a page at a time; near a postcode, nearest first",
    "/service_at_locations/{id}": "One service at its location, fully nested",
    "/taxonomies": "The taxonomies that services are sorted by",
    "/taxonomies/{id}": "One taxonomy",
    "/taxonomy_terms": "The terms of the taxonomies",
    "/taxonomy_terms/{id}": "One term",
}
# name:kind, "!" where it is required; "[x]" a list of x. Without a kind it is a string.
_ENTITIES = {
    "organization": """id:uuid! name! description! alternate_name email:email website:uri tax_status tax_id
        year_incorporated:number legal_status logo uri:uri parent_organization_id:uuid funding:[funding] contacts:[contact]
        phones:[phone] locations:[location] programs:[program] organization_identifiers:[organization_identifier]
        attributes:[attribute] metadata:[metadata] services:[service]""",
    "program": "id:uuid! organization_id:uuid name! alternate_name description! attributes:[attribute] metadata:[metadata]",
    "service": """id:uuid! organization_id:uuid program_id:uuid name! alternate_name description url:uri email:email
        status:service_status! interpretation_services application_process fees_description wait_time fees accreditations
        eligibility_description minimum_age:number maximum_age:number assured_date:date assurer_email:email licenses alert
        last_modified:date-time modified_date:date-time phones:[phone] schedules:[schedule] service_areas:[service_area]
        service_at_locations:[service_at_location] languages:[language] organization:organization funding:[funding]
        cost_options:[cost_option] program:program required_documents:[required_document] contacts:[contact]
        attributes:[attribute] metadata:[metadata]""",
    "service_at_location": """id:uuid! service_id:uuid location_id:uuid name status:service_status description
        contacts:[contact] phones:[phone] schedules:[schedule] location:location attributes:[attribute] metadata:[metadata]
        service:service""",
    "location": """id:uuid! location_type:location_type! url:uri organization_id:uuid name alternate_name description
        transportation latitude:latitude longitude:longitude external_identifier external_identifier_type
        languages:[language] addresses:[address] contacts:[contact] accessibility:[accessibility] phones:[phone]
        schedules:[schedule] attributes:[attribute] metadata:[metadata]""",
    "address": """id:uuid! location_id:uuid attention address_1! address_2 city! region state_province! postal_code!
        country! address_type:location_type! attributes:[attribute] metadata:[metadata]""",
    "phone": """id:uuid! location_id:uuid service_id:uuid organization_id:uuid contact_id:uuid service_at_location_id:uuid
        number! extension:number type description languages:[language] attributes:[attribute] metadata:[metadata]""",
    "contact": """id:uuid! organization_id:uuid service_id:uuid service_at_location_id:uuid location_id:uuid name title
        department email:email phones:[phone] attributes:[attribute] metadata:[metadata]""",
    "schedule": """id:uuid! service_id:uuid location_id:uuid service_at_location_id:uuid valid_from valid_to dtstart
        timezone:number until count:number wkst:weekday freq:freq interval:number byday byweekno bymonthday byyearday
        description opens_at closes_at schedule_link:uri attending_type notes attributes:[attribute] metadata:[metadata]""",
    "service_area": """id:uuid! service_id:uuid name description extent extent_type uri attributes:[attribute]
        metadata:[metadata]""",
    "language": """id:uuid! service_id:uuid location_id:uuid phone_id:uuid name code note attributes:[attribute]
        metadata:[metadata]""",
    "accessibility": "id:uuid! location_id:uuid description details url:uri attributes:[attribute] metadata:[metadata]",
    "cost_option": """id:uuid! service_id:uuid valid_from valid_to option currency amount:number amount_description
        attributes:[attribute] metadata:[metadata]""",
    "funding": "id:uuid! organization_id:uuid service_id:uuid source attributes:[attribute] metadata:[metadata]",
    "required_document": "id:uuid! service_id:uuid document uri:uri attributes:[attribute] metadata:[metadata]",
    "organization_identifier": """id:uuid! organization_id:uuid identifier_scheme identifier_type! identifier!
        attributes:[attribute] metadata:[metadata]""",
    "attribute": """id:uuid! link_id:uuid taxonomy_term_id:uuid link_type link_entity value taxonomy_term:taxonomy_term
        metadata:[metadata]""",
    "taxonomy": "id:uuid! name! description! uri:uri version metadata:[metadata]",
    "taxonomy_term": """id:uuid! code name! description! parent_id:uuid taxonomy language taxonomy_id:uuid term_uri:uri
        taxonomy_detail:taxonomy metadata:[metadata]""",
    "metadata": """id:uuid! resource_id:uuid resource_type last_action_date! last_action_type! field_name! previous_value!
        replacement_value! updated_by!""",
}  # fmt: skip
_KINDS: Mapping[str, dict[str, Any]] = {
    "number": {"type": "number"},
    "latitude": {"type": "number", "minimum": -90, "maximum": 90},
    "longitude": {"type": "number", "minimum": -180, "maximum": 180},
    "service_status": {"type": "string", "enum": ["active", "inactive", "defunct", "temporarily closed"]},
    "location_type": {"type": "string", "enum": ["physical", "postal", "virtual"]},
    "weekday": {"type": "string", "enum": ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]},
    "freq": {"type": "string", "enum": ["WEEKLY", "MONTHLY"]},
    **{name: {"type": "string", "format": name} for name in ("uuid", "uri", "email", "date", "date-time")},
}
_PAGE = {
    "total_items": {"type": "integer", "minimum": 0},
    "total_pages": {"type": "integer", "minimum": 0},
    "page_number": {"type": "integer", "minimum": 1},
    "size": {"type": "integer", "minimum": 0, "description": "entries on this page"},
    "first_page": {"type": "boolean"},
    "last_page": {"type": "boolean"},
    "empty": {"type": "boolean"},
}
_ERRORS = {
    "400": "A parameter is unknown or has no meaning; 'field' names it",
    "404": "There is nothing here",
    "405": "This method does nothing here",
    "414": "The address is longer than 8,000 bytes",
    "429": "Another long ndjson answer is being sent; ask again in a moment, or for a page",
    "500": "Something broke",
    "503": "The database cannot be read",
}


def document(examples: Mapping[str, str]) -> dict[str, Any]:
    """Return the description of the HSDS API; ``examples`` holds an id of each entity that has one."""
    _, errors = models_json_schema(
        [(schemas.ErrorAnswer, "serialization")], ref_template="#/components/schemas/{model}"
    )
    meta = {
        "type": "object",
        "required": ["version", "profile", "openapi_url"],
        "properties": {
            "version": {"type": "string", "const": VERSION},
            "profile": _KINDS["uri"],
            "openapi_url": _KINDS["uri"],
        },
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Support directory, HSDS API",
            "version": VERSION,
            "description": "The directory in the words of the Human Services Data Specification 3.0 by Open Referral "
            "(https://docs.openreferral.org), whose names of paths, parameters and fields it takes over.",
            "license": {"name": "CC BY-SA 4.0", "url": "https://creativecommons.org/licenses/by-sa/4.0/"},
        },
        "servers": [{"url": "/hsds"}],
        "paths": {
            "/": {"get": _operation("About this API", {"application/json": {"schema": meta}})},
            **{path: {"get": _path(path, names, examples)} for path, names in PATHS.items()},
        },
        "components": {
            "schemas": {
                **errors["$defs"],
                **{name: _entity(fields) for name, fields in _ENTITIES.items()},
                **{f"{model}_page": _page(model) for model in _MODELS.values()},
            }
        },
    }


def _path(path: str, names: tuple[str, ...], examples: Mapping[str, str]) -> dict[str, Any]:
    parameters = [_parameter(name) for name in names]
    model = _MODELS[path.split("/")[1]]
    if "{id}" in path:
        content = {"application/json": {"schema": _ref(model)}}
        own = {"name": "id", "in": "path", "required": True, "schema": _KINDS["uuid"]}
        parameters = [own | ({"example": examples[model]} if model in examples else {}), *parameters]
    else:
        content = {
            "application/json": {"schema": _ref(f"{model}_page")},
            "application/x-ndjson": {"schema": {"type": "string", "description": f"One {model} on each line"}},
        }
    return {**_operation(_WHAT[path], content), "parameters": parameters}


def _operation(summary: str, content: Mapping[str, Any]) -> dict[str, Any]:
    error = {"application/json": {"schema": _ref("ErrorAnswer")}}
    responses = {"200": {"description": summary, "content": content}}
    responses |= {status: {"description": means, "content": error} for status, means in _ERRORS.items()}
    return {"summary": summary, "responses": responses}


def _parameter(name: str) -> dict[str, Any]:
    parameter = PARAMETERS[name]
    schema = {"type": parameter.kind, **parameter.rule}
    return {"name": name, "in": "query", "required": False, "description": parameter.means, "schema": schema}


def _page(model: str) -> dict[str, Any]:
    properties = {**_PAGE, "contents": {"type": "array", "items": _ref(model)}}
    return {"type": "object", "required": list(properties), "properties": properties}


def _entity(fields: str) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    required = []
    for each in fields.split():
        name, _, kind = each.removesuffix("!").partition(":")
        if each.endswith("!"):
            required.append(name)
        if kind.startswith("["):
            properties[name] = {"type": "array", "items": _ref(kind.strip("[]"))}
        elif kind in _ENTITIES:
            properties[name] = _ref(kind)
        else:
            properties[name] = _KINDS[kind] if kind else {"type": "string"}
    return {"type": "object", "required": required, "properties": properties}


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}
