"""kill -9 at random moments of an import leaves the old directory or the new one, and the next start is clean."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from sqlalchemy import text

from directory.db import Database

ROWS = 5000
TIMES = 20
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


def run(database: Path, file: Path) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "DIRECTORY_DATABASE_URL": f"sqlite:///{database}"}
    command = [sys.executable, "-m", "directory", "import", str(file), "--source", "big", "--json"]
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def streets(database: Path) -> dict[str, int]:
    opened = Database(f"sqlite:///{database}")
    with opened.reading() as connection:
        found = connection.execute(
            text(
                "SELECT substr(address_1, instr(address_1, ' ') + 1) AS street, count(*) FROM resource GROUP BY street"
            )
        )
        counts = dict(found.all())
        assert connection.execute(text("PRAGMA integrity_check")).scalar_one() == "ok"
        indexed = connection.execute(text("SELECT count(*) FROM place_token WHERE token = 0")).scalar_one()
        assert indexed == sum(counts.values())
    opened.dispose()
    return counts


def test_a_killed_import_leaves_the_old_directory_or_the_new_one(tmp_path: Path) -> None:
    rng = random.Random(7)
    database = tmp_path / "d.sqlite3"
    files = {}
    for street in ("Old Street", "New Street"):
        files[street] = tmp_path / f"{street[:3]}.csv"
        write(files[street], street)
    began = time.monotonic()
    assert run(database, files["Old Street"]).wait() == 0
    whole = time.monotonic() - began
    now = "Old Street"
    assert streets(database) == {now: ROWS}
    killed = 0
    for _ in range(TIMES):
        other = "New Street" if now == "Old Street" else "Old Street"
        process = run(database, files[other])
        time.sleep(rng.uniform(0.05, whole * 1.02))
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            killed += 1
        process.wait()
        counts = streets(database)
        assert counts in ({now: ROWS}, {other: ROWS}), "a mix of the old and the new directory"
        now = next(iter(counts))
    assert killed >= TIMES // 2, "too few imports were caught running"
    other = "New Street" if now == "Old Street" else "Old Street"
    assert run(database, files[other]).wait() == 0
    assert streets(database) == {other: ROWS}
