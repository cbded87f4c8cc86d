"""More of what is being talked about, told without being a matter of its own (“他还说要换锁”). Pure.

What was explained, redirected or asked about a short while ago stands in the slot ``topic``; which words go
on with it is data (``data/dialogue/follow_ups.yml``; ``more``, ``offer`` and ``threat`` of a row of
``data/dialogue/redirects.yml``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from actions.client import Json
from actions.dialogue import load, pattern
from actions.forms.replies import is_question
from actions.knowledge import follow_ups, leaves
from actions.knowledge.follow_ups import FILE
from actions.message import Message
from actions.safety import crisis

REDIRECTS = "redirects"
REDIRECT, WHICH, TOLD, ABOUT, KINDS = "redirect", "which", "told", "about", "kinds"
REACH = "reach"
"""Keys of the slot: the row that answered, the cards that were to choose from, what was told, its message, what was
answered of a threat, and unit and number of whose matter it is."""
WHOM, BASIS = frozenset({"phone", "office"}), frozenset({"source", "why"})
"""Parts of ``data/dialogue/follow_ups.yml`` that ask whom to ask, and on what it rests."""
_SPACE = re.compile(r"\s+")


def begun(message: Message, **known: Any) -> Json:
    """Return the topic that a message begins.

    Args:
        message: What was said.
        known: ``leaf`` of the card that was shown, ``redirect`` or ``which``.
    """
    told = [message.verbatim] if message.text else []
    return {
        "at": message.now.isoformat(), TOLD: told, ABOUT: message.said_in or message.id, **known
    }  # fmt: skip


def row_of(topic: Mapping[str, Any] | None) -> Json:
    """Return the row of redirects.yml that answered; empty when none did."""
    named = (topic or {}).get(REDIRECT)
    rows = load(REDIRECTS)["redirects"] if named else ()
    return next((dict(row) for row in rows if row["id"] == named), {})


def part_of(topic: Mapping[str, Any] | None, message: Message) -> str | None:
    """Return what a short question asks of a matter of somebody else's (“那要带啥”), or None.

    Only what such a row can answer, or whom to ask; a row with a card leaves it to the card.
    """
    row = row_of(topic)
    part = None if message.tapped or not row or row.get("card") else follow_ups.part_of(message)
    common = load(FILE)["of_redirects"]
    return part if part and (part in common or part in (row.get("parts") or {})) else None


def told_part(row: Mapping[str, Any], part: str, elder: bool) -> str:
    """Return what a row says of a part; empty when it says nothing."""
    if part == "again":
        return str((row.get("elder") if elder else "") or row.get("answer") or "")
    known = (row.get("parts") or {}).get(part) or {}
    return str(known.get("elder" if elder else "answer") or "")


def leaf_of(topic: Mapping[str, Any]) -> str | None:
    """Return the leaf under which what was told may be filed, or None."""
    row, which = row_of(topic), topic.get(WHICH) or []
    if row:
        return str(row["offer"]["leaf"]) if row.get("offer") else None
    filed = next((leaf for leaf in which if reportable(leaf)), None)
    return str(topic.get("leaf") or filed or "") or None


def reportable(leaf: str | None) -> bool:
    """Whether the card of a leaf offers to take a report down."""
    return "ticket" in ((leaves.card(leaf) or {}).get("offers") or [])


def threat(topic: Mapping[str, Any] | None, message: Message) -> tuple[str, bool] | None:
    """Return what a message tells of the danger that the topic may turn into, or None.

    Returns:
        A kind of ``data/dialogue/crisis.yml``, and whether it calls people.
    """
    rule = row_of(topic).get("threat")
    if rule is None or message.tapped:
        return None
    alarm = crisis.told_of(rule["alarm"], message.text)
    answered = alarm or crisis.told_of(rule.get("after") or (), message.text)
    return (answered, bool(alarm)) if answered else None


def threatens(topic: Mapping[str, Any] | None) -> bool:
    """Whether the topic may turn into a danger (a call that smells of a swindle)."""
    return bool(row_of(topic).get("threat"))


def names_danger(message: Message) -> bool:
    """Whether the words speak of a swindle by themselves, when something else was asked after it."""
    words = "" if message.tapped else _SPACE.sub("", message.text)
    return bool(pattern(crisis.DATA, "still_about").search(words))


def further(topic: Mapping[str, Any], message: Message) -> Json:
    """Return what the row that answered says of this as well: ``{says, answer, elder}`` or empty."""
    words = _SPACE.sub("", message.text)
    more = row_of(topic).get("more") or ()
    return next((dict(m) for m in more if re.search(m["says"], words)), {})


def adds(topic: Mapping[str, Any] | None, message: Message) -> bool:
    """Whether a message tells more of the topic: what somebody without a name did or said as well.

    What the row that answered says more of, asked or told; else only of matters in which there is another side. A
    place or a question makes it one of its own.
    """
    if not topic or not topic.get(TOLD) or message.tapped or message.all("address"):
        return False
    if further(topic, message):
        return True
    return _has_another_side(topic) and tells_on(message)


def tells_on(message: Message) -> bool:
    """Whether the words only mean something with what was told before: “他还骂人”, and not asked."""
    asks = is_question(message) and not pattern(FILE, "at_a_loss").search(message.text)
    return not (asks or message.tapped) and bool(
        pattern(FILE, "adds").match(_SPACE.sub("", message.text))
    )


def _has_another_side(topic: Mapping[str, Any]) -> bool:
    if row_of(topic):
        return bool(row_of(topic).get("offer"))
    sides = load(FILE)["adds_to"]
    named = [topic.get("leaf"), *(topic.get(WHICH) or [])]
    kinds = [(leaves.card(leaf) or {}).get("kind") for leaf in named]
    return any(kind in sides["kinds"] for kind in kinds) or any(x in sides["leaves"] for x in named)
