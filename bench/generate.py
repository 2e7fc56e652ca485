"""Realistic resources, the same for the same seed, straight into the ``resource`` table of an empty directory.

The listings above them are left out: at a million rows they would only be read and merged again one by one. The index
below is built by the project's own ``index.rebuild``.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import psycopg

from bench import profiles, world
from bench.profiles import TODAY, Profile
from bench.world import World
from directory import index
from directory.db import Database
from directory.geocoding import Gazetteer
from directory.models import Resource
from directory.needs import Vocabulary

CHUNK = 20_000
COLUMNS = tuple(column.name for column in Resource.__table__.columns)
MODIFIED = f"{TODAY.isoformat()} 06:00:00.000000"
# Steps of about a kilometre: nobody's practice stands in the very centre of its postal code.
SPREAD_DEGREES = 0.012
_FIRST = "Ana Bea Carl Dina Eli Femi Grace Hugo Ines José Kofi Lena Mina Noé Ola Quinn Rosa Tariq Vera Zoë".split()
_LAST = "Abara Brandt Chen Díaz Evans Flores Garcia Haddad Kowalski López Müller Nguyen Okafor Patel Ruiz Silva".split()
_WATER = "Harbor River Lake Spring Creek Bridge Garden Summit Valley Meadow Cedar Willow Sunrise Horizon Beacon Lantern".split()
_HOUSE = {
    "therapist": ("Counseling", "Therapy Associates", "Psychology Practice", "Family Services"),
    "treatment_program": ("Recovery Center", "Treatment Program", "Behavioral Health Clinic", "Rehabilitation House"),
    "support_group": ("Support Group", "Peer Circle", "Fellowship", "Recovery Meeting"),
}
_STREETS = ("Main Street", "Oak Avenue", "Second Street", "Church Road", "Park Boulevard", "Mill Lane")


def fill(
    database: Database, vocabulary: Vocabulary, gazetteer: Gazetteer, data_folder: Path, size: int, seed: int
) -> int:
    """Create a directory of ``size`` generated resources and index it; return how many were indexed."""
    database.create()
    load(database, rows(world.load(data_folder), vocabulary, gazetteer, size, seed))
    with database.writing() as connection:
        connection.exec_driver_sql("UPDATE meta SET value = value + 1 WHERE key = 'data_version'")
        count = index.rebuild(connection)
    settle(database)
    return count


def rows(
    around: World, vocabulary: Vocabulary, gazetteer: Gazetteer, size: int, seed: int
) -> Iterator[tuple[Any, ...]]:
    """Yield resources as rows of the table, in the order of its columns."""
    offers = profiles.profiles(vocabulary, gazetteer, seed)
    lines = profiles.lines(vocabulary, gazetteer, seed)[:size]
    for number, columns in enumerate(lines, start=1):
        yield _row({**columns, "id": number, "modified_at": MODIFIED})
    prepared = [_prepared(offer) for offer in offers]
    generator = np.random.default_rng(seed)
    names = Random(seed)
    # A few offers are common, most are rare, as sources copy one another's wording.
    chances = 1 / np.arange(1, len(offers) + 1) ** 0.4
    for start in range(len(lines), size, CHUNK):
        count = min(CHUNK, size - start)
        spots = generator.choice(len(around.weights), count, p=around.weights)
        chosen = generator.choice(len(offers), count, p=chances / chances.sum())
        latitudes = np.round(around.latitudes[spots] + generator.normal(0, SPREAD_DEGREES, count), 6)
        longitudes = np.round(around.longitudes[spots] + generator.normal(0, SPREAD_DEGREES, count), 6)
        ages = generator.choice([40, 200, 400, 1200], count, p=[0.4, 0.3, 0.15, 0.15])
        for place in range(count):
            number = start + place + 1
            yield _located(
                prepared[chosen[place]], offers[chosen[place]], number, names, around.labels[spots[place]],
                float(latitudes[place]), float(longitudes[place]), int(ages[place]),
            )  # fmt: skip


def load(database: Database, found: Iterable[tuple[Any, ...]]) -> None:
    """Write rows into the table ``resource`` as fast as each database can."""
    if database.path is not None:
        marks = ", ".join("?" * len(COLUMNS))
        with sqlite3.connect(database.path) as connection:
            connection.executemany(f"INSERT INTO resource ({', '.join(COLUMNS)}) VALUES ({marks})", found)
        connection.close()
        return
    statement = f"COPY resource ({', '.join(COLUMNS)}) FROM STDIN"
    with psycopg.connect(postgresql(database)) as server, server.cursor() as cursor, cursor.copy(statement) as copy:
        for row in found:
            copy.write_row(row)


def settle(database: Database) -> None:
    """Let the database do what it does by itself in the hours after an import."""
    if database.path is not None:
        database.sweep()
        return
    with psycopg.connect(postgresql(database), autocommit=True) as server:
        server.execute("VACUUM ANALYZE")


def postgresql(database: Database) -> str:
    """Return the URL of a PostgreSQL database as its own driver takes it."""
    return database.url.render_as_string(hide_password=False).replace("postgresql+psycopg://", "postgresql://")


def _prepared(offer: Profile) -> dict[str, Any]:
    """Return an offer's columns ready for the table: lists as JSON."""
    return {name: _cell(value) for name, value in offer.columns.items()}


def _row(columns: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(_cell(columns.get(name)) for name in COLUMNS)


def _cell(value: Any) -> Any:
    if isinstance(value, list):
        return json.dumps(value)
    return value.isoformat() if hasattr(value, "isoformat") else value


def _located(
    prepared: dict[str, Any], offer: Profile, number: int, names: Random,
    label: tuple[str, str | None, str, str | None, str | None], latitude: float, longitude: float, age: int,
) -> tuple[Any, ...]:  # fmt: skip
    city, region, country, timezone, postal_code = label
    area = f"{country}-{region}" if region else country
    day = (TODAY - timedelta(days=age)).isoformat()
    kind = prepared["kind"]
    house = names.choice(_HOUSE[kind])
    known = names.random()
    columns = {
        **prepared,
        "id": number,
        "name": f"{names.choice(_FIRST)} {names.choice(_LAST)}" if kind == "therapist" and known < 0.6 else
        f"{names.choice(_WATER)} {house}",
        "organization": f"{city} {names.choice(_WATER)} {house}" if known > 0.8 else None,
        "phone": f"+1202555{number % 10_000:04}",
        "address_1": f"{number % 900 + 1} {names.choice(_STREETS)}",
        "city": city,
        "region": region,
        "postal_code": postal_code,
        "country": country,
        "latitude": latitude,
        "longitude": longitude,
        "precision": "source",
        "timezone": timezone,
        "service_area": json.dumps([area]) if offer.serves_region or offer.online_only else "[]",
        "last_checked": day,
        "sources": json.dumps([{"name": "Example source", "date": day, "url": None}]),
        "identifiers": "[]",
        "modified_at": MODIFIED,
    }  # fmt: skip
    if offer.online_only:
        columns.update(latitude=None, longitude=None, precision=None, address_1=None, city=None, postal_code=None)
    return tuple(columns.get(name) for name in COLUMNS)
