"""Opening hours: what we accept is read as people read it, and "open" is said only when it is certain."""

import calendar
import time
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from opening_hours import OpeningHours

from directory import hours
from directory.hours_grammar import DAY, MONTHS, WEEKDAYS, Rule, read
from directory.records import OpenState

OPEN, CLOSED, CALL, UNKNOWN = OpenState.OPEN, OpenState.CLOSED, OpenState.CALL_FIRST, OpenState.UNKNOWN
UNREADABLE = "is not opening hours we can read; put free words in hours_note"
ALONE = "adds to 24/7, which stands alone; write Mo-Su 00:00-24:00 and the exceptions"
NO_TIMES = "names days without times; write them, or 00:00-24:00 for the whole day"
NEVER = "is never open; give the listing a status instead"
NIGHTS = (
    "runs past midnight and has exceptions, which cannot be read with certainty; write the exceptions in hours_note"
)


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("24/7", "24/7"),
        ("24/7 open", "24/7"),
        ("Mo-Fr 09:00-17:00", "Mo-Fr 09:00-17:00"),
        ("mo-fr 9:00 – 17:00;", "Mo-Fr 09:00-17:00"),
        ("Mo-Fr: 09:00-17:00", "Mo-Fr 09:00-17:00"),
        ("Tu,Mo,We 18:00-19:00", "Mo-We 18:00-19:00"),
        ("Fr-Mo 10:00-11:00", "Mo,Fr-Su 10:00-11:00"),
        ("13:00-17:00, 09:00-12:00", "09:00-12:00,13:00-17:00"),
        ("Mo[1,-1] 10:00-11:00", "Mo[1],Mo[-1] 10:00-11:00"),
        ("Mo-Fr 22:00-26:00", "Mo-Fr 22:00-02:00"),
        ("Mo-Fr 18:00-00:00", "Mo-Fr 18:00-24:00"),
        ("Mo-Fr 09:00-17:00, Sa 10:00-12:00", "Mo-Fr 09:00-17:00, Sa 10:00-12:00"),
        ("Mo-Fr 09:00-17:00,Sa 10:00-12:00", "Mo-Fr 09:00-17:00, Sa 10:00-12:00"),
        ("Mo-Fr 09:00-17:00, PH closed", "Mo-Fr 09:00-17:00; PH off"),
        ("Mo-Fr 09:00-17:00; Nov Th[4] off", "Mo-Fr 09:00-17:00; Nov Th[4] off"),
        ("mo 10:00-11:00; dec 24-jan 2 off", "Mo 10:00-11:00; Dec 24-Jan 2 off"),
        ('"by appointment"', '"by appointment"'),
        ("Mo-Fr 09:00-17:00 unknown “by appointment”", 'Mo-Fr 09:00-17:00 "by appointment"'),
        ('Mo-Fr 09:00-17:00 || unknown "on call"', 'Mo-Fr 09:00-17:00 || "on call"'),
        # The library cuts a night at midnight where the next day has a rule of its own; joined by commas it does not.
        (
            "Mo-Th 17:00-01:00; Fr-Sa 17:00-03:00; Su 12:00-22:00",
            "Mo-Th 17:00-01:00, Fr,Sa 17:00-03:00, Su 12:00-22:00",
        ),
        ("Mo-Fr 22:00-02:00; Sa,Su off", "Mo-Fr 22:00-02:00"),
    ],
)
def test_hours_have_one_normal_form(text: str, normal: str) -> None:
    assert hours.parse(text) == normal
    assert hours.parse(normal) == normal


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("ring us", UNREADABLE),
        ("Mon-Fri 9am-5pm", UNREADABLE),
        ("Mo-Fr 9-17", UNREADABLE),
        ("2026 Mo 10:00-11:00", UNREADABLE),
        ("Mo-We[2] 09:00-11:00", UNREADABLE),
        ("PH Mo 10:00-12:00", UNREADABLE),
        ("Mo-Fr 10:00-16:00/01:30", UNREADABLE),
        ('"by appointment', UNREADABLE),
        ('Mo 09:00-10:00 "this || that"', UNREADABLE),
        ("Mo 09:00-10:00 || off", UNREADABLE),
        ("", UNREADABLE),
        ("x" * 100_000, "is longer than 255 characters"),
        ("week 54 Mo 09:00-10:00", "uses 'week', which we do not read; put free words in hours_note"),
        ("sunrise-sunset", "uses 'sunrise', which we do not read; put free words in hours_note"),
        ("PH,SH off", "uses 'SH', which we do not read; put free words in hours_note"),
        ("Mo-Fr 09:00+", "has no closing time; write when it closes, or put it in hours_note"),
        ("09:00-09:00", "opens and closes at 09:00; for the whole day write 00:00-24:00"),
        ("Mo 25:00-26:00", "has a time that does not exist: 25:00"),
        ("Mo 09:60-10:00", "has a time that does not exist: 09:60"),
        ("Mo-Fr 10:00-48:00", "stays open longer than a day: 10:00-48:00"),
        ("Feb 30 09:00-10:00", "has a date that does not exist: Feb 30"),
        ("Mo 09:00-10:00; Apr 31-May 2 off", "has a date that does not exist: Apr 31"),
        ("Mo 09:00-10:00; Dec 26-25 off", "has dates in the wrong order: Dec 26-25"),
        ("Mo-Fr", NO_TIMES),
        ("open", NO_TIMES),
        ("off", NEVER),
        ("PH off", NEVER),
        ("24/7; PH off", ALONE),
        ("Mo-Fr 09:00-17:00; 24/7", ALONE),
        (
            "PH off; Mo-Fr 09:00-17:00",
            "puts 'PH off' before 'Mo-Fr 09:00-17:00', which cancels it; write exceptions last",
        ),
        (
            "Mo 10:00-11:00; Mo 18:00-19:00",
            "has 'Mo 18:00-19:00' cancel 'Mo 10:00-11:00'; write all times of a day in one rule",
        ),
        ("Mo-Fr 22:00-02:00; We off", NIGHTS),
        ("Mo-Fr 22:00-06:00; PH off", NIGHTS),
    ],
)
def test_what_would_be_misread_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(ValueError) as refused:
        hours.parse(text)
    assert str(refused.value) == reason


def state(
    text: str | None, at: str, zone: str | None = "America/Chicago", country: str = "US", **more: object
) -> tuple[OpenState, str]:
    """The answer at a local time of the place, and until when, as "2026-08-12 17:00" there."""
    local = datetime.fromisoformat(at)
    local = local if local.tzinfo else local.replace(tzinfo=ZoneInfo(zone or "UTC"))
    region, note, trusted = more.get("region"), more.get("note"), more.get("trusted", True)
    found = hours.open_state(text, zone, country, region, local, hours_note=note, trusted=trusted)  # type: ignore[arg-type]
    return found.state, "" if found.until is None else found.until.isoformat(" ", "minutes")


WEEK = "Mo-Fr 09:00-17:00"


@pytest.mark.parametrize(
    ("text", "at", "more", "answer"),
    [
        (WEEK, "2026-08-12 10:00", {}, (OPEN, "2026-08-12 17:00-05:00")),
        (WEEK, "2026-08-12 17:00", {}, (CLOSED, "2026-08-13 09:00-05:00")),
        (WEEK, "2026-08-12 15:00+00:00", {}, (OPEN, "2026-08-12 17:00-05:00")),
        ("15:00-03:00", "2026-08-12 01:00", {}, (OPEN, "2026-08-12 03:00-05:00")),
        ("Fr,Sa 17:00-03:00, Su 12:00-22:00", "2026-08-16 01:00", {}, (OPEN, "2026-08-16 03:00-05:00")),
        # Nothing changes within a week.
        ("Sep Mo 10:00-11:00", "2026-08-12 10:00", {}, (CLOSED, "")),
        ("Mo-Su 00:00-24:00", "2026-08-12 10:00", {}, (OPEN, "")),
        # 24/7 is the literal, needs no zone, and a note does not weaken it.
        ("24/7", "2026-08-12 03:00", {"zone": None}, (OPEN, "")),
        ("24/7", "2026-12-25 03:00", {"note": "Spanish in the daytime"}, (OPEN, "")),
        ('24/7 "press 2 at night"', "2026-08-12 03:00", {}, (CALL, "")),
        # What we cannot be sure of.
        (None, "2026-08-12 10:00", {}, (UNKNOWN, "")),
        (None, "2026-08-12 10:00", {"note": "By appointment"}, (CALL, "")),
        (None, "2026-08-12 10:00", {"trusted": False}, (UNKNOWN, "")),
        (WEEK, "2026-08-12 10:00", {"note": "Hours differ between sources"}, (CALL, "")),
        (WEEK, "2026-08-12 10:00", {"trusted": False}, (CALL, "")),
        ("24/7", "2026-08-12 10:00", {"trusted": False}, (CALL, "")),
        (WEEK, "2026-08-12 10:00", {"zone": None}, (CALL, "")),
        (WEEK, "2026-08-12 10:00+00:00", {"zone": "Mars/Olympus"}, (CALL, "")),
        ("ring us", "2026-08-12 10:00", {}, (CALL, "")),
        # Comments.
        ('"by appointment"', "2026-08-12 10:00", {}, (CALL, "")),
        ('Mo-Fr 09:00-17:00 "by appointment"', "2026-08-12 10:00", {}, (CALL, "")),
        ('Mo-Fr 09:00-17:00 "by appointment"', "2026-08-12 18:00", {}, (CLOSED, "2026-08-13 09:00-05:00")),
        ('Mo-Fr 09:00-17:00; Sa "by appointment"', "2026-08-12 10:00", {}, (OPEN, "2026-08-12 17:00-05:00")),
        ('Mo-Fr 09:00-17:00; Sa "by appointment"', "2026-08-15 10:00", {}, (CALL, "")),
        ('Mo-Fr 09:00-17:00 || "on call"', "2026-08-12 10:00", {}, (OPEN, "2026-08-12 17:00-05:00")),
        ('Mo-Fr 09:00-17:00 || "on call"', "2026-08-12 20:00", {}, (CALL, "")),
        ("Mo-Fr 09:00-17:00 unknown", "2026-08-12 10:00", {}, (CALL, "")),
    ],
)
def test_open_now_has_four_answers(
    text: str | None, at: str, more: dict[str, object], answer: tuple[OpenState, str]
) -> None:
    assert state(text, at, **more) == answer  # type: ignore[arg-type]


KEPT = "Mo-Fr 09:00-17:00; PH off"


@pytest.mark.parametrize(
    ("text", "at", "more", "answer"),
    [
        # Thanksgiving and Veterans Day 2026.
        (KEPT, "2026-11-26 10:00", {}, (CLOSED, "2026-11-27 09:00-06:00")),
        (KEPT, "2026-11-11 10:00", {}, (CLOSED, "2026-11-12 09:00-06:00")),
        (KEPT, "2026-11-25 18:00", {}, (CLOSED, "2026-11-27 09:00-06:00")),
        ("Mo-Fr 09:00-17:00; PH 10:00-12:00", "2026-11-26 11:00", {}, (OPEN, "2026-11-26 12:00-06:00")),
        ("Mo-Fr 09:00-17:00; Nov Th[4] off", "2026-11-26 10:00", {}, (CLOSED, "2026-11-27 09:00-06:00")),
        # Hours that do not speak of holidays say nothing about them.
        (WEEK, "2026-11-26 10:00", {}, (CALL, "")),
        (WEEK, "2026-11-25 18:00", {}, (CLOSED, "")),
        (WEEK, "2026-11-26 18:00", {}, (CLOSED, "2026-11-27 09:00-06:00")),
        # July 4th 2026 is a Saturday: the calendar has only the Friday before. Christmas 2027 likewise.
        ("Mo-Su 09:00-17:00; PH off", "2026-07-03 10:00", {}, (CLOSED, "")),
        ("Mo-Su 09:00-17:00; PH off", "2026-07-04 10:00", {}, (CALL, "")),
        ("Mo-Su 09:00-17:00; PH off", "2026-07-04 18:00", {}, (CLOSED, "2026-07-05 09:00-05:00")),
        ("Mo-Su 09:00-17:00", "2027-12-25 10:00", {}, (CALL, "")),
        # Columbus Day is a federal holiday many states do not keep; the calendar leaves it out.
        (KEPT, "2026-10-12 10:00", {}, (CALL, "")),
        # The Sunday before Labor Day is a Sunday like any other.
        ("Mo-Su 09:00-17:00; PH off", "2026-09-06 10:00", {}, (OPEN, "2026-09-06 17:00-05:00")),
        # New Year's Day is a regional holiday in the calendar of the UK.
        (KEPT, "2026-01-01 10:00", {"country": "GB", "zone": "Europe/London"}, (CALL, "")),
        # No calendar for the country, or for its region.
        (KEPT, "2026-08-12 10:00", {"country": "IN", "zone": "Asia/Kolkata"}, (CALL, "")),
        (KEPT, "2026-08-12 18:00", {"country": "IN", "zone": "Asia/Kolkata"}, (CLOSED, "")),
        (KEPT, "2026-08-12 10:00", {"country": None}, (CALL, "")),
        (KEPT, "2026-08-12 10:00", {"region": "GU", "zone": "Pacific/Guam"}, (CALL, "")),
        (KEPT, "2026-01-06 10:00", {"region": "PR", "zone": "America/Puerto_Rico"}, (CLOSED, "2026-01-07 09:00-04:00")),
        ("Mo-Fr 09:00-17:00; PH 10:00-12:00", "2026-08-12 18:00", {"country": "IN"}, (CALL, "")),
        (KEPT, "2090-08-16 10:00", {}, (CALL, "")),
    ],
)
def test_holidays_never_make_a_place_open_that_may_be_closed(
    text: str, at: str, more: dict[str, object], answer: tuple[OpenState, str]
) -> None:
    assert state(text, at, **more) == answer  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("zone", "at", "answer"),
    [
        ("America/Phoenix", "2026-07-01 16:30+00:00", (OPEN, "2026-07-01 17:00-07:00")),
        ("America/Shiprock", "2026-07-01 23:30+00:00", (CLOSED, "2026-07-02 09:00-06:00")),
        ("America/Phoenix", "2026-07-01 23:30+00:00", (OPEN, "2026-07-01 17:00-07:00")),
        ("Pacific/Honolulu", "2026-07-01 18:59+00:00", (CLOSED, "2026-07-01 09:00-10:00")),
        ("Pacific/Honolulu", "2026-07-02 02:59+00:00", (OPEN, "2026-07-01 17:00-10:00")),
        ("America/Puerto_Rico", "2026-07-01 13:00+00:00", (OPEN, "2026-07-01 17:00-04:00")),
    ],
)
def test_hours_are_those_of_the_place(zone: str, at: str, answer: tuple[OpenState, str]) -> None:
    assert state(WEEK, at, zone) == answer


@pytest.mark.parametrize(
    ("text", "at", "answer"),
    [
        # 2026-03-08: 02:00 to 03:00 do not exist in New York.
        ("Mo-Su 02:30-05:00", "2026-03-08 01:00-05:00", (CLOSED, "2026-03-08 03:00-04:00")),
        ("Mo-Su 02:30-05:00", "2026-03-08 03:00-04:00", (OPEN, "2026-03-08 05:00-04:00")),
        ("Mo-Su 00:00-02:30", "2026-03-08 01:00-05:00", (OPEN, "2026-03-08 03:00-04:00")),
        # 2026-11-01: 01:00 to 02:00 come twice.
        ("Mo-Su 00:00-01:30", "2026-11-01 00:15-04:00", (OPEN, "2026-11-01 01:30-04:00")),
        ("Mo-Su 00:00-01:30", "2026-11-01 01:15-05:00", (OPEN, "2026-11-01 01:30-05:00")),
        ("Mo-Su 01:00-08:00", "2026-11-01 01:45-04:00", (OPEN, "2026-11-01 08:00-05:00")),
    ],
)
def test_the_days_clocks_change(text: str, at: str, answer: tuple[OpenState, str]) -> None:
    assert state(text, at, "America/New_York") == answer


def test_an_instant_without_a_zone_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="no zone"):
        hours.open_state(WEEK, "America/Chicago", "US", None, datetime(2026, 8, 12), hours_note=None)


def test_a_page_of_answers_takes_no_time() -> None:
    at = datetime(2026, 8, 12, 10, tzinfo=ZoneInfo("America/Chicago"))
    seconds = []
    for _ in range(5):  # the first round fills the caches
        began = time.perf_counter()
        for _ in range(25):
            hours.open_state("Mo-Fr 09:00-17:00; PH off", "America/Chicago", "US", "IL", at, hours_note=None)
        seconds.append(time.perf_counter() - began)
    assert min(seconds) < 0.01


# An evaluation of our own, minute by minute, as the specification and people read it; the library must agree.

_TIMES = [
    "09:00-17:00",
    "08:30-12:00",
    "13:00-17:30",
    "22:00-02:00",
    "17:00-05:00",
    "00:00-24:00",
    "20:00-24:00",
    "00:00-06:00",
]
_spans = st.lists(st.sampled_from(_TIMES), min_size=1, max_size=2).map(",".join)
_day = st.sampled_from(WEEKDAYS)
_days = st.lists(
    st.one_of(
        _day,
        st.tuples(_day, _day).map("-".join),
        st.tuples(_day, st.sampled_from(["1", "2", "3", "4", "5", "-1", "-2"])).map(
            lambda pair: f"{pair[0]}[{pair[1]}]"
        ),
        st.just("PH"),
    ),
    min_size=1,
    max_size=3,
).map(",".join)
_date = st.tuples(st.sampled_from(list(MONTHS)), st.integers(1, 31)).map(lambda pair: f"{pair[0]} {pair[1]}")
_dates = st.one_of(
    _date,
    st.tuples(_date, _date).map("-".join),
    st.sampled_from(list(MONTHS)),
    st.tuples(st.sampled_from(list(MONTHS)), st.sampled_from(list(MONTHS))).map("-".join),
)
_words = st.sampled_from(["", "", "", "off", "unknown", '"ask"', "open"])


def _sometimes(strategy: st.SearchStrategy[str], chances: int) -> st.SearchStrategy[str]:
    return st.one_of(*[st.just("")] * chances, strategy)


_rule = st.tuples(
    _sometimes(_dates, 3), st.one_of(_days, _days, st.just("")), st.one_of(_spans, _spans, st.just("")), _words
).map(lambda parts: " ".join(part for part in parts if part))
EXPRESSIONS = st.lists(st.tuples(_rule, st.sampled_from(["; ", "; ", ", "])), min_size=1, max_size=4).map(
    lambda rules: "".join(text + separator for text, separator in rules).rstrip(";, ")
)
HOLIDAYS = OpeningHours("PH", country="US")


def _is_holiday(day: date) -> bool:
    return HOLIDAYS.is_open(datetime(day.year, day.month, day.day, 12))


def _in_dates(dates: str, day: date) -> bool:
    if not dates:
        return True
    months = list(MONTHS)

    def bound(text: str, month: int, unnamed: int) -> tuple[int, int]:
        words = text.split()
        if words[0].isdigit():
            return month, int(words[0])
        return months.index(words[0]) + 1, int(words[1]) if len(words) > 1 else unnamed

    for part in dates.split(","):
        first, _, last = part.partition("-")
        low = bound(first, 0, 1)
        high = bound(last or first, low[0], 31)
        here = (day.month, day.day)
        if low <= here <= high or (low > high and (here >= low or here <= high)):
            return True
    return False


def _applies(rule: Rule, day: date) -> bool:
    if not _in_dates(rule.dates, day):
        return False
    if rule.names_no_day or day.weekday() in rule.weekdays or (rule.holidays and _is_holiday(day)):
        return True
    left = calendar.monthrange(day.year, day.month)[1] - day.day
    which = {(day.day - 1) // 7 + 1, -(left // 7 + 1)}
    return any(entry[:2] == WEEKDAYS[day.weekday()] and int(entry[3:-1]) in which for entry in rule.nth)


def _day_of(rules: tuple[Rule, ...], day: date) -> list[str]:
    minutes = ["closed"] * (2 * DAY)
    for rule in rules:
        if not _applies(rule, day):
            continue
        if rule.replaces:
            minutes = ["closed"] * (2 * DAY)
        word = "closed" if rule.is_off else "unknown" if rule.comment or rule.modifier else "open"
        for start, end in rule.spans or ((0, DAY),):
            minutes[start:end] = [word] * (end - start)
    return minutes


@settings(deadline=None, max_examples=400, suppress_health_check=list(HealthCheck))
@given(
    EXPRESSIONS,
    st.dates(date(2025, 1, 1), date(2030, 12, 31)),
    st.lists(st.integers(0, DAY - 1), min_size=6, max_size=6),
)
@example("Th[2],Tu[1] 09:00-17:00 open, 09:00-17:00 open", date(2028, 4, 5), [774])
@example("Mo-Fr 22:00-02:00; Sa 10:00-12:00", date(2026, 8, 15), [60])
@example("Jun-Aug 22:00-02:00", date(2026, 9, 1), [60])
def test_the_library_reads_what_we_accept_as_we_do(text: str, day: date, minutes: list[int]) -> None:
    try:
        normal = hours.parse(text)
    except ValueError:
        return
    rules = read(text).rules
    library = OpeningHours(normal, country="US")
    own, before = _day_of(rules, day), _day_of(rules, day - timedelta(days=1))
    for minute in minutes:
        found, comment = library.state(datetime(day.year, day.month, day.day, minute // 60, minute % 60))
        read_as = "unknown" if comment and str(found) == "open" else str(found)
        expected = {own[minute], before[DAY + minute]} - {"closed"} or {"closed"}
        assert read_as in expected, (normal, day, minute)


@settings(deadline=None, max_examples=300, suppress_health_check=list(HealthCheck))
@given(
    EXPRESSIONS,
    st.datetimes(datetime(2000, 1, 1), datetime(2099, 1, 1), timezones=st.just(UTC)),
    st.sampled_from(
        ["America/New_York", "Asia/Kolkata", "Pacific/Apia", "Australia/Lord_Howe", "", None, "../etc/passwd"]
    ),
    st.sampled_from(["US", "IN", "GB", "", "ZZ", None]),
)
def test_any_accepted_hours_have_an_answer_that_lasts_until_it_says(
    text: str, at: datetime, zone: str | None, country: str | None
) -> None:
    try:
        normal = hours.parse(text)
    except ValueError:
        return
    assert hours.parse(normal) == normal

    def answer(moment: datetime) -> hours.Open:
        return hours.open_state(normal, zone, country, None, moment, hours_note=None)

    now = answer(at)
    if now.until is None:
        return
    assert at < now.until <= at + timedelta(days=7, hours=1)
    changes = now.until.astimezone(UTC)
    assert answer(changes).state is not now.state
    offsets = {(changes + timedelta(hours=step)).astimezone(now.until.tzinfo).utcoffset() for step in range(-4, 4)}
    if len(offsets) == 1:
        assert answer(max(at, changes - timedelta(minutes=1))).state in (now.state, CALL)


@pytest.mark.parametrize("piece", ['"', "Mo,", "09:00-10:00,", "24/7", "-", " ", "||", "[", "Dec 1-", "é"])
def test_no_cell_takes_long(piece: str) -> None:
    for text in (piece * 100_000, (piece * 255)[:255]):
        seconds = []
        for _ in range(3):
            began = time.perf_counter()
            with pytest.raises(ValueError):
                hours.parse(text)
            seconds.append(time.perf_counter() - began)
        assert min(seconds) < 0.05
