"""Which listings are the same thing. Automatic only when certain; what a maintainer decided outranks the rule.

Two listings are the same when they share a typed identifier, or the same full name, street and postal code with
neither ages nor audiences contradicting (docs/decisions/merge.md).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from hashlib import blake2b

from directory import merge_keys
from directory.records import Kind, Listing

# A practice and a programme at one address are often one site seen by two directories; lines and groups never are.
_SITE_KINDS = frozenset({Kind.THERAPIST, Kind.TREATMENT_PROGRAM})
_AGE_BANDS = frozenset({"children", "adolescents", "young_adults", "adults", "older_adults"})
_SEXES = frozenset({"men", "women"})
DECIDED = "decided: not the same"


@dataclass(frozen=True, slots=True, order=True)
class Ref:
    """A listing by its source's key and its id there: what stays the same when it goes and comes back."""

    source: str
    external_id: str

    def __str__(self) -> str:
        return f"{self.source}:{self.external_id}"


@dataclass(frozen=True, slots=True)
class Sourced:
    """A listing as stored: its row id, its source's name and date, and the resource it belongs to so far."""

    id: int
    listing: Listing
    source_name: str
    source_date: date | None
    resource_id: int | None
    source_key: str = ""

    @property
    def ref(self) -> Ref:
        """Return the listing's source and id there."""
        return Ref(self.source_key, self.listing.external_id)


@dataclass(frozen=True, slots=True)
class Decisions:
    """What maintainers decided, each pair both ways: the ``same`` thing since a day, or to be kept ``apart``."""

    same: Mapping[Ref, Mapping[Ref, date]] = field(default_factory=dict)
    apart: Mapping[Ref, frozenset[Ref]] = field(default_factory=dict)


NONE_MADE = Decisions()


def pair_key(a: Ref, b: Ref) -> str:
    """Return the key that two listings decided to be the same share."""
    one, other = sorted((a, b))
    parts = "\x1f".join((one.source, one.external_id, other.source, other.external_id))
    return "decided:" + blake2b(parts.encode(), digest_size=16).hexdigest()


def contradiction(a: Sourced, b: Sourced, decisions: Decisions = NONE_MADE) -> str | None:
    """Return why two listings that share a key are not certainly the same thing, or None when nothing speaks against it."""
    one, other = a.listing, b.listing
    if _kept_apart(a, b, decisions):
        return DECIDED
    if not may_be_one(one.kind, other.kind):
        return "different kinds"
    if set(one.identifiers) & set(other.identifiers):
        return None
    return _difference(a, b)


def may_be_one(a: Kind, b: Kind) -> bool:
    """Return whether two kinds can be one resource at all."""
    return a == b or {a, b} <= _SITE_KINDS


def would_reveal(a: Listing, b: Listing) -> bool:
    """Return whether keeping two listings apart could show the door of a confidential one: only one of them hides it."""
    return a.confidential_location != b.confidential_location and bool(set(a.identifiers) & set(b.identifiers))


def groups(members: Sequence[Sourced], decisions: Decisions = NONE_MADE) -> list[list[Sourced]]:
    """Return the members as groups of the same thing, each in order of listing id: by the keys they share, then as decided.

    Of decisions that exclude each other, "not the same" holds; then the older "same".
    """
    if len(members) == 1:
        return [list(members)]
    return _as_decided(_by_keys(members, decisions), decisions)


def _by_keys(members: Sequence[Sourced], decisions: Decisions) -> list[list[Sourced]]:
    found: list[list[Sourced]] = []
    group_keys: list[set[str]] = []
    for member in sorted(members, key=lambda each: each.id):
        own = set(merge_keys.joining(member.listing))
        joined = [
            number
            for number, group in enumerate(found)
            if own & group_keys[number] and all(contradiction(member, other, decisions) is None for other in group)
        ]
        if not joined:
            found.append([member])
            group_keys.append(own)
            continue
        first, *others = joined
        found[first].append(member)
        group_keys[first] |= own
        for number in reversed(others):
            pairs = ((a, b) for a in found[first] for b in found[number])
            if all(contradiction(a, b, decisions) is None for a, b in pairs):
                found[first].extend(found.pop(number))
                group_keys[first] |= group_keys.pop(number)
    return found


def _as_decided(found: list[list[Sourced]], decisions: Decisions) -> list[list[Sourced]]:
    """Join the groups that hold a pair decided to be the same, unless that would join a pair decided not to be."""
    group_of = {member.ref: number for number, group in enumerate(found) for member in group}
    pairs = sorted(
        (decided, a, b) for a in group_of for b, decided in decisions.same.get(a, {}).items() if a < b and b in group_of
    )
    for _, a, b in pairs:
        one, other = sorted((group_of[a], group_of[b]))
        if one == other or any(_excluded(x, y, decisions) for x in found[one] for y in found[other]):
            continue
        for member in found[other]:
            group_of[member.ref] = one
        found[one].extend(found[other])
        found[other] = []
    return [sorted(group, key=lambda each: each.id) for group in found if group]


def _excluded(a: Sourced, b: Sourced, decisions: Decisions) -> bool:
    return _kept_apart(a, b, decisions) or not may_be_one(a.listing.kind, b.listing.kind)


def _kept_apart(a: Sourced, b: Sourced, decisions: Decisions) -> bool:
    return b.ref in decisions.apart.get(a.ref, ()) and not would_reveal(a.listing, b.listing)


def _difference(a: Sourced, b: Sourced) -> str | None:
    one, other = a.listing, b.listing
    if _ages_stated(one) and _ages_stated(other) and _ages(one) != _ages(other):
        return "different ages"
    if (limit := _other_audience(one, other)) is not None:
        return f"different audiences: {limit}"
    if a.source_key == b.source_key and one.phone and other.phone and one.phone != other.phone:
        return "different phone numbers in one source"
    return None


def _ages_stated(listing: Listing) -> bool:
    return listing.minimum_age is not None or listing.maximum_age is not None


def _ages(listing: Listing) -> tuple[int, int | None]:
    return listing.minimum_age or 0, listing.maximum_age


def _other_audience(a: Listing, b: Listing) -> str | None:
    """Return in what merging would promise somebody what one of the two does not offer, or None.

    One more group served (veterans, LGBTQ people) is no contradiction. No group in common is; and so is another limit:
    one sex only, other age groups, or age groups where the other has none and no ages in years keep the limit.
    """
    one, other = frozenset(a.audiences), frozenset(b.audiences)
    if not (one and other) or one == other:
        return None
    if not one & other:
        return "none in common"
    if _only_sex(one) != _only_sex(other):
        return "one is for one sex"
    bands, other_bands = one & _AGE_BANDS, other & _AGE_BANDS
    unlike = bands != other_bands if bands and other_bands else False
    unkept = not (bands and other_bands) and ((bands and not _ages_stated(a)) or (other_bands and not _ages_stated(b)))
    return "other age groups" if unlike or unkept else None


def _only_sex(audiences: frozenset[str]) -> str | None:
    found = audiences & _SEXES
    return next(iter(found)) if len(found) == 1 else None
