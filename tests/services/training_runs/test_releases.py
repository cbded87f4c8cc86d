"""Who may put what into production, and what happens when two decide at once."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import delete, select, update

from services.clock import ZONE
from services.db import Database
from services.errors import LindaError
from services.training.fingerprint import sha256_of
from services.training.learning import Learning, before
from services.training.model_tables import ModelChunkRow, ModelRow, ReleaseRow
from services.training.releases import Release, productions
from services.training.runner import Watched
from tests.patience import PATIENCE_S
from tests.services.training_runs.conftest import KNOWN, LI, ZHANG, School


def history(*steps: tuple[str, str]) -> list[Release]:
    at = datetime(2026, 11, 24, tzinfo=ZONE)
    return [
        Release(i, kind, model, None, "", None, "", at, None)  # type: ignore[arg-type]
        for i, (kind, model) in enumerate(steps, 1)
    ]


def test_rolling_back_twice_goes_back_two_steps() -> None:
    steps = [("file", "a"), ("promote", "b"), ("promote", "c")]
    assert productions(history(*steps)) == ["a", "b", "c"]
    steps.append(("rollback", "b"))
    assert productions(history(*steps)) == ["a", "b"] and before(history(*steps)) == "a"
    steps.append(("rollback", "a"))
    assert productions(history(*steps)) == ["a"] and before(history(*steps)) is None
    # What was rolled back may come again.
    steps.append(("promote", "c"))
    assert productions(history(*steps)) == ["a", "c"]


def test_nothing_before_the_first() -> None:
    assert before([]) is None and before(history(("file", "a"))) is None


async def newest(school: School) -> Release:
    current = await school.learning.models.current()
    assert current is not None
    return current


async def candidate(school: School, text: str = "楼道黑咕隆咚") -> str:
    school.lessons.teach(text, "report_problem", "H6")
    run = await school.train()
    assert run.state == "done", run.error
    return str(run.model)


async def test_promote_and_roll_back(school: School) -> None:
    first = await newest(school)
    model = await candidate(school)
    release = await school.learning.promote(LI, model, first.id)
    assert (await newest(school)) == release
    assert (release.model, release.before, release.staff_name) == (model, first.model, "李主任")
    assert release.figures is not None and "学会 1 句" in release.figures["verdict"]
    back = await school.learning.rollback(LI, release.id, "居民说听不懂了")
    assert (back.kind, back.model, back.reason) == ("rollback", first.model, "居民说听不懂了")
    with pytest.raises(LindaError, match="没有更早的"):
        await school.learning.rollback(LI, back.id)
    kinds = [r.kind for r in await school.learning.models.history()]
    assert kinds == ["file", "promote", "rollback"]


async def test_who_decides_on_an_old_page_is_told_who_was_faster(school: School) -> None:
    first = await newest(school)
    model = await candidate(school)
    await school.learning.promote(LI, model, first.id)
    with pytest.raises(LindaError) as refused:
        await school.learning.promote(ZHANG, model, first.id)
    assert refused.value.code == "release_conflict" and refused.value.status == 409
    assert "李主任" in refused.value.message and "上线了" in refused.value.message
    with pytest.raises(LindaError, match="李主任"):
        await school.learning.rollback(ZHANG, first.id)


async def test_of_two_at_the_same_moment_one_wins(school: School) -> None:
    first = await newest(school)
    model = await candidate(school)
    other = Learning(
        school.settings, Database(school.settings.database), school.clock, school.lessons
    )
    results = await asyncio.gather(
        *(
            learning.promote(who, model, first.id)
            for learning, who in ((school.learning, LI), (other, ZHANG)) * 3
        ),
        return_exceptions=True,
    )
    assert sum(isinstance(r, Release) for r in results) == 1
    codes = {r.code for r in results if isinstance(r, LindaError)}
    assert codes <= {"release_conflict", "already_released"}
    async with school.db.read() as s:
        assert len(list(await s.scalars(select(ReleaseRow.id)))) == 2
    await other._db.close()


async def test_a_lost_emergency_is_refused_for_everybody(school: School) -> None:
    school.behave(forget=["家里煤气味好大"])
    model = await candidate(school)
    for reason in ("", "我负责"):
        with pytest.raises(LindaError) as refused:
            await school.learning.promote(LI, model, (await newest(school)).id, reason)
        assert refused.value.code == "emergencies_lost" and refused.value.status == 409
        assert refused.value.fields["sentences"] == ["家里煤气味好大"]
        assert "家里煤气味好大" in refused.value.message
    assert (await newest(school)).kind == "file"


async def test_a_worse_model_needs_a_reason(school: School) -> None:
    school.behave(forget=["外面下雪了没", "灯坏了"])
    model, seen = await candidate(school, "别的话"), (await newest(school)).id
    with pytest.raises(LindaError) as refused:
        await school.learning.promote(LI, model, seen, "   ")
    assert refused.value.code == "reason_required" and refused.value.status == 422
    assert "宏 F1" in refused.value.message
    release = await school.learning.promote(LI, model, seen, "先用着，下周再教")
    assert release.reason == "先用着，下周再教"


async def test_a_changed_evaluation_set_needs_a_reason(school: School) -> None:
    model = await candidate(school)
    more = {"text": "新的一句", "intent": "thank"}
    (school.settings.evaluation_dir / "b.jsonl").write_text(json.dumps(more))
    with pytest.raises(LindaError, match="评测用的句子或规则改过了"):
        await school.learning.promote(LI, model, (await newest(school)).id)
    run = await school.learning.compare(LI, model)
    await school.runner().once()
    assert (await school.learning.runs.get(run.id)).state == "done"
    await school.learning.promote(LI, model, (await newest(school)).id)


async def test_a_model_that_was_not_compared_is_refused_until_it_is(
    school: School, tmp_path: Path
) -> None:
    from tests.services.training_runs import fake_bot

    file = tmp_path / "other.tar.gz"
    fake_bot.write_model(file, {k: list(v) for k, v in KNOWN.items()})
    model = await school.learning.models.import_file(file, "命令行")
    with pytest.raises(LindaError, match="还没有和现在的模型比过"):
        await school.learning.promote(LI, model.sha256, 1)
    run = await school.learning.compare(LI, model.sha256[:10])
    assert run.kind == "evaluate"
    await school.runner().once()
    ended = await school.learning.runs.get(run.id)
    assert (ended.state, ended.model) == ("done", model.sha256)
    await school.learning.promote(LI, model.sha256[:10], 1)
    # The row says still where it came from.
    assert (await school.learning.models.get(model.sha256)).source == "import"


async def test_a_file_that_was_never_taught_is_asked_what_people_taught(
    school: School, tmp_path: Path
) -> None:
    model = await candidate(school)
    await school.learning.promote(LI, model, 1)
    school.write_model({**KNOWN, "新的": ("thank", None)})
    taken = await school.learning.models.take_in_file()
    assert taken is not None and not taken.released
    await school.learning.compare(LI, taken.sha256)
    await school.runner().once()
    judged = await school.learning.judge(taken.sha256)
    assert judged is not None and judged.taught is not None
    assert [line.text for line in judged.taught.forgotten] == ["楼道黑咕隆咚"]
    assert "忘了 1 句" in judged.verdict
    # Being asked about it is not being taught it.
    assert await school.learning.evaluations.taught_texts(taken.sha256) == frozenset()
    assert await school.learning.evaluations.taught_texts(model) == {"楼道黑咕隆咚"}


async def test_a_file_that_is_no_model_is_refused(school: School, tmp_path: Path) -> None:
    file = tmp_path / "x.tar.gz"
    file.write_bytes(b"no archive")
    with pytest.raises(LindaError, match="不是模型文件"):
        await school.learning.models.import_file(file, "")


async def test_the_same_model_is_not_released_twice(school: School) -> None:
    current = await newest(school)
    with pytest.raises(LindaError, match="现在用的就是这个模型"):
        await school.learning.promote(LI, current.model, current.id)


# -- LINDA_MODEL ---------------------------------------------------------------------------------


async def test_a_retrained_file_is_served_as_long_as_nobody_decided(school: School) -> None:
    take_in = school.learning.models.take_in_file
    assert await take_in() is None  # it is known
    school.write_model({**KNOWN, "新的": ("thank", None)})
    taken = await take_in()
    assert taken is not None and taken.released
    assert (await newest(school)).model == taken.sha256
    model = await candidate(school)
    await school.learning.promote(LI, model, (await newest(school)).id)
    assert await take_in() is None  # the file is what it was: a restart changes nothing
    school.write_model({**KNOWN, "更新的": ("thank", None)})
    taken = await take_in()
    assert taken is not None and not taken.released
    assert (await newest(school)).model == model
    assert (await school.learning.models.get(taken.sha256)).source == "file"


async def test_after_a_rollback_by_a_person_a_file_waits_too(school: School) -> None:
    model = await candidate(school)
    release = await school.learning.promote(LI, model, 1)
    await school.learning.rollback(LI, release.id)
    school.write_model({"x": ("thank", None)})
    taken = await school.learning.models.take_in_file()
    assert taken is not None and not taken.released


async def test_several_processes_take_it_in_at_once(school: School) -> None:
    school.write_model({**KNOWN, "新的": ("thank", None)})
    others = [
        Learning(school.settings, Database(school.settings.database), school.clock, school.lessons)
        for _ in range(3)
    ]
    taken = await asyncio.gather(*(o.models.take_in_file() for o in others))
    assert any(t is not None for t in taken) and all(t is None or t.released for t in taken)
    assert len(await school.learning.models.list()) == 2
    assert len(await school.learning.models.history()) == 2
    for other in others:
        await other._db.close()


async def test_a_file_that_is_cut_off_is_not_taken_in(
    school: School, caplog: pytest.LogCaptureFixture
) -> None:
    first = await newest(school)
    school.write_model({**KNOWN, **{f"第{n}句": ("thank", None) for n in range(200)}})
    whole = school.settings.model.read_bytes()
    for broken in (whole[: len(whole) // 2], b"", b"no archive"):
        school.settings.model.write_bytes(broken)
        assert await school.learning.models.take_in_file() is None
        assert "不是完整的模型文件" in caplog.messages[-1]
    assert await newest(school) == first and len(await school.learning.models.list()) == 1
    school.settings.model.write_bytes(whole)
    assert await school.learning.models.take_in_file() is not None


async def test_make_train_is_noticed_while_the_worker_runs(school: School) -> None:
    worker = asyncio.create_task(school.runner().keep_working())
    try:
        school.write_model({**KNOWN, "新的": ("thank", None)})
        sha256 = sha256_of(school.settings.model)
        async with asyncio.timeout(PATIENCE_S):
            while (await newest(school)).model != sha256:
                await asyncio.sleep(0.02)
    finally:
        worker.cancel()
        await asyncio.wait({worker})
    assert (await newest(school)).kind == "file"


def test_a_file_that_is_being_written_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "model"
    file = Watched(path)
    assert not file.changed()
    path.write_bytes(b"a")
    assert not file.changed(), "it has just appeared"
    path.write_bytes(b"ab")
    assert not file.changed(), "it grows"
    assert file.changed() and file.changed(), "until it has been seen"
    file.seen()
    assert not file.changed()
    path.unlink()
    assert not file.changed() and not file.changed()


async def test_without_a_file_there_is_no_model(school: School) -> None:
    school.settings.model.unlink()
    assert await school.learning.models.take_in_file() is None


async def test_the_stamp_of_make_train_tells_the_data(school: School) -> None:
    school.write_model({"x": ("thank", None)})
    stamp = school.settings.model.with_suffix(".sha256")
    stamp.write_text("ab" * 32)
    taken = await school.learning.models.take_in_file()
    assert taken is not None
    assert (await school.learning.models.get(taken.sha256)).data_hash == "ab" * 32


# -- archives ------------------------------------------------------------------------------------


async def test_a_damaged_copy_is_mended_and_a_lost_archive_is_told(school: School) -> None:
    current = await newest(school)
    archives = school.learning.models.archives
    file = await archives.file(current.model)
    whole = file.read_bytes()
    file.write_bytes(whole[:-1])
    assert (await archives.file(current.model)).read_bytes() == whole
    file.unlink()
    assert await archives.is_whole(current.model)
    async with school.db.write() as s:
        await s.execute(update(ModelChunkRow).values(content=b"damaged"))
    assert await archives.is_whole(current.model)  # this machine's copy is still good
    file.write_bytes(b"damaged as well")
    assert not await archives.is_whole(current.model)
    with pytest.raises(LindaError) as broken:
        await archives.file(current.model)
    assert broken.value.status == 503 and "文件不完整" in broken.value.message
    assert not [p for p in file.parent.iterdir() if p.name.startswith(".")]
    # Taking the same file in again mends it.
    await archives.put(school.settings.model)
    assert await archives.is_whole(current.model)


async def test_a_second_machine_has_what_the_first_one_trained(
    school: School, tmp_path: Path
) -> None:
    model = await candidate(school)
    elsewhere = school.settings.model_copy(update={"var_dir": tmp_path / "second"})
    second = Learning(elsewhere, Database(elsewhere.database), school.clock, school.lessons)
    file = await second.models.archives.file(model)
    assert str(file).startswith(str(tmp_path / "second"))
    await second.promote(LI, model, 1)
    await second._db.close()


async def test_big_archives_are_kept_in_pieces(school: School, tmp_path: Path) -> None:
    import os

    file = tmp_path / "big"
    file.write_bytes(os.urandom(2 * (1 << 20) + 17))
    sha256, size = await school.learning.models.archives.put(file)
    assert size == 2 * (1 << 20) + 17
    async with school.db.read() as s:
        numbers = select(ModelChunkRow.number).where(ModelChunkRow.sha256 == sha256)
        assert sorted(await s.scalars(numbers)) == [0, 1, 2]
    (school.settings.var_dir / "models" / f"{sha256}.tar.gz").unlink()
    restored = await school.learning.models.archives.file(sha256)
    assert restored.read_bytes() == file.read_bytes()
    # It belongs to no model: who kept it has died.
    await school.learning.models.archives.drop_orphans()
    assert not await school.learning.models.archives.is_whole(sha256)
    assert await school.learning.models.archives.is_whole((await newest(school)).model)


async def test_old_candidates_are_cleared_away_and_productions_are_not(school: School) -> None:
    object.__setattr__(school.settings, "training_runs_kept", 2)
    first = await newest(school)
    models = []
    for n in range(4):
        school.clock.advance(minutes=1)  # type: ignore[attr-defined]
        models.append(await candidate(school, f"第{n}句"))
    kept = {m.sha256 for m in await school.learning.models.list() if m.kept}
    assert kept == {first.model, *models[-2:]}
    with pytest.raises(LindaError, match="已经清理掉了"):
        await school.learning.promote(LI, models[0], first.id)
    async with school.db.read() as s:
        assert set(await s.scalars(select(ModelChunkRow.sha256).distinct())) == kept
    # The rows stay: history names them.
    assert len(await school.learning.models.list()) == 5


async def test_promoting_what_is_damaged_is_refused(school: School) -> None:
    model = await candidate(school)
    async with school.db.write() as s:
        await s.execute(delete(ModelChunkRow).where(ModelChunkRow.sha256 == model))
    (school.settings.var_dir / "models" / f"{model}.tar.gz").unlink()
    with pytest.raises(LindaError) as broken:
        await school.learning.promote(LI, model, 1)
    assert broken.value.status == 503
    assert (await newest(school)).id == 1


async def test_models_are_found_by_their_first_digits(school: School) -> None:
    model = (await newest(school)).model
    assert (await school.learning.models.get(model[:6])).sha256 == model
    for name in ("", "ab", "%%%%", "ffff0000"):
        with pytest.raises(LindaError, match="没有这个模型"):
            await school.learning.models.get(name)
    async with school.db.write() as s:
        row = await s.get(ModelRow, model)
        assert row is not None
        s.add(ModelRow(**{**_columns(row), "sha256": model[:10] + "0" * 54}))
    with pytest.raises(LindaError, match="写长一点"):
        await school.learning.models.get(model[:6])


def _columns(row: ModelRow) -> dict[str, object]:
    return {c.name: getattr(row, c.name) for c in row.__table__.columns}
