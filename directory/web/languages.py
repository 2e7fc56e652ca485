"""The language of a page: the one its address names (``/es/crisis``), else the first of ours that the browser asks for.

No cookie remembers it, so every link of a page that was asked for by name keeps the name. Programs are answered in English.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Blueprint, Flask, Response
from flask_babel import Babel, get_translations
from markupsafe import Markup, escape

from directory import wording
from directory.web import params
from directory.wording import ENGLISH, Language

FOLDER = Path(__file__).resolve().parent.parent / "translations"
# Each by the name its readers call it. A language is here once it has a folder of translations: docs/languages.md.
NAMES = {ENGLISH: "English", "es": "Español"}
_IN_LANGUAGE = "_in_language"
PREFIX = f"/<any({', '.join(NAMES)}):language>"


def register(app: Flask) -> None:
    """Speak the language of each request."""
    Babel(app, default_translation_directories=str(FOLDER), locale_selector=_chosen)

    @app.before_request
    def speak() -> None:
        wording.speak(Language(_chosen(), get_translations()))

    @app.after_request
    def say_what_it_depends_on(response: Response) -> Response:
        if response.mimetype == "text/html" and in_address() is None:
            response.vary.add("Accept-Language")
        return response

    app.jinja_env.globals.update(
        {
            "_": _marked_up,
            "ngettext": wording.ngettext,
            "at": at,
            "host_address": params.host_address,
            "told": told,
            "as_told": as_told,
        }
    )

    @app.context_processor
    def for_every_page() -> dict[str, Any]:
        here = wording.language()
        others = [(tag, name) for tag, name in NAMES.items() if tag != here]
        # A search that failed is begun anew in another language; one that did not is asked again, by a form.
        path = bare_path()
        return {
            "language": here,
            "other_languages": others,
            "path": "/" if path == "/find" else path,
            "all_languages": list(NAMES),
        }


def in_each(app: Flask, routes: Blueprint) -> None:
    """Register pages under two addresses: their own, and one with the language in front."""

    @routes.url_value_preprocessor
    def take_language(_endpoint: str | None, values: dict[str, Any] | None) -> None:
        if values is not None:
            values.pop("language", None)

    app.register_blueprint(routes)
    app.register_blueprint(routes, name=f"{routes.name}{_IN_LANGUAGE}", url_prefix=PREFIX)


def blueprint_of(endpoint: str | None) -> str:
    """Return the name of the blueprint of a view, "" when there is none; the same for both addresses of a page."""
    return (endpoint or "").rpartition(".")[0].removesuffix(_IN_LANGUAGE)


def in_address() -> str | None:
    """Return the language that the address of this request names."""
    first = params.path().split("/", 2)[1]
    return first if first in NAMES else None


def at(path: str, language: str | None = None) -> str:
    """Return the address of a page in a language; without one, in the way this request was asked."""
    language = language or in_address()
    return f"/{language}{path}" if language else path


def told(text: str) -> str:
    """Return what a source says of itself: translated where the words are ours (the shipped crisis lines), else as it says it."""
    return wording.translated(text)


def as_told(text: str) -> Markup:
    """Return the attribute of an element that holds ``told(text)``: its language, where that is not the language of the page."""
    is_english = wording.language() != ENGLISH and wording.translated(text) == text
    return Markup(' lang="en"') if is_english else Markup("")


def bare_path() -> str:
    """Return the path of this request without its language."""
    named = in_address()
    return (params.path()[len(named) + 1 :] or "/") if named else params.path()


def _marked_up(text: str, /, **values: object) -> Markup:
    """Return a text of a template in the language spoken here: tags in it are ours, what is filled in is escaped."""
    marked = _markup(wording.translated(text))
    if not values:
        return marked
    # Markup.format looks for formats in every field; ours have none.
    filled = str(marked).format(**{name: escape(value) for name, value in values.items()})
    return Markup(filled)  # noqa: S704 - a text of the templates, what is filled in is escaped


@lru_cache(maxsize=2_000)
def _markup(text: str) -> Markup:
    return Markup(text)  # noqa: S704 - a text of the templates or their translators


def _chosen() -> str:
    if params.wants_json():
        return ENGLISH
    return in_address() or params.preferred(NAMES, ENGLISH)
