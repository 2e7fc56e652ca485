"""Faults of the machine while importing: a clear sentence, and the old directory stands."""

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from factories import listing, rows, source
from sqlalchemy import text
from test_kill import run, streets, write

from directory.db import Database
from directory.errors import DatabaseUnavailable
from directory.ingest import Directory

FEW = 800


def execute(
    database: Path, *words: object, preexec: object = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "directory", *map(str, words)],
        env={**os.environ, "DIRECTORY_DATABASE_URL": f"sqlite:///{database}", **environment},
        preexec_fn=preexec,
        capture_output=True,
        text=True,
        check=False,
    )


def test_of_two_imports_at_once_the_second_waits_and_finds_nothing_to_do(tmp_path: Path) -> None:
    database, file = tmp_path / "d.sqlite3", tmp_path / "big.csv"
    write(file, "Main Street", FEW)
    both = [run(database, file), run(database, file)]
    assert [process.wait() for process in both] == [0, 0]
    assert streets(database) == {"Main Street": FEW}
    again = json.loads(execute(database, "import", file, "--json").stdout)
    assert (again["added"], again["changed"], again["unchanged"]) == (0, 0, FEW)


def test_a_full_disk_is_said_and_changes_nothing(tmp_path: Path) -> None:
    database, file = tmp_path / "d.sqlite3", tmp_path / "big.csv"
    write(file, "Old Street", FEW)
    assert execute(database, "import", file).returncode == 0
    write(file, "New Street", FEW)
    limit = database.stat().st_size // 4

    def full() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    result = execute(database, "import", file, preexec=full)
    assert result.returncode == 2
    assert "the database cannot be used" in result.stderr
    assert "Traceback" not in result.stderr
    assert streets(database) == {"Old Street": FEW}


def test_a_missing_or_unwritable_folder_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    result = execute(tmp_path / "file" / "d.sqlite3", "stats")
    assert (result.returncode, "Traceback" in result.stderr) == (2, False)
    assert "cannot be made" in result.stderr or "there is no database" in result.stderr


def test_a_damaged_database_is_said_by_every_command(tmp_path: Path) -> None:
    database = tmp_path / "d.sqlite3"
    database.write_bytes(b"this is no database" * 1000)
    for words in (["stats"], ["search", "60601"], ["reindex"], ["undo", "example"], ["import", str(__file__)]):
        result = execute(database, *words)
        assert result.returncode == 2, words
        assert "Traceback" not in result.stderr, words
        assert result.stderr.startswith("directory: "), words


@pytest.mark.parametrize("environment", [{"TZ": ""}, {"TZ": "Pacific/Kiritimati"}, {"LC_ALL": "C", "LANG": "C"}])
def test_zone_and_locale_of_the_machine_change_nothing(tmp_path: Path, environment: dict[str, str]) -> None:
    database, file = tmp_path / "d.sqlite3", tmp_path / "list.csv"
    file.write_text(
        "id,kind,name,phone,country,service_area\na,support_group,Grüße,202-555-0142,US,US\n", encoding="utf-8"
    )
    result = execute(database, "import", file, "--json", **environment)
    assert json.loads(result.stdout)["added"] == 1


def test_a_reader_sees_the_old_directory_while_an_import_writes(directory: Directory) -> None:
    directory.ingest(source(), rows(listing("old")))
    with directory.database.writing() as writing:
        writing.execute(text("UPDATE resource SET name = 'New'"))
        with directory.database.reading() as reading:
            assert reading.execute(text("SELECT name FROM resource")).scalar_one() == "Example Practice old"
    with directory.database.reading() as reading:
        assert reading.execute(text("SELECT name FROM resource")).scalar_one() == "New"


def test_an_import_that_waits_too_long_says_another_is_running(
    tmp_path: Path, vocabulary, gazetteer, monkeypatch
) -> None:
    monkeypatch.setattr("directory.db.BUSY_TIMEOUT_MS", 200)
    url = f"sqlite:///{tmp_path / 'd.sqlite3'}"
    first, second = (Directory(Database(url), vocabulary, gazetteer) for _ in range(2))
    first.ingest(source(), rows(listing("old")))
    with (
        first.database.writing(),
        pytest.raises(DatabaseUnavailable, match="another import is running; try again when it has ended"),
    ):
        second.ingest(source(), rows(listing("new")))
