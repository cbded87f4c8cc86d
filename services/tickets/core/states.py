"""States of a ticket: code and Chinese name. What the resident reads is ``state`` of ``data/texts/pieces.yml``."""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """The sixteen main states. Everything else (urged, supervised …) is an overlay."""

    DRAFT = "DRAFT"
    SUBMITTED = "SUBMITTED"
    NEED_INFO = "NEED_INFO"
    HANDED_OFF = "HANDED_OFF"
    NOT_ACCEPTED = "NOT_ACCEPTED"
    MERGED = "MERGED"
    ACCEPTED = "ACCEPTED"
    DISPATCHED = "DISPATCHED"
    OBJECTED = "OBJECTED"
    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    RESOLVED = "RESOLVED"
    REWORK = "REWORK"
    CLOSED = "CLOSED"
    WITHDRAWN = "WITHDRAWN"
    TERMINATED = "TERMINATED"

    @property
    def label(self) -> str:
        """Name for staff."""
        return STATE_LABELS[self]


STATE_LABELS: dict[State, str] = {
    State.DRAFT: "草稿",
    State.SUBMITTED: "待受理",
    State.NEED_INFO: "待补充",
    State.HANDED_OFF: "已转紧急或法定渠道",
    State.NOT_ACCEPTED: "不予受理",
    State.MERGED: "已并单",
    State.ACCEPTED: "待派单",
    State.DISPATCHED: "待签收",
    State.OBJECTED: "派单异议审核中",
    State.ACTIVE: "办理中",
    State.SUSPENDED: "挂账",
    State.RESOLVED: "已办结待回访",
    State.REWORK: "重办中",
    State.CLOSED: "已归档",
    State.WITHDRAWN: "已撤诉",
    State.TERMINATED: "终止办理",
}

# Groups used by queries and guards; no list of states is written anywhere else.
WAITING = frozenset({State.SUBMITTED, State.NEED_INFO, State.ACCEPTED})
WORKING = frozenset({State.ACTIVE, State.REWORK})
ASSIGNED = frozenset({State.DISPATCHED, State.OBJECTED, State.SUSPENDED}) | WORKING
OPEN = WAITING | ASSIGNED | {State.RESOLVED}
FINAL = frozenset({State.CLOSED, State.WITHDRAWN, State.TERMINATED, State.NOT_ACCEPTED,
                   State.MERGED, State.HANDED_OFF})  # fmt: skip
REFUSED = frozenset({State.NOT_ACCEPTED, State.TERMINATED})
STORED = OPEN | FINAL
