"""A confidential location: its street and coordinates are in no table, no file and no output of any kind."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from directory.cli import deciding
from directory.cli import directory as commands
from directory.config import Config
from directory.web import create_app

assert deciding

SECRETS = ("Hidden Marker", "60609", "41.8123", "87.6543")
COLUMNS = (
    "id,kind,name,needs,phone,address_1,address_2,city,region,postal_code,country,latitude,longitude,confidential_location,"
    "languages,last_checked"
)
ROW = (
    "shelter,treatment_program,Example Shelter,domestic_violence,202-555-0142,12 Hidden Marker Lane,Hidden Marker Lane,"
)
ROW += "Chicago,IL,60609,US,41.8123,-87.6543,yes,en,{checked}"


DAMAGES = [
    ("2026-09-01", "never"),
    ("yes,en", "maybe,en"),
    ("yes,en", "YES ,en,extra"),
    ("202-555-0142", "ring us"),
    ("41.8123", "95.8123"),
    ("Example Shelter", "Shelter at 12 Hidden Marker Lane"),
    ("-87.6543", ""),
    ("domestic_violence", "Hidden Marker Lane"),
]


def secret_free(text: str) -> bool:
    return not any(secret in text for secret in SECRETS)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    monkeypatch.setenv("DIRECTORY_DATABASE_URL", f"sqlite:///{tmp_path / 'directory.sqlite3'}")
    return lambda *words: CliRunner().invoke(commands, [str(word) for word in words])


def sheet(path: Path, checked: str = "2026-09-01") -> Path:
    path.write_text(f"{COLUMNS}\n{ROW.format(checked=checked)}\n", encoding="utf-8")
    return path


def test_no_output_of_any_kind_leaks_it(run: Callable[..., Result], tmp_path: Path) -> None:
    file = sheet(tmp_path / "shelters.csv")
    outputs = [run("check", file), run("import", file, "--dry-run"), run("import", file, "--json"), run("import", file)]
    outputs.extend(
        run("search", *near, "--need", "domestic_violence", *more)
        for near in (["Chicago"], ["60601"], ["41.9, -87.6"], [])
        for more in ([], ["--json"])
    )
    outputs.extend([run("stats", "--json"), run("undo", "shelters", "--json"), run("import", file)])
    for output in outputs:
        assert output.exception is None or isinstance(output.exception, SystemExit)
        assert secret_free(output.output)
    client = create_app(
        Config.from_environment({"DIRECTORY_DATABASE_URL": f"sqlite:///{tmp_path / 'directory.sqlite3'}"})
    ).test_client()
    found = json.loads(client.get("/api/search?near=Chicago&need=domestic_violence").data)["groups"]["nearby"]
    (shelter,) = [match for match in found if match["name"] == "Example Shelter"]
    assert shelter["distance_is_approximate"] is True
    for page in ("/find?near=Chicago&need=domestic_violence", f"/resources/{shelter['id']}", f"/api/resources/{shelter['id']}",
                 "/api/search?near=Chicago&need=domestic_violence"):  # fmt: skip
        body = client.get(page).get_data(as_text=True)
        assert "Example Shelter" in body
        assert secret_free(body), page


def test_it_is_stored_nowhere(run: Callable[..., Result], tmp_path: Path) -> None:
    run("import", sheet(tmp_path / "shelters.csv"))
    for file in tmp_path.glob("directory.sqlite3*"):
        for secret in SECRETS:
            assert secret.encode() not in file.read_bytes()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(damage=st.sampled_from(DAMAGES))
def test_no_report_on_a_refused_row_leaks_it(
    run: Callable[..., Result], tmp_path: Path, damage: tuple[str, str]
) -> None:
    file = sheet(tmp_path / "shelters.csv")
    file.write_text(file.read_text(encoding="utf-8").replace(*damage), encoding="utf-8")
    for output in (run("import", file), run("import", file, "--json"), run("check", file)):
        assert "12 Hidden Marker Lane" not in output.output.replace("'Hidden Marker Lane' is not a need", "")
        assert "41.8123" not in output.output


def test_a_place_made_confidential_by_hand_is_told_and_stored_nowhere(
    run: Callable[..., Result], tmp_path: Path
) -> None:
    file = sheet(tmp_path / "shelters.csv")
    file.write_text(file.read_text(encoding="utf-8").replace(",yes,en", ",,en"), encoding="utf-8")
    assert run("import", file).exit_code == 0
    assert not secret_free(run("correct", "1", "address_1=13 Hidden Marker Lane", "--json").output)
    outputs = [run("correct", "1", "confidential_location=yes", "--by", "Ann Example")]
    assert outputs[0].exit_code == 0
    outputs.extend([run("correct", "1", "--list"), run("import", file, "--dry-run"), run("import", file, "--json")])
    file.write_text(file.read_text(encoding="utf-8").replace("202-555-0142", "202-555-0143"), encoding="utf-8")
    outputs.extend([run("import", file), run("duplicates", "--json"), run("undo", "shelters"), run("import", file)])
    outputs.append(run("correct", "1", "--drop", "address_1"))
    for output in outputs:
        assert secret_free(output.output), output.output
    for stored in tmp_path.glob("directory.sqlite3*"):
        for secret in SECRETS:
            assert secret.encode() not in stored.read_bytes(), (stored, secret)
