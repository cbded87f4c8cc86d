"""One resident in two channels: joined with the query code, after a question (docs/adr/0011).

Whoever shows a ticket's number and query code in another conversation than the one that filed it is
asked whether the two shall be one person's. Only a yes joins them: then both belong to the same
resident, who sees the tickets of both in either, and is told of changes where they wrote last. Either
side parts them again with a word.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import and_, func, or_, select, update

from services.channels import store
from services.channels.tables import ConversationRow, JoinRow, MessageRow
from services.consents import records as consents
from services.consents.rules import ConsentRules
from services.db import Session
from services.people.service import PeopleService
from services.words import piece

COMMAND = "/join_channels"
"""Begins the payload of the button that says yes; it is answered here and never reaches Rasa."""
CHANNELS = frozenset({"web", "wechat"})
"""What can be joined. A kiosk is whoever stands before it."""
CONSENT = "joined_channels"
"""Purpose of the consent to be one person in two channels: given with the yes, ended by parting."""
VERSION = "2026-11"
"""Of the words with which it is asked for."""
VALID = timedelta(minutes=30)
"""So long after the code was shown a yes counts."""
YES = frozenset("好 好的 好吧 是 是的 对 行 可以 要 嗯 连 连吧 连起来 好连起来".split())
UNBIND = frozenset("解除绑定 解绑 取消绑定 解除连接 取消连接 断开连接".split())
"""What can only mean to part joined conversations, said alone."""
APART = frozenset("分开 分开吧 把两边分开 两边分开".split())
"""What means it in a conversation that is joined; elsewhere it is the dialogue's business."""
_MARKS = re.compile(r"[\W_]+")


def channel_name(channel: str) -> str:
    """Return what residents call a channel."""
    return piece(f"channel_{channel if channel in CHANNELS else 'other'}")


async def siblings(s: Session, row: ConversationRow) -> tuple[str, ...]:
    """Return the other conversations of the same resident."""
    if row.resident_id is None:
        return ()
    query = select(ConversationRow.id).where(
        ConversationRow.resident_id == row.resident_id, ConversationRow.id != row.id
    )
    return tuple(await s.scalars(query.order_by(ConversationRow.created_at)))


async def last_written(s: Session, row: ConversationRow) -> ConversationRow:
    """Return the conversation in which this resident wrote last; this one when they never did."""
    ids = (row.id, *await siblings(s, row))
    if len(ids) == 1:
        return row
    last = func.max(MessageRow.created_at)
    found = await s.scalar(
        select(MessageRow.conversation_id)
        .where(MessageRow.conversation_id.in_(ids), MessageRow.sender == "resident")
        .group_by(MessageRow.conversation_id)
        .order_by(last.desc())
        .limit(1)
    )
    return row if found is None else await store.conversation(s, found)


async def offer(
    s: Session, conversation_id: str, other_id: str | None, ticket_no: str, now: datetime
) -> bool:
    """Note that the code of a ticket was shown in a conversation; say whether joining makes sense."""
    if other_id is None or other_id == conversation_id:
        return False
    mine, other = (
        await s.get(ConversationRow, conversation_id),
        await s.get(ConversationRow, other_id),
    )
    if mine is None or other is None or not {mine.channel, other.channel} <= CHANNELS:
        return False
    if mine.resident_id is not None and mine.resident_id == other.resident_id:
        return False
    if await _unwanted(s, mine.id, other.id):
        return False
    s.add(
        JoinRow(
            conversation_id=conversation_id, other_id=other_id, ticket_no=ticket_no, offered_at=now
        )
    )
    return True


async def _unwanted(s: Session, mine: str, other: str) -> bool:
    """Say whether the other side has parted from this one: then it has to ask itself."""
    parted = await s.scalar(
        select(JoinRow.parted_by)
        .where(
            or_(
                and_(JoinRow.conversation_id == mine, JoinRow.other_id == other),
                and_(JoinRow.conversation_id == other, JoinRow.other_id == mine),
            ),
            JoinRow.joined_at.is_not(None),
        )
        .order_by(JoinRow.id.desc())
        .limit(1)
    )
    return parted is not None and parted != mine


async def meant(s: Session, conversation_id: str, kind: str, text: str, payload: str) -> str | None:
    """Return the number of the ticket about which a message says yes to joining, else None.

    A tap, or a plain yes right after the question.
    """
    if kind == "payload":
        return ticket_of(payload)
    if kind != "text" or _MARKS.sub("", text) not in YES:
        return None
    newest: Sequence[Mapping[str, str]] | None = await s.scalar(
        select(MessageRow.buttons)
        .where(MessageRow.conversation_id == conversation_id)
        .order_by(MessageRow.seq.desc())
        .limit(1)
    )
    asked = (ticket_of(b["payload"]) for b in newest or ())
    return next((ticket for ticket in asked if ticket is not None), None)


def ticket_of(payload: str) -> str | None:
    """Return the ticket of the button that says yes; None for any other payload."""
    if not payload.startswith(f"{COMMAND}{{"):
        return None
    try:
        return str(json.loads(payload.removeprefix(COMMAND))["ticket_no"])
    except (ValueError, KeyError, TypeError):
        return None


async def join(
    s: Session, people: PeopleService, conversation_id: str, ticket_no: str, now: datetime
) -> ConversationRow | None:
    """Make the two conversations one resident's; None when the code was shown too long ago.

    Doing it twice changes nothing.

    Returns:
        The other conversation, which must be told.
    """
    row = await s.scalar(
        select(JoinRow)
        .where(JoinRow.conversation_id == conversation_id, JoinRow.ticket_no == ticket_no)
        .order_by(JoinRow.id.desc())
        .limit(1)
    )
    if row is None or row.parted_at is not None or not now - VALID <= row.offered_at <= now:
        return None
    mine, other = await _locked(s, conversation_id, row.other_id)
    row.joined_at = row.joined_at or now
    resident_id = await _one_resident(s, people, mine, other)
    await people.give_consent(s, resident_id, CONSENT, VERSION)
    same = [r for r in (mine.resident_id, other.resident_id) if r is not None]
    await s.execute(
        update(ConversationRow)
        .where(ConversationRow.id.in_((mine.id, other.id)) | ConversationRow.resident_id.in_(same))
        .values(resident_id=resident_id)
    )
    return other


async def wants_apart(s: Session, conversation_id: str, kind: str, text: str) -> bool:
    """Say whether a message takes the joining of its conversation back."""
    words = _MARKS.sub("", text) if kind == "text" else ""
    if words in UNBIND:
        return True
    return words in APART and bool(await siblings(s, await store.conversation(s, conversation_id)))


async def part(
    s: Session, people: PeopleService, conversation_id: str, rules: ConsentRules, now: datetime
) -> list[ConversationRow]:
    """Make each of a resident's conversations its own again; return all of them.

    A conversation that is joined with none stays as it is.

    Contact data that was brought together is nobody's any more and is erased: whose it was cannot
    be told, and who is asked for it once more is better off than who is called in another's stead.
    Tickets keep what was left for them; each is seen where it was filed. A separate consent stays with
    the conversation in which it was given.
    """
    row = await store.conversation(s, conversation_id)
    found = await _locked(s, row.id, *await siblings(s, row))
    ids = [r.id for r in found]
    if len(ids) == 1:
        return found
    await consents.parted(s, ids, rules, now)
    if row.resident_id is not None:
        await people.forget_resident(s, row.resident_id)
    for each in found:
        each.resident_id = None
    await s.execute(
        update(JoinRow)
        .where(
            JoinRow.conversation_id.in_(ids),
            JoinRow.other_id.in_(ids),
            JoinRow.parted_at.is_(None),
        )
        .values(parted_at=now, parted_by=conversation_id)
    )
    return found


async def _locked(s: Session, *ids: str) -> list[ConversationRow]:
    """Lock all, always in the same order, so that two who join crosswise do not wait for ever."""
    for each in sorted(ids):
        await store.lock(s, each)
    return [await s.get_one(ConversationRow, i, populate_existing=True) for i in ids]


async def _one_resident(
    s: Session, people: PeopleService, mine: ConversationRow, other: ConversationRow
) -> str:
    """Return whose both shall be: the one known where the ticket was filed, else the one known here.

    What only the other one has left (a name, a phone) is added; nothing is overwritten.
    """
    known = [await people.resident(s, r) for r in (other.resident_id, mine.resident_id) if r]
    found = [r for r in known if r is not None]
    if not found:
        return (await people.save_resident(s)).id
    kept = found[0]
    for left in found[1:]:
        if left.id != kept.id:
            await people.save_resident(
                s,
                kept.id,
                name=None if kept.name else left.name,
                phone=None if kept.phone else left.phone,
                home=None if kept.home else left.home,
                contact_pref=None if kept.contact_pref else left.contact_pref,
            )
            for consent in left.consents:
                if consent.withdrawn_at is None:
                    await people.give_consent(s, kept.id, consent.purpose, consent.version)
    return kept.id
