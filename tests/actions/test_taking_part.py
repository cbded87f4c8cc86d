"""Offering to help, and suggestions: nothing that was said is asked again, one confirmation."""

from __future__ import annotations

from datetime import timedelta

import pytest

from actions.forms import suggestion, volunteer
from actions.forms.draft import CONFIRM, Draft, asking, fill, next_question
from actions.forms.shared import day_over
from actions.message import Message
from actions.talk import taking
from tests.actions.conftest import Talk
from tests.actions.fake_services import FakeServices
from tests.actions.helpers import HOME, msg, tap


def opened(form: object, *messages: Message) -> tuple[Draft, str | None]:
    """Return the draft after these messages, each the answer to what was asked before it."""
    rules = form.FORM  # type: ignore[attr-defined]
    draft, question = None, None
    for message in messages:
        draft = fill(rules, draft, message)
        question = next_question(rules, draft, message)
        draft = asking(draft, question)
    assert draft is not None
    return draft, question


def test_everything_in_one_message_needs_no_question() -> None:
    text = "我想当志愿者，会修自行车，周末上午有空，电话13800001234"
    told = msg(text, "join_volunteer", ents={"phone": ("13800001234", "13800001234")})
    draft, question = opened(volunteer, told)
    assert question == CONFIRM
    assert (draft.get("can"), draft.get("when")) == ("会修自行车", "周末上午有空")
    body = volunteer.to_ticket(draft, "c1")
    assert (body["leaf"], body["kind"], body["narrative"]) == ("K1", "booking", text)
    assert body["contact"]["phone"] == "13800001234"


def test_one_thing_is_asked_at_a_time_and_may_be_left_open() -> None:
    first = msg("想当志愿者", "join_volunteer")
    assert opened(volunteer, first)[1] == "can"
    can = msg("陪老人下棋", "book_service", id="m2")
    assert opened(volunteer, first, can)[1] == "when"
    when = msg("看你们安排", "affirm", id="m3")
    draft, question = opened(volunteer, first, can, when)
    assert (draft.get("when"), question) == ("看你们安排", "contact")
    draft, question = opened(volunteer, first, can, when, msg("不留", "deny", id="m4"))
    assert question == CONFIRM
    draft, question = opened(volunteer, first, *(tap("deny", id=f"t{n}") for n in range(3)))
    assert question == CONFIRM
    headings = [words for _, words in volunteer.summary(draft, first)]
    assert headings[:2] == ["干啥听志愿站的", "志愿站和您定"]


def test_free_hours_of_who_helps_are_no_day_that_is_over() -> None:
    told = msg("我想当志愿者，会修自行车，周末上午有空", "join_volunteer")
    draft, _ = opened(volunteer, told)
    assert draft.get("when") == "周末上午有空"
    assert day_over(draft, told.now + timedelta(days=30)) == ""


def test_a_known_phone_is_not_asked_for() -> None:
    told = msg("想当志愿者，会理发，天天有空", "join_volunteer", phone_known=True)
    assert opened(volunteer, told)[1] == CONFIRM


@pytest.mark.parametrize(
    ("words", "joins"),
    [
        ("志愿服务报名", True), ("我要参加志愿队", True), ("志愿者", True), ("志愿服务", True),
        ("开志愿服务证明", False), ("志愿服务时长在哪查", False), ("找个志愿者陪我买菜", False),
        ("志愿者昨天把我家门弄坏了要投诉", False),
    ],
)  # fmt: skip
def test_plain_words_that_join(words: str, joins: bool) -> None:
    assert volunteer.joins(msg(words, "request_certificate")) is joins


@pytest.mark.parametrize(
    ("words", "home", "question"),
    [
        ("我有个建议", None, "narrative"), ("想提点意见", None, "narrative"),
        ("院子里多装几把椅子", None, "place"), ("院子里多装几把椅子", HOME, CONFIRM),
        ("食堂能不能加个汤", None, CONFIRM), ("每栋楼都放个意见箱", None, CONFIRM),
    ],
)  # fmt: skip
def test_what_a_suggestion_asks(words: str, home: dict[str, str] | None, question: str) -> None:
    assert opened(suggestion, msg(words, "make_suggestion", home=home))[1] == question


def test_where_is_taken_as_said_and_asked_once() -> None:
    idea = msg("院子里多装几把椅子", "make_suggestion")
    draft, question = opened(suggestion, idea, msg("老邮电院子", "chitchat", id="m2"))
    assert (draft.get("address_text"), question) == ("老邮电院子", CONFIRM)
    draft, question = opened(suggestion, idea, tap("deny", id="m2"))
    assert (draft.get("address_text"), question) == (None, CONFIRM)


def test_no_answer_is_wished_for() -> None:
    told = msg("食堂加个汤吧，不用回我了", "make_suggestion")
    draft, _ = opened(suggestion, told)
    body = suggestion.to_ticket(draft, "c1")
    assert body["narrative"].endswith("（居民说不用回音）") and body["leaf"] == "K3"
    draft, _ = opened(suggestion, msg("食堂加个汤吧", "make_suggestion"))
    assert suggestion.to_ticket(draft, "c1")["narrative"] == "食堂加个汤吧"


async def test_the_button_submits_without_an_answer(talk: Talk, services: FakeServices) -> None:
    await talk.hear("食堂加个汤吧", "make_suggestion").run("action_suggest")
    assert talk.followup == "suggestion_form"
    await talk.run("validate_suggestion_form")
    payload = talk.payloads["记上，不用回音"]
    assert '"about":"reply:no"' in payload
    talk.hear(payload, "affirm", entities=[{"entity": "about", "value": "reply:no"}])
    await talk.run("validate_suggestion_form")
    assert talk.slots["confirmed"] is True
    await talk.run("action_submit_suggestion")
    assert "不另外打扰" in talk.text
    assert services.sent("/tickets")[0]["narrative"].endswith("（居民说不用回音）")


async def test_who_needs_a_hand_is_offered_one(talk: Talk, services: FakeServices) -> None:
    await talk.hear("灯泡烧了我够不着，来个人帮我换", "join_volunteer").run("action_volunteer")
    assert "搭把手" in talk.text and talk.followup != "volunteer_form"
    await talk.hear("我想当志愿者", "join_volunteer").run("action_volunteer")
    assert talk.followup == "volunteer_form"


@pytest.mark.parametrize(
    ("words", "idea"),
    [
        ("院里的灯后半夜可以关一半", True), ("垃圾桶可以挪到墙边", False), ("花坛边可以摆几把椅子", True),
        ("广场的灯可以统一调暗", True), ("要是楼下有把椅子就好了", True), ("不如把车位划一划", False),
        ("路灯可以改成声控的", True), ("我看把那片空地种点花", True),
        # Something is wrong, is asked, or is wished to be mended.
        ("路灯坏了，可以换成新的", False), ("可以报修吗", False), ("楼上漏水可以来看看", False), ("你们可以来人了", False),
        ("灯能不能修修", False), ("门口堵了，可以把车挪走", False), ("可以关门了", False),
    ],
)  # fmt: skip
def test_an_idea_taken_for_a_report(words: str, idea: bool) -> None:
    assert taking.proposes(msg(words, "report_problem")) is idea


@pytest.mark.parametrize(
    ("words", "report"),
    [
        ("灯能不能修修", True), ("能不能来人把下水道通一通", True), ("广场舞的音响能不能小点声", True),
        ("能不能把楼道的杂物清理一下", True), ("楼上能不能别老跳", True), ("希望把门口的坑补一补", True),
        ("能不能修个凉亭", False), ("院子里能不能装个健身器材", False), ("能不能修条盲道", False), ("食堂能不能加个汤", False),
    ],
)  # fmt: skip
def test_what_is_wished_to_be_mended_or_stopped_is_a_report(words: str, report: bool) -> None:
    assert taking.mends(msg(words, "make_suggestion")) is report


async def test_such_a_wish_opens_the_report(talk: Talk, services: FakeServices) -> None:
    await talk.hear("灯能不能修修", "make_suggestion").run("action_suggest")
    assert talk.followup == "report_form"
    await talk.hear("建议把食堂的门修宽", "make_suggestion").run("action_suggest")
    assert talk.followup == "suggestion_form"


async def test_thanks_for_an_offer_are_said_once(talk: Talk) -> None:
    await talk.hear("我想当志愿者", "join_volunteer").run("action_volunteer")
    await talk.run("validate_volunteer_form")
    assert "谢谢您" in talk.text and "做点啥" in talk.text
    await talk.hear("周末有空", "supplement_ticket").run("validate_volunteer_form")
    assert "做点啥" in talk.text and "谢谢您" not in talk.text
