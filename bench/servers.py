"""Databases for benchmarks: a SQLite file, and a PostgreSQL server of our own where its programs are installed."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def postgresql() -> Iterator[str | None]:
    """Start a PostgreSQL server with an empty database and give its URL; None where its programs are not installed.

    ``BENCH_POSTGRESQL_URL`` names an empty database to use instead.
    """
    if given := os.environ.get("BENCH_POSTGRESQL_URL"):
        yield given
        return
    found = sorted(each.parent for each in Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        yield None
        return
    folder = Path(tempfile.mkdtemp(prefix="pg"))  # short: the path of a Unix socket is at most 107 bytes
    prefix: list[str] = []
    if os.geteuid() == 0:  # the server refuses to run as root
        prefix = ["runuser", "-u", "postgres", "--"]
        shutil.chown(folder, "postgres")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]

    def program(name: str, *arguments: str) -> None:
        subprocess.run([*prefix, str(found[-1] / name), *arguments], check=True, capture_output=True, cwd="/")

    data = str(folder / "data")
    options = (
        f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off -c shared_buffers=1GB "
        "-c maintenance_work_mem=256MB -c max_wal_size=4GB -c jit=off"
    )
    try:
        program("initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
        program("pg_ctl", "-D", data, "-o", options, "-l", str(folder / "log"), "-w", "start")
        try:
            yield f"postgresql://postgres@127.0.0.1:{port}/postgres"
        finally:
            program("pg_ctl", "-D", data, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder)
