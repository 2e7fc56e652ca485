"""The page of results: what was understood, three groups of cards, what was widened and what can be left out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from zoneinfo import ZoneInfo

from directory import geo, topics
from directory.answer import ALL_WISHES, LIFTED_MOST
from directory.matches import EMERGENCY, Lift, Match, Results
from directory.needs import Vocabulary
from directory.query import Cursor
from directory.records import OpenState
from directory.topics import Topic
from directory.web import cards, care, forms, languages, spots, words
from directory.web.params import Asked
from directory.web.site import Site
from directory.wording import _, language, named, ngettext

# Fewer than the API gives: a page is read by somebody who may not have the strength for more.
SHOWN = "10"
REMOTE_FIRST = 6
MORE_REMOTE = "50"
# Beside those in the strip on top of the page.
CRISIS_FIRST = 2
URGENT_KINDS = ("psychiatric_emergency", "mobile_crisis", "walk_in")
URGENT_SHOWN = 3
TOPICS_SHOWN = 3
AWAKE_SHOWN = 3
NIGHT_BEGINS, NIGHT_ENDS = 21, 7
# Substances no code list of services knows: the page asks for care, and promises nothing.
UNLISTED = ("kratom", "tianeptine")


@dataclass(frozen=True, slots=True)
class Again:
    """A button that asks again with one thing changed. It is sent as a form, so nothing typed enters an address."""

    label: str
    pairs: tuple[tuple[str, str], ...]
    note: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class Block:
    """Cards under a heading of their own; the first block of a group has none."""

    title: str
    cards: tuple[cards.Card, ...]


@dataclass(frozen=True, slots=True)
class Caution:
    """Careful words about substances that no list of services names, and the guides to them."""

    names: str
    ways: tuple[cards.Way, ...]
    topics: tuple[Topic, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """Everything the page of results shows."""

    form: forms.Form
    place: str
    typed: str
    country: str
    needs: str
    count: str
    notes: tuple[str, ...]
    crisis: tuple[cards.Card, ...]
    more_crisis: tuple[cards.Card, ...]
    nearby: tuple[Block, ...]
    closer: cards.Card | None
    closer_label: str
    awake: tuple[cards.Card, ...]
    remote: tuple[cards.Card, ...]
    lifts: tuple[Again, ...]
    next: Again | None
    is_first_page: bool
    more_remote: Again | None
    without_place: Again | None
    choices: tuple[Again, ...]
    urgent: bool
    urgent_care: tuple[cards.Card, ...]
    caution: Caution | None
    shared: str
    in_other_languages: tuple[Again, ...]
    topics: tuple[Topic, ...]
    to_say: str
    to_ask: tuple[str, ...]
    has_both: bool
    map: spots.Drawn
    remote_first: bool
    few_lists_say: bool


def page(site: Site, asked: Asked, results: Results) -> Page:
    """Return the page of an answer."""
    vocabulary, country, query = site.searcher.vocabulary, results.country, results.query

    def made(matches: Sequence[Match]) -> tuple[cards.Card, ...]:
        asks_for_age = query.age is not None
        return tuple(cards.card(match, vocabulary, country, asks_for_age=asks_for_age) for match in matches)

    above = {line.name for line in site.strip(country).lines}
    crisis = made([match for match in results.crisis if not _stands_above(match, above)])
    is_urgent = any(vocabulary.needs[need].urgent for need in query.needs)
    followed = results.next_page
    awake = _awake(results)
    remote = [match for match in results.remote if match not in awake]
    asks_for_more = query.limit >= int(MORE_REMOTE)
    shown = remote if asks_for_more else remote[:REMOTE_FIRST]
    more_is_known = not asks_for_more and (len(shown) < len(remote) or len(results.remote) >= query.limit)
    return Page(
        form=forms.form(vocabulary, asked, country, site.searcher.counts(results)),
        place=results.place.name if results.place else "",
        typed=query.near,
        country=site.country_name(country),
        needs=_needs(vocabulary, query.needs),
        count=_count(results),
        notes=_notes(results),
        crisis=crisis[:CRISIS_FIRST],
        more_crisis=crisis[CRISIS_FIRST:],
        nearby=_blocks(results, made),
        closer=made([results.closer])[0] if results.closer else None,
        closer_label=_closer_label(results.closer),
        awake=made(awake),
        remote=made(shown),
        lifts=tuple(_lift(vocabulary, asked, lift) for lift in results.lifts),
        next=_following(asked, followed) if followed else None,
        is_first_page=query.after is None,
        more_remote=Again(_("Show more by phone or online"), tuple(asked.pairs("after", limit=MORE_REMOTE)))
        if more_is_known
        else None,
        without_place=Again(_("Search without a place"), tuple(asked.pairs("near", "after"))) if query.near else None,
        choices=_choices(site, asked, results),
        urgent=is_urgent,
        urgent_care=made(_urgent_care(site, results)) if is_urgent and query.after is None else (),
        caution=_caution(site, results),
        shared=asked.address(),
        map=spots.of_search(results.place, country),
        has_both=any(match.tier == 1 for match in results.nearby) and cards.asks_for_both(vocabulary, query.needs),
        # What is a day's journey away stands after what can be had at home.
        remote_first=bool(shown)
        and query.near != ""
        and all(match.relaxed in ("region", "country") for match in results.nearby),
        few_lists_say=any(lift.parameter == "accessibility" for lift in results.lifts),
        to_say=care.to_say(vocabulary, query.needs),
        to_ask=care.to_ask(vocabulary, query),
        topics=tuple(topics.about(site.topics, query.needs)[:TOPICS_SHOWN]) if query.after is None else (),
        in_other_languages=tuple(
            Again(name, tuple(asked.pairs()), language=tag)
            for tag, name in languages.NAMES.items()
            if tag != language()
        ),
    )


def _stands_above(match: Match, names: Collection[str]) -> bool:
    """Tell whether a line is in the strip, on top of the same page."""
    return match.resource["kind"] == EMERGENCY or match.resource["name"] in names


def _awake(results: Results) -> list[Match]:
    """Return what is open by phone or online while it is night at the place and no door near it is open: it stands first."""
    place = results.place
    if place is None or place.point is None or any(match.open.state is OpenState.OPEN for match in results.nearby):
        return []
    zone = place.timezone or geo.timezone_at(place.point)
    hour = results.query.at.astimezone(ZoneInfo(zone)).hour if zone else NIGHT_ENDS
    if NIGHT_ENDS <= hour < NIGHT_BEGINS:
        return []
    return [match for match in results.remote if match.open.state is OpenState.OPEN][:AWAKE_SHOWN]


def _needs(vocabulary: Vocabulary, needs: Sequence[str]) -> str:
    return ", ".join(named(vocabulary.needs[need].names) for need in needs)


def _following(asked: Asked, cursor: Cursor) -> Again:
    words_shown = _("Show more near you") if cursor.within is not None else _("Show more farther away")
    return Again(words_shown, tuple(asked.pairs(after=cursor.text())))


def _count(results: Results) -> str:
    parts = [ngettext("{number} line to talk to now", "{number} lines to talk to now", len(results.crisis))]
    if results.place is not None:
        near = sum(match.relaxed is None for match in results.nearby)
        farther = len(results.nearby) - near
        follows = results.next_page
        if follows is not None and follows.within is not None:
            parts.append(_("{number}+ places near you", number=near))
        elif near:
            parts.append(ngettext("{number} place near you", "{number} places near you", near))
        else:
            parts.append(_("no places near you"))
        if farther and follows is not None and follows.few:
            parts.append(_("{number}+ farther away", number=farther))
        elif farther:
            parts.append(_("{number} farther away", number=farther))
    if results.query.after is None:
        remote = len(results.remote)
        parts.append(_("{number} by phone or online", number=remote) if remote else _("none by phone or online"))
    return ", ".join(parts) + "."


def _notes(results: Results) -> tuple[str, ...]:
    """Return what was changed beyond distance; how far was gone stands above the places themselves."""
    return tuple(words.sentence(each.message) + "." for each in results.relaxed if each.what != "radius_km")


def _blocks(results: Results, made: Callable[[Sequence[Match]], tuple[cards.Card, ...]]) -> tuple[Block, ...]:
    """Split the places by how far was gone for them, each part under words that say so."""
    messages = {each.value: words.sentence(each.message) for each in results.relaxed if each.what == "radius_km"}
    parts = groupby(results.nearby, key=lambda match: match.relaxed)
    return tuple(Block(messages.get(relaxed or "", ""), made(list(part))) for relaxed, part in parts)


def _closer_label(closer: Match | None) -> str:
    if closer is None:
        return ""
    asked, stated = len(closer.needs_asked), len(closer.needs_stated)
    return _("Closer, covers {stated} of {asked}", stated=stated, asked=asked) if stated else _("Closer, but fits less")


def _lift(vocabulary: Vocabulary, asked: Asked, lift: Lift) -> Again:
    many = lift.matches >= LIFTED_MOST
    found = _("shows many places") if many else ngettext("shows {number} place", "shows {number} places", lift.matches)
    if lift.parameter == ALL_WISHES:
        return Again(_("Search without all of these"), tuple(asked.pairs(*lift.values, "after")), found)
    wish = {"age": _("age {years}", years=lift.values[0]), "open_now": _("open now")}.get(lift.parameter)
    if wish is None:
        wish = words.names(vocabulary, lift.parameter, lift.values)
    return Again(_("Search without “{wish}”", wish=wish), tuple(asked.pairs(lift.parameter, "after")), found)


def _choices(site: Site, asked: Asked, results: Results) -> tuple[Again, ...]:
    found = []
    for place in results.candidates:
        near = place.name
        if site.searcher.gazetteer.find(near, site.config.country).place != place and place.point is not None:
            near = f"{place.point.latitude}, {place.point.longitude}"
        found.append(Again(place.name, tuple(asked.pairs("after", near=near))))
    return tuple(found)


def _urgent_care(site: Site, results: Results) -> Sequence[Match]:
    """Return what helps at once near the place: an emergency room for the mind, a team that comes, a door without appointment."""
    if results.place is None:
        return ()
    query = results.query
    facets = {key: values for key, values in query.facets.items() if key != "kind"}
    urgent = replace(
        query, needs=(), words="", open_now=False, limit=URGENT_SHOWN, facets={**facets, "urgent_care": URGENT_KINDS}
    )
    return [match for match in site.searcher.search(urgent).nearby if match.relaxed in (None, "80")]


def _caution(site: Site, results: Results) -> Caution | None:
    vocabulary = site.searcher.vocabulary
    named = [need for need in results.query.needs if need in UNLISTED]
    if not named:
        return None
    reaction = 1 << vocabulary.needs["bad_reaction"].bit
    ways: tuple[cards.Way, ...] = ()
    for row in site.searcher.crisis_book.lines.get(results.country, ()):
        if row["stated"] & reaction and row["phone"]:
            ways = tuple(way for way in cards.ways(row, results.country) if way.by == "call")
            ways = tuple(
                cards.Way(way.by, way.href, f"{row['name']}: {way.label[:1].lower()}{way.label[1:]}") for way in ways
            )
            break
    guides = tuple(topic for topic in site.topics.values() if set(topic.needs) & set(named))
    return Caution(_needs(vocabulary, named), ways, guides)
