"""Files beside the pages: a resource as a contact or a calendar, and what search engines may read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from flask import Blueprint, Response, redirect
from werkzeug.wrappers import Response as AnyResponse

from directory.errors import NotFound
from directory.needs import folded
from directory.web import linked_data, params
from directory.web.site import LARGEST_ID, Site
from directory.wording import _
from directory.writers import icalendar, vcard

LARGEST_SITEMAP = LARGEST_ID // linked_data.IN_A_SITEMAP


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
        kept_out = [f"Disallow: {path}" for path in ("/find", "/*/find", "/*/wrong", "/api/", "/hsds")]
        lines = ["User-agent: *", *kept_out, f"Sitemap: {params.host_address()}/sitemap.xml", ""]
        return Response("\n".join(lines), mimetype="text/plain")

    @routes.get("/sitemap.xml")
    def sitemaps() -> Response:
        return _xml(linked_data.sitemap_index(params.host_address(), site.searcher.largest_id()))

    @routes.get("/sitemaps/<int:number>.xml")
    def sitemap(number: int) -> Response:
        first = (number - 1) * linked_data.IN_A_SITEMAP + 1
        last = first + linked_data.IN_A_SITEMAP - 1
        if number and (number > LARGEST_SITEMAP or first > site.searcher.largest_id()):
            raise NotFound(_("there is no such list of pages"), field="number")
        paths = (
            [f"/resources/{each}" for each in site.searcher.ids_shown(first, last)]
            if number
            else ["/", "/about", "/crisis", "/safety", *(f"/crisis/{code}" for code, _name in site.countries()), "/topics",
                  *(f"/topics/{slug}" for slug in site.topics)]
        )  # fmt: skip
        return _xml(linked_data.sitemap(params.host_address(), paths))

    return routes


def _xml(pieces: Iterable[str]) -> Response:
    return Response("".join(pieces), mimetype="application/xml")


def _file(resource: Mapping[str, Any], body: str, ending: str, kind: str) -> Response:
    """Return a file that a browser saves under the name of the resource, in plain letters (RFC 6266)."""
    words = folded(resource["name"]).encode("ascii", "ignore").decode().split()
    name = "-".join(["-".join(words)[:60].strip("-") or "resource", str(resource["id"])])
    headers = {"Content-Disposition": f'attachment; filename="{name}.{ending}"', "X-Robots-Tag": "noindex, nofollow"}
    return Response(body, mimetype=kind, headers=headers)
