"""From a report to its end: what the resident hears, is asked, and what the answers do."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from services.channels import appointed, closing
from services.channels.texts import Texts
from services.channels.types import MessageView
from services.config import ROOT
from services.context import Services
from services.outbox.tables import OutboxRow
from services.outbox.worker import run_due
from services.places.tables import BuildingRow, CommunityRow, CompoundRow, GridRow
from services.tickets.core.actor import SYSTEM, Actor
from services.tickets.core.actor import resident as resident_of
from services.tickets.core.commands import CreateTicket

GRID = Actor("staff", "grid1", "grid", "grid", "qinghe-c1", ("qinghe-g1",))
CLERK = Actor("staff", "clerk1", "clerk", "community", "qinghe-c1")
REACHED = {"way": "phone", "result": "reached"}
DONE = {
    "outcome": "solved", "reply": "换了灯泡，试过亮了", "evidence_note": "天黑看得见",
}  # fmt: skip


@pytest.fixture(autouse=True)
async def place(services: Services) -> None:
    """One building in a grid."""
    async with services.db.write() as s:
        s.add(CommunityRow(id="qinghe-c1", name="清河社区", aliases=[], position=1))
        await s.flush()
        s.add(GridRow(id="qinghe-g1", name="第一网格", community_id="qinghe-c1", position=1))
        s.add(
            CompoundRow(
                id="xingfu", name="幸福小区", community_id="qinghe-c1", aliases=[], position=1
            )
        )
        await s.flush()
        s.add(
            BuildingRow(
                id="xingfu-3",
                compound_id="xingfu",
                number="3",
                units=4,
                grid_id="qinghe-g1",
                aliases=[],
                position=1,
            )
        )


class Case:
    """A hall light, reported in a conversation and signed by the grid worker."""

    def __init__(self, services: Services, conversation: str, ticket_no: str) -> None:
        self.services, self.conversation, self.ticket_no = services, conversation, ticket_no

    async def messages(self) -> list[MessageView]:
        exchange = await self.services.channels.history(self.conversation)
        return [m for m in exchange.messages if m.sender == "system"]

    async def state(self) -> str:
        view = await self.services.tickets.resident_get(self.ticket_no, self.conversation)
        return str(view["state"])

    async def pending(self) -> dict[str, Any] | None:
        return (await self.services.channels.conversation(self.conversation)).pending_callback

    async def act(self, action: str, payload: dict[str, Any], actor: Actor = GRID) -> None:
        await self.services.tickets.act(self.ticket_no, action, payload, actor)
        await run_due(self.services)

    async def later(self, **time: float) -> None:
        clock = self.services.clock
        await clock.set(self.services.db, clock.now() + timedelta(**time))
        await run_due(self.services)

    async def answer(self, **given: Any) -> dict[str, Any]:
        return await closing.answer(self.services, self.ticket_no, self.conversation, given)


async def filed(services: Services, elder: bool = False) -> Case:
    session = await services.channels.open_session(elder=elder)
    view = await services.tickets.create(
        CreateTicket(
            conversation_id=session.session_id,
            leaf="H6",
            narrative="楼道灯坏了",
            place={"compound_id": "xingfu", "building_id": "xingfu-3", "unit": "2"},
        ),
        resident_of(session.session_id),
        "key-1",
    )
    await run_due(services)
    return Case(services, session.session_id, view["ticket_no"])


async def resolved(services: Services) -> Case:
    case = await filed(services)
    await case.act("sign", {})
    await case.act("contact", REACHED)
    await case.act("resolve", DONE)
    return case


def test_every_text_can_be_said() -> None:
    texts = Texts(ROOT / "data" / "texts" / "resident.yml")
    ticket = {"title": "幸福小区3号楼灯", "ticket_no": "SQ-1"}
    for key in texts.keys():
        for elder in (False, True):
            said = texts.say(key, elder, **closing.facts_of(ticket, {}))
            assert said.text and "{" not in said.text and "。。" not in said.text
            for button in said.buttons:
                assert "[[" not in button["payload"]


async def test_filing_is_told_by_the_receipt_and_signing_by_us(services: Services) -> None:
    case = await filed(services)
    assert await case.state() == "DISPATCHED"
    assert await case.messages() == []
    await case.act("sign", {})
    told = await case.messages()
    assert len(told) == 1 and "王秀英" in told[0].text
    assert told[0].ticket == {"ticket_no": case.ticket_no, "state": "ACTIVE"}
    assert told[0].card and told[0].card["type"] == "ticket"
    await run_due(services)
    assert len(await case.messages()) == 1


async def test_resolved_asks_and_solved_closes(services: Services) -> None:
    case = await resolved(services)
    question = (await case.messages())[-1]
    assert "换了灯泡" in question.text and "解决了吗" in question.text
    number = case.ticket_no
    assert [b.payload for b in question.buttons] == [
        f'/rate_service{{"ticket_no":"{number}","about":"solved"}}',
        f'/reject_resolution{{"ticket_no":"{number}"}}',
        f'/reject_resolution{{"ticket_no":"{number}","about":"partly"}}',
    ]
    assert (await case.pending() or {})["stage"] == "solved"
    first = await case.answer(stage="solved", solved=True)
    assert first["next"] == "rating" and first["ticket"]["state"] == "CLOSED"
    assert (await case.pending() or {})["stage"] == "rating"
    assert (await case.answer(stage="solved", solved=True))["next"] == "rating"
    assert (await case.answer(stage="rating", score=5))["next"] is None
    assert await case.pending() is None
    seen_by_handler = await services.tickets.get(number, GRID)
    assert "rating" not in seen_by_handler
    count = len(await case.messages())
    await case.later(days=1, minutes=1)
    assert len(await case.messages()) == count  # nothing is asked about a closed ticket


async def test_unsolved_goes_back_and_is_asked_again_when_resolved_again(
    services: Services,
) -> None:
    case = await resolved(services)
    assert (await case.answer(stage="solved", solved=False))["next"] == "reason"
    assert (await case.answer(stage="solved", solved=False))["next"] == "reason"
    assert (await case.answer(stage="reason", text="还是不亮"))["next"] is None
    assert await case.state() == "REWORK"
    assert await case.pending() is None
    await run_due(services)
    await case.act("resolve", DONE)
    questions = [m for m in await case.messages() if "解决了吗" in m.text]
    assert len(questions) == 2
    assert (await case.pending() or {})["stage"] == "solved"


async def test_no_answer_in_three_days_closes_after_telling(services: Services) -> None:
    case = await resolved(services)
    asked = len(await case.messages())
    await case.later(days=1, minutes=1)
    await case.later(days=1, minutes=1)
    assert await case.state() == "RESOLVED"
    assert len(await case.messages()) == asked + 2
    await case.later(days=1, minutes=1)
    assert await case.state() == "CLOSED"
    assert "30天" in (await case.messages())[-1].text
    assert await case.pending() is None
    view = await services.tickets.get(case.ticket_no, CLERK)
    assert view["closed_by"] == "system"


@pytest.mark.parametrize(("attempts", "days", "asked"), [(5, 5, 5), (2, 4, 4), (4, 2, 4)])
async def test_the_profile_says_how_often_a_resident_is_asked(
    services: Services, attempts: int, days: int, asked: int
) -> None:
    profile = replace(services.tickets.profile, callback_attempts=attempts, callback_days=days)
    services.tickets.profile = profile
    case = await resolved(services)
    for day in range(1, asked + 1):
        assert await case.state() == "RESOLVED", day
        assert not [m for m in await case.messages() if "先归档了" in m.text]
        await case.later(hours=25)
    assert await case.state() == "CLOSED"
    assert len([m for m in await case.messages() if "先归档了" in m.text]) == 1
    async with services.db.read() as s:
        failed = await s.scalars(select(OutboxRow.last_error).where(OutboxRow.last_error != None))  # noqa: E711
        assert [*failed] == []


async def test_who_could_not_be_reached_by_phone_is_told_of_the_closing_once(
    services: Services,
) -> None:
    case = await resolved(services)
    calls = Actor("staff", "callback1", "callback", "street")
    for day in range(3):
        await services.tickets.act(case.ticket_no, "callback", {"result": "no_answer"}, calls)
        if day < 2:
            clock = services.clock
            await clock.set(services.db, clock.now() + timedelta(days=1))
    await case.act("close", {"reason": "三天三次无法联系"}, calls)
    told = [m.text for m in await case.messages() if "归档" in m.text]
    assert len(told) == 1 and "30天" in told[0]
    await case.later(days=3)
    assert [m.text for m in await case.messages() if "归档" in m.text] == told


async def test_an_answer_stops_the_reminders_of_that_round(services: Services) -> None:
    case = await resolved(services)
    await case.later(days=1, minutes=1)
    await case.answer(stage="solved", solved=False)
    await case.act("resolve", DONE)
    count = len(await case.messages())
    await case.later(hours=23)
    assert len(await case.messages()) == count
    await case.later(hours=2)
    assert len(await case.messages()) == count + 1
    assert await case.state() == "RESOLVED"


@pytest.mark.parametrize(("solved", "result"), [(True, "solved"), (False, "unsolved")])
async def test_when_time_is_up_the_resident_is_asked_and_nothing_is_closed(
    services: Services, solved: bool, result: str
) -> None:
    """《北京市接诉即办工作条例》第二十三条."""
    case = await filed(services)
    await case.act("sign", {})
    await case.later(days=20)
    question = (await case.messages())[-1]
    assert "到期" in question.text and len(question.buttons) >= 2
    assert await case.state() == "ACTIVE"
    answered = await case.answer(stage="solved", solved=solved)
    assert answered["next"] is None
    assert await case.state() == "ACTIVE"
    assert await case.pending() is None
    view = await services.tickets.get(case.ticket_no, CLERK)
    assert [(c["result"], c["method"]) for c in view["callbacks"]] == [(result, "message")]
    assert not view["supplements"] and not view["urges"], "an answer is no urging"
    # The same answer once more is one answer; another one is a second.
    await case.answer(stage="solved", solved=solved)
    assert len((await services.tickets.get(case.ticket_no, CLERK))["callbacks"]) == 1
    await case.answer(stage="solved", solved=not solved)
    auditor = await services.tickets.get(case.ticket_no, Actor("staff", "a1", "auditor", "street"))
    assert auditor["callbacks"][0]["result"] == result
    assert len(auditor["callbacks"]) == 2 and auditor["state"] == "ACTIVE"


async def test_a_question_at_expiry_that_nobody_answers_is_three_attempts_and_no_end(
    services: Services,
) -> None:
    case = await filed(services)
    await case.act("sign", {})
    await case.later(days=20)

    async def attempts() -> list[tuple[str, str]]:
        view = await services.tickets.get(case.ticket_no, SYSTEM)
        return [(c["result"], c["method"]) for c in view["callbacks"]]

    assert await attempts() == [], "one day is theirs"
    asked = len(await case.messages())
    for day in (1, 2, 3, 4):
        await case.later(days=1, minutes=1)
        assert await attempts() == [("no_answer", "message")] * min(day, 3)
    again = [m for m in (await case.messages())[asked:] if "再问您一声" in m.text]
    assert len(again) == 2
    assert await case.state() == "ACTIVE", "never closed by the clock"
    assert (await case.answer(stage="solved", solved=False))["next"] is None
    assert (await attempts())[-1] == ("unsolved", "message")


@pytest.mark.parametrize("how", ["answered", "resolved"])
async def test_a_question_at_expiry_that_is_settled_is_no_attempt(
    services: Services, how: str
) -> None:
    case = await filed(services)
    await case.act("sign", {})
    await case.later(days=20)
    if how == "answered":
        await case.answer(stage="solved", solved=True)
    else:
        await case.act("contact", REACHED)
        await case.act("resolve", DONE)
        await case.answer(stage="solved", solved=True)
    await case.later(days=2)
    view = await services.tickets.get(case.ticket_no, SYSTEM)
    assert [c["result"] for c in view["callbacks"]] == ["solved"]


async def test_of_a_restricted_case_no_message_shows_what_it_is_about(services: Services) -> None:
    session = await services.channels.open_session()
    view = await services.tickets.create(
        CreateTicket(
            conversation_id=session.session_id, leaf="F4", narrative="楼上那家天天打孩子",
            place={"compound_id": "xingfu", "building_id": "xingfu-3", "unit": "2"},
        ),
        resident_of(session.session_id),
        "key-f4",
    )  # fmt: skip
    await run_due(services)
    case = Case(services, session.session_id, view["ticket_no"])
    owner = Actor("staff", "worker9", "handler", "civil")
    await case.act("sign", {}, owner)
    await case.act("contact", REACHED, owner)
    await case.act("resolve", {**DONE, "reply": "家访了，孩子身上有伤，已报派出所"}, owner)
    told = await case.messages()
    assert any("解决了吗" in m.text for m in told), "asked all the same"
    news = [m.text for m in told if "解决了吗" not in m.text]
    assert news and set(news) == {"您有一条社区消息。方便的时候，说“查进度”就能看。"}
    shown = [f"{m.text}{m.card}" for m in told]
    assert [s for s in shown for word in ("孩子", "派出所", "家访", "打") if word in s] == []


async def test_elders_get_shorter_words(services: Services) -> None:
    case = await filed(services, elder=True)
    await case.act("sign", {})
    plain = Texts(ROOT / "data" / "texts" / "resident.yml").say(
        "signed", False, **closing.facts_of(await services.tickets.resident_get(
            case.ticket_no, case.conversation), {}))  # fmt: skip
    assert len((await case.messages())[-1].text) < len(plain.text)


async def test_an_attempt_repeated_after_a_crash_is_one_attempt(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = await resolved(services)
    about = {
        "ticket_no": case.ticket_no, "conversation_id": case.conversation, "round": 0, "attempt": 1,
    }  # fmt: skip

    async def crash(*_: Any, **__: Any) -> None:
        raise RuntimeError

    with monkeypatch.context() as patched:
        patched.setattr(services.channels, "say", crash)
        for _ in range(3):
            with pytest.raises(RuntimeError):
                await closing.on_unanswered(services, about)
    await closing.on_unanswered(services, about)
    events = await services.tickets.events(case.ticket_no, SYSTEM)
    assert [e["type"] for e in events].count("callback_missed") == 1


async def test_neighbours_who_joined_hear_how_it_goes_and_are_asked_themselves(
    services: Services,
) -> None:
    case = await filed(services)
    session = await services.channels.open_session()
    mine = await services.tickets.create(
        CreateTicket(
            conversation_id=session.session_id,
            leaf="H6",
            narrative="二楼灯也不亮",
            place={"compound_id": "xingfu", "building_id": "xingfu-3", "unit": "2"},
            join=case.ticket_no,
        ),
        resident_of(session.session_id),
        "key-2",
    )
    await run_due(services)
    neighbour = Case(services, session.session_id, mine["ticket_no"])
    assert await neighbour.messages() == []  # the receipt has said it
    await case.act("sign", {})
    await case.act("contact", REACHED)
    await case.act("resolve", DONE)
    told = [m.text for m in await neighbour.messages()]
    assert len(told) == 2 and "王秀英" in told[0] and "报办完了" in told[1]
    assert "换了灯泡" not in told[1]
    await run_due(services)
    assert len(await neighbour.messages()) == 2
    assert (await neighbour.pending() or {})["ticket_no"] == neighbour.ticket_no
    assert (await case.pending() or {})["ticket_no"] == case.ticket_no
    assert (await neighbour.answer(stage="solved", solved=False))["next"] == "reason"
    assert await case.state() == "REWORK" and await neighbour.state() == "MERGED"
    await neighbour.answer(stage="reason", text="二楼还是黑的")
    view = await services.tickets.get(case.ticket_no, SYSTEM)
    assert view["supplements"][-1]["text"] == "二楼还是黑的"


@pytest.mark.parametrize(
    ("order", "asked", "buttons"),
    [
        ({"date": "2026-11-25", "meal": "lunch", "mode": "delivery"}, "您11月25日午饭送到了没有",
         ["送到了", "没送到", "送来了，不对"]),
        ({"date": "2026-11-25", "meal": "lunch", "mode": "eat_in"}, "您11月25日午饭吃上了没有",
         ["吃上了", "没吃上"]),
        ({"date": "2026-11-25", "part": "am", "what": "医生上门"}, "医生上门约的是11月25日上午，办了没有",
         ["办了", "没办成", "办了一部分"]),
        (None, "今天到期了", ["解决了", "没解决", "解决了一部分"]),
    ],
)  # fmt: skip
def test_of_a_meal_it_is_asked_whether_it_came(
    order: dict[str, str] | None, asked: str, buttons: list[str]
) -> None:
    texts = Texts(ROOT / "data" / "texts" / "resident.yml")
    ticket = {"title": "幸福小区老年助餐", "ticket_no": "SQ-1", "appointment": order}
    said = texts.say(appointed.key_of("expired", ticket, texts), **closing.facts_of(ticket, {}))
    assert asked in said.text and [b["title"] for b in said.buttons] == buttons


@pytest.mark.parametrize(
    ("order", "line"),
    [
        ({"date": "2026-11-25", "meal": "lunch", "mode": "delivery"}, "11月25日12:30前送到。"),
        ({"date": "2026-11-25", "part": "am"}, "约的是11月25日上午。"),
        (None, "11月25日12:30前给您答复。"),
    ],
)  # fmt: skip
def test_an_order_has_no_date_of_an_answer(order: dict[str, str] | None, line: str) -> None:
    ticket = {"title": "", "ticket_no": "", "due_text": "11月25日12:30", "appointment": order}
    assert closing.facts_of(ticket, {})["due_line"] == line
