"""Which format a file is in: told by its content, never by its name, and said in words when it is none of ours."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from factories import TODAY
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from directory.cli import directory as commands
from directory.config import shipped_folder
from directory.errors import BadQuery, DirectoryError, UnreadableFile
from directory.importers import formats, sources
from directory.importers.drafts import Context, Words
from directory.importers.formats import FORMATS
from directory.importers.sources import Options

DATA = shipped_folder("data")
REAL = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
OWN = "id,kind,name,url,service_area\na,support_group,Example Group,https://example.org/,US\n"
OTHER = b"c,support_group,Example Group,https://example.org/,US\n"
Run = Callable[..., Result]


@pytest.fixture(scope="module")
def context(vocabulary, gazetteer) -> Context:
    return Context(vocabulary, gazetteer, DATA, TODAY)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command line on a database of its own."""
    monkeypatch.setenv("DIRECTORY_DATABASE_URL", f"sqlite:///{tmp_path / 'directory.sqlite3'}")
    return lambda *words: CliRunner().invoke(commands, [str(word) for word in words])


def real(name: str) -> Path:
    path = REAL / name
    if not path.exists():
        pytest.skip(f"{name} is not beside the checkout (shared/data)")
    return path


@pytest.mark.parametrize(
    ("name", "format_name"),
    [
        ("samhsa_mental_health_directory_2022.xlsx", "samhsa-directory"),
        ("samhsa_substance_use_directory_2022.xlsx", "samhsa-directory"),
        ("samhsa_mental_health_locator_2021.csv", "samhsa-locator"),
        ("findtreatment_api_response.json", "findtreatment"),
        ("meeting_guide_aa_minneapolis_2018.json", "meeting-guide"),
        ("bmlt_na_new_york.json", "bmlt"),
        ("nppes_sample.csv", "nppes"),
        ("hsds_3_0/examples/csv", "hsds"),
        ("hsds_3_0/examples/csv/datapackage.json", "hsds"),
        ("hsds_3_0/examples/service_full.json", "hsds-json"),
        ("hsds_3_0/examples/organization_full.json", "hsds-json"),
    ],
)
def test_a_publishers_file_is_recognised_by_one_format(name: str, format_name: str) -> None:
    assert [each.name for each in formats.recognised(real(name))] == [format_name]


@pytest.mark.parametrize(
    "name",
    [
        "bmlt_formats.csv", "meeting_guide_types.json", "crisis_lines_facts.csv", "crisis_lines_sources.csv",
        "us_lines_facts.csv", "gazetteer", "gazetteer/world_regions.csv", "README.md", "hsds_3_0/schema/service.json", "hsds_3_0",
    ],
)  # fmt: skip
def test_a_file_of_another_kind_is_recognised_by_none(name: str) -> None:
    assert formats.recognised(real(name)) == []


@pytest.mark.parametrize("name", ["crisis_lines", "support_groups", "therapists", "treatment_programs"])
def test_the_shipped_listings_are_our_own_csv(name: str) -> None:
    assert [each.name for each in formats.recognised(DATA / f"{name}.csv")] == ["listings"]


@pytest.mark.parametrize(
    "data",
    [
        OWN.encode(),
        OWN.encode("utf-8-sig"),
        OWN.encode("utf-16"),
        OWN.replace(",", ";").encode(),
        OWN.replace(",", "\t").encode(),
        OWN.replace("\n", "\r").encode(),
        OWN.replace("id,kind,name", "ID, Kind ,Name").encode(),
        OWN.replace("Example", "Ñandú").encode("cp1252"),
    ],
    ids=["plain", "mark", "utf-16", "semicolon", "tab", "old-mac", "capitals", "cp1252"],
)
def test_our_own_csv_is_recognised_however_it_is_saved(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "any.txt"
    path.write_bytes(data)
    assert [each.name for each in formats.recognised(path)] == ["listings"]


def test_our_own_columns_in_a_workbook_are_read_too(tmp_path: Path, context: Context) -> None:
    book = Workbook()
    for line in OWN.splitlines():
        book.active.append(line.split(","))
    book.save(tmp_path / "list.xlsx")
    path = tmp_path / "list.xlsx"
    (row,) = formats.open_file(path, sources.beside(path), context, Options()).rows
    assert row.listing is not None


def test_a_named_format_and_that_of_the_toml_go_before_the_content(tmp_path: Path, context: Context) -> None:
    path = tmp_path / "list.csv"
    path.write_text(OWN)
    assert formats.open_file(path, sources.beside(path), context, Options()).took_for == "our own CSV"
    with pytest.raises(UnreadableFile, match=r"list\.csv needs a column map: write \[columns\] in list\.toml"):
        formats.open_file(path, sources.beside(path), context, Options(), "mapped")
    (tmp_path / "list.toml").write_text('format = "mapped"')
    with pytest.raises(UnreadableFile, match="needs a column map"):
        formats.open_file(path, sources.beside(path), context, Options())
    assert formats.open_file(path, sources.beside(path), context, Options(), "listings").took_for == "our own CSV"


def test_an_unknown_format_is_named_with_those_there_are(tmp_path: Path, context: Context) -> None:
    path = tmp_path / "list.csv"
    path.write_text(OWN)
    with pytest.raises(BadQuery, match="'hsdd' is no format; write auto, listings, mapped, ") as refused:
        formats.open_file(path, sources.beside(path), context, Options(), "hsdd")
    assert refused.value.field == "format"
    (tmp_path / "list.toml").write_text('format = "listing"')
    with pytest.raises(UnreadableFile, match=r"^list\.toml: 'listing' is no format; did you mean 'listings'\?$"):
        formats.open_file(path, sources.beside(path), context, Options())


def packed(**files: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return made.getvalue()


def workbook(*rows: list[str]) -> bytes:
    book, made = Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(made)
    return made.getvalue()


ADVICE = "write a column map in list.toml (docs/formats.md), or name its format with --format"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "The file is empty: list.csv has 0 bytes"),
        (b" \n\n", "The file is empty: list.csv holds nothing but blanks"),
        (
            b"Agency,Phone\nHope,1\n",
            "list.csv has no columns 'id', 'kind' and 'name'; line 1, which should name the columns, begins with "
            f"'Agency,Phone'. If these are a publisher's own columns, {ADVICE}",
        ),
        (
            b"us-1,crisis_line,Example Line,,a secret street\n",
            "list.csv has no columns 'id', 'kind' and 'name'; line 1, which should name the columns, begins with "
            f"'us-1,crisis_line,Example Line'. If these are a publisher's own columns, {ADVICE}",
        ),
        (
            b"id;kind;naem\n",
            "list.csv has no column 'name'; line 1, which should name the columns, begins with 'id;kind;naem'. If these are a "
            f"publisher's own columns, {ADVICE}",
        ),
        (b"id,kind,name,Name\n", "list.csv: the column 'Name' stands twice in the header, as columns 3 and 4"),
        (
            OWN.replace("Example", "Ñandú").encode("cp1252"),
            "list.csv line 2, column 17: byte 0xD1 (offset 46) is not UTF-8; save the file as UTF-8, or import it with "
            "--encoding cp1252 (there it is Ñ) or --encoding mac_roman (there it is —); nothing was imported",
        ),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "list.csv: this is an image (PNG), not a CSV"),
        (b"%PDF-1.7\n%\xe2\xe3", "list.csv: this is a PDF, not a CSV"),
        (
            b"<!DOCTYPE html>\n<title>Sign in</title>",
            "list.csv: this is a web page, not a CSV; perhaps the download asked for a login",
        ),
        (b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><rows>&a;</rows>', "list.csv: this is XML, not a CSV"),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500),
            "list.csv: this is an old workbook (.xls), or one with a password; open it and save it as .xlsx without one",
        ),
        (b"[ ]", "list.csv: this is JSON without a record in it; download it again"),
        (
            workbook(["Agency", "Phone"], ["Hope", "1"]),
            f"list.csv is a workbook of no publisher we know: it has the columns 'Agency' and 'Phone'; {ADVICE}",
        ),
    ],
    ids=lambda value: None if isinstance(value, str) else "data",
)
def test_a_file_in_none_of_our_formats_is_refused_in_words(
    tmp_path: Path, context: Context, data: bytes, words: str
) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes(data)
    with pytest.raises(UnreadableFile) as refused:
        formats.open_file(path, sources.beside(path), context, Options())
    assert refused.value.message == words


def test_json_of_another_kind_is_told_what_we_read(tmp_path: Path, context: Context) -> None:
    path = tmp_path / "list.json"
    path.write_bytes(b'{"error": "forbidden"}')
    with pytest.raises(UnreadableFile) as refused:
        formats.open_file(path, sources.beside(path), context, Options())
    assert refused.value.message.startswith("list.json: this is JSON, but of none of the formats we read (")
    assert "FindTreatment.gov" in refused.value.message


def test_a_folder_that_is_no_package_is_told_what_to_do(tmp_path: Path, context: Context) -> None:
    folder = tmp_path / "lists"
    folder.mkdir()
    with pytest.raises(UnreadableFile, match=r"^lists is a folder, and no HSDS package"):
        formats.open_file(folder, sources.beside(folder), context, Options())


BOMB = packed(**{"xl/workbook.xml": b"<workbook/>", "xl/worksheets/sheet1.xml": bytes(60_000_000)})
CLIMBER = packed(**{"xl/workbook.xml": b"<workbook/>", "../../escape.xml": b""})
NEST = packed(**{"xl/workbook.xml": b"<workbook/>", "inner.zip": packed(a=b"")})
MANY = packed(**{"xl/workbook.xml": b"<workbook/>", **{f"{number}.xml": b"" for number in range(10_001)}})


@pytest.mark.parametrize("data", [BOMB, CLIMBER, NEST, MANY], ids=["bomb", "climber", "nest", "many"])
@pytest.mark.parametrize("format_name", ["auto", *FORMATS])
def test_no_format_unpacks_a_zip_that_is_a_trap(
    tmp_path: Path, context: Context, data: bytes, format_name: str
) -> None:
    path = tmp_path / "list.xlsx"
    path.write_bytes(data)
    (tmp_path / "list.toml").write_text('key = ["A"]\n[columns]\nA = "name"\n[values]\nkind = "therapist"')
    with pytest.raises(DirectoryError):
        list(formats.open_file(path, sources.beside(path), context, Options(), format_name).rows)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["list.toml", "list.xlsx"]


START = st.sampled_from(
    [
        b"",
        b"PK\x03\x04",
        b"[",
        b'[{"name": ',
        b'{"rows": [{"frid": 1',
        b"id,kind,name\n",
        b"NPI,",
        b"name1,zip\n",
        b"\xff\xfe",
        b"<",
    ]
)


@settings(max_examples=150, deadline=None)
@given(start=START, rest=st.binary(max_size=120), format_name=st.sampled_from(["auto", *FORMATS]))
def test_no_bytes_raise_anything_but_our_own_error(
    tmp_path_factory, vocabulary, gazetteer, start: bytes, rest: bytes, format_name: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.bin"
    path.write_bytes(start + rest)
    try:
        reading = formats.open_file(
            path, sources.beside(path), Context(vocabulary, gazetteer, DATA, TODAY), Options(), format_name
        )
        rows = list(reading.rows)
    except DirectoryError as error:
        assert error.message
        return
    assert all((row.listing is None) == bool(row.problems) for row in rows)


@pytest.mark.parametrize(
    ("data", "code", "counts", "words"),
    [
        (b"", 2, None, "The file is empty"),
        (b"id,kind,name\n", 0, {"rows": 0}, ""),
        (OWN.encode("utf-8-sig"), 0, {"added": 1}, ""),
        (OWN.encode("utf-16-le"), 2, None, "full of NUL bytes"),
        (OWN.encode() + b"b,\xff\n", 2, None, "line 3, column 3: byte 0xFF"),
        (OWN.replace("name", "na\u200bme").encode(), 0, {"added": 1}, ""),
        (OWN.encode() + b'b,"open\n' + OTHER, 1, {"added": 2, "refused": 1}, "opens on line 3"),
        (OWN.encode() + OTHER.replace(b"Group", b"a\0b"), 1, {"added": 1, "refused": 1}, "holds a NUL character"),
        (OWN.encode() + b"b,support_group," + b"x" * 200_000 + b",https://example.org/,US\n", 1, {"refused": 1}, "is too long"),
        (OWN.encode() + b"b,support_group\n", 1, {"refused": 1}, "has 2 cells, the header has 5"),
        (OWN.replace(",", ";").encode(), 0, {"added": 1}, ""),
        (OWN.replace("\n", "\r").encode(), 0, {"added": 1}, ""),
        (OWN.replace("https://example.org/", "javascript:alert(1)").encode(), 1, {"refused": 1}, "is not a web address"),
        (OWN.replace("Example Group", "'=HYPERLINK(1)").encode(), 0, {"added": 1}, ""),
        (OWN.replace("Example Group", "＝1+1").encode(), 0, {"added": 1}, ""),
        (OWN.replace("Example Group", '"one\rtwo"').encode(), 0, {"added": 1}, ""),
        (OWN.replace("Example Group", "After he committed suicide").encode(), 0, {"added": 1}, "committed suicide"),
        (b"\x89PNG\r\n", 2, None, "this is an image (PNG)"),
    ],
    ids=lambda value: "data" if isinstance(value, bytes) else None,
)  # fmt: skip
def test_faults_of_a_file_end_in_words_and_counts(
    run: Run, tmp_path: Path, data: bytes, code: int, counts: dict[str, int] | None, words: str
) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes(data)
    result = run("import", path, "--json")
    assert result.exit_code == code
    assert words in result.output
    assert "Traceback" not in result.output
    if counts is not None:
        report = json.loads(result.stdout)
        assert {name: report[name] for name in counts} == counts


def test_a_tally_keeps_ten_thousand_different_words_and_counts_the_rest() -> None:
    words = Words()
    for number in range(10_005):
        words[str(number)] += 1
    words["7"] += 1
    assert (len(words), words["7"], words["(others)"]) == (10_001, 2, 5)
