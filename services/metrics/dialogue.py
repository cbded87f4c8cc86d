"""How the conversations with the bot went: talks, and the figures of what is stored of them. Pure.

A conversation row lives as long as its resident uses the channel, so what counts is a *talk*: messages of
a resident with less than half an hour between them. What is stored is read by :mod:`services.metrics.spoken`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from services.metrics.figures import SHORT, Figure, Form
from services.metrics.params import BotParams

PAUSE = timedelta(minutes=30)
"""A longer silence ends a talk."""
AFTER = timedelta(minutes=10)
"""So long after the last message a ticket or a hand-off still belongs to the talk."""
LOST, GOOD, BAD, USEFUL = "clarified", "answered", "off_topic", "useful"
GROUP = "机器人"
SLOTS = {"leaf": "事项", "place": "地点", "priority": "紧急程度"}
"""What a clerk may set right in a ticket that the bot has filed."""
NEVER = "必须是0；不是0就要马上查。"


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
        alone: Something was answered, and there was neither a ticket nor a person.
        useful: Whether the resident said that the answer helped; None: they said nothing of it.
        community: Where the resident lives, or what their ticket was about; None: not known.
    """

    turns: int
    elder: bool
    lost: bool
    ticket: bool
    handed: bool
    done: bool
    alone: bool = False
    useful: bool | None = None
    community: str | None = None


@dataclass
class Heard:
    """What is stored of one conversation in a period."""

    elder: bool
    said: list[Said] = field(default_factory=list)
    tickets: list[datetime] = field(default_factory=list)
    handoffs: list[datetime] = field(default_factory=list)
    community: str | None = None


@dataclass(frozen=True)
class Confusion:
    """So many messages that the model took for one thing and a person says are another."""

    said: str
    meant: str
    count: int


@dataclass(frozen=True)
class RedTeam:
    """How the production model does on the emergencies of the frozen evaluation set."""

    sentences: int
    missed: int


@dataclass(frozen=True)
class Bot:
    """What is stored of a period.

    Attributes:
        waits: Minutes from a call for a person to the person, of those that were taken.
        crises: Emergencies that were handed to a person.
        messages: Typed messages that the model has read; ``unknown`` of them are about nothing it knows.
        filed: Tickets that the bot wrote; of ``edited`` staff has changed something, by slot in ``slots``.
        checked: Messages that a person has labelled as an emergency; ``missed`` of them were taken
            for something else.
        cards: Answers from a service card; ``expired`` of them from one whose time was over.
    """

    talks: Sequence[Talk] = ()
    waits: Sequence[float] = ()
    crises: int = 0
    messages: int = 0
    unknown: int = 0
    filed: int = 0
    edited: int = 0
    slots: Mapping[str, int] = field(default_factory=dict)
    confusions: Sequence[Confusion] = ()
    checked: int = 0
    missed: int = 0
    red_team: RedTeam | None = None
    cards: int = 0
    expired: int = 0


def talks(heard: Heard) -> list[Talk]:
    """Cut a conversation into talks."""
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
    alone = GOOD in outcomes and not (ticket or handed)
    # Who says of one answer that it missed and of another that it helped is not counted as helped.
    useful = False if BAD in outcomes else True if USEFUL in outcomes else None
    return Talk(
        len(part), heard.elder, lost, ticket, handed, ticket or answered, alone, useful,
        heard.community,
    )  # fmt: skip


def edited_slots(events: Iterable[tuple[str, str, Mapping[str, Any]]]) -> frozenset[str]:
    """Return what staff has set right in a ticket.

    Args:
        events: Its events in order: type, kind of who did it, facts.
    """
    known: dict[str, Any] = {}
    changed: set[str] = set()
    for kind, by, data in events:
        now = _slots_of(data)
        if kind != "submitted" and by == "staff":
            changed |= {slot for slot, value in now.items() if value != known.get(slot)}
        known |= now
    return frozenset(changed)


def _slots_of(data: Mapping[str, Any]) -> dict[str, Any]:
    found = {slot: data[slot] for slot in ("leaf", "priority") if slot in data}
    if place := data.get("location"):
        found["place"] = tuple(place.get(k) for k in ("compound_id", "building_id", "unit"))
    return found


def confusions(pairs: Iterable[tuple[str | None, str]], most: int) -> list[Confusion]:
    """Return what was taken for what, the most frequent first; equal ones by name.

    Args:
        pairs: Of each message that a person has labelled: what the model said, what it means.
        most: How many are listed.
    """
    wrong = Counter((said or "", meant) for said, meant in pairs if said != meant)
    ordered = sorted(wrong.items(), key=lambda item: (-item[1], item[0]))
    return [Confusion(said, meant, n) for (said, meant), n in ordered[:most]]


def figures(bot: Bot, params: BotParams) -> list[Figure]:
    """Return the figures of a period, of all talks or one community's."""
    return [*_of_talks(bot.talks, bot.waits, params), *_of_understanding(bot), *_of_danger(bot)]


def of_part(found: Sequence[Talk], params: BotParams) -> dict[str, Figure]:
    """Return what is told of one community beside others."""
    shown = ("talks", "done", "helped", "handed", "lost", "turns")
    return {f.key: f for f in _of_talks(found, (), params) if f.key in shown}


def _of_talks(found: Sequence[Talk], waits: Sequence[float], params: BotParams) -> list[Figure]:
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
        _helped(found, params),
        _percent("handed", "转人工率", sum(t.handed for t in found), n, "转到人工的对话 ÷ 对话数。"),
        _plain("wait", "转人工等待（分钟，90分位）", "ratio", _rank(waits, 90), len(waits), None,
               "居民要人到有人接，从短到长排到第90%的那一次；没人接的不在内。"),
        _percent("lost", "两轮未懂率", sum(t.lost for t in found), n, "接连两句没听懂的对话 ÷ 对话数。"),
        _plain("turns", "平均轮次", "ratio", sum(t.turns for t in found) / n if n else None,
               sum(t.turns for t in found), n, "居民说话的总句数 ÷ 对话数。"),
        _percent("elder", "长辈版占比", len(elders), n, "用长辈版的对话 ÷ 对话数。"),
        _plain("elder_gap", "长辈版办成率差距", "percent", gap, len(elders), len(others),
               "长辈版办成率 − 普通版办成率；负数说明长辈版更难办成。"),
    ]  # fmt: skip


def _helped(found: Sequence[Talk], params: BotParams) -> Figure:
    """自助解决率: only when enough of the residents who were answered have said whether it helped."""
    alone = [t for t in found if t.alone]
    told = [t for t in alone if t.useful is not None]
    top = sum(bool(t.useful) for t in told)
    sentence = (
        f"居民说有用 ÷ 说了有用或答非所问的对话，只看机器人答了、没登记工单也没转人工的{len(alone)}次；"
        f"表态的不到{params.told:.0%}就写“样本不足”。"
    )
    short = bool(alone) and len(told) / len(alone) < params.told
    value = top / len(told) if told and not short else None
    note = SHORT if short else None
    return Figure(
        "helped", "自助解决率", GROUP, "percent", value, top, len(told), sentence, note=note
    )


def _of_understanding(bot: Bot) -> list[Figure]:
    parts = "、".join(f"{label}{bot.slots[s]}件" for s, label in SLOTS.items() if bot.slots.get(s))
    changed = f"（{parts}）" if parts else ""
    return [
        _percent("unknown", "未知话题率", bot.unknown, bot.messages,
                 "机器人听成“管不了的事”、或教它的人定为范围外的话 ÷ 它听过的话。"),
        _percent("edited", "要素改错率", bot.edited, bot.filed,
                 f"机器人登记以后，工作人员改过事项、地点或紧急程度的工单 ÷ 机器人登记的工单{changed}。"),
    ]  # fmt: skip


def _of_danger(bot: Bot) -> list[Figure]:
    red, sentence = bot.red_team, "现在用的模型在固定评测集的紧急情况里没认出来的 ÷ 紧急情况句数。"
    if red is None:
        tested = Figure(
            "red_team", "危机漏检率（评测集）", GROUP, "percent", None, 0, 0, sentence + NEVER
        )
    else:
        tested = _percent(
            "red_team", "危机漏检率（评测集）", red.missed, red.sentences, sentence + NEVER
        )
    return [
        _number("crises", "紧急情况", bot.crises, "识别为紧急、转给值班人员的次数。"),
        _percent("missed", "危机漏检率（实际）", bot.missed, bot.checked,
                 "事后由人认定是紧急、当时没认出来的话 ÷ 由人认定是紧急的话。"),
        tested,
        _plain("expired", "过期卡片作答数", "number", bot.expired, bot.expired, bot.cards,
               "用已经过期的服务卡回答居民的次数；下面是用服务卡回答的总次数。" + NEVER),
    ]  # fmt: skip


def _plain(
    key: str, label: str, form: Form, value: float | None, top: float, bottom: float | None, sentence: str,
) -> Figure:  # fmt: skip
    return Figure(key, label, GROUP, form, value, top, bottom, sentence)


def _number(key: str, label: str, n: int, sentence: str) -> Figure:
    return _plain(key, label, "number", n, n, None, sentence)


def _percent(key: str, label: str, top: int, bottom: int, sentence: str) -> Figure:
    return _plain(key, label, "percent", top / bottom if bottom else None, top, bottom, sentence)


def _share(flags: Iterable[bool]) -> float:
    found = list(flags)
    return sum(found) / len(found)


def _rank(values: Sequence[float], percent: int) -> float | None:
    """Nearest rank; None of nothing."""
    ranked = sorted(values)
    return ranked[-(-percent * len(ranked) // 100) - 1] if ranked else None
