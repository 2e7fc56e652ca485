"""HSDS 3.0 as a tabular package: datapackage.json and a CSV for each table, in a folder or a zip.

The tables hold what ``full`` nests: a row for each object, with the ids of those it hangs on. A cell that a spreadsheet
would run is quoted with a ' (``clean.quoted``); a number, also one that begins with + or -, runs nothing and stays.
"""

from __future__ import annotations

import csv
import json
import re
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from directory import clean
from directory.errors import BadQuery
from directory.hsds import full
from directory.hsds.entities import Object, Row
from directory.hsds.tables import TABLES, package
from directory.hsds.words import Words

PACKAGE = "datapackage.json"
_NUMBER = re.compile(r"[+-][0-9]+(?:\.[0-9]+)?")
_NO_FOLDER = frozenset({".csv", ".json", ".txt"})
# Where the parts of a service stand, and the column of theirs that holds its id.
_OF_SERVICE = {
    "service_areas": "service_area",
    "languages": "language",
    "cost_options": "cost_option",
    "phones": "phone",
    "schedules": "schedule",
}
_OF_LOCATION = {"addresses": "address", "accessibility": "accessibility"}


def write(resources: Iterable[Row], target: Path, words: Words) -> int:
    """Write resources as a package and return how many; a target ending in .zip is a zip, any other a folder.

    Memory holds one resource, and 8 bytes and an entry of a set for each organization. What stood in the zip before is
    replaced when the new one is whole.

    Raises:
        BadQuery: the target is named as a single file, or is a folder with something else in it, or cannot be written;
            ``field`` is "output".
    """
    with _words_for(target):
        if target.suffix.lower() != ".zip":
            _refuse_others(target)
            target.mkdir(parents=True, exist_ok=True)
            return _write_tables(resources, target, words)
        with tempfile.TemporaryDirectory(prefix=".hsds-", dir=target.parent) as name:
            folder = Path(name)
            count = _write_tables(resources, folder, words)
            whole = folder / "whole.zip"
            with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
                for path in (PACKAGE, *(table.path for table in TABLES.values())):
                    archive.write(folder / path, path)
            whole.replace(target)
    return count


def rows(service: Object) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield table and row of every object of a full service (``full.service``), its organization first."""
    organization = service["organization"]
    yield "organization", organization
    yield "service", {**service, "organization_id": organization["id"]}
    own = {"service_id": service["id"]}
    for at_location in service.get("service_at_locations", ()):
        location = at_location["location"]
        yield "location", {**location, "organization_id": organization["id"]}
        yield "service_at_location", {"id": at_location["id"], **own, "location_id": location["id"]}
        for name, table in _OF_LOCATION.items():
            for each in location.get(name, ()):
                yield table, {**each, "location_id": location["id"]}
        own["service_at_location_id"] = at_location["id"]
    for each in service["attributes"]:
        yield "attribute", {**each, "link_id": service["id"], "taxonomy_term_id": each["taxonomy_term"]["id"]}
    for name, table in _OF_SERVICE.items():
        for each in service.get(name, ()):
            yield table, {**each, **own}


def _write_tables(resources: Iterable[Row], folder: Path, words: Words) -> int:
    (folder / PACKAGE).write_text(json.dumps(package(), indent=2) + "\n", encoding="utf-8")
    known: set[bytes] = set()
    count = 0
    with ExitStack() as stack:
        writers = {}
        for name, table in TABLES.items():
            stream = stack.enter_context((folder / table.path).open("w", encoding="utf-8", newline=""))
            writers[name] = csv.writer(stream, lineterminator="\n")
            writers[name].writerow(table.columns)

        def put(name: str, values: Mapping[str, Any]) -> None:
            writers[name].writerow([_cell(values.get(column)) for column in TABLES[name].columns])

        for taxonomy in full.taxonomies(words):
            put("taxonomy", taxonomy)
        for term in full.taxonomy_terms(words):
            put("taxonomy_term", term)
        for resource in resources:
            for name, values in rows(full.service(resource, words)):
                if name == "organization":
                    own = UUID(values["id"]).bytes
                    if own in known:
                        continue
                    known.add(own)
                put(name, values)
            count += 1
    return count


def _cell(value: Any) -> str:
    if value is None:
        return ""
    text = format(Decimal(repr(value)), "f") if isinstance(value, float) else str(value)
    return text if _NUMBER.fullmatch(text) else clean.quoted(text)


def _refuse_others(folder: Path) -> None:
    if folder.suffix.lower() in _NO_FOLDER:
        raise BadQuery(
            f"an HSDS package is many files, and {folder.name} is the name of one; name a folder, or a file ending in .zip",
            field="output",
        )
    ours = {PACKAGE, *(table.path for table in TABLES.values())}
    if folder.is_dir() and any(each.name not in ours for each in folder.iterdir()):
        raise BadQuery(f"{folder.name} holds other files; name a new folder, or a file ending in .zip", field="output")


@contextmanager
def _words_for(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise BadQuery(f"{target.name} cannot be written: {error.strerror or error}", field="output") from None
