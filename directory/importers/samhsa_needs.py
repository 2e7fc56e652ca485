"""What the service codes of one facility say together, in our words.

What a code says alone stands in data/mappings/samhsa.csv. Here is what codes say only with one another, and which of the
two directories is believed on what. No code says depression, anxiety, cannabis or kratom, so no row states them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from directory.importers.mappings import Meaning

MENTAL_HEALTH = "mental_health"
SUBSTANCE_USE = "substance_use"

Meanings = Mapping[str, tuple[Meaning, ...]]
"""The meanings of each code, in the order in which their words are listed."""

_OF_SUBSTANCE_USE = frozenset({"gambling", "nicotine", "alcohol", "opioids", "stimulants", "sedatives"})
_REFUSES = {"NAUT": "alcohol", "NOOP": "opioids"}
_ONLY = {"OUDO": "opioids", "AUDO": "alcohol"}
_SEXES = frozenset({"men", "women"})
_AGES = frozenset({"children", "adolescents", "young_adults", "adults", "older_adults"})
_NOT_OUTPATIENT = frozenset({"RTCA", "RTCC", "ORES", "PH", "PSY", "IPSY", "SHP", "RES", "HI"})
# A medicine is given for a need; where that is not treated, a code for the medicine contradicts itself.
_MEDICINE = {"medication_for_opioid_use": "opioids"}


@dataclass(frozen=True, slots=True)
class Facts:
    """What one row's codes say, as the cells of our own CSV.

    ``beside`` are needs of people whom a substance use programme has a group for among its own clients. They are in the
    description, never needs: somebody who was hurt and does not use anything must not be sent to a rehab first.
    """

    needs: list[str]
    excludes: list[str]
    approaches: list[str]
    payment: list[str]
    languages: list[str]
    urgent_care: list[str]
    audiences: list[str]
    minimum_age: int | None
    maximum_age: int | None
    integrated: bool
    sign_language: bool
    video: bool
    eligibility: list[str] = field(default_factory=list)
    beside: list[str] = field(default_factory=list)

    def cells(self) -> dict[str, str]:
        """Return the facts as text, by the columns of our own CSV."""
        return {
            "needs": ";".join(self.needs),
            "excludes": ";".join(self.excludes),
            "formats": "in_person;video" if self.video else "in_person",
            "languages": ";".join(self.languages),
            "payment": ";".join(self.payment),
            "audiences": ";".join(dict.fromkeys(self.audiences)),
            "minimum_age": "" if self.minimum_age is None else str(self.minimum_age),
            "maximum_age": "" if self.maximum_age is None else str(self.maximum_age),
            "approaches": ";".join(self.approaches),
            "integrated": "yes" if self.integrated else "",
            "urgent_care": ";".join(self.urgent_care),
            "eligibility": " ".join(self.eligibility),
            "accessibility": "sign_language" if self.sign_language else "",
        }


def facts(codes: frozenset[str], directory: str, state: str, meanings: Meanings) -> Facts:
    """Return what a row's codes say; ``directory`` is ``MENTAL_HEALTH`` or ``SUBSTANCE_USE``."""
    held = {code: found for code, found in meanings.items() if code in codes and found}
    said = _by_column(held.values())
    if directory == MENTAL_HEALTH:
        audiences, minimum_age, maximum_age = _ages(held)
    else:
        audiences, minimum_age, maximum_age = _grown_up_groups(codes, held), None, None
    needs = _needs(codes, directory, said)
    excludes = [need for need in said["excludes"] if SUBSTANCE_USE in needs and need not in needs]
    return Facts(
        needs=needs,
        excludes=excludes,
        approaches=[each for each in said["approaches"] if _MEDICINE.get(each) not in excludes],
        payment=_payment(said["payment"]),
        # The directories never say English; it is the rule in every state but Puerto Rico.
        languages=[*([] if state == "PR" else ["en"]), *said["languages"]],
        urgent_care=said["urgent_care"],
        audiences=[*audiences, *(word for word in said["audiences"] if word not in _AGES | _SEXES)],
        minimum_age=minimum_age,
        maximum_age=maximum_age,
        integrated="yes" in said["integrated"] and {MENTAL_HEALTH, SUBSTANCE_USE} <= {*needs},
        sign_language="sign_language" in said["accessibility"],
        video="video" in said["formats"],
        eligibility=_eligibility(codes, directory),
        beside=[] if directory == MENTAL_HEALTH else _beside(said["needs"]),
    )


def kind_of(codes: frozenset[str], directory: str) -> str:
    """Return the kind of listing a row makes: an outpatient clinic for mental health is a practice, the rest programmes."""
    is_practice = directory == MENTAL_HEALTH and "OP" in codes and not codes & _NOT_OUTPATIENT
    return "therapist" if is_practice else "treatment_program"


def serves_only(codes: Collection[str]) -> list[str]:
    """Return the needs a facility serves and nothing else; none where it contradicts itself."""
    return [need for code, need in _ONLY.items() if code in codes and need not in _refused(codes)]


def _by_column(held: Iterable[tuple[Meaning, ...]]) -> Mapping[str, list[str]]:
    """Return what is said of each column, each word once, in order; what is general or excludes others is no need stated."""
    said: dict[str, dict[str, None]] = defaultdict(dict)
    for meanings in held:
        for each in meanings:
            if each.column != "needs" or each.basis == "stated":
                said[each.column][each.value] = None
    return defaultdict(list, {column: list(words) for column, words in said.items()})


def _needs(codes: frozenset[str], directory: str, said: Mapping[str, list[str]]) -> list[str]:
    """The needs. What treats both together treats each in general: its codes are for people who have both."""
    stated, both = said["needs"], "yes" in said["integrated"]
    if "DUO" in codes:
        return []
    if codes & _ONLY.keys():
        return serves_only(codes)
    if directory == MENTAL_HEALTH:
        uses = "SA" in codes or both
        return [MENTAL_HEALTH, *([SUBSTANCE_USE] if uses else []), *stated]
    mental = [MENTAL_HEALTH] if both else []
    named = [need for need in stated if need in _OF_SUBSTANCE_USE and need not in _refused(codes)]
    return [SUBSTANCE_USE, *mental, *named]


def _refused(codes: Collection[str]) -> frozenset[str]:
    return frozenset(need for code, need in _REFUSES.items() if code in codes)


def _beside(stated: Iterable[str]) -> list[str]:
    return [need for need in stated if need not in _OF_SUBSTANCE_USE or need == "gambling"]


def _payment(words: list[str]) -> list[str]:
    # "No payment accepted" beside ways to pay contradicts itself: then the ways to pay stand.
    return [word for word in words if word != "free"] or words


def _ages(held: Meanings) -> tuple[list[str], int | None, int | None]:
    """The ages accepted. "Children/adolescents" is one code, for all under 18."""
    accepted = [found for found in held.values() if _years(found, "minimum_age")]
    if not accepted:
        return [], None, None
    first = min(year for found in accepted for year in _years(found, "minimum_age"))
    last = [max(_years(found, "maximum_age"), default=None) for found in accepted]
    highest = None if None in last else max(age for age in last if age is not None)
    return [word for found in accepted for word in _audiences(found)], first, highest


def _grown_up_groups(codes: frozenset[str], held: Meanings) -> list[str]:
    """The audiences of the substance use directory.

    Its codes of ages accepted contradict themselves: "seniors" stands exactly where the programme for seniors does, and
    what a site accepts in one directory it refuses in the other. So it says nothing of ages to us, and a programme for
    an age counts only beside one for adult men or women: a clinic with a group for teenagers is not for them only.
    """
    if "FEM" not in codes and "MALE" in codes:
        sexes = ["men"]
    elif "MALE" not in codes and "FEM" in codes:
        sexes = ["women"]
    else:
        sexes = [word for code, word in (("MN", "men"), ("WN", "women")) if code in codes]
    if not codes & {"MN", "WN"}:
        return sexes
    groups = [word for found in held.values() for word in _audiences(found) if not _years(found, "minimum_age")]
    return [*dict.fromkeys(word for word in groups if word in _AGES), "adults", *sexes]


def _audiences(found: Iterable[Meaning]) -> list[str]:
    return [each.value for each in found if each.column == "audiences"]


def _years(found: Iterable[Meaning], column: str) -> list[int]:
    return [int(each.value) for each in found if each.column == column]


def _eligibility(codes: frozenset[str], directory: str) -> list[str]:
    rules = _exclusions(codes)
    if codes & {"FEM", "MALE"} == {"FEM"}:
        rules.append("Female clients only.")
    if codes & {"FEM", "MALE"} == {"MALE"}:
        rules.append("Male clients only.")
    if codes & {"VAMC", "VAHC"}:
        rules.append("Run by the U.S. Department of Veterans Affairs. Ask who can use it.")
    if directory == MENTAL_HEALTH and "CHLD" in codes:
        rules.append("Ask which ages under 18 they take.")
    return rules


def _exclusions(codes: frozenset[str]) -> list[str]:
    only, refused = serves_only(codes), _refused(codes)
    rules = ["Only for people with a court case for driving after drinking or drug use."] if "DUO" in codes else []
    if only == ["opioids", "alcohol"]:
        rules.append("For people who use opioids or have an alcohol problem only.")
    elif only == ["opioids"]:
        rules.append("For people who use opioids only.")
    elif only == ["alcohol"]:
        rules.append("For people with an alcohol problem only.")
    elif codes & _ONLY.keys():
        rules.append("What it says about whom it treats does not agree. Ask first.")
    elif refused == {"alcohol", "opioids"}:
        rules.append("Does not treat alcohol or opioid problems. Ask what it treats.")
    elif refused:
        rules.append(f"Does not treat {'alcohol' if 'alcohol' in refused else 'opioid'} problems.")
    return rules
