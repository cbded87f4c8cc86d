"""Rasa's side of offering help and of suggestions (``actions.forms.volunteer``, ``…suggestion``)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from actions.client import TicketView
from actions.filing.form_steps import FormStep
from actions.filing.submits import Submit, facts_of
from actions.forms import suggestion, volunteer
from actions.forms.draft import CONFIRM, SUBMIT, Draft
from actions.message import Message
from actions.talk import taking
from actions.texts import say
from actions.turn import Button, Turn, button


class VolunteerStep(FormStep):
    """Asks what somebody can do, when, and for a phone number."""

    NAME = "validate_volunteer_form"
    FORM = volunteer.FORM
    RULES = volunteer
    LEAF = volunteer.LEAF
    REMEMBERS = frozenset({"phone", "name"})

    def after_fill(self, draft: Draft, message: Message) -> Draft:
        """“不用谢，应该的” over the summary submits."""
        read_back = bool(draft.asks.get(CONFIRM))
        quiet = read_back and taking.quiet(message, self.FORM.name)
        return replace(draft, outcome=SUBMIT) if quiet else draft

    def ask(self, turn: Turn, draft: Draft, question: str) -> None:
        """Ask for a field of the offer; the first question begins with thanks, once."""
        if question == volunteer.CAN and not draft.asks.get(question):
            turn.lead("volunteer_welcome")
        turn.say(f"ask_volunteer_{question}", [button(say("button_skip"), "/deny")])


class SubmitVolunteer(Submit):
    """Files the offer with the volunteers' station."""

    NAME = "action_submit_volunteer"
    FORM = volunteer.FORM
    RULES = volunteer

    def filed(self, turn: Turn, draft: Draft, ticket: TicketView) -> None:
        """Say thanks, the number and who calls."""
        turn.say("volunteer_filed", custom=ticket.card(), **facts_of(ticket))


class SuggestionStep(FormStep):
    """Asks for the idea, and where, when that was not told."""

    NAME = "validate_suggestion_form"
    FORM = suggestion.FORM
    RULES = suggestion
    LEAF = suggestion.LEAF
    REMEMBERS = frozenset()

    def ask(self, turn: Turn, draft: Draft, question: str) -> None:
        """Ask for a field of the suggestion."""
        skip = [button(say("button_skip"), "/deny")] if question == suggestion.PLACE else []
        turn.say(f"ask_suggestion_{question}", skip)

    def after_fill(self, draft: Draft, message: Message) -> Draft:
        """The button that declines an answer also submits."""
        return replace(draft, outcome=SUBMIT) if suggestion.declined(draft, message) else draft

    def confirm_buttons(self, turn: Turn, draft: Draft) -> Sequence[Button]:
        """Beside yes and no: submit, and no answer is needed."""
        usual = super().confirm_buttons(turn, draft)
        if draft.get(suggestion.REPLY) is not None:
            return usual
        quiet = button(say("button_no_reply"), f'/affirm{{"about":"{suggestion.NO_REPLY}"}}')
        return (*usual, quiet)


class SubmitSuggestion(Submit):
    """Files the suggestion."""

    NAME = "action_submit_suggestion"
    FORM = suggestion.FORM
    RULES = suggestion

    def filed(self, turn: Turn, draft: Draft, ticket: TicketView) -> None:
        """Say thanks, the number, and by when there is an answer if one is wished for."""
        quiet = draft.get(suggestion.REPLY) is False
        key = "suggestion_filed_quiet" if quiet else "suggestion_filed"
        turn.say(key, custom=ticket.card(), **facts_of(ticket))
