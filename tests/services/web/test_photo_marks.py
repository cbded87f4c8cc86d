"""Photos that others attached reach a vendor only when the unit in charge has marked them (可公开)."""

from __future__ import annotations

import io
import re
from typing import Any

import aiohttp
import pytest
from PIL import Image

from services.context import Services
from services.tickets.core.actor import SYSTEM, Actor
from services.tickets.core.commands import CreateTicket
from tests.services.web.conftest import Client, Token

VENDOR, OWNER = "vendor1", "grid1"
DESK = Actor("staff", "dispatcher1", "dispatcher", "street")
DONE = {"outcome": "solved", "reply": "换了灯泡"}


class Told:
    """A ticket of the grid that the canteen helps with: a photo of the resident's, one of the work."""

    def __init__(self, client: Client, as_staff: Token, services: Services, number: str) -> None:
        self._client, self._as, self.services, self.number = client, as_staff, services, number
        self.sent = self.work = ""

    async def get(self, who: str, path: str) -> tuple[int, str]:
        answer = await self._client.get(path, headers=await self._as(who))
        body = await answer.read()
        return answer.status, "" if answer.content_type.startswith("image/") else body.decode()

    async def act(self, who: str, action: str, status: int = 200, **facts: Any) -> dict[str, Any]:
        path = f"/api/v1/tickets/{self.number}"
        version = (await self.services.tickets.get(self.number, SYSTEM))["version"]
        headers = await self._as(who)
        answer = await self._client.post(
            f"{path}/actions/{action}", json={"version": version, **facts}, headers=headers
        )
        assert answer.status == status, await answer.text()
        return dict(await answer.json())

    async def upload(self, who: str) -> str:
        picture = io.BytesIO()
        Image.new("RGB", (9, 9), "red").save(picture, "PNG")
        form = aiohttp.FormData()
        form.add_field("file", picture.getvalue(), filename="a.png", content_type="image/png")
        path = f"/api/v1/tickets/{self.number}/photos"
        answer = await self._client.post(path, data=form, headers=await self._as(who))
        assert answer.status == 201, await answer.text()
        return str((await answer.json())["attachment_id"])

    async def mark(self, photo: str, shown: str = "yes") -> None:
        await self.act(OWNER, "mark_photo", photo=photo, shown=shown, reason="没有人，也没有门牌")


@pytest.fixture
async def told(client: Client, as_staff: Token, services: Services) -> Told:
    given = {
        "leaf": "H6", "narrative": "楼道灯坏了", "conversation_id": "c1",
        "place": {"compound_id": "xingfu", "building_id": "xingfu-3", "unit": "2"},
    }  # fmt: skip
    view = await services.tickets.create(CreateTicket.model_validate(given), SYSTEM)
    made = Told(client, as_staff, services, str(view["ticket_no"]))
    made.sent, made.work = await made.upload(OWNER), await made.upload(OWNER)
    await services.tickets.resident_act(
        made.number, "supplement", {"attachments": [made.sent]}, "c1"
    )
    await made.act(OWNER, "sign")
    await made.act(OWNER, "assist", orgs=["meal"], task="让一下门口")
    await made.act(OWNER, "contact", way="phone", result="reached")
    await made.act(OWNER, "resolve", **DONE, evidence=[made.work])
    return made


LISTING = ("/api/v1/tickets/{no}", "/api/v1/tickets", "/console/tickets/{no}")
SINGLE = ("/api/v1/tickets/{no}/photos/{photo}", "/console/tickets/{no}/photos/{photo}")


@pytest.mark.parametrize("path", LISTING)
async def test_a_listing_names_to_a_vendor_only_marked_photos(told: Told, path: str) -> None:
    where = path.format(no=told.number)
    status, before = await told.get(VENDOR, where)
    assert status == 200 and told.number in before
    assert told.work not in before and told.sent not in before
    assert told.work in (await told.get(OWNER, where))[1]
    await told.mark(told.work)
    after = (await told.get(VENDOR, where))[1]
    assert told.work in after and told.sent not in after
    await told.mark(told.sent)
    assert told.sent in (await told.get(VENDOR, where))[1]


@pytest.mark.parametrize("path", SINGLE)
async def test_a_single_photo_is_given_to_a_vendor_only_when_marked(told: Told, path: str) -> None:
    for photo in (told.sent, told.work):
        where = path.format(no=told.number, photo=photo)
        assert (await told.get(VENDOR, where))[0] == 404
        assert (await told.get(OWNER, where))[0] == 200
        await told.mark(photo)
        assert (await told.get(VENDOR, where))[0] == 200
        await told.mark(photo, shown="no")
        assert (await told.get(VENDOR, where))[0] == 404


async def test_no_sheet_of_a_vendor_and_no_timeline_names_a_photo(told: Told) -> None:
    await told.mark(told.work)
    overview = f"/console/tickets/{told.number}/paper"
    status, page = await told.get(VENDOR, overview)
    sheets = re.findall(rf'href="({overview}/[a-z_/0-9]+)"', page)
    assert status == 200 and sheets, "there are sheets to look at"
    for path in (overview, *sheets, f"/api/v1/tickets/{told.number}/events"):
        status, body = await told.get(VENDOR, path)
        assert status == 200, path
        assert told.sent not in body and told.work not in body, path


async def test_who_marks_says_why_and_that_is_kept(told: Told) -> None:
    await told.act(OWNER, "mark_photo", status=422, photo=told.work)
    await told.act(OWNER, "mark_photo", status=422, photo="x9", reason="没有人")
    for other in ("clerk1", VENDOR, "dispatcher1"):
        await told.act(other, "mark_photo", status=422, photo=told.work, reason="没有人")
    await told.act("supervisor1", "mark_photo", status=403, photo=told.work, reason="没有人")
    await told.mark(told.work)
    events = await told.services.tickets.events(told.number, SYSTEM)
    kept = [e for e in events if e["type"] == "photo_marked"]
    assert len(kept) == 1 and kept[0]["actor"]["id"] == OWNER
    assert kept[0]["data"] == {"photo": told.work, "shown": "yes", "reason": "没有人，也没有门牌"}


async def in_charge(client: Client, as_staff: Token, services: Services) -> Told:
    """A ticket that the canteen has as the lead."""
    given = {
        "leaf": "A1", "narrative": "明天中午订一份饭", "conversation_id": "c2",
        "place": {"compound_id": "xingfu", "building_id": "xingfu-3", "unit": "2"},
    }  # fmt: skip
    view = await services.tickets.create(
        CreateTicket.model_validate(given), SYSTEM, follow_up=False
    )
    own = Told(client, as_staff, services, str(view["ticket_no"]))
    await services.tickets.act(own.number, "accept", {}, SYSTEM)
    given = {"org": "meal", "reason": "食堂送"}
    await services.tickets.act(own.number, "dispatch", given, DESK)
    return own


async def test_a_vendor_in_charge_sees_what_it_attached_itself(
    client: Client, as_staff: Token, services: Services
) -> None:
    own = await in_charge(client, as_staff, services)
    own.work = await own.upload(VENDOR)
    await own.act(VENDOR, "sign")
    seen = await own.act(VENDOR, "resolve", **DONE, evidence=[own.work])
    assert seen["evidence"] == [own.work]
    path = f"/api/v1/tickets/{own.number}/photos/{own.work}"
    assert (await own.get(VENDOR, path))[0] == 200


@pytest.mark.parametrize("who", ["clerk1", "dispatcher1"])
async def test_what_a_resident_sent_is_opened_to_a_vendor_in_charge_by_the_desk_or_the_street(
    client: Client, as_staff: Token, services: Services, who: str
) -> None:
    own = await in_charge(client, as_staff, services)
    shown, kept = await own.upload("clerk1"), await own.upload("clerk1")
    await services.tickets.resident_act(
        own.number, "supplement", {"attachments": [shown, kept]}, "c2"
    )
    await own.act(VENDOR, "mark_photo", status=422, photo=shown, reason="想看")
    await own.act(who, "mark_photo", status=422, photo=shown)
    status, page = await own.get(who, f"/console/tickets/{own.number}")
    assert status == 200 and "照片可否公开" in page and shown in page
    await own.act(who, "mark_photo", photo=shown, reason="只拍到饭盒")
    path = f"/api/v1/tickets/{own.number}/photos/"
    assert (await own.get(VENDOR, path + shown))[0] == 200
    assert (await own.get(VENDOR, path + kept))[0] == 404
    (event,) = [
        e for e in await services.tickets.events(own.number, SYSTEM) if e["type"] == "photo_marked"
    ]
    assert event["actor"]["id"] == who and event["data"]["reason"] == "只拍到饭盒"
    await own.act(who, "mark_photo", photo=shown, shown="no", reason="认出了邻居")
    assert (await own.get(VENDOR, path + shown))[0] == 404
