"""Every page and state against html-validate's reading of the HTML standard, beside html5lib's in every test."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from flask import Flask
from states import ANSWERS, DEGRADED, SENT
from tools import TOOLS, tool

pytest_plugins = ["sites", "browsers"]


@pytest.mark.parametrize("language", ["", "/es"], ids=["en", "es"])
def test_html_validate_finds_nothing(
    language: str, paths: dict[str, str], shipped_site: Flask, degraded_site: Flask, tmp_path: Path
) -> None:
    for state, path in paths.items():
        client = (degraded_site if state in DEGRADED else shipped_site).test_client()
        answer = client.open(language + path, method="POST" if state in SENT else "GET")
        assert answer.status_code == ANSWERS.get(state, 200)
        (tmp_path / f"{state}.html").write_text(answer.text, encoding="utf-8")
    command = [*tool("html-validate"), "--config", str(TOOLS / "htmlvalidate.json"), "--formatter", "json"]
    done = subprocess.run([*command, str(tmp_path)], capture_output=True, text=True, timeout=120, check=False)
    found = [
        (Path(page["filePath"]).stem, wrong["line"], wrong["ruleId"], wrong["message"])
        for page in json.loads(done.stdout or "[]")
        for wrong in page["messages"]
    ]
    assert (found, done.returncode, done.stderr) == ([], 0, "")
