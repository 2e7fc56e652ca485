"""A match made ready for a page: every word chosen and every link checked before the template sees it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from directory import phones
from directory.clean import safe_url
from directory.matches import EMERGENCY, MENTAL, SUBSTANCE, Match, family
from directory.needs import Vocabulary
from directory.records import Kind, Phone
from directory.remote import talks_now
from directory.web import care, spots, words
from directory.wording import _, translated


@dataclass(frozen=True, slots=True)
class Way:
    """One way to reach help: ``by`` is call, text, chat or site; ``href`` is safe to follow."""

    by: str
    href: str
    label: str


@dataclass(frozen=True, slots=True)
class Card:
    """What a card shows. An empty string is left out."""

    href: str
    name: str
    kind: str
    distance: str
    address: str
    why: str
    does: str
    ways: tuple[Way, ...]
    opening: str
    cost: str
    cost_of: str
    languages: str
    care: str
    only_for: str
    age: str
    checked: str
    notice: str
    treats_both: bool
    is_emergency: bool
    spot: spots.Spot | None


def ways(row: Mapping[str, Any], country: str) -> tuple[Way, ...]:
    """Return every way to reach a resource: call, text, chat, site. Numbers are grouped as its own country reads them."""
    found = []
    home = row["country"] or country
    if row["phone"]:
        phone = Phone(row["phone"], row["phone_extension"], row["phone_press"])
        found.append(Way("call", phones.tel_href(phone), _("Call {number}", number=phones.display(phone, home))))
    if row["sms"]:
        number = phones.display(Phone(row["sms"]), home)
        keyword = row["sms_keyword"]
        label = (
            _("Text {keyword} to {number}", keyword=keyword, number=number)
            if keyword
            else _("Text {number}", number=number)
        )
        found.append(Way("text", phones.sms_href(row["sms"], keyword), label))
    chat, site = safe_url(row["chat_url"]), safe_url(row["url"])
    if chat:
        found.append(Way("chat", chat, _("Chat")))
    if site and site != chat:
        found.append(Way("site", site, _("Website")))
    return tuple(found)


def card(match: Match, vocabulary: Vocabulary, country: str, *, asks_for_age: bool = False) -> Card:
    """Return the card of a match for somebody in ``country``, who may have said how old they are."""
    row = match.resource
    is_line = row["kind"] in {EMERGENCY, str(Kind.CRISIS_LINE)}
    talks = row["kind"] == EMERGENCY or talks_now(row)
    age, checked = words.checked(match) if row["kind"] != EMERGENCY else ("", "")
    cost, cost_of = words.cost(match, vocabulary)
    return Card(
        href=f"/resources/{row['id']}" if row["id"] else "",
        name=row["name"],
        kind="" if row["kind"] == EMERGENCY else words.names(vocabulary, "kind", [row["kind"]]),
        distance=words.distance(match, country),
        address=words.address(row) if match.distance_km is not None else "",
        # What a line to talk to does says why it stands here; it answers whatever was asked for.
        why=words.sentence(match.reason)
        if match.needs_asked and not talks and (match.needs_stated or not is_line)
        else "",
        does=(row["description"] or "") if is_line else "",
        ways=ways(row, country),
        opening="" if row["kind"] == EMERGENCY else words.opening(match),
        cost=cost,
        cost_of=cost_of,
        languages=words.names(vocabulary, "language", row["languages"]),
        care=care.in_short(vocabulary, row["approaches"]) if not is_line else "",
        only_for=_only_for(row) or (_("Ages: not named, so ask") if asks_for_age and not is_line else ""),
        age=age,
        checked=checked,
        notice=status_words(row),
        treats_both=bool(row["integrated"]) and asks_for_both(vocabulary, match.needs_asked),
        is_emergency=row["kind"] == EMERGENCY,
        spot=spots.spot(row),
    )


def asks_for_both(vocabulary: Vocabulary, needs: Collection[str]) -> bool:
    """Return whether somebody asks for help with mental health and with substance use at once."""
    return {MENTAL, SUBSTANCE} <= {family(vocabulary, need) for need in needs}


def status_words(row: Mapping[str, Any]) -> str:
    """Return what must be said of a resource that takes nobody now; "" for an active one."""
    return {
        "temporarily_closed": _("Closed for some time. Ask when it opens again."),
        "closed": _("This has closed."),
        "replaced": _("This was replaced by {name}.", name=row["replaced_by"])
        if row["replaced_by"]
        else _("This was replaced by another."),
    }.get(row["status"], "")


def ages(row: Mapping[str, Any]) -> str:
    """Return the ages served: "18 and up", "up to 24", "13 to 17"; "" when nobody says."""
    low, high = row["minimum_age"], row["maximum_age"]
    if low and high is not None:
        return _("{low} to {high}", low=low, high=high)
    if high is not None:
        return _("up to {high}", high=high)
    return _("{low} and up", low=low) if low else ""


def _only_for(row: Mapping[str, Any]) -> str:
    parts = []
    if row["kind"] in {str(Kind.CRISIS_LINE), str(Kind.SUPPORT_GROUP)} and row["eligibility"]:
        parts.append(translated(row["eligibility"]).rstrip("."))
    if years := ages(row):
        parts.append(_("Ages {years}", years=years))
    return ". ".join(parts)
