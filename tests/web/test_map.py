"""The map: an extra that nothing depends on, loaded only when asked for, and never more exact than the list."""

from __future__ import annotations

import gzip
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

import pytest
from browsing import FLAGS
from checked import Checked, Own, site_on
from conftest import missing
from factories import listing, rows, source
from flask import Flask
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright
from werkzeug.serving import make_server

from directory.config import Config
from directory.crisis import CrisisBook
from directory.errors import BadSetting
from directory.geocoding import Gazetteer
from directory.needs import Vocabulary
from directory.records import Place, Point
from directory.web import spots
from directory.web.headers import policy
from directory.web.site import STATIC

pytest_plugins = ["sites"]

TILES = {"map_tiles": "https://tiles.example.org/{z}/{x}/{y}.png", "map_tiles_credit": "Example <b>& others</b>"}
DOOR = {"latitude": 41.88581, "longitude": -87.61809, "precision": "source", "confidential_location": False}


# --- where a place is drawn


@pytest.mark.parametrize(
    ("changes", "drawn"),
    [
        ({}, spots.Spot("41.8858,-87.6181")),
        ({"precision": "address"}, spots.Spot("41.8858,-87.6181")),
        ({"precision": "postal_code"}, spots.Spot("41.89,-87.62", 3)),
        ({"precision": "city"}, spots.Spot("41.89,-87.62", 8)),
        ({"precision": "city", "confidential_location": True}, spots.Spot("41.89,-87.62", 8)),
        ({"confidential_location": True}, None),
        ({"latitude": None, "longitude": None}, None),
        ({"latitude": 0.0, "longitude": 0.0}, spots.Spot("0.0,0.0")),
    ],
)
def test_a_door_is_a_pin_and_anything_less_is_an_area(changes: dict, drawn: spots.Spot | None) -> None:
    assert spots.spot({**DOOR, **changes}) == drawn


def test_the_place_searched_is_drawn_unless_it_is_a_country() -> None:
    city = Place("Chicago, IL", "US", "IL", Point(41.85, -87.65), "city")
    assert spots.of_search(city, "US") == spots.Drawn(spots.Spot("41.85,-87.65"), "mi")
    assert spots.of_search(Place("Spain", "ES", None, Point(40.0, -4.0), "country"), "ES").spot is None
    assert spots.of_search(None, "ES") == spots.Drawn(None, "km")


def test_the_list_says_where_its_places_are_and_the_other_lists_do_not(own: Own) -> None:
    own.directory.ingest(
        source(),
        rows(
            listing("door", point=Point(41.8858, -87.6181)),
            listing("postcode", point=None, address_1=None),
            listing("city", point=None, address_1=None, postal_code=None),
            listing("hidden", point=Point(41.9999, -87.9999), confidential_location=True),
            listing(
                "online",
                formats=("phone",),
                service_area=("US",),
                point=None,
                address_1=None,
                city=None,
                postal_code=None,
            ),
        ),
    )
    page = own.pages.find(near="Chicago, IL", need="depression")
    drawn = {
        card.find(".//h3/a").text: (card.get("data-at"), card.get("data-km"))
        for card in page.classed("card")
        if card.get("data-at")
    }
    assert drawn["Example Practice door"] == ("41.8858,-87.6181", None)
    assert drawn["Example Practice postcode"][1] == "3"
    assert drawn["Example Practice city"] == drawn["Example Practice hidden"] == ("41.85,-87.65", "8")
    assert len(drawn) == 4
    assert not re.search(r"41\.99|87\.99", page.response.text)
    box = page.one("div", id="map")
    assert box.get("hidden") is not None, "without a script there is no button"
    assert box.get("data-unit") == "mi" and box.get("data-at") and box.get("data-from") == "/en/map.json"


def test_no_place_near_no_map(own: Own) -> None:
    for page in (own.pages.find(near="60601"), own.pages.find(need="depression"), own.pages.get("/")):
        assert page.all("div", id="map") == []
        assert not any("map" in (script.get("src") or "") for script in page.all("script"))


def test_what_the_map_asks_for_says_nothing_of_the_search_and_comes_in_each_language(shipped: Checked) -> None:
    english = shipped.client.get("/en/map.json").get_json()
    assert english.keys() == {"leaflet", "styles", "drawing", "tiles", "outlines", "words"}
    assert english["tiles"] == "" and len(english["outlines"]) == 2
    assert "Natural Earth" in english["words"]["credit"]
    for address in [english["leaflet"], english["drawing"], *english["styles"], *english["outlines"]]:
        answer = shipped.client.get(address, headers={"Accept-Encoding": "gzip"})
        assert answer.status_code == 200 and answer.headers["Content-Encoding"] == "gzip"
        assert "immutable" in answer.headers["Cache-Control"]
    assert shipped.client.get("/es/map.json").status_code == 200


# --- pictures from a host of the operator's


def test_tiles_let_in_their_host_alone_and_the_page_says_so(
    shipped_database: Path, vocabulary: Vocabulary, gazetteer: Gazetteer, crisis_book: CrisisBook
) -> None:
    client = site_on(shipped_database, vocabulary, gazetteer, crisis_book, **TILES).test_client()
    page = Checked(client).find(near="60601", need="depression")
    assert "img-src 'self' https://tiles.example.org;" in page.response.headers["Content-Security-Policy"]
    assert "The pictures come from tiles.example.org." in page.main
    asked = client.get("/en/map.json").get_json()
    assert (asked["tiles"], asked["outlines"]) == (TILES["map_tiles"], [])
    assert asked["words"]["credit"] == TILES["map_tiles_credit"]
    card = next(card for card in page.classed("card") if card.get("data-at"))
    resource = Checked(client).get(card.find(".//h3/a").get("href"))
    assert resource.one("div", id="map").get("data-at") == card.get("data-at")


def test_without_tiles_the_policy_names_no_host(shipped: Checked) -> None:
    sent = shipped.get("/").response.headers["Content-Security-Policy"]
    assert sent == policy() and "http" not in sent and "script-src 'self';" in sent


@pytest.mark.parametrize(
    "address",
    [
        "http://tiles.example.org/{z}/{x}/{y}.png",
        "https://tiles.example.org/{z}/{x}.png",
        "https://{s}.tiles.example.org/{z}/{x}/{y}.png",
        "https://tiles.example.org; script-src *//{z}/{x}/{y}.png",
        "https://tiles.example.org https://other.example.org/{z}/{x}/{y}.png",
        "https://me:secret@tiles.example.org/{z}/{x}/{y}.png",
        "https://tiles.example.org/{z}/{x}/{y}/{key}.png",
    ],
)
def test_an_address_that_is_no_tile_address_is_refused(address: str) -> None:
    with pytest.raises(BadSetting, match="DIRECTORY_MAP_TILES is"):
        Config(map_tiles=address, map_tiles_credit="Example")


def test_tiles_want_a_credit() -> None:
    with pytest.raises(BadSetting, match="DIRECTORY_MAP_TILES_CREDIT"):
        Config(map_tiles=TILES["map_tiles"])
    assert Config(**{**TILES, "map_tiles": "https://tiles.example.org:8443/{z}/{x}/{y}{r}.png"}).map_tiles_host == (
        "tiles.example.org:8443"
    )


# --- in a browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        missing("Chromium")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def address(shipped_site: Flask) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, shipped_site, threaded=True)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()


# The static files of a page of results, and those the map adds.
OF_THE_PAGE = ("site.css", "icons.svg", "favicon.svg", "search.js", "exit.js", "locate.js", "map.js")
OF_THE_MAP = (
    "leaflet/leaflet.js",
    "leaflet/leaflet.css",
    "map/map.css",
    "map/drawing.js",
    "map/world.json",
    "map/us.json",
)


class Seen:
    """A page, and everything it asked for and complained about."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.asked: list[str] = []
        self.complaints: list[str] = []
        page.on("request", lambda request: self.asked.append(request.url))
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def find(self, near: str = "60601", *, shown: bool = True) -> Page:
        """Search by the form, and press "Show map"."""
        self.page.goto("/")
        self.page.get_by_label("Where are you?").fill(near)
        self.page.get_by_label("What are you going through?").fill("depression")
        self.page.get_by_role("button", name="Find help").click()
        if shown:
            self.page.get_by_role("button", name="Show map").click()
            self.page.locator(".map-place").first.wait_for()
        return self.page


@pytest.fixture(params=[(320, "light"), (1280, "dark")], ids=["320px-light", "1280px-dark"])
def seen(request: pytest.FixtureRequest, browser: Browser, address: str) -> Iterator[Seen]:
    width, scheme = request.param
    context = browser.new_context(
        viewport={"width": width, "height": 568 if width == 320 else 900},
        color_scheme=scheme,
        base_url=address,
        reduced_motion="reduce",
    )
    opened = Seen(context.new_page())
    yield opened
    assert {urlsplit(url).netloc for url in opened.asked} == {urlsplit(address).netloc}, "no other host is asked"
    assert opened.complaints == [], "no error and no breach of the content policy"
    assert context.cookies() == []
    context.close()


def cards(page: Page) -> Locator:
    return page.locator("li[data-at]")


def shown(page: Page) -> list[str]:
    """The names of what the map shows, in the order of the list."""
    labels = [sign.get_attribute("aria-label") for sign in page.locator(".map-place").all()]
    return sorted(
        (each for label in labels for each in re.split(r"; (?=\d+: )", label)), key=lambda each: int(each.split(":")[0])
    )


def test_without_a_script_there_is_no_button_and_the_list_is_whole(browser: Browser, address: str) -> None:
    context = browser.new_context(base_url=address, java_script_enabled=False)
    page = Seen(context.new_page()).find(shown=False)
    assert cards(page).count() == 10
    assert not page.get_by_text("Show map").is_visible()
    context.close()


def test_nothing_of_the_map_is_loaded_before_it_is_asked_for(seen: Seen) -> None:
    page = seen.find(shown=False)
    page.wait_for_load_state("networkidle")
    files = {urlsplit(url).path for url in seen.asked}
    assert files <= {"/", "/find"} | {f"/static/{name}" for name in OF_THE_PAGE}
    page.get_by_role("button", name="Show map").click()
    page.locator(".map-place").first.wait_for()
    later = {urlsplit(url).path for url in seen.asked} - files
    assert later == {"/en/map.json"} | {f"/static/{name}" for name in OF_THE_MAP}, (
        "and then the same files for everybody: no picture, nothing of the search"
    )


def test_the_page_without_map_weighs_at_most_60_kb_and_the_map_140(shipped: Checked) -> None:
    def weight(name: str) -> int:
        return len(gzip.compress((STATIC / name).read_bytes(), 6))

    page = shipped.find(near="60601", need="depression")
    assert len(gzip.compress(page.response.data, 6)) + sum(map(weight, OF_THE_PAGE)) <= 60 * 1024
    assert sum(map(weight, OF_THE_MAP)) <= 140 * 1024


def test_the_map_shows_every_place_of_the_list_with_its_distance(seen: Seen) -> None:
    page = seen.find()
    wanted = [
        f"{number}: {card.locator('h3 a').inner_text()}, {card.locator('.kind b').inner_text()}"
        for number, card in enumerate(cards(page).all(), start=1)
    ]
    assert len(wanted) == 10
    assert [re.sub(r"\s+", " ", each) for each in shown(page)] == [re.sub(r"\s+", " ", each) for each in wanted]
    region = page.get_by_role("region", name="Map of the places in the list")
    expect(region).to_be_visible()
    assert page.get_by_role("img", name="Where you searched").count() == 1
    box = page.locator("body").bounding_box()
    assert box is not None and box["width"] <= page.viewport_size["width"]
    for sign in page.locator(".map-place").all():
        size = sign.bounding_box()
        assert size is not None and min(size["width"], size["height"]) >= 44
    assert page.locator("main").inner_text().count("Natural Earth") == 1


def test_what_is_known_roughly_is_an_area_and_never_a_pin(seen: Seen) -> None:
    page = seen.find()
    rough = {n for n, card in enumerate(cards(page).all(), start=1) if card.get_attribute("data-km")}
    assert rough and len(rough) < 10

    def numbers(name: str) -> set[int]:
        labels = [sign.get_attribute("aria-label") for sign in page.locator(f".map-place.{name}").all()]
        return {int(number) for label in labels for number in re.findall(r"(?:^|; )(\d+): ", label)}

    assert numbers("map-rough") == rough
    assert numbers("map-pin") == set(range(1, 11)) - rough
    centres = {card.get_attribute("data-at") for card in cards(page).all() if card.get_attribute("data-km")}
    assert page.locator("path.map-area").count() == len(centres)
    assert "Somewhere in this area" in page.locator(".map-legend").inner_text()


def test_an_entry_shows_its_place_and_a_place_leads_to_its_entry(seen: Seen) -> None:
    page = seen.find()
    last = cards(page).nth(9)
    last.locator("h3 a").focus()
    marked = page.locator(".map-place.chosen")
    expect(marked).to_have_count(1)
    assert "10: " in marked.get_attribute("aria-label")
    expect(last).to_have_class(re.compile("chosen"))
    last.get_by_role("button", name="On the map: 10").click()
    expect(marked).to_be_focused()
    expect(marked).to_be_in_viewport()
    single = next(s for s in page.locator(".map-place").all() if "; " not in s.get_attribute("aria-label"))
    number = int(single.get_attribute("aria-label").split(":")[0])
    single.focus()
    page.keyboard.press("Enter")
    card = cards(page).nth(number - 1)
    expect(card.locator("h3 a")).to_be_focused()
    expect(card).to_have_class(re.compile("chosen"))
    expect(card.locator("h3 a")).to_be_in_viewport()


def test_places_on_one_spot_are_listed_and_escape_closes_the_list(seen: Seen) -> None:
    page = seen.find()
    several = next(s for s in page.locator(".map-place").all() if "; " in s.get_attribute("aria-label"))
    label = several.get_attribute("aria-label")
    several.focus()
    page.keyboard.press("Enter")
    entries = page.locator(".map-list button")
    assert "; ".join(entries.all_inner_texts()) == re.sub(r"\s+", " ", label)
    expect(entries.first).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator(".map-list")).to_have_count(0)
    expect(page.locator(f'.map-place[aria-label="{label}"]')).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    number = int(label.split("; ")[1].split(":")[0])
    expect(cards(page).nth(number - 1).locator("h3 a")).to_be_focused()


def test_arrows_move_the_map_also_from_a_place(seen: Seen) -> None:
    page = seen.find()
    for held in (page.locator(".map-view"), page.locator(".map-place").first):
        held.focus()
        before = page.locator(".leaflet-map-pane").evaluate("each => each.style.transform")
        page.keyboard.press("ArrowRight")
        page.wait_for_function(
            "before => document.querySelector('.leaflet-map-pane').style.transform !== before", arg=before
        )


def test_zooming_in_takes_places_apart(seen: Seen) -> None:
    page = seen.find()
    before, signs = shown(page), page.locator(".map-place").count()
    for _ in range(3):
        page.get_by_role("button", name="Zoom in").click()
    assert page.locator(".map-place").count() > signs
    assert shown(page) == before


def test_hiding_the_map_leaves_the_list_as_it_was(seen: Seen) -> None:
    page = seen.find()
    page.get_by_role("button", name="Hide map").click()
    assert not page.locator(".map-view").is_visible()
    assert page.get_by_role("button", name="On the map").count() == 0
    button = page.get_by_role("button", name="Show map")
    assert button.get_attribute("aria-expanded") == "false"
    cards(page).first.locator("h3 a").focus()
    assert page.locator(".card.chosen").count() == 0
    button.click()
    expect(page.locator(".map-view")).to_be_visible()


def test_a_map_that_does_not_load_says_so_and_can_be_asked_for_again(browser: Browser, address: str) -> None:
    context = browser.new_context(base_url=address)
    page = Seen(context.new_page()).find(shown=False)
    page.get_by_role("button", name="Show map").wait_for()
    context.set_offline(True)
    page.get_by_role("button", name="Show map").click()
    expect(page.get_by_text("The map did not load. All the places are in the list.")).to_be_visible()
    context.set_offline(False)
    page.get_by_role("button", name="Show map").click()
    page.locator(".map-place").first.wait_for()
    assert not page.get_by_text("The map did not load.").is_visible()
    context.close()
