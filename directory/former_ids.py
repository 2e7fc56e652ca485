"""The ids that resources had before they were merged away, by listing: old links find what they meant when it is split again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sqlalchemy import ColumnElement, Connection, delete, insert, select

from directory.models import FormerId, Resource
from directory.sameness import Sourced

_BATCH = 500


def of(connection: Connection, affected: Sequence[Sourced]) -> dict[int, int]:
    """Return the former id of each listing that has one, where nothing else has it."""
    return _kept(connection, [each.id for each in affected], FormerId.resource_id.not_in(select(Resource.id)))


def remember(
    connection: Connection, affected: Sequence[Sourced], moves: Sequence[Mapping[str, int]], *, gone: set[int]
) -> None:
    """Keep the id that each moved listing leaves behind, where that is gone; forget it where it has it again.

    Of several merges in a row the first id is kept: it is the listing's own.
    """
    target = {move["listing"]: move["resource"] for move in moves}
    known = _kept(connection, [each.id for each in affected if each.id in target])
    returned = [listing for listing, resource in target.items() if known.get(listing) == resource]
    for batch in _batches(returned):
        connection.execute(delete(FormerId).where(FormerId.listing_id.in_(batch)))
    new = [
        {"listing_id": each.id, "resource_id": each.resource_id}
        for each in affected
        if each.id in target and each.id not in known and each.resource_id in gone
    ]
    if new:
        connection.execute(insert(FormerId), new)


def _kept(connection: Connection, listing_ids: Sequence[int], *where: ColumnElement[bool]) -> dict[int, int]:
    """Return the ids kept of some listings."""
    found: dict[int, int] = {}
    if connection.execute(select(FormerId.listing_id).limit(1)).first() is None:  # nothing was ever merged away
        return found
    for batch in _batches(listing_ids):
        these = select(FormerId.listing_id, FormerId.resource_id).where(FormerId.listing_id.in_(batch), *where)
        found.update({row.listing_id: row.resource_id for row in connection.execute(these)})
    return found


def _batches(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(ids), _BATCH):
        yield ids[start : start + _BATCH]
