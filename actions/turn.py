"""The thin joint between Rasa and the dialogue: one turn, and the action class all actions share."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions import (
    accessible,
    amending,
    asked_about,
    choices,
    conduct,
    contact,
    corrections,
    crisis,
    drafts,
    follow_ups,
    gist,
    going_on,
    information,
    leaves,
    left_days,
    manners,
    needed,
    ordered,
    orders,
    own,
    own_data,
    pausing,
    powers,
    repairs,
    secrecy,
    speaking,
    taking,
    waiting,
    withdrawing,
)
from actions.client import Client, Json, Refused, ServiceAway
from actions.dialogue import pattern
from actions.forms import asides, booking, certificate, extra, neighbours, subsidy, volunteer
from actions.forms.draft import Draft
from actions.forms.replies import DECLINES, NO, SUBMIT_NOW, YES, bare, opens_only
from actions.heard import number_before
from actions.message import (
    REFERS_TO_MESSAGE,
    Entity,
    Leaf,
    Message,
    from_events,
    pressed,
    recalled,
)
from actions.requests import HANDOVER, own_part, restored, still_waiting, with_rest
from actions.texts import catalogue, say
from bot.understanding.scripts import simplify

LISTEN = "action_listen"
AFFIRM = "action_affirm"
DENY = "action_deny"
ANSWER = "action_answer_service"
EMERGENCY = "action_emergency"
EMERGENCY_FOLLOW = "action_emergency_follow"
BOOK = "action_book_service"
CLARIFY = "action_clarify"
WITHDRAW = "action_withdraw"
SUBMITS = "action_submit_"
SUBMIT_MEAL = f"{SUBMITS}meal"
ARRANGED = frozenset(f"{SUBMITS}{form}" for form in ("booking", "errand", "volunteer"))
"""Actions that file what somebody arranges with the resident."""
VOLUNTEER = "action_volunteer"
MANNERS = "action_manners"
COMFORT = "action_comfort"
CALLBACK = "action_callback_answer"
ASKS_WHICH = frozenset({"action_unknown_certificate", "action_route_certificate"})
"""Actions that may have asked which certificate is meant, so that its description is enough."""
EXPLAINS = frozenset(
    {ANSWER, "action_check_certificate", "action_refuse_certificate", "action_route_certificate"}
)
"""Actions that begin or go on with a topic."""
ERRAND_SURE = 0.5
"""From this confidence on a wish to have something done is about the service that was understood."""
RASAS_OWN = frozenset({LISTEN, "action_extract_slots", "action_session_start"})
"""Steps of Rasa itself between a message and the first action that answers it."""
PEOPLE_FIRST = frozenset({EMERGENCY, "action_handoff"})
"""Danger and the wish for a person are never read as something else."""
NOT_OURS = frozenset({"action_out_of_scope", "action_chitchat"})
"""What is said to words of nothing that the community does."""
VAGUE = NOT_OURS | {CLARIFY, "action_capability"}
"""What is said when a message fits nothing."""
CALLED_FOR = frozenset({"action_callback_answer", "action_cancel_form", AFFIRM, DENY})
"""Actions that answer what was asked before, whatever else the message tells."""
Button = dict[str, str]
BESIDE_BOOKING = RASAS_OWN | {AFFIRM, DENY, own.QUERY, own.SUPPLEMENT, "action_my_data", *VAGUE}
"""Actions after which one still talks of the booking that was filed before them."""
SHORT_QUESTION = 8
"""So many characters at most ask something of the form that is open (“要不要钱嘛”); a longer question may name its own matter."""
SHORT_TELLING = 12
"""So many characters say who speaks and nothing else (“我是他邻居”)."""
COMPLAINT_SHORTEST = 10
"""So many characters tell what is complained of, beside that it is (“我要投诉” alone opens the form empty)."""
_NO_COMPLAINT = frozenset(
    "chitchat out_of_scope greet thank goodbye ask_community_info ask_notice ask_capability make_suggestion "
    "affirm deny cancel_dialog".split()
)
FEW = 4
"""So many buttons one message of large-type mode has at most."""


def few(buttons: Sequence[Button]) -> list[Button]:
    """Return the first buttons and the last one, which is the way out; what is left out can be said."""
    return list(buttons) if len(buttons) <= FEW else [*buttons[: FEW - 1], buttons[-1]]


_CLAUSE = re.compile(r"[，,。；;！!？?\s]")


class Turn:
    """What an action sees of the conversation, and how it speaks."""

    def __init__(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> None:
        self._dispatcher = dispatcher
        self._lead = ""
        self.again = False
        """A question comes again: it is put in other words where dialogue.yml has some (``…_again``)."""
        self.tracker = tracker
        self.conversation_id = str(tracker.sender_id)
        self.message: Message = from_events(
            self.conversation_id, tracker.latest_message or {}, tracker.events
        )
        self.message = _filed_first(repairs.as_report(self.message))
        self.typed = self.message
        """The message as it came, also when its words name a button."""
        left = self.message.left or {}
        asked = list(left["buttons"]) if left.get("fresh") else None
        self.offered = asked or choices.offered(tracker.events)
        """The buttons under the bot's last words."""
        self.choice = self._named_button()
        if self.choice is not None:
            facts = self.choice.facts
            where = self.message.all("address") if self.choice.placed else []
            self.message = pressed(self.message, self.choice.intent, facts, tracker.events)
            said = tuple(replace(e, start=0, end=0) for e in where)
            self.message = replace(self.message, entities=(*self.message.entities, *said))
        offer = tracker.get_slot("offer") or {}
        if offer.get("taken") and offer["taken"] == self.message.id:
            # A plain yes to what waited: the words that count are those that told it.
            leaf = Leaf(offer["leaf"], 1.0) if offer.get("leaf") else None
            which = offer.get("certificate")
            named = (Entity("certificate", which, which),) if which else ()
            yes = replace(self.message, intent=offer["intent"], leaf=leaf, entities=named)
            self.message = recalled(yes, tracker.events, offer["about"])
            if own.place_alone(self.typed):
                said = tuple(replace(e, start=0, end=0) for e in self.typed.all("address"))
                self.message = replace(self.message, entities=(*self.message.entities, *said))
            if told := offer.get("told"):  # more of the same, said since
                self.message = replace(self.message, text=simplify(told), written=told)
        if offer.get("kept") and self._is_left_behind(offer):
            self.message = restored(self.message, offer["kept"])
        spoken = (self.standing_offer() or {}).get("days")
        if self.loop and self.draft:
            spoken = self.draft.get(ordered.SPOKEN)
        self.message = ordered.pointing_back(self.message, spoken or ())
        self.message = asked_about.on_its_day(self.message, self.asked_about())
        said_in = self.message.said_in
        waits = bool(said_in) and offer.get("about") == said_in
        self.rest: list[Json] = list(offer.get("rest") or []) if waits else []
        """The requests that wait behind the one of this turn (``actions.requests``)."""

    def _loop_before(self) -> bool:
        """Whether a form was open when the message came, not only opened by it."""
        for event in reversed(self.tracker.events):
            if event.get("event") == "user":
                return bool(self.loop)
            if event.get("event") == "active_loop":
                return False
        return bool(self.loop)

    def _is_left_behind(self, offer: Json) -> bool:
        """Whether the message takes up what waited, and that was told in another conversation."""
        if self.message.said_in == offer["about"]:
            return False
        tapped = self.message.about == f"{REFERS_TO_MESSAGE}{offer['about']}"
        return tapped or offer.get("taken") == self.message.id

    def _named_button(self) -> choices.Choice | None:
        """Return the button that typed words name; after a callback question they answer that."""
        pending = self.message.pending_callback or {}
        fresh = pending.get("fresh") or (pending and self.last_action() == CALLBACK)
        if self.message.tapped or fresh:
            return None
        found = choices.read(self.message.text, self.offered, strict=bool(self.loop))
        if found is None and not self._loop_before() and own.place_alone(self.message):
            found = choices.placed(self.offered)
        offer, words = self.standing_offer() or {}, bare(self.message.text)
        if found is None and offer.get("yes") and words in YES | NO and not self.loop:
            found = choices.parse(str(offer["yes" if words in YES else "no"]))
        return found if found and found.intent in choices.actions() else None

    @property
    def elder(self) -> bool:
        """Whether this resident reads large type and short sentences."""
        return self.message.elder

    @property
    def loop(self) -> str | None:
        """The form that is open, by its Rasa name."""
        return self.tracker.active_loop_name or None

    @property
    def draft(self) -> Draft | None:
        """What is being filled in."""
        return Draft.from_slot(self.tracker.get_slot("draft"))

    def key(self, suffix: str = "") -> str:
        """Return the idempotency key of a write that this very message causes."""
        return ":".join(filter(None, (self.conversation_id, self.message.id, suffix)))

    def actions_since_message(self) -> list[str]:
        """Return the names of the actions that ran since the resident's last message."""
        names: list[str] = []
        for event in reversed(self.tracker.events):
            if event.get("event") == "user":
                break
            if event.get("event") == "action":
                names.append(str(event.get("name")))
        return names[::-1]

    def last_action(self) -> str | None:
        """Return the action that answered the message before this one."""
        heard = 0
        for event in reversed(self.tracker.events):
            heard += event.get("event") == "user"
            if heard == 1 and event.get("event") == "action" and event.get("name") != LISTEN:
                return str(event.get("name"))
        return None

    def understood(self, message_id: str) -> Json:
        """Return what the model had made of a message, for the record of what it led to.

        ``slots`` are kinds of facts alone: what was said stands in the ticket, protected.
        """
        wanted, _, _ = message_id.partition("#")
        for event in reversed(self.tracker.events):
            if event.get("event") == "user" and event.get("message_id") == wanted:
                parsed = event.get("parse_data") or {}
                intent = parsed.get("intent") or {}
                kinds = {str(e.get("entity")) for e in parsed.get("entities") or []}
                return {
                    "intent": intent.get("name"),
                    "confidence": intent.get("confidence"),
                    "slots": sorted(kinds),
                }
        return {}

    def first_told(self) -> str | None:
        """Return the form or action of the first of several things that one message tells; None for one thing.

        What may harm somebody goes before everything, else what is told first, whatever the whole was taken for.
        """
        parts = () if self.message.tapped or self.message.said_in else self.message.parts
        urgent = [p for p in parts if p.intent == "report_problem" and _may_harm(p)]
        first = HANDOVER.get((urgent or parts)[0].intent) if parts else None
        return first if first not in self.actions_since_message() else None

    def previous_user_message_id(self) -> str | None:
        """Return the id of the resident's message before this one."""
        ids = [e.get("message_id") for e in self.tracker.events if e.get("event") == "user"]
        return str(ids[-2]) if len(ids) > 1 else None

    def say(
        self,
        key: str,
        buttons: Sequence[Button] = (),
        custom: Json | None = None,
        **values: Any,
    ) -> None:
        """Say a sentence of dialogue.yml, with buttons and data for the widget."""
        if self.again and f"{key}_again" in catalogue():
            key = f"{key}_again"
        self.tell(say(key, self.elder, **values), buttons, custom)

    def tell(self, text: str, buttons: Sequence[Button] = (), custom: Json | None = None) -> None:
        """Say words that were put together from parts."""
        text, self._lead = self._lead + text, ""
        shown = few(buttons) if self.elder else list(buttons)
        self._dispatcher.utter_message(
            text=text, buttons=shown or None, json_message=custom or None
        )

    def tell_first(self, text: str, custom: Json | None = None) -> None:
        """Say what helps in danger: nothing stands before it; what was to lead waits for the next words."""
        lead, self._lead = self._lead, ""
        self.tell(text, custom=custom)
        self._lead = lead

    def standing_offer(self) -> Json | None:
        """Return the offer this yes or no is about (``actions.offers``), or None."""
        offer = self.tracker.get_slot("offer")
        if not offer:
            return None
        about = self.message.about or ""
        if about.startswith("offer:"):
            return offer if about == f"offer:{offer['id']}" else None
        return offer if self.previous_user_message_id() == offer["id"] else None

    def answer_to_offer(self) -> str | None:
        """Return the action for a plain yes or no to an offer just made.

        Words like “好” and “要” mean what was asked before them, whatever they are taken for alone.
        """
        offer = self.standing_offer()
        if self.message.tapped or not offer:
            return None
        if self.last_action() == COMFORT and pattern("manners", "sighs").match(self.message.text):
            return COMFORT  # no yes to a visit
        if offer.get(own.MORE) and not self.message.pending_callback:
            return own.SUPPLEMENT if own.adds(self.message) else None
        if offer.get("follow") == WITHDRAW:
            return WITHDRAW if withdrawing.answers(self.message) else None
        if offer.get("pause"):
            return own.SUPPLEMENT if pausing.answers(self.message) else None
        if offer.get("order") and ordered.asked(self.message):
            return own.QUERY
        if offer.get("days") and self.message.all("time") and amending.asks(self.message):
            return own.SUPPLEMENT  # “那就不要送了” leaves out the day that was asked about
        if offer.get("order"):
            return orders.action(self.message)
        if offer.get("data") and self._agrees_to(offer):
            return str(offer["follow"])
        words = bare(self.message.text)
        ahead = words in YES or pattern("forms", "goes_ahead").match(words)
        ahead = ahead or taking.quiet(self.message, str(offer.get("kind")))
        ahead = ahead or taking.finds_out(self.message, str(offer.get("kind")))
        if ahead or self.goes_on(offer) or self.places(offer) or taking.adds(self.message, offer):
            return AFFIRM
        return DENY if words in NO or DECLINES.match(words) else None

    def places(self, offer: Json) -> bool:
        """Whether a place alone answers the offer to report what was told (“要现在报吗”)."""
        return offer.get("follow") == "report_form" and own.place_alone(self.typed)

    def goes_on(self, offer: Json) -> bool:
        """Whether the words ask for the matter that waits (“下一个”), which is offered."""
        said = not self.message.tapped and pattern("forms", "next_one").match(
            bare(self.message.text)
        )
        return bool(offer.get("kept")) and bool(said)

    def _agrees_to(self, offer: Json) -> bool:
        """Whether a change of own data is agreed to by its own word (“删吧”), or by the new number."""
        if offer["data"] == "correct":
            named = contact.own_name(self.message) if "name" in offer else ""
            if named or ("name" not in offer and self.message.all("phone")):
                return True
        return bool(pattern("my_data", "agrees").match(bare(self.message.text)))

    def meant_action(self, name: str) -> str | None:
        """Return the action for words that mean something only by what was said before them.

        “要带啥” after a service was explained is about that service; “我要投诉” asks to be heard;
        “改成三份” is about an order that was made.
        """
        if self.message.tapped:
            return None
        if said := self._whatever_it_was_taken_for(name):
            return said
        if self.message.pinned:  # a label is a place, whatever its words sound like
            return None if name in own.OWN else own.SUPPLEMENT
        if repairs.wished(self.message):
            return None if name in own.OWN else "report_form"
        if said := self._about_oneself(name):
            return said
        if (
            said := self._about_notice()
            or self._about_asked()
            or self._in_so_many_words()
            or self._by_others()
        ):
            return said
        if self.message.intent != "emergency" and conduct.about(self.message.text):
            return "report_form"
        if about_topic := self._about_topic():
            return about_topic
        if manners.about_us(self.message):
            return "action_complain_assistant"
        if manners.concerns(self.message):
            return MANNERS
        if self.message.intent == "give_praise" and gist.ends_with_matter(self.message.text):
            return "report_form"  # thanks come first, the point last
        return self._arranged(name) or self._gone_on_with(name)

    def _whatever_it_was_taken_for(self, name: str) -> str | None:
        """Return the action for words that another reading would swallow, or None.

        How many told the same (who, is told nobody), a word for whoever comes, half a thought, a question about one's
        own in English.
        """
        if own.asks_how_many(self.message):
            return own.QUERY
        if own.relays(self.message):
            return own.SUPPLEMENT
        if manners.unfinished(self.message):
            return MANNERS
        return own.meant(self.message, name) if manners.in_english(self.message) else None

    def _about_oneself(self, name: str) -> str | None:
        """Return the action for a wish about what is kept of the speaker, or about their name; None: neither."""
        shown = self.last_action() == own_data.ACTION
        if own_data.surely(self.message, shown) or self._no_plain_answer(name):
            return own_data.ACTION
        secret = self.message.intent != "emergency" and secrecy.wish(self.message) is not None
        return own.SUPPLEMENT if secret else None

    def _asks_of_order(self) -> bool:
        """Whether something is asked of what was ordered, and of no service that was explained since."""
        if self.message.intent == "emergency" or self.topic_leaf():
            return False
        return bool(self.last_filed() and ordered.asked(self.message))

    def asked_of_order(self, name: str | None) -> str | None:
        """Return what is asked of an order (``ordered``); right behind a booking also what nothing else answers.

        Args:
            name: The action that the classifier's reading chose.
        """
        return ordered.asked(self.message) or (ordered.BEYOND if self._asks_vaguely(name) else None)

    def _asks_vaguely(self, name: str | None) -> bool:
        """Whether words that fit nothing ask something right behind a booking."""
        vague = name in VAGUE or (self.message.uncertain and self.message.intent != "emergency")
        return vague and self._at_booking() and ordered.may_ask(self.message)

    def _at_booking(self) -> bool:
        """Whether a booking, an errand or help offered was filed last, and nothing but it was talked of since."""
        present = len(self.actions_since_message())
        names = [str(e.get("name")) for e in self.tracker.events if e.get("event") == "action"]
        before = names[: len(names) - present]
        named = (n for n in reversed(before) if n not in BESIDE_BOOKING)
        return next(named, None) in ARRANGED

    def _about_notice(self) -> str | None:
        """Return the action for short words about the notice that was asked for right before."""
        notice = self.notice()
        goes_on = notice and information.goes_on(self.message, notice)
        return information.NOTICE if goes_on else None

    def _about_asked(self) -> str | None:
        """Return the action for short words about the place, the person or the menu asked about right before."""
        how = asked_about.goes_on(self.message, self.asked_about())
        if how is None:
            return None
        return "meal_form" if how == asked_about.MENU else information.INFO

    def _about_topic(self) -> str | None:
        """Return the action for words that go on with what was explained: a danger, a short question, more of it."""
        topic = self.topic()
        if told := going_on.threat(self.danger_topic(), self.message):
            return EMERGENCY if told[1] else ANSWER
        asks = self.topic_leaf() and follow_ups.part_of(self.message)
        return ANSWER if asks or going_on.adds(topic, self.message) else None

    def _no_danger(self) -> str | None:
        """Return the action for what only sounds of danger to the classifier, outside of any crisis.

        When what was filed is done (“得多暂来人啊”), a word for whoever comes (“跟上门的说一声我在五楼”), a bag
        left on a bus. What a reviewed pattern takes for danger stays one.
        """
        message = self.message
        if message.tapped or message.confidence >= 1.0 or self.tracker.get_slot("crisis"):
            return None
        if self.last_filed() and self._about_filed():
            return own.QUERY
        if self._at_booking() and ordered.adds_task(message):
            return own.SUPPLEMENT  # “顺便把窗户也擦了”
        if own.relays(message):
            return own.SUPPLEMENT
        if own.asks_how_many(message):
            return own.QUERY
        if manners.unfinished(message):
            return MANNERS
        return ANSWER if powers.told_of_loss(message) else None

    def _about_filed(self) -> bool:
        """Whether the words ask when what was filed is done, or something of a booking just made."""
        asks = bool(self._at_booking() and ordered.asked(self.message))
        return asks or amending.says("done_when", self.message.text)

    def _in_so_many_words(self) -> str | None:
        """Return what the words ask for themselves: a report, an answer about an order, a certificate asked about."""
        if (
            opens_only(self.message.text)
            or self._asks_to_report()
            or self._complains()
            or self._files_first()
        ):
            return "report_form"
        if self._asks_of_order():
            return own.QUERY
        text = self.message.text
        told = certificate.described(text) or certificate.names_office(text)
        return "action_route_certificate" if told and self.last_action() in ASKS_WHICH else None

    def _asks_to_report(self) -> bool:
        """Whether a clause wishes for a report, of words that are no request by themselves (“那给我报，幸福小区1号楼”)."""
        if self.message.intent == "emergency" or len(self.message.text) > SHORT_TELLING * 2:
            return False
        said = pattern("forms", "report_wished")
        return any(said.match(bare(part)) for part in _CLAUSE.split(self.message.text))

    def _files_first(self) -> bool:
        """Whether a problem is told with the wish to have it noted at once (“…先给我报上，别的回头再说”)."""
        return self.message.intent == "report_problem" and bool(
            SUBMIT_NOW.search(self.message.text)
        )

    def _complains(self) -> bool:
        """Whether the message says itself that it is a complaint, and was taken for a chat or a question."""
        taken = self.message.intent in _NO_COMPLAINT or self.message.uncertain
        said = pattern("forms", "complains").search(self.message.text)
        return taken and bool(said) and len(bare(self.message.text)) >= COMPLAINT_SHORTEST

    def _by_others(self) -> str | None:
        """Return the action for what no report takes down: another's power, a neighbour's hand, one's own."""
        if powers.asked(self.message) or powers.told_elsewhere(self.message):
            return ANSWER
        if powers.at_a_loss(self.message):
            return ANSWER
        if self.message.intent == "emergency":
            return None
        volunteers = volunteer.joins(self.message) or repairs.hand_wanted(self.message.text)
        return VOLUNTEER if volunteers else None

    def _reads_badly(self) -> bool:
        """Whether the message is about letters, hearing, typing, doors, and no matter of a place."""
        message = self.message
        if message.tapped or message.all("address") or len(message.parts) > 1:
            return False
        if self.topic_leaf() and follow_ups.part_of(message):
            return False  # “我手机不会弄” behind a card asks for somebody who does it
        return (
            accessible.wish(message.text) is not None or accessible.need(message.text) is not None
        )

    def _no_plain_answer(self, name: str) -> bool:
        """Whether a wish about own data was taken for a yes or a no (“号码写错了”)."""
        return name in (AFFIRM, DENY) and own_data.wished(self.message) is not None

    def _arranged(self, name: str) -> str | None:
        """Return the action for words about meals, bookings and waiting, or about what goes on here."""
        if name == "meal_form" and own.grumbles(self.message):
            return "report_form"
        if name != CALLBACK and own.meal_wrong(self.message):
            return "report_form"
        if subsidy.asks_first(self.message):
            return ANSWER
        filed = self.last_filed()
        says_who = (
            speaking.concerned(self.message) and len(bare(self.message.text)) <= SHORT_TELLING
        )
        if filed and (ordered.adds(self.message) or says_who):
            return own.SUPPLEMENT
        if orders.again(self.message) and filed == SUBMIT_MEAL:
            # “下周三再送” pauses a standing order; without one it is the same once more.
            return own.SUPPLEMENT if left_days.again_from(self.message) else "meal_form"
        if orders.asks(self.message) or waiting.asks(self.message):
            return own.QUERY
        if orders.numbered(self):
            return orders.action(self.message) or name
        if waiting.leaves(self.message):
            return DENY
        if self._asks_vaguely(name):
            return own.QUERY
        return information.asks(self.message)

    def last_filed(self) -> str | None:
        """Return the action that filed the newest request of this conversation."""
        names = (
            str(e.get("name")) for e in reversed(self.tracker.events) if e["event"] == "action"
        )
        return next((name for name in names if name.startswith(SUBMITS)), None)

    def _gone_on_with(self, name: str) -> str | None:
        """Return the action for words that go on with what was explained or asked for before.

        “猫把我抓破了” goes on with nothing and sounds like nothing of ours; what helps is known.
        """
        if name in NOT_OURS and crisis.lead_card(None, self.message.text):
            return "report_form"
        if name in NOT_OURS and certificate.opens(self.message):
            return "action_route_certificate"
        doubtful = name == CLARIFY or self.message.uncertain
        if booking.meant(self.message, self.topic_leaf(), doubtful):
            return BOOK
        if self.refused() and certificate.wants_sheet(self.message.text):
            return ANSWER
        if own_request := own.meant(self.message, name):
            return own_request
        if self.last_filed() and contact.at_home(self.message.text):
            return own.SUPPLEMENT
        if own.code_alone(self.message) and number_before(self.tracker.events, self.message):
            return own.QUERY
        if self.last_action() == own.QUERY and own.phoned(self.message):
            return own.QUERY
        return ANSWER if self._wants_errand() else None

    def _wants_errand(self) -> bool:
        """Whether a card's own offer is wished for in one sentence (“找人帮我妈办老年证”)."""
        leaf = self.message.leaf
        known = leaf is not None and leaf.confidence >= ERRAND_SURE and leaf.id in leaves.errands()
        # With place and number behind it, a wish is often taken for a report.
        taken = ("ask_service", "book_service", "report_problem")
        wished = known and self.message.intent in taken
        return wished and follow_ups.wish(self.message.text) is not None

    def elsewhere(self, name: str, opening: bool = False) -> str | None:
        """Return the action or form that this message is for, when it is another than the one run.

        Words that name a button go where its tap would have gone; what answers an offer, or means
        something only by what was said before, goes there. Only the first action of a turn asks.

        Args:
            name: The action that runs.
            opening: It is a form that this very message opened, so no form is in the way.
        """
        if set(self.actions_since_message()) - {name, *RASAS_OWN}:
            return None
        if self.loop and not opening and extra.endangered(self.draft, self.message):
            meant: str | None = EMERGENCY
        elif (
            drafts.which(self.message) is not None
        ):  # about a form of another channel, not this one
            meant = DENY if drafts.answer(self.message) is False else AFFIRM
        elif waiting.which(self.message) is not None:
            meant = AFFIRM if waiting.answer(self.message) else DENY
        elif self.choice is not None:
            meant = choices.actions()[self.choice.intent]
            if self.loop and not opening and self.choice.intent in choices.REPLIES:
                meant = self.loop
        elif self.loop and not opening:
            return self._beside_the_form(name)
        elif name not in PEOPLE_FIRST and self.completes():
            meant = own.SUPPLEMENT
        else:
            meant = self.answer_to_offer()
            if meant is None and name not in PEOPLE_FIRST:
                meant = self._first_of_all() or self.meant_action(name)
            elif meant is None and name == "action_handoff":
                meant = self._before_a_person()
            elif meant is None and name == EMERGENCY:
                meant = self._no_danger()
        return meant if meant != name else None

    def _first_of_all(self) -> str | None:
        """Return the action for what no other reading may take: how a danger ends, letters, others' matters."""
        before = crisis.standing(self.tracker.get_slot("crisis"), self.message.now)
        if before and not before.over and crisis.ends(self.message):
            return EMERGENCY_FOLLOW
        if self._reads_badly():
            return accessible.ACTION
        return MANNERS if manners.others_asked(self.message) else None

    def _beside_the_form(self, name: str) -> str | None:
        """Return the action for a question beside an open form that a classifier has no name for."""
        if other := self._not_of_form():
            return other if name != other else None
        if name == "action_handoff" and self._asks_no_person():
            return self.loop
        if name in PEOPLE_FIRST:
            return None
        if own_data.about_learning(self.message):
            return own_data.ACTION if name != own_data.ACTION else None
        foreign = manners.answers_in_its_language(self.message)
        if foreign or self.corrects() or self.tells_reach() or self.agrees_quietly():
            return self.loop if name != self.loop else None
        if self._reads_badly():
            return accessible.ACTION if name != accessible.ACTION else None
        if waiting.asks_position(self.message):
            return own.QUERY if name != own.QUERY else None
        if powers.told_elsewhere(self.message):
            return ANSWER if name != ANSWER else None
        if self.loop == "demand_form" and follow_ups.part_of(self.message) == follow_ups.PROXY:
            return (
                "action_handoff"  # who had the certificate refused was told that somebody does it
            )
        if self.draft and (self.asks_of_form() or subsidy.denied(self.message, self.draft)):
            return self.loop if name != self.loop else None
        if self.loop == "errand_form" and self._asks_of_errand():
            return ANSWER if name != ANSWER else None
        others = self.loop == "booking_form" and booking.asks_others(self.message)
        return self.loop if others and name != self.loop else None

    def _asks_no_person(self) -> bool:
        """Whether words beside a form only sound like the wish for a person (“不跟他们一块，我单报”)."""
        alone = neighbours.stays_alone(self.message, self.draft)
        return alone or self._gives_phone() or repairs.wished(self.message)

    def _gives_phone(self) -> bool:
        """Whether the phone that the form asked for is told (“接着说，139…”), and no person is wished for."""
        asked = self.draft is not None and self.draft.asked == "contact"
        told = asked and bool(self.message.all("phone"))
        return told and not pattern("forms", "person").search(self.message.text)

    def _not_of_form(self) -> str | None:
        """Return the action for a swindle, others' matters or a wish for what was filed, told beside a form."""
        if self.message.intent == "emergency":
            return None
        if told := going_on.threat(self.danger_topic(), self.message):
            return EMERGENCY if told[1] else ANSWER
        if manners.others_asked(self.message):
            return MANNERS
        return own.SUPPLEMENT if self._of_filed() else None

    def _of_filed(self) -> bool:
        """Whether a wish for secrecy beside a form is about what was filed before, not about the form's own."""
        if not self.last_filed() or secrecy.wish(self.message) is None:
            return False
        return self.loop != "report_form" or secrecy.of_before(self.message)

    def asks_of_form(self) -> bool:
        """Whether a question beside a form is about what it arranges, whatever it was taken for."""
        kind = asides.aside(self.message, self.draft) if self.draft else None
        if kind is None:
            return False
        short = len(bare(self.message.text)) <= SHORT_QUESTION
        own_words = kind.startswith((asides.CERTIFICATE, asides.ORDER))
        own_words |= bool(pattern("forms", "filed_yet").search(bare(self.message.text)))
        return own_words or (short and kind in asides.OF_FORM)

    def _asks_of_errand(self) -> bool:
        """Whether words beside an errand ask something of its card (“先看看要带什么”)."""
        part = None if self.message.tapped else follow_ups.part_of(self.message)
        return part is not None and part not in follow_ups.OFFERED and self.topic_leaf() is not None

    def takes_up(self) -> bool:
        """Whether the message only goes back to the form that a danger came into (“接着报灯吧”)."""
        between = self.last_action() in (EMERGENCY, EMERGENCY_FOLLOW)
        return self.loop is not None and between and crisis.takes_up(self.message)

    def corrects(self) -> bool:
        """Whether the message turns around what an open form was told (“不对，是公证处要的”)."""
        return self.loop is not None and corrections.of(self.message) is not None

    def completes(self) -> bool:
        """Whether the message answers what the resident was asked to add to a ticket."""
        fresh = bool((self.message.needed or {}).get("fresh"))
        asked = fresh or self.last_action() in needed.ASKED_BY
        return needed.answers(self.message, just_asked=asked)

    def agrees_quietly(self) -> bool:
        """Whether what is given is to be filed and no answer is wished for (“应该的，不用谢”), over its summary."""
        draft = self.draft
        return draft is not None and taking.quiet(self.message, draft.form)

    def tells_reach(self) -> bool:
        """Whether the message answers an open form's question for a phone (“耳朵背，打电话大点声”)."""
        asked = self.draft.asked if self.draft else None
        return asked == "contact" and bool(contact.preference(self.message, asked=True))

    def _before_a_person(self) -> str | None:
        """Return what comes before a person is called: what “我要投诉” is about, a second look, others' matters."""
        if self.message.tapped:
            return None
        if manners.others_asked(self.message):
            return MANNERS
        if opens_only(self.message.text) or repairs.wished(self.message):
            return "report_form"
        if self._at_booking() and ordered.asked(self.message):
            return own.QUERY  # “能不能换人” is about whoever comes
        if amending.says("rebook", self.message.text):
            return own.SUPPLEMENT  # “改成让中心来接” is about the visit, and no person is asked for
        return own.REVIEW if own.wants_review(self.message) else None

    def topic_leaf(self) -> str | None:
        """Return the leaf that was explained a short while ago (“要带啥” is about it), or None."""
        leaf = (self.topic() or {}).get("leaf")
        return str(leaf) if leaf else None

    def topic(self) -> Mapping[str, Any] | None:
        """Return what was explained, redirected or asked about a short while ago (``going_on``), or None.

        Another matter that was taken up since is what short questions are about.
        """
        present = len(self.actions_since_message())
        names = [str(e.get("name")) for e in self.tracker.events if e.get("event") == "action"]
        before = names[: len(names) - present]
        for name, then in zip(reversed(before), [LISTEN, *reversed(before)], strict=False):
            if name in EXPLAINS:
                break
            if follow_ups.ends(name) and then in RASAS_OWN:
                return None  # else it only handed the message over
        return follow_ups.fresh(self.tracker.get_slot("topic"), self.message.now)

    def danger_topic(self) -> Mapping[str, Any] | None:
        """Return the topic that may turn into a danger: the present one, or one of a short while ago.

        What was asked in between does not end it, as long as the words themselves speak of it.
        """
        present = self.topic()
        if going_on.threatens(present):
            return present
        if not going_on.names_danger(self.message):
            return None
        events = (e for e in reversed(self.tracker.events) if e.get("event") == "slot")
        told = (e.get("value") for e in events if e.get("name") == "topic")
        before = next((t for t in told if going_on.threatens(t)), None)
        return follow_ups.fresh(before, self.message.now)

    def notice(self) -> Json | None:
        """Return ``{notice, about, outage}`` of what was published and asked about right before, or None."""
        topic = self.tracker.get_slot("topic") or {}
        if not topic.get("notice") or self.last_action() not in information.ANSWERS:
            return None
        return topic if follow_ups.recent(topic, self.message.now) else None

    def asked_about(self) -> Json | None:
        """Return the place, the grid worker or the menu that was asked about right before (``asked_about``), or None."""
        topic = self.tracker.get_slot("topic") or {}
        told = self.last_action() in information.ANSWERS | {CLARIFY}
        return topic if topic and told and follow_ups.recent(topic, self.message.now) else None

    def refused(self) -> Json | None:
        """Return ``{name, notice}`` of a certificate that was refused a short while ago, or None."""
        return (self.tracker.get_slot("topic") or {}).get("refused") if self.topic_leaf() else None

    def certificate(self) -> Json | None:
        """Return ``{name, notice}`` of the certificate that is talked about, refused or not, or None."""
        talked = (self.tracker.get_slot("topic") or {}) if self.topic_leaf() else {}
        return talked.get("refused") or talked.get("certificate")

    def lead(self, key: str, line: bool = False, **values: Any) -> None:
        """Put a sentence before the next thing that is said, in the same bubble.

        Args:
            key: The sentence of dialogue.yml.
            line: It stands in a line of its own.
            values: What the sentence needs.
        """
        begun = line and self._lead and not self._lead.endswith("\n")
        self._lead += ("\n" if begun else "") + say(key, self.elder, **values)
        self._lead += "\n" if line else ""

    def lead_apart(self) -> None:
        """In large-type mode say an answer that is a line of its own in a bubble of its own."""
        if self.elder and self._lead.endswith("\n"):
            text, self._lead = self._lead.rstrip("\n"), ""
            self._dispatcher.utter_message(text=text)

    def client(self) -> Client:
        """Return the services within this action's budget of time."""
        return Client()


def _filed_first(message: Message) -> Message:
    """Return the message as the problem it tells, when that is to be noted at once, whatever it was taken for."""
    told = next((r for r in message.readings if r.intent == "report_problem" and r.leaf), None)
    if message.tapped or told is None or not SUBMIT_NOW.search(message.text):
        return message
    leaf = message.leaf or Leaf(str(told.leaf), told.confidence)
    return replace(message, intent="report_problem", leaf=leaf, uncertain=False)


def _may_harm(part: Message) -> bool:
    """Whether a request begins with what to do in danger (an open manhole, a burst pipe)."""
    return crisis.lead_card(part.leaf.id if part.leaf else None, part.text) is not None


def button(title: str, payload: str) -> Button:
    """Return a choice; tapping it sends the payload."""
    return {"title": title, "payload": payload}


class TurnAction(Action, ABC):
    """An action that answers one message.

    When it is done the turn is over: an open form asks its question again, otherwise the bot
    listens. No policy has to know what comes after an action.
    """

    NAME: ClassVar[str]
    RESUMES: ClassVar[bool] = True
    """Whether an open form asks again after this answer."""
    ENDS: ClassVar[bool] = True
    """False for a step in the middle of a rule."""

    def name(self) -> str:
        """Return the name in domain.yml."""
        return self.NAME

    @abstractmethod
    async def act(self, turn: Turn) -> list[EventType]:
        """Answer; ``ServiceAway`` and ``Refused`` may pass through."""

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        """Run the action as Rasa calls it; nothing a resident says is answered by an error."""
        turn = Turn(dispatcher, tracker)
        elsewhere = None
        if self.ENDS:
            elsewhere = turn.elsewhere(self.NAME) or self._first_part(turn)
        if elsewhere:
            return [FollowupAction(elsewhere)]
        try:
            events = await self.act(turn)
        except ServiceAway:
            turn.say("away", what=short(turn.message.verbatim) or say("last_words"))
            events = []
        except Refused as refused:
            turn.say("refused", reason=refused.message)
            events = []
        if self.ENDS and turn.loop is None:
            events = with_rest(turn, events, turn.rest, LISTEN)
            if self.NAME not in (*PEOPLE_FIRST, CLARIFY):
                events = still_waiting(turn, events)
        return [*events, *self._ending(turn, events)]

    def _first_part(self, turn: Turn) -> str | None:
        """Take this action's own part of a message that tells several things; the others wait.

        Returns:
            The form or action of the first part, when none of them is for this action.
        """
        parts = turn.message.parts
        if not parts or turn.loop or self.NAME in (PEOPLE_FIRST | CALLED_FOR | {MANNERS}):
            return None
        own = frozenset(intent for intent, name in HANDOVER.items() if name == self.NAME)
        turn.message, others = own_part(turn.message, own)
        if others:
            turn.rest = others
            first = short(turn.message.verbatim)
            turn.lead("several_first", line=True, n=len(parts), first=first)
            return None
        first = HANDOVER[parts[0].intent]
        return first if first not in turn.actions_since_message() else None

    def _ending(self, turn: Turn, events: Sequence[EventType]) -> list[EventType]:
        if not self.ENDS or any(e.get("event") == "followup" for e in events):
            return []
        resumes = self.RESUMES and turn.loop
        return [FollowupAction(turn.loop if resumes else LISTEN)]


def cleared() -> list[EventType]:
    """Return the events that put the draft away."""
    return [SlotSet("draft", None), SlotSet("confirmed", None), SlotSet("requested_slot", None)]


def short(text: str, limit: int = 16) -> str:
    """Return the beginning of what was said, to name it in a sentence."""
    return text if len(text) <= limit else text[:limit] + "…"
