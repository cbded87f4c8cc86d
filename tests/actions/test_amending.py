"""What residents change of their own requests, and words that are about one of them."""

from __future__ import annotations

from typing import Any

import pytest

from actions.client import TicketView
from actions.tickets import amending, own
from actions.tickets.own_tickets import named_in
from tests.actions.conftest import Talk
from tests.actions.fake_services import FakeServices, view
from tests.actions.helpers import msg

MEAL = {"date": "2026-11-25", "meal": "lunch", "portions": 2, "mode": "delivery", "diet": ["soft"]}
DAILY = {**MEAL, "habit": {"recur": "daily"}}
VISIT = {"date": "2026-11-25", "part": "am"}
TOMORROW = {"start": "2026-11-25", "end": "2026-11-25"}
AFTER = {"start": "2026-11-26", "end": "2026-11-26"}
FRIDAY = {"start": "2026-11-27", "end": "2026-11-27"}
WEEKEND = {"start": "2026-11-28", "end": "2026-11-29"}


def ticket(**more: Any) -> TicketView:
    """Return a resident view."""
    return TicketView.of(view(1, **more))


ORDER = ticket(kind="booking", leaf="C1", appointment=MEAL)
HABIT = ticket(kind="booking", leaf="C1", appointment=DAILY)
BOOKED = ticket(kind="booking", leaf="A2", appointment=VISIT)
REPORT = ticket(kind="repair", leaf="H6", place={"community": "幸福小区", "building": "3"})
BARE = ticket(kind="repair", leaf="H4", location_text="", phone=None)


@pytest.mark.parametrize(
    ("text", "ents", "patch"),
    [
        ("改成三份", {"count": ("三份", 3)}, {"portions": 3}),
        ("不对，是三份", {"count": ("三份", 3)}, {"portions": 3}),
        ("再加一份", {"count": ("一份", 1)}, {"portions": 3}),
        ("少一份", {"count": ("一份", 1)}, {"portions": 1}),
        ("改到后天", {"time": ("后天", AFTER)}, {"date": "2026-11-26"}),
        ("换成晚饭", {"meal": ("晚饭", "dinner")}, {"meal": "dinner"}),
        ("不用送了，我自己去取", {}, {"mode": "pickup", "delivery": False}),
        ("要软和点，不要辣", {"diet": ("不要辣", "no_chili")}, {"diet": ["soft", "no_chili"]}),
        ("改成两份", {"count": ("两份", 2)}, {}),
    ],
)  # fmt: skip
def test_an_order_is_changed(text: str, ents: Any, patch: dict[str, Any]) -> None:
    message = msg(text, "supplement_ticket", ents=ents)
    assert amending.asks(message)
    assert amending.change_of(message, ORDER).appointment == patch


def test_the_change_is_said_with_what_it_was() -> None:
    message = msg("改成三份", "supplement_ticket", ents={"count": ("三份", 3)})
    assert amending.said(amending.change_of(message, ORDER).lines) == "3份（原来2份）"


@pytest.mark.parametrize(
    ("text", "time", "patch"),
    [
        ("明天那顿先停一下", ("明天", TOMORROW), {"skip": ["2026-11-25"], "date": "2026-11-26"}),
        ("周末不要", ("周末", WEEKEND),
         {"habit": {"recur": "weekly", "weekdays": [1, 2, 3, 4, 5]}}),
        ("这周末不要", ("这周末", WEEKEND), {"skip": ["2026-11-28", "2026-11-29"]}),
        ("星期五不用送", ("星期五", FRIDAY), {"skip": ["2026-11-27"]}),
        ("星期五以后都不要了", ("星期五", FRIDAY), {"until": "2026-11-26"}),
    ],
)  # fmt: skip
def test_a_habit_is_paused_and_ended(
    text: str, time: tuple[str, Any], patch: dict[str, Any]
) -> None:
    message = msg(text, "deny", ents={"time": time})
    assert amending.asks(message)
    assert amending.change_of(message, HABIT).appointment == patch


@pytest.mark.parametrize(
    ("text", "ents", "fits"),
    [
        ("不吃了", {}, True),
        ("明天那顿不要了", {"time": ("明天", TOMORROW)}, True),
        ("后天的不要", {"time": ("后天", AFTER)}, False),
        ("取消订餐", {}, True),
        ("都停了吧", {}, True),
        ("改成三份", {"count": ("三份", 3)}, False),
    ],
)
def test_a_single_meal_is_taken_back(text: str, ents: Any, fits: bool) -> None:
    assert amending.change_of(msg(text, "deny", ents=ents), ORDER).cancels is fits


def test_a_habit_that_ends_before_its_next_meal_is_taken_back() -> None:
    assert amending.change_of(msg("以后都不要了", "deny"), HABIT).cancels


@pytest.mark.parametrize(
    ("text", "ents", "patch"),
    [
        ("改到星期五", {"time": ("星期五", FRIDAY)}, {"date": "2026-11-27"}),
        ("换到后天下午", {"time": ("后天下午", {**AFTER, "part": "pm"})},
         {"date": "2026-11-26", "part": "pm"}),
        ("改成昨天", {"time": ("昨天", {"start": "2026-11-23", "end": "2026-11-23"})}, {}),
    ],
)  # fmt: skip
def test_an_appointment_is_moved(text: str, ents: Any, patch: dict[str, Any]) -> None:
    change = amending.change_of(msg(text, "supplement_ticket", ents=ents), BOOKED)
    assert change.appointment == patch


@pytest.mark.parametrize("text", ["不约了", "算了不去了", "取消预约"])
def test_an_appointment_is_taken_back(text: str) -> None:
    assert amending.asks(msg(text, "cancel_dialog"))
    assert amending.change_of(msg(text, "cancel_dialog"), BOOKED).cancels
    assert not amending.change_of(msg(text, "cancel_dialog"), REPORT)


def test_a_meal_goes_to_another_door() -> None:
    where = {"building": "5", "unit": "1", "room": "201"}
    message = msg("送到5号楼1单元201", ents={"address": ("5号楼1单元201", where)})
    assert amending.asks(message)
    assert amending.change_of(message, ORDER).address == where
    fetched = ticket(kind="booking", leaf="C1", appointment={**MEAL, "mode": "pickup"})
    assert not amending.change_of(msg("5号楼", ents={"address": ("5号楼", where)}), fetched)


def test_another_day_asked_for() -> None:
    time = {"time": ("后天下午", {**AFTER, "part": "pm"})}
    message = msg("后天下午去行不行", "book_service", ents=time)
    assert amending.asks(message)
    assert amending.change_of(message, BOOKED).appointment == {"date": "2026-11-26", "part": "pm"}


ADDRESS = ("幸福小区8号楼3单元", {"community": "幸福小区", "building": "8", "unit": "3"})


def test_a_place_and_a_phone_complete_a_report() -> None:
    where = msg("幸福小区8号楼3单元", "report_problem", ents={"address": ADDRESS})
    assert amending.asks(where)
    assert amending.change_of(where, BARE).address["building"] == "8"
    assert not amending.change_of(where, REPORT)  # known already, and nothing is corrected
    phone = msg("13812345678", "supplement_ticket", ents={"phone": ("13812345678", "13812345678")})
    assert amending.change_of(phone, BARE).phone == "13812345678"
    known = ticket(phone="138****5678")
    assert not amending.change_of(phone, known)


def test_a_wrong_building_is_corrected() -> None:
    message = msg(
        "不对，是5号楼", "supplement_ticket", ents={"address": ("5号楼", {"building": "5"})}
    )
    change = amending.change_of(message, REPORT)
    assert change.address == {"building": "5"}
    assert (
        amending.change_of(
            msg("5号楼也坏了", "report_problem", ents={"address": ("5号楼", {"building": "5"})}),
            REPORT,
        ).address
        == {}
    )


@pytest.mark.parametrize(
    ("text", "intent", "name", "action"),
    [
        ("帮我查查SQ-261124-00001-1", "out_of_scope", "action_out_of_scope", own.QUERY),
        ("SQ-261124-00001-1咋还没人来", "out_of_scope", "action_out_of_scope", own.URGE),
        ("把SQ-261124-00001-1撤了", "deny", "action_deny", own.WITHDRAW),
        ("咋样了", "out_of_scope", "action_out_of_scope", own.QUERY),
        ("办得咋样了", "chitchat", "action_chitchat", own.QUERY),
        ("谁在管这事，电话多少", "ask_community_info", "action_community_info", own.QUERY),
        ("楼道灯又坏了", "report_problem", "report_form", own.REJECT),
        ("上回修的那个楼道灯又不亮了", "report_problem", "report_form", own.REJECT),
        ("上回修的是厨房", "report_problem", "report_form", None),
        ("不用送了，我自己去取", "withdraw_ticket", own.WITHDRAW, own.SUPPLEMENT),
        ("改成三份", "book_meal", "meal_form", own.SUPPLEMENT),
        ("楼道灯坏了三天了", "report_problem", "report_form", None),
        ("上回报的那个灯，别整了", "supplement_ticket", "action_clarify", own.WITHDRAW),
        ("编号多少来着", "out_of_scope", "action_out_of_scope", own.QUERY),
        ("这个事到底哪个在管嘛", "ask_capability", "action_clarify", own.QUERY),
        ("负责人电话是多少", "ask_community_info", "action_community_info", own.QUERY),
        ("你好", "greet", "action_greet", None),
        ("低保咋办", "ask_service", "action_answer_service", None),
        ("明天停水不", "ask_notice", "action_notice", None),
    ],
)  # fmt: skip
def test_words_about_an_own_request(text: str, intent: str, name: str, action: str | None) -> None:
    ents = {"time": ("明天", TOMORROW)} if "明天" in text else {}
    found = own.meant(msg(text, intent, ents=ents), name)
    assert (found if found != name else None) == action


async def test_an_order_is_changed_and_changed_back(talk: Talk, services: FakeServices) -> None:
    services.tickets = [view(1, kind="booking", leaf="C1", appointment=MEAL)]
    count = [{"entity": "count", "value": 3, "text": "三份"}]
    talk.hear("改成三份", "book_meal", entities=count)
    await talk.run("validate_meal_form")
    assert talk.followup == "action_supplement"
    await talk.run("action_supplement")
    sent = services.sent("/amend")[0]
    assert sent["appointment"] == {"portions": 3} and sent["text"] == "改成三份"
    assert "3份（原来2份）" in talk.text and talk.buttons == ["改回去"]
    services.tickets[0]["amended"] = {"portions": 2}
    talk.hear("改回去", "deny")
    await talk.run("action_deny")
    await talk.run("action_supplement")
    assert services.sent("/amend")[1]["appointment"] == {"portions": 2}


DIABETIC = [{"entity": "diet", "value": "diabetic", "text": "糖尿病餐"}]


@pytest.mark.parametrize("elder", [False, True])
@pytest.mark.parametrize("words", ["也记下", "也记下。"])
async def test_what_a_change_tells_may_be_kept_by_a_word(
    talk: Talk, services: FakeServices, elder: bool, words: str
) -> None:
    services.tickets = [view(1, kind="booking", leaf="C1", appointment=MEAL)]
    talk.hear("改成糖尿病餐", "supplement_ticket", entities=DIABETIC, metadata={"elder": elder})
    await talk.run("action_supplement")
    assert services.sent("/amend")[0]["appointment"]["diet"] == ["diabetic"]
    assert talk.buttons == ["也记下", "改回去"]
    assert ("“糖尿病餐”只告诉食堂，用完清除" if elder else "看得出病情或者信仰") in talk.text
    assert not services.sent("/consents"), "to read it back is no yes"
    talk.hear(words, "inform", metadata={"elder": elder})
    await talk.run("action_clarify")
    assert talk.followup == "action_supplement"
    await talk.run("action_supplement")
    assert services.sent("/consents") == [{"conversation_id": "c1"}]
    assert "记下了" in talk.text and len(services.sent("/amend")) == 1


async def test_a_plain_yes_to_a_change_keeps_nothing(talk: Talk, services: FakeServices) -> None:
    services.tickets = [view(1, kind="booking", leaf="C1", appointment=MEAL)]
    talk.hear("改成糖尿病餐", "supplement_ticket", entities=DIABETIC)
    await talk.run("action_supplement")
    talk.hear("好", "affirm")
    await talk.run("action_affirm")
    assert not services.sent("/consents")


async def test_a_tap_on_what_was_changed_back_keeps_nothing(
    talk: Talk, services: FakeServices
) -> None:
    services.tickets, services.kept = [view(1, kind="booking", leaf="C1", appointment=MEAL)], []
    facts = [{"entity": "about", "value": "keep_told"}, {"entity": "ticket_no", "value": "SQ-1"}]
    talk.hear("/supplement_ticket", "supplement_ticket", entities=facts)
    await talk.run("action_supplement")
    assert "记下了" not in talk.text and talk.text


@pytest.mark.parametrize(
    ("order", "more", "metadata"),
    [
        (MEAL, {}, {"consents": ["meal_diet:"]}),
        ({**MEAL, "diet": ["soft", "halal"]}, {}, {"consents": ["meal_diet:"]}),
        (MEAL, {"relation": "mother"}, {"consents": ["meal_diet:mother"]}),
    ],
)
async def test_what_stands_is_not_offered_again(
    talk: Talk, services: FakeServices, order: Any, more: Any, metadata: Any
) -> None:
    services.tickets = [view(1, kind="booking", leaf="C1", appointment=order, **more)]
    talk.hear("改成糖尿病餐", "supplement_ticket", entities=DIABETIC, metadata=metadata)
    await talk.run("action_supplement")
    assert "也记下" not in talk.buttons and "记下" not in talk.text


async def test_of_somebody_else_it_is_offered_all_the_same(
    talk: Talk, services: FakeServices
) -> None:
    services.tickets = [
        view(1, kind="booking", leaf="C1", appointment=MEAL, relation="mother"),
    ]
    asks = {"consents": ["meal_diet:"]}
    talk.hear("改成糖尿病餐", "supplement_ticket", entities=DIABETIC, metadata=asks)
    await talk.run("action_supplement")
    assert "也记下" in talk.buttons
    talk.hear(
        "改成三份", "supplement_ticket", entities=[{"entity": "count", "value": 3, "text": "三份"}]
    )
    await talk.run("action_supplement")
    assert "也记下" not in talk.buttons, "three portions tell nothing"


async def test_a_report_gains_its_place(talk: Talk, services: FakeServices) -> None:
    services.tickets = [view(1, state="SUBMITTED", location_text="", phone=None)]
    entity = {"entity": "address", "value": ADDRESS[1], "text": ADDRESS[0]}
    talk.hear(ADDRESS[0], "report_problem", uncertain=True, entities=[entity])
    await talk.run("action_clarify")
    await talk.run("action_supplement")
    assert services.sent("/amend")[0]["place"]["building"] == "8"
    assert "改好了" in talk.text


async def test_what_fits_no_request_goes_on_as_it_was_taken(
    talk: Talk, services: FakeServices
) -> None:
    talk.hear("不约了", "cancel_dialog")
    await talk.run("action_cancel_form")
    await talk.run("action_supplement")
    assert (talk.followup, talk.text) == ("action_cancel_form", "")


CLOSED = {"state": "CLOSED", "leaf": "H6", "location_text": "松江花园7号楼1单元",
          "place": {"community": "松江花园", "building": "7", "unit": "1"}}  # fmt: skip
H6 = {"entity": "service", "value": "H6", "confidence": 0.9}


@pytest.mark.parametrize(
    ("closed", "asks", "followup"),
    [("2026-11-08", "不用重新报", "action_listen"), ("2026-10-01", "超过30天", "report_form")],
)
async def test_broken_again(
    talk: Talk, services: FakeServices, closed: str, asks: str, followup: str
) -> None:
    services.tickets = [view(1, **CLOSED, closed_at=f"{closed}T10:00:00+08:00")]
    talk.hear("上回修的那个楼道灯又不亮了", "report_problem", entities=[H6])
    await talk.run("validate_report_form")
    await talk.run("action_reject")
    assert asks in talk.text and talk.followup == followup
    assert services.sent("/reject") == []


async def test_a_yes_sends_it_back_with_the_first_words(talk: Talk, services: FakeServices) -> None:
    services.tickets = [view(1, **CLOSED, closed_at="2026-11-08T10:00:00+08:00")]
    talk.hear("楼道灯又坏了", "report_problem", entities=[H6])
    await talk.run("validate_report_form")
    await talk.run("action_reject")
    talk.hear("对", "affirm")
    await talk.run("action_affirm")
    assert talk.followup == "action_reject"
    await talk.run("action_reject")
    assert services.sent("/reject")[0]["text"] == "楼道灯又坏了"


async def test_another_building_is_a_new_report(talk: Talk, services: FakeServices) -> None:
    services.tickets = [view(1, **CLOSED, closed_at="2026-11-08T10:00:00+08:00")]
    entity = {"entity": "address", "value": {"building": "4"}, "text": "4号楼"}
    talk.hear("4号楼楼道灯又坏了", "report_problem", entities=[entity, H6])
    await talk.run("validate_report_form")
    await talk.run("action_reject")
    assert talk.followup == "report_form"


async def test_a_limit_that_is_over_is_said_so(talk: Talk, services: FakeServices) -> None:
    services.tickets = [view(1, due_at="2026-11-20T17:30:00+08:00", due_text="11月20日17:30")]
    talk.hear("催一下", "urge_ticket")
    await talk.run("action_urge")
    assert "已经过了" in talk.text and "前答复您。催办" not in talk.text


async def test_who_is_in_charge_has_a_phone(talk: Talk, services: FakeServices) -> None:
    owner = {"org": "第二网格", "person": "李梅", "text": "第二网格 李梅", "phone": "0439-00000005"}
    services.tickets = [view(1, owner=owner)]
    talk.hear("谁在管这事，电话多少", "ask_community_info")
    await talk.run("action_community_info")
    await talk.run("action_query_progress")
    assert "李梅" in talk.text and "0439-00000005" in talk.text
    services.tickets = []
    talk.hear("谁在管这事", "ask_community_info")
    await talk.run("action_community_info")
    await talk.run("action_query_progress")
    assert talk.followup == "action_community_info"


async def test_what_was_told_by_phone_is_taken_down(talk: Talk, services: FakeServices) -> None:
    talk.hear("我前天打电话报的下水道咋没人来", "query_progress")
    await talk.run("action_query_progress")
    assert talk.followup == "report_form" and "给您记上" in talk.text


LATER = {"pending_callback": {"ticket_no": "SQ-261124-00001-1", "title": "灯", "stage": "solved"}}


@pytest.mark.parametrize(
    ("text", "later"),
    [
        ("等我晚上看看", True), ("我还没回家呢", True), ("天黑了再看", True), ("还没试呢", True),
        ("先观察两天再说", True), ("还是不亮，晚上看不见", False), ("没修好", False), ("好了", False),
    ],
)  # fmt: skip
async def test_who_has_not_looked_yet_is_not_pressed(
    talk: Talk, services: FakeServices, text: str, later: bool
) -> None:
    talk.hear(text, "out_of_scope", metadata=LATER)
    if later:
        found = own.meant(msg(text, "out_of_scope", **LATER), "action_out_of_scope")
        assert found == own.CALLBACK
    await talk.run("action_callback_answer")
    assert bool(services.sent("/callback")) is not later


@pytest.mark.parametrize(
    ("text", "pressured"),
    [("没修好，可是网格员让我给五星", True), ("没修好，还是不亮", None), ("好了，师傅挺好", None)],
)
async def test_asking_for_good_points_is_noted(
    talk: Talk, services: FakeServices, text: str, pressured: bool | None
) -> None:
    talk.hear(text, "reject_resolution", metadata=LATER)
    await talk.run("action_callback_answer")
    assert services.sent("/callback")[0].get("pressured") is pressured


@pytest.mark.parametrize(
    ("text", "title"),
    [("那个灯不用修了", "楼道灯不亮"), ("下水道那个", "下水道堵塞"), ("那件事不用管了", None)],
)
def test_a_request_is_named_by_its_matter(text: str, title: str | None) -> None:
    where = {"location_text": "幸福小区3号楼"}
    both = [ticket(title=f"幸福小区3号楼{t}", **where) for t in ("楼道灯不亮", "下水道堵塞")]
    found = named_in(text, both)
    assert [t.title.removeprefix("幸福小区3号楼") for t in found] == (
        [title] if title else ["楼道灯不亮", "下水道堵塞"]
    )
