"""What the words of a publisher's vocabulary mean in ours: data/mappings/*.csv, a row a meaning.

``vocabulary,code,name,term,basis,note``: ``term`` is a column of our own CSV and its value (``needs:trauma``,
``audiences:veterans``, ``integrated:yes``); a code of several meanings has several rows. ``basis`` says how much is said:
``stated``; ``general`` (the parent need: mental health, substance use); ``only`` (it serves nothing else); ``excludes``
(it does not treat that need, ``term`` is ``excludes:alcohol``); ``none`` (we know the word, and it says nothing a
listing holds; ``term`` is then empty).
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from directory.errors import BadData
from directory.needs import Vocabulary

COLUMNS = ("vocabulary", "code", "name", "term", "basis", "note")
BASES = ("stated", "general", "only", "excludes", "none")
FACETS = {
    "audiences": "audience", "payment": "payment", "approaches": "approach", "urgent_care": "urgent_care",
    "formats": "format", "languages": "language", "accessibility": "accessibility", "kind": "kind",
}  # fmt: skip
_FREE = frozenset({"integrated", "status", "minimum_age", "maximum_age", "eligibility", "confidential_location"})


@dataclass(frozen=True, slots=True)
class Meaning:
    """One meaning of a code: a column of our own CSV, its value, and how much is said."""

    column: str
    value: str
    basis: str


def load(folder: Path, name: str, vocabulary: Vocabulary) -> Mapping[str, tuple[Meaning, ...]]:
    """Return the meanings of each code of ``folder/mappings/<name>.csv``; codes that say nothing have none.

    Raises:
        BadData: the file is missing, or a row names a term or a basis we do not know.
    """
    path = folder / "mappings" / f"{name}.csv"
    found: dict[str, list[Meaning]] = defaultdict(list)
    try:
        with path.open(encoding="utf-8", newline="") as file:
            for number, row in enumerate(csv.DictReader(file), start=2):
                meaning = _meaning(row, f"{path.name} row {number}", vocabulary)
                meanings = found[row["code"]]
                if meaning is not None:
                    meanings.append(meaning)
    except (OSError, KeyError, csv.Error, UnicodeDecodeError) as error:
        raise BadData(f"{path} cannot be read ({error})", field="mappings") from error
    return {code: tuple(meanings) for code, meanings in found.items()}


def _meaning(row: Mapping[str, str], where: str, vocabulary: Vocabulary) -> Meaning | None:
    if row["basis"] not in BASES:
        raise BadData(f"{where}: '{row['basis']}' is not a basis; write {', '.join(BASES)}", field="mappings")
    if row["basis"] == "none":
        if row["term"]:
            raise BadData(f"{where}: basis none goes with an empty term", field="mappings")
        return None
    column, _, value = row["term"].partition(":")
    known = (
        value in vocabulary.needs
        if column in {"needs", "excludes"}
        else value in vocabulary.facets[FACETS[column]]
        if column in FACETS and column != "languages"
        else bool(value) and column in {*_FREE, "languages"}
    )
    if not known:
        raise BadData(f"{where}: '{row['term']}' is no term of ours", field="mappings")
    return Meaning(column, value, row["basis"])
