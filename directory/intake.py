"""One file into the directory: open it in its format, bring it in, and tell what happened."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from directory import corrections, outfile, refused
from directory.errors import BadQuery
from directory.importers import formats, processes
from directory.importers.drafts import Context, Reading
from directory.importers.formats import AUTO, Options
from directory.importers.sources import Source
from directory.ingest import Directory
from directory.known_rows import KnownRows
from directory.network_geocoders import NetworkGeocoder
from directory.placing import Placer
from directory.records import Row
from directory.refused import Refusals
from directory.staging import Report

# So many problems, warnings and repairs are kept for the report: memory does not grow with a file full of them.
KEPT = 10_000
_LISTS = ("problems", "warnings", "repairs")


@dataclass(frozen=True, slots=True)
class Wish:
    """What a maintainer asked of an import. ``refused`` is where the CSV of refused rows goes, in a folder by its source."""

    format_name: str = AUTO
    options: Options = field(default_factory=Options)
    dry_run: bool = False
    allow_removals: bool = False
    refused: Path | None = None
    geocoder: NetworkGeocoder | None = None


AS_USUAL = Wish()


def take_in(
    directory: Directory,
    path: Path,
    source: Source,
    data_folder: Path,
    today: date,
    wish: Wish = AS_USUAL,
    watch: Callable[[Reading], Callable[[], None]] = lambda _: lambda: None,
) -> Report:
    """Bring a source to what a file says and return the report.

    ``watch`` is given the reading before its rows are used and returns what to call after each row. A column of the file
    that is called ``problem`` is ignored, as ``refused`` writes it. Of problems, warnings and repairs the report has the
    first ``KEPT`` each.

    Raises:
        BadQuery, UnreadableFile: as ``formats.open_file``. ImportRefused, DatabaseUnavailable: as ``Directory.ingest``.
        BadQuery: the CSV of refused rows cannot be written.
    """
    if wish.refused is not None and not (wish.refused.is_dir() or wish.refused.parent.is_dir()):
        raise BadQuery(f"there is no folder {wish.refused.parent} to write refused rows into", field="refused")
    placer = Placer(directory.database, directory.gazetteer, today, None if wish.dry_run else wish.geocoder)
    known = KnownRows(directory.database, source.key, data_folder, placer.may_place)

    def helping() -> int:
        """Return how many processes may help to read; what a geocoder places is looked at here, row by row."""
        return 0 if placer.may_place() else processes.at_hand()

    context = Context(directory.vocabulary, directory.gazetteer, data_folder, today, known, helping)
    ignoring = replace(source, ignore=(*source.ignore, refused.PROBLEM))
    reading = formats.open_file(path, ignoring, context, wish.options, wish.format_name)
    found: Counter[str] = Counter()
    with ExitStack() as stack:
        refusals = stack.enter_context(refused.keeping(reading.columns)) if wish.refused else None
        report = directory.ingest(
            source,
            _kept(
                placer.placed(reading.rows, source.key), found, refusals, _hidden(directory, source) if refusals else ()
            ),
            dry_run=wish.dry_run,
            allow_removals=wish.allow_removals,
            after_row=watch(reading),
        )
        if refusals is not None and wish.refused is not None:
            report.notes.extend(_written(refusals, wish, path, source))
    report.notes.extend(placer.notes())
    tally = reading.tally
    report.took_for = reading.took_for
    report.notes[:0] = [each for each in reading.notes if each != _IGNORED]
    report.notes.extend(
        f"{found[name]:,} {name} in all; the first {KEPT:,} are told" for name in _LISTS if found[name] > KEPT
    )
    report.combined, report.left_out, report.unmapped = tally.combined, tally.left_out, tally.unmapped
    report.hours_read, report.hours_unread = tally.hours_read, tally.hours_unread
    report.rows += tally.combined + tally.left_out.total()
    return report


_IGNORED = f"left out, as its .toml says: '{refused.PROBLEM}'"


def _hidden(directory: Directory, source: Source) -> Collection[str]:
    """Return the ids of what a maintainer made confidential: nothing but the id of such a row is written."""
    if not directory.database.exists():
        return ()
    with directory.database.reading() as connection:
        return corrections.hidden_ids(connection, source.key)


def _kept(
    rows: Iterator[Row], found: Counter[str], refusals: Refusals | None, hidden: Collection[str]
) -> Iterator[Row]:
    """Yield the rows, handing on those that are refused, with what is said of them as far as it is kept."""
    for row in rows:
        if refusals is not None and row.is_refused and not row.duplicate:
            refusals.add(row, hidden=row.external_id in hidden)
        if not any(getattr(row, name) for name in _LISTS):
            yield row
            continue
        room = {name: max(0, KEPT - found[name]) for name in _LISTS}
        for name in _LISTS:
            found[name] += len(getattr(row, name))
        if all(len(getattr(row, name)) <= room[name] for name in _LISTS):
            yield row
        else:
            yield replace(row, **{name: getattr(row, name)[: room[name]] for name in _LISTS})


def _written(refusals: Refusals, wish: Wish, path: Path, source: Source) -> Iterator[str]:
    """Write the refused rows with a .toml of their own, and say where."""
    target = wish.refused or path
    if target.is_dir():
        target = target / f"{outfile.name_for(source.key)}.csv"
    refusals.write(target)
    yield f"{refusals.count:,} refused rows are in {target.name}, to mend and import again"
    beside = target.with_suffix(".toml")
    text = refused.toml(path, source, _format_name(path, source, wish))
    if text is None or beside == target or not outfile.put_beside(beside, text, refused.MARK):
        yield f'{beside.name} was not written; it must say source = "{source.key}" and mode = "partial"'


def _format_name(path: Path, source: Source, wish: Wish) -> str:
    if wish.format_name != AUTO:
        return wish.format_name
    if source.column_map is not None:
        return "mapped"
    known = formats.recognised(path)
    return source.format or (known[0].name if known else "listings")
