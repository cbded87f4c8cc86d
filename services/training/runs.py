"""Training runs as rows: asking for one, watching it, stopping it. Who does the work: ``runner``."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import or_, select, update
from sqlalchemy.exc import IntegrityError

from services.clock import Clock
from services.db import Database, Session
from services.errors import LindaError
from services.training.model_tables import RunRow

State = Literal["queued", "training", "evaluating", "done", "failed", "cancelled"]
Kind = Literal["train", "evaluate"]

STATE_LABELS: Mapping[str, str] = {
    "queued": "排队中",
    "training": "训练中",
    "evaluating": "评测中",
    "done": "完成",
    "failed": "没成功",
    "cancelled": "已取消",
}

LEASE = timedelta(seconds=30)
"""A worker that is silent for so long is dead, and its run has ended."""
INTERRUPTED = "训练中断了，可以重新训练。"
QUEUED = "马上开始"


@dataclass(frozen=True)
class Run:
    """A training run (``train``), or a comparison of a model that is there already (``evaluate``).

    Attributes:
        id: Date, time and a few random digits.
        kind: See above.
        state: Where it stands.
        progress: How much is done, 0–1.
        text: What it does now, in Chinese.
        staff_id: Who asked for it.
        staff_name: Their name.
        requested_at: When.
        started_at: When a worker took it.
        finished_at: When it ended.
        cancelled_by: Who stopped it.
        data_hash: What it trains on.
        taught: How many sentences that people taught are among it.
        model: The candidate.
        base: The production model that it was compared with.
        summary: The comparison in short.
        error: Why it failed, in Chinese.
        log: The last lines of its log.
    """

    id: str
    kind: Kind
    state: State
    progress: float
    text: str
    staff_id: str
    staff_name: str
    requested_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    cancelled_by: str | None
    data_hash: str | None
    taught: int
    model: str | None
    base: str | None
    summary: Mapping[str, Any] | None
    error: str | None
    log: str

    @property
    def active(self) -> bool:
        """Whether it has not ended yet."""
        return self.state in ("queued", "training", "evaluating")

    @property
    def state_text(self) -> str:
        """Chinese name of the state."""
        return STATE_LABELS[self.state]

    @property
    def took(self) -> timedelta | None:
        """How long it worked; None while it has not ended or when it never began."""
        if self.started_at is None or self.finished_at is None:
            return None
        return self.finished_at - self.started_at

    def body(self, log: bool = False) -> dict[str, Any]:
        """Return the API's view; ``log``: with its last lines."""
        shown: dict[str, Any] = {**vars(self), "state_text": self.state_text}
        for name in ("requested_at", "started_at", "finished_at"):
            value = shown[name]
            shown[name] = value.isoformat() if value else None
        if not log:
            del shown["log"]
        return shown


def run_of(row: RunRow) -> Run:
    """Return a row as a value."""
    names = Run.__dataclass_fields__
    return Run(**{name: getattr(row, name) for name in names})


class RunService:
    """Rows of runs; every change names what it expects, so that two who act at once are told."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    # -- for people ------------------------------------------------------------------------------

    async def list(self, limit: int = 20) -> Sequence[Run]:
        """Return the newest runs, newest first."""
        async with self._db.read() as s:
            query = select(RunRow).order_by(RunRow.requested_at.desc()).limit(limit)
            return [run_of(row) for row in await s.scalars(query)]

    async def get(self, run_id: str) -> Run:
        """Return one run.

        Raises:
            LindaError: 404 ``run_not_found``.
        """
        async with self._db.read() as s:
            row = await s.get(RunRow, run_id)
        if row is None:
            raise LindaError("run_not_found", "没有这次训练。", 404)
        return run_of(row)

    async def active(self) -> Run | None:
        """Return the run that has not ended; None when there is none."""
        async with self._db.read() as s:
            row = await s.scalar(select(RunRow).where(RunRow.active == 1))
        return run_of(row) if row else None

    async def request(
        self,
        staff: tuple[str, str],
        kind: Kind = "train",
        model: str | None = None,
        data_hash: str | None = None,
    ) -> Run:
        """Put a run into the queue.

        Args:
            staff: Id and name of who asks.
            kind: What to do.
            model: The candidate of an ``evaluate``.
            data_hash: What a ``train`` will be trained on, as far as it is known now.

        Raises:
            LindaError: 409 ``run_active``: there is one already; ``fields.run`` is its id.
        """
        await self.expire()
        now = self._clock.now()
        row = RunRow(
            id=f"{now:%y%m%d-%H%M%S}-{secrets.token_hex(3)}", active=1, kind=kind, state="queued",
            progress=0.0, text=QUEUED, staff_id=staff[0], staff_name=staff[1], requested_at=now,
            model=model, data_hash=data_hash, taught=0, log="",
        )  # fmt: skip
        try:
            async with self._db.write() as s:
                other = await s.scalar(select(RunRow).where(RunRow.active == 1))
                if other is not None:
                    raise _busy(run_of(other))
                s.add(row)
        except IntegrityError:
            # Both looked before either wrote: the other one's commit came first.
            other_run = await self.active()
            raise _busy(other_run) from None
        return run_of(row)

    async def cancel(self, run_id: str, staff_name: str) -> Run:
        """Stop a run: at once when no worker has it, else within a second or two.

        Raises:
            LindaError: 404 ``run_not_found``; 409 ``run_ended``.
        """
        await self.expire()
        now = self._clock.now()
        async with self._db.write() as s:
            row = await s.get(RunRow, run_id, with_for_update=True)
            if row is None:
                raise LindaError("run_not_found", "没有这次训练。", 404)
            if row.active is None:
                raise LindaError(
                    "run_ended", f"这次训练已经结束了（{STATE_LABELS[row.state]}）。", 409,
                    {"state": row.state},
                )  # fmt: skip
            row.cancelled_by = row.cancelled_by or staff_name
            if row.state == "queued":
                row.state, row.active, row.finished_at = "cancelled", None, now
                row.text = f"{row.cancelled_by}取消了。"
            else:
                row.text = "正在停下"
        return run_of(row)

    # -- for workers -----------------------------------------------------------------------------

    async def claim(self, worker: str) -> Run | None:
        """Take the queued run, if there is one that nobody has taken."""
        active = await self.active()
        if active is None or active.state != "queued":
            return None
        now = self._clock.now()
        values = {
            "state": "evaluating" if active.kind == "evaluate" else "training",
            "worker": worker, "lease_until": now + LEASE, "started_at": now, "text": "正在准备",
        }  # fmt: skip
        async with self._db.write() as s:
            taken = await s.execute(
                update(RunRow)
                .where(RunRow.id == active.id, RunRow.state == "queued")
                .values(**values)
                .returning(RunRow.id)
            )
            if taken.first() is None:
                return None
        return await self.get(active.id)

    async def beat(
        self, run_id: str, worker: str, state: State, progress: float, text: str, log: str
    ) -> Literal["go", "cancel", "lost"]:
        """Say that the worker lives and how far it is.

        Returns:
            ``cancel`` when somebody wants it stopped; ``lost`` when the run is not this worker's
            any more.
        """
        mine = (RunRow.id == run_id, RunRow.worker == worker, RunRow.active == 1)
        async with self._db.write() as s:
            row = await s.scalar(select(RunRow).where(*mine).with_for_update())
            if row is None:
                return "lost"
            row.lease_until = self._clock.now() + LEASE
            if row.cancelled_by:
                return "cancel"
            row.state, row.progress, row.text, row.log = state, progress, text, log
        return "go"

    async def end(
        self, s: Session, run_id: str, worker: str, state: State, **values: Any
    ) -> Literal["ended", "cancel", "lost"]:
        """End a run in the caller's transaction.

        Returns:
            ``cancel`` when it was to be ``done`` and somebody stopped it a moment ago; ``lost`` when
            it is not this worker's any more. Nothing is changed then.
        """
        mine = (RunRow.id == run_id, RunRow.worker == worker, RunRow.active == 1)
        row = await s.scalar(select(RunRow).where(*mine).with_for_update())
        if row is None:
            return "lost"
        if state == "done" and row.cancelled_by:
            return "cancel"
        values |= {"state": state, "active": None, "finished_at": self._clock.now()}
        for name, value in values.items():
            setattr(row, name, value)
        return "ended"

    async def expire(self, spare: str = "") -> Sequence[str]:
        """End the run of a worker that is dead; return its id.

        A lease that reaches further than any can (the clock was set back) is none.

        Args:
            spare: A worker whose runs live although their lease has run out: the caller itself.
        """
        now = self._clock.now()
        dead = (
            RunRow.active == 1, RunRow.state != "queued", RunRow.worker != spare,
            or_(RunRow.lease_until <= now, RunRow.lease_until > now + 2 * LEASE),
        )  # fmt: skip
        async with self._db.read() as s:
            if await s.scalar(select(RunRow.id).where(*dead)) is None:
                return ()
        ended = []
        async with self._db.write() as s:
            for row in await s.scalars(select(RunRow).where(*dead).with_for_update()):
                row.active, row.finished_at = None, now
                row.state = "cancelled" if row.cancelled_by else "failed"
                row.error = None if row.cancelled_by else INTERRUPTED
                ended.append(row.id)
        return ended


def _busy(run: Run | None) -> LindaError:
    if run is None:  # it ended between the two looks
        return LindaError("run_active", "刚才有一次训练在进行，请再点一次。", 409, {})
    what = "训练" if run.kind == "train" else "比较"
    return LindaError(
        "run_active",
        f"{run.staff_name} {run.requested_at:%H:%M} 开始的{what}还没完（{run.progress:.0%}），等它完了再来。",
        409,
        {"run": run.id, "by": run.staff_name},
    )
