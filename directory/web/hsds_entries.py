"""Resources as entries of the HSDS API: short in a list, fully nested alone or when asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from directory import hsds_store
from directory.hsds import entities, full, ids
from directory.hsds.words import Words
from directory.hsds_store import Reading
from directory.web.hsds_answers import Entry, Maker


@dataclass(frozen=True, slots=True)
class Entries:
    """What makes the entries of each list from ids of resources."""

    words: Words

    def services(self, is_full: bool) -> Maker:
        """Return what makes services."""

        def make(connection: Reading, found: Sequence[int]) -> Iterator[Entry]:
            for row in hsds_store.rows(connection, found):
                yield full.service(row, self.words) if is_full else _service(row, self.words)

        return make

    def minimal(self, connection: Reading, found: Sequence[int]) -> Iterator[Entry]:
        """Yield of each service what somebody needs who only wants to know what changed."""
        for row in hsds_store.rows(connection, found, "name", "status", "modified_at"):
            # The standard says "just id and modified_date", but its schema of this list requires name and status.
            yield {
                "id": ids.service(row["id"]),
                "name": row["name"],
                "status": entities.STATUSES[row["status"]],
                "modified_date": f"{row['modified_at'].isoformat(timespec='microseconds')}Z",
            }

    def at_locations(self, is_full: bool) -> Maker:
        """Return what makes services at their locations."""

        def make(connection: Reading, found: Sequence[int]) -> Iterator[Entry]:
            for row in hsds_store.rows(connection, found):
                if not is_full:
                    yield {
                        "id": ids.service_at_location(row["id"]),
                        "location": _without_lists(entities.location(row, self.words) or {}),
                        "service": _service(row, self.words),
                    }
                    continue
                entry = full.service_at_location(row, self.words)
                # The standard's own description of /service_at_locations/{id} asks for what a service must have.
                yield {**entry, **{name: entry["service"][name] for name in ("name", "status")}}

        return make

    def organizations(self, is_full: bool, full_service: bool) -> Maker:
        """Return what makes organizations, each from the lowest id of its resources."""

        def make(connection: Reading, found: Sequence[int]) -> Iterator[Entry]:
            if not is_full:
                yield from map(entities.organization, hsds_store.rows(connection, found))
                return
            for members in hsds_store.by_organization(connection, found):
                yield full.organization(members, self.words, full_service=full_service)

        return make


def _service(row: Entry, words: Words) -> Entry:
    return {**entities.service(row, words), "organization": entities.organization(row)}


def _without_lists(entry: Entry) -> Entry:
    return {name: value for name, value in entry.items() if not isinstance(value, list)}
