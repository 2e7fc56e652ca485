"""Other ways to answer the same question, on the same rows: all needs and facets, the nearest 25 within a radius.

Each peer is made once from the database and then asked; what a machine lacks is named by ``missing``.
"""

from __future__ import annotations

import sqlite3
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
from geopy.distance import geodesic
from numpy.typing import NDArray
from scipy.spatial import KDTree
from sqlalchemy import select
from sqlalchemy.orm import Session

from bench.generate import postgresql
from directory import geo
from directory.db import Database
from directory.models import Resource
from directory.needs import Vocabulary
from directory.query import Query
from directory.records import Point

NAIVE_MOST = 100_000
_METRES_PER_DEGREE = 110_574.0


@dataclass(frozen=True, slots=True)
class Question:
    """What every contestant is asked: bits that must all, or any of which must, be held, near a point in a country."""

    point: Point
    country: str
    needs: int
    any_of: tuple[int, ...]
    languages: int
    radius_km: float
    limit: int

    @classmethod
    def of(cls, query: Query, point: Point, country: str, vocabulary: Vocabulary) -> Question:
        """Return a search's hard wishes, all of its needs among them."""
        bits = {facet: vocabulary.facet_bits(facet, keys) for facet, keys in query.facets.items()}
        languages = bits.pop("language", 0)
        needs = vocabulary.bits(query.needs)
        return cls(point, country, needs, tuple(bits.values()), languages, query.radius_km, query.limit)


class Peer(ABC):
    """One other way."""

    name = ""

    @abstractmethod
    def nearest(self, question: Question) -> list[int]:
        """Return the ids of the nearest, nearest first."""


def columns(database: Database) -> dict[str, NDArray[Any]]:
    """Return what the peers are made of: the located resources that take people, as columns."""
    wanted = ("id", "latitude", "longitude", "reach", "facet_bits", "language_bits", "country")
    statement = select(*(Resource.__table__.c[name] for name in wanted)).where(
        Resource.latitude.is_not(None), Resource.status.in_(["active", "temporarily_closed"])
    )
    with database.reading() as connection:
        rows = connection.execute(statement).all()
    kinds: tuple[Any, ...] = (np.int64, float, float, np.int64, np.int64, np.int64, "U2")
    return {
        name: np.array([row[place] for row in rows], dtype=kind)
        for place, (name, kind) in enumerate(zip(wanted, kinds, strict=True))
    }


class Tree(Peer):
    """A k-d tree of scipy in the process's own memory: ever more neighbours, until enough of them fit."""

    name = "in-process k-d tree (scipy)"

    def __init__(self, held: dict[str, NDArray[Any]]) -> None:
        self._held = held
        self._tree = KDTree(_earth_centred(held["latitude"], held["longitude"]))

    def nearest(self, question: Question) -> list[int]:
        """Return the ids of the nearest, nearest first."""
        held, near = self._held, np.array(geo.earth_centred(question.point), dtype=float)
        reach = geo.chord_squared(question.radius_km, question.point.latitude) ** 0.5
        wanted, size = question.limit * 4, len(held["id"])
        while True:
            _, found = self._tree.query(near, k=min(wanted, size), distance_upper_bound=reach)
            found = found[found < size]
            fits = found[_fits(held, found, question)]
            if len(fits) >= question.limit or len(found) < min(wanted, size):
                return [int(each) for each in held["id"][fits[: question.limit]]]
            wanted *= 4


class RTree(Peer):
    """SQLite's R*Tree of positions joined to a table of bits: the box around the circle, masked, sorted by distance."""

    name = "SQLite R*Tree + mask"

    def __init__(self, held: dict[str, NDArray[Any]], folder: Path) -> None:
        self._connection = sqlite3.connect(folder / "rtree.sqlite3")
        self._connection.executescript(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
            "CREATE VIRTUAL TABLE box USING rtree (id, west, east, south, north);"
            "CREATE TABLE bits (id INTEGER PRIMARY KEY, reach INTEGER, facets INTEGER, languages INTEGER, country TEXT,"
            " x INTEGER, y INTEGER, z INTEGER);"
        )
        ids = held["id"].tolist()
        places = zip(ids, held["longitude"].tolist(), held["latitude"].tolist(), strict=True)
        self._connection.executemany(
            "INSERT INTO box VALUES (?, ?, ?, ?, ?)", ((one, east, east, north, north) for one, east, north in places)
        )
        metres = np.rint(_earth_centred(held["latitude"], held["longitude"])).astype(np.int64).tolist()
        words = (held[name].tolist() for name in ("reach", "facet_bits", "language_bits", "country"))
        self._connection.executemany(
            "INSERT INTO bits VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            ((*row[:5], *row[5]) for row in zip(ids, *words, metres, strict=True)),
        )
        self._connection.commit()

    def nearest(self, question: Question) -> list[int]:
        """Return the ids of the nearest, nearest first."""
        x, y, z = geo.earth_centred(question.point)
        degrees = question.radius_km * 1000 * 1.01 / _METRES_PER_DEGREE
        wide = degrees / max(0.01, float(np.cos(np.radians(question.point.latitude)))) * 1.05
        chord = "(x - :x) * (x - :x) + (y - :y) * (y - :y) + (z - :z) * (z - :z)"
        values = {
            "x": x, "y": y, "z": z, "needs": question.needs, "country": question.country, "limit": question.limit,
            "west": question.point.longitude - wide, "east": question.point.longitude + wide,
            "south": question.point.latitude - degrees, "north": question.point.latitude + degrees,
            "reach": geo.chord_squared(question.radius_km, question.point.latitude),
        }  # fmt: skip
        facets = "".join(f" AND facets & {bits} <> 0" for bits in question.any_of)
        spoken = f" AND languages & {question.languages} <> 0" if question.languages else ""
        rows = self._connection.execute(
            f"SELECT bits.id FROM box JOIN bits ON bits.id = box.id WHERE east >= :west AND west <= :east"
            f" AND north >= :south AND south <= :north AND reach & :needs = :needs{facets}{spoken}"
            f" AND country = :country AND {chord} <= :reach ORDER BY {chord}, bits.id LIMIT :limit",
            values,
        )
        return [row[0] for row in rows]


class PostGis(Peer):
    """PostGIS: nearest first by a GiST index, one partial index for each need."""

    name = "PostGIS KNN, a partial GiST index per need"

    def __init__(self, database: Database, vocabulary: Vocabulary) -> None:
        self._server = psycopg.connect(postgresql(database), autocommit=True)
        self._server.execute("CREATE EXTENSION IF NOT EXISTS postgis")
        self._server.execute(
            "CREATE TABLE IF NOT EXISTS bench_point AS SELECT id, reach, facet_bits, language_bits, country,"
            " ST_SetSRID(ST_MakePoint(longitude, latitude), 4326)::geography AS place FROM resource"
            " WHERE latitude IS NOT NULL"
        )
        for need in vocabulary.needs.values():
            self._server.execute(
                f"CREATE INDEX IF NOT EXISTS bench_point_{need.bit} ON bench_point USING gist (place)"
                f" WHERE reach & {1 << need.bit} <> 0"
            )
        self._server.execute("CREATE INDEX IF NOT EXISTS bench_point_any ON bench_point USING gist (place)")
        self._server.execute("VACUUM ANALYZE bench_point")

    def nearest(self, question: Question) -> list[int]:
        """Return the ids of the nearest, nearest first."""
        needs = "".join(f" AND reach & {1 << bit} <> 0" for bit in range(63) if question.needs >> bit & 1)
        facets = "".join(f" AND facet_bits & {bits} <> 0" for bits in question.any_of)
        spoken = f" AND language_bits & {question.languages} <> 0" if question.languages else ""
        here = f"ST_MakePoint({question.point.longitude}, {question.point.latitude})::geography"
        rows = self._server.execute(
            f"SELECT id FROM bench_point WHERE country = '{question.country}'{needs}{facets}{spoken}"
            f" AND ST_DWithin(place, {here}, {question.radius_km * 1000}) ORDER BY place <-> {here}, id"
            f" LIMIT {question.limit}"
        )
        return [row[0] for row in rows]


class Naive(Peer):
    """Every resource loaded as an object, geopy's distance to each: what most directories begin with."""

    name = "ORM + geopy, every row"

    def __init__(self, database: Database) -> None:
        self._database = database

    def nearest(self, question: Question) -> list[int]:
        """Return the ids of the nearest, nearest first."""
        found: list[tuple[float, int]] = []
        here = (question.point.latitude, question.point.longitude)
        with self._database.reading() as connection, Session(connection) as session:
            for each in session.scalars(select(Resource).where(Resource.latitude.is_not(None))):
                fits = each.reach & question.needs == question.needs and each.country == question.country
                fits = fits and all(each.facet_bits & bits for bits in question.any_of)
                if fits and (not question.languages or each.language_bits & question.languages):
                    kilometres = geodesic(here, (each.latitude, each.longitude)).kilometers
                    if kilometres <= question.radius_km:
                        found.append((kilometres, each.id))
        return [one for _, one in sorted(found)[: question.limit]]


def _fits(held: dict[str, NDArray[Any]], rows: NDArray[np.int64], question: Question) -> NDArray[np.bool_]:
    mask: NDArray[np.bool_] = (held["reach"][rows] & question.needs) == question.needs
    mask &= held["country"][rows] == question.country
    for bits in question.any_of:
        mask &= (held["facet_bits"][rows] & bits) != 0
    if question.languages:
        mask &= (held["language_bits"][rows] & question.languages) != 0
    return mask


def _earth_centred(latitudes: NDArray[np.float64], longitudes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return x, y, z in metres, by columns: what ``geo.earth_centred`` says of one point."""
    squashed = (1 / 298.257223563) * (2 - 1 / 298.257223563)
    north, east = np.radians(latitudes), np.radians(longitudes)
    normal = 6_378_137.0 / np.sqrt(1 - squashed * np.sin(north) ** 2)
    return np.column_stack(
        [
            normal * np.cos(north) * np.cos(east),
            normal * np.cos(north) * np.sin(east),
            normal * (1 - squashed) * np.sin(north),
        ]
    )
