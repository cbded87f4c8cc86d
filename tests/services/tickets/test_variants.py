"""Each step with each of its variants, for every role in every state: taken, or refused for the right reason.

``MAY`` says once more, by hand, who may do what where; it is not read from the workflow's table, so
that a line too many or too few is found. ``VARIANTS`` are the payloads that make a difference.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import product
from typing import Any

import pytest

from services.tickets.core import choices, decide, fold
from services.tickets.core.actor import Actor
from services.tickets.core.commands import Command
from services.tickets.core.context import Context, Person, Refusal
from services.tickets.core.event import Event
from services.tickets.core.states import STORED, State
from services.tickets.core.ticket import Ticket
from services.tickets.core.workflow import ACTIONS, TRANSITIONS, Transition
from tests.services.tickets.world import (
    ACTORS,
    CONTEXT,
    FORMER,
    GOOD_PAYLOADS,
    MINOR,
    T0,
    do,
    exclusion_request,
    in_state,
    parent,
    ready,
)

LATER = T0 + timedelta(minutes=30)
DAY8 = T0 + timedelta(days=8)

WAITING = {"SUBMITTED", "NEED_INFO", "ACCEPTED"}
WORKING = {"ACTIVE", "REWORK"}
ASSIGNED = WORKING | {"DISPATCHED", "OBJECTED", "SUSPENDED"}
OPEN = WAITING | ASSIGNED | {"RESOLVED"}
ENDED = {"CLOSED", "WITHDRAWN", "TERMINATED", "NOT_ACCEPTED", "MERGED", "HANDED_OFF"}
ALL = OPEN | ENDED
REFUSED = {"NOT_ACCEPTED", "TERMINATED"}
SCORED = ASSIGNED | {"RESOLVED", "CLOSED", "TERMINATED", "WITHDRAWN"}
UNFINISHED = ASSIGNED | {"ACCEPTED"}

DESK = {"clerk", "supervisor", "dispatcher"}
HEADS = {"supervisor", "dispatcher"}
WORKERS = {"grid", "clerk", "handler", "mediator"}
DOERS = WORKERS | {"vendor"}
STAFF = DOERS | HEADS | {"callback", "auditor"}
R, S, C, A = {"resident"}, {"system"}, {"callback"}, {"auditor"}
SPEAK = {"clerk", "callback", "dispatcher"}

# step → of which variants ("" all) → in which states → whose
MAY: dict[str, list[tuple[str, set[str], set[str]]]] = {
    "hand_off": [("", {"SUBMITTED"}, R | S | DESK)],
    "accept": [("", {"SUBMITTED", "NEED_INFO"}, DESK | S)],
    "need_info": [("", {"SUBMITTED"}, DESK | S)],
    "lapse": [("", {"NEED_INFO"}, S)],
    "protect": [("", OPEN, DESK)],
    "not_accept": [("", {"SUBMITTED"}, DESK)],
    "review": [("ask", REFUSED, R), ("uphold", REFUSED, HEADS), ("correct", REFUSED, HEADS)],
    "merge": [("", {"SUBMITTED", "ACCEPTED"}, DESK | S)],
    "join": [("", OPEN, S)],
    "part": [("", {"MERGED"}, S)],
    "group": [("", OPEN, S)],
    "answer_group": [("", WAITING, DESK), ("", OPEN - WAITING, WORKERS | HEADS)],
    "consult": [("", {"ACCEPTED", "OBJECTED"}, HEADS)],
    "opinion": [("", {"ACCEPTED", "OBJECTED"}, DOERS | HEADS)],
    "dispatch": [("first", {"ACCEPTED"}, HEADS | S), ("again", WORKING | {"DISPATCHED"}, HEADS)],
    "propose": [("", {"ACCEPTED", "OBJECTED"}, {"clerk"})],
    "assign": [("", WORKING | {"DISPATCHED"}, {"handler"})],
    "sign": [("", {"DISPATCHED"}, DOERS)],
    "object": [("", {"DISPATCHED"}, DOERS)],
    "decide_objection": [("", {"OBJECTED"}, HEADS)],
    "contact": [("", WORKING, WORKERS)],
    "whistle": [("", WORKING, {"dispatcher"})],
    "report": [("", ASSIGNED | {"RESOLVED"}, DOERS)],
    "end_whistle": [("", ALL, {"dispatcher"})],
    "rate_whistle": [("", ALL, DOERS | {"dispatcher"})],
    "assist": [("", WORKING | {"DISPATCHED"}, {"handler", "grid"} | HEADS)],
    "feedback": [("", ASSIGNED | {"RESOLVED"}, DOERS)],
    "extend": [("ask", WORKING, DOERS), ("approve", WORKING, HEADS), ("refuse", WORKING, HEADS)],
    "suspend": [
        ("ask", WORKING, DOERS), ("approve", WORKING, HEADS), ("refuse", WORKING, HEADS),
        ("renew", {"SUSPENDED"}, HEADS),
    ],
    "resume": [("", {"SUSPENDED"}, DOERS | HEADS | S)],
    "resolve": [("", WORKING, DOERS)],
    "callback": [
        ("answered", {"RESOLVED"}, R | C), ("missed", {"RESOLVED"}, S | C),
        ("answered", UNFINISHED, R | C), ("missed", UNFINISHED, R | S | C), ("", {"MERGED"}, R | C),
    ],
    "ask_joined": [("", {"MERGED"}, S)],
    "rectify": [("", {"RESOLVED", "CLOSED"}, DOERS)],
    "rectify_callback": [("", {"CLOSED"}, C)],
    "rework": [("", {"RESOLVED"}, HEADS | C | A), ("", {"CLOSED"}, A)],
    "close": [("", {"RESOLVED"}, S | {"supervisor"} | C | A)],
    "audit": [("", {"RESOLVED", "CLOSED"}, A)],
    "reject": [("", {"RESOLVED", "CLOSED"}, R)],
    "escalate": [("", ASSIGNED, DOERS)],
    "answer_escalation": [("", ASSIGNED, {"dispatcher"})],
    "supervise": [("", OPEN, HEADS | S | A)],
    "answer_supervision": [("", ASSIGNED | {"RESOLVED"}, DOERS)],
    "terminate": [
        ("ask", WORKING | {"SUSPENDED"}, DOERS),
        ("approve", WORKING | {"SUSPENDED"}, HEADS), ("refuse", WORKING | {"SUSPENDED"}, HEADS),
    ],
    "withdraw": [("", OPEN | {"MERGED"}, R)],
    "exclude": [("", ALL, A)],
    "include": [("", ALL, A)],
    "ask_exclusion": [("", SCORED, DOERS)],
    "appeal_exclusion": [("", SCORED, DOERS)],
    "decide_exclusion": [("approve", ALL, A), ("refuse", ALL, A)],
    "flag_risk": [("", OPEN, DESK | S)],
    "clear_risk": [("", ALL, DESK)],
    "hold": [("", ALL, A)],
    "release": [("", ALL, A)],
    "note": [("", ALL, STAFF)],
    "reveal": [
        ("", ASSIGNED | {"RESOLVED"}, WORKERS - {"clerk"}),
        ("", ALL - {"CLOSED", "WITHDRAWN"}, {"clerk"}),
        ("", UNFINISHED | {"RESOLVED", "MERGED", "CLOSED"}, C),
    ],
    "relay": [
        ("", ASSIGNED | {"RESOLVED"}, WORKERS - {"clerk"}),
        ("", ALL - {"CLOSED", "WITHDRAWN"}, {"clerk"}),
        ("", UNFINISHED | {"RESOLVED", "MERGED", "CLOSED"}, C),
        ("", ALL, {"dispatcher"}),
    ],
    "check_proxy": [("", OPEN, {"clerk"})],
    "share_news": [("", {"MERGED"}, S)],
    "share_rating": [("", {"RESOLVED", "CLOSED"}, S)],
    "mark_photo": [("", ASSIGNED | {"RESOLVED", "CLOSED"}, DOERS | {"dispatcher"})],
    "tell": [("", ALL, {"clerk", "dispatcher"}),
             ("", ASSIGNED | {"RESOLVED", "TERMINATED"}, WORKERS - {"clerk"})],
    "on_behalf": [
        *((what, OPEN | more, SPEAK) for what, more in (
            ("supplement", {"HANDED_OFF", "MERGED"}), ("urge", {"MERGED"}), ("withdraw", {"MERGED"}))),
        *((what, ASSIGNED | {"RESOLVED"}, WORKERS - {"clerk"}) for what in ("supplement", "urge")),
        ("reject", {"RESOLVED", "CLOSED"}, SPEAK | WORKERS), ("review", REFUSED, SPEAK),
        ("rate", {"RESOLVED", "CLOSED", "MERGED"}, SPEAK),
    ],
    "urge": [("", OPEN, R)],
    "supplement": [("", OPEN | {"HANDED_OFF"}, R), ("half", {"NEED_INFO"}, R)],
    "amend": [("moves", {"ACCEPTED", "DISPATCHED", "NEED_INFO"}, R),
              ("moves", OPEN - {"RESOLVED"}, R), ("stays", OPEN - {"RESOLVED"}, R),
              ("", {"MERGED"}, R)],
    "secrecy": [("", ALL, R)],
    "rate": [("", {"RESOLVED", "CLOSED", "MERGED"}, R)],
    "deadline": [("", OPEN | REFUSED | {"CLOSED"}, S)],
    "remind": [("", OPEN | {"HANDED_OFF", "CLOSED"}, S)],
    "plan": [("", OPEN - {"RESOLVED"}, S)],
    "call_duty": [("", ALL, S)],
    "platform_due": [("", OPEN - {"RESOLVED"}, S)],
    "arrive": [("", WORKING, DOERS)],
    "take_up": [("", OPEN | {"HANDED_OFF"}, S)],
    "reschedule": [("", OPEN | REFUSED | {"CLOSED"}, S)],
}  # fmt: skip


@dataclass(frozen=True)
class Variant:
    """One way to take a step.

    Attributes:
        code: Why it is refused for whom it is otherwise open; ``None``: it is taken.
        only: States in which it makes sense; empty: all that the step has.
        facts: What of the ticket is different.
    """

    payload: Mapping[str, Any]
    kind: str = ""
    code: str | None = None
    only: frozenset[str] = frozenset()
    facts: Mapping[str, Any] = field(default_factory=dict)
    leaf: str | None = None


def v(kind: str = "", code: str | None = None, *, only: str = "", facts: Any = None,
      leaf: str | None = None, **payload: Any) -> Variant:  # fmt: skip
    return Variant(payload, kind, code, frozenset(only.split()), facts or {}, leaf)


HELD_UP = {"explanation": "等到货", "plan": "到货就修", "review_date": "2026-12-01"}
ENDED_FOR = {"ground": "gone", "explanation": "灯杆拆了", "by": "x", "at": T0.isoformat()}
REPAIR, ADVICE = "H1", "K4"
"""A leaf whose work can be seen, and one that leaves nothing to photograph."""
EVIDENCE: dict[str, dict[str, Any]] = {
    "photo": {"evidence": ["p1"]}, "photos": {"evidence": ["p1", "p2"]},
    "note": {"evidence_note": "居民不让拍"},
    "both": {"evidence": ["p1"], "evidence_note": "里屋不让拍"}, "none": {},
}  # fmt: skip


def resolving() -> Iterator[Variant]:
    """Every outcome with every kind of evidence, with and without what it needs."""
    for outcome, (shown, evidence), explained, tried, leaf in product(
        choices.OUTCOMES, EVIDENCE.items(), (True, False), (True, False), (REPAIR, ADVICE)
    ):
        why = {"explanation": "说清楚了"} if explained else {}
        code = None
        if outcome != "solved" and not explained:
            code = "explanation_missing"
        elif outcome == "unverifiable" and not tried:
            code = "not_tried"
        elif leaf == REPAIR and shown == "none":
            code = "evidence_missing"
        where = {"redirect": "到县法院立案窗口"} if outcome == "redirected" else {}
        contacts = [{"result": "no_answer", "at": T0.isoformat()}] if tried else []
        payload = {"outcome": outcome, "reply": "看过了", **evidence, **why, **where}
        yield Variant(payload, "", code, frozenset(), {"contacts": contacts}, leaf)
    yield v(outcome="redirected", reply="请起诉", explanation="归法院", evidence=["p"],
            code="redirect_missing")  # fmt: skip
    yield v(outcome="mended", reply="好了", evidence=["p"], code="invalid_fields")


def calling() -> Iterator[Variant]:
    for result, method in product(choices.RESULTS, choices.WAYS):
        kind = "missed" if result == "no_answer" else "answered"
        yield v(kind, result=result, method=method)
    for score in range(7):
        code = None if 1 <= score <= 5 else "score_out_of_range"
        yield v("answered", code, only="RESOLVED MERGED", result="solved", score=score)
    yield v("answered", "invalid_fields", result="maybe", only="ACTIVE MERGED")


ASKED_FOR = exclusion_request("asked", "another")
EXCLUSION_OF = {"not_accepted": "NOT_ACCEPTED", "merged": "MERGED", "withdrawn": "WITHDRAWN"}
VARIANTS: dict[str, list[Variant]] = {
    "hand_off": [
        *(v(reason="请打电话", disposition=d) for d in choices.HANDED_OFF), v(reason="119"),
        v(code="invalid_fields", reason="119", disposition="secret"), v(code="invalid_fields"),
    ],
    "accept": [
        v(), *(v(priority=p) for p in choices.PRIORITIES), v(leaf_="H6"),
        v(code="invalid_fields", priority="U9"),
    ],
    "not_accept": [
        *(v(reason=r, explanation="说明白") for r in choices.NOT_ACCEPTED if r != "no_news"),
        v(reason="no_news", explanation="没有新情况", earlier="SQ-261124-00002-0"),
        v(code="earlier_missing", reason="no_news", explanation="没有新情况"),
        v(code="invalid_fields", reason="emergency", explanation="x"),
    ],
    "review": [
        v("ask"), v("ask", text="我不同意"),
        v("uphold", decision="uphold", explanation="看过了"),
        v("correct", decision="correct", explanation="应当办"),
    ],
    "protect": [
        *(v(level=n, reason="怕报复") for n in choices.PROTECTION),
        v(code="stays_confidential", level="normal", reason="x", facts={"confidential": True}),
        v(code="invalid_fields", level="secret", reason="x"),
    ],
    "answer_group": [
        *(v(decision=d, text="答复") for d in choices.GROUP_ANSWERS),
        v(code="invalid_fields", decision="later", text="x"),
        v(code="no_group_demand", decision="accept", text="x", facts={"group": False}),
    ],
    "opinion": [v(stance=n, opinion="依据", org="property") for n in choices.STANCES],
    "dispatch": [
        v("first", org="water", only="ACCEPTED"),
        v("first", org="water", assists=["property"], only="ACCEPTED"),
        v("first", "no_lead", org="water", duty="协助", only="ACCEPTED"),
        v("first", "over_assignment", org="grid", only="ACCEPTED"),
        v("first", org="community", only="ACCEPTED", leaf="K4"),
        v("again", org="property", reason="归物业", only="DISPATCHED ACTIVE REWORK"),
        v("again", "invalid_fields", org="property", only="DISPATCHED ACTIVE REWORK"),
    ],
    "propose": [
        v(org="property", text="去年也是物业修的"), v(code="org_unknown", org="mars", text="x"),
        v(code="over_assignment", org="grid", text="x", leaf="H1"),
        v(code="recused", org="fire", text="x", facts={"recused": ["fire"]}),
    ],
    "object": [
        v(basis="清单第3条"), v(basis="清单第3条", suggested_org="fire"),
        v(code="suggestion_unknown", basis="x", suggested_org="mars"),
        v(code="designated", basis="x", facts={"designated": True}),
    ],
    "decide_objection": [
        v(decision="reject", basis="属供水"), v(decision="uphold", basis="属物业", org="property"),
        v(code="org_missing", decision="uphold", basis="x"),
    ],
    "contact": [
        v(code="not_delivered" if r == "delivered" and w != "message" else None, way=w, result=r)
        for w, r in product(choices.WAYS, choices.REACHED)
    ],
    "whistle": [
        *(v(type=t, orgs=["urban"], reason="联合", approver="李强") for t in choices.WHISTLES),
        v(code="invalid_fields", type="loud", orgs=["urban"], reason="x", approver="李强"),
        v(code="invalid_fields", type="problem", orgs=["urban"], reason="x"),
        v(code="own_whistle", type="problem", orgs=["urban"], reason="x", approver="dispatcher1"),
        v(code="over_assignment", type="problem", orgs=["urban", "community"], reason="x",
          approver="李强", lead="community"),
        v(type="problem", orgs=["urban", "grid"], reason="x", approver="李强", lead="grid", leaf="H6"),
    ],
    "report": [
        *(v(stage=s, text="到了") for s in ("sign",)),
        *(v(code="invalid_fields", stage=s) for s in ("left", "")),
    ],
    "end_whistle": [v(result=r, text="结束") for r in choices.WHISTLE_RESULTS],
    "rate_whistle": [
        v(code=None if 1 <= n <= 5 else "score_out_of_range", score=n, org="property")
        for n in range(7)
    ],
    "feedback": [v(progress=p, text="情况") for p in choices.PROGRESS],
    "extend": [
        v("ask", days=1, reason="等配件"), v("ask", "extension_length", days=99, reason="忙"),
        v("approve", decision="approve", days=1, reason="同意"),
        v("refuse", decision="refuse", reason="不行",
          facts={"extension_request": {"by": "x", "days": 1, "at": T0.isoformat()}}),
        v("refuse", "nothing_requested", decision="refuse", reason="不行"),
    ],
    "suspend": [
        *(v("ask", reason=r, **HELD_UP) for r in choices.SUSPEND_REASONS),
        *(v("approve", reason=r, **HELD_UP) for r in choices.SUSPEND_REASONS),
        *(v("renew", reason=r, **HELD_UP) for r in choices.SUSPEND_REASONS),
        v("ask", "invalid_fields", reason="lazy", **HELD_UP),
        v("refuse", decision="refuse", text="不行", facts={"suspension_request": {"by": "x"}}),
        v("approve", "suspension_incomplete", decision="approve"),
    ],
    "share_rating": [v(**{"from": "SQ-261124-00002-0"}), v(code="invalid_fields")],
    "share_news": [
        v(event="extended", seq=7, of="SQ-261124-00002-0"), v(code="invalid_fields"),
        v(code="asked_in_chat", event="extended", seq=7, of="SQ-261124-00002-0",
          facts={"conversation_id": "c-1"}),
    ],
    "mark_photo": [
        *(v(photo="photo-1", reason="没有人", shown=s) for s in choices.PHOTO_MARKS),
        v(photo="photo-1", reason="没有人"), v(code="invalid_fields", photo="photo-1"),
        v(code="photo_unknown", photo="photo-9", reason="没有人"),
        v(code="no_photo", photo="photo-1", reason="没有人", facts={"evidence": []}),
    ],
    "check_proxy": [
        *(v(kind_=k, since="2026-11-20") for k in choices.PROXIES),
        v(code="since_future", kind_="oral", since="2026-11-30"),
        v(code="invalid_fields", kind_="friend", since="2026-11-20"),
        v(code="not_for_another", kind_="oral", since="2026-11-20", facts={"subject": {}}),
    ],
    "tell": [
        *(v(result=r) for r in choices.TOLD), v(code="invalid_fields"),
        v(code="nothing_to_tell", result="told", facts={"to_tell": None}),
    ],
    "on_behalf": [
        *(v(w, what=w, text="居民说的", score=4) for w in choices.SPOKEN),
        *(v(w, "has_chat", what=w, text="x", score=4, facts={"conversation_id": "c-1"})
          for w in choices.SPOKEN),
        *(v(w, "nobody_asked", what=w, text="x", score=4, facts={"reporter": {"role": "patrol"}})
          for w in choices.SPOKEN),
        v("rate", "score_missing", what="rate", text="x"),
        v("urge", "invalid_fields", what="urge"), v("reject", what="reject", text="又坏了", said="counter"),
    ],
    "rectify": [
        v(text="核实过"), v(code="invalid_fields"),
        v(code="nothing_to_rectify", text="核实过", facts={"bad_ratings": []}),
    ],
    "rectify_callback": [
        *(v(result=r) for r in choices.RECTIFIED), v(code="invalid_fields", result="fine"),
        v(code="not_rectified", result="satisfied", facts={"bad_ratings": []}),
    ],
    "resolve": list(resolving()),
    "callback": list(calling()),
    "ask_joined": [v(ask=a) for a in ("yes", "no")],
    "audit": [v(finding=f, text="查过") for f in choices.FINDINGS],
    "supervise": [
        v(level="1", text="快"), v(level="1", text="快", until="2026-12-01"),
        v(code="until_past", level="1", text="快", until="2026-11-01"),
        v(code="invalid_fields", level="9", text="快"),
    ],
    "terminate": [
        *(v("ask", ground=g, explanation="说明") for g in choices.GROUNDS),
        *(v("approve", ground=g, explanation="说明") for g in choices.GROUNDS),
        v("approve", decision="approve", facts={"termination_request": ENDED_FOR}),
        v("approve", "termination_incomplete", decision="approve"),
        v("approve", "termination_incomplete", ground="gone"),
        v("approve", "invalid_fields", ground="tired", explanation="x"),
        v("ask", "invalid_fields", ground="tired", explanation="x"),
        v("ask", "invalid_fields", ground="gone"),
        v("refuse", decision="refuse", text="再去看看", facts={"termination_request": ENDED_FOR}),
        v("refuse", "nothing_requested", decision="refuse", text="再去看看"),
        v("refuse", "invalid_fields", decision="refuse",
          facts={"termination_request": ENDED_FOR}),
    ],
    "withdraw": [
        v(reason="修好了"), v(reason="被劝的", persuaded=True), v(code="invalid_fields"),
        v(code="invalid_fields", persuaded=True),
    ],
    "exclude": [
        *(v(reason=r, basis="依据", only=EXCLUSION_OF.get(r, "")) for r in choices.EXCLUSIONS),
        *(v(code="exclusion_unfounded", reason=r, basis="x", only="ACTIVE") for r in EXCLUSION_OF),
        v(code="persuaded", reason="withdrawn", basis="x", only="WITHDRAWN",
          facts={"persuaded": True}),
    ],
    "ask_exclusion": [
        *(v(reason=r, basis="依据", text="见附件", only=EXCLUSION_OF.get(r, ""))
          for r in choices.EXCLUSIONS if r not in ("not_accepted", "merged")),
        *(v(code="exclusion_unfounded", reason=r, basis="x", text="x", only="ACTIVE")
          for r in EXCLUSION_OF),
        v(code="persuaded", reason="withdrawn", basis="x", text="x", only="WITHDRAWN",
          facts={"persuaded": True}),
        v(code="excluded_already", reason="malicious", basis="x", text="x",
          facts={"exclusion": {"reason": "malicious", "basis": "x"}}),
        v(code="invalid_fields", reason="tired", basis="x", text="x"),
        v(code="invalid_fields", reason="malicious", basis="x"),
    ],
    "appeal_exclusion": [
        v(text="补上证明"), v(code="invalid_fields"),
        v(code="nothing_refused", text="x", facts={"exclusion_request": None}),
        v(code="nothing_refused", text="x", facts={"exclusion_request": ASKED_FOR}),
    ],
    "decide_exclusion": [
        v("approve", decision="approve"), v("approve", decision="approve", text="属实"),
        v("refuse", decision="refuse", text="不属实"),
        v("refuse", "invalid_fields", decision="refuse"),
        v("approve", "nothing_requested", decision="approve", facts={"exclusion_request": None}),
        v("approve", "exclusion_unfounded", decision="approve", only="ACTIVE",
          facts={"exclusion_request": {**ASKED_FOR, "reason": "withdrawn"}}),
        v("refuse", "nothing_requested", decision="refuse", text="x",
          facts={"exclusion_request": {**ASKED_FOR, "state": "refused"}}),
    ],
    "flag_risk": [
        *(v(risk=r, reason="登记时说的") for r in CONTEXT.rules.risks),
        v(code="risk_unknown", risk="troublemaker", reason="老来"),
        v(code="risk_there", risk="minor", reason="x", facts={"risks": [MINOR]}),
        v(risk="minor", reason="又说到孩子", facts={"risks": [{**MINOR, "cleared": {}}]}),
        v(code="invalid_fields", risk="minor"),
    ],
    "clear_risk": [
        v(risk="minor", reason="接回家了"),
        v(code="risk_not_there", risk="alone", reason="x"),
        v(code="no_risk", risk="minor", reason="x", facts={"risks": []}),
        v(code="no_risk", risk="minor", reason="x", facts={"risks": [{**MINOR, "cleared": {}}]}),
        v(code="invalid_fields", risk="minor"),
    ],
    "arrive": [
        v(), v(text="饭送到了"), v(arrived_at="2026-11-24T10:20:00+08:00"),
        v(code="arrival_ahead", arrived_at="2026-11-24T12:20:00+08:00"),
        v(code="arrival_too_early", arrived_at="2026-11-23T10:20:00+08:00"),
        v(code="no_appointment", facts={"appointment": None}),
        v(code="arrived_already", facts={"arrival": {"kept": "kept"}}),
        v(code="invalid_fields", arrived_at="刚才"),
    ],
    "platform_due": [
        v(due="2026-11-26T17:00:00+08:00", reason="平台要求"), v(due="2026-11-20T17:00", reason="平台"),
        v(code="nothing_moves", due=T0.isoformat(), reason="平台",
          facts={"platform_due_at": T0, "platform_due_reason": "平台"}),
        v(code="invalid_fields", due="明天", reason="平台"),
        v(code="invalid_fields", due="2026-11-26T17:00:00+08:00"),
    ],
    "call_duty": [
        *(v(result=r, leader="李强") for r in choices.CALLS),
        v(code="invalid_fields", result="maybe", leader="李强"),
        v(code="invalid_fields", result="sent"),
    ],
    "supplement": [
        v(text="是三单元"), v(attachments=["p1"]), v(text="x", attachments=["p1", "p2"]),
        v(code="nothing_given"),
        v("half", text="是三单元", complete="no", rest=["什么时候开始的"], only="NEED_INFO"),
        v("half", "nothing_given", complete="no", rest=["什么时候开始的"], only="NEED_INFO"),
        v("half", "invalid_fields", text="是三单元", complete="no", only="NEED_INFO"),
        v("half", "not_in_notice", text="x", complete="no", rest=["户口本"], only="NEED_INFO"),
    ],
    "amend": [
        v("stays", reporter={"contact_pref": "微信"}), v("stays", "nothing_given", text="x"),
        v("moves", reporter={"contact_pref": "微信"}, moves="yes"),
    ],
    "secrecy": [v(), v(text="别说是我报的"), v(secret="no"), v(code="invalid_fields", secret="maybe")],
    "rate": [
        v(code=None if 1 <= n <= 5 else "score_out_of_range", score=n) for n in range(7)
    ] + [v(score=1, pressured=True, text="让我打五分")],
    "reject": [v(), v(text="又坏了"), v(attachments=["p1"])],
    "deadline": [v(stage=s) for s in choices.STAGES] + [v(code="invalid_fields", stage="tea")],
}  # fmt: skip

OWNER = {"grid": "grid", "vendor": "meal", "clerk": "community", "mediator": "legal"}
"""Unit that has the ticket when a role acts; of all others the water company."""
NOT_TOLD = {"handler", "vendor", "mediator"}
"""Who has nothing to do with a ticket that was given to nobody."""


def of(action: str) -> list[Variant]:
    return VARIANTS.get(action) or [Variant(GOOD_PAYLOADS.get(action, {}))]


def payload_of(one: Variant) -> dict[str, Any]:
    return {name.rstrip("_"): value for name, value in one.payload.items()}


STARTS = {state: in_state(state) for state in STORED}


def prepared(state: State, action: str, role: str, one: Variant) -> Ticket:
    ticket = STARTS[state]
    if ticket.owner_org is not None:
        ticket = replace(ticket, owner_org=OWNER.get(role, "water"), handlers=["somebody"])
    ticket = ready(ticket, action, ACTORS[role])
    if action == "consult" or (action in ("exclude", "ask_exclusion") and not one.facts):
        ticket = replace(ticket, persuaded=False)
    return replace(ticket, **{**({"leaf": one.leaf} if one.leaf else {}), **one.facts})


def surroundings(action: str, ticket: Ticket, one: Variant) -> Context:
    shared = replace(
        parent(), state=State.RESOLVED, leaf=ticket.leaf, resolved_at=T0,
        conversation_id=ticket.conversation_id,
    )  # fmt: skip
    other = {
        "merge": replace(parent(), leaf=ticket.leaf),
        "part": replace(shared, state=State.WITHDRAWN),
        "not_accept": replace(parent(), conversation_id=ticket.conversation_id),
    }.get(action, shared)
    if action == "assign":
        colleague = Person("handler9", "新来的", str(ticket.owner_org))
        return replace(CONTEXT, person=colleague)
    if action == "not_accept" and "earlier" not in one.payload:
        return replace(CONTEXT, former=FORMER)
    return replace(CONTEXT, parent=other, former=FORMER)


def expected(action: str, state: State, role: str, ticket: Ticket, one: Variant) -> str | None:
    """Return the code of the refusal, ``None`` when the step is taken."""
    rows = MAY[action]
    if not any(role in roles for _, _, roles in rows):
        return "role_not_allowed"
    helped = ticket.consults or ticket.assists or ticket.whistles
    if role in NOT_TOLD and ticket.owner_org is None and not helped:
        return "out_of_scope"
    here = [(kind, roles) for kind, states, roles in rows if state in states and role in roles]
    if not here:
        return "state_not_allowed"
    if role == "supervisor" and one.code != "invalid_fields":
        return of_the_head(action, one)
    judges = action == "on_behalf" and one.payload["what"] in ("rate", "withdraw")
    if (
        judges
        and role == "clerk"
        and ticket.owner_org is not None
        and one.code in (None, "score_missing")
    ):
        return "own_unit"  # the desk writes down no praise of its own work, and no withdrawal
    return one.code


def of_the_head(action: str, one: Variant) -> str | None:
    """Who heads a community orders within it, and rules on what the property company objects to."""
    org = one.payload.get("org")
    if action == "dispatch" and org not in ("grid", "community"):
        return "beyond_community"
    if action == "decide_objection" and org == "property":
        return "same_org"  # it is the one that objects
    return one.code


@pytest.mark.parametrize("action", sorted(MAY))
def test_every_variant_of_every_step_for_every_role_in_every_state(action: str) -> None:
    tried = taken = 0
    for role, state, (n, one) in product(ACTORS, sorted(STORED), enumerate(of(action))):
        if one.only and state not in one.only:
            continue
        here = [r for r in MAY[action] if state in r[1] and role in r[2]]
        # Who may not take the step at all is refused before anybody looks at how it is taken.
        if not here and n >= 2:
            continue
        # A variant of another line of the same step is another test's.
        if here and one.kind and not any(kind in ("", one.kind) for kind, _, _ in here):
            continue
        ticket = prepared(state, action, role, one)
        if action == "accept" and role == "system" and state is State.NEED_INFO:
            at = DAY8
        else:
            at = DAY8 if action in ("close", "lapse") else LATER
        made = do(ticket, action, role, at, payload_of(one), surroundings(action, ticket, one))
        code = made.code if isinstance(made, Refusal) else None
        wanted = expected(action, state, role, ticket, one)
        assert code == wanted, (action, role, state, payload_of(one), made)
        tried += 1
        if isinstance(made, Event):
            taken += 1
            assert fold.apply(ticket, made).state is made.to_state
    assert taken, "the variants are taken by somebody somewhere"
    assert tried > taken, "and refused by others"


def test_the_table_by_hand_knows_every_step() -> None:
    assert MAY.keys() | {"submit"} == ACTIONS.keys()
    named = {f"{t.action}:{role}:{s}" for t in TRANSITIONS for role in t.roles for s in t.sources}
    mine = {
        f"{action}:{role}:{s}"
        for action, rows in MAY.items()
        for _, states, roles in rows
        for role, s in product(roles, states)
    }
    assert {n for n in named if not n.startswith("submit:")} == mine


REQUIRED = [(t, f.name) for t in TRANSITIONS for f in t.fields if f.required]


@pytest.mark.parametrize(("line", "name"), REQUIRED)
def test_what_a_line_asks_for_is_missed_by_its_name(line: Transition, name: str) -> None:
    full = {f.name: GOOD_PAYLOADS.get(line.action, {}).get(f.name, "x") for f in line.fields}
    for blank in (None, "", []):
        _, wrong = decide.read_fields(line, {**full, name: blank})
        assert name in wrong
    assert name not in decide.read_fields(line, {})[0]


@pytest.mark.parametrize(
    ("text", "said"),
    [("长" * decide.LONGEST, None), ("长" * (decide.LONGEST + 1), "备注太长，最多2000字"), (" \n", "请填写备注"), (["长"], "备注填写有误")],
)  # fmt: skip
def test_who_writes_too_much_or_only_blanks_is_told_so(text: object, said: str | None) -> None:
    note = next(
        t for t in TRANSITIONS if t.action == "note" and any(f.name == "text" for f in t.fields)
    )
    assert decide.read_fields(note, {"text": text})[1].get("text") == said


# role → may it file a request; by which channels
FILES: dict[str, set[str]] = {
    "resident": {"web", "wechat", "kiosk", "open311", "phone", "counter"},
    "system": {"web", "hotspot", "import12345"},
    "grid": {"patrol", "phone", "counter"},
    "clerk": {"counter", "phone", "hotspot"},
    "supervisor": {"counter", "phone", "hotspot"},
    "mediator": {"counter", "phone"},
    "dispatcher": {"import12345", "hotspot"},
}
CHANNELS = ("web", "wechat", "phone", "counter", "kiosk", "patrol", "import12345", "hotspot",
            "open311")  # fmt: skip


@pytest.mark.parametrize("role", ACTORS)
def test_who_files_a_request(role: str) -> None:
    for channel in CHANNELS:
        refusal = decide.may_submit(ACTORS[role], channel, "J1")
        if role not in FILES:
            assert refusal is not None and refusal.code == "role_not_allowed"
        elif role == "dispatcher":
            assert (refusal is None) is (channel in FILES[role]), channel
        else:
            assert refusal is None or channel not in FILES[role]
        if refusal is not None:
            assert any("一" <= c <= "鿿" for c in refusal.message)


@pytest.mark.parametrize("leaf", ["H1", "K4", None])
def test_a_mediator_files_what_is_to_be_mediated(leaf: str | None) -> None:
    refusal = decide.may_submit(ACTORS["mediator"], "counter", leaf)
    assert refusal is not None and refusal.code == "role_not_allowed"
    assert decide.may_submit(ACTORS["clerk"], "counter", leaf) is None


@pytest.mark.parametrize("role", ACTORS)
@pytest.mark.parametrize("state", sorted(STORED))
def test_what_has_been_filed_is_not_filed_again(role: str, state: State) -> None:
    owner = OWNER.get(role, "water")
    ticket = replace(STARTS[state], owner_org=owner)
    actor: Actor = ACTORS[role]
    made = decide.decide(ticket, Command("submit", actor, LATER), CONTEXT)
    wanted = "state_not_allowed" if role in FILES else "role_not_allowed"
    assert isinstance(made, Refusal) and made.code == wanted
