"""Who has the power, numbers to call, complaints about the assistant, other people's matters: by words."""

from __future__ import annotations

import re
from typing import Any

import pytest

from actions.client import Client
from actions.dialogue import load
from actions.forms.replies import DECLINES, leaves_open
from actions.knowledge import leaves, powers
from actions.knowledge.follow_ups import part_of
from actions.talk import contact, manners
from actions.tickets import own
from tests.actions.conftest import Talk
from tests.actions.helpers import msg

BUILDING = {"address": ("5号楼", {"building": "5"})}


@pytest.mark.parametrize(
    ("words", "leaf"),
    [
        ("楼上太吵，社区有没有权管", "I2"), ("噪音归谁管", "I2"), ("坝坝舞吵得很，该找哪个管嘛", "I2"),
        ("邻居违建你们能拆吗", "I8"), ("违建举报找谁", "I8"), ("飞线充电你们能罚款吗", "I7"),
        ("烧烤店油烟归谁管", "I11"), ("小区里遛狗不拴绳归哪个部门管", "I9"),
        ("下雪了谁扫雪啊", "I14"), ("雪归谁扫", "I14"), ("雪太大谁摔了", None), ("雪没人扫", None),
        ("楼上半夜太吵谁管啊", None), ("我要举报违建，谁管", None), ("垃圾谁管", None), ("楼道灯坏了", None),
    ],
)  # fmt: skip
def test_who_has_the_power_is_asked_in_a_sentence(words: str, leaf: str | None) -> None:
    assert powers.asked(msg(words, "ask_service")) == leaf


def test_a_place_makes_it_a_report() -> None:
    assert powers.asked(msg("5号楼违建谁管", ents=BUILDING)) is None


def test_every_matter_of_power_has_a_card() -> None:
    matters = load(powers.DATA)["matters"]
    assert set(matters) <= set(leaves.names())
    assert all(re.compile(words) for words in matters.values())


@pytest.mark.parametrize(
    ("words", "about_us"),
    [
        ("答得不对", True), ("你刚才说的不对", True), ("投诉一下你", True), ("我要投诉机器人", True),
        ("驴唇不对马嘴", True), ("不对", False), ("不对，是8号楼", False), ("你说得对", False),
        ("我要投诉物业", False), ("他说的不对劲", False),
    ],
)  # fmt: skip
def test_complaints_about_the_assistant(words: str, about_us: bool) -> None:
    assert manners.about_us(msg(words, "deny")) is about_us


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("帮我查一下我邻居的单子", "others_matter"), ("5号楼那家投诉的是谁", "others_matter"),
        ("给我查一下3号楼502住的谁", "others_matter"), ("我爸报了啥", "others_matter"),
        ("我报的楼上那个单子咋样了", None), ("我投诉楼上的单子咋样了", None),
        ("你能保证明天修好不", "no_promise"), ("死机了？", "still_here"),
        ("。。。", manners.WORDLESS), ("😀", manners.WORDLESS), ("thank you!", None),
    ],
)  # fmt: skip
def test_what_is_asked_in_passing(words: str, text: str | None) -> None:
    assert manners.saying(msg(words, "chitchat")) == text


@pytest.mark.parametrize(
    ("words", "language"),
    [("안녕", "korean"), ("asdfghjkl", None), ("alert(1)", None), ("good morning", "english")],
)
def test_other_languages_by_few_letters(words: str, language: str | None) -> None:
    assert manners.language(words) == language


def test_words_that_only_leave_a_question_open() -> None:
    assert leaves_open(msg("说不清", "ask_human")) and leaves_open(msg("记不清了", "ask_human"))
    assert not leaves_open(msg("不要机器人，转人工", "ask_human"))


def test_an_offer_is_declined_in_its_own_word() -> None:
    assert DECLINES.match("不用来人了") and DECLINES.match("先不用记")
    assert not DECLINES.match("不用记叫个人来说")


def test_the_name_that_answers() -> None:
    assert contact.own_name(msg("叫李桂芝", "inform")) == "李桂芝"
    assert contact.own_name(msg("好", "affirm")) == ""


def test_reported_by_phone() -> None:
    assert own.phoned(msg("我在电话里报的", "inform")) and not own.phoned(msg("电话多少", "inform"))


@pytest.mark.parametrize(
    ("words", "part"),
    [
        ("能找人代办吗", "proxy"), ("我走不动道，腿不行", "proxy"), ("我有三套房能办吗", "who"),
        ("那你给我问问", "find_out"),
    ],
)  # fmt: skip
def test_short_words_after_a_card(words: str, part: str) -> None:
    assert part_of(msg(words, "ask_service")) == part


async def test_a_name_is_put_right_after_it_was_asked_for(
    talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, Any]] = []

    async def own_data(self: Client, conversation_id: str) -> dict[str, Any]:
        return {"tickets": [], "name": "张**", "phone": "138****5678"}

    async def change(
        self: Client, conversation_id: str, body: dict[str, Any], key: str
    ) -> dict[str, Any]:
        asked.append(body)
        return {"tickets": []}

    monkeypatch.setattr(Client, "own_data", own_data)
    monkeypatch.setattr(Client, "change_own_data", change)
    talk.hear("我的名字写错了", "ask_my_data")
    await talk.run("action_my_data")
    assert "哪几个字" in talk.text
    talk.hear("李桂芝", "out_of_scope")
    await talk.run("action_out_of_scope")
    assert talk.followup == "action_my_data_do"
    await talk.run("action_my_data_do")
    assert asked == [{"change": "correct", "name": "李桂芝"}] and "改好了" in talk.text


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("接了个电话说我孙子出车祸了要打钱", True), ("有人打电话说我儿子被抓了让我交保证金", True),
        ("我儿子出车祸了要赔钱", False), ("我孙子住院要钱", False),
    ],
)  # fmt: skip
def test_a_call_about_a_grandson_in_trouble_is_answered_as_a_swindle(text: str, told: bool) -> None:
    assert powers.told_elsewhere(msg(text, "report_problem", leaf="J4")) is told


@pytest.mark.parametrize(
    ("said", "row"),
    [
        ("要去告他得多少钱", "court_fee"), ("上法院告物业花不花钱", "court_fee"), ("请律师费贵不贵", "court_fee"),
        ("老板欠我工资，我要告他，要多少钱", None), ("我要告你们", None), ("房东赔我多少钱", None),
        ("我老伴走了仨月了那个高龄补贴还打不打", "death_stop"), ("我老伴走了仨月了要不要去报一声", "death_stop"),
        ("老汉儿上个月过世了，他那个高龄津贴还在打，咋整", "death_stop"),
        ("我妈没了，她那残疾补贴要不要去停", "death_stop"), ("人都不在了，低保还打着，要不要退", "death_stop"),
        ("俺娘没了半年了，老人钱还往卡里打呢", "death_stop"), ("我爸走了以后养老金还能领几个月", "death_stop"),
        ("老伴走了，高龄补贴我自己能领不", None), ("他走了三个月没回来，低保还发不", None), ("我妈走丢了", None),
        ("保姆走了，补贴还发吗", None), ("我工作没了，低保能领不", None), ("爸走了以后抚恤金怎么领", None),
        ("我爸去世了死亡证明去哪开", None), ("老伴走了，房子过户要不要去报一声", None),
        ("去世的老头名字写错了，存折上是另一个字", "bank_name"),
        ("老头没了，银行说存折上那个名字跟户口本对不上，取不出来", "bank_name"),
        ("折子上名儿跟身份证差一个字，银行不给取", "bank_name"), ("存折写的是小名取不了", "bank_name"),
        ("请个律师要好多钱", "court_fee"), ("没钱请律师咋办", None), ("爷爷不在了，社保卡里的钱咋取", None),
        ("房东不退押金", "tenancy"), ("二房东要撵我走，租约没到期", "tenancy"), ("健身房押金不退", None),
        ("存折上名字写错了，银行要我开证明", None), ("身份证名字写错了咋改", None), ("户口本名字登错了", None),
    ],
)  # fmt: skip
def test_a_redirect_answers_whatever_they_are_taken_for(said: str, row: str | None) -> None:
    fits = (r["id"] for r in load("redirects")["redirects"] if powers._fits(r, said))
    found = next(fits, None)
    assert (found if found in load("power")["told"] else None) == row
    assert powers.told_elsewhere(msg(said, "report_problem")) is (row is not None)
