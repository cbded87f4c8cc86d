"""Unfinished forms: kept for the resident's other channels, for so long as they are unfinished.

What Rasa's answer to a message says about the open form is written down with that answer, so the row
and the dialogue never tell two stories. Who comes back in another conversation that is joined with
the first (``joining``) is asked once whether to go on; a yes moves the form there, a no drops it.
See docs/adr/0013-drafts.md.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Select, delete, select

from services.channels import joining, store
from services.channels.rasa import Answer, OpenDraft
from services.channels.tables import ConversationRow, DraftRow
from services.channels.texts import Texts
from services.db import Session
from services.outbox.queue import enqueue
from services.people.crypto import Vault
from services.words import piece, refusal
from services.yaml_files import read_yaml

if TYPE_CHECKING:
    from services.context import Services

LEFT = "draft.left"
"""A form is not gone on with in this conversation any more: Rasa puts it away."""
ABOUT = "draft:"
"""Begins what the buttons of the question are about."""
BATCH = 50

Change = Literal["resume", "drop"]


class Rules(BaseModel):
    """``data/dialogue/drafts.yml`` as far as the services need it."""

    model_config = ConfigDict(extra="ignore")

    keep_days: int
    names: dict[str, str]
    shown: int
    not_after: frozenset[str]


@cache
def rules(data_dir: Path) -> Rules:
    """Return the rules, read once."""
    path = data_dir / "dialogue" / "drafts.yml"
    return Rules.model_validate(read_yaml(path.read_text("utf-8")))


@dataclass(frozen=True)
class Drafts:
    """What there is to do with unfinished forms; each method works in the caller's transaction."""

    vault: Vault
    rules: Rules
    texts: Texts

    async def keep(
        self, s: Session, conversation_id: str, draft: OpenDraft | None, now: datetime
    ) -> None:
        """Write down the form that is open in a conversation now; None: there is none.

        One that was brought here stays until the dialogue has opened it.
        """
        query = select(DraftRow).where(DraftRow.conversation_id == conversation_id)
        row = await s.scalar(query)
        if draft is None:
            if row is not None and row.asked_in != conversation_id:
                await s.delete(row)
            return
        if row is None:
            row = DraftRow(id=store.new_id("d"), conversation_id=conversation_id)
            s.add(row)
        if row.round != draft.round:
            row.asked_in, row.asked_seq = None, None
        row.round = draft.round
        # It is told where it was begun, also after it has gone over to another conversation.
        content = {**draft.model_dump(), "conversation_id": conversation_id}
        row.content_enc = self.vault.encrypt(json.dumps(content, ensure_ascii=False))
        row.changed_at = now
        row.expires_at = now + timedelta(days=self.rules.keep_days)

    async def ask(
        self,
        s: Session,
        conversation: ConversationRow,
        answer: Answer,
        message_id: str,
        now: datetime,
    ) -> None:
        """After an answer ask about a form that waits in another channel; once, and not in the way.

        Not while a form is open here, a person talks, danger is about, or the answer itself
        has buttons to choose from: then the next answer is followed by the question.
        """
        if conversation.mode != "bot" or answer.draft is not None or not answer.messages:
            return
        done: Collection[str] = answer.understood.actions if answer.understood else ()
        if self.rules.not_after & set(done) or any(m.buttons for m in answer.messages):
            return
        others = await joining.siblings(s, conversation)
        if not others:
            return
        row = await s.scalar(_waiting(others, now).where(DraftRow.asked_in.is_(None)))
        if row is None:
            return
        there = await store.conversation(s, row.conversation_id)
        said = self.texts.say(
            "draft_waits",
            conversation.elder,
            id=row.id,
            words=self.words(row),
            channel=joining.channel_name(there.channel),
        )
        asked = await store.append(
            s,
            conversation.id,
            sender="bot",
            now=now,
            text=said.text,
            buttons=said.buttons,
            reply_to=message_id,
        )
        row.asked_in, row.asked_seq = conversation.id, asked.seq

    async def offered(
        self, s: Session, conversation: ConversationRow, now: datetime
    ) -> dict[str, Any] | None:
        """Return ``{id, fresh, buttons}`` of the form that was asked about here, for the dialogue.

        ``fresh``: nothing else has been said to the resident since.
        """
        ids = (conversation.id, *await joining.siblings(s, conversation))
        row = await s.scalar(_waiting(ids, now).where(DraftRow.asked_in == conversation.id))
        if row is None:
            return None
        fresh = await store.last_said_seq(s, conversation.id) == row.asked_seq
        buttons = self.texts.say("draft_waits", id=row.id, words="", channel="").buttons
        return {"id": row.id, "fresh": fresh, "buttons": buttons}

    async def change(
        self,
        s: Session,
        conversation_id: str,
        draft_id: str,
        wanted: Change,
        now: datetime,
    ) -> dict[str, Any] | None:
        """Bring a form of the resident's other conversation here, or drop it; twice is once.

        Returns:
            The form as Rasa told it, with the ``conversation_id`` where it was begun; None when it
            was dropped or is no longer there.

        Raises:
            LindaError: 403 ``draft_of_another``: it belongs to somebody else.
        """
        row = await s.get(DraftRow, draft_id, with_for_update=True)
        if row is None or row.expires_at <= now:
            return None
        content = self.read(row)
        if row.conversation_id != conversation_id:
            here = await store.conversation(s, conversation_id)
            if row.conversation_id not in await joining.siblings(s, here):
                raise refusal("draft_of_another", 403)
            await leave(s, row, now)
            if wanted == "resume":
                await s.execute(delete(DraftRow).where(DraftRow.conversation_id == conversation_id))
                row.conversation_id = conversation_id
        if wanted == "drop":
            await s.delete(row)
            return None
        return content

    async def forget(self, s: Session, conversation_ids: Sequence[str], now: datetime) -> None:
        """Forget every unfinished form of these conversations, in Rasa as well."""
        query = select(DraftRow).where(DraftRow.conversation_id.in_(conversation_ids))
        for row in await s.scalars(query):
            await leave(s, row, now)
            await s.delete(row)

    async def expire(self, s: Session, now: datetime) -> int:
        """Forget what nobody came back to; return how many."""
        query = select(DraftRow).where(DraftRow.expires_at <= now).limit(BATCH)
        rows = (await s.scalars(query.with_for_update(skip_locked=True))).all()
        for row in rows:
            await leave(s, row, now)
            await s.delete(row)
        return len(rows)

    async def told(self, s: Session, conversation_ids: Sequence[str]) -> list[str]:
        """Return what waits in these conversations, in words, the newest first."""
        query = select(DraftRow).where(DraftRow.conversation_id.in_(conversation_ids))
        return [
            self.words(row) for row in await s.scalars(query.order_by(DraftRow.changed_at.desc()))
        ]

    def read(self, row: DraftRow) -> dict[str, Any]:
        """Return the form as Rasa told it."""
        content: dict[str, Any] = json.loads(self.vault.decrypt(row.content_enc))
        return content

    def words(self, row: DraftRow) -> str:
        """Return what the form is about, in the resident's own first words."""
        draft = self.read(row)
        story = " ".join(str((draft.get("values") or {}).get("narrative") or "").split())
        if not story:
            return self.rules.names.get(str(draft.get("form")), piece("draft_unnamed"))
        return story if len(story) <= self.rules.shown else f"{story[: self.rules.shown]}…"


def _waiting(conversation_ids: Sequence[str], now: datetime) -> Select[DraftRow]:
    """Return the query for the newest unfinished form of these conversations."""
    return (
        select(DraftRow)
        .where(DraftRow.conversation_id.in_(conversation_ids), DraftRow.expires_at > now)
        .order_by(DraftRow.changed_at.desc())
        .limit(1)
    )


async def leave(s: Session, row: DraftRow, now: datetime) -> None:
    """Have Rasa put the form away in the conversation where it is; done by the worker."""
    about = {"conversation_id": row.conversation_id, "round": row.round}
    await enqueue(s, LEFT, about, f"draft-left:{row.conversation_id}:{row.round}", now)


async def on_left(services: Services, payload: Mapping[str, Any]) -> None:
    """Put a form away in Rasa (topic ``draft.left``), if it is still that one; twice is once.

    An answer that was under way meanwhile may have written it down once more: that row goes, too.
    """
    conversation_id, round_ = str(payload["conversation_id"]), str(payload["round"])
    await services.channels.put_away(conversation_id, round_)
    async with services.db.write() as s:
        mine = (DraftRow.conversation_id == conversation_id, DraftRow.round == round_)
        await s.execute(delete(DraftRow).where(*mine))
