"""The HSDS ids of resources: remembered with each resource, and the resources found by them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias, cast

from sqlalchemy import Connection, Select, Table, delete, select

from directory import gathering
from directory.hsds import ids
from directory.hsds.ids import ORGANIZATION, SERVICE_AT_LOCATION
from directory.models import HsdsId, Resource

_BATCH = 500
_TABLE = cast(Table, HsdsId.__table__)
Reading: TypeAlias = Connection
"""An open connection, for those who only pass it on."""


def remember(connection: Connection, rows: Iterable[Mapping[str, Any]]) -> None:
    """Gather the HSDS ids of new resources (their columns, ``id`` among them) until ``settle``; those of before are forgotten."""
    found = [(hsds_id, entity, row["id"]) for row in rows for entity, hsds_id in ids.of(row)]
    gathering.gather(connection, _TABLE, found)


def settle(connection: Connection) -> None:
    """Store what was gathered."""
    gathering.settle(connection, _TABLE)


def forget(connection: Connection, resource_ids: Sequence[int]) -> None:
    """Take the HSDS ids of some resources out, at most a few hundred at once."""
    connection.execute(delete(HsdsId).where(HsdsId.resource_id.in_(resource_ids)))


def holders(connection: Connection, entity: str, hsds_id: str) -> list[int]:
    """Return the ids of the resources behind an HSDS id, lowest first: one, or all those of an organization."""
    here = select(HsdsId.resource_id).where(HsdsId.entity == entity, HsdsId.id == hsds_id)
    return list(connection.execute(here.order_by(HsdsId.resource_id)).scalars())


def some_ids(connection: Connection) -> dict[str, str]:
    """Return an id of each entity, all of one resource; none of an empty directory."""
    first = ids_of(SERVICE_AT_LOCATION).order_by(HsdsId.resource_id).limit(1)
    found = connection.execute(select(HsdsId.entity, HsdsId.id).where(HsdsId.resource_id == first.scalar_subquery()))
    return {row.entity: row.id for row in found}


def rows(connection: Connection, resource_ids: Sequence[int], *names: str) -> list[dict[str, Any]]:
    """Return the columns of some resources, or those named, in the order of the ids; one gone by now is left out."""
    columns = [getattr(Resource, name) for name in ("id", *names)] if names else list(Resource.__table__.columns)
    found: dict[int, dict[str, Any]] = {}
    for start in range(0, len(resource_ids), _BATCH):
        here = Resource.id.in_(resource_ids[start : start + _BATCH])
        for row in connection.execute(select(*columns).where(here)).mappings():
            found[row["id"]] = dict(row)
    return [found[each] for each in resource_ids if each in found]


def by_organization(connection: Connection, resource_ids: Sequence[int]) -> Iterator[list[dict[str, Any]]]:
    """Yield for each of a few hundred resources the columns of all resources of its organization, lowest id first."""
    own = select(HsdsId.resource_id, HsdsId.id).where(
        HsdsId.entity == ORGANIZATION, HsdsId.resource_id.in_(resource_ids)
    )
    organization = {row.resource_id: row.id for row in connection.execute(own)}
    theirs = select(HsdsId.resource_id, HsdsId.id).where(
        HsdsId.entity == ORGANIZATION, HsdsId.id.in_(set(organization.values()))
    )
    owner = {row.resource_id: row.id for row in connection.execute(theirs)}
    members: dict[str, list[dict[str, Any]]] = {}
    for row in rows(connection, sorted(owner)):
        members.setdefault(owner[row["id"]], []).append(row)
    for each in resource_ids:
        if each in organization:
            yield members[organization[each]]


def ids_of(entity: str) -> Select[int]:
    """Return the statement of all resources that have an entity."""
    return select(HsdsId.resource_id).where(HsdsId.entity == entity)
