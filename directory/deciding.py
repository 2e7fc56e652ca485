"""Decisions made: two resources, or listings of them, are the same thing or not; what that asks to be built anew."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import product

from sqlalchemy import Connection

from directory import correcting, decisions
from directory.correcting import Wanted
from directory.errors import BadQuery, NotFound
from directory.naming import Named
from directory.sameness import Sourced, may_be_one, would_reveal


def join(connection: Connection, a: Named, b: Named, on: date) -> list[Sourced]:
    """Decide that two resources are one; two listings of one resource are decided to stay together.

    Where one of them is confidential, the open ones are from now on, as if corrected so: their street is forgotten. Returns
    those.

    Raises:
        BadQuery: twice the same; kinds that are never one resource; the name of an open one tells the street.
    """
    one, other = a.members, b.members
    if a.resource_id == b.resource_id:
        if not set(a.meant).isdisjoint(b.meant):
            raise BadQuery(f"{a.words} and {b.words} are the same resource, {a.resource_id}, already", field="resource")
        one, other = a.meant, b.meant
    for x, y in product(one, other):
        if not may_be_one(x.listing.kind, y.listing.kind):
            raise BadQuery(
                f"{x.ref} is a {x.listing.kind} and {y.ref} a {y.listing.kind}; these are never one resource. "
                "If one kind is wrong, put it right in its source first",
                field="resource",
            )
    decisions.store(connection, one, other, on, same=True)
    hidden = [each for each in (*one, *other) if each.listing.confidential_location]
    if not hidden:
        return []
    shown = [each for each in (*one, *other) if not each.listing.confidential_location]
    correcting.hide(connection, shown, Wanted({}, None, on))
    return shown


def keep_apart(connection: Connection, a: Named, b: Named, on: date) -> None:
    """Decide that two resources, or listings of one resource, are not the same thing.

    Raises:
        BadQuery: twice the same; one hides its door and shares an identifier with an open one, whose street might be the same.
    """
    one, other = _sides(a, b)
    for x, y in product(one, other):
        if would_reveal(x.listing, y.listing):
            hidden, shown = (x, y) if x.listing.confidential_location else (y, x)
            raise BadQuery(
                f"{hidden.ref} is confidential and shares an identifier with {shown.ref}; kept apart, {shown.ref} would show "
                "its street. Take the wrong identifier out of the source first",
                field="resource",
            )
    decisions.store(connection, one, other, on, same=False)


def forget(connection: Connection, a: Named, b: Named) -> None:
    """Take back what was decided of two resources or listings, so that the automatic rule holds again.

    Raises:
        NotFound: nothing was decided of them.
    """
    if not decisions.forget(connection, a.meant, b.meant):
        raise NotFound(f"nothing was decided of {a.words} and {b.words}", field="resource")


def _sides(a: Named, b: Named) -> tuple[Sequence[Sourced], Sequence[Sourced]]:
    """Return the listings of each side; a resource named beside one of its own listings means the others."""
    one = [each for each in a.meant if each not in b.meant] if len(a.meant) > len(b.meant) else list(a.meant)
    other = [each for each in b.meant if each not in one]
    if one and other:
        return one, other
    refs = [str(each.ref) for each in a.members]
    if len(refs) == 1:
        raise BadQuery(f"{a.words} and {b.words} are the same listing, {refs[0]}", field="resource")
    raise BadQuery(
        f"{a.words} and {b.words} are one resource, {a.resource_id}, of the listings {', '.join(refs)}; name two of these: "
        f"directory merge {refs[0]} {refs[1]} --not-same",
        field="resource",
    )
