"""What goes before the rules, as a table."""

import dataclasses

import pytest

from bot.components.interrupt_policy import Interrupt, Situation, decide

TABLE = {
    i.intent: i
    for i in (
        Interrupt("ask_human", "action_handoff", 0.5),
        Interrupt("ask_service", "action_answer_service", 0.6, question=True),
    )
}
BASE = Situation("report_problem", 0.9, False, "楼道灯坏了", False, None, None)

CASES = [
    ({}, None),
    ({"intent": "emergency", "human": True, "loop": "report_form"}, "action_emergency"),
    ({"human": True}, "action_listen"),
    ({"callback_stage": "solved", "intent": "affirm"}, "action_callback_answer"),
    ({"callback_stage": "solved"}, None),
    ({"callback_stage": "reason"}, "action_callback_answer"),
    ({"callback_stage": "reason", "intent": "ask_human"}, None),
    ({"callback_stage": "rating", "text": "5分", "intent": "chitchat"}, "action_callback_answer"),
    ({"callback_stage": "solved", "intent": "affirm", "loop": "report_form"}, None),
    ({"uncertain": True}, "action_clarify"),
    ({"uncertain": True, "intent": "chitchat"}, None),
    ({"uncertain": True, "loop": "report_form"}, None),
    ({"loop": "report_form", "intent": "ask_human"}, "action_handoff"),
    ({"loop": "report_form", "intent": "ask_human", "confidence": 0.3}, None),
    ({"loop": "report_form", "intent": "ask_service", "text": "低保要啥材料"}, "action_answer_service"),
    ({"loop": "report_form", "intent": "ask_service", "text": "三号楼"}, None),
]  # fmt: skip


@pytest.mark.parametrize(("change", "action"), CASES)
def test_decision(change: dict, action: str | None) -> None:
    assert decide(dataclasses.replace(BASE, **change), TABLE) == action


def test_a_fresh_callback_question_is_answered_in_the_middle_of_a_form() -> None:
    said = {
        "intent": "affirm",
        "confidence": 0.9,
        "uncertain": False,
        "text": "解决了",
        "human": False,
    }
    asked = Situation(**said, callback_stage="solved", loop="report_form", callback_fresh=True)
    assert decide(asked, {}) == "action_callback_answer"
    stale = Situation(**said, callback_stage="solved", loop="report_form")
    assert decide(stale, {}) is None, "then it answers the form"


def test_a_button_of_the_callback_is_heard_in_any_form() -> None:
    tapped = Situation(
        intent="rate_service",
        confidence=1.0,
        uncertain=False,
        text='/rate_service{"ticket_no":"SQ-261124-00001-0","about":"solved"}',
        human=False,
        callback_stage="solved",
        loop="meal_form",
        is_payload=True,
    )
    assert decide(tapped, {}) == "action_callback_answer"
