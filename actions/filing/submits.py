"""Rasa's side of filing: what was confirmed becomes a ticket, and its receipt is said."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from typing import Any, ClassVar, Protocol, cast

from rasa_sdk.events import ActiveLoop, EventType, FollowupAction, SlotSet

from actions.action import TurnAction
from actions.client import Client, Json, Refused, ServiceAway, TicketView
from actions.filing.form_steps import FormRules, Lines
from actions.forms import shared
from actions.forms.draft import CONFIRM, DROP, Draft, Form
from actions.message import Message
from actions.privacy.my_data import ask_to_remember
from actions.talk.echo import say_slot
from actions.talk.requests import offer_later, with_contact
from actions.texts import catalogue, say
from actions.turn import LISTEN, Turn, button, cleared


class Filed(FormRules, Protocol):
    """A module of ``actions.forms`` whose draft becomes a ticket."""

    def to_ticket(self, draft: Draft, conversation_id: str) -> Json:
        """Return the body of ``POST /tickets``."""


class Submit(TurnAction):
    """Files what was confirmed; when the services are away the draft stays and waits."""

    RESUMES = False
    FORM: ClassVar[Form]
    RULES: FormRules

    async def act(self, turn: Turn) -> list[EventType]:
        """File the ticket once per form round and say what happens next."""
        draft = turn.draft
        if draft is None or draft.form != self.FORM.name:
            return cleared()
        if draft.outcome == DROP:
            turn.say(f"dropped_{self.FORM.name}")
            return [*cleared(), *self._later(turn, draft)]
        key = draft.key or f"{turn.conversation_id}:{draft.round}"
        try:
            async with turn.client() as client:
                ticket, again = await self._file(turn, draft, client, key)
        except (ServiceAway, Refused) as error:
            return self._not_filed(turn, draft, error)
        if again:
            turn.say("already_filed", custom=ticket.card(), ticket_no=ticket.ticket_no)
        else:
            self.filed(turn, draft, ticket)
        later = self._later(turn, draft)
        asked = [] if later else self.ask_to_remember(turn, draft, ticket)
        return [*cleared(), *later, *asked]

    def ask_to_remember(self, turn: Turn, draft: Draft, ticket: TicketView) -> list[EventType]:
        """Ask once whether what was told may be kept for the next matter; one question a turn.

        Another person's number is never kept as the resident's own.
        """
        if draft.get("phone_of"):
            return []
        return ask_to_remember(turn, self.body(turn, draft), ticket)

    async def _file(
        self, turn: Turn, draft: Draft, client: Client, key: str
    ) -> tuple[TicketView, bool]:
        """File, or when an earlier try had succeeded unseen, add what was changed since."""
        try:
            body = self.body(turn, draft)
            body["nlu"] = {**(body.get("nlu") or {}), **turn.understood(draft.round)}
            return await client.file_ticket(body, key), False
        except Refused as refused:
            if refused.code != "idempotency_conflict":
                raise
        ticket = (await client.tickets(turn.conversation_id))[0]
        text = "；".join(f"{k}：{v}" for k, v in self.summary(draft, turn.message))
        body = {"conversation_id": turn.conversation_id, "text": text}
        return await client.resident_act(ticket.ticket_no, "supplement", body, f"{key}:more"), True

    def _not_filed(self, turn: Turn, draft: Draft, error: ServiceAway | Refused) -> list[EventType]:
        """Say why nothing was filed, and keep the form as it is."""
        if isinstance(error, Refused):
            turn.say("refused", reason=error.message)
        else:
            turn.say("away_draft", [button(say("button_again"), "/affirm")])
        return self._keep(draft)

    def _keep(self, draft: Draft) -> list[EventType]:
        """Keep the form open at its confirmation, without asking again right now."""
        waiting = replace(draft, asked=CONFIRM, outcome=None)
        return [
            SlotSet("draft", waiting.to_slot()),
            SlotSet("confirmed", None),
            ActiveLoop(f"{self.FORM.name}_form"),
            SlotSet("requested_slot", CONFIRM),
            FollowupAction(LISTEN),
        ]

    def _later(self, turn: Turn, draft: Draft) -> list[EventType]:
        told = {} if draft.outcome == DROP else dict(shared.for_the_next(draft))
        return offer_later(turn, with_contact(draft.get("later") or [], told))

    def body(self, turn: Turn, draft: Draft) -> Json:
        """Return the body of ``POST /tickets``."""
        return cast(Filed, self.RULES).to_ticket(draft, turn.conversation_id)

    def summary(self, draft: Draft, message: Message) -> Lines:
        """Return the draft in words."""
        return self.RULES.summary(draft, message)

    @abstractmethod
    def filed(self, turn: Turn, draft: Draft, ticket: TicketView) -> None:
        """Say number, code, date and who."""


UNSETTLED = frozenset({"SUBMITTED", "NEED_INFO", "ACCEPTED", "DISPATCHED", "OBJECTED"})
"""States in which nobody has taken a ticket on: the time of an appointment is only wished for."""


def say_due(ticket: TicketView) -> str:
    """Return the promised date in words; a meal is there by then, an appointment has its own time.

    An appointment is no date of an answer, and stands only once whoever keeps it has signed.
    """
    if not ticket.due_text:
        return say("due_unknown")
    order = ticket.data.get("appointment") or {}
    if order.get("date") and not order.get("meal"):
        key = "due_appointed" if ticket.goes_on in UNSETTLED else "due_kept"
        return say(key, when=say_slot(order))
    meal_key = f"due_{order.get('mode')}" if order.get("meal") else ""
    return say(meal_key if meal_key in catalogue() else "due_known", due=ticket.due_text)


def say_owner(ticket: TicketView) -> str:
    """Return who handles the ticket, and in one sentence who has the power, in words."""
    words = say("owner_known", owner=ticket.owner) if ticket.owner else say("owner_unknown")
    return f"{words}{ticket.power}"


def facts_of(ticket: TicketView) -> dict[str, Any]:
    """Return what the receipt of whatever was filed says."""
    return {
        "ticket_no": ticket.ticket_no,
        "query_code": ticket.query_code,
        "due": say_due(ticket),
        "owner": say_owner(ticket),
    }
