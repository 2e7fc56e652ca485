"""A place that one source hides and another shows: its street is told nowhere until a maintainer has decided."""

import io
from dataclasses import replace
from typing import Any

import pytest
from factories import TODAY, listing, rows, source
from sqlalchemy import select

from directory import exporting
from directory.choosing import Chosen
from directory.crisis import CrisisBook
from directory.geocoding import Gazetteer
from directory.importers import own
from directory.ingest import Directory
from directory.models import Correction, FormerId, GeocodedAddress, ListingChange, Resource
from directory.models import Listing as StoredListing
from directory.needs import Vocabulary
from directory.records import Phone, Point, without_door
from directory.search import Searcher

NUMBER = Phone("+12025550142")
STREET = "12 Hidden Marker Lane"


def shown(**changes: Any) -> Any:
    words = {"name": "Example Shelter", "phone": NUMBER, "address_1": STREET, "point": Point(41.8123, -87.6543)}
    return replace(listing("shown", description=f"Come to {STREET}."), **{**words, **changes})


def hidden(**changes: Any) -> Any:
    return without_door(replace(listing("hidden"), **{"name": "Example SHELTER", "phone": NUMBER, **changes}))


def is_told(directory: Directory) -> bool:
    """Whether any resource shows the street."""
    with directory.database.reading() as connection:
        found = [dict(row) for row in connection.execute(select(*Resource.__table__.columns)).mappings()]
    return "Hidden Marker" in repr(found) or "41.8123" in repr(found)


def is_stored(directory: Directory) -> bool:
    """Whether any table that holds facts of sources has the street."""
    with directory.database.reading() as connection:
        tables = (StoredListing, Resource, ListingChange, Correction, GeocodedAddress, FormerId)
        return any("Hidden Marker" in repr(connection.execute(select(table.__table__)).all()) for table in tables)


@pytest.fixture
def both(directory: Directory) -> Directory:
    directory.ingest(source("open"), rows(shown()))
    directory.ingest(source("secret"), rows(hidden()))
    return directory


def test_it_is_withheld_whichever_source_comes_first_and_the_report_says_what_to_decide(directory: Directory) -> None:
    first = directory.ingest(source("open"), rows(shown()))
    assert is_told(directory) and first.notes == []
    second = directory.ingest(source("secret"), rows(hidden()))
    assert not is_told(directory)
    note = (
        "open:shown has the name and number of secret:hidden, which is confidential: its street is withheld until you decide: "
        "directory merge open:shown secret:hidden if it is that place, with --not-same if it is another"
    )
    assert second.notes == [note]
    assert directory.ingest(source("open"), rows(shown(needs=("anxiety",)))).notes == [note]
    assert not is_told(directory)
    directory.reindex()
    assert not is_told(directory)


def test_it_is_withheld_when_the_confidential_one_was_there_first(directory: Directory) -> None:
    directory.ingest(source("secret"), rows(hidden()))
    assert len(directory.ingest(source("open"), rows(shown())).notes) == 1
    assert not is_told(directory)


@pytest.mark.parametrize(
    "changes",
    [{"name": "Another Shelter"}, {"phone": Phone("+12025550143")}, {"city": "Springfield"}, {"region": "WI"}],
)
def test_what_has_another_name_number_or_city_is_shown(directory: Directory, changes: dict[str, Any]) -> None:
    directory.ingest(source("open"), rows(shown()))
    directory.ingest(source("secret"), rows(hidden(**changes)))
    assert is_told(directory)


def test_it_is_shown_again_once_the_confidential_one_is_gone_or_open(both: Directory) -> None:
    both.ingest(source("secret"), rows(listing("other")), allow_removals=True)
    assert is_told(both)
    both.undo("secret")
    assert not is_told(both)


def test_decided_to_be_another_it_is_shown_and_withheld_again_when_that_is_taken_back(both: Directory) -> None:
    both.merge("open:shown", "secret:hidden", TODAY, same=False)
    assert is_told(both)
    assert both.ingest(source("open"), rows(shown(needs=("anxiety",)))).notes == []
    both.merge("open:shown", "secret:hidden", TODAY, same=None)
    assert not is_told(both)


def test_decided_to_be_that_place_its_street_is_forgotten_and_does_not_come_back(both: Directory) -> None:
    both.ingest(source("open"), rows(shown(needs=("anxiety",))))
    both.merge("open:shown", "secret:hidden", TODAY)
    assert not is_told(both) and not is_stored(both)
    both.ingest(source("open"), rows(shown(needs=("depression",))))
    assert not is_told(both) and not is_stored(both)
    both.merge("open:shown", "secret:hidden", TODAY, same=None)
    both.ingest(source("open"), rows(shown(needs=("anxiety",))))
    assert not is_told(both) and not is_stored(both)


@pytest.mark.parametrize("decided", [False, True])
def test_its_export_can_be_imported_again_and_tells_nothing(
    both: Directory,
    vocabulary: Vocabulary,
    gazetteer: Gazetteer,
    crisis_book: CrisisBook,
    tmp_path: Any,
    *,
    decided: bool,
) -> None:
    if decided:
        both.merge("open:shown", "secret:hidden", TODAY)
    searcher = Searcher(both.database, vocabulary, gazetteer, crisis_book)
    for key in ("open", "secret"):
        stream = io.StringIO()
        exporting.write_listings(searcher, Chosen(source=key), stream)
        assert "Hidden Marker" not in stream.getvalue() and "41.8123" not in stream.getvalue()
        path = tmp_path / f"{key}.csv"
        path.write_text(stream.getvalue(), encoding="utf-8")
        [row] = list(own.read(path, vocabulary, today=TODAY).rows)
        assert row.problems == () and row.listing is not None
        assert (row.listing.city, row.listing.confidential_location) == ("Chicago", True)
