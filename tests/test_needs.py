"""The vocabulary: what people type becomes needs; what a source says reaches no further than it may."""

import csv
from pathlib import Path

import pytest

from directory.errors import BadQuery
from directory.needs import Vocabulary

with (Path(__file__).parent / "test_vocabulary_words.csv").open(encoding="utf-8", newline="") as file:
    TYPED = [(row["typed"], row["needs"]) for row in csv.DictReader(file)]


@pytest.mark.parametrize(("typed", "needs"), TYPED)
def test_free_words_become_needs(vocabulary: Vocabulary, typed: str, needs: str) -> None:
    expected = {need for need in needs.split(";") if need}
    parents = {vocabulary.needs[need].parent for need in expected}
    assert set(vocabulary.resolve(typed).needs) == expected - parents


def test_there_are_enough_needs_in_two_languages(vocabulary: Vocabulary) -> None:
    assert len(vocabulary.needs) >= 30
    for need in vocabulary.needs.values():
        assert need.names["en"] and need.names["es"] and need.hints["en"] and need.hints["es"]


def test_a_general_listing_reaches_the_children_of_the_parent_and_nothing_else(vocabulary: Vocabulary) -> None:
    reached = vocabulary.keys(vocabulary.reach(["substance_use"]))
    assert set(reached) == {"substance_use", *vocabulary.children("substance_use")}
    assert "kratom" in reached


def test_a_stated_child_answers_its_parent_but_help_to_stop_smoking_answers_no_drug_use(vocabulary: Vocabulary) -> None:
    assert "substance_use" in vocabulary.keys(vocabulary.reach(["alcohol"]))
    assert vocabulary.keys(vocabulary.reach(["nicotine"])) == ("nicotine",)


def test_what_a_person_typed_is_left_over_when_it_is_no_need(vocabulary: Vocabulary) -> None:
    found = vocabulary.resolve("I need help with panic attacks in Spanish at Río Verde")
    assert (found.needs, found.rest) == (("panic",), "spanish rio verde")


@pytest.mark.parametrize("text", ["depression", "Depression", "feeling hopeless", "depresión"])
def test_a_need_may_be_called_by_key_name_or_word(vocabulary: Vocabulary, text: str) -> None:
    assert vocabulary.need(text) == "depression"


def test_an_unknown_need_is_refused_with_the_known_ones(vocabulary: Vocabulary) -> None:
    with pytest.raises(BadQuery, match="'xyzzy' is not a need we know; the needs are: mental_health, "):
        vocabulary.need("xyzzy")


def test_age_bands_touch_the_span_of_years(vocabulary: Vocabulary) -> None:
    bands = vocabulary.facets["age"]

    def names(low: int | None, high: int | None) -> list[str]:
        word = vocabulary.ages(low, high)
        return [key for key, band in bands.items() if word >> band.bit & 1]

    assert names(18, None) == ["age_18_25", "age_26_64", "age_65"]
    assert names(None, 12) == ["age_0_12"]
    assert len(names(None, None)) == 5
