"""Our own CSV, written so that ``importers.own`` reads back the same listing; and the .toml that stands beside it."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import TextIO

from directory import clean, phones
from directory.importers import own
from directory.importers.sources import NOT_STATED
from directory.records import Listing, Phone, Status

COLUMNS = tuple(own.FORMAT.columns)
MARK = "# Written by directory export, which replaces this file the next time."
_ELSEWHERE = {"id", "phone", "sms", "latitude", "longitude", "status", "integrated", "confidential_location"}
_NORTH_AMERICAN = re.compile(r"\+1(\d{3})(\d{3})(\d{4})")
_NOTE_LIMIT, _LIMIT = 4000, 300


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where exported rows come from: a source as the directory knows it. ``mode`` as in ``importers.sources``."""

    key: str
    name: str
    publisher: str
    terms: str
    url: str | None
    retrieved: date | None
    mode: str
    note: str | None


def row(listing: Listing) -> list[str]:
    """Return a listing as the cells of our CSV, each safe in a spreadsheet (``clean.quoted``)."""
    pin = listing.point if listing.geocoded_by is None else None  # a geocoder's answer is not the source's word
    cells = {
        "id": listing.external_id,
        "phone": _phone(listing.phone, listing.country or "") if listing.phone else "",
        "sms": _phone(Phone(listing.sms), listing.country or "") if listing.sms else "",
        "latitude": _degrees(pin.latitude) if pin else "",
        "longitude": _degrees(pin.longitude) if pin else "",
        "status": "" if listing.status is Status.ACTIVE else str(listing.status),
        "integrated": "yes" if listing.integrated else "",
        "confidential_location": "yes" if listing.confidential_location else "",
    }
    cells |= {name: _cell(getattr(listing, name)) for name in COLUMNS if name not in _ELSEWHERE}
    return [clean.quoted(cells[name]) for name in COLUMNS]


def write(listings: Iterable[Listing], stream: TextIO) -> int:
    """Write a header and a row for each listing; return how many rows."""
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    count = 0
    for listing in listings:
        writer.writerow(row(listing))
        count += 1
    return count


def toml(sources: Sequence[Provenance], on: date, *, whole: bool) -> str:
    """Return what stands in the .toml beside an exported CSV, so that an import keeps whose facts these are.

    The rows of one source keep its key, its words and its date. Rows of several get the OLDEST of their dates, and none
    when one of them has none: a row that nobody checked must never look newer than its source. ``whole`` is False when
    only some rows of the sources were written: what is not in the file is then not missing.
    """
    lines: list[str] = []
    if len(sources) == 1:
        (only,) = sources
        lines.append(f"source = {_quoted(only.key)}")
        values = {
            "publisher": only.publisher, "name": only.name, "terms": only.terms, "url": only.url,
            "mode": only.mode if whole else "partial", "note": only.note,
        }  # fmt: skip
    else:
        whose = "; ".join(f"{each.name} ({each.retrieved or 'date not stated'})" for each in sources)
        values = {
            "publisher": _joined((each.publisher for each in sources), _LIMIT),
            "name": _joined((each.name for each in sources), _LIMIT),
            "terms": _joined((each.terms for each in sources), 2000),
            "url": None,
            "mode": "full" if whole else "partial",
            "note": _cut(f"Exported on {on.isoformat()} from {len(sources)} sources: {whose}", _NOTE_LIMIT),
        }
    lines.extend(f"{name} = {_quoted(value)}" for name, value in values.items() if value and value != NOT_STATED)
    dates = [each.retrieved for each in sources]
    if dates and None not in dates:
        lines.append(f"retrieved = {min(day for day in dates if day)}")
    return "\n".join(lines) + "\n"


def taken_apart(ids: Sequence[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """Return a name of its own for each (source, id) of ids that several sources use: ``source.id``."""
    found: dict[tuple[str, str], str] = {}
    taken = {external_id for _, external_id in ids}
    for key, external_id in ids:
        name = next(each for each in _names(key, external_id) if each not in taken)
        taken.add(name)
        found[key, external_id] = name
    return found


def _names(key: str, external_id: str) -> Iterator[str]:
    prefix = re.sub(r"[^\w.-]+", "-", key).strip("-_.") or "source"
    yield f"{prefix}.{external_id}"[:200]
    number = 2
    while True:
        yield f"{prefix[:90]}.{external_id[:90]}.{number}"
        number += 1


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ";".join(value)
    return value.isoformat() if isinstance(value, date) else str(value)


@lru_cache(maxsize=4096)
def _phone(phone: Phone, country: str) -> str:
    """Return a number as people of its country write it, where that is read back as the same number; else as E.164."""
    after = (f" ext {phone.extension}" if phone.extension else "") + (f" press {phone.press}" if phone.press else "")
    found = _NORTH_AMERICAN.fullmatch(phone.number)
    if found is not None:
        return "-".join(found.groups()) + after
    shown = phones.display(Phone(phone.number), country)
    try:
        same = phones.dialable(shown + after, country) == phone
    except ValueError:
        same = False
    return (shown if same else phone.number) + after


def _degrees(value: float) -> str:
    return format(Decimal(repr(value)), "f")


def _joined(words: Iterable[str], limit: int) -> str:
    return _cut("; ".join(dict.fromkeys(each for each in words if each != NOT_STATED)), limit)


def _cut(text: str, limit: int) -> str:
    """Return as many whole words of a text as there is room for."""
    return text if len(text) <= limit else text[: limit - 1].rpartition(" ")[0].rstrip(";, ") + "…"


def _quoted(text: str) -> str:
    """Return a TOML basic string: JSON's escapes are TOML's, but for DEL, which a cleaned text never holds."""
    return json.dumps(text, ensure_ascii=False)
