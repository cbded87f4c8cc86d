"""“机器人理解错了” in a real browser: on a small phone of the desk, then before who teaches."""

from __future__ import annotations

from playwright.async_api import expect

from services.context import Services
from tests.services.training.conftest import Say, digest
from tests.services.training.test_page_browser import (
    MEASURE,
    Open,
    browser,
    open_page,
    pytestmark,
)
from tests.services.training.test_suggestions import NOTE, SAID, clerk, filed, talk
from tests.services.web.test_care_browser import enter, shot

__all__ = ["browser", "open_page", "pytestmark"]


async def test_the_desk_says_it_and_the_teacher_sees_it(
    open_page: Open, services: Services, say: Say
) -> None:
    conversation = await say(SAID, doubt=True)
    number = await filed(services, conversation)
    await digest(services)
    id, _ = await talk(services, conversation)
    page = await open_page(360, phone=True)
    for path in (f"/console/handoffs/{id}", f"/console/tickets/{number}"):
        await enter(page, services.settings, "clerk1", path)
        await page.get_by_text("机器人理解错了").tap()
        found = await page.evaluate(MEASURE)
        assert found["width"] == 360
        assert not [t for t in found["targets"] if t["right"] > 360.5], found
        await shot(page, f"misunderstood-{path.split('/')[2]}")
        await page.set_viewport_size({"width": 360, "height": 740})
        await page.get_by_label("其实是哪件事").select_option("H7")
        await page.get_by_label("说一句").last.fill(NOTE)
        await page.get_by_role("button", name="交给训练员").tap()
        await expect(page.get_by_role("status").filter(has_text="交给训练员看了")).to_be_visible()
    await enter(page, services.settings, "trainer1", "/console/training?group=1")
    await expect(page.get_by_text("同事说机器人听错了")).to_be_visible()
    await shot(page, "suggested")
    await page.set_viewport_size({"width": 360, "height": 740})
    name = (await clerk(services)).name
    await page.get_by_role("button", name=f"照{name}说的定").tap()
    await expect(page.get_by_role("status").first).to_contain_text("改了")
