"""Tables of places."""

from __future__ import annotations

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.db import Base, JSONColumn


class CommunityRow(Base):
    """A community (社区)."""

    __tablename__ = "community"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    name: Mapped[str] = mapped_column(String(60))
    aliases: Mapped[list[str]] = mapped_column(JSONColumn)
    position: Mapped[int]


class GridRow(Base):
    """A grid (网格) of a community."""

    __tablename__ = "grid"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    name: Mapped[str] = mapped_column(String(60))
    community_id: Mapped[str] = mapped_column(ForeignKey("community.id"), index=True)
    position: Mapped[int]


class CompoundRow(Base):
    """A compound (小区)."""

    __tablename__ = "compound"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    name: Mapped[str] = mapped_column(String(60))
    community_id: Mapped[str] = mapped_column(ForeignKey("community.id"), index=True)
    aliases: Mapped[list[str]] = mapped_column(JSONColumn)
    position: Mapped[int]


class BuildingRow(Base):
    """A building (楼栋) of a compound, in one grid."""

    __tablename__ = "building"

    id: Mapped[str] = mapped_column(String(60), primary_key=True)
    compound_id: Mapped[str] = mapped_column(ForeignKey("compound.id"), index=True)
    number: Mapped[str] = mapped_column(String(20))
    units: Mapped[int]
    grid_id: Mapped[str] = mapped_column(ForeignKey("grid.id"), index=True)
    aliases: Mapped[list[str]] = mapped_column(JSONColumn)
    position: Mapped[int]

    __table_args__ = (UniqueConstraint("compound_id", "number"),)
