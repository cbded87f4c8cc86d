"""What a client program files: read by the specification, placed by our own places, never twice."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from PIL import Image
from sqlalchemy import select

from services.context import Services
from services.open311.tables import KeyRow, RequestRow
from services.outbox.tables import OutboxRow
from services.outbox.worker import run_due
from services.tickets.core.actor import SYSTEM
from tests.services.open311 import schemas
from tests.services.open311.conftest import ADMIN, BASE, Api
from tests.services.web.conftest import Client


async def ticket(services: Services, filed: Any) -> dict[str, Any]:
    """Return the whole ticket of an answer."""
    return await services.tickets.get(filed[0]["service_request_id"], SYSTEM)


async def test_a_request_becomes_a_ticket_at_its_place(api: Api, services: Services) -> None:
    filed = await api.post(
        description="三楼的灯不亮", first_name="桂兰", last_name="张", phone="13812345678",
        account_id="u-7", email="a@b.example", device_id="d",
        **{"attribute[floor]": "2单元3楼", "attribute[lamps]": "2"},
    )  # fmt: skip
    assert filed[0]["account_id"] == "u-7" and "预计" in filed[0]["service_notice"]
    found = await ticket(services, filed)
    assert (found["leaf"], found["channel"], found["state"]) == ("H6", "open311", "DISPATCHED")
    assert found["location"]["building_id"] == "xingfu-3" and found["location"]["unit"] == "2"
    assert found["narrative_original"] == "三楼的灯不亮\n几单元、几楼：2单元3楼\n几盏不亮：2"
    assert found["reporter"]["phone"] == "138****5678" and found["reporter"]["name"] == "张**"
    assert "a@b.example" not in str(found) and "u-7" not in str(found)


async def test_who_filed_reads_its_own_words_masked_and_nobody_else_does(
    api: Api, services: Services
) -> None:
    number = (await api.post(description="灯坏了，打13812345678"))[0]["service_request_id"]
    path = f"requests/{number}"
    mine = await api.get(path, schemas.REQUESTS, api_key=api.key)
    assert mine[0]["description"] == "灯坏了，打138****5678"
    other = await services.open311.add_key("别人", ADMIN)
    for query in ({"api_key": other}, {}):
        assert (await api.get(path, schemas.REQUESTS, **query))[0]["description"] is None


@pytest.mark.parametrize(
    ("form", "compound", "building"),
    [
        ({"address_id": "jixie-8", "address_string": None}, "jixie", "jixie-8"),
        ({"address_id": "jixie", "address_string": None}, "jixie", None),
        ({"lat": "45.1303", "long": "124.8262", "address_string": None}, "xingfu", None),
        ({"lat": "45.1303", "long": "124.8262", "address_string": "铁北小区2号楼"}, "tiebei", "tiebei-2"),
        ({"lat": "45.1303", "long": "124.8262", "address_string": "大门口"}, "xingfu", None),
        ({"lat": "45.5", "long": "124.8", "address_string": None}, None, None),
        ({"address_string": "不知道哪个小区"}, None, None),
    ],
)  # fmt: skip
async def test_where_it_is(
    api: Api, services: Services, form: dict[str, Any], compound: str | None, building: str | None
) -> None:
    found = await ticket(services, await api.post(**form))
    place = found["location"]
    assert (place.get("compound_id"), place.get("building_id")) == (compound, building)
    if compound is None:
        assert found["state"] == "SUBMITTED"  # a person finds out where it is


@pytest.mark.parametrize(
    ("form", "status", "named"),
    [
        ({"api_key": None}, 403, "api_key"),
        ({"api_key": "wrong"}, 403, "api_key"),
        ({"service_code": None}, 400, "service_code"),
        ({"service_code": "C1"}, 404, "service_code"),
        ({"jurisdiction_id": "city.gov"}, 404, "jurisdiction_id"),
        ({"address_string": None}, 400, "地点"),
        ({"address_string": None, "lat": "45.1"}, 400, "lat"),
        ({"lat": "91", "long": "1"}, 400, "lat"),
        ({"lat": "nan", "long": "1"}, 400, "lat"),
        ({"lat": "四十五", "long": "1"}, 400, "lat"),
        ({"address_id": "nowhere"}, 400, "address_id"),
        ({"description": "长" * 4001}, 400, "description"),
        ({"phone": "call me"}, 400, "phone"),
        ({"first_name": "长" * 61}, 400, "first_name"),
        ({"media_url": "javascript:alert(1)"}, 400, "media_url"),
        ({"attribute[colour]": "red"}, 400, "attribute[colour]"),
        ({"attribute[lamps]": "many"}, 400, "attribute[lamps]"),
        ({"attribute[since]": "yesterday"}, 400, "attribute[since]"),
        ({"attribute[floor]": "a\nb"}, 400, "attribute[floor]"),
        ({"service_code": "H5"}, 400, "attribute[trapped]"),
        ({"service_code": "H5", "attribute[trapped]": "maybe"}, 400, "attribute[trapped]"),
    ],
)  # fmt: skip
async def test_what_is_wrong_is_named_and_nothing_is_filed(
    api: Api, form: dict[str, Any], status: int, named: str
) -> None:
    found = await api.post(status, **form)
    assert named in found[0]["description"]
    assert await api.get("requests", schemas.REQUESTS) == []


async def test_several_values_of_a_list(api: Api, client: Client, services: Services) -> None:
    form = [
        ("api_key", api.key), ("service_code", "H9"), ("address_id", "xingfu-3"),
        ("attribute[part][]", "door"), ("attribute[part][]", "rail"),
    ]  # fmt: skip
    answer = await client.post(f"{BASE}/requests.json", data=form)
    found = await ticket(services, await answer.json())
    assert found["narrative_original"].endswith("什么坏了：单元门、扶手")
    form = [
        *form[:2],
        ("address_id", "xingfu-3"),
        ("attribute[overflow]", "yes"),
        ("attribute[overflow]", "no"),
    ]
    form[1] = ("service_code", "H7")
    assert (await client.post(f"{BASE}/requests.json", data=form)).status == 400


async def test_the_same_request_sent_again_is_one_ticket(api: Api) -> None:
    once = {"Idempotency-Key": "abc"}
    first = await api.post(headers=once)
    assert await api.post(headers=once) == first
    assert len(await api.get("requests", schemas.REQUESTS)) == 1
    await api.post(409, headers=once, description="另一件")


async def test_a_token_leads_to_the_number_when_the_worker_has_filed_it(
    api: Api, services: Services
) -> None:
    filed = await api.post(
        service_code="G5", description="没人扫楼道，打13812345678", headers={"Idempotency-Key": "t"}
    )
    assert "service_request_id" not in filed[0]
    token = filed[0]["token"]
    assert (await api.post(service_code="G5", headers={"Idempotency-Key": "t"}))[0][
        "token"
    ] == token
    await api.get(f"tokens/{token}", schemas.TOKEN, 404)
    async with services.db.read() as s:
        waiting = (await s.scalars(select(RequestRow))).one()
    assert "没人扫" not in str(waiting.waiting_enc)
    await run_due(services)
    found = (await api.get(f"tokens/{token}", schemas.TOKEN))[0]
    assert found["token"] == token
    shown = await api.get(f"requests/{found['service_request_id']}", schemas.REQUESTS)
    assert shown[0]["service_code"] == "G5"
    await services.open311.file_waiting(token)  # the work done again
    assert len(await api.get("requests", schemas.REQUESTS)) == 1
    async with services.db.read() as s:
        assert (await s.scalars(select(RequestRow.waiting_enc))).one() is None
    await api.get("tokens/none", schemas.TOKEN, 404)


async def test_a_key_that_was_taken_back_opens_nothing_and_is_not_kept_in_the_clear(
    api: Api, services: Services
) -> None:
    key = (await services.open311.keys())[0]
    assert api.key not in str(vars(key))
    await services.open311.revoke_key(key.id, ADMIN)
    await api.post(403)
    async with services.db.read() as s:
        assert (await s.scalars(select(KeyRow.revoked_at))).one() is not None


async def test_a_key_that_files_too_much_is_told_to_wait(
    api: Api, client: Client, services: Services
) -> None:
    services.open311._limit = replace(services.open311._limit, most=1)
    await api.post()
    form = {"api_key": api.key, "service_code": "H6", "address_id": "xingfu-3"}
    answer = await client.post(f"{BASE}/requests.json", data=form)
    assert answer.status == 429 and int(answer.headers["Retry-After"]) > 0


async def test_xml_is_answered_when_xml_is_asked_for(api: Api, client: Client) -> None:
    form = {"api_key": api.key, "service_code": "H6", "address_id": "xingfu-3"}
    answer = await client.post(f"{BASE}/requests.xml", data=form)
    text = await answer.text()
    assert "<service_requests><request><service_request_id>SQ-" in text


async def photo_server(content: bytes) -> TestServer:
    """A server that gives a photo at every address."""

    async def give(request: web.Request) -> web.Response:
        return web.Response(body=content)

    app = web.Application()
    app.router.add_get("/{any}", give)
    server = TestServer(app)
    await server.start_server()
    return server


async def test_a_photo_is_fetched_once_when_that_is_switched_on(
    api: Api, services: Services
) -> None:
    out = io.BytesIO()
    Image.new("RGB", (9, 9), "red").save(out, "PNG")
    server = await photo_server(out.getvalue())
    url = str(server.make_url("/lamp.png"))
    try:
        filed = await api.post(media_url=url)
        await run_due(services)
        found = await ticket(services, filed)
        assert len(found["attachments"]) == 1 and f"照片：{url}" in found["narrative_original"]
        await services.open311.fetch_photo(found["ticket_no"], url)
        assert (await ticket(services, filed))["attachments"] == found["attachments"]
        origin = await services.tickets.origin(found["ticket_no"])
        photo = await services.channels.ticket_photo(found["attachments"][0], *origin)
        assert photo.mime == "image/png"
    finally:
        await server.close()


async def test_nothing_is_fetched_unless_it_is_switched_on(api: Api, services: Services) -> None:
    services.open311._settings = services.settings.model_copy(update={"open311_media": False})
    await api.post(media_url="https://photos.example/a.jpg")
    async with services.db.read() as s:
        assert "open311.media" not in set(await s.scalars(select(OutboxRow.topic)))
