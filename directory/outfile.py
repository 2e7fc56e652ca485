"""A file written whole or not at all: under another name first, which takes the old one's place at the end."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from directory.errors import BadQuery


@contextmanager
def whole(path: Path) -> Iterator[TextIO]:
    """Open a UTF-8 file that takes the place of ``path`` when the block ends, and vanishes when it fails.

    What is no ordinary file (a device, a pipe) is written straight.

    Raises:
        BadQuery: the file cannot be written, with the reason; ``field`` is "output".
    """
    target = path.resolve() if path.is_symlink() else path
    if target.exists() and not target.is_file():
        with _in_words(path), target.open("w", encoding="utf-8", newline="") as stream:
            yield stream
        return
    with _in_words(path):
        handle, name = tempfile.mkstemp(prefix=f".{target.name[:100]}.", suffix=".part", dir=target.parent)
    part = Path(name)
    try:
        with _in_words(path):
            with open(handle, "w", encoding="utf-8", newline="") as stream:  # noqa: PTH123 - an open descriptor
                yield stream
                stream.flush()
                os.fsync(stream.fileno())
            part.chmod(0o666 & ~umask())
            part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def name_for(key: str) -> str:
    """Return a source's key as the stem of a file's name."""
    return re.sub(r"[^\w.-]+", "-", key).strip("-.") or "source"


def put_beside(target: Path, text: str, mark: str) -> bool:
    """Write a file whose first line is ``mark``, unless one that begins otherwise stands there; return whether it was written.

    Raises:
        BadQuery: as ``whole``.
    """
    if target.exists():
        with _in_words(target), target.open(encoding="utf-8", errors="replace") as file:
            if file.readline().rstrip("\n") != mark:
                return False
    with whole(target) as stream:
        stream.write(f"{mark}\n{text}")
    return True


@contextmanager
def _in_words(path: Path) -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except (OSError, ValueError) as error:
        if isinstance(error, ValueError) and "null byte" not in str(error):
            raise
        raise BadQuery(
            f"{path} cannot be written: {getattr(error, 'strerror', None) or error}", field="output"
        ) from error


def umask() -> int:
    """Return the permissions that new files of this process do not get."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
