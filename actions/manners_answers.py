"""Answers to messages of manners (``actions.manners`` reads them)."""

from __future__ import annotations

from rasa_sdk.events import EventType, SlotSet

from actions import leaves, manners
from actions.dialogue import load
from actions.turn import Turn, TurnAction, button

HUMAN = button("人工", "/ask_human")


class Manners(TurnAction):
    """One calm line, and the way on."""

    NAME = "action_manners"

    async def act(self, turn: Turn) -> list[EventType]:
        """Answer; a matter in another language is offered as a report."""
        foreign = manners.language(turn.message.text)
        if foreign is None or manners.saying(turn.message):
            said = manners.saying(turn.message) or manners.WORDLESS
            turn.say(said, [] if said == manners.THANK else [HUMAN])
            return []
        hello = load(manners.DATA)["languages"][foreign]["hello"]
        leaf = manners.reported(turn.message.text)
        if leaf is None:
            turn.say("language", [HUMAN], hello=hello)
            return []
        yes = f'/report_problem{{"service":"{leaf}","about":"m:{turn.message.id}"}}'
        buttons = [button("是 Yes", yes), button("不是 No", "/deny"), HUMAN]
        turn.say("language_report", buttons, hello=hello, name=leaves.name(leaf))
        offer = {"id": turn.message.id, "follow": "report_form", "about": turn.message.id}
        return [SlotSet("offer", {**offer, "intent": "report_problem", "leaf": leaf})]
