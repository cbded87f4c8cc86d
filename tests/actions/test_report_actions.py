"""From the first sentence to the number – and what happens on the services' bad days."""

from __future__ import annotations

import os
from typing import Any

import pytest

from tests.actions.conftest import Talk
from tests.actions.fake_services import FakeServices

ADDRESS = {
    "entity": "address", "text": "幸福小区3号楼2单元",
    "value": {"community": "幸福小区", "building": "3", "unit": "2"},
}  # fmt: skip
LAMP = {"entity": "service", "value": "H6", "confidence": 0.93, "alternatives": []}


async def confirmed(talk: Talk) -> Talk:
    """Tell everything in one message and say yes."""
    talk.hear("楼道灯坏了,幸福小区3号楼2单元", "report_problem", entities=[ADDRESS, LAMP])
    await talk.run("validate_report_form")
    assert talk.buttons == ["对，提交", "改一下"]
    talk.hear("/affirm", "affirm")
    await talk.run("validate_report_form")
    assert talk.loop is None
    return talk


async def test_everything_in_one_message(talk: Talk, services: FakeServices) -> None:
    await confirmed(talk)
    await talk.run("action_submit_report")
    assert "SQ-261124-00001-1" in talk.text
    assert "123451" in talk.text
    assert "12月1日17:30前答复您" in talk.text
    assert "李梅" in talk.text
    assert talk.said[0]["custom"]["ticket"]["ticket_no"] == "SQ-261124-00001-1"
    assert talk.slots["draft"] is None
    method, _, body, key = services.calls[-1]
    assert (method, key) == ("POST", "c1:m1")
    assert body["place"]["community_id"] == "qinghe"
    assert body["narrative"] == "楼道灯坏了,幸福小区3号楼2单元"
    # Of the message that began it, not of the yes; kinds of facts, not what was said.
    assert body["nlu"] == {
        "leaf": "H6", "round": "m1", "intent": "report_problem", "confidence": 0.9,
        "slots": ["address", "service"],
    }  # fmt: skip


@pytest.mark.parametrize("value", [None, {"community": "幸福小区", "building": "3"}])
async def test_a_location_that_is_shared_after_the_address_is_read_back_once(
    talk: Talk, services: FakeServices, value: dict[str, str] | None
) -> None:
    talk.hear("楼道灯坏了,幸福小区3号楼2单元", "report_problem", entities=[ADDRESS, LAMP])
    await talk.run("validate_report_form")
    label = "四平市幸福小区3号楼"
    pin = {"location": {"lat": 43.17, "lng": 124.35, "label": label}}
    whole = {"entity": "address", "text": label, "value": value or {"place": label}}
    talk.hear(label, "supplement_ticket", entities=[whole], metadata=pin)
    await talk.run("validate_report_form")
    assert talk.text.startswith("对，就是这么记的。") and label not in talk.text
    assert "• 在哪里：幸福小区3号楼2单元（清河社区）" in talk.text
    talk.hear("/affirm", "affirm")
    await talk.run("validate_report_form")
    await talk.run("action_submit_report")
    body = services.calls[-1][2]
    assert body["address_text"] == "幸福小区3号楼2单元" and body["place"]["unit"] == "2"


@pytest.mark.parametrize("bad_day", ["down", "500", "slow"])
async def test_the_draft_waits_while_the_services_are_away(
    talk: Talk, services: FakeServices, bad_day: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await confirmed(talk)
    url = os.environ["LINDA_URL"]
    if bad_day == "down":
        monkeypatch.setenv("LINDA_URL", "http://127.0.0.1:9")
    elif bad_day == "500":
        services.fail = [500] * 9
    else:
        services.slow = 3
        monkeypatch.setattr("actions.client.BUDGET_S", 2.0)
    await talk.run("action_submit_report")
    assert "没丢" in talk.text
    assert talk.buttons == ["再试一次"]
    assert (talk.loop, talk.followup) == ("report_form", "action_listen")
    assert services.tickets == []
    monkeypatch.setenv("LINDA_URL", url)
    services.fail, services.slow = [], 0.0
    talk.hear("再试一次", "urge_ticket")
    await talk.run("validate_report_form")
    await talk.run("action_submit_report")
    assert "SQ-261124-00001-1" in talk.text
    assert services.calls[-1][3] == "c1:m1"


async def test_changed_after_a_try_that_had_worked_unseen(
    talk: Talk, services: FakeServices
) -> None:
    await confirmed(talk)
    services.lose_answers = 9
    await talk.run("action_submit_report")
    assert "没丢" in talk.text
    services.lose_answers = 0
    five = {"entity": "address", "text": "5号楼", "value": {"building": "5"}}
    talk.hear("不对,是5号楼", "deny", entities=[five])
    await talk.run("validate_report_form")
    assert "改好了，在哪里：幸福小区5号楼2单元" in talk.text
    talk.hear("/affirm", "affirm")
    await talk.run("validate_report_form")
    await talk.run("action_submit_report")
    assert len(services.tickets) == 1
    assert "没有重复报" in talk.text
    assert "5号楼" in services.sent("/resident/supplement")[0]["text"]


async def test_an_answered_interruption_asks_the_question_again(
    talk: Talk, services: FakeServices
) -> None:
    talk.hear("楼道灯坏了", "report_problem", entities=[LAMP])
    await talk.run("validate_report_form")
    question = talk.text
    assert "在哪儿" in question
    talk.hear("你能干啥", "ask_capability")
    await talk.run("action_capability")
    assert talk.followup == "report_form"
    talk.said = []
    await talk.run("validate_report_form")
    assert talk.text == f"接着刚才的事：{question}"
    assert talk.slots["draft"]["values"]["narrative"] == "楼道灯坏了"
    talk.hear("幸福小区3号楼2单元", "report_problem", entities=[ADDRESS])
    await talk.run("validate_report_form")
    assert talk.buttons == ["对，提交", "改一下"]


async def test_an_emergency_leaves_the_form_as_it_is(talk: Talk, services: FakeServices) -> None:
    talk.hear("楼道灯坏了", "report_problem", entities=[LAMP])
    await talk.run("validate_report_form")
    before = talk.slots["draft"]
    gas = {"entity": "service", "value": "H3", "confidence": 1.0}
    talk.hear("屋里全是煤气味", "emergency", entities=[gas])
    await talk.run("action_emergency")
    assert "到室外再打电话" in talk.text
    assert (talk.loop, talk.followup) == ("report_form", "action_listen")
    assert talk.slots["draft"] == before
    assert services.sent("/alerts")[0]["leaf"] == "H3"


async def test_an_emergency_needs_no_services(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINDA_URL", "http://127.0.0.1:9")
    talk.hear("着火了", "emergency")
    await talk.run("action_emergency")
    assert "119" in talk.text


async def test_the_address_look_up_never_stops_a_report(talk: Talk, services: FakeServices) -> None:
    services.fail = [500] * 9
    talk.hear("楼道灯坏了,幸福小区3号楼2单元", "report_problem", entities=[ADDRESS, LAMP])
    await talk.run("validate_report_form")
    assert "幸福小区3号楼2单元" in talk.text
    assert talk.buttons == ["对，提交", "改一下"]


async def test_cancelling_files_nothing(talk: Talk, services: FakeServices) -> None:
    talk.hear("楼道灯坏了", "report_problem", entities=[LAMP])
    await talk.run("validate_report_form")
    talk.hear("算了不弄了", "cancel_dialog")
    await talk.run("action_cancel_form")
    assert talk.loop is None
    assert talk.slots["draft"] is None
    assert services.tickets == []


async def test_elder_sentences_are_shorter(talk: Talk, services: FakeServices) -> None:
    def ask(elder: bool) -> dict[str, Any]:
        return {"metadata": {"elder": elder}, "entities": [LAMP]}

    await talk.hear("楼道灯坏了", "report_problem", **ask(False)).run("validate_report_form")
    plain = talk.text
    other = Talk(talk._executor)
    await other.hear("楼道灯坏了", "report_problem", **ask(True)).run("validate_report_form")
    assert 0 < len(other.text) < len(plain)


async def test_a_bare_address_is_never_an_emergency(talk: Talk, services: FakeServices) -> None:
    talk.hear("楼道灯坏了", "report_problem", entities=[LAMP])
    await talk.run("validate_report_form")
    talk.hear("幸福小区3号楼2单元", "emergency", entities=[ADDRESS])
    await talk.run("action_emergency")
    assert talk.followup == "report_form"
    assert services.sent("/alerts") == []
    await talk.run("validate_report_form")
    assert "幸福小区3号楼2单元（清河社区）" in talk.text


async def test_the_second_matter_of_a_letter_is_offered_after_the_first(
    talk: Talk, services: FakeServices
) -> None:
    letter = "领导您好，我在这里住了二十多年了，从来没给社区添过麻烦，我们楼道的灯不亮了，老人上下楼都不方便，幸福小区3号楼2单元。另外，单元门口的台阶缺了一个角。"
    talk.hear(letter, "report_problem", entities=[ADDRESS, LAMP])
    await talk.run("validate_report_form")
    assert "您说了2件事" in talk.text and "楼道的灯不亮" in talk.text
    talk.hear("/affirm", "affirm")
    await talk.run("validate_report_form")
    await talk.run("action_submit_report")
    assert "单元门口的台阶缺了一个角" in talk.text and services.sent("/tickets")
    payload = talk.said[-1]["buttons"][0]["payload"]
    about = {"entity": "about", "value": payload.split('"about":"')[1].rstrip('"}')}
    talk.hear(payload, "report_problem", entities=[about])
    await talk.run("validate_report_form")
    assert talk.slots["draft"]["values"]["narrative"] == "单元门口的台阶缺了一个角"
    assert talk.slots["draft"]["values"]["address"]["building"] == "3"
    assert talk.slots["draft"]["values"].get("later") is None


async def test_a_letter_about_one_thing_offers_no_second(
    talk: Talk, services: FakeServices
) -> None:
    letter = "领导您好，我在这里住了二十多年了，从来没给社区添过麻烦，我们楼道的灯不亮了，老人上下楼都不方便，幸福小区3号楼2单元。另外我再补充一点，谢谢你们。"
    talk.hear(letter, "report_problem", entities=[ADDRESS, LAMP])
    await talk.run("validate_report_form")
    assert "件事，咱" not in talk.text and talk.slots["draft"]["values"].get("later") is None


async def test_a_photo_alone_is_kept_and_what_it_shows_is_asked(
    talk: Talk, services: FakeServices
) -> None:
    talk.hear("[图片]", "supplement_ticket", metadata={"attachments": ["a1"]})
    await talk.run("action_supplement")
    assert talk.followup == "report_form" and talk.text == "照片收到了。"
    await talk.run("validate_report_form")
    assert talk.slots["draft"]["values"]["attachments"] == ["a1"]
    assert talk.slots["requested_slot"] == "narrative"
