"""Takes an own request back, and asks why."""

from __future__ import annotations

from collections.abc import Sequence

from rasa_sdk.events import EventType, FollowupAction, SlotSet

from actions.client import Client, Json, TicketView
from actions.forms.replies import bare
from actions.talk.requests import WAITS
from actions.texts import Gaps, say
from actions.tickets import amending, orders, withdrawing
from actions.tickets.amending import kind_of
from actions.tickets.own_tickets import OwnTicketAction, first_action, named_in, ticket_title
from actions.turn import Button, Turn, button, short

WHY = "why:"
"""Prefix of an ``about`` value that says why a request is taken back."""


class Withdraw(OwnTicketAction):
    """Takes a request back after one question; the reason is tapped or said, or was said already."""

    NAME = "action_withdraw"
    NONE = "withdraw_none"
    INTENT = "withdraw_ticket"

    def nothing(self, turn: Turn, open_ones: Sequence[TicketView]) -> list[EventType]:
        """Without a request the words mean what they were first taken for."""
        first = first_action(turn)
        given = [FollowupAction(first)] if first and first != self.NAME else []
        return given or super().nothing(turn, open_ones)

    def asked_about(self, turn: Turn) -> str | None:
        """Return the ticket whose reason was asked for just before."""
        offer = _withdrawing(turn)
        return str(offer["ticket"]) if offer else orders.chosen(turn)

    def fitting(self, turn: Turn, found: list[TicketView]) -> list[TicketView]:
        """“不去了” is about what was agreed, “饭不要了” about the meal."""
        fits = [t for t in found if amending.change_of(turn.message, t).cancels]
        fits = amending.newest_of_habits(fits)
        if not fits and (others := amending.of_other_days(turn.message, found)):
            _tell_days(turn, others)
            return named_in(turn.message.text, others)
        return named_in(turn.message.text, fits) if fits else super().fitting(turn, found)

    async def do(self, turn: Turn, client: Client, ticket: TicketView) -> list[EventType]:
        """Ask once; a reason, or a yes to the one that is read back, takes it back.

        A meal that is being cooked already stays, and nobody is asked why it should not.
        """
        too_late = await _too_late(client, ticket)
        if too_late:
            turn.say("withdraw_too_late", title=ticket_title(ticket), reason=too_late)
            return [SlotSet("offer", None)]
        offer = _withdrawing(turn) or {}
        code, words = self._reason(turn, offer, kind_of(ticket))
        if code == withdrawing.KEEP:
            turn.say("withdraw_kept", title=ticket_title(ticket), ticket_no=ticket.ticket_no)
            return [SlotSet("offer", None)]
        if code is None:
            return self._ask(turn, ticket, words)
        pressed = code == withdrawing.PRESSED
        body: Json = {"conversation_id": turn.conversation_id, "persuaded": pressed}
        if words:
            body["reason"] = words
        view = await client.resident_act(ticket.ticket_no, "withdraw", body, turn.key("withdraw"))
        sentence = "withdraw_pressed" if pressed else "withdrawn"
        turn.say(sentence, custom=view.card(), ticket_no=view.ticket_no)
        return [SlotSet("offer", None)]

    @staticmethod
    def _reason(turn: Turn, offer: Json, kind: str) -> tuple[str | None, str]:
        """Return (code, words): code None asks, with words the reason that is read back."""
        about, text = turn.message.about or "", turn.message.text.strip()
        if about.startswith(WHY):
            code = about.removeprefix(WHY)
            if code == withdrawing.GO:
                return str(offer.get("code") or code), str(offer.get("words") or "")
            return code, withdrawing.title(code) or ""
        said = withdrawing.reason_in(text)
        if not offer:
            vague = names_nothing if kind == amending.OTHER else withdrawing.only_wishes
            no_reason = said is None or (said == "not_needed" and vague(text))
            return None, "" if no_reason else text
        if said and not withdrawing.keeps(text):
            return said, text
        if withdrawing.keeps(text):
            return withdrawing.KEEP, ""
        if withdrawing.untold(text):
            return withdrawing.GO, text  # on record is that it was not told
        if withdrawing.agrees(text):
            # A reason is on record, in the resident's words: if no other, how they agreed.
            return str(offer.get("code") or withdrawing.GO), str(offer.get("words") or text)
        return None, text

    @staticmethod
    def _ask(turn: Turn, ticket: TicketView, words: str) -> list[EventType]:
        """Ask why; when that was said, only whether it is right."""

        def why(title: str, code: str) -> Button:
            facts = f'"ticket_no":"{ticket.ticket_no}","about":"{WHY}{code}"'
            return button(title, f"/withdraw_ticket{{{facts}}}")

        named = orders.words(ticket, turn.message) if orders.numbered(turn) else ""
        about: Gaps = {"title": named or ticket_title(ticket), "ticket_no": ticket.ticket_no}
        keep = why(say("button_keep"), withdrawing.KEEP)
        if words:
            go = why(say("button_withdraw"), withdrawing.GO)
            turn.say("withdraw_confirm", [go, keep], reason=short(words, LONG_REASON), **about)
        else:
            offered = [why(*each) for each in withdrawing.buttons(kind_of(ticket))]
            turn.say(f"withdraw_ask_{kind_of(ticket)}", [*offered, keep], **about)
        code = withdrawing.reason_in(words) if words else None
        offer = {"id": turn.message.id, "follow": Withdraw.NAME, "ticket": ticket.ticket_no}
        waits = {WAITS: "withdraw_waits"}
        return [SlotSet("offer", {**offer, **waits, "code": code, "words": words})]


def _tell_days(turn: Turn, others: Sequence[TicketView]) -> None:
    """Say that nothing is ordered for the day that was named, and what is: nothing else is taken back unasked."""
    shown = others[: 1 if turn.elder else DAYS_TOLD]
    told = "；".join(orders.words(t, turn.message, short=turn.elder) for t in shown)
    day = str(turn.message.meant("time")[0].text)
    turn.lead("withdraw_other_day", line=True, day=day, order=told)


DAYS_TOLD = 3
"""So many orders are named when none is for the day that was said."""


async def _too_late(client: Client, ticket: TicketView) -> str:
    """Return why a meal can no longer be taken back, with whom to call; empty when it can."""
    order = ticket.data.get("appointment") or {}
    if kind_of(ticket) != amending.MEAL or order.get("habit"):
        return ""
    window = await client.meal_window(str(order.get("date")), str(order["meal"]))
    return str(window.get("withdraw_reason") or "")


LONG_REASON = 40
"""So many characters of a reason are read back."""


def names_nothing(text: str) -> bool:
    """Whether “不用修了” says no more than that it is to be taken back."""
    return len(bare(text)) <= BARE_WISH


BARE_WISH = 16
"""Up to so many characters “那个楼道灯不用修了” gives no reason beside the wish."""


def _withdrawing(turn: Turn) -> Json | None:
    """Return the offer of a withdrawal that this message answers, or None."""
    offer = turn.standing_offer()
    return offer if offer and offer.get("follow") == Withdraw.NAME else None
