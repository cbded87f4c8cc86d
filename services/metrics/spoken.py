"""What is stored of conversations with the bot, read for :mod:`services.metrics.dialogue`."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from services.channels.tables import ConversationRow, HandoffRow, MessageRow
from services.clock import ZONE
from services.db import Session
from services.metrics.dialogue import (
    AFTER,
    Bot,
    Heard,
    RedTeam,
    Said,
    confusions,
    edited_slots,
    talks,
)
from services.metrics.periods import Period
from services.people.tables import ResidentRow
from services.tickets.tables import TicketEventRow, TicketRow
from services.training.heard_tables import AnnotationRow, GroupRow, HeardRow, OutcomeRow
from services.training.labels import EMERGENCY, OUT_OF_SCOPE
from services.training.model_tables import EvaluationRow
from services.training.releases import newest

SETTING = ("submitted", "accepted", "review_corrected")
"""Events with the facts that a person may set right."""
LABELLED = ("confirmed", "corrected", "out_of_scope")
"""Decisions that say what a message means."""
FROZEN = "frozen"
CARD = "service"


async def read(
    s: Session,
    period: Period,
    *,
    community: str | None = None,
    homes: Mapping[str, str] | None = None,
    ends: Mapping[str, date] | None = None,
    most: int = 10,
) -> Bot:
    """Return what is stored of a period.

    Args:
        community: Only conversations of its residents, or about it; the evaluation set has none.
        homes: Community by compound.
        ends: Last day of the service cards that have one, by the card's name.
        most: How many confusions are listed.
    """
    found = await _conversations(s, period, homes or {})
    await _tickets(s, period, found)
    wanted = {id for id, heard in found.items() if community in (None, heard.community)}
    waits, crises = await _handoffs(s, period, found, wanted if community else None)
    filed, slots, edited = await _written(s, period, wanted)
    understood = await _understood(s, period, wanted, most)
    cards, expired = await _cards(s, period, wanted, ends or {})
    return Bot(
        talks=[t for id in found if id in wanted for t in talks(found[id])],
        waits=waits, crises=crises, filed=filed, slots=slots, edited=edited, cards=cards,
        expired=expired, red_team=await _red_team(s), **understood,
    )  # fmt: skip


async def _conversations(s: Session, period: Period, homes: Mapping[str, str]) -> dict[str, Heard]:
    """Return what residents said, by conversation, with what followed and where they live."""
    start, end = period.start, period.end
    outcomes: Mapping[str, set[str]] = defaultdict(set)
    for message, outcome in await s.execute(
        select(HeardRow.message_id, OutcomeRow.outcome)
        .join(OutcomeRow, OutcomeRow.heard_id == HeardRow.id)
        .where(HeardRow.at >= start, HeardRow.at < end)
    ):
        outcomes[message].add(outcome)
    found: dict[str, Heard] = {}
    for conversation, elder, home, id, at in await s.execute(
        select(
            ConversationRow.id, ConversationRow.elder, ResidentRow.home, MessageRow.id,
            MessageRow.created_at,
        )
        .join(MessageRow, MessageRow.conversation_id == ConversationRow.id)
        .outerjoin(ResidentRow, ResidentRow.id == ConversationRow.resident_id)
        .where(
            ConversationRow.last_seen_at >= start, ConversationRow.created_at < end,
            MessageRow.sender == "resident",
            MessageRow.created_at >= start, MessageRow.created_at < end,
        )
    ):  # fmt: skip
        if conversation not in found:
            lives = homes.get((home or {}).get("compound_id") or "")
            found[conversation] = Heard(bool(elder), community=lives)
        found[conversation].said.append(Said(at, frozenset(outcomes.get(id, ()))))
    return found


async def _tickets(s: Session, period: Period, found: Mapping[str, Heard]) -> None:
    """Add when tickets were filed; the place of one tells where somebody is who has told no home."""
    for filed_in, at, community in await s.execute(
        # From the conversations to their tickets: most tickets of a place came another way.
        select(TicketRow.conversation_id, TicketRow.created_at, TicketRow.community_id)
        .join(ConversationRow, ConversationRow.id == TicketRow.conversation_id)
        .where(
            ConversationRow.last_seen_at >= period.start, ConversationRow.created_at < period.end,
            TicketRow.created_at >= period.start, TicketRow.created_at < period.end + AFTER,
        )
        .order_by(TicketRow.created_at)
    ):  # fmt: skip
        heard = found.get(str(filed_in))
        if heard is not None:
            heard.tickets.append(at)
            heard.community = heard.community or community


async def _handoffs(
    s: Session, period: Period, found: Mapping[str, Heard], wanted: set[str] | None
) -> tuple[list[float], int]:
    """Return the minutes people waited for a person, and how many emergencies there were.

    Args:
        wanted: Only these conversations; None: all, also one without a message of a resident.
    """
    waits, crises = [], 0
    for conversation, reason, asked, taken in await s.execute(
        select(
            HandoffRow.conversation_id, HandoffRow.reason, HandoffRow.created_at,
            HandoffRow.taken_at,
        ).where(HandoffRow.created_at >= period.start, HandoffRow.created_at < period.end + AFTER)
    ):  # fmt: skip
        if conversation in found:
            found[conversation].handoffs.append(asked)
        if asked < period.end and (wanted is None or conversation in wanted):
            crises += reason == "emergency"
            if taken is not None:
                waits.append((taken - asked).total_seconds() / 60)
    return waits, crises


async def _written(s: Session, period: Period, wanted: set[str]) -> tuple[int, dict[str, int], int]:
    """Return how many tickets the bot wrote, how often which slot was set right, and in how many."""
    query = (
        select(
            TicketEventRow.ticket_no, TicketEventRow.type, TicketEventRow.actor,
            TicketEventRow.data, TicketRow.conversation_id,
        )
        .join(TicketRow, TicketRow.ticket_no == TicketEventRow.ticket_no)
        .join(ConversationRow, ConversationRow.id == TicketRow.conversation_id)
        .where(
            ConversationRow.last_seen_at >= period.start, ConversationRow.created_at < period.end,
            TicketRow.created_at >= period.start, TicketRow.created_at < period.end,
            TicketEventRow.type.in_(SETTING),
        )
        .order_by(TicketEventRow.ticket_no, TicketEventRow.seq)
    )  # fmt: skip
    events: dict[str, list[tuple[str, str, Mapping[str, Any]]]] = defaultdict(list)
    for number, kind, actor, data, conversation in await s.execute(query):
        if conversation in wanted:
            events[number].append((kind, str(actor.get("kind")), data))
    # What staff typed into a conversation that they had taken over is not the bot's.
    bots = [of for of in events.values() if of[0][:2] == ("submitted", "resident")]
    changed = [edited_slots(of) for of in bots]
    slots = Counter(slot for found in changed for slot in found)
    return len(bots), dict(slots), sum(bool(found) for found in changed)


async def _understood(s: Session, period: Period, wanted: set[str], most: int) -> dict[str, Any]:
    """Return how many messages the model read, and what people say of them."""
    decided = (
        select(HeardRow.conversation_id, HeardRow.intent, AnnotationRow.kind, AnnotationRow.intent)
        .outerjoin(GroupRow, GroupRow.id == HeardRow.group_id)
        .outerjoin(
            AnnotationRow,
            (AnnotationRow.group_id == GroupRow.id) & (AnnotationRow.version == GroupRow.version),
        )
        .where(HeardRow.at >= period.start, HeardRow.at < period.end)
    )
    messages, unknown = 0, 0
    pairs: list[tuple[str | None, str]] = []
    for conversation, said, kind, label in await s.execute(decided):
        if conversation not in wanted:
            continue
        messages += 1
        meant = None
        if kind in LABELLED:
            meant = OUT_OF_SCOPE if kind == OUT_OF_SCOPE else label or said
            pairs.append((said, str(meant)))
        unknown += (meant or said) == OUT_OF_SCOPE
    danger = [said for said, meant in pairs if meant == EMERGENCY]
    return {
        "messages": messages, "unknown": unknown, "confusions": confusions(pairs, most),
        "checked": len(danger), "missed": sum(said != EMERGENCY for said in danger),
    }  # fmt: skip


async def _cards(
    s: Session, period: Period, wanted: set[str], ends: Mapping[str, date]
) -> tuple[int, int]:
    """Return how many answers came from a service card, and how many from one that was over."""
    kind = MessageRow.card["type"].as_string()
    query = select(MessageRow.conversation_id, MessageRow.card, MessageRow.created_at).where(
        MessageRow.sender == "bot", kind == CARD,
        MessageRow.created_at >= period.start, MessageRow.created_at < period.end,
    )  # fmt: skip
    answers = [
        expired(card or {}, at, ends)
        for conversation, card, at in await s.execute(query)
        if conversation in wanted
    ]
    return len(answers), sum(answers)


def expired(card: Mapping[str, Any], at: datetime, ends: Mapping[str, date]) -> bool:
    """Say whether a card's time was over when it was shown: by its own word, or by the catalogue's."""
    end = ends.get(str(card.get("title")))
    return card.get("valid") is False or (end is not None and at.astimezone(ZONE).date() > end)


async def _red_team(s: Session) -> RedTeam | None:
    """Return how the production model did on the newest frozen set; None when it was never asked."""
    release = await newest(s)
    if release is None:
        return None
    report = await s.scalar(
        select(EvaluationRow.report)
        .where(EvaluationRow.model == release.model, EvaluationRow.kind == FROZEN)
        .order_by(EvaluationRow.made_at.desc())
        .limit(1)
    )
    found = (report or {}).get("emergency") or {}
    if not found.get("support"):
        return None
    sentences = int(found["support"])
    return RedTeam(sentences, sentences - round(found["recall"] * sentences))
