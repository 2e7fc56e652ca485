"""Choose data/therapists.csv and data/treatment_programs.csv from the public US directories.

    python scripts/choose_us_facilities.py FOLDER_OF_THE_PUBLISHED_FILES

The rows are made by samhsa_rows.py. Here they are chosen, one after the other:
always the one that brings most residents something they lack within 25 miles (a place at all, one near, one that takes
Medicaid, speaks Spanish, sees children, ...); a thing counts half as much each time it is already there. Then more where
a state has few. The same input gives the same files.

The provider registry NPPES is left out: it says neither what a practice treats nor whether it takes anybody.
"""

from __future__ import annotations

import csv
import heapq
import sys
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

from samhsa_rows import COLUMNS, Candidate, Cell, cell, read, rough_km

from directory import geo
from directory.coverage import Residents, coverage, us_residents
from directory.importers.samhsa_needs import Facts
from directory.records import Point

DATA = Path(__file__).parent.parent / "data"
ROWS = {"therapist": 1900, "treatment_program": 1900}
LEAST_IN_A_STATE = 8
MOST_AT_ONE_STREET_NUMBER = 2
# How much something new within reach is worth, beside the residents it reaches.
WORTH = {
    "any": 4.0, "near": 2.0, "medicaid": 1.0, "low_cost": 1.0, "es": 1.0, "integrated": 1.0, "minors": 1.0,
    "urgent": 1.0, "medication_for_opioid_use": 1.0, "detox": 0.7, "residential": 0.7, "mental_health": 0.5,
    "medication_management": 0.5, "trauma": 0.5, "eating_disorders": 0.5, "other_language": 0.5, "women": 0.4,
    "lgbtq": 0.4, "pregnant_or_new_parents": 0.4, "older_adults": 0.3, "psychosis": 0.3, "gambling": 0.3,
    "sign_language": 0.3, "talk_therapy": 0.3, "veterans": 0.2, "video": 0.2, "dbt": 0.2, "emdr": 0.2,
}  # fmt: skip
REACH_KM = 25 * geo.KILOMETRES_PER_MILE
NEAR_KM = 8 * geo.KILOMETRES_PER_MILE


def main(shared: Path) -> None:
    """Choose, write both files, and say what they hold."""
    residents = us_residents(DATA)
    candidates = read(shared)
    everywhere: list[Point] = []
    for kind, number in ROWS.items():
        chosen = choose([each for each in candidates if each.cells["kind"] == kind], residents, number)
        chosen.sort(key=lambda each: [each.cells[name] for name in ("region", "city", "name", "id")])
        with (DATA / f"{kind}s.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(each.cells for each in chosen)
        points = [each.point for each in chosen]
        everywhere += points
        fewest = Counter(each.cells["region"] for each in chosen).most_common()[-6:]
        print(f"{kind}: {len(chosen)} rows; fewest in {dict(fewest)}")
        print(f"  residents within 25 miles: {coverage(points, residents).share:.1%}")
    print(f"both: {coverage(everywhere, residents).share:.1%}")


def choose(candidates: Sequence[Candidate], residents: Sequence[Residents], number: int) -> list[Candidate]:
    """Return the rows that bring residents most, then more where a state has few."""
    order = sorted(candidates, key=lambda each: each.cells["id"])
    brings = [features(each.facts) for each in order]
    weights = [quality(each) for each in order]
    around = neighbourhoods({each.point for each in order}, residents)
    missing = {name: [worth * home.count for home in residents] for name, worth in WORTH.items()}

    def gain(index: int) -> float:
        reached, near = around[order[index].point]
        return weights[index] * sum(
            missing[name][home] for name in brings[index] for home in (near if name == "near" else reached)
        )

    # A gain only ever falls, so a row whose gain was worked out anew and still leads is the best there is.
    queue = [(-gain(index), index) for index in range(len(order))]
    heapq.heapify(queue)
    chosen: list[Candidate] = []
    streets: Counter[str] = Counter()
    while queue and len(chosen) < number:
        _, index = heapq.heappop(queue)
        each = order[index]
        if streets[each.street] == MOST_AT_ONE_STREET_NUMBER:
            continue
        now = -gain(index)
        if queue and now > queue[0][0]:
            heapq.heappush(queue, (now, index))
            continue
        chosen.append(each)
        streets[each.street] += 1
        reached, near = around[each.point]
        for name in brings[index]:
            values = missing[name]
            for home in near if name == "near" else reached:
                values[home] /= 2
    states = Counter(each.cells["region"] for each in chosen)
    for _, index in sorted(queue):
        each = order[index]
        if states[each.cells["region"]] < LEAST_IN_A_STATE and streets[each.street] < MOST_AT_ONE_STREET_NUMBER:
            chosen.append(each)
            streets[each.street] += 1
            states[each.cells["region"]] += 1
    return chosen


def features(facts: Facts) -> tuple[str, ...]:
    """Return what a row would bring to the people around it, as keys of ``WORTH``."""
    held = {*facts.needs, *facts.approaches, *facts.audiences, *facts.languages, *facts.payment, "any", "near"}
    more = {
        "integrated": facts.integrated,
        "minors": "adolescents" in held,
        "urgent": bool(facts.urgent_care),
        "low_cost": bool(held & {"free", "sliding_scale", "payment_assistance"}),
        "other_language": bool(set(facts.languages) - {"en", "es"}),
        "sign_language": facts.sign_language,
        "video": facts.video,
    }
    held |= {name for name, true in more.items() if true}
    return tuple(name for name in WORTH if name in held)


def quality(candidate: Candidate) -> float:
    """Return how far a row is preferred to its neighbours: open to more people, offering more."""
    facts, codes = candidate.facts, candidate.codes
    reasons = {
        0.2: (facts.integrated, "medicaid" in facts.payment),
        0.1: ("es" in facts.languages, bool(facts.urgent_care)),
        -0.3: (bool(codes & {"OUDO", "AUDO"}), len(codes & {"FEM", "MALE"}) == 1),
        -0.7: (bool(codes & {"VAMC", "VAHC"}),),
    }
    return 1 + 0.02 * len(facts.approaches) + sum(worth * sum(true) for worth, true in reasons.items())


def neighbourhoods(points: set[Point], homes: Sequence[Residents]) -> dict[Point, tuple[list[int], list[int]]]:
    """Return for each point the homes within 25 miles and those within 8, roughly: this only steers the choice."""
    cells: dict[Cell, list[int]] = defaultdict(list)
    for index, home in enumerate(homes):
        cells[cell(home.point)].append(index)
    around = {}
    for point in points:
        row, column = cell(point)
        distances = [
            (rough_km(point, homes[index].point), index)
            for x in (-1, 0, 1)
            for y in (-2, -1, 0, 1, 2)
            for index in cells.get((row + x, column + y), ())
        ]
        around[point] = (
            [index for distance, index in distances if distance <= REACH_KM],
            [index for distance, index in distances if distance <= NEAR_KM],
        )
    return around


if __name__ == "__main__":
    main(Path(sys.argv[1]))
