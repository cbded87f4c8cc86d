"""How the conversations with the bot went, from what is stored of them.

A conversation row lives as long as its resident uses the channel, so what counts is a *talk*: messages of
a resident with less than half an hour between them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise

from sqlalchemy import select

from services.channels.tables import ConversationRow, HandoffRow, MessageRow
from services.db import Session
from services.metrics.figures import Figure
from services.metrics.periods import Period
from services.tickets.tables import TicketRow
from services.training.heard_tables import HeardRow, OutcomeRow

PAUSE = timedelta(minutes=30)
"""A longer silence ends a talk."""
AFTER = timedelta(minutes=10)
"""So long after the last message a ticket or a hand-off still belongs to the talk."""
LOST, GOOD, BAD = "clarified", "answered", "off_topic"
GROUP = "机器人"


@dataclass(frozen=True)
class Said:
    """A message of a resident, with what followed it."""

    at: datetime
    outcomes: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Talk:
    """One talk.

    Attributes:
        turns: Messages of the resident.
        lost: Two messages in a row were not understood.
        ticket: A ticket was filed.
        handed: A person was asked for or called.
        done: A ticket was filed, or something was answered and nobody had to step in, nothing was
            said to miss the question, and it was not lost.
    """

    turns: int
    elder: bool
    lost: bool
    ticket: bool
    handed: bool
    done: bool


@dataclass
class Heard:
    """What is stored of one conversation in a period."""

    elder: bool
    said: list[Said] = field(default_factory=list)
    tickets: list[datetime] = field(default_factory=list)
    handoffs: list[datetime] = field(default_factory=list)


def talks(heard: Heard) -> list[Talk]:
    """Cut a conversation into talks. Pure."""
    found: list[Talk] = []
    part: list[Said] = []
    for said in sorted(heard.said, key=lambda m: m.at):
        if part and said.at - part[-1].at > PAUSE:
            found.append(_talk(part, heard))
            part = []
        part.append(said)
    if part:
        found.append(_talk(part, heard))
    return found


def _talk(part: Sequence[Said], heard: Heard) -> Talk:
    start, end = part[0].at, part[-1].at + AFTER
    lost = any(LOST in one.outcomes and LOST in other.outcomes for one, other in pairwise(part))
    ticket = any(start <= at <= end for at in heard.tickets)
    handed = any(start <= at <= end for at in heard.handoffs)
    outcomes = frozenset().union(*(m.outcomes for m in part))
    answered = GOOD in outcomes and BAD not in outcomes and not (lost or handed)
    return Talk(len(part), heard.elder, lost, ticket, handed, ticket or answered)


def figures(found: Sequence[Talk], waits: Sequence[float], crises: int) -> list[Figure]:
    """Return the figures of talks. Pure.

    Args:
        waits: Minutes from a call for a person to the person, of those that were taken.
        crises: Emergencies that were handed to a person.
    """
    n = len(found)
    elders = [t for t in found if t.elder]
    others = [t for t in found if not t.elder]
    gap = None
    if elders and others:
        gap = _share(t.done for t in elders) - _share(t.done for t in others)
    done = sum(t.done for t in found)
    return [
        _number("talks", "对话数", n, "居民说的话隔了半小时以上，就算另一次对话。"),
        _percent("done", "办成率", done, n, "登记了工单，或者答上了、没转人工、没说答非所问、没有两轮没听懂 ÷ 对话数。"),
        _percent("handed", "转人工率", sum(t.handed for t in found), n, "转到人工的对话 ÷ 对话数。"),
        Figure("wait", "转人工等待（分钟，90分位）", GROUP, "ratio", _rank(waits, 90), len(waits), None,
               "居民要人到有人接，从短到长排到第90%的那一次；没人接的不在内。"),
        _percent("lost", "两轮未懂率", sum(t.lost for t in found), n, "接连两句没听懂的对话 ÷ 对话数。"),
        Figure("turns", "平均轮次", GROUP, "ratio", sum(t.turns for t in found) / n if n else None,
               sum(t.turns for t in found), n, "居民说话的总句数 ÷ 对话数。"),
        _percent("elder", "长辈版占比", len(elders), n, "用长辈版的对话 ÷ 对话数。"),
        Figure("elder_gap", "长辈版办成率差距", GROUP, "percent", gap, len(elders), len(others),
               "长辈版办成率 − 普通版办成率；负数说明长辈版更难办成。"),
        _number("crises", "紧急情况", crises, "识别为紧急、转给值班人员的次数。"),
    ]  # fmt: skip


def _number(key: str, label: str, n: int, sentence: str) -> Figure:
    return Figure(key, label, GROUP, "number", n, n, None, sentence)


def _percent(key: str, label: str, top: int, bottom: int, sentence: str) -> Figure:
    return Figure(
        key, label, GROUP, "percent", top / bottom if bottom else None, top, bottom, sentence
    )


def _share(flags: Iterable[bool]) -> float:
    found = list(flags)
    return sum(found) / len(found)


def _rank(values: Sequence[float], percent: int) -> float | None:
    """Nearest rank; None of nothing."""
    ranked = sorted(values)
    return ranked[-(-percent * len(ranked) // 100) - 1] if ranked else None


async def read(s: Session, period: Period) -> tuple[list[Talk], list[float], int]:
    """Return the talks of a period, the minutes people waited for a person, and the emergencies."""
    start, end = period.start, period.end
    outcomes: Mapping[str, set[str]] = defaultdict(set)
    for message, outcome in await s.execute(
        select(HeardRow.message_id, OutcomeRow.outcome)
        .join(OutcomeRow, OutcomeRow.heard_id == HeardRow.id)
        .where(HeardRow.at >= start, HeardRow.at < end)
    ):
        outcomes[message].add(outcome)
    found: dict[str, Heard] = {}
    for conversation, elder, id, at in await s.execute(
        select(ConversationRow.id, ConversationRow.elder, MessageRow.id, MessageRow.created_at)
        .join(MessageRow, MessageRow.conversation_id == ConversationRow.id)
        .where(
            ConversationRow.last_seen_at >= start, ConversationRow.created_at < end,
            MessageRow.sender == "resident",
            MessageRow.created_at >= start, MessageRow.created_at < end,
        )
    ):  # fmt: skip
        heard = found.setdefault(conversation, Heard(bool(elder)))
        heard.said.append(Said(at, frozenset(outcomes.get(id, ()))))
    for filed_in, at in await s.execute(
        # From the conversations to their tickets: most tickets of a place came another way.
        select(TicketRow.conversation_id, TicketRow.created_at)
        .join(ConversationRow, ConversationRow.id == TicketRow.conversation_id)
        .where(
            ConversationRow.last_seen_at >= start, ConversationRow.created_at < end,
            TicketRow.created_at >= start, TicketRow.created_at < end + AFTER,
        )
    ):  # fmt: skip
        if filed_in in found:
            found[filed_in].tickets.append(at)
    waits, crises = [], 0
    for conversation, reason, asked, taken in await s.execute(
        select(
            HandoffRow.conversation_id, HandoffRow.reason, HandoffRow.created_at,
            HandoffRow.taken_at,
        ).where(HandoffRow.created_at >= start, HandoffRow.created_at < end + AFTER)
    ):  # fmt: skip
        if conversation in found:
            found[conversation].handoffs.append(asked)
        if asked < end:
            crises += reason == "emergency"
            if taken is not None:
                waits.append((taken - asked).total_seconds() / 60)
    return [t for heard in found.values() for t in talks(heard)], waits, crises
