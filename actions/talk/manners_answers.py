"""Answers to messages of manners (``actions.talk.manners`` reads them)."""

from __future__ import annotations

from rasa_sdk.events import EventType, SlotSet

from actions.action import TurnAction
from actions.dialogue import load
from actions.knowledge import leaves
from actions.talk import manners
from actions.texts import say
from actions.turn import Turn, button

HUMAN = button(say("button_human"), "/ask_human")


class Manners(TurnAction):
    """One calm line, and the way on."""

    NAME = "action_manners"

    async def act(self, turn: Turn) -> list[EventType]:
        """Answer; a matter in another language is offered as a report."""
        text = turn.message.text
        courtesy = manners.courtesy(text)
        foreign = courtesy[0] if courtesy else manners.language(text)
        if foreign is None or manners.saying(turn.message):
            turn.say(manners.saying(turn.message) or manners.WORDLESS, [HUMAN])
            return []
        words = load(manners.DATA)["languages"][foreign]
        if courtesy and courtesy[1] == manners.THANKS:
            turn.say("language_thanks", [HUMAN], words=words["welcome"])
            return []
        if courtesy and courtesy[1] == manners.LEAVES:
            turn.say("language_leaves", [HUMAN], words=words["farewell"])
            return []
        leaf = manners.reported(text)
        if leaf is None:
            _greet(turn, foreign)
            return []
        yes = f'/report_problem{{"service":"{leaf}","about":"m:{turn.message.id}"}}'
        buttons = [
            button(say("button_yes_english"), yes),
            button(say("button_no_english"), "/deny"),
            HUMAN,
        ]
        turn.say("language_report", buttons, hello=words["hello"], name=leaves.name(leaf))
        offer = {"id": turn.message.id, "follow": "report_form", "about": turn.message.id}
        return [SlotSet("offer", {**offer, "intent": "report_problem", "leaf": leaf})]


def _greet(turn: Turn, language: str) -> None:
    """Greet in the language; who was greeted in it before hears less."""
    words = load(manners.DATA)["languages"][language]
    before = [
        str((e.get("parse_data") or {}).get("text") or e.get("text") or "")
        for e in turn.tracker.events
        if e.get("event") == "user" and e.get("message_id") != turn.message.id
    ]
    spoke = any((manners.courtesy(t) or (manners.language(t),))[0] == language for t in before)
    again = spoke and "hello_again" in words
    hello = words["hello_again" if again else "hello"]
    turn.say("language_again" if again else "language", [HUMAN], hello=hello)
