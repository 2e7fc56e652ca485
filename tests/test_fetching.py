"""Downloads: https only, public addresses only, whole or not at all, within time and size (faults row 61)."""

import gzip
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from directory import fetching
from directory.fetching import Limits, fetch
from directory.public_addresses import NotFetched, is_public
from tests.https_server import Server, running

NO_ADDRESS = " is not a web address; write blanks and letters of other alphabets as %20"
FILE = b"id,kind,name\n" * 1000


@pytest.fixture(scope="module")
def listening(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("server")) as server:
        yield server


@pytest.fixture
def server(listening: Server) -> Server:
    listening.answers.clear()
    listening.asked.clear()
    return listening


@pytest.fixture
def limits(server: Server) -> Limits:
    return Limits(
        size=1_000_000,
        step_seconds=1,
        deadline_seconds=2,
        allowed_addresses={"127.0.0.1"},
        authorities=server.certificate,
    )


def test_a_whole_file_is_kept_with_its_tags(server: Server, limits: Limits, tmp_path: Path) -> None:
    tags = {"ETag": '"abc"', "Last-Modified": "Sun, 22 Nov 2026 10:00:00 GMT"}
    server.serve("/list.csv", FILE, **tags, **{"Content-Type": "text/csv; charset=utf-8"})
    got = fetch(server.url("/list.csv?key=secret"), tmp_path, limits=limits)
    assert got.path is not None
    assert got.path.read_bytes() == FILE
    assert (got.size, got.content_type, got.etag, got.last_modified) == (len(FILE), "text/csv", *tags.values())
    path, headers = server.asked[0]
    assert path == "/list.csv?key=secret"
    assert headers["Host"] == f"127.0.0.1:{server.port}"
    assert "If-None-Match" not in headers


def test_what_did_not_change_is_not_sent_again(server: Server, limits: Limits, tmp_path: Path) -> None:
    server.serve("/list.csv", FILE, ETag='"abc"')
    got = fetch(server.url("/list.csv"), tmp_path, etag='"abc"', last_modified="yesterday", limits=limits)
    assert (got.path, got.etag) == (None, '"abc"')
    assert server.asked[0][1]["If-Modified-Since"] == "yesterday"
    assert list(tmp_path.iterdir()) == []
    changed = fetch(server.url("/list.csv"), tmp_path, etag='"old"', limits=limits)
    assert changed.path is not None


def test_redirects_are_followed_five_times(server: Server, limits: Limits, tmp_path: Path) -> None:
    for number in range(7):
        server.redirect(
            f"/{number}", f"/{number + 1}" if number != 3 else server.url("/4"), status=(301, 307)[number % 2]
        )
    server.serve("/5", FILE)
    assert fetch(server.url("/0"), tmp_path, limits=limits).size == len(FILE)
    server.redirect("/5", "/6")
    server.serve("/6", FILE)
    with pytest.raises(NotFetched, match="/0' leads through more than 5 redirects"):
        fetch(server.url("/0"), tmp_path, limits=limits)


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/x",
        "https://localhost/x",
        "https://0.0.0.0/x",
        "https://0/x",
        "https://2130706433/x",
        "https://0x7f000001/x",
        "https://0177.0.0.1/x",
        "https://127.1/x",
        "https://10.1.2.3/x",
        "https://172.16.0.1/x",
        "https://192.168.1.1/x",
        "https://100.64.0.1/x",
        "https://169.254.169.254/latest/meta-data/",
        "https://224.0.0.1/x",
        "https://240.0.0.1/x",
        "https://255.255.255.255/x",
        "https://192.0.2.1/x",
        "https://[::1]/x",
        "https://[::]/x",
        "https://[::ffff:127.0.0.1]/x",
        "https://[::ffff:7f00:1]/x",
        "https://[::127.0.0.1]/x",
        "https://[fe80::1%25lo]/x",
        "https://[fe80::1]/x",
        "https://[fc00::1]/x",
        "https://[fd00:ec2::254]/x",
        "https://[fec0::1]/x",
        "https://[ff02::1]/x",
        "https://[2001:db8::1]/x",
        "https://[2002:7f00:1::]/x",
        "https://[64:ff9b::7f00:1]/x",
        "https://[64:ff9b::169.254.169.254]/x",
        "https://127.0.0.1./x",
    ],
)
def test_no_private_address_is_asked(url: str, tmp_path: Path) -> None:
    began = time.monotonic()
    with pytest.raises(NotFetched, match=r"not an address of the public internet|no address for"):
        fetch(url, tmp_path)
    assert time.monotonic() - began < 6
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"])
def test_public_addresses_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("address", ["", "::ffff:10.0.0.1", "2002:a00:1::", "not an address", "1.2.3", "8.8.8.8.8"])
def test_what_only_looks_public_is_not(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://example.org/x", "'http://example.org/x' is not https; only files that come over https are fetched"),
        ("file:///etc/passwd", "'file:///etc/passwd' is not https; only files that come over https are fetched"),
        ("https://", "'https://'" + NO_ADDRESS),
        ("https://me:word@example.org/x", "'https://example.org/x' has a user name or a password in it; leave them out"),
        ("https://example.org/a b", "'https://example.org/a b'" + NO_ADDRESS),
        ("https://example.org/\r\nX: y", "'https://example.org/??X: y'" + NO_ADDRESS),
        ("https://example.org\\@127.0.0.1/", "'https://example.org\\@127.0.0.1/'" + NO_ADDRESS),
        ("https://[::1/", "'https://[::1/' is not a web address"),
        ("https://example.org:99999/", "'https://example.org:99999/' is not a web address"),
        (
            "https://nowhere.invalid/list.csv?key=1",
            "'https://nowhere.invalid/list.csv' cannot be reached: there is no address for nowhere.invalid",
        ),
    ],
)  # fmt: skip
def test_only_plain_https_addresses_are_asked(url: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(NotFetched) as error:
        fetch(url, tmp_path)
    assert error.value.message == message


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (
            "https://169.254.169.254/latest/meta-data/",
            "169.254.169.254, which is not an address of the public internet",
        ),
        ("https://127.0.0.2/x", "127.0.0.2, which is not an address of the public internet"),
        ("//[::1]/x", "::1, which is not an address of the public internet"),
        ("http://example.org/x", "is not https"),
        ("file:///etc/passwd", "is not https"),
    ],
)
def test_a_redirect_is_looked_at_like_the_first_address(
    target: str, message: str, server: Server, limits: Limits, tmp_path: Path
) -> None:
    server.redirect("/list.csv", target)
    with pytest.raises(NotFetched) as error:
        fetch(server.url("/list.csv"), tmp_path, limits=limits)
    assert message in error.value.message


def test_a_name_with_one_private_address_among_public_ones_is_refused(
    limits: Limits, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolver(monkeypatch, [["127.0.0.1", "10.0.0.1"]])
    with pytest.raises(NotFetched, match=r"publisher\.example is 10\.0\.0\.1"):
        fetch("https://publisher.example/x", tmp_path, limits=limits)


def test_a_name_that_changes_its_address_after_the_look_gains_nothing(
    server: Server, limits: Limits, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.serve("/list.csv", FILE)
    asked = resolver(monkeypatch, [["127.0.0.1"], ["169.254.169.254"]])
    got = fetch(server.url("/list.csv", host="publisher.example"), tmp_path, limits=limits)
    assert got.size == len(FILE)
    assert asked == ["publisher.example"]
    assert server.asked[0][1]["Host"] == f"publisher.example:{server.port}"


def test_a_slow_resolver_is_not_waited_for(limits: Limits, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: time.sleep(3) or [])
    began = time.monotonic()
    with pytest.raises(NotFetched, match="there is no address for"):
        fetch("https://publisher.example/x", tmp_path, limits=limits)
    assert time.monotonic() - began < 2


def test_proxies_are_ignored(server: Server, limits: Limits, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    server.serve("/list.csv", FILE)
    assert fetch(server.url("/list.csv"), tmp_path, limits=limits).size == len(FILE)


def test_a_certificate_nobody_vouches_for_is_refused(server: Server, limits: Limits, tmp_path: Path) -> None:
    server.serve("/list.csv", FILE)
    trusting = replace(limits, authorities=Limits().authorities)
    with pytest.raises(NotFetched, match="its certificate is not valid: self-signed certificate"):
        fetch(server.url("/list.csv"), tmp_path, limits=trusting)
    assert server.asked == []


def test_a_certificate_of_another_host_is_refused(tmp_path: Path, limits: Limits) -> None:
    (folder := tmp_path / "other").mkdir()
    refused = pytest.raises(NotFetched, match=r"certificate is not valid.*127\.0\.0\.1")
    with running(folder, names="DNS:other.example") as other, refused:
        fetch(other.url("/list.csv"), tmp_path, limits=replace(limits, authorities=other.certificate))


@pytest.mark.parametrize("status", [204, 206, 304, 403, 404, 500, 503])
def test_any_other_answer_than_the_file_is_named(status: int, server: Server, limits: Limits, tmp_path: Path) -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    server.answers["/list.csv"] = answer
    with pytest.raises(NotFetched, match=f"/list.csv' answered {status} instead of the file"):
        fetch(server.url("/list.csv?key=1"), tmp_path, limits=limits)


def test_the_size_is_counted_whatever_the_server_says(server: Server, limits: Limits, tmp_path: Path) -> None:
    small = replace(limits, size=10_000, deadline_seconds=20)
    server.serve("/told", b"x" * 10_001)
    server.serve("/just", b"x" * 10_000)

    def endless(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        while True:
            handler.wfile.write(b"1000\r\n" + b"x" * 4096 + b"\r\n")

    server.answers["/endless"] = endless
    server.serve("/bomb", gzip.compress(bytes(5_000_000)), **{"Content-Encoding": "gzip"})
    for path in ("/told", "/endless", "/bomb"):
        with pytest.raises(NotFetched, match="is larger than 10,000 bytes"):
            fetch(server.url(path), tmp_path, limits=small)
    assert list(tmp_path.iterdir()) == []
    assert fetch(server.url("/just"), tmp_path, limits=small).size == 10_000


def test_a_packed_answer_is_unpacked(server: Server, limits: Limits, tmp_path: Path) -> None:
    server.serve("/list.csv", gzip.compress(FILE), **{"Content-Encoding": "gzip"})
    got = fetch(server.url("/list.csv"), tmp_path, limits=limits)
    assert got.path is not None
    assert got.path.read_bytes() == FILE
    server.serve("/odd", FILE, **{"Content-Encoding": "snappy"})
    with pytest.raises(NotFetched, match="comes packed as 'snappy'"):
        fetch(server.url("/odd"), tmp_path, limits=limits)
    server.serve("/broken", b"no gzip at all", **{"Content-Encoding": "gzip"})
    with pytest.raises(NotFetched, match="broke off or is none we can read"):
        fetch(server.url("/broken"), tmp_path, limits=limits)


def test_a_file_that_breaks_off_is_no_file(server: Server, limits: Limits, tmp_path: Path) -> None:
    server.serve("/short", FILE, **{"Content-Length": str(len(FILE) + 10)})

    def half_a_chunk(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        handler.wfile.write(b"1000\r\n" + b"x" * 100)

    def half_a_head(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-")

    def nonsense(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"SSH-2.0-OpenSSH\r\n\r\n")

    server.answers |= {"/chunk": half_a_chunk, "/head": half_a_head, "/nonsense": nonsense}
    for path in ("/short", "/chunk", "/nonsense"):
        with pytest.raises(NotFetched, match="cannot be fetched"):
            fetch(server.url(path), tmp_path, limits=limits)
    assert list(tmp_path.iterdir()) == []


def drip_body(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000000")
    handler.end_headers()
    for _ in range(100):
        handler.wfile.write(b"x")
        time.sleep(0.1)


def drip_head(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    for _ in range(100):
        handler.wfile.write(b"X-A: b\r\n")
        time.sleep(0.1)


def drip_chunk(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    handler.wfile.write(b"100000\r\n")
    for _ in range(100):
        handler.wfile.write(b"x")
        time.sleep(0.1)


def drip_nothing_ends(handler: BaseHTTPRequestHandler) -> None:
    """No length at all: the end of the connection is the end of the file, so the clock must not pass for it."""
    handler.send_response(200)
    handler.end_headers()
    for _ in range(100):
        handler.wfile.write(b"x")
        time.sleep(0.1)


@pytest.mark.parametrize("drip", [drip_body, drip_head, drip_chunk, drip_nothing_ends])
def test_a_host_that_drips_is_left_after_the_deadline(
    drip: object, server: Server, limits: Limits, tmp_path: Path
) -> None:
    server.answers["/list.csv"] = drip  # type: ignore[assignment]
    began = time.monotonic()
    with pytest.raises(NotFetched, match="took longer than 1 seconds in all"):
        fetch(server.url("/list.csv"), tmp_path, limits=replace(limits, deadline_seconds=1))
    assert time.monotonic() - began < 2
    assert list(tmp_path.iterdir()) == []


def test_a_host_that_says_nothing_is_left_after_one_step(server: Server, limits: Limits, tmp_path: Path) -> None:
    server.answers["/list.csv"] = lambda handler: time.sleep(3)
    began = time.monotonic()
    with pytest.raises(NotFetched, match=r"no answer for 0\.5 seconds"):
        fetch(server.url("/list.csv"), tmp_path, limits=replace(limits, step_seconds=0.5))
    assert time.monotonic() - began < 2


def test_a_host_that_never_shakes_hands_is_left(limits: Limits, tmp_path: Path) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        pytest.raises(NotFetched, match=r"no answer for 0\.5 seconds"),
    ):
        fetch(f"https://127.0.0.1:{silent.getsockname()[1]}/", tmp_path, limits=replace(limits, step_seconds=0.5))


def test_a_closed_port_and_a_missing_folder_are_named(server: Server, limits: Limits, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    with pytest.raises(NotFetched, match="cannot be fetched: Connection refused"):
        fetch(f"https://127.0.0.1:{port}/", tmp_path, limits=limits)
    server.serve("/list.csv", FILE)
    with pytest.raises(NotFetched, match="cannot be written: No such file"):
        fetch(server.url("/list.csv"), tmp_path / "nowhere", limits=limits)
    with pytest.raises(NotFetched, match="cannot be read"):
        fetch(server.url("/list.csv"), tmp_path, limits=replace(limits, authorities=tmp_path / "no.pem"))


def test_tags_that_could_not_be_sent_back_are_forgotten(server: Server, limits: Limits, tmp_path: Path) -> None:
    server.serve("/list.csv", FILE, ETag='"' + "x" * 400 + '"')
    assert fetch(server.url("/list.csv"), tmp_path, limits=limits).etag is None


def test_the_defaults_are_five_seconds_and_200_megabytes() -> None:
    assert (fetching.LIMITS.step_seconds, fetching.LIMITS.size, fetching.LIMITS.allowed_addresses) == (
        5.0,
        200_000_000,
        (),
    )


def resolver(monkeypatch: pytest.MonkeyPatch, answers: list[list[str]]) -> list[str]:
    """Make the system's resolver give these answers one after the other; return the names it is asked for."""
    asked: list[str] = []
    left = iter(answers)

    def look_up(host: str, port: int, *_: object, **__: object) -> list[object]:
        if host[0].isdigit():  # an address, not a name
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, port))]
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in next(left)]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return asked
