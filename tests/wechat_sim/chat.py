"""A person at a terminal as a WeChat user: what can be typed and what it does."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Coroutine
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.wechat_sim.courier import Delivery
from tests.wechat_sim.display import Display, span
from tests.wechat_sim.faults import ApiFaults, PushFaults
from tests.wechat_sim.phone import Phone
from tests.wechat_sim.product import ClockRefused, Product
from tests.wechat_sim.screen import Line
from tests.wechat_sim.simulator import Simulator

HELP = """直接打字就是发消息。还可以：
/voice 话    发语音（后面是微信听出来的字；不写就是没开语音识别）
/photo 文件  发照片（不写文件就发一张样片）      /where 名称  发位置
/sub  /unsub 关注、取消关注                      /scan 场景   扫码
/menu 键     点公众号菜单                        /tap 字      点消息里的〔字〕
/later 3h    时间过去（30m、49h、2d；产品也一起拨，要 LINDA_TEST_MODE=1）
/fault 种类  出毛病：busy 微信繁忙，drop 断线，dup 重复，off 没毛病
/stats       数字      /quit  退出"""
_SPAN = re.compile(r"(\d+)([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_MIMES = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg"}


def parse_span(text: str) -> timedelta:
    """Return how long ``3h`` or ``1d12h`` is; ValueError for anything else."""
    found = _SPAN.findall(text)
    if not found or "".join(a + b for a, b in found) != text:
        raise ValueError(text)
    return sum((timedelta(**{_UNITS[unit]: int(n)}) for n, unit in found), timedelta())


class Chat:
    """One user's chat.

    Args:
        phone: Whose.
        product: Whose clock is moved together with the platform's.
    """

    def __init__(
        self, simulator: Simulator, phone: Phone, product: Product, display: Display
    ) -> None:
        self._simulator = simulator
        self._phone = phone
        self._product = product
        self._display = display
        self._under_way: set[asyncio.Task[None]] = set()
        self._shown_violations = 0
        phone.screen.on_line = self._on_line

    async def handle(self, line: str) -> bool:
        """Do what a line says; return False for /quit."""
        line = line.strip()
        if not line.startswith("/"):
            if line:
                self._send(self._phone.say(line))
            return True
        name, _, rest = line[1:].partition(" ")
        rest = rest.strip()
        match name:
            case "quit" | "q":
                return False
            case "later":
                await self._later(rest)
            case "photo":
                self._photo(rest)
            case "stats":
                self._display.hint(str(self._simulator.figures()))
                refused = dict(self._simulator.recorder.refusals)
                self._display.hint(f"接口拒绝的次数：{refused or '没有'}")
            case "fault":
                self._fault(rest)
            case _:
                action = self._action(name, rest)
                if action is None:
                    self._display.hint(HELP)
                else:
                    self._send(action)
        return True

    async def finish(self, limit_s: float = 20.0) -> None:
        """Wait for what is under way."""
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=limit_s)

    def _action(self, name: str, rest: str) -> Coroutine[Any, Any, Delivery] | None:
        phone = self._phone
        match name:
            case "voice":
                return phone.voice(rest or None)
            case "where":
                return phone.location(rest or "幸福小区3号楼")
            case "sub":
                return phone.subscribe()
            case "unsub":
                return phone.unsubscribe()
            case "scan":
                return phone.scan(rest or "1")
            case "menu" if rest:
                return phone.menu(rest)
            case "tap" if rest:
                return phone.tap(rest)
        return None

    def _photo(self, name: str) -> None:
        if not name:
            self._send(self._phone.photo())
            return
        path = Path(name).expanduser()
        mime = _MIMES.get(path.suffix.lower())
        if mime is None or not path.is_file():
            self._display.hint(f"“{name}”不是这里能读到的 JPG 或 PNG 文件。")
            return
        self._send(self._phone.photo(path.read_bytes(), mime))

    def _fault(self, kind: str) -> None:
        faults = self._simulator.faults
        faults.clear()
        match kind:
            case "busy":
                faults.api = ApiFaults(busy=0.5)
            case "drop":
                faults.push = PushFaults(drop_before=0.3, drop_after=0.4)
                faults.api = ApiFaults(drop_before=0.2, drop_after=0.2)
            case "dup":
                faults.push = PushFaults(duplicate=0.7, needless_retry=0.5)
            case "off":
                self._display.hint("一切正常。")
                return
            case _:
                self._display.hint("busy、drop、dup 或 off。")
                return
        self._display.hint(f"{kind}：从现在起会出毛病，/fault off 恢复。")

    async def _later(self, rest: str) -> None:
        try:
            by = parse_span(rest)
            now = await self._product.move(by)
        except ValueError:
            self._display.hint("过多久？例如 /later 3h、/later 30m、/later 2d。")
        except ClockRefused as refused:
            self._display.hint(str(refused))
        else:
            self._simulator.clock.set(now)
            self._display.hint(f"现在是 {now:%m月%d日 %H:%M}。{self.window()}")

    def window(self) -> str:
        """Return in words what the account may still send."""
        now = self._simulator.clock.now()
        left, until = self._phone.left, self._phone.window.until(now)
        return f"客服窗口：{span(until, now)}，还能发{left}条" if left else "客服窗口：关着"

    def _send(self, action: Coroutine[Any, Any, Delivery]) -> None:
        task = asyncio.create_task(self._follow(action))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _follow(self, action: Coroutine[Any, Any, Delivery]) -> None:
        try:
            delivery = await action
        except AssertionError as refused:
            self._display.hint(f"做不到：{refused}")
            return
        tries = len(delivery.attempts)
        again = f"，送了{tries}次" if tries > 1 else ""
        if delivery.outcome == "acknowledged":
            took = delivery.attempts[-1].took_s
            self._display.hint(f"已收下（{took:.2f} 秒{again}），不用被动回复。")
        elif again:
            self._display.hint(f"这一条{again[1:]}。")
        self._tell_violations()

    def _on_line(self, line: Line) -> None:
        if line.who == "me":
            return
        note = {"passive": "被动回复", "service": "客服消息", "notice": "系统提示"}[line.who]
        if line.who == "passive":
            delivery = next(
                d for d in reversed(self._simulator.courier.deliveries) if d.key == line.key
            )
            note += f" {delivery.shown_after_s:.2f} 秒"
        self._display.line(line, f"{note}；{self.window()}")
        self._tell_violations()

    def _tell_violations(self) -> None:
        found = self._simulator.recorder.violations
        for violation in found[self._shown_violations :]:
            self._display.wrong(f"不合微信的规矩：{violation}")
        self._shown_violations = len(found)
