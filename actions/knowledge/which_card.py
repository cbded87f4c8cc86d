"""A question about one of several cards, none of which was chosen yet (“在哪办” behind “您问的是哪一项”)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from rasa_sdk.events import EventType

from actions.knowledge import follow_ups
from actions.message import REFERS_TO_MESSAGE
from actions.talk import choices, heard

if TYPE_CHECKING:
    from actions.turn import Turn


def offered(turn: Turn) -> dict[str, str]:
    """Return the cards that were just offered among choices, none of which was made (leaf → title)."""
    lately = heard.earlier(turn.tracker.events, turn.message)
    if turn.message.tapped or turn.choice or turn.loop or not lately:
        return {}
    named = {b["title"]: choices.parse(b["payload"]) for b in turn.offered}
    found = {
        str(choice.facts["service"]): title
        for title, choice in named.items()
        if choice.intent == "ask_service"
        and choice.facts.get("service")
        and str(choice.facts.get("about") or "").startswith(REFERS_TO_MESSAGE)  # no card's own
    }
    return found


def ask(turn: Turn, among: Mapping[str, str], part: str) -> list[EventType]:
    """Ask once more which card is meant: the part that was asked for is answered from the one chosen."""
    asks = f"{follow_ups.PART}{part}"
    buttons = [
        {"title": title, "payload": f'/ask_service{{"service":"{leaf}","about":"{asks}"}}'}
        for leaf, title in among.items()
    ]
    turn.say("card_which_of", buttons)
    return []
