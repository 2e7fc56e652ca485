"""openapi.json (OpenAPI 3.1), made from the models and the table of parameters, so that neither can disagree with it."""

from __future__ import annotations

from typing import Any

from pydantic.json_schema import models_json_schema

from directory.needs import Vocabulary
from directory.web import schemas
from directory.web.params import PARAMETERS, Parameter

_ANSWERS = (schemas.SearchAnswer, schemas.Resource, schemas.Health, schemas.Reach, schemas.ErrorAnswer)
_ERRORS = {
    "400": "A parameter is unknown or has no meaning; 'field' names it",
    "404": "There is nothing here",
    "405": "This method does nothing here",
    "414": "The address is longer than 8,000 bytes",
    "500": "Something broke",
    "503": "The database cannot be read",
}


def document(vocabulary: Vocabulary) -> dict[str, Any]:
    """Return the description of the API; every error answer carries ``crisis``."""
    _, definitions = models_json_schema(
        [(model, "serialization") for model in _ANSWERS], ref_template="#/components/schemas/{model}"
    )
    search = _operation("Find what answers a query, best first", "SearchAnswer")
    search["parameters"] = [_parameter(name, each, vocabulary) for name, each in PARAMETERS.items()]
    resource = _operation("Everything known about one resource", "Resource")
    resource["parameters"] = [
        {"name": "id", "in": "path", "required": True, "schema": {"type": "integer", "minimum": 1}},
    ]
    resource["responses"]["301"] = {"description": "Merged into another resource; Location says which"}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Support directory",
            "version": "1",
            "description": "Crisis lines, therapists, support groups and treatment programmes by place and need.",
        },
        "paths": {
            "/api/search": {"get": search},
            "/api/resources/{id}": {"get": resource},
            "/api/healthz": {"get": _operation("What of the database can be reached", "Reach")},
            "/healthz": {"get": _operation("Whether the program runs", "Health")},
            "/readyz": {"get": _operation("Whether the database can be read", "Health")},
            "/openapi.json": {
                "get": {"summary": "This description", "responses": _responses("OpenAPI 3.1", {"type": "object"})}
            },
        },
        "components": {"schemas": definitions["$defs"]},
    }


def _operation(summary: str, model: str) -> dict[str, Any]:
    return {"summary": summary, "responses": _responses(summary, _ref(model))}


def _responses(summary: str, schema: dict[str, Any]) -> dict[str, Any]:
    answers = {"200": (summary, schema), **{status: (means, _ref("ErrorAnswer")) for status, means in _ERRORS.items()}}
    return {
        status: {"description": means, "content": {"application/json": {"schema": each}}}
        for status, (means, each) in answers.items()
    }


def _ref(model: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{model}"}


def _parameter(name: str, parameter: Parameter, vocabulary: Vocabulary) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": parameter.kind, **parameter.rule}
    if parameter.kind == "boolean":
        schema = {"type": "string", "enum": ["yes", "no", "1", "0", "true", "false", "on"]}
    if parameter.repeatable:
        values = vocabulary.facets[parameter.facet] if parameter.facet else vocabulary.needs
        schema = {**parameter.rule, "type": "array", "items": {"type": parameter.kind, "enum": [*values, ""]}}
    described = {"name": name, "in": "query", "required": False, "description": parameter.means, "schema": schema}
    how = {"style": "form", "explode": True} if parameter.repeatable else {"allowEmptyValue": True}
    return described | how
