"""A place that one source hides and another shows: its street is withheld until a maintainer has decided.

Somebody hid it for a reason, and a wrong guess here can show an abuser a door. So whatever has the name and the number of a
confidential listing, in the same city as far as both say one, is shown without its door: until ``directory merge A B``
(it is that place, and stays hidden) or ``--not-same`` (it is another, and is shown as its source says).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection, select

from directory import clean, merge_keys
from directory.models import Listing, MergeKey, Resource
from directory.naming import sourced
from directory.sameness import Decisions, Sourced

_BATCH = 500
T = TypeVar("T")


def beside(connection: Connection, affected: Sequence[Sourced], former: Collection[int] = ()) -> set[int]:
    """Return the listings of resources that share a number with a confidential one among the affected, as it was or is now.

    ``former`` are ids of resources that may be gone.
    """
    numbers = {
        each.listing.phone.number for each in affected if each.listing.confidential_location and each.listing.phone
    }
    resources = {*former, *(each.resource_id for each in affected if each.resource_id is not None)}
    for batch in _batches(sorted(resources)):
        hidden = select(Resource.phone).where(Resource.id.in_(batch), Resource.confidential_location.is_(True))
        numbers |= {number for number in connection.execute(hidden).scalars() if number}
    found: set[int] = set()
    for these in _batches(sorted(numbers)):
        same_number = select(Resource.id).where(Resource.phone.in_(these))
        found |= set(connection.execute(select(Listing.id).where(Listing.resource_id.in_(same_number))).scalars())
    return found


def withheld(
    connection: Connection, built: Sequence[tuple[Sequence[Sourced], Mapping[str, Any]]], decided: Decisions
) -> dict[int, list[Sourced]]:
    """Return which of the rows built are shown without a door, by id, with the confidential listings they may be."""
    wanted: dict[str, list[tuple[Sequence[Sourced], Mapping[str, Any]]]] = defaultdict(list)
    if not _any_hidden(connection):
        return {}
    for group, row in built:
        if row["phone"] and not row["confidential_location"]:
            wanted[merge_keys.hidden(row["name"], row["phone"])].append((group, row))
    found: dict[int, list[Sourced]] = {}
    for batch in _batches(sorted(wanted)):
        keys = select(MergeKey.key, MergeKey.listing_id).where(MergeKey.key.in_(batch))
        behind: dict[int, str] = {row.listing_id: row.key for row in connection.execute(keys)}
        for hidden in sourced(connection, behind):
            for group, row in wanted[behind[hidden.id]]:
                if _may_be_there(hidden, row) and not _is_another(hidden, group, decided):
                    found.setdefault(row["id"], []).append(hidden)
    return found


def undecided(connection: Connection, source_id: int, decided: Decisions) -> Iterator[tuple[Sourced, Sourced]]:
    """Yield each open listing that is shown without its door, and the confidential one it may be, where one is of this source."""
    if not _any_hidden(connection):
        return
    own = select(Listing.id).where(Listing.source_id == source_id)
    hidden_here = select(MergeKey.listing_id).where(MergeKey.key == merge_keys.ANY_HIDDEN, MergeKey.listing_id.in_(own))
    confidential = select(Resource.id).where(Resource.confidential_location.is_(True))
    open_here = own.where(Listing.resource_id.in_(confidential))
    ids = {*connection.execute(hidden_here).scalars(), *connection.execute(open_here).scalars()}
    affected = list(sourced(connection, ids))
    members = {each.id: each for each in sourced(connection, {*ids, *beside(connection, affected)})}
    by_resource: dict[int, list[Sourced]] = defaultdict(list)
    for each in members.values():
        by_resource[each.resource_id or 0].append(each)
    open_groups = [
        (group, {"id": number, **_as_row(group[0])})
        for number, group in sorted(by_resource.items())
        if not any(each.listing.confidential_location for each in group)
    ]
    for number, hidden in withheld(connection, open_groups, decided).items():
        yield by_resource[number][0], hidden[0]


def _as_row(member: Sourced) -> dict[str, Any]:
    listing = member.listing
    return {
        "name": listing.name, "phone": listing.phone.number if listing.phone else None, "confidential_location": False,
        "country": listing.country, "region": listing.region, "city": listing.city,
    }  # fmt: skip


def _any_hidden(connection: Connection) -> bool:
    hidden = select(MergeKey.listing_id).where(MergeKey.key == merge_keys.ANY_HIDDEN).limit(1)
    return connection.execute(hidden).first() is not None


def _may_be_there(hidden: Sourced, row: Mapping[str, Any]) -> bool:
    pairs = ((getattr(hidden.listing, name), row[name]) for name in ("country", "region", "city"))
    return all(clean.match_key(one) == clean.match_key(other) for one, other in pairs if one and other)


def _is_another(hidden: Sourced, group: Sequence[Sourced], decided: Decisions) -> bool:
    return all(hidden.ref in decided.apart.get(each.ref, ()) for each in group)


def _batches(values: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(values), _BATCH):
        yield values[start : start + _BATCH]
