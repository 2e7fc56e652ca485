"""A local correction outranks the sources, field by field, and outlives them; a confirmed number counts while it is shown."""

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from factories import CHICAGO, TODAY, line, listing, rows, source
from sqlalchemy import select, text

from directory import query
from directory.cli import deciding
from directory.cli import directory as commands
from directory.errors import BadQuery, NotFound
from directory.ingest import Directory
from directory.models import Resource
from directory.records import Phone, Point, without_door
from directory.search import Searcher

assert deciding

NEW = Phone("+12025550143")
ANN = "Ann Example"


def shown(directory: Directory, resource_id: int = 1) -> dict[str, Any]:
    with directory.database.reading() as connection:
        row = connection.execute(select(*Resource.__table__.columns).where(Resource.id == resource_id)).mappings().one()
        return dict(row)


@pytest.fixture
def one(directory: Directory) -> Directory:
    directory.ingest(source("a"), rows(listing("a1")))
    return directory


def test_a_corrected_field_is_cleaned_told_and_shown(one: Directory) -> None:
    done = one.correct("1", {"phone": "(202) 555-0143 ext 5", "needs": "kratom; alcohol"}, ANN, TODAY)
    assert done.changes == {
        "phone": ("+1 202-555-0142", "+1 202-555-0143 ext. 5"),
        "needs": ("depression;anxiety", "kratom;alcohol"),
    } or done.changes["needs"][1].split(";") == sorted(["kratom", "alcohol"], key=done.changes["needs"][1].index)
    found = shown(one)
    assert (found["phone"], found["phone_extension"]) == ("+12025550143", "5")
    assert set(one.vocabulary.keys(found["stated"])) == {"kratom", "alcohol"}


def test_a_corrected_need_is_found_by_the_search_at_once(one: Directory, searcher: Searcher) -> None:
    asked = query.build(searcher.vocabulary, near="60601", need=("kratom",))
    assert searcher.search(asked).nearby == ()
    one.correct("1", {"needs": "kratom"}, None, TODAY)
    assert [match.resource["id"] for match in searcher.search(asked).nearby] == [1]


@pytest.mark.parametrize(
    ("pairs", "words"),
    [
        ({"phone": "ring us"}, "phone: 'ring us' is not a phone number"),
        ({"fax": "1"}, "'fax' is not a field of a listing"),
        ({"adress_1": "1"}, "'adress_1' is not a field of a listing; did you mean 'address_1'?"),
        ({"id": "x"}, "id is the source's and stays"),
        ({"last_checked": "2026-01-01"}, "last_checked is set by: directory confirm ID --by NAME --on DATE"),
        ({"name": " "}, "name is empty"),
        ({"kind": ""}, "kind is empty"),
        ({"latitude": "41.9"}, "longitude is not given; correct latitude and longitude together"),
        ({"latitude": "41.9", "longitude": ""}, "longitude is empty although latitude is given"),
        ({"latitude": "95", "longitude": "1"}, "latitude: '95' is not a latitude"),
        ({"latitude": "-87.6", "longitude": "41.9"}, "latitude: '-87.6' and longitude look swapped"),
        ({"minimum_age": "18", "maximum_age": "12"}, "minimum_age: '18' is above maximum_age 12"),
        ({"needs": "depresion"}, "needs: 'depresion' is not a need we know"),
        ({"audiences": "men;martians"}, "audiences: 'martians' is not an audience we know"),
        ({"country": ""}, "country is empty; phone and address_1 cannot be read without it"),
        ({"country": "Atlantis", "phone": "202-555-0143"}, "country: 'Atlantis' is not"),
        ({"status": "replaced"}, "replaced_by is empty although status is replaced"),
        ({"phone": "", "address_1": ""}, "then it gives no way to be reached"),
        ({"confidential_location": "no"}, "confidential_location: 'no' cannot be corrected but to yes"),
        ({"confidential_location": "yes", "address_1": "1 New St"}, "cannot be given: the location is confidential"),
        ({"url": "javascript:alert(1)"}, "is not a web address"),
    ],
)
def test_a_bad_correction_is_refused_with_the_words_of_an_import(
    one: Directory, pairs: dict[str, str], words: str
) -> None:
    before = shown(one)
    with pytest.raises(BadQuery) as refused:
        one.correct("1", {"organization": "Changed", **pairs}, None, TODAY)
    assert words in refused.value.message
    assert shown(one) == before


def test_an_empty_value_clears(one: Directory) -> None:
    one.correct("1", {"description": "Words", "payment": "medicaid", "integrated": "yes"}, None, TODAY)
    one.correct("1", {"description": "", "payment": "", "integrated": "", "formats": ""}, None, TODAY)
    found = shown(one)
    assert (found["description"], found["payment"], found["integrated"], found["formats"]) == (None, [], False, [])


def test_it_survives_reimport_removal_return_reindex_and_undo(one: Directory) -> None:
    one.correct("1", {"phone": "202-555-0143"}, ANN, TODAY)

    def phone() -> str:
        with one.database.reading() as connection:
            return connection.execute(select(Resource.phone).where(Resource.name.like("%a1"))).scalar_one()

    one.ingest(source("a"), rows(listing("a1", description="New words"), listing("a2")))
    assert phone() == NEW.number
    one.undo("a")
    assert phone() == NEW.number
    one.reindex()
    assert phone() == NEW.number
    one.ingest(source("a"), rows(listing("a2")), allow_removals=True)
    one.ingest(source("a"), rows(listing("a1")), allow_removals=True)
    assert phone() == NEW.number
    one.undo("a")
    one.undo("a")
    assert phone() == NEW.number


def test_it_wins_whichever_listing_of_the_resource_says_otherwise(directory: Directory) -> None:
    same = {"name": "Centre", "address_1": "1 Main St"}
    directory.ingest(source("a"), rows(listing("a1", last_checked=date(2026, 1, 1), **same)))
    directory.ingest(source("b"), rows(listing("b1", phone=Phone("+12025550144"), **same)))
    directory.correct("1", {"phone": "202-555-0143", "languages": "es"}, None, TODAY)
    directory.ingest(source("a"), rows(listing("a1", last_checked=date(2026, 11, 1), **same)))
    found = shown(directory)
    assert (found["phone"], found["languages"]) == (NEW.number, ["es"])
    assert {each["phone"]["phone"] for each in found["programs"]} == {NEW.number}


def test_the_sources_later_change_of_the_field_is_a_conflict_until_somebody_decides(one: Directory) -> None:
    one.correct("1", {"phone": "202-555-0143"}, ANN, date(2026, 11, 20))
    same = rows(listing("a1", description="Other words"))
    assert one.ingest(source("a"), same).conflicts == []
    changed = rows(listing("a1", phone=Phone("+12025550144")))
    told = [
        "resource 1 (Example Practice a1), phone: the source said +1 202-555-0142 and now says +1 202-555-0144; the "
        f"correction of 2026-11-20 by {ANN} says +1 202-555-0143 and is what is shown. To keep it, correct it again; to "
        "take the source's word: directory correct 1 --drop phone"
    ]
    assert one.ingest(source("a"), changed, dry_run=True).conflicts == told
    assert one.ingest(source("a"), changed).conflicts == told
    assert one.ingest(source("a"), changed).conflicts == told
    assert shown(one)["phone"] == NEW.number
    one.correct("1", {"phone": "202-555-0143"}, ANN, TODAY)
    assert one.ingest(source("a"), changed).conflicts == []


def test_a_source_that_caught_up_with_the_correction_is_no_conflict(one: Directory) -> None:
    one.correct("1", {"phone": "202-555-0143"}, ANN, TODAY)
    assert one.ingest(source("a"), rows(listing("a1", phone=NEW))).conflicts == []


def test_dropped_corrections_leave_the_sources_word(one: Directory) -> None:
    one.correct("1", {"phone": "202-555-0143", "latitude": "41.9", "longitude": "-87.7"}, None, TODAY)
    done = one.drop_corrections("1", ["phone", "longitude"])
    assert done.changes.keys() == {"phone", "latitude", "longitude"}
    assert (shown(one)["phone"], shown(one)["latitude"]) == ("+12025550142", CHICAGO.latitude)
    with pytest.raises(NotFound, match="phone of resource 1 is not corrected; corrected is: nothing"):
        one.drop_corrections("1", ["phone"])


def test_a_corrected_address_leaves_the_pin_of_the_former_one(one: Directory) -> None:
    assert shown(one)["precision"] == "source"
    done = one.correct("1", {"address_1": "5 Other Street", "postal_code": "60614"}, None, TODAY)
    assert shown(one)["precision"] == "postal_code"
    assert "coordinates are those of the former address" in done.notes[0]
    one.correct("1", {"latitude": "41.92", "longitude": "-87.65"}, None, TODAY)
    assert (shown(one)["precision"], shown(one)["latitude"]) == ("source", 41.92)


def test_a_closed_resource_leaves_the_search(one: Directory, searcher: Searcher) -> None:
    asked = query.build(searcher.vocabulary, near="60601", need=("anxiety",))
    assert len(searcher.search(asked).nearby) == 1
    one.correct("1", {"status": "closed"}, None, TODAY)
    assert searcher.search(asked).nearby == ()


def test_what_is_corrected_is_listed_with_the_sources_word(one: Directory) -> None:
    one.correct("1", {"phone": "202-555-0143"}, ANN, TODAY)
    (held,) = one.corrections_of("a:a1")
    assert (held.field, held.made_by, held.made_on) == ("phone", ANN, TODAY)
    assert (held.value, held.source_value) == ('["+12025550143", null, null]', '["+12025550142", null, null]')


SECRET = {"address_1": "77 Secret Street", "postal_code": "60609", "point": Point(41.8123, -87.6543)}
TOLD = ("Secret", "60609", "41.8123", "87.6543")


def everything(directory: Directory) -> str:
    tables = ("listing", "listing_change", "resource", "merge_key", "correction", "place_token", "resource_text")
    with directory.database.reading() as connection:
        return str([connection.execute(text(f"SELECT * FROM {table}")).all() for table in tables])


def test_a_place_made_confidential_by_hand_is_forgotten_everywhere_and_stays_so(directory: Directory) -> None:
    directory.ingest(source("a"), rows(listing("a1", **{**SECRET, "address_1": "76 Secret Street"})))
    told = listing("a1", description="Ring at 77 Secret St.", **SECRET)
    directory.ingest(source("a"), rows(told))
    directory.correct("1", {"address_1": "77 Secret Street", "hours_note": "Ring at 77 secret street"}, None, TODAY)
    done = directory.correct("1", {"confidential_location": "yes"}, ANN, TODAY)
    assert done.notes[-1].startswith("description")
    assert not any(word in str(done) + everything(directory) for word in TOLD)
    found = shown(directory)
    assert (found["confidential_location"], found["address_1"], found["description"], found["city"]) == (
        True, None, None, "Chicago",
    )  # fmt: skip
    assert found["precision"] == "city"
    assert directory.ingest(source("a"), rows(told)).counts == {"unchanged": 1}
    report = directory.ingest(source("a"), rows(replace(told, name="New name")))
    assert not any(word in str(report) + everything(directory) for word in TOLD)
    for _ in range(3):
        directory.undo("a")
        assert not any(word in everything(directory) for word in TOLD)
    directory.ingest(source("a"), rows(told))
    directory.reindex()
    assert not any(word in everything(directory) for word in TOLD)


def test_its_street_comes_back_with_the_source_once_the_correction_is_dropped(directory: Directory) -> None:
    directory.ingest(source("a"), rows(listing("a1", **SECRET)))
    directory.correct("1", {"confidential_location": "yes"}, ANN, TODAY)
    done = directory.drop_corrections("1", ["confidential_location"])
    assert done.notes == [
        "it stays confidential until the next import of its source, which brings its street back: the street was not kept"
    ]
    assert shown(directory)["address_1"] is None
    directory.ingest(source("a"), rows(listing("a1", **SECRET)))
    assert shown(directory)["address_1"] == "77 Secret Street"


def test_a_name_that_tells_the_street_must_be_corrected_with_it(directory: Directory) -> None:
    directory.ingest(source("a"), rows(listing("a1", **{**SECRET, "name": "House at 77 Secret Street"})))
    with pytest.raises(BadQuery, match="its name tells the street; give name="):
        directory.correct("1", {"confidential_location": "yes"}, None, TODAY)
    with pytest.raises(BadQuery, match="eligibility tells the street"):
        directory.correct(
            "1", {"confidential_location": "yes", "name": "House", "eligibility": "At 77 Secret Street"}, None, TODAY
        )
    directory.correct("1", {"confidential_location": "yes", "name": "Safe House"}, None, TODAY)
    assert shown(directory)["name"] == "Safe House"
    assert "Secret" not in everything(directory)


def test_a_source_that_becomes_confidential_takes_the_corrected_door_along(directory: Directory) -> None:
    directory.ingest(source("a"), rows(listing("a1", **SECRET)))
    directory.correct("1", {"address_1": "78 Secret Street", "description": "At 77 Secret Street"}, None, TODAY)
    report = directory.ingest(source("a"), rows(without_door(listing("a1"))))
    assert not any(word in str(report) + everything(directory) for word in TOLD)


def test_a_confirmed_number_carries_its_date_while_it_is_the_one_shown(one: Directory) -> None:
    one.confirm("1", ANN, date(2026, 11, 20))
    assert (shown(one)["last_checked"], shown(one)["checked_by"]) == (date(2026, 11, 20), ANN)
    one.ingest(source("a"), rows(listing("a1", description="Other words")))
    assert shown(one)["checked_by"] == ANN
    assert [each["date"] for each in shown(one)["sources"]] == ["2026-09-01"]
    report = one.ingest(source("a"), rows(listing("a1", phone=Phone("+12025550144"))))
    assert report.conflicts == [
        "resource 1 (Example Practice a1), phone: +1 202-555-0142 was confirmed on 2026-11-20 by Ann Example; the source now "
        "says +1 202-555-0144, so that no longer counts. Call it, then: directory confirm 1 --by NAME"
    ]
    assert (shown(one)["last_checked"], shown(one)["checked_by"]) == (date(2026, 9, 1), "Example checker")


def test_a_newer_check_of_the_source_counts_before_an_older_confirmation(one: Directory) -> None:
    one.confirm("1", ANN, date(2026, 10, 1))
    one.ingest(source("a"), rows(listing("a1", last_checked=date(2026, 11, 1))))
    assert shown(one)["last_checked"] == date(2026, 11, 1)
    with pytest.raises(BadQuery, match="resource 1 was checked later than that, on 2026-11-01 by Example checker"):
        one.confirm("1", ANN, date(2026, 10, 2))


def test_another_listing_whose_number_is_shown_instead_ends_the_confirmation(directory: Directory) -> None:
    same = {"name": "Centre", "address_1": "1 Main St"}
    directory.ingest(source("a"), rows(listing("a1", **same)))
    directory.confirm("1", ANN, date(2026, 10, 1))
    other = listing("b1", phone=Phone("+12025550144"), last_checked=date(2026, 9, 15), **same)
    report = directory.ingest(source("b"), rows(other))
    assert shown(directory)["last_checked"] == date(2026, 9, 15)
    assert "was confirmed on 2026-10-01 by Ann Example" in report.conflicts[0]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    monkeypatch.setenv("DIRECTORY_DATABASE_URL", f"sqlite:///{tmp_path / 'directory.sqlite3'}")
    path = tmp_path / "list.csv"
    path.write_text(
        "id,kind,name,needs,phone,address_1,city,region,postal_code,country,last_checked\n"
        + "".join(
            f"{n},therapist,Practice {n},anxiety,202-555-014{n},{n} Main St,Chicago,IL,60601,US,2024-01-01\n"
            for n in range(7)
        ),
        encoding="utf-8",
    )
    runner = lambda *words: CliRunner().invoke(commands, [str(word) for word in words])  # noqa: E731
    imported = runner("import", path)
    assert imported.exit_code == 0, imported.output
    return runner


HEADER = """
    id kind name city region country phone last_checked checked_by source reason result new_phone note confirmed_by confirmed_on
""".split()


def call_list(path: Path, *made: dict[str, str]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, HEADER)
        writer.writeheader()
        writer.writerows(made)
    return path


def called(resource: int, result: str, **more: str) -> dict[str, str]:
    who = {"confirmed_by": ANN, "confirmed_on": "2026-02-01"}
    return {"id": str(resource), "phone": f"'+1202555014{resource - 1}", "result": result, **who, **more}


def test_a_call_list_is_read_back_good_rows_done_bad_ones_told(run: Callable[..., Result], tmp_path: Path) -> None:
    made = call_list(
        tmp_path / "calls.csv",
        called(1, "confirmed"),
        called(2, "Changed", new_phone="202-555-0199"),
        called(3, "closed"),
        called(4, "no answer"),
        called(5, "wrong_number"),
        called(6, ""),
        called(7, "changed", new_phone="ring us"),
        called(1, "confirmed"),
        called(99, "confirmed"),
        called(7, "maybe"),
    )
    answer = run("confirm", "--csv", made, "--json")
    assert answer.exit_code == 1
    told = json.loads(answer.stdout)
    problems = [(each["row"], each["column"], each["reason"]) for each in told.pop("problems")]
    assert told == {
        "confirmed": ["1"], "changed": ["2"], "closed": ["3"], "no_answer": ["4"], "wrong_number": ["5"], "not_called": 1,
    }  # fmt: skip
    assert problems == [
        (8, None, "phone: 'ring us' is not a phone number"),
        (9, "id", "stands already in row 2"),
        (10, None, "there is no resource 99; the address of its page ends in its id"),
        (11, "result", "is not a result; write confirmed, changed, closed, no_answer, wrong_number, or nothing"),
    ]
    listed = {n: json.loads(run("correct", n, "--list", "--json").stdout) for n in range(1, 8)}
    assert [(each["field"], each["value"]) for each in listed[1]] == [("last_checked", "2026-02-01")]
    assert [(each["field"], each["value"]) for each in listed[2]] == [
        ("last_checked", "2026-02-01"), ("phone", "+1 202-555-0199"),
    ]  # fmt: skip
    assert [(each["field"], each["value"]) for each in listed[3]] == [("status", "closed")]
    assert listed[4] == listed[6] == listed[7] == []
    assert [(each["field"], each["value"]) for each in listed[5]] == [("last_checked", "nothing")]


def test_a_wrong_number_is_not_shown_as_checked(one: Directory, tmp_path: Path) -> None:
    from directory import calls  # noqa: PLC0415

    made = call_list(tmp_path / "calls.csv", {"id": "1", "result": "wrong_number"})
    one.take_calls(list(calls.read(made, ANN, date(2026, 11, 1), TODAY)))
    assert (shown(one)["last_checked"], shown(one)["checked_by"]) == (None, None)
    one.ingest(source("a"), rows(listing("a1", last_checked=date(2026, 11, 5))))
    assert shown(one)["last_checked"] == date(2026, 11, 5)


def test_a_changed_number_is_confirmed_as_the_new_one(one: Directory, tmp_path: Path) -> None:
    from directory import calls  # noqa: PLC0415

    made = call_list(tmp_path / "calls.csv", {"id": "1", "result": "changed", "new_phone": "202-555-0143 ext 7"})
    called = one.take_calls(list(calls.read(made, ANN, date(2026, 11, 1), TODAY)))
    assert called.problems == []
    found = shown(one)
    assert (found["phone"], found["phone_extension"], found["last_checked"], found["checked_by"]) == (
        NEW.number, "7", date(2026, 11, 1), ANN,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"id": "1", "result": "confirmed", "confirmed_on": "2027-01-01", "confirmed_by": "B"}, "is in the future"),
        (
            {"id": "1", "result": "confirmed", "confirmed_on": "11/22/2026", "confirmed_by": "B"},
            "write it as 2026-08-31",
        ),
        ({"id": "1", "result": "confirmed", "confirmed_on": "2020-01-01", "confirmed_by": "B"}, "was checked later"),
        ({"id": "1", "result": "confirmed"}, "say who called"),
        ({"id": "", "result": "confirmed", "confirmed_by": "B"}, "is empty"),
        ({"id": "1", "result": "changed", "confirmed_by": "B"}, "is empty although result is changed"),
        ({"id": "1", "result": "confirmed", "confirmed_by": "B", "phone": "202-555-0199"}, "is not the number shown"),
    ],
)
def test_a_call_that_cannot_be_used_changes_nothing(
    one: Directory, tmp_path: Path, row: dict[str, str], words: str
) -> None:
    from directory import calls  # noqa: PLC0415

    before = shown(one)
    done = one.take_calls(list(calls.read(call_list(tmp_path / "calls.csv", row), None, None, TODAY)))
    assert words in str(done.problems[0])
    assert (len(done.problems), shown(one)) == (1, before)


def test_the_commands_say_what_they_did(run: Callable[..., Result]) -> None:
    assert run("correct", "1").stdout == "nothing of 1 is corrected\n"
    done = run("correct", "1", "phone=202-555-0199", "--by", ANN)
    assert done.stdout == "resource 1: 1 changed\n  phone: +1 202-555-0140 -> +1 202-555-0199\n"
    listed = run("correct", "list:0", "--list").stdout
    assert listed.startswith("list:0  phone: +1 202-555-0199 (the source: +1 202-555-0140), ")
    assert run("correct", "1", "--drop", "phone").exit_code == 0
    refused = run("correct", "1", "phone=ring us", "--json")
    assert (refused.exit_code, json.loads(refused.stdout)["error"]["field"]) == (2, "phone")
    assert run("correct", "1", "phone").stderr == "directory: 'phone' is not FIELD=VALUE, such as phone=202-555-0142\n"
    assert run("confirm", "1").exit_code == 2
    assert (
        run("confirm", "1", "--by", ANN, "--on", "2026-02-01").stdout
        == "resource 1: checked on 2026-02-01 by Ann Example\n"
    )
    assert "'2999-01-01' is in the future" in run("confirm", "1", "--by", ANN, "--on", "2999-01-01").stderr
    assert run("confirm").exit_code == run("confirm", "1", "--csv", "x.csv").exit_code == 2


def test_a_line_without_a_phone_is_confirmed_by_where_to_text(directory: Directory) -> None:
    directory.ingest(source("a"), rows(line(phone=None, sms="741741")))
    directory.confirm("1", ANN, TODAY)
    assert shown(directory)["last_checked"] == TODAY
    report = directory.ingest(source("a"), rows(line(phone=None, sms="988")))
    assert "text 741741 was confirmed" in report.conflicts[0]
