"""What somebody must not or does not eat, of an order or of each of its portions. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from actions.dialogue import pattern
from actions.forms.draft import Draft, Values
from actions.forms.replies import bare
from actions.message import Entity, Message
from actions.talk import corrections
from actions.talk.echo import DIETS
from actions.texts import say
from bot.understanding.numbers import to_int

APART = "diets"
"""Value of the diets told one portion by one: ``[{portions: 1, diet: [halal]}, …]``."""


def read(message: Message, draft: Draft) -> Values:
    """Read diets: they come together, those said to be wrong go, a correction takes the place of all.

    “两份，一份清真一份少盐” keeps them apart, “一份糖尿病的，一份普通的” too, until a diet is said of the whole order.
    """
    told = message.meant("diet")
    said = list(dict.fromkeys(str(e.value) for e in told))
    gone = {str(e.value) for e in message.all("diet")} - set(said)
    if not said and not gone:
        none = not message.tapped and pattern("meals", "no_diet").match(bare(message.text))
        return {"diet": [], APART: None} if none else {}
    if each := apart(message):
        return {APART: each, "diet": list(dict.fromkeys(d for e in each for d in e["diet"]))}
    turned = corrections.of(message)
    anew = turned is not None and not gone and {e.type for e in message.entities} <= {"diet"}
    old = [] if anew else [d for d in draft.get("diet") or [] if d not in gone]
    return {"diet": [*old, *(d for d in said if d not in old)], APART: None}


def apart(message: Message) -> list[dict[str, Any]]:
    """Return the diets of each portion; empty when they are not told one by one.

    A diet belongs to the number before it (“一份清真”), or, where a diet comes first, to the one behind it.
    """
    if some := some_of(message):
        return some
    counts, told = _counts(message), message.meant("diet")
    if plain := _with_plain(message, told):
        return plain
    if len(counts) < 2 or len({str(e.value) for e in told}) < 2:
        return []
    ahead = told[0].start < counts[0].start
    groups = [_of(e, counts, told, ahead) for e in counts]
    found = [g for g in groups if g["diet"]]
    return found if len(found) > 1 else []


def _with_plain(message: Message, told: Sequence[Entity]) -> list[dict[str, Any]]:
    """Return the portions where one of them is said to be as usual (“一份糖尿病的，一份普通的”); empty without such words.

    What is said before all of them (“我妈血糖高，来两份，一份正常一份低糖”) belongs to the one that is not.
    """
    plain = [m.start() for m in pattern("meals", "plain_food").finditer(message.text)]
    parts = _parts(message)
    total = len(parts) > 2 and int(parts[0].value) == sum(int(p.value) for p in parts[1:])
    each = parts[1:] if total else parts
    if len(each) < 2 or not told or not plain:
        return []
    begin = parts[0].end if total else -1
    said = [at for at in (*plain, *(d.start for d in told)) if at >= begin]
    ahead = min(said, default=0) < each[0].start
    groups = [_of(e, each, [d for d in told if d.start >= begin], ahead) for e in each]
    usual = [any(_within(p, e, each, ahead) for p in plain) for e in each]
    if not any(usual) or any(bool(g["diet"]) == u for g, u in zip(groups, usual, strict=True)):
        return []
    reasons = [str(d.value) for d in told if d.start < begin]
    return [
        g if u else {**g, "diet": [*g["diet"], *reasons]}
        for g, u in zip(groups, usual, strict=True)
    ]


def _parts(message: Message) -> list[Entity]:
    """Return the portions that are spoken of, also those without a number of their own (“我那份”)."""
    counts = _counts(message)
    named = [
        Entity("count", (to_int(m["n"]) or 1) if m["n"] else 1, m[0], *m.span())
        for m in pattern("meals", "part").finditer(message.text)
    ]
    more = [p for p in named if not any(c.start < p.end and p.start < c.end for c in counts)]
    return sorted((*counts, *more), key=lambda e: e.start)


def some_of(message: Message) -> list[dict[str, Any]]:
    """Return the portions when only some of a number have a diet (“三份饭，一份不要肉的”), the others last."""
    counts, told = _counts(message), message.meant("diet")
    if len(counts) < 2 or any(d.start < counts[1].start for d in told):
        return []
    groups = [_of(e, counts, told, ahead=False) for e in counts[1:]]
    others = int(counts[0].value) - sum(g["portions"] for g in groups)
    if others < 1 or not all(g["diet"] for g in groups):
        return []
    return [*groups, {"portions": others, "diet": []}]


def _counts(message: Message) -> list[Entity]:
    return [e for e in message.meant("count") if pattern("meals", "portions").search(e.text)]


def _of(
    count: Entity, counts: Sequence[Entity], told: Sequence[Entity], ahead: bool
) -> dict[str, Any]:
    own = [d for d in told if _within(d.start, count, counts, ahead)]
    return {"portions": int(count.value), "diet": [str(d.value) for d in own]}


def _within(at: int, count: Entity, counts: Sequence[Entity], ahead: bool) -> bool:
    """Whether what stands at a place of the message is said of this number."""
    edges = [e.start for e in counts]
    if ahead:
        return max((s for s in edges if s < count.start), default=-1) < at < count.start
    end = min((s for s in edges if s > count.start), default=None)
    return at > count.start and (end is None or at < end)


def words(order: Mapping[str, Any], portions: int) -> str:
    """Return the diets in words; of each portion where they were told apart, else of the order.

    Args:
        order: Draft values or an appointment.
        portions: How many portions there are; with another number than was told they stand together.
    """
    each = order.get(APART) or []
    if each and sum(e["portions"] for e in each) == portions:
        return say("diet_joint").join(
            say("diet_of_portions", n=e["portions"], diet=names(e["diet"]) or say("diet_none"))
            for e in each
        )
    return names(order.get("diet") or [])


def names(diet: Sequence[str]) -> str:
    """Return diets in words: ``清真、少盐``."""
    return "、".join(DIETS.get(d, d) for d in diet)
