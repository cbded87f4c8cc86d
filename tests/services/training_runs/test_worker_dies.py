"""A worker process that is killed in the middle of a run takes its child with it."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from services.config import ROOT
from services.training import runner as runner_module
from services.training.runs import LEASE
from tests.patience import PATIENCE_S, until
from tests.services.training_runs.conftest import LI, School
from tests.services.training_runs.test_runs import alive


@pytest.fixture
async def worker(school: School) -> AsyncIterator[asyncio.subprocess.Process]:
    """A real worker process on the school's database."""
    await school.clock.set(school.db, school.clock.now())
    school.behave(train="hang")
    environment = {
        **os.environ,
        "LINDA_VAR_DIR": str(school.settings.var_dir),
        "LINDA_DATABASE_URL": school.settings.database_url,
        "LINDA_MODEL": str(school.settings.model),
        "LINDA_EVALUATION_DIR": str(school.settings.evaluation_dir),
        "LINDA_TEST_MODE": "1",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.services.training_runs.worker",
        str(runner_module.ROOT), str(school.behaviour),
        cwd=ROOT, env=environment,
    )  # fmt: skip
    yield process
    if process.returncode is None:
        process.kill()
        await process.wait()


async def pid_of_child(school: School, run_id: str) -> int:
    file = school.settings.var_dir / "training" / run_id / "child.pid"
    await until(lambda: file.exists() and file.read_text(), "the number of the child")
    return int(file.read_text())


async def test_killed(school: School, worker: asyncio.subprocess.Process) -> None:
    run = await school.learning.train(LI)
    pid = await pid_of_child(school, run.id)
    assert niceness(pid) >= 10
    assert oom_score(pid) == 800
    worker.kill()
    await worker.wait()
    await until(lambda: not alive(pid), "the end of the child")
    # Nobody has noticed yet; the next one who looks when the lease is over ends it.
    assert (await school.learning.runs.get(run.id)).state == "training"
    await school.clock.set(school.db, school.clock.now() + LEASE + timedelta(seconds=2))
    school.behave()
    assert not await school.runner().once()
    dead = await school.learning.runs.get(run.id)
    assert (dead.state, dead.error) == ("failed", "训练中断了，可以重新训练。")
    assert (await school.train()).state == "done"
    assert sorted(os.listdir(school.folder(run))) == ["log.txt"]


async def test_cancelled_from_another_process(
    school: School, worker: asyncio.subprocess.Process
) -> None:
    run = await school.learning.train(LI)
    pid = await pid_of_child(school, run.id)
    await school.learning.runs.cancel(run.id, "张训")
    await until(lambda: not alive(pid), "the end of the child")
    async with asyncio.timeout(PATIENCE_S):
        while (await school.learning.runs.get(run.id)).active:
            await asyncio.sleep(0.05)
    assert (await school.learning.runs.get(run.id)).state == "cancelled"
    assert worker.returncode is None


async def test_a_stopped_worker_is_taken_for_dead_and_keeps_nothing(
    school: School, worker: asyncio.subprocess.Process
) -> None:
    run = await school.learning.train(LI)
    pid = await pid_of_child(school, run.id)
    worker.send_signal(signal.SIGSTOP)
    await school.clock.set(school.db, school.clock.now() + LEASE + timedelta(seconds=2))
    again = await school.learning.train(LI)
    assert (await school.learning.runs.get(run.id)).state == "failed"
    worker.send_signal(signal.SIGCONT)
    # It learns that the run was taken from it, ends its child and does the next run.
    await until(lambda: not alive(pid), "the end of the child")
    await pid_of_child(school, again.id)
    assert (await school.learning.runs.get(run.id)).state == "failed"


def niceness(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[16])


def oom_score(pid: int) -> int:
    return int(Path(f"/proc/{pid}/oom_score_adj").read_text())
