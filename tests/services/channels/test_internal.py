"""The internal API, as the action server uses it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import select

from services.channels.store import append
from services.channels.tables import HandoffRow
from services.context import Services
from services.outbox.worker import run_due
from services.seed.seed import seed
from services.tickets.core.actor import SYSTEM, Actor
from services.tickets.store import load
from services.training.serving import ServingReport
from services.web.app import create_app

Client = TestClient[Any, Any]
DESK = Actor("staff", "dispatcher1", "dispatcher", "street")
HEADERS = {"Authorization": "Bearer internal-token-of-the-tests"}


@pytest.fixture
async def client(services: Services) -> AsyncIterator[Client]:
    await seed(services)
    async with TestClient(TestServer(create_app(services.settings, services))) as c:
        yield c


async def call(
    client: Client, method: str, path: str, body: Any = None, status: int = 200, key: str = ""
) -> dict[str, Any]:
    headers = {**HEADERS, **({"Idempotency-Key": key} if key else {})}
    response = await client.request(method, f"/internal/v1{path}", json=body, headers=headers)
    assert response.status == status, await response.text()
    return dict(await response.json())


async def test_a_report_from_address_to_rating(client: Client, services: Services) -> None:
    conversation = (await services.channels.open_session()).session_id
    place = await call(
        client, "POST", "/places/resolve",
        {"text": "幸福小区3号楼2单元", "value": {"place": "幸福小区", "building": "3", "unit": "2"}},
    )  # fmt: skip
    assert place["status"] == "resolved"
    body = {
        "conversation_id": conversation, "kind": "repair", "leaf": "H6", "narrative": "楼道灯坏了",
        "place": place["candidates"][0], "contact": {"name": "张桂兰", "phone": "13812345678"},
    }  # fmt: skip
    await call(client, "POST", "/tickets", body, status=400)
    first = await call(client, "POST", "/tickets", body, status=201, key="c:1")
    again = await call(client, "POST", "/tickets", body, status=201, key="c:1")
    assert first["ticket_no"] == again["ticket_no"]
    number = first["ticket_no"]
    own = await call(client, "GET", f"/conversations/{conversation}/tickets")
    assert [t["ticket_no"] for t in own["tickets"]] == [number]
    one = await call(client, "GET", f"/tickets/{number}?query_code={first['query_code']}")
    assert one["ticket_no"] == number
    await call(client, "GET", f"/tickets/{number}?query_code=000000x", status=404)
    await call(
        client, "POST", f"/tickets/{number}/resident/urge",
        {"conversation_id": conversation, "text": "太黑了"}, key="c:2",
    )  # fmt: skip
    await call(
        client, "POST", f"/tickets/{number}/resident/explode",
        {"conversation_id": conversation}, status=404, key="c:3",
    )  # fmt: skip
    known = await services.channels.conversation(conversation)
    assert known.resident_id is None, "told for this matter only"
    stranger = (await services.channels.open_session()).session_id
    await call(
        client, "POST", f"/tickets/{number}/resident/withdraw",
        {"conversation_id": stranger}, status=404, key="s:1",
    )  # fmt: skip
    answer = {"conversation_id": conversation, "stage": "solved"}
    await call(client, "POST", f"/tickets/{number}/callback", answer, status=422, key="c:4")


async def test_a_ticket_of_the_bot_keeps_what_was_understood_and_which_cards_were_shown(
    client: Client, services: Services
) -> None:
    conversation = (await services.channels.open_session()).session_id
    now = services.clock.now()

    async def shows(card: dict[str, Any], minutes: int) -> None:
        async with services.db.write() as s:
            at = now - timedelta(minutes=minutes)
            await append(s, conversation, sender="bot", now=at, card=card)

    async def served(model: str) -> None:
        report = ServingReport(process="bot:1", model=model, state="serving")
        await services.learning.models.report_serving(report)

    card = {"type": "service", "leaf": "H6", "title": "楼道灯", "version": 2, "lines": ["……"]}
    await shows({**card, "title": "昨天看的"}, 24 * 60)
    await shows(card, 9)
    await shows(card, 5)
    await shows({"type": "links", "title": "别的"}, 4)
    await served("a" * 64)
    understood = {"intent": "report_problem", "confidence": 0.87, "slots": ["address"]}
    body = {
        "conversation_id": conversation, "leaf": "H6", "narrative": "楼道灯坏了",
        "nlu": {"leaf": "H6", "round": "m-1", **understood},
    }  # fmt: skip
    first = await call(client, "POST", "/tickets", body, status=201, key="c:1")
    # Sent again it is the same request, whatever is served and shown by then.
    await served("b" * 64)
    await shows({"type": "safety", "leaf": "H3", "title": "燃气", "version": "1"}, 1)
    again = await call(client, "POST", "/tickets", body, status=201, key="c:1")
    assert first["ticket_no"] == again["ticket_no"]
    async with services.db.read() as s:
        ticket = await load(s, first["ticket_no"])
    assert ticket is not None
    assert ticket.nlu == {"leaf": "H6", "round": "m-1", **understood, "model": "a" * 64}
    assert ticket.knowledge_refs == [
        {"type": "service", "leaf": "H6", "title": "楼道灯", "version": 2}
    ]
    assert ticket.taxonomy_version == services.tickets.codes.version
    # The unit sees what the resident had been told, nobody what the model had thought.
    seen = await services.tickets.get(ticket.ticket_no, DESK)
    assert seen["knowledge_refs"] == ticket.knowledge_refs and "nlu" not in seen


async def test_own_data_is_kept_shown_corrected_and_deleted(
    client: Client, services: Services
) -> None:
    conversation = (await services.channels.open_session()).session_id
    data = f"/conversations/{conversation}/data"
    nothing = await call(client, "GET", data)
    assert (nothing["phone"], nothing["consents"], nothing["tickets"]) == (None, [], [])
    body = {
        "conversation_id": conversation, "leaf": "H6", "narrative": "楼道灯坏了",
        "contact": {"name": "张桂兰", "phone": "13812345678", "pref": "下午打"},
    }  # fmt: skip
    number = (await call(client, "POST", "/tickets", body, status=201, key="d:1"))["ticket_no"]
    told = await call(client, "GET", data)
    assert told["phone"] is None and [t["open"] for t in told["tickets"]] == [True]
    await call(client, "POST", data, {"change": "correct"}, status=422, key="d:2")
    remember = {"change": "remember", "ticket_no": number}
    kept = await call(client, "POST", data, remember, key="d:3")
    assert (kept["name"], kept["phone"]) == ("张**", "138****5678")
    assert [c["purpose"] for c in kept["consents"]] == ["下回办事不用再问电话"]
    new = await call(client, "POST", data, {"change": "correct", "phone": "13900001111"}, key="d:4")
    assert new["phone"] == "139****1111" and len(new["consents"]) == 1
    named = {"change": "correct", "name": "李桂芝"}
    right = await call(client, "POST", data, named, key="d:4n")
    assert (right["name"], right["phone"]) == ("李**", "139****1111"), "the number stays"
    known = await services.channels.conversation(conversation)
    for key in ("d:5", "d:6"):
        gone = await call(client, "POST", data, {"change": "delete"}, key=key)
        assert (gone["name"], gone["phone"], gone["consents"]) == (None, None, [])
    assert gone["tickets"], "what was filed stays with its matter"
    async with services.db.read() as s:
        left = await services.people.resident(s, known.resident_id or "")
    assert left and [c.withdrawn_at is not None for c in left.consents] == [True], "on record"
    other = (await services.channels.open_session()).session_id
    path = f"/conversations/{other}/data"
    await call(client, "POST", path, remember, status=404, key="d:7")
    await call(client, "POST", path, named, status=422, key="d:8")  # nobody is known there


async def test_that_words_do_not_teach_is_kept_through_erasure_and_taken_back(
    client: Client, services: Services
) -> None:
    conversation = (await services.channels.open_session()).session_id
    data = f"/conversations/{conversation}/data"
    assert (await call(client, "GET", data))["unlearned_on"] is None
    for key in ("l:1", "l:2"):
        told = await call(client, "POST", data, {"change": "unlearn"}, key=key)
        assert told["unlearned_on"] == services.clock.now().date().isoformat()
    for change in ("delete", "withdraw"):
        told = await call(client, "POST", data, {"change": change}, key=f"l:{change}")
        assert told["unlearned_on"], "who has everything erased does not agree to learning by it"
    told = await call(client, "POST", data, {"change": "relearn"}, key="l:5")
    assert told["unlearned_on"] is None


async def test_how_to_be_reached_is_kept_used_and_forgotten(
    client: Client, services: Services
) -> None:
    conversation = (await services.channels.open_session()).session_id
    data = f"/conversations/{conversation}/data"
    forgot = await call(client, "POST", data, {"change": "unprefer"}, key="p:0")
    assert (forgot["pref"], forgot["consents"]) == (None, [])
    wish = {"change": "prefer", "pref": "下午打"}
    for key in ("p:1", "p:2"):
        kept = await call(client, "POST", data, wish, key=key)
        assert kept["pref"] == "下午打" and kept["phone"] is None
        assert [c["purpose"] for c in kept["consents"]] == ["下回照您说的方式联系您"]
    body = {"conversation_id": conversation, "leaf": "H6", "narrative": "楼道灯坏了"}
    number = (await call(client, "POST", "/tickets", body, status=201, key="p:3"))["ticket_no"]
    clerk = Actor("staff", "dispatcher1", "dispatcher", "street")
    seen = await services.tickets.get(number, clerk)
    assert seen["reporter"]["contact_pref"] == "下午打"
    await call(client, "POST", data, {**wish, "pref": "长" * 41}, status=422, key="p:4")
    both = {"change": "remember", "phone": "13812345678", "pref": "晚上打"}
    known = await call(client, "POST", data, both, key="p:5")
    assert (known["pref"], known["phone"]) == ("晚上打", "138****5678")
    forgot = await call(client, "POST", data, {"change": "unprefer"}, key="p:6")
    assert forgot["pref"] is None and forgot["phone"] == "138****5678"
    assert [c["purpose"] for c in forgot["consents"]] == ["下回办事不用再问电话"]
    await call(client, "POST", data, wish, key="p:7")
    bare = await call(client, "POST", data, {"change": "unphone"}, key="p:71")
    assert (bare["phone"], bare["pref"]) == (None, "下午打"), "the number alone goes"
    assert [c["purpose"] for c in bare["consents"]] == ["下回照您说的方式联系您"], (
        "nothing is kept by it"
    )
    gone = await call(client, "POST", data, {"change": "delete"}, key="p:8")
    assert (gone["pref"], gone["consents"]) == (None, [])


async def test_the_line_of_a_long_story_stands_beside_its_words(
    client: Client, services: Services
) -> None:
    conversation = (await services.channels.open_session()).session_id
    story = "滑梯扶手断了，" * 2000
    body = {"conversation_id": conversation, "narrative": story, "gist": "滑梯扶手断了，找张桂兰",
            "contact": {"name": "张桂兰", "phone": "13812345678"}}  # fmt: skip
    made = await call(client, "POST", "/tickets", body, status=201, key="g:1")
    assert made["title"] == "滑梯扶手断了", "no leaf: the first of its line is the title"
    number = made["ticket_no"]
    clerk = Actor("staff", "dispatcher1", "dispatcher", "street")
    seen = await services.tickets.get(number, clerk)
    assert seen["gist"].startswith("滑梯扶手断了") and "张桂兰" not in seen["gist"]
    assert len(seen["narrative_original"]) == len(story)
    listed, _ = await services.tickets.list(clerk)
    assert listed and all("gist" not in t for t in listed)
    longer = {**body, "gist": "长" * 61}
    await call(client, "POST", "/tickets", longer, status=422, key="g:2")
    leaf = {**body, "leaf": "H6", "gist": "楼道灯坏了，三天了"}
    made = await call(client, "POST", "/tickets", leaf, status=201, key="g:3")
    assert made["title"] == "楼道灯不亮"


async def test_what_the_dialogue_looks_up(client: Client) -> None:
    assert (await call(client, "GET", "/catalogue/H6"))["id"] == "H6"
    await call(client, "GET", "/catalogue/Z99", status=404)
    assert (await call(client, "GET", "/certificates?name=不存在的证明"))["allowed"] is None
    safety = await call(client, "GET", "/hotlines?leaf=H3")
    assert safety["card"]["lines"] and safety["numbers"]
    meal = await call(client, "GET", "/meals?date=2026-11-25&meal=lunch")
    assert meal["open"] is True
    await call(client, "GET", "/meals?date=yesterday", status=422)


async def test_an_emergency_calls_people_and_is_logged_once(
    client: Client, services: Services
) -> None:
    conversation = (await services.channels.open_session()).session_id
    body = {
        "conversation_id": conversation, "kind": "emergency", "leaf": "H3", "text": "屋里煤气味大",
    }  # fmt: skip
    first = await call(client, "POST", "/alerts", body)
    again = await call(client, "POST", "/alerts", body)
    assert first["ticket_no"] and first["ticket_no"] == again["ticket_no"]
    assert first["mode"] == "bot" and first["on_duty"]["phone"]
    view = await services.tickets.resident_get(first["ticket_no"], conversation)
    assert view["state"] == "HANDED_OFF"
    await run_due(services)
    login = await client.post(
        "/api/v1/auth/token",
        json={"username": "dispatcher1", "password": "password-of-the-tests"},
    )
    headers = {"Authorization": f"Bearer {(await login.json())['token']}"}
    listed = (await (await client.get("/api/v1/handoffs", headers=headers)).json())["handoffs"]
    assert [(h["reason"], h["leaf"], h["ticket_no"]) for h in listed] == [
        ("emergency", "H3", first["ticket_no"])
    ]


async def test_what_is_said_after_a_call_for_help_belongs_to_it(
    client: Client, services: Services
) -> None:
    conversation = (await services.channels.open_session()).session_id
    call_for_help = {
        "conversation_id": conversation,
        "kind": "emergency",
        "leaf": "J5",
        "text": "不想活了",
    }
    number = (await call(client, "POST", "/alerts", call_for_help))["ticket_no"]
    more = {**call_for_help, "text": "幸福小区3号楼顶", "ticket_no": number}
    assert (await call(client, "POST", "/alerts", more, key="m2"))["ticket_no"] == number
    assert (await call(client, "POST", "/alerts", more, key="m2"))["ticket_no"] == number
    assert (await history(services, number)).count("supplemented") == 1
    async with services.db.read() as s:
        (row,) = (await s.scalars(select(HandoffRow))).all()
    assert (row.reason, row.ticket_no) == ("emergency", number)
    assert row.text.startswith("不想活了；幸福小区3号楼顶")
    other = (await services.channels.open_session()).session_id
    stranger = {**more, "conversation_id": other}
    assert (await call(client, "POST", "/alerts", stranger, status=404, key="x"))["error"]


async def filed(client: Client, services: Services) -> tuple[str, str]:
    """A ticket of a known resident, from a conversation of theirs: conversation, number."""
    conversation = (await services.channels.open_session()).session_id
    place = await call(
        client, "POST", "/places/resolve",
        {"text": "幸福小区3号楼2单元", "value": {"place": "幸福小区", "building": "3", "unit": "2"}},
    )  # fmt: skip
    body = {
        "conversation_id": conversation, "leaf": "H6", "narrative": "楼道灯坏了",
        "place": place["candidates"][0], "contact": {"phone": "13812345678"},
    }  # fmt: skip
    ticket = await call(client, "POST", "/tickets", body, status=201, key=f"{conversation}:1")
    return conversation, ticket["ticket_no"]


async def history(services: Services, number: str) -> list[str]:
    return [e["type"] for e in await services.tickets.events(number, SYSTEM)]


@pytest.mark.parametrize("action", ["urge", "supplement", "withdraw"])
async def test_what_a_resident_does_counts_once_however_often_it_is_sent(
    client: Client, services: Services, action: str
) -> None:
    conversation, number = await filed(client, services)
    path = f"/tickets/{number}/resident/{action}"
    body = {"conversation_id": conversation, "text": "太黑了"}
    before = await history(services, number)
    await call(client, "POST", path, body, status=400)
    first = await call(client, "POST", path, body, key="m1")
    again = await call(client, "POST", path, body, key="m1")
    assert first == again
    assert len(await history(services, number)) == len(before) + 1
    refused = await call(client, "POST", path, {**body, "text": "别的话"}, status=409, key="m1")
    assert refused["error"]["code"] == "idempotency_conflict"


async def test_a_long_key_is_a_key(client: Client, services: Services) -> None:
    conversation, number = await filed(client, services)
    body = {"conversation_id": conversation, "text": "太黑了"}
    for end in ("a", "a", "b"):
        await call(
            client, "POST", f"/tickets/{number}/resident/urge", body, key=f"{'k' * 250}{end}"
        )
    assert (await history(services, number)).count("urged") == 2


async def resolve(services: Services, number: str) -> None:
    worker = Actor("staff", "grid1", "grid", "grid", "qinghe-c1", ("qinghe-g1",))
    ticket = await services.tickets.get(number, SYSTEM)
    worker = replace(worker, grid_ids=(ticket["location"]["grid_id"],))
    worker = replace(worker, id=ticket["owner_person"] or worker.id)
    if ticket["state"] == "DISPATCHED":
        await services.tickets.act(number, "sign", {}, worker)
        reached = {"way": "phone", "result": "reached"}
        await services.tickets.act(number, "contact", reached, worker)
    done = {"outcome": "solved", "reply": "换了灯泡", "evidence_note": "没带手机"}
    await services.tickets.act(number, "resolve", done, worker)


async def test_a_rejection_sent_again_is_the_same_rejection(
    client: Client, services: Services
) -> None:
    conversation, number = await filed(client, services)
    await resolve(services, number)
    path, body = f"/tickets/{number}/resident/reject", {"conversation_id": conversation}
    first = await call(client, "POST", path, body, key="m1")
    assert first["state"] == "REWORK" and first["rework_round"] == 1
    assert await call(client, "POST", path, body, key="m1") == first
    await call(client, "POST", path, body, status=422, key="m2")


async def test_answers_to_the_callback_sent_again_are_one_answer(
    client: Client, services: Services
) -> None:
    conversation, number = await filed(client, services)
    path = f"/tickets/{number}/callback"

    async def answer(key: str, **given: Any) -> dict[str, Any]:
        body = {"conversation_id": conversation, **given}
        first = await call(client, "POST", path, body, key=key)
        # The answer got lost on its way and the step of the dialogue with it.
        asked = "solved" if given["stage"] == "solved" else given["stage"]
        await services.channels.callback_stage(conversation, number, asked)
        assert await call(client, "POST", path, body, key=key) == first
        return first

    await resolve(services, number)
    assert (await answer("m1", stage="solved", solved=False))["next"] == "reason"
    assert (await answer("m2", stage="reason", text="还是不亮"))["next"] is None
    ticket = await services.tickets.get(number, SYSTEM)
    assert ticket["rework_round"] == 1 and len(ticket["supplements"]) == 1
    await resolve(services, number)
    assert (await answer("m3", stage="solved", solved=True))["next"] == "rating"
    assert (await answer("m4", stage="rating", score=4))["next"] is None
    assert (await history(services, number)).count("rated") == 1
    await call(client, "POST", path, {"conversation_id": conversation, "stage": "rating"}, 400)


async def test_a_withdrawal_that_somebody_asked_for_is_marked(
    client: Client, services: Services
) -> None:
    conversation, number = await filed(client, services)
    body = {"conversation_id": conversation, "reason": "有人让我撤的", "persuaded": True}
    await call(client, "POST", f"/tickets/{number}/resident/withdraw", body, key="m1")
    assert "persuaded" in (await services.tickets.get(number, SYSTEM))["flags"]


async def test_a_resident_acts_from_a_second_conversation(
    client: Client, services: Services
) -> None:
    first, number = await filed(client, services)
    kept = {"change": "remember", "ticket_no": number}
    await call(client, "POST", f"/conversations/{first}/data", kept, key="m0")
    known = (await services.channels.conversation(first)).resident_id
    second = (await services.channels.open_session()).session_id
    async with services.db.write() as s:
        await services.channels.bind_resident(s, second, known or "")
    path = f"/tickets/{number}/resident/urge"
    view = await call(client, "POST", path, {"conversation_id": second}, key="m1")
    assert view["ticket_no"] == number
    assert (await history(services, number))[-1] == "urged"
    await resolve(services, number)
    answer = {"conversation_id": second, "stage": "solved", "solved": True}
    answered = await call(client, "POST", f"/tickets/{number}/callback", answer, key="m2")
    assert answered["ticket"]["state"] == "CLOSED"


async def test_a_subsidy_is_remembered_only_with_consent_and_of_that_eater(
    client: Client, services: Services
) -> None:
    conversation = (await services.channels.open_session()).session_id
    path = f"/meals?date=2026-11-26&meal=lunch&conversation_id={conversation}"
    order = {
        "conversation_id": conversation, "kind": "booking", "leaf": "C1", "narrative": "给我妈订饭",
        "subject": {"relation": "mother"},
        "appointment": {
            "date": "2026-11-25", "meal": "lunch", "portions": 1, "mode": "eat_in",
            "subsidy": {"says": "yes", "kinds": ["minimum"], "words": "低保户"},
        },
    }  # fmt: skip
    await call(client, "POST", "/tickets", order, status=201, key="s:1")
    assert (await call(client, "GET", path))["remembered"] is None, "said, but nobody agreed"
    data = f"/conversations/{conversation}/data"
    for key in ("s:2", "s:3"):
        kept = await call(client, "POST", data, {"change": "subsidy"}, key=key)
        assert [c["purpose"] for c in kept["consents"]] == ["下回订饭不用再问补贴"]
    known = await call(client, "GET", path)
    assert known["remembered"] == [{"relation": "mother", "kinds": ["minimum"]}]
    assert "remembered" not in await call(client, "GET", "/meals?date=2026-11-26&meal=lunch")
    other = (await services.channels.open_session()).session_id
    others = await call(client, "GET", path.replace(conversation, other))
    assert others["remembered"] is None
    await call(client, "POST", data, {"change": "withdraw"}, key="s:4")
    assert (await call(client, "GET", path))["remembered"] is None


async def test_a_booking_is_not_moved_to_a_closed_day(client: Client, services: Services) -> None:
    conversation = (await services.channels.open_session()).session_id
    body = {
        "conversation_id": conversation, "kind": "booking", "leaf": "E7", "narrative": "约医生",
        "appointment": {"date": "2026-11-27", "part": "am", "what": "家庭医生"},
    }  # fmt: skip
    number = (await call(client, "POST", "/tickets", body, status=201, key="b:1"))["ticket_no"]
    path = f"/tickets/{number}/resident/amend"
    sunday = {
        "conversation_id": conversation,
        "text": "改到礼拜天",
        "appointment": {"date": "2026-11-29"},
    }
    refused = await call(client, "POST", path, sunday, status=422, key="b:2")
    assert (
        refused["error"]["code"] == "booking_closed" and "星期日不开" in refused["error"]["message"]
    )
    monday = {**sunday, "appointment": {"date": "2026-11-30"}}
    moved = await call(client, "POST", path, monday, key="b:3")
    assert moved["appointment"]["date"] == "2026-11-30"
