"""A question about one of several cards, none of which was chosen yet (“在哪办” behind “您问的是哪一项”)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from rasa_sdk.events import EventType

from actions.knowledge import follow_ups
from actions.talk import choices

if TYPE_CHECKING:
    from actions.turn import Turn


def offered(turn: Turn) -> dict[str, str]:
    """Return the cards that were just offered among choices, none of which was made (leaf → title)."""
    if turn.message.tapped or turn.choice or turn.loop:
        return {}
    named = {b["title"]: choices.parse(b["payload"]) for b in turn.offered}
    found = {
        str(choice.facts["service"]): title
        for title, choice in named.items()
        if choice.intent == "ask_service" and choice.facts.get("service")
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
