"""Rows with a street and no position: placed by what a network geocoder answered, now or at an earlier import."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date

from sqlalchemy import delete, insert, select

from directory import corrections
from directory.db import Database
from directory.geocoding import Gazetteer
from directory.importers import positions
from directory.models import GeocodedAddress
from directory.network_geocoders import CREDITS, Address, NetworkGeocoder, address_of
from directory.public_addresses import NotFetched
from directory.records import Listing, Point, Row

PATIENCE = 3
LINE_LIMIT = 600


@dataclass(slots=True)
class Placer:
    """Places the rows of one import. Without a ``geocoder`` nobody is asked, and earlier answers are used.

    After ``PATIENCE`` failures one after the other nobody is asked any more, and the rest keeps its gazetteer position.
    """

    database: Database
    gazetteer: Gazetteer
    today: date
    geocoder: NetworkGeocoder | None = None
    counts: Counter[str] = field(default_factory=Counter)
    _failures: int = 0
    _why: str = ""

    def may_place(self) -> bool:
        """Return whether rows may get a position from a geocoder: asked now, or before."""
        return self.geocoder is not None or bool(self._earlier())

    def placed(self, rows: Iterable[Row], source: str) -> Iterator[Row]:
        """Yield the rows of a source, those that a geocoder knows with a position and its name in ``geocoded_by``."""
        answers, hidden = self._earlier(), self._hidden(source)
        if self.geocoder is None and not answers:
            yield from rows
            return
        for row in rows:
            address = address_of(row.listing) if row.listing is not None else None
            if row.listing is None or address is None or row.external_id in hidden or len(address.line) > LINE_LIMIT:
                yield row
                continue
            found = answers.get(address.line)
            if found is None and self.geocoder is not None and self._failures < PATIENCE:
                found = answers[address.line] = self._asked(self.geocoder, address)
            yield self._with(row, row.listing, found)

    def notes(self) -> Iterator[str]:
        """Yield what to say of it in the report."""
        if self.counts["placed"]:
            names = ", ".join(CREDITS[name] for name in CREDITS if self.counts[f"by {name}"])
            yield f"{self.counts['placed']} positions found from addresses: {names}"
        if self.counts["doubted"]:
            yield f"{self.counts['doubted']} positions from addresses lay elsewhere than the address says; not used"
        if self.counts["unknown"]:
            yield f"{self.counts['unknown']} addresses are not known to the geocoder"
        if self._failures >= PATIENCE:
            yield f"the geocoder was not asked any more after {PATIENCE} failures: {self._why}"

    def _asked(self, geocoder: NetworkGeocoder, address: Address) -> _Answer | None:
        try:
            point = geocoder.find(address)
        except NotFetched as error:
            self._failures += 1
            self._why = error.message
            return None
        self._failures = 0
        self._remember(geocoder.name, address, point)
        return _Answer(geocoder.name, point)

    def _with(self, row: Row, listing: Listing, found: _Answer | None) -> Row:
        if found is None:
            return row
        if found.point is None:
            self.counts["unknown"] += 1
            return row
        there = replace(listing, point=found.point, geocoded_by=found.geocoder)
        if positions.doubt(there, self.gazetteer) is not None:
            self.counts["doubted"] += 1
            return row
        self.counts.update(("placed", f"by {found.geocoder}"))
        return replace(row, listing=there, raw_hash=None)

    def _earlier(self) -> dict[str, _Answer | None]:
        """Return the answers that are kept, by address: of the geocoder that is asked now, else of any, positions first."""
        if not self.database.exists():
            return {}
        columns = (
            GeocodedAddress.address,
            GeocodedAddress.geocoder,
            GeocodedAddress.latitude,
            GeocodedAddress.longitude,
        )
        query = select(*columns).order_by(GeocodedAddress.latitude.is_not(None), GeocodedAddress.geocoder)
        if self.geocoder is not None:
            query = query.where(GeocodedAddress.geocoder == self.geocoder.name)
        with self.database.reading() as connection:
            return {
                line: _Answer(name, Point(north, east) if north is not None and east is not None else None)
                for line, name, north, east in connection.execute(query)
            }

    def _hidden(self, source: str) -> Collection[str]:
        if not self.database.exists():
            return ()
        with self.database.reading() as connection:
            return corrections.hidden_ids(connection, source)

    def _remember(self, name: str, address: Address, point: Point | None) -> None:
        table, key = GeocodedAddress, {"geocoder": name, "address": address.line}
        place = {"latitude": point.latitude if point else None, "longitude": point.longitude if point else None}
        with self.database.writing() as connection:
            connection.execute(delete(table).where(table.geocoder == name, table.address == address.line))
            connection.execute(insert(table).values(**key, **place, asked_on=self.today))


@dataclass(frozen=True, slots=True)
class _Answer:
    geocoder: str
    point: Point | None
