"""Our vocabulary as HSDS taxonomies: one for the needs, one for each facet, and ``detail`` for what HSDS has no field for.

An attribute's ``value`` says more of its term: of a need, how it is known (``stated`` or ``general``); of a detail, the
detail itself ("opening_hours" of "Mo-Fr 09:00-17:00").
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from directory.geocoding import Gazetteer
from directory.hsds import ids
from directory.needs import Vocabulary

NEED = "need"
DETAIL = "detail"
STATED, GENERAL, ALSO = "stated", "general", "also"
# Languages have a table of their own in HSDS, and ages two fields.
_NO_TAXONOMY = frozenset({"language", "age"})
_TAXONOMIES = {
    NEED: "What somebody is going through. The value says how it is known: stated, or general (the care its parent stands for).",
    "kind": "What a service is. The value 'also': one of its programmes is of this kind.",
    "integrated": "Whether a mental illness and substance use are treated together.",
    "format": "How people take part.",
    "payment": "How people pay.",
    "audience": "Whom a service is made for.",
    "approach": "How a service helps.",
    "urgent_care": "What a service offers to somebody who cannot wait.",
    "accessibility": "What helps people who cannot use a service as it stands.",
    DETAIL: "What HSDS has no field for. The value is the detail itself.",
}
# A detail by the column of our own CSV it holds; docs/formats.md tells their form.
DETAILS = {
    "opening_hours": ("Opening hours", "In OSM's opening_hours syntax, local time."),
    "hours_note": ("Note on hours", "What opening hours cannot say."),
    "timezone": ("Time zone", "By its name in the IANA database."),
    "address_1": ("Street", "Of an address that is not whole."),
    "address_2": ("Second line of the address", "Of an address that is not whole."),
    "city": ("City", "Of an address that is not whole."),
    "region": ("Region", "Of an address that is not whole: state or province."),
    "postal_code": ("Postal code", "Of an address that is not whole."),
    "country": ("Country", "ISO 3166-1: its phone numbers are dialled there."),
    "derived": ("Filled in", "A field of the address that nobody stated; it follows from the others."),
    "confidential_location": ("Confidential location", "Its street is told to nobody but those it takes in."),
    "phone_extension": ("Extension", "Digits to dial once the call is answered, as they are."),
    "phone_press": ("Press", "Digits to press in the menu of the call."),
    "sms_keyword": ("Word to text", "The message that starts the talk."),
    "chat_url": ("Chat", "Where to chat online."),
    "excludes": ("Does not treat", "A need, although it speaks of that care in general."),
    "accepting_new": ("Takes new people", "yes or no."),
    "status": ("Status", "active, temporarily_closed, closed or replaced."),
    "replaced_by": ("Replaced by", "What stands in its place."),
    "identifier": ("Identifier", "With its type: npi:1234567893."),
    "checked_by": ("Checked by", "Who confirmed it on the assured date."),
    "source": ("Source", "Who says so: name, date, address."),
    "source_url": ("Address of the source", "Where the publisher says so."),
}  # fmt: skip

Term = Mapping[str, Any]


@dataclass(frozen=True)
class Words:
    """What resources are written with: our vocabulary, the names of places, and the taxonomies and terms made of them."""

    vocabulary: Vocabulary
    gazetteer: Gazetteer
    taxonomies: Mapping[str, Mapping[str, Any]]
    terms: Mapping[tuple[str, str], Term] = field(repr=False)
    by_id: Mapping[str, tuple[str, str]] = field(repr=False)

    @classmethod
    def of(cls, vocabulary: Vocabulary, gazetteer: Gazetteer) -> Words:
        """Return the words of a vocabulary."""
        taxonomies, terms, by_id = _written(tuple(vocabulary_rows(vocabulary)))
        return cls(vocabulary, gazetteer, taxonomies, terms, by_id)

    def name(self, taxonomy: str, key: str) -> str:
        """Return a term's English name."""
        return str(self.terms[taxonomy, key]["name"])

    def language(self, tag: str) -> str:
        """Return a language's English name ("zh-Hant" is "Chinese (zh-Hant)"), the tag itself when we do not know it."""
        languages = self.vocabulary.facets["language"]
        if tag in languages:
            return languages[tag].names["en"]
        base = languages.get(tag.partition("-")[0])
        return tag if base is None else f"{base.names['en']} ({tag})"

    def area(self, code: str) -> str:
        """Return a service area's name: "Worldwide", "United States", "Illinois, United States"."""
        if code == "world":
            return "Worldwide"
        country, _, region = code.partition("-")
        if not region:
            return self.gazetteer.country_name(country)
        return f"{self.gazetteer.area_name(code)}, {self.gazetteer.country_name(country)}"


def vocabulary_rows(vocabulary: Vocabulary) -> list[tuple[str, str, str, str, str | None]]:
    """Return taxonomy, key, name, description and parent of every term, in the order of their bits."""
    found: list[tuple[str, str, str, str, str | None]] = [
        (NEED, need.key, need.names["en"], need.hints["en"], need.parent) for need in vocabulary.needs.values()
    ]
    for name, values in vocabulary.facets.items():
        if name not in _NO_TAXONOMY:
            found.extend((name, each.key, each.names["en"], each.hints["en"], None) for each in values.values())
    found.extend((DETAIL, key, name, description, None) for key, (name, description) in DETAILS.items())
    return found


@lru_cache(maxsize=4)
def _written(
    rows: tuple[tuple[str, str, str, str, str | None], ...],
) -> tuple[Mapping[str, Mapping[str, Any]], Mapping[tuple[str, str], Term], Mapping[str, tuple[str, str]]]:
    taxonomies = {
        name: {"id": ids.taxonomy(name), "name": _taxonomy_name(name), "description": _TAXONOMIES.get(name, name)}
        for name in dict.fromkeys(row[0] for row in rows)
    }
    terms: dict[tuple[str, str], Term] = {}
    for name, key, title, description, parent in rows:
        terms[name, key] = {
            "id": ids.term(name, key),
            "code": key,
            "name": title,
            "description": description or title,
            **({"parent_id": ids.term(name, parent)} if parent else {}),
            "taxonomy": taxonomies[name]["name"],
            "language": "en",
            "taxonomy_id": taxonomies[name]["id"],
            "taxonomy_detail": taxonomies[name],
        }
    by_id = {str(term["id"]): key for key, term in terms.items()}
    return MappingProxyType(taxonomies), MappingProxyType(terms), MappingProxyType(by_id)


def _taxonomy_name(name: str) -> str:
    return f"support-directory {name.replace('_', ' ')}"
