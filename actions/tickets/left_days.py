"""Which days a message names of an order, and from which day on it is wanted again: pure.

The words are data (``data/dialogue/own.yml``). “停到下周一” and “下周一再送” mean the days before Monday, “这礼拜都别送”
all that are left of the week.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from actions.dialogue import pattern
from actions.forms.replies import bare
from actions.message import Entity, Message
from bot.understanding.numbers import to_int

MONTHS_AHEAD = timedelta(days=62)
"""Days further ahead are not skipped one by one."""
ONE = timedelta(days=1)
WEEK = timedelta(days=7)


def _says(kind: str, text: str) -> bool:
    return bool(pattern("own", kind).search(bare(text)))


def times(message: Message) -> list[Entity]:
    """Return the times that are said of a change, without those as always (“下周照旧”)."""
    as_always = [m.span() for m in pattern("own", "as_always").finditer(message.text)]
    return [
        e
        for e in message.meant("time")
        if isinstance(e.value, dict) and not any(a <= e.start < b for a, b in as_always)
    ]


def days_of(message: Message) -> list[str]:
    """Return the coming days that are named, ``2026-11-30`` …; a habit names none."""
    found: set[str] = set()
    for entity in times(message):
        if entity.value.get("recur") or not entity.value.get("start"):
            continue
        start, end = _span(entity)
        day = max(start, message.now.date())
        while day <= min(end, message.now.date() + MONTHS_AHEAD):
            found.add(day.isoformat())
            day += ONE
    return sorted(found)


def _span(entity: Entity) -> tuple[date, date]:
    start = str(entity.value["start"])[:10]
    return date.fromisoformat(start), date.fromisoformat(str(entity.value.get("end") or start)[:10])


def again_on(entity: Entity) -> date | None:
    """Return the day after which a pause until this time is over; None for a vague one (“下月初”).

    A day is the first on which it comes again, of a longer time (“这礼拜”, “月底”) it is the day after.
    """
    if not isinstance(entity.value, Mapping) or entity.value.get("recur"):
        return None
    if not entity.value.get("start"):
        return None
    start, end = _span(entity)
    if pattern("own", "before_it").search(entity.text):
        return end
    if start == end:
        return start
    vague = entity.value.get("approx") and not pattern("own", "to_the_end").search(entity.text)
    return None if vague else end + ONE


def is_bounded(message: Message) -> bool:
    """Whether words of “all” leave out only the days that are named (“这礼拜都别送”), and end nothing."""
    named = [e for e in times(message) if again_on(e) is not None]
    return bool(named) and not _says("from_then", message.text)


def ends(message: Message) -> bool:
    """Whether the words end what comes again, or take it all back."""
    return _says("stop", message.text) and not is_bounded(message)


def again_from(message: Message) -> tuple[Entity, date] | None:
    """Return the time that says when it is wanted again, and that day; None when none is said."""
    text = message.text
    for entity in reversed(times(message)):
        day = again_on(entity)
        if day is None:
            continue
        behind = pattern("own", "again_behind").match(text, entity.end)
        if behind and behind["after"]:
            return entity, day + ONE
        if behind or _begins_again(entity, text):
            return entity, _first_again(entity, day, message)
        if pattern("own", "before_it").search(entity.text):
            return entity, day
        if pattern("own", "until_front").search(bare(text[: entity.start])):
            return entity, _first_again(entity, day, message)
    return None


def _begins_again(entity: Entity, text: str) -> bool:
    """Whether it comes from this time on, behind words that stop it (“停一周，下下周开始送”)."""
    starts = pattern("own", "starts_behind").match(text, entity.end)
    return bool(starts) and _says("skip", text[: entity.start])


def _first_again(entity: Entity, after: date, message: Message) -> date:
    """Return the day on which it comes again: a week or month to come begins then, one that runs ends first.

    “再下礼拜” is the week after the one that the words alone mean, a weekday without its week comes after what is
    left out before it (“到下礼拜三莫送，礼拜四开始送”).
    """
    start, end = _span(entity)
    before = bare(message.text[: entity.start])
    if start == end and pattern("ordered", "weekday").fullmatch(entity.text):
        gone = [_span(e)[1] for e in times(message) if e.start < entity.start and again_on(e)]
        weeks = -((after - max(gone, default=after)).days // WEEK.days)
        return after + WEEK * max(weeks, 0)
    if pattern("own", "over_front").search(before) or start <= message.now.date() or start == end:
        return after
    if pattern("own", "to_the_end").search(entity.text):
        return after
    return start + (WEEK if pattern("own", "one_more").search(before) else timedelta(0))


def left_out(message: Message, first: date) -> list[str]:
    """Return the days that the words leave out of an order, as ISO dates.

    Args:
        message: What was said.
        first: The next day on which it would come.
    """
    again, count = again_from(message), _counted(message)
    if again is None and count is None and pattern("own", "pause").search(bare(message.text)):
        return []  # until a day that is not clear: it is asked for
    if again is None and count is None:
        return [d for d in days_of(message) if d >= first.isoformat()]
    named = [e for e in times(message) if again_on(e) is not None]
    begins = [_span(e)[0] for e in named if again is None or e is not again[0]]
    if again is not None:
        begins = [d for d in begins if d < again[1]]
    first = max(first, min(begins, default=first))
    if again is not None:
        count = (again[1] - first).days
    return [
        (first + timedelta(days=n)).isoformat() for n in range(min(count or 0, MONTHS_AHEAD.days))
    ]


def _counted(message: Message) -> int | None:
    """Return for how many days (“停三天”), or None."""
    found = pattern("own", "pause").search(bare(message.text))
    return to_int(found["days"]) if found and found["days"] else None


def of_appointment(order: Mapping[str, Any]) -> date:
    """Return the day of an order: of one that comes again its next one."""
    return date.fromisoformat(str(order["date"])[:10])
