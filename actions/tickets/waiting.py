"""A place in a full slot that is held for the resident: taken with a yes, given on with a no.

The services ask (``Message.held``: ``{id, fresh}``) and hold it; here the answer is understood
(``data/dialogue/waiting.yml``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rasa_sdk.events import EventType

from actions.client import Refused
from actions.dialogue import pattern
from actions.forms import bookable
from actions.forms.replies import NO, YES, bare
from actions.message import Message
from actions.texts import say

if TYPE_CHECKING:
    from actions.turn import Turn

ABOUT = "waiting:"
"""Begins what the buttons of the question are about."""
RULES = "waiting"


def which(message: Message) -> str | None:
    """Return the place in the queue that a message answers about, or None."""
    if message.about and message.about.startswith(ABOUT):
        return message.about.removeprefix(ABOUT)
    held = message.held or {}
    if not held or message.tapped or answer(message) is None:
        return None
    names = bool(pattern(RULES, "names").search(bare(message.text)))
    return str(held["id"]) if held.get("fresh") or names else None


def answer(message: Message) -> bool | None:
    """Say whether a message means yes or no to the place; None: neither."""
    if message.tapped:
        return {"affirm": True, "deny": False}.get(message.intent)
    words = bare(message.text)
    words = pattern(RULES, "named").sub("", words) or words
    if words in NO or pattern(RULES, "declines").match(words):
        return False
    return True if words in YES or pattern(RULES, "agrees").match(words) else None


def leaves(message: Message) -> bool:
    """Whether somebody does not want to wait any more (“不排了”)."""
    return not message.tapped and bool(pattern(RULES, "leaves").search(bare(message.text)))


def asks_position(message: Message) -> bool:
    """Whether somebody asks how far they are in the queue (“俺排第几了”)."""
    return not message.tapped and bool(pattern(RULES, "position").search(bare(message.text)))


def asks(message: Message) -> bool:
    """Whether the words may be about the queue somebody waits in: where they stand, or what else there is."""
    return asks_position(message) or bookable.asks_others(message) is not None


async def tell(turn: Turn) -> bool:
    """Say how the resident stands in the queues; False: they wait for nothing."""
    async with turn.client() as client:
        queues = (await client.bookings(turn.conversation_id))["waiting"]
    rows = [say("orders_waiting_row", what=q["what"], stands=stands(q)) for q in queues]
    if rows:
        turn.say("queue_stands", rows="；".join(rows))
    return bool(rows)


def stands(queue: Mapping[str, Any]) -> str:
    """Return the place in a queue in words, or until when a free place is held."""
    until = queue.get("answer_by")
    if until:
        return say("booking_held", until=until)
    return say("booking_position", position=queue["position"])


async def take(turn: Turn, waiter: str) -> list[EventType]:
    """Book with the place that is held."""
    try:
        async with turn.client() as client:
            key = turn.key("place")
            ticket = await client.accept_place(turn.conversation_id, waiter, key)
    except Refused as refused:
        if refused.status != 409:
            raise
        turn.say("place_gone", reason=refused.message)
        return []
    what = str((ticket.data.get("appointment") or {}).get("what") or ticket.title)
    turn.say(
        "place_taken",
        custom=ticket.card(),
        what=what,
        ticket_no=ticket.ticket_no,
        query_code=ticket.query_code,
    )
    return []


async def leave(turn: Turn, waiter: str) -> list[EventType]:
    """Give the place on to whoever is next."""
    async with turn.client() as client:
        await client.leave_queue(turn.conversation_id, waiter, turn.key("place"))
    turn.say("place_left")
    return []


async def leave_all(turn: Turn) -> bool:
    """Take the resident out of every queue; False: they wait for nothing."""
    async with turn.client() as client:
        waiting = (await client.bookings(turn.conversation_id))["waiting"]
        for place in waiting:
            await client.leave_queue(turn.conversation_id, place["id"], turn.key(place["id"]))
    if waiting:
        turn.say("queue_left", what="；".join(w["what"] for w in waiting))
    return bool(waiting)
