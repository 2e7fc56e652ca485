"""Engines, pragmas, the schema and its version. SQLite by default, PostgreSQL by its URL."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import Any

from sqlalchemy import (
    URL,
    Connection,
    Engine,
    NullPool,
    QueuePool,
    create_engine,
    event,
    func,
    inspect,
    make_url,
    select,
    text,
    update,
)
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError

from directory.errors import BadSetting, DatabaseUnavailable
from directory.models import SCHEMA_VERSION, Base, Meta, Source

BUSY_TIMEOUT_MS = 60_000
_ADVISORY_LOCK = 3_515_661_208
_SMALL_DATABASE_BYTES = 200_000_000


class Database:
    """One database: a read engine for pages, a write engine for imports.

    Public pages only ever read; SQLite opens their connections read-only. No engine writes bound values to a log, at any
    level: what a seeker typed is among them.
    """

    def __init__(self, url: str) -> None:
        if url.startswith("postgresql://"):
            url = url.replace("postgresql://", "postgresql+psycopg://", 1)
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.path = Path(self.url.database or "").absolute() if self.is_sqlite else None
        self._lock = RLock()
        self._read: Engine | None = None
        self._write: Engine | None = None
        self._seen: tuple[int, ...] | None = None
        self._refused: tuple[tuple[int, ...], str] | None = None

    def exists(self) -> bool:
        """Return whether the tables are there."""
        if self.path is not None and not self.path.exists():
            return False
        try:
            with self._engine_for_reading().connect() as connection:
                return inspect(connection).has_table(Meta.__tablename__)
        except SQLAlchemyError as error:
            raise unavailable(error) from error

    def create(self) -> None:
        """Create what is missing of the schema; leave a directory of this version as it is.

        Raises:
            DatabaseUnavailable: the file cannot be written, is no database, or holds another schema version.
        """
        if self.path is not None:
            try:
                self.path.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise DatabaseUnavailable(f"the folder {self.path.parent} cannot be made: {error.strerror}") from error
        with self.writing() as connection:
            if inspect(connection).has_table(Meta.__tablename__):
                self._check_version(connection)
                Base.metadata.create_all(connection)
                return
            if inspect(connection).get_table_names():
                raise DatabaseUnavailable(
                    f"{self._shown()} holds other tables and no directory; name another database in DIRECTORY_DATABASE_URL"
                )
            Base.metadata.create_all(connection)
            for statement in _TEXT_INDEX["sqlite" if self.is_sqlite else "postgresql"]:
                connection.execute(text(statement))
            rows = {"schema_version": SCHEMA_VERSION, "data_version": 0, "next_resource_id": 1, "loading": 0}
            connection.execute(Meta.__table__.insert(), [{"key": k, "value": v} for k, v in rows.items()])  # type: ignore[attr-defined]

    def is_empty(self) -> bool:
        """Return whether nothing was ever imported."""
        with self.reading() as connection:
            return connection.execute(select(func.count()).select_from(Source)).scalar_one() == 0

    def is_loading(self) -> bool:
        """Return whether the first load of the shipped data was begun and not ended."""
        with self.reading() as connection:
            return connection.execute(select(Meta.value).where(Meta.key == "loading")).scalar_one() == 1

    def mark_loading(self, begun: bool) -> None:
        """Remember that the first load has begun, or that it has ended."""
        with self.writing() as connection:
            connection.execute(update(Meta).where(Meta.key == "loading").values(value=int(begun)))

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Open a read-only connection.

        Raises:
            DatabaseUnavailable: the database is gone, damaged, locked or of another version. On SQLite an open
                connection survives its file being deleted, so the file is looked at each time.
        """
        with self._lock:  # another thread may be looking at the file, too
            self._look_at_file()
            engine = self._engine_for_reading()
        try:
            with engine.connect() as connection:
                yield connection
        except DBAPIError as error:
            raise unavailable(error) from error

    @contextmanager
    def writing(self, patience_ms: int | None = None) -> Iterator[Connection]:
        """Open the one writing transaction: it waits for another to end, commits at the end, or leaves no trace.

        ``patience_ms`` is how long it waits; without it SQLite waits for a minute, PostgreSQL as long as it takes.

        Raises:
            DatabaseUnavailable: it cannot be written, or another transaction took longer than that.
        """
        with self.staging() as connection, self.switching(connection, patience_ms):
            yield connection

    @contextmanager
    def staging(self) -> Iterator[Connection]:
        """Open a connection that may hold temporary tables; it locks nobody out until ``switching``."""
        with self._lock:
            engine = self._engine_for_writing()
        try:
            with engine.connect() as connection:
                yield connection
        except DBAPIError as error:
            raise unavailable(error) from error

    @contextmanager
    def switching(self, connection: Connection, patience_ms: int | None = None) -> Iterator[None]:
        """Hold the one writing transaction on a connection from ``staging``."""
        if self.is_sqlite:
            _on_driver(connection, f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS if patience_ms is None else patience_ms}")
            connection.execution_options(sqlite_begin="IMMEDIATE")
        with connection.begin():
            if not self.is_sqlite:
                if patience_ms is not None:
                    connection.execute(text(f"SET LOCAL lock_timeout = {patience_ms}"))
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
            yield

    def sweep(self) -> None:
        """Write SQLite's log back into the database, so that what was forgotten stays in no file."""
        if self.is_sqlite:
            with self.staging() as connection:
                _on_driver(connection, "PRAGMA wal_checkpoint(TRUNCATE)")

    def dispose(self) -> None:
        """Close every connection."""
        for engine in (self._read, self._write):
            if engine is not None:
                engine.dispose()
        self._read = self._write = None

    def _engine(self, url: str | URL, **options: Any) -> Engine:
        """Make an engine that writes no bound value to any log."""
        try:
            return create_engine(url, hide_parameters=True, **options)
        except ModuleNotFoundError as error:
            raise BadSetting(
                "PostgreSQL needs its driver; install it with: pip install 'support-directory[postgresql]'",
                field="database_url",
            ) from error

    def _engine_for_reading(self) -> Engine:
        if self._read is None:
            if self.is_sqlite:
                self._read = self._engine(
                    "sqlite://",
                    creator=self._open_read_only,
                    poolclass=QueuePool,
                    pool_size=4,
                    max_overflow=16,
                    pool_timeout=5,
                )
                event.listen(self._read, "begin", _begin_sqlite)  # one snapshot for all statements of a search
            else:
                self._read = self._engine(
                    self.url,
                    isolation_level="REPEATABLE READ",
                    pool_pre_ping=True,
                    connect_args={"options": "-c default_transaction_read_only=on", "connect_timeout": 5},
                )
        return self._read

    def _engine_for_writing(self) -> Engine:
        if self._write is None:
            if self.is_sqlite:
                self._write = self._engine(
                    self.url,
                    connect_args={"timeout": BUSY_TIMEOUT_MS / 1000},
                    # None is left open: of a file that was replaced, it would delete the log of the new one when it closes.
                    poolclass=NullPool,
                )
                event.listen(self._write, "connect", _prepare_sqlite)
                event.listen(self._write, "begin", _begin_sqlite)
            else:
                self._write = self._engine(
                    self.url,
                    pool_pre_ping=True,
                )
        return self._write

    def _open_read_only(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            f"file:{quoted(self.path)}?mode=ro", uri=True, check_same_thread=False, isolation_level=None, timeout=5
        )
        connection.execute("PRAGMA query_only = ON")
        return connection

    def _look_at_file(self) -> None:
        """Notice a SQLite file that was deleted, replaced or damaged since the last look; check what is new once."""
        if self.path is None:
            return
        try:
            found = self.path.stat()
        except OSError as error:
            self.dispose()
            self._seen = None
            raise DatabaseUnavailable(f"there is no database at {self.path}") from error
        state = (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)
        if state == self._seen:
            return
        if self._refused is not None and self._refused[0] == state:
            raise DatabaseUnavailable(self._refused[1])
        if self._read is not None:
            self._read.dispose()
            self._read = None
        if self._write is not None and self._seen is not None and self._seen[:2] != state[:2]:
            self._write.dispose()  # it would write into the file that was replaced
            self._write = None
        try:
            with self._engine_for_reading().connect() as connection:
                self._check_version(connection)
                if found.st_size <= _SMALL_DATABASE_BYTES:
                    verdict = connection.execute(text("PRAGMA quick_check(1)")).scalar_one()
                    if verdict != "ok":
                        raise DatabaseUnavailable(f"the database is damaged: {verdict}")
        except DBAPIError as error:
            self._refused = (state, unavailable(error).message)
            raise unavailable(error) from error
        except DatabaseUnavailable as error:
            self._refused = (state, error.message)
            raise
        self._seen, self._refused = state, None

    def _check_version(self, connection: Connection) -> None:
        if not inspect(connection).has_table(Meta.__tablename__):
            raise DatabaseUnavailable(f"{self._shown()} holds no directory; 'directory import' makes one")
        version = connection.execute(select(Meta.value).where(Meta.key == "schema_version")).scalar_one_or_none()
        if version != SCHEMA_VERSION:
            raise DatabaseUnavailable(
                f"{self._shown()} has schema version {version}, this program needs {SCHEMA_VERSION}; keep a copy of it "
                "with 'directory backup', then import the sources into a new database"
            )

    def _shown(self) -> str:
        return str(self.path) if self.path is not None else self.url.render_as_string(hide_password=True)


def unavailable(error: Exception) -> DatabaseUnavailable:
    """Return what a database fault means, without the statement or any value in it."""
    cause = getattr(error, "orig", None) or error
    reason = str(cause).splitlines()[0] if str(cause) else type(cause).__name__
    if isinstance(error, OperationalError) and "locked" in reason:
        return DatabaseUnavailable("another import is running; try again when it has ended")
    return DatabaseUnavailable(f"the database cannot be used: {reason}")


def _on_driver(connection: Connection, pragma: str) -> None:
    """Set what cannot be set inside a transaction."""
    driver = connection.connection.driver_connection
    if driver is not None:
        driver.execute(pragma)


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA secure_delete = ON")  # a street that became confidential stays in no free page
    connection.execute("PRAGMA temp_store = FILE")


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql(f"BEGIN {connection.get_execution_options().get('sqlite_begin', 'DEFERRED')}")


def quoted(path: Path | None) -> str:
    """Return a path as it stands in a SQLite URI (https://www.sqlite.org/uri.html)."""
    return str(path).replace("%", "%25").replace("?", "%3f").replace("#", "%23")


# The only part of the schema that differs: free text. Words are folded in Python, so both databases see the same ones.
_TEXT_INDEX = {
    "sqlite": ["CREATE VIRTUAL TABLE resource_text USING fts5 (words, tokenize = 'unicode61')"],
    "postgresql": [
        "CREATE TABLE resource_text (resource_id BIGINT PRIMARY KEY, words TEXT NOT NULL)",
        "CREATE INDEX ix_resource_text_words ON resource_text USING gin (to_tsvector('simple', words))",
    ],
}
