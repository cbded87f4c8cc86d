"""What happens to a ticket reaches the resident: through the outbox into the chat, in plain words."""

from __future__ import annotations

from typing import Any

import pytest

from services.channels import closing
from services.context import Services
from services.errors import LindaError
from services.outbox.worker import run_due
from services.tickets.core.actor import Actor, resident
from services.tickets.core.commands import CreateTicket
from tests.services.channels.test_closing import (
    CLERK,
    DONE,
    GRID,
    REACHED,
    Case,
    filed,
    place,
    resolved,
)

__all__ = ["place"]

SUPERVISOR = Actor("staff", "supervisor1", "supervisor", "community", "qinghe-c1")
DISPATCHER = Actor("staff", "dispatcher1", "dispatcher", "street")
AUDITOR = Actor("staff", "auditor1", "auditor", "street")
CALLBACK = Actor("staff", "callback1", "callback", "street")
HUNG = {"reason": "parts", "explanation": "灯具要从厂家调货", "plan": "到货就装",
        "review_date": "2026-12-08"}  # fmt: skip

# steps before, the step that is told, who takes it, what of it the resident has to hear
TOLD: list[tuple[list[Any], str, dict[str, Any], Actor, list[str]]] = [
    ([], "extend", {"days": 1, "reason": "等配件到货"}, SUPERVISOR,
     ["等配件到货", "原来说", "现在改到"]),
    ([("extend", {"days": 1, "reason": "等配件到货"}, GRID)], "extend",
     {"decision": "approve", "reason": "厂家明天发货"}, SUPERVISOR,
     ["厂家明天发货", "原来说", "现在改到"]),
    ([], "suspend", HUNG, SUPERVISOR, ["灯具要从厂家调货", "12月8日", "不会不管"]),
    ([("suspend", HUNG, SUPERVISOR)], "suspend", {**HUNG, "review_date": "2026-12-10"}, SUPERVISOR,
     ["又看过一次", "12月10日"]),
    ([("suspend", HUNG, SUPERVISOR)], "resume", {}, GRID, ["接着办", "前给您答复"]),
    ([("contact", REACHED, GRID), ("resolve", DONE, GRID)], "rework", {"reason": "照片不对"},
     DISPATCHER, ["退回重办", "前给您答复"]),
    ([("contact", REACHED, GRID), ("resolve", DONE, GRID)], "rework", {"reason": "照片不对"},
     AUDITOR, ["退回重办"]),
    ([("contact", REACHED, GRID), ("resolve", DONE, GRID)], "callback", {"result": "unsolved"},
     CALLBACK, ["没办好", "退回重办"]),
    ([("contact", REACHED, GRID), ("resolve", DONE, GRID)], "audit",
     {"finding": "false", "text": "现场没换"}, AUDITOR, ["抽查", "退回重办"]),
]  # fmt: skip


@pytest.mark.parametrize(("before", "action", "payload", "actor", "words"), TOLD)
@pytest.mark.parametrize("elder", [False, True])
async def test_what_moves_the_date_or_sends_the_work_back_is_told_once(
    services: Services, before: list[Any], action: str, payload: dict[str, Any], actor: Actor,
    words: list[str], elder: bool,
) -> None:  # fmt: skip
    case = await filed(services, elder=elder)
    await case.act("sign", {})
    for step, facts, who in before:
        await case.act(step, facts, who)
    count = len(await case.messages())
    await services.tickets.act(case.ticket_no, action, payload, actor)
    assert len(await case.messages()) == count, "nothing is said before it is committed"
    await run_due(services)
    told = (await case.messages())[count:]
    assert len(told) == 1 and told[0].ticket == {
        "ticket_no": case.ticket_no, "state": await case.state(),
    }  # fmt: skip
    if not elder:
        assert [w for w in words if w not in told[0].text] == [], told[0].text
    assert told[0].card and told[0].card["ticket_no"] == case.ticket_no
    await run_due(services)
    assert len(await case.messages()) == count + 1, "delivered once"


@pytest.mark.parametrize("action", ["extend", "suspend"])
async def test_what_was_only_asked_for_is_not_told(services: Services, action: str) -> None:
    case = await filed(services)
    await case.act("sign", {})
    count = len(await case.messages())
    payload = {"days": 1, "reason": "等配件"} if action == "extend" else HUNG
    await case.act(action, payload, GRID)
    assert len(await case.messages()) == count


async def test_what_is_missing_is_asked_for_once_in_the_chat_and_the_answer_starts_the_clock_again(
    services: Services,
) -> None:
    """一次告知: the list reaches the chat, the clock stands, the answer in the chat lets it run on."""
    session = await services.channels.open_session()
    here = session.session_id
    view = await services.tickets.create(
        CreateTicket(conversation_id=here, leaf="H6", narrative="灯坏了", incomplete=True),
        resident(here),
        "key-need",
    )
    await run_due(services)
    case = Case(services, here, view["ticket_no"])
    assert await case.state() == "SUBMITTED"
    await case.act("need_info", {"items": ["哪栋楼几单元", "哪一层的灯"]}, CLERK)
    asked = (await case.messages())[-1]
    assert "哪栋楼几单元" in asked.text and "哪一层的灯" in asked.text
    stands = await services.tickets.get(case.ticket_no, CLERK)
    assert stands["state"] == "NEED_INFO" and stands["paused_since"] and stands["info_due_at"]
    await case.later(hours=25)
    again = (await case.messages())[-1]
    assert again.text != asked.text and "哪栋楼几单元" in again.text
    spot = {"compound_id": "xingfu", "building_id": "xingfu-3", "unit": "2"}
    given = {"text": "幸福小区3号楼2单元，二楼的", "place": spot}
    said = await services.tickets.resident_act(case.ticket_no, "supplement", given, here)
    # All that accepting needs is there now: the rules go on by themselves.
    assert said["state"] == "DISPATCHED"
    runs = await services.tickets.get(case.ticket_no, CLERK)
    assert runs["paused_since"] is None and runs["info_due_at"] is None
    assert [p["why"] for p in runs["pauses"]] == ["等待补充"]
    assert runs["due_at"] and "等待补充" in str(runs["due_reason"]), "the pause is not counted"
    assert runs["supplements"][-1]["text"] == given["text"]
    count = len(await case.messages())
    await case.later(hours=25)
    assert not any("还在等您" in m.text for m in (await case.messages())[count:])
    with pytest.raises(LindaError) as error:
        await services.tickets.act(case.ticket_no, "need_info", {"items": ["还有"]}, CLERK)
    assert error.value.code == "state_not_allowed"


async def test_the_neighbours_who_joined_hear_it_as_well(services: Services) -> None:
    case = await resolved(services)
    words = closing.texts(services.settings.data_dir)
    for event in ("extended", "suspended", "resumed", "reworked", "suspension_renewed"):
        assert f"joined_{event}" in words
    assert await case.state() == "RESOLVED"


@pytest.mark.parametrize("elder", [False, True])
async def test_who_is_merged_with_a_neighbour_hears_by_when(
    services: Services, elder: bool
) -> None:
    first = await filed(services)
    session = await services.channels.open_session(elder=elder)
    mine = await services.tickets.create(
        CreateTicket(
            conversation_id=session.session_id, leaf="H6", narrative="二楼楼道灯也不亮",
            place={"compound_id": "xingfu", "building_id": "xingfu-3", "unit": "2"},
            incomplete=True,
        ),
        resident(session.session_id),
        "key-merged",
    )  # fmt: skip
    await run_due(services)
    second = Case(services, session.session_id, mine["ticket_no"])
    await second.later(hours=1)
    await second.act("merge", {"into": first.ticket_no}, CLERK)
    due = (await services.tickets.resident_get(first.ticket_no, first.conversation))["due_text"]
    told = (await second.messages())[-1].text
    assert "邻居" in told and due and f"{due}前给您答复" in told
