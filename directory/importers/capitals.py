"""Words that a registry shouts -> words as people write them. A text in mixed case stays as it is."""

from __future__ import annotations

import re
from collections.abc import Callable

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_ORDINAL = re.compile(r"[0-9]+(?:ST|ND|RD|TH)")
# Written in capitals wherever they stand.
_LETTERS = frozenset("II III IV VI VII VIII NE NW SE SW PO".split())
_OF_ORGANIZATIONS = frozenset(
    """
    LLC PLLC LLP PLC APC LCSW LPC LMFT LMHC LICSW LCPC LPCC LADC CADC MSW APRN PMHNP USA YMCA YWCA NAMI ADHD PTSD MHMR
    """.split()
)
_SPELT = {"PHD": "PhD", "PSYD": "PsyD"}
_SMALL = frozenset("AND AT BY DE DEL FOR FROM IN OF ON OR THE TO WITH".split())
# Short words that are no initials: any other of up to three letters keeps its capitals in an organisation's name.
_SHORT = frozenset(
    """
    ALL AND ARE ART BAY BE BIG BOX CAN CO DAY DE DEL DR EL FIT FOR FUN GO HER HIS HUB INC IN IS IT JOY KEY LA LAS LET LOS LOW
    LTD MAY ME MEN MT MY NEW NO NOT NOW OAK OF OLD ON ONE OUR OUT RED SAN SEA SKY SO ST SUN THE TO TRI TWO UP WAY WE YES YOU
    """.split()
)


def of_organization(text: str) -> str:
    """Return the name of an organisation: "ABC COUNSELING OF OHIO, LLC" is "ABC Counseling of Ohio, LLC"."""
    return _written(text, _in_organization)


def of_person(text: str) -> str:
    """Return the name of a person: "JOSEPHINE O'BRIEN-MCCOY" is "Josephine O'Brien-McCoy"."""
    return _written(text, _capitalised)


def of_place(text: str) -> str:
    """Return a street or a town: "18302 NW 42ND ST APT 5G" is "18302 NW 42nd St Apt 5G"."""
    return _written(text, _capitalised)


def _written(text: str, each: Callable[[str], str]) -> str:
    text = " ".join(text.split())
    if text != text.upper():
        return text

    def word(found: re.Match[str]) -> str:
        if found[0] in _SMALL and found.start():
            return found[0].lower()
        return each(found[0])

    return _WORD.sub(word, text)


def _in_organization(word: str) -> str:
    if word in _OF_ORGANIZATIONS or (len(word) <= 3 and word not in _SHORT and word not in _SPELT):
        return word
    return _SPELT.get(word) or _capitalised(word)


def _capitalised(word: str) -> str:
    if word in _LETTERS or not word.isupper():
        return word
    if any(letter.isdigit() for letter in word):
        return word.lower() if _ORDINAL.fullmatch(word) else word
    first, *others = re.split("(['’])", word)
    if not others:
        return "Mc" + word[2:].capitalize() if word.startswith("MC") and len(word) > 4 else word.capitalize()
    ends = [part.capitalize() if len(first) == 1 and len(part) > 1 else part.lower() for part in others]
    return first.capitalize() + "".join(ends)
