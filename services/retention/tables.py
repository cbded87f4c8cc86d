"""What has been erased because its time was over or its owner asked, and what still has to be."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Index, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column

from services.db import Base, Session, UTCDateTime


class TombstoneRow(Base):
    """One thing of one class is gone: when, and by which audit entry. Holds nothing of what it was."""

    __tablename__ = "tombstones"

    kind: Mapped[str] = mapped_column(String(20), primary_key=True)
    ref: Mapped[str] = mapped_column(String(60), primary_key=True)
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    entry_id: Mapped[int]


class ErasureRow(Base):
    """One thing that still has to be erased; written with the decision, gone when it is done.

    ``kind``: ``file`` (of a photo that no row names), or what a person asked to have erased:
    ``ticket``, ``talk`` (a conversation), ``elder``. ``ground``: why not yet, a key of
    :data:`services.retention.pending.GROUNDS`; ``due_at``: when it is tried next.
    """

    __tablename__ = "erasures"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    kind: Mapped[str] = mapped_column(String(12))
    ref: Mapped[str] = mapped_column(String(120))
    request_id: Mapped[str | None] = mapped_column(String(40))
    ground: Mapped[str | None] = mapped_column(String(12))
    asked_at: Mapped[datetime] = mapped_column(UTCDateTime)
    due_at: Mapped[datetime] = mapped_column(UTCDateTime)

    __table_args__ = (
        UniqueConstraint("kind", "ref", "request_id"),
        Index("ix_erasures_due", "due_at"),
    )


async def put(
    s: Session, kind: str, refs: Iterable[str], now: datetime, request_id: str | None = None
) -> None:
    """Have the worker erase things, in the caller's transaction; what is to go already stays so."""
    for ref in sorted(set(refs)):
        same = select(ErasureRow.id).where(
            ErasureRow.kind == kind, ErasureRow.ref == ref, ErasureRow.request_id == request_id
        )
        if await s.scalar(same) is None:
            s.add(ErasureRow(kind=kind, ref=ref, request_id=request_id, asked_at=now, due_at=now))
    await s.flush()
