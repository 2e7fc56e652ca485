"""listing -> resource: which listings are the same thing, and the rows they make. Called inside the one writing transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from directory import index, merge
from directory.geocoding import Gazetteer
from directory.models import Listing, MergeKey, Meta, Resource, ResourceAlias, Source
from directory.needs import Vocabulary
from directory.records import loads

_BATCH = 500


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What a refresh did: ``merged`` listings, and ``moved`` ones with the resource each belonged to before."""

    merged: int
    moved: Mapping[int, int]


def refresh(
    connection: Connection,
    touched: set[int],
    vocabulary: Vocabulary,
    gazetteer: Gazetteer,
    *,
    index_too: bool = True,
) -> Refreshed:
    """Rebuild the resources of some listings and, unless told not to, index them.

    ``touched`` holds ids of listings, and for deleted listings the negative id of the resource each belonged to.
    Returns how many listings share another one's resource, and which listings left the resource they belonged to.
    """
    emptied = {-each for each in touched if each < 0}
    affected = _closure(connection, {each for each in touched if each > 0}, emptied)
    before = emptied | {each.resource_id for each in affected if each.resource_id is not None}
    new_id = connection.execute(select(Meta.value).where(Meta.key == "next_resource_id")).scalar_one()
    now = datetime.now(UTC).replace(tzinfo=None)
    alive: set[int] = set()
    rows: list[dict[str, Any]] = []
    moves: list[dict[str, int]] = []
    merged = 0
    for group in _components(affected):
        held = sorted({each.resource_id for each in group if each.resource_id is not None} - alive)
        if held:
            own = held[0]
        else:
            own, new_id = new_id, new_id + 1
        alive.add(own)
        moves.extend({"listing": each.id, "resource": own} for each in group if each.resource_id != own)
        rows.append({"id": own, "modified_at": now, **merge.resource(group, vocabulary, gazetteer)})
        merged += len(group) - 1
    for batch in _batches(before | alive):
        connection.execute(delete(Resource).where(Resource.id.in_(batch)))
    for start in range(0, len(rows), _BATCH):
        connection.execute(insert(Resource), rows[start : start + _BATCH])
    if moves:
        move = update(Listing).where(Listing.id == bindparam("listing")).values(resource_id=bindparam("resource"))
        connection.execute(move, moves)
    _store_aliases(connection, before - alive, alive, affected, moves)
    connection.execute(update(Meta).where(Meta.key == "next_resource_id").values(value=new_id))
    connection.execute(update(Meta).where(Meta.key == "data_version").values(value=Meta.value + 1))
    if index_too:
        index.update(connection, before | alive)
    moved = {each.id: each.resource_id for each in affected if each.resource_id is not None}
    return Refreshed(merged, {move["listing"]: moved[move["listing"]] for move in moves if move["listing"] in moved})


def store_keys(connection: Connection, listing_ids: Sequence[int]) -> None:
    """Write anew the merge keys of some listings."""
    connection.execute(delete(MergeKey).where(MergeKey.listing_id.in_(listing_ids)))
    records = connection.execute(select(Listing.id, Listing.record).where(Listing.id.in_(listing_ids)))
    rows = [
        {"key": key, "listing_id": row.id} for row in records for key in dict.fromkeys(merge.keys(loads(row.record)))
    ]
    if rows:
        connection.execute(insert(MergeKey), rows)


def _closure(connection: Connection, listing_ids: set[int], resource_ids: set[int]) -> list[merge.Sourced]:
    """Return these listings, those of these resources, and all that share a resource or a merge key with any of them."""
    found: dict[int, merge.Sourced] = {}
    for batch in _batches(resource_ids):
        listing_ids |= set(connection.execute(select(Listing.id).where(Listing.resource_id.in_(batch))).scalars())
    frontier = set(listing_ids)
    while frontier:
        near: set[int] = set()
        for batch in _batches(frontier):
            resources: set[int] = set()
            query = (
                select(Listing.id, Listing.record, Listing.resource_id, Source.name, Source.retrieved)
                .join(Source, Source.id == Listing.source_id)
                .where(Listing.id.in_(batch))
            )
            for row in connection.execute(query):
                found[row.id] = merge.Sourced(row.id, loads(row.record), row.name, row.retrieved, row.resource_id)
                if row.resource_id is not None:
                    resources.add(row.resource_id)
            same_key = select(MergeKey.key).where(MergeKey.listing_id.in_(batch))
            near |= set(connection.execute(select(MergeKey.listing_id).where(MergeKey.key.in_(same_key))).scalars())
            near |= set(connection.execute(select(Listing.id).where(Listing.resource_id.in_(resources))).scalars())
        frontier = near - found.keys()
    return [found[each] for each in sorted(found)]


def _components(affected: Sequence[merge.Sourced]) -> Iterator[list[merge.Sourced]]:
    """Yield the groups of listings that are one resource; only those that share a key are compared with each other."""
    leader: dict[str, str] = {}

    def find(key: str) -> str:
        while leader.setdefault(key, key) != key:
            leader[key] = leader[leader[key]]
            key = leader[key]
        return key

    own_keys = {each.id: merge.keys(each.listing) for each in affected}
    for keys in own_keys.values():
        for key in keys[1:]:
            leader[find(key)] = find(keys[0])
    together: dict[str, list[merge.Sourced]] = {}
    for each in affected:
        keys = own_keys[each.id]
        together.setdefault(find(keys[0]) if keys else f"alone:{each.id}", []).append(each)
    for members in together.values():
        yield from merge.groups(members)


def _store_aliases(
    connection: Connection,
    gone: set[int],
    alive: set[int],
    affected: Sequence[merge.Sourced],
    moves: Sequence[dict[str, int]],
) -> None:
    """Remember where each merged-away id went; an id that lives again is no alias."""
    target = {move["listing"]: move["resource"] for move in moves}
    aliases = {each.resource_id: target[each.id] for each in affected if each.resource_id in gone and each.id in target}
    for batch in _batches(alive | set(aliases)):
        connection.execute(delete(ResourceAlias).where(ResourceAlias.old_id.in_(batch)))
    for old, new in aliases.items():
        connection.execute(update(ResourceAlias).where(ResourceAlias.resource_id == old).values(resource_id=new))
        connection.execute(insert(ResourceAlias).values(old_id=old, resource_id=new))
    connection.execute(delete(ResourceAlias).where(ResourceAlias.resource_id.not_in(select(Resource.id))))


def _batches(ids: Iterable[int]) -> Iterator[list[int]]:
    ordered = sorted(ids)
    for start in range(0, len(ordered), _BATCH):
        yield ordered[start : start + _BATCH]
