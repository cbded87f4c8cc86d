"""What staff read, as pure functions: how long something has, what happened, who may be called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal

from services.clock import ZONE
from services.tickets.core.kinds import Priority
from services.tickets.core.states import FINAL, STATE_LABELS, State
from services.web.templates import add_filter

Level = Literal["late", "soon", "today", "calm", "none"]

SOON = timedelta(hours=4)
"""From here on the hours are counted, not the clock shown."""

WEEKDAYS = "一二三四五六日"

FLAG_LABELS = {
    "confidential": "保密",
    "restricted": "限阅",
    "incomplete": "先报后补",
    "urged": "居民催办",
    "supervised": "督办中",
    "overdue": "曾超时",
    "whistled": "已吹哨",
    "extension_requested": "申请延期",
    "suspension_requested": "申请挂账",
    "termination_requested": "申请终止",
    "persuaded": "疑似劝撤",
    "rating_pressure": "疑似逼评",
    "group": "群诉",
    "escalated": "报请上级",
    "escalation_pending": "等街道答复",
    "group_unanswered": "群诉待答复",
    "problem": "问题工单",
    "review_pending": "待复核",
    "case": "另行核查",
    "to_call": "要打电话回访",
    "bad_rating": "差评待整改",
    "to_tell": "要打电话告诉",
    "false_resolution": "查出虚假办结",
    "excluded": "已剔除考评",
    "held": "已冻结",
    "exclusion_requested": "申请剔除考评",
    "risk": "有风险提示",
    "platform_due": "上级期限更早",
}

CHANNEL_LABELS = {
    "web": "网页", "wechat": "微信", "phone": "电话", "counter": "窗口", "kiosk": "自助机",
    "patrol": "巡查", "import12345": "12345转来", "hotspot": "热点", "open311": "开放接口",
}  # fmt: skip


@dataclass(frozen=True)
class Due:
    """A deadline in words; ``level`` chooses colour and mark, never the only sign of it."""

    text: str
    level: Level


def local(value: datetime | str) -> datetime:
    """Return a time of a view (ISO 8601 with zone) in Asia/Shanghai."""
    time = datetime.fromisoformat(value) if isinstance(value, str) else value
    return time.astimezone(ZONE)


def span(delta: timedelta) -> str:
    """Return a length of time in its largest unit, rounded down: ``2 天``, ``3 小时``, ``25 分钟``."""
    minutes = int(delta.total_seconds() // 60)
    if minutes >= 24 * 60:
        return f"{minutes // (24 * 60)} 天"
    if minutes >= 60:
        return f"{minutes // 60} 小时"
    return f"{max(minutes, 1)} 分钟"


def due_words(due_at: datetime | str, now: datetime) -> Due:
    """Say a deadline: 还剩 3 小时 / 今天 17:30 到期 / 明天 … / 11月27日 周五 17:30 到期 / 已超 2 天."""
    due, now = local(due_at), local(now)
    left = due - now
    if left <= timedelta():
        return Due(f"已超 {span(-left)}", "late")
    if left <= SOON:
        return Due(f"还剩 {span(left)}", "soon")
    days = (due.date() - now.date()).days
    if days == 0:
        return Due(f"今天 {due:%H:%M} 到期", "today")
    if days == 1:
        return Due(f"明天 {due:%H:%M} 到期", "calm")
    return Due(f"{clock_words(due)} 到期", "calm")


STEPS: tuple[tuple[frozenset[str], str, str, str | None], ...] = (
    (frozenset({"SUBMITTED"}), "accept_due_at", "受理", None),
    (frozenset({"ACCEPTED"}), "dispatch_due_at", "派单", None),
    (frozenset({"NEED_INFO"}), "info_due_at", "等居民补充", None),
    (frozenset({"DISPATCHED"}), "sign_due_at", "签收", None),
    (frozenset({"ACTIVE", "REWORK"}), "contact_due_at", "联系居民", "first_contact_at"),
)
"""States, the deadline of the step due in them, its name, and what shows that it is done."""


def next_step(ticket: Mapping[str, Any], now: datetime) -> Due | None:
    """The step that is due before the whole is; None when there is none."""
    for states, field, name, done in STEPS:
        due = ticket.get(field)
        if ticket["state"] not in states or not due or (done and ticket.get(done)):
            continue
        words = due_words(due, now)
        return Due(f"{name}：{words.text}", words.level)
    return None


def whole_due(ticket: Mapping[str, Any], now: datetime) -> Due:
    """When the resident must have an answer; nothing runs any more once a ticket is final."""
    if State(ticket["state"]) in FINAL:
        return Due("", "none")
    if ticket["state"] == State.RESOLVED:
        return Due("等居民回访", "none")
    due, there = ticket.get("due_at"), ticket.get("platform_due_at")
    if there and (not due or local(there) < local(due)):
        words = due_words(there, now)
        return Due(f"上级期限：{words.text}", words.level)
    if not due:
        return Due("受理后定期限", "none")
    last = local(due) + timedelta(minutes=ticket.get("due_grace") or 0)
    if local(due) <= local(now) < last:
        return Due(f"约定时间到了，{last:%H:%M} 前到算守约", "soon")
    return due_words(due, now)


@add_filter
def clock_words(value: datetime | str | None) -> str:
    """Return ``11月27日 周五 17:30``, empty for None."""
    if not value:
        return ""
    time = local(value)
    return f"{time.month}月{time.day}日 周{WEEKDAYS[time.weekday()]} {time:%H:%M}"


@add_filter
def day_words(value: date) -> str:
    """Return ``11月27日 周五``; a time's day is the one here."""
    day = local(value).date() if isinstance(value, datetime) else value
    return f"{day.month}月{day.day}日 周{WEEKDAYS[day.weekday()]}"


@add_filter
def state_label(code: str) -> str:
    """Return the Chinese name of a state for staff."""
    return STATE_LABELS[State(code)]


@add_filter
def priority_label(code: str) -> str:
    """Return ``U2 民生急件``: the code as well, because reports use it."""
    return f"{code} {Priority(code).label}" if code else ""


@add_filter
def flag_label(flag: str) -> str:
    """Return the Chinese name of an overlay of a ticket."""
    return FLAG_LABELS.get(flag, flag)


@add_filter
def channel_label(code: str) -> str:
    """Return how a request came in."""
    return CHANNEL_LABELS.get(code, code)
