"""What the .toml beside a file says of its source."""

from datetime import date

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from directory.errors import UnreadableFile
from directory.importers.sources import Source, beside

WHOLE = """
publisher = "Example publisher"
name = "Example list of groups"
terms = "CC0"
url = "https://example.org/list"
retrieved = 2026-10-01
mode = "partial"
minimum_rows = 25
note = "Chosen by hand."
ignore = ["fax", "editor notes"]
"""


def test_the_toml_beside_a_file_says_whose_it_is(tmp_path):
    (tmp_path / "groups.toml").write_text(WHOLE, encoding="utf-8")
    assert beside(tmp_path / "groups.csv") == Source(
        key="groups",
        publisher="Example publisher",
        name="Example list of groups",
        terms="CC0",
        url="https://example.org/list",
        retrieved=date(2026, 10, 1),
        mode="partial",
        minimum_rows=25,
        note="Chosen by hand.",
        ignore=("fax", "editor notes"),
    )


def test_without_a_toml_nothing_is_made_up(tmp_path):
    assert beside(tmp_path / "groups.csv") == Source(
        key="groups",
        publisher="not stated",
        name="groups",
        terms="not stated",
        url=None,
        retrieved=None,
        mode="full",
        minimum_rows=0,
        note=None,
        ignore=(),
    )


def test_a_source_may_be_named_by_the_caller(tmp_path):
    (tmp_path / "october.toml").write_text('publisher = "Example publisher"', encoding="utf-8")
    assert beside(tmp_path / "october.csv", "groups") == Source("groups", "Example publisher", "groups")


def test_a_toml_may_name_its_source(tmp_path):
    (tmp_path / "october.toml").write_text('source = "groups"', encoding="utf-8")
    assert beside(tmp_path / "october.csv") == Source("groups", name="groups")
    assert beside(tmp_path / "october.csv", "other") == Source("other", name="other")


@pytest.mark.parametrize("text", ['retrieved = "2026-10-01"', "retrieved = 2026-10-01T08:00:00Z"])
def test_a_date_may_be_written_in_three_ways(tmp_path, text):
    (tmp_path / "groups.toml").write_text(text, encoding="utf-8")
    assert beside(tmp_path / "groups.csv").retrieved == date(2026, 10, 1)


@pytest.mark.parametrize(
    "text, words",
    [
        (
            'licence = "CC0"',
            "unknown key 'licence'; the keys are source, publisher, name, terms, url, retrieved, mode, minimum_rows, note, "
            "ignore",
        ),
        ('publishr = "x"', "unknown key 'publishr'; did you mean 'publisher'?"),
        ("publisher = 3", "publisher = '3' is not text; write it in quotes: \"...\""),
        ('publisher = " "', "publisher = ' ' has no visible characters"),
        ('mode = "whole"', 'mode = \'whole\' is not a mode; write "full" or "partial"'),
        ("mode = true", 'mode = \'True\' is not a mode; write "full" or "partial"'),
        ("minimum_rows = -1", "minimum_rows = '-1' is not a number of rows; write a whole number, 0 or more"),
        ("minimum_rows = true", "minimum_rows = 'True' is not a number of rows; write a whole number, 0 or more"),
        ("minimum_rows = 2.5", "minimum_rows = '2.5' is not a number of rows; write a whole number, 0 or more"),
        ('retrieved = "last May"', "retrieved = 'last May' is not a date; write 2026-08-31"),
        (
            'url = "javascript:alert(1)"',
            "url = 'javascript:alert(1)' is not a web address; it must begin with https:// or http://",
        ),
        ('ignore = "fax"', 'ignore = \'fax\' is not a list of column names; write ["fax", "editor notes"]'),
    ],
)
def test_a_value_that_cannot_be_used_is_named(tmp_path, text, words):
    (tmp_path / "groups.toml").write_text(text, encoding="utf-8")
    with pytest.raises(UnreadableFile) as refused:
        beside(tmp_path / "groups.csv")
    assert refused.value.message == f"groups.toml: {words}"


@pytest.mark.parametrize(
    "data, words",
    [
        (b"publisher = ", "groups.toml is not TOML: invalid value (at end of document)"),
        (b'publisher = "caf\xe9"', "groups.toml: the byte at offset 16 is not UTF-8; save it as UTF-8"),
        (b"a = " + b"[" * 100_000, "groups.toml is not TOML we can read"),
        (
            b"minimum_rows = 0x" + b"f" * 10_000,
            "groups.toml: minimum_rows = '...' is not a number of rows; write a whole number, 0 or more",
        ),
        (b"#" * 1_000_001, "groups.toml is too large (more than 1,000,000 bytes)"),
    ],
)
def test_a_toml_that_cannot_be_read_is_refused(tmp_path, data, words):
    (tmp_path / "groups.toml").write_bytes(data)
    with pytest.raises(UnreadableFile) as refused:
        beside(tmp_path / "groups.csv")
    assert refused.value.message == words


@pytest.mark.parametrize("key", ["", " ", "-x", "a\nb", "x" * 101])
def test_a_key_nobody_could_type_is_refused(tmp_path, key):
    with pytest.raises(UnreadableFile, match="cannot name a source"):
        beside(tmp_path / "groups.csv", key)


@settings(max_examples=200, deadline=None)
@given(data=st.one_of(st.binary(max_size=200), st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace"))))
@example(b"url = 1979-05-27")
def test_no_bytes_raise_anything_but_our_own_error(tmp_path_factory, data):
    folder = tmp_path_factory.getbasetemp()
    (folder / "any.toml").write_bytes(data)
    try:
        assert beside(folder / "any.csv").key == "any"
    except UnreadableFile as error:
        assert error.message.startswith("any.toml")
