"""Schemathesis asks everything our descriptions allow, and what they forbid; every answer must be as described.

The same engine, phases and checks as ``schemathesis run http://host/openapi.json``, without a server between.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from flask import Flask
from schemathesis.engine import Status, events, from_schema

pytest_plugins = ["sites"]

OFFICIAL = Path(__file__).resolve().parents[3] / "shared" / "data" / "hsds_3_0" / "schema"
# The standard's own description knows no answer but 200, calls every whole number a page, and every text an id or a date.
TOO_STRICT = ("status_code_conformance", "positive_data_acceptance")


@pytest.mark.parametrize(("path", "least"), [("/openapi.json", 300), ("/hsds/openapi.json", 600)])
def test_every_answer_is_as_our_description_says(shipped_site: Flask, path: str, least: int) -> None:
    schema = schemathesis.openapi.from_wsgi(path, uncompressed(shipped_site), config=config())
    assert run(schema) >= least


def test_every_answer_of_the_hsds_api_is_as_the_standard_says(shipped_site: Flask) -> None:
    if not OFFICIAL.is_dir():
        pytest.skip("the description of HSDS 3.0 is not at hand")
    described = self_contained(json.loads((OFFICIAL / "openapi.json").read_text(encoding="utf-8")))
    left_out = {name: {"enabled": False} for name in TOO_STRICT}
    schema = schemathesis.openapi.from_dict(
        {**described, "servers": [{"url": "/hsds"}]}, config=config(checks=left_out)
    )
    schema.app = uncompressed(shipped_site)
    assert run(schema) >= 300


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("age=5.5", "age"),
        ("limit=2.5", "limit"),
        ("payment=+", "payment"),
        ("payment=%09&payment=free", "payment"),
        ("&".join(["need=grief"] * 9), "need"),
        ("after=1.0.0.0.0.0.0.0.00", "after"),
        ("after=+1.0.0.0.0.0.0.0.0", "after"),
    ],
)
def test_what_it_found_stays_refused(shipped_site: Flask, query: str, field: str) -> None:
    answer = shipped_site.test_client().get(f"/api/search?{query}")
    assert (answer.status_code, answer.json["error"]["field"]) == (400, field)


@pytest.mark.parametrize("query", ["limit=&payment=&open_now=&after=&need=", "after=1.0.0.0.0.0.0.0.0", "near=+&q=%0A"])
def test_what_it_found_stays_accepted(shipped_site: Flask, query: str) -> None:
    assert shipped_site.test_client().get(f"/api/search?{query}").status_code == 200


def config(**more: Any) -> schemathesis.Config:
    return schemathesis.Config.from_dict({"seed": 20261122, "generation": {"max-examples": 20}, **more})


def run(schema: schemathesis.BaseSchema) -> int:
    """Run every phase; fail with what was wrong, or return the number of requests."""
    wrong: list[str] = []
    requests = 0
    for event in from_schema(schema).execute():
        if isinstance(event, events.NonFatalError | events.FatalError):
            wrong.append(repr(event))
        if not isinstance(event, events.ScenarioFinished):
            continue
        requests += len(event.recorder.cases)
        for checks in event.recorder.checks.values():
            for check in checks:
                if check.status == Status.FAILURE and check.failure_info is not None:
                    failure = check.failure_info
                    wrong.append(f"{check.name}: {failure.failure.message}\n{failure.code_sample}")
    assert wrong == []
    return requests


def uncompressed(app: Flask) -> Callable[..., Iterable[bytes]]:
    """The application to a client that reads no gzip: without a server between, Schemathesis asks for it but cannot."""

    def wsgi(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        environ.pop("HTTP_ACCEPT_ENCODING", None)
        return app(environ, start_response)

    return wsgi


def self_contained(value: Any) -> Any:
    """The description with the standard's schemas in the place of links to where they are published."""
    if isinstance(value, dict):
        link = value.get("$ref", "#")
        if not link.startswith("#"):
            return self_contained(schema_of(link.rsplit("/", 1)[-1].removesuffix(".json")))
        return {key: self_contained(each) for key, each in value.items()}
    return [self_contained(each) for each in value] if isinstance(value, list) else value


def schema_of(name: str) -> Any:
    path = OFFICIAL / f"{name}.json"
    if path.exists():
        return json.loads(path.read_text(encoding="utf-8"))
    return json.loads((OFFICIAL / "tabular.json").read_text(encoding="utf-8"))["properties"][name]["items"]
