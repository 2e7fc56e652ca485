"""What maintainers corrected and confirmed: read, laid over what the sources say, and held against what they say now.

A correction is of one field. It is kept by the source and id of the listing whose fact was shown, and outranks every
listing of that resource. A confirmed number is kept as the field ``last_checked``, with the number that was called.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields, replace
from datetime import date
from typing import Any

from sqlalchemy import Connection, delete, select, text, update
from sqlalchemy.orm import aliased

from directory import merge, phones
from directory.importers import rules
from directory.models import Correction, GeocodedAddress, ImportRun, ListingChange, Resource, Source
from directory.models import Listing as StoredListing
from directory.network_geocoders import address_of
from directory.records import Listing, Phone, Point, dumps, hashed, loads, without_door
from directory.sameness import Ref, Sourced

CHECKED = "last_checked"
HIDING = "confidential_location"
DOOR = ("address_1", "address_2", "postal_code", "point")
NAMELESS = "Confidential location"
_LEAST = {"external_id": "", "kind": "therapist", "name": "", "country": None}
_WORDS = ("name", *merge.WORDS, "address_1", "address_2", "replaced_by", "sms_keyword")


@dataclass(frozen=True, slots=True)
class Held:
    """One correction as stored; values are JSON as ``records.dumps`` writes a field, None for nothing."""

    ref: Ref
    field: str
    value: str | None
    source_value: str | None
    made_on: date
    made_by: str | None


def load(connection: Connection, source: str | None = None) -> dict[Ref, list[Held]]:
    """Return every correction (of one source) by its listing, in order of field."""
    found: dict[Ref, list[Held]] = defaultdict(list)
    query = select(Correction).order_by(Correction.source, Correction.external_id, Correction.field)
    if source is not None:
        query = query.where(Correction.source == source)
    for row in connection.execute(query.with_only_columns(*Correction.__table__.columns)):
        ref = Ref(row.source, row.external_id)
        found[ref].append(Held(ref, row.field, row.value, row.source_value, row.made_on, row.made_by))
    return found


def of(group: Sequence[Sourced], held: Mapping[Ref, Sequence[Held]]) -> merge.Corrected:
    """Return what is corrected of a group of listings; of several corrections of one field the newest.

    Beside a confidential listing no words count that were corrected on an open one: they might tell the door.
    """
    if not held:
        return merge.AS_SAID
    confidential = any(each.listing.confidential_location for each in group)
    newest: dict[str, Held] = {}
    for member in group:
        for each in held.get(member.ref, ()):
            guarded = confidential and not member.listing.confidential_location and each.field in _WORDS
            if guarded or (confidential and each.field in DOOR) or each.field == HIDING:
                continue
            if each.field not in newest or each.made_on >= newest[each.field].made_on:
                newest[each.field] = each
    check = _check(newest.pop(CHECKED)) if CHECKED in newest else None
    return merge.Corrected({name: value_of(name, each.value) for name, each in newest.items()}, check)


def _check(held: Held) -> merge.Check:
    one, two, three, four = json.loads(held.source_value or "[null,null,null,null]")
    on = None if held.value is None else date.fromisoformat(json.loads(held.value))
    return merge.Check((one, two, three, four), on, held.made_by, held.made_on)


def text_of(listing: Listing, field: str) -> str | None:
    """Return one field of a listing as ``records.dumps`` writes it, None for nothing."""
    values = json.loads(dumps(listing))
    return json.dumps(values[field], ensure_ascii=False) if field in values else None


def value_of(field: str, written: str | None) -> Any:
    """Return what ``text_of`` wrote."""
    if written is None:
        default = next(each.default for each in fields(Listing) if each.name == field)
        return None if default is MISSING else default
    return getattr(loads(json.dumps({**_LEAST, field: json.loads(written)})), field)


def spelt(field: str, written: str | None) -> str:
    """Return a stored value in words, as a cell of our own CSV would say it."""
    value = None if written is None else value_of(field, written)
    if value is None or value == ():
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Phone):
        return phones.display(value, "")
    if isinstance(value, Point):
        return f"{value.latitude}, {value.longitude}"
    return "; ".join(value) if isinstance(value, tuple) else str(value)


def hidden_ids(connection: Connection, source: str) -> frozenset[str]:
    """Return the ids of a source's listings that a maintainer made confidential."""
    query = select(Correction.external_id).where(Correction.source == source, Correction.field == HIDING)
    return frozenset(connection.execute(query).scalars())


def hide(listing: Listing) -> Listing:
    """Return a listing as confidential: without its door, and without the words that tell it."""
    secrets = secrets_of(listing)
    telling = [name for name in _WORDS if rules.tells(getattr(listing, name) or "", secrets)]
    nothing: dict[str, Any] = dict.fromkeys(name for name in telling if name != "name")
    bare = replace(without_door(listing), **nothing)
    return replace(bare, name=NAMELESS) if "name" in telling else bare


def secrets_of(listing: Listing) -> tuple[str, ...]:
    """Return the street and the position of a listing as its words might repeat them."""
    cells = {"address_1": listing.address_1 or ""}
    if listing.point is not None:
        cells |= {"latitude": str(listing.point.latitude), "longitude": str(listing.point.longitude)}
    return rules.secrets(cells)


def forget_door(connection: Connection, refs: Iterable[Ref], secrets: tuple[str, ...]) -> None:
    """Take the door out of what is remembered of listings that are confidential from now on: corrections and former states."""
    for ref in refs:
        here = (Correction.source == ref.source, Correction.external_id == ref.external_id)
        connection.execute(delete(Correction).where(*here, Correction.field.in_(DOOR)))
        for row in connection.execute(select(Correction.field, Correction.value, Correction.source_value).where(*here)):
            if row.field == CHECKED:
                continue
            if rules.tells(row.value or "", secrets):
                connection.execute(delete(Correction).where(*here, Correction.field == row.field))
            elif rules.tells(row.source_value or "", secrets):
                bare = update(Correction).where(*here, Correction.field == row.field)
                connection.execute(bare.values(source_value=None))
        _forget_former(connection, ref)


def _forget_former(connection: Connection, ref: Ref) -> None:
    former = connection.execute(
        select(ListingChange.import_run_id, ListingChange.record)
        .join(ImportRun, ImportRun.id == ListingChange.import_run_id)
        .join(Source, Source.id == ImportRun.source_id)
        .where(
            Source.key == ref.source, ListingChange.external_id == ref.external_id, ListingChange.record.is_not(None)
        )
    ).all()
    for row in former:
        here = (ListingChange.import_run_id == row.import_run_id, ListingChange.external_id == ref.external_id)
        connection.execute(update(ListingChange).where(*here).values(**hashed(hide(loads(row.record or "")))))


def forget_confidential(connection: Connection, source: str, source_id: int) -> None:
    """Take the door out of the corrections of staged listings that are confidential from now on."""
    is_hidden = text("external_id IN (SELECT external_id FROM staging WHERE record LIKE :confidential)")
    named = {"confidential": '%"confidential_location":true%'}
    here = select(StoredListing.external_id, StoredListing.record).where(
        StoredListing.source_id == source_id, is_hidden
    )
    stored = {row.external_id: loads(row.record) for row in connection.execute(here, named)}
    for listing in stored.values():
        forget_geocoded(connection, listing)
    corrected = select(Correction.external_id).where(Correction.source == source, is_hidden).distinct()
    streets = select(Correction.external_id, Correction.value).where(
        Correction.source == source, Correction.field == "address_1", Correction.value.is_not(None)
    )
    written = {row.external_id: str(json.loads(row.value)) for row in connection.execute(streets)}
    for external_id in connection.execute(corrected, named).scalars().all():
        secrets = secrets_of(stored[external_id]) if external_id in stored else ()
        secrets += rules.secrets({"address_1": written.get(external_id, "")})
        forget_door(connection, [Ref(source, external_id)], secrets)


def forget_geocoded(connection: Connection, listing: Listing) -> None:
    """Take out what a network geocoder answered for the address of a listing that is confidential from now on."""
    asked = address_of(replace(listing, point=None, confidential_location=False))
    if asked is not None:
        connection.execute(delete(GeocodedAddress).where(GeocodedAddress.address == asked.line))


def conflicts(connection: Connection, source: str, source_id: int) -> Iterator[str]:
    """Yield a sentence for every correction of a source's listings whose field the source has changed since.

    It is said at every import until the correction is made anew or dropped.
    """
    held = load(connection, source)
    shown = (StoredListing.external_id, StoredListing.record, *Resource.__table__.columns)
    ids = sorted(ref.external_id for ref in held)
    for start in range(0, len(ids), 500):
        query = select(*shown).join(Resource, Resource.id == StoredListing.resource_id)
        here = (StoredListing.source_id == source_id, StoredListing.external_id.in_(ids[start : start + 500]))
        for row in connection.execute(query.where(*here).order_by(StoredListing.external_id)).mappings():
            listing = loads(row["record"])
            for each in held[Ref(source, row["external_id"])]:
                hidden = row["confidential_location"] and each.field in (*DOOR, *_WORDS)
                if each.field not in {CHECKED, HIDING} and not hidden:
                    yield from _contested(each, listing, row)
    yield from _outdated(connection, source_id)


def _outdated(connection: Connection, source_id: int) -> Iterator[str]:
    """Yield a sentence for every confirmed number that a resource with a listing of this source no longer shows."""
    # Asked of each correction: there are few of them, and a source may have a million resources.
    of_source = aliased(StoredListing)
    is_touched = select(of_source.id).where(of_source.resource_id == Resource.id, of_source.source_id == source_id)
    query = (
        select(Correction, *Resource.__table__.columns)
        .join(Source, Source.key == Correction.source)
        .join(
            StoredListing,
            (StoredListing.source_id == Source.id) & (StoredListing.external_id == Correction.external_id),
        )
        .join(Resource, Resource.id == StoredListing.resource_id)
        .where(Correction.field == CHECKED, Correction.value.is_not(None), is_touched.exists())
        .order_by(Resource.id)
    )
    columns = (*Correction.__table__.columns, *Resource.__table__.columns)
    for row in connection.execute(query.with_only_columns(*columns)).mappings():
        held = Held(
            Ref(row["source"], row["external_id"]),
            CHECKED,
            row["value"],
            row["source_value"],
            row["made_on"],
            row["made_by"],
        )
        called, now = _check(held), merge.contact({**row})
        if called.on is not None and called.contact != now:
            yield (
                f"resource {row['id']} ({row['name']}), phone: {numbers(called.contact)} was confirmed on "
                f"{called.on.isoformat()} by {called.by}; the source now says {numbers(now)}, so that no longer counts. "
                f"Call it, then: directory confirm {row['id']} --by NAME"
            )


def _contested(held: Held, listing: Listing, resource: Mapping[Any, Any]) -> Iterator[str]:
    now = text_of(listing, held.field)
    if now in {held.source_value, held.value}:
        return
    name = "latitude and longitude" if held.field == "point" else held.field
    who = f" by {held.made_by}" if held.made_by else ""
    dropped = "latitude" if held.field == "point" else held.field
    yield (
        f"resource {resource['id']} ({resource['name']}), {name}: the source said {spelt(held.field, held.source_value)} and "
        f"now says {spelt(held.field, now)}; the correction of {held.made_on.isoformat()}{who} says "
        f"{spelt(held.field, held.value)} and is what is shown. To keep it, correct it again; to take the source's word: "
        f"directory correct {resource['id']} --drop {dropped}"
    )


def numbers(contact: merge.Contact) -> str:
    """Return in words how somebody is reached: the phone, and where to text."""
    phone, extension, press, sms = contact
    ways = [phones.display(Phone(phone, extension, press), "")] if phone else []
    return " and ".join([*ways, *([f"text {sms}"] if sms else [])]) or "no number"
