"""Hurrying an own request."""

from __future__ import annotations

from collections.abc import Sequence

from rasa_sdk.events import EventType, FollowupAction

from actions.client import Client, TicketView
from actions.texts import say
from actions.tickets import ordered
from actions.tickets.own_tickets import RATE, OwnTicketAction, about_ticket, body_of, first_action
from actions.turn import Turn, button

OFTEN = 2
"""Hurried so many times in one conversation, whatever it was, the next time says what else can be done."""


class Urge(OwnTicketAction):
    """Hurries a request; it never makes a new ticket and never counts against the resident."""

    NAME = "action_urge"

    def nothing(self, turn: Turn, open_ones: Sequence[TicketView]) -> list[EventType]:
        """“太慢了” without a request of one's own means what it was first taken for, but judges nothing."""
        first = first_action(turn)
        other = first and first not in (self.NAME, RATE)
        if ordered.is_slow(turn.message) and other and turn.loop is None:
            return [FollowupAction(first)]
        return super().nothing(turn, open_ones)

    async def do(self, turn: Turn, client: Client, ticket: TicketView) -> list[EventType]:
        """Send the words to whoever is in charge."""
        view = await client.resident_act(ticket.ticket_no, "urge", body_of(turn), turn.key("urge"))
        about = about_ticket(turn, view, ticket)
        before = sum(e.get("name") == self.NAME for e in turn.tracker.events)
        if before < OFTEN:
            turn.say("urged", custom=view.card(), **about)
        else:
            human = button(say("button_staff"), "/ask_human")
            turn.say("urged_often", [human], view.card(), **about)
        return []
