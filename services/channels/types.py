"""What goes in and out of a conversation."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

Kind = Literal["text", "payload", "location", "attachment"]
"""How a resident said it: typed words, a tapped button, a place on the map, a photo."""

Sender = Literal["resident", "bot", "human", "system"]
"""Who speaks: ``human`` is a member of staff, ``system`` a ticket's change or a notice of ours."""

Mode = Literal["bot", "human"]


@dataclass(frozen=True)
class Incoming:
    """One message of a resident, checked for form but not yet for permission.

    ``client_message_id`` names the message once and for all: sent again it has no second effect
    and the same answer.
    """

    client_message_id: str
    kind: Kind
    text: str = ""
    payload: str = ""
    location: dict[str, Any] | None = None
    attachment_id: str | None = None


@dataclass(frozen=True)
class Button:
    """A choice offered with a message; ``payload`` is what tapping it sends."""

    title: str
    payload: str

    def body(self) -> dict[str, str]:
        """Return the button as the Chat API and Rasa write it."""
        return {"title": self.title, "payload": self.payload}


@dataclass(frozen=True)
class MessageView:
    """A stored message as the Chat API shows it."""

    id: str
    seq: int
    sender: Sender
    kind: str
    text: str
    buttons: tuple[Button, ...]
    card: dict[str, Any] | None
    ticket: dict[str, Any] | None
    attachment: str | None
    client_message_id: str | None
    reply_to: str | None
    state: str
    created_at: datetime
    name: str | None = None
    """Who said it, of messages from a member of staff."""
    delivery: Literal["waiting", "delivered", "failed"] | None = None
    """For staff: whether it has reached the resident's phone, where that has to be carried there."""

    def body(self) -> dict[str, Any]:
        """Return ``{"id","seq","from","text","buttons","card","ticket",…}`` (contract: Chat API)."""
        return {
            "id": self.id,
            "seq": self.seq,
            "from": self.sender,
            "name": self.name,
            "kind": self.kind,
            "text": self.text,
            "buttons": [b.body() for b in self.buttons],
            "card": self.card,
            "ticket": self.ticket,
            "attachment_id": self.attachment,
            "client_message_id": self.client_message_id,
            "reply_to": self.reply_to,
            "state": self.state,
            "delivery": self.delivery,
            "created_at": self.created_at.isoformat(),
        }


@dataclass(frozen=True)
class Conversation:
    """One resident's thread in one channel."""

    id: str
    channel: str
    elder: bool
    mode: Mode
    resident_id: str | None
    pending_callback: dict[str, Any] | None
    opened_from: str | None = None
    siblings: tuple[str, ...] = ()
    """The other conversations of the same resident (:mod:`services.channels.joining`)."""


@dataclass(frozen=True)
class SessionView:
    """A conversation just opened; ``token`` is shown this once and kept only as a hash."""

    session_id: str
    token: str
    messages: list[MessageView]


@dataclass(frozen=True)
class Exchange:
    """Some messages, and who answers in this conversation now.

    ``agent`` is the name of the member of staff in mode ``human``; ``last_seq`` the number of the
    conversation's newest message, to go on from in the event stream.
    """

    messages: list[MessageView]
    mode: Mode
    agent: str | None = None
    last_seq: int = 0

    def body(self) -> dict[str, Any]:
        """Return ``{"messages", "mode", "agent", "last_event_id"}``."""
        return {
            "messages": [m.body() for m in self.messages],
            "last_event_id": str(self.last_seq),
            **self.mode_body(),
        }

    def mode_body(self) -> dict[str, Any]:
        """Return ``{"mode", "agent"}``."""
        return {"mode": self.mode, "agent": {"name": self.agent} if self.agent else None}


@dataclass(frozen=True)
class AttachmentView:
    """A stored photo: re-encoded, without camera data."""

    id: str
    conversation_id: str
    mime: str
    width: int
    height: int
    size: int
    path: str
    """Relative to ``var/uploads``."""

    def body(self) -> dict[str, Any]:
        """Return what the uploader needs to show and send it."""
        return {
            "attachment_id": self.id,
            "mime": self.mime,
            "width": self.width,
            "height": self.height,
            "size": self.size,
        }


@dataclass(frozen=True)
class HandoffView:
    """A conversation that waits for, or is with, a member of staff."""

    id: str
    conversation_id: str
    reason: str
    """``human`` asked for a person, ``emergency``, or ``unanswered`` (the bot could not)."""
    reason_text: str
    leaf: str | None
    text: str
    """What the resident said when it was opened, in their own words."""
    ticket_no: str | None
    state: Literal["waiting", "active", "released"]
    staff_id: str | None
    staff_name: str | None
    created_at: datetime
    taken_at: datetime | None
    released_at: datetime | None
    messages: list[MessageView] = field(default_factory=list)

    def body(self) -> dict[str, Any]:
        """Return the JSON of the staff API."""

        def iso(t: datetime | None) -> str | None:
            return t.isoformat() if t else None

        return {
            "id": self.id,
            "conversation_id": self.conversation_id,
            "reason": self.reason,
            "reason_text": self.reason_text,
            "leaf": self.leaf,
            "text": self.text,
            "ticket_no": self.ticket_no,
            "state": self.state,
            "staff_id": self.staff_id,
            "staff_name": self.staff_name,
            "created_at": iso(self.created_at),
            "taken_at": iso(self.taken_at),
            "released_at": iso(self.released_at),
            "messages": [m.body() for m in self.messages],
        }
