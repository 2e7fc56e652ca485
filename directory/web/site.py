"""What every view needs: the settings, the searcher, the clock and the crisis strip of a country."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from directory.config import Config
from directory.errors import NotFound
from directory.matches import Match
from directory.needs import folded
from directory.search import Searcher
from directory.topics import Topic
from directory.web import strip
from directory.wording import _, language

LARGEST_ID = 2**53
# A server that does not answer is waited for; whoever asks often must not make everybody else wait.
REACH_SECONDS = 10.0
STATIC = Path(__file__).resolve().parent.parent / "static"


@dataclass(slots=True)
class Site:
    """One running site."""

    config: Config
    searcher: Searcher
    topics: Mapping[str, Topic]
    # When the figures of /about were counted (time.monotonic), and what they were.
    figures: tuple[float, dict[str, dict[str, Any]]] = (0.0, {})
    # Whether the database could be read and written, and when that was looked at.
    reached: tuple[float, tuple[bool, bool] | None] = (0.0, None)
    _versions: dict[str, str] = field(default_factory=dict)
    # The strips of this minute, by country and language.
    _strips: tuple[datetime | None, dict[tuple[str, str], strip.Strip]] = (None, {})

    def now(self) -> datetime:
        """Return the instant of this request."""
        return datetime.now(UTC)

    def country_name(self, code: str) -> str:
        """Return the name of a country."""
        return self.searcher.gazetteer.country_name(code, language())

    def is_country(self, code: str) -> bool:
        """Return whether we know an emergency number or a name for this country."""
        return code in self.searcher.crisis_book.numbers

    def countries(self) -> list[tuple[str, str]]:
        """Return code and name of every country with an emergency number, by name."""
        named = [(code, self.country_name(code)) for code in self.searcher.crisis_book.numbers]
        return sorted(named, key=lambda each: folded(each[1]))

    def strip(self, country: str) -> strip.Strip:
        """Return the crisis strip of a country, from the files alone."""
        minute = self.now().replace(second=0, microsecond=0)
        made_at, made = self._strips
        if made_at != minute:
            made_at, made = self._strips = minute, {}
        key = country, language()
        if key not in made:
            made[key] = strip.of(self.searcher.crisis_book, country, self.country_name(country), minute)
        return made[key]

    def crisis(self, country: str, most: int = 12) -> tuple[Match, ...]:
        """Return a country's emergency number and first lines, from the files alone."""
        return self.searcher.crisis_book.matches(country, self.now())[:most]

    def resource(self, resource_id: int) -> Mapping[str, Any] | int:
        """Return a resource's columns, or the id it was merged into.

        Raises:
            NotFound: there is and was no such resource.
        """
        if resource_id > LARGEST_ID:
            raise NotFound(_("there is no resource with this number"), field="id")
        return self.searcher.resource(resource_id)

    def reach(self) -> tuple[bool, bool]:
        """Return whether the database could be read, and written, when that was last looked at."""
        looked_at, found = self.reached
        if found is None or time.monotonic() - looked_at > REACH_SECONDS:
            found = (self.searcher.database.can_read(), self.searcher.database.takes_changes())
            self.reached = (time.monotonic(), found)
        return found

    def static_address(self, name: str) -> str:
        """Return the address of a static file with its version, so that it may be kept for ever."""
        return f"/static/{name}?v={self.version(name)}"

    def version(self, name: str) -> str:
        """Return the version of a static file: the start of its hash; "" when there is no such file."""
        if name not in self._versions:
            path = STATIC / name
            self._versions[name] = hashlib.sha256(path.read_bytes()).hexdigest()[:12] if path.is_file() else ""
        return self._versions[name]
