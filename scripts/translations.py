"""Bring the translations up to date with the words of the code and the templates.

    python scripts/translations.py          # collect new words into every messages.po, and compile messages.mo
    python scripts/translations.py de       # begin a language

docs/languages.md says what else a language needs.
"""

from __future__ import annotations

import sys
from csv import DictReader
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "directory" / "translations"
METHODS = [("directory/**.py", "python"), ("templates/**.html", "jinja2")]
OPTIONS = {"templates/**.html": {"trim_blocks": "true", "lstrip_blocks": "true"}}
KEYWORDS = {"_": None, "ngettext": (1, 2)}
# The report for publishers is written for maintainers, in English.
# The words about the shipped crisis lines are our own.
_LINES = ROOT / "data" / "crisis_lines.csv"
_OUR_WORDS = ("description", "eligibility", "hours_note", "checked_by")
_FOR_MAINTAINERS = "templates/report.html"


def words() -> Catalog:
    """Return every text that people are told, without translations."""
    found = Catalog()
    for part in ("directory", "templates"):
        methods = [
            (pattern.removeprefix(f"{part}/"), method) for pattern, method in METHODS if pattern.startswith(part)
        ]
        options = {pattern.removeprefix(f"{part}/"): each for pattern, each in OPTIONS.items()}
        for file, _line, message, _comments, _context in extract_from_dir(
            ROOT / part, methods, options, keywords=KEYWORDS, comment_tags=()
        ):
            if f"{part}/{file}" != _FOR_MAINTAINERS:
                found.add(message)
    with _LINES.open(encoding="utf-8", newline="") as file:
        for row in DictReader(file):
            for text in filter(None, map(row.__getitem__, _OUR_WORDS)):
                found.add(text)
    return found


def compiled(catalogue: Catalog) -> bytes:
    """Return a catalogue as gettext reads it."""
    file = BytesIO()
    write_mo(file, catalogue)
    return file.getvalue()


def main(begun: list[str]) -> int:
    """Update and compile every language; return how many texts nobody has translated."""
    for tag in begun:
        (FOLDER / tag / "LC_MESSAGES").mkdir(parents=True)
        (FOLDER / tag / "LC_MESSAGES" / "messages.po").write_bytes(b"")
    missing = 0
    for path in sorted(FOLDER.glob("*/LC_MESSAGES/messages.po")):
        tag = path.parent.parent.name
        with path.open("rb") as file:
            catalogue = read_po(file, locale=tag)
        catalogue.update(words(), no_fuzzy_matching=True)
        catalogue.obsolete.clear()
        with path.open("wb") as file:
            write_po(file, catalogue, width=120, sort_output=True, omit_header=False)
        path.with_suffix(".mo").write_bytes(compiled(catalogue))
        left = [message.id for message in catalogue if message.id and not all(_forms(message.string))]
        missing += len(left)
        print(f"{tag}: {len(catalogue)} texts, {len(left)} not translated")
        print("".join(f"  {text}\n" for text in left), end="")
    return missing


def _forms(string: str | tuple[str, ...]) -> tuple[str, ...]:
    return string if isinstance(string, tuple) else (string,)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]) > 0)
