"""A form that the resident left in another channel: gone on with here after a yes, dropped after a no.

The services ask, once, and keep what was said (``Message.left``: ``{id, fresh, buttons}``); here the
answer is understood and the form goes on with all of it (docs/adr/0013-drafts.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from rasa_sdk.events import EventType, FollowupAction, SlotSet

from actions.dialogue import pattern
from actions.forms import asides
from actions.forms.draft import Draft, Values
from actions.forms.replies import NO, agrees, bare, is_yes, leftover
from actions.message import Message
from actions.talk import heard
from actions.talk.requests import ASIDE, CONTACT, with_place

if TYPE_CHECKING:
    from actions.turn import Turn

ABOUT = "draft:"
"""Begins what the buttons of the question are about."""
RULES = "drafts"
STALE = frozenset({"window", "next_open", "similar_to", "own_open", "neighbours"})
"""What a service said about the present of days ago: it is looked up anew."""
OTHER_SURE = 0.7
"""From this confidence on words are about another matter than the form that was dropped."""
FIELDS = frozenset(f.name for f in fields(Draft))


def which(message: Message) -> str | None:
    """Return the id of the form that a message answers about, or None."""
    if message.about and message.about.startswith(ABOUT):
        return message.about.removeprefix(ABOUT)
    left = message.left or {}
    goes_on = answer(message) is not None or tells_facts(message)
    return str(left["id"]) if left.get("fresh") and goes_on else None


def tells_facts(message: Message) -> bool:
    """Whether a message is nothing but a place, a day or a number: it goes on with the form just asked about."""
    return not message.tapped and bool(message.entities) and not leftover(message)


def answer(message: Message) -> bool | None:
    """Say whether a message means yes or no to the question just asked; None: neither."""
    if message.tapped:
        return {"affirm": True, "deny": False}.get(message.intent)
    words = bare(message.text)
    if words in NO or pattern(RULES, "declines").match(words):
        return False
    return True if agrees(words) or pattern(RULES, "agrees").match(words) else None


def after_all(message: Message, offer: Mapping[str, Any]) -> bool:
    """Whether the form dropped right before is wished for after all (“还是约吧”), and no other matter."""
    words = "" if message.tapped else bare(message.text)
    own = asides.OWN.get(str(offer["dropped"]["form"]), frozenset())
    other = message.intent in asides.LATER - own and message.confidence >= OTHER_SURE
    if other and not pattern(RULES, "points").search(words):
        return False
    return bool(pattern(RULES, "after_all").search(words))


def goes_on(message: Message, offer: Mapping[str, Any]) -> bool:
    """Whether a form that was put aside, and is offered again, is to go on: a plain yes does."""
    return bool(offer.get(ASIDE)) and is_yes(message)


def taken_up(turn: Turn, offer: Mapping[str, Any]) -> list[EventType]:
    """Open the form that was dropped right before, with all that was said."""
    kept = {**offer["dropped"], "conversation_id": turn.conversation_id}
    draft = brought(kept, turn.message)
    if offer.get(ASIDE) and not draft.get("address"):  # where, told for the other matter meanwhile
        known = heard.recall(turn.tracker.events, draft, turn.message)
        where: Values = {k: known[k] for k in ("address", "address_text") if k in known}
        draft = replace(draft, values={**draft.values, **where})
    if (told := offer.get(CONTACT)) and not draft.get("phone"):
        draft = replace(draft, values={**draft.values, **told})
    if rest := offer.get("rest"):
        draft = replace(draft, values={**draft.values, "later": list(rest)})
    if turn.message.entities:  # “还是订吧，后天的”: it tells more
        draft = replace(draft, seen="", asked=kept.get("asked"))
    turn.say("draft_resumed")
    return [
        SlotSet("offer", None),
        SlotSet("draft", draft.to_slot()),
        FollowupAction(str(offer["follow"])),
    ]


def brought(data: dict[str, Any], message: Message) -> Draft:
    """Return the form as it goes on here: nothing that was said is asked again.

    Args:
        data: The form as the services kept it, with the ``conversation_id`` where it was begun.
        message: The yes; it opens the form here and is no answer to its questions.
    """
    begun_in = data["conversation_id"]
    draft = Draft(**{k: v for k, v in data.items() if k in FIELDS})
    values = {k: v for k, v in draft.values.items() if k not in STALE}
    if values.get("later"):
        where = values.get("address"), str(values.get("address_text") or "")
        values["later"] = with_place(values["later"], *where)
    return replace(
        draft,
        round=message.id,
        seen=message.id,
        asked=None,
        skipped=tuple(draft.skipped),
        asks={},
        misses=0,
        outcome=None,
        values=values,
        before=values,
        key=draft.key or f"{begun_in}:{draft.round}",
    )


async def resume(turn: Turn, draft_id: str) -> list[EventType]:
    """Go on with the form here; while another one is open that comes first."""
    if turn.loop is not None:
        turn.say("draft_after_this")
        return []
    async with turn.client() as client:
        key = turn.key("draft")
        kept = await client.change_draft(turn.conversation_id, draft_id, "resume", key)
    if kept is None:
        turn.say("draft_gone")
        return []
    draft = brought(kept, turn.message)
    if answer(turn.message) is None:  # the facts it tells answer the question that was left
        draft = replace(draft, seen="", asked=kept.get("asked"))
    turn.say("draft_resumed")
    return [SlotSet("draft", draft.to_slot()), FollowupAction(f"{draft.form}_form")]


async def drop(turn: Turn, draft_id: str) -> list[EventType]:
    """Drop the form: nothing has been filed."""
    async with turn.client() as client:
        await client.change_draft(turn.conversation_id, draft_id, "drop", turn.key("draft"))
    turn.say("draft_dropped")
    return []
