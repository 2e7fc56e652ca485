"""Hours as publishers write them -> OSM opening_hours, or nothing: hours are never guessed."""

from __future__ import annotations

from directory import hours


def opening_hours(words: str) -> str | None:
    """Return the hours that ``words`` certainly mean as OSM opening_hours, or None when they stay words."""
    try:
        return hours.parse(words.strip())
    except ValueError:
        return None
