"""Writes ``docs/images/overview.png`` anew from real screens (``make pictures``).

A system of its own with a month of made-up tickets, a resident's report on a phone, the worklist at a
desk and the figures.
"""

from __future__ import annotations

import io
import sys
import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from services.clock import ZONE
from tests.stack import PASSWORD, ROOT, Stack
from tools.environments import find_browser

TARGET = ROOT / "docs" / "images" / "overview.png"
NOW = datetime(2026, 11, 24, 10, 5, tzinfo=ZONE)
PHONE, DESK = (360, 1180), (1180, 580)
GAP, GROUND = 20, "#e2ddd1"
SAID = "幸福小区3号楼二单元楼道灯坏了三天了，黑得很，老人不敢下楼"
DIFFERENT = (
    ("H6", "楼道灯不亮，晚上下楼看不见"), ("H1", "家里没水两天了，啥时候来"),
    ("I1", "垃圾堆在楼下没人清"), ("I2", "楼上半夜放音乐，睡不着"),
    ("H4", "电梯又停了，七楼老人下不来"), ("H2", "家里停电了，整个单元都黑"),
    ("J1", "邻居把杂物堆在楼道"),
)  # fmt: skip
OPEN = ("DISPATCHED", "ACTIVE", "ACTIVE", "RESOLVED", "DISPATCHED", "SUSPENDED")
DAYS_BACK, CLOSED = 23, 46
"""How far back the tickets reach, and how many of them are closed."""


def fill(stack: Stack) -> None:
    """Make the tickets: closed ones over the month, open ones of the last days."""
    admin = stack.token("admin1")
    stack.call("POST", "/api/v1/test/clock", {"now": NOW.isoformat()}, admin)
    for n in range(CLOSED):
        filed = NOW - timedelta(days=1 + n % DAYS_BACK, minutes=17 * n)
        done = filed + timedelta(hours=20 + n % 9)
        _make(stack, n, "CLOSED", filed, _handled(filed, done, pleased=n % 9 != 0))
    for n, state in enumerate(OPEN):
        _make(stack, n, state, NOW - timedelta(hours=1 + 3 * n), [])
    stack.call("POST", "/api/v1/test/tick", None, admin)


def _handled(filed: datetime, done: datetime, pleased: bool) -> list[dict[str, Any]]:
    """The steps of a ticket that was signed, spoken about and resolved in time."""
    rated = {"result": "solved", "score": 5 if pleased else 3}
    return [
        {"action": "sign", "at": (filed + timedelta(minutes=9)).isoformat()},
        {"action": "contact", "at": (filed + timedelta(minutes=40)).isoformat(),
         "payload": {"way": "phone", "result": "reached"}},
        {"action": "resolve", "at": done.isoformat(),
         "payload": {"outcome": "solved", "reply": "办好了，请您看看。", "evidence_note": "打电话核实过"}},
        {"action": "callback", "at": (done + timedelta(hours=2)).isoformat(), "payload": rated},
    ]  # fmt: skip


def _make(stack: Stack, n: int, state: str, filed: datetime, history: list[dict[str, Any]]) -> None:
    leaf, words = DIFFERENT[n % len(DIFFERENT)]
    body = {
        "leaf": leaf, "narrative": words, "state": state, "history": history,
        "created_at": filed.isoformat(),
        "location": {"compound": "幸福小区", "building": str(1 + n % 9), "unit": str(1 + n % 3)},
        "contact": {"name": "张桂兰", "phone": "13812345678"},
    }  # fmt: skip
    status, answer = stack.call("POST", "/api/v1/test/tickets", body, stack.token("admin1"))
    if status != 201:
        raise RuntimeError(f"no ticket {leaf} {state}: {answer}")


def resident(browser: Browser, stack: Stack) -> bytes:
    """A report on a phone, up to its receipt."""
    view = _page(browser, stack, "/", PHONE)
    view.get_by_label("要说的话").fill(SAID)
    view.get_by_role("button", name="发送").click()
    view.get_by_role("button", name="对，提交").click()
    view.locator("[data-ticket]").last.wait_for()
    view.wait_for_timeout(500)
    return view.screenshot()


def desk(browser: Browser, stack: Stack, username: str, path: str) -> bytes:
    """A page of the console at a desk."""
    view = _page(browser, stack, "/console", DESK)
    view.get_by_label("账号").fill(username)
    view.get_by_label("密码").fill(PASSWORD)
    view.get_by_role("button", name="登录").click()
    view.locator("h1").wait_for()
    view.goto(stack.url + path)
    view.wait_for_timeout(500)
    return view.screenshot()


def _page(browser: Browser, stack: Stack, path: str, size: tuple[int, int]) -> Page:
    width, height = size
    context = browser.new_context(viewport={"width": width, "height": height}, locale="zh-CN")
    view = context.new_page()
    view.goto(stack.url + path)
    return view


def beside(left: bytes, *right: bytes) -> Image.Image:
    """One picture on the left, the others under each other beside it."""
    first, *others = (Image.open(io.BytesIO(p)).convert("RGB") for p in (left, *right))
    height = sum(o.height for o in others) + GAP * (len(others) - 1)
    width = first.width + max(o.width for o in others)
    whole = Image.new("RGB", (width + 3 * GAP, max(height, first.height) + 2 * GAP), GROUND)
    whole.paste(first, (GAP, GAP))
    top = GAP
    for other in others:
        whole.paste(other, (first.width + 2 * GAP, top))
        top += other.height + GAP
    return whole


def main() -> int:
    """Start a system, take the pictures, write the file."""
    path = find_browser()
    if path is None:
        sys.stderr.write("no Chromium on this machine: make test installs it\n")
        return 1
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        stack = Stack(Path(folder))
        stack.start()
        try:
            fill(stack)
            browser = playwright.chromium.launch(
                executable_path=path, args=["--no-sandbox", "--lang=zh-CN"]
            )
            whole = beside(
                resident(browser, stack),
                desk(browser, stack, "dispatcher1", "/console/tickets"),
                desk(browser, stack, "dispatcher1", "/console/data"),
            )
            browser.close()
        finally:
            stack.stop()
    whole.quantize(128).save(TARGET, optimize=True)
    sys.stdout.write(f"{TARGET.relative_to(ROOT)}: {whole.width}×{whole.height}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
