"""Guards: conditions on a transition that its line in the table names.

Each takes the ticket, the command and the facts around it, and returns ``None`` or a refusal that
a person can act on. Those of one subject (whistles, second looks, scoring …) stand with it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from services.tickets.core import (
    arrivals,
    asking,
    calls,
    joint,
    moving,
    oversight,
    photos,
    planning,
    platforms,
    proxies,
    ratings,
    reviewing,
    risks,
    scoring,
    telling,
)
from services.tickets.core.calendar import days_between
from services.tickets.core.choices import DELIVERED_BY, NOT_DONE
from services.tickets.core.clocks import extension_limit, local_text
from services.tickets.core.commands import Command
from services.tickets.core.context import (
    OWN_UNIT_ROLES,
    TOLD_WHO,
    Context,
    Refusal,
    accounts,
    belongs,
    own_units,
    reads,
    same_unit,
)
from services.tickets.core.dispatch import SELF_GOVERNING, SERVING
from services.tickets.core.neighbours import same_spot
from services.tickets.core.states import State
from services.tickets.core.ticket import Ticket
from services.words import piece

Guard = Callable[[Ticket, Command, Context], Refusal | None]


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
    shared = context.parent if ticket.state is State.MERGED else None
    worked = {*ticket.handlers, *(shared.handlers if shared else ())}
    if command.actor.kind == "staff" and accounts(command, context) & worked:
        return Refusal("own_work", "承办人不能自己回访、归档或终止，请由其他人操作。")
    return None


def other_unit(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """Who judges the work is not of the unit that did it; a community and its grids are one."""
    shared = context.parent.owner_org if context.parent else None
    lead = ticket.owner_org or shared
    if command.actor.kind == "staff" and same_unit(lead, own_units(command, context)):
        return Refusal("own_unit", "承办单位不能自己回访、抽查、归档或终止，请由别的单位来做。")
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


def notice_in_time(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """…and soon after receipt: later the request counts as accepted as of receipt (第三十二条第四项)."""
    until = asking.until(ticket, context)
    if until is None or command.at <= until:
        return None
    return Refusal(
        "notice_too_late",
        f"收到已超过{context.profile.notice.text}（到{local_text(until)}为止），不能再请居民补充、停表："
        "这件从收到那天起就算受理了。请先受理，按现有的办；还缺什么可以打电话、发消息问，时限照走。",
    )


def rest_of_notice(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """What is still missing is a part of what was asked for; nothing is asked for anew."""
    more = [item for item in command.payload["rest"] if item not in ticket.need_items]
    if more:
        return Refusal.said("not_in_notice", {"rest": "、".join(more)})
    return None


def same_matter(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """Only an open ticket about the same matter, place and time takes another one in."""
    parent = context.parent
    # That pressure on a resident is looked into nobody learns, here neither.
    if parent is None or parent.case_of is not None:
        return Refusal("parent_not_found", "没有找到要并入的工单。", {"into": "没有这个工单。"})
    if parent.ticket_no == ticket.ticket_no:
        return Refusal("merge_into_itself", "不能并入自己。", {"into": "不能并入自己。"})
    if ticket.joined:
        return Refusal("others_joined", "已经有邻居并入这件工单，请把另一件并进来。")
    if not parent.is_open:
        return Refusal("parent_closed", "要并入的工单已经结束。", {"into": "工单已经结束。"})
    if any(t.confidential or t.restricted or t.case_of for t in (ticket, parent)):
        return Refusal("not_shared", "要求保密、限阅的工单不和别的并在一起，请分开办。")
    if (
        ticket.leaf is None
        or ticket.leaf != parent.leaf
        or not _same_place(ticket, parent, context)
    ):
        return Refusal("not_same_matter", "两件工单的事项或地点不同，或者地点还不清楚，不能并单。")
    first, last = sorted((t.created_at or command.at) for t in (ticket, parent))
    window = context.rules.merge_window
    if last > window.after(first, context.calendar):
        return Refusal("too_far_apart", f"两件工单反映的时间隔了{window.text}以上，不能并单。")
    return None


def _same_place(a: Ticket, b: Ticket, context: Context) -> bool:
    """Say whether two places are known to be one, as far as the matter reaches; a spot by its words."""
    if a.place.compound_id is None and b.place.compound_id is None:
        return a.spot is not None and a.spot == b.spot
    reach = context.neighbours.leaves.get(a.leaf or "")
    if reach is not None:
        return same_spot(a.place, b.place, reach.within)
    known = (a.place.compound_id, a.place.building_id)
    return known == (b.place.compound_id, b.place.building_id)


def lead_gone(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """Who joined goes on alone only when who brought the matter has taken it back."""
    if context.parent is None or context.parent.state is not State.WITHDRAWN:
        return Refusal("still_shared", "一起办的那件工单没有撤回。")
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


def own_worker(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """A unit gives an order to its own people."""
    if context.person is None:
        return Refusal("person_unknown", "没有这位工作人员。", {"person": "没有这个人。"})
    if context.person.org_id != ticket.owner_org:
        return Refusal(
            "person_not_in_org", "这位工作人员不属于主办单位。", {"person": "不属于该单位。"}
        )
    return None


def something_to_tell(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """Who calls back gets a number while there is a call to make."""
    if ticket.state is State.RESOLVED or ticket.to_call is not None:
        return None
    return Refusal("no_call_due", "现在没有要打的回访电话，不用看联系方式。")


def needed_to_act(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """Contact data goes to a unit where its work needs it: by kind of request, as the place decides."""
    withheld = context.rules.reveal_withheld.get(ticket.kind.value if ticket.kind else "", ())
    unit = context.units.get(command.actor.org_id or "")
    never = unit is not None and unit.kind in context.rules.reveal_never
    if never or command.actor.role in withheld:
        return Refusal(
            "not_needed_to_act", "这类诉求不把联系方式给承办的人，要联系居民请通过社区前台。"
        )
    return None


def relay_there(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """Without a number of the office's own there is nothing to ring through."""
    if context.relay is None:
        return Refusal("no_relay", "本地没有总机转接。要打电话，请写明理由，用“查看联系方式”。")
    return None


def phone_left(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """Only who left a number can be rung up."""
    if not ticket.reporter.get("phone"):
        return Refusal("no_phone", "居民没留电话。")
    return None


def another_org(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """Passing an order on means passing it to somebody else."""
    if command.payload.get("org") == ticket.owner_org and not command.payload.get("person"):
        return Refusal("same_org", "改派要换一个单位，或换一位承办人。", {"org": "请换一个。"})
    return None


def shared_resolved(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """Who joined is asked once the shared ticket is reported done."""
    if context.parent is None or context.parent.state not in (State.RESOLVED, State.CLOSED):
        return Refusal.said("not_resolved_yet")
    return None


def shared_reopens(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """“Not solved” of one who joined reopens the shared ticket, as long as it can be."""
    if context.parent is None or command.payload["result"] not in NOT_DONE:
        return None
    return within_reopen_days(context.parent, command, context)


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


def within_community(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """The head of a community gives orders within it; all other units are the street's to order."""
    taken = ticket.owner_org if command.action == "dispatch" else None
    named = {org for org in (command.payload.get("org"), taken) if org}
    if command.actor.role != "supervisor" or named <= SELF_GOVERNING:
        return None
    return Refusal(
        "beyond_community",
        "社区主管只在本社区里派单；别的单位请交街道调度来派。",
        {"org": "请选本社区的网格或窗口。"},
    )


def street_decides(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """The head of a community looks at objections of who serves it, not of departments or its own."""
    unit = context.units.get(ticket.owner_org or "")
    if command.actor.role == "supervisor" and (unit is None or unit.kind not in SERVING):
        return Refusal("street_decides", "这个单位的异议由街道调度裁定。")
    return None


def led(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """An order always has a lead (第十四条): who only assists does not have it."""
    if command.payload.get("duty") == "协助":
        return Refusal(
            "no_lead",
            "工单要有主办单位；只协助的单位请写在“协办单位”里。",
            {"duty": "请选主责，或另选主办单位。"},
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


def suggestion_known(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """Whose it is instead, when the unit names somebody: another unit of the directory."""
    wanted = command.payload.get("suggested_org")
    if wanted is None or (wanted in context.units and wanted != ticket.owner_org):
        return None
    return Refusal(
        "suggestion_unknown",
        "建议的主办单位要是派单目录里的另一个单位；不清楚的可以不填。",
        {"suggested_org": "请换一个单位。"},
    )


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
    mine = accounts(command, context)
    if ticket.objections and ticket.objections[-1].get("by") in mine:
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


EXTENSION_ASKERS = OWN_UNIT_ROLES | {"vendor"}
"""Roles that ask for more time; the others decide on it."""


def before_expiry(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """More time is asked for before the time is up, not after."""
    # Who approves may do so later than it was asked; asking anew counts from now.
    asked = None if command.actor.role in EXTENSION_ASKERS else ticket.extension_request
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
    """An extension is at least a day and at most what its class or the law grants."""
    days = extension_days(ticket, command)
    limit = extension_limit(context.sla(ticket), context.leaf(ticket), context.profile)
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
    if ticket.extension_request and ticket.extension_request["by"] in accounts(command, context):
        return Refusal("own_request", "不能审批自己的延期申请。")
    return None


def suspension_pending(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """Only a request can be refused."""
    if ticket.suspension_request is None:
        return Refusal("nothing_requested", "没有待审批的挂账申请。")
    return None


def not_suspension_requester(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """Nobody approves a suspension of their own."""
    asked = ticket.suspension_request
    if asked and asked["by"] in accounts(command, context):
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


def delivered_in_writing(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """A ring that nobody answered is not delivered: only what is written can be."""
    if command.payload["result"] == "delivered" and command.payload["way"] != DELIVERED_BY:
        return Refusal(
            "not_delivered",
            "只有短信或留言才算“已送达”；电话没接通、上门没人的请选“没联系上”。",
            {"result": "请换一个结果。"},
        )
    return None


def contacted_first(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """Who reported is contacted before the work is called done (第十五条), where that is possible.

    Vendors never learn who reported, a confidential reporter is not told to the handler, and a
    finding of a patrol has nobody to call.
    """
    nobody = ticket.confidential or ticket.reporter.get("role") in ("patrol", "staff")
    asked = context.rules.contact_first and context.sla(ticket).contact is not None
    if not asked or ticket.first_contact_at or nobody or command.actor.role == "vendor":
        return None
    return Refusal("contact_first", "还没有联系过居民，请先联系、记一笔，再办结。")


def outcome_founded(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """Each outcome stands on something: another channel is named, “cannot be verified” was tried."""
    outcome = command.payload.get("outcome")
    if outcome == "redirected" and not command.payload.get("redirect"):
        return Refusal(
            "redirect_missing",
            "转法定渠道的，请写明转到哪里、居民怎么去。",
            {"redirect": "请填写。"},
        )
    if outcome == "unverifiable" and not ticket.contacts:
        return Refusal("not_tried", "没有联系或到现场核实过，不能填“无法核实”。")
    return None


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
        return Refusal.said("score_out_of_range", {"score": piece("refused.score_out_of_range")})
    return None


def within_reopen_days(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """“又坏了” and ratings are taken for 30 days after closing, the last one to its end."""
    days = context.profile.reopen_days
    if ticket.closed_at and days_between(ticket.closed_at, command.at) > days:
        return Refusal.said("closed_too_long", days=days)
    return None


def callbacks_exhausted(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """A ticket nobody answers for is closed after 3 attempts on 3 days, not earlier."""
    p = context.profile
    if not calls.exhausted(ticket.callbacks, ticket.resolved_at, p):
        return Refusal(
            "callback_first",
            f"要先回访：分{p.callback_days}天、{p.callback_attempts}次都联系不上，才能归档。",
        )
    return None


def closing_told(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """Who has a chat reads there that it is closed; of everybody else it is on record how they know."""
    if command.actor.kind != "staff" or not calls.by_phone(ticket) or command.payload.get("notice"):
        return None
    return Refusal(
        "notice_missing",
        "居民没有会话，不知道归档了：请选怎么告知的；没有办法告知也要选，并写明原因。",
        {"notice": "请选择。"},
    )


def one_step_up(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """The ladder 提醒 → 书面督办 → 提级 is climbed step by step; only a rule may skip steps."""
    level = int(command.payload["level"])
    if command.actor.kind != "system" and level > ticket.supervision_level + 1:
        return Refusal("level_skipped", "督办要逐级进行，请先用上一级。", {"level": "请逐级督办。"})
    return None


def not_confidential(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """Whoever asked for secrecy stays unknown to who handles the matter (济南条例第十六条)."""
    if ticket.confidential and command.actor.role not in TOLD_WHO:
        return Refusal("confidential", "居民要求保密，请通过社区前台联系。")
    return None


def something_given(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """A supplement holds at least one thing."""
    if any(command.payload.get(n) for n in ("text", "attachments", "place")):
        return None
    return Refusal.said("nothing_given")


MOST_PORTIONS = 99
_AMENDED = ("place", "appointment", "certificate", "reporter")


def something_amended(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """An amendment changes at least one thing; how many portions is a number that can be meant."""
    if not any(command.payload.get(n) for n in _AMENDED):
        return Refusal.said("nothing_given", words="nothing_amended")
    portions = (command.payload.get("appointment") or {}).get("portions")
    if portions is None or (type(portions) is int and 1 <= portions <= MOST_PORTIONS):
        return None
    return Refusal.said("bad_portions", most=MOST_PORTIONS)


def not_on_record(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """What is late goes on record once; a deadline that is set anew can be missed anew."""
    if (command.payload.get("key") or command.payload.get("stage")) in ticket.missed:
        return Refusal("already_on_record", "这个时限超期已经记过了。")
    return None


def reminder_due(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """A reminder is given when its time has come, once, and in the order of the plan."""
    if not ticket.planned or command.at < datetime.fromisoformat(ticket.planned[0]["at"]):
        return Refusal("no_reminder_due", "现在没有要提醒的。")
    return None


def reminders_lacking(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """Reminders are planned by themselves only where none were ever planned."""
    if not planning.lacking(ticket, command.at, context):
        return Refusal("reminders_there", "提醒已经排好。")
    return None


GUARDS: dict[str, Guard] = {
    guard.__name__: guard
    for guard in (
        is_owner, not_handler, other_unit, leaf_known, own_worker, needed_to_act, info_wait_over, one_notice, notice_in_time, rest_of_notice, same_matter,
        lead_gone, org_known,
        relay_there, phone_left, orgs_known, another_org, not_over_assigned, within_community, street_decides, something_to_tell, led, not_recused, not_designated, objects_once,
        suggestion_known,
        objects_in_time, not_objector, upheld_names_org, before_expiry, extensions_left,
        days_within_limit, extension_days_given, extension_pending, not_requester,
        suspension_pending, not_suspension_requester, suspension_explained, review_in_time,
        delivered_in_writing, contacted_first, explained_if_unsolved, outcome_founded, evidence_if_physical,
        score_in_range, within_reopen_days, callbacks_exhausted, closing_told, shared_resolved, shared_reopens, one_step_up,
        not_confidential, may_read, something_given, something_amended,
        reviewing.earlier_named, reviewing.review_once, reviewing.within_review_days,
        reviewing.review_pending, reviewing.not_refuser,
        reviewing.termination_explained, reviewing.termination_pending,
        reviewing.not_termination_requester,
        joint.consulted_here, joint.opinion_of_asked, joint.whistle_lead_known, joint.whistle_lead_fits, joint.approver_leads, joint.approved_by_another,
        joint.invited, joint.stage_in_order,
        joint.solution_told, joint.whistle_open, joint.whistle_over, joint.whistle_rated_once, joint.assisting,
        oversight.until_in_future, oversight.supervised_now, oversight.escalated_now, oversight.group_unanswered,
        oversight.not_lowered, oversight.not_scored_unit, oversight.period_open,
        oversight.exclusion_fits, oversight.excluded_now, oversight.not_held, oversight.held_now,
        arrivals.has_appointment, arrivals.arrived_once, arrivals.arrival_happened,
        platforms.platform_due_new, risks.risk_known, risks.risk_not_there, risks.risk_there, risks.some_risk,
        scoring.exclusion_asked_once, scoring.exclusion_refused_here, scoring.exclusion_pending, scoring.not_who_refused,
        scoring.asked_exclusion_fits, oversight.is_case, not_on_record, reminder_due, reminders_lacking, moving.deadline_moves,
        ratings.rectification_due, ratings.rectified_now, calls.to_be_called, calls.reached_by_phone, photos.opens_photos, photos.some_photo, photos.photo_there, telling.news_to_tell, telling.no_chat, proxies.is_for_another, proxies.since_known, telling.score_given,
    )
}  # fmt: skip
