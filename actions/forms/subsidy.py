"""Whether an eater pays less: what was said of it, which the canteen checks and nobody here promises.

How people say it is data (``data/dialogue/orders.yml``, ``subsidy``); which groups pay less in this county is
the locality's (``meals.yml``) and comes with ``GET /meals``. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from actions.dialogue import load, pattern
from actions.forms.draft import CONFIRM, Draft, Values
from actions.forms.replies import bare, is_question, is_skip
from actions.message import Message
from actions.texts import say
from bot.understanding.numbers import to_int

FIELD = "subsidy"
WISH = "subsidy"
"""What the button under the summary refers to that says there is one."""
KIND = "subsidy:"
"""Prefix of the buttons of a group: ``subsidy:minimum``."""
NONE, UNSURE, YES = "none", "unsure", "yes"
RULES = "orders"
AGE = "age"
SHOWN = 3
"""So many groups stand as buttons; the others can be said."""


def read(message: Message, draft: Draft) -> Values:
    """Read “我妈是低保户”, “我八十二了有补贴”, “没补贴”, “有没有补贴我也不晓得”, also from a button."""
    about = message.about or ""
    if about == WISH:
        return {FIELD: {"says": YES, "kinds": []}}
    if about.startswith(KIND):
        return {FIELD: {"says": YES, "kinds": [about.removeprefix(KIND)]}}
    words = bare(message.text)
    if message.tapped or not words:
        return {}
    question = asks(message)
    said = None if question or _asks_of_kind(message, words) else _status(words)
    over_summary = draft.asked in (CONFIRM, FIELD)
    age = _age(words, about_anybody=question, alone=over_summary)
    return {**({FIELD: said} if said else {}), **({"eater_age": age} if age else {})}


def _asks_of_kind(message: Message, words: str) -> bool:
    """Whether a kind is only asked about (“高龄津贴是八十还是九十才有”), of nobody and without claiming it."""
    claimed = any(_says(key, words) for key in ("of_somebody", "has", "none", "unsure"))
    return is_question(message) and not claimed


def _status(words: str) -> Mapping[str, Any] | None:
    if _says("unsure", words):
        return {"says": UNSURE, "kinds": []}
    if _says("none", words):
        return {"says": NONE, "kinds": []}
    kinds = [k for k in load(RULES)["subsidy"]["kinds"] if _named(k, words)]
    if kinds or _says("has", words):
        return {"says": YES, "kinds": kinds}
    return None


def _says(key: str, words: str) -> bool:
    return bool(pattern(RULES, "subsidy", key).search(words))


def _named(kind: str, words: str) -> bool:
    return bool(pattern(RULES, "subsidy", "kinds", kind, "words").search(words))


def _age(words: str, about_anybody: bool = False, alone: bool = False) -> int | None:
    """Return the age of the eater.

    Args:
        words: What was said.
        about_anybody: A question: “八十岁以上有补贴吗” tells nobody's age, “我妈八十三了，能少付点不” does.
        alone: Whether a number by itself is an age: where no other number answers.
    """
    found = pattern(RULES, "subsidy", "age").search(words)
    if found and about_anybody and not _of_somebody(words, found.end()):
        return None
    if found is None and alone:
        found = pattern(RULES, "subsidy", "age_alone").match(words)
    return to_int(found["age"]) if found else None


def _of_somebody(words: str, end: int) -> bool:
    """Whether an age in a question, which ends there, is somebody's own."""
    if pattern(RULES, "subsidy", "any_age").match(words[end:]):
        return False
    return words[:end].endswith("了") or _says("of_somebody", words[:end])


def answer(message: Message, draft: Draft) -> Values:
    """Read the answer to “是哪一种”: a button, words, or that one does not know."""
    if read(message, draft):
        return {}
    return {FIELD: {"says": UNSURE, "kinds": []}} if is_skip(message) else {}


def asks(message: Message) -> bool:
    """Whether somebody asks whether there is one (“八十岁有补贴不”)."""
    return not message.tapped and _says("asks", bare(message.text))


def denied(message: Message, draft: Draft) -> bool:
    """Whether an order is told that there is none (“没得啥子补贴”), whatever service that sounds like."""
    told = not message.tapped and draft.form == "meal" and not asks(message)
    return told and _says(NONE, bare(message.text))


def asks_first(message: Message) -> bool:
    """Whether that is all that is asked, before an order (“订饭有没有补贴”); what is wanted opens one."""
    wanted = any(message.all(kind) for kind in ("time", "meal", "count", "diet"))
    return asks(message) and not wanted and _says("canteen", bare(message.text))


def asks_price_first(message: Message) -> bool:
    """Whether what a meal costs is all that is asked, before an order (“食堂的饭好多钱一份”)."""
    words = bare(message.text)
    wanted = message.tapped or any(message.all(kind) for kind in ("time", "diet", "address"))
    return not wanted and _says("price", words) and _says("canteen", words)


def asks_money_first(message: Message) -> bool:
    """Whether who pays less, or what a meal costs, is all that is asked, before an order."""
    return asks_first(message) or asks_price_first(message)


def price_told(draft: Draft) -> str:
    """Return what a meal costs, with what the locality says beside it; empty where it says nothing."""
    window = draft.get("window") or {}
    told = (str(window.get(key) or "").rstrip("。") for key in ("price", "price_note"))
    return "，".join(filter(None, told))


def asks_to_write(message: Message) -> bool:
    """Whether it is to be written on an order that was made (“给我妈那份写上低保”)."""
    return not message.tapped and _says("write", bare(message.text))


def groups(draft: Draft) -> Sequence[Mapping[str, Any]]:
    """Return the groups of this county that may pay less: ``{id, name, from_age?, bring?}``."""
    found: Sequence[Mapping[str, Any]] = (draft.get("window") or {}).get("subsidies") or ()
    return found


def status(draft: Draft) -> Mapping[str, Any]:
    """Return ``{says, kinds}`` of the eater as far as known; empty: nothing is.

    Said now counts before what the resident has let us remember of this eater. An age counts where the
    county has a group from an age on.
    """
    said = dict(draft.get(FIELD) or _remembered(draft))
    if said.get("says") in (NONE, UNSURE):
        return said
    age = draft.get("eater_age")
    old = [g["id"] for g in groups(draft) if age and age >= (g.get("from_age") or age + 1)]
    kinds = list(dict.fromkeys([*(said.get("kinds") or []), *old]))
    return {**said, "says": YES, "kinds": kinds} if said or kinds else {}


def _remembered(draft: Draft) -> Mapping[str, Any]:
    rows = (draft.get("window") or {}).get("remembered") or ()
    eater = draft.get("subject") or None
    found = next((r for r in rows if (r.get("relation") or None) == eater), None)
    return {"says": YES, "kinds": found["kinds"], "remembered": True} if found else {}


def needed(draft: Draft) -> bool:
    """Whether it is asked which group the eater belongs to: once, when one is claimed and none named."""
    known = status(draft)
    claimed = known.get("says") == YES and not known.get("kinds")
    return bool(claimed and groups(draft)) and not draft.asks.get(FIELD, 0)


def may_offer(draft: Draft) -> bool:
    """Whether the summary offers to say so: there are groups, and nothing is known of the eater."""
    return bool(groups(draft)) and not status(draft)


def names(kinds: Sequence[str], draft: Draft | None = None) -> str:
    """Return the names of groups in words, as they were said: the county's name may say more than that.

    “残疾” is not yet 重度残疾人; only an age is the county's own group.
    """
    here = (
        {str(g["id"]): str(g["name"]) for g in groups(draft) if g.get("from_age")} if draft else {}
    )
    known = load(RULES)["subsidy"]["kinds"]
    return "、".join(here.get(k) or str(known[k]["name"]) for k in kinds if k in known or k in here)


def lines(draft: Draft, message: Message) -> list[tuple[str, str]]:
    """Return the normal price and what is known of the eater, as lines of the summary.

    Nothing where the locality has no price and no groups.
    """
    window = draft.get("window") or {}
    found: list[tuple[str, str]] = []
    price = str(window.get("price") or "")
    if price and message.elder and draft.asks.get(CONFIRM):
        price = ""  # it was read out with the first summary
    elif not (price and message.elder):  # one thing at a time
        price = price_told(draft)
    if price:
        found.append((say("heading_price"), price.rstrip("。")))
    words = _words(draft, message)
    return [*found, (say("heading_subsidy"), words)] if words else found


def _words(draft: Draft, message: Message) -> str:
    known = status(draft)
    if known.get("says") == NONE:
        return say("subsidy_none")
    if known.get("says") == UNSURE:
        return say("subsidy_unsure", message.elder)
    if known:
        named = names(known.get("kinds") or [], draft)
        bring = "、".join(_bring(draft, known.get("kinds") or []))
        key = "subsidy_said" if named else "subsidy_said_plain"
        more = say("subsidy_bring", words=bring) if bring else ""
        return say(key, message.elder, kinds=named, bring=more)
    if message.elder:
        return ""  # its button stands below: one thing at a time
    offered = "、".join(str(g["name"]) for g in groups(draft))
    words = {"groups": offered, "confirm": _confirm(draft)}
    again = bool(draft.asks.get(CONFIRM))  # who pays less was read out with the first summary
    return say("subsidy_open", message.elder or again, **words) if offered else ""


def _confirm(draft: Draft) -> str:
    """Return the remark that the county has not confirmed every group yet; empty when it has."""
    return say("subsidy_confirm") if any(g.get("confirm") for g in groups(draft)) else ""


def _bring(draft: Draft, kinds: Sequence[str]) -> list[str]:
    return [str(g["bring"]) for g in groups(draft) if g["id"] in kinds and g.get("bring")]


def told(draft: Draft, elder: bool, key: str = "subsidy_told") -> str:
    """Return the answer to “有补贴吗”; empty where the locality says nothing of it.

    Args:
        draft: The order, with what ``GET /meals`` says in ``window``.
        elder: In the words of large-type mode.
        key: The sentence, for who orders or only asks.
    """
    offered = "、".join(str(g["name"]) for g in groups(draft))
    window = draft.get("window") or {}
    short = (window.get("elder") or {}) if elder else {}
    note = str(short.get("subsidy_note") or window.get("subsidy_note") or "")
    more = {"groups": offered, "note": note, "confirm": _confirm(draft)}
    words = say(key, elder, **more) if offered else note
    by_age = any(g.get("from_age") for g in groups(draft))
    ask = key == "subsidy_told" and by_age and not draft.get("eater_age") and not status(draft)
    return words + (say("subsidy_how_old", elder) if ask else "")


def to_order(draft: Draft) -> dict[str, Any]:
    """Return what the order says to the canteen; empty when nothing is known."""
    known = status(draft)
    return written(known, names(known.get("kinds") or [], draft)) if known else {}


def written(known: Mapping[str, Any], named: str) -> dict[str, Any]:
    """Return a status as it stands on an order: ``{says, kinds, words}``, nothing of it checked."""
    return {"says": known["says"], "kinds": list(known.get("kinds") or []), "words": named}


def of_order(said: Mapping[str, Any]) -> str:
    """Return what an order says of it in words, for a change that is read back."""
    if said.get("says") == YES:
        return say("subsidy_order", kinds=said.get("words") or say("subsidy_some"))
    return say("subsidy_none" if said.get("says") == NONE else "subsidy_order_unsure")
