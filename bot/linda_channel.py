"""Rasa's door for the gateway: ``POST /webhooks/linda/webhook?token=…``.

Request and answer are described in docs/architecture.md, “Gateway → Rasa”. What a resident types is
never read as a command; a command is only what the bot itself offered as a button.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import re
from collections.abc import Awaitable, Callable
from typing import Any

from rasa.core.channels.channel import CollectingOutputChannel, InputChannel, UserMessage
from rasa.shared.core.events import BotUttered
from rasa.shared.core.trackers import DialogueStateTracker
from sanic import Blueprint
from sanic.request import Request
from sanic.response import HTTPResponse, json

from bot.action_server import ActionServerAway
from bot.drafts import open_draft
from bot.heard import Turn, turn_of, understood
from bot.settings import internal_token

logger = logging.getLogger(__name__)

Retrieve = Callable[[str], Awaitable["DialogueStateTracker | None"]]
"""Reads a conversation from the tracker store."""

KINDS = ("text", "payload", "attachment", "location")
#: Rasa's own commands: the bot never offers them, so nobody may send them.
_RESERVED = ("/restart", "/back", "/session_start")
_PHOTO = "[图片]"
_PLACE = "[位置]"


class BadRequest(ValueError):
    """The gateway sent something we cannot read; the text says what, in Chinese."""


_TAG = re.compile(r"</?[A-Za-z][^<>]{0,400}>")
"""Markup that was pasted around words; the gateway keeps the message as it came."""


def as_plain_text(text: str) -> str:
    """What was said without tags; a leading slash becomes a full-width one, no command to Rasa."""
    text = _TAG.sub(" ", text).strip() or text.strip()
    return "／" + text[1:] if text.startswith("/") else text


def to_user_message(body: dict[str, Any], output: CollectingOutputChannel) -> UserMessage:
    """The request as Rasa's message.

    A photo or a location without words needs no understanding: it adds to what is being talked
    about, so it arrives as ``supplement_ticket``; the form reads it from the metadata.

    Raises:
        BadRequest: when a field is missing or of the wrong kind.
    """
    sender, kind = body.get("sender"), body.get("kind", "text")
    text, metadata = body.get("text") or "", body.get("metadata") or {}
    if not isinstance(sender, str) or not sender:
        raise BadRequest("缺少会话编号 sender。")
    if kind not in KINDS:
        raise BadRequest("kind 只能是 text、payload、attachment 或 location。")
    if not isinstance(text, str) or not isinstance(metadata, dict):
        raise BadRequest("text 必须是文字，metadata 必须是对象。")
    parse_data = None
    if kind == "payload":
        if not text.startswith("/") or text.split("{")[0].strip() in _RESERVED:
            raise BadRequest("这个按钮不能用。")
    elif kind == "attachment" and not text.strip():
        text, parse_data = _PHOTO, _supplement(_PHOTO, [])
    elif kind == "location" and not text.strip():
        label = str((metadata.get("location") or {}).get("label") or "").strip()
        text = label or _PLACE
        parse_data = _supplement(text, [_place(label)] if label else [])
    else:
        text = as_plain_text(text)
        if not text:
            raise BadRequest("没有收到内容。")
    return UserMessage(
        text,
        output,
        sender,
        parse_data=parse_data,
        input_channel=LindaInput.name(),
        message_id=body.get("message_id"),
        metadata={**metadata, "kind": kind},
    )


def _supplement(text: str, entities: list[dict[str, Any]]) -> dict[str, Any]:
    intent = {"name": "supplement_ticket", "confidence": 1.0}
    return {
        "text": text,
        "intent": intent,
        "intent_ranking": [intent],
        "entities": entities,
        "uncertain": False,
        "readings": [],
    }


def _place(label: str) -> dict[str, Any]:
    return {
        "entity": "address",
        "start": 0,
        "end": len(label),
        "value": {"place": label},
        "text": label,
        "confidence": 0.7,
        "extractor": "LindaInput",
    }


def as_reply(message: dict[str, Any]) -> dict[str, Any]:
    """One message of the bot in the form the gateway reads; empty fields are left out."""
    reply: dict[str, Any] = {}
    for key in ("text", "buttons", "custom", "image", "attachment"):
        if message.get(key):
            reply[key] = message[key]
    if "buttons" in reply:
        reply["buttons"] = [
            {"title": b.get("title", ""), "payload": b.get("payload", "")} for b in reply["buttons"]
        ]
    return reply


class LindaOutput(CollectingOutputChannel):
    """Collects each message whole: text, buttons and card stay together.

    Attributes:
        tracker: the conversation, set by :class:`bot.processor.LindaProcessor` and complete when the
            message has been handled; ``None`` under Rasa's own processor.
    """

    def __init__(self) -> None:
        """Nothing is collected yet."""
        super().__init__()
        self.tracker: DialogueStateTracker | None = None

    @classmethod
    def name(cls) -> str:
        """Name of the channel."""
        return "linda"

    async def send_response(self, recipient_id: str, message: dict[str, Any]) -> None:
        """Keep one message."""
        self.messages.append(as_reply(message))


def stored_replies(turn: Turn) -> list[dict[str, Any]]:
    """What was answered in ``turn``."""
    said = (event for event in turn.events if isinstance(event, BotUttered))
    return [as_reply({"text": event.text, **(event.data or {})}) for event in said]


class LindaInput(InputChannel):
    """The channel ``linda``."""

    def __init__(self, token: str) -> None:
        """``token``: the secret that the gateway must show."""
        self._token = token
        self._running: dict[str, asyncio.Task[HTTPResponse]] = {}

    @classmethod
    def name(cls) -> str:
        """Part of the address: ``/webhooks/linda``."""
        return "linda"

    @classmethod
    def from_credentials(cls, credentials: dict[str, Any] | None) -> LindaInput:
        """Credentials may name a token; else it comes from the environment."""
        return cls((credentials or {}).get("token") or internal_token())

    def blueprint(self, on_new_message: Callable[[UserMessage], Awaitable[Any]]) -> Blueprint:
        """The routes: is it there, a message, a conversation to be forgotten, a form to be put away."""
        routes = Blueprint("linda_webhook", "linda_webhook")

        @routes.get("/")
        async def health(_request: Request) -> HTTPResponse:
            return json({"status": "ok"})

        @routes.post("/webhook")
        async def webhook(request: Request) -> HTTPResponse:
            token = request.args.get("token") or ""
            if not hmac.compare_digest(token.encode(), self._token.encode()):
                return _error(401, "unauthorized", "口令不对。")
            return await self._answer(request, on_new_message)

        @routes.post("/forget")
        async def forget(request: Request) -> HTTPResponse:
            token = request.args.get("token") or ""
            if not hmac.compare_digest(token.encode(), self._token.encode()):
                return _error(401, "unauthorized", "口令不对。")
            return await _forget(request)

        @routes.post("/put_away")
        async def put_away(request: Request) -> HTTPResponse:
            token = request.args.get("token") or ""
            if not hmac.compare_digest(token.encode(), self._token.encode()):
                return _error(401, "unauthorized", "口令不对。")
            return await _put_away(request)

        return routes

    async def _answer(
        self, request: Request, on_new_message: Callable[[UserMessage], Awaitable[Any]]
    ) -> HTTPResponse:
        output = LindaOutput()
        try:
            body = request.json
            if not isinstance(body, dict):
                raise BadRequest("请求必须是 JSON 对象。")
            message = to_user_message(body, output)
        except BadRequest as error:
            return _error(422, "invalid_message", str(error))
        retrieve: Retrieve = request.app.ctx.agent.tracker_store.retrieve
        key = f"{message.sender_id} {message.message_id}"
        task = self._running.get(key)
        if task is None:
            if body.get("retry"):
                tracker = await retrieve(message.sender_id)
                turn = turn_of(tracker, message.message_id)
                if turn is not None:
                    return json({**_answer(stored_replies(turn), turn, tracker), "repeated": True})
            task = asyncio.ensure_future(_handle(message, output, on_new_message, retrieve))
            self._running[key] = task
            task.add_done_callback(lambda _task: self._running.pop(key, None))
        # A gateway that has given up waiting must not cut the turn in half: it will ask again, and
        # then waits for the same turn or finds its answer in the tracker.
        return await asyncio.shield(task)


async def _handle(
    message: UserMessage,
    output: LindaOutput,
    on_new_message: Callable[[UserMessage], Awaitable[Any]],
    retrieve: Retrieve,
) -> HTTPResponse:
    try:
        await on_new_message(message)
    except ActionServerAway:  # nothing of the turn was stored
        return _error(503, "actions_away", "这会儿没处理成，消息已经留着。")
    except Exception:  # the gateway keeps the message and tries again
        logger.exception("linda.message.failed")
        return _error(500, "rasa_failed", "这会儿没处理成，消息已经留着。")
    tracker = output.tracker or await retrieve(message.sender_id)
    return json(_answer(output.messages, turn_of(tracker, message.message_id), tracker))


async def _forget(request: Request) -> HTTPResponse:
    sender = request.json.get("sender") if isinstance(request.json, dict) else None
    if not isinstance(sender, str) or not sender:
        return _error(422, "invalid_message", "缺少会话编号 sender。")
    await request.app.ctx.agent.forget(sender)
    return json({"status": "ok"})


async def _put_away(request: Request) -> HTTPResponse:
    body = request.json if isinstance(request.json, dict) else {}
    sender, round_ = body.get("sender"), body.get("round")
    if not all(isinstance(each, str) and each for each in (sender, round_)):
        return _error(422, "invalid_message", "缺少会话编号 sender 或 round。")
    await request.app.ctx.agent.put_away(sender, round_)
    return json({"status": "ok"})


def _answer(
    messages: list[dict[str, Any]], turn: Turn | None, tracker: DialogueStateTracker | None
) -> dict[str, Any]:
    return {
        "messages": messages,
        "understood": understood(turn) if turn else None,
        "draft": open_draft(tracker) if tracker else None,
    }


def _error(status: int, code: str, text: str) -> HTTPResponse:
    return json({"error": {"code": code, "message": text, "fields": {}}}, status=status)
