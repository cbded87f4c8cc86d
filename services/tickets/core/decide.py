"""The decision: ticket + command → the next event, or why not."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from services.tickets.core import integrity, planning, risks, telling
from services.tickets.core.actor import SYSTEM, Actor
from services.tickets.core.calendar import ZONE
from services.tickets.core.commands import Command, CreateTicket
from services.tickets.core.context import Context, Refusal, belongs
from services.tickets.core.effects import event_data, start, title
from services.tickets.core.event import Event
from services.tickets.core.frozen import changed
from services.tickets.core.guards import GUARDS
from services.tickets.core.location import Location
from services.tickets.core.neighbours import households
from services.tickets.core.rules import Rules
from services.tickets.core.spots import public_spot
from services.tickets.core.states import State
from services.tickets.core.ticket import Ticket
from services.tickets.core.workflow import (
    ACTIONS,
    SHARED_ACTIONS,
    Field,
    To,
    Transition,
    lines,
)
from services.words import piece

# Refusals that are a matter of who, not of what: HTTP 403.
FORBIDDEN = frozenset({"role_not_allowed", "out_of_scope"})
BROUGHT_IN = frozenset({"import12345", "hotspot"})
"""Channels of what nobody told us: orders of a higher platform, clusters."""
LONGEST = 2000
"""Characters of one fact at most."""


def submit(
    ticket_no: str,
    query_code: str,
    request: CreateTicket,
    actor: Actor,
    at: datetime,
    place: Location,
    reporter: Mapping[str, Any],
    context: Context,
    household: str | None = None,
    privacy: Mapping[str, str] | None = None,
    before: Sequence[Ticket] = (),
) -> Event:
    """Return the first event of a ticket.

    Args:
        place: The location without the room.
        reporter: Role, preference and masked contact; the clear data is kept apart.
        household: Keyed hash of whose household asks: equal for equal ones, else without meaning.
        privacy: Version of the privacy notice, and how the resident got it.
        before: What the same person asked for before, the newest first, as far as it matters.
    """
    leaf = context.leaves.get(request.leaf or "")
    kind = request.kind or (leaf.kind if leaf else None)
    priority, why = context.urgency.of(leaf.id if leaf else None, request.narrative)
    draft = Ticket(
        kind=kind,
        leaf=leaf.id if leaf else None,
        priority=priority,
        narrative_original=request.narrative,
        gist=request.gist,
        about=request.about,
        spot=None if place.public_text else public_spot(request.address),
        appointment=request.appointment,
    )
    data: dict[str, Any] = {
        "query_code": query_code,
        "channel": request.channel,
        "kind": kind.value if kind else None,
        "leaf": draft.leaf,
        "title": title(leaf.title if leaf else None, place.public_text, draft),
        "narrative_original": request.narrative,
        "gist": request.gist,
        "priority": priority.value,
        "priority_reason": why,
        "sla_class": context.sla(draft).id,
        "sla_profile": context.profile.id,
        "conversation_id": request.conversation_id,
        "resident_id": request.resident_id,
        "reporter": dict(reporter),
        "subject": request.subject.model_dump(include={"relation"}) if request.subject else {},
        "about": request.about,
        "recused": sorted(context.directory.recused(request.about)) or None,
        "confidential": request.confidential,
        "restricted": bool(leaf and leaf.restricted),
        "incomplete": request.incomplete,
        "location": place.to_dict(),
        "described": bool(request.address_text) or None,
        "spot": draft.spot,
        "occurred": request.occurred,
        "occurred_text": request.occurred_text,
        "appointment": request.appointment,
        "certificate": request.certificate,
        "attachments": request.attachments,
        "nlu": request.nlu,
        "knowledge_refs": request.knowledge_refs or None,
        "privacy": dict(privacy) if privacy else None,
        "taxonomy_version": context.taxonomy or None,
        "household": household,
        "said_households": context.neighbours.said(request.narrative),
    }
    if matter := integrity.said(request, context.rules):
        data |= integrity.marks(matter, ticket_no, request.about, before, at.date(), context)
    command = Command("submit", actor, at)
    data |= start(draft, command, context)
    data["planned"] = planning.planned(draft, "start", command, context)
    return Event(
        ticket_no, 1, "submitted", "submit", actor, at, State.DRAFT, State.SUBMITTED,
        {k: v for k, v in data.items() if v is not None},
    )  # fmt: skip


def may_submit(actor: Actor, channel: str, leaf: str | None = None) -> Refusal | None:
    """Say whether an actor may file a request: residents, the desk, the grid worker on patrol.

    The street dispatches; it files only what a higher platform or a hot spot brings. A mediator files
    what is a mediator's matter.
    """
    if actor.role == "mediator" and leaf not in actor.leaves:
        return Refusal("role_not_allowed", "调解员只登记要调解的事，别的请由社区窗口、网格员登记。")
    bringing = actor.role != "dispatcher" or channel in BROUGHT_IN
    if bringing and lines("submit", role=actor.role):
        return None
    return Refusal("role_not_allowed", "您的角色不能登记诉求，请由社区窗口、网格员登记。")


def decide(ticket: Ticket, command: Command, context: Context) -> Event | Refusal:
    """Return the event a command makes, or the refusal. Pure: nothing is changed."""
    line = choose(ticket, command)
    if isinstance(line, Refusal):
        return line
    payload, wrong = read_fields(line, command.payload)
    if wrong and command.actor.kind == "resident":
        if any(_too_long(command.payload.get(name)) for name in wrong):
            return Refusal.said("invalid_fields", wrong, words="words_too_long", most=LONGEST)
        return Refusal.said("invalid_fields", wrong, what=_asked(line, wrong))
    if wrong:
        sentence = "；".join(dict.fromkeys(wrong.values()))
        return Refusal("invalid_fields", f"填写有误：{sentence}", wrong)
    command = changed(command, {"payload": payload})
    for name in line.guards:
        refusal = GUARDS[name](ticket, command, context)
        if refusal:
            return refusal
    to = target(line, ticket)
    marks: dict[str, Any] = {}
    if line.action == telling.ON_BEHALF:
        marks[telling.ON_BEHALF] = {"by": command.actor.id, "role": command.actor.role}
        command = changed(command, {"actor": telling.speaker(ticket)})
    data = event_data(ticket, command, context, line.event, line.clock, to) | marks
    return Event(
        ticket.ticket_no, ticket.version + 1, line.event, line.action, command.actor, command.at,
        ticket.state, to, data,
    )  # fmt: skip


def choose(ticket: Ticket, command: Command) -> Transition | Refusal:
    """Find the line of the table for a command, or say which part of it does not fit."""
    action, role = command.action, command.actor.role
    label = ACTIONS.get(action)
    if label is None:
        return Refusal.said("unknown_action")
    if not lines(action, role=role):
        return Refusal("role_not_allowed", f"您的角色不能做“{label}”。")
    theirs = in_scope(ticket, command.actor)
    if not theirs or (action not in SHARED_ACTIONS and has_joined(ticket, command.actor)):
        if command.actor.kind == "resident":
            return Refusal.said("out_of_scope")
        return Refusal("out_of_scope", "这件工单不在您的工作范围内。")
    here = lines(action, ticket.state, role)
    if not here and command.actor.kind == "resident":
        stands, act = piece(f"stands.{ticket.state.value}"), piece(f"act.{action}")
        return Refusal.said("state_not_allowed", stands=stands, act=act)
    if not here:
        return Refusal("state_not_allowed", f"工单现在是“{ticket.state.label}”，不能{label}。")
    for line in here:
        if line.when is None or _said(line, command.payload, line.when[0]) == line.when[1]:
            return line
    wanted = here[0].when[0] if here[0].when else ""
    if command.actor.kind == "resident":
        return Refusal.said("invalid_fields", {wanted: "请选择。"}, what=_asked(here[0], {wanted}))
    return Refusal("invalid_fields", "请先选择结果。", {wanted: "请选择。"})


def _asked(line: Transition, names: Container[str]) -> str:
    """Name the facts as a resident would: the fields' own labels are for staff."""
    return "、".join(piece(f"asks.{f.name}") for f in line.fields if f.name in names)


def target(line: Transition, ticket: Ticket) -> State:
    """Return the state a line leads to."""
    if line.to is To.SAME:
        return ticket.state
    if line.to is To.BACK:
        return ticket.back_to or State.ACTIVE
    return State(line.to)


def in_scope(ticket: Ticket, actor: Actor) -> bool:
    """Say whether a ticket concerns the actor at all.

    Grid workers see their grids (but no restricted case) and what is given to them; clerks and supervisors their
    community, and what has no known place yet; units what they lead or help with; residents
    their own. Who belongs to a unit that is complained of sees nothing of the complaint.
    """
    place = ticket.place
    if actor.kind == "staff" and actor.org_id in ticket.recused:
        return False
    if ticket.case_of and actor.kind == "staff":
        # Pressure on a resident: nobody but who looks into it knows that it is looked into.
        return actor.role == "auditor" or belongs(ticket, actor)
    if actor.kind == "system" or actor.role in ("dispatcher", "callback", "auditor"):
        return True
    if actor.kind == "resident":
        return _filed(ticket, actor) or has_joined(ticket, actor)
    if actor.role == "grid":
        in_grid = place.grid_id in actor.grid_ids and not ticket.restricted
        return in_grid or belongs(ticket, actor)
    if actor.role in ("clerk", "supervisor"):
        theirs = (None, actor.community_id)
        return actor.community_id is None or place.community_id in theirs
    if actor.role in ("handler", "vendor", "mediator"):
        return belongs(ticket, actor) or helps(ticket, actor)
    return False


def has_joined(ticket: Ticket, actor: Actor) -> bool:
    """Say whether a resident has joined a neighbour's ticket, and not filed it."""
    joined = actor.kind == "resident" and actor.id in (j["who"] for j in ticket.joined)
    return joined and not _filed(ticket, actor)


def _filed(ticket: Ticket, actor: Actor) -> bool:
    return actor.id in (ticket.conversation_id, ticket.resident_id)


def helps(ticket: Ticket, actor: Actor) -> bool:
    """Say whether the actor's unit assists, was whistled for or asked for its opinion."""
    units = {a["org"] for a in ticket.assists}
    units |= {u["org"] for c in ticket.consults for u in c["units"]}
    units |= {u["org"] for w in ticket.whistles for u in w["units"]}
    return actor.org_id in units


# ── fields ──────────────────────────────────────────────────────────────────────────────────────


def read_fields(
    line: Transition, payload: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the checked facts and, by field, what is wrong. Unknown facts are dropped."""
    good: dict[str, Any] = {}
    wrong: dict[str, str] = {}
    for f in line.fields:
        raw = payload.get(f.name)
        if raw is None or raw == "" or raw == []:
            if f.required:
                wrong[f.name] = f"请填写{f.label}"
            elif f.default is not None:
                good[f.name] = f.default
            continue
        try:
            good[f.name] = _read(f, raw)
        except (ValueError, TypeError, KeyError, OverflowError):
            wrong[f.name] = _wrong(f, raw)
    return good, wrong


def _wrong(f: Field, raw: Any) -> str:
    """Say what is wrong with a fact; whoever wrote too much is told how much there may be."""
    if _READERS[f.type] is _text and isinstance(raw, str):
        return f"{f.label}太长，最多{LONGEST}字" if raw.strip() else f"请填写{f.label}"
    return f"{f.label}填写有误"


def _said(line: Transition, payload: Mapping[str, Any], name: str) -> Any:
    field = next(f for f in line.fields if f.name == name)
    raw = payload.get(name)
    if raw in (None, ""):
        return field.default
    try:
        return _read(field, raw)
    except (ValueError, TypeError, KeyError, OverflowError):
        return raw


def _read(f: Field, raw: Any) -> Any:
    return _READERS[f.type](f, raw)


def _too_long(raw: Any) -> bool:
    return isinstance(raw, str) and len(raw) > LONGEST


def _text(f: Field, raw: Any) -> str:
    if not isinstance(raw, str) or not raw.strip() or _too_long(raw):
        raise ValueError
    return raw.strip()


def _choice(f: Field, raw: Any) -> str:
    """Accept the code or, as people type it, the Chinese label."""
    options = f.options or {}
    if str(raw) in options:
        return str(raw)
    for code, label in options.items():
        if raw == label:
            return code
    raise ValueError


def _number(f: Field, raw: Any) -> int:
    if isinstance(raw, bool):
        raise ValueError
    return int(raw)


def _flag(f: Field, raw: Any) -> bool:
    if isinstance(raw, bool):
        return raw
    return {"true": True, "on": True, "1": True, "false": False, "0": False}[str(raw).lower()]


def _time(f: Field, raw: Any) -> str:
    moment = datetime.fromisoformat(raw)
    known = moment if moment.tzinfo else moment.replace(tzinfo=ZONE)
    for zone in (UTC, ZONE):
        known.astimezone(zone)  # one at the end of all time is kept nowhere and shown nowhere
    return known.isoformat()


LONGEST_ITEM = 300
"""Characters of one line of a list: what is missing, a unit's or a photo's id."""


def _list(f: Field, raw: Any) -> list[str]:
    """A list of texts; a form may send one text with a line or comma between the items."""
    if isinstance(raw, str):
        raw = raw.replace(",", "\n").replace(",", "\n").replace("、", "\n").splitlines()
    items = [str(item).strip() for item in raw if str(item).strip()]
    if not items or len(items) > 50 or any(len(item) > LONGEST_ITEM for item in items):
        raise ValueError
    return items


def _place(f: Field, raw: Any) -> dict[str, Any]:
    return dict(raw)


_READERS = {
    "text": _text,
    "choice": _choice,
    "number": _number,
    "flag": _flag,
    "time": _time,
    "date": lambda f, raw: date.fromisoformat(str(raw)[:10]).isoformat(),
    "org": _text,
    "person": _text,
    "leaf": _text,
    "risk": _text,
    "leader": _text,
    "photo": _text,
    "ticket": _text,
    "orgs": _list,
    "items": _list,
    "attachments": _list,
    "place": _place,
    "facts": _place,
}


# ── what follows by rule ────────────────────────────────────────────────────────────────────────


INTAKE = ("state", "leaf", "place", "incomplete", "about", "recused", "described")
"""What the rules look at that accept and dispatch."""


def concerns_intake(before: Ticket, after: Ticket) -> bool:
    """Say whether a step changed anything that the rules of accepting and dispatching look at."""
    return any(getattr(before, name) != getattr(after, name) for name in INTAKE)


def follow_up(
    ticket: Ticket, context: Context, at: datetime, intake: bool = True
) -> Command | None:
    """Return the next command the rules give by themselves, or ``None``.

    A complete ticket is accepted at once, an accepted one dispatched when the directory knows the
    unit – not while people talk about whose it is (会商): then a person decides. One that ten households stand behind is marked as a group demand. A ticket reworked or passed on three times goes up the ladder (提级督办).
    What the words or the matter say of a risk is marked.

    Args:
        intake: Whether the rules may accept and dispatch: a note on a ticket that waits for a person
            leaves it to that person.
    """
    if intake and ticket.state is State.SUBMITTED and ready(ticket, context, at.date()):
        return Command("accept", SYSTEM, at)
    if intake and ticket.state is State.ACCEPTED and not ticket.consults:
        route = context.directory.route(
            ticket.leaf, ticket.place, ticket.about, at.date(), ticket.recused
        )
        # Who is complained of does not get it: then it waits for a person.
        if route.known and reachable(route.lead, ticket) and route.lead not in ticket.recused:
            return Command("dispatch", SYSTEM, at, {"org": route.lead, "duty": route.duty})
    if ticket.is_open and not ticket.group and context.neighbours.is_group(ticket):
        many = households(ticket)
        return Command("group", SYSTEM, at, {"households": many if many > 1 else None})
    if "problem" in ticket.flags and ticket.supervision_level < 3 and ticket.is_open:
        text = f"重办{ticket.rework_round}次、流转{ticket.transfers}次，自动提级督办"
        return Command("supervise", SYSTEM, at, {"level": "3", "text": text})
    return risks.rule_command(ticket, context, at)


def asks_by_itself(ticket: Ticket, rules: Rules) -> bool:
    """Say whether the dialogue marks what is missing as it files, and the clock waits for it.

    What cannot wait goes to a person at once, as it is (``data/workflow.yml``, ``intake``).
    """
    return ticket.state is State.SUBMITTED and ticket.priority in rules.asked_at_filing


def ready(ticket: Ticket, context: Context, on: date) -> bool:
    """Say whether a ticket has all that accepting needs: matter known, place known if it matters.

    A spot in no compound is known by its words where the directory says so (``anywhere``).
    """
    leaf = context.leaf(ticket)
    if leaf is None or ticket.incomplete:
        return False
    if not leaf.place or ticket.place.grid_id is not None:
        return True
    route = context.directory.route(ticket.leaf, ticket.place, ticket.about, on, ticket.recused)
    return route.anywhere and ticket.described


def reachable(org: str, ticket: Ticket) -> bool:
    """Say whether it is clear which grid or clerk desk is meant."""
    if org == "grid":
        return ticket.place.grid_id is not None
    return org != "community" or ticket.place.community_id is not None
