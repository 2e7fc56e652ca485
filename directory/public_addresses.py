"""Which addresses of the web may be asked: plain https, and only hosts of the public internet."""

from __future__ import annotations

import socket
from collections.abc import Collection
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, ip_address
from threading import Thread
from urllib.parse import urlsplit

from directory.errors import DirectoryError

URL_LIMIT = 1000


class NotFetched(DirectoryError):
    """A download that did not happen; nothing was changed. The sentence says why."""

    status = 502
    code = "not-fetched"


def target(url: str) -> tuple[str, int, str]:
    """Return host, port and path of an address we may ask.

    Raises:
        NotFetched: anything but a plain https address.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or 443
        host = (parts.hostname or "").rstrip(".")
    except ValueError:
        raise NotFetched(f"{shown_url(url)} is not a web address") from None
    if parts.scheme != "https":
        raise NotFetched(f"{shown_url(url)} is not https; only files that come over https are fetched")
    if not host or len(url) > URL_LIMIT or not url.isascii() or any(c <= " " or c in '\\"<>\x7f' for c in url):
        raise NotFetched(f"{shown_url(url)} is not a web address; write blanks and letters of other alphabets as %20")
    if "@" in parts.netloc:
        raise NotFetched(
            f"{shown_url(parts._replace(netloc=host).geturl())} has a user name or a password in it; leave them out"
        )
    return host, port, (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def addresses(url: str, host: str, port: int, wait_seconds: float, allowed: Collection[str]) -> list[str]:
    """Return the addresses of a host, every one of them public or allowed.

    Raises:
        NotFetched: the name has no address, or one on a private network.
    """
    found: list[str] = []

    def look_up() -> None:
        with suppress(OSError, UnicodeError):
            told = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            found.extend(dict.fromkeys(str(each[4][0]) for each in told))

    # The resolver takes no time limit of its own.
    thread = Thread(target=look_up, daemon=True)
    thread.start()
    thread.join(wait_seconds)
    answers = list(found)
    if not answers:
        raise NotFetched(f"{shown_url(url)} cannot be reached: there is no address for {host}")
    for address in answers:
        if address not in allowed and not is_public(address):
            raise NotFetched(
                f"{shown_url(url)} is refused: {host} is {address}, which is not an address of the public internet"
            )
    return answers


def is_public(address: str) -> bool:
    """Return whether an IP address is one of the public internet; one that carries another inside is what that one is.

    Sources: the IANA special-purpose address registries as ``ipaddress`` has them; RFC 4291 (IPv4-mapped), RFC 6052
    (NAT64), RFC 3056 (6to4).
    """
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, IPv6Address) and (inner := _carried(found)) is not None:
        found = inner
    odd = found.is_multicast or found.is_reserved or found.is_unspecified or found.is_loopback
    local = found.is_private or found.is_link_local or getattr(found, "is_site_local", False)
    return found.is_global and not odd and not local


def _carried(address: IPv6Address) -> IPv4Address | None:
    if address.packed.startswith(b"\x00\x64\xff\x9b" + bytes(8)):
        return IPv4Address(address.packed[12:])
    return address.ipv4_mapped or address.sixtofour


def shown_url(url: str) -> str:
    """Return an address for a message, without its query: it may hold a key."""
    return "'" + "".join(c if c.isprintable() else "?" for c in url.partition("?")[0][:200]) + "'"
