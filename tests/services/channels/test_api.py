"""The chat API and the staff side of it over real HTTP."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from aiohttp import FormData
from aiohttp.test_utils import TestClient, TestServer
from PIL import Image

from services.channels import service as channel_service
from services.clock import ZONE, Clock
from services.config import Settings
from services.context import Services
from services.db import Database
from services.web.app import create_app
from tests.patience import PATIENCE_S
from tests.services.channels.conftest import PASSWORD, WORKDAY
from tests.services.channels.fake_rasa import FakeRasa
from tests.services.published import held

NIGHT = datetime(2026, 11, 24, 22, 0, tzinfo=ZONE)

Client = TestClient[Any, Any]


@pytest.fixture
async def client(services: Services) -> AsyncIterator[Client]:
    async with TestClient(TestServer(held(create_app(services.settings, services)))) as c:
        yield c


class Resident:
    """A resident's browser."""

    def __init__(self, client: Client, session: dict[str, Any]) -> None:
        self.client, self.session = client, session
        self.headers = {"Authorization": f"Bearer {session['token']}"}
        self.count = 0

    @classmethod
    async def arrive(cls, client: Client, **body: Any) -> Resident:
        response = await client.post("/api/v1/chat/sessions", json=body)
        assert response.status == 201
        return cls(client, await response.json())

    async def post(self, status: int = 200, **body: Any) -> dict[str, Any]:
        self.count += 1
        response = await self.client.post(
            "/api/v1/chat/messages",
            json={"client_message_id": f"id-{self.count}", **body},
            headers=self.headers,
        )
        assert response.status == status, await response.text()
        return dict(await response.json())

    async def history(self, **query: int) -> dict[str, Any]:
        response = await self.client.get("/api/v1/chat/history", params=query, headers=self.headers)
        return dict(await response.json())

    async def upload(self, data: bytes, name: str = "x.jpg") -> tuple[int, dict[str, Any]]:
        form = FormData()
        form.add_field("file", data, filename=name)
        response = await self.client.post(
            "/api/v1/chat/attachments", data=form, headers=self.headers
        )
        return response.status, await response.json()


async def staff_headers(client: Client, name: str) -> dict[str, str]:
    response = await client.post(
        "/api/v1/auth/token", json={"username": name, "password": PASSWORD}
    )
    assert response.status == 200, await response.text()
    return {"Authorization": f"Bearer {(await response.json())['token']}"}


async def events_of(response: Any, wanted: Callable[[str, dict[str, Any]], bool]) -> list[Any]:
    """Read a stream until an event is wanted; return ``(id, type, data)`` of all read."""
    found: list[Any] = []
    fields: dict[str, str] = {}
    async with asyncio.timeout(PATIENCE_S):
        async for raw in response.content:
            line = raw.decode().rstrip("\n")
            if line:
                name, _, value = line.partition(": ")
                fields[name] = value
                continue
            if "data" in fields:
                event = (fields.get("id"), fields["event"], json.loads(fields["data"]))
                found.append(event)
                if wanted(event[1], event[2]):
                    return found
            fields = {}
    raise AssertionError(f"the stream ended: {found}")


def photo(form: str = "JPEG", size: tuple[int, int] = (64, 48)) -> bytes:
    image = Image.new("RGB", size, (200, 30, 30))
    exif = Image.Exif()
    exif[0x010F] = "SecretCamera"
    exif[0x8825] = {1: "N", 2: (43.0, 53.0, 1.0)}
    out = io.BytesIO()
    image.save(out, form, exif=exif)
    return out.getvalue()


async def test_a_session_greets_and_says_who_answers(client: Client) -> None:
    resident = await Resident.arrive(client, channel="web", elder=False)
    greeting = resident.session["messages"][0]
    assert greeting["from"] == "bot"
    assert {b["payload"] for b in greeting["buttons"]} >= {"/report_problem", "/ask_human"}
    elder = await Resident.arrive(client, elder=True)
    assert len(elder.session["messages"][0]["text"]) < len(greeting["text"])


async def test_a_message_and_its_answer(client: Client, rasa: FakeRasa) -> None:
    resident = await Resident.arrive(client)
    answer = await resident.post(type="text", text="/restart 楼道灯坏了")
    assert rasa.calls[0]["kind"] == "text"
    assert answer["mode"] == "bot"
    message = answer["messages"][0]
    assert message["from"] == "bot" and message["text"] == "答:/restart 楼道灯坏了"
    assert message["buttons"] == [{"title": "好", "payload": "/affirm"}]
    assert message["card"] is None and message["ticket"] is None
    await resident.post(type="payload", payload="/affirm")
    await resident.post(type="location", lat=43.1, lng=126.5, label="小卖部对面")
    assert rasa.calls[-1]["metadata"]["location"] == {
        "lat": 43.1, "lng": 126.5, "label": "小卖部对面",
    }  # fmt: skip
    senders = [m["from"] for m in (await resident.history())["messages"]]
    assert senders == ["bot", *["resident", "bot"] * 3]
    after = await resident.history(after=5)
    assert [m["seq"] for m in after["messages"]] == [6, 7]


@pytest.mark.parametrize(
    "body",
    [
        {"type": "text", "text": "字" * 2001},
        {"type": "text", "text": "  "},
        {"type": "payload"},
        {"type": "location", "lat": 91, "lng": 0},
        {"type": "location"},
        {"type": "attachment"},
        {"type": "dance"},
        {"type": "text", "text": "灯", "client_message_id": ""},
    ],
)
async def test_malformed_messages_are_refused_in_chinese(
    client: Client, rasa: FakeRasa, body: dict[str, Any]
) -> None:
    resident = await Resident.arrive(client)
    error = (await resident.post(422, **body))["error"]
    assert error["code"] == "invalid_fields"
    assert any("一" <= ch <= "鿿" for ch in error["message"])
    assert rasa.calls == []


async def test_who_says_too_much_at_once_is_told_how_much_there_may_be(client: Client) -> None:
    resident = await Resident.arrive(client)
    error = (await resident.post(422, type="text", text="字" * 2001))["error"]
    assert error["message"] == "一次最多说2000个字，请分几次说。"


async def test_words_that_no_database_can_hold_do_not_break_it(client: Client) -> None:
    resident = await Resident.arrive(client)
    answer = await resident.post(type="text", text="灯\u0000坏了\ud83d")
    assert answer["messages"][0]["text"] == "答:灯坏了?"


async def test_tokens_are_checked(client: Client) -> None:
    resident = await Resident.arrive(client)
    token = resident.session["token"]
    for bad in ("", "nonsense", token[:-1], token + "x", "c_" + token[2:].swapcase(), "灯"):
        response = await client.get(
            "/api/v1/chat/history", headers={"Authorization": f"Bearer {bad}".strip()}
        )
        assert response.status == 401
        assert (await response.json())["error"]["message"]


async def test_too_many_messages(client: Client) -> None:
    resident = await Resident.arrive(client)
    for _ in range(20):
        await resident.post(type="text", text="快点")
    response = await client.post(
        "/api/v1/chat/messages",
        json={"client_message_id": "one-more", "type": "text", "text": "快点"},
        headers=resident.headers,
    )
    assert response.status == 429
    assert 1 <= int(response.headers["Retry-After"]) <= 60
    assert "快" in (await response.json())["error"]["message"]


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
async def test_a_photo_loses_its_camera_data(
    client: Client, rasa: FakeRasa, rasa_settings: Settings, form: str
) -> None:
    resident = await Resident.arrive(client)
    status, stored = await resident.upload(photo(form))
    assert status == 201 and stored["mime"] == f"image/{form.lower()}"
    files = [p for p in (rasa_settings.var_dir / "uploads").rglob("*") if p.is_file()]
    assert len(files) == 1
    data = files[0].read_bytes()
    assert b"SecretCamera" not in data
    with Image.open(io.BytesIO(data)) as image:
        assert image.size == (64, 48) and not dict(image.getexif())
    await resident.post(type="attachment", attachment_id=stored["attachment_id"])
    assert rasa.calls[-1]["metadata"]["attachments"] == [stored["attachment_id"]]
    own = f"/api/v1/chat/attachments/{stored['attachment_id']}"
    assert (await client.get(own, headers=resident.headers)).content_type == stored["mime"]
    other = await Resident.arrive(client)
    assert (await client.get(own, headers=other.headers)).status == 404
    await other.post(404, type="attachment", attachment_id=stored["attachment_id"])


async def test_what_is_no_photo_is_refused(client: Client) -> None:
    resident = await Resident.arrive(client)
    half = photo("JPEG", (800, 600))[:900]
    svg = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
    for data in (b"", b"hello", half, svg, b"GIF89a" + bytes(100)):
        status, body = await resident.upload(data)
        assert (status, body["error"]["code"]) == (422, "not_an_image")
    status, body = await resident.upload(bytes(10 * 1024 * 1024 + 1))
    assert (status, body["error"]["code"]) == (413, "too_large")
    response = await client.post("/api/v1/chat/attachments", data=b"x", headers=resident.headers)
    assert response.status == 415


async def test_the_stream_brings_what_comes_later_and_what_was_missed(
    client: Client, make_channels: Callable[[], channel_service.ChannelService], db: Database
) -> None:
    """Another process writes; the stream of this one notices, and resumes after an id."""
    resident = await Resident.arrive(client)
    other_process = make_channels()
    conversation = resident.session["session_id"]
    url = "/api/v1/chat/events"
    async with client.get(url, headers=resident.headers) as stream:
        assert stream.content_type == "text/event-stream"
        first = await events_of(stream, lambda kind, data: kind == "mode")
        assert first[0][2]["mode"] == "bot"
        async with db.write() as s:
            await other_process.say(s, conversation, "已派给网格员", key="t:1")
        events = await events_of(stream, lambda kind, data: kind == "message")
        assert events[-1][2]["text"] == "已派给网格员"
        assert events[-1][2]["from"] == "system"
        last_id = events[-1][0]
    async with db.write() as s:
        await other_process.say(s, conversation, "已经签收", key="t:2")
        assert await other_process.say(s, conversation, "已经签收", key="t:2") is None
    headers = {**resident.headers, "Last-Event-ID": last_id}
    async with client.get(url, headers=headers) as stream:
        missed = await events_of(stream, lambda kind, data: kind == "message")
    assert [(i, d["text"]) for i, k, d in missed if k == "message"] == [
        (str(int(last_id) + 1), "已经签收")
    ]


async def test_a_silent_stream_shows_that_it_lives(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channel_service, "HEARTBEAT_S", 0.1)
    resident = await Resident.arrive(client)
    async with client.get("/api/v1/chat/events", headers=resident.headers) as stream:
        lines = [await stream.content.readline() for _ in range(8)]
    assert b": \n" in lines


async def alert(client: Client, kind: str, **body: Any) -> dict[str, Any]:
    response = await client.post(
        "/internal/v1/alerts",
        json={"kind": kind, **body},
        headers={"Authorization": "Bearer internal-token-of-the-tests"},
    )
    assert response.status == 200, await response.text()
    return dict(await response.json())


async def test_a_person_takes_over_and_gives_back(client: Client, rasa: FakeRasa) -> None:
    resident = await Resident.arrive(client)
    conversation = resident.session["session_id"]
    raised = await alert(client, "human", conversation_id=conversation, text="找个人说话")
    assert raised["mode"] == "human" and raised["on_duty"]["phone"] in raised["text"]
    rasa.replies = []
    silent = await resident.post(type="text", text="有人吗")
    assert silent["mode"] == "human"
    assert ["工作人员看得到" in m["text"] for m in silent["messages"]] == [True], "not silent"
    assert not (await resident.post(type="text", text="等着呢"))["messages"], "once"
    assert rasa.calls[-1]["metadata"]["mode"] == "human"

    clerk = await staff_headers(client, "clerk1")
    listed = (await (await client.get("/api/v1/handoffs", headers=clerk)).json())["handoffs"]
    assert [(h["conversation_id"], h["state"], h["text"]) for h in listed] == [
        (conversation, "waiting", "找个人说话")
    ]
    url = f"/api/v1/handoffs/{listed[0]['id']}"
    shown = await (await client.get(url, headers=clerk)).json()
    assert "有人吗" in [m["text"] for m in shown["messages"]]

    async with client.get("/api/v1/chat/events", headers=resident.headers) as stream:
        await events_of(stream, lambda kind, data: kind == "mode")
        reply = {"text": "我在，您说", "client_message_id": "r-1"}
        for _ in range(2):
            response = await client.post(f"{url}/messages", json=reply, headers=clerk)
            assert response.status == 200, await response.text()
        events = await events_of(stream, lambda kind, data: data.get("from") == "human")
    assert events[-1][2]["text"] == "我在，您说"
    assert any(k == "mode" and d["agent"] == {"name": "赵敏"} for _, k, d in events)
    history = await resident.history()
    by_people = [m for m in history["messages"] if m["from"] == "human"]
    assert [(m["name"], m["text"]) for m in by_people] == [("赵敏", "我在，您说")]
    assert events[-1][2]["name"] == "赵敏"
    assert {m["name"] for m in history["messages"] if m["from"] != "human"} == {None}

    other = await staff_headers(client, "dispatcher1")
    taken = await client.post(f"{url}/messages", json={"text": "我来"}, headers=other)
    assert taken.status == 409
    assert "赵敏" in (await taken.json())["error"]["message"]
    released = await (await client.post(f"{url}/release", headers=clerk)).json()
    assert released["state"] == "released"
    rasa.replies = None
    after = await resident.post(type="text", text="灯还是坏的")
    assert after["mode"] == "bot" and after["messages"][0]["from"] == "bot"
    late = await client.post(f"{url}/messages", json={"text": "再说一句"}, headers=clerk)
    assert late.status == 409


async def test_handoffs_are_for_those_who_talk_with_residents(client: Client) -> None:
    assert (await client.get("/api/v1/handoffs")).status == 401
    resident = await Resident.arrive(client)
    assert (await client.get("/api/v1/handoffs", headers=resident.headers)).status == 401


async def test_nobody_on_duty_is_said_honestly(
    client: Client, rasa: FakeRasa, services: Services
) -> None:
    await services.clock.set(services.db, NIGHT)
    resident = await Resident.arrive(client)
    raised = await alert(
        client, "human", conversation_id=resident.session["session_id"], text="找人"
    )
    assert raised["mode"] == "bot"
    assert "明天8:30" in raised["text"] and raised["on_duty"]["phone"] in raised["text"]
    answered = await resident.post(type="text", text="那灯先报上")
    assert answered["messages"][0]["text"] == "答:那灯先报上"
    dispatcher = await staff_headers(client, "dispatcher1")
    listed = await (await client.get("/api/v1/handoffs", headers=dispatcher)).json()
    assert len(listed["handoffs"]) == 1


@pytest.mark.parametrize(
    ("leaf", "numbers", "more"),
    [
        ("H3", "0439-00000001、119、120白天黑夜都有人接", ""),
        ("J3", "110、12110、120白天黑夜都有人接", ""),
        ("J5", "120、110", "12356"),
        ("-", "119、120、110白天黑夜都有人接", ""),
        (None, "119、120、110白天黑夜都有人接", ""),
    ],
)
@pytest.mark.parametrize("elder", [False, True])
async def test_a_call_for_help_at_night_says_who_answers_now(
    client: Client, services: Services, leaf: str | None, numbers: str, more: str, elder: bool
) -> None:
    resident = (await services.channels.open_session(elder=elder)).session_id
    call = {"conversation_id": resident, "leaf": leaf, "text": "救命"}
    await services.clock.set(services.db, WORKDAY)
    day = await alert(client, "emergency", **call)
    assert "不一定" not in day["text"] and "下班" not in day["text"]
    await services.clock.set(services.db, NIGHT)
    night = await alert(client, "emergency", **call)
    assert night["on_duty"] == {"name": "清河社区值班室", "phone": "0439-00000005"}
    assert night["mode"] == "bot"
    for words in ("不一定马上有人来", numbers, more, "0439-00000005"):
        assert words in night["text"], words
    assert "12338" not in night["text"] and "赵敏" not in night["text"]


async def test_a_person_who_does_not_come_is_not_waited_for_in_silence(
    client: Client, rasa: FakeRasa, services: Services
) -> None:
    resident = await Resident.arrive(client)
    await alert(client, "human", conversation_id=resident.session["session_id"], text="找人")
    assert await services.channels.sweep() == 0
    await services.clock.set(services.db, WORKDAY + timedelta(minutes=16))
    assert await services.channels.sweep() == 1
    assert (await resident.history())["mode"] == "bot"
    assert await services.channels.sweep() == 0


async def test_the_elder_mode_changes_the_words(
    client: Client, rasa: FakeRasa, clock: Clock
) -> None:
    resident = await Resident.arrive(client)
    response = await client.patch(
        "/api/v1/chat/sessions", json={"elder": True}, headers=resident.headers
    )
    assert response.status == 200
    await resident.post(type="text", text="灯坏了")
    assert rasa.calls[-1]["metadata"]["elder"] is True
    assert (await resident.history())["elder"] is True


async def test_the_internal_api_wants_the_internal_token(client: Client) -> None:
    resident = await Resident.arrive(client)
    body = {"conversation_id": resident.session["session_id"], "kind": "human", "text": "x"}
    for headers in ({}, resident.headers, {"Authorization": "Bearer 错"}):
        response = await client.post("/internal/v1/alerts", json=body, headers=headers)
        assert response.status == 401
