"""Figures about the whole directory: what it holds, how old it is, whom it reaches."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select

from directory import coverage, matches
from directory.db import Database
from directory.models import Listing, Resource, Source
from directory.needs import Vocabulary
from directory.records import Kind, Point

CARE_KINDS = (str(Kind.THERAPIST), str(Kind.TREATMENT_PROGRAM))


def collect(database: Database, vocabulary: Vocabulary, data_folder: Path, at: datetime) -> dict[str, dict[str, Any]]:
    """Return titled tables of figures, each a mapping of name to number or words.

    ``residents within 25 miles`` counts US residents by ZIP code who have a therapist or a treatment programme within
    25 miles (geodesic, from the ZIP's centre).

    Raises:
        DatabaseUnavailable: the database is gone or damaged.
    """
    kinds: Counter[str] = Counter()
    countries: Counter[str] = Counter()
    needs: Counter[str] = Counter()
    general: Counter[str] = Counter()
    ages: Counter[str] = Counter()
    points: list[Point] = []
    with database.reading() as connection:
        columns = (
            Resource.kind, Resource.country, Resource.stated, Resource.reach, Resource.last_checked, Resource.sources,
            Resource.latitude, Resource.longitude,
        )  # fmt: skip
        for row in connection.execute(select(*columns)).mappings():
            kinds[row["kind"]] += 1
            countries[row["country"] or "none"] += 1
            needs.update(vocabulary.keys(row["stated"]))
            general.update(vocabulary.keys(row["reach"] & ~row["stated"]))
            ages[_age(dict(row), at)] += 1
            if row["kind"] in CARE_KINDS and row["latitude"] is not None:
                points.append(Point(row["latitude"], row["longitude"]))
        sources = connection.execute(select(Source.key, Source.publisher, Source.retrieved).order_by(Source.key)).all()
        listings = Counter(connection.execute(select(Source.key).join(Listing)).scalars())
    reached = coverage.coverage(points, coverage.us_residents(data_folder))
    return {
        "resources": {**dict(kinds.most_common()), "all": sum(kinds.values())},
        "sources": {
            each.key: f"{listings[each.key]} listings, {each.publisher}, retrieved {each.retrieved or 'on an unknown date'}"
            for each in sources
        },
        "age_of_facts": dict(ages.most_common()),
        "countries": dict(countries.most_common()),
        "needs_stated": dict(needs.most_common()),
        "needs_reached_by_general_care": dict(general.most_common()),
        "us_residents_by_zip": {
            "within 25 miles of care": f"{reached.share:.1%}",
            "residents within": reached.residents_within,
            "residents": reached.residents_total,
        },
    }


def _age(resource: dict[str, Any], at: datetime) -> str:
    if matches.is_stale(resource, at):
        return "past its limit: call first"
    return "checked" if resource["last_checked"] is not None else "not re-checked"
