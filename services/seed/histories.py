"""Made-up histories of tickets for load and demonstration, by the real rules. Pure.

People and the clock act through the ticket core (``decide``, ``fold``): what is refused there does not
happen here. Who does what how often is a rough picture of a street office, not a measurement.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from services.metrics.score import Score, advance
from services.tickets.core import decide, fold, timing
from services.tickets.core.actor import Actor, Role, resident
from services.tickets.core.commands import Command, Contact, CreateTicket
from services.tickets.core.context import Context, Person, Refusal
from services.tickets.core.event import Event
from services.tickets.core.frozen import changed
from services.tickets.core.kinds import Kind
from services.tickets.core.leaves import Leaf
from services.tickets.core.location import Location
from services.tickets.core.states import State
from services.tickets.core.ticket import Ticket

MOST_STEPS = 60
"""Events of people after which a history is left as it is."""
HOUR = 60.0
CHANNELS: Mapping[str, int] = {
    "wechat": 50, "web": 18, "phone": 14, "import12345": 8, "counter": 5, "patrol": 5,
}  # fmt: skip
OPENINGS = ("你好，", "麻烦问一下，", "请问，", "", "", "", "社区的同志，")
TROUBLES = (
    "{title}，已经{days}天了，麻烦来人看看",
    "反映一下{title}，老人出门不方便，希望尽快处理",
    "还是{title}的事，上次说修好了，没过{days}天又这样",
    "{title}，打过{days}次电话没人管",
    "楼里好几户都说{title}，能不能尽快解决",
)
QUESTIONS = (
    "想办{title}，需要带什么材料",
    "{title}怎么办理，家里老人腿脚不好能不能代办",
    "咨询{title}，跑了{days}趟没办成",
)
REPLIES = (
    "已到现场处理好",
    "更换配件后恢复正常",
    "已清理干净，并安排每周巡查",
    "材料已收齐，办理完毕",
)


@dataclass(frozen=True)
class World:
    """What histories are made of.

    Attributes:
        places: Where tickets can be about; the room is left out.
        staff: Those who act, by role; ``handler`` and ``vendor`` act for whichever unit has it.
        names: Names of staff by id.
        household: Keyed hash of a door, in letters.
    """

    context: Context
    places: Sequence[Location]
    staff: Mapping[str, Sequence[Actor]]
    names: Mapping[str, str]
    household: Callable[[str], str]


@dataclass(frozen=True)
class History:
    """One ticket with all that happened to it, what counts of it, and who reported it."""

    ticket: Ticket
    events: tuple[Event, ...]
    score: Score | None
    contact: Contact
    room: str


Who = Mapping[str, Actor]
"""Those who act on a ticket: a name of their role, ``owner`` and ``resident``."""
Step = tuple[float, Actor, str, dict[str, Any]]
"""Minutes later (on average), who, what, with which facts."""


def history(
    rng: random.Random, world: World, number: str, at: datetime, until: datetime
) -> History:
    """Return what happened to a ticket filed at a time, as far as it had happened by another."""
    request, place, room = _request(rng, world)
    household = world.household(f"home:{place.building_id}:{place.unit or ''}:{room}")
    reporter = {
        "role": "patrol" if request.channel == "patrol" else "self",
        "name": f"{(request.contact or Contact()).name}"[:1] + "**",
        "phone": f"{(request.contact or Contact()).phone}"[:3] + "****",
    }
    actor = resident(str(request.conversation_id))
    code = f"{rng.randrange(1_000_000):06d}"
    first = decide.submit(
        number, code, request, actor, at, place, reporter, world.context, household
    )
    ticket, events = fold.apply(Ticket(), first), [first]
    score = advance(None, first, ticket)
    for event, after in _goes_on(rng, world, ticket, until):
        ticket = after
        events.append(event)
        score = advance(score, event, ticket)
    return History(ticket, tuple(events), score, request.contact or Contact(), room)


def _request(rng: random.Random, world: World) -> tuple[CreateTicket, Location, str]:
    leaf: Leaf = rng.choice(_reported(world.context))
    place = rng.choice(world.places) if leaf.place or rng.random() < 0.7 else Location()
    said = rng.choice(TROUBLES if leaf.physical or leaf.kind is Kind.COMPLAINT else QUESTIONS)
    where = f"{place.public_text}" if rng.random() < 0.6 else ""
    text = rng.choice(OPENINGS) + where + said.format(title=leaf.title, days=rng.randint(2, 9))
    door = f"{rng.randint(1, 6)}0{rng.randint(1, 3)}"
    person = rng.randrange(40_000)
    request = CreateTicket(
        conversation_id=f"seed-{person:05d}",
        resident_id=f"seed-r{person:05d}" if person % 3 else None,
        channel=rng.choices([*CHANNELS], [*CHANNELS.values()])[0],
        leaf=None if rng.random() < 0.04 else leaf.id,
        narrative=text,
        confidential=rng.random() < 0.01,
        incomplete=rng.random() < 0.03,
        contact=Contact(
            name=rng.choice("王李张刘陈杨赵黄周吴") + rng.choice("阿姨 先生 女士 大爷".split()),
            phone=f"1380000{rng.randrange(10_000):04d}",
        ),
    )
    return request, place, door


def _reported(context: Context) -> Sequence[Leaf]:
    """What is reported: appointments take places of a day and are left out; repairs come often."""
    leaves = [leaf for leaf in context.leaves.values() if leaf.kind is not Kind.BOOKING]
    return [leaf for leaf in leaves for _ in range(4 if leaf.physical else 1)]


Happened = tuple[Event, Ticket]
"""An event and the ticket after it."""


def _goes_on(
    rng: random.Random, world: World, ticket: Ticket, until: datetime
) -> Iterator[Happened]:
    """Yield what rules, people and the clock do, in the order of time."""
    at = ticket.created_at
    assert at is not None  # it has been submitted
    for _ in range(MOST_STEPS):
        for event, after in _ruled(world, ticket, at):
            ticket = after
            yield event, ticket
        step = _next(rng, world, ticket)
        later = until if step is None else at + timedelta(minutes=_wait(rng, step[0]))
        for event, after in _clock(world, ticket, min(later, until)):
            ticket = after
            yield event, ticket
        if step is None or later > until:
            return
        at = max(later, ticket.updated_at or later)
        _, actor, action, facts = step
        made = _decided(world, ticket, Command(action, actor, at, facts))
        if made is not None:
            ticket = fold.apply(ticket, made)
            yield made, ticket


def _ruled(world: World, ticket: Ticket, at: datetime) -> Iterator[Happened]:
    while (command := decide.follow_up(ticket, world.context, at)) is not None:
        event = _decided(world, ticket, command)
        assert event is not None, (command, ticket)  # a rule's own command is never refused
        ticket = fold.apply(ticket, event)
        yield event, ticket


def _wait(rng: random.Random, minutes: float) -> float:
    """Most wait less than the average, a few much longer."""
    return 1 + rng.expovariate(1 / minutes)


def _clock(world: World, ticket: Ticket, until: datetime) -> Iterator[Happened]:
    while (at := timing.wake_at(ticket)) is not None and at < until:
        at = max(at, ticket.updated_at or at) + timedelta(seconds=1)
        command = timing.next_command(ticket, at)
        event = None if command is None else _decided(world, ticket, command)
        if event is None:
            return
        ticket = fold.apply(ticket, event)
        yield event, ticket


def _decided(world: World, ticket: Ticket, command: Command) -> Event | None:
    context = world.context
    if command.action == "sign":
        id, org = command.actor.id, command.actor.org_id or ""
        context = changed(context, {"person": Person(id, world.names.get(id, id), org)})
    made = decide.decide(ticket, command, context)
    return None if isinstance(made, Refusal) else made


def _next(rng: random.Random, world: World, ticket: Ticket) -> Step | None:
    """Return what people do next to a ticket; ``None``: nothing more."""
    who = _who(world, ticket)
    if ticket.is_open and ticket.state is not State.RESOLVED:
        anytime = _anytime(who, rng.random())
        if anytime is not None:
            return anytime
    does = NEXT.get(ticket.state)
    return None if does is None else does(rng, world, ticket, who)


def _anytime(who: Who, dice: float) -> Step | None:
    if dice < 0.015:
        return 20 * HOUR, who["resident"], "withdraw", {"reason": "自己解决了"}
    if dice < 0.03:
        return 30 * HOUR, who["resident"], "urge", {"text": "请问什么时候能办"}
    if dice < 0.04:
        return 5 * HOUR, who["clerk"], "note", {"text": "已电话催办承办单位"}
    return None


def _who(world: World, ticket: Ticket) -> Who:
    org = ticket.owner_org or "street"
    unit = world.context.units.get(org)
    role: Role = {
        "grid": "grid",
        "community": "clerk",
        "vendor": "vendor",
        "property": "vendor",
    }.get(  # type: ignore[assignment]
        unit.kind if unit else "", "handler"
    )
    found = {name: world.staff[name][0] for name in world.staff}
    here = [
        a for a in world.staff.get(role, ())
        if a.org_id == org and (role != "grid" or ticket.place.grid_id in a.grid_ids)
    ]  # fmt: skip
    found["owner"] = here[0] if here else Actor("staff", f"{org}-1", role, org)
    found["resident"] = resident(str(ticket.conversation_id))
    return found


def _intake(rng: random.Random, world: World, ticket: Ticket, who: Who) -> Step:
    dice = rng.random()
    if dice < 0.25 and not ticket.info_rounds:
        return 3 * HOUR, who["clerk"], "need_info", {"items": ["具体在哪里", "什么时候开始的"]}
    if dice < 0.45:
        facts = {
            "reason": "beyond_duty",
            "explanation": "属于商业服务",
            "redirect": "可以找家政公司",
        }
        return 4 * HOUR, who["clerk"], "not_accept", facts
    facts = {} if ticket.leaf else {"leaf": rng.choice(_reported(world.context)).id}
    return 3 * HOUR, who["clerk"], "accept", facts


def _answers(rng: random.Random, world: World, ticket: Ticket, who: Who) -> Step:
    return 15 * HOUR, who["resident"], "supplement", {"text": "补充：就在楼门口"}


def _dispatches(rng: random.Random, world: World, ticket: Ticket, who: Who) -> Step:
    return 3 * HOUR, who["dispatcher"], "dispatch", {"org": "urban", "basis": "街道派单"}


def _takes(rng: random.Random, world: World, ticket: Ticket, who: Who) -> Step:
    if rng.random() < 0.04:
        return HOUR / 2, who["owner"], "object", {"basis": "不在职责清单内"}
    return 2 * HOUR, who["owner"], "sign", {}


def _adjudicates(rng: random.Random, world: World, ticket: Ticket, who: Who) -> Step:
    facts = {"decision": "reject", "basis": "职责清单第3条"}
    return 5 * HOUR, who["dispatcher"], "decide_objection", facts


def _works(rng: random.Random, world: World, ticket: Ticket, who: Who) -> Step:
    owner, dice = who["owner"], rng.random()
    if owner.role != "vendor" and ticket.first_contact_at is None:
        return 4 * HOUR, owner, "contact", {"way": "phone", "result": "reached"}
    if dice < 0.04:
        longer = {"decision": "approve", "days": 1, "reason": "等配件"}
        return 3 * HOUR, who["supervisor"], "extend", longer
    if dice < 0.06 and ticket.updated_at is not None:
        again = (ticket.updated_at + timedelta(days=12)).date().isoformat()
        stands = {"decision": "approve", "reason": "parts", "explanation": "等配件到货",
                  "plan": "到货就修", "review_date": again}  # fmt: skip
        return 5 * HOUR, who["supervisor"], "suspend", stands
    if dice < 0.07:
        return 9 * HOUR, who["supervisor"], "supervise", {"level": "1", "text": "请抓紧办理"}
    if dice < 0.08:
        gone = {"ground": "gone", "explanation": "诉求事项已不存在"}
        return 30 * HOUR, who["dispatcher"], "terminate", gone
    outcome = "explained" if rng.random() < 0.15 else "solved"
    done = {"outcome": outcome, "reply": rng.choice(REPLIES), "explanation": "按政策解释清楚了",
            "evidence": [f"seed-{rng.randrange(10**9)}"]}  # fmt: skip
    return 35 * HOUR, owner, "resolve", done


def _goes_back(rng: random.Random, world: World, ticket: Ticket, who: Who) -> Step:
    return 200 * HOUR, who["supervisor"], "resume", {}


def _asked(rng: random.Random, world: World, ticket: Ticket, who: Who) -> Step:
    dice = rng.random()
    if sum(c.get("result") == "no_answer" for c in ticket.callbacks) >= 3:
        return (
            9 * HOUR,
            who["callback"],
            "close",
            {"reason": "三次回访没有接通", "notice": "message"},
        )
    if dice < 0.72:
        score = rng.choices((5, 4, 3, 2, 1), (55, 25, 12, 5, 3))[0]
        asked = who["resident"] if rng.random() < 0.6 else who["callback"]
        return 20 * HOUR, asked, "callback", {"result": "solved", "score": score}
    if dice < 0.82:
        facts = {"result": "unsolved", "score": 1, "text": "又坏了"}
        return 20 * HOUR, who["resident"], "callback", facts
    return 30 * HOUR, who["callback"], "callback", {"result": "no_answer"}


def _afterwards(rng: random.Random, world: World, ticket: Ticket, who: Who) -> Step | None:
    dice = rng.random()
    if dice < 0.01:
        return 90 * HOUR, who["resident"], "reject", {"text": "没过几天又坏了"}
    if dice < 0.03 and not ticket.audits:
        return 200 * HOUR, who["auditor"], "audit", {"finding": "genuine", "text": "电话核实属实"}
    if dice < 0.06 and ticket.rating is None:
        return 60 * HOUR, who["resident"], "rate", {"score": 5}
    return None


def _second_look(rng: random.Random, world: World, ticket: Ticket, who: Who) -> Step | None:
    if ticket.review_due_at is None:
        return None
    facts = {"decision": "uphold", "explanation": "复核过，确实不归我们管"}
    return 10 * HOUR, who["dispatcher"], "review", facts


NEXT: Mapping[State, Callable[[random.Random, World, Ticket, Who], Step | None]] = {
    State.SUBMITTED: _intake,
    State.NEED_INFO: _answers,
    State.ACCEPTED: _dispatches,
    State.DISPATCHED: _takes,
    State.OBJECTED: _adjudicates,
    State.ACTIVE: _works,
    State.REWORK: _works,
    State.SUSPENDED: _goes_back,
    State.RESOLVED: _asked,
    State.CLOSED: _afterwards,
    State.NOT_ACCEPTED: _second_look,
    State.TERMINATED: _second_look,
}
"""What people do to a ticket in a state, of itself; a state that is not here is the end."""
