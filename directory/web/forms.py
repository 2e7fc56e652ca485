"""The search form: its choices in words, with what was asked already chosen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from directory import geo
from directory.counting import Counts
from directory.needs import Vocabulary
from directory.query import DEFAULT_RADIUS_KM
from directory.web.params import Asked
from directory.wording import _, language, named

OTHER = "other"
_RADII_MILES = (5, 10, 25, 50, 100)
_RADII_KM = (10, 20, 40, 80, 160)
# Groups with what is chosen in them: people choose one or two from a list.
_KEPT = 500


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing to choose."""

    value: str
    label: str
    hint: str
    chosen: bool


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """Choices under one heading. ``name`` is the parameter. The same ones chosen, in one language, are one object."""

    name: str
    title: str
    choices: tuple[Choice, ...]

    @property
    def chosen(self) -> int:
        """Return how many are chosen."""
        return sum(choice.chosen for choice in self.choices)


@dataclass(frozen=True, slots=True)
class Form:
    """Everything the search form shows.

    ``counts`` says by the name of a group how many places near somebody have each of its choices, in their order; it is
    empty when nobody counted.
    """

    near: str
    q: str
    age: str
    open_now: bool
    needs: tuple[Group, ...]
    filters: tuple[Group, ...]
    radius: tuple[Choice, ...]
    languages: Group
    counts: Mapping[str, tuple[str, ...]]

    @property
    def filters_chosen(self) -> int:
        """Return how many filters are chosen."""
        languages = sum(choice.chosen for choice in self.languages.choices if choice.value)
        radius = sum(choice.chosen for choice in self.radius if choice.value != f"{DEFAULT_RADIUS_KM:g}")
        chosen = sum(group.chosen for group in self.filters)
        return chosen + languages + radius + bool(self.age) + self.open_now


def filters() -> dict[str, str]:
    """Return the filters in the order of the page, and what each asks."""
    return {
        "kind": _("What kind of help?"),
        "format": _("How would you like to meet?"),
        "payment": _("How would you pay?"),
        "audience": _("Made for"),
        "urgent_care": _("Needed right away"),
        "approach": _("Kind of care"),
        "accessibility": _("Access"),
    }


def labels() -> dict[str, str]:
    """Return every field an error can point at, by its label."""
    return {
        "near": _("Where are you?"),
        "q": _("What are you going through?"),
        "need": _("Needs"),
        "radius_km": _("How far?"),
        "language": _("Language"),
        "age": _("Age"),
        "open_now": _("Open now"),
        **filters(),
    }


def form(vocabulary: Vocabulary, asked: Asked, country: str, counts: Counts | None = None) -> Form:
    """Return the form with what was asked chosen, each filter with its count.

    Unknown values are left out: the error beside the form names them.
    """
    spoken = language()
    needs = frozenset(asked.values.get("need", ())).intersection(vocabulary.needs)
    groups = tuple(
        _filter(vocabulary, spoken, name, title, _chosen(vocabulary, asked, name)) for name, title in filters().items()
    )
    languages = _languages(vocabulary, spoken, _chosen(vocabulary, asked, "language"))
    return Form(
        near=asked.one("near"),
        q=asked.one("q"),
        age=asked.one("age"),
        open_now=asked.one("open_now").lower() in {"yes", "1", "true", "on"},
        needs=_need_groups(vocabulary, spoken, needs),
        filters=groups,
        radius=_radii(asked.one("radius_km"), country),
        languages=languages,
        counts={} if counts is None else {group.name: _counted(counts, group) for group in (*groups, languages)},
    )


def _chosen(vocabulary: Vocabulary, asked: Asked, name: str) -> frozenset[str]:
    return frozenset(asked.values.get(name, ())).intersection(vocabulary.facets[name])


@lru_cache(maxsize=_KEPT)
def _need_groups(vocabulary: Vocabulary, _spoken: str, chosen: frozenset[str]) -> tuple[Group, ...]:
    parents = [need.key for need in vocabulary.needs.values() if vocabulary.children(need.key)]
    lists = [(named(vocabulary.needs[key].names), (key, *vocabulary.children(key))) for key in parents]
    alone = [need.key for need in vocabulary.needs.values() if need.parent is None and need.key not in parents]
    lists.append((_("Something else"), tuple(alone)))
    return tuple(
        _need_group(vocabulary, _spoken, title, keys, chosen & frozenset(keys)) for title, keys in lists
    )  # fmt: skip


@lru_cache(maxsize=_KEPT)
def _need_group(
    vocabulary: Vocabulary, _spoken: str, title: str, keys: tuple[str, ...], chosen: frozenset[str]
) -> Group:
    needs = (vocabulary.needs[key] for key in keys)
    return Group(
        "need",
        title,
        tuple(Choice(need.key, named(need.names), named(need.hints), need.key in chosen) for need in needs),
    )


@lru_cache(maxsize=_KEPT)
def _filter(vocabulary: Vocabulary, _spoken: str, name: str, title: str, chosen: frozenset[str]) -> Group:
    facets = vocabulary.facets[name].values()
    return Group(name, title, tuple(Choice(each.key, named(each.names), "", each.key in chosen) for each in facets))


@lru_cache(maxsize=_KEPT)
def _languages(vocabulary: Vocabulary, _spoken: str, chosen: frozenset[str]) -> Group:
    """Return the languages to choose from: those chosen first, then Spanish and English, then by name."""
    known = vocabulary.facets["language"].values()
    choices = sorted(
        (Choice(each.key, named(each.names), "", each.key in chosen) for each in known),
        key=lambda choice: (not choice.chosen, choice.value != "es", choice.value != "en", choice.label),
    )
    return Group("language", _("Language"), (Choice("", _("Any language"), "", not chosen), *choices))


def _counted(counts: Counts, group: Group) -> tuple[str, ...]:
    """Return how many places have each choice of a group, "" for a choice that is none."""
    more = "+" if counts.is_least else ""
    return tuple(
        f"{counts.values[group.name, choice.value]:,}{more}" if choice.value else "" for choice in group.choices
    )


def _radii(asked: str, country: str) -> tuple[Choice, ...]:
    miles = geo.uses_miles(country)
    offered = {
        f"{number * geo.KILOMETRES_PER_MILE:.0f}" if miles else f"{number}": _("{number} miles", number=number)
        if miles
        else f"{number} km"
        for number in (_RADII_MILES if miles else _RADII_KM)
    }
    value = asked.strip() or f"{DEFAULT_RADIUS_KM:g}"
    if value not in offered and value.replace(".", "", 1).isdecimal() and len(value) < 8:
        offered[value] = geo.length_words(float(value), country)
    return tuple(Choice(number, label, "", number == value) for number, label in offered.items())
