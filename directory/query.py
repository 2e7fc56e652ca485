"""What somebody asks: one frozen object that page, API and command line all build."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple

from directory.errors import BadQuery
from directory.needs import MAXIMUM_NEEDS, Vocabulary, folded
from directory.wording import _

TEXT_LIMIT = 200
DEFAULT_RADIUS_KM = 40.0
MAXIMUM_RADIUS_KM = 500.0
MAXIMUM_LIMIT = 100
# Each is the name of a parameter and of a facet. Within one facet any value will do; across facets all must hold.
FACET_PARAMETERS = ("kind", "format", "payment", "audience", "approach", "urgent_care", "accessibility", "language")


class Key(NamedTuple):
    """The whole order key of a match: ring (0 within the radius, then the wider ones), tier, squared chord, id."""

    ring: int
    tier: int
    chord_squared: int
    resource_id: int


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page ended: within the radius (None: all of that was shown) and among the wider answers that follow.

    ``few``: too few reached all needs within the radius, so wider ones follow.
    """

    within: Key | None
    wider: Key | None = None
    few: bool = False

    def text(self) -> str:
        """Return the cursor as one URL-safe word: nine numbers with dots between."""
        return ".".join(map(str, (int(self.few), *(self.within or _NOWHERE), *(self.wider or _NOWHERE))))

    @classmethod
    def parse(cls, word: str) -> Cursor:
        """Return the cursor that ``text`` wrote.

        Raises:
            BadQuery: anything else.
        """
        try:
            few, *numbers = map(int, word.split("."))
            keys = (Key(*numbers[:4]), Key(*numbers[4:]))
        except (ValueError, TypeError):
            few, keys = -1, (_NOWHERE, _NOWHERE)
        within, wider = (None if key == _NOWHERE else key for key in keys)
        found = cls(within, wider, few == 1)
        if found.text() != word or not all(key == _NOWHERE or _is_key(key) for key in keys):
            raise BadQuery(_("this page link is damaged; search again"), field="after")
        return found


_NOWHERE = Key(0, 0, 0, 0)


def _is_key(key: Key) -> bool:
    return 0 <= key.ring < 10 and 0 < key.tier < 20 and 0 <= key.chord_squared < 2**60 and 0 < key.resource_id < 2**62


@dataclass(frozen=True, slots=True)
class Query:
    """A place and needs, with hard wishes. ``radius_km`` is kilometres; ``age`` years; ``facets`` by facet name."""

    near: str = ""
    needs: tuple[str, ...] = ()
    words: str = ""
    radius_km: float = DEFAULT_RADIUS_KM
    facets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    age: int | None = None
    open_now: bool = False
    limit: int = 25
    after: Cursor | None = None
    at: datetime = field(default_factory=lambda: datetime.now(UTC))


def build(
    vocabulary: Vocabulary,
    *,
    near: str = "",
    need: Sequence[str] = (),
    q: str = "",
    radius_km: str = "",
    open_now: str = "",
    age: str = "",
    limit: str = "",
    after: str = "",
    at: datetime | None = None,
    **facets: Sequence[str],
) -> Query:
    """Return the query that these words ask; each is as typed. Needs named in ``q`` join those in ``need``.

    Raises:
        BadQuery: a need or facet value nobody knows, a number that is none or out of range, text over 200 characters.
    """
    for name, text in (("near", near), ("q", q)):
        if len(text) > TEXT_LIMIT:
            said = _(
                "'{name}' is {length} characters long; write at most {most}",
                name=name,
                length=len(text),
                most=TEXT_LIMIT,
            )
            raise BadQuery(said, field=name)
    understood = vocabulary.resolve(q)
    named = [vocabulary.need(text) for text in need if text.strip()]
    needs = tuple(dict.fromkeys([*named, *understood.needs]))
    if len(needs) > MAXIMUM_NEEDS:
        said = _("{number} needs at once; choose at most {most}", number=len(needs), most=MAXIMUM_NEEDS)
        raise BadQuery(said, field="need")
    chosen = {
        name: keys
        for name, values in facets.items()
        if (keys := tuple(dict.fromkeys(_facet(vocabulary, name, value) for value in values if value.strip())))
    }
    return Query(
        near=" ".join(near.replace("\0", " ").split()),
        needs=needs,
        words=understood.rest,
        radius_km=_number(radius_km, "radius_km", DEFAULT_RADIUS_KM, 0.1, MAXIMUM_RADIUS_KM),
        facets=chosen,
        age=int(_number(age, "age", 0, 0, 120)) if age.strip() else None,
        open_now=_yes(open_now, "open_now"),
        limit=int(_number(limit, "limit", 25, 1, MAXIMUM_LIMIT)),
        after=Cursor.parse(after) if after else None,
        at=at or datetime.now(UTC),
    )


def _facet(vocabulary: Vocabulary, parameter: str, value: str) -> str:
    """Return the key of a facet value called by its key or by one of its names ("Spanish")."""
    values = vocabulary.facets[parameter]
    key = value.strip().lower()
    if key in values:
        return key
    named = [each.key for each in values.values() if folded(value) in {folded(name) for name in each.names.values()}]
    if len(named) == 1:
        return named[0]
    known = {"value": value[:60], "name": parameter, "values": ", ".join(values)}
    raise BadQuery(_("'{value}' is not a {name} we know; choose from: {values}", **known), field=parameter)


def _number(text: str, name: str, default: float, low: float, high: float) -> float:
    """Read a plain decimal number; unlike float(), nan, inf and 1_000 are none."""
    bare = text.strip()
    if not bare:
        return default
    if len(bare) > 20 or not bare.lstrip("-").replace(".", "", 1).isdecimal() or not bare.isascii():
        raise BadQuery(_("'{value}' is not a number", value=bare[:60]), field=name)
    number = float(bare)
    if not low <= number <= high:
        said = _("'{value}' is not between {low} and {high}", value=bare, low=f"{low:g}", high=f"{high:g}")
        raise BadQuery(said, field=name)
    return number


def _yes(text: str, name: str) -> bool:
    word = text.strip().lower()
    if word in {"", "no", "0", "false"}:
        return False
    if word in {"yes", "1", "true", "on"}:
        return True
    raise BadQuery(_("'{value}' is not yes or no", value=word[:60]), field=name)
