"""Certificates: the appointment for a permitted one, and who demanded a forbidden one.

Which is which is the locality's policy (民发〔2020〕20号 and its local lists), asked from the services.
"""

from __future__ import annotations

import re
from typing import Any

from actions.dialogue import load, pattern
from actions.echo import mask_phone, say_time
from actions.forms import place, shared
from actions.forms.draft import Draft, Field, Form, Values
from actions.forms.replies import bare, is_skip, is_yes
from actions.message import Message
from actions.texts import say

_PURPOSE = re.compile(
    r"(?:为了|用来|用于|要办|好办|办|给)?((?:孩子|娃|小孩)?(?:上学|入学|入托|转学|落户|贷款|报名|找工作|入职|办卡|"
    r"开户|低保|医保|助学|报销|租房|提公积金|办居住证|法院|打官司|评奖|升学|面试)(?:(?![要开得需让叫说给用])[^,\uff0c。;\uff1b!\uff01?\uff1f]){0,8})"
)
_ASIDE = frozenset({"ask_human", "cancel_dialog", "thank", "greet", "goodbye"})
OPENERS = frozenset(
    "report_problem ask_service request_certificate book_meal book_service query_progress urge_ticket "
    "supplement_ticket withdraw_ticket ask_community_info ask_notice make_suggestion".split()
)
"""Intents that are a new matter, not an answer to “谁让您开的”."""
NEW_MATTER = 0.6
_OFFICE = re.compile(
    r"^.{0,12}(银行|公司|单位|学校|幼儿园|局|派出所|事务所|交易所|中心|窗口|大厅|医院|法院|公证处|网点|支行|社保|公积金|"
    r"物业|街道|老板|厂|企业)(那边|那里|的人|的)?(要的?|让开的?|非要的?|(口头)?(说|讲|通知)的?)?$"
)
"""A message that only names an office answers “谁让您开的”, whatever it sounds like."""


def _purpose(message: Message, draft: Draft) -> Values:
    found = _PURPOSE.search(message.text) if not draft.get("purpose") else None
    return {"purpose": found.group(1)} if found else {}


def _purpose_answer(message: Message, draft: Draft) -> Values:
    if message.tapped or is_skip(message) or not message.text.strip():
        return {}
    return {"purpose": message.text.strip()}


FORM = Form(
    name="certificate",
    keeps=("certificate", "leaf", "policy", "later"),
    essential="narrative",
    early=True,
    fields=(
        Field(
            "purpose",
            needed=lambda d, m: not d.get("purpose"),
            read=_purpose,
            answer=_purpose_answer,
            optional=True,
        ),
        place.field(),
        Field("when", needed=lambda d, m: not d.get("when"), read=shared.coming, optional=True),
        Field("who", needed=lambda d, m: False, read=shared.who()),
        Field("narrative", needed=lambda d, m: False, read=shared.words()),
    ),
)


def summary(draft: Draft, message: Message) -> list[tuple[str, str]]:
    """Return the appointment as (heading, words)."""
    lines = [("开什么", str((draft.get("certificate") or {}).get("name") or "证明"))]
    if draft.get("purpose"):
        lines.append(("做什么用", str(draft.get("purpose"))))
    lines.append(("住哪里", place.say(draft) or "当面再说"))
    when = draft.get("when")
    lines.append(("哪天来", say_time(when, message.now) if when else say("agreed_later")))
    lines += shared.say_subject(draft, "替谁办")
    if draft.get("phone"):
        lines.append(("电话", mask_phone(str(draft.get("phone")))))
    return lines


def to_ticket(draft: Draft, conversation_id: str) -> dict[str, Any]:
    """Return the body of ``POST /tickets`` for the appointment."""
    certificate = draft.get("certificate") or {}
    told = draft.get("narrative") or f"要开{certificate.get('name') or '证明'}"
    return {
        **shared.booking(draft, conversation_id, str(draft.get("leaf")), told),
        "appointment": shared.appointment(draft),
        "certificate": {
            "no": certificate.get("no"),
            "name": certificate.get("name"),
            "purpose": draft.get("purpose"),
        },
        "incomplete": bool(draft.get("incomplete")),
        **place.to_ticket(draft),
    }


def wants_sheet(text: str) -> bool:
    """Whether somebody asks for a paper to show to whoever demands the certificate."""
    return bool(pattern("certificates", "demand", "sheet").search(text))


def demanded_by(text: str) -> str:
    """Return the unit that wants the certificate, when the message names one; “银行” alone is none."""
    found = pattern("certificates", "demand", "unit").search(text)
    if found is None:
        return ""
    unit = pattern("certificates", "demand", "lead").sub("", found["unit"])
    return "" if unit in load("certificates")["demand"]["vague"] else unit


def _demand_answer(message: Message, draft: Draft) -> Values:
    if not message.tapped and wants_sheet(message.text):
        return {"sheet": message.id}
    if draft.get("said_by") and is_yes(message):
        return {"demanded_by": draft.get("said_by")}
    if new_matter(message):
        return {"handover": message.intent}
    if _OFFICE.match(bare(message.text)):
        return {"demanded_by": message.text.strip()}  # “派出所要的”, though 要的 also says yes
    if pattern("certificates", "demand", "pressed").search(message.text):
        unit = demanded_by(message.text)
        if unit or not draft.get("pressed"):
            return {"demanded_by": unit} if unit else {"pressed": message.id}
    if is_yes(message) and not message.tapped and draft.asks.get("demanded_by", 0) < 2:
        return {}  # “嗯” names nobody yet
    if is_yes(message) or is_skip(message) or message.intent in _ASIDE or not message.text.strip():
        return {"unknown": True}
    return {"demanded_by": message.text.strip()}


def new_matter(message: Message) -> bool:
    """Whether the message is another matter instead of an answer to “谁让您开的”."""
    if _OFFICE.match(bare(message.text)):
        return False
    return message.intent in OPENERS and message.confidence >= NEW_MATTER and not message.uncertain


DEMAND = Form(
    name="demand",
    confirm=False,
    fields=(
        Field(
            "demanded_by",
            needed=lambda d, m: not (d.get("demanded_by") or d.get("unknown") or d.get("handover")),
            answer=_demand_answer,
            optional=True,
        ),
    ),
)


def to_clue(draft: Draft, conversation_id: str) -> dict[str, Any]:
    """Return the body of the low-priority clue: who demands a certificate that none may demand."""
    certificate = draft.get("certificate") or {}
    demanded_by = str(draft.get("demanded_by"))
    name, told = certificate.get("name") or "证明", draft.get("narrative") or ""
    return {
        "conversation_id": conversation_id,
        "kind": "consult",
        "leaf": "A4",
        "narrative": say("clue_narrative", unit=demanded_by, name=name, told=told),
        "confidential": True,
        "certificate": {
            "no": certificate.get("no"),
            "name": certificate.get("name"),
            "demanded_by": demanded_by,
        },
        "nlu": {"leaf": "A4", "round": draft.round},
    }
