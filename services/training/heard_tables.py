"""Tables of what residents said and what people decided about it (migration 0006)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.db import Base, JSONColumn, UTCDateTime


class HeardRow(Base):
    """One typed message of a resident, redacted, with what the model made of it.

    ``key``: fingerprint of the wording (see :mod:`services.training.wording`). ``uncertainty``:
    0 (sure) to 1. ``leaf`` may also be ``none`` or ``-``, as in the training data. ``group_id`` is
    NULL until the worker has looked at the row.
    """

    __tablename__ = "heard"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    message_id: Mapped[str] = mapped_column(String(40), unique=True)
    conversation_id: Mapped[str] = mapped_column(String(40))
    channel: Mapped[str] = mapped_column(String(20))
    locality: Mapped[str] = mapped_column(String(40))
    mode: Mapped[str] = mapped_column(String(8))
    at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    text: Mapped[str] = mapped_column(Text)
    key: Mapped[str] = mapped_column(String(40), index=True)
    intent: Mapped[str | None] = mapped_column(String(40))
    confidence: Mapped[float | None]
    leaf: Mapped[str | None] = mapped_column(String(8))
    leaf_confidence: Mapped[float | None]
    uncertainty: Mapped[float]
    readings: Mapped[list[dict[str, Any]]] = mapped_column(JSONColumn, default=list)
    entities: Mapped[list[dict[str, Any]]] = mapped_column(JSONColumn, default=list)
    actions: Mapped[list[str]] = mapped_column(JSONColumn, default=list)
    model: Mapped[str | None] = mapped_column(String(64))
    group_id: Mapped[int | None] = mapped_column(index=True)

    __table_args__ = (Index("ix_heard_conversation_id_at", "conversation_id", "at"),)


class RefusalRow(Base):
    """A resident's word that what they say in a conversation does not teach the bot.

    《个人信息保护法》第十五条、第四十四条: a second use is declined without giving a reason, and the
    declining taken back as easily. ``version``: of the words with which it was confirmed. A row
    without ``withdrawn_at`` holds; rows stay as the record, whatever else is erased.
    """

    __tablename__ = "learning_refusals"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    conversation_id: Mapped[str] = mapped_column(String(40), index=True)
    version: Mapped[str] = mapped_column(String(20))
    given_at: Mapped[datetime] = mapped_column(UTCDateTime)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class OutcomeRow(Base):
    """What followed a message, each kind once (:data:`services.training.outcomes.Outcome`)."""

    __tablename__ = "heard_outcomes"

    heard_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    outcome: Mapped[str] = mapped_column(String(16), primary_key=True)
    at: Mapped[datetime] = mapped_column(UTCDateTime)


class SuggestionRow(Base):
    """What somebody who works with residents says of a message: the bot took it wrong.

    One a person and message; said again it is replaced. It decides nothing: who teaches does.
    ``leaf``: the matter they think it is, NULL when they cannot tell. ``note``: redacted.
    """

    __tablename__ = "heard_suggestions"

    heard_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    staff_id: Mapped[str] = mapped_column(String(60), primary_key=True)
    staff_name: Mapped[str] = mapped_column(String(60))
    leaf: Mapped[str | None] = mapped_column(String(8))
    note: Mapped[str] = mapped_column(Text, default="")
    at: Mapped[datetime] = mapped_column(UTCDateTime)


class GroupRow(Base):
    """Messages with nearly the same words; one decision settles them.

    ``text``/``form``: of the message that founded it; the others were compared with it.
    ``heard``, ``residents``, ``uncertainty``, ``suspicious``, ``score``: counted anew whenever
    something of it changes. ``state``: ``open`` → ``decided`` or ``skipped``. ``version``: number
    of decisions so far; who decides names the one they saw.
    """

    __tablename__ = "heard_groups"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    text: Mapped[str] = mapped_column(Text)
    form: Mapped[str] = mapped_column(Text)
    intent: Mapped[str | None] = mapped_column(String(40))
    leaf: Mapped[str | None] = mapped_column(String(8))
    certain: Mapped[bool]
    heard: Mapped[int] = mapped_column(default=0)
    residents: Mapped[int] = mapped_column(default=0)
    uncertainty: Mapped[float] = mapped_column(default=0.0)
    suspicious: Mapped[bool] = mapped_column(default=False)
    score: Mapped[float] = mapped_column(default=0.0)
    state: Mapped[str] = mapped_column(String(10), default="open")
    version: Mapped[int] = mapped_column(default=0)
    first_at: Mapped[datetime] = mapped_column(UTCDateTime)
    last_at: Mapped[datetime] = mapped_column(UTCDateTime)

    __table_args__ = (Index("ix_heard_groups_inbox", "state", "suspicious", "score", "id"),)


class BandRow(Base):
    """A part of a group's sketch: groups that share one may be alike (locality-sensitive hashing)."""

    __tablename__ = "heard_bands"

    band: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    value: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    group_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, index=True)


class AnnotationRow(Base):
    """A decision about a group; rows are only ever added, the newest one of a group holds.

    ``kind``: ``confirmed`` (the model was right), ``corrected``, ``out_of_scope``, ``skipped`` or
    ``undone`` (the group is open again). ``said_intent``/``said_leaf``: what the model had said.
    """

    __tablename__ = "annotations"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    group_id: Mapped[int] = mapped_column(index=True)
    version: Mapped[int]
    kind: Mapped[str] = mapped_column(String(12))
    text: Mapped[str] = mapped_column(Text, default="")
    intent: Mapped[str | None] = mapped_column(String(40))
    leaf: Mapped[str | None] = mapped_column(String(8))
    entities: Mapped[list[dict[str, Any]]] = mapped_column(JSONColumn, default=list)
    said_intent: Mapped[str | None] = mapped_column(String(40))
    said_leaf: Mapped[str | None] = mapped_column(String(8))
    staff_id: Mapped[str] = mapped_column(String(60))
    staff_name: Mapped[str] = mapped_column(String(60))
    at: Mapped[datetime] = mapped_column(UTCDateTime)

    __table_args__ = (UniqueConstraint("group_id", "version"),)
