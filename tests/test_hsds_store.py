"""Which resources an HSDS list holds, in what order, on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid5

import pytest
from factories import CHICAGO, line, listing, rows, source

from directory import geo, hsds_store, resources
from directory.hsds import entities, ids
from directory.hsds.ids import ORGANIZATION, SERVICE, SERVICE_AT_LOCATION
from directory.hsds.words import Words
from directory.hsds_lists import Lists, Near, Term, Wanted
from directory.ingest import Directory
from directory.models import HsdsId, Resource
from directory.records import Listing, Phone, Point, Status

SORTED = (
    listing("plain"),
    listing("general", needs=("mental_health",), payment=("free", "medicaid"), audiences=("veterans",)),
    listing("both", integrated=True, approaches=("cbt",), accepting_new=False, identifiers=("npi:1234567893",)),
    listing("no-street", address_1=None, point=None, hours_note="Ring first", urgent_care=("walk_in",)),
    listing("no-region", region=None, point=None),
    listing("nowhere", region=None, city="Nowhere at all", postal_code="X1", country="FR", point=None),
    listing("hidden", confidential_location=True),
    listing("shut", status=Status.CLOSED, replaced_by="Another one"),
    listing("linked", source_url="https://example.org/a", chat_url="https://example.org/c", hours="Mo 10:00-12:00"),
    line("line", languages=("en", "es"), accessibility=("text_telephone",)),
    line("text", phone=None, sms="741741", sms_keyword="HOME", formats=("text",)),
)  # fmt: skip


def fill(directory: Directory, *listings: Listing) -> dict[str, int]:
    """Import listings under their own names; return the resource id of each."""
    directory.ingest(source(), rows(*listings))
    with directory.database.reading() as connection:
        found = connection.execute(Resource.__table__.select()).mappings()
        return {row["name"].rsplit(" ", 1)[-1]: row["id"] for row in found}


def listed(directory: Directory, entity: str = SERVICE, **wanted: Any) -> list[int]:
    with directory.database.reading() as connection:
        return list(lists(directory).ids(connection, Wanted(entity, **wanted)))


def lists(directory: Directory) -> Lists:
    return Lists(Words.of(directory.vocabulary, directory.gazetteer))


def test_every_term_lists_just_the_services_that_carry_it(directory: Directory) -> None:
    fill(directory, *SORTED)
    words = Words.of(directory.vocabulary, directory.gazetteer)
    with directory.database.reading() as connection:
        found = hsds_store.rows(connection, listed(directory))
    carried: dict[tuple[str, str | None], set[int]] = {}
    for row in found:
        for each in entities.attributes(row, words):
            name, key = words.by_id[each["taxonomy_term"]["id"]]
            carried.setdefault((name, key), set()).add(row["id"])
            carried.setdefault((name, None), set()).add(row["id"])
    assert len(carried) > 40
    for name, key in [*words.terms, *((taxonomy, None) for taxonomy in words.taxonomies)]:
        assert set(listed(directory, terms=(Term(name, key),))) == carried.get((name, key), set()), (name, key)


def test_a_term_nobody_knows_lists_nothing(directory: Directory) -> None:
    fill(directory, listing("one"))
    assert listed(directory, terms=(Term(),)) == []


def test_all_wishes_hold_at_once(directory: Directory) -> None:
    held = fill(directory, *SORTED)
    wanted = (Term("need", "depression"), Term("integrated", "integrated"))
    assert listed(directory, terms=wanted) == [held["both"]]


def test_only_what_has_a_place_is_at_a_location(directory: Directory) -> None:
    held = fill(directory, *SORTED)
    assert listed(directory) == sorted(held.values())
    assert set(listed(directory, SERVICE_AT_LOCATION)) == set(held.values()) - {held["line"], held["text"]}


def test_an_organization_is_listed_once_with_all_its_resources(directory: Directory) -> None:
    same = {"organization": "Example Trust"}
    held = fill(directory, listing("a", **same), listing("b"), listing("c", **same), listing("d", country="CA", **same))
    assert listed(directory, ORGANIZATION) == [held["a"], held["b"], held["d"]]
    with directory.database.reading() as connection:
        members = list(hsds_store.by_organization(connection, [held["a"], held["b"]]))
        own = ids.organization(members[0][0])
        assert [[row["id"] for row in each] for each in members] == [[held["a"], held["c"]], [held["b"]]]
        assert hsds_store.holders(connection, ORGANIZATION, own) == [held["a"], held["c"]]
        assert hsds_store.holders(connection, SERVICE, own) == []
    assert listed(directory, organization=own) == [held["a"], held["c"]]


def test_ids_are_what_the_standard_library_makes_of_the_same_names() -> None:
    for number in range(500):
        assert ids.service(number) == str(uuid5(ids.NAMESPACE, f"service\x1f{number}"))
    assert ids.named_organization("Área Ñ", None) == str(uuid5(ids.NAMESPACE, "organization\x1f\x1fÁrea Ñ"))


def test_ids_come_and_go_with_their_resources(directory: Directory) -> None:
    held = fill(directory, listing("one"), listing("two"))
    gone = ids.service(held["two"])
    with directory.database.reading() as connection:
        assert hsds_store.holders(connection, SERVICE, gone) == [held["two"]]
    directory.ingest(source(), rows(listing("one", organization="New Owner")), allow_removals=True)
    with directory.database.reading() as connection:
        assert hsds_store.holders(connection, SERVICE, gone) == []
        owner = ids.named_organization("New Owner", "US")
        assert hsds_store.holders(connection, ORGANIZATION, owner) == [held["one"]]
    assert listed(directory, ORGANIZATION) == [held["one"]]
    directory.undo("example")
    with directory.database.reading() as connection:
        assert hsds_store.holders(connection, SERVICE, gone) == [held["two"]]
    directory.reindex()
    with directory.database.reading() as connection:
        assert hsds_store.holders(connection, SERVICE, gone) == [held["two"]]


def test_a_kept_list_is_made_anew_when_the_data_changes(directory: Directory) -> None:
    fill(directory, listing("one"))
    kept = lists(directory)
    with directory.database.reading() as connection:
        first = kept.ids(connection, Wanted(SERVICE))
        assert kept.ids(connection, Wanted(SERVICE)) is first
    directory.ingest(source(), rows(listing("one"), listing("two")))
    with directory.database.reading() as connection:
        assert len(kept.ids(connection, Wanted(SERVICE))) == 2


def test_what_somebody_typed_is_kept_nowhere(directory: Directory) -> None:
    fill(directory, listing("one"))
    kept = lists(directory)
    with directory.database.reading() as connection:
        kept.ids(connection, Wanted(SERVICE, search="markerword"))
        kept.ids(connection, Wanted(SERVICE_AT_LOCATION, near=Near(CHICAGO, ("US",), 1000, must_be_within=True)))
    assert "markerword" not in repr(kept)
    assert not kept._kept


def test_modified_after_is_on_or_after(directory: Directory) -> None:
    held = fill(directory, listing("one"))
    with directory.database.reading() as connection:
        (row,) = hsds_store.rows(connection, [held["one"]], "modified_at")
    changed = row["modified_at"]
    assert abs(datetime.now(UTC).replace(tzinfo=None) - changed) < timedelta(minutes=5)
    assert listed(directory, modified_after=changed) == [held["one"]]
    assert listed(directory, modified_after=changed + timedelta(microseconds=1)) == []
    assert listed(directory, modified_after=datetime.min) == [held["one"]]
    assert listed(directory, modified_after=datetime.max) == []


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("heron", {"a"}),
        ("HERON hou", {"a"}),
        ("grief", {"b"}),
        ("heron grief", set()),
        ("heron depression", {"a"}),
        ("café", {"b"}),
        ("'; DROP TABLE resource", set()),
        ("\"NEAR(*", set()),
        ("!!!", set()),
        ("%", set()),
    ],
)  # fmt: skip
def test_words_are_looked_for_in_the_text_and_among_the_needs(
    directory: Directory, search: str, found: set[str]
) -> None:
    held = fill(
        directory,
        listing("a", description="Heron House", needs=("depression",)),
        listing("b", needs=("grief",), organization="Café Example"),
    )
    assert set(listed(directory, search=search)) == {held[each] for each in found}


def test_near_a_point_the_nearest_come_first_within_the_metre(directory: Directory) -> None:
    doors = {f"d{number}": Point(41.88 + number / 100, -87.63 + number / 100) for number in range(6)}
    held = fill(directory, *(listing(name, point=point) for name, point in doors.items()), line("line"))
    metres = {name: geo.distance_km(CHICAGO, point) * 1000 for name, point in doors.items()}
    ordered = sorted(doors, key=lambda name: metres[name])
    third = metres[ordered[2]]
    for radius, most in ((third + 2, 3), (third - 2, 2), (100_000, 6)):
        near = Near(CHICAGO, ("US-IL", "US", "world"), radius, must_be_within=True)
        assert listed(directory, SERVICE_AT_LOCATION, near=near) == [held[name] for name in ordered[:most]]


def test_an_area_that_does_not_hold_the_point_hides_what_is_near(directory: Directory) -> None:
    held = fill(
        directory,
        listing("here", service_area=("US-IL",)),
        listing("open"),
        listing("elsewhere", service_area=("US-WI",)),
        listing("far", point=Point(34.05, -118.24), city="Los Angeles", region="CA", service_area=("US",)),
        listing("further", point=Point(34.05, -118.24), city="Los Angeles", region="CA", service_area=("US-CA",)),
    )
    areas = ("US-IL", "US", "world")
    within = Near(CHICAGO, areas, 40_000, must_be_within=True)
    assert set(listed(directory, SERVICE_AT_LOCATION, near=within)) == {held["here"], held["open"]}
    served = Near(CHICAGO, areas, 40_000, must_be_within=False)
    assert listed(directory, SERVICE_AT_LOCATION, near=served)[-1] == held["far"]
    assert set(listed(directory, SERVICE_AT_LOCATION, near=served)) == {held["here"], held["open"], held["far"]}


@pytest.mark.parametrize("at_once", [1, 2, 2_000])
def test_the_ids_kept_are_those_of_the_resources_there_are_however_they_came_to_be(
    directory: Directory, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(resources, "AT_ONCE", at_once)
    same = {"phone": Phone("+12025550143"), "name": "Example Shelter"}
    shown = [listing(name, **same) for name in ("first", "second")]
    between = [listing(str(number), organization=f"Example {number % 3}") for number in range(4)]
    hidden = listing("last", confidential_location=True, address_1=None, postal_code=None, point=None, **same)
    one = {"name": "One Site", "address_1": "9 Example Street"}
    turns = [
        ("a", [*shown, *between, hidden]),
        ("b", [listing("site", **one)]),
        ("a", [shown[0], *between[1:], hidden, listing("here", **one)]),
        (
            "a",
            [*shown, *(replace(each, organization="Another") for each in between), replace(hidden, organization="New")],
        ),
        ("b", []),
    ]
    for key, listings in turns:
        directory.ingest(source(key), rows(*listings), allow_removals=True)
        with directory.database.reading() as connection:
            found = connection.execute(Resource.__table__.select()).mappings()
            wanted = {(hsds_id, entity, row["id"]) for row in found for entity, hsds_id in ids.of(row)}
            assert {tuple(row) for row in connection.execute(HsdsId.__table__.select())} == wanted
