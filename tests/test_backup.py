"""Backup and restore: whole while others read and write, checked before anything is changed, never over a file unasked."""

import os
import random
import resource
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from factories import listing, rows, source
from sqlalchemy import text
from test_faults import execute
from test_kill import run as begin_import
from test_kill import streets, write

from directory import backups, feedback
from directory.cli import directory as commands
from directory.db import Database
from directory.errors import BadQuery, DatabaseUnavailable, DirectoryError
from directory.feedback import Reason, Wrong
from directory.ingest import Directory
from directory.models import SCHEMA_VERSION

Run = Callable[..., Result]


@pytest.fixture
def loaded(tmp_path: Path, vocabulary, gazetteer) -> Iterator[Directory]:
    opened = filled(tmp_path / "live" / "d.sqlite3", 200, vocabulary, gazetteer)
    yield opened
    opened.database.dispose()


@pytest.fixture
def run(loaded: Directory, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("DIRECTORY_DATABASE_URL", f"sqlite:///{loaded.database.path}")
    return lambda *words: CliRunner().invoke(commands, [str(word) for word in words])


def filled(path: Path, number: int, vocabulary, gazetteer) -> Directory:
    opened = Directory(Database(f"sqlite:///{path}"), vocabulary, gazetteer)
    opened.ingest(source(), rows(*(listing(str(each)) for each in range(number))))
    return opened


def count(database: Database) -> int:
    with database.reading() as connection:
        return connection.execute(text("SELECT count(*) FROM resource")).scalar_one()


def value(database: Database, key: str) -> int:
    with database.reading() as connection:
        return connection.execute(text("SELECT value FROM meta WHERE key = :key"), {"key": key}).scalar_one()


def alone(folder: Path) -> list[str]:
    """What stands in a folder beside SQLite's own logs."""
    return sorted(each.name for each in folder.iterdir() if not each.name.endswith(("-wal", "-shm")))


def test_a_backup_holds_everything_in_one_file_that_its_owner_alone_can_read(run: Run, tmp_path: Path) -> None:
    result = run("backup", tmp_path / "b.sqlite3")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith(f"{tmp_path / 'b.sqlite3'}: 200 resources from 1 source, 0.")
    assert result.stdout.endswith(" MB, checked\n")
    assert alone(tmp_path) == ["b.sqlite3", "live"]
    assert not (tmp_path / "b.sqlite3-wal").exists()
    assert stat.S_IMODE((tmp_path / "b.sqlite3").stat().st_mode) == 0o600
    assert count(Database(f"sqlite:///{tmp_path / 'b.sqlite3'}")) == 200


def test_a_backup_in_the_middle_of_a_transaction_is_the_directory_before_it(loaded: Directory, tmp_path: Path) -> None:
    with loaded.database.writing() as connection:
        connection.execute(text("DELETE FROM resource WHERE id > 100"))
        assert backups.backup(loaded.database, tmp_path / "b.sqlite3").resources == 200
    assert count(loaded.database) == 100
    assert backups.backup(loaded.database, tmp_path / "b.sqlite3", overwrite=True).resources == 100


def test_every_backup_made_while_an_import_runs_is_whole(tmp_path: Path) -> None:
    few = 400
    database, file, kept = tmp_path / "d.sqlite3", tmp_path / "big.csv", tmp_path / "b.sqlite3"
    write(file, "Old Street", few)
    assert begin_import(database, file).wait() == 0
    write(file, "New Street", few)
    process, made = begin_import(database, file), 0
    while process.poll() is None or made == 0:
        backups.backup(Database(f"sqlite:///{database}"), kept, overwrite=True)
        made += 1
        assert streets(kept) in ({"Old Street": few}, {"New Street": few})
        time.sleep(0.05)  # the import needs the machine, too
    assert process.returncode == 0
    assert made > 2
    backups.backup(Database(f"sqlite:///{database}"), kept, overwrite=True)
    assert streets(kept) == {"New Street": few}


def test_a_file_is_never_written_over_unasked(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "b.sqlite3"
    file.write_text("something dear")
    result = run("backup", file)
    assert result.exit_code == 2
    assert result.stderr == (
        f"directory: {file} exists already; name another file, or write over it with --overwrite\n"
    )
    assert file.read_text() == "something dear"
    assert run("backup", file, "--overwrite").exit_code == 0
    result = run("restore", file)
    assert result.exit_code == 2
    assert (
        "already; keep it with 'directory backup FILE', then put the backup in its place with --overwrite"
        in result.stderr
    )


@pytest.mark.parametrize(("name", "words"), [
    ("live/d.sqlite3", "is the directory itself, or no ordinary file"),
    ("live", "is a folder; name a file in it"),
    ("nowhere/b.sqlite3", "cannot be written: No such file or directory"),
    ("pipe", "is the directory itself, or no ordinary file"),
])  # fmt: skip
def test_a_backup_goes_nowhere_it_should_not(loaded: Directory, tmp_path: Path, name: str, words: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(BadQuery, match=words):
        backups.backup(loaded.database, tmp_path / name, overwrite=True)
    assert count(loaded.database) == 200


def test_a_damaged_directory_makes_no_backup_and_spoils_none(loaded: Directory, tmp_path: Path) -> None:
    file = tmp_path / "b.sqlite3"
    backups.backup(loaded.database, file)
    good = file.read_bytes()
    damage(loaded, "middle")
    with pytest.raises(DatabaseUnavailable, match=r"no backup was made: .*damaged"):
        backups.backup(loaded.database, file, overwrite=True)
    assert file.read_bytes() == good
    assert alone(tmp_path) == ["b.sqlite3", "live"]


def test_a_full_disk_is_said_and_leaves_no_half_backup(loaded: Directory, tmp_path: Path) -> None:
    limit = loaded.database.path.stat().st_size // 4

    def full() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    result = execute(loaded.database.path, "backup", tmp_path / "b.sqlite3", preexec=full)
    assert result.returncode == 2
    assert result.stderr.startswith("directory: no backup was made: ")
    assert alone(tmp_path) == ["live"]


def test_a_directory_of_another_version_can_be_kept_but_not_restored(
    run: Run, loaded: Directory, tmp_path: Path
) -> None:
    with loaded.database.writing() as connection:
        connection.execute(text("UPDATE meta SET value = 1 WHERE key = 'schema_version'"))
    loaded.database.dispose()
    assert "keep a copy of it with 'directory backup'" in run("stats").stderr
    assert run("backup", tmp_path / "b.sqlite3").exit_code == 0
    result = run("restore", tmp_path / "b.sqlite3", "--overwrite")
    assert result.exit_code == 2
    assert result.stderr == (
        f"directory: {tmp_path / 'b.sqlite3'} has schema version 1, this program needs {SCHEMA_VERSION}; nothing was changed. "
        "Restore it with the program that made it, or import the sources into a new database\n"
    )


def test_what_was_kept_comes_back_into_an_empty_place(run: Run, loaded: Directory, tmp_path: Path) -> None:
    assert run("backup", tmp_path / "b.sqlite3").exit_code == 0
    loaded.database.dispose()
    shutil.rmtree(tmp_path / "live")
    result = run("restore", tmp_path / "b.sqlite3")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == f"restored {tmp_path / 'b.sqlite3'}: 200 resources from 1 source\n"
    assert count(loaded.database) == 200
    assert alone(tmp_path / "live") == ["d.sqlite3"]
    assert stat.S_IMODE(loaded.database.path.stat().st_mode) & 0o600 == 0o600
    loaded.ingest(source("other"), rows(listing("new", name="Another Practice")))
    assert count(loaded.database) == 201


def test_whoever_reads_goes_on_while_a_backup_takes_the_place_of_the_directory(
    loaded: Directory, tmp_path: Path, vocabulary, gazetteer
) -> None:
    other = filled(tmp_path / "other.sqlite3", 50, vocabulary, gazetteer)
    files = {50: tmp_path / "50", 200: tmp_path / "200"}
    backups.backup(loaded.database, files[200])
    backups.backup(other.database, files[50])
    seen: set[int] = set()
    wrong: list[Exception] = []
    ended = threading.Event()

    def read() -> None:
        while not ended.is_set():
            try:
                seen.add(count(loaded.database))
            except DirectoryError as error:
                wrong.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    operator = Database(f"sqlite:///{loaded.database.path}")
    for number in (50, 200) * 5:
        backups.restore(operator, files[number], overwrite=True)
        assert count(loaded.database) == number
    ended.set()
    reader.join()
    assert (seen, wrong) == ({50, 200}, [])


def test_a_restored_directory_has_a_data_version_nobody_has_seen(loaded: Directory, tmp_path: Path) -> None:
    backups.backup(loaded.database, tmp_path / "b.sqlite3")
    loaded.ingest(source("other"), rows(listing("new", name="Another Practice")))
    before = value(loaded.database, "data_version")
    backups.restore(loaded.database, tmp_path / "b.sqlite3", overwrite=True)
    assert value(loaded.database, "data_version") == before + 1
    assert count(loaded.database) == 200


def test_a_database_of_another_page_size_is_written_over_too(loaded: Directory, tmp_path: Path) -> None:
    backups.backup(loaded.database, tmp_path / "b.sqlite3")
    loaded.database.dispose()
    with sqlite3.connect(loaded.database.path) as connection:
        for statement in ("PRAGMA journal_mode = DELETE", "PRAGMA page_size = 8192", "VACUUM", "DELETE FROM resource"):
            connection.execute(statement)
    assert count(loaded.database) == 0
    assert backups.restore(loaded.database, tmp_path / "b.sqlite3", overwrite=True).set_aside is None
    assert count(loaded.database) == 200


def other_tables(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE theirs (id)")
    connection.close()


def cut(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)


def scribble(path: Path) -> None:
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(size // 4)
        file.write(os.urandom(size // 2))


@pytest.mark.parametrize(("spoil", "words"), [
    (lambda path: path.write_bytes(b""), "is no backup of a directory: it is no SQLite database"),
    (lambda path: path.write_text("id,name\n1,A\n"), "is no backup of a directory: it is no SQLite database"),
    (lambda path: (path.unlink(), other_tables(path)), "holds no directory; nothing was changed"),
    (cut, "malformed|damaged"),
    (scribble, "malformed|damaged"),
    (lambda path: (path.unlink(), path.mkdir()), "is no ordinary file"),
    (lambda path: path.unlink(), "there is no file"),
], ids=["empty", "csv", "other tables", "cut", "scribbled", "folder", "missing"])  # fmt: skip
def test_what_is_no_whole_backup_changes_nothing(
    run: Run, loaded: Directory, tmp_path: Path, spoil: Callable[[Path], object], words: str
) -> None:
    file = tmp_path / "b.sqlite3"
    backups.backup(loaded.database, file)
    spoil(file)
    with pytest.raises(DirectoryError, match=words) as raised:
        backups.restore(loaded.database, file, overwrite=True)
    assert str(file) in raised.value.message
    result = run("restore", file, "--overwrite")
    assert (result.exit_code, result.stderr) == (2, f"directory: {raised.value.message}\n")
    assert count(loaded.database) == 200
    assert alone(tmp_path / "live") == ["d.sqlite3"]


def test_a_database_of_somebody_else_is_not_written_over(loaded: Directory, tmp_path: Path) -> None:
    backups.backup(loaded.database, tmp_path / "b.sqlite3")
    other_tables(tmp_path / "theirs")
    with pytest.raises(DatabaseUnavailable, match="holds other tables and no directory"):
        backups.restore(Database(f"sqlite:///{tmp_path / 'theirs'}"), tmp_path / "b.sqlite3", overwrite=True)


def test_a_restore_waits_for_an_import_and_says_when_it_takes_too_long(
    loaded: Directory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backups.backup(loaded.database, tmp_path / "b.sqlite3")
    monkeypatch.setattr("directory.db.BUSY_TIMEOUT_MS", 500)
    with loaded.database.writing() as connection:
        connection.execute(text("DELETE FROM resource WHERE id > 100"))
        with pytest.raises(DatabaseUnavailable, match="an import is running; try again when it has ended"):
            backups.restore(Database(f"sqlite:///{loaded.database.path}"), tmp_path / "b.sqlite3", overwrite=True)
    assert count(loaded.database) == 100


def damage(loaded: Directory, how: str) -> None:
    loaded.database.sweep()
    {"middle": scribble, "truncated": cut, "garbage": lambda path: path.write_bytes(os.urandom(9000))}[how](
        loaded.database.path
    )


@pytest.mark.parametrize("how", ["middle", "truncated", "garbage"])
def test_a_damaged_directory_is_replaced_while_the_site_runs_and_none_of_it_is_deleted(
    run: Run, loaded: Directory, tmp_path: Path, how: str
) -> None:
    backups.backup(loaded.database, tmp_path / "b.sqlite3")
    said = Wrong(Reason.MOVED)
    assert feedback.keep(loaded.database, 1, said, date(2026, 11, 22))  # the site has written, too
    damage(loaded, how)
    bad = loaded.database.path.read_bytes()
    with pytest.raises(DatabaseUnavailable):
        count(loaded.database)
    result = run("restore", tmp_path / "b.sqlite3", "--overwrite")
    assert (result.exit_code, result.stderr) == (0, "")
    aside = loaded.database.path.with_name("d.sqlite3.damaged")
    assert f"it was set aside as {aside}" in result.stdout
    assert aside.read_bytes() == bad
    assert count(loaded.database) == 200
    other = Database(f"sqlite:///{loaded.database.path}")
    assert feedback.keep(other, 1, said, date(2026, 11, 22))
    assert feedback.keep(loaded.database, 1, said, date(2026, 11, 22))
    assert [each.times for each in feedback.reports(Database(f"sqlite:///{loaded.database.path}"))] == [2]


def test_a_restore_that_is_killed_leaves_the_old_directory_or_the_new_one(
    loaded: Directory, tmp_path: Path, vocabulary, gazetteer
) -> None:
    backups.backup(loaded.database, tmp_path / "200")
    backups.backup(filled(tmp_path / "other.sqlite3", 50, vocabulary, gazetteer).database, tmp_path / "50")
    for_ever = (
        "import sys; from pathlib import Path; from directory import backups; from directory.db import Database\n"
        "print('ready', flush=True)\n"
        "while True:\n"
        "    for file in sys.argv[2:]:\n"
        "        backups.restore(Database('sqlite:///' + sys.argv[1]), Path(file), overwrite=True)\n"
    )
    command = [sys.executable, "-c", for_ever, loaded.database.path, tmp_path / "50", tmp_path / "200"]
    rng = random.Random(11)
    for _ in range(5):
        process = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(rng.uniform(0.05, 0.5))
        assert process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        with loaded.database.reading() as connection:
            assert connection.execute(text("PRAGMA integrity_check")).scalar_one() == "ok"
            counts = {
                connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()
                for table in ("resource", "listing")
            }
        assert counts in ({50}, {200})
    assert backups.restore(loaded.database, tmp_path / "50", overwrite=True).held.resources == 50
    assert count(loaded.database) == 50


def test_on_postgresql_both_name_the_command_that_does_it(
    postgresql_url: str, vocabulary, gazetteer, tmp_path: Path, postgresql_programs: Path
) -> None:
    opened = Directory(Database(postgresql_url), vocabulary, gazetteer)
    opened.ingest(source(), rows(*(listing(str(number)) for number in range(20))))
    opened.database.dispose()
    file = tmp_path / "a backup.dump"
    environment = {"DIRECTORY_DATABASE_URL": postgresql_url, "PATH": f"{postgresql_programs}:{os.environ['PATH']}"}
    for name in ("backup", "restore"):
        result = CliRunner().invoke(commands, [name, str(file)], env=environment)
        assert result.exit_code == 2
        said, command = result.stderr.strip().split(": ", 2)[1:]
        assert said == "the directory is on PostgreSQL, which has a tool of its own for this"
        if name == "restore":
            with opened.database.writing() as connection:
                connection.execute(text("DELETE FROM resource"))
            opened.database.dispose()
        subprocess.run(["sh", "-c", command], env={**os.environ, **environment}, check=True, capture_output=True)
    assert count(opened.database) == 20
    opened.database.dispose()
