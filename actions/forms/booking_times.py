"""When a booking is: the day and time that are said, full slots, what is free beside them, the queue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from actions.dialogue import load, pattern
from actions.forms import bookable, care, shared
from actions.forms.draft import Draft, Values
from actions.forms.replies import is_yes
from actions.message import Entity, Message
from actions.talk.echo import PARTS, say_date
from bot.understanding.numbers import to_int

NEXT_OPEN = "next_open"
"""What the button with another day refers to."""
SLOT = "slot:"
"""Prefix of the buttons of the free slots beside a full one: ``slot:0`` is the nearest."""
QUEUE = "queue"
"""What the button that waits for a place refers to."""
TIMES, TIMES_BESIDE = 3, 2
"""So many other times are offered for a full slot; fewer where another venue is free."""
_NOON = 12
_OPENS = 7
_LAST_HOUR = 23
_CLOSES = 20
_EVENING = 18


def _day(message: Message, of_week: bool = False) -> Entity | None:
    """Return the day that is meant.

    Args:
        message: What was said.
        of_week: Days of every week are read by themselves (``care``): only another one is a day.
    """
    start, end = care.of_days(message) if of_week else (0, 0)
    days = [e for e in message.meant("time") if isinstance(e.value, dict)]
    days = [e for e in days if not start <= e.start < end]
    today = message.now.date().isoformat()
    ahead = [e for e in days if e.value.get("recur") or str(e.value.get("start"))[:10] >= today]
    named = [e for e in ahead if e.value.get("recur") or shared.NAMES_DAY.search(e.text)] or ahead
    named = shared.not_refused(named, message)
    if not named:
        return None
    return named[-1] if shared.CORRECTS.search(message.text) else named[0]


def read(message: Message, draft: Draft) -> Values:
    """Read the day, the time and the part of the day; of a habit (“每周三”) the next day."""
    if message.about == NEXT_OPEN or (
        offers_day(draft) and is_yes(message) and not message.all("time")
    ):
        return {"date": draft.get("next_open")}
    if message.about and message.about.startswith(SLOT):
        return _slot(draft, message.about.removeprefix(SLOT))
    said: dict[str, Any] = {}
    if draft.asked == "date" and not full(draft) and shared.any_day(message):
        return {"date": shared.tomorrow(message)}
    of_week = care.DAYS in bookable.asked_fields(draft)
    entity = _day(message, of_week)
    if of_week and not draft.get("date") and (habit := care.read_days(message, draft).get("habit")):
        said["date"] = shared.next_day(habit, message.now.date()).isoformat()
    if entity is not None and not (of_week and entity.value.get("recur")):
        value = entity.value
        names_day = (
            value.get("recur") or shared.NAMES_DAY.search(entity.text) or not draft.get("date")
        )
        if value.get("recur"):
            said["date"] = shared.next_day(value, message.now.date()).isoformat()
            said["habit"] = value
        elif names_day:
            said["date"] = shared.in_same_week(entity, draft.get("date"), message).isoformat()
        if value.get("part") in PARTS:
            said["part"] = str(value["part"])
    said.update(_clock(message) or _moved(message, draft))
    words = message.text
    if "part" not in said and not message.tapped:
        parts = [
            p
            for p in load(bookable.FILE)["parts"]
            if pattern(bookable.FILE, "parts", p).search(words)
        ]
        if len(parts) == 1:
            said["part"] = parts[0]
    return said


def _slot(draft: Draft, number: str) -> Values:
    """Return what the tapped free slot sets; a clock time belonged to the full one."""
    free = offers(draft)
    if not number.isdigit() or int(number) >= len(free):
        return {}
    offer = dict(free[int(number)])
    return {**offer, "time": None} if "date" in offer else offer


def offers(draft: Draft) -> Sequence[Mapping[str, str]]:
    """Return what is free beside the full slot: ``{date, part}``, ``{venue}`` or ``{course}``."""
    options = draft.get("options") or {}
    people = int(draft.get("people") or 0)
    seats = {r["id"]: r.get("seats") for r in options.get("venues") or ()}
    venues = [v for v in options.get("elsewhere") or () if (seats.get(v) or people) >= people]
    times = (options.get("nearest") or ())[: TIMES_BESIDE if venues else TIMES]
    return [*times, *({"venue": v} for v in venues[:1])]


def read_queue(message: Message, draft: Draft) -> Values:
    """Read “排上，有空位告诉我”: of the slot that is wanted now, for as long as that one is wanted."""
    said = (
        not message.tapped and draft.asked and pattern(bookable.FILE, "queue").search(message.text)
    )
    return {"queued": wanted_slot(draft)} if said or message.about == QUEUE else {}


def requeued(draft: Draft, message: Message) -> Draft:
    """“还是周六吧，给我排个队” waits for the slot that the same message names."""
    said = not message.tapped and pattern(bookable.FILE, "queue").search(message.text)
    if draft.outcome or not draft.get("queued") or not said:
        return draft
    return replace(draft, values={**draft.values, "queued": wanted_slot(draft)})


def queued(draft: Draft) -> bool:
    """Whether the resident waits for a place in the full slot that is wanted."""
    return full(draft) and list(draft.get("queued") or ()) == wanted_slot(draft)


def full(draft: Draft) -> bool:
    """Whether what is wanted now was looked up and has no place left."""
    return (draft.get("options") or {}).get("free") == 0 and to_check(draft) is None


def offered(draft: Draft, offer: Mapping[str, str], message: Message) -> str:
    """Return a free slot in words: ``明天（11月25日，星期三）上午``, ``书法班``."""
    for field in ("course", "venue"):
        if field in offer:
            return dict(bookable.choices_of(draft, field)).get(offer[field], offer[field])
    return say_date(day(offer["date"]), message.now) + PARTS[offer["part"]]


def day(text: str) -> date:
    """Return the date of ``2026-11-25``."""
    return date.fromisoformat(text)


def _part_of(clock: str) -> str:
    hour = int(clock[:2])
    return "am" if hour < _NOON else "pm" if hour < _EVENING else "eve"


def _clock(message: Message) -> Values:
    """Read the time of the day, which may stand apart from the day (“周六,下午两点”)."""
    starts = [str(e.value.get("start") or "") for e in message.meant("time") if _is_time(e)]
    clocks = [s[11:16] for s in starts if "T" in s] or _behind(message)
    return {"time": clocks[-1], "part": _part_of(clocks[-1])} if clocks else {}


def _moved(message: Message, draft: Draft) -> Values:
    """Read the time that a known day is moved to, said alone (“改到三点半吧”): in the part of the day that is known."""
    found = pattern(bookable.FILE, "moved").search(message.text) if draft.get("date") else None
    hour = to_int(found["hour"]) if found else None
    if found is None or hour is None or hour > _LAST_HOUR:
        return {}
    later = hour + _NOON <= _CLOSES and draft.get("part") in ("pm", "eve")
    later = later or hour < _OPENS
    clock = f"{hour + _NOON * later:02d}:{30 if found['half'] else 0:02d}"
    return {"time": clock, "part": _part_of(clock)}


def _behind(message: Message) -> list[str]:
    """Return the clock times that stand right behind a day (“周六下午|两点想用”).

    Nobody comes at night: a small number without a part of the day is the afternoon.
    """
    found: list[str] = []
    for entity in message.meant("time"):
        match = pattern(bookable.FILE, "clock").match(message.text, entity.end)
        hour = to_int(match["hour"]) if match else None
        if match and hour is not None and hour <= _LAST_HOUR:
            part = entity.value.get("part") if _is_time(entity) else None
            later = hour < _NOON and (part in ("pm", "eve") or (part is None and hour < _OPENS))
            found.append(f"{hour + _NOON * later:02d}:{30 if match['half'] else 0:02d}")
    return found


def _is_time(entity: Entity) -> bool:
    return isinstance(entity.value, Mapping)


def offers_day(draft: Draft) -> bool:
    """Whether the next day on which it is open was offered instead of the one wanted."""
    return draft.asked == "date" and bool(draft.get("next_open"))


def closed(draft: Draft) -> bool:
    """Whether it is not open on the day that is wanted."""
    window = draft.get("window") or {}
    return window.get("date") == draft.get("date") and window.get("open") is False


def stuck(draft: Draft) -> bool:
    """Whether the slot is full and the resident does not wait for a place in it."""
    return full(draft) and not queued(draft)


def to_check(draft: Draft) -> tuple[str, str | None, dict[str, str]] | None:
    """Return (leaf, day, part and what) when the locality still has to be asked about them."""
    wanted = wanted_slot(draft)
    if wanted == list(draft.get("looked") or ()):
        return None
    leaf, on, part, venue, course = wanted
    more = {"part": part, "venue": venue, "course": course}
    return str(leaf), on, {k: str(v) for k, v in more.items() if v}


def wanted_slot(draft: Draft) -> list[Any]:
    """Return what is looked up of a slot: leaf, day, part of the day, venue and course."""
    clock = str(draft.get("time") or "")
    part = draft.get("part") or (_part_of(clock) if clock else None)
    return [draft.get("leaf"), draft.get("date"), part, draft.get("venue"), draft.get("course")]
