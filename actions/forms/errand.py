"""Errands from a service card: a day to come to the window, or somebody who does it (代办).

The office of the card does the work; the form only says who, for what, when and how to be reached.
"""

from __future__ import annotations

from typing import Any

from actions.dialogue import load, pattern
from actions.forms import place, shared
from actions.forms.draft import Draft, Field, Form, Values
from actions.forms.replies import bare
from actions.knowledge import leaves
from actions.knowledge.follow_ups import APPOINTMENT, PROXY
from actions.message import Message
from actions.talk import corrections
from actions.talk.echo import say_time
from actions.texts import say

KINDS = {PROXY: say("button_proxy"), APPOINTMENT: say("button_appointment")}
"""What the errand is, as it is read back and written on the ticket."""
FILE = "corrections"
TOLD = 4
"""Fewer words than this tell nothing that the office would need (“好”, “代办”)."""


def _other(message: Message, draft: Draft) -> Values:
    """Read what is to be done instead (“不对，是老年证”), and whether one goes oneself after all."""
    if goes_oneself(message, draft):
        return {"errand": APPOINTMENT}
    turned = corrections.of(message)
    if turned is None or not draft.asked:
        return {}
    said: dict[str, Any] = {}
    leaf = leaves.errand_named(turned.new)
    if leaf is not None and leaf != draft.get("leaf"):
        said |= {"leaf": leaf, "service": leaves.name(leaf)}
    kinds = load(FILE)["errand_kinds"]
    kind = next((k for k in kinds if pattern(FILE, "errand_kinds", k).search(turned.new)), None)
    if kind is not None and kind in (
        (leaves.card(said.get("leaf") or draft.get("leaf")) or {}).get("offers") or ()
    ):
        said["errand"] = kind
    return said


def goes_oneself(message: Message, draft: Draft) -> bool:
    """Whether somebody was to do it and the resident goes oneself after all (“不用代办了，我自己去”)."""
    if message.tapped or draft.form != "errand" or draft.get("errand") != PROXY:
        return False
    offers = (leaves.card(draft.get("leaf")) or {}).get("offers") or ()
    said = pattern(FILE, "goes_oneself").search(bare(message.text))
    return bool(said) and APPOINTMENT in offers


FORM = Form(
    name="errand",
    early=True,
    fields=(
        Field("errand", needed=lambda d, m: False, read=_other),
        Field(
            "when",
            needed=lambda d, m: d.get("errand") == APPOINTMENT and not d.get("when"),
            read=shared.coming,
            optional=True,
        ),
        place.field(wanted=lambda d: d.get("errand") == PROXY),
        Field(
            "contact",
            needed=shared.needs_contact,
            read=shared.who(),
            answer=shared.contact_answer,
            optional=True,
        ),
        Field("narrative", needed=lambda d, m: False, read=shared.words(TOLD)),
    ),
)


def opened(message: Message, errand: str, leaf: str, name: str) -> Draft:
    """Return the draft that this message opens, before it is read.

    Args:
        message: The message that wished for it.
        errand: ``proxy`` or ``appointment``.
        leaf: The card's leaf.
        name: The card's name.
    """
    return Draft(FORM.name, message.id, values={"errand": errand, "leaf": leaf, "service": name})


def summary(draft: Draft, message: Message) -> list[tuple[str, str]]:
    """Return the errand as (heading, words)."""
    lines = [(say("heading_errand"), f"{draft.get('service')}（{KINDS[draft.get('errand')]}）")]
    when = draft.get("when")
    if when or draft.get("errand") == APPOINTMENT:
        lines.append(
            (say("heading_day"), say_time(when, message.now) if when else say("agreed_later"))
        )
    where = place.say(draft)
    if where:
        lines.append((say("heading_lives"), where))
    lines += shared.say_subject(draft, say("heading_errand_for"))
    lines.append((say("heading_reach"), shared.say_reach(draft, message)))
    return lines


def to_ticket(draft: Draft, conversation_id: str) -> dict[str, Any]:
    """Return the body of ``POST /tickets``: a booking of the card's leaf, with who and when."""
    words = f"{draft.get('service')}：{KINDS[draft.get('errand')]}。"
    story = draft.get("narrative")
    told = say("errand_narrative", words=words, told=story) if story else words
    body = shared.booking(draft, conversation_id, str(draft.get("leaf")), told)
    body |= {"incomplete": bool(draft.get("incomplete")), **place.to_ticket(draft)}
    if draft.get("when"):
        body["appointment"] = shared.appointment(draft)
    return body
