"""Answers asked for again and again: the same bytes, never older than the minute or the directory, nothing personal kept."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from checked import Own
from factories import listing, rows, source

from directory.web.popular import Kept, Popular
from directory.web.site import Site

pytest_plugins = ["sites"]

NOON = datetime(2026, 11, 23, 17, tzinfo=UTC)
NAMED = {"near": "Chicago, IL", "need": "anxiety"}


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """The instant it is, which a test may change."""
    now = [NOON]
    monkeypatch.setattr(Site, "now", lambda _: now[0])
    return now


@pytest.fixture
def popular(own: Own) -> Popular:
    own.directory.ingest(source(), rows(listing("one", hours="Mo-Fr 09:00-17:00", timezone="America/Chicago")))
    return own.pages.client.application.wsgi_app  # type: ignore[return-value]


def ask(own: Own, **words: Any) -> bytes:
    language = words.pop("language", None)
    headers = {"Accept-Language": language} if language else {}
    answer = own.pages.client.post("/find", data={**NAMED, **words}, headers=headers)
    assert answer.status_code == 200
    return answer.data


def shown_nearby(page: bytes) -> str:
    return page.decode().partition('id="nearby"')[2].partition("</section>")[0]


def kept(popular: Popular) -> list[Kept]:
    return list(popular._kept.values())


def test_what_is_asked_again_is_answered_with_the_same_bytes_and_headers(own: Own, popular: Popular) -> None:
    first, second = (own.pages.client.post("/find", data=NAMED) for _ in range(2))
    assert len(kept(popular)) == 1
    third = own.pages.client.post("/find", data=NAMED)
    assert third.data == second.data == first.data
    assert list(third.headers) == list(second.headers) == list(first.headers)
    answers = [own.pages.client.get("/api/search", query_string=NAMED) for _ in range(3)]
    assert answers[2].json == answers[0].json
    assert len(kept(popular)) == 2


def test_a_search_that_comes_once_leaves_nothing(own: Own, popular: Popular) -> None:
    ask(own)
    assert kept(popular) == []


@pytest.mark.parametrize(
    "words",
    [
        {"q": "panic"}, {"near": "41.88, -87.63"}, {"near": "12 Main Street, Chicago, IL"}, {"age": "15"},
        {"near": "Chicago, IL, near my aunt"}, {"near": "nowhere at all"},
    ],
)  # fmt: skip
def test_what_somebody_says_in_their_own_words_is_never_kept(own: Own, popular: Popular, words: dict[str, str]) -> None:
    for _ in range(4):
        ask(own, **words)
    assert kept(popular) == []


def test_nothing_that_was_asked_can_be_read_from_what_is_remembered(own: Own, popular: Popular) -> None:
    for _ in range(2):
        ask(own)
    assert all(len(key) == 16 for key in (*popular._asked, *popular._kept))
    assert b"Chicago" not in b"".join((*popular._asked, *popular._kept))


def test_an_import_is_seen_at_once(own: Own, popular: Popular) -> None:
    assert b"Example Practice one" in [ask(own) for _ in range(3)][-1]
    own.directory.ingest(source("other"), rows(listing("two")))
    assert b"Example Practice two" in ask(own)


def test_the_minute_in_which_a_place_shuts_is_not_shown_as_open(
    own: Own, popular: Popular, clock: list[datetime]
) -> None:
    clock[0] = datetime(2026, 11, 23, 22, 59, 59, tzinfo=UTC)
    assert "Open now, until 5 pm" in shown_nearby([ask(own) for _ in range(3)][-1])
    clock[0] += timedelta(seconds=1)
    assert "Open now" not in shown_nearby(ask(own))


def test_every_language_has_its_own(own: Own, popular: Popular) -> None:
    english = [ask(own) for _ in range(3)][-1]
    spanish = [ask(own, language="es") for _ in range(3)][-1]
    assert (b'lang="en"' in english[:60], b'lang="es"' in spanish[:60]) == (True, True)


def test_a_kept_answer_stands_in_the_log_as_any_other(
    own: Own, popular: Popular, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO", "directory.access"):
        for _ in range(3):
            ask(own)
    assert [record.getMessage().rsplit(" ", 2)[0] for record in caplog.records] == ["POST /find 200"] * 3


def test_a_database_that_is_gone_is_noticed(own: Own, popular: Popular) -> None:
    for _ in range(3):
        ask(own)
    own.directory.database.dispose()
    own.path.unlink()
    assert own.pages.client.post("/find", data=NAMED).status_code == 503
