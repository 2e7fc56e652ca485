"""What every answer carries: privacy headers, caching, compression, one line in the access log. No cookie is ever set."""

from __future__ import annotations

import gzip
import time

from flask import Flask, Response, g, request

from directory.web import log, params
from directory.web.site import Site

# Nothing inline and no other host. What a later page needs is added here, never 'unsafe-inline'.
# No require-trusted-types-for: without a policy of its own it stops a page from registering the worker.
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; connect-src 'self'; worker-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
ALWAYS = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(self), camera=(), microphone=(), payment=(), usb=(), browsing-topics=()",
}
# With no-store the Back button would send a search again.
PAGES = "private, no-cache"
FOR_EVER = "public, max-age=31536000, immutable"
# It stands among the static files and answers for every page.
WORKER = "worker.js"
_COMPRESSED = frozenset(
    """
    text/html text/css text/plain text/javascript application/javascript application/json application/xml image/svg+xml
    """.split()
)
_WORTH_IT = 500


def register(app: Flask, site: Site) -> None:
    """Add the headers to every answer of the application, errors and static files included."""

    @app.before_request
    def start_clock() -> None:
        g.started = time.perf_counter()

    # Flask runs these in reverse: headers, then compression, then the log.
    @app.after_request
    def write_log(response: Response) -> Response:
        started = g.get("started")
        method, route = params.for_log()
        log.access(method, route, response.status_code, time.perf_counter() - started if started else 0.0)
        return response

    @app.after_request
    def name_version(response: Response) -> Response:
        """Answer "not modified" to who has a page that says nothing of a search as it is now."""
        is_page = response.mimetype == "text/html" and response.status_code == 200 and not params.says_something()
        if not is_page:
            return response
        response.add_etag()
        response.make_conditional(request)
        return response

    @app.after_request
    def compress(response: Response) -> Response:
        return _compressed(response)

    @app.after_request
    def add_headers(response: Response) -> Response:
        response.headers.update(ALWAYS)
        response.headers["Content-Security-Policy"] = policy(site.config.map_tiles_host)
        if site.config.https:
            response.headers["Strict-Transport-Security"] = "max-age=31536000"
        if request.endpoint == "static" and response.status_code in {200, 304}:
            name = (request.view_args or {}).get("filename", "")
            kept = request.args.get("v") == site.version(name)
            response.headers["Cache-Control"] = FOR_EVER if kept else "no-cache"
            if name == WORKER:
                response.headers["Service-Worker-Allowed"] = "/"
        else:
            response.headers["Cache-Control"] = PAGES
        return response


def policy(tile_host: str = "") -> str:
    """Return the content policy; an operator's tiles may be shown from their host, and from no other."""
    return POLICY.replace("img-src 'self'", f"img-src 'self' https://{tile_host}") if tile_host else POLICY


def _compressed(response: Response) -> Response:
    """Compress text. Safe beside what was typed (BREACH): no page holds a secret."""
    if response.mimetype not in _COMPRESSED:
        return response
    response.vary.add("Accept-Encoding")
    if (
        not 200 <= response.status_code < 600
        or response.status_code in {204, 304}
        or not params.takes_compressed()
        or response.content_encoding
    ):
        return response
    file = response.response if response.direct_passthrough else None
    response.direct_passthrough = False
    body = response.get_data()
    if file is not None and hasattr(file, "close"):
        file.close()
    if len(body) < _WORTH_IT:
        return response
    response.set_data(gzip.compress(body, 6, mtime=0))
    response.content_encoding = "gzip"
    etag, _ = response.get_etag()
    if etag:
        response.set_etag(etag, weak=True)
    return response
