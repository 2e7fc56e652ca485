"""The Flask application: ``create_app`` makes it from settings and a searcher."""

from directory.web.app import create_app

__all__ = ["create_app"]
