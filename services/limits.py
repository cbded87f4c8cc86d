"""How often something may happen in a while, counted in the database: alike for every process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import (
    ColumnElement,
    Index,
    ScalarSelect,
    String,
    Table,
    bindparam,
    delete,
    exists,
    func,
    insert,
    select,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from services.db import Base, Database, Session, UTCDateTime, Write, execute_all
from services.errors import LindaError


class HitRow(Base):
    """One time that something limited happened; forgotten (:func:`forget`) when no limit counts it."""

    __tablename__ = "limit_hits"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    what: Mapped[str] = mapped_column(String(20))
    who: Mapped[str] = mapped_column(String(120))
    at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)

    __table_args__ = (Index("ix_limit_hits_what_who_at", "what", "who", "at"),)


_HITS = cast(Table, HitRow.__table__)
_INSERT = insert(_HITS)
_ALONE = text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))")
LEEWAY = timedelta(minutes=1)
"""Who had to wait for the lock looked at the clock before those whose hits are there by now."""
LONGEST = timedelta(hours=1)
"""No window is longer: so long a hit is kept at most."""


class Stopped(LindaError):
    """A limit has been used up (429, ``retry_after`` in seconds).

    Attributes:
        what: What is counted.
        who: Who has used it up.
    """

    def __init__(self, what: str, who: str, code: str, message: str, wait: int) -> None:
        super().__init__(code, message, 429, {"retry_after": wait})
        self.what = what
        self.who = who

    def until(self, now: datetime) -> datetime:
        """Return when it may happen again."""
        return now + timedelta(seconds=int(self.fields["retry_after"]))


@dataclass(frozen=True)
class Limit:
    """At most ``most`` times in ``window`` (at most :data:`LONGEST`).

    Attributes:
        what: Short name of what is counted.
        code: Code of the refusal (status 429).
        message: Sentence of the refusal.
    """

    what: str
    most: int
    window: timedelta
    code: str
    message: str

    def __post_init__(self) -> None:
        if self.window > LONGEST:
            raise ValueError(f"the window of {self.what} is longer than hits are kept")

    async def check(self, s: Session, who: str, now: datetime) -> None:
        """Refuse when ``who`` has used it up.

        Whoever counts the same at the same moment waits until this transaction has ended.

        Raises:
            Stopped: 429 with ``retry_after`` in seconds.
        """
        if s.get_bind().dialect.name == "postgresql":
            # SQLite has one writer at a time; here two would count the same hits and both add one.
            await s.execute(_ALONE, {"key": f"{self.what}:{who}"})
        query = select(func.count(), func.min(_HITS.c.at)).where(*_recent("limit"))
        count, first = (await s.execute(query, self.asked("limit", who, now))).one()
        if count >= self.most:
            wait = (first + self.window - now).total_seconds() if first else 0
            raise Stopped(self.what, who, self.code, self.message, max(1, int(wait)))

    async def hit(self, s: Session, who: str, now: datetime) -> None:
        """Count one time."""
        await execute_all(s, [hits([(self, who)], now)])

    def asked(self, name: str, who: str | None, now: datetime) -> dict[str, Any]:
        """Return what :func:`counted` has to know; what nobody (None) uses is counted as 0."""
        return {
            f"{name}_what": self.what, f"{name}_who": who,
            f"{name}_from": now - self.window, f"{name}_to": now + LEEWAY,
        }  # fmt: skip


def counted(name: str) -> ScalarSelect[int]:
    """Return the part of a statement that counts how often a limit was used; its values: ``asked``."""
    return select(func.count()).select_from(_HITS).where(*_recent(name)).scalar_subquery()


def _recent(name: str) -> tuple[ColumnElement[bool], ...]:
    # A hit from a clock that was set back (test mode) does not count for ever.
    return (
        _HITS.c.what == bindparam(f"{name}_what"), _HITS.c.who == bindparam(f"{name}_who"),
        _HITS.c.at > bindparam(f"{name}_from"), _HITS.c.at <= bindparam(f"{name}_to"),
    )  # fmt: skip


def hits(used: Sequence[tuple[Limit, str]], now: datetime) -> Write:
    """Return what counts one time of each limit, with who used it."""
    return _INSERT, [{"what": limit.what, "who": who, "at": now} for limit, who in used]


async def forget(db: Database, now: datetime) -> int:
    """Forget the hits that count no longer; return whether there were any. For the worker's round."""
    old = _HITS.c.at <= now - LONGEST
    async with db.read() as s:
        if not await s.scalar(select(exists().where(old))):
            return 0
    async with db.write() as s:
        await s.execute(delete(_HITS).where(old))
    return 1
