"""Several requests of one resident: what goes on with each, and what waits for its turn.

A message may tell of two or three things (``Message.parts``), and another matter may be told while
a form is open. One is done at a time; the others wait in the order they were told, in the draft or
in the offer (``rest``), as plain JSON ``{id, text, intent, leaf, entities, attachments}``: ``id`` names
the message, with ``#n`` its part; ``certificate`` is which one, when several were named; ``contact`` is what
was said of a phone for the matter before it. The words and
what was understood of them stand in it too: a form that goes over to another channel takes along what
waits behind it, and there the message itself is not known (docs/adr/0013-drafts.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from rasa_sdk.events import EventType, SlotSet

from actions.knowledge import leaves
from actions.message import Entity, Message
from actions.safety import crisis
from actions.talk.echo import say_address
from actions.texts import catalogue, say
from bot.understanding.scripts import simplify

if TYPE_CHECKING:
    from actions.forms.draft import Draft
    from actions.turn import Turn

Json = dict[str, Any]

HANDOVER = {
    "report_problem": "report_form",
    "book_meal": "meal_form",
    "ask_service": "action_answer_service",
    "book_service": "action_book_service",
    "query_progress": "action_query_progress",
    "urge_ticket": "action_urge",
    "supplement_ticket": "action_supplement",
    "withdraw_ticket": "action_withdraw",
    "ask_community_info": "action_community_info",
    "ask_notice": "action_notice",
    "make_suggestion": "action_suggest",
    "give_praise": "action_praise",
    "join_volunteer": "action_volunteer",
    "request_certificate": "action_route_certificate",
}
"""The form or action that goes on with a request, by its intent. Each ends the turn itself."""
LEAF_SURE = 0.5
"""From this confidence on the matter is kept with a request that waits."""
WAITS = "waits"
"""In an offer: the sentence that puts its question once more when a question of the resident came between."""
BEHIND = "behind"
"""In an offer: the message behind whose matter its ``rest`` waits."""
FORM = "form"
"""Of what waits: a form that was put aside with all that was said (``Draft``)."""
ASIDE = "aside"
"""In an offer of a form: it was put aside, so that a plain yes takes it up."""
CONTACT = "contact"
"""Of a request that waits: how to reach who told it, as it was said for the one before (``forms.shared``)."""


def as_later(message: Message) -> Json:
    """Return what has to be kept of a request that waits."""
    sure = message.leaf is not None and message.leaf.confidence >= LEAF_SURE
    return {
        "id": message.said_in or message.id,
        "text": message.verbatim,
        "intent": message.intent,
        "leaf": message.leaf.id if sure and message.leaf else None,
        "entities": [asdict(e) for e in message.entities],
        "attachments": list(message.attachments),
    }


def form_aside(message: Message, draft: Draft) -> Json:
    """Return a form that waits until another matter is done, which was to be first.

    Args:
        message: The message that told the other matter.
        draft: The form as it stands.
    """
    told = str(draft.get("narrative") or "").partition("\n")[0]
    return {"id": message.id, "text": told, "intent": "affirm", "leaf": None, FORM: draft.to_slot()}


def _offer_form(turn: Turn, waiting: Json, rest: Sequence[Json]) -> list[EventType]:
    """Offer to go on with a form that was put aside."""
    form = waiting[FORM]
    yes = {"title": say("button_go_on"), "payload": f'/affirm{{"about":"offer:{turn.message.id}"}}'}
    no = {"title": say("button_not_done_now"), "payload": "/deny"}
    turn.say("later_form", [yes, no], text=waiting["text"] or say("this_matter"))
    offer = {"id": turn.message.id, "follow": f"{form['form']}_form", "dropped": form}
    told = {CONTACT: waiting.get(CONTACT) or {}}
    return [SlotSet("offer", {**offer, **told, ASIDE: True, "rest": list(rest)})]


def restored(message: Message, kept: Json) -> Message:
    """Return the message with the words of a request that waited, as ``as_later`` kept them.

    Args:
        message: The present message: its intent, and what it names itself, stay.
        kept: The request that waited.
    """
    entities = tuple(Entity(**e) for e in kept.get("entities") or ())
    return replace(
        message,
        text=simplify(str(kept["text"])),
        written=str(kept["text"]),
        entities=(*entities, *message.entities),
        about=None,
        said_in=str(kept["id"]),
        attachments=tuple(kept.get("attachments") or ()) or message.attachments,
    )


def with_place(waiting: Sequence[Json], address: Json | None, text: str) -> list[Json]:
    """Return the requests that wait; one that names no place has that of the form before it, out of doors the house alone.

    Args:
        waiting: As ``as_later`` kept them.
        address: Normalised place of the form they wait behind, or None.
        text: The same in words.
    """
    if not address:
        return list(waiting)

    def placed(each: Json) -> Json:
        known = each.get("entities") or ()
        if any(e["type"] == "address" for e in known):
            return each
        value = leaves.whereabouts(each.get("leaf"), address)
        words = text if value == address else say_address(value)
        return {**each, "entities": [*known, asdict(Entity("address", value, words))]}

    return [placed(each) for each in waiting]


def with_contact(waiting: Sequence[Json], told: Json) -> list[Json]:
    """Return the requests that wait with the number that was left, or refused, for the one before."""
    return [{**each, CONTACT: told} for each in waiting] if told else list(waiting)


def offer_later(turn: Turn, later: Sequence[Json]) -> list[EventType]:
    """Offer the first of the requests that wait; the others wait in the offer.

    Args:
        turn: The turn that finished the matter before.
        later: What waits, as ``as_later`` made it; nothing is said when there is none.
    """
    if not later:
        return []
    first, *rest = later
    if FORM in first:
        return _offer_form(turn, first, rest)
    intent = first["intent"]
    service = f'"service":"{first["leaf"]}",' if first.get("leaf") else ""
    named = f'"certificate":"{first["certificate"]}",' if first.get("certificate") else ""
    payload = f'/{intent}{{{service}{named}"about":"m:{first["id"]}"}}'
    yes = {"title": say("button_go_on"), "payload": payload}
    key = f"later_{intent}"
    turn.say(
        key if key in catalogue() else "later",
        [yes, {"title": say("button_not_done_now"), "payload": "/deny"}],
        text=first["text"],
    )
    offer = {
        "id": turn.message.id,
        "follow": HANDOVER[intent],
        "about": first["id"],
        "intent": intent,
        "leaf": first.get("leaf"),
        "certificate": first.get("certificate"),
        "kept": first,
        "rest": rest,
    }
    return [SlotSet("offer", offer)]


def own_part(message: Message, intents: frozenset[str]) -> tuple[Message, list[Json]]:
    """Return the part of a message that is for these intents, what may harm first, and the others as what waits.

    The message itself, and nothing, when it tells of one thing or of nothing for them. One number told behind
    another part is told to reach the speaker in all of it, so it is not asked for again.
    """
    fitting = [p for p in message.parts if p.intent in intents]
    if not fitting:
        return message, []
    own = next(filter(crisis.may_harm, fitting), fitting[0])
    waiting = [as_later(p) for p in message.parts if p is not own]
    phones = [e for p in message.parts for e in p.all("phone")]
    if len(phones) == 1 and not own.all("phone"):
        own = replace(own, entities=(*own.entities, replace(phones[0], start=0, end=0)))
    return own, waiting


def with_rest(
    turn: Turn, events: Sequence[EventType], rest: Sequence[Json], listen: str
) -> list[EventType]:
    """Return an action's events with what still waits: in the offer it made, else offered now.

    Args:
        turn: The turn.
        events: What the action returned.
        rest: What waits.
        listen: The name of the action that ends a turn; another one to follow goes on first.
    """
    if not rest:
        return list(events)
    offered = next((e for e in events if e.get("name") == "offer" and e.get("value")), None)
    if offered is not None:
        kept = SlotSet("offer", {**offered["value"], "rest": list(rest)})
        return [*(e for e in events if e is not offered), kept]
    if any(e.get("event") == "followup" and e.get("name") != listen for e in events):
        return list(events)
    return [*offer_later(turn, rest), *events]


def still_waiting(
    turn: Turn, events: Sequence[EventType], *, informs: bool = False
) -> list[EventType]:
    """Return an action's events; what waited for an answer is asked once more, when something else came between.

    Args:
        turn: The turn that answered something else than the offer.
        events: What its action returned.
        informs: It only answered a question: then a question of ours that was open is put again, too.
    """
    offer = turn.standing_offer() or {}
    goes_on = any(e.get("event") == "followup" or e.get("name") == "offer" for e in events)
    if goes_on or offer.get("again"):
        return list(events)
    if offer.get(WAITS) and informs:
        return [*events, SlotSet("offer", asked_again(turn, offer))]
    if not offer.get("kept"):
        return list(events)
    (slot,) = offer_later(turn, [offer["kept"], *(offer.get("rest") or ())])
    return [*events, SlotSet("offer", {**slot["value"], "again": True})]


def asked_again(turn: Turn, offer: Json) -> Json:
    """Put the question of an offer once more behind the answer that came between; return the offer as it stands now."""
    now = turn.message.id
    buttons = [{**b, "payload": b["payload"].replace(str(offer["id"]), now)} for b in turn.offered]
    turn.say(str(offer[WAITS]), buttons, pref=offer.get("pref") or "")
    return {**offer, "id": now, "again": True}


def single(message: Message) -> Message:
    """Return the message as one request, whatever else it tells."""
    return replace(message, parts=())
