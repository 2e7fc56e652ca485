"""The command line: the only place that prints. Exit codes: 0 done, 1 some rows refused, 2 refused as a whole."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from contextlib import nullcontext
from datetime import UTC, date, datetime
from functools import wraps
from pathlib import Path
from typing import Any

import click

from directory import check as checking
from directory import cli_words, ingest, needs, query, statistics
from directory.config import Config
from directory.db import Database
from directory.errors import DirectoryError
from directory.geocoding import Gazetteer
from directory.importers import own, sources
from directory.records import Problem
from directory.search import Searcher
from directory.staging import Report

SHIPPED = ("crisis_lines", "support_groups", "therapists", "treatment_programs")


def main() -> None:
    """Run the command line; an error of ours is one sentence on standard error and exit code 2."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
    directory(prog_name="directory")


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def directory() -> None:
    """Support directory: find crisis lines, therapists, support groups and treatment programmes by place and need.

    \b
    Try:  directory serve
          directory search "Boise, ID" --need anxiety --need kratom
          directory import my_list.csv --dry-run
    Settings are DIRECTORY_* variables; docs/settings.md lists them.
    """


def reports_errors(command: Callable[..., None]) -> Callable[..., None]:
    """Turn an error of ours into one sentence and exit code 2."""

    @wraps(command)
    def wrapped(*arguments: Any, **options: Any) -> None:
        try:
            command(*arguments, **options)
        except DirectoryError as error:
            if options.get("as_json"):
                click.echo(json.dumps({"error": {"code": error.code, "message": error.message, "field": error.field}}))
            click.echo(f"directory: {error.message}", err=True)
            sys.exit(2)
        except BrokenPipeError:
            sys.stderr.close()
            sys.exit(0)

    return wrapped


def _config() -> Config:
    return Config.from_environment(os.environ)


def _open_directory(config: Config) -> ingest.Directory:
    vocabulary = needs.load(config.data_folder)
    return ingest.Directory(Database(config.database_url), vocabulary, Gazetteer(config.data_folder / "places"))


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of words.")


@directory.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--source", "key", help="Name of the source; without it, the file's stem.")
@click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")
@click.option("--allow-removals", is_flag=True, help="Take out at once what the file no longer has.")
@click.option("--encoding", help="Encoding of a file that is not UTF-8, such as cp1252.")
@json_option
@reports_errors
def import_files(
    files: tuple[Path, ...], key: str | None, dry_run: bool, allow_removals: bool, encoding: str | None, as_json: bool
) -> None:
    """Bring the directory to what each FILE says: a CSV in our own format (docs/formats.md).

    Importing a file twice changes nothing the second time. Rows that cannot be used are refused one by one, with the
    reason; the others are imported. What the file no longer has stays for one more import.
    """
    if key is not None and len(files) > 1:
        raise click.UsageError("--source names one source; import one file at a time with it")
    opened = _open_directory(_config())
    reports, code = [], 0
    for path in files:
        try:
            report = import_file(opened, path, key, dry_run, allow_removals, encoding, quiet=as_json)
        except DirectoryError as error:
            code = 2
            reports.append(
                {
                    "source": key or path.stem,
                    "error": {"code": error.code, "message": error.message, "field": error.field},
                }
            )
            click.echo(f"directory: {error.message}", err=True)
            continue
        code = max(code, 1 if report.problems else 0)
        reports.append(cli_words.report_json(report))
        if not as_json:
            click.echo("\n".join(cli_words.report_lines(report)))
    if as_json:
        click.echo(json.dumps(reports if len(files) > 1 else reports[0], ensure_ascii=False, indent=2))
    sys.exit(code)


def import_file(
    opened: ingest.Directory, path: Path, key: str | None, dry_run: bool = False, allow_removals: bool = False,
    encoding: str | None = None, *, quiet: bool = True,
) -> Report:  # fmt: skip
    """Import one file of our own format, with a progress bar on a terminal."""
    source = sources.beside(path, key)
    reading = own.read(path, opened.vocabulary, today=_today(), encoding=encoding, ignore=source.ignore)
    shown = not quiet and sys.stderr.isatty()
    bar: Any = (
        click.progressbar(length=reading.bytes_total, label=path.name, file=sys.stderr) if shown else nullcontext()
    )
    with bar as progress:

        def after_row() -> None:
            if progress is not None:
                progress.update(reading.bytes_read - progress.pos)

        report = opened.ingest(
            source, reading.rows, dry_run=dry_run, allow_removals=allow_removals, after_row=after_row
        )
    report.notes[:0] = reading.notes
    return report


@directory.command("check")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@json_option
@reports_errors
def check_files(paths: tuple[Path, ...], as_json: bool) -> None:
    """Look over listing files (or a folder of them) without importing; print everything wrong or doubtful."""
    config = _config()
    vocabulary = needs.load(config.data_folder)
    superseded = checking.superseded_numbers(config.data_folder)
    found: list[Problem] = []
    looked_at = 0
    for path in paths:
        for file in checking.files(path):
            looked_at += 1
            found.extend(checking.check(file, vocabulary, today=_today(), superseded=superseded))
    if as_json:
        click.echo(
            json.dumps([{"source": p.source, **cli_words.problem_json(p)} for p in found], ensure_ascii=False, indent=2)
        )
    else:
        for problem in found:
            click.echo(str(problem))
        click.echo(f"{looked_at} files looked over: {len(found) or 'nothing'} found")
    sys.exit(1 if found else 0)


@directory.command()
@click.argument("near", required=False, default="")
@click.option("--need", "need", multiple=True, help="What somebody is going through; may be given several times.")
@click.option("--q", "words", default="", help="Free words: needs are understood, the rest is looked for in names.")
@click.option("--kind", multiple=True, help="crisis_line, therapist, support_group or treatment_program.")
@click.option("--radius-km", default="", help="Kilometres round the place; 40 unless told.")
@click.option("--open-now", is_flag=True, help="Only what is open now.")
@click.option("--language", multiple=True, help="Language spoken, such as es.")
@click.option("--payment", multiple=True, help="Such as medicaid or sliding_scale.")
@click.option("--age", default="", help="Age in years of the person.")
@click.option("--format", "format_", multiple=True, help="in_person, phone, text, chat or video.")
@click.option("--audience", multiple=True, help="Such as veterans or lgbtq.")
@click.option("--approach", multiple=True, help="Such as peer_support or medication_management.")
@click.option("--urgent-care", multiple=True, help="walk_in, mobile_crisis or psychiatric_emergency.")
@click.option("--accessibility", multiple=True, help="wheelchair, sign_language or text_telephone.")
@click.option("--limit", default="", help="Matches in each group; 25 unless told.")
@json_option
@reports_errors
def search(
    near: str, need: tuple[str, ...], words: str, kind: tuple[str, ...], radius_km: str, open_now: bool,
    language: tuple[str, ...], payment: tuple[str, ...], age: str, format_: tuple[str, ...], audience: tuple[str, ...],
    approach: tuple[str, ...], urgent_care: tuple[str, ...], accessibility: tuple[str, ...], limit: str, as_json: bool,
) -> None:  # fmt: skip
    """Find help NEAR a place (ZIP, postcode, city, "lat, lon") for one or more needs."""
    config = _config()
    searcher = Searcher.open(config)
    load_when_empty(config)
    asked = query.build(
        searcher.vocabulary, near=near, need=need, q=words, radius_km=radius_km, open_now="yes" if open_now else "",
        age=age, limit=limit, kind=kind, language=language, payment=payment, format=format_, audience=audience,
        approach=approach, urgent_care=urgent_care, accessibility=accessibility,
    )  # fmt: skip
    results = searcher.search(asked)
    if as_json:
        from directory.web import schemas  # noqa: PLC0415 - the page stack is only loaded for the API's own shape

        click.echo(schemas.search_answer(results).model_dump_json(indent=2))
        return
    click.echo("\n".join(cli_words.results_lines(results)))


@directory.command()
@click.argument("text")
@json_option
@reports_errors
def place(text: str, as_json: bool) -> None:
    """Say which place TEXT means: a ZIP or postcode, a city, "lat, lon"."""
    config = _config()
    gazetteer = Gazetteer(config.data_folder / "places")
    found = gazetteer.find(text, config.country)
    candidates = [found.place] if found.place is not None else list(found.candidates)
    if as_json:
        rows = [
            {
                "name": each.name,
                "latitude": each.point.latitude if each.point else None,
                "longitude": each.point.longitude if each.point else None,
                "country": each.country,
                "region": each.region,
                "precision": each.precision,
            }
            for each in candidates
        ]
        click.echo(json.dumps({"candidates": rows}, ensure_ascii=False, indent=2))
        return
    if not candidates:
        click.echo(f"We could not find a place called '{text}'")
    for each in candidates:
        where = f"{each.point.latitude:.4f}, {each.point.longitude:.4f}" if each.point else "no position"
        click.echo(f"{each.name} ({each.country}): {where}, {each.precision}")


@directory.command()
@click.argument("source")
@json_option
@reports_errors
def undo(source: str, as_json: bool) -> None:
    """Take back the newest import of SOURCE."""
    report = _open_directory(_config()).undo(source)
    if as_json:
        click.echo(json.dumps(cli_words.report_json(report), ensure_ascii=False, indent=2))
    else:
        click.echo(f"{source}: {report.removed} taken out again, {report.added} put back, {report.changed} restored")


@directory.command()
@reports_errors
def reindex() -> None:
    """Rebuild every resource and the search index from the listings."""
    click.echo(f"{_open_directory(_config()).reindex()} resources indexed")


@directory.command()
@json_option
@reports_errors
def stats(as_json: bool) -> None:
    """Count what is in the directory, by kind, country, need, source and age, and whom it reaches."""
    config = _config()
    load_when_empty(config)
    figures = statistics.collect(
        Database(config.database_url), needs.load(config.data_folder), config.data_folder, datetime.now(UTC)
    )
    if as_json:
        click.echo(json.dumps(figures, ensure_ascii=False, indent=2))
        return
    for title, rows in figures.items():
        click.echo(title.replace("_", " "))
        for name, value in rows.items():
            click.echo(f"  {name:<40} {value}")


@directory.command()
@click.option("--host", help="Address to listen on; DIRECTORY_HOST, else 127.0.0.1.")
@click.option("--port", type=int, help="Port to listen on; DIRECTORY_PORT, else 8000.")
@reports_errors
def serve(host: str | None, port: int | None) -> None:
    """Serve the directory. An empty database is first filled with the shipped data."""
    from directory.web import server  # noqa: PLC0415 - keeps every other command free of the server's start-up time

    config = _config()
    load_when_empty(config)
    server.run(config, host or config.host, config.port if port is None else port, announce=click.echo)


def load_when_empty(config: Config) -> None:
    """Fill a database that never saw an import with the shipped data; a load that was cut short is taken up again."""
    database = Database(config.database_url)
    if database.exists() and not database.is_empty() and not database.is_loading():
        return
    opened = _open_directory(config)
    opened.database.create()
    opened.database.mark_loading(True)
    for name in SHIPPED:
        report = import_file(opened, config.data_folder / f"{name}.csv", None)
        click.echo(f"loaded {report.rows} rows of {name}.csv", err=True)
    opened.database.mark_loading(False)


def _today() -> date:
    return datetime.now(UTC).date()
