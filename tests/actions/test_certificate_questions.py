"""Short questions about a certificate, and what a message puts right or only repeats."""

from __future__ import annotations

import pytest

from actions.forms import certificate, place
from actions.forms.draft import Draft
from actions.forms.replies import is_question, is_yes, only_predicate
from actions.knowledge import certificate_questions
from actions.safety import crisis
from actions.talk import contact
from actions.tickets import own
from tests.actions.helpers import msg


@pytest.mark.parametrize(
    ("words", "what"),
    [
        ("凭什么不开", "why"), ("那去哪开", "where"), ("社区不给开那我找谁", "where"), ("你们开不了那我上哪开去", "where"), ("不能开的话我该找哪个", "where"), ("居委会不开，那我去哪办", "where"),
        ("凭什么不给开", "why"), ("再说一遍带啥", "materials"),
        ("要带复印件吗", "materials"), ("能让我老婆去吗", "deputy"), ("我替她去行吗", "deputy"),
        ("那让我对象拿我身份证去呢", "deputy"), ("我走不动能上门吗", "visit"),
        ("几点去", "hours"), ("周六能去吗", "hours"), ("多久能拿到", "limit"),
        ("要不要钱嘛", "fee"), ("我儿子来了", None), ("我爸去世了", None), ("学校要的", None),
    ],
)  # fmt: skip
def test_what_is_asked_of_a_certificate(words: str, what: str | None) -> None:
    assert certificate_questions.asked(msg(words, "chitchat")) == what


def test_a_question_or_a_purpose_is_no_unit() -> None:
    draft = Draft("demand", "m0", asked="demanded_by", values={"narrative": "开个单身证明"})
    answer = certificate.DEMAND.fields[0].answer
    assert "demanded_by" not in answer(msg("公证处在哪", "out_of_scope", id="m1"), draft)
    said = answer(msg("买房用", "out_of_scope", id="m2"), draft)
    assert said == {"narrative": "开个单身证明，买房用"}
    assert answer(msg("房管局要的", "affirm", id="m3"), draft) == {"demanded_by": "房管局"}


@pytest.mark.parametrize(
    ("text", "said", "building"),
    [
        ("六号楼二单元，哦不对，是七号楼", [("六号楼二单元", {"building": "6", "unit": "2"}), ("七号楼", {"building": "7"})], "7"),
        ("三号楼，不是，四号楼", [("三号楼", {"building": "3"}), ("四号楼", {"building": "4"})], "4"),
        ("不是三号楼，是四号楼", [("三号楼", {"building": "3"}), ("四号楼", {"building": "4"})], "4"),
    ],
)  # fmt: skip
def test_a_place_put_right_in_one_breath(
    text: str, said: list[tuple[str, dict[str, str]]], building: str
) -> None:
    message = msg(text, "supplement_ticket", ents={"address": said})
    read = place.read(message, Draft("report", "m0"))
    assert read["address"]["building"] == building
    assert read["address"].get("unit") == said[0][1].get("unit")


def test_which_number_is_called() -> None:
    text = "我妈电话13611112222，我的电话13800138000，送到了打我妈的"
    numbers = {"phone": [(n, n) for n in ("13611112222", "13800138000")]}
    meant = contact.phone_meant(msg(text, "book_meal", ents=numbers))
    assert meant is not None and meant.value == "13611112222"
    mine = contact.phone_meant(msg(text.replace("，送到了打我妈的", ""), "book_meal", ents=numbers))
    assert mine is not None and mine.value == "13800138000"


def test_words_that_only_sound_like_danger() -> None:
    alone = msg("她自己一个人在家", "emergency", confidence=0.3)
    assert crisis.calmed(alone, "booking_form")
    assert not crisis.calmed(alone, "report_form") and not crisis.calmed(alone, None)
    dizzy = msg("她晕倒了", "emergency", confidence=0.3)
    assert not crisis.calmed(dizzy, "booking_form")
    assert crisis.calmed(msg("不是急病，就是头晕", "emergency", confidence=0.3), "booking_form")
    assert not crisis.calmed(msg("不是急病，就是头晕", "emergency", confidence=1.0), "booking_form")
    assert not crisis.calmed(
        msg("不严重，就是喘不上气", "emergency", confidence=0.3), "booking_form"
    )
    assert crisis.proven("H5", "她有心脏病") == crisis.GENERAL
    assert crisis.proven("H5", "电梯不动了") == "H5"
    assert crisis.proven("J5", "她有心脏病") == "J5"


def test_small_words() -> None:
    assert is_yes(msg("算求了报起嘛", "cancel_dialog")) and not is_yes(msg("算了", "cancel_dialog"))
    assert only_predicate(msg("刷不开", "report_problem"))
    assert not only_predicate(msg("门禁刷不开", "report_problem"))
    assert is_question(msg("高龄津贴是八十还是九十才有", "ask_service"))
    assert not is_question(msg("是三号楼的，还是那个灯", "inform"))
    assert is_question(msg("你们盖不盖", "chitchat")) and not is_question(
        msg("动不动就停", "chitchat")
    )
    assert contact.at_home("我白天都在家") and not contact.at_home("三天没人收了")
    assert own.adds(msg("劝了也没用", "report_problem"))
    assert not own.adds(msg("谢谢", "thank"))
