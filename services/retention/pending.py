"""What was decided to be erased and could not be at once: done by the worker, tried until it is done.

A row (:class:`services.retention.tables.ErasureRow`) is written in the transaction that decides; it
goes in the transaction that erases, or when what lies outside the database is gone. Whoever dies in
between leaves the row, and the next round does it again: each step may be done twice.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, select, update

from services.audit import journal
from services.channels import store as conversations
from services.channels.rasa import RasaAway
from services.channels.tables import ConversationRow
from services.channels.wechat import store as wechat
from services.channels.wechat.tables import WeChatUserRow
from services.retention import consents, copies, visits
from services.retention import tickets as erasing
from services.retention.rows import CARE_EMPTIED, CARE_NOTE_EMPTIED
from services.retention.tables import ErasureRow, put
from services.rights.tables import RequestRow
from services.tickets import store
from services.visits.tables import CareTargetRow, CareVisitRow

if TYPE_CHECKING:
    from services.channels.service import ChannelService
    from services.clock import Clock
    from services.consents.rules import ConsentRules
    from services.db import Database, Session

log = logging.getLogger(__name__)

GROUNDS: Mapping[str, str] = {
    "open": "还在办，办完就删",
    "held": "已冻结作证据，依法要保留，解冻就删",
    "needed": "里面还有没办完的事，办完就删",
    "visited": "还在探访名单上，退出名单就删",
}
"""Why something stays for the time being, as the person is told (《个人信息保护法》第四十七条)."""
TALK, ELDER = "对话", "探访名单"
"""What stays beside tickets, which have numbers."""
AGAIN = timedelta(minutes=5)
"""How long a ground, or what is away, is left before it is looked at again."""
BATCH = 50


class Pending:
    """Carries out :class:`ErasureRow`."""

    def __init__(
        self, db: Database, clock: Clock, channels: ChannelService, rules: ConsentRules
    ) -> None:
        self._db = db
        self._rules = rules
        self._clock = clock
        self._channels = channels
        self._kinds: Mapping[str, Callable[[Session, ErasureRow], Awaitable[str | None]]] = {
            "file": self._file,
            "dialogue": self._dialogue,
            "ticket": self._ticket,
            "talk": self._talk,
            "elder": self._elder,
            "consent": self._consent,
        }

    async def work(self) -> int:
        """Erase what is due; return how many things are gone.

        Each is a transaction of its own: what fails waits, the others go on.
        """
        due = select(ErasureRow.id).where(ErasureRow.due_at <= self._clock.now())
        async with self._db.read() as s:
            ids = (
                await s.scalars(due.order_by(ErasureRow.due_at, ErasureRow.id).limit(BATCH))
            ).all()
        return sum([await self._do(id) for id in ids])

    async def _do(self, id: int) -> bool:
        try:
            async with self._db.read() as s:
                found = await s.get(ErasureRow, id)
            if found is None or found.due_at > self._clock.now():
                return False  # put off meanwhile
            if found.kind == "dialogue":
                # Before the transaction: nobody else's writing waits for Rasa.
                await self._channels.eraser.forget_dialogue(found.ref)
            async with self._db.write() as s:
                row = await s.get(ErasureRow, id, with_for_update=True)
                if row is None:
                    return False  # another worker was here
                row.ground = await self._kinds[row.kind](s, row)
                if row.ground is None:
                    await self._settle(s, row)
                    await s.delete(row)
                    return True
                row.due_at = self._clock.now() + AGAIN
                return False
        except Exception as error:
            # One that fails does not hold up the others; it is tried for as long as it takes.
            log.warning("erasure %s waits: %s: %s", id, type(error).__name__, error)
            # While Rasa is away each would wait for it in vain, and the worker with it.
            away = isinstance(error, RasaAway)
            await self._put_off(ErasureRow.kind == "dialogue" if away else ErasureRow.id == id)
        return False

    async def _put_off(self, which: ColumnElement[bool]) -> None:
        now = self._clock.now()
        async with self._db.write() as s:
            later = update(ErasureRow).where(which, ErasureRow.due_at <= now)
            await s.execute(later.values(due_at=now + AGAIN))

    async def erase_talk(self, s: Session, id: str) -> bool:
        """Erase a conversation, in the caller's transaction; Rasa is told after it.

        Returns:
            False: it is being answered at this moment, or somebody needs it, and it stays.
        """
        now = self._clock.now()
        await s.get(ConversationRow, id, with_for_update=True, populate_existing=True)
        row = await conversations.conversation(s, id)
        if row.lease_until is not None and row.lease_until > now:
            return False
        # Only now: while we hold the row no turn begins, and what the last one filed is there.
        if await self._channels.eraser.needed(id):
            return False
        await self._channels.eraser.erase(s, id, now)
        await copies.erase_of_conversations(s, [id], ended=True)
        users = select(WeChatUserRow).where(WeChatUserRow.conversation_id == id)
        for user in (await s.scalars(users)).all():
            await wechat.erase_user(s, user, now)
        await put(s, "dialogue", [id], now)
        return True

    # ── by kind: None when it is gone, else why it stays ────────────────────────────────────

    async def _file(self, s: Session, row: ErasureRow) -> str | None:
        await self._channels.eraser.remove(s, row.ref)
        return None

    async def _dialogue(self, s: Session, row: ErasureRow) -> str | None:
        return None  # Rasa has forgotten it already

    async def _ticket(self, s: Session, row: ErasureRow) -> str | None:
        ticket = await store.load(s, row.ref, lock=True)
        if ticket is None:
            return None
        if ground := await erasing.ground(s, ticket):
            return ground
        now = self._clock.now()
        entry = await self._note(s, row, tickets=await erasing.touched(s, [row.ref]))
        await erasing.erase_all(s, [row.ref], now, entry)
        return None

    async def _talk(self, s: Session, row: ErasureRow) -> str | None:
        if not await self.erase_talk(s, row.ref):
            return "needed"
        entry = await self._note(s, row)
        await erasing.bury(s, "conversation", [row.ref], self._clock.now(), entry)
        return None

    async def _elder(self, s: Session, row: ErasureRow) -> str | None:
        target = await s.get(CareTargetRow, row.ref, with_for_update=True)
        if target is None:
            return None
        if target.left_on is None:
            return "visited"
        for name, value in CARE_EMPTIED.items():
            setattr(target, name, value)
        notes = update(CareVisitRow).where(CareVisitRow.target_id == row.ref)
        await s.execute(
            notes.values(CARE_NOTE_EMPTIED).execution_options(synchronize_session=False)
        )
        await self._note(s, row)
        return None

    async def _consent(self, s: Session, row: ErasureRow) -> str | None:
        entry = await journal.note(
            s, self._clock.now(), journal.SYSTEM, "consent.withdraw", f"ticket:{row.ref}",
            "当时要留的理由没有了", tickets=await visits.touched(s, row.ref),
        )  # fmt: skip
        return None if await consents.erase(s, row.ref, self._rules, entry) else "held"

    async def _note(self, s: Session, row: ErasureRow, **data: list[str]) -> int:
        subject = f"request:{row.request_id}"
        return await journal.note(
            s,
            self._clock.now(),
            journal.SYSTEM,
            "dsar.erase",
            subject,
            "当时要留的理由没有了",
            **data,
        )

    async def _settle(self, s: Session, row: ErasureRow) -> None:
        """Write down in the request that what had stayed is gone, too."""
        if row.request_id is None or row.kind not in ("ticket", "talk", "elder"):
            return
        request = await s.get(RequestRow, row.request_id, with_for_update=True)
        if request is None:
            return
        await s.flush()
        rest = await stays(s, row.request_id, but=row.id)
        gone = [row.ref] if row.kind == "ticket" else []
        request.result = {
            **request.result, "erased": [*request.result.get("erased", []), *gone], "stays": rest,
        }  # fmt: skip


async def stays(s: Session, request_id: str, but: int | None = None) -> dict[str, str]:
    """Return what of a request has not been erased yet, and why, in words."""
    query = select(ErasureRow).where(
        ErasureRow.request_id == request_id,
        ErasureRow.ground.is_not(None),
        ErasureRow.id != (but or 0),
    )
    names = {"talk": TALK, "elder": ELDER}
    return {
        names.get(r.kind, r.ref): GROUNDS[str(r.ground)]
        for r in await s.scalars(query.order_by(ErasureRow.id))
    }


async def talks(s: Session, request_id: str) -> list[str]:
    """Return the conversations of a request that are not erased yet."""
    query = select(ErasureRow.ref).where(
        ErasureRow.request_id == request_id, ErasureRow.kind == "talk"
    )
    return [*await s.scalars(query.order_by(ErasureRow.id))]
