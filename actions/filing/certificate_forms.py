"""The forms of certificates: the appointment for one, and who demanded one that nobody may demand."""

from __future__ import annotations

from dataclasses import replace

from rasa_sdk.events import EventType, FollowupAction, SlotSet

from actions.client import Client, Json, Refused, ServiceAway, TicketView
from actions.filing.form_steps import FormStep, Lines, ask_place
from actions.filing.submits import Submit, facts_of
from actions.forms import asides, certificate
from actions.forms.draft import Draft
from actions.knowledge import certificate_questions
from actions.knowledge.certificates import PERMITTED, offer_loop, policy_of, route_of, say_permitted
from actions.knowledge.notices import application_title, notice_card, of_ticket, spoken, with_link
from actions.message import Message
from actions.talk.requests import HANDOVER
from actions.texts import say
from actions.turn import Turn, button, cleared


class AskedOf(FormStep):
    """A form beside which questions about its certificate are answered."""

    async def _answer_aside(self, turn: Turn, draft: Draft, kind: str) -> Draft:
        """Answer from the policy and the offices, then the form's question comes again."""
        if not kind.startswith(asides.CERTIFICATE):
            return await super()._answer_aside(turn, draft, kind)
        what = kind.removeprefix(asides.CERTIFICATE)
        try:
            async with turn.client() as client:
                words = await certificate_questions.told(
                    client, draft.get("policy") or {}, what, turn.elder
                )
        except (ServiceAway, Refused):
            turn.lead("aside_noted", line=True)
            return draft
        turn.tell(words)
        return draft


class CertificateStep(AskedOf):
    """An appointment for a certificate the community may write."""

    NAME = "validate_certificate_form"
    FORM = certificate.FORM
    RULES = certificate

    async def look_up(self, turn: Turn, draft: Draft, client: Client) -> Draft:
        """Ask the policy about another certificate that was meant, then the place."""
        if draft.get("kind_said") == turn.message.id:
            policy = await policy_of(turn.message, client)
            permitted = route_of(policy) == PERMITTED
            draft = certificate.of_kind(draft, policy, permitted)
            if permitted:
                say_permitted(turn, policy)
        return await super().look_up(turn, draft, client)

    def ask(self, turn: Turn, draft: Draft, question: str) -> None:
        """Ask for a field of the appointment."""
        if question == "place":
            ask_place(turn, draft)
        else:
            turn.say(f"ask_{question}", [button(say("button_skip"), "/deny")])


class DemandStep(AskedOf):
    """Who demanded a certificate that nobody may demand."""

    NAME = "validate_demand_form"
    FORM = certificate.DEMAND

    def _filled(self, turn: Turn, old: Draft | None) -> Draft:
        # The message that asked for the certificate is no answer to the question that follows it.
        if old is not None and old.round == turn.message.id:
            return replace(old, seen=turn.message.id)
        return super()._filled(turn, old)

    def _acknowledge(
        self, turn: Turn, old: Draft | None, draft: Draft, question: str | None
    ) -> None:
        """What was asked beside the question is answered by :meth:`ask` itself."""
        answered = (draft.get(key) for key in ("sheet", "no_sheet", "how", "pressed"))
        if turn.message.id not in answered:
            super()._acknowledge(turn, old, draft, question)

    def ask(self, turn: Turn, draft: Draft, question: str) -> None:
        """Ask once, with a way out; a unit that was named already only needs a yes.

        Who asks something of the certificate instead is not pressed: the question stays open.
        """
        if draft.asks.get(question) and certificate_questions.asked(turn.message):
            return
        policy = draft.get("policy") or {}
        notice = str(policy.get("notice") or "")
        if draft.get("sheet") == turn.message.id:
            name, address = policy.get("name") or "", spoken(notice)
            turn.say("certificate_sheet", custom=notice_card(notice), name=name, address=address)
        refusal = button(say("button_no_demand"), "/deny")
        if draft.get("no_sheet") == turn.message.id:
            turn.lead("certificate_sheet_declined")
        if draft.get("how") == turn.message.id:
            turn.lead("demand_how_noted")
        if draft.get("said_by"):
            buttons = [button(say("button_demand"), "/affirm"), refusal]
            turn.say("ask_demanded_by_known", buttons, unit=draft.get("said_by"))
            return
        pressed = draft.get("pressed") == turn.message.id
        turn.say("ask_demanded_by_pressed" if pressed else "ask_demanded_by", [refusal])

    def summary(self, draft: Draft, message: Message) -> Lines:
        """Nothing is confirmed here."""
        return []


class SubmitCertificate(Submit):
    """Makes the appointment for a certificate."""

    NAME = "action_submit_certificate"
    FORM = certificate.FORM
    RULES = certificate

    async def act(self, turn: Turn) -> list[EventType]:
        """Make it, or go the way of the other certificate that was meant."""
        if turn.draft is not None and turn.draft.get("handover"):
            ended = [SlotSet("confirmed", None), SlotSet("requested_slot", None)]
            return [*ended, FollowupAction(HANDOVER["request_certificate"])]
        return await super().act(turn)

    def filed(self, turn: Turn, draft: Draft, ticket: TicketView) -> None:
        """Say the number, the date and whose window it is."""
        name = (draft.get("certificate") or {}).get("name") or say("a_certificate")
        policy = draft.get("policy") or {}
        address = of_ticket(str(policy.get("application") or ""), ticket, "/application")
        title = application_title(policy)
        shown = with_link(ticket.card(), address, title) if address else ticket.card()
        depends = policy.get("why") and policy.get("allowed") is None
        key = "certificate_transfer_filed" if depends else "certificate_filed"
        turn.say(key, custom=shown, name=name, **facts_of(ticket))


class SubmitDemand(Submit):
    """Files the clue, or goes on with the matter the resident turned to."""

    NAME = "action_submit_demand"
    FORM = certificate.DEMAND

    async def act(self, turn: Turn) -> list[EventType]:
        """File only what was told; silence is fine."""
        draft = turn.draft
        if draft is not None and draft.get("handover") == certificate.LOOP:
            return [*cleared(), *offer_loop(turn)]
        if draft is not None and draft.get("handover"):
            return [*cleared(), FollowupAction(HANDOVER[draft.get("handover")])]
        if draft is None or not draft.get("demanded_by"):
            turn.say("dropped_demand")
            return [*cleared(), *(self._later(turn, draft) if draft else [])]
        return await super().act(turn)

    def body(self, turn: Turn, draft: Draft) -> Json:
        """Return the clue as a ticket."""
        return certificate.to_clue(draft, turn.conversation_id)

    def summary(self, draft: Draft, message: Message) -> Lines:
        """Return the clue in words."""
        return [(say("heading_demanded"), str(draft.get("demanded_by")))]

    def filed(self, turn: Turn, draft: Draft, ticket: TicketView) -> None:
        """Say the number, and where the notice is that names the unit."""
        policy = draft.get("policy") or {}
        address = of_ticket(str(policy.get("notice") or ""), ticket)
        if draft.get("corrected"):
            turn.lead("demand_corrected", unit=draft.get("demanded_by"))
        shown = with_link(ticket.card(), address)
        turn.say("demand_filed", custom=shown, ticket_no=ticket.ticket_no, address=spoken(address))
