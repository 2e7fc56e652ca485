"""kill -9 at random moments of an import leaves the old directory or the new one, and the next start is clean."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from sqlalchemy import text

from directory.db import Database

# Minutes more with the 200,000 rows of a whole country: KILL_ROWS=200000 KILL_TIMES=10 ./run test tests/test_kill.py
ROWS = int(os.environ.get("KILL_ROWS", "5000"))
TIMES = int(os.environ.get("KILL_TIMES", "20"))
HEADER = "id,kind,name,needs,phone,address_1,city,region,postal_code,country,latitude,longitude\n"


def write(path: Path, street: str, rows: int = ROWS) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write(HEADER)
        for number in range(rows):
            north = 41 + number % 100 / 100
            file.write(
                f"row-{number},therapist,Practice {number},depression;anxiety,202-555-0142,{number} {street},Chicago,IL,60601,US,"
                f"{north:.4f},{-88 + number // 100 / 100:.4f}\n"
            )


def run(database: Path | str, file: Path) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "DIRECTORY_DATABASE_URL": url(database)}
    command = [sys.executable, "-m", "directory", "import", str(file), "--source", "big", "--json"]
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def url(database: Path | str) -> str:
    return database if isinstance(database, str) else f"sqlite:///{database}"


def streets(database: Path | str) -> dict[str, int]:
    """Return how many resources stand in each street, of a database in which all that is derived fits together."""
    opened = Database(url(database))
    with opened.reading() as connection:
        addresses = connection.execute(text("SELECT address_1 FROM resource")).scalars()
        counts = dict(Counter(address.split(" ", 1)[1] for address in addresses))
        if opened.is_sqlite:
            assert connection.execute(text("PRAGMA integrity_check")).scalar_one() == "ok"
        indexed = connection.execute(text("SELECT count(*) FROM place_token WHERE token = 0")).scalar_one()
        assert indexed == sum(counts.values())
    opened.dispose()
    return counts


def test_a_killed_import_leaves_the_old_directory_or_the_new_one(tmp_path: Path) -> None:
    kill_and_look(tmp_path / "d.sqlite3", tmp_path, ROWS, TIMES)


def test_a_killed_import_leaves_the_old_directory_or_the_new_one_on_postgresql(
    postgresql_url: str, tmp_path: Path
) -> None:
    kill_and_look(postgresql_url, tmp_path, ROWS // 8, TIMES // 5)


def kill_and_look(database: Path | str, tmp_path: Path, rows: int, times: int) -> None:
    rng = random.Random(7)
    files = {}
    for street in ("Old Street", "New Street"):
        files[street] = tmp_path / f"{street[:3]}.csv"
        write(files[street], street, rows)
    began = time.monotonic()
    assert run(database, files["Old Street"]).wait() == 0
    whole = time.monotonic() - began
    now = "Old Street"
    assert streets(database) == {now: rows}
    killed = 0
    for _ in range(times):
        other = "New Street" if now == "Old Street" else "Old Street"
        process = run(database, files[other])
        time.sleep(rng.uniform(0.05, whole * 1.02))
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            killed += 1
        process.wait()
        counts = streets(database)
        assert counts in ({now: rows}, {other: rows}), "a mix of the old and the new directory"
        now = next(iter(counts))
    assert killed >= times // 2, "too few imports were caught running"
    other = "New Street" if now == "Old Street" else "Old Street"
    assert run(database, files[other]).wait() == 0
    assert streets(database) == {other: rows}
