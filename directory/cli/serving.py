"""Serving the site."""

from __future__ import annotations

import click

from directory.cli.importing import load_when_empty
from directory.cli.root import config, directory, reports_errors


@directory.command()
@click.option("--host", help="Address to listen on; DIRECTORY_HOST, else 127.0.0.1.")
@click.option("--port", type=int, help="Port to listen on; DIRECTORY_PORT, else 8000.")
@reports_errors
def serve(host: str | None, port: int | None) -> None:
    """Serve the directory. An empty database is first filled with the shipped data."""
    from directory.web import server  # noqa: PLC0415 - keeps every other command free of the server's start-up time

    settings = config()
    load_when_empty(settings)
    server.run(settings, host or settings.host, settings.port if port is None else port, announce=click.echo)
