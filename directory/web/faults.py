"""Every error as a page or as JSON, each with the numbers to call now. Nothing typed and no traceback is ever shown or logged."""

from __future__ import annotations

from flask import Flask, Response, g, jsonify, make_response, render_template
from werkzeug.exceptions import HTTPException

from directory.errors import DatabaseUnavailable, DirectoryError
from directory.web import cards, headers, log, params, schemas
from directory.web.site import Site
from directory.wording import _

_CODES = {
    400: "bad-request",
    404: "not-found",
    405: "method-not-allowed",
    413: "too-large",
    414: "address-too-long",
    500: "error",
    503: "database-unavailable",
}

TRY_LATER = {"Retry-After": "30"}


class Application(Flask):
    """Flask, but what fails outside a view (in an error page, in a header) is answered plainly and logged without words."""

    last_resort = ""

    def handle_exception(self, error: Exception) -> Response:
        """Answer with numbers alone, when even the error page cannot be made."""
        log.fault(error)
        return Response(self.last_resort, 500, headers.ALWAYS, mimetype="text/plain")


def register(app: Application, site: Site) -> None:
    """Answer every error of the application."""
    strip = site.strip(site.config.country)
    ways = [way.label for line in strip.lines for way in line.ways]
    numbers = [
        f"{strip.country_name}:",
        *([_("In danger: {way}.", way=strip.emergency.label)] if strip.emergency else []),
        *ways,
    ]
    app.last_resort = f"{' '.join(_words(500))}\n{' '.join(numbers)}\n"

    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> Response:
        status = error.code or 500
        response = answer(site, status if status in _CODES else 400 if status < 500 else 500)
        response.status_code = status
        for name, value in error.get_headers():
            if name in {"Allow", "Retry-After"}:
                response.headers[name] = value
        return response

    @app.errorhandler(DirectoryError)
    def own_error(error: DirectoryError) -> Response:
        if error.status >= 500:
            log.fault(error)
        hidden = error.status >= 500  # what it says is for the operator: paths, database words
        return answer(site, error.status, None if hidden else error)

    @app.errorhandler(Exception)
    def any_error(error: Exception) -> Response:
        log.fault(error)
        return answer(site, 500)


def _words(status: int) -> tuple[str, str]:
    """Return what went wrong, and what to do."""
    known = {
        400: (_("We could not read that"), _("Go back and try again, or start a new search.")),
        404: (_("There is nothing here"), _("The page may have moved, or the address has a mistake.")),
        405: (_("That does not work here"), _("Start a new search.")),
        413: (_("That was too much at once"), _("Write less, or choose fewer things, and try again.")),
        414: (_("That address is too long"), _("Start a new search.")),
        503: (_("The list cannot be read right now"), _("It comes back by itself. Try again in a few minutes.")),
    }
    broken = (_("Something broke on our side"), _("It is not your fault. Please try again in a moment."))
    return known.get(status, broken)


def answer(site: Site, status: int, error: DirectoryError | None = None) -> Response:
    """Return the answer to an error: JSON where JSON was asked for, else a page with the crisis strip."""
    code = _CODES.get(status, _CODES[500])
    title, advice = _words(status)
    country = g.get("country", site.config.country)
    message = f"{title}. {advice}"
    lines = site.crisis(country)
    if params.wants_json():
        detail = schemas.ErrorDetail(
            code=error.code if error else code,
            message=error.message if error else message,
            field=error.field if error else None,
        )
        body = schemas.ErrorAnswer(error=detail, crisis=[schemas.match(line) for line in lines])
        response = jsonify(body.model_dump(mode="json"))
    else:
        shown = [cards.card(line, site.searcher.vocabulary, country) for line in lines] if status >= 500 else []
        page = render_template(
            "error.html", title=title, advice=advice, message=error.message if error else "", cards=shown
        )
        response = make_response(page)
    response.status_code = status
    if status == DatabaseUnavailable.status:
        response.headers.update(TRY_LATER)
    return response
