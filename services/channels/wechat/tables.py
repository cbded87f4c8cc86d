"""Tables of the WeChat channel."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.channels.tables import OptionalJSON
from services.db import Base, JSONColumn, UTCDateTime


class WeChatUserRow(Base):
    """One follower of one account, and the one conversation that is theirs.

    ``openid_hash`` finds the row, ``openid_enc`` addresses the person; neither can be read in a
    copy of the database. ``message_*`` and ``action_*``: how many customer-service messages WeChat
    still lets us send, and until when (:mod:`services.channels.wechat.window`).
    ``lease_*``: which process speaks to this person now. ``failures`` in a row, and ``retry_at``:
    no attempt before.
    """

    __tablename__ = "wechat_users"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    account: Mapped[str] = mapped_column(String(40))
    openid_hash: Mapped[str] = mapped_column(String(64))
    openid_enc: Mapped[str] = mapped_column(Text)
    conversation_id: Mapped[str] = mapped_column(String(40), unique=True)
    subscribed: Mapped[bool] = mapped_column(default=True)
    message_left: Mapped[int] = mapped_column(default=0)
    message_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    action_left: Mapped[int] = mapped_column(default=0)
    action_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    lease_owner: Mapped[str | None] = mapped_column(String(40))
    lease_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    failures: Mapped[int] = mapped_column(default=0)
    retry_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)

    __table_args__ = (UniqueConstraint("account", "openid_hash"),)


class WeChatInboundRow(Base):
    """One message or event as WeChat brought it; written before anything else happens to it.

    ``key`` is its MsgId, or of an event its sender, time and name: WeChat's retries carry the same.
    ``state``: ``received`` → ``taken`` (it is in the conversation, or said what is to be said).
    ``content`` is what it says, without the sender; emptied when it is taken.
    ``meaning`` is what it was understood to ask of us, decided once, so that carrying on after a
    crash does the same. ``due_at``: another process may take it up from then; ``held``: nobody may
    before, and what the same person sent later waits behind it. ``claimed_until``: somebody is
    fetching its photo. ``answer`` is what WeChat was told: a text, or empty for “no reply”; given
    once, the same to each retry. ``handed_over`` of a text: True when it was written to WeChat,
    False when it was not in time and is owed again.
    """

    __tablename__ = "wechat_inbound"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    account: Mapped[str] = mapped_column(String(40))
    key: Mapped[str] = mapped_column(String(100))
    openid_hash: Mapped[str] = mapped_column(String(64))
    openid_enc: Mapped[str] = mapped_column(Text)
    content: Mapped[dict[str, str]] = mapped_column(JSONColumn)
    received_at: Mapped[datetime] = mapped_column(UTCDateTime)
    state: Mapped[str] = mapped_column(String(10), default="received")
    meaning: Mapped[dict[str, Any] | None] = mapped_column(OptionalJSON)
    user_id: Mapped[str | None] = mapped_column(String(40))
    message_id: Mapped[str | None] = mapped_column(String(40))
    due_at: Mapped[datetime] = mapped_column(UTCDateTime)
    held: Mapped[bool] = mapped_column(default=False)
    attempts: Mapped[int] = mapped_column(default=0)
    claimed_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    answer: Mapped[str | None] = mapped_column(Text)
    answered_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    handed_over: Mapped[bool | None]

    __table_args__ = (
        UniqueConstraint("account", "key"),
        Index("ix_wechat_inbound_due", "state", "due_at"),
        Index("ix_wechat_inbound_sender", "account", "openid_hash", "state"),
        Index("ix_wechat_inbound_user", "user_id", "received_at"),
        Index("ix_wechat_inbound_answered", "handed_over", "answered_at"),
    )


class WeChatNonceRow(Base):
    """A nonce that WeChat has used, and for which message; kept while its timestamp is fresh."""

    __tablename__ = "wechat_nonces"

    account: Mapped[str] = mapped_column(String(40), primary_key=True)
    nonce: Mapped[str] = mapped_column(String(64), primary_key=True)
    stamp: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    key: Mapped[str] = mapped_column(String(100))
    at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)


class WeChatDeliveryRow(Base):
    """A message of a conversation that its resident is owed in WeChat.

    Written in the transaction that writes the message (:func:`services.channels.store.append`).
    ``state``: ``owed`` → ``sending`` (to the customer-service interface) or ``offered`` (as the
    passive reply to ``inbound_id``) → ``delivered``, back to ``owed``, or ``failed`` (WeChat will
    never take it). ``due_at``: send it from then; empty: it waits for the resident to write, or
    goes along with the next one. ``said``: characters known to have arrived. ``upto`` and
    ``ends``: how far what is under way reaches, and whether that is all of it. ``doubts``: how
    often it was sent without our learning what became of it. ``settled_at`` of an owed one: it
    counted as arrived before, and is told once more.
    """

    __tablename__ = "wechat_deliveries"

    message_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    conversation_id: Mapped[str] = mapped_column(String(40))
    seq: Mapped[int]
    state: Mapped[str] = mapped_column(String(10), default="owed")
    due_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    said: Mapped[int] = mapped_column(default=0)
    upto: Mapped[int] = mapped_column(default=0)
    ends: Mapped[bool] = mapped_column(default=False)
    doubts: Mapped[int] = mapped_column(default=0)
    inbound_id: Mapped[int | None] = mapped_column(index=True)
    way: Mapped[str | None] = mapped_column(String(10))
    error: Mapped[str | None] = mapped_column(String(200))
    settled_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    __table_args__ = (
        Index("ix_wechat_deliveries_due", "state", "due_at"),
        Index("ix_wechat_deliveries_conversation", "conversation_id", "seq"),
    )


class WeChatSendRow(Base):
    """How many customer-service messages of an account ended how; for ``GET /metrics``.

    Counted here, because web and worker both send.
    """

    __tablename__ = "wechat_sends"

    account: Mapped[str] = mapped_column(String(40), primary_key=True)
    outcome: Mapped[str] = mapped_column(String(10), primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger)


class WeChatTokenRow(Base):
    """The access token of an app, shared by all processes; encrypted, it opens the account.

    ``lease_*``: who is fetching a new one.
    """

    __tablename__ = "wechat_tokens"

    app_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    token_enc: Mapped[str | None] = mapped_column(Text)
    expires_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    lease_owner: Mapped[str | None] = mapped_column(String(40))
    lease_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
