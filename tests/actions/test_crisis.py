"""What is said after a call for help: remembered, answered by reviewed words, never by a form."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from actions.safety import crisis
from actions.safety.crisis import Crisis
from tests.actions.conftest import Talk
from tests.actions.fake_services import FakeServices
from tests.actions.helpers import NOW, msg

ADDRESS = {
    "entity": "address",
    "text": "幸福小区3号楼2单元",
    "value": {"place": "幸福小区", "building": "3", "unit": "2"},
}
WORDS = {
    k: k for k in ("worse", "place", "safe", "over", "mistaken", "secret", "afraid", "arrived")
} | {"follow": ["1", "2"]}


def service(leaf: str) -> dict[str, Any]:
    return {"entity": "service", "value": leaf, "confidence": 1.0}


async def alarm(talk: Talk, text: str, leaf: str, confidence: float = 1.0) -> None:
    talk.hear(text, "emergency", confidence=confidence, entities=[service(leaf)])
    await talk.run("action_emergency")


def state(leaf: str, named: bool = True, text: str = "救命") -> Crisis:
    return crisis.begin(leaf, msg(text), named=named, ticket_no="SQ-1")


@pytest.mark.parametrize(
    ("leaf", "text", "kind"),
    [
        ("J5", "没人管我", "follow"), ("J5", "说了也没用", "follow"), ("J5", "算了", "follow"),
        ("J5", "药都吃了", "worse"), ("J5", "一百片", "worse"), ("J5", "我开玩笑的", "mistaken"),
        ("J5", "没事了", "over"), ("J5", "嗯", "follow"), ("J5", "能不能别告诉我家里", "secret"),
        ("J3", "我不敢报警", "afraid"), ("J3", "能不能别让他知道", "secret"),
        ("J3", "他又打我了，快不行了", "worse"), ("J3", "我跑到娘家了", "safe"),
        ("H3", "出来了", "safe"), ("H3", "窗户开了，阀门也关了", "safe"), ("H3", "没事了", "over"),
        ("H3", "没事了，关了", "over"), ("H3", "我妈头晕", "worse"), ("H3", "不晕了", "follow"),
        ("H3", "燃气公司的人来了", "arrived"), ("-", "警察来了", "arrived"), ("H5", "灯也灭了", "follow"), ("-", "火扑灭了", "over"), ("-", "找着了", "over"),
        ("-", "说错了", "mistaken"), ("-", "人还没找着", "follow"), ("H5", "出来了", "safe"),
        ("J4", "他在砸门", "worse"), ("J4", "我转了三万", "follow"),
    ],
)  # fmt: skip
def test_what_a_message_means(leaf: str, text: str, kind: str) -> None:
    assert crisis.kind(state(leaf), msg(text), WORDS) == kind


def test_a_place_is_passed_on_and_named() -> None:
    here = msg("幸福小区3号楼顶", ents={"address": ("幸福小区3号楼", {"building": "3"})})
    assert crisis.kind(state("J5"), here, WORDS) == "place"
    words = {**WORDS, "place": "{place}，已经转给值班的人了。"}
    assert crisis.sentence(state("J5"), "place", here, words).startswith("幸福小区3号楼顶，")


@pytest.mark.parametrize(
    ("leaf", "text", "card"),
    [
        ("J4", "刚被骗了五万块", "fraud"), ("J4", "再不解决我就拿刀去物业", "threat"),
        ("J4", "有人拿刀追着砍人", "J4"), ("-", "小区门口撞车了，有人躺地上", "traffic"),
        ("-", "我爸走丢了", "missing"), ("F4", "孩子三天没回家了", "missing"),
        ("F4", "楼上天天打孩子", "F4"), ("-", "老人三天没开门了敲门没人应", "door"),
        ("-", "fire!", "foreign"), ("-", "살려주세요", "foreign"), ("-", "着火了", "-"),
        ("-", "我爸半夜起来摔了一跤，腰疼起不来了", "hurt"), ("-", "老伴胸口疼喘不上气", "hurt"),
        ("-", "我妈晕倒了叫不醒", "hurt"), ("-", "屋里全是烟，我妈晕倒了", "-"), ("-", "老人掉河里了没气了", "-"),
        ("-", "烧炭中毒了人昏了", "-"), ("-", "菜窖里有人晕倒了", "-"), ("-", "老公把我踢得流血", "-"),
        ("-", "快叫救护车，我爸晕倒了", "hurt"), ("-", "我骑车摔了动不了", "hurt"), ("-", "我妈呼吸困难喘不上气", "hurt"), ("-", "老伴吃错药了", "hurt"),
    ],
)  # fmt: skip
def test_the_card_that_fits_the_words(leaf: str, text: str, card: str) -> None:
    assert crisis.card_for(leaf, text) == card


@pytest.mark.parametrize(
    ("text", "third"),
    [
        ("我闺女说要跳楼，把自己锁屋里了", True), ("对面楼有人站在楼顶边上", True),
        ("我老公要跳楼", True), ("隔壁男的在打老婆", True), ("她要割腕", True),
        ("我不想活了", False), ("我老公打我", False), ("他打我", False), ("老公天天打我", False),
        ("孩子他爸不管我，我想死", False), ("我要跳楼", False), ("想跳楼", False),
    ],
)  # fmt: skip
def test_for_whom_help_is_asked(text: str, third: bool) -> None:
    assert crisis.for_another(text) is third


def test_the_leaf_stands_unless_a_pattern_names_another() -> None:
    beaten = state("J3")
    assert not crisis.another(beaten, "H3", "我不敢报警", named=False)
    assert crisis.another(beaten, "H3", "屋里一股煤气味", named=True)
    assert not crisis.another(beaten, "-", "救命", named=True), "it is the same call for help"
    assert not crisis.another(state("H3"), "H3", "还是有煤气味", named=True)
    assert crisis.another(state("-"), "-", "路口撞车了", named=True)


def test_how_long_it_is_remembered() -> None:
    gas, life = state("H3"), state("J5")
    assert crisis.standing(gas.to_slot(), NOW + timedelta(minutes=29)) == gas
    assert crisis.standing(gas.to_slot(), NOW + timedelta(minutes=30)) is None
    assert crisis.standing(life.to_slot(), NOW + timedelta(minutes=119)) == life
    assert crisis.standing(None, NOW) is None


def test_it_is_over_when_somebody_says_so_but_not_under_pressure() -> None:
    assert crisis.after(state("H3"), "over", msg("没事了")).over
    for leaf in ("J3", "J5"):
        assert not crisis.after(state(leaf), "over", msg("没事了")).over
        assert crisis.after(state(leaf), "mistaken", msg("说错了")).over


def test_who_is_out_is_not_told_again_how_to_get_out() -> None:
    out = crisis.after(state("H5"), "safe", msg("出来了"))
    assert crisis.kind(out, msg("谢谢"), WORDS) == "safe"
    assert not crisis.after(state("J3"), "safe", msg("我跑到娘家了")).out


def test_a_guess_of_the_classifier_holds_nothing_back() -> None:
    assert state("J4").holds and not state("J4", named=False).holds
    assert state("J5", named=False).holds


async def test_the_next_messages_are_heard_not_asked(talk: Talk, services: FakeServices) -> None:
    await alarm(talk, "想跳楼", "J5")
    first = talk.text
    assert first and not talk.buttons
    for text, intent in (("没人管我", "report_problem"), ("说了也没用", "report_problem")):
        talk.hear(text, intent)
        await talk.run("action_emergency_follow")
        assert talk.text and talk.text != first and "小区" not in talk.text
        assert not talk.buttons and talk.followup == "action_listen"
    alerts = services.sent("/alerts")
    assert [a["text"] for a in alerts] == ["想跳楼", "没人管我", "说了也没用"]
    assert [a.get("ticket_no") for a in alerts[1:]] == ["SQ-261124-00009-9"] * 2
    assert not services.sent("/tickets")


async def test_the_same_danger_again_is_one_sentence(talk: Talk, services: FakeServices) -> None:
    await alarm(talk, "煤气味好大", "H3")
    assert "到室外再打电话" in talk.text
    await alarm(talk, "还是一股煤气味", "H3")
    assert "到室外再打电话" not in talk.text and "119" in talk.text
    assert services.sent("/alerts")[1]["ticket_no"]
    later = {"now": "2026-11-24T10:31:00+08:00"}
    talk.hear("煤气味又来了", "emergency", confidence=1.0, metadata=later, entities=[service("H3")])
    talk.slots["crisis"] = state("H3").to_slot()
    await talk.run("action_emergency")
    assert "到室外再打电话" in talk.text, "half an hour later it is a new alarm"


async def test_who_helps_another_is_told_so(talk: Talk, services: FakeServices) -> None:
    await alarm(talk, "我闺女说要跳楼", "J5")
    assert "陪着他" in talk.text
    talk.hear("她不开门", "report_problem")
    await talk.run("action_emergency_follow")
    assert talk.text.startswith("守着")


async def test_the_form_waits_with_its_own_place(talk: Talk, services: FakeServices) -> None:
    talk.hear("楼道灯坏了", "report_problem", entities=[{**service("H6"), "confidence": 0.9}])
    await talk.run("validate_report_form")
    await alarm(talk, "屋里一股煤气味", "H3")
    draft = talk.slots["draft"]
    talk.hear("没事了，关了", "affirm")
    await talk.run("action_emergency_follow")
    assert "没事就好" in talk.text and talk.slots["draft"] == draft
    assert talk.slots["crisis"]["over"] and talk.followup == "action_listen"
    await alarm(talk, "又有煤气味了", "H3")
    talk.hear("幸福小区3号楼2单元", "report_problem", entities=[ADDRESS])
    await talk.run("action_emergency_follow")
    assert talk.followup == "action_listen" and talk.slots["draft"] == draft
    assert services.sent("/alerts")[-1]["text"] == "幸福小区3号楼2单元"
    talk.hear("接着报灯吧", "report_problem")
    await talk.run("action_emergency_follow")
    assert talk.followup == "report_form"
    await talk.run("validate_report_form")
    assert talk.text.startswith("好，接着说。") and "在哪儿" in talk.text
    assert talk.slots["crisis"]["over"] and not talk.slots["draft"]["values"].get("address")


async def test_what_was_only_learned_from_a_place_asked_for_is_answered_by_the_place(
    talk: Talk, services: FakeServices
) -> None:
    talk.hear("楼道灯坏了", "report_problem", entities=[{**service("H6"), "confidence": 0.9}])
    await talk.run("validate_report_form")
    talk.hear("屋里老人喘得厉害", "emergency", confidence=0.9)
    await talk.run("action_emergency")
    talk.hear("幸福小区3号楼2单元", "report_problem", entities=[ADDRESS])
    await talk.run("action_emergency_follow")
    assert talk.followup == "report_form"
    await talk.run("validate_report_form")
    assert "幸福小区3号楼2单元" in talk.text and "对，提交" in talk.buttons


async def test_without_services_the_numbers_come(
    talk: Talk, services: FakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    await alarm(talk, "不想活了", "J5")
    monkeypatch.setenv("LINDA_URL", "http://127.0.0.1:9")
    talk.hear("幸福小区3号楼2单元", "report_problem", entities=[ADDRESS])
    await talk.run("action_emergency_follow")
    assert "我在听" in talk.text and "120" in talk.text and "已经转给" not in talk.text
    talk.slots["crisis"] = None
    await alarm(talk, "他打我，往死里打", "J3")
    assert "12110" in talk.text


async def test_a_heavy_heart_is_heard_before_anything_is_asked(
    talk: Talk, services: FakeServices
) -> None:
    talk.hear("最近老失眠，心里难受", "report_problem", entities=[service("J5")])
    await talk.run("action_comfort")
    assert talk.text.startswith("heavy") and talk.buttons == ["好，请人来看看", "先不用"]
    assert not services.sent("/alerts") and "小区" not in talk.text
    talk.hear("好", "affirm")
    await talk.run("action_affirm")
    assert talk.followup == "report_form"
    await talk.run("validate_report_form")
    assert talk.slots["draft"]["values"]["leaf"] == "C7"


async def test_a_report_of_danger_begins_with_what_to_do(
    talk: Talk, services: FakeServices
) -> None:
    talk.hear("前天被人骗了钱", "report_problem", entities=[service("J4")])
    await talk.run("validate_report_form")
    assert talk.text.startswith("先打110。")
    talk.hear("幸福小区3号楼2单元", "report_problem", entities=[ADDRESS])
    await talk.run("validate_report_form")
    assert "先打110" not in talk.text, "once"


async def test_an_elder_gets_the_number_first_and_one_thing_a_line(
    talk: Talk, services: FakeServices
) -> None:
    elder = {"elder": True}
    talk.hear("煤气味好大", "emergency", confidence=1.0, metadata=elder, entities=[service("H3")])
    await talk.run("action_emergency")
    assert talk.text.startswith("先出门\n消防救援 119\n别开灯。"), talk.text
    assert talk.cards[0]["lines"] == ["别开灯。"] and talk.cards[0]["elder"]
    talk.hear("咋办", "report_problem", metadata=elder)
    await talk.run("action_emergency_follow")
    assert talk.text.startswith("敲门喊\n")
    talk.hear("我闺女要跳楼", "emergency", confidence=1.0, metadata=elder, entities=[service("J5")])
    await talk.run("action_emergency")
    assert "陪着他" in talk.text and "别开灯" not in talk.text, (
        "no elder form of that card: the plain one"
    )


@pytest.mark.parametrize(
    ("leaf", "words", "card"),
    [
        ("-", "我爸让蛇咬了", "snake"),
        ("-", "被狗咬得全是血", "bite"),
        ("F4", "孩子让开水烫了", "burn"),
        ("-", "热油泼到手上了", "burn"),
        ("F4", "有人打孩子", "F4"),
        ("F4", "孩子从楼上摔下来了", "hurt"),
        ("F4", "娃儿从滑梯上掉下来摔到脑壳了", "hurt"),
        ("F4", "小孙子打炕上栽下来了", "hurt"),
        ("F4", "他把孩子从楼梯上推下来了", "F4"),
        ("F4", "孩子站在窗台上要跳", "F4"),
        ("-", "房子烧了", "-"),
    ],
)
def test_a_hurt_has_the_card_that_helps_it(leaf: str, words: str, card: str) -> None:
    assert crisis.card_for(leaf, words) == card


@pytest.mark.parametrize(
    "text",
    [
        "接着报灯吧", "刚才那个灯继续", "回到刚才的事", "好了，接着说", "那灯的事接着说", "继续", "把刚才那个报完",
        "说回那个灯", "没事了你接着给我报修", "那就报灯吧", "把灯报了吧", "刚才没报完的接着报",
    ],
)  # fmt: skip
def test_going_back_is_heard_in_many_words(text: str) -> None:
    assert crisis.takes_up(msg(text))


@pytest.mark.parametrize(
    "text",
    [
        "接着烧起来了", "继续冒烟", "接着打120", "他接着打我", "继续漏水", "报警了", "119报了", "快报警吧", "还是报警吧",
        "我说不清", "火还在烧", "烧了三家", "没事了", "都救出来了",
    ],
)  # fmt: skip
def test_what_goes_on_with_the_danger_is_no_going_back(text: str) -> None:
    assert not crisis.takes_up(msg(text))


def test_who_may_be_in_danger_still_is_not_let_go() -> None:
    assert crisis.let_go(state("J5")) is None and crisis.let_go(state("J3")) is None
    after = crisis.let_go(state("-"))
    assert after is not None and after.over and not after.holds


AFTER = {"follow": ["f"], "safe": "s", "over": "o", "arrived": "a", "called": "c"}


@pytest.mark.parametrize(
    ("leaf", "text", "kind"),
    [
        ("-", "120打了，车在路上", "called"), ("-", "救护车叫了", "called"), ("-", "医生来了", "arrived"),
        ("-", "没事了，消防来了", "over"), ("-", "找到了", "over"), ("F4", "回来了，在同学家", "over"), ("-", "不冒了", "over"),
        ("J3", "他出去了", "follow"), ("J3", "他回来了", "follow"), ("J3", "我跑出来了", "safe"), ("-", "我出来了", "safe"),
    ],
)  # fmt: skip
def test_how_it_goes_on_is_told_in_few_words(leaf: str, text: str, kind: str) -> None:
    assert crisis.kind(state(leaf), msg(text), AFTER) == kind


async def test_that_it_is_over_is_no_wish_to_take_a_request_back(
    talk: Talk, services: FakeServices
) -> None:
    await alarm(talk, "我妈走丢了", "-")
    talk.hear("找到了", "withdraw_ticket")
    await talk.run("action_withdraw")
    assert talk.followup == "action_emergency_follow"


@pytest.mark.parametrize(
    ("leaf", "text", "kind"),
    [
        ("-", "120没打通", "busy"), ("H3", "燃气公司电话打不通", "busy"), ("-", "打了119没人接咋整", "busy"),
        ("J3", "110一直占线", "busy"), ("-", "打不通咋办", "busy"), ("-", "一直占线", "busy"),
        ("-", "120打通了", "called"), ("-", "我妈电话没人接", "follow"), ("-", "敲门没人应", "follow"),
    ],
)  # fmt: skip
def test_a_call_that_does_not_get_through(leaf: str, text: str, kind: str) -> None:
    assert crisis.kind(state(leaf), msg(text), {**WORDS, "called": "called"}) == kind


async def test_who_gets_nobody_on_the_line_is_told_what_helps(
    talk: Talk, services: FakeServices
) -> None:
    await alarm(talk, "闻到煤气味", "H3")
    await alarm(talk, "110占线", "-")
    assert talk.text.startswith("别停，接着打") and "转给值班的人了" in talk.text
    assert not talk.cards, "no other card is shown"
    assert talk.slots["crisis"]["leaf"] == "H3"


async def test_a_call_that_fails_may_be_the_first_word(talk: Talk, services: FakeServices) -> None:
    await alarm(talk, "120打不通", "-")
    assert talk.cards and "别停，接着打" in talk.text
