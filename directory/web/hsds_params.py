"""The parameters of the HSDS API: one table that reads them and describes them."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from directory import query
from directory.errors import BadQuery
from directory.records import shown
from directory.web import params
from directory.web.params import TYPED, Parameter

MOST_ON_A_PAGE = 1000
_ID = {"format": "uuid"}
_WORDS = {"maxLength": query.TEXT_LIMIT, "pattern": TYPED}
_POSTCODE = {"maxLength": 20, "pattern": TYPED}
_INSTANT = {"format": "date-time"}
_METRES = {"minimum": 1, "maximum": query.MAXIMUM_RADIUS_KM * 1000}
# HSDS 3.0, schema/openapi.json. There 'proximity' is a string, but what it holds is a number of metres; 'top_only' is
# described as "terms that have not child terms", but its name, and the APIs that have it, mean terms without a parent.
PARAMETERS: Mapping[str, Parameter] = {
    "search": Parameter("string", "Words in name, organization, city, eligibility or description; or needs", rule=_WORDS),
    "page": Parameter("integer", "Number of the page, from 1", rule={"minimum": 1, "maximum": 1_000_000_000}),
    "per_page": Parameter("integer", "Entries on a page; 50 unless told", rule={"minimum": 1, "maximum": MOST_ON_A_PAGE}),
    "format": Parameter("string", "ndjson: an entry on each line, all unless a page is named", rule={"enum": ["json", "ndjson"]}),
    "taxonomy_term_id": Parameter("string", "Only services with this taxonomy term", rule=_ID),
    "taxonomy_id": Parameter("string", "Only services with a term of this taxonomy; of terms, only its own", rule=_ID),
    "organization_id": Parameter("string", "Only services of this organization", rule=_ID),
    "modified_after": Parameter("string", "Only what changed then or later; UTC unless it says otherwise", rule=_INSTANT),
    "minimal": Parameter("boolean", "true: only 'id', 'modified_date' and what the schema requires; all unless a page is named"),
    "full": Parameter("boolean", "true: each entry fully nested"),
    "full_service": Parameter("boolean", "true: an organization's services in full, not only their ids"),
    "postcode": Parameter("string", "ZIP or postcode of somebody who needs the service", rule=_POSTCODE),
    "proximity": Parameter("number", "Only within so many metres of the centre of 'postcode', which it needs", rule=_METRES),
    "top_only": Parameter("boolean", "true: only terms without a parent"),
    "parent_id": Parameter("string", "Only terms with this parent", rule=_ID),
}  # fmt: skip


def asked(names: Collection[str]) -> dict[str, Any]:
    """Return the parameters of this request as typed values; those not sent, or sent empty, are left out.

    Ids are lower-case text, instants UTC without a zone. Only ``names`` are known.

    Raises:
        BadQuery: an unknown parameter, one sent twice, a value without meaning; ``field`` names it.
    """
    known = {name: parameter for name, parameter in PARAMETERS.items() if name in names}
    return {name: _typed(values[0].strip(), name) for name, values in params.sent(known).items()}


def _typed(text: str, name: str) -> Any:
    kind, rule = PARAMETERS[name].kind, PARAMETERS[name].rule
    if kind == "boolean":
        if text.lower() not in {"true", "false"}:
            raise BadQuery(f"{shown(text)} is not true or false", field=name)
        return text.lower() == "true"
    if kind == "integer":
        return _within(params.whole(text, name), name, rule)
    if kind == "number":
        if not re.fullmatch(r"\d{1,12}(\.\d{1,20})?", text, re.ASCII):
            raise BadQuery(f"{shown(text)} is not a number", field=name)
        return _within(float(text), name, rule)
    if rule is _ID:
        return uuid(text, name)
    if rule is _INSTANT:
        return _instant(text, name)
    if len(text) > rule.get("maxLength", len(text)):
        raise BadQuery(f"'{name}' is {len(text)} characters long; write at most {rule['maxLength']}", field=name)
    if text not in rule.get("enum", [text]):
        raise BadQuery(f"{shown(text)} is not one of: {', '.join(rule['enum'])}", field=name)
    return text


def uuid(text: str, name: str) -> str:
    """Return a UUID in lower case.

    Raises:
        BadQuery: anything else.
    """
    if not re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", text, re.ASCII | re.IGNORECASE):
        raise BadQuery(f"{shown(text)} is not a UUID", field=name)
    return str(UUID(text))


def _within(number: float, name: str, rule: Mapping[str, Any]) -> float:
    if not rule["minimum"] <= number <= rule["maximum"]:
        raise BadQuery(f"'{number}' is not between {rule['minimum']:g} and {rule['maximum']:g}", field=name)
    return number


def _instant(text: str, name: str) -> datetime:
    """Read a date or an instant of RFC 3339. A plus sign that an address turned into a blank is put back."""
    written = re.sub(r"(?<=\d) (?=\d\d:?\d\d$)", "+", text.upper()) if "T" in text.upper() else text
    try:
        found = datetime.fromisoformat(written)
    except ValueError:
        raise BadQuery(
            f"{shown(text)} is not a date or an instant; write 2026-08-01 or 2026-08-01T12:00:00Z", field=name
        ) from None
    if found.tzinfo is None:
        return found
    try:
        return found.astimezone(UTC).replace(tzinfo=None)
    except OverflowError:
        return found.replace(tzinfo=None)
