"""Looking: search, place, stats."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import click

from directory import needs, query, statistics
from directory.cli import words as saying
from directory.cli.importing import load_when_empty
from directory.cli.root import config, directory, json_option, reports_errors
from directory.db import Database
from directory.geocoding import Gazetteer
from directory.search import Searcher


@directory.command()
@click.argument("near", required=False, default="")
@click.option("--need", "need", multiple=True, help="What somebody is going through; may be given several times.")
@click.option("--q", "words", default="", help="Free words: needs are understood, the rest is looked for in names.")
@click.option("--kind", multiple=True, help="crisis_line, therapist, support_group or treatment_program.")
@click.option("--radius-km", default="", help="Kilometres round the place; 40 unless told.")
@click.option("--open-now", is_flag=True, help="Only what is open now.")
@click.option("--language", multiple=True, help="Language spoken, such as es.")
@click.option("--payment", multiple=True, help="Such as medicaid or sliding_scale.")
@click.option("--age", default="", help="Age in years of the person.")
@click.option("--format", "format_", multiple=True, help="in_person, phone, text, chat or video.")
@click.option("--audience", multiple=True, help="Such as veterans or lgbtq.")
@click.option("--approach", multiple=True, help="Such as peer_support or medication_management.")
@click.option("--urgent-care", multiple=True, help="walk_in, mobile_crisis or psychiatric_emergency.")
@click.option("--accessibility", multiple=True, help="wheelchair, sign_language or text_telephone.")
@click.option("--limit", default="", help="Matches in each group; 25 unless told.")
@json_option
@reports_errors
def search(
    near: str, need: tuple[str, ...], words: str, kind: tuple[str, ...], radius_km: str, open_now: bool,
    language: tuple[str, ...], payment: tuple[str, ...], age: str, format_: tuple[str, ...], audience: tuple[str, ...],
    approach: tuple[str, ...], urgent_care: tuple[str, ...], accessibility: tuple[str, ...], limit: str, as_json: bool,
) -> None:  # fmt: skip
    """Find help NEAR a place (ZIP, postcode, city, "lat, lon") for one or more needs."""
    settings = config()
    searcher = Searcher.open(settings)
    load_when_empty(settings)
    asked = query.build(
        searcher.vocabulary, near=near, need=need, q=words, radius_km=radius_km, open_now="yes" if open_now else "",
        age=age, limit=limit, kind=kind, language=language, payment=payment, format=format_, audience=audience,
        approach=approach, urgent_care=urgent_care, accessibility=accessibility,
    )  # fmt: skip
    results = searcher.search(asked)
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
        Database(settings.database_url), needs.load(settings.data_folder), settings.data_folder, datetime.now(UTC)
    )
    if as_json:
        click.echo(json.dumps(figures, ensure_ascii=False, indent=2))
        return
    for title, rows in figures.items():
        click.echo(title.replace("_", " "))
        for name, value in rows.items():
            click.echo(f"  {name:<40} {value}")
