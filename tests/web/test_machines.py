"""What machines read: schema.org on the page of a resource, sitemaps, and what search engines are kept out of."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import pytest
from checked import Checked, Own, words
from factories import listing, rows, source

from directory.records import Point, without_door

pytest_plugins = ["sites"]
PLACE = "{http://www.sitemaps.org/schemas/sitemap/0.9}"


def linked_data(pages: Checked, path: str) -> dict[str, object]:
    [script] = [each for each in pages.get(path).all("script") if each.get("type") == "application/ld+json"]
    found: dict[str, object] = json.loads(script.text or "")
    return found


def test_a_resource_is_told_as_its_page_tells_it(own: Own) -> None:
    own.directory.ingest(source(), rows(listing(name="</script> & Co", point=Point(41.88, -87.63))))
    found = linked_data(own.pages, "/resources/1")
    thing = found["mainEntity"]
    assert isinstance(thing, dict)
    assert (found["url"], thing["@type"], thing["name"]) == (
        "http://localhost/resources/1", "MedicalBusiness", "</script> & Co",
    )  # fmt: skip
    assert thing["geo"] == {"@type": "GeoCoordinates", "latitude": 41.88, "longitude": -87.63}


def test_a_confidential_place_has_neither_street_nor_position(own: Own) -> None:
    own.directory.ingest(source(), rows(without_door(listing(address_1="12 Hidden Lane"))))
    thing = linked_data(own.pages, "/resources/1")["mainEntity"]
    assert isinstance(thing, dict) and "geo" not in thing and "streetAddress" not in thing["address"]


def test_every_page_and_every_resource_is_in_a_sitemap_in_every_language(shipped: Checked) -> None:
    index = ElementTree.fromstring(shipped.client.get("/sitemap.xml").data)
    files = [each.text or "" for each in index.iter(f"{PLACE}loc")]
    assert files[0] == "http://localhost/sitemaps/0.xml"
    found = [
        each.text or ""
        for file in files
        for each in ElementTree.fromstring(shipped.client.get(file.removeprefix("http://localhost")).data).iter(
            f"{PLACE}loc"
        )
    ]
    assert {"http://localhost/", "http://localhost/topics/kratom", "http://localhost/resources/1"} <= set(found)
    assert len(found) == len(set(found)) > 4000
    assert 'hreflang="es" href="http://localhost/es/about"' in shipped.client.get("/sitemaps/0.xml").get_data(
        as_text=True
    )


@pytest.mark.parametrize("number", ["999999", "9" * 30])
def test_a_sitemap_that_is_not_there_is_a_404(shipped: Checked, number: str) -> None:
    assert shipped.client.get(f"/sitemaps/{number}.xml").status_code == 404


def test_a_page_names_itself_in_every_language_and_results_name_nothing(shipped: Checked) -> None:
    links = {(each.get("rel"), each.get("hreflang")): each.get("href") for each in shipped.get("/es/about").all("link")}
    assert links["canonical", None] == "http://localhost/es/about"
    assert links["alternate", "en"] == "http://localhost/en/about"
    assert links["alternate", "x-default"] == "http://localhost/about"
    results = shipped.get("/find?near=60601&need=panic")
    assert not [each for each in results.all("link") if each.get("rel") in {"canonical", "alternate"}]
    assert [each.get("content") for each in results.all("meta", name="robots")] == ["noindex"]


def test_robots_keep_out_of_searches_and_find_the_sitemap(shipped: Checked) -> None:
    said = shipped.client.get("/robots.txt").get_data(as_text=True)
    assert "Disallow: /find\n" in said and said.endswith("Sitemap: http://localhost/sitemap.xml\n")


def test_every_page_describes_itself(shipped: Checked) -> None:
    for path in ("/", "/crisis", "/topics", "/topics/kratom", "/about", "/resources/1"):
        [description] = [each.get("content") or "" for each in shipped.get(path).all("meta", name="description")]
        assert len(description) > 20 and words(shipped.get(path).one("h1"))
