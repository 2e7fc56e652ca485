"""The formats we read, and which one a file is in: told by its content, never by its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from directory.errors import BadQuery, UnreadableFile
from directory.importers import (
    bmlt,
    column_plan,
    delimited,
    findtreatment,
    hsds,
    jsonfile,
    mapped,
    meeting_guide,
    nppes,
    own,
    samhsa,
    samhsa_locator,
    tables,
    textfile,
)
from directory.importers.cells import nearest
from directory.importers.delimited import MissingColumns, listed
from directory.importers.drafts import Context, Reading
from directory.importers.sources import Options, Source, toml_of
from directory.importers.textfile import name_of

__all__ = ["AUTO", "FORMATS", "FileFormat", "Options", "open_file", "recognised"]

AUTO = "auto"
_REQUIRED = tuple(name for name, column in own.FORMAT.columns.items() if column.required)
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class FileFormat:
    """A format by the word ``--format`` takes, what a maintainer calls it, how it is known and how it is read."""

    name: str
    title: str
    recognises: Callable[[Path], bool]
    read: Callable[[Path, Source, Context, Options], Reading]


def open_file(path: Path, source: Source, context: Context, options: Options, format_name: str = AUTO) -> Reading:
    """Return a file's rows, read in the format named, in that its .toml names, or in the one its content shows.

    A .toml with a column map names the column map.

    Raises:
        BadQuery: no format has that name; ``field`` is "format".
        UnreadableFile: the file is in none of our formats or could be in two, or breaks its own; a .toml that names no
            format of ours, or a word we do not know.
    """
    if format_name != AUTO and format_name not in FORMATS:
        raise BadQuery(f"'{format_name}' is no format; write {', '.join([AUTO, *FORMATS])}", field="format")
    if source.format is not None and source.format not in {AUTO, *FORMATS}:
        near = nearest(source.format, [AUTO, *FORMATS])
        hint = f"did you mean '{near}'?" if near else f"write {', '.join([AUTO, *FORMATS])}"
        raise UnreadableFile(f"{toml_of(path)}: '{source.format}' is no format; {hint}")
    column_plan.refuse_unknown_words(source, context, toml_of(path))
    options = replace(
        options,
        encoding=options.encoding or source.encoding,
        individuals=options.individuals or source.individuals,
    )
    chosen = _chosen(path, source, options, format_name)
    return chosen.read(path, source, context, options)


def recognised(path: Path) -> list[FileFormat]:
    """Return the formats that a file's content shows: one, none, or, where it is in doubt, several."""
    return [each for each in FORMATS.values() if each.recognises(path)]


def _chosen(path: Path, source: Source, options: Options, format_name: str) -> FileFormat:
    named = format_name if format_name != AUTO else source.format or AUTO
    if named != AUTO:
        return FORMATS[named]
    if source.column_map is not None:
        return FORMATS["mapped"]
    found = recognised(path)
    if len(found) > 1:
        names = " or ".join(each.name for each in found)
        raise UnreadableFile(f"{name_of(path)} could be {names}; say which with --format", field="format")
    if found:
        return found[0]
    _refuse_unknown(path, source, options)
    return FORMATS["listings"]


def _refuse_unknown(path: Path, source: Source, options: Options) -> None:
    """Refuse a file that no format recognised, in words for what it is; one in our own format passes all the same."""
    name = name_of(path)
    if path.is_dir():
        raise UnreadableFile(
            f"{name} is a folder, and no HSDS package (datapackage.json, service.csv); name a file, or import every "
            "source of the folder with --all"
        )
    head = textfile.begins(path)
    begin = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    advice = f"write a column map in {toml_of(path)} (docs/formats.md), or name its format with --format"
    required = [each for each in _REQUIRED if each not in source.values]
    if tables.is_workbook(path):
        header = tables.open_table(path, sheet=source.sheet, size_limit=options.size_limit).header
        if {*required} <= {each.casefold() for each in header}:
            return
        raise UnreadableFile(f"{name} is a workbook of no publisher we know: {_columns(header)}; {advice}")
    if b"".join(begin.split()) in {b"[]", b"{}"}:
        raise UnreadableFile(f"{name}: this is JSON without a record in it; download it again")
    if jsonfile.is_meant(head):
        jsonfile.refuse_unreadable(path)
        raise UnreadableFile(
            f"{name}: this is JSON, but of none of the formats we read ({_titles('json')}); if the publisher calls it by one "
            "of these names, say so with --format"
        )
    try:
        delimited.open_rows(path, encoding=options.encoding, size_limit=options.size_limit, required=required)
    except MissingColumns as error:
        raise UnreadableFile(f"{error.message}. If these are a publisher's own columns, {advice}") from None


def _columns(header: tuple[str, ...]) -> str:
    """Return what a header says; its first cells only: where there is none, those after may be somebody's address."""
    names = [each for each in header if each]
    if not names:
        return "its columns have no names"
    if len(names) > _SHOWN:
        return f"its {len(names)} columns begin with {listed(names[:_SHOWN])}"
    return f"it has the column{'s' if len(names) > 1 else ''} {listed(names)}"


def _titles(ending: str) -> str:
    return ", ".join(each.title for each in FORMATS.values() if ending in each.title.casefold())


def _own(path: Path, source: Source, context: Context, options: Options) -> Reading:
    return own.read(
        path,
        context.vocabulary,
        today=context.today,
        encoding=options.encoding,
        size_limit=options.size_limit,
        ignore=source.ignore,
        values=source.values,
        sheet=source.sheet,
        gazetteer=context.gazetteer,
        known=context.known,
        processes=context.processes,
    )


def _is_never_recognised(path: Path) -> bool:
    """Return False: only its .toml tells that a table has a column map."""
    del path
    return False


def _is_own(path: Path) -> bool:
    return {each.casefold() for each in delimited.glance(path)} >= {*_REQUIRED}


FORMATS: Mapping[str, FileFormat] = {
    each.name: each
    for each in (
        FileFormat("listings", "our own CSV", _is_own, _own),
        FileFormat("mapped", "a table with a column map", _is_never_recognised, mapped.read),
        FileFormat("hsds", "HSDS package (CSV)", hsds.recognises, hsds.read),
        FileFormat("hsds-json", "HSDS JSON", hsds.recognises_json, hsds.read_json),
        FileFormat("samhsa-directory", "SAMHSA directory (XLSX)", samhsa.recognises, samhsa.read),
        FileFormat("samhsa-locator", "SAMHSA locator (CSV)", samhsa_locator.recognises, samhsa_locator.read),
        FileFormat("findtreatment", "FindTreatment.gov JSON", findtreatment.recognises, findtreatment.read),
        FileFormat("meeting-guide", "Meeting Guide JSON", meeting_guide.recognises, meeting_guide.read),
        FileFormat("bmlt", "BMLT JSON", bmlt.recognises, bmlt.read),
        FileFormat("nppes", "NPPES registry (CSV)", nppes.recognises, nppes.read),
    )
}
