"""社区消息 in a real browser on a small phone: a notice and a menu with few taps, everything fits."""

from __future__ import annotations

from playwright.async_api import Page, expect

from services.config import Settings
from tests.services.web.test_register_browser import fits, page, pytestmark

__all__ = ["page", "pytestmark"]


async def test_a_clerk_publishes_on_a_phone(page: Page, settings: Settings) -> None:
    await page.goto("/console/information")
    await page.get_by_label("账号").fill("clerk1")
    await page.get_by_label("密码").fill(settings.demo_password)
    await page.get_by_role("button", name="登录").tap()
    await expect(page.get_by_role("heading", name="社区消息")).to_be_visible()
    await fits(page)
    await page.get_by_role("link", name="写一条通知").tap()
    await expect(page.get_by_role("heading", name="写一条通知")).to_be_visible()
    await fits(page)
    await page.get_by_label("哪一种").select_option("clinic")
    await page.get_by_label("怎么说（哪儿").fill("周六上午9点，社区门口量血压，不收钱。")
    await page.get_by_role("button", name="先看一看").tap()
    await expect(page.locator("blockquote").first).to_contain_text("【义诊】")
    await fits(page)
    await page.get_by_role("button", name="发布", exact=True).tap()
    await expect(page.get_by_role("heading", name="社区消息")).to_be_visible()
    await expect(page.get_by_text("周六上午9点，社区门口量血压，不收钱。").first).to_be_visible()
    await fits(page)
    await page.get_by_role("link", name="一周菜单").tap()
    await expect(page.get_by_role("heading", name="一周菜单")).to_be_visible()
    await page.get_by_label("午饭").first.fill("溜豆腐、米饭")
    await fits(page)
    await page.get_by_role("button", name="发布菜单").tap()
    await expect(page.get_by_role("heading", name="社区消息")).to_be_visible()
    await page.get_by_role("button", name="撤下").first.tap()
    await expect(page.get_by_text("撤下了").first).to_be_visible()
    await fits(page)
