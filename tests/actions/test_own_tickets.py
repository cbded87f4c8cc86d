"""Own requests, the callback, offers and doubts – over the internal API."""

from __future__ import annotations

from typing import Any

import pytest

from actions.client import TicketView
from actions.filing.submits import say_due
from actions.tickets import own, withdrawing
from actions.tickets.amending import says
from actions.tickets.callback import read_score, read_solved, reason_in
from actions.tickets.own import brings_evidence, query_code, ticket_no
from tests.actions.conftest import Talk
from tests.actions.fake_services import FakeServices, view
from tests.actions.helpers import msg


@pytest.mark.parametrize(
    ("text", "score"),
    [
        ("非常满意", 5), ("很满意", 5), ("巴适得很", 5), ("5分", 5), ("5", 5),
        ("满意", 4), ("挺好的", 4), ("整得挺好", 4), ("四分", 4), ("四颗星", 4), ("给五颗星", 5),
        ("基本满意", 3), ("一般吧", 3), ("凑合", 3), ("将就嘛", 3), ("还行", 3),
        ("不满意", 2), ("不太满意", 2), ("不咋样", 2), ("不是很满意", 2),
        ("非常不满意", 1), ("太差了", 1), ("1分", 1),
        ("我下午在家", None), ("好了", None), ("等了五分钟", None), ("星期三来的", None), ("等了三星期", None),
    ],
)  # fmt: skip
def test_read_score(text: str, score: int | None) -> None:
    assert read_score(msg(text, "rate_service")) == score


@pytest.mark.parametrize(
    ("text", "intent", "solved"),
    [
        ("好了", "affirm", True), ("嗯呐", "affirm", True), ("修好了,谢谢", "thank", True),
        ("亮了", "chitchat", True), ("没修好", "reject_resolution", False),
        ("还漏", "report_problem", False), ("不行", "deny", False), ("糊弄人", "chitchat", False),
        ("送到了", "chitchat", True), ("吃上了", "chitchat", True), ("没送到", "chitchat", False),
        ("没有送来", "deny", False), ("挺满意", "rate_service", True), ("不满意", "rate_service", False),
        ("今天几号", "chitchat", None),
    ],
)  # fmt: skip
def test_read_solved(text: str, intent: str, solved: bool | None) -> None:
    assert read_solved(msg(text, intent)) is solved


def test_a_no_with_its_reason_is_not_asked_for_it_again() -> None:
    assert reason_in(msg("没修好,灯还是一闪一闪的")) == "没修好,灯还是一闪一闪的"
    assert reason_in(msg("没修好")) == ""


@pytest.mark.parametrize(
    ("text", "number", "code"),
    [
        ("SQ-261122-00427-3 到哪了", "SQ-261122-00427-3", ""),
        ("sq-261122-00427-3,查询码 482910", "SQ-261122-00427-3", "482910"),
        ("我的查询码是482910", None, "482910"),
        ("灯修好没", None, ""),
    ],
)
def test_number_and_code(text: str, number: str | None, code: str) -> None:
    message = msg(text, "query_progress")
    assert (ticket_no(message), query_code(message)) == (number, code)


async def test_progress_says_state_and_date(talk: Talk, services: FakeServices) -> None:
    services.tickets = [view(2, title="没水"), view(1, state="CLOSED", state_text="已归档")]
    talk.hear("我报的修好没", "query_progress")
    await talk.run("action_query_progress")
    for words in ("没水", "正在办", "12月1日17:30前答复您", "李梅", "已归档"):
        assert words in talk.text


@pytest.mark.parametrize(
    ("elder", "stands"), [(False, "已受理，正在派单"), (True, "收下了，正在派人")]
)
async def test_how_it_stands_is_said_in_the_words_of_the_letters(
    talk: Talk, services: FakeServices, elder: bool, stands: str
) -> None:
    both = {"state_text": "已受理，正在派单。", "state_elder": "收下了，正在派人。"}
    services.tickets = [view(1, state="ACCEPTED", **both)]
    talk.hear("我报的修好没", "query_progress", metadata={"elder": elder})
    await talk.run("action_query_progress")
    assert f"{stands}。" in talk.text and "。。" not in talk.text


async def test_somebody_elses_number_shows_nothing(talk: Talk, services: FakeServices) -> None:
    talk.hear("SQ-261122-00427-3 到哪了", "query_progress")
    await talk.run("action_query_progress")
    assert "没查到" in talk.text


async def test_urging_with_several_asks_which_and_goes_on_with_the_words(
    talk: Talk, services: FakeServices
) -> None:
    services.tickets = [view(2, title="没水"), view(1, title="灯坏")]
    talk.hear("都三天了咋还没来", "urge_ticket")
    await talk.run("action_urge")
    assert len(talk.buttons) == 2
    talk.hear(talk.payloads[talk.buttons[1]], "urge_ticket", entities=[
        {"entity": "ticket_no", "value": "SQ-261124-00001-1"},
        {"entity": "about", "value": "m:m1"},
    ])  # fmt: skip
    await talk.run("action_urge")
    _, path, body, key = services.calls[-1]
    assert path.endswith("/SQ-261124-00001-1/resident/urge")
    assert (body["text"], key) == ("都三天了咋还没来", "c1:m2:urge")
    assert "催了" in talk.text


async def test_withdrawing_takes_one_tap_that_says_why(talk: Talk, services: FakeServices) -> None:
    services.tickets = [view(1)]
    talk.hear("不用修了", "withdraw_ticket")
    await talk.run("action_withdraw")
    assert services.sent("/withdraw") == []
    assert len(talk.buttons) == 4
    talk.hear(talk.payloads["有人让我撤的"], "withdraw_ticket", entities=[
        {"entity": "ticket_no", "value": "SQ-261124-00001-1"},
        {"entity": "about", "value": "why:pressed"},
    ])  # fmt: skip
    await talk.run("action_withdraw")
    assert services.sent("/withdraw")[0]["reason"] == "有人让我撤的"
    assert "核实" in talk.text


async def test_rejecting_without_a_finished_request_opens_a_report(
    talk: Talk, services: FakeServices
) -> None:
    talk.hear("灯又坏了", "reject_resolution")
    await talk.run("action_reject")
    assert talk.followup == "report_form"


def pending(stage: str) -> dict[str, Any]:
    """Return metadata with an open callback question."""
    return {
        "pending_callback": {"ticket_no": "SQ-261124-00001-1", "title": "楼道灯", "stage": stage}
    }


async def test_callback_solved_then_rating(talk: Talk, services: FakeServices) -> None:
    talk.hear("好了,亮了", "affirm", metadata=pending("solved"))
    await talk.run("action_callback_answer")
    assert services.sent("/callback") == [
        {"conversation_id": "c1", "stage": "solved", "solved": True}
    ]
    assert talk.buttons == ["非常满意", "满意", "基本满意", "不满意", "非常不满意"]
    talk.hear(talk.payloads["不满意"], "rate_service", metadata=pending("rating"),
              entities=[{"entity": "count", "value": "2"}])  # fmt: skip
    await talk.run("action_callback_answer")
    assert services.sent("/callback")[1]["score"] == 2
    assert "看不到是谁评的" in talk.text


async def test_large_type_mode_shows_three_verdicts_and_takes_the_others(
    talk: Talk, services: FakeServices
) -> None:
    elder = {"elder": True}
    talk.hear("好了,亮了", "affirm", metadata={**pending("solved"), **elder})
    await talk.run("action_callback_answer")
    assert talk.buttons == ["满意", "基本满意", "不满意"]
    talk.hear("非常不满意", "rate_service", metadata={**pending("rating"), **elder})
    await talk.run("action_callback_answer")
    assert services.sent("/callback")[1]["score"] == 1


async def test_callback_unsolved_then_reason(talk: Talk, services: FakeServices) -> None:
    services.next_stage = "reason"
    talk.hear("没修好", "reject_resolution", metadata=pending("solved"))
    await talk.run("action_callback_answer")
    assert "哪里没弄好" in talk.text
    services.next_stage = None
    talk.hear("灯一闪一闪的", "report_problem", metadata=pending("reason"))
    await talk.run("action_callback_answer")
    assert services.sent("/callback")[1]["text"] == "灯一闪一闪的"
    assert "退回重办" in talk.text


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("解决了一部分", True), ("修好了一半", True), ("大部分都好了", True), ("没全修好", True),
        ("只修好了一盏", True), ("只修了一个，还有一个不亮", True), ("多半都解决了", True),
        ("解决了", False), ("没修好", False), ("都修好了", False), ("还是不亮", False),
        ("好了，谢谢", False),
    ],
)  # fmt: skip
async def test_a_part_that_is_solved_is_told_as_a_part(
    talk: Talk, services: FakeServices, text: str, part: bool
) -> None:
    talk.hear(text, "inform", metadata=pending("solved"))
    await talk.run("action_callback_answer")
    (sent,) = services.sent("/callback")[:1]
    assert sent.get("partly", False) is part
    if part:
        assert sent["solved"] is False


async def test_the_button_for_a_part(talk: Talk, services: FakeServices) -> None:
    services.next_stage = "reason"
    talk.hear('/reject_resolution{"about":"partly"}', "reject_resolution", metadata=pending("solved"),
              entities=[{"entity": "about", "value": "partly"}])  # fmt: skip
    await talk.run("action_callback_answer")
    assert services.sent("/callback")[0] | {"conversation_id": ""} == {
        "conversation_id": "", "stage": "solved", "solved": False, "partly": True,
    }  # fmt: skip
    assert "哪里没弄好" in talk.text


async def test_a_verdict_is_never_forced(talk: Talk, services: FakeServices) -> None:
    talk.hear("不评了", "deny", metadata=pending("rating"))
    await talk.run("action_callback_answer")
    assert services.sent("/callback") == []


async def test_an_offer_stands_for_the_next_message_only(
    talk: Talk, services: FakeServices
) -> None:
    talk.hear("谢谢小王帮我抬米", "give_praise")
    await talk.run("action_praise")
    talk.hear("对了几点下班", "ask_community_info")
    await talk.run("action_community_info")
    talk.hear("好", "affirm")
    await talk.run("action_affirm")
    assert services.tickets == []
    talk.hear("/affirm", "affirm", entities=[{"entity": "about", "value": "offer:m1"}])
    await talk.run("action_affirm")
    await talk.run("action_affirm")  # a second tap has no second effect
    assert len(services.tickets) == 1
    assert services.sent("/tickets")[0]["narrative"] == "谢谢小王帮我抬米"


READINGS = [
    {"intent": "report_problem", "leaf": "H6", "confidence": 0.4},
    {"intent": "ask_service", "leaf": "B1", "confidence": 0.3},
    {"intent": "greet", "leaf": None, "confidence": 0.1},
]


async def test_a_doubt_offers_readings_that_go_on_with_the_words(
    talk: Talk, services: FakeServices
) -> None:
    talk.hear("那个灯的事咋说", "report_problem", uncertain=True, readings=READINGS)
    await talk.run("action_clarify")
    assert len(talk.buttons) == 2
    payload = talk.payloads[talk.buttons[0]]
    assert payload == '/report_problem{"service":"H6","about":"m:m1"}'
    talk.hear(payload, "report_problem", entities=[
        {"entity": "service", "value": "H6"}, {"entity": "about", "value": "m:m1"},
    ])  # fmt: skip
    await talk.run("validate_report_form")
    assert talk.slots["draft"]["values"]["narrative"] == "那个灯的事咋说"
    assert talk.slots["draft"]["values"]["leaf"] == "H6"


async def test_after_two_doubts_a_person_takes_over(talk: Talk, services: FakeServices) -> None:
    for n in range(3):
        talk.hear(f"呜哩哇啦{n}", "chitchat", uncertain=True, readings=READINGS)
        await talk.run("action_clarify")
    assert [b["kind"] for b in services.sent("/alerts")] == ["human"]


async def test_a_card_is_quoted_and_an_expired_one_is_not(
    talk: Talk, services: FakeServices
) -> None:
    card = {"id": "B1", "name": "低保", "summary": "收入低的家庭可以申请。", "conditions": [],
            "materials": ["身份证"], "where": "社区窗口", "limit": None, "fee": None,
            "sources": [{"title": "社会救助暂行办法", "ref": "第十一条"}], "confirm_locally": True,
            "valid": True, "valid_from": "2026-01-01", "offers": []}  # fmt: skip
    services.cards["B1"] = card
    leaf = {"entity": "service", "value": "B1", "confidence": 0.9}
    talk.hear("低保咋办", "ask_service", entities=[leaf])
    await talk.run("action_answer_service")
    for words in ("身份证", "社会救助暂行办法", "2026-01-01", "以当地窗口为准"):
        assert words in talk.text
    assert talk.cards[-1]["power"] is None and "找人代办" not in talk.buttons
    services.cards["B1"] = {
        **card, "kind": "办事", "power": "低保由县民政局审批。", "offers": ["proxy"],
    }  # fmt: skip
    talk.hear("低保咋办", "ask_service", entities=[leaf])
    await talk.run("action_answer_service")
    assert talk.cards[-1]["power"] == "低保由县民政局审批。" and "低保由县民政局审批。" in talk.text
    assert "找人代办" in talk.buttons
    services.cards["B1"] = {**card, "valid": False}
    talk.hear("低保咋办", "ask_service", entities=[leaf])
    await talk.run("action_answer_service")
    assert "身份证" not in talk.text
    assert "咨询" in talk.text


async def test_a_person_is_reachable_even_when_the_services_are_not(
    talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LINDA_URL", "http://127.0.0.1:9")
    talk.hear("人工", "ask_human")
    await talk.run("action_handoff")
    assert "12345" in talk.text


@pytest.mark.parametrize(
    ("words", "only"),
    [
        ("会议室我不去了", True), ("今天中午的饭不吃了，给我退了", True), ("预约取消", True),
        ("饭不要了，孩子回来了", False), ("不去了，我住院了", False),
    ],
)  # fmt: skip
def test_a_wish_to_take_it_back_is_no_reason(words: str, only: bool) -> None:
    assert withdrawing.only_wishes(words) is only


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("DISPATCHED", "先按11月25日上午记，还没定，跟您对好才算。"),
        ("ACTIVE", "约的是11月25日上午。"),
    ],
)
def test_an_appointment_is_no_date_of_an_answer(state: str, words: str) -> None:
    ticket = {
        "ticket_no": "SQ-1", "state": state, "due_text": "11月25日17:30",
        "appointment": {"date": "2026-11-25", "part": "am"},
    }  # fmt: skip
    assert say_due(TicketView.of(ticket)) == words
    meal = {**ticket, "appointment": {"date": "2026-11-25", "meal": "lunch", "mode": "delivery"}}
    assert say_due(TicketView.of(meal)) == "11月25日17:30前送到。"
    assert say_due(TicketView.of({**ticket, "appointment": None})) == "11月25日17:30前答复您。"


@pytest.mark.parametrize(
    ("words", "asks"),
    [
        ("裂缝我拍照了咋给你", True), ("录了像往哪儿传", True), ("拍了照能给你看不", True),
        ("灯坏了咋给修", False), ("我拍的照片不清楚", False),
    ],
)  # fmt: skip
def test_how_a_picture_is_sent(words: str, asks: bool) -> None:
    assert says("picture", words) is asks


@pytest.mark.parametrize(
    "text",
    ["几天了还是不热你们管不管", "都三天了还没修，到底修不修", "半个月了也没人管，你们管不管"],
)
def test_days_without_help_press_for_what_was_filed(text: str) -> None:
    assert own.presses(msg(text, "urge_ticket", confidence=0.23))


@pytest.mark.parametrize(
    ("words", "brings"),
    [
        ("我闺女也能给我作证", True), ("我这有监控录像", True), ("我拍了照", True), ("监控都拍下来了", True), ("对门老李也看见了", True),
        ("有监控吗", False), ("灯还没修", False),
    ],
)  # fmt: skip
def test_what_proves_a_report_is_added_to_it(words: str, brings: bool) -> None:
    assert brings_evidence(msg(words, "chitchat")) is brings


async def test_the_third_time_one_hurries_says_what_else_can_be_done(
    talk: Talk, services: FakeServices
) -> None:
    services.tickets = [view(1, title="楼道灯不亮", kind="report")]
    for _ in range(3):
        await talk.hear("催一下", "urge_ticket").run("action_urge")
    assert "也记在单子上" in talk.text and talk.buttons == ["找工作人员"]


@pytest.mark.parametrize(
    ("words", "keeps"),
    [("又不想撤了", True), ("我又后悔了别撤了", True), ("还是别撤了", True), ("撤了吧", False)],
)
def test_who_rather_keeps_the_request(words: str, keeps: bool) -> None:
    assert withdrawing.keeps(words) is keeps


@pytest.mark.parametrize(
    ("words", "unheeded"),
    [
        ("前天报的井盖到现在没人来", True),
        ("上周跟你们说的那堆垃圾一直没人收", True),
        ("我早就报过的路灯咋还没修", True),
        ("三天前反映的楼道灯到今天也没人管", True),
        ("我报的灯咋样了", False),
        ("我报的事到现在没人来", False),
        ("昨天报的单子还没动静", False),
        ("前天报的井盖修好没", False),
    ],
)
def test_a_matter_told_elsewhere_that_nobody_came_for(words: str, unheeded: bool) -> None:
    assert says("unheeded", words) is unheeded
