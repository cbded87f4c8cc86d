"""A suggestion: the idea, where when it is about a place that was not named, and whether to answer.

An answer is the rule and can be declined over the summary (``data/dialogue/taking_part.yml``).
"""

from __future__ import annotations

from typing import Any

from actions.dialogue import pattern
from actions.forms import place, shared
from actions.forms.draft import CONFIRM, Draft, Field, Form, Values
from actions.forms.replies import bare, is_no, is_yes
from actions.message import Message
from actions.talk import taking
from actions.texts import say

LEAF = "K3"
IDEA, PLACE, REPLY = "narrative", "place", "reply"
FILE = "taking_part"
NO_REPLY = "reply:no"
"""What the button is about that submits and declines an answer."""


def _idea(message: Message, draft: Draft) -> Values:
    """Keep what is typed; the wish to say something is no idea yet."""
    if pattern(FILE, "suggestion", "opens").match(bare(message.text)):
        return {}
    if draft.asked == PLACE or (_about_reply(message) is not None and draft.get(IDEA)):
        return {}
    return shared.words()(message, draft)


def _needs_place(draft: Draft, message: Message) -> bool:
    if message.resident.home or draft.asks.get(PLACE):
        return False
    if draft.get("address_text"):
        return _in_some_compound(draft)
    told = str(draft.get(IDEA) or "")
    placeless = ("everywhere", "nowhere")
    return not any(pattern(FILE, "suggestion", k).search(told) for k in placeless)


def _in_some_compound(draft: Draft) -> bool:
    """Whether only a spot was told of which every compound has one (“花坛边上”)."""
    spot = str((draft.get("address") or {}).get("place") or "")
    alone = set(draft.get("address") or {}) == {"place"} and not draft.get("place")
    return alone and not pattern("forms", "public_place").search(spot)


def _about_reply(message: Message) -> bool | None:
    """Return whether an answer is wished for, as far as the message tells."""
    if message.about == NO_REPLY:
        return False
    if message.tapped:
        return None
    if pattern(FILE, "suggestion", "no_reply").search(message.text):
        return False
    return True if pattern(FILE, "suggestion", REPLY).search(message.text) else None


def _reply(message: Message, draft: Draft) -> Values:
    wished = _about_reply(message)
    return {} if wished is None else {REPLY: wished}


def _where(message: Message, draft: Draft) -> Values:
    """Take the place in the words that were said, when no rule reads one."""
    found = place.answer(message, draft)
    words = message.verbatim.strip()
    if found or message.tapped or is_yes(message) or is_no(message) or message.all("address"):
        return found
    return {"address": {"place": words}, "address_text": words, "place_status": place.AS_SAID}


FORM = Form(
    name="suggestion",
    early=True,
    essential=IDEA,
    fields=(
        Field(IDEA, needed=lambda d, m: not d.get(IDEA), read=_idea),
        Field(PLACE, needed=_needs_place, read=place.read, answer=_where, optional=True),
        Field(REPLY, needed=lambda d, m: False, read=_reply),
        Field("contact", needed=lambda d, m: False, read=shared.reach),
    ),
)


def declined(draft: Draft, message: Message) -> bool:
    """Whether the button, or “不用回我” alone over the summary, submits and declines an answer."""
    if message.tapped:
        return message.about == NO_REPLY
    return bool(draft.asks.get(CONFIRM)) and taking.quiet(message, FORM.name)


def summary(draft: Draft, message: Message) -> list[tuple[str, str]]:
    """Return the suggestion as (heading, words)."""
    lines = [(say("heading_idea"), f"“{'；'.join(str(draft.get(IDEA)).splitlines())}”")]
    if where := place.say(draft):
        lines.append((say("heading_spot"), where))
    quiet = draft.get(REPLY) is False
    wished = say("reply_none" if quiet else "reply_wanted", message.elder)
    lines.append((say("heading_reply"), wished))
    return lines


def to_ticket(draft: Draft, conversation_id: str) -> dict[str, Any]:
    """Return the body of ``POST /tickets``: the idea verbatim, and that no answer is wished for."""
    told = str(draft.get(IDEA) or "")
    quiet = draft.get(REPLY) is False
    body: dict[str, Any] = {
        "conversation_id": conversation_id,
        "kind": "suggestion",
        "leaf": LEAF,
        "narrative": f"{told}\n{say('reply_none_ticket')}" if quiet else told,
        "nlu": {"leaf": LEAF, "round": draft.round},
        **place.to_ticket(draft),
    }
    if draft.get("phone") or draft.get("pref"):
        body["contact"] = {"phone": draft.get("phone"), "pref": draft.get("pref")}
    return body
