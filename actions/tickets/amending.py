"""What a message changes of an own request: pure, read by the same fields as the forms.

The words are data (``data/dialogue/own.yml``). A change is a patch of facts, never a sentence beside
the ticket: what is said here has been changed there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from actions.client import Json, TicketView
from actions.dialogue import pattern
from actions.forms import certificate, diets, meal, place, shared, subsidy
from actions.forms.draft import CONFIRM, Draft
from actions.forms.replies import bare, leftover
from actions.message import Message
from actions.talk.contact import preference
from actions.talk.echo import MODES, PARTS, say_date, say_time
from actions.texts import say
from actions.tickets import left_days

MEAL = "meal"
APPOINTMENT = "appointment"
OTHER = "other"
SHORT = 6
"""Beside so few other words a phone number is the speaker's own."""
WEEKEND = frozenset({6, 7})
_ORDER = ("date", "meal", "portions", "mode", "diet", subsidy.FIELD)
_CHANGES = ("change", "more", "mode", "stop", "cancel", "undo", "pause")


@dataclass(frozen=True)
class Change:
    """What changes of one request.

    Attributes:
        appointment: Parts of the appointment; None takes a part away.
        certificate: What a certificate is for, or which unit wants it.
        phone: The number to reach the resident at from now on.
        wish: How and when they want to be reached, in their words.
        address: The place as understood, and as said; the services resolve it.
        lines: (what it is now, what it was) in words; the second may be empty.
        cancels: The words take the whole request back instead.
    """

    appointment: Json = field(default_factory=dict)
    certificate: Json = field(default_factory=dict)
    phone: str = ""
    wish: str = ""
    address: Mapping[str, Any] = field(default_factory=dict)
    address_text: str = ""
    lines: tuple[tuple[str, str], ...] = ()
    cancels: bool = False

    def __bool__(self) -> bool:
        """Whether anything changes."""
        facts = (self.appointment, self.certificate, self.phone, self.wish, self.address)
        return any(facts) or self.cancels


def says(kind: str, text: str) -> bool:
    """Whether the words fit a pattern of ``data/dialogue/own.yml``."""
    return bool(pattern("own", kind).search(bare(text)))


def asks(message: Message) -> bool:
    """Whether the words may change an own request; whether one fits is known only with the requests."""
    if further(message):
        return False
    if any(says(kind, message.text) for kind in _CHANGES):
        return True
    if len(leftover(message)) <= SKIPS and not says("ordering", message.text):
        if _left_out_once(message):
            return True
        if message.all("time") and (says("skip", message.text) or says("when", message.text)):
            return True
        if left_days.again_from(message):  # “下礼拜三再送”
            return True
        named = ("count", "meal", "time", "address", "phone")
        told = any(message.all(kind) for kind in named) or place.named_parts(message)
        if says("corrects", message.text) and told:
            return True
        where = message.all("address") and says("deliver", message.text)
        anew = message.all("time") or message.all(
            "meal"
        )  # a day and a meal are an order of its own
        if not anew and where:
            return True
    if says("rebook", message.text):
        return True
    other = alone(message) or _other_food(message) or subsidy.asks_to_write(message)
    return other or bool(
        certificate.unit_corrected(message) or certificate.purpose_corrected(message)
    )


def _other_food(message: Message) -> bool:
    """Whether another diet is wished for what is ordered (“太咸了，少放点盐”); a day is an order."""
    days = [e for e in message.all("time") if not e.text.startswith(("这", "最近"))]
    ordered = days or message.all("meal") or says("ordering", message.text)
    return bool(message.all("diet")) and not ordered


_SMALL = "那就还也"
"""Words beside a day that say nothing of what is to be done."""


def bare_day(message: Message) -> bool:
    """Whether the words are only a day or a meal (“周五”): what they are to change is not said."""
    if message.tapped or not message.entities or leftover(message).strip(_SMALL):
        return False
    facts = {e.type for e in message.entities} <= {"time", "meal"}
    return facts and not any(says(kind, message.text) for kind in ("corrects", "when", *_CHANGES))


def _left_out_once(message: Message) -> bool:
    """Whether only the next one of what comes again is not wanted (“这次不用来了”)."""
    away = says("skip", message.text) or says("cancel", message.text)
    return away and says("this_time", message.text) and not says("stop", message.text)


def takes_back_order(message: Message) -> bool:
    """Whether the words change or stop an order by its name (“我妈的饭停到下周三”): without one nothing begins."""
    named = says("named_order", message.text)
    return named and any(
        says(kind, message.text) for kind in ("pause", "stop", "undo", "put_off", "cancel")
    )


def names_order(message: Message) -> bool:
    """Whether the words name what was ordered and change it (“那明天的饭先不要送了”)."""
    return not message.tapped and says("named_order", message.text) and asks(message)


def of_food_alone(message: Message) -> bool:
    """Whether the food is found too salty and nothing ordered: said without an order it is a complaint."""
    return _other_food(message) and says("too_much", message.text)


def further(message: Message) -> bool:
    """Whether the words are an order of their own (“后天中午我也订一份，我自己来取”), and no change."""
    named = message.all("time") or message.all("meal")
    wishes = pattern("orders", "further").search(bare(message.text))
    changes = ("change", "more", "stop", "cancel", "undo")
    return bool(named and wishes) and not any(says(kind, message.text) for kind in changes)


SKIPS = 10
"""“下周一不要” is short; in a longer sentence the words tell something else."""


def alone(message: Message) -> bool:
    """Whether the message is nothing but a place or a phone number."""
    return bool(message.all("address") or message.all("phone")) and not leftover(message)


def kind_of(ticket: TicketView) -> str:
    """Return ``meal``, ``appointment`` or ``other``: what a change of it can be."""
    appointment = ticket.data.get("appointment") or {}
    if appointment.get("meal"):
        return MEAL
    if appointment or ticket.data.get("kind") == "booking":
        return APPOINTMENT
    return OTHER


def is_habit(ticket: TicketView) -> bool:
    """Whether what is ordered comes again and again."""
    return bool((ticket.data.get("appointment") or {}).get("habit"))


def change_of(message: Message, ticket: TicketView) -> Change:
    """Return what the message changes of a request; an empty change when it does not fit it."""
    kind = kind_of(ticket)
    if ticket.data.get("certificate") and (told := _of_certificate(message, ticket)):
        return told
    if message.all("diet") and kind == MEAL:
        return _of_meal(message, ticket)
    if (once := _of_series(message, ticket)) is not None:
        return once
    if kind != OTHER and says("cancel", message.text) and not says("change", message.text):
        return Change(cancels=_cancels(message, ticket))
    if kind == MEAL:
        return _of_meal(message, ticket)
    reach = _reach(message, ticket)
    if kind == APPOINTMENT and (day := _of_appointment(message, ticket)):
        return day
    return reach or _place(message, ticket)


def _of_series(message: Message, ticket: TicketView) -> Change | None:
    """Leave named days, or “这次”, out of what comes again; the series itself stays.

    None: nothing comes again, or no day of it is named.
    """
    order = dict(ticket.data.get("appointment") or {})
    recur = (order.get("habit") or {}).get("recur")
    if recur not in ("daily", "weekly") or not order.get("date"):
        return None
    away = says("skip", message.text) or says("cancel", message.text)
    if not away or left_days.ends(message) or says("change", message.text):
        return None
    days, once = (
        left_days.left_out(message, left_days.of_appointment(order)),
        _left_out_once(message),
    )
    if not days and once:
        days = [str(order["date"])[:10]]
    if kind_of(ticket) == MEAL:  # other words about meals are read with their diet, mode and pause
        taken_back = once or says("cancel", message.text)
        return (skip(message, order, days) or None) if taken_back else None
    return _next_visit(message, order, days)


def _later_visit(message: Message, ticket: TicketView) -> bool:
    """Whether a visit after the coming one is left out: whoever comes is told, nothing moves yet."""
    order, text = ticket.data.get("appointment") or {}, message.text
    away = says("skip", text) or says("cancel", text)
    ends = says("stop", text) or says("change", text)
    later = min(left_days.days_of(message), default="") > str(order.get("date") or "9")[:10]
    return kind_of(ticket) == APPOINTMENT and away and later and not ends


def _next_visit(message: Message, order: Mapping[str, Any], days: list[str]) -> Change | None:
    """Move a weekly visit to its next day when the coming one is left out."""
    now = str(order["date"])[:10]
    if now not in days:
        return None
    following = meal_day(order, date.fromisoformat(max(days)) + timedelta(days=1))
    said_days = [say_date(date.fromisoformat(d), message.now) for d in (now, following.isoformat())]
    words = say("visit_left_out", day=said_days[0], next=said_days[1])
    return Change({"date": following.isoformat()}, lines=((words, ""),))


def _cancels(message: Message, ticket: TicketView) -> bool:
    """Whether “不去了” is about this one: no day is named, or its own."""
    days, day = (
        left_days.days_of(message),
        str((ticket.data.get("appointment") or {}).get("date"))[:10],
    )
    return not days or day in days or day in _of_its_week(message, day)


def of_other_days(message: Message, tickets: Sequence[TicketView]) -> list[TicketView]:
    """Return what is ordered or booked, when the words take back a day for which none of it is (“明天的不要了”).

    Empty when no day is named, or something is for it; what comes again has its own words.
    """
    if message.tapped or not left_days.days_of(message):
        return []
    dated = [t for t in tickets if (t.data.get("appointment") or {}).get("date")]
    once = [t for t in dated if kind_of(t) != OTHER and not is_habit(t)]
    return [] if len(once) < len(dated) or any(_cancels(message, t) for t in once) else once


def takes_back_other_day(message: Message, tickets: Sequence[TicketView]) -> bool:
    """Whether the words leave out a day for which nothing is ordered (“明天别送了”), and change nothing else."""
    away = says("cancel", message.text) or says("skip", message.text) or left_days.ends(message)
    return away and not says("change", message.text) and bool(of_other_days(message, tickets))


def _of_its_week(message: Message, day: str) -> list[str]:
    """Return the weekdays that are said without their week (“礼拜三那顿”), in the week of the order's day."""
    named = [
        e for e in left_days.times(message) if e.value.get("start") and not e.value.get("recur")
    ]
    return [shared.in_same_week(e, day, message).isoformat() for e in named] if day else []


def newest_of_habits(tickets: list[TicketView]) -> list[TicketView]:
    """Return the tickets without the earlier meals of a habit: it is changed with its newest one.

    Args:
        tickets: The newest first.
    """
    kept: dict[str, TicketView] = {}
    for ticket in tickets:
        order = ticket.data.get("appointment") or {}
        kept.setdefault(str(order.get("series") or ticket.ticket_no), ticket)
    return list(kept.values())


# --- meals ------------------------------------------------------------------------------------------


def _of_meal(message: Message, ticket: TicketView) -> Change:
    order = dict(ticket.data.get("appointment") or {})
    if not message.all("diet"):  # “以后不要辣” stops nothing
        ended = _ends_or_pauses(message, ticket, order)
        if ended is not None:
            return ended
    draft = Draft(meal.FORM.name, "", asked=CONFIRM, values=_asked(order))
    said: dict[str, Any] = {}
    for name in _ORDER:
        found = meal.FORM.field(name)
        if found is not None:
            said |= found.read(message, draft)
    said.pop("habit", None)
    if told := said.get(subsidy.FIELD):
        said[subsidy.FIELD] = subsidy.written(told, subsidy.names(told["kinds"]))
    if says("more", message.text) and says("less", message.text) and said.get("portions"):
        said["portions"] = max(meal.portions(draft) - _count(message), 1)
    patch = {k: v for k, v in said.items() if k in _ORDER and v != order.get(k)}
    if "mode" in patch:
        patch["delivery"] = patch["mode"] == "delivery"
    where = _delivered_to(message, ticket, {**order, **patch})
    lines = [
        (_meal_words(k, {**order, **patch}, message), _meal_words(k, order, message))
        for k in _ORDER
        if k in patch
    ]
    if "date" in patch and "meal" in patch:
        lines = lines[:1] + lines[2:]  # the day's sentence names the meal too
    return replace(where, appointment=patch, lines=(*lines, *where.lines))


def _ends_or_pauses(
    message: Message, ticket: TicketView, order: Mapping[str, Any]
) -> Change | None:
    """Read what takes a meal, or some of a habit's, back; None when that is not what is said."""
    paused = _of_habit(message, order)
    if paused:
        return paused
    if not order.get("habit") and left_days.ends(message):
        return Change(cancels=_cancels(message, ticket))
    if (
        says("skip", message.text)
        and not says("change", message.text)
        and left_days.days_of(message)
    ):
        return Change(cancels=_cancels(message, ticket) and not says("mode", message.text))
    return None


def for_once(message: Message, ticket: TicketView) -> bool:
    """Whether some days of a habit are to be otherwise (“后天多一份”, “礼拜二的改成晚上”): a note to who does it.

    A habit has one number of portions; a change of it would hold for every day after.
    """
    order = ticket.data.get("appointment") or {}
    if not order.get("habit") or not left_days.days_of(message):
        return False
    if _other_meal_once(message, order):
        return True
    return says("more", message.text) or _later_visit(message, ticket)


def _other_meal_once(message: Message, order: Mapping[str, Any]) -> bool:
    """Whether another meal is wished for on a day that is named (“礼拜二的改成晚上”), and not from then on."""
    field_ = meal.FORM.field("meal")
    day = any(shared.NAMES_DAY.search(e.text) for e in left_days.times(message))
    if not (field_ and order.get("meal") and day) or says("from_then", message.text):
        return False
    wished = field_.read(message, Draft(meal.FORM.name, ""))
    return bool(wished) and wished["meal"] != order["meal"] and says("change", message.text)


def _delivered_to(message: Message, ticket: TicketView, order: Mapping[str, Any]) -> Change:
    """Read where the meal goes from now on; one that is fetched goes nowhere."""
    if order.get("mode") != "delivery" or not message.meant("address"):
        return Change()
    text = message.text
    if says("deliver", text) or says("corrects", text) or alone(message):
        return _place(message, ticket, corrects=True)
    return Change()


def _asked(order: Mapping[str, Any]) -> Json:
    return {k: order.get(k) for k in (*_ORDER, "habit") if order.get(k) is not None}


def _count(message: Message) -> int:
    entity = message.last("count")
    return int(entity.value) if entity is not None else 1


def _meal_words(part: str, order: Mapping[str, Any], message: Message) -> str:
    value = order.get(part)
    if part in ("date", "meal"):
        if not order.get("date"):
            return ""
        return meal.say_meal(str(order["date"]), str(order.get("meal") or ""), message)
    if part == "portions":
        return say("count_portions", n=value or 1)
    if part == "mode":
        return MODES.get(str(value), "")
    if part == subsidy.FIELD:
        return subsidy.of_order(value) if value else ""
    return diets.words(order, int(order.get("portions") or 1))


# --- habits (“每天中午”) --------------------------------------------------------------------------------


def _of_habit(message: Message, order: Mapping[str, Any]) -> Change | None:
    """Read what pauses or ends a habit; None when there is none, or nothing of it is said."""
    habit = order.get("habit")
    if not habit or says("change", message.text):
        return None
    if left_days.ends(message):
        last = message.now.date() - timedelta(days=1)
        starts = [e.value["start"] for e in left_days.times(message) if not e.value.get("recur")]
        if starts:
            last = date.fromisoformat(str(starts[0])[:10]) - timedelta(days=1)
        return _ended(message, order, max(last, message.now.date()))
    again = left_days.again_from(message)
    if not says("skip", message.text) and again is None:
        return None
    if says("weekends", message.text) and not says("this_one", message.text) and again is None:
        return _without(message, order, WEEKEND)
    recurring = [e.value for e in left_days.times(message) if e.value.get("recur")]
    if recurring:
        return _without(message, order, frozenset(recurring[0].get("weekdays") or ()))
    return (
        skip(message, order, left_days.left_out(message, left_days.of_appointment(order))) or None
    )


def skip(message: Message, order: Mapping[str, Any], days: list[str]) -> Change:
    """Return the change that leaves days out of a habit; an empty one for no days.

    Args:
        message: For the present day.
        order: The appointment with its habit.
        days: ISO dates; those without a meal anyway are no matter.
    """
    kept = _weekdays(order["habit"])
    skipped = sorted(d for d in days if date.fromisoformat(d).isoweekday() in kept)
    if not skipped:
        return Change()
    patch: Json = {"skip": sorted({*(order.get("skip") or []), *skipped})}
    named = "、".join(say_date(date.fromisoformat(d), message.now) for d in skipped)
    if len(skipped) > NAMED:
        ends = (say_date(date.fromisoformat(d), message.now) for d in (skipped[0], skipped[-1]))
        named = "到".join(ends)
    return _moved_on(message, order, patch, say("amended_out", days=named))


NAMED = 3
"""So many days are said one by one; of more the first and the last."""


def meal_day(order: Mapping[str, Any], first: date) -> date:
    """Return the first day of a habit from a day on."""
    kept = _weekdays(order["habit"])
    return next(d for d in (first + timedelta(days=n) for n in range(7)) if d.isoweekday() in kept)


def _ended(message: Message, order: Mapping[str, Any], last: date) -> Change:
    if last.isoformat() < str(order["date"]):
        return Change(cancels=True)  # nothing is left of it
    words = say("amended_ends", day=say_date(last, message.now))
    return Change({"until": last.isoformat()}, lines=((words, ""),))


def _without(message: Message, order: Mapping[str, Any], days: frozenset[int]) -> Change | None:
    kept = _weekdays(order["habit"]) - days
    if not kept or kept == _weekdays(order["habit"]):
        return None
    habit = {"recur": "weekly", "weekdays": sorted(kept)}
    words = say_time(habit, message.now)
    return _moved_on(message, order, {"habit": habit}, words)


def _moved_on(message: Message, order: Mapping[str, Any], patch: Json, words: str) -> Change:
    """Move the next meal on when it is on a day that falls out."""
    now = {**order, **patch}
    day = date.fromisoformat(str(order["date"]))
    kept, skipped = _weekdays(now["habit"]), set(now.get("skip") or ())
    while day.isoweekday() not in kept or day.isoformat() in skipped:
        day += timedelta(days=1)
    lines = [(words, "")]
    if day.isoformat() != order["date"]:
        patch = {**patch, "date": day.isoformat()}
        lines.append(
            (
                say(
                    "amended_next", meal=meal.say_meal(day.isoformat(), str(order["meal"]), message)
                ),
                "",
            )
        )
    return Change(patch, lines=tuple(lines))


def _weekdays(habit: Mapping[str, Any]) -> frozenset[int]:
    return frozenset(int(d) for d in habit.get("weekdays") or range(1, 8))


# --- appointments -----------------------------------------------------------------------------------


def _of_appointment(message: Message, ticket: TicketView) -> Change | None:
    """Read another day or hour; a time that is over is none."""
    today = message.now.date().isoformat()
    coming = [
        e.value
        for e in left_days.times(message)
        if not e.value.get("recur") and str(e.value.get("start") or "")[:10] >= today
    ]
    if not coming:
        return None
    said, old = coming[-1], dict(ticket.data.get("appointment") or {})
    start = str(said["start"])
    new = {"date": start[:10], "part": said.get("part"), "time": start[11:16] or None}
    named = any(shared.NAMES_DAY.search(e.text) for e in left_days.times(message))
    if not named and not old.get("date"):
        return None  # “改成平时晚上” names no day where none was agreed
    if old.get("date") and not named:  # “改到下午” is the same day
        new["date"] = str(old["date"])[:10]
    if not (new["part"] or new["time"]):  # “改到礼拜五” is another day at the same time
        new |= {"part": old.get("part"), "time": old.get("time")}
    patch = {k: v for k, v in new.items() if v != old.get(k)}
    if not patch:
        return None
    return Change(patch, lines=((say_when(new, message), say_when(old, message)),))


def say_when(appointment: Mapping[str, Any], message: Message) -> str:
    """Return day and time of an appointment in words; empty when no day is known."""
    if not appointment.get("date"):
        return ""
    day = say_date(date.fromisoformat(str(appointment["date"])[:10]), message.now)
    clock = str(appointment.get("time") or "")
    return day + (clock or PARTS.get(str(appointment.get("part") or ""), ""))


# --- certificates -----------------------------------------------------------------------------------


def _of_certificate(message: Message, ticket: TicketView) -> Change:
    """Read what it is for, or, of one that nobody may demand, which unit wants it."""
    known = dict(ticket.data.get("certificate") or {})
    if known.get("demanded_by"):
        part, new = "demanded_by", certificate.unit_corrected(message)
    else:
        part, new = "purpose", certificate.purpose_corrected(message)
    old = str(known.get(part) or "")
    if not new or new == old:
        return Change()
    return Change(certificate={part: new}, lines=((say(f"change_{part}", words=new), old),))


# --- reports ----------------------------------------------------------------------------------------


def _reach(message: Message, ticket: TicketView) -> Change | None:
    """Read the speaker's own number, and how and when they want to be reached."""
    entity, wish = message.last("phone"), preference(message)
    own = len(leftover(message)) <= SHORT or says("mine", message.text) or bool(wish)
    phone = str(entity.value) if entity is not None and own else ""
    old = str(ticket.data.get("phone") or "")
    if phone and old and old[:3] == phone[:3] and old[-4:] == phone[-4:]:
        phone = ""
    if not phone and not wish:
        return None
    masked = f"{phone[:3]}****{phone[-4:]}" if len(phone) >= LONG_NUMBER else phone
    lines = [(say("amended_phone", phone=masked), old)] if phone else []
    if wish:
        lines.append((say("change_reach", wish=wish), ""))
    where = _place(message, ticket)
    return Change(
        phone=phone,
        wish=wish,
        address=where.address,
        address_text=where.address_text,
        lines=(*lines, *where.lines),
    )


LONG_NUMBER = 7
"""A shorter number is read back whole."""


def _place(message: Message, ticket: TicketView, corrects: bool = False) -> Change:
    """Read the place where none is known yet, or where the words correct it."""
    old = str(ticket.data.get("location_text") or "")
    if old and not (corrects or says("corrects", message.text) or _finer(message, ticket)):
        return Change()
    said = place.read(message, Draft("own", message.id))
    if not said.get("address") or not (message.meant("address") or place.named_parts(message)):
        return Change()
    text = str(said["address_text"])
    return Change(address=said["address"], address_text=text, lines=((text, old),))


def _finer(message: Message, ticket: TicketView) -> bool:
    """Whether the message is a house and nothing else, of a compound that is all that is known (“5号楼”)."""
    known = ticket.data.get("place") or {}
    values = [e.value for e in message.meant("address") if isinstance(e.value, dict)]
    house = any(v.get("building") for v in values) and not known.get("building")
    return bool(known.get("community")) and house and not leftover(message)


def said(lines: tuple[tuple[str, str], ...]) -> str:
    """Return the changes in words: ``3份（原来2份）；自己来取（原来送到家）``."""
    return "；".join(say("change_line", new=new, old=old) if old else new for new, old in lines)
