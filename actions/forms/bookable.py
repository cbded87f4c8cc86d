"""What can be booked, what each leaf asks for, and which words mean it (``data/dialogue/bookings.yml``)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from actions.dialogue import load, pattern
from actions.forms import added, care
from actions.forms.draft import Draft
from actions.forms.replies import bare, leftover
from actions.message import Message
from actions.talk.echo import PARTS
from actions.texts import say

FILE = "bookings"
VISITS = "C6"
"""The leaf of visits at home, whose kinds are told by what is to be done."""
DOCTOR = "E7"
"""The leaf of the family doctor, who may come as well."""
PEOPLE_SAID = "people_said"
"""Value of how many come about (“十几”), as it was said; ``people`` is the least."""
ALSO = "also"
"""Value of what is to be done on the same visit as well, in the resident's words."""
WISH_LONGEST = 40
"""A longer message is understood as a whole."""
_NO_WISH = frozenset({"report_problem", "emergency", "give_praise"})
SURE = 0.5
"""From this confidence on the classifier's leaf is the one that is booked."""
CHOICES = ("kind", "course", "venue", "part", care.WHOM, care.DAYS, care.TRANSPORT)


def spec(leaf: str | None) -> Mapping[str, Any]:
    """Return what is asked for a leaf; empty when it is not booked here."""
    found: Mapping[str, Any] = load(FILE)["bookings"].get(leaf or "") or {}
    return found


def leaf_of(message: Message) -> str | None:
    """Return the leaf that the message books: by its words, else by a sure understanding.

    A visit by what is to be done there (“约个剪头的”) comes last.
    """
    named = named_leaf(message) or wished(message)
    if named:
        return named
    leaf = message.leaf
    if leaf and leaf.confidence >= SURE:
        return leaf.id if spec(leaf.id) else None
    done = kind_in(message, VISITS)
    return VISITS if done and message.intent == "book_service" else None


def named_leaf(message: Message) -> str | None:
    """Return the leaf whose name the words say (“助浴”, “书法班”), or None."""
    for leaf, data in load(FILE)["bookings"].items():
        if data.get("words") and pattern(FILE, "bookings", leaf, "words").search(message.text):
            return str(leaf)
    return None


def wished(message: Message) -> str | None:
    """Return the leaf of what is wished for in words that a classifier takes for something else."""
    words = bare(message.text)
    if message.tapped or len(words) > WISH_LONGEST or message.intent in _NO_WISH:
        return None
    leaves: Mapping[str, str] = load(FILE)["wished"]
    return next((x for x in leaves if pattern(FILE, "wished", x).search(words)), None)


def meant(message: Message, topic: str | None, doubtful: bool) -> bool:
    """Whether words mean a booking, whatever they were taken for.

    Args:
        message: What was typed.
        topic: Leaf that was explained a short while ago: a day alone is when it is wanted, “我要签” takes it up.
        doubtful: The understanding is not sure; then the name of what is booked is enough.
    """
    if message.tapped or pattern("own", "cancel").search(bare(message.text)):
        return False
    may_book = doubtful and any(r.intent == "book_service" for r in message.readings)
    if wished(message) or (may_book and named_leaf(message)):
        return True
    if care.looks_first(message) and care.may_look(spec(topic)):
        return True
    if not spec(topic):
        return False
    taken_up = pattern(FILE, "takes_up").fullmatch(bare(message.text))
    return bool(taken_up or (message.all("time") and not leftover(message)))


def asks(message: Message) -> bool:
    """Whether the message asks about the service instead of booking it."""
    if message.tapped or message.all("time") or message.all("phone"):
        return False
    wishes = pattern(FILE, "wishes").search(message.text)
    return bool(pattern(FILE, "questions").search(message.text)) and not wishes


def asks_timetable(message: Message) -> bool:
    """Whether a question is about courses, venues and their hours."""
    return bool(pattern(FILE, "timetable").search(message.text))


COURSES, VENUES = "courses", "venues"
"""Lists of ``GET /bookings/options``."""


def timetable_of(message: Message) -> tuple[str, ...]:
    """Return which lists answer a question about a timetable: who asks for courses needs no rooms."""
    courses, venues = (bool(pattern(FILE, name).search(message.text)) for name in (COURSES, VENUES))
    if courses == venues:
        return COURSES, VENUES
    return (COURSES,) if courses else (VENUES,)


def asks_others(message: Message) -> str | None:
    """Return what else somebody asks for: ``rows`` (another room, another course), ``time``, or None."""
    words = bare(message.text)
    busy = pattern(FILE, "busy_then").search(words)  # “周五没空，有没有别的天”
    if message.tapped or (message.all("time") and not busy):
        return None
    return next((k for k in load(FILE)["others"] if pattern(FILE, "others", k).search(words)), None)


def kind_in(message: Message, leaf: str) -> str | None:
    """Return which of the kinds of a service the words name, or None."""
    kinds = spec(leaf).get("kinds") or ()
    found = (k["id"] for k in kinds if message.text and re.search(k["words"], message.text))
    return next((str(k) for k in found), None)


def wishes_more(message: Message) -> bool:
    """Whether something more is wished for on a visit (“再给她洗个头”)."""
    return added.wished(message, kind_in(message, VISITS))


def _kinds(draft: Draft) -> Sequence[Mapping[str, Any]]:
    kinds: Sequence[Mapping[str, Any]] = spec(draft.get("leaf")).get("kinds") or ()
    return kinds


def kind_of(draft: Draft) -> Mapping[str, Any] | None:
    """Return the kind of the service that was chosen, as its data has it, or None."""
    return next((k for k in _kinds(draft) if k["id"] == draft.get("kind")), None)


def asked_fields(draft: Draft) -> Sequence[str]:
    """Return the fields that are asked for what is booked, in their order."""
    of_leaf: Sequence[str] = spec(draft.get("leaf")).get("ask") or ()
    kind = kind_of(draft)
    return kind["ask"] if kind else of_leaf


def choices_of(draft: Draft, field: str) -> list[tuple[str, str]]:
    """Return (id, title) of what can be chosen for a field, at most three as buttons show them."""
    options = draft.get("options") or {}
    if field == "kind":
        return [(str(k["id"]), str(k["name"])) for k in _kinds(draft)]
    if field == "part":
        return [(p, PARTS[p]) for p in options.get("parts") or ("am", "pm")]
    if everywhere := care.choices(field):
        return list(everywhere)
    rows = options.get(f"{field}s") or []
    return [(str(r["id"]), titled(r)) for r in rows]


def titled(row: Mapping[str, Any]) -> str:
    """Return a course or venue in words: ``书法班（每周三 14:00-15:30）``."""
    schedule = row.get("schedule")
    return f"{row['name']}（{schedule}）" if schedule else str(row["name"])


def repairs(message: Message) -> bool:
    """Whether something is to be mended by whoever comes: that is a report."""
    found = pattern(FILE, "repairs").search(message.text)
    return bool(found) and not message.tapped and not named_leaf(message)


def health_in(message: Message) -> list[str]:
    """Return the words of a message about somebody's health, in the order told, each once."""
    return list(dict.fromkeys(m.group() for m in pattern(FILE, "health").finditer(message.text)))


def tells_health(message: Message) -> bool:
    """Whether a message is nothing but illnesses (“她有心脏病，血压也高”)."""
    rest = pattern(FILE, "health").sub("", message.text)
    if rest == message.text:
        return False
    return not bare(pattern(FILE, "health_filler").sub("", rest))


def heading(draft: Draft, field: str) -> str:
    """Return what a line of the summary is called, which a leaf may call otherwise (“哪天开始”)."""
    own = (spec(draft.get("leaf")).get("headings") or {}).get(field)
    return str(own or say(f"heading_{field}"))


def sentence(draft: Draft, name: str) -> str:
    """Return the key of a sentence, which a leaf may have of its own (``sentences`` of its data)."""
    own = (spec(draft.get("leaf")).get("sentences") or {}).get(name)
    return str(own or name)
