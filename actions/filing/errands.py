"""Rasa's side of the errands that a service card offers (``actions.forms.errand``)."""

from __future__ import annotations

from actions.client import Json, TicketView
from actions.filing.form_steps import FormStep, ask_place
from actions.filing.submits import Submit, facts_of
from actions.forms import errand, lacking
from actions.forms.draft import CONFIRM, Draft
from actions.knowledge import cards
from actions.knowledge.follow_ups import PROXY
from actions.texts import say
from actions.turn import Turn, button


class ErrandStep(FormStep):
    """Asks for the day, where the person lives when somebody comes, and a phone number."""

    NAME = "validate_errand_form"
    FORM = errand.FORM
    RULES = errand

    def ask(self, turn: Turn, draft: Draft, question: str) -> None:
        """Ask for a field of the errand."""
        if question == "place":
            ask_place(turn, draft)
        else:
            turn.say(f"ask_errand_{question}", [button(say("button_skip"), "/deny")])

    def _acknowledge(
        self, turn: Turn, old: Draft | None, draft: Draft, question: str | None
    ) -> None:
        """Say that nobody is sent when the resident goes after all."""
        if old and old.get("errand") == PROXY != draft.get("errand") and question != CONFIRM:
            turn.lead("errand_oneself", line=True)
            return
        super()._acknowledge(turn, old, draft, question)


class SubmitErrand(Submit):
    """Files the errand with the office of the card."""

    NAME = "action_submit_errand"
    FORM = errand.FORM
    RULES = errand

    def body(self, turn: Turn, draft: Draft) -> Json:
        """Return the errand as a ticket, with what it lacks when it was filed first."""
        body = super().body(turn, draft)
        if not body["incomplete"]:
            return body
        somewhere = draft.get("errand") == PROXY
        return body | {
            "missing": lacking.items(errand.FORM, draft, turn.message, somewhere=somewhere)
        }

    def filed(self, turn: Turn, draft: Draft, ticket: TicketView) -> None:
        """Say the number, the date and who will call; what is lacking is asked for at once."""
        again = [cards.again({"id": draft.get("leaf")})]
        turn.say("errand_filed", again, ticket.card(), **facts_of(ticket))
        if ticket.state == "NEED_INFO":
            turn.say("filed_needs", need="；".join(ticket.data.get("need_items") or ()))
