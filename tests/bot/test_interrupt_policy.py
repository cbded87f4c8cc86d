"""What goes before the rules, as a table."""

import dataclasses

import pytest

from bot.components.interrupt_policy import Crisis, Interrupt, Situation, decide, situation_of

TABLE = {
    i.intent: i
    for i in (
        Interrupt("ask_human", "action_handoff", 0.5),
        Interrupt("ask_service", "action_answer_service", 0.6, question=True),
        Interrupt("query_progress", "action_query_progress", 0.6, question=True),
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
    ({"uncertain": True, "text": "我跟你说个事儿" * 6}, None),
    ({"uncertain": True, "text": "我跟你说个事儿" * 6, "intent": "ask_service"}, "action_clarify"),
    ({"uncertain": True, "loop": "report_form"}, None),
    ({"loop": "report_form", "intent": "ask_human"}, "action_handoff"),
    ({"loop": "report_form", "intent": "ask_human", "confidence": 0.3}, None),
    ({"loop": "report_form", "intent": "ask_human", "text": "我要投诉"}, None),
    ({"loop": "report_form", "intent": "ask_service", "text": "低保要啥材料"}, "action_answer_service"),
    ({"loop": "meal_form", "intent": "ask_service", "text": "高龄津贴是八十还是九十才有"}, "action_answer_service"),
    ({"loop": "report_form", "intent": "ask_service", "text": "三号楼"}, None),
    ({"loop": "report_form", "intent": "query_progress", "text": "查一下进度"}, "action_query_progress"),
    ({"loop": "report_form", "intent": "query_progress", "text": "修好了又坏"}, None),
    # Words of dying are never only thanked, chatted with or turned away; a clear request goes on.
    *(({"hint": True, "intent": i}, "action_emergency") for i in
      ("thank", "chitchat", "out_of_scope", "join_volunteer", "goodbye", "give_praise", None)),
    ({"hint": True, "intent": "chitchat", "loop": "meal_form"}, "action_emergency"),
    ({"hint": True, "intent": "ask_service", "uncertain": True}, "action_emergency"),
    ({"hint": True, "intent": "ask_service"}, None),
    ({"hint": True}, None),
    ({"hint": True, "intent": "thank", "human": True}, "action_listen"),
    ({"hint": True, "intent": "thank", "callback_stage": "solved"}, "action_callback_answer"),
    ({"hint": True, "intent": "thank", "is_payload": True}, None),
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


GAS = Crisis("H3", holds=False, young=True)
LIFE = Crisis("J5", holds=True, young=False)
FOLLOW = "action_emergency_follow"


@pytest.mark.parametrize(
    ("change", "action"),
    [
        ({"crisis": LIFE}, FOLLOW),
        ({"crisis": LIFE, "intent": "goodbye"}, FOLLOW),
        ({"crisis": LIFE, "uncertain": True}, FOLLOW),
        ({"crisis": LIFE, "loop": "report_form"}, FOLLOW),
        ({"crisis": LIFE, "callback_stage": "solved", "intent": "affirm"}, FOLLOW),
        ({"crisis": LIFE, "intent": "ask_human", "text": "给我找个人"}, None),
        ({"crisis": LIFE, "intent": "ask_human", "text": "我转了"}, FOLLOW),
        ({"crisis": LIFE, "is_payload": True}, None),
        ({"crisis": LIFE, "human": True}, "action_listen"),
        ({"crisis": LIFE, "intent": "emergency"}, "action_emergency"),
        ({"crisis": GAS}, FOLLOW),
        ({"crisis": GAS, "intent": "ask_service", "leaf": "B1"}, None),
        ({"crisis": GAS, "intent": "ask_service", "leaf": "H3"}, FOLLOW),
        ({"crisis": GAS, "intent": "ask_service", "confidence": 0.7}, FOLLOW),
        ({"crisis": dataclasses.replace(GAS, young=False), "leaf": "H6"}, None),
    ],
)
def test_what_is_said_after_a_call_for_help(change: dict, action: str | None) -> None:
    assert decide(dataclasses.replace(BASE, **change), TABLE) == action


@pytest.mark.parametrize(
    ("change", "action"),
    [
        ({"heavy": True, "intent": "chitchat"}, "action_comfort"),
        ({"heavy": True, "uncertain": True, "confidence": 0.3}, "action_comfort"),
        ({"leaf": "J5", "leaf_confidence": 0.7}, "action_comfort"),
        ({"leaf": "J5", "leaf_confidence": 0.7, "intent": "ask_service"}, None),
        ({"heavy": True, "leaf": "H6", "leaf_confidence": 0.9}, None),
        ({"heavy": True, "loop": "report_form"}, None),
        ({"heavy": True, "intent": "ask_service", "text": "抑郁了，社区有没有心理医生"}, None),
        ({"leaf": "J5", "leaf_confidence": 1.0, "is_payload": True}, "action_comfort"),
    ],
)
def test_sorrow_is_heard_before_a_form(change: dict, action: str | None) -> None:
    assert decide(dataclasses.replace(BASE, **change), TABLE) == action


class Told:
    """A tracker with one message and a slot."""

    active_loop_name = None
    events: tuple = ()

    def __init__(self, crisis: dict, now: str) -> None:
        self.latest_message = type(
            "M", (), {"parse_data": {}, "metadata": {"now": now}, "text": "嗯"}
        )
        self._crisis = crisis

    def get_slot(self, name: str) -> dict | None:
        return self._crisis if name == "crisis" else None


def test_the_slot_is_read_while_it_lasts() -> None:
    slot = {
        "leaf": "J5", "holds": True, "over": False, "since": "2026-11-24T10:00:00+08:00",
        "young": "2026-11-24T10:05:00+08:00", "until": "2026-11-24T12:00:00+08:00",
    }  # fmt: skip
    assert situation_of(Told(slot, "2026-11-24T10:01:00+08:00")).crisis == Crisis("J5", True, True)
    assert situation_of(Told(slot, "2026-11-24T12:00:00+08:00")).crisis is None
    assert situation_of(Told({**slot, "over": True}, "2026-11-24T10:01:00+08:00")).crisis is None
