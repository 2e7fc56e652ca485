"""A maintainer's round: every source of a folder in one pass, or those that are due from the web; one summary.

A source that fails, whatever its bytes, never keeps the others from coming in.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from sqlalchemy import delete, insert, select

from directory import fetching, folders
from directory.db import Database
from directory.errors import BadQuery, DirectoryError, UnreadableFile
from directory.fetching import Fetched, Limits
from directory.folders import Pair
from directory.importers import sources
from directory.importers.drafts import Reading
from directory.importers.sources import Source
from directory.ingest import Directory
from directory.intake import AS_USUAL, Wish, take_in
from directory.models import Fetch
from directory.staging import Report

Watch = Callable[[Reading], Callable[[], None]]
_ENDING_OF = {
    "text/csv": ".csv",
    "text/tab-separated-values": ".tsv",
    "application/json": ".json",
    "application/x-ndjson": ".ndjson",
    "application/zip": ".zip",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
}


class Outcome(StrEnum):
    """What became of a source in a round."""

    IMPORTED = "imported"
    FAILED = "failed"
    UNCHANGED = "unchanged"
    NOT_DUE = "not_due"
    NOT_LISTINGS = "not_listings"


@dataclass(frozen=True, slots=True)
class Turn:
    """One source in a round. ``due`` is the day from which it is fetched again."""

    name: str
    outcome: Outcome
    report: Report | None = None
    error: DirectoryError | None = None
    fetched_bytes: int | None = None
    due: date | None = None


@dataclass(frozen=True, slots=True)
class Summary:
    """A round: its sources by name. ``aside`` are files of the folder that no .toml speaks of."""

    turns: tuple[Turn, ...]
    aside: tuple[str, ...] = ()

    @property
    def counts(self) -> Counter[Outcome]:
        """Return how many sources ended how."""
        return Counter(turn.outcome for turn in self.turns)

    @property
    def code(self) -> int:
        """Return the exit code: 0 all fine, 1 some failed or have rows refused or doubled, 2 nothing could be done at all."""
        failed = self.counts[Outcome.FAILED]
        if failed and failed + self.counts[Outcome.NOT_LISTINGS] == len(self.turns):
            return 2
        return int(failed > 0 or any(turn.report is not None and _left_out(turn.report) for turn in self.turns))


def _left_out(report: Report) -> bool:
    return bool(report.problems or report.duplicate_rows)


def no_watch(_: Reading) -> Callable[[], None]:
    """Watch nothing."""
    return lambda: None


def take_in_all(
    directory: Directory, folder: Path, data_folder: Path, today: date, wish: Wish = AS_USUAL, watch: Watch = no_watch
) -> Summary:
    """Import every source of a folder that has a .toml, by name, and return what became of each.

    Raises:
        UnreadableFile: there is no such folder, or no .toml in it.
    """
    turns: list[Turn] = []
    keys: dict[str, str] = {}
    found = folders.pairs(folder)
    joined: set[str] = set()
    for pair in found:
        if not pair.is_listings:
            turns.append(Turn(pair.toml.stem, Outcome.NOT_LISTINGS))
            continue
        try:
            source = _source(pair, keys)
            if source.column_map is not None:
                joined |= {each.file for each in source.column_map.files if each.file is not None}
            source = _dated(directory.database, source)
            turns.append(_taken_in(directory, pair.path, source, data_folder, today, wish, watch))
        except Exception as error:  # a fault of ours in one reader must not cost the other sources
            turns.append(Turn(pair.toml.stem, Outcome.FAILED, error=_told(error, pair)))
    return Summary(tuple(turns), tuple(_aside(folder, found, joined)))


def refresh(
    directory: Directory,
    folder: Path,
    data_folder: Path,
    now: datetime,
    names: Collection[str] = (),
    wish: Wish = AS_USUAL,
    limits: Limits = fetching.LIMITS,
    watch: Watch = no_watch,
) -> Summary:
    """Fetch and import the sources of a folder whose .toml names a ``download`` and that are due, and return what became of each.

    A source is due ``every_days`` after its last fetch, without that at every round, and at once when it is among ``names``.
    A file that cannot be fetched or must not be imported leaves the old one where it was. ``now`` is in UTC.

    Raises:
        UnreadableFile: there is no such folder, or no .toml in it. BadQuery: a name of no source with a download.
    """
    found = folders.pairs(folder)
    unknown = sorted(set(names) - {pair.toml.stem for pair in found})
    if unknown:
        known = ", ".join(pair.toml.stem for pair in found)
        raise BadQuery(f"there is no source {unknown[0]} in {folder}; there are {known}", field="source")
    directory.database.create()
    turns: list[Turn] = []
    keys: dict[str, str] = {}
    for pair in found:
        if not pair.is_listings or (names and pair.toml.stem not in names):
            continue
        try:
            source = _source(pair, keys)
            if source.download is not None:
                turns.append(
                    _refreshed(directory, pair, source, data_folder, now, pair.toml.stem in names, wish, limits, watch)
                )
            elif names:
                raise UnreadableFile(f'{pair.toml.name} names no address; write download = "https://..."')
        except Exception as error:
            turns.append(Turn(pair.toml.stem, Outcome.FAILED, error=_told(error, pair)))
    return Summary(tuple(turns))


def _source(pair: Pair, keys: dict[str, str]) -> Source:
    """Return what a .toml says, of a source that no other .toml of the folder speaks of."""
    source = sources.beside(pair.toml)
    if (other := keys.setdefault(source.key, pair.toml.name)) != pair.toml.name:
        raise UnreadableFile(f"{pair.toml.name} and {other} speak of one source, '{source.key}'; join their files")
    return source


def _taken_in(
    directory: Directory, path: Path, source: Source, data_folder: Path, today: date, wish: Wish, watch: Watch
) -> Turn:
    report = take_in(directory, path, source, data_folder, today, wish, watch)
    return Turn(path.stem if path.is_file() else path.name, Outcome.IMPORTED, report)


def _told(error: Exception, pair: Pair) -> DirectoryError:
    if isinstance(error, DirectoryError):
        return error
    return UnreadableFile(
        f"{pair.toml.stem} cannot be read, by a fault of this program ({type(error).__name__}); nothing of it was changed. "
        "Please report it with the file"
    )


def _aside(folder: Path, found: list[Pair], joined: set[str]) -> Iterator[str]:
    spoken_of = joined | {path.name for pair in found for path in pair.found}
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in folders.ENDINGS and path.name not in spoken_of and not path.name.startswith("."):
            yield path.name


def _dated(database: Database, source: Source) -> Source:
    """Return a source with the day its file was really retrieved, where a later fetch than the .toml's date is known."""
    if source.download is None or not database.exists():
        return source
    last = _last(database, source)
    if last is None or (source.retrieved is not None and source.retrieved >= last.fetched_at.date()):
        return source
    return replace(source, retrieved=last.fetched_at.date())


@dataclass(frozen=True, slots=True)
class _Last:
    fetched_at: datetime
    etag: str | None
    last_modified: str | None


def _last(database: Database, source: Source) -> _Last | None:
    """Return the last fetch of a source from the address it names now."""
    columns = (Fetch.fetched_at, Fetch.etag, Fetch.last_modified)
    with database.reading() as connection:
        here = select(*columns).where(Fetch.source == source.key, Fetch.url == source.download)
        row = connection.execute(here).one_or_none()
    return None if row is None else _Last(*row)


def _remember(database: Database, source: Source, now: datetime, fetched: Fetched) -> None:
    values = {
        "source": source.key, "url": source.download, "fetched_at": now, "etag": fetched.etag,
        "last_modified": fetched.last_modified,
    }  # fmt: skip
    with database.writing() as connection:
        connection.execute(delete(Fetch).where(Fetch.source == source.key))
        connection.execute(insert(Fetch).values(**values))


def _refreshed(
    directory: Directory,
    pair: Pair,
    source: Source,
    data_folder: Path,
    now: datetime,
    at_once: bool,
    wish: Wish,
    limits: Limits,
    watch: Watch,
) -> Turn:
    now = now.astimezone(UTC).replace(tzinfo=None)
    last = _last(directory.database, source)
    if last is not None and source.every_days is not None and not at_once:
        due = last.fetched_at + timedelta(days=source.every_days)
        if now < due:
            return Turn(pair.toml.stem, Outcome.NOT_DUE, due=due.date())
    here = pair.path if pair.found else None
    if here is not None and here.is_dir():
        raise UnreadableFile(f"{here.name} is a folder, which a download cannot replace; take it away first")
    tags = last if here is not None else None
    fetched = fetching.fetch(
        source.download or "",
        pair.toml.parent,
        etag=tags.etag if tags else None,
        last_modified=tags.last_modified if tags else None,
        limits=limits,
    )
    if fetched.path is None:
        _remember(directory.database, source, now, fetched)
        return Turn(pair.toml.stem, Outcome.UNCHANGED)
    target = here or pair.toml.with_suffix(_ending(source, fetched))
    source = replace(source, retrieved=now.date())
    report = _put_in_place(
        fetched.path, target, lambda: take_in(directory, target, source, data_folder, now.date(), wish, watch)
    )
    _remember(directory.database, source, now, fetched)
    return Turn(pair.toml.stem, Outcome.IMPORTED, report, fetched_bytes=fetched.size)


def _put_in_place(new: Path, target: Path, import_it: Callable[[], Report]) -> Report:
    """Put a new file where the old one is and import it; when it must not be imported, put the old one back.

    The new one then stays beside it under a name that ends in .refused, to be looked at.
    """
    before, refused = target.with_name(f".{target.name}.before"), target.with_name(f"{target.name}.refused")
    had_one = target.exists()
    if had_one:
        shutil.copy2(target, before)
    new.replace(target)
    imported = False
    try:
        report = import_it()
        imported = True
    except DirectoryError as error:
        kept = "; the old one is still in its place" if had_one else ""
        raise type(error)(f"{error.message} (the new file is {refused.name}{kept})", field=error.field) from error
    finally:
        if not imported:
            target.replace(refused)
            if had_one:
                before.replace(target)
    before.unlink(missing_ok=True)
    refused.unlink(missing_ok=True)
    return report


def _ending(source: Source, fetched: Fetched) -> str:
    ending = PurePosixPath(urlsplit(source.download or "").path).suffix.lower()
    return ending if ending in folders.ENDINGS else _ENDING_OF.get(fetched.content_type, ".csv")
