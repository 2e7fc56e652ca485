"""The page of a topic: its text with links in the reader's language, where it leads, and its sources with their dates."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from directory.clean import safe_url
from directory.topics import Text, Topic
from directory.web import cards, languages, words
from directory.web.results import Again
from directory.web.site import Site
from directory.wording import _, named

LINES_FIRST = 2


@dataclass(frozen=True, slots=True)
class Source:
    """Who says so, and of when."""

    publisher: str
    title: str
    href: str
    date: str


@dataclass(frozen=True, slots=True)
class Page:
    """Everything the page of a topic shows. ``lines`` are crisis lines, where somebody may need one before they read."""

    text: Text
    html: Markup
    lines: tuple[cards.Card, ...]
    searches: tuple[Again, ...]
    sources: tuple[Source, ...]


def page(site: Site, topic: Topic) -> Page:
    """Return the page of a topic."""
    vocabulary, country = site.searcher.vocabulary, site.config.country
    lines = site.crisis(country, most=LINES_FIRST) if topic.crisis else ()
    return Page(
        text=topic.text,
        # Markdown made by topics.load: HTML in it is escaped. Its links are paths of this site.
        html=Markup(topic.text.html.replace('href="/', f'href="{languages.at("/")}')),  # noqa: S704
        lines=tuple(cards.card(line, vocabulary, country) for line in lines),
        searches=tuple(
            Again(
                ", ".join(named(vocabulary.needs[need].names) for need in needs),
                tuple(("need", need) for need in needs),
            )
            for needs in topic.searches
        ),
        sources=tuple(
            Source(
                each.publisher,
                each.title,
                safe_url(each.url) or "",
                words.written(each.date) if each.date else _("no date"),
            )
            for each in topic.sources
        ),
    )
