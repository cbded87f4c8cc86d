"""三项清单 fed by tickets: a need, a resource, a project, until the need is met. On both databases."""

from __future__ import annotations

from typing import Any

import pytest

from services.context import Services
from services.errors import LindaError
from services.lists.service import Line, NewItem
from services.tickets.core.commands import CreateTicket
from tests.services.tickets.world import ACTORS

RESIDENT, CLERK, SUPERVISOR, GRID = (ACTORS[r] for r in ("resident", "clerk", "supervisor", "grid"))


async def filed(services: Services, **given: Any) -> str:
    body = {
        "conversation_id": "conversation-1", "leaf": "K2", "narrative": "我是张桂兰，想有个地方跳舞",
        "place": {"building_id": "xingfu-3"}, "contact": {"name": "张桂兰", "phone": "13812345678"},
        **given,
    }  # fmt: skip
    view = await services.tickets.create(CreateTicket.model_validate(body), RESIDENT)
    return str(view["ticket_no"])


async def lines(services: Services, name: str, over: bool = False) -> dict[str, Line]:
    board = await services.lists.board(CLERK, over=over)
    return {line.item.id: line for line in board[name]}


async def test_tickets_become_a_need_a_project_serves_and_both_end(services: Services) -> None:
    one, two = await filed(services), await filed(services, conversation_id="conversation-2")
    needs = [await services.lists.from_ticket(n, CLERK) for n in (one, two)]
    assert needs[0] == await services.lists.from_ticket(one, SUPERVISOR), "a ticket is one line"
    known = await lines(services, "need")
    item = known[needs[0]].item
    assert (item.ticket_no, item.state, item.community_id) == (one, "open", "qinghe-c1")
    assert "张桂兰" not in item.title + item.detail and "跳舞" not in item.title, "nobody is named"

    hall = NewItem(list="resource", kind="venue", title="老年活动室二楼", owner="clerk1")
    await services.lists.add(hall, CLERK, "hall-1")
    dance = NewItem(
        list="project", kind="project", title="活动室晚上开放", owner="supervisor1",
        links=(*needs, "hall-1"),
    )  # fmt: skip
    await services.lists.add(dance, SUPERVISOR, "dance-1")
    assert {i.id for i in (await lines(services, "project"))["dance-1"].links} == {*needs, "hall-1"}

    await services.lists.move("dance-1", "doing", "排了班", 1, SUPERVISOR)
    assert {(await lines(services, "need"))[n].item.state for n in needs} == {"planned"}
    await services.lists.move("dance-1", "done", "开了一个月", 2, SUPERVISOR)
    over = await lines(services, "need", over=True)
    assert {over[n].item.state for n in needs} == {"met"}
    assert [c.to_state for c in over[needs[0]].changes] == ["planned", "met"]
    assert (await lines(services, "resource"))["hall-1"].item.state == "free", "a hall is no need"


@pytest.mark.parametrize(
    ("given", "actor", "code"),
    [
        ({"confidential": True}, CLERK, "restricted"),
        ({"leaf": "J2", "narrative": "丈夫打我"}, GRID, "role_not_allowed"),
        ({"leaf": "F4", "narrative": "孩子没人管"}, CLERK, "restricted"),
    ],
)
async def test_what_is_secret_or_not_theirs_stays_off_the_board(
    services: Services, given: dict[str, Any], actor: Any, code: str
) -> None:
    number = await filed(services, **given)
    with pytest.raises(LindaError) as caught:
        await services.lists.from_ticket(number, actor)
    assert caught.value.code == code
    assert f"need-{number}" not in await lines(services, "need")
