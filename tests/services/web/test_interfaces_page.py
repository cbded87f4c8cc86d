"""对外接口 over HTTP: subscribe, see what was sent, replay, rotate; keys; only the administrator."""

from __future__ import annotations

import re
from typing import Any

import pytest

from services.context import Services
from services.outbox.worker import run_due
from services.tickets.core.actor import resident
from services.tickets.core.commands import CreateTicket
from tests.services.web.conftest import Client, Token

PATH = "/console/interfaces"
FORM = {
    "name": "市平台", "url": "https://platform.example/hook", "events": "submitted",
    "org_id": "", "community_id": "qinghe-c1",
}  # fmt: skip


async def page(client: Client, headers: dict[str, str], path: str, **form: Any) -> tuple[int, str]:
    """Return status and text of a page; with a form it is sent."""
    method = "POST" if form else "GET"
    answer = await client.request(method, path, data=form or None, headers=headers)
    return answer.status, await answer.text()


async def subscribed(client: Client, headers: dict[str, str]) -> tuple[str, str]:
    """Subscribe; return the subscription's page and the secret."""
    status, text = await page(client, headers, PATH, **FORM)
    secret = re.search(r"whsec_[A-Za-z0-9+/=]+", text)
    link = re.search(rf"{PATH}/wh_[0-9a-f]+", text)
    assert status == 200 and secret is not None and link is not None
    return link[0], secret[0]


async def test_a_subscription_and_what_became_of_its_messages(
    client: Client, as_staff: Token, services: Services
) -> None:
    headers = await as_staff("admin1")
    here, secret = await subscribed(client, headers)
    _, text = await page(client, headers, PATH)
    assert "只要清河社区的" in text and secret not in text
    request = CreateTicket(
        narrative="我叫张桂兰，楼道灯坏了", leaf="H6", conversation_id="c1",
        place={"building_id": "xingfu-3"},
    )  # fmt: skip
    number = (await services.tickets.create(request, resident("c1")))["ticket_no"]
    await run_due(services)
    _, text = await page(client, headers, here)
    assert number in text and "还没送" in text and "提交诉求" in text
    # Nobody of that name is there: it waits for the next attempt.
    await services.webhooks.work()
    _, text = await page(client, headers, f"{here}?state=waiting")
    assert "没有连上" in text and "再送" in text
    assert "张桂兰" not in text and "楼道灯坏了" not in text
    _, text = await page(client, headers, f"{here}?state=dead")
    assert number not in text


async def test_replay_rotate_and_switch(
    client: Client, as_staff: Token, services: Services
) -> None:
    headers = await as_staff("admin1")
    here, secret = await subscribed(client, headers)
    span = {"since": "2026-11-24T00:00", "until": "2026-11-25T00:00"}
    assert "0条重新排上了" in (await page(client, headers, f"{here}/replay", **span))[1]
    status, text = await page(client, headers, f"{here}/replay", since="", until="x")
    assert status == 422 and "从什么时候" in text
    status, text = await page(client, headers, f"{here}/replay", message="msg_none")
    assert status == 404 and "没有这条推送" in text
    _, text = await page(client, headers, f"{here}/rotate", x="1")
    found = re.search(r"whsec_[A-Za-z0-9+/=]+", text)
    assert found is not None and found[0] != secret and "旧密钥用到" in text
    _, text = await page(client, headers, f"{here}/switch", to="off")
    assert "管理员停的" in text
    _, text = await page(client, headers, f"{here}/switch", to="on")
    assert "管理员停的" not in text
    entries = await (await client.get("/console/audit", headers=await as_staff("auditor1"))).text()
    assert "换推送密钥" in entries


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"url": "https://192.168.1.1/"}, "内网地址"),
        ({"url": "ftp://platform.example/"}, "https://"),
        ({"name": ""}, "name"),
        ({"events": "rated"}, "没有这些事"),
        ({"org_id": "nobody"}, "没有 nobody 这个单位"),
    ],
)
async def test_refused_what_was_typed_stays(
    client: Client, as_staff: Token, wrong: dict[str, str], said: str
) -> None:
    form = FORM | wrong
    status, text = await page(client, await as_staff("admin1"), PATH, **form)
    assert status == 422 and said in text and "whsec_" not in text
    assert f'value="{form["url"]}"' in text


async def test_a_key_is_shown_once_and_taken_back(
    client: Client, as_staff: Token, services: Services
) -> None:
    headers = await as_staff("admin1")
    _, text = await page(client, headers, f"{PATH}/keys", key_name="市民应用")
    found = re.search(r'<code class="secret">([\w-]{43})</code>', text)
    assert found is not None
    _, text = await page(client, headers, PATH)
    assert "市民应用" in text and found[1] not in text
    key = (await services.open311.keys())[0]
    _, text = await page(client, headers, f"{PATH}/keys/{key.id}/revoke", x="1")
    assert "收回了" in text
    form = {"api_key": found[1], "service_code": "H6", "address_id": "xingfu"}
    assert (await client.post("/open311/v2/requests.json", data=form)).status == 403
    status, text = await page(client, headers, f"{PATH}/keys", key_name="  ")
    assert status == 422 and "给谁用" in text


async def test_it_is_the_administrators_page(client: Client, as_staff: Token) -> None:
    for name in ("dispatcher1", "clerk1", "auditor1"):
        assert (await page(client, await as_staff(name), PATH))[0] == 403
    assert PATH in (await page(client, await as_staff("admin1"), PATH))[1]
