"""Looking: search, place, stats."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import click

from directory import needs, query, statistics
from directory.cli import words as saying
from directory.cli.importing import load_when_empty
from directory.cli.root import config, directory, json_option, query_options, reports_errors
from directory.db import Database
from directory.geocoding import Gazetteer
from directory.search import Searcher


@directory.command()
@query_options("--format")
@click.option("--limit", default="", help="Matches in each group; 25 unless told.")
@json_option
@reports_errors
def search(asked: dict[str, Any], limit: str, as_json: bool) -> None:
    """Find help NEAR a place (ZIP, postcode, city, "lat, lon") for one or more needs."""
    settings = config()
    searcher = Searcher.open(settings)
    load_when_empty(settings)
    results = searcher.search(query.build(searcher.vocabulary, limit=limit, **asked))
    if as_json:
        from directory.web import schemas  # noqa: PLC0415 - the page stack is only loaded for the API's own shape

        click.echo(schemas.search_answer(results).model_dump_json(indent=2))
        return
    click.echo("\n".join(saying.results_lines(results)))


@directory.command()
@click.argument("text")
@json_option
@reports_errors
def place(text: str, as_json: bool) -> None:
    """Say which place TEXT means: a ZIP or postcode, a city, "lat, lon"."""
    settings = config()
    gazetteer = Gazetteer(settings.data_folder / "places")
    found = gazetteer.find(text, settings.country)
    candidates = [found.place] if found.place is not None else list(found.candidates)
    if as_json:
        rows = [
            {
                "name": each.name,
                "latitude": each.point.latitude if each.point else None,
                "longitude": each.point.longitude if each.point else None,
                "country": each.country,
                "region": each.region,
                "precision": each.precision,
            }
            for each in candidates
        ]
        click.echo(json.dumps({"candidates": rows}, ensure_ascii=False, indent=2))
        return
    if not candidates:
        click.echo(f"We could not find a place called '{text}'")
    for each in candidates:
        where = f"{each.point.latitude:.4f}, {each.point.longitude:.4f}" if each.point else "no position"
        click.echo(f"{each.name} ({each.country}): {where}, {each.precision}")


@directory.command()
@json_option
@reports_errors
def stats(as_json: bool) -> None:
    """Count what is in the directory, by kind, country, need, source and age, and whom it reaches."""
    settings = config()
    load_when_empty(settings)
    figures = statistics.collect(
        Database(settings.database_url, settings.read_url),
        needs.load(settings.data_folder),
        settings.data_folder,
        datetime.now(UTC),
    )
    if as_json:
        click.echo(json.dumps(figures, ensure_ascii=False, indent=2))
        return
    for title, rows in figures.items():
        click.echo(title.replace("_", " "))
        for name, value in rows.items():
            click.echo(f"  {name:<40} {value}")
