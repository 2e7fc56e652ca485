"""SQLite databases as files: copied page by page while they are used, looked over, put in a place.

Copying is SQLite's online backup (https://www.sqlite.org/backup.html): it reads one snapshot and writes one transaction.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from directory import db, engines, outfile
from directory.errors import BadQuery, DatabaseUnavailable, UnreadableFile

# What SQLite keeps beside a database while it is used.
_LOGS = ("-wal", "-shm", "-journal")
_DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_COUNTS = "SELECT (SELECT count(*) FROM resource), (SELECT count(*) FROM source)"
_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})


@dataclass(frozen=True, slots=True)
class Held:
    """What a database holds."""

    schema_version: int
    data_version: int
    resources: int
    sources: int


def logs(path: Path) -> list[Path]:
    """Return the names of what SQLite may keep beside a database."""
    return [path.with_name(path.name + each) for each in _LOGS]


@contextmanager
def part(target: Path, *, field: str) -> Iterator[Path]:
    """Make an empty file beside the target, which its owner alone can read; it vanishes unless it was put in a place.

    Raises:
        BadQuery: the folder cannot be written.
    """
    try:
        handle, name = tempfile.mkstemp(prefix=f".{target.name[:100]}.", suffix=".part", dir=target.parent)
        os.close(handle)
    except OSError as error:
        raise BadQuery(f"{target} cannot be written: {error.strerror}", field=field) from error
    made = Path(name)
    try:
        yield made
    finally:
        for each in (made, *logs(made)):
            each.unlink(missing_ok=True)


def copy(source: Path, target: Path, *, immutable: bool = False) -> None:
    """Write every page of a database into another one, in one transaction of it.

    ``immutable``: nobody writes the source meanwhile.

    Raises:
        DatabaseUnavailable: an import took longer than anybody waits for it.
        sqlite3.Error: one of them cannot be read or written.
    """
    until = time.monotonic() + db.BUSY_TIMEOUT_MS / 1000

    def wait(status: int, *_pages: int) -> None:
        if status in _BUSY and time.monotonic() > until:
            raise DatabaseUnavailable("an import is running; try again when it has ended")

    with _opened(source, "mode=ro&immutable=1" if immutable else "mode=ro") as connection, _opened(target) as other:
        connection.backup(other, progress=wait)


def look_over(copied: Path) -> Held:
    """Make one file of a copy that nobody uses yet, with no log beside it, and return what it holds.

    Raises:
        UnreadableFile: it is damaged, or no directory; the message goes on from its name.
    """
    try:
        with _opened(copied) as connection:
            connection.execute("PRAGMA journal_mode = DELETE")
            verdict = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
            if verdict != "ok":
                raise UnreadableFile(f"is damaged: {verdict}")
            known = _meta(connection)
            if known is None:
                raise UnreadableFile("holds no directory")
            resources, sources = connection.execute(_COUNTS).fetchone()
    except sqlite3.Error as error:
        raise UnreadableFile(f"is damaged: {error}") from error
    return Held(known["schema_version"], known["data_version"], resources, sources)


def put(made: Path, target: Path, *, field: str) -> None:
    """Put a closed file under its name, so that it is there after a power cut too.

    Raises:
        BadQuery: it cannot be written there.
    """
    try:
        with made.open("rb") as stream:
            os.fsync(stream.fileno())
        made.replace(target)
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise BadQuery(f"{target} cannot be written: {error.strerror}", field=field) from error


def fit(copied: Path, live: Path) -> None:
    """Give a copy a data version that nobody has seen yet, and the page size of the database it is to be written over.

    Raises:
        DatabaseUnavailable: there are tables of somebody else, or it cannot be read now.
    """
    page_size, seen = _look_at(live)
    with _opened(copied) as connection:
        connection.execute("UPDATE meta SET value = max(value, ?) + 1 WHERE key = 'data_version'", (seen,))
        if page_size not in {0, connection.execute("PRAGMA page_size").fetchone()[0]}:
            connection.execute(f"PRAGMA page_size = {page_size}")
            connection.execute("VACUUM")


def switch(copied: Path, live: Path) -> Path | None:
    """Write a copy over a database in one transaction, or put it there; return where a damaged one was set aside.

    Raises:
        DatabaseUnavailable: it cannot be written; nothing was changed.
    """
    if not live.exists():
        _put_first(copied, live)
        return None
    try:
        with _opened(live) as connection:
            connection.execute("PRAGMA journal_mode = WAL")  # readers go on with what they read
            is_whole = connection.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok"
        if is_whole:
            copy(copied, live)
            _shorten_log(live)
            return None
    except sqlite3.DatabaseError as error:
        if not _is_damage(error):
            raise DatabaseUnavailable(f"{live} cannot be written: {error}; nothing was changed") from error
    aside = _set_aside(live)
    shutil.copymode(aside, copied)
    owner = aside.stat()
    if os.geteuid() == 0:
        os.chown(copied, owner.st_uid, owner.st_gid)
    _put_first(copied, live, keep_mode=True)
    return aside


@contextmanager
def _opened(path: Path, how: str = "mode=rw") -> Iterator[sqlite3.Connection]:
    address = f"file:{engines.quoted(path)}?{how}"
    with closing(sqlite3.connect(address, uri=True, isolation_level=None, timeout=0.2)) as connection:
        yield connection


def _meta(connection: sqlite3.Connection) -> dict[str, int] | None:
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if not {"meta", "source", "resource"} <= tables:
        return None
    known = dict(connection.execute("SELECT key, value FROM meta").fetchall())
    return known if {"schema_version", "data_version"} <= known.keys() else None


def _look_at(live: Path) -> tuple[int, int]:
    """Return page size and data version of what is there; zeros when there is nothing, or nothing that can be read."""
    if not live.exists():
        return 0, 0
    try:
        with _opened(live) as connection:
            page_size = connection.execute("PRAGMA page_size").fetchone()[0]
            tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
            known = _meta(connection)
    except sqlite3.DatabaseError as error:
        if _is_damage(error):
            return 0, 0
        raise DatabaseUnavailable(f"{live} cannot be read: {error}; nothing was changed") from error
    if tables and known is None:
        raise DatabaseUnavailable(
            f"{live} holds other tables and no directory; name another database in DIRECTORY_DATABASE_URL"
        )
    return page_size, known["data_version"] if known else 0


def _is_damage(error: sqlite3.DatabaseError) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in _DAMAGE


def _put_first(copied: Path, live: Path, *, keep_mode: bool = False) -> None:
    """Put a copy where no database is; a log that was left there belongs to none, and SQLite would read it."""
    for each in logs(live):
        each.unlink(missing_ok=True)
    with _opened(copied) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
    if not keep_mode:
        copied.chmod(0o644 & ~outfile.umask())
    put(copied, live, field="database_url")


def _set_aside(live: Path) -> Path:
    """Move a damaged database out of the way with what stands beside it; return its new name."""
    aside, number = live.with_name(f"{live.name}.damaged"), 1
    while aside.exists():
        number += 1
        aside = live.with_name(f"{live.name}.damaged-{number}")
    for old, new in zip([live, *logs(live)], [aside, *logs(aside)], strict=True):
        if old.exists():
            old.rename(new)
    return aside


def _shorten_log(live: Path) -> None:
    """Write the log back into the database, so that what was replaced stays in no file; not when somebody reads it."""
    with _opened(live) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
