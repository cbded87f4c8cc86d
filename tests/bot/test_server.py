"""Rasa as it runs: our pipeline, our channel, our memory, over HTTP."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

NOW = "2026-11-24T10:00:00+08:00"
WEBHOOK = "/webhooks/linda/webhook"


def parse(ask: Any, text: str) -> dict[str, Any]:
    status, parsed = ask("/model/parse", {"text": text})
    assert status == 200
    return parsed


def send(ask: Any, sender: str, text: str, **more: Any) -> tuple[int, Any]:
    metadata = {"now": NOW, "mode": "bot", **more.pop("metadata", {})}
    body = {"sender": sender, "message_id": "m1", "kind": "text", "text": text, **more}
    return ask(WEBHOOK, {**body, "metadata": metadata})


def entity(parsed: dict[str, Any], kind: str) -> dict[str, Any]:
    (found,) = [e for e in parsed["entities"] if e["entity"] == kind]
    return found


def test_a_report_is_understood_with_leaf_and_place(rasa_server: Any) -> None:
    parsed = parse(rasa_server, "三号楼二单元的楼道灯不亮了")
    assert parsed["intent"]["name"] == "report_problem"
    assert entity(parsed, "service")["value"] == "H6"
    assert entity(parsed, "address")["value"] == {"building": "3", "unit": "2"}
    assert parsed["uncertain"] is False
    assert parsed["readings"][0]["leaf"] == "H6"


@pytest.mark.parametrize(("text", "leaf"), [("屋里一股煤气味", "H3"), ("我们困在电梯里了", "H5")])
def test_the_guard_knows_danger_it_was_never_trained_on(
    rasa_server: Any, text: str, leaf: str
) -> None:
    parsed = parse(rasa_server, text)
    assert parsed["intent"] == {"name": "emergency", "confidence": 1.0}
    assert entity(parsed, "service")["value"] == leaf


def test_what_the_guard_took_back_is_no_emergency(rasa_server: Any) -> None:
    assert parse(rasa_server, "昨天着火了已经灭了")["intent"]["name"] != "emergency"


def test_a_card_without_training_is_found(rasa_server: Any) -> None:
    """The small model knows only three complaints; the catalogue knows the others."""
    parsed = parse(rasa_server, "单元门口的楼道灯坏了，水管爆了")
    leaves = {entity(parsed, "service")["value"]}
    leaves |= {a["value"] for a in entity(parsed, "service")["alternatives"]}
    assert {"H6", "H1"} <= leaves


def test_a_message_is_answered_whole(rasa_server: Any) -> None:
    status, answer = send(rasa_server, "c-greet", "你好")
    assert status == 200
    assert answer["messages"] == [
        {"text": "您好，我是邻答。", "buttons": [{"title": "对", "payload": "/affirm"}]}
    ]


def test_what_was_understood_goes_with_the_answer(rasa_server: Any, model_path: Path) -> None:
    answer = send(rasa_server, "c-heard", "三号楼二单元的楼道灯不亮了")[1]
    heard = answer["understood"]
    assert heard["text"] == "三号楼二单元的楼道灯不亮了"
    assert (heard["intent"], heard["leaf"], heard["uncertain"]) == ("report_problem", "H6", False)
    assert 0 < heard["confidence"] <= 1 and 0 < heard["leaf_confidence"] <= 1
    assert heard["readings"][0]["leaf"] == "H6"
    assert heard["entities"] == [
        {"type": "address", "start": 0, "end": 6, "text": "三号楼二单元",
         "value": {"building": "3", "unit": "2"}}
    ]  # fmt: skip
    assert heard["actions"] == ["utter_report"]
    assert heard["model"] == hashlib.sha256(model_path.read_bytes()).hexdigest()


def test_a_button_is_not_heard(rasa_server: Any) -> None:
    answer = send(rasa_server, "c-kinds", "/affirm", kind="payload")[1]
    assert answer["messages"] and answer["understood"] is None


def test_what_was_understood_survives_the_folding_of_old_turns(rasa_server: Any) -> None:
    """Twelve turns and more are folded in the store; the newest must still be told in full."""
    for turn in range(14):
        first = send(rasa_server, "c-long", "楼道灯坏了", message_id=f"m{turn}")[1]
    again = send(rasa_server, "c-long", "楼道灯坏了", message_id="m13", retry=True)[1]
    assert again["repeated"] is True
    assert again["understood"] == first["understood"]
    older = send(rasa_server, "c-long", "楼道灯坏了", message_id="m11", retry=True)[1]
    assert older["repeated"] is True and older["understood"]["actions"] == ["utter_report"]


def test_retry_repeats_the_answer_and_handles_nothing_twice(rasa_server: Any) -> None:
    first = send(rasa_server, "c-retry", "你好")[1]
    again = send(rasa_server, "c-retry", "你好", retry=True)[1]
    assert again["messages"] == first["messages"]
    assert again["understood"] == first["understood"] is not None
    assert again["repeated"] is True
    other = send(rasa_server, "c-retry", "楼道灯坏了", message_id="m2", retry=True)[1]
    assert "repeated" not in other


def test_a_conversation_is_forgotten(rasa_server: Any) -> None:
    send(rasa_server, "c-forget", "你好")
    forget = "/webhooks/linda/forget"
    assert rasa_server(forget, {"sender": "c-forget"}, token="wrong")[0] == 401
    assert rasa_server(forget, {"sender": ""})[0] == 422
    assert send(rasa_server, "c-forget", "你好", retry=True)[1]["repeated"] is True
    for _ in range(2):  # twice is once
        assert rasa_server(forget, {"sender": "c-forget"})[0] == 200
    assert "repeated" not in send(rasa_server, "c-forget", "你好", retry=True)[1]


def test_a_form_to_be_put_away_needs_token_and_round(rasa_server: Any) -> None:
    put_away = "/webhooks/linda/put_away"
    body = {"sender": "c-away", "round": "m1"}
    assert rasa_server(put_away, body, token="wrong")[0] == 401
    assert rasa_server(put_away, {"sender": "c-away"})[0] == 422
    assert rasa_server(put_away, body)[0] == 200  # who is not known has nothing open


def open_form(ask: Any, sender: str, round_: str) -> None:
    """Open a report in a conversation, as the message ``round_`` would have."""
    draft = {"form": "report", "round": round_, "values": {"narrative": "楼道灯坏了"}}
    events = [
        {"event": "slot", "name": "draft", "value": draft},
        {"event": "active_loop", "name": "report_form"},
    ]
    path = f"/conversations/{sender}/tracker/events"
    status, told = ask(path, events)
    assert status == 200 and told["active_loop"]["name"] == "report_form"


def draft_of(ask: Any, sender: str, message_id: str) -> Any:
    """The open form as the next answer tells it; a message that a person answers changes none."""
    said = {"message_id": message_id, "metadata": {"mode": "human"}}
    status, answer = send(ask, sender, "你好", **said)
    assert (status, answer["messages"]) == (200, [])
    return answer["draft"]


def test_put_away_closes_that_very_form_and_nothing_else(rasa_server: Any) -> None:
    put_away = "/webhooks/linda/put_away"
    for sender, round_ in (("c-away-1", "m1"), ("c-away-2", "m1")):
        open_form(rasa_server, sender, round_)
        assert draft_of(rasa_server, sender, "m2")["round"] == round_
    # A form that an older message opened is not this one: it stays.
    assert rasa_server(put_away, {"sender": "c-away-1", "round": "m0"})[0] == 200
    assert draft_of(rasa_server, "c-away-1", "m3")["values"] == {"narrative": "楼道灯坏了"}
    for _ in range(2):  # twice is once
        assert rasa_server(put_away, {"sender": "c-away-1", "round": "m1"})[0] == 200
    assert draft_of(rasa_server, "c-away-1", "m4") is None
    tracker = rasa_server("/conversations/c-away-1/tracker")[1]
    assert tracker["slots"]["draft"] is None and tracker["active_loop"] == {}
    said = [e["text"] for e in tracker["events"] if e["event"] == "user"]
    assert said == ["你好"] * 3, "what was said stays"
    # The other conversation, with a form of the same round, is not touched.
    assert draft_of(rasa_server, "c-away-2", "m5")["round"] == "m1"
    # Begun anew after it was put away, it is another form: an old request does not reach it.
    open_form(rasa_server, "c-away-1", "m6")
    assert rasa_server(put_away, {"sender": "c-away-1", "round": "m1"})[0] == 200
    assert draft_of(rasa_server, "c-away-1", "m7")["round"] == "m6"


def test_wrong_token_is_refused(rasa_server: Any) -> None:
    assert rasa_server(WEBHOOK, {"sender": "x", "text": "你好"}, token="wrong")[0] == 401


def test_typed_command_is_only_text(rasa_server: Any) -> None:
    status, answer = send(rasa_server, "c-command", "/greet")
    assert status == 200
    assert "您好，我是邻答。" not in [m.get("text") for m in answer["messages"]]


def test_button_is_a_command(rasa_server: Any) -> None:
    assert send(rasa_server, "c-button", "/affirm", kind="payload")[1]["messages"] == [
        {"text": "好的。"}
    ]


def test_silent_while_a_person_talks(rasa_server: Any) -> None:
    status, answer = send(rasa_server, "c-human", "你好", metadata={"mode": "human"})
    assert (status, answer["messages"]) == (200, [])
    assert answer["understood"]["intent"] == "greet"  # heard, though not answered
    assert answer["understood"]["actions"] == []


def test_reserved_command_is_refused(rasa_server: Any) -> None:
    status, answer = send(rasa_server, "c-x", "/restart", kind="payload")
    assert status == 422
    assert answer["error"]["code"] == "invalid_message"
