"""The formats we read, and which one a file is in: told by its content, never by its name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from directory.errors import BadQuery
from directory.importers import own
from directory.importers.drafts import Context, Reading
from directory.importers.sources import Source

AUTO = "auto"


@dataclass(frozen=True, slots=True)
class Options:
    """How a maintainer asked for a file to be read. ``individuals``: also single persons of a registry (NPPES)."""

    encoding: str | None = None
    size_limit: int | None = None
    individuals: bool = False


@dataclass(frozen=True, slots=True)
class FileFormat:
    """A format by the word ``--format`` takes, what a maintainer calls it, how it is known and how it is read."""

    name: str
    title: str
    recognises: Callable[[Path], bool]
    read: Callable[[Path, Source, Context, Options], Reading]


def open_file(path: Path, source: Source, context: Context, options: Options, format_name: str = AUTO) -> Reading:
    """Return a file's rows, read in the format named, or in the one its content shows.

    Raises:
        BadQuery: no format has that name; ``field`` is "format".
        UnreadableFile: the file is in none of our formats, or breaks its own.
    """
    if format_name != AUTO and format_name not in FORMATS:
        raise BadQuery(f"'{format_name}' is no format; write {', '.join([AUTO, *FORMATS])}", field="format")
    chosen = FORMATS[format_name] if format_name != AUTO else _recognised(path)
    return chosen.read(path, source, context, options)


def _recognised(path: Path) -> FileFormat:
    found = [each for each in FORMATS.values() if each.recognises(path)]
    return found[0] if found else FORMATS["listings"]


def _own(path: Path, source: Source, context: Context, options: Options) -> Reading:
    return own.read(
        path,
        context.vocabulary,
        today=context.today,
        encoding=options.encoding,
        size_limit=options.size_limit,
        ignore=source.ignore,
    )


FORMATS: dict[str, FileFormat] = {
    each.name: each
    for each in (FileFormat("listings", "our own CSV", lambda _: False, _own),)
}  # fmt: skip
