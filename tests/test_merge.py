"""When two listings of one door contradict each other, and when they only say more or less."""

from typing import Any

import pytest
from factories import listing

from directory.merge_keys import door, joining
from directory.records import Kind, Phone
from directory.sameness import Sourced, contradiction

VETERANS = ("veterans",)


def said(source: str = "a", **changes: Any) -> Sourced:
    return Sourced(1, listing("one", **changes), "", None, None, source)


@pytest.mark.parametrize(
    ("one", "other", "reason"),
    [
        ((), ("men",), None),
        (VETERANS, VETERANS, None),
        (VETERANS, ("veterans", "lgbtq"), None),
        (("men", "women", "lgbtq"), ("lgbtq",), None),
        (("men",), ("women",), "different audiences: none in common"),
        (VETERANS, ("lgbtq",), "different audiences: none in common"),
        (("women", "lgbtq"), ("lgbtq",), "different audiences: one is for one sex"),
        (("men", "adults"), ("women", "adults"), "different audiences: one is for one sex"),
        (("adolescents", "lgbtq"), ("lgbtq",), "different audiences: other age groups"),
        (("children", "adults"), ("adults",), "different audiences: other age groups"),
    ],
)
def test_audiences_contradict_where_merging_would_promise_too_much(
    one: tuple[str, ...], other: tuple[str, ...], reason: str | None
) -> None:
    a, b = said(audiences=one), said("b", audiences=other)
    assert contradiction(a, b) == contradiction(b, a) == reason


def test_age_groups_are_no_contradiction_where_ages_in_years_keep_the_limit() -> None:
    assert contradiction(said(audiences=("adults", "veterans"), minimum_age=18), said("b", audiences=VETERANS)) is None


@pytest.mark.parametrize(
    ("one", "other", "reason"),
    [
        ({"minimum_age": 18}, {}, None),
        ({"minimum_age": 0}, {"minimum_age": None, "maximum_age": None}, None),
        ({"minimum_age": 18}, {"minimum_age": 65}, "different ages"),
        ({"minimum_age": 0}, {"maximum_age": 17}, "different ages"),
        ({"kind": Kind.THERAPIST}, {"kind": Kind.TREATMENT_PROGRAM}, None),
        ({"kind": Kind.THERAPIST}, {"kind": Kind.SUPPORT_GROUP}, "different kinds"),
        ({"minimum_age": 18, "identifiers": ("frid:1",)}, {"minimum_age": 65, "identifiers": ("frid:1",)}, None),
        ({"phone": Phone("+12025550143")}, {}, "different phone numbers in one source"),
        ({"phone": Phone("+12025550142", "5")}, {}, "different phone numbers in one source"),
        ({"phone": None}, {}, None),
    ],
)
def test_what_else_contradicts(one: dict[str, Any], other: dict[str, Any], reason: str | None) -> None:
    assert contradiction(said(**one), said(**other)) == reason


@pytest.mark.parametrize(
    ("changes", "same_site", "same_door"),
    [
        ({"address_1": "12 MAIN ST."}, True, True),
        ({"name": "The Riverside Center"}, True, True),
        ({"address_2": "Suite 5"}, False, True),
        ({"name": "Riverside Youth"}, False, True),
        ({"postal_code": "60602"}, False, False),
        ({"postal_code": None}, False, False),
        ({"address_1": None}, False, False),
        ({"country": "CA"}, False, False),
        ({"confidential_location": True}, False, False),
    ],
)
def test_a_site_is_name_and_address_a_door_is_street_and_postal_code(
    changes: dict[str, Any], same_site: bool, same_door: bool
) -> None:
    base = {"name": "Riverside Centre", "address_1": "12 Main Street"}
    one, other = listing("a", **base), listing("b", **{**base, **changes})
    assert bool(set(joining(one)) & set(joining(other))) == same_site
    assert (door(one) == door(other)) == same_door
