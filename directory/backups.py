"""The directory in one file: copied whole while it is used, checked, and put back.

A backup made while an import writes is the directory before it. A file copied by other means lacks what still stands in
SQLite's log, and may be half of two states.
"""

from __future__ import annotations

import shlex
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from directory import sqlite_files
from directory.db import Database
from directory.errors import BadQuery, DatabaseUnavailable, NotFound, UnreadableFile
from directory.models import SCHEMA_VERSION
from directory.sqlite_files import Held

_HEAD = b"SQLite format 3\0"
_PG_DUMP = "pg_dump --format=custom --file={file} {url}"
_PG_RESTORE = "pg_restore --clean --if-exists --single-transaction --dbname={url} {file}"


@dataclass(frozen=True, slots=True)
class Restored:
    """What is in the directory now; ``set_aside`` is where a damaged database was put that could not be written over."""

    held: Held
    set_aside: Path | None


def backup(database: Database, file: Path, *, overwrite: bool = False) -> Held:
    """Write the directory into one file, whole and checked, or not at all; return what it holds.

    Readers and imports go on meanwhile. A directory of another schema version is kept too.

    Raises:
        BadQuery: the directory is on PostgreSQL; ``file`` exists and is not to be overwritten, or cannot be written.
        DatabaseUnavailable: there is no directory, or it is damaged.
    """
    live = _sqlite_file(database, _PG_DUMP, file)
    if file.is_dir():
        raise BadQuery(f"{file} is a folder; name a file in it", field="file")
    if file.exists():
        if not file.is_file() or any(_same(file, each) for each in (live, *sqlite_files.logs(live))):
            raise BadQuery(f"{file} is the directory itself, or no ordinary file; name another", field="file")
        if not overwrite:
            raise BadQuery(f"{file} exists already; name another file, or write over it with --overwrite", field="file")
    if not live.exists():
        raise DatabaseUnavailable(f"there is no database at {live}")
    with sqlite_files.part(file, field="file") as part:
        try:
            sqlite_files.copy(live, part)
            held = sqlite_files.look_over(part)
        except sqlite3.Error as error:
            raise DatabaseUnavailable(f"no backup was made: {error}") from error
        except UnreadableFile as error:
            raise DatabaseUnavailable(f"no backup was made: {live} {error.message}") from error
        sqlite_files.put(part, file.resolve(), field="file")
    return held


def restore(database: Database, file: Path, *, overwrite: bool = False) -> Restored:
    """Put a backup in the place of the directory, whole or not at all; return what it holds.

    Whoever reads goes on with the old directory until the new one is there; a running import is waited for. A damaged
    database is set aside, not deleted.

    Raises:
        NotFound: there is no such file.
        UnreadableFile: it is no directory database, damaged, or of another schema version.
        BadQuery: there is a directory already and it is not to be overwritten; the directory is on PostgreSQL.
        DatabaseUnavailable: it cannot be written, or an import takes too long.
    """
    live = _sqlite_file(database, _PG_RESTORE, file)
    _refuse_strangers(file, live)
    if live.exists() and not overwrite:
        raise BadQuery(
            f"there is a database at {live} already; keep it with 'directory backup FILE', then put the backup in its place "
            "with --overwrite",
            field="file",
        )
    try:
        live.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DatabaseUnavailable(f"the folder {live.parent} cannot be made: {error.strerror}") from error
    with sqlite_files.part(live, field="database_url") as part:
        held = _checked_copy(file, part)
        sqlite_files.fit(part, live)
        set_aside = sqlite_files.switch(part, live)
    database.dispose()
    return Restored(held, set_aside)


def _sqlite_file(database: Database, command: str, file: Path) -> Path:
    if database.path is None:
        shown = command.format(file=shlex.quote(str(file)), url='"$DIRECTORY_DATABASE_URL"')
        raise BadQuery(f"the directory is on PostgreSQL, which has a tool of its own for this: {shown}", field="file")
    return database.path.resolve()


def _refuse_strangers(file: Path, live: Path) -> None:
    """Refuse what need not be copied to be known as no backup."""
    if not file.exists():
        raise NotFound(f"there is no file {file}", field="file")
    if not file.is_file():
        raise UnreadableFile(f"{file} is no ordinary file", field="file")
    if _same(file, live):  # before it is opened: to close it again would drop SQLite's locks on it
        raise BadQuery(f"{file} is the directory itself", field="file")
    try:
        with file.open("rb") as stream:
            head = stream.read(len(_HEAD))
    except OSError as error:
        raise UnreadableFile(f"{file} cannot be read: {error.strerror}", field="file") from error
    if head != _HEAD:
        raise UnreadableFile(f"{file} is no backup of a directory: it is no SQLite database", field="file")


def _same(file: Path, other: Path) -> bool:
    return file.exists() and other.exists() and file.samefile(other)


def _checked_copy(file: Path, part: Path) -> Held:
    """Copy a backup before it is looked at, so that what was checked is what is used."""
    # Nobody writes a backup: opened like this, it may also stand in a folder that cannot be written.
    is_alone = not any(each.exists() for each in sqlite_files.logs(file))
    try:
        sqlite_files.copy(file, part, immutable=is_alone)
        held = sqlite_files.look_over(part)
    except sqlite3.DatabaseError as error:
        raise UnreadableFile(f"{file} cannot be used: {error}; nothing was changed", field="file") from error
    except UnreadableFile as error:
        raise UnreadableFile(f"{file} {error.message}; nothing was changed", field="file") from error
    if held.schema_version != SCHEMA_VERSION:
        raise UnreadableFile(
            f"{file} has schema version {held.schema_version}, this program needs {SCHEMA_VERSION}; nothing was changed. "
            "Restore it with the program that made it, or import the sources into a new database",
            field="file",
        )
    return held
