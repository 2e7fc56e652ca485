"""Any table by a column map: what a publisher's CSV, TSV or XLSX says becomes our columns as its .toml tells.

Every column of the file is mapped or ignored by name; a column nobody spoke of refuses the file, so that nothing is
dropped in silence when a publisher adds one.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from pathlib import Path

from directory import clean
from directory.errors import UnreadableFile
from directory.importers import cell_pattern, column_plan, join, own, rules, tables
from directory.importers.cells import LIST_LIMIT, Fault, Setting
from directory.importers.column_map import HOURS_TEXT, ColumnMap, Term
from directory.importers.column_plan import Plan, PlannedColumn
from directory.importers.delimited import Record
from directory.importers.drafts import Context, Draft, Reading, Tally
from directory.importers.fixed import with_values
from directory.importers.hours_text import weekday_in
from directory.importers.join import JoinedFiles
from directory.importers.joined_files import Joined
from directory.importers.row_engine import OPTIONAL, VALUE_LIMIT, Engine
from directory.importers.sources import Options, Source, toml_of
from directory.importers.tables import Table
from directory.importers.textfile import name_of
from directory.needs import folded
from directory.records import shown

_PARAGRAPHS = frozenset({"description", "eligibility", "hours_note"})
# A word nobody mapped must not make an open place of a shelter, nor a place that is closed an active one: it refuses.
_MUST_BE_KNOWN = frozenset({"kind", "status", "confidential_location"})
_SLUG_LENGTH = 60
_DATE_LENGTH = 40


def read(path: Path, source: Source, context: Context, options: Options) -> Reading:
    """Return the rows of a publisher's table, read by the column map of its source.

    Raises:
        UnreadableFile: there is no column map; a file that cannot be read as a table; a column that is neither mapped
            nor ignored, or mapped and not there; a file to join that is missing.
    """
    toml = toml_of(path)
    if source.column_map is None:
        raise UnreadableFile(f"{name_of(path)} needs a column map: write [columns] in {toml} (docs/formats.md)")

    def open_one(each: Joined) -> tuple[str, Table]:
        if each.file is None:
            return f"the sheet {shown(each.sheet or '')}", tables.open_table(
                path, sheet=each.sheet, size_limit=options.size_limit
            )
        beside = join.beside(path, each.file)
        return name_of(beside), tables.open_table(
            beside, sheet=each.sheet, encoding=encoding, size_limit=options.size_limit
        )

    encoding = options.encoding or source.encoding
    table = tables.open_table(
        path,
        sheet=source.sheet,
        header_row=source.header_row,
        encoding=encoding,
        size_limit=options.size_limit,
    )
    joined = join.open_files(source.column_map.files, table.header, open_one)
    tally = Tally()
    plan = column_plan.plan(
        name_of(path), toml, source, source.column_map, (*table.header, *joined.columns), joined.keys
    )
    mapper = _Mapper(table.header, joined, plan, source.column_map, source.values, tally)
    notes = (*table.notes, *joined.notes, *plan.notes)
    engine = Engine.of(name_of(path), own.FORMAT.columns, context, OPTIONAL, tally)
    setting = Setting("", context.vocabulary, context.today)
    drafts = (mapper.draft(record, setting) for record in table.rows)
    return Reading(engine.rows(drafts), f"a table mapped by {toml}", table.header, notes, tally, table)


@dataclass(frozen=True, slots=True)
class _Mapper:
    """Turns the records of one table into drafts."""

    header: tuple[str, ...]
    joined: JoinedFiles
    plan: Plan
    column_map: ColumnMap
    values: Mapping[str, str]
    tally: Tally

    def draft(self, record: Record, setting: Setting) -> Draft:
        """Return a record as a draft in our columns."""
        own_cells = dict(zip(self.header, record.cells, strict=False))
        given = {name: self._said(cell) for name, cell in own_cells.items()}
        several = record.last_line != record.first_line
        made = Draft(
            record.number,
            {},
            self.plan.origins,
            own_cells,
            whole=record.whole,
            where=f" (lines {record.first_line}–{record.last_line})" if several else "",
        )
        if not record.whole:
            made.problems.extend((fault.column, fault.value, fault.reason) for fault in record.faults)
            made.cells["id"] = self._id_of_broken(given)
            self._forget_own(made)
            return made
        found = self.joined.of(given)
        given |= {name: self._said(cell) for name, cell in found.cells.items()}
        parts: dict[str, list[tuple[str, str]]] = {}
        faults: list[Fault] = [*found.faults, *self._nameless(record)]
        unread = {fault.column: fault.reason for fault in record.faults}
        for column in self.plan.columns:
            cell = given.get(column.name, "")
            terms = column.uncut(cell) if column.name in unread else self._terms(column, cell, faults)
            for ours, text in terms:
                parts.setdefault(ours, []).append((column.name, text))
        made.cells.update((ours, self._joined(ours, texts)) for ours, texts in parts.items())
        for name, template in self.plan.templates:
            self._take_apart(name, template, given.get(name, ""), made.cells, setting, faults)
        with_values(made, self.values)
        confidential = rules.is_confidential(made.cells.get("confidential_location", ""))
        if not made.cells.get("id") and self.plan.key:
            made.cells["id"] = self._made_id(given, confidential=confidential)
        made.problems.extend((each[0], rules.WITHHELD, each[2]) if confidential else each for each in faults)
        if found.faults:  # what else is wrong with the row may stand in the row that was not found
            del made.problems[len(found.faults) :]
            made.whole = False
            self._forget_own(made)
            return made
        made.unread = {
            ours: unread[column.name]
            for column in self.plan.columns
            if column.name in unread
            for ours in column.all_ours
        }
        return made

    def _forget_own(self, made: Draft) -> None:
        """Take out a row's own cells where nobody can tell any more whose street this is."""
        if "confidential_location" in {*self.plan.origins, *self.values}:
            made.own = {}

    def _said(self, cell: str) -> str:
        """Return a cell's text, "" where its word means that nothing is said."""
        text = clean.unquoted(cell).strip()
        return "" if self.column_map.empty and (folded(text[:100]) or text) in self.column_map.empty else text

    def _terms(self, column: PlannedColumn, cell: str, faults: list[Fault]) -> Iterable[Term]:
        if not cell:
            return
        if column.date_format is not None:
            day = _day(cell, column.date_format)
            if day is None:
                faults.append((column.name, cell, f"is not a date written as {column.date_pattern}"))
                return
            cell = day
        texts = [cell] if column.separator is None else cell.split(column.separator)
        parts = dict.fromkeys(part for each in texts if (part := each.strip()))
        if len(parts) > LIST_LIMIT:
            faults.append((column.name, cell, f"has {len(parts):,} parts; {LIST_LIMIT} at most"))
            return
        for text in parts:
            if column.words is not None:
                yield from self._looked_up(column, column.words, text)
            for ours in column.ours:
                if ours not in column.looked_up:
                    yield ours, _prefixed(text, column.prefix)

    def _looked_up(self, column: PlannedColumn, words: Mapping[str, tuple[Term, ...]], text: str) -> Iterable[Term]:
        terms = words.get(folded(text[:VALUE_LIMIT]) or text)
        if terms is not None:
            yield from terms
            return
        self.tally.unmapped[f"{column.name}: {text}"[:VALUE_LIMIT]] += 1
        for ours in _MUST_BE_KNOWN & column.looked_up:
            if ours != "kind" or ours not in self.values:
                yield ours, text

    def _joined(self, ours: str, texts: Sequence[tuple[str, str]]) -> str:
        """Return the texts of several columns as one cell."""
        by = self.column_map.joins.get(ours)
        if ours == HOURS_TEXT and by is None:
            said = [(weekday_in(name), text) for name, text in texts]
            return "; ".join(f"{day}: {text}" if day else text for day, text in said)
        if by is None:
            many = ours in own.FORMAT.columns and own.FORMAT.columns[ours].many
            by = ";" if many else "\n" if ours in _PARAGRAPHS else " "
        return by.join(dict.fromkeys(text for _, text in texts))

    def _take_apart(
        self,
        name: str,
        template: cell_pattern.Template,
        cell: str,
        cells: dict[str, str],
        setting: Setting,
        faults: list[Fault],
    ) -> None:
        if not cell:
            return
        country = cells.get("country") or self.values.get("country", "")
        try:
            pieces = cell_pattern.pieces(template, cell, Setting(country, setting.vocabulary, setting.today))
        except ValueError as error:
            faults.append((name, cell, str(error)))
            return
        for ours, text in pieces.items():
            cells[ours] = " ".join(filter(None, (cells.get(ours), text)))

    def _nameless(self, record: Record) -> Iterable[Fault]:
        for place, name in enumerate(self.header):
            if not name and "" not in self.plan.ignored and record.cells[place].strip():
                yield None, "", f"has text in column {place + 1}, which has no name in the header"

    def _id_of_broken(self, given: Mapping[str, str]) -> str:
        """Return the id of a row that could be read from the left only, when all of it was read."""
        for column in self.plan.columns:
            if "id" in column.ours and given.get(column.name):
                return given[column.name]
        return self._made_id(given) if self.plan.key and all(name in given for name in self.plan.key) else ""

    def _made_id(self, given: Mapping[str, str], *, confidential: bool = False) -> str:
        """Return the same id for the same cells of the key, whatever their case and blanks."""
        names = [name for name in self.plan.key if not (confidential and self.plan.told_apart[name] & {*rules.HIDDEN})]
        said = [" ".join(unicodedata.normalize("NFKC", given.get(name, "")).casefold().split()) for name in names]
        if not any(said):
            return ""
        words = [given.get(name, "") for name in names if self.plan.told_apart[name] & {"name", "organization"}]
        slug = "-".join("".join(c if c.isascii() and c.isalnum() else " " for c in folded(" ".join(words))).split())
        digest = blake2b("\x1f".join(said).encode("utf-8", "replace"), digest_size=8).hexdigest()
        return f"{slug[:_SLUG_LENGTH].rstrip('-')}-{digest}" if slug else digest


def _prefixed(text: str, prefix: str) -> str:
    """Return a text with its prefix: "example.org" gets its https://, and "http://example.org" stays."""
    has_it = text.casefold().startswith(prefix.casefold()) or (prefix.endswith("://") and "://" in text)
    return text if has_it else prefix + text


def _day(cell: str, strptime: str) -> str | None:
    """Return a date as ISO 8601, with or without a time after it; spreadsheets give ISO already."""
    if len(cell) > _DATE_LENGTH:
        return None
    words = cell.split()
    for text in dict.fromkeys((" ".join(words), " ".join(words[: strptime.count(" ") + 1]))):
        for form in (strptime, "%Y-%m-%d"):
            try:
                return datetime.strptime(text, form).date().isoformat()
            except ValueError:
                continue
    return None
