"""How a resident wants to be reached, when somebody is at home, and who is named beside a relation."""

from __future__ import annotations

import re
from functools import lru_cache

from actions.dialogue import load, pattern
from actions.message import Entity, Message

DATA = "contact"
_CLAUSE = re.compile(r"[^\uff0c,。；;！!\n]+")
_NUMBER = re.compile(r"\d{7,}")
_SAYS_NAME = re.compile(r"^(?:我|俺)?(?:的?名字|姓名)?(?:应该|就)?(?:叫|是|写)?(?:做|成)?")
_EDGE = re.compile(r"^[和跟、 ]+|[、 ]+$")


def preference(message: Message) -> str:
    """Return the resident's own words on how and when to reach them (“下午打”); empty when none.

    Numbers are left out: they are kept as contact data, not in words.
    """
    if message.tapped or not pattern(DATA, "beside").search(message.text):
        return ""
    return _kept([c for _, c in _clauses(message.text) if _prefers(c)])


def visit(message: Message) -> str:
    """Return the words on when somebody is at home (“下午三点以后在家”); empty when none."""
    if message.tapped:
        return ""
    found = (_visit_words(message, at, c) for at, c in _clauses(message.text))
    return _kept([words for words in found if words])


def about_reaching(message: Message, entity: Entity) -> bool:
    """Whether a time is said of calling or coming, and so is not when the matter happened."""
    beside = pattern(DATA, "beside").search(message.text)
    return any(
        at <= entity.start < at + len(c)
        and ((beside and _prefers(c)) or _visit_words(message, at, c))
        for at, c in _clauses(message.text)
    )


def only_reaching(message: Message) -> bool:
    """Whether all that is said is how or when to reach the resident."""
    said = [c for _, c in _clauses(message.text)]
    kept = preference(message) + visit(message)
    return bool(kept) and all(_NUMBER.sub("", c).strip() in kept for c in said)


def own_name(message: Message) -> str:
    """Return the name that answers “您的名字是哪几个字” (“李桂芝”, “叫李桂芝”), or ""."""
    person = message.last("person")
    if person is not None:
        return str(person.value)
    return "" if message.tapped else named_beside(_SAYS_NAME.sub("", message.text.strip()))


def named_beside(text: str) -> str:
    """Return the name right at the beginning of what follows a relation (“刘桂芬反映…”), or ""."""
    found = _name().match(text)
    return found.group("name") if found else ""


def name_with(text: str, relation: Entity) -> str:
    """Return the name said with a relation: behind it (“我妈刘桂芬”) or in it (“对门王奶奶”), or ""."""
    data = load(DATA)
    within = re.search(rf"[{data['surnames']}](?:{data['titles']})$", text[: relation.end])
    return within.group() if within else named_beside(text[relation.end :])


@lru_cache(maxsize=1)
def _name() -> re.Pattern[str]:
    data = load(DATA)
    return re.compile(
        rf"^(?:叫|是)?(?P<name>[{data['surnames']}](?:{data['titles']}|"
        rf"[\u4e00-\u9fff]{{1,2}}?(?=$|[\uff0c,。、；;\d]|{data['ends']})))"
    )


def _clauses(text: str) -> list[tuple[int, str]]:
    return [(m.start(), m.group()) for m in _CLAUSE.finditer(text)]


def _prefers(clause: str) -> bool:
    return bool(pattern(DATA, "preference").search(_NUMBER.sub("", clause).replace(" ", "")))


def _visit_words(message: Message, at: int, clause: str) -> str:
    """Return what a clause says of a visit to come: a time and, beside it, being at home or coming.

    A clause is kept whole; of a story told in one breath (voice input has no commas) only the
    words from the time to the visit, and only if they stand together.
    """
    told = load(DATA)
    for time in message.all("time"):
        if not at <= time.start < at + len(clause) or pattern(DATA, "past").search(time.text):
            continue
        for met in pattern(DATA, "visit").finditer(clause):
            if len(clause) <= told["one_breath"]:
                return clause
            start, end = time.start - at, time.end - at
            if 0 <= met.start() - end <= told["beside_time"]:
                return clause[start : met.end()]
            if 0 <= start - met.end() <= told["beside_time"]:
                return clause[met.start() : end]
    return ""


def _kept(clauses: list[str]) -> str:
    words = "；".join(_EDGE.sub("", _NUMBER.sub("", c)).strip() for c in clauses)
    return words[: load(DATA)["longest"]]
