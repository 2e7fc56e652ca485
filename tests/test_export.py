"""The directory as files: the same again after an import, nothing hidden told, nothing made to look newer, memory flat."""

import csv
import json
import tomllib
import tracemalloc
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import insert, select

from directory import choosing, exporting, merge, models, outfile, query
from directory.choosing import EVERYTHING, Chosen
from directory.cli import directory as commands
from directory.cli import exporting as command  # noqa: F401 - the command is there once its module is read
from directory.config import shipped_folder
from directory.crisis import CrisisBook
from directory.db import Database
from directory.errors import BadQuery, NotFound
from directory.geocoding import Gazetteer
from directory.importers import own, sources
from directory.ingest import Directory
from directory.needs import Vocabulary
from directory.records import Kind, Listing, Phone, Point, dumps
from directory.sameness import Sourced
from directory.search import Searcher
from directory.writers import listings
from tests import factories

DATA = shipped_folder("data")
Run = Callable[..., Result]
SIDE_COLUMNS = ("modified_at", "sources")


def stored(database: Database) -> dict[str, str]:
    """The listings by id, as they are stored."""
    with database.reading() as connection:
        rows = connection.execute(select(models.Listing.external_id, models.Listing.record))
        return {row.external_id: row.record for row in rows}


def resources(database: Database) -> list[tuple[Any, ...]]:
    """The resources, all that is said of them but when and by which file."""
    columns = [each for each in models.Resource.__table__.columns if each.name not in SIDE_COLUMNS]
    with database.reading() as connection:
        return [tuple(row) for row in connection.execute(select(*columns).order_by(models.Resource.id))]


def take_in(directory: Directory, path: Path) -> None:
    source = sources.beside(path)
    reading = own.read(path, directory.vocabulary, today=factories.TODAY, ignore=source.ignore)
    assert not directory.ingest(source, reading.rows).problems


def export(searcher: Searcher, path: Path, what: Chosen = EVERYTHING) -> Path:
    with searcher.database.reading() as connection:
        found = exporting.sources(connection, what)
    with outfile.whole(path) as stream:
        exporting.write_listings(searcher, what, stream)
    text = listings.toml(found, factories.TODAY, whole=what.ids is None)
    outfile.put_beside(path.with_suffix(".toml"), text, listings.MARK)
    return path


@pytest.fixture
def empty(tmp_path: Path, vocabulary: Vocabulary, gazetteer: Gazetteer, crisis_book: CrisisBook) -> Iterable[Searcher]:
    """A second directory, to import into."""
    database = Database(f"sqlite:///{tmp_path / 'second.sqlite3'}")
    database.create()
    yield Searcher(database, vocabulary, gazetteer, crisis_book)
    database.dispose()


def written_in(searcher: Searcher) -> Directory:
    return Directory(searcher.database, searcher.vocabulary, searcher.gazetteer)


def test_the_shipped_directory_is_the_same_after_export_and_import(
    directory: Directory, searcher: Searcher, empty: Searcher, tmp_path: Path
) -> None:
    for name in ("crisis_lines", "support_groups", "treatment_programs"):
        take_in(directory, DATA / f"{name}.csv")
    first = export(searcher, tmp_path / "first.csv")
    take_in(written_in(empty), first)
    assert stored(empty.database) == stored(searcher.database)
    assert resources(empty.database) == resources(searcher.database)
    second = export(empty, tmp_path / "second.csv")
    assert second.read_bytes() == first.read_bytes()


def test_importing_an_export_of_one_source_changes_nothing(
    directory: Directory, searcher: Searcher, tmp_path: Path
) -> None:
    take_in(directory, DATA / "support_groups.csv")
    directory.ingest(factories.source("other"), factories.rows(factories.listing("mine")))
    path = export(searcher, tmp_path / "anything.csv", Chosen(source="support_groups"))
    source = sources.beside(path)
    report = directory.ingest(source, own.read(path, directory.vocabulary, today=factories.TODAY).rows)
    assert report.counts == {"unchanged": 73}
    assert replace(source, minimum_rows=0) == replace(sources.beside(DATA / "support_groups.csv"), minimum_rows=0)


def test_an_id_that_two_sources_use_is_kept_apart(directory: Directory, searcher: Searcher) -> None:
    for key in ("a", "b"):
        directory.ingest(
            factories.source(key), factories.rows(factories.listing("1", name=f"Example {key}"), factories.listing(key))
        )
    with searcher.database.reading() as connection:
        assert [each.external_id for each in exporting.listed(connection, EVERYTHING)] == ["a.1", "a", "b.1", "b"]
        assert [each.external_id for each in exporting.listed(connection, Chosen(source="b"))] == ["1", "b"]


def test_what_is_flagged_missing_is_shown_and_so_exported(directory: Directory, searcher: Searcher) -> None:
    directory.ingest(factories.source(), factories.rows(factories.listing("a"), factories.listing("b")))
    directory.ingest(factories.source(), factories.rows(factories.listing("a")))
    with searcher.database.reading() as connection:
        assert [each.external_id for each in exporting.listed(connection, EVERYTHING)] == ["a", "b"]


# What is corrected, what is hidden


def correct(database: Database, field: str, value: str | None, source_value: str | None, **changes: Any) -> None:
    values = {
        "source": "example", "external_id": "one", "field": field, "value": value, "source_value": source_value,
        "made_on": date(2026, 11, 1), "made_by": "Ana", **changes,
    }  # fmt: skip
    with database.writing() as connection:
        connection.execute(insert(models.Correction).values(**values))


def only(searcher: Searcher) -> Listing:
    with searcher.database.reading() as connection:
        (found,) = exporting.listed(connection, EVERYTHING)
    return found


def test_an_export_says_what_a_maintainer_corrected(directory: Directory, searcher: Searcher) -> None:
    directory.ingest(factories.source(), factories.rows(factories.listing()))
    correct(searcher.database, "url", '"https://example.org/new"', None)
    assert only(searcher).url == "https://example.org/new"


def test_a_confirmed_number_carries_its_date(directory: Directory, searcher: Searcher) -> None:
    directory.ingest(factories.source(), factories.rows(factories.listing()))
    called = json.dumps(["+12025550142", None, None, None])
    correct(searcher.database, "last_checked", '"2026-11-02"', called)
    found = only(searcher)
    assert (found.last_checked, found.checked_by) == (date(2026, 11, 2), "Ana")


def test_a_number_confirmed_and_changed_since_does_not(directory: Directory, searcher: Searcher) -> None:
    directory.ingest(factories.source(), factories.rows(factories.listing(phone=Phone("+12025550143"))))
    correct(searcher.database, "last_checked", '"2026-11-02"', json.dumps(["+12025550142", None, None, None]))
    assert only(searcher).last_checked == date(2026, 9, 1)


def test_no_listing_tells_the_door_of_a_confidential_one_it_was_merged_with(
    directory: Directory, searcher: Searcher
) -> None:
    shared = {"identifiers": ("npi:1234567893",)}
    hidden = factories.listing(
        "hidden",
        name="Example Shelter",
        confidential_location=True,
        address_1=None,
        postal_code=None,
        point=None,
        **shared,
    )
    told = factories.listing(
        "told", name="House at 12 Marker Lane", address_1="12 Marker Lane", point=Point(41.8123, -87.6543), **shared
    )
    directory.ingest(factories.source("a"), factories.rows(told))
    directory.ingest(factories.source("b"), factories.rows(hidden))
    with searcher.database.reading() as connection:
        text = "".join(dumps(each) for each in exporting.listed(connection, EVERYTHING))
    assert "Marker" not in text
    assert "41.81" not in text
    assert text.count('"confidential_location":true') == 2


# What is true of the file


def provenance(key: str = "a", **changes: Any) -> listings.Provenance:
    values: dict[str, Any] = {
        "key": key, "name": f"List {key}", "publisher": f"Publisher {key}", "terms": "CC0", "url": "https://example.org/",
        "retrieved": date(2026, 10, 1), "mode": "full", "note": 'He said "so".\nTwice.',
    }  # fmt: skip
    return listings.Provenance(**{**values, **changes})


def test_one_source_keeps_its_key_words_and_date() -> None:
    found = tomllib.loads(listings.toml([provenance()], factories.TODAY, whole=True))
    assert found == {
        "source": "a", "publisher": "Publisher a", "name": "List a", "terms": "CC0", "url": "https://example.org/",
        "mode": "full", "note": 'He said "so".\nTwice.', "retrieved": date(2026, 10, 1),
    }  # fmt: skip


def test_rows_of_several_sources_are_as_old_as_the_oldest() -> None:
    several = [provenance(), provenance("b", retrieved=date(2018, 1, 1), terms="not stated")]
    found = tomllib.loads(listings.toml(several, factories.TODAY, whole=True))
    assert (found["retrieved"], found["publisher"], found["terms"]) == (
        date(2018, 1, 1),
        "Publisher a; Publisher b",
        "CC0",
    )
    assert "source" not in found
    undated = tomllib.loads(listings.toml([*several, provenance("c", retrieved=None)], factories.TODAY, whole=True))
    assert "retrieved" not in undated


def test_a_part_of_a_source_never_makes_the_rest_missing() -> None:
    assert tomllib.loads(listings.toml([provenance()], factories.TODAY, whole=False))["mode"] == "partial"


def test_a_toml_somebody_wrote_is_left_alone(tmp_path: Path) -> None:
    mine = tmp_path / "list.toml"
    mine.write_text('publisher = "Me"\n', encoding="utf-8")
    assert not outfile.put_beside(mine, "x = 1\n", listings.MARK)
    assert mine.read_text(encoding="utf-8") == 'publisher = "Me"\n'
    ours = tmp_path / "ours.toml"
    assert outfile.put_beside(ours, "x = 1\n", listings.MARK)
    assert outfile.put_beside(ours, "x = 2\n", listings.MARK)
    assert tomllib.loads(ours.read_text(encoding="utf-8")) == {"x": 2}


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("before", encoding="utf-8")
    with suppress(RuntimeError), outfile.whole(path) as stream:
        stream.write("half")
        raise RuntimeError
    assert path.read_text(encoding="utf-8") == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    with (
        pytest.raises(BadQuery, match="cannot be written: No such file or directory"),
        outfile.whole(tmp_path / "no" / "x"),
    ):
        pass


# What is chosen


@pytest.fixture
def town(directory: Directory) -> None:
    far = {"city": "Springfield", "region": "MA", "postal_code": "01103", "point": Point(42.1, -72.59)}
    directory.ingest(
        factories.source("clinics"),
        factories.rows(
            factories.listing("both", needs=("anxiety", "kratom")),
            factories.listing("anxiety", needs=("anxiety",), payment=("medicaid",)),
            factories.listing("far", needs=("anxiety", "kratom"), **far),
            factories.listing("closed", status="closed"),
        ),
    )
    directory.ingest(
        factories.source("groups"),
        factories.rows(
            factories.line("us", needs=("mental_health",)),
            factories.listing(
                "group", kind=Kind.SUPPORT_GROUP, needs=("anxiety",), hours="Mo 18:00-19:00", name="Example Group"
            ),
            factories.line(
                "online", kind=Kind.SUPPORT_GROUP, needs=("anxiety",), formats=("video",), url="https://example.org/"
            ),
        ),
    )


def ids(searcher: Searcher, what: Chosen) -> list[str]:
    with searcher.database.reading() as connection:
        return [each.external_id for each in exporting.listed(connection, what)]


@pytest.mark.usefixtures("town")
@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, ["both", "anxiety", "far", "closed", "us", "group", "online"]),
        ({"near": "60601"}, ["us", "both", "anxiety", "group", "online"]),
        ({"near": "60601", "need": ["anxiety", "kratom"]}, ["us", "both"]),
        ({"near": "60601", "kind": ["support_group"]}, ["group", "online"]),
        ({"near": "60601", "radius_km": "500", "need": ["kratom"], "kind": ["therapist"]}, ["both"]),
        ({"need": ["kratom"]}, ["both", "far"]),
        ({"kind": ["support_group"]}, ["group", "online"]),
        ({"payment": ["medicaid"]}, ["anxiety"]),
        ({"q": "Example Group"}, ["group"]),
    ],
)
def test_what_answers_a_search_in_full_is_exported(searcher: Searcher, asked: dict[str, Any], found: list[str]) -> None:
    what = choosing.chosen(searcher, query.build(searcher.vocabulary, **asked))
    assert sorted(ids(searcher, what)) == sorted(found)


@pytest.mark.usefixtures("town")
def test_one_source_of_a_search(searcher: Searcher) -> None:
    wanted = query.build(searcher.vocabulary, need=["anxiety"])
    assert ids(searcher, choosing.chosen(searcher, wanted, "groups")) == ["us", "group", "online"]
    with pytest.raises(NotFound, match="there is no source 'grops'; the sources are: clinics, groups"):
        choosing.chosen(searcher, wanted, "grops")


def test_more_than_a_page_is_exported_nearest_first(directory: Directory, searcher: Searcher) -> None:
    many = [factories.listing(f"n{each}", point=Point(41.8858 + each / 2000, -87.6181)) for each in range(250)]
    directory.ingest(factories.source(), factories.rows(*many))
    asked = query.build(searcher.vocabulary, near="41.8858, -87.6181", need=["anxiety"])
    assert ids(searcher, choosing.chosen(searcher, asked)) == [f"n{each}" for each in range(250)]
    assert ids(searcher, choosing.chosen(searcher, asked, most=3)) == ["n0", "n1", "n2"]


@pytest.mark.parametrize(
    ("near", "words"),
    [
        (
            "Xyzzyville",
            "We could not find a place called 'Xyzzyville'. Try a ZIP or postcode, or a city with its state.",
        ),
        ("Springfield", "There are several places called 'Springfield': Springfield, MO; "),
    ],
)
def test_a_place_nobody_knows_exports_nothing(empty: Searcher, near: str, words: str) -> None:
    with pytest.raises(BadQuery) as raised:
        choosing.chosen(empty, query.build(empty.vocabulary, near=near))
    assert raised.value.message.startswith(words)
    assert raised.value.field == "near"


@pytest.mark.usefixtures("town")
def test_rows_of_resources_leave_out_what_is_closed_where_asked(searcher: Searcher) -> None:
    with searcher.database.reading() as connection:
        assert len(list(choosing.rows(connection, EVERYTHING))) == 7
        assert len(list(choosing.rows(connection, EVERYTHING, active=True))) == 6
        assert len(list(choosing.rows(connection, Chosen(source="groups")))) == 3


# The command


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("DIRECTORY_DATABASE_URL", f"sqlite:///{tmp_path / 'd.sqlite3'}")
    return lambda *words: CliRunner().invoke(commands, [str(word) for word in words])


@pytest.fixture
def filled(run: Run, tmp_path: Path, vocabulary: Vocabulary, gazetteer: Gazetteer) -> Run:
    database = Database(f"sqlite:///{tmp_path / 'd.sqlite3'}")
    into = Directory(database, vocabulary, gazetteer)
    into.ingest(
        factories.source("clinics"),
        factories.rows(factories.listing("a", name="=HYPERLINK(1)"), factories.listing("b")),
    )
    meeting = factories.listing("g", kind=Kind.SUPPORT_GROUP, name="Example Group", hours="Mo 18:00-19:00")
    into.ingest(factories.source("groups", retrieved=date(2018, 1, 1)), factories.rows(meeting))
    database.dispose()
    return run


def test_a_csv_goes_out_and_comes_back(filled: Run, tmp_path: Path) -> None:
    path = tmp_path / "out" / "all.csv"
    path.parent.mkdir()
    result = filled("export", "--format", "csv", "--output", path)
    assert (result.exit_code, result.stdout) == (0, "")
    assert f"{path}: 3 rows" in result.stderr
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["id"] for row in rows] == ["a", "b", "g"]
    assert rows[0]["name"] == "'=HYPERLINK(1)"
    assert tomllib.loads(path.with_suffix(".toml").read_text(encoding="utf-8"))["retrieved"] == date(2018, 1, 1)


def test_a_folder_takes_a_file_for_each_source_and_comes_back_unchanged(filled: Run, tmp_path: Path) -> None:
    folder = tmp_path / "lists"
    assert filled("export", "--format", "csv", "--output", f"{folder}/").exit_code == 0
    assert sorted(path.name for path in folder.iterdir()) == [
        "clinics.csv",
        "clinics.toml",
        "groups.csv",
        "groups.toml",
    ]
    reports = json.loads(filled("import", folder / "clinics.csv", folder / "groups.csv", "--json").stdout)
    assert [(each["source"], each["unchanged"], each["changed"], each["added"]) for each in reports] == [
        ("clinics", 2, 0, 0), ("groups", 1, 0, 0),
    ]  # fmt: skip


@pytest.mark.parametrize("file_format", ["csv", "hsds-json", "meeting-guide", "geojson"])
def test_text_goes_to_standard_output_and_nothing_else_with_it(filled: Run, file_format: str) -> None:
    result = filled("export", "--format", file_format, "Chicago")
    assert result.exit_code == 0
    assert result.stdout.endswith("\n")
    if file_format != "csv":
        json.loads(result.stdout)


def test_groups_whose_hours_are_those_of_a_helpline_are_left_out_of_the_meetings_and_told(
    filled: Run, tmp_path: Path, vocabulary: Vocabulary, gazetteer: Gazetteer
) -> None:
    assert "left out" not in filled("export", "--format", "meeting-guide").stderr
    database = Database(f"sqlite:///{tmp_path / 'd.sqlite3'}")
    answered = factories.listing("h", kind=Kind.SUPPORT_GROUP, name="Example Line Group", hours="Mo-Fr 10:00-22:00")
    Directory(database, vocabulary, gazetteer).ingest(factories.source("lines"), factories.rows(answered))
    database.dispose()
    result = filled("export", "--format", "meeting-guide")
    assert [each["name"] for each in json.loads(result.stdout)] == ["Example Group"]
    assert "note: 1 support group was left out: the hours are when somebody answers" in result.stderr
    assert "so there is nothing for a calendar" in filled("export", "--format", "icalendar", "--id", 4).stderr


def test_one_resource_for_address_book_and_calendar(filled: Run, tmp_path: Path) -> None:
    assert filled("export", "--format", "vcard", "--id", 1).stdout.startswith("BEGIN:VCARD")
    path = tmp_path / "group.ics"
    assert filled("export", "--format", "icalendar", "--id", 3, "--output", path).exit_code == 0
    assert path.read_bytes().startswith(b"BEGIN:VCALENDAR\r\n")
    assert b"\r\r\n" not in path.read_bytes()
    assert json.loads(filled("export", "--format", "geojson", "--id", 2).stdout)["features"][0]["id"] == 2


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--format", "vcard"], "a contact is of one resource; name it with --id"),
        (["--format", "vcard", "--id", "99"], "there is no resource with this number"),
        (["--format", "icalendar", "--id", "2"], "has no meeting that is the same every week"),
        (["--format", "hsds-csv"], "a package is several files; name a folder or a .zip with --output"),
        (["--format", "hsds-csv", "--output", "directory.csv"], "name a folder, or a file ending in .zip"),
        (["--format", "csv", "--source", "nobody"], "there is no source 'nobody'; the sources are: clinics, groups"),
        (["--format", "csv", "--need", "gloom"], "gloom"),
        (["--format", "csv", "--output", "no/such/folder.csv"], "cannot be written"),
    ],
)
def test_what_cannot_be_exported_is_one_sentence_and_exit_2(filled: Run, words: list[str], message: str) -> None:
    result = filled("export", *words)
    assert result.exit_code == 2
    assert message in result.stderr
    assert "Traceback" not in result.output


def test_an_export_of_many_rows_holds_few_of_them(
    tmp_path: Path, vocabulary: Vocabulary, gazetteer: Gazetteer, crisis_book: CrisisBook
) -> None:
    database = Database(f"sqlite:///{tmp_path / 'many.sqlite3'}")
    database.create()
    count, batch = 10_000, 5_000
    one = factories.listing()
    row = merge.resource([Sourced(1, one, "Example", None, None, "many")], vocabulary, gazetteer)
    row["modified_at"] = factories.TODAY
    with database.writing() as connection:
        connection.execute(
            insert(models.Source).values(id=1, key="many", name="Many", publisher="X", terms="CC0", mode="full")
        )
        for start in range(1, count, batch):
            numbers = range(start, start + batch)
            held = [{"id": each, "source_id": 1, "external_id": f"n{each}", "content_hash": "x", "resource_id": each,
                     "record": dumps(replace(one, external_id=f"n{each}"))} for each in numbers]  # fmt: skip
            connection.execute(insert(models.Listing), held)
            connection.execute(insert(models.Resource), [{"id": each, **row} for each in numbers])
    searcher = Searcher(database, vocabulary, gazetteer, crisis_book)
    tracemalloc.start()
    with outfile.whole(tmp_path / "many.csv") as stream:
        assert exporting.write_listings(searcher, EVERYTHING, stream) == count
    with outfile.whole(tmp_path / "many.json") as stream:
        assert exporting.write_geojson(searcher, EVERYTHING, stream) == count
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    database.dispose()
    assert peak < 6_000_000, f"{peak / 1e6:.1f} MB"
