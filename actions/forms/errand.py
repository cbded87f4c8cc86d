"""Errands from a service card: a day to come to the window, or somebody who does it (代办).

The office of the card does the work; the form only says who, for what, when and how to be reached.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from actions.echo import RELATIONS, mask_phone, say_time
from actions.follow_ups import APPOINTMENT, PROXY
from actions.forms import place
from actions.forms.draft import Draft, Field, Form, Values
from actions.forms.replies import is_no, is_skip, is_yes
from actions.message import Message

KINDS = {PROXY: "找人代办", APPOINTMENT: "约时间去办"}
"""What the errand is, as it is read back and written on the ticket."""
TOLD = 4
"""Fewer words than this tell nothing that the office would need (“好”, “代办”)."""


def _words(message: Message, draft: Draft) -> Values:
    """Keep what was said, verbatim; a bare answer tells nothing."""
    text = message.text.strip()
    if len(text) < TOLD or is_yes(message) or is_no(message) or is_skip(message):
        return {}
    story = str(draft.get("narrative") or "")
    if text in story:
        return {}
    return {"narrative": f"{story}\n{text}".strip()}


def _when(message: Message, draft: Draft) -> Values:
    entity = message.last("time")
    value = entity.value if entity else None
    if not isinstance(value, Mapping) or value.get("recur"):
        return {}
    ahead = str(value.get("start", ""))[:10] >= message.now.date().isoformat()
    return {"when": dict(value)} if ahead else {}


def _who(message: Message, draft: Draft) -> Values:
    said: dict[str, Any] = {}
    for kind, key in (("relation", "subject"), ("phone", "phone"), ("person", "name")):
        entity = message.last(kind)
        if entity is not None:
            said[key] = str(entity.value)
    return said


def _contact_answer(message: Message, draft: Draft) -> Values:
    """A yes to “留个电话吗” promises the number, which is then asked for once."""
    agrees = is_yes(message) and not message.all("phone") and not draft.get("phone_promised")
    return {"phone_promised": True} if agrees else {}


def _needs_contact(draft: Draft, message: Message) -> bool:
    asks = 2 if draft.get("phone_promised") else 1
    known = draft.get("phone") or message.resident.phone_known
    return not known and draft.asks.get("contact", 0) < asks


FORM = Form(
    name="errand",
    early=True,
    fields=(
        Field(
            "when",
            needed=lambda d, m: d.get("errand") == APPOINTMENT and not d.get("when"),
            read=_when,
            optional=True,
        ),
        place.field(wanted=lambda d: d.get("errand") == PROXY),
        Field("contact", needed=_needs_contact, read=_who, answer=_contact_answer, optional=True),
        Field("narrative", needed=lambda d, m: False, read=_words),
    ),
)


def opened(message: Message, errand: str, leaf: str, name: str) -> Draft:
    """Return the draft that this message opens, before it is read.

    Args:
        message: The message that wished for it.
        errand: ``proxy`` or ``appointment``.
        leaf: The card's leaf.
        name: The card's name.
    """
    return Draft(FORM.name, message.id, values={"errand": errand, "leaf": leaf, "service": name})


def summary(draft: Draft, message: Message) -> list[tuple[str, str]]:
    """Return the errand as (heading, words)."""
    lines = [("办什么", f"{draft.get('service')}（{KINDS[draft.get('errand')]}）")]
    when = draft.get("when")
    if when or draft.get("errand") == APPOINTMENT:
        lines.append(("哪天", say_time(when, message.now) if when else "工作人员和您约"))
    where = place.say(draft)
    if where:
        lines.append(("住哪里", where))
    subject = RELATIONS.get(str(draft.get("subject") or ""))
    if subject:
        lines.append(("替谁办", subject))
    lines.append(("联系您", _reach(draft, message)))
    return lines


def _reach(draft: Draft, message: Message) -> str:
    if draft.get("phone"):
        return f"{draft.get('name') or ''} {mask_phone(str(draft.get('phone')))}".strip()
    return "用您登记过的电话" if message.resident.phone_known else "在这个对话里回您"


def to_ticket(draft: Draft, conversation_id: str) -> dict[str, Any]:
    """Return the body of ``POST /tickets``: a booking of the card's leaf, with who and when."""
    when = draft.get("when") or {}
    start = str(when.get("start") or "")
    appointment = {
        "date": start[:10] or None,
        "part": when.get("part"),
        "time": start[11:16] or None,
    }
    words = f"{draft.get('service')}：{KINDS[draft.get('errand')]}。"
    story = draft.get("narrative")
    body: dict[str, Any] = {
        "conversation_id": conversation_id,
        "kind": "booking",
        "leaf": draft.get("leaf"),
        "narrative": f"{words}居民原话：{story}" if story else words,
        "incomplete": bool(draft.get("incomplete")),
        "nlu": {"leaf": draft.get("leaf"), "round": draft.round},
        **place.to_ticket(draft),
    }
    if start:
        body["appointment"] = {k: v for k, v in appointment.items() if v}
    if draft.get("subject"):
        body["subject"] = {"relation": draft.get("subject"), "name": None}
    if draft.get("phone") or draft.get("name"):
        body["contact"] = {"name": draft.get("name"), "phone": draft.get("phone")}
    return body
