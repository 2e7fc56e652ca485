"""One file into the directory: open it in its format, bring it in, and tell what happened."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from directory.importers import formats
from directory.importers.drafts import Context, Reading
from directory.importers.formats import AUTO, Options
from directory.importers.sources import Source
from directory.ingest import Directory
from directory.staging import Report


@dataclass(frozen=True, slots=True)
class Wish:
    """What a maintainer asked of an import."""

    format_name: str = AUTO
    options: Options = field(default_factory=Options)
    dry_run: bool = False
    allow_removals: bool = False


AS_USUAL = Wish()


def take_in(
    directory: Directory,
    path: Path,
    source: Source,
    data_folder: Path,
    today: date,
    wish: Wish = Wish(),
    watch: Callable[[Reading], Callable[[], None]] = lambda _: lambda: None,
) -> Report:
    """Bring a source to what a file says and return the report.

    ``watch`` is given the reading before its rows are used and returns what to call after each row.

    Raises:
        BadQuery, UnreadableFile: as ``formats.open_file``. ImportRefused, DatabaseUnavailable: as ``Directory.ingest``.
    """
    context = Context(directory.vocabulary, directory.gazetteer, data_folder, today)
    reading = formats.open_file(path, source, context, wish.options, wish.format_name)
    report = directory.ingest(
        source,
        reading.rows,
        dry_run=wish.dry_run,
        allow_removals=wish.allow_removals,
        after_row=watch(reading),
    )
    tally = reading.tally
    report.took_for = reading.took_for
    report.notes[:0] = reading.notes
    report.combined, report.left_out, report.unmapped = tally.combined, tally.left_out, tally.unmapped
    report.hours_read, report.hours_unread = tally.hours_read, tally.hours_unread
    report.rows += tally.combined + tally.left_out.total()
    return report
