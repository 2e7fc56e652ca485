"""Home, results, crisis lines, about: what each says and where its buttons lead. The client looks over each page."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from checked import Checked, Own, check, site_on, words
from factories import listing, rows, source

from directory.config import Config
from directory.crisis import CrisisBook
from directory.geocoding import Gazetteer
from directory.needs import Vocabulary
from directory.records import Kind, Phone
from directory.search import Searcher
from directory.web import cards, results, schemas, strip
from directory.web.params import Asked
from directory.web.site import Site

pytest_plugins = ["sites"]

NOON = datetime(2026, 9, 7, 17, tzinfo=UTC)


@pytest.fixture(autouse=True)
def noon(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is shown first depends on the hour; here it is noon in Chicago."""
    monkeypatch.setattr(Site, "now", lambda _: NOON)


# 988 works in the United States, its territories and Canada only.
TERRITORIES = {f"/crisis/{code}" for code in ("PR", "GU", "VI", "AS", "MP")}


def test_home_asks_for_a_place_and_needs_and_posts_them(shipped: Checked) -> None:
    page = shipped.get("/")
    (form,) = page.all("form")
    assert (form.get("method"), form.get("action")) == ("post", "/find")
    assert {each.get("name") for each in form.iter("input")} >= {"near", "q", "need", "age", "payment"}
    needs = [each.get("value") for each in page.all("input", name="need")]
    assert len(needs) == len(set(needs)) >= 30
    assert [words(each) for each in page.all("summary")][:3] == [
        "Mental health",
        "Drug or alcohol use",
        "Something else",
    ]


def test_results_are_three_groups_with_the_crisis_lines_first(shipped: Checked) -> None:
    page = shipped.find(near="60601", need=["depression", "anxiety"])
    assert [words(each) for each in page.all("h2")] == [
        "Talk to someone now", "Near you", "By phone or online", "When you call", "Good to read",
    ]  # fmt: skip
    assert "Near 60601 Chicago, IL. For: Depression, Anxiety." in page.main
    assert re.match(
        r"\d+ lines to talk to now, \d+\+? places near you, \d+ by phone or online\.",
        words(page.one("p", role="status")),
    )
    cards = page.cards()
    assert {"tel:911", "tel:988"} <= set(page.links)
    names = [words(each) for each in page.all("h3")]
    assert not {"Emergency: 911", "988 Suicide & Crisis Lifeline"} & set(names), "they stand on top of the page"
    assert any("Text HOME to 741741" in card for card in cards)
    assert "sms:741741?&body=HOME" in page.links
    assert any("General mental-health care: ask about depression, anxiety" in card for card in cards)
    assert any("Covers 2 of 2: depression, anxiety" in card for card in cards)
    assert page.response.headers["X-Robots-Tag"] == "noindex, nofollow"


def test_the_title_holds_nothing_of_the_search(shipped: Checked) -> None:
    assert words(shipped.find(near="60601", q="panic attacks").one("title")) == "Help we found - Support directory"


def test_a_shared_link_answers_as_the_form_does(shipped: Checked) -> None:
    sent = shipped.find(near="60601", need=["depression", "anxiety"], payment="medicaid")
    (link,) = [each for each in sent.links if each.startswith("/find?")]
    assert link == "/find?near=60601&need=depression&need=anxiety&payment=medicaid"
    assert shipped.get(link).cards() == sent.cards()


def test_find_without_a_question_shows_the_search_form(shipped: Checked) -> None:
    page = shipped.get("/find")
    assert page.status == 200
    assert words(page.one("h1")) == "Find help near you"
    assert page.response.headers["X-Robots-Tag"].startswith("noindex")
    assert page.form("Find help")["near"] == [""]


def test_old_facts_say_so_and_are_never_open_or_priced(shipped: Checked) -> None:
    page = shipped.find(near="Anchorage, AK", need="mental_health")
    old = [card for card in page.cards() if "2022 data, call first" in card]
    assert old
    for card in old:
        assert "Open now" not in card
        assert "Cost:" not in card
        assert "Cost (reported 2022: ask)" in card or "Cost" not in card


def test_an_approximate_distance_names_the_centre_it_is_measured_to(shipped: Checked) -> None:
    assert any(re.search(r"about \d+ mi, centre of \d{5} ", card) for card in shipped.find(near="60601").cards())


def test_kilometres_where_people_read_kilometres(own: Own) -> None:
    here = listing(
        "ca", country="CA", city="Toronto", region="ON", postal_code="M5V 2T6", point=None, phone=Phone("+14165550142")
    )
    own.directory.ingest(source(), rows(here))
    assert any("km, centre of" in card for card in own.pages.find(near="Toronto").cards())


def test_what_lies_beyond_the_radius_is_not_counted_as_near(shipped: Checked) -> None:
    page = shipped.find(near="Jordan, MT", need=["anxiety", "kratom"])
    assert re.search(r"no places near you, \d+\+? farther away, ", page.main)


def test_an_ambiguous_place_asks_which_one_and_still_gives_lines(shipped: Checked) -> None:
    page = shipped.find(near="Springfield", need="depression", language="es")
    assert words(page.one("h1")) == "Which place do you mean?"
    assert page.form("Springfield, IL") == {"need": ["depression"], "language": ["es"], "near": ["Springfield, IL"]}
    assert any("988" in card for card in page.cards())
    chosen = shipped.find(**page.form("Springfield, IL"))
    assert "Near Springfield, IL" in chosen.main


def test_a_place_nobody_knows_says_how_to_write_one(shipped: Checked) -> None:
    page = shipped.find(near="Xyzzyville", need="grief")
    assert words(page.one("title")).startswith("Error: ")
    assert "We could not find a place called “Xyzzyville”" in page.main
    assert "#near" in page.links
    assert any("988" in card for card in page.cards())
    assert "By phone or online" in shipped.find(**page.form("Search without a place")).main


def test_no_place_gives_national_help(shipped: Checked) -> None:
    page = shipped.find(need="grief")
    assert "No place given: help for people in United States" in page.main
    assert "Say where you are to see places near you" in page.main


@pytest.mark.parametrize(
    ("near", "country", "emergency", "line"),
    [
        ("London", "United Kingdom", "999", "116 123"),
        ("Toronto", "Canada", "911", "988"),
        ("Sydney, Australia", "Australia", "000", "13 11 14"),
    ],
)
def test_the_strip_is_that_of_the_place_searched(
    shipped: Checked, near: str, country: str, emergency: str, line: str
) -> None:
    strip = words(shipped.find(near=near).one("aside"))
    assert f"{country}: talk to someone now" in strip
    assert f"Call {emergency}" in strip
    assert line in strip


def test_a_country_without_lines_gets_its_emergency_number_and_a_finder_never_anothers(shipped: Checked) -> None:
    page = shipped.find(near="Nuuk", need="alcohol")
    assert "Call 112" in words(page.one("aside"))
    assert "988" not in page.text
    assert "We know no line for Greenland yet" in page.main


def test_thoughts_of_suicide_lead_with_kind_words_and_urgent_care(shipped: Checked) -> None:
    page = shipped.find(near="60601", need="suicidal_thoughts")
    assert "You don’t have to get through this alone" in page.main
    assert [words(each) for each in page.all("h2")][1:3] == ["Talk to someone now", "Urgent care near you"]
    assert "get through this alone" not in shipped.find(near="60601", need="depression").main


@pytest.mark.parametrize("need", ["kratom", "tianeptine"])
def test_a_substance_no_list_knows_is_met_with_caution(shipped: Checked, need: str) -> None:
    main = shipped.find(near="Boise, ID", need=["anxiety", need]).main
    for phrase in (
        "“Do you treat this?”",
        "doctor or a pharmacist",
        "medical help before stopping suddenly",
        "1-800-222-1222",
    ):
        assert phrase in main
    assert not re.search(r"\b(mg|dose|recommend|safe amount|benefit)", main.split("Talk to someone now")[0])
    assert "1-800-222-1222" not in shipped.find(near="London", need=need).text


def test_what_was_widened_is_said_above_what_it_brought(shipped: Checked) -> None:
    page = shipped.find(near="Jordan, MT", need=["anxiety", "kratom"])
    assert any("Few answers within 25 mi: also shown" in words(each) for each in page.classed("note"))


def test_a_wish_that_leaves_nothing_can_be_lifted_in_one_step(own: Own) -> None:
    own.directory.ingest(source(), rows(listing("a", payment=("free",)), listing("b")))
    page = own.pages.find(near="60601", need="depression", language="es", payment="free")
    assert page.form("Search without “Spanish”") == {"near": ["60601"], "need": ["depression"], "payment": ["free"]}
    assert "Example Practice a" in own.pages.find(**page.form("Search without “Spanish”")).main


def test_the_next_page_is_a_button_that_keeps_the_search_out_of_the_address(own: Own) -> None:
    own.directory.ingest(source(), rows(*(listing(f"n{number:02}") for number in range(23))))
    seen: list[str] = []
    page = own.pages.find(near="60601", need="depression")
    while True:
        seen.extend(link for link in page.links if link.startswith("/resources/"))
        if not any(words(each) == "Show more near you" for each in page.all("button")):
            break
        page = own.pages.find(**page.form("Show more near you"))
    assert len(seen) == len(set(seen)) == 23


def test_what_is_closer_but_covers_less_stands_beside_the_first(own: Own) -> None:
    near = listing("near", needs=("depression",))
    far = listing("far", city="Kenosha", region="WI", postal_code="53140", point=None, address_1="2 Example Road")
    own.directory.ingest(source(), rows(near, far))
    page = own.pages.find(near="60601", need=["depression", "anxiety"], radius_km="160")
    assert any(card.startswith("Closer, covers 1 of 2 Example Practice near") for card in page.cards())


def test_crisis_pages_lead_with_the_emergency_number_and_let_you_choose_a_country(shipped: Checked) -> None:
    page = shipped.get("/crisis")
    assert page.main.index("Call 911") < page.main.index("Call 988")
    assert "What happens if I call?" in page.main
    talk, refer = page.main.split("These do not talk you through a crisis")
    assert "Veterans Crisis Line" in talk and "SAMHSA National Helpline" in refer
    countries = [link for link in page.links if re.fullmatch(r"/crisis/[A-Z]{2}", link)]
    assert len(countries) >= 240
    britain = shipped.get("/crisis/GB")
    assert "Call 999" in britain.main and "116 123" in britain.main and "988" not in britain.text
    moved = shipped.client.get("/crisis/gb")
    assert (moved.status_code, moved.location) == (301, "/crisis/GB")


def test_every_countrys_crisis_page_answers_with_its_own_numbers(shipped: Checked) -> None:
    countries = [link for link in shipped.get("/crisis").links if re.fullmatch(r"/crisis/[A-Z]{2}", link)]
    for number, link in enumerate(countries):
        answer = shipped.client.get(link)
        assert answer.status_code == 200
        assert 'href="tel:' in answer.text
        assert "tel:988" not in answer.text or link in {"/crisis/US", "/crisis/CA"} | TERRITORIES
        if number % 10 == 0:
            check(answer)


def test_about_names_sources_dates_terms_and_credits(shipped: Checked) -> None:
    main = shipped.get("/about").main
    for phrase in (
        "GeoNames",
        "CC BY 4.0",
        "SAMHSA",
        "Retrieved: 19 May 2022",
        "Not re-checked means",
        "Public domain",
        "no cookies",
    ):
        assert phrase.lower() in main.lower()


def test_a_default_country_may_be_set(
    shipped_database: Path, vocabulary: Vocabulary, gazetteer: Gazetteer, crisis_book: CrisisBook
) -> None:
    client = Checked(site_on(shipped_database, vocabulary, gazetteer, crisis_book, country="IE").test_client())
    assert "Ireland: talk to someone now" in words(client.get("/").one("aside"))
    assert Config(country="IE").country == "IE"


def test_every_number_and_line_in_the_files_makes_a_card_and_an_answer(
    crisis_book: CrisisBook, vocabulary: Vocabulary
) -> None:
    now = datetime.now(UTC)
    for country in crisis_book.numbers:
        assert strip.of(crisis_book, country, country, now).emergency is not None
        for line in crisis_book.matches(country, now):
            assert cards.card(line, vocabulary, country).ways
            assert schemas.match(line).name


def test_what_to_say_and_ask_names_what_was_searched(shipped: Checked) -> None:
    text = shipped.find(near="60601", need=["depression", "alcohol"]).main
    assert "“I am looking for help with depression, drinking. Can you help me, or tell me who can?”" in text
    assert "Do you treat depression together with drinking, with one team?" in text
    assert "Programs that treat both at once come first" in text
    assert "Do you treat depression?" in shipped.find(near="60601", need=["depression"]).main


def test_a_filter_says_how_many_places_it_leaves(shipped: Checked) -> None:
    page = shipped.find(near="60601", need=["depression"])
    [medicaid] = [words(each) for each in page.all("label") if words(each).startswith("Medicaid")]
    [found] = re.findall(r"\((\d+)\+?\)", medicaid)
    narrowed = shipped.find(near="60601", need=["depression"], payment=["medicaid"], limit="100")
    near = re.search(r"(\d+) places near you", words(narrowed.one("p", role="status")))
    assert near is not None and int(near[1]) == int(found) > 0


def test_guides_fit_the_search_and_kratom_has_its_own(shipped: Checked) -> None:
    assert "/topics/kratom" in shipped.find(need=["kratom"]).links
    assert "/topics/depression-and-anxiety" in shipped.find(need=["depression", "anxiety"]).links


@pytest.mark.parametrize(("hour", "first"), [(2, "awake"), (12, "nearby")])
def test_at_night_what_is_open_by_phone_stands_before_closed_doors(
    own: Own, vocabulary: Vocabulary, gazetteer: Gazetteer, crisis_book: CrisisBook, hour: int, first: str
) -> None:
    nowhere: dict[str, Any] = dict.fromkeys(("address_1", "postal_code", "city", "region", "point"))
    own.directory.ingest(source(), rows(
        listing("door", hours="Mo-Fr 14:00-17:00", timezone="America/Chicago"),
        listing("warm", kind=Kind.SUPPORT_GROUP, name="Warm line", service_area=("US",), hours="24/7", **nowhere),
    ))  # fmt: skip
    searcher = Searcher(own.directory.database, vocabulary, gazetteer, crisis_book)
    site = Site(Config(), searcher, {})
    asked = Asked({"near": ("60601",), "need": ("depression",)})
    at = datetime(2026, 9, 7, hour, tzinfo=ZoneInfo("America/Chicago"))
    page = results.page(site, asked, searcher.search(asked.query(vocabulary, at)))
    assert [card.name for card in page.awake] == (["Warm line"] if first == "awake" else [])
    assert [card.name for card in page.remote] == ([] if first == "awake" else ["Warm line"])


@pytest.mark.parametrize("path", ["/", "/crisis/US", "/about", "/es/", "/topics/kratom"])
def test_a_page_that_has_not_changed_is_not_sent_again(shipped_site: Any, path: str) -> None:
    client = shipped_site.test_client()
    first = client.get(path, headers={"Accept-Encoding": "gzip"})
    again = client.get(path, headers={"Accept-Encoding": "gzip", "If-None-Match": first.headers["ETag"]})
    assert (first.status_code, again.status_code, again.data) == (200, 304, b"")
    assert again.headers["Content-Security-Policy"] == first.headers["Content-Security-Policy"]


def test_the_answer_to_a_search_has_no_tag_that_could_tell_it_apart(shipped_site: Any) -> None:
    client = shipped_site.test_client()
    assert "ETag" not in client.post("/find", data={"near": "Chicago, IL"}).headers
    assert "ETag" not in client.get("/find?near=Chicago").headers
