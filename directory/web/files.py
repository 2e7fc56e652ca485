"""Files beside the pages: a resource as a contact or a calendar, and what search engines may read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, redirect
from werkzeug.wrappers import Response as AnyResponse

from directory.errors import NotFound
from directory.needs import folded
from directory.web.site import Site
from directory.wording import _
from directory.writers import icalendar, vcard


def blueprint(site: Site) -> Blueprint:
    """Return the routes of the files, beside the page of the resource."""
    routes = Blueprint("files", __name__)

    @routes.get("/resources/<int:resource_id>.vcf")
    def contact(resource_id: int) -> AnyResponse:
        found = site.resource(resource_id)
        if isinstance(found, int):
            return redirect(f"/resources/{found}.vcf", 301)
        return _file(found, vcard.card(found), "vcf", "text/vcard")

    @routes.get("/resources/<int:resource_id>.ics")
    def meetings(resource_id: int) -> AnyResponse:
        found = site.resource(resource_id)
        if isinstance(found, int):
            return redirect(f"/resources/{found}.ics", 301)
        events = icalendar.events(found, site.now())
        if events is None:
            said = _("this one has no regular meeting that we know of, so there is nothing for a calendar")
            raise NotFound(said, field="id")
        return _file(found, events, "ics", "text/calendar")

    @routes.get("/robots.txt")
    def robots() -> Response:
        return Response(
            "User-agent: *\nDisallow: /find\nDisallow: /*/find\nDisallow: /api/\nDisallow: /hsds\n",
            mimetype="text/plain",
        )

    return routes


def _file(resource: Mapping[str, Any], body: str, ending: str, kind: str) -> Response:
    """Return a file that a browser saves under the name of the resource, in plain letters (RFC 6266)."""
    words = folded(resource["name"]).encode("ascii", "ignore").decode().split()
    name = "-".join(["-".join(words)[:60].strip("-") or "resource", str(resource["id"])])
    headers = {"Content-Disposition": f'attachment; filename="{name}.{ending}"', "X-Robots-Tag": "noindex, nofollow"}
    return Response(body, mimetype=kind, headers=headers)
