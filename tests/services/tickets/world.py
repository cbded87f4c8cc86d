"""A small world for pure tests: the real data files, some units, tickets in any state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from services.clock import ZONE
from services.config import ROOT
from services.tickets.core import decide, fold
from services.tickets.core.actor import SYSTEM, Actor, resident
from services.tickets.core.calendar import load_calendar
from services.tickets.core.commands import Command, CreateTicket
from services.tickets.core.context import Context, Person, Refusal, Unit
from services.tickets.core.dispatch import load_directory
from services.tickets.core.event import Event
from services.tickets.core.leaves import load_leaves, load_urgency
from services.tickets.core.location import Location
from services.tickets.core.relay import Relay
from services.tickets.core.rules import load_rules
from services.tickets.core.sla import load_profile
from services.tickets.core.states import REFUSED, State
from services.tickets.core.ticket import Ticket

DATA = ROOT / "data"
T0 = datetime(2026, 11, 24, 10, 0, tzinfo=ZONE)
NUMBER = "SQ-261124-00001-0"

DUE_LATER = {
    "at": T0.isoformat(), "due_at": (T0 + timedelta(days=1)).isoformat(), "due_reason": "1个工作日",
}  # fmt: skip
NEWS = {
    "since": T0.isoformat(), "tries": [],
    "news": [{"event": "extended", "seq": 5, "at": T0.isoformat()}],
}  # fmt: skip
"""Something that somebody has to tell on the phone."""

PLACE = Location(
    compound_id="xingfu", compound="幸福小区", community_id="qinghe-c1", community="清河社区",
    building_id="xingfu-3", building="3", unit="2", grid_id="qinghe-g1", grid="第一网格",
    text="幸福小区3号楼2单元", confidence=1.0,
)  # fmt: skip

ORGS = {
    "grid": "grid", "community": "community", "street": "street", "property": "property",
    "water": "utility", "power": "utility", "gas": "utility", "heating": "utility",
    "urban": "department", "police": "department", "fire": "department", "market": "department",
    "civil": "department", "hr": "department", "medical": "department", "health": "department",
    "housing": "department",
    "disabled": "department", "legal": "department", "discipline": "department",
    "discipline_above": "department",
    "veterans": "department", "meal": "vendor",
    "homecare": "vendor", "elevator": "vendor",
}  # fmt: skip
UNITS = {id: Unit(id, f"{id}单位", kind) for id, kind in ORGS.items()}

ACTORS: dict[str, Actor] = {
    "resident": resident("conversation-1"),
    "system": SYSTEM,
    "grid": Actor("staff", "grid1", "grid", "grid", "qinghe-c1", ("qinghe-g1",)),
    "clerk": Actor("staff", "clerk1", "clerk", "community", "qinghe-c1"),
    "supervisor": Actor("staff", "supervisor1", "supervisor", "community", "qinghe-c1"),
    "dispatcher": Actor("staff", "dispatcher1", "dispatcher", "street"),
    "handler": Actor("staff", "handler1", "handler", "water"),
    "vendor": Actor("staff", "vendor1", "vendor", "meal"),
    "callback": Actor("staff", "callback1", "callback", "street"),
    "mediator": Actor(
        "staff",
        "mediator1",
        "mediator",
        "legal",
        "qinghe-c1",
        leaves=("J1", "J2", "F4"),
    ),
    "trainer": Actor("staff", "trainer1", "trainer", "street"),
    "auditor": Actor("staff", "auditor1", "auditor", "street"),
    "admin": Actor("staff", "admin1", "admin", "street"),
}

CONTEXT = Context(
    calendar=load_calendar(DATA / "calendar"),
    profile=load_profile(DATA / "sla", "default"),
    leaves=load_leaves(DATA / "sla" / "leaves.yml"),
    directory=load_directory(DATA / "localities" / "qinghe" / "dispatch.yml"),
    units=UNITS,
    urgency=load_urgency(DATA / "sla" / "priorities.yml"),
    rules=replace(load_rules(DATA / "workflow.yml"), contact_first=True),
    place=None,
    relay=Relay("0439-00000030"),
)

FORMER = replace(CONTEXT.calendar, days={**CONTEXT.calendar.days, date(2026, 11, 25): False})
"""The calendar before a notice that makes 25 November a working day."""

GOOD_PAYLOADS: dict[str, dict[str, Any]] = {
    "hand_off": {"reason": "119"},
    "accept": {},
    "need_info": {"items": ["几号楼", "什么时候开始的"]},
    "not_accept": {"reason": "beyond_duty", "explanation": "是商业服务", "redirect": "可找家政"},
    "merge": {"into": "SQ-261124-00002-0"},
    "join": {"from": "SQ-261124-00003-0", "household": "h2", "who": "conversation-2"},
    "dispatch": {"org": "water"},
    "propose": {"org": "property", "text": "去年也是物业修的"},
    "assign": {"person": "handler9"},
    "object": {"basis": "职责清单第3条"},
    "decide_objection": {"decision": "reject", "basis": "属供水范围"},
    "contact": {"way": "phone", "result": "reached"},
    "whistle": {"type": "problem", "orgs": ["urban"], "reason": "需多部门", "approver": "街道副主任 李强"},
    "assist": {"orgs": ["property"], "task": "开门"},
    "extend": {"days": 1, "reason": "等配件"},
    "suspend": {"reason": "parts", "explanation": "等配件到货", "plan": "到货就修",
                "review_date": "2026-12-01"},
    "resolve": {"outcome": "solved", "reply": "已更换", "evidence": ["photo-1"]},
    "rework": {"reason": "照片不符"},
    "rectify": {"text": "核实过，灯座也换了"},
    "rectify_callback": {"result": "satisfied"},
    "close": {"reason": "三次未接通"},
    "supervise": {"level": "1", "text": "请抓紧"},
    "terminate": {"ground": "gone", "explanation": "事项已不存在"},
    "withdraw": {"reason": "自己修好了"},
    "note": {"text": "已看"},
    "reveal": {"reason": "需要打电话"},
    "relay": {"reason": "约上门时间"},
    "tell": {"result": "told"},
    "share_news": {"event": "extended", "seq": 7, "of": "SQ-261124-00002-0"},
    "share_rating": {"from": "SQ-261124-00002-0"},
    "check_proxy": {"kind": "written", "since": "2026-11-20"},
    "mark_photo": {"photo": "photo-1", "reason": "没有人"},
    "on_behalf": {"what": "supplement", "text": "是三单元", "score": 5},
    "urge": {},
    "supplement": {"text": "是三单元"},
    "rate": {"score": 5},
    "reject": {"text": "又坏了"},
    "deadline": {"stage": "due"},
    "remind": {},
    "plan": {},
    "call_duty": {"result": "sent", "leader": "李强"},
    "platform_due": {"due": "2026-11-26T17:00:00+08:00", "reason": "12345平台要求的办结时限"},
    "arrive": {},
    "take_up": {"who": "值班员"},
    "ask_joined": {"ask": "yes"},
    "reschedule": {"reason": "放假安排更新"},
    "review": {"decision": "uphold", "explanation": "看过了，确实不归我们"},
    "protect": {"level": "confidential", "reason": "怕被报复"},
    "lapse": {},
    "part": {"reason": "先反映的邻居撤回了"},
    "answer_group": {"decision": "accept", "text": "受理，由供水公司牵头"},
    "consult": {"orgs": ["property"], "question": "归谁修"},
    "opinion": {"stance": "assist", "opinion": "共用管道可以协助", "org": "property"},
    "report": {"stage": "sign"},
    "end_whistle": {"result": "solved", "text": "一起修好了"},
    "rate_whistle": {"score": 4, "org": "property"},
    "feedback": {"progress": "done", "text": "门开好了"},
    "escalate": {"text": "产权不清，请街道协调"},
    "answer_escalation": {"decision": "take", "text": "明天街道召集"},
    "answer_supervision": {"text": "今天下午到场"},
    "audit": {"finding": "genuine", "text": "电话核实属实"},
    "exclude": {"reason": "force_majeure", "basis": "暴雪红色预警公告"},
    "include": {"reason": "公告撤销"},
    "flag_risk": {"risk": "alone", "reason": "说老伴走了，身边没人"},
    "clear_risk": {"risk": "minor", "reason": "孩子已经接回家"},
    "ask_exclusion": {"reason": "force_majeure", "basis": "暴雪红色预警公告", "text": "三天停工"},
    "appeal_exclusion": {"text": "补上气象局的证明"},
    "decide_exclusion": {"decision": "approve", "text": "属实"},
    "hold": {"reason": "法院调取"},
    "release": {"reason": "案件已结"},
}  # fmt: skip


def submitted(leaf: str = "H1", narrative: str = "家里停水了", at: datetime = T0,
              place: Location = PLACE, reporter: Mapping[str, Any] | None = None,
              context: Context | None = None, **fields: Any) -> tuple[Ticket, list[Event]]:  # fmt: skip
    """A freshly submitted ticket."""
    fields.setdefault("conversation_id", "conversation-1")
    request = CreateTicket(leaf=leaf, narrative=narrative, **fields)
    event = decide.submit(
        NUMBER,
        "123456",
        request,
        ACTORS["resident"],
        at,
        place,
        reporter or {"role": "self"},
        context or CONTEXT,
    )
    return fold.apply(Ticket(), event), [event]


def do(
    ticket: Ticket, action: str, role: str, at: datetime, payload: Mapping[str, Any] | None = None,
    context: Context = CONTEXT, actor: Actor | None = None,
) -> Event | Refusal:  # fmt: skip
    """Decide one action with a payload that is good unless given."""
    facts = GOOD_PAYLOADS.get(action, {}) if payload is None else payload
    return decide.decide(ticket, Command(action, actor or ACTORS[role], at, facts), context)


def must(ticket: Ticket, *args: Any, **kwargs: Any) -> Ticket:
    """Do one action that has to succeed."""
    made = do(ticket, *args, **kwargs)
    assert isinstance(made, Event), made
    return fold.apply(ticket, made)


def in_state(state: State, owner: str = "water", leaf: str = "H1") -> Ticket:
    """A ticket led to a state by the commands that lead there."""
    return led(state, owner, leaf)[0]


def led(
    state: State, owner: str = "water", leaf: str = "H1", within: Context = CONTEXT, **fields: Any
) -> tuple[Ticket, list[Event]]:
    """The ticket of :func:`in_state` with its events."""
    t, events = submitted(leaf, context=within, **fields)
    minute = timedelta(minutes=1)
    worker = {"grid": "grid", "meal": "vendor", "community": "clerk"}.get(owner, "handler")
    clue = Person("grid1", "王秀英", "grid") if owner == "grid" else None
    context = within if clue is None else replace(within, person=clue)
    steps: list[Any] = {
        State.SUBMITTED: [],
        State.NEED_INFO: [("need_info", "clerk", None)],
        State.HANDED_OFF: [("hand_off", "system", None)],
        State.NOT_ACCEPTED: [("not_accept", "clerk", None)],
        State.WITHDRAWN: [("withdraw", "resident", None)],
        State.MERGED: [("merge", "clerk", None)],
    }.get(state, [("accept", "clerk", None)])
    working = [("dispatch", "dispatcher", {"org": owner}), ("sign", worker, None)]
    if worker != "vendor":
        done = [*working, ("contact", worker, None), ("resolve", worker, None)]
    else:
        done = [*working, ("resolve", worker, None)]
    steps = steps + {
        State.DISPATCHED: working[:1],
        State.OBJECTED: [*working[:1], ("object", worker, None)],
        State.ACTIVE: working,
        State.SUSPENDED: [*working, ("suspend", "supervisor", None)],
        State.RESOLVED: done,
        State.REWORK: [*done, ("callback", "resident", {"result": "unsolved"})],
        State.CLOSED: [*done, ("callback", "resident", {"result": "solved"})],
        State.TERMINATED: [*working, ("terminate", "dispatcher", None)],
    }.get(state, [])  # fmt: skip
    at = T0
    for action, role, payload in steps:
        at += minute
        known = replace(within, parent=parent(leaf)) if action == "merge" else context
        made = do(t, action, role, at, payload, known)
        assert isinstance(made, Event), made
        t = fold.apply(t, made)
        events.append(made)
    assert t.state is state
    return t, events


def contacted(ticket: Ticket) -> Ticket:
    """The ticket after the resident has been reached."""
    return replace(ticket, first_contact_at=T0 + timedelta(minutes=10))


def ready(ticket: Ticket, action: str, actor: Actor) -> Ticket:
    """The ticket with what an action presupposes: a whistle to report to, a refusal to review …"""
    org = "property" if actor.role in ("dispatcher", "supervisor") else str(actor.org_id)
    unit = {"org": org, "name": "单位"}
    whistle = {"id": "W1", "type": "problem", "units": [unit], "ratings": []}
    by_other = {"review_due_at": T0 + timedelta(days=1), "review_due_reason": "复核",
                "refused_by": "clerk9"}  # fmt: skip
    given: dict[str, dict[str, Any]] = {
        "resolve": {"first_contact_at": T0 + timedelta(minutes=10)},
        "opinion": {"consults": [{"id": "C1", "units": [unit], "opinions": []}]},
        "report": {"whistles": [whistle]},
        "end_whistle": {"whistles": [whistle]},
        "rate_whistle": {"whistles": [{**whistle, "ended_at": T0.isoformat()}]},
        "feedback": {"assists": [{**unit, "task": "开门"}]},
        "answer_group": {"group": True},
        "reschedule": {
            **(by_other if ticket.state in REFUSED else {}),
            "group_due_at": T0 + timedelta(days=2), "group_due_reason": "群诉答复，2个工作日",
            "bad_ratings": [{
                "why": "score", "rework": False, "at": T0.isoformat(), "org": "water", "tries": [],
                "due_at": (T0 + timedelta(days=2)).isoformat(), "due_reason": "差评整改，15个工作日",
            }],
        },
        "remind": {
            "planned": [{"step": "时限用了50%", "at": T0.isoformat(), "tell": ["handler"], "say": "请抓紧"}]
        },
        "plan": {"planned": []},
        "ask_joined": {"conversation_id": None, "reporter": {"phone": "138****5678"}},
        "share_news": {"conversation_id": None, "reporter": {"phone": "138****5678"}},
        "callback": {
            "to_call": {"why": "expired", "since": T0.isoformat()}, "missed": ["due"],
        },
        "reveal": {"to_call": {"why": "expired", "since": T0.isoformat()}}
        if actor.role == "callback" else {},
        "tell": {"to_tell": NEWS},
        "mark_photo": {
            "evidence": ["photo-1"],
            **({"owner_org": "meal"} if actor.role == "dispatcher" else {}),
        },
        "check_proxy": {"subject": {"relation": "mother"}},
        "on_behalf": {
            "conversation_id": None, "review_due_at": None, "review_due_reason": None,
        },
        "relay": {
            "reporter": {"role": "self", "phone": "138****5678"}, "to_tell": NEWS,
            **({"to_call": {"why": "expired", "since": T0.isoformat()}}
               if actor.role == "callback" else {}),
        },
        "decide_objection": {"owner_org": "property"} if actor.role == "supervisor" else {},
        "answer_escalation": {
            "escalations": [{"org": ticket.owner_org, "text": "要协调", **DUE_LATER}]
        },
        "rectify": {"bad_ratings": [BAD]},
        "rectify_callback": {"bad_ratings": [RECTIFIED]},
        "answer_supervision": {"supervisions": [{"level": "1", "text": "请抓紧"}]},
        "ask_exclusion": {"owner_org": ticket.owner_org or actor.org_id},
        "appeal_exclusion": {
            "owner_org": ticket.owner_org or actor.org_id,
            "exclusion_request": exclusion_request("refused", ticket.owner_org or actor.org_id),
        },
        "decide_exclusion": {"exclusion_request": exclusion_request("asked", "water")},
        "arrive": {"appointment": {"date": "2026-11-24", "time": "10:30"}},
        "clear_risk": {"risks": [MINOR]},
        "include": {"exclusion": {"reason": "merged"}},
        "release": {"hold": {"reason": "x"}},
        "review": {
            "review_due_at": None, "review_due_reason": None, "refused_by": "clerk9",
        } if actor.role == "resident" else by_other,
    }  # fmt: skip
    if action == "close":
        days = (T0 + timedelta(days=n) for n in (1, 2, 3))
        given["close"] = {
            "callbacks": [{"result": "no_answer", "at": d.isoformat()} for d in days],
            "case_of": "SQ-261124-00004-0" if actor.role == "auditor" else None,
        }
    return replace(ticket, **given.get(action, {}))


BAD = {"why": "score", "rework": False, "org": "water", "tries": [], **DUE_LATER}
RECTIFIED = {**BAD, "rectified_at": T0.isoformat(), "text": "换了", "by": "handler9"}
"""A bad rating that is to be put right, and one that has been."""
MINOR = {"risk": "minor", "name": "涉及未成年人", "seen_by": ["grid"], "reason": "x",
         "by": "clerk9", "at": T0.isoformat()}  # fmt: skip
"""A risk as a ticket keeps it."""


def exclusion_request(state: str, org: str | None) -> dict[str, Any]:
    """A unit's wish to be left out of scoring, as far as it has come."""
    asked = {**GOOD_PAYLOADS["ask_exclusion"], "org": org, "by": "somebody", "at": T0.isoformat()}
    return {**asked, "state": state, "decisions": []}


def parent(leaf: str = "H1") -> Ticket:
    """An open ticket about the same matter, to merge into."""
    t = submitted(leaf)[0]
    t = must(t, "accept", "clerk", T0 + timedelta(minutes=1))
    return replace(t, ticket_no="SQ-261124-00002-0")
