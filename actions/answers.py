"""Questions answered from what the services know; never from memory (domain rule: no invented policy)."""

from __future__ import annotations

from rasa_sdk.events import EventType

from actions import leaves
from actions.client import Json
from actions.echo import say_address
from actions.forms import place
from actions.forms.draft import Draft
from actions.intents import label
from actions.message import Reading
from actions.offers import make_offer
from actions.texts import say
from actions.turn import Turn, TurnAction, button

SURE = 0.4
"""From this confidence on the card is shown; below it the choice is the resident's."""


class AnswerService(TurnAction):
    """Explains a service from its card, at once and in full (一次告知)."""

    NAME = "action_answer_service"

    async def act(self, turn: Turn) -> list[EventType]:
        """Show the card; without a valid one offer a consultation instead of guessing."""
        leaf = turn.message.leaf
        if leaf is None or leaf.id == "none":
            turn.say("card_none")
            return make_offer(turn, "offer_consult", "consult", None)
        if leaf.confidence < SURE and leaf.alternatives:
            ids = [leaf.id, *(a for a, _ in leaf.alternatives)][:3]
            about = f'"about":"m:{turn.message.id}"'
            turn.say(
                "card_which",
                [button(leaves.name(i), f'/ask_service{{"service":"{i}",{about}}}') for i in ids],
            )
            return []
        async with turn.client() as client:
            card = await client.card(leaf.id)
        if card is None or not card.get("valid"):
            turn.say("card_none" if card is None else "card_expired")
            return make_offer(turn, "offer_consult", "consult", leaf.id)
        turn.tell(card_text(card), custom={"card": card_data(card)})
        return []


def card_text(card: Json) -> str:
    """Return the card in words, for every channel: what, who, bring, where, how long, source."""
    lines = [f"【{card['name']}】{card.get('summary') or ''}"]
    if card.get("conditions"):
        lines.append("条件：" + "；".join(card["conditions"]))
    if card.get("materials"):
        lines.append("要带：" + "、".join(card["materials"]))
    for heading, key in (
        ("去哪办", "where"),
        ("多久", "limit"),
        ("收费", "fee"),
        ("电话", "phone"),
    ):
        if card.get(key):
            lines.append(f"{heading}：{card[key]}")
    if card.get("power"):
        lines.append(str(card["power"]))
    lines.append(_source(card))
    lines.append(_proxy_offer(card))
    return "\n".join(line for line in lines if line)


def _source(card: Json) -> str:
    titles = [
        f"《{s['title'].strip('《》')}》{s.get('ref') or ''}" for s in card.get("sources") or []
    ]
    words = (
        say("card_source", sources="；".join(titles), date=card.get("valid_from") or "")
        if titles
        else ""
    )
    return words + (say("card_local") if card.get("confirm_locally") else "")


def _proxy_offer(card: Json) -> str:
    """Return the offer to have it done by somebody else (代办), where the card has it."""
    return say("offer_proxy") if "proxy" in (card.get("offers") or []) else ""


def card_data(card: Json) -> Json:
    """Return the card for the widget: materials as a checklist, the rest as rows."""
    return {
        "type": "service",
        "title": card["name"],
        "lines": [x for x in (card.get("summary"), *(card.get("conditions") or [])) if x],
        "materials": card.get("materials") or [],
        **{k: card.get(k) for k in ("who", "where", "limit", "fee", "phone", "power", "valid")},
        "offer": _proxy_offer(card),
        "source": _source(card),
    }


class CommunityInfo(TurnAction):
    """Opening hours, phone, place – and who the grid worker of an address is."""

    NAME = "action_community_info"

    async def act(self, turn: Turn) -> list[EventType]:
        """Name the grid worker when the address is known, then show the community's card."""
        empty = Draft("info", turn.message.id)
        said = place.read(turn.message, empty) or (
            place.home(turn.message) if turn.message.resident.home else {}
        )
        async with turn.client() as client:
            found = (
                await client.resolve_place(
                    said["address_text"], said["address"], turn.conversation_id
                )
                if said.get("address")
                else {}
            )
            card = await client.card("K4")
        best = (found.get("candidates") or [{}])[0] if found.get("status") == "resolved" else {}
        if best.get("worker"):
            turn.say(
                "community_grid",
                place=best.get("label") or say_address(said["address"]),
                community=best.get("community") or "",
                grid=best.get("grid") or "",
                worker=best["worker"],
            )
        if card and card.get("valid"):
            turn.tell(card_text(card), custom={"card": card_data(card)})
        elif not best.get("worker"):
            turn.say("community_unknown_grid")
        return []


class Notice(TurnAction):
    """Outages, notices, alerts: only what a card holds; otherwise somebody finds out."""

    NAME = "action_notice"

    async def act(self, turn: Turn) -> list[EventType]:
        """Say where notices come from and offer to ask for the resident."""
        turn.say("notice")
        return make_offer(turn, "offer_notice", "consult", "K5")


class Say(TurnAction):
    """Answers with one sentence."""

    NAME = "action_capability"
    KEY = "capability"

    async def act(self, turn: Turn) -> list[EventType]:
        """Say it."""
        turn.say(self.KEY)
        return []


class Anonymity(Say):
    """How a name is kept; inside a form the wish itself is noted by the form's own reading."""

    NAME = "action_anonymity"
    KEY = "anonymity"


class Accessibility(TurnAction):
    """Larger, slower, read aloud, in dialect."""

    NAME = "action_accessibility"

    async def act(self, turn: Turn) -> list[EventType]:
        """Say what is there; a person is always one."""
        turn.say(
            "accessibility_on" if turn.elder else "accessibility", [button("人工", "/ask_human")]
        )
        return []


CLARIFIED_TWICE = 2


class Clarify(TurnAction):
    """Offers up to three readings of what was said; choosing one goes on with those very words.

    After two misunderstandings in a row a person takes over.
    """

    NAME = "action_clarify"

    async def act(self, turn: Turn) -> list[EventType]:
        """Offer the readings."""
        if clarified_before(turn) >= CLARIFIED_TWICE:
            async with turn.client() as client:
                turn.say("clarify_human")
                alert = await client.alert(
                    turn.conversation_id, "human", turn.message.text, turn.key("human")
                )
            if alert.text:
                turn.tell(alert.text)
            return []
        buttons = [
            button(words, _payload(reading, turn.message.id))
            for reading in turn.message.readings
            if (words := label(reading))
        ][:3]
        if buttons:
            turn.say("clarify", buttons)
        else:
            turn.say("clarify_none", [button("人工", "/ask_human")])
        return []


def clarified_before(turn: Turn) -> int:
    """Return in how many turns just before this one the bot did not understand."""
    count = 0
    asked = False
    for event in reversed(turn.tracker.events[:-1]):
        if event.get("event") == "action" and event.get("name") == "action_clarify":
            asked = True
        elif event.get("event") == "user":
            if count or asked:
                if not asked:
                    break
                count += 1
            elif event.get("message_id") != turn.message.id:
                break
            asked = False
    return count


def _payload(reading: Reading, message_id: str) -> str:
    service = f'"service":"{reading.leaf}",' if reading.leaf else ""
    return f'/{reading.intent}{{{service}"about":"m:{message_id}"}}'
