"""Every form of the ticket page, opened on a small phone: it fits, everything in it can be tapped.

Which forms there are is not written down here: tickets stand in every state, and what the page offers
an account there is opened.
"""

from __future__ import annotations

from playwright.async_api import Page

from services.config import Settings
from services.context import Services
from services.errors import LindaError
from services.web.auth import actor_of
from services.web.scenario import WAY, StateName, TestTicket, make_ticket
from tests.services.web.test_care_browser import enter, shot
from tests.services.web.test_register_browser import MEASURE, page, pytestmark

__all__ = ["page", "pytestmark"]

ACCOUNTS = (
    "grid1", "clerk1", "supervisor1", "dispatcher1", "handler1", "callback1", "auditor1", "admin1",
)  # fmt: skip
WIDTH, TALL = 360, 740
MOST = 34
"""So many different forms were found; far fewer means that nothing was looked at."""


async def standing(services: Services, state: StateName) -> str:
    """A ticket in this state, of a resident who left a telephone number."""
    wanted = TestTicket.model_validate({
        "leaf": "H6", "narrative": "3号楼2单元楼道灯坏了好几天了，老人不敢下楼", "state": state,
        "location": {"compound": "幸福小区", "building": "3", "unit": "2"},
        "contact": {"name": "张桂兰", "phone": "13812345678"},
    })  # fmt: skip
    return str((await make_ticket(services, wanted))["ticket_no"])


async def test_every_form_of_every_account_fits(
    page: Page, settings: Settings, services: Services
) -> None:
    tickets = {state: await standing(services, state) for state in WAY}
    opened: set[str] = set()
    bad: dict[str, object] = {}
    for account in ACCOUNTS:
        async with services.db.read() as reading:
            person = await services.people.staff(reading, account)
        assert person is not None
        actor = actor_of(person)
        entered = False
        for state, number in tickets.items():
            try:
                offered = await services.tickets.allowed_actions(number, actor)
            except LindaError:  # not for their eyes
                continue
            fresh = {a["action"] for a in offered} - opened
            if not fresh:
                continue
            path = f"/console/tickets/{number}"
            if not entered:
                await enter(page, settings, account, path)
                await page.wait_for_url(f"**{path}")
                entered = True
            else:
                await page.goto(path)
            for action in await page.locator("details.action").all():
                name = str(await action.get_attribute("data-action"))
                if name in opened:
                    continue
                opened.add(name)
                await action.locator("summary").first.tap()
                found = await page.evaluate(MEASURE)
                short = [t for t in found["targets"] if t["height"] < 44 or t["right"] > WIDTH]
                if found["width"] > WIDTH or short or found["small"]:
                    bad[f"{account} {state} {name}"] = (found["width"], short, found["small"])
                await shot(page, f"form-{name}")
                await page.set_viewport_size({"width": WIDTH, "height": TALL})
                await action.locator("summary").first.tap()
    assert bad == {}
    assert len(opened) >= MOST, sorted(opened)
