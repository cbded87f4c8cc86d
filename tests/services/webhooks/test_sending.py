"""What a receiver gets, whatever it does: signed, in order, again until it has taken it."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from services.context import Services
from services.errors import LindaError
from services.outbox.worker import run_due
from services.tickets.core.actor import Actor
from services.tickets.core.workflow import TRANSITIONS, To
from services.webhooks import signing
from services.webhooks.tables import MessageRow, WebhookRow
from tests.patience import until
from tests.services.conftest import TestClock
from tests.services.webhooks.conftest import ADMIN, GRID, Receiver, Subscribe, filed, sent

CALLBACK = Actor("staff", "callback1", "callback", "street")


async def test_what_happens_is_told_once_each_in_order_and_signed(
    services: Services, receiver: Receiver, subscribe: Subscribe
) -> None:
    _, secret = await subscribe()
    number = await filed(services)
    await services.tickets.act(number, "sign", {}, GRID)
    await run_due(services)
    assert await sent(services) == 3
    assert [t["type"] for t in receiver.told()] == [
        "ticket.submitted", "ticket.dispatched", "ticket.signed",
    ]  # fmt: skip
    assert [t["data"]["state"] for t in receiver.told()] == ["SUBMITTED", "DISPATCHED", "ACTIVE"]
    versions = [t["data"]["version"] for t in receiver.told()]
    assert versions == sorted(versions)
    assert len(set(receiver.ids())) == 3
    for headers, body in receiver.got:
        made = signing.signature(
            secret, headers["webhook-id"], int(headers["webhook-timestamp"]), body
        )
        assert headers["webhook-signature"] == made
        assert int(headers["webhook-timestamp"]) == pytest.approx(
            services.clock.now().timestamp(), abs=60
        )
    # The same work done again, as after a crash of the worker, tells nothing anew.
    for version in range(1, 5):
        await services.webhooks.collect(number, version)
    assert await sent(services) == 0


def test_whatever_changes_the_state_of_a_ticket_can_be_subscribed_to(services: Services) -> None:
    changing = {
        line.event
        for line in TRANSITIONS
        for source in line.sources
        if line.to is not To.SAME and line.to is not source
    }
    assert changing - set(services.webhooks.rules.events) == set()


async def test_the_unit_hears_what_the_callback_said_and_not_what_the_resident_thought(
    services: Services, receiver: Receiver, subscribe: Subscribe
) -> None:
    """《北京市接诉即办工作条例》第二十八条: callback results go to the unit, the person does not."""
    await subscribe(events=["callback_unsolved", "callback_solved"], org_id="grid")
    number = await filed(services)
    for action, facts in (
        ("sign", {}),
        ("contact", {"way": "phone", "result": "reached"}),
        ("resolve", {"outcome": "solved", "reply": "换了", "evidence_note": "天黑"}),
    ):
        await services.tickets.act(number, action, facts, GRID)
    answer = {"result": "unsolved", "score": 1, "text": "态度太差了"}
    await services.tickets.act(number, "callback", answer, CALLBACK)
    await run_due(services)
    await sent(services)
    (told,) = receiver.told()
    assert told["type"] == "ticket.callback_unsolved" and told["data"]["state"] == "REWORK"
    assert "态度" not in receiver.got[0][1].decode() and "score" not in receiver.got[0][1].decode()


async def test_nothing_of_the_person_is_told(
    services: Services, receiver: Receiver, subscribe: Subscribe
) -> None:
    await subscribe()
    await filed(services)
    await sent(services)
    for _, body in receiver.got:
        text = body.decode()
        assert not [p for p in ("张", "138", "301", "楼道灯坏了", '"c1"', "单元") if p in text]
    assert receiver.told()[0]["data"]["place"]["building_id"] == "xingfu-3"


async def test_a_confidential_matter_names_no_building_and_a_restricted_one_is_not_told(
    services: Services, receiver: Receiver, subscribe: Subscribe
) -> None:
    await subscribe()
    await filed(services, confidential=True)
    await filed(services, leaf="F4", narrative="隔壁打孩子")
    await sent(services)
    assert {t["data"]["leaf"] for t in receiver.told()} == {"H6"}
    assert set(receiver.told()[0]["data"]["place"]) == {"community_id", "community"}


async def test_filters_by_unit_and_community(
    services: Services, receiver: Receiver, subscribe: Subscribe
) -> None:
    grid, _ = await subscribe(org_id="grid")
    water, _ = await subscribe(org_id="water")
    here, _ = await subscribe(community_id="qinghe-c1")
    await filed(services)
    await filed(services, place=None, address_text="不知道在哪儿")
    found = {w: [m.event for m in await services.webhooks.messages(w)] for w in (grid, water, here)}
    assert (len(found[water]), len(found[here])) == (0, 2)
    assert set(found[here]) == {"submitted", "dispatched"}
    owner = (await services.tickets.get(await filed(services), GRID))["owner_org"]
    assert found[grid] == (["dispatched"] if owner == "grid" else [])


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (500, "对方回了 500"), (404, "对方回了 404"), ("hang", "等不到回应"),
        ("close", "连接断了"), ("redirect", "对方回了 302"),
    ],
)  # fmt: skip
async def test_a_failure_is_tried_again_later_with_the_same_id(
    services: Services, receiver: Receiver, subscribe: Subscribe, clock: TestClock,
    answer: int | str, words: str,
) -> None:  # fmt: skip
    id, _ = await subscribe(events=["submitted"])
    receiver.answers = [answer]
    await filed(services)
    assert await sent(services) == 1
    message = (await services.webhooks.messages(id))[0]
    assert (message.state, message.attempts, message.answer) == ("waiting", 1, words)
    clock.advance(seconds=services.webhooks.rules.pauses_s[0] - 1)
    assert await sent(services) == 0
    clock.advance(seconds=2)
    assert await sent(services) == 1
    assert (await services.webhooks.messages(id))[0].state == "delivered"
    assert len(receiver.got) == 2 and len(set(receiver.ids())) == 1
    assert receiver.got[0][1] == receiver.got[1][1]


async def test_who_finishes_waits_for_what_another_process_is_sending(
    services: Services, receiver: Receiver, subscribe: Subscribe
) -> None:
    """The tick of a test is over when the receiver has had everything, whoever sent it."""
    id, _ = await subscribe(events=["submitted", "dispatched"])
    receiver.answers = ["hang"]
    await filed(services)
    other = asyncio.create_task(services.webhooks.work())
    await until(lambda: len(receiver.got) == 1, "the first message")
    assert await services.webhooks.work() == 0, "what is being sent is not sent twice"
    assert await services.webhooks.finish() == 0
    assert [m.attempts for m in await services.webhooks.messages(id)] == [0, 1]
    assert await other == 1
    assert await services.webhooks.finish() == 0


async def test_an_endless_answer_is_not_read(
    services: Services, receiver: Receiver, subscribe: Subscribe
) -> None:
    id, _ = await subscribe(events=["submitted"])
    receiver.answers = ["endless"]
    await filed(services)
    await sent(services)
    assert (await services.webhooks.messages(id))[0].state == "delivered"


async def test_a_failure_holds_back_what_comes_after_and_then_waits_aside(
    services: Services, receiver: Receiver, subscribe: Subscribe, clock: TestClock
) -> None:
    rules = services.webhooks.rules
    await subscribe(events=["submitted"])
    receiver.answers = [500] * rules.holding_attempts
    first = await filed(services)
    second = await filed(services, conversation_id="c2")
    for pause in rules.pauses_s[: rules.holding_attempts - 1]:
        assert await sent(services) == 1
        clock.advance(seconds=pause + 1)
    assert {t["data"]["ticket_no"] for t in receiver.told()} == {first}
    assert await sent(services) == 2  # the first for the last holding time, then the second
    assert receiver.told()[-1]["data"]["ticket_no"] == second
    clock.advance(seconds=rules.pauses_s[rules.holding_attempts - 1] + 1)
    assert await sent(services) == 1
    assert receiver.told()[-1]["data"]["ticket_no"] == first


async def test_after_the_last_attempt_it_is_dead_and_can_be_replayed(
    services: Services, receiver: Receiver, subscribe: Subscribe, clock: TestClock
) -> None:
    rules = services.webhooks.rules
    id, _ = await subscribe(events=["submitted"])
    receiver.answers = [503] * (len(rules.pauses_s) + 1)
    started = clock.now()
    await filed(services)
    for pause in rules.pauses_s:
        assert await sent(services) == 1
        clock.advance(seconds=pause + 1)
    assert await sent(services) == 1
    message = (await services.webhooks.messages(id, "dead"))[0]
    assert message.attempts == len(rules.pauses_s) + 1
    clock.advance(days=2)
    assert await sent(services) == 0

    hour = timedelta(hours=1)
    late = started + hour
    assert await services.webhooks.replay_range(id, late, late + hour, ADMIN) == 0
    assert await services.webhooks.replay_range(id, started - hour, late, ADMIN) == 1
    assert await sent(services) == 1
    assert (await services.webhooks.messages(id))[0].state == "delivered"
    # A delivered one again, by its id: the receiver knows it by that id.
    assert await services.webhooks.replay(id, message.id, ADMIN) == 1
    assert await sent(services) == 1
    assert set(receiver.ids()) == {message.id}
    with pytest.raises(LindaError) as refused:
        await services.webhooks.replay(id, "msg_other", ADMIN)
    assert refused.value.code == "message_not_found"


async def test_gone_switches_the_subscription_off(
    services: Services, receiver: Receiver, subscribe: Subscribe, clock: TestClock
) -> None:
    id, _ = await subscribe(events=["submitted", "signed"])
    receiver.answers = [410]
    await filed(services)
    await filed(services, conversation_id="c2")
    assert await sent(services) == 1
    stopped = await services.webhooks.get(id)
    assert not stopped.active and "410" in str(stopped.stopped_why)
    clock.advance(days=1)
    assert await sent(services) == 0
    await filed(services, conversation_id="c3")  # off: nothing is collected
    await services.webhooks.switch(id, True, ADMIN)
    assert await sent(services) == 1  # the one that was owed when it was switched off
    assert len(await services.webhooks.messages(id)) == 2


async def test_a_replaced_secret_signs_beside_the_new_one_for_a_while(
    services: Services, receiver: Receiver, subscribe: Subscribe, clock: TestClock
) -> None:
    id, old = await subscribe(events=["submitted"])
    new = await services.webhooks.rotate(id, ADMIN)
    assert new != old
    await filed(services)
    await sent(services)
    headers, body = receiver.got[0]
    stamp = int(headers["webhook-timestamp"])
    both = [signing.signature(s, headers["webhook-id"], stamp, body) for s in (new, old)]
    assert headers["webhook-signature"].split(" ") == both
    clock.advance(hours=services.webhooks.rules.rotation_hours + 1)
    await filed(services, conversation_id="c2")
    await sent(services)
    headers, body = receiver.got[1]
    stamp = int(headers["webhook-timestamp"])
    assert headers["webhook-signature"] == signing.signature(
        new, headers["webhook-id"], stamp, body
    )


async def test_two_workers_at_once_send_each_message_once(
    services: Services, receiver: Receiver, subscribe: Subscribe
) -> None:
    await subscribe()
    for n in range(4):
        await filed(services, conversation_id=f"c{n}")
    await asyncio.gather(*(services.webhooks.work() for _ in range(4)))
    await sent(services)
    assert len(receiver.ids()) == len(set(receiver.ids())) == 8


async def test_who_died_while_sending_sends_it_again_when_the_lease_is_over(
    services: Services, receiver: Receiver, subscribe: Subscribe, clock: TestClock
) -> None:
    id, _ = await subscribe(events=["submitted"])
    receiver.answers = ["hang"]
    await filed(services)
    sending = asyncio.create_task(services.webhooks.work())
    while not receiver.got:
        await asyncio.sleep(0.01)
    sending.cancel()
    await asyncio.wait({sending})
    assert await sent(services) == 0
    clock.advance(seconds=61)
    assert await sent(services) == 1
    assert (await services.webhooks.messages(id))[0].state == "delivered"
    assert len(set(receiver.ids())) == 1


async def test_the_workers_loop_sends_by_itself(
    services: Services, receiver: Receiver, subscribe: Subscribe
) -> None:
    await subscribe(events=["submitted"])
    loop = asyncio.create_task(services.webhooks.keep_working())
    await filed(services)
    await until(lambda: receiver.got, "a message of the worker's loop")
    loop.cancel()
    await asyncio.wait({loop})
    assert len(receiver.got) == 1


async def test_secrets_are_not_readable_in_the_database(
    services: Services, subscribe: Subscribe
) -> None:
    id, secret = await subscribe()
    async with services.db.read() as s:
        row = await s.get(WebhookRow, id)
    assert row is not None and secret.removeprefix("whsec_") not in str(vars(row))


async def test_what_was_delivered_long_ago_is_forgotten(
    services: Services, subscribe: Subscribe, clock: TestClock
) -> None:
    await subscribe(events=["submitted"])
    await filed(services)
    await sent(services)
    assert await services.webhooks.tidy() == 0
    clock.advance(days=services.webhooks.rules.kept_days + 1)
    assert await services.webhooks.tidy() == 1
    async with services.db.read() as s:
        assert await s.scalar(select(func.count()).select_from(MessageRow)) == 0
