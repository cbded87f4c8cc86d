"""What goes on with a matter that was talked about, and what only sounds like it."""

from __future__ import annotations

import pytest

from actions.knowledge import powers
from actions.safety import crisis
from actions.talk import going_on
from actions.tickets import own
from tests.actions.helpers import NOW, msg

KINDS = ("reported", "stopped", "money", "code", "installed", "pressed", "calling")
SWINDLE = {
    "at": NOW.isoformat(),
    "redirect": "fraud_message",
    "told": ["说我涉嫌洗钱"],
    "about": "m1",
}
TENANCY = {
    "at": NOW.isoformat(),
    "redirect": "tenancy",
    "told": ["房东不退押金咋办"],
    "about": "m1",
}
CARD = {"at": NOW.isoformat(), "leaf": "B4", "told": ["异地就医咋报"], "about": "m1"}


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("我已经报警了", "reported"), ("打了110了", "reported"), ("银行那边冻结了", "stopped"),
        ("我已经转了两万", "money"), ("钱也转了五万", "money"), ("她已经把钱汇过去了", "money"), ("转了", "money"),
        ("那个验证码我给他了", "code"), ("我把身份证号也告诉他了", "code"), ("我已经开了", "installed"),
        ("他喊我不要挂电话", "pressed"), ("他让我转账", "pressed"), ("他还在给我打电话", "calling"),
        ("他一直打", "calling"), ("没转钱", None), ("我还没转", None), ("我没给他验证码", None),
        ("打了三个电话", None), ("我挂了", None),
    ],
)  # fmt: skip
def test_what_is_told_of_a_swindle(words: str, kind: str | None) -> None:
    assert crisis.told_of(KINDS, words) == kind


def test_a_swindle_calls_people_only_when_something_went() -> None:
    assert going_on.threat(SWINDLE, msg("我已经转了两万")) == ("money", True)
    assert going_on.threat(SWINDLE, msg("他还在给我打电话")) == ("calling", False)
    assert going_on.threat(SWINDLE, msg("我没转")) is None
    assert going_on.threat(TENANCY, msg("我已经转了两万")) is None


@pytest.mark.parametrize(
    ("words", "more"),
    [
        ("他还说要换锁", True), ("而且他把我拉黑了", True), ("她还骂我", True), ("那家伙还说明天就给我断电", True),
        ("要带啥材料", False), ("我妈想订饭", False), ("他住几楼啊？", False),
    ],
)  # fmt: skip
def test_more_of_a_quarrel(words: str, more: bool) -> None:
    assert going_on.adds(TENANCY, msg(words)) is more
    assert going_on.adds(CARD, msg(words)) is False
    assert going_on.adds(None, msg(words)) is False


@pytest.mark.parametrize(
    ("words", "wrong"),
    [
        ("今天的饭是馊的", True), ("送来都凉了", True), ("送到屋头都冷了", True), ("菜太咸了我妈咬不动", True),
        ("今儿个的饭送来梆硬", True), ("饭里头吃出来一根头发", True), ("吃了你们送的饭我妈就拉肚子了", True),
        ("给我妈订明天中午的饭，要软和点的，上次的饭太硬了", False), ("楼下饭店的菜馊了", False), ("暖气凉了", False),
        ("菜太咸了，下次少放点盐", False),
    ],
)  # fmt: skip
def test_a_meal_that_was_no_good(words: str, wrong: bool) -> None:
    assert own.meal_wrong(msg(words, "book_meal")) is wrong


@pytest.mark.parametrize(
    ("words", "leaf"),
    [
        ("那谁管物业", "G5"), ("物业不管我找谁", "G5"), ("物业归哪个管嘛", "G5"), ("谁来治治我们小区物业", "G5"),
        ("物业不作为投诉打什么电话", "G5"), ("楼道灯坏了物业不管", None), ("物业电话多少", None),
    ],
)  # fmt: skip
def test_who_supervises_the_property_company(words: str, leaf: str | None) -> None:
    assert powers.asked(msg(words, "report_problem")) == leaf


def test_a_nuisance_taken_for_nothing_of_ours() -> None:
    assert powers.at_a_loss(msg("狗叫得睡不着怎么办", "out_of_scope")) == "I2"
    assert powers.at_a_loss(msg("失眠睡不着怎么办", "out_of_scope")) is None
    assert powers.at_a_loss(msg("狗叫得睡不着怎么办", "report_problem")) is None
