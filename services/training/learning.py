"""The one door for what people decide about models: train, compare, put into production, go back."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from services.clock import Clock
from services.config import ROOT, Settings
from services.db import Database
from services.errors import LindaError
from services.training import releases
from services.training.evaluations import Evaluations, Judgement
from services.training.fingerprint import fingerprint
from services.training.models import Model, ModelService
from services.training.releases import Release
from services.training.runs import Run, RunService

Person = tuple[str, str]
"""Id and name of who decides."""

LONGEST_REASON = 500


class Annotations(Protocol):
    """What people taught, as far as runs need it."""

    async def write_nlu(self, folder: Path) -> str:
        """Write it as training data; return its content hash, empty when there is nothing."""

    async def evaluation_rows(self) -> Sequence[Mapping[str, Any]]:
        """Return it as labelled sentences (``text, intent, leaf?``)."""

    async def content_hash(self) -> str:
        """Return the hash that :meth:`write_nlu` would return now."""


@dataclass(frozen=True)
class Taught:
    """How many sentences people taught, how many of them are new to the model in production, if there is one."""

    all: int
    fresh: int
    production: bool

    @property
    def nothing_new(self) -> bool:
        """Whether a training would make about the model that there is."""
        return self.production and not self.fresh


class Learning:
    """Decisions; each is refused with a sentence that says what to do instead."""

    def __init__(
        self, settings: Settings, db: Database, clock: Clock, annotations: Annotations
    ) -> None:
        self._db = db
        self._clock = clock
        self.annotations = annotations
        self.models = ModelService(settings, db, clock)
        self.evaluations = Evaluations(settings, db, clock)
        self.runs = RunService(db, clock)

    # -- runs ------------------------------------------------------------------------------------

    async def train(self, who: Person, anyway: bool = True) -> Run:
        """Ask for a training on the data as they are now.

        Args:
            who: The person.
            anyway: Also when nobody taught anything that the model in production has not learned;
                the page asks first.

        Raises:
            LindaError: 409 ``run_active``; 409 ``same_data``: there is a model of just these data,
                ``fields.model`` names it; 409 ``nothing_new``.
        """
        if await self.runs.active() is None:
            twin = await self.twin()
            if twin is not None:
                raise await self._same_data(twin)
            if not anyway and (now := await self.taught()).nothing_new:
                said = f"教过的{now.all}句都学过了" if now.all else "还没有教过它什么"
                raise LindaError(
                    "nothing_new",
                    f"{said}，再训练也差不多。还要训练，请先勾上“没有新教的也训练”。",
                    409,
                )
        return await self.runs.request(who, "train", data_hash=await self._data_hash())

    async def taught(self) -> Taught:
        """Return how much people taught, and how much of it the model in production has not learned."""
        current = await self.models.current()
        texts = {str(row["text"]) for row in await self.annotations.evaluation_rows()}
        known = await self.evaluations.taught_texts(current.model) if current else frozenset()
        return Taught(len(texts), len(texts - known), current is not None)

    async def twin(self) -> Model | None:
        """Return the model that was trained on just the data that there are now, if there is one."""
        return await self.models.with_data(await self._data_hash())

    async def _data_hash(self) -> str:
        taught = await self.annotations.content_hash()
        return await asyncio.to_thread(fingerprint, ROOT, taught=taught)

    async def _same_data(self, twin: Model) -> LindaError:
        current = await self.models.current()
        if current is not None and current.model == twin.sha256:
            words = "现在用的模型学的就是这些数据。先去教它几句，再来训练。"
        else:
            words = (
                f"{twin.made_at.month}月{twin.made_at.day}日 {twin.made_at:%H:%M} 的模型 "
                f"{twin.short} 学的就是这些数据，不用再训练，直接看它就行。"
            )
        return LindaError("same_data", words, 409, {"model": twin.sha256, "run": twin.run_id})

    async def compare(self, who: Person, name: str) -> Run:
        """Ask for an evaluation of a model beside production.

        Raises:
            LindaError: 404 ``model_not_found``; 409 ``model_gone`` or ``run_active``.
        """
        model = await self.models.get(name)
        _check_kept(model)
        return await self.runs.request(who, "evaluate", model=model.sha256)

    # -- releases --------------------------------------------------------------------------------

    async def judge(self, model: str) -> Judgement | None:
        """Return a model beside production; None when they have not been compared."""
        current = await self.models.current()
        if current is None or current.model == model:
            return None
        return await self.evaluations.judge(model, current.model)

    async def promote(self, who: Person, name: str, expected: int, reason: str = "") -> Release:
        """Put a model into production.

        Args:
            who: The person.
            name: Checksum of the model, or its beginning.
            expected: Id of the newest release as they saw it (0: none).
            reason: Why; asked for when something speaks against it.

        Raises:
            LindaError: 404 ``model_not_found``; 409 ``release_conflict``, ``already_released``,
                ``not_compared``, ``model_gone``, ``emergencies_lost`` (for everybody);
                422 ``reason_required``; 503 ``model_archive_broken``.
        """
        model = await self.models.get(name)
        current = await self.models.current()
        if (current.id if current else 0) != expected:
            raise releases.conflict(current)
        _check_kept(model)
        reason = reason.strip()[:LONGEST_REASON]
        figures = None
        if current is not None:
            if current.model == model.sha256:
                raise LindaError("already_released", "现在用的就是这个模型。", 409)
            figures = _passed(await self.evaluations.judge(model.sha256, current.model), reason)
        await self.models.archives.file(model.sha256)
        return await releases.append(
            self._db, expected, kind="promote", model=model.sha256, now=self._clock.now(),
            staff=who, reason=reason, figures=figures,
        )  # fmt: skip

    async def rollback(self, who: Person, expected: int, reason: str = "") -> Release:
        """Go back to the production model before this one; nothing stands against that.

        Raises:
            LindaError: 409 ``release_conflict`` or ``nothing_before``; 503
                ``model_archive_broken``.
        """
        history = await self.models.history()
        last = history[-1] if history else None
        if (last.id if last else 0) != expected:
            raise releases.conflict(last)
        target = before(history)
        if target is None:
            raise LindaError("nothing_before", "现在用的是第一个模型，没有更早的可以退回。", 409)
        await self.models.archives.file(target)
        return await releases.append(
            self._db, expected, kind="rollback", model=target, now=self._clock.now(),
            staff=who, reason=reason.strip()[:LONGEST_REASON],
        )  # fmt: skip


def before(history: Sequence[Release]) -> str | None:
    """Return what a roll-back goes to; None when there is nothing. Pure."""
    stack = releases.productions(history)
    return stack[-2] if len(stack) > 1 else None


def _check_kept(model: Model) -> None:
    if not model.kept:
        raise LindaError("model_gone", "这个模型的文件已经清理掉了，请重新训练。", 409)


def _passed(judged: Judgement | None, reason: str) -> Mapping[str, Any]:
    """Return the comparison in short, when it lets the model through.

    Raises:
        LindaError: It does not.
    """
    if judged is None:
        raise LindaError(
            "not_compared", "还没有和现在的模型比过。先点“比一比”，看过结果再上线。", 409
        )
    if judged.gate.blocks:
        raise LindaError(
            "emergencies_lost",
            "".join(judged.gate.blocks),
            409,
            {"sentences": list(judged.gate.lost)},
        )
    if judged.gate.doubts and not reason:
        raise LindaError(
            "reason_required",
            f"{''.join(judged.gate.doubts)}还要上线的话，请写明理由。",
            422,
            {"reason": "请写明理由", "doubts": list(judged.gate.doubts)},
        )
    return judged.summary()
