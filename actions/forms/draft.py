"""A form as data, and the pure functions that fill it.

A form is a tuple of fields. Every message is read by every field (nothing that was said is asked
again, anything can be corrected at any time); the field that was just asked also reads free text.
When no field is needed any more the form shows its summary and waits for a yes.

States of a draft: ``asked`` is the field in question, ``CONFIRM`` while the summary stands,
``CHANGE`` after “改一下”. ``outcome`` ends the form: ``submit`` or ``drop``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from actions.dialogue import load, pattern
from actions.forms.replies import (
    NO,
    SKIP,
    SUBMIT_NOW,
    bare,
    is_no,
    is_question,
    is_restart,
    is_skip,
    is_solved,
    is_stop,
    is_yes,
    leftover,
)
from actions.message import Message

Values = Mapping[str, Any]
Reader = Callable[[Message, "Draft"], Values]

CONFIRM = "confirm"
CHANGE = "change"
SUBMIT = "submit"
DROP = "drop"


@dataclass(frozen=True)
class Draft:
    """What is known so far. Lives in the slot ``draft`` as plain JSON.

    Attributes:
        round: Message id that opened the form; with the conversation id the idempotency key.
        seen: The last message that was read, so that returning to the form reads it only once.
        asks: How often each field was asked.
        skipped: Fields the resident leaves open.
        before: The values before the last message, to show what a correction changed.
        misses: How many messages in a row brought nothing.
        key: Idempotency key of the filing, when the form was begun in another channel: a filing that
            was tried there, and done without anybody seeing it, is not done twice.
    """

    form: str
    round: str
    seen: str = ""
    asked: str | None = None
    asks: Mapping[str, int] = field(default_factory=dict)
    skipped: tuple[str, ...] = ()
    values: Values = field(default_factory=dict)
    before: Values = field(default_factory=dict)
    outcome: str | None = None
    misses: int = 0
    key: str = ""

    def get(self, key: str) -> Any:
        """Return a value or None."""
        return self.values.get(key)

    def to_slot(self) -> dict[str, Any]:
        """Return the draft as the slot keeps it."""
        return {**asdict(self), "skipped": list(self.skipped)}

    @classmethod
    def from_slot(cls, data: Mapping[str, Any] | None) -> Draft | None:
        """Read the slot; None when nothing is being filled in."""
        if not data:
            return None
        return cls(**{**data, "skipped": tuple(data.get("skipped") or ())})


@dataclass(frozen=True)
class Field:
    """One thing a form wants to know.

    Attributes:
        needed: Whether it still has to be asked, given the draft and the latest message (which
            carries what the system knows of the resident).
        read: What any message says about it.
        answer: What a message says when this field was just asked (free text); nothing when the
            message does not answer.
        optional: “不留”, “不清楚” closes the question.
        default: The values that are offered when an answer was not understood, and taken by a yes.
    """

    name: str
    needed: Callable[[Draft, Message], bool]
    read: Reader = lambda message, draft: {}
    answer: Reader = lambda message, draft: {}
    optional: bool = False
    default: Values = field(default_factory=dict)


@dataclass(frozen=True)
class Form:
    """The fields in the order they are asked, and whether a summary is confirmed at the end."""

    name: str
    fields: tuple[Field, ...]
    confirm: bool = True
    early: bool = False
    """“先报上,后补” submits what there is."""
    essential: str | None = None
    """The field without which even “先报上” has nothing to submit."""
    ends_by_itself: bool = False
    """What it is about may be over before it is filed (“来水了”)."""
    gate: Callable[[Draft, Draft, Message], Draft] | None = None
    """Looks at what a message made of the draft (before, after): holds back a yes for a last question."""
    keeps: tuple[str, ...] = ()
    """Values that starting anew leaves as they are: what was looked up before the form opened."""

    def field(self, name: str | None) -> Field | None:
        """Return the field of that name."""
        return next((f for f in self.fields if f.name == name), None)


def fill(form: Form, draft: Draft | None, message: Message) -> Draft:
    """Read one message into the draft and return the new draft; the old one stays as it is.

    Args:
        form: The form as data.
        draft: The draft before; None when this message opens the form.
        message: What the resident said or tapped.
    """
    if draft is None:
        draft = Draft(form.name, message.id)
    if draft.seen and draft.seen == message.id:
        return draft
    new = _filled(form, draft, message)
    return new if form.gate is None else form.gate(draft, new, message)


def _filled(form: Form, draft: Draft, message: Message) -> Draft:
    off = is_stop(message) or (form.ends_by_itself and is_solved(message))
    if draft.asked and off and not _leaves_open(form, draft, message):
        return replace(draft, seen=message.id, outcome=DROP)
    if draft.asked and is_restart(message):
        kept = {k: draft.values[k] for k in form.keeps if k in draft.values}
        return Draft(form.name, message.id, seen=message.id, values=kept)
    cleared = _cleared(draft, message) or _no_phone(draft, message)
    if cleared is not None and not _tells_more(form, draft, cleared, message):
        return cleared
    if draft.asked == CONFIRM and pattern("forms", "hurry").search(bare(message.text)):
        return replace(draft, seen=message.id, before=draft.values, outcome=SUBMIT)
    if draft.asked == CONFIRM and repeats(form, draft, message) and _agrees(message):
        return replace(draft, seen=message.id, before=draft.values, outcome=SUBMIT)
    told_on = (
        _agreed_with_more(draft, message) if draft.asked == CONFIRM and form.gate is None else ""
    )
    if told_on:
        values = {**draft.values, "narrative": f"{draft.get('narrative')}\n{told_on}"}
        return replace(draft, seen=message.id, before=draft.values, values=values, outcome=SUBMIT)
    said = {**_said(form, draft, message), **_by_default(form, draft, message)}
    new = replace(
        draft, seen=message.id, before=draft.values, values={**draft.values, **said}, outcome=None
    )
    if form.early and SUBMIT_NOW.search(message.text) and _has_essential(form, new):
        open_ = next_question(form, replace(new, asked=None), message) not in (None, CONFIRM)
        return replace(new, values={**new.values, "incomplete": open_}, outcome=SUBMIT)
    if said:
        return replace(new, asked=None)
    return _short_answer(form, new, message)


def _said(form: Form, draft: Draft, message: Message) -> Values:
    said = _read(form, draft, message)
    return {k: v for k, v in said.items() if draft.values.get(k) != v}


def _read(form: Form, draft: Draft, message: Message) -> Values:
    said: dict[str, Any] = {}
    asked = form.field(draft.asked)
    # A number alone answers the question for one, whatever else was asked.
    number_alone = bool(message.all("phone")) and len(leftover(message)) < TELLS
    if asked is not None and not (number_alone and asked.name != CONTACT):
        said.update(asked.answer(message, draft))
    for each in form.fields:
        said.update(each.read(message, draft))
    return said


def repeats(form: Form, draft: Draft, message: Message) -> bool:
    """Whether the message only says once more the day that is known (“下周开始吧”): it is understood."""
    if message.tapped or is_question(message) or not message.all("time"):
        return False
    said = _read(form, draft, message)
    news = {k for k, v in said.items() if draft.values.get(k) != v}
    beside = pattern("forms", "beside_a_day").match(leftover(message))
    return "date" in said and news <= {"narrative"} and bool(beside)


def _agreed_with_more(draft: Draft, message: Message) -> str:
    """Return what is told behind a yes to the summary (“是的，孩子多，怪吓人的”); "" when the words change or ask anything."""
    if message.tapped or message.entities or is_question(message) or not draft.get("narrative"):
        return ""
    found = pattern("forms", "yes_and_more").match(message.verbatim.strip())
    return found["more"] if found else ""


def _agrees(message: Message) -> bool:
    return bool(pattern("forms", "agrees_to_day").search(bare(message.text)))


def _tells_more(form: Form, draft: Draft, cleared: Draft, message: Message) -> bool:
    """Whether words that take out a line answer the question as well (“我送，没病，不留电话”)."""
    asked = form.field(draft.asked)
    if asked is None or cleared.values != {**cleared.values, **draft.values}:
        return False  # something goes: that is what was wished for
    return bool(asked.read(message, draft))


def _cleared(draft: Draft, message: Message) -> Draft | None:
    """Return the draft without the line that is to go (“去掉电话”), or None."""
    data = load("forms")["clear"]
    if not draft.asked or message.tapped or message.entities:
        return None
    if not pattern("forms", "clear", "verb").search(message.text):
        return None
    for line in data["lines"]:
        if re.search(line["words"], message.text):
            return replace(
                draft,
                seen=message.id,
                asked=None,
                before=draft.values,
                values={**_without_phone(draft, line["values"]), **dict.fromkeys(line["values"])},
                skipped=(*draft.skipped, line["field"]),
            )
    return None


def _no_phone(draft: Draft, message: Message) -> Draft | None:
    """Return the draft without a phone number (“不留”, said over the summary), or None."""
    if draft.asked != CONFIRM or message.tapped:
        return None
    if not pattern("forms", "no_phone").match(bare(message.text)):
        return None
    values = {**_without_phone(draft, ["phone"]), "phone": None}
    skipped = (*draft.skipped, "contact")
    return replace(draft, seen=message.id, before=draft.values, values=values, skipped=skipped)


def _without_phone(draft: Draft, gone: Sequence[str]) -> Values:
    """Return the values; a phone that goes also goes out of the words that were noted."""
    phone, story = draft.get("phone"), draft.get("narrative")
    if "phone" not in gone or not phone or not story:
        return draft.values
    said = r"[\s-]?".join(str(phone))
    clean = re.sub(
        rf"[，, ]?(?:(?:我)?(?:的)?(?:电话|手机)(?:号码?)?(?:是)?[:：]?)?\s*{said}", "", story
    )
    return {**draft.values, "narrative": clean}


OFFER_AFTER = 2
"""After so many questions without an answer the next one offers the default; after one when it was
misunderstood."""


def offers_default(form: Form, draft: Draft, name: str | None, asked: int) -> bool:
    """Whether the question offers the default of its field.

    Args:
        form: The form.
        draft: The draft; its misses are those in a row before the question.
        name: The field in question.
        asked: How often it was asked before.
    """
    found = form.field(name)
    enough = asked >= (1 if draft.misses else OFFER_AFTER)
    return found is not None and bool(found.default) and enough


def _by_default(form: Form, draft: Draft, message: Message) -> Values:
    """Return the default of the field in question when it was offered and accepted."""
    asked = form.field(draft.asked)
    if asked is None or not is_yes(message):
        return {}
    before = draft.asks.get(asked.name, 0) - 1
    return asked.default if offers_default(form, draft, asked.name, before) else {}


def _short_answer(form: Form, draft: Draft, message: Message) -> Draft:
    """Apply an answer that brings no value: yes, no, “不留”."""
    asked = form.field(draft.asked)
    if asked is not None and asked.optional and is_skip(message):
        return replace(draft, asked=None, skipped=(*draft.skipped, asked.name))
    if draft.asked in (CONFIRM, CHANGE):
        if is_yes(message):
            return replace(draft, outcome=SUBMIT)
        nothing = pattern("forms", "nothing_else").match(bare(message.text))
        return replace(draft, asked=CHANGE if _objects(message) and not nothing else CONFIRM)
    return draft


def _leaves_open(form: Form, draft: Draft, message: Message) -> bool:
    """Whether “算了” only leaves the question open that was just asked."""
    asked = form.field(draft.asked)
    words = bare(message.text)
    skips = words in NO or bool(SKIP.search(words))
    return asked is not None and asked.optional and skips


def _objects(message: Message) -> bool:
    """Whether the summary is said to be wrong; “不知道”, “没有” have nothing to change."""
    return is_no(message) and (message.tapped or not SKIP.search(bare(message.text)))


def _has_essential(form: Form, draft: Draft) -> bool:
    return form.essential is None or bool(draft.get(form.essential))


CONTACT = "contact"
TELLS = 3
"""So many characters beside a number tell something of their own (“哎说错了电话是…” tells nothing)."""


def still_open(form: Form, draft: Draft, message: Message) -> str | None:
    """Return the field to ask after an interruption: the one that was asked is still open."""
    asked = draft.asked
    if asked is None or not draft.asks.get(asked):
        return next_question(form, draft, message)
    once_less = {**draft.asks, asked: draft.asks[asked] - 1}
    return next_question(form, replace(draft, asks=once_less), message)


def next_question(form: Form, draft: Draft, message: Message) -> str | None:
    """Return the field to ask now, ``CONFIRM``, ``CHANGE``, or None when the form is done."""
    if draft.outcome is not None:
        return None
    if draft.asked == CHANGE:
        return CHANGE
    for each in form.fields:
        if each.name not in draft.skipped and each.needed(draft, message):
            return each.name
    return CONFIRM if form.confirm else None


def asking(draft: Draft, question: str | None) -> Draft:
    """Return the draft with the question noted as asked once more."""
    if question is None:
        return replace(draft, asked=None)
    return replace(
        draft, asked=question, asks={**draft.asks, question: draft.asks.get(question, 0) + 1}
    )
