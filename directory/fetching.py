"""A file from the web, or nothing: https only, from public addresses only, whole or not at all, within time and size.

A maintainer names the address, but the host that answers decides where a redirect leads and what its name resolves to.
So every address is looked up once, every answer of the resolver must be public, and the connection goes to the very
address that was looked at: a name that changes its mind between look and call gains nothing. No proxy is used.
"""

from __future__ import annotations

import os
import socket
import ssl
import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPException
from io import BytesIO
from pathlib import Path
from threading import Event, Timer
from time import monotonic
from typing import IO
from urllib.parse import urljoin

import certifi
from urllib3.connection import HTTPSConnection
from urllib3.exceptions import HTTPError, ReadTimeoutError
from urllib3.response import HTTPResponse

from directory.public_addresses import NotFetched, addresses, shown_url, target

SIZE_LIMIT = 200_000_000
STEP_SECONDS = 5.0
DEADLINE_SECONDS = 600.0
REDIRECTS = 5
ADDRESSES_TRIED = 4
_CHUNK = 65_536
_REDIRECT = frozenset({301, 302, 303, 307, 308})
_NOT_MODIFIED = 304
_PACKED = frozenset({"", "identity", "gzip", "x-gzip", "deflate"})
_TAG_LIMIT = 300


@dataclass(frozen=True, slots=True)
class Limits:
    """How far a download may go. ``allowed_addresses`` are not public but may be asked all the same (a test's own server)."""

    size: int = SIZE_LIMIT
    step_seconds: float = STEP_SECONDS
    deadline_seconds: float = DEADLINE_SECONDS
    allowed_addresses: Collection[str] = ()
    authorities: Path = field(default_factory=lambda: Path(os.environ.get("SSL_CERT_FILE") or certifi.where()))


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a server answered: ``path`` of the whole new file, None when what we have is still current."""

    path: Path | None
    size: int = 0
    content_type: str = ""
    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer in memory."""

    status: int
    headers: Mapping[str, str]
    body: bytes


LIMITS = Limits()


def fetch(
    url: str,
    folder: Path,
    *,
    etag: str | None = None,
    last_modified: str | None = None,
    limits: Limits = LIMITS,
) -> Fetched:
    """Download ``url`` into a new temporary file of ``folder``, which is the caller's from then on.

    ``etag`` and ``last_modified`` are what the server said last time: when it says that nothing changed, there is no file.

    Raises:
        NotFetched: not https, an address on a private network, more than five redirects, no valid certificate, no answer in
            time, too large, cut short, any answer but 200 and 304, no room on the disk.
    """
    known = {"If-None-Match": etag, "If-Modified-Since": last_modified}
    headers = {name: value for name, value in known.items() if value}
    with _followed(url, headers, limits) as (response, connection):
        if response.status == _NOT_MODIFIED and headers:
            return Fetched(None, etag=etag, last_modified=last_modified)
        if response.status != 200:
            raise NotFetched(f"{shown_url(connection.url)} answered {response.status} instead of the file")
        path, size = _written(response, connection, folder, limits)
        return Fetched(
            path,
            size,
            response.headers.get("Content-Type", "").partition(";")[0].strip().lower(),
            _kept(response.headers.get("ETag")),
            _kept(response.headers.get("Last-Modified")),
        )


def read(url: str, headers: Mapping[str, str], limits: Limits) -> Answer:
    """Return what a server answers, whatever its status, by the same rules as ``fetch``.

    Raises:
        NotFetched: as ``fetch``, but for the status.
    """
    with _followed(url, headers, limits) as (response, connection):
        _check_packing(response, connection, limits)
        body = BytesIO()
        _copy(response, connection, body, limits)
        return Answer(response.status, dict(response.headers.items()), body.getvalue())


@contextmanager
def _followed(url: str, headers: Mapping[str, str], limits: Limits) -> Iterator[tuple[HTTPResponse, _Connection]]:
    """Ask for an address and wherever it leads; the last answer, its body not read yet."""
    first, until = url, monotonic() + limits.deadline_seconds
    for _ in range(REDIRECTS + 1):
        with _answer(url, headers, limits, until) as (response, connection):
            target = response.headers.get("Location")
            if response.status not in _REDIRECT or not target:
                yield response, connection
                return
            url = urljoin(url, target)
    raise NotFetched(f"{shown_url(first)} leads through more than {REDIRECTS} redirects; look where it is now")


@dataclass(slots=True)
class _Connection:
    """A connection, and whether the clock ran out on it."""

    url: str
    sock: ssl.SSLSocket
    expired: Event

    def end(self) -> None:
        """Wake whoever waits for the other side."""
        self.expired.set()
        with suppress(OSError):
            socket.socket.shutdown(self.sock, socket.SHUT_RDWR)  # not SSLSocket's: another thread is reading

    def fault(self, error: Exception | None, limits: Limits) -> NotFetched:
        """Return what went wrong, in words."""
        if self.expired.is_set():
            return NotFetched(f"{shown_url(self.url)} took longer than {limits.deadline_seconds:g} seconds in all")
        return _fault(self.url, error, limits)


@contextmanager
def _answer(
    url: str, headers: Mapping[str, str], limits: Limits, until: float
) -> Iterator[tuple[HTTPResponse, _Connection]]:
    """Ask for one address; an answer whose body is not read yet."""
    host, port, path = target(url)
    sock = _connected(url, host, port, limits, until)
    expired = Event()
    opened = _Connection(url, sock, expired)
    timer = Timer(max(0.0, until - monotonic()), opened.end)
    timer.daemon = True
    timer.start()
    connection = HTTPSConnection(host, port, timeout=limits.step_seconds)
    connection.sock = sock
    try:
        sock.do_handshake()
        written = f"[{host}]" if ":" in host else host
        named = {"Host": written if port == 443 else f"{written}:{port}", "Accept-Encoding": "gzip, deflate"}
        agent = {"User-Agent": "support-directory (directory refresh)", "Connection": "close"}
        connection.request("GET", path, headers={**named, **agent, **headers}, preload_content=False)
        yield connection.getresponse(), opened
    except (OSError, HTTPError, HTTPException, ValueError) as error:
        raise opened.fault(error, limits) from error
    finally:
        timer.cancel()
        connection.close()
        sock.close()


def _connected(url: str, host: str, port: int, limits: Limits, until: float) -> ssl.SSLSocket:
    """Return a connection to the first address of a host that takes one, before the handshake."""
    try:
        context = ssl.create_default_context(cafile=str(limits.authorities))
    except OSError as error:
        raise NotFetched(f"the certificates in {limits.authorities} cannot be read: {error}") from error
    failed: Exception | None = None
    for address in addresses(url, host, port, limits.step_seconds, limits.allowed_addresses)[:ADDRESSES_TRIED]:
        if monotonic() > until:
            break
        try:
            plain = socket.create_connection((address, port), timeout=limits.step_seconds)
        except OSError as error:
            failed = error
            continue
        return context.wrap_socket(
            plain, server_hostname=host, do_handshake_on_connect=False, suppress_ragged_eofs=False
        )
    raise _fault(url, failed, limits) from failed


def _written(response: HTTPResponse, connection: _Connection, folder: Path, limits: Limits) -> tuple[Path, int]:
    """Write the body to a new file of ``folder``; return it with its size. A body that is not whole leaves none."""
    _check_packing(response, connection, limits)
    try:
        handle, name = tempfile.mkstemp(prefix=".fetching-", dir=folder)
    except OSError as error:
        raise NotFetched(f"{folder} cannot be written: {error.strerror}") from error
    path, whole = Path(name), False
    try:
        with os.fdopen(handle, "wb") as file:
            size = _copy(response, connection, file, limits)
        path.chmod(0o644)
        whole = True
    finally:
        if not whole:
            path.unlink(missing_ok=True)
    return path, size


def _check_packing(response: HTTPResponse, connection: _Connection, limits: Limits) -> None:
    packing = response.headers.get("Content-Encoding", "").strip().lower()
    if packing not in _PACKED:
        raise NotFetched(f"{shown_url(connection.url)} comes packed as '{packing[:20]}', which was not asked for")
    told = response.headers.get("Content-Length", "")
    if told.isdecimal() and len(told) < 20 and int(told) > limits.size:
        raise _too_large(connection.url, limits)


def _copy(response: HTTPResponse, connection: _Connection, file: IO[bytes], limits: Limits) -> int:
    size = 0
    while True:
        # One read of the socket at a time: a host that drips is noticed by the clock, not waited for.
        chunk = response.read1(_CHUNK, decode_content=True)
        size += len(chunk)
        if max(size, response.tell()) > limits.size:
            raise _too_large(connection.url, limits)
        if connection.expired.is_set():
            raise connection.fault(None, limits)
        if not chunk:
            return size
        try:
            file.write(chunk)
        except OSError as error:
            raise NotFetched(f"the file cannot be kept: {error.strerror}") from error


def _too_large(url: str, limits: Limits) -> NotFetched:
    return NotFetched(f"{shown_url(url)} is larger than {limits.size:,} bytes")


def _fault(url: str, error: Exception | None, limits: Limits) -> NotFetched:
    match error:
        case ssl.SSLCertVerificationError():
            why = f"its certificate is not valid: {error.verify_message}"
        case TimeoutError() | ReadTimeoutError():
            why = f"no answer for {limits.step_seconds:g} seconds"
        case ssl.SSLError():
            why = f"the secure connection failed ({error.reason or type(error).__name__})"
        case OSError():
            why = error.strerror or "the connection failed"
        case None:
            why = "it took too long"
        case _:
            why = "the answer broke off or is none we can read"
    return NotFetched(f"{shown_url(url)} cannot be fetched: {why}")


def _kept(tag: str | None) -> str | None:
    """Return a tag that can be sent back as it came, else None."""
    usable = tag is not None and len(tag) <= _TAG_LIMIT and tag.isascii() and tag.isprintable()
    return tag if usable else None
