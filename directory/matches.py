"""A resource as the answer to one search: distance, what it covers and why, open state, age of its facts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

from directory import hours
from directory.needs import Vocabulary
from directory.query import Cursor, Query
from directory.records import Kind, OpenState, Place, Precision
from directory.wording import _, language, named, translated

# How long facts stay good after their last check (design: crisis line 180 days, meeting 12 months, the rest 24).
LIMITS: Mapping[str, timedelta] = {
    Kind.CRISIS_LINE: timedelta(days=180),
    Kind.SUPPORT_GROUP: timedelta(days=365),
    Kind.THERAPIST: timedelta(days=730),
    Kind.TREATMENT_PROGRAM: timedelta(days=730),
}
EMERGENCY = "emergency_number"
# How a position may be known that is the place itself, not the centre of an area.
EXACT = frozenset({str(Precision.SOURCE), str(Precision.ADDRESS)})
MENTAL, SUBSTANCE = "mental_health", "substance_use"


@dataclass(frozen=True, slots=True)
class Match:
    """One resource in an answer. ``resource`` maps the columns of the table ``resource``; distances are kilometres.

    ``tier``: 1 integrated and reaching all needs, 2 states all, 3 reaches all, 4 all but one, and so on.
    ``relaxed`` is the radius beyond which it lies ("80", "160", "region", "country"), None when within what was asked.
    """

    resource: Mapping[str, Any]
    tier: int = 2
    chord_squared: int = 0
    distance_km: float | None = None
    needs_asked: tuple[str, ...] = ()
    needs_stated: tuple[str, ...] = ()
    needs_reached: tuple[str, ...] = ()
    reason: str = ""
    open: hours.Open = field(default_factory=lambda: hours.Open(OpenState.UNKNOWN, None))
    stale: bool = False
    relaxed: str | None = None

    @property
    def distance_is_approximate(self) -> bool:
        """Return whether the position is only an area's centre."""
        return self.distance_km is not None and self.resource["precision"] not in EXACT


@dataclass(frozen=True, slots=True)
class Relaxation:
    """Something that was widened so that the answer is not empty. ``what``: ``radius_km``, ``needs``, ``words``."""

    what: str
    value: str
    message: str


@dataclass(frozen=True, slots=True)
class Lift:
    """A hard wish without which there would be something to show: the parameter to drop, and how many it hides."""

    parameter: str
    values: tuple[str, ...]
    matches: int
    message: str


@dataclass(frozen=True, slots=True)
class Results:
    """The answer to a query: what was understood, what was relaxed, and three groups, best first."""

    query: Query
    country: str
    place: Place | None
    candidates: tuple[Place, ...] = ()
    place_not_found: bool = False
    relaxed: tuple[Relaxation, ...] = ()
    lifts: tuple[Lift, ...] = ()
    crisis: tuple[Match, ...] = ()
    nearby: tuple[Match, ...] = ()
    remote: tuple[Match, ...] = ()
    closer: Match | None = None
    next_page: Cursor | None = None


def facts_date(resource: Mapping[str, Any]) -> date | None:
    """Return the newest date anybody stands for: the last check, else the date of the source of the contact."""
    if resource["last_checked"] is not None:
        return resource["last_checked"]  # type: ignore[no-any-return]
    dates = [each["date"] for each in resource["sources"] if each["date"]]
    return date.fromisoformat(dates[0]) if dates else None


def is_stale(resource: Mapping[str, Any], at: datetime) -> bool:
    """Return whether the facts are past the limit of their kind. Facts nobody re-checked age from their source's date."""
    return _is_stale(resource, facts_date(resource), at)


def _is_stale(resource: Mapping[str, Any], dated: date | None, at: datetime) -> bool:
    return dated is not None and at.date() - dated > LIMITS[resource["kind"]]


def opening(resource: Mapping[str, Any], at: datetime) -> hours.Open:
    """Return one of the four answers to "open now", in the resource's own zone; never open when nobody knows how old it is."""
    dated = facts_date(resource)
    return _opening(resource, at, is_good=dated is not None and not _is_stale(resource, dated, at))


def _opening(resource: Mapping[str, Any], at: datetime, *, is_good: bool) -> hours.Open:
    return hours.open_state(
        resource["hours"],
        resource["timezone"],
        resource["country"],
        resource["region"],
        at,
        hours_note=resource["hours_note"],
        trusted=is_good and resource["status"] == "active",
    )


def reason(vocabulary: Vocabulary, resource: Mapping[str, Any], needs: tuple[str, ...]) -> str:
    """Return why a resource answers these needs, in words that promise only what its source says.

    "covers 2 of 2: depression, anxiety" is said of stated needs alone; what is only reached through the parent reads
    "general mental-health care: ask about anxiety".
    """
    if resource["kind"] == Kind.CRISIS_LINE and "information_and_referral" not in resource["approaches"]:
        return _line_reason(vocabulary, resource)
    if not needs:
        return _("helps people here")
    said = (resource["stated"], resource["reach"], bool(resource["integrated"]), tuple(resource["excludes"]))
    return _reason(vocabulary, *said, needs, language())


@lru_cache(maxsize=10_000)
def _reason(
    vocabulary: Vocabulary, stands_for: int, reach: int, integrated: bool, excludes: tuple[str, ...],
    needs: tuple[str, ...], _spoken: str,
) -> str:  # fmt: skip
    """Return why what states, reaches and excludes these needs answers those asked for; many resources say the same."""
    stated = [need for need in needs if stands_for >> vocabulary.needs[need].bit & 1]
    general = [need for need in needs if need not in stated and reach >> vocabulary.needs[need].bit & 1]
    missing = [need for need in needs if need not in stated and need not in general]
    parts = []
    families = {family(vocabulary, need) for need in needs}
    if integrated and {MENTAL, SUBSTANCE} <= families and not missing:
        parts.append(_("treats mental health and substance use together"))
    if stated:
        covers = {"stated": len(stated), "asked": len(needs), "needs": words(vocabulary, stated)}
        parts.append(_("covers {stated} of {asked}: {needs}", **covers))
    if mental := [need for need in general if vocabulary.needs[need].parent == MENTAL]:
        parts.append(_("general mental-health care: ask about {needs}", needs=words(vocabulary, mental)))
    if substance := [need for need in general if vocabulary.needs[need].parent == SUBSTANCE]:
        parts.append(_("general substance-use care: ask about {needs}", needs=words(vocabulary, substance)))
    for parent in (need for need in general if vocabulary.needs[need].parent is None):
        held = [key for key in vocabulary.children(parent) if stands_for >> vocabulary.needs[key].bit & 1]
        general_words = {"needs": words(vocabulary, held), "other": words(vocabulary, [parent])}
        parts.append(_("for {needs}: ask about other {other}", **general_words))
    for parent in (MENTAL, SUBSTANCE):
        if parent in families and (refused := _refused(vocabulary, excludes, parent, missing)):
            parts.append(_("does not treat {needs}", needs=words(vocabulary, refused)))
    if missing:
        parts.append(_("does not say it covers {needs}", needs=words(vocabulary, missing)))
    return "; ".join(parts)


def _refused(vocabulary: Vocabulary, excludes: tuple[str, ...], parent: str, missing: list[str]) -> list[str]:
    """Return the needs of a parent that a source says it does not treat, less those missing anyway."""
    return [need for need in excludes if family(vocabulary, need) == parent and need not in missing]


def _line_reason(vocabulary: Vocabulary, resource: Mapping[str, Any]) -> str:
    """Say whom a crisis line is for: it answers whoever calls, whatever was searched for."""
    if resource["eligibility"]:
        return translated(resource["eligibility"]).rstrip(".").removesuffix(" only")
    stated = vocabulary.keys(resource["stated"])
    if not stated or {MENTAL, "suicidal_thoughts"} & set(stated):
        return _("for anybody who needs to talk now")
    return _("for {needs}", needs=words(vocabulary, list(stated)))


def words(vocabulary: Vocabulary, needs: list[str]) -> str:
    """Return the names of needs as a list inside a sentence: "depression, anxiety"."""
    names = [named(vocabulary.needs[need].names) for need in needs]
    return ", ".join(name[:1].lower() + name[1:] if name[1:2].islower() else name for name in names)


def family(vocabulary: Vocabulary, need: str) -> str:
    """Return the parent of a need, or the need itself when it has none."""
    return vocabulary.needs[need].parent or need


def matched(vocabulary: Vocabulary, resource: Mapping[str, Any], query: Query, **known: Any) -> Match:
    """Return a resource as a match of a query, with what it covers, the reason, the open state and the age of facts."""
    dated = facts_date(resource)
    stale = _is_stale(resource, dated, query.at)
    asked, stated, reach = _bits(vocabulary, query.needs), resource["stated"], resource["reach"]
    return Match(
        resource=resource,
        needs_asked=query.needs,
        needs_stated=tuple([need for need, bit in asked if stated & bit]),
        needs_reached=tuple([need for need, bit in asked if reach & bit]),
        reason=reason(vocabulary, resource, query.needs),
        open=_opening(resource, query.at, is_good=dated is not None and not stale),
        stale=stale,
        **known,
    )


@lru_cache(maxsize=1_000)
def _bits(vocabulary: Vocabulary, needs: tuple[str, ...]) -> tuple[tuple[str, int], ...]:
    return tuple((need, 1 << vocabulary.needs[need].bit) for need in needs)
