"""The real server: granian with several processes, spoken to over a socket."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.request import urlopen

import pytest


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


class Served:
    """A running server: its port, its database file, what it wrote to its log."""

    def __init__(self, folder: Path) -> None:
        self.port, self.database, self.log = free_port(), folder / "d.sqlite3", folder / "log"
        environment = {**os.environ, "DIRECTORY_DATABASE_URL": f"sqlite:///{self.database}"}
        command = [sys.executable, "-m", "directory", "serve", "--port", str(self.port)]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        for _ in range(600):
            try:
                with urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=1):
                    return
            except OSError:
                assert self.process.poll() is None, self.log.read_text()
                time.sleep(0.1)
        raise AssertionError("the server did not start: " + self.log.read_text())

    def get(self, path: str, method: str = "GET", **headers: str) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        with closing(connection):
            connection.request(method, path, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()

    def raw(self, text: bytes) -> str:
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            connection.sendall(text)
            return connection.recv(65536).decode(errors="replace")

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=20)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    server = Served(tmp_path_factory.mktemp("served"))
    yield server
    server.stop()


def test_it_prints_one_line_with_the_address(served: Served) -> None:
    lines = [line for line in served.log.read_text().splitlines() if "http://" in line]
    assert lines == [f"Serving the support directory at http://127.0.0.1:{served.port}/"]


def test_the_main_job_answers_with_three_groups(served: Served) -> None:
    status, body = served.get("/api/search?near=60601&need=depression&need=anxiety")
    answer = json.loads(body)
    assert status == 200
    assert set(answer["groups"]) == {"crisis", "nearby", "remote"}
    assert all(answer["groups"].values())


@pytest.mark.parametrize("half_open", [20, 150, 600])
def test_half_open_connections_do_not_hold_up_the_others(served: Served, half_open: int) -> None:
    waiting = []
    try:
        for _ in range(half_open):
            connection = socket.create_connection(("127.0.0.1", served.port), timeout=5)
            connection.sendall(b"GET /find HTTP/1.1\r\nHost: ")
            waiting.append(connection)
        began = time.monotonic()
        assert served.get("/crisis")[0] == 200
        assert time.monotonic() - began < 1
    finally:
        for connection in waiting:
            connection.close()


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [("/?" + "x" * 9000, "GET", 414), ("/", "TRACE", 405), ("/", "BREW", 405), ("/static/../app.py", "GET", 404),
     ("/static/%2e%2e/app.py", "GET", 404)],
)  # fmt: skip
def test_odd_requests_get_a_plain_answer_with_the_crisis_numbers(
    served: Served, path: str, method: str, status: int
) -> None:
    found, body = served.get(path, method)
    assert found == status
    assert "988" in body or method == "TRACE"
    assert "Traceback" not in body


def test_http_1_0_is_answered(served: Served) -> None:
    assert " 200 " in served.raw(b"GET /healthz HTTP/1.0\r\n\r\n").splitlines()[0]


def test_no_word_of_a_search_stands_in_the_log(served: Served) -> None:
    served.get("/find?near=Markerville-60601&need=depression&q=markerword")
    served.get("/api/search?near=60601&need=markerneed")
    served.get("/markerpath?q=markerquery")
    time.sleep(0.2)
    log = served.log.read_text()
    assert "GET /find 200" in log or "/find" in log
    for marker in ("Markerville", "60601", "markerword", "markerneed", "markerquery", "127.0.0.1 "):
        assert marker not in log


def test_a_database_that_goes_while_serving_leaves_the_crisis_numbers(tmp_path: Path) -> None:
    served = Served(tmp_path)
    try:
        pages = (
            "/",
            "/find?near=60601&need=depression",
            "/resources/1",
            "/crisis",
            "/crisis/GB",
            "/about",
            "/api/search?near=60601",
        )
        assert {served.get(page)[0] for page in pages} == {200}
        saved = served.database.rename(tmp_path / "saved")
        for damage in ("gone", "garbage"):
            if damage == "garbage":
                served.database.write_bytes(b"no database " * 5000)
            for page in pages:
                status, body = served.get(page)
                number = "116 123" if page == "/crisis/GB" else "988"
                assert (status, number in body) == (503, True), (damage, page)
                assert "Traceback" not in body
            assert served.get("/readyz")[0] == 503
            assert served.get("/healthz")[0] == 200
        saved.rename(served.database)
        assert {served.get(page)[0] for page in pages} == {200}
        assert "Traceback" not in served.log.read_text()
    finally:
        served.stop()
