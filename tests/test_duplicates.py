"""What may be the same thing is suggested with its evidence, best first; nothing is merged, nothing confidential is told."""

from typing import Any

import pytest
from factories import TODAY, line, listing, rows, source

from directory import duplicates
from directory.duplicates import Candidate
from directory.ingest import Directory
from directory.records import Kind, Phone, Status, without_door

OTHER_PHONE = Phone("+12025550143")


def found(directory: Directory) -> list[Candidate]:
    with directory.database.reading() as connection:
        return duplicates.candidates(connection)


def centre(external_id: str, **changes: Any) -> Any:
    return listing(external_id, **{"name": "Riverside Centre", "address_1": "12 Main Street", **changes})


@pytest.mark.parametrize(
    ("changes", "evidence", "against"),
    [
        (
            {"name": "Riverside Center Inc"},
            ("same phone +1 202-555-0142", "same street", "same suite", "names 90 alike"),
            (),
        ),
        (
            {"audiences": ("women",)},
            ("same phone +1 202-555-0142", "same street", "same suite", "same name"),
            ("different audiences",),
        ),
        ({"address_2": "Suite 5", "phone": None}, ("same street", "same name"), ("different suites",)),
        (
            {"address_1": "12 Mains Street", "phone": OTHER_PHONE},
            ("streets 95 alike", "same name"),
            (),
        ),
        (
            {"address_1": None, "phone": Phone("+12025550142", "7"), "email": "desk@example.org"},
            (
                "same phone +1 202-555-0142, other extension",
                "same e-mail desk@example.org",
                "same postal code",
                "same name",
            ),
            (),
        ),
    ],
)
def test_a_likely_pair_is_suggested_with_its_evidence(
    directory: Directory, changes: dict[str, Any], evidence: tuple[str, ...], against: tuple[str, ...]
) -> None:
    stated = {"audiences": ("men",), "email": "desk@example.org" if "email" in changes else None}
    directory.ingest(source("a"), rows(centre("a", **stated)))
    directory.ingest(source("b"), rows(centre("b", **{**stated, **changes})))
    (pair,) = found(directory)
    assert (pair.a.id, pair.b.id, pair.evidence, pair.against) == (1, 2, evidence, against)


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "Lakeview Clinic", "phone": OTHER_PHONE},
        {"address_1": "900 Other Avenue", "postal_code": "60614"},
        {"address_1": "14 Main Street", "phone": OTHER_PHONE},
        {"kind": Kind.SUPPORT_GROUP},
        {"country": "CA", "address_1": None, "region": "ON", "city": None, "postal_code": None},
        {"status": Status.CLOSED, "name": "Riverside Center Inc"},
    ],
    ids=[
        "another name at the door",
        "a branch with the same number",
        "next door",
        "another kind",
        "another country",
        "closed",
    ],
)
def test_what_is_rather_two_things_is_not_suggested(directory: Directory, changes: dict[str, Any]) -> None:
    directory.ingest(source("a"), rows(centre("a")))
    directory.ingest(source("b"), rows(centre("b", **changes)))
    assert found(directory) == []


def test_doorless_ones_are_compared_by_number_and_site(directory: Directory) -> None:
    site = {"url": "https://www.example.org/help/"}
    one = line("a", name="Example Help Line", **site)
    other = line("b", name="Example Helpline", phone=OTHER_PHONE, url="http://example.org/help")
    directory.ingest(source(), rows(one, other, line("c", name="Example Help Line Now", phone=Phone("988"))))
    assert [(each.a.id, each.b.id) for each in found(directory)] == [(1, 3), (1, 2)]


def test_the_merged_and_the_decided_are_left_out(directory: Directory) -> None:
    directory.ingest(source("a"), rows(centre("a"), centre("b", name="Riverside Center Inc")))
    directory.ingest(source("b"), rows(centre("c")))
    assert [(each.a.id, each.b.id) for each in found(directory)] == [(1, 2)]
    directory.merge("1", "2", TODAY, same=False)
    assert found(directory) == []


def test_a_confidential_place_is_never_paired_by_its_address(directory: Directory) -> None:
    hidden = without_door(centre("a", name="Riverside Centre House"))
    directory.ingest(source(), rows(hidden, centre("b", phone=OTHER_PHONE)))
    assert found(directory) == []
    directory.ingest(source(), rows(hidden, centre("b")))
    (pair,) = found(directory)
    assert pair.evidence[0] == "same phone +1 202-555-0142"
    assert not any("street" in words or "postal" in words for words in pair.evidence + pair.against)


def test_a_number_many_share_is_compared_among_neighbours_in_the_alphabet(directory: Directory) -> None:
    crowd = [listing(f"x{n}", name=f"Programme {n:04}", address_1=None, city=None, region=None, postal_code=None, point=None,
                     service_area=("US",)) for n in range(300)]  # fmt: skip
    directory.ingest(source(), rows(*crowd))
    assert 300 < len(found(directory)) <= 300 * 10
    assert found(directory) == found(directory)
