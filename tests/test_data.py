"""The shipped data keeps its promises."""

import csv
import tomllib
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from directory import known_lines, phones
from directory.check import Checker
from directory.config import shipped_folder
from directory.geocoding import Gazetteer
from directory.needs import Vocabulary

DATA = shipped_folder("data")
STATES = (
    "AL AK AZ AR CA CO CT DE DC FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH OK OR PA PR RI "
    "SC SD TN TX UT VT VA WA WV WI WY"
).split()
# Places for which libphonenumber holds no emergency number at all (docs/decisions/crisis_data.md).
NO_PATTERN = {"AQ", "BV", "GN", "GQ", "GS", "HM", "IO", "PN", "TF", "TK", "UM"}


def table(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("name", ["crisis_lines", "support_groups", "therapists", "treatment_programs"])
def test_nothing_is_wrong_or_doubtful_and_every_row_names_its_source(
    name: str, vocabulary: Vocabulary, gazetteer: Gazetteer
) -> None:
    path = DATA / f"{name}.csv"
    found = Checker.load(DATA, vocabulary, gazetteer, date(2026, 11, 22)).check(path)
    assert [str(problem) for problem in found] == []
    # The star code of Chile stands in lists without a page of their own; the .toml names them.
    assert [row["id"] for row in table(path.name) if not row["source_url"] and row["id"] != "cl-4141"] == []


@pytest.mark.parametrize("path", sorted(DATA.glob("*.toml")), ids=lambda path: path.stem)
def test_every_source_says_who_on_what_terms_and_when(path: Path) -> None:
    source = tomllib.loads(path.read_text(encoding="utf-8"))
    assert source["publisher"] and source["terms"] and isinstance(source["retrieved"], date)


def test_there_are_crisis_lines_for_many_countries() -> None:
    lines = [row for row in table("crisis_lines.csv") if row["service_area"] != "world"]
    assert len(lines) >= 145
    assert len({row["country"] for row in lines}) >= 85
    assert all(row["checked_by"] for row in lines if row["last_checked"])


def test_a_number_stands_under_two_countries_only_where_it_is_shared() -> None:
    countries: dict[str, set[str]] = {}
    for row in table("crisis_lines.csv"):
        if row["phone"]:
            countries.setdefault(phones.dialable(row["phone"], row["country"]).number, set()).add(row["country"])
    shared = {number for number, where in countries.items() if len(where) > 1}
    assert shared == {"988", "116123", "116111", "147", "106"}


def test_every_country_has_an_emergency_number_within_its_pattern(gazetteer: Gazetteer) -> None:
    numbers = {row["country"]: row for row in table("emergency_numbers.csv")}
    assert set(gazetteer.countries()) <= set(numbers)
    assert (numbers["US"]["number"], numbers["GB"]["number"], numbers["IN"]["number"]) == ("911", "999", "112")
    for country, row in numbers.items():
        assert row["source"]
        assert row["source_date"] == "" or date.fromisoformat(row["source_date"]) <= date(2026, 11, 22)
        assert country in NO_PATTERN or phones.is_emergency(row["number"], country), country


def test_no_shipped_line_uses_a_superseded_number() -> None:
    superseded = known_lines.superseded_numbers(DATA)
    assert superseded["US +18002738255"] == "988"
    for row in table("crisis_lines.csv"):
        if row["phone"]:
            assert f"{row['country']} {phones.dialable(row['phone'], row['country']).number}" not in superseded


@pytest.mark.parametrize("name", ["therapists", "treatment_programs"])
def test_every_state_has_at_least_two(name: str) -> None:
    counts = Counter(row["region"] for row in table(f"{name}.csv"))
    assert [state for state in STATES if counts[state] < 2] == []


@pytest.mark.parametrize("name", ["therapists", "treatment_programs"])
def test_no_directory_that_only_speaks_of_mental_health_states_depression(name: str) -> None:
    stated = {need for row in table(f"{name}.csv") for need in row["needs"].split(";")}
    assert stated & {"depression", "anxiety", "cannabis", "kratom"} == set()


def test_support_groups_are_many_and_in_several_countries() -> None:
    groups = table("support_groups.csv")
    assert len(groups) >= 25
    assert len({row["country"] for row in groups}) >= 5


def test_the_gazetteer_is_small() -> None:
    assert sum(path.stat().st_size for path in (DATA / "places").iterdir()) <= 10_000_000
