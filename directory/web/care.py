"""Care in its parts: talking, medicine, people who have been there, daily life. And what to say and ask when one calls."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache

from directory.matches import MENTAL, SUBSTANCE, family
from directory.matches import words as need_words
from directory.needs import Vocabulary
from directory.query import Query
from directory.web import words
from directory.wording import _, language

_TALK = ("talk_therapy", "cbt", "dbt", "emdr", "group_therapy", "family_therapy", "relapse_prevention")
_MEDICINE = ("medication_management", "medication_for_opioid_use", "detox")
_PEERS = ("peer_support", "twelve_step")
_LIFE = ("daily_life_support", "residential")


@dataclass(frozen=True, slots=True)
class Part:
    """One part of care: its name, and what the source names of it ("" where it names nothing)."""

    name: str
    named: str


def parts(vocabulary: Vocabulary, approaches: Collection[str]) -> tuple[Part, ...]:
    """Return the four parts of care; none at all where the source names no kind of care."""
    held = [
        Part(name, words.names(vocabulary, "approach", [key for key in keys if key in approaches]))
        for name, keys in (
            (_("Talking"), _TALK), (_("Medicine"), _MEDICINE), (_("People who have been there"), _PEERS),
            (_("Daily life"), _LIFE),
        )
    ]  # fmt: skip
    return tuple(held) if any(part.named for part in held) else ()


def in_short(vocabulary: Vocabulary, approaches: Collection[str]) -> str:
    """Return the names of the parts of care that a source names, for a card: "Talking, medicine"."""
    return _in_short(vocabulary, tuple(approaches), language())


@lru_cache(maxsize=5_000)
def _in_short(vocabulary: Vocabulary, approaches: tuple[str, ...], _spoken: str) -> str:
    named = [part.name for part in parts(vocabulary, approaches) if part.named]
    return words.sentence(", ".join(name[:1].lower() + name[1:] for name in named))


def to_say(vocabulary: Vocabulary, needs: Sequence[str]) -> str:
    """Return a first sentence for somebody who calls about these needs; one that fits all where nothing was named."""
    if not needs:
        return _("“I am looking for help. Can you tell me what you offer?”")
    return _(
        "“I am looking for help with {needs}. Can you help me, or tell me who can?”",
        needs=need_words(vocabulary, [*needs]),
    )


def to_ask(vocabulary: Vocabulary, query: Query) -> tuple[str, ...]:
    """Return what to ask when one calls about a search: whether all needs are treated, and together; what else was wished."""
    needs = query.needs
    families = {family(vocabulary, need) for need in needs}
    asked: list[str] = []
    if {MENTAL, SUBSTANCE} <= families:
        mental = [need for need in needs if family(vocabulary, need) == MENTAL]
        others = [need for need in needs if family(vocabulary, need) == SUBSTANCE]
        both = {"needs": need_words(vocabulary, mental), "others": need_words(vocabulary, others)}
        asked.append(_("Do you treat {needs} together with {others}, with one team?", **both))
    elif needs:
        asked.append(_("Do you treat {needs}?", needs=need_words(vocabulary, [*needs])))
    if languages := query.facets.get("language"):
        asked.append(_("Do you speak {language}?", language=words.names(vocabulary, "language", languages)))
    if access := query.facets.get("accessibility"):
        asked.append(_("Do you have this: {wish}?", wish=words.names(vocabulary, "accessibility", access)))
    if query.age is not None:
        asked.append(_("Do you see people who are {age} years old?", age=query.age))
    asked += [
        _("Are you taking new people? How long is the wait?"),
        _("What will it cost me? Do you take my plan?"),
        _("What happens on the first day?"),
    ]
    return tuple(asked)
