"""How a resident wants to be reached: by which way, when, on whose phone; kept only with consent."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from actions.client import Client
from actions.forms import report
from actions.forms.draft import fill, next_question
from actions.message import Resident
from actions.privacy.my_data import wish
from actions.talk import contact
from tests.actions.conftest import Talk
from tests.actions.fake_services import FakeServices
from tests.actions.helpers import msg

PHONE = "13800001111"


@pytest.mark.parametrize(
    ("words", "pref", "kinds"),
    [
        ("别打电话，发微信", "别打电话；发微信", {"way"}),
        ("下午再打", "下午再打", {"time"}),
        (f"打我闺女电话{PHONE}", "打我闺女电话", {"whose"}),
        ("晚上别打", "晚上别打", {"time"}),
        ("我耳朵背，打电话大点声", "我耳朵背；打电话大点声", {"aid"}),
        ("耳朵背，发文字吧", "耳朵背；发文字吧", {"aid", "way"}),
        ("别打电话了，直接上门说", "别打电话了；直接上门说", {"way"}),
        ("三点以后打都行", "三点以后打都行", {"time"}),
        ("周末再联系", "周末再联系", {"time"}),
        (f"电话是我儿子的{PHONE}", "电话是我儿子的", {"whose"}),
        ("听不清，慢点说", "听不清；慢点说", {"aid"}),
        # near misses: told of the matter, not of calling
        ("楼上晚上打麻将", "", set()),
        ("我闺女昨天打了物业电话", "", set()),
        ("他俩下午打起来了", "", set()),
        ("我妈的电话费交了", "", set()),
        ("楼道灯坏了", "", set()),
    ],
)
def test_how_to_be_reached_is_understood(words: str, pref: str, kinds: set[str]) -> None:
    assert contact.preference(msg(words), asked=True) == pref
    assert set().union(*(contact.kinds(c) for c in pref.split("；"))) == kinds


@pytest.mark.parametrize(
    ("known", "new", "both"),
    [
        ("", "下午打", "下午打"),
        ("下午打", "", "下午打"),
        ("上午打", "下午打", "下午打"),
        ("别打电话；下午联系", "晚上联系", "别打电话；晚上联系"),
        ("发微信", "打电话就行", "打电话就行"),
        ("别打电话；发微信", "下午再打电话", "下午再打电话"),
        ("别打电话；发微信", "晚上别打", "别打电话；发微信；晚上别打"),
        ("耳朵背；下午打", "打我闺女电话", "耳朵背；下午打；打我闺女电话"),
    ],
)
def test_a_newer_wish_of_the_same_kind_takes_the_place_of_the_older(
    known: str, new: str, both: str
) -> None:
    assert contact.merged(known, new) == both


@pytest.mark.parametrize(
    ("words", "messages"),
    [("别打电话；发微信", True), ("发文字吧", True), ("晚上别打电话", False), ("下午打", False), ("", False)],
)  # fmt: skip
def test_who_wishes_for_messages(words: str, messages: bool) -> None:
    assert contact.by_message(words) is messages


def test_what_was_told_of_one_visit_does_not_last() -> None:
    assert contact.lasting("下午打；下午三点以后在家") == "下午打"


TOILET = {"address": ("幸福小区3号楼2单元501", {"community": "幸福小区", "building": "3", "unit": "2", "room": "501"})}  # fmt: skip


def blocked(extra: str, **more: Any) -> Any:
    """Return a report of a blocked toilet with something said of reaching; the place is known."""
    text = f"马桶堵了，幸福小区3号楼2单元501{extra}"
    ents = {**TOILET, **more.pop("ents", {})}
    draft = fill(report.FORM, None, msg(text, leaf="H7", ents=ents, **more))
    return replace(draft, values={**draft.values, "place_status": "resolved"})


def test_who_wishes_for_messages_is_not_asked_for_a_number() -> None:
    draft = blocked("，别打电话，发微信")
    assert next_question(report.FORM, draft, msg()) == "confirm"
    assert dict(report.summary(draft, msg()))["联系您"] == "在这个对话里回您（别打电话；发微信）"
    assert next_question(report.FORM, blocked("，晚上别打电话"), msg()) == "contact"


def test_a_time_to_call_promises_the_number() -> None:
    draft = replace(blocked(""), asked="contact", asks={"contact": 1})
    draft = fill(report.FORM, draft, msg("下午再打", "chitchat", id="m2"))
    assert draft.get("phone_promised") and draft.get("pref") == "下午再打"
    assert next_question(report.FORM, draft, msg()) == "contact"
    draft = fill(report.FORM, replace(draft, asked="contact"), msg(f"晚上打，{PHONE}", id="m3", ents={"phone": (PHONE, PHONE)}))  # fmt: skip
    assert report.to_ticket(draft, msg(), "c1")["contact"] == {
        "name": None, "phone": PHONE, "pref": "晚上打"}  # fmt: skip


def test_a_time_to_call_is_not_when_it_happened() -> None:
    draft = replace(blocked(""), asked="contact", asks={"contact": 1})
    when = {"time": ("下午", {"start": "2026-11-24", "end": "2026-11-24", "part": "pm"})}
    draft = fill(report.FORM, draft, msg("下午再打", "chitchat", id="m2", ents=when))
    assert draft.get("occurred") is None and draft.get("occurred_text") is None


def test_the_daughter_whose_phone_it_is_is_not_whom_it_is_for() -> None:
    ents = {"phone": (PHONE, PHONE), "relation": ("闺女", "daughter")}
    draft = blocked(f"，打我闺女电话{PHONE}", ents=ents)
    assert draft.get("subject") is None and draft.get("phone") == PHONE
    assert dict(report.summary(draft, msg()))["联系您"] == "138****1111（打我闺女电话）"


def test_what_is_kept_with_consent_is_used_and_a_newer_word_counts_more() -> None:
    kept = replace(msg(), resident=Resident(phone_known=True, pref="上午打"))
    draft = blocked("")
    assert dict(report.summary(draft, kept))["联系您"] == "用您登记过的电话（上午打）"
    assert report.to_ticket(draft, kept, "c1")["contact"]["pref"] == "上午打"
    said = replace(msg("晚上打", "chitchat", id="m2"), resident=kept.resident)
    draft = fill(report.FORM, replace(draft, asked="confirm"), said)
    assert report.to_ticket(draft, kept, "c1")["contact"]["pref"] == "晚上打"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the services are asked to change; “下午打” is kept until then."""
    sent: list[dict[str, Any]] = []

    async def own_data(self: Client, conversation_id: str) -> dict[str, Any]:
        return {"tickets": [], "pref": "下午打"}

    async def change(self: Client, conversation_id: str, body: dict[str, Any], key: str) -> Any:
        sent.append(body)
        return {"tickets": [], "pref": body.get("pref")}

    monkeypatch.setattr(Client, "own_data", own_data)
    monkeypatch.setattr(Client, "change_own_data", change)
    return sent


async def test_the_way_to_be_reached_is_kept_only_after_a_yes(
    talk: Talk, asked: list[dict[str, Any]]
) -> None:
    talk.hear("以后别打电话，发微信", "chitchat")
    await talk.run("action_my_data")
    assert "以后照“下午打；别打电话；发微信”联系您，行吗" in talk.text
    assert asked == []
    talk.hear("行", "affirm")
    await talk.run("action_affirm")
    assert talk.followup == "action_my_data_do"
    await talk.run("action_my_data_do")
    assert asked[-1] == {"change": "prefer", "pref": "下午打；别打电话；发微信"}


async def test_the_way_to_be_reached_is_forgotten_by_a_word(
    talk: Talk, asked: list[dict[str, Any]]
) -> None:
    talk.hear("忘了我说的下午打", "chitchat")
    await talk.run("action_my_data")
    assert "现在记着的是“下午打”" in talk.text
    talk.hear("行", "affirm")
    await talk.run("action_affirm")
    assert talk.followup == "action_my_data_do"
    await talk.run("action_my_data_do")
    assert asked[-1] == {"change": "unprefer"}


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("以后都发微信", "prefer"),
        ("以后下午再打电话", "prefer"),
        ("下回打我闺女电话", "prefer"),
        ("以后怎么联系你们", None),
        ("忘了我说的晚上别打", None),
        ("取消下午打", "unprefer"),
        ("下回别再问了", "remember"),
    ],
)
def test_words_about_how_to_be_reached_from_now_on(words: str, wanted: str | None) -> None:
    assert wish(msg(words, "chitchat")) == wanted


async def test_deaf_said_with_the_number_answers_the_form_whatever_it_was_taken_for(
    talk: Talk, services: FakeServices
) -> None:
    ents = [{"entity": "address", "text": "幸福小区3号楼2单元501", "value": TOILET["address"][1]},
            {"entity": "service", "value": "H7", "confidence": 0.9, "alternatives": []}]  # fmt: skip
    talk.hear("马桶堵了，幸福小区3号楼2单元501", "report_problem", entities=ents)
    await talk.run("validate_report_form")
    assert "留个电话" in talk.text and "几点打方便" in talk.text
    phone = [{"entity": "phone", "text": PHONE, "value": PHONE}]
    talk.hear(f"{PHONE}，耳朵背打电话大点声", "ask_accessibility", entities=phone)
    await talk.run("action_accessibility")
    assert talk.followup == "report_form" and not talk.text
    await talk.run("validate_report_form")
    assert "138****1111（耳朵背打电话大点声）" in talk.text
