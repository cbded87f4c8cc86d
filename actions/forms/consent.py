"""Separate consent in a form (个人信息保护法 28–31): what is sensitive is kept after a yes to that alone.

Looked at only where something sensitive was told or the matter is a child's, not again for the same purpose
and person. What an order cannot be carried out without is used for that order alone and goes when it is done: a
plain “对” files it so, and no question is added. Keeping it beyond that takes a yes of its own, in one tap beside
(“对，也记下”). A child's is the guardian's to give, and is asked for (:func:`gate`). A question that asks for nothing else (“有没有要让人提前知道的”) says in its own words that the answer is kept: answering it is the
consent, no turn is added. Without a yes the form goes on and leaves it out. What is sensitive is data
(``data/dialogue/consents.yml``); why so: docs/adr/0027. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from actions.dialogue import load, pattern
from actions.forms import diets
from actions.forms.draft import CONFIRM, DROP, SUBMIT, Draft, Field, Values
from actions.forms.replies import bare, is_no, is_skip, is_yes
from actions.message import Message
from actions.texts import say

DATA = "consents"
FIELD = "consent"
AGREED = "agreed"
"""Value: the summary was agreed to, only this is open."""
KNOWN = "consents"
"""Value of the consents that stood when the form was filled in."""
ABOUT = "consent:"
"""Prefix of the buttons of the question."""
GIVEN, REFUSED, ONCE = "given", "refused", "once"
"""``ONCE``: nobody was asked to keep it; it serves this order and goes when that is done."""
SELF, GUARDIAN, PROXY = "self", "guardian", "proxy"
ASKED = 2
"""Who does not answer that often has not agreed."""
_VALUES = {"needs": "health", "diet": "diet"}
"""What an entry of an appointment is called in a draft."""
_LEAF = {"meal": "C1"}


def purposes(draft: Draft) -> list[str]:
    """Return the purposes for which the draft holds something sensitive."""
    leaf = draft.get("leaf") or _LEAF.get(draft.form)
    return [
        key for key, rule in load(DATA)["purposes"].items()
        if leaf in rule.get("leaves", ()) or _sensitive(draft, rule)
    ]  # fmt: skip


def _sensitive(draft: Draft, rule: Mapping[str, Any]) -> list[str]:
    """Return what of a draft rests on a purpose."""
    found: list[str] = []
    for name, values in rule.get("takes", {}).items():
        value = draft.get(_VALUES[name]) or ()
        parts = [p for p in value.split("、") if p] if isinstance(value, str) else list(value)
        plain = str(rule.get("plain") or "(?!)")
        found += [p for p in parts if (p in values if values else not re.fullmatch(plain, p))]
    return found


def _answers(draft: Draft) -> Mapping[str, Mapping[str, Any]]:
    found: Mapping[str, Mapping[str, Any]] = draft.get(FIELD) or {}
    return found


def _stands(draft: Draft, purpose: str) -> bool:
    return f"{purpose}:{draft.get('subject') or ''}" in (draft.get(KNOWN) or ())


def open_purpose(draft: Draft) -> str | None:
    """Return the purpose that was not answered yet and does not stand; None: there is none."""
    answered = _answers(draft)
    return next((p for p in purposes(draft) if p not in answered and not _stands(draft, p)), None)


def _needed(draft: Draft, message: Message) -> bool:
    return bool(draft.get(AGREED)) and _asked_for(draft)


def _asked_for(draft: Draft) -> bool:
    return open_purpose(draft) is not None and draft.asks.get(FIELD, 0) < ASKED


def _of_children(purpose: str | None) -> bool:
    return bool(load(DATA)["purposes"].get(purpose or "", {}).get("children"))


def _this_once(draft: Draft) -> Draft:
    """Return the draft with what was told for this order alone marked so; a child's stays open."""
    while (purpose := open_purpose(draft)) is not None and not _of_children(purpose):
        draft = replace(draft, values={**draft.values, **_put(draft, purpose, ONCE)})
    return draft


def gate(before: Draft, draft: Draft, message: Message) -> Draft:
    """Look at a yes to the summary: of a child the guardian's yes is waited for, all else serves this order.

    An answer to that files what was agreed to; a correction shows the summary again.
    """
    if draft.outcome == SUBMIT:
        draft = _this_once(draft)
        if _asked_for(draft):
            return replace(draft, outcome=None, asked=None, values={**draft.values, AGREED: True})
        return draft
    if before.asked not in (FIELD, CONFIRM):
        return draft
    if draft.outcome == DROP and refuses(message, before) and (said := _answer(message, before)):
        # “别记糖尿病” drops that, not the order.
        draft = replace(
            draft, outcome=None, asked=None, before=before.values, values={**before.values, **said}
        )
    if draft.outcome is not None:
        return draft
    if draft.get(FIELD) != before.get(FIELD):
        agrees = pattern(DATA, "agrees").search(bare(message.text))
        filed = message.tapped or before.asked == FIELD or agrees
        return replace(draft, outcome=SUBMIT) if filed else draft
    told = {k for k in draft.values if draft.values[k] != before.values.get(k)} - {"narrative"}
    return replace(draft, values={**draft.values, AGREED: None}) if told else draft


def refuses(message: Message, draft: Draft) -> bool:
    """Whether words say not to keep what is in question; they are no word about the order."""
    words = "" if message.tapped else bare(message.text)
    said = bool(pattern(DATA, "refused").search(words))
    return said and draft.asked in (FIELD, CONFIRM) and open_purpose(draft) is not None


def _read(message: Message, draft: Draft) -> Values:
    known = {KNOWN: list(message.resident.consents)} if message.resident.consents else {}
    if draft.asked != CONFIRM:
        return known
    words = "" if message.tapped else bare(message.text)
    said = (message.about or "").startswith(ABOUT) or pattern(DATA, "refused").search(words)
    return _answer(message, draft) if said or _keeps(words) else known


def _keeps(words: str) -> bool:
    """Whether words over the summary also say to keep it (“对，也记下”): a yes alone does not."""
    return "记" in words and bool(pattern(DATA, "given").search(words))


def _answer(message: Message, draft: Draft) -> Values:
    """Read the answer: a button, a yes or no, for a child also who says it."""
    purpose = open_purpose(draft)
    if purpose is None:
        return {}
    about = message.about or ""
    if about.startswith(ABOUT):
        return _put(draft, purpose, about.removeprefix(ABOUT))
    words = bare(message.text)
    if not message.tapped and pattern(DATA, "refused").search(words):
        return _put(draft, purpose, REFUSED)
    if load(DATA)["purposes"][purpose].get("children"):
        for who in (GUARDIAN, PROXY):
            if not message.tapped and pattern(DATA, who).search(words):
                return _put(draft, purpose, who)
    if is_no(message) or is_skip(message):
        return _put(draft, purpose, REFUSED)
    typed = not message.tapped and pattern(DATA, "given").search(words)
    return _put(draft, purpose, GIVEN) if is_yes(message) or typed else {}


def _put(draft: Draft, purpose: str, said: str) -> Values:
    children = load(DATA)["purposes"][purpose].get("children")
    who = GUARDIAN if children else PROXY if draft.get("subject") else SELF
    who = said if said in (GUARDIAN, PROXY) else who
    answer = said if said in (REFUSED, ONCE) else GIVEN
    return {FIELD: {**_answers(draft), purpose: {"answer": answer, "said_by": who}}}


def told(draft: Draft, purpose: str) -> Values:
    """Return the consent that lies in answering the question which asks for just that (``health``)."""
    return _put(draft, purpose, GIVEN) if draft.asked == "health" else {}


def ways() -> Sequence[tuple[str, str, str]]:
    """Return the answers of a guardian as buttons: what it means, the key of its title, the intent."""
    return (
        (GUARDIAN, "button_consent_guardian", "affirm"),
        (PROXY, "button_consent_proxy", "affirm"),
        (REFUSED, "button_consent_refused", "deny"),
    )


def told_by(
    before: Mapping[str, Any], after: Mapping[str, Any], subject: str | None, message: Message
) -> tuple[str, str] | None:
    """Return what a change of a filed order tells that nobody agreed to keep: the purpose, and it in words.

    Args:
        before: The appointment as it was.
        after: The appointment as it is now.
        subject: Whom it is for, a relation; None: the speaker.
        message: What says which consents stand.
    """
    known = {KNOWN: list(message.resident.consents), "subject": subject}
    old, new = (_of_order(order, known) for order in (before, after))
    for purpose, rule in load(DATA)["purposes"].items():
        there = _sensitive(old, rule)
        told = [part for part in _sensitive(new, rule) if part not in there]
        if told and not _stands(new, purpose):
            return purpose, diets.names(told)
    return None


def _of_order(order: Mapping[str, Any], known: Mapping[str, Any]) -> Draft:
    values = {draft: order.get(name) for name, draft in _VALUES.items()}
    return Draft("", "", values={**values, **known})


def words(draft: Draft) -> str:
    """Return what is sensitive of the open purpose, in words."""
    purpose = open_purpose(draft)
    found = _sensitive(draft, load(DATA)["purposes"][purpose]) if purpose else []
    return diets.names(found)


def _left_out(draft: Draft) -> list[str]:
    """Return the purposes that were refused, or of a child without the guardian's yes."""
    answered = _answers(draft)
    agreed = [p for p, said in answered.items() if said["answer"] in (GIVEN, ONCE)]
    return [
        p for p in purposes(draft)
        if p not in agreed and (p in answered or not _stands(draft, p))
    ]  # fmt: skip


def kept(draft: Draft, reading: bool = False) -> Draft:
    """Return the draft without what nobody agreed to keep, and without the words that told it.

    Args:
        draft: The draft.
        reading: It is read out: what is still asked about is shown.
    """
    values = dict(draft.values)
    open_ = open_purpose(draft) if reading and _asked_for(draft) else None
    for purpose in [p for p in _left_out(draft) if p != open_]:
        rule = load(DATA)["purposes"][purpose]
        gone = _sensitive(draft, rule)
        for name in rule.get("takes", {}):
            value = values.get(_VALUES[name])
            if isinstance(value, str):
                values[_VALUES[name]] = "、".join(p for p in value.split("、") if p not in gone)
            elif value:
                values[_VALUES[name]] = [v for v in value if v not in gone]
        if each := values.get(diets.APART):
            each = [{**e, "diet": [d for d in e["diet"] if d not in gone]} for e in each]
            values[diets.APART] = [e for e in each if e["diet"]]
        if rule.get("children"):
            values |= {"subject": None, "subject_name": None}
        values["narrative"] = None
    return replace(draft, values=values)


def lines(draft: Draft, message: Message) -> list[tuple[str, str]]:
    """Return the line of the summary on what is sensitive: the choice, or what is not written down."""
    refused = [p for p in _left_out(draft) if p in _answers(draft)]
    found = [(say("heading_left_out"), say(f"left_out_{p}")) for p in refused]
    if _asked_for(draft):
        about = say(f"may_keep_{open_purpose(draft)}", message.elder, what=words(draft))
        found.append((say("heading_may_keep"), about))
    return found


def over_summary(draft: Draft) -> Sequence[tuple[str, str, str]]:
    """Return the ways beside a plain yes as buttons (see :func:`ways`); empty when nothing is open."""
    if not _asked_for(draft):
        return ()
    if _of_children(open_purpose(draft)):
        return (
            (GUARDIAN, "button_all_right_guardian", "affirm"),
            (REFUSED, "button_all_right_not_kept", "deny"),
        )
    return ((GIVEN, "button_all_right_kept", "affirm"),)


def needs_more(draft: Draft) -> bool:
    """Whether a plain yes to the summary is not enough: it is a child's."""
    return _of_children(open_purpose(draft)) and _asked_for(draft)


def to_ticket(draft: Draft) -> dict[str, Any]:
    """Return the answers as the body of ``POST /tickets`` has them."""
    asked = purposes(draft)
    said = [
        {"purpose": p, **answer, "relation": draft.get("subject"), "version": load(DATA)["version"]}
        for p, answer in _answers(draft).items() if p in asked
    ]  # fmt: skip
    return {"consents": said} if said else {}


FIELD_OF_FORM = Field(FIELD, needed=_needed, read=_read, answer=_answer)
