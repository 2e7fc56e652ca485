"""What the directory holds, from whom, how old: the page about it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from directory import statistics
from directory.clean import safe_url
from directory.errors import DirectoryError
from directory.importers import sources
from directory.web import words
from directory.web.site import Site
from directory.wording import _, named, ngettext

_KEPT_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Source:
    """A publisher's file: who, on what terms, retrieved when, how many listings."""

    name: str
    publisher: str
    terms: str
    retrieved: str
    href: str
    listings: str
    note: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """Everything the page shows."""

    kinds: tuple[tuple[str, int], ...]
    total: int
    countries: int
    ages: tuple[tuple[str, int], ...]
    reach: str
    sources: tuple[Source, ...]


def page(site: Site) -> Page:
    """Return the page. The figures are counted at most every ten minutes.

    Raises:
        DatabaseUnavailable: the database is gone or damaged.
    """
    figures = _figures(site)
    kinds = {key: named(facet.names) for key, facet in site.searcher.vocabulary.facets["kind"].items()}
    counted = figures["resources"]
    return Page(
        kinds=tuple((kinds[key], number) for key, number in counted.items() if key in kinds),
        total=counted["all"],
        countries=sum(1 for key in figures["countries"] if key != "none"),
        ages=tuple((_ages().get(key, key), number) for key, number in figures["age_of_facts"].items()),
        reach=figures["us_residents_by_zip"]["within 25 miles of care"],
        sources=tuple(_source(site, key, said) for key, said in figures["sources"].items()),
    )


def _ages() -> dict[str, str]:
    return {
        "checked": _("Checked"),
        "not re-checked": _("Not re-checked"),
        "past its limit: call first": _("Past its limit: call first"),
    }


def _figures(site: Site) -> dict[str, dict[str, Any]]:
    counted_at, figures = site.figures
    if not figures or time.monotonic() - counted_at > _KEPT_SECONDS:
        searcher = site.searcher
        figures = statistics.collect(searcher.database, searcher.vocabulary, site.config.data_folder, site.now())
        site.figures = (time.monotonic(), figures)
    return figures


def _source(site: Site, key: str, said: str) -> Source:
    """Return a source as its .toml describes it; one imported from elsewhere as the database does."""
    path = site.config.data_folder / f"{key}.csv"
    try:
        found = sources.beside(path) if path.is_file() else None
    except DirectoryError:
        found = None
    if found is None:
        return Source(key, said, "", "", "", "", ())
    return Source(
        name=found.name,
        publisher=found.publisher,
        terms=found.terms,
        retrieved=words.day(found.retrieved),
        href=safe_url(found.url) or "",
        listings=ngettext("{number} listing", "{number} listings", int(said.split(" ", maxsplit=1)[0])),
        note=tuple(part.strip() for part in (found.note or "").split("\n\n") if part.strip()),
    )
