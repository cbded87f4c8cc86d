"""The terminal: what a person types, and what the person reads."""

from __future__ import annotations

import asyncio
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import web

from tests.patience import PATIENCE_S
from tests.services.wechat_sim.conftest import Product as Callback
from tests.stack import free_port
from tests.wechat_sim import media
from tests.wechat_sim.account import write_accounts
from tests.wechat_sim.chat import Chat, parse_span
from tests.wechat_sim.clock import ZONE
from tests.wechat_sim.display import Display, readable, span
from tests.wechat_sim.product import Product
from tests.wechat_sim.simulator import Simulator

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=ZONE)


@pytest.fixture
def chat(simulator: Simulator) -> Chat:
    away = Product("http://127.0.0.1:1", Path("/nonexistent"))
    phone = simulator.phone()
    return Chat(simulator, phone, away, Display(lambda: "> "))


async def type_in(chat: Chat, *lines: str) -> None:
    for line in lines:
        assert await chat.handle(line)
        await chat.finish()


async def test_each_command_is_what_a_phone_does(
    chat: Chat, product: Callback, tmp_path: Path
) -> None:
    photo = tmp_path / "灯.png"
    photo.write_bytes(media.photo("PNG"))
    await type_in(chat, "在吗", "/voice 灯坏了", "/voice", "/where 幸福小区", "/sub", "/scan 7")
    await type_in(chat, "/menu my_tickets", f"/photo {photo}", "/unsub")
    said = [(m.get("Event") or m["MsgType"]) for m in product.got]
    assert said == [
        *("text", "voice", "voice", "location", "subscribe", "SCAN"),
        *("CLICK", "image", "unsubscribe"),
    ]
    assert product.got[0]["Content"] == "在吗" and product.got[1]["Recognition"] == "灯坏了"
    assert product.got[6]["EventKey"] == "my_tickets"
    assert not await chat.handle("/quit")


async def test_answers_are_shown_with_how_they_came(
    chat: Chat, product: Callback, capsys: pytest.CaptureFixture[str]
) -> None:
    product.says('解决了吗？<a href="weixin://bizmsgmenu?msgmenucontent=a&msgmenuid=1">是</a>')
    await type_in(chat, "在吗")
    shown = capsys.readouterr().out
    assert "被动回复 0." in shown and "解决了吗？〔是〕" in shown
    assert "客服窗口：47小时59分，还能发5条" in shown
    await type_in(chat, "/tap 是")
    assert product.got[-1]["Content"] == "a"


async def test_broken_rules_are_shown(
    chat: Chat, product: Callback, capsys: pytest.CaptureFixture[str]
) -> None:
    product.returns(200, "{}")
    await type_in(chat, "在吗")
    shown = capsys.readouterr().out
    assert "不合微信的规矩" in shown and "该公众号提供的服务出现故障" in shown


@pytest.mark.parametrize(
    "line", ["/later 3x", "/later 3h", "/photo nothing.txt", "/tap 没有", "/?"]
)
async def test_what_cannot_be_done_is_said(
    chat: Chat, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    await type_in(chat, line)
    assert capsys.readouterr().out.startswith("· ")


async def test_later_moves_both_clocks(simulator: Simulator, tmp_path: Path) -> None:
    asked = []

    async def token(request: web.Request) -> web.Response:
        asked.append(await request.json())
        return web.json_response({"token": "t"})

    async def clock(request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == "Bearer t"
        asked.append(await request.json())
        return web.json_response({"now": (NOW + timedelta(hours=3)).isoformat()})

    app = web.Application()
    app.router.add_post("/api/v1/auth/token", token)
    app.router.add_post("/api/v1/test/clock", clock)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "demo_password").write_text("p\n")
    product = Product(f"http://127.0.0.1:{runner.addresses[0][1]}", tmp_path)
    chat = Chat(simulator, simulator.phone(), product, Display(lambda: ""))
    await chat.handle("/later 3h")
    assert asked == [{"username": "admin1", "password": "p"}, {"advance": 10800.0}]
    assert abs(simulator.clock.now() - NOW - timedelta(hours=3)) < timedelta(seconds=5)
    await runner.cleanup()


def test_spans_of_time() -> None:
    assert parse_span("1d12h") == timedelta(hours=36)
    assert parse_span("30m") == timedelta(minutes=30)
    for wrong in ("", "3", "h", "3h4", "x3h"):
        with pytest.raises(ValueError, match=f"^{wrong}$"):
            parse_span(wrong)
    assert span(NOW + timedelta(hours=2, minutes=3), NOW) == "2小时3分"
    assert span(NOW + timedelta(seconds=40), NOW) == "40秒"
    assert span(None, NOW) == "已关"
    assert readable("没有可点的") == "没有可点的"


async def test_from_a_pipe(product: Callback, tmp_path: Path) -> None:
    """The whole program, against a product that answers."""

    product.says("您好，我是邻答")
    path = tmp_path / "accounts.yml"
    write_accounts(path, [product.account], f"http://127.0.0.1:{free_port()}")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.wechat_sim"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={
            "LINDA_WECHAT_ACCOUNTS": str(path),
            "LINDA_PUBLIC_URL": product.url,
            "LINDA_VAR_DIR": str(tmp_path),
            "PATH": "",
        },
    )
    out, _ = await asyncio.wait_for(process.communicate("在吗\n/stats\n".encode()), PATIENCE_S)
    assert process.returncode == 0
    assert "服务器配置通过" in out.decode() and "您好，我是邻答" in out.decode()
