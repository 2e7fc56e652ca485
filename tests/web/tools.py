"""The tools of checkers/package.json, which Node.js runs."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from conftest import missing

TOOLS = Path(__file__).parent / "checkers"


def tool(name: str) -> list[str]:
    """Return the command that starts a tool of package.json; without it the test is skipped, in CI it fails."""
    node = shutil.which("node")
    if node is None:
        missing("Node.js")
    if not (TOOLS / "node_modules" / name).is_dir():
        missing(f"{name} (npm ci --prefix tests/web/checkers)")
    program = json.loads((TOOLS / "node_modules" / name / "package.json").read_text(encoding="utf-8"))["bin"]
    return [node, str(TOOLS / "node_modules" / name / (program if isinstance(program, str) else program[name]))]
