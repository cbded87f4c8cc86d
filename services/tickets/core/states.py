"""States of a ticket: code, Chinese name and what the resident is told."""

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

# ``{…}`` are filled by views.resident_view from the ticket; a missing part leaves the sentence whole.
RESIDENT_TEXTS: dict[State, str] = {
    State.DRAFT: "我先帮您记着，还没提交。",
    State.SUBMITTED: "已收到，正在安排受理。",
    State.NEED_INFO: "还差一点信息：{need}",
    State.HANDED_OFF: "已转紧急或法定渠道，工作人员也知道了。",
    State.NOT_ACCEPTED: "这件事我们办不了：{reason}",
    State.MERGED: "与{merged_into}是同一件事，进展同步告诉您。",
    State.ACCEPTED: "已受理，正在派单。",
    State.DISPATCHED: "已派给{owner}，等待接单。",
    State.OBJECTED: "正在确定由哪个单位主办，不影响办理时限。",
    State.ACTIVE: "{owner}正在办理。",
    State.SUSPENDED: "受客观条件限制暂时办不了：{reason}。{review}",
    State.RESOLVED: "已经办结，您看行不行？",
    State.REWORK: "已退回重办（第{round}轮）。",
    State.CLOSED: "已办完归档。30天内随时可以评价，又坏了也可以直接说。",
    State.WITHDRAWN: "已按您的意思撤回。",
    State.TERMINATED: "经审核终止办理：{reason}",
}

MATERIALS_TEXT = "等您补材料：{need}。补来了接着办"
"""What a resident reads in ``NEED_INFO`` of a booking or a certificate."""

# Groups used by queries and guards; no list of states is written anywhere else.
WAITING = frozenset({State.SUBMITTED, State.NEED_INFO, State.ACCEPTED})
WORKING = frozenset({State.ACTIVE, State.REWORK})
ASSIGNED = frozenset({State.DISPATCHED, State.OBJECTED, State.SUSPENDED}) | WORKING
OPEN = WAITING | ASSIGNED | {State.RESOLVED}
FINAL = frozenset({State.CLOSED, State.WITHDRAWN, State.TERMINATED, State.NOT_ACCEPTED,
                   State.MERGED, State.HANDED_OFF})  # fmt: skip
REFUSED = frozenset({State.NOT_ACCEPTED, State.TERMINATED})
STORED = OPEN | FINAL
