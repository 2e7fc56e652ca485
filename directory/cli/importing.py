"""Files in: import, check."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import click

from directory import check as checking
from directory import ingest, needs
from directory.cli import words
from directory.cli.root import config, directory, json_option, open_directory, reports_errors, today
from directory.config import Config
from directory.db import Database
from directory.errors import DirectoryError
from directory.importers import sources
from directory.importers.drafts import Reading
from directory.importers.formats import AUTO, FORMATS, Options
from directory.intake import AS_USUAL, Wish, take_in
from directory.records import Problem
from directory.staging import Report

SHIPPED = ("crisis_lines", "support_groups", "therapists", "treatment_programs")


@directory.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--source", "key", help="Name of the source; without it, the file's stem.")
@click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")
@click.option("--allow-removals", is_flag=True, help="Take out at once what the file no longer has.")
@click.option("--encoding", help="Encoding of a file that is not UTF-8, such as cp1252.")
@click.option(
    "--format",
    "format_name",
    default=AUTO,
    type=click.Choice([AUTO, *FORMATS]),
    help="Format; auto tells it by its content.",
)
@click.option(
    "--individuals", is_flag=True, help="Also take in single persons of a registry, who may practise at home."
)
@json_option
@reports_errors
def import_files(
    files: tuple[Path, ...],
    key: str | None,
    dry_run: bool,
    allow_removals: bool,
    encoding: str | None,
    format_name: str,
    individuals: bool,
    as_json: bool,
) -> None:
    """Bring the directory to what each FILE says: a CSV in our own format (docs/formats.md).

    Importing a file twice changes nothing the second time. Rows that cannot be used are refused one by one, with the
    reason; the others are imported. What the file no longer has stays for one more import.
    """
    if key is not None and len(files) > 1:
        raise click.UsageError("--source names one source; import one file at a time with it")
    settings = config()
    opened = open_directory(settings)
    wish = Wish(format_name, Options(encoding, individuals=individuals), dry_run, allow_removals)
    reports, code = [], 0
    for path in files:
        try:
            report = import_file(opened, path, key, settings.data_folder, wish, quiet=as_json)
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
        reports.append(words.report_json(report))
        if not as_json:
            click.echo("\n".join(words.report_lines(report)))
    if as_json:
        click.echo(json.dumps(reports if len(files) > 1 else reports[0], ensure_ascii=False, indent=2))
    sys.exit(code)


def import_file(
    opened: ingest.Directory,
    path: Path,
    key: str | None,
    data_folder: Path,
    wish: Wish = AS_USUAL,
    *,
    quiet: bool = True,
) -> Report:
    """Import one file, with a progress bar on a terminal."""
    source = sources.beside(path, key)
    with ExitStack() as stack:

        def watch(reading: Reading) -> Callable[[], None]:
            if quiet or not sys.stderr.isatty():
                return lambda: None
            bar = stack.enter_context(click.progressbar(length=reading.bytes_total, label=path.name, file=sys.stderr))
            return lambda: bar.update(reading.bytes_read - bar.pos)

        return take_in(opened, path, source, data_folder, today(), wish, watch)


@directory.command("check")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@json_option
@reports_errors
def check_files(paths: tuple[Path, ...], as_json: bool) -> None:
    """Look over listing files (or a folder of them) without importing; print everything wrong or doubtful."""
    settings = config()
    vocabulary = needs.load(settings.data_folder)
    superseded = checking.superseded_numbers(settings.data_folder)
    found: list[Problem] = []
    looked_at = 0
    for path in paths:
        for file in checking.files(path):
            looked_at += 1
            found.extend(checking.check(file, vocabulary, today=today(), superseded=superseded))
    if as_json:
        click.echo(
            json.dumps([{"source": p.source, **words.problem_json(p)} for p in found], ensure_ascii=False, indent=2)
        )
    else:
        for problem in found:
            click.echo(str(problem))
        click.echo(f"{looked_at} files looked over: {len(found) or 'nothing'} found")
    sys.exit(1 if found else 0)


def load_when_empty(settings: Config) -> None:
    """Fill a database that never saw an import with the shipped data; a load that was cut short is taken up again."""
    database = Database(settings.database_url)
    if database.exists() and not database.is_empty() and not database.is_loading():
        return
    opened = open_directory(settings)
    opened.database.create()
    opened.database.mark_loading(True)
    for name in SHIPPED:
        report = import_file(opened, settings.data_folder / f"{name}.csv", None, settings.data_folder)
        click.echo(f"loaded {report.rows} rows of {name}.csv", err=True)
    opened.database.mark_loading(False)
