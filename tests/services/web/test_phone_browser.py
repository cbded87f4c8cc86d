"""The ticket page for residents who are reached by phone, in a real browser: it fits, everything can be tapped."""

from __future__ import annotations

from playwright.async_api import Page, expect

from services.config import Settings
from services.context import Services
from tests.services.tickets.world import ACTORS
from tests.services.web.test_care_browser import enter, shot
from tests.services.web.test_phone_page import by_phone
from tests.services.web.test_register_browser import fits, page, pytestmark

__all__ = ["page", "pytestmark"]


async def test_ringing_telling_and_writing_down_fit_on_a_phone(
    page: Page, settings: Settings, services: Services
) -> None:
    number = await by_phone(services)
    more = {"days": 1, "reason": "等配件"}
    await services.tickets.act(number, "extend", more, ACTORS["supervisor"])
    await enter(page, settings, "grid1", f"/console/tickets/{number}")
    await expect(page.get_by_role("heading", name="要打电话告诉居民")).to_be_visible()
    await fits(page)
    await page.get_by_text("总机转接（不看号码）").first.tap()
    await page.get_by_label("为什么打这个电话").fill("告诉他要晚一天")
    await page.get_by_role("button", name="总机转接").tap()
    await expect(page.get_by_text("记了才算联系过")).to_be_visible()
    await fits(page)
    await shot(page, "relay")
    await page.set_viewport_size({"width": 360, "height": 740})
    await page.get_by_text("代记居民说的").first.tap()
    await fits(page)
    await shot(page, "on_behalf")


async def test_a_long_unit_leaves_the_number_of_a_ticket_whole(
    page: Page, settings: Settings, services: Services
) -> None:
    await by_phone(services)
    await enter(page, settings, "grid1", "/console/tickets")
    row = page.locator("li.row").first
    await row.locator(".owner").evaluate(
        "e => e.textContent = '青禾县人力资源和社会保障局 欧阳建国'"
    )
    number = row.locator(".no")
    assert await number.evaluate("e => e.scrollWidth - e.clientWidth") == 0
    edge = await row.evaluate("e => e.getBoundingClientRect().right")
    assert await number.evaluate("e => e.getBoundingClientRect().right") < edge
    await fits(page)
