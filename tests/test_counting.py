"""Each filter says how many places near somebody it would leave."""

from dataclasses import replace

import pytest
from factories import listing, rows, source

from directory import counting
from directory.counting import Counts
from directory.crisis import CrisisBook
from directory.geocoding import Gazetteer
from directory.ingest import Directory
from directory.needs import Vocabulary
from directory.query import build
from directory.records import Point
from directory.search import Searcher

HERE = Point(41.8858, -87.6181)
FAR = Point(40.0, -87.6181)


@pytest.fixture
def counted(directory: Directory, vocabulary: Vocabulary, gazetteer: Gazetteer, crisis_book: CrisisBook):
    near = replace(listing("a"), point=HERE, needs=("depression",))
    directory.ingest(source(), rows(
        replace(near, external_id="a", name="A", payment=("medicaid",), languages=("es",)),
        replace(near, external_id="b", name="B", payment=("medicaid", "free"), languages=("en",)),
        replace(near, external_id="c", name="C", payment=("free",), needs=("anxiety",)),
        replace(near, external_id="d", name="D", payment=("medicaid",), point=FAR),
    ))  # fmt: skip
    searcher = Searcher(directory.database, vocabulary, gazetteer, crisis_book)

    def counts(near: str = "60601", **asked: list[str]) -> Counts | None:
        return searcher.counts(searcher.search(build(vocabulary, near=near, need=["depression"], **asked)))

    return counts


def test_what_reaches_all_needs_within_the_radius_is_counted(counted) -> None:
    found = counted()
    assert (found.values["payment", "medicaid"], found.values["payment", "free"], found.is_least) == (2, 1, False)
    assert (found.values["language", "es"], found.values["language", "fr"]) == (1, 0)


def test_a_filter_chosen_holds_for_all_others_and_not_for_its_own_kind(counted) -> None:
    found = counted(language=["es"])
    assert (found.values["payment", "medicaid"], found.values["payment", "free"]) == (1, 0)
    assert (found.values["language", "es"], found.values["language", "en"]) == (1, 1)


@pytest.mark.parametrize("near", ["", "Illinois", "United States"])
def test_without_a_place_to_be_near_nothing_is_counted(counted, near: str) -> None:
    assert counted(near) is None


def test_in_a_crowd_it_counts_no_further_and_says_so(counted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "MOST", 1)
    assert counted().is_least is True
