"""A call list read back in: what came of each call, and what the directory says since."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from pathlib import Path

from sqlalchemy import Connection, select

from directory import clean, correcting, naming, phones
from directory.correcting import Wanted
from directory.errors import DirectoryError
from directory.importers import delimited
from directory.importers.textfile import name_of
from directory.models import Resource
from directory.naming import Named
from directory.needs import Vocabulary
from directory.records import Phone, Problem

REQUIRED = ("id", "result")


class Result(StrEnum):
    """What came of a call."""

    CONFIRMED = "confirmed"
    CHANGED = "changed"
    CLOSED = "closed"
    NO_ANSWER = "no_answer"
    WRONG_NUMBER = "wrong_number"


@dataclass(frozen=True, slots=True)
class Call:
    """One row of a call list on which somebody called: ``on`` the day, ``by`` whom."""

    file: str
    row: int
    resource: str
    result: Result
    phone: str
    new_phone: str
    by: str
    on: date


@dataclass(slots=True)
class Called:
    """What came of a call list: the resources by result, rows not called yet, and what could not be used."""

    results: dict[Result, list[str]] = field(default_factory=lambda: {result: [] for result in Result})
    not_called: int = 0
    problems: list[Problem] = field(default_factory=list)


class _Bad(Exception):
    def __init__(self, column: str | None, value: str, reason: str) -> None:
        super().__init__(reason)
        self.column, self.value, self.reason = column, value, reason


def read(path: Path, by: str | None, on: date | None, today: date) -> Iterator[Call | Problem | None]:
    """Yield each row of a call list as a call, as what is wrong with it, or None where nobody called yet.

    ``by`` and ``on`` count where a row does not say who called, or when.

    Raises:
        UnreadableFile: what ``delimited.open_rows`` refuses; a list without ids or results.
    """
    opened = delimited.open_rows(path, required=REQUIRED)
    names = [name.casefold() for name in opened.header]
    seen: dict[str, int] = {}
    for record in opened.rows:
        cells = {name: clean.unquoted(cell).strip() for name, cell in zip(names, record.cells, strict=False)}
        if not record.whole or record.faults:
            reason = "; ".join(fault.reason for fault in record.faults) or "cannot be read as a row"
            yield Problem(name_of(path), record.number, None, "", reason)
            continue
        if not cells.get("result"):
            yield None
            continue
        try:
            call = _call(name_of(path), record.number, cells, by, on, today)
            if call.resource in seen:
                raise _Bad("id", call.resource, f"stands already in row {seen[call.resource]}")
        except _Bad as bad:
            yield Problem(name_of(path), record.number, bad.column, bad.value, bad.reason)
            continue
        seen[call.resource] = call.row
        yield call


def _call(file: str, row: int, cells: Mapping[str, str], by: str | None, on: date | None, today: date) -> Call:
    given = cells["result"].casefold().replace(" ", "_").replace("-", "_")
    if given not in set(Result):
        raise _Bad("result", cells["result"], f"is not a result; write {', '.join(Result)}, or nothing")
    result = Result(given)
    if result is Result.CHANGED and not cells.get("new_phone"):
        raise _Bad("new_phone", "", "is empty although result is changed")
    if not cells["id"]:
        raise _Bad("id", "", "is empty")
    who = cells.get("confirmed_by") or by or ""
    if not who:
        raise _Bad("confirmed_by", "", "is empty; say who called, or give --by NAME")
    try:
        who = clean.text(who, 300)
    except ValueError as error:
        raise _Bad("confirmed_by", who, str(error)) from None
    day = on or today
    if cells.get("confirmed_on"):
        try:
            day = clean.iso_date(cells["confirmed_on"], today)
        except ValueError as error:
            raise _Bad("confirmed_on", cells["confirmed_on"], str(error)) from None
    return Call(file, row, cells["id"], result, cells.get("phone", ""), cells.get("new_phone", ""), who, day)


def take(
    connection: Connection, found: Sequence[Call | Problem | None], vocabulary: Vocabulary
) -> tuple[Called, set[int]]:
    """Store what came of each call; return that, and the listings whose resources are to be built anew."""
    called, touched = Called(), set[int]()
    for each in found:
        if each is None:
            called.not_called += 1
        elif isinstance(each, Problem):
            called.problems.append(each)
        else:
            try:
                named = naming.named(connection, each.resource)
                _take(connection, each, named, vocabulary)
            except _Bad as bad:
                called.problems.append(Problem(each.file, each.row, bad.column, bad.value, bad.reason))
            except DirectoryError as error:
                called.problems.append(Problem(each.file, each.row, None, "", error.message))
            else:
                called.results[each.result].append(each.resource)
                touched |= {member.id for member in named.members}
    return called, touched


def _take(connection: Connection, call: Call, named: Named, vocabulary: Vocabulary) -> None:
    wanted = Wanted({}, call.by, call.on)
    _same_number(connection, call, named)
    listing = correcting.as_shown(connection, named)
    if call.result is Result.CONFIRMED:
        correcting.check(connection, named, wanted)
    elif call.result is Result.WRONG_NUMBER:
        correcting.check(connection, named, wanted, works=False)
    elif call.result is Result.CHANGED:
        values = correcting.read({"phone": call.new_phone}, listing, vocabulary, call.on)
        correcting.check(connection, named, wanted, values["phone"])
        correcting.store(connection, named, Wanted(values, call.by, call.on))
    elif call.result is Result.CLOSED:
        values = correcting.read({"status": "closed"}, listing, vocabulary, call.on)
        correcting.store(connection, named, Wanted(values, call.by, call.on))


def _same_number(connection: Connection, call: Call, named: Named) -> None:
    """Refuse a call to a number that is not shown any more: nobody called the one that is."""
    query = select(Resource.phone, Resource.country).where(Resource.id == named.resource_id)
    shown_phone, country = connection.execute(query).one()
    try:
        listed = phones.dialable(call.phone, country or "") if call.phone else None
    except ValueError:
        return
    if listed is not None and shown_phone is not None and listed.number != shown_phone:
        now = phones.display(Phone(shown_phone), country or "")
        raise _Bad("phone", call.phone, f"is not the number shown any more; that is {now}: call it")
