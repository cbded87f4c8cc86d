"""What the gateway is told of a message: from the tracker alone, and only what is there."""

from __future__ import annotations

from typing import Any

from rasa.shared.core.events import ActionExecuted, BotUttered, Event, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from bot.heard import Turn, turn_of, understood

SERVICE = {
    "entity": "service", "value": "H6", "confidence": 0.9, "start": 0, "end": 6, "text": "3号楼灯坏了",
    "alternatives": [], "extractor": "CatalogueMatcher",
}  # fmt: skip
PLACE = {
    "entity": "address", "value": {"building": "3"}, "confidence": 0.8, "start": 0, "end": 3,
    "text": "3号楼", "extractor": "EntityExtractor",
}  # fmt: skip


def said(text: str, message_id: str, kind: str = "text", **parse: Any) -> UserUttered:
    intent = {"name": "report_problem", "confidence": 0.93}
    data = {"intent": intent, "entities": [PLACE, SERVICE], "text": text, "model": "abc", **parse}
    return UserUttered(
        text, intent, data["entities"], data, message_id=message_id, metadata={"kind": kind}
    )


def tracker(*events: Event) -> DialogueStateTracker:
    return DialogueStateTracker.from_events("c1", list(events))


def turn(*events: Event, message_id: str = "m1") -> Turn:
    found = turn_of(tracker(*events), message_id)
    assert found is not None
    return found


def test_everything_of_the_contract_is_told() -> None:
    readings = [{"intent": "report_problem", "leaf": "H6", "confidence": 0.93}]
    heard = understood(turn(said("3号楼灯坏了", "m1", readings=readings, uncertain=True)))
    assert heard == {
        "text": "3号楼灯坏了", "intent": "report_problem", "confidence": 0.93, "uncertain": True,
        "readings": readings, "leaf": "H6", "leaf_confidence": 0.9,
        "entities": [
            {"type": "address", "start": 0, "end": 3, "value": {"building": "3"}, "text": "3号楼"}
        ],
        "actions": [], "model": "abc",
    }  # fmt: skip


def test_actions_are_those_of_this_message_in_order_without_listening() -> None:
    events = (
        ActionExecuted("action_session_start"), ActionExecuted("action_listen"),
        said("一", "m1"), ActionExecuted("report_form"), BotUttered("哪栋？"),
        ActionExecuted("action_listen"),
        said("二", "m2"), ActionExecuted("action_check"), ActionExecuted("report_form"),
        ActionExecuted("action_listen"),
    )  # fmt: skip
    assert turn(*events).actions == ["report_form"]
    assert turn(*events, message_id="m2").actions == ["action_check", "report_form"]


def test_no_leaf_and_no_model_are_null() -> None:
    heard = understood(turn(said("你好", "m1", entities=[], model=None)))
    assert heard is not None
    assert (heard["leaf"], heard["leaf_confidence"], heard["model"]) == (None, None, None)
    assert heard["entities"] == [] and heard["readings"] == []


def test_buttons_photos_and_places_are_not_heard() -> None:
    for kind in ("payload", "attachment", "location"):
        assert understood(turn(said("x", "m1", kind))) is None


def test_an_unknown_message_has_no_turn() -> None:
    assert turn_of(tracker(said("一", "m1")), "m9") is None
    assert turn_of(None, "m1") is None
