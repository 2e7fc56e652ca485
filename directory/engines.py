"""Where a database is, and the engines that read and write it. No engine writes a bound value to any log."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, NullPool, QueuePool, create_engine, event, make_url

from directory.errors import BadSetting

_POSTGRESQL = "postgresql+psycopg"
# A server that is gone without a word is given up after seconds, not after the minutes TCP would wait. What the URL says
# instead counts (https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS).
_IMPATIENT = {
    "connect_timeout": "5",
    "tcp_user_timeout": "5000",
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "3",
}
# Connections go back to the host that the URL prefers when it has come back.
_RECYCLE_SECONDS = 600
# What each reading connection keeps of a SQLite file: the upper pages of the index and the pages of a busy city.
_CACHE_KIB = 16_000
# What the writing one keeps: with SQLite's own 2 MB an import of a million rows reads and writes its pages again and again.
_WRITING_CACHE_KIB, _LITTLE_CACHE_KIB = 20_000, 2_000
# Statements that PostgreSQL keeps ready for each reading connection.
_PREPARED = 300


@dataclass(frozen=True, slots=True)
class Address:
    """A SQLite file, or what libpq is told of one PostgreSQL server or of several."""

    url: URL
    libpq: Mapping[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, text: str, setting: str = "database_url") -> Address:
        """Return what a URL says; one for PostgreSQL is read as libpq reads it, also with several hosts.

        Raises:
            BadSetting: it cannot be read; PostgreSQL's driver is not installed.
        """
        if text.startswith("sqlite:"):
            return cls(make_url(text))
        told = _told(text.replace(f"{_POSTGRESQL}://", "postgresql://", 1), setting)
        rest = dict(told)
        user, password, name = (rest.pop(key, None) for key in ("user", "password", "dbname"))
        host, port = rest.get("host", ""), rest.get("port", "")
        if "," in host or host.startswith("/") or (port and not port.isdigit()):
            return cls(URL.create(_POSTGRESQL, user, password, database=name, query=rest), told)
        rest = {key: value for key, value in rest.items() if key not in {"host", "port"}}
        return cls(URL.create(_POSTGRESQL, user, password, host or None, int(port or 0) or None, name, rest), told)

    @property
    def path(self) -> Path | None:
        """Return the file, None for PostgreSQL."""
        return None if self.libpq else Path(self.url.database or "").absolute()

    def __str__(self) -> str:
        return str(self.path) if self.path is not None else self.url.render_as_string(hide_password=True)


def quoted(path: Path) -> str:
    """Return a path as it stands in a SQLite URI (https://www.sqlite.org/uri.html)."""
    return str(path).replace("%", "%25").replace("?", "%3f").replace("#", "%23")


def reading(address: Address) -> Engine:
    """Return an engine that cannot write; each of its transactions sees one state of the directory."""
    path = address.path
    if path is None:
        engine = create_engine(
            f"{_POSTGRESQL}://",
            hide_parameters=True,
            isolation_level="REPEATABLE READ",
            pool_pre_ping=True,
            pool_recycle=_RECYCLE_SECONDS,
            connect_args={**_IMPATIENT, **address.libpq},
        )
        # Not as an option of the session: to libpq that is no session of target_session_attrs=read-write.
        event.listen(engine, "connect", _only_read)
        return engine
    engine = create_engine(
        "sqlite://",
        hide_parameters=True,
        creator=lambda: _open_read_only(path),
        poolclass=QueuePool,
        pool_size=4,
        max_overflow=16,
        pool_timeout=5,
    )
    event.listen(engine, "begin", lambda connection: rows(connection, "BEGIN"))  # one snapshot for a whole search
    return engine


def writing(address: Address, busy_timeout_ms: int) -> Engine:
    """Return an engine that writes."""
    if address.path is None:
        return create_engine(
            f"{_POSTGRESQL}://", hide_parameters=True, pool_pre_ping=True, connect_args={**_IMPATIENT, **address.libpq}
        )
    engine = create_engine(
        address.url,
        hide_parameters=True,
        connect_args={"timeout": busy_timeout_ms / 1000},
        # None is left open: of a file that was replaced, it would delete the log of the new one when it closes.
        poolclass=NullPool,
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def on_driver(connection: Connection, pragma: str) -> None:
    """Set what cannot be set inside a transaction."""
    driver = connection.connection.driver_connection
    if driver is not None:
        driver.execute(pragma)


def rows(connection: Connection, statement: str, values: Sequence[int | str] = ()) -> list[Any]:
    """Ask the driver itself and return all rows. ``statement`` has ``?`` where the values go, and no other.

    What SQLAlchemy adds to a statement takes longer than the search index takes to answer it.

    Raises:
        Exception: the driver's own, which ``Database.reading`` turns into ``DatabaseUnavailable``.
    """
    driver: Any = connection.connection.driver_connection
    if connection.dialect.name != "sqlite":
        statement = statement.replace("?", "%s")
    found: list[Any] = driver.execute(statement, values).fetchall()
    return found


@contextmanager
def caching_little(connection: Connection) -> Iterator[None]:
    """Let SQLite keep few pages meanwhile: what is written in order needs none, and it sorts in as much memory as it caches."""
    if connection.dialect.name != "sqlite":
        yield
        return
    on_driver(connection, f"PRAGMA cache_size = -{_LITTLE_CACHE_KIB}")
    try:
        yield
    finally:
        on_driver(connection, f"PRAGMA cache_size = -{_WRITING_CACHE_KIB}")


def insert(connection: Connection, table: str, columns: Sequence[str], values: Sequence[tuple[Any, ...]]) -> None:
    """Insert rows as fast as the driver can: at once on SQLite, by COPY on PostgreSQL. Values are as the driver takes them.

    Raises:
        Exception: the driver's own or SQLAlchemy's, which ``Database.writing`` turns into ours.
    """
    if not values:
        return
    names = ", ".join(columns)
    if connection.dialect.name == "sqlite":
        marks = ", ".join("?" * len(columns))
        connection.exec_driver_sql(f"INSERT INTO {table} ({names}) VALUES ({marks})", list(values))
        return
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
        for row in values:
            copy.write_row(row)


def many(connection: Connection, statement: str, values: Sequence[tuple[Any, ...]]) -> None:
    """Run a statement, which has ``?`` where the values go, once for each row of values.

    Raises:
        Exception: as ``insert``.
    """
    if not values:
        return
    if connection.dialect.name != "sqlite":
        statement = statement.replace("?", "%s")
    connection.exec_driver_sql(statement, list(values))


def _told(text: str, setting: str) -> dict[str, str]:
    try:
        from psycopg import ProgrammingError  # noqa: PLC0415 - only who uses PostgreSQL needs its driver
        from psycopg.conninfo import conninfo_to_dict  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise BadSetting(
            "PostgreSQL needs its driver; install it with: pip install 'support-directory[postgresql]'", field=setting
        ) from error
    try:
        return {key: str(value) for key, value in conninfo_to_dict(text).items() if value is not None}
    except ProgrammingError:  # it quotes the URL, with the password
        raise BadSetting(
            f"DIRECTORY_{setting.upper()} cannot be read; write it as postgresql://user@host/name", field=setting
        ) from None


def _open_read_only(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"file:{quoted(path)}?mode=ro", uri=True, check_same_thread=False, isolation_level=None, timeout=5
    )
    connection.execute("PRAGMA query_only = ON")
    connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
    return connection


def _only_read(connection: Any, _record: Any) -> None:
    # A search asks few shapes of statements, all answered by one index: planning each anew takes longer than answering it.
    connection.prepare_threshold, connection.prepared_max = 1, _PREPARED
    connection.execute("SET plan_cache_mode = force_generic_plan")
    connection.commit()
    connection.read_only = True


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA secure_delete = ON")  # a street that became confidential stays in no free page
    connection.execute("PRAGMA temp_store = FILE")
    connection.execute(f"PRAGMA cache_size = -{_WRITING_CACHE_KIB}")


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql(f"BEGIN {connection.get_execution_options().get('sqlite_begin', 'DEFERRED')}")
