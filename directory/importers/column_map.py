"""How a publisher's table becomes our columns, as its .toml says: columns, splits, joins, dates, lookups, key, files.

Only what can be known without the file is held here: that names of ours exist and that no two lines contradict each
other. Whether the file has the columns is for ``mapped`` to say.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from directory.importers import cell_pattern, joined_files, own, rules
from directory.importers.cell_pattern import Template
from directory.importers.cells import nearest
from directory.importers.joined_files import Joined
from directory.needs import folded
from directory.records import shown

HOURS_TEXT = "hours_text"
"""Hours in the publisher's words: opening hours where they are certain, else a note."""
OURS = (*own.FORMAT.columns, HOURS_TEXT)

Term = tuple[str, str]
"""A column of ours and what to write in it."""
_DATE_PARTS = {"YYYY": "%Y", "YY": "%y", "MMMM": "%B", "MMM": "%b", "MM": "%m", "M": "%m", "DD": "%d", "D": "%d"}
_DATE_PART = re.compile("YYYY|YY|MMMM|MMM|MM|M|DD|D")


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """A publisher's columns in ours. Names of the publisher's columns are as the .toml writes them.

    ``columns``: to which of ours each goes. ``prefixes``: what is put before a cell that lacks it. ``lookups``: by column,
    what each of its words (``folded``) becomes. ``key``: the columns that make an id. ``empty``: words that mean nothing
    is said ("N/A"), folded.
    """

    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    separators: Mapping[str, str] = field(default_factory=dict)
    templates: Mapping[str, Template] = field(default_factory=dict)
    joins: Mapping[str, str] = field(default_factory=dict)
    dates: Mapping[str, str] = field(default_factory=dict)
    prefixes: Mapping[str, str] = field(default_factory=dict)
    lookups: Mapping[str, Mapping[str, tuple[Term, ...]]] = field(default_factory=dict)
    key: tuple[str, ...] = ()
    empty: frozenset[str] = frozenset()
    files: tuple[Joined, ...] = ()

    @property
    def read(self) -> tuple[str, ...]:
        """Return every column of the publisher that something is read from, in the order of the .toml."""
        names = (*self.columns, *self.templates, *self.lookups, *self.key, *(each.on for each in self.files))
        return tuple(dict.fromkeys(names))


def column_map(tables: Mapping[str, object], given: Mapping[str, str], ignore: Sequence[str] = ()) -> ColumnMap:
    """Return the column map of a .toml, from those of its keys that ``KEYS`` names.

    ``given`` are the fixed values of every row, ``ignore`` the columns that are left out.

    Raises:
        ValueError: what is wrong, as a sentence that begins with the key.
    """
    read = {name: KEYS[name](value) for name, value in tables.items()}
    separators, templates = read.get("splits", ({}, {}))
    columns, raw = read.get("columns", {}), read.get("lookups", {})
    if both := [name for name in templates if name in columns]:
        raise ValueError(
            f"maps {shown(both[0])} under [columns], and [splits] takes it apart by a pattern; keep one of the two"
        )
    made = ColumnMap(
        columns=columns,
        separators=separators,
        templates=templates,
        joins=read.get("joins", {}),
        dates=read.get("dates", {}),
        prefixes=read.get("prefixes", {}),
        lookups={name: _terms(name, words, columns.get(name, ())) for name, words in raw.items()},
        key=read.get("key", ()),
        empty=read.get("empty", frozenset()),
        files=read.get("join", ()),
    )
    _refuse_contradictions(made, given, ignore)
    return made


def our_column(name: str) -> str:
    """Return a name that is a column of ours.

    Raises:
        ValueError: "is no column of ours; did you mean 'name'?".
    """
    if name in OURS:
        return name
    near = nearest(name.casefold(), OURS)
    hint = f"did you mean '{near}'?" if near else "docs/formats.md lists them"
    raise ValueError(f"is no column of ours; {hint}")


def _refuse_contradictions(made: ColumnMap, given: Mapping[str, str], ignore: Sequence[str]) -> None:
    left_out = {name.strip().casefold() for name in ignore}
    known: dict[str, str] = {}
    for name in made.read:
        before = known.setdefault(name.casefold(), name)
        if before != name:
            raise ValueError(f"names one column as {shown(before)} and as {shown(name)}; write it alike everywhere")
        if name.casefold() in left_out and name in {*made.columns, *made.templates, *made.lookups}:
            raise ValueError(f"maps {shown(name)}, and ignore leaves it out; keep one of the two")
    for table, names in (("splits", made.separators), ("dates", made.dates), ("prefixes", made.prefixes)):
        for name in names:
            if name not in made.columns and name not in made.lookups:
                raise ValueError(f"{table} speaks of {shown(name)}, which columns does not map")
    filled = {*given, *(ours for each in made.columns.values() for ours in each)}
    filled |= {ours for each in made.templates.values() for ours in each.fields}
    filled |= {ours for words in made.lookups.values() for terms in words.values() for ours, _ in terms}
    for name in ("kind", "name"):
        if name not in filled:
            raise ValueError(f"fills no {name}: map a column to it, or write {name} under [values]")
    if "id" not in filled and not made.key:
        raise ValueError(
            'fills no id: map a column to it, or write key = ["...", "..."] with the columns that tell rows apart'
        )
    in_need = [name for name in rules.NEED_COUNTRY if name in filled]
    if "country" not in filled and in_need:
        raise ValueError(
            f'fills {in_need[0]} and no country to read it by: map a column to it, or write country = "US" under [values]'
        )
    if made.joins.keys() - filled:
        raise ValueError(f"joins {shown(min(made.joins.keys() - filled))}, to which no column is mapped")


def _columns(value: object) -> Mapping[str, tuple[str, ...]]:
    found = {}
    for name, ours in joined_files.table(value, "columns", '"Agency Name" = "name"').items():
        several = [ours] if isinstance(ours, str) else ours
        if not isinstance(several, list) or not several or not all(isinstance(each, str) for each in several):
            raise ValueError(
                f'columns.{shown(name)} is not a column of ours or a list of them; write "name" or ["name", "organization"]'
            )
        for each in several:
            _named(f"columns.{shown(name)}", each)
        found[_publishers(name)] = tuple(dict.fromkeys(several))
    if not found:
        raise ValueError('columns is empty; write "Agency Name" = "name" under it, a line for each column')
    return found


def _splits(value: object) -> tuple[Mapping[str, str], Mapping[str, Template]]:
    separators, templates = {}, {}
    for name, how in joined_files.table(value, "splits", '"Languages" = "|"').items():
        where = f"splits.{shown(name)}"
        if not isinstance(how, str) or not how:
            raise ValueError(
                f'{where} is not a separator such as "|", or a pattern such as "{{city}}, {{region}} {{postal_code}}"'
            )
        if "{" in how:
            templates[_publishers(name)] = _template(where, how)
        else:
            separators[_publishers(name)] = how
    return separators, templates


def _template(where: str, text: str) -> Template:
    try:
        found = cell_pattern.template(text)
    except ValueError as error:
        raise ValueError(f"{where} = {shown(text)} {error}") from None
    for each in found.fields:
        _named(where, each)
    return found


def _joins(value: object) -> Mapping[str, str]:
    found = {}
    for name, by in joined_files.table(value, "joins", 'name = ", "').items():
        _named("joins", name)
        if not isinstance(by, str):
            raise ValueError(f'joins.{name} is not text; write what stands between the cells, such as ", "')
        found[name] = by
    return found


def _dates(value: object) -> Mapping[str, str]:
    found = {}
    for name, pattern in joined_files.table(value, "dates", '"Updated" = "MM/DD/YYYY"').items():
        known = isinstance(pattern, str) and sorted(part[0] for part in _DATE_PART.findall(pattern)) == ["D", "M", "Y"]
        if not known or re.search("[A-Za-z%]", _DATE_PART.sub("", str(pattern))):
            raise ValueError(
                f'dates.{shown(name)} is not the form of a date; write one such as "MM/DD/YYYY" or "D MMMM YYYY"'
            )
        found[_publishers(name)] = str(pattern)
    return found


def _prefixes(value: object) -> Mapping[str, str]:
    found = {}
    for name, prefix in joined_files.table(value, "prefixes", '"Website" = "https://"').items():
        if not isinstance(prefix, str) or not prefix.strip():
            raise ValueError(
                f'prefixes.{shown(name)} is not text; write what stands before its cells, such as "https://"'
            )
        found[_publishers(name)] = prefix
    return found


def strptime_format(pattern: str) -> str:
    """Return "MM/DD/YYYY" as Python's strptime has it."""
    return _DATE_PART.sub(lambda part: _DATE_PARTS[part[0]], pattern)


def _lookups(value: object) -> Mapping[str, Mapping[str, object]]:
    found = {}
    for name, words in joined_files.table(value, "lookups", '[lookups."Languages"]').items():
        found[_publishers(name)] = joined_files.table(words, f"lookups.{shown(name)}", '"Spanish" = "es"')
    return found


def _terms(column: str, words: Mapping[str, object], ours: tuple[str, ...]) -> Mapping[str, tuple[Term, ...]]:
    """Return what each word of a publisher's column becomes; several words folded alike must agree."""
    found: dict[str, tuple[Term, ...]] = {}
    for word, meant in words.items():
        where = f"lookups.{shown(column)}.{shown(word)}"
        if isinstance(meant, Mapping):
            terms = tuple((_named(where, name), text) for name, value in meant.items() for text in _texts(where, value))
        elif not (texts := _texts(where, meant)):
            terms = ()
        elif len(ours) != 1:
            what = "no column of ours" if not ours else f"{len(ours)} columns of ours"
            raise ValueError(f'{where}: {shown(column)} goes to {what}; say which, as {{ needs = "trauma" }}')
        else:
            terms = tuple((ours[0], text) for text in texts)
        if found.setdefault(folded(word), terms) != terms:
            raise ValueError(f"{where} says something else than the same word above it")
    return found


def _texts(where: str, value: object) -> tuple[str, ...]:
    values = value if isinstance(value, list) else [value]
    try:
        return tuple(text for each in values if (text := written(each)))
    except ValueError:
        raise ValueError(f'{where} is not text; write "es", ["es", "en"], {{ needs = "trauma" }} or ""') from None


def written(value: object) -> str:
    """Return a value of a .toml as our CSV has it: yes and no, numbers, dates, lists separated by ";".

    Raises:
        ValueError: a table, or a list with something else than text in it.
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return ";".join(value)
    if isinstance(value, date):
        return value.isoformat()[:10]
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, int | float) and abs(value) < 1e9:
        return str(value)
    raise ValueError("is not text")


def _key(value: object) -> tuple[str, ...]:
    return _names("key", value, '["Agency Name", "Street"]')


def _empty(value: object) -> frozenset[str]:
    return frozenset(folded(each) or each for each in _names("empty", value, '["N/A", "-"]'))


def _names(where: str, value: object, example: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not value or not all(isinstance(each, str) for each in value):
        raise ValueError(f"{where} is not a list of texts; write {example}")
    return tuple(dict.fromkeys(" ".join(each.split()) for each in value))


def _named(where: str, name: str) -> str:
    try:
        return our_column(name)
    except ValueError as error:
        raise ValueError(f"{where} = {shown(name)} {error}") from None


def _publishers(name: str) -> str:
    return " ".join(name.split())


KEYS: Mapping[str, Callable[[object], Any]] = {
    "columns": _columns,
    "splits": _splits,
    "joins": _joins,
    "dates": _dates,
    "prefixes": _prefixes,
    "lookups": _lookups,
    "key": _key,
    "empty": _empty,
    "join": joined_files.files,
}
