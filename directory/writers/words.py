"""What every writer says of a resource in the same words: where it is, how old its facts are, what to be careful of."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, TextIO

from directory import matches, phones
from directory.records import Phone, Precision

PRIVATE = "The address is kept private."
_CLOSED = {
    "temporarily_closed": "Closed for some time: ask when it opens again.",
    "closed": "This has closed.",
    "replaced": "This was replaced by another.",
}


def address(resource: Mapping[str, Any], *, second_line: bool = True) -> str:
    """Return where a resource is in one line, of a confidential one the city alone."""
    state = " ".join(
        part for part in (resource["region"], None if hidden(resource) else resource["postal_code"]) if part
    )
    street = () if hidden(resource) else (resource["address_1"], resource["address_2"] if second_line else None)
    parts = [part for part in (*street, resource["city"], state) if part]
    return ", ".join([*parts, *([resource["country"]] if parts and resource["country"] else [])])


def hidden(resource: Mapping[str, Any]) -> bool:
    """Return whether nobody may see where it is."""
    return bool(resource["confidential_location"])


def is_approximate(resource: Mapping[str, Any]) -> bool:
    """Return whether its position is only the centre of an area."""
    return resource["latitude"] is not None and resource["precision"] not in {Precision.SOURCE, Precision.ADDRESS}


def phone(resource: Mapping[str, Any]) -> str:
    """Return the number as people of its country read it, "" when there is none."""
    if not resource["phone"]:
        return ""
    number = Phone(resource["phone"], resource["phone_extension"], resource["phone_press"])
    return phones.display(number, resource["country"] or "")


def age(resource: Mapping[str, Any], at: datetime) -> str:
    """Return how old the facts are: "Checked 2026-09-01 by ...", "2018 data, call first", "Not re-checked: call first"."""
    dated = matches.facts_date(resource)
    if dated is not None and matches.is_stale(resource, at):
        return f"{dated.year} data, {_first(resource)}."
    if resource["last_checked"] is None:
        said = f", as reported {dated.isoformat()}" if dated is not None else ", age not known"
        return f"Not re-checked{said}: {_first(resource)}."
    by = f" by {resource['checked_by']}" if resource["checked_by"] else ""
    return f"Checked {resource['last_checked'].isoformat()}{by}."


def status(resource: Mapping[str, Any]) -> str:
    """Return what must be said of what takes nobody now, "" for an active resource."""
    if resource["status"] == "replaced" and resource["replaced_by"]:
        return f"This was replaced by {resource['replaced_by']}."
    return _CLOSED.get(resource["status"], "")


def source_names(resource: Mapping[str, Any]) -> str:
    """Return who says so: "Example list (2026-10-01); Other list"."""
    return "; ".join(
        f"{each['name']} ({each['date']})" if each["date"] else each["name"] for each in resource["sources"]
    )


def write_list(items: Iterable[Any], stream: TextIO, opening: str = "[", closing: str = "]") -> int:
    """Write values as a JSON array, one a line, while they come; return how many."""
    stream.write(opening)
    count = 0
    for count, item in enumerate(items, start=1):
        stream.write(("" if count == 1 else ",") + "\n" + json.dumps(item, ensure_ascii=False, allow_nan=False))
    stream.write(f"\n{closing}\n")
    return count


def _first(resource: Mapping[str, Any]) -> str:
    if resource["phone"]:
        return "call first"
    return "ask first" if resource["sms"] or resource["chat_url"] else "see the website"
