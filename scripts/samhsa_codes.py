"""What the service codes of SAMHSA's 2022 directories mean in our words.

Every code is mapped by its NAME on sheet 2 of the workbook, never by the description beside it (some descriptions
belong to the line above). ``MENTAL_HEALTH`` and ``SUBSTANCE_USE`` are the two workbooks; a code means the same in both.
What stands in no table below says nothing a listing can hold: funding, licences, tests, vaccines, smoking rules, ...
No code says depression, anxiety, cannabis or kratom, so no row states them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

MENTAL_HEALTH = "mental_health"
SUBSTANCE_USE = "substance_use"

# A code of the EXCL group: the programme serves nothing else, so its needs are these alone and never substance_use.
SERVES_ONLY = {"OUDO": "opioids", "AUDO": "alcohol"}

NEEDS = {
    "PED": "eating_disorders", "PEFP": "psychosis", "TRMA": "trauma", "PTSD": "trauma", "DV": "domestic_violence",
    "SPS": "suicidal_thoughts", "TGD": "gambling", "TCC": "nicotine", "NRT": "nicotine", "NSC": "nicotine",
    "ADTX": "alcohol", "PMAT": "alcohol", "ACMA": "alcohol",
    "ODTX": "opioids", "OTP": "opioids", "MM": "opioids", "MMW": "opioids", "DM": "opioids", "BUM": "opioids",
    "BMW": "opioids", "DB": "opioids", "UB": "opioids", "RPN": "opioids", "MOA": "opioids",
    "CDTX": "stimulants", "MDTX": "stimulants", "BDTX": "sedatives",
}  # fmt: skip
OF_SUBSTANCE_USE = frozenset({"gambling", "nicotine", "alcohol", "opioids", "stimulants", "sedatives"})
# What a substance use programme offers its own clients beside that. It is in the description, never a need: somebody who
# was hurt, or thinks of suicide, and does not use anything, must not be sent to a rehab first.
BESIDE_SUBSTANCE_USE = {
    "TRMA": "trauma", "DV": "people hurt by a partner", "DVFP": "people hurt by a partner",
    "XA": "people hurt by sexual abuse", "TGD": "gambling",
}  # fmt: skip

APPROACHES = {
    "IPT": "talk_therapy", "ICO": "talk_therapy", "CBT": "cbt", "DBT": "dbt", "EMDR": "emdr",
    "GT": "group_therapy", "GCO": "group_therapy",
    "CFT": "family_therapy", "FCO": "family_therapy", "MCO": "family_therapy",
    "MMD": "medication_management", "ANTPYCH": "medication_management",
    "MU": "medication_for_opioid_use", "BU": "medication_for_opioid_use", "OTP": "medication_for_opioid_use",
    "MM": "medication_for_opioid_use", "MMW": "medication_for_opioid_use", "BUM": "medication_for_opioid_use",
    "BMW": "medication_for_opioid_use", "UB": "medication_for_opioid_use", "UN": "medication_for_opioid_use",
    "METH": "medication_for_opioid_use", "BWN": "medication_for_opioid_use", "BWON": "medication_for_opioid_use",
    "BSDM": "medication_for_opioid_use", "BERI": "medication_for_opioid_use",
    "DT": "detox", "HID": "detox", "OD": "detox", "RD": "detox",
    "RES": "residential", "RL": "residential", "RS": "residential",
    "PEER": "peer_support", "RC": "peer_support", "TWFA": "twelve_step", "RELP": "relapse_prevention",
    **dict.fromkeys(
        ("CM", "ICM", "ACT", "PRS", "HS", "SH", "SEMP", "VRS", "EMP", "VOC", "AOSS", "SSD", "TA"), "daily_life_support"
    ),
}  # fmt: skip

PAYMENT = {
    "NP": "free", "SS": "sliding_scale", "MD": "medicaid", "MC": "medicare", "MI": "military_insurance",
    "PI": "private_insurance", "SF": "self_pay", "PA": "payment_assistance",
}  # fmt: skip

URGENT_CARE = {"WI": "walk_in", "CIT": "mobile_crisis", "PEOFF": "mobile_crisis", "PEON": "psychiatric_emergency"}

# "Creole" and "Yupik" name several languages each, and Ojibwa is not among ours: left out.
LANGUAGES = {
    "SP": "es", "F4": "ar", "F17": "zh", "F25": "fa", "F28": "fr", "F30": "de", "F31": "el", "F35": "he", "F36": "hi",
    "F37": "hmn", "F42": "it", "F43": "ja", "F47": "ko", "F66": "pl", "F67": "pt", "F70": "ru", "F81": "fil",
    "F92": "vi",
}  # fmt: skip

GROUPS = {
    "GL": "lgbtq", "VET": "veterans", "VAMC": "veterans", "VAHC": "veterans", "CJ": "justice_involved",
    "PW": "pregnant_or_new_parents", "TBG": "indigenous_people", "IH": "indigenous_people",
}  # fmt: skip

# Ages accepted, in the mental health workbook: audiences, first year, last year (None: no limit). "Children/adolescents"
# is one code there. The substance use workbook prints the same codes, but they contradict themselves (SNR stands exactly
# where the programme for seniors does, and what a site accepts in one workbook it refuses in the other), so it says
# nothing of ages to us.
AGES: Mapping[str, tuple[tuple[str, ...], int, int | None]] = {
    "CHLD": (("children", "adolescents"), 0, 17),
    "YAD": (("young_adults",), 18, 25),
    "ADLT": (("adults",), 18, 64),
    "SNR": (("older_adults",), 65, None),
}
# Programmes for an age, in the substance use workbook. They count as audiences only beside a programme for adult men or
# women: a clinic with a group for teenagers is not for teenagers only.
AGE_GROUPS = {"AD": "adolescents", "TAY": "young_adults", "SE": "older_adults"}

# How the descriptions say it.
OFFERS = {"detox": "detox", "medication_for_opioid_use": "medicine for opioid use"}
IN_WORDS = {
    "eating_disorders": "eating disorders", "psychosis": "a first episode of psychosis", "trauma": "trauma",
    "domestic_violence": "people hurt by a partner", "gambling": "gambling",
}  # fmt: skip
AUDIENCES_IN_WORDS = {"pregnant_or_new_parents": "pregnant women and new mothers", "lgbtq": "LGBTQ people"}
# Only programmes of their own: ages accepted are in the ages.
AGE_GROUPS_IN_WORDS = {"AD": "teenagers", "TAY": "young adults", "SE": "older people"}
KINDS_IN_WORDS = {
    "VAHC": "Clinic of the U.S. Department of Veterans Affairs for mental health", "CMHC": "Community mental health center",
    "CBHC": "Certified community clinic for mental health", "OMH": "Outpatient mental health clinic",
    "MSMH": "Mental health center with more than one kind of care", "RTCC": "Live-in mental health program for young people",
    "RTCA": "Live-in mental health program for adults", "ORES": "Live-in mental health program",
    "PH": "Day program for mental health", "PSY": "Mental health hospital", "IPSY": "Mental health unit of a hospital",
}  # fmt: skip


@dataclass(frozen=True)
class Facts:
    """What one row's codes say, as the cells of our own CSV."""

    needs: list[str]
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


def facts(codes: frozenset[str], workbook: str, state: str) -> Facts:
    """Return what a row's codes say."""
    if workbook == MENTAL_HEALTH:
        audiences, minimum_age, maximum_age = _ages(codes)
    else:
        audiences, minimum_age, maximum_age = _grown_up_groups(codes), None, None
    return Facts(
        needs=_needs(codes, workbook),
        approaches=_words(APPROACHES, codes),
        payment=_payment(codes),
        # The workbooks never say English; it is the rule in every state but Puerto Rico.
        languages=[*([] if state == "PR" else ["en"]), *_words(LANGUAGES, codes)],
        urgent_care=_words(URGENT_CARE, codes),
        audiences=[*audiences, *_words(GROUPS, codes)],
        minimum_age=minimum_age,
        maximum_age=maximum_age,
        integrated=bool(codes & {"CO", "IDD"}),
        sign_language="AH" in codes,
        video="TELE" in codes,
        eligibility=_eligibility(codes, workbook),
    )


def _needs(codes: frozenset[str], workbook: str) -> list[str]:
    only = [need for code, need in SERVES_ONLY.items() if code in codes]
    if only:
        return only
    named = _words(NEEDS, codes)
    if workbook == MENTAL_HEALTH:
        uses = "SA" in codes or codes >= {"CO", "IDD"}
        return ["mental_health", *(["substance_use"] if uses else []), *named]
    # All three: a type of care for both at once, mental health services, and a programme for people who have both.
    mental = codes >= {"SUMH", "MHS", "CO"}
    named = _words({code: need for code, need in NEEDS.items() if need in OF_SUBSTANCE_USE}, codes)
    return ["substance_use", *(["mental_health"] if mental else []), *named]


def _payment(codes: frozenset[str]) -> list[str]:
    words = _words(PAYMENT, codes)
    # "No payment accepted" beside ways to pay contradicts itself: then the ways to pay stand.
    return words if words[:1] != ["free"] or not set(words) & {"medicaid", "medicare", "self_pay"} else words[1:]


def _ages(codes: frozenset[str]) -> tuple[list[str], int | None, int | None]:
    spans = [span for code, span in AGES.items() if code in codes]
    if not spans:
        return [], None, None
    last = [span[2] for span in spans]
    maximum = None if None in last else max(age for age in last if age is not None)
    return [word for span in spans for word in span[0]], min(span[1] for span in spans), maximum


def _grown_up_groups(codes: frozenset[str]) -> list[str]:
    if "FEM" not in codes and "MALE" in codes:
        sexes = ["men"]
    elif "MALE" not in codes and "FEM" in codes:
        sexes = ["women"]
    else:
        sexes = _words({"MN": "men", "WN": "women"}, codes)
    if not codes & {"MN", "WN"}:
        return sexes
    return [*_words(AGE_GROUPS, codes), "adults", *sexes]


def _eligibility(codes: frozenset[str], workbook: str) -> list[str]:
    rules = []
    if "OUDO" in codes:
        rules.append("For people who use opioids only.")
    if "AUDO" in codes:
        rules.append("For people with an alcohol problem only.")
    if codes & {"FEM", "MALE"} == {"FEM"}:
        rules.append("Female clients only.")
    if codes & {"FEM", "MALE"} == {"MALE"}:
        rules.append("Male clients only.")
    if codes & {"VAMC", "VAHC"}:
        rules.append("Run by the U.S. Department of Veterans Affairs. Ask who can use it.")
    if workbook == MENTAL_HEALTH and "CHLD" in codes:
        rules.append("Ask which ages under 18 they take.")
    return rules


def _words(table: Mapping[str, str], codes: Iterable[str]) -> list[str]:
    """Collect what the codes mean, in the order of the table, each word once."""
    held = set(codes)
    return list(dict.fromkeys(word for code, word in table.items() if code in held))


def describe(codes: frozenset[str], workbook: str, facts: Facts) -> str:
    """Return two or three short sentences of our own: what it is, what it does beside that, whom it is for."""
    sentences = [_what_mental(codes, facts) if workbook == MENTAL_HEALTH else _what_substance(codes, facts)]
    uses, mental = "substance_use" in facts.needs, "mental_health" in facts.needs
    if uses and mental and facts.integrated:
        sentences.append("Treats mental illness and substance use together.")
    elif workbook == MENTAL_HEALTH and uses:
        sentences.append("Also treats substance use.")
    if "walk_in" in facts.urgent_care:
        sentences.append("You can walk in with a mental health emergency.")
    offers = [words for name, words in OFFERS.items() if name in facts.approaches]
    if workbook == SUBSTANCE_USE and offers:
        sentences.append(f"Offers {_listed(offers)}.")
    groups = _words(BESIDE_SUBSTANCE_USE, codes) if workbook == SUBSTANCE_USE else _words(IN_WORDS, facts.needs)
    groups += [*_words(AUDIENCES_IN_WORDS, facts.audiences), *_words(AGE_GROUPS_IN_WORDS, codes)]
    if groups:
        sentences.append(f"Has help for {_listed(groups[:4])}.")
    return " ".join(sentences)


def _what_mental(codes: frozenset[str], facts: Facts) -> str:
    what = next((words for code, words in KINDS_IN_WORDS.items() if code in codes), None)
    if what is None:
        what = "Live-in mental health program" if "RES" in codes else "Mental health care"
    if "PHDT" in codes and "PH" not in codes:
        what += " with a day program"
    if facts.maximum_age is not None and facts.maximum_age < 18 and "RTCC" not in codes:
        what += " for children and teenagers"
    return f"{what}."


def _what_substance(codes: frozenset[str], facts: Facts) -> str:
    for_whom = {"opioids": "opioid use", "alcohol": "alcohol use"}.get(facts.needs[0], "substance use")
    if "RES" in codes:
        return f"{'Live-in and outpatient' if 'OP' in codes else 'Live-in'} program for {for_whom}."
    if "ODT" in codes:
        return f"Outpatient and day program for {for_whom}."
    return f"Outpatient {'and intensive outpatient ' if 'OIT' in codes else ''}program for {for_whom}."


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
