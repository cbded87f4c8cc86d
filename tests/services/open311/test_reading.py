"""What the public reads: by the specification, and nothing about anybody."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from defusedxml import ElementTree

from services.context import Services
from services.tickets.core.actor import Actor
from tests.services.conftest import NOW, TestClock
from tests.services.open311 import schemas
from tests.services.open311.conftest import BASE, Api, File
from tests.services.web.conftest import Client

DESK = Actor("staff", "dispatcher1", "dispatcher", "street")


async def test_services_and_their_definitions(api: Api, services: Services) -> None:
    listed = await api.get("services", schemas.SERVICES)
    assert [s["service_code"] for s in listed] == list(services.open311.offer.services)
    lamp = next(s for s in listed if s["service_code"] == "H6")
    assert (
        lamp["service_name"] == "楼道灯不亮"
        and lamp["group"] == "房屋和设施"
        and lamp["description"]
    )
    for service in listed:
        found = await api.get(f"services/{service['service_code']}", schemas.DEFINITION)
        assert bool(found["attributes"]) is service["metadata"]
        orders = [a["order"] for a in found["attributes"]]
        assert orders == sorted(set(orders))


async def test_private_matters_are_not_offered(api: Api, services: Services) -> None:
    leaves = services.tickets.leaves
    assert all(
        not leaves[code].restricted and leaves[code].place
        for code in services.open311.offer.services
    )
    await api.get("services/C1", schemas.DEFINITION, 404)


async def test_discovery_names_the_endpoint(api: Api, client: Client) -> None:
    found = await api.get("discovery", schemas.DISCOVERY)
    assert found["endpoints"][0]["url"] == str(client.make_url(BASE))


async def test_a_request_tells_where_and_how_it_stands_and_nothing_of_the_person(
    api: Api, file_ticket: File
) -> None:
    number = await file_ticket()
    found = (await api.get(f"requests/{number}", schemas.REQUESTS))[0]
    assert found["service_request_id"] == number and found["status"] == "open"
    assert found["address"] == "幸福小区3号楼，清河社区，向阳街道，青禾县"
    assert found["address_id"] == "xingfu-3" and found["lat"] == 45.1302
    assert found["requested_datetime"] == NOW.isoformat(timespec="seconds")
    assert found["expected_datetime"] > found["requested_datetime"]
    assert found["description"] is None
    assert not [p for p in ("张", "138", "301", "单元", "我叫") if p in str(found)]


@pytest.mark.parametrize(
    "hidden",
    [
        {"confidential": True},
        {"leaf": "F4", "narrative": "隔壁打孩子"},
        {"leaf": "C1", "narrative": "给我妈订饭"},
        {"about": "other", "leaf": "H6", "narrative": "灯坏了，有个人骂我"},
    ],
    ids=["confidential", "restricted", "private", "about a person"],
)
async def test_what_is_nobodys_business_is_not_there(
    api: Api, file_ticket: File, hidden: dict[str, Any]
) -> None:
    number = await file_ticket(**hidden)
    await api.get(f"requests/{number}", schemas.REQUESTS, 404)
    assert await api.get("requests", schemas.REQUESTS) == []
    assert await api.get("requests", schemas.REQUESTS, service_request_id=number) == []


async def test_a_ticket_that_becomes_confidential_disappears(
    api: Api, file_ticket: File, services: Services
) -> None:
    number = await file_ticket()
    await api.get(f"requests/{number}", schemas.REQUESTS)
    await services.tickets.act(number, "protect", {"level": "confidential", "reason": "x"}, DESK)
    await api.get(f"requests/{number}", schemas.REQUESTS, 404)


async def test_filters(api: Api, file_ticket: File, services: Services, clock: TestClock) -> None:
    first = await file_ticket()
    clock.advance(days=10)
    second = await file_ticket(leaf="I3", narrative="路灯不亮", conversation_id="c2")
    await services.tickets.resident_act(second, "withdraw", {"reason": "好了"}, "c2")

    async def ids(**query: Any) -> list[str]:
        found = await api.get("requests", schemas.REQUESTS, **query)
        return [r["service_request_id"] for r in found]

    assert await ids() == [second, first]
    assert await ids(service_code="H6") == [first]
    assert await ids(service_code="H6,I3") == [second, first]
    assert await ids(status="closed") == [second]
    assert await ids(status="open,closed") == [second, first]
    assert await ids(service_request_id=f"{first},{second}", status="open", service_code="I9") == [
        second,
        first,
    ]
    day = NOW + timedelta(days=1)
    assert await ids(end_date=day.isoformat()) == [first]
    assert await ids(start_date=day.isoformat()) == [second]
    assert await ids(start_date="2026-11-24T00:00:00Z", end_date="2026-11-25T00:00:00Z") == [first]
    assert await ids(start_date="", status="", service_code="") == [second, first]
    # A plus that was not escaped.
    answer = await api.client.get(f"{BASE}/requests.json?start_date=2026-11-30T00:00:00+08:00")
    assert [r["service_request_id"] for r in await answer.json()] == [second]
    clock.advance(days=85)
    assert await ids() == [second]  # 90 days unless said otherwise


async def test_a_closed_request_was_updated_when_it_was_closed(
    api: Api, file_ticket: File, services: Services, clock: TestClock
) -> None:
    number = await file_ticket()
    clock.advance(hours=2)
    await services.tickets.resident_act(number, "withdraw", {"reason": "好了"}, "c1")
    found = (await api.get(f"requests/{number}", schemas.REQUESTS))[0]
    assert found["status"] == "closed" and found["status_notes"] == "反映人已撤回。"
    assert found["updated_datetime"] == (NOW + timedelta(hours=2)).isoformat(timespec="seconds")


@pytest.mark.parametrize(
    ("query", "status", "named"),
    [
        ({"start_date": "2026-11-24"}, 400, "start_date"),
        ({"start_date": "2026-11-24T00:00:00"}, 400, "start_date"),
        ({"end_date": "tomorrow"}, 400, "end_date"),
        ({"start_date": "2026-01-01T00:00:00Z", "end_date": "2026-06-01T00:00:00Z"}, 400, "90"),
        ({"start_date": "2026-06-01T00:00:00Z", "end_date": "2026-01-01T00:00:00Z"}, 400, "end_date"),
        ({"end_date": "0001-01-02T00:00:00Z"}, 400, "start_date"),
        ({"status": "done"}, 400, "status"),
        ({"jurisdiction_id": "city.gov"}, 404, "jurisdiction_id"),
        ({"api_key": "wrong"}, 403, "api_key"),
    ],
)  # fmt: skip
async def test_errors_say_which_parameter(
    api: Api, query: dict[str, str], status: int, named: str
) -> None:
    found = await api.get("requests", schemas.REQUESTS, status, **query)
    assert named in found[0]["description"]


async def test_the_own_jurisdiction_may_be_named(api: Api) -> None:
    assert await api.get("requests", schemas.REQUESTS, jurisdiction_id="qinghe") == []


async def test_at_most_so_many_at_once(api: Api, file_ticket: File, services: Services) -> None:
    assert services.open311.offer.most == 1000
    services.open311.offer = services.open311.offer.model_copy(update={"most": 2})
    numbers = [await file_ticket(conversation_id=f"c{n}") for n in range(3)]
    found = await api.get("requests", schemas.REQUESTS)
    assert [r["service_request_id"] for r in found] == [numbers[2], numbers[1]]


def plain(element: Any, like: Any) -> Any:
    """Return an XML element as the JSON that it should be."""
    match like:
        case list():
            return [plain(e, v) for e, v in zip(element, like, strict=True)]
        case dict():
            assert [e.tag for e in element] == list(like)
            return {e.tag: plain(e, like[e.tag]) for e in element}
        case bool():
            return {"true": True, "false": False}[element.text]
        case None:
            assert element.text is None and len(element) == 0
            return None
        case _:
            return type(like)(element.text)


@pytest.mark.parametrize(
    ("path", "root", "item"),
    [
        ("services", "services", "service"),
        ("services/H9", "service_definition", None),
        ("requests", "service_requests", "request"),
        ("discovery", "discovery", None),
        ("services/X1", "errors", "error"),
    ],
)
async def test_xml_says_what_json_says(
    api: Api, client: Client, file_ticket: File, path: str, root: str, item: str | None
) -> None:
    await file_ticket()
    as_json = await (await client.get(f"{BASE}/{path}.json")).json()
    answer = await client.get(f"{BASE}/{path}.xml")
    assert answer.headers["Content-Type"] == "text/xml; charset=utf-8"
    text = await answer.text()
    assert text.startswith('<?xml version="1.0" encoding="utf-8"?>')
    found = ElementTree.fromstring(text)
    assert found.tag == root
    if item:
        assert {e.tag for e in found} == {item}
    assert plain(found, as_json) == as_json


async def test_lists_in_xml_name_their_items(client: Client) -> None:
    found = ElementTree.fromstring(await (await client.get(f"{BASE}/services/H9.xml")).text())
    assert found.find("attributes/attribute/values/value/key").text == "door"


async def test_another_format_is_refused_in_xml(client: Client) -> None:
    answer = await client.get(f"{BASE}/services.csv")
    assert answer.status == 404
    assert ElementTree.fromstring(await answer.text()).find("error/code").text == "404"


async def test_words_cannot_break_the_xml(api: Api, client: Client) -> None:
    filed = await api.post(description="<b>&\x0b\x1b]]></b>灯")
    number = filed[0]["service_request_id"]
    url = f"{BASE}/requests/{number}.xml?api_key={api.key}"
    found = ElementTree.fromstring(await (await client.get(url)).text())
    assert found.find("request/description").text == "<b>&]]></b>灯"
