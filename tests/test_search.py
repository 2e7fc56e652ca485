"""Search: the tiers, the reasons, what is widened and what never is; equal to brute force on random data."""

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from factories import CHICAGO, line, listing, place, rows, source
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from directory import density, geo
from directory.answer import Answer
from directory.db import Database
from directory.geocoding import Gazetteer
from directory.ingest import Directory
from directory.matches import Match, Results
from directory.needs import Vocabulary
from directory.query import Query, build
from directory.records import Kind, Place, Point
from directory.remote import areas
from directory.search import Searcher

AT = datetime(2026, 11, 22, 18, 0, tzinfo=UTC)
NEEDS = ("depression", "anxiety", "trauma", "kratom", "alcohol", "gambling")
STATED = (*NEEDS, "mental_health", "substance_use")


def answer(directory: Directory, connection: Connection, query: Query, where: Place) -> Results:
    query = replace(query, at=AT)
    results, served = Results(query, where.country, where), areas(where.country, where, directory.gazetteer)
    known = density.load(connection)
    return Answer(connection, directory.vocabulary, directory.gazetteer, results, query, known, served).complete()


def ids(matches: tuple[Match, ...]) -> list[str]:
    return [match.resource["name"].removeprefix("Example Practice ") for match in matches]


def at(kilometres_north: float) -> Point:
    return Point(CHICAGO.latitude + kilometres_north / 111.05, CHICAGO.longitude)


@pytest.fixture
def ask(directory: Directory):
    def asked(*listings: object, where: Place | None = None, **words: object) -> Results:
        directory.ingest(source(), rows(*listings), allow_removals=True)
        query = build(directory.vocabulary, **{"need": ("depression", "anxiety"), **words})
        with directory.database.reading() as connection:
            return answer(directory, connection, query, where or place())

    return asked


def test_the_tiers_come_in_order_and_each_by_distance(ask) -> None:
    found = ask(
        listing("one of two", needs=("anxiety",), point=at(1)),
        listing("general, near", needs=("mental_health",), point=at(2)),
        listing("states both, far", point=at(30)),
        listing("general, far", needs=("mental_health",), point=at(20)),
        listing("states both, near", point=at(10)),
    )
    assert ids(found.nearby) == ["states both, near", "states both, far", "general, near", "general, far", "one of two"]
    assert [match.tier for match in found.nearby] == [2, 2, 3, 3, 4]
    assert [match.reason for match in found.nearby] == [
        "covers 2 of 2: depression, anxiety",
        "covers 2 of 2: depression, anxiety",
        "general mental-health care: ask about depression, anxiety",
        "general mental-health care: ask about depression, anxiety",
        "covers 1 of 2: anxiety; does not say it covers depression",
    ]


def test_integrated_programmes_lead_when_both_kinds_of_need_are_asked(ask) -> None:
    care = {"needs": ("mental_health", "substance_use"), "kind": Kind.TREATMENT_PROGRAM}
    listings = (
        listing("states both", needs=("anxiety", "kratom"), point=at(1)),
        listing("integrated", integrated=True, point=at(30), **care),
        listing("not integrated", point=at(2), **care),
    )
    found = ask(*listings, need=("anxiety", "kratom"))
    assert ids(found.nearby) == ["integrated", "states both", "not integrated"]
    assert found.nearby[0].reason == (
        "treats mental health and substance use together; general mental-health care: ask about anxiety; "
        "general substance-use care: ask about kratom"
    )
    assert ids(ask(*listings, need=("anxiety",)).nearby)[0] == "states both"


def test_a_general_programme_reaches_kratom_but_never_states_it(ask) -> None:
    (found,) = ask(listing(needs=("substance_use",)), need=("kratom",)).nearby
    assert (found.needs_stated, found.needs_reached) == ((), ("kratom",))
    assert found.reason == "general substance-use care: ask about kratom"


def test_what_serves_opioids_only_is_not_offered_for_alcohol(ask) -> None:
    assert ask(listing(needs=("opioids",)), need=("alcohol",)).nearby == ()


def test_closer_and_covering_less_is_shown_beside_the_first(ask) -> None:
    far = [listing(f"far {n}", point=at(30)) for n in range(2)]
    found = ask(*far, listing("near", needs=("anxiety",), point=at(1)))
    assert found.closer is not None
    assert ids((found.closer,)) == ["near"]
    assert ask(*far, listing("near", needs=("anxiety",), point=at(15))).closer is None


def test_few_answers_are_followed_by_wider_ones_and_it_is_said(ask) -> None:
    found = ask(
        listing("partial", needs=("anxiety",), point=at(1)),
        listing("within", point=at(39)),
        listing("60", point=at(60)),
        listing("120", point=at(120)),
        listing("region", point=at(-300)),
        listing("country", point=Point(34, -118), region="CA"),
        listing("abroad", point=Point(43.65, -79.38), region="ON", country="CA"),
    )
    assert ids(found.nearby) == ["within", "partial", "60", "120", "region", "country"]
    assert [match.relaxed for match in found.nearby] == [None, None, "80", "160", "region", "country"]
    assert [(each.what, each.value) for each in found.relaxed] == [
        ("radius_km", "80"), ("radius_km", "160"), ("radius_km", "region"), ("radius_km", "country"),
    ]  # fmt: skip
    assert found.relaxed[0].message == "few answers within 25 mi: also shown, up to 50 mi away"


def test_five_answers_are_enough_not_to_look_further(ask) -> None:
    found = ask(*(listing(str(n), point=at(n)) for n in range(5)), listing("60", point=at(60)))
    assert ids(found.nearby) == ["0", "1", "2", "3", "4"]
    assert found.relaxed == ()


def test_a_short_page_does_not_make_answers_few(ask) -> None:
    found = ask(*(listing(str(n), point=at(n)) for n in range(6)), listing("60", point=at(60)), limit="2")
    assert (ids(found.nearby), found.relaxed) == (["0", "1"], ())


@pytest.mark.parametrize(
    ("facet", "word", "holds", "lacks"),
    [
        ("language", "es", {"languages": ("en", "es")}, {"languages": ("en",)}),
        ("payment", "medicaid", {"payment": ("medicaid",)}, {"payment": ("self_pay",)}),
        ("format", "video", {"formats": ("video",)}, {"formats": ("in_person",)}),
        ("accessibility", "wheelchair", {"accessibility": ("wheelchair",)}, {}),
        ("kind", "therapist", {}, {"kind": Kind.TREATMENT_PROGRAM}),
        ("audience", "veterans", {"audiences": ("veterans",)}, {}),
        ("approach", "cbt", {"approaches": ("cbt",)}, {}),
        ("urgent_care", "walk_in", {"urgent_care": ("walk_in",)}, {}),
    ],
)
def test_a_hard_wish_is_never_relaxed_and_is_named_when_it_leaves_nothing(
    ask, facet: str, word: str, holds: dict, lacks: dict
) -> None:
    found = ask(listing("holds", **holds), listing("lacks", **lacks), **{facet: (word,)})
    assert ids(found.nearby) == ["holds"]
    found = ask(listing("lacks", **lacks), **{facet: (word,)})
    assert found.nearby == ()
    assert [(lift.parameter, lift.values, lift.matches) for lift in found.lifts] == [(facet, (word,), 1)]


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        ("10", ["children", "any age"]),
        ("15", ["any age", "teens"]),
        ("30", ["any age", "adults"]),
        ("70", ["any age", "older"]),
    ],
)
def test_age_is_held_to_the_year(ask, age: str, expected: list[str]) -> None:
    found = ask(
        listing("children", audiences=("children",)),
        listing("any age"),
        listing("teens", minimum_age=13, maximum_age=17),
        listing("adults", minimum_age=18, maximum_age=64),
        listing("older", minimum_age=65),
        age=age,
    )
    assert ids(found.nearby) == expected


def test_a_page_follows_another_without_gap_or_double(ask) -> None:
    listings = [listing(f"{n:03}", needs=NEEDS[: n % 3 + 1], point=at(n % 7)) for n in range(60)]
    whole = ids(ask(*listings, limit="60").nearby)
    seen: list[str] = []
    after = ""
    while True:
        page = ask(*listings, limit="7", after=after)
        seen.extend(ids(page.nearby))
        if page.next_page is None:
            break
        after = page.next_page.text()
    assert seen == whole
    assert len(whole) == 60


def test_wider_answers_do_not_push_out_what_is_near(ask) -> None:
    near = [listing(f"near {n}", needs=("anxiety",), point=at(n)) for n in range(15)]
    far = [listing(f"far {n}", point=at(55)) for n in range(15)]
    found = ask(*near, *far, limit="10")
    assert [match.relaxed for match in found.nearby] == [None] * 5 + ["80"] * 5
    assert found.next_page is not None
    rest = ask(*near, *far, limit="10", after=found.next_page.text())
    assert ids(rest.nearby) == [f"near {n}" for n in range(5, 15)]


@pytest.mark.parametrize("limit", ["1", "2", "3", "7"])
def test_wider_answers_are_paged_too(ask, limit: str) -> None:
    listings = [listing(f"{n:02}", point=at(20 * n)) for n in range(14)]
    listings += [listing(f"partial {n}", needs=("anxiety",), point=at(n)) for n in range(4)]
    listings += [listing("elsewhere", region="WI", point=at(400))]
    seen: list[str] = []
    after = ""
    for _ in range(40):
        page = ask(*listings, limit=limit, after=after)
        assert len(page.nearby) <= int(limit)
        seen.extend(ids(page.nearby))
        if page.next_page is None:
            break
        after = page.next_page.text()
    assert sorted(seen) == sorted(each.external_id for each in listings)


def test_hard_wishes_that_leave_nothing_only_together_can_all_be_lifted_at_once(ask) -> None:
    found = ask(listing("one"), language=("es",), payment=("medicaid",), age="9")
    assert found.nearby == ()
    assert [(lift.parameter, lift.matches) for lift in found.lifts] == [
        ("language", 0), ("payment", 0), ("age", 0), ("all", 1),
    ]  # fmt: skip


def test_a_facet_may_be_called_by_its_name(vocabulary: Vocabulary) -> None:
    assert build(vocabulary, language=["Spanish"], payment=["Medicaid"]).facets == {
        "language": ("es",), "payment": ("medicaid",),
    }  # fmt: skip


def test_a_whole_state_is_paged_and_says_what_to_lift(ask) -> None:
    listings = [listing(f"{n}", point=at(n * 10 % 290)) for n in range(30)]
    where = place(precision="region", name="Illinois")
    first = ask(*listings, where=where, limit="20")
    second = ask(*listings, where=where, limit="20", after=first.next_page.text())
    assert sorted(ids((*first.nearby, *second.nearby)), key=int) == [str(n) for n in range(30)]
    assert second.next_page is None
    found = ask(*listings, where=where, language=("es",))
    assert [(lift.parameter, lift.matches) for lift in found.lifts] == [("language", 30)]


def test_what_is_open_is_found_behind_hundreds_that_are_closed(ask) -> None:
    closed = [listing(f"closed {n}", hours="Mo 08:00-09:00", timezone="America/Chicago") for n in range(300)]
    found = ask(*closed, listing("open", hours="24/7", point=at(5)), open_now="yes")
    assert ids(found.nearby) == ["open"]


def test_what_has_a_door_and_serves_by_video_is_shown_once_nearby(ask) -> None:
    found = ask(
        listing("both", formats=("in_person", "video"), service_area=("US-IL",)),
        listing(
            "online", formats=("video",), service_area=("US",), point=None, address_1=None, postal_code=None, city=None
        ),
    )
    assert (ids(found.nearby), ids(found.remote)) == (["both"], ["online"])


def test_remote_help_that_is_open_now_comes_first_within_its_tier(ask) -> None:
    group = {
        "kind": Kind.SUPPORT_GROUP, "point": None, "address_1": None, "postal_code": None, "city": None,
        "service_area": ("US",), "timezone": "America/Chicago",
    }  # fmt: skip
    found = ask(
        listing("closed", hours="Mo 08:00-09:00", **group),
        listing("open", hours="24/7", **group),
        listing("open, general", hours="24/7", needs=("mental_health",), **group),
    )
    assert ids(found.remote) == ["open", "closed", "open, general"]


def test_open_now_shows_only_what_is_open(ask) -> None:
    found = ask(
        listing("open", hours="24/7"),
        listing("closed", hours="Mo 08:00-09:00", timezone="America/Chicago"),
        listing("unknown"),
        listing("stale", hours="24/7", last_checked=AT.date().replace(year=2022)),
        open_now="yes",
    )
    assert ids(found.nearby) == ["open"]


def test_old_facts_say_so_and_are_never_open(ask) -> None:
    (found,) = ask(listing(hours="24/7", last_checked=AT.date().replace(year=2022))).nearby
    assert (found.stale, str(found.open.state)) == (True, "call_first")


def test_what_a_resource_excludes_is_not_reached_and_the_reason_says_so(ask) -> None:
    clinic = listing(kind=Kind.TREATMENT_PROGRAM, needs=("substance_use",), excludes=("alcohol",))
    (found,) = ask(clinic, need=("kratom",)).nearby
    assert found.reason == "general substance-use care: ask about kratom; does not treat drinking"
    (found,) = ask(clinic, need=("kratom", "alcohol")).nearby
    assert (found.needs_reached, found.reason) == (
        ("kratom",),
        "general substance-use care: ask about kratom; does not say it covers drinking",
    )


def test_facts_of_no_known_age_are_never_open(directory: Directory, searcher: Searcher) -> None:
    meeting = listing(hours="24/7", last_checked=None, checked_by=None)
    directory.ingest(source(retrieved=None), rows(meeting))
    (found,) = searcher.search(build(searcher.vocabulary, near="Chicago, IL", at=AT)).nearby
    assert (found.stale, str(found.open.state)) == (False, "call_first")


def test_words_are_looked_for_in_names_and_dropped_aloud_when_nothing_has_them(ask) -> None:
    listings = (listing("one", name="Río Verde Clinic"), listing("two", name="Other"))
    assert ids(ask(*listings, q="rio verd anxiety", need=()).nearby) == ["Río Verde Clinic"]
    found = ask(*listings, q="o'brien* AND (", need=())
    assert len(found.nearby) == 2
    assert [each.what for each in found.relaxed] == ["words"]


def test_crisis_lines_serve_only_their_country_and_lead_for_everyone(directory: Directory, searcher: Searcher) -> None:
    directory.ingest(
        source(),
        rows(
            line("children", audiences=("children",)),
            line("veterans", audiences=("veterans",)),
            line("everyone"),
            line("kenya", country="KE", service_area=("KE",)),
            line("quebec", country="CA", service_area=("CA-QC",)),
        ),
    )

    def names(near: str) -> list[str]:
        query = build(directory.vocabulary, near=near, language=("fr",), kind=("therapist",), at=AT)
        return [match.resource["name"].removeprefix("Example Line ") for match in searcher.search(query).crisis]

    assert names("60601") == ["Emergency: 911", "everyone", "veterans", "children"]
    assert names("Nairobi")[1:] == ["kenya"]
    assert names("Quebec, QC")[1:] == ["quebec"]
    assert "quebec" not in names("Toronto, ON")
    assert names("nowhere at all") == names("60601")


# --- random data against brute force ---------------------------------------------------------------------------------


def random_point(rng: random.Random) -> Point:
    choice = rng.random()
    if choice < 0.2:
        return Point(rng.choice([90, -90, 89.99, -89.95, 89.7]), rng.uniform(-180, 180))
    if choice < 0.4:
        return Point(rng.uniform(-1, 1), rng.choice([180, -180, 179.99, -179.98]))
    if choice < 0.8:
        return Point(CHICAGO.latitude + rng.gauss(0, 0.5), CHICAGO.longitude + rng.gauss(0, 0.5))
    return Point(rng.uniform(-90, 90), rng.uniform(-180, 180))


class Crowd:
    """Four hundred random listings and a connection to the directory that holds them."""

    def __init__(self, directory: Directory, connection: Connection, listings: list) -> None:
        self.directory, self.connection, self.listings = directory, connection, listings


@pytest.fixture(scope="module")
def crowd(vocabulary: Vocabulary, gazetteer: Gazetteer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crowd]:
    rng = random.Random(20261122)
    listings = [
        listing(
            f"{number}",
            needs=tuple(rng.sample(STATED, rng.randint(1, 3))),
            point=random_point(rng),
            integrated=rng.random() < 0.3,
            payment=tuple(rng.sample(["medicaid", "self_pay", "free"], rng.randint(0, 2))),
            languages=tuple(rng.sample(["en", "es", "fr"], rng.randint(1, 2))),
        )
        for number in range(400)
    ]
    opened = Directory(Database(f"sqlite:///{tmp_path_factory.mktemp('crowd') / 'd.sqlite3'}"), vocabulary, gazetteer)
    opened.ingest(source(), rows(*listings))
    with opened.database.reading() as connection:
        yield Crowd(opened, connection, listings)
    opened.database.dispose()


needs_asked = st.lists(st.sampled_from(NEEDS), min_size=0, max_size=6, unique=True)
payments = st.sampled_from([(), ("medicaid",), ("medicaid", "free")])
languages = st.sampled_from([(), ("es",), ("fr", "en")])
points = st.integers(0, 399)
radii = st.sampled_from([5.0, 40.0, 130.0, 500.0])


def tier_of(directory: Directory, each: object, needs: tuple[str, ...]) -> int | None:
    vocabulary = directory.vocabulary
    reached = set(vocabulary.keys(vocabulary.reach(each.needs)))
    covered = sum(need in reached for need in needs)
    if needs and covered == 0:
        return None
    families = {vocabulary.needs[need].parent or need for need in needs}
    if covered == len(needs):
        if needs and each.integrated and {"mental_health", "substance_use"} <= families:
            return 1
        return 2 if set(needs) <= set(each.needs) else 3
    return 3 + len(needs) - covered


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(asked=needs_asked, payment=payments, language=languages, start=points, radius=radii)
def test_results_equal_brute_force(crowd, asked, payment, language, start, radius) -> None:
    directory, connection, listings = crowd.directory, crowd.connection, crowd.listings
    origin = listings[start].point
    query = build(directory.vocabulary, need=asked, payment=payment, language=language, radius_km=str(radius))
    query = replace(query, limit=1000)
    found = answer(directory, connection, query, place(origin))
    expected = sorted(
        (tier, round(distance, 2), each.external_id)
        for each in listings
        if (tier := tier_of(directory, each, query.needs)) is not None
        and (distance := geo.distance_km(origin, each.point)) <= radius
        and (not payment or set(payment) & set(each.payment))
        and (not language or set(language) & set(each.languages))
    )
    got = [match for match in found.nearby if match.relaxed is None]
    assert sorted(ids(tuple(got))) == sorted(name for _, _, name in expected)
    assert [match.tier for match in got] == [tier for tier, _, _ in expected]
    for match in got:
        exact = geo.distance_km(origin, Point(match.resource["latitude"], match.resource["longitude"]))
        assert match.distance_km == pytest.approx(exact, abs=0.004)
    keys = [(match.tier, match.distance_km) for match in got]
    assert keys == sorted(keys), "distance never lifts a lower tier"
    for match in (*found.nearby, *found.remote):
        assert not payment or set(payment) & set(match.resource["payment"]), "a hard facet was relaxed"
        assert not language or set(language) & set(match.resource["languages"]), "a hard facet was relaxed"


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(asked=needs_asked, more=st.sampled_from(NEEDS), start=points)
def test_adding_a_need_never_lifts_what_does_not_reach_it(crowd, asked, more, start) -> None:
    directory, connection, listings = crowd.directory, crowd.connection, crowd.listings
    where = place(listings[start].point)

    def ranking(needs: list[str]) -> list[Match]:
        query = replace(build(directory.vocabulary, need=needs, radius_km="500"), limit=1000)
        return [match for match in answer(directory, connection, query, where).nearby if match.relaxed is None]

    before, after = ranking(asked), ranking([*asked, more])
    place_before = {match.resource["id"]: number for number, match in enumerate(before)}
    reaching = {match.resource["id"] for match in after if more in match.needs_reached}
    for number, match in enumerate(after):
        one = match.resource["id"]
        if one in reaching or one not in place_before:
            continue
        above_before = {m.resource["id"] for m in before[: place_before[one]]}
        above_now = {m.resource["id"] for m in after[:number]}
        assert above_before & reaching <= above_now, (
            "a resource that does not reach the new need was lifted over one that does"
        )
