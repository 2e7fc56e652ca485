"""One cell that holds several columns of ours ("Boston, MA 02108"), taken apart where it can be read in one way only."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from directory.importers import own
from directory.importers.cells import Setting
from directory.records import shown

_FIELD = re.compile(r"\{([a-z_0-9]+)\}")
_LENGTH = 400
_READINGS = 500


@dataclass(frozen=True, slots=True)
class Template:
    """How the columns stand in a cell: "{city}, {region} {postal_code}".

    ``between`` is what stands before the first of the ``fields``, between two of them and after the last.
    """

    text: str
    fields: tuple[str, ...]
    between: tuple[str, ...]


def template(text: str) -> Template:
    """Return a pattern as its .toml writes it.

    Raises:
        ValueError: it has no column in braces, a column twice, or nothing between two columns.
    """
    split = _FIELD.split(text)
    fields, between = split[1::2], split[0::2]
    if not fields or any("{" in each or "}" in each for each in between):
        raise ValueError('is not a pattern; write one such as "{city}, {region} {postal_code}"')
    if len(set(fields)) < len(fields) or not all(between[1:-1]):
        raise ValueError("names a column twice, or has nothing between two columns")
    return Template(text, tuple(fields), tuple(each.strip() or each for each in between))


def pieces(pattern: Template, cell: str, setting: Setting) -> Mapping[str, str]:
    """Return what each column of the pattern says in a cell.

    Of all ways to cut the cell those count in which every piece can be what its column says: "NY" is a state, "York
    10001" is no ZIP, and a city has no comma in it.

    Raises:
        ValueError: there is no such way, or more than one.
    """
    text = " ".join(cell.split())
    cuts = None if len(text) > _LENGTH else _cuts(pattern, text)
    if cuts is None:
        raise ValueError(f"is too long to be read as {shown(pattern.text)}")
    found = [cut for cut in cuts if all(_can_be(*piece, setting) for piece in cut.items())]
    if not found:
        raise ValueError(f"is not written as {shown(pattern.text)}")
    if len(found) > 1:
        raise ValueError(f"can be read as {shown(pattern.text)} in more than one way")
    return found[0]


def _cuts(pattern: Template, text: str) -> list[dict[str, str]] | None:
    """Return every way to cut a text by a pattern, from left to right; None when there are too many to look at."""
    first, *between, last = pattern.between
    if not (text.startswith(first) and text.endswith(last)):
        return []
    cuts: list[tuple[dict[str, str], str]] = [({}, text[len(first) : len(text) - len(last)].strip())]
    for column, stop in zip(pattern.fields, between, strict=False):
        longer = []
        for cut, rest in cuts:
            at = rest.find(stop)
            while at >= 0:
                if head := rest[:at].strip():
                    longer.append(({**cut, column: head}, rest[at + len(stop) :].strip()))
                at = rest.find(stop, at + 1)
            if len(longer) > _READINGS:
                return None
        cuts = longer
    return [{**cut, pattern.fields[-1]: rest} for cut, rest in cuts if rest]


def _can_be(column: str, text: str, setting: Setting) -> bool:
    if column == "city":
        return "," not in text
    if column not in own.FORMAT.columns or (own.FORMAT.columns[column].local and not setting.country):
        return True
    try:
        own.FORMAT.columns[column].read(text, setting)
    except ValueError:
        return False
    return True
