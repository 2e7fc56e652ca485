"""Topics: short sourced guides, one folder each under data/topics: topic.toml, and a Markdown file a language (en.md, es.md).

The words are ours; every fact names its source, whose date stands in topic.toml and in docs/safety-sources.md.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt
from pydantic import BaseModel, ConfigDict, ValidationError

from directory.errors import BadData
from directory.needs import Vocabulary
from directory.wording import ENGLISH, named

__all__ = ["Source", "Text", "Topic", "load"]


class Source(BaseModel):
    """Who says so. ``date`` is its own (YYYY, YYYY-MM or YYYY-MM-DD), "" where it shows none; ``read`` is when we read it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    publisher: str
    title: str
    url: str
    date: str
    read: str


class _Said(BaseModel):
    """A topic.toml. ``needs`` are those whose results offer the topic; ``searches`` are where it leads, each a list of needs."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    order: int
    needs: tuple[str, ...]
    searches: tuple[tuple[str, ...], ...]
    crisis: bool
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class Text:
    """A topic in one language: its title, its first paragraph as plain text, and the rest as HTML."""

    language: str
    title: str
    lead: str
    html: str


@dataclass(frozen=True, slots=True)
class Topic:
    """One guide. ``texts`` are by language."""

    slug: str
    needs: tuple[str, ...]
    searches: tuple[tuple[str, ...], ...]
    crisis: bool
    sources: tuple[Source, ...]
    texts: Mapping[str, Text]

    @property
    def text(self) -> Text:
        """Return the text in the language spoken here, in English where there is none."""
        return named(self.texts)


def load(folder: Path, vocabulary: Vocabulary) -> Mapping[str, Topic]:
    """Return the topics of a folder by slug, in their order; none when there is no such folder.

    Raises:
        BadData: a topic.toml with a key missing or unknown, a need nobody knows, no English text, a text without a title.
    """
    found: list[tuple[int, Topic]] = []
    for path in sorted(folder.glob("*/topic.toml")):
        said = _said(path)
        unknown = {*said.needs, *(need for search in said.searches for need in search)} - set(vocabulary.needs)
        if unknown:
            raise BadData(f"topics/{path.parent.name}/topic.toml: {min(unknown)} is not a need of needs.csv")
        texts = {each.stem: _text(each) for each in sorted(path.parent.glob("*.md"))}
        if ENGLISH not in texts:
            raise BadData(f"topics/{path.parent.name} has no en.md")
        topic = Topic(path.parent.name, said.needs, said.searches, said.crisis, said.sources, texts)
        found.append((said.order, topic))
    return {topic.slug: topic for _, topic in sorted(found, key=lambda each: each[0])}


def about(topics: Mapping[str, Topic], needs: Sequence[str]) -> list[Topic]:
    """Return the topics for somebody who searches for these needs: those about most of them first."""
    offered = [topic for topic in topics.values() if set(topic.needs) & set(needs)]
    return sorted(offered, key=lambda topic: -len(set(topic.needs) & set(needs)))


def _said(path: Path) -> _Said:
    try:
        read: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        return _Said.model_validate(read)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, ValidationError) as error:
        raise BadData(f"topics/{path.parent.name}/topic.toml cannot be read: {error}") from None


def _text(path: Path) -> Text:
    """Read a Markdown file: "# Title", one paragraph, and the rest. HTML in it is shown, not run."""
    title, _, rest = path.read_text(encoding="utf-8").strip().partition("\n")
    lead, _, body = rest.strip().partition("\n\n")
    if not title.startswith("# ") or not lead or lead.startswith("#"):
        raise BadData(f"topics/{path.parent.name}/{path.name} does not begin with a title and a paragraph")
    html = MarkdownIt("commonmark", {"html": False}).render(body)
    return Text(path.stem, title.removeprefix("# ").strip(), " ".join(lead.split()), html)
