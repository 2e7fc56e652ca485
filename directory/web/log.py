"""Two logs that never hold what somebody typed: who asked for which route, and where something broke.

``directory.access``: method, route, status, duration. ``directory.error``: the type of an exception and its place in
the code. Neither holds a query, a body, an address, or the message of an exception (it may quote what was typed).
"""

from __future__ import annotations

import logging
import sys
import time
from pathlib import Path
from traceback import walk_tb
from types import TracebackType

ACCESS = logging.getLogger("directory.access")
ERROR = logging.getLogger("directory.error")
_PACKAGE = Path(__file__).resolve().parent.parent


def to_standard_error() -> None:
    """Write both logs to standard error, one line each, the time in UTC."""
    handler = logging.StreamHandler(sys.stderr)
    formatter = logging.Formatter("%(asctime)sZ %(name)s %(message)s", "%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    logger = logging.getLogger("directory")
    logger.handlers[:] = [handler]
    logger.setLevel(logging.INFO)
    logger.propagate = False


def access(method: str, route: str, status: int, seconds: float) -> None:
    """Write one line about a request that was answered."""
    ACCESS.info("%s %s %d %.0f ms", method, route, status, seconds * 1000)


def fault(error: BaseException) -> None:
    """Write the type of an exception and where in this package it came from, and nothing of what it says."""
    ERROR.error("%s at %s", type(error).__name__, _place(error.__traceback__))


def _place(traceback: TracebackType | None) -> str:
    frames = [(frame.f_code, line) for frame, line in walk_tb(traceback)]
    ours = [each for each in frames if Path(each[0].co_filename).is_relative_to(_PACKAGE)]
    for code, line in reversed(ours or frames):
        return f"{Path(code.co_filename).name}:{line} in {code.co_name}"
    return "an unknown place"
