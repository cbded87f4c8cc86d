"""“机器人理解错了”: what the desk and grid workers say of a message, for whoever teaches the bot.

A suggestion decides nothing. It brings the group of the message up in the inbox, where the one who
teaches sees who said it and what they think it means.
"""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from services.clock import Clock
from services.db import Database, Session, insert_or
from services.errors import LindaError
from services.people.model import Staff
from services.training import groups
from services.training.heard import HeardService
from services.training.heard_tables import GroupRow, HeardRow, SuggestionRow
from services.training.redaction import leaks, redact

LONGEST = 200


class Wanted(BaseModel):
    """What somebody says: which matter it is (empty: they cannot tell), and a few words."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    leaf: str = Field("", max_length=8)
    note: str = Field("", max_length=LONGEST)


class Suggestions:
    """See the module. Whether somebody may see the conversation or ticket, the caller has asked.

    Raises ``LindaError``: 422 ``nothing_said``, ``leaf_unknown``, ``personal_data``; 404
    ``not_heard``: the message is not kept for learning; 409 ``already_decided``.
    """

    def __init__(self, db: Database, clock: Clock, heard: HeardService) -> None:
        self._db, self._clock, self._heard = db, clock, heard

    async def of_message(self, message_id: str, wanted: Wanted, staff: Staff) -> None:
        """Say it of one message of a conversation."""
        note = self._checked(wanted)
        async with self._db.write() as s:
            await groups.lock(s)
            await self._keep(s, await self._heard.of_message(s, message_id), wanted, note, staff)

    async def of_ticket(
        self, conversation_id: str | None, filed_at: datetime, wanted: Wanted, staff: Staff
    ) -> None:
        """Say it of the message that a ticket was written from."""
        note = self._checked(wanted)
        async with self._db.write() as s:
            await groups.lock(s)
            row = await self._heard.told(s, conversation_id, filed_at) if conversation_id else None
            await self._keep(s, row, wanted, note, staff)

    def _checked(self, wanted: Wanted) -> str:
        """Return the note without personal data."""
        if not wanted.leaf and not wanted.note:
            raise LindaError(
                "nothing_said",
                "请选是哪一件事，或者写一句应该怎么理解。",
                422,
                {"note": "请填写。"},
            )
        if wanted.leaf and wanted.leaf not in self._heard.knowledge.labels.leaf_names:
            raise LindaError("leaf_unknown", "没有这个事项。", 422, {"leaf": "请选一个。"})
        note = redact(wanted.note).text
        if leaks(note):
            raise LindaError(
                "personal_data", "请不要写姓名、电话、门牌，只写意思。", 422, {"note": "请改一改。"}
            )
        return note

    async def _keep(
        self, s: Session, row: HeardRow | None, wanted: Wanted, note: str, staff: Staff
    ) -> None:
        """Keep it (the caller holds the lock); a group that was skipped waits again."""
        if row is None:
            raise LindaError("not_heard", "这句话没有留给机器人学，不用提。", 404)
        group = await s.get_one(GroupRow, row.group_id) if row.group_id is not None else None
        if group is not None and group.state == "decided":
            raise LindaError("already_decided", "这句话训练员已经定过了，不用再提。", 409)
        said = {
            "staff_name": staff.name, "leaf": wanted.leaf or None, "note": note,
            "at": self._clock.now(),
        }  # fmt: skip
        key = {"heard_id": row.id, "staff_id": staff.id}
        add = insert_or(s)(SuggestionRow.__table__).values({**key, **said})
        await s.execute(add.on_conflict_do_update(index_elements=[*key], set_=said))
        if group is not None:
            group.state = "open"
        await self._heard.note(s, row, "suggested", self._clock.now())
