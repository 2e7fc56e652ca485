"""What the .toml beside a file says of its source."""

import json
from datetime import date

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from directory.errors import UnreadableFile
from directory.importers import cell_pattern
from directory.importers.column_map import ColumnMap
from directory.importers.joined_files import Joined
from directory.importers.sources import KEYS, Source, beside

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
            "ignore, format, download, every_days, encoding, sheet, header_row, individuals, checked, values, columns, splits, "
            "joins, dates, prefixes, lookups, key, empty, join",
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
        (
            'download = "http://example.org/list.csv"',
            "download = 'http://example.org/list.csv' is not safe to fetch; it must begin with https://",
        ),
        ("every_days = 0", "every_days = '0' is not a number of days; write a whole number, 1 or more"),
        (
            "header_row = true",
            "header_row = 'True' is not the number of a row; write the row that names the columns, such as 3",
        ),
        ("individuals = 'yes'", "individuals = 'yes' is not true or false; write it without quotes"),
        ("checked = 2026-10-01", "checked names a day, and publisher is missing: say who checked"),
        ("values = 3", 'values is not a table; write [values] and under it kind = "support_group"'),
        ('[values]\nkindd = "x"', "values.kindd is no column of ours; did you mean 'kind'?"),
        ("[values]\nkind = [1]", "values.kind is not text; write it in quotes"),
        ("columns = 3", 'columns is not a table; write "Agency Name" = "name"'),
        ("[columns]", 'columns is empty; write "Agency Name" = "name" under it, a line for each column'),
        ('[columns]\n"Agency" = "nam"', "columns.'Agency' = 'nam' is no column of ours; did you mean 'name'?"),
        ('[columns]\n"Agency" = "fax"', "columns.'Agency' = 'fax' is no column of ours; docs/formats.md lists them"),
        (
            '[columns]\n"Agency" = 3',
            'columns.\'Agency\' is not a column of ours or a list of them; write "name" or ["name", "organization"]',
        ),
        (
            '[columns]\n"Agency" = "name"',
            "fills no kind: map a column to it, or write kind under [values]",
        ),
        (
            '[columns]\n"Agency" = "name"\n[values]\nkind = "therapist"',
            'fills no id: map a column to it, or write key = ["...", "..."] with the columns that tell rows apart',
        ),
        (
            'key = ["Agency"]\n[columns]\n"Agency" = "name"\n"Ring" = "phone"\n[values]\nkind = "therapist"',
            'fills phone and no country to read it by: map a column to it, or write country = "US" under [values]',
        ),
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


@pytest.mark.parametrize(
    "text, words",
    [
        ('[splits]\n"Site" = "|"', "splits speaks of 'Site', which columns does not map"),
        (
            '[splits]\n"Agency" = ""',
            'splits.\'Agency\' is not a separator such as "|", or a pattern such as "{city}, {region} {postal_code}"',
        ),
        (
            '[splits]\n"Site" = "{city}{region}"',
            "splits.'Site' = '{city}{region}' names a column twice, or has nothing between two columns",
        ),
        ('[splits]\n"Site" = "{town}"', "splits.'Site' = 'town' is no column of ours; docs/formats.md lists them"),
        (
            '[splits]\n"Site" = "{city"',
            "splits.'Site' = '{city' is not a pattern; write one such as \"{city}, {region} {postal_code}\"",
        ),
        (
            '[dates]\n"Agency" = "month first"',
            'dates.\'Agency\' is not the form of a date; write one such as "MM/DD/YYYY" or "D MMMM YYYY"',
        ),
        (
            '[prefixes]\n"Agency" = ""',
            "prefixes.'Agency' is not text; write what stands before its cells, such as \"https://\"",
        ),
        ('[joins]\nphone = " ext "', "joins 'phone', to which no column is mapped"),
        (
            '[lookups."Ages"]\n"18+" = "18"',
            "lookups.'Ages'.'18+': 'Ages' goes to no column of ours; say which, as { needs = \"trauma\" }",
        ),
        (
            '[lookups."Agency"]\n"a" = "x"\n"A" = "y"',
            "lookups.'Agency'.'A' says something else than the same word above it",
        ),
        (
            '[[join]]\nfile = "sites.csv"',
            'join does not say which column; write [[join]] with file = "agencies.csv" and on = "agency_id"',
        ),
        ('[[join]]\nfile = "../x.csv"\non = "a"', "join.file = '../x.csv' is not the name of a file beside this one"),
        ('[[join]]\nfil = "x.csv"', "join: unknown key 'fil'; did you mean 'file'?"),
        (
            '[[join]]\nfile = "x.csv"\non = "a"\n[[join]]\nfile = "x.tsv"\non = "b"',
            'join has two tables with one prefix; write prefix = "..." with each',
        ),
    ],
)
def test_a_column_map_that_contradicts_itself_is_named(tmp_path, text, words):
    base = 'key = ["Agency"]\n[columns]\n"Agency" = "name"\n[values]\nkind = "therapist"\n'
    (tmp_path / "groups.toml").write_text(base + text, encoding="utf-8")
    with pytest.raises(UnreadableFile) as refused:
        beside(tmp_path / "groups.csv")
    assert refused.value.message == f"groups.toml: {words}"


def test_a_column_is_mapped_or_ignored_not_both(tmp_path):
    text = 'ignore = ["agency"]\nkey = ["Agency"]\n[columns]\n"Agency" = "name"\n[values]\nkind = "therapist"\n'
    (tmp_path / "groups.toml").write_text(text, encoding="utf-8")
    with pytest.raises(UnreadableFile, match="maps 'Agency', and ignore leaves it out; keep one of the two"):
        beside(tmp_path / "groups.csv")


def test_the_toml_may_say_how_a_publishers_file_is_fetched_and_read(tmp_path):
    (tmp_path / "groups.toml").write_text(READING, encoding="utf-8")
    source = beside(tmp_path / "groups.xlsx")
    assert (source.format, source.download, source.every_days) == ("mapped", "https://example.org/list.xlsx", 30)
    assert (source.encoding, source.sheet, source.header_row, source.individuals) == ("cp1252", "Groups", 3, True)
    assert source.values == {
        "last_checked": "2026-10-01",
        "checked_by": "Example publisher",
        "kind": "support_group",
        "integrated": "yes",
        "minimum_age": "18",
        "audiences": "men;veterans",
        "country": "US",
    }
    assert source.column_map == ColumnMap(
        columns={"Agency Name": ("name", "organization"), "Langs": ("languages",)},
        separators={"Langs": "|"},
        templates={"Town": cell_pattern.template("{city}, {region}")},
        dates={"Langs": "D.M.YY"},
        prefixes={"Langs": "x-"},
        joins={"name": ": "},
        lookups={"Langs": {"spanish": (("languages", "es"),)}},
        key=("Agency Name",),
        empty=frozenset({"n a"}),
        files=(Joined("sites.csv", "site_id", "id", "at "),),
    )


READING = """
publisher = "Example publisher"
format = "mapped"
download = "https://example.org/list.xlsx"
every_days = 30
encoding = "cp1252"
sheet = "Groups"
header_row = 3
individuals = true
checked = 2026-10-01
key = ["Agency  Name"]
empty = ["N/A"]
[columns]
"Agency Name" = ["name", "organization"]
"Langs" = "languages"
[values]
kind = "support_group"
integrated = true
minimum_age = 18
audiences = ["men", "veterans"]
country = "US"
[splits]
"Langs" = "|"
"Town" = "{city}, {region}"
[joins]
name = ": "
[dates]
"Langs" = "D.M.YY"
[prefixes]
"Langs" = "x-"
[lookups.Langs]
"Spanish" = "es"
[[join]]
file = "sites.csv"
on = "site_id"
to = "id"
prefix = "at "
"""


NAMES = st.sampled_from(
    ["name", "City", "{city}, {region}", "|", "", "phone", "hours_text", "YYYY-MM-DD", "x.csv", "a b", "É\n"]
)
VALUES = st.recursive(
    st.one_of(NAMES, st.integers(-5, 5), st.booleans(), st.dates(), st.floats()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=3)),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None)
@given(values=st.dictionaries(st.sampled_from(sorted(KEYS)), VALUES, max_size=6), name=NAMES)
def test_no_values_raise_anything_but_our_own_error(tmp_path_factory, values, name):
    folder = tmp_path_factory.getbasetemp()
    (folder / "any.toml").write_text(
        "".join(f"{key} = {toml(value)}\n" for key, value in values.items()), encoding="utf-8"
    )
    try:
        beside(folder / "any.csv")
    except UnreadableFile as error:
        assert error.message.isprintable()


def toml(value):
    """A value as TOML has it."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {toml(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, float):
        return str(value)
    return value.isoformat() if isinstance(value, date) else json.dumps(value)
