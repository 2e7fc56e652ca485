"""The HSDS 3.0 read API under /hsds: what each path holds. docs/api.md describes it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from flask import Blueprint, Response

from directory import hsds_store
from directory.errors import DatabaseUnavailable, NotFound
from directory.hsds import full
from directory.hsds.ids import ORGANIZATION, SERVICE, SERVICE_AT_LOCATION
from directory.hsds.words import Words
from directory.hsds_lists import Lists, Near, Term, Wanted
from directory.needs import folded
from directory.query import DEFAULT_RADIUS_KM
from directory.remote import areas
from directory.web import hsds_openapi, hsds_params, params
from directory.web.hsds_answers import Answers, Entry, Page, as_json, nothing
from directory.web.hsds_entries import Entries
from directory.web.hsds_openapi import PATHS
from directory.web.site import Site

# These answer without the database.
FROM_FILES = frozenset(
    {"hsds.about", "hsds.described", "hsds.taxonomy_list", "hsds.taxonomy", "hsds.term_list", "hsds.term"}
)
_PROFILE = "https://docs.openreferral.org/en/latest/hsds/overview.html"


def blueprint(site: Site) -> Blueprint:
    """Return the routes of the HSDS API."""
    routes = Blueprint("hsds", __name__, url_prefix="/hsds")
    searcher = site.searcher
    words = Words.of(searcher.vocabulary, searcher.gazetteer)
    entries = Entries(words)
    answers = Answers(searcher.database, Lists(words))
    names = {each["id"]: name for name, each in words.taxonomies.items()}

    def wanted(entity: str, asked: Mapping[str, Any]) -> Wanted:
        terms = []
        if "taxonomy_term_id" in asked:
            terms.append(Term(*words.by_id.get(asked["taxonomy_term_id"], ())))
        if "taxonomy_id" in asked:
            terms.append(Term(names.get(asked["taxonomy_id"], "")))
        return Wanted(
            entity,
            terms=tuple(terms),
            organization=asked.get("organization_id"),
            modified_after=asked.get("modified_after"),
            search=asked.get("search", ""),
            near=_near(site, asked),
        )

    @routes.get("/")
    def about() -> Response:
        hsds_params.asked(())
        address = params.host_address()
        return as_json(
            {"version": hsds_openapi.VERSION, "profile": _PROFILE, "openapi_url": f"{address}/hsds/openapi.json"}
        )

    @routes.get("/openapi.json")
    def described() -> Response:
        examples = {
            "taxonomy": next(iter(words.taxonomies.values()))["id"],
            "taxonomy_term": next(iter(words.terms.values()))["id"],
        }
        with suppress(DatabaseUnavailable), searcher.database.reading() as connection:
            examples |= hsds_store.some_ids(connection)
        return as_json(hsds_openapi.document(examples))

    @routes.get("/services")
    def service_list() -> Response:
        asked = hsds_params.asked(PATHS["/services"])
        maker = entries.minimal if asked.get("minimal") else entries.services(asked.get("full", False))
        return answers.listed(wanted(SERVICE, asked), asked, maker)

    @routes.get("/services/<text>")
    def service(text: str) -> Response:
        hsds_params.asked(PATHS["/services/{id}"])
        return answers.one(SERVICE, text, entries.services(is_full=True))

    @routes.get("/organizations")
    def organization_list() -> Response:
        asked = hsds_params.asked(PATHS["/organizations"])
        full_service = asked.get("full_service", False)
        maker = entries.organizations(asked.get("full", False) or full_service, full_service)
        return answers.listed(wanted(ORGANIZATION, asked), asked, maker)

    @routes.get("/organizations/<text>")
    def organization(text: str) -> Response:
        asked = hsds_params.asked(PATHS["/organizations/{id}"])
        return answers.one(
            ORGANIZATION, text, entries.organizations(is_full=True, full_service=asked.get("full_service", False))
        )

    @routes.get("/service_at_locations")
    def at_location_list() -> Response:
        asked = hsds_params.asked(PATHS["/service_at_locations"])
        return answers.listed(wanted(SERVICE_AT_LOCATION, asked), asked, entries.at_locations(asked.get("full", False)))

    @routes.get("/service_at_locations/<text>")
    def at_location(text: str) -> Response:
        hsds_params.asked(PATHS["/service_at_locations/{id}"])
        return answers.one(SERVICE_AT_LOCATION, text, entries.at_locations(is_full=True))

    _add_taxonomies(routes, full.taxonomies(words), full.taxonomy_terms(words))
    return routes


def _add_taxonomies(routes: Blueprint, taxonomies: Sequence[Entry], terms: Sequence[Entry]) -> None:
    @routes.get("/taxonomies")
    def taxonomy_list() -> Response:
        asked = hsds_params.asked(PATHS["/taxonomies"])
        return _held(asked, _found(taxonomies, asked))

    @routes.get("/taxonomies/<text>")
    def taxonomy(text: str) -> Response:
        hsds_params.asked(PATHS["/taxonomies/{id}"])
        return _held_one("taxonomy", taxonomies, text)

    @routes.get("/taxonomy_terms")
    def term_list() -> Response:
        asked = hsds_params.asked(PATHS["/taxonomy_terms"])
        found = [
            term
            for term in _found(terms, asked)
            if asked.get("taxonomy_id") in (None, term["taxonomy_id"])
            and asked.get("parent_id") in (None, term.get("parent_id"))
            and not (asked.get("top_only") and term.get("parent_id"))
        ]
        return _held(asked, found)

    @routes.get("/taxonomy_terms/<text>")
    def term(text: str) -> Response:
        hsds_params.asked(PATHS["/taxonomy_terms/{id}"])
        return _held_one("taxonomy term", terms, text)


def _near(site: Site, asked: Mapping[str, Any]) -> Near | None:
    """Return where somebody is, by postcode; with no distance given, our usual one and every area that serves it.

    Raises:
        NotFound: nobody knows the postcode, or it has no place on the map, or it is missing where a distance is given (OpenAPI
            cannot say that one parameter needs another, so by its words the request is a valid one).
    """
    postcode = asked.get("postcode")
    if postcode is None:
        if "proximity" in asked:
            raise NotFound("a distance needs a place to be counted from; give postcode too", field="proximity")
        return None
    searcher = site.searcher
    place = searcher.gazetteer.find(postcode, site.config.country).place
    if place is None or place.point is None or place.precision not in {"postal_code", "postal_area"}:
        raise NotFound("we know no place with this postcode", field="postcode")
    return Near(
        place.point,
        tuple(areas(place.country, place, searcher.gazetteer)),
        asked.get("proximity", DEFAULT_RADIUS_KM * 1000),
        must_be_within="proximity" in asked,
    )


def _found(entries: Iterable[Entry], asked: Mapping[str, Any]) -> list[Entry]:
    """Return the entries that have all the words searched for, each as the beginning of one of theirs."""
    if "search" not in asked:
        return list(entries)
    words = folded(asked["search"]).split()
    return [entry for entry in entries if words and all(_has(entry, word) for word in words)]


def _has(entry: Entry, word: str) -> bool:
    text = folded(" ".join(str(entry.get(name, "")) for name in ("code", "name", "description")))
    return f" {word}" in f" {text}"


def _held(asked: Mapping[str, Any], entries: Sequence[Entry]) -> Response:
    page = Page.of(asked, len(entries))
    return page.answer(asked, entries[page.start : page.end])


def _held_one(entity: str, entries: Iterable[Entry], text: str) -> Response:
    for entry in entries:
        if entry["id"] == text.lower():
            return as_json(entry)
    raise nothing(entity)
