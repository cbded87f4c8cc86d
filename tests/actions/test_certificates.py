"""Certificates: the right way by policy, refusing as a service, the clue about who demanded it."""

from __future__ import annotations

import pytest

from actions.certificates import kind
from actions.forms.certificate import new_matter
from tests.actions.conftest import Talk
from tests.actions.fake_services import FakeServices
from tests.actions.helpers import msg


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("给我开个证明,证明我妈是我妈", "亲属关系证明"),
        ("银行让证明我还活着", "健在证明"),
        ("单位要我单身的那种证明", "婚姻状况证明"),
        ("存折丢了社区给证明一下", "证件遗失证明"),
        ("开个证明", ""),
    ],
)
def test_a_described_certificate_is_known(text: str, name: str) -> None:
    assert kind(msg(text, "request_certificate", leaf="A4")) == (None, name)


async def test_a_forbidden_one_is_refused_with_a_way(talk: Talk, services: FakeServices) -> None:
    talk.hear("证明我妈是我妈", "request_certificate")
    await talk.run("action_check_certificate")
    assert talk.slots["certificate_route"] == "forbidden"
    await talk.run("action_refuse_certificate")
    await talk.run("validate_demand_form")
    for words in ("民发〔2020〕20号", "派出所", "户口簿", "不予出具告知单", "哪家单位"):
        assert words in talk.text
    talk.hear("建设银行北街网点", "chitchat")
    await talk.run("validate_demand_form")
    assert talk.loop is None
    await talk.run("action_submit_demand")
    clue = services.sent("/tickets")[0]
    assert clue["certificate"]["demanded_by"] == "建设银行北街网点"
    assert clue["confidential"] is True
    assert "SQ-" in talk.text


@pytest.mark.parametrize("words", ["不登记", "不想说", "算了"])
async def test_who_demanded_it_need_not_be_told(
    talk: Talk, services: FakeServices, words: str
) -> None:
    talk.hear("证明我妈是我妈", "request_certificate")
    for action in ("action_check_certificate", "action_refuse_certificate", "validate_demand_form"):
        await talk.run(action)
    talk.hear(words, "deny")
    await talk.run("validate_demand_form")
    await talk.run("action_submit_demand")
    assert services.tickets == []
    assert "不登记" in talk.text


@pytest.mark.parametrize(
    ("words", "intent", "matter"),
    [
        ("建设银行北街网点", "make_suggestion", False),
        ("我孩子学校要的", "ask_service", False),
        ("县公积金中心", "ask_community_info", False),
        ("楼道灯坏了", "report_problem", True),
        ("银行贷款怎么办", "ask_service", True),
    ],
)
def test_an_office_named_is_an_answer(words: str, intent: str, matter: bool) -> None:
    assert new_matter(msg(words, intent)) is matter


async def test_an_office_that_wants_it_is_no_yes(talk: Talk, services: FakeServices) -> None:
    talk.hear("证明我妈是我妈", "request_certificate")
    for action in ("action_check_certificate", "action_refuse_certificate", "validate_demand_form"):
        await talk.run(action)
    talk.hear("派出所要的", "affirm")
    await talk.run("validate_demand_form")
    await talk.run("action_submit_demand")
    assert services.sent("/tickets")[0]["certificate"]["demanded_by"] == "派出所要的"


async def test_another_matter_goes_on_at_once(talk: Talk, services: FakeServices) -> None:
    talk.hear("证明我妈是我妈", "request_certificate")
    for action in ("action_check_certificate", "action_refuse_certificate", "validate_demand_form"):
        await talk.run(action)
    talk.hear("楼道灯坏了好几天了", "report_problem")
    await talk.run("validate_demand_form")
    await talk.run("action_submit_demand")
    assert talk.followup == "report_form"
    assert services.tickets == []


async def test_a_permitted_one_becomes_an_appointment(talk: Talk, services: FakeServices) -> None:
    name = {"entity": "certificate", "text": "居住证明",
            "value": {"no": None, "name": "居住（租住）证明"}}  # fmt: skip
    talk.hear("孩子上学要开居住证明", "request_certificate", entities=[name])
    await talk.run("action_check_certificate")
    assert talk.slots["certificate_route"] == "permitted"
    await talk.run("validate_certificate_form")
    assert "租赁合同" in talk.text  # told in full before anything is asked
    address = {
        "entity": "address",
        "text": "幸福小区3号楼",
        "value": {"community": "幸福小区", "building": "3"},
    }
    talk.hear("幸福小区3号楼", "report_problem", entities=[address], confidence=0.4)
    await talk.run("validate_certificate_form")
    when = {"entity": "time", "text": "后天上午",
            "value": {"start": "2026-11-26", "end": "2026-11-26", "part": "am"}}  # fmt: skip
    talk.hear("后天上午", "book_service", entities=[when])
    await talk.run("validate_certificate_form")
    assert "后天（11月26日，星期四）上午" in talk.text
    talk.hear("/affirm", "affirm")
    await talk.run("validate_certificate_form")
    await talk.run("action_submit_certificate")
    body = services.sent("/tickets")[0]
    assert body["appointment"] == {"date": "2026-11-26", "part": "am"}
    assert body["certificate"]["purpose"] == "孩子上学"
    assert body["leaf"] == "A2"


async def test_an_unknown_one_is_told_honestly(talk: Talk, services: FakeServices) -> None:
    name = {
        "entity": "certificate",
        "text": "无人机证明",
        "value": {"no": None, "name": "无人机证明"},
    }
    talk.hear("开个无人机证明", "request_certificate", entities=[name])
    await talk.run("action_check_certificate")
    assert talk.slots["certificate_route"] == "unknown"
    await talk.run("action_unknown_certificate")
    assert "不敢乱说" in talk.text
    talk.hear("好", "affirm")
    await talk.run("action_affirm")
    assert services.sent("/tickets")[0]["narrative"] == "开个无人机证明"


async def test_an_unnamed_one_is_asked_for(talk: Talk, services: FakeServices) -> None:
    talk.hear("开个证明", "request_certificate")
    await talk.run("action_check_certificate")
    await talk.run("action_unknown_certificate")
    assert "什么证明" in talk.text
    assert services.calls == []
