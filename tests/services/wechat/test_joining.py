"""One resident on the web and in WeChat: joined by the query code, after a question."""

from __future__ import annotations

import json
from typing import Any

import pytest
from aiohttp import ClientSession
from sqlalchemy import select

from services.channels.joining import CONSENT, VERSION
from services.channels.tables import ConversationRow, JoinRow, MessageRow
from services.channels.types import Incoming
from services.context import Services
from services.outbox.worker import run_due
from services.people.tables import ConsentRow
from services.tickets.core.actor import resident
from services.tickets.core.commands import CreateTicket
from tests.services.channels.conftest import said
from tests.services.channels.fake_rasa import TOKEN, FakeRasa
from tests.services.channels.test_closing import DONE, GRID, place  # noqa: F401
from tests.services.wechat.conftest import Product, deliveries, eventually, move, the_user
from tests.wechat_sim.phone import Phone
from tests.wechat_sim.simulator import Simulator


@pytest.fixture
def services(product: Product) -> Services:
    """Those of the web process; :func:`place` puts one building there."""
    return product.services


class Town:
    """A resident with a report on the web, and the same person's phone."""

    def __init__(self, product: Product, phone: Phone, rasa: FakeRasa) -> None:
        self.product, self.phone, self.rasa = product, phone, rasa
        self.services = product.services
        self.web = ""
        self.ticket: dict[str, Any] = {}

    async def start(self) -> None:
        self.rasa.replies = [{"text": "好的。"}]
        self.web = (await self.services.channels.open_session("web")).session_id
        await self.services.channels.post(self.web, said("灯坏了"))
        self.ticket = await self.file(self.web)
        await self.phone.say("在吗")
        self.here = (await the_user(self.product)).conversation_id

    async def file(self, conversation_id: str) -> dict[str, Any]:
        request = CreateTicket(
            conversation_id=conversation_id,
            leaf="H6",
            narrative="灯坏了",
            place={"compound_id": "xingfu", "building_id": "xingfu-3", "unit": "2"},
        )
        return await self.services.tickets.create(
            request, resident(conversation_id), f"k:{conversation_id}"
        )

    async def get(self, path: str, **query: str) -> tuple[int, dict[str, Any]]:
        """Ask the internal API, as the dialogue's actions do."""
        async with (
            ClientSession(headers={"Authorization": f"Bearer {TOKEN}"}) as client,
            client.get(f"{self.product.url}/internal/v1{path}", params=query) as answer,
        ):
            return answer.status, await answer.json()

    async def show_code(self, here: str, ticket: dict[str, Any]) -> dict[str, Any]:
        """Show number and code in a conversation; the bot then asks about joining."""
        status, view = await self.get(
            f"/tickets/{ticket['ticket_no']}", conversation_id=here,
            query_code=ticket["query_code"],
        )  # fmt: skip
        assert status == 200
        yes = "/join_channels" + json.dumps({"ticket_no": ticket["ticket_no"]})
        buttons = [
            {"title": "连起来", "payload": yes},
            {"title": "先不用", "payload": "/deny"},
        ]
        self.rasa.replies = [{"text": "连吗？", "buttons": buttons if view["joinable"] else []}]
        return view

    async def own(self, conversation_id: str) -> set[str]:
        _, found = await self.get(f"/conversations/{conversation_id}/tickets")
        return {t["ticket_no"] for t in found["tickets"]}

    async def told(self, conversation_id: str) -> list[str]:
        async with self.services.db.read() as s:
            rows = await s.scalars(
                select(MessageRow)
                .where(
                    MessageRow.conversation_id == conversation_id, MessageRow.sender != "resident"
                )
                .order_by(MessageRow.seq)
            )
            return [m.text for m in rows]

    async def resolve(self, ticket_no: str) -> None:
        """Take a ticket to the question whether it is solved."""
        await run_due(self.services)
        reached = {"way": "phone", "result": "reached"}
        for action, payload in (("sign", {}), ("contact", reached), ("resolve", DONE)):
            await self.services.tickets.act(ticket_no, action, payload, GRID)
            await run_due(self.services)


@pytest.fixture
async def town(product: Product, phone: Phone, rasa: FakeRasa) -> Town:
    made = Town(product, phone, rasa)
    await made.start()
    return made


async def test_a_yes_in_wechat_joins_both(town: Town) -> None:
    filed_here = await town.file(town.here)
    assert await town.own(town.web) == {town.ticket["ticket_no"]}
    view = await town.show_code(town.here, town.ticket)
    assert view["joinable"] is True
    await town.phone.say("查一下")
    calls = len(town.rasa.calls)
    await town.phone.say("1")
    assert "连好了" in town.phone.screen.told()[-1]
    assert len(town.rasa.calls) == calls, "not the dialogue's business"
    both = {town.ticket["ticket_no"], filed_here["ticket_no"]}
    assert await town.own(town.web) == both and await town.own(town.here) == both
    assert "微信" in (await town.told(town.web))[-1], "nobody is joined behind their back"
    async with town.services.db.read() as s:
        residents = {c.resident_id for c in await s.scalars(select(ConversationRow))}
        (join,) = (await s.scalars(select(JoinRow))).all()
    assert len(residents) == 1 and None not in residents and join.joined_at is not None
    assert (await town.show_code(town.here, town.ticket)).get("joinable") in (None, False)


async def test_a_yes_on_the_web_joins_both(town: Town) -> None:
    filed_here = await town.file(town.here)
    assert (await town.show_code(town.web, filed_here))["joinable"] is True
    await town.services.channels.post(town.web, said("查一下"))
    answer = await town.services.channels.post(town.web, said("好的。"))
    assert "连好了" in answer.messages[0].text
    assert await town.own(town.here) == {town.ticket["ticket_no"], filed_here["ticket_no"]}
    await town.phone.wait_for("把网页上的对话和这边连起来")


@pytest.mark.parametrize("words", ["2", "不用", "等等"])
async def test_without_a_yes_nothing_is_joined(town: Town, words: str) -> None:
    await town.show_code(town.here, town.ticket)
    await town.phone.say("查一下")
    await town.phone.say(words)
    assert town.rasa.calls[-1]["text"] in (words, "/deny")
    assert await town.own(town.here) == set()


async def test_a_yes_to_something_else_joins_nothing(town: Town) -> None:
    await town.show_code(town.here, town.ticket)
    await town.phone.say("查一下")
    town.rasa.replies = [{"text": "订几份？"}]
    await town.phone.say("订午饭")
    await town.phone.say("好的")
    assert await town.own(town.here) == set()


async def test_a_yes_too_late_asks_for_the_code_again(town: Town, simulator: Simulator) -> None:
    from datetime import timedelta

    await town.show_code(town.here, town.ticket)
    await town.phone.say("查一下")
    await move(town.product, simulator, timedelta(minutes=31))
    await town.phone.say("1")
    assert "再发一次" in town.phone.screen.told()[-1]
    assert await town.own(town.here) == set()


async def test_the_button_without_the_code_joins_nothing(town: Town) -> None:
    yes = "/join_channels" + json.dumps({"ticket_no": town.ticket["ticket_no"]})
    town.rasa.replies = [{"text": "连吗？", "buttons": [{"title": "连起来", "payload": yes}]}]
    await town.phone.say("查一下")
    await town.phone.say("1")
    assert "再发一次" in town.phone.screen.told()[-1]
    assert await town.own(town.here) == set()
    # On the web a payload must have been offered in the first place.
    from services.errors import LindaError

    with pytest.raises(LindaError, match="payload_not_offered"):
        await town.services.channels.post(town.web, Incoming("x", "payload", payload=yes))


async def test_wrong_codes_open_nothing_and_are_limited(town: Town) -> None:
    wrong = f"{(int(town.ticket['query_code']) + 1) % 10**6:06}"
    answers = [
        await town.get(
            f"/tickets/{town.ticket['ticket_no']}", conversation_id=town.here, query_code=wrong
        )
        for _ in range(6)
    ]
    assert [status for status, _ in answers] == [404] * 5 + [429]
    async with town.services.db.read() as s:
        assert (await s.scalars(select(JoinRow))).all() == []


async def test_a_kiosk_is_nobodys(town: Town) -> None:
    kiosk = (await town.services.channels.open_session("kiosk")).session_id
    assert (await town.show_code(kiosk, town.ticket))["joinable"] is False


async def test_contact_data_comes_together_and_none_is_overwritten(town: Town) -> None:
    people, channels = town.services.people, town.services.channels
    async with town.services.db.write() as s:
        web = await people.save_resident(s, name="王芳")
        here = await people.save_resident(s, name="芳芳", phone="13800001111")
        await people.give_consent(s, here.id, "contact", "2026-01")
        await channels.bind_resident(s, town.web, web.id)
        await channels.bind_resident(s, town.here, here.id)
    await town.show_code(town.here, town.ticket)
    await town.phone.say("查一下")
    await town.phone.say("1")
    conversation = await channels.conversation(town.here)
    async with town.services.db.read() as s:
        found = await people.resident(s, conversation.resident_id)
    assert found is not None and (found.name, found.phone) == ("王芳", "13800001111")
    assert {c.purpose for c in found.consents} == {"contact", CONSENT}


async def join(town: Town) -> None:
    await town.show_code(town.here, town.ticket)
    await town.phone.say("查一下")
    await town.phone.say("1")
    town.rasa.replies = [{"text": "好的。"}]


async def test_a_change_is_told_where_the_resident_wrote_last(town: Town) -> None:
    """Filed on the web, asked in WeChat, where it is answered; on the web it can be read."""
    await join(town)
    number = town.ticket["ticket_no"]
    await town.resolve(number)
    line = await town.phone.wait_for("解决了吗")
    assert "1. 解决了" in line.text
    assert any("解决了吗" in text for text in await town.told(town.web))
    channels = town.services.channels
    assert (await channels.conversation(town.here)).pending_callback is not None
    assert (await channels.conversation(town.web)).pending_callback is None
    from services.channels import closing

    given = {"stage": "solved", "solved": True}
    answered = await closing.answer(town.services, number, town.here, given)
    assert answered["next"] == "rating"
    await closing.answer(town.services, number, town.here, {"stage": "rating", "score": 5})
    assert (await channels.conversation(town.here)).pending_callback is None


async def test_who_writes_on_the_web_is_told_there(
    town: Town, product: Product, simulator: Simulator
) -> None:
    """Filed in WeChat; WeChat is not used up for what is read on the web, but nothing is hidden."""
    await join(town)
    filed_here = await town.file(town.here)
    await town.services.channels.post(town.web, said("在吗"))
    await eventually(lambda: _none_due(product))
    before = len(town.phone.screen.told())
    await town.resolve(filed_here["ticket_no"])

    async def asked() -> bool:
        return any("解决了吗" in text for text in await town.told(town.web))

    await eventually(asked)  # an answer that is still on its way may come behind it
    assert (await town.services.channels.conversation(town.web)).pending_callback is not None
    await town.services.wechat.work()
    assert len(town.phone.screen.told()) == before, "told on the web"
    await town.phone.say("在吗")
    told = town.phone.screen.told()[before:]
    assert any("解决了吗" in text for text in told), "and readable here from the next word on"


# -- parted again ---------------------------------------------------------------------------


async def test_a_word_on_either_side_parts_both(town: Town) -> None:
    await join(town)
    filed_here = await town.file(town.here)
    assert len(await town.own(town.web)) == 2
    calls = len(town.rasa.calls)
    await town.phone.say("解除绑定。")
    assert "已经分开了" in town.phone.screen.told()[-1]
    assert len(town.rasa.calls) == calls, "not the dialogue's business"
    assert await town.own(town.web) == {town.ticket["ticket_no"]}
    assert await town.own(town.here) == {filed_here["ticket_no"]}
    assert "微信那边说了“解除绑定”" in (await town.told(town.web))[-1]
    async with town.services.db.read() as s:
        (joined,) = (await s.scalars(select(JoinRow))).all()
    assert joined.joined_at is not None and joined.parted_at is not None
    assert joined.parted_by == town.here


async def test_contact_data_that_was_brought_together_is_nobodys_any_more(town: Town) -> None:
    people, channels = town.services.people, town.services.channels
    async with town.services.db.write() as s:
        web = await people.save_resident(s, name="王芳")
        here = await people.save_resident(s, phone="13800001111")
        await people.give_consent(s, web.id, "contact", "2026-01")
        await channels.bind_resident(s, town.web, web.id)
        await channels.bind_resident(s, town.here, here.id)
    await join(town)
    await channels.post(town.web, said("分开"))
    for each in (town.web, town.here):
        assert (await channels.conversation(each)).resident_id is None
    async with town.services.db.read() as s:
        left = await people.resident(s, web.id)
    assert left is not None and (left.name, left.phone, left.home) == (None, None, None)
    ended = {c.purpose: c.withdrawn_at is not None for c in left.consents}
    assert ended == {"contact": True, CONSENT: True}, "on record, and ended"


async def test_the_yes_is_a_consent_on_record_and_parting_ends_it(town: Town) -> None:
    async def consents() -> list[tuple[str, str, bool]]:
        async with town.services.db.read() as s:
            rows = await s.scalars(select(ConsentRow).order_by(ConsentRow.id))
            return [(c.purpose, c.version, c.withdrawn_at is None) for c in rows]

    await town.show_code(town.here, town.ticket)
    await town.phone.say("查一下")
    assert await consents() == [], "the code alone is no consent"
    await town.phone.say("1")
    assert await consents() == [(CONSENT, VERSION, True)]
    shown = await town.get(f"/conversations/{town.web}/data")
    assert [c["purpose"] for c in shown[1]["consents"]] == ["网页和微信连成一个人"]
    await town.services.channels.post(town.web, said("分开"))
    assert await consents() == [(CONSENT, VERSION, False)], "ended, and still on record"


async def test_an_open_question_goes_back_to_where_its_ticket_was_filed(town: Town) -> None:
    await join(town)
    await town.resolve(town.ticket["ticket_no"])
    await town.phone.wait_for("解决了吗")
    await town.phone.say("分开")
    channels = town.services.channels
    assert (await channels.conversation(town.here)).pending_callback is None
    pending = (await channels.conversation(town.web)).pending_callback
    assert pending is not None and pending["ticket_no"] == town.ticket["ticket_no"]
    from services.channels import closing

    given = {"stage": "solved", "solved": True}
    answered = await closing.answer(town.services, town.ticket["ticket_no"], town.web, given)
    assert answered["next"] == "rating"


async def test_who_parted_is_not_joined_again_from_the_other_side(town: Town) -> None:
    filed_here = await town.file(town.here)
    await join(town)
    channels = town.services.channels
    await channels.post(town.web, said("解除绑定"))
    # The button that is still there does nothing, and the code alone does not ask again.
    await town.phone.say("连起来")
    assert await town.own(town.here) == {filed_here["ticket_no"]}
    assert (await town.show_code(town.here, town.ticket))["joinable"] is False
    # Who parted may change their mind.
    assert (await town.show_code(town.web, filed_here))["joinable"] is True
    await channels.post(town.web, said("查一下"))
    await channels.post(town.web, said("好的"))
    assert len(await town.own(town.web)) == 2


async def test_the_yes_to_an_old_question_joins_nothing_after_parting(town: Town) -> None:
    await join(town)
    await town.services.channels.post(town.web, said("分开"))
    yes = "/join_channels" + json.dumps({"ticket_no": town.ticket["ticket_no"]})
    town.rasa.replies = [{"text": "连吗？", "buttons": [{"title": "连起来", "payload": yes}]}]
    await town.phone.say("查一下")
    await town.phone.say("1")
    assert "再发一次" in town.phone.screen.told()[-1]
    assert await town.own(town.here) == set()


@pytest.mark.parametrize("words", ["分开", "这两件事分开报"])
async def test_what_is_not_joined_is_not_parted(town: Town, words: str) -> None:
    await town.phone.say(words)
    assert town.rasa.calls[-1]["text"] == words, "the dialogue's business"


async def test_who_is_joined_with_nobody_keeps_what_they_left(town: Town) -> None:
    people, channels = town.services.people, town.services.channels
    async with town.services.db.write() as s:
        here = await people.save_resident(s, phone="13800001111")
        await channels.bind_resident(s, town.here, here.id)
    await town.phone.say("解绑")
    assert "没有和别的地方连着" in town.phone.screen.told()[-1]
    assert (await channels.conversation(town.here)).resident_id == here.id
    async with town.services.db.read() as s:
        left = await people.resident(s, here.id)
    assert left is not None and left.phone == "13800001111"


async def _none_due(product: Product) -> bool:
    return all(d.due_at is None for d in await deliveries(product))
