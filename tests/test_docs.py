"""Every command, parameter, setting and format stands in the docs."""

from dataclasses import fields
from pathlib import Path

import pytest

from directory import query
from directory.cli import directory as commands
from directory.config import PREFIX, Config
from directory.importers import own

DOCS = Path(__file__).resolve().parent.parent / "docs"


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("command", sorted(commands.commands))
def test_every_command_is_documented(command: str) -> None:
    assert f"`directory {command}" in page("cli.md")


@pytest.mark.parametrize("setting", [PREFIX + field.name.upper() for field in fields(Config)])
def test_every_setting_is_documented(setting: str) -> None:
    assert f"`{setting}`" in page("settings.md")


@pytest.mark.parametrize(
    "parameter", ["near", "need", "q", "radius_km", "open_now", "age", "limit", "after", *query.FACET_PARAMETERS]
)
def test_every_parameter_is_documented(parameter: str) -> None:
    assert f"`{parameter}`" in page("api.md")


@pytest.mark.parametrize("column", sorted(own.FORMAT.columns))
def test_every_column_of_our_format_is_documented(column: str) -> None:
    assert f"`{column}`" in page("formats.md")


def test_every_dependency_earns_its_line() -> None:
    root = DOCS.parent
    lines = page("dependencies.md")
    needed = [
        line.strip().split("[")[0]
        for line in (root / "setup.cfg").read_text().split("install_requires")[1].splitlines()[1:]
    ]
    for name in needed[: needed.index("")]:
        assert f"| {name} |" in lines
