"""Reading a place as somebody typed it: where the country, the state, the postal code and the city stand in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from directory.gazetteer_files import Files, Named
from directory.gazetteer_places import MOST_CANDIDATES, Namer, apart_km, choose
from directory.gazetteer_postal import Candidate, PostalCodes, is_military, military_place, military_post
from directory.gazetteer_text import COUNTRY_SIZED, coordinates, fold, looks_like_a_street, other_spellings, postal_keys, tidy
from directory.records import Place

TOGETHER_KM = 60.0  # a suburb and its city, a code and its town
LONGEST_QUALIFIER = 5  # "United States of America" and a little
LETTERS = "abcdefghijklmnopqrstuvwxyz"
_PARTS = re.compile(r"[,;()\[\]|\n]+|\s[-–—/]\s")

Parts = list[list[str]]
Answer = tuple[Place | None, tuple[Place, ...]]


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
    """What the words beside a postal code mean. ``certain`` is False when they are only like a name that exists."""

    named: tuple[Named, ...] = ()
    scopes: tuple[Scope, ...] = ANYWHERE
    certain: bool = True


class Reader:
    """Reads typed places for one default country at a time. Holds no state of its own."""

    def __init__(self, files: Files, namer: Namer, codes: PostalCodes) -> None:
        self._files = files
        self._namer = namer
        self._codes = codes

    def read(self, text: str, default_country: str) -> Answer:
        """Return the place ``text`` means, or None with what it may mean."""
        cleaned = tidy(text)
        position = coordinates(cleaned)
        if position is not None:
            return self._position(*position)
        post = military_post(cleaned)
        if post is not None:
            return post, ()
        parts: Parts = [words for words in (part.split() for part in _PARTS.split(cleaned)) if words and fold(" ".join(words))]
        best: Answer = (None, ())
        for written, rest, leading in self._codes_in(parts):
            answer = self._with_code(written, rest, leading, default_country)
            if answer[0] is not None:
                return answer
            best = best if best[1] else answer
        if best[1]:
            return best
        if any(len(word) == 5 and word.isdigit() for part in parts for word in part) and sum(map(len, parts)) == 1:
            return None, ()
        return self._answer(self._words(parts, default_country))

    def _position(self, latitude: float, longitude: float) -> Answer:
        if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
            return None, ()
        return self._namer.near(latitude, longitude), ()

    def _answer(self, reading: Reading) -> Answer:
        chosen, found = choose(reading.named)
        if chosen is not None and reading.certain:
            return self._namer.place(chosen.record), ()
        return None, tuple(self._namer.place(each.record) for each in found[:MOST_CANDIDATES])

    # Postal codes --------------------------------------------------------------------------------------------------------

    def _codes_in(self, parts: Parts) -> Iterator[tuple[str, Parts, bool]]:
        """Yield (code, the parts without it, whether it led them), the last of the text first, two words before one."""
        for index in range(len(parts) - 1, -1, -1):
            words = parts[index]
            for end in range(len(words), 0, -1):
                for size in (2, 1):
                    written = " ".join(words[end - size : end]) if end >= size else ""
                    keys = postal_keys(written)
                    if any(self._files.code(country, key) for country, key in keys.items()) or "US" in keys:
                        rest = [*parts[:index], words[: end - size] + words[end:], *parts[index + 1 :]]
                        yield written, [part for part in rest if part], index == 0 and end == size

    def _with_code(self, written: str, rest: Parts, leading: bool, default: str) -> Answer:
        zip_code = postal_keys(written).get("US", "")
        readings = self._codes.readings(written)
        if not rest:
            if default == "US" and is_military(zip_code):
                return military_place(zip_code), ()
            return self._bare_code(written, readings, default)
        words = self._words(rest, default)
        if words.scopes and not words.named:
            readings = [each for each in readings if any(self._agrees(each, scope) for scope in words.scopes)]
            if is_military(zip_code) and any(scope.country == "US" for scope in words.scopes):
                return military_place(zip_code), ()
            return self._preferred(readings, default)
        if not words.named or not words.certain:
            if leading and looks_like_a_street("x " + " ".join(rest[0])):
                return None, ()
            return self._bare_code(written, readings, default) if not words.scopes else (None, ())
        return self._code_and_words(readings, words, leading, default)

    def _code_and_words(self, readings: list[Candidate], words: Reading, leading: bool, default: str) -> Answer:
        """Return the code's place where it lies at the place named beside it; both to choose from where they disagree."""
        exact = [each for each in readings if each.exact and self._possible(each, words.scopes)]
        together = [each for each in exact if any(_beside(each, named) for named in words.named)]
        if together:
            return self._preferred(together, default)
        around = [each for each in readings if not each.exact]
        answer = self._answer(words)
        wholes_only = all(named.record.kind != "city" for named in words.named)
        if wholes_only and any(_beside(each, named) for each in around for named in words.named):
            return around[0].place, ()
        claims = [each for each in exact if each.country == (words.scopes[0].country if words.scopes else default)]
        if leading or not claims:
            return answer
        places = [each.place for each in claims] + ([answer[0]] if answer[0] else list(answer[1]))
        return None, tuple(places[:MOST_CANDIDATES])

    @staticmethod
    def _agrees(candidate: Candidate, scope: Scope) -> bool:
        return candidate.country == scope.country and scope.region in ("", candidate.record.area.region)

    def _possible(self, candidate: Candidate, scopes: tuple[Scope, ...]) -> bool:
        return not scopes or any(candidate.country == scope.country for scope in scopes)

    def _bare_code(self, written: str, readings: list[Candidate], default: str) -> Answer:
        if any(each.country == default for each in readings):
            return self._preferred(readings, default)
        exact = [each for each in readings if each.exact]
        # Letters and digits mixed are unmistakable; bare digits may be the code of a country that is not in the files.
        if len(exact) == 1 and not written.replace(" ", "").replace("-", "").isdigit():
            return exact[0].place, ()
        places = [each.place for each in sorted(exact, key=lambda each: each.country)]
        if default == "US" and re.fullmatch(r"\d{4}", written):
            places = [each.place for each in self._codes.readings("0" + written) if each.exact and each.country == "US"] + places
        return None, tuple(places[:MOST_CANDIDATES])

    def _preferred(self, readings: list[Candidate], default: str) -> Answer:
        mine = [each for each in readings if each.country == default] or readings
        exact = [each for each in mine if each.exact] or mine
        if len(exact) == 1:
            return exact[0].place, ()
        return None, tuple(each.place for each in exact[:MOST_CANDIDATES])

    # Words ---------------------------------------------------------------------------------------------------------------

    def _words(self, parts: Parts, default: str) -> Reading:
        """Return what words without a code mean."""
        if not parts:
            return Reading()
        if len(parts) == 1:
            whole = self._named(" ".join(parts[0]), default)
            if whole:
                return Reading(tuple(whole))
        qualified = self._qualified(parts, default)
        if qualified is not None and qualified.named and qualified.certain:
            return qualified
        inside = self._in_container(parts)
        if inside.named and (inside.certain or qualified is None or not qualified.named):
            return inside
        for key in other_spellings(" ".join(parts[0])) if len(parts) == 1 else ():
            named = self._files.named(key)
            if named:
                return Reading(tuple(named))
        if qualified is not None:
            return qualified
        return Reading(tuple(self._alike(parts[0], ANYWHERE)), certain=False) if len(parts) == 1 else Reading()

    def _named(self, text: str, default: str) -> list[Named]:
        """Return what is called ``text``; of two-letter codes those of the default country's regions come alone."""
        key = fold(text)
        found = self._files.named(key)
        if len(key) > 3:
            return found
        codes = [each for each in found if each.record.kind != "city" and key in (each.record.area.region.lower(), _code(each))]
        own = [each for each in codes if each.record.area.country == default and each.record.kind == "region"]
        return [each for each in found if each not in codes or each in own] if own else found

    def _qualified(self, parts: Parts, default: str) -> Reading | None:
        """Read "city, region, country" in its forms; None when no region or country stands at the end."""
        last, before = parts[-1], parts[:-1]
        fallback: Reading | None = None
        for size in range(min(LONGEST_QUALIFIER, len(last)), 0, -1):
            rest = before + ([last[:-size]] if len(last) > size else [])
            for scopes in self._scopes(" ".join(last[-size:]), default) if rest else ():
                named = self._in_scope(rest, scopes)
                if named:
                    return Reading(tuple(named), scopes)
                if all(scope.region == "" for scope in scopes):
                    deeper = self._region_then_city(rest, scopes, default)
                    if deeper is not None and (deeper.named or fallback is None):
                        if deeper.named and deeper.certain:
                            return deeper
                        fallback = deeper
                        continue
                if fallback is None:
                    fallback = self._unknown_in(rest, scopes)
        if fallback is None and len(parts) == 1 and self._scopes(" ".join(last), default):
            return Reading(scopes=self._scopes(" ".join(last), default)[0])
        return fallback

    def _region_then_city(self, rest: Parts, countries: tuple[Scope, ...], default: str) -> Reading | None:
        last, before = rest[-1], rest[:-1]
        for size in range(min(LONGEST_QUALIFIER, len(last)), 0, -1):
            inner = before + ([last[:-size]] if len(last) > size else [])
            for scopes in self._scopes(" ".join(last[-size:]), default):
                regions = tuple(s for s in scopes if s.region and any(s.country == c.country for c in countries))
                if not regions or not inner:
                    continue
                named = self._in_scope(inner, regions)
                return Reading(tuple(named), regions) if named else self._unknown_in(inner, regions)
        return None

    def _unknown_in(self, rest: Parts, scopes: tuple[Scope, ...]) -> Reading:
        """Return what is like the unknown city in a known region, else the region, both only as something to choose."""
        alike = self._alike(rest[-1], scopes) if rest else []
        wholes = [] if alike else [self._whole(scope) for scope in scopes]
        return Reading(tuple(alike or [each for each in wholes if each is not None]), scopes, certain=False)

    def _whole(self, scope: Scope) -> Named | None:
        area = next((a for a in self._files.areas if (a.country, a.region) == (scope.country, scope.region)), None)
        name = area.region_name if area and area.region else scope.country
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
        return [each for each in self._files.named(key) if not scopes or any(scope.holds(each) for scope in scopes)]

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
        known = [(part, named) for part, named in known if not (part[-1].lower() in COUNTRY_SIZED and not named)]
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
            beside = [a for a, b in product(inner, container) if a.record.kind == b.record.kind == "city" and _near(a, b)]
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


def _beside(candidate: Candidate, named: Named) -> bool:
    area = named.record.area
    if candidate.country != area.country:
        return False
    if named.record.kind != "city":
        return named.record.kind == "country" or candidate.record.area.region == area.region
    return apart_km(candidate.record, named.record) < TOGETHER_KM
