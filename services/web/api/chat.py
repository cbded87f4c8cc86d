"""Chat API for residents: sessions, messages, photos, history, event stream."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

from aiohttp import web
from aiohttp.multipart import BodyPartReader
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from services.channels.types import Exchange, Incoming
from services.web.api.chat_answers import (
    ExchangeAnswer,
    HistoryAnswer,
    SessionAnswer,
    SessionSettings,
    UploadAnswer,
)
from services.web.auth import client_address, still_allowed
from services.web.keys import CONVERSATION, SERVICES
from services.web.routing import Routes
from services.web.validation import Unfilled
from services.words import piece, refusal

routes = Routes("对话")

MAX_TEXT = 2000
_CLIENT_ID = re.compile(r"[\x21-\x7e]{1,100}")
_REPLACED_BY_NOTHING = re.compile("\x00")


def storable(text: str) -> str:
    """Return text that every database can hold: no NUL, no half of a surrogate pair."""
    return _REPLACED_BY_NOTHING.sub("", text).encode("utf-8", "replace").decode().strip()


Words = Annotated[str, AfterValidator(storable)]


class NewSession(BaseModel):
    """Where the resident is and whether large type and short sentences are wanted."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"channel": "web", "elder": False}]})

    channel: Literal["web", "kiosk"] = "web"
    elder: bool = False


class SessionChange(BaseModel):
    """Settings of a session that a resident may change."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"elder": True}]})

    elder: bool


class NewMessage(BaseModel):
    """One message; ``type`` decides which of the other fields is needed."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"client_message_id": "m-1", "type": "text", "text": "楼道灯坏了"}]
        }
    )

    client_message_id: str
    type: Literal["text", "payload", "location", "attachment"] = "text"
    text: Words = Field("", max_length=MAX_TEXT)
    payload: Words = Field("", max_length=MAX_TEXT)
    lat: float | None = Field(None, ge=-90, le=90)
    lng: float | None = Field(None, ge=-180, le=180)
    label: Words = Field("", max_length=200)
    attachment_id: str | None = Field(None, max_length=40)

    @model_validator(mode="after")
    def _complete(self) -> NewMessage:
        if not _CLIENT_ID.fullmatch(self.client_message_id):
            raise ValueError("client_message_id: 1-100 ASCII characters")
        if self.type == "text" and not self.text:
            raise Unfilled(piece("refused.nothing_written"))
        missing = {
            "payload": not self.payload,
            "location": self.lat is None or self.lng is None,
            "attachment": not self.attachment_id,
        }
        if missing.get(self.type):
            raise ValueError(f"{self.type}: missing")
        return self

    def incoming(self) -> Incoming:
        """Return the message with only the fields of its type."""
        match self.type:
            case "text":
                return Incoming(self.client_message_id, "text", text=self.text)
            case "payload":
                return Incoming(self.client_message_id, "payload", payload=self.payload)
            case "location":
                place = {"lat": self.lat, "lng": self.lng, "label": self.label}
                return Incoming(self.client_message_id, "location", text=self.label, location=place)
            case "attachment":
                return Incoming(
                    self.client_message_id,
                    "attachment",
                    text=self.text,
                    attachment_id=self.attachment_id,
                )


class Feedback(BaseModel):
    """What the resident thinks of an answer."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"kind": "off_topic"}]})

    kind: Literal["off_topic", "useful"]


class HistoryQuery(BaseModel):
    """``after`` is a message's ``seq``; omitted: the newest messages."""

    after: int = Field(-1, ge=-1, lt=2**31)
    limit: int = Field(200, ge=1, le=500)


@routes.post(
    "/api/v1/chat/sessions",
    auth="public",
    body=NewSession,
    response=SessionAnswer,
    status=201,
    cross_origin=True,
    summary="开始一次对话",
)
async def open_session(request: web.Request, body: NewSession) -> dict[str, Any]:
    """Issue a session token and greet."""
    session = await request.app[SERVICES].channels.open_session(
        body.channel, body.elder, client_address(request)
    )
    return {
        "session_id": session.session_id,
        "token": session.token,
        "messages": [m.body() for m in session.messages],
        "mode": "bot",
    }


@routes.patch(
    "/api/v1/chat/sessions",
    auth="resident",
    body=SessionChange,
    response=SessionSettings,
    cross_origin=True,
    summary="切换长辈模式",
)
async def change_session(request: web.Request, body: SessionChange) -> dict[str, Any]:
    """Switch the elder mode."""
    conversation_id = request[CONVERSATION]
    await request.app[SERVICES].channels.set_elder(conversation_id, body.elder)
    return {"session_id": conversation_id, "elder": body.elder}


@routes.post(
    "/api/v1/chat/messages",
    auth="resident",
    body=NewMessage,
    response=ExchangeAnswer,
    cross_origin=True,
    summary="发一条消息，取得回答",
)
async def post_message(request: web.Request, body: NewMessage) -> dict[str, Any]:
    """Keep the message and return its answers."""
    channels = request.app[SERVICES].channels
    return (await channels.post(request[CONVERSATION], body.incoming())).body()


@routes.post(
    "/api/v1/chat/messages/{id}/feedback",
    auth="resident",
    body=Feedback,
    response=ExchangeAnswer,
    cross_origin=True,
    summary="说一条回答有用，或者答非所问",
)
async def feedback(request: web.Request, body: Feedback) -> dict[str, Any]:
    """Note it; where the answer missed, thank and offer a person."""
    channels = request.app[SERVICES].channels
    told = channels.off_topic if body.kind == "off_topic" else channels.useful
    return (await told(request[CONVERSATION], request.match_info["id"])).body()


@routes.post(
    "/api/v1/chat/attachments",
    auth="resident",
    upload={"file": "照片：JPEG、PNG、WebP……"},
    response=UploadAnswer,
    status=201,
    cross_origin=True,
    summary="上传一张照片（multipart）",
)
async def add_attachment(request: web.Request) -> dict[str, Any]:
    """Store the first file of the form."""
    channels = request.app[SERVICES].channels
    stored = await channels.add_attachment(request[CONVERSATION], uploaded(request))
    return stored.body()


@routes.get(
    "/api/v1/chat/attachments/{id}",
    auth="resident",
    media="image/*",
    cross_origin=True,
    summary="看自己发的照片",
)
async def own_attachment(request: web.Request) -> web.StreamResponse:
    """Return a photo of this conversation."""
    channels = request.app[SERVICES].channels
    found = await channels.attachment(request.match_info["id"])
    if found.conversation_id != request[CONVERSATION]:
        raise refusal("attachment_not_found", 404)
    return web.FileResponse(channels.uploads / found.path, headers={"Content-Type": found.mime})


@routes.get(
    "/api/v1/chat/history",
    auth="resident",
    query=HistoryQuery,
    response=HistoryAnswer,
    cross_origin=True,
    summary="以前说过的话",
)
async def history(request: web.Request, query: HistoryQuery) -> dict[str, Any]:
    """Return messages, oldest first, with the resident's own."""
    channels = request.app[SERVICES].channels
    found = await channels.history(request[CONVERSATION], query.after, query.limit)
    conversation = await channels.conversation(request[CONVERSATION])
    return {**found.body(), "elder": conversation.elder}


@routes.get(
    "/api/v1/chat/events",
    auth="resident",
    media="text/event-stream",
    cross_origin=True,
    summary="之后到的消息（text/event-stream，Last-Event-ID 续传）",
)
async def events(request: web.Request) -> web.StreamResponse:
    """Stream messages; the event id is the message's ``seq``."""
    after = last_event_id(request)
    response = web.StreamResponse(
        headers={
            "Content-Type": "text/event-stream; charset=utf-8",
            "Cache-Control": "no-store",
            # Proxies must not collect a stream before passing it on.
            "X-Accel-Buffering": "no",
        }
    )
    await response.prepare(request)
    stream = request.app[SERVICES].channels.events(request[CONVERSATION], after)
    try:
        async for part in stream:
            if not await still_allowed(request, heartbeat=part is None):
                break
            await response.write(b": \n\n" if part is None else _sse(part))
    except ConnectionResetError:
        pass  # the resident went away; nothing is lost, the next stream goes on from its last id
    finally:
        await stream.aclose()
    return response


def _sse(part: Exchange) -> bytes:
    """Return a part of the stream: its mode first, then its messages with their numbers."""
    first = part.messages[0].seq - 1 if part.messages else part.last_seq
    blocks = [_block("mode", first, part.mode_body())]
    for message in part.messages:
        if message.sender != "resident":
            blocks.append(_block("message", message.seq, message.body()))
    return "".join(blocks).encode()


def _block(event: str, seq: int, data: dict[str, Any]) -> str:
    return f"id: {seq}\nevent: {event}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"


def last_event_id(request: web.Request) -> int | None:
    """Return where a stream goes on, None when the request does not say (readably)."""
    given = request.headers.get("Last-Event-ID") or request.query.get("after", "")
    # More digits than a number of ours can have are not worth parsing.
    return int(given) if given.isascii() and given.isdigit() and len(given) < 10 else None


async def uploaded(request: web.Request) -> AsyncIterator[bytes]:
    """Yield the first file of a multipart body."""
    if not request.content_type.startswith("multipart/"):
        raise refusal("multipart_required", 415)
    try:
        reader = await request.multipart()
        while (part := await reader.next()) is not None:
            if isinstance(part, BodyPartReader) and part.filename:
                while chunk := await part.read_chunk(64 * 1024):
                    yield chunk
                return
    except ValueError as e:
        raise refusal("bad_multipart", 400) from e
    raise refusal("file_missing")


def setup(app: web.Application) -> None:
    """Add the routes; event streams end when the server stops, or it would wait for them."""
    routes.setup(app)

    async def stop(app: web.Application) -> None:
        await app[SERVICES].channels.stop_streams()

    app.on_shutdown.append(stop)
