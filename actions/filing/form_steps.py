"""Rasa's side of every form: read the message, look things up, ask what is next.

The forms themselves are data and pure functions in ``actions.forms``; here they meet the services
and the wording.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, ClassVar, Protocol

from rasa_sdk.events import EventType, FollowupAction, SlotSet

from actions import routing
from actions.action import TurnAction
from actions.client import Client, Json, Refused, ServiceAway
from actions.dialogue import pattern
from actions.forms import asides, consent, extra, place, report, shared, subsidy
from actions.forms.draft import (
    CHANGE,
    CONFIRM,
    Draft,
    Form,
    asking,
    fill,
    next_question,
    offers_default,
    repeats,
    still_open,
)
from actions.forms.replies import bare, is_question, is_stop, is_yes
from actions.knowledge import leaves
from actions.message import Leaf, Message, one_each
from actions.safety import crisis
from actions.talk import heard, manners, misses
from actions.talk.choices import REPLIES
from actions.talk.echo import mask_phone, say_address, say_date
from actions.talk.requests import HANDOVER, as_later, own_part
from actions.texts import catalogue, say
from actions.tickets import amending, ordered
from actions.turn import Button, Turn, button, short

Lines = list[tuple[str, str]]


class FormRules(Protocol):
    """A module of ``actions.forms``: what is read back of its draft."""

    def summary(self, draft: Draft, message: Message) -> Lines:
        """Return the draft as (heading, words), in the order it is read out."""


ANONYMITY = "action_anonymity"
"""Gives a question about the matter back to the form (“能保证拆掉吗”)."""
CARD_PARTS = {"owner": "power", "promise": "limit"}
"""Which part of a card answers a question over the summary, where it is another than it is called."""
NOTED = frozenset({asides.GRUMBLE, asides.HASTENS})
"""Asides that are written on the request, each with a sentence of its own."""
# Steps after which the form still has to read the message. A real emergency ends the turn, so
# the form only follows one that turned out to be a plain answer.
OWN_STEPS = {
    "action_listen",
    "action_extract_slots",
    "action_session_start",
    "action_emergency",
    "action_emergency_follow",  # goes on to the form only with a place that the form asked for
    "action_handoff",  # ends the turn, unless the words only leave the question open
    "action_cancel_form",  # ends the turn, unless the words begin the same thing anew
}
UNREAD_SURE = 0.6
"""Confidence from which on an answer that is none is answered as what it is (a greeting, thanks)."""
LOOKED_UP = {
    ordered.SPOKEN,
    "warned",
    report.ORDER,
    extra.CANTEEN,
    "window",
    "next_open",
    "place",
    "place_status",
    "place_missing",
    "place_options",
    "place_guess",
    "home_declined",
    "own_open",
    "neighbours",
    "similar_to",
}
"""Values that a service filled in."""


@dataclass(frozen=True)
class Step:
    """What a message made of a form.

    Attributes:
        question: The field in question now, None when the form is done.
        asks: Whether the question is put again; a resident who thinks it over is left alone.
        beside: The message did not try to answer, so the question does not count as asked once more.
    """

    draft: Draft
    question: str | None
    asks: bool = True
    beside: bool = False


class FormStep(TurnAction):
    """Validation action of a form: fills the draft from the message and asks what is next."""

    ENDS = False
    FORM: ClassVar[Form]
    RULES: FormRules
    LEAF: ClassVar[str] = ""
    """Leaf of what the form is about, when it is always the same."""
    REMEMBERS: ClassVar[frozenset[str]] = frozenset(
        {"address", "address_text", "phone", "name", "subject", "confidential"}
    )
    """Values that are taken from what was said shortly before."""

    @property
    def loop(self) -> str:
        """The form's name in domain.yml."""
        return f"{self.FORM.name}_form"

    async def act(self, turn: Turn) -> list[EventType]:
        """Return the new draft and, as ``requested_slot``, the field that was asked."""
        old = self._open_draft(turn)
        opening = old is None or not old.seen
        elsewhere = routing.elsewhere(turn, self.loop, opening)
        if opening and is_stop(turn.message):
            # “不订饭了” opens nothing: it takes back what there is, or is only a word.
            takes_back = HANDOVER["withdraw_ticket"]
            tried = takes_back in turn.actions_since_message()
            elsewhere = "action_cancel_form" if tried else takes_back
        if (
            opening
            and elsewhere is None
            and (first := routing.first_told(turn))
            and first != self.loop
        ):
            elsewhere = first
        if elsewhere:  # the words name a button, or answer what was asked before the form
            waiting = None if opening else turn.tracker.get_slot("requested_slot")
            keeps = [] if opening or old is None else self._slots(old)  # or Rasa rejects the form
            return [*keeps, SlotSet("requested_slot", waiting), FollowupAction(elsewhere)]
        back = self._taken_up(turn, old)
        step = await self._step(turn, old)
        if step.question is None:
            return [
                *self._slots(step.draft),
                SlotSet("confirmed", True),
                SlotSet("requested_slot", None),
            ]
        draft = replace(step.draft, asked=step.question)
        if step.asks:
            changes = step.question == CONFIRM and not step.beside
            changed = self._changed(turn, old, step.draft) if changes else ""
            if step.beside and step.question == CONFIRM:
                turn.lead_apart()
            self._speak(turn, step.draft, step.question, changed)
            draft = draft if step.beside else asking(step.draft, step.question)
        return [*back, *self._slots(draft), SlotSet("requested_slot", step.question)]

    @staticmethod
    def _taken_up(turn: Turn, old: Draft | None) -> list[EventType]:
        """Let go of a danger that came into the form, when the message only goes back to the form; else nothing.

        The numbers are said once more, as nobody said that it is over.
        """
        if old is None or not routing.takes_up(turn):
            return []
        before = crisis.standing(turn.tracker.get_slot("crisis"), turn.message.now)
        after = crisis.let_go(before) if before and not before.over else None
        if after is None:
            return []
        turn.lead("emergency_let_go", line=True)
        return [SlotSet("crisis", after.to_slot())]

    async def _step(self, turn: Turn, old: Draft | None) -> Step:
        """Read the message and return what is known and asked now; leads are said already."""
        if old is not None and self._interrupted(turn, old):
            turn.lead("resume")
            return Step(old, still_open(self.FORM, old, turn.message), beside=True)
        if old is not None and (kind := self._aside(turn, old)):
            if kind == asides.PAUSE:
                turn.say("form_waits")
                return Step(replace(old, seen=turn.message.id), old.asked, asks=False)
            draft = replace(old, seen=turn.message.id)
            return Step(await self._answer_aside(turn, draft, kind), old.asked, beside=True)
        if old is not None and (over := shared.day_over(old, turn.message.now)):
            day = say_date(date.fromisoformat(over), turn.message.now)
            turn.lead("day_over", line=True, day=day)
            old = shared.renewed(old, turn.message.now)
        again = old is not None and self._same_words(turn, old)
        draft = replace(old, seen=turn.message.id) if old and again else self._filled(turn, old)
        async with turn.client() as client:
            draft = await self.look_up(turn, draft, client)
            question = next_question(self.FORM, draft, turn.message)
        missed = old is not None and self._missed(turn, old, draft, question)
        draft = replace(draft, misses=old.misses + 1 if old and missed else 0)
        if misses.person_due(draft.misses):
            await misses.call_person(turn, draft)
            return Step(replace(draft, misses=0), question, asks=False)
        self._acknowledge(turn, old, draft, question)
        waits = len(draft.get("later") or []) > len((old.get("later") if old else None) or [])
        beside = waits or bool(manners.courtesy(turn.message.text))
        return Step(draft, question, beside=beside and old is not None)

    def _open_draft(self, turn: Turn) -> Draft | None:
        draft = turn.draft
        if draft is None or draft.form != self.FORM.name:
            return None
        # A draft prepared for this very message opens the form; an old one does not.
        return draft if turn.loop == self.loop or draft.round == turn.message.id else None

    def _interrupted(self, turn: Turn, old: Draft) -> bool:
        if turn.loop != self.loop or not old.seen:  # a prepared draft has read nothing yet
            return False
        if old.round == turn.message.id:  # brought here from another channel by this very message
            return False
        if routing.takes_up(turn):
            return True  # “接着报灯吧”: the question as it was, nothing of it is an answer
        if routing.corrects(turn):
            return False  # whatever it was taken for, it changes what was told
        if routing.asks_of_form(turn):
            return False  # whatever it was taken for, the form answers it
        if routing.agrees_quietly(turn):
            return False  # taken for a word of parting, it is a yes to the form
        if routing.keeps_secret(turn):
            return False  # “别说是我说的” at any question is noted
        if manners.answers_in_its_language(turn.message):
            return False  # the form reads it
        if routing.tells_reach(turn):
            return False  # whatever it was taken for, it answers the question for a phone
        if subsidy.denied(turn.message, old):
            return False  # “没得啥子补贴” sounds like a question about one
        if turn.choice is not None and turn.choice.intent in REPLIES:
            return False  # a named button of the form's own question
        ran = set(turn.actions_since_message()) - OWN_STEPS - {self.loop}
        return bool(ran) and not (ran == {ANONYMITY} and asides.aside(turn.message, old))

    def _aside(self, turn: Turn, old: Draft) -> str | None:
        """Return the kind of a message beside the form's question (``asides``), or None."""
        new = turn.loop == self.loop and bool(old.seen) and old.seen != turn.message.id
        return asides.aside(turn.message, old) if new else None

    async def _answer_aside(self, turn: Turn, draft: Draft, kind: str) -> Draft:
        """Say what an aside asks for, before the question comes again.

        A question that no card answers is noted: whoever handles the matter answers it.
        """
        if kind == asides.PUZZLED:
            turn.again = True
        elif kind == asides.WHY:
            key = f"why_{draft.asked}"
            turn.lead(key if key in catalogue() else "why_any", line=True)
        elif kind in (asides.UNFILED, asides.UNNUMBERED, asides.CARES):
            turn.lead(f"aside_{kind}", line=True)
        elif kind == asides.RECAP and draft.asked not in (CONFIRM, CHANGE):
            lines = "\n".join(f"• {k}：{v}" for k, v in self.summary(draft, turn.message))
            turn.lead("recap_so_far", line=True, summary=lines)
        elif kind != asides.RECAP:
            words = await self._card_part(turn, draft, kind)
            if words:
                turn.lead(f"aside_{kind}", line=True, words=words)
                return draft
            turn.lead(f"aside_{kind}" if kind in NOTED else "aside_noted", line=True)
            return self._written_down(turn, draft)
        return draft

    @staticmethod
    def _written_down(turn: Turn, draft: Draft) -> Draft:
        """Return the draft with the words of the message behind its story."""
        story = "\n".join(filter(None, (draft.get("narrative"), turn.message.verbatim.strip())))
        return replace(draft, values={**draft.values, "narrative": story})

    async def _card_part(self, turn: Turn, draft: Draft, part: str) -> str:
        """Return the words of the matter's service card about ``part``; empty without any."""
        leaf = str(draft.get("leaf") or self.LEAF)
        try:
            async with turn.client() as client:
                card = await client.card(leaf) if leaf in leaves.names() else None
        except (ServiceAway, Refused):
            return ""
        if card is None or not card.get("valid"):
            return ""
        return str(card.get(CARD_PARTS.get(part, part)) or "")

    def _missed(self, turn: Turn, old: Draft, draft: Draft, question: str | None) -> bool:
        """Whether an answer was none; an optional question is then left open, and no misunderstanding."""
        asked = self.FORM.field(old.asked)
        given_up = asked is not None and not asked.optional
        open_ = question == old.asked or (given_up and question is not None)
        return open_ and self._unread(turn, old, draft)

    def _unread(self, turn: Turn, old: Draft, draft: Draft) -> bool:
        """Whether the message brought nothing that the same question would not have to ask again."""
        before, now = (told(d, self.FORM) for d in (old, draft))
        if self._changed(turn, old, draft):
            return False  # “不用保密” takes something away
        if self._states(turn, old, draft) or self._repeats(turn, old):
            return False
        if manners.courtesy(turn.message.text) or self._adds_nothing(turn, old):
            return False
        agreed = is_yes(turn.message) and old.asked in (CONFIRM, CHANGE)
        return (
            before == now and old.skipped == draft.skipped and not agreed and bool(turn.typed.text)
        )

    @staticmethod
    def _adds_nothing(turn: Turn, old: Draft) -> bool:
        """Whether it is said over the summary that there is nothing to change or to add (“没有”, “不用”)."""
        said = pattern("forms", "nothing_else").match(bare(turn.typed.text))
        return old.asked == CONFIRM and not turn.message.tapped and bool(said)

    def _states(self, turn: Turn, old: Draft, draft: Draft) -> bool:
        """Whether a form that arranges something was told more than it asks (“租的”): it stands in the words kept."""
        grown = draft.get("narrative") != old.get("narrative") and self.FORM is not report.FORM
        says = pattern("forms", "states").search(bare(turn.message.text))
        named = bool(says) or bool(turn.message.all("address"))  # “县医院”: where to
        return grown and named and not is_question(turn.message)

    def _repeats(self, turn: Turn, old: Draft) -> bool:
        """Whether what is said over the summary is what is noted there (“…还是3号楼”, “送到家”)."""
        if repeats(self.FORM, old, turn.message):
            return True
        if self._same_words(turn, old):
            return True
        if old.asked not in (CONFIRM, CHANGE):
            return False
        if turn.message.meant("address"):
            return True
        fields = (f for f in self.FORM.fields if f.name != "narrative")
        read = [v for f in fields for v in f.read(turn.message, old).items()]
        return any(v and old.get(k) == v for k, v in read)

    @staticmethod
    def _same_words(turn: Turn, old: Draft) -> bool:
        """Whether the very words of before are sent once more (“楼道灯坏了”, “楼道灯坏了”)."""
        said, told = bare(turn.message.text), str(old.get("narrative") or "").splitlines()
        new = bool(old.seen) and old.seen != turn.message.id and not turn.message.tapped
        return new and bool(said) and said in map(bare, told)

    def _filled(self, turn: Turn, old: Draft | None) -> Draft:
        new = old is not None and old.seen and old.seen != turn.message.id
        if old is not None and new and self._another_matter(turn, old):
            later = [*(old.get("later") or []), as_later(turn.message)]
            return replace(old, seen=turn.message.id, values={**old.values, "later": later})
        waiting: list[Json] = []
        if old is None or not old.seen:
            waiting = [*self._own(turn), *turn.rest]
        elif new and self.FORM.name == report.FORM.name:
            waiting = self._other_houses(turn, old)
        draft = self.after_fill(fill(self.FORM, old, turn.message), turn.message)
        if waiting and not draft.get("later"):
            draft = replace(draft, values={**draft.values, "later": waiting})
        return self._remembering(turn, draft) if old is None or not old.seen else draft

    def _remembering(self, turn: Turn, draft: Draft) -> Draft:
        """Add to a form just opened what was said shortly before, so that it is not asked again."""
        known = heard.recall(turn.tracker.events, draft, turn.message)
        known = {k: v for k, v in known.items() if k in self.REMEMBERS}
        if known.get("address"):
            turn.lead("heard_place", line=True)
        draft = replace(draft, values={**draft.values, **known})
        told = turn.contact_before
        asks = any(f.name == "contact" and f.needed(draft, turn.message) for f in self.FORM.fields)
        if not told or not asks:
            return draft
        if phone := told.get("phone"):
            turn.lead("heard_phone", line=True, phone=mask_phone(str(phone)))
        return replace(draft, values={**draft.values, **told})

    def _own(self, turn: Turn) -> list[Json]:
        """Take the form's own part of a message that tells several things; return the others."""
        intents = asides.OWN.get(self.FORM.name, frozenset())
        whole = turn.message
        turn.message, others = own_part(whole, intents)
        if others:
            first = short(turn.message.verbatim)
            turn.lead("several_first", line=True, n=len(whole.parts), first=first)
        return others

    @staticmethod
    def _other_houses(turn: Turn, old: Draft) -> list[Json]:
        """Take the first house of an answer that counts them up (“一个3号楼，一个5号楼”); return the others."""
        story, leaf = str(old.get("narrative") or "").partition("\n")[0], old.get("leaf")
        if old.asked != "place" or not (story and leaf):
            return []
        first, *others = one_each(turn.message, told=story) or (None,)
        if first is None or not others:
            return []
        turn.lead("several", line=True, n=1 + len(others))
        where = first.entities[-1]
        turn.message = replace(first, text=where.text, written=where.text)
        matter = Leaf(str(leaf), 1.0, ())
        return [as_later(replace(o, intent="report_problem", leaf=matter)) for o in others]

    def _another_matter(self, turn: Turn, draft: Draft) -> bool:
        """A matter told while another one is being arranged waits until that is done."""
        return turn.loop == self.loop and asides.another_matter(turn.message, draft)

    @staticmethod
    def _slots(draft: Draft) -> list[EventType]:
        return [SlotSet("draft", draft.to_slot())]

    def _changed(self, turn: Turn, old: Draft | None, draft: Draft) -> str:
        """Return what the last message changed in a summary that was already shown."""
        if old is None or old.asked not in (CONFIRM, CHANGE):
            return ""
        return self._differences(turn, old, draft)

    def _differences(self, turn: Turn, old: Draft, draft: Draft) -> str:
        """Return in words what is read back otherwise than before the last message."""
        before = dict(self.summary(old, turn.message))
        now = self.summary(draft, turn.message)
        new = [(k, v) for k, v in now if before.get(k) != v]
        if not new and (gone := before.keys() - dict(now).keys()):
            return "，".join(say("line_gone", heading=k) for k in before if k in gone)
        other = leaves.name(draft.get("leaf")) if draft.get("leaf") != old.get("leaf") else ""
        return "，".join(
            say("story_added")
            if heading == report.STORY and not other
            else f"{heading}：{other if heading == report.STORY else words}"
            for heading, words in new
        )

    def _acknowledge(
        self, turn: Turn, old: Draft | None, draft: Draft, question: str | None
    ) -> None:
        """When the same question comes again, first say what became of the answer."""
        words = short(turn.message.verbatim)
        if old is None or not words:
            return
        counted = bool(turn.message.said_in)  # the first of several houses, which were counted up
        if not counted and len(draft.get("later") or []) > len(old.get("later") or []):
            turn.lead("later_noted", words=words)
            return
        if old.asked == "place" != question and not draft.get("address"):
            turn.lead("place_left_open", line=True)
        if old.asked != question or draft.get("phone_promised") != old.get("phone_promised"):
            return
        if self._said_beside(turn, draft, question):
            return
        before, now = (told(d, self.FORM) for d in (old, draft))
        if question == CONFIRM:
            same = self.summary(old, turn.message) == self.summary(draft, turn.message)
            if same and self._adds_nothing(turn, old):
                turn.lead("confirm_nothing")
            elif same and not is_yes(turn.message):
                again = self._repeats(turn, old)
                known = again or before != now or old.skipped != draft.skipped
                turn.lead("confirm_same" if known else "confirm_unclear", words=words)
        elif question == "place" and _place(old) != _place(draft):
            return  # the question itself names the place it was told
        elif question != CHANGE:
            # “改成下周四行不” beside another question is read back like “不对，是下周四”.
            moves = routing.corrects(turn) or amending.says("change", turn.message.text)
            changed = self._differences(turn, old, draft) if moves else ""
            if changed:
                turn.lead("corrected", changed=changed)
            else:
                unread = "unread_affirm" if is_yes(turn.message) else "unclear"
                heard = before != now or self._repeats(turn, old)
                noted = heard or self._states(turn, old, draft)
                facts = self._facts(turn.message) if noted else ""
                turn.lead("noted" if noted else unread, words=facts or words)

    def _said_beside(self, turn: Turn, draft: Draft, question: str | None) -> bool:
        """Answer what was no answer: not understood, or a courtesy in another language."""
        courteous = manners.answer_in_kind(turn.message.text)
        if draft.misses:
            self._say_unread(turn, draft, question)
        elif courteous:
            turn.lead("unread_courtesy", line=True, words=courteous)
        return bool(draft.misses or courteous)

    @staticmethod
    def _facts(message: Message) -> str:
        """Return who and where somebody says to be beside a question (“我姓李，住3号楼2单元501”), or nothing."""
        person, home = message.last("person"), message.last("address")
        if person is None or home is None:
            return ""
        return say("who_and_where", name=shared.say_name(str(person.value)), place=home.text)

    @staticmethod
    def _say_unread(turn: Turn, draft: Draft, question: str | None) -> None:
        """Say that the answer was none, as kindly as it was meant, before the question is put anew."""
        turn.again = True
        words, known = short(turn.message.verbatim), f"unread_{turn.message.intent}"
        sure = not turn.message.uncertain and turn.message.confidence >= UNREAD_SURE
        if sure and known in catalogue():
            turn.lead(known)
        elif question == CONFIRM:
            turn.lead("confirm_unclear", words=words)
        elif is_yes(turn.message):
            turn.lead("unread_affirm")
        elif question != CHANGE:
            turn.lead("unclear", words=words)

    def _speak(self, turn: Turn, draft: Draft, question: str, changed: str) -> None:
        hint = f"hint_english_{question}"
        if hint in catalogue() and manners.in_english(turn.typed):
            turn.lead(hint, line=True)
        if question == CHANGE:
            turn.say("ask_change")
        elif question == CONFIRM:
            turn.again = False  # the summary is the same in any words
            summary = "\n".join(f"• {k}：{v}" for k, v in self.summary(draft, turn.message))
            key = "ask_confirm_changed" if changed else "ask_confirm"
            buttons = self.confirm_buttons(turn, draft)
            turn.say(key, buttons, summary=summary, yes=buttons[0]["title"], changed=changed)
        elif offers_default(self.FORM, draft, question, draft.asks.get(question, 0)):
            turn.say(f"ask_{question}_default", [button(say("button_right"), "/affirm")])
        else:
            self.ask(turn, draft, question)

    def confirm_buttons(self, turn: Turn, draft: Draft) -> Sequence[Button]:
        """Return the buttons under the summary, the yes first; beside it the yes that keeps what is sensitive."""
        gated = self.FORM.gate is not None
        ways = _ways(consent.over_summary(draft)) if gated else ()
        plain = not (gated and consent.needs_more(draft))
        yes = (button(say("button_submit", turn.elder), "/affirm"),) if plain else ()
        return (*yes, *ways, button(say("button_change"), "/deny"))

    def after_fill(self, draft: Draft, message: Message) -> Draft:
        """Adjust the draft by rules of this form alone."""
        return draft

    async def look_up(self, turn: Turn, draft: Draft, client: Client) -> Draft:
        """Ask the services what the draft needs to know; being away never stops the form."""
        if not place.to_resolve(draft):
            return draft
        try:
            found = await client.resolve_place(
                str(draft.get("address_text") or ""), draft.get("address"), turn.conversation_id
            )
        except (ServiceAway, Refused):
            return place.unresolved(draft)
        return place.resolved(draft, found)

    @abstractmethod
    def ask(self, turn: Turn, draft: Draft, question: str) -> None:
        """Ask for a field."""

    def summary(self, draft: Draft, message: Message) -> Lines:
        """Return the summary to confirm."""
        return self.RULES.summary(draft, message)

    def ask_other_day(
        self, turn: Turn, sentence: str, reason: str, offer: str, yes: str, no: str
    ) -> None:
        """Say why the day is none, and offer the next one; without one another day is asked for.

        Args:
            sentence: The sentence of dialogue.yml that offers.
            reason: Why, one sentence.
            offer: The next day in words; empty: there is none.
            yes: Payload of the button that takes it.
            no: Title of the button that ends the form.
        """
        if not offer:
            turn.say("ask_date_closed_none", reason=reason)
            return
        buttons = [button(say("button_change_to", offer=offer), yes), button(no, "/deny")]
        turn.say(sentence, buttons, reason=reason, next=offer)


def _place(draft: Draft) -> tuple[Any, ...]:
    return (draft.get("address"), draft.get("place_status"))


def told(draft: Draft, form: Form) -> Json:
    """Return what the resident told so far, without what the services made of it.

    The words of an order are kept whatever they say, so they prove no understanding; in a report
    they are the matter itself.
    """
    aside = {*LOOKED_UP, *(() if form is report.FORM else ("narrative",))}
    return {k: v for k, v in draft.values.items() if k not in aside and v}


def _ways(choice: Sequence[tuple[str, str, str]]) -> tuple[Button, ...]:
    """Return answers to a separate consent (``consent.ways``) as buttons."""
    return tuple(
        button(say(title), f'/{intent}{{"about":"{consent.ABOUT}{key}"}}')
        for key, title, intent in choice
    )


def ask_consent(turn: Turn, draft: Draft) -> None:
    """Ask the guardian alone whether a child's is kept: what, for whom, how long (个人信息保护法 29–31)."""
    turn.say(f"ask_consent_{consent.open_purpose(draft)}", _ways(consent.ways()))


def ask_place(turn: Turn, draft: Draft) -> None:
    """Ask only for the part of the place that is missing."""
    gap = place.gap(draft, turn.message)
    known = say_address(draft.get("address") or {}) or str(draft.get("address_text") or "")
    home = turn.message.resident.home or {}
    where = say_address({"community": home.get("compound"), **home})
    buttons: list[Button] = []
    if gap == "home":
        buttons = [
            button(say("button_home"), '/affirm{"about":"home"}'),
            button(say("button_not_home"), "/deny"),
        ]
    elif draft.get("place_options"):
        options = draft.get("place_options") or []
        buttons = [
            button(str(o["label"]), f'/affirm{{"about":"place:{i}"}}')
            for i, o in enumerate(options)
        ]
        buttons.append(button(say("button_none"), "/deny"))
    key = f"ask_place_{gap}"
    if gap == "open" and draft.form != report.FORM.name:
        key = f"ask_place_{draft.form}"
    elif gap == "options" and len(buttons) == 2 and draft.get("place_status") == place.UNKNOWN:
        key = "ask_place_similar"
    turn.say(key, buttons, known=known, home=where)
