"""Any table by a column map: a newcomer writes a .toml, and every column of the publisher is mapped or ignored by name."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable
from datetime import date
from itertools import islice
from pathlib import Path

import pytest
from factories import TODAY
from hypothesis import example, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from directory import intake
from directory.config import shipped_folder
from directory.errors import DirectoryError, UnreadableFile
from directory.importers import cell_pattern, formats, sources
from directory.importers.cells import Setting
from directory.importers.drafts import Context, Reading
from directory.importers.sources import Options
from directory.ingest import Directory
from directory.records import Kind, Listing, Phone, Row

Read = Callable[..., Reading]
MAP = """
publisher = "Example publisher"
key = ["Agency", "Street"]
ignore = ["Fax"]

[columns]
"Agency" = "name"
"Phone" = "phone"
"Street" = "address_1"
"City" = "city"
"State" = "region"
"ZIP" = "postal_code"

[values]
kind = "treatment_program"
needs = "substance_use"
country = "US"
"""
HEADER = "Agency,Phone,Street,City,State,ZIP,Fax\n"
UPDATED = '"Updated" = "last_checked"'
LINE = "Hope House,312-555-0142,12 Main Street,Chicago,IL,60601,1\n"


@pytest.fixture(scope="session")
def context(vocabulary, gazetteer) -> Context:
    return Context(vocabulary, gazetteer, shipped_folder("data"), TODAY)


@pytest.fixture
def read(tmp_path: Path, context: Context) -> Read:
    """Return a function that reads list.csv by list.toml."""

    def reads(text: str, toml: str = MAP, **files: str) -> Reading:
        (tmp_path / "list.csv").write_text(text, encoding="utf-8", newline="")
        (tmp_path / "list.toml").write_text(toml, encoding="utf-8")
        for name, content in files.items():
            (tmp_path / f"{name}.csv").write_text(content, encoding="utf-8", newline="")
        path = tmp_path / "list.csv"
        return formats.open_file(path, sources.beside(path), context, Options())

    return reads


def listings(reading: Reading) -> list[Listing]:
    rows = list(reading.rows)
    assert [str(problem) for row in rows for problem in row.problems] == []
    return [row.listing for row in rows if row.listing]


def told(rows: list[Row]) -> list[tuple[int, str | None, str, str]]:
    return [(row.number, each.column, each.value, each.reason) for row in rows for each in row.problems]


def one(read: Read, header: str, cells: str, columns: str, more: str = "") -> Row:
    """The one row of a table of a group with further columns; ``more`` are keys, then tables, of its .toml."""
    keys, bracket, tables = more.partition("[") if not more.startswith("empty") else (more, "", "")
    toml = f"""{keys}
[values]
kind = "support_group"
country = "US"
city = "Chicago"
region = "IL"
[columns]
"Id" = "id"
"Group" = "name"
"Site" = "url"
{columns}
{bracket}{tables}
"""
    (row,) = read(f"Id,Group,Site,{header}\na,Example Group,https://example.org/,{cells}\n", toml).rows
    return row


def test_a_column_map_makes_listings_of_a_publishers_table(read: Read) -> None:
    reading = read(HEADER + LINE)
    assert reading.took_for == "a table mapped by list.toml"
    assert reading.columns == ("Agency", "Phone", "Street", "City", "State", "ZIP", "Fax")
    assert reading.notes == ("left out, as list.toml says: 'Fax'",)
    assert listings(reading) == [
        Listing(
            external_id="hope-house-4d6bd9776a480c89",
            kind=Kind.TREATMENT_PROGRAM,
            name="Hope House",
            country="US",
            needs=("substance_use",),
            phone=Phone("+13125550142"),
            address_1="12 Main Street",
            city="Chicago",
            region="IL",
            postal_code="60601",
        )
    ]


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_other_separators_are_recognised(read: Read, separator: str) -> None:
    (listing,) = listings(read((HEADER + LINE).replace(",", separator)))
    assert (listing.name, listing.city) == ("Hope House", "Chicago")


def test_the_id_made_of_the_key_stays_when_case_blanks_and_other_cells_change(read: Read) -> None:
    first = listings(read(HEADER + LINE))[0].external_id
    again = listings(read(HEADER + " HOPE  house ,312-555-0199,12 MAIN Street,Chicago,IL,60602,2\n"))[0].external_id
    other = listings(read(HEADER + LINE.replace("12 Main", "14 Main")))[0].external_id
    assert first == again != other


def test_a_row_with_the_key_of_another_is_a_duplicate(read: Read) -> None:
    rows = list(read(HEADER + LINE + LINE).rows)
    assert [row.duplicate for row in rows] == [False, True]


def test_a_mapped_id_outranks_the_key_where_it_is_given(read: Read) -> None:
    toml = MAP.replace('"Phone" = "phone"', '"Phone" = "phone"\n"Number" = "id"')
    rows = listings(
        read("Number,Agency,Phone,Street,City,State,ZIP\n" + "7," + LINE[:-3] + "\n," + LINE[:-3] + "\n", toml)
    )
    assert [row.external_id[:11] for row in rows] == ["7", "hope-house-"]


def test_an_id_tells_no_confidential_street(read: Read) -> None:
    toml = MAP.replace("[values]", '"Hidden" = "confidential_location"\n[values]')
    header = HEADER.replace("Fax", "Hidden")
    rows = [
        row
        for street in ("12 Main Street", "14 Main Street")
        for row in listings(read(header + LINE.replace(",1\n", ",yes\n").replace("12 Main Street", street), toml))
    ]
    assert len({row.external_id for row in rows}) == 1
    assert {(row.address_1, row.postal_code) for row in rows} == {(None, None)}


@pytest.mark.parametrize(
    ("header", "cells", "columns", "more", "field", "value"),
    [
        ("First,Last", "Ana,Doe", '"First" = "organization"\n"Last" = "organization"', "", "organization", "Ana Doe"),
        (
            "First,Last", "Ana,Doe", '"First" = "organization"\n"Last" = "organization"',
            '[joins]\norganization = ", "', "organization", "Ana, Doe",
        ),
        ("Notes,More", "One,Two", '"Notes" = "description"\n"More" = "description"', "", "description", "One\nTwo"),
        ("Phone,Ext", "312-555-0142,7", '"Phone" = "phone"\n"Ext" = "phone"', '[joins]\nphone = " ext "', "phone",
         Phone("+13125550142", extension="7")),
        ("Parent", "Hope", '"Parent" = ["organization", "description"]', "", "description", "Hope"),
        ("Updated", "03/15/2024", UPDATED, '[dates]\n"Updated" = "MM/DD/YYYY"', "last_checked", date(2024, 3, 15)),
        ("Updated", "3/5/2024 10:15", UPDATED, '[dates]\n"Updated" = "MM/DD/YYYY"', "last_checked", date(2024, 3, 5)),
        ("Updated", "15 March 2024", UPDATED, '[dates]\n"Updated" = "D MMMM YYYY"', "last_checked", date(2024, 3, 15)),
        ("Updated", "2024-03-15", UPDATED, '[dates]\n"Updated" = "MM/DD/YYYY"', "last_checked", date(2024, 3, 15)),
        ("Spoken", "English|Spanish", '"Spoken" = "languages"',
         '[splits]\n"Spoken" = "|"\n[lookups."Spoken"]\n"english" = "en"\n"Spanish" = "es"', "languages", ("en", "es")),
        ("Area", "PTSD", '"Area" = "needs"', '[lookups."Area"]\n"PTSD" = ["trauma", "anxiety"]', "needs", ("trauma", "anxiety")),
        ("Area", "PTSD", '"Area" = "description"', '[lookups."Area"]\n"PTSD" = { needs = "trauma" }', "needs", ("trauma",)),
        ("Area", "PTSD", '"Area" = "description"', '[lookups."Area"]\n"PTSD" = { needs = "trauma" }', "description", "PTSD"),
        ("Ages", "18+", "", '[lookups."Ages"]\n"18+" = { minimum_age = 18 }\n"All" = ""', "minimum_age", 18),
        ("Medicaid,Veterans", "Y,y", "",
         '[lookups."Medicaid"]\n"Y" = { payment = "medicaid" }\n[lookups."Veterans"]\n"Y" = { audiences = "veterans" }',
         "audiences", ("veterans",)),
        ("Wheels", "no", '"Wheels" = "accessibility"',
         '[lookups."Wheels"]\n"yes" = "wheelchair"\n"no" = ""', "accessibility", ()),
        ("Open", "Mon-Fri 9am-5pm", '"Open" = "hours_text"', "", "hours", "Mo-Fr 09:00-17:00"),
        ("Open", "ask", '"Open" = "hours_text"', "", "hours_note", "ask"),
        ("Monday,Tue hours", "9am-5pm,10am-6pm", '"Monday" = "hours_text"\n"Tue hours" = "hours_text"', "", "hours",
         "Mo 09:00-17:00; Tu 10:00-18:00"),
        ("Monday,Tue hours", "9am-5pm,", '"Monday" = "hours_text"\n"Tue hours" = "hours_text"', "", "hours", "Mo 09:00-17:00"),
        ("Where", '"12 Main Street, Evanston, IL 60201"', "",
         '[splits]\n"Where" = "{address_1}, {city}, {region} {postal_code}"', "postal_code", "60201"),
        ("Where", '"(41.8858, -87.6181)"', "", '[splits]\n"Where" = "({latitude}, {longitude})"', "point", (41.8858, -87.6181)),
        ("Page", "example.org/a", '"Page" = "source_url"', '[prefixes]\n"Page" = "https://"', "source_url", "https://example.org/a"),
        ("Page", "http://example.org/a", '"Page" = "source_url"', '[prefixes]\n"Page" = "https://"', "source_url",
         "http://example.org/a"),
        ("NPI", "1234567893", '"NPI" = "identifiers"', '[prefixes]\n"NPI" = "npi:"', "identifiers", ("npi:1234567893",)),
        ("Note", "n/a", '"Note" = "description"', 'empty = ["N/A"]', "description", None),
        ("Note", "'=1+1", '"Note" = "description"', "", "description", "=1+1"),
        ("Note", "'tis", '"Note" = "description"', "", "description", "'tis"),
    ],
)  # fmt: skip
def test_cells_become_ours(
    read: Read, header: str, cells: str, columns: str, more: str, field: str, value: object
) -> None:
    row = one(read, header, cells, columns, more)
    assert row.problems == ()
    found = getattr(row.listing, field)
    assert (found.latitude, found.longitude) == value if field == "point" else found == value


@pytest.mark.parametrize(
    ("header", "cells", "columns", "more", "column", "reason"),
    [
        ("Where", '"Chicago IL"', "", '[splits]\n"Where" = "{city}, {region}"', "Where",
         "is not written as '{city}, {region}'"),
        ("Where", '"A, B, C"', "", '[splits]\n"Where" = "{address_1}, {description}"', "Where",
         "can be read as '{address_1}, {description}' in more than one way"),
        ("Where", '"Chicago, Narnia"', "", '[splits]\n"Where" = "{city}, {region}"', "Where",
         "is not written as '{city}, {region}'"),
        ("Updated", "31/12/2024", UPDATED, '[dates]\n"Updated" = "MM/DD/YYYY"', "Updated",
         "is not a date written as MM/DD/YYYY"),
        ("Ring", "ring us", '"Ring" = "phone"', "", "Ring", "is not a phone number"),
        ("Area", "drinking", '"Area" = "needs"', "", "Area", "is not a need we know; did you mean 'alcohol'?"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_in_the_publishers_columns(
    read: Read, header: str, cells: str, columns: str, more: str, column: str, reason: str
) -> None:
    row = one(read, header, cells, columns, more)
    assert [(each.column, each.reason) for each in row.problems] == [(column, reason)]
    assert row.cells[column] == cells.strip('"')


def test_a_word_nobody_mapped_is_counted_and_left_out(read: Read) -> None:
    toml = MAP.replace("[values]", '"Speaks" = "languages"\n[values]') + '[lookups."Speaks"]\n"Spanish" = "es"\n'
    header = HEADER.replace("Fax", "Speaks")
    text = header + "".join(
        LINE.replace("12 Main", f"{number} Main").replace(",1\n", f",{word}\n")
        for number, word in enumerate(["Spanish", "Klingon", "Klingon", ""])
    )
    reading = read(text, toml)
    assert [row.languages for row in listings(reading)] == [("es",), (), (), ()]
    assert reading.tally.unmapped == {"Speaks: Klingon": 2}


def test_a_word_nobody_mapped_never_makes_an_open_place_of_a_shelter(read: Read) -> None:
    toml = MAP.replace("[values]", '"Hidden" = "confidential_location"\n[values]') + '[lookups."Hidden"]\n"N" = "no"\n'
    (row,) = read(HEADER.replace("Fax", "Hidden") + LINE.replace(",1\n", ",Perhaps\n"), toml).rows
    assert row.listing is None
    assert "Main" not in str(row.problems) + str(row.cells)


def test_a_word_nobody_mapped_never_makes_a_closed_place_an_active_one(read: Read) -> None:
    toml = (
        MAP.replace("[values]", '"State of it" = "status"\n[values]') + '[lookups."State of it"]\n"Open" = "active"\n'
    )
    (row,) = read(HEADER.replace("Fax", "State of it") + LINE.replace(",1\n", ",Gone\n"), toml).rows
    assert [(each.column, each.value) for each in row.problems] == [("State of it", "Gone")]


def test_a_cell_that_cannot_be_looked_at_is_told_and_not_counted(read: Read) -> None:
    toml = MAP.replace("[values]", '"Treats" = "needs"\n[values]')
    toml += '[splits]\n"Treats" = "|"\n[lookups."Treats"]\n"PTSD" = "trauma"\n'
    cells = ["|".join(map(str, range(100_000))), "|".join(map(str, range(101))), "a\0|b"]
    reading = read(
        HEADER.replace("Fax", "Treats") + "".join(LINE.replace(",1\n", f",{cell}\n") for cell in cells), toml
    )
    reasons = [row.problems[0].reason.split(" (")[0] for row in reading.rows]
    assert reasons[1:] == ["has 101 parts; 100 at most", "holds a NUL character"]
    assert reasons[0].startswith("is too long")
    assert not reading.tally.unmapped


@pytest.mark.parametrize("read_by", ["map", "own"])
def test_a_broken_row_keeps_no_cells_when_its_place_may_be_confidential(
    read: Read, tmp_path: Path, read_by: str
) -> None:
    header = HEADER.replace("Fax", "Hidden")
    if read_by == "map":
        toml = MAP.replace("[values]", '"Hidden" = "confidential_location"\n[values]')
    else:
        toml, header = "", "id,kind,address_1,name,phone,country,confidential_location\n"
    (row,) = read(header + 'a,therapist,12 Hidden Lane,"x\n', toml).rows
    assert (row.listing, row.cells) == (None, {})


def test_fixed_values_fill_what_is_empty_and_add_needs(read: Read) -> None:
    toml = MAP.replace("[values]", '"Area" = "needs"\n"Land" = "country"\n[values]')
    text = "Area,Land,Agency,Phone,Street,City,State,ZIP\ntrauma,," + LINE[:-3] + "\n"
    (listing,) = listings(read(text, toml))
    assert (listing.needs, listing.country) == (("trauma", "substance_use"), "US")


def test_the_day_the_publisher_checked_is_that_of_every_row(read: Read) -> None:
    (listing,) = listings(read(HEADER + LINE, "checked = 2026-10-01\n" + MAP))
    assert (listing.last_checked, listing.checked_by) == (date(2026, 10, 1), "Example publisher")


@pytest.mark.parametrize(
    ("text", "toml", "words"),
    [
        (
            HEADER.replace("Fax", "Web Site"), MAP,
            "list.csv: the column 'Web Site' is neither mapped nor ignored; write 'Web Site' = \"description\" or the like under "
            "[columns] in list.toml, or add it to its ignore list",
        ),
        (
            HEADER.replace("Fax", "E-mail").replace("City", "Town"), MAP,
            "list.csv has no column 'City', which list.toml names; its columns are 'Agency', 'Phone', 'Street', 'Town', 'State', "
            "'ZIP' and 'E-mail'",
        ),
        (
            HEADER.replace("Agency", "Agencies"), MAP,
            "list.csv has no column 'Agency', which list.toml names; did you mean 'Agencies'?",
        ),
        (HEADER.replace("Fax", "emial"), MAP,
         "list.csv: the column 'emial' is neither mapped nor ignored; write 'emial' = \"email\" or the like under [columns] in "
         "list.toml, or add it to its ignore list"),
        (HEADER, MAP.replace('"substance_use"', '"substanc_use"'),
         "list.toml: values.needs = 'substanc_use' is not a need we know; did you mean 'substance_use'?"),
        (HEADER, MAP + '[lookups."City"]\n"x" = {needs = "drinking"}',
         "list.toml: lookups.'City'.'x' = 'drinking' is not a need we know; did you mean 'alcohol'?"),
        (HEADER, "checked = 2030-01-01\n" + MAP, "list.toml: values.last_checked = '2030-01-01' is in the future"),
        ("", MAP, "The file is empty: list.csv has 0 bytes"),
        (HEADER.replace("Fax", "City"), MAP, "list.csv: the column 'City' stands twice in the header, as columns 4 and 7"),
    ],
)  # fmt: skip
def test_a_file_that_does_not_fit_its_map_is_refused(read: Read, text: str, toml: str, words: str) -> None:
    with pytest.raises(UnreadableFile) as refused:
        list(read(text, toml).rows)
    assert refused.value.message == words


def test_columns_may_be_ignored_by_how_they_begin(read: Read) -> None:
    header = "Other 1,Other 2," + HEADER
    toml = MAP.replace('["Fax"]', '["Fax", "Other*"]')
    assert read(header, toml).notes == ("left out, as list.toml says: 'Other 1', 'Other 2' and 'Fax'",)


def test_the_header_may_stand_on_a_later_line(read: Read) -> None:
    (row,) = read("Report of 2026\n\n" + HEADER + LINE, "header_row = 3\n" + MAP).rows
    assert (row.number, row.listing is not None) == (4, True)


def test_broken_rows_are_told_one_by_one_and_the_others_come_in(read: Read) -> None:
    text = (
        HEADER
        + LINE
        + "short,row\n"
        + LINE.replace("12 Main", "14 Main")
        + '"open,1,2\n'
        + LINE.replace("12 Main", "1\0 Main")
    )
    rows = list(read(text).rows)
    assert told(rows) == [
        (3, None, "", "has 2 cells, the header has 7"),
        (5, "Agency", '"', "opens on line 5 and never closes"),
        (6, "Street", "1\0 Main Street", "holds a NUL character"),
    ]
    assert rows[1].cells == {"Agency": "short", "Phone": "row"}


SERVICES = "service,site_id,program\ns1,a,Evening\ns2,b,Morning\ns3,zz,Noon\n"
SITES = (
    "site_id,agency,street,city\na,H,12 Main Street,Chicago\nb,H,14 Main Street,Chicago\nc,none,1 Main Street,Chicago\n"
)
AGENCIES = "id,title,number\nH,Hope,312-555-0142\n"
JOINED = """
[columns]
"service" = "id"
"agencies.title" = ["name", "organization"]
"program" = "name"
"agencies.number" = "phone"
"sites.street" = "address_1"
"sites.city" = "city"
[values]
kind = "treatment_program"
country = "US"
region = "IL"
[joins]
name = ": "
[[join]]
file = "sites.csv"
on = "site_id"
[[join]]
file = "agencies.csv"
on = "sites.agency"
to = "id"
"""


def test_agency_site_and_service_are_joined(read: Read) -> None:
    rows = list(read(SERVICES, JOINED, sites=SITES, agencies=AGENCIES).rows)
    assert [(row.listing.name, row.listing.address_1) for row in rows if row.listing] == [
        ("Hope: Evening", "12 Main Street"),
        ("Hope: Morning", "14 Main Street"),
    ]
    assert told(rows)[0] == (4, "site_id", "zz", "stands in no row of sites.csv")


def test_a_key_that_names_two_rows_joins_neither(read: Read) -> None:
    sites = SITES + "A,H,99 Main Street,Chicago\nb,H,14 Main Street,Chicago\n"
    rows = list(read(SERVICES, JOINED, sites=sites, agencies=AGENCIES).rows)
    assert told(rows)[0] == (2, "site_id", "a", "stands in the rows 2 and 5 of sites.csv")
    assert rows[1].listing is not None


@pytest.mark.parametrize(
    ("files", "toml", "words"),
    [
        ({"agencies": AGENCIES}, JOINED, "list.csv is joined with 'sites.csv', which is not beside it; put it there"),
        (
            {"sites": SITES.replace("site_id", "number"), "agencies": AGENCIES},
            JOINED,
            "sites.csv has no column 'site_id' to join on; its columns are 'number', 'agency', 'street' and 'city'. Name the "
            'right one with to = "..."',
        ),
        (
            {"sites": SITES.replace(",city", ",city,fax").replace("Chicago", "Chicago,1"), "agencies": AGENCIES},
            JOINED,
            "list.csv: the column 'sites.fax' is neither mapped nor ignored; write 'sites.fax' = \"description\" or the like "
            "under [columns] in list.toml, or add it to its ignore list",
        ),
    ],
)
def test_files_that_cannot_be_joined_are_named(
    read: Read, tmp_path: Path, files: dict[str, str], toml: str, words: str
) -> None:
    with pytest.raises(UnreadableFile) as refused:
        read(SERVICES, toml, **files)
    assert refused.value.message == words


def test_a_sheet_of_a_workbook_is_mapped_and_another_joined(tmp_path: Path, context: Context) -> None:
    book = Workbook()
    services, sites = book.active, book.create_sheet("Sites")
    services.title = "Services"
    for row in (("service", "site_id", "when"), ("s1", 7, date(2024, 3, 15))):
        services.append(row)
    for row in (("site_id", "name", "street"), (7, "Hope", "12 Main Street")):
        sites.append(row)
    book.save(tmp_path / "list.xlsx")
    (tmp_path / "list.toml").write_text(
        """
sheet = "Services"
[columns]
"service" = "id"
"when" = "last_checked"
"Sites.name" = "name"
"Sites.street" = "address_1"
[dates]
"when" = "MM/DD/YYYY"
[values]
kind = "therapist"
country = "US"
[[join]]
sheet = "Sites"
on = "site_id"
"""
    )
    path = tmp_path / "list.xlsx"
    (listing,) = listings(formats.open_file(path, sources.beside(path), context, Options()))
    assert (listing.name, listing.address_1, listing.last_checked) == ("Hope", "12 Main Street", date(2024, 3, 15))


PIECES = st.sampled_from(
    [
        b'"',
        b",",
        b"\n",
        b"\r",
        b"\0",
        b"Agency",
        b"12 Main",
        b"60601",
        b"\xe9",
        b"yes",
        b";",
        b"'=",
        HEADER.encode(),
        LINE.encode(),
    ]
)
TOMLS = st.sampled_from([MAP, 'header_row = 2\nencoding = "cp1252"\n' + MAP, JOINED, 'sheet = "x"\n' + MAP])


@settings(max_examples=300, deadline=None)
@given(data=st.one_of(st.binary(max_size=200), st.lists(PIECES, max_size=40).map(b"".join)), toml=TOMLS)
@example(data=b"PK\x03\x04", toml=MAP)
def test_no_bytes_raise_anything_but_our_own_error(
    tmp_path_factory, vocabulary, gazetteer, data: bytes, toml: str
) -> None:
    context = Context(vocabulary, gazetteer, shipped_folder("data"), TODAY)
    folder = tmp_path_factory.getbasetemp()
    (folder / "list.toml").write_text(toml)
    (folder / "list.csv").write_bytes(data)
    (folder / "sites.csv").write_bytes(SITES.encode() + data)
    (folder / "agencies.csv").write_bytes(AGENCIES.encode())
    try:
        rows = list(
            formats.open_file(folder / "list.csv", sources.beside(folder / "list.csv"), context, Options()).rows
        )
    except DirectoryError as error:
        assert error.message.isprintable()
        return
    assert all((row.listing is None) == bool(row.problems) for row in rows)


def test_memory_does_not_grow_with_the_file_nor_with_a_joined_one(read: Read) -> None:
    toml = JOINED.replace('[[join]]\nfile = "agencies.csv"\non = "sites.agency"\nto = "id"\n', "").replace(
        "agencies.", "sites."
    )
    sites = "site_id,title,number,street,city\n" + "".join(
        f"{number},Hope {number},312-555-0142,{number} Main Street,Chicago\n" for number in range(20_000)
    )
    services = "service,site_id,program\n" + "".join(f"s{number},{number},Evening\n" for number in range(20_000))
    rows = read(services, toml, sites=sites).rows
    assert all(row.listing for row in islice(rows, 2000))
    tracemalloc.start()
    assert sum(1 for _ in islice(rows, 4000)) == 4000
    assert tracemalloc.get_traced_memory()[1] < 1_500_000
    tracemalloc.stop()


@pytest.mark.parametrize(
    "cell", ["," * 400, ";" + "," * 399, "a," * 199, "a" * 100_000, "(" * 400, " ".join("a" * 200)]
)
def test_no_cell_takes_long_to_take_apart(cell: str, vocabulary) -> None:
    pattern = cell_pattern.template("{name},{city},{region},{address_1},{address_2};{postal_code}")
    started = time.process_time()
    with pytest.raises(ValueError, match=r"is (not written|too long to be read) as"):
        cell_pattern.pieces(pattern, cell, Setting("US", vocabulary, TODAY))
    assert time.process_time() - started < 0.05


US_LINES = """
publisher = "Compared by hand"
key = ["name"]
empty = ["n/a"]
[columns]
"name" = "name"
"phone" = "phone"
"sms" = "sms"
"sms_keyword" = "sms_keyword"
"website" = "url"
"what_it_does" = "eligibility"
"audience" = "eligibility"
"notes" = "description"
[prefixes]
"website" = "https://"
[values]
kind = "crisis_line"
country = "US"
service_area = "US"
"""


def test_a_real_table_comes_in_by_its_map(tmp_path: Path, context: Context) -> None:
    real = Path(__file__).resolve().parent.parent.parent / "shared" / "data" / "us_lines_facts.csv"
    if not real.exists():
        pytest.skip("us_lines_facts.csv is not beside the checkout (shared/data)")
    (tmp_path / "lines.csv").write_bytes(real.read_bytes())
    (tmp_path / "lines.toml").write_text(US_LINES)
    path = tmp_path / "lines.csv"
    rows = listings(formats.open_file(path, sources.beside(path), context, Options()))
    assert len(rows) == 11
    assert (rows[0].phone, rows[0].sms) == (Phone("988", press="1"), "838255")
    assert all(row.url and row.url.startswith("https://") for row in rows)


def test_a_newcomers_table_is_imported_searched_for_and_imported_again(directory: Directory, tmp_path: Path) -> None:
    """One file, one .toml, no Python: added, then nothing to do, then what changed."""
    path = tmp_path / "list.csv"
    (tmp_path / "list.toml").write_text(MAP)

    def take() -> dict[str, int]:
        report = intake.take_in(directory, path, sources.beside(path), shipped_folder("data"), TODAY)
        assert report.took_for == "a table mapped by list.toml"
        return report.counts

    path.write_text(HEADER + LINE + LINE.replace("12 Main", "14 Main").replace("312-555-0142", "ring us"))
    assert take() == {"added": 1, "refused": 1}
    path.write_text(HEADER + LINE + LINE.replace("12 Main", "14 Main"))
    assert take() == {"added": 1, "unchanged": 1}
    path.write_text(HEADER + LINE + LINE.replace("12 Main", "14 Main").replace("555-0142", "555-0143"))
    assert take() == {"changed": 1, "unchanged": 1}


def test_a_workbook_may_have_rows_above_its_header(tmp_path: Path, context: Context) -> None:
    book = Workbook()
    for row in (["Report of the year"], HEADER.strip().split(","), LINE.strip().split(",")):
        book.active.append(row)
    book.save(tmp_path / "list.xlsx")
    (tmp_path / "list.toml").write_text("header_row = 2\n" + MAP)
    path = tmp_path / "list.xlsx"
    (row,) = formats.open_file(path, sources.beside(path), context, Options()).rows
    assert (row.number, row.listing and row.listing.name) == (3, "Hope House")


def test_a_default_never_opens_a_place_whose_own_word_is_unknown(tmp_path: Path, context: Context) -> None:
    toml = (
        MAP.replace('country = "US"', 'country = "US"\nconfidential_location = "no"')
        + '[lookups."Secret"]\n"Y" = "yes"\n'
    )
    (tmp_path / "list.toml").write_text(toml.replace('"ZIP" =', '"Secret" = "confidential_location"\n"ZIP" ='))
    (tmp_path / "list.csv").write_text(HEADER.replace("Fax", "Fax,Secret") + LINE.strip() + ",Yes - DV\n")
    path = tmp_path / "list.csv"
    (row,) = formats.open_file(path, sources.beside(path), context, Options()).rows
    assert row.listing is None or row.listing.address_1 is None


def test_hours_of_a_confidential_place_are_counted_without_their_words(tmp_path: Path, context: Context) -> None:
    mapped = MAP.replace('"ZIP" =', '"Secret" = "confidential_location"\n"Open" = "hours_text"\n"ZIP" =')
    (tmp_path / "list.toml").write_text(mapped)
    cells = LINE.strip() + ",yes,ring at 12 Main Street any time\n"
    (tmp_path / "list.csv").write_text(HEADER.replace("Fax", "Fax,Secret,Open") + cells)
    path = tmp_path / "list.csv"
    reading = formats.open_file(path, sources.beside(path), context, Options())
    list(reading.rows)
    assert dict(reading.tally.hours_unread) == {"(withheld)": 1}
