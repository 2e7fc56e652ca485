"""Network geocoders, against a server of our own: asked once, slowly, never for a confidential place, never believed blindly."""

import json
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import select

from directory.errors import BadQuery, BadSetting
from directory.fetching import Limits
from directory.geocoding import Gazetteer
from directory.ingest import Directory
from directory.models import GeocodedAddress, Resource
from directory.network_geocoders import LIMITS, NetworkGeocoder, address_of
from directory.placing import Placer
from directory.public_addresses import NotFetched
from directory.records import Listing, Point, Row
from tests import factories
from tests.https_server import Server, running

TODAY = date(2026, 11, 22)
CONTACT = "maintainer@example.org"
PATHS = {"nominatim": "/search", "photon": "/api", "census": "/geocoder/locations/onelineaddress"}


@pytest.fixture(scope="module")
def listening(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("server")) as server:
        yield server


@pytest.fixture
def server(listening: Server) -> Server:
    listening.answers.clear()
    listening.asked.clear()
    return listening


def geocoder(server: Server, name: str = "nominatim", pause: float = 0) -> NetworkGeocoder:
    limits = Limits(
        size=100_000,
        step_seconds=1,
        deadline_seconds=1,
        allowed_addresses={"127.0.0.1"},
        authorities=server.certificate,
    )
    return NetworkGeocoder(name, CONTACT, domain=f"127.0.0.1:{server.port}", limits=limits, pause_seconds=pause)


def answer(name: str, house: str, latitude: float = 41.9, longitude: float = -87.65) -> bytes:
    told: object = {
        "nominatim": [
            {"lat": str(latitude), "lon": str(longitude), "display_name": "x", "address": {"house_number": house}}
        ],
        "photon": {
            "features": [
                {
                    "geometry": {"coordinates": [longitude, latitude]},
                    "properties": {"housenumber": house, "name": "x", "country": "x", "city": "x"},
                }
            ]
        },
        "census": {
            "result": {
                "addressMatches": [
                    {"matchedAddress": f"{house} EXAMPLE ST, CHICAGO", "coordinates": {"x": longitude, "y": latitude}}
                ]
            }
        },
    }[name]
    return json.dumps(told).encode()


NOTHING = {"nominatim": b"[]", "photon": b'{"features": []}', "census": b'{"result": {"addressMatches": []}}'}


def at(number: int = 12, **changes: object) -> Listing:
    return factories.listing(f"n{number}", address_1=f"{number} Example Street", point=None, **changes)


@pytest.mark.parametrize("name", PATHS)
def test_each_geocoder_finds_a_house_and_says_who_asks(name: str, server: Server) -> None:
    server.serve(PATHS[name], answer(name, "12"))
    address = address_of(at())
    assert address is not None
    assert geocoder(server, name).find(address) == Point(41.9, -87.65)
    path, headers = server.asked[0]
    asked = {key: values[0] for key, values in parse_qs(urlsplit(path).query).items()}
    assert headers["User-Agent"] == f"support-directory ({CONTACT})"
    expected = {
        "nominatim": {
            "street": "12 Example Street", "city": "Chicago", "state": "IL", "postalcode": "60601", "countrycodes": "us",
        },
        "photon": {"q": "12 Example Street, Chicago, IL 60601, US"},
        "census": {"address": "12 Example Street, Chicago, IL 60601", "benchmark": "Public_AR_Current", "format": "json"},
    }[name]  # fmt: skip
    assert {key: asked[key] for key in expected} == expected


@pytest.mark.parametrize("name", PATHS)
def test_what_is_no_house_is_no_answer(name: str, server: Server) -> None:
    address = address_of(at())
    assert address is not None
    for body in (NOTHING[name], answer(name, ""), answer(name, "14")):
        server.serve(PATHS[name], body)
        assert geocoder(server, name).find(address) is None


def test_the_census_is_only_asked_for_the_united_states(server: Server) -> None:
    address = address_of(at(country="GB", region=None, postal_code="SW1A 1AA", city="London"))
    assert address is not None
    assert geocoder(server, "census").find(address) is None
    assert server.asked == []


@pytest.mark.parametrize(
    "changes",
    [
        {"confidential_location": True},
        {"address_1": None},
        {"address_1": "P.O. Box 12"},
        {"address_1": "PO BOX 12"},
        {"address_1": "Example Street"},
        {"city": None, "postal_code": None},
        {"country": None},
        {"point": Point(41.9, -87.65)},
    ],
)
def test_some_rows_are_never_asked_for(changes: dict[str, object]) -> None:
    assert address_of(factories.listing(**{"point": None, "address_1": "12 Example Street", **changes})) is None


def test_a_geocoder_needs_a_name_we_know_and_a_contact() -> None:
    with pytest.raises(BadQuery, match="'google' is no geocoder; write nominatim, photon, census"):
        NetworkGeocoder("google", CONTACT)
    with pytest.raises(BadSetting, match="DIRECTORY_GEOCODER_CONTACT is empty"):
        NetworkGeocoder("nominatim", " ")


def test_it_is_asked_no_faster_than_once_in_its_pause(server: Server) -> None:
    server.serve("/search", answer("nominatim", "12"))
    address = address_of(at())
    assert address is not None
    asking = geocoder(server, pause=0.3)
    began = time.monotonic()
    for _ in range(3):
        asking.find(address)
    assert time.monotonic() - began >= 0.6


@pytest.mark.parametrize("status", [403, 429, 500])
def test_a_geocoder_that_refuses_is_named(status: int, server: Server) -> None:
    def refuse(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    server.answers["/search"] = refuse
    address = address_of(at())
    assert address is not None
    with pytest.raises(NotFetched, match=f"the geocoder nominatim does not answer: status {status}"):
        geocoder(server).find(address)


def test_what_a_geocoder_may_send_is_limited(server: Server) -> None:
    address = address_of(at())
    assert address is not None
    server.redirect("/search", "https://169.254.169.254/latest/meta-data/")
    with pytest.raises(NotFetched, match="not an address of the public internet"):
        geocoder(server).find(address)
    server.serve("/search", b"[" + b" " * 200_000 + b"]")
    with pytest.raises(NotFetched, match="is larger than 100,000 bytes"):
        geocoder(server).find(address)
    for body in (
        b"<!doctype html>",
        b"{}",
        b"null",
        b'{"error": "no"}',
        b"[[[[" * 20_000,
        b'[{"lat": "x", "lon": "y"}]',
    ):
        server.serve("/search", body)
        with suppress(NotFetched):
            assert geocoder(server).find(address) is None
    server.serve("/search", answer("nominatim", "12", latitude=95))
    with pytest.raises(NotFetched, match="in no way we can read"):
        geocoder(server).find(address)
    server.answers["/search"] = lambda handler: time.sleep(2)
    began = time.monotonic()
    with pytest.raises(NotFetched):
        geocoder(server).find(address)
    assert time.monotonic() - began < 2
    with pytest.raises(NotFetched, match="not an address of the public internet"):
        NetworkGeocoder("nominatim", CONTACT, domain=f"127.0.0.1:{server.port}").find(address)
    assert (LIMITS.size, LIMITS.step_seconds, LIMITS.deadline_seconds) == (1_000_000, 5.0, 5.0)


def placed(directory: Directory, asking: NetworkGeocoder | None, *listings: Listing) -> tuple[list[Row], list[str]]:
    directory.database.create()
    placer = Placer(directory.database, directory.gazetteer, TODAY, asking)
    rows = list(placer.placed(factories.rows(*listings), "example"))
    return rows, list(placer.notes())


def points(rows: list[Row]) -> list[tuple[Point | None, str | None]]:
    return [(row.listing.point, row.listing.geocoded_by) for row in rows if row.listing is not None]


def test_an_address_is_asked_once_and_its_answer_is_kept(directory: Directory, server: Server) -> None:
    server.serve("/search", answer("nominatim", "12"))
    rows, notes = placed(directory, geocoder(server), at(), at(), at(13), at(14, confidential_location=True))
    here = (Point(41.9, -87.65), "nominatim")
    assert points(rows) == [here, here, (None, None), (None, None)]
    assert notes == [
        "2 positions found from addresses: Nominatim, data © OpenStreetMap contributors (ODbL)",
        "1 addresses are not known to the geocoder",
    ]
    assert len(server.asked) == 2
    assert not any("14+Example" in path for path in server.paths())
    again, _ = placed(directory, geocoder(server), at(), at(13))
    offline, _ = placed(directory, None, at(), at(13))
    assert points(again) == points(offline) == [here, (None, None)]
    assert len(server.asked) == 2
    with directory.database.reading() as connection:
        kept = connection.execute(
            select(GeocodedAddress.address, GeocodedAddress.latitude).order_by(GeocodedAddress.address)
        )
        assert [tuple(row) for row in kept] == [
            ("12 Example Street, Chicago, IL 60601, US", 41.9), ("13 Example Street, Chicago, IL 60601, US", None),
        ]  # fmt: skip


def test_nobody_is_asked_unless_somebody_was_named(directory: Directory, server: Server) -> None:
    rows, notes = placed(directory, None, at())
    assert (points(rows), notes, server.asked) == ([(None, None)], [], [])


def test_an_answer_elsewhere_than_the_address_is_not_used(directory: Directory, server: Server) -> None:
    server.serve("/search", answer("nominatim", "12", latitude=43.07, longitude=-89.4))
    rows, notes = placed(directory, geocoder(server), at())
    assert points(rows) == [(None, None)]
    assert notes == ["1 positions from addresses lay elsewhere than the address says; not used"]


def test_after_three_failures_nobody_is_asked_any_more(directory: Directory, server: Server) -> None:
    rows, notes = placed(directory, geocoder(server), *(at(number) for number in range(1, 8)))
    assert [point for point, _ in points(rows)] == [None] * 7
    assert len(server.asked) == 3
    assert notes == [
        "the geocoder was not asked any more after 3 failures: the geocoder nominatim does not answer: status 404"
    ]
    with directory.database.reading() as connection:
        assert connection.execute(select(GeocodedAddress)).all() == []


def test_a_listing_placed_from_its_address_says_so(directory: Directory, server: Server) -> None:
    server.serve("/search", answer("nominatim", "12"))
    placer = Placer(directory.database, directory.gazetteer, TODAY, geocoder(server))
    directory.database.create()
    directory.ingest(factories.source(), placer.placed(iter(factories.rows(at(), at(13))), "example"))
    with directory.database.reading() as connection:
        found = connection.execute(select(Resource.precision, Resource.latitude).order_by(Resource.id)).all()
    assert [tuple(row) for row in found] == [("address", 41.9), ("postal_code", pytest.approx(41.886, abs=0.01))]
    again = Placer(directory.database, directory.gazetteer, TODAY)
    report = directory.ingest(factories.source(), again.placed(iter(factories.rows(at(), at(13))), "example"))
    assert report.counts == {"unchanged": 2}


def test_the_cache_is_of_one_gazetteer_and_any_geocoder(
    directory: Directory, server: Server, gazetteer: Gazetteer
) -> None:
    server.serve("/search", NOTHING["nominatim"])
    server.serve("/api", answer("photon", "12"))
    placed(directory, geocoder(server, "nominatim"), at())
    placed(directory, geocoder(server, "photon"), at())
    offline, notes = placed(directory, None, at())
    assert points(offline) == [(Point(41.9, -87.65), "photon")]
    assert notes == ["1 positions found from addresses: Photon by Komoot, data © OpenStreetMap contributors (ODbL)"]


def test_nothing_of_an_address_reaches_a_message(
    server: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    address = address_of(at())
    assert address is not None
    with pytest.raises(NotFetched) as error:
        geocoder(server).find(address)
    assert "Example" not in error.value.message
    assert "Example" not in " ".join(record.getMessage() for record in caplog.records if record.levelname != "DEBUG")
