"""Tables of models, training runs and releases (migration 0007)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, LargeBinary, String, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.db import Base, UTCDateTime

OptionalJSON = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
"""A document or nothing; nothing is SQL NULL, not the JSON word ``null``."""


class ModelRow(Base):
    """A model archive that the installation knows.

    ``source``: ``file`` (LINDA_MODEL), ``run`` (a training run) or ``import`` (the shell).
    ``data_hash``: what it was trained on; NULL when nobody knows. ``taught``: how many approved
    annotations were among it. ``kept``: whether its bytes are still there (old candidates are
    cleared away, their row stays).
    """

    __tablename__ = "models"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    size: Mapped[int]
    made_at: Mapped[datetime] = mapped_column(UTCDateTime)
    source: Mapped[str] = mapped_column(String(10))
    run_id: Mapped[str | None] = mapped_column(String(40))
    data_hash: Mapped[str | None] = mapped_column(String(64), index=True)
    taught: Mapped[int] = mapped_column(default=0)
    made_by: Mapped[str] = mapped_column(String(60), default="")
    kept: Mapped[bool] = mapped_column(default=True)


class ModelChunkRow(Base):
    """A piece of an archive, in order; one machine or ten read the same (ADR 0010)."""

    __tablename__ = "model_chunks"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    content: Mapped[bytes] = mapped_column(LargeBinary)


class ReleaseRow(Base):
    """A change of the production model; rows are only ever added, the newest one holds.

    ``after``: id of the release that it follows, 0 for the first. It is unique, so of two people
    who decide on the same page one wins and the other is told. ``kind``: ``file`` (taken in from
    LINDA_MODEL), ``promote``, ``rollback``. ``figures``: the comparison in short, as the person saw
    it.
    """

    __tablename__ = "model_releases"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    after: Mapped[int] = mapped_column(unique=True)
    kind: Mapped[str] = mapped_column(String(10))
    sha256: Mapped[str] = mapped_column(String(64))
    from_sha256: Mapped[str | None] = mapped_column(String(64))
    reason: Mapped[str] = mapped_column(Text, default="")
    staff_id: Mapped[str | None] = mapped_column(String(60))
    staff_name: Mapped[str] = mapped_column(String(60), default="")
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    figures: Mapped[dict[str, Any] | None] = mapped_column(OptionalJSON)


class ServingRow(Base):
    """What a Rasa process says that it serves; its last word only."""

    __tablename__ = "model_serving"

    process: Mapped[str] = mapped_column(String(120), primary_key=True)
    model: Mapped[str | None] = mapped_column(String(64))
    wanted: Mapped[str | None] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(10))
    error: Mapped[str | None] = mapped_column(Text)
    reported_at: Mapped[datetime] = mapped_column(UTCDateTime)


class RunRow(Base):
    """A training run, or a comparison of a model that is there already.

    ``active`` is 1 until the run has ended, then NULL; being unique it lets one run exist at a time,
    whoever starts it. ``kind``: ``train`` or ``evaluate``. ``state``: ``queued`` → ``training`` →
    ``evaluating`` → ``done``, ``failed`` or ``cancelled``. ``worker``/``lease_until``: who works on
    it, and until when that is believed. ``model``: the candidate; ``base``: what it was compared
    with. ``summary``: the comparison in short. ``log``: the last lines, for the page; the whole is
    in ``var/training/<id>/log.txt``.
    """

    __tablename__ = "training_runs"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    active: Mapped[int | None] = mapped_column(unique=True)
    kind: Mapped[str] = mapped_column(String(10))
    state: Mapped[str] = mapped_column(String(12))
    progress: Mapped[float] = mapped_column(default=0.0)
    text: Mapped[str] = mapped_column(Text, default="")
    staff_id: Mapped[str] = mapped_column(String(60))
    staff_name: Mapped[str] = mapped_column(String(60))
    requested_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    started_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    worker: Mapped[str | None] = mapped_column(String(80))
    lease_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    cancelled_by: Mapped[str | None] = mapped_column(String(60))
    data_hash: Mapped[str | None] = mapped_column(String(64))
    taught: Mapped[int] = mapped_column(default=0)
    model: Mapped[str | None] = mapped_column(String(64))
    base: Mapped[str | None] = mapped_column(String(64))
    summary: Mapped[dict[str, Any] | None] = mapped_column(OptionalJSON)
    error: Mapped[str | None] = mapped_column(Text)
    log: Mapped[str] = mapped_column(Text, default="")


class EvaluationRow(Base):
    """How a model did on a set of sentences: the whole output of ``bot.evaluate``.

    ``basis`` names the sentences and everything else that the figures depend on; ``kind``: see
    :class:`services.training.evaluations.EvaluationSet`.
    """

    __tablename__ = "model_evaluations"

    model: Mapped[str] = mapped_column(String(64), primary_key=True)
    basis: Mapped[str] = mapped_column(String(64), primary_key=True)
    kind: Mapped[str] = mapped_column(String(10))
    made_at: Mapped[datetime] = mapped_column(UTCDateTime)
    report: Mapped[dict[str, Any]] = mapped_column(OptionalJSON)
