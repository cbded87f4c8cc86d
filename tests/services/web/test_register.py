"""代居民登记 on the real services: a few words at the door become a ticket with a number."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import func, select

from services.config import Settings
from services.context import Services
from services.tickets.core.actor import SYSTEM
from services.tickets.core.commands import CreateTicket
from services.tickets.tables import TicketRow
from tests.services.web.conftest import Client

REGISTER = "/console/register"
WORDS = "楼道灯坏了，晚上看不见路"


@pytest.fixture
async def enter(client: Client, settings: Settings) -> Any:
    """Log in through the page, as a browser does."""

    async def go(username: str) -> Client:
        form = {"username": username, "password": settings.demo_password}
        answer = await client.post("/console/login", data=form, allow_redirects=False)
        assert answer.status == 303, await answer.text()
        return client

    return go


async def opened(client: Client) -> dict[str, str]:
    """The form as it comes: its hidden number and what is chosen already."""
    html = await (await client.get(REGISTER)).text()
    found = re.search(r'name="form" value="([^"]+)"', html)
    assert found, html
    return {"form": found[1], "reporter_role": "self", "channel": "counter", "told": "said"}


async def count(services: Services) -> int:
    async with services.db.read() as s:
        return int(await s.scalar(select(func.count()).select_from(TicketRow)) or 0)


async def test_a_few_words_become_a_ticket_once(enter: Any, services: Services) -> None:
    client = await enter("grid1")
    form = {
        **await opened(client), "narrative": WORDS, "place": "xingfu/xingfu-3",
        "address_text": "2单元502", "phone": "138 1234-5678", "name": "张桂兰", "leaf": "H6",
    }  # fmt: skip
    pages = [await (await client.post(REGISTER, data=form)).text() for _ in range(2)]
    numbers = {re.search(r"SQ-\d{6}-\d{5}-\d", page)[0] for page in pages}  # type: ignore[index]
    assert len(numbers) == 1 and await count(services) == 1
    ticket = await services.tickets.get(numbers.pop(), SYSTEM)
    assert ticket["narrative_original"] == WORDS and ticket["leaf"] == "H6"
    assert ticket["location"]["building_id"] == "xingfu-3" and ticket["location"]["unit"] == "2"
    assert ticket["reporter"] | {"role": "self", "phone": "138****5678"} == ticket["reporter"]
    assert ticket["channel"] == "counter" and ticket["owner_org"] == "grid"
    again = await client.post(REGISTER, data={**form, "narrative": "别的事"})
    assert again.status == 409 and "刚才已经登记过" in await again.text()


async def test_who_goes_back_finds_the_same_form_and_makes_no_second_ticket(
    enter: Any, services: Services
) -> None:
    client = await enter("clerk1")
    first = await client.get(REGISTER)
    assert first.status == 200 and "form=" in str(first.url), "the address holds the key"
    key = re.search(r'name="form" value="([^"]+)"', await first.text())[1]  # type: ignore[index]
    form = {**await opened(client), "form": key, "narrative": WORDS}
    slip = await (await client.post(REGISTER, data=form)).text()
    # The browser asks for the page anew when somebody goes back: nothing of it may be stored.
    back = await client.get(str(first.url.relative()))
    assert back.headers["Cache-Control"] == "no-store"
    assert f'name="form" value="{key}"' in await back.text()
    again = await (await client.post(REGISTER, data=form)).text()
    number = re.search(r"SQ-\d{6}-\d{5}-\d", slip)[0]  # type: ignore[index]
    assert number in again and await count(services) == 1
    assert (await opened(client))["form"] != key, "“再登记一件” is another one"
    odd = await client.get(f"{REGISTER}?form=<b>")
    assert odd.status == 200 and 'value="<b>"' not in await odd.text()


async def test_only_the_words_are_needed(enter: Any, services: Services) -> None:
    client = await enter("clerk1")
    answer = await client.post(REGISTER, data={**await opened(client), "narrative": WORDS})
    assert answer.status == 200, await answer.text()
    async with services.db.read() as s:
        row = (await s.scalars(select(TicketRow))).one()
    assert row.narrative == WORDS and row.state == "SUBMITTED"
    assert "incomplete" in (await services.tickets.get(row.ticket_no, SYSTEM))["flags"]


async def test_the_counter_names_the_certificate(enter: Any, services: Services) -> None:
    client = await enter("clerk1")
    html = await (await client.get(REGISTER)).text()
    assert "要开什么证明" in html and "困难情况说明" in html and "亲属关系证明" not in html
    form = {**await opened(client), "narrative": "要开个证明", "certificate": "居住（租住）证明"}
    answer = await client.post(REGISTER, data=form)
    number = re.search(r"SQ-\d{6}-\d{5}-\d", await answer.text())
    assert number is not None, await answer.text()
    ticket = await services.tickets.get(number[0], SYSTEM)
    assert ticket["leaf"] == "A2" and ticket["certificate"] == {
        "no": None,
        "name": "居住（租住）证明",
    }
    sheet = await (await client.get(f"/console/tickets/{number[0]}/paper/application")).text()
    assert "证明申请表" in sheet and "租房合同或房产证" in sheet and "要开哪张证明" not in sheet
    wrong = {**form, **await opened(client), "certificate": "亲属关系证明"}
    refused = await client.post(REGISTER, data=wrong)
    assert refused.status == 422 and "没有这种证明" in await refused.text()


async def test_an_address_in_words_is_found(enter: Any, services: Services) -> None:
    client = await enter("clerk1")
    form = {**await opened(client), "narrative": WORDS, "address_text": "幸福小区3号楼2单元502"}
    assert (await client.post(REGISTER, data=form)).status == 200
    async with services.db.read() as s:
        row = (await s.scalars(select(TicketRow))).one()
    place = (await services.tickets.get(row.ticket_no, SYSTEM))["location"]
    assert (place["building_id"], place["unit"]) == ("xingfu-3", "2")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"narrative": " "}, "请写下居民说的话"),
        ({"phone": "我没有电话"}, "电话号码看着不对"),
        ({"place": "xingfu/xingfu-999"}, "没有这个地点"),
        ({"leaf": "Z9"}, "没有这个事项"),
        ({"kind": "nonsense"}, "哪一类"),
        ({"name": "长" * 61}, "最多 60 个字"),
        ({"form": ""}, "这一页太旧了"),
    ],
)
async def test_a_refusal_keeps_what_was_typed(
    enter: Any, services: Services, change: dict[str, str], words: str
) -> None:
    client = await enter("supervisor1")
    form = {**await opened(client), "narrative": WORDS, "address_text": "大槐树旁边", **change}
    answer = await client.post(REGISTER, data=form)
    html = await answer.text()
    assert answer.status == 422 and words in html
    assert "大槐树旁边" in html and await count(services) == 0


@pytest.mark.parametrize("username", ["dispatcher1", "handler1", "vendor1", "admin1"])
async def test_others_do_not_register(enter: Any, services: Services, username: str) -> None:
    client = await enter(username)
    assert REGISTER not in await (await client.get("/console/tickets")).text()
    assert (await client.get(REGISTER)).status == 403
    assert (await client.post(REGISTER, data={"narrative": WORDS})).status == 403
    assert await count(services) == 0


async def test_dispatching_chooses_a_person_from_a_list(enter: Any, services: Services) -> None:
    place = {"compound_id": "xingfu", "building_id": "xingfu-3"}
    view = await services.tickets.create(
        _request(narrative=WORDS, leaf="H6", place=place), SYSTEM, follow_up=False
    )
    number = view["ticket_no"]
    await services.tickets.act(number, "accept", {}, SYSTEM, follow_up=False)
    client = await enter("dispatcher1")
    url = f"/console/tickets/{number}"
    html = await (await client.get(url)).text()
    select_html = re.search(r'<select id="dispatch-person".*?</select>', html, re.S)
    assert select_html, html
    assert '<option value="handler1">陈师傅（承办单位）</option>' in select_html[0]
    assert "自来水公司" in select_html[0] and "auditor1" not in select_html[0]
    form = {"version": "2", "org": "water", "person": "handler1", "duty": "主责", "basis": "职责"}
    answer = await client.post(f"{url}/actions/dispatch", data=form)
    assert answer.status == 200, await answer.text()
    assert (await services.tickets.get(number, SYSTEM))["owner_person"] == "handler1"


async def test_a_clerk_corrects_the_place_from_a_list(enter: Any, services: Services) -> None:
    view = await services.tickets.create(_request(narrative=WORDS), SYSTEM)
    client = await enter("clerk1")
    url = f"/console/tickets/{view['ticket_no']}"
    html = await (await client.get(url)).text()
    assert '<option value="xingfu/xingfu-3">幸福小区3号楼</option>' in html
    form = {"version": "1", "leaf": "H6", "place": "xingfu/xingfu-3"}
    answer = await client.post(f"{url}/actions/accept", data=form)
    assert answer.status == 200, await answer.text()
    ticket = await services.tickets.get(view["ticket_no"], SYSTEM)
    assert ticket["location"]["building_id"] == "xingfu-3"


def _request(**body: Any) -> CreateTicket:
    return CreateTicket.model_validate({"channel": "counter", **body})
