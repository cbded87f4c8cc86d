"""What the chat API and the hand-offs answer, as models for the OpenAPI document."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import ConfigDict, Field

from services.channels.types import Mode, Sender
from services.web.api.common import Answer


class ButtonAnswer(Answer):
    """A choice; tapping it sends ``payload``."""

    title: str
    payload: str


class CardAnswer(Answer):
    """A card beside the words; ``type`` says which, the rest depends on it."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(description="receipt、safety、ticket、service ……")


class TicketMention(Answer):
    """The ticket that a message is about."""

    model_config = ConfigDict(extra="allow")

    ticket_no: str
    state: str


class MessageAnswer(Answer):
    """One message of a conversation."""

    id: str
    seq: int = Field(description="在这个对话里的次序，也是事件流的编号")
    sender: Sender = Field(alias="from")
    name: str | None = Field(description="工作人员说的话：他的名字")
    kind: str
    text: str
    buttons: list[ButtonAnswer]
    card: CardAnswer | None
    ticket: TicketMention | None
    attachment_id: str | None
    client_message_id: str | None
    reply_to: str | None
    state: str
    delivery: Literal["waiting", "delivered", "failed"] | None
    created_at: datetime


class AgentAnswer(Answer):
    """The member of staff who answers."""

    name: str


class SessionAnswer(Answer):
    """A conversation that was just opened; the token is shown this once."""

    session_id: str
    token: str
    messages: list[MessageAnswer]
    mode: Mode


class SessionSettings(Answer):
    """What was changed of a session."""

    session_id: str
    elder: bool


class ExchangeAnswer(Answer):
    """Messages, and who answers now."""

    messages: list[MessageAnswer]
    last_event_id: str = Field(description="事件流从这里接着")
    mode: Mode
    agent: AgentAnswer | None


class HistoryAnswer(ExchangeAnswer):
    """What was said so far."""

    elder: bool


class UploadAnswer(Answer):
    """A photo that was kept."""

    attachment_id: str
    mime: str
    width: int
    height: int
    size: int = Field(description="字节")


class HandoffAnswer(Answer):
    """A conversation that waits for, or is with, a member of staff."""

    id: str
    conversation_id: str
    reason: str
    reason_text: str
    leaf: str | None
    text: str
    ticket_no: str | None
    state: Literal["waiting", "active", "released"]
    staff_id: str | None
    staff_name: str | None
    created_at: datetime
    taken_at: datetime | None
    released_at: datetime | None
    messages: list[MessageAnswer]


class HandoffsAnswer(Answer):
    """Hand-offs in the caller's scope."""

    handoffs: list[HandoffAnswer]
