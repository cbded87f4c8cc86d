"""Unfinished forms: kept with the answer, asked about once in the other channel, moved or dropped."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from services.channels.tables import DraftRow
from services.channels.types import Incoming
from services.context import Services
from services.errors import LindaError
from services.outbox.worker import run_due
from tests.services.channels.conftest import said
from tests.services.channels.fake_rasa import FakeRasa

LAMP = "楼道灯坏了三天了，我妈不敢下楼"
ASKED = "接着说吗"


def form(round_: str = "m1", story: str = LAMP) -> dict[str, Any]:
    """What Rasa tells of an open form."""
    values = {"narrative": story, "phone": "13812345678"}
    return {"form": "report", "round": round_, "values": values, "asked": "place", "skipped": []}


class Resident:
    """One person with a conversation on the web and one in WeChat."""

    def __init__(self, services: Services, rasa: FakeRasa) -> None:
        self.services, self.rasa = services, rasa
        self.web = self.wechat = ""

    async def start(self) -> None:
        self.rasa.replies = [{"text": "好的。"}]
        channels = self.services.channels
        self.web = (await channels.open_session("web")).session_id
        self.wechat = (await channels.open_session("wechat")).session_id
        async with self.services.db.write() as s:
            known = await self.services.people.save_resident(s, name="王芳")
            for each in (self.web, self.wechat):
                await channels.bind_resident(s, each, known.id)

    async def begin(self, draft: dict[str, Any] | None = None) -> None:
        """Begin a form in WeChat."""
        await self.say(self.wechat, LAMP, draft or form())

    async def say(self, where: str, text: str, draft: Any = None) -> list[str]:
        """Write; ``draft`` is open in Rasa afterwards. Return what was said."""
        self.rasa.more = {"draft": draft}
        exchange = await self.services.channels.post(where, said(text))
        return [m.text for m in exchange.messages]

    async def rows(self) -> list[DraftRow]:
        async with self.services.db.read() as s:
            return list(await s.scalars(select(DraftRow)))

    async def move(self, by: timedelta) -> None:
        await self.services.clock.set(self.services.db, self.services.clock.now() + by)

    def told(self) -> Any:
        """What the dialogue was told of a waiting form with the newest message."""
        return self.rasa.calls[-1]["metadata"]["draft"]

    async def change(self, wanted: Any, where: str = "") -> dict[str, Any] | None:
        (row,) = await self.rows()
        return await self.services.channels.change_draft(where or self.web, row.id, wanted)


@pytest.fixture
async def she(services: Services, rasa: FakeRasa) -> Resident:
    made = Resident(services, rasa)
    await made.start()
    return made


async def test_it_is_kept_while_it_is_open_and_nobody_reads_it_in_the_table(she: Resident) -> None:
    await she.begin()
    await she.say(she.wechat, "幸福小区", form(story=LAMP + "，幸福小区"))
    (row,) = await she.rows()
    assert row.conversation_id == she.wechat
    assert "13812345678" not in row.content_enc and LAMP not in row.content_enc
    assert she.services.channels.drafts.read(row)["values"]["narrative"] == LAMP + "，幸福小区"
    await she.say(she.wechat, "对，提交", None)
    assert await she.rows() == []


async def test_an_answer_that_does_not_tell_changes_nothing(she: Resident) -> None:
    await she.begin()
    she.rasa.more = {}
    await she.services.channels.post(she.wechat, said("在吗"))
    assert len(await she.rows()) == 1


async def test_who_comes_back_elsewhere_is_asked_once(she: Resident) -> None:
    await she.begin()
    await she.move(timedelta(days=3))
    first = await she.say(she.web, "你好")
    assert ASKED in first[-1] and "微信" in first[-1] and LAMP in first[-1]
    assert she.told() is None
    second = await she.say(she.web, "你们几点下班")
    assert ASKED not in "".join(second)
    assert she.told()["fresh"] is True, "the question was the last that was said"
    await she.say(she.web, "谢谢")
    assert she.told()["fresh"] is False
    assert ASKED not in "".join(await she.say(she.wechat, "在吗", form())), "it is open there"


async def test_somebody_else_is_not_asked(she: Resident) -> None:
    await she.begin()
    stranger = (await she.services.channels.open_session("web")).session_id
    assert ASKED not in "".join(await she.say(stranger, "你好"))
    with pytest.raises(LindaError) as refused:
        await she.change("resume", stranger)
    assert refused.value.code == "draft_of_another"
    assert [r.conversation_id for r in await she.rows()] == [she.wechat]


@pytest.mark.parametrize(
    "case", ["a form is open here", "danger", "the answer has buttons", "a person"]
)
async def test_it_is_not_asked_in_the_way_of_something_else(she: Resident, case: str) -> None:
    await she.begin()
    draft = None
    if case == "a form is open here":
        draft = form("m2", "漏水")
    elif case == "danger":
        she.rasa.understood = {"text": "着火了", "actions": ["action_emergency"]}
    elif case == "the answer has buttons":
        she.rasa.replies = [
            {"text": "哪一个？", "buttons": [{"title": "这个", "payload": "/affirm"}]}
        ]
    else:
        await she.services.channels.raise_alert(she.web, "human", None, "找人")
    assert ASKED not in "".join(await she.say(she.web, "有事", draft))
    if case != "a person":
        she.rasa.understood, she.rasa.replies = None, [{"text": "好的。"}]
        assert ASKED in "".join(await she.say(she.web, "好了")), "it comes with the next answer"


async def test_a_yes_brings_it_here_and_it_is_closed_there(she: Resident) -> None:
    await she.begin()
    await she.say(she.web, "你好")
    brought = await she.change("resume")
    assert brought is not None
    assert brought["values"]["narrative"] == LAMP and brought["conversation_id"] == she.wechat
    assert await she.change("resume") == brought, "an action that was tried again"
    await she.say(she.web, "接着说", form("m9"))
    await run_due(she.services)
    assert she.rasa.put_away == [(she.wechat, "m1")]
    (row,) = await she.rows()
    assert (row.conversation_id, row.round, row.asked_in) == (she.web, "m9", None)
    assert ASKED in "".join(await she.say(she.wechat, "你好")), "left there, it is found here again"


async def test_brought_and_the_dialogue_died_before_it_opened_it(she: Resident) -> None:
    await she.begin()
    await she.say(she.web, "你好")
    await she.change("resume")
    await she.say(she.web, "好", None)
    assert she.told()["fresh"] is True
    assert (await she.change("resume") or {})["values"]["narrative"] == LAMP


async def test_an_answer_under_way_there_does_not_bring_it_back(she: Resident) -> None:
    await she.begin()
    await she.say(she.web, "你好")
    await she.change("resume")
    await she.say(she.wechat, "幸福小区", form())
    await run_due(she.services)
    assert [r.conversation_id for r in await she.rows()] == [she.web]


async def test_a_no_drops_it_in_both(she: Resident) -> None:
    await she.begin()
    await she.say(she.web, "你好")
    (row,) = await she.rows()
    for _ in range(2):
        assert await she.services.channels.change_draft(she.web, row.id, "drop") is None
    await run_due(she.services)
    assert await she.rows() == [] and she.rasa.put_away == [(she.wechat, "m1")]


async def test_after_its_days_it_is_forgotten(she: Resident) -> None:
    await she.begin()
    days = she.services.channels.drafts.rules.keep_days
    await she.move(timedelta(days=days) - timedelta(minutes=1))
    await run_due(she.services)
    (row,) = await she.rows()
    await she.move(timedelta(minutes=2))
    assert ASKED not in "".join(await she.say(she.web, "你好")), "also before the worker comes"
    assert await she.services.channels.change_draft(she.web, row.id, "resume") is None
    await run_due(she.services)
    assert await she.rows() == [] and she.rasa.put_away == [(she.wechat, "m1")]


async def test_while_rasa_is_away_closing_it_there_waits(she: Resident, rasa: FakeRasa) -> None:
    await she.begin()
    await she.say(she.web, "你好")
    await she.change("drop")
    await rasa.die()
    await run_due(she.services)
    await rasa.start()
    await she.move(timedelta(hours=1))
    await run_due(she.services)
    assert rasa.put_away == [(she.wechat, "m1")]


async def test_the_question_can_be_tapped(she: Resident) -> None:
    await she.begin()
    she.rasa.more = {"draft": None}
    exchange = await she.services.channels.post(she.web, said("你好"))
    yes, no = exchange.messages[-1].buttons
    (row,) = await she.rows()
    assert (yes.payload, no.payload) == (
        f'/affirm{{"about":"draft:{row.id}"}}', f'/deny{{"about":"draft:{row.id}"}}',
    )  # fmt: skip
    await she.services.channels.post(she.web, Incoming("tap", "payload", payload=yes.payload))
    assert she.told() == {"id": row.id, "fresh": True, "buttons": [yes.body(), no.body()]}


async def test_deleting_ones_data_deletes_it_in_every_channel(she: Resident) -> None:
    from services.channels import own_data

    await she.begin()
    conversation = await she.services.channels.conversation(she.web)
    assert (await own_data.show(she.services, conversation))["drafts"] == [LAMP]
    shown = await own_data.change(she.services, conversation, "delete")
    await run_due(she.services)
    assert shown["drafts"] == [] and await she.rows() == []
    assert she.rasa.put_away == [(she.wechat, "m1")]
