"""Resources that may be the same thing and were not merged: suggested with a score and the evidence, never merged."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from urllib.parse import urlsplit

from rapidfuzz import fuzz
from sqlalchemy import Connection, Row, select

from directory import clean, corrections, decisions
from directory.index import SHOWN
from directory.models import Listing, Resource, Source
from directory.records import Kind
from directory.sameness import Ref, may_be_one

LEAST = 60
# A number, site or postal code shared by more is compared only among the next names in the alphabet.
_BLOCK_LIMIT = 200
_WINDOW = 10
_NAMES = 0.5
_PHONE, _EXTENSION, _STREET, _SUITE, _NEAR_STREET, _SITE, _EMAIL, _POSTAL = 30, 12, 25, 5, 15, 20, 20, 5
_OTHER_SUITE, _OTHER_STREET, _OTHER_LIMIT = -10, -25, -5
_COLUMNS = (
    Resource.id, Resource.kind, Resource.name, Resource.phone, Resource.phone_extension, Resource.phone_press,
    Resource.sms, Resource.url, Resource.email, Resource.address_1, Resource.address_2, Resource.city, Resource.region,
    Resource.postal_code, Resource.country, Resource.minimum_age, Resource.maximum_age, Resource.audiences,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Known:
    """What of a resource is compared: words as ``clean.match_key`` folds them."""

    id: int
    kind: Kind
    name: str
    where: str
    country: str | None
    name_key: str
    street: str
    suite: str
    postal_code: str
    phone: str | None
    extension: str | None
    site: str | None
    email: str | None
    ages: tuple[int | None, int | None]
    audiences: frozenset[str]


@dataclass(frozen=True, slots=True)
class Candidate:
    """Two resources, ``a`` the smaller id. ``score`` is 0 to 100; ``evidence`` speaks for one thing, ``against`` for two."""

    score: int
    a: Known
    b: Known
    evidence: tuple[str, ...]
    against: tuple[str, ...]


def candidates(connection: Connection) -> list[Candidate]:
    """Return the pairs of resources that may be the same thing, best first, then by id.

    Compared is what shares a phone number, a web address, a street or a postal code. Left out is what was decided not to
    be the same, what is no longer shown, and kinds that are never one. A confidential place has no address here.
    """
    query = select(*_COLUMNS).where(Resource.status.in_(SHOWN)).order_by(Resource.id)
    known = {row.id: _known(row) for row in connection.execute(query)}
    apart = _kept_apart(connection)
    found = (_compare(known[a], known[b]) for a, b in sorted(_pairs(list(known.values())) - apart))
    return sorted((each for each in found if each is not None), key=lambda each: (-each.score, each.a.id, each.b.id))


def _known(row: Row[tuple[object, ...]]) -> Known:
    site = urlsplit(row.url) if row.url else None
    place = ", ".join(part for part in (row.address_1, row.city, row.region, row.country) if part)
    return Known(
        row.id,
        Kind(row.kind),
        row.name,
        place,
        row.country,
        clean.match_key(row.name),
        clean.match_key(row.address_1 or ""),
        clean.match_key(row.address_2 or ""),
        f"{row.country} {clean.match_key(row.postal_code)}" if row.postal_code else "",
        row.phone or row.sms,
        row.phone_extension or row.phone_press,
        f"{site.netloc.removeprefix('www.')}{site.path.rstrip('/')}{site.query}" if site else None,
        row.email.casefold() if row.email else None,
        (row.minimum_age, row.maximum_age),
        frozenset(row.audiences),
    )


def _pairs(known: Sequence[Known]) -> set[tuple[int, int]]:
    blocks: dict[tuple[str, str], list[Known]] = defaultdict(list)
    for each in known:
        for name in ("phone", "site", "email", "postal_code"):
            if value := getattr(each, name):
                blocks[name, value].append(each)
    return {
        (min(a.id, b.id), max(a.id, b.id))
        for (name, _), block in blocks.items()
        for a, b in _within(block)
        if may_be_one(a.kind, b.kind) and _one_country(a, b) and (name != "postal_code" or _near(a, b))
    }


def _one_country(a: Known, b: Known) -> bool:
    """Return whether two may be of one country; 116 123 is a number of its own in each."""
    return a.country == b.country or a.country is None or b.country is None


def _within(block: Sequence[Known]) -> Iterator[tuple[Known, Known]]:
    if len(block) <= _BLOCK_LIMIT:
        yield from combinations(block, 2)
        return
    ordered = sorted(block, key=lambda each: (each.name_key, each.id))
    for place, each in enumerate(ordered):
        yield from ((each, other) for other in ordered[place + 1 : place + 1 + _WINDOW])


def _near(a: Known, b: Known) -> bool:
    """Return whether two of one postal code may be worth comparing: at one street, or with names alike."""
    return (a.street != "" and a.street == b.street) or fuzz.token_sort_ratio(a.name_key, b.name_key) >= 80


def _compare(a: Known, b: Known) -> Candidate | None:
    names = round(
        max(fuzz.token_sort_ratio(a.name_key, b.name_key), 0.9 * fuzz.token_set_ratio(a.name_key, b.name_key))
    )
    spoken = [*_speaking(a, b), (_NAMES * names, "same name" if names == 100 else f"names {names} alike")]
    score = min(100, sum(points for points, _ in spoken if points > 0)) + sum(
        points for points, _ in spoken if points < 0
    )
    if score < LEAST:
        return None
    evidence = tuple(words for points, words in spoken if points > 0)
    return Candidate(round(score), a, b, evidence, tuple(words for points, words in spoken if points < 0))


def _speaking(a: Known, b: Known) -> Iterator[tuple[int, str]]:
    """Yield what speaks for one thing, with points, and what speaks against it, with points below zero."""
    if a.phone and a.phone == b.phone:
        shown = corrections.numbers((a.phone, None, None, None))
        same = a.extension == b.extension
        yield (_PHONE, f"same phone {shown}") if same else (_EXTENSION, f"same phone {shown}, other extension")
    if a.site and a.site == b.site:
        yield _SITE, f"same site {a.site}"
    if a.email and a.email == b.email:
        yield _EMAIL, f"same e-mail {a.email}"
    if a.street and b.street:
        yield from _by_door(a, b)
    elif a.postal_code and a.postal_code == b.postal_code:
        yield _POSTAL, "same postal code"
    if a.ages != b.ages and a.ages != (None, None) != b.ages:
        yield _OTHER_LIMIT, "different ages"
    if a.audiences and b.audiences and a.audiences != b.audiences:
        yield _OTHER_LIMIT, "different audiences"


def _by_door(a: Known, b: Known) -> Iterator[tuple[int, str]]:
    if a.postal_code != b.postal_code or not a.postal_code:
        yield _OTHER_STREET, "different streets"
    elif a.street == b.street:
        yield _STREET, "same street"
        yield (_SUITE, "same suite") if a.suite == b.suite else (_OTHER_SUITE, "different suites")
    elif (alike := round(fuzz.ratio(a.street, b.street))) >= 85 and _house(a.street) == _house(b.street):
        yield _NEAR_STREET, f"streets {alike} alike"
    else:
        yield _OTHER_STREET, "different streets"


def _house(street: str) -> str:
    return street.split(" ", 1)[0]


def _kept_apart(connection: Connection) -> set[tuple[int, int]]:
    """Return the pairs of resources of which two listings were decided not to be the same."""
    apart = decisions.load(connection).apart
    if not apart:
        return set()
    query = select(Source.key, Listing.external_id, Listing.resource_id).join(Source, Source.id == Listing.source_id)
    here = query.where(Listing.external_id.in_({ref.external_id for ref in apart}))
    of = {Ref(key, external_id): resource_id for key, external_id, resource_id in connection.execute(here)}
    pairs = ((of.get(ref), of.get(other)) for ref, others in apart.items() for ref, other in product([ref], others))
    return {(a, b) for a, b in pairs if a is not None and b is not None and a < b}
