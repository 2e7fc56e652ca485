"""A folder of sources: each .toml with the file beside it."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from directory.errors import UnreadableFile

ENDINGS = (".csv", ".tsv", ".txt", ".json", ".ndjson", ".xlsx", ".xlsm", ".xls", ".zip")
# Tables of ours that lie among the listings in the shipped data and have a .toml of their own.
_NOT_LISTINGS = frozenset({"emergency_numbers", "superseded_numbers"})


@dataclass(frozen=True, slots=True)
class Pair:
    """A .toml and what stands beside it under the same name: one file or folder, if all is well."""

    toml: Path
    found: tuple[Path, ...]

    @property
    def path(self) -> Path:
        """Return the one file or folder beside the .toml.

        Raises:
            UnreadableFile: there is none, or more than one.
        """
        if not self.found:
            endings = ", ".join(ENDINGS[:-1])
            raise UnreadableFile(
                f"there is no file beside {self.toml.name}; put one there that is called {self.toml.stem} and ends in "
                f"{endings} or {ENDINGS[-1]} (or a folder {self.toml.stem}), or take the .toml away"
            )
        if len(self.found) > 1:
            names = ", ".join(path.name for path in self.found)
            raise UnreadableFile(f"beside {self.toml.name} there are {names}; keep the one it speaks of")
        return self.found[0]

    @property
    def is_listings(self) -> bool:
        """Return whether these are listings, not one of our own tables of numbers."""
        if self.toml.stem not in _NOT_LISTINGS or [path.suffix for path in self.found] != [".csv"]:
            return True
        with self.found[0].open(encoding="utf-8-sig", errors="replace", newline="") as file:
            header = next(csv.reader(file), [])
        return {"id", "kind", "name"} <= set(header)


def pairs(folder: Path) -> list[Pair]:
    """Return every .toml of a folder with what stands beside it, by name.

    Raises:
        UnreadableFile: there is no such folder, or it cannot be read, or it holds no .toml.
    """
    if not folder.is_dir():
        raise UnreadableFile(f"there is no folder {folder}")
    try:
        inside = sorted(folder.iterdir())
    except OSError as error:
        raise UnreadableFile(f"the folder {folder} cannot be read: {error.strerror}") from error
    found = [Pair(path, tuple(_beside(path, inside))) for path in inside if path.suffix == ".toml" and path.is_file()]
    if not found:
        raise UnreadableFile(f"{folder} holds no sources; a source is a file with a .toml of the same name beside it")
    return found


def _beside(toml: Path, inside: list[Path]) -> Iterator[Path]:
    for path in inside:
        same_folder = path.name == toml.stem and path.is_dir()
        if same_folder or (path.stem == toml.stem and path.suffix.lower() in ENDINGS and path.is_file()):
            yield path
