"""Keeping the directory: undo, reindex, backup, restore."""

from __future__ import annotations

import json
from pathlib import Path

import click

from directory import backups
from directory.cli import words
from directory.cli.root import config, directory, json_option, open_directory, reports_errors
from directory.db import Database
from directory.sqlite_files import Held


@directory.command()
@click.argument("source")
@json_option
@reports_errors
def undo(source: str, as_json: bool) -> None:
    """Take back the newest import of SOURCE."""
    report = open_directory(config()).undo(source)
    if as_json:
        click.echo(json.dumps(words.report_json(report), ensure_ascii=False, indent=2))
    else:
        click.echo(f"{source}: {report.removed} taken out again, {report.added} put back, {report.changed} restored")
        for note in report.notes:
            click.echo(f"  {note}")


@directory.command()
@reports_errors
def reindex() -> None:
    """Rebuild every resource and the search index from the listings."""
    click.echo(f"{open_directory(config()).reindex()} resources indexed")


@directory.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--overwrite", is_flag=True, help="Write over FILE if it exists.")
@reports_errors
def backup(file: Path, overwrite: bool) -> None:
    """Write the whole directory into FILE and check it; readers and imports go on meanwhile."""
    held = backups.backup(Database(config().database_url), file, overwrite=overwrite)
    click.echo(f"{file}: {_holds(held)}, {file.stat().st_size / 1e6:,.1f} MB, checked")


@directory.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--overwrite", is_flag=True, help="Put it in the place of the directory that is there.")
@reports_errors
def restore(file: Path, overwrite: bool) -> None:
    """Put the directory in FILE, which 'directory backup' made, in the place of this one; a running site goes on.

    FILE is checked before anything is changed. What was imported, corrected and reported since it was made is gone then.
    """
    done = backups.restore(Database(config().database_url), file, overwrite=overwrite)
    click.echo(f"restored {file}: {_holds(done.held)}")
    if done.set_aside is not None:
        click.echo(f"the database that was there is damaged; it was set aside as {done.set_aside}")


def _holds(held: Held) -> str:
    return f"{held.resources:,} resources from {held.sources:,} {'source' if held.sources == 1 else 'sources'}"
