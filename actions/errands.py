"""Rasa's side of the errands that a service card offers (``actions.forms.errand``)."""

from __future__ import annotations

from actions.client import Json, TicketView
from actions.form_actions import FormStep, Lines, Submit, ask_place, say_due, say_owner
from actions.forms import errand
from actions.forms.draft import Draft
from actions.message import Message
from actions.turn import Turn, button


class ErrandStep(FormStep):
    """Asks for the day, where the person lives when somebody comes, and a phone number."""

    NAME = "validate_errand_form"
    FORM = errand.FORM

    def ask(self, turn: Turn, draft: Draft, question: str) -> None:
        """Ask for a field of the errand."""
        if question == "place":
            ask_place(turn, draft)
        else:
            turn.say(f"ask_errand_{question}", [button("跳过", "/deny")])

    def summary(self, draft: Draft, message: Message) -> Lines:
        """Return the errand's summary."""
        return errand.summary(draft, message)


class SubmitErrand(Submit):
    """Files the errand with the office of the card."""

    NAME = "action_submit_errand"
    FORM = errand.FORM

    def body(self, turn: Turn, draft: Draft) -> Json:
        """Return the errand as a ticket."""
        return errand.to_ticket(draft, turn.conversation_id)

    def summary(self, draft: Draft, message: Message) -> Lines:
        """Return the errand in words."""
        return errand.summary(draft, message)

    def filed(self, turn: Turn, draft: Draft, ticket: TicketView) -> None:
        """Say the number, the date and who will call."""
        turn.say(
            "errand_filed",
            custom=ticket.card(),
            ticket_no=ticket.ticket_no,
            query_code=ticket.query_code,
            due=say_due(ticket),
            owner=say_owner(ticket),
        )
