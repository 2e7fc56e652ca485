"""Files out: export."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from io import TextIOWrapper
from pathlib import Path
from typing import Any, TextIO

import click

from directory import choosing, exporting, outfile, query
from directory.choosing import Chosen
from directory.cli.importing import load_when_empty
from directory.cli.root import config, directory, query_options, reports_errors, today
from directory.config import Config
from directory.errors import BadQuery, NotFound
from directory.search import Searcher
from directory.writers import icalendar, listings, vcard

STANDARD = "-"
CSV, HSDS_TABLES = "csv", "hsds-csv"
ONE = {"vcard": "a contact", "icalendar": "a calendar"}
FORMATS = (CSV, HSDS_TABLES, "hsds-json", "meeting-guide", "geojson", *ONE)
_COUNTED = {CSV: "rows", "meeting-guide": "meetings", "geojson": "features"}


@directory.command("export")
@query_options("--how")
@click.option("--format", "file_format", required=True, type=click.Choice(FORMATS), help="Format of the file.")
@click.option(
    "--output",
    default=STANDARD,
    help="File to write, - for standard output. With csv also a folder (lists/): a file for each source.",
)
@click.option("--source", "source_key", help="Only what this source lists.")
@click.option("--id", "resource_id", type=click.IntRange(1, 2**62), help="Only the resource with this id.")
@click.option("--limit", type=click.IntRange(1), help="At most so many of each group; all unless told.")
@reports_errors
def export(
    file_format: str,
    output: str,
    source_key: str | None,
    resource_id: int | None,
    limit: int | None,
    asked: Mapping[str, Any],
) -> None:
    """Write the directory, or what answers a search, as a file others can read.

    \b
    Try:  directory export --format csv --output lists/
          directory export "Bronx, NY" --need substance_use --kind support_group --format meeting-guide --output bronx.json
          directory export --format hsds-csv --output directory.zip
          directory export --format vcard --id 123 --output clinic.vcf

    A file is written whole or not at all. Beside a CSV stands a .toml that says whose facts these are.
    """
    settings = config()
    searcher = Searcher.open(settings)
    load_when_empty(settings)
    if file_format in ONE:
        _write(output, lambda stream: _write_one(searcher, file_format, resource_id, stream))
        return
    wanted = query.build(searcher.vocabulary, **asked)
    if resource_id is None:
        what = choosing.chosen(searcher, wanted, source_key, limit)
    else:
        what = choosing.one(searcher, resource_id, source_key)
    for note in what.notes:
        click.echo(f"note: {note}", err=True)
    if file_format == HSDS_TABLES:
        if output == STANDARD:
            raise BadQuery("a package is several files; name a folder or a .zip with --output", field="output")
        _told(exporting.write_hsds_tables(searcher, what, Path(output)), "services", output)
    elif file_format == CSV and output != STANDARD:
        _write_listings(searcher, what, output, whole=what.ids is None)
    else:
        count = _write(output, lambda stream: _WRITERS[file_format](searcher, what, stream, settings))
        if output != STANDARD:
            _told(count, _COUNTED.get(file_format, "services"), output)


def _write_listings(searcher: Searcher, what: Chosen, output: str, *, whole: bool) -> None:
    with searcher.database.reading() as connection:
        sources = exporting.sources(connection, what)
    folder = Path(output)
    if not folder.is_dir() and not output.endswith("/"):
        _write_csv(searcher, what, folder, sources, whole=whole)
        return
    folder.mkdir(parents=True, exist_ok=True)
    names: dict[str, str] = {}
    for source in sources:
        name = outfile.name_for(source.key)
        if names.setdefault(name.casefold(), source.key) != source.key:
            name = f"{name}-{len(names)}"
        one = Chosen(what.ids, source.key)
        _write_csv(searcher, one, folder / f"{name}.csv", [source], whole=whole)


def _write_csv(
    searcher: Searcher, what: Chosen, output: Path, sources: Sequence[listings.Provenance], *, whole: bool
) -> None:
    count = _write(str(output), lambda stream: exporting.write_listings(searcher, what, stream))
    _told(count, "rows", str(output))
    toml = output.with_suffix(".toml")
    if toml == output:
        return
    if not outfile.put_beside(toml, listings.toml(sources, today(), whole=whole), listings.MARK):
        click.echo(f"{toml} was not written by an export and stays as it is; it says whose rows these are", err=True)


def _write_one(searcher: Searcher, file_format: str, resource_id: int | None, stream: TextIO) -> int:
    if resource_id is None:
        raise BadQuery(f"{ONE[file_format]} is of one resource; name it with --id", field="id")
    found = searcher.resource(resource_id)
    while isinstance(found, int):
        found = searcher.resource(found)
    if file_format == "vcard":
        stream.write(vcard.card(found))
        return 1
    events = icalendar.events(found, datetime.now(UTC))
    if events is None:
        raise NotFound(
            f"{found['name']} has no meeting that is the same every week, so there is nothing for a calendar",
            field="id",
        )
    stream.write(events)
    return 1


def _write_meetings(searcher: Searcher, what: Chosen, stream: TextIO, settings: Config) -> int:
    written = exporting.write_meetings(searcher, what, stream, settings.data_folder, datetime.now(UTC))
    if written.left_out:
        groups = "1 support group was" if written.left_out == 1 else f"{written.left_out:,} support groups were"
        click.echo(f"note: {groups} left out: the hours are when somebody answers, not when the group meets", err=True)
    return written.entries


def _write(output: str, write: Callable[[TextIO], int]) -> int:
    opened: AbstractContextManager[TextIO] = _standard_output() if output == STANDARD else outfile.whole(Path(output))
    with opened as stream:
        return write(stream)


@contextmanager
def _standard_output() -> Iterator[TextIO]:
    """Open standard output so that lines end as the format wants, in UTF-8."""
    sys.stdout.flush()
    stream = TextIOWrapper(sys.stdout.buffer, encoding="utf-8", newline="")
    try:
        yield stream
        stream.flush()
    finally:
        stream.detach()


def _told(count: int, what: str, output: str) -> None:
    click.echo(f"{output}: {count:,} {what}", err=True)


_WRITERS: Mapping[str, Callable[[Searcher, Chosen, TextIO, Config], int]] = {
    CSV: lambda searcher, what, stream, _: exporting.write_listings(searcher, what, stream),
    "hsds-json": lambda searcher, what, stream, _: exporting.write_hsds(searcher, what, stream),
    "geojson": lambda searcher, what, stream, _: exporting.write_geojson(searcher, what, stream),
    "meeting-guide": _write_meetings,
}
