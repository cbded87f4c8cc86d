"""限次 in a real browser: who is stopped is let go on with a reason; the page fits a phone."""

from __future__ import annotations

from playwright.async_api import Page, expect

from services.config import Settings
from services.context import Services
from services.limits import Stopped
from services.stops import networks, records
from tests.services.web.test_care import services
from tests.services.web.test_care_browser import enter, shot
from tests.services.web.test_register_browser import fits, page, pytestmark

__all__ = ["page", "pytestmark", "services"]


async def test_the_desk_lets_somebody_go_on(
    page: Page, settings: Settings, services: Services
) -> None:
    now = services.clock.now()
    (hall,) = networks.load(settings.locality_dir)
    here = (await services.channels.open_session()).session_id
    for what, who, network in (("message", here, None), ("session", "hash", hall)):
        stopped = Stopped(what, who, "rate_limited", "太快了", 3600)
        await records.note(
            services.db, stopped, now, network=network, conversation=None if network else here
        )
    await enter(page, settings, "clerk1", "/console/limits")
    await expect(page.get_by_role("heading", name="被限次拦住的（2）")).to_be_visible()
    await expect(page.get_by_text("清河社区服务大厅（自助机、无线网）")).to_be_visible()
    await fits(page)
    await shot(page, "limits")
    card = page.get_by_role("listitem").filter(has_text="服务大厅")
    await card.get_by_label("为什么放开").fill("大厅里在教老人用")
    await card.get_by_role("button", name="现在放开").tap()
    await expect(page.get_by_role("heading", name="被限次拦住的（1）")).to_be_visible()
    await expect(page.get_by_text(f"对话尾号{here[-4:]}")).to_be_visible()
    await fits(page)
