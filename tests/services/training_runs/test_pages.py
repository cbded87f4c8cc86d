"""The pages of runs and models, as a browser without scripts would use them."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from services.training.serving import ServingReport
from services.web.console.comparison import change
from tests.services.training_runs.conftest import KNOWN, LI, School

Client = TestClient  # type: ignore[type-arg]
Enter = Callable[[str], Awaitable[Client]]

RUNS, MODELS = "/console/training/runs", "/console/training/models"


@pytest.fixture
def enter(client: Client, school: School) -> Enter:
    async def go(username: str) -> Client:
        form = {"username": username, "password": school.settings.demo_password}
        answer = await client.post("/console/login", data=form, allow_redirects=False)
        assert answer.status == 303
        return client

    return go


async def text_of(client: Client, path: str, status: int = 200, **form: Any) -> str:
    """Return a page's words; with form fields it is sent."""
    answer = await (client.post(path, data=form) if form else client.get(path))
    html = await answer.text()
    assert answer.status == status, html
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


async def test_monday_morning(school: School, enter: Enter) -> None:
    trainer = await enter("trainer1")
    assert "还没有教过它什么" in await text_of(trainer, RUNS)
    school.lessons.teach("楼道黑咕隆咚", "report_problem", "H6")
    assert "1 句，现在的模型还没学" in await text_of(trainer, RUNS)
    answer = await trainer.post(RUNS, allow_redirects=False)
    assert answer.status == 303
    page = answer.headers["Location"]
    assert "排队中" in await text_of(trainer, page)
    # Who watches is sent on when it has ended.
    watching = await trainer.get(page, headers={"HX-Request": "true"})
    assert "HX-Refresh" not in watching.headers
    await school.runner().once()
    watching = await trainer.get(page, headers={"HX-Request": "true"})
    assert watching.headers["HX-Refresh"] == "true"
    admin = await enter("admin1")
    shown = await text_of(admin, page)
    assert "可以上线" in shown and "这次教的 1 句，学会 1 句" in shown
    assert "紧急情况 1 句，认出 1 句" in shown
    assert "宏 F1" in shown and "楼道灯" in shown
    model = (await school.learning.runs.list())[0].model
    shown = await text_of(admin, f"{MODELS}/{model}/promote", after="1")
    assert "上线" in shown and "韩工" in shown
    current = await school.learning.models.current()
    assert current is not None and current.model == model
    # What it was released on can still be read.
    shown = await text_of(admin, page)
    assert "现在用的模型，和它之前的比" in shown and "学会 1 句" in shown
    shown = await text_of(admin, f"{MODELS}/rollback", after="2", reason="听不懂")
    assert "理由：听不懂" in shown
    assert (await school.learning.models.current()).kind == "rollback"  # type: ignore[union-attr]
    assert "都学了，还没上线" in await text_of(admin, RUNS)
    assert "训练 用过" in await text_of(admin, MODELS), "and can be told from one that never was"


async def test_with_nothing_new_a_training_is_asked_about_first(
    school: School, enter: Enter
) -> None:
    trainer = await enter("trainer1")
    html = await (await trainer.get(RUNS)).text()
    assert 'name="anyway"' in html
    shown = await text_of(trainer, RUNS, 409, press="1")
    assert "还没有教过它什么，再训练也差不多" in shown and "先勾上" in shown
    assert await school.learning.runs.list() == [], "nothing was begun"
    school.lessons.teach("楼道黑咕隆咚", "report_problem", "H6")
    assert 'name="anyway"' not in await (await trainer.get(RUNS)).text(), "there is something new"
    school.lessons.rows.clear()
    answer = await trainer.post(RUNS, data={"anyway": "yes"}, allow_redirects=False)
    assert answer.status == 303 and "/runs/" in answer.headers["Location"]


async def test_a_trainer_trains_and_does_not_release(school: School, enter: Enter) -> None:
    trainer = await enter("trainer1")
    school.lessons.teach("楼道黑咕隆咚", "report_problem", "H6")
    run = await school.train()
    shown = await text_of(trainer, f"{RUNS}/{run.id}")
    assert "由系统管理员决定" in shown
    html = await (await trainer.get(f"{RUNS}/{run.id}")).text()
    assert "/promote" not in html
    models = await (await trainer.get(MODELS)).text()
    assert "rollback" not in models
    for path in (f"{MODELS}/{run.model}/promote", f"{MODELS}/rollback"):
        assert (await trainer.post(path, data={"after": "1"})).status == 403
    assert (await school.learning.models.current()).id == 1  # type: ignore[union-attr]


async def test_an_admin_releases_and_neither_teaches_nor_trains(
    school: School, enter: Enter
) -> None:
    admin = await enter("admin1")
    run = await school.train()
    pages = [RUNS, f"{RUNS}/{run.id}", MODELS, f"{MODELS}/{run.model}", "/console/texts"]
    for path in pages:
        html = await (await admin.get(path)).text()
        assert "开始训练</button>" not in html and "/compare" not in html, path
        assert '"/console/training"' not in html, "no link to what residents said"
    for path in (RUNS, f"{RUNS}/{run.id}/cancel", f"{MODELS}/{run.model}/compare"):
        assert "需要：机器人训练员" in await text_of(admin, path, 403, x="1")
    assert (await admin.get("/console/training")).status == 403
    assert (await admin.get("/console")).status == 200


async def test_the_second_who_presses_is_led_to_the_run(school: School, enter: Enter) -> None:
    trainer = await enter("trainer1")
    run = await school.learning.train(LI)
    answer = await trainer.post(RUNS)
    html = await answer.text()
    assert answer.status == 409
    assert "李主任" in html and f'href="{RUNS}/{run.id}"' in html
    assert "开始训练</button>" not in html  # the running one is there instead
    assert "取消了" in await text_of(trainer, f"{RUNS}/{run.id}/cancel", x="1")
    # Once more is no error: it is cancelled.
    assert "取消了" in await text_of(trainer, f"{RUNS}/{run.id}/cancel", x="1")


async def test_a_run_that_nobody_takes_is_said(school: School, enter: Enter) -> None:
    admin = await enter("admin1")
    run = await school.learning.train(LI)
    assert "还没有接手" not in await text_of(admin, f"{RUNS}/{run.id}")
    await school.clock.set(school.db, school.clock.now() + timedelta(seconds=30))
    assert "还没有接手" in await text_of(admin, f"{RUNS}/{run.id}")


async def test_a_failed_run_says_why(school: School, enter: Enter) -> None:
    admin = await enter("admin1")
    school.behave(train="error")
    run = await school.train()
    shown = await text_of(admin, f"{RUNS}/{run.id}")
    assert "没有成功" in shown and "不是有效的 YAML" in shown and "没有受影响" in shown
    assert "没成功：训练数据" in await text_of(admin, RUNS)


async def test_a_lost_emergency_leaves_no_button(school: School, enter: Enter) -> None:
    admin = await enter("admin1")
    school.behave(forget=["家里煤气味好大"])
    run = await school.train()
    html = await (await admin.get(f"{RUNS}/{run.id}")).text()
    assert "不能上线" in html and "家里煤气味好大" in html and "/promote" not in html
    shown = await text_of(admin, f"{MODELS}/{run.model}/promote", 409, after="1", reason="我说了算")
    assert "不能上线" in shown
    assert (await school.learning.models.current()).id == 1  # type: ignore[union-attr]


async def test_a_doubt_asks_for_a_reason_and_keeps_what_was_typed(
    school: School, enter: Enter
) -> None:
    admin = await enter("admin1")
    school.behave(forget=["外面下雪了没"])
    run = await school.train()
    path = f"{MODELS}/{run.model}/promote"
    assert "请写明理由" in await text_of(admin, path, 422, after="1", reason="")
    stale = await text_of(admin, path, 409, after="7", reason="急着<b>用</b>")
    assert "急着" in stale and "请看过最新情况再决定" in stale
    assert "理由：先用着" in await text_of(admin, path, after="1", reason="先用着")


async def test_a_model_that_was_never_compared(school: School, enter: Enter) -> None:
    admin = await enter("admin1")
    await school.train()
    release = await school.learning.promote(LI, (await school.learning.models.list())[0].sha256, 1)
    school.write_model({**KNOWN, "新的": ("thank", None)})
    taken = await school.learning.models.take_in_file()
    assert taken is not None and not taken.released
    page = f"{MODELS}/{taken.sha256}"
    assert "还没和现在的模型比过" in await text_of(admin, page)
    assert "先点“比一比”" in await text_of(admin, f"{page}/promote", 409, after=str(release.id))
    trainer = await enter("trainer1")
    answer = await trainer.post(f"{page}/compare", allow_redirects=False)
    await school.runner().once()
    assert "可以上线" in await text_of(trainer, answer.headers["Location"])


async def test_who_serves_what_and_a_broken_archive(school: School, enter: Enter) -> None:
    admin = await enter("admin1")
    models = school.learning.models
    current = (await models.current()).model  # type: ignore[union-attr]
    await models.report_serving(ServingReport(process="a:5005", model=current, state="serving"))
    await models.report_serving(
        ServingReport(
            process="b:5005", model="0" * 64, state="failed", wanted=current,
            error="模型文件不完整或已损坏",
        )
    )  # fmt: skip
    shown = await text_of(admin, MODELS)
    assert "2 个机器人进程中 1 个已用现在的模型，1 个没换成" in shown
    assert "b:5005 没换成：模型文件不完整或已损坏" in shown
    assert "文件不完整：机器人会继续" not in shown
    await models.archives.drop([current])
    assert "文件不完整：机器人会继续" in await text_of(admin, MODELS)


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [(0.051, "share", "+5.1"), (-2, "count", "−2"), (0.3, "ms", ""), (-0.0004, "share", ""), (None, "ms", "")],
)  # fmt: skip
def test_what_is_rounded_away_is_no_difference(value: float | None, unit: Any, words: str) -> None:
    assert change(value, unit) == words


@pytest.mark.parametrize("username", ["grid1", "auditor1"])
async def test_others_are_refused(enter: Enter, username: str) -> None:
    other = await enter(username)
    for path in (RUNS, MODELS, f"{RUNS}/x", f"{MODELS}/abcd"):
        assert "需要：机器人训练员、系统管理员" in await text_of(other, path, 403)


async def test_what_is_not_there(enter: Enter) -> None:
    admin = await enter("admin1")
    assert "没有这次训练" in await text_of(admin, f"{RUNS}/x", 404)
    assert "没有这个模型" in await text_of(admin, f"{MODELS}/abcdef", 404)
