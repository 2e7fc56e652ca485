"""What a file says again is not read again, and everything comes out as if it were."""

import csv
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from factories import source
from sqlalchemy import insert, text, update

from directory import known_rows
from directory.config import shipped_folder
from directory.errors import ImportRefused
from directory.importers.row_engine import Engine
from directory.ingest import Directory
from directory.intake import Wish, take_in
from directory.models import GeocodedAddress, Listing
from directory.staging import Report

DATA = shipped_folder("data")
TODAY = date(2026, 11, 23)
COLUMNS = (
    "id",
    "kind",
    "name",
    "needs",
    "phone",
    "url",
    "address_1",
    "city",
    "region",
    "postal_code",
    "country",
    "confidential_location",
)
Row = dict[str, str]


def row(external_id: str, **changes: str) -> Row:
    return {
        "id": external_id, "kind": "therapist", "name": f"Example Practice {external_id}", "needs": "anxiety",
        "url": "https://example.org/", "address_1": f"{len(external_id)} Example Street", "city": "Chicago", "region": "IL",
        "postal_code": "60601", "country": "US", **changes,
    }  # fmt: skip


@pytest.fixture
def bring(directory: Directory, tmp_path: Path) -> Callable[..., Report]:
    def brought(*rows: Row, data: Path = DATA, key: str = "example", **more: Any) -> Report:
        path = tmp_path / "listings.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            writer.writerows(rows)
        return take_in(directory, path, source(key), data, TODAY, **more)

    return brought


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str | None]:
    """The ids of the rows that were read as a whole."""
    ids: list[str | None] = []
    before = Engine._read

    def noted(engine: Engine, given: Any, cells: Any, raw_hash: str | None) -> Any:
        ids.append(given.external_id)
        return before(engine, given, cells, raw_hash)

    monkeypatch.setattr(Engine, "_read", noted)
    return ids


def stored(directory: Directory) -> list[tuple[Any, ...]]:
    with directory.database.reading() as connection:
        found = text("SELECT external_id, content_hash, record, missing_since_run_id FROM listing ORDER BY external_id")
        return [tuple(each) for each in connection.execute(found)]


def hashes(directory: Directory) -> dict[str, str | None]:
    with directory.database.reading() as connection:
        return dict(connection.execute(text("SELECT external_id, raw_hash FROM listing")).all())


def forget(directory: Directory) -> None:
    with directory.database.writing() as connection:
        connection.execute(update(Listing).values(raw_hash=None))


ROWS = tuple(row(str(number), address_1=f"{number} Example Street") for number in range(8))


def test_only_what_has_changed_is_read_again(directory: Directory, bring: Any, read: list) -> None:
    assert bring(*ROWS).added == 8
    read.clear()
    report = bring(*ROWS[:3], row("3", needs="depression"), *ROWS[4:], row("new"))
    assert read == ["3", "new"]
    assert (report.rows, report.added, report.changed, report.unchanged) == (9, 1, 1, 7)


def test_a_report_is_the_same_whether_rows_are_known_or_not(directory: Directory, bring: Any) -> None:
    rows = (
        *ROWS,
        row("odd", phone="ring us"),
        row("2"),
        row("hidden", confidential_location="yes"),
        row("far", name=""),
    )
    bring(*rows)
    known = bring(*rows)
    after = stored(directory)
    forget(directory)
    assert bring(*rows) == known
    assert stored(directory) == after
    assert (known.unchanged, known.refused, known.duplicates) == (9, 2, 1)


def test_a_confidential_row_leaves_no_hash_from_which_its_street_could_be_guessed(
    directory: Directory, bring: Any
) -> None:
    bring(*ROWS, row("hidden", confidential_location="yes"), row("open", confidential_location="no"))
    assert [each for each, raw_hash in hashes(directory).items() if raw_hash is None] == ["hidden", "open"]


def test_a_place_that_a_maintainer_hides_is_read_again_without_its_street(directory: Directory, bring: Any) -> None:
    bring(*ROWS)
    directory.correct("example:3", {"confidential_location": "yes"}, "Example checker", TODAY)
    assert hashes(directory)["3"] is None
    bring(*ROWS)
    (hidden,) = [each for each in stored(directory) if each[0] == "3"]
    assert "3 Example Street" not in hidden[2]
    assert hashes(directory)["3"] is None


def test_other_words_or_places_make_everything_be_read_again(
    directory: Directory, bring: Any, read: list, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    shutil.copytree(DATA, data)
    bring(*ROWS, data=data)
    read.clear()
    known_rows.rules.cache_clear()
    (data / "needs.csv").write_text((data / "needs.csv").read_text() + "\n")
    assert bring(*ROWS, data=data).unchanged == 8
    assert len(read) == 8


def test_what_was_missing_or_taken_back_is_read_again(directory: Directory, bring: Any, read: list) -> None:
    bring(*ROWS)
    bring(*ROWS[:7])
    read.clear()
    bring(*ROWS)
    assert read == ["7"]
    bring(*ROWS[:7], row("7", name="Renamed"))
    directory.undo("example")
    read.clear()
    assert bring(*ROWS).unchanged == 8
    assert read == ["7"]


def test_a_row_is_known_only_within_its_source(directory: Directory, bring: Any, read: list) -> None:
    bring(*ROWS)
    read.clear()
    assert bring(*ROWS, key="other").added == 8
    assert len(read) == 8


def test_listings_changed_while_a_file_is_read_make_it_be_refused(directory: Directory, bring: Any) -> None:
    bring(*ROWS)
    bring(row("0", name="Renamed"), *ROWS[1:])
    seen: list[int] = []

    def once(_: Any) -> Callable[[], None]:
        def undo() -> None:
            if not seen:
                seen.append(1)
                directory.undo("example")

        return undo

    with pytest.raises(ImportRefused, match="its listings were changed while the file was read"):
        bring(row("0", name="Renamed"), *ROWS[1:], watch=once)
    assert any("Example Practice 0" in each[2] for each in stored(directory))


def test_a_dry_run_knows_rows_too_and_changes_nothing(directory: Directory, bring: Any) -> None:
    bring(*ROWS)
    before = stored(directory), hashes(directory)
    report = bring(*ROWS[:7], row("7", name="Renamed"), wish=Wish(dry_run=True))
    assert [each["id"] for each in report.diff] == ["7"]
    assert (stored(directory), hashes(directory)) == before


def test_where_a_geocoder_has_placed_anything_every_row_is_read(directory: Directory, bring: Any, read: list) -> None:
    bring(*ROWS)
    with directory.database.writing() as connection:
        answer = {"geocoder": "census", "address": "elsewhere", "latitude": 1.0, "longitude": 1.0, "asked_on": TODAY}
        connection.execute(insert(GeocodedAddress).values(**answer))
    read.clear()
    assert bring(*ROWS).unchanged == 8
    assert len(read) == 8
