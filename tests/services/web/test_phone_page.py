"""The ticket page for residents who are reached by phone: ringing through the office's number."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from services.context import Services
from services.tickets.core.commands import CreateTicket
from tests.services.tickets.world import ACTORS
from tests.services.web.conftest import Client
from tests.services.web.test_care import enter, text

__all__ = ["enter"]

Enter = Callable[[str], Awaitable[Client]]
PHONE = "13812345678"


async def by_phone(services: Services) -> str:
    """A ticket of a resident without a chat, at work with the grid."""
    request = CreateTicket.model_validate({
        "channel": "phone", "leaf": "H6", "narrative": "楼道灯坏了好几天了",
        "address_text": "幸福小区3号楼2单元502",
        "place": {"compound_id": "xingfu", "building_id": "xingfu-3", "unit": "2", "room": "502"},
        "contact": {"name": "张桂兰", "phone": PHONE},
    })  # fmt: skip
    number = str((await services.tickets.create(request, ACTORS["clerk"]))["ticket_no"])
    await services.tickets.act(number, "sign", {}, ACTORS["grid"])
    return number


async def test_the_grid_rings_through_the_office_and_is_told_to_record_the_result(
    enter: Enter, services: Services
) -> None:
    client, number = await enter("grid1"), await by_phone(services)
    page = await text(client, f"/console/tickets/{number}")
    assert 'data-action="relay"' in page and "本地没有总机转接" not in page
    version = (await services.tickets.get(number, ACTORS["grid"]))["version"]
    form = {"version": str(version), "reason": "约上门时间"}
    answer = await client.post(f"/console/tickets/{number}/actions/relay", data=form)
    page = await answer.text()
    assert answer.status == 200 and "0439-00000030" in page and PHONE not in page
    assert "记了才算联系过" in page and "“联系居民”里记结果" in page
    entries = await services.audit.entries()
    assert (f"ticket:{number}", "约上门时间") in {(e.subject, e.reason) for e in entries}


async def test_a_place_without_a_number_says_so_beside_the_way_to_see_it(
    enter: Enter, services: Services
) -> None:
    client, number = await enter("grid1"), await by_phone(services)
    services.tickets.relay = None
    page = await text(client, f"/console/tickets/{number}")
    assert "本地没有总机转接" in page and 'data-action="relay"' not in page
    assert 'data-action="reveal"' in page


async def test_who_has_no_chat_is_told_on_the_phone_with_the_words_at_hand(
    enter: Enter, services: Services
) -> None:
    client, number = await enter("clerk1"), await by_phone(services)
    more = {"days": 1, "reason": "等配件"}
    await services.tickets.act(number, "extend", more, ACTORS["supervisor"])
    page = await text(client, "/console/tickets?flag=to_tell")
    assert number in page
    page = await text(client, f"/console/tickets/{number}")
    assert "要打电话告诉居民" in page and "需要多一点时间：等配件" in page
    version = (await services.tickets.get(number, ACTORS["clerk"]))["version"]
    form = {"version": str(version), "result": "told"}
    answer = await client.post(f"/console/tickets/{number}/actions/tell", data=form)
    page = await answer.text()
    assert answer.status == 200 and "这位居民不用微信" not in page
    form = {"version": str(version + 1), "what": "supplement", "text": "是三单元", "said": "phone"}
    answer = await client.post(f"/console/tickets/{number}/actions/on_behalf", data=form)
    page = await answer.text()
    assert answer.status == 200 and "工作人员代记" in page and "代记）" in page


async def test_the_desk_sees_whether_it_is_known_by_what_right_somebody_acts_for_another(
    enter: Enter, services: Services
) -> None:
    client = await enter("clerk1")
    request = CreateTicket.model_validate({
        "channel": "counter", "leaf": "A2", "narrative": "给我妈开个居住证明",
        "subject": {"relation": "mother"}, "contact": {"phone": PHONE},
    })  # fmt: skip
    number = str((await services.tickets.create(request, ACTORS["clerk"]))["ticket_no"])
    page = await text(client, f"/console/tickets/{number}")
    assert "还没核对凭什么代办，不影响先受理" in page
    version = (await services.tickets.get(number, ACTORS["clerk"]))["version"]
    form = {"version": str(version), "kind": "written", "since": "2026-11-20"}
    answer = await client.post(f"/console/tickets/{number}/actions/check_proxy", data=form)
    assert "书面委托，11月20日起" in await answer.text()
