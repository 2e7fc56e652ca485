"""A load of HTTP requests over connections that are kept open: how many answers a second, and how long each took."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

CONNECTIONS = 8
_HEAD_ENDS = b"\r\n\r\n"
# As `directory serve` runs one of its processes.
_SETTINGS = ("--interface", "wsgi", "--workers", "1", "--blocking-threads", "2", "--no-ws", "--log-level", "warning")


@dataclass(frozen=True, slots=True)
class Load:
    """What came of a load: answers per second, and the milliseconds of each answer."""

    per_second: float
    milliseconds: tuple[float, ...]


@contextmanager
def serving(target: str, settings: dict[str, str]) -> Iterator[int]:
    """Serve a WSGI application in one process of granian; give its port once it answers.

    Raises:
        TimeoutError: it does not answer within a minute.
    """
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = int(probe.getsockname()[1])
    command = [sys.executable, "-m", "granian", *_SETTINGS, "--port", str(port), target]
    process = subprocess.Popen(command, env={**os.environ, **settings}, stderr=subprocess.DEVNULL)
    try:
        _wait(port)
        yield port
    finally:
        process.terminate()
        process.wait(30)


def drive(port: int, requests: Sequence[bytes]) -> Load:
    """Send requests over 8 connections, each the next one as soon as it has its answer.

    Raises:
        RuntimeError: an answer is not 200.
    """
    return asyncio.run(_drive(port, requests))


def get(address: str) -> bytes:
    """Return a request for an address."""
    return f"GET {address} HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n\r\n".encode()


def post(address: str, body: str) -> bytes:
    """Return a request that sends a form."""
    return (
        f"POST {address} HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


async def _drive(port: int, requests: Sequence[bytes]) -> Load:
    waiting = iter(requests)
    taken: list[float] = []

    async def connection() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for request in waiting:
            begun = time.perf_counter()
            writer.write(request)
            head = await reader.readuntil(_HEAD_ENDS)
            if not head.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(f"{head[:60]!r} to {request[:200]!r}")
            await reader.readexactly(_length(head))
            taken.append((time.perf_counter() - begun) * 1000)
        writer.close()

    begun = time.perf_counter()
    await asyncio.gather(*(connection() for _ in range(CONNECTIONS)))
    return Load(len(taken) / (time.perf_counter() - begun), tuple(taken))


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    raise RuntimeError("an answer does not tell its length")


def _wait(port: int) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError("the server does not answer")
