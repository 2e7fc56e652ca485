"""The command line's root: the group, its error words, and what every command opens."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import wraps
from typing import Any

import click

from directory import ingest, needs
from directory.config import Config
from directory.db import Database
from directory.errors import DirectoryError
from directory.geocoding import Gazetteer


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def directory() -> None:
    """Support directory: find crisis lines, therapists, support groups and treatment programmes by place and need.

    \b
    Try:  directory serve
          directory search "Boise, ID" --need anxiety --need kratom
          directory import my_list.csv --dry-run
    Settings are DIRECTORY_* variables; docs/settings.md lists them.
    """


def reports_errors(command: Callable[..., None]) -> Callable[..., None]:
    """Turn an error of ours into one sentence and exit code 2."""

    @wraps(command)
    def wrapped(*arguments: Any, **options: Any) -> None:
        try:
            command(*arguments, **options)
        except DirectoryError as error:
            if options.get("as_json"):
                click.echo(json.dumps({"error": {"code": error.code, "message": error.message, "field": error.field}}))
            click.echo(f"directory: {error.message}", err=True)
            sys.exit(2)
        except BrokenPipeError:
            sys.stderr.close()
            sys.exit(0)

    return wrapped


def config() -> Config:
    """Return the settings of this process."""
    return Config.from_environment(os.environ)


def open_directory(config: Config) -> ingest.Directory:
    """Return the configured database with the vocabulary and the gazetteer of its data folder."""
    vocabulary = needs.load(config.data_folder)
    return ingest.Directory(Database(config.database_url), vocabulary, Gazetteer(config.data_folder / "places"))


def today() -> date:
    """Return the day of this command (UTC)."""
    return datetime.now(UTC).date()


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of words.")

_ASKED = (
    click.argument("near", required=False, default=""),
    click.option("--need", "need", multiple=True, help="What somebody is going through; may be given several times."),
    click.option("--q", "words", default="", help="Free words: needs are understood, the rest is looked for in names."),
    click.option("--kind", multiple=True, help="crisis_line, therapist, support_group or treatment_program."),
    click.option("--radius-km", default="", help="Kilometres round the place; 40 unless told."),
    click.option("--open-now", is_flag=True, help="Only what is open now."),
    click.option("--language", multiple=True, help="Language spoken, such as es."),
    click.option("--payment", multiple=True, help="Such as medicaid or sliding_scale."),
    click.option("--age", default="", help="Age in years of the person."),
    click.option("--audience", multiple=True, help="Such as veterans or lgbtq."),
    click.option("--approach", multiple=True, help="Such as peer_support or medication_management."),
    click.option("--urgent-care", multiple=True, help="walk_in, mobile_crisis or psychiatric_emergency."),
    click.option("--accessibility", multiple=True, help="wheelchair, sign_language or text_telephone."),
)


def query_options(facet_format: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Return a decorator that gives a command the place and the options of a search, all but its limit.

    They arrive as ``asked``, what ``query.build`` takes. ``facet_format`` is what the option for the facet "format" is
    called.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        @wraps(command)
        def wrapped(*arguments: Any, **options: Any) -> None:
            asked = {name: options.pop(name) for name in _NAMES}
            asked |= {"q": asked.pop("words"), "open_now": "yes" if asked["open_now"] else ""}
            command(*arguments, asked=asked, **options)

        how = click.option(facet_format, "format", multiple=True, help="in_person, phone, text, chat or video.")
        for option in reversed((*_ASKED, how)):
            wrapped = option(wrapped)
        return wrapped

    return decorate


_NAMES = (
    "near", "need", "words", "kind", "radius_km", "open_now", "language", "payment", "age", "audience", "approach",
    "urgent_care", "accessibility", "format",
)  # fmt: skip
