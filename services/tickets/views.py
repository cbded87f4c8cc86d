"""What each role sees of a ticket. Pure; masked by default, more only by a rule written here.

The rules follow 《个人信息保护法》第六条 (no more than the purpose needs) and 《济南市12345…条例》第十六条
(who reported is not told to who is reported).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from services.people.masking import mask_all, mask_room
from services.people.model import ROLE_NAMES
from services.tickets.core import photos, platforms, risks
from services.tickets.core.actor import Actor
from services.tickets.core.clocks import local_text
from services.tickets.core.context import belongs, reads, same_unit
from services.tickets.core.doors import door_text
from services.tickets.core.event import Event
from services.tickets.core.kinds import Kind
from services.tickets.core.neighbours import households
from services.tickets.core.states import REFUSED, State
from services.tickets.core.ticket import Ticket
from services.tickets.core.workflow import ACTIONS
from services.words import piece

View = dict[str, Any]

# Who does the work, or heads the unit that does it, never learns what the resident thought of it,
# so that nobody holds it against them (《北京市接诉即办工作条例》第八条: no retaliation).
DOERS = frozenset({"grid", "handler", "vendor", "mediator", "clerk"})
NO_CONTENT = frozenset({"admin", "trainer"})
HIDDEN_FROM_JUDGED = ("rating", "pressured", "persuaded")
HIDDEN_FLAGS = frozenset({"rating_pressure", "persuaded"})
NOTE_OVERSEERS = frozenset({"supervisor", "auditor"})
"""Who reads restricted notes beside those of the writer's own desk."""
RATING_FACTS = frozenset({"rating", "score", "text", "pressured"})
RATING_EVENTS = frozenset({
    "callback_solved", "callback_unsolved", "callback_missed", "joined_answered",
    "called_at_expiry",
})  # fmt: skip

# A vendor brings a meal or mends a lift: what, where and when, never who asked.
VENDOR_FIELDS = (
    "ticket_no", "version", "kind", "leaf", "state", "state_label", "priority", "title",
    "location", "appointment", "owner_org", "owner_org_name", "owner_person",
    "owner_person_name", "duty", "created_at", "dispatched_at", "sign_due_at", "sign_due_reason",
    "due_at", "due_reason", "due_grace", "platform_due_at", "platform_due_reason", "arrival", "rework_round", "outcome", "reply", "attachments", "evidence", "flags", "resolved_at",
)  # fmt: skip
VENDOR_EVENTS = frozenset({
    "dispatched", "signed", "objected", "objection_decided", "extended", "extension_requested",
    "suspended", "resumed", "resolved", "reworked", "callback_unsolved", "withdrawn", "supervised", "redispatched",
    "supervision_answered", "escalated", "escalation_answered", "found_false", "termination_requested", "termination_refused", "terminated", "arrived", "whistled", "whistle_reported", "assist_answered", "rectified",
})  # fmt: skip
# System administrators run the system; the content of a request is none of their business.
ADMIN_FIELDS = (
    "ticket_no", "version", "kind", "leaf", "state", "state_label", "priority", "channel",
    "owner_org", "owner_org_name", "duty", "created_at", "accept_due_at", "sign_due_at",
    "contact_due_at", "due_at", "due_reason", "due_grace", "rework_round", "flags",
)  # fmt: skip

# Of a restricted case, who does not work on it sees that it is there and how it runs.
RESTRICTED_FIELDS = tuple(f for f in (*ADMIN_FIELDS, "due_text") if f not in ("kind", "leaf"))
RESTRICTED: View = {"title": "限阅事项", "kind": None, "leaf": None}
# Words of residents: what they gave away of themselves in them is masked until it is revealed.
_SAID = ("title", "narrative_original", "gist", "supplements", "amendments", "urges", "callbacks", "rework_reason",
         "joined", "occurred", "occurred_text", "spot", "appointment", "certificate", "subject",
         "rating")  # fmt: skip

_INTERNAL = ("query_code", "nlu", "handlers", "back_to", "conversation_id", "resident_id",
             "household")  # fmt: skip
# Of who joined, what tells one from another: for counting, for nobody to read.
_WHO = frozenset({"household", "who"})
# Lists as they stand after an event: the ticket shows them; the timeline says what was new.
_SNAPSHOTS = frozenset(
    {
        "risks",
        "seen_by",
        "exclusion_request",
        "planned",
        "missed",
        "to_tell",
        "public_photos",
        "whistles",
        "assists",
        "consults",
        "reviews",
        "supervisions",
        "escalations",
        "audits",
        "bad_ratings",
    }
)
_NEUTRAL = piece("neutral_title")
# Not in a line of a list: without the contact data names in it would not be found; and it is for the
# ticket's own page.
_LONG = frozenset(
    {"narrative_original", "gist", "supplements", "amendments", "urges", "rework_reason", "contacts", "callbacks", "objections",
     "extensions", "escalations", "supervisions", "pauses", "whistles", "joined", "consults", "reviews",
     "audits", "bad_ratings", "planned", "reminders", "duty_calls", "reason", "to_tell", "exclusion_request", "risks", "occurred", "occurred_text", "appointment", "certificate",
     "rating"}
)  # fmt: skip
_LISTED = ("role", "name", "phone")
"""Of the reporter: how to be reached is told in words as well."""

EVENT_TEXTS: dict[str, str] = {
    "submitted": "提交诉求",
    "handed_off": "已转紧急或法定渠道",
    "accepted": "受理",
    "info_requested": "请居民补充信息",
    "info_part_given": "居民补了一部分",
    "info_lapsed": "等候期满，转人工受理",
    "protected": "定保密级别",
    "not_accepted": "不予受理",
    "review_requested": "居民请求复核",
    "review_upheld": "复核：维持",
    "review_corrected": "复核：改正，接着办",
    "merged": "并单",
    "joined": "邻居也反映了，并入本单",
    "parted": "先反映的邻居撤回了，接着单办",
    "group_demand": "列为群诉",
    "group_answered": "答复群诉",
    "consulted": "派单前会商",
    "opinion_given": "会商意见",
    "dispatched": "派单",
    "redispatched": "改派",
    "dispatch_proposed": "建议派给",
    "assigned": "单位内派人",
    "signed": "签收",
    "objected": "提出派单异议",
    "objection_decided": "裁定派单异议",
    "contacted": "联系居民",
    "whistled": "吹哨",
    "whistle_reported": "报到",
    "whistle_ended": "吹哨结束",
    "whistle_rated": "吹哨互评",
    "assisted": "请求协办",
    "assist_answered": "协办反馈",
    "extension_requested": "申请延期",
    "extended": "批准延期",
    "extension_refused": "不同意延期",
    "suspension_requested": "申请挂账",
    "suspended": "挂账",
    "suspension_renewed": "挂账复核：还办不了，再定复核日",
    "suspension_refused": "不同意挂账",
    "resumed": "恢复办理",
    "resolved": "办结",
    "callback_solved": "回访：已解决",
    "callback_unsolved": "回访：未解决，退回重办",
    "callback_missed": "回访：未接通",
    "joined_answered": "回访：并单居民的答复",
    "joined_asked": "请回访一起反映的居民",
    "called_at_expiry": "到期回访",
    "reworked": "退回重办",
    "audited": "审计抽查：属实",
    "found_false": "审计抽查：虚假办结，退回重办",
    "closed": "归档",
    "escalated": "报请上级",
    "escalation_answered": "街道答复提级",
    "supervised": "督办",
    "supervision_answered": "督办反馈",
    "excluded": "剔除考评",
    "included": "撤销剔除",
    "exclusion_requested": "申请剔除考评",
    "exclusion_appealed": "剔除申请没同意，申请复议",
    "exclusion_granted": "同意剔除考评",
    "exclusion_refused": "不同意剔除考评",
    "risk_flagged": "标了风险提示",
    "risk_cleared": "撤了风险提示",
    "held": "冻结",
    "released": "解除冻结",
    "termination_requested": "申请终止办理",
    "termination_refused": "不同意终止，接着办",
    "terminated": "终止办理",
    "withdrawn": "居民撤诉",
    "noted": "备注",
    "revealed": "查看联系方式",
    "relayed": "总机转接，没看号码",
    "told": "打电话告诉居民",
    "neighbour_rated": "一起反映的居民不满意，要核实整改",
    "news_shared": "一起反映的事有消息，要打电话告诉",
    "proxy_checked": "核对代办",
    "photo_marked": "照片可否公开",
    "urged": "居民催办",
    "supplemented": "居民补充",
    "amended": "居民更正",
    "secrecy_asked": "居民要求保密",
    "secrecy_lifted": "居民说可以公开是谁反映的",
    "rated": "居民评价",
    "rectified": "差评整改",
    "rectified_called": "差评整改后回访",
    "deadline_missed": "超过时限",
    "reminded": "时限提醒",
    "reminders_planned": "补排时限提醒",
    "taken_up": "有人接手了",
    "arrived": "到了",
    "platform_due_set": "上级平台要求的时限",
    "duty_called": "呼叫值班领导",
    "deadline_moved": "工作日历调整，时限变动",
}
STAGE_TEXTS = {
    "sign": "签收超时",
    "contact": "首次联系超时",
    "due": "办理时限已到",
    "platform": "上级要求的时限已到",
    "accept": "受理超时",
    "dispatch": "派单超时",
    "decide": "异议裁定超时",
    "second_look": "复核超时",
    "notice": "一次告知的期限过了，自收到之日起算受理",
    "group": "群诉答复超时",
    "consult": "会商意见超时",
    "assist": "协办反馈超时",
    "whistle": "吹哨报到超时",
    "supervise": "督办反馈超时",
    "escalate": "提级答复超时",
    "rectify": "差评整改超时",
}


@dataclass(frozen=True)
class Clear:
    """Contact data in the clear, as far as it is known. Lives only as long as one answer."""

    name: str | None = None
    phone: str | None = None
    room: str | None = None
    address_text: str | None = None
    subject_name: str | None = None
    public: frozenset[str] = frozenset()
    """Digits of the numbers that the locality published: they stay where somebody said them."""

    def __repr__(self) -> str:
        return "Clear(…)"


def staff_view(ticket: Ticket, actor: Actor, clear: Clear | None = None) -> View:
    """Return what a member of staff sees.

    Args:
        clear: Contact data; used for the room of whoever has to go there, and to find the names in
            what was said; otherwise masked.
    """
    return _view(ticket, actor, clear, frozenset())


def _view(ticket: Ticket, actor: Actor, clear: Clear | None, unread: frozenset[str]) -> View:
    """As :func:`staff_view`; what is ``unread`` is not masked: who calls leaves it out."""
    view = ticket.to_doc()
    clear = clear or Clear()
    names, public = (clear.name, clear.subject_name), clear.public
    if actor.kind != "system":
        said = [name for name in _said(ticket) if name not in unread]
        view |= {name: _of_nobody(mask_all(view[name], names, public), ticket) for name in said}
    for name in _INTERNAL:
        view.pop(name)
    view["display_no"] = ticket.display_no
    view["state_label"] = ticket.state.label
    view["kind_label"] = ticket.kind.label if ticket.kind else None
    view["flags"] = ticket.flags
    view["households"] = households(ticket)
    view["joined"] = [{k: v for k, v in j.items() if k not in _WHO} for j in view["joined"]]
    view["due_text"] = due_text(ticket)
    view["location"] = location_view(ticket, actor, clear)
    view["reporter"] = mask_all(reporter_view(ticket, actor), names, public)
    if judged(ticket, actor):
        for name in HIDDEN_FROM_JUDGED:
            view.pop(name)
        view |= dict.fromkeys(_telling(ticket))
        view["flags"] = [flag for flag in ticket.flags if flag not in HIDDEN_FLAGS]
        view["callbacks"] = [_of_judged(c) for c in view["callbacks"]]
        view["bad_ratings"] = [
            {k: v for k, v in e.items() if k != "of"} for e in view["bad_ratings"]
        ]
    view["risks"] = risks.seen(ticket, actor)
    if not view["risks"]:
        view["flags"] = [flag for flag in view["flags"] if flag != "risk"]
    if not reads(ticket, actor):
        return {k: view[k] for k in RESTRICTED_FIELDS} | RESTRICTED
    if actor.role in NO_CONTENT:
        return {k: view[k] for k in ADMIN_FIELDS}
    view |= photos.seen(ticket, actor)
    if actor.role == "vendor":
        return {k: view[k] for k in VENDOR_FIELDS}
    return view


def judged(ticket: Ticket, actor: Actor) -> bool:
    """Say whether what the resident thinks of the work is about the actor or the actor's unit.

    Of a merged ticket the other one's unit is meant, which is not known here: no head sees it. To who
    only runs the system it is content.
    """
    if actor.role in DOERS | NO_CONTENT:
        return True
    units = {actor.org_id} if actor.org_id else set()
    own = ticket.state is State.MERGED or same_unit(ticket.owner_org, units)
    return actor.role == "supervisor" and own


def _said(ticket: Ticket) -> tuple[str, ...]:
    """Return the fields that hold the resident's own words, also why it was taken back."""
    given = ticket.state in (State.WITHDRAWN, State.HANDED_OFF)
    return (*_SAID, "reason") if given else _SAID


def _telling(ticket: Ticket) -> list[str]:
    """Return the fields whose words say that the resident was pressed, and by whom."""
    pressed = [c.get("rework_reason") for c in ticket.callbacks if c.get("pressured")]
    told = {"reason": ticket.persuaded, "rework_reason": ticket.rework_reason in pressed}
    return [name for name, on in told.items() if on and getattr(ticket, name) is not None]


def _of_judged(data: Mapping[str, Any]) -> View:
    """Return what an answer of the resident leaves for who is judged by it."""
    hidden = {"persuaded", "by", *RATING_FACTS}
    if data.get("pressured"):
        hidden.add("rework_reason")
    if data.get("persuaded"):
        hidden.add("reason")
    return {k: v for k, v in data.items() if k not in hidden}


def _of_nobody(said: Any, ticket: Ticket) -> Any:
    """Return what was said without the id of the resident who said it; staff keep theirs."""
    if not isinstance(said, list):
        return said
    residents = {
        ticket.conversation_id,
        ticket.resident_id,
        ticket.ticket_no,
        *(j.get("who") for j in ticket.joined),
    }
    return [
        {**one, "by": "resident"} if isinstance(one, dict) and one.get("by") in residents else one
        for one in said
    ]


def location_view(ticket: Ticket, actor: Actor, clear: Clear | None) -> View:
    """Return the place; the room only for the unit that must go there."""
    place = ticket.place
    room = clear.room if clear else None
    # Who complains or reports somebody lives there; what is to be done is elsewhere.
    told_on = ticket.kind in (Kind.COMPLAINT, Kind.REPORT)
    goes_there = actor.role in ("handler", "vendor") and belongs(ticket, actor) and not told_on
    shown = room if goes_there and not ticket.confidential else mask_room(room)
    view = {
        **place.to_dict(),
        "room": shown,
        "text": place.public_text or place.text or ticket.spot or "",
    }
    if goes_there and shown:
        view["text"] += door_text(shown)
    return view


def reporter_view(ticket: Ticket, actor: Actor) -> View | None:
    """Return the reporter masked; of a confidential ticket only intake and callback see a trace."""
    if actor.role in ("vendor", *NO_CONTENT):
        return None
    reporter = dict(ticket.reporter)
    if ticket.confidential and actor.role in ("grid", "handler", "mediator"):
        return {"role": reporter.get("role"), "name": None, "phone": None, "contact_pref": None}
    return {"name": None, "phone": None, "contact_pref": None} | reporter


def revealed_view(ticket: Ticket, actor: Actor, clear: Clear) -> View:
    """Return the staff view with the contact data that was asked for with a reason."""
    view = staff_view(ticket, actor, clear)
    reporter = reporter_view(ticket, actor)
    view["reporter"] = {**(reporter or {}), "name": clear.name, "phone": clear.phone}
    if not reads(ticket, actor):
        return view  # who calls back needs the number and nothing else
    said = ticket.to_doc()
    kept = {"callbacks", *(_telling(ticket) if judged(ticket, actor) else ())}
    view |= {name: said[name] for name in _said(ticket) if name in view and name not in kept}
    view["subject"] = {**ticket.subject, "name": clear.subject_name}
    view["location"]["room"] = clear.room
    if clear.room:
        view["location"]["text"] = f"{ticket.place.public_text}{door_text(clear.room)}"
    view["location"]["address_text"] = clear.address_text
    return view


def resident_view(ticket: Ticket, clear: Clear | None = None) -> View:
    """Return what the resident sees of an own ticket."""
    owner = owner_text(ticket)
    due_at, due_reason = platforms.promised(ticket)
    return {
        "ticket_no": ticket.ticket_no,
        "display_no": ticket.display_no,
        "query_code": ticket.query_code,
        "version": ticket.version,
        "kind": ticket.kind.value if ticket.kind else None,
        "leaf": ticket.leaf,
        "state": ticket.state.value,
        "state_text": state_text(ticket),
        "state_elder": state_text(ticket, elder=True),
        "priority": ticket.priority.value,
        # Children, violence, mental crisis: nothing that somebody looking on could read.
        "title": _NEUTRAL if ticket.restricted else ticket.title,
        "due_at": _iso(due_at),
        "due_text": due_text(ticket),
        "due_reason": due_reason,
        "owner": {
            "org": ticket.owner_org_name,
            "person": ticket.owner_person_name,
            "text": owner,
            "power": ticket.power,
        }
        if ticket.owner_org
        else None,
        "location_text": ticket.place.public_text or ticket.spot or "",
        "appointment": ticket.appointment,
        "relation": ticket.subject.get("relation"),
        "certificate": ticket.certificate,
        "incomplete": ticket.incomplete,
        "need_items": ticket.need_items,
        "place": _place_parts(ticket),
        "confidential": ticket.confidential,
        "amended": ticket.amendments[-1]["before"].get("appointment")
        if ticket.amendments
        else None,
        "phone": ticket.reporter.get("phone"),  # masked, so that a correction can be read back
        "reply": ticket.reply,
        "explanation": ticket.explanation,
        "redirect": ticket.redirect,
        "disposition": ticket.disposition,
        "earlier": ticket.duplicate_of,
        "review": review_view(ticket),
        "group_answer": ticket.group_answer["text"] if ticket.group_answer else None,
        "rework_round": ticket.rework_round,
        "rating": ticket.rating,
        "households": households(ticket),
        "group": ticket.group,
        "created_at": _iso(ticket.created_at),
        "closed_at": _iso(ticket.closed_at),
        "closed_by": ticket.closed_by,
    }


def _rectifying(ticket: Ticket, elder: bool) -> str:
    """Return the sentence about a bad rating that is not sent back: what comes of it, and by when."""
    if ticket.state not in (State.RESOLVED, State.CLOSED) or not ticket.bad_ratings:
        return ""
    entry = ticket.bad_ratings[-1]
    if "called_at" in entry:
        return ""
    if "rectified_at" in entry:
        return piece("rectified", elder, text=entry["text"].rstrip("。"))
    return piece("rectifying", elder, day=_in_words(datetime.fromisoformat(entry["due_at"])))


def _in_words(day: date) -> str:
    return f"{day.month}月{day.day}日"


def state_text(ticket: Ticket, elder: bool = False) -> str:
    """Return how a ticket stands, as its resident reads it; ``elder``: in the words of large letters.

    Who booked something or needs a paper is waited for with it.
    """
    waits = ticket.state is State.NEED_INFO and (ticket.appointment or ticket.certificate)
    facts = {
        "owner": owner_text(ticket) or piece("owner_open", elder),
        "need": "、".join(ticket.need_items) or piece("see_note", elder),
        "reason": ticket.reason or piece("see_reason", elder),
        "review": piece("review_on", elder, day=_in_words(ticket.review_at))
        if ticket.review_at
        else "",
        "merged_into": ticket.merged_into or piece("other_ticket", elder),
        "round": ticket.rework_round,
    }
    name = "materials" if waits else ticket.state.value
    return f"{piece(f'state.{name}', elder, **facts)}{_rectifying(ticket, elder)}"


def tells_nothing(view: Mapping[str, Any]) -> bool:
    """Whether a resident's view is of a restricted case, whose matter no message may show."""
    return bool(view["title"] == _NEUTRAL)


def review_view(ticket: Ticket) -> View | None:
    """Return how the second look at a refusal stands, ``None`` when nothing was refused."""
    if ticket.state not in REFUSED:
        return None
    looked = ticket.reviews[-1] if ticket.reviews else None
    return {
        "pending": ticket.review_due_at is not None,
        "due_text": local_text(ticket.review_due_at) if ticket.review_due_at else None,
        "explanation": looked["explanation"] if looked else None,
        "can_ask": ticket.review_due_at is None
        and not any(r.get("asked_by") == "resident" for r in ticket.reviews),
    }


def joined_view(ticket: Ticket, parent: Ticket) -> View:
    """Return what a resident sees of a ticket that goes on in a neighbour's.

    When, by whom and how it stands is the neighbour's ticket's (its state as ``goes_on``); what was
    answered to the neighbour in person is not shown.
    """
    there = resident_view(parent)
    shared = {
        k: there[k]
        for k in ("due_at", "due_text", "due_reason", "owner", "households", "group", "review")
    }
    if ticket.due_at and parent.due_at and ticket.due_at < parent.due_at:
        # Of several dates the earliest is what was promised to this resident.
        mine = resident_view(ticket)
        shared |= {k: mine[k] for k in ("due_at", "due_text", "due_reason")}
    for form, elder in (("state_text", False), ("state_elder", True)):
        shared[form] = piece("with_neighbours", elder, state=there[form])
    view = resident_view(ticket) | shared | {"goes_on": there["state"]}
    # Protected after they had joined: what the neighbour's is about is not named to them either.
    return unnamed(view) if parent.confidential or parent.restricted else view


def unnamed(view: View) -> View:
    """Return a resident's view in which neutral words stand for what the matter is about.

    Who has the power over such a matter tells which it is, too.
    """
    owner = view["owner"] and {**view["owner"], "power": ""}
    return view | {"title": _NEUTRAL, "owner": owner}


def _place_parts(ticket: Ticket) -> View:
    """Return the parts of the place that the resident named, as in a normalised address."""
    place = ticket.place
    parts = {"community": place.compound, "building": place.building, "unit": place.unit}
    return {name: part for name, part in parts.items() if part}


def owner_text(ticket: Ticket) -> str:
    """Return unit and person in words: 清河社区网格 王秀英."""
    return " ".join(n for n in (ticket.owner_org_name, ticket.owner_person_name) if n)


def due_text(ticket: Ticket) -> str | None:
    """Return the resident's deadline in words, ``None`` while there is none."""
    at, _ = platforms.promised(ticket)
    return local_text(at) if at else None


def events_view(
    ticket: Ticket,
    events: Iterable[Event],
    actor: Actor,
    names: Mapping[str, str],
    clear: Clear | None = None,
) -> list[View]:
    """Return the timeline as far as the actor may see it.

    Args:
        names: Staff id → name.
        clear: Contact data, to find the resident's name in what the resident said.
    """
    clear = clear or Clear()
    said = (clear.name, clear.subject_name)
    about_own = judged(ticket, actor)
    shown = _Shown(actor, names, reads(ticket, actor), about_own, said, clear.public)
    return [
        _event(e, shown)
        for e in events
        if _sees(e, actor, about_own)
        and (e.type not in risks.EVENTS or risks.may_see(e.data["seen_by"], ticket, actor))
    ]


@dataclass(frozen=True)
class _Shown:
    """To whom a timeline is shown: whether its content, whether it is about the own work."""

    actor: Actor
    names: Mapping[str, str]
    content: bool
    judged: bool
    said: tuple[str | None, ...]
    public: frozenset[str]


def _sees(event: Event, actor: Actor, about_own: bool) -> bool:
    if actor.role == "vendor":
        return event.type in VENDOR_EVENTS
    if event.type == "noted" and event.data.get("restricted") and not _reads_note(event, actor):
        return False
    return not (about_own and event.type == "rated")


def _reads_note(event: Event, actor: Actor) -> bool:
    """Say whether a restricted note is for the actor: who wrote it, the same desk, who supervises or audits."""
    if actor.kind == "system" or actor.role in NOTE_OVERSEERS:
        return True
    wrote = event.actor
    return (actor.role, actor.org_id) == (wrote.role, wrote.org_id)


def _event(event: Event, shown: _Shown) -> View:
    actor = shown.actor
    data = {k: v for k, v in event.data.items() if k not in {*_INTERNAL, *_WHO, *_SNAPSHOTS}}
    # What a neighbour said who joined is noted by the rules, an answer by who called.
    by_resident = event.actor.kind == "resident" or event.type in {"joined", *RATING_EVENTS}
    if actor.kind != "system" and by_resident:
        data = mask_all(data, shown.said, shown.public)
    if shown.judged and event.type in {"withdrawn", *RATING_EVENTS}:
        data = _of_judged(data)
    if shown.judged and event.type == "neighbour_rated":
        data = {}
    if actor.role == "vendor":
        data = {k: v for k, v in data.items() if k in ("days", "due_at", "due_reason", "outcome")}
    if actor.role in NO_CONTENT or not shown.content:
        data = {}
    if event.type == "submitted":
        # What was said stands in the ticket; here it would bypass the masks of its view.
        data = {k: v for k, v in data.items() if k in ("channel", "priority", "priority_reason")}
    text = EVENT_TEXTS[event.type]
    if event.type == "deadline_missed":
        text = STAGE_TEXTS.get(str(event.data.get("stage")), text)
        if owed := event.data.get("owed"):
            text = f"{owed}超时"
    return {
        "seq": event.seq,
        "version": event.seq,
        "type": event.type,
        "action": event.action,
        "label_zh": ACTIONS[event.action],
        "text": text,
        "at": event.at.isoformat(),
        "actor": _actor(event, shown.names),
        "from_state": event.from_state.value,
        "to_state": event.to_state.value,
        "data": data,
    }


def _actor(event: Event, names: Mapping[str, str]) -> View:
    """Who did it: staff by name and role; a resident is only “居民”, never an id, with who wrote it."""
    actor = event.actor
    if actor.kind == "staff":
        name = names.get(actor.id, actor.id)
        role = ROLE_NAMES.get(actor.role, "")
        return {"kind": "staff", "id": actor.id, "role": actor.role, "name": f"{name}（{role}）"}
    name = "居民" if actor.kind == "resident" else "系统"
    if written := event.data.get("on_behalf"):
        role = ROLE_NAMES.get(written["role"], "")
        name = f"居民（{role}{names.get(written['by'], written['by'])}代记）"
    return {"kind": actor.kind, "id": None, "role": actor.role, "name": name}


def list_view(ticket: Ticket, actor: Actor, public: frozenset[str] = frozenset()) -> View:
    """Return one line of a list: the staff view without long parts; ``public`` as in :class:`Clear`."""
    view = _view(ticket, actor, Clear(public=public), _LONG)
    if reporter := view.get("reporter"):
        view["reporter"] = {k: v for k, v in reporter.items() if k in _LISTED}
    return {k: v for k, v in view.items() if k not in _LONG}


def _iso(value: datetime | None) -> str | None:
    return value.isoformat() if value else None
