"""Meeting Guide JSON, as AA intergroups and others publish their meetings: one draft for each group.

The format: https://github.com/code4recovery/spec. A group is known by its name, its own group name, its place and its way
to join, so its id stays when a day is added. What tells of a person (contacts, addresses for feedback and gifts, a
group's own e-mail and telephone, which are often a member's) is read by nobody.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from directory import clean
from directory.importers import addresses, jsonfile, meeting_place, meeting_words, meetings, mended, own
from directory.importers.addresses import Address
from directory.importers.cells import Fault
from directory.importers.drafts import Context, Draft, Reading, Tally
from directory.importers.mappings import Meaning
from directory.importers.meeting_place import Venue
from directory.importers.meeting_words import Codes, Meeting
from directory.importers.meetings import Groups, Record
from directory.importers.mended import MendedRecords
from directory.importers.row_engine import OPTIONAL, Engine
from directory.importers.sources import NOT_STATED, Options, Source
from directory.importers.textfile import name_of

ORIGINS = {
    "id": "slug", "name": "name", "address_1": "address", "city": "city", "region": "state", "postal_code": "postal_code",
    "country": "country", "latitude": "latitude", "longitude": "longitude", "timezone": "timezone", "url": "url",
    "phone": "conference_phone", "hours": "time", "hours_note": "time", "description": "notes", "organization": "entity",
    "last_checked": "updated",
}  # fmt: skip
PERSONAL = frozenset(
    {"feedback_emails", "feedback_url", "email", "phone", "venmo", "square", "paypal", "last_contact"}
    | {f"contact_{number}_{what}" for number in (1, 2, 3) for what in ("name", "email", "phone")}
)
_PLACE = ("address_1", "city", "region", "postal_code", "country")
_FELLOWSHIP = "fellowship:"
_CLOSED = ("status", "temporarily_closed")
_ONLINE = ("formats", "video")
# Languages that a whole feed may be in without being a local code of the same letters.
_USUAL = frozenset({"en", "es"})
_USUAL_SHARE = 10
_NOTES = ("notes", "location_notes", "group_notes")


def recognises(path: Path) -> bool:
    """Return whether a file is a list of Meeting Guide's meetings; never raises."""
    found = jsonfile.head(path)
    return not found.top_keys and {"name", "slug"} <= found.first_record.keys() and (
        not {"day", "time", "types", "formatted_address"}.isdisjoint(found.first_record)
    )  # fmt: skip


def read(path: Path, source: Source, context: Context, options: Options) -> Reading:
    """Return the groups of a feed, a row each; the other meetings of a group are counted in ``tally.combined``.

    Raises:
        UnreadableFile: as ``jsonfile.records``, also while the rows are read.
        BadData: data/mappings/meeting_guide.csv cannot be read.
    """
    codes = meeting_words.load(context.data_folder, "meeting_guide", context.vocabulary)
    records = (
        MendedRecords(path, dict.fromkeys(("types", "regions"), mended.parts), options.size_limit, options.encoding)
        if mended.is_mended(path)
        else jsonfile.records(path, size_limit=options.size_limit)
    )
    tally = Tally()
    engine = Engine.of(name_of(path), own.FORMAT.columns, context, OPTIONAL, tally)
    columns = tuple(name for name in jsonfile.head(path).first_record if name not in PERSONAL)
    drafts = meetings.drafts(records, _Reader(source, context, codes), tally, _local_codes)
    return Reading(engine.rows(drafts), "Meeting Guide JSON", columns, _notes(source), tally, records)


def _notes(source: Source) -> tuple[str, ...]:
    if source.values.get("needs"):
        return ()
    return (
        "groups that do not name their fellowship are taken to help with drug or alcohol use in general; "
        'if they do not, say what they help with in the .toml: [values] needs = "gambling"',
    )


def _local_codes(groups: Groups) -> set[str]:
    """Return the codes of languages that cannot mean these languages here.

    An intergroup that has codes of its own may use a language's letters for something else: no feed of Minneapolis has
    347 of 600 meetings in Hebrew.
    """
    if all(groups.codes.knows(code) for code in groups.counts):
        return set()
    return {
        code
        for code, count in groups.counts.items()
        if count * _USUAL_SHARE > groups.records
        and any(column == "languages" and value not in _USUAL for column, value in groups.codes.terms_of(code))
    }


@dataclass(slots=True)
class _Reader:
    source: Source
    context: Context
    codes: Codes

    def record(self, place: int, fields: Mapping[str, Any]) -> Record | Draft:
        """Return a record as a meeting of its group, or what is wrong with it."""
        cells = meetings.flat(fields, PERSONAL)
        cells |= {name: meeting_place.impersonal(cells[name]) for name in _NOTES if cells.get(name)}

        def read(text: dict[str, str], faults: list[Fault]) -> Record:
            return self._of_group(place, text, cells, self._meeting(text, fields, faults))

        return meetings.of_group(place, fields, cells, ORIGINS, read)

    def _meeting(self, text: Mapping[str, str], fields: Mapping[str, Any], faults: list[Fault]) -> Meeting:
        days = []
        for each in fields["day"] if isinstance(fields.get("day"), list) else [fields.get("day")]:
            day = meetings.words(each) or ""
            if not day.strip():
                continue
            if day.strip() not in "0123456" or len(day.strip()) > 1:
                faults.append(("day", day, "is not a day; write 0 for Sunday to 6 for Saturday"))
                continue
            days.append((int(day) - 1) % 7)
        times = [_time(text, name, faults) for name in ("time", "end_time")]
        start, end = times
        if start is None or end is None:
            end = None
        elif end <= start:
            end += meeting_words.DAY
        codes = fields.get("types")
        listed = codes if isinstance(codes, list) else str(codes or "").split(",")
        return Meeting(
            tuple(sorted(set(days))),
            start,
            end,
            tuple(dict.fromkeys(found for each in listed if (found := (meetings.words(each) or "").strip()))),
            note=" ".join(text.get("notes", "").split()),
        )

    def _of_group(self, number: int, text: dict[str, str], cells: dict[str, str], meeting: Meeting) -> Record:
        warnings: list[Fault] = []
        checked, checked_by = self._checked(text, warnings)
        address = self._address(text, warnings)
        address, repairs, junk = addresses.mended(address, "postal_code", self.context.gazetteer)
        said = self.codes.terms(meeting)
        venue = Venue(
            address,
            text.get("location", ""),
            text.get("latitude", ""),
            text.get("longitude", ""),
            text.get("approximate", "").casefold() in {"yes", "true", "1"},
            text.get("conference_url", ""),
            text.get("conference_phone", ""),
            tuple(text.get(name, "") for name in ("url", "website", "entity_website_url")),
            text.get("entity_phone", ""),
        )
        found = {
            "kind": "support_group",
            "name": text["name"],
            "organization": text.get("entity") or _other(text.get("group", ""), text["name"]),
            **self._fellowship(text),
            "timezone": text.get("timezone", ""),
            "source_url": text.get("url", ""),
            "email": text.get("entity_email", ""),
            "checked_by": checked_by,
            **meeting_place.cells(venue, is_online=_ONLINE in said, is_closed=_CLOSED in said),
        }
        notes = [text.get(name, "") for name in ("conference_url_notes", "conference_phone_notes", "group_notes")]
        place = text.get("location_notes", "") if "address_1" in found else ""
        found["description"] = "\n".join(filter(None, (found["description"], place, *notes)))
        meeting = replace(
            meeting,
            formats=found.pop("formats"),
            details=found.pop("description"),
            room=found.get("address_2", ""),
            is_closed=bool(found.pop("status", "")),
        )
        key = meetings.key_of(
            text["name"],
            address if "address_1" in found else meeting_place.elsewhere(address),
            *(text.get(name, "") for name in ("group", "location", "region", "conference_url", "conference_phone")),
        )
        origins = ORIGINS if text.get("address") else {**ORIGINS, **dict.fromkeys(_PLACE, "formatted_address")}
        return Record(
            number, text.get("slug", ""), key, meeting, found, cells, origins, checked, (*warnings, *junk), repairs
        )

    def _checked(self, text: Mapping[str, str], warnings: list[Fault]) -> tuple[date | None, str]:
        """Return the day the publisher dates a record, unless its .toml knows a later one."""
        written = text.get("updated", "")
        if not written:
            return None, ""
        try:
            day = clean.iso_date(datetime.fromisoformat(written).date().isoformat(), self.context.today)
        except ValueError as error:
            reason = str(error) if "is " in str(error)[:4] else "is not a date; write 2026-08-31 18:30:00"
            warnings.append(("updated", written, f"{reason}; left out"))
            return None, ""
        if self.source.values.get("last_checked", "") >= day.isoformat():
            return None, ""
        named = "" if self.source.publisher == NOT_STATED else self.source.publisher
        return day, text.get("entity") or named or "the publisher of the meeting list"

    def _address(self, text: Mapping[str, str], warnings: list[Fault]) -> Address:
        gazetteer = self.context.gazetteer
        usual = self.source.values.get("country", "")
        country = addresses.country_code(text.get("country", ""), gazetteer)
        if text.get("address") or text.get("city") or text.get("postal_code"):
            made = Address(
                text.get("address", ""),
                text.get("city", ""),
                text.get("state", ""),
                text.get("postal_code", ""),
                country,
            )
        else:
            line = text.get("formatted_address", "")
            made = addresses.split(line, gazetteer, country or usual) or Address(country=country)
            if line and not (made.street or made.city):
                *_, last = line.split(",")
                made = Address(line, country=country or addresses.country_code(last, gazetteer))
                warnings.append(("formatted_address", line, "has no town that can be told apart; kept as the street"))
        return addresses.in_country(made, (text.get("latitude", ""), text.get("longitude", "")), usual, gazetteer)

    def _fellowship(self, text: Mapping[str, str]) -> dict[str, str]:
        """Return what the fellowship is for that a group names, else its source; needs fixed in the .toml stand alone."""
        found = {"approaches": "peer_support"}
        is_fixed = bool(self.source.values.get("needs"))
        told = [text.get(name, "") for name in ("entity", "group", "name")]
        for words in (*told, self.source.publisher, self.source.name):
            for code, meanings in self.codes.meanings.items():
                name = code.removeprefix(_FELLOWSHIP)
                if code.startswith(_FELLOWSHIP) and name and _names(name, words):
                    return _said(found, meanings, with_needs=not is_fixed)
        return found if is_fixed else _said(found, self.codes.meanings.get(_FELLOWSHIP, ()), with_needs=True)


def _time(text: Mapping[str, str], name: str, faults: list[Fault]) -> int | None:
    try:
        return meeting_words.minutes(text.get(name, ""))
    except ValueError as error:
        faults.append((name, text[name], str(error)))
        return None


def _names(fellowship: str, words: str) -> bool:
    flags = re.NOFLAG if fellowship.isupper() else re.IGNORECASE
    return re.search(rf"(?<!\w){re.escape(fellowship)}(?!\w)", words, flags) is not None


def _said(found: dict[str, str], meanings: Sequence[Meaning], *, with_needs: bool) -> dict[str, str]:
    """Return ``found`` with what a fellowship means."""
    for meaning in meanings:
        if meaning.column != "needs" or with_needs:
            found[meaning.column] = ";".join(filter(None, (found.get(meaning.column), meaning.value)))
    return found


def _other(words: str, name: str) -> str:
    return "" if clean.match_key(words) == clean.match_key(name) else words
