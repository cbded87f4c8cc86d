"""The platform's API: tokens, the customer-service window, media, return codes."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import ClientConnectionError, ClientSession

from tests.services.wechat_sim.conftest import Product
from tests.wechat_sim import tokens as token_rules
from tests.wechat_sim.account import Account, new_account, read_accounts, write_accounts
from tests.wechat_sim.faults import ApiFaults
from tests.wechat_sim.simulator import Simulator


class Api:
    """The product's side of the API."""

    def __init__(self, client: ClientSession, simulator: Simulator) -> None:
        self.client = client
        self.simulator = simulator
        self.account = simulator.accounts[0]

    async def get(self, path: str, **query: str) -> dict[str, Any]:
        async with self.client.get(self.simulator.url + path, params=query) as answer:
            assert answer.status == 200, "errors have status 200 as well"
            return dict(await answer.json(content_type=None))

    async def post(self, path: str, body: Any, **query: str) -> dict[str, Any]:
        raw = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        url = self.simulator.url + path
        async with self.client.post(url, params=query, data=raw) as answer:
            return dict(await answer.json(content_type=None))

    async def token(self, **changed: str) -> dict[str, Any]:
        query = {
            "grant_type": "client_credential",
            "appid": self.account.app_id,
            "secret": self.account.app_secret,
        }
        return await self.get("/cgi-bin/token", **{**query, **changed})

    async def stable(self, force: bool = False) -> dict[str, Any]:
        body = {
            "grant_type": "client_credential",
            "appid": self.account.app_id,
            "secret": self.account.app_secret,
            "force_refresh": force,
        }
        return await self.post("/cgi-bin/stable_token", body)

    async def send(self, token: str, openid: str, text: str) -> int:
        body = {"touser": openid, "msgtype": "text", "text": {"content": text}}
        answer = await self.post("/cgi-bin/message/custom/send", body, access_token=token)
        return int(answer["errcode"])


@pytest.fixture
def api(client: ClientSession, simulator: Simulator) -> Api:
    return Api(client, simulator)


@pytest.fixture
async def token(api: Api) -> str:
    return str((await api.token())["access_token"])


async def test_who_asks_for_a_token_must_be_right(api: Api) -> None:
    assert (await api.token())["expires_in"] == 7200
    assert (await api.token(grant_type="x"))["errcode"] == 40002
    assert (await api.token(appid="x"))["errcode"] == 40013
    assert (await api.token(secret="x"))["errcode"] == 40125


async def test_a_new_token_leaves_the_old_one_five_minutes(
    api: Api, simulator: Simulator, token: str
) -> None:
    newer = (await api.token())["access_token"]
    phone = simulator.phone()
    assert await api.send(token, phone.openid, "一") == 45015, "still valid, but nobody wrote"
    simulator.move(timedelta(minutes=5, seconds=1))
    assert await api.send(token, phone.openid, "一") == 40001
    assert await api.send(newer, phone.openid, "一") == 45015
    simulator.move(timedelta(hours=2))
    assert await api.send(newer, phone.openid, "一") == 42001
    assert await api.send("made-up", phone.openid, "一") == 40001
    assert await api.send("", phone.openid, "一") == 41001


async def test_stable_tokens(api: Api, simulator: Simulator, token: str) -> None:
    first = await api.stable()
    assert (await api.stable())["access_token"] == first["access_token"]
    simulator.move(timedelta(minutes=114))
    assert (await api.stable())["access_token"] == first["access_token"]
    simulator.move(timedelta(minutes=2))
    second = await api.stable()
    assert second["access_token"] != first["access_token"], "five minutes before its end"
    third = await api.stable(force=True)
    assert third["access_token"] != second["access_token"]
    assert await api.send(second["access_token"], "o", "x") == 40001, "forced: at once"
    assert (await api.stable(force=True))["errcode"] == 45011, "not twice in 30 s"


async def test_tokens_of_one_kind_leave_the_other_alone(
    api: Api, simulator: Simulator, token: str
) -> None:
    await api.stable()
    await api.stable(force=True)
    simulator.move(timedelta(minutes=6))
    assert await api.send(token, simulator.phone().openid, "x") == 45015


async def test_the_quota_of_a_day(
    api: Api, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert token_rules.DAILY == 2000
    simulator.platform.tokens._daily = 3
    answers = [await api.token() for _ in range(4)]
    assert "errcode" not in answers[2] and answers[3]["errcode"] == 45009
    simulator.move(timedelta(days=1))
    assert "access_token" in await api.token()


async def test_five_messages_in_48_hours(api: Api, simulator: Simulator, product: Product) -> None:
    token = (await api.token())["access_token"]
    phone = simulator.phone()
    await phone.say("在吗")
    codes = [await api.send(token, phone.openid, f"第{n}条") for n in range(6)]
    assert codes == [0, 0, 0, 0, 0, 45047]
    assert phone.screen.told() == [f"第{n}条" for n in range(5)]
    await phone.say("还在吗")
    simulator.move(timedelta(hours=47, minutes=59))
    token = (await api.token())["access_token"]
    assert await api.send(token, phone.openid, "刚好") == 0
    simulator.move(timedelta(minutes=2))
    assert await api.send(token, phone.openid, "太晚") == 45015
    assert simulator.recorder.refusals == {45047: 1, 45015: 1}


async def test_three_messages_in_a_minute_after_a_click(
    api: Api, simulator: Simulator, token: str
) -> None:
    for act in ("menu", "subscribe", "scan"):
        phone = simulator.phone()
        await getattr(phone, act)("1")
        codes = [await api.send(token, phone.openid, "好") for _ in range(4)]
        assert codes == [0, 0, 0, 45047], act
    await phone.menu("1")
    simulator.move(timedelta(seconds=61))
    assert await api.send(token, phone.openid, "好") == 45015


async def test_a_message_and_a_click_do_not_add_up(
    api: Api, simulator: Simulator, token: str
) -> None:
    phone = simulator.phone()
    await phone.say("在吗")
    await phone.menu("1")
    codes = [await api.send(token, phone.openid, "好") for _ in range(6)]
    assert codes == [0, 0, 0, 0, 0, 45047]
    assert phone.left == 0


async def test_nothing_reaches_who_has_left(api: Api, simulator: Simulator, token: str) -> None:
    phone = simulator.phone()
    await phone.say("在吗")
    await phone.unsubscribe()
    assert await api.send(token, phone.openid, "别走") == 45015


async def test_content_that_is_refused(api: Api, simulator: Simulator, token: str) -> None:
    phone = simulator.phone()
    await phone.say("在吗")
    path = "/cgi-bin/message/custom/send"
    assert await api.send(token, phone.openid, "灯" * 683) == 45002
    assert await api.send(token, phone.openid, "") == 44004
    assert await api.send(token, "o_nobody", "x") == 40003
    assert (await api.post(path, b"{", access_token=token))["errcode"] == 47001
    assert (await api.post(path, b"", access_token=token))["errcode"] == 44002
    body = {"touser": phone.openid, "msgtype": "markdown", "markdown": {"content": "x"}}
    assert (await api.post(path, body, access_token=token))["errcode"] == 40008
    assert await api.send(token, phone.openid, "灯" * 682 + "ab") == 0
    assert phone.left == 4, "what is refused costs nothing"


async def test_another_accounts_token_is_worth_nothing(client: ClientSession) -> None:
    one, two = new_account("one"), new_account("two")
    simulator = Simulator([one, two])
    await simulator.start()
    api = Api(client, simulator)
    token = str((await api.token())["access_token"])
    phone = simulator.phone(two)
    phone.window.opened_by("message", simulator.clock.now())
    assert await api.send(token, phone.openid, "x") == 40003
    await simulator.stop()


async def test_escapes_are_shown_as_they_are(api: Api, simulator: Simulator, token: str) -> None:
    phone = simulator.phone()
    await phone.say("在吗")
    body = {"touser": phone.openid, "msgtype": "text", "text": {"content": "你\n好"}}
    raw = json.dumps(body).encode()
    await api.post("/cgi-bin/message/custom/send", raw, access_token=token)
    assert phone.screen.told() == ["\\u4f60\n\\u597d"]
    assert "escapes" in str(simulator.recorder.violations[0])
    raw = json.dumps({**body, "text": {"content": "C:\\u4f60\t\x01"}}, ensure_ascii=False).encode()
    await api.post("/cgi-bin/message/custom/send", raw, access_token=token)
    assert phone.screen.told()[-1] == "C:\\u4f60\t\x01", "a backslash that was meant"
    assert len(simulator.recorder.violations) == 1


async def test_a_menu_message_can_be_tapped(
    api: Api, simulator: Simulator, product: Product, token: str
) -> None:
    phone = simulator.phone()
    await phone.say("在吗")
    menu = {"head_content": "解决了吗？", "list": [{"id": "1", "content": "解决了"}]}
    body = {"touser": phone.openid, "msgtype": "msgmenu", "msgmenu": menu}
    await api.post("/cgi-bin/message/custom/send", body, access_token=token)
    await phone.tap("解决了")
    assert product.got[-1]["Content"] == "解决了" and product.got[-1]["bizmsgmenuid"] == "1"


async def test_typing(api: Api, simulator: Simulator, token: str) -> None:
    phone = simulator.phone()
    path = "/cgi-bin/message/custom/typing"

    async def typing(command: str) -> int:
        body = {"touser": phone.openid, "command": command}
        return int((await api.post(path, body, access_token=token))["errcode"])

    assert await typing("Typing") == 45080, "nobody has written"
    await phone.say("在吗")
    assert await typing("typing") == 45072
    assert await typing("Typing") == 0
    assert await typing("Typing") == 45081
    simulator.move(timedelta(seconds=16))
    assert await typing("Typing") == 0
    simulator.move(timedelta(seconds=40))
    assert await typing("Typing") == 45080


async def test_media_are_kept_three_days(
    api: Api, client: ClientSession, simulator: Simulator, product: Product, token: str
) -> None:
    phone = simulator.phone()
    await phone.photo()
    await phone.voice()
    query = {"access_token": token, "media_id": product.got[0]["MediaId"]}
    url = f"{simulator.url}/cgi-bin/media/get"
    async with client.get(url, params=query) as answer:
        assert answer.headers["Content-Type"] == "image/jpeg"
        assert "attachment" in answer.headers["Content-disposition"]
        assert (await answer.read()).startswith(b"\xff\xd8\xff")
    query["media_id"] = product.got[1]["MediaId"]
    async with client.get(url, params=query) as answer:
        assert (await answer.read()).startswith(b"#!AMR\n")
    assert (await api.get("/cgi-bin/media/get", access_token=token))["errcode"] == 40007
    simulator.move(timedelta(days=3, seconds=1))
    token = (await api.token())["access_token"]
    assert (await api.get("/cgi-bin/media/get", **{**query, "access_token": token}))[
        "errcode"
    ] == 40007


async def test_what_goes_wrong_on_demand(
    api: Api, client: ClientSession, simulator: Simulator, token: str
) -> None:
    phone = simulator.phone()
    await phone.say("在吗")
    simulator.faults.api = ApiFaults(busy=1.0)
    assert await api.send(token, phone.openid, "x") == -1
    for faults in (ApiFaults(drop_before=1.0), ApiFaults(hang=1.0, hang_s=0.05)):
        simulator.faults.api = faults
        with pytest.raises(ClientConnectionError):
            await api.send(token, phone.openid, "x")
    assert phone.screen.told() == []
    simulator.faults.api = ApiFaults(drop_after=1.0)
    with pytest.raises(ClientConnectionError):
        await api.send(token, phone.openid, "到了")
    assert phone.screen.told() == ["到了"], "done, although nobody heard of it"
    simulator.faults.api = ApiFaults(error=1.0, paths=frozenset({"/cgi-bin/token"}))
    assert await api.send(token, phone.openid, "x") == 0
    async with client.get(f"{simulator.url}/cgi-bin/token") as answer:
        assert answer.status == 502


async def test_a_call_that_does_not_exist(api: Api, simulator: Simulator) -> None:
    assert (await api.get("/cgi-bin/menu/forget"))["errcode"] == 40066
    assert (await api.get("/cgi-bin/message/custom/send"))["errcode"] == 43002
    assert len(simulator.recorder.violations) == 2


async def test_everything_is_on_record(
    api: Api, simulator: Simulator, token: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    phone = simulator.phone()
    await phone.say("在吗")
    await api.send(token, phone.openid, "你好")
    sides = [(e.side, e.path, e.status) for e in simulator.recorder.exchanges]
    assert sides == [
        ("api", "/cgi-bin/token", 200),
        ("push", "/channels/wechat/demo", 200),
        ("api", "/cgi-bin/message/custom/send", 200),
    ]
    path = tmp_path_factory.mktemp("record") / "run.jsonl"
    simulator.recorder.dump(path)
    assert "你好" in path.read_text() and len(path.read_text().splitlines()) == 3
    assert simulator.figures().acknowledged == 1 and simulator.figures().service == 1


def test_the_products_file_and_back(tmp_path_factory: pytest.TempPathFactory) -> None:
    accounts: list[Account] = [new_account("demo"), new_account("plain", "plain")]
    path = tmp_path_factory.mktemp("accounts") / "accounts.yml"
    write_accounts(path, accounts, "http://127.0.0.1:1")
    assert path.stat().st_mode & 0o077 == 0
    assert read_accounts(path) == (accounts, "http://127.0.0.1:1")
