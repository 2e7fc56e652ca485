"""What the attributes of an HSDS service say in our words.

Our own terms are known by their ids. Of another publisher's taxonomies a term is known only if data/mappings/hsds.csv has
its code or name, or if its code or name IS one of our words; what is left is counted as unmapped. A term never means
more than it says: "Mental Health" is the parent need, not depression.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from directory import clean
from directory.hsds.words import ALSO, DETAIL, NEED, Words
from directory.importers import mappings
from directory.importers.drafts import Context, Tally
from directory.needs import Vocabulary, folded

MAPPING = "hsds"
COLUMNS = {
    NEED: "needs",
    "kind": "kind",
    "integrated": "integrated",
    "format": "formats",
    "payment": "payment",
    "audience": "audiences",
    "approach": "approaches",
    "urgent_care": "urgent_care",
    "accessibility": "accessibility",
}
# Facets of a publisher whose terms may be taken by their names; a kind is never guessed.
_BY_NAME = ("audience", "approach", "payment", "accessibility", "urgent_care", "format")
_LIMIT = 100


@dataclass(slots=True)
class Said:
    """What attributes say: values by our column, in order, and details by name. ``ours``: a term of ours was among them."""

    columns: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    details: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    ours: bool = False

    def detail(self, name: str) -> str:
        """Return the first value of a detail, "" if there is none."""
        return self.details[name][0] if self.details.get(name) else ""

    def cells(self) -> Iterator[tuple[str, str]]:
        """Yield our column and its cell."""
        for name, values in self.columns.items():
            yield name, "yes" if name == "integrated" else ";".join(dict.fromkeys(values))


class Terms:
    """The meanings of taxonomy terms, and the words they are told by."""

    def __init__(self, context: Context, tally: Tally) -> None:
        self.words = Words.of(context.vocabulary, context.gazetteer)
        self._tally = tally
        self._names = _names(context.vocabulary)
        self._mapped: dict[str, tuple[mappings.Meaning, ...]] = {}
        if (context.data_folder / "mappings" / f"{MAPPING}.csv").is_file():
            found = mappings.load(context.data_folder, MAPPING, context.vocabulary)
            self._mapped = {folded(code): meanings for code, meanings in found.items()}

    def read(self, attributes: Iterable[Mapping[str, Any]]) -> Said:
        """Return what attributes (as HSDS's JSON nests them) say."""
        said = Said()
        for each in attributes:
            term = each.get("taxonomy_term")
            if isinstance(term, Mapping):
                self._add(term, text(each.get("value")), said)
        return said

    def language(self, code: str, name: str) -> str:
        """Return the tag of a language by its code or its English name, "" when it is neither."""
        languages = self.words.vocabulary.facets["language"]
        if code.partition("-")[0].lower() not in languages:
            for key, each in languages.items():
                english = each.names["en"]
                if name and folded(name) in {folded(english), folded(english.partition(" (")[0])}:
                    return key
        try:
            return clean.language(code)
        except ValueError:
            return ""

    def accessibility(self, name: str) -> str:
        """Return our word for what a place's accessibility is called, "" when it is none of ours."""
        found = self._names.get(folded(name))
        return found[1] if found is not None and found[0] == "accessibility" else ""

    def _add(self, term: Mapping[str, Any], value: str, said: Said) -> None:
        known = self.words.by_id.get(text(term.get("id")))
        if known is not None:
            said.ours = True
            taxonomy, key = known
            if taxonomy == DETAIL:
                said.details[key].append(value)
            elif taxonomy == "kind" and value == ALSO:
                said.columns["also_kinds"].append(key)
            else:
                said.columns[COLUMNS[taxonomy]].append(key)
            return
        spellings = [folded(text(term.get(name))) for name in ("code", "name")]
        for spelling in filter(None, spellings):
            if (meanings := self._mapped.get(spelling)) is not None:
                for meaning in meanings:
                    said.columns[meaning.column].append(meaning.value)
                return
        for spelling in filter(None, spellings):
            if found := self._names.get(spelling):
                said.columns[found[0]].append(found[1])
                return
        if any(spellings):
            name, code = text(term.get("name")), text(term.get("code"))
            self._tally.unmapped[(f"{code} ({name})" if code and code != name else name)[:_LIMIT]] += 1


def text(value: object) -> str:
    """Return a JSON value as a cell holds it; a list or an object is none."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value).strip()
    return ""


def as_object(value: object) -> Mapping[str, Any]:
    """Return a JSON object, an empty one of anything else."""
    return value if isinstance(value, Mapping) else {}


def objects(value: object) -> list[Mapping[str, Any]]:
    """Return the objects of a JSON list, none of anything else."""
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


def _names(vocabulary: Vocabulary) -> dict[str, tuple[str, str]]:
    """Return column and value of every word that means just one of ours; a need goes before a facet."""
    found: dict[str, tuple[str, str]] = {}
    for name in _BY_NAME:
        for key, each in vocabulary.facets[name].items():
            for spelling in (key, each.names["en"], *each.names.values()):
                found.setdefault(folded(spelling.replace("_", " ")), (COLUMNS[name], key))
    for phrase, keys in vocabulary.phrases.items():
        if len(keys) == 1:
            found[phrase] = ("needs", keys[0])
    found.pop("", None)
    return found
