"""Everything stored of one person, by a verified phone: where it lies, and as a document for them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select

from services.audit.journal import ACTION_NAMES
from services.audit.tables import AuditEntryRow
from services.channels.tables import (
    AttachmentRow,
    ConversationRow,
    HandoffOpeningRow,
    HandoffRow,
    JoinRow,
    MessageRow,
)
from services.channels.wechat.tables import WeChatUserRow
from services.db import Session
from services.people import residents
from services.people.crypto import Vault
from services.people.model import ROLE_NAMES
from services.people.tables import ResidentRow, StaffRow
from services.retention.columns import Personal
from services.rights import copy
from services.rights.tables import RequestRow
from services.tickets import shared, store
from services.tickets.core.actor import Actor
from services.tickets.core.event import Event
from services.tickets.core.ticket import Ticket
from services.tickets.tables import TicketContactRow, TicketRow
from services.tickets.views import EVENT_TEXTS
from services.visits.tables import CareTargetRow

PAGE = 1000
MIN_DIGITS = 7


@dataclass(frozen=True)
class Person:
    """Where data of a person lies."""

    resident_ids: tuple[str, ...]
    conversation_ids: tuple[str, ...]
    ticket_nos: tuple[str, ...]
    elder_ids: tuple[str, ...] = ()
    phone: str = ""

    @property
    def own(self) -> dict[str, Sequence[str]]:
        """Ids by what they name, as ``data/personal.yml`` calls it."""
        return {
            "conversation": self.conversation_ids,
            "ticket": self.ticket_nos,
            "elder": self.elder_ids,
        }


def plain_phone(text: str) -> str:
    """Return the digits of a phone number, without the country's code; empty when it is none."""
    digits = re.sub(r"\D", "", text)
    digits = digits[2:] if len(digits) == 13 and digits.startswith("86") else digits
    return digits if MIN_DIGITS <= len(digits) <= 12 else ""


async def find(s: Session, vault: Vault, phone: str, also: Sequence[str] = ()) -> Person:
    """Return where data of the owner of a phone lies.

    Contact data of tickets is encrypted, so all of it is opened once: some seconds for 200,000.

    Args:
        s: A session.
        vault: The keys.
        phone: Digits only.
        also: Residents known in another way (the chat that asks).
    """
    hashes = {vault.fingerprint(phone)} if phone else set()
    query = select(ResidentRow.id).where(
        or_(ResidentRow.phone_hash.in_(hashes), ResidentRow.id.in_(also))
    )
    ids = sorted(await s.scalars(query))
    left = await _left(s, vault) if phone else {}
    numbers = {number for number, (given, _) in left.items() if given == phone}
    bound = or_(
        ConversationRow.resident_id.in_(ids), ConversationRow.id.in_(_talks_of(left, phone))
    )
    talks = sorted(await s.scalars(select(ConversationRow.id).where(bound)))
    own = or_(TicketRow.resident_id.in_(ids), TicketRow.conversation_id.in_(talks))
    numbers |= set(await s.scalars(select(TicketRow.ticket_no).where(own)))
    elders = await _elders(s, vault, phone) if phone else ()
    return Person(tuple(ids), tuple(talks), tuple(sorted(numbers)), elders, phone)


async def _elders(s: Session, vault: Vault, phone: str) -> tuple[str, ...]:
    """Return who of those that are visited has this number."""
    query = select(CareTargetRow.id, CareTargetRow.phone_enc).order_by(CareTargetRow.id)
    rows = await s.execute(query.where(CareTargetRow.phone_enc.is_not(None)))
    return tuple(r.id for r in rows if plain_phone(vault.decrypt(r.phone_enc)) == phone)


async def _left(s: Session, vault: Vault) -> dict[str, tuple[str, str | None]]:
    """Return the phone that each ticket's reporter has left, and the conversation it was filed in."""
    found: dict[str, tuple[str, str | None]] = {}
    after = ""
    while True:
        query = (
            select(
                TicketContactRow.ticket_no, TicketContactRow.phone_enc, TicketRow.conversation_id
            )
            .join(TicketRow, TicketRow.ticket_no == TicketContactRow.ticket_no)
            .where(TicketContactRow.ticket_no > after)
            .order_by(TicketContactRow.ticket_no)
            .limit(PAGE)
        )
        page = (await s.execute(query)).all()
        if not page:
            return found
        for number, stored, talk in page:
            if stored:
                found[number] = (plain_phone(vault.decrypt(stored)), talk)
        after = page[-1].ticket_no


def _talks_of(left: Mapping[str, tuple[str, str | None]], phone: str) -> set[str]:
    """Return conversations in which this phone was left, and no other: those may be somebody else's."""
    phones: dict[str, set[str]] = defaultdict(set)
    for number, talk in left.values():
        if talk is not None:
            phones[talk].add(number)
    return {talk for talk, given in phones.items() if given == {phone}}


async def document(
    s: Session, vault: Vault, personal: Personal, person: Person, now: datetime
) -> dict[str, Any]:
    """Return everything stored of a person, and who has looked at it.

    Which tables that is says ``data/personal.yml``: some are written here, the others as they are.

    Returns:
        ``{made_at, profiles, conversations, tickets, requests, looks, others}``, JSON values only;
        names of staff with their role, as who looked is part of what may be known (《个人信息保护法》
        第四十四条). ``others``: see :func:`services.rights.copy.sections`.
    """
    names = {r.id: r.name for r in await s.execute(select(StaffRow.id, StaffRow.name))}
    profiles = [await _profile(s, vault, id) for id in person.resident_ids]
    tickets = [await _ticket(s, vault, n, names) for n in person.ticket_nos]
    talks = [await _conversation(s, id, names) for id in person.conversation_ids]
    return {
        "made_at": now.isoformat(),
        "profiles": [p for p in profiles if p],
        "conversations": talks,
        "tickets": [t for t in tickets if t],
        "requests": await _requests(s, vault, person),
        "looks": await looks(s, person),
        "others": await copy.sections(s, vault, personal, person.own, person.phone, names),
    }


async def looks(s: Session, person: Person) -> list[dict[str, Any]]:
    """Return who has looked at or decided about the person's data, oldest first."""
    subjects = [f"ticket:{n}" for n in person.ticket_nos]
    subjects += [f"resident:{id}" for id in person.resident_ids]
    query = (
        select(AuditEntryRow)
        .where(AuditEntryRow.subject.in_(subjects))
        .order_by(AuditEntryRow.at, AuditEntryRow.id)
    )
    return [
        {
            "at": e.at.isoformat(), "who": e.name, "role": ROLE_NAMES.get(e.role, e.role),
            "what": ACTION_NAMES.get(e.action, e.action), "about": e.subject.partition(":")[2],
            "why": e.reason,
        }
        for e in await s.scalars(query)
    ]  # fmt: skip


async def _profile(s: Session, vault: Vault, resident_id: str) -> dict[str, Any] | None:
    known = await residents.load(s, vault, resident_id)
    if known is None:
        return None
    return {
        "id": known.id, "name": known.name, "phone": known.phone,
        "home": asdict(known.home) if known.home else None, "contact_pref": known.contact_pref,
        "consents": [
            {"purpose": c.purpose, "version": c.version, "given_at": c.given_at.isoformat(),
             "withdrawn_at": c.withdrawn_at.isoformat() if c.withdrawn_at else None}
            for c in known.consents
        ],
    }  # fmt: skip


async def _ticket(
    s: Session, vault: Vault, number: str, names: dict[str, str]
) -> dict[str, Any] | None:
    ticket = await store.load(s, number)
    if ticket is None:
        return None
    row = await store.contact(s, number)
    stored = {n: getattr(row, f"{n}_enc") if row else None for n in _CONTACT}
    return {
        "ticket_no": number, "filed_at": _iso(ticket.created_at), "state": ticket.state.label,
        "title": ticket.title, "gist": ticket.gist, "said": ticket.narrative_original, "reply": ticket.reply,
        "place": ticket.place.public_text, "appointment": ticket.appointment, "rating": ticket.rating,
        "contact": {n: vault.decrypt(v) if v else None for n, v in stored.items()},
        "photos": [*ticket.attachments], "supplements": [u.get("text") for u in ticket.supplements],
        "about": {n: ticket.to_doc()[n] for n in _ABOUT if ticket.to_doc()[n]},
        "held": ticket.hold is not None,
        "history": [
            {
                "at": e.at.isoformat(), "step": EVENT_TEXTS[e.type], "by": _who(e.actor, names),
                "words": _words(e),
            }
            for e in await store.history(s, number)
        ],
        "said_on_shared": [
            {"ticket_no": e.ticket_no, "at": e.at.isoformat(), "step": EVENT_TEXTS[e.type],
             "words": _words(e)}
            for e in await shared.steps(s, ticket)
        ],
    }  # fmt: skip


_CONTACT = ("name", "phone", "room", "address", "subject_name")
_ABOUT = (
    "reporter",
    "subject",
    "location",
    "occurred_text",
    "certificate",
    "nlu",
    "knowledge_refs",
    "callbacks",
    "contacts",
)
_SAID = ("text", "reason", "comment", "explanation", "reply", "note")
"""What was said at a step, by the person or to them."""


def _words(event: Event) -> list[str]:
    """Return what was said at a step; a restricted note may be about somebody else, and stays with its desk."""
    if event.type == "noted" and event.data.get("restricted"):
        return ["（限阅备注，不在复制件里）"]
    return [str(event.data[n]) for n in _SAID if event.data.get(n)]


def _who(actor: Actor, names: dict[str, str]) -> str:
    if actor.kind == "staff":
        return f"{names.get(actor.id, actor.id)}（{ROLE_NAMES.get(actor.role, '')}）"
    return "本人" if actor.kind == "resident" else "系统"


async def _conversation(s: Session, id: str, names: dict[str, str]) -> dict[str, Any]:
    row = await s.get(ConversationRow, id)
    assert row is not None  # found in this transaction
    messages = select(MessageRow).where(MessageRow.conversation_id == id).order_by(MessageRow.seq)
    handed = select(HandoffRow).where(HandoffRow.conversation_id == id)
    photos = select(AttachmentRow.id, AttachmentRow.created_at).where(
        AttachmentRow.conversation_id == id
    )
    opened = (
        select(HandoffOpeningRow.staff_id, HandoffOpeningRow.at)
        .join(HandoffRow, HandoffRow.id == HandoffOpeningRow.handoff_id)
        .where(HandoffRow.conversation_id == id)
        .order_by(HandoffOpeningRow.at)
    )
    wechat = await s.scalar(select(WeChatUserRow.id).where(WeChatUserRow.conversation_id == id))
    joins = select(JoinRow).where(or_(JoinRow.conversation_id == id, JoinRow.other_id == id))
    return {
        "channel": row.channel, "wechat_linked": wechat is not None,
        "opened_at": row.created_at.isoformat(), "last_seen_at": row.last_seen_at.isoformat(),
        "messages": [
            {
                "at": m.created_at.isoformat(), "from": m.sender, "text": m.text,
                "by": names.get(m.staff_id) if m.staff_id else None,
                "with": {n: v for n in _PARTS if (v := getattr(m, n))},
            }
            for m in await s.scalars(messages)
        ],
        "asked": row.pending_callback,
        "photos": [{"id": p.id, "at": p.created_at.isoformat()} for p in await s.execute(photos)],
        "handoffs": [
            {
                "at": h.created_at.isoformat(), "text": h.text, "ticket_no": h.ticket_no,
                "taken_by": h.staff_name, "released_at": _iso(h.released_at),
            }
            for h in await s.scalars(handed.order_by(HandoffRow.created_at))
        ],
        "read_by": [
            {"who": names.get(o.staff_id, o.staff_id), "at": o.at.isoformat()}
            for o in await s.execute(opened)
        ],
        "joins": [
            {"ticket_no": j.ticket_no, "joined_at": _iso(j.joined_at), "parted_at": _iso(j.parted_at)}
            for j in await s.scalars(joins)
        ],
    }  # fmt: skip


_PARTS = ("payload", "location", "buttons", "card", "ticket")
"""What a message carries beside its text: what was tapped, where somebody was, what was shown."""


async def _requests(s: Session, vault: Vault, person: Person) -> list[dict[str, Any]]:
    hashes = [vault.fingerprint(person.phone)] if person.phone else []
    own = or_(RequestRow.resident_id.in_(person.resident_ids), RequestRow.phone_hash.in_(hashes))
    rows = (await s.scalars(select(RequestRow).where(own).order_by(RequestRow.filed_at))).all()
    return [
        {
            "kind": r.kind, "filed_at": r.filed_at.isoformat(), "state": r.state, "answer": r.answer,
            "phone": vault.decrypt(r.phone_enc) if r.phone_enc else None,
            "wish": vault.decrypt(r.wish_enc) if r.wish_enc else None,
            "stays": r.result.get("stays", {}),
        }
        for r in rows
    ]  # fmt: skip


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


async def tickets_of(s: Session, person: Person) -> list[Ticket]:
    """Return the person's tickets, locked."""
    found = [await store.load(s, n, lock=True) for n in person.ticket_nos]
    return [t for t in found if t is not None]
