"""照片可否公开 in a real browser: the desk and the street open a resident's photo to the vendor in charge."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator

import pytest
from PIL import Image
from playwright.async_api import Page, expect

from services.config import Settings
from services.context import Services
from services.tickets.core.actor import SYSTEM, Actor, resident
from services.tickets.core.commands import CreateTicket
from tests.services.web.test_care import services
from tests.services.web.test_care_browser import enter, shot
from tests.services.web.test_register_browser import fits, page, pytestmark

__all__ = ["page", "pytestmark", "services"]

STREET = Actor("staff", "dispatcher1", "dispatcher", "street")


async def jpeg(colour: str) -> AsyncIterator[bytes]:
    picture = io.BytesIO()
    Image.new("RGB", (640, 480), colour).save(picture, "JPEG")
    yield picture.getvalue()


async def with_photos(services: Services) -> str:
    """A meal that the canteen brings, with two photos of the resident's."""
    here = (await services.channels.open_session()).session_id
    photos = [
        (await services.channels.add_attachment(here, jpeg(c))).id for c in ("darkred", "navy")
    ]
    wanted = CreateTicket(
        conversation_id=here, leaf="A1", narrative="饭盒漏了", attachments=photos,
        place={"compound_id": "xingfu", "building_id": "xingfu-3", "unit": "2"},
    )  # fmt: skip
    view = await services.tickets.create(wanted, resident(here), follow_up=False)
    number = str(view["ticket_no"])
    await services.tickets.act(number, "accept", {}, SYSTEM)
    await services.tickets.act(number, "dispatch", {"org": "meal", "reason": "食堂送"}, STREET)
    return number


@pytest.mark.parametrize("who", ["clerk1", "dispatcher1"])
async def test_the_photo_that_is_meant_is_seen_where_it_is_chosen(
    page: Page, settings: Settings, services: Services, who: str
) -> None:
    number = await with_photos(services)
    await enter(page, settings, who, f"/console/tickets/{number}")
    step = page.locator("details").filter(has_text="照片可否公开").last
    await step.locator("summary").first.tap()
    await shot(page, f"photos-{who}")
    await fits(page)
    for number in ("第1张", "第2张"):  # what the choice names stands under the picture
        await expect(page.locator(".photos").get_by_text(number)).to_be_visible()
        await expect(step.get_by_label(f"居民发的照片{number}")).to_be_visible()
    await expect(step.get_by_role("button", name="照片可否公开")).to_be_visible()
