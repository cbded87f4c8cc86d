"""News for residents without a chat (要打电话告诉的), and what they say that somebody writes down for them. Pure.

What a chat resident reads as a message, somebody has to say on the phone. Each such event puts its
news on the ticket (``to_tell``) until it has been told, or as many attempts as for a callback were in
vain; once the work is reported done the callback desk calls anyway. What the resident says on the
phone or at the counter counts as the resident's own and is marked with who wrote it (``on_behalf``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.tickets.core import calls
from services.tickets.core.actor import Actor, resident
from services.tickets.core.commands import Command
from services.tickets.core.context import Context, Refusal
from services.tickets.core.event import Event
from services.tickets.core.ticket import Ticket

Facts = dict[str, Any]

OVERTAKEN = frozenset(
    {"resolved", "joined_asked", "callback_solved", "callback_unsolved", "withdrawn"}
)
"""After these the callback desk calls, or has, or nobody waits for news any more."""
ON_BEHALF = "on_behalf"
OWN_NEWS = frozenset({"info_requested", "merged"})
"""What is told only to who filed a ticket, not to who joined it."""
DATED = {"deadline_moved": "due_before", "platform_due_set": "promised_before"}
"""Events that are news only when they move what was promised → the fact that says so."""


def follows(
    ticket: Ticket, facts: Mapping[str, Any], event: str, command: Command, context: Context
) -> Facts:
    """Return ``to_tell`` as far as an event changes it: one more piece of news, or none any more."""
    if event in OVERTAKEN:
        return {"to_tell": None} if ticket.to_tell else {}
    if event not in context.rules.tell or command.actor.kind == "resident":
        return {}
    if event in DATED and not facts.get(DATED[event]):
        return {}  # what was promised stands
    if not calls.by_phone(ticket):
        return {}
    at = command.at.isoformat()
    waiting = ticket.to_tell or {"since": at, "news": [], "tries": []}
    news = {"event": event, "seq": ticket.version + 1, "at": at}
    return {"to_tell": {**waiting, "news": [*waiting["news"], news]}}


def is_shared(event: Event, context: Context) -> bool:
    """Say whether an event of a shared ticket is news for who joined it."""
    moves = event.type not in DATED or bool(event.data.get(DATED[event.type]))
    return event.type in context.rules.tell - OWN_NEWS and moves


def shared(ticket: Ticket, command: Command, context: Context) -> Facts:
    """News of the ticket that this one was merged into, for who joined it by phone."""
    at = command.at.isoformat()
    waiting = ticket.to_tell or {"since": at, "news": [], "tries": []}
    said = command.payload
    news = {"event": f"joined_{said['event']}", "seq": said["seq"], "of": said["of"], "at": at}
    return {"to_tell": {**waiting, "news": [*waiting["news"], news]}}


def told(ticket: Ticket, command: Command, context: Context) -> Facts:
    """What was told is off the list; who was not reached stays on it, up to the profile's attempts."""
    waiting = ticket.to_tell or {"news": [], "tries": []}
    known = {"news": [n["event"] for n in waiting["news"]]}
    if command.payload["result"] == "told":
        return {**known, "to_tell": None}
    tries = [*waiting["tries"], {"at": command.at.isoformat(), "by": command.actor.id}]
    rings = [{"result": "no_answer", "at": t["at"]} for t in tries]
    since = min(calls.moment(t["at"]) for t in tries)
    over = calls.exhausted(rings, since, context.profile)
    return {**known, "to_tell": None if over else {**waiting, "tries": tries}}


def news_to_tell(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """There is something to tell."""
    if ticket.to_tell is None:
        return Refusal("nothing_to_tell", "现在没有要打电话告诉居民的。")
    return None


def no_chat(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """Who has a chat speaks there; what we found ourselves nobody has asked for."""
    if ticket.conversation_id is not None:
        return Refusal("has_chat", "这位居民有会话，请他自己在会话里说。")
    if ticket.reporter.get("role") in ("patrol", "staff") or ticket.case_of is not None:
        return Refusal("nobody_asked", "这件是巡查或内部发现的，没有反映的居民。")
    return None


def score_given(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """A rating has a score; what else is said has none, so the form does not insist."""
    if command.payload.get("score") is None:
        return Refusal("score_missing", "评价请写几分（1到5）。", {"score": "请填1到5。"})
    return None


def speaker(ticket: Ticket) -> Actor:
    """Return the resident without a chat, as whom is recorded what they said."""
    return resident(ticket.resident_id or ticket.ticket_no)
