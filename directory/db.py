"""One database: its schema and version, reading it, writing it. SQLite by default, PostgreSQL by its URL."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock

from sqlalchemy import Connection, Engine, func, inspect, select, text, update
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError

from directory import engines
from directory.engines import Address
from directory.errors import DatabaseUnavailable
from directory.index_tables import ALL_TABLES
from directory.models import SCHEMA_VERSION, Meta, Source

BUSY_TIMEOUT_MS = 60_000
_ADVISORY_LOCK = 3_515_661_208
_SMALL_DATABASE_BYTES = 200_000_000
# https://www.postgresql.org/docs/current/errcodes-appendix.html
_READ_ONLY, _LOCKED, _LOST = "25006", "55P03", ("08", "57P")


class Database:
    """One database: a read engine for pages, a write engine for imports.

    Public pages only ever read; SQLite opens their connections read-only. No engine writes bound values to a log, at any
    level: what a seeker typed is among them. With a ``read_url`` everything is read there, which may be another server that
    holds the same: what was written is seen there a moment later.
    """

    def __init__(self, url: str, read_url: str = "") -> None:
        self.address = Address.of(url)
        self.url = self.address.url
        self.path = self.address.path
        self.is_sqlite = self.path is not None
        self._read_address = Address.of(read_url, "read_url") if read_url else self.address
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
                ALL_TABLES.create_all(connection)
                return
            if inspect(connection).get_table_names():
                raise DatabaseUnavailable(
                    f"{self.address} holds other tables and no directory; name another database in DIRECTORY_DATABASE_URL"
                )
            ALL_TABLES.create_all(connection)
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
            with engine.connect() as connection, connection.begin():
                yield connection
        except (DBAPIError, engine.dialect.loaded_dbapi.Error) as error:
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
            raise self._unchanged(error) from error

    @contextmanager
    def switching(self, connection: Connection, patience_ms: int | None = None) -> Iterator[None]:
        """Hold the one writing transaction on a connection from ``staging``."""
        if self.is_sqlite:
            engines.on_driver(
                connection, f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS if patience_ms is None else patience_ms}"
            )
            connection.execution_options(sqlite_begin="IMMEDIATE")
        with connection.begin():
            if not self.is_sqlite:
                if patience_ms is not None:
                    connection.execute(text(f"SET LOCAL lock_timeout = {patience_ms}"))
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
            yield

    def can_read(self) -> bool:
        """Return whether a directory can be read now."""
        try:
            with self.reading() as connection:
                return connection.execute(select(func.count()).select_from(Meta)).scalar_one() > 0
        except DatabaseUnavailable:
            return False

    def takes_changes(self) -> bool:
        """Return whether changes can be made now; a standby takes none."""
        if self.path is not None:
            return all(os.access(each, os.W_OK) for each in (self.path, self.path.parent))
        try:
            with self.staging() as connection:
                state = connection.execute(text("SHOW transaction_read_only")).scalar_one()
                return bool(state == "off")
        except DatabaseUnavailable:
            return False

    def sweep(self) -> None:
        """Write SQLite's log back into the database, so that what was forgotten stays in no file."""
        if self.is_sqlite:
            with self.staging() as connection:
                engines.on_driver(connection, "PRAGMA wal_checkpoint(TRUNCATE)")

    def dispose(self) -> None:
        """Close every connection."""
        for engine in (self._read, self._write):
            if engine is not None:
                engine.dispose()
        self._read = self._write = None

    def _engine_for_reading(self) -> Engine:
        if self._read is None:
            self._read = engines.reading(self._read_address)
        return self._read

    def _engine_for_writing(self) -> Engine:
        if self._write is None:
            self._write = engines.writing(self.address, BUSY_TIMEOUT_MS)
        return self._write

    def _unchanged(self, error: DBAPIError) -> DatabaseUnavailable:
        """Return what a fault of the database that takes changes means."""
        state = getattr(error.orig, "sqlstate", None)
        if state == _READ_ONLY:
            return DatabaseUnavailable(
                f"{self.address} takes no changes, as a standby does; name the primary in DIRECTORY_DATABASE_URL, or promote "
                "the standby (docs/deployment.md)"
            )
        if state == _LOCKED:
            return DatabaseUnavailable("another import is running; try again when it has ended")
        if self.is_sqlite or not (error.connection_invalidated or state is None or state.startswith(_LOST)):
            return unavailable(error)
        return DatabaseUnavailable(
            f"no changes can be made now: {_reason(error)}. Searches go on where DIRECTORY_READ_URL answers; try again when the "
            "primary is back, or a standby is promoted (docs/deployment.md)"
        )

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
            raise DatabaseUnavailable(f"{self.address} holds no directory; 'directory import' makes one")
        version = connection.execute(select(Meta.value).where(Meta.key == "schema_version")).scalar_one_or_none()
        if version != SCHEMA_VERSION:
            raise DatabaseUnavailable(
                f"{self.address} has schema version {version}, this program needs {SCHEMA_VERSION}; keep a copy of it "
                "with 'directory backup', then import the sources into a new database"
            )


def unavailable(error: Exception) -> DatabaseUnavailable:
    """Return what a database fault means, without the statement or any value in it."""
    reason = _reason(error)
    if isinstance(error, OperationalError) and "locked" in reason:
        return DatabaseUnavailable("another import is running; try again when it has ended")
    return DatabaseUnavailable(f"the database cannot be used: {reason}")


def _reason(error: Exception) -> str:
    cause = getattr(error, "orig", None) or error
    return str(cause).splitlines()[0] if str(cause) else type(cause).__name__


# The only part of the schema that differs: free text. Words are folded in Python, so both databases see the same ones.
_TEXT_INDEX = {
    "sqlite": ["CREATE VIRTUAL TABLE resource_text USING fts5 (words, tokenize = 'unicode61')"],
    "postgresql": [
        "CREATE TABLE resource_text (resource_id BIGINT PRIMARY KEY, words TEXT NOT NULL)",
        "CREATE INDEX ix_resource_text_words ON resource_text USING gin (to_tsvector('simple', words))",
    ],
}
