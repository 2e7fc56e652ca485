"""What a maintainer decides: duplicates, merge, correct, confirm."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import click

from directory import calls, clean, corrections, duplicates
from directory.calls import Result
from directory.cli import words as saying
from directory.cli.importing import load_when_empty
from directory.cli.root import config, directory, json_option, open_directory, reports_errors, today
from directory.correcting import Corrected
from directory.errors import BadQuery
from directory.ingest import Directory

_RESULTS = {
    Result.CONFIRMED: "confirmed",
    Result.CHANGED: "changed, the new number confirmed",
    Result.CLOSED: "closed, no longer shown",
    Result.NO_ANSWER: "no answer, nothing changed",
    Result.WRONG_NUMBER: "wrong number, shown as not re-checked; look for the right one",
}


@directory.command("duplicates")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1), help="How many pairs at most.")
@click.option("--least", default=duplicates.LEAST, show_default=True, type=click.IntRange(0, 100), help="Least score.")
@json_option
@reports_errors
def list_duplicates(limit: int, least: int, as_json: bool) -> None:
    """List resources that may be the same thing and were not merged, best first, with the evidence.

    Nothing is merged here. Each line ends in the command that decides; the decision survives every import.
    """
    with _opened().database.reading() as connection:
        found = [each for each in duplicates.candidates(connection) if each.score >= least]
    if as_json:
        click.echo(json.dumps([_pair(each) for each in found[:limit]], ensure_ascii=False, indent=2))
        return
    for each in found[:limit]:
        a, b = each.a, each.b
        against = f"; but {', '.join(each.against)}" if each.against else ""
        click.echo(f"{each.score:>3}  {a.id} {a.name} ({a.where})\n     {b.id} {b.name} ({b.where})")
        click.echo(f"     {', '.join(each.evidence)}{against}")
        click.echo(f"     directory merge {a.id} {b.id}   or   directory merge {a.id} {b.id} --not-same")
    beyond = f"; the best {limit} are shown, --limit shows more" if len(found) > limit else ""
    click.echo(f"{len(found)} pairs may be the same thing{beyond}")


def _pair(each: duplicates.Candidate) -> dict[str, object]:
    return {
        "score": each.score,
        **{
            side: {"id": one.id, "kind": str(one.kind), "name": one.name, "where": one.where}
            for side, one in (("a", each.a), ("b", each.b))
        },
        "evidence": each.evidence,
        "against": each.against,
        "merge": f"directory merge {each.a.id} {each.b.id}",
        "keep_apart": f"directory merge {each.a.id} {each.b.id} --not-same",
    }


@directory.command()
@click.argument("a")
@click.argument("b")
@click.option("--not-same", is_flag=True, help="They are not the same thing: keep them apart, or split them.")
@click.option("--forget", is_flag=True, help="Take the decision back; the automatic rule holds again.")
@json_option
@reports_errors
def merge(a: str, b: str, not_same: bool, forget: bool, as_json: bool) -> None:
    """Decide that A and B are one resource, or (--not-same) that they are not.

    A and B are ids of resources, or SOURCE:ID of listings. The decision survives every import; a later one replaces it.
    The smaller id stays, the other one leads to it.
    """
    if not_same and forget:
        raise click.UsageError("--not-same decides and --forget takes a decision back; give one of them")
    now = _opened().merge(a, b, today(), same=None if forget else not not_same)
    if as_json:
        click.echo(
            json.dumps({"decision": "forgotten" if forget else "not_same" if not_same else "same", "resources": now})
        )
        return
    ids = " and ".join(str(each) for each in now)
    state = f"one resource now, {ids}" if len(now) == 1 else f"resources {ids} now"
    done = "the decision is taken back" if forget else "kept apart" if not_same else "joined"
    click.echo(f"{a} and {b}: {done}; {state}")


@directory.command()
@click.argument("resource")
@click.argument("pairs", nargs=-1, metavar="[FIELD=VALUE]...")
@click.option("--by", help="Who says so.")
@click.option("--drop", multiple=True, metavar="FIELD", help="Take a correction back; may be given several times.")
@click.option("--list", "only_list", is_flag=True, help="List what is corrected; also without FIELD=VALUE.")
@json_option
@reports_errors
def correct(
    resource: str, pairs: Sequence[str], by: str | None, drop: Sequence[str], only_list: bool, as_json: bool
) -> None:
    """Correct fields of RESOURCE (its id, or SOURCE:ID of a listing); the sources' words no longer count for them.

    \b
    Fields and values are those of our own CSV (docs/formats.md); lists are separated by ";".
    An empty value clears the field: directory correct 12 url=
    Coordinates come as a pair: directory correct 12 latitude=41.88 longitude=-87.62
    """
    opened = _opened()
    if only_list or not (pairs or drop):
        _list_corrections(opened, resource, as_json)
        return
    done = [opened.drop_corrections(resource, drop)] if drop else []
    dropped = f"{', '.join(drop)} no longer corrected; " if drop else ""
    if pairs:
        done.append(opened.correct(resource, _fields(pairs), _name(by) if by else None, today()))
    if as_json:
        click.echo(json.dumps(_correction_json(done), ensure_ascii=False, indent=2))
        return
    for each in done:
        click.echo(f"resource {each.resource_id}: {dropped}{len(each.changes) or 'nothing'} changed")
        dropped = ""
        for name, (was, is_now) in each.changes.items():
            click.echo(f"  {name}: {was} -> {is_now}")
        for note in each.notes:
            click.echo(f"  note: {note}")


def _fields(pairs: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for pair in pairs:
        name, sign, value = pair.partition("=")
        name = name.strip().casefold()
        if not sign or not name:
            raise BadQuery(f"'{pair}' is not FIELD=VALUE, such as phone=202-555-0142", field="pairs")
        if name in found:
            raise BadQuery(f"{name} is given twice", field=name)
        found[name] = value
    return found


def _name(by: str) -> str:
    try:
        return clean.text(by, 300)
    except ValueError as error:
        raise BadQuery(f"--by {error}", field="by") from None


def _correction_json(done: Sequence[Corrected]) -> dict[str, object]:
    return {
        "resource": done[-1].resource_id,
        "changes": {name: list(pair) for each in done for name, pair in each.changes.items()},
        "notes": [note for each in done for note in each.notes],
    }


def _list_corrections(opened: Directory, resource: str, as_json: bool) -> None:
    held = opened.corrections_of(resource)
    rows = [
        {
            "listing": str(each.ref),
            "field": each.field,
            "value": corrections.spelt(each.field, each.value),
            "source_value": None
            if each.field in {corrections.CHECKED, corrections.HIDING}
            else corrections.spelt(each.field, each.source_value),
            "made_on": each.made_on.isoformat(),
            "made_by": each.made_by,
        }
        for each in held
    ]
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    for row in rows:
        said = f" (the source: {row['source_value']})" if row["source_value"] is not None else ""
        who = f" by {row['made_by']}" if row["made_by"] else ""
        click.echo(f"{row['listing']}  {row['field']}: {row['value']}{said}, {row['made_on']}{who}")
    if not rows:
        click.echo(f"nothing of {resource} is corrected")


@directory.command()
@click.argument("resource", required=False)
@click.option("--by", help="Who called.")
@click.option("--on", metavar="DATE", help="The day of the call, such as 2026-08-31; today unless told.")
@click.option(
    "--csv", "file", type=click.Path(path_type=Path), help="Read back a call list of 'directory stale --csv'."
)
@json_option
@reports_errors
def confirm(resource: str | None, by: str | None, on: str | None, file: Path | None, as_json: bool) -> None:
    """Keep that somebody called the number of RESOURCE and it is right, or take in a whole call list.

    In a call list, result is confirmed, changed (with new_phone), closed, no_answer or wrong_number; rows without one
    are left for later. Rows that cannot be used are told, the others are done; then the exit code is 1.
    """
    if (resource is None) == (file is None):
        raise click.UsageError("name a RESOURCE, or a call list with --csv FILE")
    day = _day(on) if on else None
    who = _name(by) if by else None
    if file is not None:
        _take_list(file, _opened().take_calls(list(calls.read(file, who, day, today()))), as_json)
        return
    if who is None:
        raise click.UsageError("say who called, with --by NAME")
    done = _opened().confirm(resource or "", who, day or today())
    if as_json:
        click.echo(json.dumps({"resource": done.resource_id, "checked_by": who, "last_checked": str(day or today())}))
        return
    click.echo(f"resource {done.resource_id}: checked on {day or today()} by {who}")


def _take_list(file: Path, called: calls.Called, as_json: bool) -> None:
    if as_json:
        answer = {
            **{str(result): ids for result, ids in called.results.items()},
            "not_called": called.not_called,
            "problems": [saying.problem_json(problem) for problem in called.problems],
        }
        click.echo(json.dumps(answer, ensure_ascii=False, indent=2))
    else:
        for result, ids in called.results.items():
            if ids:
                click.echo(f"{_RESULTS[result]}: {len(ids)} ({', '.join(ids)})")
        if called.not_called:
            click.echo(f"not called yet: {called.not_called}")
        for problem in called.problems:
            click.echo(f"refused: {problem}")
        if not any(called.results.values()):
            click.echo(f"{file.name}: nothing was done")
    if called.problems:
        sys.exit(1)


def _day(cell: str) -> date:
    try:
        return clean.iso_date(cell, today())
    except ValueError as error:
        raise BadQuery(f"--on '{cell}' {error}", field="on") from None


def _opened() -> Directory:
    settings = config()
    load_when_empty(settings)
    return open_directory(settings)
