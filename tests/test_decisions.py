"""What a maintainer decides of two listings holds: over the automatic rule, over imports, over their going and coming back."""

import json
import random
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from factories import TODAY, line, listing, rows, source
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from directory.cli import deciding
from directory.cli import directory as commands
from directory.errors import BadQuery, DirectoryError, NotFound
from directory.ingest import Directory
from directory.models import Listing, Resource, ResourceAlias
from directory.records import Kind, Phone, without_door
from directory.sameness import Decisions, Ref, Sourced, groups

assert deciding


def resource_ids(directory: Directory) -> dict[str, int | None]:
    """The resource of each listing, by its id in its source."""
    with directory.database.reading() as connection:
        found = connection.execute(select(Listing.external_id, Listing.resource_id).order_by(Listing.external_id))
        return dict(found.all())


def aliases(directory: Directory) -> dict[int, int]:
    with directory.database.reading() as connection:
        return dict(connection.execute(select(ResourceAlias.old_id, ResourceAlias.resource_id)).all())


def site(external_id: str, **changes: Any) -> Any:
    return listing(external_id, **{"name": "Riverside Centre", "address_1": "12 Main Street", **changes})


@pytest.fixture
def two(directory: Directory) -> Directory:
    """Two listings of two sources that no rule joins: resources 1 and 2."""
    directory.ingest(source("a"), rows(listing("a1")))
    directory.ingest(source("b"), rows(listing("b1")))
    return directory


@pytest.fixture
def one(directory: Directory) -> Directory:
    """Two listings of two sources that the rule joins: resource 1."""
    directory.ingest(source("a"), rows(site("a1")))
    directory.ingest(source("b"), rows(site("b1")))
    return directory


def test_two_resources_are_joined_and_the_larger_id_leads_to_the_smaller(two: Directory) -> None:
    assert two.merge("2", "1", TODAY) == [1]
    assert resource_ids(two) == {"a1": 1, "b1": 1}
    assert aliases(two) == {2: 1}


def test_a_listing_can_be_named_by_its_source_and_id_also_with_colons_in_both(directory: Directory) -> None:
    directory.ingest(source("a:x"), rows(listing("npi:1")))
    directory.ingest(source("b"), rows(listing("b1")))
    assert directory.merge("a:x:npi:1", "b:b1", TODAY) == [1]


def test_joining_survives_reimport_change_removal_and_return(two: Directory) -> None:
    two.merge("1", "2", TODAY)
    two.ingest(source("b"), rows(listing("b1", name="Renamed", minimum_age=65, audiences=("men",))))
    assert resource_ids(two) == {"a1": 1, "b1": 1}
    two.ingest(source("b"), rows(listing("other")), allow_removals=True)
    assert resource_ids(two) == {"a1": 1, "other": 3}
    two.ingest(source("b"), rows(listing("other"), listing("b1")), allow_removals=True)
    assert resource_ids(two)["b1"] == 1
    two.reindex()
    assert resource_ids(two)["b1"] == 1


def test_kept_apart_is_what_the_rule_joined_and_stays_so(one: Directory) -> None:
    assert resource_ids(one) == {"a1": 1, "b1": 1}
    assert len(one.merge("a:a1", "b:b1", TODAY, same=False)) == 2
    one.ingest(source("b"), rows(site("b1", description="New words")))
    one.reindex()
    assert len(set(resource_ids(one).values())) == 2
    one.ingest(source("b"), rows(site("other")), allow_removals=True)
    assert one.ingest(source("b"), rows(site("b1"))).kept_apart["decided: not the same"] == 1


def test_a_later_decision_replaces_the_former_in_both_directions(two: Directory) -> None:
    two.merge("1", "2", TODAY)
    assert two.merge("a:a1", "b:b1", TODAY, same=False) == [1, 2]
    assert aliases(two) == {}
    assert two.merge("1", "2", TODAY) == [1]
    assert two.merge("a:a1", "b:b1", TODAY, same=None) == [1, 2]


def test_a_split_gives_the_merged_away_id_back(two: Directory) -> None:
    two.merge("1", "2", TODAY)
    two.merge("a:a1", "b:b1", TODAY, same=False)
    assert resource_ids(two) == {"a1": 1, "b1": 2}


def test_what_is_split_off_three_in_any_way_has_its_old_id_and_no_link_leads_elsewhere(directory: Directory) -> None:
    for name in "abc":
        directory.ingest(source(name), rows(listing(f"{name}1")))
    directory.merge("1", "2", TODAY)
    directory.merge("1", "3", TODAY)
    assert aliases(directory) == {2: 1, 3: 1}
    for other in ("a:a1", "c:c1"):
        directory.merge("b:b1", other, TODAY, same=None)
    assert (resource_ids(directory), aliases(directory)) == ({"a1": 1, "b1": 2, "c1": 1}, {3: 1})
    directory.merge("b:b1", "c:c1", TODAY)
    for other in ("b:b1", "c:c1"):
        directory.merge("a:a1", other, TODAY, same=False)
    assert (resource_ids(directory), aliases(directory)) == ({"a1": 1, "b1": 2, "c1": 2}, {3: 2})
    directory.merge("b:b1", "c:c1", TODAY, same=False)
    assert (resource_ids(directory), aliases(directory)) == ({"a1": 1, "b1": 2, "c1": 3}, {})


def test_a_decision_taken_back_leaves_the_automatic_rule(one: Directory) -> None:
    one.merge("a:a1", "b:b1", TODAY, same=False)
    assert one.merge("a:a1", "b:b1", TODAY, same=None) == [1]
    with pytest.raises(NotFound, match="nothing was decided of a:a1 and b:b1"):
        one.merge("a:a1", "b:b1", TODAY, same=None)


def test_all_listings_of_two_resources_are_joined_whatever_they_contradict(directory: Directory) -> None:
    directory.ingest(source("a"), rows(site("a1", audiences=("men",))))
    directory.ingest(source("b"), rows(site("b1", audiences=("men",)), site("b2", audiences=("women",))))
    assert resource_ids(directory) == {"a1": 1, "b1": 1, "b2": 2}
    directory.merge("1", "2", TODAY)
    assert resource_ids(directory) == {"a1": 1, "b1": 1, "b2": 1}
    directory.ingest(source("a"), rows(listing("other")), allow_removals=True)
    assert resource_ids(directory) == {"b1": 1, "b2": 1, "other": 3}


def test_a_listing_is_split_off_a_resource_named_by_its_id(one: Directory) -> None:
    one.ingest(source("c"), rows(site("c1")))
    assert len(one.merge("1", "b:b1", TODAY, same=False)) == 2
    found = resource_ids(one)
    assert found["a1"] == found["c1"] != found["b1"]


def test_undo_of_an_import_leaves_the_decision(two: Directory) -> None:
    two.merge("1", "2", TODAY)
    two.ingest(source("b"), rows(listing("b1", name="Renamed")))
    two.undo("b")
    assert resource_ids(two) == {"a1": 1, "b1": 1}
    two.undo("b")
    assert resource_ids(two) == {"a1": 1}
    two.ingest(source("b"), rows(listing("b1")))
    assert resource_ids(two) == {"a1": 1, "b1": 1}


@pytest.mark.parametrize(
    ("a", "b", "same", "words"),
    [
        ("1", "99", True, "there is no resource 99; the address of its page ends in its id"),
        ("1", "1", True, "1 and 1 are the same resource, 1, already"),
        ("a:a1", "a:a1", True, "a:a1 and a:a1 are the same resource, 1, already"),
        ("a:a1", "a:a1", False, "a:a1 and a:a1 are the same listing, a:a1"),
        ("1", "1", False, "1 and 1 are the same listing, a:a1"),
        ("1", "riverside", True, "'riverside' is neither the id of a resource nor SOURCE:ID of a listing"),
        ("a:nobody", "2", True, "there is no listing 'a:nobody'; 'directory stats' names the sources"),
        ("1", "²", True, "'²' is neither the id of a resource"),
        ("1", "3", True, "a:a1 is a therapist and a:line a crisis_line; these are never one resource"),
        ("1", "2", None, "nothing was decided of 1 and 2"),
    ],
)
def test_what_cannot_be_decided_is_refused_in_words(
    directory: Directory, a: str, b: str, same: bool | None, words: str
) -> None:
    directory.ingest(source("a"), rows(listing("a1"), listing("a2"), line()))
    with pytest.raises(DirectoryError) as refused:
        directory.merge(a, b, TODAY, same=same)
    assert words in refused.value.message
    assert len(set(resource_ids(directory).values())) == 3


def test_one_resource_of_two_listings_is_not_split_without_naming_them(one: Directory) -> None:
    with pytest.raises(BadQuery, match="name two of these: directory merge a:a1 b:b1 --not-same"):
        one.merge("1", "1", TODAY, same=False)


def test_no_decision_shows_the_door_of_a_confidential_place(directory: Directory) -> None:
    shared = {"identifiers": ("npi:1234567893",)}
    directory.ingest(source("a"), rows(listing("a1", address_1="77 Secret Street", **shared)))
    directory.ingest(source("b"), rows(without_door(listing("b1", **shared))))
    with pytest.raises(BadQuery, match="b:b1 is confidential and shares an identifier with a:a1"):
        directory.merge("a:a1", "b:b1", TODAY, same=False)
    assert resource_ids(directory) == {"a1": 1, "b1": 1}


def test_a_place_that_becomes_confidential_hides_what_was_kept_apart_from_it(directory: Directory) -> None:
    shared = {"identifiers": ("npi:1234567893",)}
    directory.ingest(source("a"), rows(listing("a1", address_1="77 Secret Street", **shared)))
    directory.ingest(source("b"), rows(listing("b1", address_1="77 Secret Street", **shared)))
    directory.merge("a:a1", "b:b1", TODAY, same=False)
    directory.ingest(source("b"), rows(without_door(listing("b1", **shared))))
    with directory.database.reading() as connection:
        assert [row.address_1 for row in connection.execute(select(Resource.address_1))] == [None]


def sourced(number: int) -> Sourced:
    return Sourced(number, listing(str(number)), "", None, None, "s")


@given(
    st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6), st.booleans()), max_size=20),
)
def test_no_decisions_whatever_join_a_pair_kept_apart_or_lose_a_listing(made: list[tuple[int, int, bool]]) -> None:
    latest = {(min(a, b), max(a, b)): same for a, b, same in made if a != b}
    ref = {number: Ref("s", str(number)) for number in range(7)}
    same: dict[Ref, dict[Ref, date]] = {}
    apart: dict[Ref, frozenset[Ref]] = {}
    for (a, b), joined in latest.items():
        for one, other in ((ref[a], ref[b]), (ref[b], ref[a])):
            if joined:
                same.setdefault(one, {})[other] = TODAY
            else:
                apart[one] = apart.get(one, frozenset()) | {other}
    found = groups([sourced(number) for number in range(7)], Decisions(same, apart))
    assert sorted(each.id for group in found for each in group) == list(range(7))
    for group in found:
        assert not any(other.ref in apart.get(one.ref, ()) for one in group for other in group)
    if not apart:
        assert all(any({ref[a], ref[b]} <= {each.ref for each in group} for group in found) for a, b in latest)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    monkeypatch.setenv("DIRECTORY_DATABASE_URL", f"sqlite:///{tmp_path / 'directory.sqlite3'}")
    path = tmp_path / "list.csv"
    path.write_text(
        "id,kind,name,needs,phone,address_1,city,region,postal_code,country\n"
        "a,therapist,Riverside Centre,anxiety,202-555-0142,12 Main Street,Chicago,IL,60601,US\n"
        "b,therapist,Riverside Center Inc,anxiety,202-555-0142,12 Main St,Chicago,IL,60601,US\n",
        encoding="utf-8",
    )
    runner = lambda *words: CliRunner().invoke(commands, [str(word) for word in words])  # noqa: E731
    assert runner("import", path).exit_code == 0
    return runner


def test_the_command_says_what_came_of_it(run: Callable[..., Result]) -> None:
    assert run("merge", "1", "2").stdout == "1 and 2: joined; one resource now, 1\n"
    split = run("merge", "list:a", "list:b", "--not-same", "--json")
    assert json.loads(split.stdout) == {"decision": "not_same", "resources": [1, 2]}
    assert run("merge", "1", "2", "--forget").stdout == "1 and 2: the decision is taken back; resources 1 and 2 now\n"
    refused = run("merge", "1", "77")
    assert (refused.exit_code, refused.stderr) == (
        2, "directory: there is no resource 77; the address of its page ends in its id\n",
    )  # fmt: skip


def test_candidates_name_the_command_that_decides_and_go_once_decided(run: Callable[..., Result]) -> None:
    (found,) = json.loads(run("duplicates", "--json").stdout)
    assert (found["a"]["id"], found["b"]["id"], found["score"]) == (1, 2, 100)
    assert found["evidence"] == ["same phone +1 202-555-0142", "same street", "same suite", "names 90 alike"]
    assert run(*found["keep_apart"].split()[1:]).exit_code == 0
    assert run("duplicates").stdout == "0 pairs may be the same thing\n"


def test_kinds_change_and_a_decision_waits(directory: Directory) -> None:
    directory.ingest(source("a"), rows(listing("a1")))
    directory.ingest(source("b"), rows(listing("b1")))
    directory.merge("1", "2", TODAY)
    directory.ingest(source("b"), rows(listing("b1", kind=Kind.SUPPORT_GROUP)))
    assert len(set(resource_ids(directory).values())) == 2
    directory.ingest(source("b"), rows(listing("b1")))
    assert set(resource_ids(directory).values()) == {1}


@pytest.mark.parametrize("seed", range(10))
def test_after_any_steps_the_resources_are_those_a_reindex_makes(directory: Directory, seed: int) -> None:
    directory.database.create()
    rng = random.Random(seed)

    def shown() -> list[dict[str, Any]]:
        with directory.database.reading() as connection:
            return [
                dict(row)
                for row in connection.execute(select(*Resource.__table__.columns).order_by(Resource.id)).mappings()
            ]

    for _ in range(14):
        key = rng.choice("ab")
        step = rng.choice(["import", "import", "join", "apart", "forget", "correct", "undo"])
        with suppress(BadQuery, NotFound):
            names = [f"{s}:{s}{n}" for s in "ab" for n in range(4)]
            if step == "import":
                chosen = [
                    listing(f"{key}{n}", name=f"Name {rng.randint(0, 1)}", address_1=f"{rng.randint(1, 2)} Main St",
                            phone=Phone(f"+1202555010{rng.randint(0, 2)}"), confidential_location=False,
                            identifiers=(f"frid:{rng.randint(0, 3)}",) if rng.random() < 0.3 else ())
                    for n in range(4) if rng.random() < 0.8
                ]  # fmt: skip
                hidden = [without_door(each) if rng.random() < 0.15 else each for each in chosen]
                directory.ingest(source(key), rows(*hidden), allow_removals=True)
            elif step == "correct":
                directory.correct(rng.choice(names), {"description": f"Words {rng.random()}"}, None, TODAY)
            elif step == "undo":
                directory.undo(key)
            else:
                same = {"join": True, "apart": False, "forget": None}[step]
                directory.merge(*rng.sample(names, 2), TODAY, same=same)
        before = shown()
        directory.reindex()
        assert shown() == before, step
