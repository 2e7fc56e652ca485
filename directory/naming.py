"""A resource as a maintainer names it: by its id, or by SOURCE:ID of one of its listings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, select

from directory.errors import BadQuery, NotFound
from directory.models import Listing, ResourceAlias, Source
from directory.records import loads
from directory.sameness import Sourced

_BATCH = 500


@dataclass(frozen=True, slots=True)
class Named:
    """A resource somebody named: all its listings, and which of them were meant (all, or the one named)."""

    words: str
    resource_id: int
    members: tuple[Sourced, ...]
    meant: tuple[Sourced, ...]


def named(connection: Connection, words: str) -> Named:
    """Return the resource with this id, also one merged into another, or the one of the listing SOURCE:ID.

    Raises:
        NotFound: there is none.
        BadQuery: neither an id nor SOURCE:ID.
    """
    if words.isascii() and words.isdigit() and len(words) < 19:
        aliased = select(ResourceAlias.resource_id).where(ResourceAlias.old_id == int(words))
        resource_id = connection.execute(aliased).scalar_one_or_none() or int(words)
        members = _members(connection, resource_id)
        if not members:
            raise NotFound(f"there is no resource {words}; the address of its page ends in its id", field="resource")
        return Named(words, resource_id, members, members)
    splits = [(words[:place], words[place + 1 :]) for place, letter in enumerate(words) if letter == ":"]
    if not splits:
        raise BadQuery(
            f"'{words}' is neither the id of a resource nor SOURCE:ID of a listing, such as therapists:us-il-17",
            field="resource",
        )
    for key, external_id in splits:
        query = select(Listing.id, Listing.resource_id).join(Source, Source.id == Listing.source_id)
        row = connection.execute(query.where(Source.key == key, Listing.external_id == external_id)).one_or_none()
        if row is not None:
            members = _members(connection, row.resource_id)
            return Named(words, row.resource_id, members, tuple(each for each in members if each.id == row.id))
    raise NotFound(f"there is no listing '{words}'; 'directory stats' names the sources", field="resource")


def sourced(connection: Connection, listing_ids: Iterable[int]) -> Iterator[Sourced]:
    """Yield listings with what is known of their sources, in order of id."""
    ordered = sorted(listing_ids)
    for start in range(0, len(ordered), _BATCH):
        query = (
            select(Listing.id, Listing.record, Listing.resource_id, Source.name, Source.retrieved, Source.key)
            .join(Source, Source.id == Listing.source_id)
            .where(Listing.id.in_(ordered[start : start + _BATCH]))
            .order_by(Listing.id)
        )
        for row in connection.execute(query):
            yield Sourced(row.id, loads(row.record), row.name, row.retrieved, row.resource_id, row.key)


def _members(connection: Connection, resource_id: int) -> tuple[Sourced, ...]:
    ids = connection.execute(select(Listing.id).where(Listing.resource_id == resource_id)).scalars().all()
    return tuple(sourced(connection, ids))
