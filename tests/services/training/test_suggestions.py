"""“机器人理解错了”: the desk and grid workers say it, who teaches decides. On both databases."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from services.context import Services
from services.errors import LindaError
from services.people.model import Staff
from services.tickets.core.actor import SYSTEM
from services.tickets.core.commands import CreateTicket
from services.training.annotations import Decision
from services.training.heard_tables import SuggestionRow
from services.training.inbox import Filters, Group
from services.training.suggestions import Wanted
from tests.services.tickets.world import ACTORS
from tests.services.training.conftest import Client, Say, digest, outcomes
from tests.services.training.test_annotations import FENG
from tests.services.training.test_page import Enter, enter

__all__ = ["enter"]

SAID = "厨房那边一股子味道往上翻"
NOTE = "说的是下水返味，不是灯"
WANTED = Wanted(leaf="H7", note=NOTE)


async def clerk(services: Services) -> Staff:
    return next(s for s in await services.people.roster() if s.id == "clerk1")


async def filed(services: Services, conversation: str) -> str:
    body = {
        "conversation_id": conversation, "leaf": "H6", "narrative": SAID, "channel": "web",
        "place": {"building_id": "xingfu-3", "unit": "2"},
    }  # fmt: skip
    made = await services.tickets.create(CreateTicket.model_validate(body), SYSTEM)
    return str(made["ticket_no"])


async def talk(services: Services, conversation: str) -> tuple[str, str]:
    """Hand a conversation to a person; return the hand-off and the resident's last message."""
    await services.channels.raise_alert(conversation, "human", None, "找人")
    found = await services.channels.handoffs(ACTORS["clerk"])
    id = next(h.id for h in found if h.conversation_id == conversation)
    view = await services.channels.handoff(ACTORS["clerk"], id)
    return id, next(m.id for m in reversed(view.messages) if m.sender == "resident")


async def one(services: Services) -> Group:
    (found,) = (await services.inbox.page(Filters())).groups
    return found


async def refused(services: Services, message: str, wanted: Wanted) -> str:
    with pytest.raises(LindaError) as caught:
        await services.suggestions.of_message(message, wanted, await clerk(services))
    return caught.value.code


async def test_from_a_ticket_to_the_one_who_teaches(
    services: Services, enter: Enter, say: Say
) -> None:
    number = await filed(services, await say(SAID, doubt=True))
    await digest(services)
    before = (await one(services)).score
    client = await enter("clerk1")
    page = await (await client.get(f"/console/tickets/{number}")).text()
    assert "机器人理解错了" in page
    address = f"/console/tickets/{number}/misunderstood"
    empty = await client.post(address, data={"leaf": "", "note": " "})
    assert empty.status == 422 and "请选是哪一件事" in await empty.text()
    kept = await client.post(address, data={"leaf": "H7", "note": NOTE})
    assert kept.status == 200 and "交给训练员看了" in await kept.text()
    again = await client.post(address, data={"leaf": "H7", "note": NOTE})
    assert again.status == 200

    group = await one(services)
    assert group.score > before and "suggested" in (await outcomes(services))[SAID]
    detail = await services.inbox.detail(group.id)
    assert [(x.leaf, x.note, x.staff_name) for x in detail.suggestions] == [("H7", NOTE, "赵敏")]
    assert (group.state, group.decision) == ("open", None), "it decides nothing"
    client = await enter("trainer1")
    shown = await (await client.get("/console/training")).text()
    assert "同事说机器人听错了" in shown and NOTE in shown
    form = {"version": "0", "text": group.text, "pick": "report_problem H7", "despite": "yes"}
    done = await client.post(
        f"/console/training/groups/{group.id}/decision", data=form, allow_redirects=False
    )
    assert done.status == 303
    client = await enter("clerk1")
    late = await client.post(address, data={"leaf": "H7", "note": NOTE})
    assert late.status == 409 and "训练员已经定过了" in await late.text()


async def test_from_a_conversation(services: Services, enter: Enter, say: Say) -> None:
    conversation = await say(SAID, doubt=True)
    id, message = await talk(services, conversation)
    client = await enter("clerk1")
    address = f"/console/handoffs/{id}/misunderstood"
    page = await (await client.get(f"/console/handoffs/{id}")).text()
    assert f'value="{message}"' in page
    other = await client.post(address, data={"message": "none", "leaf": "H7"})
    assert other.status == 404
    kept = await client.post(address, data={"message": message, "leaf": "H7"})
    assert kept.status == 200 and "交给训练员看了" in await kept.text()
    assert "suggested" in (await outcomes(services))[SAID], (
        "before the worker has looked at it, too"
    )
    client = await enter("dispatcher1")
    assert (await client.post(address, data={"message": message, "leaf": "H7"})).status == 403
    assert "机器人理解错了" not in await (await client.get(f"/console/handoffs/{id}")).text()


async def test_what_names_a_person_does_not_reach_who_teaches(services: Services, say: Say) -> None:
    _, message = await talk(services, await say(SAID, doubt=True))
    await digest(services)
    wanted = Wanted(note="张桂兰说的，电话13844531276，是下水")
    await services.suggestions.of_message(message, wanted, await clerk(services))
    (said,) = (await services.inbox.detail((await one(services)).id)).suggestions
    assert "13844531276" not in said.note and "张桂兰" not in said.note and "下水" in said.note


async def test_what_cannot_be_taught_is_refused_in_words(services: Services, say: Say) -> None:
    conversation = await say(SAID, doubt=True)
    _, message = await talk(services, conversation)
    await digest(services)
    assert await refused(services, message, Wanted(leaf="ZZ")) == "leaf_unknown"
    assert await refused(services, message, Wanted()) == "nothing_said"
    assert await refused(services, "nobody-said-it", WANTED) == "not_heard"
    group = await one(services)
    await services.annotations.decide(group.id, Decision("skip", 0), FENG)
    await services.suggestions.of_message(message, WANTED, await clerk(services))
    assert (await one(services)).state == "open", "what was skipped is looked at again"


async def test_it_goes_with_what_was_said(services: Services, say: Say) -> None:
    conversation = await say(SAID, doubt=True)
    _, message = await talk(services, conversation)
    await services.suggestions.of_message(message, WANTED, await clerk(services))
    async with services.db.write() as s:
        await services.heard.erase(s, [conversation])
    async with services.db.read() as s:
        assert await s.scalar(select(func.count()).select_from(SuggestionRow)) == 0


async def test_over_the_api_to_the_same_roles(client: Client, services: Services, say: Say) -> None:
    number = await filed(services, await say(SAID, doubt=True))
    for role, status in {"grid1": 200, "clerk1": 200, "supervisor1": 403, "trainer1": 403}.items():
        given = {"username": role, "password": services.settings.demo_password}
        token = (await (await client.post("/api/v1/auth/token", json=given)).json())["token"]
        answer = await client.post(
            f"/api/v1/tickets/{number}/misunderstood", json={"leaf": "H7"},
            headers={"Authorization": f"Bearer {token}"},
        )  # fmt: skip
        assert answer.status == status, (role, await answer.text())
