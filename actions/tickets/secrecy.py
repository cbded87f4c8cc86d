"""“刚才那个别说是我报的”, “不用保密了”: who reported is to stay unknown, or may be known, after the request is filed.

While a report is still being taken down its own form reads the wish (``forms.report``). The words are data
(``data/dialogue/secrecy.yml``); what secrecy keeps from whom is the services' (docs/workflow.md, ``secrecy``).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from actions.client import Client, Json, TicketView
from actions.dialogue import load, pattern
from actions.forms.replies import bare
from actions.message import Message
from actions.texts import Gaps, say

if TYPE_CHECKING:
    from actions.turn import Turn

DATA = "secrecy"
ACT = "secrecy"
"""The resident's action of the workflow."""
MEDIATION = "J1"
"""Both sides come to it in the end, so the name cannot stay hidden for good."""
ORDERED = "booking"
"""Kind of what is ordered or booked: nobody is told of there."""

OVER = frozenset({"WITHDRAWN", "HANDED_OFF"})


def wish(message: Message) -> bool | None:
    """Return whether it is to stay unknown who reported; None when the words wish nothing of it, or more."""
    words = bare(message.text)
    if message.tapped or not words or message.all("address") or message.all("phone"):
        return None
    for kind in ("lift", "keep"):
        found = pattern(DATA, kind).search(words)
        if found is None:
            continue
        asks = pattern(DATA, "asks").search(words)
        rest = words[: found.start()] + words[found.end() :]
        return None if asks or not _beside().fullmatch(rest) else kind == "keep"
    return None


def of_before(message: Message) -> bool:
    """Whether the words name a request of before (“刚才那个”), and so not the form that is open."""
    return bool(pattern(DATA, "back").search(bare(message.text)))


@lru_cache(maxsize=1)
def _beside() -> re.Pattern[str]:
    return re.compile(f"(?:{'|'.join(load(DATA)['beside'])})*")


def reported(tickets: Sequence[TicketView]) -> list[TicketView]:
    """Return the requests that told of something, without what was ordered or booked; what is over only alone."""
    told = [t for t in tickets if t.data.get("kind") != ORDERED and not t.data.get("appointment")]
    return [t for t in told if t.state not in OVER] or told


async def keep(turn: Turn, client: Client, ticket: TicketView, secret: bool) -> None:
    """Keep the name of who reported, or give it, and say what that means; who saw it has seen it."""
    known = bool(ticket.data.get("confidential"))
    about: Gaps = {"title": ticket.title or say("your_matter"), "ticket_no": ticket.ticket_no}
    key = "secrecy_kept" if secret else "secrecy_lifted"
    if known == secret:
        turn.say(f"{key}_already", **about)
        return
    body: Json = {
        "conversation_id": turn.conversation_id,
        "text": turn.message.verbatim,
        "secret": "yes" if secret else "no",
    }
    view = await client.resident_act(ticket.ticket_no, ACT, body, turn.key(ACT))
    if secret != bool(view.data.get("confidential", secret)):
        turn.say("secrecy_by_staff", custom=view.card(), **about)
        return
    if not secret:
        turn.say(key, custom=view.card(), **about)
        return
    mediated = ticket.data.get("leaf") == MEDIATION
    more = say("secrecy_mediation") if mediated else ""
    turn.say(key, custom=view.card(), more=more, **about)
