"""Misreadings of the second kind: days said alone, one visit of a series, queues, labels, two houses."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from actions.client import TicketView
from actions.forms import bookable, booking, meal, place, report
from actions.forms.draft import Draft, fill
from actions.forms.replies import OPENING, bare
from actions.knowledge import follow_ups
from actions.message import from_events
from actions.privacy import own_data
from actions.talk import heard, manners, repairs
from actions.tickets import amending, own, waiting
from tests.actions.conftest import Talk
from tests.actions.fake_services import FakeServices, view
from tests.actions.helpers import NOW, msg

WEDNESDAY = {"start": "2026-11-25", "end": "2026-11-25"}
NEXT_WEDNESDAY = {"start": "2026-12-02", "end": "2026-12-02"}
THIS_WEEK = {"start": "2026-11-23", "end": "2026-11-29"}
NEXT_WEEK = {"start": "2026-11-30", "end": "2026-12-06"}
FRIDAY = {"start": "2026-11-27", "end": "2026-11-27"}
LUNCH = {"date": "2026-11-25", "meal": "lunch", "portions": 1, "mode": "pickup"}
WEEKLY = {"recur": "weekly", "weekdays": [3]}


def ordered(appointment: dict[str, Any]) -> TicketView:
    """Return an order or a booking as the resident sees it."""
    leaf = "C1" if appointment.get("meal") else "C6"
    return TicketView.of(view(1, kind="booking", leaf=leaf, appointment=appointment))


VISIT = ordered({"date": "2026-11-25", "part": "am", "habit": WEEKLY})
MEAL = ordered({**LUNCH, "habit": WEEKLY})


# ── a day said alone ────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("text", "ents", "alone"),
    [
        ("周五", {"time": ("周五", FRIDAY)}, True),
        ("那周五吧", {"time": ("周五", FRIDAY)}, True),
        ("晚饭", {"meal": ("晚饭", "dinner")}, True),
        ("改到周五", {"time": ("周五", FRIDAY)}, False),
        ("不对，是周五", {"time": ("周五", FRIDAY)}, False),
        ("周五行不行", {"time": ("周五", FRIDAY)}, False),
        ("两份", {"count": ("两份", 2)}, False),
        ("周五三份", {"time": ("周五", FRIDAY), "count": ("三份", 3)}, False),
        ("你好", {}, False),
    ],
)
def test_only_a_day(text: str, ents: Any, alone: bool) -> None:
    assert amending.bare_day(msg(text, "supplement_ticket", ents=ents)) is alone


def friday(talk: Talk, text: str = "周五") -> Talk:
    """Say a day after an order."""
    entity = {"entity": "time", "value": FRIDAY, "text": "周五"}
    return talk.hear(text, "supplement_ticket", entities=[entity])


async def test_a_day_said_alone_moves_nothing_before_a_yes(
    talk: Talk, services: FakeServices
) -> None:
    services.tickets = [view(1, kind="booking", leaf="C1", appointment=LUNCH)]
    await friday(talk).run("action_supplement")
    assert "还没动" in talk.text and "11月27日" in talk.text and "11月25日" in talk.text
    assert talk.buttons == ["改过去", "不改", "另外再订一份"]
    assert services.sent("/amend") == []
    await talk.hear("好", "affirm").run("action_affirm")
    assert talk.followup == "action_supplement"
    await talk.run("action_supplement")
    assert "改好了" in talk.text
    assert services.sent("/amend")[0]["appointment"] == {"date": "2026-11-27"}


async def test_with_a_word_of_change_the_day_is_moved_at_once(
    talk: Talk, services: FakeServices
) -> None:
    services.tickets = [view(1, kind="booking", leaf="C1", appointment=LUNCH)]
    await friday(talk, "改到周五").run("action_supplement")
    assert "改好了" in talk.text


# ── one visit, one meal of a series ─────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("text", "times"),
    [
        ("这礼拜三不用来了", [("这礼拜三", WEDNESDAY)]),
        ("这周不来了，下周照旧", [("这周", THIS_WEEK), ("下周", NEXT_WEEK)]),
        ("这周不来了，下周照常来", [("这周", THIS_WEEK), ("下周", NEXT_WEEK)]),
        ("这次不用来了", []),
        ("这回别来了，有事", []),
    ],
)
def test_only_the_coming_one_is_left_out(text: str, times: list[tuple[str, Any]]) -> None:
    message = msg(text, "withdraw_ticket", ents={"time": times} if times else {})
    assert amending.asks(message)
    visit, meal = (amending.change_of(message, t) for t in (VISIT, MEAL))
    assert not visit.cancels and visit.appointment == {"date": "2026-12-02"}
    assert "12月2日" in visit.lines[0][0]
    assert not meal.cancels and meal.appointment["date"] == "2026-12-02"
    assert meal.appointment["skip"] == ["2026-11-25"]


def test_a_later_visit_that_is_left_out_is_noted_and_moves_nothing() -> None:
    message = msg("下周三不用来", "deny", ents={"time": ("下周三", NEXT_WEDNESDAY)})
    assert amending.for_once(message, VISIT)
    coming = msg("这礼拜三不用来", "deny", ents={"time": ("这礼拜三", WEDNESDAY)})
    assert not amending.for_once(coming, VISIT)


@pytest.mark.parametrize("text", ["不用来了，以后都不来了", "以后别来了", "取消预约"])
def test_the_whole_series_can_still_be_taken_back(text: str) -> None:
    message = msg(text, "withdraw_ticket")
    once = amending.change_of(message, VISIT)
    assert once.cancels or not once


def test_what_comes_once_is_taken_back_as_before() -> None:
    once = ordered({"date": "2026-11-25", "part": "am"})
    message = msg("这次不来了", "withdraw_ticket")
    assert amending.change_of(message, once).appointment == {}


# ── in the queue, and what else there is ────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("text", "asks"),
    [
        ("俺排第几了", True), ("我排到第几位了", True), ("前面还有几个人", True), ("轮到我没", True),
        ("啥时候轮到我", True), ("排到几号了", True), ("我前头还有好多人哦", True),
        ("第几栋楼", False), ("排个队", False), ("还要等几天", False), ("楼道灯坏了", False),
    ],
)  # fmt: skip
def test_how_far_one_is_in_the_queue(text: str, asks: bool) -> None:
    assert waiting.asks_position(msg(text, "chitchat")) is asks


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("有没有别的屋", "rows"), ("还有别的场地吗", "rows"), ("有没得别的教室", "rows"), ("换个别的房间", "rows"),
        ("别的班还有吗", "rows"), ("有没有别的时间", "time"), ("还有别的日子没", "time"), ("啥时候有空位", "time"),
        ("哪天有空", "time"), ("会议室咋约", None), ("有没有别的菜", None), ("灯坏了", None),
    ],
)  # fmt: skip
def test_what_else_there_is(text: str, what: str | None) -> None:
    assert bookable.asks_others(msg(text, "ask_community_info")) == what


def test_other_rooms_have_seats_enough() -> None:
    rooms = [
        {"id": "meeting", "name": "会议室", "seats": 30},
        {"id": "dance", "name": "舞蹈室", "seats": 25},
        {"id": "chess", "name": "棋牌室", "seats": 12},
    ]
    values = {"leaf": "K2", "venue": "meeting", "people": 20, "options": {"venues": rooms}}
    assert booking.others(Draft("booking", "m1", values=values)) == ["舞蹈室"]


async def test_the_queue_says_where_one_stands(talk: Talk, services: FakeServices) -> None:
    services.waiting = [{"id": "w1", "what": "会议室，周六下午", "position": 2, "answer_by": None}]
    await talk.hear("俺排第几了", "chitchat").run("action_chitchat")
    assert talk.followup == "action_query_progress"
    await talk.run("action_query_progress")
    assert "会议室" in talk.text and "第2位" in talk.text


async def test_who_waits_for_nothing_is_told_so(talk: Talk, services: FakeServices) -> None:
    await talk.hear("俺排第几了", "query_progress").run("action_query_progress")
    assert "没有排队" in talk.text


async def test_another_room_may_be_asked_for_without_any_queue(
    talk: Talk, services: FakeServices
) -> None:
    await talk.hear("有没有别的屋", "ask_community_info").run("action_community_info")
    assert talk.followup == "action_query_progress"
    await talk.run("action_query_progress")
    assert talk.followup == "action_community_info"


# ── the label of a shared location ──────────────────────────────────────────────────────────────
def pin(label: str) -> dict[str, Any]:
    """Return what a shared location adds to a message."""
    return {"location": {"lat": 30.1, "lng": 104.1, "label": label}}


def test_a_label_is_no_story() -> None:
    draft = fill(report.FORM, None, msg("楼道灯坏了", leaf="H6"))
    label = "青禾县人民路幸福小区3栋"
    ents = {"address": (label, {"community": "幸福小区", "building": "3"})}
    shared = msg(label, id="m2", leaf="H6", ents=ents, **pin(label))
    draft = fill(report.FORM, replace(draft, asked="place"), shared)
    assert draft.get("narrative") == "楼道灯坏了"
    assert draft.get("address") == {"community": "幸福小区", "building": "3"}


def test_the_house_said_after_a_label_is_the_place_alone() -> None:
    label = "青禾县人民路66号"
    draft = fill(report.FORM, None, msg("楼道灯坏了", leaf="H6"))
    draft = fill(report.FORM, replace(draft, asked="place"), msg(label, id="m2", **pin(label)))
    house = {"community": "幸福小区", "building": "3", "unit": "2"}
    said = msg("幸福小区3号楼2单元", id="m3", ents={"address": ("幸福小区3号楼2单元", house)})
    draft = fill(report.FORM, replace(draft, asked="place"), said)
    assert draft.get("address") == house


@pytest.mark.parametrize(
    ("before", "now", "one"),
    [
        ("青年街老邮电局", "老邮电局对面", "青年街老邮电局对面"),
        ("便民服务中心", "服务中心门口", "便民服务中心门口"),
        ("北门", "北门口", "北门口"),
        ("人民路", "小卖部对面", ""),
    ],
)
def test_one_spot_told_twice_is_said_once(before: str, now: str, one: str) -> None:
    assert place.joined(before, now) == one


def test_a_label_shared_before_the_report_is_said_once() -> None:
    label = "幸福小区北门"
    events = [
        {
            "event": "user", "text": label, "message_id": "m1",
            "metadata": {"now": NOW.isoformat(), **pin(label)},
            "parse_data": {"text": label, "intent": {"name": "supplement_ticket"}, "entities": [
                {"entity": "address", "value": {"community": "幸福小区", "place": "北门"}, "text": label,
                 "start": 0, "end": len(label)}]},
        },
        {"event": "user", "text": "北门口井盖没了", "message_id": "m2", "metadata": {"now": NOW.isoformat()}},
    ]  # fmt: skip
    message = msg(
        "北门口井盖没了", id="m2", leaf="I4", ents={"address": ("北门口", {"place": "北门口"})}
    )
    brought = heard.recall(events, fill(report.FORM, None, message), message)
    assert brought["address"] == {"community": "幸福小区", "place": "北门口"}
    assert brought["address_text"] == "幸福小区北门口"


def test_a_spot_right_behind_its_compound_is_one_place() -> None:
    text = "路灯坏了，幸福小区便民超市旁边"
    ents = {
        "address": [("幸福小区", {"community": "幸福小区"}), ("超市旁边", {"place": "超市旁边"})]
    }
    read = place.read(msg(text, ents=ents), Draft("report", "m1"))
    assert read["address"] == {"community": "幸福小区", "place": "便民超市旁边"}


async def test_a_label_alone_is_a_place_whatever_it_sounds_like(
    talk: Talk, services: FakeServices
) -> None:
    label = "邮政储蓄银行(解放大街支行)"
    await talk.hear(label, "out_of_scope", metadata=pin(label)).run("action_out_of_scope")
    assert talk.followup == "action_supplement"
    await talk.run("action_supplement")
    assert talk.followup == "action_clarify"
    await talk.run("action_clarify")
    assert f"{label}我知道了" in talk.text


# ── two houses in one message ───────────────────────────────────────────────────────────────────
def part(text: str, building: str, *, compound: str = "", time: bool = False) -> dict[str, Any]:
    """Return one request of a message as the model parses it."""
    value = {"community": compound, "building": building} if compound else {"building": building}
    found = [{"entity": "address", "value": value, "text": f"{building}号楼", "start": 0, "end": 3}]
    if time:
        found.append({"entity": "time", "value": WEDNESDAY, "text": "明天", "start": 4, "end": 6})
    return {"text": text, "intent": {"name": "book_meal", "confidence": 0.9}, "entities": found}


def test_what_was_said_once_holds_for_both_houses() -> None:
    parts = [part("3号楼明天一份", "3", compound="幸福小区", time=True), part("5号楼也一份", "5")]
    parsed = {"text": "…", "intent": {"name": "book_meal"}, "parts": parts}
    event = {"event": "user", "message_id": "m1", "metadata": {"now": NOW.isoformat()}}
    first, second = from_events("c", parsed, [event]).parts
    assert first.last("address").value == {"community": "幸福小区", "building": "3"}  # type: ignore[union-attr]
    assert second.last("address").value == {"community": "幸福小区", "building": "5"}  # type: ignore[union-attr]
    assert second.last("time").value == WEDNESDAY  # type: ignore[union-attr]


# ── own data ────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    "text",
    [
        "忘记我", "忘了我吧", "把我忘了", "把我的信息都删了", "把我的资料都清空", "删除我的个人信息", "我不想你们存我的信息了",
        "注销", "我要注销", "注销账号", "注销我的账户", "把账号给我注销了", "清除我的数据", "把我说过的话都删掉", "删掉聊天记录",
        "聊天记录给我清了", "我的记录全部抹掉", "把我的档案删了", "别留我的信息", "不要再保存我的电话", "你们那儿关于我的东西都给我删了",
        "我以前说的都删了吧", "不用你们了，把我的资料删干净", "把俺的信息都删咯", "我的个人隐私你们给我删掉", "莫存我的号码了",
        "将我的个人资料全部删除", "把我从你们系统里删掉", "把我从名单里去掉", "请删除我在你们这里的所有数据", "行使删除权",
        "我要求删除个人信息", "彻底删除我", "删我的号", "忘掉我的一切", "以后别记我的事了，把以前的删了", "我不用了，注销了吧",
        "把我名字和电话删掉", "清空我的记录",
    ],
)  # fmt: skip
def test_who_wants_to_be_forgotten_is_understood_by_the_words(text: str) -> None:
    assert own_data.surely(msg(text, "affirm"))


@pytest.mark.parametrize(
    "text",
    [
        "忘记带身份证了", "别忘了我", "删掉刚才那条报修", "忘了我刚才说啥了", "把那个单子删了", "身份证忘记带了咋办",
        "户口注销怎么办", "我爸走了要注销户口", "注销营业执照", "电话号码写错了", "我忘了我报的事的编号", "老人去世了医保卡要注销",
        "公司注销找谁", "小区群把我删了", "别忘了我家的灯", "忘记密码了", "我家的信息你们有吗", "银行卡注销去哪",
        "你们是不是把我忘了",
    ],
)  # fmt: skip
def test_what_only_sounds_like_it_deletes_nothing(text: str) -> None:
    assert not own_data.surely(msg(text, "ask_my_data"))


async def test_a_wish_to_be_forgotten_is_no_yes_to_being_remembered(
    talk: Talk, services: FakeServices
) -> None:
    talk.hear("楼道灯坏了", "report_problem")
    talk.slots["offer"] = {"id": "m1", "data": "remember", "follow": "action_my_data_do"}
    await talk.hear("忘记我", "affirm").run("action_affirm")
    assert talk.followup == "action_my_data"


# ── whoever is wished for, something is out of order ────────────────────────────────────────────
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


# ── what else was heard wrong ───────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("text", "counts", "portions"),
    [
        ("来两份午饭，一份不要辣，一份软点", [("两份", 2), ("一份不", 1), ("一份软", 1)], 2),
        ("给我妈一份，给我爸两份", [("一份", 1), ("两份", 2)], 3),
        ("两份，不对，三份", [("两份", 2), ("三份", 3)], 3),
        ("订三份", [("三份", 3)], 3),
    ],
)
def test_portions_told_one_by_one(text: str, counts: list[tuple[str, int]], portions: int) -> None:
    said = msg(text, "book_meal", ents={"count": counts})
    assert fill(meal.FORM, None, said).get("portions") == portions


def test_a_yes_names_none_of_several_matters() -> None:
    opened = fill(report.FORM, None, msg("灯坏了", leaf=("H6", 0.3, [("I3", 0.28)])))
    asked = fill(report.FORM, replace(opened, asked="leaf"), msg("对", "affirm", id="m2"))
    assert opened.get("leaf_options") == ["H6", "I3"] and asked.get("leaf") is None


@pytest.mark.parametrize("text", ["修好了没得嘛", "灯修好了没", "办好了没有", "整完了没"])
def test_whether_it_is_done_asks_how_it_stands(text: str) -> None:
    assert own.meant(msg(text, "chitchat"), "action_chitchat") == own.QUERY


@pytest.mark.parametrize("text", ["能不能帮我取个药", "帮我妈买点药", "替老人拿一下药"])
def test_who_needs_medicine_fetched_books_a_helper(text: str) -> None:
    assert bookable.wished(msg(text, "out_of_scope")) == "C6"


def test_what_to_bring_in_sichuan_words() -> None:
    assert follow_ups.part_of(msg("那要带啥子", "ask_service")) == "materials"


async def test_who_cannot_read_is_helped_and_the_matter_reported(
    talk: Talk, services: FakeServices
) -> None:
    readings = [
        {"intent": "ask_accessibility", "leaf": None, "confidence": 0.6},
        {"intent": "report_problem", "leaf": "H1", "confidence": 0.12},
    ]
    talk.hear("我不识字，别人帮我打的，我屋头没得水了", "ask_accessibility", readings=readings)
    await talk.run("action_accessibility")
    assert talk.followup == "report_form"


@pytest.mark.parametrize("text", ["中，知道了", "好的晓得了", "明白了", "哦，收到了"])
def test_who_has_understood_is_answered_shortly(text: str) -> None:
    assert manners.saying(msg(text, "ask_anonymity")) == "affirm_idle"


@pytest.mark.parametrize("text", ["我知道他家装修的事", "不知道了", "知道是谁干的了"])
def test_what_somebody_knows_is_no_short_answer(text: str) -> None:
    assert manners.saying(msg(text, "report_problem")) is None


async def test_without_an_order_nothing_is_ordered_by_stopping_it(
    talk: Talk, services: FakeServices
) -> None:
    services.tickets = []
    entity = {
        "entity": "time",
        "value": {"start": "2026-12-02", "end": "2026-12-02"},
        "text": "下周三",
    }
    await talk.hear("我妈的饭停到下周三", "book_meal", entities=[entity]).run("validate_meal_form")
    assert talk.followup == "action_supplement"
    await talk.run("action_supplement")
    assert talk.followup == "action_listen" and "订" in talk.text


async def test_too_salty_without_an_order_is_a_complaint(
    talk: Talk, services: FakeServices
) -> None:
    services.tickets = []
    diet = {"entity": "diet", "value": "low_salt", "text": "少放盐"}
    await talk.hear("你们的饭太咸了，下回少放盐", "book_meal", entities=[diet]).run(
        "validate_meal_form"
    )
    assert talk.followup == "action_supplement"
    await talk.run("action_supplement")
    assert talk.followup == "report_form"


async def test_who_wants_no_secrecy_and_names_a_house_reports(
    talk: Talk, services: FakeServices
) -> None:
    house = {"entity": "address", "value": {"building": "5"}, "text": "5号楼"}
    talk.hear("我不要匿名，就说是我说的，5号楼垃圾桶满了", "ask_anonymity", entities=[house])
    await talk.run("action_anonymity")
    assert talk.followup == "report_form"
