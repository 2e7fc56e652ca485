"""BMLT's semantic JSON, as Narcotics Anonymous publishes its meetings: one draft for each group.

BMLT (Basic Meeting List Toolbox, https://bmlt.app) is NA's own. Its records say no date: how old they are is known from
``retrieved`` in the .toml alone. The codes of formats are a server's own; what data/mappings/bmlt.csv does not know is
counted. The world id of a group is no identifier of ours: a group that meets at two places has one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from directory import clean
from directory.importers import addresses, jsonfile, meeting_place, meeting_words, meetings, mended, own
from directory.importers.addresses import Address
from directory.importers.cells import Fault
from directory.importers.drafts import Context, Draft, Reading, Tally
from directory.importers.jsonfile import Broken
from directory.importers.meeting_place import Venue
from directory.importers.meeting_words import Codes, Meeting
from directory.importers.meetings import Record
from directory.importers.mended import MendedRecords
from directory.importers.row_engine import OPTIONAL, Engine
from directory.importers.sources import Options, Source
from directory.importers.textfile import name_of
from directory.needs import Facet

ORIGINS = {
    "id": "id_bigint", "name": "meeting_name", "address_1": "location_street", "address_2": "location_text",
    "city": "location_municipality", "region": "location_province", "postal_code": "location_postal_code_1",
    "country": "location_nation", "latitude": "latitude", "longitude": "longitude", "timezone": "time_zone",
    "hours": "start_time", "hours_note": "comments", "description": "location_info", "languages": "lang_enum",
    "phone": "phone_meeting_number", "url": "virtual_meeting_link", "source_url": "virtual_meeting_link",
}  # fmt: skip
ORGANIZATION = "Narcotics Anonymous"
PERSONAL = frozenset(
    {"email_contact", "contact_name_1", "contact_name_2", "contact_phone_1", "contact_phone_2", "contact_email_1"}
    | {"contact_email_2", "user_id_bigint"}
)
IN_PERSON, VIRTUAL, HYBRID = "1", "2", "3"
_NOTES = ("comments", "location_info", "train_lines", "bus_lines")
_WAYS_IN = ("virtual_meeting_link", "phone_meeting_number")
_CLOSED = ("status", "temporarily_closed")
_ONLINE = ("formats", "video")
# What a server writes before the value of a field it has labelled: "Bus Lines#@-@#Bus B60".
_LABEL = "#@-@#"
_DURATION = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::[0-9]{2})?")
_UNPUBLISHED = "not published"


def recognises(path: Path) -> bool:
    """Return whether a file is a list of BMLT's meetings; never raises."""
    return {"meeting_name", "weekday_tinyint", "start_time"} <= jsonfile.head(path).first_record.keys()


def read(path: Path, source: Source, context: Context, options: Options) -> Reading:
    """Return the groups of a list, a row each; the other meetings of a group are counted in ``tally.combined``.

    Raises:
        UnreadableFile: as ``jsonfile.records``, also while the rows are read.
        BadData: data/mappings/bmlt.csv cannot be read.
    """
    codes = meeting_words.load(context.data_folder, "bmlt", context.vocabulary)
    head = jsonfile.head(path)
    prefix = "meetings.item" if "meetings" in head.top_keys else jsonfile.LIST
    records = (
        MendedRecords(path, {}, options.size_limit, options.encoding)
        if mended.is_mended(path)
        else jsonfile.records(path, prefix=prefix, size_limit=options.size_limit)
    )
    tally = Tally()
    engine = Engine.of(name_of(path), own.FORMAT.columns, context, OPTIONAL, tally)
    columns = tuple(name for name in head.first_record if name not in PERSONAL)
    drafts = meetings.drafts(_published(records, tally), _Reader(source, context, codes), tally)
    return Reading(engine.rows(drafts), "BMLT JSON (Narcotics Anonymous)", columns, _notes(source), tally, records)


def _notes(source: Source) -> tuple[str, ...]:
    if source.retrieved is not None or source.values.get("last_checked"):
        return ()
    return ("nothing says how old these meetings are: write retrieved = 2026-08-31 into the .toml beside the file",)


def _published(records: jsonfile.Records | MendedRecords, tally: Tally) -> Iterator[tuple[int, dict[str, Any]]]:
    for place, fields in records:
        if fields.get("published") == "0" and not isinstance(fields, Broken):
            tally.left_out[_UNPUBLISHED] += 1
        else:
            yield place, fields


@dataclass(slots=True)
class _Reader:
    source: Source
    context: Context
    codes: Codes

    @property
    def languages(self) -> Iterable[Facet]:
        """Return the languages we have a name for."""
        return self.context.vocabulary.facets["language"].values()

    def record(self, place: int, fields: Mapping[str, Any]) -> Record | Draft:
        """Return a record as a meeting of its group, or what is wrong with it."""
        cells = meetings.flat(fields, PERSONAL)
        cells |= {name: meeting_place.impersonal(_unlabelled(cells[name])) for name in _NOTES if cells.get(name)}

        def read(text: dict[str, str], faults: list[Fault]) -> Record:
            return self._of_group(place, text, cells, self._meeting(text, faults))

        return meetings.of_group(place, fields, cells, ORIGINS, read)

    def _meeting(self, text: Mapping[str, str], faults: list[Fault]) -> Meeting:
        day = text.get("weekday_tinyint", "")
        days: tuple[int, ...] = ()
        if re.fullmatch("[1-7]", day):
            days = ((int(day) - 2) % 7,)
        elif day:
            faults.append(("weekday_tinyint", day, "is not a day; write 1 for Sunday to 7 for Saturday"))
        start, end = None, None
        try:
            start = meeting_words.minutes(text.get("start_time", ""))
        except ValueError as error:
            faults.append(("start_time", text["start_time"], str(error)))
        lasts = _DURATION.fullmatch(text.get("duration_time", ""))
        length = int(lasts[1]) * 60 + int(lasts[2]) if lasts else 0
        if start is not None and 0 < length < meeting_words.DAY:
            end = start + length
        codes = tuple(dict.fromkeys(filter(None, (code.strip() for code in text.get("formats", "").split(",")))))
        note = text.get("comments", "")
        return Meeting(days, start, end, codes, self._language(text), " ".join(note.split()))

    def _language(self, text: Mapping[str, str]) -> str:
        """Return the language of the record, unless its words speak of another."""
        words = clean.match_key(f"{text['meeting_name']} {text.get('comments', '')}").split()
        others = {clean.match_key(facet.names["en"]).split()[0] for facet in self.languages if facet.key != "en"}
        return "" if others & set(words) else text.get("lang_enum", "")

    def _of_group(self, number: int, text: Mapping[str, str], cells: dict[str, str], meeting: Meeting) -> Record:
        gazetteer = self.context.gazetteer
        address, repairs, junk = addresses.mended(self._address(text), "location_postal_code_1", gazetteer)
        said = self.codes.terms(meeting)
        kind = text.get("venue_type", "")
        is_online = kind in {VIRTUAL, HYBRID} or (kind != IN_PERSON and _ONLINE in said)
        join = {
            name: text.get(name, "") if kind != IN_PERSON else ""
            for name in ("virtual_meeting_link", "phone_meeting_number")
        }
        venue = Venue(
            meeting_place.elsewhere(address) if kind == VIRTUAL else address,
            "" if kind == VIRTUAL else text.get("location_text", ""),
            "" if kind == VIRTUAL else text.get("latitude", ""),
            "" if kind == VIRTUAL else text.get("longitude", ""),
            conference_url=join["virtual_meeting_link"],
            conference_phone=join["phone_meeting_number"],
            pages=(self.source.url or "",),
        )
        found = {
            "kind": "support_group",
            "name": text["meeting_name"],
            "organization": self.source.values.get("organization", ORGANIZATION),
            "needs": "" if self.source.values.get("needs") else "substance_use",
            "approaches": "peer_support;twelve_step",
            "timezone": text.get("time_zone", ""),
            **meeting_place.cells(venue, is_online=is_online, is_closed=_CLOSED in said),
        }
        notes = [text.get(name, "") for name in ("virtual_meeting_additional_info", *_NOTES[1:])]
        ways = notes if "address_1" in found else notes[:1]
        found["description"] = "\n".join(filter(None, (found["description"], *ways)))
        meeting = replace(
            meeting,
            formats=found.pop("formats"),
            details=found.pop("description"),
            room=found.get("address_2", ""),
            is_closed=bool(found.pop("status", "")),
        )
        others = (
            venue.name or f"{venue.latitude} {venue.longitude}",
            *join.values(),
            text.get("service_body_bigint", ""),
        )
        key = meetings.key_of(text["meeting_name"], venue.address, *others)
        return Record(number, text.get("id_bigint", ""), key, meeting, found, cells, ORIGINS, None, junk, repairs)

    def _address(self, text: Mapping[str, str]) -> Address:
        gazetteer = self.context.gazetteer
        made = Address(
            text.get("location_street", ""),
            "",
            text.get("location_province", ""),
            text.get("location_postal_code_1", ""),
            addresses.country_code(text.get("location_nation", ""), gazetteer),
        )
        coordinates = text.get("latitude", ""), text.get("longitude", "")
        made = addresses.in_country(made, coordinates, self.source.values.get("country", ""), gazetteer)
        town = text.get("location_municipality", "")
        part = text.get("location_city_subsection", "")
        if part and (not town or gazetteer.position(made.country, made.region or None, part, None) is not None):
            town = part
        return Address(
            made.street, town or text.get("location_neighborhood", ""), made.region, made.postal_code, made.country
        )


def _unlabelled(text: str) -> str:
    return text.rpartition(_LABEL)[2]
