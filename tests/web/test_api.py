"""The JSON API: its answers keep to its models, its description to its routes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from checked import Checked, Own, check_headers
from factories import line, listing, rows, source
from flask import Flask

from directory.records import Kind
from directory.web import schemas
from directory.web.params import PARAMETERS

pytest_plugins = ["sites"]

PROMISED = set(
    """id name kind country tier distance_km distance_is_approximate needs_asked needs_stated needs_reached reason open phone
    sms sms_keyword chat_url url last_checked sources""".split()
)


def ask(site: Checked, path: str, status: int = 200) -> Any:
    answer = site.client.get(path)
    assert (answer.status_code, answer.mimetype) == (status, "application/json")
    check_headers(answer)
    return json.loads(answer.data)


def search(site: Checked, query: str) -> dict[str, Any]:
    """Search, and hold the answer to its model: nothing missing, nothing besides."""
    answer = ask(site, f"/api/search?{query}")
    schemas.SearchAnswer.model_validate_json(json.dumps(answer), strict=True)
    return dict(answer)


def test_a_search_answers_with_place_candidates_relaxed_and_three_groups(shipped: Checked) -> None:
    answer = search(shipped, "near=60601&need=depression&need=anxiety")
    assert set(answer) == {"place", "candidates", "needs", "relaxed", "lifts", "groups", "closer", "next"}
    assert (answer["place"]["name"], answer["place"]["country"]) == ("60601 Chicago, IL", "US")
    assert set(answer["groups"]) == {"crisis", "nearby", "remote"}
    assert all(answer["groups"].values())
    for match in [each for group in answer["groups"].values() for each in group]:
        assert set(match) >= PROMISED
        assert set(match["open"]) == {"state", "until"}
        assert set(match["sources"][0]) >= {"name", "date"}
        assert match["needs_asked"] == ["depression", "anxiety"]
        for name in PROMISED - {"open", "sources"}:
            value = match[name]
            assert value is None or isinstance(value, str | int | float) or all(isinstance(each, str) for each in value)


@pytest.mark.parametrize(
    "query",
    [
        "",
        "near=Springfield",
        "near=Xyzzyville",
        "near=Nuuk&need=alcohol",
        "near=Jordan,+MT&need=anxiety&need=kratom",
        "near=London&q=panic+attacks",
        "near=60601&need=depression&language=ja&payment=free&open_now=yes&age=9&kind=therapist",
        "near=Illinois",
        "near=09012",
        "near=41.9,-87.6&radius_km=5",
        "near=Tokelau",
        "near=Conakry",
        "q=zzzz",
        "near=60601&need=suicidal_thoughts&limit=3",
    ],
)
def test_every_answer_keeps_to_its_model_and_never_lacks_lines(shipped: Checked, query: str) -> None:
    answer = search(shipped, query)
    assert answer["groups"]["crisis"][0]["phone"]
    for match in [each for group in answer["groups"].values() for each in group]:
        if match["distance_km"] is not None:
            assert round(match["distance_km"], 3) == match["distance_km"]
        if match["stale"]:
            assert match["open"]["state"] != "open"


def test_the_words_of_an_ambiguous_place_are_offered(shipped: Checked) -> None:
    answer = search(shipped, "near=Springfield")
    assert answer["place"] is None
    assert {"Springfield, IL", "Springfield, MO", "Springfield, MA"} <= {each["name"] for each in answer["candidates"]}


def test_a_text_line_has_no_phone(own: Own) -> None:
    own.directory.ingest(source(), rows(line("text", phone=None, sms="741741", sms_keyword="HOME", formats=("text",))))
    (match,) = [each for each in search(own.pages, "")["groups"]["crisis"] if each["kind"] == "crisis_line"]
    assert (match["phone"], match["sms"], match["sms_keyword"]) == (None, "741741", "HOME")


def test_paging_by_the_word_next_gives_each_match_once(own: Own) -> None:
    own.directory.ingest(source(), rows(*(listing(f"n{number:02}") for number in range(23))))
    query = "near=60601&need=depression&limit=5"
    seen: list[int] = []
    answer = search(own.pages, query)
    while True:
        seen.extend(match["id"] for match in answer["groups"]["nearby"])
        if answer["next"] is None:
            break
        answer = search(own.pages, f"{query}&after={answer['next']}")
    assert sorted(seen) == list(range(1, 24))


def test_a_resource_is_told_whole_and_a_hidden_one_without_street_or_coordinates(own: Own) -> None:
    hidden = listing("shelter", confidential_location=True, address_1="12 Marker Lane")
    own.directory.ingest(source(), rows(listing("open"), hidden))
    shown = ask(own.pages, "/api/resources/1")
    schemas.Resource.model_validate_json(json.dumps(shown), strict=True)
    assert (shown["latitude"], shown["needs_stated"]) == (41.8858, ["depression", "anxiety"])
    secret = ask(own.pages, "/api/resources/2")
    assert secret["confidential_location"] is True
    assert {secret[name] for name in ("address_1", "address_2", "postal_code", "latitude", "longitude")} == {None}
    assert not re.search(r"Marker|41\.88|-87\.61|60601", json.dumps(secret))
    assert "Marker" not in json.dumps(search(own.pages, "near=60601"))


def test_a_merged_resource_moves_and_a_missing_one_is_a_404_with_lines(own: Own) -> None:
    same = {"name": "Example Center", "address_1": "5 Example Street"}
    own.directory.ingest(source("one"), rows(listing("a", **same)))
    own.directory.ingest(source("two"), rows(listing("b", **{**same, "address_1": "6 Example Street"})))
    own.directory.ingest(source("two"), rows(listing("b", **same)))
    moved = own.pages.client.get("/api/resources/2")
    assert (moved.status_code, moved.location) == (301, "/api/resources/1")
    merged = ask(own.pages, "/api/resources/1")
    schemas.Resource.model_validate_json(json.dumps(merged), strict=True)
    assert len(merged["programs"]) == 2
    missing = ask(own.pages, "/api/resources/77", 404)
    schemas.ErrorAnswer.model_validate_json(json.dumps(missing), strict=True)
    assert missing["error"]["code"] == "not-found"


@pytest.mark.parametrize(
    ("path", "status", "code", "field"),
    [
        ("/api/search?neer=x", 400, "bad-query", "neer"),
        ("/api/search?near=%ff", 400, "bad-query", "near"),
        ("/api/nothing", 404, "not-found", None),
        ("/api/resources/" + "9" * 40, 404, "not-found", "id"),
        ("/api/search?q=" + "x" * 8100, 414, "address-too-long", None),
    ],
)
def test_every_error_names_its_code_and_field_and_carries_lines(
    shipped: Checked, path: str, status: int, code: str, field: str | None
) -> None:
    answer = ask(shipped, path, status)
    schemas.ErrorAnswer.model_validate_json(json.dumps(answer), strict=True)
    assert (answer["error"]["code"], answer["error"]["field"]) == (code, field)
    assert [match["phone"] for match in answer["crisis"]][:2] == ["911", "988"]


def test_a_method_that_does_nothing_is_a_405_that_names_the_others(shipped: Checked) -> None:
    answer = shipped.client.post("/api/search")
    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]
    assert answer.json["crisis"]


def test_health_and_readiness(own: Own) -> None:
    assert ask(own.pages, "/healthz") == {"status": "ok"}
    assert ask(own.pages, "/readyz") == {"status": "ready"}
    own.directory.database.dispose()
    own.path.unlink()
    assert ask(own.pages, "/healthz") == {"status": "ok"}
    assert ask(own.pages, "/readyz", 503)["error"]["code"] == "database-unavailable"
    assert "own.sqlite3" not in json.dumps(ask(own.pages, "/api/search", 503))


def test_the_description_names_every_route_and_parameter_and_each_schema_it_points_to(
    shipped: Checked, shipped_site: Flask
) -> None:
    described = ask(shipped, "/openapi.json")
    assert described["openapi"].startswith("3.1")
    routes = {
        re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
        for rule in shipped_site.url_map.iter_rules()
        if rule.endpoint.startswith("api.")
    }
    assert {path.replace("{id}", "{resource_id}") for path in described["paths"]} == routes
    listed = described["paths"]["/api/search"]["get"]["parameters"]
    assert [each["name"] for each in listed] == list(PARAMETERS)
    for pointer in set(re.findall(r"#/components/schemas/(\w+)", json.dumps(described))):
        assert pointer in described["components"]["schemas"]
    kinds = described["components"]["schemas"]["Match"]["properties"]["kind"]["enum"]
    assert set(kinds) == {*Kind, "emergency_number"}


def test_every_value_the_description_offers_is_accepted(shipped: Checked) -> None:
    for parameter in ask(shipped, "/openapi.json")["paths"]["/api/search"]["get"]["parameters"]:
        schema = parameter["schema"].get("items", parameter["schema"])
        for value in schema.get("enum", schema.get("examples", []))[:12]:
            assert search(shipped, f"{parameter['name']}={value}&limit=1")


def test_every_answer_matches_the_schema_it_is_described_by(shipped: Checked) -> None:
    described = ask(shipped, "/openapi.json")
    schemas_by_name = described["components"]["schemas"]
    answers = {
        "/api/search": ask(shipped, "/api/search?near=60601&need=depression"),
        "/api/resources/{id}": ask(shipped, "/api/resources/1"),
        "/api/healthz": ask(shipped, "/api/healthz"),
        "/healthz": ask(shipped, "/healthz"),
        "/readyz": ask(shipped, "/readyz"),
    }
    for path, answer in answers.items():
        pointer = described["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]["$ref"]
        assert list(differences(answer, schemas_by_name[pointer.rsplit("/", 1)[-1]], schemas_by_name, path)) == []


def differences(value: Any, schema: dict[str, Any], known: dict[str, Any], where: str) -> Iterator[str]:
    """Compare a value with as much of JSON Schema as our models use."""
    if "$ref" in schema:
        schema = known[schema["$ref"].rsplit("/", 1)[-1]]
    if "anyOf" in schema:
        if all(list(differences(value, each, known, where)) for each in schema["anyOf"]):
            yield f"{where}: {value!r} is none of {schema['anyOf']}"
        return
    types = {
        "object": dict,
        "array": list,
        "string": str,
        "integer": int,
        "number": int | float,
        "boolean": bool,
        "null": type(None),
    }
    if "type" in schema and not isinstance(value, types[schema["type"]]):
        yield f"{where}: {value!r} is no {schema['type']}"
    elif schema.get("type") == "object":
        if set(schema.get("required", [])) != set(value) or set(schema["properties"]) != set(value):
            yield f"{where}: {sorted(set(schema['properties']) ^ set(value))}"
        for name, each in value.items():
            yield from differences(each, schema["properties"][name], known, f"{where}.{name}")
    elif schema.get("type") == "array":
        for number, each in enumerate(value):
            yield from differences(each, schema["items"], known, f"{where}[{number}]")
    if "enum" in schema and value not in schema["enum"]:
        yield f"{where}: {value!r} is not in {schema['enum']}"
