"""Tables of the three lists."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from services.db import Base, UTCDateTime


class ListItemRow(Base):
    """A line: a need, a resource or a project."""

    __tablename__ = "list_items"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    list: Mapped[str] = mapped_column(String(10))
    community_id: Mapped[str] = mapped_column(String(40))
    kind: Mapped[str] = mapped_column(String(20))
    title: Mapped[str] = mapped_column(String(100))
    detail: Mapped[str] = mapped_column(Text)
    owner: Mapped[str] = mapped_column(String(60))
    state: Mapped[str] = mapped_column(String(12))
    ticket_no: Mapped[str | None] = mapped_column(String(24))
    version: Mapped[int]
    created_by: Mapped[str] = mapped_column(String(40))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)

    __table_args__ = (Index("ix_list_items_community", "community_id", "list", "state"),)


class ListLinkRow(Base):
    """A project, and a need it meets or a resource it uses."""

    __tablename__ = "list_links"

    project_id: Mapped[str] = mapped_column(ForeignKey("list_items.id"), primary_key=True)
    item_id: Mapped[str] = mapped_column(ForeignKey("list_items.id"), primary_key=True)


class ListChangeRow(Base):
    """The history of a line: who moved it from which state to which, with what words."""

    __tablename__ = "list_changes"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    item_id: Mapped[str] = mapped_column(ForeignKey("list_items.id"), index=True)
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    by: Mapped[str] = mapped_column(String(40))
    from_state: Mapped[str] = mapped_column(String(12))
    to_state: Mapped[str] = mapped_column(String(12))
    note: Mapped[str] = mapped_column(Text)
