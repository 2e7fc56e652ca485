"""A number in a listing rings, or the row is refused."""

import csv
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from directory import phones
from directory.config import shipped_folder
from directory.records import Phone


@pytest.mark.parametrize(
    ("text", "country", "phone"),
    [
        ("1-800-662-4357", "US", Phone("+18006624357")),
        ("(02) 8893-7603", "PH", Phone("+63288937603")),
        ("+44 20 7946 0958", "GB", Phone("+442079460958")),
        ("tel:+1-800-662-4357;ext=115", "US", Phone("+18006624357", extension="115")),
        ("116 123", "GB", Phone("116123")),
        ("988", "US", Phone("988")),
        ("741741", "US", Phone("741741")),
        ("*4141", "CL", Phone("*4141")),
        ("988 press 1", "US", Phone("988", press="1")),
        ("988, then press 2", "US", Phone("988", press="2")),
        ("119 ext 8", "ID", Phone("119", extension="8")),
        ("800-662-4357x115", "US", Phone("+18006624357", extension="115")),
        ("800-662-4357 extension 115", "US", Phone("+18006624357", extension="115")),
        ("800.662.HELP (4357)", "US", Phone("+18006624357")),
        ("800-273-8255 (TALK)", "US", Phone("+18002738255")),
        ("1-800-273-TALK", "US", Phone("+18002738255")),
        ("1-800-4CANCER", "US", Phone("+18004226237")),
        ("888-NEW-LIFE", "JM", Phone("+18886395433")),
        ("13YARN", "AU", Phone("+61139276")),
        ("4357 (HELP)", "NZ", Phone("4357")),
        ("0800/1110111", "DE", Phone("+498001110111")),
        ("787-765-2929", "US", Phone("+17877652929")),
        ("８００–６６２–４３５７", "US", Phone("+18006624357")),
        ("٨٠٠٦٦٢٤٣٥٧", "US", Phone("+18006624357")),
        ("000", "AU", Phone("000")),
        # Short codes libphonenumber knows only the length of, or not even that, and its short pattern for Samoa.
        ("111", "VN", Phone("111")),
        ("116 123", "LV", Phone("116123")),
        ("14416", "IN", Phone("14416")),
        ("1056", "GR", Phone("1056")),
        ("5626", "FJ", Phone("5626")),
        ("203", "LC", Phone("203")),
        ("800-5433", "WS", Phone("+6858005433")),
    ],
)
def test_a_number_is_read_as_people_of_its_country_write_it(text: str, country: str, phone: Phone) -> None:
    assert phones.dialable(text, country) == phone


@pytest.mark.parametrize(
    ("text", "country", "reason"),
    [
        ("ring us", "US", "is not a phone number"),
        ("ring us", "GB", "is not a phone number"),
        ("call 988", "US", "is not a phone number"),
        ("n/a", "US", "is not a phone number"),
        ("-", "US", "is not a phone number"),
        ("800-662-4357 ext", "US", "is not a phone number; write its letters as digits"),
        ("1800RESPECT", "AU", "is not a phone number; write its letters as digits"),
        ("98 abc", "IN", "is not a phone number; write its letters as digits"),
        ("8OO-273-8255", "US", "has the letter O where a digit belongs; write 800"),
        ("l-800-273-8255", "US", "has the letter l where a digit belongs; write 1"),
        (
            "800 662 4357 / 800 273 8255",
            "US",
            "is two numbers; write one, and put the other into the description",
        ),
        ("988 or 741741", "US", "is two numbers; write one, and put the other into the description"),
        ("800-662-4357 800-273-8255", "US", "is two numbers; write one, and put the other into the description"),
        ("116123", "US", "has too few digits for a number in US"),
        ("116123", "JP", "has too few digits for a number in JP"),
        ("999", "US", "has too few digits for a number in US"),
        ("000-000-0000", "US", "is not a number anybody can dial"),
        ("999999", "GB", "is not a number anybody can dial"),
        ("*67", "US", "is not a number anybody can dial"),
        ("1-800-000-0000", "US", "is not a number people in US can dial; check its digits"),
        ("212-555-0134", "GB", "is not a number people in GB can dial; check its digits"),
        ("020 7946 0958", "US", "has too many digits for a number in US"),
        ("312-555-010", "US", "has too few digits for a number in US"),
        ("555-0100", "US", "has no area code"),
        ("+44 20 7946 0958", "US", "is a number of another country (+44)"),
        ("9" * 100_000, "US", "is too long for a phone number (100 characters at most)"),
        ("8.00663E+09", "US", "is a number a spreadsheet damaged (8.00663E+09); write all ten digits"),
        ("8.00663E+09", "GB", "is a number a spreadsheet damaged (8.00663E+09); write all its digits"),
        ("8006624357.0", "US", "is a number a spreadsheet damaged (8006624357.0); write all ten digits"),
        ("+44116123", "GB", "is the short code 116123 dressed as an international number; write 116123"),
        ("+1 988", "US", "is the short code 988 dressed as an international number; write 988"),
        ("+63 1553", "PH", "is the short code 1553 dressed as an international number; write 1553"),
        ("1-988", "US", "is the short code 988 behind a 1, which does not ring; write 988"),
    ],
)
def test_what_nobody_can_dial_is_refused_with_the_reason(text: str, country: str, reason: str) -> None:
    with pytest.raises(ValueError) as refused:
        phones.dialable(text, country)
    assert str(refused.value) == reason


@pytest.mark.parametrize(
    ("phone", "country", "link", "words"),
    [
        (Phone("988"), "US", "tel:988", "988"),
        (Phone("988", press="1"), "US", "tel:988,,1", "988, then press 1"),
        (Phone("119", extension="8"), "ID", "tel:119,,8", "119 ext. 8"),
        (Phone("116123"), "GB", "tel:116123", "116 123"),
        (Phone("+18006624357", extension="115"), "US", "tel:+18006624357,,115", "1-800-662-4357 ext. 115"),
        (Phone("+13127445000"), "US", "tel:+13127445000", "(312) 744-5000"),
        (Phone("+442079460958"), "GB", "tel:+442079460958", "020 7946 0958"),
        (Phone("+442079460958"), "US", "tel:+442079460958", "+44 20 7946 0958"),
        (Phone("+61131114"), "AU", "tel:131114", "13 11 14"),
        (Phone("*4141"), "CL", "tel:*4141", "*4141"),
    ],
)
def test_a_number_is_linked_and_shown(phone: Phone, country: str, link: str, words: str) -> None:
    assert (phones.tel_href(phone), phones.display(phone, country)) == (link, words)


@pytest.mark.parametrize("name", ["crisis_lines.csv", "support_groups.csv", "therapists.csv", "treatment_programs.csv"])
def test_every_shipped_number_can_be_dialled_and_no_short_code_becomes_international(name: str) -> None:
    with (shipped_folder("data") / name).open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["phone"]]
    assert rows
    for row in rows:
        phone = phones.dialable(row["phone"], row["country"])
        assert phones.tel_href(phone).startswith("tel:"), row["id"]
        if len(phone.number) <= 6:
            assert phones.tel_href(Phone(phone.number)) == f"tel:{phone.number}"
        # What is shown is read back as the same number.
        assert phones.dialable(phones.display(phone, row["country"]), row["country"]) == phone, row["id"]


def test_a_number_to_text_stands_alone() -> None:
    assert phones.sms_number("678-678", "US") == "678678"
    assert phones.sms_number("0477 13 11 14", "AU") == "+61477131114"
    with pytest.raises(ValueError) as refused:
        phones.sms_number("988 press 1", "US")
    assert str(refused.value) == "cannot be texted; write the number alone, and the word to send into sms_keyword"


def test_a_text_link_carries_the_word_to_send() -> None:
    assert phones.sms_href("741741", "HOME") == "sms:741741?&body=HOME"
    assert phones.sms_href("741741", "NA INA & co") == "sms:741741?&body=NA%20INA%20%26%20co"
    assert phones.sms_href("741741", None) == "sms:741741"


@pytest.mark.parametrize(
    ("number", "fictional"), [("+13125550100", True), ("+13125550199", True), ("+13125550200", False)]
)
def test_numbers_kept_for_fiction_are_known(number: str, fictional: bool) -> None:
    assert phones.is_fictional(Phone(number)) is fictional


@pytest.mark.parametrize(
    ("number", "country", "emergency"),
    [("911", "US", True), ("999", "GB", True), ("988", "US", False), ("911", "ZZ", False)],
)
def test_emergency_numbers_are_those_of_the_country(number: str, country: str, emergency: bool) -> None:
    assert phones.is_emergency(number, country) is emergency


@given(
    st.text(alphabet="0123456789+-() .,;/xXpPOoIltel:*#ABC٣３\u202e\n", max_size=110),
    st.sampled_from(["US", "GB", "DE", "IN", "AU", "ZZ", ""]),
)
def test_any_cell_is_a_number_that_stays_itself_or_is_refused(text: str, country: str) -> None:
    try:
        phone = phones.dialable(text, country)
    except ValueError:
        return
    assert phones.dialable(phone.number, country) == Phone(phone.number)
    assert not phones.tel_href(phone).startswith("tel:+1988")
    assert phones.display(phone, country)


@pytest.mark.parametrize("piece", ["a", "1", "-", "(1", "x1", " press ", "１", "\u0301", "1/"])
def test_no_cell_takes_long(piece: str) -> None:
    for cell in (piece * 100_000, (piece * 50)[:100], (piece * 100)[:100]):
        seconds = []
        for _ in range(3):
            began = time.perf_counter()
            with pytest.raises(ValueError):
                phones.dialable(cell, "US")
            seconds.append(time.perf_counter() - began)
        assert min(seconds) < 0.05
