"""Pieces of pages that are made once and stand on many."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from flask import Flask
from markupsafe import Markup

from directory.web import languages
from directory.web.cards import Card
from directory.web.site import Site
from directory.wording import language

MOST_CARDS = 2_000


def register(app: Flask, site: Site) -> None:
    """Give the templates their pieces: ``icon`` and ``card_kept``."""
    templates = app.jinja_env

    @lru_cache(maxsize=32)
    def icon(name: str) -> Markup:
        return Markup('<svg class="icon" aria-hidden="true"><use href="{}#{}"/></svg>').format(
            site.static_address("icons.svg"), name
        )

    @lru_cache(maxsize=MOST_CARDS)
    def made(card: Card, mapped: bool, _language: str, _in_address: str | None) -> Markup:
        card_of: Callable[..., Markup] = templates.get_template("components.html").module.card  # type: ignore[attr-defined]
        return card_of(card, mapped=mapped)

    def card_kept(card: Card, mapped: bool) -> Markup:
        """Return the card of something without a distance: a line, help online. The same ones stand on many pages."""
        return made(card, mapped, language(), languages.in_address())

    templates.globals.update({"icon": icon, "card_kept": card_kept})
