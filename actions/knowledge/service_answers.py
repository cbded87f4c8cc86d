"""Services explained from their cards: one-time notice, follow-ups, offers that lead somewhere.

A card is shown only when the words speak of it or the understanding is quite sure of it; which
words those are is data (``data/dialogue/follow_ups.yml``). What communities are always asked and
no card answers is told from ``data/dialogue/redirects.yml``, kept by the services.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from rasa_sdk.events import EventType, FollowupAction, SlotSet

from actions.action import TurnAction
from actions.client import Client, Json, Refused, ServiceAway
from actions.dialogue import load
from actions.forms import bookable, booking, certificate, errand, meal, subsidy
from actions.forms.draft import Draft
from actions.forms.report import NO_LEAF
from actions.knowledge import cards, certificate_questions, follow_ups, leaves, powers, which_card
from actions.knowledge.follow_ups import APPOINTMENT, PROXY, VISIT
from actions.knowledge.notices import notice_card, spoken
from actions.message import Leaf
from actions.safety import crisis
from actions.safety.people import danger_first
from actions.talk import going_on, heard
from actions.talk.offers import make_offer
from actions.texts import Gaps, say
from actions.tickets import ordered, ordered_answers, orders
from actions.turn import CLARIFY, REPORTED, Button, Turn, button, short

TOLD_BEFORE = 2
"""So many messages before “那你给我问问” say what is to be found out."""
ERRANDS = (PROXY, APPOINTMENT)
ON_BEHALF = "M10"
"""What is told about doing things for somebody else; no errand of its own."""
DANGER_SURE = 0.6
"""From this confidence on a question about violence, suicide or children begins with what helps."""


class AnswerService(TurnAction):
    """Explains a service from its card, at once and in full (一次告知), and what comes after it."""

    NAME = "action_answer_service"

    async def act(self, turn: Turn) -> list[EventType]:
        """Answer the part that was asked for, or show the card; without one offer a consultation."""
        message = turn.message
        part = follow_ups.part_of(message)
        open_ = which_card.offered(turn) if part else {}
        if part and len(open_) > 1:
            return which_card.ask(turn, open_, part)
        if turn.draft and turn.loop == "meal_form" and subsidy.asks(message):
            turn.tell(subsidy.told(turn.draft, turn.elder))  # the locality's list, not a card's
            known = {**turn.draft.values, **subsidy.read(message, turn.draft)}
            return [SlotSet("draft", replace(turn.draft, values=known).to_slot())]
        async with turn.client() as client:
            if turn.loop is None and subsidy.asks_money_first(message):
                return await _cheaper(turn, client)
            if turn.loop is None and ordered.asks_deadline_first(message):
                if words := await ordered_answers.deadlines(client, message):
                    turn.tell(words, [button(say("button_order_meal"), "/book_meal")])
                    return _topic(turn, meal.LEAF)
            if part and message.tapped and message.leaf:
                return await _continue(turn, client, message.leaf.id, part)
            if part and open_:
                return await _continue(turn, client, next(iter(open_)), part)
            if (more := await _goes_on(turn, client, part)) is not None:
                return more
            if owned := powers.asked(message) or powers.at_a_loss(message):
                return await _power(turn, client, owned)
            if not message.tapped and (told := await redirected(turn, client)) is not None:
                return told
            leaf = message.leaf
            if leaf and leaf.confidence >= DANGER_SURE:
                await danger_first(turn, leaf.id, client)
            return await _explain(turn, client)


async def _goes_on(turn: Turn, client: Client, part: str | None) -> list[EventType] | None:
    """Answer what goes on with what was talked about; None when the message begins something."""
    message, topic = turn.message, turn.topic_leaf()
    if topic and turn.refused() and _wants_sheet(turn, part):
        return _sheet(turn)
    if topic and turn.refused() and certificate.refuses_sheet(message.text):
        turn.say("certificate_sheet_declined")
        return []
    if topic and (named := turn.certificate()):
        if what := certificate_questions.asked(message):
            turn.tell(await certificate_questions.told(client, named, what, turn.elder))
            return []
    if threat := going_on.threat(turn.danger_topic(), message):
        return await _careful(turn, client, threat[0])
    if part and topic:
        return await _continue(turn, client, topic, part)
    if asked := going_on.part_of(turn.topic(), message):
        return _of_redirect(turn, asked)
    if part == follow_ups.FEE and (filed := await _filed(turn, client)):
        return await _continue(turn, client, filed, part)
    return _added(turn) if going_on.adds(turn.topic(), message) else None


async def _filed(turn: Turn, client: Client) -> str | None:
    """Return the leaf of the report that was filed here last and is still open; None without one."""
    if turn.loop is not None or turn.last_filed() != REPORTED:
        return None
    tickets = await client.tickets(turn.conversation_id)
    newest = next((t for t in tickets if t.state not in orders.ENDED), None)
    return str(newest.data.get("leaf") or "") or None if newest else None


async def _cheaper(turn: Turn, client: Client) -> list[EventType]:
    """Say what a meal costs and who pays less, from the locality's list; where it says nothing, the card does."""
    day = turn.message.now.date() + timedelta(days=1)
    window = await client.meal_window(day.isoformat(), meal.MEAL_ORDER[0], turn.conversation_id)
    asked = Draft(meal.FORM.name, turn.message.id, values={"window": window})
    words = subsidy.told(asked, turn.elder, "subsidy_told_first")
    if subsidy.asks_price_first(turn.message):
        price = subsidy.price_told(asked)
        words = say("meal_price", price=price, cheaper=words) if price else ""
    if not words:
        turn.message = replace(turn.message, leaf=Leaf(meal.LEAF, 1.0))
        return await _explain(turn, client)
    turn.tell(words, [button(say("button_order_meal"), "/book_meal")])
    return _topic(turn, meal.LEAF)


def _wants_sheet(turn: Turn, part: str | None) -> bool:
    return part == "print" or certificate.wants_sheet(turn.message.text)


def _sheet(turn: Turn) -> list[EventType]:
    """Give the notice of the certificate that was just refused."""
    refused = turn.refused() or {}
    address = str(refused.get("notice") or "")
    turn.say(
        "certificate_sheet",
        custom=notice_card(address),
        name=refused.get("name") or "",
        address=spoken(address),
    )
    return []


async def _power(turn: Turn, client: Client, leaf: str) -> list[EventType]:
    """Say who has the power and what the community can do; offer to report it there."""
    card = await client.card(leaf)
    if card is None or not card.get("valid"):
        return _without(turn, leaf, card)
    yes = button(say("button_report_power"), f'/affirm{{"about":"offer:{turn.message.id}"}}')
    told: Gaps = {k: card.get(k) or "" for k in ("name", "power", "where", "limit")}
    told["power"] = told["power"] or (told["where"] if turn.elder else "")
    source = cards.source(card, turn.elder)
    turn.say("power_told", [yes, button(say("button_not_now"), "/deny")], source=source, **told)
    keep = _topic(turn, leaf)
    if powers.tells(turn.message):  # what is to be reported was told with the question
        return [*keep, *_offer_report(turn, going_on.begun(turn.message, leaf=leaf))]
    return [*keep, SlotSet("offer", {"id": turn.message.id, "follow": "report_form"})]


async def _continue(turn: Turn, client: Client, leaf: str, part: str) -> list[EventType]:
    """Answer a follow-up from the card of the topic."""
    card = await client.card(leaf)
    if card is None or not card.get("valid"):
        return _without(turn, leaf, card, goes_on=True)
    several = [p for p in follow_ups.parts_of(turn.message) if p in cards.PARTS]
    if len(several) < 2 or turn.message.tapped:
        return _answer(turn, card, part)
    for each in several:
        turn.tell(cards.part_text(card, each, elder=turn.elder))
    return _topic(turn, leaf)


def _answer(turn: Turn, card: Json, part: str) -> list[EventType]:
    keep = _topic(turn, str(card["id"]))
    if part == "again":
        return [*keep, *_show(turn, card)]
    if part in ERRANDS and turn.loop is None:
        return [*keep, *_errand(turn, card, part)]
    if part == "find_out":
        # Behind words that were not understood it is those, and no longer the card's matter.
        leaf = None if turn.last_action() == CLARIFY else str(card["id"])
        return [*keep, *make_offer(turn, "offer_consult", "consult", leaf, told=_told(turn))]
    part = {PROXY: "deputy", APPOINTMENT: "where"}.get(part, part)
    links = cards.links(card) if part in ("print", "online") else []
    data = None
    if links:
        named = {"type": "service", "title": card["name"], **cards.known(card)}
        data = {"card": {**named, "links": links}}
    if part == "print" and data:
        data["card"]["materials"] = card.get("materials") or []
    lacked = follow_ups.lacking(turn.message.text)
    text = cards.part_text(card, part, lacked, elder=turn.elder)
    if part in ("deputy", VISIT) and turn.loop is None:
        return [*keep, *_offer(turn, card, text, asks=part == VISIT)]
    turn.tell(text, custom=data)
    if part == "lacking" and turn.loop is None:
        return [*keep, *make_offer(turn, "offer_consult", "consult", str(card["id"]))]
    return keep


def _offer(turn: Turn, card: Json, text: str, *, asks: bool) -> list[EventType]:
    """Say the words and offer that somebody does it, or that a time is arranged, where the card does.

    Args:
        turn: The turn.
        card: The card of the topic.
        text: What is said.
        asks: The words ask for it, so that a plain yes takes it.
    """
    offers = [b for b in cards.buttons(card) if b["title"] in (cards.TITLES[PROXY], cards.BOOK)]
    turn.tell(text, offers)
    if not (offers and asks):
        return []
    yes = {"id": turn.message.id, "yes": offers[0]["payload"], "no": "/deny"}
    return [SlotSet("offer", yes)]


def _told(turn: Turn) -> str:
    """Return the resident's last words before these, which say what is to be found out."""
    before = [said.verbatim for said, _ in heard.earlier(turn.tracker.events, turn.message)]
    return "\n".join([*before[-TOLD_BEFORE:], turn.message.verbatim])


def _errand(turn: Turn, card: Json, kind: str) -> list[EventType]:
    """Open the form of what the card offers; what it does not offer is not promised."""
    if kind not in (card.get("offers") or []):
        part = "deputy" if kind == PROXY else "where"
        turn.tell(cards.part_text(card, part, elder=turn.elder))
        return make_offer(turn, "offer_consult", "consult", str(card["id"]))
    if kind == APPOINTMENT and bookable.spec(str(card["id"])):
        leaf = str(card["id"])
        said = heard.wished_kind(turn.tracker.events, turn.message, leaf)
        wanted = booking.opened(turn.message, leaf, said)
        return [SlotSet("draft", wanted.to_slot()), FollowupAction("booking_form")]
    bring = "、".join(card.get("materials") or [])
    if bring:
        turn.say("card_materials", [cards.again(card)], name=card["name"], words=bring)
    draft = errand.opened(turn.message, kind, str(card["id"]), str(card["name"]))
    return [SlotSet("draft", draft.to_slot()), FollowupAction("errand_form")]


async def _explain(turn: Turn, client: Client) -> list[EventType]:
    """Show the card of what was asked, when the words or the understanding are sure of it."""
    if needed := certificate_questions.needing(turn.message):
        turn.message = replace(turn.message, leaf=Leaf(needed, 1.0))
    message, leaf = turn.message, turn.message.leaf
    no_card = not message.tapped and follow_ups.without_card(message.text)
    if leaf is None or leaf.id == NO_LEAF or no_card:
        turn.say("card_none")
        return make_offer(turn, "offer_consult", "consult", None)
    card = await client.card(leaf.id)
    known = card or {"name": leaves.name(leaf.id)}
    if not _is_meant(message.text, leaf, known):
        if follow_ups.wish(message.text) == PROXY:
            turn.say("errand_what")
            return []
        return await _which(turn, client, leaf, known)
    if card is None or not card.get("valid"):
        return _without(turn, leaf.id, card)
    keep = _topic(turn, leaf.id)
    wish = None if message.tapped or turn.loop else follow_ups.wish(message.text)
    if wish and wish in (card.get("offers") or []) and card.get("kind") == "办事":
        return [*keep, *_errand(turn, card, wish)]
    if wish == PROXY and leaf.id == ON_BEHALF and follow_ups.part_of(message) == PROXY:
        turn.say("errand_what")  # “代办” alone: of what it is to be
        return keep
    for notice in await client.notices_of(leaf.id, turn.elder):
        turn.tell(notice)
    return [*keep, *_show(turn, card)]


def _show(turn: Turn, card: Json) -> list[EventType]:
    offers = cards.buttons(card) if turn.loop is None else []
    data = {"card": cards.card_data(card, turn.elder)}
    turn.tell(cards.card_text(card, turn.elder), offers, data)
    return []


def _is_meant(text: str, leaf: Leaf, card: Json) -> bool:
    if not text:
        return True  # a tapped choice
    if follow_ups.excluded(text, card):
        return False
    rules = load(follow_ups.FILE)["evidence"]
    sure = rules["doubtful"] if follow_ups.proves(text, card) else rules["sure"]
    return leaf.confidence >= float(sure)


async def _which(turn: Turn, client: Client, leaf: Leaf, card: Json) -> list[EventType]:
    """Let the resident choose among what may be meant; a card that was ruled out is no choice.

    Words that name nothing may go on with the card explained before, so that one comes first. Who asks for a
    policy is shown only cards that the words speak of: a guess at one is no choice.
    """
    least = load(follow_ups.FILE)["evidence"]["choice"]
    others = [other for other, confidence in leaf.alternatives if confidence >= least]
    first = [] if follow_ups.excluded(turn.message.text, card) else [leaf.id]
    if explained := turn.topic_leaf():
        first = [explained, *first]
    ids = [
        i
        for i in dict.fromkeys((*first, *others))
        if i in leaves.names() and leaves.may_be_offered(i)
    ]
    if follow_ups.asks_policy(turn.message.text) and not explained:
        shown = [(i, await client.card(i)) for i in ids[:3]]
        ids = [i for i, known in shown if known and follow_ups.proves(turn.message.text, known)]
    ids = ids[:3]
    if not ids:
        turn.say("card_none")
        return make_offer(turn, "offer_consult", "consult", None)
    return choose(turn, ids, explained)


def choose(turn: Turn, ids: list[str], explained: str | None = None) -> list[EventType]:
    """Ask which card is meant; the choice goes on with the words that were said.

    Args:
        turn: The turn.
        ids: Leaves to choose from.
        explained: The leaf that was explained before: until one is chosen, short questions are about it.
    """
    about = f'"about":"m:{turn.message.said_in or turn.message.id}"'
    turn.say(
        "card_which",
        [button(leaves.name(i), f'/ask_service{{"service":"{i}",{about}}}') for i in ids],
    )
    known = {"leaf": explained} if explained else {}
    return [SlotSet("topic", going_on.begun(turn.message, which=ids, **known))]


async def redirected(turn: Turn, client: Client) -> list[EventType] | None:
    """Say where a question belongs that no card answers.

    Returns:
        The events that remember it; None when it is not known.
    """
    row = await client.redirect(turn.message.text)
    if row is None:
        return None
    if row.get("leaves"):
        return choose(turn, [str(leaf) for leaf in row["leaves"]])
    parts = {
        "answer": row.get("elder") or row["answer"] if turn.elder else row["answer"],
        "phone": _part("redirect_phone", turn.elder, row, "phone", "office"),
        "source": say("card_local")
        if row.get("local")
        else _part("redirect_source", turn.elder, row, "source"),
    }
    lines = [line for line in say("redirected", turn.elder, **parts).splitlines() if line]
    card = {"leaf": row["card"]} if row.get("card") else {}
    reach = {k: row.get(k) or "" for k in ("office", "phone")}
    topic = going_on.begun(turn.message, redirect=row["id"], reach=reach, **card)
    if not going_on.leaf_of(topic) or turn.loop:
        turn.tell("\n".join(lines))
        return [SlotSet("topic", topic)]
    turn.tell("\n".join([*lines, _asked(topic, turn.elder)]), _report_or_not(turn))
    return [SlotSet("topic", topic), *_offer_report(turn, topic)]


def _of_redirect(turn: Turn, part: str) -> list[EventType]:
    """Answer a short question about a matter of somebody else's; what is not known is asked for the resident."""
    topic = {**(turn.topic() or {}), "at": turn.message.now.isoformat()}
    row, reach = going_on.row_of(topic), dict(topic.get(going_on.REACH) or {})
    keep: EventType = SlotSet("topic", topic)
    if known := going_on.told_part(row, part, turn.elder):
        local = say("card_local") if row.get("local") and not turn.elder else ""
        turn.tell(known + local)
        return [keep]
    number = _part("redirect_phone", turn.elder, reach, "phone", "office")
    if part in going_on.WHOM and number:
        turn.tell(number)
        return [keep]
    if part in going_on.BASIS and row.get("source"):
        turn.say("card_basis", name=row["name"], words=row["source"])
        return [keep]
    turn.lead("redirect_part_missing", line=True, ask=number)
    offered = make_offer(turn, "offer_consult", "consult", None, told=_told(turn))
    return [keep, *offered]


def _report_or_not(turn: Turn) -> list[Button]:
    yes = button(say("button_report_power"), f'/affirm{{"about":"offer:{turn.message.id}"}}')
    return [yes, button(say("button_not_now"), "/deny")]


def _asked(topic: Mapping[str, Any], elder: bool) -> str:
    """Return the question whether it is to be reported: the row's own, else the common one."""
    offer = going_on.row_of(topic).get("offer") or {}
    own = offer.get("elder" if elder else "answer")
    return str(own or say("added_ask", elder))


def _offer_report(turn: Turn, topic: Mapping[str, Any]) -> list[EventType]:
    """Remember the offer to report what was told of the topic, all of it."""
    offer = {
        "id": turn.message.id, "follow": "report_form", "intent": "report_problem",
        "leaf": going_on.leaf_of(topic), "about": topic[going_on.ABOUT],
        "told": "\n".join(topic[going_on.TOLD]),
    }  # fmt: skip
    return [SlotSet("offer", offer)]


def _added(turn: Turn) -> list[EventType]:
    """Take down more of what is talked about; say what helps against it, and offer to file all of it."""
    before = turn.topic() or {}
    topic = {
        **before, "at": turn.message.now.isoformat(),
        going_on.TOLD: [*before[going_on.TOLD], turn.message.verbatim],
    }  # fmt: skip
    helps = going_on.further(before, turn.message)
    said = str(helps["elder" if turn.elder else "answer"]) if helps else ""
    said = said or say("added", turn.elder, words=short(turn.message.verbatim))
    leaf, keep = going_on.leaf_of(topic), SlotSet("topic", topic)
    if turn.loop:
        turn.tell(said)
        return [keep]
    if leaf and going_on.reportable(leaf):
        turn.tell("\n".join([said, _asked(topic, turn.elder)]), _report_or_not(turn))
        return [keep, *_offer_report(turn, topic)]
    turn.tell(said)
    told = "\n".join(topic[going_on.TOLD])
    return [keep, *make_offer(turn, "offer_consult", "consult", leaf, told=told)]


async def _careful(turn: Turn, client: Client, kind: str) -> list[EventType]:
    """Say what to do next about a danger that has not come to anything yet, each thing once."""
    topic = dict(turn.danger_topic() or {})
    rule = going_on.row_of(topic)["threat"]
    card = (await client.hotlines(str(rule["card"])))["card"]
    words = (card.get("elder") or card)["after"] if turn.elder else card["after"]
    before = list(topic.get(going_on.KINDS) or [])
    turn.tell(str(words[crisis.FOLLOW][-1] if kind in before else words[kind]))
    told = [*topic[going_on.TOLD], turn.message.verbatim]
    now = {"at": turn.message.now.isoformat(), going_on.TOLD: told, going_on.KINDS: [*before, kind]}
    return [SlotSet("topic", {**topic, **now})]


def _part(key: str, elder: bool, row: Json, needed: str, *more: str) -> str:
    """Return a line of where a question belongs; empty when the data has nothing for it."""
    return (
        say(key, elder, **{k: row.get(k) or "" for k in (needed, *more)}) if row.get(needed) else ""
    )


async def belongs_elsewhere(turn: Turn) -> bool:
    """Whether it is known whose matter the words are, though no service was understood."""
    try:
        async with turn.client() as client:
            return await client.redirect(turn.message.text) is not None
    except (ServiceAway, Refused):
        return False


def _without(turn: Turn, leaf: str, card: Json | None, goes_on: bool = False) -> list[EventType]:
    """Say that there is no card, or only an old one, and offer to find out; what follows is still about it.

    Args:
        turn: The turn.
        leaf: The leaf of the card.
        card: The card that is no longer valid, or None without one.
        goes_on: A short question that goes on with it (“那要带啥”): what was said before is noted with it.
    """
    expired = "card_expired_part" if goes_on else "card_expired"
    turn.say("card_none" if card is None else expired)
    told = _told(turn) if goes_on else ""
    return [*_topic(turn, leaf), *make_offer(turn, "offer_consult", "consult", leaf, told=told)]


def _topic(turn: Turn, leaf: str) -> list[EventType]:
    """Remember what is being talked about, for the short questions that follow."""
    before, now = turn.topic() or {}, going_on.begun(turn.message, leaf=leaf)
    if before.get("leaf") == leaf and before.get(going_on.TOLD):
        now = {**now, **{k: before[k] for k in (going_on.TOLD, going_on.ABOUT)}}
    return [SlotSet("topic", now)]
