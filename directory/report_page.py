"""An import's report as one web page that needs nothing else: to send to the publisher, to print, to keep."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from functools import lru_cache

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from directory import told
from directory.config import shipped_folder
from directory.staging import Report


def page(reports: Sequence[Report], failed: Sequence[tuple[str, str]], on: date) -> Iterator[str]:
    """Yield the page of one or several imports, piece by piece; whatever the file said stands in it as text.

    ``failed`` are sources refused as a whole, each with the reason. The page asks no other host for anything.
    """
    values = {"reports": reports, "failed": failed, "on": on, "told": told, "sums": told.summed(reports)}
    return _environment().get_template("report.html").generate(**values)


@lru_cache(maxsize=1)
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(shipped_folder("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
