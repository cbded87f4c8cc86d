"""What is kept of a message, and what is known of how it went."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import func, select

from services.channels.tables import ConversationRow, MessageRow
from services.config import ROOT
from services.context import Services
from services.outbox.worker import run_due
from services.training.heard_tables import GroupRow, HeardRow, RefusalRow
from services.training.outcomes import Outcomes
from tests.services.channels.conftest import said
from tests.services.channels.fake_rasa import FakeRasa
from tests.services.conftest import TestClock
from tests.services.training.conftest import Client, Say, digest, outcomes, understood


async def rows(services: Services) -> list[HeardRow]:
    async with services.db.read() as s:
        return list(await s.scalars(select(HeardRow).order_by(HeardRow.id)))


async def test_a_message_is_kept_redacted_with_what_was_understood(
    services: Services, say: Say
) -> None:
    text = "我叫张桂兰，3号楼2单元703楼道灯坏了，电话13844531276"
    entities = [
        {"type": "person", "start": 2, "end": 5, "value": "张桂兰", "text": "张桂兰"},
        {"type": "address", "start": 6, "end": 15, "value": {"building": "3", "room": "703"}, "text": "3号楼2单元703"},
        {"type": "phone", "start": 23, "end": 34, "value": "13844531276", "text": "13844531276"},
    ]  # fmt: skip
    conversation = await say(text, entities=entities)
    (row,) = await rows(services)
    assert row.text == "我叫王某某，3号楼2单元000楼道灯坏了，电话13000000000"
    assert [(e["type"], e["text"]) for e in row.entities] == [
        ("person", "王某某"), ("address", "3号楼2单元000"), ("phone", "13000000000"),
    ]  # fmt: skip
    assert (row.intent, row.leaf, row.confidence) == ("report_problem", "H6", 0.95)
    assert (row.channel, row.mode, row.locality) == ("web", "bot", "qinghe")
    assert (row.conversation_id, row.model, row.actions) == (
        conversation,
        "a" * 64,
        ["report_form"],
    )
    assert 0 < row.uncertainty < 0.15
    stored = repr([c.name + str(getattr(row, c.name)) for c in HeardRow.__table__.columns])
    for secret in ("张桂兰", "703", "13844531276"):
        assert secret not in stored


async def test_it_is_kept_with_the_answer_or_not_at_all(
    services: Services, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    await say("楼道灯坏了")
    async with services.db.read() as s:
        message = await s.scalar(select(MessageRow).where(MessageRow.sender == "resident"))
    (row,) = await rows(services)
    assert message is not None and (message.state, message.id) == ("answered", row.message_id)


@pytest.mark.parametrize(
    "told",
    [
        None, "nonsense", {"intent": "greet"}, {**understood("灯"), "entities": [{"type": "time", "start": 0, "end": 9}]},
        {**understood("灯"), "leaf": "x" * 50}, {**understood("灯"), "confidence": "very"},
    ],
)  # fmt: skip
async def test_an_answer_is_given_whatever_rasa_says_that_it_understood(
    services: Services, rasa: FakeRasa, told: Any
) -> None:
    session = await services.channels.open_session()
    rasa.understood = told
    exchange = await services.channels.post(session.session_id, said("灯"))
    assert [m.text for m in exchange.messages] == ["答:灯"]
    assert await rows(services) == []


async def test_a_failure_of_learning_does_not_cost_the_answer(
    services: Services, rasa: FakeRasa, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("broken rule")

    monkeypatch.setattr("services.training.hearing.redact", fail)
    conversation = await say("楼道灯坏了")
    assert (await services.channels.history(conversation)).messages[-1].text == "答:楼道灯坏了"
    assert await rows(services) == []


async def test_what_cannot_be_made_safe_is_not_kept(
    services: Services, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.training.identifiers.FINDERS", ())
    await say("我电话13844531276")
    assert await rows(services) == []


async def test_what_is_said_to_a_person_is_kept_too(services: Services, say: Say) -> None:
    conversation = (await services.channels.open_session()).session_id
    await services.channels.raise_alert(conversation, "human", None, "找人")
    await say("楼道灯坏了", to=conversation, actions=[])
    await digest(services)
    assert (await rows(services))[0].mode == "human"
    assert await outcomes(services) == {"楼道灯坏了": set()}


async def test_outcomes_from_what_the_bot_did(services: Services, say: Say) -> None:
    await say("楼道灯坏了", actions=["report_form"])
    await say("这个那个", actions=["action_clarify"])
    await say("我要找人", actions=["action_handoff"])
    await digest(services)
    assert await outcomes(services) == {
        "楼道灯坏了": {"answered"}, "这个那个": {"clarified"}, "我要找人": {"handed_off"},
    }  # fmt: skip


@pytest.mark.parametrize(
    "words, intent, outcome",
    [
        ("答非所问", "chitchat", "off_topic"),
        ("你这机器人真笨", "complain_assistant", "off_topic"),
        ("不对，我说的是停电", "report_problem", "corrected"),
        ("我问的是医保", "ask_service", "corrected"),
        ("找个人跟我说", "ask_human", "handed_off"),
        ("明白了，谢谢", "thank", "useful"),
        ("这下知道了", "affirm", "useful"),
        ("知道了但是没用", "chitchat", None),
        ("我想知道了解一下医保", "ask_service", None),
        ("谢谢", "thank", None),
        ("3号楼", "supplement_ticket", None),
        ("不用了", "deny", None),
        ("没有了", "deny", None),
    ],
)
async def test_what_a_resident_says_next_tells_how_it_went(
    services: Services, say: Say, words: str, intent: str, outcome: str | None
) -> None:
    conversation = await say("停水了怎么办")
    await say(words, intent, None, to=conversation, actions=["action_deny"])
    await digest(services)
    expected = {"answered"} | ({outcome} if outcome else set())
    assert (await outcomes(services))["停水了怎么办"] == expected


async def test_a_plain_no_takes_back_only_what_was_asked(services: Services, say: Say) -> None:
    conversation = await say("那个水的事", actions=["action_clarify"])
    await say("不是", "deny", None, to=conversation)
    await digest(services)
    assert (await outcomes(services))["那个水的事"] == {"clarified", "corrected"}


async def test_later_or_elsewhere_it_is_about_something_else(
    services: Services, say: Say, clock: TestClock
) -> None:
    conversation = await say("停水了怎么办")
    clock.advance(minutes=11)
    await say("答非所问", "chitchat", None, to=conversation)
    await say("答非所问啊", "chitchat", None)
    await digest(services)
    assert (await outcomes(services))["停水了怎么办"] == {"answered"}


async def test_a_tapped_button_for_a_person_counts_as_well(services: Services, say: Say) -> None:
    conversation = await say("停水了怎么办")
    await services.channels.raise_alert(conversation, "human", None, "（按钮）")
    await digest(services)
    assert (await outcomes(services))["停水了怎么办"] == {"answered", "handed_off"}


async def test_an_alarm_is_no_reproach(services: Services, say: Say) -> None:
    conversation = await say("停水了怎么办")
    await services.channels.raise_alert(conversation, "emergency", "H3", "煤气")
    await digest(services)
    assert (await outcomes(services))["停水了怎么办"] == {"answered"}


async def test_staff_who_change_the_leaf_say_that_it_was_wrong(
    services: Services, client: Client, say: Say
) -> None:
    conversation = await say("楼道黑，灯不亮", "report_problem", "H6")
    await say("厨房停水", "report_problem", "H1", to=(other := await say("你好", "greet", None)))
    numbers = {}
    for where, leaf in ((conversation, "H6"), (other, "H1")):
        body = {
            "conversation_id": where, "kind": "report", "leaf": leaf, "narrative": "反映一件事",
            "address_text": "某个地方", "incomplete": True,
        }  # fmt: skip
        headers = {
            "Authorization": f"Bearer {services.settings.internal_token}", "Idempotency-Key": where,
        }  # fmt: skip
        answer = await client.post("/internal/v1/tickets", json=body, headers=headers)
        assert answer.status == 201, await answer.text()
        numbers[where] = (await answer.json())["ticket_no"]
    token = await client.post(
        "/api/v1/auth/token",
        json={"username": "supervisor1", "password": services.settings.demo_password},
    )
    staff = {"Authorization": f"Bearer {(await token.json())['token']}"}
    for where, leaf in ((conversation, "I3"), (other, "H1")):
        answer = await client.post(
            f"/api/v1/tickets/{numbers[where]}/actions/accept",
            json={"leaf": leaf, "place": {"compound_id": "xingfu"}, "version": 1},
            headers={**staff, "Idempotency-Key": f"accept {where}"},
        )
        assert answer.status == 200, await answer.text()
    await run_due(services)
    found = await outcomes(services)
    assert "redispatched" in found["楼道黑，灯不亮"]
    assert "redispatched" not in found["厨房停水"]


# -- the resident's own verdict --------------------------------------------------------------


async def feedback(client: Client, token: str, message_id: str, kind: str = "off_topic") -> Any:
    return await client.post(
        f"/api/v1/chat/messages/{message_id}/feedback",
        json={"kind": kind},
        headers={"Authorization": f"Bearer {token}"},
    )


async def test_a_resident_says_that_an_answer_is_beside_the_point(
    services: Services, client: Client, say: Say
) -> None:
    session = await services.channels.open_session()
    await say("停水了怎么办", to=session.session_id)
    await digest(services)
    bot = (await services.channels.history(session.session_id)).messages[-1]
    first = await feedback(client, session.token, bot.id)
    assert first.status == 200, await first.text()
    thanks = (await first.json())["messages"]
    assert [m["from"] for m in thanks] == ["system"] and "谢谢" in thanks[0]["text"]
    assert [b["payload"] for b in thanks[0]["buttons"]] == ["/ask_human"]
    again = await (await feedback(client, session.token, bot.id)).json()
    assert [m["id"] for m in again["messages"]] == [thanks[0]["id"]], "once said, once noted"
    assert (await outcomes(services))["停水了怎么办"] == {"answered", "off_topic"}
    async with services.db.read() as s:
        assert await s.scalar(select(GroupRow.score)) > 0.5


async def test_a_resident_says_that_an_answer_helped(
    services: Services, client: Client, say: Say
) -> None:
    session = await services.channels.open_session()
    await say("停水了怎么办", to=session.session_id)
    await digest(services)
    bot = (await services.channels.history(session.session_id)).messages[-1]
    for _ in range(2):
        told = await feedback(client, session.token, bot.id, "useful")
        assert (told.status, (await told.json())["messages"]) == (200, [])
    assert (await outcomes(services))["停水了怎么办"] == {"answered", "useful"}
    other = await services.channels.open_session()
    assert (await feedback(client, other.token, bot.id, "useful")).status == 404


async def test_only_answers_of_the_bot_in_one_s_own_conversation(
    services: Services, client: Client, say: Say
) -> None:
    session = await services.channels.open_session()
    other = await services.channels.open_session()
    await say("停水了", to=session.session_id)
    welcome, own, bot = (await services.channels.history(session.session_id)).messages
    for token, message_id, status in (
        (session.token, own.id, 404), (session.token, welcome.id, 404), (session.token, "m_none", 404),
        (other.token, bot.id, 404), ("", bot.id, 401),
    ):  # fmt: skip
        assert (await feedback(client, token, message_id)).status == status
    assert (await feedback(client, session.token, bot.id, "great")).status == 422
    assert (await services.channels.history(session.session_id)).messages[-1].id == bot.id


async def test_with_a_person_there_none_is_offered(
    services: Services, client: Client, say: Say
) -> None:
    session = await services.channels.open_session()
    await say("停水了", to=session.session_id)
    bot = (await services.channels.history(session.session_id)).messages[-1]
    await services.channels.raise_alert(session.session_id, "human", None, "找人")
    answer = await (await feedback(client, session.token, bot.id)).json()
    assert answer["messages"][0]["buttons"] == []


# -- forgetting ------------------------------------------------------------------------------


async def test_what_teaches_nothing_is_forgotten_in_time(
    services: Services, say: Say, clock: TestClock
) -> None:
    await say("楼道灯坏了")
    await say("停水了", "report_problem", "H1")
    await digest(services)
    async with services.db.write() as s:
        taught = await s.scalar(select(GroupRow).where(GroupRow.text == "停水了"))
        assert taught is not None
        taught.state = "decided"
    clock.advance(days=services.settings.heard_days - 1)
    await say("楼道的灯坏了")
    await digest(services)
    assert await services.heard.forget() == 0
    clock.advance(days=2)
    assert await services.heard.forget() == 1
    assert {r.text for r in await rows(services)} == {"停水了", "楼道的灯坏了"}
    async with services.db.read() as s:
        left = await s.scalar(select(GroupRow).where(GroupRow.leaf == "H6"))
        assert left is not None
        assert (left.text, left.heard) == ("楼道的灯坏了", 1), "its founder's words are gone too"
    clock.advance(days=services.settings.heard_days)
    assert await services.heard.forget() == 1
    async with services.db.read() as s:
        assert [g.text for g in await s.scalars(select(GroupRow))] == ["停水了"]
        assert await s.scalar(select(func.count()).select_from(HeardRow)) == 1


# -- rules -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text, intent, readings, suspicious",
    [
        ("厨房里一股煤气味", "ask_service", [], True),
        ("厨房里一股煤气味", "emergency", ["emergency"], False),
        ("我妈叫不醒了", "report_problem", [], True),
        ("没有煤气味，就是想问问", "ask_service", [], False),
        ("煤气中毒怎么预防", "ask_service", [], False),
        ("消防演练几点着火", "ask_notice", [], False),
        ("楼道灯坏了", "report_problem", ["report_problem", "emergency"], True),
        ("楼道灯坏了", "report_problem", ["report_problem"], False),
    ],
)
def test_a_missed_emergency_is_suspected(
    text: str, intent: str, readings: list[str], suspicious: bool
) -> None:
    assert Outcomes(ROOT / "data").suspicious(text, intent, readings) is suspicious


def test_the_order_of_the_inbox() -> None:
    score = Outcomes(ROOT / "data").score
    assert score(0.8, 3, []) > score(0.8, 1, []) > score(0.2, 1, [])
    assert score(0.8, 3, []) > score(0.01, 500, []), "what is understood well can be frequent"
    assert score(0.0, 1, ["off_topic"]) > score(0.9, 1, []), "sure and wrong"
    assert score(0.5, 2, ["redispatched"]) > score(0.5, 2, ["clarified"]) > score(0.5, 2, [])


async def test_what_a_resident_refuses_leaves_the_inbox_and_is_not_taken_until_allowed_again(
    services: Services, say: Say
) -> None:
    mine = await say("楼道灯坏了好几天")
    await say("电梯一直响")
    await digest(services)
    assert len(await rows(services)) == 2
    async with services.db.write() as s:
        await services.heard.refuse(s, [mine], "2026-11")
        await services.heard.refuse(s, [mine], "2026-11")
    assert [r.text for r in await rows(services)] == ["电梯一直响"]
    async with services.db.read() as s:
        assert [g.text for g in await s.scalars(select(GroupRow))] == ["电梯一直响"]
        assert len((await s.scalars(select(RefusalRow))).all()) == 1, "twice is once"
    await say("楼道灯又坏了", to=mine)
    assert len(await rows(services)) == 1
    async with services.db.write() as s:
        await services.heard.allow(s, [mine])
    await say("楼道灯还没修", to=mine)
    assert [r.text for r in await rows(services)] == ["电梯一直响", "楼道灯还没修"]
    async with services.db.read() as s:
        (record,) = (await s.scalars(select(RefusalRow))).all()
    assert record.withdrawn_at is not None and record.version == "2026-11", "it stays on record"


async def test_a_refusal_holds_in_every_conversation_of_the_resident(
    services: Services, say: Say
) -> None:
    web, wechat = await say("水管漏水了"), await say("马桶堵住了")
    async with services.db.write() as s:
        known = await services.people.save_resident(s)
        for each in (web, wechat):
            await services.channels.bind_resident(s, each, known.id)
        await services.heard.refuse(s, [web], "2026-11")
    await say("暖气不热", to=wechat)
    assert [r.text for r in await rows(services)] == ["马桶堵住了"]
    async with services.db.write() as s:
        await services.heard.spread(s, [web, wechat])
    assert await rows(services) == [], "joined, what was said there before goes as well"
    async with services.db.write() as s:  # parted, it holds in both
        for each in (web, wechat):
            (await s.get_one(ConversationRow, each)).resident_id = None
    await say("暖气不热", to=wechat)
    assert await rows(services) == []


async def test_what_was_kept_while_it_was_refused_elsewhere_is_gone_with_the_next_look(
    services: Services, say: Say
) -> None:
    mine = await say("楼道灯坏了好几天")
    async with services.db.write() as s:
        s.add(RefusalRow(conversation_id=mine, version="2026-11", given_at=services.clock.now()))
    await digest(services)
    assert await rows(services) == []
    async with services.db.read() as s:
        assert (await s.scalars(select(GroupRow))).all() == []
