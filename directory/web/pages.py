"""The pages made from the database: home, results, resource, about. Each is made on the server and needs no script."""

from __future__ import annotations

from flask import Blueprint, Response, g, make_response, redirect, render_template
from werkzeug.wrappers import Response as AnyResponse

from directory.errors import BadQuery
from directory.query import Query
from directory.web import about, details, forms, params, popular, results
from directory.web.languages import at
from directory.web.site import Site

NOT_INDEXED = {"X-Robots-Tag": "noindex, nofollow"}


def blueprint(site: Site) -> Blueprint:
    """Return the routes of the pages.

    ``POST /find`` needs no token against forged requests: it only reads. Whoever makes a browser send it learns nothing,
    for the answer stays in that browser and no cookie says who asked.
    """
    routes = Blueprint("pages", __name__)
    searcher = site.searcher

    @routes.get("/")
    def home() -> str:
        return _home()

    @routes.route("/find", methods=["GET", "POST"])
    def find() -> AnyResponse:
        if params.is_empty():
            # What a refreshed or restored page of results asks for: a script on it asks its search again.
            return make_response(_home(unasked=True), NOT_INDEXED)
        asked = params.Asked({})
        try:
            asked = params.asked()
            query = asked.query(searcher.vocabulary, site.now(), limit=results.SHOWN)
        except BadQuery as error:
            return _search_again(asked, error)
        return _answer(asked, query)

    def _home(*, unasked: bool = False) -> str:
        form = forms.form(searcher.vocabulary, params.Asked({}), site.config.country)
        return render_template("home.html", form=form, error=None, topics=site.topics.values(), unasked=unasked)

    def _answer(asked: params.Asked, query: Query) -> Response:
        found = searcher.search(query)
        g.country = found.country
        page = results.page(site, asked, found)
        template = "choose_place.html" if found.candidates or found.place_not_found else "results.html"
        response = make_response(render_template(template, page=page, answered=True))
        response.headers.update(NOT_INDEXED)
        if popular.may_be_kept(asked, found):
            params.allow_keeping()
        return response

    def _search_again(asked: params.Asked, error: BadQuery) -> Response:
        place = searcher.gazetteer.find(asked.one("near")[:200], site.config.country).place
        g.country = place.country if place is not None else site.config.country
        form = forms.form(searcher.vocabulary, asked, g.country)
        response = make_response(
            render_template("home.html", form=form, error=error, labels=forms.labels(), answered=True), error.status
        )
        response.headers.update(NOT_INDEXED)
        return response

    @routes.get("/resources/<int:resource_id>")
    def resource(resource_id: int) -> AnyResponse:
        found = site.resource(resource_id)
        if isinstance(found, int):
            return redirect(at(f"/resources/{found}"), 301)
        if found["country"]:
            g.country = found["country"]
        return make_response(render_template("resource.html", page=details.page(site, found)))

    @routes.get("/about")
    def about_page() -> str:
        return render_template("about.html", page=about.page(site))

    return routes
