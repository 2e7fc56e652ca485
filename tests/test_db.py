"""The database: read-only for readers, noticed when it goes, refused when it is another's or of another version."""

import os
import shutil
import sqlite3
from pathlib import Path

import pytest
from factories import listing, rows, source
from sqlalchemy import text

from directory.db import Database
from directory.errors import DatabaseUnavailable
from directory.ingest import Directory
from directory.models import SCHEMA_VERSION


@pytest.fixture
def loaded(tmp_path: Path, vocabulary, gazetteer) -> Directory:
    opened = Directory(Database(f"sqlite:///{tmp_path / 'd.sqlite3'}"), vocabulary, gazetteer)
    opened.ingest(source(), rows(*(listing(str(number)) for number in range(200))))
    return opened


def look(database: Database) -> int:
    with database.reading() as connection:
        return connection.execute(text("SELECT count(*) FROM resource")).scalar_one()


def test_a_reader_cannot_write(directory: Directory) -> None:
    directory.ingest(source(), rows(listing()))
    with pytest.raises(DatabaseUnavailable), directory.database.reading() as connection:
        connection.execute(text("DELETE FROM resource"))
        connection.commit()
    assert look(directory.database) == 1


def test_a_deleted_file_is_noticed_although_the_open_connection_survives(loaded: Directory) -> None:
    assert look(loaded.database) == 200
    saved = loaded.database.path.with_suffix(".saved")
    loaded.database.path.rename(saved)
    with pytest.raises(DatabaseUnavailable, match="there is no database at"):
        look(loaded.database)
    saved.rename(loaded.database.path)
    assert look(loaded.database) == 200


@pytest.mark.parametrize("damage", ["garbage", "middle", "truncated", "empty"])
def test_a_damaged_file_is_noticed(loaded: Directory, damage: str) -> None:
    assert look(loaded.database) == 200
    path = loaded.database.path
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    size = path.stat().st_size
    with path.open("r+b") as file:
        if damage == "garbage":
            file.write(os.urandom(size))
        elif damage == "middle":
            file.seek(size // 4)
            file.write(os.urandom(size // 2))
        else:
            file.truncate(size // 2 if damage == "truncated" else 0)
    with pytest.raises(DatabaseUnavailable):
        look(loaded.database)
    with pytest.raises(DatabaseUnavailable):
        look(loaded.database)


def test_a_database_put_back_is_used_again(loaded: Directory, tmp_path: Path) -> None:
    path = loaded.database.path
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copy(path, tmp_path / "copy")
    path.write_bytes(b"not a database" * 1000)
    with pytest.raises(DatabaseUnavailable):
        look(loaded.database)
    shutil.copy(tmp_path / "copy", path)
    assert look(loaded.database) == 200


def test_another_schema_version_is_refused_with_what_to_do(directory: Directory) -> None:
    directory.ingest(source(), rows(listing()))
    with directory.database.writing() as connection:
        connection.execute(text("UPDATE meta SET value = 99 WHERE key = 'schema_version'"))
    directory.database.dispose()
    fresh = Database(directory.database.url.render_as_string(hide_password=False))
    with pytest.raises(
        DatabaseUnavailable, match=f"has schema version 99, this program needs {SCHEMA_VERSION}; keep a copy"
    ):
        fresh.create()
    fresh.dispose()


def test_a_database_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.sqlite3"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE theirs (id)")
    with pytest.raises(DatabaseUnavailable, match="holds other tables and no directory"):
        Database(f"sqlite:///{path}").create()


def test_a_folder_that_cannot_be_written_is_said_plainly(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DatabaseUnavailable, match="cannot be made"):
        Database(f"sqlite:///{tmp_path / 'file' / 'd.sqlite3'}").create()
