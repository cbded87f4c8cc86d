"""Who is stopped by a limit, as staff see it, and lifting it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, exists, or_, select, true

from services.audit import journal
from services.clock import Clock
from services.db import Database
from services.errors import LindaError
from services.limits import HitRow
from services.once import Once, keep, made_before
from services.people.model import Staff
from services.stops.records import KEPT
from services.stops.tables import StopRow

WHY: Mapping[str, str] = {
    "message": "一分钟里发的话太多",
    "photo": "一天里发的照片太多",
    "session": "十分钟里从一个网络打开的对话太多",
    "ticket": "一小时里报的事太多",
    "ticket_address": "一小时里从一个网络报的事太多",
    "query_code": "查询码错的次数太多",
}
"""Why, by what the limit counts."""
CHANNELS: Mapping[str, str] = {"web": "网页", "wechat": "微信", "kiosk": "自助机"}
UNNAMED = "一个没有起名的网络"
MOST = 100
REASON_LONGEST = 200


@dataclass(frozen=True)
class Stop:
    """One who is stopped, in words; ``who`` names no person."""

    id: int
    who: str
    why: str
    community_id: str | None
    since: datetime
    until: datetime
    times: int


class StopService:
    """What staff see of stops and do about them."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def list(self, staff: Staff) -> Sequence[Stop]:
        """Return who is stopped in the area of a member of staff, the newest first.

        Of whom the community is not known yet everybody's who may lift: nobody else would.
        """
        row = StopRow
        mine = true() if staff.community_id is None else or_(
            row.community_id.is_(None), row.community_id == staff.community_id
        )  # fmt: skip
        query = select(row).where(row.until > self._clock.now(), row.lifted_at.is_(None), mine)
        async with self._db.read() as s:
            rows = await s.scalars(query.order_by(row.since.desc(), row.id.desc()).limit(MOST))
            return [_told(r) for r in rows]

    async def lift(self, staff: Staff, id: int, reason: str, once: Once | None = None) -> Stop:
        """Let somebody go on before the time is over; done again it changes nothing.

        Raises:
            LindaError: 422 without a reason; 404 for a stop that is not there, is over or another
                community's.
        """
        why = reason.strip()
        if not why:
            raise LindaError("reason_missing", "请写明为什么放开。", 422, {"reason": "请填写。"})
        if len(why) > REASON_LONGEST:
            raise LindaError(
                "invalid_fields", f"理由最多{REASON_LONGEST}个字。", 422, {"reason": "太长了。"}
            )
        now = self._clock.now()
        async with self._db.write() as s:
            known = await made_before(once, s, now)
            row = await s.get(StopRow, id, with_for_update=True)
            if row is None or (staff.community_id and row.community_id not in (None, staff.community_id)):  # fmt: skip
                raise _gone()
            if known is None and row.lifted_at is None:
                if row.until <= now:
                    raise _gone()
                row.lifted_at, row.lifted_by, row.lifted_reason = now, staff.id, why
                await s.execute(
                    delete(HitRow).where(HitRow.what == row.what, HitRow.who == row.who)
                )
                await journal.note(s, now, staff, "limit.lift", f"limit:{row.id}", why)
                await keep(once, s, str(row.id))
            return _told(row)

    async def forget(self) -> int:
        """Forget stops that are over for long; return whether there were any. For the worker's round."""
        old = StopRow.until <= self._clock.now() - KEPT
        async with self._db.read() as s:
            if not await s.scalar(select(exists().where(old))):
                return 0
        async with self._db.write() as s:
            await s.execute(delete(StopRow).where(old))
        return 1


def _told(row: StopRow) -> Stop:
    of_network = row.what in ("session", "ticket_address", "query_code")
    who = row.network or UNNAMED
    if not of_network:
        who = f"{CHANNELS.get(row.channel or '', '')}的一位居民（对话尾号{row.who[-4:]}）"
    return Stop(
        row.id, who, WHY[row.what], row.community_id, row.since, row.until, row.times
    )  # fmt: skip


def _gone() -> LindaError:
    return LindaError("stop_not_found", "没有这一条，或者已经过了时间。", 404)
