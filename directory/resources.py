"""listing -> resource: which listings are one, and the rows they make. Called inside the one writing transaction."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple, cast

from sqlalchemy import Connection, Table, bindparam, delete, func, insert, select, text, update

from directory import (
    corrections,
    decisions,
    engines,
    former_ids,
    gathering,
    hsds_store,
    index,
    merge,
    merge_keys,
    sameness,
    staging,
    stored,
    withholding,
)
from directory.corrections import Held
from directory.geocoding import Gazetteer
from directory.id_list import IdList
from directory.models import Listing, MergeKey, Meta, Resource, ResourceAlias, Source
from directory.naming import sourced
from directory.needs import Vocabulary
from directory.sameness import Decisions, Ref, Sourced

_BATCH = 500
# So many listings are made resources at once.
AT_ONCE = 2_000
_STREAMED = {"yield_per": 20_000}
# A key found by itself takes as long as so many read in order.
_MANY = 10
_KEYS = cast(Table, MergeKey.__table__)
_JOINING = (MergeKey.key.not_like(f"{merge_keys.DOOR}%"), MergeKey.key.not_like(f"{merge_keys.HIDDEN}%"))
_COLUMNS = tuple(column.name for column in Resource.__table__.columns if column.name != "modified_at")


def refresh(
    connection: Connection,
    listing_ids: IdList,
    vocabulary: Vocabulary,
    gazetteer: Gazetteer,
    *,
    emptied: Collection[int] = (),
    index_too: bool = True,
) -> dict[int, int]:
    """Rebuild the resources of some listings and, unless told not to, index them.

    ``emptied`` are the resources that deleted listings belonged to. A resource whose columns are as before keeps its row,
    and with it ``modified_at``. Returns the listings that left a resource, each with its id. Some thousand listings are
    held in memory at a time, with all they may be one with.
    """
    joined = _joined(connection) if are_many(connection, listing_ids) else None
    maker = _Maker(connection, vocabulary, gazetteer, decisions.load(connection), corrections.load(connection), joined)
    changed, moved = array("q"), dict[int, int]()
    done = maker.make(set(), set(emptied), changed, moved) if emptied else set()
    for some in listing_ids.batches(AT_ONCE):
        if wanted := set(some) - done:
            done |= maker.make(wanted, set(), changed, moved)
        done = {each for each in done if each > some[-1]}
    hsds_store.settle(connection)
    connection.execute(delete(ResourceAlias).where(ResourceAlias.resource_id.not_in(select(Resource.id))))
    connection.execute(update(Meta).where(Meta.key == "data_version").values(value=Meta.value + 1))
    if index_too:
        index.update(connection, IdList(changed))
    return moved


@dataclass(frozen=True, slots=True)
class _Maker:
    """Makes resources of listings, some at a time. ``joined`` are those that share a key with another; None: not known."""

    connection: Connection
    vocabulary: Vocabulary
    gazetteer: Gazetteer
    decided: Decisions
    corrected: Mapping[Ref, Sequence[Held]]
    joined: IdList | None

    def make(self, listing_ids: set[int], emptied: set[int], changed: array[int], moved: dict[int, int]) -> set[int]:
        """Make the resources of these listings and of all that may be one with them; return the ids of all of those.

        Adds to the resources that ``changed`` and the listings that ``moved``.
        """
        connection, decided = self.connection, self.decided
        keyed = _closure(connection, set(listing_ids), emptied, self.joined)
        beside = withholding.beside(connection, [each.said for each in keyed.values()], emptied) - keyed.keys()
        if beside:
            hsds_store.settle(connection)  # some of these may have been made already, and are made anew
            keyed = _closure(connection, keyed.keys() | beside, emptied, self.joined)
        affected = [each.said for each in keyed.values()]
        before = emptied | {each.resource_id for each in affected if each.resource_id is not None}
        first_new = new_id = connection.execute(select(Meta.value).where(Meta.key == "next_resource_id")).scalar_one()
        former = former_ids.of(connection, affected)
        alive: set[int] = set()
        built: list[tuple[list[Sourced], dict[str, Any]]] = []
        moves: list[dict[str, int]] = []
        for group in _components(keyed.values(), decided):
            held = sorted({each.resource_id for each in group if each.resource_id is not None} - alive)
            returning = sorted({former[each.id] for each in group if each.id in former} - before - alive)
            if held:
                own = held[0]
            elif returning:
                own = returning[0]
            else:
                own, new_id = new_id, new_id + 1
            alive.add(own)
            moves.extend({"listing": each.id, "resource": own} for each in group if each.resource_id != own)
            built.append((group, {"id": own, **self._columns(group, group)}))
        doubted = withholding.withheld(connection, built, decided)
        rows = [
            {"id": row["id"], **self._columns(group, merge.hidden(group))} if row["id"] in doubted else row
            for group, row in built
        ]
        changed.extend(_store(connection, rows, before - alive, first_new))
        move = "UPDATE listing SET resource_id = ? WHERE id = ?"
        engines.many(connection, move, [(each["resource"], each["listing"]) for each in moves])
        former_ids.remember(connection, affected, moves, gone=before - alive)
        _store_aliases(connection, before - alive, alive, affected, moves)
        connection.execute(update(Meta).where(Meta.key == "next_resource_id").values(value=new_id))
        left = {each.id: each.resource_id for each in affected if each.resource_id is not None}
        moved.update({move["listing"]: left[move["listing"]] for move in moves if move["listing"] in left})
        return {each.id for each in affected}

    def _columns(self, group: Sequence[Sourced], shown: Sequence[Sourced]) -> dict[str, Any]:
        """Return the columns of a group of listings, ``shown`` as they are, with what was corrected of them."""
        return merge.resource(shown, self.vocabulary, self.gazetteer, corrections.of(group, self.corrected))


def _store(connection: Connection, rows: Sequence[dict[str, Any]], gone: set[int], first_new: int) -> set[int]:
    """Write the resources that differ from what is stored; return their ids and those of the ones that are gone.

    None with an id from ``first_new`` on is stored.
    """
    now = datetime.now(UTC).replace(tzinfo=None)
    columns = [getattr(Resource, name) for name in _COLUMNS]
    changed = set(gone)
    for batch in _batches(gone):
        connection.execute(delete(Resource).where(Resource.id.in_(batch)))
        hsds_store.forget(connection, batch)
    for start in range(0, len(rows), _BATCH):
        batch_rows = rows[start : start + _BATCH]
        known = [row["id"] for row in batch_rows if row["id"] < first_new]
        found = connection.execute(select(*columns).where(Resource.id.in_(known))) if known else ()
        before = {row.id: tuple(row) for row in found}
        new = [
            row for row in batch_rows
            if row["id"] not in before or before[row["id"]] != tuple(row[name] for name in _COLUMNS)
        ]  # fmt: skip
        if not new:
            continue
        if replaced := [row["id"] for row in new if row["id"] in before]:
            connection.execute(delete(Resource).where(Resource.id.in_(replaced)))
            hsds_store.forget(connection, replaced)
        stored.write(connection, [{**row, "modified_at": now} for row in new])
        hsds_store.remember(connection, new)
        changed.update(row["id"] for row in new)
    return changed


def store_keys(connection: Connection, listing_ids: Iterable[int]) -> None:
    """Write anew the merge keys of some listings: what they say themselves, their door, and what was decided of them."""
    decided = decisions.load(connection)
    for batch in _batches(listing_ids):
        rows = [(each.id, merge_keys.of(each.listing)) for each in sourced(connection, batch)]
        _gather_keys(connection, rows, decided)
    gathering.settle(connection, _KEYS)


def store_staged_keys(connection: Connection, source_id: int, listing_ids: Iterable[int]) -> None:
    """Write anew the merge keys of listings of a source that came in with the rows that are staged, which bring them."""
    decided = decisions.load(connection)
    for batch in _batches(listing_ids):
        staged = connection.execute(
            text(staging.KEYS).bindparams(bindparam("ids", batch, expanding=True)), {"source": source_id}
        )
        _gather_keys(
            connection, [(row.id, row.merge_keys.split("\n") if row.merge_keys else []) for row in staged], decided
        )
    gathering.settle(connection, _KEYS)


def _gather_keys(connection: Connection, said: Sequence[tuple[int, list[str]]], decided: Decisions) -> None:
    ids = [each for each, _ in said]
    connection.execute(delete(MergeKey).where(MergeKey.listing_id.in_(ids)))
    rows = {(key, each) for each, keys in said for key in keys}
    if decided.same:
        refs = select(Listing.id, Source.key, Listing.external_id).join(Source, Source.id == Listing.source_id)
        for row in connection.execute(refs.where(Listing.id.in_(ids))):
            own = Ref(row.key, row.external_id)
            rows |= {(sameness.pair_key(own, other), row.id) for other in decided.same.get(own, ())}
    gathering.gather(connection, _KEYS, list(rows))


def _closure(
    connection: Connection, listing_ids: set[int], resource_ids: set[int], joined: IdList | None
) -> dict[int, _Keyed]:
    """Return these listings, those of these resources, and all that share a resource or a merge key with any of them."""
    found: dict[int, _Keyed] = {}
    for batch in _batches(resource_ids):
        listing_ids |= set(connection.execute(select(Listing.id).where(Listing.resource_id.in_(batch))).scalars())
    frontier = set(listing_ids)
    while frontier:
        near: set[int] = set()
        for batch in _batches(frontier):
            found.update((each.id, _Keyed(each, [])) for each in sourced(connection, batch))
            resources = {found[each].said.resource_id for each in batch if each in found} - {None}
            if resources:
                near |= set(connection.execute(select(Listing.id).where(Listing.resource_id.in_(resources))).scalars())
            sharing = batch if joined is None else [each for each in batch if each in joined]
            if not sharing:
                continue
            own = (MergeKey.listing_id.in_(sharing), *_JOINING)
            for listing_id, key in connection.execute(select(MergeKey.listing_id, MergeKey.key).where(*own)):
                found[listing_id].keys.append(key)
            same_key = select(MergeKey.key).where(*own)
            near |= set(connection.execute(select(MergeKey.listing_id).where(MergeKey.key.in_(same_key))).scalars())
        frontier = near - found.keys()
    return {each: found[each] for each in sorted(found)}


def _joined(connection: Connection) -> IdList:
    """Return the listings that share a key they may be joined by with another one: all keys are read once, in order."""
    several = select(MergeKey.key).where(*_JOINING).group_by(MergeKey.key).having(func.count() > 1)
    sharing = select(MergeKey.listing_id).where(MergeKey.key.in_(several))
    return IdList(connection.execute(sharing, execution_options=_STREAMED).scalars())


def are_many(connection: Connection, listing_ids: IdList) -> bool:
    """Return whether these are so many of all listings that reading all keys in order takes less than finding theirs."""
    most = len(listing_ids) * _MANY
    counted = select(func.count()).select_from(select(Listing.id).limit(most).subquery())
    return bool(connection.execute(counted).scalar_one() < most)


class _Keyed(NamedTuple):
    """A listing with the keys it may be joined by."""

    said: Sourced
    keys: list[str]


def _components(affected: Iterable[_Keyed], decided: Decisions) -> Iterator[list[Sourced]]:
    """Yield the groups of listings that are one resource; only those that share a key are compared with each other."""
    leader: dict[str, str] = {}

    def find(key: str) -> str:
        while leader.setdefault(key, key) != key:
            leader[key] = leader[leader[key]]
            key = leader[key]
        return key

    for each in affected:
        for key in each.keys[1:]:
            leader[find(key)] = find(each.keys[0])
    together: dict[str, list[Sourced]] = {}
    for each in affected:
        together.setdefault(find(each.keys[0]) if each.keys else f"alone:{each.said.id}", []).append(each.said)
    for members in together.values():
        yield from sameness.groups(members, decided)


def _store_aliases(
    connection: Connection,
    gone: set[int],
    alive: set[int],
    affected: Sequence[Sourced],
    moves: Sequence[dict[str, int]],
) -> None:
    """Remember where each merged-away id went, by the listing whose it was; an id that lives again is no alias."""
    target = {move["listing"]: move["resource"] for move in moves}
    aliases = {each.resource_id: target[each.id] for each in affected if each.resource_id in gone and each.id in target}
    former = former_ids.of(connection, affected)
    for each in affected:
        if each.id in former and (now := target.get(each.id, each.resource_id)) is not None:
            aliases.setdefault(former[each.id], now)
    if connection.execute(select(ResourceAlias.old_id).limit(1)).first() is not None:
        for batch in _batches(alive | set(aliases)):
            connection.execute(delete(ResourceAlias).where(ResourceAlias.old_id.in_(batch)))
    for old, new in aliases.items():
        connection.execute(update(ResourceAlias).where(ResourceAlias.resource_id == old).values(resource_id=new))
        connection.execute(insert(ResourceAlias).values(old_id=old, resource_id=new))


def _batches(ids: Iterable[int]) -> Iterator[list[int]]:
    return (ids if isinstance(ids, IdList) else IdList(ids)).batches(_BATCH)
