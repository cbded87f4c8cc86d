"""Services explained: evidence for a card, the topic that stays, offers that become tickets."""

from __future__ import annotations

import pytest

from actions.dialogue import load
from actions.knowledge import follow_ups, leaves
from actions.knowledge.cards import part_text
from tests.actions.conftest import Talk
from tests.actions.fake_services import FakeServices
from tests.actions.helpers import msg

CARD = {
    "id": "B1", "name": "低保（最低生活保障）", "kind": "办事", "summary": "收入低的家庭可以申请。",
    "aliases": ["最低生活保障", "吃低保"], "who": "收入低的家庭。", "conditions": ["家产符合规定"],
    "materials": ["身份证", "户口簿"], "where": "街道办事处。", "limit": "30日。", "fee": "不收钱。",
    "phone": "0439-16", "office": "民政局", "power": "街道受理、民政确认。", "link": None,
    "sources": [{"title": "社会救助暂行办法", "ref": "第十一条"}], "confirm_locally": True,
    "valid": True, "valid_from": "2026-01-01", "valid_to": "2027-12-31",
    "offers": ["proxy", "appointment"], "not_this": ["惠民保"], "notice": "/s/B1/notice",
}  # fmt: skip


def leaf(value: str = "B1", confidence: float = 0.9, *others: str) -> dict[str, object]:
    alternatives = [{"value": o, "confidence": 0.2} for o in others]
    return {
        "entity": "service", "value": value, "confidence": confidence, "alternatives": alternatives
    }  # fmt: skip


@pytest.mark.parametrize(
    ("words", "part"),
    [
        ("要带啥", "materials"), ("那要准备什么材料？", "materials"), ("在哪办", "where"),
        ("多久能下来", "limit"), ("要钱吗", "fee"), ("有电话没", "phone"), ("找谁办", "office"),
        ("谁能办", "who"), ("小孩能办不", "who"), ("要本人去不", "deputy"),
        ("我让我儿子去行不", "deputy"), ("代办", "proxy"), ("我走不动道", "proxy"),
        ("约个时间去办", "appointment"), ("可以网上办不", "online"), ("哪个文件规定的", "source"),
        ("你说的准不准", "validity"), ("你保证十天能下来吗", "promise"), ("能批吗", "promise"),
        ("打印一份", "print"), ("发给我存着", "print"), ("咋领啊", "how"), ("再说一遍", "again"),
        ("我没有租房合同咋整", "lacking"), ("楼道灯坏了", None), ("谢谢", None), ("低保要带啥", None),
        ("我要投诉", None), ("再见", None), ("对", None), ("", None),
    ],
)  # fmt: skip
def test_what_a_short_question_asks_for(words: str, part: str | None) -> None:
    assert follow_ups.part_of(msg(words, "chitchat")) == part


def test_every_part_has_an_answer_with_and_without_what_it_needs() -> None:
    bare = {**CARD, "phone": None, "office": None, "link": None, "materials": [], "sources": []}
    for part in load("follow_ups")["parts"]:
        if part in ("again", "proxy", "appointment", "find_out"):
            continue  # these lead on
        for card in (CARD, bare):
            said = part_text(card, part, "合同")
            assert "低保" in said and "None" not in said and "{" not in said


@pytest.mark.parametrize(
    ("words", "proved"),
    [
        ("低保咋办", True), ("最低生活保障去哪申请", True), ("生活补助咋领", False),
        ("惠民保跟低保一样不", False), ("高温补贴", False),
    ],
)  # fmt: skip
def test_the_words_prove_the_card(words: str, proved: bool) -> None:
    assert follow_ups.proves(words, CARD) is proved


async def test_a_card_nobody_spoke_of_is_not_shown(talk: Talk, services: FakeServices) -> None:
    services.cards["B1"] = CARD
    talk.hear("那个钱咋弄", "ask_service", entities=[leaf("B1", 0.5, "C2", "B3")])
    await talk.run("action_answer_service")
    assert talk.buttons == ["低保（最低生活保障）", "高龄津贴", "临时救助"]
    talk.hear("惠民保咋买", "ask_service", entities=[leaf("B1", 0.95)])
    await talk.run("action_answer_service")
    assert "低保" not in talk.text and "不敢乱答" in talk.text


async def test_a_question_without_a_card_is_sent_to_who_knows(
    talk: Talk, services: FakeServices
) -> None:
    services.redirect = {
        "id": "water_fee", "name": "缴水费", "answer": "水费由供水公司收。", "office": "供水公司", "phone": "0439-3",
        "source": None, "local": True, "leaves": [],
    }  # fmt: skip
    for intent, action in (("ask_service", "action_answer_service"),
                           ("out_of_scope", "action_out_of_scope")):  # fmt: skip
        talk.hear("水费咋交", intent, entities=[leaf("H1", 0.8)])
        await talk.run(action)
        if action != "action_answer_service":
            assert (talk.followup, talk.text) == ("action_answer_service", "")
            await talk.run("action_answer_service")
        assert "供水公司" in talk.text and "0439-3" in talk.text
        assert "以当地窗口为准" in talk.text and "依据" not in talk.text
    services.redirect |= {"source": "《城市供水条例》第二十四条", "local": False}
    talk.hear("水费咋交", "ask_service", entities=[leaf("H1", 0.8)])
    await talk.run("action_answer_service")
    assert "依据：《城市供水条例》第二十四条" in talk.text and "以当地窗口" not in talk.text
    assert services.tickets == []


async def test_the_topic_stays_through_a_miss_and_ends_after_half_an_hour(
    talk: Talk, services: FakeServices
) -> None:
    services.cards["B1"] = CARD
    talk.hear("低保咋办", "ask_service", entities=[leaf()])
    await talk.run("action_answer_service")
    talk.hear("嘎嘎嘎", "out_of_scope")
    await talk.run("action_out_of_scope")
    talk.hear("有电话没", "deny")
    await talk.run("action_deny")
    assert talk.followup == "action_answer_service"
    await talk.run("action_answer_service")
    assert "0439-16" in talk.text
    talk.hear("有电话没", "deny", metadata={"now": "2026-11-24T10:31:00+08:00"})
    await talk.run("action_deny")
    assert talk.followup != "action_answer_service"


async def test_another_matter_ends_the_topic(talk: Talk, services: FakeServices) -> None:
    services.cards["B1"] = CARD
    talk.hear("低保咋办", "ask_service", entities=[leaf()])
    await talk.run("action_answer_service")
    talk.hear("我报的事咋样了", "query_progress")
    await talk.run("action_query_progress")
    talk.hear("多久能好", "ask_capability")
    await talk.run("action_capability")
    assert talk.followup != "action_answer_service"


async def test_a_promise_is_not_made(talk: Talk, services: FakeServices) -> None:
    services.cards["B1"] = CARD
    talk.hear("低保咋办", "ask_service", entities=[leaf()])
    await talk.run("action_answer_service")
    talk.hear("你保证能批下来不", "ask_service", entities=[leaf("A1", 0.6)])
    await talk.run("action_answer_service")
    assert "保证不了" in talk.text and "30日" in talk.text


async def test_somebody_who_does_it_becomes_a_ticket_with_leaf_place_and_phone(
    talk: Talk, services: FakeServices
) -> None:
    services.cards["B1"] = CARD
    talk.hear("低保咋办", "ask_service", entities=[leaf()])
    await talk.run("action_answer_service")
    assert talk.buttons == ["约时间去办", "找人代办", "要带的清单"]
    talk.hear("我妈走不动道", "goodbye", entities=[
        {"entity": "relation", "value": "mother", "text": "我妈"}])  # fmt: skip
    await talk.run("action_goodbye")
    await talk.run("action_answer_service")
    assert talk.followup == "errand_form" and "户口簿" in talk.text
    await talk.run("validate_errand_form")
    assert "住在哪儿" in talk.text
    address = {"entity": "address", "text": "幸福小区3号楼",
               "value": {"community": "幸福小区", "building": "3"}}  # fmt: skip
    talk.hear("幸福小区3号楼", "report_problem", entities=[address])
    await talk.run("validate_errand_form")
    assert "留个电话" in talk.text
    phone = {"entity": "phone", "text": "13500000012", "value": "13500000012"}
    talk.hear("13500000012", "supplement_ticket", entities=[phone])
    await talk.run("validate_errand_form")
    for words in ("找人代办", "幸福小区3号楼", "135****0012"):
        assert words in talk.text
    talk.hear("对", "affirm")
    await talk.run("validate_errand_form")
    await talk.run("action_submit_errand")
    body = services.sent("/tickets")[0]
    assert (body["leaf"], body["kind"]) == ("B1", "booking")
    assert body["contact"]["phone"] == "13500000012" and body["subject"]["relation"] == "mother"
    assert "找人代办" in body["narrative"] and "走不动" in body["narrative"]
    assert "SQ-" in talk.text


async def test_an_appointment_needs_no_address(talk: Talk, services: FakeServices) -> None:
    services.cards["B1"] = CARD
    when = {"entity": "time", "text": "明天上午",
            "value": {"start": "2026-11-25", "end": "2026-11-25", "part": "am"}}  # fmt: skip
    talk.hear("我想约明天上午去办低保", "book_service", entities=[leaf(), when])
    await talk.run("action_book_service")
    assert talk.followup == "action_answer_service"
    await talk.run("action_answer_service")
    await talk.run("validate_errand_form")
    assert "留个电话" in talk.text
    talk.hear("不留", "deny")
    await talk.run("validate_errand_form")
    assert "明天（11月25日，星期三）上午" in talk.text and "哪天去" not in talk.text
    talk.hear("对", "affirm")
    await talk.run("validate_errand_form")
    await talk.run("action_submit_errand")
    assert services.sent("/tickets")[0]["appointment"] == {"date": "2026-11-25", "part": "am"}


async def test_what_the_card_does_not_offer_is_not_promised(
    talk: Talk, services: FakeServices
) -> None:
    services.cards["B1"] = {**CARD, "offers": ["ticket"]}
    talk.hear("低保咋办", "ask_service", entities=[leaf()])
    await talk.run("action_answer_service")
    assert talk.buttons == ["要带的清单"]
    talk.hear("代办", "ask_human")
    await talk.run("action_answer_service")
    assert "不敢乱说" in talk.text and "咨询" in talk.text and talk.followup != "errand_form"


async def test_the_list_can_be_printed(talk: Talk, services: FakeServices) -> None:
    services.cards["B1"] = CARD
    talk.hear("低保咋办", "ask_service", entities=[leaf()])
    await talk.run("action_answer_service")
    talk.hear("打印一份", "ask_my_data")
    await talk.run("action_answer_service")
    assert "□ 身份证" in talk.text
    assert talk.cards[-1]["links"][0]["url"] == "/s/B1/notice"


async def test_large_type_shows_one_thing_at_a_time(talk: Talk, services: FakeServices) -> None:
    services.cards["B1"] = CARD
    talk.hear("低保咋办", "ask_service", entities=[leaf()], metadata={"elder": True})
    await talk.run("action_answer_service")
    assert "户口簿" in talk.text and "社会救助" not in talk.text and "接着问" in talk.text


async def test_a_card_that_can_be_booked_leads_to_the_booking(
    talk: Talk, services: FakeServices
) -> None:
    services.cards["C6"] = {
        **CARD, "id": "C6", "kind": "预约服务", "name": "上门助浴", "aliases": [], "materials": [],
        "offers": ["appointment"],
    }  # fmt: skip
    talk.hear("上门助浴是啥", "ask_service", entities=[leaf("C6")])
    await talk.run("action_answer_service")
    assert talk.buttons == ["约个时间"]
    talk.hear("约个时间", "ask_human")
    await talk.run("action_answer_service")
    assert talk.followup == "booking_form"
    assert talk.slots["draft"]["values"]["leaf"] == "C6"


async def test_a_short_question_behind_an_old_card_is_about_it(
    talk: Talk, services: FakeServices
) -> None:
    services.cards["B1"] = {**CARD, "valid": False}
    talk.hear("低保咋办", "ask_service", entities=[leaf()])
    await talk.run("action_answer_service")
    assert "过了有效期" in talk.text and talk.slots["topic"]["leaf"] == "B1"
    talk.hear("那要带啥", "chitchat", uncertain=True)
    await talk.run("action_answer_service")
    assert "怕您白跑" in talk.text and "户口簿" not in talk.text
    assert talk.slots["offer"]["text"] == "低保咋办\n那要带啥"


@pytest.mark.parametrize(
    ("said", "none"),
    [
        ("养老护理员补贴政策", True), ("残疾车燃油补贴咋领", True), ("三孩家庭买房补多少钱", True),
        ("公积金咋提取", True), ("彩礼返还有啥规定", True), ("退耕还林补贴今年发不发", True),
        ("见义勇为有啥奖励", True), ("高龄护理补贴咋领", True), ("老党员有没有生活补助", True),
        ("六十年代精简退职的老工人有没有补助", True), ("大学生租房补贴我孙子能领不", True),
        ("殡葬惠民补贴有没有", True), ("以旧换新冰箱补多少钱", True), ("孩子上职高国家给不给补助", True),
        ("孙女考上大学了社区有没有奖励", True), ("低保户电费有优惠没", True), ("白内障手术能不能免费做", True),
        # These have a card, or are no policy.
        ("高龄补贴咋领", False), ("残疾人护理补贴", False), ("租房补贴怎么领", False), ("育儿补贴能领多少", False),
        ("残疾人机动三轮车要上牌", False), ("双胞胎办出生登记", False), ("老党员吵架要调解", False),
        ("孩子上大学家里困难，能申请临时救助不", False), ("我家电动三轮车没地方充电", False),
        ("退役军人补助", False), ("丧葬费怎么领", False), ("养老金认证咋弄", False),
    ],
)  # fmt: skip
def test_a_policy_without_a_card_is_known_by_its_words(said: str, none: bool) -> None:
    assert follow_ups.without_card(said) is none


async def test_no_like_card_answers_a_policy_that_has_none(
    talk: Talk, services: FakeServices
) -> None:
    talk.hear("残疾车燃油补贴咋领", "ask_service", entities=[leaf("B1", 0.95)])
    await talk.run("action_answer_service")
    assert "没有现成的说法" in talk.text and "【" not in talk.text
    talk.hear("行，记上", "affirm")
    await talk.run("action_affirm")
    body = services.sent("/tickets")[0]
    assert (body["kind"], body["narrative"]) == ("consult", "残疾车燃油补贴咋领")


def test_every_card_is_found_by_its_own_words() -> None:
    cards = leaves.names()
    taken = [
        (leaf, word)
        for leaf in cards
        for word in (*(leaves.card(leaf) or {}).get("aliases", ()), *(leaves.card(leaf) or {}).get("examples", ()))
        if follow_ups.without_card(str(word))
    ]  # fmt: skip
    assert not taken


@pytest.mark.parametrize(
    ("said", "part"),
    [
        ("我妈腿不好能替她办不", "deputy"), ("我妈腿不好我能替她去不", "deputy"), ("他上班我能替他办吗", "deputy"),
        ("能替我跑一趟不", "proxy"), ("替她开个证明", None), ("帮她办个低保吧", None),
        ("要花多少钱", "fee"), ("得掏好多钱", "fee"), ("得多暂能拿着", "limit"), ("多久能整好", "limit"),
        ("办下来得几天", "limit"), ("多少钱一天", "fee"), ("多少钱一个月", "amount"), ("啥时候能到手", "limit"), ("灯啥时候能整好啊，都黑三天了", None),
    ],
)  # fmt: skip
def test_a_short_question_in_dialect_goes_on_with_the_card(said: str, part: str | None) -> None:
    assert follow_ups.part_of(msg(said, "ask_service")) == part
