"""请补充: what answers it, what is still missing afterwards, and what of it reaches the ticket."""

from __future__ import annotations

from typing import Any

import pytest

from actions.tickets import needed
from tests.actions.conftest import Talk
from tests.actions.fake_services import FakeServices, view
from tests.actions.helpers import msg

WHERE, WHEN, PHOTO, HOW = "靠近几号楼", "什么时候开始堵的", "方便的话拍张照片", "车是啥样的"
ASKED = {"ticket_no": "SQ-261124-00001-1", "title": "消防通道", "leaf": "I6", "fresh": True}
THREE = [WHERE, WHEN, PHOTO]
HOUSE = {"address": ("5号楼", {"building": "5"})}


def said(words: str, items: list[str], **more: Any) -> Any:
    return msg(
        words, more.pop("intent", "supplement_ticket"), needed={**ASKED, "items": items}, **more
    )


@pytest.mark.parametrize(
    ("item", "kind"),
    [(WHERE, "place"), (WHEN, "time"), (PHOTO, "photo"), (HOW, ""), ("留个电话", "phone"),
     ("哪一层的灯", ""), ("您说的是哪个门口", ""), ("在哪儿（小区、几号楼、几单元）", "place")],
)  # fmt: skip
def test_each_thing_that_is_asked_for_has_a_kind(item: str, kind: str) -> None:
    assert needed.kind_of(item) == kind


@pytest.mark.parametrize(
    ("words", "items", "rest", "more"),
    [
        ("5号楼边上", THREE, [WHEN, PHOTO], {"ents": HOUSE}),
        ("从上礼拜就这样了", THREE, [WHERE, PHOTO], {}),
        ("昨天晚上七点多", THREE, [WHERE, PHOTO], {}),
        ("", THREE, [WHERE, WHEN], {"attachments": ("p1",)}),
        ("5号楼，上个星期开始的", THREE, [PHOTO], {"ents": HOUSE}),
        ("拍不了照片", THREE, [WHERE, WHEN], {}),
        ("时间记不清了", THREE, [WHERE, PHOTO], {}),
        ("不晓得", THREE, [WHEN, PHOTO], {}),
        ("就这些了", THREE, [], {}),
        ("就按现有的办吧", THREE, [], {}),
        ("没有别的了", THREE, [], {}),
        ("一辆白色面包车", [HOW, WHEN], [WHEN], {}),
        ("一辆白色面包车", [HOW], [], {}),
        ("人家说管不着", THREE, THREE, {}),
    ],
)
def test_what_is_still_missing(
    words: str, items: list[str], rest: list[str], more: dict[str, Any]
) -> None:
    assert needed.rest(items, said(words, items, **more)) == rest


@pytest.mark.parametrize(
    ("words", "intent", "more"),
    [
        ("楼道灯也坏了", "report_problem", {"leaf": "H6"}),
        ("另外还有个事，5号楼有人烧垃圾", "supplement_ticket", {"ents": HOUSE}),
        ("低保咋办", "ask_service", {}),
        ("谢谢", "thank", {}),
        ("好的", "affirm", {}),
        ("啥时候能修好？", "query_progress", {}),
    ],
)
def test_what_is_no_answer(words: str, intent: str, more: dict[str, Any]) -> None:
    assert not needed.answers(said(words, THREE, intent=intent, **more), just_asked=True)


def test_later_only_what_fits_answers() -> None:
    assert needed.answers(said("", THREE, attachments=("p1",)), just_asked=False)
    assert needed.answers(said("在5号楼边上", THREE, ents=HOUSE), just_asked=False)
    assert not needed.answers(said("就这些了", THREE), just_asked=False)
    assert not needed.answers(msg("就这些了", "supplement_ticket"), just_asked=True)


async def test_a_half_answer_is_kept_and_the_rest_is_asked_for(
    talk: Talk, services: FakeServices
) -> None:
    services.tickets = [view(1, state="NEED_INFO", leaf="I6")]
    number = services.tickets[0]["ticket_no"]
    waits = {**ASKED, "ticket_no": number, "items": [WHEN, PHOTO]}
    talk.hear("从上礼拜就这样了", "report_problem", metadata={"needed": waits})
    await talk.run("action_clarify")
    assert talk.followup == "action_supplement"
    await talk.run("action_supplement")
    (body,) = services.sent(f"/tickets/{number}/resident/supplement")
    assert (body["complete"], body["rest"]) == ("no", [PHOTO])
    assert body["text"] == "从上礼拜就这样了"
    assert "还差" in talk.said[-1]["text"] and PHOTO in talk.said[-1]["text"]
    assert WHEN not in talk.said[-1]["text"]


FOUND = {"community": "幸福小区"}
ASKS_WHERE = ["在哪儿（小区、几号楼、几单元）"]


@pytest.mark.parametrize(
    ("value", "place", "open_"),
    [
        ({"community": "幸福小区"}, FOUND, "几号楼、几单元"),
        ({"building": "3"}, None, "3号楼是哪个小区的"),
        ({"community": "幸福小区", "building": "3"}, {**FOUND, "building": "3"}, None),
        ({"community": "没听过小区", "building": "3"}, None, None),
    ],
)  # fmt: skip
def test_half_a_place_leaves_the_other_half_open(
    value: dict[str, str], place: dict[str, str] | None, open_: str | None
) -> None:
    half = needed.half_place(ASKS_WHERE, value, place, said("3号楼", ASKS_WHERE))
    assert (half.open if half else None) == open_
    assert needed.half_place([WHERE], value, place, said("3号楼", [WHERE])) is None, "not asked for"


@pytest.mark.parametrize("words", ["不知道几号楼", "说不清在哪个单元", "记不清是几单元了"])
def test_that_the_house_is_not_known_ends_the_question(words: str) -> None:
    assert needed.rest(ASKS_WHERE, said(words, ASKS_WHERE, intent="ask_community_info")) == []
