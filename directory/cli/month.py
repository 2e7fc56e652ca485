"""A maintainer's month: what is to be re-checked, and what is to be fetched."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import click

from directory import fetching, outfile, rounds, staleness
from directory.cli import round_words, words
from directory.cli.importing import load_when_empty
from directory.cli.root import config, directory, json_option, open_directory, reports_errors, today
from directory.db import Database
from directory.errors import BadQuery
from directory.intake import Wish
from directory.records import Kind
from directory.staleness import Due, Stale, State

SHOWN = 50
_TITLES = {
    State.PAST_LIMIT: "Past its limit: checked once, and too long ago",
    State.NEVER_CHECKED: "Never checked by anybody",
}


def _day(_context: click.Context, _parameter: click.Parameter, value: str | None) -> date | None:
    if value is None:
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise click.BadParameter(f"'{value}' is not a date; write 2026-08-31") from None


@directory.command()
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    type=click.Choice([str(kind) for kind in Kind]),
    help="Only this kind; may be given twice.",
)
@click.option("--on", "day", callback=_day, metavar="DATE", help="The day to look from; without it, today (UTC).")
@click.option(
    "--csv", "call_list", type=click.Path(path_type=Path), help="Write a call list into this file; - prints it."
)
@json_option
@reports_errors
def stale(kinds: tuple[str, ...], day: date | None, call_list: Path | None, as_json: bool) -> None:
    """List what has to be re-checked: what was checked and is past its limit, and what nobody ever checked.

    A crisis line's facts are good for 180 days, a support group's for 12 months, a therapist's or programme's for 24. Ends
    with exit code 1 only when crisis lines that were checked are past their limit.
    """
    settings = config()
    load_when_empty(settings)
    wanted = [Kind(kind) for kind in kinds]
    with staleness.looked_up(Database(settings.database_url), day or today(), wanted) as found:
        lines_past = found.counts(State.PAST_LIMIT).get(str(Kind.CRISIS_LINE), 0)
        if call_list is not None:
            _write_call_list(found, call_list)
        elif as_json:
            for part in _json(found):
                click.echo(part, nl=False)
            click.echo()
        else:
            for line in _lines(found):
                click.echo(line)
    sys.exit(1 if lines_past else 0)


def _write_call_list(found: Stale, path: Path) -> None:
    rows = (due for state in State for due in found.rows(state))
    if str(path) == "-":
        staleness.write_call_list(rows, sys.stdout)
        return
    with outfile.whole(path) as file:
        file.write("\ufeff")  # a spreadsheet takes a file for UTF-8 only when it begins with this mark
        written = staleness.write_call_list(rows, file)
    click.echo(f"{path}: {written} to call; fill in result, and read it back with: directory confirm --csv {path}")


def _lines(found: Stale) -> Iterator[str]:
    for state, title in _TITLES.items():
        counts = found.counts(state)
        total = sum(counts.values())
        by_kind = ", ".join(f"{number} {kind}" for kind, number in counts.items())
        yield f"{title}: {total}{f' ({by_kind})' if by_kind else ''}"
        for due in found.rows(state, SHOWN):
            where = ", ".join(filter(None, (due.city, due.region, due.country)))
            yield f"  {due.id} {due.kind}: {due.name}{f' ({where})' if where else ''}; {due.phone or 'no phone'}; {due.reason}"
        if total > SHOWN:
            yield f"  ... and {total - SHOWN} more; --csv FILE or --json has them all"


def _json(found: Stale) -> Iterator[str]:
    """Yield the whole answer in parts, so that a million rows are never in memory at once."""
    yield json.dumps({"on": found.on.isoformat()})[:-1]
    for state in State:
        yield f', "{state}": [\n'
        for number, due in enumerate(found.rows(state)):
            yield (",\n" if number else "") + json.dumps(_due_json(due), ensure_ascii=False)
        yield "]"
    yield "}"


def _due_json(due: Due) -> dict[str, Any]:
    names = ("id", "kind", "name", "city", "region", "country", "phone", "checked_by", "source", "reason")
    checked = due.last_checked.isoformat() if due.last_checked else None
    return {**{name: getattr(due, name) for name in names}, "last_checked": checked}


@directory.command()
@click.argument("folder_and_sources", nargs=-1, metavar="[FOLDER] [SOURCE]...")
@click.option("--allow-removals", is_flag=True, help="Take out at once what a new file no longer has.")
@json_option
@reports_errors
def refresh(folder_and_sources: tuple[str, ...], allow_removals: bool, as_json: bool) -> None:
    """Fetch the sources of FOLDER (without it, the data folder) that name a download in their .toml and are due, and import them.

    A SOURCE is the name of a .toml; what is named is fetched at once, due or not. Nothing else in this program fetches a
    source from the web. A file that cannot be fetched, or must not be imported, leaves the old one in its place.
    """
    settings = config()
    folder, names = settings.data_folder, folder_and_sources
    if names and Path(names[0]).is_dir():
        folder, names = Path(names[0]), names[1:]
    elif names and "/" in names[0]:
        raise BadQuery(f"there is no folder {names[0]}", field="folder")
    summary = rounds.refresh(
        open_directory(settings),
        folder,
        settings.data_folder,
        datetime.now(UTC),
        [name.removesuffix(".toml") for name in names],
        Wish(allow_removals=allow_removals),
        fetching.LIMITS,
    )
    if as_json:
        told = round_words.summary_json(summary, words.report_json)
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
    else:
        click.echo("\n".join(round_words.summary_lines(summary)))
    sys.exit(summary.code)
