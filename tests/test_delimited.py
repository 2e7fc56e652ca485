"""Delimited text in, a header and numbered rows out."""

from __future__ import annotations

import os
import tracemalloc
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from directory.errors import UnreadableFile
from directory.importers.delimited import Fault, Record, open_rows


@pytest.fixture
def written(tmp_path):
    """Return a function that writes bytes to list.csv and returns its path."""

    def write(data: bytes) -> Path:
        path = tmp_path / "list.csv"
        path.write_bytes(data)
        return path

    return write


def row(number: int, *cells: str, lines: tuple[int, int] | None = None, **more) -> Record:
    first, last = lines or (number, number)
    return Record(number, first, last, cells, **more)


def broken(number: int, *cells: str, fault: Fault, lines: tuple[int, int] | None = None) -> Record:
    return row(number, *cells, lines=lines, faults=(fault,), whole=False)


@pytest.mark.parametrize(
    "data, header, rows, notes",
    [
        (b"id,name\n1,Hope\n", ("id", "name"), [row(2, "1", "Hope")], ()),
        (b"id,name\n", ("id", "name"), [], ()),
        (b"id,name", ("id", "name"), [], ()),
        (b"id\n1\n", ("id",), [row(2, "1")], ()),
        (b"\xef\xbb\xbfid,name\r\n1,Hope\r\n", ("id", "name"), [row(2, "1", "Hope")], ()),
        (b"id;name\n1;Hope, Inc\n", ("id", "name"), [row(2, "1", "Hope, Inc")], ("read as semicolon-separated",)),
        (b"id\tname\n1\tHope\n", ("id", "name"), [row(2, "1", "Hope")], ("read as tab-separated",)),
        (b"id|name\n1|Hope\n", ("id", "name"), [row(2, "1", "Hope")], ("read as bar-separated",)),
        (
            b"sep=;\r\nid;name\r\n1;a\r\n",
            ("id", "name"),
            [row(2, "1", "a", lines=(3, 3))],
            ("read as semicolon-separated",),
        ),
        (b'"a;b","c;d"\n1,2\n', ("a;b", "c;d"), [row(2, "1", "2")], ()),
        (b"id,name\r1,Hope\r", ("id", "name"), [row(2, "1", "Hope")], ("its lines end in CR alone (old Mac)",)),
        (
            b'id,name\r1,"a\nb"\r2,c\r',
            ("id", "name"),
            [row(2, "1", "a\nb"), row(3, "2", "c")],
            ("its lines end in CR alone (old Mac)",),
        ),
        (b"id,name\r\r\n1,Hope\r\r\n", ("id", "name"), [row(2, "1", "Hope")], ()),
        ("id,name\n1,Ñandú\n".encode("utf-16"), ("id", "name"), [row(2, "1", "Ñandú")], ("read as UTF-16",)),
        (
            b"\xfe\xff" + "id,name\n1,Ñandú\n".encode("utf-16-be"),
            ("id", "name"),
            [row(2, "1", "Ñandú")],
            ("read as UTF-16",),
        ),
        (
            "i\u200bd, name\u00a0\n1,Hope\n".encode(),
            ("id", "name"),
            [row(2, "1", "Hope")],
            ("invisible characters were removed from the header",),
        ),
        ("id,“name”\n1,Hope\n".encode(), ("id", "“name”"), [row(2, "1", "Hope")], ()),
        (b"\n\nid,name\n1,Hope\n", ("id", "name"), [row(4, "1", "Hope")], ()),
        (b"id,name\n\n,\n  ,\n5,Hope\n", ("id", "name"), [row(4, "  ", ""), row(5, "5", "Hope")], ()),
        (b'id,name\n1,"a ""b"" c"\n2,""\n', ("id", "name"), [row(2, "1", 'a "b" c'), row(3, "2", "")], ()),
        (
            b'id,name\n1,"one\r\ntwo"\n2,b\n',
            ("id", "name"),
            [row(2, "1", "one\ntwo", lines=(2, 3)), row(3, "2", "b", lines=(4, 4))],
            (),
        ),
        (b"id,name\n1,one\rtwo\n", ("id", "name"), [row(2, "1", "one\rtwo")], ()),
        (b"id,name\n1,'=1+1\n", ("id", "name"), [row(2, "1", "'=1+1")], ()),
    ],
)
def test_a_file_is_read_as_rows_and_what_was_assumed_is_said(written, data, header, rows, notes):
    reading = open_rows(written(data))
    assert reading.header == header
    assert list(reading.rows) == rows
    assert reading.notes == notes
    assert reading.bytes_read == reading.bytes_total == len(data)


OPENS = "opens on line {} and never closes"


@pytest.mark.parametrize(
    "text, rows",
    [
        (
            "1,a\n2\n3,b\n",
            [row(2, "1", "a"), broken(3, "2", fault=Fault(None, "", "has 1 cell, the header has 2")), row(4, "3", "b")],
        ),
        ("1,a,b,c\n", [broken(2, "1", "a", "b", "c", fault=Fault(None, "", "has 4 cells, the header has 2"))]),
        ("1,a\0b\n", [row(2, "1", "a\0b", faults=(Fault("name", "a\0b", "holds a NUL character"),))]),
        (
            f"1,{'a' * 200_000}\n",
            [
                row(
                    2,
                    "1",
                    "a" * 200_000,
                    faults=(Fault("name", "a" * 200_000, "is too long (200,000 characters; 20,000 at most)"),),
                )
            ],
        ),
        (
            f"1,{'a' * 2_000_000}\n2,b\n",
            [broken(2, fault=Fault(None, "", "is too long (more than 1,000,000 characters)")), row(3, "2", "b")],
        ),
        # An unclosed quote refuses the row it opened in, and not those after it.
        ('1,"a\n2,b\n', [broken(2, "1", fault=Fault("name", '"', OPENS.format(2))), row(3, "2", "b")]),
        (
            '1,"a\n2,b\n3,"c"\n',
            [broken(2, "1", fault=Fault("name", '"', OPENS.format(2))), row(3, "2", "b"), row(4, "3", "c")],
        ),
        ('"1,a\n2,b\n', [broken(2, fault=Fault("id", '"', OPENS.format(2))), row(3, "2", "b")]),
        (
            '"1\n1","a\n2,b\n',
            [
                broken(2, "1\n1", fault=Fault("name", '"', OPENS.format(3)), lines=(2, 3)),
                row(3, "2", "b", lines=(4, 4)),
            ],
        ),
        (
            '1,"a" b\n2,b\n',
            [
                broken(
                    2,
                    "1",
                    fault=Fault(
                        "name", '"', "closes on line 2 with text after it; double the quotes inside a quoted cell"
                    ),
                ),
                row(3, "2", "b"),
            ],
        ),
        (
            "1,5' 10\"\n2,b\n",
            [
                broken(
                    2,
                    "1",
                    fault=Fault(
                        "name",
                        '"',
                        "stands inside a cell without quotes round it, on line 2; quote the cell and double the quotes inside it",
                    ),
                ),
                row(3, "2", "b"),
            ],
        ),
    ],
)
def test_a_row_out_of_shape_is_told_and_the_others_are_read(written, text, rows):
    assert list(open_rows(written(f"id,name\n{text}".encode())).rows) == rows


@pytest.mark.parametrize(
    "data, words",
    [
        (b"", "The file is empty: list.csv has 0 bytes"),
        (b"\xef\xbb\xbf \r\n\n", "The file is empty: list.csv holds nothing but blanks"),
        (b"id,name,Name\n1,2,3\n", "list.csv: the column 'Name' stands twice in the header, as columns 2 and 3"),
        (b'id,"name\n1,2\n', "list.csv line 1, the header: '\"' opens on line 1 and never closes"),
        (b"id,na\0me\n1,2\n", "list.csv line 1, the header: a cell holds a NUL character"),
        (
            "id,name\n1,Ñandú\n".encode("cp1252"),
            "list.csv line 2, column 3: byte 0xD1 (offset 10) is not UTF-8; save the file as UTF-8, or import it with "
            "--encoding cp1252 (there it is Ñ) or --encoding mac_roman (there it is —); nothing was imported",
        ),
        (
            b"id,name\n" + "1,Ñandú\n".encode() * 3 + b"2,caf\x8e\n",
            "list.csv line 5, column 6: byte 0x8E (offset 43) is not UTF-8; the text before it is UTF-8: mend this one place, "
            "or import it with --encoding cp1252 (there it is Ž) or --encoding mac_roman (there it is é); nothing was imported",
        ),
        (
            b"id,name\n1,caf\xc3",
            "list.csv line 2, column 6: byte 0xC3 (offset 13) is not UTF-8; save the file as UTF-8, or import it with "
            "--encoding cp1252 (there it is Ã) or --encoding mac_roman (there it is √); nothing was imported",
        ),
        (
            "id,name\n1,a\n".encode("utf-16-le"),
            "list.csv is full of NUL bytes: it is UTF-16 without a byte-order mark, or no text at all; save it as UTF-8, "
            "or import it with --encoding utf-16-le",
        ),
        (
            b"\xff\xfei\0d\0\n\0\x00\xd8a\0",
            "list.csv line 2, column 1: byte 0x00 (offset 8) is not UTF-16; save the file as UTF-8, or import it with "
            "--encoding cp1252 or --encoding mac_roman; nothing was imported",
        ),
        ("id".encode("utf-32"), "list.csv is UTF-32; save it as UTF-8"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "list.csv: this is an image (PNG), not a CSV"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "list.csv: this is an image (JPEG), not a CSV"),
        (b"%PDF-1.7\n%\xe2\xe3", "list.csv: this is a PDF, not a CSV"),
        (
            b"PK\x03\x04\x14\0\x06\0",
            "list.csv: this is a zip file or a workbook (.xlsx, .ods), not a CSV; open it and save it as CSV UTF-8",
        ),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500),
            "list.csv: this is an old workbook (.xls), not a CSV; open it and save it as CSV UTF-8",
        ),
        (
            b"\r\n<!DOCTYPE html>\n<title>Sign in</title>",
            "list.csv: this is a web page, not a CSV; perhaps the download asked for a login",
        ),
        (
            "<html><p>Se connecter à".encode("cp1252"),
            "list.csv: this is a web page, not a CSV; perhaps the download asked for a login",
        ),
        (b'<?xml version="1.0"?><rows/>', "list.csv: this is XML, not a CSV"),
        (b'{"error": "forbidden"}', "list.csv: this is JSON, not a CSV"),
    ],
)
def test_a_file_that_is_no_csv_is_refused_in_words(written, data, words):
    with pytest.raises(UnreadableFile) as refused:
        open_rows(written(data))
    assert refused.value.message == words


@pytest.mark.parametrize(
    "data, encoding, cells, note",
    [
        ("id,name\n1,Ñandú ’\n".encode("cp1252"), "cp1252", ("1", "Ñandú ’"), "read as cp1252"),
        ("id,name\n1,Ñandú ’\n".encode("mac_roman"), "mac_roman", ("1", "Ñandú ’"), "read as mac_roman"),
        ("id,name\n1,Ñandú\n".encode("latin-1"), "latin-1", ("1", "Ñandú"), "read as iso8859-1"),
        ("id,name\n1,Ñandú\n".encode("utf-16-le"), "utf-16-le", ("1", "Ñandú"), "read as UTF-16"),
        ("id,name\n1,Ñandú\n".encode("utf-16"), "utf-16", ("1", "Ñandú"), "read as UTF-16"),
        ("id,name\n1,東京\n".encode("shift_jis"), "Shift-JIS", ("1", "東京"), "read as shift_jis"),
    ],
)
def test_an_encoding_may_be_named(written, data, encoding, cells, note):
    reading = open_rows(written(data), encoding=encoding)
    assert [each.cells for each in reading.rows] == [cells]
    assert reading.notes == (note,)


UNKNOWN = "is no encoding we know; the usual ones are cp1252 (Windows), mac_roman (old Mac), latin-1, utf-8 and utf-16"


@pytest.mark.parametrize(
    "data, encoding, words",
    [
        (
            b"id\n1\n",
            "cp1525",
            f"'cp1525' {UNKNOWN}",
        ),
        (
            b"id\n1\n",
            "rot13",
            f"'rot13' {UNKNOWN}",
        ),
        (
            b"id\n\x81\n",
            "cp1252",
            "list.csv line 2, column 1: byte 0x81 (offset 3) is not cp1252; try another --encoding, or save the file as UTF-8; "
            "nothing was imported",
        ),
        (
            "id\n".encode("utf-8-sig"),
            "cp1252",
            "list.csv begins with the byte-order mark of UTF-8, which contradicts --encoding cp1252; leave --encoding away",
        ),
    ],
)
def test_an_encoding_that_cannot_be_right_is_refused(written, data, encoding, words):
    with pytest.raises(UnreadableFile) as refused:
        open_rows(written(data), encoding=encoding)
    assert refused.value.message == words


def test_a_bad_byte_on_the_last_line_gives_no_row_at_all(written):
    with pytest.raises(UnreadableFile, match=r"^list\.csv line 300002, column 3: byte 0xFF \(offset 3488900\)"):
        open_rows(written(b"id,name\n" + b"".join(b"%d,Hope\n" % number for number in range(300_000)) + b"1,\xff\n"))


@pytest.mark.parametrize(
    "name, words",
    [
        ("missing.csv", "there is no file {folder}/missing.csv"),
        (".", "{name} is a folder; name one CSV file"),
        ("a\0.csv", "'a\\x00.csv' cannot be the name of a file"),
    ],
)
def test_what_is_no_file_is_refused(tmp_path, name, words):
    with pytest.raises(UnreadableFile) as refused:
        open_rows(tmp_path / name)
    assert refused.value.message == words.format(folder=tmp_path, name=tmp_path.name)


def test_a_device_is_refused_unread(tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(UnreadableFile, match=r"^pipe\.csv is a device, not a file; name one CSV file$"):
        open_rows(tmp_path / "pipe.csv")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_refused(written):
    path = written(b"id\n1\n")
    path.chmod(0)
    with pytest.raises(UnreadableFile, match=r"^list\.csv may not be read by this user; check its permissions$"):
        open_rows(path)


def test_a_large_file_is_refused_by_its_size_before_it_is_read(written):
    with pytest.raises(UnreadableFile, match=r"^list\.csv is too large \(1,005 bytes; 1,000 at most\)$"):
        open_rows(written(b"id\n" + bytes(1002)), size_limit=1000)


@pytest.mark.parametrize("change", [lambda path: path.write_bytes(b"id,name\n2,Other\n"), lambda path: path.unlink()])
def test_a_file_that_changes_while_it_is_read_is_refused(written, change):
    path = written(b"id,name\n1,Hope\n")
    reading = open_rows(path)
    change(path)
    with pytest.raises(UnreadableFile):
        list(reading.rows)


def test_progress_is_told_in_bytes(written):
    reading = open_rows(written(b"id,name\n" + b"1,Hope\n" * 100_000))
    assert reading.bytes_read == 0
    seen = [reading.bytes_read for _ in reading.rows]
    assert seen == sorted(seen)
    assert 0 < seen[0] < seen[50_000] < reading.bytes_total == reading.bytes_read


@pytest.mark.parametrize(
    "line, count",
    [(b'1,"Hope, Inc"\n', 9000), (b'1,"Hope\n', 9000), (b'1,Ho"pe\n', 9000), (b"1," + b"x" * 30_000 + b"\n", 900)],
    ids=["quoted", "unclosed", "stray", "long"],
)
def test_memory_does_not_grow_with_the_file(written, line, count):
    rows = open_rows(written(b"id,name\n" + line * (count + 100))).rows
    assert sum(1 for _ in islice(rows, 100)) == 100
    tracemalloc.start()
    assert sum(1 for _ in islice(rows, count)) == count
    assert tracemalloc.get_traced_memory()[1] < 500_000
    tracemalloc.stop()
    rows.close()


PIECES = st.sampled_from(
    [b'"', b'""', b",", b";", b"\t", b"\n", b"\r", b"\r\n", b"\0", b"a", b"id", b" ", "é".encode(), b"\xe9", b"<"]
)
ENCODINGS = st.sampled_from([None, "cp1252", "mac_roman", "utf-16", "utf-16-le", "shift_jis", "gb18030", "idna", ""])


@settings(max_examples=400, deadline=None)
@given(data=st.one_of(st.binary(max_size=300), st.lists(PIECES, max_size=60).map(b"".join)), encoding=ENCODINGS)
def test_no_bytes_raise_anything_but_our_own_error(tmp_path_factory, data, encoding):
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_bytes(data)
    try:
        reading = open_rows(path, encoding=encoding)
        rows = list(reading.rows)
    except UnreadableFile as error:
        assert str(error).isprintable()
        return
    assert [each.number for each in rows] == sorted({each.number for each in rows})
    assert all(each.faults or len(each.cells) == len(reading.header) for each in rows)


# A cell that begins with a comma or a line break would close the open quote before it as a whole cell does.
CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=20).map(lambda text: "a" + text)


@settings(max_examples=200, deadline=None)
@given(table=st.lists(st.tuples(CELLS, CELLS), max_size=8), bad=st.integers(0, 8), quoted=st.booleans())
def test_an_unclosed_quote_refuses_its_row_only(tmp_path_factory, table, bad, quoted):
    """Every cell of the other rows comes back as it was written, wherever the broken row stands."""

    def write(cell: str) -> str:
        return '"' + cell.replace('"', '""') + '"' if quoted or set(cell) & set('",;\n|\t') else cell

    lines = [",".join(write(cell) for cell in cells) for cells in table]
    lines.insert(min(bad, len(lines)), 'x,"Hope')
    path = tmp_path_factory.getbasetemp() / "quoted.csv"
    path.write_text("id,name\n" + "".join(line + "\n" for line in lines), encoding="utf-8", newline="")
    rows = list(open_rows(path).rows)
    assert [each.cells for each in rows if each.whole] == table
    assert [each.cells for each in rows if not each.whole] == [("x",)]
