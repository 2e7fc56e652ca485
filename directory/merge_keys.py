"""The keys under which listings are found that may be the same thing, or stand at one door; all from what a listing says."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b

from directory import clean
from directory.records import Listing, hashed

DOOR = "door:"
HIDDEN = "hidden:"
ANY_HIDDEN = f"{HIDDEN}any"
_LIMIT = 390


def joining(listing: Listing) -> list[str]:
    """Return the keys under which another listing may be found to be the same thing; often none."""
    found = [identifier for identifier in listing.identifiers if ":" in identifier]
    if has_door(listing):
        parts = (listing.name, listing.address_1, listing.address_2, listing.postal_code, listing.country)
        found.append(_short("site:" + "|".join(clean.match_key(part or "") for part in parts)))
    return found


def door(listing: Listing) -> str | None:
    """Return the key all listings at one street and postal code share; it tells neighbours, and never merges."""
    if not has_door(listing):
        return None
    parts = (listing.address_1, listing.postal_code, listing.country)
    text = "|".join(clean.match_key(part or "") for part in parts)
    return DOOR + blake2b(text.encode(), digest_size=12).hexdigest()


def hidden(name: str, number: str) -> str:
    """Return the key of what has a name and a number; only confidential listings are kept by it, and it never merges."""
    return HIDDEN + blake2b(f"{clean.match_key(name)}|{number}".encode(), digest_size=12).hexdigest()


def has_door(listing: Listing) -> bool:
    """Return whether a listing says in full where it is, and may be compared by that."""
    return bool(listing.address_1 and listing.postal_code) and not listing.confidential_location


def of(listing: Listing) -> list[str]:
    """Return every key of a listing, each once. None has a line break in it."""
    found = joining(listing)
    if (own := door(listing)) is not None:
        found.append(own)
    if listing.confidential_location and listing.phone is not None:
        found.extend((ANY_HIDDEN, hidden(listing.name, listing.phone.number)))
    return list(dict.fromkeys(found))


def stored(listing: Listing) -> Mapping[str, str]:
    """Return a listing as it is stored, ``records.hashed``, and its ``merge_keys``, a line each."""
    return {**hashed(listing), "merge_keys": "\n".join(of(listing))}


def _short(key: str) -> str:
    if len(key) <= _LIMIT:
        return key
    return key[: _LIMIT - 32] + blake2b(key.encode(), digest_size=16).hexdigest()
