"""Who is open is asked of a schedule, once a minute for all that keep it, and answered as it is for each alone."""

from datetime import UTC, date, datetime, timedelta

import pytest
from factories import listing, rows, source
from sqlalchemy import text

from directory import density, schedules
from directory.ingest import Directory
from directory.matches import opening
from directory.records import Kind, OpenState, Status

AT = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)
OFFICE, NIGHT = "Mo-Fr 09:00-17:00", "Mo-Su 22:00-06:00"
KEPT = (
    {"hours": "24/7"},
    {"hours": "24/7", "last_checked": date(2024, 11, 22)},
    {"hours": "24/7", "last_checked": date(2024, 11, 24)},
    {"hours": "24/7", "kind": Kind.SUPPORT_GROUP, "last_checked": date(2025, 11, 22)},
    {"hours": "24/7", "status": Status.TEMPORARILY_CLOSED},
    {"hours": "24/7", "last_checked": None, "checked_by": None},
    {"hours": OFFICE, "timezone": "America/Chicago"},
    {"hours": OFFICE, "timezone": "America/Chicago", "hours_note": "not in August"},
    {"hours": OFFICE, "timezone": "Europe/London"},
    {"hours": NIGHT, "timezone": "America/Chicago"},
    {"hours": None, "hours_note": "ring us"},
    {"hours": None},
)


@pytest.fixture
def kept(directory: Directory) -> Directory:
    found = [listing(f"{number:02}", **hours) for number, hours in enumerate(KEPT)]
    directory.ingest(source(), rows(*found))
    directory.reindex()
    return directory


def indexed(directory: Directory) -> tuple[schedules.Schedules, list[tuple]]:
    with directory.database.reading() as connection:
        found = text("SELECT resource_id, schedule, good_until FROM place_token WHERE token = 0 ORDER BY resource_id")
        return density.load(connection).schedules, list(connection.execute(found))


@pytest.mark.parametrize("later", [timedelta(), timedelta(hours=11), timedelta(days=2), timedelta(days=900)])
def test_the_index_knows_who_is_open_as_each_resource_does_itself(kept: Directory, searcher, later: timedelta) -> None:
    at = AT + later
    known, found = indexed(kept)
    assert len(found) == len(KEPT)
    minute = known.minute(at)
    said = [minute.is_open(schedule, good_until) for _, schedule, good_until in found]
    alone = [opening(searcher.resource(each), at).state is OpenState.OPEN for each, _, _ in found]
    assert said == alone
    assert any(said) == (later < timedelta(days=900))


def test_a_schedule_has_one_number_however_many_keep_it(kept: Directory) -> None:
    known, found = indexed(kept)
    always = {schedule for _, schedule, _ in found[:6]}
    assert len(always) == 1
    assert [schedule for _, schedule, _ in found[-2:]] == [schedules.NONE, schedules.NONE]
    assert len(known.kept) == 5


def test_new_schedules_get_new_numbers_and_old_ones_keep_theirs(kept: Directory) -> None:
    before, _ = indexed(kept)
    kept.ingest(source("more"), rows(listing("a", hours="24/7"), listing("b", hours="Sa 10:00-12:00", timezone="UTC")))
    after, found = indexed(kept)
    assert dict(after.kept.items() & before.kept.items()) == before.kept
    assert len(after.kept) == len(before.kept) + 1
    assert {schedule for _, schedule, _ in found} - {schedules.NONE} == set(after.kept)


def test_a_minute_is_kept_until_the_next_one(kept: Directory) -> None:
    known, _ = indexed(kept)
    minute = known.minute(AT)
    assert known.minute(AT + timedelta(seconds=59)) is minute
    assert known.minute(AT + timedelta(seconds=60)) is not minute
