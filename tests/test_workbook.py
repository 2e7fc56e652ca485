"""Workbooks come in as text, row by row; what is no workbook, or would hurt, is refused in words."""

import io
import tracemalloc
import zipfile
from collections.abc import Callable, Mapping
from datetime import date, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook as Made

from directory.errors import UnreadableFile
from directory.importers import workbook

ENTITIES = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "%s">]>' % (b"a" * 100)

SHEET = (
    b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><dimension ref="A1:XFD1048576"/>'
    b"<sheetData>%s</sheetData></worksheet>"
)


def saved(path: Path, *sheets: list[list[object]]) -> Path:
    made = Made()
    made.remove(made.active)
    for number, rows in enumerate(sheets, start=1):
        sheet = made.create_sheet(f"Sheet {number}")
        for row in rows:
            sheet.append(row)
    made.save(path)
    return path


def repacked(path: Path, changes: Mapping[str, bytes | None]) -> Path:
    """The workbook with parts replaced, added, or (None) left out."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()} | changes
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            if content is not None:
                archive.writestr(name, content)
    return path


def read_all(path: Path) -> list[tuple[int, tuple[str, ...]]]:
    opened = workbook.open_sheets(path)
    return [row for sheet in opened.sheets for row in opened.rows(sheet)]


def test_cells_are_as_a_person_reads_them(tmp_path: Path) -> None:
    values = [
        "a ",
        6708,
        6708.0,
        8006624357,
        1.5,
        True,
        None,
        date(2022, 5, 6),
        datetime(2022, 5, 6, 9, 30),
        "0042",
        None,
    ]
    path = saved(tmp_path / "one.xlsx", [values])
    expected = ("a ", "6708", "6708", "8006624357", "1.5", "TRUE", "", "2022-05-06", "2022-05-06 09:30:00", "0042")
    assert read_all(path) == [(1, expected)]


def test_zeros_that_only_a_format_shows_are_kept(tmp_path: Path) -> None:
    made = Made()
    made.active.append([2108])
    made.active["A1"].number_format = "00000"
    made.save(tmp_path / "zip.xlsx")
    assert read_all(tmp_path / "zip.xlsx") == [(1, ("02108",))]


def test_a_table_gives_the_rows_a_spreadsheet_shows(tmp_path: Path) -> None:
    rows = [[None], ["name", "zip\u200b code", None], ["A", 1, None], [None], ["B"], ["C", 2, 3, 4], ["x" * 20_001]]
    opened = workbook.open_sheets(saved(tmp_path / "t.xlsx", rows, [["other"]]))
    table = opened.table()
    assert (opened.sheets, table.header, table.header_row) == (("Sheet 1", "Sheet 2"), ("name", "zip code"), 2)
    assert table.notes == ("read the sheet 'Sheet 1', one of 2", "invisible characters were removed from the header")
    found = [(each.number, each.cells, each.whole, [fault.reason for fault in each.faults]) for each in table.rows]
    assert found[:3] == [
        (3, ("A", "1"), True, []),
        (5, ("B", ""), True, []),
        (6, ("C", "2", "3", "4"), False, ["has 4 cells, the header has 2"]),
    ]
    assert found[3][3] == ["is too long (20,001 characters; 20,000 at most)"]
    assert table.bytes_read == table.bytes_total == (tmp_path / "t.xlsx").stat().st_size


def test_a_column_named_twice_is_refused(tmp_path: Path) -> None:
    opened = workbook.open_sheets(saved(tmp_path / "t.xlsx", [["Name", "zip", "name"]]))
    with pytest.raises(
        UnreadableFile, match=r"t\.xlsx: the column 'name' stands twice in the header, as columns 1 and 3"
    ):
        opened.table()


def test_an_unknown_sheet_and_an_empty_one_are_refused(tmp_path: Path) -> None:
    opened = workbook.open_sheets(saved(tmp_path / "t.xlsx", []))
    with pytest.raises(UnreadableFile, match=r"t\.xlsx has no sheet 'Codes'; its sheets are 'Sheet 1'"):
        opened.rows("Codes")
    with pytest.raises(UnreadableFile, match=r"The file is empty: t\.xlsx has no text in its sheet 'Sheet 1'"):
        opened.table()


def test_a_workbook_without_properties_names_no_day(tmp_path: Path) -> None:
    path = saved(tmp_path / "t.xlsx", [["a"]])
    assert workbook.open_sheets(path).created is not None
    assert workbook.open_sheets(repacked(path, {"docProps/core.xml": b"<x/>"})).created is None


def zipped(**parts: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return file.getvalue()


@pytest.mark.parametrize(
    "content, words",
    [
        (b"", "The file is empty: x.xlsx has 0 bytes"),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
            "x.xlsx: this is an old workbook (.xls), or one with a password",
        ),
        (b"<!doctype html><html>log in</html>", "x.xlsx: this is a web page, not a workbook"),
        (b"\x89PNG\r\n\x1a\n", "x.xlsx: this is not a workbook (.xlsx)"),
        (b"PK\x05\x06" + bytes(18), "x.xlsx: this is an empty zip file, not a workbook"),
        (b"PK\x03\x04 and then nothing", "x.xlsx is cut off, or no zip at all"),
        (zipped(a=b"b"), "x.xlsx: this is a zip file, not a workbook (.xlsx)"),
        (zipped(**{"word/document.xml": b"<x/>"}), "x.xlsx: this is a Word document, not a workbook (.xlsx)"),
        (zipped(mimetype=b"ods"), "x.xlsx: this is an OpenDocument file (.ods), not a workbook (.xlsx)"),
        (zipped(**{"xl/workbook.bin": b""}), "x.xlsx: this is a binary workbook (.xlsb), not a workbook (.xlsx)"),
    ],
)
def test_other_types_are_named(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "x.xlsx"
    path.write_bytes(content)
    assert not workbook.is_workbook(path)
    with pytest.raises(UnreadableFile) as refused:
        workbook.open_sheets(path)
    assert words in refused.value.message


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"xl/worksheets/sheet9.xml": bytes(300_000_000)}, "bytes, far more than a workbook of its size holds"),
        ({"xl/inner.zip": b"PK"}, "holds another archive ('xl/inner.zip')"),
        ({f"xl/{number}": b"" for number in range(10_001)}, "holds more than 10,000 files"),
        ({"../../x": b""}, "names a file outside itself ('../../x')"),
        ({"/etc/x": b""}, "names a file outside itself ('/etc/x')"),
        ({"xl\\x": b""}, "names a file outside itself"),
        ({"xl/styles.xml": bytes(50_000_001)}, "bytes, far more than a workbook of its size holds"),
        ({"xl/worksheets/sheet1.xml": ENTITIES + b"<worksheet>&a;</worksheet>"}, "declares XML entities"),
        ({"xl/workbook.xml": ENTITIES + b"<workbook>&a;</workbook>"}, "declares XML entities"),
        ({"docProps/core.xml": ENTITIES + b"<x>&a;</x>"}, "declares XML entities"),
        (
            {"xl/styles.xml": b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><styleSheet>&a;</styleSheet>'},
            "declares XML entities",
        ),
        ({"xl/worksheets/sheet1.xml": b"<worksheet><sheetData><row"}, "cannot be read as a workbook (ParseError)"),
        ({"xl/workbook.xml": b"<workbook/>"}, "x.xlsx has no sheet with cells"),
        (
            {"xl/worksheets/sheet1.xml": SHEET % b'<row r="1"><c t="s"><v>99</v></c></row>'},
            "(IndexError); save it again",
        ),
    ],
)
def test_what_would_hurt_is_refused(tmp_path: Path, changes: dict[str, bytes], words: str) -> None:
    path = repacked(saved(tmp_path / "x.xlsx", [["a"], ["b"]]), changes)
    with pytest.raises(UnreadableFile) as refused:
        read_all(path)
    assert words in refused.value.message


def test_too_large_a_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    path = saved(tmp_path / "x.xlsx", [["a"]])
    with pytest.raises(UnreadableFile, match=r"x\.xlsx is too large \([\d,]+ bytes; 100 at most\)"):
        workbook.open_sheets(path, 100)
    with pytest.raises(UnreadableFile, match="is a folder; name one workbook"):
        workbook.open_sheets(tmp_path)
    assert not workbook.is_workbook(tmp_path)


def test_rows_far_apart_cost_nothing(tmp_path: Path) -> None:
    rows = b'<row r="1"><c r="A1"><v>1</v></c></row><row r="999999999"><c r="A9"><v>2</v></c></row>'
    path = repacked(saved(tmp_path / "x.xlsx", [["a"]]), {"xl/worksheets/sheet1.xml": SHEET % rows})
    assert read_all(path) == [(1, ("1",))]


def test_memory_does_not_grow_with_the_sheet(tmp_path: Path) -> None:
    peak(tmp_path, 10)  # what is made once
    assert peak(tmp_path, 9_000) < peak(tmp_path, 3_000) * 2


def peak(folder: Path, rows: int) -> int:
    made = Made(write_only=True)
    sheet = made.create_sheet("big")
    for number in range(rows):
        sheet.append([number * factor for factor in (3, 7, 11, 13, 17, 19, 23)])
    made.save(folder / f"{rows}.xlsx")
    tracemalloc.start()
    opened = workbook.open_sheets(folder / f"{rows}.xlsx")
    assert sum(1 for _ in opened.rows("big")) == rows
    found = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return found


PART = st.sampled_from(
    ["xl/worksheets/sheet1.xml", "xl/workbook.xml", "xl/sharedStrings.xml", "xl/styles.xml", "docProps/core.xml",
     "[Content_Types].xml", "xl/_rels/workbook.xml.rels", "docProps/custom.xml"]
)  # fmt: skip
PIECE = st.one_of(
    st.binary(max_size=20),
    st.sampled_from(
        [b"", b"<c t='s'><v>99</v></c>", b'r="-1"', b't="d"', b"<v>1e999</v>", b't="n"', b'r="A0"', b's="9"']
    ),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(part=PART, place=st.floats(0, 1), length=st.integers(0, 40), piece=PIECE)
def test_no_damage_within_raises_anything_but_our_own(
    tmp_path: Path, part: str, place: float, length: int, piece: bytes
) -> None:
    path = saved(tmp_path / "x.xlsx", [["a", 1, 2.5, date(2022, 1, 1)], ["b", True, None, "c"]])
    with zipfile.ZipFile(path) as archive:
        content = archive.read(part) if part in archive.namelist() else b"<Properties/>"
    start = int(place * len(content))
    _reads_or_refuses(repacked(path, {part: content[:start] + piece + content[start + length :]}))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.floats(0, 1), piece=st.binary(min_size=1, max_size=8), cut=st.booleans())
def test_no_bytes_raise_anything_but_our_own(tmp_path: Path, place: float, piece: bytes, cut: bool) -> None:
    path = saved(tmp_path / "x.xlsx", [["a", 1], ["b", 2]])
    content = path.read_bytes()
    start = int(place * len(content))
    path.write_bytes(content[:start] + piece + (b"" if cut else content[start + len(piece) :]))
    _reads_or_refuses(path)


def _reads_or_refuses(path: Path, read: Callable[[Path], object] = read_all) -> None:
    assert workbook.is_workbook(path) in {True, False}
    try:
        read(path)
    except UnreadableFile as refused:
        assert refused.message.startswith(path.name) or path.name in refused.message
