"""The pages: home, results, resource, crisis lines, about. Each is made on the server and needs no script."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, g, make_response, redirect, render_template
from werkzeug.wrappers import Response as AnyResponse

from directory.answer import talks_now
from directory.errors import BadQuery, NotFound
from directory.query import Query
from directory.web import about, cards, details, faults, forms, params, results, words
from directory.web.languages import at
from directory.web.site import Site
from directory.wording import _

# Each page has two addresses, one of them with its language in front.
NAME, NAME_IN_LANGUAGE = "pages", "pages_in_language"
# Pages that still tell all they have when the database is gone.
FROM_FILES = frozenset(f"{name}.{view}" for name in (NAME, NAME_IN_LANGUAGE) for view in ("crisis", "crisis_country"))
NOT_INDEXED = {"X-Robots-Tag": "noindex, nofollow"}


def blueprint(site: Site) -> Blueprint:
    """Return the routes of the pages.

    ``POST /find`` needs no token against forged requests: it only reads. Whoever makes a browser send it learns nothing,
    for the answer stays in that browser and no cookie says who asked.
    """
    routes = Blueprint(NAME, __name__)
    searcher = site.searcher

    @routes.url_value_preprocessor
    def take_language(_endpoint: str | None, values: dict[str, Any] | None) -> None:
        if values is not None:
            values.pop("language", None)

    @routes.get("/")
    def home() -> str:
        form = forms.form(searcher.vocabulary, params.Asked({}), site.config.country)
        return render_template("home.html", form=form, error=None)

    @routes.route("/find", methods=["GET", "POST"])
    def find() -> AnyResponse:
        if params.is_empty():
            return redirect(at("/"), 303)
        asked = params.Asked({})
        try:
            asked = params.asked()
            query = asked.query(searcher.vocabulary, limit=results.SHOWN)
        except BadQuery as error:
            return _search_again(asked, error)
        return _answer(asked, query)

    def _answer(asked: params.Asked, query: Query) -> Response:
        found = searcher.search(query)
        g.country = found.country
        page = results.page(site, asked, found)
        template = "choose_place.html" if found.candidates or found.place_not_found else "results.html"
        response = make_response(render_template(template, page=page))
        response.headers.update(NOT_INDEXED)
        return response

    def _search_again(asked: params.Asked, error: BadQuery) -> Response:
        place = searcher.gazetteer.find(asked.one("near")[:200], site.config.country).place
        g.country = place.country if place is not None else site.config.country
        form = forms.form(searcher.vocabulary, asked, g.country)
        response = make_response(
            render_template("home.html", form=form, error=error, labels=forms.labels()), error.status
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

    @routes.get("/crisis")
    def crisis() -> Response:
        return _crisis(site.config.country, chooser=True)

    @routes.get("/crisis/<code>")
    def crisis_country(code: str) -> AnyResponse:
        country = code.upper()
        if not site.is_country(country):
            raise NotFound(_("we know no country by this code"), field="country")
        if code != country:
            return redirect(at(f"/crisis/{country}"), 301)
        return _crisis(country, chooser=False)

    def _crisis(country: str, *, chooser: bool) -> Response:
        g.country = country
        lines = searcher.crisis_lines(country, site.now())
        number = searcher.crisis_book.numbers.get(country)
        groups: tuple[list[cards.Card], list[cards.Card]] = ([], [])
        for line in lines[1 if number else 0 :]:
            groups[0 if talks_now(line.resource) else 1].append(cards.card(line, searcher.vocabulary, country))
        page = render_template(
            "crisis.html",
            country=site.country_name(country),
            number=number,
            number_date=words.day(number.source_date) if number and number.source_date else "",
            talk=groups[0],
            refer=groups[1],
            countries=site.countries() if chooser else (),
            degraded=g.get("degraded", False),
        )
        if g.get("degraded"):
            return make_response(page, 503, faults.TRY_LATER)
        return make_response(page)

    @routes.get("/about")
    def about_page() -> str:
        return render_template("about.html", page=about.page(site))

    return routes
