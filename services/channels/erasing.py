"""Erasing a conversation that nobody needs any more; what its tickets hold stays with them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import case, delete, exists, func, select, update

from services.channels import joining, store
from services.channels.rasa import RasaClient
from services.channels.tables import AttachmentRow, HandoffRow, MessageRow
from services.db import Database, Session
from services.people.service import PeopleService
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
        """Say whether a ticket of its resident is open, or a person is to answer in it."""
        async with self._db.read() as s:
            row = await store.conversation(s, conversation_id)
            also = await joining.siblings(s, row)
            waits = exists().where(
                HandoffRow.conversation_id == conversation_id, HandoffRow.state != "released"
            )
            if await s.scalar(select(waits)):
                return True
        return await self._tickets.has_open(conversation_id, row.resident_id, also)

    async def forget_dialogue(self, conversation_id: str) -> None:
        """Have Rasa forget its side; RasaAway or RasaRefused when it cannot be told."""
        await self._rasa.forget(conversation_id)

    async def erase(self, s: Session, conversation_id: str) -> Sequence[str]:
        """Erase the rest, in the caller's transaction.

        Returns:
            Files of photos that no row names any more, for :meth:`remove`.
        """
        row = await store.conversation(s, conversation_id)
        also = await joining.siblings(s, row)
        kept = await self._tickets.photos(conversation_id, row.resident_id, also)
        if row.resident_id is not None and not also:
            await self._people.forget_resident(s, row.resident_id)
        row.resident_id, row.pending_callback = None, None
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
        return await self._erase_photos(s, conversation_id, kept)

    async def remove(self, files: Sequence[str]) -> None:
        """Remove files of :meth:`erase`, once it has been committed."""
        for name in files:
            await asyncio.to_thread((self._uploads / name).unlink, missing_ok=True)

    async def _erase_photos(
        self, s: Session, conversation_id: str, kept: frozenset[str]
    ) -> Sequence[str]:
        query = select(AttachmentRow).where(AttachmentRow.conversation_id == conversation_id)
        gone = [row for row in await s.scalars(query) if row.id not in kept]
        await s.execute(delete(AttachmentRow).where(AttachmentRow.id.in_([r.id for r in gone])))
        files = []
        for path in {row.path for row in gone}:
            # The same photo, sent twice or by two people, is one file.
            rest = select(func.count()).select_from(AttachmentRow).where(AttachmentRow.path == path)
            if not await s.scalar(rest):
                files.append(path)
        return files
