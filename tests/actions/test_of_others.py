"""Questions of other offices and the short ones behind them; the papers a matter takes; days without an order."""

from __future__ import annotations

from typing import Any

import pytest

from actions.dialogue import load
from actions.forms import certificate
from actions.forms.draft import CONFIRM, Draft
from actions.forms.replies import is_no
from actions.knowledge import certificate_questions, powers
from actions.knowledge.follow_ups import part_of
from actions.tickets import amending
from tests.actions.conftest import Talk
from tests.actions.fake_services import FakeServices, view
from tests.actions.helpers import msg

SCHOOL = {
    "id": "school_entry", "name": "孩子上学", "answer": "孩子上学归教育局管。", "elder": "归教育局管。", "office": None,
    "phone": "12345", "source": "《中华人民共和国义务教育法》第十二条", "local": False, "leaves": [],
}  # fmt: skip
MEAL = {"date": "2026-11-26", "meal": "lunch", "portions": 2, "mode": "delivery"}
TOMORROW = ("明天", {"start": "2026-11-25", "end": "2026-11-25"})


def row_of(said: str) -> str | None:
    rows = load("redirects")["redirects"]
    return next((r["id"] for r in rows if powers._fits(r, said)), None)


@pytest.mark.parametrize(
    ("said", "row"),
    [
        ("幼儿园咋报名", "kindergarten"), ("公立幼儿园收费好多", "kindergarten"), ("我想给孙子报名幼儿园", "kindergarten"),
        ("娃儿三岁了，想上幼儿园，咋个整", "kindergarten"), ("幼儿园", "kindergarten"), ("转幼儿园咋办", "kindergarten"),
        ("那个幼儿园报名的事问一下", "kindergarten"), ("附近有没得公办幼儿园", "kindergarten"),
        ("小孩入园要啥材料", "kindergarten"), ("幼儿园啥时候招生", "kindergarten"), ("孙子要上幼儿园了得带啥", "kindergarten"),
        ("娃儿上学要开啥子证明", "school_paper"), ("孩子入学需要开哪些证明", "school_paper"),
        ("一年级报名社区要开啥证明不", "school_paper"), ("娃娃读书要不要开证明", "school_paper"),
        ("幼儿园报名要开什么证明", "school_paper"), ("开什么证明才能报名上小学", "school_paper"),
        ("娃儿上小学咋报名", "school_entry"), ("租房的娃娃上学要啥子手续", "school_entry"),
        ("闺女该上学了到哪报名", "school_entry"), ("小学几号报名", "school_entry"),
        ("孩子疫苗本丢了咋补", "vaccine_book"), ("接种证找不到了", "vaccine_book"), ("打针的本本撕烂了，咋换", "vaccine_book"),
        ("幼儿打疫苗在哪点", "vaccination"), ("狗打疫苗在哪打", None),
        ("幼儿园门口天天堵车没人管", None), ("投诉幼儿园乱收费", None), ("幼儿园老师打娃儿", None),
        ("幼儿园有没得补贴", None), ("学校让开居住证明", None), ("学校要贫困证明", None), ("给我开个上学用的居住证明", None),
        ("驾照换证在哪点", "driving"), ("考驾照好多钱", "driving"),
    ],
)  # fmt: skip
def test_whose_matter_a_question_is(said: str, row: str | None) -> None:
    found = row_of(said)
    assert found == row
    asked = row in load("power")["asked"]
    assert powers.asked_elsewhere(msg(said, "report_problem")) is asked


def test_rows_answer_parts_that_are_asked_for() -> None:
    parts = set(load("follow_ups")["parts"])
    rows = [r for r in load("redirects")["redirects"] if r.get("parts")]
    assert len(rows) >= 5
    assert [r["id"] for r in rows if not set(r["parts"]) <= parts or r.get("card")] == []
    assert set(load("follow_ups")["of_redirects"]) <= parts


@pytest.mark.parametrize(
    ("said", "part"),
    [
        ("在哪点办", "where"), ("到哪报名", "where"), ("到哪点补", "where"), ("啥时候报名", "hours"), ("几号报名", "hours"),
        ("报名到几号", "hours"), ("星期六能报不", "hours"), ("礼拜天可以办不", "hours"), ("中午有人没得", "hours"),
        ("那边周末上班没得", "hours"), ("当天拿得到不", "limit"), ("当场能取不", "limit"), ("电话好多", "phone"),
        ("他们的电话是多少", "phone"), ("几岁能领", "who"), ("多大的娃能上", "who"), ("收几岁的娃", "who"),
        ("房子是租的影响不", "who"), ("有存款有关系不", "who"), ("一个月好多钱", "amount"), ("我家漏水了", None),
        ("明天中午有人来修没得", None),
    ],
)  # fmt: skip
def test_short_questions_in_dialect(said: str, part: str | None) -> None:
    assert part_of(msg(said, "ask_service")) == part


async def test_short_questions_behind_another_office_s_matter(
    talk: Talk, services: FakeServices
) -> None:
    services.redirect = SCHOOL
    talk.hear("娃儿上小学咋报名", "ask_service")
    await talk.run("action_answer_service")
    assert "教育局" in talk.text and "12345" in talk.text
    for said, intent, words in (
        ("那租房的到哪报名", "query_progress", "租房的也能上"),
        ("那要带啥", "ask_service", "户口簿"),
        ("好多钱", "chitchat", "不收学费"),
        ("有电话没", "ask_community_info", "12345"),
        ("你这是哪个文件说的", "ask_notice", "义务教育法"),
        ("几天办好", "query_progress", "不敢乱说"),
    ):
        talk.hear(said, intent)
        await talk.run("action_query_progress")
        assert (talk.followup, talk.text) == ("action_answer_service", ""), said
        await talk.run("action_answer_service")
        assert words in talk.text, said
    assert talk.buttons == ["好，记上", "先不用"], "what is not known is asked for the resident"


@pytest.mark.parametrize(
    ("said", "leaf", "matter"),
    [
        ("办低保要开啥证明", ("B1", 0.7, [("A4", 0.2)]), "B1"), ("结婚要开什么证明", ("A4", 0.8, [("A6", 0.07)]), "A6"),
        ("落户要开啥子证明", ("A3", 0.8, []), "A3"), ("领高龄津贴要啥证明", ("A4", 0.8, []), "C2"),
        ("银行取钱要啥证明", ("A4", 0.8, [("J7", 0.1)]), None),
    ],
)  # fmt: skip
def test_the_papers_of_a_matter_are_told_by_its_card(
    said: str, leaf: Any, matter: str | None
) -> None:
    message = msg(said, "request_certificate", leaf=leaf)
    assert certificate.asks_needed(message)
    assert certificate_questions.needing(message) == matter


@pytest.mark.parametrize("said", ["我要开个低保证明", "开证明要带啥", "你们都能开哪些证明"])
def test_a_certificate_that_is_wished_for_is_no_such_question(said: str) -> None:
    message = msg(said, "request_certificate", leaf=("B1", 0.7, []))
    needed = certificate_questions.needing(message)
    assert not needed or said == "你们都能开哪些证明"


@pytest.mark.parametrize(
    ("said", "place", "lives"),
    [
        ("第三小学", "第三小学", False), ("是给第三小学的", "第三小学", False), ("实验幼儿园报名要", "实验幼儿园", False),
        ("娃儿学校要，第三小学", "第三小学", False), ("城关镇中心小学喊开的", "城关镇中心小学", False),
        ("人民医院要", "人民医院", False), ("我就住第三小学", "第三小学", True), ("第三小学旁边", "第三小学旁边", True),
    ],
)  # fmt: skip
def test_a_school_is_what_for_and_no_home(said: str, place: str, lives: bool) -> None:
    message = msg(said, "supplement_ticket", ents={"address": (place, {"place": place})})
    draft = Draft("certificate", "m0", asked="purpose", values={"policy": {}})
    assert bool(certificate._lives(message, draft)) is lives
    if not lives:
        assert certificate._purpose_answer(message, draft)["purpose"] == said
    at_home = Draft("certificate", "m0", asked=certificate.PLACE, values={"policy": {}})
    assert certificate.demanded_by(said) or certificate._lives(message, at_home)


@pytest.mark.parametrize("said", ["没忌口", "我没得忌口", "不忌口的", "没啥忌嘴"])
def test_nothing_that_is_not_eaten_is_no_no(said: str) -> None:
    assert not is_no(msg(said, "deny"))
    assert is_no(msg("不要", "deny")) and Draft("meal", "m0", asked=CONFIRM)


async def test_a_day_without_an_order_takes_nothing_back_unasked(
    talk: Talk, services: FakeServices
) -> None:
    services.tickets = [view(1, kind="booking", leaf="C1", appointment=MEAL)]
    for said, intent, action in (
        ("明天的不要了", "withdraw_ticket", "action_withdraw"),
        ("明天别送了", "supplement_ticket", "action_supplement"),
    ):
        day = {"entity": "time", "text": "明天", "value": TOMORROW[1]}
        talk.hear(said, intent, entities=[day])
        await talk.run(action)
        while talk.followup in ("action_supplement", "action_withdraw"):
            await talk.run(talk.followup)
        assert "明天没有" in talk.text and "后天" in talk.text and "对吗" in talk.text
        talk.hear("先不撤", "deny")
        await talk.run("action_withdraw")
    assert services.sent("/withdraw") == [] and services.sent("/supplement") == []


@pytest.mark.parametrize(
    ("said", "wishes"),
    [
        ("给我老伴订12月1号晚饭，一份", True), ("帮我妈订12月1号中午的饭", True), ("再订12月1号的晚饭", True),
        ("给我妈订的12月1号那份饭少放盐", False), ("我想把订的12月1号的饭改成两份", False),
    ],
)  # fmt: skip
def test_a_meal_for_another_day_is_an_order_of_its_own(said: str, wishes: bool) -> None:
    day = ("12月1号", {"start": "2026-12-01", "end": "2026-12-01"})
    assert amending.further(msg(said, "book_meal", ents={"time": day})) is wishes
