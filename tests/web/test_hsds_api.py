"""The HSDS 3.0 read API: every path and parameter, held to the standard's own schemas where they are at hand."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from checked import Checked, Own, check_headers
from factories import CHICAGO, line, listing, rows, source
from flask import Flask
from jsonschema import Draft202012Validator, FormatChecker
from test_privacy import everything_logged  # noqa: F401 - a fixture

from directory.geo import distance_km
from directory.hsds import ids
from directory.records import Kind, Point
from directory.web import hsds_answers, hsds_openapi, hsds_params, schemas

pytest_plugins = ["sites"]

ROOT = Path(__file__).resolve().parents[2]
OFFICIAL = ROOT.parent / "shared" / "data" / "hsds_3_0" / "schema"
LISTS = ("services", "organizations", "service_at_locations", "taxonomies", "taxonomy_terms")
SCHEMAS = {
    "services": ("service_list", "service"),
    "organizations": ("organization_list", "organization"),
    "service_at_locations": ("service_at_location_list", "service_at_location"),
    "taxonomies": ("taxonomy", "taxonomy"),
    "taxonomy_terms": ("taxonomy_term", "taxonomy_term"),
}
PAGE = ("total_items", "total_pages", "page_number", "size", "first_page", "last_page", "empty", "contents")


def get(site: Checked, path: str, status: int = 200) -> Any:
    answer = site.client.get(f"/hsds/{path}")
    assert (answer.status_code, answer.mimetype) == (status, "application/json"), answer.text[:300]
    check_headers(answer)
    return json.loads(answer.data)


def page(site: Checked, path: str) -> dict[str, Any]:
    found = get(site, path)
    assert tuple(found) == PAGE
    assert found["size"] == len(found["contents"]) and found["empty"] == (not found["contents"])
    return dict(found)


def contents(site: Checked, path: str) -> list[dict[str, Any]]:
    return list(page(site, path)["contents"])


def lines(site: Checked, path: str) -> list[dict[str, Any]]:
    answer = site.client.get(f"/hsds/{path}")
    assert (answer.status_code, answer.mimetype) == (200, "application/x-ndjson")
    check_headers(answer)
    assert answer.text == "" or answer.text.endswith("\n")
    return [json.loads(each) for each in answer.text.split("\n")[:-1]]


def names(site: Checked, path: str) -> list[str]:
    """The last word of each name: what a test called its listing."""
    return [(each.get("service") or each)["name"].rsplit(" ", 1)[-1] for each in contents(site, path)]


@cache
def official(name: str) -> Draft202012Validator:
    if not OFFICIAL.is_dir():
        pytest.skip("the schemas of HSDS 3.0 are not at hand")
    path = OFFICIAL / f"{name}.json"
    if path.exists():
        schema = json.loads(path.read_text(encoding="utf-8"))
    else:  # the schemas of taxonomies stand in the tabular one only
        tables = json.loads((OFFICIAL / "tabular.json").read_text(encoding="utf-8"))["properties"]
        schema = dict(tables[name]["items"])
        schema["properties"] = {key: each for key, each in schema["properties"].items() if key != "metadata"}
    return Draft202012Validator(schema, format_checker=FormatChecker())


def faults(name: str, entry: Mapping[str, Any]) -> list[str]:
    return [f"{error.json_path}: {error.message[:200]}" for error in official(name).iter_errors(entry)]


def test_the_api_says_what_it_is_and_leads_to_its_description(shipped: Checked) -> None:
    about = get(shipped, "")
    assert set(about) == {"version", "profile", "openapi_url"}
    assert about["version"] == "3.0"
    assert about["openapi_url"] == "http://localhost/hsds/openapi.json"
    assert shipped.client.get("/hsds").json == about
    described = get(shipped, "openapi.json")
    assert described["openapi"].startswith("3.1")
    assert described["info"]["license"]["name"] == "CC BY-SA 4.0"


def test_the_description_names_every_route_and_parameter(shipped: Checked, shipped_site: Flask) -> None:
    described = get(shipped, "openapi.json")
    routes = {
        re.sub(r"<\w+>", "{id}", rule.rule).removeprefix("/hsds")
        for rule in shipped_site.url_map.iter_rules()
        if rule.endpoint.startswith("hsds.")
    }
    assert set(described["paths"]) | {"/openapi.json"} == routes
    named = {each["name"] for path in described["paths"].values() for each in path["get"].get("parameters", ())}
    assert named == {*hsds_params.PARAMETERS, "id"}
    for pointer in set(re.findall(r"#/components/schemas/(\w+)", json.dumps(described))):
        assert pointer in described["components"]["schemas"]


def test_it_has_every_path_and_parameter_of_the_standard(shipped: Checked) -> None:
    if not OFFICIAL.is_dir():
        pytest.skip("the schemas of HSDS 3.0 are not at hand")
    standard = json.loads((OFFICIAL / "openapi.json").read_text(encoding="utf-8"))
    ours = get(shipped, "openapi.json")["paths"]
    assert set(ours) == set(standard["paths"])
    for path, each in standard["paths"].items():
        wanted = {
            name["$ref"].rsplit("/", 1)[-1] if "$ref" in name else name["name"]
            for name in each["get"].get("parameters", ())
        }
        assert wanted <= {name["name"] for name in ours[path]["get"].get("parameters", ())}, path


@pytest.mark.parametrize("path", LISTS)
def test_entries_of_a_list_and_single_ones_keep_to_the_standard(shipped: Checked, path: str) -> None:
    short, whole = SCHEMAS[path]
    found = page(shipped, f"{path}?per_page=40&page=2")["contents"] or contents(shipped, path)
    assert [fault for entry in found for fault in faults(short, entry)] == []
    for entry in found[:5]:
        one = get(shipped, f"{path}/{entry['id']}")
        assert one["id"] == entry["id"]
        assert faults(whole, one) == []
        assert one.items() >= {key: value for key, value in entry.items() if not isinstance(value, dict)}.items()


@pytest.mark.parametrize(
    "query",
    [
        "services?full=true",
        "organizations?full=true",
        "organizations?full_service=true",
        "service_at_locations?full=true",
    ],
)
def test_full_entries_keep_to_the_standard(shipped: Checked, query: str) -> None:
    whole = SCHEMAS[query.partition("?")[0]][1]
    for number in (1, 40):
        found = contents(shipped, f"{query}&per_page=5&page={number}")
        assert len(found) == 5
        assert [fault for entry in found for fault in faults(whole, entry)] == []


@pytest.mark.parametrize("path", LISTS)
def test_pages_hold_every_entry_once_in_the_same_order(shipped: Checked, path: str) -> None:
    whole = [each["id"] for each in lines(shipped, f"{path}?format=ndjson")]
    assert len(whole) == len(set(whole)) > 5
    size = max(len(whole) // 7, 1)
    paged: list[str] = []
    number = 1
    while True:
        found = page(shipped, f"{path}?per_page={size}&page={number}")
        paged.extend(each["id"] for each in found["contents"])
        assert (found["total_items"], found["total_pages"]) == (len(whole), -(-len(whole) // size))
        assert (found["page_number"], found["first_page"]) == (number, number == 1)
        assert found["last_page"] == (number == found["total_pages"])
        if found["last_page"]:
            break
        number += 1
    assert paged == whole


def test_a_page_past_the_end_is_empty_and_an_empty_list_is_one(own: Own) -> None:
    own.directory.ingest(source(), rows(listing("one")))
    past = page(own.pages, "services?page=1000000000")
    assert (past["total_items"], past["first_page"], past["last_page"], past["empty"]) == (1, False, True, True)
    none = page(own.pages, "services?search=zzzz")
    assert (none["total_items"], none["total_pages"], none["page_number"]) == (0, 0, 1)
    assert none["first_page"] and none["last_page"] and none["empty"]


def test_ndjson_is_all_of_a_list_or_the_page_that_is_named(own: Own) -> None:
    own.directory.ingest(source(), rows(*(listing(f"n{number:02}") for number in range(60))))
    assert len(contents(own.pages, "services")) == 50
    every = lines(own.pages, "services?format=ndjson&full=true")
    assert len(every) == 60
    assert lines(own.pages, "services?format=ndjson&full=true&per_page=7&page=2") == every[7:14]
    assert contents(own.pages, "services?full=true&per_page=7&page=2") == every[7:14]
    assert lines(own.pages, "services?format=ndjson&search=zzzz") == []


def test_a_long_ndjson_answer_is_sent_piece_by_piece_one_at_a_time(own: Own, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hsds_answers, "SHORT", 5)
    monkeypatch.setattr(hsds_answers, "_PIECE", 4)
    own.directory.ingest(source(), rows(*(listing(f"n{number:02}") for number in range(11))))
    first = own.pages.client.get("/hsds/services?format=ndjson", buffered=False)
    pieces = iter(first.response)
    assert next(pieces).count(b"\n") == 4
    refused = get(own.pages, "services?format=ndjson", 429)
    assert (refused["error"]["code"], refused["error"]["field"]) == ("busy", "format")
    assert len(contents(own.pages, "services")) == 11
    own.directory.ingest(source(), rows(*(listing(f"n{number:02}", name="New Name") for number in range(11))))
    assert b"".join(pieces).count(b"\n") == 7
    first.close()
    assert len(lines(own.pages, "services?format=ndjson")) == 11


def test_minimal_is_every_id_with_its_date_on_one_page(own: Own) -> None:
    own.directory.ingest(source(), rows(*(listing(f"n{number:02}") for number in range(60))))
    found = page(own.pages, "services?minimal=true")
    assert (found["size"], found["total_pages"]) == (60, 1)
    whole = {each["id"]: each["last_modified"] for each in lines(own.pages, "services?format=ndjson")}
    assert {each["id"]: each["modified_date"] for each in found["contents"]} == whole
    # The standard asks for these two alone, but the schema of this list requires the others.
    assert all(set(each) == {"id", "modified_date", "name", "status"} for each in found["contents"])
    assert [fault for each in found["contents"] for fault in faults("service_list", each)] == []
    assert page(own.pages, "services?minimal=true&per_page=7")["size"] == 7


def test_a_list_has_no_lists_in_it_unless_it_is_full(own: Own) -> None:
    own.directory.ingest(source(), rows(listing("one", organization="Example Trust", hours="Mo 10:00-12:00")))
    for path in LISTS[:3]:
        (short,), (whole,) = contents(own.pages, path), contents(own.pages, f"{path}?full=true")
        assert not list(nested_lists(short)) and list(nested_lists(whole))
        assert whole == get(own.pages, f"{path}/{short['id']}")


def nested_lists(value: Any) -> Iterator[list[Any]]:
    if isinstance(value, list):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from nested_lists(each)


def test_an_organization_has_its_services_by_id_or_in_full(own: Own) -> None:
    own.directory.ingest(
        source(),
        rows(listing("a", organization="Example Trust"), listing("b", organization="Example Trust"), listing("c")),
    )
    first, second = contents(own.pages, "organizations")
    assert (first["name"], second["name"]) == ("Example Trust", "Example Practice c")
    path = f"organizations/{first['id']}"
    short, whole = get(own.pages, path), get(own.pages, f"{path}?full_service=true")
    assert [set(each) for each in short["services"]] == [{"id", "name", "status"}] * 2
    assert [each["id"] for each in short["services"]] == [each["id"] for each in whole["services"]]
    assert all(each["phones"] for each in whole["services"])
    assert contents(own.pages, "organizations?full=true")[0] == short
    assert contents(own.pages, "organizations?full_service=true")[0] == whole
    assert names(own.pages, f"services?organization_id={first['id'].upper()}") == ["a", "b"]
    assert names(own.pages, f"service_at_locations?organization_id={first['id']}") == ["a", "b"]


def test_services_are_found_by_term_taxonomy_words_and_date(own: Own) -> None:
    own.directory.ingest(
        source(),
        rows(
            listing("a", description="Heron House", payment=("free",)),
            listing("b", needs=("grief",), kind=Kind.SUPPORT_GROUP),
            line("c"),
        ),
    )
    taxonomies = {
        each["name"].removeprefix("support-directory "): each["id"] for each in contents(own.pages, "taxonomies")
    }
    terms = {each["code"]: each["id"] for each in lines(own.pages, "taxonomy_terms?format=ndjson")}
    for query, found in {
        f"taxonomy_term_id={terms['grief']}": ["b"],
        f"taxonomy_term_id={terms['crisis_line']}": ["c"],
        f"taxonomy_id={taxonomies['payment']}": ["a"],
        f"taxonomy_id={taxonomies['need']}": ["a", "b", "c"],
        f"taxonomy_id={taxonomies['payment']}&taxonomy_term_id={terms['grief']}": [],
        "taxonomy_id=00000000-0000-0000-0000-000000000000": [],
        f"taxonomy_term_id={ids.service(1)}": [],
        f"organization_id={ids.service(1)}": [],
        "search=heron": ["a"],
        "search=grief": ["b"],
        "search=": ["a", "b", "c"],
        "modified_after=2020-01-01": ["a", "b", "c"],
        "modified_after=2020-01-01T00:00:00%2B02:00": ["a", "b", "c"],
        "modified_after=2020-01-01T00:00:00.123+02:00": ["a", "b", "c"],
        "modified_after=9999-12-31T23:59:59-12:00": [],
        "modified_after=0001-01-01T00:00:00%2B14:00": ["a", "b", "c"],
    }.items():
        assert names(own.pages, f"services?{query}") == found, query
        located = [each for each in found if each != "c"]
        assert names(own.pages, f"service_at_locations?{query}") == located, query
    assert [each["name"] for each in contents(own.pages, "organizations?search=heron")] == ["Example Practice a"]


def test_modified_after_takes_the_date_that_a_service_shows(own: Own) -> None:
    own.directory.ingest(source(), rows(listing("old")))
    own.directory.ingest(source("two"), rows(listing("new")))
    old, new = contents(own.pages, "services")
    assert names(own.pages, f"services?modified_after={quote(new['last_modified'])}") == ["new"]
    assert names(own.pages, f"services?modified_after={quote(old['last_modified'])}") == ["old", "new"]


def test_near_a_postcode_distances_are_geodesic_metres_from_its_centre(shipped: Checked, own: Own) -> None:
    centre = own.directory.gazetteer.find("60601").place
    assert centre is not None and centre.point is not None
    doors = {
        name: Point(CHICAGO.latitude + step, CHICAGO.longitude)
        for name, step in (("b", 0.02), ("a", 0.001), ("c", 0.3))
    }
    own.directory.ingest(source(), rows(*(listing(name, point=point) for name, point in doors.items()), line("line")))
    metres = {name: distance_km(centre.point, point) * 1000 for name, point in doors.items()}
    assert names(own.pages, f"service_at_locations?postcode=60601&proximity={metres['b'] + 2:.1f}") == ["a", "b"]
    assert names(own.pages, f"service_at_locations?postcode=60601&proximity={metres['b'] - 2:.1f}") == ["a"]
    assert names(own.pages, "service_at_locations?postcode=60601") == ["a", "b", "c"]
    assert names(own.pages, "service_at_locations?postcode=90001&proximity=50000") == []
    assert names(own.pages, "service_at_locations?postcode=60601-1234&proximity=500") == ["a"]
    assert page(shipped, "service_at_locations?postcode=60601&proximity=20000&full=true")["contents"]


def test_terms_are_found_by_taxonomy_parent_and_words(shipped: Checked) -> None:
    terms = lines(shipped, "taxonomy_terms?format=ndjson")
    parents = {each["id"] for each in terms if "parent_id" not in each}
    top = lines(shipped, "taxonomy_terms?format=ndjson&top_only=true")
    assert {each["id"] for each in top} == parents and len(top) < len(terms)
    (mental,) = [each for each in terms if each["code"] == "mental_health"]
    children = contents(shipped, f"taxonomy_terms?parent_id={mental['id']}")
    assert "depression" in {each["code"] for each in children}
    assert {each["parent_id"] for each in children} == {mental["id"]}
    assert contents(shipped, f"taxonomy_terms?parent_id={mental['id']}&top_only=true") == []
    assert {
        each["taxonomy_id"] for each in contents(shipped, f"taxonomy_terms?taxonomy_id={mental['taxonomy_id']}")
    } == {mental["taxonomy_id"]}
    assert "depression" in {each["code"] for each in contents(shipped, "taxonomy_terms?search=depress")}
    assert get(shipped, f"taxonomy_terms/{mental['id'].upper()}") == mental
    assert len(contents(shipped, "taxonomies?search=audience")) == 1


@pytest.mark.parametrize(
    ("query", "field", "words"),
    [
        ("services?page=0", "page", "'0' is not between 1 and"),
        ("services?page=1.5", "page", "'1.5' is not a whole number"),
        ("services?page=-1", "page", "'-1' is not between 1 and"),
        ("services?per_page=1001", "per_page", "'1001' is not between 1 and 1000"),
        ("services?per_page=", "per_page", "'per_page' has no value"),
        ("services?page=1&page=2", "page", "'page' was sent 2 times"),
        ("services?format=xml", "format", "'xml' is not one of: json, ndjson"),
        ("services?full=yes", "full", "'yes' is not true or false"),
        ("services?modified_after=yesterday", "modified_after", "'yesterday' is not a date or an instant"),
        ("services?taxonomy_id=needs", "taxonomy_id", "'needs' is not a UUID"),
        ("services?organisation_id=1", "organisation_id", "did you mean 'organization_id'?"),
        ("services?postcode=60601", "postcode", "there is no parameter 'postcode'"),
        ("services?search=%ff", "search", "not readable text"),
        ("services?search=a%00b", "search", "a character that nobody can type"),
        (f"services?search={'x' * 201}", "search", "201 characters long"),
        ("service_at_locations?postcode=60601&proximity=far", "proximity", "'far' is not a number"),
        ("service_at_locations?postcode=60601&proximity=0", "proximity", "is not between 1 and 500000"),
        ("taxonomies?full=true", "full", "there is no parameter 'full'"),
        ("?page=1", "page", "there is no parameter 'page' here"),
        (f"services/{ids.service(1)}?full=true", "full", "there is no parameter 'full' here"),
    ],
)
def test_a_value_without_meaning_is_a_400_that_names_its_parameter(
    shipped: Checked, query: str, field: str, words: str
) -> None:
    answer = get(shipped, query, 400)
    schemas.ErrorAnswer.model_validate_json(json.dumps(answer), strict=True)
    assert answer["error"]["field"] == field
    assert words in answer["error"]["message"]


@pytest.mark.parametrize(
    ("path", "field"),
    [
        *((f"{path}/{ids.part(0, 'nothing')}", "id") for path in LISTS),
        *((f"{path}/1", "id") for path in LISTS),
        ("services/" + "x" * 300, "id"),
        ("services/%00", "id"),
        ("service_at_locations?postcode=00000", "postcode"),
        ("service_at_locations?postcode=Chicago", "postcode"),
        ("service_at_locations?postcode=09012&proximity=5", "postcode"),
        ("service_at_locations?proximity=5", "proximity"),
        ("nothing", None),
        ("services/a/b", None),
    ],
)
def test_what_is_not_there_is_a_404_with_lines_to_call(shipped: Checked, path: str, field: str | None) -> None:
    answer = get(shipped, path, 404)
    schemas.ErrorAnswer.model_validate_json(json.dumps(answer), strict=True)
    assert answer["error"]["field"] == field


def test_other_methods_are_a_405_that_names_what_works(shipped: Checked) -> None:
    for method in ("POST", "PUT", "PATCH", "DELETE", "TRACE"):
        answer = shipped.client.open("/hsds/services", method=method)
        assert (answer.status_code, answer.mimetype) == (405, "application/json")
        assert "GET" in answer.headers["Allow"]
    assert shipped.client.head("/hsds/services?format=ndjson").status_code == 200


def test_a_confidential_place_has_neither_street_nor_position_in_any_answer(own: Own) -> None:
    own.directory.ingest(
        source(),
        rows(listing("shelter", confidential_location=True, address_1="12 Marker Lane", organization="Example Trust")),
    )
    organization = contents(own.pages, "organizations")[0]["id"]
    told = [
        own.pages.client.get(f"/hsds/{path}").text
        for path in (
            "services?full=true",
            "services?format=ndjson&full=true",
            "organizations?full_service=true",
            f"organizations/{organization}?full_service=true",
            f"services/{ids.service(1)}",
            "service_at_locations",
            "service_at_locations?full=true",
            f"service_at_locations/{ids.service_at_location(1)}",
            "service_at_locations?postcode=60601&proximity=50000&full=true",
        )
    ]
    assert all("shelter" in each for each in told)
    assert not re.search(r"Marker|41\.88|-87\.6|60601|latitude", "".join(told))


def test_without_a_database_the_lists_are_a_503_and_the_rest_answers(own: Own) -> None:
    own.directory.database.dispose()
    own.path.unlink()
    assert get(own.pages, "services", 503)["error"]["code"] == "database-unavailable"
    assert get(own.pages, f"services/{ids.service(1)}", 503)["crisis"]
    assert get(own.pages, "")["version"] == "3.0"
    assert contents(own.pages, "taxonomy_terms")


def test_no_word_of_a_request_stands_in_any_log(own: Own, everything_logged: io.StringIO) -> None:  # noqa: F811
    own.directory.ingest(source(), rows(listing("one")))
    everything_logged.seek(0)
    everything_logged.truncate()
    for path in (
        "services?search=markerword",
        "organizations?search=markerword",
        "service_at_locations?postcode=60602&proximity=4321",
        "service_at_locations?postcode=markerword",
        "service_at_locations?postcode=60602&proximity=markerword",
        "services/markerword",
        "markerword?search=60602",
    ):
        own.pages.client.get(f"/hsds/{path}").close()
    text = everything_logged.getvalue()
    assert "GET /hsds/services 200" in text and "GET /hsds/services/<text> 404" in text
    for marker in ("markerword", "60602", "4321"):
        assert marker not in text


def test_every_path_and_parameter_is_documented() -> None:
    page = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    for path in hsds_openapi.PATHS:
        assert f"/hsds{path.removesuffix('/{id}')}" in page
    for name in hsds_params.PARAMETERS:
        assert f"| `{name}` |" in page


def test_a_resource_is_kept_as_a_contact(own: Own) -> None:
    own.directory.ingest(source(), rows(listing("one", name="Café «Élan», Chicago / Loop")))
    answer = own.pages.client.get("/resources/1.vcf")
    assert (answer.status_code, answer.mimetype) == (200, "text/vcard")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="cafe-elan-chicago-loop-1.vcf"'
    assert "noindex" in answer.headers["X-Robots-Tag"]
    check_headers(answer)
    assert answer.text.startswith("BEGIN:VCARD\r\n") and answer.text.endswith("END:VCARD\r\n")
    assert "+12025550142" in answer.text


def test_a_group_that_meets_every_week_is_kept_as_a_calendar(own: Own) -> None:
    group = listing("group", kind=Kind.SUPPORT_GROUP, hours="Tu 19:00-20:00", timezone="America/Chicago", name="火曜会")
    own.directory.ingest(source(), rows(group, listing("practice")))
    answer = own.pages.client.get("/resources/1.ics")
    assert (answer.status_code, answer.mimetype) == (200, "text/calendar")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="resource-1.ics"'
    assert "BEGIN:VEVENT" in answer.text
    none = own.pages.get("/resources/2.ics")
    assert none.status == 404
    assert "no regular meeting" in none.main
    assert own.pages.get("/resources/77.vcf").status == 404
