"""What is already open about the matter of a report: the resident's own ticket, the neighbours'.

The same matter again is no second ticket: it hurries the first one or adds to it. What neighbours
have reported can be joined. Of them only a number is ever said.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from actions.dialogue import load, pattern
from actions.forms.draft import CONFIRM, SUBMIT, Draft, Field, Values
from actions.forms.replies import bare, is_no, is_yes, leftover
from actions.knowledge import leaves
from actions.message import Message

SAME = "same:"
"""Prefix of the buttons under “您报过这件事”: ``urge``, ``add``, ``other``."""
JOIN = "join:"
"""Prefix of the buttons under “把您加上？”: ``yes``, ``no``."""
URGE, ADD, OTHER = "urge", "add", "other"
TELLS = 4
"""So many characters beside a place or a time tell more of the matter."""
NO_LEAF = "none"
"""What ``GET /similar`` is asked for a matter that has no leaf."""


def repeat_field() -> Field:
    """Return the question whether it is the resident's own open matter again."""
    return Field("repeat", _needs_repeat, answer=_repeat)


def join_field(secret: Callable[[Draft], bool]) -> Field:
    """Return the question whether to join the neighbours; who wants to stay unknown is not asked."""

    def needed(draft: Draft, message: Message) -> bool:
        return bool(draft.get("neighbours")) and draft.get("join") is None and not secret(draft)

    def read(message: Message, draft: Draft) -> Values:
        return {} if secret(draft) else _counted_in(message, draft)

    return Field("join", needed, read=read, answer=_join)


def _needs_repeat(draft: Draft, message: Message) -> bool:
    return bool(draft.get("own_open")) and not draft.get("repeat")


def _repeat(message: Message, draft: Draft) -> Values:
    about = message.about or ""
    if about.startswith(SAME):
        return {"repeat": about.removeprefix(SAME)}
    for kind in (OTHER, URGE, ADD):
        if _says(message, kind):
            return {"repeat": kind}
    if is_no(message):
        return {"repeat": OTHER}
    if _says(message, "more") and len(leftover(message)) >= TELLS:
        story = str(draft.get("narrative") or "")
        words = message.verbatim.strip()
        told = story if words in story else f"{story}\n{words}"
        return {"repeat": ADD, "narrative": told}
    return {"repeat": ADD} if is_yes(message) else {}


def _join(message: Message, draft: Draft) -> Values:
    about = message.about or ""
    if about.startswith(JOIN):
        return {"join": about == f"{JOIN}yes"}
    if _says(message, "alone") or is_no(message):
        return {"join": False}
    return {"join": True} if is_yes(message) or _says(message, "join") else {}


def _counted_in(message: Message, draft: Draft) -> Values:
    """Read over the summary that they are to be counted in after all; without neighbours there is nothing to join."""
    joins = draft.asked == CONFIRM and draft.get("neighbours") and counts_me(message)
    return {"join": True} if joins else {}


def counts_me(message: Message) -> bool:
    """Whether who reports wants to be counted with the neighbours (“加我一个”): no part of the story."""
    words = "" if message.tapped else bare(message.text)
    return bool(pattern("neighbours", "replies", "counts_me").search(words))


def stays_alone(message: Message, draft: Draft | None) -> bool:
    """Whether “把您加上？” is refused (“不跟他们一块，我单报”): no person is asked for."""
    return draft is not None and draft.asked == "join" and _says(message, "alone")


def _says(message: Message, kind: str) -> bool:
    words = message.text.strip()
    return not message.tapped and bool(pattern("neighbours", "replies", kind).search(words))


def to_check(draft: Draft) -> dict[str, str] | None:
    """Return what ``GET /similar`` is to be asked, or None when nothing new is known.

    About a person, an office or wages there is no spot: the leaf alone says what may be the same, and
    who told it says whether it is. A heavy heart (J5) is never held against an earlier one.
    """
    leaf = draft.get("leaf")
    if leaf in load("neighbours")["never"] or not draft.get("narrative"):
        return None
    if not leaf and draft.get("leaf_options"):
        return None
    wanted = {"leaf": str(leaf or NO_LEAF)}
    if leaf not in leaves.PLACELESS and not draft.get("about"):
        place, said = draft.get("place") or {}, draft.get("address") or {}
        parts = {k: place.get(k) for k in ("compound_id", "building_id", "building", "unit")}
        parts |= {k: parts.get(k) or said.get(k) for k in ("building", "unit")}
        wanted |= {k: str(v) for k, v in parts.items() if v}
    return None if wanted == draft.get("similar_to") else wanted


def kindred(draft: Draft, wanted: Mapping[str, str]) -> tuple[str, ...]:
    """Return the other leaves under which the resident may have told the same thing before.

    Those that a story was not told apart from, and those that its words are kindred to.
    """
    words, leaf = str(draft.get("narrative") or ""), wanted["leaf"]
    at_a_spot = bool(draft.get("address")) and not wanted.get("building")
    if at_a_spot or pattern("neighbours", "as_well").search(words):
        return ()  # “小区门口的路灯也不亮” is no lamp of the stairs
    groups = [k for k in load("neighbours")["kin"] if leaf in k["leaves"]]
    found = [x for k in groups if re.search(k["words"], words) for x in k["leaves"]]
    return tuple(dict.fromkeys(x for x in found if x != leaf))


def doubtful(draft: Draft) -> tuple[str, ...]:
    """Return the matters that a report may be about, when that is still to be asked."""
    if draft.get("leaf") or not draft.get("narrative"):
        return ()
    never = load("neighbours")["never"]
    return tuple(x for x in draft.get("leaf_options") or () if x not in never)


def known_before(draft: Draft, leaf: str, own: Mapping[str, Any]) -> Draft:
    """Take a doubtful matter for the one that the resident has told before, which is asked after."""
    told: Values = {"leaf": leaf, "leaf_options": [], "own_open": own, "repeat": None}
    return replace(draft, values={**draft.values, **told})


def checked(draft: Draft, wanted: Mapping[str, str], found: Mapping[str, Any]) -> Draft:
    """Take in the answer of ``GET /similar``; what was answered about another ticket falls."""
    own, others = found.get("own"), found.get("neighbours")
    if own and wanted["leaf"] == NO_LEAF and not alike(draft.get("narrative"), own.get("title")):
        own = None  # two matters without a leaf have nothing in common but that
    values = {**draft.values, "similar_to": dict(wanted), "own_open": own, "neighbours": others}
    if _number(own) != _number(draft.get("own_open")):
        values["repeat"] = None
    if _number(others) != _number(draft.get("neighbours")):
        values["join"] = None
    return replace(draft, values=values)


def alike(story: Any, title: Any) -> bool:
    """Whether most of a ticket's title stands in the words that are told now."""
    now, before = _pairs(str(story or "")), _pairs(str(title or ""))
    share: float = load("neighbours")["alike"]
    return bool(before) and len(now & before) >= share * min(len(before), len(now))


def _pairs(text: str) -> set[str]:
    letters = bare(text)
    return {letters[i : i + 2] for i in range(len(letters) - 1)}


def _number(ticket: Mapping[str, Any] | None) -> str | None:
    return str(ticket["ticket_no"]) if ticket else None


def settled(draft: Draft) -> Draft:
    """An answer that needs no summary ends the form: it is the old matter, or the neighbours'."""
    done = draft.get("repeat") in (URGE, ADD) or draft.get("join") is True
    return replace(draft, outcome=SUBMIT) if done and draft.outcome is None else draft
