"""The privacy notice and what stands around it in a real browser: pages that fit a small phone."""

from __future__ import annotations

from playwright.async_api import Page, expect

from services.config import Settings
from tests.services.web.test_care import services
from tests.services.web.test_care_browser import enter, shot
from tests.services.web.test_register_browser import fits, page, pytestmark

__all__ = ["page", "pytestmark", "services"]


async def test_the_notice_is_one_tap_from_the_first_words(page: Page) -> None:
    await page.goto("/")
    link = page.locator(".log").get_by_role("link", name="您的信息怎么用")
    await expect(link).to_be_visible()
    box = await link.bounding_box()
    assert box and box["height"] >= 44
    await expect(page.locator(".items")).to_contain_text("青禾县向阳街道办事处")
    await shot(page, "resident")
    async with page.expect_popup() as opened:
        await link.tap()
    sheet = await opened.value
    await expect(sheet.get_by_role("heading", name="谁在用")).to_be_visible()
    await fits(sheet)
    await shot(sheet, "privacy")


async def test_the_desk_is_asked_whether_it_told(page: Page, settings: Settings) -> None:
    await enter(page, settings, "clerk1", "/console/register")
    await expect(page.get_by_role("heading", name="代居民登记")).to_be_visible()
    await page.get_by_label("居民怎么说的").fill("楼道灯坏了")
    await page.get_by_role("button", name="登记").tap()
    await expect(page.get_by_role("heading", name="登记好了")).to_have_count(0)
    await fits(page)
    await shot(page, "register")
    await page.get_by_label("告诉居民了没有").select_option("sheet")
    await page.get_by_role("button", name="登记").tap()
    await expect(page.get_by_role("heading", name="登记好了")).to_be_visible()
    await fits(page)
    await shot(page, "registered")


async def test_raising_a_matter_on_a_phone(page: Page, settings: Settings) -> None:
    await enter(page, settings, "grid1", "/console/integrity")
    await expect(page.get_by_role("heading", name="反映作风、廉政问题")).to_be_visible()
    await fits(page)
    await shot(page, "integrity")
    await page.get_by_label("哪种情形").select_option("leak")
    await page.get_by_label("看到、听到了什么").fill("有人把反映人的电话给了物业")
    await page.get_by_role("button", name="交审计和纪检").tap()
    await expect(page.get_by_role("status").filter(has_text="已经立案")).to_be_visible()
    await fits(page)
