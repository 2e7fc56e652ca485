"""The application factory."""

from __future__ import annotations

from typing import Any

from flask import Flask, g
from werkzeug.exceptions import RequestURITooLarge

from directory import topics
from directory.config import Config, shipped_folder
from directory.errors import DatabaseUnavailable
from directory.search import Searcher
from directory.web import api, faults, files, headers, hsds, languages, maps, pages, params, pieces, standing, wrong
from directory.web.popular import Popular
from directory.web.site import STATIC, Site

# These answer without the database: what runs, what never changes.
_WITHOUT_DATABASE = frozenset({"static", "api.healthz", "api.reach", "api.openapi", "files.robots"}) | hsds.FROM_FILES


def create_app(config: Config, searcher: Searcher | None = None) -> Flask:
    """Return the application; it opens its own searcher unless given one.

    Raises:
        BadData: a file of the data folder is missing or damaged. A missing database is no error: it answers 503.
    """
    searcher = searcher or Searcher.open(config)
    site = Site(config, searcher, topics.load(config.data_folder / "topics", searcher.vocabulary))
    app = faults.Application(
        "directory.web", static_folder=STATIC, static_url_path="/static", template_folder=shipped_folder("templates")
    )
    app.config.update(
        MAX_CONTENT_LENGTH=params.LARGEST_BODY,
        MAX_FORM_MEMORY_SIZE=params.LARGEST_BODY,
        MAX_FORM_PARTS=params.MOST_PARTS,
        TRUSTED_HOSTS=list(config.trusted_hosts) or None,
        PROVIDE_AUTOMATIC_OPTIONS=False,
    )
    app.request_class = params.WordsOnly
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    app.jinja_env.globals["static"] = site.static_address
    languages.register(app)
    pieces.register(app, site)
    headers.register(app, site)
    faults.register(app, site)

    @app.before_request
    def look_first() -> None:
        """Refuse what is too long; notice a database that is gone before any page half-works."""
        if params.address_is_too_long():
            raise RequestURITooLarge
        if params.endpoint() in _WITHOUT_DATABASE:
            return
        try:
            with site.searcher.database.reading():
                pass
        except DatabaseUnavailable:
            if languages.blueprint_of(params.endpoint()) != standing.NAME:
                raise
            g.degraded = True

    @app.context_processor
    def for_every_page() -> dict[str, Any]:
        return {
            "strip": site.strip(g.get("country", config.country)),
            "has_topics": bool(site.topics),
            "exit_url": config.exit_url,
            "tile_host": config.map_tiles_host,
        }

    languages.in_each(app, pages.blueprint(site))
    languages.in_each(app, standing.blueprint(site))
    languages.in_each(app, wrong.blueprint(site))
    languages.in_each(app, maps.blueprint(site))
    app.register_blueprint(api.blueprint(site))
    app.register_blueprint(files.blueprint(site))
    app.register_blueprint(hsds.blueprint(site))
    app.wsgi_app = Popular(app.wsgi_app, site)  # type: ignore[method-assign]
    return app
