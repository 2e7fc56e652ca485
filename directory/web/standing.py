"""The pages that stand when the database is gone, made from files alone: crisis lines, safety and guides."""

from __future__ import annotations

from flask import Blueprint, Response, g, make_response, redirect, render_template
from werkzeug.wrappers import Response as AnyResponse

from directory.errors import NotFound
from directory.remote import talks_now
from directory.web import cards, faults, guides, words
from directory.web.languages import at
from directory.web.site import Site
from directory.wording import _

NAME = "standing"


def blueprint(site: Site) -> Blueprint:
    """Return the routes of the pages."""
    routes = Blueprint(NAME, __name__)

    @routes.get("/crisis")
    def crisis() -> Response:
        return _crisis(site, site.config.country, chooser=True)

    @routes.get("/crisis/<code>")
    def crisis_country(code: str) -> AnyResponse:
        country = code.upper()
        if not site.is_country(country):
            raise NotFound(_("we know no country by this code"), field="country")
        if code != country:
            return redirect(at(f"/crisis/{country}"), 301)
        return _crisis(site, country, chooser=False)

    @routes.get("/safety")
    def safety() -> str:
        return render_template("safety.html")

    @routes.get("/topics")
    def topics() -> str:
        return render_template("topics.html", topics=site.topics.values())

    @routes.get("/topics/<slug>")
    def topic(slug: str) -> str:
        if slug not in site.topics:
            raise NotFound(_("there is no guide by this name"), field="topic")
        return render_template("topic.html", page=guides.page(site, site.topics[slug]))

    return routes


def _crisis(site: Site, country: str, *, chooser: bool) -> Response:
    g.country = country
    searcher = site.searcher
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
