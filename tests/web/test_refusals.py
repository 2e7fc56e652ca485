"""What is refused and what breaks: always a page or JSON with the numbers to call, never a traceback."""

from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from checked import Checked, Own, check, check_headers, site_on, words
from factories import listing, rows, source
from flask import Flask

from directory.crisis import CrisisBook
from directory.geocoding import Gazetteer
from directory.needs import Vocabulary

pytest_plugins = ["sites"]


@pytest.mark.parametrize(
    ("sent", "field", "message"),
    [
        ("near=Boston&radius_km=far", "radius_km", "'far' is not a number"),
        ("near=Boston&radius_km=-3", "radius_km", "'-3' is not between 0.1 and 500"),
        ("near=Boston&radius_km=nan", "radius_km", "'nan' is not a number"),
        ("near=Boston&radius_km=1_000", "radius_km", "'1_000' is not a number"),
        ("near=Boston&radius_km=1e9", "radius_km", "'1e9' is not a number"),
        ("age=old", "age", "'old' is not a number"),
        ("need=gloom+and+doom", "need", "'gloom and doom' is not a need we know"),
        ("payment=gold", "payment", "'gold' is not a payment we know"),
        ("langauge=es", "langauge", "there is no parameter 'langauge'; did you mean 'language'?"),
        ("utm_source=x", "utm_source", "there is no parameter 'utm_source'"),
        ("near=Boston&near=Paris", "near", "'near' was sent 2 times; send it once"),
        ("near=%ff", "near", "'near' is not readable text; send it as UTF-8"),
        ("near=a%00b", "near", "'near' holds a character that nobody can type"),
        (f"near={'x' * 201}", "near", "'near' is 201 characters long; write at most 200"),
        (f"q={'%25' * 201}", "q", "'q' is 201 characters long; write at most 200"),
        ("after=rubbish", "after", "this page link is damaged; search again"),
        ("near=Boston&limit=1000000000", "limit", "'1000000000' is not between 1 and 100"),
    ],
)
def test_page_and_api_refuse_alike(shipped: Checked, sent: str, field: str, message: str) -> None:
    form = {"content_type": "application/x-www-form-urlencoded"}
    for page in (shipped.get(f"/find?{sent}"), check(shipped.client.post("/find", data=sent, **form))):
        assert page.status == 400
        assert message in page.main
        if field in {"radius_km", "age", "need", "payment", "near", "q"}:
            assert f"#{field}" in page.links
    answer = shipped.client.get(f"/api/search?{sent}")
    assert answer.status_code == 400
    assert answer.json["error"]["field"] == field
    assert answer.json["error"]["message"].startswith(message)
    assert answer.json["crisis"][0]["phone"] == "911"


def test_a_refused_search_keeps_what_was_typed(shipped: Checked) -> None:
    page = shipped.find(near="London", need="grief", age="old")
    assert page.one("input", id="near").get("value") == "London"
    assert page.one("input", value="grief").get("checked") is not None
    assert page.one("input", id="age").get("aria-invalid") == "true"
    assert "United Kingdom" in words(page.one("aside"))


@pytest.mark.parametrize(
    "text",
    [
        '"',
        "(",
        "NEAR(",
        "-x",
        "12-step",
        "o'brien",
        "*",
        "AND",
        "😀",
        "%",
        "_",
        "100%",
        "'; DROP TABLE resource; --",
        "{{7*7}}",
        "{% raw %}",
        "<script>alert(1)</script>",
        "\u202eabc\u200b",
        "ORDER BY",
    ],
)
def test_any_text_gives_an_answer_and_stays_text(shipped: Checked, text: str) -> None:
    for field in ("q", "near"):
        page = shipped.find(**{field: text})
        assert page.status == 200
        assert "49" not in page.main or "{{7*7}}" not in text


URLENCODED, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [
        ("/nothing", "GET", 404),
        ("/resources/999999", "GET", 404),
        ("/resources/" + "9" * 40, "GET", 404),
        ("/resources/x", "GET", 404),
        ("/crisis/ZZ", "GET", 404),
        ("/static/../app.py", "GET", 404),
        ("/static/%2e%2e/app.py", "GET", 404),
        ("/static/", "GET", 404),
        ("/find?q=" + "x" * 8100, "GET", 414),
        ("/", "TRACE", 405),
        ("/", "BREW", 405),
        ("/find", "DELETE", 405),
        ("/crisis", "POST", 405),
    ],
)
def test_every_error_is_a_page_with_the_crisis_numbers(shipped: Checked, path: str, method: str, status: int) -> None:
    page = check(shipped.client.open(path, method=method))
    assert page.status == status
    assert "Traceback" not in page.text


@pytest.mark.parametrize(
    ("data", "content_type", "status"),
    [
        ({"q": "x" * 60_000}, URLENCODED, 413),
        ("&".join(["need=grief"] * 101), URLENCODED, 413),
        ({"need": ["grief"] * 101}, MULTIPART, 413),
        ({"near": "60601"}, MULTIPART, 200),
        ("{}", "application/json", 400),
        (b"near=\xff", URLENCODED, 400),
    ],
)
def test_a_form_is_read_within_its_limits(shipped: Checked, data: Any, content_type: str, status: int) -> None:
    assert check(shipped.client.post("/find", data=data, content_type=content_type)).status == status


@pytest.mark.parametrize("name", ["near", "../../etc/passwd"])
def test_an_uploaded_file_is_refused(shipped: Checked, name: str) -> None:
    page = shipped.find(near=(BytesIO(b"x"), name))
    assert page.status == 400
    assert "a search takes no file" in page.main


def test_a_bad_host_is_refused(
    shipped_database: Path, vocabulary: Vocabulary, gazetteer: Gazetteer, crisis_book: CrisisBook
) -> None:
    client = Checked(
        site_on(shipped_database, vocabulary, gazetteer, crisis_book, trusted_hosts=("example.org",)).test_client()
    )
    assert client.get("/", headers={"Host": "example.org"}).status == 200
    assert client.get("/", headers={"Host": "evil.example"}).status == 400


def test_the_database_gone_or_damaged_leaves_the_numbers_and_heals_by_itself(own: Own) -> None:
    own.directory.ingest(source(), rows(listing("one")))
    own.directory.database.dispose()
    paths = ["/", "/find?near=60601", "/resources/1", "/crisis", "/crisis/GB", "/about", "/nothing"]
    assert [own.pages.get(path).status for path in paths] == [200] * 6 + [404]
    kept = own.path.read_bytes()
    for damage in (None, b"no database " * 5000, kept[: len(kept) // 3]):
        own.path.unlink(missing_ok=True)
        for leftover in own.path.parent.glob("own.sqlite3-*"):
            leftover.unlink()
        if damage is not None:
            own.path.write_bytes(damage)
        for path in paths:
            page = own.pages.client.get(path)
            assert page.status_code == 503
            assert page.headers["Retry-After"] == "30"
            assert ("116 123" if path == "/crisis/GB" else "988") in page.text
            assert "sqlite" not in page.text.lower()
        assert own.pages.client.get("/api/search").json["crisis"][0]["phone"] == "911"
        assert own.pages.client.get("/readyz").status_code == 503
        assert own.pages.client.get("/healthz").status_code == 200
        assert own.pages.client.get("/static/site.css", buffered=True).status_code == 200
    assert len(own.pages.client.get("/crisis").text) > 10_000
    own.path.write_bytes(kept)
    assert [own.pages.get(path).status for path in paths] == [200] * 6 + [404]


def test_even_a_broken_error_page_gives_the_numbers(own: Own) -> None:
    app = own.pages.client.application
    assert isinstance(app, Flask)
    app.jinja_env.globals.clear()
    app.template_context_processors[None].append(lambda: 1 / 0)  # type: ignore[arg-type, return-value]
    answer = own.pages.client.get("/")
    assert answer.status_code == 500
    assert "Call 911" in answer.text and "Call 988" in answer.text
    check_headers(answer)
