"""What people are told, in the language they read: English unless a translation is spoken here.

The language is a context variable, so that the words of a search and those of its page are of one language. Who answers a
person (``directory.web``) chooses it; the command line and the JSON API speak English. ``docs/languages.md`` says how a
language is added.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from gettext import NullTranslations
from typing import TypeVar

ENGLISH = "en"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Language:
    """A language by its BCP 47 tag, and the words it has for ours."""

    tag: str = ENGLISH
    translations: NullTranslations = field(default_factory=NullTranslations)


_spoken: ContextVar[Language] = ContextVar("spoken", default=Language())  # noqa: B039 - frozen, nobody can change it


def speak(language: Language) -> None:
    """Say everything that follows in this context in ``language``."""
    _spoken.set(language)


def language() -> str:
    """Return the tag of the language spoken here."""
    return _spoken.get().tag


def translated(text: str) -> str:
    """Return a text in the language spoken here, nothing filled in; in English where nobody has translated it."""
    spoken = _spoken.get()
    return text if spoken.tag == ENGLISH else spoken.translations.gettext(text)


def _(text: str, /, **values: object) -> str:
    """Return a text in the language spoken here, each ``{name}`` filled in."""
    return translated(text).format(**values) if values else translated(text)


def ngettext(one: str, many: str, number: int, /, **values: object) -> str:
    """Return the form of a text that goes with a number, ``{number}`` and ``{name}`` filled in."""
    return _spoken.get().translations.ngettext(one, many, number).format(number=f"{number:,}", **values)


def named(names: Mapping[str, T]) -> T:
    """Return the name (or text) for the language spoken here; in English where there is none."""
    return names.get(language()) or names[ENGLISH]
