"""What is missing (一次告知) on a clerk's and a resident's screen, in a real browser on a small phone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.async_api import Page, expect

from services.config import Settings
from services.context import Services
from services.tickets.core.actor import SYSTEM
from services.tickets.core.commands import CreateTicket
from tests.services.web.test_care_browser import enter, shot
from tests.services.web.test_register_browser import fits, page, pytestmark

__all__ = ["page", "pytestmark"]

PLACE = {"compound_id": "xingfu", "building_id": "xingfu-3", "unit": "2"}


async def filed(services: Services, **more: object) -> tuple[str, str]:
    """A request that waits for a clerk; number and query code."""
    request = CreateTicket.model_validate({
        "leaf": "A2", "narrative": "开个居住证明", "conversation_id": "c1", "place": PLACE, **more,
    })  # fmt: skip
    view = await services.tickets.create(request, SYSTEM, follow_up=False)
    return str(view["ticket_no"]), str(view["query_code"])


async def test_the_clerk_sees_until_when_and_reads_afterwards_what_can_still_be_done(
    page: Page, settings: Settings, services: Services
) -> None:
    number, _ = await filed(services)
    await enter(page, settings, "clerk1", f"/console/tickets/{number}")
    await expect(page.get_by_text("要请的话一次说全，最晚")).to_be_visible()
    await fits(page)
    await shot(page, "notice-in-time")
    await page.set_viewport_size({"width": 360, "height": 740})
    await services.clock.set(services.db, services.clock.now() + timedelta(days=8))
    await enter(page, settings, "clerk1", f"/console/tickets/{number}")
    await page.get_by_text("请补充").first.tap()
    await page.get_by_label("还需要什么（一次说全）").fill("租房合同")
    await page.get_by_role("button", name="请补充").tap()
    await expect(page.get_by_text("不能再请居民补充").first).to_be_visible()
    await expect(page.get_by_text("打电话、发消息问").first).to_be_visible()
    await fits(page)
    await shot(page, "notice-too-late")


async def test_who_applied_for_a_paper_reads_that_we_wait_for_materials(
    page: Page, services: Services
) -> None:
    number, code = await filed(services, certificate={"name": "居住证明"})
    await services.tickets.act(number, "need_info", {"items": ["租房合同", "房东电话"]}, SYSTEM)
    await page.goto(f"/progress/{number}")
    await page.get_by_label("查询码").fill(code)
    await page.get_by_role("button").first.tap()
    await expect(page.get_by_text("等您补材料：租房合同、房东电话")).to_be_visible()
    await fits(page)
    await shot(page, "waits-for-materials")


async def test_the_application_is_printed_at_home_and_at_the_desk(
    page: Page, settings: Settings, services: Services
) -> None:
    number, code = await filed(
        services, certificate={"name": "居住证明", "purpose": "孩子上学", "demanded_by": "北街小学"}
    )
    await page.goto(f"/notice/{number}/application?code={code}")
    await expect(page.get_by_role("heading", name="证明申请表")).to_be_visible()
    await expect(page.get_by_text("孩子上学")).to_be_visible()
    await expect(page.get_by_role("button", name="打印")).to_be_visible()
    await fits(page)
    await shot(page, "application-at-home")
    await enter(page, settings, "clerk1", f"/console/tickets/{number}/paper")
    sheet = page.locator("section", has=page.get_by_role("heading", name="证明申请表"))
    await sheet.get_by_role("link", name="看一看").tap()
    await page.get_by_role("button", name="登记并打印").tap()
    await expect(page.get_by_text(f"编号：{number}-申请1")).to_be_visible()
    await fits(page)
    await shot(page, "application-at-the-desk")
    await page.set_viewport_size({"width": 1280, "height": 900})
    await page.emulate_media(media="print")
    await shot(page, "application-printed")


SMALLEST = """() => Math.min(...[...document.querySelectorAll('main *')]
  .filter((e) => e.checkVisibility() && [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim()))
  .map((e) => parseFloat(getComputedStyle(e).fontSize)))"""


@pytest.mark.parametrize("size", [22, 30])
async def test_a_page_opened_from_the_conversation_stands_in_its_letters(
    page: Page, services: Services, size: int
) -> None:
    number, code = await filed(services)
    await page.set_viewport_size({"width": 360, "height": 740})
    await page.goto(f"/progress/{number}")
    await expect(page.get_by_text(f"工单号：{number}")).to_be_visible()
    assert await page.evaluate(SMALLEST) < 22
    await page.add_init_script(
        f"localStorage.setItem('linda.elder','true');localStorage.setItem('linda.size','{size}')"
    )
    for path in ("/report", "/privacy", "/s/A1/notice", "/s/ZZ/notice", f"/progress/{number}"):
        await page.goto(path)
        assert await page.evaluate(SMALLEST) >= size, path
        await fits(page)
    await expect(page.get_by_text(f"编号： {number}")).to_be_visible()
    await page.get_by_label("查询码，6位数").fill("1" if code != "1" else "2")
    await page.get_by_role("button", name="看进展").tap()
    await expect(page.get_by_text("编号和查询码对不上，请再看看。忘了打社区电话。")).to_be_visible()
    await page.get_by_label("查询码，6位数").fill(code)
    await page.get_by_role("button", name="看进展").tap()
    await expect(page.get_by_text("收到了，正在安排。")).to_be_visible()
    await fits(page)
