"""探访、未诉先办、时节、清单 in a real browser: a visit one-handed on a small phone, pages that fit."""

from __future__ import annotations

import os
from pathlib import Path

from playwright.async_api import Page, expect

from services.config import Settings
from services.context import Services
from tests.services.web.test_care import report, services
from tests.services.web.test_register_browser import fits, page, pytestmark

__all__ = ["page", "pytestmark", "services"]

SHOTS = os.environ.get("LINDA_SHOTS")
"""A folder for pictures, for who wants to look."""


async def shot(page: Page, name: str) -> None:
    """Keep a picture of the whole page on the phone and at a desk."""
    if not SHOTS:
        return
    for width in (1280, 360):
        await page.set_viewport_size({"width": width, "height": 740})
        await page.screenshot(path=Path(SHOTS) / f"{name}-{width}.png", full_page=True)


async def enter(page: Page, settings: Settings, username: str, path: str) -> None:
    await page.context.clear_cookies()
    await page.goto(path)
    await page.get_by_label("账号").fill(username)
    await page.get_by_label("密码").fill(settings.demo_password)
    await page.get_by_role("button", name="登录").tap()


async def test_a_visit_takes_three_taps(page: Page, settings: Settings) -> None:
    await enter(page, settings, "grid1", "/console/visits")
    await expect(page.get_by_role("heading", name="探访（5）")).to_be_visible()
    await fits(page)
    await shot(page, "visits")
    await page.get_by_role("link", name="佟福来").tap()
    await expect(page.get_by_role("heading", name="佟福来")).to_be_visible()
    await fits(page)
    await shot(page, "visit")
    await page.get_by_label("见到了", exact=True).check()
    await page.get_by_label("挺好").check()
    await page.get_by_role("button", name="记下这次探访").tap()
    await expect(page.get_by_role("status").filter(has_text="记好了")).to_be_visible()
    await page.goto("/console/visits/figures")
    await expect(page.get_by_role("cell", name="4/5")).to_be_visible()
    await fits(page)
    await shot(page, "figures")
    await page.goto("/console/seasons")
    await expect(page.get_by_role("heading", name="供暖")).to_be_visible()
    await fits(page)
    await shot(page, "seasons")


async def test_the_desk_sees_why_and_keeps_the_board(
    page: Page, settings: Settings, services: Services
) -> None:
    for n in range(3):
        await report(services, n)
    await services.foresight.warn()
    await enter(page, settings, "clerk1", "/console/reminders")
    await expect(page.get_by_role("heading", name="突然多起来的事（1）")).to_be_visible()
    await fits(page)
    await shot(page, "rising")
    await page.get_by_role("link", name="去说怎么办").tap()
    await expect(page.get_by_role("heading", name="松江花园3号楼：楼道灯不亮")).to_be_visible()
    await fits(page)
    await shot(page, "foresight")
    await page.get_by_role("button", name="建未诉先办工单").tap()
    await page.get_by_role("button", name="列进需求清单").tap()
    await expect(page.get_by_role("heading", name="居民需求（3）")).to_be_visible()
    await fits(page)
    await page.get_by_text("写一条").tap()
    await fits(page)
    await shot(page, "lists")
    await page.goto("/console/visits/new")
    await expect(page.get_by_role("heading", name="加一位老人")).to_be_visible()
    await fits(page)
    await shot(page, "new")
