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
