"""Short words behind a question for a place, a grid worker or a menu, as different people say them."""

from __future__ import annotations

import pytest

from actions.knowledge import asked_about
from tests.actions.test_ordered import said

TOPICS = {
    "place": {"place": "活动室几点开门"},
    "worker": {"worker": {"worker": "王秀英", "grid": "第一网格"}},
    "menu": {"menu": "2026-11-25"},
}
GOES_ON = {
    "place": "那中午呢 那周末呢 那下午几点关门 晚上呢 周末开不开 礼拜天开吗 过年开门不 在哪儿 在几楼 电话呢 电话多少 晚上能去不 礼拜六有人不 中午休息不 下午几点下班 国庆节开门没 星期天上班吗 明天呢 咋走 到几点关门",
    "worker": "他电话多少 那个网格员电话 电话呢 咋联系她 她叫啥来着 给我她的电话 打哪个电话找她 她几点上班 有她电话没 去哪儿找她 号码是多少",
    "menu": "给我来一份 那来两份 订一份 给我妈也来一份 中午给我留一份 要一份，自己去取 好，订上 行，我要 这个可以，来一份送家里 听着不错，给老伴整一份 那就订三份吧 行，晌午给俺留一份，俺自己去取，不留电话",
}
CASES = [(key, text) for key, texts in GOES_ON.items() for text in texts.split()]


@pytest.mark.parametrize(("key", "text"), CASES)
def test_short_words_go_on_with_what_was_asked_about(key: str, text: str) -> None:
    assert asked_about.goes_on(said(text), TOPICS[key]) == key
    assert asked_about.goes_on(said(text), None) is None


@pytest.mark.parametrize("key", TOPICS)
@pytest.mark.parametrize(
    "text",
    "我家灯坏了 低保咋申请 要开个证明 我要投诉网格员 电梯几点修好 那停水呢 报修 你好 谢谢 人工 我想学书法 单元门的电话坏了 老人走丢了 我妈的高龄津贴多少".split(),
)
def test_another_matter_goes_on_with_nothing(key: str, text: str) -> None:
    assert asked_about.goes_on(said(text), TOPICS[key]) is None


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("给我来一份", "2026-11-25"),
        ("中午给我留一份", "2026-11-25"),
        ("行，我要", "2026-11-25"),
        ("后天给我来一份", "2026-11-26"),
    ],
)
def test_an_order_behind_a_menu_is_for_its_day(text: str, day: str) -> None:
    message = asked_about.on_its_day(said(text), TOPICS["menu"])
    assert [e.value["start"] for e in message.all("time")] == [day]


def test_where_a_place_is_asks_no_hours() -> None:
    assert asked_about.asks_hours(said("那周末呢")) and not asked_about.asks_hours(said("在几楼"))


@pytest.mark.parametrize(
    "text", ["收费不", "要钱不", "收不收费", "免费吗", "办事要钱不", "量一次多少钱"]
)
def test_what_a_place_costs_goes_on_with_it(text: str) -> None:
    assert asked_about.goes_on(said(text), TOPICS["place"]) == asked_about.PLACE
    assert asked_about.asks_fee(said(text)) and not asked_about.asks_fee(said("那周末呢"))
