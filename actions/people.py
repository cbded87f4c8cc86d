"""Danger first, and a person at every turn."""

from __future__ import annotations

import asyncio

from rasa_sdk.events import EventType, FollowupAction

from actions.client import Alert, Client, Json, Refused, ServiceAway
from actions.forms.replies import NO, YES, bare, leftover
from actions.texts import say
from actions.turn import LISTEN, Turn, TurnAction, button

PLAIN = YES | NO | {"跳过", "跳过吧", "跳过这个", "先跳过"}


class Emergency(TurnAction):
    """Shows the reviewed safety card and alerts people; an open form waits untouched.

    The card and the alert are asked for at the same time; if neither comes, the numbers do.
    """

    NAME = "action_emergency"
    RESUMES = False

    async def act(self, turn: Turn) -> list[EventType]:
        """Say what to do now; never ask anything before."""
        if _plain_answer(turn):
            return self._no_danger(turn)
        leaf = turn.message.leaf.id if turn.message.leaf else "-"
        async with turn.client() as client:
            card, alert = await asyncio.gather(
                _card(client, leaf), _alert(client, turn, leaf), return_exceptions=False
            )
        if card:
            turn.tell(safety_text(card), custom={"card": card})
        else:
            turn.say("emergency_fallback")
        if alert:
            turn.tell(_alerted(alert))
        if turn.loop:
            turn.say("emergency_resume")
        return []

    @staticmethod
    def _no_danger(turn: Turn) -> list[EventType]:
        if turn.loop is None:
            turn.say("clarify_none", [button("人工", "/ask_human")])
        return [FollowupAction(turn.loop or LISTEN)]


def _plain_answer(turn: Turn) -> bool:
    """Whether it is only a place, a day, a number – or in a form a plain yes, no or “跳过”.

    Such words answer a question, whatever the classifier made of them.
    """
    message = turn.message
    if message.entities and not leftover(message):
        return True
    return bool(turn.loop) and bare(message.text) in PLAIN


async def _card(client: Client, leaf: str) -> Json | None:
    try:
        found = await client.hotlines(leaf)
    except (ServiceAway, Refused):
        return None
    card = found.get("card") or {}
    return {
        "type": "safety",
        "leaf": leaf,
        "title": card.get("title") or "",
        "lines": card.get("lines") or [],
        "numbers": found.get("numbers") or [],
        "version": card.get("version"),
    }


async def _alert(client: Client, turn: Turn, leaf: str) -> Alert | None:
    words = turn.message.text or "紧急求助"
    try:
        return await client.alert(
            turn.conversation_id, "emergency", words, turn.key("emergency"), leaf
        )
    except (ServiceAway, Refused):
        return None


def safety_text(card: Json) -> str:
    """Return the card in words for every channel: the lines unchanged, then the numbers."""
    numbers = "  ".join(f"{n['name']} {n['phone']}" for n in card["numbers"])
    return "\n".join(filter(None, [card["title"], *card["lines"], numbers]))


def _alerted(alert: Alert) -> str:
    words = alert.text or say("emergency_alerted")
    if alert.duty_phone and alert.duty_phone not in words:
        words += say("emergency_duty", name=alert.duty_name, phone=alert.duty_phone)
    return words


class Handoff(TurnAction):
    """Hands the conversation to a person. What was being filled in stays."""

    NAME = "action_handoff"
    RESUMES = False

    async def act(self, turn: Turn) -> list[EventType]:
        """Ask for a person; if that is impossible right now, say which numbers work."""
        try:
            async with turn.client() as client:
                alert = await client.alert(
                    turn.conversation_id, "human", turn.message.text or "人工", turn.key("human")
                )
        except ServiceAway:
            turn.say("handoff_away", [button("人工", "/ask_human")])
            return []
        turn.tell(alert.text or say("handoff", turn.elder))
        return []
