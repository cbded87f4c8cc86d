"""How a resident wants to be reached, when somebody is at home, and who is named beside a relation."""

from __future__ import annotations

import re
from functools import lru_cache

from actions.dialogue import load, pattern
from actions.message import Entity, Message
from bot.understanding import contacts

DATA = "contact"
_NO_MATTER = frozenset({"out_of_scope", "chitchat", "supplement_ticket", "join_volunteer"})
"""What a classifier makes of a name."""
THEIRS = ("他", "她")
_CLAUSE = re.compile(r"[^\uff0c,。；;！!\n]+")
_NUMBER = re.compile(r"\d{7,}")
_SAYS_NAME = re.compile(r"^(?:我|俺)?(?:的?名字|姓名)?(?:应该|就)?(?:叫|是|写)?(?:做|成)?")
_JOINT = "；"
_EDGE = re.compile(r"^[和跟、 ]+|[、 ]+$")


def preference(message: Message, asked: bool = False) -> str:
    """Return the resident's own words on how and when to reach them (“下午打”); empty when none.

    Numbers are left out: they are kept as contact data, not in words.

    Args:
        message: What was said.
        asked: How to reach them was just asked: then no word of calling has to stand beside it.
    """
    if message.tapped or not (asked or pattern(DATA, "beside").search(message.text)):
        return ""
    call = pattern(DATA, "asked_call")
    wished = [c for _, c in _clauses(message.text) if _prefers(c) or (asked and call.match(c))]
    return _kept([_core(c) for c in wished])


def kinds(words: str) -> frozenset[str]:
    """Return what a clause says of reaching somebody: ``way``, ``time``, ``whose``, ``aid``."""
    plain = _plain(words)
    return frozenset(k for k in load(DATA)["kinds"] if pattern(DATA, "kinds", k).search(plain))


def merged(known: str, new: str) -> str:
    """Return both wishes; what the newer one says of the same kind takes the older one's place."""
    told = [c for c in new.split(_JOINT) if c]
    said = frozenset().union(*(kinds(c) for c in told))
    if any("time" in kinds(c) and pattern(DATA, "calls").search(c) for c in told):
        said |= {"way"}  # who says when to call may be called
    kept = [c for c in known.split(_JOINT) if c and not kinds(c) & said and c not in new]
    return _kept([*kept, *new.split(_JOINT)]) if new else known


def lasting(words: str) -> str:
    """Return of a ticket's wish what also holds for the next matter: not when somebody is at home."""
    return _kept([c for c in words.split(_JOINT) if kinds(c)])


def standing(words: str) -> str:
    """Return a wish without the word that makes it one for good (“以后发微信” → “发微信”)."""
    return _kept([pattern(DATA, "for_good").sub("", c) for c in words.split(_JOINT)])


def by_message(words: str) -> bool:
    """Whether messages are wished for instead of calls, at any time of the day."""
    told = [_plain(c) for c in words.split(_JOINT)]
    wished = pattern(DATA, "message")
    return any(wished.search(c) and "time" not in kinds(c) for c in told)


def whose_phone(message: Message, entity: Entity) -> bool:
    """Whether a relation is only said of whose phone it is (“打我闺女电话”)."""
    for at, clause in _clauses(message.text):
        for found in pattern(DATA, "kinds", "whose").finditer(clause.replace(" ", "")):
            if at + found.start() <= entity.start < at + found.end():
                return True
    return False


def phone_meant(message: Message) -> Entity | None:
    """Return the number to call: of several the one of whom the words say so (“…，打我妈的”), else the speaker's own."""
    numbers = message.meant("phone")
    told = pattern(DATA, "calls_whose").search(_plain(message.text)) if len(numbers) > 1 else None
    if told is None:
        own = [n for n in numbers if not whose_number(message, n)]
        return next(iter([*own[::-1], *numbers[::-1]]), None)
    before = 0
    for number in numbers:
        owner = pattern(DATA, "owner").search(message.text[before : number.start])
        if owner and owner["who"] == told["who"]:
            return number
        before = number.end
    return numbers[-1]


def adds_number(message: Message, before: str) -> bool:
    """Whether a number is one more beside the one that was left, and takes the place of none (“我的也记一个”)."""
    numbers = [str(n.value) for n in message.meant("phone")]
    more = pattern(DATA, "adds_number").search(_plain(_NUMBER.sub("", message.text)))
    return bool(before and more) and len(numbers) == 1 and before not in numbers


def with_end(phone: str, message: Message) -> str:
    """Return the number that was told before with its end put right (“最后是0011，不是0001”); empty without any."""
    found = (
        None if message.tapped or not phone else pattern(DATA, "end_of_number").search(message.text)
    )
    return phone[: -len(found["end"])] + found["end"] if found else ""


def whose_number(message: Message, number: Entity) -> str:
    """Return who else's number it is, as the words before it say (“我舅的号138…”: 舅; “他号…”: 他); empty for one's own."""
    before = [n.end for n in message.all("phone") if n.end <= number.start]
    found = pattern(DATA, "owner").search(message.text[max(before, default=0) : number.start])
    if found is None:
        return ""
    return found["who"] or (found[0][0] if found[0][0] in THEIRS else "")


def visit(message: Message) -> str:
    """Return the words on when somebody is at home (“下午三点以后在家”); empty when none."""
    if message.tapped:
        return ""
    if at_home(message.text):
        return _kept([message.text.strip(" ，,。")])
    found = (_visit_words(message, at, c) for at, c in _clauses(message.text))
    return _kept([words for words in found if words])


def at_home(text: str) -> bool:
    """Whether the whole message says that somebody is at home, or nobody is (“我白天都在家”)."""
    return bool(pattern(DATA, "at_home").match(re.sub(r"[\s\uff0c,。！!]", "", text)))


def about_reaching(message: Message, entity: Entity, asked: bool = False) -> bool:
    """Whether a time is said of calling or coming, and so is not when the matter happened."""
    beside = asked or pattern(DATA, "beside").search(message.text)
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


def name_alone(message: Message) -> str:
    """Return the name that is a whole message (“王秀英”), which a classifier takes for nothing of ours, or ""."""
    unknown = message.uncertain or message.intent in _NO_MATTER
    return "" if message.tapped or not unknown else contacts.name_alone(message.text)


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


def _plain(clause: str) -> str:
    return _NUMBER.sub("", clause).replace(" ", "")


def _prefers(clause: str) -> bool:
    if pattern(DATA, "not_ours").search(_plain(clause)):
        return False
    return bool(kinds(clause)) or bool(pattern(DATA, "preference").search(_plain(clause)))


def _core(clause: str) -> str:
    """Return a clause whole; of a story told in one breath only the words of the wish."""
    plain = _plain(clause)
    if len(plain) <= load(DATA)["one_breath"]:
        return clause
    found = (pattern(DATA, "kinds", k).search(plain) for k in load(DATA)["kinds"])
    words = [m.group() for m in sorted(filter(None, found), key=lambda m: m.start())]
    return _JOINT.join(words) or clause


def _visit_words(message: Message, at: int, clause: str) -> str:
    """Return what a clause says of a visit to come: a time and, beside it, being at home or coming.

    A clause is kept whole; of a story told in one breath (voice input has no commas) only the
    words from the time to the visit, and only if they stand together.
    """
    told = load(DATA)
    for time in message.all("time"):
        if not at <= time.start < at + len(clause) or _is_over(message, time):
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


def _is_over(message: Message, time: Entity) -> bool:
    """Whether a time says when something happened (“昨天”, “三天没人收”), not when to come."""
    value = time.value if isinstance(time.value, dict) else {}
    began = str(value.get("start") or "")[:10]
    before = bool(began) and not value.get("recur") and began < message.now.date().isoformat()
    return before or bool(pattern(DATA, "past").search(time.text))


def _kept(clauses: list[str]) -> str:
    words = _JOINT.join(_EDGE.sub("", _NUMBER.sub("", c)).strip() for c in clauses)
    return words[: load(DATA)["longest"]]
