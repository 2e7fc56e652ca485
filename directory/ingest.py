"""Listings in: stage, compare, merge and index in one switching transaction; decisions and corrections; undo; reindex.

Rows are read into a temporary table first. Readers see the old directory until the one transaction that compares,
stores, merges and indexes commits; a process killed at any moment leaves the old directory or the new one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, delete, func, select, text, update

from directory import calls, correcting, corrections, deciding, index, naming, resources, staging, switching, undo
from directory.calls import Call, Called
from directory.correcting import Corrected, Wanted
from directory.corrections import Held
from directory.db import Database
from directory.errors import ImportRefused, NotFound
from directory.geocoding import Gazetteer
from directory.id_list import IdList
from directory.importers.sources import Source as SourceFile
from directory.models import ImportRun, Listing, MergeKey, Source
from directory.naming import Named
from directory.needs import Vocabulary
from directory.records import Problem, Row
from directory.sameness import Sourced
from directory.staging import Report


class _RollBack(Exception):
    """Ends a dry run's transaction without a trace."""


@dataclass(frozen=True, slots=True)
class Directory:
    """A database with the vocabulary and the gazetteer that give its rows their meaning."""

    database: Database
    vocabulary: Vocabulary
    gazetteer: Gazetteer

    def ingest(
        self,
        source: SourceFile,
        rows: Iterable[Row],
        *,
        dry_run: bool = False,
        allow_removals: bool = False,
        after_row: Callable[[], None] = lambda: None,
    ) -> Report:
        """Bring the listings of one source to what ``rows`` say, and return the report.

        A refused row whose id is known keeps its old listing. Listings the file no longer has are flagged missing and
        go with the next import that does not have them either, at once with ``allow_removals``, never when the
        source's mode is ``partial``.

        Raises:
            ImportRefused: fewer rows than the source's minimum, or more than a fifth of its listings (and at least
                five) missing without ``allow_removals``.
            UnreadableFile: raised by ``rows`` while they are read; nothing was changed.
            DatabaseUnavailable: the database cannot be written.
        """
        report = Report(source.key, dry_run=dry_run)
        self.database.create()
        try:
            with self.database.staging() as connection:
                connection.execute(text(staging.STAGING))
                connection.execute(text("DELETE FROM staging"))
                hidden = corrections.hidden_ids(connection, source.key)
                kept = staging.stage(connection, rows, report, after_row, hidden)
                connection.commit()
                with self.database.switching(connection):
                    if corrections.hidden_ids(connection, source.key) != hidden:
                        raise ImportRefused(
                            f"{source.key}: a location was made confidential while the file was read; nothing was changed. "
                            "Import it again"
                        )
                    if report.rows:
                        words = (self.vocabulary, self.gazetteer)
                        switching.switch(connection, source, report, kept, *words, allow_removals=allow_removals)
                    if dry_run:
                        raise _RollBack
        except _RollBack:
            pass
        if report.hidden:
            self.database.sweep()
        return report

    def undo(self, key: str) -> Report:
        """Take back the newest run of a source that is not undone yet, and return what that changed.

        Raises:
            NotFound: there is no such source, or all its runs are undone.
        """
        self.database.create()
        with self.database.writing() as connection:
            source_id = connection.execute(select(Source.id).where(Source.key == key)).scalar_one_or_none()
            if source_id is None:
                known = ", ".join(connection.execute(select(Source.key).order_by(Source.key)).scalars()) or "none"
                raise NotFound(f"there is no source '{key}'; the sources are: {known}", field="source")
            run = connection.execute(
                select(func.max(ImportRun.id)).where(ImportRun.source_id == source_id, ImportRun.undone.is_(False))
            ).scalar_one_or_none()
            if run is None:
                raise NotFound(f"every import of '{key}' is undone already", field="source")
            report = Report(key)
            report.notes.append(_which(connection, key, run))
            touched = undo.take_back(connection, source_id, run, report)
            connection.execute(update(ImportRun).where(ImportRun.id == run).values(undone=True))
            listings = IdList(touched.listings)
            resources.refresh(connection, listings, self.vocabulary, self.gazetteer, emptied=touched.emptied)
        return report

    def merge(self, a: str, b: str, on: date, *, same: bool | None = True) -> list[int]:
        """Decide that two resources, or listings SOURCE:ID, are the same thing, or not, or (None) take that back.

        A later decision replaces the former, and each outlives every import. Returns the ids of the resources they are
        now: one, or several.

        Raises:
            NotFound: there is no such resource or listing; there was nothing decided to take back.
            BadQuery: twice the same, kinds that are never one, what would show the door of a confidential place.
        """
        self.database.create()
        with self.database.writing() as connection:
            one, other = naming.named(connection, a), naming.named(connection, b)
            hidden: list[Sourced] = []
            if same is None:
                deciding.forget(connection, one, other)
            elif same:
                hidden = deciding.join(connection, one, other, on)
            else:
                deciding.keep_apart(connection, one, other, on)
            self._rebuild(connection, {each.id for each in (*one.members, *other.members)})
            meant = [each.id for each in (*one.meant, *other.meant)]
            now = connection.execute(select(Listing.resource_id).where(Listing.id.in_(meant))).scalars()
            resources_now = sorted({each for each in now if each is not None})
        if hidden:
            self.database.sweep()
        return resources_now

    def correct(self, name: str, pairs: Mapping[str, str], by: str | None, on: date) -> Corrected:
        """Correct fields of a resource as ``field: value`` says, in words of our own CSV; an empty value clears.

        Raises:
            NotFound: there is no such resource. BadQuery: as ``correcting.read``; then nothing was changed.
        """

        def change(connection: Connection, named: Named) -> Corrected:
            listing = correcting.as_shown(connection, named)
            values = correcting.read(pairs, listing, self.vocabulary, on)
            return correcting.store(connection, named, Wanted(values, by, on))

        return self._changed(name, change)

    def drop_corrections(self, name: str, fields: Sequence[str]) -> Corrected:
        """Take corrections of a resource back, so that the sources' words count again.

        Raises:
            NotFound: there is no such resource, or such a field of it is not corrected.
        """
        return self._changed(name, lambda connection, named: correcting.drop(connection, named, fields))

    def corrections_of(self, name: str) -> list[Held]:
        """Return the corrections and confirmations of a resource.

        Raises:
            NotFound: there is no such resource.
        """
        with self.database.reading() as connection:
            members = naming.named(connection, name).members
            held = corrections.load(connection)
            return [each for member in members for each in held.get(member.ref, ())]

    def confirm(self, name: str, by: str, on: date) -> Corrected:
        """Keep that somebody checked on a day that the number of a resource works.

        Raises:
            NotFound: there is no such resource. BadQuery: it was checked later than that.
        """

        def change(connection: Connection, named: Named) -> Corrected:
            correcting.check(connection, named, Wanted({}, by, on))
            return Corrected(named.resource_id)

        return self._changed(name, change)

    def take_calls(self, found: Sequence[Call | Problem | None]) -> Called:
        """Take in what came of the calls of a list; what cannot be used is told, the rest is done."""
        self.database.create()
        with self.database.writing() as connection:
            called, touched = calls.take(connection, found, self.vocabulary)
            self._rebuild(connection, touched)
        return called

    def _changed(self, name: str, change: Callable[[Connection, Named], Corrected]) -> Corrected:
        """Change a resource and tell what that made of each field shown."""
        self.database.create()
        with self.database.writing() as connection:
            named = naming.named(connection, name)
            before = correcting.shown_fields(connection, named.resource_id, self.vocabulary)
            done = change(connection, named)
            self._rebuild(connection, {each.id for each in named.members})
            done.tell(before, correcting.shown_fields(connection, named.resource_id, self.vocabulary))
        if corrections.HIDING in done.changes:
            self.database.sweep()
        return done

    def _rebuild(self, connection: Connection, listing_ids: set[int]) -> None:
        resources.store_keys(connection, listing_ids)
        resources.refresh(connection, IdList(listing_ids), self.vocabulary, self.gazetteer)

    def reindex(self) -> int:
        """Rebuild every resource and the search index from the listings; return the number of resources indexed."""
        self.database.create()
        with self.database.writing() as connection:
            connection.execute(delete(MergeKey))
            ids = IdList(connection.execute(select(Listing.id).order_by(Listing.id)).scalars())
            resources.store_keys(connection, ids)
            resources.refresh(connection, ids, self.vocabulary, self.gazetteer, index_too=False)
            return index.rebuild(connection)


def _which(connection: Connection, key: str, run: int) -> str:
    """Say which import is taken back, and what it had done."""
    made = connection.execute(select(ImportRun.finished_at, ImportRun.counts).where(ImportRun.id == run)).one()
    did = ", ".join(f"{number} {name}" for name, number in made.counts.items() if number)
    return f"took back the import of {key} of {made.finished_at:%Y-%m-%d %H:%M} UTC" + (f" ({did})" if did else "")
