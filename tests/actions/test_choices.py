"""Buttons answered in words, and the reasons for which a request is taken back."""

from __future__ import annotations

import pytest

from actions.talk import choices
from actions.tickets import withdrawing
from tests.actions.conftest import Talk
from tests.actions.fake_services import FakeServices, view
from tests.actions.helpers import msg


def offered(*pairs: tuple[str, str]) -> list[dict[str, str]]:
    """Return buttons of (title, payload)."""
    return [{"title": title, "payload": payload} for title, payload in pairs]


SERVICES = offered(
    ("问怎么办：低保", '/ask_service{"service":"B1","about":"m:m1"}'),
    ("反映：楼道灯", '/report_problem{"service":"H6","about":"m:m1"}'),
    ("问社区电话、地点、网格员", '/ask_community_info{"about":"m:m1"}'),
)
OFFER = offered(("好，记上", '/affirm{"about":"offer:m1"}'), ("先不用", "/deny"))
CONFIRM = offered(("对，提交", "/affirm"), ("改一下", "/deny"))
SKIPS = offered(("跳过", "/deny"))
SCORES = offered(*((t, f'/rate_service{{"count":"{n}"}}') for n, t in ((5, "很好"), (1, "差"))))


@pytest.mark.parametrize(
    ("text", "buttons", "strict", "intent"),
    [
        ("第一个", SERVICES, False, "ask_service"),
        ("1", SERVICES, False, "ask_service"),
        ("选2", SERVICES, False, "report_problem"),
        ("第二个吧", SERVICES, False, "report_problem"),
        ("最后一个", SERVICES, False, "ask_community_info"),
        ("下面那个", SERVICES, False, "ask_community_info"),
        ("头一个", SERVICES, False, "ask_service"),
        ("楼道灯", SERVICES, False, "report_problem"),
        ("低保", SERVICES, False, "ask_service"),
        ("就是楼道灯那个", SERVICES, False, "report_problem"),
        ("都不是", SERVICES, False, "deny"),
        ("一个都不对", SERVICES, False, "deny"),
        ("都不是这些", SERVICES, True, "deny"),
        ("第四个", SERVICES, False, None),
        ("低保咋申请呢", SERVICES, False, None),
        ("一", SERVICES, False, None),
        ("先不用", OFFER, False, "deny"),
        ("1", OFFER, False, "affirm"),
        ("不是", OFFER, False, None),
        ("对，提交。", CONFIRM, True, "affirm"),
        ("2", CONFIRM, True, "deny"),
        ("1", CONFIRM, True, "affirm"),
        ("１", CONFIRM, True, "affirm"),
        ("①", CONFIRM, True, "affirm"),
        ("好 1", CONFIRM, True, "affirm"),
        ("那就选1吧", CONFIRM, True, "affirm"),
        ("第一个", CONFIRM, True, "affirm"),
        ("一", CONFIRM, True, None),
        ("3", CONFIRM, True, None),
        ("1号楼", CONFIRM, True, None),
        ("1份", CONFIRM, True, None),
        ("12", CONFIRM, True, None),
        ("13512345678", CONFIRM, True, None),
        ("1", SKIPS, True, None),
        ("2", SKIPS, True, None),
        ("提交", CONFIRM, True, None),
        ("1", SCORES, False, None),
        ("第一个", SCORES, False, None),
        ("很好", SCORES, False, "rate_service"),
        ("", SERVICES, False, None),
        ("1", [], False, None),
    ],
)
def test_buttons_in_words(
    text: str, buttons: list[dict[str, str]], strict: bool, intent: str | None
) -> None:
    found = choices.read(text, buttons, strict)
    assert (found.intent if found else None) == intent


def test_every_intent_of_the_rules_has_its_action() -> None:
    found = choices.actions()
    assert found["report_problem"] == "report_form"
    assert found["withdraw_ticket"] == "action_withdraw"
    assert found["affirm"] == "action_affirm"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("家里人弄好的", "solved"), ("我女婿给通开的", "solved"),
        ("邻居帮我修好了", "solved"), ("自己换好了", "solved"), ("整好了", "solved"),
        ("网格员让我撤的", "pressed"), ("是他让我撤的", "pressed"), ("物业劝我莫报了", "pressed"),
        ("搬家了", "moved"), ("报错了", "mistake"), ("不想等了", "gave_up"), ("太慢了", "gave_up"),
        ("闺女回来做饭，不吃了", "not_needed"), ("那天有事去不了", "other_day"),
        ("楼道灯", None), ("人工", None),
    ],
)  # fmt: skip
def test_reasons_for_taking_back(text: str, code: str | None) -> None:
    assert withdrawing.reason_in(text) == code


@pytest.mark.parametrize("text", ["先不撤", "别撤", "还是修吧", "不撤了", "算了，不撤", "留着吧"])
def test_leaving_it_as_it_is(text: str) -> None:
    assert withdrawing.keeps(text)
    assert not withdrawing.agrees(text)


@pytest.mark.parametrize("text", ["对", "撤吧", "嗯，撤了", "是的", "给我撤掉", "要得"])
def test_agreeing_to_take_back(text: str) -> None:
    assert withdrawing.agrees(text)
    assert not withdrawing.keeps(text)


def test_another_matter_answers_no_why() -> None:
    assert not withdrawing.answers(msg("我家下水道堵了", "report_problem"))
    assert withdrawing.answers(msg("孩子说的", "chitchat"))


@pytest.mark.parametrize(
    ("text", "intent", "reason", "persuaded"),
    [
        ("搬家了", "ask_community_info", "搬家了", False),
        ("是他让我撤的", "report_problem", "是他让我撤的", True),
        ("第一个", "ask_service", "已经好了", False),
        ("不想等", "deny", "不想等了", False),
        ("有人让我撤", "emergency", "有人让我撤的", True),
    ],
)
async def test_a_reason_in_words_takes_it_back(
    talk: Talk, services: FakeServices, text: str, intent: str, reason: str, persuaded: bool
) -> None:
    services.tickets = [view(1)]
    talk.hear("不用修了", "withdraw_ticket")
    await talk.run("action_withdraw")
    talk.hear(text, intent)
    runs = {"report_problem": "validate_report_form", "emergency": "action_emergency"}
    await talk.run(runs.get(intent, "action_chitchat"))
    assert talk.followup == "action_withdraw"
    await talk.run("action_withdraw")
    sent = services.sent("/withdraw")[0]
    assert (sent["reason"], sent["persuaded"]) == (reason, persuaded)


async def test_a_reason_that_was_said_is_only_confirmed(talk: Talk, services: FakeServices) -> None:
    services.tickets = [view(1)]
    talk.hear("不用修了，邻居帮我修好了", "withdraw_ticket")
    await talk.run("action_withdraw")
    assert talk.buttons == ["撤掉", "先不撤"]
    assert "邻居帮我修好了" in talk.text
    talk.hear("嗯", "affirm")
    await talk.run("action_affirm")
    await talk.run("action_withdraw")
    assert services.sent("/withdraw")[0]["reason"] == "不用修了，邻居帮我修好了"


@pytest.mark.parametrize("text", ["先不撤", "算了，留着吧", "不"])
async def test_it_can_be_left_as_it_is(talk: Talk, services: FakeServices, text: str) -> None:
    services.tickets = [view(1)]
    talk.hear("不用修了", "withdraw_ticket")
    await talk.run("action_withdraw")
    talk.hear(text, "deny")
    await talk.run("action_deny")
    assert talk.followup == "action_withdraw"
    await talk.run("action_withdraw")
    assert services.sent("/withdraw") == []
    assert "接着办" in talk.text


async def test_words_of_no_known_reason_are_read_back(talk: Talk, services: FakeServices) -> None:
    services.tickets = [view(1)]
    talk.hear("不用修了", "withdraw_ticket")
    await talk.run("action_withdraw")
    talk.hear("看孩子面子", "out_of_scope")
    await talk.run("action_out_of_scope")
    await talk.run("action_withdraw")
    assert services.sent("/withdraw") == []
    assert "看孩子面子" in talk.text
    talk.hear("撤", "withdraw_ticket")
    await talk.run("action_withdraw")
    assert services.sent("/withdraw")[0]["reason"] == "看孩子面子"


async def test_none_of_the_services_becomes_a_question_for_a_person(
    talk: Talk, services: FakeServices
) -> None:
    leaf = {
        "entity": "service",
        "value": "B1",
        "confidence": 0.2,
        "alternatives": [{"value": "C2", "confidence": 0.1}],
    }
    talk.hear("那个证件咋弄", "ask_service", entities=[leaf])
    await talk.run("action_answer_service")
    assert len(talk.buttons) == 2
    talk.hear("都不是", "deny")
    await talk.run("action_deny")
    talk.hear("好", "affirm")
    await talk.run("action_affirm")
    assert services.sent("/tickets")[0]["narrative"] == "那个证件咋弄"


async def test_a_question_behind_a_choice_of_cards_stays_for_the_one_chosen(
    talk: Talk, services: FakeServices
) -> None:
    leaf = {"entity": "service", "text": "证件", "value": "B1", "confidence": 0.3,
            "alternatives": [{"value": "A2", "confidence": 0.28}]}  # fmt: skip
    talk.hear("那个证件咋弄", "ask_service", entities=[leaf])
    await talk.run("action_answer_service")
    among = talk.buttons
    assert len(among) == 2
    talk.hear("在哪办", "ask_community_info")
    await talk.run("action_community_info")
    assert talk.followup == "action_answer_service"
    await talk.run("action_answer_service")
    assert talk.buttons == among
    assert all('"about":"part:where"' in payload for payload in talk.payloads.values())


async def test_none_of_the_readings_asks_in_other_words(talk: Talk, services: FakeServices) -> None:
    readings = [
        {"intent": "report_problem", "leaf": "H6", "confidence": 0.4},
        {"intent": "ask_service", "leaf": "B1", "confidence": 0.3},
    ]
    talk.hear("那回的", "report_problem", uncertain=True, readings=readings)
    await talk.run("action_clarify")
    talk.hear("都不是", "out_of_scope")
    await talk.run("action_out_of_scope")
    assert talk.followup == "action_deny"
    await talk.run("action_deny")
    assert "换个说法" in talk.text


async def test_a_named_reading_goes_on_with_the_words(talk: Talk, services: FakeServices) -> None:
    readings = [
        {"intent": "ask_service", "leaf": "B1", "confidence": 0.4},
        {"intent": "report_problem", "leaf": "H6", "confidence": 0.3},
    ]
    talk.hear("楼道黑得很", "report_problem", uncertain=True, readings=readings)
    await talk.run("action_clarify")
    talk.hear("第二个", "ask_service")
    await talk.run("action_answer_service")
    assert talk.followup == "report_form"
    await talk.run("validate_report_form")
    assert talk.slots["draft"]["values"]["narrative"] == "楼道黑得很"
    assert talk.slots["draft"]["values"]["leaf"] == "H6"


async def test_a_form_that_opened_by_mistake_gives_way(talk: Talk, services: FakeServices) -> None:
    readings = [{"intent": "ask_service", "leaf": "B1", "confidence": 0.4}]
    talk.hear("低保的事", "ask_service", uncertain=True, readings=readings)
    await talk.run("action_clarify")
    talk.hear("第一个", "report_problem")
    await talk.run("validate_report_form")
    assert (talk.followup, talk.loop, talk.text) == ("action_answer_service", None, "")


ASKED = {"title": "报修", "payload": '/report_problem{"service":"H6","about":"m:m1"}'}
OTHER = {"title": "报修：电梯", "payload": '/report_problem{"service":"H5","about":"m:m1"}'}
QUESTION = {"title": "问办事", "payload": '/ask_service{"service":"H6","about":"m:m1"}'}
AGAIN = {"title": "是，退回重办", "payload": '/reject_resolution{"about":"m:m1"}'}


@pytest.mark.parametrize(
    ("buttons", "service"),
    [
        ([ASKED, QUESTION], "H6"), ([QUESTION, ASKED], "H6"), ([ASKED, OTHER], "open"),
        ([QUESTION], None), ([], None), ([AGAIN, ASKED], None),
        ([{"title": "报修", "payload": "/report_problem"}], None),
    ],
)  # fmt: skip
def test_a_place_alone_chooses_the_report_that_was_offered(
    buttons: list[dict[str, str]], service: str | None
) -> None:
    found = choices.placed(buttons)
    if service is None:
        assert found is None
    else:
        assert found is not None and found.placed and found.intent == "report_problem"
        assert found.facts.get("service", "open") == service


async def test_a_place_after_the_question_goes_on_with_the_words_before_it(
    talk: Talk, services: FakeServices
) -> None:
    """The form is open already when it reads the place, for this very message opened it."""
    talk.hear("车位那个事", "query_progress", uncertain=True, readings=[
        {"intent": "query_progress", "leaf": None, "confidence": 0.4},
        {"intent": "report_problem", "leaf": "I5", "confidence": 0.3}])  # fmt: skip
    await talk.run("action_clarify")
    where = {"community": "幸福小区", "building": "3"}
    place = {"entity": "address", "value": where, "text": "幸福小区3号楼"}
    talk.hear("幸福小区3号楼", "supplement_ticket", entities=[place])
    await talk.run("action_supplement")
    assert talk.followup == "report_form"
    talk.events.append({"event": "active_loop", "name": "report_form"})
    talk.loop = "report_form"
    await talk.run("validate_report_form")
    told = talk.slots["draft"]["values"]
    assert (told["narrative"], told["leaf"]) == ("车位那个事", "I5")
    assert told["address"] == where


async def test_a_place_in_an_open_form_answers_the_form(talk: Talk, services: FakeServices) -> None:
    talk.hear("楼道灯坏了", "report_problem", entities=[{"entity": "service", "value": "H6"}])
    await talk.run("validate_report_form")
    talk.events.append({"event": "bot", "text": "?", "data": {"buttons": [ASKED]}})
    place = {"entity": "address", "value": {"community": "幸福小区"}, "text": "幸福小区"}
    talk.hear("幸福小区", "supplement_ticket", entities=[place])
    await talk.run("validate_report_form")
    assert talk.slots["draft"]["round"] == "m1"
    assert talk.slots["draft"]["values"]["address"] == {"community": "幸福小区"}
