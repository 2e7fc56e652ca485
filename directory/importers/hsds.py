"""HSDS 3.0 (Open Referral): packages of tables, and JSON as its API gives it. One row a service at a location.

A package is a folder, a zip or its datapackage.json. JSON is a list of services, of services at locations or of
organizations with their services, a page of such (``contents``), or a single one. Source: docs.openreferral.org, HSDS 3.0.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from directory.errors import UnreadableFile
from directory.hsds import ids
from directory.hsds.words import NEED
from directory.importers import hsds_archive, jsonfile, own
from directory.importers.drafts import Context, Draft, Reading, Tally
from directory.importers.hsds_listing import Listings, listings
from directory.importers.hsds_package import Nested, Package
from directory.importers.hsds_terms import as_object, objects, text
from directory.importers.jsonfile import Broken, Records
from directory.importers.jsontext import size_of
from directory.importers.row_engine import OPTIONAL, Engine
from directory.importers.sources import Options, Source
from directory.importers.textfile import name_of, reading

Object = Mapping[str, Any]

# A position that cannot be is no small matter: the row is refused, so that its publisher hears of it.
_OPTIONAL = OPTIONAL - {"latitude", "longitude"}
_COLUMNS = tuple(own.FORMAT.columns)
_SERVICE, _ORGANIZATION, _AT_LOCATION = "services", "organizations", "services at locations"
_STATUSES = frozenset({"active", "inactive", "defunct", "temporarily closed"})
_OF_SERVICE = frozenset(
    """
    organization organization_id service_at_locations service_areas fees_description eligibility_description
    assured_date program_id application_process interpretation_services last_modified
    """.split()
)
_OF_ORGANIZATION = frozenset(
    "services locations organization_identifiers tax_status tax_id year_incorporated legal_status website".split()
)
_SINGLE_LIMIT = 8_000_000


def recognises(path: Path) -> bool:
    """Return whether a path is an HSDS package: a folder, a zip, or a datapackage.json; never raises."""
    return hsds_archive.is_package(path)


def read(path: Path, source: Source, context: Context, options: Options) -> Reading:
    """Return the services at locations of a package, a row each.

    Raises:
        UnreadableFile: as ``hsds_archive.locate`` and ``delimited.open_rows``.
        BadData: data/mappings/hsds.csv cannot be read.
    """
    package = Package(path, encoding=options.encoding, size_limit=options.size_limit)
    tally = Tally()
    maker = listings(path, source, context, tally)
    ours = ids.taxonomy(NEED) in package.taxonomy_ids
    rows = _engine(path, context, tally, ours=ours).rows(_of_package(package, maker))
    took_for = "an HSDS 3.0 package" + (" of this directory" if ours else "")
    return Reading(rows, took_for, _COLUMNS, tuple(package.notes), tally, package)


def recognises_json(path: Path) -> bool:
    """Return whether a file is JSON of HSDS; reads its start only and never raises."""
    return _shape(path) is not None


def read_json(path: Path, source: Source, context: Context, options: Options) -> Reading:
    """Return the services at locations of a JSON file, a row each; numbers are places in the array, from 1.

    Raises:
        UnreadableFile: as ``jsonfile.records``; it is no JSON of HSDS.
        BadData: data/mappings/hsds.csv cannot be read.
    """
    shape = _shape(path)
    if shape is None:
        with reading(path):
            path.stat()
        raise UnreadableFile(
            f"{name_of(path)} is no JSON of HSDS; it must be services, organizations or services at locations as HSDS 3.0"
            " has them: a list, a page with 'contents', or a single one"
        )
    tally = Tally()
    maker = listings(path, source, context, tally)
    records: Records | _Single = (
        _Single(path, options.size_limit)
        if shape.prefix is None
        else jsonfile.records(path, prefix=shape.prefix, size_limit=options.size_limit)
    )
    ours = _is_ours(shape.first, maker)
    rows = _engine(path, context, tally, ours=ours).rows(_of_records(records, shape.what, maker))
    took_for = f"HSDS 3.0 JSON, {shape.what}" + (" of this directory" if ours else "")
    return Reading(rows, took_for, _COLUMNS, (), tally, records)


@dataclass(frozen=True, slots=True)
class _Shape:
    """What a JSON file holds. ``prefix`` leads to its records; None: it is a single one."""

    what: str
    prefix: str | None
    first: Object


class _Single:
    """A file that is one record, or a record on each line (ndjson, as HSDS's API gives it)."""

    def __init__(self, path: Path, size_limit: int | None) -> None:
        self.bytes_total = size_of(path, size_limit)
        self.bytes_read = 0
        self._path = path

    def __iter__(self) -> Iterator[tuple[int, dict[str, Any]]]:
        name = name_of(self._path)
        with reading(self._path), self._path.open("rb") as file:
            place = 0
            while data := file.readline(_SINGLE_LIMIT + 1):
                self.bytes_read += len(data)
                if not data.strip():
                    continue
                place += 1
                record = _decoded(data)
                if record is None and place == 1:
                    data += file.read(_SINGLE_LIMIT + 1 - len(data))
                    self.bytes_read = len(data)
                    record = _decoded(data)
                if len(data) > _SINGLE_LIMIT:
                    raise UnreadableFile(f"{name} is too large for a single record ({_SINGLE_LIMIT:,} bytes at most)")
                if record is None and place == 1:
                    raise UnreadableFile(f"{name} is not JSON we can read; nothing was imported")
                yield place, Broken("is no JSON object", {}) if record is None else record


def _decoded(data: bytes) -> dict[str, Any] | None:
    """Return the object that bytes are, None when they are none, or none whose text can be stored."""
    try:
        found = json.loads(data.decode("utf-8-sig"), parse_int=str, parse_float=str, parse_constant=str)
        json.dumps(found, ensure_ascii=False).encode()  # half a character (a lone surrogate) is no text
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _engine(path: Path, context: Context, tally: Tally, *, ours: bool) -> Engine:
    """Return the engine of a file; positions of our own exports were held against their addresses when they came in."""
    engine = Engine.of(name_of(path), own.FORMAT.columns, context, _OPTIONAL, tally)
    if ours:
        engine.gazetteer = None
    return engine


def _of_package(package: Package, maker: Listings) -> Iterator[Draft]:
    for each in package.services():
        if each.problems:
            yield _refused(each)
            continue
        for draft in maker.drafts(each.number, each.service):
            draft.warnings.extend(each.warnings)
            yield draft


def _refused(found: Nested) -> Draft:
    return Draft(found.number, {"id": text(found.service.get("id"))}, problems=found.problems, whole=False)


def _of_records(records: Records | _Single, what: str, maker: Listings) -> Iterator[Draft]:
    for number, record in records:
        if isinstance(record, Broken):
            yield Draft(number, {"id": text(record.get("id"))}, problems=[(None, "", record.reason)], whole=False)
            continue
        services = list(_services(record, what))
        if not services:
            maker.tally.left_out["an organization without services"] += 1
        for service in services:
            yield from maker.drafts(number, service)


def _services(record: Object, what: str) -> Iterator[Object]:
    """Yield the services of a record, each with what it hangs on nested in it."""
    if what == _SERVICE:
        yield record
    elif what == _AT_LOCATION:
        place = {name: value for name, value in record.items() if name != "service"}
        yield {**as_object(record.get("service")), "service_at_locations": [place]}
    else:
        organization = {name: value for name, value in record.items() if name != "services"}
        for service in objects(record.get("services")):
            yield {"organization": organization, **service}


def _shape(path: Path) -> _Shape | None:
    head = jsonfile.head(path)
    if head.first_record and not head.top_keys:
        return _listed(head.first_record, jsonfile.LIST)
    if "contents" in head.top_keys:
        return _listed(head.first_record, "contents.item")
    if "id" not in head.top_keys:
        return None
    try:
        first = next(iter(_Single(path, None)), None)
    except UnreadableFile:
        return None
    what = None if first is None else _what(first[1])
    return None if first is None or what is None else _Shape(what, None, first[1])


def _listed(first: Object, prefix: str) -> _Shape | None:
    what = _what(first)
    return None if what is None else _Shape(what, prefix, first)


def _what(record: Object) -> str | None:
    """Return which of HSDS's objects a record is."""
    keys = record.keys()
    if "id" not in keys:
        return None
    if isinstance(record.get("service"), Mapping) and ("location" in keys or "name" not in keys):
        return _AT_LOCATION
    if keys >= {"name", "status"} and text(record["status"]).lower().replace("_", " ") in _STATUSES:
        return _SERVICE if keys & _OF_SERVICE else None
    if keys >= {"name", "description"} and keys & _OF_ORGANIZATION and "status" not in keys:
        return _ORGANIZATION
    return None


def _is_ours(record: Object, maker: Listings) -> bool:
    """Return whether a record's own attributes are terms of ours."""
    holders = [record, *(each for each in record.values() if isinstance(each, Mapping))]
    terms = (as_object(each.get("taxonomy_term")) for holder in holders for each in objects(holder.get("attributes")))
    return any(text(term.get("id")) in maker.terms.words.by_id for term in terms)
