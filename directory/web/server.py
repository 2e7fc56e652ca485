"""Serve the site with granian: several processes, two threads each: a client that stops reading a long answer blocks one."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable

from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from directory.config import Config
from directory.errors import BadSetting

STOPS_WITHIN_SECONDS = 10


def run(config: Config, host: str, port: int, *, announce: Callable[[str], None]) -> None:
    """Serve until interrupted; ``announce`` is given one line with the address.

    Raises:
        BadSetting: nothing can listen on this address.
    """
    try:
        with socket.create_server((host, port)) as probe:
            port = probe.getsockname()[1]
    except OSError as error:
        raise BadSetting(f"cannot listen on {host}:{port}: {error.strerror}", field="port") from error
    logging.getLogger("granian").setLevel(logging.WARNING)
    server = Granian(
        "directory.web.wsgi:app",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=config.workers,
        blocking_threads=2,
        websockets=False,
        log_level=LogLevels.warning,
        log_access=False,
        respawn_failed_workers=True,
        # One that is told to stop while it starts does not hear it.
        workers_kill_timeout=STOPS_WITHIN_SECONDS,
    )
    shown = f"[{host}]" if ":" in host else host
    announce(f"Serving the support directory at http://{shown}:{port}/")
    server.serve()
