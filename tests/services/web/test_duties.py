"""The demo accounts are enough for every duty: with separation of duties in force, nobody is lacking."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from services.catalogue.files import read
from services.config import ROOT, Settings
from services.context import Services, build
from services.db import Database
from services.outbox.worker import run_due
from services.seed.files import AccountEntry, AccountsFile
from services.tickets.core.actor import Actor
from services.tickets.core.actor import resident as resident_of
from services.tickets.core.commands import Command, CreateTicket
from services.tickets.core.context import Refusal
from services.tickets.core.guards import GUARDS
from services.tickets.core.states import State
from services.tickets.core.workflow import STAFF, TRANSITIONS, Transition
from services.web.app import create_app
from tests.services.seeded import plant
from tests.services.tickets.world import CONTEXT, T0, in_state
from tests.services.web.conftest import Client

PLACES = {
    "qinghe": {"compound_id": "xingfu", "building_id": "xingfu-3", "unit": "2"},
    "rongxi": {"compound_id": "jinxiu", "building_id": "jinxiu-3", "unit": "2"},
}
APART = ("not_handler", "other_unit", "not_refuser", "not_objector", "not_requester",
         "not_suspension_requester", "not_termination_requester")  # fmt: skip
"""Guards that keep duties apart: who did one thing does not do the other."""
DOERS = ("grid", "clerk", "handler", "vendor", "mediator")
JUDGED = [t for t in TRANSITIONS if set(t.guards) & set(APART) and t.roles & STAFF]


def accounts(locality: str) -> list[AccountEntry]:
    return read(ROOT / "data" / "localities" / locality / "accounts.yml", AccountsFile).accounts


def actor(account: AccountEntry) -> Actor:
    return Actor(
        "staff", account.id, account.role, account.org, account.community, tuple(account.grids)
    )


def let_through(line: Transition, ticket: Any, who: Actor) -> bool:
    """Say whether the guards that keep duties apart let somebody do a line."""
    command = Command(line.action, who, T0, dict([line.when] if line.when else []))
    found = (GUARDS[name](ticket, command, CONTEXT) for name in line.guards if name in APART)
    return who.role in line.roles and not any(isinstance(r, Refusal) for r in found)


@pytest.mark.parametrize("locality", PLACES)
@pytest.mark.parametrize("line", JUDGED, ids=lambda t: f"{t.action}-{t.event}")
def test_whoever_did_the_work_somebody_else_is_there_to_judge_it(
    line: Transition, locality: str
) -> None:
    staff = [actor(a) for a in accounts(locality)]
    alone = []
    for doer in (a for a in staff if a.role in DOERS):
        source = State.ACTIVE if State.ACTIVE in line.sources else sorted(line.sources)[0]
        ticket = replace(
            in_state(source), owner_org=doer.org_id, owner_person=doer.id, handlers=[doer.id],
            objections=[{"by": doer.id, "org": doer.org_id}],
            extension_request={"by": doer.id, "days": 1},
            suspension_request={"by": doer.id},
            termination_request={"by": doer.id},
        )  # fmt: skip
        # Of a second look: whoever may have refused or ended it, another one is there.
        ends = [t for t in TRANSITIONS if t.action in ("not_accept", "terminate")]
        first = (
            [a for a in staff if any(source is t.to and let_through(t, ticket, a) for t in ends)]
            if "not_refuser" in line.guards
            else [None]
        )
        assert first, "somebody can have refused"
        for refuser in first:
            given = replace(ticket, refused_by=refuser.id) if refuser else ticket
            if not any(let_through(line, given, a) for a in staff):
                alone.append((doer.id, refuser and refuser.id))
    assert alone == []


@pytest.fixture(params=PLACES)
async def services(
    request: pytest.FixtureRequest, db: Database, settings: Settings, cheap_passwords: None
) -> Services:
    """The services of each of the two demo localities."""
    changed = {"locality": request.param, "rasa_url": "http://127.0.0.1:9"}
    built = build(settings.model_copy(update=changed), db)
    await plant(built)
    return built


@pytest.fixture
async def client(services: Services) -> AsyncIterator[Client]:
    """A client of the running application."""
    async with TestClient(TestServer(create_app(services.settings, services))) as found:
        yield found


@pytest.mark.parametrize("decision", ["uphold", "correct"])
async def test_the_ending_of_a_communitys_order_is_looked_at_by_another_of_the_street(
    services: Services, client: Client, decision: str
) -> None:
    session = await services.channels.open_session()
    me = session.session_id
    asked = CreateTicket(
        conversation_id=me, leaf="J1", narrative="楼上天天剁馅，想请人调解",
        place=PLACES[services.settings.locality],
    )  # fmt: skip
    number = (await services.tickets.create(asked, resident_of(me), "duty"))["ticket_no"]

    async def act(account: str, action: str, code: int = 200, **payload: Any) -> dict[str, Any]:
        given = {"username": account, "password": services.settings.demo_password}
        token = (await (await client.post("/api/v1/auth/token", json=given)).json())["token"]
        head = {"Authorization": f"Bearer {token}"}
        path = f"/api/v1/tickets/{number}"
        seen = await (await client.get(path, headers=head)).json()
        body = {"version": seen["version"], **payload}
        answer = await client.post(f"{path}/actions/{action}", json=body, headers=head)
        assert answer.status == code, (account, action, await answer.text())
        return dict(await answer.json())

    await act("clerk1", "sign")
    await act("clerk1", "contact", way="phone", result="reached")
    why = {"ground": "gone", "explanation": "楼上已经搬走了"}
    refused = await act("supervisor1", "terminate", 422, **why)
    assert refused["error"]["code"] == "own_unit"
    proposed = await act("clerk1", "terminate", **why)
    assert proposed["state"] == "ACTIVE" and "termination_requested" in proposed["flags"]
    refused = await act("supervisor1", "terminate", 422, decision="approve")
    assert refused["error"]["code"] == "own_unit"
    no = {"decision": "refuse", "text": "再去看看是不是真搬了"}
    assert "termination_requested" not in (await act("dispatcher1", "terminate", **no))["flags"]
    await act("clerk1", "terminate", **why)
    assert (await act("dispatcher1", "terminate", decision="approve"))["state"] == "TERMINATED"
    await run_due(services)
    told = (await services.channels.history(me)).messages[-1]
    assert "楼上已经搬走了" in told.text and "复核" in told.text
    await services.tickets.resident_act(number, "review", {"text": "没搬走"}, me)
    look = {"decision": decision, "explanation": "去看过了"}
    refused = await act("dispatcher1", "review", 422, **look)
    assert refused["error"]["code"] == "own_refusal"
    after = await act("dispatcher2", "review", **look)
    assert after["state"] == {"uphold": "TERMINATED", "correct": "ACTIVE"}[decision]
    await run_due(services)
    told = (await services.channels.history(me)).messages[-1].text
    assert "去看过了" in told
