"""By phone or online: help with no door, of the areas that serve a place."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from directory import engines, geo, index, stored
from directory.asking import Asking, Value, chord
from directory.density import Known
from directory.geocoding import Gazetteer
from directory.matches import Match, matched
from directory.needs import Vocabulary
from directory.query import Query
from directory.records import Kind, Place
from directory.tiers import Cover, Tiers, Wishes

# So many of the first ranks are looked at for who is open now, and more only where too few of them are left to show.
READ, READ_MOST = 100, 1000
INFORMS, COUNSELS = "information_and_referral", "crisis_counselling"


@dataclass(frozen=True, slots=True)
class Remote:
    """Help with no door, for one query. ``wish`` are its hard wishes, without those that only a place can have."""

    connection: Connection
    known: Known
    vocabulary: Vocabulary
    query: Query
    wish: Wishes
    tiers: Tiers

    def found(self, served: Sequence[str], place: Place | None, near: Collection[int]) -> list[Match]:
        """Return what serves some areas from afar: by tier, what is open now first, then the nearest area, then by rank and id.

        Not the resources ``near``, which are shown already, nor the lines to talk to somebody on now.
        """
        here = [area for area in served if area in self.known.areas_served]
        shown = self._shown(here, place, frozenset(near)) if here else []
        resources = stored.resources(self.connection, [each for _, each in shown])
        return [matched(self.vocabulary, resources[each], self.query, tier=tier) for tier, each in shown]

    def _shown(self, served: Sequence[str], place: Place | None, near: Collection[int]) -> list[tuple[int, int]]:
        """Return tier and id of what is shown, in its order: tier after tier, until it is enough."""
        chosen: list[tuple[int, int]] = []
        for tier, covers in self.tiers:
            if len(chosen) >= self.query.limit:
                break
            for most in (max(READ, self.query.limit), READ_MOST):
                read = self._ranks(covers, served, place, most)
                group = self._group(read, near)
                if len(read) < most or len(group) >= self.query.limit:
                    break
            chosen.extend((tier, each) for _, _, each in sorted(group))
        return chosen[: self.query.limit]

    def _group(self, read: Sequence[Any], near: Collection[int]) -> list[tuple[bool, int, int]]:
        """Return whether it is not open, best rank and id of what may be shown."""
        minute = self.known.schedules.minute(self.query.at)
        found: dict[int, tuple[bool, int, int]] = {}
        for rank, each, schedule, good_until in read:
            if each in near or each in found:
                continue
            is_open = minute.is_open(schedule, good_until)
            if is_open or not self.query.open_now:
                found[each] = (not is_open, rank, each)
        return list(found.values())

    def _ranks(self, covers: Sequence[Cover], served: Sequence[str], place: Place | None, most: int) -> list[Any]:
        """Return rank, id and schedule of the first ``most`` of a tier.

        Each area and each token that is driven on is read in the order of its key, and left as soon as enough is found.
        """
        apart: dict[int, list[Cover]] = {}
        for cover in covers:
            apart.setdefault(self.known.rarest([*cover.tokens, *self.wish.tokens]), []).append(cover)
        branches: list[str] = []
        bound: list[Value] = []
        for token, ways in apart.items():
            ask = Asking(self.connection, "area_token")
            ask.add("token = ?", token)
            ask.either([cover.tests for cover in ways])
            self._demand(ask, place)
            branch = (
                f"SELECT * FROM (SELECT rank, resource_id, schedule, good_until FROM area_token WHERE {ask.where} AND area = ? "
                "ORDER BY rank, resource_id LIMIT ?) AS found"
            )
            branches.extend([branch] * len(served))
            bound.extend(value for area in served for value in (*ask.values, area, most))
        return sorted(engines.rows(self.connection, " UNION ALL ".join(branches), bound))[:most]

    def _demand(self, ask: Asking, place: Place | None) -> None:
        """Demand all that is not a need."""
        for test in self.wish.facets:
            ask.test(test)
        self._leave_out(ask, place)
        if self.wish.age is not None:
            ask.age(self.wish.age)
        if self.wish.words:
            ask.words(self.wish.words, self.wish.words_are_common)

    def _leave_out(self, ask: Asking, place: Place | None) -> None:
        """Leave out the lines to talk to somebody on now, and what has a door within the radius."""
        line = self.vocabulary.facet_bits("kind", [str(Kind.CRISIS_LINE)])
        informs, counsels = (self.vocabulary.facet_bits("approach", [key]) for key in (INFORMS, COUNSELS))
        ask.add("((facets & ?) = 0 OR (facets & ?) = ?)", line, informs | counsels, informs)
        if place is not None and place.point is not None:
            square, metres = chord(place.point)
            reach = geo.chord_squared(self.query.radius_km, place.point.latitude)
            home = index.country_numbers(place.country)
            ask.add(f"(home NOT BETWEEN ? AND ? OR {square} > ?)", *home, *metres, reach)


def areas(country: str, place: Place | None, gazetteer: Gazetteer, known: Known | None = None) -> list[str]:
    """Return the areas that serve somebody at a place: its county (US), the region, the country, the world.

    No county where none of its region is served by anything ``known``.
    """
    if place is None or not place.region:
        return [country, index.WORLD]
    region = f"{country}-{place.region}"
    county = gazetteer.county(place) if known is None or region in known.regions_of_counties else None
    return [*([county] if county else []), region, country, index.WORLD]


def talks_now(row: Any) -> bool:
    """Return whether a resource is a line to talk to somebody on now, not one that only informs and refers."""
    return row["kind"] == str(Kind.CRISIS_LINE) and (INFORMS not in row["approaches"] or COUNSELS in row["approaches"])
