"""What a resident sees who writes to the account."""

from __future__ import annotations

import pytest

from tests.services.channels.fake_rasa import FakeRasa
from tests.services.wechat.conftest import Product
from tests.wechat_sim.phone import Phone
from tests.wechat_sim.simulator import Simulator

BY_ALL_MODES = pytest.mark.parametrize("mode", ["plain", "compatible", "safe"])


@pytest.fixture(autouse=True)
def rules(simulator: Simulator) -> object:
    """No test ends with a broken rule of WeChat."""
    yield
    assert [str(v) for v in simulator.recorder.violations] == []


@BY_ALL_MODES
async def test_what_is_said_is_answered_at_once(product: Product, phone: Phone) -> None:
    delivery = await phone.say("楼道灯坏了")
    assert delivery.outcome == "answered"
    assert phone.screen.told() == ["答:楼道灯坏了\n\n回复数字选择：\n1. 好"]


async def test_a_slow_answer_comes_as_customer_service_message(
    product: Product, phone: Phone, rasa: FakeRasa
) -> None:
    rasa.delay_s = 4.6
    delivery = await phone.say("楼道灯坏了")
    assert delivery.outcome == "acknowledged" and delivery.attempts[0].took_s < 4.6
    line = await phone.wait_for("楼道灯坏了")
    assert line.who == "service"
