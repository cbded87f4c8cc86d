"""Danger first, and a person at every turn."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from rasa_sdk.events import ActiveLoop, EventType, FollowupAction, SlotSet

from actions.action import TurnAction
from actions.client import Alert, Client, Json, Refused, ServiceAway
from actions.forms import bookable, extra
from actions.forms.replies import NO, YES, bare, leaves_open, leftover
from actions.safety import crisis
from actions.talk import conduct, going_on, manners
from actions.texts import say
from actions.tickets import amending, orders, own, withdrawing
from actions.turn import ANSWER, LISTEN, MANNERS, Turn, button, cleared
from bot.understanding.scripts import simplify

INTENT = "emergency"
KEPT = frozenset({crisis.WISH_TO_DIE, "J3"})
"""Leaves in which thanks may be a farewell, or be said under pressure: nothing but the card's words."""
WITHDRAW = "action_withdraw"
PLAIN = YES | NO | {"跳过", "跳过吧", "跳过这个", "先跳过"}


class Emergency(TurnAction):
    """Shows the reviewed safety card and alerts people; an open form waits untouched.

    The card and the alert are asked for at the same time; if neither comes, the numbers do.
    """

    NAME = "action_emergency"
    RESUMES = False

    async def act(self, turn: Turn) -> list[EventType]:
        """Say what to do now; never ask anything before. Said again it is one sentence."""
        before = crisis.standing(turn.tracker.get_slot("crisis"), turn.message.now)
        if told := extra.endangered(turn.draft if turn.loop else None, turn.message):
            return await _instead_of_form(turn, told)
        if turn.message.intent == INTENT and not before and crisis.calmed(turn.message, turn.loop):
            return [FollowupAction(turn.loop)]
        if turn.message.confidence < 1.0 and manners.courtesy(turn.message.text):
            return [FollowupAction(MANNERS)]  # thanks in a language that nothing was learned of
        if _plain_answer(turn):
            if before and not before.over:
                return await follow(turn, before)
            return self._no_danger(turn)
        if before is None and (on := await _what_was_talked_about(turn)) is not None:
            return on
        if turn.message.intent != INTENT:
            return await follow(turn, before) if before else await _ask(turn)
        leaf = turn.message.leaf.id if turn.message.leaf else crisis.GENERAL
        # A pattern is certain; what is learned never is.
        named = turn.message.confidence >= 1.0
        leaf = leaf if named else crisis.proven(leaf, turn.message.text)
        if before and not crisis.another(before, leaf, turn.message.text, named=named):
            return await follow(turn, before)
        return await _show_card(turn, leaf, named=named)

    @staticmethod
    def _no_danger(turn: Turn) -> list[EventType]:
        if turn.loop is None:
            turn.say("clarify_none", [button(say("button_human"), "/ask_human")])
        return [FollowupAction(turn.loop or LISTEN)]


async def _instead_of_form(turn: Turn, told: str) -> list[EventType]:
    """Answer a report that turned out to be danger: the call for help takes its words, the form ends.

    Args:
        turn: The turn; its message answered the question with yes.
        told: The report's words with that answer.
    """
    leaf = str(turn.draft.get("leaf")) if turn.draft else crisis.GENERAL
    turn.message = replace(turn.message, text=simplify(told), written=told)
    events = await _show_card(turn, leaf, named=True, waits=False)
    return [*events, *cleared(), ActiveLoop(None)]


async def _what_was_talked_about(turn: Turn) -> list[EventType] | None:
    """Answer words that go on with a matter whose dangers are known; None when they do not.

    What was learned does not know what is talked about (“他又打来了” is a telephone); a pattern may, of the same danger.
    """
    message, topic = turn.message, turn.danger_topic() or turn.topic() or {}
    named = message.intent == INTENT and message.confidence >= 1.0
    threat = going_on.threat(topic, message)
    if threat and named:
        same = message.leaf and message.leaf.id == going_on.row_of(topic)["threat"]["leaf"]
        return await _turned(turn) if same else None
    if threat and threat[1]:
        return await _turned(turn)
    said = threat or (topic and going_on.further(topic, message))
    return [FollowupAction(ANSWER)] if said and not named else None


async def _turned(turn: Turn) -> list[EventType]:
    """Call people for what was only asked about before (“我已经转了两万”), with both messages."""
    topic = turn.danger_topic() or {}
    told = "\n".join([*topic[going_on.TOLD], turn.message.verbatim])
    turn.message = replace(turn.message, text=simplify(told), written=told)
    rule = going_on.row_of(topic)["threat"]
    return await _show_card(turn, str(rule["leaf"]), named=True, chosen=str(rule["card"]))


async def _show_card(
    turn: Turn,
    leaf: str,
    *,
    named: bool,
    ticket_no: str = "",
    waits: bool = True,
    chosen: str = "",
) -> list[EventType]:
    """Show the safety card and alert people.

    Args:
        turn: The present turn.
        leaf: Leaf of the emergency.
        named: A reviewed pattern or the resident said so, not only the classifier.
        ticket_no: The ticket of an alert that went out before; the words are added to it.
        waits: An open form waits meanwhile, which is said.
        chosen: The safety card, where it is known before the words are looked at.
    """
    now = crisis.begin(leaf, turn.message, named=named, ticket_no="")
    now = replace(now, card=chosen or now.card)
    async with turn.client() as client:
        card, alert = await asyncio.gather(
            _card(client, now, turn.elder), _alert(client, turn, leaf, ticket_no)
        )
    if card:
        shown = {k: v for k, v in card.items() if k != "after"}
        turn.tell_first(safety_text(card, first=card["elder"]), {"card": shown})
    else:
        turn.tell_first(say(_fallback(leaf), turn.elder))
    if crisis.unreached(turn.message.text):
        turn.tell(_busy(turn, None))
    if alert:
        turn.tell(_alerted(alert))
    if turn.loop and waits:
        turn.say("emergency_resume")
    known = (alert.ticket_no if alert else "") or ticket_no
    return [SlotSet("crisis", replace(now, ticket_no=known).to_slot())]


async def _ask(turn: Turn) -> list[EventType]:
    """Ask calmly about words of dying that may be nothing; people are alerted as for a danger that was only learned.

    Whatever the message was taken for – thanks, volunteering, a chat – waits.
    """
    leaf = crisis.WISH_TO_DIE
    now = replace(
        crisis.begin(leaf, turn.message, named=False, ticket_no=""), asked=True, holds=False
    )
    async with turn.client() as client:
        card, alert = await asyncio.gather(
            _card(client, replace(now, card=crisis.QUESTION), turn.elder),
            _alert(client, turn, leaf),
        )
    if card:
        turn.tell_first(safety_text(card, first=False))
    else:
        turn.tell_first(say("emergency_asked", turn.elder))
    if alert:
        turn.tell(_alerted(alert))
    ticket_no = alert.ticket_no if alert else ""
    return [SlotSet("crisis", replace(now, ticket_no=ticket_no).to_slot())]


def _plain_answer(turn: Turn) -> bool:
    """Whether it is only a place, a day, a number – or in a form a plain yes, no or “跳过”.

    Such words answer a question, whatever the classifier made of them.
    """
    message, draft = turn.message, turn.draft
    if message.entities and not leftover(message):
        return True
    learned = message.confidence < 1.0
    if learned and draft and draft.asked == "health" and bookable.tells_health(message):
        return True  # the illness that was asked for
    return bool(turn.loop) and bare(message.text) in PLAIN


class EmergencyFollow(TurnAction):
    """Answers what is said after a call for help: calmly, never with a question of a form.

    The words go to the ticket and the hand-off of that call; nobody is alarmed a second time.
    """

    NAME = "action_emergency_follow"
    ENDS = False  # words like “我要投诉” open nothing here

    async def act(self, turn: Turn) -> list[EventType]:
        """Say the reviewed sentence that fits."""
        before = crisis.standing(turn.tracker.get_slot("crisis"), turn.message.now)
        if before is None:  # the clock went on between the policy and here
            turn.say("emergency_fallback")
            return [FollowupAction(LISTEN)]
        if not before.holds and before.leaf not in KEPT and _answers_withdrawal(turn):
            return [FollowupAction(WITHDRAW)]
        events = await follow(turn, before)
        if any(e.get("event") == "followup" for e in events):
            return events
        if await _of_order_too(turn, before):
            return [*events, FollowupAction(own.SUPPLEMENT)]
        return [*events, FollowupAction(LISTEN)]


def _answers_withdrawal(turn: Turn) -> bool:
    """Whether a plain word answers “要退的是…对吗”, which was asked behind what helps."""
    asked = (turn.standing_offer() or {}).get("follow") == WITHDRAW
    text = turn.message.text
    return asked and (withdrawing.agrees(text) or withdrawing.keeps(text) or bare(text) in NO)


async def _of_order_too(turn: Turn, before: crisis.Crisis) -> bool:
    """Whether words in danger also change what was ordered (“明天的饭先不要送了”): done behind what helps.

    Where nothing else may begin (``holds``) it stands in the call for help, for a person.
    """
    if before.holds or before.leaf in KEPT or not amending.names_order(turn.message):
        return False
    try:
        async with turn.client() as client:
            tickets = await client.tickets(turn.conversation_id)
    except (ServiceAway, Refused):
        return False
    open_ = [t for t in tickets if t.state not in orders.ENDED]
    return any(amending.kind_of(t) != amending.OTHER for t in open_)


async def follow(turn: Turn, before: crisis.Crisis) -> list[EventType]:
    """Answer a message within a crisis; return the events that remember it."""
    if before.asked and not before.over and crisis.agrees(turn.message):
        return await _show_card(turn, before.leaf, named=True, ticket_no=before.ticket_no)
    if turn.loop and crisis.takes_up(turn.message) and crisis.let_go(before):
        return [FollowupAction(turn.loop)]  # which says so and goes on
    async with turn.client() as client:
        card, alert = await asyncio.gather(
            _card(client, before, turn.elder), _alert(client, turn, before.leaf, before.ticket_no)
        )
    if card is None:
        turn.say(_fallback(before.leaf))
        return []
    what = crisis.kind(before, turn.message, card["after"])
    if what in (crisis.PLACE, crisis.AGAIN) and alert is None:
        what = crisis.FOLLOW  # they say that it was passed on
    words = (
        _busy(turn, alert)
        if what == crisis.BUSY
        else crisis.sentence(before, what, turn.message, card["after"])
    )
    if turn.message.intent == "thank" and not turn.message.uncertain and before.leaf not in KEPT:
        words = say("crisis_welcome", turn.elder) + words
    if crisis.with_numbers(before, what, card["after"]):
        words = f"{words}\n{_numbers(card)}"
    turn.tell(words)
    now = crisis.after(before, what, turn.message)
    if alert and alert.ticket_no:
        now = replace(now, ticket_no=alert.ticket_no)
    events: list[EventType] = [SlotSet("crisis", now.to_slot())]
    if turn.loop and now.over:
        turn.say("emergency_resume_now")
    elif what == crisis.OVER and now.over:
        turn.say("emergency_go_on")
    elif (
        what == crisis.PLACE and not now.holds and _plain_answer(turn) and _asked_too(turn, before)
    ):
        events.append(FollowupAction(turn.loop))  # the form asked for it, too
    return events


def _busy(turn: Turn, passed_on: Alert | None) -> str:
    """Return what helps when a call does not get through, and that people were told of it."""
    keys = ("crisis_busy", "crisis_busy_told") if passed_on else ("crisis_busy",)
    return "".join(say(key, turn.elder) for key in keys)


def _asked_too(turn: Turn, before: crisis.Crisis) -> bool:
    """Whether a place said in danger answers the open form as well."""
    since = turn.last_action() not in (Emergency.NAME, EmergencyFollow.NAME)
    asked = turn.draft.asked if turn.draft else None
    return bool(turn.loop) and crisis.of_form(before, asked, asked_since=since)


class Comfort(TurnAction):
    """Sorrow or loneliness without danger: heard out, with the number of somebody who listens."""

    NAME = "action_comfort"
    ENDS = False  # it is one matter, however many sentences tell it
    CARD = "heavy"
    VISIT = "C7"
    """关爱探访 of the catalogue."""

    async def act(self, turn: Turn) -> list[EventType]:
        """Say the reviewed words, then offer a visit; only a yes asks where.

        Half a thought (“楼下那个”) is no sorrow, whatever it was taken for: what it is about comes next.
        """
        if manners.unfinished(turn.message):
            return [FollowupAction(MANNERS)]
        try:
            async with turn.client() as client:
                found = await client.hotlines(self.CARD)
        except (ServiceAway, Refused):
            turn.say("emergency_fallback_J5")
            return [FollowupAction(LISTEN)]
        elder = (turn.elder and found["card"].get("elder")) or {}
        card = {**found["card"], **elder, "numbers": found["numbers"]}
        again = turn.last_action() == self.NAME
        if again:
            turn.say("comfort_again")
        else:
            turn.tell(safety_text(card, first=bool(elder)))
        about = f'"service":"{self.VISIT}","about":"m:{turn.message.id}"'
        yes = button(say("button_visit"), f"/report_problem{{{about}}}")
        turn.say("comfort_visit", [yes, button(say("button_not_now"), "/deny")])
        offer = {"id": turn.message.id, "follow": "report_form", "intent": "report_problem",
                 "about": turn.message.id, "leaf": self.VISIT}  # fmt: skip
        return [SlotSet("offer", offer), FollowupAction(LISTEN)]


async def danger_first(turn: Turn, leaf: str | None, client: Client) -> bool:
    """Say what to do in danger before a report or question about such a matter goes on.

    Returns:
        Whether something was said; being away never stops what was asked for.
    """
    card = crisis.lead_card(leaf, turn.message.text)
    if card is None:
        return False
    try:
        found = await client.hotlines(card)
    except (ServiceAway, Refused):
        return False
    short = (found["card"].get("elder") or {}) if turn.elder else {}
    lead = short.get("lead") or found["card"].get("lead")
    if lead:
        turn.tell_first(lead)
    return bool(lead)


def _fallback(leaf: str) -> str:
    """Return the words that need no services; who wants to die or is beaten is told gently."""
    return f"emergency_fallback_{leaf}" if leaf in ("J3", "J5") else "emergency_fallback"


async def _card(client: Client, now: crisis.Crisis, elder: bool) -> Json | None:
    """Return the safety card in the words for who speaks; None when the services are away."""
    try:
        found = await client.hotlines(now.card)
    except (ServiceAway, Refused):
        return None
    card = dict(found.get("card") or {})
    other = card.pop("third_party", None)
    if now.third and other:
        card.update(other)
    short = card.pop("elder", None) if elder else None
    card.update(short or {})
    return {
        "type": "safety",
        "leaf": now.leaf,
        "title": card.get("title") or "",
        "lines": card.get("lines") or [],
        "numbers": found.get("numbers") or [],
        "version": card.get("version"),
        "after": card.get("after") or {},
        "elder": bool(short),
    }


async def _alert(client: Client, turn: Turn, leaf: str, ticket_no: str = "") -> Alert | None:
    """Alert people, or add the words to the call for help of this ticket."""
    words = turn.message.verbatim or say("told_emergency")
    try:
        return await client.alert(
            turn.conversation_id, "emergency", words, turn.key("emergency"), leaf, ticket_no
        )
    except (ServiceAway, Refused):
        return None


def safety_text(card: Json, *, first: bool) -> str:
    """Return the card in words for every channel: the lines unchanged, then the numbers.

    Args:
        card: The card.
        first: The numbers come before the lines, one a line: large-type mode.
    """
    if first:
        numbers = [f"{n['name']} {n['phone']}" for n in card["numbers"]]
        return "\n".join([card["title"], *numbers, *card["lines"]])
    return "\n".join(filter(None, [card["title"], *card["lines"], _numbers(card)]))


def _numbers(card: Json) -> str:
    return "  ".join(f"{n['name']} {n['phone']}" for n in card["numbers"])


def _alerted(alert: Alert) -> str:
    words = alert.text or say("emergency_alerted")
    if alert.duty_phone and alert.duty_phone not in words:
        words += say("emergency_duty", name=alert.duty_name, phone=alert.duty_phone)
    return words


class Handoff(TurnAction):
    """Hands the conversation to a person. What was being filled in stays."""

    NAME = "action_handoff"
    RESUMES = False

    async def act(self, turn: Turn) -> list[EventType]:
        """Ask for a person; if that is impossible right now, say which numbers work.

        A complaint about somebody of the desk does not go to the desk.
        """
        if turn.loop is None and conduct.about(turn.message.text):
            return [FollowupAction("report_form")]
        if turn.loop and leaves_open(turn.message):
            return [FollowupAction(turn.loop)]
        try:
            async with turn.client() as client:
                alert = await client.alert(
                    turn.conversation_id,
                    "human",
                    turn.message.verbatim or say("button_human"),
                    turn.key("human"),
                )
        except ServiceAway:
            turn.say("handoff_away", [button(say("button_human"), "/ask_human")])
            return []
        turn.tell(alert.text or say("handoff", turn.elder))
        return []
