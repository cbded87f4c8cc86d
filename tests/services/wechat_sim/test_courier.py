"""How messages reach the product, and what becomes of its answers."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta

import pytest

from tests.services.wechat_sim.conftest import PATIENCE_S, Product
from tests.wechat_sim.account import Mode
from tests.wechat_sim.crypto import signature
from tests.wechat_sim.faults import PushFaults
from tests.wechat_sim.screen import FAILURE
from tests.wechat_sim.simulator import Simulator

ALL_MODES = pytest.mark.parametrize("mode", ["plain", "compatible", "safe"])


@ALL_MODES
async def test_a_message_and_its_passive_reply(
    simulator: Simulator, product: Product, mode: Mode
) -> None:
    product.says("您好，我是邻答")
    phone = simulator.phone()
    delivery = await phone.say("在吗 & <3>")
    assert [(line.who, line.text) for line in phone.screen.lines] == [
        ("me", "在吗 & <3>"),
        ("passive", "您好，我是邻答"),
    ]
    assert delivery.outcome == "answered" and len(delivery.attempts) == 1
    got, query = product.got[0], product.queries[0]
    assert got["Content"] == "在吗 & <3>" and got["FromUserName"] == phone.openid
    assert got["ToUserName"] == product.account.original_id
    assert query["openid"] == phone.openid
    parts = (product.account.token, query["timestamp"], query["nonce"])
    assert query["signature"] == signature(*parts)
    assert ("msg_signature" in query) == (mode != "plain")
    assert not simulator.recorder.violations


@ALL_MODES
async def test_the_echo_when_an_account_is_configured(
    simulator: Simulator, product: Product, mode: Mode
) -> None:
    assert await simulator.courier.configure(product.account)
    assert not await simulator.courier.configure(product.account, token="another")


async def test_no_answer_is_asked_for_three_times_and_then_told(
    simulator: Simulator, product: Product
) -> None:
    async def asleep(message: dict[str, str], number: int) -> tuple[int, str]:
        await asyncio.sleep(PATIENCE_S * 1.5)
        return 200, "success"

    product.answer = asleep
    phone = simulator.phone()
    delivery = await phone.say("在吗")
    assert len(product.got) == 3 and len({m["MsgId"] for m in product.got}) == 1
    assert len({q["nonce"] for q in product.queries}) == 3
    assert delivery.outcome == "failed"
    assert [a.took_s >= PATIENCE_S for a in delivery.attempts] == [True] * 3
    assert phone.screen.lines[-1].text == FAILURE and phone.screen.lines[-1].who == "notice"


async def test_a_retry_that_is_answered_ends_it(simulator: Simulator, product: Product) -> None:
    product.answer = product.late_once
    phone = simulator.phone()
    delivery = await phone.say("在吗")
    assert len(delivery.attempts) == 2 and delivery.shown == "好的"
    assert (delivery.shown_after_s or 0) > PATIENCE_S, "counted from the first attempt"


@pytest.mark.parametrize("body", ["", "success"])
async def test_no_reply_is_no_reply(simulator: Simulator, product: Product, body: str) -> None:
    product.returns(200, body)
    phone = simulator.phone()
    assert (await phone.say("在吗")).outcome == "acknowledged"
    assert phone.screen.told() == [] and not simulator.recorder.violations


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("Success", "syntax error"),
        ('{"text":"你好"}', "not well-formed"),
        ("<xml><Content>你好</Content></xml>", "not encrypted"),
    ],
)
async def test_something_else_breaks_a_rule(
    simulator: Simulator, product: Product, body: str, why: str
) -> None:
    product.returns(200, body)
    phone = simulator.phone()
    assert (await phone.say("在吗")).outcome == "broken"
    assert phone.screen.told() == [FAILURE]
    assert why in str(simulator.recorder.violations[0])


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"ToUserName": "gh_x"}, "ToUserName"),
        ({"FromUserName": "o_x"}, "FromUserName"),
        ({"CreateTime": "now"}, "CreateTime"),
        ({"CreateTime": 1}, "s off"),
        ({"MsgType": "Text"}, "MsgType"),
        ({"Content": ""}, "empty"),
        ({"Content": "灯" * 683}, "2049 bytes"),
    ],
)
async def test_each_field_of_a_reply_is_judged(
    simulator: Simulator, product: Product, changed: dict[str, str | int], why: str
) -> None:
    product.says("好的", **changed)
    phone = simulator.phone()
    await phone.say("在吗")
    assert phone.screen.told() == [FAILURE]
    assert why in str(simulator.recorder.violations[0])


async def test_the_longest_reply(simulator: Simulator, product: Product) -> None:
    product.says("灯" * 682 + "ab")
    assert (await simulator.phone().say("在吗")).outcome == "answered"


async def test_an_envelope_signed_with_another_token(
    simulator: Simulator, product: Product
) -> None:
    product.returns(200, product.sealed("<xml></xml>", token="another"))
    await simulator.phone().say("在吗")
    assert "MsgSignature" in str(simulator.recorder.violations[0])


@pytest.mark.parametrize("mode", ["compatible"])
async def test_a_plain_reply_will_do_in_compatible_mode(
    simulator: Simulator, product: Product, mode: Mode
) -> None:
    async def plain(message: dict[str, str], number: int) -> tuple[int, str]:
        product.account.mode = "plain"
        body = product.reply(message, "好的")
        product.account.mode = "compatible"
        return 200, body

    product.answer = plain
    assert (await simulator.phone().say("在吗")).outcome == "answered"


async def test_an_error_is_asked_again_and_a_refusal_is_a_violation(
    simulator: Simulator, product: Product
) -> None:
    product.returns(502, "")
    assert len((await simulator.phone().say("在吗")).attempts) == 3
    assert not simulator.recorder.violations, "a server may be away for a moment"
    product.returns(403, "")
    await simulator.phone().say("在吗")
    assert "refused with 403" in str(simulator.recorder.violations[0])


async def test_a_connection_that_breaks_before_and_after(
    simulator: Simulator, product: Product
) -> None:
    product.says("好的")
    simulator.faults.push = PushFaults(drop_before=1.0)
    phone = simulator.phone()
    delivery = await phone.say("一")
    assert [a.fault for a in delivery.attempts] == ["drop_before", "drop_before", ""]
    assert len(product.got) == 1, "of the broken ones the product has had half"
    simulator.faults.push = PushFaults(drop_after=1.0)
    delivery = await phone.say("二")
    assert [a.fault for a in delivery.attempts] == ["drop_after", "drop_after", ""]
    assert len(product.got) == 1 + 3 and len({m["MsgId"] for m in product.got}) == 2
    assert phone.screen.told() == ["好的", "好的"]


async def test_copies_at_once_and_retries_without_need_are_shown_once(
    simulator: Simulator, product: Product
) -> None:
    product.says("好的")
    simulator.faults.push = PushFaults(duplicate=1.0, needless_retry=1.0)
    phone = simulator.phone()
    delivery = await phone.say("在吗")
    assert len(product.got) == 3 and len({m["MsgId"] for m in product.got}) == 1
    assert len({q["nonce"] for q in product.queries}) == 3
    assert [a.text for a in delivery.attempts] == ["好的"] * 3
    assert phone.screen.told() == ["好的"]


async def test_every_kind_of_message_and_event(simulator: Simulator, product: Product) -> None:
    phone = simulator.phone()
    await phone.photo()
    await phone.voice("楼道灯坏了")
    await phone.voice()
    await phone.location("幸福小区3号楼")
    await phone.video()
    await phone.link("通知")
    await phone.menu("my_tickets")
    await phone.subscribe("42")
    await phone.scan("42")
    await phone.enter()
    await phone.view("https://example.com/")
    await phone.unsubscribe()
    kinds = [m.get("Event") or m["MsgType"] for m in product.got]
    assert kinds == [
        *("image", "voice", "voice", "location", "video", "link"),
        *("CLICK", "subscribe", "SCAN", "LOCATION", "VIEW", "unsubscribe"),
    ]
    assert product.got[1]["Recognition"] == "楼道灯坏了" and "Recognition" not in product.got[2]
    assert product.got[3]["Label"] == "幸福小区3号楼"
    events = [m for m in product.got if m["MsgType"] == "event"]
    assert len({m["CreateTime"] for m in events}) == len(events), "events are told apart by it"
    assert events[1]["EventKey"] == "qrscene_42" and events[2]["EventKey"] == "42"


async def test_what_cannot_be_answered_shows_nothing(
    simulator: Simulator, product: Product
) -> None:
    product.says("再见")
    phone = simulator.phone()
    await phone.unsubscribe()
    assert phone.screen.told() == []


async def test_the_screen_says_what_never_came(simulator: Simulator, product: Product) -> None:
    phone = simulator.phone()
    with pytest.raises(AssertionError, match="never came"):
        await phone.wait_for("好的", limit_s=0.05)


async def test_a_balancer_sends_copies_to_different_processes(
    simulator: Simulator, product: Product
) -> None:
    other = Product(product.account)
    await other.start()
    simulator.connect(product.url, other.url)
    simulator.faults.push = PushFaults(duplicate=1.0)
    await simulator.phone().say("在吗")
    assert len(product.got) == len(other.got) == 1
    await other.stop()


async def test_clocks_are_moved_while_nothing_is_under_way(
    simulator: Simulator, product: Product
) -> None:
    """A retry that was signed before the move and read after it would be refused as days old."""
    arrived, answers = asyncio.Event(), asyncio.Event()

    async def held(message: dict[str, str], number: int) -> tuple[int, str]:
        arrived.set()
        await answers.wait()
        return 200, "success"

    product.answer = held
    moved = asyncio.Event()
    loop = asyncio.get_running_loop()

    def move() -> int:
        """Return how many messages the product had got when the clocks stood still."""
        with simulator.courier.at_rest():
            got = len(product.got)
            loop.call_soon_threadsafe(moved.set)
            time.sleep(PATIENCE_S / 2)  # whatever tries to be sent now waits
            assert len(product.got) == got
            simulator.move(timedelta(days=2))
        return got

    phone = simulator.phone()
    before = simulator.clock.epoch()
    first = asyncio.create_task(phone.say("在吗"))
    await arrived.wait()
    mover = asyncio.create_task(asyncio.to_thread(move))
    await asyncio.sleep(PATIENCE_S / 6)
    assert not moved.is_set(), "the first is under way still"
    answers.set()
    await moved.wait()
    second = asyncio.create_task(phone.say("还在吗"))
    assert await mover == 1
    await asyncio.gather(first, second)
    stamps = [int(query["timestamp"]) for query in product.queries]
    assert len(stamps) == 2
    assert stamps[0] - before < 60 and stamps[1] - before >= 2 * 24 * 3600


async def test_rest_that_never_comes_is_an_error_and_lets_everything_go_on(
    simulator: Simulator, product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.wechat_sim.courier.REST_S", -10.0)
    began, answers = asyncio.Event(), asyncio.Event()

    async def held(message: dict[str, str], number: int) -> tuple[int, str]:
        began.set()
        await answers.wait()
        return 200, "success"

    def rest() -> None:
        with simulator.courier.at_rest():
            raise AssertionError("nothing rests")

    product.answer = held
    phone = simulator.phone()
    first = asyncio.create_task(phone.say("在吗"))
    await began.wait()
    with pytest.raises(TimeoutError):
        await asyncio.to_thread(rest)
    answers.set()
    assert (await first).reached
    assert (await phone.say("还在吗")).reached
