"""The door: what goes in as what, and what is found again."""

import pytest
from rasa.shared.core.events import BotUttered, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from bot.heard import turn_of
from bot.linda_channel import (
    BadRequest,
    LindaOutput,
    as_plain_text,
    stored_replies,
    to_user_message,
)


def message(**body: object):
    return to_user_message({"sender": "c1", "message_id": "m1", **body}, LindaOutput())


@pytest.mark.parametrize("text", ["/restart", "  /restart", "/affirm"])
def test_typed_text_is_never_a_command(text: str) -> None:
    assert not message(kind="text", text=text).text.startswith("/")


def test_payload_is_a_command() -> None:
    assert message(kind="payload", text="/affirm").text == "/affirm"


@pytest.mark.parametrize(
    "body",
    [{"kind": "payload", "text": "/restart"}, {"kind": "payload", "text": "affirm"}, {"kind": "x"},
     {"kind": "text", "text": "  "}, {"sender": ""}, {"kind": "text", "text": 5}],
)  # fmt: skip
def test_bad_request_is_refused_in_chinese(body: dict) -> None:
    with pytest.raises(BadRequest, match=r"[一-龥]"):
        message(**body)


def test_location_is_an_address() -> None:
    sent = message(kind="location", metadata={"location": {"lat": 1, "lng": 2, "label": "东门"}})
    assert sent.parse_data["entities"][0]["value"] == {"place": "东门"}


def test_photo_needs_no_words() -> None:
    assert message(kind="attachment").parse_data["intent"]["name"] == "supplement_ticket"


def test_stored_replies_are_those_of_the_message() -> None:
    tracker = DialogueStateTracker.from_events(
        "c1",
        [UserUttered("一", message_id="m1"), BotUttered("好", {"buttons": [{"title": "对", "payload": "/affirm"}]}),
         UserUttered("二", message_id="m2"), BotUttered("行")],
    )  # fmt: skip
    first, second = turn_of(tracker, "m1"), turn_of(tracker, "m2")
    assert first is not None and second is not None
    assert stored_replies(first) == [
        {"text": "好", "buttons": [{"title": "对", "payload": "/affirm"}]}
    ]
    assert stored_replies(second) == [{"text": "行"}]
    assert turn_of(tracker, "m3") is None


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("<img src=x onerror=alert(1)>楼道灯坏了", "楼道灯坏了"),
        ("<b>漏水</b>了", "漏水 了"),
        ("</b>", "</b>"),
        ("3<5，5>2", "3<5，5>2"),
        ("/restart", "／restart"),
    ],
)
def test_tags_around_words_are_taken_off(said: str, read: str) -> None:
    assert as_plain_text(said) == read
