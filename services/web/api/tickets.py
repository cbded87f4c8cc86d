"""Tickets for staff: list, read, file, and one endpoint for every workflow action."""

from __future__ import annotations

from typing import Any

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from services.tickets.core.commands import CreateTicket
from services.web.auth import actor_of
from services.web.keys import SERVICES, STAFF
from services.web.routing import Routes, idempotency_key

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
    mine: bool = False
    cursor: str | None = Field(None, max_length=200)
    limit: int = Field(50, ge=1, le=200)


class ActionBody(BaseModel):
    """``version`` the caller has seen, beside the fields that the action asks for."""

    model_config = ConfigDict(extra="allow")

    version: int = Field(ge=0, description="看到的版本号；不是最新的会被拒绝")


@routes.get("/api/v1/tickets", auth="staff", query=ListQuery, summary="工单列表，最急的在前")
async def listing(request: web.Request, query: ListQuery) -> dict[str, Any]:
    """Return the tickets in the caller's scope."""
    filters = {k: v for k, v in query.model_dump().items() if v not in (None, "")}
    return await request.app[SERVICES].tickets.list(actor_of(request[STAFF]), **filters)


@routes.post(
    "/api/v1/tickets",
    auth="staff:grid,clerk,supervisor",
    body=CreateTicket,
    status=201,
    idempotency_key=True,
    summary="替居民登记一件诉求",
)
async def create(request: web.Request, body: CreateTicket) -> dict[str, Any]:
    """File a ticket at the counter or on patrol."""
    key, staff = idempotency_key(request), request[STAFF]
    services = request.app[SERVICES]
    if body.conversation_id is not None:
        # A ticket opens a conversation's photos and tells its resident of every change.
        await services.channels.handoff_of(actor_of(staff), body.conversation_id)
    # Whose it is and what the model understood are known by the dialogue alone.
    body = body.model_copy(update={"resident_id": None, "nlu": None})
    if "channel" not in body.model_fields_set:
        body = body.model_copy(update={"channel": "patrol" if staff.role == "grid" else "counter"})
    # The key belongs to who sent it: two clerks' first tickets of the day may both be number 1.
    return await services.tickets.create(body, actor_of(staff), f"staff:{staff.id}:{key}")


@routes.get(TICKET, auth="staff", summary="一件工单；角色不该看的遮住或不给")
async def get(request: web.Request) -> dict[str, Any]:
    """Return one ticket."""
    number = request.match_info["ticket_no"]
    return await request.app[SERVICES].tickets.get(number, actor_of(request[STAFF]))


@routes.get(TICKET + "/events", auth="staff", summary="办理经过")
async def events(request: web.Request) -> dict[str, Any]:
    """Return the timeline."""
    number = request.match_info["ticket_no"]
    found = await request.app[SERVICES].tickets.events(number, actor_of(request[STAFF]))
    return {"events": found}


@routes.get(TICKET + "/actions", auth="staff", summary="我现在能做什么，各要填什么")
async def allowed(request: web.Request) -> dict[str, Any]:
    """Return the actions open to the caller."""
    number = request.match_info["ticket_no"]
    found = await request.app[SERVICES].tickets.allowed_actions(number, actor_of(request[STAFF]))
    return {"actions": found}


@routes.post(
    TICKET + "/actions/{action}",
    auth="staff",
    body=ActionBody,
    summary="办一步：受理、派单、签收、办结……",
)
async def act(request: web.Request, body: ActionBody) -> dict[str, Any]:
    """Do one action of the workflow."""
    return await request.app[SERVICES].tickets.act(
        request.match_info["ticket_no"],
        request.match_info["action"],
        dict(body.model_extra or {}),
        actor_of(request[STAFF]),
        body.version,
    )
