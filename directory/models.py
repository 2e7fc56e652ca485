"""The tables, but for those of the search index. Each layer is derived from the one above: listing -> resource -> index."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Date,
    DateTime,
    Float,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

SCHEMA_VERSION = 4

# BIGINT keeps 63-bit words and ids whole on PostgreSQL; SQLite needs the word INTEGER for a row id.
Word = BigInteger().with_variant(Integer, "sqlite")


class Base(DeclarativeBase):
    """Names every constraint alike on both databases."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {dict[str, Any]: JSON, list[Any]: JSON}  # noqa: RUF012


class Meta(Base):
    """Facts about this database: ``schema_version``, ``data_version`` (grows with every change), ``next_resource_id``,
    ``loading`` (1 while the shipped data is first loaded)."""

    __tablename__ = "meta"
    key: Mapped[str] = mapped_column(String(40), primary_key=True)
    value: Mapped[int] = mapped_column(Word)


class Source(Base):
    """A publisher's file: who, on what terms, retrieved when. ``key`` is what a maintainer types to undo it."""

    __tablename__ = "source"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    key: Mapped[str] = mapped_column(String(100), unique=True)
    name: Mapped[str] = mapped_column(String(300))
    publisher: Mapped[str] = mapped_column(String(300))
    terms: Mapped[str] = mapped_column(Text)
    url: Mapped[str | None] = mapped_column(String(500))
    retrieved: Mapped[date | None] = mapped_column(Date)
    mode: Mapped[str] = mapped_column(String(10))
    note: Mapped[str | None] = mapped_column(Text)
    __table_args__ = (CheckConstraint("mode IN ('full', 'partial')", name="mode"),)


class ImportRun(Base):
    """One import of one source, kept so that it can be undone."""

    __tablename__ = "import_run"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    source_id: Mapped[int] = mapped_column(ForeignKey("source.id"), index=True)
    finished_at: Mapped[datetime] = mapped_column(DateTime)
    counts: Mapped[dict[str, Any]]
    source_before: Mapped[str | None] = mapped_column(
        Text, comment="name and date of the source before the run, as JSON"
    )
    undone: Mapped[bool] = mapped_column(Boolean, default=False)


class Listing(Base):
    """What one source says about one service at one place: the cleaned record as JSON, and its hash."""

    __tablename__ = "listing"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    source_id: Mapped[int] = mapped_column(ForeignKey("source.id"))
    external_id: Mapped[str] = mapped_column(String(200))
    content_hash: Mapped[str] = mapped_column(String(32))
    record: Mapped[str] = mapped_column(Text)
    raw_hash: Mapped[str | None] = mapped_column(
        String(32), comment="records.Row.raw_hash; NULL: the row is to be read anew"
    )
    resource_id: Mapped[int | None] = mapped_column(Word, index=True)
    missing_since_run_id: Mapped[int | None] = mapped_column(Integer)
    __table_args__ = (UniqueConstraint("source_id", "external_id"), {"sqlite_autoincrement": True})


class ListingChange(Base):
    """What a listing was before a run changed it; ``record`` is NULL where the run added it."""

    __tablename__ = "listing_change"
    import_run_id: Mapped[int] = mapped_column(ForeignKey("import_run.id"), primary_key=True)
    external_id: Mapped[str] = mapped_column(String(200), primary_key=True)
    content_hash: Mapped[str | None] = mapped_column(String(32))
    record: Mapped[str | None] = mapped_column(Text)
    listing_id: Mapped[int | None] = mapped_column(Integer)
    resource_id: Mapped[int | None] = mapped_column(Word)
    missing_since_run_id: Mapped[int | None] = mapped_column(Integer)


class ListingMove(Base):
    """A listing that a run moved to another resource, of whatever source, and the resource it belonged to before."""

    __tablename__ = "listing_move"
    import_run_id: Mapped[int] = mapped_column(ForeignKey("import_run.id"), primary_key=True)
    listing_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    resource_id: Mapped[int] = mapped_column(Word)


class MergeKey(Base):
    """A key two listings must share before they can be the same thing: a typed identifier, or name, street and postcode.

    A ``door:`` key (street, postal code, country) only tells neighbours and never merges.
    """

    __tablename__ = "merge_key"
    key: Mapped[str] = mapped_column(String(400), primary_key=True)
    listing_id: Mapped[int] = mapped_column(ForeignKey("listing.id", ondelete="CASCADE"), primary_key=True, index=True)


class MergeDecision(Base):
    """What a maintainer decided of two listings: the same thing, or not. By their sources' ids, so that it survives re-imports.

    The lesser (source, id) of the two is ``a``.
    """

    __tablename__ = "merge_decision"
    a_source: Mapped[str] = mapped_column(String(100), primary_key=True)
    a_external_id: Mapped[str] = mapped_column(String(200), primary_key=True)
    b_source: Mapped[str] = mapped_column(String(100), primary_key=True)
    b_external_id: Mapped[str] = mapped_column(String(200), primary_key=True)
    same: Mapped[bool] = mapped_column(Boolean)
    decided_on: Mapped[date] = mapped_column(Date)


class Correction(Base):
    """One field of a listing as a maintainer corrected it: it outranks what the source says, also after re-imports."""

    __tablename__ = "correction"
    source: Mapped[str] = mapped_column(String(100), primary_key=True)
    external_id: Mapped[str] = mapped_column(String(200), primary_key=True)
    field: Mapped[str] = mapped_column(String(40), primary_key=True, comment="a field of records.Listing")
    value: Mapped[str | None] = mapped_column(Text, comment="as records.dumps writes it; NULL: nothing")
    source_value: Mapped[str | None] = mapped_column(Text, comment="what the source said when it was corrected")
    made_on: Mapped[date] = mapped_column(Date)
    made_by: Mapped[str | None] = mapped_column(String(300))


class WrongReport(Base):
    """What somebody said is wrong with a resource, open until a maintainer closes it. Nothing tells who, or at what hour."""

    __tablename__ = "wrong_report"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    resource_id: Mapped[int] = mapped_column(Word, index=True, comment="as it was then; it may be merged away or gone")
    reason: Mapped[str] = mapped_column(String(20))
    words: Mapped[str] = mapped_column(Text, comment="only for maintainers; empty once closed")
    day: Mapped[date] = mapped_column(Date, index=True, comment="UTC, of the first time")
    times: Mapped[int] = mapped_column(Integer)
    closed_on: Mapped[date | None] = mapped_column(Date)
    note: Mapped[str | None] = mapped_column(String(300), comment="what came of it")
    __table_args__ = (
        CheckConstraint("reason IN ('disconnected', 'moved', 'not_accepting', 'wrong_hours', 'other')", name="reason"),
        CheckConstraint("closed_on IS NULL OR words = ''", name="closed"),
        {"sqlite_autoincrement": True},
    )


class Fetch(Base):
    """The newest download of a source that names a URL: when, and the tag its publisher gave it."""

    __tablename__ = "fetch"
    source: Mapped[str] = mapped_column(String(100), primary_key=True)
    url: Mapped[str] = mapped_column(String(1000))
    fetched_at: Mapped[datetime] = mapped_column(DateTime)
    etag: Mapped[str | None] = mapped_column(String(300))
    last_modified: Mapped[str | None] = mapped_column(String(100))


class GeocodedAddress(Base):
    """What a network geocoder answered for an address, kept so that it is asked once."""

    __tablename__ = "geocoded_address"
    geocoder: Mapped[str] = mapped_column(String(40), primary_key=True)
    address: Mapped[str] = mapped_column(String(600), primary_key=True)
    latitude: Mapped[float | None] = mapped_column(Float, comment="NULL: it knows no such address")
    longitude: Mapped[float | None] = mapped_column(Float)
    asked_on: Mapped[date] = mapped_column(Date)


class HsdsId(Base):
    """The ids under which the HSDS API shows a resource's service, organization and service at location."""

    __tablename__ = "hsds_id"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    entity: Mapped[str] = mapped_column(String(30), primary_key=True)
    resource_id: Mapped[int] = mapped_column(Word, primary_key=True, index=True)
    __table_args__ = ({"sqlite_with_rowid": False},)


class Resource(Base):
    """What is shown: the merge of one or more listings. Scalar columns for the card, JSON for the page."""

    __tablename__ = "resource"
    id: Mapped[int] = mapped_column(Word, primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(300))
    organization: Mapped[str | None] = mapped_column(String(300))
    description: Mapped[str | None] = mapped_column(Text)
    phone: Mapped[str | None] = mapped_column(
        String(40), index=True, comment="E.164, or a bare short code of the country"
    )
    phone_extension: Mapped[str | None] = mapped_column(String(20))
    phone_press: Mapped[str | None] = mapped_column(String(20), comment="digits to press once the call is answered")
    sms: Mapped[str | None] = mapped_column(String(40))
    sms_keyword: Mapped[str | None] = mapped_column(String(60))
    chat_url: Mapped[str | None] = mapped_column(String(1000))
    url: Mapped[str | None] = mapped_column(String(1000))
    email: Mapped[str | None] = mapped_column(String(320))
    address_1: Mapped[str | None] = mapped_column(String(300))
    address_2: Mapped[str | None] = mapped_column(String(300))
    city: Mapped[str | None] = mapped_column(String(200))
    region: Mapped[str | None] = mapped_column(String(100))
    postal_code: Mapped[str | None] = mapped_column(String(20))
    country: Mapped[str | None] = mapped_column(String(2))
    latitude: Mapped[float | None] = mapped_column(Float)
    longitude: Mapped[float | None] = mapped_column(Float)
    precision: Mapped[str | None] = mapped_column(String(20), comment="how the position is known: records.Precision")
    position_name: Mapped[str | None] = mapped_column(String(200), comment="the area a rough position is the centre of")
    confidential_location: Mapped[bool] = mapped_column(Boolean)
    service_area: Mapped[list[Any]]
    formats: Mapped[list[Any]]
    languages: Mapped[list[Any]]
    hours: Mapped[str | None] = mapped_column(Text, comment="OSM opening_hours")
    hours_note: Mapped[str | None] = mapped_column(Text)
    timezone: Mapped[str | None] = mapped_column(String(60))
    payment: Mapped[list[Any]]
    audiences: Mapped[list[Any]]
    minimum_age: Mapped[int | None] = mapped_column(Integer)
    maximum_age: Mapped[int | None] = mapped_column(Integer)
    approaches: Mapped[list[Any]]
    integrated: Mapped[bool] = mapped_column(Boolean)
    urgent_care: Mapped[list[Any]]
    accepting_new: Mapped[bool | None] = mapped_column(Boolean)
    eligibility: Mapped[str | None] = mapped_column(Text)
    accessibility: Mapped[list[Any]]
    status: Mapped[str] = mapped_column(String(40))
    replaced_by: Mapped[str | None] = mapped_column(String(300))
    stated: Mapped[int] = mapped_column(Word, comment="bits of data/needs.csv")
    reach: Mapped[int] = mapped_column(Word)
    excludes: Mapped[list[Any]] = mapped_column(comment="needs it says it does not treat")
    facet_bits: Mapped[int] = mapped_column(Word, comment="bits of data/facets.csv")
    language_bits: Mapped[int] = mapped_column(Word)
    last_checked: Mapped[date | None] = mapped_column(
        Date, comment="by the source of the phone number; NULL: nobody re-checked"
    )
    checked_by: Mapped[str | None] = mapped_column(String(300))
    identifiers: Mapped[list[Any]] = mapped_column(comment="typed: npi:1234567893")
    modified_at: Mapped[datetime] = mapped_column(DateTime, comment="when any of the columns last changed, UTC")
    sources: Mapped[list[Any]] = mapped_column(comment="[{name, date, url}]")
    programs: Mapped[list[Any]] = mapped_column(comment="what each merged listing states, for the page")
    __table_args__ = (
        CheckConstraint("kind IN ('crisis_line', 'therapist', 'support_group', 'treatment_program')", name="kind"),
        CheckConstraint("(latitude IS NULL) = (longitude IS NULL)", name="whole_position"),
        CheckConstraint("latitude BETWEEN -90 AND 90 AND longitude BETWEEN -180 AND 180", name="position_range"),
        CheckConstraint("NOT confidential_location OR (address_1 IS NULL AND address_2 IS NULL)", name="confidential"),
    )


class ResourceAlias(Base):
    """The id of a resource merged into another; it answers 301."""

    __tablename__ = "resource_alias"
    old_id: Mapped[int] = mapped_column(Word, primary_key=True, autoincrement=False)
    resource_id: Mapped[int] = mapped_column(Word)


class FormerId(Base):
    """The id that the resource of a listing had before it was merged away: the listing gets it back when they are split."""

    __tablename__ = "former_id"
    listing_id: Mapped[int] = mapped_column(ForeignKey("listing.id", ondelete="CASCADE"), primary_key=True)
    resource_id: Mapped[int] = mapped_column(Word)
