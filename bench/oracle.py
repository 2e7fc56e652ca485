"""The right answer by brute force: every resource looked at for every query, none of the search's own code or index.

Only what a resource offers is taken as stored; distances are Vincenty's, whether a place is open is asked of ``hours``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select

from bench.vincenty import metres
from directory import hours
from directory.db import Database
from directory.matches import LIMITS
from directory.models import Resource
from directory.needs import Vocabulary, folded
from directory.query import Query
from directory.records import Kind, OpenState, Place

Mask = NDArray[np.bool_]
ENOUGH, WIDER_SHOWN, CLOSER_M = 5, 10, 16_000
WIDER_M = (80_000.0, 160_000.0)


@dataclass(frozen=True, slots=True)
class Row:
    """One resource of the right answer: its tier, how far away in metres, in which widening."""

    id: int
    tier: int
    metres: float
    relaxed: str | None = None


@dataclass(frozen=True, slots=True)
class Expected:
    """The right answer: all that lies within the radius, all that widening finds, and what is closer but covers less."""

    within: list[Row]
    wider: list[Row]
    closer: list[Row]

    def first_page(self, limit: int) -> list[Row]:
        """Return the first page: when few reach all needs, up to half of it is kept for wider answers."""
        if sum(row.tier <= 3 for row in self.within) >= ENOUGH:
            return self.within[:limit]
        shown: list[Row] = []
        for name in dict.fromkeys(row.relaxed for row in self.wider):
            if len(shown) < ENOUGH:
                shown.extend(row for row in self.wider if row.relaxed == name)
        shown = shown[: min(WIDER_SHOWN, limit)]
        within = self.within[: max(limit - len(shown), limit - limit // 2)]
        return [*within, *shown[: limit - len(within)]]


@dataclass(frozen=True)
class Oracle:
    """All resources as columns in memory."""

    vocabulary: Vocabulary
    columns: dict[str, NDArray[Any]]
    texts: list[str]
    openings: list[tuple[Any, ...]]
    _open: dict[datetime, Mask] = field(default_factory=dict)

    @classmethod
    def read(cls, database: Database, vocabulary: Vocabulary) -> Oracle:
        """Read every resource that takes people and has a position."""
        names = (
            "id", "latitude", "longitude", "country", "region", "stated", "reach", "facet_bits", "language_bits", "minimum_age",
            "maximum_age", "kind", "last_checked", "status", "hours", "timezone", "hours_note", "name", "organization", "city",
            "eligibility", "description",
        )  # fmt: skip
        statement = select(*(Resource.__table__.c[name] for name in names)).where(
            Resource.status.in_(["active", "temporarily_closed"])
        )
        with database.reading() as connection:
            rows = connection.execute(statement).all()
        located = [row for row in rows if row.latitude is not None]
        columns: dict[str, NDArray[Any]] = {
            name: np.array([getattr(row, name) for row in located], dtype=kind)
            for name, kind in (
                ("id", np.int64), ("latitude", float), ("longitude", float), ("stated", np.int64), ("reach", np.int64),
                ("facet_bits", np.int64), ("language_bits", np.int64), ("country", "U2"), ("region", "U10"), ("status", "U20"),
            )
        }  # fmt: skip
        columns["minimum_age"] = np.array([row.minimum_age or 0 for row in located])
        columns["maximum_age"] = np.array([999 if row.maximum_age is None else row.maximum_age for row in located])
        texts = [_text(row) for row in rows]
        openings = [
            (row.hours, row.timezone, row.country, row.region, row.hours_note, row.kind, row.last_checked, row.status)
            for row in located
        ]
        columns["place_in_texts"] = np.array(
            [at for at, row in enumerate(rows) if row.latitude is not None], dtype=np.int64
        )
        return cls(vocabulary, columns, texts, openings)

    def answer(self, query: Query, place: Place) -> Expected:
        """Return the right answer to a query from a place that has a position, whole."""
        if place.point is None:
            raise ValueError("a place without a position has nothing near it")
        held = np.flatnonzero(self._hard(query, place))
        tiers = self._tiers(query, held)
        held, tiers = held[tiers > 0], tiers[tiers > 0]
        away = metres(
            place.point.latitude, place.point.longitude, self.columns["latitude"][held], self.columns["longitude"][held]
        )
        radius = query.radius_km * 1000
        within = self._rows(held, tiers, away, away <= radius)
        wider: list[Row] = []
        for name, inside in self._rings(held, place, away, radius):
            wider.extend(self._rows(held, tiers, away, inside & (tiers <= 3), name))
        closer: list[Row] = []
        nearest_first = Expected(within, wider, []).first_page(query.limit)
        if nearest_first:
            first = nearest_first[0]
            beside = self._rows(held, tiers, away, (tiers > first.tier) & (away <= first.metres - CLOSER_M))
            closer = sorted(beside, key=lambda row: (row.metres, row.id))[:1]
        return Expected(within, wider, closer)

    def metres_to(self, place: Place, ids: Sequence[int]) -> dict[int, float]:
        """Return how far resources are from a place, in metres on WGS 84, by id."""
        if place.point is None:
            return {}
        at = self._places_of_ids
        rows = np.array([at[each] for each in ids], dtype=np.int64)
        away = metres(
            place.point.latitude, place.point.longitude, self.columns["latitude"][rows], self.columns["longitude"][rows]
        )
        return dict(zip(ids, away.tolist(), strict=True))

    @cached_property
    def _places_of_ids(self) -> dict[int, int]:
        return {int(each): at for at, each in enumerate(self.columns["id"])}

    @cached_property
    def _words(self) -> dict[str, set[int]]:
        found: dict[str, set[int]] = {}
        for at, text in enumerate(self.texts):
            for word in set(text.split()):
                found.setdefault(word, set()).add(at)
        return found

    def has_words(self, words: str) -> bool:
        """Return whether any resource, with a door or without, has all these words."""
        return bool(self._with_words(words))

    def _with_words(self, words: str) -> set[int]:
        sets = [
            set().union(*(held for word, held in self._words.items() if word.startswith(start)))
            for start in folded(words).split()[:10]
        ]
        return set.intersection(*sets) if sets else set()

    def _hard(self, query: Query, place: Place) -> Mask:
        """Return who satisfies everything but the needs: country, facets, languages, age, words, open now."""
        columns = self.columns
        mask: Mask = columns["country"] == place.country
        for facet, keys in query.facets.items():
            column = "language_bits" if facet == "language" else "facet_bits"
            mask &= (columns[column] & self.vocabulary.facet_bits(facet, keys)) != 0
        if query.age is not None:
            mask &= (columns["minimum_age"] <= query.age) & (columns["maximum_age"] >= query.age)
            mask &= (columns["facet_bits"] & self.vocabulary.ages(query.age, query.age)) != 0
        if query.words and self.has_words(query.words):
            mask &= np.isin(columns["place_in_texts"], np.array(sorted(self._with_words(query.words)), dtype=np.int64))
        if query.open_now:
            if query.at not in self._open:
                self._open[query.at] = self._is_open(query.at)
            mask &= self._open[query.at]
        return mask

    def _is_open(self, at: datetime) -> Mask:
        known: dict[tuple[Any, ...], bool] = {}
        found = np.zeros(len(self.openings), dtype=bool)
        for number, (text, zone, country, region, note, kind, checked, status) in enumerate(self.openings):
            trusted = checked is not None and at.date() - checked <= LIMITS[Kind(kind)] and status == "active"
            key = (text, zone, country, region, note, trusted)
            if key not in known:
                state = hours.open_state(text, zone, country, region, at, hours_note=note, trusted=trusted).state
                known[key] = state is OpenState.OPEN
            found[number] = known[key]
        return found

    def _tiers(self, query: Query, held: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the tier of each: 1 integrated and reaching all, 2 states all, 3 reaches all, 4 all but one; 0 for none."""
        if not query.needs:
            return np.full(len(held), 2)
        needs = self.vocabulary.needs
        stated, reach = self.columns["stated"][held], self.columns["reach"][held]
        reached = np.zeros(len(held), dtype=np.int64)
        states_all = np.ones(len(held), dtype=bool)
        for key in query.needs:
            reached += (reach >> needs[key].bit) & 1
            states_all &= ((stated >> needs[key].bit) & 1) == 1
        missing = len(query.needs) - reached
        tiers = np.where(missing == 0, np.where(states_all, 2, 3), np.where(reached > 0, 3 + missing, 0))
        families = {needs[key].parent or key for key in query.needs}
        if {"mental_health", "substance_use"} <= families:
            integrated = (
                self.columns["facet_bits"][held] & self.vocabulary.facet_bits("integrated", ["integrated"])
            ) != 0
            tiers = np.where(integrated & (missing == 0), 1, tiers)
        return tiers

    def _rings(
        self, held: NDArray[np.int64], place: Place, away: NDArray[np.float64], radius: float
    ) -> Iterator[tuple[str, Mask]]:
        inner = radius
        for outer in WIDER_M:
            if outer > inner:
                yield f"{outer / 1000:g}", (away > inner) & (away <= outer)
                inner = outer
        beyond = away > inner
        if place.region:
            here = self.columns["region"][held] == place.region
            yield "region", beyond & here
            beyond &= ~here
        yield "country", beyond

    def _rows(
        self, held: NDArray[np.int64], tiers: NDArray[np.int64], away: NDArray[np.float64], mask: Mask, name: str | None = None
    ) -> list[Row]:  # fmt: skip
        chosen = np.flatnonzero(mask)
        ids = self.columns["id"][held[chosen]]
        order = np.lexsort((ids, away[chosen], tiers[chosen]))
        return [Row(int(ids[at]), int(tiers[chosen[at]]), float(away[chosen[at]]), name) for at in order]


def _text(row: Any) -> str:
    return folded(
        " ".join(part for part in (row.name, row.organization, row.city, row.eligibility, row.description) if part)
    )
