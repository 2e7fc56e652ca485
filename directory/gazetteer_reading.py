"""Reading a place as somebody typed it: coordinates, a military post, a postal code with or without words, or words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from directory.gazetteer_files import Files, Named
from directory.gazetteer_places import MOST_CANDIDATES, Namer, apart_km, choose
from directory.gazetteer_postal import Candidate, PostalCodes, is_military, military_place, military_post
from directory.gazetteer_text import coordinates, fold, looks_like_a_street, postal_keys, tidy
from directory.gazetteer_words import TOGETHER_KM, Parts, Reading, Words
from directory.records import Place

_PARTS = re.compile(r"[,;()\[\]|\n]+|\s[-–—/]\s")

MOST_CODES = 4  # tried in one text, so that a heap of numbers costs no more than an address

Answer = tuple[Place | None, tuple[Place, ...]]
NOTHING: Answer = (None, ())


class Reader:
    """Reads typed places for one default country at a time. Holds no state of its own."""

    def __init__(self, files: Files, namer: Namer, codes: PostalCodes) -> None:
        self._files = files
        self._namer = namer
        self._codes = codes
        self._words = Words(files)

    def read(self, text: str, default_country: str) -> Answer:
        """Return the place ``text`` means, or None with what it may mean."""
        cleaned = tidy(text)
        position = coordinates(cleaned)
        if position is not None:
            return self._position(*position)
        post = military_post(cleaned)
        if post is not None:
            return post, ()
        parts: Parts = [
            words for words in (part.split() for part in _PARTS.split(cleaned)) if words and fold(" ".join(words))
        ]
        best = NOTHING
        for written, rest, leading in islice(self._codes_in(parts), MOST_CODES):
            answer = self._with_code(written, rest, leading, default_country)
            if answer[0] is not None:
                return answer
            best = best if best[1] else answer
        if best[1]:
            return best
        if any(len(word) == 5 and word.isdigit() for part in parts for word in part) and sum(map(len, parts)) == 1:
            return NOTHING
        answer = self._answer(self._words.read(parts, default_country))
        if answer == NOTHING:
            # The code of a country whose codes are not in the files ("00-001 Warszawa").
            named = [[word for word in part if not any(c.isdigit() for c in word)] for part in parts]
            if named != parts and not looks_like_a_street(cleaned):
                answer = self._answer(self._words.read([part for part in named if part], default_country))
        return answer

    def _position(self, latitude: float, longitude: float) -> Answer:
        if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
            return NOTHING
        return self._namer.near(latitude, longitude), ()

    def _answer(self, reading: Reading) -> Answer:
        chosen, found = choose(reading.named)
        if chosen is not None and reading.certain:
            return self._namer.place(chosen.record), ()
        return None, tuple(self._namer.place(each.record) for each in found[:MOST_CANDIDATES])

    def _codes_in(self, parts: Parts) -> Iterator[tuple[str, Parts, bool]]:
        """Yield (code, the parts without it, whether it led them), the last of the text first, two words before one."""
        for index in range(len(parts) - 1, -1, -1):
            words = parts[index]
            for end in range(len(words), 0, -1):
                for size in (2, 1):
                    written = " ".join(words[end - size : end]).strip("-.:#\"'") if end >= size else ""
                    keys = postal_keys(written)
                    if any(self._files.code(country, key) for country, key in keys.items()) or "US" in keys:
                        rest = [*parts[:index], words[: end - size] + words[end:], *parts[index + 1 :]]
                        yield written, [part for part in rest if part], index == 0 and end == size

    def _with_code(self, written: str, rest: Parts, leading: bool, default: str) -> Answer:
        zip_code = postal_keys(written).get("US", "")
        readings = self._codes.readings(written)
        words = self._words.read(rest, default, suggest=False)
        together = [each for each in readings if each.exact and _agrees(each, words)]
        if together:
            return self._preferred(together, default)
        if is_military(zip_code) and _speaks_of(words, "US", default):
            return military_place(zip_code), ()
        if (not words.named and not words.scopes) or not words.certain:
            if rest and leading and looks_like_a_street("x " + " ".join(rest[0])):
                return NOTHING
            return NOTHING if words.scopes else self._bare_code(written, readings, default)
        return self._apart(readings, words, leading, default)

    def _apart(self, readings: list[Candidate], words: Reading, leading: bool, default: str) -> Answer:
        """Answer a code that does not lie at the place named beside it: an unlisted ZIP, a house number, or a mistake."""
        answer = self._answer(words)
        wholes_only = all(named.record.kind != "city" for named in words.named)
        around = [each for each in readings if not each.exact and wholes_only and _agrees(each, words)]
        if around:
            return around[0].place, ()
        meant = words.scopes[0].country if words.scopes else default
        claims = [each for each in readings if each.exact and each.country == meant]
        if leading or not claims:
            return answer
        places = [each.place for each in claims] + ([answer[0]] if answer[0] else list(answer[1]))
        return None, tuple(places[:MOST_CANDIDATES])

    def _bare_code(self, written: str, readings: list[Candidate], default: str) -> Answer:
        if any(each.form == default for each in readings):
            return self._preferred(readings, default)
        exact = [each for each in readings if each.exact]
        # Letters and digits mixed are unmistakable; bare digits may be the code of a country that is not in the files.
        if len(exact) == 1 and not written.replace(" ", "").replace("-", "").isdigit():
            return exact[0].place, ()
        places = [each.place for each in sorted(exact, key=lambda each: each.country)]
        if default == "US" and re.fullmatch(r"\d{4}", written):
            places = [
                each.place for each in self._codes.readings("0" + written) if each.exact and each.country == "US"
            ] + places
        return None, tuple(places[:MOST_CANDIDATES])

    def _preferred(self, readings: list[Candidate], default: str) -> Answer:
        mine = [each for each in readings if each.form == default] or readings
        exact = [each for each in mine if each.exact] or mine
        if len(exact) == 1:
            return exact[0].place, ()
        return None, tuple(each.place for each in exact[:MOST_CANDIDATES])


def _agrees(candidate: Candidate, words: Reading) -> bool:
    """Tell whether a code lies where the words beside it say."""
    if words.scopes and not any(
        candidate.country == scope.country and scope.region in ("", candidate.record.area.region)
        for scope in words.scopes
    ):
        # A suburb across the border of its state is still near its city.
        return words.certain and any(each.record.kind == "city" and _beside(candidate, each) for each in words.named)
    if words.scopes and (not words.named or not words.certain):
        return True
    return words.certain and any(_beside(candidate, each) for each in words.named)


def _beside(candidate: Candidate, named: Named) -> bool:
    area = named.record.area
    if candidate.country != area.country:
        return False
    if named.record.kind != "city":
        return named.record.kind == "country" or candidate.record.area.region == area.region
    return apart_km(candidate.record, named.record) < TOGETHER_KM


def _speaks_of(words: Reading, country: str, default: str) -> bool:
    said = {scope.country for scope in words.scopes} | {each.record.area.country for each in words.named}
    return country in said if said else country == default
