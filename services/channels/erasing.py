"""Erasing a conversation that nobody needs any more; what its tickets hold stays with them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from sqlalchemy import case, delete, exists, select, update

from services.channels import joining, store
from services.channels.rasa import RasaClient
from services.channels.tables import AttachmentRow, DraftRow, HandoffRow, MessageRow, RedirectRow
from services.db import Database, Session
from services.people.service import PeopleService
from services.retention.tables import put
from services.tickets.service import TicketService


class Eraser:
    """Erases what was said, sent and left in a conversation.

    A ticket is the administration's record of a matter and keeps what was filed with it: narrative,
    photos, who may be called back.
    """

    def __init__(
        self,
        db: Database,
        tickets: TicketService,
        people: PeopleService,
        rasa: RasaClient,
        uploads: Path,
    ) -> None:
        self._db = db
        self._tickets = tickets
        self._people = people
        self._rasa = rasa
        self._uploads = uploads

    async def needed(self, conversation_id: str) -> bool:
        """Say whether a ticket of its resident is open or kept as evidence, or a person is to answer in it."""
        async with self._db.read() as s:
            row = await store.conversation(s, conversation_id)
            also = await joining.siblings(s, row)
            waits = exists().where(
                HandoffRow.conversation_id == conversation_id, HandoffRow.state != "released"
            )
            if await s.scalar(select(waits)):
                return True
        return await self._tickets.binds(conversation_id, row.resident_id, also)

    async def forget_dialogue(self, conversation_id: str) -> None:
        """Have Rasa forget its side; RasaAway or RasaRefused when it cannot be told."""
        await self._rasa.forget(conversation_id)

    async def erase(self, s: Session, conversation_id: str, now: datetime) -> None:
        """Erase the rest, in the caller's transaction; the worker removes the files of its photos."""
        row = await store.conversation(s, conversation_id)
        also = await joining.siblings(s, row)
        kept = await self._tickets.photos(conversation_id, row.resident_id, also)
        if row.resident_id is not None and not also:
            await self._people.forget_resident(s, row.resident_id)
        row.resident_id, row.pending_callback, row.opened_from = None, None, None
        await s.execute(delete(DraftRow).where(DraftRow.conversation_id == conversation_id))
        await s.execute(delete(RedirectRow).where(RedirectRow.conversation_id == conversation_id))
        await self._tickets.leave_queues(s, [conversation_id])
        await s.execute(
            update(MessageRow)
            .where(MessageRow.conversation_id == conversation_id)
            .values(
                text="", payload=None, location=None, attachment_id=None, buttons=[], card=None,
                ticket=None, state=case((MessageRow.state == "received", "answered"), else_=MessageRow.state),
            )
            .execution_options(synchronize_session=False)
        )  # fmt: skip
        await s.execute(
            update(HandoffRow).where(HandoffRow.conversation_id == conversation_id).values(text="")
        )
        query = select(AttachmentRow).where(AttachmentRow.conversation_id == conversation_id)
        await erase_photos(s, [p for p in await s.scalars(query) if p.id not in kept], now)

    async def remove(self, s: Session, path: str) -> None:
        """Remove the file of a photo, unless a row names it: sent twice or by two people it is one file."""
        if not await s.scalar(select(exists().where(AttachmentRow.path == path))):
            await asyncio.to_thread((self._uploads / path).unlink, missing_ok=True)


async def erase_photos(s: Session, photos: Sequence[AttachmentRow], now: datetime) -> None:
    """Erase photos, and have the worker remove their files (:meth:`Eraser.remove`)."""
    await s.execute(delete(AttachmentRow).where(AttachmentRow.id.in_([p.id for p in photos])))
    await put(s, "file", [p.path for p in photos], now)
