"""The page of one resource: everything known about it, with dates and sources, programme by programme where merged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from directory import matches
from directory.clean import safe_url
from directory.matches import Match
from directory.needs import Vocabulary
from directory.records import Kind
from directory.web import cards, care, linked_data, params, spots, words
from directory.web.site import Site
from directory.wording import _, named, translated
from directory.writers import icalendar

CARE_KINDS = frozenset({Kind.THERAPIST, Kind.TREATMENT_PROGRAM})


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact with its label; ``lines`` are shown one under the other."""

    label: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Program:
    """What one of the merged listings says by itself."""

    name: str
    description: str
    ways: tuple[cards.Way, ...]
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """Who says so, and of which day."""

    name: str
    day: str
    href: str


@dataclass(frozen=True, slots=True)
class Page:
    """Everything the page of a resource shows."""

    card: cards.Card
    organization: str
    description: str
    email: str
    states: str
    general: tuple[str, ...]
    care: tuple[care.Part, ...]
    facts: tuple[Fact, ...]
    programs: tuple[Program, ...]
    questions: tuple[str, ...]
    sources: tuple[Source, ...]
    stale: bool
    unchecked: bool
    id: int
    meets: bool
    map: spots.Drawn
    linked_data: Mapping[str, Any]


def page(site: Site, row: Mapping[str, Any]) -> Page:
    """Return the page of a resource."""
    vocabulary, at = site.searcher.vocabulary, site.now()
    match = Match(row, open=matches.opening(row, at), stale=matches.is_stale(row, at))
    stated = vocabulary.keys(row["stated"])
    return Page(
        card=cards.card(match, vocabulary, row["country"] or site.config.country),
        organization=row["organization"] if row["organization"] != row["name"] else "",
        description=row["description"] or "",
        email=row["email"] or "",
        states=_needs(vocabulary, [key for key in stated if not vocabulary.children(key)]),
        general=tuple(
            _("{need} in general: ask about what you are going through", need=named(vocabulary.needs[key].names))
            for key in stated
            if vocabulary.children(key)
        ),
        care=care.parts(vocabulary, row["approaches"]) if row["kind"] in CARE_KINDS else (),
        facts=_facts(site, match),
        programs=tuple(_program(each, row, vocabulary) for each in row["programs"]),
        questions=_questions().get(row["kind"], ()),
        sources=tuple(
            Source(each["name"], words.day(each["date"]), safe_url(each["url"]) or "") for each in row["sources"]
        ),
        stale=match.stale,
        unchecked=row["last_checked"] is None,
        id=row["id"],
        meets=icalendar.events(row, at) is not None,
        map=spots.of_resource(row, row["country"] or site.config.country),
        linked_data=linked_data.resource(row, f"{params.host_address()}/resources/{row['id']}", at),
    )


def _questions() -> dict[str, tuple[str, ...]]:
    """Return what one can ask, by the kind of resource."""
    return {
        str(Kind.THERAPIST): (
            _("Are you taking new people? How long is the wait?"),
            _("What will it cost me? Do you take my plan?"),
            _("Do you have a license here? In what? (Being listed is no proof of a license.)"),
            _("Have you helped people with what I am going through?"),
        ),
        str(Kind.TREATMENT_PROGRAM): (
            _("Do you have room? How soon can I start?"),
            _("What will it cost me? Do you take my plan?"),
            _("Are you licensed here? (Being listed is no proof of a license.)"),
            _("Do you treat what I am going through, and everything I take?"),
            _("What happens on the first day?"),
        ),
        str(Kind.SUPPORT_GROUP): (
            _("When and where is the next meeting? Can I join online?"),
            _("Do I need to sign up, or can I just come?"),
            _("May I only listen at first?"),
            _("Does it cost anything?"),
        ),
    }


def _needs(vocabulary: Vocabulary, keys: Sequence[str]) -> str:
    return "; ".join(named(vocabulary.needs[key].names) for key in keys)


def _facts(site: Site, match: Match) -> tuple[Fact, ...]:
    row, vocabulary, gazetteer = match.resource, site.searcher.vocabulary, site.searcher.gazetteer
    dated = matches.facts_date(row)
    opened = {True: _("Taking new people"), False: _("Not taking new people now"), None: ""}[row["accepting_new"]]
    if opened and match.stale and dated:
        opened = _("Reported {year}: {fact}. Ask.", year=dated.year, fact=opened[:1].lower() + opened[1:])
    hours = [words.opening(match)] if row["status"] == "active" else []
    if row["hours"]:
        zone = f" ({words.zone(row['timezone'])})" if row["timezone"] and row["hours"] != "24/7" else ""
        hours.append(words.hours(row["hours"]) + zone)
    cost, cost_of = words.cost(match, vocabulary)
    served = [words.area(code, gazetteer, site.country_name) for code in row["service_area"]]
    return _present(
        (_("Address"), [words.address(row, full=True)]),
        (_("Serves people in"), [", ".join(served)]),
        (_("Hours"), hours),
        (_("Cost"), [_("Reported {year}: ask", year=cost_of) if cost and cost_of else "", cost]),
        (_("New people"), [opened]),
        (_("How you meet"), [words.names(vocabulary, "format", row["formats"])]),
        (_("Languages"), [words.names(vocabulary, "language", row["languages"])]),
        (_("Ages"), [cards.ages(row)]),
        (_("Made for"), [words.names(vocabulary, "audience", row["audiences"])]),
        (_("Who can come"), [translated(row["eligibility"]) if row["eligibility"] else ""]),
        (
            _("Kinds of care"),
            [words.names(vocabulary, "approach", row["approaches"]) if row["kind"] not in CARE_KINDS else ""],
        ),
        (_("Both at once"), [_("One team for mental health and for drug or alcohol use") if row["integrated"] else ""]),
        (_("Does not treat"), [_needs(vocabulary, row["excludes"])]),
        (_("Needed right away"), [words.names(vocabulary, "urgent_care", row["urgent_care"])]),
        (_("Access"), [words.names(vocabulary, "accessibility", row["accessibility"])]),
        (_("NPI (US number for health workers and clinics)"), _npi(row["identifiers"])),
    )


def _npi(identifiers: Sequence[str]) -> tuple[str, ...]:
    """Return a provider's number, and what it does not prove: the registry checks neither licenses nor openings."""
    numbers = [each.removeprefix("npi:") for each in identifiers if each.startswith("npi:")]
    return (", ".join(numbers), _("This number is no proof of a license or of free places. Ask.")) if numbers else ()


def _program(values: Mapping[str, Any], row: Mapping[str, Any], vocabulary: Vocabulary) -> Program:
    phone = values["phone"]
    ways: tuple[cards.Way, ...] = ()
    if phone["phone"] and phone["phone"] != row["phone"]:
        ways = cards.ways({**_NO_WAYS, **phone, "country": row["country"]}, row["country"] or "")
    return Program(
        name=", ".join(part for part in (values["name"], values["address_2"]) if part),
        description=values["description"] or "",
        ways=ways,
        facts=_present(
            (_("Says it helps with"), [_needs(vocabulary, values["needs"])]),
            (_("Cost"), [words.names(vocabulary, "payment", values["payment"])]),
            (_("Languages"), [words.names(vocabulary, "language", values["languages"])]),
            (_("Ages"), [cards.ages(values)]),
            (_("Made for"), [words.names(vocabulary, "audience", values["audiences"])]),
            (_("Kinds of care"), [words.names(vocabulary, "approach", values["approaches"])]),
            (
                _("Both at once"),
                [_("One team for mental health and for drug or alcohol use") if values["integrated"] else ""],
            ),
            (_("Last checked"), [words.day(values["last_checked"]) if values["last_checked"] else _("Not re-checked")]),
        ),
    )


_NO_WAYS = {"sms": None, "sms_keyword": None, "chat_url": None, "url": None}


def _present(*facts: tuple[str, Sequence[str]]) -> tuple[Fact, ...]:
    """Keep the facts that somebody states."""
    kept = ((label, tuple(line for line in lines if line)) for label, lines in facts)
    return tuple(Fact(label, lines) for label, lines in kept if lines)
