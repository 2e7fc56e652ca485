"""The form "Something here is wrong" of every resource: no account, no script, and nothing kept about who sent it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, g, make_response, redirect, render_template
from werkzeug.wrappers import Response as AnyResponse

from directory import feedback
from directory.errors import BadQuery, DatabaseUnavailable, DirectoryError
from directory.feedback import Reason
from directory.web import faults, log, params
from directory.web.forms import Choice
from directory.web.languages import at
from directory.web.pages import NOT_INDEXED
from directory.web.params import Parameter
from directory.web.site import Site
from directory.wording import _

# A person leaves this one empty, a program that fills in whatever it finds does not.
_TRAP = "website"
_FIELDS = {
    "reason": Parameter("string", "What is wrong"),
    "words": Parameter("string", "What somebody knows about it", is_prose=True),
    _TRAP: Parameter("string", "Nothing"),
}


def blueprint(site: Site) -> Blueprint:
    """Return the routes of the form and of its thanks.

    The form needs no token against forged requests: nobody is signed in, so whoever makes another browser send it can do no
    more than by sending it alone.
    """
    routes = Blueprint("wrong", __name__)

    @routes.route("/resources/<int:resource_id>/wrong", methods=["GET", "POST"])
    def wrong(resource_id: int) -> AnyResponse:
        resource = _resource(site, resource_id)
        if not params.is_posted():
            if resource["id"] != resource_id:
                return redirect(_address(resource["id"]), 301)
            return _form(resource, {})
        typed: Mapping[str, tuple[str, ...]] = {}
        try:
            typed = params.posted(_FIELDS)
            said = feedback.read(*(typed.get(name, ("",))[0] for name in ("reason", "words")))
            if _TRAP in typed:
                raise BadQuery(_("Take out what is in it."), field=_TRAP)
            if not feedback.keep(site.searcher.database, resource["id"], said, site.now().date()):
                raise _Full(_("We got very many reports today. Please send it again tomorrow."))
        except (BadQuery, _Full) as error:
            return _form(resource, typed, error)
        except DatabaseUnavailable as error:
            log.fault(error)
            return _form(resource, typed, _Full(_("We could not keep this. Please send it again in a few minutes.")))
        return redirect(_address(resource["id"]) + "/thanks", 303)

    @routes.get("/resources/<int:resource_id>/wrong/thanks")
    def thanks(resource_id: int) -> AnyResponse:
        resource = _resource(site, resource_id)
        return _unindexed(make_response(render_template("thanks.html", resource=resource)))

    return routes


class _Full(DirectoryError):
    """Nothing can be kept now; what was typed stays in the form, to be sent again."""

    status = DatabaseUnavailable.status


def _resource(site: Site, resource_id: int) -> Mapping[str, Any]:
    """Return a resource, also by the id it had before it was merged away."""
    found = site.resource(resource_id)
    if isinstance(found, int):
        return _resource(site, found)
    if found["country"]:
        g.country = found["country"]
    return found


def _form(
    resource: Mapping[str, Any], typed: Mapping[str, tuple[str, ...]], error: DirectoryError | None = None
) -> Response:
    chosen, words = (typed.get(name, ("",))[0] for name in ("reason", "words"))
    page = render_template(
        "wrong.html",
        resource=resource,
        action=_address(resource["id"]),
        reasons=[Choice(str(key), label, "", key == chosen) for key, label in _reasons().items()],
        words=words,
        trap=_TRAP,
        trapped=typed.get(_TRAP, ("",))[0],
        longest=feedback.LONGEST_WORDS,
        labels=_labels(),
        error=error,
    )
    response = _unindexed(make_response(page, error.status if error else 200))
    if isinstance(error, _Full):
        response.headers.update(faults.TRY_LATER)
    return response


def _unindexed(response: Response) -> Response:
    response.headers.update(NOT_INDEXED)
    return response


def _address(resource_id: int) -> str:
    return at(f"/resources/{resource_id}/wrong")


def _reasons() -> dict[Reason, str]:
    return {
        Reason.DISCONNECTED: _("The number does not work"),
        Reason.MOVED: _("They have moved"),
        Reason.NOT_ACCEPTING: _("They take no new people"),
        Reason.WRONG_HOURS: _("The hours are wrong"),
        Reason.OTHER: _("Something else is wrong"),
    }


def _labels() -> dict[str, str]:
    return {
        "reason": _("What is wrong?"),
        "words": _("Can you say more?"),
        _TRAP: _("Leave this empty."),
    }
