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

from services.tickets.core.calls import NOT_REPORTED_FINISHED
from services.tickets.core.choices import (
    CALLS,
    CLOSING_TOLD,
    DECISIONS,
    DUTIES,
    EXCLUSIONS,
    FINDINGS,
    GROUNDS,
    GROUP_ANSWERS,
    HANDED_OFF,
    LEVELS,
    LIFTED,
    NOT_ACCEPTED,
    OUTCOMES,
    PHOTO_MARKS,
    PRIORITIES,
    PROGRESS,
    PROTECTION,
    PROXIES,
    REACHED,
    RECTIFIED,
    RESULTS,
    REVIEWS,
    SAID,
    SECRECY,
    SPOKEN,
    STAGES,
    STANCES,
    SUSPEND_REASONS,
    TOLD,
    WAYS,
    WHISTLE_RESULTS,
    WHISTLE_STAGES,
    WHISTLES,
)
from services.tickets.core.states import ASSIGNED, OPEN, REFUSED, STORED, WAITING, WORKING, State

S = State


class To(Enum):
    """Targets that are not one fixed state."""

    SAME = "same"
    BACK = "the state before the suspension or the termination"


@dataclass(frozen=True)
class Field:
    """A fact an action asks for.

    ``type``: ``text``, ``choice``, ``flag``, ``number``, ``time``, ``date``, ``org``, ``orgs``,
    ``person``, ``leaf``, ``risk``, ``photo``, ``ticket``, ``items`` (list of texts), ``attachments``, ``place``,
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
    "review": "复核",
    "merge": "并单",
    "join": "邻居加入",
    "part": "接着单办",
    "group": "列为群诉",
    "answer_group": "答复群诉",
    "protect": "定保密级别",
    "lapse": "等候期满",
    "consult": "派单前会商",
    "opinion": "会商意见",
    "propose": "建议派给",
    "dispatch": "派单",
    "assign": "单位内派人",
    "sign": "签收",
    "object": "退单（提出异议）",
    "decide_objection": "裁定异议",
    "contact": "联系居民",
    "arrive": "登记到达",
    "whistle": "吹哨",
    "report": "报到",
    "end_whistle": "结束吹哨",
    "rate_whistle": "吹哨互评",
    "assist": "请求协办",
    "feedback": "协办反馈",
    "extend": "延期",
    "suspend": "挂账",
    "resume": "恢复办理",
    "resolve": "办结",
    "callback": "回访",
    "rectify": "差评整改",
    "rectify_callback": "差评回访",
    "rework": "退回重办",
    "close": "归档",
    "escalate": "报请上级",
    "supervise": "督办",
    "answer_escalation": "答复提级",
    "answer_supervision": "督办反馈",
    "audit": "审计抽查",
    "exclude": "剔除考评",
    "include": "撤销剔除",
    "ask_exclusion": "申请剔除考评",
    "appeal_exclusion": "复议剔除申请",
    "decide_exclusion": "审剔除申请",
    "flag_risk": "标风险提示",
    "clear_risk": "撤风险提示",
    "hold": "冻结",
    "release": "解除冻结",
    "terminate": "终止办理",
    "withdraw": "撤诉",
    "note": "备注",
    "reveal": "查看联系方式",
    "relay": "总机转接（不看号码）",
    "urge": "催办",
    "supplement": "补充情况",
    "amend": "更正",
    "secrecy": "要求保密",
    "tell": "打电话告诉居民",
    "on_behalf": "代记居民说的",
    "check_proxy": "核对代办",
    "mark_photo": "照片可否公开",
    "rate": "评价",
    "take_up": "接手紧急求助",
    "ask_joined": "请回访一起反映的人",
    "share_news": "一起反映的事有消息",
    "share_rating": "一起反映的人评了差评",
    "reject": "不认可办结",
    "deadline": "到期提醒",
    "remind": "提醒",
    "call_duty": "呼叫值班领导",
    "platform_due": "记上级期限",
    "plan": "排提醒",
    "reschedule": "日历调整",
}
SHARED_ACTIONS = frozenset({"urge", "supplement", "reject", "review"})
"""What a resident who joined a neighbour's request may do to it; all else is who filed it to say."""
RESIDENT_ACTIONS = (
    "urge", "supplement", "amend", "secrecy", "withdraw", "rate", "reject", "review",
)  # fmt: skip

# Roles by what they do; the vendor never meets the reporter (see fields and guards below).
INTAKE = frozenset({"clerk", "supervisor", "dispatcher"})
REGISTER = INTAKE | {"grid", "mediator"}
"""Who registers a request: the street only what another platform or the figures bring, a mediator what
is a mediator's matter (``may_submit``)."""
DISPATCH = frozenset({"dispatcher", "supervisor"})
WORKERS = frozenset({"grid", "handler", "mediator", "clerk"})
DOERS = WORKERS | {"vendor"}
REVIEW = frozenset({"supervisor", "dispatcher"})
AUDIT = frozenset({"auditor"})
RESIDENT = frozenset({"resident"})
SYSTEM = frozenset({"system"})
STAFF = DOERS | INTAKE | {"callback"} | AUDIT

SCORED = ASSIGNED | {State.RESOLVED, State.CLOSED, State.TERMINATED, State.WITHDRAWN}
"""States in which a ticket is some unit's to answer for."""
PHOTOGRAPHED = ASSIGNED | {State.RESOLVED, State.CLOSED}
"""States in which a photo can be marked for who works from outside."""

_REASON = Field("reason", "原因", required=True)
_TEXT = Field("text", "说明")
_ATTACHED = (
    _TEXT, Field("attachments", "照片", "attachments"), Field("place", "地点", "place"),
)  # fmt: skip
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
_COMPLETING = (
    *_ATTACHED,
    Field("reporter", "联系方式", "facts"),
    Field(
        "complete",
        "要补的是不是齐了",
        "choice",
        options={"yes": "齐了", "no": "还差一些"},
        default="yes",
    ),
)
_AMENDS = (
    _TEXT,
    Field("place", "地点", "place"),
    Field("appointment", "约定", "facts"),
    Field("certificate", "证明", "facts"),
    Field("reporter", "联系方式", "facts"),
    Field("moves", "换了网格", "choice", options={"yes": "是", "no": "否"}, default="no"),
)
_REVIEW_FIELDS = (
    Field("decision", "复核意见", "choice", True, REVIEWS),
    Field("explanation", "对居民的说明", required=True),
)
_GROUP_FIELDS = (
    Field("decision", "是否受理", "choice", True, GROUP_ANSWERS),
    Field("text", "对居民的答复", required=True),
)
_FINDING_FIELDS = (
    Field("finding", "抽查结论", "choice", True, FINDINGS),
    Field("text", "查到的情况", required=True),
)
_PHOTO_FIELDS = (
    Field("photo", "哪张照片", "photo", True),
    Field("shown", "服务商能不能看", "choice", options=PHOTO_MARKS, default="yes"),
    _REASON,
)
_WHY_SEEN = (Field("reason", "为什么需要查看", required=True),)
SPEAK_FOR = frozenset({"clerk", "callback", "dispatcher"})
"""Who writes down all that a resident without a chat says; who does the work only what asks more of it."""
OWN_WORK = WORKERS - {"clerk"}
_TOLD = (
    Field("result", "告诉了没有", "choice", True, TOLD),
    Field("way", "怎么告诉的", "choice", options=WAYS, default="phone"),
    _TEXT,
)
_SPOKEN = (
    Field("what", "居民说的是哪样", "choice", True, SPOKEN),
    Field("said", "怎么说的", "choice", options=SAID, default="phone"),
    Field("text", "居民的原话", required=True),
)
_SCORED = (*_SPOKEN, Field("score", "评价的写评分（1–5）", "number"), _PRESSURED)
_PERSUADED = Field("persuaded", "是被人劝撤的", "flag", default=False)
_WHY_RUNG = (Field("reason", "为什么打这个电话", required=True),)
_WHISTLE = Field("whistle", "哪一次吹哨（如 W1；不填为最近一次）")
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
        "submit", _states(S.DRAFT), S.SUBMITTED, RESIDENT | SYSTEM | REGISTER, "submitted",
        clock="start",
    ),
    Transition(
        "hand_off", _states(S.SUBMITTED), S.HANDED_OFF, RESIDENT | SYSTEM | INTAKE, "handed_off",
        (
            Field("reason", "转往何处", required=True),
            Field("disposition", "情形", "choice", options=HANDED_OFF, default="emergency"),
        ),
        clock="stop",
    ),
    Transition(
        "accept", _states(S.SUBMITTED, S.NEED_INFO), S.ACCEPTED, INTAKE | SYSTEM, "accepted",
        _CASE_FIELDS, ("leaf_known", "info_wait_over"), "fix_due",
    ),
    Transition(
        "need_info", _states(S.SUBMITTED), S.NEED_INFO, INTAKE | SYSTEM, "info_requested",
        (Field("items", "还需要什么（一次说全）", "items", True),),
        ("one_notice", "notice_in_time"), "wait_for_info",
    ),
    Transition(  # nobody answered, and what it is about is still unknown: a clerk decides
        "lapse", _states(S.NEED_INFO), S.SUBMITTED, SYSTEM, "info_lapsed",
        guards=("info_wait_over",), clock="info_given",
    ),
    Transition(
        "protect", OPEN, To.SAME, INTAKE, "protected",
        (Field("level", "保密级别", "choice", True, PROTECTION), _REASON), ("not_lowered",),
    ),
    Transition(  # a person's decision, never a rule's or a model's
        "not_accept", _states(S.SUBMITTED), S.NOT_ACCEPTED, INTAKE, "not_accepted",
        (
            Field("reason", "不予受理的情形", "choice", True, NOT_ACCEPTED),
            Field("explanation", "对居民的解释", required=True),
            Field("redirect", "可以去哪里办"),
            Field("earlier", "原来那件工单（没有新情况时填）", "ticket"),
        ),
        ("earlier_named",), "refuse",
    ),
    # 复核: another person looks again, because the resident or the rule asks for it.
    Transition(
        "review", REFUSED, To.SAME, RESIDENT, "review_requested", (_TEXT,),
        ("review_once", "within_review_days"), "await_review",
    ),
    Transition(
        "review", REFUSED, To.SAME, REVIEW, "review_upheld", _REVIEW_FIELDS,
        ("review_pending", "not_refuser", "not_handler", "other_unit"), when=("decision", "uphold"),
    ),
    Transition(
        "review", _states(S.NOT_ACCEPTED), S.ACCEPTED, REVIEW, "review_corrected",
        (*_REVIEW_FIELDS, *_CASE_FIELDS), ("review_pending", "not_refuser", "leaf_known"),
        "recover", when=("decision", "correct"),
    ),
    Transition(
        "review", _states(S.TERMINATED), To.BACK, REVIEW, "review_corrected", _REVIEW_FIELDS,
        ("review_pending", "not_refuser"), "recover", when=("decision", "correct"),
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
    Transition(  # who brought it took it back; for those who had joined it goes on
        "part", _states(S.MERGED), S.SUBMITTED, SYSTEM, "parted", (_REASON,), ("lead_gone",), "start",
    ),
    Transition(
        "group", OPEN, To.SAME, SYSTEM, "group_demand", (Field("households", "户数", "number"),),
        clock="await_group_answer",
    ),
    Transition(
        "answer_group", WAITING, To.SAME, INTAKE, "group_answered", _GROUP_FIELDS,
        ("group_unanswered",),
    ),
    Transition(
        "answer_group", OPEN - WAITING, To.SAME, WORKERS | REVIEW, "group_answered",
        _GROUP_FIELDS, ("is_owner", "group_unanswered"),
    ),
    # ── 派单与签收 ──────────────────────────────────────────────────────────────────────────
    Transition(
        "consult", _states(S.ACCEPTED, S.OBJECTED), To.SAME, DISPATCH, "consulted",
        (
            Field("orgs", "会商单位", "orgs", True),
            Field("question", "要商量什么", required=True),
        ),
        ("orgs_known", "not_recused"),
    ),
    Transition(
        "opinion", _states(S.ACCEPTED, S.OBJECTED), To.SAME, DOERS | DISPATCH, "opinion_given",
        (
            Field("stance", "意见", "choice", True, STANCES),
            Field("opinion", "理由和依据", required=True),
            Field("org", "哪个单位的意见（会上记录时填）", "org"),
        ),
        ("consulted_here", "opinion_of_asked"),
    ),
    Transition(
        "dispatch", _states(S.ACCEPTED), S.DISPATCHED, DISPATCH | SYSTEM, "dispatched",
        _OWNER_FIELDS, ("org_known", "within_community", "not_over_assigned", "led", "not_recused"),
        "start_unit",
    ),
    Transition(  # 改派: a person's decision; the resident's clock goes on
        "dispatch", _states(S.DISPATCHED) | WORKING, S.DISPATCHED, DISPATCH, "redispatched",
        (*_OWNER_FIELDS, Field("reason", "改派原因", required=True)),
        ("org_known", "another_org", "within_community", "not_over_assigned", "led", "not_recused"),
        "start_unit",
    ),
    Transition(  # who knows the place says whose it may be; the street decides
        "propose", _states(S.ACCEPTED, S.OBJECTED), To.SAME, frozenset({"clerk"}), "dispatch_proposed",
        (Field("org", "建议的主办单位", "org", True), Field("text", "理由", required=True)),
        ("org_known", "not_over_assigned", "not_recused"),
    ),
    Transition(  # a department gives the order to one of its own people; no other unit's business
        "assign", _states(S.DISPATCHED) | WORKING, To.SAME, frozenset({"handler"}), "assigned",
        (Field("person", "承办人", "person", True), _TEXT), ("is_owner", "own_worker"),
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
        ("is_owner", "not_designated", "objects_once", "objects_in_time", "suggestion_known"),
        "await_decision",
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
        ("not_objector", "street_decides", "upheld_names_org", "org_known", "within_community",
         "not_over_assigned", "not_recused"),
        "start_unit",
    ),
    # ── 办理 ────────────────────────────────────────────────────────────────────────────────
    Transition(
        "contact", WORKING, To.SAME, WORKERS, "contacted",
        (
            Field("way", "联系方式", "choice", True, WAYS),
            Field("result", "结果", "choice", True, REACHED),
            _TEXT,
            Field("asked", "这次请居民补什么（没有就不填；一次告知里没说过的要计入考评）", "items"),
        ),
        ("is_owner", "delivered_in_writing"),
    ),
    Transition(  # 预约: when somebody came is written down, and held against what was agreed
        "arrive", WORKING, To.SAME, DOERS, "arrived",
        (Field("arrived_at", "到达时间（不填就是现在）", "time"), _TEXT),
        ("is_owner", "has_appointment", "arrived_once", "arrival_happened"),
    ),
    Transition(
        "whistle", WORKING, To.SAME, frozenset({"dispatcher"}), "whistled",
        (
            Field("type", "哨型", "choice", True, WHISTLES),
            Field("orgs", "报到单位", "orgs", True),
            _REASON,
            Field("lead", "牵头单位", "org"),
            Field("approver", "批准人（街道领导）", "leader", True),
        ),
        ("orgs_known", "whistle_lead_known", "whistle_lead_fits", "approver_leads", "approved_by_another", "not_recused"),
    ),
    Transition(
        "report", ASSIGNED | _states(S.RESOLVED), To.SAME, DOERS, "whistle_reported",
        (
            Field("stage", "到了哪一步", "choice", True, WHISTLE_STAGES),
            Field("text", "情况（解决的写明做了什么）"),
            _WHISTLE,
        ),
        ("invited", "stage_in_order", "solution_told"),
    ),
    Transition(
        "end_whistle", STORED, To.SAME, frozenset({"dispatcher"}), "whistle_ended",
        (
            Field("result", "结果", "choice", True, WHISTLE_RESULTS),
            Field("text", "说明", required=True),
            _WHISTLE,
        ),
        ("whistle_open",),
    ),
    Transition(  # 街道评部门、部门评街道 (《北京市接诉即办工作条例》第三十三条)
        "rate_whistle", STORED, To.SAME, DOERS | {"dispatcher"}, "whistle_rated",
        (
            Field("score", "评分（1–5）", "number", True),
            Field("text", "评语"),
            Field("org", "评哪个单位（街道、主办单位评部门时填）", "org"),
            _WHISTLE,
        ),
        ("whistle_over", "score_in_range", "whistle_rated_once"),
    ),
    Transition(
        "assist", WORKING | _states(S.DISPATCHED), To.SAME,
        frozenset({"handler", "grid"}) | REVIEW, "assisted",
        (Field("orgs", "协办单位", "orgs", True), Field("task", "请对方做什么", required=True)),
        ("is_owner", "orgs_known", "not_recused"),
    ),
    Transition(
        "feedback", ASSIGNED | _states(S.RESOLVED), To.SAME, DOERS, "assist_answered",
        (
            Field("progress", "办得怎样", "choice", True, PROGRESS),
            Field("text", "情况", required=True),
        ),
        ("assisting",),
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
    Transition(  # on the day of the review it still cannot be done: another day, said again
        "suspend", _states(S.SUSPENDED), To.SAME, REVIEW, "suspension_renewed",
        (
            Field("reason", "客观原因", "choice", True, SUSPEND_REASONS),
            Field("explanation", "对居民的解释", required=True),
            Field("plan", "下一步打算", required=True),
            Field("review_date", "下次复核日期", "date", True),
        ),
        ("review_in_time",), "review_again",
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
            Field("redirect", "转往哪个法定渠道、怎么去"),
            Field("evidence", "现场照片", "attachments"),
            Field("evidence_note", "没有照片的原因"),
        ),
        ("is_owner", "contacted_first", "explained_if_unsolved", "outcome_founded",
         "evidence_if_physical"),
    ),
    # ── 回访、重办、归档 ────────────────────────────────────────────────────────────────────
    Transition(
        "callback", _states(S.RESOLVED), S.CLOSED, RESIDENT | {"callback"}, "callback_solved",
        _CALLBACK_FIELDS, ("not_handler", "other_unit", "score_in_range"), "stop",
        when=("result", "solved"),
    ),
    Transition(
        "callback", _states(S.RESOLVED), S.REWORK, RESIDENT | {"callback"}, "callback_unsolved",
        _CALLBACK_FIELDS, ("not_handler", "other_unit", "score_in_range"), "rework",
        when=("result", "unsolved"),
    ),
    Transition(  # what is left over is done in another round; for the figures it is half solved
        "callback", _states(S.RESOLVED), S.REWORK, RESIDENT | {"callback"}, "callback_unsolved",
        _CALLBACK_FIELDS, ("not_handler", "other_unit", "score_in_range"), "rework",
        when=("result", "partial"),
    ),
    Transition(
        "callback", _states(S.RESOLVED), To.SAME, SYSTEM | {"callback"}, "callback_missed",
        _CALLBACK_FIELDS, ("not_handler", "other_unit"), when=("result", "no_answer"),
    ),
    Transition(  # …and nobody answered that: an attempt on record, never an end
        "callback", NOT_REPORTED_FINISHED, To.SAME, SYSTEM | {"callback"}, "called_at_expiry",
        (*_CALLBACK_FIELDS[:2], _TEXT), ("to_be_called", "not_handler", "other_unit"),
        when=("result", "no_answer"),
    ),
    Transition(  # 第二十三条: the time is over and nobody has resolved it: asked in the chat, or called
        "callback", NOT_REPORTED_FINISHED, To.SAME, RESIDENT, "called_at_expiry",
        (*_CALLBACK_FIELDS[:2], _TEXT), ("to_be_called", "not_handler", "other_unit"),
    ),
    *(
        Transition(
            "callback", NOT_REPORTED_FINISHED, To.SAME, frozenset({"callback"}), "called_at_expiry",
            (*_CALLBACK_FIELDS[:2], _TEXT), ("to_be_called", "not_handler", "other_unit"),
            when=("result", answer),
        )
        for answer in RESULTS
        if answer != "no_answer"
    ),
    # Who joined a neighbour's request is asked as well, and answers for the own household.
    Transition(
        "callback", _states(S.MERGED), To.SAME, RESIDENT | {"callback"}, "joined_answered",
        _CALLBACK_FIELDS, ("not_handler", "other_unit", "score_in_range", "shared_resolved", "shared_reopens"),
    ),
    Transition(  # who joined by phone comes onto the callback desk's list, or leaves it for now
        "ask_joined", _states(S.MERGED), To.SAME, SYSTEM, "joined_asked",
        (Field("ask", "要不要回访", "choice", True, {"yes": "要", "no": "先不用"}),),
        ("reached_by_phone",),
    ),
    # 差评整改: beside the state; where a new round begins that is the rectification (ratings.py).
    Transition(
        "rectify", _states(S.RESOLVED, S.CLOSED), To.SAME, DOERS, "rectified",
        (Field("text", "核实的情况和整改", required=True),), ("is_owner", "rectification_due"),
    ),
    Transition(  # who goes on in a neighbour's ticket rated it badly: kept there, put right here
        "share_rating", _states(S.RESOLVED, S.CLOSED), To.SAME, SYSTEM, "neighbour_rated",
        (Field("from", "谁评的（并进来的工单）", "ticket", True),),
    ),
    Transition(
        "rectify_callback", _states(S.CLOSED), To.SAME, frozenset({"callback"}), "rectified_called",
        (
            Field("result", "居民怎么说", "choice", True, RECTIFIED),
            Field("method", "回访方式", "choice", options=WAYS, default="phone"),
            _TEXT,
        ),
        ("rectified_now", "not_handler", "other_unit"),
    ),
    Transition(
        "rework", _states(S.RESOLVED), S.REWORK, REVIEW | {"callback", "auditor"}, "reworked",
        (_REASON,), ("not_handler", "other_unit"), "rework",
    ),
    Transition(
        "rework", _states(S.CLOSED), S.REWORK, AUDIT, "reworked", (_REASON,),
        ("not_handler", "other_unit"), "rework",
    ),
    Transition(
        "audit", _states(S.RESOLVED, S.CLOSED), To.SAME, AUDIT, "audited", _FINDING_FIELDS,
        ("not_handler", "other_unit"), when=("finding", "genuine"),
    ),
    Transition(  # 虚假办结: found at any time
        "audit", _states(S.RESOLVED, S.CLOSED), S.REWORK, AUDIT, "found_false", _FINDING_FIELDS,
        ("not_handler", "other_unit"), "rework", when=("finding", "false"),
    ),
    Transition(
        "reject", _states(S.RESOLVED, S.CLOSED), S.REWORK, RESIDENT, "reworked",
        (Field("text", "哪里没办好"), Field("attachments", "照片", "attachments")),
        ("within_reopen_days",), "rework",
    ),
    Transition(
        "close", _states(S.RESOLVED), S.CLOSED, SYSTEM | {"supervisor", "callback"}, "closed",
        (
            Field("reason", "归档说明", required=True),
            Field("notice", "怎么告知居民的（没有会话、留了电话的要填）", "choice", options=CLOSING_TOLD),
        ),
        ("not_handler", "other_unit", "callbacks_exhausted", "closing_told"), "stop",
    ),
    Transition(  # a case about pressure on a resident has nobody who could be called back
        "close", _states(S.RESOLVED), S.CLOSED, AUDIT, "closed",
        (Field("reason", "归档说明", required=True),), ("not_handler", "other_unit", "is_case"), "stop",
    ),
    # ── 监督与终止 ──────────────────────────────────────────────────────────────────────────
    Transition(  # 第二十条: what a unit cannot do alone it reports upwards; its clock goes on
        "escalate", ASSIGNED, To.SAME, DOERS, "escalated",
        (Field("text", "难在哪里、要上级做什么", required=True),), ("is_owner",),
    ),
    Transition(  # …and the street says what is to happen; what it then does are steps of their own
        "answer_escalation", ASSIGNED, To.SAME, frozenset({"dispatcher"}), "escalation_answered",
        (
            Field("decision", "怎么定", "choice", True, LIFTED),
            Field("text", "对单位的答复", required=True),
        ),
        ("escalated_now",),
    ),
    Transition(
        "supervise", OPEN, To.SAME, REVIEW | SYSTEM | {"auditor"}, "supervised",
        (
            Field("level", "督办级别", "choice", True, LEVELS),
            Field("text", "督办意见", required=True),
            Field("until", "要求哪天前反馈", "date"),
        ),
        ("one_step_up", "until_in_future"),
    ),
    Transition(
        "answer_supervision", ASSIGNED | _states(S.RESOLVED), To.SAME, DOERS, "supervision_answered",
        (Field("text", "整改和进展", required=True),), ("is_owner", "supervised_now"),
    ),
    Transition(  # 终止要审核 (《潍坊市12345…条例》第二十一条): who does the work proposes, another decides
        "terminate", WORKING | _states(S.SUSPENDED), To.SAME, DOERS, "termination_requested",
        (
            Field("ground", "终止情形", "choice", True, GROUNDS),
            Field("explanation", "对居民的解释", required=True),
            Field("redirect", "可以去哪里办或怎么申请复核"),
        ),
        ("is_owner",),
    ),
    Transition(  # on what was proposed, or of the reviewer's own accord
        "terminate", WORKING | _states(S.SUSPENDED), S.TERMINATED, REVIEW, "terminated",
        (
            _DECISION,
            Field("ground", "终止情形", "choice", options=GROUNDS),
            Field("explanation", "对居民的解释"),
            Field("redirect", "可以去哪里办或怎么申请复核"),
        ),
        ("not_termination_requester", "not_handler", "other_unit", "termination_explained"),
        "terminate", when=("decision", "approve"),
    ),
    Transition(
        "terminate", WORKING | _states(S.SUSPENDED), To.SAME, REVIEW, "termination_refused",
        (_DECISION, Field("text", "不同意的理由", required=True)),
        ("termination_pending", "not_termination_requester", "not_handler", "other_unit"),
        when=("decision", "refuse"),
    ),
    Transition(
        "withdraw", OPEN | {S.MERGED}, S.WITHDRAWN, RESIDENT, "withdrawn",
        (Field("reason", "撤回原因", required=True), _PERSUADED),
        clock="stop",
    ),
    # ── 考评与冻结（审计） ──────────────────────────────────────────────────────────────────
    Transition(
        "exclude", STORED, To.SAME, AUDIT, "excluded",
        (
            Field("reason", "剔除的原因", "choice", True, EXCLUSIONS),
            Field("basis", "依据", required=True),
        ),
        ("not_scored_unit", "not_who_refused", "period_open", "exclusion_fits"),
    ),
    Transition(
        "include", STORED, To.SAME, AUDIT, "included", (_REASON,),
        ("excluded_now", "not_scored_unit", "not_who_refused", "period_open"),
    ),
    # Who is scored asks and may appeal once; the auditor, not of the unit, decides before the month is
    # scored; on the appeal another auditor.
    Transition(
        "ask_exclusion", SCORED, To.SAME, DOERS, "exclusion_requested",
        (
            Field("reason", "剔除的原因", "choice", True, EXCLUSIONS),
            Field("basis", "依据", required=True),
            Field("text", "证据和情况", required=True),
        ),
        ("is_owner", "period_open", "exclusion_asked_once", "exclusion_fits"),
    ),
    Transition(
        "appeal_exclusion", SCORED, To.SAME, DOERS, "exclusion_appealed",
        (Field("text", "不服的理由和新的证据", required=True),),
        ("is_owner", "period_open", "exclusion_refused_here"),
    ),
    Transition(
        "decide_exclusion", STORED, To.SAME, AUDIT, "exclusion_granted",
        (_DECISION, _TEXT),
        ("exclusion_pending", "not_scored_unit", "not_who_refused", "period_open",
         "asked_exclusion_fits"),
        when=("decision", "approve"),
    ),
    Transition(
        "decide_exclusion", STORED, To.SAME, AUDIT, "exclusion_refused",
        (_DECISION, Field("text", "不同意的理由", required=True)),
        ("exclusion_pending", "not_scored_unit", "not_who_refused", "period_open"),
        when=("decision", "refuse"),
    ),
    # 风险提示: by a rule or the desk, taken away by the desk; who sees it says the kind (risks.py).
    Transition(
        "flag_risk", OPEN, To.SAME, INTAKE | SYSTEM, "risk_flagged",
        (Field("risk", "哪种风险", "risk", True), _REASON), ("risk_known", "risk_not_there"),
    ),
    Transition(
        "clear_risk", STORED, To.SAME, INTAKE, "risk_cleared",
        (Field("risk", "撤哪种风险", "risk", True), _REASON), ("some_risk", "risk_there"),
    ),
    Transition("hold", STORED, To.SAME, AUDIT, "held", (_REASON,), ("not_held",)),
    Transition("release", STORED, To.SAME, AUDIT, "released", (_REASON,), ("held_now",)),
    # ── 随时 ────────────────────────────────────────────────────────────────────────────────
    Transition(
        "note", STORED, To.SAME, STAFF, "noted",
        (
            Field("text", "备注", required=True),
            Field("restricted", "限阅：只给本单位同岗位的人、主管和审计看", "flag"),
        ),
    ),
    # Contact data goes to whose work needs it now: who has the order, the desk that speaks for the
    # community, who has a call to make.
    Transition(
        "reveal", ASSIGNED | _states(S.RESOLVED), To.SAME, WORKERS - {"clerk"}, "revealed", _WHY_SEEN,
        ("is_owner", "not_confidential", "may_read", "needed_to_act"),
    ),
    Transition(
        "reveal", STORED - {S.CLOSED, S.WITHDRAWN}, To.SAME, frozenset({"clerk"}), "revealed", _WHY_SEEN,
        ("may_read", "needed_to_act"),
    ),
    Transition(
        "reveal", NOT_REPORTED_FINISHED | _states(S.RESOLVED, S.MERGED, S.CLOSED), To.SAME,
        frozenset({"callback"}), "revealed", _WHY_SEEN, ("something_to_tell", "needed_to_act"),
    ),
    # The same people ring without seeing the number, where the office has one of its own. Only the
    # result that is recorded afterwards is a contact or a callback, never the ring.
    Transition(
        "relay", ASSIGNED | _states(S.RESOLVED), To.SAME, WORKERS - {"clerk"}, "relayed", _WHY_RUNG,
        ("relay_there", "is_owner", "not_confidential", "may_read", "needed_to_act", "phone_left"),
    ),
    Transition(
        "relay", STORED - {S.CLOSED, S.WITHDRAWN}, To.SAME, frozenset({"clerk"}), "relayed", _WHY_RUNG,
        ("relay_there", "may_read", "needed_to_act", "phone_left"),
    ),
    Transition(
        "relay", NOT_REPORTED_FINISHED | _states(S.RESOLVED, S.MERGED, S.CLOSED), To.SAME,
        frozenset({"callback"}), "relayed", _WHY_RUNG,
        ("relay_there", "something_to_tell", "needed_to_act", "phone_left"),
    ),
    Transition(
        "relay", STORED, To.SAME, frozenset({"dispatcher"}), "relayed", _WHY_RUNG,
        ("relay_there", "news_to_tell", "phone_left"),
    ),
    # ── 代办 ────────────────────────────────────────────────────────────────────────────────
    Transition(  # by what right somebody acts for another; nothing waits for it
        "check_proxy", OPEN, To.SAME, frozenset({"clerk"}), "proxy_checked",
        (
            Field("kind", "凭什么代办", "choice", True, PROXIES),
            Field("since", "从哪天起", "date", True),
        ),
        ("is_for_another", "since_known"),
    ),
    # ── 照片 ────────────────────────────────────────────────────────────────────────────────
    # Who helps with the work from outside sees of others' photos only those marked here.
    Transition(
        "mark_photo", PHOTOGRAPHED, To.SAME, DOERS - {"clerk"}, "photo_marked", _PHOTO_FIELDS,
        ("is_owner", "some_photo", "photo_there"),
    ),
    Transition(  # …and where all the work is outside, those whom the rules name decide what goes there
        "mark_photo", PHOTOGRAPHED, To.SAME, frozenset({"clerk", "dispatcher"}), "photo_marked",
        _PHOTO_FIELDS, ("opens_photos", "may_read", "some_photo", "photo_there"),
    ),
    # ── 没有会话的居民：电话、窗口 ──────────────────────────────────────────────────────────
    Transition(  # what a chat resident reads, somebody says
        "tell", STORED, To.SAME, frozenset({"clerk", "dispatcher"}), "told", _TOLD,
        ("news_to_tell", "may_read"),
    ),
    Transition(
        "tell", ASSIGNED | _states(S.RESOLVED, S.TERMINATED), To.SAME, OWN_WORK, "told", _TOLD,
        ("news_to_tell", "is_owner", "not_confidential", "needed_to_act"),
    ),
    # What such a resident says counts as the resident's, marked with who wrote it. What speaks well of
    # the work, or ends it, is never written by who did it.
    *(
        Transition(
            "on_behalf", sources, to, SPEAK_FOR, event, _SPOKEN,
            ("no_chat", "needed_to_act", *guards), clock,
            ("what", what),
        )
        for what, sources, to, event, clock, guards in (
            ("supplement", OPEN - {S.NEED_INFO} | {S.HANDED_OFF}, To.SAME, "supplemented", "keep", ()),
            ("supplement", _states(S.NEED_INFO), S.SUBMITTED, "supplemented", "info_given", ()),
            ("urge", OPEN, To.SAME, "urged", "keep", ()),
            ("reject", _states(S.RESOLVED, S.CLOSED), S.REWORK, "reworked", "rework",
             ("within_reopen_days",)),
            ("review", REFUSED, To.SAME, "review_requested", "await_review",
             ("review_once", "within_review_days")),
        )
    ),
    *(
        Transition(
            "on_behalf", sources, to, OWN_WORK, event, _SPOKEN,
            ("no_chat", "is_owner", "not_confidential", "needed_to_act", *guards), clock, ("what", what),
        )
        for what, sources, to, event, clock, guards in (
            ("supplement", ASSIGNED | {S.RESOLVED}, To.SAME, "supplemented", "keep", ()),
            ("urge", ASSIGNED | {S.RESOLVED}, To.SAME, "urged", "keep", ()),
            ("reject", _states(S.RESOLVED, S.CLOSED), S.REWORK, "reworked", "rework",
             ("within_reopen_days",)),
        )
    ),
    Transition(
        "on_behalf", _states(S.RESOLVED, S.CLOSED), To.SAME, SPEAK_FOR, "rated", _SCORED,
        ("no_chat", "needed_to_act", "not_handler", "other_unit", "score_given", "score_in_range", "within_reopen_days"),
        when=("what", "rate"),
    ),
    Transition(
        "on_behalf", _states(S.MERGED), To.SAME, SPEAK_FOR, "rated", _SCORED,
        ("no_chat", "needed_to_act", "not_handler", "other_unit", "score_given", "score_in_range", "shared_resolved"),
        when=("what", "rate"),
    ),
    *(  # said of what goes on in a neighbour's: kept here, and passed on there
        Transition(
            "on_behalf", _states(S.MERGED), To.SAME, SPEAK_FOR, event, _SPOKEN,
            ("no_chat", "needed_to_act"),
            when=("what", what),
        )
        for what, event in (("supplement", "supplemented"), ("urge", "urged"))
    ),
    Transition(  # who joined by phone is told as who joined from a chat
        "share_news", _states(S.MERGED), To.SAME, SYSTEM, "news_shared",
        (
            Field("event", "哪件事", required=True),
            Field("seq", "第几条", "number", True),
            Field("of", "哪件工单", "ticket", True),
        ),
        ("reached_by_phone",),
    ),
    Transition(
        "on_behalf", OPEN | {S.MERGED}, S.WITHDRAWN, SPEAK_FOR, "withdrawn", (*_SPOKEN, _PERSUADED),
        ("no_chat", "needed_to_act", "not_handler", "other_unit"), "stop", ("what", "withdraw"),
    ),
    # ── 居民 ────────────────────────────────────────────────────────────────────────────────
    Transition("urge", OPEN, To.SAME, RESIDENT, "urged", (_TEXT,)),
    Transition(  # a half answer is kept, the rest is still waited for until the same time
        "supplement", _states(S.NEED_INFO), To.SAME, RESIDENT, "info_part_given",
        (*_COMPLETING, Field("rest", "还差什么", "items", True)),
        ("something_given", "rest_of_notice"), when=("complete", "no"),
    ),
    Transition(
        "supplement", _states(S.NEED_INFO), S.SUBMITTED, RESIDENT, "supplemented",
        _COMPLETING, ("something_given",), "info_given", when=("complete", "yes"),
    ),
    Transition(
        "supplement", OPEN - {S.NEED_INFO}, To.SAME, RESIDENT, "supplemented",
        _ATTACHED,
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
    # Who reported is theirs to keep to themselves or to name, whenever they think of it; no clock knows of it.
    *(
        Transition(
            "secrecy", STORED, To.SAME, RESIDENT, event,
            (_TEXT, Field("secret", "要不要保密", "choice", options=SECRECY, default="yes")),
            when=("secret", secret),
        )
        for secret, event in (("yes", "secrecy_asked"), ("no", "secrecy_lifted"))
    ),
    # What is said after a call for help belongs to that call: where, how many, out of danger.
    Transition(
        "supplement", _states(S.HANDED_OFF), To.SAME, RESIDENT, "supplemented",
        _ATTACHED,
        ("something_given",),
    ),
    Transition(
        "rate", _states(S.RESOLVED, S.CLOSED), To.SAME, RESIDENT, "rated",
        (Field("score", "评分（1–5）", "number", True), _TEXT, _PRESSURED),
        ("score_in_range", "within_reopen_days"),
    ),
    Transition(
        "rate", _states(S.MERGED), To.SAME, RESIDENT, "rated",
        (Field("score", "评分（1–5）", "number", True), _TEXT, _PRESSURED),
        ("score_in_range", "shared_resolved"),
    ),
    # ── 时钟 ────────────────────────────────────────────────────────────────────────────────
    Transition(
        "deadline", OPEN | REFUSED | _states(S.CLOSED), To.SAME, SYSTEM, "deadline_missed",
        (Field("stage", "哪个时限", "choice", True, STAGES), Field("key", "哪一项（内部）")),
        ("not_on_record",),
    ),
    Transition(  # 50、80、100％ …: the ticket's own plan says whom
        "remind", OPEN | _states(S.HANDED_OFF, S.CLOSED), To.SAME, SYSTEM, "reminded", (),
        ("reminder_due",),
    ),
    Transition(  # tickets from before there were reminders
        "plan", OPEN - {S.RESOLVED}, To.SAME, SYSTEM, "reminders_planned", (), ("reminders_lacking",),
    ),
    Transition(  # a person has taken over the conversation of a call for help
        "take_up", OPEN | _states(S.HANDED_OFF), To.SAME, SYSTEM, "taken_up",
        (Field("who", "谁接手", required=True),),
    ),
    Transition(  # nobody took up a call for help in two minutes: the duty leader is called (domain §5.3)
        "call_duty", STORED, To.SAME, SYSTEM, "duty_called",
        (
            Field("result", "怎么样了", "choice", True, CALLS),
            Field("leader", "值班领导", required=True),
            Field("text", "没成功的原因"),
        ),
    ),
    Transition(  # the date of a higher platform's order, by each import that brings another one
        "platform_due", OPEN - {S.RESOLVED}, To.SAME, SYSTEM, "platform_due_set",
        (Field("due", "上级期限", "time", True), Field("reason", "哪里来的", required=True)),
        ("platform_due_new",),
    ),
    # A new notice of holidays and make-up days. What is closed keeps its deadlines as they were: they are
    # history; only a 差评整改 still runs there.
    Transition(
        "reschedule", OPEN | REFUSED | _states(S.CLOSED), To.SAME, SYSTEM, "deadline_moved",
        (_REASON, Field("ordered_by", "谁录入的")), ("deadline_moves",), "recalendar",
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
