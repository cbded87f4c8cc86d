"""Work of several units on one ticket: 会商 before dispatch, 吹哨报到, 协办.

《北京市接诉即办工作条例》第十二条 (consultation before dispatch), 第十四条 (one unit leads, the others
report within their time), 第十六条 and 第三十三条 (the street whistles, departments report; both sides
are assessed). Limits are those of ``data/workflow.yml``; each entry keeps them with their reason.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from services.tickets.core import clocks
from services.tickets.core.actor import Actor
from services.tickets.core.choices import WHISTLE_STAGES, WHISTLES
from services.tickets.core.commands import Command
from services.tickets.core.context import Context, Refusal, accounts, belongs
from services.tickets.core.ticket import Ticket

Facts = dict[str, Any]
DESK = frozenset({"dispatcher", "supervisor"})
"""Who writes down what units said at a meeting."""
STREET = "street"
"""The unit that whistles; it is rated by those who came."""


# ── 会商 ────────────────────────────────────────────────────────────────────────────────────────


def consulted(ticket: Ticket, command: Command, context: Context) -> Facts:
    """Ask units whose matter it is, with a time for the answer."""
    limit = context.rules.consult.limit
    due = clocks.deadline("会商意见", command.at, limit, context.calendar)
    entry = {
        "id": f"C{len(ticket.consults) + 1}",
        "question": command.payload["question"],
        "units": _units(command.payload["orgs"], context),
        **due.as_facts("due"),
        "opinions": [],
        "at": command.at.isoformat(),
        "by": command.actor.id,
    }
    return {"consults": [*ticket.consults, entry]}


def consulted_here(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """There is a consultation; a unit gives an opinion when it was asked and has not answered."""
    org = None if command.actor.role in DESK else command.actor.org_id
    if not ticket.consults:
        return Refusal("not_consulted", "还没有发起会商。")
    return None if org is None else _asked(ticket, org)


def opinion_of_asked(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """The desk writes down whose opinion it is, and only of a unit that was asked."""
    org = _speaks_for(command)
    if org is None:
        return Refusal("org_missing", "请选择是哪个单位的意见。", {"org": "请选择单位。"})
    return _asked(ticket, org)


def _asked(ticket: Ticket, org: str) -> Refusal | None:
    last = ticket.consults[-1]
    if org not in _orgs(last) or any(o["org"] == org for o in last["opinions"]):
        return Refusal("not_consulted", "会商没有问这个单位，或者它已经回过意见。")
    return None


def opinion_given(ticket: Ticket, command: Command, context: Context) -> Facts:
    """Keep the opinion with the consultation."""
    org = _speaks_for(command)
    opinion = {
        "org": org,
        "stance": command.payload["stance"],
        "opinion": command.payload["opinion"],
        "at": command.at.isoformat(),
        "by": command.actor.id,
    }
    last = ticket.consults[-1]
    changed = {**last, "opinions": [*last["opinions"], opinion]}
    return {"consult": last["id"], "by_org": org, "consults": [*ticket.consults[:-1], changed]}


def _speaks_for(command: Command) -> str | None:
    """Return the unit of an opinion or a rating: the actor's own, of the desk the one it names."""
    if command.actor.role in DESK:
        return command.payload.get("org")
    return command.actor.org_id


# ── 吹哨报到 ────────────────────────────────────────────────────────────────────────────────────


def whistle_lead_known(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """The leading unit exists and is one of those called, or the one that has the ticket."""
    lead = command.payload.get("lead")
    if lead is None or lead == ticket.owner_org or lead in command.payload["orgs"]:
        return None
    return Refusal(
        "lead_not_called", "牵头单位应是主办单位或报到单位之一。", {"lead": "请换一个单位。"}
    )


def whistle_lead_fits(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """A whistle gives a community or grid no lead that an order could not give it (第三十二条)."""
    lead = context.units.get(str(command.payload.get("lead")))
    if lead and context.directory.over_assigned(ticket.leaf, lead.kind, "主责"):
        return Refusal(
            "over_assignment",
            "这件事不在社区任务清单内，不能让社区或网格牵头；可以请有关部门牵头，社区报到。",
            {"basis": context.directory.community_basis},
        )
    return None


def approver_leads(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """Who approves is one of the street's leaders, where the locality names them."""
    names = {one.split()[-1] for one in context.leaders if one.strip()}
    if not names or any(name in str(command.payload["approver"]) for name in names):
        return None
    return Refusal(
        "not_a_leader",
        f"吹哨要街道领导批准：{'、'.join(context.leaders)}。",
        {"approver": "请选批准的领导。"},
    )


def approved_by_another(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """A whistle is approved by the street's leadership, not by who blows it."""
    approver = str(command.payload["approver"])
    names = {p.name for p in (context.person, *context.also) if p is not None}
    if approver in accounts(command, context) or any(name in approver for name in names):
        return Refusal(
            "own_whistle",
            "吹哨要街道领导批准，不能自己批准自己的。",
            {"approver": "请写批准的领导。"},
        )
    return None


def whistled(ticket: Ticket, command: Command, context: Context) -> Facts:
    """A whistle: type, who approved it, who leads, who is called and by when each does what."""
    kind = command.payload["type"]
    limits = context.rules.whistles[kind]
    due: Facts = {}
    for stage, limit in limits.items():
        what = f"吹哨{WHISTLE_STAGES[stage]}"
        due |= clocks.deadline(what, command.at, limit, context.calendar).as_facts(f"{stage}_due")
    said = "、".join(f"{WHISTLE_STAGES[s]}{limit.text}" for s, limit in limits.items())
    return {
        "id": f"W{len(ticket.whistles) + 1}",
        "units": [{**u, **due} for u in _units(command.payload["orgs"], context)],
        "due_reason": f"{WHISTLES[kind]}：{said}",
        "lead": command.payload.get("lead") or ticket.owner_org,
        "approver": command.payload["approver"],
        "ratings": [],
    }


def invited(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """Who reports belongs to a unit that an open whistle calls."""
    if _called(ticket, command) is None:
        return Refusal("not_invited", "这张工单没有叫贵单位报到，或者吹哨已经结束。")
    return None


def stage_in_order(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """Sign first, arrive before solving, and each once: the times count."""
    called = _called(ticket, command)
    if called is None:
        return None
    unit, stage = _unit_of(called, command.actor), command.payload["stage"]
    if unit.get(f"{stage}_at"):
        return Refusal("reported_already", f"“{WHISTLE_STAGES[stage]}”已经报过了。")
    for before in {"contact": ("sign",), "arrive": ("sign",), "solve": ("sign", "arrive")}.get(
        stage, ()
    ):
        if not unit.get(f"{before}_at"):
            return Refusal("stage_skipped", f"请先报“{WHISTLE_STAGES[before]}”。")
    return None


def solution_told(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """Who reports it solved says what was done."""
    if command.payload["stage"] == "solve" and not command.payload.get("text"):
        return Refusal("solution_missing", "请写明做了什么。", {"text": "请填写。"})
    return None


def whistle_reported(ticket: Ticket, command: Command, context: Context) -> Facts:
    """Write the unit's own time into the whistle."""
    called = _called(ticket, command)
    assert called is not None  # guard invited
    stage, org = command.payload["stage"], command.actor.org_id
    at = command.at.isoformat()
    done = {f"{stage}_at": at, f"{stage}_by": command.actor.id}
    if command.payload.get("text"):
        done[f"{stage}_text"] = command.payload["text"]
    units = [{**u, **done} if u["org"] == org else u for u in called["units"]]
    due = _unit_of(called, command.actor).get(f"{stage}_due_at")
    return {
        "whistle": called.get("id"),
        "by_org": org,
        "in_time": due is None or at <= due,
        "whistles": _replaced(ticket.whistles, called, {**called, "units": units}),
    }


def whistle_open(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """Only a whistle that goes on can be ended."""
    if _chosen(ticket, command, ended=False) is None:
        return Refusal("no_open_whistle", "没有还在进行的吹哨。")
    return None


def whistle_ended(ticket: Ticket, command: Command, context: Context) -> Facts:
    """The whistle's end, with its result."""
    chosen = _chosen(ticket, command, ended=False)
    assert chosen is not None  # guard whistle_open
    end = {
        "result": command.payload["result"],
        "result_text": command.payload["text"],
        "ended_at": command.at.isoformat(),
        "ended_by": command.actor.id,
    }
    return {
        "whistle": chosen.get("id"),
        "whistles": _replaced(ticket.whistles, chosen, {**chosen, **end}),
    }


def whistle_over(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """The two sides rate each other after the whistle's end; a unit only where it was called."""
    chosen = _chosen(ticket, command, ended=True)
    if chosen is None:
        return Refusal("no_ended_whistle", "吹哨结束以后才能互评。")
    called = command.actor.org_id in _orgs(chosen)
    if command.actor.role != "dispatcher" and not called and not belongs(ticket, command.actor):
        return Refusal("not_invited", "这次吹哨没有叫贵单位。")
    return None


def whistle_rated_once(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """The street and who has the ticket rate each unit called, each unit the street, and each once."""
    chosen = _chosen(ticket, command, ended=True)
    assert chosen is not None  # guard whistle_over
    by, about = _rating_sides(ticket, chosen, command)
    if about is None:
        return Refusal("org_missing", "请选择评哪个单位。", {"org": "请选择单位。"})
    if about != STREET and about not in _orgs(chosen):
        return Refusal("not_invited", "这次吹哨没有叫这个单位。", {"org": "请换一个单位。"})
    if any((r["by_org"], r["about_org"]) == (by, about) for r in chosen.get("ratings", ())):
        return Refusal("rated_already", "已经评过了。")
    return None


def whistle_rated(ticket: Ticket, command: Command, context: Context) -> Facts:
    """Keep the rating with the whistle."""
    chosen = _chosen(ticket, command, ended=True)
    assert chosen is not None  # guard whistle_over
    by, about = _rating_sides(ticket, chosen, command)
    rating = {
        "by_org": by,
        "about_org": about,
        "score": command.payload["score"],
        "text": command.payload.get("text"),
        "at": command.at.isoformat(),
        "by": command.actor.id,
    }
    rated = {**chosen, "ratings": [*chosen.get("ratings", ()), rating]}
    return {
        "whistle": chosen.get("id"),
        "by_org": by,
        "about_org": about,
        "whistles": _replaced(ticket.whistles, chosen, rated),
    }


def _rating_sides(
    ticket: Ticket, whistle: Mapping[str, Any], command: Command
) -> tuple[str | None, str | None]:
    """Return who rates whom: the street and who has the ticket the units called, those the street."""
    if command.actor.role == "dispatcher":
        return STREET, command.payload.get("org")
    if command.actor.org_id in _orgs(whistle):
        return command.actor.org_id, STREET
    return ticket.owner_org, command.payload.get("org")


def _chosen(ticket: Ticket, command: Command, ended: bool) -> Facts | None:
    """Return the whistle that is named, or the latest, among those that have ended or have not."""
    wanted = command.payload.get("whistle")
    found = [w for w in ticket.whistles if bool(w.get("ended_at")) is ended]
    if wanted:
        found = [w for w in found if w.get("id") == str(wanted).upper()]
    return found[-1] if found else None


def _called(ticket: Ticket, command: Command) -> Facts | None:
    wanted = command.payload.get("whistle")
    found = [
        w
        for w in ticket.whistles
        if not w.get("ended_at")
        and command.actor.org_id in _orgs(w)
        and (not wanted or w.get("id") == str(wanted).upper())
    ]
    return found[-1] if found else None


def _unit_of(whistle: Mapping[str, Any], actor: Actor) -> Facts:
    return next(dict(u) for u in whistle["units"] if u["org"] == actor.org_id)


def _replaced(all_: Sequence[Facts], old: Facts, new: Facts) -> list[Facts]:
    return [new if entry is old else entry for entry in all_]


# ── 协办 ────────────────────────────────────────────────────────────────────────────────────────


def assisted(ticket: Ticket, command: Command, context: Context) -> Facts:
    """Ask units for help, with what and by when."""
    added = [
        assistant(u, command, context, command.payload["task"])
        for u in _units(command.payload["orgs"], context)
    ]
    return {"assists": [*ticket.assists, *added]}


def assistant(
    unit: Mapping[str, Any], command: Command, context: Context, task: str = "配合主办单位办理"
) -> Facts:
    """Return the entry of an assisting unit: its task and its own deadline."""
    limit = context.rules.assist.limit
    return {
        **unit,
        "task": task,
        "at": command.at.isoformat(),
        **clocks.deadline("协办反馈", command.at, limit, context.calendar).as_facts("due"),
        "answers": [],
    }


def assisting(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """Feedback comes from a unit whose help was asked and which has not finished."""
    if _task_of(ticket, command.actor) is None:
        return Refusal("not_assisting", "这张工单没有请贵单位协办，或者已经反馈办好。")
    return None


def assist_answered(ticket: Ticket, command: Command, context: Context) -> Facts:
    """Keep the feedback with the task; an end is a time."""
    task = _task_of(ticket, command.actor)
    assert task is not None  # guard assisting
    at = command.at.isoformat()
    answer = {
        "progress": command.payload["progress"],
        "text": command.payload["text"],
        "at": at,
        "by": command.actor.id,
    }
    changed = {**task, "answers": [*task.get("answers", ()), answer]}
    if command.payload["progress"] != "ongoing":
        changed["done_at"] = at
    return {
        "by_org": command.actor.org_id,
        "in_time": task.get("due_at") is None or at <= task["due_at"],
        "assists": _replaced(ticket.assists, task, changed),
    }


def _task_of(ticket: Ticket, actor: Actor) -> Facts | None:
    found = [a for a in ticket.assists if a["org"] == actor.org_id and a.get("done_at") is None]
    return found[0] if found else None


def _units(orgs: Sequence[str], context: Context) -> list[Facts]:
    return [{"org": o, "name": context.units[o].name} for o in dict.fromkeys(orgs)]


def _orgs(entry: Mapping[str, Any]) -> set[str]:
    return {u["org"] for u in entry["units"]}
