"""Staff API for conversations that need a person."""

from __future__ import annotations

from typing import Any, Literal

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from services.errors import LindaError
from services.people.model import Staff
from services.tickets.core.actor import Actor
from services.web.api.chat import Words
from services.web.api.chat_answers import HandoffAnswer, HandoffsAnswer
from services.web.keys import SERVICES, STAFF
from services.web.routing import Routes

routes = Routes("转人工")

AUTH = "staff:handoffs"


class HandoffQuery(BaseModel):
    """Which hand-offs; omitted: those still open."""

    state: Literal["waiting", "active", "released"] | None = None


class Reply(BaseModel):
    """What a person says to the resident; the same ``client_message_id`` twice is one message."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"text": "我是社区小李，您慢慢说。", "client_message_id": "desk-1"}]
        }
    )

    text: Words = Field(min_length=1, max_length=2000)
    client_message_id: str | None = Field(None, max_length=100)


def actor_of(staff: Staff) -> Actor:
    """Return who acts, for the rules of scope."""
    return Actor(
        "staff", staff.id, staff.role, staff.org_id, staff.community_id, tuple(staff.grid_ids)
    )


@routes.get(
    "/api/v1/handoffs", auth=AUTH, query=HandoffQuery, response=HandoffsAnswer,
    summary="等待人工的对话",
)  # fmt: skip
async def listing(request: web.Request, query: HandoffQuery) -> dict[str, Any]:
    """List hand-offs in scope."""
    found = await request.app[SERVICES].channels.handoffs(actor_of(request[STAFF]), query.state)
    return {"handoffs": [h.body() for h in found]}


@routes.get(
    "/api/v1/handoffs/{id}", auth=AUTH, response=HandoffAnswer, summary="一个对话和它的消息"
)
async def one(request: web.Request) -> dict[str, Any]:
    """Return one with its messages."""
    channels = request.app[SERVICES].channels
    return (await channels.handoff(actor_of(request[STAFF]), request.match_info["id"])).body()


@routes.post(
    "/api/v1/handoffs/{id}/messages", auth=AUTH, body=Reply, response=HandoffAnswer,
    summary="以工作人员身份回话",
)  # fmt: skip
async def reply(request: web.Request, body: Reply) -> dict[str, Any]:
    """Say something; the first answer takes the conversation over."""
    found = await request.app[SERVICES].channels.reply(
        actor_of(request[STAFF]), request.match_info["id"], body.text, body.client_message_id
    )
    return found.body()


@routes.get(
    "/api/v1/handoffs/{id}/photos/{photo}", auth=AUTH, media="image/*", summary="对话里的一张照片"
)  # fmt: skip
async def photo(request: web.Request) -> web.StreamResponse:
    """Return a photo of a conversation, to whoever may see the hand-off."""
    channels, photo = request.app[SERVICES].channels, request.match_info["photo"]
    view = await channels.handoff(actor_of(request[STAFF]), request.match_info["id"])
    if photo not in {m.attachment for m in view.messages}:
        raise LindaError("attachment_not_found", "没有找到这张照片。", 404)
    found = await channels.attachment(photo)
    return web.FileResponse(channels.uploads / found.path, headers={"Content-Type": found.mime})


@routes.post(
    "/api/v1/handoffs/{id}/release", auth=AUTH, response=HandoffAnswer, summary="交还给机器人"
)
async def release(request: web.Request) -> dict[str, Any]:
    """Give the conversation back to the bot."""
    channels = request.app[SERVICES].channels
    return (await channels.release(actor_of(request[STAFF]), request.match_info["id"])).body()


setup = routes.setup
