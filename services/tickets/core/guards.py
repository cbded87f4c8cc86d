"""Guards: conditions on a transition that its line in the table names.

Each takes the ticket, the command and the facts around it, and returns ``None`` or a refusal that
a person can act on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from services.tickets.core.actor import Actor
from services.tickets.core.calendar import WorkCalendar
from services.tickets.core.commands import Command
from services.tickets.core.dispatch import Directory
from services.tickets.core.leaves import Leaf, Urgency
from services.tickets.core.location import Location
from services.tickets.core.neighbours import Neighbours
from services.tickets.core.sla import Profile, SLAClass
from services.tickets.core.states import State
from services.tickets.core.ticket import Ticket

# Roles that act only on tickets of their own unit; reviewers act on all in their area.
OWN_UNIT_ROLES = frozenset({"grid", "handler", "vendor", "mediator", "clerk"})


@dataclass(frozen=True)
class Refusal:
    """Why not: machine-readable code, one Chinese sentence, facts by field."""

    code: str
    message: str
    fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Unit:
    """A unit a ticket can go to, as far as rules care."""

    id: str
    name: str
    kind: str


@dataclass(frozen=True)
class Person:
    """A member of staff a ticket can be given to."""

    id: str
    name: str
    org_id: str


@dataclass(frozen=True)
class Context:
    """What a decision may look at besides ticket and command. Loaded before; guards are pure."""

    calendar: WorkCalendar
    profile: Profile
    leaves: Mapping[str, Leaf]
    directory: Directory
    units: Mapping[str, Unit]
    urgency: Urgency
    neighbours: Neighbours = field(default_factory=Neighbours)
    person: Person | None = None
    parent: Ticket | None = None
    place: Location | None = None

    def leaf(self, ticket: Ticket) -> Leaf | None:
        """The leaf of a ticket."""
        return self.leaves.get(ticket.leaf or "")

    def sla(self, ticket: Ticket) -> SLAClass:
        """The limits of a ticket."""
        return self.profile.class_for(ticket.kind, ticket.priority, ticket.leaf)


Guard = Callable[[Ticket, Command, Context], Refusal | None]


def belongs(ticket: Ticket, actor: Actor) -> bool:
    """Say whether a ticket is given to the actor's unit (as lead) or the actor in person."""
    if ticket.owner_person and ticket.owner_person == actor.id:
        return True
    if ticket.owner_org == "grid":
        return actor.role == "grid" and ticket.place.grid_id in actor.grid_ids
    if ticket.owner_org == "community":
        same = actor.community_id is None or ticket.place.community_id == actor.community_id
        return actor.role in ("clerk", "mediator") and same
    return actor.org_id is not None and ticket.owner_org == actor.org_id


def reads(ticket: Ticket, actor: Actor) -> bool:
    """Say whether the actor may read what a ticket is about.

    Of a restricted one (children, violence, mental crisis) only the unit and person it is given
    to, the intake desk of its community and the dispatcher (《个人信息保护法》第二十八条).
    """
    if not ticket.restricted or actor.kind in ("system", "resident"):
        return True
    if actor.role in ("clerk", "supervisor"):
        return (
            actor.community_id in (None, ticket.place.community_id) or not ticket.place.community_id
        )
    return actor.role == "dispatcher" or belongs(ticket, actor)


def may_read(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """Contact data of a restricted ticket is for who reads it, and for who calls back."""
    if command.actor.role == "callback" or reads(ticket, command.actor):
        return None
    return Refusal("restricted", "这件工单限阅，请找承办单位或社区前台。")


def is_owner(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """Who works on a ticket is the unit it was given to; reviewers are not bound by this."""
    actor = command.actor
    if actor.role not in OWN_UNIT_ROLES or belongs(ticket, actor):
        return None
    owner = ticket.owner_org_name or "别的单位"
    return Refusal("not_owner", f"这件工单由{owner}承办，请由承办人操作。")


def not_handler(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """Separation of duties: who handled a ticket neither calls back nor closes nor ends it."""
    if command.actor.kind == "staff" and command.actor.id in ticket.handlers:
        return Refusal("own_work", "承办人不能自己回访、归档或终止，请由其他人操作。")
    return None


def leaf_known(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """Accepting means knowing what it is about."""
    leaf = command.payload.get("leaf") or ticket.leaf
    if leaf is None:
        return Refusal("leaf_missing", "请先选定事项，再受理。", {"leaf": "请选择事项。"})
    if leaf not in context.leaves:
        return Refusal("leaf_unknown", f"没有编号为{leaf}的事项。", {"leaf": "没有这个事项。"})
    return None


def info_wait_over(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """Without the resident's answer the system accepts only when the waiting time is over."""
    early = ticket.info_due_at is not None and command.at < ticket.info_due_at
    if ticket.state is State.NEED_INFO and command.actor.kind == "system" and early:
        return Refusal("info_wait_running", "还在等居民补充信息。")
    return None


def one_notice(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """一次告知 (《行政许可法》第三十二条): what is missing is said once and completely."""
    if ticket.info_rounds >= 1:
        return Refusal("already_asked", "已经请居民补充过一次，不能再退；请按现有信息受理。")
    return None


def same_matter(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """Only an open ticket about the same matter at the same place takes another one in."""
    parent = context.parent
    if parent is None:
        return Refusal("parent_not_found", "没有找到要并入的工单。", {"into": "没有这个工单。"})
    if parent.ticket_no == ticket.ticket_no:
        return Refusal("merge_into_itself", "不能并入自己。", {"into": "不能并入自己。"})
    if not parent.is_open:
        return Refusal("parent_closed", "要并入的工单已经结束。", {"into": "工单已经结束。"})
    here, there = ticket.place, parent.place
    same_place = (
        here.building_id == there.building_id
        if here.building_id and there.building_id
        else here.compound_id == there.compound_id
    )
    if ticket.leaf != parent.leaf or not same_place:
        return Refusal("not_same_matter", "两件工单的事项或地点不同，不能并单。")
    return None


def org_known(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """The unit exists, and for a grid or clerk desk the place says which one."""
    org = command.payload.get("org")
    if org is None:
        return None
    if org not in context.units:
        return Refusal("org_unknown", "派单目录里没有这个单位。", {"org": "没有这个单位。"})
    if context.units[org].kind == "street":
        return Refusal(
            "street_dispatches", "街道负责调度，请选择承办单位。", {"org": "请换一个单位。"}
        )
    if org == "grid" and not ticket.place.grid_id:
        return Refusal("grid_unknown", "还不知道在哪个网格，请先补充地点。", {"org": "缺少网格。"})
    if org == "community" and not ticket.place.community_id:
        return Refusal(
            "community_unknown", "还不知道是哪个社区，请先补充地点。", {"org": "缺少社区。"}
        )
    return _person_fits(command, context)


def _person_fits(command: Command, context: Context) -> Refusal | None:
    wanted = command.payload.get("person")
    if wanted and context.person is None:
        return Refusal("person_unknown", "没有这位工作人员。", {"person": "没有这个人。"})
    if context.person and context.person.org_id != command.payload.get("org"):
        return Refusal(
            "person_not_in_org", "这位工作人员不属于主办单位。", {"person": "不属于该单位。"}
        )
    return None


def orgs_known(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """All named units exist."""
    unknown = [o for o in command.payload.get("orgs") or () if o not in context.units]
    if unknown:
        return Refusal("org_unknown", f"没有这些单位：{'、'.join(unknown)}。", {"orgs": unknown})
    return None


def not_over_assigned(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """A residents' committee assists; it is not made to lead what departments must do."""
    org = context.units.get(str(command.payload.get("org")))
    duty = command.payload.get("duty") or "主责"
    if org and context.directory.over_assigned(ticket.leaf, org.kind, duty):
        return Refusal(
            "over_assignment",
            "这件事不在社区任务清单内，不能让社区或网格主责；可以派给有关部门，社区协助。",
            {"basis": context.directory.community_basis},
        )
    return None


def not_recused(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """Who is complained of does not handle the complaint (济南 art. 32), as lead or as assistant."""
    payload = command.payload
    named = [payload.get("org"), *(payload.get("assists") or ()), *(payload.get("orgs") or ())]
    if any(org in ticket.recused for org in named):
        return Refusal(
            "recused",
            "这件事反映的就是这个单位的人，要回避，请派给别的单位。",
            {"basis": context.directory.recusal_basis},
        )
    return None


def not_designated(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """A unit named after a dispute cannot send the order back (《潍坊市12345…条例》第二十二条)."""
    if ticket.designated:
        return Refusal("designated", "本单已经裁定由贵单位承办，不能再退单。")
    return None


def objects_once(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """A unit objects once to a ticket."""
    if any(o.get("org") == ticket.owner_org for o in ticket.objections):
        return Refusal("already_objected", "贵单位已经提出过一次异议，不能再退单。")
    return None


def objects_in_time(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """Objections come early: 2 hours for urgent tickets, a working day for others."""
    limit = context.sla(ticket).object
    if limit is None or ticket.dispatched_at is None:
        return None
    if command.at > limit.after(ticket.dispatched_at, context.calendar):
        return Refusal("objection_too_late", f"退单应在派单后{limit.text}内提出，现在已经超过。")
    return None


def not_objector(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """Nobody decides on an objection of their own."""
    if ticket.objections and ticket.objections[-1].get("by") == command.actor.id:
        return Refusal("own_objection", "不能裁定自己提出的异议。")
    return None


def upheld_names_org(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """An upheld objection names another unit."""
    if command.payload.get("decision") != "uphold":
        return None
    org = command.payload.get("org")
    if not org:
        return Refusal("org_missing", "异议成立时请选择改派单位。", {"org": "请选择单位。"})
    if org == ticket.owner_org:
        return Refusal("same_org", "异议成立时要改派给别的单位。", {"org": "请换一个单位。"})
    return None


def before_expiry(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """More time is asked for before the time is up, not after."""
    asked = ticket.extension_request
    at = datetime.fromisoformat(asked["at"]) if asked else command.at
    if ticket.due_at is None:
        return Refusal("no_deadline", "这件工单没有办理时限，不用延期。")
    if at >= ticket.due_at:
        return Refusal("too_late", "已经到期，不能再申请延期；请向居民说明情况。")
    return None


def extensions_left(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """So many extensions and no more."""
    allowed = context.sla(ticket).extensions
    if len(ticket.extensions) >= allowed:
        return Refusal("no_extension_left", f"这类工单最多延期{allowed}次，已经用完。")
    return None


def days_within_limit(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """An extension is at least a day and at most the class's length."""
    days = extension_days(ticket, command)
    limit = context.sla(ticket).extension
    most = int(limit.amount) if limit else 0
    if not 1 <= days <= most:
        return Refusal("extension_length", f"每次延期为1至{most}天。", {"days": f"请填1至{most}。"})
    return None


def extension_days(ticket: Ticket, command: Command) -> int:
    """Days given in the command, else those that were asked for; 0 when neither."""
    asked = ticket.extension_request or {}
    return int(command.payload.get("days") or asked.get("days") or 0)


def extension_days_given(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """Without a request the approver says how long."""
    if extension_days(ticket, command) == 0:
        return Refusal("days_missing", "请填写延长几天。", {"days": "请填写。"})
    return None


def extension_pending(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """Only a request can be refused."""
    if ticket.extension_request is None:
        return Refusal("nothing_requested", "没有待审批的延期申请。")
    return None


def not_requester(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """Nobody approves an extension of their own."""
    if ticket.extension_request and ticket.extension_request["by"] == command.actor.id:
        return Refusal("own_request", "不能审批自己的延期申请。")
    return None


def suspension_pending(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """Only a request can be refused."""
    if ticket.suspension_request is None:
        return Refusal("nothing_requested", "没有待审批的挂账申请。")
    return None


def not_suspension_requester(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """Nobody approves a suspension of their own."""
    if ticket.suspension_request and ticket.suspension_request["by"] == command.actor.id:
        return Refusal("own_request", "不能审批自己的挂账申请。")
    return None


def suspension_facts(ticket: Ticket, command: Command) -> dict[str, Any]:
    """Reason, explanation, plan and review date: the command's, else those asked for."""
    asked = ticket.suspension_request or {}
    names = ("reason", "explanation", "plan", "review_date")
    return {n: command.payload.get(n) or asked.get(n) for n in names}


def suspension_explained(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """挂账 needs objective reason, explanation for the resident, plan and date of review."""
    missing = [n for n, value in suspension_facts(ticket, command).items() if not value]
    if missing:
        return Refusal(
            "suspension_incomplete",
            "挂账要写明客观原因、对居民的解释、下一步打算和复核日期。",
            dict.fromkeys(missing, "请填写。"),
        )
    return None


def review_in_time(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """The next review of a suspended ticket is a future day, not too far away."""
    given = suspension_facts(ticket, command)["review_date"]
    if given is None:
        return None
    day, today = date.fromisoformat(given), command.at.date()
    most = context.profile.suspend_days
    if not today < day <= today + timedelta(days=most):
        return Refusal(
            "review_date", f"复核日期应在明天到{most}天以内。", {"review_date": "请换个日期。"}
        )
    return None


def explained_if_unsolved(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """What is not solved is explained (《北京市接诉即办工作条例》第十五条)."""
    if command.payload.get("outcome") == "solved" or command.payload.get("explanation"):
        return None
    return Refusal(
        "explanation_missing", "没有完全解决的，请写明原因。", {"explanation": "请填写说明。"}
    )


def evidence_if_physical(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """A repair is shown by a photo, or it is said why there is none."""
    leaf = context.leaf(ticket)
    shown = command.payload.get("evidence") or command.payload.get("evidence_note")
    if leaf and leaf.physical and not shown:
        return Refusal(
            "evidence_missing",
            "请上传现场照片，或写明没有照片的原因。",
            {"evidence": "请上传照片，或填写没有照片的原因。"},
        )
    return None


def score_in_range(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """Five levels, as in 好差评."""
    score = command.payload.get("score")
    if score is not None and not 1 <= score <= 5:
        return Refusal("score_out_of_range", "评分为1到5分。", {"score": "请填1到5。"})
    return None


def within_reopen_days(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """“又坏了” and ratings are taken for 30 days after closing."""
    days = context.profile.reopen_days
    if ticket.closed_at and command.at > ticket.closed_at + timedelta(days=days):
        return Refusal("closed_too_long", f"归档已经超过{days}天，请重新反映，我马上帮您登记。")
    return None


def callbacks_exhausted(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """A ticket nobody answers for is closed after 3 attempts over 3 days, not earlier."""
    p = context.profile
    missed = [
        datetime.fromisoformat(c["at"])
        for c in ticket.callbacks
        if c["result"] == "no_answer" and ticket.resolved_at
        and datetime.fromisoformat(c["at"]) >= ticket.resolved_at
    ]  # fmt: skip
    since = ticket.resolved_at
    over = since is not None and command.at >= since + timedelta(days=p.callback_days)
    if len(missed) < p.callback_attempts or not over:
        return Refusal(
            "callback_first",
            f"要先回访：{p.callback_days}天内{p.callback_attempts}次联系不上，才能归档。",
        )
    return None


def one_step_up(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """The ladder 提醒 → 书面督办 → 提级 is climbed step by step; only a rule may skip steps."""
    level = int(command.payload["level"])
    if command.actor.kind != "system" and level > ticket.supervision_level + 1:
        return Refusal("level_skipped", "督办要逐级进行，请先用上一级。", {"level": "请逐级督办。"})
    return None


def not_confidential(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """Whoever asked for secrecy stays unknown to who handles the matter (济南条例第十六条)."""
    if ticket.confidential and command.actor.role not in ("clerk", "callback"):
        return Refusal("confidential", "居民要求保密，请通过社区前台联系。")
    return None


def something_given(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """A supplement holds at least one thing."""
    if any(command.payload.get(n) for n in ("text", "attachments", "place")):
        return None
    return Refusal("nothing_given", "请说说要补充什么，或者发张照片。")


MOST_PORTIONS = 99


def something_amended(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """An amendment changes at least one thing; how many portions is a number that can be meant."""
    if not any(command.payload.get(n) for n in ("place", "appointment", "reporter")):
        return Refusal("nothing_given", "请说说要改什么。")
    portions = (command.payload.get("appointment") or {}).get("portions")
    if portions is None or (type(portions) is int and 1 <= portions <= MOST_PORTIONS):
        return None
    return Refusal("bad_portions", f"份数要在1到{MOST_PORTIONS}之间。")


GUARDS: dict[str, Guard] = {
    guard.__name__: guard
    for guard in (
        is_owner, not_handler, leaf_known, info_wait_over, one_notice, same_matter, org_known,
        orgs_known, not_over_assigned, not_recused, not_designated, objects_once, objects_in_time,
        not_objector, upheld_names_org, before_expiry, extensions_left, days_within_limit,
        extension_days_given, extension_pending, not_requester, suspension_pending,
        not_suspension_requester, suspension_explained, review_in_time, explained_if_unsolved,
        evidence_if_physical, score_in_range, within_reopen_days, callbacks_exhausted,
        one_step_up, not_confidential, may_read, something_given,
        something_amended,
    )
}  # fmt: skip
