"""复核 in a real browser on a small phone: a card is read and signed with one thumb, everything fits."""

from __future__ import annotations

from playwright.async_api import Page, expect

from services.config import Settings
from tests.services.web.test_register_browser import fits, page, pytestmark

__all__ = ["page", "pytestmark"]


async def test_a_department_signs_its_cards_on_a_phone(page: Page, settings: Settings) -> None:
    await page.goto("/console/reviews?mine=true")
    await page.get_by_label("账号").fill("handler1")
    await page.get_by_label("密码").fill(settings.demo_password)
    await page.get_by_role("button", name="登录").tap()
    await expect(page.get_by_role("heading", name="复核（4）")).to_be_visible()
    await fits(page)
    await page.get_by_role("link", name="H1 停水、水管、水压").tap()
    await expect(page.get_by_text("居民听到的")).to_be_visible()
    await fits(page)
    await page.get_by_role("button", name="有错，写下来").tap()
    await expect(page.get_by_role("alert")).to_contain_text("哪里不对？")
    await page.get_by_label("备注").fill("抢修电话换了")
    await page.get_by_role("button", name="有错，写下来").tap()
    await expect(page.get_by_text("陈师傅说有错：")).to_be_visible()
    await fits(page)
    await page.get_by_label("不用改的").fill("看错了，没换")
    await page.get_by_role("button", name="不用改").tap()
    await page.get_by_role("button", name="看过，没问题").tap()
    await expect(page.get_by_text("管到").first).to_be_visible()
    await page.get_by_role("link", name="下一条要看的").tap()
    await expect(page.get_by_role("heading", name="先关总阀")).to_be_visible()
    await fits(page)
