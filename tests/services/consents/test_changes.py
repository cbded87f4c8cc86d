"""A filed order that is changed: what it tells from then on is for this once, in one person's channels as in another's."""

from __future__ import annotations

import argparse
from datetime import timedelta
from typing import Any

import pytest

from services.audit import shell
from services.channels import joining, own_data
from services.channels.tables import ConversationRow
from services.context import Services
from services.tickets.core.actor import Actor, resident
from services.tickets.core.commands import CreateTicket
from tests.services.conftest import NOW
from tests.services.consents.test_records import CONSENT, booking, rows, stored
from tests.services.web.conftest import Client

MEAL = {"date": "2026-11-26", "meal": "lunch", "portions": 1, "mode": "delivery", "diet": ["soft"]}
DIABETIC = {"diet": ["diabetic"]}
KEEPS = {"purpose": "meal_diet", "said_by": "self"}
AUDITOR = Actor("staff", "auditor1", "auditor", "street")


@pytest.fixture(autouse=True)
async def a_tuesday(services: Services) -> None:
    """Whatever day it is: the canteen cooks on the next days."""
    await services.clock.set(services.db, NOW)


async def talk(services: Services, channel: Any = "web") -> str:
    return (await services.channels.open_session(channel)).session_id


async def order(services: Services, here: str, **more: Any) -> str:
    """File a meal that tells nothing sensitive; return its number."""
    body = {
        "conversation_id": here, "kind": "booking", "leaf": "C1", "narrative": "中午一份软和的",
        "appointment": MEAL, **more,
    }  # fmt: skip
    wanted = CreateTicket.model_validate(body)
    return str((await services.tickets.create(wanted, resident(here)))["ticket_no"])


async def change(
    services: Services, number: str, here: str, patch: dict[str, Any], **more: Any
) -> None:
    """Change it as the dialogue does, in words."""
    payload = {"appointment": patch, "text": "改成糖尿病餐"}
    await services.tickets.resident_act(number, "amend", payload, here, **more)


async def over(services: Services, number: str, here: str) -> None:
    """Take the order back: nobody does anything about it any more."""
    await services.tickets.resident_act(number, "withdraw", {"reason": "不要了"}, here)


async def later(services: Services, **time: int) -> None:
    await services.clock.set(services.db, services.clock.now() + timedelta(**time))


async def night(services: Services) -> list[str]:
    """Do the night's work, counted before as it is counted after; return the orders that lose something."""
    counted = await services.retention.due()
    done = await services.retention.purge()
    assert [(d.kind, d.refs, d.count) for d in counted] == [(d.kind, d.refs, d.count) for d in done]
    return [*next(d.refs for d in done if d.kind == "once")]


async def sound(services: Services) -> None:
    while await services.audit.seal():
        pass
    report = await services.audit.verify()
    assert report.count == 0, report.findings


async def test_what_a_change_tells_goes_thirty_days_after_the_order_is_done_with(
    services: Services,
) -> None:
    here = await talk(services)
    number = await order(services, here)
    assert await rows(services) == []
    await later(services, days=1)
    await change(services, number, here, DIABETIC)
    (row,) = await rows(services)
    assert (row.ticket_no, row.purpose, row.answer, row.said_by) == (
        number, "meal_diet", "once", "self",
    )  # fmt: skip
    assert (row.conversation_id, row.channel, row.by) == (here, "web", None)
    assert row.version == services.tickets.consents.version
    await sound(services)
    await later(services, days=50)
    assert await night(services) == [], "it is still to be done"
    await over(services, number, here)
    ended = services.clock.now()
    await services.clock.set(services.db, ended + timedelta(days=29, hours=23))
    assert await night(services) == [] and "diabetic" in await stored(services, number)
    await services.clock.set(services.db, ended + timedelta(days=30, minutes=1))
    assert await night(services) == [number]
    left = await stored(services, number)
    assert "diabetic" not in left and "糖尿病" not in left and "软和" not in left
    assert "2026-11-26" in left and "'portions': 1" in left, "the order itself stays"
    assert await night(services) == [], "once is enough"
    await sound(services)


async def test_a_change_that_tells_nothing_new_writes_nothing(services: Services) -> None:
    here = await talk(services)
    number = await order(services, here)
    await change(services, number, here, {"portions": 2})
    await change(services, number, here, {"diet": ["low_salt"]})
    assert await rows(services) == []
    await change(services, number, here, DIABETIC)
    await change(services, number, here, {"diet": ["diabetic", "halal"]})
    await change(services, number, here, {"portions": 3})
    assert len(await rows(services)) == 1, "one row says it of the order"


async def test_each_kind_of_change_is_noted_and_for_whom(services: Services) -> None:
    here = await talk(services)
    bath = CreateTicket.model_validate(
        booking(here, appointment={"date": "2026-12-03", "kind": "bath"})
    )
    number = str((await services.tickets.create(bath, resident(here)))["ticket_no"])
    await change(services, number, here, {"needs": "没电梯"})
    assert await rows(services) == [], "a lift is nobody's health"
    await change(services, number, here, {"needs": "没电梯、偏瘫"})
    (row,) = await rows(services)
    assert (row.purpose, row.relation) == ("care_health", "mother")
    each = await order(services, here)
    await change(services, each, here, {"diets": [{"portions": 1, "diet": ["halal"]}]})
    assert [r.purpose for r in await rows(services)] == ["care_health", "meal_diet"]


async def test_taken_out_again_the_history_goes_all_the_same(services: Services) -> None:
    here = await talk(services)
    number = await order(services, here)
    await change(services, number, here, DIABETIC)
    await change(services, number, here, {"diet": ["soft"], "time": None})
    (row,) = await rows(services)
    assert row.answer == "once" and row.withdrawn_at is None
    stored_data = await own_data.show(services, await services.channels.conversation(here))
    assert stored_data["consents"] == [], "nobody agreed to keep anything"
    assert await kept(services, number, here) == [], "there is nothing to keep any more"
    await over(services, number, here)
    await later(services, days=31)
    assert "diabetic" in await stored(services, number), "its history tells it"
    assert await night(services) == [number]
    left = await stored(services, number)
    assert "diabetic" not in left and "糖尿病" not in left
    assert "'diet': ['soft'], 'time': None" in left, "what tells nothing stays as it was said"
    view = await services.tickets.resident_get(number, here)
    assert view["appointment"]["diet"] == ["soft"]
    await sound(services)


async def kept(services: Services, number: str, here: str) -> list[str]:
    return await services.tickets.keep_told(number, here)


async def test_kept_after_a_change_it_stays_until_it_is_taken_back(services: Services) -> None:
    here = await talk(services)
    number = await order(services, here)
    await change(services, number, here, DIABETIC)
    assert await kept(services, number, here) == ["meal_diet"]
    assert await kept(services, number, here) == ["meal_diet"], "twice is once"
    assert [(r.answer, r.said_by) for r in await rows(services)] == [
        ("once", "self"), ("given", "self"),
    ]  # fmt: skip
    await over(services, number, here)
    await later(services, days=40)
    assert await night(services) == [] and "diabetic" in await stored(services, number)
    conversation = await services.channels.conversation(here)
    assert len((await own_data.show(services, conversation))["consents"]) == 1
    await own_data.change(services, conversation, "withdraw")
    assert "diabetic" not in await stored(services, number)
    assert all(r.withdrawn_at is not None for r in await rows(services))
    assert await night(services) == [], "nothing is left to be erased a second time"
    await sound(services)


async def test_a_consent_that_stands_covers_a_change_and_one_that_was_ended_does_not(
    services: Services,
) -> None:
    here = await talk(services)
    first = await order(services, here, appointment={**MEAL, **DIABETIC}, consents=[KEEPS])
    second = await order(services, here)
    await change(services, second, here, DIABETIC)
    assert [r.answer for r in await rows(services)] == ["given"]
    await own_data.change(services, await services.channels.conversation(here), "withdraw")
    for number in (first, second):
        assert "diabetic" not in await stored(services, number), "taken back after the change"
    await later(services, hours=1)
    await change(services, second, here, DIABETIC)
    assert [(r.answer, r.withdrawn_at is None) for r in await rows(services)] == [
        ("given", False), ("once", True),
    ]  # fmt: skip
    await services.retention.pending.work()
    assert "diabetic" in await stored(services, second), "told anew it serves the order"
    await over(services, second, here)
    await later(services, days=31)
    assert await night(services) == [second]
    assert "diabetic" not in await stored(services, second)


async def test_what_was_ended_before_an_order_is_no_matter_of_it(services: Services) -> None:
    """Its own part goes in its own time; what an older consent ended stays out of it."""
    here = await talk(services)
    await order(services, here, appointment={**MEAL, **DIABETIC}, consents=[KEEPS])
    await own_data.change(services, await services.channels.conversation(here), "withdraw")
    await later(services, days=1)
    hers = {**KEEPS, "said_by": "proxy", "relation": "mother"}
    anew = {"subject": {"relation": "mother"}, "consents": [hers]}
    await order(services, here, appointment={**MEAL, **DIABETIC}, **anew)
    wanted = booking(here, appointment={"date": "2026-12-03", "kind": "bath", "needs": "偏瘫",
                                        "diet": ["diabetic"]})  # fmt: skip
    made = await services.tickets.create(CreateTicket.model_validate(wanted), resident(here))
    number = str(made["ticket_no"])
    await over(services, number, here)
    await later(services, days=31)
    assert await night(services) == [number]
    left = await stored(services, number)
    assert "偏瘫" not in left and "diabetic" in left, "that somebody agreed to keep afterwards"


async def test_told_anew_while_it_was_held_it_serves_the_order_when_it_is_freed(
    services: Services,
) -> None:
    here = await talk(services)
    number = await order(services, here, appointment={**MEAL, **DIABETIC}, consents=[KEEPS])
    await services.tickets.act(number, "hold", {"reason": "立案"}, AUDITOR)
    await own_data.change(services, await services.channels.conversation(here), "withdraw")
    await change(services, number, here, {"diet": []})
    await change(services, number, here, DIABETIC)
    assert [r.answer for r in await rows(services) if r.withdrawn_at is None] == ["once"]
    await services.tickets.act(number, "release", {"reason": "结了"}, AUDITOR)
    await later(services, hours=1)
    await services.retention.pending.work()
    view = await services.tickets.resident_get(number, here)
    assert view["appointment"]["diet"] == ["diabetic"], "the canteen cooks what was ordered"


async def test_of_what_staff_wrote_down_a_change_of_something_else_tells_nothing(
    services: Services,
) -> None:
    clerk = Actor("staff", "clerk1", "clerk", "community", community_id="qinghe-c1")
    async with services.db.write() as s:
        known = (await services.people.save_resident(s)).id
    wanted = CreateTicket(
        channel="phone", leaf="C1", kind="booking", narrative="订糖尿病餐", resident_id=known,  # type: ignore[arg-type]
        appointment={**MEAL, **DIABETIC},
    )  # fmt: skip
    number = str((await services.tickets.create(wanted, clerk))["ticket_no"])
    here = await talk(services)
    await change(services, number, here, {"portions": 2}, resident_id=known)
    assert await rows(services) == []
    await change(services, number, here, {"diet": ["diabetic", "halal"]}, resident_id=known)
    assert [(r.answer, r.channel) for r in await rows(services)] == [("once", "phone")]


async def test_evidence_is_neither_counted_nor_erased_until_it_is_freed(
    services: Services,
) -> None:
    here = await talk(services)
    number = await order(services, here)
    await change(services, number, here, DIABETIC)
    await over(services, number, here)
    await services.tickets.act(number, "hold", {"reason": "立案"}, AUDITOR)
    await later(services, days=60)
    assert await night(services) == [] and "diabetic" in await stored(services, number)
    await services.tickets.act(number, "release", {"reason": "结了"}, AUDITOR)
    assert await night(services) == [number], "its time was over long ago"
    assert "diabetic" not in await stored(services, number)


async def test_each_meal_of_a_changed_standing_order_goes_by_itself(services: Services) -> None:
    here = await talk(services)
    daily = {**MEAL, "habit": {"recur": "daily"}}
    number = await order(services, here, appointment=daily)
    await services.standing.follow(number, here)
    await change(services, number, here, DIABETIC)
    await later(services, days=2)
    await services.standing.work()
    newest = next(t["ticket_no"] for t in await services.tickets.resident_list(here))
    assert newest != number and "diabetic" in await stored(services, newest)
    assert [(r.ticket_no, r.answer) for r in await rows(services)] == [
        (number, "once"), (newest, "once"),
    ]  # fmt: skip
    await over(services, number, here)
    assert (await services.standing.pause(newest, [here]))["cooking"] is None
    await later(services, days=40)
    assert await night(services) == [number], "a paused order is not done with"
    again = await services.standing.resume(newest, [here])
    assert again["ticket"]["appointment"]["diet"] == ["diabetic"], "the next meal is the right one"
    assert await night(services) == [newest]


async def join(services: Services, mine: str, other: str) -> None:
    """Make two conversations one resident's, as the yes to it does."""
    async with services.db.write() as s:
        one = await services.people.save_resident(s)
        for id in (mine, other):
            (await s.get_one(ConversationRow, id)).resident_id = one.id


@pytest.mark.parametrize("joined", ["before", "after"])
async def test_a_yes_in_one_channel_spares_what_was_told_in_another(
    services: Services, joined: str
) -> None:
    web, wechat = await talk(services), await talk(services, "wechat")
    stranger = await talk(services, "wechat")
    kept_there = await order(services, web, appointment={**MEAL, **DIABETIC}, consents=[KEEPS])
    if joined == "before":
        await join(services, web, wechat)
    told = await order(services, wechat, appointment={**MEAL, **DIABETIC})
    changed = await order(services, wechat)
    await change(services, changed, wechat, DIABETIC)
    strange = await order(services, stranger, appointment={**MEAL, **DIABETIC})
    once = [r.ticket_no for r in await rows(services) if r.answer == "once"]
    assert once == ([strange] if joined == "before" else [told, changed, strange])
    if joined == "after":
        await join(services, web, wechat)
    for number, where in ((told, wechat), (changed, wechat), (strange, stranger)):
        await over(services, number, where)
    await later(services, days=31)
    assert await night(services) == [strange]
    for number in (kept_there, told, changed):
        assert "diabetic" in await stored(services, number)
    # Taken back in the one that never gave it: what the other kept goes, too.
    await own_data.change(services, await services.channels.conversation(wechat), "withdraw")
    for number in (kept_there, told, changed):
        assert "diabetic" not in await stored(services, number)
    assert await night(services) == []
    await sound(services)


async def test_evidence_of_a_joined_channel_goes_when_it_is_freed_though_they_have_parted(
    services: Services,
) -> None:
    web, wechat = await talk(services), await talk(services, "wechat")
    await join(services, web, wechat)
    await order(services, web, appointment={**MEAL, **DIABETIC}, consents=[KEEPS])
    there = await order(services, wechat, appointment={**MEAL, **DIABETIC})
    await services.tickets.act(there, "hold", {"reason": "立案"}, AUDITOR)
    await own_data.change(services, await services.channels.conversation(web), "withdraw")
    assert not (await services.channels.conversation(web)).siblings, "they are two again"
    assert "diabetic" in await stored(services, there)
    await services.tickets.act(there, "release", {"reason": "结了"}, AUDITOR)
    await later(services, hours=1)
    await services.retention.pending.work()
    assert "diabetic" not in await stored(services, there)
    await sound(services)


async def test_the_shell_counts_as_the_night_does(
    services: Services, capsys: pytest.CaptureFixture[str]
) -> None:
    here = await talk(services)
    number = await order(services, here, appointment={**MEAL, **DIABETIC})
    await over(services, number, here)
    await later(services, days=31)
    said = []
    for dry in (True, True, False, False):
        await shell.purge(services, argparse.Namespace(dry_run=dry))
        line = next(x for x in capsys.readouterr().out.splitlines() if x.startswith("once"))
        said.append((line.split()[1], "（30天）" in line, number in line))
    assert said == [("1", True, True)] * 3 + [("0", True, False)]


async def test_a_consent_of_oneself_does_not_cover_what_is_told_of_ones_mother(
    services: Services,
) -> None:
    web, wechat = await talk(services), await talk(services, "wechat")
    await join(services, web, wechat)
    await order(services, web, appointment={**MEAL, **DIABETIC}, consents=[KEEPS])
    hers = await order(
        services, wechat, appointment={**MEAL, **DIABETIC}, subject={"relation": "mother"}
    )
    assert [r.relation for r in await rows(services)] == [None, "mother"]
    await over(services, hers, wechat)
    await later(services, days=31)
    assert await night(services) == [hers]


async def test_parted_again_each_channel_goes_by_its_own(services: Services) -> None:
    web, wechat = await talk(services), await talk(services, "wechat")
    await join(services, web, wechat)
    here = await order(services, web, appointment={**MEAL, **DIABETIC}, consents=[KEEPS])
    there = await order(services, wechat, appointment={**MEAL, **DIABETIC})
    await over(services, there, wechat)
    assert [r.answer for r in await rows(services)] == ["given"]
    await later(services, days=31)
    assert await night(services) == []
    async with services.db.write() as s:
        rules, now = services.tickets.consents, services.clock.now()
        await joining.part(s, services.people, wechat, rules, now)
    assert [(r.ticket_no, r.answer) for r in await rows(services)][1:] == [(there, "once")]
    assert await night(services) == [], "thirty days from now on"
    await later(services, days=31)
    assert await night(services) == [there]
    assert "diabetic" in await stored(services, here), "it was given there"


async def test_the_interface_notes_it_and_keeps_it(client: Client, services: Services) -> None:
    here = await talk(services)
    number = await order(services, here)
    auth = {"Authorization": f"Bearer {services.settings.internal_token}"}
    path = f"/internal/v1/tickets/{number}"
    body = {"conversation_id": here, "appointment": DIABETIC, "text": "改成糖尿病餐"}
    for _ in range(2):
        answer = await client.post(
            f"{path}/resident/amend", json=body, headers={**auth, "Idempotency-Key": "c1"}
        )
        assert answer.status == 200
    assert [r.answer for r in await rows(services)] == ["once"], "sent twice it is one change"
    keep = {"conversation_id": here}
    answer = await client.post(
        f"{path}/consents", json=keep, headers={**auth, "Idempotency-Key": "c2"}
    )
    assert (answer.status, await answer.json()) == (200, {"kept": ["meal_diet"]})
    assert [r.answer for r in await rows(services)] == ["once", "given"]
    other = {"conversation_id": await talk(services)}
    answer = await client.post(
        f"{path}/consents", json=other, headers={**auth, "Idempotency-Key": "c3"}
    )
    assert answer.status == 404, "nobody agrees to it in another's stead"


async def test_a_consent_of_another_order_covers_no_child(services: Services) -> None:
    here = await talk(services)
    body = {"conversation_id": here, "kind": "booking", "leaf": "F3", "narrative": "报托管",
            "consents": [{"purpose": "child", "said_by": "guardian"}]}  # fmt: skip
    made = await services.tickets.create(CreateTicket.model_validate(body), resident(here))
    number = str(made["ticket_no"])
    await change(services, number, here, {"needs": "过敏"})
    assert [(r.purpose, r.answer) for r in await rows(services)] == [
        ("child", "given"), ("care_health", "once"),
    ]  # fmt: skip
    assert CONSENT["purpose"] in await kept(services, number, here)
