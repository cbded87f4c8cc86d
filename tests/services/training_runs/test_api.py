"""The internal API of the Rasa processes and the staff's API, over HTTP."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from sqlalchemy import update

from services.training.model_tables import ModelChunkRow, ReleaseRow
from services.training.serving import ServingProcess, words
from tests.services.conftest import NOW
from tests.services.training_runs.conftest import School

INTERNAL = {"Authorization": "Bearer internal-token-of-the-tests"}

Client = TestClient  # type: ignore[type-arg]
Token = Callable[[str], Awaitable[dict[str, str]]]


@pytest.fixture
def as_staff(client: Client, school: School) -> Token:
    async def headers(username: str) -> dict[str, str]:
        login = {"username": username, "password": school.settings.demo_password}
        answer = await client.post("/api/v1/auth/token", json=login)
        return {"Authorization": f"Bearer {(await answer.json())['token']}"}

    return headers


async def candidate(school: School) -> str:
    school.lessons.teach("楼道黑咕隆咚", "report_problem", "H6")
    return str((await school.train()).model)


# -- for Rasa ------------------------------------------------------------------------------------


async def test_the_production_model_is_sent_as_it_is(school: School, client: Client) -> None:
    whole = school.settings.model.read_bytes()
    sha256 = hashlib.sha256(whole).hexdigest()
    async with client.get(
        "/internal/v1/models/current", headers={**INTERNAL, "Accept-Encoding": "gzip"}
    ) as answer:
        assert answer.status == 200
        assert answer.headers["Content-Type"] == "application/octet-stream"
        assert "Content-Encoding" not in answer.headers
        assert answer.headers["ETag"] == f'"{sha256}"'
        assert answer.headers["X-Linda-Sha256"] == sha256
        assert answer.headers["Content-Length"] == str(len(whole))
        assert await answer.read() == whole
    known = {**INTERNAL, "If-None-Match": f'"{sha256}"'}
    async with client.get("/internal/v1/models/current", headers=known) as answer:
        assert answer.status == 304 and await answer.read() == b""
        assert answer.headers["ETag"] == f'"{sha256}"'
    other = {**INTERNAL, "If-None-Match": f'"{"0" * 64}"'}
    async with client.get("/internal/v1/models/current", headers=other) as answer:
        assert answer.status == 200


async def test_a_release_is_what_is_sent_next(
    school: School, client: Client, as_staff: Token
) -> None:
    model = await candidate(school)
    admin = await as_staff("admin1")
    body = {"model": model, "after": 1}
    async with client.post("/api/v1/training/releases", json=body, headers=admin) as answer:
        assert answer.status == 201, await answer.text()
    async with client.get("/internal/v1/models/current", headers=INTERNAL) as answer:
        assert hashlib.sha256(await answer.read()).hexdigest() == model


async def test_only_rasa_gets_models(client: Client, as_staff: Token) -> None:
    for headers in ({}, {"Authorization": "Bearer wrong"}, await as_staff("admin1")):
        for method, path in (("GET", "current"), ("POST", "serving")):
            answer = await client.request(
                method, f"/internal/v1/models/{path}", headers=headers, json={}
            )
            assert answer.status == 401


async def test_without_a_model_and_with_a_broken_one(school: School, client: Client) -> None:
    async with school.db.write() as s:
        await s.execute(update(ModelChunkRow).values(content=b"x"))
    for file in (school.settings.var_dir / "models").iterdir():
        file.unlink()
    async with client.get("/internal/v1/models/current", headers=INTERNAL) as answer:
        assert answer.status == 503
        assert (await answer.json())["error"]["code"] == "model_archive_broken"
    async with school.db.write() as s:
        for row in [await s.get(ReleaseRow, 1)]:
            await s.delete(row)
    async with client.get("/internal/v1/models/current", headers=INTERNAL) as answer:
        assert answer.status == 404


async def test_who_serves_what(school: School, client: Client, as_staff: Token) -> None:
    current = (await school.learning.models.current()).model  # type: ignore[union-attr]

    async def tell(**report: Any) -> int:
        answer = await client.post("/internal/v1/models/serving", json=report, headers=INTERNAL)
        return answer.status

    async def told() -> dict[str, Any]:
        answer = await client.get("/api/v1/training/models", headers=await as_staff("trainer1"))
        return dict((await answer.json())["serving"])

    async def later(seconds: float) -> None:
        await school.clock.set(school.db, school.clock.now() + timedelta(seconds=seconds))

    assert "没有机器人进程" in (await told())["text"]
    assert await tell(process="a:1", model=current, state="serving") == 204
    assert await tell(process="b:1", model="0" * 64, state="serving") == 204
    assert (await told())["text"] == "正在换：2 个机器人进程中 1 个已用现在的模型。"
    failed = {"state": "failed", "wanted": current, "error": "模型文件不完整或已损坏" + "。" * 999}
    assert await tell(process="b:1", model="0" * 64, **failed) == 204
    shown = await told()
    assert shown["text"] == "2 个机器人进程中 1 个已用现在的模型，1 个没换成，还在用原来的。"
    assert shown["processes"][1]["error"].startswith("模型文件不完整")
    await later(60)
    await tell(process="b:1", model=current, state="serving", wanted=None, error=None)
    await later(31)
    shown = await told()
    assert shown["text"] == "1 个机器人进程中 1 个已用现在的模型，另有 1 个没有消息。"
    assert [p["state"] for p in shown["processes"]] == ["away", "serving"]
    assert await tell(process="", state="serving") == 422
    assert await tell(process="c:1", state="dancing") == 422
    assert await tell(process="c:1", state="serving", model="../etc") == 422


def test_words_without_a_model() -> None:
    assert words([], None) == "还没有模型。"
    process = ServingProcess("a:1", None, "away", None, None, NOW)
    assert "居民现在得不到回答" in words([process], "x")


# -- for staff -----------------------------------------------------------------------------------


async def test_from_training_to_release(school: School, client: Client, as_staff: Token) -> None:
    trainer, admin = await as_staff("trainer1"), await as_staff("admin1")
    school.lessons.teach("楼道黑咕隆咚", "report_problem", "H6")
    answer = await client.post("/api/v1/training/runs", headers=trainer)
    assert answer.status == 202
    run = await answer.json()
    assert (run["state"], run["state_text"], run["staff_name"]) == ("queued", "排队中", "冯雪")
    assert (await client.post("/api/v1/training/runs", headers=admin)).status == 403
    answer = await client.post("/api/v1/training/runs", headers=trainer)
    assert answer.status == 409
    error = (await answer.json())["error"]
    assert error["code"] == "run_active" and error["fields"]["run"] == run["id"]
    await school.runner().once()
    answer = await client.get(f"/api/v1/training/runs/{run['id']}", headers=trainer)
    ended = await answer.json()
    assert ended["state"] == "done" and "working in" in ended["log"]
    answer = await client.get(f"/api/v1/training/models/{ended['model']}", headers=trainer)
    comparison = (await answer.json())["comparison"]
    assert comparison["advice"] == "go"
    assert [e["text"] for e in comparison["newly_right"]] == ["楼道黑咕隆咚"]
    assert comparison["taught"][0]["learned"] is True
    wish = {"model": ended["model"], "after": 1}
    answer = await client.post("/api/v1/training/releases", json=wish, headers=trainer)
    assert answer.status == 403
    answer = await client.post("/api/v1/training/releases", json=wish, headers=admin)
    assert answer.status == 201
    answer = await client.post("/api/v1/training/releases", json=wish, headers=admin)
    assert answer.status == 409
    assert (await answer.json())["error"]["code"] == "release_conflict"
    back = {"after": 2, "reason": "先退回"}
    path = "/api/v1/training/releases/rollback"
    assert (await client.post(path, json=back, headers=trainer)).status == 403
    assert (await client.post(path, json=back, headers=admin)).status == 201
    answer = await client.get("/api/v1/training/releases", headers=trainer)
    history = (await answer.json())["releases"]
    assert [r["kind"] for r in history] == ["rollback", "promote", "file"]
    assert history[0]["reason"] == "先退回" and history[1]["by"]["id"] == "admin1"


async def test_cancel(school: School, client: Client, as_staff: Token) -> None:
    trainer = await as_staff("trainer1")
    run = await (await client.post("/api/v1/training/runs", headers=trainer)).json()
    path = f"/api/v1/training/runs/{run['id']}/cancel"
    assert (await (await client.post(path, headers=trainer)).json())["state"] == "cancelled"
    assert (await client.post(path, headers=trainer)).status == 409
    missing = await client.post("/api/v1/training/runs/none/cancel", headers=trainer)
    assert missing.status == 404


@pytest.mark.parametrize("username", ["grid1", "clerk1", "auditor1", "dispatcher1"])
async def test_others_have_no_business_here(client: Client, as_staff: Token, username: str) -> None:
    headers = await as_staff(username)
    for path in ("runs", "models", "releases", "runs/x", "models/abcd"):
        assert (await client.get(f"/api/v1/training/{path}", headers=headers)).status == 403
    assert (await client.post("/api/v1/training/runs", headers=headers)).status == 403


async def test_many_ask_at_once(school: School, client: Client, as_staff: Token) -> None:
    answers = await asyncio.gather(
        *(client.get("/internal/v1/models/current", headers=INTERNAL) for _ in range(8))
    )
    bodies = {await answer.read() for answer in answers}
    assert len(bodies) == 1
