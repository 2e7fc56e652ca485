"""Empty files to fill in: template."""

from __future__ import annotations

import csv
import io

import click

from directory.cli.root import directory, reports_errors
from directory.importers import own
from directory.records import Kind

_FIRST = ("id", "kind", "name", "organization", "description", "needs")
_REACH = ("phone", "url", "email")
_DOOR = ("address_1", "address_2", "city", "region", "postal_code", "country")
_CHECKED = ("source_url", "last_checked", "checked_by")
# What somebody who fills in a row of this kind looks for first; every other column of ours follows.
COLUMNS: dict[Kind, tuple[str, ...]] = {
    Kind.CRISIS_LINE: (
        *_FIRST, "phone", "sms", "sms_keyword", "chat_url", "url", "country", "service_area", "hours", "hours_note", "timezone",
        "languages", "audiences", "minimum_age", "maximum_age", *_CHECKED,
    ),
    Kind.THERAPIST: (
        *_FIRST, *_REACH, *_DOOR, "formats", "languages", "payment", "accepting_new", "approaches", "audiences", "minimum_age",
        "maximum_age", "hours", "hours_note", "accessibility", "identifiers", *_CHECKED,
    ),
    Kind.SUPPORT_GROUP: (
        *_FIRST, *_REACH, "chat_url", *_DOOR, "service_area", "formats", "hours", "hours_note", "timezone", "languages",
        "audiences", "eligibility", "accessibility", *_CHECKED,
    ),
    Kind.TREATMENT_PROGRAM: (
        *_FIRST, "excludes", *_REACH, *_DOOR, "formats", "integrated", "urgent_care", "approaches", "payment", "audiences",
        "minimum_age", "maximum_age", "languages", "hours", "hours_note", "eligibility", "accessibility",
        "identifiers", *_CHECKED,
    ),
}  # fmt: skip
TOML = """\
# What is true of the whole list. Save this beside the CSV, under the same name: {kind}s.csv and {kind}s.toml.
# A line that begins with # is not read. docs/formats.md has every key.

# Who publishes the facts, and on what terms. The page of every listing names them.
publisher = "{publisher}"
name = "{name}"
terms = "not stated"
# url = "https://example.org/list"

# The day the list was fetched or written.
# retrieved = 2026-08-31

# "full": what the file no longer has is gone. "partial": the file only adds and changes.
mode = "full"

# Refuse a file with fewer usable rows than this: it was cut short.
minimum_rows = 0

# How the rows were chosen, and what nobody re-checked.
# note = "Chosen by hand."

# Columns of the file to leave out on purpose.
# ignore = ["editor notes"]

# What every row has in common, where the row itself says nothing.
[values]
kind = "{kind}"
# country = "US"
"""


@directory.command("template")
@click.argument("kind", type=click.Choice([str(kind) for kind in Kind]))
@click.option("--toml", "as_toml", is_flag=True, help="Print the .toml that stands beside the CSV instead.")
@reports_errors
def template(kind: str, as_toml: bool) -> None:
    """Print an empty CSV of our own format for one KIND, to be filled in and imported.

    The columns that matter to the kind come first. Only id, kind and name must be filled in every row, and a way to
    reach it; a column that stays empty may be deleted.

    \b
    Try:  directory template support_group > groups.csv
          directory template support_group --toml > groups.toml
    """
    click.echo(_toml(Kind(kind)) if as_toml else _header(Kind(kind)), nl=False)


def _header(kind: Kind) -> str:
    first = COLUMNS[kind]
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerow(
        [*first, *(name for name in own.FORMAT.columns if name not in first)]
    )
    return written.getvalue()


def _toml(kind: Kind) -> str:
    words = str(kind).replace("_", " ")
    return TOML.format(kind=kind, publisher="Who publishes the list", name=f"List of {words}s")
