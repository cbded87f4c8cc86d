"""What is remembered after a call for help, and what the next messages are taken for.

Pure functions over reviewed words (``data/dialogue/crisis.yml``); what is said stands on the safety
cards of the locality. The interrupt policy reads the same slot and brings the messages here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from actions.dialogue import load, pattern
from actions.message import Message

DATA = "crisis"
GENERAL = "-"
"""Leaf of an emergency without one of its own."""
WISH_TO_DIE = "J5"
QUESTION = "asked"
"""Card of the calm question about words that may mean it (hotlines.yml)."""
FOLLOW = "follow"
PLACE = "place"
BUSY = "busy"
"""Nobody answers the number that was called; what helps then is the same for every card."""
OVER = "over"
SAFE = "safe"
MISTAKEN = "mistaken"
AGAIN = "again"
"""Said instead of what was said already, where a card has words for it."""
WITH_NUMBERS = frozenset({FOLLOW, PLACE, BUSY, "worse", "afraid", "money", "code", "installed"})
"""After these the numbers to call are said again."""
PLACE_SHORT = 24
"""A message up to so many characters is named whole as the place."""
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True)
class Crisis:
    """The danger that was told last.

    Attributes:
        leaf: Leaf of the emergency; ``-`` without one.
        card: Name of its safety card in hotlines.yml.
        third: Somebody asks for another person.
        since, until: From the first words to when they no longer matter, ISO 8601.
        young: Until then a new report belongs to it too.
        ticket_no: Where what is said next is written; empty when nobody could be alerted yet.
        said: How many of the card's following sentences were said.
        out: Whoever was in danger is in a safe place.
        over: It is over; the card is not said again, and everything else goes on.
        holds: Nothing else is begun meanwhile.
        asked: It was only asked whether there is danger; nobody has said yes yet.
        told: Kinds that were answered already.
    """

    leaf: str
    card: str
    third: bool
    since: str
    until: str
    young: str
    ticket_no: str = ""
    said: int = 0
    out: bool = False
    over: bool = False
    holds: bool = False
    asked: bool = False
    told: Sequence[str] = ()

    def to_slot(self) -> dict[str, Any]:
        """Return the slot's value."""
        return asdict(self)


def standing(slot: Mapping[str, Any] | None, now: datetime) -> Crisis | None:
    """Return the crisis that is remembered in the slot, or None when there is none any more."""
    if not slot:
        return None
    found = Crisis(**slot)
    return found if now < datetime.fromisoformat(found.until) else None


def begin(leaf: str, message: Message, *, named: bool, ticket_no: str) -> Crisis:
    """Return the state after a call for help.

    Args:
        leaf: Leaf of the emergency.
        message: What was said.
        named: A reviewed pattern said so, not only the classifier.
        ticket_no: The ticket of the alert; empty when it failed.
    """
    data, text = load(DATA), plain(message.text)
    now = message.now
    young = now + timedelta(minutes=data["young_min"] if named else 0)
    return Crisis(
        leaf=leaf,
        card=card_for(leaf, text),
        third=for_another(text),
        since=now.isoformat(),
        until=_until(leaf, now),
        young=young.isoformat(),
        ticket_no=ticket_no,
        holds=leaf in data["keeps"] or (named and leaf in data["holds"]),
    )


def _until(leaf: str, now: datetime) -> str:
    minutes = load(DATA)["window_min"]
    return (now + timedelta(minutes=minutes.get(leaf, minutes["default"]))).isoformat()


def plain(text: str) -> str:
    """Return the words without spaces, as the patterns see them – English keeps its own."""
    return text.strip() if text.isascii() else _SPACE.sub("", text)


def calmed(message: Message, loop: str | None) -> bool:
    """Whether an alarm that was only learned is an answer beside a form, or says itself that it is none.

    Args:
        message: What was said.
        loop: The form that is open, or None.
    """
    data, text = load(DATA)["learned"], plain(message.text)
    if message.confidence >= 1.0:
        return False
    mild = pattern(DATA, "learned", "not_alarming").search(text)
    if loop and mild and not pattern(DATA, "learned", "still").search(text):
        return True
    low = message.confidence < data["calm_below"] and loop in data["forms"]
    return low and not pattern(DATA, "learned", "danger").search(text)


def proven(leaf: str, text: str) -> str:
    """Return the leaf of a learned alarm, or the general one when no word of its card is there."""
    words = load(DATA)["evidence"].get(leaf)
    return GENERAL if words and not re.search(words, plain(text)) else leaf


def card_for(leaf: str, text: str) -> str:
    """Return which safety card fits: mostly the leaf's own, for some chosen by the words."""
    for row in load(DATA)["cards"]:
        if leaf in row.get("leaves", [leaf]) and re.search(row["words"], plain(text)):
            return str(row["card"])
    return leaf


def may_harm(request: Message) -> bool:
    """Whether a request begins with what to do in danger (an open manhole, a burst pipe)."""
    leaf = request.leaf.id if request.leaf else None
    return lead_card(leaf, request.text) is not None


def lead_card(leaf: str | None, text: str) -> str | None:
    """Return the card whose ``lead`` a report or question about this leaf begins with, or None."""
    words = plain(text)
    for row in load(DATA)["lead"]:
        if leaf in row.get("leaves", [leaf]) and re.search(row.get("words", ""), words):
            return str(row.get("card", leaf))
    return None


def for_another(text: str) -> bool:
    """Whether somebody asks for help for another person."""
    words = plain(text)
    about_self = pattern(DATA, "third_party", "self").search(words)
    return not about_self and bool(pattern(DATA, "third_party", "words").search(words))


def another(before: Crisis, leaf: str, text: str, *, named: bool) -> bool:
    """Whether an alarm is about another danger than the one that is remembered.

    Only a reviewed pattern can say so: the classifier hears danger in whatever frightened people say.
    """
    if not named:
        return False
    if before.over:
        return True  # it is back
    if unreached(text) and len(plain(text)) <= load(DATA)["ends_longest"]:
        return False  # “120没打通” tells no other one
    if leaf == before.leaf:
        return card_for(leaf, text) not in (before.card, leaf)
    return not (leaf == GENERAL and before.leaf in load(DATA)["keeps"])


def unreached(text: str) -> bool:
    """Whether a call for help does not get through (“120没打通”, “119占线”)."""
    return bool(pattern(DATA, "kinds", BUSY).search(plain(text)))


def agrees(message: Message) -> bool:
    """Whether the calm question is answered with yes, or with the wish itself."""
    text = plain(message.text)
    if message.intent == "emergency" and message.confidence >= 1.0:
        return True
    return bool(pattern(DATA, "agrees").search(text)) and not pattern(DATA, "denies").search(text)


def kind(now: Crisis, message: Message, words: Mapping[str, Any]) -> str:
    """Return what a message means within the crisis: a key of the card's ``after`` words, or ``BUSY``."""
    what = _kind(now, message, words)
    known = what in now.told or (what == FOLLOW and now.said >= len(words[FOLLOW]))
    return AGAIN if known and words.get(AGAIN) else what


def _kind(now: Crisis, message: Message, words: Mapping[str, Any]) -> str:
    text = plain(message.text)
    if now.asked and words.get(MISTAKEN) and pattern(DATA, "denies").search(text):
        return MISTAKEN
    kinds = load(DATA)["kinds"]
    for name, own in ((n, kinds.get(f"{n}_{now.leaf}", kinds[n])) for n in kinds if "_" not in n):
        if (name == BUSY or words.get(name)) and re.search(own, text):
            return str(name)
    if message.meant("address") and words.get(PLACE):
        return PLACE
    lasts = pattern(DATA, "still").search(text)
    return SAFE if now.out and words.get(SAFE) and not lasts else FOLLOW


ENDS = ("over", "arrived", "called", "safe")
"""Kinds that only a danger has: it is over, help came or was called, who was in it is out."""


def ends(message: Message) -> bool:
    """Whether a few words only say how a danger goes on (“找到了”, “120打了”), whatever they were taken for."""
    words = "" if message.tapped else plain(message.text)
    short = 0 < len(words) <= load(DATA)["ends_longest"]
    return short and any(pattern(DATA, "kinds", kind).search(words) for kind in ENDS)


def takes_up(message: Message) -> bool:
    """Whether the message only goes back to what was being talked of before (“接着报灯吧”, “回到刚才的事”).

    A place, a day or a number in it tells something, and is read as that.
    """
    told = any(message.all(kind) for kind in ("address", "time", "phone"))
    words = "" if message.tapped or told else plain(message.text)
    return bool(pattern(DATA, "takes_up").fullmatch(pattern(DATA, "marks").sub("", words)))


def let_go(now: Crisis) -> Crisis | None:
    """Return the state when the resident goes back to something else; None: nothing else is begun meanwhile."""
    return (
        None
        if now.leaf in load(DATA)["keeps"] or now.asked
        else replace(now, over=True, holds=False)
    )


def of_form(now: Crisis, asked: str | None, *, asked_since: bool) -> bool:
    """Whether a place told after an alarm answers the form that is open as well.

    A form that the alarm came into keeps its own place: the alarm's is told to whoever comes. It asked for it since,
    or the alarm was only learned from the answer to “在哪儿”.

    Args:
        now: The state before this message.
        asked: The form's question.
        asked_since: The form's question was the last thing said.
    """
    return asked_since or (asked == PLACE and now.young == now.since)


def with_numbers(now: Crisis, what: str, words: Mapping[str, Any]) -> bool:
    """Whether the numbers to call are said once more; where nothing is said twice, only with what is new.

    Args:
        now: The state before this message.
        what: What it means.
        words: The card's ``after`` words.
    """
    known = what == FOLLOW and now.said > 0 and words.get(AGAIN)
    return what in WITH_NUMBERS and not known


def told_of(kinds: Sequence[str], text: str) -> str | None:
    """Return the first of these kinds that the words tell of, or None."""
    return next((k for k in kinds if pattern(DATA, "kinds", k).search(plain(text))), None)


def sentence(now: Crisis, what: str, message: Message, words: Mapping[str, Any]) -> str:
    """Return the reviewed sentence; ``follow`` ones come in turn, the last one again."""
    if what == FOLLOW:
        lines = words[FOLLOW]
        return str(lines[min(now.said, len(lines) - 1)])
    said = message.text.strip()
    if len(said) > PLACE_SHORT:
        said = "".join(e.text for e in message.meant("address"))
    return str(words[what]).replace("{place}", said)


def after(now: Crisis, what: str, message: Message) -> Crisis:
    """Return the state after a message of this kind was answered."""
    keeps = now.leaf in load(DATA)["keeps"] and not now.asked
    if what == MISTAKEN or (what == OVER and not keeps):
        return replace(now, over=True, holds=False)
    said, out = now.said + (what == FOLLOW), now.out or (what == SAFE and not keeps)
    told = (*now.told, *({what} - {PLACE, FOLLOW, AGAIN, *now.told}))
    return replace(now, said=said, out=out, told=told, until=_until(now.leaf, message.now))
