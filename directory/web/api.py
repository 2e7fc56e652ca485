"""The JSON API: the same search, the same parameters, no page around it."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, redirect
from werkzeug.wrappers import Response as AnyResponse

from directory.web import openapi, params, popular, schemas
from directory.web.site import Site


def blueprint(site: Site) -> Blueprint:
    """Return the routes of the API. docs/api.md describes them, openapi.json exactly."""
    routes = Blueprint("api", __name__)
    searcher = site.searcher

    @routes.get("/api/search")
    def search() -> Response:
        asked = params.asked()
        results = searcher.search(asked.query(searcher.vocabulary, site.now()))
        if popular.may_be_kept(asked, results):
            params.allow_keeping()
        return _json(schemas.search_answer(results))

    @routes.get("/api/resources/<int:resource_id>")
    def resource(resource_id: int) -> AnyResponse:
        found = site.resource(resource_id)
        if isinstance(found, int):
            return redirect(f"/api/resources/{found}", 301)
        return _json(schemas.resource(found, searcher.vocabulary, site.now()))

    @routes.get("/healthz")
    def healthz() -> Response:
        return _json(schemas.Health(status="ok"))

    @routes.get("/api/healthz")
    def reach() -> Response:
        reading, writing = site.reach()
        return _json(schemas.Reach(reading=reading, writing=writing))

    @routes.get("/readyz")
    def readyz() -> Response:
        # Whoever gets here passed the look at the database that comes before every page.
        return _json(schemas.Health(status="ready"))

    description = openapi.document(searcher.vocabulary)

    @routes.get("/openapi.json", endpoint="openapi")
    def described() -> Response:
        return jsonify(description)

    return routes


def _json(model: schemas.Model) -> Response:
    return Response(model.model_dump_json(), mimetype="application/json")
