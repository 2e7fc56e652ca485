"""What an import came to: listings merged, neighbours kept apart and why, positions and how they are known."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

from sqlalchemy import Connection, Select, case, distinct, exists, func, select, text
from sqlalchemy.orm import aliased

from directory import clean, decisions, merge_keys, naming, resources, sameness, staging
from directory.id_list import IdList
from directory.models import Listing, MergeKey, Resource
from directory.sameness import Decisions, Sourced

NO_DOOR = "no door"
NOWHERE = "none"
_BATCH = 500
_STREAMED = {"yield_per": _BATCH}
# Pairs of one name at one door that are compared; a thousand clinics of one name in one tower would be half a million.
_COMPARED = 5_000


_IN_FILE = text(staging.IN_FILE)
_OTHER = aliased(MergeKey)


def merged(connection: Connection, source_id: int) -> int:
    """Return how many listings share another one's resource, among the resources of the rows that are staged."""
    here = select(Listing.resource_id).where(Listing.source_id == source_id, _IN_FILE)
    query = select(func.count() - func.count(distinct(Listing.resource_id))).where(Listing.resource_id.in_(here))
    return int(connection.execute(query).scalar_one())


def placed(connection: Connection, source_id: int) -> Counter[str]:
    """Return how many listings of the rows that are staged lie where, by how the position is known."""
    doorless = Resource.address_1.is_(None) & Resource.postal_code.is_(None) & Resource.city.is_(None)
    how = case((Resource.precision.is_not(None), Resource.precision), (doorless, NO_DOOR), else_=NOWHERE)
    query = (
        select(how, func.count())
        .select_from(Listing)
        .join(Resource, Resource.id == Listing.resource_id)
        .where(Listing.source_id == source_id, _IN_FILE)
        .group_by(how)
    )
    return Counter(dict(sorted(connection.execute(query))))


def kept_apart(connection: Connection, touched: IdList) -> Counter[str]:
    """Return how many pairs of resources at one street and postal code are not one, by the reason.

    Of every pair at least one has one of the ``touched`` listings. A pair that differs in several ways is counted once: names,
    then suites, then what ``sameness.contradiction`` says.
    """
    decided = decisions.load(connection)
    found: Counter[str] = Counter()
    for doors in _doors(connection, touched):
        members = {each.id: each for each in naming.sourced(connection, {i for ids in doors for i in ids})}
        for ids in doors:
            found.update(_reasons([members[each] for each in ids], touched, decided))
    return +found


def _doors(connection: Connection, touched: IdList) -> Iterator[list[list[int]]]:
    """Yield the listings behind doors of several resources, a batch of doors at a time, all with a touched listing among them."""
    seen: set[str] = set()
    for shared in _shared_doors(connection, touched):
        query = (
            select(MergeKey.key, Listing.id, Listing.resource_id)
            .join(Listing, Listing.id == MergeKey.listing_id)
            .where(MergeKey.key.in_(shared))
            .order_by(MergeKey.key, Listing.id)
        )
        behind: dict[str, dict[int, int | None]] = defaultdict(dict)
        for key, listing_id, resource_id in connection.execute(query):
            if key not in seen:
                behind[key][listing_id] = resource_id
        several = {key: list(ids) for key, ids in behind.items() if len(set(ids.values())) > 1}
        seen |= several.keys()
        yield list(several.values())


def _shared_doors(connection: Connection, touched: IdList) -> Iterator[Sequence[str] | Select[str]]:
    """Yield the keys of doors of several listings, a batch at a time, all with a touched listing among them."""
    is_door = MergeKey.key.like(f"{merge_keys.DOOR}%")
    if resources.are_many(connection, touched):
        shared = select(MergeKey.key).where(is_door).group_by(MergeKey.key).having(func.count() > 1)
        yield from connection.execute(shared, execution_options=_STREAMED).scalars().partitions()
        return
    for batch in touched.batches(_BATCH):
        beside = exists().where(_OTHER.key == MergeKey.key, _OTHER.listing_id != MergeKey.listing_id)
        yield select(MergeKey.key).where(is_door, MergeKey.listing_id.in_(batch), beside)


def _reasons(members: Sequence[Sourced], touched: IdList, decided: Decisions) -> Counter[str]:
    """Return why the resources behind one door are several. Pairs without a name in common are counted, not compared."""
    here: dict[int, list[Sourced]] = defaultdict(list)
    for member in members:
        here[member.resource_id or 0].append(member)
    new = {resource_id for resource_id, group in here.items() if any(each.id in touched for each in group)}
    named: dict[str, set[int]] = defaultdict(set)
    for member in members:
        named[clean.match_key(member.listing.name)].add(member.resource_id or 0)
    alike = {pair for ids in named.values() for pair in combinations(sorted(ids), 2) if not new.isdisjoint(pair)}
    old = len(here) - len(new)
    keys = {each.id: frozenset(merge_keys.joining(each.listing)) for each in members} if alike else {}
    compared = sorted(alike)[:_COMPARED]
    found = Counter({"different names": _pairs(len(here)) - _pairs(old) - len(alike)})
    found.update(_reason(here[one], here[other], decided, keys) for one, other in compared)
    found["one name too often at one door to compare"] += len(alike) - len(compared)
    return found


def _reason(
    one: Sequence[Sourced], other: Sequence[Sourced], decided: Decisions, keys: Mapping[int, frozenset[str]]
) -> str:
    pairs = [(a, b) for a in one for b in other]
    reasons = {sameness.contradiction(a, b, decided) for a, b in pairs}
    if sameness.DECIDED in reasons:
        return sameness.DECIDED
    if not any(keys[a.id] & keys[b.id] for a, b in pairs):
        return "different suites"
    return min((reason for reason in reasons if reason), default="another listing merged with one of them contradicts")


def _pairs(count: int) -> int:
    return count * (count - 1) // 2
