"""What one has ordered and booked, told as a list, and what is said about one of the list.

“我都订了啥” lists it; the buttons under the list carry which number is which, so “第二个不要了” is
understood for a few messages after it, without anything having to remember it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from rasa_sdk.events import EventType, SlotSet

from actions.client import Json, TicketView
from actions.dialogue import pattern
from actions.forms import diets, meal
from actions.forms.replies import bare
from actions.message import Message
from actions.talk import choices
from actions.talk.echo import MEALS, MODES, RELATIONS, say_date, say_time
from actions.texts import say
from actions.tickets import amending, waiting
from bot.understanding.numbers import to_int

if TYPE_CHECKING:
    from actions.turn import Turn

RULES = "orders"
ABOUT = "order"
"""``about`` of the buttons under the list."""
CHANGE = "action_supplement"
WITHDRAW = "action_withdraw"
SHOWN = 5
SHOWN_LARGE = 3
"""As many of them in large-type mode."""
LASTS = 6
"""So many messages of the resident after it a number still means the list."""
LONGEST = 30
SAME = ("meal", "portions", "diet", diets.APART, "mode")
"""What an order that is made once more has from the one before it."""
ENDED = frozenset(
    "CLOSED RESOLVED WITHDRAWN TERMINATED NOT_ACCEPTED HANDED_OFF MERGED".split()
)  # what is over is no order any more


def asks(message: Message) -> bool:
    """Whether somebody asks what they have ordered or booked."""
    words = bare(message.text)
    if message.tapped or len(words) > LONGEST or not pattern(RULES, "list").search(words):
        return False
    return not (pattern(RULES, "not_list").search(words) or message.all("count"))


def again(message: Message) -> bool:
    """Whether the last order is wished for on another day as well (“后天也要”)."""
    text = list(message.text)
    for entity in message.entities:
        text[entity.start : entity.end] = " " * (entity.end - entity.start)
    rest = bare("".join(text).replace(" ", ""))
    if message.tapped or not (message.all("time") or message.all("meal")):
        return False
    said = pattern(RULES, "again").search(rest)
    return bool(said and pattern(RULES, "again_all").fullmatch(rest))


def meal_before(tickets: Sequence[TicketView]) -> Json:
    """Return what is the same when the newest meal is ordered once more: all but its day.

    Args:
        tickets: The resident's own requests.
    """
    meals = [t for t in tickets if amending.kind_of(t) == amending.MEAL]
    newest = max(meals, key=lambda t: str(t.data.get("created_at") or ""), default=None)
    order = _order(newest) if newest else {}
    return {k: order[k] for k in SAME if order.get(k)}


def eaten(tickets: Sequence[TicketView], message: Message) -> TicketView | None:
    """Return the meal that came last, which a complaint is about: of the day named, else today or before; None without one."""
    today = message.now.date().isoformat()
    last = min(_last_day(message) or today, today)
    meals = [t for t in tickets if amending.kind_of(t) == amending.MEAL and t.state != "WITHDRAWN"]
    came = [t for t in for_whom(message, meals) if _day(t) and _day(t) <= last]
    return max(came, key=_day, default=None)


def listed(tickets: Sequence[TicketView], message: Message) -> list[TicketView]:
    """Return the orders a question is about, the next to come first.

    Of a standing order its newest meal alone. Words narrow it down: “咱妈” to whom it is for, “饭”
    to meals, “这礼拜” to days.
    """
    booked = [t for t in tickets if amending.kind_of(t) != amending.OTHER and t.state not in ENDED]
    today = message.now.date().isoformat()
    coming = [t for t in booked if _day(t) >= today or not _day(t) or _order(t).get("habit")]
    found = for_whom(message, amending.newest_of_habits(coming))
    if pattern(RULES, "meals").search(bare(message.text)):
        found = [t for t in found if amending.kind_of(t) == amending.MEAL]
    last = _last_day(message)
    if last:
        found = [t for t in found if _day(t) <= last]
    return sorted(found, key=lambda t: (_day(t) or "9", t.ticket_no))


def for_whom(message: Message, found: list[TicketView]) -> list[TicketView]:
    """Return those for the relative that is named; all of them when none is, or none fits."""
    entity = message.last("relation")
    if entity is None:
        return found
    return [t for t in found if t.data.get("relation") == entity.value] or found


async def tell(turn: Turn) -> list[EventType]:
    """List what is ordered, what is waited for and what is paused."""
    async with turn.client() as client:
        tickets = await client.tickets(turn.conversation_id)
        other = await client.bookings(turn.conversation_id)
    found = listed(tickets, turn.message)
    shown = SHOWN_LARGE if turn.elder else SHOWN
    paused = for_whom(turn.message, [TicketView.of(t) for t in other["paused"]])
    lines = [
        f"{n}. {words(t, turn.message, short=turn.elder)}" for n, t in enumerate(found[:shown], 1)
    ]
    if len(found) > shown:
        lines.append(say("orders_more", turn.elder, n=len(found) - shown))
    lines += [
        say(
            "orders_paused", turn.elder, order=words(t, turn.message, next_=False, short=turn.elder)
        )
        for t in paused
    ]
    lines += [
        say("orders_waiting", turn.elder, what=w["what"], stands=waiting.stands(w))
        for w in other["waiting"]
    ]
    if not lines:
        turn.say("orders_none")
        return []
    key = "orders_head" if found else "orders_head_none"
    tail = [say("orders_tail", turn.elder)] if found else []
    buttons = [_button(n, t) for n, t in enumerate(found[:shown], 1)]
    turn.tell("\n".join([say(key, turn.elder), *lines, *tail]), buttons)
    return []


def _button(number: int, ticket: TicketView) -> dict[str, str]:
    facts = f'"ticket_no":"{ticket.ticket_no}","about":"{ABOUT}"'
    return {
        "title": say("button_change_order", number=number),
        "payload": f"/supplement_ticket{{{facts}}}",
    }


def words(ticket: TicketView, message: Message, next_: bool = True, *, short: bool = False) -> str:
    """Return an order in words.

    Args:
        ticket: What was ordered.
        message: For the present day.
        next_: Of a standing order the next meal is said as well.
        short: Only which meal, and how many of it: for large-type mode.
    """
    order = _order(ticket)
    relation = RELATIONS.get(str(ticket.data.get("relation") or ""))
    whom = say("order_whom", relation=relation) if relation else ""
    if amending.kind_of(ticket) != amending.MEAL:
        what = str(order.get("what") or ticket.title or say("a_booking"))
        return f"{whom}{what}，{amending.say_when(order, message) or say('day_open')}"
    day, which = _day(ticket), str(order.get("meal"))
    diet = diets.words(order, int(order.get("portions") or 1))
    portions = say("count_portions", n=order.get("portions") or 1)
    more = () if short else (diet, MODES.get(str(order.get("mode"))))
    how = "，".join(filter(None, (portions, *more)))
    if not order.get("habit"):
        return f"{whom}{meal.say_meal(day, which, message)}，{how}"
    habit = say_time({**order["habit"], "part": None}, message.now)
    until = order.get("until")
    ends = say("meal_until", day=say_date(date.fromisoformat(until), message.now)) if until else ""
    if short:
        return f"{whom}{habit}{MEALS.get(which, which)}，{how}"
    next_meal = say("meal_next", meal=meal.say_meal(day, which, message)) if next_ and day else ""
    return f"{whom}{habit}{MEALS.get(which, which)}，{how}{ends}{next_meal}"


def numbered(turn: Turn) -> str | None:
    """Return the ticket that a number in the words names, by the list shown a short while ago."""
    message = turn.message
    found = None if message.tapped else pattern(RULES, "numbered").search(bare(message.text))
    number = to_int(found["n"] or found["m"]) if found else None
    shown = _shown(turn.tracker.events) if number else []
    return shown[number - 1] if number and number <= len(shown) else None


def _shown(events: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the tickets of the newest list, in its order; none when that is long ago."""
    heard = 0
    for event in reversed(events):
        heard += event.get("event") == "user"
        if heard > LASTS:
            break
        if event.get("event") != "bot":
            continue
        named = [
            choices.parse(b["payload"]) for b in (event.get("data") or {}).get("buttons") or ()
        ]
        listed = [str(c.facts["ticket_no"]) for c in named if c.facts.get("about") == ABOUT]
        if listed:
            return listed
    return []


def chosen(turn: Turn) -> str | None:
    """Return the order that a message is about: by its number, or because it was asked about."""
    offer = turn.standing_offer() or {}
    return numbered(turn) or offer.get("order")


def action(message: Message) -> str | None:
    """Return the action for words about an order that was chosen; None when they are no such words."""
    rest = pattern(RULES, "numbered").sub("", bare(message.text))
    if pattern(RULES, "drop").match(rest) or amending.says("cancel", rest):
        return WITHDRAW
    found = pattern(RULES, "numbered").search(bare(message.text))
    return CHANGE if found or amending.asks(message) else None


def ask_what(turn: Turn, ticket: TicketView) -> list[EventType]:
    """Ask what is to be changed of the order that was chosen; the next message is about it."""
    drop = f'/withdraw_ticket{{"ticket_no":"{ticket.ticket_no}"}}'
    turn.say(
        "order_what",
        [{"title": say("button_drop_order"), "payload": drop}],
        order=words(ticket, turn.message),
    )
    offer: Json = {"id": turn.message.id, "order": ticket.ticket_no}
    return [SlotSet("offer", offer)]


def _order(ticket: TicketView) -> Mapping[str, Any]:
    found: Mapping[str, Any] = ticket.data.get("appointment") or {}
    return found


def _day(ticket: TicketView) -> str:
    return str(_order(ticket).get("date") or "")[:10]


def _last_day(message: Message) -> str:
    """Return the last of the days that a question names (“这礼拜”), as an ISO date; empty: none."""
    spans = [e.value for e in message.meant("time") if isinstance(e.value, Mapping)]
    ends = [str(v.get("end") or v.get("start") or "")[:10] for v in spans if not v.get("recur")]
    return max(ends, default="")
