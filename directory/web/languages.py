"""The language of a page: the one its address names (``/es/crisis``), else the first of ours that the browser asks for.

No cookie remembers it, so every link of a page that was asked for by name keeps the name. Programs are answered in English.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flask import Flask, Response, request
from flask_babel import Babel, get_translations
from markupsafe import Markup

from directory import wording
from directory.web import params
from directory.wording import ENGLISH, Language

FOLDER = Path(__file__).resolve().parent.parent / "translations"
# Each by the name its readers call it. A language is here once it has a folder of translations: docs/languages.md.
NAMES = {ENGLISH: "English", "es": "Español"}
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

    app.jinja_env.globals.update({"_": _marked_up, "ngettext": wording.ngettext, "at": at})

    @app.context_processor
    def for_every_page() -> dict[str, Any]:
        here = wording.language()
        others = [(tag, name) for tag, name in NAMES.items() if tag != here]
        return {"language": here, "languages": NAMES, "other_languages": others, "path": bare_path()}


def in_address() -> str | None:
    """Return the language that the address of this request names."""
    first = request.path.split("/", 2)[1]
    return first if first in NAMES else None


def at(path: str, language: str | None = None) -> str:
    """Return the address of a page in a language; without one, in the way this request was asked."""
    language = language or in_address()
    return f"/{language}{path}" if language else path


def bare_path() -> str:
    """Return the path of this request without its language."""
    named = in_address()
    return (request.path[len(named) + 1 :] or "/") if named else request.path


def _marked_up(text: str, /, **values: object) -> Markup:
    """Return a text of a template in the language spoken here: tags in it are ours, what is filled in is escaped."""
    return Markup(wording.translated(text)).format(**values)  # noqa: S704 - a text of the templates or their translators


def _chosen() -> str:
    if params.wants_json():
        return ENGLISH
    return in_address() or request.accept_languages.best_match(NAMES, ENGLISH)
