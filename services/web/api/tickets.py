"""Tickets for staff: list, read, file, and one endpoint for every workflow action."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from aiohttp import web
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from services.errors import LindaError
from services.tickets.core.choices import PRIORITIES
from services.tickets.core.commands import CreateTicket
from services.tickets.core.states import State
from services.tickets.lists import values_of
from services.web import steps
from services.web.api.common import Answer
from services.web.auth import actor_of
from services.web.keys import SERVICES, STAFF
from services.web.routing import Routes, idempotency_key
from services.web.scenario import find_place

routes = Routes("工单")
setup = routes.setup

TICKET = "/api/v1/tickets/{ticket_no}"


class ListQuery(BaseModel):
    """Filters; empty ones do not narrow."""

    model_config = ConfigDict(extra="forbid")

    state: str | None = Field(None, max_length=40)
    leaf: str | None = Field(None, max_length=8)
    grid: str | None = Field(None, max_length=40)
    priority: str | None = Field(None, max_length=4)
    q: str | None = Field(None, max_length=100, description="编号、标题、原话里的字")
    flag: str | None = Field(
        None, max_length=20, description="group, group_unanswered, problem, review_pending, …"
    )
    mine: bool = False
    cursor: str | None = Field(None, max_length=200)
    limit: int = Field(50, ge=1, le=200)

    @field_validator("state", "leaf", "priority")
    @classmethod
    def _code(cls, value: str | None) -> str | None:
        # Codes are capital letters; who writes them small means the same.
        return value.upper() if value else value

    @field_validator("state", "priority")
    @classmethod
    def _known(cls, value: str | None, info: ValidationInfo) -> str | None:
        known = {"state": [*State], "priority": [*PRIORITIES]}[str(info.field_name)]
        if any(v not in known for v in values_of(value)):
            raise ValueError(f"只能是 {'、'.join(known)}")
        return value


class ActionBody(BaseModel):
    """``version`` the caller has seen, beside the fields that the action asks for."""

    model_config = ConfigDict(extra="allow")

    version: int = Field(ge=0, description="看到的版本号；不是最新的会被拒绝")

    @model_validator(mode="before")
    @classmethod
    def _opened(cls, data: Any) -> Any:
        return steps.envelope(data)


class RegisteredTicket(CreateTicket):
    """What somebody of staff writes down; the place as ids, as parts, or as words."""

    model_config = ConfigDict(
        extra="ignore",
        json_schema_extra={
            "examples": [
                {
                    "leaf": "H6", "narrative": "楼道灯坏了好几天了",
                    "contact": {"name": "张桂兰", "phone": "13812345678"},
                    "location": {"compound": "幸福小区", "building": "3", "unit": "2"},
                }
            ]
        },
    )  # fmt: skip

    location: dict[str, Any] | str | None = Field(
        None,
        description="{compound, building, unit, room}、各自的 id、{community, grid}，或一句话；按地名库找到",
    )

    @model_validator(mode="before")
    @classmethod
    def _named(cls, data: Any) -> Any:
        return steps.registered(data)


class StaffTicket(Answer):
    """A ticket as the caller's role may see it: what it may not see is masked or absent."""

    model_config = ConfigDict(extra="allow")

    ticket_no: str
    version: int = Field(description="下一步要带上它")
    state: str
    state_label: str = ""
    kind: str | None = None
    leaf: str | None = None
    priority: str | None = None
    channel: str | None = None
    title: str | None = None
    narrative_original: str | None = None
    gist: str | None = Field(None, description="长的原话概括成的一句，不含地点")
    location: dict[str, Any] | None = Field(
        None, description="community、grid、building、unit、room、text、confidence ……"
    )
    reporter: dict[str, Any] | None = Field(None, description="role、name、phone、contact_pref")
    subject: dict[str, Any] | None = None
    owner_org: str | None = None
    owner_person: str | None = None
    duty: str | None = None
    created_at: datetime | None = None
    sign_due_at: datetime | None = None
    contact_due_at: datetime | None = None
    due_at: datetime | None = None
    due_reason: str | None = None
    due_grace: int = Field(0, description="约定时间过后还算守约的分钟数；过了才算超时")
    rework_round: int = 0
    flags: list[str] = Field(default_factory=list)
    unused: list[str] = Field(default_factory=list, description="这一步没用上的字段名；没有就不给")


class StaffTickets(Answer):
    """A page of tickets, the next due first."""

    tickets: list[StaffTicket]
    next_cursor: str | None


class TimelineActor(Answer):
    """Who did it."""

    model_config = ConfigDict(extra="allow")

    name: str | None


class TimelineEvent(Answer):
    """One event of a ticket."""

    model_config = ConfigDict(extra="allow")

    type: str
    text: str
    at: datetime
    actor: TimelineActor
    data: dict[str, Any]


class Timeline(Answer):
    """The events, the oldest first."""

    events: list[TimelineEvent]


class AskedField(Answer):
    """A fact that a step asks for."""

    name: str
    label: str
    type: str
    required: bool
    options: list[dict[str, str]] | None
    default: Any


class OpenStep(Answer):
    """A step that the caller may take now."""

    action: str
    label_zh: str
    fields: list[AskedField]


class OpenSteps(Answer):
    """The steps that are open to the caller."""

    actions: list[OpenStep]


@routes.get(
    "/api/v1/tickets",
    auth="staff",
    query=ListQuery,
    response=StaffTickets,
    summary="工单列表，最急的在前",
)
async def listing(request: web.Request, query: ListQuery) -> dict[str, Any]:
    """Return the tickets in the caller's scope."""
    services = request.app[SERVICES]
    filters = {k: v for k, v in query.model_dump().items() if v not in (None, "")}
    if query.q:
        # A platform's number finds our ticket too.
        filters["q"] = await services.exchange.own_number(query.q) or query.q
    return await services.tickets.list(actor_of(request[STAFF]), **filters)


@routes.post(
    "/api/v1/tickets",
    auth="staff:register",
    body=RegisteredTicket,
    response=StaffTicket,
    status=201,
    idempotency_key=True,
    summary="替居民登记一件诉求",
)
async def create(request: web.Request, body: RegisteredTicket) -> dict[str, Any]:
    """File a ticket at the counter or on patrol."""
    key, staff = idempotency_key(request), request[STAFF]
    services = request.app[SERVICES]
    if body.conversation_id is not None:
        # A ticket opens a conversation's photos and tells its resident of every change.
        await services.channels.handoff_of(actor_of(staff), body.conversation_id)
    # Whose it is and what the model understood are known by the dialogue alone.
    body = body.model_copy(update={"resident_id": None, "nlu": None, "knowledge_refs": []})
    if "channel" not in body.model_fields_set:
        body = body.model_copy(update={"channel": "patrol" if staff.role == "grid" else "counter"})
    given = body.model_dump(exclude={"location"})
    if body.place is None and body.location:
        given["place"] = await find_place(services, body.location)
    elif body.place is None and body.address_text:
        given["place"] = await services.places.certain(body.address_text)
    wanted = CreateTicket.model_validate(given)
    # The key belongs to who sent it: two clerks' first tickets of the day may both be number 1.
    return await services.tickets.create(wanted, actor_of(staff), f"staff:{staff.id}:{key}")


@routes.get(TICKET, auth="staff", response=StaffTicket, summary="一件工单；角色不该看的遮住或不给")
async def get(request: web.Request) -> dict[str, Any]:
    """Return one ticket."""
    services, staff = request.app[SERVICES], request[STAFF]
    view = await services.tickets.get(request.match_info["ticket_no"], actor_of(staff))
    await services.audit.viewed(staff, f"ticket:{view['ticket_no']}")
    return view


@routes.get(TICKET + "/events", auth="staff", response=Timeline, summary="办理经过")
async def events(request: web.Request) -> dict[str, Any]:
    """Return the timeline."""
    number = request.match_info["ticket_no"]
    found = await request.app[SERVICES].tickets.events(number, actor_of(request[STAFF]))
    return {"events": found}


@routes.get(
    TICKET + "/actions", auth="staff", response=OpenSteps, summary="我现在能做什么，各要填什么"
)
async def allowed(request: web.Request) -> dict[str, Any]:
    """Return the actions open to the caller."""
    number = request.match_info["ticket_no"]
    found = await request.app[SERVICES].tickets.allowed_actions(number, actor_of(request[STAFF]))
    return {"actions": found}


@routes.post(
    TICKET + "/actions/{action}",
    auth="staff",
    body=ActionBody,
    variants=steps.variants,
    response=StaffTicket,
    summary="办一步：受理、派单、签收、办结……",
)
async def act(request: web.Request, body: ActionBody) -> dict[str, Any]:
    """Do one action of the workflow; what of the body it did not need is named in ``unused``."""
    number, action = request.match_info["ticket_no"], request.match_info["action"]
    actor = actor_of(request[STAFF])
    payload, unused = steps.understood(action, body.model_extra or {})
    try:
        view = await request.app[SERVICES].tickets.act(number, action, payload, actor, body.version)
    except LindaError as error:
        raise steps.explained(error, action, actor.role, unused) from None
    return {**view, "unused": unused} if unused else view
