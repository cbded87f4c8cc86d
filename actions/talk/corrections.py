"""“不是楼道灯，是电梯”, “不对，是公证处”: what a message turns around. Pure.

A fact that has a type of its own (a place, a day, a number) is corrected by the reader of its field; what is
only words – a matter, a purpose, a person, a unit – is found here, by the form of the sentence. The words are data
(``data/dialogue/corrections.yml``).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from actions.dialogue import load, pattern
from actions.forms.replies import is_question
from actions.message import Entity, Message
from actions.talk import repairs
from bot.understanding.relations import find_relations

DATA = "corrections"


@dataclass(frozen=True)
class Turned:
    """What takes the place of what.

    Attributes:
        new: What is right, without particles at its end.
        old: What is wrong; empty when only the right one was said.
        start: Where ``new`` begins in the message, in code points.
    """

    new: str
    old: str = ""
    start: int = 0

    def holds(self, entity: Entity) -> bool:
        """Whether something that was understood stands in what is right."""
        return self.start <= entity.start and entity.end <= self.start + len(self.new)


def of(message: Message) -> Turned | None:
    """Return what a message turns around; None for a question, a story or a tap."""
    text = message.text
    if message.tapped or not text or len(text) > load(DATA)["longest"] or is_question(message):
        return None
    for form in _forms():
        found = form.search(text)
        if found is None:
            continue
        new = pattern(DATA, "tail").sub("", found["new"].rstrip(" ，,"))
        if new:
            old = str(found.groupdict().get("old") or "")
            return Turned(new, old, found.start("new"))
    return None


def behind(text: str) -> str:
    """Return what is said after a correction within one message (“自取，不对，送到家” → “送到家”); else all of it."""
    wrong = list(pattern(DATA, "wrong").finditer(text))
    return text[wrong[-1].end() :] if wrong and text[wrong[-1].end() :].strip(" ，,。") else text


def matter(message: Message) -> str | None:
    """Return the matter that takes the place of the one told before, by its words; None without one.

    A place in the correction is no matter (“不对，是5号楼大门那儿”).
    """
    turned = of(message)
    if turned is None:
        return None
    words = _without_places(turned, message.all("address"))
    named = repairs.named(words)
    if named:
        return named[0]
    rows = load(DATA)["matters"]
    of_old = (r for r in rows if re.search(r.get("of", ""), turned.old))
    return next((str(r["leaf"]) for r in of_old if re.search(r["words"], words)), None)


def relation(message: Message) -> str | None:
    """Return for whom it is instead (“不是我妈，是我爸”); None where more than that is said."""
    turned = of(message)
    found = find_relations(turned.new) if turned else []
    if turned is None or len(found) != 1:
        return None
    rest = turned.new.replace(found[0].text, "")
    return None if pattern(DATA, "for_whom").sub("", rest) else str(found[0].value)


def _without_places(turned: Turned, places: Sequence[Entity]) -> str:
    words = turned.new
    for place in places:
        if place.text:
            words = words.replace(place.text, "")
    return words


@lru_cache(maxsize=1)
def _forms() -> tuple[re.Pattern[str], ...]:
    data = load(DATA)
    return tuple(re.compile(f.replace("{wrong}", f"(?:{data['wrong']})")) for f in data["turns"])
