"""Emergency numbers and crisis lines read from files: they stand on every page, also with the database gone."""

from __future__ import annotations

import csv
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from directory import index, merge
from directory.geocoding import Gazetteer
from directory.hours import Open
from directory.importers import own, sources
from directory.matches import EMERGENCY, Match, is_stale, opening, reason
from directory.models import Resource
from directory.needs import Vocabulary
from directory.query import Query
from directory.records import OpenState
from directory.wording import ENGLISH, _, language

_CHILDREN = {"children", "adolescents"}
_EVERYBODYS_NEEDS = ("mental_health", "suicidal_thoughts")
_SUBSTANCE_ONLY = "bad_reaction"


@dataclass(frozen=True, slots=True)
class EmergencyNumber:
    """The number ordinary callers of a country are told. ``also`` holds further ones in words ("police 110")."""

    country: str
    number: str
    also: tuple[str, ...]
    source: str
    source_date: str
    note: str


@dataclass(frozen=True)
class CrisisBook:
    """The shipped emergency numbers and crisis lines, in memory."""

    vocabulary: Vocabulary
    numbers: Mapping[str, EmergencyNumber]
    lines: Mapping[str, tuple[Mapping[str, Any], ...]]

    @classmethod
    def load(cls, folder: Path, vocabulary: Vocabulary, gazetteer: Gazetteer) -> CrisisBook:
        """Read emergency_numbers.csv and crisis_lines.csv; a row that breaks the rules is left out here (``check`` names it)."""
        with (folder / "emergency_numbers.csv").open(encoding="utf-8", newline="") as file:
            numbers = {
                row["country"]: EmergencyNumber(
                    row["country"],
                    row["number"],
                    tuple(part.strip() for part in row["also"].split(";") if part.strip()),
                    row["source"],
                    row["source_date"],
                    row["note"],
                )
                for row in csv.DictReader(file)
            }
        path = folder / "crisis_lines.csv"
        source = sources.beside(path, None)
        lines: dict[str, list[Mapping[str, Any]]] = {}
        for row in own.read(path, vocabulary, today=datetime.now(UTC).date(), ignore=source.ignore).rows:
            if row.listing is None or row.listing.status not in index.SHOWN:
                continue
            member = merge.Sourced(row.number, row.listing, source.name, source.retrieved, None)
            values = {"id": None, **merge.resource([member], vocabulary, gazetteer)}
            for country in dict.fromkeys(area.split("-")[0] for area in row.listing.service_area):
                lines.setdefault(country, []).append(values)
        return cls(vocabulary, numbers, {area: tuple(rows) for area, rows in lines.items()})

    def emergency(self, country: str, query: Query) -> tuple[Match, ...]:
        """Return the country's emergency number as a match without an id; empty where no number is known."""
        number = self.numbers.get(country)
        if number is None:
            return ()
        empty: dict[str, Any] = {column.name: None for column in Resource.__table__.columns}
        lists = (
            "service_area",
            "formats",
            "languages",
            "payment",
            "audiences",
            "approaches",
            "urgent_care",
            "accessibility",
        )
        resource = {
            **empty,
            **{name: [] for name in (*lists, "programs")},
            "kind": EMERGENCY,
            "name": _("Emergency: {number}", number=number.number),
            "description": " ".join(
                [_("In danger now, badly hurt, or took something: call this number."), _also(number.also)]
            ).strip(),
            "phone": number.number,
            "country": country,
            "formats": ["phone"],
            "status": "active",
            "confidential_location": False,
            "integrated": False,
            "stated": 0,
            "reach": 0,
            "facet_bits": 0,
            "language_bits": 0,
            "sources": [{"name": number.source, "date": number.source_date or None, "url": None}],
        }
        return (
            Match(
                resource=resource,
                tier=1,
                needs_asked=query.needs,
                reason=_("in danger, badly hurt, or took something"),
                open=Open(OpenState.UNKNOWN, None),
            ),
        )

    def matches(
        self, country: str, at: datetime, query: Query | None = None, *, regional: bool = False
    ) -> tuple[Match, ...]:
        """Return the country's emergency number and lines as matches, from the files alone; of one region only if told."""
        query = query or Query(at=at)
        rows = [
            row
            for row in (*self.lines.get(country, ()), *self.lines.get(index.WORLD, ()))
            if regional or {country, index.WORLD} & set(row["service_area"])
        ]
        found = [
            Match(
                resource=row,
                needs_asked=query.needs,
                reason=reason(self.vocabulary, row, query.needs),
                open=opening(row, at),
                stale=is_stale(row, at),
            )
            for row in rows
        ]
        place = self.order(query)
        found.sort(key=lambda line: place(line.resource))
        return (*self.emergency(country, query), *found)

    def order(self, query: Query) -> Callable[[Mapping[str, Any]], tuple[int, ...]]:
        """Return the function that gives the order key of a crisis line's columns.

        Never a children-only line first for an adult; first those made for people or in a language that was asked for; what
        was asked for by name early; lines for everyone before lines for some; nearer areas first; those one can speak to first.
        """
        young = query.age is not None and query.age < 18
        asked, everybodys_bits = self.vocabulary.bits(query.needs), self.vocabulary.bits(_EVERYBODYS_NEEDS)
        asks_for_substances = bool(asked & self.vocabulary.reach(["substance_use"]))
        poison_bit = self.vocabulary.bits([_SUBSTANCE_ONLY]) if asks_for_substances else 0
        asked_audiences = set(query.facets.get("audience", ()))
        languages = {*query.facets.get("language", ()), language()}

        def key(row: Mapping[str, Any]) -> tuple[int, ...]:
            audiences = set(row["audiences"])
            children_only = bool(audiences) and audiences <= _CHILDREN
            everybodys = bool(row["stated"] & everybodys_bits)
            named = bool(row["stated"] & asked & ~everybodys_bits)
            for_all = not audiences and not row["eligibility"]
            if audiences & asked_audiences or speaks_only(row, languages):
                group = -1
            elif named and not everybodys and for_all:
                group = 0
            elif everybodys and for_all:
                group = 1
            elif named or row["stated"] & poison_bit:
                group = 2
            elif everybodys:
                group = 3
            else:
                group = 4
            return (
                int(children_only and not young) * 2 - int(children_only and young),
                int(index.WORLD in row["service_area"]),
                group,
                int(row["phone"] is None and row["sms"] is None),
                int(row["last_checked"] is None),
                row["id"] or 0,
            )

        return key


def speaks_only(row: Mapping[str, Any], languages: Collection[str]) -> bool:
    """Return whether a line was made for one of these languages: it speaks them and not English."""
    return bool(row["languages"]) and set(row["languages"]) <= set(languages) - {ENGLISH}


def _also(numbers: tuple[str, ...]) -> str:
    """Say a country's further emergency numbers in words: "Also: police 110, fire 119"."""
    named = [each.removeprefix("any ") for each in numbers]
    return _("Also: {numbers}.", numbers=", ".join(named)) if named else ""
