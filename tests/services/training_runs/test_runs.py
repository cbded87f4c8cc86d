"""A run from the button to the comparison, and everything that can go wrong on the way."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections import namedtuple
from pathlib import Path

import pytest
from sqlalchemy import text

from services.db import Database
from services.errors import LindaError
from services.training import runner as runner_module
from services.training.learning import Learning
from services.training.model_tables import ModelChunkRow
from services.training.runner import Progress
from services.training.runs import LEASE, Run
from tests.patience import PATIENCE_S, until
from tests.services.training_runs.conftest import LI, ZHANG, School


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


async def production(school: School) -> str:
    current = await school.learning.models.current()
    assert current is not None
    return current.model


async def test_a_run_makes_a_candidate_and_compares_it(school: School) -> None:
    before = await production(school)
    school.lessons.teach("楼道黑咕隆咚", "report_problem", "H6")
    run = await school.train()
    assert (run.state, run.error, run.progress) == ("done", None, 1.0)
    assert run.base == before and run.model not in (None, before)
    assert run.taught == 1 and run.took is not None
    model = await school.learning.models.get(str(run.model))
    assert (model.source, model.run_id, model.taught) == ("run", run.id, 1)
    judged = await school.learning.judge(model.sha256)
    assert judged is not None
    assert [e.text for e in judged.comparison.newly_right] == ["楼道黑咕隆咚"]
    assert not judged.comparison.newly_wrong
    assert judged.verdict == run.summary["verdict"]  # type: ignore[index]
    assert judged.verdict.startswith("这次教的 1 句，学会 1 句；评测的话里好了 1 条，坏了 0 条")
    # Training alone changes nothing for residents.
    assert await production(school) == before
    left = {path.name for path in school.folder(run).iterdir()}
    assert left == {"log.txt", "evaluate.json", "taught.json", "base.json"}


async def test_the_production_model_is_evaluated_once(school: School) -> None:
    await school.train()
    school.lessons.teach("楼道黑咕隆咚", "report_problem", "H6")
    second = await school.train()
    assert not (school.folder(second) / "base.json").exists()
    assert second.summary is not None


async def test_the_same_data_are_not_trained_twice(school: School) -> None:
    run = await school.train()
    with pytest.raises(LindaError) as refused:
        await school.learning.train(ZHANG)
    assert refused.value.code == "same_data" and refused.value.fields["model"] == run.model
    school.lessons.teach("楼道黑咕隆咚", "report_problem", "H6")
    assert (await school.train()).state == "done"
    await school.learning.promote(LI, str(run.model), 1)
    school.lessons.rows.clear()
    with pytest.raises(LindaError, match="先去教它几句"):
        await school.learning.train(ZHANG)


async def test_two_who_press_at_once_get_one_run(school: School) -> None:
    other = Learning(
        school.settings, Database(school.settings.database), school.clock, school.lessons
    )
    results = await asyncio.gather(
        *(learning.train(LI) for learning in (school.learning, other) * 4), return_exceptions=True
    )
    started = [r for r in results if isinstance(r, Run)]
    refused = [r for r in results if isinstance(r, LindaError)]
    assert len(started) == 1 and len(refused) == 7
    assert {r.code for r in refused} == {"run_active"}
    assert {r.fields["run"] for r in refused} == {started[0].id}
    assert "李主任" in refused[0].message
    await other._db.close()


async def test_two_workers_do_a_run_once(school: School) -> None:
    await school.learning.train(LI)
    done = await asyncio.gather(*(school.runner().once() for _ in range(4)))
    assert sorted(done) == [False, False, False, True]


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"train": "error"}, "训练数据 训练目录/taught/a.yml 第 3 行附近不是有效的 YAML。"),
        ({"train": "crash"}, "训练没有成功，原因在下面的记录里。"),
        ({"train": "oom"}, "内存不够"),
        ({"train": "nothing"}, "没有产出模型"),
        ({"train": "full"}, "磁盘空间不足"),
        ({"evaluate": "crash"}, "训练没有成功，原因在下面的记录里。"),
        ({"evaluate": "nothing"}, "没有结果"),
    ],
    ids=str,
)
async def test_what_goes_wrong_is_said_and_changes_nothing(
    school: School, how: dict[str, str], words: str
) -> None:
    before = await production(school)
    school.behave(**how)
    run = await school.train()
    assert run.state == "failed" and words in str(run.error)
    assert await production(school) == before
    assert len(await school.learning.models.list()) == 1
    # The log says more, and no path of this machine.
    assert "working in 训练目录 as" in run.log
    assert str(school.settings.var_dir) not in run.log + str(run.error)
    assert not [p for p in school.folder(run).iterdir() if p.suffix not in (".txt", ".json")]
    school.behave()
    assert (await school.train()).state == "done"


async def test_a_child_that_floods_its_log_is_no_harm(school: School) -> None:
    school.behave(train="flood")
    run = await school.train()
    assert run.state == "done"
    assert len(run.log.splitlines()) <= 200 and "yyy" not in run.log


async def test_a_missing_bot_environment_is_said(school: School) -> None:
    run = await school.learning.train(LI)
    runner = school.runner()
    object.__setattr__(runner._bot, "command", ("/nowhere/python", "-m"))
    await runner.once()
    assert "机器人环境还没有装好" in str((await school.learning.runs.get(run.id)).error)


async def test_a_full_disk_is_said_before_anything_starts(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(
        runner_module.shutil, "disk_usage", lambda _: usage(10**12, 10**12, 3 * 1024**2)
    )
    before = await production(school)
    run = await school.train()
    assert run.state == "failed" and "只剩 3 MB" in str(run.error)
    assert await production(school) == before


async def test_a_disk_that_fills_up_while_the_model_is_kept_is_said(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error is the database's own: SQLite at the end of its pages, PostgreSQL's disk_full."""
    before = await production(school)

    async def keep(sha256: str, number: int, content: bytes) -> None:
        async with school.db.write() as s:
            if not school.db.is_sqlite:
                await s.execute(text("DO $$ BEGIN RAISE disk_full; END $$"))
            await s.execute(text("PRAGMA max_page_count = 1"))  # as many as it has
            try:
                s.add(ModelChunkRow(sha256=sha256, number=number, content=bytes(10**7)))
                await s.flush()
            finally:
                await s.rollback()
                await s.execute(text("PRAGMA max_page_count = 1000000"))

    monkeypatch.setattr("services.training.archives.Archives._put_chunk", staticmethod(keep))
    run = await school.train()
    assert run.state == "failed" and run.error == "磁盘写满了，训练没有完成。请先腾出空间。"
    assert await production(school) == before
    monkeypatch.undo()
    assert len(await school.learning.models.list()) == 1


async def test_an_evaluation_set_that_is_broken_or_gone_is_said(school: School) -> None:
    file = school.settings.evaluation_dir / "b.jsonl"
    file.write_text('{"text": "没有标签"}\n')
    assert "b.jsonl 第 1 行读不懂" in str((await school.train()).error)
    shutil.rmtree(school.settings.evaluation_dir)
    assert "没有评测集" in str((await school.train()).error)


async def test_a_run_has_a_limit_of_time(school: School) -> None:
    object.__setattr__(school.settings, "training_limit_s", 1)
    school.behave(train="hang")
    run = await school.train()
    assert run.state == "failed" and "还没完，已经停下" in str(run.error)


@pytest.mark.parametrize("how", ["hang", "stubborn", "child"])
async def test_cancelling_ends_the_child(school: School, how: str) -> None:
    school.behave(train=how)
    run = await school.learning.train(LI)
    working = asyncio.create_task(school.runner().once())
    pid_file = school.folder(run) / "child.pid"
    await until(lambda: pid_file.exists() and pid_file.read_text(), "the child's number")
    pid = int(pid_file.read_text())
    assert alive(pid)
    await school.learning.runs.cancel(run.id, "张训")
    async with asyncio.timeout(PATIENCE_S):
        assert await working
    await until(lambda: not alive(pid), "the end of the child")
    ended = await school.learning.runs.get(run.id)
    assert (ended.state, ended.cancelled_by, ended.error) == ("cancelled", "张训", None)
    with pytest.raises(LindaError, match="已经结束了"):
        await school.learning.runs.cancel(run.id, "张训")
    school.behave()
    assert (await school.train()).state == "done"


async def test_cancelling_during_the_evaluation(school: School) -> None:
    school.behave(evaluate="hang")
    run = await school.learning.train(LI)
    working = asyncio.create_task(school.runner().once())
    await until(lambda: (school.folder(run) / "child.pid").exists(), "the child's number")
    assert (await school.learning.runs.get(run.id)).active
    await school.learning.runs.cancel(run.id, "张训")
    async with asyncio.timeout(PATIENCE_S):
        await working
    assert (await school.learning.runs.get(run.id)).state == "cancelled"
    assert len(await school.learning.models.list()) == 1


async def test_a_run_in_the_queue_is_cancelled_at_once(school: School) -> None:
    run = await school.learning.train(LI)
    assert (await school.learning.runs.cancel(run.id, "张训")).state == "cancelled"
    assert not await school.runner().once()


async def test_progress_and_log_are_there_to_be_watched(school: School) -> None:
    school.behave(train="hang")
    run = await school.learning.train(LI)
    working = asyncio.create_task(school.runner().once())
    async with asyncio.timeout(PATIENCE_S):
        while (seen := await school.learning.runs.get(run.id)).progress == 0:
            await asyncio.sleep(0.05)
    assert (seen.state, seen.text) == ("training", "训练到一半")
    assert 0.2 < seen.progress < 0.5
    assert "working in 训练目录" in seen.log
    await school.learning.runs.cancel(run.id, "张训")
    await working


def test_of_two_steps_side_by_side_the_first_is_told() -> None:
    """The page would else jump between two lines every second."""
    progress = Progress("training", {"train": 0.7, "evaluate": 0.2, "base": 0.2})
    train = progress.step("train", "正在准备数据")
    train(0.9, "正在打包")
    assert progress.text == "正在打包"
    new = progress.step("evaluate", "考新模型")
    old = progress.step("base", "考现在的模型")
    for share in (0.1, 0.5):
        old(share, "评测")
        assert progress.text == "考新模型"
        new(share, "评测")
        assert progress.text == "考新模型"
    new(1.0, "评测")
    assert progress.text == "考现在的模型"
    old(1.0, "评测")
    assert progress.text == "考现在的模型" and round(progress.done, 6) == 1


async def test_a_worker_that_is_told_to_stop_ends_its_run(school: School) -> None:
    school.behave(train="hang")
    run = await school.learning.train(LI)
    working = asyncio.create_task(school.runner().keep_working())
    pid_file = school.folder(run) / "child.pid"
    await until(lambda: pid_file.exists() and pid_file.read_text(), "the child's number")
    pid = int(pid_file.read_text())
    working.cancel()
    await asyncio.wait({working})
    assert not alive(pid) and not pid_file.exists()
    ended = await school.learning.runs.get(run.id)
    assert ended.state == "failed" and "可以重新训练" in str(ended.error)


async def test_a_dead_workers_run_is_ended_by_whoever_looks_next(school: School) -> None:
    run = await school.learning.train(LI)
    claimed = await school.learning.runs.claim("dead-worker")
    assert claimed is not None
    with pytest.raises(LindaError, match="还没完"):
        await school.learning.train(ZHANG)
    school.clock.advance(seconds=LEASE.total_seconds() + 1)  # type: ignore[attr-defined]
    again = await school.learning.train(ZHANG)
    dead = await school.learning.runs.get(run.id)
    assert dead.state == "failed" and dead.error == "训练中断了，可以重新训练。"
    assert again.active
    # Had it only been slow, it learns that the run is not its own any more, and keeps nothing.
    answer = await school.learning.runs.beat(run.id, "dead-worker", "training", 0.9, "", "")
    assert answer == "lost"


async def test_a_run_whose_lease_was_lost_is_not_finished(school: School) -> None:
    school.behave(train="hang")
    run = await school.learning.train(LI)
    working = asyncio.create_task(school.runner().once())
    pid_file = school.folder(run) / "child.pid"
    await until(lambda: pid_file.exists() and pid_file.read_text(), "the child's number")
    pid = int(pid_file.read_text())
    async with school.db.write() as s:
        ended = await school.learning.runs.end(
            s, run.id, (await _worker_of(school, run)), "failed", error="taken for dead"
        )
    assert ended == "ended"
    async with asyncio.timeout(PATIENCE_S):
        await working
    assert not alive(pid)
    assert (await school.learning.runs.get(run.id)).error == "taken for dead"


async def _worker_of(school: School, run: Run) -> str:
    from services.training.model_tables import RunRow

    async with school.db.read() as s:
        row = await s.get(RunRow, run.id)
        assert row is not None and row.worker is not None
        return row.worker


async def test_leftovers_of_a_dead_worker_and_old_runs_are_cleared_away(school: School) -> None:
    object.__setattr__(school.settings, "training_runs_kept", 3)
    folder = school.settings.var_dir / "training"
    for name in ("250101-000000-aaaaaa", "250102-000000-bbbbbb", "250103-000000-cccccc"):
        (folder / name / "nlu").mkdir(parents=True)
        for file in ("log.txt", "model.tar.gz", "evaluate.json", ".part", "evaluate.jsonl"):
            (folder / name / file).write_text("x")
    run = await school.train()
    assert run.state == "done"
    assert sorted(os.listdir(folder)) == ["250102-000000-bbbbbb", "250103-000000-cccccc", run.id]
    assert sorted(os.listdir(folder / "250103-000000-cccccc")) == ["evaluate.json", "log.txt"]


async def test_the_database_may_be_away_for_a_while(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    from services.db import DatabaseAway

    beats = 0

    async def away(*arguments: object) -> object:
        nonlocal beats
        beats += 1
        raise DatabaseAway

    # At every heartbeat, of which a fast machine needs only one or two; for the end it is back.
    monkeypatch.setattr(school.learning.runs, "beat", away)
    assert (await school.train()).state == "done"
    assert beats >= 1
