"""A real https server on 127.0.0.1 with a certificate of its own, for tests of downloads. It answers as a test tells it."""

import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

Answer = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Server:
    """Where it listens, what it was asked, and how it answers each path."""

    port: int
    certificate: Path
    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"https://{host}:{self.port}{path}"

    def paths(self) -> list[str]:
        return [path for path, _ in self.asked]

    def serve(self, path: str, body: bytes, **headers: str) -> None:
        """Answer a path with a body; a tag that is asked again gets 304."""

        def answer(handler: BaseHTTPRequestHandler) -> None:
            tag = headers.get("ETag")
            if tag is not None and handler.headers.get("If-None-Match") == tag:
                handler.send_response(304)
                handler.end_headers()
                return
            handler.send_response(200)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                handler.send_header(name.replace("_", "-"), value)
            handler.end_headers()
            handler.wfile.write(body)

        self.answers[path] = answer

    def redirect(self, path: str, target: str, status: int = 302) -> None:
        def answer(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(status)
            handler.send_header("Location", target)
            handler.send_header("Content-Length", "0")
            handler.end_headers()

        self.answers[path] = answer


def certificate(folder: Path, names: str = "DNS:localhost,DNS:publisher.example,IP:127.0.0.1") -> tuple[Path, Path]:
    """Make a certificate that vouches for itself, and its key."""
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("openssl is not installed")
    key, made = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(
        [
            program, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
            "-subj", "/CN=localhost", "-addext", f"subjectAltName={names}", "-keyout", str(key), "-out", str(made),
        ],
        check=True,
        capture_output=True,
    )  # fmt: skip
    return made, key


@contextmanager
def running(folder: Path, names: str | None = None) -> Iterator[Server]:
    made, key = certificate(folder, names) if names else certificate(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made, key)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            server.asked.append((self.path, dict(self.headers)))
            answer = server.answers.get(path)
            self.close_connection = True
            if answer is None:
                self.send_error(404)
            else:
                answer(self)

        def log_message(self, *arguments: object) -> None:
            return

    class Listener(ThreadingHTTPServer):
        daemon_threads = True

        def get_request(self) -> tuple[socket.socket, object]:
            plain, address = self.socket.accept()
            return context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False), address

        def handle_error(self, *arguments: object) -> None:
            return  # a client that refuses the certificate or hangs up is what the tests are about

    listener = Listener(("127.0.0.1", 0), Handler)
    server = Server(listener.server_address[1], made)
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        listener.shutdown()
        listener.server_close()
        thread.join()
