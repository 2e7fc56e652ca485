"""How the index is asked: by its key, alone, and from memory where words leave few; all ways find the same."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from factories import CHICAGO, listing, rows, source
from sqlalchemy import Connection

from directory import density, index, nearby, pool, remote, tiers
from directory.db import Database
from directory.geocoding import Gazetteer
from directory.index_tables import PlaceToken
from directory.ingest import Directory
from directory.needs import Vocabulary
from directory.query import Query, build
from directory.records import Point
from directory.search import Searcher

AT = datetime(2026, 11, 22, 18, 0, tzinfo=UTC)
NEEDS = ("depression", "anxiety", "trauma", "kratom", "alcohol")


@pytest.fixture
def crowd(directory: Directory) -> Directory:
    """Sixty places north of Chicago, of many needs, some named after a river; indexed as a whole."""
    found = [
        listing(
            f"{number:02}",
            name=f"{'River' if number % 3 else 'Lake'} House {number}",
            needs=NEEDS[: number % 5 + 1],
            languages=("en", "es") if number % 2 else ("en",),
            minimum_age=18 if number % 4 == 0 else None,
            region="IL" if number % 6 else "WI",
            point=Point(CHICAGO.latitude + number * 0.02, CHICAGO.longitude),
        )
        for number in range(60)
    ]
    directory.ingest(source(), rows(*found))
    directory.reindex()
    return directory


def asked(vocabulary: Vocabulary, **words: Any) -> Query:
    given = {"near": "41.8858, -87.6181", "at": AT, "need": ("depression", "anxiety"), **words}
    return build(vocabulary, **given)


QUERIES = (
    {},
    {"need": ("anxiety", "kratom"), "language": ("es",), "limit": "50"},
    {"radius_km": "5"},
    {"radius_km": "5", "age": "12"},
    {"need": (), "q": "river"},
    {"q": "lake house", "radius_km": "3", "limit": "50"},
    {"need": NEEDS, "radius_km": "100", "limit": "50"},
)


def ids(searcher: Searcher, query: Query) -> list[tuple[int, int, str | None]]:
    found = searcher.search(query).nearby
    return [(match.resource["id"], match.tier, match.relaxed) for match in found]


def draw_circles(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no ring be read at once because it holds few."""
    monkeypatch.setattr(nearby, "FEW_RESOURCES", -1)
    monkeypatch.setattr(nearby, "THIN", -1)


@pytest.mark.parametrize("words", QUERIES)
def test_small_rings_and_memory_find_what_one_ring_finds(
    crowd: Directory, searcher: Searcher, words: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = asked(crowd.vocabulary, **words)
    at_once = ids(searcher, query)
    assert at_once
    draw_circles(monkeypatch)
    assert ids(searcher, query) == at_once, "rings drawn by density"
    monkeypatch.setattr(density.Known, "radius_km", lambda _self, _point, _wanted: 0.5)
    assert ids(searcher, query) == at_once, "rings that start far too small"
    monkeypatch.setattr(pool, "MOST", 0)
    assert ids(searcher, query) == at_once, "words asked of the database ring by ring"


def statements(connection: Connection, directory: Directory, query: Query) -> list[str]:
    """What is asked of the index for what is near, as SQLite was told it."""
    seen: list[str] = []
    driver = connection.connection.driver_connection
    known, wish = density.load(connection), tiers.wishes(query, directory.vocabulary, "US")
    finder = nearby.Nearby(connection, known, CHICAGO, wish, tuple(tiers.tiers(wish, directory.vocabulary)))
    driver.set_trace_callback(seen.append)
    finder.best(nearby.Ring(query.radius_km), 25)
    finder.nearest_below(1, query.radius_km)
    driver.set_trace_callback(None)
    return seen


@pytest.mark.parametrize("in_circles", [False, True])
@pytest.mark.parametrize("words", [{}, {"language": ("es",), "payment": ("medicaid",)}, {"radius_km": "160"}])
def test_a_ring_is_one_search_of_the_key_and_reads_nothing_else(
    vocabulary: Vocabulary,
    gazetteer: Gazetteer,
    tmp_path: Any,
    words: dict,
    in_circles: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if in_circles:
        draw_circles(monkeypatch)
    directory = Directory(Database(f"sqlite:///{tmp_path / 'd.sqlite3'}"), vocabulary, gazetteer)
    directory.ingest(source(), rows(*(listing(str(number)) for number in range(9))))
    with directory.database.reading() as connection:
        for statement in statements(connection, directory, asked(vocabulary, **words)):
            plan = [row[-1] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}")]
            assert plan == [
                "SEARCH place_token USING PRIMARY KEY (token=? AND band=? AND lon>? AND lon<?)",
                "USE TEMP B-TREE FOR ORDER BY",
            ]
    directory.database.dispose()


@pytest.mark.parametrize("words", [{}, {"need": NEEDS[:4]}, {"language": ("es",), "age": "12"}])
def test_help_from_afar_is_read_in_the_order_of_its_key(
    vocabulary: Vocabulary, gazetteer: Gazetteer, tmp_path: Any, words: dict
) -> None:
    directory = Directory(Database(f"sqlite:///{tmp_path / 'd.sqlite3'}"), vocabulary, gazetteer)
    online = {"formats": ("video",), "point": None, "address_1": None, "city": None, "postal_code": None}
    directory.ingest(source(), rows(*(listing(str(n), service_area=("US-IL", "US")[:n], **online) for n in (1, 2))))
    query = asked(vocabulary, **words)
    wish = tiers.wishes(query, vocabulary, None)
    seen: list[str] = []
    with directory.database.reading() as connection:
        driver: Any = connection.connection.driver_connection
        ways = tuple(tiers.tiers(wish, vocabulary))
        far = remote.Remote(connection, density.load(connection), vocabulary, query, wish, ways)
        driver.set_trace_callback(seen.append)
        far.found(["US-IL", "US", "world"], None, ())
        driver.set_trace_callback(None)
        asked_for = [statement for statement in seen if "area_token" in statement]
        assert len(asked_for) == len(ways), "one statement for each tier, as few as there are answers"
        for statement in asked_for:
            plan = [row[-1] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}")]
            assert any("SEARCH area_token USING PRIMARY KEY (token=? AND area=?)" in line for line in plan)
            assert not any("TEMP B-TREE" in line or "SCAN area_token" in line for line in plan), plan
    directory.database.dispose()


def test_what_is_known_of_the_index_is_read_anew_only_when_the_data_changes(crowd: Directory) -> None:
    with crowd.database.reading() as connection:
        known = density.load(connection)
        assert density.load(connection, known) is known
    assert sum(known.cells.values()) == sum(known.coarse.values()) == 60
    crowd.ingest(source("other"), rows(listing("more")))
    with crowd.database.reading() as connection:
        assert density.load(connection, known) is not known


def test_a_crowded_place_is_searched_in_a_smaller_circle(crowd: Directory) -> None:
    with crowd.database.reading() as connection:
        known = density.load(connection)
    assert known.radius_km(CHICAGO, 5) < known.radius_km(CHICAGO, 50)
    assert known.radius_km(Point(0, 0), 5) == float("inf")


@pytest.mark.parametrize("open_now", ["", "yes"])
def test_a_search_of_a_region_finds_what_came_after_the_last_reindex(
    crowd: Directory, searcher: Searcher, open_now: str
) -> None:
    far = listing("far", region="WI", hours="24/7", point=Point(46.9, -90.8))
    crowd.ingest(source("other"), rows(far))
    found = searcher.search(asked(crowd.vocabulary, near="Wisconsin", open_now=open_now, limit="100")).nearby
    assert "Example Practice far" in {match.resource["name"] for match in found}
    assert len(found) == (1 if open_now else 11)


def test_regions_and_countries_are_looked_through_only_where_they_have_places(crowd: Directory) -> None:
    with crowd.database.reading() as connection:
        known = density.load(connection)
    wisconsin, country = known.extents[index.area_number("US", "WI")], known.countries["US"]
    assert (wisconsin.resources, country.resources) == (10, 60)
    assert country.window.within(wisconsin.window) == wisconsin.window
    assert country.window.first_band < wisconsin.window.last_band


def test_counties_are_looked_up_only_where_something_serves_one(crowd: Directory, searcher: Searcher) -> None:
    asks = asked(crowd.vocabulary)
    with crowd.database.reading() as connection:
        assert not density.load(connection).regions_of_counties
    assert searcher.search(asks).remote == ()
    online = listing("cook", formats=("video",), service_area=("US-IL-031",), point=None, address_1=None, city=None,
                     region=None, postal_code=None)  # fmt: skip
    crowd.ingest(source("other"), rows(online))
    with crowd.database.reading() as connection:
        assert density.load(connection).regions_of_counties == {"US-IL"}
    assert [match.resource["name"] for match in searcher.search(asks).remote] == ["Example Practice cook"]


def test_every_region_of_a_country_has_a_number_of_its_own(gazetteer: Gazetteer) -> None:
    regions = {area[:2] for area in gazetteer._files.areas if area.region}
    numbers = {index.area_number(country, region) for country, region in regions}
    assert len(numbers) == len(regions)
    for country, region in regions:
        first, last = index.country_numbers(country)
        assert first <= index.area_number(country, region) <= last


def test_tests_on_bits_say_the_same_in_python_as_in_the_database(crowd: Directory) -> None:
    wanted = replace(asked(crowd.vocabulary), needs=NEEDS)
    wish = tiers.wishes(wanted, crowd.vocabulary, None)
    with crowd.database.reading() as connection:
        all_rows = connection.execute(PlaceToken.__table__.select().where(PlaceToken.token == index.ANY)).all()
        for _, covers in tiers.tiers(wish, crowd.vocabulary):
            for cover in covers:
                said = connection.execute(
                    PlaceToken.__table__.select().where(PlaceToken.token == index.ANY, *cover.on(PlaceToken))
                ).all()
                held = [row for row in all_rows if all(test.holds(getattr(row, test.column)) for test in cover.tests)]
                assert sorted(row.resource_id for row in said) == sorted(row.resource_id for row in held)
