"""PostgreSQL servers of our own: one for the suite, a pair that streams for the tests of replicas."""

import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path


def programs() -> Path | None:
    """Return the folder of the newest server's programs."""
    found = [each for each in sorted(Path("/usr/lib/postgresql").glob("*/bin")) if (each / "initdb").exists()]
    return found[-1] if found else None


class Server:
    """One server on a port of its own; nothing of it outlives ``remove``."""

    def __init__(self) -> None:
        folder = programs()
        assert folder is not None
        self.programs = folder
        self.folder = Path(tempfile.mkdtemp(prefix="pg"))  # short: the path of a Unix socket is at most 107 bytes
        self.data = self.folder / "data"
        self._as_owner: list[str] = []
        if os.geteuid() == 0:  # the server refuses to run as root
            self._as_owner = ["runuser", "-u", "postgres", "--"]
            shutil.chown(self.folder, "postgres")
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        self.url = f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def program(self, name: str, *arguments: str) -> None:
        command = [*self._as_owner, str(self.programs / name), *arguments]
        subprocess.run(command, check=True, capture_output=True, cwd="/")

    def initialise(self) -> None:
        how = ("-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
        self.program("initdb", "-D", str(self.data), *how)

    def follow(self, primary: "Server") -> None:
        """Copy a running server, to stream from it as its hot standby once started."""
        where = ("-h", "127.0.0.1", "-p", str(primary.port), "-U", "postgres")
        self.program("pg_basebackup", "-R", "-D", str(self.data), *where, "--checkpoint=fast", "--no-sync")

    def promote(self) -> None:
        self.program("pg_ctl", "-D", str(self.data), "-w", "promote")

    def start(self) -> None:
        options = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1 -c fsync=off"
        self.program("pg_ctl", "-D", str(self.data), "-o", options, "-l", str(self.folder / "log"), "-w", "start")

    def stop(self) -> None:
        """End it at once, as a crash does: no checkpoint, no word to anybody."""
        self.program("pg_ctl", "-D", str(self.data), "-m", "immediate", "stop")

    def remove(self) -> None:
        if (self.data / "postmaster.pid").exists():
            self.stop()
        shutil.rmtree(self.folder)
