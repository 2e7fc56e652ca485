"""What visitors say is wrong: reports."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from directory import feedback, outfile
from directory.cli.importing import load_when_empty
from directory.cli.root import config, directory, json_option, reports_errors, today
from directory.db import Database
from directory.feedback import Reason, Report, State

_REASONS = {
    Reason.DISCONNECTED: "the number does not work",
    Reason.MOVED: "moved",
    Reason.NOT_ACCEPTING: "takes no new people",
    Reason.WRONG_HOURS: "wrong hours",
    Reason.OTHER: "something else",
}


@directory.command()
@click.argument("ids", nargs=-1, type=int, metavar="[ID]...")
@click.option("--close", is_flag=True, help="Close the reports with these IDs; their words are deleted.")
@click.option("--note", help="What came of it, kept with the closed reports; nothing about a person.")
@click.option("--closed", is_flag=True, help="List the closed ones of the last year instead.")
@click.option("--csv", "file", type=click.Path(path_type=Path), help="Write them into this file; - prints it.")
@json_option
@reports_errors
def reports(ids: Sequence[int], close: bool, note: str | None, closed: bool, file: Path | None, as_json: bool) -> None:
    """List what visitors say is wrong with a resource, or close what was checked.

    \b
    directory reports
    directory reports --close 3 4 --note "called, number corrected"
    A report changes nothing by itself: put it right with 'directory correct', or say it is right with 'directory confirm'.
    """
    if close != bool(ids) or close != (note is not None):
        raise click.UsageError("to close reports, write: --close ID [ID]... --note TEXT")
    if close and (closed or file is not None):
        raise click.UsageError("--close closes, --closed and --csv list; give one of them")
    settings = config()
    load_when_empty(settings)
    database = Database(settings.database_url)
    if close:
        number = feedback.close(database, ids, note or "", today())
        click.echo(json.dumps({"closed": sorted(set(ids))}) if as_json else f"{_counted(number)} closed")
        return
    found = feedback.reports(database, closed=closed)
    if file is not None:
        _write(found, file)
    elif as_json:
        click.echo(json.dumps([feedback.as_json(each) for each in found], ensure_ascii=False, indent=2))
    else:
        for line in _lines(found, "closed" if closed else "open"):
            click.echo(line)


def _write(found: Sequence[Report], path: Path) -> None:
    if str(path) == "-":
        feedback.write_csv(found, sys.stdout)
        return
    with outfile.whole(path) as file:
        file.write("\ufeff")  # a spreadsheet takes a file for UTF-8 only when it begins with this mark
        written = feedback.write_csv(found, file)
    click.echo(f"{path}: {_counted(written)}")


def _lines(found: Sequence[Report], which: str) -> Iterator[str]:
    for each in found:
        times = f", {each.times} times" if each.times > 1 else ""
        yield f"{each.id}  {_REASONS[each.reason]}, {each.day}{times}"
        yield f"    {_resource(each)}"
        yield from (f"    | {line}" for line in each.words.splitlines())
        if each.closed_on is not None:
            yield f"    closed {each.closed_on}: {each.note}"
    yield _counted(len(found), which)


def _resource(each: Report) -> str:
    if each.state is State.GONE:
        return f"resource {each.resource}: gone"
    merged = ", merged since" if each.state is State.MERGED else ""
    return f"resource {each.resource}: {each.name} ({', '.join(each.listings)}{merged})"


def _counted(number: int, which: str = "") -> str:
    return f"{number} {which + ' ' if which else ''}report{'' if number == 1 else 's'}"
