"""JSON in a stream: what a file breaks, what one record breaks, and how much memory either may take."""

import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from directory.errors import DirectoryError, UnreadableFile
from directory.importers import jsonfile
from directory.importers.jsonfile import Broken, Head


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "feed.json"


def read(path: Path, content: bytes | str, **options: Any) -> list[tuple[int, dict[str, Any]]]:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return list(jsonfile.records(path, **options))


def test_records_keep_their_place_and_numbers_stay_text(path: Path) -> None:
    content = '[{"zip": 2108, "lat": 41.10, "open": true, "none": null}, {"list": [1, {"a": "b"}]}]'
    assert read(path, content) == [
        (1, {"zip": "2108", "lat": "41.10", "open": True, "none": None}),
        (2, {"list": ["1", {"a": "b"}]}),
    ]


def test_the_list_may_lie_under_a_key(path: Path) -> None:
    content = '{"page": 1, "other": [{"x": 1}], "rows": [{"a": "1"}, {"a": "2"}]}'
    assert read(path, content, prefix="rows.item") == [(1, {"a": "1"}), (2, {"a": "2"})]


def test_an_empty_list_is_no_records(path: Path) -> None:
    assert read(path, "[]") == []


def test_a_byte_order_mark_is_accepted(path: Path) -> None:
    assert read(path, b'\xef\xbb\xbf[{"a": "\xc3\xa9"}]') == [(1, {"a": "é"})]


@pytest.mark.parametrize(
    "element, reason",
    [
        ("3", "is no object with fields, as the records of this list are"),
        ('[{"a": 1}]', "is no object with fields, as the records of this list are"),
        ("null", "is no object with fields, as the records of this list are"),
        ('{"name": "one", "name": "two"}', "has the field 'name' twice"),
        ('{"b": {"name": "one", "name": "two"}}', "has the field 'name' twice"),
        ('{"name": "\\u0000"}', "has a NUL character in 'name'"),
        ('{"name": "a\\ud800b"}', "has half a character in 'name'"),
        ('{"list": ["\0"]}', "has a NUL character in 'list'"),
        ('{"a":' * 50 + "1" + "}" * 50, "is nested too deep (more than 40 levels)"),
        (json.dumps({"notes": "x" * 200_000}), "is too long in 'notes' (200,000 characters; 20,000 at most)"),
    ],
)
def test_one_broken_record_breaks_no_other(path: Path, element: str, reason: str) -> None:
    (_, broken), *others = read(path, f'[{element}, {{"a": "whole"}}]')
    assert isinstance(broken, Broken)
    assert broken.reason == reason
    assert others == [(2, {"a": "whole"})]


@pytest.mark.parametrize(
    "content, message",
    [
        (b"", "The file is empty: feed.json has 0 bytes"),
        (b" \n ", "The file is empty: feed.json holds nothing but blanks"),
        (b"<!doctype html><title>Log in", "feed.json: this is a web page, not JSON; perhaps the download asked for a login"),
        (b"<?xml version='1.0'?><a/>", "feed.json: this is XML, not JSON"),
        (b"name,phone\n", "feed.json: this is not JSON; it begins with 'name,phone\\\\n'"),
        (b"\x89PNG\r\n", "feed.json: this is not JSON; it begins with '\\\\x89PNG\\\\r\\\\n'"),
        ("[]".encode("utf-16"), "feed.json is UTF-16 or UTF-32, and JSON is UTF-8; save it as UTF-8"),
        (
            b'[{"a": 1}, {"b": "cut',
            "feed.json ends in the middle after record 1: the download was cut off; fetch it again; nothing was imported",
        ),
        (
            b'[\n{"a": "caf\xe9"}]',
            "feed.json line 2: byte 0xE9 (offset 12) is not UTF-8, and JSON is UTF-8; save the file as UTF-8; "
            "nothing was imported",
        ),
        (b'[{"a": 1},\n {"b" 2}]',
         "feed.json is not JSON after record 1: line 2, column 7: Expecting ':' delimiter; nothing was imported"),
        (b'[{"a": 1}, ]', "feed.json is not JSON after record 1: line 1: Expecting value; nothing was imported"),
        (b'[{"a": NaN}]', "feed.json is not JSON: line 1: NaN is no JSON; nothing was imported"),
        (b'[{"a": 1}] and more',
         "feed.json is not JSON after record 1: line 1: 'a' stands after its end; nothing was imported"),
        (b"[" * 100_000, "feed.json is nested too deep; nothing was imported"),
        (b'[{"a":' * 1000, "feed.json is nested too deep; nothing was imported"),
        (b'{"rows": [{"a": 1}]}', "feed.json holds no list of records"),
    ],
)  # fmt: skip
def test_a_bad_file_is_refused_with_a_sentence(path: Path, content: bytes, message: str) -> None:
    with pytest.raises(UnreadableFile) as caught:
        read(path, content)
    assert caught.value.message == message.replace("\\\\", "\\")


def test_no_number_is_too_long_to_stay_text(path: Path) -> None:
    assert read(path, '[{"a": ' + "1" * 5000 + ', "b": 1e99999999999999999999, "c": -0}]') == [
        (1, {"a": "1" * 5000, "b": "1e99999999999999999999", "c": "-0"})
    ]


@pytest.mark.parametrize("cut", range(65_520, 65_560))
def test_a_record_may_lie_across_two_blocks(path: Path, cut: int) -> None:
    first = '{"a": "' + "x" * (cut - 60_000) + '"}'
    filler = ",".join([first] * 1)
    content = "[" + filler + " " * (60_000 - 20) + ',{"b": "\\ud83d\\ude00", "n": 12345.678, "t": true}, {"c": 1}]'
    path.write_text(content)
    assert [record for _, record in jsonfile.records(path)][1:] == [
        {"b": "😀", "n": "12345.678", "t": True},
        {"c": "1"},
    ]


def test_a_list_that_stands_twice_is_refused(path: Path) -> None:
    with pytest.raises(UnreadableFile, match="has the list 'rows' twice"):
        read(path, '{"rows": [{"a": 1}], "rows": [{"b": 1}]}', prefix="rows.item")


def test_a_list_that_is_missing_is_named(path: Path) -> None:
    with pytest.raises(UnreadableFile, match="holds no list of records called 'rows'"):
        read(path, '{"page": 1}', prefix="rows.item")


def test_what_is_no_file_or_too_large_is_refused_before_reading(path: Path, tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="there is no file"):
        jsonfile.records(path)
    with pytest.raises(UnreadableFile, match="is a folder; name one JSON file"):
        jsonfile.records(tmp_path)
    with pytest.raises(UnreadableFile, match=r"is too large \(13 bytes; 5 at most\)"):
        read(path, '[{"a": "bc"}]', size_limit=5)


def test_a_file_that_changes_while_it_is_read_is_refused(path: Path) -> None:
    path.write_text(json.dumps([{"a": "x" * 100}] * 5000))
    found = jsonfile.records(path)
    next(found)
    with path.open("a") as file:
        file.write("\n")
    with pytest.raises(UnreadableFile, match="was changed while it was being read"):
        list(found)


def test_one_record_of_many_megabytes_is_refused(path: Path) -> None:
    content = b'[{"a": 1}, {"a": "' + b"x" * 9_000_000 + b'"}]'
    with pytest.raises(UnreadableFile, match="has a record of more than 8,000,000 characters after record 1"):
        read(path, content)


def test_memory_does_not_grow_with_the_file(path: Path) -> None:
    record = json.dumps({"name": "Example", "types": ["O", "C"], "notes": "x" * 3000})
    path.write_text("[" + ",".join([record] * 10_000) + "]")
    tracemalloc.start()
    count = sum(1 for _ in jsonfile.records(path))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 10_000
    assert peak < 2_000_000 < path.stat().st_size


def test_how_far_it_has_read_is_told(path: Path) -> None:
    path.write_text(json.dumps([{"a": "x" * 1000}] * 1000))
    found = jsonfile.records(path)
    assert (found.bytes_total, found.bytes_read) == (path.stat().st_size, 0)
    next(found)
    assert 0 < found.bytes_read < found.bytes_total
    list(found)
    assert found.bytes_read == found.bytes_total


@pytest.mark.parametrize(
    "content, expected",
    [
        ('[{"a": 1}, 2', Head((), {"a": "1"})),
        ('{"page": 1, "rows": [{"a": 1}], "after": 2}', Head(("page", "rows"), {"a": "1"})),
        ('{"meta": {"list": [{"x": 1}]}, "rows": [{"a": 1}]}', Head(("meta", "rows"), {"a": "1"})),
        ('{"id": "1", "name": "one"}', Head(("id", "name"), {})),
        ("[]", Head()),
        ("[1, [2]]", Head()),
        ("name,phone", Head()),
        ("", Head()),
    ],
)
def test_the_head_tells_what_a_file_is(path: Path, content: str, expected: Head) -> None:
    path.write_text(content)
    assert jsonfile.head(path) == expected


def test_the_head_of_what_cannot_be_read_is_empty(path: Path, tmp_path: Path) -> None:
    assert jsonfile.head(path) == Head()
    assert jsonfile.head(tmp_path) == Head()


_BITS = st.sampled_from(
    [b"[", b"]", b"{", b"}", b":", b",", b'"', b'"a"', b"1", b"-", b"1e5", b"1e999999999999", b"9" * 4400, b"true", b"null",
     b"\\u0000", b"\\ud800", b"\\", b"\xff", b"\0", b"\xef\xbb\xbf", b" ", b"\n", b"NaN", b"[" * 200]
)  # fmt: skip


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.one_of(st.binary(max_size=300), st.lists(_BITS, max_size=40).map(b"".join)))
def test_no_bytes_raise_anything_but_our_own_errors(path: Path, content: bytes) -> None:
    jsonfile.head(path)
    for prefix in ("item", "rows.item"):
        try:
            read(path, content, prefix=prefix)
        except DirectoryError as error:
            assert "feed.json" in error.message
