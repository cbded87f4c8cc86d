"""Rasa's side of an order of meals (``actions.forms.meal``): its questions, the menu beside it, and filing it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

from rasa_sdk.events import EventType

from actions.client import Client, Refused, ServiceAway, TicketView
from actions.filing.form_steps import FormStep, ask_consent, ask_place
from actions.filing.submits import Submit, facts_of
from actions.forms import asides, consent, meal, subsidy
from actions.forms.draft import Draft
from actions.knowledge import information
from actions.message import Message
from actions.privacy.my_data import ask_about_subsidy
from actions.talk.echo import MEALS, MODES, RELATIONS, say_date
from actions.texts import say
from actions.tickets import amending, ordered, ordered_answers, orders
from actions.turn import Button, Turn, button, short


class MealStep(FormStep):
    """A meal is ordered."""

    NAME = "validate_meal_form"
    FORM = meal.FORM
    RULES = meal
    LEAF = meal.LEAF

    def after_fill(self, draft: Draft, message: Message) -> Draft:
        """“不订了” to the offered later meal ends the form."""
        return meal.declined(draft, message)

    async def look_up(self, turn: Turn, draft: Draft, client: Client) -> Draft:
        """Ask the kitchen whether the meal can still be ordered, then the place."""
        once_more = orders.again(turn.message) or amending.bare_day(turn.message)
        if once_more and draft.round == turn.message.id:
            same = orders.meal_before(await client.tickets(turn.conversation_id))
            draft = replace(draft, values={**same, **draft.values})
        if information.menu_beside(turn.typed):
            await self._tell_menu(turn, client)
        wanted = meal.to_check(draft, turn.message.now)
        if wanted is not None:
            try:
                window = await client.meal_window(*wanted, turn.conversation_id)
                draft = meal.checked(draft, window)
            except (ServiceAway, Refused):
                pass  # filing the order checks the cut-off again
        return await super().look_up(turn, draft, client)

    @staticmethod
    async def _tell_menu(turn: Turn, client: Client) -> None:
        """Say what there is to eat before the order goes on: of the day named, else of today and tomorrow."""
        today = turn.message.now.date()
        days = information.days_of(turn.message) or (
            today.isoformat(),
            (today + timedelta(days=1)).isoformat(),
        )
        try:
            found = await client.information(information.menu_question(), days, turn.elder)
        except (ServiceAway, Refused):
            return
        texts = found["texts"][-1:] if turn.elder else found["texts"]
        for text in texts:
            turn.tell(text)
        if not texts:
            turn.lead("menu_beside_order", line=True)

    def _aside(self, turn: Turn, old: Draft) -> str | None:
        """The menu is told by ``look_up``, it needs nobody to answer it."""
        return None if information.menu_beside(turn.typed) else super()._aside(turn, old)

    def _unread(self, turn: Turn, old: Draft, draft: Draft) -> bool:
        """A question for the menu was answered."""
        return not information.menu_beside(turn.typed) and super()._unread(turn, old, draft)

    def _acknowledge(
        self, turn: Turn, old: Draft | None, draft: Draft, question: str | None
    ) -> None:
        if not information.menu_beside(turn.typed):
            super()._acknowledge(turn, old, draft, question)

    def ask(self, turn: Turn, draft: Draft, question: str) -> None:
        """Ask for a field of the order."""
        if question == consent.FIELD:
            ask_consent(turn, draft)
        elif question == "place":
            ask_place(turn, draft)
        elif question == "meal":
            turn.say("ask_meal", [_meal_button(m) for m in meal.MEAL_ORDER])
        elif question == "mode":
            buttons = [button(MODES[m], f'/affirm{{"about":"mode:{m}"}}') for m in meal.MODE_ORDER]
            turn.say("ask_mode", buttons)
        elif question == "date" and draft.get(meal.LEFT_OUT):
            day = say_date(date.fromisoformat(str(draft.get(meal.LEFT_OUT))), turn.message.now)
            turn.say("ask_date_left_out", [button(say("button_no_meal"), "/deny")], day=day)
        elif question == "date" and draft.get("window"):
            self._ask_other_day(turn, draft)
        elif question == subsidy.FIELD:
            groups = subsidy.groups(draft)
            buttons = [
                button(str(g["name"]), f'/affirm{{"about":"{subsidy.KIND}{g["id"]}"}}')
                for g in groups[: subsidy.SHOWN]
            ]
            turn.say("ask_subsidy", [*buttons, button(say("button_unsure"), "/deny")])
        else:
            turn.say(f"ask_{question}")

    def confirm_buttons(self, turn: Turn, draft: Draft) -> Sequence[Button]:
        """Beside yes and no a word that the eater pays less, while nothing is known of that."""
        usual = super().confirm_buttons(turn, draft)
        if not subsidy.may_offer(draft):
            return usual
        wish = button(say("button_subsidy"), f'/affirm{{"about":"{subsidy.WISH}"}}')
        return (*usual, wish)

    async def _answer_aside(self, turn: Turn, draft: Draft, kind: str) -> Draft:
        """“我妈八十三了，能少付点不” also tells how old she is."""
        if kind.startswith(asides.ORDER):
            return await self._of_order(turn, draft, kind.removeprefix(asides.ORDER))
        draft = await super()._answer_aside(turn, draft, kind)
        told = subsidy.read(turn.message, draft) if kind == asides.SUBSIDY else {}
        return replace(draft, values={**draft.values, **told})

    async def _of_order(self, turn: Turn, draft: Draft, kind: str) -> Draft:
        """Answer what is asked of the order; the days it is about are what “那天” means next."""
        days: list[str] = []
        window = draft.get("window") or {}
        words = ordered_answers.of_meal(window, draft.values, kind, turn.message) if window else ""
        async with turn.client() as client:
            if kind == ordered.DAYS:
                words, days = await ordered_answers.on_days(client, draft.values, turn.message)
            elif kind == ordered.WHERE:
                words = await ordered_answers.where(client, turn.elder)
            elif kind == ordered.DEADLINE and not draft.get("window"):
                words = await ordered_answers.deadlines(client, turn.message)
        if kind == ordered.NOTE:
            turn.lead("aside_note", line=True, words=short(turn.message.verbatim))
            draft = self._written_down(turn, draft)
        elif words:
            turn.lead("aside_order", line=True, words=words)
        elif kind in ordered.NOTED:
            draft = await super()._answer_aside(turn, draft, asides.QUESTION)
        return replace(draft, values={**draft.values, ordered.SPOKEN: days})

    async def _card_part(self, turn: Turn, draft: Draft, part: str) -> str:
        """Who pays less is the locality's list, not the card's."""
        if part == asides.SUBSIDY:
            return subsidy.told(draft, turn.elder)
        return await super()._card_part(turn, draft, part)

    def _ask_other_day(self, turn: Turn, draft: Draft) -> None:
        reason, offer = draft.get("window")["reason"], draft.get("next_open")
        words = meal.say_meal(offer["date"], offer["meal"], turn.message) if offer else ""
        yes = '/affirm{"about":"next_open"}'
        self.ask_other_day(turn, "ask_date_closed", reason, words, yes, say("button_no_meal"))


def _meal_button(name: str) -> Button:
    return button(MEALS[name], f'/affirm{{"meal":"{name}"}}')


class SubmitMeal(Submit):
    """Orders a meal."""

    NAME = "action_submit_meal"
    FORM = meal.FORM
    RULES = meal

    def filed(self, turn: Turn, draft: Draft, ticket: TicketView) -> None:
        """Say which meal and the number."""
        which = meal.say_meal(str(draft.get("date")), str(draft.get("meal")), turn.message)
        turn.say(
            "meal_filed",
            custom=ticket.card(),
            meal=which,
            portions=meal.portions(draft),
            until=meal.say_cutoff(draft),
            **facts_of(ticket),
        )

    def ask_to_remember(self, turn: Turn, draft: Draft, ticket: TicketView) -> list[EventType]:
        """The phone first; else whether the next order of this eater may say the same of prices."""
        asked = super().ask_to_remember(turn, draft, ticket)
        known = subsidy.status(draft)
        if (
            asked
            or known.get("says") != subsidy.YES
            or (draft.get("window") or {}).get("remembered")
        ):
            return asked
        whom = RELATIONS.get(str(draft.get("subject") or ""), say("you"))
        return ask_about_subsidy(turn, ticket, whom)
