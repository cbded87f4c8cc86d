"""Offering to help as a volunteer: what one can do, when, and how to be reached.

Told in one message, nothing is asked. The volunteers' station matches people and work; the form only
writes down what was said (``data/dialogue/taking_part.yml``).
"""

from __future__ import annotations

import re
from typing import Any

from actions.dialogue import pattern
from actions.forms import shared
from actions.forms.draft import Draft, Field, Form, Values
from actions.forms.replies import bare, is_no, is_question, is_skip, plain_yes
from actions.message import Message
from actions.texts import say

LEAF = "K1"
CAN, WHEN = "can", "when"
FILE = "taking_part"
LONGEST = 60
"""So many characters of an answer are read back; the whole stands in the story."""
_CLAUSE = re.compile(r"[，,。；;！!？?\n、 ]+")
_JOINT = "，"


def joins(message: Message) -> bool:
    """Whether the words say plainly that somebody wants to join (“志愿服务报名”), whatever they are taken for."""
    return not message.tapped and bool(
        pattern(FILE, "volunteer", "joins").search(bare(message.text))
    )


def _clauses(text: str) -> list[str]:
    return [c.strip() for c in _CLAUSE.split(text) if c.strip()]


def _read_can(message: Message, draft: Draft) -> Values:
    """Read the clauses that tell what somebody can do."""
    if message.tapped or draft.asked == CAN:
        return {}
    told = [c for c in _tells(message) if pattern(FILE, "volunteer", "can").search(c)]
    known = str(draft.get(CAN) or "")
    new = [c for c in told if c not in known]
    return {CAN: _JOINT.join(filter(None, [known, *new]))[:LONGEST]} if new else {}


def _tells(message: Message) -> list[str]:
    """Return the clauses that are neither the wish alone, nor a time alone, nor how to be reached."""
    wish, beside = (pattern(FILE, "volunteer", k) for k in ("wish", "beside"))
    found = []
    for clause in _clauses(message.verbatim):
        without_time = pattern(FILE, "volunteer", WHEN).sub("", clause)
        if wish.fullmatch(clause) or beside.search(clause) or re.search(r"\d{7}", clause):
            continue
        if without_time and not wish.fullmatch(without_time):
            found.append(clause)
    return found


def _answer_can(message: Message, draft: Draft) -> Values:
    """Take free words as what somebody can do."""
    if message.tapped or plain_yes(message) or is_no(message) or is_question(message):
        return {}
    told = _JOINT.join(_tells(message))
    return {CAN: told[:LONGEST]} if told and not is_skip(message) else {}


def _read_when(message: Message, draft: Draft) -> Values:
    """Read the words of time, as they were said."""
    if message.tapped:
        return {}
    found = [m.group() for m in pattern(FILE, "volunteer", WHEN).finditer(message.verbatim)]
    return {WHEN: _JOINT.join(dict.fromkeys(found))[:LONGEST]} if found else {}


def _answer_when(message: Message, draft: Draft) -> Values:
    """Take free words as the time (“看你们安排”)."""
    if message.tapped or plain_yes(message) or is_no(message) or is_question(message):
        return {}
    words = bare(message.verbatim)
    return {} if is_skip(message) or message.all("phone") else {WHEN: words[:LONGEST]}


def _who(message: Message, draft: Draft) -> Values:
    """Read name and phone; a person who is spoken of is nobody to write for."""
    person = message.last("person")
    said: dict[str, Any] = {"name": str(person.value)} if person is not None else {}
    return {**said, **shared.reach(message, draft)}


FORM = Form(
    name="volunteer",
    early=True,
    fields=(
        Field(CAN, lambda d, m: not d.get(CAN), _read_can, _answer_can, optional=True),
        Field(WHEN, lambda d, m: not d.get(WHEN), _read_when, _answer_when, optional=True),
        Field("contact", shared.needs_contact, _who, shared.contact_answer, optional=True),
        Field("narrative", needed=lambda d, m: False, read=shared.words()),
    ),
)


def summary(draft: Draft, message: Message) -> list[tuple[str, str]]:
    """Return the offer as (heading, words)."""
    return [
        (say("heading_can"), str(draft.get(CAN) or say("volunteer_can_open"))),
        (say("heading_free"), str(draft.get(WHEN) or say("volunteer_when_open"))),
        (say("heading_reach"), shared.say_reach(draft, message)),
    ]


def to_ticket(draft: Draft, conversation_id: str) -> dict[str, Any]:
    """Return the body of ``POST /tickets``: a booking of K1 with the resident's own words."""
    told = str(draft.get("narrative") or draft.get(CAN) or "")
    return shared.booking(draft, conversation_id, LEAF, told)
