"""A column map held against the columns a table really has: every one of them is mapped, joined on or ignored by name."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from directory.errors import UnreadableFile
from directory.importers import own
from directory.importers.cell_pattern import Template
from directory.importers.cells import Setting, nearest
from directory.importers.column_map import HOURS_TEXT, ColumnMap, Term, strptime_format
from directory.importers.delimited import listed
from directory.importers.drafts import Context
from directory.importers.join import column_of
from directory.importers.sources import Source
from directory.records import shown


@dataclass(frozen=True, slots=True)
class PlannedColumn:
    """How a cell of one column becomes terms. ``looked_up`` are the columns of ours that its ``words`` fill."""

    name: str
    ours: tuple[str, ...]
    separator: str | None
    date_pattern: str
    date_format: str | None
    prefix: str
    words: Mapping[str, tuple[Term, ...]] | None
    looked_up: frozenset[str]

    @property
    def all_ours(self) -> frozenset[str]:
        """Return every column of ours that is filled from it."""
        return self.looked_up.union(self.ours)

    def uncut(self, cell: str) -> Iterator[Term]:
        """Yield a cell that cannot be looked at, as it is."""
        return ((ours, cell) for ours in self.all_ours)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is read from a table, by its own names of its columns.

    ``key`` makes an id, of columns that go to ``told_apart`` of ours. ``origins``: our column -> the publisher's.
    ``ignored``: names in lower case.
    """

    columns: tuple[PlannedColumn, ...]
    templates: tuple[tuple[str, Template], ...]
    key: tuple[str, ...]
    told_apart: Mapping[str, frozenset[str]]
    origins: Mapping[str, str]
    ignored: frozenset[str]
    notes: tuple[str, ...]


def plan(
    file: str, toml: str, source: Source, given: ColumnMap, names: Sequence[str], joining: Collection[str]
) -> Plan:
    """Return what is read from a table with these columns; ``joining`` are those that only join files.

    Raises:
        UnreadableFile: a column the map names is not there; one that is there is neither mapped nor ignored.
    """
    used = {name: _there(name, names, file, toml) for name in given.read}
    ignored = frozenset(name.strip().casefold() for name in source.ignore)
    left_out = [name for name in names if name and _is_ignored(name, ignored) and name not in used.values()]
    _refuse_unknown(names, {*used.values(), *joining, *left_out}, file, toml)
    columns = tuple(_planned(name, used[name], given) for name in dict.fromkeys((*given.columns, *given.lookups)))
    templates = tuple((used[name], template) for name, template in given.templates.items())
    fills = [
        *((column.name, column.all_ours) for column in columns),
        *((name, frozenset(template.fields)) for name, template in templates),
    ]
    key = tuple(used[name] for name in given.key)
    return Plan(
        columns=columns,
        templates=templates,
        key=key,
        told_apart={name: frozenset(each for by, ours in fills if by == name for each in ours) for name in key},
        origins=_origins(fills, key),
        ignored=ignored,
        notes=(f"left out, as {toml} says: {_some(left_out)}",) if left_out else (),
    )


def refuse_unknown_words(source: Source, context: Context, toml: str) -> None:
    """Refuse a .toml whose fixed values or lookups write something that no row could say.

    Raises:
        UnreadableFile: naming the line and the word.
    """
    written = [(f"values.{name}", name, text) for name, text in source.values.items()]
    if source.column_map is not None:
        written += [
            (f"lookups.{shown(column)}.{shown(word)}", name, text)
            for column, words in source.column_map.lookups.items()
            for word, terms in words.items()
            for name, text in terms
        ]
    setting = Setting(source.values.get("country", ""), context.vocabulary, context.today)
    for where, name, text in written:
        column = own.FORMAT.columns.get(name)
        if column is None or (column.local and not setting.country):
            continue
        for part in filter(None, map(str.strip, text.split(";"))) if column.many else [text]:
            try:
                column.read(part, setting)
            except ValueError as error:
                raise UnreadableFile(f"{toml}: {where} = {shown(part)} {error}") from None


def _planned(name: str, spelt: str, given: ColumnMap) -> PlannedColumn:
    ours, words = given.columns.get(name, ()), given.lookups.get(name)
    looked_up = {each for terms in (words or {}).values() for each, _ in terms}
    if words is not None and len(ours) == 1 and not looked_up - {*ours}:
        looked_up = {*ours}
    pattern = given.dates.get(name)
    return PlannedColumn(
        name=spelt,
        ours=ours,
        separator=given.separators.get(name),
        date_pattern=pattern or "",
        date_format=None if pattern is None else strptime_format(pattern),
        prefix=given.prefixes.get(name, ""),
        words=words,
        looked_up=frozenset(looked_up),
    )


def _origins(fills: Iterable[tuple[str, frozenset[str]]], key: Sequence[str]) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for name, ours in fills:
        for each in ours:
            found[each] = f"{found[each]} + {name}" if each in found else name
    if key:
        found.setdefault("id", " + ".join(key))
    if HOURS_TEXT in found:
        found.setdefault("hours", found[HOURS_TEXT])
        found.setdefault("hours_note", found[HOURS_TEXT])
    return found


def _there(name: str, names: Sequence[str], file: str, toml: str) -> str:
    found = column_of(name, names)
    if found is not None:
        return found
    said = [each for each in names if each]
    near = nearest(name.casefold(), [each.casefold() for each in said])
    hint = (
        f"did you mean {shown(column_of(near, said) or near)}?"
        if near
        else f"its columns are {_some(said) or 'without names'}"
    )
    raise UnreadableFile(f"{file} has no column {shown(name)}, which {toml} names; {hint}")


def _refuse_unknown(names: Iterable[str], known: set[str], file: str, toml: str) -> None:
    unknown = [name for name in names if name and name not in known]
    if not unknown:
        return
    several = len(unknown) > 1
    near = nearest(unknown[0].casefold(), own.FORMAT.columns) or "description"
    raise UnreadableFile(
        f"{file}: the column{'s' if several else ''} {_some(unknown)} {'are' if several else 'is'} neither mapped nor "
        f'ignored; write {shown(unknown[0])} = "{near}" or the like under [columns] in {toml}, or add '
        f"{'them' if several else 'it'} to its ignore list"
    )


def _is_ignored(name: str, ignored: Iterable[str]) -> bool:
    """Return whether a column is left out: by its name, or by how it begins ("Other*")."""
    bare = name.casefold()
    return any(bare.startswith(each[:-1]) if each.endswith("*") and len(each) > 1 else bare == each for each in ignored)


def _some(names: Sequence[str]) -> str:
    """Return up to ten names as a sentence lists them, nothing of none."""
    if not names:
        return ""
    if len(names) <= 10:
        return listed(names)
    return f"{', '.join(shown(name) for name in names[:10])} and {len(names) - 10} more"
