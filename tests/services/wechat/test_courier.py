"""What is owed reaches the resident: in order, once, as soon as WeChat allows it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta

import pytest
from aiohttp import ClientSession

from services.channels.wechat import courier
from services.channels.wechat.courier import Courier
from services.outbox.worker import run_due
from services.tickets.core.actor import Actor
from tests.services.channels.conftest import PASSWORD
from tests.services.channels.fake_rasa import FakeRasa
from tests.services.wechat.conftest import (
    Product,
    Start,
    deliveries,
    eventually,
    move,
    tell,
    the_user,
)
from tests.wechat_sim.faults import ApiFaults
from tests.wechat_sim.phone import Phone
from tests.wechat_sim.simulator import Simulator

SEND = "/cgi-bin/message/custom/send"


@pytest.fixture(autouse=True)
def rules(simulator: Simulator) -> Iterator[None]:
    """No test ends with a broken rule of WeChat."""
    yield
    assert [str(v) for v in simulator.recorder.violations] == []


@pytest.fixture
async def talking(product: Product, phone: Phone, rasa: FakeRasa) -> AsyncIterator[Phone]:
    """A resident who has said something and been answered."""
    rasa.replies = [{"text": "好的。"}]
    await phone.say("在吗")
    yield phone


async def states(product: Product) -> list[str]:
    return [d.state for d in await deliveries(product)]


async def all_delivered(product: Product) -> bool:
    return set(await states(product)) == {"delivered"}


def sent(simulator: Simulator) -> int:
    return len(simulator.recorder.calls(SEND))


# -- in order, and no more than allowed -----------------------------------------------------


async def test_changes_come_in_order(product: Product, talking: Phone) -> None:
    said = [f"第{n}个变化" for n in range(4)]
    for words in said:
        await tell(product, words)
    await talking.wait_for(said[-1])
    told = "\n".join(talking.screen.told())
    assert [told.count(words) for words in said] == [1] * 4
    assert [told.index(words) for words in said] == sorted(told.index(w) for w in said)


async def test_what_a_person_says_is_told_as_such(product: Product, talking: Phone) -> None:
    channels = product.services.channels
    user = await the_user(product)
    await channels.raise_alert(user.conversation_id, "human", None, "找个人")
    clerk = Actor("staff", "clerk1", "clerk", "community", "qinghe-c1")
    (handoff,) = await channels.handoffs(clerk)
    await channels.reply(clerk, handoff.id, "您慢慢说")
    line = await talking.wait_for("您慢慢说")
    assert "【工作人员】您慢慢说" in line.text
    await eventually(lambda: all_delivered(product))
    view = (await channels.handoff(clerk, handoff.id)).body()
    assert {m["delivery"] for m in view["messages"] if m["from"] == "human"} == {"delivered"}
    assert {m["delivery"] for m in view["messages"] if m["from"] == "resident"} == {None}


async def test_staff_see_what_has_not_arrived(
    simulator: Simulator, product: Product, talking: Phone
) -> None:
    channels = product.services.channels
    user = await the_user(product)
    await channels.raise_alert(user.conversation_id, "human", None, "找个人")
    await move(product, simulator, timedelta(hours=49))
    clerk = Actor("staff", "clerk1", "clerk", "community", "qinghe-c1")
    (handoff,) = await channels.handoffs(clerk)
    await channels.reply(clerk, handoff.id, "您慢慢说")
    async with (
        ClientSession() as client,
        client.post(
            f"{product.url}/api/v1/auth/token", json={"username": "clerk1", "password": PASSWORD}
        ) as answer,
    ):
        headers = {"Authorization": f"Bearer {(await answer.json())['token']}"}
        async with client.get(f"{product.url}/console/handoffs/{handoff.id}", headers=headers) as r:
            page = await r.text()
    assert "微信还没送到" in page


async def test_no_more_than_wechat_allows(
    simulator: Simulator, product: Product, talking: Phone
) -> None:
    said = [f"第{n}个变化" for n in range(8)]
    for n, words in enumerate(said):
        await tell(product, words, [{"title": "好", "payload": f"/p{n}"}])
    await talking.wait_for("您回我一句")
    await eventually(lambda: _is(sent(simulator) == 5))
    assert talking.left == 0 and simulator.recorder.refusals == {}
    after = len(talking.screen.lines)
    await talking.say("好的")
    await talking.wait_for("好的。", after=after)
    told = "\n".join(talking.screen.told())
    assert [told.count(words) for words in said] == [1] * 8
    assert [told.index(words) for words in said] == sorted(told.index(w) for w in said)


async def test_after_two_days_it_is_told_first_when_the_resident_writes(
    simulator: Simulator, product: Product, talking: Phone, rasa: FakeRasa
) -> None:
    await move(product, simulator, timedelta(hours=49))
    await tell(product, "师傅接单了")
    await eventually(lambda: _waits(product))
    assert sent(simulator) == 0, "asking WeChat would be of no use"
    await move(product, simulator, timedelta(hours=1))
    rasa.replies = [{"text": "八点半上班。"}]
    await talking.say("几点上班")
    assert talking.screen.told()[-1] == (
        "前面有话没能发给您，先补上：\n\n师傅接单了\n\n八点半上班。"
    )
    await eventually(lambda: all_delivered(product))


async def test_what_was_missed_does_not_wait_for_a_slow_answer(
    simulator: Simulator, product: Product, talking: Phone, rasa: FakeRasa, impatient: float
) -> None:
    await move(product, simulator, timedelta(hours=49))
    await tell(product, "师傅接单了")
    rasa.delay_s = impatient + 0.3
    rasa.replies = [{"text": "八点半上班。"}]
    delivery = await talking.say("几点上班")
    assert delivery.shown is not None and "师傅接单了" in delivery.shown
    assert (await talking.wait_for("八点半上班")).who == "service"
    assert "\n".join(talking.screen.told()).count("师傅接单了") == 1


async def test_who_has_left_is_told_when_they_come_back(
    simulator: Simulator, product: Product, talking: Phone
) -> None:
    await talking.unsubscribe()
    await tell(product, "师傅接单了")
    await eventually(lambda: _waits(product))
    assert sent(simulator) == 0
    await talking.subscribe()
    await talking.wait_for("师傅接单了")


async def test_what_waits_is_not_lost_to_who_leaves(
    simulator: Simulator, product: Product, talking: Phone
) -> None:
    simulator.faults.api = ApiFaults(busy=1.0)
    await tell(product, "师傅接单了")
    await talking.unsubscribe()
    simulator.faults.clear()
    await eventually(lambda: _waits(product))
    await talking.subscribe()
    assert "师傅接单了" in talking.screen.told()[-1]


async def test_a_tap_on_the_menu_opens_the_window_for_a_minute(
    simulator: Simulator, product: Product, talking: Phone
) -> None:
    await move(product, simulator, timedelta(hours=49))
    await talking.menu("unknown")
    await tell(product, "师傅接单了")
    assert (await talking.wait_for("师傅接单了")).who == "service"


async def test_wechats_word_counts_more_than_our_count(
    simulator: Simulator, product: Product, talking: Phone
) -> None:
    talking.window.close()
    await tell(product, "师傅接单了")
    await eventually(lambda: _waits(product))
    assert simulator.recorder.refusals[45015] == 1
    await tell(product, "师傅出门了")
    await eventually(lambda: _waits(product))
    assert simulator.recorder.refusals[45015] == 1, "not asked again"
    await talking.say("咋样了")
    told = talking.screen.told()[-1]
    assert told.index("师傅接单了") < told.index("师傅出门了") < told.index("好的。")


async def test_choices_are_the_last_of_a_text(product: Product, talking: Phone) -> None:
    await tell(product, "解决了吗？", [{"title": "解决了", "payload": "/affirm"}])
    await tell(product, "还有一件事")
    await talking.wait_for("还有一件事")
    assert talking.screen.told()[1:] == ["解决了吗？\n\n回复数字选择：\n1. 解决了", "还有一件事"]


async def test_a_message_without_words_needs_no_telling(
    simulator: Simulator, product: Product, talking: Phone
) -> None:
    await tell(product, "")
    await eventually(lambda: all_delivered(product))
    assert sent(simulator) == 0


# -- when WeChat is out of order ------------------------------------------------------------


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(courier, "BACKOFF_S", (0.2,))


@pytest.mark.parametrize(
    "faults",
    [
        ApiFaults(busy=1.0),
        ApiFaults(error=1.0),
        ApiFaults(drop_before=1.0),
        ApiFaults(hang=1.0, hang_s=0.5),
    ],
    ids=["busy", "502", "drops", "hangs"],
)
async def test_it_comes_once_when_wechat_is_back(
    simulator: Simulator, product: Product, talking: Phone, soon: None, faults: ApiFaults
) -> None:
    simulator.faults.api = faults
    await tell(product, "师傅接单了")
    await eventually(lambda: _is(len(simulator.recorder.exchanges) > 4))
    simulator.faults.clear()
    await talking.wait_for("师傅接单了")
    await eventually(lambda: all_delivered(product))
    assert "\n".join(talking.screen.told()).count("师傅接单了") == 1
    assert (await the_user(product)).message_left == talking.left or faults.drop_before


async def test_what_may_have_arrived_is_repeated_once(
    simulator: Simulator, product: Product, talking: Phone, soon: None
) -> None:
    """The message is shown, and the connection breaks before WeChat has said so."""
    simulator.faults.api = ApiFaults(drop_after=1.0, paths=frozenset({SEND}))
    await tell(product, "师傅接单了")
    await eventually(lambda: _waits(product))
    assert sent(simulator) == 2
    simulator.faults.clear()
    # It is not sent for its own sake any more, but whoever writes shall not have missed it.
    await tell(product, "师傅出门了")
    await talking.wait_for("师傅出门了")
    await eventually(lambda: all_delivered(product))
    assert sent(simulator) == 3


async def test_a_doubt_waits_until_wechat_answers_at_all(
    simulator: Simulator, product: Product, talking: Phone, soon: None
) -> None:
    await tell(product, "受理了")
    await talking.wait_for("受理了")
    simulator.faults.api = ApiFaults(hang=1.0, hang_s=0.3)
    await tell(product, "师傅接单了")
    await eventually(lambda: _is(sent(simulator) == 2))
    looks = len(simulator.recorder.exchanges)
    await eventually(lambda: _is(len(simulator.recorder.exchanges) > looks + 4), 20)
    assert sent(simulator) == 2, "everything since was only a look whether it answers"


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_process_that_dies_while_it_sends(
    simulator: Simulator,
    start: Start,
    rasa: FakeRasa,
    monkeypatch: pytest.MonkeyPatch,
    when: str,
) -> None:
    monkeypatch.setattr(courier, "LEASE", timedelta(seconds=1))
    dying = await start()
    simulator.connect(dying.url)
    phone = simulator.phone()
    await phone.say("在吗")
    real = Courier._send
    died = False

    async def send(self: Courier, job: object) -> object:
        nonlocal died
        if self is dying.services.wechat.courier:
            if when == "after" and not died:
                await real(self, job)  # type: ignore[arg-type]
            died = True
            raise RuntimeError("killed")
        return await real(self, job)  # type: ignore[arg-type]

    monkeypatch.setattr(Courier, "_send", send)
    await tell(dying, "师傅接单了")
    await eventually(lambda: _is(died))
    await dying.server.close()
    living = await start()
    await phone.wait_for("师傅接单了")
    await eventually(lambda: all_delivered(living))
    assert "\n".join(phone.screen.told()).count("师傅接单了") == (1 if when == "before" else 2)


async def test_two_processes_do_not_both_send(
    simulator: Simulator, start: Start, rasa: FakeRasa
) -> None:
    first, second = await start(), await start()
    simulator.connect(first.url, second.url)
    phone = simulator.phone()
    await phone.say("在吗")
    for n in range(5):
        await tell(first, f"第{n}个变化")
        await first.services.wechat.work()
        await second.services.wechat.work()
    await phone.wait_for("第4个变化")
    told = "\n".join(phone.screen.told())
    assert [told.count(f"第{n}个变化") for n in range(5)] == [1] * 5


async def test_a_text_wechat_calls_too_long_is_cut_smaller(
    simulator: Simulator, product: Product, talking: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.wechat_sim import platform

    monkeypatch.setattr(platform, "MAX_BYTES", 1100)
    text = "".join(f"第{n}条，请您看仔细。" for n in range(60))
    await tell(product, text)
    await talking.wait_for("第59条")
    assert "".join(talking.screen.told()[1:]) == text
    simulator.recorder.violations.clear()  # it had to find out


async def test_what_wechat_never_takes_fails_and_holds_up_nothing(
    simulator: Simulator, product: Product, talking: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        simulator.platform,
        "_content",
        lambda body: (
            simulator.platform._refuse(40008)
            if "坏" in body["text"]["content"]
            else body["text"]["content"]
        ),
    )
    await tell(product, "坏消息", [{"title": "好", "payload": "/affirm"}])
    await tell(product, "好消息")
    await talking.wait_for("好消息")
    await eventually(lambda: _is_list(product, ["delivered", "failed", "delivered"]))
    assert "40008" in ((await deliveries(product))[1].error or "")


# -- tickets --------------------------------------------------------------------------------


async def test_what_is_sent_is_counted_whoever_sends_it(
    simulator: Simulator, product: Product, talking: Phone, start: Start
) -> None:
    await tell(product, "第一个")
    await talking.wait_for("第一个")
    other = await start()
    simulator.faults.api = ApiFaults(busy=1.0)
    await tell(product, "第二个")
    await other.services.wechat.work()
    await eventually(lambda: _counted(other, "not_done"))
    for each in (product, other):
        async with ClientSession() as client, client.get(f"{each.url}/metrics") as answer:
            assert answer.status == 200
            shown = await answer.text()
        sends = 'linda_wechat_sends_total{account="demo",outcome='
        assert f'{sends}"delivered"}} 1.0' in shown and f'{sends}"not_done"}}' in shown
        assert "linda_http_requests_total" in shown, "those of the process are there, too"


async def _counted(product: Product, outcome: str) -> bool:
    return any(found == outcome for _, found, _ in await product.services.wechat.sends())


async def test_the_worker_alone_delivers_too(
    simulator: Simulator, product: Product, talking: Phone
) -> None:
    await product.server.close()
    from services.context import build

    worker = build(product.services.settings)
    try:
        user = await the_user(product)
        async with worker.db.write() as s:
            await worker.channels.say(s, user.conversation_id, "师傅接单了", key="k")
        await run_due(worker)
        assert "师傅接单了" in talking.screen.told()
    finally:
        await worker.close()


async def _is(true: bool) -> bool:
    return true


async def _is_list(product: Product, wanted: list[str]) -> bool:
    return await states(product) == wanted


async def _waits(product: Product) -> bool:
    rows = [d for d in await deliveries(product) if d.state != "delivered"]
    return bool(rows) and all(d.state == "owed" and d.due_at is None for d in rows)
