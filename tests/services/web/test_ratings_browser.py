"""差评整改 and its callback on a small phone, in a real browser."""

from __future__ import annotations

from playwright.async_api import Page, expect

from services.config import Settings
from services.context import Services
from services.tickets.core.actor import SYSTEM
from services.tickets.core.commands import CreateTicket
from tests.services.tickets.world import ACTORS
from tests.services.web.test_care_browser import enter, shot
from tests.services.web.test_register_browser import fits, page, pytestmark

__all__ = ["page", "pytestmark"]


async def poor(services: Services) -> tuple[str, str]:
    """A lamp that is solved, says its resident, and badly; number and query code."""
    request = CreateTicket.model_validate({
        "leaf": "H6", "narrative": "楼道灯坏了好几天了", "conversation_id": "c1",
        "place": {"compound_id": "xingfu", "building_id": "xingfu-3", "unit": "2"},
    })  # fmt: skip
    view = await services.tickets.create(request, SYSTEM)
    number = str(view["ticket_no"])
    done = {"outcome": "solved", "reply": "换了灯泡", "evidence_note": "天黑"}
    for action, facts in (
        ("sign", {}), ("contact", {"way": "phone", "result": "reached"}), ("resolve", done),
    ):  # fmt: skip
        await services.tickets.act(number, action, facts, ACTORS["grid"])
    answers = services.tickets.callback_answer
    await answers(number, "c1", {"stage": "solved", "solved": True})
    await answers(number, "c1", {"stage": "rating", "score": 1})
    return number, str(view["query_code"])


async def test_the_unit_says_what_it_put_right_and_the_desk_asks_again(
    page: Page, settings: Settings, services: Services
) -> None:
    number, code = await poor(services)
    await page.goto(f"/progress/{number}")
    await page.get_by_label("查询码").fill(code)
    await page.get_by_role("button").first.tap()
    await expect(page.get_by_text("您不满意的地方正在核实整改")).to_be_visible()
    await fits(page)
    await shot(page, "bad-rating-resident")
    await page.set_viewport_size({"width": 360, "height": 740})
    await enter(page, settings, "grid1", f"/console/tickets/{number}")
    await expect(page.get_by_text("居民不满意，")).to_be_visible()
    await page.locator("summary", has_text="差评整改").first.tap()
    await page.get_by_label("核实的情况和整改").fill("核实过，灯座也换了")
    await fits(page)
    await shot(page, "bad-rating-unit")
    await page.set_viewport_size({"width": 360, "height": 740})
    await page.get_by_role("button", name="差评整改").tap()
    await expect(page.get_by_text("等回访").first).to_be_visible()
    await enter(page, settings, "callback1", f"/console/tickets/{number}")
    await page.locator("summary", has_text="差评回访").first.tap()
    await fits(page)
    await shot(page, "bad-rating-callback")
