"""The row that listings of the same thing make: what is shown of them, with what maintainers corrected and confirmed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache
from itertools import chain
from typing import Any

from directory import geo
from directory.geocoding import Gazetteer
from directory.needs import Vocabulary
from directory.records import Kind, Listing, Phone, Place, Point, Precision, without_door
from directory.sameness import Sourced

__all__ = [
    "ADDRESS",
    "AS_SAID",
    "WORDS",
    "Check",
    "Corrected",
    "Sourced",
    "as_corrected",
    "contact",
    "lead_of",
    "resource",
]

# What may tell where a confidential place is; of an open listing beside it none of this is shown.
WORDS = (
    "organization", "description", "hours_note", "eligibility", "url", "chat_url", "email", "source_url", "city", "region",
)  # fmt: skip
# A corrected one of these makes the coordinates of the source those of another address.
ADDRESS = frozenset({"address_1", "city", "region", "postal_code", "country"})
Contact = tuple[str | None, str | None, str | None, str | None]


@dataclass(frozen=True, slots=True)
class Check:
    """What a maintainer found about a way to reach somebody: it worked ``on`` a day, or (``on`` None) it did not.

    It counts as long as the number is the one that was called, and the source has not checked it since.
    """

    contact: Contact
    on: date | None
    by: str | None
    made_on: date


@dataclass(frozen=True, slots=True)
class Corrected:
    """What maintainers say of a resource: ``values`` by field of ``Listing``, and the newest check of its number."""

    values: Mapping[str, Any] = field(default_factory=dict)
    check: Check | None = None


AS_SAID = Corrected()


def contact(values: Mapping[str, Any]) -> Contact:
    """Return the numbers of a resource: phone, extension, keys to press, and where to text."""
    return values["phone"], values["phone_extension"], values["phone_press"], values["sms"]


def resource(
    group: Sequence[Sourced], vocabulary: Vocabulary, gazetteer: Gazetteer, corrected: Corrected = AS_SAID
) -> dict[str, Any]:
    """Return the column values of the resource that a group of listings makes, without its id.

    Needs are united. Language, payment, ages and audiences count only as far as every listing that speaks of them
    agrees. Phone with extension, address with position and hours with zone are each taken whole from one listing;
    ``last_checked`` is that of the listing the phone came from. What was corrected is taken as if every listing said so.
    """
    ordered = by_date(_guarded(group))
    said = [each.listing for each in ordered]
    listings = [as_corrected(each, corrected.values) for each in said]
    lead = listings[said.index(_lead(said))]
    addressed = (
        _first(listings, lambda each: each.address_1 or each.point) or _first(listings, lambda each: each.city) or lead
    )
    timed = _first(listings, lambda each: each.hours) or _first(listings, lambda each: each.hours_note) or lead
    confidential = any(each.confidential_location for each in listings)
    point, precision, place = _position(addressed, confidential, gazetteer)
    stated = _united(listings, "needs")
    reach = _reach(stated, _united(listings, "excludes"), vocabulary)
    formats, audiences = _united(listings, "formats"), _agreed(listings, "audiences")
    minimum_age, maximum_age = _agreed_ages(listings)
    payment, languages = _agreed(listings, "payment"), _agreed(listings, "languages")
    lists: dict[str, Any] = {
        name: list(_united(listings, name)) for name in ("approaches", "urgent_care", "accessibility")
    }
    kinds = {str(kind) for each in listings for kind in (each.kind, *each.also_kinds)}
    facet_bits = vocabulary.facet_bits("kind", kinds)
    facet_bits |= vocabulary.facet_bits(
        "integrated", ["integrated"] if any(each.integrated for each in listings) else []
    )
    for facet, values in (
        ("format", formats), ("payment", payment), ("audience", audiences), ("approach", lists["approaches"]),
        ("urgent_care", lists["urgent_care"]), ("accessibility", lists["accessibility"]),
    ):  # fmt: skip
        facet_bits |= vocabulary.facet_bits(facet, values)
    facet_bits |= vocabulary.ages(*_ages(minimum_age, maximum_age, audiences, vocabulary))
    row = {
        "kind": str(Kind.TREATMENT_PROGRAM if len(kinds) > 1 else lead.kind),
        "name": lead.name,
        "organization": _any(listings, "organization"),
        "description": lead.description or _any(listings, "description"),
        **_phone(lead.phone),
        "sms": lead.sms or _any(listings, "sms"),
        "sms_keyword": lead.sms_keyword
        if lead.sms
        else getattr(_first(listings, lambda each: each.sms), "sms_keyword", None),
        "chat_url": _any(listings, "chat_url"),
        "url": _any(listings, "url"),
        "email": _any(listings, "email"),
        "address_1": None if confidential else addressed.address_1,
        "address_2": None if confidential else addressed.address_2,
        "city": addressed.city,
        "region": addressed.region,
        "postal_code": None if confidential else addressed.postal_code,
        "country": lead.country,
        "latitude": point.latitude if point else None,
        "longitude": point.longitude if point else None,
        "precision": precision,
        "position_name": place.name if place else None,
        "confidential_location": confidential,
        "service_area": list(_united(listings, "service_area")),
        "formats": list(formats),
        "languages": list(languages),
        "hours": timed.hours,
        "hours_note": timed.hours_note,
        "timezone": timed.timezone or (geo.timezone_at(point) if point else None),
        "payment": list(payment),
        "audiences": list(audiences),
        "minimum_age": minimum_age,
        "maximum_age": maximum_age,
        **lists,
        "integrated": any(each.integrated for each in listings),
        "accepting_new": _agreed_value([each.accepting_new for each in listings]),
        "eligibility": _any(listings, "eligibility"),
        "status": str(lead.status),
        "replaced_by": lead.replaced_by,
        "stated": vocabulary.bits(stated),
        "reach": reach,
        "excludes": [need for need in _united(listings, "excludes") if not reach & vocabulary.bits([need])],
        "facet_bits": facet_bits,
        "language_bits": vocabulary.facet_bits(
            "language", [k for k in languages if k in vocabulary.facets["language"]]
        ),
        "last_checked": lead.last_checked,
        "checked_by": lead.checked_by,
        "identifiers": list(_united(listings, "identifiers")),
        "sources": [_source(each) for each in ordered],
        "programs": [_program(each, confidential) for each in listings] if len(listings) > 1 else [],
    }
    return row | _checked(row, corrected.check)


@lru_cache(maxsize=8192)
def _reach(stated: tuple[str, ...], excluded: tuple[str, ...], vocabulary: Vocabulary) -> int:
    """Return the word of what listings cover: what one excludes counts only where another states that very need."""
    refused = [need for need in excluded if need not in stated]
    return vocabulary.reach(stated) & ~vocabulary.bits(refused)


def by_date(group: Iterable[Sourced]) -> list[Sourced]:
    """Return listings with the newest checked first."""
    return sorted(group, key=lambda each: (-(each.listing.last_checked or date.min).toordinal(), each.id))


def lead_of(group: Sequence[Sourced]) -> Sourced:
    """Return the listing of a group whose name and phone are shown."""
    ordered = by_date(_guarded(group))
    return ordered[[each.listing for each in ordered].index(_lead([each.listing for each in ordered]))]


def _lead(listings: Sequence[Listing]) -> Listing:
    return next((each for each in listings if each.phone is not None or each.sms is not None), listings[0])


def as_corrected(listing: Listing, values: Mapping[str, Any]) -> Listing:
    """Return a listing with corrected fields; where its address is corrected alone, without its coordinates."""
    if not values:
        return listing
    if "point" not in values and not ADDRESS.isdisjoint(values):
        return replace(listing, **values, point=None)  # the source's pin is that of the address it gives
    return replace(listing, **values)


def _checked(values: Mapping[str, Any], check: Check | None) -> dict[str, Any]:
    """Return the date and the name of a check that counts; nothing when it does not."""
    if check is None or check.contact != contact(values):
        return {}
    known = values["last_checked"]
    if check.on is None:
        return {} if known and known > check.made_on else {"last_checked": None, "checked_by": None}
    return {} if known and known > check.on else {"last_checked": check.on, "checked_by": check.by}


def _guarded(group: Sequence[Sourced]) -> Sequence[Sourced]:
    """Return the group as it may be shown: beside a confidential listing no other one's words, address or links."""
    hidden = next((each.listing for each in group if each.listing.confidential_location), None)
    if hidden is None:
        return group
    return [
        each if each.listing.confidential_location else replace(each, listing=_wordless(each.listing, hidden.name))
        for each in group
    ]


def hidden(group: Sequence[Sourced]) -> list[Sourced]:
    """Return a group as it is shown while it may be a place that another source hides: without door, words and links."""
    places = {"city", "region"}
    return [
        replace(each, listing=replace(
            _wordless(each.listing, each.listing.name), **{name: getattr(each.listing, name) for name in places}
        ))
        for each in group
    ]  # fmt: skip


def _wordless(listing: Listing, name: str) -> Listing:
    nothing: dict[str, Any] = dict.fromkeys(WORDS)
    return replace(without_door(listing), name=name, **nothing)


def _source(member: Sourced) -> dict[str, Any]:
    day = member.listing.last_checked or member.source_date
    return {"name": member.source_name, "date": day.isoformat() if day else None, "url": member.listing.source_url}


def _program(listing: Listing, confidential: bool) -> dict[str, Any]:
    """Collect what one merged listing says by itself: what the page shows programme by programme."""
    return {
        "kind": str(listing.kind),
        "name": listing.name,
        "description": listing.description,
        "phone": _phone(listing.phone),
        "address_2": None if confidential else listing.address_2,
        "last_checked": listing.last_checked.isoformat() if listing.last_checked else None,
        **{name: list(getattr(listing, name)) for name in ("needs", "payment", "languages", "audiences", "approaches")},
        "minimum_age": listing.minimum_age,
        "maximum_age": listing.maximum_age,
        "integrated": listing.integrated,
    }


def _phone(phone: Phone | None) -> dict[str, str | None]:
    if phone is None:
        return {"phone": None, "phone_extension": None, "phone_press": None}
    return {"phone": phone.number, "phone_extension": phone.extension, "phone_press": phone.press}


def _position(
    listing: Listing, confidential: bool, gazetteer: Gazetteer
) -> tuple[Point | None, str | None, Place | None]:
    """Return where a listing lies and how that is known: its source, else its postcode's or its city's centre."""
    if listing.country is None:
        return None, None, None
    if confidential:
        place = gazetteer.position(listing.country, listing.region, listing.city, None)
        return (place.point, str(Precision.CITY), place) if place and place.point else (None, None, None)
    if listing.point is not None:
        known = Precision.ADDRESS if listing.geocoded_by else Precision.SOURCE
        return listing.point, str(known), None
    if not (listing.address_1 or listing.postal_code or listing.city):
        return None, None, None
    place = gazetteer.position(listing.country, listing.region, listing.city, listing.postal_code)
    if place is None or place.point is None:
        return None, None, None
    by_postcode = place.precision in {"postal_code", "postal_area"}
    return place.point, str(Precision.POSTAL_CODE if by_postcode else Precision.CITY), place


def _ages_stated(listing: Listing) -> bool:
    return listing.minimum_age is not None or listing.maximum_age is not None


def _ages(
    minimum: int | None, maximum: int | None, audiences: Iterable[str], vocabulary: Vocabulary
) -> tuple[int | None, int | None]:
    """Return the span of ages served: as stated, else as the age audiences (children, adults) imply, else open."""
    if minimum is not None or maximum is not None:
        return minimum, maximum
    values = [vocabulary.facets["audience"][key] for key in audiences]
    spans = [value for value in values if value.minimum_age is not None or value.maximum_age is not None]
    if not spans:
        return None, None
    low = min(value.minimum_age or 0 for value in spans)
    high = None if any(value.maximum_age is None for value in spans) else max(value.maximum_age or 0 for value in spans)
    return low, high


def _agreed_ages(listings: Sequence[Listing]) -> tuple[int | None, int | None]:
    speaking = [each for each in listings if _ages_stated(each)]
    if not speaking:
        return None, None
    minimum = max(each.minimum_age or 0 for each in speaking)
    maxima = [each.maximum_age for each in speaking if each.maximum_age is not None]
    if maxima and minimum > min(maxima):  # they do not agree: the page shows the ages of each
        return None, None
    return minimum or None, min(maxima) if maxima else None


def _first(listings: Sequence[Listing], wanted: Any) -> Listing | None:
    return next((each for each in listings if wanted(each)), None)


def _any(listings: Sequence[Listing], name: str) -> Any:
    return next((value for each in listings if (value := getattr(each, name)) is not None), None)


def _united(listings: Sequence[Listing], name: str) -> tuple[str, ...]:
    if len(listings) == 1:  # as it mostly is
        return tuple(dict.fromkeys(getattr(listings[0], name)))
    return tuple(dict.fromkeys(chain.from_iterable(getattr(each, name) for each in listings)))


def _agreed(listings: Sequence[Listing], name: str) -> tuple[str, ...]:
    """Return the values that every listing which speaks of ``name`` gives."""
    speaking = [said for each in listings if (said := getattr(each, name))]
    if len(speaking) < 2:
        return speaking[0] if speaking else ()
    return tuple(value for value in speaking[0] if all(value in other for other in speaking[1:]))


def _agreed_value(values: Sequence[bool | None]) -> bool | None:
    speaking = {value for value in values if value is not None}
    return speaking.pop() if len(speaking) == 1 else None
