"""A nested HSDS service -> drafts: one for each place it is given at, or one without a door.

Persons are dropped (contacts, and the address of who assured it). What HSDS says and a listing has no column for stays
in the description, behind a word that says what it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from directory.hours_grammar import ALWAYS
from directory.hsds import ids, schedules
from directory.importers import fixed, hours_text, hsds_places
from directory.importers.drafts import Context, Draft, Tally
from directory.importers.hsds_numbers import numbers
from directory.importers.hsds_terms import Said, Terms, as_object, objects, text
from directory.importers.sources import NOT_STATED, Source, toml_of
from directory.needs import folded

ORIGINS = {
    "id": "services.id", "name": "services.name", "organization": "organizations.name",
    "description": "services.description", "needs": "attributes.taxonomy_term_id", "url": "services.url",
    "email": "services.email", "phone": "phones.number", "sms": "phones.number", "address_1": "addresses.address_1",
    "address_2": "addresses.address_2", "city": "addresses.city", "region": "addresses.state_province",
    "postal_code": "addresses.postal_code", "country": "addresses.country", "latitude": "locations.latitude",
    "longitude": "locations.longitude", "service_area": "service_areas.name", "languages": "languages.code",
    "hours": "schedules.byday", "hours_note": "schedules.description", "minimum_age": "services.minimum_age",
    "maximum_age": "services.maximum_age", "eligibility": "services.eligibility_description",
    "status": "services.status", "last_checked": "services.assured_date",
}  # fmt: skip
STATUSES = {
    "active": "active",
    "temporarily closed": "temporarily_closed",
    "inactive": "closed",
    "defunct": "closed",
}
_LIMITS = {"description": 4000, "eligibility": 1000, "hours_note": 1000}
_SAID_OF_SERVICE = (
    ("Also called", "alternate_name"),
    ("To apply", "application_process"),
    ("Waiting time", "wait_time"),
    ("Interpreters", "interpretation_services"),
    ("Note", "alert"),
)
_BEGINS = frozenset({"valid_from", "dtstart"})
_DOOR = ("address_1", "city", "postal_code", "latitude")
Object = Mapping[str, Any]


@dataclass(slots=True)
class Listings:
    """Makes the drafts of one file."""

    path_name: str
    source: Source
    context: Context
    terms: Terms
    tally: Tally

    def drafts(self, number: int, service: Object) -> Iterator[Draft]:
        """Yield the drafts of a service; ``number`` is its row, or its place in an array."""
        places = [each for each in objects(service.get("service_at_locations")) if each]
        for place in places or [{}]:
            draft = fixed.with_values(self._draft(number, service, place), self.source.values)
            draft.own = _as_ours(draft.cells)
            yield draft

    def _draft(self, number: int, service: Object, place: Object) -> Draft:
        location = as_object(place.get("location"))
        said = self.terms.read(
            each for holder in (service, place, location) for each in objects(holder.get("attributes"))
        )
        draft = Draft(number, dict(said.cells()), ORIGINS)
        cells = draft.cells
        cells |= {
            "id": _id(service, place),
            "name": text(service.get("name")),
            "description": text(service.get("description")),
            "url": text(service.get("url")),
            "email": text(service.get("email")),
            "eligibility": text(service.get("eligibility_description")),
            "status": self._status(service, said),
            "last_checked": text(service.get("assured_date"))[:10],
            **{name: text(service.get(name)).removesuffix(".0") for name in ("minimum_age", "maximum_age")},
        }
        hsds_places.address(draft, location, said, self.context.gazetteer)
        if lost := text(place.get("lost")):
            draft.problems.append(("service_at_location.location_id", lost, "names no location of this package"))
        extras: list[str] = []
        if said.ours:
            self._add_details(cells, said)
        else:
            extras.extend(self._said_besides(service, place, location))
        self._add_organization(cells, service, said)
        self._add_areas(cells, service, said, extras)
        self._add_numbers(draft, (place, service, location, as_object(service.get("organization"))), said, extras)
        self._add_languages(cells, service, location)
        if not said.ours:
            self._add_hours(cells, service, place, location)
            self._add_payment(cells, service, extras)
            self._add_accessibility(cells, location, extras)
            if cells["last_checked"] and self.source.publisher != NOT_STATED:
                cells["checked_by"] = self.source.publisher
        cells["description"] = "\n".join(filter(None, (cells["description"], *extras)))
        self._cut(draft)
        self._ask_for_kind(draft)
        return draft

    def _status(self, service: Object, said: Said) -> str:
        written = text(service.get("status")).lower()
        return said.detail("status") or STATUSES.get(written.replace("_", " "), written)

    def _add_details(self, cells: dict[str, str], said: Said) -> None:
        cells["hours"] = said.detail("opening_hours")
        cells["identifiers"] = ";".join(said.details.get("identifier", ()))
        cells["excludes"] = ";".join(said.details.get("excludes", ()))
        for name in (
            "hours_note", "timezone", "sms_keyword", "chat_url", "replaced_by", "checked_by", "source_url",
            "accepting_new", "confidential_location",
        ):  # fmt: skip
            if value := said.detail(name):
                cells[name] = value

    def _said_besides(self, service: Object, place: Object, location: Object) -> Iterator[str]:
        """Yield what has no column of ours, behind a word for it."""
        for label, name in _SAID_OF_SERVICE:
            if value := text(service.get(name)):
                yield f"{label}: {value}"
        documents = [text(each.get("document")) for each in objects(service.get("required_documents"))]
        if any(documents):
            yield f"To bring: {'; '.join(filter(None, documents))}"
        if value := text(place.get("description")):
            yield f"Here: {value}"
        if value := text(location.get("transportation")):
            yield f"Getting there: {value}"

    def _add_organization(self, cells: dict[str, str], service: Object, said: Said) -> None:
        organization = as_object(service.get("organization"))
        name = text(organization.get("name"))
        if said.ours:
            stated = ids.named_organization(name, cells["country"] or None) == text(organization.get("id"))
        else:
            stated = folded(name) != folded(cells["name"])
            cells["url"] = cells["url"] or text(organization.get("website"))
        cells["organization"] = name if stated else ""

    def _add_areas(self, cells: dict[str, str], service: Object, said: Said, extras: list[str]) -> None:
        given = objects(service.get("service_areas"))
        codes, unknown = hsds_places.areas(given, cells["country"], cells["region"], self.context.gazetteer)
        if said.ours or not any(cells.get(name) for name in _DOOR):
            cells["service_area"] = ";".join(codes)
            hsds_places.tell_unknown(unknown, self.tally)
        elif names := [text(each.get("name")) or text(each.get("description")) for each in given]:
            # Who may come to a door: it is not served at a distance there.
            extras.append(f"Serves: {'; '.join(filter(None, names))}")

    def _add_numbers(self, draft: Draft, holders: Sequence[Object], said: Said, extras: list[str]) -> None:
        groups = [objects(holder.get("phones")) for holder in holders]
        found = numbers(groups, draft.cells["country"] or self.source.values.get("country", ""), said)
        draft.cells |= {"phone": found.call, "sms": found.text}
        draft.repairs.extend(found.repairs)
        extras.extend(found.others)
        if found.textphone:
            draft.cells["accessibility"] = _joined(draft.cells.get("accessibility", ""), "text_telephone")

    def _add_languages(self, cells: dict[str, str], service: Object, location: Object) -> None:
        found = []
        for each in objects(service.get("languages")) or objects(location.get("languages")):
            code, name = text(each.get("code")), text(each.get("name"))
            tag = self.terms.language(code, name)
            if tag:
                found.append(tag)
            else:
                self.tally.unmapped[f"language: {(name or code)[:100]}"] += 1
        cells["languages"] = ";".join(found)

    def _add_hours(self, cells: dict[str, str], service: Object, place: Object, location: Object) -> None:
        holders = (objects(each.get("schedules")) for each in (place, service, location))
        given = [_in_force(each, self.context.today.isoformat()) for each in next(filter(None, holders), [])]
        given = [each for each in given if each]
        if not given:
            return
        found = schedules.opening_hours(given)
        words = "; ".join(dict.fromkeys(filter(None, (_words(each) for each in given))))
        zoned = any(cells.get(name) for name in _DOOR) or self.source.values.get("timezone")
        if found is None:
            cells["hours_text"] = words
        elif not zoned and found != ALWAYS:
            cells["hours_note"] = words
        else:
            self.tally.hours_read += 1
            cells["hours"] = found
            notes = dict.fromkeys(filter(None, (_note(each) for each in given)))
            cells["hours_note"] = "; ".join(note for note in notes if hours_text.opening_hours(note) != found)

    def _add_payment(self, cells: dict[str, str], service: Object, extras: list[str]) -> None:
        options = objects(service.get("cost_options"))
        amounts = {text(each.get("amount")) for each in options}
        if options and amounts <= {"0", "0.0", "0.00"}:
            cells["payment"] = _joined(cells.get("payment", ""), "free")
        fees = text(service.get("fees_description")) or text(service.get("fees"))
        if fees:
            extras.append(f"Fees: {fees}")

    def _add_accessibility(self, cells: dict[str, str], location: Object, extras: list[str]) -> None:
        for each in objects(location.get("accessibility")):
            said = ". ".join(filter(None, (text(each.get(name)).rstrip(".") for name in ("description", "details"))))
            known = self.terms.accessibility(text(each.get("description")))
            if known:
                cells["accessibility"] = _joined(cells.get("accessibility", ""), known)
            elif said:
                extras.append(f"Access: {said}")

    def _cut(self, draft: Draft) -> None:
        for name, limit in _LIMITS.items():
            if len(cell := draft.cells.get(name, "")) > limit:
                draft.cells[name] = cell[: limit - 1].rstrip() + "…"
                draft.warnings.append((ORIGINS[name], cell, f"is longer than {limit} characters; cut"))

    def _ask_for_kind(self, draft: Draft) -> None:
        kinds = [each for each in draft.cells.get("kind", "").split(";") if each]
        if len(set(kinds)) == 1 or (not kinds and self.source.values.get("kind")):
            draft.cells["kind"] = kinds[0] if kinds else ""
            return
        reason = (
            'in HSDS, which has no field for it; write [values] and under it kind = "treatment_program" (or therapist,'
            f" support_group, crisis_line) into {self.path_name}"
        )
        draft.cells["kind"] = " and ".join(dict.fromkeys(kinds)) or "not stated"
        draft.unread = {"kind": reason}


def listings(path: Path, source: Source, context: Context, tally: Tally) -> Listings:
    """Return the maker of the drafts of a file."""
    return Listings(toml_of(path), source, context, Terms(context, tally), tally)


def _id(service: Object, place: Object) -> str:
    own = text(service.get("id"))
    if not place:
        return own
    location = as_object(place.get("location"))
    return text(place.get("id")) or "/".join(filter(None, (own, text(location.get("id")))))


def _in_force(schedule: Object, today: str) -> dict[str, str]:
    """Return a schedule's fields, without the day it began; nothing of one that has ended."""
    found = {name: text(value) for name, value in schedule.items()}
    ends = [found[name] for name in ("valid_to", "until") if found.get(name)]
    if any(end[:10] < today for end in ends):
        return {}
    return {name: value for name, value in found.items() if not (name in _BEGINS and value[:10] <= today)}


def _words(schedule: Mapping[str, str]) -> str:
    """Return a schedule as a sentence would have it."""
    opens, closes = schedule.get("opens_at", "")[:5], schedule.get("closes_at", "")[:5]
    days = schedule.get("byday", "")
    times = " ".join(
        filter(None, (schedule.get("freq", "").lower() if days else "", days, "-".join(filter(None, (opens, closes)))))
    )
    until = " to ".join(filter(None, (schedule.get("valid_from", ""), schedule.get("valid_to", ""))))
    return ", ".join(filter(None, (times, until, _note(schedule))))


def _note(schedule: Mapping[str, str]) -> str:
    return ". ".join(filter(None, (schedule.get(name, "").rstrip(". ") for name in ("description", "notes"))))


def _joined(cell: str, value: str) -> str:
    return ";".join(dict.fromkeys(filter(None, (*cell.split(";"), value))))


def _as_ours(cells: Mapping[str, str]) -> dict[str, str]:
    """Return the cells as a row of our own CSV, for refused rows: a package has no row of its own to give back."""
    own = {name: cell for name, cell in cells.items() if name != "hours_text"}
    own["hours_note"] = "; ".join(filter(None, (cells.get("hours_note"), cells.get("hours_text"))))
    if own.get("kind") == "not stated":
        own["kind"] = ""
    return own
