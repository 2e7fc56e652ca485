"""Other processes read rows beside an import, and nobody can tell from what comes out."""

import csv
import os
import signal
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from factories import source
from sqlalchemy import text

from directory.config import shipped_folder
from directory.db import Database
from directory.importers import processes, row_engine
from directory.ingest import Directory
from directory.intake import Wish, take_in
from directory.staging import Report

TODAY = date(2026, 11, 23)
COLUMNS = (
    "id", "kind", "name", "needs", "phone", "hours", "url", "address_1", "city", "region", "postal_code", "country",
    "latitude", "longitude", "confidential_location",
)  # fmt: skip


def double(number: int) -> tuple[int, int]:
    time.sleep(0.002)
    return number * 2, os.getpid()


def test_what_is_made_comes_in_order_whoever_made_it() -> None:
    made = list(processes.in_order(double, range(200), 2))
    assert [number for number, _ in made] == [number * 2 for number in range(200)]
    assert len({process for _, process in made}) == 3, "this process and two others"


def test_what_is_larger_than_a_pipe_makes_nobody_wait_for_ever() -> None:
    large = ["x" * 1_000_000] * 30
    assert sum(map(len, processes.in_order(str.upper, large, 2))) == 30_000_000


def test_what_another_process_was_ended_over_is_done_here() -> None:
    here = os.getpid()

    def work(number: int) -> int:
        if os.getpid() != here and number > 20:
            os.kill(os.getpid(), signal.SIGKILL)
        return number

    assert list(processes.in_order(work, range(100), 2)) == list(range(100))


def test_an_error_of_another_process_is_raised_here_and_none_of_them_stays() -> None:
    here, seen = os.getpid(), set()

    def work(number: int) -> int:
        if os.getpid() != here:
            raise ValueError(f"{os.getpid()} cannot read {number}")
        time.sleep(0.001)
        return number

    with pytest.raises(ValueError, match="cannot read") as raised:
        list(processes.in_order(work, range(1000), 2))
    seen.add(int(str(raised.value).split(" ", 1)[0]))
    assert not any(Path(f"/proc/{process}/status").exists() for process in seen)


def test_other_processes_end_when_nobody_asks_for_more() -> None:
    made = processes.in_order(double, iter(int, 1), 2)
    others = {process for _, process in (next(made) for _ in range(100))} - {os.getpid()}
    made.close()
    assert others
    assert not any(Path(f"/proc/{process}/status").exists() for process in others)


def rows() -> Iterator[dict[str, str]]:
    for number in range(400):
        row = {
            "id": f"row-{number}", "kind": "therapist", "name": f"Example Practice {number}", "needs": "anxiety;depression",
            "phone": f"202-555-01{number % 100:02d}", "url": "https://example.org/", "hours": "Mo-Fr 09:00-17:00",
            "address_1": f"{number // 3} Example Street", "city": "Chicago", "region": "IL", "postal_code": "60601",
            "country": "US", "latitude": "41.88", "longitude": "-87.62", "confidential_location": "",
        }  # fmt: skip
        if number % 17 == 0:
            row["confidential_location"] = "yes"
        if number % 23 == 0:
            row["id"] = "row-1"
        if number % 29 == 0:
            row["phone"] = "ring us"
        if number % 31 == 0:
            row["longitude"] = "87.62"
        if number % 37 == 5:
            row["name"] = f"Example Practice {number - 1}"
        yield row


def brought(directory: Directory, path: Path, **more: Any) -> tuple[Report, list[Any]]:
    report = take_in(directory, path, source("example"), shipped_folder("data"), TODAY, **more)
    asked = (
        "SELECT id, external_id, content_hash, record, coalesce(raw_hash, '') FROM listing",
        "SELECT key, listing_id FROM merge_key",
        "SELECT id, name, coalesce(phone, ''), coalesce(address_1, ''), city, stated FROM resource",
    )
    with directory.database.reading() as connection:
        return report, [sorted(tuple(row) for row in connection.execute(text(each))) for each in asked]


def test_an_import_comes_out_the_same_with_other_processes_and_without(
    directory: Directory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "listings.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows())
    monkeypatch.setattr(row_engine, "AT_ONCE", 7)
    monkeypatch.setattr(row_engine, "MANY", 20)
    monkeypatch.setattr(processes, "at_hand", lambda: 0)
    other = Directory(Database(f"sqlite:///{tmp_path / 'alone.sqlite3'}"), directory.vocabulary, directory.gazetteer)
    alone = brought(other, path, wish=Wish(refused=tmp_path / "alone.csv"))
    monkeypatch.setattr(processes, "at_hand", lambda: 2)
    together = brought(directory, path, wish=Wish(refused=tmp_path / "together.csv"))
    assert alone[1] == together[1]
    for name in (
        "rows",
        "added",
        "refused",
        "duplicates",
        "problems",
        "duplicate_rows",
        "warnings",
        "placed",
        "kept_apart",
    ):
        assert getattr(alone[0], name) == getattr(together[0], name), name
    assert alone[0].refused > 0
    assert alone[0].duplicates > 0
    assert alone[0].warnings
    assert (tmp_path / "alone.csv").read_bytes() == (tmp_path / "together.csv").read_bytes()
