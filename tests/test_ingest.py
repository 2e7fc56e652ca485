"""Importing: only what changed changes, nothing is lost, everything can be taken back."""

import random
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime

import pytest
from factories import line, listing, rows, source
from sqlalchemy import func, select, text

from directory import resources as resources_made
from directory.errors import ImportRefused, NotFound
from directory.ingest import Directory
from directory.models import Listing, Resource, ResourceAlias
from directory.records import Kind, Phone, Point, Problem, Row, without_door
from directory.search import Searcher


def resources(directory: Directory) -> list[dict[str, object]]:
    with directory.database.reading() as connection:
        columns = [column for column in Resource.__table__.columns if column.name != "modified_at"]
        statement = select(*columns).order_by(Resource.id)
        return [dict(row) for row in connection.execute(statement).mappings()]


def count(directory: Directory, table: type) -> int:
    with directory.database.reading() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()


def ten(prefix: str = "") -> list:
    return [listing(f"{prefix}{number}") for number in range(10)]


def test_importing_twice_changes_nothing(directory: Directory) -> None:
    assert directory.ingest(source(), rows(*ten())).counts == {"added": 10}
    before = resources(directory)
    assert directory.ingest(source(), rows(*ten())).counts == {"unchanged": 10}
    assert resources(directory) == before


def test_a_changed_row_keeps_its_resource_id(directory: Directory) -> None:
    directory.ingest(source(), rows(*ten()))
    changed = [replace(each, name="Renamed") if each.external_id == "3" else each for each in ten()]
    assert directory.ingest(source(), rows(*changed)).counts == {"changed": 1, "unchanged": 9}
    assert [each["name"] for each in resources(directory)].count("Renamed") == 1
    assert [each["id"] for each in resources(directory)] == list(range(1, 11))


def test_a_missing_row_stays_for_one_more_import(directory: Directory) -> None:
    directory.ingest(source(), rows(*ten()))
    assert directory.ingest(source(), rows(*ten()[1:])).counts == {"unchanged": 9, "missing": 1}
    assert len(resources(directory)) == 10
    assert directory.ingest(source(), rows(*ten()[1:])).counts == {"unchanged": 9, "missing": 1, "removed": 1}
    assert len(resources(directory)) == 9


@pytest.mark.parametrize("many", [0, resources_made._MANY])
def test_a_row_joins_what_it_shares_a_door_or_an_identifier_with_however_many_came(
    directory: Directory, many: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resources_made, "_MANY", many)
    site = {"name": "Riverside Centre", "address_1": "12 Main Street"}
    directory.ingest(source(), rows(listing("1", **site), *ten()[2:], listing("x", identifiers=("npi:1",))))
    others = [
        listing("again", **site),
        listing("alone"),
        listing("y", identifiers=("npi:1",), name="Example Practice x"),
    ]
    assert directory.ingest(source("b"), rows(*others)).merged == 2
    with directory.database.reading() as connection:
        shared = select(Listing.resource_id).group_by(Listing.resource_id).having(func.count() > 1)
        of = (
            select(Listing.external_id).where(Listing.resource_id.in_(shared)).order_by(Listing.resource_id, Listing.id)
        )
        assert list(connection.execute(of).scalars()) == ["1", "again", "x", "y"]


def test_a_row_that_comes_back_is_no_longer_missing(directory: Directory) -> None:
    directory.ingest(source(), rows(*ten()))
    directory.ingest(source(), rows(*ten()[1:]))
    directory.ingest(source(), rows(*ten()))
    assert directory.ingest(source(), rows(*ten()[1:])).counts == {"unchanged": 9, "missing": 1}


def test_a_file_of_some_rows_tells_of_those_rows_alone(directory: Directory) -> None:
    assert directory.ingest(source(mode="partial"), rows(*ten())).placed.total() == 10
    report = directory.ingest(source(mode="partial"), rows(listing("0", name="Another name"), listing("1")))
    assert (report.changed, report.unchanged, report.placed.total(), report.merged) == (1, 1, 2, 0)


def test_a_partial_source_never_loses_a_row(directory: Directory) -> None:
    directory.ingest(source(mode="partial"), rows(*ten()))
    for _ in range(3):
        assert directory.ingest(source(mode="partial"), rows(listing("0"))).counts == {"unchanged": 1}
    assert len(resources(directory)) == 10


def test_more_than_a_fifth_missing_is_refused_unless_allowed(directory: Directory) -> None:
    directory.ingest(source(), rows(*ten()))
    with pytest.raises(ImportRefused, match=r"example: 5 of 10 listings are missing .* --allow-removals"):
        directory.ingest(source(), rows(*ten()[:5]))
    assert len(resources(directory)) == 10
    assert directory.ingest(source(), rows(*ten()[:5]), allow_removals=True).counts == {
        "unchanged": 5, "missing": 5, "removed": 5,
    }  # fmt: skip
    assert len(resources(directory)) == 5


def test_a_header_alone_removes_nothing(directory: Directory) -> None:
    directory.ingest(source(), rows(*ten()))
    assert directory.ingest(source(), []).counts == {}
    assert len(resources(directory)) == 10


def test_too_few_rows_for_the_source_are_refused(directory: Directory) -> None:
    with pytest.raises(ImportRefused, match=r"only 1 usable rows, and its \.toml expects at least 5"):
        directory.ingest(source(minimum_rows=5), rows(listing()))
    assert count(directory, Listing) == 0


def test_a_refused_row_keeps_its_old_listing(directory: Directory) -> None:
    directory.ingest(source(), rows(*ten()))
    problem = Problem("example", 2, "phone", "ring us", "is not a phone number")
    report = directory.ingest(source(), [Row(2, "0", None, (problem,)), *rows(*ten()[1:])])
    assert (report.counts, report.problems) == ({"unchanged": 9, "refused": 1}, [problem])
    assert len(resources(directory)) == 10


def test_a_dry_run_says_what_would_change_and_changes_nothing(directory: Directory) -> None:
    directory.ingest(source(), rows(*ten()))
    before = resources(directory)
    changed = [replace(ten()[0], name="Renamed"), *ten()[1:9], listing("new")]
    report = directory.ingest(source(), rows(*changed), dry_run=True)
    assert report.counts == {"added": 1, "changed": 1, "unchanged": 8, "missing": 1}
    assert report.diff == [
        {"id": "0", "change": "changed", "fields": {"name": ["Example Practice 0", "Renamed"]}},
        {"id": "new", "change": "added", "fields": {"name": [None, "Example Practice new"]}},
        {"id": "9", "change": "missing", "fields": {}},
    ]
    assert resources(directory) == before


def test_undo_takes_back_the_newest_run_and_then_the_one_before(directory: Directory) -> None:
    directory.ingest(source(), rows(*ten()))
    first = resources(directory)
    directory.ingest(source(), rows(replace(ten()[0], name="Renamed"), *ten()[1:9], listing("new")))
    directory.undo("example")
    assert resources(directory) == first
    directory.undo("example")
    assert resources(directory) == []
    with pytest.raises(NotFound, match="every import of 'example' is undone already"):
        directory.undo("example")


def test_undo_of_an_unknown_source_names_the_known_ones(directory: Directory) -> None:
    directory.ingest(source(), rows(listing()))
    with pytest.raises(NotFound, match="there is no source 'other'; the sources are: example"):
        directory.undo("other")


def test_the_index_after_small_updates_equals_a_full_reindex(directory: Directory) -> None:
    directory.ingest(source(), rows(*ten(), line()))
    directory.ingest(source(), rows(replace(ten()[0], needs=("kratom",), point=Point(10, 20)), *ten()[1:9], line()))

    def index() -> list:
        with directory.database.reading() as connection:
            return [
                sorted(connection.execute(text(f"SELECT * FROM {table}")).all())
                for table in ("place_token WHERE token = 0", "area_token WHERE token = 0", "resource_text")
            ]

    updated, before = index(), resources(directory)
    assert [len(table) for table in updated] == [10, 1, 11]
    directory.reindex()
    assert resources(directory) == before
    assert index() == updated


def same_site(external_id: str, **changes: object) -> object:
    site = {"name": "Riverside Centre", "address_1": "12 Main Street", "needs": ("mental_health",)}
    return listing(external_id, **{**site, **changes})


def test_the_same_name_street_and_postcode_are_one_resource(directory: Directory) -> None:
    directory.ingest(source("a"), rows(same_site("a", payment=("medicaid", "self_pay"), last_checked=date(2026, 1, 1))))
    directory.ingest(
        source("b"),
        rows(
            same_site(
                "b", kind=Kind.TREATMENT_PROGRAM, needs=("opioids",), address_1="12 MAIN ST.", payment=("medicaid",),
                phone=Phone("+12025550143", "5"), last_checked=date(2026, 2, 2),
            )
        ),
    )  # fmt: skip
    (found,) = resources(directory)
    assert found["phone"] == "+12025550143"
    assert found["phone_extension"] == "5"
    assert found["last_checked"] == date(2026, 2, 2)
    assert found["payment"] == ["medicaid"]
    assert directory.vocabulary.keys(found["stated"]) == ("mental_health", "opioids")
    assert [each["needs"] for each in found["programs"]] == [["opioids"], ["mental_health"]]
    assert [each["name"] for each in found["sources"]] == ["Example source b", "Example source a"]


@pytest.mark.parametrize(
    "changes",
    [
        {"audiences": ("women",)},
        {"minimum_age": 65},
        {"postal_code": None},
        {"address_1": None},
        {"name": "Riverside Center for Youth"},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_what_is_not_certainly_the_same_stays_apart(directory: Directory, changes: dict[str, object]) -> None:
    stated = {"audiences": ("men",), "minimum_age": 18}
    directory.ingest(source("a"), rows(same_site("a", **stated)))
    directory.ingest(source("b"), rows(same_site("b", **{**stated, **changes})))
    assert len(resources(directory)) == 2


def test_a_shared_typed_identifier_merges_and_the_id_merged_away_is_an_alias(
    directory: Directory, searcher: Searcher
) -> None:
    directory.ingest(source("a"), rows(listing("a", identifiers=("npi:1234567893",))))
    directory.ingest(source("b"), rows(listing("b")))
    assert [each["id"] for each in resources(directory)] == [1, 2]
    directory.ingest(source("b"), rows(listing("b", identifiers=("npi:1234567893",))))
    assert [each["id"] for each in resources(directory)] == [1]
    assert count(directory, ResourceAlias) == 1
    assert searcher.resource(2) == 1
    directory.undo("b")
    assert [each["id"] for each in resources(directory)] == [1, 2]
    assert searcher.resource(2)["name"] == "Example Practice b"


def test_one_confidential_listing_makes_the_resource_confidential(directory: Directory) -> None:
    directory.ingest(source("a"), rows(listing("a", identifiers=("npi:1234567893",))))
    hidden = listing(
        "b", identifiers=("npi:1234567893",), confidential_location=True, address_1=None, point=None, postal_code=None
    )
    directory.ingest(source("b"), rows(hidden))
    (found,) = resources(directory)
    assert (found["address_1"], found["postal_code"], found["city"], found["precision"]) == (
        None,
        None,
        "Chicago",
        "city",
    )


def test_nothing_of_an_open_listing_tells_the_street_of_a_confidential_one(directory: Directory) -> None:
    street = "77 Secret Street"
    told = {
        "name": f"House at {street}", "description": f"Ring at {street}", "hours_note": street, "eligibility": street,
        "organization": street, "url": "https://example.org/77-secret", "source_url": "https://example.org/77-secret",
        "address_1": street, "identifiers": ("npi:1234567893",),
    }  # fmt: skip
    directory.ingest(source("a"), rows(listing("a", **told)))
    hidden = without_door(listing("b", name="Safe House", identifiers=("npi:1234567893",)))
    directory.ingest(source("b"), rows(hidden))
    (found,) = resources(directory)
    assert found["name"] == "Safe House"
    assert "ecret" not in str(found)
    with directory.database.reading() as connection:
        assert "secret" not in connection.execute(text("SELECT words FROM resource_text")).scalar_one()


def test_a_listing_that_becomes_confidential_is_forgotten_as_it_was(directory: Directory) -> None:
    directory.ingest(source(), rows(listing("a", address_1="77 Secret Street")))
    directory.ingest(source(), rows(listing("a", address_1="78 Secret Street")))
    hidden = without_door(listing("a"))
    assert "Secret" not in str(directory.ingest(source(), rows(hidden), dry_run=True).diff)
    directory.ingest(source(), rows(hidden))
    with directory.database.reading() as connection:
        for table in ("listing", "listing_change", "resource"):
            assert "Secret" not in str(connection.execute(text(f"SELECT * FROM {table}")).all()), table
    directory.undo("example")
    assert "Secret" not in str(resources(directory))


def test_a_new_date_of_the_source_reaches_every_resource(directory: Directory) -> None:
    old, new = source(retrieved=date(2023, 1, 1)), source(retrieved=date(2026, 10, 1), name="Renamed")
    directory.ingest(old, rows(listing(last_checked=None)))
    assert directory.ingest(new, rows(listing(last_checked=None))).counts == {"unchanged": 1}
    assert [each["sources"][0]["date"] for each in resources(directory)] == ["2026-10-01"]
    directory.undo("example")
    assert [each["sources"][0]["name"] for each in resources(directory)] == ["Example source example"]
    assert [each["sources"][0]["date"] for each in resources(directory)] == ["2023-01-01"]


def test_ages_that_exclude_each_other_are_not_made_one(directory: Directory) -> None:
    same = {"identifiers": ("npi:1234567893",)}
    directory.ingest(source("a"), rows(listing("a", minimum_age=18, **same)))
    directory.ingest(source("b"), rows(listing("b", maximum_age=17, **same)))
    (found,) = resources(directory)
    assert (found["minimum_age"], found["maximum_age"]) == (None, None)
    assert [each["minimum_age"] for each in found["programs"]] in ([18, None], [None, 18])


@pytest.mark.parametrize("seed", range(12))
def test_undo_leads_back_step_by_step_whatever_two_sources_did(
    directory: Directory, searcher: Searcher, seed: int
) -> None:
    directory.database.create()
    rng = random.Random(seed)
    steps: list[tuple[str, list[dict[str, object]]]] = []
    for _ in range(6):
        key = rng.choice(["a", "b"])
        chosen = [
            listing(f"{key}{n}", name=f"Name {rng.randint(0, 2)}", address_1=f"{rng.randint(1, 2)} Main St",
                    identifiers=(f"frid:{rng.randint(0, 5)}",) if rng.random() < 0.5 else ())
            for n in range(4) if rng.random() < 0.8
        ]  # fmt: skip
        before = resources(directory)
        if directory.ingest(source(key), rows(*chosen), allow_removals=True).counts.keys() - {"unchanged"}:
            steps.append((key, before))
    dead = {each["id"] for _, before in steps for each in before} - {each["id"] for each in resources(directory)}
    for old in dead:
        with suppress(NotFound):
            target = searcher.resource(old)
            assert not isinstance(target, int) or not isinstance(searcher.resource(target), int)
    for key, before in reversed(steps):
        directory.undo(key)
        assert resources(directory) == before


def test_the_vocabulary_reaches_what_the_source_states_and_no_more(directory: Directory) -> None:
    vocabulary = directory.vocabulary
    directory.ingest(source(), rows(listing(needs=("opioids",))))
    (found,) = resources(directory)
    assert vocabulary.keys(found["stated"]) == ("opioids",)
    assert set(vocabulary.keys(found["reach"])) == {"opioids", "substance_use"}


def modified(directory: Directory) -> dict[int, datetime]:
    with directory.database.reading() as connection:
        return dict(connection.execute(select(Resource.id, Resource.modified_at)).all())


def test_only_what_really_changed_is_modified(directory: Directory) -> None:
    directory.ingest(source(), rows(*ten()))
    before = modified(directory)
    directory.ingest(source(), rows(*ten()))
    directory.ingest(source(), rows(replace(ten()[0], source_url=None, formats=("in_person",)), *ten()[1:]))
    directory.reindex()
    assert modified(directory) == before
    directory.ingest(source(), rows(replace(ten()[0], description="New"), *ten()[1:]))
    changed = {each for each, when in modified(directory).items() if when != before[each]}
    assert changed == {1}
    after = modified(directory)
    directory.undo("example")
    assert {each for each, when in modified(directory).items() if when != after[each]} == {1}


def test_undo_that_changes_no_resource_modifies_none(directory: Directory) -> None:
    directory.ingest(source("a"), rows(*ten("a")))
    before = modified(directory)
    directory.ingest(source("b"), rows(*ten("b")))
    directory.undo("b")
    assert modified(directory) == before


def test_the_report_counts_the_merged_also_when_nothing_changed(directory: Directory) -> None:
    directory.ingest(source("a"), rows(same_site("a"), listing("x")))
    for _ in range(2):
        report = directory.ingest(source("b"), rows(same_site("b"), same_site("c"), listing("y")))
        assert report.merged == 2
    assert directory.ingest(source("b"), rows(same_site("b"), same_site("c"), listing("y")), dry_run=True).merged == 2


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"name": "Riverside Youth"}, "different names"),
        ({"address_2": "Suite 5"}, "different suites"),
        ({"kind": Kind.SUPPORT_GROUP}, "different kinds"),
        ({"minimum_age": 65}, "different ages"),
        ({"audiences": ("women",)}, "different audiences: none in common"),
        ({"audiences": ("men", "adults")}, "different audiences: other age groups"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_neighbours_that_stay_apart_are_counted_by_the_reason(
    directory: Directory, changes: dict[str, object], reason: str
) -> None:
    stated = {"audiences": ("men",), "minimum_age": None}
    ages = {"minimum_age": 18} if "minimum_age" in changes else {}
    directory.ingest(source("a"), rows(same_site("a", **{**stated, **ages}), listing("elsewhere")))
    report = directory.ingest(source("b"), rows(same_site("b", **{**stated, **changes})))
    assert report.kept_apart == {reason: 1}
    assert directory.ingest(source("b"), rows(same_site("b", **{**stated, **changes}))).kept_apart == {}


def test_two_numbers_in_one_source_are_two_programmes_in_two_sources_they_are_one(directory: Directory) -> None:
    other = {"phone": Phone("+12025550143")}
    report = directory.ingest(source("a"), rows(same_site("a"), same_site("b", **other)))
    assert (report.merged, report.kept_apart) == (0, {"different phone numbers in one source": 1})
    assert directory.ingest(source("c"), rows(same_site("c", **other))).merged == 1


def test_pairs_of_neighbours_are_counted_once_and_only_those_of_the_run(directory: Directory) -> None:
    crowd = [same_site(f"a{n}", name=f"Programme {n}") for n in range(30)]
    assert directory.ingest(source("a"), rows(*crowd)).kept_apart == {"different names": 30 * 29 // 2}
    assert directory.ingest(source("b"), rows(same_site("b"))).kept_apart == {"different names": 30}


def test_of_many_new_rows_only_their_own_neighbours_are_counted(directory: Directory) -> None:
    crowd = [same_site(f"a{n}", name=f"Programme {n}") for n in range(4)]
    directory.ingest(source("a"), rows(*crowd))
    tower = {"address_1": "9 Other Street", "phone": Phone("+12025550143")}
    pair = [same_site(f"b{n}", name=f"Programme {n}", **tower) for n in range(2)]
    assert directory.ingest(source("b"), rows(*pair)).kept_apart == {"different names": 1}


def test_a_confidential_place_is_nobodys_neighbour(directory: Directory) -> None:
    report = directory.ingest(source(), rows(same_site("a"), without_door(same_site("b"))))
    assert report.kept_apart == {}


def test_the_report_says_how_every_position_is_known(directory: Directory) -> None:
    listed = [
        listing("point"),
        listing("zip", point=None),
        listing("city", point=None, postal_code=None, address_1=None),
        listing("nowhere", point=None, postal_code=None, address_1="1 Main St", city="Nosuchplace", region=None),
        line(),
    ]
    report = directory.ingest(source(), rows(*listed))
    assert report.placed == {"source": 1, "postal_code": 1, "city": 1, "none": 1, "no door": 1}
    assert directory.ingest(source(), rows(*listed)).placed == report.placed


def test_a_very_long_address_is_still_told_from_another(directory: Directory) -> None:
    long = {"name": "N" * 290, "address_1": "A" * 290}
    directory.ingest(
        source(), rows(listing("a", **long), listing("b", **long), listing("c", postal_code="60602", **long))
    )
    assert [len(each["sources"]) for each in resources(directory)] == [2, 1]


@pytest.mark.parametrize("at_once", [1, 3])
def test_resources_made_a_few_at_a_time_are_those_made_all_at_once(
    directory: Directory, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    def turns() -> list[list]:
        directory.ingest(source("a"), rows(*ten(), same_site("first")))
        directory.ingest(source("b"), rows(same_site("second"), listing("other", name="Elsewhere")))
        directory.ingest(source("a"), rows(*ten()[3:], same_site("first", name="Renamed")), allow_removals=True)
        directory.ingest(source("a"), rows(*ten(), same_site("first")), allow_removals=True)
        found = [sorted((k, str(v)) for k, v in each.items() if k != "id") for each in resources(directory)]
        for key in ("a", "b"):
            directory.ingest(source(key), [], allow_removals=True)
        return found

    all_at_once = turns()
    monkeypatch.setattr(resources_made, "AT_ONCE", at_once)
    assert sorted(turns()) == sorted(all_at_once)
