"""How a facility's codes read in two or three short sentences of our own: what it is, what else it does, for whom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from directory.importers.samhsa_needs import MENTAL_HEALTH, SUBSTANCE_USE, Facts, serves_only

_OFFERS = {"detox": "detox", "medication_for_opioid_use": "medicine for opioid use"}
_NEEDS = {
    "eating_disorders": "eating disorders", "psychosis": "a first episode of psychosis", "trauma": "trauma",
    "domestic_violence": "people hurt by a partner", "sexual_assault": "people hurt by sexual abuse",
    "gambling": "gambling",
}  # fmt: skip
_AUDIENCES = {"pregnant_or_new_parents": "pregnant women and new mothers", "lgbtq": "LGBTQ people"}
# Only programmes of their own: ages accepted are in the ages.
_AGE_GROUPS = {"AD": "teenagers", "TAY": "young adults", "SE": "older people"}
_KINDS = {
    "VAHC": "Clinic of the U.S. Department of Veterans Affairs for mental health", "CMHC": "Community mental health center",
    "CBHC": "Certified community clinic for mental health", "OMH": "Outpatient mental health clinic",
    "MSMH": "Mental health center with more than one kind of care", "RTCC": "Live-in mental health program for young people",
    "RTCA": "Live-in mental health program for adults", "ORES": "Live-in mental health program",
    "PH": "Day program for mental health", "PSY": "Mental health hospital", "IPSY": "Mental health unit of a hospital",
    "SHP": "State hospital for mental health",
}  # fmt: skip
_FOR_WHOM = {"opioids": "opioid use", "alcohol": "alcohol use"}


def describe(codes: frozenset[str], directory: str, facts: Facts) -> str:
    """Return the description of a row; SAMHSA's own descriptions of its codes are never shown."""
    sentences = [_what_mental(codes, facts) if directory == MENTAL_HEALTH else _what_substance(codes)]
    uses, mental = "substance_use" in facts.needs, "mental_health" in facts.needs
    if uses and mental and facts.integrated:
        sentences.append("Treats mental illness and substance use together.")
    elif directory == MENTAL_HEALTH and uses:
        sentences.append("Also treats substance use.")
    if "walk_in" in facts.urgent_care:
        sentences.append("You can walk in with a mental health emergency.")
    offers = [words for name, words in _OFFERS.items() if name in facts.approaches]
    if directory == SUBSTANCE_USE and offers:
        sentences.append(f"Offers {_listed(offers)}.")
    groups = _words(_NEEDS, facts.beside if directory == SUBSTANCE_USE else facts.needs)
    groups += [*_words(_AUDIENCES, facts.audiences), *_words(_AGE_GROUPS, codes)]
    if groups:
        sentences.append(f"Has help for {_listed(groups[:4])}.")
    return " ".join(sentences)


def _what_mental(codes: frozenset[str], facts: Facts) -> str:
    what = next((words for code, words in _KINDS.items() if code in codes), None)
    if what is None:
        what = "Live-in mental health program" if "RES" in codes else "Mental health care"
    if "PHDT" in codes and "PH" not in codes:
        what += " with a day program"
    if facts.maximum_age is not None and facts.maximum_age < 18 and "RTCC" not in codes:
        what += " for children and teenagers"
    return f"{what}."


def _what_substance(codes: frozenset[str]) -> str:
    only = serves_only(codes)
    for_whom = _FOR_WHOM[only[0]] if len(only) == 1 else "substance use"
    if "RES" in codes:
        return f"{'Live-in and outpatient' if 'OP' in codes else 'Live-in'} program for {for_whom}."
    if "ODT" in codes:
        return f"Outpatient and day program for {for_whom}."
    if "OP" in codes:
        return f"Outpatient {'and intensive outpatient ' if 'OIT' in codes else ''}program for {for_whom}."
    if "HI" in codes:
        return f"Hospital program for {for_whom}."
    if "HH" in codes:
        return "Halfway house or sober home for people who quit drugs or alcohol."
    return f"Program for {for_whom}."


def _words(table: Mapping[str, str], held: Iterable[str]) -> list[str]:
    """Collect what is held in the words of a table, in its order, each once."""
    known = set(held)
    return list(dict.fromkeys(words for key, words in table.items() if key in known))


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
