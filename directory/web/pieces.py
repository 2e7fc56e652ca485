"""Pieces of pages that are made once and stand on many."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from flask import Flask
from markupsafe import Markup

from directory.web import languages
from directory.web.cards import Card
from directory.web.forms import Group
from directory.web.site import Site
from directory.wording import language

MOST_CARDS, MOST_GROUPS = 2_000, 1_000


def register(app: Flask, site: Site) -> None:
    """Give the templates their pieces: ``icon``, ``card_kept`` and ``group_kept``."""
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

    @lru_cache(maxsize=MOST_GROUPS)
    def parts(macro: str, group: Group, is_counted: bool, hints: bool) -> list[str]:
        """Return a group of choices as HTML, cut where the counts go: they are all that differs from page to page."""
        counts = ("\0",) * len(group.choices) if is_counted else ()
        made_by: Callable[..., Markup] = getattr(templates.get_template("components.html").module, macro)
        return str(made_by(group, counts, hints=hints)).split("\0")

    def group_kept(macro: str, group: Group, counts: tuple[str, ...] = (), hints: bool = False) -> Markup:
        """Return a group of choices as ``macro`` of the components makes it, with a count for each."""
        first, *rest = parts(macro, group, bool(counts), hints)
        shown = (count for count in counts if count)
        text = first + "".join(count + part for count, part in zip(shown, rest, strict=True))
        return Markup(text)  # noqa: S704 - made by a template, and numbers

    def card_kept(card: Card, mapped: bool) -> Markup:
        """Return the card of something without a distance: a line, help online. The same ones stand on many pages."""
        return made(card, mapped, language(), languages.in_address())

    templates.globals.update({"icon": icon, "card_kept": card_kept, "group_kept": group_kept})
