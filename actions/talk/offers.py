"""Short paths: honest words now, and the resident's own words as a ticket if they say yes.

An offer stands for the next message only; its button names the message it belongs to, so that a
“好” said about something else, or an old button, files nothing by mistake.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from rasa_sdk.events import EventType, FollowupAction, SlotSet

from actions import routing
from actions.action import TurnAction
from actions.client import Client, Json, Refused, ServiceAway, TicketView
from actions.dialogue import pattern
from actions.filing.submits import say_due
from actions.forms import report, suggestion, volunteer
from actions.forms.draft import fill
from actions.forms.neighbours import NO_LEAF
from actions.forms.replies import bare, is_no, is_yes, plain_yes
from actions.message import REFERS_TO_MESSAGE, Leaf, recalled
from actions.talk import choices, conduct, drafts, gist, repairs, taking
from actions.talk.requests import WAITS, offer_later
from actions.texts import say
from actions.tickets import waiting
from actions.tickets.callback import says_unsolved
from actions.turn import DECLINED, LISTEN, RASAS_OWN, VOLUNTEER, Button, Turn, button, short

SURE = 0.5
"""From this confidence on a booked service is named and filed as such; else a person sorts it."""
YES = say("button_note_down")
NO = say("button_not_now")

COMPLAINT = "complaint"
"""Kind of what is no mere question: the offer to file it stays, whatever is asked in between."""
SECRET = "confidential"
"""Key of an offer: nobody is to be told who said it."""


def make_offer(
    turn: Turn,
    key: str,
    kind: str,
    leaf: str | None,
    others: Sequence[Button] = (),
    told: str = "",
    **values: Any,
) -> list[EventType]:
    """Offer to file the message as a ticket; return the events that remember the offer.

    Args:
        turn: The turn; its message is what would be filed, verbatim.
        key: The sentence of dialogue.yml.
        kind: Kind of the ticket.
        leaf: Leaf of the catalogue, or None for what has none.
        others: Further ways to go on, offered first.
        told: What would be filed instead of this message alone.
        values: What the sentence needs.
    """
    message_id = turn.message.id
    yes = button(YES, f'/affirm{{"about":"offer:{message_id}"}}')
    turn.say(key, [*others, yes, button(NO, "/deny")], **values)
    offer = {"id": message_id, "kind": kind, "leaf": leaf, "text": told or turn.message.verbatim}
    waits = {WAITS: "offer_waits"} if kind == COMPLAINT else {}
    return [SlotSet("offer", {**offer, **waits})]


class Suggest(TurnAction):
    """An idea is written down in a form of its own."""

    NAME = "action_suggest"

    async def act(self, turn: Turn) -> list[EventType]:
        """Open the form, which reads this very message; what is noted already is said to be."""
        if turn.message.parts:
            return [FollowupAction("suggestion_form")]
        wished = turn.message.tapped or pattern("taking_part", "suggestion", "wishes").search(
            turn.message.text
        )
        broken = not wished and gist.public_thing_broken(turn.message.text)
        if not turn.message.tapped and (broken or taking.mends(turn.message)):
            return report_of(turn, None)
        told = {"id": turn.message.id, "kind": "suggestion", "leaf": suggestion.LEAF}
        async with turn.client() as client:
            there = await _told_before(turn, {**told, "text": turn.message.verbatim}, client)
        if there is None:
            return [FollowupAction("suggestion_form")]
        turn.say("offer_there", ticket_no=there.ticket_no, state=there.told(turn.elder))
        return []


class Volunteer(TurnAction):
    """Who wants to help is asked what and when; who needs a hand is not thanked for lending one."""

    NAME = VOLUNTEER

    async def act(self, turn: Turn) -> list[EventType]:
        """Open the form, or offer a helper."""
        if repairs.hand_wanted(turn.message.text):
            return make_offer(turn, "offer_hand", "booking", volunteer.LEAF)
        if repairs.fetch_wanted(turn.message.text):
            return make_offer(turn, "offer_fetch", "booking", volunteer.LEAF)
        return [FollowupAction("volunteer_form")]


class ComplainAssistant(TurnAction):
    """A complaint about the assistant itself."""

    NAME = "action_complain_assistant"

    async def act(self, turn: Turn) -> list[EventType]:
        """Say sorry and offer to file the resident's own words."""
        return make_offer(turn, "offer_complain_assistant", COMPLAINT, "M11")


class Praise(TurnAction):
    """Praise is passed on to the person, so it must be one: it needs a word of praise."""

    NAME = "action_praise"

    async def act(self, turn: Turn) -> list[EventType]:
        """Offer to pass it on, with its words; what is no praise is a report, or asked about."""
        message = turn.message
        chosen = message.tapped and conduct.about(message.text) is None
        if chosen or conduct.praises(message.text):
            return make_offer(
                turn, "offer_praise", "praise", "K6", words=short(turn.message.verbatim, 30)
            )
        if conduct.reports(message.text):
            return report_instead(turn)
        about = f'{{"about":"m:{message.id}"}}'
        praise = button(say("button_praise"), f"/give_praise{about}")
        turn.say(
            "praise_or_report", [praise, button(say("button_report"), f"/report_problem{about}")]
        )
        return []


def report_instead(turn: Turn) -> list[EventType]:
    """Open a report with the message, by the best reading of it as one."""
    reading = next((r for r in turn.message.readings if r.intent == "report_problem"), None)
    leaf = Leaf(reading.leaf, reading.confidence) if reading and reading.leaf else None
    return report_of(turn, leaf)


def report_of(turn: Turn, leaf: Leaf | None) -> list[EventType]:
    """Open a report with the message as one of this leaf, whatever it was taken for."""
    told = replace(turn.message, intent="report_problem", leaf=leaf)
    draft = replace(fill(report.FORM, None, told), seen="")
    return [SlotSet("draft", draft.to_slot()), FollowupAction("report_form")]


class Affirm(TurnAction):
    """A yes outside a form: it accepts a standing offer, else it is a polite word."""

    NAME = "action_affirm"

    async def act(self, turn: Turn) -> list[EventType]:
        """File the offered ticket once."""
        if (left := drafts.which(turn.message)) is not None:
            return await drafts.resume(turn, left)
        if (held := waiting.which(turn.message)) is not None:
            return await waiting.take(turn, held)
        offer = turn.standing_offer()
        if offer and offer.get("dropped"):
            if drafts.after_all(turn.message, offer) or drafts.goes_on(turn.message, offer):
                return drafts.taken_up(turn, offer)
            offer = None
        if offer is None:
            if not turn.message.tapped and not plain_yes(turn.message):
                return [
                    FollowupAction("action_clarify")
                ]  # a yes to nothing, by the classifier alone
            idle = "button_gone" if turn.message.tapped else "affirm_idle"
            turn.say("offer_gone" if turn.message.about else idle)
            return []
        if not offer.get(DECLINED) and taking.adds(turn.message, offer):
            return [SlotSet("offer", again(turn, offer))]
        quiet = taking.quiet(turn.message, str(offer.get("kind")))
        agrees = quiet or taking.finds_out(turn.message, str(offer.get("kind")))
        agrees = agrees or routing.goes_on(turn, offer) or routing.places(turn, offer)
        agrees = agrees or routing.reaches(turn, offer) or bool(offer.get(DECLINED))
        if not is_yes(turn.message) and not agrees:
            # Taken for a yes by the classifier alone: nothing is filed on that.
            return [FollowupAction("action_clarify")]
        if offer.get("follow"):
            return self._follow(turn, offer)
        body = {
            "conversation_id": turn.conversation_id,
            "kind": offer["kind"],
            "leaf": offer["leaf"],
            "confidential": bool(offer.get(SECRET)),
            "narrative": f"{offer['text']}\n{say('reply_none_ticket')}" if quiet else offer["text"],
            "nlu": {
                "leaf": offer["leaf"],
                **turn.understood(str(offer.get("first") or offer["id"])),
            },
        }
        async with turn.client() as client:
            if there := await _told_before(turn, offer, client):
                turn.say("offer_there", ticket_no=there.ticket_no, state=there.told(turn.elder))
                return [SlotSet("offer", None), *offer_later(turn, offer.get("rest") or [])]
            ticket = await client.file_ticket(body, f"{turn.conversation_id}:{offer['id']}")
        turn.say(
            "offer_filed_quiet" if quiet else "offer_filed",
            custom=ticket.card(),
            ticket_no=ticket.ticket_no,
            query_code=ticket.query_code,
            due=say_due(ticket),
        )
        return [SlotSet("offer", None), *offer_later(turn, offer.get("rest") or [])]

    @staticmethod
    def _follow(turn: Turn, offer: Json) -> list[EventType]:
        """Go on with what was offered, with the words of the earlier message (``Turn``)."""
        if offer.get("data"):
            return [FollowupAction(offer["follow"])]  # the action reads the offer and ends it
        taken = {**offer, "taken": turn.message.id} if offer.get("about") else None
        return [SlotSet("offer", taken), FollowupAction(offer["follow"])]


def again(turn: Turn, offer: Json) -> Json:
    """Offer once more to note the words, with those that were just added; return the offer."""
    message_id = turn.message.id
    yes = button(YES, f'/affirm{{"about":"offer:{message_id}"}}')
    turn.say("offer_added", [yes, button(NO, "/deny")], words=short(turn.message.verbatim, 30))
    told = f"{offer['text']}\n{turn.message.verbatim}"
    first = offer.get("first") or offer["id"]
    return {**offer, "id": message_id, "text": told, "added": True, "first": first}


async def _told_before(turn: Turn, offer: Json, client: Client) -> TicketView | None:
    """Return the open ticket of the same words, said before in this conversation, or None."""
    words = bare(str(offer["text"]))
    said = [e for e in turn.tracker.events if e.get("event") == "user"]
    before = [e for e in said if e.get("message_id") != offer["id"]]
    if not any(bare(str(e.get("text") or "")) == words for e in before):
        return None
    wanted = {"leaf": str(offer["leaf"] or NO_LEAF)}
    try:
        own = (await client.similar(turn.conversation_id, wanted))["own"]
    except (ServiceAway, Refused):
        return None  # a person finds that two are one
    return TicketView.of(own) if own and own.get("kind") == offer["kind"] else None


class Deny(TurnAction):
    """A no outside a form."""

    NAME = "action_deny"

    async def act(self, turn: Turn) -> list[EventType]:
        """Drop a standing offer, or listen."""
        if (left := drafts.which(turn.message)) is not None:
            return await drafts.drop(turn, left)
        if (held := waiting.which(turn.message)) is not None:
            return await waiting.leave(turn, held)
        if waiting.leaves(turn.message) and turn.loop is None:
            if await waiting.leave_all(turn):
                return []
            ran = [name for name in turn.actions_since_message() if name not in RASAS_OWN]
            if ran and ran[0] != self.NAME:
                return [FollowupAction(ran[0])]
        offer = turn.standing_offer()
        if offer is None and turn.loop is None and not turn.topic() and says_unsolved(turn.message):
            return [FollowupAction("action_reject")]
        if turn.choice is not None and turn.choice.none and offer is None and turn.loop is None:
            return none_of_them(turn)
        fits = turn.loop or turn.choice or any(b["payload"] == "/deny" for b in turn.offered)
        idle = "button_gone" if turn.message.tapped and not fits else "deny_idle"
        declined = "declined" if offer and offer.get("follow") else "offer_declined"
        if idle == "deny_idle" and offer is None and not turn.loop and not is_no(turn.message):
            return [FollowupAction("action_clarify")]  # a no to nothing, by the classifier alone
        rest = (offer or {}).get("rest") or []
        if rest and turn.loop is None:
            return [SlotSet("offer", None), *offer_later(turn, rest), FollowupAction(LISTEN)]
        turn.say(declined if offer else idle)
        return [SlotSet("offer", _declined(turn, offer)), FollowupAction(turn.loop or LISTEN)]


def _declined(turn: Turn, offer: Json | None) -> Json | None:
    """Return an offer that was said no to as it stands for one more message; None: it cannot be taken up."""
    if not offer or turn.loop or not ({"kind", "follow"} & offer.keys()):
        return None
    first = offer.get("first") or offer["id"]
    return {**offer, "id": turn.message.id, "first": first, DECLINED: True}


def none_of_them(turn: Turn) -> list[EventType]:
    """“都不是”: of services a person finds out, of other readings one asks in other words."""
    named = [choices.parse(b["payload"]) for b in turn.offered]
    about = str(named[0].facts.get("about") or "") if named else ""
    if about.startswith(REFERS_TO_MESSAGE) and {c.intent for c in named} == {"ask_service"}:
        earlier = about.removeprefix(REFERS_TO_MESSAGE)
        turn.message = recalled(turn.typed, turn.tracker.events, earlier)
        return make_offer(turn, "offer_consult_none", "consult", None)
    turn.say("none_of_them", [button(say("button_human"), "/ask_human")])
    return [FollowupAction(LISTEN)]
