"""Staff API for conversations that need a person."""

from __future__ import annotations

from typing import Any, Literal

from aiohttp import web
from pydantic import BaseModel, Field

from services.channels.handoffs import ROLES
from services.people.model import Staff
from services.tickets.core.actor import Actor
from services.web.api.chat import Words
from services.web.keys import SERVICES, STAFF
from services.web.routing import Routes

routes = Routes("转人工")

AUTH = f"staff:{','.join(ROLES)}"


class HandoffQuery(BaseModel):
    """Which hand-offs; omitted: those still open."""

    state: Literal["waiting", "active", "released"] | None = None


class Reply(BaseModel):
    """What a person says to the resident; the same ``client_message_id`` twice is one message."""

    text: Words = Field(min_length=1, max_length=2000)
    client_message_id: str | None = Field(None, max_length=100)


def actor_of(staff: Staff) -> Actor:
    """Return who acts, for the rules of scope."""
    return Actor(
        "staff", staff.id, staff.role, staff.org_id, staff.community_id, tuple(staff.grid_ids)
    )


@routes.get("/api/v1/handoffs", auth=AUTH, query=HandoffQuery, summary="等待人工的对话")
async def listing(request: web.Request, query: HandoffQuery) -> dict[str, Any]:
    """List hand-offs in scope."""
    found = await request.app[SERVICES].channels.handoffs(actor_of(request[STAFF]), query.state)
    return {"handoffs": [h.body() for h in found]}


@routes.get("/api/v1/handoffs/{id}", auth=AUTH, summary="一个对话和它的消息")
async def one(request: web.Request) -> dict[str, Any]:
    """Return one with its messages."""
    channels = request.app[SERVICES].channels
    return (await channels.handoff(actor_of(request[STAFF]), request.match_info["id"])).body()


@routes.post("/api/v1/handoffs/{id}/messages", auth=AUTH, body=Reply, summary="以工作人员身份回话")
async def reply(request: web.Request, body: Reply) -> dict[str, Any]:
    """Say something; the first answer takes the conversation over."""
    found = await request.app[SERVICES].channels.reply(
        actor_of(request[STAFF]), request.match_info["id"], body.text, body.client_message_id
    )
    return found.body()


@routes.post("/api/v1/handoffs/{id}/release", auth=AUTH, summary="交还给机器人")
async def release(request: web.Request) -> dict[str, Any]:
    """Give the conversation back to the bot."""
    channels = request.app[SERVICES].channels
    return (await channels.release(actor_of(request[STAFF]), request.match_info["id"])).body()


setup = routes.setup
