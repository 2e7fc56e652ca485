"""The address of a database: a file, one PostgreSQL server or several, read as libpq reads it."""

from typing import Any

import pytest

from directory.config import Config
from directory.engines import Address
from directory.errors import BadSetting


@pytest.mark.parametrize(("url", "told", "shown"), [
    (
        "postgresql://ana:s%40cret@db.example.org/places",
        {"user": "ana", "password": "s@cret", "host": "db.example.org", "dbname": "places"},
        "postgresql+psycopg://ana:***@db.example.org/places",
    ),
    (
        "postgresql+psycopg://ana@127.0.0.1:5433/places",
        {"user": "ana", "host": "127.0.0.1", "port": "5433", "dbname": "places"},
        "postgresql+psycopg://ana@127.0.0.1:5433/places",
    ),
    (
        "postgresql:///places?host=/run/postgresql",
        {"host": "/run/postgresql", "dbname": "places"},
        "postgresql+psycopg:///places?host=/run/postgresql",
    ),
    (
        "postgresql://ana:secret@one,two:5433/places?target_session_attrs=prefer-standby",
        {
            "user": "ana", "password": "secret", "host": "one,two", "port": ",5433", "dbname": "places",
            "target_session_attrs": "prefer-standby",
        },
        "postgresql+psycopg://ana:***@/places?host=one,two&port=,5433&target_session_attrs=prefer-standby",
    ),
    (
        "postgresql://[::1]:5432,[::2]:5433/places",
        {"host": "::1,::2", "port": "5432,5433", "dbname": "places"},
        "postgresql+psycopg:///places?host=::1,::2&port=5432,5433",
    ),
])  # fmt: skip
def test_an_address_is_told_to_libpq_as_written_and_shown_without_its_password(
    url: str, told: dict[str, str], shown: str
) -> None:
    address = Address.of(url)
    assert (dict(address.libpq), address.path) == (told, None)
    assert str(address).replace("%2C", ",").replace("%2F", "/").replace("%3A", ":") == shown
    assert Address.of(address.url.render_as_string(hide_password=False)).libpq == told
    assert told.get("password", "***") not in repr(address)


def test_an_address_nobody_can_read_is_refused_without_its_password() -> None:
    with pytest.raises(BadSetting, match="DIRECTORY_READ_URL cannot be read; write it as postgresql://") as raised:
        Address.of("postgresql://ana:secret@[::1/places", "read_url")
    assert ("secret" in raised.value.message, raised.value.__suppress_context__) == (False, True)


@pytest.mark.parametrize("settings", [
    {"read_url": "sqlite:///copy.sqlite3"},
    {"database_url": "sqlite:///d.sqlite3", "read_url": "postgresql://ana@standby/places"},
    {"database_url": "postgresql://ana@primary/places", "read_url": "sqlite:///copy.sqlite3"},
])  # fmt: skip
def test_only_a_postgresql_is_read_elsewhere(settings: dict[str, Any]) -> None:
    with pytest.raises(BadSetting, match="DIRECTORY_READ_URL is for replicas of PostgreSQL"):
        Config(**settings)
