"""Takes what completes a ticket that waits for its resident: a half answer is kept, a whole one goes on.

Which words answer is :mod:`actions.tickets.needed`'s; the wait, its end and what then happens is the workflow's
(``need_info``, docs/workflow.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rasa_sdk.events import EventType

from actions import routing
from actions.client import Client, Json, TicketView
from actions.filing.submits import say_due, say_owner
from actions.filing.whereabouts import resolved
from actions.message import Message
from actions.talk import heard
from actions.talk.echo import say_address
from actions.texts import say
from actions.tickets import needed

if TYPE_CHECKING:
    from actions.turn import Turn


async def step(turn: Turn) -> list[EventType] | None:
    """Take an answer to what was asked for; None when the message is none."""
    message, asked = turn.message, turn.message.needed
    if not asked or not (message.about == needed.GO or routing.completes(turn)):
        return None
    items = list(asked["items"])
    rest = needed.rest(items, message)
    async with turn.client() as client:
        body, half = await _body(turn, client, asked, rest)
        if half is not None:
            rest = [half.item, *rest]
        body |= {"rest": rest, "complete": "no" if rest else "yes"}
        view = await client.resident_act(
            str(asked["ticket_no"]), "supplement", body, turn.key("needed")
        )
    if rest:
        _ask_on(turn, view, [half.open, *rest[1:]] if half else rest)
    else:
        turn.say(
            "needed_done",
            custom=view.card(),
            title=view.title or str(asked["title"]),
            ticket_no=view.ticket_no,
            due=say_due(view),
            owner=say_owner(view) if view.owner else "",
        )
    return []


async def _body(
    turn: Turn, client: Client, asked: Mapping[str, Any], rest: list[str]
) -> tuple[Json, needed.Half | None]:
    """Return the supplement, and what of a place that was told in part is still open."""
    message, half = turn.message, None
    body: Json = {
        "conversation_id": turn.conversation_id,
        "text": message.verbatim or _in_words(message),
        "attachments": list(message.attachments),
    }
    phone, places = message.last("phone"), message.meant("address")
    if phone is not None:
        body["contact"] = {"phone": str(phone.value)}
    if places and any(needed.kind_of(i) == "place" for i in asked["items"]):
        tickets = await client.tickets(turn.conversation_id)
        ticket = next((t for t in tickets if t.ticket_no == asked["ticket_no"]), None)
        # “靠近4号楼，幸福小区的”: a place may be said in pieces.
        said: Json = {}
        for part in places:
            if isinstance(part.value, Mapping):
                said |= {k: v for k, v in part.value.items() if v is not None}
        text = "".join(part.text for part in places)
        before = _building_before(turn) if said.get("community") else {}
        said, text = {**before, **said}, text + say_address(before)
        where = ticket and await resolved(turn, client, ticket, said, text)
        body |= where or {"address_text": text}
        half = needed.half_place(asked["items"], said, (where or {}).get("place"), message)
    return body, half


def _building_before(turn: Turn) -> Json:
    """Return the building that was named without its compound right before (“3号楼的”, “幸福小区”)."""
    last = heard.earlier(turn.tracker.events, turn.message)[-1:]
    named = [e.value for said, _ in last for e in said.meant("address")]
    houses = [v for v in named if isinstance(v, Mapping) and not v.get("community")]
    return {k: v for k, v in (houses[-1] if houses else {}).items() if v is not None}


def _in_words(message: Message) -> str:
    """Return what is written down of a message without words."""
    if message.attachments:
        return say("needed_photo")
    return say("needed_go") if message.about == needed.GO else ""


def _ask_on(turn: Turn, view: TicketView, rest: list[str]) -> None:
    """Name what is still missing, one thing at a time in elder mode."""
    go = f'/supplement_ticket{{"ticket_no":"{view.ticket_no}","about":"{needed.GO}"}}'
    turn.say(
        "needed_rest",
        [{"title": say("button_needed_go"), "payload": go}],
        custom=view.card(),
        rest=rest[0] if turn.elder else "；".join(rest),
    )
