"""What maintainers decided of listings, the same thing or not: kept by the sources' ids, so that it outlives every import."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import product

from sqlalchemy import ColumnElement, Connection, and_, delete, insert, select

from directory.models import MergeDecision
from directory.sameness import Decisions, Ref, Sourced


def load(connection: Connection) -> Decisions:
    """Return every decision."""
    same: dict[Ref, dict[Ref, date]] = {}
    apart: dict[Ref, set[Ref]] = {}
    for row in connection.execute(select(MergeDecision)):
        a, b = Ref(row.a_source, row.a_external_id), Ref(row.b_source, row.b_external_id)
        for one, other in ((a, b), (b, a)):
            if row.same:
                same.setdefault(one, {})[other] = row.decided_on
            else:
                apart.setdefault(one, set()).add(other)
    return Decisions(same, {ref: frozenset(others) for ref, others in apart.items()})


def store(connection: Connection, a: Sequence[Sourced], b: Sequence[Sourced], on: date, *, same: bool) -> None:
    """Keep that the listings of ``a`` and those of ``b`` are the same thing, or that they are not; a former decision goes."""
    forget(connection, a, b)
    rows = [
        {
            "a_source": one.source, "a_external_id": one.external_id, "b_source": other.source,
            "b_external_id": other.external_id, "same": same, "decided_on": on,
        }
        for one, other in _pairs(a, b)
    ]  # fmt: skip
    connection.execute(insert(MergeDecision), rows)


def forget(connection: Connection, a: Sequence[Sourced], b: Sequence[Sourced]) -> int:
    """Take back what was decided between these listings; return how many pairs that were."""
    taken = 0
    for one, other in _pairs(a, b):
        taken += connection.execute(delete(MergeDecision).where(_of(one, other))).rowcount
    return taken


def _pairs(a: Sequence[Sourced], b: Sequence[Sourced]) -> list[tuple[Ref, Ref]]:
    return sorted({(min(x.ref, y.ref), max(x.ref, y.ref)) for x, y in product(a, b) if x.ref != y.ref})


def _of(one: Ref, other: Ref) -> ColumnElement[bool]:
    columns = MergeDecision.a_source, MergeDecision.a_external_id, MergeDecision.b_source, MergeDecision.b_external_id
    given = (one.source, one.external_id, other.source, other.external_id)
    return and_(*(column == value for column, value in zip(columns, given, strict=True)))
