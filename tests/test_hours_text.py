"""Hours in English words: what is certain becomes opening_hours, everything else stays words."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from directory import hours
from directory.importers.hours_text import opening_hours


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("24 hours a day, 7 days a week", "24/7"),
        ("24/7", "24/7"),
        ("24/7, 365 days a year", "24/7"),
        ("Open 24 hours", "24/7"),
        ("24 hours/day, seven days/week", "24/7"),
        ("Mon-Fri 9am-5pm", "Mo-Fr 09:00-17:00"),
        ("Hours: Mon. - Fri. 9 a.m. - 5 p.m.", "Mo-Fr 09:00-17:00"),
        ("Monday - Friday: 8:00 AM - 4:30 PM", "Mo-Fr 08:00-16:30"),
        ("Weekdays 9 AM–5 PM", "Mo-Fr 09:00-17:00"),
        ("9am-5pm, Monday through Friday", "Mo-Fr 09:00-17:00"),
        ("9am-5pm (Mon-Fri), 10am-2pm (Sat)", "Mo-Fr 09:00-17:00; Sa 10:00-14:00"),
        ("M-F 8-5", "Mo-Fr 08:00-17:00"),
        ("9-5 Mon-Fri", "Mo-Fr 09:00-17:00"),
        ("M-Th 8:30am-5pm, F 8:30am-noon", "Mo-Th 08:30-17:00; Fr 08:30-12:00"),
        ("Mon, Wed, Fri 9 a.m. to noon; Tue 10-2pm", "Mo,We,Fr 09:00-12:00; Tu 10:00-14:00"),
        ("Mon-Thu 8:30am-5pm; Fri 8:30am-12pm", "Mo-Th 08:30-17:00; Fr 08:30-12:00"),
        ("Mon: 9am–5pm | Tue: 10am–6pm", "Mo 09:00-17:00; Tu 10:00-18:00"),
        ("Monday 9:00 AM - 5:00 PM\nTuesday Closed\nWednesday 1-5pm", "Mo 09:00-17:00; We 13:00-17:00"),
        ("Daily 9am-9pm", "Mo-Su 09:00-21:00"),
        ("Daily 9am-9pm, closed Sunday", "Mo-Sa 09:00-21:00"),
        ("Daily except Sunday 9am-9pm", "Mo-Sa 09:00-21:00"),
        ("Mon-Fri 9am-5pm, closed weekends and holidays", "Mo-Fr 09:00-17:00; PH off"),
        ("Mon-Fri 9am-5pm except federal holidays", "Mo-Fr 09:00-17:00; PH off"),
        ("Mon-Fri 9am-12pm and 1pm-5pm", "Mo-Fr 09:00-12:00,13:00-17:00"),
        ("Mon-Fri 9:00-12:30, 13:00-17:00", "Mo-Fr 09:00-12:30,13:00-17:00"),
        ("Mon-Fri 0900-1700", "Mo-Fr 09:00-17:00"),
        ("every day 4 pm to midnight", "Mo-Su 16:00-24:00"),
        ("Fri-Sat 8pm-2am", "Fr,Sa 20:00-02:00"),
        ("Sat & Sun noon-5", "Sa,Su 12:00-17:00"),
        ("24 hours Mon-Fri", "Mo-Fr 00:00-24:00"),
        ("Mo-Fr 09:00-17:00; PH off", "Mo-Fr 09:00-17:00; PH off"),
        ("Mo-Fr 9:00-5:00", "Mo-Fr 09:00-17:00"),
    ],
)
def test_what_is_certain_is_read(words: str, meant: str) -> None:
    assert opening_hours(words) == hours.parse(meant)


@pytest.mark.parametrize(
    "words",
    [
        "", "by appointment", "Mon-Fri 9am-5pm or by appointment", "Call for hours", "varies", "Closed Sunday",
        "9am-5pm",  # on which days?
        "09:00-17:00", "9:00-5:00", "Mon-Fri",
        "Mon 6-8pm",  # from six in the morning or in the evening?
        "Daily 9-5", "Sat 9-5",  # an office's day is only certain on working days
        "Mon-Fri 8-12", "Mon-Fri 9am-11", "Mon-Fri 5-8", "Mon 9am-9am", "Mon-Fri 9am-5am",
        "Mon-Fri 9am-5pm EST", "Mon-Fri 9am-5pm Eastern",
        "Mon-Fri 9am-5pm; Wed 9am-8pm",  # as well, or instead?
        "Mon-Fri 9am-5pm, closed for lunch", "Mon-Fri 9am-5pm, closed 12pm-1pm", "Mon 9am-5pm, closed Monday",
        "Mon-Fri 9am-5pm, closed major holidays", "T 9am-5pm", "S 9am-5pm", "MWF 9am-5pm", "1st Monday 7pm-9pm",
        "Friday 10pm - Sunday 6am", "Mon-Fri 25am-5pm", "Mon-Fri 9:75am-5pm", "Mon-Fri 9am-5pm-8pm", "24/7 Mon-Fri",
        "Mon-Fri 9am-1pm, 12pm-5pm", "not Mon-Fri 9am-5pm", "9am-5pm Mon-Fri, Sat 10am-2pm", "Mon Tue 9am-5pm",
        "Summer: Mon-Fri 9am-5pm", "24 hour crisis line; office Mon-Fri 9am-5pm",
    ],
)  # fmt: skip
def test_what_is_not_certain_stays_words(words: str) -> None:
    assert opening_hours(words) is None


DAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
SPELT = {
    "short": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    "dotted": ("Mon.", "Tues.", "Wed.", "Thurs.", "Fri.", "Sat.", "Sun."),
    "long": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "plural": ("MONDAYS", "TUESDAYS", "WEDNESDAYS", "THURSDAYS", "FRIDAYS", "SATURDAYS", "SUNDAYS"),
}


def clock(minutes: int, style: str) -> str:
    hour, minute = divmod(minutes % 1440, 60)
    if style == "24":
        return f"{minutes // 60:02}:{minute:02}"
    if style == "words" and minutes in (720, 1440):
        return "noon" if minutes == 720 else "midnight"
    small, large = {"dots": ("a.m.", "p.m."), "capitals": ("AM", "PM")}.get(style, ("am", "pm"))
    minutes_said = "" if minute == 0 and style != "capitals" else f":{minute:02}"
    blank = " " if style in ("dots", "capitals") else ""
    return f"{hour % 12 or 12}{minutes_said}{blank}{small if hour < 12 else large}"


@st.composite
def schedules(draw: st.DrawFn) -> tuple[str, str]:
    """A week as somebody writes it, and as OSM has it."""
    groups = draw(st.lists(st.sampled_from([0, 1, 2]), min_size=7, max_size=7))
    clocks = draw(st.sampled_from(["dots", "capitals", "plain", "words", "24"]))
    names = SPELT[draw(st.sampled_from(sorted(SPELT)))]
    to = draw(st.sampled_from(["-", " - ", "–", " to ", " until "]))
    after_days = draw(st.sampled_from([" ", ": ", " - ", ", "]))
    between = draw(st.sampled_from(["; ", ", ", " ", "\n", " | "]))
    said, osm = [], []
    for group in (1, 2):
        days = [day for day in range(7) if groups[day] == group]
        if not days:
            continue
        start = draw(st.integers(0, 46)) * 15
        end = draw(st.integers(max(start // 15 + 1, 52), 96)) * 15
        run = days == list(range(days[0], days[-1] + 1)) and len(days) > 1
        if run and draw(st.booleans()):
            names_said = names[days[0]] + draw(st.sampled_from(["-", " - ", " to ", " through "])) + names[days[-1]]
        else:
            names_said = draw(st.sampled_from([", ", " & ", "/"])).join(names[day] for day in days)
        said.append(f"{names_said}{after_days}{clock(start, clocks)}{to}{clock(end, clocks)}")
        osm.append(f"{','.join(DAYS[day] for day in days)} {clock(start, '24')}-{clock(end, '24')}")
    return between.join(said), "; ".join(osm)


@settings(max_examples=500, deadline=None)
@given(schedule=schedules().filter(lambda schedule: schedule[0]))
def test_a_week_means_the_same_however_it_is_written(schedule: tuple[str, str]) -> None:
    words, osm = schedule
    assert meaning(opening_hours(words)) == meaning(osm), words


def meaning(osm: str | None) -> set[tuple[int, str]]:
    """The hours of each day."""
    assert osm is not None
    if osm == "24/7":
        osm = "Mo-Su 00:00-24:00"
    found = set()
    for rule in hours.parse(osm).replace(", ", "; ").split("; "):
        days, _, times = rule.partition(" ")
        for part in days.split(","):
            first, _, last = part.partition("-")
            a, b = DAYS.index(first), DAYS.index(last or first)
            found |= {(day, times) for day in range(a, b + 1)}
    return found


WORDS = st.sampled_from(
    "mon tue th t fri sun - to , ; : / & and 9 9am 5pm 12 noon midnight 24/7 24 hours daily weekdays closed holidays except "
    "open 17:00 0900 . am pm 8:30 a.m. every day ( ) | 7 days a week by 99 2nd".split()
)


@settings(max_examples=500, deadline=None)
@given(words=st.one_of(st.text(max_size=60), st.lists(WORDS, max_size=14).map(" ".join)))
def test_any_words_are_hours_we_can_read_or_stay_words(words: str) -> None:
    found = opening_hours(words)
    assert found is None or hours.parse(found) == found


@pytest.mark.parametrize(
    "words",
    [
        "a" * 100_000 + "!",
        "mon " * 25_000,
        "mon-" * 120,
        "9am-5pm," * 60,
        "(" * 499,
        "24 hour" * 70,
        " " * 100_000,
        "9" * 499,
    ],
)
def test_no_words_take_long(words: str) -> None:
    started = time.process_time()
    opening_hours(words)
    assert time.process_time() - started < 0.05
