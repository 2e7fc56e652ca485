"""The search form: its choices in words, with what was asked already chosen."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from directory import geo
from directory.counting import Counts
from directory.needs import Vocabulary
from directory.query import DEFAULT_RADIUS_KM
from directory.web.params import Asked
from directory.wording import _, named

OTHER = "other"
_RADII_MILES = (5, 10, 25, 50, 100)
_RADII_KM = (10, 20, 40, 80, 160)


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing to choose. ``count`` says how many places near somebody have it, "" when nobody counted."""

    value: str
    label: str
    hint: str
    chosen: bool
    count: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Choices under one heading. ``name`` is the parameter; ``is_open`` when something in it is chosen."""

    name: str
    title: str
    choices: tuple[Choice, ...]

    @property
    def chosen(self) -> int:
        """Return how many are chosen."""
        return sum(choice.chosen for choice in self.choices)


@dataclass(frozen=True, slots=True)
class Form:
    """Everything the search form shows."""

    near: str
    q: str
    age: str
    open_now: bool
    needs: tuple[Group, ...]
    filters: tuple[Group, ...]
    radius: tuple[Choice, ...]
    languages: tuple[Choice, ...]
    counted: bool = False

    @property
    def filters_chosen(self) -> int:
        """Return how many filters are chosen."""
        languages = sum(choice.chosen for choice in self.languages if choice.value)
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
    languages = asked.values.get("language", ())
    known = vocabulary.facets["language"].values()
    return Form(
        near=asked.one("near"),
        q=asked.one("q"),
        age=asked.one("age"),
        open_now=asked.one("open_now").lower() in {"yes", "1", "true", "on"},
        needs=_need_groups(vocabulary, set(asked.values.get("need", ()))),
        filters=tuple(_filter(vocabulary, asked, name, title, counts) for name, title in filters().items()),
        radius=_radii(asked.one("radius_km"), country),
        counted=counts is not None,
        languages=(
            Choice("", _("Any language"), "", not languages),
            *sorted(
                (
                    Choice(each.key, named(each.names), "", each.key in languages, _count(counts, "language", each.key))
                    for each in known
                ),
                key=lambda choice: (not choice.chosen, choice.value != "es", choice.value != "en", choice.label),
            ),
        ),
    )


def _need_groups(vocabulary: Vocabulary, chosen: set[str]) -> tuple[Group, ...]:
    def choices(keys: Iterable[str]) -> tuple[Choice, ...]:
        needs = (vocabulary.needs[key] for key in keys)
        return tuple(Choice(need.key, named(need.names), named(need.hints), need.key in chosen) for need in needs)

    parents = [need.key for need in vocabulary.needs.values() if vocabulary.children(need.key)]
    groups = [
        Group("need", named(vocabulary.needs[key].names), choices([key, *vocabulary.children(key)])) for key in parents
    ]
    alone = [need.key for need in vocabulary.needs.values() if need.parent is None and need.key not in parents]
    return (*groups, Group("need", _("Something else"), choices(alone)))


def _filter(vocabulary: Vocabulary, asked: Asked, name: str, title: str, counts: Counts | None) -> Group:
    chosen = asked.values.get(name, ())
    facets = vocabulary.facets[name].values()
    choices = (
        Choice(each.key, named(each.names), "", each.key in chosen, _count(counts, name, each.key)) for each in facets
    )
    return Group(name, title, tuple(choices))


def _count(counts: Counts | None, facet: str, key: str) -> str:
    if counts is None:
        return ""
    return f"{counts.values[facet, key]:,}" + ("+" if counts.is_least else "")


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
