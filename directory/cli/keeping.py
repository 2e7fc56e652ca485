"""Keeping the directory: undo, reindex."""

from __future__ import annotations

import json

import click

from directory.cli import words
from directory.cli.root import config, directory, json_option, open_directory, reports_errors


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
