"""The only reader of what a request sends: strict about bytes, names and repeats, the same for page and API."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from difflib import get_close_matches
from typing import IO, Any
from urllib.parse import unquote_to_bytes, urlencode

from flask import Request, request
from werkzeug.exceptions import RequestEntityTooLarge

from directory import query
from directory.errors import BadQuery
from directory.needs import MAXIMUM_NEEDS, Vocabulary
from directory.records import shown
from directory.wording import _

LONGEST_ADDRESS = 8_000
LARGEST_BODY = 50_000
MOST_PARTS = 100
_METHODS = frozenset({"GET", "HEAD", "POST", "OPTIONS", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT"})


class WordsOnly(Request):
    """A request that opens no file for what is uploaded: nothing here takes one."""

    def _get_file_stream(self, *_args: object, **_options: object) -> IO[bytes]:
        raise BadQuery(_("a search takes no file"))


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter: its JSON type, what it asks, whether it may be repeated, further JSON Schema keywords it keeps to.

    ``is_prose``: any character may be in it; whoever takes it cleans it.
    """

    kind: str
    means: str
    repeatable: bool = False
    facet: str | None = None
    is_prose: bool = False
    rule: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_words(self) -> bool:
        """Return whether anything that can be typed is a value of it, blanks too."""
        return "maxLength" in self.rule


# A character that somebody can type: no control character but tab, line feed and return.
TYPED = r"^[^\x00-\x08\x0B\x0C\x0E-\x1F\x7F-\x9F]*$"
_WORDS = {"maxLength": query.TEXT_LIMIT, "pattern": TYPED}
# Where a request says that its answer may be kept (popular.py), and how it stands in the log.
MAY_BE_KEPT = "directory.may_be_kept"
_NEEDS = {"maxItems": MAXIMUM_NEEDS}
_RADII = {"minimum": 0.1, "maximum": query.MAXIMUM_RADIUS_KM}
_LIMITS = {"minimum": 1, "maximum": query.MAXIMUM_LIMIT}
# As query.Cursor writes it: 0 or 1, then two keys of ring, tier, squared chord and id.
_KEY = r"(0\.0\.0\.0|[0-9]\.([1-9]|1[0-9])\.(0|[1-9][0-9]{0,16})\.[1-9][0-9]{0,17})"
_CURSOR = {"pattern": rf"^[01]\.{_KEY}\.{_KEY}$"}
PARAMETERS: Mapping[str, Parameter] = {
    "near": Parameter("string", "ZIP, postcode, city, region or country, or 'latitude, longitude'", rule=_WORDS),
    "need": Parameter("string", "What somebody is going through; at most 8, free words included", repeatable=True, rule=_NEEDS),
    "q": Parameter("string", "Free words: needs are understood, the rest is looked for in names", rule=_WORDS),
    "radius_km": Parameter("number", "Kilometres round the place, up to 500; 40 unless told", rule=_RADII),
    "open_now": Parameter("boolean", "yes: only what is surely open now"),
    "age": Parameter("integer", "Age in years of the person", rule={"minimum": 0, "maximum": 120}),
    "limit": Parameter("integer", "Most matches in a group, 1 to 100; 25 unless told", rule=_LIMITS),
    "after": Parameter("string", "The word 'next' of the page before", rule=_CURSOR),
    **{
        name: Parameter("string", f"Only with one of these values of {name}", repeatable=True, facet=name)
        for name in query.FACET_PARAMETERS
    },
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """The search parameters of one request, as typed, empty ones left out."""

    values: Mapping[str, tuple[str, ...]]

    def one(self, name: str) -> str:
        """Return a single parameter, "" when it was not sent."""
        return self.values.get(name, ("",))[0]

    def pairs(self, *without: str, **instead: str) -> list[tuple[str, str]]:
        """Return name and value of each, for a form that asks again; ``without`` some, ``instead`` others."""
        dropped = {*without, *instead}
        kept = [(name, value) for name, values in self.values.items() if name not in dropped for value in values]
        return [*kept, *instead.items()]

    def address(self) -> str:
        """Return the link that asks the same, for somebody who wants to share it."""
        return "/find?" + urlencode(self.pairs("after"))

    def query(self, vocabulary: Vocabulary, at: datetime, *, limit: str = "") -> query.Query:
        """Return the query these words ask at an instant; ``limit`` where none was sent.

        Raises:
            BadQuery: as ``query.build``; a number with a fraction where only whole ones make sense.
        """
        words: dict[str, Any] = {
            name: self.values.get(name, ()) if parameter.repeatable else self.one(name)
            for name, parameter in PARAMETERS.items()
        }
        built = query.build(vocabulary, **{**words, "limit": self.one("limit") or limit, "at": at})
        for name, parameter in PARAMETERS.items():
            if parameter.kind == "integer" and self.one(name):
                whole(self.one(name), name)
        return built


def asked() -> Asked:
    """Return the search parameters of this request: of its address, and of its form.

    Raises:
        BadQuery: an unknown parameter, a single one sent twice, text that is not UTF-8, a character nobody can type;
            from a program, blanks that are no value.
        RequestEntityTooLarge: more than 50,000 bytes or 100 parts.
    """
    pairs = [*_read(request.query_string), *_form()]
    found = _kept(pairs, PARAMETERS)
    if wants_json():
        _refuse_blanks([(name, value) for name, value in pairs if value], PARAMETERS)
        _refuse_too_many([name for name, _ in pairs], PARAMETERS)
    return Asked(found)


def sent(known: Mapping[str, Parameter]) -> dict[str, tuple[str, ...]]:
    """Return the parameters in the address of this request, as typed; words that are blank are left out.

    Raises:
        BadQuery: as ``asked``; a value that is blank where words make no sense.
    """
    pairs = list(_read(request.query_string))
    found = _kept(pairs, known)
    _refuse_blanks(pairs, known)
    return found


def posted(known: Mapping[str, Parameter]) -> dict[str, tuple[str, ...]]:
    """Return what the form of this request sends, as typed; what is blank is left out.

    Raises:
        BadQuery, RequestEntityTooLarge: as ``asked``.
    """
    return _kept(_form(), known)


def whole(text: str, name: str) -> int:
    """Return the whole number that a parameter is.

    Raises:
        BadQuery: anything else, 1.5 and 1e3 too.
    """
    if not re.fullmatch(r"-?\d{1,12}", text.strip(), re.ASCII):
        raise BadQuery(_("{value} is not a whole number", value=shown(text.strip())), field=name)
    return int(text)


def path() -> str:
    """Return the path of this request."""
    return str(request.path)


def preferred(known: Iterable[str], default: str) -> str:
    """Return which of the languages we know the browser asks for first."""
    return request.accept_languages.best_match(known, default) or default


def host_address() -> str:
    """Return scheme and host as the caller reached us, without a slash at the end."""
    return request.host_url.rstrip("/")


def wants_no_body() -> bool:
    """Return whether only the headers of the answer are asked for."""
    return request.method == "HEAD"


def allow_keeping() -> None:
    """Let the answer to this request be kept for others who ask the same; it is told what the log says of it."""
    request.environ[MAY_BE_KEPT] = for_log()


def says_something() -> bool:
    """Return whether the request carries anything but an address: a form, or words in the address."""
    return request.method not in {"GET", "HEAD"} or bool(request.query_string)


def takes_compressed() -> bool:
    """Return whether whoever asks can read an answer compressed with gzip."""
    return bool(request.accept_encodings.quality("gzip"))


def is_posted() -> bool:
    """Return whether the request sends a form."""
    return bool(request.method == "POST")


def is_empty() -> bool:
    """Return whether the request asks nothing at all."""
    return not request.query_string and request.method in {"GET", "HEAD"}


def address_is_too_long() -> bool:
    """Return whether path and query of this request are longer than we read."""
    return len(request.path) + len(request.query_string) > LONGEST_ADDRESS


def wants_json() -> bool:
    """Return whether this is a path that answers JSON, errors included."""
    path = request.path
    return path.startswith(("/api/", "/hsds/")) or path in {"/hsds", "/openapi.json", "/healthz", "/readyz"}


def endpoint() -> str | None:
    """Return the name of the view this request goes to, None when there is none."""
    return request.endpoint


def for_log() -> tuple[str, str]:
    """Return the method and the route as the log may show them: nothing that somebody typed is left in them."""
    method = request.method if request.method in _METHODS else "OTHER"
    route = (
        re.sub(r"<(?:[^<>]*:)?(\w+)>", r"<\1>", request.url_rule.rule)
        if request.url_rule is not None
        else "(no such page)"
    )
    return method, route


def _kept(pairs: Sequence[tuple[str, str]], known: Mapping[str, Parameter]) -> dict[str, tuple[str, ...]]:
    """Return the values of each parameter, empty ones left out."""
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        if name not in known:
            near = get_close_matches(name.lower(), known, n=1)
            hint = f"; did you mean '{near[0]}'?" if near else f"; the parameters are: {', '.join(known)}"
            raise BadQuery(
                f"there is no parameter {shown(name, 40)}{hint if known else ' here'}", field=shown(name, 40).strip("'")
            )
        if not known[name].is_prose and any(
            unicodedata.category(c) in {"Cc", "Cs"} and c not in "\t\r\n" for c in value
        ):
            raise BadQuery(_("'{name}' holds a character that nobody can type", name=name), field=name)
        found.setdefault(name, []).append(value)
    for name, values in found.items():
        if len(values) > 1 and not known[name].repeatable:
            said = _("'{name}' was sent {number} times; send it once", name=name, number=len(values))
            raise BadQuery(said, field=name)
    kept = {name: tuple(value for value in values if value.strip()) for name, values in found.items()}
    return {name: values for name, values in kept.items() if values}


def _refuse_blanks(pairs: Sequence[tuple[str, str]], known: Mapping[str, Parameter]) -> None:
    for name, value in pairs:
        if not value.strip() and not known[name].is_words:
            raise BadQuery(f"'{name}' has no value; give it one, or leave it out", field=name)


def _refuse_too_many(names: Sequence[str], known: Mapping[str, Parameter]) -> None:
    for name, times in Counter(names).items():
        most = known[name].rule.get("maxItems", times)
        if times > most:
            raise BadQuery(f"'{name}' was sent {times} times; send it at most {most} times", field=name)


def _read(raw: bytes) -> Iterator[tuple[str, str]]:
    """Read urlencoded pairs (WHATWG URL, section 5.1), but refuse bad UTF-8 instead of replacing it."""
    if raw.count(b"&") >= MOST_PARTS:
        raise RequestEntityTooLarge
    for part in raw.split(b"&"):
        if part:
            name, _, value = part.partition(b"=")
            word = _text(name, "?")
            yield word, _text(value, word)


def _text(raw: bytes, field: str) -> str:
    try:
        return unquote_to_bytes(raw.replace(b"+", b" ")).decode("utf-8")
    except UnicodeDecodeError:
        raise BadQuery(_unreadable(field), field=field) from None


def _unreadable(name: str) -> str:
    return _("{name} is not readable text; send it as UTF-8", name=shown(name, 40))


def _form() -> Sequence[tuple[str, str]]:
    if request.method != "POST":
        return ()
    if request.mimetype == "multipart/form-data":
        pairs = list(request.form.items(multi=True))
        for name, value in pairs:
            if "\N{REPLACEMENT CHARACTER}" in name + value:
                raise BadQuery(_unreadable(name), field=name)
        return pairs
    body = request.get_data(cache=False)
    if body and request.mimetype not in {"", "application/x-www-form-urlencoded"}:
        raise BadQuery(_("a search is sent as application/x-www-form-urlencoded"))
    return list(_read(body))
