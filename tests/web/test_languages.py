"""Every page in the language somebody reads: chosen by its address, or by the browser; no cookie remembers it."""

from __future__ import annotations

import string
import sys
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from checked import Checked, words

from directory.web.languages import FOLDER, NAMES

sys.path.append(str(Path(__file__).parents[2] / "scripts"))
import translations

pytest_plugins = ["sites"]

PAGES = [
    "/", "/crisis", "/crisis/US", "/about", "/resources/1", "/find?near=Bronx, NY&need=depression&need=alcohol&age=30",
    "/find?near=Springfield", "/find?near=Nowhereville", "/find?near=60601&need=kratom", "/find?neer=x", "/nothing",
    "/resources/1/wrong", "/resources/1/wrong/thanks",
]  # fmt: skip


@pytest.mark.parametrize("path", PAGES)
def test_a_page_speaks_the_language_of_its_address_and_leads_to_pages_that_do(path: str, shipped: Checked) -> None:
    page = shipped.get(f"/es{path}")
    assert page.response.headers["Vary"].count("Accept-Language") == 0
    for link in page.all("a"):
        href = link.get("href", "")
        if href.startswith("/") and not href.endswith((".vcf", ".ics")):
            assert href.startswith(("/es", "/en")), href
    assert "Directorio de apoyo" in words(page.one("title"))


def test_without_a_language_in_the_address_the_browser_chooses(shipped: Checked) -> None:
    answer = shipped.client.get("/about", headers={"Accept-Language": "es-MX,es;q=0.9,en;q=0.5"})
    assert "Sobre este directorio" in answer.get_data(as_text=True)
    assert "Accept-Language" in answer.headers["Vary"]
    assert "About this directory" in shipped.client.get("/about", headers={"Accept-Language": "de"}).get_data(
        as_text=True
    )


def test_another_language_keeps_the_search(shipped: Checked) -> None:
    page = shipped.get("/find?near=60601&need=panic&need=alcohol")
    [form] = [each for each in page.all("form") if each.get("lang") == "es"]
    sent = [(each.get("name"), each.get("value")) for each in form.iter("input")]
    assert form.get("action") == "/es/find"
    assert sent == [("near", "60601"), ("need", "panic"), ("need", "alcohol")]


def test_a_reason_its_distance_and_its_age_are_told_in_spanish(shipped: Checked) -> None:
    page = shipped.get("/es/find?near=Bronx, NY&need=depression&need=alcohol")
    text = words(page.one("main"))
    assert "Trata juntos la salud mental y el consumo de drogas o alcohol" in text
    assert "pregunta por depresión" in text
    assert "Datos de 2022, llama antes" in text
    assert "Cerca de The Bronx, NY." in text


def test_programs_are_answered_in_english(shipped: Checked) -> None:
    answer = shipped.client.get("/api/search?need=nonsense", headers={"Accept-Language": "es"})
    assert "is not a need we know" in answer.get_json()["error"]["message"]


@pytest.mark.parametrize("tag", [tag for tag in NAMES if tag != "en"])
def test_every_text_is_translated_with_the_same_things_filled_in(tag: str) -> None:
    folder = FOLDER / tag / "LC_MESSAGES"
    with (folder / "messages.po").open("rb") as file:
        catalogue = read_po(file, locale=tag)
    wanted = {message.id for message in translations.words() if message.id}
    assert wanted == {message.id for message in catalogue if message.id}, "run scripts/translations.py"
    for message in catalogue:
        if not message.id:
            continue
        for said, translated in zip(_texts(message.id), _texts(message.string), strict=True):
            assert translated, said
            assert _filled_in(translated) <= _filled_in(said) <= _filled_in(translated) | {"number"}, said
    assert (folder / "messages.mo").read_bytes() == translations.compiled(catalogue), "run scripts/translations.py"


def _texts(text: str | tuple[str, ...]) -> tuple[str, ...]:
    return text if isinstance(text, tuple) else (text,)


def _filled_in(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}
