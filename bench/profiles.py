"""What generated resources offer: skewed needs and facets, made into columns by the project's own merge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Any

from directory import merge
from directory.geocoding import Gazetteer
from directory.needs import Vocabulary
from directory.records import Kind, Listing, Phone
from directory.sameness import Sourced

PROFILES = 4000
TODAY = date(2026, 11, 17)
# Most sources speak of these; the rest of data/needs.csv follows with a long tail.
COMMON = ("anxiety", "depression", "trauma", "alcohol", "opioids", "stress", "grief", "family_and_relationships")
HOURS = (
    "Mo-Fr 09:00-17:00", "Mo-Fr 08:00-18:00; Sa 09:00-13:00", "24/7", "Tu 19:00-20:30", "Mo-Th 10:00-20:00",
    "Mo-Sa 07:00-15:00", "We,Fr 12:00-16:00", "Su 17:00-18:30",
)  # fmt: skip
SPOKEN = ("es", "zh", "vi", "fr", "ase", "ar", "ru", "ko", "pt", "ht", "hmn", "so")
_KINDS = ((Kind.THERAPIST, 62), (Kind.TREATMENT_PROGRAM, 25), (Kind.SUPPORT_GROUP, 13))


@dataclass(frozen=True, slots=True)
class Profile:
    """The columns of a resource that do not depend on where it stands, and whether it also serves its whole region."""

    columns: Mapping[str, Any]
    serves_region: bool
    online_only: bool


def profiles(vocabulary: Vocabulary, gazetteer: Gazetteer, seed: int) -> list[Profile]:
    """Return the offers that generated resources are drawn from, the same for the same seed."""
    rng = Random(seed)
    return [_profile(rng, vocabulary, gazetteer, number) for number in range(PROFILES)]


def lines(vocabulary: Vocabulary, gazetteer: Gazetteer, seed: int) -> list[dict[str, Any]]:
    """Return national and regional crisis lines: no door, a country or one of its regions served."""
    rng = Random(seed)
    areas = [*["US"] * 20, *["CA", "GB", "AU"] * 3, "US-CA", "US-NY", "US-TX", "US-IL", "US-WY"]
    found = []
    for number, area in enumerate(areas, start=1):
        listing = Listing(
            external_id=f"line-{number}",
            kind=Kind.CRISIS_LINE,
            name=f"Example Line {number}",
            country=area[:2],
            needs=("mental_health", "suicidal_thoughts") if number % 3 else (_need(rng, vocabulary),),
            phone=Phone(f"+1202555{number:04}"),
            formats=("phone",),
            languages=("en",),
            audiences=("veterans",) if number % 7 == 0 else (),
            service_area=(area,),
            hours="24/7",
            last_checked=TODAY - timedelta(days=30),
        )
        found.append(_columns(listing, vocabulary, gazetteer))
    return found


def _profile(rng: Random, vocabulary: Vocabulary, gazetteer: Gazetteer, number: int) -> Profile:
    (kind,) = rng.choices([kind for kind, _ in _KINDS], [share for _, share in _KINDS])
    needs = _needs(rng, vocabulary, kind)
    online_only = kind is not Kind.TREATMENT_PROGRAM and rng.random() < 0.02
    formats = ["video"] if online_only else ["in_person", *(["video"] if rng.random() < 0.35 else [])]
    both = "mental_health" in needs and "substance_use" in needs
    youngest = rng.choice([None, None, None, 5, 13, 18, 18, 18])
    listing = Listing(
        external_id=str(number),
        kind=kind,
        name="Example",
        country="US",
        description=f"Offers {', '.join(need.replace('_', ' ') for need in needs)}.",
        needs=needs,
        excludes=("alcohol",) if "substance_use" in needs and "alcohol" not in needs and rng.random() < 0.1 else (),
        phone=Phone("+12025550100"),
        formats=tuple(formats),
        languages=("en", *_some(rng, SPOKEN, 0.28, 3)),
        hours=rng.choice(HOURS) if rng.random() < 0.6 else None,
        payment=_some(rng, tuple(vocabulary.facets["payment"]), 0.85, 5),
        audiences=_some(rng, tuple(vocabulary.facets["audience"]), 0.4, 3),
        minimum_age=youngest,
        maximum_age=17 if youngest == 5 else None,
        approaches=_some(rng, tuple(vocabulary.facets["approach"])[:14], 0.7, 5),
        integrated=both and rng.random() < 0.7,
        urgent_care=_some(rng, tuple(vocabulary.facets["urgent_care"]), 0.06, 1),
        accessibility=_some(rng, tuple(vocabulary.facets["accessibility"]), 0.3, 2),
        last_checked=TODAY - timedelta(days=30),
        checked_by="Example checker",
    )
    return Profile(_columns(listing, vocabulary, gazetteer), "video" in formats and rng.random() < 0.1, online_only)


def _needs(rng: Random, vocabulary: Vocabulary, kind: Kind) -> tuple[str, ...]:
    found: list[str] = []
    if kind is Kind.TREATMENT_PROGRAM:
        found.extend(
            rng.choices([["substance_use"], ["mental_health"], ["mental_health", "substance_use"]], [4, 2, 4])[0]
        )
    elif kind is Kind.THERAPIST and rng.random() < 0.35:
        found.append("mental_health")
    wanted = rng.choice([0, 0, 1, 2, 3, 5]) if found else rng.choice([1, 1, 2, 3, 4, 6])
    while wanted and len(found) < wanted + 1:
        need = _need(rng, vocabulary)
        if need in found:
            wanted -= 1
        else:
            found.append(need)
    return tuple(found)


def _need(rng: Random, vocabulary: Vocabulary) -> str:
    """Draw a need: the common ones most of the time, the others each half as often as the one before it in thirds."""
    if rng.random() < 0.72:
        return rng.choices(COMMON, [8, 8, 6, 5, 3, 3, 2, 2])[0]
    tail = [key for key in vocabulary.needs if key not in COMMON and key not in {"mental_health", "substance_use"}]
    return tail[min(int(rng.expovariate(5.0 / len(tail))), len(tail) - 1)]


def _some(rng: Random, values: Sequence[str], chance: float, most: int) -> tuple[str, ...]:
    """Draw some of these values, the first ones more often; none at all but for ``chance``."""
    if rng.random() >= chance:
        return ()
    weights = [1 / (place + 1) for place in range(len(values))]
    return tuple(dict.fromkeys(rng.choices(values, weights, k=rng.randint(1, most))))


def _columns(listing: Listing, vocabulary: Vocabulary, gazetteer: Gazetteer) -> dict[str, Any]:
    return merge.resource([Sourced(1, listing, "Example source", TODAY, None)], vocabulary, gazetteer)
