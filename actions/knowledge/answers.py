"""Questions answered from what the services know; never from memory (domain rule: no invented policy)."""

from __future__ import annotations

from collections.abc import Sequence

from rasa_sdk.events import EventType, FollowupAction, SlotSet

from actions import routing
from actions.action import TurnAction
from actions.dialogue import load, pattern
from actions.forms import asides, report
from actions.forms.draft import Draft
from actions.forms.replies import bare, leftover
from actions.knowledge import leaves
from actions.knowledge.community import CommunityInfo, name_worker
from actions.knowledge.service_answers import belongs_elsewhere
from actions.message import Message, Reading
from actions.talk import accessible, misses
from actions.talk.intents import label
from actions.talk.offers import COMPLAINT, make_offer
from actions.talk.requests import WAITS, asked_again
from actions.texts import Gaps, say
from actions.tickets.own import query_code, ticket_no
from actions.turn import ANSWER, Turn, button


class Say(TurnAction):
    """Answers with one sentence."""

    NAME = "action_goodbye"
    KEY = "goodbye"

    async def act(self, turn: Turn) -> list[EventType]:
        """Say it."""
        turn.say(self.KEY)
        return []


class OutOfScope(Say):
    """Not ours, said honestly, with a way to a person."""

    NAME = "action_out_of_scope"
    KEY = "out_of_scope"

    async def act(self, turn: Turn) -> list[EventType]:
        """Name whose matter it is when that is known."""
        if await belongs_elsewhere(turn):
            return [FollowupAction(ANSWER)]
        asked = self.NAME == OutOfScope.NAME and turn.loop is None
        if asked and misses.nonsense(turn.message):
            return [FollowupAction(Clarify.NAME)]
        explained = turn.topic_leaf() if misses.short_question(turn.message) else None
        if asked and (explained or misses.could_ask(turn.message)):
            return make_offer(turn, "unknown_question", "consult", explained)
        return await super().act(turn)


class Capability(OutOfScope):
    """What one can do here."""

    NAME = "action_capability"
    KEY = "capability"


class Anonymity(Say):
    """How a name is kept; inside a form the wish itself is noted by the form's own reading."""

    NAME = "action_anonymity"
    KEY = "anonymity"

    async def act(self, turn: Turn) -> list[EventType]:
        """Say how; when the same message also tells what happened, it is reported in confidence."""
        if turn.loop and turn.draft and asides.aside(turn.message, turn.draft):
            return [FollowupAction(turn.loop)]  # “能保证拆掉吗” over the summary
        if turn.loop and routing.keeps_secret(turn):
            return [FollowupAction(turn.loop)]  # the form notes the wish
        tells = any(
            r.intent == "report_problem" and r.confidence >= TOLD for r in turn.message.readings
        )
        tells = tells or bool(turn.message.all("address"))  # a house is named beside the wish
        tells = tells or bool(pattern("forms", "complains_of").search(bare(turn.message.text)))
        worries = pattern("my_data", "worries").search(bare(turn.message.text))
        if tells and not worries and turn.loop is None and len(leftover(turn.message)) >= STORY:
            return [FollowupAction("report_form")]
        said = await super().act(turn)
        offer = turn.standing_offer() or {}
        if turn.loop is None and WAITS in offer and offer.get("kind") == COMPLAINT:
            wish = report.read_secret(turn.message, Draft("offer", turn.message.id))
            return [SlotSet("offer", {**asked_again(turn, offer), **wish})]
        return said


class Greet(Say):
    """A greeting back, and what one can do here."""

    NAME = "action_greet"
    KEY = "greet"


class Thank(Say):
    """You are welcome."""

    NAME = "action_thank"
    KEY = "thank"


class Chitchat(Say):
    """A friendly word, and back to what we are here for."""

    NAME = "action_chitchat"
    KEY = "chitchat"


class Accessibility(TurnAction):
    """Larger letters and back, and what helps who hears, types or walks badly."""

    NAME = accessible.ACTION

    async def act(self, turn: Turn) -> list[EventType]:
        """Switch the letters, or say what there is; a person is always one."""
        human = button(say("button_human"), "/ask_human")
        wish = accessible.wish(turn.message.text)
        if wish is not None:
            kept = "_kept" if wish == turn.message.elder_before else ""
            where = "_wechat" if turn.message.channel == "wechat" else ""
            # The gateway keeps it with the conversation, the widget shows it at once.
            reading = {"card": {"type": "reading", "elder": wish}}
            turn.say(f"letters_{'large' if wish else 'usual'}{kept}{where}", custom=reading)
        elif need := accessible.need(turn.message.text):
            turn.say(
                need["text"],
                [*(button(b["title"], b["payload"]) for b in need.get("buttons", ())), human],
                **await _whom_to_call(turn),
            )
        elif _tells_beside(turn):
            return [FollowupAction("report_form")]
        else:
            turn.say("accessibility_on" if turn.elder else "accessibility", [human])
        return []


def _tells_beside(turn: Turn) -> bool:
    """Whether a matter is told in the same breath (“我不识字，屋头没得水了”): it is reported."""
    readings = (r for r in turn.message.readings if r.intent == "report_problem" and r.leaf)
    told = any(r.confidence >= BESIDE for r in readings)
    return told and turn.loop is None and len(leftover(turn.message)) >= STORY


BESIDE = 0.1
"""From this confidence on a problem is told beside another wish."""


async def _whom_to_call(turn: Turn) -> Gaps:
    """Return name and phone of who is on duty now, of the locality's data."""
    async with turn.client() as client:
        duty = (await client.community()).get("duty") or {}
    return {
        "duty": str(duty.get("name") or say("a_community")),
        "phone": str(duty.get("phone") or ""),
    }


COMFORT = "action_comfort"
WORTH_A_CHOICE = 0.05
"""A fainter reading is noise and would only puzzle as a choice."""
TOLD = 0.01
STORY = 8
"""Beside “别说是我” a reading of a problem, even a faint one, and so many words are a report."""
NO_CHOICE = frozenset({"affirm", "deny", "cancel_dialog", "out_of_scope"})
"""Where nothing was asked, a yes or a no is nothing to choose."""


class Clarify(TurnAction):
    """Offers up to three readings of what was said; choosing one goes on with those very words.

    The second misunderstanding in a row calls a person (``actions.talk.misses``).
    """

    NAME = "action_clarify"

    async def act(self, turn: Turn) -> list[EventType]:
        """Offer the readings; a number or a place alone says itself what it is about."""
        code = query_code(turn.message)
        if ticket_no(turn.message) or (code and code == turn.message.text.strip()):
            return [FollowupAction("action_query_progress")]
        if turn.message.pinned or (turn.message.all("address") and not leftover(turn.message)):
            return await self._place_alone(turn)
        if await belongs_elsewhere(turn):
            return [FollowupAction(ANSWER)]
        if turn.last_action() == COMFORT:  # more of what weighs on somebody, however it is read
            return [FollowupAction(COMFORT)]
        if _in_confidence(turn.message):
            return [FollowupAction("report_form")]
        if misses.person_due(misses.before(turn) + 1):
            await misses.call_person(turn)
            return []
        worth = [
            reading
            for reading in turn.message.readings
            if reading.confidence >= WORTH_A_CHOICE
            and reading.intent not in NO_CHOICE
            and leaves.may_be_offered(reading.leaf)
            and label(reading)
        ][:3]
        if _one_service(worth):
            return [FollowupAction(ANSWER)]
        buttons = [button(label(r) or "", _payload(r, turn.message.id)) for r in worth]
        if buttons:
            turn.say("clarify", buttons)
        else:
            common = [button(b["title"], b["payload"]) for b in load(misses.DATA)["commonest"]]
            turn.say("clarify_none", [*common, button(say("button_human"), "/ask_human")])
        return []

    @staticmethod
    async def _place_alone(turn: Turn) -> list[EventType]:
        """A bare address answers “几号楼” after a question about the grid, else it opens a matter."""
        async with turn.client() as client:
            known = await name_worker(turn, client)
        if not known or turn.last_action() != CommunityInfo.NAME:
            turn.say("community_here", place=_place_words(turn.message))
        return known


def _place_words(message: Message) -> str:
    """Return a place said alone in words, without what it was said after (“不对，是5号楼” → “5号楼”)."""
    places = message.all("address")
    return message.text[places[0].start :] if places else message.text


def _one_service(readings: Sequence[Reading]) -> bool:
    """Whether the likeliest readings are of one service, asked about or booked: its card tells it and offers the booking."""
    likeliest = readings[:2]
    leaf_ids, intents = {r.leaf for r in likeliest}, {r.intent for r in likeliest}
    of_service = intents == {"ask_service", "book_service"}
    return of_service and len(leaf_ids) == 1 and None not in leaf_ids


def _in_confidence(message: Message) -> bool:
    """Whether a story told in confidence is a report: what else it may be is only the wish beside it."""
    likely = [r.intent for r in message.readings if r.confidence >= WORTH_A_CHOICE]
    both = {"report_problem", "ask_anonymity"} <= set(likely)
    return both and len(leftover(message)) >= STORY


def _payload(reading: Reading, message_id: str) -> str:
    service = f'"service":"{reading.leaf}",' if reading.leaf else ""
    return f'/{reading.intent}{{{service}"about":"m:{message_id}"}}'
