"""Rasa's side of a report (``actions.forms.report``): its questions, and filing it."""

from __future__ import annotations

from dataclasses import replace

from actions.client import Client, Json, Refused, ServiceAway, TicketView
from actions.filing import joining
from actions.filing.form_steps import FormStep, ask_place
from actions.filing.submits import Submit, facts_of
from actions.forms import extra, meal, neighbours, report
from actions.forms.draft import CONFIRM, Draft
from actions.forms.replies import is_restart
from actions.knowledge import leaves
from actions.safety.people import danger_first
from actions.talk import gist
from actions.talk.requests import as_later, single
from actions.texts import Gaps, group, say
from actions.tickets import orders, own
from actions.turn import Turn, button
from bot.understanding.foreign import is_english

SECOND = "~second"
"""Behind the id of a message: the second matter of its letter."""


async def _canteen(client: Client) -> dict[str, str] | None:
    """Return name and phone of who cooks; None when they are not known."""
    try:
        card = await client.card(meal.LEAF)
    except (ServiceAway, Refused):
        return None
    facts = {k: str((card or {}).get(k) or "") for k in ("office", "phone")}
    return facts if all(facts.values()) else None


DESKS = tuple(group("desk").items())
"""Whose people a complaint can be about, beside “别的”, which may be said."""


class ReportStep(FormStep):
    """A problem becomes a report."""

    NAME = "validate_report_form"
    FORM = report.FORM
    RULES = report

    def ask(self, turn: Turn, draft: Draft, question: str) -> None:
        """Ask for a field of the report."""
        if question == "place":
            ask_place(turn, draft)
        elif question == "leaf":
            options = draft.get("leaf_options") or []
            buttons = [
                button(leaves.name(leaf), f'/affirm{{"service":"{leaf}"}}') for leaf in options
            ]
            turn.say("ask_leaf", [*buttons, button(say("button_none"), "/deny")])
        elif question == "contact":
            key = "ask_contact_number" if draft.get("phone_promised") else "ask_contact"
            turn.say(key, [button(say("button_no_contact"), "/deny")])
        elif question in joining.QUESTIONS:
            joining.ask(turn, draft, question)
        elif question == "desk":
            desks = [button(w, f'/affirm{{"about":"{report.DESK}{d}"}}') for d, w in DESKS]
            turn.say("ask_desk", desks)
        elif question == "who":
            turn.say("ask_who", [button(say("button_skip"), "/deny")])
        elif question == extra.DANGER:
            yes = button(
                say("button_danger_yes"), f'/affirm{{"about":"{extra.DANGER}:{extra.YES}"}}'
            )
            no = button(say("button_danger_no"), f'/deny{{"about":"{extra.DANGER}:{extra.NO}"}}')
            turn.say(extra.danger_key(draft), [yes, no])
        elif question == extra.FIELD:
            known = draft.get(extra.CANTEEN) or {}
            turn.say(extra.key(draft), [button(say("button_skip"), "/deny")], **known)
        elif question == "occurred":
            key = "ask_occurred_conduct" if draft.get("about") else "ask_occurred"
            turn.say(key, [button(say("button_skip"), "/deny")])
        else:
            turn.say(f"ask_{question}")

    def _own(self, turn: Turn) -> list[Json]:
        """Take the report's own part; what only goes on with one long story is no second matter."""
        told = turn.message.parts
        if own.grumbles(turn.message):
            turn.message = single(turn.message)  # what went wrong with one order is one matter
        if {p.intent for p in told} == {"report_problem"} and gist.one_story(
            [p.text for p in told]
        ):
            turn.message = single(turn.message)
        return super()._own(turn)

    def _repeats(self, turn: Turn, old: Draft) -> bool:
        counted = old.asked == CONFIRM and neighbours.counts_me(turn.message)
        return counted or is_restart(turn.message) or super()._repeats(turn, old)

    def _acknowledge(
        self, turn: Turn, old: Draft | None, draft: Draft, question: str | None
    ) -> None:
        """Say, too, that there is nobody to be added to, when that was wished for over the summary."""
        if old and old.asked == question == CONFIRM and neighbours.counts_me(turn.message):
            turn.lead("join_secret" if report.confidential(draft) else "join_none", line=True)
        elif not is_restart(turn.message):  # “重新来” is no answer that was not understood
            super()._acknowledge(turn, old, draft, question)

    def _filled(self, turn: Turn, old: Draft | None) -> Draft:
        """Open the report; who told it in English reads a line of it beside the Chinese."""
        opens = old is None or not old.seen
        if opens and not turn.message.tapped and is_english(turn.message.verbatim):
            turn.lead("heard_english", line=True)
        draft = super()._filled(turn, old)
        return self._with_second(turn, draft) if opens else draft

    @staticmethod
    def _with_second(turn: Turn, draft: Draft) -> Draft:
        """Let the second matter of a long letter wait (“另外，台阶缺了一个角”); it stays in the first one's words."""
        words = "" if draft.get("later") else report.another(draft)
        if not words:
            return draft
        turn.lead("several", line=True, n=2)
        second = as_later(replace(turn.message, text=words, written=words, entities=(), leaf=None))
        id = f"{second['id']}{SECOND}"  # no message of its own: it is restored from these words
        later = [{**second, "intent": "report_problem", "id": id, "attachments": []}]
        return replace(draft, values={**draft.values, "later": later})

    async def look_up(self, turn: Turn, draft: Draft, client: Client) -> Draft:
        """Say what to do in danger once; find the place, then what is already open there."""
        if not draft.get("warned") and await danger_first(turn, draft.get("leaf"), client):
            draft = replace(draft, values={**draft.values, "warned": True})
        if draft.get("leaf") == meal.LEAF and draft.get(report.ORDER) is None:
            found = await self._order(turn, client)
            draft = replace(draft, values={**draft.values, report.ORDER: found})
            if own.grumbles(turn.message) and (canteen := await _canteen(client)):
                turn.lead("meal_bad_phone", line=True, **canteen)
        if extra.asks_eaten(draft) and not draft.get(extra.CANTEEN):
            draft = replace(
                draft, values={**draft.values, extra.CANTEEN: await _canteen(client) or {}}
            )
        return await joining.look_up(turn, await super().look_up(turn, draft, client), client)

    @staticmethod
    async def _order(turn: Turn, client: Client) -> Json:
        """Return the order that a meal complained of was; empty when it cannot be known."""
        try:
            tickets = await client.tickets(turn.conversation_id)
        except (ServiceAway, Refused):
            return {}
        order = orders.eaten(tickets, turn.message)
        if order is None:
            return {}
        return {"ticket_no": order.ticket_no, "words": orders.words(order, turn.message, False)}


class SubmitReport(Submit):
    """Files a report."""

    NAME = "action_submit_report"
    FORM = report.FORM
    RULES = report

    def body(self, turn: Turn, draft: Draft) -> Json:
        """Return the report as a ticket."""
        return report.to_ticket(draft, turn.message, turn.conversation_id)

    async def _file(
        self, turn: Turn, draft: Draft, client: Client, key: str
    ) -> tuple[TicketView, bool]:
        """File; the same matter again reaches the ticket that there is instead."""
        there = await joining.repeat(turn, draft, client, key)
        return (there, False) if there else await super()._file(turn, draft, client, key)

    def filed(self, turn: Turn, draft: Draft, ticket: TicketView) -> None:
        """Say number, code, date and who handles it."""
        about: Gaps = {
            "title": ticket.title or say("your_matter"),
            "state": ticket.stands(turn.elder),
            "n": ticket.data.get("households") or 1,
        }
        key = joining.said_key(draft, ticket)
        turn.say(key, custom=ticket.card(), **about, **facts_of(ticket))
        if ticket.data.get("group") and key in ("report_filed", "joined_filed"):
            turn.say("filed_group" if key == "report_filed" else "joined_group")
        if ticket.state == "NEED_INFO":
            turn.say("filed_needs", need="；".join(ticket.data.get("need_items") or ()))
        elif draft.get("incomplete"):
            turn.say("filed_incomplete")
