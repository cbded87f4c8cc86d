"""How a good clerk goes on: nothing said is lost, no question comes twice without a word."""

from __future__ import annotations

from typing import Any

import pytest

from actions.forms import meal, place, report
from actions.forms.draft import CHANGE, CONFIRM, DROP, SUBMIT, Draft, asking, fill, next_question
from actions.forms.replies import bare, is_stop
from actions.talk.echo import say_since
from tests.actions.conftest import Talk
from tests.actions.fake_services import FakeServices, view
from tests.actions.helpers import HOME, NOW, msg, tap

LAMP = {"entity": "service", "value": "H6", "confidence": 0.9}
BUILDING = {"entity": "address", "text": "3号楼", "value": {"building": "3"}}
ADDRESS = {
    "entity": "address",
    "text": "幸福小区3号楼2单元",
    "value": {"community": "幸福小区", "building": "3", "unit": "2"},
}


@pytest.mark.parametrize(
    ("words", "stops"),
    [
        ("不订了", True), ("算了，不报了", True), ("不用修了", True), ("算了", True), ("取消", True),
        ("不用送了", True), ("先不报了", True), ("那算了吧", True), ("不用来了", True),
        ("不用", False), ("不留了", False), ("不登记", False), ("不对", False), ("不要辣的", False),
        ("不知道", False), ("是5号楼，不是3号楼", False),
    ],
)  # fmt: skip
def test_words_that_stop_the_matter(words: str, stops: bool) -> None:
    assert is_stop(msg(words, "deny")) is stops


def test_full_width_punctuation_is_no_word() -> None:
    assert bare("好，就这样！可以吗？") == "好就这样可以吗"


def confirmed_report() -> Draft:
    values = {
        "narrative": "楼道灯坏了", "leaf": "H6", "address": {"building": "3"},
        "place_status": "resolved",
    }  # fmt: skip
    return asking(Draft("report", "m1", seen="m1", values=values), CONFIRM)


@pytest.mark.parametrize(
    ("words", "intent", "asked", "outcome"),
    [
        ("不知道", "deny", CONFIRM, None),  # nothing to change is no “改一下”
        ("没有", "deny", CONFIRM, None),
        ("不对", "deny", CHANGE, None),
        ("对", "affirm", CONFIRM, SUBMIT),
        ("要", "ask_service", CONFIRM, SUBMIT),
        ("不报了", "cancel_dialog", CONFIRM, DROP),
    ],
)
def test_a_short_word_over_the_summary(
    words: str, intent: str, asked: str, outcome: str | None
) -> None:
    draft = fill(report.FORM, confirmed_report(), msg(words, intent, id="m2"))
    assert (draft.asked, draft.outcome) == (asked, outcome)


def test_what_is_said_over_the_summary_joins_the_story() -> None:
    draft = fill(report.FORM, confirmed_report(), msg("302门口那盏", id="m2"))
    assert draft.get("narrative") == "楼道灯坏了\n302门口那盏"
    thanks = fill(report.FORM, confirmed_report(), msg("你们真有耐心", "thank", id="m2"))
    assert thanks.get("narrative") == "楼道灯坏了"


def test_report_now_is_incomplete_only_if_something_is_missing() -> None:
    now = msg("先报上，后补", "affirm", id="m2")
    assert fill(report.FORM, confirmed_report(), now).get("incomplete") is False
    bare_ = asking(Draft("report", "m1", values={"narrative": "灯坏了", "leaf": "H6"}), "place")
    assert fill(report.FORM, bare_, now).get("incomplete") is True


def test_the_compound_named_at_the_start_of_a_long_story_counts() -> None:
    text = "我一个人住在幸福小区三十年了，就是3号楼2单元那个灯不亮"
    said = [("幸福小区", {"community": "幸福小区"}), ("3号楼2单元", {"building": "3", "unit": "2"})]
    draft = fill(report.FORM, None, msg(text, leaf="H6", ents={"address": said}))
    assert draft.get("address") == {"community": "幸福小区", "building": "3", "unit": "2"}
    two = [*said, ("灯", {"community": "松江花园"})]
    draft = fill(report.FORM, None, msg(text, leaf="H6", ents={"address": two}))
    assert "community" not in draft.get("address"), "two compounds: it is asked which"


@pytest.mark.parametrize(
    ("words", "intent", "options", "expected"),
    [
        ("没有", "deny", [], {"place_status": place.AS_SAID, "incomplete": True}),
        ("满意", "rate_service", [], {}),  # no place, whatever was asked
        ("要得", "affirm", [{"label": "松江花园", "compound": "松江花园"}], "松江花园"),
        ("要得", "affirm", [{"label": "松江花园"}, {"label": "松江新村"}], {}),
    ],
)
def test_answers_to_where(words: str, intent: str, options: list[Any], expected: Any) -> None:
    draft = asking(Draft("report", "m1", values={"place_options": options}), "place")
    said = place.answer(msg(words, intent, id="m2"), draft)
    assert (said["address_text"] if isinstance(expected, str) else said) == expected


def test_the_thing_named_after_a_story_of_two_words_is_the_matter() -> None:
    first = fill(report.FORM, None, msg("坏了", leaf="H9"))
    draft = fill(report.FORM, asking(first, "place"), msg("路灯", leaf="I3", id="m2"))
    assert draft.get("leaf") == "I3"
    assert draft.get("narrative") == "坏了\n路灯"
    assert not draft.get("address")


def test_a_very_long_story_is_read_back_in_short_and_filed_whole() -> None:
    story = "楼道灯坏了没人管。" * 200
    draft = fill(report.FORM, None, msg(story, leaf="H6"))
    assert "楼道灯坏了" in (told := dict(report.summary(draft, msg()))["什么事"])
    assert "1800个字全都附上" in told and len(told) < 60
    assert report.to_ticket(draft, msg(), "c1")["narrative"] == story


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"start": "2026-11-21", "end": "2026-11-24"}, "从11月21日（星期六）起，三天了"),
        ({"start": "2026-11-22", "end": "2026-11-24"}, "从前天（11月22日，星期日）起，两天了"),
        ({"start": "2026-11-19", "end": "2026-11-24", "approx": True},
         "大约从11月19日（星期四）起"),
        ({"start": "2026-10-24", "end": "2026-11-24"}, "从10月24日（星期六）起"),
        ({"start": "2026-11-23", "end": "2026-11-23"}, "昨天（11月23日，星期一）"),
        ({"start": "2026-11-24", "end": "2026-11-24", "part": "night"},
         "今天（11月24日，星期二）夜里"),
    ],
)  # fmt: skip
def test_since_when(value: dict[str, Any], words: str) -> None:
    assert say_since(value, NOW) == words


# --- meals ---------------------------------------------------------------------------------------

TOMORROW = {"start": "2026-11-25", "end": "2026-11-25"}
AFTER = {"start": "2026-11-26", "end": "2026-11-26"}


@pytest.mark.parametrize(
    ("text", "times", "day", "which"),
    [
        ("明天中午", [("明天中午", {**TOMORROW, "part": "noon"})], "2026-11-25", "lunch"),
        ("明天晚上", [("明天晚上", {**TOMORROW, "part": "eve"})], "2026-11-25", "dinner"),
        ("明天后天都要", [("明天", TOMORROW), ("后天", AFTER)], "2026-11-25", None),
        ("明天不对后天", [("明天", TOMORROW), ("后天", AFTER)], "2026-11-26", None),
    ],
)
def test_day_and_meal_from_a_time(text: str, times: list[Any], day: str, which: str | None) -> None:
    draft = fill(meal.FORM, None, msg(text, "book_meal", ents={"time": times}))
    assert (draft.get("date"), draft.get("meal")) == (day, which)


def test_several_days_are_kept_in_words() -> None:
    times = [("明天", TOMORROW), ("后天", AFTER)]
    draft = fill(meal.FORM, None, msg("明天后天都要", "book_meal", ents={"time": times}))
    assert dict(meal.summary(draft, msg()))["还有"].startswith("后天也要")


def test_another_meal_of_the_same_day() -> None:
    values = {"date": "2026-11-26", "meal": "lunch", "mode": "eat_in", "narrative": "订饭"}
    draft = asking(Draft("meal", "m1", values=values), CONFIRM)
    evening = {"start": "2026-11-24", "end": "2026-11-24", "part": "eve"}
    draft = fill(
        meal.FORM, draft, msg("改成晚上", "deny", id="m2", ents={"time": ("晚上", evening)})
    )
    assert (draft.get("date"), draft.get("meal")) == ("2026-11-26", "dinner")


@pytest.mark.parametrize(
    ("words", "mode"),
    [("不用送", "pickup"), ("不用送，我去吃", "eat_in"), ("送到家", "delivery"), ("随便", None)],
)
def test_how_it_gets_there(words: str, mode: str | None) -> None:
    values = {"date": "2026-11-25", "meal": "lunch", "narrative": "订饭"}
    draft = asking(Draft("meal", "m1", values=values), "mode")
    assert fill(meal.FORM, draft, msg(words, "deny", id="m2")).get("mode") == mode


# --- the same question again ---------------------------------------------------------------------


async def test_an_answer_to_another_question_is_acknowledged(
    talk: Talk, services: FakeServices
) -> None:
    services.meal_open = False
    order = [
        {"entity": "time", "text": "明天", "value": TOMORROW},
        {"entity": "meal", "text": "午饭", "value": "lunch"},
    ]
    talk.hear("订明天的午饭", "book_meal", entities=order)
    await talk.run("validate_meal_form")
    talk.hear("送到家", "book_meal")
    await talk.run("validate_meal_form")
    assert talk.text.startswith("“送到家”记下了。") and "截止了" in talk.text
    talk.hear("哈哈", "chitchat")
    await talk.run("validate_meal_form")
    assert talk.text.startswith("“哈哈”我没听准。")
    talk.hear("不订了", "cancel_dialog")
    await talk.run("validate_meal_form")
    await talk.run("action_submit_meal")
    assert talk.text == "好，那先不订。想订了随时说。"
    assert not services.sent("/tickets")


async def test_words_over_the_summary_that_change_nothing(
    talk: Talk, services: FakeServices
) -> None:
    order = [
        {"entity": "time", "text": "明天", "value": TOMORROW},
        {"entity": "meal", "text": "午饭", "value": "lunch"},
    ]
    talk.hear("订明天的午饭，我去食堂吃", "book_meal", entities=order)
    await talk.run("validate_meal_form")
    talk.hear("一份", "book_meal", entities=[{"entity": "count", "text": "一份", "value": 1}])
    await talk.run("validate_meal_form")
    assert talk.text.startswith("对，就是这么记的。")
    talk.hear("啊这", "chitchat")
    await talk.run("validate_meal_form")
    assert talk.text.startswith("“啊这”我没听准要改哪儿。")


async def test_a_place_with_one_similar_name_is_asked_by_name(
    talk: Talk, services: FakeServices
) -> None:
    services.place_status = "similar"
    talk.hear("锦绣花园1号楼楼道灯坏了", "report_problem", entities=[
        LAMP, {"entity": "address", "text": "锦绣花园1号楼",
               "value": {"community": "锦绣花园", "building": "1"}}])  # fmt: skip
    await talk.run("validate_report_form")
    assert talk.text.startswith("“锦绣花园1号楼”我没找着")
    assert talk.buttons == ["松江花园", "都不是"]


# --- two matters in one breath -------------------------------------------------------------------


def _two_things() -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a report and an order as the parts of one message."""
    day = {"entity": "time", "text": "明天", "value": TOMORROW}
    meal = {"entity": "meal", "text": "午饭", "value": "lunch"}
    lamp = {"entity": "service", "value": "I3", "confidence": 0.9}
    return (
        {"text": "幸福小区3号楼2单元路灯坏了", "intent": {"name": "report_problem", "confidence": 0.9},
         "entities": [ADDRESS, lamp]},
        {"text": "订明天午饭，我去食堂吃", "intent": {"name": "book_meal", "confidence": 0.9},
         "entities": [day, meal]},
    )  # fmt: skip


async def test_what_is_told_first_goes_first(talk: Talk, services: FakeServices) -> None:
    parts = _two_things()
    talk.hear(
        "幸福小区3号楼2单元路灯坏了，顺便订明天午饭，我去食堂吃", "book_meal", parts=list(parts)
    )
    await talk.run("validate_meal_form")
    assert talk.followup == "report_form"
    talk.loop = "report_form"
    await talk.run("validate_report_form")
    assert "路灯坏了" in talk.text
    assert [w["intent"] for w in talk.slots["draft"]["values"]["later"]] == ["book_meal"]


async def test_the_second_matter_is_reported_with_a_typed_yes(
    talk: Talk, services: FakeServices
) -> None:
    report, order = _two_things()
    talk.hear(
        "订明天午饭，我去食堂吃，顺便幸福小区3号楼2单元路灯坏了", "book_meal", parts=[order, report]
    )
    await talk.run("validate_meal_form")
    talk.hear("对", "affirm")
    await talk.run("validate_meal_form")
    await talk.run("action_submit_meal")
    assert talk.buttons[-2:] == ["好，接着办", "先不办"]
    talk.loop = None
    talk.hear("好", "greet")
    await talk.run("action_greet")
    assert (talk.followup, talk.text) == ("action_affirm", "")
    await talk.run("action_affirm")
    assert talk.followup == "report_form"
    await talk.run("validate_report_form")
    assert "路灯坏了" in talk.text and "幸福小区3号楼2单元" in talk.text
    assert Draft.from_slot(talk.slots["draft"]).get("leaf") == "I3"


# --- outside a form ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "intent", "action", "filed"),
    [
        ("好", "greet", "action_greet", 1),
        ("要", "ask_service", "action_answer_service", 1),
        ("好的谢谢", "thank", "action_thank", 1),
        ("不用", "goodbye", "action_goodbye", 0),
    ],
)
async def test_a_plain_word_answers_the_offer(
    talk: Talk, services: FakeServices, words: str, intent: str, action: str, filed: int
) -> None:
    talk.hear("表扬一下小王", "give_praise")
    await talk.run("action_praise")
    talk.hear(words, intent)
    await talk.run(action)
    assert talk.followup == ("action_affirm" if filed else "action_deny")
    await talk.run(str(talk.followup))
    assert len(services.tickets) == filed


async def test_not_solved_while_it_is_still_being_worked_on(
    talk: Talk, services: FakeServices
) -> None:
    services.tickets = [view(1)]
    talk.hear("没修好", "reject_resolution")
    await talk.run("action_reject")
    assert "还在办" in talk.text and talk.buttons == ["催一下", "先不催"]
    talk.hear("嗯", "affirm")
    await talk.run("action_affirm")
    assert talk.followup == "action_urge"
    await talk.run("action_urge")
    assert len(services.sent("/resident/urge")) == 1


async def test_not_solved_without_a_word_of_what_opens_no_empty_report(
    talk: Talk, services: FakeServices
) -> None:
    talk.hear("没修好", "reject_resolution")
    await talk.run("action_reject")
    assert "什么没弄好" in talk.text
    assert talk.followup == "action_listen"


async def test_office_and_grid_worker(talk: Talk, services: FakeServices) -> None:
    talk.hear("网格员是谁，几点下班", "ask_community_info")
    await talk.run("action_community_info")
    for words in (
        "清河社区服务窗口",
        "上午8:30",
        "现在下班了，明天8:30开门",
        "0439-00000005",
        "几号楼",
    ):
        assert words in talk.text
    talk.hear("幸福小区3号楼2单元", "report_problem", uncertain=True, entities=[ADDRESS])
    for action in ("action_clarify", "action_supplement", "action_clarify"):  # no request lacks it
        await talk.run(action)
    assert talk.text == "幸福小区3号楼2单元归清河社区第二网格管，网格员是李梅。"


async def test_an_address_alone_is_heard(talk: Talk, services: FakeServices) -> None:
    talk.hear("幸福小区3号楼2单元", "report_problem", uncertain=True, entities=[ADDRESS])
    for action in ("action_clarify", "action_supplement", "action_clarify"):  # no request lacks it
        await talk.run(action)
    assert "有什么事" in talk.text and not talk.buttons


async def test_a_ticket_number_alone_asks_how_it_stands(talk: Talk, services: FakeServices) -> None:
    talk.hear("SQ-261124-00001-1", "urge_ticket", uncertain=True)
    await talk.run("action_clarify")
    assert talk.followup == "action_query_progress"


def test_home_is_still_offered_first() -> None:
    draft = fill(report.FORM, None, msg("楼道灯坏了", leaf="H6", home=HOME))
    question = next_question(report.FORM, draft, msg(home=HOME))
    assert question == "place" and place.gap(draft, msg(home=HOME)) == "home"
    yes = tap("affirm", about="home", home=HOME)
    assert fill(report.FORM, asking(draft, "place"), yes).get("address")["building"] == "3"


@pytest.mark.parametrize("words", ["我要投诉", "帮我报个修", "想反映个情况", "报事"])
async def test_a_wish_to_report_is_asked_what_about(
    talk: Talk, services: FakeServices, words: str
) -> None:
    talk.hear(words, "ask_capability")
    await talk.run("action_capability")
    assert (talk.followup, talk.text) == ("report_form", "")
    await talk.run("validate_report_form")
    assert "是什么事" in talk.text
    assert not talk.slots["draft"]["values"].get("narrative")


CARD = {
    "id": "B1", "name": "低保", "summary": "收入低的家庭可以申请。", "conditions": [],
    "materials": ["身份证", "户口簿"], "where": "街道办事处", "limit": None, "fee": "不收钱",
    "sources": [], "valid": True, "valid_from": "2026-01-01", "offers": [],
}  # fmt: skip


@pytest.mark.parametrize(
    ("words", "intent", "action", "told"),
    [
        ("要带啥", "ask_service", "action_answer_service", "【低保】要带：身份证、户口簿。"),
        ("在哪办", "ask_community_info", "action_community_info", "【低保】去哪办：街道办事处"),
        ("要钱不", "ask_capability", "action_capability", "【低保】收费：不收钱"),
        ("帮我办", "ask_capability", "action_capability", "请工作人员答复您"),
    ],
)
async def test_a_question_goes_on_with_the_service_just_explained(
    talk: Talk, services: FakeServices, words: str, intent: str, action: str, told: str
) -> None:
    services.cards["B1"] = CARD
    leaf = {"entity": "service", "value": "B1", "confidence": 0.9}
    talk.hear("低保咋办", "ask_service", entities=[leaf])
    await talk.run("action_answer_service")
    wrong = {"entity": "service", "value": "E3", "confidence": 0.9}
    talk.hear(words, intent, entities=[wrong])
    await talk.run(action)
    if action != "action_answer_service":
        assert (talk.followup, talk.text) == ("action_answer_service", "")
        await talk.run("action_answer_service")
    assert told in talk.text


async def test_which_ticket_is_chosen_in_words(talk: Talk, services: FakeServices) -> None:
    services.tickets = [view(2, title="下水道堵塞"), view(1)]
    talk.hear("帮我催一下楼道那个", "urge_ticket")
    await talk.run("action_urge")
    assert len(talk.buttons) == 2
    talk.hear("第二个", "cancel_dialog")
    await talk.run("action_cancel_form")
    assert (talk.followup, talk.text) == ("action_urge", "")
    await talk.run("action_urge")
    path = next(p for m, p, _, _ in services.calls if p.endswith("/resident/urge"))
    assert "SQ-261124-00001-1" in path
    assert services.sent("/resident/urge")[0]["text"] == "帮我催一下楼道那个"


async def test_an_outage_may_be_reported_at_once(talk: Talk, services: FakeServices) -> None:
    talk.hear("停电", "ask_notice", id="out")
    await talk.run("action_notice")
    assert talk.payloads["现在就停着"] == '/report_problem{"about":"m:out"}'
    talk.hear("今年重阳节有活动吗", "ask_notice")
    await talk.run("action_notice")
    assert "现在就停着" not in talk.buttons


@pytest.mark.parametrize(
    ("confidence", "leaf"), [(0.9, "K1"), (0.3, None)]
)  # unsure: a person sorts it
async def test_a_booking_is_named_only_when_it_is_clear(
    talk: Talk, services: FakeServices, confidence: float, leaf: str | None
) -> None:
    said = {"entity": "service", "value": "K1", "confidence": confidence}
    talk.hear("想约个时间", "book_service", entities=[said])
    await talk.run("action_book_service")
    assert ("志愿" in talk.text) is (leaf is not None)
    talk.hear("要得", "affirm")
    await talk.run("action_affirm")
    assert services.sent("/tickets")[0]["leaf"] == leaf


@pytest.mark.parametrize(("tapped", "told"), [("/affirm", "先前"), ("/deny", "先前")])
async def test_an_old_button_does_nothing(
    talk: Talk, services: FakeServices, tapped: str, told: str
) -> None:
    talk.hear(tapped, tapped[1:])
    await talk.run(f"action_{tapped[1:]}")
    assert told in talk.text and not services.sent("/tickets")


async def test_words_of_danger_in_a_plain_answer_raise_no_alarm(
    talk: Talk, services: FakeServices
) -> None:
    talk.hear("楼道灯坏了", "report_problem", entities=[LAMP])
    await talk.run("validate_report_form")
    talk.hear("跳过", "emergency")
    await talk.run("action_emergency")
    assert not services.sent("/alerts") and talk.followup == "report_form"


async def test_a_secret_told_with_the_wish_is_reported(talk: Talk, services: FakeServices) -> None:
    readings = [{"intent": "ask_anonymity", "leaf": None, "confidence": 0.9},
                {"intent": "report_problem", "leaf": "I2", "confidence": 0.06}]  # fmt: skip
    talk.hear("楼上天天半夜吵得睡不着，别告诉他是我说的", "ask_anonymity", readings=readings)
    await talk.run("action_anonymity")
    assert talk.followup == "report_form"
    await talk.run("validate_report_form")
    assert talk.slots["draft"]["values"]["confidential"] is True
    talk.loop = None
    talk.hear("能不能匿名", "ask_anonymity")
    await talk.run("action_supplement")  # there may be a request that it is about
    assert talk.followup == "action_anonymity"
    await talk.run("action_anonymity")
    assert "放心" in talk.text and talk.followup == "action_listen"


def test_a_corrected_phone_stays_out_of_the_story() -> None:
    phone = {"phone": ("13845678901", "13845678901")}
    draft = fill(report.FORM, confirmed_report(), msg("电话换成13845678901", id="m2", ents=phone))
    assert draft.get("phone") == "13845678901"
    assert draft.get("narrative") == "楼道灯坏了"


def test_one_more_portion() -> None:
    values = {"date": "2026-11-25", "meal": "lunch", "mode": "pickup", "subject": "father"}
    draft = asking(Draft("meal", "m1", values=values), CONFIRM)
    more = msg("再加一份给我妈", "book_meal", id="m2",
               ents={"count": ("一份", 1), "relation": ("我妈", "mother")})  # fmt: skip
    draft = fill(meal.FORM, draft, more)
    assert (meal.portions(draft), draft.get("subject")) == (2, "father")
    assert "再加一份给我妈" in draft.get("narrative")


async def test_words_for_no_ticket_are_a_new_report(talk: Talk, services: FakeServices) -> None:
    talk.hear("我儿子老是打我", "supplement_ticket")
    await talk.run("action_supplement")
    assert (talk.followup, talk.text) == ("report_form", "")


async def test_the_place_after_an_alarm_reaches_the_duty_desk(
    talk: Talk, services: FakeServices
) -> None:
    talk.hear("我爸走丢了", "emergency")
    await talk.run("action_emergency")
    talk.hear("幸福小区3号楼2单元", "supplement_ticket", entities=[ADDRESS])
    await talk.run("action_emergency_follow")
    assert services.sent("/alerts")[-1]["text"] == "幸福小区3号楼2单元"
    assert services.sent("/alerts")[-1]["ticket_no"] == "SQ-261124-00009-9"
    assert "值班" in talk.text


@pytest.mark.parametrize(
    ("words", "agrees"),
    [
        ("no phone", True), ("I have no phone", True), ("I don't have a phone", True), ("13812345678", True),
        ("my phone is broken", False), ("phone", False), ("no", False),
    ],
)  # fmt: skip
async def test_a_phone_or_that_there_is_none_agrees_to_the_report_offered(
    talk: Talk, services: FakeServices, words: str, agrees: bool
) -> None:
    await talk.hear("the street light is broken", "chitchat").run("action_manners")
    phone = [{"entity": "phone", "value": words, "text": words}] if words.isdigit() else []
    await talk.hear(words, "chitchat", entities=phone).run("action_chitchat")
    assert (talk.followup == "action_affirm") is agrees
    if agrees:
        await talk.run("action_affirm")
        assert talk.followup == "report_form"
