"""Files in: import, check."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import click

from directory import ingest, needs, outfile, report_page, rounds
from directory.check import Checker
from directory.cli import round_words, words
from directory.cli.root import config, directory, json_option, open_directory, reports_errors, today
from directory.config import Config
from directory.db import Database
from directory.errors import BadQuery, DirectoryError
from directory.geocoding import Gazetteer
from directory.importers import sources
from directory.importers.drafts import Reading
from directory.importers.formats import AUTO, FORMATS, Options
from directory.intake import AS_USUAL, Wish, take_in
from directory.network_geocoders import CREDITS, NetworkGeocoder
from directory.records import Problem
from directory.staging import Report

SHIPPED = ("crisis_lines", "support_groups", "therapists", "treatment_programs")


@directory.command("import")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--all", "folder", type=click.Path(path_type=Path), help="Import every source of a folder that has a .toml."
)
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
@click.option(
    "--geocoder",
    type=click.Choice([*CREDITS]),
    help="Ask this geocoder on the network for the positions of addresses that come without.",
)
@click.option(
    "--report", "page", type=click.Path(path_type=Path), help="Write the whole report into this file, as a web page."
)
@click.option(
    "--refused",
    type=click.Path(path_type=Path),
    help="Write the refused rows into this CSV, to mend and import again; for several files a folder.",
)
@json_option
@reports_errors
def import_files(
    files: tuple[Path, ...],
    folder: Path | None,
    key: str | None,
    dry_run: bool,
    allow_removals: bool,
    encoding: str | None,
    format_name: str,
    individuals: bool,
    geocoder: str | None,
    page: Path | None,
    refused: Path | None,
    as_json: bool,
) -> None:
    """Bring the directory to what each FILE says, in any format of docs/formats.md.

    Importing a file twice changes nothing the second time. Rows that cannot be used are refused one by one, with the
    reason; the others are imported. What the file no longer has stays for one more import. Exit code 0: nothing was
    refused; 1: some rows were; 2: a file was refused as a whole.
    """
    if bool(files) == (folder is not None):
        raise click.UsageError("name one or more FILEs, or a folder with --all")
    several = folder is not None or len(files) > 1
    if key is not None and several:
        raise click.UsageError("--source names one source; import one file at a time with it")
    if refused is not None and several:
        if refused.exists() and not refused.is_dir():
            raise BadQuery(f"{refused} is a file; for several files --refused names a folder", field="refused")
        refused.mkdir(parents=True, exist_ok=True)
    settings = config()
    opened = open_directory(settings)
    asked = NetworkGeocoder(geocoder, settings.geocoder_contact) if geocoder is not None else None
    wish = Wish(format_name, Options(encoding, individuals=individuals), dry_run, allow_removals, refused, asked)
    if folder is not None:
        _import_folder(opened, folder, settings, wish, page, as_json=as_json)
    run = _Run(opened, settings, wish, key, as_json)
    for path in files:
        run.take(path)
    if page is not None:
        _write_page(page, run.reports, run.failed)
    run.end()


@dataclass(slots=True)
class _Run:
    """Files imported one after the other; what became of each."""

    opened: ingest.Directory
    settings: Config
    wish: Wish
    key: str | None
    as_json: bool
    code: int = 0
    reports: list[Report] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)
    told: list[object] = field(default_factory=list)

    def take(self, path: Path) -> None:
        """Import a file and tell at once; one that is refused as a whole stops no other."""
        try:
            report = import_file(self.opened, path, self.key, self.settings.data_folder, self.wish, quiet=self.as_json)
        except DirectoryError as error:
            self.code = 2
            name = self.key or path.stem
            self.failed.append((name, error.message))
            told = {"code": error.code, "message": error.message, "field": error.field}
            self.told.append({"source": name, "error": told})
            click.echo(f"directory: {error.message}", err=True)
            return
        self.code = max(self.code, 1 if report.problems or report.duplicate_rows else 0)
        self.reports.append(report)
        if self.as_json:
            self.told.append(words.report_json(report))
        else:
            click.echo("\n".join(words.report_lines(report)))

    def end(self) -> None:
        """Tell what all of them did together, and exit by what happened."""
        count = len(self.reports) + len(self.failed)
        if self.as_json:
            click.echo(json.dumps(self.told if count > 1 else self.told[0], ensure_ascii=False, indent=2))
        elif count > 1:
            click.echo("\n".join(words.summary_lines(self.reports, len(self.failed))))
        sys.exit(self.code)


def _import_folder(
    opened: ingest.Directory, folder: Path, settings: Config, wish: Wish, page: Path | None, *, as_json: bool
) -> None:
    summary = rounds.take_in_all(opened, folder, settings.data_folder, today(), wish)
    if page is not None:
        reports = [turn.report for turn in summary.turns if turn.report is not None]
        failed = [(turn.name, turn.error.message) for turn in summary.turns if turn.error is not None]
        _write_page(page, reports, failed)
    if as_json:
        told = round_words.summary_json(summary, words.report_json)
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
    else:
        click.echo("\n".join(round_words.summary_lines(summary)))
    sys.exit(summary.code)


def _write_page(path: Path, reports: Sequence[Report], failed: Sequence[tuple[str, str]]) -> None:
    with outfile.whole(path) as stream:
        stream.writelines(report_page.page(reports, failed, today()))


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
    """Look over files of any format we read (or a folder of sources) without importing; print everything wrong or doubtful."""
    settings = config()
    vocabulary, gazetteer = needs.load(settings.data_folder), Gazetteer(settings.data_folder / "places")
    checker = Checker.load(settings.data_folder, vocabulary, gazetteer, today())
    found: list[Problem] = []
    looked_at = 0
    for path in paths:
        files, problems = checker.look_over(path)
        looked_at += files
        found.extend(problems)
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
    if _is_filled(Database(settings.database_url, settings.read_url)):
        return
    opened = open_directory(settings)
    if settings.read_url and _is_filled(opened.database):  # its replica is behind
        return
    opened.database.create()
    opened.database.mark_loading(True)
    for name in SHIPPED:
        report = import_file(opened, settings.data_folder / f"{name}.csv", None, settings.data_folder)
        click.echo(f"loaded {report.rows} rows of {name}.csv", err=True)
    opened.database.mark_loading(False)


def _is_filled(database: Database) -> bool:
    return database.exists() and not database.is_empty() and not database.is_loading()
