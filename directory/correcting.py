"""Corrections made: ``field=value`` as a maintainer types it, cleaned as a cell of our own CSV, and stored."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from directory import corrections, merge
from directory.corrections import CHECKED, DOOR, HIDING
from directory.errors import BadQuery, NotFound
from directory.importers import own, rules
from directory.importers.cells import Setting, nearest, read_cells
from directory.models import Correction, Resource
from directory.models import Listing as StoredListing
from directory.naming import Named
from directory.needs import Vocabulary
from directory.records import Listing, Phone, Point, dumps, hashed, shown
from directory.sameness import Sourced

_NOT_HERE = {
    "id": "is the source's and stays",
    "source_url": "says where the source has it from, and stays",
    "last_checked": "is set by: directory confirm ID --by NAME --on DATE",
    "checked_by": "is set by: directory confirm ID --by NAME --on DATE",
}
_POSITION = ("latitude", "longitude")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody wants corrected: ``values`` by field of ``Listing``, and who says so."""

    values: Mapping[str, Any]
    by: str | None
    on: date


@dataclass(slots=True)
class Corrected:
    """What a correction did to a resource: each field with the words shown before and after, and what to know of it."""

    resource_id: int
    changes: dict[str, tuple[str, str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def tell(self, before: Mapping[str, str], after: Mapping[str, str]) -> None:
        """Add what changed between two ``shown_fields``; what was shown of a place that is hidden now is not repeated."""
        hidden = before[HIDING] != after[HIDING]
        self.changes = {
            name: (rules.WITHHELD if hidden and name != HIDING else was, after[name])
            for name, was in before.items()
            if was != after[name]
        }


def as_shown(connection: Connection, named: Named) -> Listing:
    """Return the listing a resource is known by, with what is corrected of it."""
    group = [each for each in named.meant if each.listing.confidential_location] or named.meant
    held = corrections.of(named.members, corrections.load(connection))
    return merge.as_corrected(merge.lead_of(group).listing, held.values)


def shown_fields(connection: Connection, resource_id: int, vocabulary: Vocabulary) -> dict[str, str]:
    """Return what is shown of a resource in words, by the columns of our own CSV."""
    row = connection.execute(select(*Resource.__table__.columns).where(Resource.id == resource_id)).mappings().one()
    values: dict[str, Any] = {name: row[name] for name in own.FORMAT.columns if name in row}
    values["phone"] = corrections.numbers((row["phone"], row["phone_extension"], row["phone_press"], None))
    values["needs"] = list(vocabulary.keys(row["stated"]))
    return {name: _spelt(value) for name, value in values.items() if name != "id"}


def _spelt(value: Any) -> str:
    if value is None or value == []:
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ";".join(value) if isinstance(value, list) else str(value)


def read(pairs: Mapping[str, str], listing: Listing, vocabulary: Vocabulary, today: date) -> dict[str, Any]:
    """Return the fields that ``field=value`` pairs set, cleaned as cells of our own CSV; an empty value clears.

    Raises:
        BadQuery: a field we do not have or that is not corrected here, a value its column refuses, one coordinate
            without the other, what would leave no way to be reached.
    """
    columns = own.FORMAT.columns
    for name in pairs:
        if name in _NOT_HERE:
            raise BadQuery(f"{name} {_NOT_HERE[name]}", field=name)
        if name not in columns:
            near = nearest(name, columns)
            hint = f"did you mean '{near}'?" if near else "docs/formats.md lists them all"
            raise BadQuery(f"{shown(name)} is not a field of a listing; {hint}", field=name)
    cells = {name: cell for name, raw in pairs.items() if (cell := raw.strip())}
    country = cells.get("country", "") or listing.country or ""
    named = {name: columns[name] for name in pairs}
    setting = Setting("", vocabulary, today)
    if "country" in cells:
        read_country, _ = read_cells({"country": columns["country"]}, cells, setting, {})
        country = read_country.get("country", "")
    values, faults = read_cells(named, cells, Setting(country, vocabulary, today), {})
    cleared = {name for name in pairs if name not in cells}
    faults.extend(_pair_faults(pairs, cells))
    if HIDING in pairs and values.get(HIDING) is not True and all(name != HIDING for name, *_ in faults):
        faults.append(
            (HIDING, pairs[HIDING], "cannot be corrected but to yes; what a source calls confidential stays so, and "
             f"--drop {HIDING} takes an own correction back")
        )  # fmt: skip
    if listing.confidential_location or values.get(HIDING):
        faults.extend(
            (name, rules.WITHHELD, "cannot be given: the location is confidential")
            for name in rules.HIDDEN
            if name in cells
        )
    if not faults:
        wanted = {name: value for name, value in values.items() if name not in _POSITION}
        for name in cleared - set(_POSITION):
            wanted[name] = corrections.value_of(name, None)
        if _POSITION[0] in pairs:
            wanted["point"] = Point(values["latitude"], values["longitude"]) if "latitude" in values else None
        faults = _broken_rules(listing, wanted)
    if faults:
        raise BadQuery("; ".join(_words(*fault) for fault in faults), field=faults[0][0])
    return wanted


def _pair_faults(pairs: Mapping[str, str], cells: Mapping[str, str]) -> list[tuple[str | None, str, str]]:
    found: list[tuple[str | None, str, str]] = []
    for one, other in (_POSITION, _POSITION[::-1]):
        if (one in pairs) != (other in pairs) and one in pairs:
            found.append((other, "", f"is not given; correct {one} and {other} together"))
        elif one in cells and other not in cells:
            found.append((other, "", f"is empty although {one} is given"))
    return found


def _broken_rules(listing: Listing, wanted: Mapping[str, Any]) -> list[tuple[str | None, str, str]]:
    """Return what the listing breaks of the rules of a row because of the correction, and did not break before."""
    base = corrections.hide(listing) if wanted.get(HIDING) else listing
    after = replace(base, **wanted)
    given, values = _cells(after)
    before = set(rules.problems(*_cells(listing)))
    return [
        (name, given.get(name or "", ""), reason)
        for name, reason in rules.problems(given, values)
        if (name, reason) not in before
    ]


def _cells(listing: Listing) -> tuple[dict[str, str], dict[str, Any]]:
    """Return a listing as the cells that have text in them, and their values, for ``rules``."""
    stated = json.loads(dumps(listing))
    values: dict[str, Any] = {
        name: getattr(listing, name) for name in own.FORMAT.columns if name in stated and stated[name] is not None
    }
    if listing.point is not None:
        values |= {"latitude": listing.point.latitude, "longitude": listing.point.longitude}
    return {name: str(value) for name, value in values.items()}, values


def _words(name: str | None, value: str, reason: str) -> str:
    if name is None:
        return f"then it {reason}"
    return f"{name}: {shown(value)} {reason}" if value else f"{name} {reason}"


def store(connection: Connection, named: Named, wanted: Wanted) -> Corrected:
    """Keep a correction of a resource, each field by the listing whose fact is shown; the resource is not rebuilt yet.

    Raises:
        BadQuery: the name tells the street of a location that becomes confidential.
    """
    done = Corrected(named.resource_id)
    hiding = bool(wanted.values.get(HIDING))
    if hiding and (dropped := hide(connection, named.members, wanted)):
        done.notes.append(f"{', '.join(dropped)} told where it is and is left out")
    for name, value in wanted.values.items():
        if name == HIDING:
            continue
        keeper = _keeper(named.meant, name)
        listing = corrections.hide(keeper.listing) if hiding else keeper.listing
        written = corrections.text_of(replace(listing, **{name: value}), name)
        _forget(connection, named, name)
        put(connection, keeper, name, written, corrections.text_of(listing, name), wanted)
    if (
        "point" not in wanted.values
        and not merge.ADDRESS.isdisjoint(wanted.values)
        and any(each.listing.point for each in named.members)
    ):
        done.notes.append(
            "the source's coordinates are those of the former address and are left out: it is placed by its postal code. "
            "Give latitude= and longitude= to place it exactly"
        )
    return done


def _keeper(meant: Sequence[Sourced], name: str) -> Sourced:
    """Return the listing whose fact is shown: the first that states the field; a confidential one before all others."""
    candidates: Sequence[Sourced] = [each for each in meant if each.listing.confidential_location] or meant
    lead = merge.lead_of(candidates)
    stating: Callable[[Sourced], bool] = lambda each: corrections.text_of(each.listing, name) is not None  # noqa: E731
    return next((each for each in (lead, *merge.by_date(candidates)) if stating(each)), lead)


def put(
    connection: Connection,
    keeper: Sourced,
    name: str,
    written: str | None,
    source_value: str | None,
    wanted: Wanted,
) -> None:
    """Store one correction in place of the former one of that field."""
    here = (Correction.source == keeper.ref.source, Correction.external_id == keeper.ref.external_id)
    connection.execute(delete(Correction).where(*here, Correction.field == name))
    connection.execute(
        insert(Correction).values(
            source=keeper.ref.source,
            external_id=keeper.ref.external_id,
            field=name,
            value=written,
            source_value=source_value,
            made_on=wanted.on,
            made_by=wanted.by,
        )
    )


def hide(connection: Connection, members: Sequence[Sourced], wanted: Wanted) -> list[str]:
    """Make listings of one resource confidential, in what is stored and in what is remembered.

    Returns the columns that told where they are and are left out.

    Raises:
        BadQuery: the name, or what else is ``wanted``, tells the street.
    """
    held = corrections.load(connection)
    corrected = corrections.of(members, held).values
    door = {name: value for name, value in corrected.items() if name in DOOR}
    secrets = {
        secret
        for each in members
        for listing in (each.listing, replace(each.listing, **door))
        for secret in corrections.secrets_of(listing)
    }
    hidden = tuple(sorted(secrets))
    telling = [
        name
        for name, value in wanted.values.items()
        if name != HIDING and rules.tells(json.dumps(value, default=str, ensure_ascii=False), hidden)
    ]
    if telling:
        raise BadQuery(f"{telling[0]} tells the street or the coordinates of a confidential location; take them out")
    if "name" not in wanted.values and any(rules.tells(each.listing.name, hidden) for each in members):
        raise BadQuery("its name tells the street; give name= in the same command, without the street", field="name")
    dropped = set()
    for each in members:
        listing = corrections.hide(each.listing)
        dropped |= {n for n in merge.WORDS if getattr(listing, n) is None and getattr(each.listing, n) is not None}
        # The street could be guessed from the hash of its row.
        forgotten = {**hashed(listing), "raw_hash": None}
        connection.execute(update(StoredListing).where(StoredListing.id == each.id).values(**forgotten))
        corrections.forget_geocoded(connection, each.listing)
        put(connection, each, HIDING, "true", None, wanted)
    corrections.forget_door(connection, [each.ref for each in members], hidden)
    return sorted(dropped)


def drop(connection: Connection, named: Named, names: Sequence[str]) -> Corrected:
    """Take corrections back, so that the sources' words count again.

    Raises:
        NotFound: such a field is not corrected.
    """
    done = Corrected(named.resource_id)
    refs = [each.ref for each in named.members]
    for name in names:
        stored = "point" if name in _POSITION else CHECKED if name == "checked_by" else name
        if not _forget(connection, named, stored):
            held = corrections.load(connection)
            fields = sorted({each.field for ref in refs for each in held.get(ref, ())}) or ["nothing"]
            raise NotFound(
                f"{name} of resource {named.resource_id} is not corrected; corrected is: {', '.join(fields)}",
                field=name,
            )
        if stored == HIDING:
            done.notes.append(
                "it stays confidential until the next import of its source, which brings its street back: the street was not kept"
            )
    return done


def check(
    connection: Connection, named: Named, wanted: Wanted, phone: Phone | None = None, *, works: bool = True
) -> None:
    """Keep that a resource's number was called and works, or does not: the one shown, or ``phone`` just corrected.

    Raises:
        BadQuery: somebody checked it later than that.
    """
    columns = (Resource.phone, Resource.phone_extension, Resource.phone_press, Resource.sms)
    query = select(*columns, Resource.last_checked, Resource.checked_by).where(Resource.id == named.resource_id)
    row = connection.execute(query).mappings().one()
    if row["last_checked"] is not None and row["last_checked"] > wanted.on:
        raise BadQuery(
            f"resource {named.resource_id} was checked later than that, on {row['last_checked'].isoformat()}"
            f"{' by ' + row['checked_by'] if row['checked_by'] else ''}; nothing was changed",
            field="on",
        )
    called = merge.contact({**row})
    if phone is not None:
        called = (phone.number, phone.extension, phone.press, row["sms"])
    _forget(connection, named, CHECKED)
    on = json.dumps(wanted.on.isoformat()) if works else None
    put(connection, merge.lead_of(named.members), CHECKED, on, json.dumps(called), wanted)


def _forget(connection: Connection, named: Named, name: str) -> int:
    taken = 0
    for each in named.members:
        here = (Correction.source == each.ref.source, Correction.external_id == each.ref.external_id)
        taken += connection.execute(delete(Correction).where(*here, Correction.field == name)).rowcount
    return taken
