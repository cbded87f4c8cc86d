"""Steps on tickets that belong together, at the same moment: one after the other, never in each other's way.

On PostgreSQL two transactions that lock the same rows in different orders end in a deadlock; here
many of them meet. On SQLite writers wait for each other anyway.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, select

from services.db import Database
from services.errors import LindaError
from services.limits import HitRow
from services.tickets.core.actor import Actor, resident
from services.tickets.service import TicketService
from services.tickets.tables import TicketRow
from tests.services.conftest import TestClock
from tests.services.tickets.conftest import HOME, request
from tests.services.tickets.world import ACTORS

ROUNDS = 6
DONE = {"outcome": "solved", "reply": "换了灯泡", "evidence": ["p1"]}


async def all_of(*steps: Any) -> list[Any]:
    """Do all at once; what a rule refuses is an answer, anything else a failure."""
    done = await asyncio.gather(*steps, return_exceptions=True)
    for one in done:
        if isinstance(one, BaseException) and not isinstance(one, LindaError):
            raise one
    return done


async def by(tickets: TicketService, who: str, room: int, **more: Any) -> str:
    filed = await tickets.create(
        request(conversation_id=who, place={**HOME, "room": str(room)}, **more), resident(who)
    )
    return str(filed["ticket_no"])


async def test_joining_and_withdrawing_meet(tickets: TicketService, db: Database) -> None:
    """The neighbour joins while who brought it, pressed to, takes it back: a case is opened, too."""
    for n in range(ROUNDS):
        lead = await by(tickets, f"lead{n}", 100)
        pressed = {"reason": "物业让我撤", "persuaded": True}
        names = [f"n{n}-{i}" for i in range(3)]
        done = await all_of(
            *(by(tickets, who, 200 + i, join=lead) for i, who in enumerate(names)),
            tickets.resident_act(lead, "withdraw", pressed, f"lead{n}"),
        )
        assert not [d for d in done if isinstance(d, LindaError)], "nobody is turned away"
        for who in names:
            mine = await tickets.resident_list(who)
            assert len(mine) == 1
        async with db.read() as s:
            states = (await s.scalars(
                select(TicketRow.state).where(TicketRow.conversation_id.in_(names))
            )).all()  # fmt: skip
        # Whoever joined before goes on together, whoever came after goes on alone: nobody is lost.
        assert set(states) <= {"MERGED", "DISPATCHED"} and "DISPATCHED" in states
        for who in names:
            await tickets.resident_act(
                (await tickets.resident_list(who))[0]["ticket_no"],
                "withdraw",
                {"reason": "好了"},
                who,
            )


async def test_the_answer_of_who_joined_meets_a_step_on_the_shared_ticket(
    tickets: TicketService, db: Database
) -> None:
    caller: Actor = ACTORS["callback"]
    phoned = {"conversation_id": None, "channel": "phone"}
    for n in range(ROUNDS):
        lead = await by(tickets, f"lead{n}", 100)
        joined = []
        for i in range(3):
            body = request(place={**HOME, "room": str(300 + i)}, join=lead, **phoned)
            joined.append(str((await tickets.create(body, ACTORS["clerk"]))["ticket_no"]))
        await tickets.act(lead, "sign", {}, ACTORS["grid"])
        await tickets.act(lead, "contact", {"way": "phone", "result": "reached"}, ACTORS["grid"])
        await tickets.act(lead, "resolve", DONE, ACTORS["grid"])
        await all_of(
            *(tickets.act(j, "callback", {"result": "unsolved"}, caller) for j in joined),
            tickets.act(lead, "rework", {"reason": "照片不对"}, ACTORS["auditor"]),
            tickets.callback_answer(lead, f"lead{n}", {"stage": "solved", "solved": False}),
        )
        view = await tickets.get(lead, ACTORS["auditor"])
        assert view["state"] == "REWORK" and view["rework_round"] == 1
        await tickets.resident_act(lead, "withdraw", {"reason": "算了"}, f"lead{n}")


async def test_two_tickets_are_merged_into_each_other_at_once(tickets: TicketService) -> None:
    for n in range(ROUNDS):
        plain = request(leaf="H6", incomplete=True)
        one = str((await tickets.create(
            plain.model_copy(update={"conversation_id": f"a{n}"}), resident(f"a{n}")
        ))["ticket_no"])  # fmt: skip
        two = str((await tickets.create(
            plain.model_copy(update={"conversation_id": f"b{n}"}), resident(f"b{n}")
        ))["ticket_no"])  # fmt: skip
        done = await all_of(
            tickets.act(one, "merge", {"into": two}, ACTORS["clerk"]),
            tickets.act(two, "merge", {"into": one}, ACTORS["dispatcher"]),
        )
        assert sum(isinstance(d, LindaError) for d in done) == 1, "one of them is first"
        states = sorted([(await tickets.get(t, ACTORS["auditor"]))["state"] for t in (one, two)])
        assert states[0] == "MERGED" and states[1] != "MERGED"


async def test_so_many_and_no_more_however_many_file_at_once(
    tickets: TicketService, db: Database, clock: TestClock
) -> None:
    limit = replace(tickets._limits[0], most=4)
    tickets._limits = (limit, tickets._limits[1])
    done = await all_of(*(
        tickets.create(request(narrative=f"灯坏了{n}", place=None), resident("one")) for n in range(12)
    ))  # fmt: skip
    refused = [d for d in done if isinstance(d, LindaError)]
    assert {e.code for e in refused} == {"too_many_tickets"} and len(refused) == 8
    async with db.read() as s:
        assert await s.scalar(select(func.count()).select_from(HitRow)) == 4


async def test_wrong_codes_at_once_are_counted_one_by_one(tickets: TicketService) -> None:
    number = await by(tickets, "owner", 100)
    done = await all_of(*(
        tickets.resident_get(number, query_code="000000", origin="somewhere") for _ in range(12)
    ))  # fmt: skip
    codes = sorted(d.code for d in done)
    assert codes == ["ticket_not_found"] * 5 + ["too_many_codes"] * 7


@pytest.mark.parametrize("held", [True, False])
async def test_who_goes_on_alone_stays_frozen(tickets: TicketService, held: bool) -> None:
    """Evidence that was frozen with the shared ticket is not freed by its being taken back."""
    lead = await by(tickets, "lead", 100)
    first = await by(tickets, "n1", 200, join=lead)
    second = await by(tickets, "n2", 300, join=lead)
    if held:
        await tickets.act(lead, "hold", {"reason": "法院调取"}, ACTORS["auditor"])
    await tickets.resident_act(lead, "withdraw", {"reason": "算了"}, "lead")
    for number in (first, second):
        view = await tickets.get(number, ACTORS["auditor"])
        assert ("held" in view["flags"]) is held
    if held:
        freed = await tickets.act(first, "release", {"reason": "案件已结"}, ACTORS["auditor"])
        assert "held" not in freed["flags"]
