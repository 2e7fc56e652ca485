"""The phone numbers of an HSDS service: the one to call, the one to text, and the others in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from directory import phones
from directory.importers.cells import Fault
from directory.importers.hsds_terms import Said, text

_QUOTES = "\"'“”„‘’`´"
# RFC 6350's types that nobody calls for help.
_NOT_CALLED = frozenset({"fax", "pager", "video"})
Object = Mapping[str, Any]


@dataclass(slots=True)
class Numbers:
    """``call`` and ``text`` as our columns take them; ``others`` in words; ``textphone``: one of them is for a TTY."""

    call: str = ""
    text: str = ""
    others: list[str] = field(default_factory=list)
    repairs: list[Fault] = field(default_factory=list)
    textphone: bool = False


def numbers(groups: Sequence[Sequence[Object]], country: str, said: Said) -> Numbers:
    """Return the numbers of groups of phones, the nearest to the service first.

    The first number people of ``country`` can dial is the one to call; where there is none, the first, to be refused.
    """
    found = Numbers()
    voices: list[tuple[str, str]] = []
    for phone in _each_once(groups):
        kind, number = text(phone.get("type")).lower(), text(phone.get("number"))
        about = text(phone.get("description"))
        if not number or kind in _NOT_CALLED or (not kind and about.lower().strip(" .:") == "fax"):
            continue
        bare = number.strip(_QUOTES + " ")
        if bare != number:
            found.repairs.append(("phones.number", number, f"has quotes round it; read as {bare}"))
        if kind == "text":
            found.text = found.text or bare
        elif kind == "textphone":
            found.textphone = True
            found.others.append(f"TTY: {bare}")
        else:
            voices.append((_with_extension(bare, phone, said), "" if said.ours else about))
    chosen = next((place for place, (number, _) in enumerate(voices) if _rings(number, country)), 0)
    for place, (number, about) in enumerate(voices):
        if place == chosen:
            found.call = number
            if about:
                found.others.append(f"Phone: {about}")
        else:
            found.others.append(f"Also: {number} {about}".strip())
    return found


def _each_once(groups: Sequence[Sequence[Object]]) -> Iterator[Object]:
    seen: set[tuple[str, str, str]] = set()
    for group in groups:
        for phone in group:
            key = (text(phone.get("number")), text(phone.get("extension")), text(phone.get("type")).lower())
            if key not in seen:
                seen.add(key)
                yield phone


def _with_extension(number: str, phone: Object, said: Said) -> str:
    extension = said.detail("phone_extension") or text(phone.get("extension")).removesuffix(".0")
    press = said.detail("phone_press")
    return number + (f" ext {extension}" if extension else "") + (f" press {press}" if press else "")


def _rings(number: str, country: str) -> bool:
    try:
        phones.dialable(number, country)
    except ValueError:
        return False
    return True
