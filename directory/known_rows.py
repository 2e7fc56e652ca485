"""The rows of a source as they were read last: one that has not changed is neither cleaned nor compared again."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from hashlib import blake2b
from importlib.metadata import distributions
from pathlib import Path

from sqlalchemy import select

from directory import corrections
from directory.db import Database
from directory.models import Listing, Source

PACKAGE = Path(__file__).resolve().parent
# What of the data folder says how a row is read.
DATA = ("needs.csv", "facets.csv", "places/*", "mappings/*")


@dataclass
class KnownRows:
    """The rows of one source, read before. A row is not known where its listing is missing, or hidden by a maintainer.

    Nor is any where a geocoder ``may_place`` rows: what it answers is no part of what a row says.
    """

    database: Database
    source: str
    data_folder: Path
    may_place: Callable[[], bool]

    @cached_property
    def rules(self) -> bytes:
        """Return a hash of all that a row is read by: our code, the libraries, our words, the places."""
        return rules(self.data_folder)

    def hashes(self, external_ids: Sequence[str]) -> Mapping[str, str]:
        """Return the hash of each of these rows as it was read last, of those that came in with nothing to say."""
        if self._are_placed or not external_ids:
            return {}
        here = (Source.key == self.source, Listing.external_id.in_(external_ids), Listing.raw_hash.is_not(None))
        known = select(Listing.external_id, Listing.raw_hash).join(Source, Source.id == Listing.source_id)
        # Not where pages are read: a replica may not have heard of the last import yet.
        with self.database.staging() as connection:
            found = connection.execute(known.where(*here, Listing.missing_since_run_id.is_(None)))
            return {row[0]: str(row[1]) for row in found if row[0] not in self._hidden}

    @cached_property
    def _are_placed(self) -> bool:
        return self.may_place()

    @cached_property
    def _hidden(self) -> Collection[str]:
        with self.database.staging() as connection:
            return corrections.hidden_ids(connection, self.source)


@lru_cache(maxsize=4)
def rules(data_folder: Path) -> bytes:
    """Return a hash of our code, of Python and every library, and of the files that say what words mean and where places are."""
    found = blake2b(digest_size=16)
    files = [
        *PACKAGE.rglob("*.py"),
        *(each for pattern in DATA for each in data_folder.glob(pattern) if each.is_file()),
    ]
    found.update(sys.version.encode())
    for path in sorted(files):
        found.update(f"{path.name}\0".encode() + path.read_bytes())
    for library in sorted(f"{each.metadata['Name']} {each.version}" for each in distributions()):
        found.update(library.encode())
    return found.digest()
