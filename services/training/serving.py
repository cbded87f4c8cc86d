"""Which Rasa process serves which model, by their own word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from pydantic import BaseModel, Field
from sqlalchemy import delete, select

from services.db import Session
from services.training.model_tables import ServingRow

AWAY = timedelta(seconds=90)
"""Processes report every 30 s; who is silent for so long is away."""
FORGOTTEN = timedelta(days=1)
"""Who is silent for so long has moved or is gone for good."""

LONGEST_ERROR = 500

Sha256 = r"^[0-9a-f]{64}$"


class ServingReport(BaseModel):
    """What a Rasa process tells about itself."""

    process: str = Field(min_length=1, max_length=120, description="<host>:<port>")
    model: str | None = Field(None, pattern=Sha256, description="在用的模型")
    state: Literal["serving", "failed"]
    wanted: str | None = Field(None, pattern=Sha256, description="想换上而没换成的模型")
    error: str | None = Field(None, description="没换成的原因")


@dataclass(frozen=True)
class ServingProcess:
    """A Rasa process as last heard of.

    Attributes:
        process: ``host:port``.
        model: Checksum of what it serves.
        state: ``serving``, ``failed`` (a new model could not be loaded, the old one goes on) or
            ``away`` (silent for 90 s).
        wanted: What it tried to load.
        error: Why that failed, in Chinese.
        reported_at: When it was heard of last.
    """

    process: str
    model: str | None
    state: Literal["serving", "failed", "away"]
    wanted: str | None
    error: str | None
    reported_at: datetime

    def body(self) -> dict[str, Any]:
        """Return the API's view."""
        return {**vars(self), "reported_at": self.reported_at.isoformat()}


async def record(s: Session, report: ServingReport, now: datetime) -> None:
    """Keep the newest word of a process."""
    await s.merge(
        ServingRow(
            process=report.process, model=report.model, wanted=report.wanted, state=report.state,
            error=report.error and report.error[:LONGEST_ERROR], reported_at=now,
        )
    )  # fmt: skip
    await s.execute(delete(ServingRow).where(ServingRow.reported_at < now - FORGOTTEN))


async def processes(s: Session, now: datetime) -> list[ServingProcess]:
    """Return all processes that were heard of lately."""
    rows = await s.scalars(
        select(ServingRow)
        .where(ServingRow.reported_at >= now - FORGOTTEN)
        .order_by(ServingRow.process)
    )
    return [
        ServingProcess(
            row.process, row.model,
            "away" if row.reported_at < now - AWAY else row.state,  # type: ignore[arg-type]
            row.wanted, row.error, row.reported_at,
        )
        for row in rows
    ]  # fmt: skip


def words(found: Sequence[ServingProcess], production: str | None) -> str:
    """Return ``2 个机器人进程中 2 个已用现在的模型`` and what is wrong, in one line. Pure."""
    here = [p for p in found if p.state != "away"]
    if production is None:
        return "还没有模型。"
    if not here:
        return "没有机器人进程在报到，居民现在得不到回答。请让技术人员看看。"
    current = sum(p.model == production for p in here)
    failed = sum(p.state == "failed" and p.model != production for p in here)
    changing = "正在换：" if current + failed < len(here) else ""
    parts = [f"{changing}{len(here)} 个机器人进程中 {current} 个已用现在的模型"]
    if failed:
        parts.append(f"{failed} 个没换成，还在用原来的")
    away = len(found) - len(here)
    if away:
        parts.append(f"另有 {away} 个没有消息")
    return "，".join(parts) + "。"
