"""Does training runs, in the worker process, beside its rounds: one at a time, as a guest.

Whatever goes wrong – a full disk, broken data, a dead child, a dead worker, no time left – ends the
run with a Chinese sentence and leaves the production model alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
import logging
import os
import secrets
import shutil
import socket
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy.exc import DBAPIError

from services.clock import Clock
from services.config import ROOT, Settings
from services.db import Database, DatabaseAway, disk_full
from services.errors import LindaError
from services.training.bot_process import Bot, BotFailed, Log, paths_of
from services.training.evaluations import (
    REFERENCE_TIME,
    EvaluationSet,
    SetKind,
    judgement,
    make_set,
)
from services.training.fingerprint import NLU, fingerprint
from services.training.learning import Learning
from services.training.model_tables import ModelRow
from services.training.runs import INTERRUPTED, Run, State

log = logging.getLogger(__name__)

T = TypeVar("T")

POLL_S = 1.0
"""Seconds between two looks for a run, and between two heartbeats of one."""
END_PAUSES_S = (0.2, 1.0, 0.0)
"""Seconds after each failed attempt to write down how a run ended."""
NEEDED_BYTES = 1024**3
"""Free disk that a training needs: the model, its parts while they are packed, and room to spare."""

SHARES: Mapping[str, float] = {"train": 0.7, "evaluate": 0.2, "base": 0.2, "taught": 0.1}
"""How long each step takes, roughly, beside the others."""

DISK_FULL = "磁盘写满了，训练没有完成。请先腾出空间。"

KEPT_FILES = ("*.txt", "*.json")
"""What stays of an ended run's folder: its log and its evaluations."""


class Stopped(Exception):
    """Somebody wants the run stopped, or it is not ours any more."""


@dataclass
class Progress:
    """How far a run is: what the heartbeat writes down.

    Steps may go on side by side; each is a share of the whole (``parts``: how much of it is done) and
    has words of its own, of which ``text`` shows one.
    """

    state: State
    shares: Mapping[str, float] = field(default_factory=dict)
    text: str = "正在准备"
    parts: dict[str, float] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)

    @property
    def done(self) -> float:
        """Share of the whole, 0–1."""
        whole = sum(self.shares.values())
        return sum(self.shares[name] * part for name, part in self.parts.items()) / (whole or 1)

    def step(self, name: str, text: str) -> Callable[[float, str], None]:
        """Begin a step; return what its child tells its own progress (0–1) to."""
        self.state = "training" if name == "train" else "evaluating"
        if name != "train" and "train" in self.parts:
            self.parts["train"] = 1.0
        self.parts[name], self.words[name] = 0.0, text
        self._tell()

        def told(share: float, words: str) -> None:
            self.parts[name] = max(self.parts[name], share)
            if name == "train":
                self.words[name] = words
            self._tell()

        return told

    def _tell(self) -> None:
        """Say what the first step does that has not ended: of two side by side always the same."""
        going = (self.words[name] for name, part in self.parts.items() if part < 1)
        self.text = next(going, self.text)


class Watched:
    """A file that somebody else may replace; a change counts when it has stood for one look."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int] | None = None
        self._last = self._mark()

    def changed(self) -> bool:
        """Say whether it is there, is not what was seen, and is not being written just now."""
        mark, self._last = self._last, self._mark()
        return mark is not None and mark == self._last and mark != self._seen

    def seen(self) -> None:
        """Remember it as it is."""
        self._seen = self._last

    def _mark(self) -> tuple[int, int] | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size


class Runner:
    """The one who works on runs.

    Args:
        settings: Folders and limits.
        db: Database.
        clock: The one clock; limits of time are measured by the machine's own.
        learning: Models, evaluations, rows of runs, and what people taught.
        bot: How commands are started.
    """

    def __init__(
        self,
        settings: Settings,
        db: Database,
        clock: Clock,
        learning: Learning,
        bot: Bot | None = None,
    ) -> None:
        self._settings = settings
        self._db = db
        self._clock = clock
        self._models = learning.models
        self._evaluations = learning.evaluations
        self._runs = learning.runs
        self._annotations = learning.annotations
        self._bot = bot or Bot()
        self._folder = settings.var_dir / "training"
        self.worker = f"{socket.gethostname()[:40]}:{os.getpid()}:{secrets.token_hex(4)}"

    async def keep_working(self) -> None:
        """Take in LINDA_MODEL, also when it changes later; do runs as they come; until cancelled."""
        file = Watched(self._settings.model)
        while True:
            try:
                if file.changed():
                    await self._models.take_in_file()
                    file.seen()
                await self.once()
            except (DatabaseAway, OSError) as error:
                log.warning("training: %s", error)
            except Exception:
                log.exception("training round failed")
            await asyncio.sleep(POLL_S)

    async def once(self) -> bool:
        """Do the run that waits; return whether there was one."""
        if await self._runs.expire(spare=self.worker):
            await self._models.archives.drop_orphans()
        run = await self._runs.claim(self.worker)
        if run is None:
            return False
        try:
            await self._guarded(run)
        finally:
            await asyncio.to_thread(self._clear, run.id)
        await self._models.prune()
        return True

    # -- one run from outside: heartbeat, limits, how it ends -------------------------------------

    async def _guarded(self, run: Run) -> None:
        progress = Progress("training" if run.kind == "train" else "evaluating")
        folder = self._folder / run.id
        story = Log(folder / "log.txt", paths_of(folder))
        work = asyncio.create_task(self._work(run, folder, progress, story))
        try:
            error = await self._outcome(run, work, progress, story)
        except asyncio.CancelledError:
            await _stop(work)
            await self._fail(run, story, f"系统重启，{INTERRUPTED}")
            raise
        if error is not None:
            # Only when nothing of it runs any more may the next run begin.
            await _stop(work)
            await self._fail(run, story, error)

    async def _outcome(
        self, run: Run, work: asyncio.Task[None], progress: Progress, story: Log
    ) -> str | None:
        """Wait for the end; return why there is no model: empty when it was stopped."""
        limit_s = self._settings.training_limit_s
        try:
            async with asyncio.timeout(limit_s) as limit:
                await self._watch(run, work, progress, story)
            return None
        except Stopped:
            return ""
        except Exception as error:
            if limit.expired():
                return f"超过 {limit_s / 60:.0f} 分钟还没完，已经停下。可以等空闲时再试。"
            return story.clean(_sentence(error))

    async def _watch(
        self, run: Run, work: asyncio.Task[None], progress: Progress, story: Log
    ) -> None:
        """Beat until the work has ended; raises what it raised.

        Raises:
            Stopped: Somebody wants it stopped, or took it for dead.
        """
        while True:
            done, _ = await asyncio.wait({work}, timeout=POLL_S)
            if done:
                return work.result()
            with contextlib.suppress(DatabaseAway):
                answer = await self._runs.beat(
                    run.id, self.worker, progress.state, progress.done, progress.text,
                    "\n".join(story.last),
                )  # fmt: skip
                if answer != "go":
                    raise Stopped

    async def _fail(self, run: Run, story: Log, error: str) -> None:
        """End the run without a model; with an error it failed, without it was stopped."""
        state: State = "failed" if error else "cancelled"
        for pause_s in END_PAUSES_S:
            try:
                async with self._db.write() as s:
                    await self._runs.end(
                        s, run.id, self.worker, state,
                        error=error or None, text="", log="\n".join(story.last),
                    )  # fmt: skip
                return
            except DatabaseAway:
                # A write that was cancelled under way may still hold SQLite's lock.
                await asyncio.sleep(pause_s)
        # Its lease runs out, and whoever looks next ends it.
        log.warning("training run %s has ended (%s), the database is away", run.id, error)

    # -- one run from inside ----------------------------------------------------------------------

    async def _work(self, run: Run, folder: Path, progress: Progress, story: Log) -> None:
        await asyncio.to_thread(self._prepare, folder)
        self._bot.check()
        _check_disk(folder)
        exam = await self._exam(run)
        progress.shares = exam.shares
        place = _Place(folder, progress, story)
        archive, data_hash = await self._candidate(run, place)
        frozen, taught, base_report = await self._examine(place, archive, exam)
        _check_disk(folder)
        progress.text = "正在收好"
        model, size = await self._models.archives.put(archive)
        judged = None
        if base_report is not None:
            judged = judgement(base_report, frozen, taught, exam.known_before)
        async with self._db.write() as s:
            if run.kind == "train":
                await s.merge(
                    ModelRow(
                        sha256=model, size=size, made_at=self._clock.now(), source="run",
                        run_id=run.id, data_hash=data_hash, taught=exam.lessons,
                        made_by=run.staff_name, kept=True,
                    )
                )  # fmt: skip
            await self._evaluations.keep(s, model, exam.frozen, frozen)
            if exam.taught is not None and taught is not None:
                await self._evaluations.keep(s, model, exam.taught, taught)
            if exam.base is not None and base_report is not None:
                await self._evaluations.keep(s, exam.base, exam.frozen, base_report)
            ended = await self._runs.end(
                s, run.id, self.worker, "done", model=model, base=exam.base, data_hash=data_hash,
                taught=exam.lessons, progress=1.0, text="", error=None,
                log="\n".join(story.last), summary=judged.summary() if judged else None,
            )  # fmt: skip
            if ended != "ended":
                raise Stopped

    async def _candidate(self, run: Run, place: _Place) -> tuple[Path, str | None]:
        """Return the archive to judge, trained now or there already, and the hash of its data."""
        if run.kind == "train":
            return await self._train(place)
        assert run.model is not None  # an evaluation names its model
        return await self._models.archives.file(run.model), run.data_hash

    async def _examine(
        self, place: _Place, archive: Path, exam: _Exam
    ) -> tuple[dict[str, Any], dict[str, Any] | None, dict[str, Any] | None]:
        """Return the reports: candidate on the evaluation set and on what was taught, production.

        Two at a time: starting a bot takes as long as a hundred sentences, and there are two cores.
        """
        turn = asyncio.Semaphore(2)

        async def ask(
            step: str, judged_by: EvaluationSet | None, model: Path
        ) -> dict[str, Any] | None:
            if judged_by is None:
                return None
            async with turn:
                return await self._evaluate(place, model, judged_by, step)

        questions = [ask("evaluate", exam.frozen, archive), ask("taught", exam.taught, archive)]
        if exam.base is not None and exam.base_report is None:
            base = await self._models.archives.file(exam.base)
            questions.append(ask("base", exam.frozen, base))
        frozen, taught, *base_report = await _all(questions)
        assert frozen is not None  # it was asked about the evaluation set
        return frozen, taught, base_report[0] if base_report else exam.base_report

    async def _exam(self, run: Run) -> _Exam:
        """Find out what the candidate will be asked, and what is known of the production model."""
        frozen = await self._evaluations.frozen()
        rows = await self._annotations.evaluation_rows()
        kind: SetKind = "taught" if run.kind == "train" else "asked"
        taught = make_set(kind, rows, await self._evaluations.rules()) if rows else None
        current = await self._models.current()
        base = current.model if current and current.model != run.model else None
        report = await self._evaluations.report(base, frozen.basis) if base else None
        known = await self._evaluations.taught_texts(base) if base else frozenset()
        steps = {
            "train": run.kind == "train",
            "evaluate": True,
            "taught": taught is not None,
            "base": base is not None and report is None,
        }
        shares = {name: SHARES[name] for name, needed in steps.items() if needed}
        return _Exam(frozen, taught, len(rows), base, report, known, shares)

    async def _train(self, place: _Place) -> tuple[Path, str]:
        """Train on a copy of the data, which nobody edits meanwhile; return archive and its hash."""
        told = place.progress.step("train", "正在准备数据")
        archive = place.folder / "model.tar.gz"
        own, lessons = place.folder / "nlu", place.folder / "taught"
        await asyncio.to_thread(shutil.copytree, ROOT / NLU, own)
        lessons.mkdir()
        taught = await self._annotations.write_nlu(lessons)
        data_hash = await asyncio.to_thread(fingerprint, ROOT, taught=taught)
        command = ["bot.train", "--out", str(archive), "--nlu", str(own)]
        if taught:
            command += ["--nlu", str(lessons)]
        await self._bot.run([*command, "--progress"], place.folder, place.story, told)
        if not archive.is_file():
            raise BotFailed("训练说完成了，却没有产出模型。请把下面的记录发给技术人员。")
        return archive, data_hash

    async def _evaluate(
        self, place: _Place, archive: Path, judged_by: EvaluationSet, step: str
    ) -> dict[str, Any]:
        """Evaluate a model; return the report."""
        source, result = place.folder / f"{step}.jsonl", place.folder / f"{step}.json"
        await asyncio.to_thread(source.write_bytes, judged_by.lines)
        told = place.progress.step(step, _TEXTS[step])
        command = [
            "bot.evaluate", "--input", str(source), "--output", str(result),
            "--model", str(archive), "--reference-time", REFERENCE_TIME, "--progress",
        ]  # fmt: skip
        await self._bot.run(command, place.folder, place.story, told)
        try:
            report: dict[str, Any] = json.loads(await asyncio.to_thread(result.read_bytes))
        except (OSError, ValueError):
            raise BotFailed("评测说完成了，却没有结果。请把下面的记录发给技术人员。") from None
        return report

    # -- files ------------------------------------------------------------------------------------

    def _clear(self, run_id: str) -> None:
        """Leave of a run's folder its log and its reports."""
        _strip(self._folder / run_id)

    def _prepare(self, own: Path) -> None:
        """Make a run's folder; clear up after runs whose worker died, and forget old ones.

        There is one run at a time: whatever else lies there belongs to runs that have ended.
        """
        own.mkdir(parents=True, exist_ok=True, mode=0o700)
        others = sorted((p for p in self._folder.iterdir() if p != own), reverse=True)
        for number, folder in enumerate(others, 1):  # newest first: names begin with the date
            if number < self._settings.training_runs_kept:
                _strip(folder)
            else:
                shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True)
class _Place:
    """Where a run's files, progress and log go."""

    folder: Path
    progress: Progress
    story: Log


@dataclass(frozen=True)
class _Exam:
    """What a candidate is asked, and what it is compared with.

    Attributes:
        frozen: The evaluation set.
        taught: What people taught; None when nothing was.
        lessons: How many sentences that is.
        base: The production model, unless it is the candidate itself.
        base_report: How that did on the evaluation set, if it is known.
        known_before: Texts that it was taught.
        shares: Steps to do, with the time that each takes beside the others.
    """

    frozen: EvaluationSet
    taught: EvaluationSet | None
    lessons: int
    base: str | None
    base_report: dict[str, Any] | None
    known_before: frozenset[str]
    shares: Mapping[str, float]


_TEXTS: Mapping[str, str] = {
    "evaluate": "正在用评测集考新模型",
    "taught": "正在考这次教的话",
    "base": "正在用评测集考现在的模型",
}


def _strip(folder: Path) -> None:
    for path in folder.glob("*"):
        if not any(path.match(pattern) for pattern in KEPT_FILES):
            _remove(path)
    for path in folder.glob(".*"):
        _remove(path)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _check_disk(folder: Path) -> None:
    free = shutil.disk_usage(folder).free
    if free < NEEDED_BYTES:
        raise BotFailed(
            f"磁盘快满了：只剩 {free // 1024**2} MB，训练要 {NEEDED_BYTES // 1024**2} MB。请先腾出空间。"
        )


def _sentence(error: BaseException) -> str:
    """Return what went wrong, for the person who waits for the model."""
    match error:
        case BotFailed():
            return str(error)
        case LindaError():
            return error.message
        case OSError(errno=errno.ENOSPC | errno.EDQUOT):
            return DISK_FULL
        case DBAPIError() if disk_full(error):
            return DISK_FULL
        case _:
            log.error("training run failed", exc_info=error)
            return "训练没有成功，是程序的问题。请把下面的记录发给技术人员。"


async def _all(work: Sequence[Coroutine[Any, Any, T]]) -> list[T]:
    """Do all of it side by side; when one fails, the others are ended first."""
    tasks = [asyncio.create_task(w) for w in work]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def _stop(work: asyncio.Task[None]) -> None:
    """Cancel the work and wait until its child has ended."""
    work.cancel()
    await asyncio.wait({work})
    if not work.cancelled():
        work.exception()  # it was told already
