"""The needs and facets: their words, parents and bits, read from data/needs.csv and data/facets.csv.

A need is known in one of two ways: the source *states* it, or it only speaks of the parent ("mental health") in
general. A general listing *reaches* the children of the parent; nothing else widens what a listing covers.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

from directory.errors import BadData, BadQuery
from directory.wording import _

MAXIMUM_NEEDS = 8
# Words somebody types round what matters; they are neither a need nor something to look for in names.
FILLER = frozenset(
    """a an and or the i im ive am is are was be been have has had do does did my me mine you your our we us it its to
    for with without of in on at by from near nearby nearest around about need needs needing want wants find finding get
    getting looking look help helps helping support some someone somebody please can could cant not no so very too feel
    feeling feelings having struggling problem problems issue issues who where what how now today right this that really
    while when because but if then also after before during am im been being go going using use used on off just
    el la los las un una y o de del en con sin para por mi me yo tengo estoy soy necesito quiero busco ayuda cerca
    """.split()
)


@dataclass(frozen=True, slots=True)
class Need:
    """What somebody is going through. ``bit`` is its place in the 63-bit words ``stated`` and ``reach``.

    ``answers_parent``: who asks for the parent in general is served by help for this need.
    """

    key: str
    bit: int
    parent: str | None
    names: Mapping[str, str]
    hints: Mapping[str, str]
    urgent: bool
    answers_parent: bool = True


@dataclass(frozen=True, slots=True)
class Facet:
    """One value of a facet: language ``es``, payment ``medicaid``. ``bit`` is its place in the facet's word."""

    facet: str
    key: str
    bit: int
    names: Mapping[str, str]
    hints: Mapping[str, str]
    minimum_age: int | None
    maximum_age: int | None


@dataclass(frozen=True, slots=True)
class Resolved:
    """What was understood of free words: needs in the order typed, and the words that are left."""

    needs: tuple[str, ...]
    rest: str


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """Every need and every facet value, by key. What is made of it alone may be kept: it is one object, read once."""

    needs: Mapping[str, Need]
    facets: Mapping[str, Mapping[str, Facet]]
    phrases: Mapping[str, tuple[str, ...]]

    def children(self, key: str) -> tuple[str, ...]:
        """Return the keys of the needs whose parent is ``key``, in bit order."""
        return self._children.get(key, ())

    @cached_property
    def _children(self) -> dict[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        for need in self.needs.values():
            if need.parent is not None:
                found[need.parent] = (*found.get(need.parent, ()), need.key)
        return found

    def bits(self, keys: Iterable[str]) -> int:
        """Return the word with the bits of these needs."""
        word = 0
        for key in keys:
            word |= 1 << self.needs[key].bit
        return word

    def keys(self, word: int) -> tuple[str, ...]:
        """Return the keys of the needs whose bits are set in ``word``, in bit order."""
        return tuple(need.key for need in self.needs.values() if word >> need.bit & 1)

    def reach(self, stated: Iterable[str]) -> int:
        """Return the word of all a listing covers that states these needs.

        A stated parent reaches its children. A stated child reaches its parent: somebody who asks for mental-health
        care in general is well served by a group for depression, and the reason says so. Not where needs.csv says no:
        help to stop smoking is no answer to drug or alcohol use.
        """
        word = 0
        for key in stated:
            need = self.needs[key]
            word |= 1 << need.bit | self.bits(self.children(key))
            if need.parent is not None and need.answers_parent:
                word |= 1 << self.needs[need.parent].bit
        return word

    def facet_bits(self, facet: str, keys: Iterable[str]) -> int:
        """Return the word with the bits of these values of one facet."""
        word = 0
        for key in keys:
            word |= 1 << self.facets[facet][key].bit
        return word

    def ages(self, minimum: int | None, maximum: int | None) -> int:
        """Return the ``age`` bits of the bands that the span of years touches; None leaves that side open."""
        word = 0
        for band in self.facets["age"].values():
            low, high = band.minimum_age or 0, 200 if band.maximum_age is None else band.maximum_age
            if (maximum is None or low <= maximum) and (minimum is None or high >= minimum):
                word |= 1 << band.bit
        return word

    def need(self, text: str, *, field: str = "need") -> str:
        """Return the key of the need a caller named by its key, its name or one of its words.

        Raises:
            BadQuery: no need is called that; the message names the nearest one.
        """
        key = text.strip().lower().replace("-", "_").replace(" ", "_")
        if key in self.needs:
            return key
        found = self.phrases.get(folded(text))
        if found is not None and len(found) == 1:
            return found[0]
        resolved = self.resolve(text)
        if len(resolved.needs) == 1 and not resolved.rest:
            return resolved.needs[0]
        known = {"value": text[:60], "needs": ", ".join(self.needs)}
        raise BadQuery(_("'{value}' is not a need we know; the needs are: {needs}", **known), field=field)

    def resolve(self, text: str) -> Resolved:
        """Return the needs named in free words ("cant breathe and drinking too much"), longest phrase first.

        Case, accents and punctuation do not matter. What is neither a need nor a filler word is left in ``rest``. A
        parent is dropped beside its own child: "therapist for depression" asks for depression.
        """
        words = folded(text).split()
        found: list[str] = []
        rest: list[str] = []
        start = 0
        while start < len(words):
            for length in range(min(self.longest_phrase, len(words) - start), 0, -1):
                keys = self.phrases.get(" ".join(words[start : start + length]))
                if keys is not None:
                    found.extend(key for key in keys if key not in found)
                    start += length
                    break
            else:
                if words[start] not in FILLER:
                    rest.append(words[start])
                start += 1
        parents = {self.needs[key].parent for key in found}
        return Resolved(tuple(key for key in found if key not in parents), " ".join(rest))

    @property
    def longest_phrase(self) -> int:
        """Return the number of words in the longest phrase."""
        return max(phrase.count(" ") + 1 for phrase in self.phrases)


# Letters and digits of ASCII in lower case, nothing for an apostrophe, a blank for all else.
_PLAIN = {code: chr(code).lower() if chr(code).isalnum() else None if chr(code) in "'`" else " " for code in range(128)}


def folded(text: str) -> str:
    """Return words in lower case without accents or punctuation, single blanks between: "Can't  breathe!" -> "cant breathe"."""
    if text.isascii():
        return " ".join(text.translate(_PLAIN).split())
    bare = unicodedata.normalize("NFKD", text.casefold())
    letters = "".join(c for c in bare if not unicodedata.combining(c))
    letters = re.sub(r"['’`´]", "", letters)
    return " ".join(re.findall(r"[^\W_]+", letters))


@lru_cache(maxsize=4)
def load(folder: Path) -> Vocabulary:
    """Return the vocabulary in ``folder`` (needs.csv and facets.csv).

    Raises:
        BadData: a bit given twice, a parent that is not there, a bit above 62.
    """
    needs: dict[str, Need] = {}
    phrases: dict[str, list[str]] = {}
    for row in _rows(folder / "needs.csv"):
        key = row["need"]
        needs[key] = Need(
            key,
            int(row["bit"]),
            row["parent"] or None,
            _languages(row, "name"),
            _languages(row, "hint"),
            row["urgent"] == "yes",
            row["answers_parent"] == "yes",
        )
        words = [key.replace("_", " "), *_languages(row, "name").values()]
        for column in (name for name in row if name.startswith("synonyms")):
            words.extend(row[column].split(";"))
        for word in words:
            owners = phrases.setdefault(folded(word), [])
            if folded(word) and key not in owners:
                owners.append(key)
    phrases.pop("", None)
    facets: dict[str, dict[str, Facet]] = {}
    for row in _rows(folder / "facets.csv"):
        facets.setdefault(row["facet"], {})[row["key"]] = Facet(
            row["facet"],
            row["key"],
            int(row["bit"]),
            _languages(row, "name"),
            _languages(row, "hint"),
            int(row["minimum_age"]) if row["minimum_age"] else None,
            int(row["maximum_age"]) if row["maximum_age"] else None,
        )
    _check_bits("needs.csv", [need.bit for need in needs.values()])
    _check_bits("facets.csv", [f.bit for name, values in facets.items() if name != "language" for f in values.values()])
    _check_bits("facets.csv languages", [f.bit for f in facets["language"].values()])
    for need in needs.values():
        if need.parent is not None and (need.parent not in needs or needs[need.parent].parent is not None):
            raise BadData(f"needs.csv: the parent '{need.parent}' of '{need.key}' is not a need without a parent")
    ordered = dict(sorted(needs.items(), key=lambda item: item[1].bit))
    return Vocabulary(ordered, facets, {phrase: tuple(keys) for phrase, keys in phrases.items()})


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _languages(row: Mapping[str, str], column: str) -> dict[str, str]:
    """Collect ``name``, ``name_es``, ... by language; the bare column is English."""
    found = {"en": row[column]}
    found.update({key.removeprefix(column + "_"): text for key, text in row.items() if key.startswith(column + "_")})
    return found


def _check_bits(name: str, bits: list[int]) -> None:
    if len(set(bits)) != len(bits):
        raise BadData(f"{name}: a bit is given twice")
    if not all(0 <= bit <= 62 for bit in bits):
        raise BadData(f"{name}: a bit is not between 0 and 62")
