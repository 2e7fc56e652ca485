"""The house table of docs/architecture.md holds: imports only point down, and each outside world has one door."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "directory"
MODULES = sorted(PACKAGE.rglob("*.py"))
# Lower layers first; a module may import only from its own layer's left neighbours.
LAYERS = [
    {"errors", "wording", "id_list"},
    {"public_addresses", "folders", "outfile"},
    {"fetching"},
    {"records", "config"},
    {"needs", "clean", "clean_places", "merge_keys", "phones", "hours", "hours_grammar", "geo", "coverage"},
    {"geocoding", "query", "topics"},
    {"network_geocoders"},
    {"importers"},
    {"models", "matches", "merge", "sameness"},
    {"writers"},
    {"hsds"},
    {"index_tables"},
    {"engines", "schedules"},
    {"gathering"},
    {"db", "index", "hsds_store"},
    {"tiers", "density"},
    {"asking"},
    {"pool", "stored"},
    {
        "nearby",
        "remote",
        "hsds_lists",
        "resources",
        "staging",
        "crisis",
        "check",
        "decisions",
        "corrections",
        "correcting",
        "naming",
        "deciding",
        "outcome",
        "duplicates",
        "calls",
        "known_lines",
        "placing",
        "former_ids",
        "withholding",
        "staleness",
        "feedback",
        "told",
        "refused",
        "sqlite_files",
    },
    {"backups"},
    {"answer", "counting", "ingest", "statistics", "undo", "switching"},
    {"known_rows"},
    {"search", "intake", "report_page", "choosing"},
    {"rounds", "exporting"},
    {"web"},
    {"cli"},
    {"__main__"},
]


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


def room(name: str) -> str:
    return "geocoding" if name.startswith("gazetteer") else name


def layer(name: str) -> int:
    numbers = [number for number, names in enumerate(LAYERS) if room(name) in names]
    assert numbers, f"{name} has no place in the house; add it to LAYERS and docs/architecture.md"
    return numbers[0]


def own_layer(path: Path) -> int:
    return layer(path.relative_to(PACKAGE).parts[0].removesuffix(".py"))


@pytest.mark.parametrize(
    "path", [m for m in MODULES if m != PACKAGE / "__init__.py"], ids=lambda p: str(p.relative_to(PACKAGE))
)
def test_imports_only_point_down(path: Path) -> None:
    for name in imports(path):
        parts = name.split(".")
        if parts[0] == "directory" and len(parts) > 1 and (PACKAGE / parts[1]).with_suffix(".py").exists():
            assert layer(parts[1]) <= own_layer(path), f"{path.name} imports {name} from above"


@pytest.mark.parametrize(
    ("library", "rooms"),
    [
        (
            "sqlalchemy",
            {
                "models",
                "index_tables",
                "db",
                "engines",
                "gathering",
                "known_rows",
                "asking",
                "schedules",
                "index",
                "hsds_store",
                "hsds_lists",
                "choosing",
                "nearby",
                "remote",
                "tiers",
                "density",
                "stored",
                "pool",
                "resources",
                "staging",
                "answer",
                "counting",
                "ingest",
                "statistics",
                "search",
                "decisions",
                "corrections",
                "correcting",
                "naming",
                "former_ids",
                "withholding",
                "deciding",
                "outcome",
                "duplicates",
                "calls",
                "placing",
                "staleness",
                "feedback",
                "undo",
                "switching",
                "rounds",
                "exporting",
            },
        ),
        ("flask", {"web"}),
        ("geopy", {"geo", "geocoding", "network_geocoders"}),
        ("urllib3", {"fetching"}),
        ("shapely", {"geocoding"}),
        ("click", {"cli"}),
        ("granian", {"web"}),
    ],
)
def test_each_outside_world_has_one_door(library: str, rooms: set[str]) -> None:
    users = {
        room(path.relative_to(PACKAGE).parts[0].removesuffix(".py"))
        for path in MODULES
        if any(name.split(".")[0] == library for name in imports(path))
    }
    assert users <= rooms


def test_only_the_command_line_prints() -> None:
    printing = [
        path.name
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert printing == []


def test_only_params_reads_the_request() -> None:
    readers = [path.name for path in (PACKAGE / "web").glob("*.py") if "flask.request" in imports(path)]
    assert set(readers) <= {"params.py", "headers.py"}
