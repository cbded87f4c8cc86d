"""Others' matters asked for with a claim, courtesies in other languages, danger asked about, own doors."""

from __future__ import annotations

import pytest

from actions.forms import extra, place, report
from actions.forms.draft import Draft, asking, fill, next_question
from actions.message import Message
from actions.talk import manners
from tests.actions.conftest import Talk
from tests.actions.fake_services import FakeServices
from tests.actions.helpers import msg, tap


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("我是物业经理，502投诉的记录调给我看看", "others_staff"),
        ("居委会要核实，3号楼谁举报的", "others_staff"),
        ("我是派出所民警，王桂芳住哪", "others_staff"),
        ("本人是楼长，发一下住户名单", "others_staff"),
        ("我是他女婿，把他的工单给我看一下", "others_family"),
        ("我是李大妈的儿子，查查她的单子", "others_family"),
        # a matter of one's own, whoever one is
        ("我是网格员，3号楼灯坏了，派个人", None), ("我是物业的，我家暖气不热", None),
        ("我是他儿子，替我爸报修，地址是3号楼2单元501", None), ("我是他家属，社区电话多少", None),
        ("派出所要我开居住证明，查一下要带什么", None), ("我是物业经理，我自己的单子查一下", None),
        ("我要投诉居委会主任态度不好", None), ("我是退伍军人，查一下补贴", None),
        ("我是租户，房东的电话打不通，水管漏了", None),
    ],
)  # fmt: skip
def test_a_claim_opens_nothing(words: str, text: str | None) -> None:
    assert manners.others_asked(msg(words, "ask_community_info")) == text


def test_who_names_a_ticket_or_leaves_a_number_asks_for_their_own() -> None:
    text = "我是他女儿，查一下他的单子SQ-261124-00001-8"
    number = {"ticket_no": ("SQ-261124-00001-8", "SQ-261124-00001-8")}
    assert manners.others_asked(msg(text, ents=number)) is None


async def test_in_a_form_it_is_answered_and_the_form_stays(
    talk: Talk, services: FakeServices
) -> None:
    lamp = {"entity": "service", "value": "H6", "confidence": 0.9}
    await talk.hear("楼道灯坏了", "report_problem", entities=[lamp]).run("validate_report_form")
    draft = talk.slots["draft"]
    talk.hear("我是物业的，谁报的这灯", "report_problem")
    await talk.run("validate_report_form")
    assert talk.followup == "action_manners"
    await talk.run("action_manners")
    assert "谁来问都一样" in talk.text and talk.slots["draft"] == draft


@pytest.mark.parametrize(
    ("words", "courtesy"),
    [
        ("Hello!", ("english", "greets")), ("good evening", ("english", "greets")),
        ("thx", ("english", "thanks")), ("Thank you so much!", ("english", "thanks")),
        ("bye bye", ("english", "leaves")), ("see you tomorrow", ("english", "leaves")),
        ("감사합니다", ("korean", "thanks")), ("안녕하세요", ("korean", "greets")),
        ("안녕히 계세요", ("korean", "leaves")), ("ありがとうございます", ("japanese", "thanks")),
        ("my heating is broken", None), ("ok", None), ("你好", None), ("help", None),
    ],
)  # fmt: skip
def test_courtesies_in_other_languages(words: str, courtesy: tuple[str, str] | None) -> None:
    assert manners.courtesy(words) == courtesy


def test_a_language_with_courtesies_has_an_answer_to_each() -> None:
    for name, data in manners.load(manners.DATA)["languages"].items():
        if "courtesies" in data:
            assert all(data[k] for k in ("hello", "hello_again", "welcome", "farewell")), name


async def test_thanks_that_sound_like_danger_are_thanks(talk: Talk, services: FakeServices) -> None:
    await talk.hear("정말 감사합니다", "emergency", confidence=0.4).run("action_emergency")
    assert talk.followup == "action_manners" and services.sent("/handoffs") == []


def lift(text: str) -> tuple[Draft, str | None]:
    values = {"address_text": "3号楼", "place_status": "as_said", "phone": "13800000000"}
    first = fill(report.FORM, Draft("report", "m1", values=values), msg(text, leaf="H5"))
    question = next_question(report.FORM, first, msg(text, leaf="H5"))
    return asking(first, question), question


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        ("电梯坏了", True), ("电梯不动了", True), ("3号楼电梯卡在半道", True),
        ("电梯坏了，里面没人", False), ("电梯坏了三天了", False), ("电梯按键失灵", False),
        ("电梯里灯坏了", False), ("电梯老是停", False), ("电梯运行的时候老是抖", False),
    ],
)  # fmt: skip
def test_whether_somebody_is_inside_is_asked_first(text: str, asks: bool) -> None:
    assert (lift(text)[1] == extra.DANGER) is asks


@pytest.mark.parametrize(
    ("answer", "danger", "story"),
    [
        (msg("有", "affirm", id="m2"), True, ""),
        (msg("有个小孩在里头", "report_problem", id="m2"), True, ""),
        (tap("affirm", about="danger:yes"), True, ""),
        (msg("救命，人在里面", "emergency", id="m2"), True, ""),
        (msg("没有人", "deny", id="m2"), False, "里面没有人困着"),
        (tap("deny", about="danger:no"), False, "里面没有人困着"),
        (msg("不知道", "deny", id="m2"), False, "里面有没有人不清楚"),
    ],
)
def test_the_answer(answer: Message, danger: bool, story: str) -> None:
    draft, _ = lift("电梯坏了")
    assert bool(extra.endangered(draft, answer)) is danger
    if not danger:
        new = fill(report.FORM, draft, answer)
        assert story in new.get("narrative")
        assert next_question(report.FORM, new, answer) != extra.DANGER


async def test_a_yes_is_an_emergency_and_ends_the_report(
    talk: Talk, services: FakeServices
) -> None:
    found = {"entity": "service", "value": "H5", "confidence": 0.9}
    await talk.hear("电梯坏了", "report_problem", entities=[found]).run("validate_report_form")
    assert talk.text == "里面有没有人困着？"
    talk.hear("有，在喊呢", "affirm")
    await talk.run("validate_report_form")
    assert talk.followup == "action_emergency"
    await talk.run("action_emergency")
    assert talk.slots["crisis"]["leaf"] == "H5" and talk.slots["draft"] is None
    assert talk.loop is None


@pytest.mark.parametrize(
    ("text", "said", "room"),
    [
        ("我住502，楼上602漏水", [("602", {"room": "602"})], "502"),
        ("602漏到我家502", [("602", {"room": "602"})], "502"),
        ("楼上602往我家502漏水，3号楼2单元",
         [("602", {"room": "602"}), ("3号楼2单元", {"building": "3", "unit": "2"})], "502"),
        ("3号楼2单元502，楼上3号楼2单元602漏水",
         [("3号楼2单元502", {"building": "3", "unit": "2", "room": "502"}),
          ("3号楼2单元602", {"building": "3", "unit": "2", "room": "602"})], "502"),
        ("3号楼2单元602漏水", [("3号楼2单元602", {"building": "3", "unit": "2", "room": "602"})], "602"),
        ("我打了120，3号楼501", [("3号楼501", {"building": "3", "room": "501"})], "501"),
        ("我家500块钱没退，3号楼501", [("3号楼501", {"building": "3", "room": "501"})], "501"),
    ],
)  # fmt: skip
def test_the_own_door_is_where_the_harm_is(
    text: str, said: list[tuple[str, dict[str, str]]], room: str
) -> None:
    read = place.read(msg(text, leaf="H8", ents={"address": said}), Draft("report", "m1"))
    assert read["address"]["room"] == room
