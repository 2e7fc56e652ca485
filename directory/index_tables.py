"""The tables of the search index, derived from the resources: where they stand, what they serve, when they are open."""

from __future__ import annotations

from sqlalchemy import Boolean, Index, Integer, PrimaryKeyConstraint, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from directory.models import Base, Word


class PlaceToken(Base):
    """The search index of what has a door: one row for ANY, one for each posted need or facet. Scanned, never joined back."""

    __tablename__ = "place_token"
    token: Mapped[int] = mapped_column(Integer, primary_key=True)
    band: Mapped[int] = mapped_column(Integer, primary_key=True)
    lon: Mapped[int] = mapped_column(Integer, primary_key=True)
    resource_id: Mapped[int] = mapped_column(Word, primary_key=True)
    stated: Mapped[int] = mapped_column(Word)
    reach: Mapped[int] = mapped_column(Word)
    facets: Mapped[int] = mapped_column(Word)
    languages: Mapped[int] = mapped_column(Word)
    x: Mapped[int] = mapped_column(Integer, comment="WGS 84 ECEF, whole metres")
    y: Mapped[int] = mapped_column(Integer)
    z: Mapped[int] = mapped_column(Integer)
    area: Mapped[int] = mapped_column(Word, comment="country and region: index.area_number")
    schedule: Mapped[int] = mapped_column(Integer, comment="0: says no hours")
    good_until: Mapped[int] = mapped_column(Integer, comment="the last day its hours may be trusted, 1 is 0001-01-01")
    __table_args__ = (
        PrimaryKeyConstraint(
            "token", "band", "lon", "resource_id",
            postgresql_include=["stated", "reach", "facets", "languages", "x", "y", "z", "area", "schedule", "good_until"],
        ),
        Index("ix_place_token_resource_id", "resource_id"),
        {"sqlite_with_rowid": False},
    )  # fmt: skip


class AreaToken(Base):
    """The search index of what has no door: one row for each area served (``US``, ``US-IL``, ``world``) and posted token."""

    __tablename__ = "area_token"
    token: Mapped[int] = mapped_column(Integer, primary_key=True)
    area: Mapped[str] = mapped_column(String(20), primary_key=True)
    rank: Mapped[int] = mapped_column(Integer, primary_key=True)
    resource_id: Mapped[int] = mapped_column(Word, primary_key=True)
    stated: Mapped[int] = mapped_column(Word)
    reach: Mapped[int] = mapped_column(Word)
    facets: Mapped[int] = mapped_column(Word)
    languages: Mapped[int] = mapped_column(Word)
    schedule: Mapped[int] = mapped_column(Integer, comment="0: says no hours")
    good_until: Mapped[int] = mapped_column(Integer, comment="the last day its hours may be trusted, 1 is 0001-01-01")
    x: Mapped[int] = mapped_column(Integer, comment="of its door, WGS 84 ECEF in whole metres; 0, 0, 0 without one")
    y: Mapped[int] = mapped_column(Integer)
    z: Mapped[int] = mapped_column(Integer)
    home: Mapped[int] = mapped_column(Word, comment="country and region of its own: index.area_number")
    __table_args__ = (
        PrimaryKeyConstraint(
            "token", "area", "rank", "resource_id",
            postgresql_include=[
                "stated", "reach", "facets", "languages", "schedule", "good_until", "x", "y", "z", "home",
            ],
        ),
        Index("ix_area_token_resource_id", "resource_id"),
        {"sqlite_with_rowid": False},
    )  # fmt: skip


class Schedule(Base):
    """A distinct schedule, so that whether a place is open is worked out once for all that keep it."""

    __tablename__ = "schedule"
    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    hours: Mapped[str] = mapped_column(Text, comment="OSM opening_hours")
    timezone: Mapped[str | None] = mapped_column(String(60))
    country: Mapped[str | None] = mapped_column(String(2), comment="whose holidays it goes by")
    has_note: Mapped[bool] = mapped_column(Boolean, comment="there are words beside the hours")


class TokenCount(Base):
    """Which tokens are posted, and how many resources hold each; fixed between full reindexes."""

    __tablename__ = "token_count"
    token: Mapped[int] = mapped_column(Integer, primary_key=True)
    resources: Mapped[int] = mapped_column(Integer)


class PlaceDensity(Base):
    """How many places the index holds in each cell of a grid; counted by full reindexes, so that a search knows how wide
    to draw its first ring."""

    __tablename__ = "place_density"
    row: Mapped[int] = mapped_column(Integer, primary_key=True)
    column: Mapped[int] = mapped_column(Integer, primary_key=True)
    resources: Mapped[int] = mapped_column(Integer)
    __table_args__ = ({"sqlite_with_rowid": False},)


class PlaceExtent(Base):
    """The part of the index that holds all places of a country's region, so that none is looked for elsewhere."""

    __tablename__ = "place_extent"
    area: Mapped[int] = mapped_column(Word, primary_key=True, autoincrement=False, comment="index.area_number")
    first_band: Mapped[int] = mapped_column(Integer)
    last_band: Mapped[int] = mapped_column(Integer)
    west: Mapped[int] = mapped_column(Integer, comment="steps of longitude: geo.longitude_step")
    east: Mapped[int] = mapped_column(Integer)
    resources: Mapped[int] = mapped_column(Integer, comment="when the index was last built as a whole")


ALL_TABLES = Base.metadata
"""Every table of the directory: those of the index, and those of ``models`` below it."""
