"""社区消息 on the real services: written, looked at, published, told by the chat, taken back."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from services.context import Services
from tests.services.web.conftest import Client, Token

PATH = "/console/information"
WORDS = "松江花园1到3号楼停气检修，9点到11点。"
Enter = Callable[[str], Awaitable[Client]]


@pytest.fixture
def enter(client: Client, services: Services) -> Enter:
    async def go(username: str) -> Client:
        form = {"username": username, "password": services.settings.demo_password}
        answer = await client.post("/console/login", data=form, allow_redirects=False)
        assert answer.status == 303
        return client

    return go


async def form_page(client: Client, query: str = "") -> str:
    return await (await client.get(f"{PATH}/new{query}")).text()


async def form(client: Client, services: Services, query: str = "") -> dict[str, str]:
    html = await form_page(client, query)
    found = re.search(r'name="form" value="([^"]+)"', html)
    assert found, html
    day = (services.clock.now().date() + timedelta(days=1)).isoformat()
    return {
        "form": found[1], "topic": "gas", "text": WORDS, "starts": day, "until": day,
        "source": "青禾县燃气公司",
    }  # fmt: skip


async def told(services: Services) -> tuple[str, ...]:
    return (await services.information.answer("哪天停气")).texts


async def test_seen_first_then_published_once_then_taken_back(
    enter: Enter, services: Services
) -> None:
    client = await enter("clerk1")
    typed = await form(client, services)
    seen = await (await client.post(f"{PATH}/new", data={**typed, "do": "preview"})).text()
    assert "居民问起来，会这样说" in seen and "来源：青禾县燃气公司" in seen
    assert await told(services) == (), "looking at it publishes nothing"
    for _ in range(2):
        answer = await client.post(f"{PATH}/new", data={**typed, "do": "publish"})
        assert answer.status == 200 and WORDS in await answer.text()
    (said,) = await told(services)
    assert said in seen.replace("&#34;", '"'), "the preview is what the chat says"

    again = await form(client, services, f"?from={typed['form']}")
    change = {
        **again,
        "text": "改到下午检修，两点到四点。",
        "elder": "下午没气。",
        "replaces": typed["form"],
    }
    seen = await (await client.post(f"{PATH}/new", data={**change, "do": "preview"})).text()
    assert "长辈版：" in seen and seen.count("下午没气。") == 2, "as it is said, and to be changed"
    await client.post(f"{PATH}/new", data={**change, "do": "publish"})
    (said,) = await told(services)
    assert "改到下午" in said
    (said,) = (await services.information.answer("哪天停气", elder=True)).texts
    assert "下午没气。" in said and "检修" not in said
    assert "下午没气。" in (await form_page(client, f"?from={again['form']}"))
    page = await (await client.post(f"{PATH}/{again['form']}/withdraw")).text()
    assert await told(services) == () and "赵敏撤下" in page


async def test_a_refusal_keeps_what_was_typed(enter: Enter, services: Services) -> None:
    client = await enter("supervisor1")
    typed = {**await form(client, services), "until": "2020-01-01", "text": "<b>停气</b>"}
    answer = await client.post(f"{PATH}/new", data={**typed, "do": "publish"})
    page = await answer.text()
    assert answer.status == 422 and "到哪天：“到哪天”比“从哪天”早了" in page
    assert "&lt;b&gt;停气" in page and await told(services) == ()
    answer = await client.post(f"{PATH}/new", data={**typed, "text": "", "do": "publish"})
    assert answer.status == 422 and "怎么说" in await answer.text()
    assert (await client.post(f"{PATH}/nothing/withdraw")).status == 404


async def test_the_week_of_the_canteen(enter: Enter, services: Services) -> None:
    client = await enter("clerk1")
    page = await (await client.get(f"{PATH}/menu")).text()
    day = services.clock.now().date() + timedelta(days=2)
    assert page.count('aria-label="') >= 14 and f'name="{day}/lunch"' in page
    assert f'name="{day}/breakfast"' not in page, "the kitchen makes none"
    await client.post(f"{PATH}/menu", data={f"{day}/lunch": "溜肉段", "2020-01-01/lunch": "旧的"})
    found = await services.information.answer("那天食堂吃啥", day, day)
    assert "午饭：溜肉段" in found.texts[0]
    await client.post(f"{PATH}/menu", data={f"{day}/lunch": ""})
    assert (await services.information.answer("那天食堂吃啥", day, day)).texts == ()
    answer = await client.post(f"{PATH}/menu", data={f"{day}/lunch": "菜" * 200})
    assert answer.status == 422 and "菜菜菜" in await answer.text()


@pytest.mark.parametrize("username", ["grid1", "handler1", "vendor1", "auditor1"])
async def test_others_write_nothing(enter: Enter, username: str) -> None:
    client = await enter(username)
    for path in (PATH, f"{PATH}/new", f"{PATH}/menu"):
        assert (await client.get(path)).status == 403


async def test_the_dialogue_asks_over_the_internal_api(
    client: Client, services: Services, as_staff: Token
) -> None:
    headers = {"Authorization": f"Bearer {services.settings.secret('internal_token')}"}
    body = {"text": "附近哪有药店", "elder": False}
    answer = await client.post("/internal/v1/information", json=body, headers=headers)
    assert (await answer.json())["kind"] == "entry"
    found = await client.get("/internal/v1/information/notices?leaf=H6", headers=headers)
    assert await found.json() == {"texts": []}
    refused = await client.post(
        "/internal/v1/information", json=body, headers=await as_staff("clerk1")
    )
    assert refused.status in (401, 403)
