"""The guides: short, plain, sourced; with the numbers we know, and nobody is told to take anything."""

import csv
import re
from collections.abc import Mapping
from pathlib import Path

import pytest
import textstat

from directory import clean, topics
from directory.config import shipped_folder
from directory.errors import BadData
from directory.needs import Vocabulary
from directory.topics import Topic

FOLDER = shipped_folder("data") / "topics"
TEXTS = sorted(FOLDER.glob("*/*.md"))
SOURCES = Path(__file__).parent.parent / "docs" / "safety-sources.md"
LARGEST_GRADE, LEAST_EASE = 6.0, 70.0
"""Flesch-Kincaid, and for Spanish Fernández Huerta, where 70 to 80 is the sixth grade."""
ABOUT_SUBSTANCES = {"kratom", "seven-oh", "tianeptine", "overdose", "substance-use-beside-them"}
_NUMBER = re.compile(r"\b1-\d{3}-\d{3}-\d{4}\b|\b(?:911|988|741741)\b")
_DOSE = re.compile(r"\b\d+([.,]\d+)?\s?(mg|milligrams?|miligramos?|grams?|gramos?|g|ml|drops|gotas)\b", re.IGNORECASE)
_METHOD = re.compile(
    r"committed suicide|cometió suicidio|se quitó la vida|\bhanged\b|shot (him|her)self|ahorc", re.IGNORECASE
)


@pytest.fixture(scope="module")
def guides(vocabulary: Vocabulary) -> Mapping[str, Topic]:
    return topics.load(FOLDER, vocabulary)


def test_every_guide_is_there_in_english_and_spanish_with_as_many_parts(guides: Mapping[str, Topic]) -> None:
    assert {"panic-right-now", "kratom", "seven-oh", "tianeptine", "calling-a-crisis-line", "overdose"} <= set(guides)
    for topic in guides.values():
        assert set(topic.texts) == {"en", "es"}
        assert len({text.html.count("<h2>") for text in topic.texts.values()}) == 1
        assert topic.sources and topic.searches


def test_every_source_stands_with_its_date_in_the_list_of_sources(guides: Mapping[str, Topic]) -> None:
    listed = SOURCES.read_text(encoding="utf-8")
    for topic in guides.values():
        for source in topic.sources:
            assert source.url in listed, source.url
            assert re.fullmatch(r"|\d{4}(-\d{2}){0,2}", source.date) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", source.read)


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_guide_reads_as_the_sixth_grade_does(path: Path) -> None:
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", path.read_text(encoding="utf-8"))
    textstat.set_lang(path.stem)
    if path.stem == "en":
        assert textstat.flesch_kincaid_grade(text) <= LARGEST_GRADE
    else:
        assert textstat.fernandez_huerta(text) >= LEAST_EASE


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_guide_names_no_method_no_dose_and_no_number_we_do_not_know(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    known = {"911"}
    with (shipped_folder("data") / "crisis_lines.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            known |= {row["phone"].split(" ")[0], row["sms"]}
    assert set(_NUMBER.findall(text)) <= known
    assert clean.safe_messaging_warning(text) is None and not _METHOD.search(text) and not _DOSE.search(text)
    if path.parent.name in ABOUT_SUBSTANCES:
        assert re.search(r"may have changed|pueden? haber cambiado", text)


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_guide_links_to_guides_that_are_there_and_to_the_crisis_lines(
    path: Path, guides: Mapping[str, Topic]
) -> None:
    for link in re.findall(r"\]\(([^)]*)\)", path.read_text(encoding="utf-8")):
        assert link == "/crisis" or link.removeprefix("/topics/") in guides, link


def test_a_search_offers_the_guides_about_most_of_its_needs(guides: Mapping[str, Topic]) -> None:
    assert topics.about(guides, ["kratom"])[0].slug == "kratom"
    assert topics.about(guides, ["depression", "anxiety"])[0].slug == "depression-and-anxiety"
    assert topics.about(guides, []) == []


def topic(folder: Path, **changes: str) -> Path:
    told = {"order": "1", "needs": '["panic"]', "searches": "[]", "crisis": "false", "sources": "[]", **changes}
    (folder / "one").mkdir()
    (folder / "one" / "topic.toml").write_text("".join(f"{name} = {value}\n" for name, value in told.items()))
    (folder / "one" / "en.md").write_text("# One\n\nA lead.\n\n<b>Not run</b> & shown.\n")
    return folder


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"needs": '["nothing"]'}, "topics/one/topic.toml: nothing is not a need of needs.csv"),
        ({"searches": '[["nothing"]]'}, "topics/one/topic.toml: nothing is not a need of needs.csv"),
        ({"order": '"first"'}, "topics/one/topic.toml cannot be read"),
        ({"extra": "1"}, "topics/one/topic.toml cannot be read"),
        ({"needs": "["}, "topics/one/topic.toml cannot be read"),
    ],
)
def test_a_guide_that_breaks_the_rules_is_refused(
    tmp_path: Path, vocabulary: Vocabulary, changes: dict[str, str], message: str
) -> None:
    with pytest.raises(BadData, match=re.escape(message)):
        topics.load(topic(tmp_path, **changes), vocabulary)


def test_markup_in_a_guide_is_shown_and_not_run(tmp_path: Path, vocabulary: Vocabulary) -> None:
    [found] = topics.load(topic(tmp_path), vocabulary).values()
    assert found.text.html == "<p>&lt;b&gt;Not run&lt;/b&gt; &amp; shown.</p>\n"


def test_a_guide_needs_english_and_a_title(tmp_path: Path, vocabulary: Vocabulary) -> None:
    folder = topic(tmp_path)
    (folder / "one" / "en.md").write_text("no title\n")
    with pytest.raises(BadData, match="does not begin with a title"):
        topics.load(folder, vocabulary)
    (folder / "one" / "en.md").unlink()
    with pytest.raises(BadData, match=re.escape("topics/one has no en.md")):
        topics.load(folder, vocabulary)
