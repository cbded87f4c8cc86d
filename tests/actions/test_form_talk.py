"""Talking inside a form: what is no answer, what leaves it, what is asked again and how often."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from actions.forms import meal, place, report, shared
from actions.forms.asides import another_matter, aside
from actions.forms.draft import CONFIRM, DROP, Draft, asking, fill, next_question
from actions.forms.replies import hastens, is_stop, summary_question
from actions.message import Reading
from actions.talk import misses as person_misses
from tests.actions.conftest import Talk
from tests.actions.fake_services import FakeServices
from tests.actions.helpers import msg

LAMP = {"entity": "service", "value": "H6", "confidence": 0.93, "alternatives": []}
DRAIN = {"entity": "service", "value": "H5", "confidence": 0.93, "alternatives": []}
ADDRESS = {
    "entity": "address", "text": "幸福小区3号楼2单元",
    "value": {"community": "幸福小区", "building": "3", "unit": "2"},
}  # fmt: skip
TOMORROW = {"entity": "time", "text": "明天", "value": {"start": "2026-11-25", "end": "2026-11-25"}}


def placeless() -> Draft:
    """Return a report that has asked where."""
    return asking(fill(report.FORM, None, msg("楼道灯坏了", leaf="H6")), "place")


def said(draft: Draft, asked: str) -> Draft:
    """Return the draft with the question asked."""
    return asking(draft, asked)


# --- 2.1 any words are the place ------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    ["给我订明天中午饭", "开个居住证明", "我建议多装几个灯", "表扬一下网格员", "我要行政复议",
     "你们管不管物业", "为啥要我电话", "几点了", "电梯坏了没人困", "我想死你们了", "没事了，关了"],
)  # fmt: skip
def test_words_without_a_place_are_none(words: str) -> None:
    for intent in ("supplement_ticket", "give_praise", "ask_service"):
        read = fill(report.FORM, placeless(), msg(words, intent, id="m2", uncertain=False))
        if read.get("place_guess"):  # so short that it may be a nickname: the locality decides
            read = place.resolved(read, {"status": "unknown", "candidates": []})
        assert not read.get("address")


@pytest.mark.parametrize(
    "words", ["大柳树底下那块", "建行那嘎达", "北头", "老张家门口", "超市旁边"]
)
def test_words_of_position_are_a_place(words: str) -> None:
    read = fill(report.FORM, placeless(), msg(words, "chitchat", id="m2"))
    assert (read.get("address") or {}).get("place") == words


def test_a_nickname_counts_when_the_locality_knows_it() -> None:
    guess = fill(report.FORM, placeless(), msg("老邮电", "out_of_scope", id="m2"))
    known = {
        "status": "resolved",
        "missing": ["building"],
        "candidates": [{"compound": "邮电家园"}],
    }
    assert place.resolved(guess, known).get("place") == {"compound": "邮电家园"}
    assert place.resolved(guess, {"status": "unknown", "candidates": []}).get("address") is None


# --- 2.2 the way out ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    ["取消订餐", "不订饭了", "取消报修", "不报修了", "我不想订了", "算了吧不吃了", "取消", "不要订饭了",
     "换个事", "取消预约", "先不报了", "我要撤了，修好了", "撤了吧", "我改主意了，不要了", "又变卦了不订了"],
)  # fmt: skip
def test_stopping_in_many_words(words: str) -> None:
    assert is_stop(msg(words, "chitchat"))
    assert fill(report.FORM, placeless(), msg(words, "chitchat", id="m2")).outcome == DROP


@pytest.mark.parametrize("words", ["取消不了怎么办", "不用送了", "取消的是哪一单", "修了三回了"])
def test_what_does_not_stop(words: str) -> None:
    assert not is_stop(msg(words, "chitchat")) or words == "不用送了"


@pytest.mark.parametrize(
    ("words", "over"),
    [("来暖气了", True), ("哎来水了", True), ("师傅来修好了", True), ("现在不漏了", True), ("已经通了，不用来了", True),
     ("好了", False), ("来水了又停了", False), ("水来了是黄的", False), ("灯亮了一宿没灭", False)],
)  # fmt: skip
def test_what_ends_by_itself_before_it_is_filed(words: str, over: bool) -> None:
    ended = fill(report.FORM, placeless(), msg(words, "supplement_ticket", id="m2")).outcome
    assert (ended == DROP) is over
    ordered = Draft("meal", "m1", seen="m1", asked="place", values={"date": "2026-11-25"})
    assert fill(meal.FORM, ordered, msg(words, "supplement_ticket", id="m2")).outcome is None


def test_beginning_anew_empties_the_form_and_keeps_it_open() -> None:
    read = fill(report.FORM, placeless(), msg("都不对，重新说", "deny", id="m2"))
    assert (read.outcome, dict(read.values)) == (None, {})
    assert next_question(report.FORM, read, msg()) == "narrative"


# --- 2.3 the lost meal ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "misses", "lunch"), [(3, 0, True), (2, 1, True), (2, 0, False), (1, 0, False)]
)
def test_a_default_is_offered_after_a_miss_or_the_third_time_and_a_yes_takes_it(
    asked: int, misses: int, lunch: bool
) -> None:
    draft = Draft("meal", "m1", values={"date": "2026-11-25", "narrative": "订饭"}, misses=misses)
    for _ in range(asked):
        draft = asking(draft, "meal")
    assert (fill(meal.FORM, draft, msg("好", "affirm", id="m2")).get("meal") == "lunch") is lunch
    assert fill(meal.FORM, draft, msg("晚饭", "book_meal", id="m2")).get("meal") == "dinner"


async def test_a_meal_asked_in_vain_is_offered_as_lunch_and_then_a_person_is_called(
    talk: Talk, services: FakeServices
) -> None:
    talk.hear("订明天的饭，我去食堂吃", "book_meal", entities=[TOMORROW])
    await talk.run("validate_meal_form")
    for n, words in enumerate(["嘎嘎嘎", "哈哈哈"]):
        talk.hear(words, "out_of_scope", confidence=0.3, uncertain=True)
        await talk.run("validate_meal_form")
        assert ("先按午饭", "给您找人")[n] in talk.text
    assert talk.slots["draft"]["values"].get("meal") is None
    talk.hear("午饭", "book_meal", entities=[{"entity": "meal", "value": "lunch", "text": "午饭"}])
    await talk.run("validate_meal_form")
    assert "哪一顿：明天（11月25日，星期三）午饭" in talk.text


# --- 2.4 questions at the summary ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "kind"),
    [("你记的啥", "recap"), ("几天能修好", "limit"), ("要钱不", "fee"), ("多久能来修", "limit"),
     ("怎么还没人来", "unfiled"), ("催一下", "unfiled"), ("报上了没", "unfiled"), ("到哪步了", "unfiled"),
     ("催了三回都没人来", None), ("怎么还没人来修电梯，都三天了", None),
     ("贵不贵", "fee"), ("修一次贵不贵啊", "fee"), ("东西贵得很", None), ("师傅叫啥", "worker"), ("来的师傅姓啥嘛", "worker"),
     ("师傅叫我打这个电话", None), ("你们有权拆吗", "power"), ("谁来修", "owner"), ("昨晚还有人摔了一跤", None), ("修了三天没修好", None)],
)  # fmt: skip
def test_questions_over_the_summary(words: str, kind: str | None) -> None:
    assert summary_question(msg(words)) == kind


async def summary(talk: Talk) -> Talk:
    """Tell everything in one message: the summary stands."""
    talk.hear("楼道灯坏了,幸福小区3号楼2单元", "report_problem", entities=[ADDRESS, LAMP])
    await talk.run("validate_report_form")
    assert talk.buttons == ["对，提交", "改一下"]
    return talk


async def test_the_card_answers_and_the_summary_comes_again(
    talk: Talk, services: FakeServices
) -> None:
    services.cards["H6"] = {"name": "楼道灯", "valid": True, "limit": "一天内", "fee": "不收钱"}
    await summary(talk)
    for words, answer in (("几天能修好", "多久：一天内"), ("要钱不", "收费：不收钱")):
        talk.hear(words, "ask_service", confidence=0.4)
        await talk.run("validate_report_form")
        assert talk.text.startswith(answer) and "在哪里：幸福小区3号楼2单元" in talk.text
        assert words not in talk.text
    assert talk.buttons == ["对，提交", "改一下"]


async def test_a_question_that_no_card_answers_goes_to_who_handles_it(
    talk: Talk, services: FakeServices
) -> None:
    await summary(talk)
    talk.hear("谁来修", "ask_service", confidence=0.4)
    await talk.run("validate_report_form")
    assert talk.text.startswith("您问的这句我写进去了") and "改好了" not in talk.text
    assert "谁来修" in talk.slots["draft"]["values"]["narrative"]


@pytest.mark.parametrize("words", ["去掉电话", "电话删了", "别留电话"])
async def test_a_line_goes_out_of_the_summary(
    talk: Talk, services: FakeServices, words: str
) -> None:
    phone = {"entity": "phone", "text": "13812345678", "value": "13812345678"}
    talk.hear("马桶堵了,幸福小区3号楼2单元,13812345678", "report_problem",
              entities=[ADDRESS, DRAIN, phone])  # fmt: skip
    await talk.run("validate_report_form")
    assert "138****5678" in talk.text
    talk.hear(words, "report_problem", confidence=0.4)
    await talk.run("validate_report_form")
    assert "138" not in talk.text and "在这个对话里回您" in talk.text
    assert words not in talk.text


async def test_thinking_it_over_asks_nothing(talk: Talk, services: FakeServices) -> None:
    await summary(talk)
    talk.hear("等我再想想", "chitchat")
    await talk.run("validate_report_form")
    assert "留着" in talk.text and not talk.buttons and talk.loop == "report_form"
    talk.hear("等我再想想", "cancel_dialog")
    await talk.run("action_cancel_form")
    assert talk.followup == "report_form"
    await talk.run("validate_report_form")
    assert "留着" in talk.text and talk.loop == "report_form"
    talk.hear("对", "affirm")
    await talk.run("validate_report_form")
    assert talk.slots["confirmed"] is True


def test_the_name_is_written_as_said() -> None:
    draft = said(fill(report.FORM, None, msg("楼道灯坏了", leaf="H6")), CONFIRM)
    read = fill(report.FORM, draft, msg("名字写我爱人的，李强", "ask_anonymity", id="m2"))
    assert (read.get("name"), read.get("confidential")) == ("李强", None)


def test_a_correction_of_the_story_joins_it() -> None:
    draft = said(fill(report.FORM, None, msg("三楼灯坏了", leaf="H6")), CONFIRM)
    read = fill(report.FORM, draft, msg("是2楼不是3楼", "deny", id="m2"))
    assert read.get("narrative") == "三楼灯坏了\n是2楼不是3楼"


# --- 2.5 a yes to the phone -----------------------------------------------------------------------


@pytest.mark.parametrize("words", ["好", "行", "要得", "对"])
async def test_a_yes_to_the_phone_asks_for_the_number(
    talk: Talk, services: FakeServices, words: str
) -> None:
    talk.hear("马桶堵了,幸福小区3号楼2单元", "report_problem", entities=[ADDRESS, DRAIN])
    await talk.run("validate_report_form")
    assert "留个电话" in talk.text
    talk.hear(words, "affirm")
    await talk.run("validate_report_form")
    assert "您说下号码" in talk.text and "记下了" not in talk.text
    talk.hear("13812345678", "supplement_ticket",
              entities=[{"entity": "phone", "text": "13812345678", "value": "13812345678"}])  # fmt: skip
    await talk.run("validate_report_form")
    assert "138****5678" in talk.text


def test_a_yes_is_no_time() -> None:
    draft = said(Draft("report", "m1", values={"narrative": "太吵", "leaf": "I2"}), "occurred")
    for words in ("对", "嗯", "好的"):
        assert not fill(report.FORM, draft, msg(words, "affirm", id="m2")).get("occurred_text")
    assert fill(report.FORM, draft, msg("后半夜", id="m2")).get("occurred_text") == "后半夜"


# --- 2.7 misses ---------------------------------------------------------------------------------


async def test_what_is_not_understood_twice_ends_with_a_person(
    talk: Talk, services: FakeServices
) -> None:
    await summary(talk)
    leads = ["没听准要改哪儿", "给您找人", "没听准要改哪儿", "给您找人"]
    for lead in leads:  # nobody comes out of office hours: not every message then calls again
        talk.hear("嘎嘎嘎", "chitchat", confidence=0.9)
        await talk.run("validate_report_form")
        assert lead in talk.text
        if len(services.sent("/alerts")) == 1:
            assert "给您留着" in talk.text or lead != "给您找人"
    assert [b["kind"] for b in services.sent("/alerts")] == ["human", "human"]
    assert services.sent("/alerts")[0]["text"] == "楼道灯坏了,幸福小区3号楼2单元；嘎嘎嘎"
    assert talk.loop == "report_form"  # what was filled in stays
    talk.hear("对", "affirm")
    await talk.run("validate_report_form")
    assert talk.slots["confirmed"]


async def test_something_understood_between_two_misses_calls_nobody(
    talk: Talk, services: FakeServices
) -> None:
    await summary(talk)
    for words in ("嘎嘎嘎", "别说是我说的", "嘎嘎嘎"):
        talk.hear(words, "ask_anonymity" if "我" in words else "chitchat", confidence=0.9)
        await talk.run("validate_report_form")
    assert services.sent("/alerts") == []


async def test_a_place_asked_in_vain_calls_a_person_and_is_still_taken(
    talk: Talk, services: FakeServices
) -> None:
    talk.hear("楼道灯坏了", "report_problem", entities=[LAMP])
    await talk.run("validate_report_form")
    said_back = []
    for words in ("我要行政复议一下子", "表扬一下咱们网格员同志们"):
        talk.hear(words, "out_of_scope", confidence=0.3, uncertain=True)
        await talk.run("validate_report_form")
        said_back.append(talk.text)
    assert "我问的是地方" in said_back[0] and "给您找人" in said_back[1]
    assert "给您留着" in said_back[1] and len(services.sent("/alerts")) == 1
    talk.hear("幸福小区3号楼2单元", "report_problem", entities=[ADDRESS])
    await talk.run("validate_report_form")
    assert "楼道灯坏了" in talk.text and "幸福小区3号楼2单元" in talk.text


async def test_the_services_away_still_leaves_a_way_to_a_person(
    talk: Talk, services: FakeServices
) -> None:
    await summary(talk)
    services.fail = [503] * 9
    for _ in range(2):
        talk.hear("嘎嘎嘎", "chitchat", confidence=0.9)
        await talk.run("validate_report_form")
    assert "12345" in talk.text and talk.buttons == ["人工"]


async def test_a_greeting_in_a_form_is_greeted(talk: Talk, services: FakeServices) -> None:
    talk.hear("楼道灯坏了", "report_problem", entities=[LAMP])
    await talk.run("validate_report_form")
    talk.hear("你好", "greet")
    await talk.run("validate_report_form")
    assert talk.text.startswith("您好，我在呢。我问的是地方")


@pytest.mark.parametrize(
    ("words", "asked", "kind"),
    [("啥意思", "place", "puzzled"), ("为啥要我电话", "contact", "why"), ("想一想", CONFIRM, "pause"),
     ("为啥要我们交钱", CONFIRM, None), ("要我电话干啥", CONFIRM, "why"), ("楼道灯", "place", None)],
)  # fmt: skip
def test_asides(words: str, asked: str, kind: str | None) -> None:
    assert aside(msg(words), said(Draft("report", "m1"), asked)) == kind


async def test_the_second_miss_outside_a_form_calls_a_person(
    talk: Talk, services: FakeServices
) -> None:
    talk.hear("紫的那回", "chitchat", uncertain=True, readings=[])
    await talk.run("action_clarify")
    assert talk.buttons[-1] == "人工" and "订饭" in talk.buttons and not services.sent("/alerts")
    talk.hear("蓝色的", "affirm", readings=[])
    await talk.run("action_affirm")
    assert talk.followup == "action_clarify" and not talk.text
    await talk.run("action_clarify")
    assert "给您找人" in talk.text
    sent = services.sent("/alerts")
    assert [(b["kind"], b["text"]) for b in sent] == [("human", "紫的那回；蓝色的")]
    # Who was called has not come: the next one offers choices again, the one after calls again.
    for said, calls in (("紫色的", 1), ("黄色的", 2)):
        talk.hear(said, "chitchat", uncertain=True, readings=[])
        await talk.run("action_clarify")
        assert len(services.sent("/alerts")) == calls


async def test_how_many_misses_call_a_person_is_data(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [person_misses.person_due(n) for n in range(5)] == [False, False, True, False, True]
    monkeypatch.setattr(person_misses, "load", lambda name: {"person_after": 3})
    assert [person_misses.person_due(n) for n in range(5)] == [False, False, False, True, False]


# --- later, and two requests ----------------------------------------------------------------------


def test_another_matter_in_a_form() -> None:
    asked = said(Draft("report", "m1"), "place")
    noon = {"time": ("明天", TOMORROW["value"]), "meal": ("中午饭", "lunch")}
    assert another_matter(msg("订明天中午饭", "book_meal", ents=noon), asked)
    assert another_matter(msg("给我订明天中午饭", "book_meal"), asked)
    assert not another_matter(msg("给我订明天中午饭", "book_meal", uncertain=True), asked)
    assert not another_matter(msg("楼道灯坏了", "report_problem"), asked)
    idea = msg("建议你们装个声控的", "make_suggestion")
    assert another_matter(idea, asked)
    assert not another_matter(idea, said(Draft("report", "m1"), CONFIRM))


async def test_what_waits_is_offered_one_after_the_other(
    talk: Talk, services: FakeServices
) -> None:
    parts = [
        {"text": "楼道灯坏了,幸福小区3号楼2单元", "intent": {"name": "report_problem", "confidence": 0.9},
         "entities": [ADDRESS, LAMP]},
        {"text": "下水道也堵了", "intent": {"name": "report_problem", "confidence": 0.9}, "entities": [DRAIN]},
        {"text": "高龄津贴咋申请", "intent": {"name": "ask_service", "confidence": 0.9},
         "entities": [{"entity": "service", "value": "C2", "confidence": 0.9}]},
    ]  # fmt: skip
    talk.hear("楼道灯坏了,幸福小区3号楼2单元，下水道也堵了，还有高龄津贴咋申请", "report_problem",
              entities=[ADDRESS, LAMP], parts=parts)  # fmt: skip
    await talk.run("validate_report_form")
    assert talk.text.startswith("您说了3件事") and "下水道" not in talk.text
    talk.hear("对", "affirm")
    await talk.run("validate_report_form")
    await talk.run("action_submit_report")
    assert "下水道也堵了" in talk.text
    talk.loop = None
    talk.hear("好", "affirm")
    await talk.run("action_affirm")
    assert talk.followup == "report_form"
    await talk.run("validate_report_form")
    # The place was said for both; the phone is asked as ever.
    assert "留个电话" in talk.text
    talk.hear("不留", "deny")
    await talk.run("validate_report_form")
    assert "下水道" in talk.text and "幸福小区3号楼2单元" in talk.text and "楼道灯" not in talk.text
    talk.hear("对", "affirm")
    await talk.run("validate_report_form")
    await talk.run("action_submit_report")
    assert "高龄津贴咋申请" in talk.text and "高龄津贴咋申请" not in str(services.sent("/tickets"))


# --- 13 what was said is not asked again ----------------------------------------------------------


def earlier(minute: int) -> dict[str, Any]:
    """Return the metadata of a message at 10:<minute>."""
    return {"now": f"2026-11-24T10:{minute:02d}:00+08:00"}


@pytest.mark.parametrize(("minute", "asks"), [(20, False), (45, True)])
async def test_a_place_said_before_is_taken_for_half_an_hour(
    talk: Talk, services: FakeServices, minute: int, asks: bool
) -> None:
    talk.hear(
        "我在幸福小区3号楼2单元", "supplement_ticket", entities=[ADDRESS], metadata=earlier(0)
    )
    await talk.run("action_supplement")
    talk.hear("楼道灯坏了", "report_problem", entities=[LAMP], metadata=earlier(minute))
    await talk.run("validate_report_form")
    assert ("在哪儿呢" in talk.text) is asks
    assert ("地方按您先前说的记" in talk.text) is not asks


@pytest.mark.parametrize("elder", [False, True])
async def test_what_helps_comes_before_where_it_was(
    talk: Talk, services: FakeServices, elder: bool
) -> None:
    talk.hear(
        "我在幸福小区3号楼2单元", "supplement_ticket", entities=[ADDRESS], metadata=earlier(0)
    )
    await talk.run("action_supplement")
    talk.hear("我让狗咬了", "report_problem", metadata={**earlier(5), "elder": elder})
    await talk.run("validate_report_form")
    assert talk.said[0]["text"] == "先打110。", "nothing stands before what helps"
    assert talk.said[1]["text"].startswith("地方按您先前说的记。\n")


@pytest.mark.parametrize(
    ("words", "report"), [("猫把我抓破了", True), ("猫把沙发抓破了", False), ("今天猫真乖", False)]
)
async def test_a_scratch_is_ours_whatever_it_is_taken_for(
    talk: Talk, services: FakeServices, words: str, report: bool
) -> None:
    talk.hear(words, "out_of_scope", confidence=0.72)
    await talk.run("action_out_of_scope")
    assert (talk.followup == "report_form") is report


async def test_a_phone_said_in_talk_is_taken_one_left_for_a_matter_is_not(
    talk: Talk, services: FakeServices
) -> None:
    phone = {"entity": "phone", "text": "13812345678", "value": "13812345678"}
    talk.hear("我电话13812345678", "supplement_ticket", entities=[phone])
    await talk.run("action_supplement")
    talk.hear("马桶堵了,幸福小区3号楼2单元", "report_problem", entities=[ADDRESS, DRAIN])
    await talk.run("validate_report_form")
    assert "138****5678" in talk.text


async def test_only_the_building_is_said_now(talk: Talk, services: FakeServices) -> None:
    talk.hear("我在幸福小区3号楼2单元", "supplement_ticket", entities=[ADDRESS])
    await talk.run("action_supplement")
    five = {"entity": "address", "text": "5号楼", "value": {"building": "5"}}
    talk.hear("5号楼的灯坏了", "report_problem", entities=[LAMP, five])
    await talk.run("validate_report_form")
    assert talk.slots["draft"]["values"]["address"] == {"community": "幸福小区", "building": "5"}


def test_what_only_opens_a_complaint_has_no_matter_yet() -> None:
    petition = Reading("report_problem", "J8", 0.3)
    draft = fill(report.FORM, None, msg("我要投诉", "ask_human", readings=(petition,)))
    assert next_question(report.FORM, draft, msg()) == "narrative"
    assert not draft.get("leaf")
    draft = asking(draft, "narrative")
    noise = fill(report.FORM, draft, msg("嘎嘎嘎", leaf="I2", id="m2", uncertain=True))
    assert not noise.get("narrative") and not noise.get("leaf")
    told = fill(report.FORM, draft, msg("楼上天天半夜吵", leaf="I2", id="m2"))
    assert (told.get("leaf"), told.get("narrative")) == ("I2", "楼上天天半夜吵")


@pytest.mark.parametrize(
    ("text", "files", "told"),
    [
        ("是的，孩子多，怪吓人的", True, "孩子多，怪吓人的"), ("对 老人走路看不见", True, "老人走路看不见"),
        ("对，还有灯也不亮", False, ""), ("行，啥时候修", False, ""),
    ],
)  # fmt: skip
def test_a_yes_with_more_of_the_matter_files_it_with_the_words(
    text: str, files: bool, told: str
) -> None:
    draft = replace(fill(report.FORM, None, msg("井盖没了", leaf="I4")), asked=CONFIRM)
    new = fill(report.FORM, draft, msg(text, "affirm", id="m9"))
    assert (new.outcome == "submit") is files and told in str(new.get("narrative"))


@pytest.mark.parametrize(
    ("words", "asks"),
    [
        ("能早点来不", True), ("能快点不", True), ("今儿能来不", True), ("今天能来不", True), ("能不能快点来修", True),
        ("麻烦快点行不", True), ("抓紧点行不", True), ("你们早点派人来行不行", True), ("师傅今天能来吗", True),
        ("今儿个能不能来", True), ("搞快点要得不", True), ("明天上午能来修不", True),
        # No question, another matter, or a fact beside it.
        ("明天上午来修", False), ("赶紧来人", False), ("早点摊占道", False), ("能快点送饭不", False),
        ("今天能办低保不", False), ("今天下午我在家", False), ("快点滚", False),
    ],
)  # fmt: skip
def test_it_is_asked_to_come_sooner(words: str, asks: bool) -> None:
    assert hastens(msg(words)) is asks


async def test_a_wish_to_come_sooner_is_noted_and_the_question_stands(
    talk: Talk, services: FakeServices
) -> None:
    await summary(talk)
    today = {"entity": "time", "text": "今儿", "value": {"start": "2026-11-24"}}
    talk.hear("今儿能来不", "book_service", confidence=0.4, entities=[today])
    await talk.run("validate_report_form")
    assert talk.text.startswith("您着急，我写上了") and "上门时间" not in talk.text
    assert talk.buttons == ["对，提交", "改一下"] and not talk.slots.get("confirmed")
    assert "今儿能来不" in talk.slots["draft"]["values"]["narrative"]


async def test_behind_what_was_filed_it_urges(talk: Talk, services: FakeServices) -> None:
    for words, taken in (("今儿能来不", "action_book_service"), ("能早点来不", "action_clarify")):
        talk.events.append({"event": "action", "name": "action_submit_report"})
        talk.hear(words, "book_service", uncertain=taken == "action_clarify")
        await talk.run(taken)
        assert talk.followup == "action_urge"


@pytest.mark.parametrize(
    ("words", "asks"),
    [
        ("到底来不来", True), ("你们到底管不管", True), ("还来不来人了", True), ("有没有人管啊", True),
        ("来不来得及", False), ("管不管饭", False), ("来不来跳舞", False),
    ],
)  # fmt: skip
async def test_whether_anybody_comes_at_all_urges_what_was_filed(
    talk: Talk, services: FakeServices, words: str, asks: bool
) -> None:
    talk.events.append({"event": "action", "name": "action_submit_report"})
    talk.hear(words, "ask_notice", uncertain=True)
    await talk.run("action_clarify")
    assert (talk.followup == "action_urge") is asks


@pytest.mark.parametrize(
    ("words", "secret"), [("就我一家", False), ("就我们家没电", False), ("别说是我家报的", True)]
)
def test_how_many_homes_it_is_keeps_nobody_secret(words: str, secret: bool) -> None:
    said = report.read_secret(msg(words, "ask_anonymity"), Draft("report", "m1"))
    assert (said.get("confidential") is True) is secret


async def test_behind_what_was_filed_the_fee_is_its_cards(
    talk: Talk, services: FakeServices
) -> None:
    talk.hear("要钱不", "ask_service", uncertain=True)
    await talk.run("action_clarify")
    assert talk.followup != "action_answer_service"  # nothing was filed: what costs is not known
    talk.events.append({"event": "action", "name": "action_submit_report"})
    talk.hear("要钱不", "ask_service", uncertain=True)
    await talk.run("action_clarify")
    assert talk.followup == "action_answer_service"


@pytest.mark.parametrize(
    ("values", "asks", "told"),
    [
        ({"phone": "13904390002"}, {"contact": 1}, {"phone": "13904390002"}),
        ({"phone": "13904390002", "phone_of": "这是您女儿的电话"}, {"contact": 1}, {}),
        ({}, {"contact": 1}, {"no_phone": True}),
        ({"no_phone": True}, {}, {"no_phone": True}),
        ({}, {}, {}),
    ],
)
def test_what_is_said_of_a_phone_counts_for_the_next_matter(
    values: dict[str, Any], asks: dict[str, int], told: dict[str, Any]
) -> None:
    draft = Draft("report", "m1", values=values, asks=asks)
    assert shared.for_the_next(draft) == told


@pytest.mark.parametrize(
    ("answer", "said"),
    [("13904390002", "电话还用刚才留的139****0002"), ("不留", "在这个对话里回您")],
)
async def test_the_phone_of_the_first_of_two_matters_is_not_asked_again(
    talk: Talk, services: FakeServices, answer: str, said: str
) -> None:
    roof = {"entity": "service", "value": "H7", "confidence": 0.9}
    parts = [
        {"text": "幸福小区3号楼2单元下水道堵了", "intent": {"name": "report_problem", "confidence": 0.9}, "entities": [ADDRESS, DRAIN]},
        {"text": "墙皮掉了", "intent": {"name": "report_problem", "confidence": 0.9}, "entities": [roof]},
    ]  # fmt: skip
    talk.hear("幸福小区3号楼2单元下水道堵了，还有墙皮掉了", "report_problem",
              entities=[ADDRESS, DRAIN], parts=parts)  # fmt: skip
    await talk.run("validate_report_form")
    assert "留个电话" in talk.text
    talk.events.append({"event": "active_loop", "name": "report_form"})
    phone = [{"entity": "phone", "text": answer, "value": answer}] if answer != "不留" else []
    talk.hear(answer, "inform" if phone else "deny", entities=phone)
    await talk.run("validate_report_form")
    talk.hear("对", "affirm")
    await talk.run("validate_report_form")
    await talk.run("action_submit_report")
    talk.loop = None
    talk.hear("好", "affirm")
    await talk.run("action_affirm")
    await talk.run("validate_report_form")
    assert said in talk.text and "留个电话" not in talk.text
