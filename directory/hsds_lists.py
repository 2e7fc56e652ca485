"""The lists of the HSDS API: which resources each holds, and in what order."""

from __future__ import annotations

from array import array
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Text,
    and_,
    bindparam,
    cast,
    false,
    func,
    not_,
    or_,
    select,
    true,
)

from directory import geo, index
from directory.hsds import entities
from directory.hsds.ids import ORGANIZATION, SERVICE_AT_LOCATION
from directory.hsds.words import DETAIL, NEED, Words
from directory.hsds_store import ids_of, rows
from directory.index_tables import AreaToken, PlaceToken
from directory.models import HsdsId, Meta, Resource
from directory.needs import folded
from directory.records import Point, Status
from directory.tiers import has_words

# Lists that are kept in memory: eight bytes for each resource of each list.
_LISTS_KEPT = 8
_ADDRESS = ("address_1", "address_2", "city", "region", "postal_code", "country")
_DERIVED = "derived"

Condition = ColumnElement[bool]


@dataclass(frozen=True, slots=True)
class Term:
    """A term of one of our taxonomies; without a key any term of it; without a taxonomy one that nothing is sorted by."""

    taxonomy: str = ""
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Near:
    """A point, the areas it lies in (``US``, ``US-IL``, ``world``), and how many metres round it are asked for."""

    point: Point
    areas: tuple[str, ...]
    radius_m: float
    must_be_within: bool


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a list holds. Terms are all asked for; ``organization`` is an id; ``modified_after`` is UTC without a zone."""

    entity: str
    terms: tuple[Term, ...] = ()
    organization: str | None = None
    modified_after: datetime | None = None
    search: str = ""
    near: Near | None = None

    @property
    def is_private(self) -> bool:
        """Return whether somebody typed words or a place: such a list is kept nowhere."""
        return bool(self.search) or self.near is not None


@dataclass(slots=True)
class Lists:
    """The ids of each list, kept while the data stays the same, so that page 900 costs what page 1 costs.

    A list that was asked for with words or a place is made anew each time and kept nowhere.
    """

    words: Words
    _kept: OrderedDict[tuple[int, Wanted], array[int]] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def ids(self, connection: Connection, wanted: Wanted) -> array[int]:
        """Return the ids of the resources of a list in its order: by id; by distance, then id, where a place is given.

        A list of organizations holds for each the lowest id of its resources.
        """
        if wanted.is_private:
            return self._read(connection, wanted)
        version = connection.execute(select(Meta.value).where(Meta.key == "data_version")).scalar_one()
        key = (version, wanted)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        found = self._read(connection, wanted)
        with self._lock:
            for old in [each for each in self._kept if each[0] != version]:
                del self._kept[old]
            self._kept[key] = found
            while len(self._kept) > _LISTS_KEPT:
                self._kept.popitem(last=False)
        return found

    def _read(self, connection: Connection, wanted: Wanted) -> array[int]:
        conditions = self._conditions(connection, wanted)
        if wanted.entity == ORGANIZATION:
            lowest = func.min(HsdsId.resource_id)
            statement = select(lowest).where(HsdsId.entity == ORGANIZATION).group_by(HsdsId.id).order_by(lowest)
            if conditions:
                statement = statement.where(HsdsId.resource_id.in_(select(Resource.id).where(*conditions)))
            found = list(connection.execute(statement).scalars())
        elif wanted.near is not None:
            found = _by_distance(connection, wanted.near, conditions)
        else:
            statement = select(Resource.id).where(*conditions).order_by(Resource.id)
            found = list(connection.execute(statement).scalars())
        return array("q", self._without_misread(connection, wanted, found))

    def _conditions(self, connection: Connection, wanted: Wanted) -> list[Condition]:
        found: list[Condition] = [self._sorted_by(term) for term in wanted.terms]
        if wanted.entity == SERVICE_AT_LOCATION:
            found.append(ids_of(SERVICE_AT_LOCATION).where(HsdsId.resource_id == Resource.id).exists())
        if wanted.organization is not None:
            found.append(Resource.id.in_(ids_of(ORGANIZATION).where(HsdsId.id == wanted.organization)))
        if wanted.modified_after is not None:
            found.append(Resource.modified_at >= wanted.modified_after)
        if wanted.search:
            found.append(self._matches(wanted.search, connection.dialect.name))
        return found

    def _sorted_by(self, term: Term) -> Condition:
        """Return the condition that a service has a term as ``entities.attributes`` gives it."""
        vocabulary = self.words.vocabulary
        if term.taxonomy == DETAIL:
            return true() if term.key is None else _has_detail(term.key)
        if term.taxonomy == NEED:
            bits = vocabulary.bits(vocabulary.needs if term.key is None else [term.key])
            return Resource.stated.op("&")(_word(bits)) != 0
        if term.taxonomy not in vocabulary.facets:
            return false()
        values = vocabulary.facets[term.taxonomy] if term.key is None else [term.key]
        return Resource.facet_bits.op("&")(_word(vocabulary.facet_bits(term.taxonomy, values))) != 0

    def _without_misread(self, connection: Connection, wanted: Wanted, found: list[int]) -> list[int]:
        """Leave out what only seemed to have a detail of its address: whether a region nobody stated is known, the
        gazetteer says and no column does."""
        keys = {term.key for term in wanted.terms if term.taxonomy == DETAIL} & {*_ADDRESS, _DERIVED}
        if not keys:
            return found
        unsure = set(connection.execute(select(Resource.id).where(_WHOLE, Resource.region.is_(None))).scalars())
        misread = {
            row["id"]
            for row in rows(connection, sorted(unsure & set(found)))
            if (entities.address_of(row, self.words) is not None) != (_DERIVED in keys)
        }
        return [each for each in found if each not in misread]

    def _matches(self, search: str, dialect: str) -> Condition:
        """Return the condition that a resource has these words in its text, or states the needs they name."""
        words = folded(search)
        if not words:
            return false()
        understood = self.words.vocabulary.resolve(search)
        if not understood.needs:
            return has_words(words, dialect)
        bits = self.words.vocabulary.bits(understood.needs)
        states = Resource.stated.op("&")(_word(bits)) == _word(bits)
        if understood.rest:
            return and_(states, has_words(understood.rest, dialect))
        return or_(states, has_words(words, dialect))


def _has_detail(key: str) -> Condition:
    if key in _DETAILS:
        return _DETAILS[key]
    has = getattr(Resource, key).is_not(None)
    return and_(has, or_(not_(_WHOLE), Resource.region.is_(None))) if key in _ADDRESS else has


# An address with all that HSDS requires, but perhaps its region.
_WHOLE = and_(
    not_(Resource.confidential_location),
    *(getattr(Resource, name).is_not(None) for name in ("address_1", "city", "postal_code", "country")),
)
_DETAILS: Mapping[str, Condition] = {
    "opening_hours": Resource.hours.is_not(None),
    "confidential_location": Resource.confidential_location.is_(True),
    "status": Resource.status != str(Status.ACTIVE),
    "excludes": cast(Resource.excludes, Text) != "[]",
    "identifier": cast(Resource.identifiers, Text) != "[]",
    "source": cast(Resource.sources, Text) != "[]",
    "source_url": cast(Resource.sources, Text).like('%"url": "%'),
    _DERIVED: and_(_WHOLE, Resource.region.is_(None)),
}


def _by_distance(connection: Connection, near: Near, conditions: Sequence[Condition]) -> list[int]:
    """Return the resources whose door lies within the radius and whose area, if they name one, holds the point: nearest
    first; then, unless they must be within, those that only serve an area that does."""
    x, y, z = geo.earth_centred(near.point)
    chord = _square(PlaceToken.x - _word(x)) + _square(PlaceToken.y - _word(y)) + _square(PlaceToken.z - _word(z))
    window = geo.window(near.point, near.radius_m / 1000)
    serves = select(AreaToken.resource_id).where(AreaToken.token == index.ANY, AreaToken.resource_id == Resource.id)
    serves_here = serves.where(AreaToken.area.in_(near.areas))
    doors = (
        select(PlaceToken.resource_id)
        .join(Resource, Resource.id == PlaceToken.resource_id)
        .where(
            PlaceToken.token == index.ANY,
            PlaceToken.band.between(window.first_band, window.last_band),
            or_(*(PlaceToken.lon.between(west, east) for west, east in window.longitudes)),
            chord <= geo.chord_squared(near.radius_m / 1000, near.point.latitude),
            or_(~serves.exists(), serves_here.exists()),
            *conditions,
        )
        .order_by(chord, PlaceToken.resource_id)
    )
    found = list(connection.execute(doors).scalars())
    if near.must_be_within:
        return found
    here = set(found)
    areas = (
        select(Resource.id)
        .join(AreaToken, AreaToken.resource_id == Resource.id)
        .where(AreaToken.token == index.ANY, AreaToken.area.in_(near.areas), *conditions)
        .distinct()
        .order_by(Resource.id)
    )
    return [*found, *(each for each in connection.execute(areas).scalars() if each not in here)]


def _word(value: int) -> ColumnElement[int]:
    return cast(bindparam(None, value, type_=BigInteger, unique=True), BigInteger)


def _square(difference: ColumnElement[int]) -> ColumnElement[int]:
    return difference * difference
