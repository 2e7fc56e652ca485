"""The page of one resource: everything known, with dates and sources, and nothing that must stay hidden."""

import re
from datetime import date

import pytest
from checked import Own
from factories import listing, rows, source

from directory.records import Kind, Status

pytest_plugins = ["sites"]


def test_a_resource_page_tells_everything_with_its_source(own: Own) -> None:
    own.directory.ingest(
        source(),
        rows(
            listing(
                "full",
                description="A plain description.",
                hours="Mo-Fr 09:00-17:00",
                timezone="America/Chicago",
                payment=("medicaid",),
                audiences=("veterans",),
                minimum_age=18,
                approaches=("talk_therapy",),
                accepting_new=False,
                email="hello@example.org",
                url="https://example.org/",
                source_url="https://example.org/source",
                languages=("en", "es"),
            )
        ),
    )
    page = own.pages.get("/resources/1")
    for phrase in (
        "A plain description.",
        "Call (202) 555-0142",
        "They say they help with: Depression; Anxiety",
        "Mon–Fri 9:00–17:00 (Chicago time)",
        "Medicaid",
        "18 and up",
        "Veterans and service members",
        "Not taking new people now",
        "English; Spanish",
        "Website",
        "Email hello@example.org",
        "Checked 1 Sep 2026 by Example checker",
        "Example source example, 1 Sep 2026",
        "Being listed is no proof of a license",
    ):
        assert phrase in page.main, phrase
    assert {"tel:+12025550142", "https://example.org/source", "mailto:hello@example.org"} <= set(page.links)


def test_care_is_shown_in_its_parts_and_what_is_not_named_says_ask(own: Own) -> None:
    own.directory.ingest(source(), rows(listing(approaches=("cbt", "medication_management", "twelve_step"))))
    text = own.pages.get("/resources/1").main
    assert "Talking CBT (learn to change thoughts and habits)" in text
    assert "Medicine Medication from a doctor or nurse" in text
    assert "People who have been there 12-step" in text
    assert "Daily life Not named here: ask" in text


def test_a_confidential_place_shows_its_city_alone(own: Own) -> None:
    hidden = listing("shelter", needs=("domestic_violence",), confidential_location=True, address_1="12 Marker Lane")
    own.directory.ingest(source(), rows(hidden))
    page = own.pages.get("/resources/1")
    assert "Chicago, IL (the address is kept private)" in page.main
    found = own.pages.find(near="Chicago, IL", need="domestic_violence")
    for text in (page.response.text, found.response.text):
        assert not re.search(r"Marker|41\.88|-87\.61", text)


def test_merged_listings_are_shown_programme_by_programme_and_the_old_address_leads_there(own: Own) -> None:
    same = {"name": "Example Center", "address_1": "5 Example Street", "identifiers": ("frid:1",)}
    own.directory.ingest(source("one"), rows(listing("a", needs=("depression",), **same)))
    own.directory.ingest(
        source("two"), rows(listing("b", needs=("alcohol",), **{**same, "identifiers": ()}, address_2="Suite 9"))
    )
    assert own.pages.get("/resources/2").status == 200
    own.directory.ingest(source("two"), rows(listing("b", needs=("alcohol",), **same)))
    moved = own.pages.client.get("/resources/2")
    assert (moved.status_code, moved.location) == (301, "/resources/1")
    page = own.pages.get("/resources/1")
    assert "Programs here" in page.main
    assert "Says it helps with Depression" in page.main
    assert "Says it helps with Drinking" in page.main


@pytest.mark.parametrize(
    ("changes", "phrase"),
    [
        ({"status": Status.CLOSED}, "This has closed."),
        ({"status": Status.TEMPORARILY_CLOSED}, "Closed for some time."),
        ({"status": Status.REPLACED, "replaced_by": "Example Line"}, "This was replaced by Example Line."),
        ({"last_checked": None, "checked_by": None}, "Nobody has re-checked this"),
        ({"last_checked": date(2022, 1, 1)}, "2022 data, call first"),
    ],
)
def test_what_takes_nobody_or_is_old_says_so_plainly(own: Own, changes: dict, phrase: str) -> None:
    own.directory.ingest(source(), rows(listing("one", **changes)))
    assert phrase in own.pages.get("/resources/1").main


def test_hostile_text_stays_text_and_hostile_links_are_dropped(own: Own) -> None:
    hostile = '<script>alert(1)</script> "><img src=x onerror=y> {{7*7}}'
    own.directory.ingest(
        source(name=hostile),
        rows(
            listing(
                "one",
                name=hostile,
                description=hostile,
                url="javascript:alert(1)",
                chat_url="//evil.example/",
                source_url="data:text/html,x",
                organization="x" * 300,
                checked_by=hostile,
                eligibility=hostile,
            )
        ),
    )
    for page in (own.pages.get("/resources/1"), own.pages.find(near="60601"), own.pages.get("/about")):
        assert page.status == 200
        assert not any(link.startswith(("javascript:", "data:", "//")) for link in page.links)
    assert hostile in own.pages.get("/resources/1").main


def test_a_text_line_has_no_call_button(own: Own) -> None:
    line = listing(
        "t",
        kind=Kind.SUPPORT_GROUP,
        phone=None,
        sms="741741",
        sms_keyword="HOME",
        address_1=None,
        city=None,
        region=None,
        postal_code=None,
        point=None,
        formats=("text",),
        service_area=("US",),
    )
    own.directory.ingest(source(), rows(line))
    (card,) = [each for each in own.pages.find(need="depression").cards() if "Example Practice t" in each]
    assert "Text HOME to 741741" in card
    assert "Call" not in card
