"""Conversations, their messages, photos, and hand-offs to a person."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, String, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.db import Base, JSONColumn, UTCDateTime

OptionalJSON = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
"""A document or nothing; nothing is SQL NULL, not the JSON word ``null``."""


class ConversationRow(Base):
    """One resident's thread in one channel.

    ``lease_owner``/``lease_until``: who hands its messages to Rasa now; one at a time, across
    processes, and free again by itself when that process dies.
    ``last_seq``: number of the newest message; counting it up locks the row, so numbers are
    committed in order and a reader never misses one.
    ``opened_from``: address it was opened from, as a keyed hash; limits count by it.
    """

    __tablename__ = "conversations"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    channel: Mapped[str] = mapped_column(String(20))
    token_hash: Mapped[str] = mapped_column(String(64))
    resident_id: Mapped[str | None] = mapped_column(String(40), index=True)
    elder: Mapped[bool] = mapped_column(default=False)
    mode: Mapped[str] = mapped_column(String(8), default="bot")
    pending_callback: Mapped[dict[str, Any] | None] = mapped_column(OptionalJSON)
    last_seq: Mapped[int] = mapped_column(default=0)
    lease_owner: Mapped[str | None] = mapped_column(String(40))
    lease_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    opened_from: Mapped[str | None] = mapped_column(String(60))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    last_seen_at: Mapped[datetime] = mapped_column(UTCDateTime)


class MessageRow(Base):
    """One message, from anyone.

    ``state`` of a resident's message: ``received`` (kept, waits for Rasa) → ``answered``; all
    others are ``sent``. ``attempts`` counts calls of Rasa, ``refusals`` those that Rasa answered
    with an error. ``told_kept``: the resident knows that it waits; ``escalated``: a person got it
    because it waited too long. ``effect_key`` names the change a system message tells of, so that
    it is told once.
    """

    __tablename__ = "messages"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    conversation_id: Mapped[str] = mapped_column(String(40))
    seq: Mapped[int]
    sender: Mapped[str] = mapped_column(String(10))
    staff_id: Mapped[str | None] = mapped_column(String(60))
    client_message_id: Mapped[str | None] = mapped_column(String(100))
    effect_key: Mapped[str | None] = mapped_column(String(120))
    kind: Mapped[str] = mapped_column(String(12))
    text: Mapped[str] = mapped_column(Text, default="")
    payload: Mapped[str | None] = mapped_column(Text)
    location: Mapped[dict[str, Any] | None] = mapped_column(OptionalJSON)
    attachment_id: Mapped[str | None] = mapped_column(String(40))
    buttons: Mapped[list[dict[str, str]]] = mapped_column(JSONColumn, default=list)
    card: Mapped[dict[str, Any] | None] = mapped_column(OptionalJSON)
    ticket: Mapped[dict[str, Any] | None] = mapped_column(OptionalJSON)
    state: Mapped[str] = mapped_column(String(10))
    reply_to: Mapped[str | None] = mapped_column(String(40), index=True)
    attempts: Mapped[int] = mapped_column(default=0)
    refusals: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    told_kept: Mapped[bool] = mapped_column(default=False)
    escalated: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)

    __table_args__ = (
        UniqueConstraint("conversation_id", "seq"),
        UniqueConstraint("conversation_id", "client_message_id"),
        UniqueConstraint("conversation_id", "effect_key"),
        Index("ix_messages_waiting", "state", "next_attempt_at"),
    )


class JoinRow(Base):
    """Two conversations of one resident, asked about and joined (docs/adr/0011).

    Written when somebody has shown in ``conversation_id`` the query code of a ticket that was filed
    in ``other_id``; ``joined_at`` when they said yes to joining them, ``parted_at`` when one of them,
    ``parted_by``, took that back. Stays, as the record of it.
    """

    __tablename__ = "conversation_joins"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    conversation_id: Mapped[str] = mapped_column(String(40), index=True)
    other_id: Mapped[str] = mapped_column(String(40))
    ticket_no: Mapped[str] = mapped_column(String(30))
    offered_at: Mapped[datetime] = mapped_column(UTCDateTime)
    joined_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    parted_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    parted_by: Mapped[str | None] = mapped_column(String(40))


class DraftRow(Base):
    """A form that is not finished, as the dialogue told it (docs/adr/0013).

    One a conversation; ``round`` is the message that opened it. ``content_enc``: its values,
    encrypted, as they are what the resident said. ``asked_in``: the other conversation in which the
    resident was asked whether to go on with it, ``asked_seq`` the message that asked.
    """

    __tablename__ = "drafts"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    conversation_id: Mapped[str] = mapped_column(String(40), unique=True)
    round: Mapped[str] = mapped_column(String(80))
    content_enc: Mapped[str] = mapped_column(Text)
    changed_at: Mapped[datetime] = mapped_column(UTCDateTime)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    asked_in: Mapped[str | None] = mapped_column(String(40))
    asked_seq: Mapped[int | None]


class AttachmentRow(Base):
    """A photo: decoded and encoded anew, so camera data (place, time, device) is gone."""

    __tablename__ = "attachments"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    conversation_id: Mapped[str] = mapped_column(String(40), index=True)
    sha256: Mapped[str] = mapped_column(String(64))
    path: Mapped[str] = mapped_column(String(120))
    mime: Mapped[str] = mapped_column(String(20))
    width: Mapped[int]
    height: Mapped[int]
    size: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)


class RedirectRow(Base):
    """The bot has shown somebody where to go instead of a certificate (民发〔2020〕20号).

    Kept for 证明引导成功率 (:func:`services.metrics.store.redirected`): whether the same household
    asks again. ``household`` is the keyed hash that its tickets carry as well; ``message_id`` is the
    message that asked, so that it counts once. Goes with its conversation.
    """

    __tablename__ = "redirects"

    message_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    conversation_id: Mapped[str] = mapped_column(String(40))
    certificate: Mapped[str] = mapped_column(String(100))
    household: Mapped[str] = mapped_column(String(40))
    community_id: Mapped[str | None] = mapped_column(String(60))
    leaf: Mapped[str | None] = mapped_column(String(8))
    at: Mapped[datetime] = mapped_column(UTCDateTime)

    __table_args__ = (
        Index("ix_redirects_at", "at"),
        Index("ix_redirects_conversation", "conversation_id"),
    )


class HandoffRow(Base):
    """A conversation that needs a person: ``waiting`` → ``active`` → ``released``.

    ``community_id`` (of the resident's home, when known) limits who sees it.
    """

    __tablename__ = "handoffs"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    conversation_id: Mapped[str] = mapped_column(String(40), index=True)
    reason: Mapped[str] = mapped_column(String(12))
    leaf: Mapped[str | None] = mapped_column(String(8))
    text: Mapped[str] = mapped_column(Text)
    ticket_no: Mapped[str | None] = mapped_column(String(30))
    community_id: Mapped[str | None] = mapped_column(String(40))
    state: Mapped[str] = mapped_column(String(10), index=True)
    staff_id: Mapped[str | None] = mapped_column(String(60))
    staff_name: Mapped[str | None] = mapped_column(String(40))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    taken_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    released_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class HandoffOpeningRow(Base):
    """Who read the conversation of a hand-off, and when (《个人信息保护法》第五十一条)."""

    __tablename__ = "handoff_openings"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    handoff_id: Mapped[str] = mapped_column(String(40), index=True)
    staff_id: Mapped[str] = mapped_column(String(60))
    at: Mapped[datetime] = mapped_column(UTCDateTime)
