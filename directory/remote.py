"""By phone or online: help with no door, of the areas that serve a place."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, case, select

from directory import geo, index, stored, tiers
from directory.asking import Asking
from directory.geocoding import Gazetteer
from directory.matches import Match, matched
from directory.models import Resource
from directory.needs import Vocabulary
from directory.query import Query
from directory.records import Kind, OpenState, Place, Point
from directory.tiers import Cover, Wishes

# So many of the first ranks are looked at for who is open now, and more only where too few of them are left to show.
READ, READ_MOST = 250, 1000
_TOLD = select(
    Resource.id, Resource.kind, case((Resource.kind == str(Kind.CRISIS_LINE), Resource.approaches)).label("approaches"),
    Resource.status, Resource.hours, Resource.hours_note, Resource.timezone,
    Resource.country, Resource.region, Resource.last_checked, stored.DATED_SOURCES, Resource.latitude, Resource.longitude,
).where(Resource.id.in_(bindparam("ids", expanding=True)))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Remote:
    """Help with no door, for one query."""

    connection: Connection
    vocabulary: Vocabulary
    gazetteer: Gazetteer
    query: Query

    def found(self, country: str, place: Place | None, near: Collection[int]) -> list[Match]:
        """Return what serves a place from afar: by tier, what is open now first, then the nearest area, then by rank and id.

        Not the resources ``near``, which are shown already, nor the lines to talk to somebody on now.
        """
        wish = tiers.wishes(self.query, self.vocabulary, None)
        served = areas(country, place, self.gazetteer)
        openings = stored.Openings(self.connection, self.query.at)
        seen = frozenset(near)
        chosen: list[tuple[int, int]] = []
        for tier, covers in tiers.tiers(wish, self.vocabulary):
            group: list[tuple[bool, int, int]] = []
            for most in (max(READ, self.query.limit), READ_MOST):
                ranks, is_all = self._ranks(wish, covers, served, most)
                group = self._group({each: rank for each, rank in ranks.items() if each not in seen}, place, openings)
                if is_all or len(group) >= self.query.limit:
                    break
            chosen.extend((tier, each) for _, _, each in sorted(group))
            if len(chosen) >= self.query.limit:
                break
        shown = chosen[: self.query.limit]
        rows = stored.resources(self.connection, [each for _, each in shown])
        return [
            matched(self.vocabulary, rows[each], self.query, opened=openings.state(rows[each]), tier=tier)
            for tier, each in shown
        ]

    def _ranks(
        self, wish: Wishes, covers: Sequence[Cover], served: Sequence[str], most: int
    ) -> tuple[dict[int, int], bool]:
        """Return the best rank by id of what is in a tier, of the first ``most`` ranks only, and whether that is all."""
        found: dict[int, int] = {}
        is_all = True
        for cover in covers:
            ask = Asking(self.connection.dialect.name)
            ask.add(f"token = {ask.mark(index.ANY)}")
            ask.among("area", served)
            for test in (*cover.tests, *wish.facets):
                ask.test(test)
            if wish.age is not None:
                ask.age(wish.age)
            if wish.words:
                ask.words(wish.words)
            statement = (
                f"SELECT rank, resource_id FROM area_token WHERE {ask.where()} ORDER BY rank, resource_id "
                f"LIMIT {ask.mark(most)}"
            )
            rows = self.connection.exec_driver_sql(statement, ask.values).all()
            is_all = is_all and len(rows) < most
            for rank, each in rows:
                found.setdefault(each, rank)
        return found, is_all

    def _group(
        self, ranks: Mapping[int, int], place: Place | None, openings: stored.Openings
    ) -> list[tuple[bool, int, int]]:
        """Return (not open, rank, id) of what is shown of some resources."""
        if not ranks:
            return []
        group = []
        for row in map(dict, self.connection.execute(_TOLD, {"ids": stored.padded(ranks)}).mappings()):
            if talks_now(row) or self._has_door_here(row, place):
                continue
            is_open = openings.state(row).state is OpenState.OPEN
            if is_open or not self.query.open_now:
                group.append((not is_open, ranks[row["id"]], row["id"]))
        return group

    def _has_door_here(self, row: Mapping[str, Any], place: Place | None) -> bool:
        if place is None or place.point is None or row["latitude"] is None or row["country"] != place.country:
            return False
        own = geo.earth_centred(Point(row["latitude"], row["longitude"]))
        apart = sum((a - b) ** 2 for a, b in zip(own, geo.earth_centred(place.point), strict=True))
        return geo.arc_km(apart, place.point.latitude) <= self.query.radius_km


def areas(country: str, place: Place | None, gazetteer: Gazetteer) -> list[str]:
    """Return the areas that serve somebody at a place: its county (US), the region, the country, the world."""
    if place is None or not place.region:
        return [country, index.WORLD]
    county = gazetteer.county(place)
    return [*([county] if county else []), f"{country}-{place.region}", country, index.WORLD]


def talks_now(row: Any) -> bool:
    """Return whether a resource is a line to talk to somebody on now, not one that only informs and refers."""
    return row["kind"] == str(Kind.CRISIS_LINE) and (
        "information_and_referral" not in row["approaches"] or "crisis_counselling" in row["approaches"]
    )
