"""Whoever is wished for to mend something: it is a report, with its matter."""

from __future__ import annotations

import pytest

from actions.forms import report
from actions.forms.draft import fill
from actions.forms.replies import OPENING, bare
from actions.talk import repairs
from tests.actions.conftest import Talk
from tests.actions.fake_services import FakeServices
from tests.actions.helpers import msg


@pytest.mark.parametrize(
    ("text", "intent", "leaf"),
    [
        ("帮我约个人修水管", "book_service", "H1"), ("找个人来看看我家水龙头", "report_problem", "H1"),
        ("喊个师傅来瞅瞅我家马桶", "ask_human", "H7"), ("约个师傅上门通下水道", "book_service", "H7"),
        ("帮我叫个电工", "out_of_scope", "H2"), ("叫个水电工来", "ask_human", "H1"),
        ("派个人来修修门禁", "book_service", "H9"), ("喊个人来看哈我屋头的墙皮", "ask_human", "H8"),
        ("帮忙联系个修水管的", "out_of_scope", "H1"), ("喊个人来把我门口的树枝砍一下", "ask_human", "I13"),
        ("麻烦安排个人来看看楼道灯", "report_problem", "H6"), ("想约师傅来修电梯", "book_service", "H5"),
    ],
)  # fmt: skip
def test_a_wish_for_somebody_who_mends_is_a_report_with_its_matter(
    text: str, intent: str, leaf: str
) -> None:
    read = repairs.as_report(msg(text, intent, leaf=("C6", 0.7, [])))
    draft = fill(report.FORM, None, read)
    assert (read.intent, draft.get("leaf")) == ("report_problem", leaf)


@pytest.mark.parametrize(
    "text", ["喊个人来屋头看一下灯", "喊个人来换个灯泡嘛", "找人修一下我家的门"]
)
def test_of_several_matters_one_is_asked_for(text: str) -> None:
    draft = fill(report.FORM, None, repairs.as_report(msg(text, "ask_human")))
    assert draft.get("leaf") is None and 1 < len(draft.get("leaf_options")) <= 3


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("约个人给我妈洗澡", "book_service"), ("喊个人来打扫卫生", "book_service"),
        ("找个人教我用手机", "book_service"), ("叫个人来", "ask_human"), ("找人说话", "ask_human"),
        ("找个人来看看我妈", "book_service"), ("请人来擦窗户", "book_service"), ("帮我找个律师", "ask_service"),
        ("我会修水管，找我就行", "join_volunteer"), ("灯自己又亮了，别派电工了", "withdraw_ticket"),
        ("约人来家看看怎么装扶手", "book_service"), ("前天喊人修的灯还没来", "urge_ticket"),
    ],
)  # fmt: skip
def test_other_wishes_for_somebody_stay_what_they_are(text: str, intent: str) -> None:
    said = msg(text, intent)
    assert repairs.as_report(said) is said


def test_a_matter_that_is_understood_stays() -> None:
    said = msg("找人来看看我家的插座，冒火星", "report_problem", leaf="I7")
    assert repairs.as_report(said) is said


async def test_who_wants_a_lamp_mended_is_not_put_through_to_a_person(
    talk: Talk, services: FakeServices
) -> None:
    await talk.hear("喊个人来换个灯泡嘛", "ask_human").run("action_handoff")
    assert talk.followup == "report_form" and services.sent("/alerts") == []


@pytest.mark.parametrize("text", ["还有啥事", "没有别的事了", "还有事吗"])
def test_asked_whether_there_is_more_is_no_announcement(text: str) -> None:
    assert not OPENING.match(text)


@pytest.mark.parametrize(
    "text",
    [
        "我想约个维修",
        "预约上门维修",
        "找人来修东西",
        "我要报修",
        "还有一个事",
        "不用了 你给我报个修吧",
        "我还想反映个问题",
        "另外还有件事要说",
    ],
)
def test_a_repair_of_nothing_yet_opens_the_report(text: str) -> None:
    assert OPENING.match(bare(text))
    assert fill(report.FORM, None, msg(text, "book_service")).get("narrative") is None


@pytest.mark.parametrize(
    ("text", "fetches"),
    [
        ("帮我买点菜行不，下不了楼", True), ("谁能给俺捎袋米上来", True), ("能不能替老人取个快递", True),
        ("帮我买点药", False), ("给我带两份饭", False), ("给我买的菜是坏的", False), ("帮我拿东西出来的那个保安骗人", False),
    ],
)  # fmt: skip
def test_what_is_to_be_fetched_is_for_volunteers(text: str, fetches: bool) -> None:
    assert repairs.fetch_wanted(text) is fetches
