"""Reading the words of a place: which of them are the city, and which the region or country behind it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from directory.gazetteer_files import Files, Named
from directory.gazetteer_places import apart_km, choose
from directory.gazetteer_text import COUNTY_WORDS, fold, looks_like_a_street, other_spellings

TOGETHER_KM = 60.0  # a suburb and its city, a code and its town
LONGEST_QUALIFIER = 5  # "United States of America" and a little
BIG_ENOUGH = 15_000  # for "did you mean" without a region
LETTERS = "abcdefghijklmnopqrstuvwxyz"

Parts = list[list[str]]  # the words between commas


@dataclass(frozen=True, slots=True)
class Scope:
    """A country, or one region of it, that was named behind a city."""

    country: str
    region: str

    def holds(self, found: Named) -> bool:
        area = found.record.area
        return area.country == self.country and self.region in ("", area.region)


ANYWHERE: tuple[Scope, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """What some words mean. ``certain`` is False when they are only like a name that exists."""

    named: tuple[Named, ...] = ()
    scopes: tuple[Scope, ...] = ANYWHERE
    certain: bool = True


class Words:
    """Reads words for one default country at a time. Holds no state of its own."""

    def __init__(self, files: Files) -> None:
        self._files = files

    def read(self, parts: Parts, default: str, *, suggest: bool = True) -> Reading:
        """Return what words without a code mean: the first certain reading, else the first that knows something.

        ``suggest`` adds towns whose name is one letter off, for "did you mean".
        """
        uncertain = Reading()
        for reading in self._readings(parts, default, suggest):
            if reading.named and reading.certain:
                return reading
            if reading.named and not uncertain.named:
                uncertain = reading
        return uncertain

    def _readings(self, parts: Parts, default: str, suggest: bool) -> Iterator[Reading]:
        alone = " ".join(parts[0]) if len(parts) == 1 else ""
        if alone:
            yield Reading(tuple(self._named(alone, default)))
        if parts:
            yield self._qualified(parts, default, suggest)
            yield self._in_container(parts)
        for key in other_spellings(alone):
            yield Reading(tuple(self._files.named(key)))
        if alone and suggest:
            yield Reading(tuple(self._alike(parts[0], ANYWHERE)), certain=False)

    def _named(self, text: str, default: str) -> list[Named]:
        """Return what is called ``text``; of two-letter codes those of the default country's regions come alone."""
        key = fold(text)
        found = self._files.named(key)
        if len(key) > 3:
            return found
        codes = [
            each
            for each in found
            if each.record.kind != "city" and key in (each.record.area.region.lower(), _code(each))
        ]
        own = [each for each in codes if each.record.area.country == default and each.record.kind == "region"]
        return [each for each in found if each not in codes or each in own] if own else found

    def _qualified(self, parts: Parts, default: str, suggest: bool) -> Reading:
        """Read "city, region, country" in its forms, the longest name of a region or country at the end first."""
        second = Reading()
        for rest, scopes in self._peeled(parts, default):
            deeper = self._region_then_city(rest, scopes, default, suggest)
            sure = deeper.named if deeper.certain else ()
            # "New York, USA" is the city, but "Chicago, Illinois, USA" is in the region.
            named = (len(rest) == 1 and self._in_scope(rest, scopes)) or sure or self._in_scope(rest, scopes)
            if named:
                return deeper if named is sure else Reading(tuple(named), scopes)
            if not second.named:
                second = deeper if deeper.named else self._unknown_in(rest, scopes, suggest)
        return second

    def _region_then_city(self, parts: Parts, countries: tuple[Scope, ...], default: str, suggest: bool) -> Reading:
        if any(country.region for country in countries):
            return Reading()
        for rest, scopes in self._peeled(parts, default):
            regions = tuple(s for s in scopes if s.region and any(s.country == c.country for c in countries))
            if regions:
                named = self._in_scope(rest, regions)
                return Reading(tuple(named), regions) if named else self._unknown_in(rest, regions, suggest)
        return Reading()

    def _peeled(self, parts: Parts, default: str) -> Iterator[tuple[Parts, tuple[Scope, ...]]]:
        """Yield what is left before a region or country at the end, and its meanings."""
        last, before = parts[-1], parts[:-1]
        for size in range(min(LONGEST_QUALIFIER, len(last)), 0, -1):
            rest = before + ([last[:-size]] if len(last) > size else [])
            if rest:
                for scopes in self._scopes(" ".join(last[-size:]), default):
                    yield rest, scopes

    def _unknown_in(self, rest: Parts, scopes: tuple[Scope, ...], suggest: bool) -> Reading:
        """Return what is like the unknown city in a known region, else the region, both only as something to choose."""
        alike = self._alike(rest[-1], scopes) if suggest else []
        wholes = [] if alike else [self._whole(scope) for scope in scopes]
        return Reading(tuple(alike or [each for each in wholes if each is not None]), scopes, certain=False)

    def _whole(self, scope: Scope) -> Named | None:
        name = self._files.region_names.get((scope.country, scope.region), scope.country)
        found = (each for each in self._files.named(fold(name)) if each.record.kind != "city" and scope.holds(each))
        return next(found, None)

    def _scopes(self, text: str, default: str) -> list[tuple[Scope, ...]]:
        """Return the regions and countries called ``text``, in groups to be tried one after the other."""
        key = fold(text)
        found = [each for each in self._files.named(key) if each.record.kind != "city"]
        scopes = [(each, Scope(each.record.area.country, each.record.area.region)) for each in found]
        own = tuple(s for each, s in scopes if len(key) < 4 and s.country == default and s.region.lower() == key)
        others = tuple(s for _, s in scopes if s not in own)
        return [group for group in (own, others) if group]

    def _in_scope(self, rest: Parts, scopes: tuple[Scope, ...]) -> list[Named]:
        """Return the cities called ``rest`` in the scopes; of several parts the narrowest that lies in the last known one."""
        known = [(part, self._part(part, scopes)) for part in rest]
        resolved = [(part, named) for part, named in known if named]
        if not resolved:
            return self._street(rest[-1], scopes) if rest else []
        _, container = resolved[-1]
        for part, named in resolved[:-1]:
            if not part[0][0].isdigit():
                beside = [a for a in named if a.record.kind == "city" and any(_near(a, b) for b in container)]
                if beside:
                    return beside
        return container

    def _part(self, words: list[str], scopes: tuple[Scope, ...]) -> list[Named]:
        text = " ".join(words)
        found = self._held(fold(text), scopes)
        for key in () if found else other_spellings(text):
            found = self._held(key, scopes)
            if found:
                break
        return found

    def _held(self, key: str, scopes: tuple[Scope, ...]) -> list[Named]:
        found = self._files.named(key)
        if not scopes:
            return found
        held = [each for each in found if any(scope.holds(each) for scope in scopes)]
        # "Quebec, QC" is the city in the region, not the region again.
        return [each for each in held if each.record.kind == "city" or not scopes[0].region]

    def _street(self, words: list[str], scopes: tuple[Scope, ...]) -> list[Named]:
        """Return the city at the end of "123 Main St Boise"."""
        if not words[0][0].isdigit():
            return []
        for start in range(1, len(words)):
            key = fold(" ".join(words[start:]))
            found = [each for each in self._held(key, scopes) if each.record.kind == "city" and (scopes or each.strong)]
            if found and len(key) > 2:
                return found
        return []

    def _in_container(self, parts: Parts) -> Reading:
        """Read "Camden, London" and addresses that end in a city, where no region or country is named."""
        if len(parts) == 1:
            return self._two_cities(parts[0])
        known = [(part, self._towns(part)) for part in parts]
        known = [(part, named) for part, named in known if not (part[-1].lower() in COUNTY_WORDS and not named)]
        resolved = [(part, named) for part, named in known if named]
        if not resolved:
            return Reading(tuple(self._street(parts[-1], ANYWHERE)))
        if known[-1][1]:
            container = known[-1][1]
            for part, _ in resolved[:-1]:
                if not part[0][0].isdigit():
                    named = [each for each in self._part(part, ANYWHERE) if each.record.kind == "city"]
                    beside = [a for a in named if any(_near(a, b) for b in container)]
                    if beside:
                        return Reading(tuple(beside))
            apart = len(resolved) > 1 and not resolved[0][0][0][0].isdigit()
            return Reading(tuple(resolved[0][1] if apart else container), certain=not apart)
        return Reading(tuple(resolved[0][1]), certain=False)

    def _towns(self, words: list[str]) -> list[Named]:
        """Return the cities ``words`` mean: the one that stands out, none where a region or country does."""
        chosen, found = choose(self._part(words, ANYWHERE))
        if chosen is not None:
            return [chosen] if chosen.record.kind == "city" else []
        return found if all(each.record.kind == "city" for each in found) else []

    def _two_cities(self, words: list[str]) -> Reading:
        """Read "Camden London" and "12 Baker Street London"."""
        for start in range(1, len(words)):
            container = [n for n in self._held(fold(" ".join(words[start:])), ANYWHERE) if n.record.population > 50_000]
            inner = self._held(fold(" ".join(words[:start])), ANYWHERE) if container else []
            beside = [
                a for a, b in product(inner, container) if a.record.kind == b.record.kind == "city" and _near(a, b)
            ]
            if beside:
                return Reading(tuple(beside))
        return Reading(tuple(self._street(words, ANYWHERE)) if looks_like_a_street(" ".join(words)) else ())

    def _alike(self, words: list[str], scopes: tuple[Scope, ...]) -> list[Named]:
        """Return towns whose name is one letter off, for "did you mean"."""
        key = fold(" ".join(words))
        if not (5 <= len(key) <= 24 and key.isascii() and key.isalpha()):
            return []
        found = {}
        for variant in _one_letter_off(key):
            if self._files.has_name(variant):
                for each in self._held(variant, scopes):
                    if each.record.kind == "city" and each.strong and (scopes or each.record.population >= 15_000):
                        found[each.id] = each
        return sorted(found.values(), key=lambda each: -each.record.population)[:3]


def _one_letter_off(key: str) -> Iterator[str]:
    for n in range(len(key) + 1):
        left, right = key[:n], key[n:]
        if right:
            yield left + right[1:]
        if len(right) > 1:
            yield left + right[1] + right[0] + right[2:]
        for letter in LETTERS:
            yield left + letter + right
            if right:
                yield left + letter + right[1:]


def _code(each: Named) -> str:
    return each.record.area.country.lower() if each.record.kind == "country" else ""


def _near(a: Named, b: Named) -> bool:
    return a.id != b.id and apart_km(a.record, b.record) < TOGETHER_KM
