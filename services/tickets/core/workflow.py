"""The whole workflow as one table: from which state, which action, by whom, with what, to where.

Read ``TRANSITIONS`` from top to bottom. A line says: *in one of these states, these roles may do
this action; it needs these fields, must pass these guards (``guards.py``), starts, stops or moves
the clocks (``effects.py``), is written down as this event and leads to that state.* What is not
in the table cannot happen: above all there is no line from "time is up" to ``CLOSED`` (《北京市接诉
即办工作条例》第二十三条: when the time is up, the resident is asked), and none by which who handled
a ticket closes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from services.tickets.core.states import ASSIGNED, OPEN, STORED, WORKING, State

S = State


class To(Enum):
    """Targets that are not one fixed state."""

    SAME = "same"
    BACK = "the state before the suspension"


@dataclass(frozen=True)
class Field:
    """A fact an action asks for.

    ``type``: ``text``, ``choice``, ``flag``, ``number``, ``time``, ``date``, ``org``, ``orgs``,
    ``person``, ``leaf``, ``ticket``, ``items`` (list of texts), ``attachments``, ``place``,
    ``facts`` (an object).
    """

    name: str
    label: str
    type: str = "text"
    required: bool = False
    options: Mapping[str, str] | None = None
    default: Any = None


@dataclass(frozen=True)
class Transition:
    """One line of the workflow table.

    Attributes:
        when: ``(field, value)`` of the payload that chooses between lines of one action.
        clock: Name in ``effects.CLOCKS``.
    """

    action: str
    sources: frozenset[State]
    to: State | To
    roles: frozenset[str]
    event: str
    fields: tuple[Field, ...] = ()
    guards: tuple[str, ...] = ()
    clock: str = "keep"
    when: tuple[str, str] | None = None


ACTIONS: dict[str, str] = {
    "submit": "提交",
    "hand_off": "转紧急或法定渠道",
    "accept": "受理",
    "need_info": "请补充",
    "not_accept": "不予受理",
    "merge": "并单",
    "join": "邻居加入",
    "group": "列为群诉",
    "dispatch": "派单",
    "sign": "签收",
    "object": "退单（提出异议）",
    "decide_objection": "裁定异议",
    "contact": "联系居民",
    "whistle": "吹哨",
    "assist": "请求协办",
    "extend": "延期",
    "suspend": "挂账",
    "resume": "恢复办理",
    "resolve": "办结",
    "callback": "回访",
    "rework": "退回重办",
    "close": "归档",
    "supervise": "督办",
    "terminate": "终止办理",
    "withdraw": "撤诉",
    "note": "备注",
    "reveal": "查看联系方式",
    "urge": "催办",
    "supplement": "补充情况",
    "amend": "更正",
    "rate": "评价",
    "reject": "不认可办结",
    "deadline": "到期提醒",
}
RESIDENT_ACTIONS = ("urge", "supplement", "amend", "withdraw", "rate", "reject")

# Roles by what they do; the vendor never meets the reporter (see fields and guards below).
INTAKE = frozenset({"clerk", "supervisor", "dispatcher"})
DISPATCH = frozenset({"dispatcher", "supervisor"})
WORKERS = frozenset({"grid", "handler", "mediator", "clerk"})
DOERS = WORKERS | {"vendor"}
REVIEW = frozenset({"supervisor", "dispatcher"})
RESIDENT = frozenset({"resident"})
SYSTEM = frozenset({"system"})
STAFF = DOERS | INTAKE | {"callback", "auditor"}

DUTIES = {"主责": "主责", "协助": "协助"}
DECISIONS = {"approve": "同意", "refuse": "不同意"}
NOT_ACCEPT_REASONS = {
    # 《北京市接诉即办工作条例》第十一条 (二)(四)(五)(六).
    "legal_channel": "应通过诉讼、仲裁、纪检监察、行政复议、政府信息公开或信访等法定渠道",
    "secret": "涉及国家秘密、商业秘密或个人隐私",
    "beyond_duty": "超出承办单位职责范围",
    "unlawful": "违法或违背公序良俗",
}
WAYS = {"phone": "电话", "visit": "上门", "message": "短信或留言", "video": "视频"}
REACHED = {"reached": "联系上了", "no_answer": "没联系上"}
WHISTLES = {
    "problem": "街道难以解决的突出问题",
    "enforcement": "需要综合执法",
    "urgent": "应急处置",
}
SUSPEND_REASONS = {
    "season": "受季节或天气限制",
    "funds": "等待资金或批次",
    "parts": "等待配件或材料",
    "planning": "等待规划或审批",
    "consensus": "居民意见尚未统一",
    "other": "其他客观条件",
}
OUTCOMES = {
    "solved": "已解决",
    "partial": "部分解决",
    "explained": "解释说明",
    "pending": "挂账",
    "redirected": "转法定渠道",
    "unverifiable": "无法核实",
    "other": "其他",
}
RESULTS = {"solved": "已解决", "unsolved": "未解决", "no_answer": "未接通"}
LEVELS = {"1": "提醒", "2": "书面督办", "3": "提级督办"}
GROUNDS = {
    "no_cooperation": "缺少必要信息且诉求人不配合，无法继续办理",
    "legal_channel": "已进入诉讼、仲裁等法定渠道",
    "gone": "诉求事项已不存在",
    "other": "其他经审核的原因",
}
STAGES = {"sign": "签收", "contact": "联系", "due": "办结"}
PRIORITIES = {"U0": "生命危险", "U1": "安全急件", "U2": "民生急件", "U3": "普通", "U4": "复杂疑难"}

_REASON = Field("reason", "原因", required=True)
_TEXT = Field("text", "说明")
_DECISION = Field("decision", "是否同意", "choice", options=DECISIONS, default="approve")
_CASE_FIELDS = (
    Field("leaf", "事项", "leaf"),
    Field("priority", "紧急程度", "choice", options=PRIORITIES),
    Field("place", "地点", "place"),
)
_PRESSURED = Field("pressured", "居民说被要求给好评", "flag")
_CALLBACK_FIELDS = (
    Field("result", "回访结果", "choice", True, RESULTS),
    Field("method", "回访方式", "choice", options=WAYS, default="phone"),
    Field("score", "评分（1–5）", "number"),
    _TEXT,
    _PRESSURED,
)
_AMENDS = (
    _TEXT,
    Field("place", "地点", "place"),
    Field("appointment", "约定", "facts"),
    Field("reporter", "联系方式", "facts"),
    Field("moves", "换了网格", "choice", options={"yes": "是", "no": "否"}, default="no"),
)
_OWNER_FIELDS = (
    Field("org", "主办单位", "org", True),
    Field("person", "承办人", "person"),
    Field("duty", "责任", "choice", options=DUTIES, default="主责"),
    Field("assists", "协办单位", "orgs"),
    Field("basis", "派单依据"),
)


def _states(*states: State) -> frozenset[State]:
    return frozenset(states)


TRANSITIONS: tuple[Transition, ...] = (
    # ── 受理 ────────────────────────────────────────────────────────────────────────────────
    Transition(
        "submit", _states(S.DRAFT), S.SUBMITTED, RESIDENT | SYSTEM | STAFF, "submitted",
        clock="start",
    ),
    Transition(
        "hand_off", _states(S.SUBMITTED), S.HANDED_OFF, RESIDENT | SYSTEM | INTAKE, "handed_off",
        (Field("reason", "转往何处", required=True),), clock="stop",
    ),
    Transition(
        "accept", _states(S.SUBMITTED, S.NEED_INFO), S.ACCEPTED, INTAKE | SYSTEM, "accepted",
        _CASE_FIELDS, ("leaf_known", "info_wait_over"), "fix_due",
    ),
    Transition(
        "need_info", _states(S.SUBMITTED), S.NEED_INFO, INTAKE, "info_requested",
        (Field("items", "还需要什么（一次说全）", "items", True),), ("one_notice",), "wait_for_info",
    ),
    Transition(  # a person's decision, never a rule's or a model's
        "not_accept", _states(S.SUBMITTED), S.NOT_ACCEPTED, INTAKE, "not_accepted",
        (
            Field("reason", "不予受理的情形", "choice", True, NOT_ACCEPT_REASONS),
            Field("explanation", "对居民的解释", required=True),
            Field("redirect", "可以去哪里办", required=True),
        ),
        clock="stop",
    ),
    Transition(
        "merge", _states(S.SUBMITTED, S.ACCEPTED), S.MERGED, INTAKE | SYSTEM, "merged",
        (Field("into", "并入的工单号", "ticket", True),), ("same_matter",), "inherit",
    ),
    Transition(  # the other side of a merge: the open ticket learns that one more household asks
        "join", OPEN, To.SAME, SYSTEM, "joined",
        (
            Field("from", "并入的工单号", "ticket", True),
            Field("household", "哪一户（不可识别）", required=True),
            Field("who", "谁（内部）", required=True),
            _TEXT,
        ),
    ),
    Transition(
        "group", OPEN, To.SAME, SYSTEM, "group_demand", (Field("households", "户数", "number"),),
    ),
    # ── 派单与签收 ──────────────────────────────────────────────────────────────────────────
    Transition(
        "dispatch", _states(S.ACCEPTED), S.DISPATCHED, DISPATCH | SYSTEM, "dispatched",
        _OWNER_FIELDS, ("org_known", "not_over_assigned", "not_recused"), "start_unit",
    ),
    Transition(
        "sign", _states(S.DISPATCHED), S.ACTIVE, DOERS, "signed", guards=("is_owner",),
    ),
    Transition(
        "object", _states(S.DISPATCHED), S.OBJECTED, DOERS, "objected",
        (
            Field("basis", "依据（职责清单条款或法条）", required=True),
            Field("suggested_org", "建议的主办单位", "org"),
        ),
        ("is_owner", "not_designated", "objects_once", "objects_in_time"),
    ),
    Transition(
        "decide_objection", _states(S.OBJECTED), S.DISPATCHED, DISPATCH, "objection_decided",
        (
            Field("decision", "异议是否成立", "choice", True,
                  {"uphold": "成立，改派", "reject": "不成立，维持"}),
            Field("org", "改派给", "org"),
            Field("person", "承办人", "person"),
            Field("basis", "裁定依据", required=True),
        ),
        ("not_objector", "upheld_names_org", "org_known", "not_over_assigned", "not_recused"),
        "start_unit",
    ),
    # ── 办理 ────────────────────────────────────────────────────────────────────────────────
    Transition(
        "contact", WORKING, To.SAME, WORKERS, "contacted",
        (
            Field("way", "联系方式", "choice", True, WAYS),
            Field("result", "结果", "choice", True, REACHED),
            _TEXT,
        ),
        ("is_owner",),
    ),
    Transition(
        "whistle", WORKING, To.SAME, frozenset({"dispatcher"}), "whistled",
        (
            Field("type", "哨型", "choice", True, WHISTLES),
            Field("orgs", "报到单位", "orgs", True),
            _REASON,
        ),
        ("orgs_known", "not_recused"),
    ),
    Transition(
        "assist", WORKING | _states(S.DISPATCHED), To.SAME,
        frozenset({"handler", "grid"}) | REVIEW, "assisted",
        (Field("orgs", "协办单位", "orgs", True), Field("task", "请对方做什么", required=True)),
        ("is_owner", "orgs_known", "not_recused"),
    ),
    Transition(
        "extend", WORKING, To.SAME, DOERS, "extension_requested",
        (Field("days", "延长天数", "number", True), _REASON),
        ("is_owner", "before_expiry", "extensions_left", "days_within_limit"),
    ),
    Transition(
        "extend", WORKING, To.SAME, REVIEW, "extended",
        (_DECISION, Field("days", "延长天数", "number"), _REASON),
        ("not_requester", "extension_days_given", "before_expiry", "extensions_left",
         "days_within_limit"),
        "extend", when=("decision", "approve"),
    ),
    Transition(
        "extend", WORKING, To.SAME, REVIEW, "extension_refused", (_DECISION, _REASON),
        ("extension_pending", "not_requester"), when=("decision", "refuse"),
    ),
    Transition(
        "suspend", WORKING, To.SAME, DOERS, "suspension_requested",
        (
            Field("reason", "客观原因", "choice", True, SUSPEND_REASONS),
            Field("explanation", "对居民的解释", required=True),
            Field("plan", "下一步打算", required=True),
            Field("review_date", "下次复核日期", "date", True),
        ),
        ("is_owner", "review_in_time"),
    ),
    Transition(
        "suspend", WORKING, S.SUSPENDED, REVIEW, "suspended",
        (
            _DECISION,
            Field("reason", "客观原因", "choice", options=SUSPEND_REASONS),
            Field("explanation", "对居民的解释"),
            Field("plan", "下一步打算"),
            Field("review_date", "下次复核日期", "date"),
        ),
        ("suspension_explained", "not_suspension_requester", "review_in_time"),
        "pause", when=("decision", "approve"),
    ),
    Transition(
        "suspend", WORKING, To.SAME, REVIEW, "suspension_refused",
        (_DECISION, Field("text", "说明", required=True)),
        ("suspension_pending", "not_suspension_requester"), when=("decision", "refuse"),
    ),
    Transition(
        "resume", _states(S.SUSPENDED), To.BACK, DOERS | REVIEW | SYSTEM, "resumed", (_TEXT,),
        ("is_owner",), "resume",
    ),
    Transition(
        "resolve", WORKING, S.RESOLVED, DOERS, "resolved",
        (
            Field("outcome", "办理结果", "choice", True, OUTCOMES),
            Field("reply", "给居民的答复（做了什么）", required=True),
            Field("done_at", "完成时间", "time"),
            Field("explanation", "没有完全解决的说明"),
            Field("evidence", "现场照片", "attachments"),
            Field("evidence_note", "没有照片的原因"),
        ),
        ("is_owner", "explained_if_unsolved", "evidence_if_physical"),
    ),
    # ── 回访、重办、归档 ────────────────────────────────────────────────────────────────────
    Transition(
        "callback", _states(S.RESOLVED), S.CLOSED, RESIDENT | {"callback"}, "callback_solved",
        _CALLBACK_FIELDS, ("not_handler", "score_in_range"), "stop", when=("result", "solved"),
    ),
    Transition(
        "callback", _states(S.RESOLVED), S.REWORK, RESIDENT | {"callback"}, "callback_unsolved",
        _CALLBACK_FIELDS, ("not_handler", "score_in_range"), "rework", when=("result", "unsolved"),
    ),
    Transition(
        "callback", _states(S.RESOLVED), To.SAME, SYSTEM | {"callback"}, "callback_missed",
        _CALLBACK_FIELDS, ("not_handler",), when=("result", "no_answer"),
    ),
    Transition(
        "rework", _states(S.RESOLVED), S.REWORK, REVIEW | {"callback", "auditor"}, "reworked",
        (_REASON,), ("not_handler",), "rework",
    ),
    Transition(  # 虚假办结: found by audit at any time
        "rework", _states(S.CLOSED), S.REWORK, frozenset({"auditor"}), "reworked",
        (_REASON,), ("not_handler",), "rework",
    ),
    Transition(
        "reject", _states(S.RESOLVED, S.CLOSED), S.REWORK, RESIDENT, "reworked",
        (Field("text", "哪里没办好"), Field("attachments", "照片", "attachments")),
        ("within_reopen_days",), "rework",
    ),
    Transition(
        "close", _states(S.RESOLVED), S.CLOSED, SYSTEM | {"supervisor"}, "closed",
        (Field("reason", "归档说明", required=True),), ("not_handler", "callbacks_exhausted"),
        "stop",
    ),
    # ── 监督与终止 ──────────────────────────────────────────────────────────────────────────
    Transition(
        "supervise", OPEN, To.SAME, REVIEW | SYSTEM | {"auditor"}, "supervised",
        (
            Field("level", "督办级别", "choice", True, LEVELS),
            Field("text", "督办意见", required=True),
        ),
        ("one_step_up",),
    ),
    Transition(
        "terminate", WORKING | _states(S.SUSPENDED), S.TERMINATED, REVIEW, "terminated",
        (
            Field("ground", "终止情形", "choice", True, GROUNDS),
            Field("explanation", "对居民的解释", required=True),
            Field("redirect", "可以去哪里办或怎么申请复核"),
        ),
        ("not_handler",), "stop",
    ),
    Transition(
        "withdraw", OPEN | {S.MERGED}, S.WITHDRAWN, RESIDENT, "withdrawn",
        (Field("reason", "撤回原因"), Field("persuaded", "是被人劝撤的", "flag", default=False)),
        clock="stop",
    ),
    # ── 随时 ────────────────────────────────────────────────────────────────────────────────
    Transition(
        "note", STORED, To.SAME, STAFF, "noted", (Field("text", "备注", required=True),),
    ),
    Transition(
        "reveal", STORED, To.SAME, WORKERS | {"callback"}, "revealed",
        (Field("reason", "为什么需要查看", required=True),), ("not_confidential", "may_read"),
    ),
    # ── 居民 ────────────────────────────────────────────────────────────────────────────────
    Transition("urge", OPEN, To.SAME, RESIDENT, "urged", (_TEXT,)),
    Transition(
        "supplement", _states(S.NEED_INFO), S.SUBMITTED, RESIDENT, "supplemented",
        (_TEXT, Field("attachments", "照片", "attachments"), Field("place", "地点", "place")),
        ("something_given",), "info_given",
    ),
    Transition(
        "supplement", OPEN - {S.NEED_INFO}, To.SAME, RESIDENT, "supplemented",
        (_TEXT, Field("attachments", "照片", "attachments"), Field("place", "地点", "place")),
        ("something_given",),
    ),
    # A fact that was wrong, missing or has changed: before anybody is on the way, another grid is
    # another worker, so the matter is dispatched anew.
    Transition(
        "amend", _states(S.ACCEPTED, S.DISPATCHED), S.ACCEPTED, RESIDENT, "amended", _AMENDS,
        ("something_amended",), "move", when=("moves", "yes"),
    ),
    Transition(
        "amend", _states(S.NEED_INFO), S.SUBMITTED, RESIDENT, "amended", _AMENDS,
        ("something_amended",), "info_given",
    ),
    Transition(
        "amend", _states(S.ACCEPTED, S.DISPATCHED), To.SAME, RESIDENT, "amended", _AMENDS,
        ("something_amended",), "move", when=("moves", "no"),
    ),
    Transition(
        "amend", OPEN - {S.NEED_INFO, S.ACCEPTED, S.DISPATCHED, S.RESOLVED}, To.SAME, RESIDENT,
        "amended", _AMENDS, ("something_amended",), "move",
    ),
    # Who joined a neighbour's request still has a contact of their own; the matter is shared.
    Transition(
        "amend", _states(S.MERGED), To.SAME, RESIDENT, "amended",
        (_TEXT, Field("reporter", "联系方式", "facts")), ("something_amended",),
    ),
    # What is said after a call for help belongs to that call: where, how many, out of danger.
    Transition(
        "supplement", _states(S.HANDED_OFF), To.SAME, RESIDENT, "supplemented",
        (_TEXT, Field("attachments", "照片", "attachments"), Field("place", "地点", "place")),
        ("something_given",),
    ),
    Transition(
        "rate", _states(S.RESOLVED, S.CLOSED), To.SAME, RESIDENT, "rated",
        (Field("score", "评分（1–5）", "number", True), _TEXT, _PRESSURED),
        ("score_in_range", "within_reopen_days"),
    ),
    # ── 时钟 ────────────────────────────────────────────────────────────────────────────────
    Transition(
        "deadline", ASSIGNED | _states(S.ACCEPTED), To.SAME, SYSTEM, "deadline_missed",
        (Field("stage", "哪个时限", "choice", True, STAGES),),
    ),
)  # fmt: skip


def lines(action: str, state: State | None = None, role: str | None = None) -> list[Transition]:
    """Return the lines of the table for an action, narrowed by state and role when given."""
    return [
        t
        for t in TRANSITIONS
        if t.action == action
        and (state is None or state in t.sources)
        and (role is None or role in t.roles)
    ]
