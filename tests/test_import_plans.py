"""An import costs what its rows cost: nothing that goes through a whole table is asked once for every few hundred rows."""

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from factories import listing, rows, source
from sqlalchemy import event, text

from directory import gathering
from directory.db import Database
from directory.geocoding import Gazetteer
from directory.ingest import Directory
from directory.models import Base, MergeKey
from directory.needs import Vocabulary

# Three batches of 500.
MANY = 1_200
_GROWS = (
    r"SCAN (listing|resource|merge_key|hsds_id|staging|place_token)\b|SEARCH listing USING [\w ]+ \(source_id=\?\)$"
)


def test_no_batch_of_an_import_goes_through_a_whole_table(
    vocabulary: Vocabulary, gazetteer: Gazetteer, tmp_path: Path
) -> None:
    directory = Directory(Database(f"sqlite:///{tmp_path / 'd.sqlite3'}"), vocabulary, gazetteer)
    directory.database.create()
    asked: Counter[str] = Counter()
    plans: dict[str, list[str]] = {}

    def look(_connection: Any, cursor: Any, statement: str, values: Any, _context: Any, many: bool) -> None:
        shape = re.sub(r"\?(, \?)+", "?, ...", statement)
        if statement.lstrip().startswith(("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")):
            asked[shape] += 1
            if shape not in plans:
                explained = f"EXPLAIN QUERY PLAN {statement}"
                plans[shape] = [row[-1] for row in cursor.connection.execute(explained, values[0] if many else values)]

    directory.ingest(source(), rows(listing("first")))
    event.listen(directory.database._engine_for_writing(), "before_cursor_execute", look)
    directory.ingest(source(), rows(*(listing(str(number), name=f"Practice {number}") for number in range(MANY))))
    often = {shape for shape, times in asked.items() if times > 2}
    assert often, "nothing was asked batch by batch: this test looks at nothing"
    assert not {shape: plans[shape] for shape in often if any(re.search(_GROWS, step) for step in plans[shape])}
    directory.database.dispose()


@pytest.mark.parametrize("held", [0, 9])
def test_what_is_gathered_is_written_once_and_its_indexes_are_there_after(directory: Directory, held: int) -> None:
    directory.ingest(source(), rows(listing("1"), listing("2")))
    table = Base.metadata.tables[MergeKey.__tablename__]
    before = [(f"held {number}", 1) for number in range(held)]
    made: list[str] = []
    with directory.database.writing() as connection:
        connection.execute(table.delete())
        for key, listing_id in before:
            connection.execute(table.insert().values(key=key, listing_id=listing_id))
        for key in ("b", "a"):
            gathering.gather(connection, table, [(key, 1), (key, 2)])
        event.listen(connection, "before_cursor_execute", lambda *given: made.append(given[2]))
        gathering.settle(connection, table)
        gathering.settle(connection, table)
    with directory.database.reading() as connection:
        found = connection.execute(table.select().order_by(table.c.key, table.c.listing_id)).all()
        assert [tuple(row) for row in found] == [("a", 1), ("a", 2), ("b", 1), ("b", 2), *before]
        catalogue = "sqlite_master WHERE type = 'index'" if directory.database.is_sqlite else "pg_indexes"
        column = "name" if directory.database.is_sqlite else "indexname"
        there = set(connection.execute(text(f"SELECT {column} FROM {catalogue}")).scalars())
    assert {index.name for index in table.indexes} <= there
    is_made_anew = any("CREATE INDEX" in statement for statement in made)
    assert is_made_anew == (held == 0 and directory.database.is_sqlite), "only where most of the table is new"
