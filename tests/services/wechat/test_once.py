"""Each message has one effect and one answer, however often WeChat brings it and whoever dies."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from services.channels.service import ChannelService
from services.channels.tables import AttachmentRow, ConversationRow, MessageRow
from services.channels.wechat import service, store
from services.channels.wechat.courier import Courier
from services.channels.wechat.inbox import Inbox
from services.channels.wechat.tables import WeChatInboundRow, WeChatUserRow
from tests.patience import PATIENCE_S
from tests.services.channels.fake_rasa import FakeRasa
from tests.services.wechat.conftest import Product, Start, deliveries, eventually, move
from tests.wechat_sim import media
from tests.wechat_sim.courier import Timing
from tests.wechat_sim.faults import PushFaults
from tests.wechat_sim.phone import Phone
from tests.wechat_sim.simulator import Simulator


async def messages(product: Product) -> list[tuple[str, str]]:
    """Return sender and text of all messages, in order."""
    async with product.services.db.read() as s:
        rows = await s.scalars(select(MessageRow).order_by(MessageRow.seq))
        return [(m.sender, m.text) for m in rows]


async def post(simulator: Simulator, phone: Phone, fields: dict[str, Any], **query: str) -> str:
    """Send a message as the platform does; return the opened answer, empty for “no reply”."""
    phone.window.opened_by("message", simulator.clock.now())
    body, sealed = simulator.courier.packed(phone.account, fields)
    asked = {**simulator.courier.query(phone.account, phone.openid, sealed), **query}
    status, answer = await simulator.courier.post(phone.account, body, asked)
    if status != 200:
        return f"HTTP {status}"
    return "" if answer == "success" else opened(phone, answer)


def opened(phone: Phone, answer: str) -> str:
    from tests.wechat_sim.xml import parse

    sealed = parse(answer).findtext("Encrypt") or ""
    return parse(phone.account.envelope.decrypt(sealed)).findtext("Content") or ""


def message(
    simulator: Simulator, phone: Phone, text: str = "灯坏了", **more: Any
) -> dict[str, Any]:
    return {
        "ToUserName": phone.account.original_id,
        "FromUserName": phone.openid,
        "CreateTime": simulator.clock.epoch(),
        "MsgType": "text",
        "Content": text,
        "MsgId": 4711,
        **more,
    }


@pytest.mark.parametrize("processes", [1, 2])
async def test_three_copies_at_once(
    simulator: Simulator, start: Start, rasa: FakeRasa, processes: int
) -> None:
    products = [await start() for _ in range(processes)]
    simulator.connect(*(p.url for p in products))
    phone = simulator.phone()
    rasa.delay_s = 0.2
    account = phone.account
    fields = message(simulator, phone)

    async def one(n: int) -> str:
        account.callbacks = account.callbacks[1:] + account.callbacks[:1]
        return await post(simulator, phone, fields)

    answers = await asyncio.gather(*(one(n) for n in range(3)))
    assert len(set(answers)) == 1 and "答:灯坏了" in answers[0]
    assert rasa.handled == ["灯坏了"]
    assert [m for m in await messages(products[0]) if m[0] == "resident"] == [
        ("resident", "灯坏了")
    ]
    async with products[0].services.db.read() as s:
        assert len((await s.scalars(select(WeChatUserRow))).all()) == 1
        assert len((await s.scalars(select(ConversationRow))).all()) == 1
    await asyncio.sleep(0.8)
    assert phone.screen.told() == [], "nothing comes a second way"


async def _done(rasa: FakeRasa, messages: int) -> bool:
    return len(rasa.handled) >= messages


async def _kept(product: Product, messages: int) -> bool:
    async with product.services.db.read() as s:
        found = await s.scalars(select(WeChatInboundRow.id))
    return len(found.all()) >= messages


async def test_copies_of_a_photo_are_one_photo(
    simulator: Simulator, start: Start, rasa: FakeRasa
) -> None:
    products = [await start(), await start()]
    simulator.connect(*(p.url for p in products))
    phone = simulator.phone()
    kept = simulator.platform.media.add(media.photo(), "image/jpeg", simulator.clock.now())
    fields = message(simulator, phone, MsgType="image", MediaId=kept.media_id)
    account = phone.account

    async def one() -> str:
        account.callbacks = account.callbacks[1:] + account.callbacks[:1]
        return await post(simulator, phone, fields)

    answers = await asyncio.gather(*(one() for _ in range(4)))
    # On a busy machine the answer may come later, as a message of its own.
    told = set(answers) - {""}
    assert len(told) <= 1 and all(t.startswith("答:") for t in told)
    await eventually(lambda: _done(rasa, 1))
    assert [call["kind"] for call in rasa.calls] == ["attachment"]
    async with products[0].services.db.read() as s:
        assert len((await s.scalars(select(AttachmentRow))).all()) == 1


async def test_a_retry_to_another_process_gets_the_same_answer(
    simulator: Simulator, start: Start, rasa: FakeRasa
) -> None:
    first, second = await start(), await start()
    simulator.connect(first.url)
    phone = simulator.phone()
    answer = await post(simulator, phone, message(simulator, phone))
    simulator.connect(second.url)
    rasa.replies = [{"text": "something else"}]
    assert await post(simulator, phone, message(simulator, phone)) == answer
    assert rasa.handled == ["灯坏了"]


async def test_an_event_twice_is_one(simulator: Simulator, product: Product, phone: Phone) -> None:
    event = message(simulator, phone, MsgType="event", Event="subscribe", EventKey="")
    del event["MsgId"], event["Content"]
    first, second = await post(simulator, phone, event), await post(simulator, phone, event)
    assert first == second and "邻答" in first
    assert len(await messages(product)) == 1


async def test_what_was_acknowledged_stays_acknowledged(
    simulator: Simulator, product: Product, phone: Phone, rasa: FakeRasa, impatient: float
) -> None:
    rasa.delay_s = impatient + 0.3
    fields = message(simulator, phone)
    assert await post(simulator, phone, fields) == ""
    await phone.wait_for("答:灯坏了")
    assert await post(simulator, phone, fields) == ""
    assert len(phone.screen.told()) == 1


async def test_a_nonce_is_good_for_one_message(
    simulator: Simulator, product: Product, phone: Phone
) -> None:
    fields = message(simulator, phone)
    body, sealed = simulator.courier.packed(phone.account, fields)
    query = simulator.courier.query(phone.account, phone.openid, sealed)
    post_raw = simulator.courier.post
    assert (await post_raw(phone.account, body, query))[0] == 200
    assert (await post_raw(phone.account, body, query))[0] == 200, "as WeChat might retry it"
    await move(product, simulator, timedelta(seconds=31))
    assert (await post_raw(phone.account, body, query))[0] == 403, "WeChat has long given up"
    again = {"timestamp": query["timestamp"], "nonce": query["nonce"]}
    other = message(simulator, phone, "转账给我", MsgId=4712)
    body, sealed = simulator.courier.packed(phone.account, other)
    from tests.wechat_sim.crypto import signature

    forged = {
        **query,
        "msg_signature": signature(phone.account.token, *again.values(), sealed),
    }
    assert (await post_raw(phone.account, body, forged))[0] == 403
    assert [m for m in await messages(product) if m[0] == "resident"] == [("resident", "灯坏了")]


async def test_many_at_once_keep_their_order(
    simulator: Simulator, product: Product, phone: Phone, rasa: FakeRasa
) -> None:
    rasa.replies = []
    rasa.delay_s = 0.3
    said = [f"第{n}句" for n in range(12)]
    sending = []
    for n, words in enumerate(said, 1):
        sending.append(asyncio.create_task(phone.say(words)))
        # Each comes by a connection of its own: two of them that a busy process finds at once have no order.
        await eventually(lambda kept=n: _kept(product, kept))
    await asyncio.gather(*sending)
    await eventually(lambda: _done(rasa, len(said)))
    assert rasa.handled == said


async def test_what_goes_wrong_on_the_way(
    simulator: Simulator, product: Product, phone: Phone, rasa: FakeRasa
) -> None:
    simulator.faults.push = PushFaults(
        drop_before=0.2, drop_after=0.3, duplicate=0.4, needless_retry=0.3
    )
    said = [f"第{n}句" for n in range(15)]
    for words in said:
        await phone.say(words)
    assert rasa.handled == said
    told = phone.screen.told()
    assert [t.split("\n")[0] for t in told] == [f"答:{words}" for words in said]


# -- dying ----------------------------------------------------------------------------------


class Died(asyncio.CancelledError):
    """The process was killed here; nothing of it goes on. (As a cancellation it ends any task quietly.)"""


STEPS: list[tuple[type[Any], str]] = [
    (Inbox, "_decide"),
    (Inbox, "_hear"),
    (ChannelService, "accept"),
    (Inbox, "_finish"),
    (ChannelService, "answer_within"),
    (Courier, "answer"),
    (Courier, "handed_over"),
]


@pytest.fixture
def unhurried(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer is in time, so that it goes out as one, however busy the machine is."""
    for limit in ("ANSWER_S", "LAST_S"):
        monkeypatch.setattr(service, limit, float(PATIENCE_S))
    monkeypatch.setattr(simulator.courier, "_timing", Timing(patience_s=float(PATIENCE_S)))


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is waited for after a death takes a moment."""
    monkeypatch.setattr(store, "PATIENCE", timedelta(seconds=0.5))
    monkeypatch.setattr(store, "HANDING_OVER", timedelta(seconds=1))


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", STEPS, ids=[f"{c.__name__}.{n}" for c, n in STEPS])
@pytest.mark.parametrize("retries", [True, False], ids=["retried", "not retried"])
async def test_a_process_that_dies_between_two_steps(
    simulator: Simulator,
    start: Start,
    rasa: FakeRasa,
    monkeypatch: pytest.MonkeyPatch,
    short: None,
    unhurried: None,
    when: str,
    step: tuple[type[Any], str],
    retries: bool,
) -> None:
    """The one that lives carries on, whether WeChat tries again or not; nothing happens twice."""
    dying, living = await start(), await start()
    simulator.connect(dying.url)
    phone = simulator.phone()
    dead = kill_at(monkeypatch, dying, *step, when)
    fields = message(simulator, phone)
    sending = asyncio.create_task(post(simulator, phone, fields))
    await asyncio.wait_for(dead.wait(), PATIENCE_S)
    await dying.server.close()
    # What it had written to WeChat before it died has been shown.
    (before,) = await asyncio.gather(sending, return_exceptions=True)
    shown = [before] if isinstance(before, str) else []
    simulator.connect(living.url)
    if retries:
        again = await post(simulator, phone, fields)
        shown = shown or [again]

    async def heard() -> bool:
        told = "\n".join([*shown, *phone.screen.told()])
        return "答:灯坏了" in told

    # What Rasa had not been asked yet is the worker's, when the lease of the dead has run out.
    async def carry_on() -> bool:
        await living.services.channels.answer_waiting()
        return await heard()

    if not await wait(heard, 3):
        await move(living, simulator, timedelta(seconds=15))
        await eventually(carry_on)

    async def settled() -> bool:
        return {d.state for d in await deliveries(living)} == {"delivered"}

    await eventually(settled)
    await asyncio.sleep(0.7)
    assert rasa.handled == ["灯坏了"]
    assert [m for m in await messages(living) if m[0] == "resident"] == [("resident", "灯坏了")]
    told = "\n".join([*shown, *phone.screen.told()])
    # Dead before it could note that the answer had gone out: that is sent once more.
    unsure = step[1] == "handed_over"
    assert 1 <= told.count("答:灯坏了") <= (2 if unsure else 1)
    async with living.services.db.read() as s:
        assert [r.state for r in await s.scalars(select(WeChatInboundRow))] == ["taken"]


def kill_at(
    monkeypatch: pytest.MonkeyPatch, product: Product, owner: type[Any], name: str, when: str
) -> asyncio.Event:
    """Make one process end at a step, and do nothing from then on; the event says that it has."""
    dead = asyncio.Event()
    services = product.services
    mine = {services.wechat.inbox, services.wechat.courier, services.channels}

    def hook(cls: type[Any], method: str) -> None:
        real = getattr(cls, method)

        async def step(self: Any, *args: Any, **kwargs: Any) -> Any:
            if self not in mine:
                return await real(self, *args, **kwargs)
            if dead.is_set():
                raise Died
            deadly = (cls, method) == (owner, name)
            if not deadly:
                return await real(self, *args, **kwargs)
            if when == "after":
                await real(self, *args, **kwargs)
            dead.set()
            raise Died

        monkeypatch.setattr(cls, method, step)

    for cls, method in [*STEPS, (Inbox, "keep"), (Courier, "_take")]:
        hook(cls, method)
    return dead


async def wait(true: Callable[[], Awaitable[bool]], limit_s: float) -> bool:
    try:
        await eventually(true, limit_s)
    except TimeoutError:
        return False
    return True


async def test_an_answer_after_wechats_patience_is_sent_another_way(
    simulator: Simulator, product: Product, monkeypatch: pytest.MonkeyPatch, short: None
) -> None:
    """Nobody listens any more: written to such a connection it would count as arrived, unseen."""
    monkeypatch.setattr(service, "LAST_S", -1.0)
    phone = simulator.phone()
    assert (await phone.say("灯坏了")).outcome == "acknowledged"
    line = await phone.wait_for("答:灯坏了")
    assert line.who == "service"
    assert "".join(phone.screen.told()).count("答:灯坏了") == 1


@pytest.mark.parametrize(
    "faults", [PushFaults(drop_before=1.0), PushFaults(drop_after=1.0)], ids=["before", "after"]
)
async def test_a_connection_that_breaks_is_no_error_of_ours(
    simulator: Simulator,
    product: Product,
    phone: Phone,
    rasa: FakeRasa,
    faults: PushFaults,
    caplog: pytest.LogCaptureFixture,
) -> None:
    rasa.delay_s = 0.6  # longer than the connection lasts
    simulator.faults.push = faults
    await phone.say("灯坏了")
    # On a busy machine it comes as a customer-service message, after WeChat's patience.
    await phone.wait_for("答:灯坏了")
    assert "".join(phone.screen.told()).count("答:灯坏了") == 1
    assert [r.getMessage() for r in caplog.records if r.levelname == "ERROR"] == []


@pytest.mark.parametrize(
    ("after_s", "text", "told"),
    [
        (10, "灯坏了", ["登记好了，编号一。\n\n这件登记过了。"]),
        (10, "灯坏了三天", ["这件登记过了。"]),
        (1, "灯坏了", ["这件登记过了。"]),
        (900, "灯坏了", ["这件登记过了。"]),
    ],
    ids=["said again", "other words", "tapped twice", "much later"],
)
async def test_what_wechat_never_read_comes_when_the_resident_says_it_again(
    simulator: Simulator,
    product: Product,
    phone: Phone,
    rasa: FakeRasa,
    after_s: int,
    text: str,
    told: list[str],
) -> None:
    """Written and noted, but WeChat had hung up, and its retries found the process restarting."""
    rasa.replies = [{"text": "登记好了，编号一。", "buttons": [{"title": "好", "payload": "/ok"}]}]
    assert "编号一" in await post(simulator, phone, message(simulator, phone))
    await eventually(lambda: all_in_state(product, "delivered"))
    await move(product, simulator, timedelta(seconds=after_s))
    rasa.replies = [{"text": "这件登记过了。"}]
    await phone.say(text)
    assert phone.screen.told() == told
    await eventually(lambda: all_in_state(product, "delivered"))


async def test_the_same_answer_to_the_same_words_is_told_once(
    simulator: Simulator, product: Product, phone: Phone, rasa: FakeRasa
) -> None:
    await post(simulator, phone, message(simulator, phone))
    await eventually(lambda: all_in_state(product, "delivered"))
    await move(product, simulator, timedelta(seconds=10))
    await phone.say("灯坏了")
    assert [t.count("答:灯坏了") for t in phone.screen.told()] == [1]
    await eventually(lambda: all_in_state(product, "delivered"))


async def all_in_state(product: Product, state: str) -> bool:
    return {d.state for d in await deliveries(product)} == {state}
