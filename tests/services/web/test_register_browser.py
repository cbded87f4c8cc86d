"""代居民登记 in a real browser on a small phone: everything fits, everything can be tapped."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator

import pytest
from aiohttp.test_utils import TestServer
from playwright.async_api import Page, async_playwright, expect

from services.config import Settings
from services.context import Services
from services.web.app import create_app
from tests.patience import PATIENCE_S

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

MEASURE = """() => ({
  width: document.documentElement.scrollWidth,
  targets: [...document.querySelectorAll('button, input:not([type=hidden]), select, textarea, nav a')]
    .filter((e) => e.checkVisibility())
    .map((e) => [e.name || e.textContent.trim(), (e.closest('.check') ?? e).getBoundingClientRect()])
    .map(([name, box]) => ({ name, height: box.height, left: box.left, right: box.right })),
  small: [...document.querySelectorAll('main *')]
    .filter((e) => e.checkVisibility() && e.childNodes.length &&
      [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim()) &&
      parseFloat(getComputedStyle(e).fontSize) < 14)
    .map((e) => e.textContent.trim()),
})"""


@pytest.fixture
async def page(services: Services) -> AsyncIterator[Page]:
    """A phone's browser on the application."""
    server = TestServer(create_app(services.settings, services))
    await server.start_server()
    path = shutil.which("chromium") or shutil.which("google-chrome")
    async with async_playwright() as engine:
        browser = await engine.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-gpu"]
        )
        context = await browser.new_context(
            base_url=str(server.make_url("/")), viewport={"width": 360, "height": 740},
            locale="zh-CN", has_touch=True, is_mobile=True,
        )  # fmt: skip
        context.set_default_timeout(PATIENCE_S * 1000)
        opened = await context.new_page()
        problems: list[str] = []
        opened.on("pageerror", lambda error: problems.append(str(error)))
        yield opened
        await browser.close()
    assert problems == []
    await server.close()


async def fits(page: Page) -> None:
    found = await page.evaluate(MEASURE)
    assert found["width"] <= 360
    assert not [t for t in found["targets"] if t["height"] < 44 or t["right"] > 360], found
    assert found["small"] == []


async def test_a_grid_worker_registers_at_the_door(page: Page, settings: Settings) -> None:
    await page.goto("/console/register")
    await page.get_by_label("账号").fill("grid1")
    await page.get_by_label("密码").fill(settings.demo_password)
    await page.get_by_role("button", name="登录").tap()
    await expect(page.get_by_role("heading", name="代居民登记")).to_be_visible()
    await expect(page.get_by_label("巡查", exact=True)).to_be_checked()
    await fits(page)

    await page.get_by_label("居民怎么说的（写原话）").fill("3号楼2单元楼道灯坏了，晚上看不见")
    await page.get_by_label("哪栋楼").select_option("xingfu/xingfu-3")
    await page.get_by_label("哪个事项").select_option("H6")
    await page.get_by_label("具体在哪儿").fill("2单元五楼")
    await page.get_by_label("告诉居民了没有").select_option("said")
    await page.get_by_label("回电话打哪个号").fill("电话没记住")
    await page.get_by_role("button", name="登记").tap()
    await expect(page.get_by_role("alert")).to_contain_text("电话号码看着不对")
    await expect(page.get_by_label("居民怎么说的（写原话）")).to_have_value(
        "3号楼2单元楼道灯坏了，晚上看不见"
    )
    await fits(page)

    await page.get_by_label("回电话打哪个号").fill("13812345678")
    await page.get_by_role("button", name="登记").tap()
    await expect(page.get_by_role("heading", name="登记好了")).to_be_visible()
    await fits(page)
    await page.get_by_role("link", name="看这件工单").tap()
    await expect(page.locator("blockquote").first).to_contain_text("晚上看不见")
    await fits(page)


async def test_back_and_once_more_shows_the_ticket_that_there_is(
    page: Page, settings: Settings
) -> None:
    await page.goto("/console/register")
    await page.get_by_label("账号").fill("clerk1")
    await page.get_by_label("密码").fill(settings.demo_password)
    await page.get_by_role("button", name="登录").tap()
    numbers = []
    for _ in range(2):
        await page.get_by_label("居民怎么说的（写原话）").fill("楼道灯坏了，晚上看不见")
        await page.get_by_label("告诉居民了没有").select_option("said")
        await page.get_by_role("button", name="登记").tap()
        await expect(page.get_by_role("heading", name="登记好了")).to_be_visible()
        numbers.append(await page.locator(".number").first.text_content())
        await page.go_back()
        await expect(page.get_by_role("heading", name="代居民登记")).to_be_visible()
    assert numbers[0] == numbers[1]
