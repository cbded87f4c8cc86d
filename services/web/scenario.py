"""What test mode makes: tickets that walk the real workflow to a state, residents with a home.

Nothing is written past the services: a ticket in ``RESOLVED`` was accepted, dispatched, signed and
resolved by somebody who may, with events for each step.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import datetime, timedelta
from typing import Any, Literal, cast, get_args

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator
from sqlalchemy import select

from services.channels.tables import ConversationRow, MessageRow
from services.clock import Clock
from services.context import Services
from services.errors import LindaError
from services.outbox import OutboxRow
from services.people.model import Home, Staff
from services.people.model import Role as StaffRole
from services.tickets.core.actor import SYSTEM, Actor, resident
from services.tickets.core.actor import Role as ActorRole
from services.tickets.core.commands import CreateTicket
from services.tickets.core.states import State
from services.tickets.core.workflow import lines
from services.tickets.service import TicketService
from services.web import steps
from services.web.auth import actor_of

StateName = Literal[
    "SUBMITTED", "NEED_INFO", "HANDED_OFF", "NOT_ACCEPTED", "MERGED", "ACCEPTED", "DISPATCHED",
    "OBJECTED", "ACTIVE", "SUSPENDED", "RESOLVED", "REWORK", "CLOSED", "WITHDRAWN", "TERMINATED",
]  # fmt: skip

WAY: dict[str, tuple[str, ...]] = {
    "SUBMITTED": (),
    "NEED_INFO": ("need_info",),
    "HANDED_OFF": ("hand_off",),
    "NOT_ACCEPTED": ("not_accept",),
    "MERGED": ("merge",),
    "ACCEPTED": ("accept",),
    "DISPATCHED": ("accept", "dispatch"),
    "OBJECTED": ("accept", "dispatch", "object"),
    "ACTIVE": ("accept", "dispatch", "sign"),
    "SUSPENDED": ("accept", "dispatch", "sign", "suspend"),
    "RESOLVED": ("accept", "dispatch", "sign", "contact", "resolve"),
    "REWORK": ("accept", "dispatch", "sign", "contact", "resolve", "unsolved"),
    "CLOSED": ("accept", "dispatch", "sign", "contact", "resolve", "solved"),
    "WITHDRAWN": ("withdraw",),
    "TERMINATED": ("accept", "dispatch", "sign", "terminate"),
}
"""Steps from SUBMITTED to each state; those already taken by automatic dispatch are left out."""


class Step(BaseModel):
    """One step of a ticket's history. ``role`` or ``actor`` (a staff id) says who takes it.

    What the step asks for stands in ``payload`` or beside it.
    """

    model_config = ConfigDict(extra="allow")

    action: str
    payload: dict[str, Any] = Field(default_factory=dict)
    actor: str | None = Field(None, description="账号；不写按 role 或这一步常见的人")
    role: ActorRole | None = None
    at: AwareDatetime | None = None

    def asked(self) -> dict[str, Any]:
        """Return what the step is asked with, by its own names; what has none stays as it is."""
        given = {**(self.model_extra or {}), **self.payload}
        known, left = steps.understood(self.action, given)
        return known | {name: given[name] for name in left}


class TestTicket(CreateTicket):
    """A ticket's fields, its history and the state it is to end in.

    One that is past dispatch and has no place is about the first community as a whole.

    Fields are understood by the same other names as at the counter; those that nothing sets are
    named in ``unused`` of the answer.
    """

    __test__ = False  # not a test case, whatever its name

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "examples": [
                {
                    "state": "ACTIVE", "leaf": "H6", "narrative": "楼道灯坏了好几天了",
                    "location": {"compound": "幸福小区", "building": "3", "unit": "2"},
                    "contact": {"name": "张桂兰", "phone": "13812345678"},
                }
            ]
        },
    )  # fmt: skip

    state: StateName | None = Field(None, description="走到这个状态；不写停在自动受理派单之后")
    history: list[Step] = Field(default_factory=list)
    created_at: AwareDatetime | None = None
    location: dict[str, Any] | str | None = Field(
        None,
        description="{compound, building, unit, room}、各自的 id、{community, grid}，或一句话；按地名库找到",
    )
    priority: Literal["U0", "U1", "U2", "U3", "U4"] | None = Field(
        None, description="受理时定的紧急程度；不写按规则"
    )
    owner_org: str | None = Field(None, description="派给这个单位；不写按派单目录")
    owner_person: str | None = Field(None, description="派给单位里的这个人")
    merged_into: str | None = Field(None, description="MERGED 并入的工单；不写另建一件")

    @model_validator(mode="before")
    @classmethod
    def _named(cls, data: Any) -> Any:
        return steps.registered(data)

    @property
    def placeless(self) -> bool:
        """Whether it is to be past dispatch, and nobody says where it is about."""
        somewhere = (self.place, self.location, self.address, self.address_text)
        early = BEFORE_DISPATCH | NEVER_ACCEPTED
        return not any(somewhere) and self.state is not None and self.state not in early

    @property
    def decisions(self) -> list[str]:
        """Names of the fields that people decide otherwise than the rules."""
        names = ("priority", "owner_org", "owner_person")
        return [name for name in names if getattr(self, name) is not None]

    @property
    def decided(self) -> dict[str, dict[str, Any]]:
        """What people decide otherwise than the rules, by the step that says it."""
        owner = {"org": self.owner_org, "person": self.owner_person} if self.owner_org else {}
        found: dict[str, dict[str, Any]] = {
            "accept": {"priority": self.priority},
            "dispatch": owner,
        }
        return {a: {k: v for k, v in p.items() if v} for a, p in found.items() if any(p.values())}


class TestResident(BaseModel):
    """A resident; ``home`` as words or as parts."""

    __test__ = False

    model_config = ConfigDict(extra="forbid")

    name: str | None = Field(None, max_length=60)
    phone: str | None = Field(None, max_length=20)
    home: dict[str, Any] | str | None = None
    contact_pref: str | None = Field(None, max_length=40)
    session_id: str | None = Field(None, description="会话编号：连上它")
    conversation_id: str | None = None


class StepClock(Clock):
    """The shared clock, except while a step of the past is taken."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock.test_mode)
        self._shared = clock
        self.at: datetime | None = None

    def now(self) -> datetime:
        """Return the step's time, or the shared present."""
        return self.at or self._shared.now()


NOBODY = "test-resident"
"""Whose a ticket is when the test does not say: somebody has to withdraw or confirm it."""

BEFORE_DISPATCH = frozenset({"SUBMITTED", "NEED_INFO", "NOT_ACCEPTED", "MERGED", "ACCEPTED"})
"""States that rules would lead a ticket out of at once when its matter and place are known."""


NEVER_ACCEPTED = frozenset(
    {"SUBMITTED", "NEED_INFO", "HANDED_OFF", "NOT_ACCEPTED", "MERGED", "WITHDRAWN"}
)
"""States that a ticket comes to without anybody deciding on priority or unit."""

MOST_TRIES = 10
"""How often a step is tried while the worker changes the ticket, too."""


class Walk:
    """Takes one ticket through its steps, by rule and by people as in real life.

    Args:
        services: The services of the process.
        held: Nothing happens by rule, so that the ticket can stop before it is dispatched.
        decided: What people decide otherwise than the rules (:attr:`TestTicket.decided`).
        parent: The ticket that this one is merged into.
    """

    def __init__(
        self,
        services: Services,
        held: bool,
        decided: Mapping[str, dict[str, Any]] | None = None,
        parent: str | None = None,
    ) -> None:
        self._services = services
        self._decided, self._parent = decided or {}, parent
        self._clock = StepClock(services.clock)
        self._resident = NOBODY
        self._by_rule = not held
        self._tickets = TicketService(
            services.settings, services.db, self._clock, services.places, services.people
        )

    async def create(self, wanted: TestTicket) -> str:
        """File the ticket at its time; return its number."""
        self._clock.at = wanted.created_at
        self._resident = wanted.conversation_id or wanted.resident_id or NOBODY
        given = wanted.model_dump(include=set(CreateTicket.model_fields))
        if wanted.location is not None and given.get("place") is None:
            given["place"] = await find_place(self._services, wanted.location)
        elif wanted.placeless:
            # Nobody could have dispatched it without knowing at least where the matter belongs.
            gazetteer = await self._services.places.gazetteer()
            given["place"] = gazetteer.area(gazetteer.communities[0].id, None)
        if self._resident == NOBODY:
            given["resident_id"] = NOBODY
        if wanted.state == "HANDED_OFF":
            given["handed_off"] = True
        request = CreateTicket.model_validate(given)
        view = await self._tickets.create(request, SYSTEM, follow_up=self._by_rule)
        return str(view["ticket_no"])

    async def take(self, number: str, step: Step) -> None:
        """Take one step as somebody who may."""
        self._clock.at = step.at or self._clock.at
        for attempt in range(MOST_TRIES):
            ticket = await self.ticket(number)
            actor = await self._actor(step, ticket)
            try:
                await self._tickets.act(
                    number,
                    step.action,
                    step.asked(),
                    actor,
                    ticket["version"],
                    follow_up=self._by_rule,
                )
                return
            except LindaError as error:
                # The worker may act in between: deadlines of a past that was just made are due now.
                if error.code != "version_conflict" or attempt == MOST_TRIES - 1:
                    raise

    async def decide(self, number: str, stay: bool) -> None:
        """Accept as was decided, and dispatch so; what was not decided happens by rule.

        Args:
            stay: It is accepted and no more.
        """
        self._by_rule = not stay and "dispatch" not in self._decided
        for name in ("accept",) if stay or self._by_rule else ("accept", "dispatch"):
            action, payload = self._usual_step(name, await self.ticket(number))
            await self.take(number, Step(action=action, payload=payload))
        self._by_rule = not stay

    async def ticket(self, number: str) -> dict[str, Any]:
        """Return the ticket as the system sees it."""
        return await self._tickets.get(number, SYSTEM)

    async def go_to(self, number: str, state: StateName) -> None:
        """Take the usual steps that are still to be taken.

        Raises:
            LindaError: 422 ``state_not_reachable`` when the ticket is past that state already.
        """
        for name in WAY[state]:
            ticket = await self.ticket(number)
            if ticket["state"] == state:
                return
            action, payload = self._usual_step(name, ticket)
            step = Step(action=action, payload=payload)
            found = lines(action, State(ticket["state"]), self._role(step, ticket))
            if name == "dispatch" and ticket["owner_org"]:
                continue  # dispatched by rule; once more would be passing it on
            if found:
                await self.take(number, step)
        reached = (await self.ticket(number))["state"]
        if reached != state:
            raise LindaError(
                "state_not_reachable",
                f"工单已经到了 {reached}，走不到 {state}。",
                422,
                {"ticket_no": number, "state": reached},
            )

    def _usual_step(self, name: str, ticket: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """Return the action of a step of ``WAY`` and the least that it asks for."""
        review = self._clock.now().date() + timedelta(days=7)
        steps: dict[str, tuple[str, dict[str, Any]]] = {
            "need_info": ("need_info", {"items": ["请补充具体位置"]}),
            "hand_off": ("hand_off", {"reason": "转法定渠道"}),
            "not_accept": (
                "not_accept",
                {"reason": "beyond_duty", "explanation": "不在受理范围", "redirect": "请到街道窗口咨询"},
            ),
            "merge": ("merge", {"into": self._parent}),
            "accept": ("accept", self._decided.get("accept", {})),
            "dispatch": (
                "dispatch",
                self._decided.get("dispatch") or {"org": ticket.get("owner_org") or "community"},
            ),
            "object": ("object", {"basis": "不在本单位职责清单内"}),
            "sign": ("sign", {}),
            "contact": ("contact", {"way": "phone", "result": "reached"}),
            "suspend": (
                "suspend",
                {
                    "decision": "approve", "reason": "parts", "explanation": "等配件到货",
                    "plan": "配件到货后三天内修好", "review_date": review.isoformat(),
                },
            ),
            "resolve": (
                "resolve",
                {"outcome": "solved", "reply": "已经修好并试用正常。", "evidence_note": "电话核实"},
            ),
            "solved": ("callback", {"result": "solved"}),
            "unsolved": ("callback", {"result": "unsolved", "text": "还是不行"}),
            "withdraw": ("withdraw", {"reason": "不用了"}),
            "terminate": ("terminate", {"ground": "gone", "explanation": "诉求事项已不存在"}),
        }  # fmt: skip
        return steps[name]

    async def _actor(self, step: Step, ticket: dict[str, Any]) -> Actor:
        role = self._role(step, ticket)
        if step.actor is not None:
            return await self._named(step.actor)
        if role == "system":
            return SYSTEM
        if role == "resident":
            return resident(self._resident)
        return await self._staff(role, ticket)

    def _role(self, step: Step, ticket: dict[str, Any]) -> ActorRole:
        owner = self._services.people.org(ticket.get("owner_org") or "")
        owner_role = ROLE_OF_ORG.get(owner.kind, "handler") if owner else "handler"
        return step.role or USUAL_ROLE.get(step.action, owner_role)

    async def _named(self, staff_id: str) -> Actor:
        async with self._services.db.read() as s:
            staff = await self._services.people.staff(s, staff_id)
        if staff is None:
            raise LindaError("staff_not_found", f"没有 {staff_id} 这个账号。", 404)
        return actor_of(staff)

    async def _staff(self, role: ActorRole, ticket: dict[str, Any]) -> Actor:
        """Return staff of the role, of the ticket's unit and grid when the role has these."""
        if role in get_args(StaffRole):
            async with self._services.db.read() as s:
                people = await self._services.people.staff_with_role(s, cast(StaffRole, role))
            if fitting := [p for p in people if _may_work_on(p, ticket)]:
                return actor_of(fitting[0])
        # A unit without an account of its own: its name stands in the history all the same.
        owner, location = ticket.get("owner_org"), ticket.get("location") or {}
        grids = (location["grid_id"],) if location.get("grid_id") else ()
        name = f"test-{owner or role}"
        return Actor("staff", name, role, owner, location.get("community_id"), grids)


def _may_work_on(person: Staff, ticket: dict[str, Any]) -> bool:
    if person.role == "grid":
        grid = (ticket.get("location") or {}).get("grid_id")
        return grid is None or grid in person.grid_ids
    if person.role in ("handler", "vendor", "mediator"):
        return ticket.get("owner_org") in (None, person.org_id)
    community = (ticket.get("location") or {}).get("community_id")
    return person.community_id is None or community in (None, person.community_id)


USUAL_ROLE: dict[str, ActorRole] = {
    **dict.fromkeys(
        (
            "hand_off", "accept", "need_info", "not_accept", "merge", "dispatch",
            "decide_objection", "whistle", "suspend", "supervise", "terminate", "rework",
            "review", "consult", "end_whistle", "rate_whistle", "protect",
        ),
        "dispatcher",
    ),
    **dict.fromkeys(("audit", "exclude", "include", "hold", "release"), "auditor"),
    **dict.fromkeys(("urge", "supplement", "withdraw", "rate", "reject", "callback"), "resident"),
    "close": "callback",
    "deadline": "system",
}  # fmt: skip
"""Who takes a step when the history does not say; all others are the owner's."""

ROLE_OF_ORG: dict[str, ActorRole] = {
    "grid": "grid", "community": "clerk", "vendor": "vendor", "property": "vendor",
}  # fmt: skip
"""Who works for a unit of a kind; handlers for all others. ``data/roles.yml`` (units) says the same."""


async def make_ticket(services: Services, wanted: TestTicket) -> dict[str, Any]:
    """File a ticket, take its history's steps, then the usual ones to the wanted state."""
    parent, decided = wanted.merged_into, wanted.decided
    if wanted.state == "MERGED" and parent is None:
        other = wanted.model_copy(update={"state": None, "history": []})
        parent = str((await make_ticket(services, other))["ticket_no"])
    early = wanted.state in NEVER_ACCEPTED
    held = wanted.state in BEFORE_DISPATCH or (bool(decided) and not early)
    walk = Walk(services, held, decided, parent)
    number = await walk.create(wanted)
    if decided and not early:
        await walk.decide(number, stay=wanted.state == "ACCEPTED")
    for step in wanted.history:
        await walk.take(number, step)
    if wanted.state is not None:
        await walk.go_to(number, wanted.state)
    if wanted.created_at is not None:
        await services.metrics.count_again(number)
    unused = [*(wanted.model_extra or {}), *(wanted.decisions if early else ())]
    ticket = await walk.ticket(number)
    return {**ticket, "unused": unused} if unused else ticket


async def make_resident(services: Services, wanted: TestResident) -> dict[str, Any]:
    """Save a resident and bind the conversation, if one is given."""
    home = await _home(services, wanted.home) if wanted.home else None
    conversation = wanted.session_id or wanted.conversation_id
    async with services.db.write() as s:
        resident = await services.people.save_resident(
            s, name=wanted.name, phone=wanted.phone, home=home, contact_pref=wanted.contact_pref
        )
        if conversation:
            if await s.get(ConversationRow, conversation) is None:
                raise LindaError("conversation_not_found", "没有这个会话。", 404)
            await services.channels.bind_resident(s, conversation, resident.id)
    return {
        "resident_id": resident.id,
        "home": home.as_dict() if home else None,
        "conversation_id": conversation,
    }


NEARER = ("compound", "building", "unit", "room", "place")
"""Parts that say more of a place than its community and grid."""


async def find_place(services: Services, said: dict[str, Any] | str) -> dict[str, Any]:
    """Return the one place that words, parts or ids mean: a door, a building, a whole community.

    A ticket's own ``location`` means the place of that ticket: ``text`` says more than the parts.

    Raises:
        LindaError: 422 ``place_not_found`` when they mean none, or more than one.
    """
    parts: dict[str, Any] = {"text": said} if isinstance(said, str) else dict(said)
    gazetteer = await services.places.gazetteer()
    # GET /api/v1/places gives ids; they may stand where a name may.
    for name, known in (("compound", gazetteer.compound), ("building", gazetteer.building)):
        if parts.get(name) in known:
            parts.setdefault(f"{name}_id", parts[name])
    if parts.get("compound_id") or parts.get("building_id"):
        found = await services.places.locate(
            *(parts.get(k) for k in ("compound_id", "building_id", "unit", "room"))
        )
        if found is not None:
            return asdict(found)
    area = None
    if not any(parts.get(k) for k in NEARER):
        community = parts.get("community_id") or parts.get("community")
        area = gazetteer.area(community, parts.get("grid_id") or parts.get("grid"))
    if area is not None and parts.get("text") in (None, "", area["community"], area["text"]):
        return area
    # A compound is a “community” in what the dialogue understands; of both, the compound is nearer.
    value = {**parts, "community": parts.get("compound") or parts.get("community")}
    resolution = await services.places.resolve(value, str(parts.get("text") or ""))
    if len(resolution.candidates) != 1 or resolution.status == "unknown":
        raise LindaError("place_not_found", "地名库里找不到这个地方。", 422, {"place": said})
    return asdict(resolution.candidates[0])


async def _home(services: Services, said: dict[str, Any] | str) -> Home:
    place = await find_place(services, said)
    if not place.get("compound_id"):
        raise LindaError("place_not_found", "住处要写到小区。", 422, {"home": said})
    return Home(**{f.name: place[f.name] for f in fields(Home)})


async def sent(services: Services, limit: int, conversation_id: str | None) -> dict[str, Any]:
    """Return the newest messages to residents that no answer of the bot is, and the outbox."""
    messages = (
        select(MessageRow, ConversationRow.channel, ConversationRow.resident_id)
        .join(ConversationRow, ConversationRow.id == MessageRow.conversation_id)
        .where(MessageRow.sender.in_(("system", "human")))
    )
    if conversation_id is not None:
        messages = messages.where(MessageRow.conversation_id == conversation_id)
    messages = messages.order_by(MessageRow.created_at.desc(), MessageRow.seq.desc()).limit(limit)
    work = select(OutboxRow).order_by(OutboxRow.id.desc()).limit(limit)
    async with services.db.read() as s:
        told = list(await s.execute(messages))
        rows = list(await s.scalars(work))
    return {
        "messages": [
            {
                "conversation_id": m.conversation_id, "channel": channel,
                "resident_id": resident_id, "seq": m.seq, "from": m.sender,
                "text": m.text, "buttons": m.buttons, "card": m.card, "ticket": m.ticket,
                "created_at": m.created_at.isoformat(),
            }
            for m, channel, resident_id in reversed(told)
        ],
        "outbox": [
            {
                "id": r.id, "topic": r.topic, "key": r.key, "state": r.state,
                "attempts": r.attempts, "payload": r.payload, "last_error": r.last_error,
                "created_at": r.created_at.isoformat(), "not_before": r.not_before.isoformat(),
                "done_at": r.done_at.isoformat() if r.done_at else None,
            }
            for r in reversed(rows)
        ],
    }  # fmt: skip
