"""A yes in many words, a pause that drops nothing, what is taken up again, and whose name is told."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from actions.forms import booking, meal, report, shared
from actions.forms.asides import PAUSE, RECAP, aside
from actions.forms.draft import CONFIRM, Draft, asking, fill
from actions.forms.replies import agrees, bare, is_pause, is_puzzled, is_stop, switched, tells_name
from actions.message import Entity
from actions.safety import crisis
from actions.talk import contact, drafts
from actions.tickets import own
from tests.actions.conftest import Talk
from tests.actions.fake_services import FakeServices
from tests.actions.helpers import msg

ADDRESS = {
    "entity": "address", "text": "幸福小区3号楼2单元",
    "value": {"community": "幸福小区", "building": "3", "unit": "2"},
}  # fmt: skip
LAMP = {"entity": "service", "value": "H6", "confidence": 0.93, "alternatives": []}


async def lamp(talk: Talk) -> None:
    """Tell of a lamp and where it is: the summary waits."""
    talk.hear("幸福小区3号楼2单元楼道灯坏了", "report_problem", entities=[ADDRESS, LAMP])
    await talk.run("validate_report_form")
    assert "对，提交" in talk.buttons


@pytest.mark.parametrize(
    "words",
    ["对着呢", "没错儿，就这么报", "得嘞，发吧", "行了就这样", "就照你写的弄吧", "想好了，报吧刚才那个", "对头，就这么办",
     "中，就这么整", "要得嘛，报噻", "嗯呢", "没得错", "是这么个事", "那行，发出去吧", "就这么着吧", "齐活", "不查了，就订饭吧",
     "先不问了，就这么报吧"],
)  # fmt: skip
def test_a_yes_in_the_words_of_the_hall(words: str) -> None:
    assert agrees(bare(words))


@pytest.mark.parametrize(
    "words",
    ["好了", "都好了", "得了", "行不", "对不", "好吗", "报了没", "修好了", "那报吧再加一个灯", "就这样不行", "对，还有三楼", "中午",
     "报警", "对门", "中心医院", "送到家", "可以不", "照这个地址送", "是我妈", "得了吧你"],
)  # fmt: skip
def test_what_sounds_like_a_yes_and_is_none(words: str) -> None:
    assert not agrees(bare(words))


async def test_a_yes_taken_for_anything_files(talk: Talk, services: FakeServices) -> None:
    await lamp(talk)
    talk.hear("没错儿，就这么报", "report_problem", confidence=0.6, uncertain=True)
    await talk.run("validate_report_form")
    assert talk.slots["confirmed"] is True


@pytest.mark.parametrize(
    "words",
    ["等哈，我接个电话", "我先去关阀门，等哈再说", "先别报，我再寻思寻思", "等我戴个老花镜", "你等等，我去找找眼镜", "我问问我闺女再说",
     "先别交，我问问老伴", "先放着吧", "慢着，我看看", "我去上个厕所，回来再说"],
)  # fmt: skip
def test_a_pause_in_many_words(words: str) -> None:
    assert is_pause(msg(words, "cancel_dialog"))


@pytest.mark.parametrize(
    "words",
    [
        "先别报了",
        "不报了",
        "等不及了",
        "等一下，社区几点下班",
        "我去看病",
        "先别送了",
        "关不上阀门",
        "我去吃饭",
        "等哈明天送",
        "开门打不开",
    ],
)
def test_what_is_no_pause(words: str) -> None:
    assert not is_pause(msg(words, "cancel_dialog"))


async def test_a_pause_taken_for_the_end_keeps_the_form(talk: Talk, services: FakeServices) -> None:
    await lamp(talk)
    talk.hear("先别报，我再寻思寻思", "cancel_dialog")
    await talk.run("action_cancel_form")
    assert talk.followup == "report_form"
    await talk.run("validate_report_form")
    assert "留着" in talk.text and talk.loop == "report_form"
    talk.hear("想好了，报吧刚才那个", "cancel_dialog")
    await talk.run("action_cancel_form")
    assert talk.followup == "report_form"
    await talk.run("validate_report_form")
    assert talk.slots["confirmed"] is True


async def test_a_dropped_form_is_taken_up_after_all(talk: Talk, services: FakeServices) -> None:
    await lamp(talk)
    talk.hear("不报了", "cancel_dialog")
    await talk.run("action_cancel_form")
    assert talk.loop is None and talk.slots["draft"] is None
    talk.hear("好", "affirm")
    await talk.run("action_affirm")
    assert talk.slots["draft"] is None, "a courtesy opens nothing again"
    await lamp(talk)
    talk.hear("算了", "cancel_dialog")
    await talk.run("action_cancel_form")
    talk.hear("喊他去不到，还是报嘛", "emergency", confidence=0.6)
    await talk.run("action_emergency")
    assert talk.followup == "action_affirm"
    await talk.run("action_affirm")
    assert talk.followup == "report_form" and "都还在" in talk.text
    await talk.run("validate_report_form")
    assert "幸福小区3号楼2单元" in talk.text and "在哪儿呢" not in talk.text


@pytest.mark.parametrize(
    ("words", "intent", "again"),
    [("还是约吧", "book_service", True), ("还是整吧，就刚才那个", "report_problem", True),
     ("想通了，还是约", "chitchat", True), ("还是你们帮我跑嘛", "emergency", True),
     ("还是不约了", "deny", False), ("还是算了", "deny", False), ("还是报个修吧", "report_problem", False),
     ("刚才那个多少钱", "ask_service", False), ("还是你们好", "give_praise", False)],
)  # fmt: skip
def test_what_takes_a_dropped_form_up(words: str, intent: str, again: bool) -> None:
    offer = {"dropped": {"form": "booking"}, "follow": "booking_form"}
    assert drafts.after_all(msg(words, intent, confidence=0.9), offer) is again


@pytest.mark.parametrize(
    "words", ["你说啥？我没看清", "你说的啥子", "再说一哈嘛", "没看清", "你问的啥我没听清"]
)
def test_a_question_that_was_not_seen_comes_again(words: str) -> None:
    assert is_puzzled(msg(words, "chitchat"))
    assert not is_puzzled(msg(f"{words}楼号", "chitchat"))


@pytest.mark.parametrize(
    "words",
    ["我刚才说的啥子你念给我听哈", "好了，说到哪儿了", "回来了", "我接完电话了", "刚才都说了啥"],
)
def test_what_was_noted_is_asked_for_at_any_question(words: str) -> None:
    draft = asking(fill(report.FORM, None, msg("水管爆了", leaf="H1")), "place")
    assert aside(msg(words, "chitchat", id="m2"), draft) == RECAP
    assert aside(msg("等哈", "chitchat", id="m2"), draft) == PAUSE


async def test_what_was_noted_is_read_back_before_the_question(
    talk: Talk, services: FakeServices
) -> None:
    talk.hear("楼道灯坏了", "report_problem", entities=[LAMP])
    await talk.run("validate_report_form")
    talk.hear("我刚才说的啥子你念给我听哈", "ask_accessibility", confidence=0.9)
    await talk.run("validate_report_form")
    assert "到现在记的是" in talk.text and "楼道灯坏了" in talk.text and "在哪儿呢" in talk.text


def person(text: str, name: str) -> Any:
    """Return a message in which a name was heard."""
    return msg(text, "ask_human", ents={"person": (name, name)})


@pytest.mark.parametrize(
    ("words", "name", "calls"),
    [("她叫王桂芬", "王桂芬", False), ("我叫张凤兰，你跟师傅说找我", "张凤兰", False), ("我妈叫李秀兰", "李秀兰", False),
     ("我叫王桂芬，找你们主任", "王桂芬", True), ("给我叫李秀英来", "李秀英", True), ("我叫王桂芬，转人工", "王桂芬", True)],
)  # fmt: skip
def test_a_name_that_is_told_calls_for_nobody(words: str, name: str, calls: bool) -> None:
    assert tells_name(person(words, name)) is not calls


def test_her_name_is_hers_and_mine_is_mine() -> None:
    read = shared.who()
    draft = Draft("errand", "m1", seen="m1", asked=CONFIRM)
    said = read(person("她叫王桂芬", "王桂芬"), draft)
    assert said == {"subject": "other", "subject_name": "王桂芬"}
    known = Draft("errand", "m1", seen="m1", asked=CONFIRM, values={"subject": "mother"})
    assert read(person("她叫王桂芬", "王桂芬"), known) == {"subject_name": "王桂芬"}
    assert read(person("我叫王桂芬", "王桂芬"), draft) == {"name": "王桂芬"}


@pytest.mark.parametrize(
    "words",
    [
        "好多了，医生来看过了，没得事。饭还是要送",
        "救护车拉走了，人醒了",
        "不疼了",
        "大夫来看完了",
        "我妈醒了",
        "人好些了",
    ],
)
def test_a_danger_that_is_over(words: str) -> None:
    now = crisis.begin("-", msg("人晕倒了", "emergency"), named=True, ticket_no="")
    after = {"over": "好", "worse": "快", "follow": ["等"]}
    assert crisis.kind(now, msg(words, "chitchat"), after) == "over"


@pytest.mark.parametrize(
    "words",
    ["他不喘了", "没好多少", "还没醒", "叫不醒", "人没醒过来", "好多血", "好多人围着", "不动了"],
)
def test_a_danger_that_is_not_over(words: str) -> None:
    now = crisis.begin("-", msg("人晕倒了", "emergency"), named=True, ticket_no="")
    after = {"over": "好", "worse": "快", "follow": ["等"]}
    assert crisis.kind(now, msg(words, "chitchat"), after) != "over"


def test_who_feels_better_in_gas_is_not_out_of_it() -> None:
    now = crisis.begin("H3", msg("煤气味大", "emergency"), named=True, ticket_no="")
    after = {"over": "好", "worse": "快", "follow": ["等"]}
    assert crisis.kind(now, msg("好多了", "chitchat"), after) == "follow"
    assert crisis.kind(now, msg("没事了", "chitchat"), after) == "over"


def test_a_valve_that_was_closed_is_no_alarm_beside_a_form() -> None:
    assert crisis.calmed(msg("回来了，阀门关上了", "emergency", confidence=0.7), "report_form")
    assert not crisis.calmed(msg("阀门关不上", "emergency", confidence=0.9), "report_form")
    assert not crisis.calmed(msg("阀门关上了人还昏着", "emergency", confidence=0.7), "report_form")


@pytest.mark.parametrize(
    ("words", "phone"),
    [("电话最后是0011，不是0001", "13812340011"), ("尾号应该是77", "13812340077"), ("最后三位是123", "13812340123"),
     ("最后是几号来", ""), ("后头那栋3号楼", "")],
)  # fmt: skip
def test_the_end_of_a_number_is_put_right(words: str, phone: str) -> None:
    assert contact.with_end("13812340001", msg(words, "deny")) == phone
    assert contact.with_end("", msg(words, "deny")) == ""


@pytest.mark.parametrize(
    ("words", "portions"),
    [("两份不够，三份", 3), ("两份少了，三份", 3), ("两份，一份不要辣，一份软点", 2)],
)
def test_portions_that_do_not_do(words: str, portions: int) -> None:
    numbers = {"一份": 1, "两份": 2, "三份": 3}
    found = re.finditer("[一两三]份", words)
    counts = [Entity("count", numbers[m[0]], m[0], *m.span()) for m in found]
    message = replace(msg(words, "book_meal", id="m2"), entities=tuple(counts))
    draft = Draft("meal", "m1", seen="m1", asked=CONFIRM, values={"portions": 2})
    assert fill(meal.FORM, draft, message).get("portions") == portions


@pytest.mark.parametrize(
    ("words", "portions"),
    [
        ("不对不对，仨人，孙子也回来", 3),
        ("俩人吃", 2),
        ("家里四口人", 4),
        ("二单元三楼", None),
        ("三个菜", None),
    ],
)
def test_how_many_eat(words: str, portions: int | None) -> None:
    draft = Draft("meal", "m1", seen="m1", asked="place", values={"date": "2026-11-25"})
    assert fill(meal.FORM, draft, msg(words, "chitchat", id="m2")).get("portions") == portions


def test_a_day_is_changed_for_another_and_a_time_is_moved() -> None:
    values = {"date": "2026-12-02", "part": "pm", "time": "14:00", "leaf": "G1"}
    draft = Draft("booking", "m1", seen="m1", asked="contact", values=values)
    wednesday = ("周三", {"start": "2026-12-02", "end": "2026-12-02"})
    thursday = ("礼拜四", {"start": "2026-12-03", "end": "2026-12-03"})
    words = "哎不中，周三我得上医院，换成礼拜四"
    said = msg(words, "chitchat", id="m2", ents={"time": [wednesday, thursday]})
    assert fill(booking.FORM, draft, said).get("date") == "2026-12-03"
    for words, clock in (("改到三点半吧", "15:30"), ("提前到十点", "10:00"), ("挪到4点", "16:00")):
        moved = fill(booking.FORM, draft, msg(words, "chitchat", id="m2"))
        assert (moved.get("date"), moved.get("time")) == ("2026-12-02", clock)
    assert fill(booking.FORM, draft, msg("我三点来过", "chitchat", id="m2")).get("time") == "14:00"


@pytest.mark.parametrize(
    ("words", "more"),
    [("忘了说了，四楼那个也不亮", True), ("哎刚才忘了跟你说，晚上才有人", True), ("再补一句，半夜叫得最凶", True),
     ("忘了带钥匙了", False), ("我忘了密码", False), ("忘了是几号楼", False)],
)  # fmt: skip
def test_what_was_forgotten_to_say(words: str, more: bool) -> None:
    assert own.forgot(msg(words, "report_problem")) is more


@pytest.mark.parametrize(
    "words",
    [
        "等会儿啊，我问问我妈哪天得空",
        "我记一下哈，等等",
        "等哈哈，我去看哈锅",
        "我问问我闺女哪天有空",
    ],
)
def test_who_has_to_ask_or_look_first_is_waited_for(words: str) -> None:
    assert is_pause(msg(words, "chitchat"))


@pytest.mark.parametrize(
    "words",
    [
        "我问问几点开门",
        "等会儿来人行不",
        "我看下门坏了",
        "等会儿送到",
        "我问哈多少钱",
        "看下水道堵了",
    ],
)
def test_who_asks_us_waits_for_nobody(words: str) -> None:
    assert not is_pause(msg(words, "chitchat"))


@pytest.mark.parametrize(
    ("words", "intent"),
    [("错了错了，我是要报修", "report_problem"), ("不对，我是想订饭", "book_meal"), ("搞错了，我要投诉", "report_problem"),
     ("整岔劈了，我是想开个居住证明", "request_certificate"), ("不对，是5号楼", None), ("错了，我要两份", None),
     ("电话错了，我报一下", None), ("报错了，我要撤", None), ("不对，我说的是灯", None)],
)  # fmt: skip
def test_another_form_was_wanted(words: str, intent: str | None) -> None:
    assert switched(words) == intent


async def test_another_form_opens_in_place_of_the_one_that_is_open(
    talk: Talk, services: FakeServices
) -> None:
    talk.hear("我订饭", "book_meal")
    await talk.run("validate_meal_form")
    talk.hear("错了错了，我是要报修", "book_meal", confidence=0.5)
    await talk.run("validate_meal_form")
    assert talk.followup == "action_cancel_form"
    await talk.run("action_cancel_form")
    assert (talk.followup, talk.loop) == ("report_form", None) and "先不订" in talk.text
    await talk.run("validate_report_form")
    assert "什么事" in talk.text and talk.slots["draft"]["form"] == "report"
    assert not talk.slots["draft"]["values"].get("narrative"), "the wish tells of nothing yet"
    talk.hear("错了，我是要报修", "report_problem")
    await talk.run("validate_report_form")
    assert talk.followup is None and talk.loop == "report_form", "it is open already"


@pytest.mark.parametrize(
    ("words", "stops"),
    [
        ("算了把我那份撤了", True),
        ("把刚才那个取消了吧", True),
        ("把垃圾撤了", False),
        ("把忌口删了", False),
        ("把我电话删了", False),
    ],
)
def test_what_is_mine_is_taken_back(words: str, stops: bool) -> None:
    assert is_stop(msg(words, "chitchat")) is stops


@pytest.mark.parametrize(
    ("words", "again"),
    [("我不是跟你说了吗", True), ("跟你说八百遍了", True), ("我刚才不是说了嘛", True), ("说了也白说", False),
     ("跟物业说过了", False), ("我跟你说", False)],
)  # fmt: skip
def test_who_told_it_already_hears_what_was_noted(words: str, again: bool) -> None:
    draft = asking(fill(report.FORM, None, msg("水管爆了", leaf="H1")), "place")
    assert (aside(msg(words, "chitchat", id="m2"), draft) == RECAP) is again


def test_nobody_else_is_meant_after_all() -> None:
    draft = Draft("meal", "m1", seen="m1", asked=CONFIRM, values={"subject": "father"})
    father = ("老爷子", "father")
    for words, ents in (
        ("老爷子那天住闺女家，给我自己订就行", {"relation": father}),
        ("就我自己吃", {}),
        ("不是我爸，是我自己吃", {}),
    ):
        read = fill(meal.FORM, draft, msg(words, "book_meal", id="m2", ents=ents))
        assert read.get("subject") is None, words
    both = msg("给我自己和老伴订", "book_meal", id="m2", ents={"relation": ("老伴", "spouse")})
    assert fill(meal.FORM, draft, both).get("subject") == "spouse"


@pytest.mark.parametrize(
    ("words", "day"),
    [
        ("后天不得行，大后天", "大后天"),
        ("大后天吧，后天没空", "大后天"),
        ("后天行，大后天不行", "后天"),
        ("后天没空", "后天"),
    ],
)
def test_a_day_that_will_not_do(words: str, day: str) -> None:
    named = [Entity("time", None, m[0], *m.span()) for m in re.finditer("大?后天", words)]
    assert shared.not_refused(named, msg(words, "chitchat"))[-1].text == day


def test_the_name_of_a_third_is_not_the_reporters() -> None:
    told = Draft("report", "m1", seen="m1", asked=CONFIRM, values={"narrative": "灯坏了"})
    read = fill(
        report.FORM, told, msg("她姓孙", "chitchat", id="m2", ents={"person": ("孙", "孙")})
    )
    assert (read.get("name"), read.get("subject_name")) == (None, None)
    mother = Draft("report", "m1", seen="m1", asked=CONFIRM, values={"narrative": "灯坏了", "subject": "mother"})  # fmt: skip
    read = fill(
        report.FORM, mother, msg("她姓孙", "chitchat", id="m2", ents={"person": ("孙", "孙")})
    )
    assert (read.get("name"), read.get("subject_name")) == (None, "孙")


@pytest.mark.parametrize(
    "words",
    ["等哈，我找找我那个单子", "过两天再说吧", "明天再说", "我找找那张条子", "等会儿我找找身份证"],
)
def test_who_looks_for_a_paper_or_speaks_of_later_is_waited_for(words: str) -> None:
    assert is_pause(msg(words, "deny"))


@pytest.mark.parametrize(
    "words",
    ["找不到单子", "明天再送", "明天下午再来", "过两天就八十了", "晚上说话吵", "找哪个单位"],
)
def test_what_only_names_a_paper_or_a_day_is_no_pause(words: str) -> None:
    assert not is_pause(msg(words, "deny"))


@pytest.mark.parametrize(
    ("words", "yes"),
    [("队", True), ("堆", True), ("队的", True), ("排队", False), ("堆垃圾", False)],
)
def test_a_yes_as_speech_to_text_hears_it(words: str, yes: bool) -> None:
    assert agrees(words) is yes


@pytest.mark.parametrize(
    ("words", "none"),
    [
        ("不流电话", True),
        ("不刘电话", True),
        ("不溜号码", True),
        ("电话不通", False),
        ("水不流电话打不通", False),
    ],
)
def test_no_phone_as_speech_to_text_hears_it(words: str, none: bool) -> None:
    assert shared.keeps_phone(msg(words, "deny")) is none


@pytest.mark.parametrize(
    ("words", "off"),
    [
        ("算了腿脚不行", True),
        ("算了身体不好", True),
        ("腿脚不行", False),
        ("身体不好帮我订", False),
    ],
)
def test_who_cannot_after_all_stops(words: str, off: bool) -> None:
    assert is_stop(msg(words, "chitchat")) is off


async def test_what_is_not_filed_yet_is_said_over_its_summary(
    talk: Talk, services: FakeServices
) -> None:
    await lamp(talk)
    talk.hear("给报了没", "query_progress")
    await talk.run("action_query_progress")
    assert talk.followup == "report_form"
    await talk.run("validate_report_form")
    assert "还没" in talk.text and "对，提交" in talk.buttons
