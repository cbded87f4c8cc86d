"""What is asked of an order or a booking, and what is added to it afterwards (answers: ``ordered_answers``).

“周末也送吗”, “多少钱一次”, “几点来” are about the order there is; “那天不要送” behind them means the days they were
about. Which words these are is data (``data/dialogue/ordered.yml``). Pure.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from actions.client import TicketView
from actions.dialogue import load, pattern
from actions.forms import added, bookable, meal
from actions.forms.draft import CONFIRM, Draft
from actions.forms.replies import bare, is_question
from actions.message import Entity, Message
from actions.tickets import amending, orders

RULES = "ordered"
DAYS, FEE, TIME, WHO, READY, CHANGE = "days", "fee", "time", "who", "ready", "change"
HOME, LONG, BEYOND = "home", "long", "beyond"
"""Whether somebody has to be there, how long it takes, and what only whoever comes can know."""
WHERE, DEADLINE = "where", "deadline"
"""Where one eats, and until when something can be ordered, changed or taken back."""
NOTE = "note"
"""Something that whoever brings it is to know."""
SPOKEN = "spoken_days"
"""Value of an open form: the days that a question beside it was about."""
NOTED = frozenset({READY, HOME, LONG, WHERE, BEYOND})
"""Where nothing here answers, it is written down for whoever comes."""
BESIDE = frozenset({DAYS, TIME, WHO, CHANGE, DEADLINE, *NOTED})
"""What is answered beside a form; of the others the summary and the card tell."""


@lru_cache(maxsize=1)
def _questions() -> tuple[tuple[str, re.Pattern[str]], ...]:
    data = load(RULES)
    return tuple(
        (
            kind,
            re.compile(
                f"^{data['before']}(?:{_one_of(words)}){data['after']}$".replace("{it}", data["it"])
            ),
        )
        for kind, words in data["questions"].items()
    )


def _one_of(words: str | Sequence[str]) -> str:
    return words if isinstance(words, str) else "|".join(words)


def asked(message: Message) -> str | None:
    """Return what a message asks of an order (``days``, ``fee``, ``time`` …); None when it asks nothing.

    Whether there is an order to ask of is known only with the orders.
    """
    words = bare(message.text)
    if message.tapped or not words or len(words) > load(RULES)["longest"]:
        return None
    if pattern(RULES, "not_asked").search(words) or _names_place(message) or message.all("phone"):
        return None
    if asks_deadline(message):
        return DEADLINE
    names_day = bool(message.all("time")) or bool(pattern(RULES, "day").search(words))
    last = re.split("[，,。]", _without(message, ("time", "meal")).rstrip("，,。"))[-1]
    told = pattern(RULES, "that_day").match(bare(last))  # “礼拜天闺女回来，那天还送不”
    rest = bare(last[told.end() :] if told else _without(message, ("time", "meal")))
    rest = pattern(RULES, "day").sub("", rest)
    if not rest:
        return None
    kind = next(
        (k for k, fits in _questions() if fits.match(rest) and k in _open_to(names_day)), None
    )
    counts = message.all("count") and kind != FEE  # “明天送两份行吗” is a wish
    return None if counts else kind


def _names_place(message: Message) -> bool:
    """Whether a place is named; the floor alone (“能送上五楼不”) is none."""
    places = [e.value for e in message.all("address")]
    return any(not isinstance(v, dict) or set(v) - {"floor"} for v in places)


def asks_deadline(message: Message) -> bool:
    """Whether it is asked until when something can be ordered, changed or taken back (“订饭最晚几点说”)."""
    words = bare(message.text)
    if message.tapped or len(words) > load(RULES)["longest"]:
        return False
    if pattern(RULES, "not_deadline").search(words):
        return False
    return all(re.search(said, words) for said in load(RULES)["deadline"])


def asks_deadline_first(message: Message) -> bool:
    """Whether that is asked of meals before any is ordered."""
    return asks_deadline(message) and bool(pattern(RULES, "of_meals").search(bare(message.text)))


def asked_beside(message: Message, draft: Draft) -> str | None:
    """Return what a message beside an open form asks of what is arranged there, once its day is known."""
    if draft.form == meal.FORM.name and asks_deadline(message):
        return DEADLINE  # of whichever day: the form may not know it yet
    if draft.form == meal.FORM.name and draft.asked == CONFIRM and notes(message):
        return NOTE
    looked_up = draft.get("window") if draft.form == meal.FORM.name else draft.get("options")
    kind = asked(message) if looked_up and draft.get("date") else None
    return kind if kind in BESIDE else None


def _open_to(names_day: bool) -> frozenset[str]:
    """Return the questions that a message may ask: of days only where one is named, and nothing else there."""
    open_ = {FEE, TIME, WHO, CHANGE, *NOTED}
    return frozenset({DAYS, TIME, FEE} if names_day else open_)


def may_ask(message: Message) -> bool:
    """Whether short words right behind a booking ask something of it, when they are nothing else."""
    words, limits = bare(message.text), load(RULES)["may_ask"]
    if message.tapped or len(words) > limits["longest"] or message.entities:
        return False
    asks = is_question(message) or pattern(RULES, "may_ask", "ends").search(words)
    return bool(asks) and not pattern(RULES, "may_ask", "not").search(words)


def _without(message: Message, kinds: Sequence[str]) -> str:
    text = list(message.text)
    for entity in message.entities:
        if entity.type in kinds:
            text[entity.start : entity.end] = " " * (entity.end - entity.start)
    return "".join(text).replace(" ", "")


def adds(message: Message) -> bool:
    """Whether something more is wished for on what was booked (“顺便剪指甲”, “再帮忙理个发”)."""
    return bookable.wishes_more(message) and not asked(message)


def notes(message: Message) -> bool:
    """Whether whoever brings it is only to know something (“放门口就行”)."""
    facts = any(message.all(kind) for kind in ("time", "address", "phone", "count"))
    short = len(bare(message.text)) <= int(load(RULES)["adds"]["longest"])
    return short and not (message.tapped or facts) and added.note(message)


def adds_task(message: Message) -> bool:
    """Whether what is added is something that is done on visits (“顺便把窗户也擦了”)."""
    named = added.named(message) or bookable.kind_in(message, bookable.VISITS)
    return bool(named) and adds(message)


def added_to(message: Message, tickets: Sequence[TicketView]) -> TicketView | None:
    """Return the order that something more is wished for on; None when it is another matter or the same once more."""
    ticket = newest(tickets)
    if ticket is None or not adds(message) or _of_its_own(message):
        return None
    kind = bookable.kind_in(message, bookable.VISITS)
    leaf = ticket.data.get("leaf")
    if leaf == bookable.VISITS:
        same = kind is not None and kind == (ticket.data.get("appointment") or {}).get("kind")
        return None if same and not added.named(message) else ticket
    if leaf == bookable.DOCTOR and added.named(message):
        return ticket
    told = added.marked(message) or added.note(message)
    return ticket if told and not kind else None


def _of_its_own(message: Message) -> bool:
    sure = message.confidence >= SURE and not message.uncertain
    return sure and message.intent in ("report_problem", "book_meal", "request_certificate")


SURE = 0.7
"""From this confidence on “顺便报个灯坏了” is a matter of its own."""


def is_slow(message: Message) -> bool:
    """Whether it takes too long for somebody (“太慢了”), which judges nothing that is done."""
    words = bare(message.text)
    short = len(words) <= load(RULES)["slow_longest"] and not message.all("address")
    return short and not message.tapped and bool(pattern(RULES, "slow").search(words))


def newest(tickets: Sequence[TicketView]) -> TicketView | None:
    """Return the newest request that is not over, when it is an order or a booking."""
    open_ = [t for t in tickets if t.state not in orders.ENDED]
    last = max(open_, key=lambda t: str(t.data.get("created_at") or ""), default=None)
    return last if last is not None and amending.kind_of(last) != amending.OTHER else None


def meant(message: Message, tickets: Sequence[TicketView]) -> TicketView | None:
    """Return the order that a question is about: the one it names, else the newest request if that is one."""
    leaf = _service(message)
    named = [t for t in tickets if leaf is None or t.data.get("leaf") == leaf]
    return newest(orders.for_whom(message, named))


def _service(message: Message) -> str | None:
    """Return the leaf of the service that the words name; None when they name none."""
    if named := bookable.named_leaf(message):
        return named
    sure = message.leaf is not None and message.leaf.confidence >= LEAF_SURE
    arranged = (
        sure and message.leaf and (bookable.spec(message.leaf.id) or message.leaf.id == meal.LEAF)
    )
    return message.leaf.id if arranged and message.leaf else None


LEAF_SURE = 0.6
"""From this confidence on a question is about the service that was understood."""


def pointing_back(message: Message, days: Sequence[str]) -> Message:
    """Return the message with the days that “那天” means as times; the message itself when it names its own.

    Args:
        message: What was said.
        days: ISO dates of what was spoken of just before.
    """
    if message.tapped or not days or message.all("time"):
        return message
    found = pattern(RULES, "that_day").search(message.text)
    if found is None and not pattern(RULES, "not_then").fullmatch(bare(message.text)):
        return message
    start, end = found.span() if found else (0, 0)
    words = message.text[start:end]
    times = tuple(Entity("time", {"start": d, "end": d}, words, start, end) for d in days)
    return replace(message, entities=(*message.entities, *times))
