"""The only search: a query in, three groups out. Page, API and command line all ask here."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, or_, select

from directory import counting, density, index, needs
from directory.answer import Answer
from directory.config import Config
from directory.counting import Counts
from directory.crisis import CrisisBook
from directory.db import Database
from directory.density import Known
from directory.errors import DatabaseUnavailable, NotFound
from directory.geocoding import Found, Gazetteer
from directory.index_tables import AreaToken
from directory.matches import Match, Results, matched
from directory.models import Resource, ResourceAlias
from directory.needs import Vocabulary
from directory.query import Query
from directory.records import Kind
from directory.remote import areas, talks_now

CRISIS_SHOWN = 12


@dataclass(slots=True)
class Searcher:
    """Everything a search reads: the database, the vocabulary, the gazetteer, the crisis lines kept in files."""

    database: Database
    vocabulary: Vocabulary
    gazetteer: Gazetteer
    crisis_book: CrisisBook
    default_country: str = "US"
    _known: Known | None = None
    _lines: tuple[int, dict[str, list[dict[str, Any]]]] = field(default=(-1, {}))

    @classmethod
    def open(cls, config: Config) -> Searcher:
        """Return a searcher over the configured database, with the vocabulary, places and crisis lines of its data folder."""
        vocabulary = needs.load(config.data_folder)
        gazetteer = Gazetteer(config.data_folder / "places")
        book = CrisisBook.load(config.data_folder, vocabulary, gazetteer)
        return cls(Database(config.database_url, config.read_url), vocabulary, gazetteer, book, config.country)

    def search(self, query: Query) -> Results:
        """Find what answers a query, best first.

        Returns three groups: lines to call now (never empty, whatever the filters), places nearby, help by phone or
        online. Distances are geodesic kilometres on WGS 84. What was widened to avoid an empty answer is in
        ``relaxed``; hard wishes that leave nothing are in ``lifts``.

        Raises:
            DatabaseUnavailable: the database is gone or damaged.
        """
        found = self.gazetteer.find(query.near, self.default_country) if query.near else Found(None, ())
        place = found.place
        country = place.country if place is not None else self.default_country
        results = Results(
            query, country, place, found.candidates, bool(query.near) and place is None and not found.candidates
        )
        with self.database.reading() as connection:
            known = self._known_now(connection)
            served = areas(country, place, self.gazetteer, known)
            results = replace(results, crisis=self._crisis(connection, known, query, country, served))
            if found.candidates:
                return results
            return Answer(connection, self.vocabulary, self.gazetteer, results, query, known, served).complete()

    def counts(self, results: Results) -> Counts | None:
        """Return how many places near the place of a search each filter leaves; None without a place.

        Raises:
            DatabaseUnavailable: the database is gone or damaged.
        """
        with self.database.reading() as connection:
            return counting.counts(connection, self.vocabulary, results, self._known_now(connection))

    def crisis_lines(self, country: str, at: datetime) -> tuple[Match, ...]:
        """Return the emergency number and every crisis line of a country, general lines first."""
        try:
            with self.database.reading() as connection:
                return self._crisis(connection, self._known_now(connection), Query(at=at), country, None)
        except DatabaseUnavailable:
            return self.crisis_book.matches(country, at, regional=True)

    def resource(self, resource_id: int) -> Mapping[str, Any] | int:
        """Return a resource's columns, or the id it was merged into.

        Raises:
            NotFound: there is and was no such resource.
            DatabaseUnavailable: the database is gone or damaged.
        """
        with self.database.reading() as connection:
            here = select(*Resource.__table__.columns).where(Resource.id == resource_id)
            row = connection.execute(here).mappings().one_or_none()
            if row is not None:
                return dict(row)
            alias = connection.execute(
                select(ResourceAlias.resource_id).where(ResourceAlias.old_id == resource_id)
            ).scalar_one_or_none()
        if alias is None:
            raise NotFound(
                "there is no resource with this number; it may have been taken out of the directory", field="id"
            )
        return int(alias)

    def data_version(self) -> int:
        """Return the version of the data: it grows with every change.

        Raises:
            DatabaseUnavailable: the database is gone or damaged.
        """
        with self.database.reading() as connection:
            return density.data_version(connection)

    def largest_id(self) -> int:
        """Return the largest id of a resource, 0 when there is none.

        Raises:
            DatabaseUnavailable: the database is gone or damaged.
        """
        with self.database.reading() as connection:
            return connection.execute(select(func.coalesce(func.max(Resource.id), 0))).scalar_one()

    def ids_shown(self, first: int, last: int) -> list[int]:
        """Return the ids, from ``first`` to ``last``, of the resources that take people.

        Raises:
            DatabaseUnavailable: the database is gone or damaged.
        """
        shown = select(Resource.id).where(Resource.id.between(first, last), Resource.status.in_(index.SHOWN))
        with self.database.reading() as connection:
            return list(connection.execute(shown.order_by(Resource.id)).scalars())

    def _known_now(self, connection: Connection) -> Known:
        """Return what is known of the index, read anew when the data has changed."""
        known = self._known = density.load(connection, self._known)
        return known

    def _crisis(
        self, connection: Connection, known: Known, query: Query, country: str, served: Collection[str] | None
    ) -> tuple[Match, ...]:
        """Return the emergency number and the lines of the areas served, at most ``CRISIS_SHOWN``; without areas all."""
        rows = self._lines_of(connection, known, country)
        if served is not None:
            rows = [row for row in rows if not set(served).isdisjoint(row["service_area"])]
        most = None if served is None else CRISIS_SHOWN
        if not rows:
            return self.crisis_book.matches(country, query.at, query)[:most]
        lines = [row for row in rows if served is None or talks_now(row)]
        lines.sort(key=self.crisis_book.order(query))
        first = self.crisis_book.emergency(country, query)
        return (*first, *(matched(self.vocabulary, row, query) for row in lines[:most]))[:most]

    def _lines_of(self, connection: Connection, known: Known, country: str) -> list[dict[str, Any]]:
        """Return every crisis line of a country, of its regions and of the world, kept until the data changes."""
        version, kept = self._lines
        if version != known.version:
            version, kept = self._lines = known.version, {}
        if country not in kept:
            bit = self.vocabulary.facet_bits("kind", [str(Kind.CRISIS_LINE)])
            serving = select(AreaToken.resource_id).where(
                AreaToken.token == index.ANY,
                or_(AreaToken.area.in_([country, index.WORLD]), AreaToken.area.like(f"{country}-%")),
                AreaToken.facets.op("&")(bit) != 0,
            )
            statement = select(*Resource.__table__.columns).where(
                Resource.id.in_(serving), Resource.kind == str(Kind.CRISIS_LINE)
            )
            kept[country] = [dict(row) for row in connection.execute(statement).mappings()]
        return kept[country]
