"""One turn of a conversation: what an action sees of it, and how it speaks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.client import Client, Json
from actions.dialogue import pattern
from actions.forms.draft import Draft
from actions.forms.replies import NO, SUBMIT_NOW, YES, bare, leftover
from actions.knowledge import asked_about, follow_ups, information
from actions.message import REFERS_TO_MESSAGE, Entity, Leaf, Message, from_events, pressed, recalled
from actions.talk import choices, going_on, heard, repairs
from actions.talk.requests import BEHIND, CONTACT, restored
from actions.texts import catalogue, say
from actions.tickets import ordered, own
from bot.understanding.scripts import simplify

LISTEN = "action_listen"
AFFIRM = "action_affirm"
ANSWER = "action_answer_service"
CLARIFY = "action_clarify"
SUBMITS = "action_submit_"
REPORTED = f"{SUBMITS}report"
VOLUNTEER = "action_volunteer"
MANNERS = "action_manners"
CALLBACK = "action_callback_answer"
ASKS_WHICH = frozenset(
    {"action_unknown_certificate", "action_route_certificate", "action_check_certificate"}
)
"""Actions that may have asked which certificate is meant, so that its description is enough."""
EXPLAINS = frozenset(
    {ANSWER, "action_check_certificate", "action_refuse_certificate", "action_route_certificate"}
)
"""Actions that begin or go on with a topic."""
RASAS_OWN = frozenset({LISTEN, "action_extract_slots", "action_session_start"})
"""Steps of Rasa itself between a message and the first action that answers it."""
Button = dict[str, str]
FEW = 4
"""So many buttons one message of large-type mode has at most."""


def few(buttons: Sequence[Button]) -> list[Button]:
    """Return the first buttons and the last one, which is the way out; what is left out can be said."""
    return list(buttons) if len(buttons) <= FEW else [*buttons[: FEW - 1], buttons[-1]]


DECLINED = "declined"
"""Key of an offer that was said no to: it stands for one more message, for who changes their mind."""
WHO_AND_WHERE = frozenset({"address", "phone", "person"})
"""What is told of oneself in answer to an offer: “幸福小区2号楼501”, “张凤英 139…”."""


def _says_who_or_where(message: Message) -> bool:
    """Whether the message is nothing but where one lives or how one is reached: it takes what was offered."""
    told = {e.type for e in message.entities} & (WHO_AND_WHERE - {"person"})
    alone = pattern("forms", "of_oneself").fullmatch(leftover(message))
    return bool(told) and not message.tapped and alone is not None


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
        self.message = heard.with_meal(tracker.events, self.message)
        self.typed = self.message
        """The message as it came, also when its words name a button."""
        left = self.message.left or {}
        asked = list(left["buttons"]) if left.get("fresh") else None
        self.offered = asked or choices.offered(tracker.events)
        """The buttons under the bot's last words."""
        self.choice = self._named_button()
        if self.choice is not None:
            facts = self.choice.facts
            of_them = [e for e in self.message.entities if e.type in WHO_AND_WHERE]
            self.message = pressed(self.message, self.choice.intent, facts, tracker.events)
            said = tuple(replace(e, start=0, end=0) for e in of_them if self.choice.placed)
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
        waits = waits or offer.get(BEHIND) == self.message.id
        self.rest: list[Json] = list(offer.get("rest") or []) if waits else []
        """The requests that wait behind the one of this turn (``actions.talk.requests``)."""
        kept = (offer.get("kept") or {}) if waits else {}
        self.contact_before: Json = dict(kept.get(CONTACT) or {})
        """What was said of a phone for the matter that this one waited behind; empty when it waited behind none."""

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
        if (
            found is None
            and offer.get("yes")
            and not self.loop
            and _says_who_or_where(self.message)
        ):
            found = replace(choices.parse(str(offer["yes"])), placed=True)
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
        """Return the offer this yes or no is about (``actions.talk.offers``), or None."""
        offer = self.tracker.get_slot("offer")
        if not offer or BEHIND in offer or (offer.get(DECLINED) and not self._takes_no_back()):
            return None
        about = self.message.about or ""
        if about.startswith("offer:"):
            return offer if about == f"offer:{offer['id']}" else None
        return offer if self.previous_user_message_id() == offer["id"] else None

    def _takes_no_back(self) -> bool:
        """Whether the words wish for what was just said no to (“还是记上吧”)."""
        said = not self.message.tapped and pattern("forms", "after_all").match(
            bare(self.message.text)
        )
        return bool(said)

    def last_filed(self) -> str | None:
        """Return the action that filed the newest request of this conversation."""
        names = (
            str(e.get("name")) for e in reversed(self.tracker.events) if e["event"] == "action"
        )
        return next((name for name in names if name.startswith(SUBMITS)), None)

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


def button(title: str, payload: str) -> Button:
    """Return a choice; tapping it sends the payload."""
    return {"title": title, "payload": payload}


def cleared() -> list[EventType]:
    """Return the events that put the draft away."""
    return [SlotSet("draft", None), SlotSet("confirmed", None), SlotSet("requested_slot", None)]


def short(text: str, limit: int = 16) -> str:
    """Return the beginning of what was said, to name it in a sentence."""
    return text if len(text) <= limit else text[:limit] + "…"
